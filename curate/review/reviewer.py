"""Names of reviewers, which are part of a file's name and of a command."""

import re
from typing import Final

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", re.ASCII)
RULE: Final = "1 to 40 letters (A to Z), digits, '_', '.' and '-', beginning with a letter or digit"


def valid_reviewer(name: str) -> bool:
    """Whether a name can be used."""
    return NAME.fullmatch(name) is not None
