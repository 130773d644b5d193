"""The diagnosis of overfitting: losses, memorization and general prompts, in numbers and in words."""

from collections.abc import Mapping, Sequence
from math import isfinite, sqrt
from typing import Any, Final

from curate.core.text import plural
from train.results import Forgotten, LossPoint, Memorised, Overfitting, Sign

MIN_RISE: Final = 0.02
"""Minimum rise above the best held-out loss, as a share of it."""
VISIBLE_CHANGE: Final = 0.00005
"""Change of a loss that four decimals show."""
MIN_MEMORIZED, MIN_MEMORIZED_SHARE = 3, 0.1
"""Memorized answers above the baseline, as a number and as a share, that count as memorization."""
FORGETTING_NATS: Final = 0.05
"""Increase of the loss on general answers, in nats, that counts as forgetting."""
ADVICE: Final[dict[Sign, str]] = {
    "worsens": "It made the model worse: use a lower learning rate or fewer epochs, or check that training and held-out examples are alike",  # noqa: E501
    "overfits": 'It overfits: use fewer epochs, a lower learning rate or a smaller rank; `keep = "best"` and `patience` do so automatically',  # noqa: E501
    "memorises": "It memorizes answers: memorized text can be extracted: remove secrets and duplicates from the data, or train for fewer epochs",  # noqa: E501
    "forgets": "It forgets: mix general examples into the data, or use a lower learning rate, if the model has to do more than this task",  # noqa: E501
}


def overfitting(
    journal: Sequence[Mapping[str, Any]],
    kept_step: int,
    base_loss: float,
    tuned_loss: float,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    loss: str = "held-out loss",
) -> Overfitting:
    """The diagnosis. `before` and `after` are the `ProbeResult` of the base and of the tuned model, as dicts; `loss`:
    the name of the measured loss, which is `base_loss` of the base and `tuned_loss` of the kept adapter.
    """
    curve = curve_of(journal)
    final = curve[-1].train if curve else _train_loss([line for line in journal if "loss" in line][-20:])
    held_out = [point for point in curve if point.held_out is not None]
    best = min(held_out, key=lambda point: (point.held_out or 0.0, point.step)) if held_out else None
    rise = (held_out[-1].held_out or 0.0) - (best.held_out or 0.0) if best else None
    last = held_out[-1].held_out if held_out else tuned_loss
    memorised = _memorised(before, after)
    forgotten = _forgotten(before, after)
    worsens = tuned_loss - base_loss >= VISIBLE_CHANGE
    signs: list[Sign] = ["worsens"] if worsens else []
    if best and rise is not None and rise > MIN_RISE * (best.held_out or 0.0) and best.step < held_out[-1].step:
        signs.append("overfits")
    if memorised and memorised.tuned - memorised.otherwise >= max(
        MIN_MEMORIZED, MIN_MEMORIZED_SHARE * memorised.answers
    ):
        signs.append("memorises")
    if forgotten and forgotten.low > FORGETTING_NATS:
        signs.append("forgets")
    result = Overfitting(
        signs=tuple(signs), curve=curve, train_loss=final, held_out_loss=last,
        gap=None if final is None or last is None else last - final,
        best_step=best.step if best else None, rise=rise, memorised=memorised, general=forgotten, sentences=(),
    )  # fmt: skip
    lost = sum(line.get("event") == "validation" for line in journal) - len(curve)
    notes = [f"{plural(lost, 'measurement')} of the {loss} gave no number."] if lost else []
    notes += (
        [f"The {loss} is above that of the base: {base_loss:.4f} before, {tuned_loss:.4f} after."] if worsens else []
    )
    return result.model_copy(update={"sentences": (*notes, *_diagnosis_lines(result, kept_step, loss))})


def curve_of(journal: Sequence[Mapping[str, Any]]) -> tuple[LossPoint, ...]:
    """At each measurement on the validation split its loss, and that of the training since the measurement before."""
    points, since = [], list[Mapping[str, Any]]()
    for line in journal:
        if "loss" in line:
            since.append(line)
        elif line.get("event") == "validation" and isfinite(line["validation_loss"]):
            points.append(LossPoint(step=line["step"], train=_train_loss(since), held_out=line["validation_loss"]))
            since = []
    return tuple(points)


