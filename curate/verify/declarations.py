"""Find request and response in a line and the keys that a trainer is given, and write tools and media in one form."""

import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import product
from typing import Any, Final

from curate.verify.lines import parse_exactly

QUESTION_KEYS: Final = ("question", "query", "problem", "input", "input_text", "text_input")
QUESTION_ANSWER_KEYS: Final = (
    *product(QUESTION_KEYS, ("solution", "response", "answer", "output", "output_text")),
    *product(("prompt",), ("response", "output")), *product(("user", "human"), ("assistant", "bot")), ("q", "a"),
    ("inputs", "targets"), ("input", "target"), ("request", "response"),
)  # fmt: skip
CHAT_KEYS: Final = (("input", "output"), ("prompt", "response"), ("prompt", "output"), ("request", "response"))
ANSWER_KEY: Final = re.compile(
    r"(responses?|answers|completions|candidates|generations)"
    r"(_(?!(ids?|format|schema|models?|type|language|style|length|count|time)$).*)?|response\d"
)
SCHEMA_KEYS: Final = ("parameters", "input_schema", "inputSchema")
REQUEST_KEYS: Final = ("responses_create_params", "request", "body")
SCHEMA_TYPES: Final = {
    "str": "string", "int": "integer", "float": "number", "bool": "boolean",
    "list": "array", "set": "array", "tuple": "array", "dict": "object",
}  # fmt: skip
PYTHON_TYPE: Final = re.compile(rf"(?:{'|'.join(SCHEMA_TYPES)})\b", re.IGNORECASE)
VERTEX_TYPES: Final = frozenset(("STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"))


ATTACHMENTS: Final = ("images", "image", "audios", "audio", "videos", "video", "documents", "chat_template_kwargs")
"""Keys of the training input other than text."""
TEXT_PART_KEYS: Final = frozenset(
    ("type", "text", "value", "refusal", "annotations", "cache_control", "citations", "logprobs", "thoughtSignature")
)
"""Keys of a part that is text and nothing else."""
GIVEN_KEYS: Final = frozenset(
    """messages tools functions prompt completion request chosen rejected preferred_output non_preferred_output label chosen_response chosen_messages rejected_messages chosen_system rejected_system conversations instruction input output response system system_prompt history context question answer query problem solution text instances input_text output_text text_input response_j response_k rejected_response kto_tag reference_answer ground_truth parallel_tool_calls contents systemInstruction system_instruction responses_create_params completions labels segments reward_model""".split()  # noqa: E501, SIM905
) | frozenset(ATTACHMENTS)
"""Keys that a trainer is given; all others, such as `id`, are about an example."""


def _tools_holder(value: dict[str, Any]) -> dict[str, Any]:
    """The object that has the tools: a request in the line, or the line itself."""
    inner = (_tools_holder(value[key]) for key in REQUEST_KEYS if type(value.get(key)) is dict)
    return next((holder for holder in inner if "tools" in holder), value)


def declared_tools(value: dict[str, Any]) -> Any:
    """The tools of a line as functions; those in an unknown form unchanged."""
    config = value.get("toolConfig")
    tools = _tools_holder(value).get("tools")
    if tools is None and type(config) is dict:
        tools = config.get("tools")
    is_xlam = type(value.get("query")) is str and {type(tools), type(value.get("answers"))} <= {str, list}
    if is_xlam and question_keys(value) is None:
        tools = _in_python(tools)
    if type(tools) is not list or not all(type(tool) is dict for tool in tools):
        return tools
    functions = []
    for tool in (tool for tool in tools if tool.keys() != {"cachePoint"}):
        group = tool.get("functionDeclarations", tool.get("function_declarations"))
        holder = next((key for key in ("function", "toolSpec") if key in tool), None)
        declarations = group if type(group) is list else [tool if holder is None else tool[holder]]
        if (
            holder is not None and type(tool[holder]) is dict
        ):  # other keys of a tool may stand beside its function or in it
            declarations = [{**{key: item for key, item in tool.items() if key != holder}, **tool[holder]}]
        functions += [_normal_function(function) if type(function) is dict else function for function in declarations]
    return functions or None


def _in_python(text: Any) -> Any:
    """The functions of an xLAM row, whose parameters have types as Python writes them; other texts unchanged."""
    try:
        tools = parse_exactly(text.encode("utf-8", "surrogatepass")) if type(text) is str else deepcopy(text)
    except (ValueError, RecursionError):
        return text
    for tool in tools if type(tools) is list else ():
        parameters = tool.get("parameters") if type(tool) is dict else None
        if type(parameters) is dict and all(type(parameter) is dict for parameter in parameters.values()):
            required = [
                name
                for name, parameter in parameters.items()
                if not ("default" in parameter or "optional" in str(parameter.get("type")))
            ]
            for parameter in parameters.values():
                if type(parameter.get("type")) is str and (python_type := PYTHON_TYPE.match(parameter["type"])):
                    parameter["type"] = SCHEMA_TYPES[python_type[0].lower()]
            tool["parameters"] = {"type": "object", "properties": parameters, "required": required}
    return tools


