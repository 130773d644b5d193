"""Python source in data is parsed, never run."""

import ast
from threading import Lock
from typing import Final

_PARSING: Final = Lock()
"""Python before 3.13 has one state of the parser for all threads: now and then it raises `SystemError`."""


def parsed_python(source: str, mode: str = "exec") -> ast.AST:
    """The syntax tree of `source`, by one thread at a time. Raises as `ast.parse` does."""
    with _PARSING:
        return ast.parse(source, mode=mode)