def _train_loss(steps: Sequence[Mapping[str, Any]]) -> float | None:
    """Mean loss per supervised token over some steps; None without tokens."""
    tokens = sum(line["supervised"] for line in steps)
    return sum(line["loss"] * line["supervised"] for line in steps) / tokens if tokens else None


def _memorised(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Memorised | None:
    """How many trained and held-out answers each model reproduces; None if that was not measured."""
    if not before or not after or not after["trained"]:
        return None
    return Memorised(
        answers=len(after["trained"]), tuned=sum(after["trained"]), base=sum(before["trained"]),
        held_out_answers=len(after["held_out"]), held_out=sum(after["held_out"]), held_out_base=sum(before["held_out"]),
    )  # fmt: skip


def _forgotten(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Forgotten | None:
    """The change of the loss on general prompts with its 95% interval, from pairs; None without at least two pairs."""
    if not before or not after or len(before["general"]) != len(after["general"]) or len(after["general"]) < 2:
        return None
    changes = [new - old for old, new in zip(before["general"], after["general"], strict=True)]
    count = len(changes)
    mean = sum(changes) / count
    half = 1.96 * sqrt(sum((change - mean) ** 2 for change in changes) / (count - 1) / count)
    return Forgotten(
        prompts=count, base=sum(before["general"]) / count, tuned=sum(after["general"]) / count, change=mean,
        low=mean - half, high=mean + half,
    )  # fmt: skip


def _diagnosis_lines(diagnosis: Overfitting, kept: int, loss: str) -> list[str]:
    """The diagnosis in words, the advice last."""
    lines = [_loss_sentence(diagnosis, kept, loss)]
    if diagnosis.gap is not None and diagnosis.train_loss is not None and diagnosis.held_out_loss is not None:
        side = "above" if diagnosis.gap >= 0 else "below"
        gap = f"{abs(diagnosis.gap):.2f} nats {side} that of training ({diagnosis.train_loss:.2f})"
        lines.append(f"Generalisation gap: {loss} {diagnosis.held_out_loss:.2f} at the end, {gap}.")
    if (memorised := diagnosis.memorised) is not None:
        trained, held_out = (
            plural(memorised.answers, "training answer"),
            plural(memorised.held_out_answers, "held-out answer"),
        )
        lines.append(
            f"Memorization: given their first quarter, {memorised.tuned} of {trained} are continued word for word "
            f"(base: {memorised.base}); of {held_out} {memorised.held_out} (base: {memorised.held_out_base})."
        )
    if (general := diagnosis.general) is not None:
        half = (general.high - general.low) / 2
        end = ": the model forgot some general ability." if "forgets" in diagnosis.signs else "."
        lines.append(
            f"General prompts: loss {general.base:.2f} before, {general.tuned:.2f} after ({general.change:+.2f} ± "
            f"{half:.2f} on {general.prompts} prompts){end}"
        )
    return [sentence for sentence in lines if sentence] + [f"{ADVICE[sign]}." for sign in diagnosis.signs]


def _loss_sentence(diagnosis: Overfitting, kept: int, loss: str) -> str:
    """A sentence about the step with the lowest held-out loss. `kept`: the step of the adapter that was kept."""
    measured = len(diagnosis.curve)
    if not measured:
        return (
            f"The {loss} was measured only at the end; a validation split and `evaluate_every` show when it "
            "stops improving."
        )
    last, best = diagnosis.curve[-1], diagnosis.best_step
    if "overfits" in diagnosis.signs:
        low = (last.held_out or 0.0) - (diagnosis.rise or 0.0)
        verb = "and that adapter was kept" if kept == best else f"and the adapter of step {kept:,} was kept"
        return (
            f"The {loss} stopped improving after step {best:,} of {last.step:,} ({low:.2f}, "
            f"{last.held_out:.2f} at the end), {verb}."
        )
    if best == last.step:
        return (
            f"The {loss} was at its best ({last.held_out:.2f}) at the last step, {last.step:,}: it may still "
            "be improving."
        )
    return f"The {loss} was at its best after step {best:,} and stayed nearly constant until step {last.step:,}."
