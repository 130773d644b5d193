"""The reference of the documentation, made from the code each time it is built: nothing of it can go stale."""

import inspect
import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from functools import cached_property
from typing import Any, Final
from unittest.mock import patch

from curate import api
from curate.cli.common_options import as_command
from curate.cli.main import main
from curate.cli.verbs import SUMMARIES, load, load_verb, names, schema_types
from curate.core.errors import ExitCode
from curate.core.targets import FORMATS as TRAINED_FORMATS
from curate.core.targets import LIMITS, Target
from curate.lint.rules import RULES
from curate.lint.rules.rule import Rule
from curate.read.formats import FORMATS
from curate.read.forms.preference_writers import WRITTEN_FORMS
from curate.render.rules import rule_json, rule_terms
from curate.schemas import schemas
from docs.signatures import declared

EXIT_STATUS: Final = {
    ExitCode.CLEAN: "No findings; the command did what was asked.",
    ExitCode.FINDINGS: "The data has findings, a check failed, or a line holds no example in a known form.",
    ExitCode.USAGE: "The command line, the configuration or a file is wrong; nothing was changed.",
    ExitCode.BUG: "A bug in curate. The message names a crash log with versions and the stack, without your data.",
    ExitCode.INTERRUPTED: "Interrupted by Ctrl-C; completed work is kept.",
    ExitCode.PIPE_CLOSED: "The reader of the output closed the pipe, as `head` does: 128 + SIGPIPE.",
}
FILE_MATCH: Final = {
    "config": "curate.toml",
    "decision": ".curate/decisions*.jsonl",
    "manifest": "manifest.json",
    "recipe": "recipe.toml",
    "removed": "removed.jsonl",
    "suppression": "curate-suppressions.jsonl",
}
"""Names of files by the schema of the file, or of each of its lines."""


def pages() -> Iterator[tuple[str, str]]:
    """The path of each generated page, and its Markdown."""
    yield from _rules()
    yield from _commands()
    found = {name: json.loads(data) for name, data in schemas(schema_types()).items()}
    yield "reference/configuration.md", _configuration(found["config.schema.json"])
    yield "reference/recipe.md", _recipe()
    yield "reference/recipe-import.md", _recipe_import()
    yield "reference/formats.md", _formats()
    yield "reference/targets.md", _targets()
    yield "reference/exit-status.md", _exit_status()
    yield "reference/schemas.md", _schemas(found)
    yield "reference/python.md", _python()


def _rules() -> Iterator[tuple[str, str]]:
    rules = [RULES[code] for code in sorted(RULES)]
    rows = [
        (
            f"[{rule.code}](rules/{rule.code}.md)",
            rule.name,
            rule.severity.value + ("" if rule.default else ", not by default"),
            rule_json(rule)["repair"] or "",
            escaped(rule.summary),
        )
        for rule in rules
    ]
    yield (
        "reference/rules.md",
        "# Rules\n\n"
        "`curate rule CODE` prints a page of this reference, and `curate rule --all` the list. A rule that does not "
        "run by default runs with `--extend-select CODE`.\n\n" + table("Code|Name|Severity|Fix|Finds", rows),
    )
    for rule in rules:
        yield f"reference/rules/{rule.code}.md", _rule(rule)


def _rule(rule: Rule) -> str:
    value = rule_json(rule)
    blocks = "".join(
        f"## {label}\n\n````json\n{value[key].rstrip()}\n````\n\n"
        for label, key in (("Bad", "bad"), ("Good", "good"))
        if value[key]
    )
    told = "".join(f"- {escaped(line)}\n" for line in rule_terms(rule).splitlines())
    by = f"- Reported by {rule.by}.\n" if rule.by else ""
    return (
        f"# {rule.code} {rule.name}\n\n**{escaped(rule.summary)}**\n\nSeverity: {rule.severity.value}.\n\n"
        f"{escaped(rule.rationale)}\n\n**Next step:** {escaped(rule.hint)}\n\n{told}{by}\n{blocks}"
        f"## Suppress\n\n`curate suppress {rule.code} FILE:LINE --reason TEXT` suppresses one finding; `ignore = "
        f'["{rule.code}"]` under `[check]` turns the rule off.\n'
    )


def _commands() -> Iterator[tuple[str, str]]:
    rows = [(f"[`curate {verb}`](cli/{verb}.md)", escaped(SUMMARIES.get(verb, ""))) for verb in names()]
    yield (
        "reference/cli.md",
        f"# Command line\n\n{table('Command|What it does', rows)}\n"
        + (
            "All commands have `--help` and the same [exit status](exit-status.md). Results go to standard output, "
            "progress and notes to standard error.\n"
        ),
    )
    for verb in names():
        below = "".join(f"\n## curate {verb} {name}\n\n{_help(verb, name)}" for name in subcommands(verb))
        yield f"reference/cli/{verb}.md", f"# curate {verb}\n\n{_help(verb)}{below}"


