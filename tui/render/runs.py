"""Training runs and evaluations: one in detail, with its curves, several in comparison, the answers to a question, and
the verdict.
"""

from collections.abc import Sequence
from itertools import groupby, zip_longest
from math import inf, isfinite
from typing import Any, Final

from textual.content import Content

from curate.commands.run.followed import (
    UNBOUNDED_METRICS,
    EvaluationOutcome,
    Followed,
    Score,
    SystemResult,
    TrainingState,
)
from curate.core.text import EMPTY, excerpt, visible
from tui.conversation import literal, one_line, shortened
from tui.render.signs import MUTED, bar, lines

BRAILLE_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
LABEL_CELLS = 11
"""Width of the labels of a curve in cells."""
MIN_COLUMN_CELLS: Final = 36
"""Minimum width of a column in cells."""
GAP: Final = "  "
STATES: Final = {
    TrainingState.RUNNING: ("▶ running", "bold $text-warning"),
    TrainingState.FINISHED: ("✓ finished", "bold $text-success"),
    TrainingState.STOPPED: ("■ stopped", "bold $text-error"),
}
ANSWER_LABELS: Final = (
    ("asked", "prompt", "$text-primary"),
    ("expected", "reference", "$text-accent"),
    ("base model", "base", "$text-warning"),
    ("tuned", "tuned", "$text-success"),
)
MAX_SAMPLES: Final = 3
"""Maximum number of sample answers of a finished training."""
MAX_CURVES: Final = 4
NO_TRAINING: Final = "No training yet. `curate train RECIPE` starts one"
START_HINT: Final = "; so does {}, if curate.toml names a `recipe`"


