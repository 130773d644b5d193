"""Records of annotation tools: Argilla 2 (fields, metadata, suggestions, responses) and Label Studio tasks.

Each has one field, the conversation, and the same questions: `verdict`, `rating`, `labels` and `note`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from curate.core.example import Example, canonical
from curate.read.forms.form import UnwritableError
from curate.read.preference_conversion import pair_in

FIELD: Final = "conversation"
ID: Final = "curate_id"
"""The key of an example's id in the data of a task; a record of Argilla has an id of its own."""
VERDICTS: Final = ("keep", "drop")
RATINGS: Final = (1, 2, 3, 4, 5)
REJECTED_ROLE: Final = "rejected"
"""The role of the rejected answer of a preference pair, behind the chosen one."""
WIDGETS: Final = {"verdict": "choices", "labels": "choices", "rating": "rating", "note": "text"}
"""The key of the value of each question in a result of Label Studio."""

Turns = list[dict[str, str]]
Value = str | int | list[str]


class Suggestion(NamedTuple):
    """A proposed value of a question."""

    value: Value
    agent: str
    """Reviewer or detector."""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class AnnotationRecord:
    """An example for an annotation tool."""

    id: str
    turns: Turns
    metadata: Mapping[str, str]
    suggestions: Mapping[str, Suggestion]
    """By question."""


class Response(NamedTuple):
    """The answers of one annotator to a record, by question; of two to one question, the last."""

    who: str
    answers: Mapping[str, Any]
    when: datetime | None = None


class ForeignRecord(NamedTuple):
    """A record that comes back: its values are not checked."""

    id: Any
    turns: Any
    responses: list[Response]


def annotated_turns(example: Example) -> Turns:
    """The conversation as role and text; a message with more than a text is written as JSON."""
    try:
        pair = pair_in(example)
    except UnwritableError:
        pair = None
    if pair is None:
        return [_role_and_text(message.value) for message in example.messages]
    rejected = [{**message, "role": REJECTED_ROLE} for message in pair.rejected]
    return [_role_and_text(message) for message in (*pair.prompt, *pair.chosen, *rejected)]


def _role_and_text(message: Mapping[str, Any]) -> dict[str, str]:
    """A message as role and text; the text is JSON if the message has more than a text."""
    role, content = message.get("role"), message.get("content")
    rest = {key: value for key, value in message.items() if key != "role" and value is not None}
    plain = isinstance(content, str) and len(rest) == 1
    text = content if plain else canonical(rest).decode("utf-8", "surrogatepass")
    return {"role": role if isinstance(role, str) else "unknown", "content": str(text)}


def argilla_record(record: AnnotationRecord) -> dict[str, Any]:
    """A record as `rg.Dataset.records.to_json` of Argilla 2 writes it."""
    return {
        "id": record.id,
        "fields": {FIELD: record.turns},
        "metadata": dict(record.metadata),
        "suggestions": {
            name: {"value": made.value, "score": made.score, "agent": made.agent}
            for name, made in record.suggestions.items()
        },
        "responses": {},
        "vectors": {},
    }


def label_studio_task(record: AnnotationRecord) -> dict[str, Any]:
    """A task as Label Studio imports it, with a prediction for each agent."""
    agents = dict.fromkeys(made.agent for made in record.suggestions.values())
    return {
        "data": {ID: record.id, FIELD: record.turns, **record.metadata},
        "predictions": [_prediction(agent, record.suggestions) for agent in agents],
    }


def _prediction(agent: str, suggestions: Mapping[str, Suggestion]) -> dict[str, Any]:
    """The prediction of Label Studio with the suggestions of one agent."""
    made = {name: suggestion for name, suggestion in suggestions.items() if suggestion.agent == agent}
    scores = [suggestion.score for suggestion in made.values() if suggestion.score is not None]
    result = [_result(name, suggestion.value) for name, suggestion in made.items()]
    return {"model_version": agent, "result": result, **({"score": scores[0]} if scores else {})}


def _result(name: str, value: Value) -> dict[str, Any]:
    """An answer as Label Studio writes it; `name`: the question."""
    widget = WIDGETS[name]
    values = value if name == "rating" or isinstance(value, list) else [value]
    kind = "textarea" if widget == "text" else widget
    return {"from_name": name, "to_name": FIELD, "type": kind, "value": {widget: values}}


