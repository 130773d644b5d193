"""Read TOML and validate values as pydantic models, with messages that list every mistake."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from curate.core.errors import ConfigError, UsageError
from curate.core.text import visible

Model = TypeVar("Model", bound=BaseModel)


def load_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file. Raises `UsageError` if it cannot be read, `ConfigError` if it is not valid TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file", 'write a curate.toml, e.g.  data = ["data.jsonl"]') from None
    except IsADirectoryError:
        raise UsageError(f"{path}: is a folder", "pass the configuration file in it") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", "check its permissions") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(visible(f"{path}: not valid TOML: {error}"), "fix the line that the message names") from error


def validated(model: type[Model], values: dict[str, Any], source: str, hint: str = "fix these keys") -> Model:
    """Validate `values` as a `model`. Raises `ConfigError` that lists every mistake, with a `hint`."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        mistakes = [visible(f"{source}: {_mistake(model, item)}") for item in error.errors(include_url=False)]
        raise ConfigError("\n".join(mistakes), hint) from None


def _mistake(model: type[BaseModel], item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        import difflib  # only imported for a mistake

        near = difflib.get_close_matches(str(item["loc"][-1]), _keys(model, item["loc"][:-1]), n=1)
        return f"unknown key {place!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    if item["type"] == "missing":
        return f"missing key {place!r}"
    message = in_words(str(item["msg"]))
    got = f" (got {item['input']!r})" if item["type"] != "value_error" else ""
    return (f"{place}: " if place else "") + message + got


def in_words(message: str) -> str:
    """A message of pydantic as the others read: `must be greater than or equal to 1`."""
    return message.replace("Value error, ", "").replace("Input should be", "must be")


def _keys(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    for part in path:
        field = model.model_fields.get(str(part))
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return []
        model = field.annotation
    return list(model.model_fields)
