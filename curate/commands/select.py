"""The selection of examples to train on: one of each cluster of duplicates, then those that cover the rest best.

Every line that is left out is recorded with its reason, as in deduplication, which reads and writes the lines.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import PlainSerializer

from curate.commands.dedup import DedupResult, dedup, removals
from curate.commands.score import score_exchanges
from curate.commands.session import Workspace
from curate.core.config import CustomRule
from curate.core.errors import UsageError
from curate.core.events import StageFinished, StageStarted
from curate.core.example import SYSTEM_ROLES, Example, Place, known_role
from curate.core.finding import Finding
from curate.core.json_output import ClearText, NotPrinted, Output, Rounded
from curate.core.lazy import Floats, Matrix, np
from curate.core.removed import Reason
from curate.core.text import BYTES_PER_TOKEN, plural
from curate.corpus.corpus import LineReader, LineRef, Table
from curate.corpus.strata import StratumInput, require_traits, trait_of
from curate.lint.rules.duplicates import heavy
from curate.models.embeddings import embed
from curate.output.apply import Dropped
from curate.parallel.worker_pool import WorkerPool, cores
from curate.quality.exchange import Exchange, exchange_of
from curate.quality.scoring import Models
from curate.quality.selection import choose, coverage, hashed_vectors, nearest_chosen
from curate.quality.signals import DOUBT

MAX_CHARS: Final = 2_000
MAX_LEAST_COVERED: Final = 5
BLOCK_LINES: Final = 2_048
MANY_LINES: Final = 10_000
"""Number of lines from which processes read them."""
SELECT_SOURCE: Final = "select"
"""Recorded as the source of a decision to leave a line out."""
Verdict = Literal["better", "worse", "open"]


@dataclass(frozen=True, slots=True)
class SelectionGoal:
    """The wanted selection."""

    examples: int | None = None
    tokens: int | None = None
    """Estimated as bytes of text / 4."""
    floors: Mapping[str, int] = field(default_factory=dict)
    """Minimum number of examples for each value of a field."""


@dataclass(frozen=True, slots=True)
class Floor:
    """A value of a field with its floor."""

    field: str
    value: str
    wanted: int
    selected: int
    available: int
    """Examples that were not left out for another reason."""


@dataclass(frozen=True, slots=True)
class Uncovered(Output):
    """An example that is not selected."""

    example: str
    """Its id."""
    file: str
    line: int
    similarity: Rounded
    """Cosine similarity to the nearest selected example."""
    text: ClearText
    """The beginning of its text."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95% confidence interval, by Student's t distribution."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """The trainings on one choice of examples."""

    name: str
    """selection, random, longest or all."""
    examples: int
    steps: int
    """Optimiser steps of a training."""
    losses: list[float]
    """Loss on the held-out split after each training, by seed, in nats per token."""
    loss: Interval
    scores: list[float]
    """Score of the trained model's answers after each training, by seed; empty without questions."""
    score: Interval | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Loss and score of the selection minus those of another choice, paired by seed."""

    against: str
    loss: Interval
    verdict: Verdict
    """Of the loss: whether the interval leaves out 0."""
    score: Interval | None
    score_verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class SelectionComparison:
    """The results of trainings on a selection and on other choices of examples."""

    folder: str
    """Data and runs."""
    seeds: int
    held_out: str
    """The split that the losses are measured on."""
    held_out_examples: int
    base_loss: float
    """Loss of the model before any training."""
    metric: str | None
    """The metric that `curate evaluate` chose for the task; None if no questions were asked."""
    questions: int
    """Number of answers that are scored after each training."""
    choices: list[TrainedOn]
    differences: list[Difference]


def _messages(findings: list[Finding]) -> list[str]:
    return [finding.message for finding in findings]


@dataclass(slots=True)
class SelectResult(Output):
    """What `curate select --json` prints."""

    read: int
    """Lines read: selected + left."""
    selected: int
    tokens: int
    """Estimated tokens of the selected examples: bytes of text / 4."""
    left: dict[str, int]
    """Lines left out by reason: the code of a rule or detector, `select` for the selection, `decision`."""
    doubt_selected: float
    """Mean doubt of the selected examples."""
    doubt_all: float
    """Mean doubt of all examples."""
    coverage: float
    """Mean cosine similarity of the examples to the nearest selected one."""
    coverage_random: float
    """The same for random selections of this size, the mean of three."""
    least_covered: list[Uncovered]
    """At most 5 examples that are not selected and least similar to a selected one."""
    floors: list[Floor]
    heavy: Annotated[list[Finding], PlainSerializer(_messages, return_type=list[str])]
    """Removals by a rule or a score that need a confirmation (D008)."""
    notes: list[str]
    written: bool
    comparison: SelectionComparison | None
    """Of trainings, by `--compare`."""
    rules: NotPrinted[Sequence[CustomRule]]
    """The custom rules of the configuration."""
    plan: NotPrinted[DedupResult] = field(repr=False)
    """The kept lines, and the reason of each removed one."""


def select(work: Workspace, goal: SelectionGoal, models: Models) -> SelectResult:
    """Decide which examples of a project's data to train on.

    Only copies of files with edits and the cache are written. Raises `InputError`, `ModelError`,
    `MissingExtra`, and `UsageError` for floors beyond the budget and unknown names of fields.
    """
    require_traits(name for name in goal.floors if name != "length")
    config = work.config.dedup.model_copy(update={"keep": "longest"})
    cache, listen = work.cache, work.session.listen
    planned = dedup(work, config=config)
    removed_places = {duplicate.place for duplicate in planned.duplicates}
    examples, exchanges = _read_examples(planned.table, [*goal.floors])
    columns, notes = score_exchanges(exchanges, models, cache=cache, listen=listen)
    positions = {exchange.id: index for index, exchange in enumerate(exchanges)}
    left_out = [*planned.dropped, *_without_example(planned)]
    candidates, copies = _selectable(examples, removed_places)
    left_out += copies
    large_removals = heavy(removals(planned.lines, planned.duplicates, config, left_out))
    listen(StageStarted("select"))
    chosen, vectors, floors = _select_examples(candidates, goal, columns, positions, exchanges, models, cache)
    names = sorted(candidates)
    selected = {names[index] for index in chosen}
    nearest, similarity = nearest_chosen(vectors, chosen)
    left_out += _not_chosen(names, candidates, chosen, nearest, similarity)
    covered, covered_at_random = coverage(vectors, chosen, _costs(names, candidates, goal))
    listen(StageFinished("select", False, plural(len(chosen), "example")))
    left_out.sort(key=lambda removal: removal.place)
    final = replace(planned, dropped=left_out)
    reasons = Counter([*(duplicate.code for duplicate in final.duplicates), *(removal.code for removal in left_out)])
    doubts = {exchange.id: float(columns[DOUBT][index]) for index, exchange in enumerate(exchanges)}
    return SelectResult(
        read=final.read,
        selected=len(chosen),
        tokens=sum(candidates[name].tokens for name in selected),
        left=dict(sorted(reasons.items())),
        doubt_selected=_mean([doubts[name] for name in selected if name in doubts]),
        doubt_all=_mean(list(doubts.values())),
        coverage=round(covered, 4),
        coverage_random=round(covered_at_random, 4),
        least_covered=_least_covered(names, candidates, chosen, similarity),
        floors=floors,
        heavy=large_removals,
        notes=[*planned.notes, *notes],
        written=False,
        comparison=None,
        rules=work.config.check.rule,
        plan=final,
    )


def _selectable(
    examples: Iterable["_Candidate"],
    removed_places: Collection[Place],
) -> tuple[dict[str, "_Candidate"], list[Dropped]]:
    """The candidates by id, and the examples left out as copies."""
    candidates, left_out = dict[str, _Candidate](), list[Dropped]()
    for example in examples:
        if example.place in removed_places:
            continue
        if example.id in candidates:
            left_out.append(
                Dropped(example.place, example.id, Reason(None, "exact copy of a kept example", SELECT_SOURCE))
            )
        else:
            candidates[example.id] = example
    return candidates, left_out


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What the selection needs of an example: a text and some numbers, and not its messages."""

    id: str
    place: Place
    tokens: int
    text: str
    """The beginning of its text."""
    traits: tuple[str | None, ...]
    """Its value of each field with floors."""


