"""A review by script: mixed decisions about all kinds of entries, and, counted plainly, what they should come to."""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from curate.core.finding import Finding
from curate.output.edited import decided_id
from curate.project.decision_log import DecisionLog
from curate.read.dataset import FileFacts, read_file
from curate.read.index import LineIndex
from curate.review import Edit, Entry, ReviewSession, sources_of
from curate.review.bulk import verdicts_for
from curate.review.scan import scan
from tests.conftest import chat

Drops = set[str]
Edits = dict[str, dict[str, Any]]


class Expected(NamedTuple):
    """What the files come to."""

    kept: list[bytes]
    """Lines of the cleaned file."""
    dropped: list[tuple[str, int]]
    """File and line of each line in the ledger."""


def new_session(files: Sequence[Path]) -> ReviewSession:
    sources = sources_of(files)
    lines = LineIndex(sources.files)
    list(lines.build())
    session = ReviewSession(lines, DecisionLog(sources.project.decisions))
    session.grow()
    scan(sources, None, session.take)
    return session


def decide(session: ReviewSession, count: int, seed: int = 0) -> tuple[Drops, Edits]:
    """Take some hundred decisions as a person does, some of them back; returns dropped examples and edits."""
    rng = random.Random(seed)
    drops: Drops = set()
    edits: Edits = {}
    queues = [queue for queue in session.queues.values() if len(queue)]
    for nth in range(count):
        queue = rng.choice(queues)
        entry = queue.entry(rng.randrange(len(queue)))
        if not entry.ids:
            continue
        word = rng.choice(["keep", "keep", "drop", "edit", "note", "suppress", "undecide"])
        before, records = (set(drops), dict(edits)), len(session.log.decisions)
        _act(session, entry, word, nth, drops, edits, rng)
        if len(session.log.decisions) > records and rng.random() < 0.15:
            session.undo()
            now, drops, edits = (set(drops), dict(edits)), *before
            if rng.random() < 0.5:
                session.redo()
                drops, edits = now
    return drops, edits


def _act(
    session: ReviewSession, entry: Entry, word: str, nth: int, drops: Drops, edits: Edits, rng: random.Random
) -> None:
    first = entry.ids[0]
    if word == "edit":
        question = f"What is edit {nth}, the question of {first[:6]}?"
        answer = f"It is number {nth} of the review, {first[6:12]}."
        value: dict[str, Any] = chat(question, answer)
        session.decide({first: Edit(value)}, target=entry.target)
        edits[first] = value
    elif word == "note":
        session.annotate(first, f"note {nth}", entry.about)
    elif word == "suppress" and isinstance(entry.subject, Finding) and entry.subject.example:
        session.suppress(entry.subject, f"fine {nth}")
    elif word == "undecide":
        session.decide(dict.fromkeys(entry.ids, "undecided"), target=entry.target)
        for example in entry.ids:
            drops.discard(example)
            edits.pop(example, None)
    elif entry.broken:
        session.decide({first: "drop"}, target=entry.target)
        drops.add(first)
    else:
        pair = ("left", "right", "both", "neither")
        choice = rng.choice(pair) if entry.kind in ("cluster", "conflict") else "keep" if word == "keep" else "drop"
        words = verdicts_for(session, entry, choice)  # type: ignore[arg-type]
        session.decide(words, target=entry.target)
        drops |= {example for example, said in words.items() if said == "drop"}
        drops -= {example for example, said in words.items() if said == "keep"}


def expected(files: Sequence[Path], drops: Drops, edits: Edits) -> Expected:
    """The cleaned file and its ledger, counted line by line."""
    found = Expected([], [])
    for path, key, line, data in _lines(files):
        if key in drops:
            found.dropped.append((str(path), line))
        elif key in edits:
            found.kept.append(json.dumps(edits[key], ensure_ascii=False).encode())
        else:
            found.kept.append(data)
    return found


def _lines(files: Sequence[Path]) -> Iterator[tuple[Path, str, int, bytes]]:
    for path in files:
        for parsed in read_file(path, FileFacts(str(path))):
            if not parsed.blank:
                yield path, decided_id(parsed), parsed.place.line, parsed.jsonl
