"""The data card: content, sources, removals and splits of a data set, computed from the manifest."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any, Final

from curate.core.config import CardConfig, CustomRule, SourceConfig
from curate.core.text import plural, table_cell
from curate.lint.rules import RULES
from curate.lint.rules.custom import custom_summary, known_rules
from curate.project.manifest import Manifest

LINKS: Final = {
    "copy": "copies",
    "answer": "answers",
    "near": "near-duplicates",
    "question": "the same question",
    "prefix": "one conversation is the beginning of the other",
    "key": "the same key",
    "semantic": "paraphrased questions",
    "first_turn": "first questions",
    "near_question": "nearly the same question",
    "cut_answer": "beginnings or ends of answers",
    "document": "documents",
}
"""Names of the kinds of links."""
OTHER_REASONS: Final = {
    "decision": "Dropped in review.", "mix": "Over the size of the mix.", "select": "Not selected.",
    "where": "Not selected by the expression of --where.",
}  # fmt: skip
"""Reasons of removals other than rules."""
LANGUAGE_CODE: Final = re.compile("[a-z]{2,3}")
"""ISO 639-1 or 639-3."""
HUB_LICENSES: Final = frozenset((
    "apache-2.0", "mit", "openrail", "bigscience-openrail-m", "creativeml-openrail-m", "bigscience-bloom-rail-1.0",
    "bigcode-openrail-m", "afl-3.0", "artistic-2.0", "bsl-1.0", "bsd", "bsd-2-clause", "bsd-3-clause",
    "bsd-3-clause-clear", "c-uda", "cc", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0",
    "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0",
    "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cdla-sharing-1.0",
    "cdla-permissive-1.0", "cdla-permissive-2.0", "wtfpl", "ecl-2.0", "epl-1.0", "epl-2.0", "etalab-2.0", "eupl-1.1",
    "agpl-3.0", "gfdl", "gpl", "gpl-2.0", "gpl-3.0", "lgpl", "lgpl-2.1", "lgpl-3.0", "isc", "lppl-1.3c", "ms-pl",
    "mpl-2.0", "odc-by", "odbl", "openrail++", "osl-3.0", "postgresql", "ofl-1.1", "ncsa", "unlicense", "zlib", "pddl",
    "lgpl-lr", "deepfloyd-if-license", "llama2", "gemma", "unknown", "other"
))  # fmt: skip
"""Identifiers of licenses on the hub (`repositories-licenses.md` of its documentation, read on 2026-11-30); others are
`other` with a name.
"""
SIZE_EDGES: Final = ("0", "1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
PLAIN_SCALAR: Final = re.compile(r"[A-Za-z][A-Za-z0-9.+-]*|n<1K|[0-9]+[KMB]<n<[0-9]+[KMBT]|n>1T")
YAML_WORDS: Final = frozenset(("no", "yes", "on", "off", "y", "n", "true", "false", "null"))
"""Strings that YAML 1.1 reads as another type."""


def card(manifest: Manifest) -> str:
    """The text of `DATACARD.md`."""
    described = manifest.config.get("card", {})
    parts = [
        f"---\n{_metadata(manifest)}{loading(manifest)}---\n\n# {table_cell(described.get('title') or 'Data card')}\n",
        *_described_lines(described),
        _splits_section(manifest),
        *_loading_section(manifest),
        _sources_section(manifest),
        _removed_section(manifest),
        _division_section(manifest),
        "## Check it\n\n    curate verify .\n\nreads all files again and reports examples or near-duplicates in two "
        "splits, changed files, and lines that are neither in a split nor in `removed.jsonl`. `curate restore` "
        "restores a removed line.\n",
        _provenance_section(manifest),
    ]
    return "\n".join(parts)


def loading(manifest: Manifest) -> str:
    """The text of `.huggingface.yaml`: the file of each split for `datasets.load_dataset`."""
    full = [(name, part.file) for name, part in manifest.splits.items() if part.examples]
    lines = [
        "configs:",
        "- config_name: default",
        "  data_files:",
        *(f"  - split: {name}\n    path: {file}" for name, file in full),
    ]
    return "\n".join(lines) + "\n"


def _described_lines(described: dict[str, Any]) -> Iterator[str]:
    """A line of Markdown for each description in `[card]` that is set."""
    for name in ("description", "license", "languages", "contact"):
        if described.get(name):
            yield f"**{name.capitalize()}**: {table_cell(described[name])}\n"


def _metadata(manifest: Manifest) -> str:
    """The metadata of a card of the Hugging Face Hub (`datasetcard.md` of its documentation): lines of YAML.

    The `---` around them are not included. Empty values and invalid language codes are left out.
    """
    described = manifest.config.get("card", {})
    codes = [code.strip() for code in described.get("languages", "").split(",")]
    license_ = described.get("license", "").strip()
    is_listed = license_.lower() in HUB_LICENSES
    total = sum(part.examples for part in manifest.splits.values())
    values: dict[str, str | list[str]] = {
        "language": codes if all(map(LANGUAGE_CODE.fullmatch, codes)) else [],
        "license": (license_.lower() if is_listed else "other") if license_ else "",
        "license_name": "" if is_listed else re.sub(r"[^a-z0-9.]+", "-", license_.lower()).strip("-"),
        "pretty_name": described.get("title", ""),
        "size_categories": [size_category(total)],
        "task_categories": ["text-generation"],
        "tags": ["curate"],
    }
    return "".join(_yaml_entry(name, value) for name, value in values.items() if value)


def _yaml_entry(name: str, value: str | list[str]) -> str:
    if isinstance(value, str):
        return f"{name}: {_scalar(value)}\n"
    return "".join((f"{name}:\n", *(f"- {_scalar(item)}\n" for item in value)))


def _scalar(text: str) -> str:
    """A string in YAML, without quotes if that is safe; `no`, a language, would be a boolean without quotes."""
    return text if PLAIN_SCALAR.fullmatch(text) and text not in YAML_WORDS else json.dumps(text)


def size_category(examples: int) -> str:
    """The hub's category of a number of examples, for example `1K<n<10K`."""
    for edge, after in pairwise(SIZE_EDGES):
        if examples < _count_of_size(after):
            return f"n<{after}" if edge == "0" else f"{edge}<n<{after}"
    return f"n>{SIZE_EDGES[-1]}"


