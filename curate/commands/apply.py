"""`curate apply` as a function: files with the reviewers' edits, without the lines that they dropped.

kept + dropped = read; this is checked against the written lines. Undecided lines keep their bytes. A line whose edit
makes it equal to a dropped example is dropped, as in every command.
"""

from dataclasses import dataclass
from pathlib import Path

from curate.commands.session import Workspace
from curate.core.decision import edits_of
from curate.core.errors import require_all_lines
from curate.core.events import Advance
from curate.core.json_output import Output
from curate.core.removed import removed_line
from curate.output.apply import drop_reason
from curate.output.edited import decided_id, edited_copies, edited_value, labelled
from curate.read.dataset import read_lines
from curate.storage.output_pair import counting_lines, removed_path, replacing_both
from curate.storage.snapshot import snapshots_of


@dataclass(slots=True)
class ApplyResult(Output):
    """What `curate apply --json` prints."""

    read: int = 0
    """Lines that are not blank, or elements of a document."""
    kept: int = 0
    """Lines written; kept + dropped = read."""
    edited: int = 0
    """Lines written with their new text."""
    labelled: int = 0
    """Lines written with labels or a rating in `metadata`."""
    replaced: int = 0
    """Lines of these whose `metadata` had other labels or another rating."""
    dropped: int = 0
    """Lines in the file of removed lines next to the output."""
    unmatched: int = 0
    """Edits and drops about examples that are not in the files."""
    not_understood: int = 0
    """Lines without an example in a known format; written unchanged."""


def apply(
    work: Workspace, output: Path | None, *, overwrite: bool = False, progress: Advance | None = None
) -> ApplyResult:
    """Write the lines of the data of a project to `output`, and dropped ones to a file beside it; both completely or
    neither. Without an `output`, lines are counted, and nothing is written.

    Raises `InputError` for a file that cannot be read or
    changes meanwhile, `OutputError`, and `UsageError` if an output exists and must not be replaced.
    """
    result, matched_keys = ApplyResult(), set[str]()
    paths, decisions = work.files, work.decisions
    snapshots = snapshots_of(paths)
    copies = edited_copies(paths, edits_of(decisions), work.project.edited)
    with (
        replacing_both(output, removed_path(output, "removed"), overwrite=overwrite, seen=snapshots)
        if output is not None
        else counting_lines()
    ) as (out, removed_output):
        for original, parsed in zip(read_lines(paths), read_lines(paths, progress, copies), strict=True):
            result.read += 1
            key, edited_key = decided_id(original), decided_id(parsed)
            decision = decisions.get(key)
            drop = next(
                (
                    candidate
                    for name in (key, edited_key)
                    if (candidate := decisions.get(name)) and candidate.verdict == "drop"
                ),
                None,
            )
            if drop is not None:  # as it was read, or as an edit made it: a drop is about the content
                matched_keys |= {key, edited_key}
                result.dropped += 1
                example = parsed.example.id if parsed.example else None
                removed_output.write(removed_line(parsed.place, example, drop_reason(drop), parsed.line.data))
                continue
            if edited_value(key, edits_of({key: decision}) if decision else {}, parsed.place) is not None:
                matched_keys.add(key)
                result.edited += 1
            result.not_understood += parsed.example is None or not parsed.example.understood
            line = parsed.jsonl
            if decision is not None and (decision.labels or decision.rating):
                line, replaced = labelled(parsed, decision)
                result.labelled += 1
                result.replaced += replaced
            out.write(line + b"\n")
            result.kept += 1
        require_all_lines(result.read, out.lines, removed_output.lines)
    acted = {key for key, decision in decisions.items() if decision.verdict == "drop" or decision.value is not None}
    result.unmatched = len(acted - matched_keys)
    return result
