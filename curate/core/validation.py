"""Read TOML and validate values as pydantic models, with messages that list every mistake."""

import json
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from curate.core.errors import ConfigError, UsageError
from curate.core.text import excerpt, visible

Model = TypeVar("Model", bound=BaseModel)
MAX_TOML_BYTES: Final = 1 << 20
MAX_DOTS: Final = 1_000
"""Maximum number of dots in a line: memory for a dotted key is quadratic in the number of its parts."""


def parsed_json(text: str | bytes, **options: Any) -> Any:
    """Parse JSON with the options of `json.loads`. Raises `ValueError`, also for what is nested too deeply."""
    try:
        return json.loads(text, **options)
    except RecursionError:
        raise ValueError("nested too deeply") from None


UNCOUNTED_COLONS: Final = (b" :", b"\t:", b"\r:", b"\n:", b"\\u0022", b"\\u003a", b"\\u003A")
"""Byte sequences that make a count of `":` differ from the number of keys: white space, an escaped quote or colon."""


def has_repeated_key(line: bytes, value: Any) -> bool:
    """Whether an object of a parsed line has a key twice. Only lines whose keys cannot be counted are parsed again."""
    import orjson

    with suppress(TypeError, orjson.JSONEncodeError):
        plain = not any(form in line for form in UNCOUNTED_COLONS)
        if plain and line.count(b'":') == orjson.dumps(value).count(b'":'):
            return False
    repeated = False

    def once(pairs: list[tuple[str, Any]]) -> None:
        nonlocal repeated
        repeated = repeated or len({key for key, _ in pairs}) < len(pairs)

    with suppress(RecursionError):
        json.loads(line.decode("utf-8"), object_pairs_hook=once)
    return repeated


def parsed_toml(text: str) -> dict[str, Any]:
    """Parse TOML. Raises `ValueError` if it is not valid, or larger, deeper or longer in a key or number than read."""
    if len(text) > MAX_TOML_BYTES:
        raise ValueError(f"larger than {MAX_TOML_BYTES >> 20} MiB")
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") > MAX_DOTS:
            raise ValueError(f"more than {MAX_DOTS:,} dots in one line (at line {number}, column 1)")
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    values: list[Any] = [document]
    while values:
        value = values.pop()
        if isinstance(value, (dict, list)):
            values += value.values() if isinstance(value, dict) else value
        elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:  # as TOML demands
            raise ValueError("an integer has more than 64 bits")
    return document


def load_toml(
    path: Path, kind: str = "file", missing: str = 'write a curate.toml, e.g.  data = ["data.jsonl"]'
) -> dict[str, Any]:
    """Parse a TOML file. Raises `UsageError` if it cannot be read, `ConfigError` if it is not valid TOML."""
    try:
        with path.open("rb") as file:
            return parsed_toml(file.read(MAX_TOML_BYTES + 1).decode("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such {kind}", missing) from None
    except IsADirectoryError:
        raise UsageError(f"{path}: is a folder", "pass the configuration file in it") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", "check its permissions") from error
    except ValueError as error:
        raise ConfigError(visible(f"{path}: not valid TOML: {error}"), "fix the line that the message names") from error


def validated(model: type[Model], values: dict[str, Any], source: str, hint: str = "fix these keys") -> Model:
    """Validate `values` as a `model`. Raises `ConfigError` that lists every mistake, with a `hint`."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        mistakes = [visible(f"{source}: {_error_text(model, item)}") for item in error.errors(include_url=False)]
        raise ConfigError("\n".join(mistakes), hint) from None


def _error_text(model: type[BaseModel], item: Any) -> str:
    """One mistake that pydantic reports, as a line: the key, and what is wrong or the nearest known key."""
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        import difflib  # only imported for a mistake

        keys = _keys_at(model, item["loc"][:-1])
        if near := difflib.get_close_matches(str(item["loc"][-1]), keys, n=1):
            return f"unknown key {place!r}; did you mean {near[0]!r}?"
        return f"unknown key {place!r}" + (f"; known keys: {', '.join(sorted(keys))}" if keys else "")
    if item["type"] == "missing":
        return f"missing key {place!r}"
    message = in_words(str(item["msg"]))
    got = f" (got {excerpt(repr(item['input']), 200)})" if item["type"] != "value_error" else ""
    return (f"{place}: " if place else "") + message + got


def in_words(message: str) -> str:
    """A message of pydantic in the wording of curate: `must be greater than or equal to 1`."""
    return message.replace("Value error, ", "").replace("Input should be", "must be")


def _keys_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """The keys of the model at a path in another one; empty if there is none."""
    for part in path:
        field = model.model_fields.get(str(part))
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return []
        model = field.annotation
    return list(model.model_fields)
