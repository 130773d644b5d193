"""Consent to settings of a configuration file that reach outside of its folder, or that weaken a guard.

A configuration in the folder of the data may come from a stranger. Its values are compared with their kinds
(`curate.core.config.Kind`): a URL, a path outside of the folder, a model of the hub and a weaker guard are named in one
line, and refused without consent. Consent is `--yes` (`yes=True` in Python), or the folder in the user's own
configuration (see `curate.network.egress`):

    trust = ["/home/me/project"]

A setting that an option replaces is not used, and needs no consent.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from glob import escape, glob
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from curate.core.config import NO_MODEL, Config, Guard, Kind, Kinds
from curate.core.errors import UsageError
from curate.core.text import excerpt, visible
from curate.core.validation import load_toml
from curate.storage.files import path_of
from curate.storage.urls import is_url, safe_url

if TYPE_CHECKING:
    from curate.network.egress import Consent

PROJECT: Final = "project"
"""Name for the keys outside of the tables of a configuration."""
CONFINED_VARIABLE: Final = "CURATE_CONFINED_TO"
"""Environment variable with a folder; settings must not refer to files outside of it, with or without consent. Set by
`curate mcp`.
"""
RECIPE_KINDS: Final[Kinds] = {
    **dict.fromkeys(("model", "model_name_or_path", "base_model"), Kind.MODEL),
    "chat_template": Kind.TEMPLATE,
    "data": Kind.PATH,
    "report_to": Kind.TRACKER,
}
"""Keys of a recipe that can reach outside of its folder."""
LOCAL_TRACKER: Final = "tensorboard"
"""Writes to the run's folder alone."""
HUB: Final = "a model of the hub"
URL: Final = "a URL"
OUTSIDE: Final = "outside of the project's folder"
TRACKER: Final = "results are sent there"
NO_OPTION: Final = "pass --yes to a command"
STDIN_NAME: Final = "-"
MAX_NAMED: Final = 20
MAX_NAMED_VALUE: Final = 100
Used = Mapping[str, Mapping[str, Any]]
"""Names of the tables that a command uses, each with the values of its options by key; None: not given."""


def require_agreed(config: Config, path: Path, consent: "Consent | None", used: Used) -> None:
    """Raise `UsageError` if the used tables of a configuration file need consent and there is none.

    Values are those of the file, before `curate.project.config_files` makes paths relative to the working folder.
    """
    home, confined = Path(os.path.abspath(path.parent)), os.environ.get(CONFINED_VARIABLE)  # noqa: PTH100
    root = Path(confined or home)
    reasons = [
        (f"{key} = {_value_in_message(value)}", why)
        for key, value, kind, default in _settings(config, home, root, used)
        if (why := _consent_reason(kind, value, default, home, root))
    ]
    _require_consent(reasons, path, consent)


def require_recipe_agreed(path: Path, values: Mapping[str, Any], consent: "Consent") -> None:
    """Raise `UsageError` if the values of a recipe's file need consent and there is none.

    A recipe in the working folder itself is the user's own. In a folder below it, a recipe may refer to files of the
    working folder; elsewhere, to those of its own folder.
    """
    home, here = Path(os.path.abspath(path.parent)), Path.cwd()  # noqa: PTH100
    if home == here and CONFINED_VARIABLE not in os.environ:
        return
    root = Path(os.environ.get(CONFINED_VARIABLE) or (here if home.is_relative_to(here) else home))
    reasons = [
        (f"{key} = {_value_in_message(value)}", why)
        for key, value, kind, default in _recipe_settings(values)
        if (why := _consent_reason(kind, value, default, home, root))
    ]
    _require_consent(reasons, path, consent)


def _require_consent(reasons: Sequence[tuple[str, str]], path: Path, consent: "Consent | None") -> None:
    """Raise `UsageError` for settings of a file, each with why it needs consent, if there is none."""
    if not reasons:
        return
    confined, home = os.environ.get(CONFINED_VARIABLE), Path(os.path.abspath(path.parent))  # noqa: PTH100
    named = [f"{setting} ({why})" for setting, why in reasons[:MAX_NAMED]]
    named += [f"{len(reasons) - MAX_NAMED:,} more"] if len(reasons) > MAX_NAMED else []
    text = f"{visible(str(path))} sets {', '.join(named)}"
    from curate.network.egress import trusts_folder, user_config_path  # not needed by most commands

    if confined and any(why in (URL, OUTSIDE, TRACKER) for _, why in reasons):
        raise UsageError(f"{text}: refused", "the configuration of this server may only name files below its folder")
    if not (consent and consent.yes) and not trusts_folder(home):
        alternative = f'write  trust = ["{visible(str(home))}"]  in {visible(str(user_config_path()))}'
        raise UsageError(
            f"{text}: needs your consent",
            f"read the file; then {consent.how if consent else NO_OPTION}, or {alternative}",
        )
    if consent and consent.tell:
        consent.tell(f"note: {text}")


