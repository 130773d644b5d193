"""Convert the settings of another tool to a recipe, with what became of each key."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, Literal

from curate.core.errors import ConfigError, InputError
from curate.core.text import BYTES_PER_TOKEN, excerpt, visible
from curate.core.validation import validated
from train.data.split_files import SplitFiles
from train.methods import AUTO, OBJECTIVE_KEYS, OBJECTIVES, OWN_KEYS, method_of
from train.recipe import Recipe, commented_text, toml
from train.recipe_import.configuration import (
    SAME,
    Amount,
    Configuration,
    Ignored,
    Mapped,
    Outcome,
    Refused,
    RefusedError,
    configuration,
)
from train.recipe_import.keys import KEYS, ImportedKey
from train.recipe_import.source import MODEL_CALLS, SECOND_CALL, Setting, read_source, shown

State = Literal["mapped", "default", "ignored", "refused"]
TOKENS_PER_MESSAGE: Final = 8
NAMES: Final = sorted({name for key in KEYS for name in key.names} | SAME.keys())
UNKNOWN: Final = "leave it out if it does not change the training, or set its counterpart in the recipe"


@dataclass(frozen=True, slots=True)
class ConvertedKey:
    """What became of a key."""

    key: str
    """As in the file, with its value."""
    state: State
    becomes: str
    """As in the recipe."""
    note: str


@dataclass(frozen=True, slots=True)
class RecipeImport:
    """A recipe, and what became of each key."""

    source: str
    tool: str
    values: dict[str, Any]
    origins: dict[str, str]
    """Where the value of each key comes from."""
    rows: tuple[ConvertedKey, ...]
    template: str
    """A chat template that the file holds itself; the recipe names a file for it."""

    @property
    def refused(self) -> list[ConvertedKey]:
        """The keys that cannot be imported."""
        return [row for row in self.rows if row.state == "refused"]

    def text(self) -> str:
        """The recipe as a file, with the origin of each key."""
        keys = (name for name in Recipe.model_fields if name in self.values)
        head = f"Written by `curate recipe import` from {visible(self.source)} ({self.tool})."
        return commented_text(head, [(key, self.values[key], self.origins[key]) for key in keys])


NO_ADAPTER: Final = 'the file names none; method = "full" trains all weights'


def import_recipe(
    path: Path, data: Path | None, name: str, *, model: str | None, processes: int, template_file: str
) -> RecipeImport:
    """The recipe for the configuration in a file.

    `data`: the split folder, `name`: what the recipe calls it. `template_file`: the file for a chat template that the
    configuration holds itself. Raises `InputError`, `ConfigError` if the values make no recipe.
    """
    source = read_source(path)
    config = configuration(source, None if data is None else amount_of(data), processes)
    rows: list[ConvertedKey] = []
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if model is not None:
        values["model"], origins["model"] = model, "--model"
        config.settings.pop("model_name_or_path", None)
    values["data"], origins["data"] = (
        name,
        "--for" if data is not None else "the folder of the split: curate split DATA -o FOLDER",
    )
    for row, outcome in _outcomes(config):
        if isinstance(outcome, Mapped):
            new = {key: value for key, value in outcome.values.items() if key not in values}
            values |= new
            origins |= dict.fromkeys(new, excerpt(row.key + (f"; {row.note}" if row.note else ""), 160))
        if row.state != "default" or row.becomes:  # else the tool's default is that of a recipe
            rows.append(row)
    if "model" not in values and not any(row.key.startswith("model") for row in rows):
        rows.append(ConvertedKey("model", "refused", "", "no base model is named; name it with --model"))
    if "method" not in values:
        method = Recipe.model_fields["method"].default
        values["method"], origins["method"] = method, NO_ADAPTER
        rows.append(ConvertedKey("no adapter", "default", f"method = {toml(method)}", NO_ADAPTER))
    template = values.get("chat_template", "")
    template = template if "{" in template else ""
    if template:
        values["chat_template"], origins["chat_template"] = template_file, "saved beside the recipe"
    _drop_unused(values, rows)
    result = RecipeImport(str(path), source.tool, values, origins, tuple(rows), template)
    if not result.refused:
        if template and not template_file:
            raise ConfigError(
                f"{path}: chat_template is a template", "name a file for the recipe, so that it is saved beside it"
            )
        validated(Recipe, values, str(path))
    return result


def amount_of(folder: Path) -> Amount:
    """Number and estimated length of the examples of the training split of a folder. Raises `InputError`."""
    train = SplitFiles.of(folder, "train").required("create the split with  curate split DATA -o FOLDER")
    examples = list(train.examples())
    if not examples:
        raise InputError(f"{train.shown}: contains no example", f"curate check {train.shown}")
    turns = [[str(turn.value.get("content") or "") for turn in example.messages] for example in examples]
    sizes = (sum(len(text.encode()) // BYTES_PER_TOKEN + TOKENS_PER_MESSAGE for text in texts) for texts in turns)
    return Amount(len(examples), max(1.0, sum(sizes) / len(examples)))


def _outcomes(config: Configuration) -> Iterator[tuple[ConvertedKey, Outcome]]:
    """Each key of the file, or default of its tool, and what becomes of it; in the order of the table."""
    outcome: Outcome
    waiting = dict(config.settings)
    for key in KEYS:
        given = [name for name in waiting if any(fnmatchcase(name, pattern) for pattern in key.names)]
        settings = [setting for name in given for setting in waiting.pop(name)]
        if key.becomes or given or key.names[0] in config.defaults:
            defaults = [name for name in key.names if name in config.defaults and not config.given(name)]
            if given or defaults or key.always:
                outcome = _key_outcome(config, key, settings)
                if isinstance(outcome, Mapped) and not settings:
                    fields = Recipe.model_fields
                    changed = {name: value for name, value in outcome.values.items() if value != fields[name].default}
                    outcome = outcome._replace(values=changed)
                yield _converted_key(config, settings, defaults, outcome), outcome
    for settings in waiting.values():
        if settings[0].value == SECOND_CALL:
            first = "the first call is read"
            outcome = (
                Ignored(first)
                if settings[0].name in MODEL_CALLS
                else Refused(f"called twice; {first}", "keep one of them")
            )
            yield _converted_key(config, settings, [], outcome), outcome
            continue
        near = difflib.get_close_matches(settings[0].name, NAMES, n=1, cutoff=0.8)
        reason = "not a known key" + (f"; did you mean {near[0]}?" if near else "")
        outcome = Refused(reason, UNKNOWN)
        yield _converted_key(config, settings, [], outcome), outcome
    if empty := [
        setting.name
        for setting in config.source.settings
        if setting.value is None and SAME.get(setting.name, setting.name) not in config.settings
    ]:
        yield ConvertedKey(excerpt(", ".join(empty), 120), "ignored", "", "without a value"), Ignored("without a value")


def _key_outcome(config: Configuration, key: ImportedKey, settings: list[Setting]) -> Outcome:
    """What becomes of a key: refused also if it is given twice with different values."""
    by_name: dict[str, Any] = {}
    for setting in settings:
        first = by_name.setdefault(SAME.get(setting.name, setting.name), setting.value)
        if first != setting.value and key.becomes:
            return Refused("given twice, with different values", "keep one of them")
    try:
        return key.convert(config)
    except RefusedError as error:
        outcome: Outcome = error.args[0]
        return outcome


def _converted_key(
    config: Configuration, settings: list[Setting], defaults: list[str], outcome: Outcome
) -> ConvertedKey:
    """The row of the table for an outcome; without settings it names the defaults, or else the tool."""
    used = [f"{setting.name} = {shown(setting.name, setting.value)}" for setting in settings]
    places = ", ".join(dict.fromkeys(setting.place for setting in settings if setting.place))
    state: State = "mapped" if settings else "default"
    becomes, note = "", outcome.note
    if isinstance(outcome, Mapped):
        becomes = ", ".join(f"{key} = {excerpt(toml(value), 80)}" for key, value in outcome.values.items())
    elif isinstance(outcome, Refused):
        state, note = "refused", f"{outcome.note}; {outcome.hint}"
    elif settings or outcome.differs:
        state = "ignored"
    if not settings and not defaults:
        used, state = [*config.source.blocks] or [config.tool], "mapped" if becomes else state
    elif not settings:
        origins = dict.fromkeys(config.defaults[name][1] for name in defaults)
        used = [f"{name} = {shown(name, config.defaults[name][0])}" for name in defaults]
        note = f"default of {', '.join(origins)}" + (f"; {note}" if note else "")
    shown_key = excerpt(", ".join(used), 120) + (f" ({places})" if places else "")
    return ConvertedKey(visible(shown_key), state, becomes, visible(note))


def _drop_unused(values: dict[str, Any], rows: list[ConvertedKey]) -> None:
    """Remove keys from `values` that the method or the objective does not read, and add a row for each to `rows`."""
    method, objective = values.get("method", AUTO), values.get("objective", "sft")
    idle = OBJECTIVE_KEYS - OBJECTIVES[objective].keys if objective in OBJECTIVES else frozenset()
    idle |= OWN_KEYS - method_of(method).keys
    for key in [key for key in values if key in idle]:
        del values[key]
        rows.append(ConvertedKey(key, "ignored", "", f"not used by method {method} and objective {objective}"))
