"""Which stages of a run are wanted, and which are to be done again."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from curate.core.errors import UsageError

STAGES: Final = ("check", "dedup", "conflicts", "split", "train")
"""All stages, in their order."""
State = Literal["done", "unchanged", "skipped", "would run"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a run is wanted."""

    only: tuple[str, ...] = ()
    """Stages; none: all of them."""
    skip: tuple[str, ...] = ()
    """Stages that are left out: nothing is found, and nothing leaves, by them."""
    again: tuple[str, ...] = ()
    """Stages that are done again though nothing has changed."""
    until: str = ""
    """The last stage; empty: the last of all."""
    dry: bool = False
    """Nothing is written: it is only said what would be done."""
    yes: bool = False
    """Much of a file may be dropped (D008)."""
    no_decisions: bool = False
    """The decisions of the review are ignored."""

    def __post_init__(self) -> None:
        for option, names in (
            ("--only", self.only),
            ("--skip", self.skip),
            ("--again", self.again),
            ("--until", (self.until,) if self.until else ()),
        ):
            _demand(option, names)

    def wants(self, stage: str) -> bool:
        """Whether a stage is wanted."""
        if self.until and STAGES.index(stage) > STAGES.index(self.until):
            return False
        return stage not in self.skip and (not self.only or stage in self.only)


def _demand(option: str, names: Iterable[str]) -> None:
    for name in names:
        if name not in STAGES:
            near = difflib.get_close_matches(name, STAGES, n=1)
            said = f"{option} {name!r}: no such stage" + (f"; did you mean {near[0]!r}?" if near else "")
            raise UsageError(said, f"the stages are {', '.join(STAGES)}")
