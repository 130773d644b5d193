"""A plan on a terminal: tables, and three examples in colour."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from curate.core.text import duration, gigabytes, plural, visible
from curate.render.console import COLOURS, console, table
from train.evaluation.verdict import MIN_QUESTIONS
from train.methods import OBJECTIVES
from train.results import TextSpan, TrainingPlan

MAX_CHARS = 600


def plan_text(plan: TrainingPlan, command: str) -> Iterator[RenderableType]:
    """A plan for people, and the `command` that trains; text of the data is shown as it is, never as markup."""
    colour = console().color_system is not None
    yield table("The training", "", "", rows=_facts(plan))
    numbers, counts = ("examples", "texts", "tokens", "trained on", "longest"), []
    for split in plan.splits:
        values = (split.examples, split.texts, split.tokens, split.supervised, split.longest)
        counts.append((split.name, *(f"{value:,}" for value in values)))
    yield table("The data", "split", *numbers, numbers=numbers, rows=counts)
    if plan.findings:
        rows_of_findings = [
            (finding.code, Text(finding.severity.value, COLOURS[finding.severity]), f"{finding.count:,}",
             visible(finding.place), visible(finding.message))
            for finding in plan.findings
        ]  # fmt: skip
        columns = ("code", "", "count", "first", "says")
        yield table("Tokenization and chat template (family K)", *columns, numbers=("count",), rows=rows_of_findings)
    for title, left_out in (("Longer than max_length", plan.over_length), ("Cannot be trained on", plan.untrainable)):
        if left_out:
            rows = [(example.split, f"{example.line:,}", visible(example.reason)) for example in left_out[:10]]
            head = f"{title}: {plural(len(left_out), 'example')}"
            yield table(head, "split", "line", "reason", numbers=("line",), rows=rows)
    yield from _notes(plan)
    parts = "the green parts" if colour else "the parts in {+ +}"
    yield Text(f"Three examples as the model sees them; it is trained on {parts}.", "bold")
    for mask, role in zip(plan.masks, plan.mask_roles, strict=True):
        labels = [Text(f"A {role} answer:", "bold")] if OBJECTIVES[plan.objective].compares else []
        yield Group(Text(""), *labels, _marked_text(mask, colour=colour))
    yield Text("")
    if not plan.refusals:
        yield Text(f"Ready:  {visible(command)}", "bold green", no_wrap=True, overflow="ignore")
    for refusal in plan.refusals:
        yield Text(f"It would be refused: {refusal.reason}", "bold red")
        yield Text(f"  next: {refusal.next}")


def _notes(plan: TrainingPlan) -> Iterator[Text]:
    """Notes about the splits: repeated turns, few held-out examples, differences from inference."""
    for split in plan.splits:
        if split.repeated > 1:
            yield Text(
                f"note: {split.name}: the chat template changes earlier turns, so each answer is a text of its own: "
                f"{split.texts / split.examples:.1f} texts an example, {split.repeated:.1f} times the tokens"
                + ('; history = "as-is" trains on one text each' if split.name == "train" else ""),
                "yellow",
            )
    if (held_out := plan.splits[-1]).examples < MIN_QUESTIONS:
        few = plural(held_out.examples, "example")
        yield Text(
            f"note: {held_out.name}: {few}; fewer than {MIN_QUESTIONS} cannot show whether training helped", "yellow"
        )
    for mismatch, count in plan.mismatches.items():
        yield Text(f"note: {plural(count, 'example')}: {visible(mismatch)}", "yellow")


def _facts(plan: TrainingPlan) -> Iterator[tuple[str, str]]:
    """The rows of the table: a name, empty for a row that continues the one above, and a value."""
    share = plan.trainable_parameters / plan.total_parameters
    yield "base", visible(plan.model)
    yield "method", f"{plan.method}: {plan.trains}"
    for problem in plan.cannot:
        yield "", f"note: {problem}"
    if plan.objective != "sft":
        yield "objective", OBJECTIVES[plan.objective].title
    yield "trainable parameters", f"{plan.trainable_parameters:,} of {plan.total_parameters:,} ({share:.2%})"
    yield "learning rate", f"{plan.learning_rate:g} at its peak (from {plan.learning_rate_from})"
    warm_up = f"after {plural(plan.warmup_steps, 'step')} of warm-up" if plan.warmup_steps else "without warm-up"
    yield "", f"{plan.schedule} {warm_up}"
    passes = plural(plan.passes, "pass")
    yield "steps", f"{plan.steps:,}, in {passes} of at most {plan.tokens_per_pass:,} tokens"
    epochs = f"{plan.epochs:.1f}".removesuffix(".0") if plan.epochs >= 1 else f"{plan.epochs:.2g}"
    yield "", f"{epochs} {'epoch' if epochs == '1' else 'epochs'} of {plural(plan.splits[0].examples, 'example')}"
    yield "tokens", f"{plan.tokens:,}, {plan.supervised:,} of them trained on ({plan.supervised / plan.tokens:.0%})"
    if plan.served_with:
        yield "serve with", visible(plan.served_with)
    checkpointing = ", activation checkpointing" if plan.activation_checkpointing else ""
    yield "computes in", f"{plan.dtype} on {plan.device}, {plan.optimiser}{checkpointing}"
    memory = plan.memory
    yield "memory", f"{gigabytes(memory.low)} to {gigabytes(memory.high)} of {gigabytes(plan.memory_available)}"
    parts = {"base": memory.weights, "trained": memory.trained, "a step": memory.step, "other": memory.around}
    yield "", ", ".join(f"{name} {gigabytes(size)}" for name, size in parts.items())
    if plan.memory_measured is not None:
        yield "memory, measured", gigabytes(plan.memory_measured)
    yield "disk", f"up to {gigabytes(plan.disk)} for checkpoints and adapter"
    yield "measured", _measured_text(plan)
    if plan.seconds is None or plan.seconds_measuring is None:
        yield "time", "not measured: --measure runs a step"
    else:
        yield "time", f"about {duration(plan.seconds)}, and {duration(plan.seconds_measuring)} for measurements"


def _measured_text(plan: TrainingPlan) -> str:
    """When the training measures itself on the validation split, and which adapter it keeps."""
    if plan.evaluate_every is None:
        return "nothing during the training; the last adapter is kept"
    when = f"every {plural(plan.evaluate_every, 'step')}" if plan.evaluate_every < plan.steps else "after the last step"
    return f"{when} on {plural(plan.evaluate_examples, 'example')} of validation; the {plan.keep} adapter is kept"


def _marked_text(pieces: tuple[TextSpan, ...], *, colour: bool) -> Text:
    """A text whose trained parts are marked by colour, or as `{+part+}`; long parts are shortened."""
    shown = Text()
    left = MAX_CHARS
    for piece in pieces:
        text = visible(piece.text, keep_newlines=True)
        # Of a long piece what stands next to the border matters most.
        if len(text) > left:
            text = f"{text[: left // 2]} … {text[-(left - left // 2) :]}"
        marked = f"{{+{text}+}}" if piece.trained and not colour else text
        shown.append(marked, "green" if piece.trained else "dim")
        left = max(80, left - len(text))
    return shown