def _count_of_size(text: str) -> int:
    """The number that an edge of a size category means, such as `10K`."""
    return int(text.rstrip("KMBT")) * 1000 ** " KMBT".find(text[-1]) if text[-1] in "KMBT" else int(text)


def _splits_section(manifest: Manifest) -> str:
    total = sum(part.examples for part in manifest.splits.values()) or 1
    texts = sum(part.characters for part in manifest.splits.values()) or 1
    rows = [
        f"| {name} | {part.examples:,} | {part.examples / total:.1%} | {part.groups:,} | {part.characters:,} | "
        f"{part.characters / texts:.1%} | `{part.file}` |"
        for name, part in manifest.splits.items()
    ]
    return _section_with_table(
        "## Splits",
        "| split | examples | share | groups | characters | share | file |",
        "|---|--:|--:|--:|--:|--:|---|",
        rows,
    )


def _loading_section(manifest: Manifest) -> Iterator[str]:
    """How to load the splits, as lines of Markdown."""
    files = ", ".join(f'"{name}": "{part.file}"' for name, part in manifest.splits.items() if part.examples)
    yield (
        '## Load it\n\n    from datasets import load_dataset\n    load_dataset("PATH/OF/THIS/FOLDER")                 '
        "     # or by name:"
    )
    yield f'    load_dataset("json", data_files={{{files}}})'
    yield (
        '    load_dataset("PATH/OF/THIS/FOLDER/parquet")              # the same as Parquet\n'
        if manifest.config["split"]["parquet"]
        else ""
    )


def _sources_section(manifest: Manifest) -> str:
    """The Markdown section with the table of input files: their formats and hashes, and with `[card.sources]`
    their kinds and licenses.
    """
    sources = CardConfig.model_validate(manifest.config.get("card", {})).sources
    rows = []
    for file in (*manifest.inputs, *manifest.existing):
        formats = ", ".join(f"{name} {count:,}" for name, count in file.formats.items())
        row = f"| `{table_cell(file.path)}` | {file.lines:,} | {file.examples:,} | {formats} |"
        said = said_of(file.path, sources)
        described = f" {said.kind or 'not stated'} | {table_cell(said.license) or 'not stated'} |" if sources else ""
        rows.append(f"{row}{described} `{file.sha256}` |")
    names, rule = (" kind | license |", "---|---|") if sources else ("", "")
    text = _section_with_table(
        "## Sources", f"| file | lines | examples | formats |{names} SHA-256 |", f"|---|--:|--:|---|{rule}---|", rows
    )
    tests = ", ".join(f"`{table_cell(file.path)}`" for file in manifest.existing)
    return text + (
        f"\nThe test set was given ({tests}) and is unchanged; examples related to it were left out of the other "
        "splits.\n"
        if tests
        else ""
    )


def said_of(path: str, sources: Mapping[str, SourceConfig]) -> SourceConfig:
    """The description of a file in the configuration: by its path, the end of its path, or a pattern, of which `*`
    comes last; an empty description if none fits.
    """
    return sources.get(name_of(path, sources), SourceConfig())


def name_of(path: str, sources: Mapping[str, SourceConfig]) -> str:
    """The name in the configuration that a file is described under; empty if none fits."""
    names = sorted(sources, key=lambda name: (name == "*", any(sign in name for sign in "*?[")))
    return next((name for name in names if path == name or path.endswith(f"/{name}") or fnmatchcase(path, name)), "")


