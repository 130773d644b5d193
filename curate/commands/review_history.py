"""Who decided what and when: the steps of a journal, and what of each is in effect."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

from curate.core.decision import Decision, Slot
from curate.core.decision_log import DecisionLog
from curate.core.json_output import ClearText, Output

MAX_EXAMPLES: Final = 20
"""Number of examples of a step that are named."""


@dataclass(frozen=True, slots=True)
class Step:
    """The records that one key press, or one decision about many entries, made."""

    name: str
    decisions: Sequence[Decision]

    @property
    def undoes(self) -> str:
        """The step that it undoes; empty: none."""
        return self.decisions[0].undoes

    @property
    def value(self) -> str:
        """What was decided: `keep`, `drop × 3`, `rating 4`."""
        words = Counter(map(_word, self.decisions))
        text = ", ".join(word if count == 1 else f"{word} × {count:,}" for word, count in words.items())
        return f"undo: {text}" if self.undoes else text


def _word(decision: Decision) -> str:
    """The decision of a record in a word or two: `keep`, `rating 4`, `no note`."""
    undone = decision.verdict == "undecided"
    match decision.record:
        case "label":
            return f"{'no ' if undone else ''}label {decision.about}"
        case "suppression":
            return f"{'no ' if undone else ''}suppression"
        case "rating" | "audit":
            return f"{decision.record} {decision.why}" if decision.why else f"no {decision.record}"
        case "note":
            return "note" if decision.why else "no note"
        case "edit":
            return "no edit" if undone else "edit"
    return decision.verdict


class History:
    """The steps of a journal."""

    def __init__(self, log: DecisionLog) -> None:
        self.log = log
        records: dict[str, list[Decision]] = {}
        for decision in log.decisions:
            records.setdefault(decision.step or decision.id, []).append(decision)
        self.steps = [Step(name, decisions) for name, decisions in records.items()]
        """In order of the journal."""
        self._by_name = {step.name: step for step in self.steps}

    @cached_property
    def by_id(self) -> Mapping[str, Decision]:
        """The records by their ids."""
        return {decision.id: decision for decision in self.log.decisions}

    def undone_by(self, decision: Decision, slot: Slot) -> Decision | None:
        """The record that a record undoes; None if it undoes none."""
        step = self._by_name.get(decision.undoes)
        same = (record for record in (step.decisions if step else ()) if record.example == decision.example)
        return next((record for record in same if slot in record.slots), None)

    def restored(self, decision: Decision, slot: Slot) -> Iterator[Decision]:
        """A record and, as long as it undoes another one, the record that was restored by that."""
        seen = set[str]()  # another program may write steps that undo each other
        while decision.id not in seen:
            seen.add(decision.id)
            yield decision
            undone = self.undone_by(decision, slot)
            names = (undone.replaces or ()) if undone is not None else ()
            before = [self.by_id[name] for name in names if name in self.by_id and slot in self.by_id[name].slots]
            if len(before) != 1:
                return
            decision = before[0]

    def heads_like(self, decision: Decision, slot: Slot) -> list[Decision]:
        """The records in effect that have the content of a decision: itself, or those that restored it."""
        heads = self.log.slots(decision.example).get(slot, ())
        return [head for head in heads if self._restores(head, decision, slot)]

    def _restores(self, head: Decision | None, decision: Decision, slot: Slot) -> bool:
        """Whether a record, or one that it restores, is the decision; False for None."""
        return head is not None and any(record.id == decision.id for record in self.restored(head, slot))

    def state(self, step: Step) -> str:
        """Whether a step is `in effect`, `partly` so, `undone`, or `replaced` by later ones."""
        slots = [(decision, slot) for decision in step.decisions for slot in decision.slots]
        held = sum(bool(self.heads_like(*pair)) for pair in slots)
        if held:
            return "in effect" if held == len(slots) else "partly"
        undone = any(
            self._restores(self.undone_by(head, slot), decision, slot)
            for decision, slot in slots
            for head in self.log.slots(decision.example).get(slot, ())
        )
        return "undone" if undone else "replaced"


@dataclass(slots=True)
class HistoryStep(Output):
    """A step of the journal."""

    when: datetime
    who: ClearText
    examples: list[str]
    """Ids of the first 20 examples."""
    count: int
    """Number of examples."""
    about: ClearText
    """Rule, or id of the duplicate or conflict; empty for the whole example."""
    value: ClearText
    """What was decided."""
    why: ClearText
    state: str
    """in effect; partly; undone; replaced: by later decisions."""


@dataclass(slots=True)
class HistoryResult(Output):
    """The steps of some journals, the latest first, as `curate review --history --json` prints them."""

    steps: list[HistoryStep] = field(default_factory=list)


def steps_of(logs: Sequence[DecisionLog]) -> HistoryResult:
    """The steps of some journals, the latest first; a step is compared only with others of its journal."""
    steps = []
    for log in logs:
        history = History(log)
        for step in history.steps:
            first, examples = step.decisions[0], list(dict.fromkeys(decision.example for decision in step.decisions))
            steps.append(HistoryStep(first.when, first.who, examples[:MAX_EXAMPLES], len(examples), first.about,
                                     step.value, first.why, history.state(step)))  # fmt: skip
    steps.sort(key=lambda step: step.when)
    return HistoryResult(steps[::-1])
