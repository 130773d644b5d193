"""The quality signals of files: read, score, and summarize all examples."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from curate.commands.session import Workspace
from curate.conflicts.default_models import with_default_models
from curate.core.config import Config, with_options
from curate.core.errors import OutputError, UsageError
from curate.core.events import Listener, StageAdvanced, StageFinished, StageStarted, ignore_events
from curate.core.example import Place
from curate.core.json_output import ClearText, NotPrinted, Output, Rounded
from curate.core.lazy import Array, Floats, Numbers, np, pl
from curate.core.text import plural, visible
from curate.parallel.worker_pool import cores
from curate.quality.exchange import Exchange, read_exchanges
from curate.quality.scoring import Models, doubt, lowest_signals, signals_of
from curate.quality.signals import BY_NAME, DOUBT, Signal
from curate.read.dataset import require_examples

if TYPE_CHECKING:
    from curate.quality.rubric import Rubric


MAX_SHOWN: Final = 10
MAX_TO_REVIEW: Final = 25
BINS: Final = 10
MIN_HITS: Final = 3
"""Number of findings of a rule from which its correlation with a signal is computed."""
REVIEW_DOUBT: Final = 0.85
"""Doubt from which most examples had a defect; below it, fewer than half."""
COMBINED_SIGNAL: Final = Signal(
    DOUBT,
    "1 minus the lowest signal, and a small part for the other signals",
    "text",
    "of 128 answers at .85 or more in 13 real files, 93 were worth a look",
    False,
)


@dataclass(frozen=True, slots=True)
class ScoredExample(Output):
    """An example and its value of a signal."""

    example: str
    """Id of the example."""
    file: str
    line: int
    value: Rounded
    request: ClearText
    answer: ClearText


@dataclass(frozen=True, slots=True)
class DoubtfulExample(ScoredExample):
    """An example to review; `value` is its doubt."""

    signal: str
    """The signal with the lowest value."""
    problem: str
    """What the low value means."""


@dataclass(frozen=True, slots=True)
class SignalScores(Output):
    """A signal over all examples."""

    signal: Signal
    examples: int
    """Examples that have a value."""
    mean: Rounded
    least: Rounded
    most: Rounded
    histogram: list[int]
    """Examples in each of 10 equal parts from `least` to `most`."""
    lowest: list[ScoredExample]
    highest: list[ScoredExample]


@dataclass(frozen=True, slots=True)
class Correlation(Output):
    """Pearson's r between two signals, or between a signal and whether a rule reports the example."""

    left: str
    right: str
    """A signal, or the code of a rule."""
    r: float
    examples: int
    """Examples with both values; for a rule, those with a finding."""


@dataclass(frozen=True, slots=True)
class ScoreResult(Output):
    """What `curate score --json` prints."""

    read: int
    """Lines read."""
    scored: int
    """Distinct examples with a request and an answer in words."""
    not_understood: int
    """Lines without an example in a known format."""
    copies: int
    """Examples that are equal to an earlier one, which is scored."""
    signals: list[SignalScores]
    """In the order of the table of signals; last the doubt."""
    correlations: list[Correlation]
    """Between signals, then between signals and rules; the strongest first."""
    notes: list[str]
    """What was not computed, and why."""
    doubtful: dict[str, int]
    """Examples with a doubt of 0.85 or more, by the signal with the lowest value."""
    to_review: list[DoubtfulExample]
    """At most 25 of them: the most doubtful one of each signal, then the second one of each, and so on; no answer
    twice.
    """
    exchanges: NotPrinted[list[Exchange]] = field(repr=False)
    places: NotPrinted[Mapping[str, Place]] = field(repr=False)
    """The first place of each example, by id."""
    columns: NotPrinted[Mapping[str, Floats]] = field(repr=False)
    """The value of each signal by example, in the order of `exchanges`; the doubt among them."""


