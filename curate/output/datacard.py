"""The data card, for people: content, sources, removals and splits of a data set, from the manifest alone."""

from collections.abc import Iterator
from typing import Any, Final

from curate.core.manifest import Manifest
from curate.core.text import plural, visible
from curate.lint.rules import RULES

LINKS: Final = {
    "copy": "copies",
    "answer": "answers",
    "near": "near-duplicates",
    "question": "the same question",
    "prefix": "one conversation is the beginning of the other",
    "key": "the same key",
    "semantic": "paraphrased questions",
}
"""Names of the kinds of links."""
OTHER_REASONS: Final = {
    "decision": "Dropped in review.", "mix": "Over the size of the mix.", "select": "Not selected.",
}  # fmt: skip
"""Reasons of removals other than rules."""


def card(manifest: Manifest) -> str:
    """The text of `DATACARD.md`."""
    described = manifest.config.get("card", {})
    parts = [
        f"---\n{loading(manifest)}---\n\n# {_cell(described.get('title') or 'Data card')}\n",
        *_description(described),
        _splits(manifest),
        *_loading(manifest),
        _sources(manifest),
        _left_out(manifest),
        _divided(manifest),
        "## Check it\n\n    curate verify .\n\nreads all files again and reports examples or near-duplicates in two "
        "splits, changed files, and lines that are neither in a split nor in `removed.jsonl`. `curate restore` "
        "restores a removed line.\n",
        _provenance(manifest),
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


def _description(described: dict[str, Any]) -> Iterator[str]:
    for name in ("description", "licence", "languages", "contact"):
        if described.get(name):
            yield f"**{name.capitalize()}**: {_cell(described[name])}\n"


def _splits(manifest: Manifest) -> str:
    total = sum(part.examples for part in manifest.splits.values()) or 1
    texts = sum(part.characters for part in manifest.splits.values()) or 1
    rows = [
        f"| {name} | {part.examples:,} | {part.examples / total:.1%} | {part.groups:,} | {part.characters:,} | "
        f"{part.characters / texts:.1%} | `{part.file}` |"
        for name, part in manifest.splits.items()
    ]
    return _table(
        "## Splits",
        "| split | examples | share | groups | characters | share | file |",
        "|---|--:|--:|--:|--:|--:|---|",
        rows,
    )


def _loading(manifest: Manifest) -> Iterator[str]:
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


def _sources(manifest: Manifest) -> str:
    rows = []
    for file in (*manifest.inputs, *manifest.existing):
        formats = ", ".join(f"{name} {count:,}" for name, count in file.formats.items())
        rows.append(f"| `{_cell(file.path)}` | {file.lines:,} | {file.examples:,} | {formats} | `{file.sha256}` |")
    text = _table("## Sources", "| file | lines | examples | formats | SHA-256 |", "|---|--:|--:|---|---|", rows)
    given = ", ".join(f"`{_cell(file.path)}`" for file in manifest.existing)
    return text + (
        f"\nThe test set was given ({given}) and is unchanged; examples related to it were left out of the other "
        "splits.\n"
        if given
        else ""
    )


def _left_out(manifest: Manifest) -> str:
    head = f"{plural(manifest.read, 'line')} read = {manifest.kept:,} kept + {manifest.removed.lines:,} removed"
    rows = [f"| {code} | {count:,} | {reason_for(code)} |" for code, count in manifest.removed.reasons.items()]
    text = f"## Removed lines\n\n{head}; `{manifest.removed.file}` has each of them in full, with its reason.\n"
    if rows:
        text += "\n" + "\n".join(["| code | lines | why |", "|---|--:|---|", *rows]) + "\n"
    return text + (f"\n{plural(len(manifest.restored), 'line')} restored by hand.\n" if manifest.restored else "")


def reason_for(code: str) -> str:
    """The reason why lines with this code are removed, in a sentence."""
    if code in RULES:
        return _cell(RULES[code].summary)
    return OTHER_REASONS.get(code, "")


def _divided(manifest: Manifest) -> str:
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
    if manifest.short_answer_examples:
        lines.append(
            "Answers of fewer than 20 words are not compared: "
            f"{plural(manifest.short_answer_examples, 'example')} have one that other questions share."
        )
    lines += _mix(manifest.config.get("mix", {}))
    if config["stratify"]:
        lines.append(f"The splits are stratified by {', '.join(map(_cell, config['stratify']))}.")
    if config["group_by"]:
        lines.append(f"Grouped by {', '.join(f'`{_cell(key)}`' for key in config['group_by'])} too.")
    if manifest.grown_from:
        lines.append(f"Examples of an earlier split kept their split (manifest {manifest.grown_from[:12]}).")
    return "## How it was split\n\n" + "\n".join(lines) + "\n"


def _mix(config: dict[str, Any]) -> Iterator[str]:
    if config.get("weights"):
        yield (
            "Files were mixed by weight: "
            f"{', '.join(f'`{_cell(name)}` {weight:g}' for name, weight in config['weights'].items())}; no example "
            "was repeated."
        )
    for unit in ("examples", "tokens"):
        if config.get(unit):
            how = "one of each cluster before a second one of any" if config["diverse"] else "by chance"
            yield f"The mix is limited to {config[unit]:,} {unit}, {how}."


def _provenance(manifest: Manifest) -> str:
    with_what = ", ".join(f"{name} {number}" for name, number in manifest.versions.items() if number)
    models = "".join(f"\n{purpose}: `{_cell(model)}`" for purpose, model in manifest.models.items())
    return (
        f"## Made with\n\ncurate {manifest.curate}; {with_what}.{models}\nAll settings, decisions and hashes are in "
        "`manifest.json`.\n"
    )


def _table(title: str, head: str, rule: str, rows: list[str]) -> str:
    return "\n".join([title, "", head, rule, *rows]) + "\n"


def _cell(text: Any) -> str:
    return visible(str(text)).replace("|", "\\|").replace("`", "'").replace("<", "&lt;")
