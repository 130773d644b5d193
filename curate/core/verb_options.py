"""The options that a command, and its function in Python, take from the configuration.

Each is declared once: a key with an `Option` in its annotation in `curate.core.config`, which has the type, default,
range and help. The command line, the keywords in Python, the tools of `curate mcp`, the schema and the reference are
made from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from inspect import Parameter
from types import NoneType
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args, get_origin

from curate.core.config import Config, Guard, Kind, Section, with_options
from curate.core.errors import UsageError
from curate.core.option import Option

Given = Mapping[str, Mapping[str, Any]]
"""Values of options by table and key, None where an option is not given. The tables are those that a command uses."""
NOTHING_GIVEN: Final[Given] = {}
TOP: Final = ""
"""Name for the keys outside of the tables of a configuration."""
OWN: Final = ("*",)
"""Placeholder for the keys that are options of the command of their table (`Option.own`)."""
TABLES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "check": {"check": OWN, "conflicts": ()},
    "dedup": {"dedup": OWN, "check": ("drop",), "conflicts": ()},
    "conflicts": {"conflicts": OWN},
    "select": {"check": ("drop",), "dedup": ()},
    "split": {
        "split": OWN,
        "dedup": ("threshold",),
        "mix": OWN,
        "check": ("drop",),
        TOP: ("seed", "shards"),
        "conflicts": (),
    },
    "run": {"check": ("drop",)},
}
"""By command, the tables of the configuration that it uses, and the keys of each that it takes as options."""


class VerbOption(NamedTuple):
    """An option of a command."""

    table: str
    key: str
    declared: Option
    kind: Kind | Guard
    default: Any
    type: Any
    """The type of its value in Python, without None."""
    numbers: int
    """How many numbers a sequence of numbers has; 0 for all other types."""

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        name = self.key.replace("_", "-")
        return self.declared.flag or (f"--no-{name}" if self.default is True else f"--{name}")

    @property
    def default_text(self) -> str:
        """The default in the form of the command line; empty if there is none."""
        value = self.default.value if isinstance(self.default, Enum) else self.default
        if isinstance(value, bool) or value is None or value in ("", (), {}):
            return ""
        return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def declared(table: str, key: str) -> Option:
    """The option that a key of a table declares."""
    [option] = _options_of_table(table, (key,))
    return option.declared


@cache
def options_of(verb: str) -> tuple[VerbOption, ...]:
    """The options of a command that are keys of the configuration, in the order of its tables and of their keys."""
    return tuple(option for table, keys in TABLES[verb].items() for option in _options_of_table(table, keys))


def _options_of_table(table: str, keys: Sequence[str]) -> Iterable[VerbOption]:
    """The options of a command that are keys of one table; `keys`: their names, or `OWN` for all that the table
    declares as options of its own command.
    """
    section = type(Config.model_fields[table].default) if table else Config
    for key, field in section.model_fields.items():
        declared = next((mark for mark in field.metadata if isinstance(mark, Option)), None)
        if declared is not None and (declared.own if keys == OWN else key in keys):
            kind = section.kinds[key]
            yield VerbOption(table, key, declared, kind, field.default, *_type_in_python(field.annotation))


def _type_in_python(annotation: Any) -> tuple[Any, int]:
    """The type that a function takes for a key of the configuration, and how many numbers it holds."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_in_python(parts[0])
    if origin is Literal:
        return str, 0
    if origin is dict:
        return Mapping[str, float], 0
    if origin is tuple and parts[-1] is ...:
        return Sequence[str], 0
    if origin is tuple:
        return Sequence[_type_in_python(parts[0])[0]], len(parts)  # type: ignore[misc]  # a type that mypy cannot know
    if NoneType in parts:
        return _type_in_python(next(part for part in parts if part is not NoneType))
    return annotation, 0


def in_place_of(name: str, options: Iterable[Parameter], parameters: Iterable[Parameter]) -> list[Parameter]:
    """Parameters with options in the place of the one of this name."""
    replaced: list[Parameter] = []
    for parameter in parameters:
        replaced += options if parameter.name == name else [parameter]
    return replaced


def given_of(verb: str, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The option values of a command by table and key, from `values` by key; None for an option that was not given."""
    by_table: dict[str, dict[str, Any]] = {table: {} for table in TABLES[verb]}
    for option in options_of(verb):
        by_table[option.table][option.key] = values.get(option.key)
    return by_table


def tables_of(given: Given) -> dict[str, Mapping[str, Any]]:
    """The used tables with their options, as `curate.project.config_files.find_config` takes them."""
    return {table: values for table, values in given.items() if table != TOP}


def with_given(config: Config, given: Given) -> Config:
    """The configuration with the options that are not None. Raises `ConfigError` for an invalid value, and `UsageError`
    for an option together with the one that it replaces.
    """
    tables = {
        table: with_options(_without_replaced(table, getattr(config, table), values), **values)
        for table, values in tables_of(given).items()
    }
    return with_options(config.model_copy(update=tables), **given.get(TOP, {}))


def _without_replaced(table: str, section: Section, values: Mapping[str, Any]) -> Section:
    """The section without the values that options replace."""
    replaced: dict[str, Any] = {}
    for option in _options_of_table(table, [key for key, value in values.items() if value is not None]):
        if other := option.declared.instead_of:
            if values.get(other) is not None:
                raise UsageError(f"{option.key} and {other} cannot be combined", "leave one of them out")
            replaced[other] = type(section).model_fields[other].default
    return section.model_copy(update=replaced) if replaced else section


def require_named_model(kind: str, named: str | None, **options: object) -> None:
    """Raise `UsageError` for an option that has no effect, since a `model` or `judge` is not named."""
    for name, value in options.items():
        if value is not None and not named:
            raise UsageError(f"--{name.replace('_', '-')} has no effect without a {kind}", f"name a {kind}, too")
