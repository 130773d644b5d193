"""The numbers of a data set for programs."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from curate.masking import hidden
from curate.report.part import Part, at
from curate.stats import PROMPT, Plan, Stats, histogram, percentile, usual_epochs
from curate.text import excerpt

PROMPTS = 3


class Spread(Part):
    """How a number is spread over the examples that have messages."""

    mean: float
    p50: int
    """Half of the examples have no more."""
    p95: int
    """Nineteen of twenty examples have no more."""
    max: int
    total: int


class Bin(Part):
    """Examples whose number lies from `low` to `high`, both included."""

    low: int
    high: int
    examples: int


class RoleNumbers(Part):
    """What one role says."""

    messages: int
    characters: int
    tokens: int


class ScriptNumbers(Part):
    """How much is written in one Unicode script."""

    letters: int
    share: float
    """Of all letters."""
    examples: int
    """Examples most of whose letters are of this script."""


class ToolNumbers(Part):
    """How tools are used."""

    declared: int = at("with_tools")
    """Examples that declare tools."""
    called: int = at("with_calls")
    """Examples in which the assistant calls one."""
    calls: int
    results: int
    """Messages with what a tool returned."""


class PromptNumbers(Part):
    """A system prompt."""

    text: str
    """Its beginning; control characters are written as escapes, secrets as their kind in brackets."""
    examples: int


class SystemNumbers(Part):
    """How examples are prompted."""

    examples: int
    """Examples with a system prompt."""
    distinct: int
    frequent: list[PromptNumbers]
    """The three most frequent."""


class TrainingNumbers(Part):
    """What the model's template makes of the examples."""

    tokens: int = at("rendered")
    """Of all texts that are trained on."""
    trained: int
    """Tokens of these that count in the loss."""
    refused: int
    """Examples that cannot be trained on; `curate check --model` says why."""


class Estimate(Part):
    """What a training costs and takes: an estimate, from numbers that were named."""

    epochs: int
    """As named; else as many as OpenAI's cookbook gives for so many examples."""
    tokens: int
    """Of all epochs together: what services bill."""
    cost: float | None
    """In the currency of the price that was named."""
    seconds: float | None
    """At the speed that was named."""


class StatsResult(Part):
    """What `curate stats --json` prints."""

    files: int
    lines: int
    """Lines that are not blank."""
    examples: int
    """Lines that hold an object."""
    not_understood: int
    """Lines that hold no example that curate understands, objects in unknown forms among them."""
    formats: dict[str, int]
    duplicates: int
    """Examples that are exact copies of an earlier one."""
    tokens_by: Literal["model", "bytes"]
    """How tokens were counted: by the model's tokenizer, or as UTF-8 bytes divided by four."""
    model_name: str | None = Field(serialization_alias="model")
    """The model that was named."""
    turns: Spread
    """Messages of an example."""
    tokens: Spread
    """Tokens of an example; with a model, of its text in the chat template."""
    histogram: list[Bin]
    """Of tokens of an example."""
    roles: dict[str, RoleNumbers]
    """By role; unknown roles together as `other`."""
    scripts: dict[str, ScriptNumbers]
    tools: ToolNumbers
    system: SystemNumbers
    training: TrainingNumbers | None
    """Only with a model."""
    estimate: Estimate


def stats_output(stats: Stats, plan: Plan = Plan()) -> StatsResult:  # noqa: B008  (frozen)
    """The numbers, in the documented shape."""
    letters = max(1, stats.letters.total())
    prompts = [PromptNumbers(text=hidden(excerpt(prompt.text, PROMPT)), examples=prompt.examples) for prompt in stats.frequent_prompts[:PROMPTS]]
    return StatsResult(
        files=stats.files,
        lines=stats.lines,
        examples=stats.examples,
        not_understood=stats.not_understood,
        formats=_ordered(stats.formats),
        duplicates=stats.duplicates,
        tokens_by="model" if stats.model else "bytes",
        model_name=stats.model or None,
        turns=_spread(stats.turns),
        tokens=_spread(stats.tokens),
        histogram=[Bin(low=low, high=high, examples=count) for low, high, count in histogram(stats.tokens)],
        roles={name: RoleNumbers.model_validate(role) for name, role in sorted(stats.roles.items(), key=lambda pair: -pair[1].messages)},
        scripts={
            name: ScriptNumbers(letters=count, share=round(count / letters, 6), examples=stats.mainly[name]) for name, count in _ordered(stats.letters).items()
        },
        tools=ToolNumbers.model_validate(stats),
        system=SystemNumbers(examples=stats.with_system, distinct=len(stats.prompts), frequent=prompts),
        training=TrainingNumbers.model_validate(stats) if stats.model else None,
        estimate=_estimate(stats, plan),
    )


def stats_json(stats: Stats, plan: Plan = Plan()) -> dict[str, Any]:  # noqa: B008  (frozen)
    """The numbers as plain values."""
    return stats_output(stats, plan).model_dump(mode="json", by_alias=True)


def _estimate(stats: Stats, plan: Plan) -> Estimate:
    epochs = usual_epochs(len(stats.turns)) if plan.epochs is None else plan.epochs
    tokens = epochs * (stats.rendered if stats.model else sum(stats.tokens))
    cost = None if plan.price is None else round(tokens / 1e6 * plan.price, 4)
    return Estimate(epochs=epochs, tokens=tokens, cost=cost, seconds=None if plan.speed is None else round(tokens / plan.speed, 1))


def _spread(values: Sequence[int]) -> Spread:
    ordered = sorted(values)
    total = sum(ordered)
    mean = round(total / len(ordered), 2) if ordered else 0.0
    return Spread(mean=mean, p50=percentile(ordered, 0.5), p95=percentile(ordered, 0.95), max=ordered[-1] if ordered else 0, total=total)


def _ordered(counts: Counter[str]) -> dict[str, int]:
    """Counts, the largest first; equal ones by name."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