def _read_examples(table: Table, fields: Sequence[str]) -> tuple[list[_Candidate], list[Exchange]]:
    """The examples of a table and their distinct exchanges, which processes read if there are many; `fields`: those
    with floors.
    """
    examples, exchanges = list[_Candidate](), dict[str, Exchange]()
    count = len(table.lines)
    places = iter(table.places(table.lines))
    blocks = (
        table.line_refs(np.arange(start, min(start + BLOCK_LINES, count))) for start in range(0, count, BLOCK_LINES)
    )
    with WorkerPool(cores() if count >= MANY_LINES else 1, processes=True) as pool:
        for part in pool.each(partial(_read_lines, tuple(fields)), blocks):
            for candidate, exchange in part:
                examples.append(replace(candidate, place=next(places)))
                if exchange is not None:
                    exchanges.setdefault(exchange.id, exchange)
    return examples, [exchanges[name] for name in sorted(exchanges)]


def _read_lines(fields: Sequence[str], refs: Sequence[LineRef]) -> list[tuple[_Candidate, Exchange | None]]:
    """A candidate for each line, and its exchange or None; `fields`: the fields with floors."""
    reader, parts = LineReader(), list[tuple[_Candidate, Exchange | None]]()
    for ref in refs:
        example = reader.example(ref)
        roles, texts = [turn.role or "" for turn in example.messages], [turn.text for turn in example.messages]
        traits = [trait_of(name, StratumInput(example.place.file, roles, texts, example)) for name in fields]
        names = tuple([trait.name if trait is not None else None for trait in traits])
        candidate = _Candidate(example.id, example.place, tokens_of(example), _text_without_system(example), names)
        parts.append((candidate, exchange_of(example)))
    reader.close()
    return parts


