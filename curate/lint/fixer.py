"""Apply the repairs of the selected rules to files in place, atomically; all other bytes are unchanged.

A line is checked, repaired once and checked again, until no repair changes it. A repair that causes a new error is
reverted. Safe repairs never delete a line. Repairs that do need `unsafe`; deleted lines are appended to a ledger next
to the file, as `curate dedup` writes it, before the file is replaced.
"""

import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import IO, Final, NamedTuple

from curate.core.config import CheckConfig, DedupConfig
from curate.core.errors import OutputError
from curate.core.events import Advance
from curate.core.example import UNKNOWN, Place
from curate.core.finding import Finding, Severity
from curate.core.removed import REASON_OF_CODE, KeptExample, Reason, removal_of, removed_line
from curate.lint.checker import Checker
from curate.lint.rules.dataset_summary import DatasetState
from curate.lint.rules.duplicates import Removals, heavy, require_small_removals
from curate.lint.rules.rule import Repair, RepairInput
from curate.read.chunks import Batch
from curate.read.dataset import FileFacts, ParsedLine, parsed_line, read_file
from curate.read.file_parts import GROUP_LINES
from curate.read.lines import BOM, Line
from curate.storage.files import LEDGER, STDIN, display_name, packing, real_path, replacing
from curate.storage.output_pair import locked_pair
from curate.storage.paths import identity
from curate.storage.snapshot import Snapshot, require_unchanged, state_of

MAX_ROUNDS: Final = 20
"""Maximum number of successive repairs of one line."""


class LineChange(NamedTuple):
    """A physical line before and after, with its ending; the first line includes a byte order mark."""

    before: bytes
    after: bytes
    """May contain several lines; empty if the line is removed."""
    records: tuple[bytes, ...] = ()
    """Those of its removed lines."""


