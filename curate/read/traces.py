"""The model calls in a line of an export: a Langfuse trace or observation, a LangSmith run, OpenTelemetry spans.

Each is read as a conversation.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from curate.core.example import UNKNOWN, Place
from curate.read.formats import example_of
from curate.read.forms.form import as_text
from curate.read.forms.langchain import serialized

Object = dict[str, Any]
ROLES: Final = {
    "human": "user", "ai": "assistant", "aimessagechunk": "assistant", "model": "assistant", "function": "tool",
    "system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool",
}  # fmt: skip

TEXT_KEYS: Final = ("input", "question", "prompt", "output", "answer", "text", "content")
"""Keys of an input or output that hold its text."""


class NoConversationError(ValueError):
    """A model call holds no conversation that can be read; the message gives the reason."""


def parsed(value: Any) -> Any:
    """The value of a JSON text that holds an object or a list; any other value as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def messages_in(value: Any, role: str) -> list[Object]:
    """The messages of an input or an output; a bare text is said by `role`."""
    value = parsed(value)
    if value is None or value in ("", [], {}):
        return []
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], list):  # LangChain batches its calls
            return messages_in(value[0], role)
        return [message for item in value for message in messages_in(item, role)]
    if not isinstance(value, dict):
        raise NoConversationError(f"the {'question' if role == 'user' else 'answer'} is {type(value).__name__}")
    for key in ("messages", "generations", "choices", "contents", "candidates"):
        if isinstance(value.get(key), list):
            items = value[key][:1] if key in ("generations", "choices", "candidates") else value[key]
            return _system(value) + messages_in(items, role)
    if isinstance(value.get("message"), dict):
        return [_message(value["message"], role)]
    if _is_message(value):
        return [_message(value, role)]
    key = next((key for key in TEXT_KEYS if key in value), "")
    if not key:
        raise NoConversationError(f"its keys are no message: {', '.join(list(value)[:5])}")
    return _system(value) + messages_in(value[key], role)


def _system(value: Object) -> list[Object]:
    """The system prompt beside an input's messages, as a list of one message; empty without one."""
    system = value.get("system", value.get("instructions"))
    return [{"role": "system", "content": system}] if isinstance(system, str) and system else []


def _is_message(value: Object) -> bool:
    """Whether an object names a role or a type of message."""
    kind = value.get("type")
    return "role" in value or kind == "constructor" or (isinstance(kind, str) and kind.lower() in ROLES)


def _message(value: Object, role: str) -> Object:
    """A message of a trace in messages format; `role` is the role of a message that names none."""
    kind, fields, inner = serialized(value)
    if inner:
        return _message({"type": kind, **fields}, role)
    speaker = value.get("role") or value.get("type") or role
    role = ROLES.get(str(speaker).lower(), str(speaker))
    if isinstance(value.get("parts"), list):
        return _message_of_parts(value["parts"], role)
    message: Object = {"role": role, "content": value.get("content")}
    calls = value.get("tool_calls") or (value.get("additional_kwargs") or {}).get("tool_calls")
    if isinstance(calls, list) and calls:
        message["tool_calls"] = [_tool_call(call) for call in calls]
    kept_keys = ("tool_call_id", "name", "reasoning_content", "refusal", "function_call")
    return message | {key: value[key] for key in kept_keys if value.get(key)}


def _tool_call(call: Any) -> Object:
    """A tool call in the form of OpenAI. Raises `NoConversationError` if it is no object."""
    if not isinstance(call, dict):
        raise NoConversationError("a tool call is no object")
    if isinstance(call.get("function"), dict):
        return call
    arguments = call.get("args", call.get("arguments", {}))
    function = {"name": call.get("name"), "arguments": as_text(arguments)}
    return {"id": call.get("id"), "type": "function", "function": function}