def _without_example(planned: DedupResult) -> Iterator[Dropped]:
    """The lines without an example, unless a person dropped them."""
    table, dropped_places = planned.table, {removal.place for removal in planned.dropped}
    for line in np.setdiff1d(np.arange(len(table.starts)), table.lines).tolist():
        if (place := table.place(line)) not in dropped_places:
            yield Dropped(place, None, Reason(None, "holds no example in a known form", SELECT_SOURCE))


def _select_examples(
    candidates: Mapping[str, _Candidate],
    goal: SelectionGoal,
    columns: Mapping[str, Floats],
    positions: Mapping[str, int],
    exchanges: Sequence[Exchange],
    models: Models,
    cache: Path | None,
) -> tuple[list[int], Matrix, list[Floor]]:
    """Select examples by the goal: the positions of the selected examples among the sorted names of the candidates, the
    vectors of all candidates, and how many examples each minimum of `--floor` has and got. Raises `UsageError` if the
    floors need more than `--examples`.
    """
    names = sorted(candidates)
    exchange_by_id = {exchange.id: exchange for exchange in exchanges}
    vectors = _vectors([candidates[name] for name in names], exchange_by_id, models.embeddings or "", cache)
    doubts = columns[DOUBT]
    quality = np.array([1 - doubts[positions[name]] if name in positions else 1.0 for name in names])
    sizes = _costs(names, candidates, goal)
    budget = goal.tokens if goal.tokens is not None else goal.examples or len(names)
    groups = [
        _positions_by_value([candidates[name].traits[index] for name in names]) for index in range(len(goal.floors))
    ]
    needed = sum(
        min(len(rows), minimum)
        for group, minimum in zip(groups, goal.floors.values(), strict=True)
        for rows in group.values()
    )
    if goal.tokens is None and len(groups) == 1 and needed > budget:
        raise UsageError(
            f"--floor needs {plural(needed, 'example')}, more than --examples {budget}",
            "lower a floor or raise the number",
        )
    chosen = choose(vectors, np.maximum(quality, 0.01), sizes, budget, groups, list(goal.floors.values()))
    chosen_set = set(chosen)
    floors = [
        Floor(name, value, minimum, len(chosen_set.intersection(rows)), len(rows))
        for (name, minimum), group in zip(goal.floors.items(), groups, strict=True)
        for value, rows in sorted(group.items())
    ]
    return chosen, vectors, floors


