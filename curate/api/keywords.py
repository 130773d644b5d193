"""The options of a command as keywords of its function (see `curate.core.verb_options`).

Checkers of types and editors know the keywords from `__init__.pyi`, which `make schemas` writes.
"""

import inspect
from collections.abc import Callable
from enum import Enum
from functools import wraps
from typing import Any, TypeVar

from curate.core.verb_options import VerbOption, given_of, in_place_of, options_of

Result = TypeVar("Result")
Parameter = inspect.Parameter


def takes_keywords(function: Callable[..., Result]) -> Callable[..., Result]:
    """Replace the parameter `given` of a function by the options of the command of the same name, as keywords; their
    help is added to the docstring.
    """
    name, command_options = function.__name__, options_of(function.__name__)
    signature = inspect.signature(function)
    parameters = in_place_of("given", map(_keyword_parameter, command_options), signature.parameters.values())
    names = {parameter.name for parameter in parameters}

    @wraps(function)
    def verb(*arguments: Any, **keywords: Any) -> Result:
        for keyword in keywords.keys() - names:
            raise TypeError(f"{name}() got an unexpected keyword argument {keyword!r}{_suggestion(keyword, names)}")
        option_values = {option.key: keywords.pop(option.key, None) for option in command_options}
        return function(*arguments, given=given_of(name, option_values), **keywords)

    verb.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    if verb.__doc__:  # python -OO has none
        verb.__doc__ = f"{inspect.cleandoc(verb.__doc__)}\n\n" + "\n".join(map(_docstring_line, command_options))
    return verb


def python_type(option: VerbOption) -> Any:
    """The type of a keyword, without None; a value of an enumeration is passed as text."""
    return str if isinstance(option.type, type) and issubclass(option.type, Enum) else option.type


def _keyword_parameter(option: VerbOption) -> Parameter:
    return Parameter(option.key, Parameter.KEYWORD_ONLY, default=None, annotation=python_type(option) | None)


def _docstring_line(option: VerbOption) -> str:
    """The line of a docstring about an option: name, help and default."""
    default = f" Default: {option.default_text}." if option.default_text else ""
    name = f"{option.key}=False" if option.default is True else option.key  # as the option, it is turned off
    return f"- `{name}`: {option.declared.help}{default}"


def _suggestion(keyword: str, names: set[str]) -> str:
    """`; did you mean ...?` with the most similar keyword; empty if none is similar."""
    import difflib  # only imported for a mistake

    matches = difflib.get_close_matches(keyword, names, n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""
