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
    """A value, or the value of a JSON text that holds an object or a list."""
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
            found = value[key][:1] if key in ("generations", "choices", "candidates") else value[key]
            return _system(value) + messages_in(found, role)
    if isinstance(value.get("message"), dict):
        return [_message(value["message"], role)]
    if _is_message(value):
        return [_message(value, role)]
    key = next((key for key in TEXT_KEYS if key in value), "")
    if not key:
        raise NoConversationError(f"its keys are no message: {', '.join(list(value)[:5])}")
    return _system(value) + messages_in(value[key], role)


def _system(value: Object) -> list[Object]:
    system = value.get("system", value.get("instructions"))
    return [{"role": "system", "content": system}] if isinstance(system, str) and system else []


def _is_message(value: Object) -> bool:
    kind = value.get("type")
    return "role" in value or kind == "constructor" or (isinstance(kind, str) and kind.lower() in ROLES)


def _message(value: Object, role: str) -> Object:
    """One message in messages format."""
    kind, fields, inner = serialized(value)
    if inner:
        return _message({"type": kind, **fields}, role)
    spoken = value.get("role") or value.get("type") or role
    role = ROLES.get(str(spoken).lower(), str(spoken))
    if isinstance(value.get("parts"), list):
        return _of_parts(value["parts"], role)
    message: Object = {"role": role, "content": value.get("content")}
    calls = value.get("tool_calls") or (value.get("additional_kwargs") or {}).get("tool_calls")
    if isinstance(calls, list) and calls:
        message["tool_calls"] = [_call(call) for call in calls]
    kept = ("tool_call_id", "name", "reasoning_content", "refusal", "function_call")
    return message | {key: value[key] for key in kept if value.get(key)}


def _call(call: Any) -> Object:
    if not isinstance(call, dict):
        raise NoConversationError("a tool call is no object")
    if isinstance(call.get("function"), dict):
        return call
    arguments = call.get("args", call.get("arguments", {}))
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"id": call.get("id"), "type": "function", "function": {"name": call.get("name"), "arguments": text}}


def _of_parts(parts: list[Any], role: str) -> Object:
    """A message of OpenTelemetry's parts; Gemini's parts, which have no type, are read as its format says."""
    message: Object = {"role": role, "content": None}
    texts, calls, thoughts = list[str](), list[Object](), list[str]()
    for part in parts:
        kind = part.get("type") if isinstance(part, dict) else None
        text = part.get("content", part.get("text")) if isinstance(part, dict) else part
        if kind == "tool_call":
            calls.append(_call(part))
        elif kind == "tool_call_response":
            answer = part.get("response", part.get("result"))
            text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
            message |= {"role": "tool", "tool_call_id": part.get("id")}
            texts.append(text)
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
    asked, answers = messages_in(question, "user"), messages_in(answer, "assistant")
    if not asked or not answers:
        raise NoConversationError("it has no question" if not asked else "it has no answer")
    if len(answers) > len(asked) and answers[: len(asked)] == asked:  # the output repeats the input
        asked = []
    value: Object = {"messages": [*asked, *answers]}
    given = parsed(tools)
    if isinstance(question, dict) and not given:
        given = question.get("tools")
    if isinstance(given, list) and given:
        value["tools"] = [{"type": "function", "function": one} if "name" in one else one for one in given if one]
    return read_as_messages(value)


def read_as_messages(value: Object) -> Object:
    """A conversation in any known form as messages. Raises `NoConversationError`."""
    found = example_of(value, Place("", 0))
    if found.format == UNKNOWN or not found.understood or found.defect:
        raise NoConversationError(found.defect[1] if found.defect else "no message has a text")
    return found.value


Scores = dict[str, Any]


@dataclass(slots=True)
class ModelCall:
    """One call of a model, or a span that is none."""

    source: str
    """`langfuse`, `langsmith`, `opentelemetry`, `batch`, `thread`, `chatgpt`, `claude`, `open-webui` or `lm-studio`."""
    ids: Object
    question: Any = None
    answer: Any = None
    tools: Any = None
    scores: Scores = field(default_factory=dict)
    joined: Callable[[], Object] | None = None
    """The conversation, if it is that of several rows."""
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


