"""Redaction of files: private values become pseudonyms or labels, equal values equal ones.

Lines that cannot be parsed, and rows that cannot be redacted safely, are written to a second file with the reason.
written + aside = read; this is checked against the written lines. Lines without a private value keep their bytes.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curate.commands.session import Workspace
from curate.core.errors import InputError, require_all_lines
from curate.core.files import display_name
from curate.core.json_output import Output
from curate.core.output_pair import replacing_both
from curate.core.removed import Reason, removal, removed_line
from curate.core.snapshot import snapshot
from curate.core.text import json_line
from curate.output.apply import unreadable
from curate.read.dataset import FileFacts, ParsedLine, read_file, require_read
from curate.redact.pseudonyms import Pseudonyms, Style, read_mapping, write_mapping
from curate.redact.redactor import Redactor, UnsafeRedaction


@dataclass(slots=True)
class RedactResult(Output):
    """What `curate redact --json` prints."""

    read: int = 0
    """Lines that are not blank, or elements of a document."""
    written: int = 0
    changed: int = 0
    """Written lines in which something was replaced."""
    aside: int = 0
    """Lines in the file next to the output (out.unredacted.jsonl); written + aside = read."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Lines that were not written, by code."""
    replaced: Counter[str] = field(default_factory=Counter)
    """Replaced values by kind, each occurrence."""
    distinct: Counter[str] = field(default_factory=Counter)
    """Different values by kind."""


def redact(
    work: Workspace,
    output: Path,
    aside: Path,
    *,
    style: Style = Style.PSEUDONYM,
    names: bool = True,
    mapping: Path | None = None,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> RedactResult:
    """Write the files of a project without private values to `output`, and lines that cannot be redacted to `aside`;
    both completely or neither.

    `names`: whether names of persons behind salutations, titles and the like are replaced. `mapping`: a file in which
    values and replacements are kept, and from which those of earlier runs are read; without it, they are forgotten.
    Raises `InputError` for a file that cannot be read or changes meanwhile, `OutputError`, and `UsageError` if an
    output exists and must not be replaced.
    """
    _ = work.decisions  # a note says that they are not applied
    report = RedactResult()
    snapshots = [snapshot(path) for path in dict.fromkeys(work.files)]
    redactor = Redactor(Pseudonyms(style, read_mapping(mapping) if mapping else ()), names)
    has_values = array("b")
    for line in _lines(work.files):
        report.read += 1
        has_values.append(line.example is not None and redactor.learn(line.decoded.value))
    if not report.read:
        raise InputError("no line to redact: the files are empty", "name files with examples")
    with replacing_both(output, aside, overwrite=overwrite, seen=snapshots) as (out, aside_output):
        for line, line_has_values in zip(_lines(work.files), has_values, strict=True):
            redacted = _redacted(line, redactor, has_values=bool(line_has_values))
            if isinstance(redacted, bytes):
                out.write(redacted + b"\n")
                report.changed += redacted != line.jsonl
            else:
                example = line.example.id if line.example else None
                aside_output.write(removed_line(removal(line.place, example, redacted, line.line.data)))
                report.reasons[redacted.code or ""] += 1
            if progress:
                progress(1)
        report.written, report.aside = out.lines, aside_output.lines
        require_all_lines(report.read, report.written, report.aside)
        report.replaced = redactor.counts
        report.distinct = Counter(kind for kind, _, _ in redactor.pseudonyms)
        if mapping:
            write_mapping(mapping, redactor.pseudonyms)
    return report


def _lines(files: Sequence[Path]) -> Iterator[ParsedLine]:
    for path in files:
        facts = FileFacts(display_name(path))
        yield from (line for line in read_file(path, facts) if not line.blank)
        require_read(facts)


def _redacted(line: ParsedLine, redactor: Redactor, *, has_values: bool) -> bytes | Reason:
    """The redacted line, or why it is set aside."""
    if line.example is None:
        return unreadable(line)
    if line.defects:
        return Reason("J012", "its JSON has a defect, so that values in it may be overlooked", "rule")
    try:
        value = redactor.row(line.decoded.value, has_values=has_values)
    except UnsafeRedaction as error:
        return Reason("S003", str(error), "rule")
    return line.jsonl if value == line.decoded.value else json_line(value)
