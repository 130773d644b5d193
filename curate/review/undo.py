"""Unlimited undo and redo of one person's decisions, also after the program was closed or killed.

The journal is the only state: a decision names its step, and an undo names the step that it reverts.
"""

import secrets
from dataclasses import dataclass, field
from typing import Final

from curate.core.decision import Decision

KNOWN: Final = 12
"""Digits of a step's name."""


def new_step() -> str:
    """A name for the next step."""
    return secrets.token_hex(KNOWN // 2)


@dataclass(slots=True)
class UndoHistory:
    """The steps to undo and to redo, the latest first."""

    done: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    decisions: dict[str, list[Decision]] = field(default_factory=dict)
    """The decisions of each step."""

    def take(self, decision: Decision) -> None:
        """Add the next decision of the journal."""
        first = decision.step not in self.decisions
        self.decisions.setdefault(decision.step, []).append(decision)
        if not first:
            return
        if not decision.undoes:
            self.done.append(decision.step)
            self.undone.clear()
        elif decision.undoes in self.done:
            self.done.remove(decision.undoes)
            self.undone.append(decision.step)
        elif decision.undoes in self.undone:
            self.undone.remove(decision.undoes)
            self.done.append(decision.step)
