"""Statistics of a data set: what `curate stats` prints for programs, and for people on one screen."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from pydantic import ConfigDict, Field
from rich.table import Table
from rich.text import Text

from curate.core.json_output import OutputModel, output_of
from curate.core.masking import redact_message
from curate.core.text import duration, excerpt, plural, visible
from curate.corpus.stats import (
    MAX_PROMPT_CHARS,
    Plan,
    RoleNumbers,
    Stats,
    ToolNumbers,
    TrainingNumbers,
    histogram,
    percentile,
    usual_epochs,
)
from curate.render.console import bar, table

MAX_PROMPTS: Final = 3
MIN_SHARE: Final = 0.0005
"""Of the letters, for a script to be listed."""
ROLES: Final = ("system", "developer", "user", "assistant", "tool", "function", "other")


class Spread(OutputModel):
    """Distribution of a number over the examples."""

    mean: float
    p50: int
    """Median."""
    p95: int
    """95th percentile."""
    max: int
    total: int


class Bin(OutputModel):
    """Number of examples with a value from `low` to `high`, both inclusive."""

    low: int
    high: int
    examples: int


class ScriptNumbers(OutputModel):
    """The text in one Unicode script."""

    letters: int
    share: float
    """Share of all letters."""
    examples: int
    """Examples with most letters in this script."""


class PromptNumbers(OutputModel):
    """A system prompt."""

    text: str
    """Its beginning, with control characters escaped and secrets replaced by their kind in brackets."""
    examples: int


class SystemNumbers(OutputModel):
    """The use of system prompts."""

    examples: int
    """Examples with a system prompt."""
    distinct: int
    frequent: list[PromptNumbers]
    """The three most frequent."""


class Estimate(OutputModel):
    """Estimated cost and time of a training, from a given price and speed."""

    epochs: int
    """As given; else the number in OpenAI's cookbook for this many examples."""
    tokens: int
    """Tokens of all epochs: the number that services bill."""
    cost: float | None
    """In the currency of the given price."""
    seconds: float | None
    """At the given speed."""


class StatsResult(OutputModel):
    """What `curate stats --json` prints."""

    model_config = ConfigDict(serialize_by_alias=True)

    files: int
    lines: int
    """Non-blank lines."""
    examples: int
    """Lines with an example in a known format."""
    not_understood: int
    """Lines without an example in a known format, including objects in unknown formats."""
    formats: dict[str, int]
    """Lines with a JSON object by format, including those without an example."""
    duplicates: int
    """Examples that are exact copies of an earlier one."""
    tokens_by: Literal["model", "bytes"]
    """How tokens were counted: by the model's tokenizer, or as UTF-8 bytes divided by four."""
    model_name: str | None = Field(serialization_alias="model")
    """The given model."""
    turns: Spread
    """Messages per example."""
    tokens: Spread
    """Tokens per example; with a model, in its chat template."""
    histogram: list[Bin]
    """Tokens per example."""
    roles: dict[str, RoleNumbers]
    """By role; unknown roles together as `other`."""
    scripts: dict[str, ScriptNumbers]
    tools: ToolNumbers
    system: SystemNumbers
    training: TrainingNumbers | None
    """Only with a model."""
    estimate: Estimate


def stats_result(stats: Stats, plan: Plan = Plan()) -> StatsResult:  # noqa: B008
    """The statistics in the documented JSON form."""
    letters = max(1, stats.letters.total())
    prompts = [
        PromptNumbers(text=redact_message(excerpt(prompt.text, MAX_PROMPT_CHARS)), examples=prompt.examples)
        for prompt in stats.frequent_prompts[:MAX_PROMPTS]
    ]
    return output_of(
        StatsResult,
        stats,
        formats=_ordered(stats.formats),
        tokens_by="model" if stats.model else "bytes",
        model_name=stats.model or None,
        turns=_spread_of(stats.turns),
        tokens=_spread_of(stats.tokens),
        histogram=[Bin(low=low, high=high, examples=count) for low, high, count in histogram(stats.tokens)],
        roles=dict(sorted(stats.roles.items(), key=lambda pair: -pair[1].messages)),
        scripts={
            name: ScriptNumbers(letters=count, share=round(count / letters, 6), examples=stats.mainly[name])
            for name, count in _ordered(stats.letters).items()
        },
        system=SystemNumbers(examples=stats.with_system, distinct=len(stats.prompts), frequent=prompts),
        estimate=_training_estimate(stats, plan),
    )