def _message_of_parts(parts: list[Any], role: str) -> Object:
    """A message of OpenTelemetry's parts, or of Gemini's parts, which have no type; `role`: who says it."""
    message: Object = {"role": role, "content": None}
    texts, calls, thoughts = list[str](), list[Object](), list[str]()
    for part in parts:
        kind = part.get("type") if isinstance(part, dict) else None
        text = part.get("content", part.get("text")) if isinstance(part, dict) else part
        if kind == "tool_call":
            calls.append(_tool_call(part))
        elif kind == "tool_call_response":
            message |= {"role": "tool", "tool_call_id": part.get("id")}
            texts.append(as_text(part.get("response", part.get("result"))))
        elif kind in ("reasoning", "thinking"):
            thoughts.append(str(text))
        elif kind in (None, "text") and isinstance(text, str):
            texts.append(text)
        else:
            raise NoConversationError(f"a part of type {kind!r}")
    if texts:
        message["content"] = "\n".join(texts)
    if thoughts:
        message["reasoning_content"] = "\n\n".join(thoughts)
    return message | ({"tool_calls": calls} if calls else {})


def conversation(question: Any, answer: Any, tools: Any) -> Object:
    """A conversation of the input and the output of a model call. Raises `NoConversationError`."""
    questions, answers = messages_in(question, "user"), messages_in(answer, "assistant")
    if not questions or not answers:
        raise NoConversationError("it has no question" if not questions else "it has no answer")
    if len(answers) > len(questions) and answers[: len(questions)] == questions:  # the output repeats the input
        questions = []
    value: Object = {"messages": [*questions, *answers]}
    declared = parsed(tools)
    if isinstance(question, dict) and not declared:
        declared = question.get("tools")
    if isinstance(declared, list) and declared:
        value["tools"] = [
            {"type": "function", "function": tool} if "name" in tool else tool for tool in declared if tool
        ]
    return read_as_messages(value)


def read_as_messages(value: Object) -> Object:
    """A conversation in any known form as messages. Raises `NoConversationError`."""
    example = example_of(value, Place("", 0))
    if example.format == UNKNOWN or not example.understood or example.defect:
        raise NoConversationError(example.defect[1] if example.defect else "no message has a text")
    return example.value


Scores = dict[str, Any]


@dataclass(slots=True)
class ModelCall:
    """One model call, or a span without a model call."""

    source: str
    """`langfuse`, `langsmith`, `opentelemetry`, `batch`, `thread`, `chatgpt`, `claude`, `open-webui` or `lm-studio`."""
    ids: Object
    question: Any = None
    answer: Any = None
    tools: Any = None
    scores: Scores = field(default_factory=dict)
    joined: Callable[[], Object] | None = None
    """Returns the conversation of a call that several rows hold."""
    error: str = ""
    """Why the call has no conversation."""
    left_out: Counter[str] = field(default_factory=Counter)
    """What `joined` left out of the conversation."""

    @property
    def is_call(self) -> bool:
        """Whether a model was called."""
        return self.question is not None or self.answer is not None or self.joined is not None or bool(self.error)

    def conversation(self) -> Object:
        """The call in messages format. Raises `NoConversationError`."""
        if self.error:
            raise NoConversationError(self.error)
        return self.joined() if self.joined else conversation(self.question, self.answer, self.tools)


def _first_value(value: Mapping[str, Any], *keys: str) -> Any:
    """The first value of these keys that is neither empty text nor missing; None without one."""
    return next((value[key] for key in keys if value.get(key) not in (None, "")), None)


def _call_ids(value: Mapping[str, Any], **more: Any) -> Object:
    """Id, trace, model and name of a call, as far as they are given; `more`: values in place of them."""
    ids = {
        "id": _first_value(value, "id", "spanId", "span_id"),
        "trace_id": _first_value(value, "traceId", "trace_id"),
        "model": _first_value(value, "model", "providedModelName", "provided_model_name"),
        "name": value.get("name"),
    } | more
    return {key: item for key, item in ids.items() if item is not None}


