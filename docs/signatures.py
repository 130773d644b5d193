"""The functions of `curate` as they are called, with the keywords that are made from the configuration.

`python -m docs.signatures` writes them to `curate/api/__init__.pyi`, from which checkers of types and editors know
them.
"""

import ast
import inspect
from pathlib import Path
from textwrap import dedent
from typing import Any, Final, get_args, get_origin

from curate import api
from curate.api.verbs import python_type
from curate.core.verb_options import VerbOption, options_of

STUB: Final = Path(api.__file__).with_suffix(".pyi")
HEAD: Final = '''"""The functions as they are called. Made from the code: `make schemas` writes this file anew."""

import os
from collections.abc import Mapping, Sequence

from curate.api.inputs import Data
from curate.core.events import Listener, ignore_events
'''


def declared(function: Any) -> str:
    """The first lines of a function, up to its result."""
    [definition] = ast.parse(dedent(inspect.getsource(function))).body
    assert isinstance(definition, ast.FunctionDef)
    assert definition.returns is not None
    words = definition.args
    parts = [ast.unparse(word) for word in words.args] + (["*"] if words.kwonlyargs else [])
    first = len(words.args) - len(words.defaults)
    for at, value in enumerate(words.defaults, first):
        parts[at] += f" = {ast.unparse(value)}"
    for word, default in zip(words.kwonlyargs, words.kw_defaults, strict=True):
        if word.arg == "given":
            parts += map(_keyword, options_of(function.__name__))
        else:
            parts.append(ast.unparse(word) + (f" = {ast.unparse(default)}" if default else ""))
    lines = "".join(f"    {part},\n" for part in parts)
    return f"def {function.__name__}(\n{lines}) -> {ast.unparse(definition.returns)}"


def _keyword(option: VerbOption) -> str:
    kind = python_type(option)
    outer = get_origin(kind)
    inner = ", ".join(part.__name__ for part in get_args(kind))
    return f"{option.key}: {f'{outer.__name__}[{inner}]' if outer else kind.__name__} | None = None"


def stub() -> str:
    """The content of the file."""
    classes = [name for name in api.__all__ if inspect.isclass(getattr(api, name))]
    results = "".join(f"from curate.api.results import {name} as {name}\n" for name in classes)
    functions = (f"\n{declared(getattr(api, name))}: ...\n" for name in api.__all__ if name not in classes)
    return f"{HEAD}{results}\n__all__ = {list(api.__all__)}\n{''.join(functions)}"


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