def score(work: Workspace, models: Models, *, rubric: "Rubric | None" = None) -> ScoreResult:
    """Score the examples of a project's data as it is, without the decisions of the review. `rubric`: the questions to
    a judge. Raises `InputError`, `ModelError` and `MissingExtra`.
    """
    _ = work.decisions  # a note says that they are not applied
    files, listen = work.files, work.session.listen
    listen(StageStarted("read"))
    data = read_exchanges(files, cores())
    require_examples(data.read, data.understood)
    exchanges, places = data.exchanges, data.places
    listen(StageFinished("read", False, plural(data.read, "line")))
    columns, notes = score_exchanges(exchanges, models, rubric=rubric, cache=work.cache, listen=listen)
    hits = _reported_examples(work, {exchange.id: index for index, exchange in enumerate(exchanges)})
    signals = [
        _signal_scores(BY_NAME.get(name, COMBINED_SIGNAL), column, exchanges, places)
        for name, column in columns.items()
        if len(exchanges)
    ]
    doubtful = np.flatnonzero(columns[DOUBT] >= REVIEW_DOUBT)
    lowest = lowest_signals(columns)
    return ScoreResult(
        read=data.read,
        scored=len(exchanges),
        not_understood=data.read - data.understood,
        copies=data.copies,
        signals=signals,
        correlations=_correlations(columns, hits),
        notes=notes,
        doubtful=dict(Counter(lowest[doubtful].tolist()).most_common()),
        to_review=_examples_to_review(columns[DOUBT], lowest, doubtful, exchanges, places),
        exchanges=exchanges,
        places=places,
        columns=columns,
    )


def score_exchanges(
    exchanges: Sequence[Exchange],
    models: Models,
    *,
    rubric: "Rubric | None" = None,
    cache: Path | None,
    listen: Listener = ignore_events,
) -> tuple[dict[str, Floats], list[str]]:
    """The values of all signals and the doubt by name, and notes about signals that were not computed.
    `rubric`: see `score`.
    """
    total = len(exchanges) * (2 * bool(models.embeddings) + bool(models.loss) + bool(rubric))
    listen(StageStarted("score"))
    done, started = 0, monotonic()

    def advance(count: int) -> None:
        nonlocal done
        done += count
        seconds_left = (monotonic() - started) / done * max(0, total - done)
        listen(StageAdvanced("score", done, total, f"about {seconds_left:,.0f} s left"))

    columns = signals_of(exchanges, models, cache, advance)
    notes = []
    if models.embeddings is None:
        notes.append("no embedding model: `fits`, `label`, `rarity` and `density` are missing (extra `semantic`)")
    if rubric is not None:
        from curate.quality.rubric import ratings  # the client of an endpoint: only where a judge was named

        columns["judge"] = ratings(exchanges, rubric, cache, advance)
        if missing := int(np.isnan(columns["judge"]).sum()):
            notes.append(f"replies of the judge without a score: {missing:,}; the same command asks again")
    columns = {name: columns[name] for name in BY_NAME if name in columns}
    columns[DOUBT] = doubt(columns)
    listen(StageFinished("score", False, plural(len(exchanges), "example")))
    return columns, notes


def _reported_examples(work: Workspace, positions: Mapping[str, int]) -> dict[str, set[int]]:
    """The positions of the examples that each rule reports, by code; rules with too few of them, or with all examples,
    are left out. `positions`: by example id.
    """
    hits: dict[str, set[int]] = {}
    for finding in work.findings_in(work.files, work.rules):
        if finding.example is not None and finding.example in positions:
            hits.setdefault(finding.code, set()).add(positions[finding.example])
    return {code: reported for code, reported in sorted(hits.items()) if MIN_HITS <= len(reported) < len(positions)}


def _signal_scores(
    signal: Signal, column: Floats, exchanges: Sequence[Exchange], places: Mapping[str, Place]
) -> SignalScores:
    """The values of a signal: how many, their mean, range and histogram, and the examples with the lowest and
    highest.
    """
    scored = np.flatnonzero(~np.isnan(column))
    order = scored[np.argsort(column[scored], kind="stable")].tolist()
    values = column[scored]
    counts = np.histogram(values, BINS, (values.min(), values.max()))[0].tolist() if len(scored) else [0] * BINS

    def listed(positions: Sequence[int]) -> list[ScoredExample]:
        return [
            ScoredExample(*_example_fields(exchanges[position], places, float(column[position])))
            for position in positions
        ]

    mean, least, most = (values.mean(), values.min(), values.max()) if len(scored) else (0.0, 0.0, 0.0)
    return SignalScores(
        signal,
        examples=len(scored),
        mean=float(mean),
        least=float(least),
        most=float(most),
        histogram=counts,
        lowest=listed(order[:MAX_SHOWN]),
        highest=listed(order[::-1][:MAX_SHOWN]),
    )


def _example_fields(
    exchange: Exchange, places: Mapping[str, Place], value: float
) -> tuple[str, str, int, float, str, str]:
    """Id, file, line, value, request and answer of an example: the fields of a `ScoredExample`."""
    place = places[exchange.id]
    return exchange.id, place.file, place.line, value, exchange.request, exchange.answer