def scores_of(value: Any) -> Scores:
    """Scores by name, of a list of scores or a mapping; several of one name become their mean."""
    values_by_name: dict[str, list[Any]] = {}
    if isinstance(value, dict):
        for name, values in value.items():
            values = values.get("avg", values.get("value")) if isinstance(values, dict) else values  # noqa: PLW2901
            values_by_name.setdefault(name, []).extend(values if isinstance(values, list) else [values])
    for score in value if isinstance(value, list) else ():
        if isinstance(score, dict) and isinstance(score.get("name", score.get("key")), str):
            values = _first_value(score, "value", "score", "stringValue", "string_value")
            values_by_name.setdefault(str(score.get("name", score.get("key"))), []).append(values)
    return {name: _mean_score([item for item in values if item is not None]) for name, values in values_by_name.items()}


def _mean_score(values: list[Any]) -> Any:
    """The mean of the numbers among some values if there are several, else the first value; None without values."""
    numbers = [item for item in values if isinstance(item, int | float)]
    return sum(numbers) / len(numbers) if len(numbers) > 1 else values[0] if values else None


def score_row(value: Object) -> tuple[str, Scores] | None:
    """The id of the observation, else of the trace, of a row of Langfuse's score export, and the score; or None."""
    owner = _first_value(value, "observationId", "observation_id", "traceId", "trace_id")
    if isinstance(owner, str) and isinstance(value.get("name"), str) and "value" in value and "input" not in value:
        return owner, scores_of([value])
    return None


def calls_in(value: Object) -> list[ModelCall]:
    """The model calls of a line, in order; empty if it is no known export."""
    if isinstance(value.get("resourceSpans"), list):
        return [call for span in _otlp_spans(value) for call in (_span_call(span),)]
    if "attributes" in value and ("context" in value or "spanId" in value or "span_id" in value or "events" in value):
        return [_span_call(value)]
    if "run_type" in value or ("inputs" in value and "outputs" in value):
        return list(_langsmith_calls(value))
    if "input" in value and ("output" in value or "observations" in value):
        return list(_langfuse_calls(value))
    if isinstance(value.get("trace"), dict):
        return calls_in({**value["trace"], "observations": value.get("observations", [])})
    return []


def _langfuse_calls(value: Object) -> Iterator[ModelCall]:
    """The model calls of a Langfuse observation, or of all generations of a trace."""
    scores = scores_of(value.get("scores"))
    observations = [observation for observation in value.get("observations") or () if isinstance(observation, dict)]
    generations = [
        observation for observation in observations if str(observation.get("type", "")).upper() == "GENERATION"
    ]
    for observation in generations:
        call = next(
            iter(
                _langfuse_calls(
                    {**observation, "trace_id": _first_value(observation, "traceId", "trace_id") or value.get("id")}
                )
            )
        )
        call.scores = scores | call.scores
        yield call
    if generations:
        return
    kind = str(value.get("type", "GENERATION")).upper()
    call = ModelCall("langfuse", _call_ids(value), scores=scores)
    if kind in ("GENERATION", "TRACE", "CHAT"):
        call.question, call.answer = value.get("input"), value.get("output")
        call.tools = (value.get("metadata") or {}).get("tools") if isinstance(value.get("metadata"), dict) else None
    yield call


def _langsmith_calls(value: Object) -> Iterator[ModelCall]:
    scores = scores_of(value.get("feedback_stats") or value.get("feedback"))
    extra: Object = extra_value if isinstance(extra_value := value.get("extra"), dict) else {}
    params = extra.get("invocation_params") or {}
    metadata = extra.get("metadata") or {}
    model = params.get("model") or metadata.get("ls_model_name")
    call = ModelCall("langsmith", _call_ids(value, model=model), scores=scores)
    children = [child for child in value.get("child_runs") or () if isinstance(child, dict)]
    if value.get("run_type", "llm") in ("llm", "chat") or "run_type" not in value:
        call.question, call.answer, call.tools = value.get("inputs"), value.get("outputs"), params.get("tools")
        yield call
    elif not children:
        yield call
    for child in children:
        for nested_call in _langsmith_calls(child):
            nested_call.scores = scores | nested_call.scores
            yield nested_call


def _otlp_spans(value: Object) -> Iterator[Object]:
    for resource in value["resourceSpans"]:
        for scope in resource.get("scopeSpans") or resource.get("instrumentationLibrarySpans") or ():
            yield from (span for span in scope.get("spans") or () if isinstance(span, dict))