def _first(value: Mapping[str, Any], *keys: str) -> Any:
    return next((value[key] for key in keys if value.get(key) not in (None, "")), None)


def _ids(value: Mapping[str, Any], **more: Any) -> Object:
    found = {
        "id": _first(value, "id", "spanId", "span_id"),
        "trace_id": _first(value, "traceId", "trace_id"),
        "model": _first(value, "model", "providedModelName", "provided_model_name"),
        "name": value.get("name"),
    } | more
    return {key: item for key, item in found.items() if item is not None}


def scores_of(value: Any) -> Scores:
    """Scores by name, of a list of scores or a mapping; several of one name become their mean."""
    found: dict[str, list[Any]] = {}
    if isinstance(value, dict):
        for name, given in value.items():
            given = given.get("avg", given.get("value")) if isinstance(given, dict) else given  # noqa: PLW2901
            found.setdefault(name, []).extend(given if isinstance(given, list) else [given])
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name", one.get("key")), str):
            given = _first(one, "value", "score", "stringValue", "string_value")
            found.setdefault(str(one.get("name", one.get("key"))), []).append(given)
    return {name: _mean_score([item for item in given if item is not None]) for name, given in found.items()}


def _mean_score(given: list[Any]) -> Any:
    numbers = [item for item in given if isinstance(item, int | float)]
    return sum(numbers) / len(numbers) if len(numbers) > 1 else given[0] if given else None


def score_row(value: Object) -> tuple[str, Scores] | None:
    """The trace or observation of a row of Langfuse's score export, and the score."""
    owner = _first(value, "observationId", "observation_id", "traceId", "trace_id")
    if isinstance(owner, str) and isinstance(value.get("name"), str) and "value" in value and "input" not in value:
        return owner, scores_of([value])
    return None


def calls_in(value: Object) -> list[ModelCall]:
    """The model calls of a line, in order; empty if it is no known export."""
    if isinstance(value.get("resourceSpans"), list):
        return [call for span in _otlp_spans(value) for call in (_span(span),)]
    if "attributes" in value and ("context" in value or "spanId" in value or "span_id" in value or "events" in value):
        return [_span(value)]
    if "run_type" in value or ("inputs" in value and "outputs" in value):
        return list(_langsmith(value))
    if "input" in value and ("output" in value or "observations" in value):
        return list(_langfuse(value))
    if isinstance(value.get("trace"), dict):
        return calls_in({**value["trace"], "observations": value.get("observations", [])})
    return []


def _langfuse(value: Object) -> Iterator[ModelCall]:
    scores = scores_of(value.get("scores"))
    observations = [one for one in value.get("observations") or () if isinstance(one, dict)]
    generations = [one for one in observations if str(one.get("type", "")).upper() == "GENERATION"]
    for one in generations:
        call = next(iter(_langfuse({**one, "trace_id": _first(one, "traceId", "trace_id") or value.get("id")})))
        call.scores = scores | call.scores
        yield call
    if generations:
        return
    kind = str(value.get("type", "GENERATION")).upper()
    call = ModelCall("langfuse", _ids(value), scores=scores)
    if kind in ("GENERATION", "TRACE", "CHAT"):
        call.question, call.answer = value.get("input"), value.get("output")
        call.tools = (value.get("metadata") or {}).get("tools") if isinstance(value.get("metadata"), dict) else None
    yield call


def _langsmith(value: Object) -> Iterator[ModelCall]:
    scores = scores_of(value.get("feedback_stats") or value.get("feedback"))
    extra: Object = given if isinstance(given := value.get("extra"), dict) else {}
    params = extra.get("invocation_params") or {}
    metadata = extra.get("metadata") or {}
    model = params.get("model") or metadata.get("ls_model_name")
    call = ModelCall("langsmith", _ids(value, model=model), scores=scores)
    children = [one for one in value.get("child_runs") or () if isinstance(one, dict)]
    if value.get("run_type", "llm") in ("llm", "chat") or "run_type" not in value:
        call.question, call.answer, call.tools = value.get("inputs"), value.get("outputs"), params.get("tools")
        yield call
    elif not children:
        yield call
    for child in children:
        for found in _langsmith(child):
            found.scores = scores | found.scores
            yield found


