"""The commands, each imported only when it is used.

Those of the engine are modules beside this one. Others come from entry points of the group `curate.verbs`, looked up by
name. The packages shipped with the engine are loaded from its parent folder, so a `train.py` in the user's folder
cannot replace them.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from curate.core.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUPS: Final = {
    "Data": {
        "check": "Check a data set and report each problem with its place.",
        "stats": "Show statistics of a data set.",
        "convert": "Convert any known format to messages or another one.",
        "dedup": "Remove exact and near duplicates and record each removal.",
        "conflicts": "Find contradictory answers to the same question.",
        "split": "Write train, validation and test splits without leakage.",
        "verify": "Verify that a split has no leakage and lost no line.",
    },
    "Review": {
        "review": "Review findings, duplicates and conflicts in a terminal.",
        "apply": "Write the files with the edits and drops of the review.",
    },
    "Train": {
        "recipe": "Write a recipe that fits the data and the GPU.",
        "train": "Train an adapter and measure it; --plan shows what it needs.",
        "sweep": "Train many recipes and find the best one.",
        "evaluate": "Compare the tuned model with the base and a good prompt.",
        "chat": "Chat with a trained model, with its chat template.",
        "export": "Export or merge adapters: weights, GGUF or an Ollama model.",
        "remote": "Fine-tune at a service: estimate, start and fetch jobs.",
    },
    "More": {
        "run": "Run all stages from one curate.toml; resumable.",
        "report": "Write one HTML page about a data set, to hand on.",
        "ingest": "Convert traces of model calls to messages.",
        "score": "Score examples by quality signals, each measured.",
        "select": "Select examples to train on; record what is left out.",
        "decontaminate": "Remove examples that contain items of a benchmark.",
        "query": "List the lines that an expression selects.",
        "rule": "Explain a rule, list all rules or test your own.",
        "suppress": "Suppress a finding; requires a reason.",
        "redact": "Replace private values by pseudonyms; prove it with verify.",
        "papers": "Write the forms and the proof that go with a data set.",
        "restore": "Restore removed lines, byte for byte.",
        "diff": "Compare two splits: data, settings and versions.",
        "template": "List chat templates; show what two of them make of data.",
        "doctor": "Show what is installed, what is missing and where files are.",
        "mcp": "Serve the commands that only read to agents, by MCP.",
        "server": "Serve findings, fixes and rules to editors, by LSP.",
        "skill": "Print instructions for coding agents.",
        "completion": "Print a script that completes commands in your shell.",
        "schema": "Write or check the JSON Schemas of inputs and outputs.",
    },
}
"""The commands by what they are for, in the order of the work, each with its summary."""
SUMMARIES: Final = {name: summary for group in GROUPS.values() for name, summary in group.items()}
GLOBAL_OPTIONS: Final = ("--help", "--version", "--install-cache")
"""The options that are given without a command."""
OUR_PACKAGES: Final = ("train", "tui")
VERBS_GROUP: Final = "curate.verbs"
SCHEMAS_GROUP: Final = "curate.schemas"


def load_verb(name: str) -> Any:
    """The function of a command, or the `typer.Typer` of a group. Raises `UsageError` for an unknown command."""
    target = (
        f"curate.cli.{name}:{name}"
        if is_of_engine(name)
        else next((point.value for point in _entry_points(VERBS_GROUP) if point.name == name), None)
    )
    if target is None:
        import difflib  # only imported for a mistake

        matches = difflib.get_close_matches(name, [*names(), *GLOBAL_OPTIONS], n=1)
        raise UsageError(
            f"no such command: {name}" + (f"; did you mean {matches[0]}?" if matches else ""),
            "`curate --help` lists them",
        )
    return load(target)


def is_of_engine(name: str) -> bool:
    """Whether a command is built in and has a module of its name beside this one."""
    return name in SUMMARIES and Path(__file__).with_name(f"{name}.py").is_file()


def names() -> list[str]:
    """All commands in the order of their groups, then those of other packages."""
    return list(SUMMARIES | dict.fromkeys(point.name for point in _entry_points(VERBS_GROUP)))


def schema_types() -> dict[str, Any]:
    """The types of other packages that have a JSON Schema, by the name of the schema."""
    return {point.name: load(point.value) for point in _entry_points(SCHEMAS_GROUP)}


def load(target: str) -> Any:
    """Import the object `module:name`."""
    module, _, attribute = target.partition(":")
    package = module.partition(".")[0]
    if package in OUR_PACKAGES:
        _bind_package(package)
    return getattr(importlib.import_module(module), attribute)


def _entry_points(group: str) -> "list[EntryPoint]":
    """The entry points of other packages in a group, by name."""
    from importlib.metadata import entry_points  # not needed for built-in commands

    return sorted(entry_points(group=group), key=lambda point: point.name)


def _bind_package(package: str) -> None:
    """Import `package` from the folder beside the engine, whatever `sys.path` contains. Raises `UsageError` if it is
    not there.
    """
    folder = Path(__file__).resolve().parent.parent.parent / package
    loaded = sys.modules.get(package)
    if loaded is not None and getattr(loaded, "__file__", None) == str(folder / "__init__.py"):
        return
    spec = importlib.util.spec_from_file_location(
        package, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise UsageError(f"the package {package!r} is not where it was installed", "install curate-chat again")
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    spec.loader.exec_module(module)