def _training_estimate(stats: Stats, plan: Plan) -> Estimate:
    """The tokens of a training; cost and seconds are None without a price or a speed."""
    epochs = usual_epochs(len(stats.turns)) if plan.epochs is None else plan.epochs
    tokens = epochs * (stats.training.tokens if stats.training else sum(stats.tokens))
    cost = None if plan.price is None else round(tokens / 1e6 * plan.price, 4)
    return Estimate(
        epochs=epochs, tokens=tokens, cost=cost, seconds=None if plan.speed is None else round(tokens / plan.speed, 1)
    )


def _spread_of(values: Sequence[int]) -> Spread:
    ordered = sorted(values)
    total = sum(ordered)
    mean = round(total / len(ordered), 2) if ordered else 0.0
    return Spread(
        mean=mean,
        p50=percentile(ordered, 0.5),
        p95=percentile(ordered, 0.95),
        max=ordered[-1] if ordered else 0,
        total=total,
    )


def _ordered(counts: Counter[str]) -> dict[str, int]:
    """Counts in descending order, then by name."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def stats_text(numbers: StatsResult, name: str, width: int) -> Iterator[Text | Table]:
    """The statistics as lines and tables within `width` columns."""
    prefix = "≈" if numbers.tokens_by == "bytes" else ""
    copies = f", {plural(numbers.duplicates, 'exact duplicate')}" if numbers.duplicates else ""
    unread = numbers.not_understood
    broken = (
        f", {plural(unread, 'line')} without an example in a known form (curate check reports the reasons)"
        if unread
        else ""
    )
    formats = ", ".join(
        f"{name_of_format} {count:,}" if len(numbers.formats) > 1 else name_of_format
        for name_of_format, count in numbers.formats.items()
    )
    yield Text.assemble(
        (visible(name), "bold"),
        f"  {plural(numbers.examples, 'example')}" + (f" ({formats})" if formats else "") + copies + broken,
    )
    if not numbers.tokens.total and not numbers.roles:
        return
    for part in (_role_table(numbers, prefix), _spread_table(numbers, prefix)):
        part.show_edge = False
        yield Text()
        yield part
    yield Text()
    yield Text(
        f"Examples by number of tokens{' (≈: bytes / 4; --model NAME counts them)' if prefix else ''}", style="bold"
    )
    yield from _histogram_lines(numbers, width)
    yield Text()
    yield from _fact_lines(numbers, width)


def _role_table(numbers: StatsResult, prefix: str) -> Table:
    """Messages, characters, tokens and share of each role; `prefix` marks estimated tokens."""
    columns = ("Messages", "Characters", f"{prefix}Tokens", "Share")
    result = table("", "Role", *columns, numbers=columns)
    total = max(1, sum(role.tokens for role in numbers.roles.values()))
    for name in ROLES:
        if role := numbers.roles.get(name):
            result.add_row(
                name, f"{role.messages:,}", f"{role.characters:,}", f"{role.tokens:,}", percent(role.tokens, total)
            )
    return result


def _spread_table(numbers: StatsResult, prefix: str) -> Table:
    columns = ("Mean", "Median", "95th percentile", "Maximum", "Total")
    result = table("", "Per example", *columns, numbers=columns)
    for name, spread in (("messages", numbers.turns), (f"{prefix}tokens", numbers.tokens)):
        numbers_of = (spread.p50, spread.p95, spread.max, spread.total)
        result.add_row(name, f"{spread.mean:,.1f}", *(f"{number:,}" for number in numbers_of))
    return result


def _histogram_lines(numbers: StatsResult, width: int) -> Iterator[Text]:
    """A line for each bar of the histogram, within `width` columns."""
    labels = [f"{part.low:,}–{part.high:,}" if part.low < part.high else f"{part.low}" for part in numbers.histogram]
    counts = [f"{part.examples:,}" for part in numbers.histogram]
    left, right = max(map(len, labels)), max(map(len, counts))
    room = max(10, min(60, width - left - right - 12))
    sizes = [part.examples for part in numbers.histogram]
    for part, label, count in zip(numbers.histogram, labels, counts, strict=True):
        share = percent(part.examples, sum(sizes))
        yield Text.assemble(
            f"{label:>{left}}  {count:>{right}} {share:>4}  ", (bar(part.examples / max(sizes), room), "cyan")
        )


def _fact_lines(numbers: StatsResult, width: int) -> Iterator[Text]:
    """Scripts, tools, system prompts and other facts, a line each, within `width` columns."""
    shown = [f"{name} {script.share:.1%}" for name, script in numbers.scripts.items() if script.share >= MIN_SHARE]
    rare = len(numbers.scripts) - len(shown)
    rare_note = f"; {rare} more below {MIN_SHARE:.2%}" if rare else ""
    yield _fact("Scripts", f"{', '.join(shown)} of the letters{rare_note}" if shown else "no letters")
    tools = numbers.tools
    usage = (
        f"declared in {_share(tools.declared, numbers)}, {plural(tools.calls, 'call')} in "
        f"{_share(tools.called, numbers)}, {plural(tools.results, 'result')}"
    )
    yield _fact("Tools", usage if tools.declared or tools.calls or tools.results else "none")
    if training := numbers.training:
        refused = (
            f"; {plural(training.refused, 'example')} refused (curate check --model reports the reasons)"
            if training.refused
            else ""
        )
        trained = (
            f"{training.trained:,} of {plural(training.tokens, 'token')} trained on "
            f"({percent(training.trained, training.tokens)})"
        )
        yield _fact("Training", trained + refused)
    yield _fact("Estimate", _estimated(numbers))
    system = numbers.system
    if not system.distinct:
        yield _fact("System", "no system prompts")
        return
    yield _fact(
        "System",
        f"{plural(system.distinct, 'different prompt' if system.distinct > 1 else 'prompt')} in "
        f"{_share(system.examples, numbers)}",
    )
    for prompt in system.frequent:
        count = f"{prompt.examples:,} × "
        yield Text.assemble(" " * 10, count, (excerpt(prompt.text, max(20, min(width, 120) - 10 - len(count))), "dim"))


def _estimated(numbers: StatsResult) -> str:
    """The estimated cost and time of a training, if a price and a speed were given."""
    estimate, prefix = numbers.estimate, "≈" if numbers.tokens_by == "bytes" else ""
    text = f"{plural(estimate.epochs, 'epoch')}, {prefix}{plural(estimate.tokens, 'token')} in total"
    if estimate.cost is not None:
        text += f", costs {prefix}{estimate.cost:,.2f}"
    if estimate.seconds is not None:
        text += f", takes {prefix}{duration(estimate.seconds)}"
    hints = (("--price adds the cost", estimate.cost), ("--speed adds the duration", estimate.seconds))
    missing = [option for option, value in hints if value is None]
    return text + (f" ({', '.join(missing)})" if missing else "")


def _fact(label: str, text: str) -> Text:
    return Text.assemble((f"{label:<10}", "bold"), text)


def _share(count: int, numbers: StatsResult) -> str:
    """A number of examples and their share in words: `12 examples (3%)`."""
    return f"{plural(count, 'example')} ({percent(count, numbers.examples)})"


def percent(count: int, total: int) -> str:
    """A share in whole percent; 0% only for none, 100% only for all."""
    if 0 < count < total:
        return "<1%" if count / total < 0.005 else ">99%" if count / total > 0.995 else f"{count / total:.0%}"
    return f"{count / max(1, total):.0%}"