def _costs(names: Iterable[str], candidates: Mapping[str, _Candidate], goal: SelectionGoal) -> list[int]:
    """What each example costs of the budget: its tokens, or 1."""
    return [1 if goal.tokens is None else candidates[name].tokens for name in names]


def _vectors(
    examples: Sequence[_Candidate], exchanges: Mapping[str, Exchange], model: str, cache: Path | None
) -> Matrix:
    """Unit vectors of examples: of request and answer together, embedded as in `curate score`."""
    if not model or not examples:
        return hashed_vectors([example.text for example in examples])
    parts = [
        exchange.embedded if (exchange := exchanges.get(example.id)) else (example.text,) * 2 for example in examples
    ]
    vectors = embed([text for part in parts for text in part], model, cache)
    summed = vectors[::2] + vectors[1::2]
    return np.asarray(summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-6))


def _positions_by_value(values: Sequence[str | None]) -> dict[str, list[int]]:
    """The positions of the examples with each value of a field; examples without a value are left out."""
    groups: dict[str, list[int]] = {}
    for index, value in enumerate(values):
        if value is not None:
            groups.setdefault(value, []).append(index)
    return groups


def _not_chosen(
    names: Sequence[str],
    candidates: Mapping[str, _Candidate],
    chosen: Sequence[int],
    nearest: Sequence[int],
    similarity: Floats,
) -> Iterator[Dropped]:
    """The examples that are not selected, each with the most similar selected one."""
    chosen_set = set(chosen)
    for index, name in enumerate(names):
        if index not in chosen_set:
            reason = "not selected"
            if nearest:
                similar_place = candidates[names[nearest[index]]].place
                reason += f"; most similar selected example: {similar_place}, cosine similarity {similarity[index]:.2f}"
            yield Dropped(candidates[name].place, name, Reason(None, reason, SELECT_SOURCE))


def _least_covered(
    names: Sequence[str], candidates: Mapping[str, _Candidate], chosen: Sequence[int], similarity: Floats
) -> list[Uncovered]:
    """The examples that are not selected and have the lowest similarity to a selected one, lowest first."""
    chosen_set = set(chosen)
    left = [index for index in np.argsort(similarity, kind="stable").tolist() if index not in chosen_set]
    return [
        Uncovered(
            names[index],
            candidates[names[index]].place.file,
            candidates[names[index]].place.line,
            float(similarity[index]),
            candidates[names[index]].text,
        )
        for index in left[:MAX_LEAST_COVERED]
    ]


def _text_without_system(example: Example) -> str:
    """The start of the texts of all messages except system prompts."""
    return "\n".join(turn.text for turn in example.messages if known_role(turn.role) not in SYSTEM_ROLES)[:MAX_CHARS]


def tokens_of(example: Example) -> int:
    """Estimated tokens of an example: bytes of text / 4."""
    return max(1, sum(len(turn.text.encode("utf-8", "replace")) for turn in example.messages) // BYTES_PER_TOKEN)


def _mean(values: Sequence[float]) -> float:
    """The mean, rounded to four digits; 0 without values."""
    return round(sum(values) / len(values), 4) if values else 0.0
