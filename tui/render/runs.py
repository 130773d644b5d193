"""Trainings: one in full, and several beside each other."""

from collections.abc import Sequence
from typing import Any, Final

from textual.content import Content

from curate.pipeline.followed import Followed, State
from tui.conversation import literal, shortened
from tui.render.plot import curve
from tui.render.signs import bar, lines

MUTED: Final = "$foreground-muted"
STATES: Final = {
    State.RUNNING: ("▶ running", "bold $text-warning"),
    State.FINISHED: ("✓ finished", "bold $text-success"),
    State.STOPPED: ("■ stopped", "bold $text-error"),
}
NONE: Final = 'No training yet: name a recipe in curate.toml (`recipe = "recipe.toml"`), then s starts it; or run `curate train RECIPE`.'


def training(runs: Sequence[Followed], at: int, width: int) -> Content:
    """One training in full."""
    if not runs:
        return Content(NONE)
    run = runs[min(at, len(runs) - 1)]
    state, colour = STATES[run.state]
    head = Content.assemble(literal(run.name, style="bold"), "  ", (state, colour), (f"   run {min(at, len(runs) - 1) + 1} of {len(runs)} ←→", MUTED))
    parts = [head, _model(run)]
    if run.phase and run.state is State.RUNNING:
        done, total = run.phase.get("done") or 0, run.phase.get("total") or 0
        parts.append(Content.assemble(literal(f"{run.phase.get('name', '')!s:<18}"), bar(done / total if total else 0, 24), f" {done:,} of {total:,}"))
    if run.steps:
        parts.extend([_now(run), Content("")])
        losses = [float(step["loss"]) for step in run.steps]
        last = max(1, len(run.steps))
        also = [(step / (run.steps[-1]["step"] or last), loss) for step, loss in run.validation]
        parts.append(Content.assemble(("loss", "bold"), ("  ◆ on the validation split" if also else "", MUTED)))
        parts.append(curve(losses, width - 14, 10, also=also))
        rates = [float(step["learning_rate"]) for step in run.steps if step.get("learning_rate") is not None]
        if rates:
            parts.extend([Content.assemble(("learning rate", "bold")), curve(rates, width - 14, 4, "$text-accent")])
    if run.events:
        parts.append(Content.assemble(("happened: ", "bold"), literal(", ".join(run.events[-6:]), style=MUTED)))
    if run.report:
        parts.append(result(run.report))
    elif run.said and run.state is State.STOPPED:
        parts.append(Content.assemble(("it said last:\n", "bold"), shortened(run.said[-800:])))
    return lines(*parts)


def _model(run: Followed) -> Content:
    recipe = run.recipe
    method = recipe.get("method")
    name = method.get("name", "") if isinstance(method, dict) else method or ""
    return literal(f"{recipe.get('model', 'model not known yet')}  {name}", style=MUTED)


def _now(run: Followed) -> Content:
    step = run.steps[-1]
    facts = [f"step {step['step']:,} of {step.get('max_steps') or 0:,}", f"loss {float(step['loss']):.4f}"]
    if step.get("learning_rate") is not None:
        facts.append(f"learning rate {float(step['learning_rate']):.2e}")
    if step.get("tokens_per_second"):
        facts.append(f"{float(step['tokens_per_second']):,.0f} tokens/s")
    if step.get("memory"):
        facts.append(f"{float(step['memory']) / 2**30:.2f} GiB")
    if run.seconds_left is not None:
        facts.append(f"{_time(run.seconds_left)} left")
    share = int(step["step"]) / int(step["max_steps"]) if step.get("max_steps") else 0.0
    return Content.assemble(bar(share, 24, "$text-success"), " ", " · ".join(facts))


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def result(report: dict[str, Any]) -> Content:
    """The loss on what was held out, before and after; nothing without a report."""
    base, tuned = report.get("base_loss"), report.get("tuned_loss")
    if base is None or tuned is None:
        return Content("")
    sign, colour = ("▼", "bold $text-success") if tuned < base else ("▲", "bold $text-error")
    return Content.assemble(("held-out loss ", "bold"), f"{base:.4f} before, {tuned:.4f} after  ", (f"{sign} {tuned - base:+.4f}", colour))


def compared(runs: Sequence[Followed], width: int) -> Content:
    """All trainings, a line each."""
    if not runs:
        return Content(NONE)
    parts = [Content.assemble((f"{'run':<26} {'':<11} {'steps':>9} {'loss':>8} {'before':>8} {'after':>8}", MUTED))]
    for run in runs:
        state, colour = STATES[run.state]
        step = run.steps[-1] if run.steps else {}
        report = run.report or {}
        values = (step.get("loss"), report.get("base_loss"), report.get("tuned_loss"))
        numbers = [f"{float(value):8.4f}" if isinstance(value, int | float) else " " * 8 for value in values]
        parts.append(Content.assemble(literal(f"{run.name[:25]:<26} "), (f"{state:<11} ", colour), f"{step.get('step', 0):>9,} ", " ".join(numbers)))
    for run in runs[:4]:
        if run.steps:
            parts.append(Content.assemble("\n", literal(run.name, style="bold")))
            parts.append(curve([float(step["loss"]) for step in run.steps], width - 14, 6))
    return lines(*parts)