def _otlp_spans(value: Object) -> Iterator[Object]:
    for resource in value["resourceSpans"]:
        for scope in resource.get("scopeSpans") or resource.get("instrumentationLibrarySpans") or ():
            yield from (span for span in scope.get("spans") or () if isinstance(span, dict))


def _plain(value: Any) -> Any:
    """An attribute value of OTLP's JSON as a plain value."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, held),) = value.items()
    if kind == "arrayValue":
        return [_plain(item) for item in held.get("values", [])]
    if kind == "kvlistValue":
        return _attributes(held.get("values", []))
    if kind == "intValue":
        return int(held)
    return held if kind in ("stringValue", "boolValue", "doubleValue") else value


def _attributes(value: Any) -> Object:
    if isinstance(value, list):
        return {one["key"]: _plain(one.get("value")) for one in value if isinstance(one, dict) and "key" in one}
    return value if isinstance(value, dict) else {}


def _span(span: Object) -> ModelCall:
    given = _attributes(span.get("attributes"))
    context: Object = held if isinstance(held := span.get("context"), dict) else {}
    model = _first(given, "gen_ai.response.model", "gen_ai.request.model", "llm.model_name")
    found = ModelCall("opentelemetry", _ids({**span, **context}, model=model))
    events = [
        (str(one.get("name")), _attributes(one.get("attributes")))
        for one in span.get("events") or ()
        if isinstance(one, dict)
    ]
    for name, event in events:
        given |= {key: item for key, item in event.items() if name == "gen_ai.client.inference.operation.details"}
        if isinstance(label := event.get("gen_ai.evaluation.name"), str):
            found.scores[label] = _first(event, "gen_ai.evaluation.score.value", "gen_ai.evaluation.score.label")
    system = parsed(given.get("gen_ai.system_instructions"))
    asked = (
        parsed(_first(given, "gen_ai.input.messages"))
        or _messages_of_flat_keys(given, PROMPT_KEY)
        or _of_events(events, asks=True)
    )
    if system and isinstance(asked, list):
        parts = system if isinstance(system, list) else [{"type": "text", "content": system}]
        asked = [{"role": "system", "parts": parts}, *asked]
    found.question = asked or None
    found.answer = (
        parsed(_first(given, "gen_ai.output.messages"))
        or _messages_of_flat_keys(given, COMPLETION_KEY)
        or _of_events(events, asks=False)
        or None
    )
    found.tools = given.get("gen_ai.tool.definitions")
    return found


PROMPT_KEY: Final = re.compile(r"(?:gen_ai\.prompt|llm\.input_messages)\.(\d+)\.(?:message\.)?(\w+)")
COMPLETION_KEY: Final = re.compile(r"(?:gen_ai\.completion|llm\.output_messages)\.(\d+)\.(?:message\.)?(\w+)")


def _messages_of_flat_keys(given: Object, pattern: re.Pattern[str]) -> list[Object]:
    """Messages whose keys are attributes of their own, as OpenLLMetry and OpenInference write them."""
    found: dict[int, Object] = {}
    for key, item in given.items():
        if match := pattern.fullmatch(key):
            found.setdefault(int(match[1]), {})[match[2]] = item
    return [found[at] for at in sorted(found)]


def _of_events(events: list[tuple[str, Object]], *, asks: bool) -> list[Object]:
    """Messages that are events of a span, as the conventions were until 2025."""
    found = []
    for name, given in events:
        match = re.fullmatch(r"gen_ai\.(system|user|assistant|tool)\.message|gen_ai\.(choice)", name)
        if match and (match[2] is None) == asks:
            held = parsed(given.get("message", given))
            body = held if isinstance(held, dict) else {"content": held}
            found.append({**body, "role": body.get("role") or match[1] or "assistant"})
    return found