@dataclass(slots=True)
class FixedFile:
    """The fixes made, or proposed, in one file. Line numbers are those before the fix."""

    name: str
    findings: Counter[str] = field(default_factory=Counter)
    """Number of fixed findings by code."""
    lines: int = 0
    """Lines changed or removed."""
    removed: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Numbers of the removed lines by rule code."""
    ledger: str = ""
    """File that the removed lines were written to; empty if there were none."""
    held: list[tuple[int, str, str]] = field(default_factory=list)
    """Reverted repairs: line, rule code, code of the error that the repair caused."""
    skipped: str = ""
    """Why the file cannot be fixed in place; empty if it can."""
    foreign: tuple[str, ...] = ()
    """Formats in the file whose objects no repair changes."""
    links: int = 0
    """Other hard links to a file that was replaced, which keep the old text."""


@dataclass(slots=True)
class FixReport:
    """The fixes made, or proposed, in all files."""

    files: list[FixedFile] = field(default_factory=list)

    @property
    def findings(self) -> int:
        """Number of fixed findings."""
        return sum(file.findings.total() for file in self.files)

    @property
    def lines(self) -> int:
        """Number of changed or removed lines."""
        return sum(file.lines for file in self.files)


@dataclass(slots=True)
class _LineRange:
    """A line during repair; a repair may split it into several."""

    parsed: ParsedLine
    refused: set[str] = field(default_factory=set)
    """Codes whose repairs are disabled or were reverted."""
    tried: "_FixAttempt | None" = None
    """The last repair, until its result has been checked."""


class _FixAttempt(NamedTuple):
    """A repair whose result has to be checked: the line before, its findings, and the rule of the repair."""

    before: ParsedLine
    findings: list[Finding]
    code: str
    counts: bool
    """False for all but the first of several lines that one was cut into: its findings are counted once."""

    @property
    def errors(self) -> set[str]:
        """Codes of the errors that the line had."""
        return {finding.code for finding in self.findings if finding.severity is Severity.ERROR}


@dataclass(slots=True)
class _Outcome:
    codes: list[str] = field(default_factory=list)
    """Codes of the fixed findings."""
    removed: list[tuple[ParsedLine, Reason]] = field(default_factory=list)
    """Its removed lines."""


class Fixer:
    """The repairs of the selected rules, and the state of the data set while files are read."""

    def __init__(self, config: CheckConfig, *, unsafe: bool, suppressed: Collection[tuple[str, str]] = ()) -> None:
        self.checker = Checker(config)
        self.allowed = {
            code: rule.repair
            for code, rule in self.checker.chosen.rules.items()
            if rule.repair and (rule.repair.safe or unsafe)
        }
        self.copies = [
            (rule.code, self.allowed[rule.code]) for rule in self.checker.compared if rule.code in self.allowed
        ]
        self.raw = [(rule.code, self.allowed[rule.code]) for rule in self.checker.files if rule.code in self.allowed]
        self.dataset = [rule for rule in self.checker.dataset if rule.code in self.allowed]
        self.state = DatasetState()
        self.firsts: dict[str, Place] = {}
        """Place of the first example with each id, after its repair."""
        self.files: dict[object, str] = {}
        """Name of each file by its path without links and its identity."""
        self.suppressed: dict[str, set[str]] = defaultdict(set)
        for code, example in suppressed:
            self.suppressed[example].add(code)

    def lines(self, path: Path, fixed: FixedFile, progress: Advance | None = None) -> Iterator[LineChange]:
        """Yield the repaired lines of a file and record fixes in `fixed`; nothing if it cannot be fixed in place."""
        source = real_path(path)
        for key in (source.resolve(), identity(source)):  # a link to it would make each line a duplicate of itself
            if fixed.name != (first := self.files.setdefault(key, fixed.name)):
                fixed.skipped = f"is the same file as {first}"
                return
        facts = FileFacts(fixed.name)
        self.state.end_file()
        lines = read_file(path, facts)
        packed: str | None = None
        while chunk := list(islice(lines, GROUP_LINES)):
            packed = packing(path) if packed is None else packed
            if facts.document or packed:
                fixed.skipped = (
                    f"is {packed}: {'convert it with `curate convert`' if packed == 'a table' else 'unpack it'}, "
                    "then fix it"
                    if packed
                    else "is a JSON document, not JSON Lines: convert it with `curate convert`"
                )
                for parsed in chunk:
                    self._copies(parsed, parsed.place)
            else:
                yield from self._chunk(chunk, facts, fixed)
            if progress:
                progress(len(chunk))
        if facts.defects:
            fixed.skipped = facts.defects[0].message
        fixed.foreign = (
            () if fixed.skipped else tuple(name for name in facts.formats if name not in ("messages", UNKNOWN))
        )

    def _chunk(self, chunk: Sequence[ParsedLine], facts: FileFacts, fixed: FixedFile) -> Iterator[LineChange]:
        """Repair the lines of a chunk, and check what was repaired again, at most `MAX_ROUNDS` times.

        Yields each line before and after, with what was removed of it. The counts, findings and removed lines are added
        to `fixed`.
        """
        outcomes = [_Outcome() for _ in chunk]
        lines = self._repaired(chunk, outcomes, fixed)
        for parsed, pieces, outcome in zip(chunk, lines, outcomes, strict=True):
            number, mark = parsed.line.number, BOM if facts.bom and parsed.line.number == 1 else b""
            kept_lines = [
                data
                for part_number, piece in enumerate(pieces)
                if (data := self._last(piece, Place(fixed.name, number, part_number), outcome)) is not None
            ]
            after = self._raw(mark, kept_lines, parsed.line, outcome.codes, fixed)
            original = mark + parsed.line.data + parsed.line.ending
            if after != original:
                fixed.lines += 1
                fixed.findings.update(outcome.codes)
            # a completely removed line is recorded as it was read
            removed_pieces = outcome.removed if kept_lines else [(parsed, outcome.removed[-1][1])]
            if not kept_lines:
                fixed.removed[removed_pieces[0][1].code or ""].append(number)
            removed = [
                removed_line(parsed.place, line.example.id if line.example else None, reason, line.line.data)
                for line, reason in removed_pieces
            ]
            yield LineChange(original, after, tuple(removed))

    def _repaired(
        self, chunk: Sequence[ParsedLine], outcomes: Sequence[_Outcome], fixed: FixedFile
    ) -> list[list[_LineRange]]:
        """The pieces of each line after the repairs of rules over lines; none for a line that is removed."""
        lines = [[_LineRange(parsed, self._suppressed_codes(parsed))] for parsed in chunk]
        pending = list(range(len(chunk)))
        for remaining in range(MAX_ROUNDS, -1, -1):
            if not pending:
                break
            findings = self._findings_by_piece(
                [piece for index in pending for piece in lines[index]], first=remaining == MAX_ROUNDS
            )
            changed = []
            for index in pending:
                before = list(lines[index])
                lines[index] = [
                    new
                    for piece in before
                    for new in self._step(piece, findings[id(piece)], outcomes[index], fixed, more=remaining > 0)
                ]
                if lines[index] != before or any(piece.tried for piece in lines[index]):
                    changed.append(index)
            pending = changed
        return lines

    def _findings_by_piece(self, pieces: Sequence[_LineRange], *, first: bool) -> dict[int, list[Finding]]:
        """The findings of each piece, by its identity. Pieces of one line get distinct numbers."""
        findings: dict[int, list[Finding]] = {id(piece): [] for piece in pieces}
        numbered = {piece.parsed.place.line if first else position: piece for position, piece in enumerate(pieces, 1)}
        lines = [
            piece.parsed if first else _with_line_number(piece.parsed, number) for number, piece in numbered.items()
        ]
        for finding in self.checker.findings(Batch.of_lines(lines)):
            if self.checker.chosen.reports(finding):
                findings[id(numbered[finding.line])].append(finding)
        return findings

    def _suppressed_codes(self, parsed: ParsedLine) -> set[str]:
        """Codes suppressed for the example of a line, identified by its content before any repair."""
        return self.suppressed.get(parsed.example.id, set()) if self.suppressed and parsed.example else set()

    def _applies_to(self, code: str, file: str) -> bool:
        return self.checker.chosen.reports(Finding(code, Severity.INFO, file, 0, "", "", "", True, None))

    def _step(
        self, piece: _LineRange, findings: list[Finding], outcome: _Outcome, fixed: FixedFile, *, more: bool
    ) -> list[_LineRange]:
        """The line after its next repair; unchanged without a repair left, empty if it is removed."""
        if piece.tried is not None:
            piece, findings = _checked(piece, piece.tried, findings, outcome, fixed)
        repairs = {
            finding.code: self.allowed[finding.code]
            for finding in findings
            if finding.fixable and finding.code in self.allowed
        }
        for code, repair in sorted(repairs.items(), key=lambda item: (item[1].takes is RepairInput.OBJECT, item[0])):
            if not more or code in piece.refused:
                continue
            data = repair.apply(piece.parsed)
            if data is None:
                outcome.codes.append(code)
                why = next(finding.message for finding in findings if finding.code == code)
                outcome.removed.append((piece.parsed, Reason(code, why, "rule")))
                return []
            if data == piece.parsed.line.data:  # such as a text that offsets point into
                piece.refused.add(code)
                continue
            lines = enumerate(data.split(b"\n"))
            return [
                _LineRange(
                    parsed_line(piece.parsed.line._replace(data=text), FileFacts(fixed.name)),
                    piece.refused,
                    _FixAttempt(piece.parsed, findings, code, index == 0),
                )
                for index, text in lines
            ]
        return [piece]

    def _last(self, piece: _LineRange, place: Place, outcome: _Outcome) -> bytes | None:
        """The bytes of a piece after the repairs of data set rules; None if it is removed."""
        example = piece.parsed.example
        first = self.firsts.get(example.id) if example else None
        repair = self._copies(piece.parsed, place)
        if example is None or repair is None or repair[0] in piece.refused:
            return piece.parsed.line.data
        data = repair[1].apply(piece.parsed)
        if data != piece.parsed.line.data:
            outcome.codes.append(repair[0])
        if data is None:
            kept_example = KeptExample(example=example.id, file=first.file, line=first.line) if first else None
            outcome.removed.append(
                (
                    piece.parsed,
                    Reason(
                        repair[0],
                        REASON_OF_CODE.get(repair[0], repair[1].summary),
                        "detector",
                        None,
                        kept_example,
                        1.0 if kept_example else None,
                    ),
                )
            )
        return data

    def _copies(self, parsed: ParsedLine, place: Place) -> tuple[str, Repair] | None:
        """The first data set rule with a finding, by code, and its repair; or None. All these rules see the example."""
        if parsed.example is None:
            return None
        example = replace(parsed.example, place=place)
        repairs = self.copies if example.id in self.firsts else []
        self.firsts.setdefault(example.id, place)
        repairs = [
            *repairs,
            *(
                (rule.code, self.allowed[rule.code])
                for rule in self.dataset
                if list(rule.function(example, self.state) or ())
            ),
        ]
        return next(((code, repair) for code, repair in repairs if self._applies_to(code, place.file)), None)

    def _raw(self, mark: bytes, kept_lines: Sequence[bytes], line: Line, codes: list[str], fixed: FixedFile) -> bytes:
        """The bytes that replace a line, with endings, after the repairs of raw bytes. The codes of repairs are added
        to `codes`, unless `fixed` has them.
        """
        first = line.number == 1
        lines = [
            data + (line.ending if number == len(kept_lines) else line.ending or b"\n")
            for number, data in enumerate(kept_lines, 1)
        ] or [b""]
        lines[0] = mark + lines[0]
        for code, repair in self.raw:
            if (repair.takes is RepairInput.FIRST and not first) or not self._applies_to(code, fixed.name):
                continue
            repaired = [repair.function(line) for line in lines]
            if repaired != lines and code not in fixed.findings:  # one finding per file
                codes.append(code)
            lines = repaired
        return b"".join(lines)


def _checked(
    piece: _LineRange, tried: _FixAttempt, findings: list[Finding], outcome: _Outcome, fixed: FixedFile
) -> tuple[_LineRange, list[Finding]]:
    """The line and its findings after its last repair; those before it if the repair caused an error."""
    new = {finding.code for finding in findings if finding.severity is Severity.ERROR} - tried.errors
    had_turns = tried.before.example is not None and bool(tried.before.example.messages)
    if new and had_turns:  # errors that missing messages had hidden are not new
        fixed.held.append((tried.before.line.number, tried.code, min(new)))
        return _LineRange(tried.before, piece.refused | {tried.code}), tried.findings
    before, after = (
        sum(finding.code == tried.code for finding in compared_findings)
        for compared_findings in (tried.findings, findings)
    )
    outcome.codes += [tried.code] * (before - after if tried.counts else 0)
    return _LineRange(piece.parsed, piece.refused), findings


def _with_line_number(parsed: ParsedLine, number: int) -> ParsedLine:
    place = Place(parsed.place.file, number)
    return parsed._replace(place=place, example=replace(parsed.example, place=place) if parsed.example else None)


def fix_paths(
    paths: Sequence[Path],
    config: CheckConfig,
    *,
    unsafe: bool = False,
    suppressed: Collection[tuple[str, str]] = (),
    limits: DedupConfig | None = None,
    report: FixReport | None = None,
    progress: Advance | None = None,
) -> FixReport:
    """Fix files in place; `report` gets each file when it is done, so it is correct even if a later file fails.

    `suppressed`: codes and ids of examples that are not fixed; `limits`: how much of a file may be deleted (D008), None
    for no limit. Raises `OutputError` if a file cannot be written or changed while it was read, and `DataError` if too
    much would be deleted; that file is unchanged.
    """
    fixer, report = Fixer(config, unsafe=unsafe, suppressed=suppressed), report or FixReport()
    for path in paths:
        fixed = FixedFile(display_name(path))
        _rewrite(path, fixer.lines(path, fixed, progress), fixed, limits)
        report.files.append(fixed)
    return report


def _rewrite(path: Path, lines: Iterable[LineChange], fixed: FixedFile, limits: DedupConfig | None) -> None:
    """Replace a file if a line has changed, and write removed lines to its ledger. Permissions and links are kept.

    Raises `OutputError` and `DataError` as `fix_paths` does, and `UsageError` if another process writes the same
    files; the file is then unchanged.
    """
    import xxhash

    source = real_path(path).resolve()
    ledger = path.with_name(f"{'stdin' if path == STDIN else path.stem}.{LEDGER}")
    state, digest, size, read = state_of(source), xxhash.xxh3_128(), 0, 0
    records: list[bytes] = []
    with ExitStack() as stack:
        out: IO[bytes] | None = None
        for before, after, removed in lines:
            read += not before.isspace()
            records += removed
            digest.update(before)
            if out is None and after != before:
                if not os.access(source, os.W_OK):
                    raise OutputError(f"{path}: is read-only", "check its permissions; nothing was changed")
                fixed.links = source.stat().st_nlink - 1
                stack.enter_context(locked_pair(ledger))  # other files may have the same ledger
                out = stack.enter_context(replacing(source))
                _copy_start(source, out, size)
            if out is not None:
                out.write(after)
            size += len(before)
        if out is not None:
            _copy_owner(source, out)
            shutil.copymode(source, out.name)
            if limits is not None:
                _require_small_removal(fixed.name, read, records, limits)
            if records:  # entered last, so renamed first: if killed, a line is in at least one of the two files
                fixed.ledger = str(_append(ledger, records, stack, source))
            out.flush()  # detects a full disk before the first rename
            os.fsync(out.fileno())  # before the check, since it may take seconds, and lines may be appended meanwhile
            require_unchanged([Snapshot(source, state, digest.hexdigest())])


def _append(ledger: Path, records: Iterable[bytes], stack: ExitStack, source: Path) -> Path:
    """Append to a ledger by rewriting it. Raises `OutputError` if a file with that name is not a ledger.

    A run that was killed between its two renames has recorded these lines already: they end the ledger then, which is
    newer than `source`.
    """
    lines = b"".join(records)
    out = stack.enter_context(replacing(ledger, mode=source.stat().st_mode))
    _copy_owner(source, out)
    if ledger.is_file():
        with ledger.open("rb") as existing:
            for line in existing:
                try:
                    removal_of(line)
                except ValueError:
                    raise OutputError(
                        f"{ledger}: contains something other than removed lines", "rename it; nothing was changed"
                    ) from None
                out.write(line if line.endswith(b"\n") else line + b"\n")
            if existing.tell() >= len(lines) and ledger.stat().st_mtime_ns > source.stat().st_mtime_ns:
                existing.seek(-len(lines), os.SEEK_END)
                lines = b"" if existing.read() == lines else lines
    out.write(lines)
    out.flush()  # detects a full disk before the first rename
    return ledger


def _copy_owner(source: Path, out: IO[bytes]) -> None:
    """Give a new file the owner of the file that it is made from, as only root can."""
    with suppress(OSError, AttributeError):  # Windows has no owners
        os.chown(out.fileno(), source.stat().st_uid, source.stat().st_gid)


def _require_small_removal(name: str, read: int, records: Sequence[bytes], limits: DedupConfig) -> None:
    """Raise `DataError` if too much of a file would be removed (D008). Blank lines do not count."""
    lines = [removal for removal in map(removal_of, records) if removal.data.strip()]
    clusters = Counter(Place(removal.kept.file, removal.kept.line) for removal in lines if removal.kept)
    findings = heavy(Removals({name: read}, {name: len(lines)}, clusters, limits))
    require_small_removals(findings, "inspect them with --diff, then pass --yes; the file is unchanged")


def _copy_start(source: Path, out: IO[bytes], size: int) -> None:
    """Copy the first `size` bytes of a file."""
    with source.open("rb") as file:
        while size > 0 and (block := file.read(min(size, 1 << 20))):
            out.write(block)
            size -= len(block)
