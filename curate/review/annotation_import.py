"""Read what annotators answered in Argilla or Label Studio into the journal, under their names."""

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from curate.core.decision import FORMAT, NOTE_SLOT, RATING_SLOT, VERDICT_SLOT, Decision, Slot, Verdict
from curate.core.errors import UsageError
from curate.core.example import Place
from curate.core.json_output import Note
from curate.core.text import plural, visible
from curate.project.decision_log import DecisionLog
from curate.read.index import LineIndex
from curate.review.annotation_record import ForeignRecord, Response, Turns, annotated_turns, read_record, wrong_answer
from curate.storage.paths import from_here

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


def import_records(path: Path, lines: LineIndex, log: DecisionLog, labels: Sequence[str], reviewer: str) -> Imported:
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
    return {example.id: annotated_turns(example) for example in examples if example is not None and example.id in ids}


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