def _examples_to_review(
    doubts: Floats, lowest: Array, doubtful: Numbers, exchanges: Sequence[Exchange], places: Mapping[str, Place]
) -> list[DoubtfulExample]:
    """The most doubtful examples of each signal in turn. `lowest`: the signal with the lowest value of each example;
    `doubtful`: the positions of the examples to choose from.
    """
    by_signal: dict[str, dict[str, int]] = {}
    for position in doubtful[np.argsort(-doubts[doubtful], kind="stable")].tolist():
        by_signal.setdefault(str(lowest[position]), {}).setdefault(exchanges[position].answer, position)
    turns = [
        (turn, -float(doubts[position]), position, signal)
        for signal, positions in by_signal.items()
        for turn, position in enumerate(positions.values())
    ]
    return [
        DoubtfulExample(*_example_fields(exchanges[position], places, -negated), signal, BY_NAME[signal].problem)
        for _, negated, position, signal in sorted(turns)[:MAX_TO_REVIEW]
    ]


def _correlations(columns: Mapping[str, Floats], hits: Mapping[str, set[int]]) -> list[Correlation]:
    """The correlation of each two signals, strongest first, and of each signal with the findings of each rule."""
    correlations = []
    names = [name for name in columns if name != DOUBT]
    for index, left in enumerate(names):
        for right in names[index + 1 :]:
            in_both = ~(np.isnan(columns[left]) | np.isnan(columns[right]))
            correlations.append(
                Correlation(left, right, _pearson(columns[left][in_both], columns[right][in_both]), int(in_both.sum()))
            )
    correlations.sort(key=lambda correlation: (-abs(correlation.r), correlation.left, correlation.right))
    by_rule = []
    for code, positions in hits.items():
        reported = np.isin(np.arange(len(columns[DOUBT])), list(positions)).astype(np.float64)
        for left in columns:
            present = ~np.isnan(columns[left])
            by_rule.append(Correlation(left, code, _pearson(columns[left][present], reported[present]), len(positions)))
    by_rule.sort(key=lambda correlation: (-abs(correlation.r), correlation.left, correlation.right))
    return [correlation for correlation in (*correlations, *by_rule) if correlation.r]


def _pearson(left: Floats, right: Floats) -> float:
    """The correlation coefficient; 0 for fewer than two values, or values that are all equal."""
    if len(left) < 2 or not left.std() or not right.std():
        return 0.0
    return round(float(np.corrcoef(left, right)[0, 1]), 4)


def require_scores_file(output: Path) -> None:
    """Raise `UsageError` for a name that does not end in .parquet, and for a file that `write_scores` did not write."""
    if output.suffix != ".parquet":
        raise UsageError(
            f"{visible(str(output))}: values are written as Parquet", "choose a name that ends in .parquet"
        )
    if output.is_file():
        try:
            names = list(pl.read_parquet_schema(output))
        except (OSError, pl.exceptions.PolarsError):
            names = []
        if DOUBT not in names:
            raise UsageError(f"{visible(str(output))}: exists and has no scores", "choose another output")


def write_scores(result: ScoreResult, output: Path, *, mode: int) -> None:
    """Write all values to a Parquet file, one row for each example; `mode` as in `replacing`. Raises `OutputError`."""
    from curate.storage.files import FREE_SPACE, replacing

    where = [result.places[exchange.id] for exchange in result.exchanges]
    frame = pl.DataFrame(
        {
            "example": [exchange.id for exchange in result.exchanges],
            "file": [place.file for place in where],
            "line": [place.line for place in where],
            **{name: pl.Series(column).fill_nan(None) for name, column in result.columns.items()},
        }
    )
    with replacing(output, mode=mode, named=True) as file:
        try:
            frame.write_parquet(file)
        except pl.exceptions.PolarsError as error:  # also what the system reports, such as a full disk
            raise OutputError(
                f"{visible(str(output))}: cannot be written: {visible(str(error))}",
                FREE_SPACE,
            ) from error


def models_of(project_config: Config, embeddings: str | None, loss_model: str | None, *, no_models: bool) -> Models:
    """The models of an option or of the configuration, or the default embedding model if it is at hand.

    `embeddings` and `loss_model` are options, None if not given; a loss model is only named by its option. `no_models`
    excludes the configured and the default embedding model, but not models that an option names.
    """
    options = {"embeddings": embeddings, "models": False if no_models else None}
    config = with_default_models(with_options(project_config.conflicts, **options))
    unwanted = (no_models and embeddings is None) or not (config.models or config.embeddings)
    return Models("" if unwanted else config.embeddings or None, loss_model or "")
