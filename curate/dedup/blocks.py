"""Compare the nesting of texts with Python or YAML, in which indentation has a meaning."""

import re
from collections import defaultdict
from typing import Final

from curate.core.lazy import lazy_pattern

BLOCK_START: Final = lazy_pattern(
    r"^[ \t]*(?:```ya?ml"
    r"|(?:async|case|class|def|elif|else|except|finally|for|if|match|try|while|with)\b.*:[ \t]*(?:#.*)?)$",
    re.MULTILINE,
)
"""The start of a block of Python or YAML."""


def have_equal_nesting(left: str, right: str) -> bool:
    """Whether the lines that two texts share have the same nesting, apart from one shift and the width of the steps;
    True if one of the texts has no block.
    """
    if not (BLOCK_START.search(left) and BLOCK_START.search(right)):
        return True
    left_depths, right_depths = _block_depths(left), _block_depths(right)
    shared = [line for line in left_depths if len(left_depths[line]) == len(right_depths.get(line, ()))]
    return (
        len(
            {
                left_depth - right_depth
                for line in shared
                for left_depth, right_depth in zip(left_depths[line], right_depths[line], strict=True)
            }
        )
        <= 1
    )


def _block_depths(text: str) -> dict[str, list[int]]:
    """The number of blocks around each line, by the line without its white space."""
    depths: dict[str, list[int]] = defaultdict(list)
    widths = [-1]
    for line in filter(str.strip, text.expandtabs().splitlines()):
        width = len(line) - len(line.lstrip())
        while width < widths[-1]:
            widths.pop()
        if width > widths[-1]:
            widths.append(width)
        depths[line.strip()].append(len(widths))
    return depths
