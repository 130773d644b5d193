"""Quality signals and training dynamics of the examples under review: hardest to learn, conflicts with neighbours.

Each is a finding whose code is a word, since no rule reports it. Related examples (neighbours, conflicts, duplicates)
are looked up on display.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.datamap import MappedExample, examples_to_review, read_datamap
from curate.core.errors import InputError
from curate.core.example import Place
from curate.core.finding import Finding, Severity
from curate.core.lazy import pl
from curate.core.text import plural, visible
from curate.quality.signals import BY_NAME, DOUBT
from curate.review.entry import Cluster, MultiConflict, PairConflict, PlacedExample, sides_of
from curate.review.events import ScoresKnown, TrainingKnown
from curate.review.queue import ExampleQueue
from curate.review.subject_queue import SubjectQueue

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
    side: PlacedExample


def training_of(run: Path, hardest: int = DEFAULT_HARDEST) -> TrainingKnown:
    """The training dynamics in a run folder. Raises `InputError` if it has no data map."""
    mapped = read_datamap(run)
    return TrainingKnown(examples_to_review(mapped, hardest), len(mapped))


def finding_of(mapped: MappedExample, place: Place, total: int) -> Finding:
    """The finding for an example of a run."""
    code, severity = (PULL, Severity.WARNING) if mapped.pull is not None else (HARD, Severity.INFO)
    return Finding(
        code,
        severity,
        place.file,
        place.line,
        "",
        "; ".join(_loss_lines(mapped, total)),
        HINT,
        fixable=False,
        example=mapped.example,
    )


def _loss_lines(mapped: MappedExample, total: int) -> Iterator[str]:
    """The training dynamics of an example as lines of text; `total`: the number of ranked examples."""
    losses = [f"{loss:.2f}" for loss in mapped.losses]
    shown = losses if len(losses) <= MAX_LOSSES else [*losses[: MAX_LOSSES // 2], "…", *losses[-MAX_LOSSES // 2 :]]
    yield f"hard {mapped.rank:,}/{total:,}: loss {' → '.join(shown)}, {mapped.excess:+.2f} relative to the same steps"
    if mapped.pull is not None:
        yield f"{mapped.pull:.2f} above {plural(len(mapped.neighbours), 'neighbour')} with other answers"
    if mapped.correctness == 0 and len(mapped.losses) > 1:
        yield "never generated verbatim"


def findings_in(examples: ExampleQueue, signals: TrainingKnown) -> tuple[list[Finding], int]:
    """Findings about examples in the reviewed files, hardest first, and the number of examples elsewhere."""
    findings = []
    for mapped in signals.mapped:
        place = examples.place_of(mapped.example)
        if place is not None:
            findings.append(finding_of(mapped, place, signals.total))
    return findings, len(signals.mapped) - len(findings)


def related(
    examples: ExampleQueue, queues: Iterable[SubjectQueue], example: str, mapped: Sequence[MappedExample]
) -> list[Related]:
    """Related examples: conflicting neighbours, and those in the same conflicts or clusters in `queues`."""
    related: dict[str, Related] = {}
    for neighbour in (neighbour for entry in mapped if entry.example == example for neighbour in entry.neighbours):
        place = examples.place_of(neighbour.example)
        if place is not None:
            related.setdefault(
                neighbour.example,
                Related(
                    f"neighbour, similarity {neighbour.similarity:.2f}, loss {neighbour.loss:.2f}",
                    PlacedExample(place, neighbour.example),
                ),
            )
    for queue in queues:
        for number in queue.example_index.rows(example):
            subject = queue.subjects[number]
            for side in sides_of(subject):
                if side.id != example:
                    related.setdefault(side.id, Related(_relation(subject, side), side))
    return list(related.values())


def _relation(subject: Cluster | PairConflict | MultiConflict, side: PlacedExample) -> str:
    """How an example is related by a conflict or cluster, in words."""
    if isinstance(subject, PairConflict):
        return f"conflict {subject.code}"
    if isinstance(subject, MultiConflict):
        return RELATION_NAMES["topic"]
    matching = next((member for member in subject.members if member.side == side), subject.members[0])
    return f"{RELATION_NAMES.get(matching.code, 'duplicate')}, similarity {matching.similarity:.0%}"


def read_scores(path: Path) -> ScoresKnown:
    """The signals in a Parquet file. Raises `InputError` if it is not one of `curate score`."""
    hint = "write it with  curate score PATH -o scores.parquet"
    try:
        frame = pl.read_parquet(path)
        if missing := [name for name in ("example", DOUBT) if name not in frame.columns]:
            raise InputError(f"{visible(str(path))}: has no column {missing[0]}", hint)
        names = [name for name in (*BY_NAME, DOUBT) if name in frame.columns]
        columns = {name: frame[name].cast(pl.Float64).fill_null(float("nan")).to_list() for name in names}
        return ScoresKnown(frame["example"].cast(pl.String).fill_null("").to_list(), columns)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{visible(str(path))}: cannot be read: {visible(str(error))}", hint) from None
