"""Locate findings in their files: columns, byte offsets and text, by reading the files again.

A report keeps no data. Findings come in line order, so each file is read once, and only lines with findings are parsed.
Memory is that of one line, or of a JSON document.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.errors import InputError
from curate.core.finding import Finding
from curate.core.masking import holds_secret, redact_message
from curate.read.dataset import FileFacts, ParsedLine, read_file
from curate.read.decode import Defect, decode
from curate.read.json_pointer_spans import Spans
from curate.read.lines import BOM, Line, split_lines
from curate.storage.files import blocks, path_of, real_path

BEFORE_CHARS, INSIDE_CHARS, AFTER_CHARS = 24, 60, 80
"""Characters kept of the text before the place, in it (first and last ones), and after it."""
READER_FAMILY: Final = "J"
"""The family of rules that repeat a message of the reader with its position."""


class SourceRange(NamedTuple):
    """A range in a file; lines and columns count characters from 1, and `end_column` is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int
    offset: int
    """Byte offset in the decompressed file."""
    length: int
    """Length in bytes."""
    before: str
    """The raw text before it on its first line, only the last characters; empty if it is secret or was not requested.
    """
    text: str
    tail: str
    """The end of the text, if it is not in `text`."""
    after: str
    secret: bool = False
    """True if the line contains a secret; its text is left out then."""


def source_ranges(
    findings: Sequence[Finding], files: Mapping[str, Path], *, text: bool = True
) -> Iterator[SourceRange | None]:
    """The range of each finding, in order; None for a whole file and for an unreadable one.

    `files`: those that were read, by their names. Without `text`, the text is left out and not searched for secrets.
    """
    for file, group in groupby(findings, key=lambda finding: finding.file):
        of_file = list(group)
        yield from _Source(file, files.get(file) or path_of(file), text).source_ranges(of_file)


class _Source:
    """A file that is read again."""

    def __init__(self, file: str, path: Path, text: bool) -> None:
        self.file, self.path, self.text = file, path, text

    def source_ranges(self, findings: Sequence[Finding]) -> Iterator[SourceRange | None]:
        """The range of each finding in this file; None where it is unknown."""
        end = 0
        try:
            for spot in self._ranges(findings):
                yield spot
                end += 1
        except InputError:  # the file was deleted since the check: findings are shown without text
            yield from [None] * (len(findings) - end)

    def _ranges(self, findings: Sequence[Finding]) -> Iterator[SourceRange | None]:
        # a pipe cannot be read twice
        if not any(finding.line for finding in findings) or not real_path(self.path).is_file():
            yield from [None] * len(findings)
            return
        facts = FileFacts(self.file)
        next(read_file(self.path, facts), None)
        yield from self._ranges_in_document(findings) if facts.document else self._ranges_in_lines(findings)

    def _ranges_in_lines(self, findings: Sequence[Finding]) -> Iterator[SourceRange | None]:
        """The range of each finding in a file of lines; None where it is unknown."""
        lines = self._lines()
        place: _Place | None = None
        for number, group in groupby(findings, key=lambda finding: finding.line):
            of_line = list(group)
            if place is not None and 0 < number < place.line.number:  # findings of another check follow
                lines, place = self._lines(), None
            while number and (place is None or place.line.number < number):
                line = next((line for line in lines if line.number >= number), None)
                if line is None:
                    break
                place = _Place(line)
            element = place if place is not None and place.line.number == number else None
            for finding in of_line:
                yield None if element is None else element.spot(finding, of_line, text=self.text)

    def _lines(self) -> Iterator[Line]:
        """The lines of the file, without a byte order mark."""
        stream = blocks(self.path)
        start = next(stream, b"")
        skipped = len(BOM) if start.startswith(BOM) else 0
        return split_lines(chain([start[skipped:]], stream), skipped)

    def _ranges_in_document(self, findings: Sequence[Finding]) -> Iterator[SourceRange | None]:
        """The range of each finding in a document; None where it is unknown.

        Elements may span lines and share lines, so the example's id decides which one a finding is about.
        """
        by_line: dict[int, list[int]] = {}
        for position, finding in enumerate(findings):
            by_line.setdefault(finding.line, []).append(position)
        ranges: list[SourceRange | None] = [None] * len(findings)
        for parsed in read_file(self.path, FileFacts(self.file)):
            first = parsed.line.number
            positions = [
                position
                for line in range(first, first + parsed.line.data.count(b"\n") + 1)
                for position in by_line.get(line, ())
            ]
            unassigned = [
                position for position in positions if ranges[position] is None and _is_about(findings[position], parsed)
            ]
            if unassigned:
                place = _Place(parsed.line, parsed.defects)
                of_element = [findings[position] for position in positions]
                for position in unassigned:
                    ranges[position] = place.spot(findings[position], of_element, text=self.text)
        yield from ranges


