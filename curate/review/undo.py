"""Decisions of one person as steps that can be taken back and done again without end, also after the program was closed
or killed.

The journal has it all: a decision names its step, and one that takes a step back names that one. What was undone and
what was done again is read from there.
"""

import secrets
from dataclasses import dataclass, field
from typing import Final

from curate.core.decision import Decision

KNOWN: Final = 12
"""Digits of a step's name."""


def new_step() -> str:
    """A name for what comes next."""
    return secrets.token_hex(KNOWN // 2)


@dataclass(slots=True)
class UndoHistory:
    """The steps that can be undone, and those that can be done again; the last of each first in line."""

    done: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    decisions: dict[str, list[Decision]] = field(default_factory=dict)
    """By step, the decisions that made it."""

    def take(self, decision: Decision) -> None:
        """Take in the next decision of the journal."""
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
