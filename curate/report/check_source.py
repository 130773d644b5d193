"""Where findings stand in their files: columns, byte offsets, and the text there; read again from the files, since a report keeps no data."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from curate.errors import InputError
from curate.finding import Finding
from curate.read.dataset import FileFacts, ParsedLine, read_file
from curate.read.decode import MISSING
from curate.read.locate import locate

BEFORE, INSIDE, AFTER = 40, 240, 80
"""Characters that are kept of the text before the place, in it, and after it."""
DECODER: Final = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Spot:
    """A stretch of a file, its lines and columns counted from 1, in characters; `end_column` is the first one behind it."""

    line: int
    column: int
    end_line: int
    end_column: int
    offset: int
    """Byte offset in the (unpacked) file."""
    length: int
    """In bytes."""
    before: str
    """What stands before it on its first line: raw text of the file, its last characters only; empty where it is secret or was not asked for."""
    text: str
    after: str
    secret: bool = False
    """True when the line holds a secret: then none of its text is here."""


def spots(findings: Sequence[Finding], *, text: bool = True) -> list[Spot | None]:
    """Where each of `findings` stands; None for a file as a whole and where the file cannot be read again.

    `text` false leaves out what stands there, and with it the search for secrets, which takes longer than all the rest.
    """
    found: list[Spot | None] = [None] * len(findings)
    by_file: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for position, finding in enumerate(findings):
        if finding.line:
            by_file[finding.file][finding.line].append(position)
    for file, wanted in by_file.items():
        secret, last = False, None
        for parsed, position in _hits(file, wanted):
            finding = findings[position]
            if found[position] is None and (finding.example is None or (parsed.example is not None and parsed.example.id == finding.example)):
                if text and parsed is not last:  # the findings of a line come together
                    secret, last = _secret(parsed, [findings[other] for line in _lines(parsed) for other in wanted.get(line, ())]), parsed
                found[position] = _spot(finding, parsed, hidden=secret or not text, secret=secret)
    return found


def _hits(file: str, wanted: dict[int, list[int]]) -> Iterator[tuple[ParsedLine, int]]:
    path, last = Path(file), max(wanted)
    if not path.is_file():  # standard input cannot be read twice
        return
    try:
        for parsed in read_file(path, FileFacts(file)):
            if parsed.line.number > last:
                return
            for line in _lines(parsed):
                for position in wanted.get(line, ()):
                    yield parsed, position
    except InputError:  # it was there a moment ago: the findings stand without their text
        return


def _lines(parsed: ParsedLine) -> range:
    """The physical lines that an element stands on."""
    return range(parsed.line.number, parsed.line.number + parsed.line.data.count(b"\n") + 1)


def _secret(parsed: ParsedLine, findings: Sequence[Finding]) -> bool:
    """Whether a line's text must not be shown: a rule of family S fired there, or would have, had it been asked."""
    if any(finding.code.startswith("S") for finding in findings):
        return True
    try:
        from curate.rules.secrets import masked  # only for the few lines that are shown
    except ImportError:
        return False
    raw = parsed.line.data.decode("utf-8", "replace")
    texts = [raw, *(message.text for message in parsed.example.messages)] if parsed.example else [raw]
    return any(masked(text) != text for text in texts)


def _spot(finding: Finding, parsed: ParsedLine, *, hidden: bool, secret: bool) -> Spot:
    text = parsed.line.data.decode("utf-8", "surrogateescape")  # every byte stays one that can be counted
    start, end = _span(finding, parsed, text)
    first, last = text.rfind("\n", 0, start) + 1, text.rfind("\n", 0, end) + 1
    line = parsed.line.number
    ahead = len(_bytes(text[:start]))
    line_end = text.find("\n", end)
    after = text[end : len(text) if line_end < 0 else line_end][: AFTER + 1]
    return Spot(
        line=line + text.count("\n", 0, start),
        column=start - first + 1 + (parsed.line.column if not first else 0),
        end_line=line + text.count("\n", 0, end),
        end_column=end - last + 1 + (parsed.line.column if not last else 0),
        offset=parsed.line.offset + ahead,
        length=len(_bytes(text[start:end])),
        before="" if hidden else text[max(first, start - BEFORE - 1) : start],
        text="" if hidden else text[start : min(end, start + INSIDE + 1)],
        after="" if hidden else after,
        secret=secret,
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _span(finding: Finding, parsed: ParsedLine, text: str) -> tuple[int, int]:
    """Start and end in the text: of the pointer's value, of the place where the JSON breaks, or of the whole line."""
    for defect in parsed.defects:
        if defect.message == finding.message:
            start = min(len(parsed.line.data[: defect.offset].decode("utf-8", "surrogateescape")), len(text))
            return start, min(start + 1, len(text))
    if finding.pointer and parsed.decoded.value is not MISSING:
        start = locate(text, finding.pointer) or 0
        try:
            return start, DECODER.raw_decode(text, start)[1]
        except (ValueError, RecursionError):  # deeper, or with longer numbers, than Python's parser takes
            return start, min(start + 1, len(text))
    return 0, len(text.rstrip())