def run_detail(runs: Sequence[Followed], index: int, width: int, height: int) -> Content:
    """One training in detail; the height of its curves depends on the `height` of the view."""
    run = runs[min(index, len(runs) - 1)]
    state, colour = STATES[run.state]
    turn = f"   run {min(index, len(runs) - 1) + 1} of {len(runs)} ←→   "
    parts = [Content.assemble(one_line(run.name, "bold"), "  ", (state, colour), (turn, MUTED), _model(run))]
    if run.phase and run.state is TrainingState.RUNNING:
        done, total = run.phase.get("done") or 0, run.phase.get("total") or 0
        parts.append(
            Content.assemble(
                one_line(f"{run.phase.get('name', '')!s:<18}"),
                bar(done / total if total else 0, 24, track=True),
                f" {done:,} of {total:,}",
            )
        )
    if run.steps:
        parts.append(_progress(run, width))
        high = max(5, min(16, (height - 12) * 2 // 3))
        losses = [float(step["loss"]) for step in run.steps]
        last = max(1, len(run.steps))
        also = [(step / (run.steps[-1]["step"] or last), loss) for step, loss in run.validation]
        parts.append(Content.assemble(("loss", "bold"), ("  ◆ on the validation split" if also else "", MUTED)))
        parts.append(curve(losses, width - LABEL_CELLS - 1, high, also=also))
        rates = [float(step["learning_rate"]) for step in run.steps if step.get("learning_rate") is not None]
        if rates:
            drawn = curve(rates, width - LABEL_CELLS - 1, max(3, high // 3), "$text-accent")
            parts += [Content.styled("learning rate", "bold"), drawn]
    if run.events:
        parts.append(Content.assemble(("events: ", "bold"), one_line(", ".join(run.events[-6:]), MUTED)))
    if run.report:
        parts.append(loss_change(run.report))
        parts.extend(_sample_answers(run.report, width))
    elif run.output and run.state is TrainingState.STOPPED:
        parts.append(Content.assemble(("last output:\n", "bold"), shortened(run.output[-800:], rest="")))
    return lines(*parts)


def _model(run: Followed) -> Content:
    """The base model and the method of a run."""
    return one_line(f"{run.recipe.get('model', 'model unknown')} {_method(run)}", MUTED)


def _progress(run: Followed, width: int) -> Content:
    """The progress; facts that do not fit on a line move to the next one."""
    step = run.steps[-1]
    facts = [f"step {step['step']:,} of {step.get('max_steps') or 0:,}", f"loss {float(step['loss']):.4f}"]
    if step.get("learning_rate") is not None:
        facts.append(f"learning rate {float(step['learning_rate']):.2e}")
    if step.get("tokens_per_second"):
        facts.append(f"{float(step['tokens_per_second']):,.0f} tokens/s")
    if step.get("memory"):
        facts.append(f"{float(step['memory']) / 2**30:.2f} GiB")
    if run.seconds_left is not None:
        facts.append(f"{_duration(run.seconds_left)} left")
    share = int(step["step"]) / int(step["max_steps"]) if step.get("max_steps") else 0.0
    rows = [f"{'':<25}"]
    for item in facts:
        if len(rows[-1]) + len(item) + 3 > width:
            rows.append(f"{'':<25}")
        rows[-1] += ("" if rows[-1].isspace() else " · ") + item
    return lines(Content.assemble(bar(share, 24, "$text-success", track=True), rows[0][24:]), *rows[1:])


def _duration(seconds: float) -> str:
    """Seconds as `M:SS` or `H:MM:SS`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def loss_change(report: dict[str, Any]) -> Content:
    """The held-out loss before and after the training; empty without a report."""
    base, tuned = report.get("base_loss"), report.get("tuned_loss")
    if base is None or tuned is None:
        return Content("")
    sign, colour = ("▼", "bold $text-success") if tuned < base else ("▲", "bold $text-error")
    return Content.assemble(
        ("held-out loss ", "bold"), f"{base:.4f} before, {tuned:.4f} after  ", (f"{sign} {tuned - base:+.4f}", colour)
    )


def _sample_answers(report: dict[str, Any], width: int) -> list[Content]:
    """Sample answers of the finished training and of its base model."""
    parts: list[Content] = []
    for sample in (report.get("generations") or [])[:MAX_SAMPLES]:
        prompt = Content.assemble(("\nasked ", "bold"), literal(excerpt(str(sample.get("prompt", "")), 300)))
        blocks = [
            Content.assemble((f"{title}\n", f"bold {colour}"), literal(excerpt(str(sample.get(key, "")), 600) or EMPTY))
            for title, key, colour in ANSWER_LABELS[1:]
        ]
        parts.extend([prompt, side_by_side(blocks, width)])
    return parts


COLUMNS: Final[tuple[tuple[str, int], ...]] = (
    ("run", 19), ("", 12), ("method", 10), ("steps", 8), ("loss", 9), ("before", 9), ("after", 9), ("tokens/s", 10),
    ("memory", 10), ("rate", 9),
)  # fmt: skip
"""The columns of the comparison and their widths; the last ones are shown if there is room."""


def run_comparison(runs: Sequence[Followed], width: int, height: int) -> Content:
    """All trainings, one line each, and the losses of the latest ones on one scale."""
    best = min((_loss(run) for run in runs), default=inf)
    room, shown = 0, 0
    while shown < len(COLUMNS) and room + COLUMNS[shown][1] <= width:
        room, shown = room + COLUMNS[shown][1], shown + 1
    parts = [Content.styled("".join(_cell(name, index) for index, (name, _) in enumerate(COLUMNS[:shown])), MUTED)]
    for run in runs:
        state, colour = STATES[run.state]
        cells = [
            _cell(text, index)
            for index, text in enumerate(_comparison_cells(run, state, best=_loss(run) == best < inf and len(runs) > 1))
        ][:shown]
        parts.append(Content.assemble(literal(cells[0]), (cells[1], colour), literal("".join(cells[2:]))))
    drawn = [run for run in runs if run.steps][:MAX_CURVES]
    losses = [[float(step["loss"]) for step in run.steps] for run in drawn]
    finite = [loss for series in losses for loss in series if isfinite(loss)]
    if finite:
        span, longest = (min(finite), max(finite)), max(int(run.steps[-1]["step"]) for run in drawn) or 1
        high = max(4, min(10, (height - len(runs) - 3) // len(drawn) - 2))
        for run, values in zip(drawn, losses, strict=True):
            parts.append(Content.assemble("\n", one_line(run.name, "bold"), "  ", one_line(_method(run), MUTED)))
            parts.append(
                curve(values, width - LABEL_CELLS - 1, high, span=span, share=int(run.steps[-1]["step"]) / longest)
            )
    return lines(*parts)


def _loss(run: Followed) -> float:
    """The held-out loss after the training; infinite without a report, so that it sorts last."""
    after = (run.report or {}).get("tuned_loss")
    return float(after) if isinstance(after, int | float) else inf


def _method(run: Followed) -> str:
    """The name of the training method; empty if the recipe does not name it."""
    method = run.recipe.get("method")
    return str(method.get("name", "") if isinstance(method, dict) else method or "")


def _comparison_cells(run: Followed, state: str, *, best: bool) -> tuple[str, ...]:
    step, report = run.steps[-1] if run.steps else {}, run.report or {}
    losses = step.get("loss"), report.get("base_loss"), report.get("tuned_loss")
    numbers = [f"{float(value):.4f}" if isinstance(value, int | float) else "" for value in losses]
    numbers[2] = f"★ {numbers[2]}" if best else numbers[2]
    rate = report.get("learning_rate") or max(
        (float(entry.get("learning_rate") or 0) for entry in run.steps), default=0.0
    )
    memory = f"{max(float(entry.get('memory') or 0) for entry in run.steps) / 2**30:.2f} GiB" if run.steps else ""
    speed = f"{float(step.get('tokens_per_second') or 0):,.0f}"
    return run.name, state, _method(run), f"{step.get('step', 0):,}", *numbers, speed, memory, f"{float(rate):.1e}"


def _cell(text: str, column: int) -> str:
    """A text cut and padded to the width of a column; the first three columns are aligned to the left."""
    width = COLUMNS[column][1]
    return f"{text[: width - 1]:<{width}}" if column < 3 else f"{text[: width - 1]:>{width}}"


def side_by_side(texts: Sequence[Content], width: int) -> Content:
    """As many columns as fit, row by row; the remaining texts follow below."""
    many = max(1, min(len(texts), (width + len(GAP)) // (MIN_COLUMN_CELLS + len(GAP))))
    if many == 1:
        return Content("\n\n").join(texts)
    many = -(-len(texts) // -(-len(texts) // many))  # bands with about the same number of texts
    each = (width - len(GAP) * (many - 1)) // many
    bands = []
    for first in range(0, len(texts), many):
        columns = [text.wrap(each) for text in texts[first : first + many]]
        rows = [
            Content(GAP).join([line.pad_right(max(0, each - line.cell_length)) for line in row])
            for row in zip_longest(*columns, fillvalue=Content(""))
        ]
        bands.append(Content("\n").join(rows))
    return Content("\n\n").join(bands)


def curve(
    values: Sequence[float],
    width: int,
    height: int,
    colour: str = "$text-primary",
    also: Sequence[tuple[float, float]] = (),
    *,
    span: tuple[float, float] | None = None,
    share: float = 1.0,
) -> Content:
    """Draw values as a curve of `width` by `height` cells, with the highest and the lowest value as labels.

    `also`: further points (x from 0 to 1, y), drawn as diamonds. Curves in comparison have the same `span`, and use the
    `share` of the width.
    """
    finite = [value for value in (*values, *(high for _, high in also)) if isfinite(value)]
    if not finite:
        return Content.styled("nothing to draw yet", "$foreground-muted")
    low, top = span or (min(finite), max(finite))
    spread = (top - low) or 1.0
    cells = [[0] * width for _ in range(height)]
    columns, before = max(1, round(width * 2 * share)), -1
    for column in range(columns):
        first = column * len(values) // columns
        last = max((column + 1) * len(values) // columns, first + 1)
        part = [value for value in values[first:last] if isfinite(value)]
        if part:
            row = min(height * 4 - 1, max(0, round((top - sum(part) / len(part)) / spread * (height * 4 - 1))))
            begin, end = (row, row + 1) if before < 0 else (min(before + 1, row), max(before, row + 1))
            for dot in range(begin, end):  # a line instead of dots
                cells[dot // 4][column // 2] |= BRAILLE_DOTS[dot % 4][column % 2]
            before = row
    marks = {
        (min(height - 1, round((top - high) / spread * (height - 1))), min(width - 1, round(right * (width - 1))))
        for right, high in also
    }
    lines = []
    for row, line in enumerate(cells):
        label = f"{top:>9.4g} ┤" if row == 0 else f"{low:>9.4g} ┤" if row == height - 1 else " " * 10 + "│"
        drawn = [((row, index) in marks, chr(0x2800 + cell) if cell else " ") for index, cell in enumerate(line)]
        runs = [(marked, "".join(char for _, char in run)) for marked, run in groupby(drawn, key=lambda pair: pair[0])]
        parts = [("◆" * len(text), "bold $text-warning") if marked else (text, colour) for marked, text in runs]
        lines.append(Content.assemble((label, "$foreground-muted"), *parts))
    return Content("\n").join(lines)


OUTCOMES: Final = {
    "helped": ("✓ training helped: ", "bold $text-success"),
    "no-gain": ("○ training did not help: ", "bold $text-warning"),
    "worse": ("✗ training made it worse: ", "bold $text-error"),
    "not-compared": ("· ", "bold $foreground-muted"),
}
TITLE_CELLS: Final = 18
"""Width of a system's name in cells."""
SCORE_CELLS: Final = 22
"""Width of a score with its interval in cells."""
NO_EVALUATION: Final = "No finished training yet. `curate evaluate RUN` compares a finished one with its base."


def evaluation(runs: Sequence[Followed], index: int, output: int, width: int) -> Content:
    """The evaluation of one training."""
    done = sorted(
        (run for run in runs if run.report or run.evaluation), key=lambda run: run.evaluation is None
    )  # ordered by time, latest first
    if not done:
        return Content(NO_EVALUATION)
    run = done[min(index, len(done) - 1)]
    outcome = run.evaluation
    questions = (
        f"   {outcome.questions:,} of {outcome.available:,} questions of {outcome.split}, {outcome.task}"
        if outcome
        else ""
    )
    turn = f"   run {min(index, len(done) - 1) + 1} of {len(done)} ←→" if len(done) > 1 else ""
    parts = [Content.assemble(one_line(run.name, "bold"), one_line(questions, MUTED), (turn, MUTED))]
    if outcome is None:
        parts.append(loss_change(run.report or {}))
        why = f"evaluation.json cannot be read: {run.unread}" if run.unread else "no evaluation yet"
        parts.append(
            Content.assemble(
                one_line(why, MUTED),
                one_line(f"; `curate evaluate {run.name}` compares it with the base and a good prompt", MUTED),
            )
        )
        return lines(*parts, _generations((run.report or {}).get("generations") or [], output, width))
    sign, colour = OUTCOMES.get(outcome.verdict.outcome, OUTCOMES["not-compared"])
    parts.append(Content.assemble((sign, colour), one_line(outcome.verdict.sentence, "bold")))
    parts.extend([Content(""), *_table(outcome, width), *_intervals(outcome, width)])
    parts.extend(one_line(f"note: {note}", "$text-warning") for note in outcome.notes)
    return lines(*parts, _outputs(outcome, output, width))


def _score_text(metric: str, score: Score) -> str:
    """A score with its interval: `61.0 [55.0, 66.5]`."""
    scale = 1.0 if metric in UNBOUNDED_METRICS else 100.0
    digits = 2 if metric in UNBOUNDED_METRICS and score.value < 100 else 1
    value, low, high = (
        f"{number * scale:.{digits}f}" if abs(number) < 1e6 else f"{number:.1e}"
        for number in (score.value, score.low, score.high)
    )
    return f"{value} [{low}, {high}]"


def _table(outcome: EvaluationOutcome, width: int) -> list[Content]:
    """The primary metric, then as many others as fit."""
    every = list(dict.fromkeys(metric for result in outcome.results for metric in result.scores))
    names = [outcome.metric, *(name for name in every if name != outcome.metric)]
    titles = [visible(outcome.titles.get(name, name)) for name in names]
    shown = names[: max(1, (width - TITLE_CELLS - 2) // SCORE_CELLS)]
    parts = [
        Content.styled(
            f"{'':<{TITLE_CELLS + 2}}"
            + "".join(f"{title[: SCORE_CELLS - 1]:>{SCORE_CELLS}}" for title in titles[: len(shown)]),
            MUTED,
        )
    ]
    for system in outcome.results:
        best = system.name == outcome.verdict.use
        scores = [
            f"{_score_text(name, system.scores[name]) if name in system.scores else '':>{SCORE_CELLS}}"
            for name in shown
        ]
        sign = ("★ ", "bold $text-success") if best else ("  ", "")
        parts.append(
            Content.assemble(
                sign,
                literal(f"{system.title[:TITLE_CELLS]:<{TITLE_CELLS}}", style="bold" if best else ""),
                (scores[0], "bold"),
                "".join(scores[1:]),
            )
        )
    left = titles[len(shown) :]
    also = one_line(f"  also measured: {', '.join(left)}", MUTED) if left else Content("")
    return [*parts, Content.assemble(("★ to use   [95% interval]", MUTED), also)]


def _intervals(outcome: EvaluationOutcome, width: int) -> list[Content]:
    """The primary metric on one scale, with intervals."""
    scored: list[tuple[SystemResult, Score]] = [
        (result, result.scores[outcome.metric]) for result in outcome.results if outcome.metric in result.scores
    ]
    if not scored:
        return []
    low, high = min(score.low for _, score in scored), max(score.high for _, score in scored)
    spread, room = (high - low) or 1.0, max(10, min(60, width - TITLE_CELLS - 2))
    parts = [Content("")]
    for system, score in scored:
        middle, left, right = (
            min(room - 1, max(0, round((value - low) / spread * (room - 1))))
            for value in (score.value, score.low, score.high)
        )
        drawn = "".join(
            "●" if i == middle else "├" if i == left else "┤" if i == right else "─" if left < i < right else " "
            for i in range(room)
        )
        parts.append(
            Content.assemble(
                "  ",
                literal(f"{system.title[:TITLE_CELLS]:<{TITLE_CELLS}}"),
                (drawn, "$text-success" if system.tuned else "$text-primary"),
            )
        )
    return parts


def _answer_block(title: str, text: str, colour: str) -> Content:
    """A text below its title; a note if it is empty."""
    return Content.assemble(
        (title, f"bold {colour}"),
        "\n",
        shortened(text, rest="") if text else Content.styled(EMPTY, f"{MUTED} italic"),
    )


def _outputs(outcome: EvaluationOutcome, output: int, width: int) -> Content:
    """A question with the expected answer and those of all systems. `output`: its number, which starts again after the
    last.
    """
    if not outcome.outputs:
        return Content("")
    chosen = output % len(outcome.outputs)
    answered = outcome.outputs[chosen]
    where = one_line(f"{answered.file}:{answered.line}", MUTED)
    head = Content.assemble(("question ", "bold"), (f"{chosen + 1} of {len(outcome.outputs)} ↑↓   ", MUTED), where)
    answers = [
        _answer_block(excerpt(way.title), answered.answers[way.name], "$text-success" if way.tuned else "$text-warning")
        for way in outcome.results
        if way.name in answered.answers
    ]
    request = side_by_side(
        [
            _answer_block("asked", answered.request, "$text-primary"),
            _answer_block("expected", answered.expected, "$text-accent"),
        ],
        width,
    )
    return lines("", head, "", request, "", side_by_side(answers, width))


def _generations(answers: Sequence[dict[str, Any]], output: int, width: int) -> Content:
    """The sample generations of a training without an evaluation."""
    if not answers:
        return Content("")
    chosen = output % len(answers)
    head = Content.assemble(("question ", "bold"), (f"{chosen + 1} of {len(answers)} ↑↓", MUTED))
    blocks = [_answer_block(title, str(answers[chosen].get(key, "")), colour) for title, key, colour in ANSWER_LABELS]
    return lines("", head, "", side_by_side(blocks[:2], width), "", side_by_side(blocks[2:], width))
