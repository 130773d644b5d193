"""The records of the journal for a decision, and the records that undo a step."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.core.decision import EDIT_SLOT, FORMAT, VERDICT_SLOT, Decision, Slot, Verdict
from curate.core.finding import Finding, Severity
from curate.lint.suppressions import add_suppressions, load_suppressions, remove_suppression
from curate.project.decision_log import DecisionLog
from curate.review.entry import DecisionTarget


@dataclass(frozen=True, slots=True)
class Edit:
    """The new object of an example."""

    value: dict[str, Any]
    left: tuple[str, ...] = ()
    """Code and pointer, or code, of each finding that it still has."""


VerdictOrEdit = Verdict | Edit
"""The decision about one example."""


def record(log: DecisionLog, example: str, slot: Slot, verdict: Verdict, **fields: Any) -> Decision:
    """A journal record that replaces all records in the slot of an example. A verdict also names the other verdicts
    about the example as seen.
    """
    slots = log.slots(example)
    kind = "verdict" if slot[0] == "verdict" else slot[0]
    others = [head.id for key, heads in slots.items() for head in heads if key != slot and key[0] == "verdict"]
    return Decision(
        format=FORMAT,
        example=example,
        record=kind,
        verdict=verdict,
        replaces=tuple(head.id for head in slots.get(slot, ())),
        seen=tuple(others) if kind == "verdict" else (),
        **fields,
    )


def records_for(
    log: DecisionLog, example: str, word: VerdictOrEdit, target: DecisionTarget, why: str
) -> Iterator[Decision]:
    """The journal records of a decision about an example at the entry of `target`; keeping an example also reverts a
    drop of it.
    """
    reason = {"about": target.about, "why": why}
    subject = {"scope": target.scope, "pointer": target.pointer}
    if isinstance(word, Edit):
        yield record(log, example, EDIT_SLOT, "edit", value=word.value, left=word.left, **subject, **reason)
    elif word == "drop":
        yield record(log, example, VERDICT_SLOT, "drop", **subject, **reason)
    elif word == "keep":
        yield record(log, example, target.slot, "keep", **subject, **reason)
        if target.slot != VERDICT_SLOT and any(
            head.verdict == "drop" for head in log.slots(example).get(VERDICT_SLOT, ())
        ):
            yield record(log, example, VERDICT_SLOT, "undecided", about=target.about)
    else:
        for slot in dict.fromkeys((target.slot, VERDICT_SLOT, EDIT_SLOT)):
            if log.slots(example).get(slot):
                scope = subject if slot == target.slot else {}
                yield record(log, example, slot, "undecided", **scope, **reason)


def before(
    log: DecisionLog, decision: Decision, by_id: Mapping[str, Decision], is_own: Callable[[Decision], bool]
) -> Iterator[Decision]:
    """The records that restore what was in effect before a decision, or "undecided" if that was contested.

    A slot with a record that is not `is_own` gets none: this record has replaced the decision or contests it.
    """
    for slot in decision.slots:
        if any(not is_own(head) for head in log.slots(decision.example).get(slot, ())):
            continue
        replaced = [by_id[name] for name in decision.replaces or () if name in by_id and slot in by_id[name].slots]
        old = replaced[0] if len(replaced) == 1 else None
        verdict, value, text = old.content(slot) if old else ("undecided", None, "")
        fields: dict[str, Any] = {"about": (old or decision).about, "value": value, "why": text}
        if slot[0] == "verdict" and slot != VERDICT_SLOT:
            fields |= {"scope": slot[1], "about": slot[2], "pointer": slot[3]}
        elif old and verdict in ("drop", "edit"):
            fields |= {"scope": old.scope, "pointer": old.pointer, "left": old.left}
        if slot[0] == "verdict" and old:
            fields["why"] = old.why
        if slot[0] == "suppression":
            fields |= {"about": slot[1], "place": decision.place}
        yield record(log, decision.example, slot, verdict, **fields)


def last_step(log: DecisionLog) -> list[Decision]:
    """The records of the last step, which the file of suppressions lacks if the process was killed."""
    last = log.decisions[-1].step if log.decisions else ""
    return [decision for decision in log.decisions if decision.step == last] if last else []


def follow_suppressions(folder: Path, decisions: Sequence[Decision]) -> None:
    """Apply the suppressions in the records of a step to the file of suppressions: add or remove lines. Raises
    `ConfigError`, `OutputError`.
    """
    for decision in decisions:
        if decision.record != "suppression":
            continue
        file, _, line = decision.place.rpartition(":")
        if decision.verdict == "keep":
            finding = Finding(decision.about, Severity.INFO, file, int(line or 0), "", "", "", False, decision.example)
            add_suppressions(load_suppressions(folder), [finding], decision.why, decision.who)
        else:
            remove_suppression(load_suppressions(folder), decision.about, decision.example)