def _help(*words: str) -> str:
    with patch.dict(os.environ, {"COLUMNS": "100"}), redirect_stdout(io.StringIO()) as out:
        main([*words, "--help"])
    return f"```text\n{out.getvalue()}```\n"


def subcommands(verb: str) -> list[str]:
    """The commands below one that is a group."""
    return list(getattr(as_command(verb, load_verb(verb)), "commands", ()))


def _configuration(schema: Mapping[str, Any]) -> str:
    text = (
        "# Configuration\n\nRead from `curate.toml`, or from the table `[tool.curate]` of `pyproject.toml`. Options of "
        "the command line override it. An unknown key is an error with a suggestion.\n\n"
        "The nearest file at or above the folder of the data applies, else the nearest at or above the working folder, "
        "or the one of `--config`. A note names it if it is not in the working folder, and `curate check PATH "
        "--show-settings` prints it. Files that different configurations apply to are refused: run the command for "
        "each project, or name one with `--config`. Paths in a configuration are relative to its folder. Decisions, "
        "cache (`.curate/`) and suppressions lie in the project's folder, which is the nearest one at or above the "
        "data that has a configuration, decisions or suppressions.\n\n"
        "A setting that reaches outside of the configuration's folder (a URL, a path, a link, a model of the hub) or "
        "weakens a guard against large removals and leaks is named in one line. It needs `--yes`, `yes=True` in "
        "Python, or the folder in your own configuration, `~/.config/curate/curate.toml` on Linux: "
        '`trust = ["/home/me/project"]` covers the folder and all below it.\n'
    )
    for name, definition in [("", schema), *_tables(schema)]:
        head = f"[[{name}]]" if name == "check.rule" else f"[{name}]"
        text += f"\n## `{head}`\n\n" if name else "\n## Top level\n\n"
        rows = [
            (f"`{key}`", _default(value), f"{escaped(value.get('description', ''))} {_choices(schema, value)}".strip())
            for key, value in definition["properties"].items()
            if not {"$ref", "allOf"} & value.keys() or "description" in value
        ]
        text += table("Key|Default|Meaning", rows)
    return text