def _settings(config: Config, home: Path, root: Path, used: Used) -> Iterator[tuple[str, Any, Kind | Guard, Any]]:
    """Name, value, kind and default of each setting that is used and not replaced by an option."""
    for table, options in used.items():
        section = config if table == PROJECT else getattr(config, table)
        prefix = "" if table == PROJECT else f"{table}."
        for key, kind in section.kinds.items():
            if kind is Kind.VALUE or options.get(key) is not None:
                continue
            value = getattr(section, key)
            if kind is Kind.FILES:
                yield from ((f"{prefix}{key}", name, kind, ()) for name in value)
            elif value != (default := type(section).model_fields[key].default):
                yield f"{prefix}{key}", value, kind, default
    trains = PROJECT in used and config.recipe and used[PROJECT].get("recipe") is None
    if trains and not _consent_reason(Kind.PATH, config.recipe, "", home, root):  # else it is not read
        recipe = home / config.recipe
        values = load_toml(recipe, "recipe", "write one, or remove `recipe` from the configuration")
        values.pop("data", None)  # `curate run` itself requires that it is its output
        for key, *setting in _recipe_settings(values):
            yield f"{recipe.name}: {key}", *setting


def _recipe_settings(values: Mapping[str, Any]) -> Iterator[tuple[str, Any, Kind | Guard, Any]]:
    """The settings of a recipe, as `_settings`. The trainer reports what is wrong with it."""
    for key, kind in RECIPE_KINDS.items():
        given = values.get(key)
        for value in given if kind is Kind.TRACKER and isinstance(given, list) else [given]:
            if isinstance(value, str) and value not in ("", LOCAL_TRACKER):
                yield key, value, kind, ""


def _consent_reason(kind: Kind | Guard, value: Any, default: Any, home: Path, root: Path) -> str:
    """Why a value needs consent; empty if it does not."""
    if isinstance(kind, Guard):
        return f"by default {_value_in_message(default)}" if kind.weaker == "other" or value > default else ""
    if kind is Kind.TRACKER:
        return TRACKER
    if kind is Kind.ADDRESS or (kind is Kind.JUDGE and "://" in value):
        return ""
    if is_url(value) or (kind is Kind.MODEL and "://" in value):
        return URL
    if kind in (Kind.MODEL, Kind.JUDGE):
        return _reason_of_model(value, home, root)
    templates = [Path(value)] if kind is Kind.TEMPLATE and not (home / value).exists() else []
    leaves = (
        value == STDIN_NAME
        or _leads_outside(value, home, root)
        or not all(_is_inside(path, root) for path in templates)
    )
    return OUTSIDE if leaves else ""


def _reason_of_model(name: str, home: Path, root: Path) -> str:
    """Why the name of a model needs consent, as `_consent_reason`; empty if it does not."""
    if name == NO_MODEL or name.startswith("offline:"):
        return ""
    folders = [folder for folder in (home / name, Path(name)) if folder.is_dir()]
    if not folders and not name.startswith((".", "/", "~", "\\")):
        return HUB
    return (
        OUTSIDE if _leads_outside(name, home, root) or not all(_is_inside(path, root) for path in folders[:1]) else ""
    )


def _leads_outside(name: str, home: Path, root: Path) -> bool:
    """Whether a path or a pattern of a configuration in `home` resolves to a file outside of `root`."""
    paths = [home / path_of(name), path_of(str(home / name))]
    if any(sign in str(home / name) for sign in "*?[") and not os.path.lexists(home / name):
        for pattern in dict.fromkeys((os.path.join(escape(str(home)), name), str(home / name))):  # noqa: PTH118
            paths += map(Path, glob(pattern, recursive=True))  # noqa: PTH207
    return name.startswith("~") or not all(_is_inside(path, root) for path in paths)


def _is_inside(path: Path, root: Path) -> bool:
    """Whether a path is in a folder, both as the system resolves it and with `..` removed from its text first."""
    try:
        return all(Path(text).resolve().is_relative_to(root.resolve()) for text in (path, os.path.normpath(path)))
    except (OSError, RuntimeError, ValueError):  # a loop of links, or a NUL: it cannot be read
        return False


def _value_in_message(value: Any) -> str:
    """A value as a message shows it: without secrets, on one line."""
    if not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    from curate.core.masking import masked, without_keys  # not needed by most commands

    text = safe_url(value) if is_url(value) else value
    return f'"{excerpt(without_keys(masked(text)), MAX_NAMED_VALUE)}"'