WRITERS: Final[Mapping[str, Callable[[AnnotationRecord], dict[str, Any]]]] = {
    "argilla": argilla_record,
    "label-studio": label_studio_task,
}
"""The formats, by the name of the tool."""


def read_record(value: Any) -> ForeignRecord:
    """A record of Argilla or Label Studio. Raises `ValueError` with what is wrong with it."""
    if isinstance(value, dict) and isinstance(value.get("fields"), dict):
        return ForeignRecord(value.get("id"), value["fields"].get(FIELD), list(_argilla_responses(value)))
    if isinstance(value, dict) and isinstance(value.get("data"), dict):
        data = value["data"]
        return ForeignRecord(data.get(ID), data.get(FIELD), list(_label_studio_responses(value)))
    raise ValueError("neither a record of Argilla, which has fields, nor a task of Label Studio, which has data")


def _argilla_responses(value: Mapping[str, Any]) -> Iterator[Response]:
    """The responses of an Argilla record, one for each annotator; discarded answers and drafts are left out."""
    people: dict[str, dict[str, Any]] = {}
    responses = _require_type(value.get("responses") or {}, dict, "responses")
    for question, answers in responses.items():
        for answer in _require_type(answers, list, f"responses of {question}"):
            answer_ = _require_type(answer, dict, f"a response of {question}")
            if answer_.get("value") is not None and answer_.get("status") not in ("discarded", "draft"):
                people.setdefault(str(answer_.get("user_id") or ""), {})[question] = answer_["value"]
    yield from (Response(who, answers) for who, answers in people.items())


def _label_studio_responses(value: Mapping[str, Any]) -> Iterator[Response]:
    """The responses of a Label Studio task, one for each annotator; cancelled annotations are left out."""
    people: dict[str, Response] = {}
    for annotation in _require_type(value.get("annotations") or [], list, "annotations"):
        made = _require_type(annotation, dict, "an annotation")
        if made.get("was_cancelled"):
            continue
        answers: dict[str, Any] = {}
        for result in _require_type(made.get("result") or [], list, "the result of an annotation"):
            name, held = result.get("from_name"), _require_type(result.get("value"), dict, "the value of a result")
            answer = held.get(WIDGETS.get(name, ""), held)
            if name in ("verdict", "note") and isinstance(answer, list) and len(answer) == 1:
                answer = answer[0]
            answers[str(name)] = answer
        who = _annotator(made.get("completed_by"))
        before = people[who].answers if who in people else {}
        people[who] = Response(who, {**before, **answers}, _time(made.get("updated_at")))
    yield from people.values()


def _annotator(who: Any) -> str:
    """The name of an annotator of Label Studio: e-mail address, user name, or `user-NUMBER`; empty if there is none."""
    if isinstance(who, dict):
        who = who.get("email") or who.get("username") or who.get("id")
    return f"user-{who}" if isinstance(who, int) else str(who or "")


def _time(text: Any) -> datetime | None:
    """The time in ISO 8601, to the second; None for any other value."""
    try:
        return datetime.fromisoformat(text).replace(microsecond=0) if isinstance(text, str) else None
    except ValueError:
        return None


def _require_type(value: Any, kind: type, name: str) -> Any:
    """The value. Raises `ValueError` if it is not of the type `kind`; `name` is its name in the message."""
    if not isinstance(value, kind):
        raise ValueError(f"{name}: not {'a list' if kind is list else 'an object'}")
    return value


def wrong_answer(question: str, value: Any, labels: Sequence[str]) -> str:
    """Why a value is no valid answer to a question; empty if it is valid. `labels`: the labels that may be given."""
    allowed: Mapping[str, Sequence[Any]] = {"verdict": VERDICTS, "rating": RATINGS, "labels": labels}
    if question not in WIDGETS:
        return f"no question {question}"
    if question == "note":
        return "" if isinstance(value, str) else "note: not a text"
    values = value if question == "labels" and isinstance(value, list) else [value]
    for item in values:
        if isinstance(item, bool) or item not in allowed[question]:
            hint = ", ".join(map(str, allowed[question])) or "none; name them in [review] labels"
            return f"{question}: {item!r} is not one of: {hint}"
    return ""
