"""Apply edits of people: copies of the files in which edited lines have new text and all other bytes are unchanged.

Input files are never written to. Later stages read the copies under the original names, so they see edited data and
need no change.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from curate.core.decision import VERDICT_SLOT, DecisionState, Verdict, edits_of
from curate.core.errors import DataError
from curate.core.example import Place, line_id
from curate.core.text import json_line, plural
from curate.read.dataset import FileFacts, ParsedLine, read_file
from curate.read.edited_json import edited_json
from curate.read.formats import example_of
from curate.storage.files import blocks, display_name, replacing
from curate.storage.scratch import scratch

Edits = Mapping[str, dict[str, Any]]
"""New objects by the id of the example, or of the line, that each replaces."""


class Splice(NamedTuple):
    """A byte range of a decompressed file, and its replacement."""

    start: int
    end: int
    data: bytes


def decision_counts(decisions: Mapping[str, DecisionState]) -> str:
    """Edits and drops, in words."""
    edits, drops = (sum(decision.verdict == word for decision in decisions.values()) for word in ("edit", "drop"))
    return f"{plural(edits, 'edit')}, {plural(drops, 'drop')}"


def with_edited(decisions: Mapping[str, DecisionState]) -> dict[str, DecisionState]:
    """The decisions, those about edited examples also by the ids that these have after the edit."""
    by_id = dict(decisions)
    for decision in decisions.values():
        if decision.value is not None and decision.kept:
            verdict: Verdict = "keep" if VERDICT_SLOT in decision.kept else "undecided"
            now = example_of(decision.value, Place("", 0)).id
            by_id.setdefault(now, replace(decision, verdict=verdict, value=None))
    return by_id


def acted_ids(decisions: Mapping[str, DecisionState]) -> set[str]:
    """The ids that the lines of edits and drops have once the edits are made."""
    edits, nowhere = edits_of(decisions), Place("", 0)
    return {
        example_of(value, nowhere).id if (value := edited_value(example, edits, nowhere)) else example
        for example, decision in decisions.items()
        if decision.verdict == "drop" or decision.value is not None
    }


def effective_decisions(
    decisions: Mapping[str, DecisionState], min_rating: int | None, without: Collection[str]
) -> dict[str, DecisionState]:
    """The decisions, with a drop of each example that is rated lower than `min_rating` or has one of the labels
    `without`.
    """
    effective = dict(decisions)
    for example, decision in decisions.items():
        if decision.verdict == "drop":
            continue
        named = sorted(set(decision.labels) & set(without))
        low = min_rating is not None and decision.rating is not None and decision.rating < min_rating
        if named or low:
            why = f"labelled {', '.join(named)} in review" if named else f"rated {decision.rating} of 5 in review"
            effective[example] = replace(decision, verdict="drop", value=None, why=why)
    return effective


def decided_id(parsed: ParsedLine) -> str:
    """The id of a line in decisions: that of its example, else the hash of its bytes."""
    return line_id(parsed.line.data) if parsed.example is None else parsed.example.id


def edited_copies(paths: Sequence[Path], edits: Edits, folder: Path) -> dict[Path, Path]:
    """Write a copy of each file that has edited lines to a new folder in `folder`. Returns the copies by file; a file
    without edited lines has none.

    Raises `InputError`, `OutputError`.
    """
    copies: dict[Path, Path] = {}
    copy_folder: Path | None = None
    for number, path in enumerate(paths if edits else ()):
        lines = (parsed for parsed in read_file(path, FileFacts(display_name(path))) if not parsed.blank)
        splices = [
            Splice(parsed.line.offset, parsed.line.offset + len(parsed.line.data), data)
            for parsed in lines
            if (data := _edited_line(parsed, edits))
        ]
        if splices:
            copy_folder = copy_folder or scratch(folder)  # another command may edit files of the same name meanwhile
            copies[path] = copy_folder / f"{number}-{path.name.removesuffix('.gz').removesuffix('.zst')}"
            with replacing(copies[path], mode=path.stat().st_mode) as file:
                file.writelines(spliced(blocks(path), splices))
    return copies


def with_edits(paths: Sequence[Path], edits: Edits, folder: Path) -> tuple[list[Path], Callable[[Path], str]]:
    """The files, those with edits as copies in `folder`, and the display name of each. Raises as `edited_copies`."""
    copies = edited_copies(paths, edits, folder)
    names = {copy: path for path, copy in copies.items()}
    return [copies.get(path, path) for path in paths], lambda path: display_name(names.get(path, path))


def _edited_line(parsed: ParsedLine, edits: Edits) -> bytes | None:
    """The line of an edited example, with as many line breaks as before; None if it is not edited."""
    value, data = edited_value(decided_id(parsed), edits, parsed.place), parsed.line.data
    if value is None:
        return None
    edited = json_line(value) if parsed.defects else edited_json(data, parsed.decoded.value, value)
    return edited + b"\n" * (data.count(b"\n") - edited.count(b"\n"))  # the rest of a document keeps its line numbers


def edited_value(key: str, edits: Edits, place: Place) -> dict[str, Any] | None:
    """The new object of an example; None if it is not edited. Edits of edits are followed; a cycle ends at its first
    example.
    """
    followed: set[str] = set()
    value = None
    while key in edits and key not in followed:
        followed.add(key)
        value = edits[key]
        key = example_of(value, place).id
    return value


def labelled(parsed: ParsedLine, decision: DecisionState) -> tuple[bytes, bool]:
    """A line with the labels and the rating of an example in `metadata`, and whether they replace other values.

    Raises `DataError`.
    """
    value = parsed.decoded.value
    metadata = value.get("metadata", {}) if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(metadata, dict):
        raise DataError(
            f"{parsed.place}: labels and ratings are written to `metadata`, which is not an object here",
            "rename the key `metadata` of the line, or take its labels back in `curate review`",
        )
    labels: dict[str, Any] = {"labels": list(decision.labels)} if decision.labels else {}
    labels |= {"rating": decision.rating} if decision.rating else {}
    other = any(key in metadata and metadata[key] != labels[key] for key in labels)
    return edited_json(parsed.jsonl, value, {**value, "metadata": {**metadata, **labels}}), other


def spliced(stream: Iterator[bytes], splices: Sequence[Splice]) -> Iterator[bytes]:
    """Replace byte ranges of a stream; they are sorted and do not overlap."""
    offset = 0
    waiting = list(reversed(splices))
    for block in stream:
        end = offset + len(block)
        while waiting and offset < end:
            start, stop, data = waiting[-1]
            if start >= end:
                break
            if start >= offset:
                yield block[len(block) - (end - offset) : len(block) - (end - start)]
                yield data
            offset = min(stop, end)
            if stop > end:
                break
            waiting.pop()
        yield block[len(block) - (end - offset) :] if offset < end else b""
        offset = end