def _plain(value: Any) -> Any:
    """An attribute value of OTLP's JSON as a plain value."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, inner),) = value.items()
    if kind == "arrayValue":
        return [_plain(item) for item in inner.get("values", [])]
    if kind == "kvlistValue":
        return _attribute_values(inner.get("values", []))
    if kind == "intValue":
        return int(inner)
    return inner if kind in ("stringValue", "boolValue", "doubleValue") else value


def _attribute_values(value: Any) -> Object:
    """The attributes of a span, from OpenTelemetry's list of keys and values, or an object."""
    if isinstance(value, list):
        return {
            attribute["key"]: _plain(attribute.get("value"))
            for attribute in value
            if isinstance(attribute, dict) and "key" in attribute
        }
    return value if isinstance(value, dict) else {}


def _span_call(span: Object) -> ModelCall:
    """A span as a model call; one without a conversation if the span is of something else."""
    attributes = _attribute_values(span.get("attributes"))
    context: Object = context_value if isinstance(context_value := span.get("context"), dict) else {}
    model = _first_value(attributes, "gen_ai.response.model", "gen_ai.request.model", "llm.model_name")
    call = ModelCall("opentelemetry", _call_ids({**span, **context}, model=model))
    events = [
        (str(event.get("name")), _attribute_values(event.get("attributes")))
        for event in span.get("events") or ()
        if isinstance(event, dict)
    ]
    for name, event in events:
        attributes |= {key: item for key, item in event.items() if name == "gen_ai.client.inference.operation.details"}
        if isinstance(label := event.get("gen_ai.evaluation.name"), str):
            call.scores[label] = _first_value(event, "gen_ai.evaluation.score.value", "gen_ai.evaluation.score.label")
    system = parsed(attributes.get("gen_ai.system_instructions"))
    questions = (
        parsed(_first_value(attributes, "gen_ai.input.messages"))
        or _messages_of_flat_keys(attributes, PROMPT_KEY)
        or _messages_of_events(events, asks=True)
    )
    if system and isinstance(questions, list):
        parts = system if isinstance(system, list) else [{"type": "text", "content": system}]
        questions = [{"role": "system", "parts": parts}, *questions]
    call.question = questions or None
    call.answer = (
        parsed(_first_value(attributes, "gen_ai.output.messages"))
        or _messages_of_flat_keys(attributes, COMPLETION_KEY)
        or _messages_of_events(events, asks=False)
        or None
    )
    call.tools = attributes.get("gen_ai.tool.definitions")
    return call


PROMPT_KEY: Final = re.compile(r"(?:gen_ai\.prompt|llm\.input_messages)\.(\d+)\.(?:message\.)?(\w+)")
COMPLETION_KEY: Final = re.compile(r"(?:gen_ai\.completion|llm\.output_messages)\.(\d+)\.(?:message\.)?(\w+)")


def _messages_of_flat_keys(attributes: Object, pattern: re.Pattern[str]) -> list[Object]:
    """Messages whose keys are attributes of their own, as OpenLLMetry and OpenInference write them."""
    messages: dict[int, Object] = {}
    for key, item in attributes.items():
        if match := pattern.fullmatch(key):
            messages.setdefault(int(match[1]), {})[match[2]] = item
    return [messages[number] for number in sorted(messages)]


def _messages_of_events(events: list[tuple[str, Object]], *, asks: bool) -> list[Object]:
    """The messages of a span's events (name and attributes), as in the conventions until 2025: those of the input if
    `asks`, else the answers.
    """
    messages = []
    for name, attributes in events:
        match = re.fullmatch(r"gen_ai\.(system|user|assistant|tool)\.message|gen_ai\.(choice)", name)
        if match and (match[2] is None) == asks:
            body_value = parsed(attributes.get("message", attributes))
            body = body_value if isinstance(body_value, dict) else {"content": body_value}
            messages.append({**body, "role": body.get("role") or match[1] or "assistant"})
    return messages
