"""The append-only journal of decisions, which survives a crash and can be merged by git.

`.curate/decisions.jsonl` has one line per record and is never rewritten. Different decisions by two people who did not
see each other's are contested: none is in effect until somebody decides again. A step of which a line is missing, since
the process was killed, is not in effect.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from curate.core.decision import (
    EDIT_SLOT,
    NOTE_SLOT,
    RATING_SLOT,
    VERDICT_SLOT,
    Decision,
    DecisionState,
    Slot,
    Verdict,
    decision_of,
)
from curate.core.errors import InputError, OutputError
from curate.core.example import canonical
from curate.core.text import plural
from curate.project.runs import JOURNAL
from curate.storage.files import append_lines, lines_after
from curate.storage.paths import from_here


def reviewer_journals(folder: Path) -> list[Path]:
    """The journals of single reviewers in a folder; commands apply them once they are merged into `JOURNAL`."""
    return sorted(folder.glob("decisions-*.jsonl"))


def open_journals(paths: Sequence[Path]) -> "list[DecisionLog]":
    """Some journals. Raises `InputError` for one that does not exist or cannot be read."""
    if missing := next((path for path in paths if not path.is_file()), None):
        raise InputError(f"{missing}: no such journal", "pass decisions.jsonl of a .curate folder")
    return [DecisionLog(path) for path in paths]


class DecisionLog:
    """The decision journal of a project: read once, then appended to.

    Each append is flushed to disk before it returns.
    """

    def __init__(self, path: Path, mode: int = 0o666) -> None:
        """`mode`: the rights of the journal at most. Raises `InputError` if it exists and cannot be read."""
        self.path, self.mode = path, mode
        self.lost = 0
        """Number of records that another program has removed from the journal since it was read."""
        self._forget()
        self.follow()

    def _forget(self) -> None:
        """Reset all that was read from the journal, before it is read from its start."""
        self.decisions: list[Decision] = []
        self.unreadable: list[int] = []
        """Numbers of invalid lines of the journal: truncated by a crash, or edited by hand. They are not changed."""
        self._known: set[str] = set()
        self._replaced: set[str] = set()
        self._heads: dict[str, dict[Slot, list[Decision]]] = {}
        self._several: set[str] = set()
        """Examples that have had several heads in a slot, or verdicts in several slots."""
        self._steps: dict[str, list[Decision]] = {}
        """The records of steps that are not complete."""
        self._whys: dict[str, str] = {}
        """The last text of each example in format 1."""
        self._lines = self._read = 0
        self._last = b""
        """The last complete line that was read."""

    def add(self, *decisions: Decision) -> None:
        """Append decisions and flush them to disk. Raises `OutputError`; unwritten decisions have no effect."""
        if not decisions:
            return
        from filelock import FileLock  # most commands only read the journal

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(".decisions.lock")):
                self.follow()  # decisions that another process has written since
                try:
                    append_lines(self.path, [decision.line() for decision in decisions], mode=self.mode)
                finally:  # some may have been written before the disk was full
                    self.follow()
        except OSError as error:
            raise OutputError.of(self.path, error, "free disk space or check the permissions") from error

    def merge(self, other: Path) -> list[Decision]:
        """Append and return the decisions in `other` that this journal lacks. Raises `InputError`, `OutputError`."""
        if not other.is_file():
            raise InputError(f"{other}: no such journal", "pass the decisions.jsonl of another .curate folder")
        theirs = DecisionLog(other)
        if theirs.unreadable:
            lines = ", ".join(map(str, theirs.unreadable[:5]))
            raise InputError(
                f"{other}: line {lines} is not a valid decision", "fix or remove the line; nothing was merged"
            )
        fresh = self.missing_decisions(theirs)
        self.add(*fresh)
        return fresh

    def missing_decisions(self, other: "DecisionLog") -> list[Decision]:
        """The decisions of another journal that this one does not have."""
        return [decision for decision in other.decisions if decision.id not in self._known]

    def state_of(self, example_id: str) -> DecisionState | None:
        """The decisions in effect about an example; None if there are none, they were undone, or are contested."""
        slots = self._heads.get(example_id)
        if not slots or self.contested_decisions(example_id):
            return None
        edit, verdict_decision = self.last(example_id, EDIT_SLOT), self.last(example_id, VERDICT_SLOT)
        dropped = verdict_decision is not None and verdict_decision.verdict == "drop"
        kept_slots = [slot for slot in slots if slot[0] == "verdict" and (decision := self.last(example_id, slot)) and
                decision.content(slot)[0] == "keep"]  # fmt: skip
        keeps = [decision for slot in kept_slots if (decision := self.last(example_id, slot))]
        last = max(keeps, key=lambda keep: (keep.when, keep.id), default=None)
        decision = verdict_decision if dropped else edit or last
        labels, rating = self.labels(example_id), self.rating(example_id)
        if decision is None:
            return DecisionState("undecided", labels=labels, rating=rating) if labels or rating else None
        verdict: Verdict = (
            "drop" if dropped else "edit" if edit else "keep" if VERDICT_SLOT in kept_slots else "undecided"
        )
        why = self.note(example_id) or decision.why
        value = None if dropped or edit is None else edit.value
        return DecisionState(
            verdict, value, frozenset(kept_slots), decision.about, why, decision.who, decision.when, labels, rating
        )

    def last(self, example_id: str, slot: Slot) -> Decision | None:
        """The record in effect in a slot; None if there is none, it was undone, or it is contested."""
        heads = self._heads.get(example_id, {}).get(slot, ())
        if not heads or len({_comparable_content(head, slot) for head in heads}) > 1:
            return None
        last = max(heads, key=lambda head: (head.when, head.id))
        return None if last.content(slot)[::2] == ("undecided", "") else last

    def note(self, example_id: str) -> str:
        """The text of the notes about an example, empty without any; two people who did not see each other's are both
        quoted.
        """
        heads = self._heads.get(example_id, {}).get(NOTE_SLOT)
        if heads is None:
            return self._whys.get(example_id, "")
        return " | ".join(head.why for head in sorted(heads, key=lambda head: (head.when, head.id)) if head.why)

    def labels(self, example_id: str) -> tuple[str, ...]:
        """The labels of an example, in order; not those about which people disagree."""
        return tuple(
            sorted(slot[1] for slot in self.slots(example_id) if slot[0] == "label" and self.last(example_id, slot))
        )

    def rating(self, example_id: str) -> int | None:
        """The rating of an example from 1 to 5; None if it has none, or people disagree."""
        decision = self.last(example_id, RATING_SLOT)
        return int(decision.why) if decision and decision.why in ("1", "2", "3", "4", "5") else None

    def slots(self, example_id: str) -> Mapping[Slot, Sequence[Decision]]:
        """The records about an example that no other record replaces, by slot."""
        return self._heads.get(example_id, {})

    def heads(self, example_id: str) -> Sequence[Decision]:
        """The verdicts and edits of the whole example that no other record replaces: several after a merge."""
        slots = self._heads.get(example_id, {})
        return list({head.id: head for slot in (VERDICT_SLOT, EDIT_SLOT) for head in slots.get(slot, ())}.values())

    @property
    def defects(self) -> list[str]:
        """Notes about lines of the journal that are ignored."""
        lines = ", ".join(map(str, self.unreadable))
        texts = [f"{self.path}: line {lines} is not a valid decision and is ignored; fix or remove it"] if lines else []
        if torn := sum(map(len, self._steps.values())):
            texts.append(f"{self.path}: {plural(torn, 'line')} of interrupted steps ignored; decide again")
        return texts

    @property
    def notes(self) -> list[str]:
        """Notes about the journal: its invalid lines, and journals of reviewers that are not merged into it."""
        texts = self.defects
        for other in reviewer_journals(self.path.parent) if self.path.name == JOURNAL else ():
            if missing := len(self.missing_decisions(DecisionLog(other))):
                shown = from_here(other)
                texts.append(
                    f"{plural(missing, 'decision')} in {shown} {'is' if missing == 1 else 'are'} not applied; "
                    f"`curate review PATH --merge {shown}` merges {'it' if missing == 1 else 'them'}"
                )
        return texts

    def verdicts(self) -> dict[str, DecisionState]:
        """The decisions in effect by example."""
        return {example: state for example in self._heads if (state := self.state_of(example)) is not None}

    def contested(self) -> dict[str, Sequence[Decision]]:
        """Examples with different decisions by people who did not see each other's; none of them is in effect."""
        return {example: heads for example in sorted(self._several) if (heads := self._conflict(example))}

    def contest_notes(self) -> list[str]:
        """A note about contested decisions, for commands that apply the others; empty without any."""
        if not (contested := self.contested()):
            return []
        return [
            f"{plural(len(contested), 'example')} with contradictory decisions by several people, not applied; "
            "`curate review` shows them"
        ]

    def contested_decisions(self, example_id: str) -> Sequence[Decision]:
        """The contested decisions about an example; empty if there are none."""
        return self._conflict(example_id) if example_id in self._several else ()

    def _conflict(self, example_id: str) -> Sequence[Decision]:
        """The first contested decisions about an example, in the same order whichever journal was merged first; empty
        without any.
        """
        by_slot = sorted(self._heads.get(example_id, {}).items())
        slots = {slot: sorted(heads, key=lambda head: head.id) for slot, heads in by_slot}
        for slot, heads in slots.items():
            if (
                len(heads) > 1
                and slot[0] not in ("note", "label", "rating", "audit")
                and len({_comparable_content(head, slot) for head in heads}) > 1
            ):
                return heads
        for drop in slots.get(VERDICT_SLOT, ()):
            if drop.verdict == "drop":
                for keep in slots.get(drop.subject, ()):
                    unaware = keep.id not in drop.seen and drop.id not in keep.seen
                    if keep.verdict == "keep" and keep is not drop and unaware:
                        return [keep, drop]
        return ()

    def follow(self) -> None:
        """Read the new lines; all lines, into a new list of decisions, if another program replaced earlier ones."""
        lines = lines_after(self.path, self._read - len(self._last))
        before: set[str] = set()
        if self._last and next(lines, b"") != self._last:
            before = self._known
            self._forget()
            lines = lines_after(self.path, 0)
        for line in lines:
            self._take_in(line)
        self.lost += len(before - self._known)

    def _take_in(self, line: bytes) -> None:
        """Add the decision of the next line of the file; a line that is neither a decision nor blank is unreadable."""
        number = self._lines + 1
        if self.unreadable[-1:] == [number]:  # it was incomplete: another process was writing it
            self.unreadable.pop()
        if line.endswith(b"\n"):
            self._read, self._lines, self._last = self._read + len(line), number, line
        try:
            decision = decision_of(line.strip()) if line.strip() else None
        except ValueError:
            self.unreadable.append(number)
            return
        if decision is not None:
            self._take(decision)

    def _take(self, decision: Decision) -> None:
        """Apply a decision, unless it was applied before. The decisions of a step are applied together, once all are
        there.
        """
        if decision.id in self._known:
            return
        self._known.add(decision.id)
        if decision.of > 1:
            waiting = self._steps.setdefault(decision.step, [])
            waiting.append(decision)
            if len(waiting) < decision.of:
                return
            for part in self._steps.pop(decision.step):
                self._apply(part)
        else:
            self._apply(decision)

    def _apply(self, decision: Decision) -> None:
        """Add a decision and update which decisions of the example are valid and which contradict each other."""
        self.decisions.append(decision)
        slots = self._heads.setdefault(decision.example, {})
        for slot in decision.slots:
            heads = slots.setdefault(slot, [])
            replaced = {head.id for head in heads} if decision.replaces is None else set(decision.replaces)
            self._replaced |= replaced
            heads[:] = [head for head in heads if head.id not in replaced]
            if decision.id not in self._replaced:
                heads.append(decision)
            if len(heads) > 1:
                self._several.add(decision.example)
        if sum(slot[0] == "verdict" for slot in slots) > 1:
            self._several.add(decision.example)
        if decision.format == 1 and decision.why:
            self._whys[decision.example] = decision.why


def _comparable_content(decision: Decision, slot: Slot) -> tuple[str, bytes, str]:
    """What a decision holds in a slot, in a form that is equal for decisions that do not contradict each other."""
    verdict, value, text = decision.content(slot)
    return verdict, canonical(value), text