def attachments_of(value: dict[str, Any]) -> list[Any]:
    """The keys and values of an object with content other than text; empty values count as missing."""
    return [[key, value[key]] for key in ATTACHMENTS if value.get(key) not in (None, [], {}, "")]


def documents_of(value: Any) -> Iterator[str]:
    """The texts of the documents that an object has beside its turns: each string under `documents`."""
    stack = [value.get("documents")]
    while stack:
        inside = stack.pop()
        if type(inside) is str:
            yield inside
        elif type(inside) is list:
            stack += inside
        elif type(inside) is dict:
            stack += inside.values()


def question_keys(value: dict[str, Any]) -> tuple[str, str] | None:
    """The keys of a question, which may be a list of messages, and of the text that answers it; None without both."""
    pairs = [pair for pair in QUESTION_ANSWER_KEYS if type(value.get(pair[0])) is type(value.get(pair[1])) is str]
    if pairs:
        return next((pair for pair in pairs if all(value[key].strip() for key in pair)), pairs[0])
    for question_key, answer_key in () if "reward_model" in value else CHAT_KEYS:
        turns = value.get(question_key)
        if (
            type(turns) is list
            and turns
            and all(type(turn) is dict for turn in turns)
            and type(value.get(answer_key)) is str
        ):
            return question_key, answer_key
    return None


def list_under(value: dict[str, Any], owners: tuple[str, ...], *keys: str) -> Any:
    """The list under one of the keys, in an object under an owner or in the line itself."""
    inner = (list_under(value[owner], owners, *keys) for owner in owners if type(value.get(owner)) is dict)
    nested = next((items for items in inner if items is not None), None)
    return next((value[key] for key in keys if type(value.get(key)) is list), None) if nested is None else nested


def completion_of(value: dict[str, Any]) -> Any:
    """The message of a stored completion; None for other lines."""
    choices = list_under(value, ("response", "body"), "choices")
    return choices[0].get("message") if choices and type(choices[0]) is dict else None


def _normal_function(tool: dict[str, Any]) -> dict[str, Any]:
    """The function of a tool with its schema under `parameters`, whatever its key is in the format."""
    fields = {key: item for key, item in tool.items() if key not in SCHEMA_KEYS and (key, item) != ("type", "function")}
    schema = next((tool[key] for key in SCHEMA_KEYS if key in tool), None)
    if type(schema) is dict and schema.keys() == {"json"}:
        schema = schema["json"]
    return {**fields, "parameters": _with_lower_types(schema)}


def _with_lower_types(value: Any) -> Any:
    """A JSON Schema with the types of Vertex, which are in capitals, in lower case."""
    if type(value) is list:
        return [_with_lower_types(item) for item in value]
    if type(value) is not dict:
        return value
    return {
        key: item.lower() if key == "type" and type(item) is str and item in VERTEX_TYPES else _with_lower_types(item)
        for key, item in value.items()
    }


def media(part: Any) -> Any:
    """The URL of an image, audio or video, or its data as a URL; of a text, its other keys, None if they are empty; any
    other attachment as it is.
    """
    if type(part) is not dict:
        return part
    for key in ("image_url", "video_url", "audio_url", "file"):
        attachment = part.get(key)
        url = attachment.get("url", attachment.get("file_data")) if type(attachment) is dict else attachment
        if type(url) is str:
            return ["media", url]
    for key in ("inlineData", "inline_data", "fileData", "file_data", "image", "video", "document", "source"):
        attachment = part.get(key)
        if type(attachment) is dict and (url := _url(attachment, key)):
            return ["media", url]
    if type(part.get("text")) is str:
        return {key: part[key] for key in part.keys() - TEXT_PART_KEYS if part[key] not in (None, [], {}, "")} or None
    return part


def _url(attachment: dict[str, Any], key: str) -> str | None:
    """The URL of an attachment, a data URI for its bytes; None without either."""
    source = attachment.get("source", attachment)
    if type(source) is not dict:
        return None
    place = source.get("s3Location")
    url = source.get("url", source.get("fileUri", source.get("file_uri")))
    if type(place) is dict:
        url = place.get("uri")
    data = source.get("data", source.get("bytes"))
    if type(url) is str or type(data) is not str:
        return url if type(url) is str else None
    kind = {"image": "image", "video": "video", "document": "application"}.get(key)
    mime = source.get("media_type", source.get("mimeType", source.get("mime_type")))
    media_type = mime or f"{kind}/{attachment.get('format')}"
    return f"data:{media_type};base64,{data}"


def has_answers(value: dict[str, Any]) -> bool:
    """Whether a prompt has answers beside it that no trainer reads."""
    return type(value.get("reward_model")) is not dict and any(
        bool(item) and type(item) in (str, list, dict) and ANSWER_KEY.fullmatch(key) for key, item in value.items()
    )