def _tables(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The tables of the configuration: name and schema."""
    for key, value in schema["properties"].items():
        target = value.get("$ref", "").rpartition("/")[2]
        if "properties" in schema["$defs"].get(target, {}):
            yield key, schema["$defs"][target]
            if key == "check":
                yield "check.rule", schema["$defs"]["CustomRule"]


def _default(value: Mapping[str, Any]) -> str:
    return f"`{json.dumps(value['default'])}`" if value.get("default") is not None else ""


def _choices(schema: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    """The values that a key takes, if they are few and known."""
    found = value.get("enum") or schema["$defs"].get(value.get("$ref", "").rpartition("/")[2], {}).get("enum") or ()
    return f"One of {', '.join(f'`{one}`' for one in found)}." if found else ""


def _recipe() -> str:
    text = (
        "# Recipe\n\n`curate recipe init --for DIR` writes a recipe for the data and the GPU, with a reason for each "
        "key. `curate recipe keys` prints this list. `curate recipe import FILE` converts [files of other "
        "trainers](recipe-import.md).\n\nA recipe may have these training arguments too: "
        "`gradient_accumulation_steps` multiplies `per_device_train_batch_size`, `fp16` and `bf16` are a `dtype`, and "
        f"these have no effect: {', '.join(f'`{name}`' for name in load('train.recipe:IGNORED'))}.\n\n"
    )
    rows = []
    for entry in load("train.cli.recipe:keys")():
        head, kind, *meaning = (line.strip() for line in entry.splitlines())
        name, _, default = head.partition(" = ")
        values, _, also = kind.removesuffix(")").partition("  (also ")
        other = f"Also: `{also}`. " if also else ""
        rows.append(
            (
                f"`{name}`",
                *(escaped(f"`{cell}`") if cell else "" for cell in (default, values)),
                other + escaped(" ".join(meaning)),
            )
        )
    return text + table("Key|Default|Values|Meaning", rows)


def _recipe_import() -> str:
    keys, same = load("train.recipe_import.keys:KEYS"), load("train.recipe_import.configuration:SAME")
    text = (
        "# Keys of other trainers\n\n`curate recipe import FILE` converts a configuration of transformers, TRL, PEFT, "
        "Axolotl, LLaMA-Factory or Unsloth to a [recipe](recipe.md). Python files are parsed, never executed. A key "
        "that is not in this table is refused. A name that ends with `*` stands for all that begin so.\n\n"
    )
    rows: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        others = [other for other, name in same.items() if name in key.names]
        rows.setdefault((key.becomes, key.meaning), []).extend((*key.names, *others))
    text += table(
        "Key|Recipe|Meaning",
        [
            (", ".join(f"`{name}`" for name in names), f"`{becomes}`" if becomes else "", escaped(meaning))
            for (becomes, meaning), names in rows.items()
        ],
    )
    text += (
        "\n## Defaults\n\nA key that the file leaves out has the default of the tool. It is written to the recipe "
        "where that of the recipe differs.\n\n"
    )
    defaults = []
    for name in ("BLOCKS", "TOOLS", "ADAPTERS"):
        for tool, values in load(f"train.recipe_import.configuration:{name}").items():
            shown = ", ".join(f"{key} = {json.dumps(value)}" for key, value in values.items())
            defaults.append((tool + (", with an adapter" if name == "ADAPTERS" else ""), escaped(f"`{shown}`")))
    return text + table("Class or tool|Defaults", defaults)


def _formats() -> str:
    rows = [
        (
            f"`{known.name}`",
            escaped(known.summary),
            f"`--to {known.to or known.name}`" if known.write or known.write_pair else "",
        )
        for known in FORMATS
    ]
    written = [
        (
            f"`{form.name}`",
            escaped(form.summary),
            "a pair" if form.write_pair else f"an answer with `{form.label}`, true or false",
        )
        for form in WRITTEN_FORMS
    ]
    return (
        "# Formats\n\nThe formats of a line, in the order in which they are tried. `curate convert --to FORM` writes "
        "those with an entry in the last column, and messages.\n\n"
        + table("Format|A line with|Written by", rows)
        + "\n\n"
        "## Further forms of preference data\n\nThese are read as one of the formats above. `curate convert --to FORM` "
        "writes them.\n\n" + table("Form|A line with|Holds", written)
    )


def _targets() -> str:
    rows = []
    for target in Target:
        limits = LIMITS[target]
        told = [
            f"{name.replace('_', ' ')} {', '.join(value) if isinstance(value, tuple) else f'{value:,}'}"
            for name in limits.__slots__
            if name != "source" and (value := getattr(limits, name)) not in (None, ())
        ]
        formats = ", ".join(f"`{name}`" for name in TRAINED_FORMATS.get(target, ()))
        rows.append((f"`{target.value}`", formats, escaped("; ".join(told)), escaped(limits.source)))
    return (
        "# Targets\n\n`curate check --target NAME` applies the limits of a trainer or service. All targets except "
        "`bedrock` and `vertex` read messages; the second column has what they read besides.\n\n"
        + table("Target|Formats|Limits|Source", rows)
    )


def _exit_status() -> str:
    rows = [(f"`{code.value}`", EXIT_STATUS[code]) for code in ExitCode]
    return f"# Exit status\n\nEvery command ends with one of these.\n\n{table('Status|Meaning', rows)}"


def _schemas(found: Mapping[str, Any]) -> str:
    files = {name: f"`{match}`" for name, match in FILE_MATCH.items()}
    text = (
        "# JSON schemas\n\nEverything that curate reads and writes has a schema in the folder `schemas` of the "
        "repository, `curate/json_schemas` of the installed package. A key that is there keeps its name and "
        "meaning within a major version; new keys may be added.\n\n"
        "Editors that know schemas complete and check a file by its name. For TOML (Taplo, Even Better TOML), put "
        "`#:schema PATH/config.schema.json` in the first line, or associate the name with the schema in the settings. "
        "In `pyproject.toml`, `config.schema.json` describes the table `[tool.curate]`.\n\n"
    )
    rows = [
        (f"`{name}`", files.get(name.partition(".")[0], ""), escaped(value.get("description", "").split("\n")[0]))
        for name, value in found.items()
        if isinstance(value, dict)
    ]
    return text + table("Schema|File names|Holds", [*rows, ("`rules.json`", "", "All rules with their documentation.")])


def _python() -> str:
    text = "# Python\n\n```python\nimport curate\n```\n"
    for name in sorted(api.__all__, key=lambda name: (name[0].isupper(), name)):
        item = getattr(api, name)
        if inspect.isclass(item):
            text += f"\n## {name}\n\n{_doc(item)}\n\n" + table("Member|Gives", _members(item))
        else:
            text += f"\n## curate.{name}\n\n```python\n{declared(item)}\n```\n\n{_doc(item)}\n"
    return text


def _members(kind: type) -> list[tuple[str, str]]:
    found = {name: item for base in reversed(kind.__mro__) for name, item in vars(base).items() if name[0] != "_"}
    return [
        (f"`{name}()`" if inspect.isfunction(item) else f"`{name}`", escaped(_doc(item).replace("\n", " ")))
        for name, item in found.items()
        if isinstance(item, property | cached_property) or inspect.isfunction(item)
    ]


def _doc(item: Any) -> str:
    return inspect.getdoc(item) or ""


def table(head: str, rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table; `head` has the names of the columns, separated by bars."""
    width = head.count("|") + 1
    lines = [
        f"|{head}|",
        f"|{'---|' * width}",
        *(f"|{'|'.join(' '.join(cell.split()) for cell in row)}|" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text for Markdown: what stands between backticks stays code, and nothing else is markup."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([\\|*_\[\]#])", r"\\\1", part).replace("<", "&lt;") for part in parts[::2]]
    parts[1::2] = [part.replace("|", "\\|") for part in parts[1::2]]
    return "`".join(parts)
