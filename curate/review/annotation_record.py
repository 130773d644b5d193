"""Records of annotation tools, written and read: Argilla 2 (fields, metadata, suggestions, responses) and Label Studio.

Each has one field, the conversation, and the same questions: `verdict`, `rating`, `labels` and `note`.
"""

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.core.decision import FORMAT, NOTE_SLOT, RATING_SLOT, VERDICT_SLOT, Decision, Slot, Verdict
from curate.core.decision_log import DecisionLog
from curate.core.errors import UsageError
from curate.core.example import Example, Place, canonical
from curate.core.files import replacing
from curate.core.json_output import Note
from curate.core.paths import from_here
from curate.core.snapshot import rights_of
from curate.core.text import plural, visible
from curate.read.forms.form import UnwritableError
from curate.read.index import LineIndex
from curate.read.preference_conversion import pair_in
from curate.review.entry import Cluster, Side
from curate.review.session import ReviewSession
from curate.review.sources import Sources

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


def turns_of(example: Example) -> Turns:
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
    for one in values:
        if isinstance(one, bool) or one not in allowed[question]:
            hint = ", ".join(map(str, allowed[question])) or "none; name them in [review] labels"
            return f"{question}: {one!r} is not one of: {hint}"
    return ""


DEDUP_AGENT: Final = "curate dedup"
MAX_NAMED_FINDINGS: Final = 20
"""Maximum number of findings of an example in the metadata of its record."""


class ExportedRecords(NamedTuple):
    """The number of records, of those with a suggestion, and of lines without an example."""

    records: int
    suggested: int
    unread: int


def _session_of(sources: Sources) -> ReviewSession:
    """The review session of data files, with their findings and duplicates already found, for use without a screen.
    Raises `CurateError` if the check or the search fails.
    """
    from curate.review.scan import scan  # the rules take 0.2 s to load

    lines = LineIndex.of(sources.files)
    log = DecisionLog(sources.journal, rights_of(sources.files))
    session = ReviewSession(lines, log, sources.reviewer, sources.share)
    session.grow()
    scan(sources, lambda *_: [], session.take)  # conflicts suggest nothing
    for failure in session.failures:
        raise failure.error
    return session


def export_records(sources: Sources, tool: str, path: Path) -> ExportedRecords:
    """Write a record for each distinct example to a new file, as a JSON list with a record per line.

    Raises `UsageError` if the file exists, `OutputError`, `InputError`.
    """
    if path.suffix != ".json":
        raise UsageError(f"{visible(str(path))}: records are written as JSON", "choose a name that ends in .json")
    if path.exists() or path.is_symlink():
        raise UsageError(f"{visible(str(path))}: already exists", "choose another name")
    session = _session_of(sources)
    seen, suggested, unread, write = set[str](), 0, 0, WRITERS[tool]
    with replacing(path, mode=session.log.mode) as file:
        file.write(b"[")
        for number in range(len(session.lines)):
            example = session.lines.line(number).example
            if example is None:
                unread += 1
            elif example.id not in seen:
                record = record_of(session, example)
                file.write(b",\n" if seen else b"\n")
                # escapes: any text has a form in ASCII, lone surrogates too
                file.write(json.dumps(write(record)).encode())
                seen.add(example.id)
                suggested += bool(record.suggestions)
        file.write(b"\n]\n")
    return ExportedRecords(len(seen), suggested, unread)


def record_of(session: ReviewSession, example: Example) -> AnnotationRecord:
    """The record of an example: its conversation, its place and findings as metadata, and the suggested answers."""
    metadata = {"place": str(example.place)}
    if findings := _findings(session, example.id):
        metadata["findings"] = findings
    return AnnotationRecord(example.id, turns_of(example), metadata, dict(_suggestions(session, example)))


def _findings(session: ReviewSession, example_id: str) -> str:
    """The codes and messages of the findings about an example_id, as one text; empty if it has none."""
    findings = (session.findings.finding(number) for number in session.findings.example_index.rows(example_id))
    texts = dict.fromkeys(f"{finding.code}: {finding.message}" for finding in findings if finding.example == example_id)
    more = len(texts) - MAX_NAMED_FINDINGS
    return "; ".join([*list(texts)[:MAX_NAMED_FINDINGS], *([f"and {more} more"] if more > 0 else [])])


