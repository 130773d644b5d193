"""Training dynamics of the examples under review: hardest to learn, conflicts with neighbours.

Each is a finding whose code is a word, since no rule reports it. Related examples (neighbours, conflicts, duplicates)
are looked up on display.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.datamap import MappedExample, examples_to_review, read_datamap
from curate.core.example import Place
from curate.core.finding import Finding, Severity
from curate.core.text import plural
from curate.review.entry import Cluster, MultiConflict, PairConflict, Side
from curate.review.events import TrainingKnown
from curate.review.example_queue import ExampleQueue
from curate.review.subject_queue import SubjectQueue, sides_of

PULL, HARD = "PULL", "HARD"
CODES: Final = (PULL, HARD)
TRAINING_FILTER: Final = " ".join(f"code:{code}" for code in CODES)
"""The filter for training findings alone."""
DEFAULT_HARDEST: Final = 20
"""Default number of hardest examples."""
HINT: Final = "check whether the answer is right and agrees with similar examples; then keep, edit or drop it"
MAX_LOSSES: Final = 6
"""Number of losses listed."""
RELATION_NAMES: Final = {"D001": "exact copy", "D003": "near-duplicate", "topic": "question with other answers"}


class Related(NamedTuple):
    """A related example, and its relation."""

    why: str
    side: Side


def training_of(run: Path, hardest: int = DEFAULT_HARDEST) -> TrainingKnown:
    """The training dynamics in a run folder. Raises `InputError` if it has no data map."""
    mapped = read_datamap(run)
    return TrainingKnown(examples_to_review(mapped, hardest), len(mapped))


def finding_of(one: MappedExample, place: Place, total: int) -> Finding:
    """The finding for an example of a run."""
    code, severity = (PULL, Severity.WARNING) if one.pull is not None else (HARD, Severity.INFO)
    return Finding(
        code,
        severity,
        place.file,
        place.line,
        "",
        "; ".join(_loss_lines(one, total)),
        HINT,
        fixable=False,
        example=one.example,
    )


def _loss_lines(one: MappedExample, total: int) -> Iterator[str]:
    losses = [f"{loss:.2f}" for loss in one.losses]
    shown = losses if len(losses) <= MAX_LOSSES else [*losses[: MAX_LOSSES // 2], "…", *losses[-MAX_LOSSES // 2 :]]
    yield f"hard {one.rank:,}/{total:,}: loss {' → '.join(shown)}, {one.excess:+.2f} relative to the same steps"
    if one.pull is not None:
        yield f"{one.pull:.2f} above {plural(len(one.neighbours), 'neighbour')} with other answers"
    if one.correctness == 0 and len(one.losses) > 1:
        yield "never generated verbatim"


def findings_in(examples: ExampleQueue, known: TrainingKnown) -> tuple[list[Finding], int]:
    """Findings about examples in the reviewed files, hardest first, and the number of examples elsewhere."""
    found = []
    for one in known.mapped:
        place = examples.place_of(one.example)
        if place is not None:
            found.append(finding_of(one, place, known.total))
    return found, len(known.mapped) - len(found)


def related(
    examples: ExampleQueue, queues: Iterable[SubjectQueue], example: str, mapped: Sequence[MappedExample]
) -> list[Related]:
    """Related examples: conflicting neighbours, and those in the same conflicts or clusters in `queues`."""
    found: dict[str, Related] = {}
    for near in (near for one in mapped if one.example == example for near in one.neighbours):
        place = examples.place_of(near.example)
        if place is not None:
            found.setdefault(
                near.example,
                Related(
                    f"neighbour, similarity {near.similarity:.2f}, loss {near.loss:.2f}", Side(place, near.example)
                ),
            )
    for queue in queues:
        for number in queue.example_index.rows(example):
            subject = queue.subjects[number]
            for side in sides_of(subject):
                if side.id != example:
                    found.setdefault(side.id, Related(_relation(subject, side), side))
    return list(found.values())


def _relation(subject: Cluster | PairConflict | MultiConflict, side: Side) -> str:
    if isinstance(subject, PairConflict):
        return f"conflict {subject.code}"
    if isinstance(subject, MultiConflict):
        return RELATION_NAMES["topic"]
    alike = next((member for member in subject.members if member.side == side), subject.members[0])
    return f"{RELATION_NAMES.get(alike.code, 'duplicate')}, similarity {alike.similarity:.0%}"
