"""Quality signals as text: a table, histograms, both ends of each signal, correlations."""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from curate.commands.score import REVIEW_DOUBT, DoubtfulExample, ScoredExample, ScoreResult
from curate.core.example import Place
from curate.core.masking import masked
from curate.core.text import excerpt, plural, visible
from curate.language.refusals import OPENING_CHARS, refusal_start
from curate.quality.signals import DOUBT
from curate.render.console import LEVELS, table

MIN_R: Final = 0.1
MAX_CORRELATIONS: Final = 12
END_CHARS: Final = 50
LINE: Final = 76
"""Characters of a place and its evidence together, for a terminal of 80 columns."""
MIN_EVIDENCE: Final = 30
PIPED_MEANING: Final = 33
"""Characters of the last column of the table in a file or a pipe, so that it has 80 columns."""
SHOWN_AT_END: Final = ("ending", "loops")
SHOWN_AT_START: Final = ("beginning", "garbled", "format")


def score_text(
    result: ScoreResult, *, full: bool, paths: Sequence[str], output: Path | None
) -> Iterator[RenderableType]:
    """The result for people; `full`: both ends of each signal with ten examples each, and all correlations.

    `paths` are those of the data and `output` the file of the scores, for the command of the next step.
    """
    numbers = ("mean", "below .5")
    summary = table("", "signal", "mean", "histogram", "below .5", "meaning and measured accuracy", numbers=numbers)
    if not sys.stdout.isatty():
        summary.columns[-1].max_width = PIPED_MEANING
    for scores in result.signals:
        low = f"{int((result.columns[scores.signal.name] < 0.5).sum()):,}" if scores.signal.doubts else ""
        text = (
            f"{scores.signal.summary} ({scores.signal.measured})" if scores.signal.measured else scores.signal.summary
        )
        summary.add_row(scores.signal.name, f"{scores.mean:.3f}", bar(scores.histogram), low, text)
    if result.signals:
        yield summary
    else:
        yield Text("no example has a request and an answer in words")
    for scores in result.signals if full else ():
        if scores.signal.name == DOUBT:
            yield from _listed(f"{DOUBT}: most doubtful", scores.highest, result.places)
        else:
            yield from _listed(f"{scores.signal.name}: lowest", scores.lowest, result.places)
            yield from _listed(f"{scores.signal.name}: highest", scores.highest, result.places)
    related = [pair for pair in result.correlations if full or abs(pair.r) >= MIN_R][
        : None if full else MAX_CORRELATIONS
    ]
    if related:
        yield Text("correlations", style="bold")
    for pair in related:
        yield Text(f"  {pair.r:+.2f}  {pair.left} and {pair.right} ({plural(pair.examples, 'example')})")
    for note in result.notes:
        yield Text(f"note: {note}", style="dim")
    without = result.read - result.not_understood - result.copies - result.scored
    left = [plural(result.copies, "copy")] if result.copies else []
    left += [f"{without:,} without a request and an answer in words"] if without else []
    account = f", without {' and '.join(left)}" if left else ""
    scored = f"{plural(result.scored, 'example')} scored of {plural(result.read, 'line')}{account}"
    yield Text(f"{scored}; nothing is removed for a score", style="bold")
    if result.signals:
        yield from _to_review(result)
    if result.to_review:
        yield from _next_step(paths, output)


def _to_review(result: ScoreResult) -> Iterator[Text]:
    """The examples to look at, by problem; the most frequent problem first."""
    doubtful = f"{plural(sum(result.doubtful.values()), 'example')} with a doubt of {REVIEW_DOUBT} or more"
    listed = f"; look at {'this one' if len(result.to_review) == 1 else f'these {len(result.to_review)}'}:"
    yield Text(doubtful + (listed if result.to_review else ""), style="bold")
    for signal, count in result.doubtful.items():
        examples = [example for example in result.to_review if example.signal == signal]
        if examples:
            yield Text(f"{examples[0].problem} ({signal}; {plural(count, 'example')})")
        for example in examples:
            place = visible(str(result.places[example.example]))
            yield Text.assemble(f"  {place}  ", (_evidence(example, max(MIN_EVIDENCE, LINE - len(place))), "dim"))


def _evidence(example: DoubtfulExample, width: int) -> str:
    """The part of an example that shows its problem, on one line."""
    answer = masked(example.answer)
    if example.signal in SHOWN_AT_END:
        return excerpt(answer, width) if len(answer) <= width else f"… {excerpt(answer[2 - width :], width - 2)}"
    if example.signal in SHOWN_AT_START:
        return excerpt(answer, width)
    if example.signal == "refusal":
        answer = answer[refusal_start(answer[:OPENING_CHARS]) or 0 :]
    half = (width - 3) // 2
    return f"{excerpt(masked(example.request), half)} → {excerpt(answer, width - 3 - half)}"


def _next_step(paths: Sequence[str], output: Path | None) -> Iterator[Text]:
    """The command that reviews these examples; with the option that writes the scores, if they were not written."""
    scores = Path("scores.parquet") if output is None else output
    command = visible(shlex.join(["curate", "review", *paths, "--scores", str(scores)]))
    before = "" if output else f"add -o {scores} to this command, then "
    yield Text(f"next: {before}{command}, filter signal:doubt>={REVIEW_DOUBT}")


def bar(counts: list[int]) -> str:
    """A histogram in one line; a bin with few examples is still visible."""
    highest = max(counts, default=0)
    return "".join(" " if not count else LEVELS[count * (len(LEVELS) - 1) // highest] for count in counts)


def _listed(title: str, examples: list[ScoredExample], places: Mapping[str, Place]) -> Iterator[Text]:
    """A title and a line for each example; the title is left out if there are none."""
    if examples:
        yield Text(title, style="bold")
    for example in examples:
        yield Text.assemble(
            f"  {example.value:.3f} {visible(str(places[example.example]))}: ",
            (excerpt(masked(example.request), 60), "dim"),
            " → ",
            both_ends(masked(example.answer)),
        )


def both_ends(answer: str) -> str:
    """The beginning and the end of an answer: faults are at both."""
    if len(answer) <= 2 * END_CHARS:
        return excerpt(answer, 2 * END_CHARS)
    return f"{excerpt(answer[:END_CHARS], END_CHARS)} … {excerpt(answer[-END_CHARS:], END_CHARS)}"