def _suggestions(session: ReviewSession, example: Example) -> Iterator[tuple[str, Suggestion]]:
    """Pairs of question and suggested answer: what the journal has; for a near-duplicate without a decision, to drop
    it.
    """
    log = session.log
    state, slots = log.state_of(example.id), log.slots(example.id)
    if state is not None and state.verdict in ("keep", "drop"):
        yield "verdict", Suggestion(state.verdict, state.who)
    elif state is None and (removed := _drop_suggestion(session, Side(example.place, example.id))):
        yield "verdict", removed
    rating, note = log.last(example.id, RATING_SLOT), log.last(example.id, NOTE_SLOT)
    if rating is not None and log.rating(example.id):
        yield "rating", Suggestion(int(rating.why), rating.who)
    if labels := log.labels(example.id):
        yield "labels", Suggestion(list(labels), slots["label", labels[0]][0].who)
    if note is not None:
        yield "note", Suggestion(note.why, note.who)


def _drop_suggestion(session: ReviewSession, side: Side) -> Suggestion | None:
    """The suggestion to drop a near-duplicate of which another example is kept; None for other examples."""
    for number in session.clusters.example_index.rows(side.id):
        cluster = session.clusters.subjects[number]
        if isinstance(cluster, Cluster) and not cluster.apart and cluster.kept.id != side.id:
            member = next((member for member in cluster.distinct if member.side.id == side.id), None)
            if member is not None:
                return Suggestion("drop", DEDUP_AGENT, round(member.similarity, 4))
    return None


MAX_NAME_CHARS: Final = 100
Answer = tuple[Slot, Verdict, str]
"""A slot of the journal, and what a record says in it: the verdict, and the text of a note or rating."""
Said = dict[Slot, tuple[Verdict, str]]
"""What a person said about an example."""


@dataclass(slots=True)
class Imported:
    """What became of each record of a file."""

    records: int = 0
    answered: int = 0
    """Records of which every answer is in the journal now."""
    unanswered: int = 0
    """Records without an answer."""
    refused: list[Note] = field(default_factory=list)
    """Records of which nothing was imported, each with the reason."""
    written: Counter[str] = field(default_factory=Counter)
    """New records of the journal, by reviewer."""


def import_records(
    path: Path, lines: LineIndex, log: DecisionLog, labels: Sequence[str] = (), reviewer: str = ""
) -> Imported:
    """Add the answers in a file to the journal; answers that the journal already has are not written again.

    `lines`: the lines of the data; `labels`: the labels that may be given; `reviewer`: the annotator, if the file names
    none. A record with an unknown id, a changed text or an unknown value is refused as a whole. Raises `InputError`,
    `OutputError`, `UsageError`.
    """
    foreign = LineIndex.of([path])
    result = Imported(len(foreign))
    records = dict(_placed_records(foreign, result))
    turns_by_id = _turns_by_id(lines, {record.id for record in records.values()})
    decisions: dict[str, list[Decision]] = {}
    last, seen = _last_answers(log), dict[str, Place]()
    for place, record in records.items():
        above = seen.setdefault(record.id, place)
        wrong = _refusal(record, turns_by_id, labels, reviewer)
        if not wrong and above != place:
            wrong = f"id {record.id}: line {above.line} has it, too"
        if wrong:
            result.refused.append(Note.of(place, wrong))
            continue
        result.answered += any(response.answers for response in record.responses)
        result.unanswered += not any(response.answers for response in record.responses)
        for response in record.responses:
            who = reviewer or response.who
            before = last.setdefault((who, record.id), {})
            decisions.setdefault(who, []).extend(_decisions(log, record.id, who, response, before))
    people = {response.who for record in records.values() for response in record.responses}
    if reviewer and len(people) > 1:
        raise UsageError(
            f"--reviewer {visible(reviewer)}: {visible(str(path))} has answers of {len(people)} people",
            "leave --reviewer out, or export the answers of one person",
        )
    _write(log, decisions)
    result.written.update({who: len(made) for who, made in decisions.items() if made})
    result.refused.sort(key=lambda note: note.line)
    return result


def _placed_records(foreign: LineIndex, result: Imported) -> Iterator[tuple[Place, ForeignRecord]]:
    """The records with their places; lines that hold none are noted as refused in `result`."""
    for number in range(len(foreign)):
        parsed, place = foreign.line(number), foreign.place(number)
        try:
            if parsed.decoded.value is None:
                raise ValueError("not a JSON object")
            record = read_record(parsed.decoded.value)
            if not isinstance(record.id, str):
                raise ValueError("has no id of an example")
        except ValueError as error:
            result.refused.append(Note.of(place, str(error)))
        else:
            yield place, record


