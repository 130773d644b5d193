"""Which stages of a run are wanted, and which are repeated."""

import difflib
from dataclasses import dataclass
from typing import Final, Literal

from curate.core.errors import UsageError

STAGES: Final = ("check", "dedup", "conflicts", "split", "train")
"""All stages, in their order."""
State = Literal["done", "unchanged", "skipped", "would run"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The wanted parts of a run."""

    only: tuple[str, ...] = ()
    """Stages to run; empty: all."""
    skip: tuple[str, ...] = ()
    """Stages to skip."""
    again: tuple[str, ...] = ()
    """Stages to repeat even if nothing has changed."""
    until: str = ""
    """The last stage to run; empty: the last of all."""
    dry: bool = False
    """Whether to report what would be done without writing anything."""
    yes: bool = False
    """Whether to allow the removal of a large share of a file (D008)."""
    no_decisions: bool = False
    """Whether to ignore the decisions of the review."""

    def __post_init__(self) -> None:
        until = (self.until,) if self.until else ()
        for option, names in (("only", self.only), ("skip", self.skip), ("again", self.again), ("until", until)):
            for name in names:
                if name not in STAGES:
                    near = difflib.get_close_matches(name, STAGES, n=1)
                    said = f"--{option} {name!r}: no such stage" + (f"; did you mean {near[0]!r}?" if near else "")
                    raise UsageError(said, f"the stages are {', '.join(STAGES)}")

    def wants(self, stage: str) -> bool:
        """Whether a stage is wanted."""
        if self.until and STAGES.index(stage) > STAGES.index(self.until):
            return False
        return stage not in self.skip and (not self.only or stage in self.only)
