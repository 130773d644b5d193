"""Unlimited undo and redo of one person's decisions, also after the program was closed or killed.

Of several windows of this person, each undoes its own steps and those from before it was opened.

The journal is the only state: a decision names its step, and an undo names the step that it reverts.
"""

from dataclasses import dataclass, field

from curate.core.decision import Decision


@dataclass(slots=True)
class UndoHistory:
    """The steps to undo and to redo, the latest first."""

    done: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    decisions: dict[str, list[Decision]] = field(default_factory=dict)
    """The decisions of each step that was taken in this window, or before it was opened."""

    def take(self, decision: Decision, *, own: bool = True) -> None:
        """Add the next decision of the journal; `own`: whether it was made in this session, not in another window."""
        first = decision.step not in self.decisions
        if own:
            self.decisions.setdefault(decision.step, []).append(decision)
        if not first:
            return
        if not decision.undoes and own:
            self.done.append(decision.step)
            self.undone.clear()
        for steps, others in ((self.done, self.undone), (self.undone, self.done)):
            if decision.undoes in steps:
                steps.remove(decision.undoes)
                if own:
                    others.append(decision.step)
                return