def _turns_by_id(lines: LineIndex, ids: set[Any]) -> dict[str, Turns]:
    """The conversations of the examples with these ids; ids that no example has are left out."""
    examples = (lines.line(number).example for number in range(len(lines)))
    return {example.id: turns_of(example) for example in examples if example is not None and example.id in ids}


def _refusal(record: ForeignRecord, turns_by_id: Mapping[str, Turns], labels: Sequence[str], reviewer: str) -> str:
    """Why a record is refused as a whole; empty if it can be imported."""
    if record.id not in turns_by_id:
        return f"id {record.id}: no example of the data has it; the line was changed or removed after the export"
    if record.turns != turns_by_id[record.id]:
        return f"id {record.id}: the conversation is not that of the data"
    for response in record.responses:
        if not reviewer and not (response.who.isprintable() and 0 < len(response.who) <= MAX_NAME_CHARS):
            return f"id {record.id}: {response.who!r} is not the name of an annotator"
        for question, value in response.answers.items():
            if wrong := wrong_answer(question, value, labels):
                return f"id {record.id}: {wrong}"
    return ""


def _slot_answers(response: Response, given: Iterable[str]) -> Iterator[Answer]:
    """Slot of the journal, verdict and text of each answer in a response; `given`: the labels that its annotator gave
    before.
    """
    for question, value in response.answers.items():
        if question == "verdict":
            yield VERDICT_SLOT, value, ""
        elif question == "rating":
            stars = value[0] if isinstance(value, list) else value
            yield RATING_SLOT, "undecided", str(int(stars))
        elif question == "note":
            yield NOTE_SLOT, "undecided", value
        else:
            names = value if isinstance(value, list) else [value]
            yield from ((("label", name), "keep", "") for name in dict.fromkeys(names))
            yield from ((("label", name), "undecided", "") for name in given if name not in names)


def _last_answers(log: DecisionLog) -> dict[tuple[str, str], Said]:
    """By reviewer and example id: the last answer in each slot, including answers that another person replaced."""
    said: dict[tuple[str, str], Said] = {}
    for decision in log.decisions:
        for slot in decision.slots:
            said.setdefault((decision.who, decision.example), {})[slot] = decision.content(slot)[::2]
    return said


def _decisions(log: DecisionLog, example: str, who: str, response: Response, before: Said) -> Iterator[Decision]:
    """The journal records of a response, without answers equal to `before`. They replace only records of `who`:
    annotators do not see the answers of others.
    """
    given = [slot[1] for slot, (verdict, _) in before.items() if (slot[0], verdict) == ("label", "keep")]
    for slot, verdict, text in _slot_answers(response, given):
        if before.get(slot) == (verdict, text):
            continue
        kind: Any = slot[0]
        own = [head.id for head in log.slots(example).get(slot, ()) if head.who == who]
        when = {} if response.when is None else {"when": response.when}
        yield Decision(
            format=FORMAT, example=example, record=kind, verdict=verdict, replaces=tuple(own), who=who, why=text,
            about=slot[1] if kind == "label" else "", **when,
        )  # fmt: skip


def _write(log: DecisionLog, decisions: Mapping[str, Sequence[Decision]]) -> None:
    """Append the records, in one step for each person."""
    steps = ((secrets.token_hex(6), made) for made in decisions.values())
    log.add(*(decision.model_copy(update={"step": step, "of": len(made)}) for step, made in steps for decision in made))


def import_text(result: Imported, journal: Path) -> Iterator[str]:
    """Lines for people: refused records, decisions added per annotator, and totals; safe to print."""
    for note in result.refused:
        yield f"{visible(f'{note.file}:{note.line}')}: refused: {visible(note.why)}"
    for who, count in sorted(result.written.items()):
        yield f"{plural(count, 'decision')} of {visible(who)} added to {visible(str(from_here(journal)))}"
    yield (
        f"{plural(result.records, 'record')}: {result.answered:,} with answers, {result.unanswered:,} without, "
        f"{len(result.refused):,} refused"
    )
    if result.answered and not result.written:
        yield "nothing was added: the journal has all answers"