def _is_about(finding: Finding, parsed: ParsedLine) -> bool:
    """Whether a finding is about this element: their ids are equal, or the finding has none."""
    return finding.example is None or (parsed.example is not None and parsed.example.id == finding.example)


class _Place:
    """A line or document element with findings."""

    def __init__(self, line: Line, defects: tuple[Defect, ...] | None = None) -> None:
        self.line = line
        self.text = line.data.decode("utf-8", "surrogateescape")  # keeps one character per byte
        self.spans = Spans(self.text)
        self.defects = defects
        self.secret: bool | None = None
        self.spots: dict[str, SourceRange] = {}

    def spot(self, finding: Finding, others: Sequence[Finding], *, text: bool) -> SourceRange:
        """The range of a finding; `others` are all findings of this line."""
        if text and self.secret is None:
            self.secret = any(finding_of_line.code.startswith("S") for finding_of_line in others) or holds_secret(
                self.text
            )
        if finding.code.startswith(READER_FAMILY) and (defect := self._defect(finding)):
            start = min(len(self.line.data[: defect.offset].decode("utf-8", "surrogateescape")), len(self.text))
            return self._range(start, min(start + 1, len(self.text)), text=text)
        span = self.spots.get(finding.pointer)  # several rules may report one value
        if span is None:
            start, end = (finding.pointer and self.spans.find(finding.pointer)) or (0, len(self.text.rstrip()))
            span = self.spots[finding.pointer] = self._range(start, end, text=text)
        return span

    def _range(self, start: int, end: int, *, text: bool) -> SourceRange:
        """The range from character `start` to `end` of the line; with `text`, its text too, unless it has a secret."""
        hidden = not text or bool(self.secret)
        text_shown, line = self.text, self.line
        first = last = breaks = more = 0
        line_end = len(text_shown)
        if "\n" in text_shown:
            first, last = text_shown.rfind("\n", 0, start) + 1, text_shown.rfind("\n", 0, end) + 1
            breaks, more = text_shown.count("\n", 0, start), text_shown.count("\n", start, end)
            line_end = text_shown.find("\n", end) if "\n" in text_shown[end:] else line_end
        return SourceRange(
            line=line.number + breaks,
            column=start - first + 1 + (line.column if not first else 0),
            end_line=line.number + breaks + more,
            end_column=end - last + 1 + (line.column if not last else 0),
            offset=line.offset + self._bytes(0, start),
            length=self._bytes(start, end),
            before="" if hidden else text_shown[max(first, start - BEFORE_CHARS - 1) : start],
            text="" if hidden else text_shown[start : min(end, start + INSIDE_CHARS)],
            tail="" if hidden or end - start <= INSIDE_CHARS else text_shown[end - INSIDE_CHARS : end],
            after="" if hidden else text_shown[end:line_end][: AFTER_CHARS + 1],
            secret=text and bool(self.secret),
        )

    def _defect(self, finding: Finding) -> Defect | None:
        """The reader's defect that the finding repeats; None for the finding of a rule."""
        if self.defects is None:
            self.defects = decode(self.line.data, self.line.column).defects
        return next((defect for defect in self.defects if redact_message(defect.message) == finding.message), None)

    def _bytes(self, start: int, end: int) -> int:
        """The number of bytes between two characters of the line."""
        return (
            end - start
            if len(self.text) == len(self.line.data)
            else len(self.text[start:end].encode("utf-8", "surrogateescape"))
        )
