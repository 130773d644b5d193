"""Which reviewer gets an example, by the hash of its content: shares are disjoint, and stay when the file grows."""

import re
from dataclasses import dataclass
from typing import Final

from curate.core.errors import UsageError
from curate.core.finding import Finding
from curate.core.lazy import Flags, Ids, Numbers, np
from curate.core.text import visible
from curate.review.entry import Cluster, MultiConflict, PairConflict, sides_of

SHARE_TEXT: Final = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})", re.ASCII)
OVERLAP_RESOLUTION: Final = 1 << 32
"""Resolution of the overlap."""


@dataclass(frozen=True, slots=True)
class Share:
    """Share `part` of `of`; besides, everybody gets the same examples, `overlap` of all (0 to 1).

    The id of an example is a hash of its content: its first 64 bits choose the share, the others the overlap.
    """

    part: int
    of: int
    overlap: float = 0.0

    def contains_ids(self, ids: Ids) -> Flags:
        """Which ids, given as two integers each, are in the share."""
        in_part = ids[:, 0] % np.uint64(self.of) == self.part - 1
        common = ids[:, 1] % np.uint64(OVERLAP_RESOLUTION) < self.overlap * OVERLAP_RESOLUTION
        shared: Flags = in_part | common
        return shared

    def contains(self, example: str) -> bool:
        """Whether an example is in the share."""
        return bool(self.contains_ids(np.array([[int(example[:16], 16), int(example[16:], 16)]], np.uint64))[0])

    def contains_lines(self, numbers: Numbers) -> Flags:
        """Which lines without an example, given by their numbers, are in the share."""
        shared: Flags = numbers % self.of == self.part - 1
        return shared

    def has_finding(self, finding: Finding) -> bool:
        """Whether a finding is in the share. Without an example, its line decides; without a line, all get it."""
        if finding.example is not None:
            return self.contains(finding.example)
        return not finding.line or bool(self.contains_lines(np.array([finding.line]))[0])

    def has_subject(self, subject: Cluster | PairConflict | MultiConflict) -> bool:
        """Whether a cluster or conflict is in the share: its example with the least id decides."""
        return self.contains(min(side.id for side in sides_of(subject)))


def share_of(text: str, overlap: float = 0.0) -> Share:
    """The share that a text such as `2/3` names; `overlap`: the part of the entries, 0 to 1, that every reviewer gets.

    Raises `UsageError` for another text.
    """
    match = SHARE_TEXT.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise UsageError(f"--assign {visible(text)}: not a share", "pass for example 1/3, 2/3 and 3/3")
    return Share(int(match[1]), int(match[2]), overlap)
