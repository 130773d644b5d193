"""Whether texts with Python or YAML, in which indentation is meaning, are nested alike."""

import re
from collections import defaultdict
from typing import Final

BLOCK_START: Final = re.compile(
    r"^[ \t]*(?:```ya?ml"
    r"|(?:async|case|class|def|elif|else|except|finally|for|if|match|try|while|with)\b.*:[ \t]*(?:#.*)?)$",
    re.MULTILINE,
)
"""What opens a block of Python, or YAML."""


def nested_alike(left: str, right: str) -> bool:
    """Whether the lines that two texts share are indented alike, apart from one shift and the width of the steps; also
    if one of them has no block.
    """
    if not (BLOCK_START.search(left) and BLOCK_START.search(right)):
        return True
    mine, others = _block_depths(left), _block_depths(right)
    shared = [line for line in mine if len(mine[line]) == len(others.get(line, ()))]
    return len({one - other for line in shared for one, other in zip(mine[line], others[line], strict=True)}) <= 1


def _block_depths(text: str) -> dict[str, list[int]]:
    """The number of blocks around each line, by the line without its white space."""
    found: dict[str, list[int]] = defaultdict(list)
    widths = [-1]
    for line in filter(str.strip, text.expandtabs().splitlines()):
        width = len(line) - len(line.lstrip())
        while width < widths[-1]:
            widths.pop()
        if width > widths[-1]:
            widths.append(width)
        found[line.strip()].append(len(widths))
    return found