def _removed_section(manifest: Manifest) -> str:
    """The numbers of removed lines, by reason, and of restored ones."""
    head = f"{plural(manifest.read, 'line')} read = {manifest.kept:,} kept + {manifest.removed.lines:,} removed"
    rows = [
        f"| {code} | {count:,} | {reason_for(code, custom_rules(manifest))} |"
        for code, count in manifest.removed.reasons.items()
    ]
    text = f"## Removed lines\n\n{head}; `{manifest.removed.file}` has each of them in full, with its reason.\n"
    if rows:
        text += "\n" + "\n".join(["| code | lines | why |", "|---|--:|---|", *rows]) + "\n"
    return text + (f"\n{plural(len(manifest.restored), 'line')} restored by hand.\n" if manifest.restored else "")


def custom_rules(manifest: Manifest) -> list[CustomRule]:
    """The custom rules of the configuration in a manifest."""
    return [CustomRule.model_construct(**rule) for rule in manifest.config["check"]["rule"]]


def reason_for(code: str, rules: Iterable[CustomRule]) -> str:
    """The reason why lines with this code are removed, in a sentence; `rules`: the custom ones."""
    if code in OTHER_REASONS:
        return OTHER_REASONS[code]
    if code in RULES:
        return table_cell(RULES[code].summary)
    for rule in rules:
        if rule.code == code:
            return table_cell(custom_summary(rule))
    by_code = known_rules()
    return table_cell(by_code[code].summary) if code in by_code else ""


def _division_section(manifest: Manifest) -> str:
    config = manifest.config["split"]
    sizes = (
        f"counts {config['counts'][0]:,} for validation and {config['counts'][1]:,} for test"
        if config["counts"]
        else "shares " + " / ".join(f"{share:.0%}" for share in config["fractions"])
    )
    ties = ", ".join(f"{LINKS[name]} ({count:,})" for name, count in manifest.links.items()) or "nothing"
    lines = [
        f"Related examples form a group, and each group is in one split: {plural(manifest.groups, 'group')}. "
        f"Examples are related by {ties}.",
        f"The split of a group is set by a hash of the seed ({manifest.config['seed']}) and the group; {sizes}.",
    ]
    if manifest.shared_instructions:
        lines.append(
            f"Texts were compared without {plural(len(manifest.shared_instructions), 'shared instruction')}, "
            "which are passages of user turns."
        )
    if manifest.shared_texts:
        texts = ", ".join(f"a {text.kind} in {plural(text.examples, 'example')}" for text in manifest.shared_texts[:3])
        more = f", and {len(manifest.shared_texts) - 3:,} more" if len(manifest.shared_texts) > 3 else ""
        lines.append(f"Several splits share texts that too many examples have: {texts}{more}.")
    if manifest.short_answer_examples:
        lines.append(
            "Answers of fewer than 20 words are not compared: "
            f"{plural(manifest.short_answer_examples, 'example')} have one that other questions share."
        )
    lines += _mix_sentences(manifest.config.get("mix", {}))
    if config["stratify"]:
        lines.append(f"The splits are stratified by {', '.join(map(table_cell, config['stratify']))}.")
    if config["group_by"]:
        lines.append(f"Grouped by {', '.join(f'`{table_cell(key)}`' for key in config['group_by'])} too.")
    if manifest.grown_from:
        lines.append(f"Examples of an earlier split kept their split (manifest {manifest.grown_from[:12]}).")
    return "## How it was split\n\n" + "\n".join(lines) + "\n"


def _mix_sentences(config: dict[str, Any]) -> Iterator[str]:
    """How files were mixed, in sentences; none without weights and budgets. `config`: the table `[mix]`."""
    if config.get("weights"):
        yield (
            "Files were mixed by weight: "
            f"{', '.join(f'`{table_cell(name)}` {weight:g}' for name, weight in config['weights'].items())}; "
            "no example was repeated."
        )
    for unit in ("examples", "tokens"):
        if config.get(unit):
            how = "one of each cluster before a second one of any" if config["diverse"] else "by chance"
            yield f"The mix is limited to {config[unit]:,} {unit}, {how}."


def _provenance_section(manifest: Manifest) -> str:
    with_what = ", ".join(f"{name} {number}" for name, number in manifest.versions.items() if number)
    models = "".join(f"\n{purpose}: `{table_cell(model)}`" for purpose, model in manifest.models.items())
    return (
        f"## Made with\n\ncurate {manifest.curate}; {with_what}.{models}\nAll settings, decisions and hashes are in "
        "`manifest.json`.\n"
    )


def _section_with_table(title: str, head: str, rule: str, rows: list[str]) -> str:
    """A section of Markdown with a table: its `title`, the `head` and `rule` of the table, and its rows."""
    return "\n".join([title, "", head, rule, *rows]) + "\n"
