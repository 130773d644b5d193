"""Evaluation results: systems in comparison, their answers to one question, and the verdict."""

from collections.abc import Sequence
from typing import Any, Final

from textual.content import Content

from curate.commands.run.followed import UNBOUNDED_METRICS, Followed, Outcome, Score, SystemResult
from curate.core.text import excerpt, visible
from tui.conversation import literal, one_line, shortened
from tui.render.runs import ANSWER_LABELS, loss_change, side_by_side
from tui.render.signs import MUTED, lines

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
NO_TRAINING: Final = "No finished training yet. `curate evaluate RUN` compares a finished one with its base."


def evaluation(runs: Sequence[Followed], index: int, output: int, width: int) -> Content:
    """The evaluation of one training."""
    done = sorted(
        (run for run in runs if run.report or run.evaluation), key=lambda run: run.evaluation is None
    )  # ordered by time, latest first
    if not done:
        return Content(NO_TRAINING)
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


def _table(outcome: Outcome, width: int) -> list[Content]:
    """The primary metric, then as many others as fit."""
    every = list(dict.fromkeys(metric for result in outcome.results for metric in result.scores))
    names = [outcome.metric, *(name for name in every if name != outcome.metric)]
    shown = names[: max(1, (width - TITLE_CELLS - 2) // SCORE_CELLS)]
    parts = [
        Content.styled(
            f"{'':<{TITLE_CELLS + 2}}"
            + "".join(f"{visible(name)[: SCORE_CELLS - 1]:>{SCORE_CELLS}}" for name in shown),
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
    left = names[len(shown) :]
    also = one_line(f"  also measured: {', '.join(left)}", MUTED) if left else Content("")
    return [*parts, Content.assemble(("★ to use   [95% interval]", MUTED), also)]


def _intervals(outcome: Outcome, width: int) -> list[Content]:
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
        shortened(text, rest="") if text else Content.styled("(nothing)", f"{MUTED} italic"),
    )


def _outputs(outcome: Outcome, output: int, width: int) -> Content:
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
