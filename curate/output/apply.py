"""Combine findings, duplicates and decisions into kept and removed lines; each removed line has its reason."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Final, NamedTuple

from curate.core.config import CheckConfig, DedupConfig
from curate.core.decision import DecisionState
from curate.core.example import UNKNOWN, Place, kind_of
from curate.core.finding import Finding, Severity
from curate.core.lazy import np
from curate.core.removed import (
    REASON_OF_CODE,
    UNREADABLE,
    KeptExample,
    Reason,
    counted_as,
    escape_surrogates,
)
from curate.core.text import plural, visible
from curate.corpus.corpus import LineReader, Table, lines_at
from curate.dedup.cluster_resolution import DuplicateRemoval
from curate.lint.rules import RULES
from curate.lint.rules.duplicates import Removals, heavy, require_small_removals
from curate.output.edited import acted_ids, decided_id
from curate.read.dataset import ParsedLine
from curate.storage.files import packing

MAX_NAMED_FILES: Final = 3
"""Number of files that a command names."""


class Dropped(NamedTuple):
    """A line removed by `drop` for a finding of any severity, by a person, or by a selection."""

    place: Place
    example: str | None
    """Id of the example; None for a line without one."""
    reason: Reason

    @property
    def code(self) -> str:
        """The code, `decision` of a person, `select`, or `where` of an expression."""
        return counted_as(self.reason.code, self.reason.decided_by)

    @property
    def why(self) -> str:
        """Message of the finding, the person's reason, or the reason of the selection."""
        return self.reason.why

    @property
    def by_hand(self) -> bool:
        """Whether a person removed the line, in the review or by an expression."""
        return self.reason.decided_by not in ("rule", "select")


def removes_line(finding: Finding, drop: tuple[str, ...]) -> bool:
    """Whether a finding removes its line: it is an error, or its code has one of the prefixes in `drop`."""
    return finding.severity is Severity.ERROR or finding.code.startswith(drop)


def repair_note(findings: Iterable[Finding], files: Mapping[str, Path]) -> str:
    """A note with the number of lines that are removed only for findings with a safe fix, and the command that fixes
    them; empty for none.

    `findings`: those that remove lines (see `removes_line`). `files`: the files by their names.
    """
    lines: dict[tuple[str, int, str | None], bool] = {}
    for finding in findings:
        repair = RULES[finding.code].repair if finding.code in RULES else None
        mended = finding.fixable and repair is not None and repair.safe
        key = finding.file, finding.line, finding.example
        lines[key] = mended and lines.get(key, True)
    every = Counter(file for (file, _, _), mended in lines.items() if mended)
    plain = Counter({file: n for file, n in every.items() if not packing(files[file])})
    if not plain:
        return ""
    names = " ".join(quote(visible(file)) for file in list(plain)[:MAX_NAMED_FILES])
    more = f" and {len(plain) - MAX_NAMED_FILES:,} more files" if len(plain) > MAX_NAMED_FILES else ""
    return f"`curate check --fix {names}`{more} repairs {plural(plain.total(), 'line')} that errors remove"


def drop_reason(decision: DecisionState) -> Reason:
    """The reason to remove a line that a person dropped."""
    why = decision.why or (f"dropped in review of {decision.about}" if decision.about else "dropped in review")
    return Reason(None, escape_surrogates(why), escape_surrogates(decision.who), decision.when)


def reason_of(decision: DecisionState | None, error: Finding | None, removal: DuplicateRemoval | None) -> Reason | None:
    """The reason to remove a line that holds an example; None to keep it. `error`: one that nobody accepted."""
    if decision and decision.verdict == "drop":
        return drop_reason(decision)
    if error:
        return Reason(error.code, error.message, "rule")
    stays = decision is not None and decision.stays
    if removal and (removal.code == "D001" or not stays):  # keeping a content means keeping one copy of it
        return duplicate_reason(removal)
    return None


def unreadable(parsed: ParsedLine) -> Reason:
    """The reason to remove a line without an example in a known format."""
    if (example := parsed.example) is not None:
        turns = example.value.get("messages")
        if example.format == UNKNOWN:
            unlike = "no `messages`, and the keys fit no known format"
            return Reason("M001", escape_surrogates(example.defect[1]) if example.defect else unlike, "rule")
        if not isinstance(turns, list):
            return Reason("M002", f"`messages` is {kind_of(turns)}, not a list", "rule")
        return (
            Reason("C001", "no message has a text", "rule")
            if example.messages
            else Reason("M004", "no message is an object", "rule")
            if turns
            else Reason("M003", "there is no message", "rule")
        )
    defect = next((d for d in parsed.defects if d.kind in UNREADABLE), None)
    if defect is None:
        return Reason("J002", "the line is valid JSON but not an object", "rule")
    return Reason(UNREADABLE[defect.kind], defect.message, "rule")


def duplicate_reason(removal: DuplicateRemoval) -> Reason:
    """The reason for a line that a detector removes in favor of another one."""
    near = "short text with the same content words" if removal.words else "near-duplicate"
    why = REASON_OF_CODE.get(removal.code) or f"{near}, similarity {removal.similarity:.3f}"
    kept = KeptExample(example=removal.kept, file=removal.kept_place.file, line=removal.kept_place.line)
    return Reason(removal.code, why, "detector", kept=kept, similarity=round(removal.similarity, 6))


def removal_reasons(
    table: Table,
    *,
    errors: Iterable[Finding] = (),
    verdicts: Mapping[str, DecisionState] | None = None,
    duplicates: Iterable[DuplicateRemoval] = (),
    first: int = 0,
) -> dict[int, Reason]:
    """The removed lines of a table from number `first` on, each with its reason, in order.

    Decisions take precedence over errors, and errors over duplicates; lines without an example are removed. `errors`:
    the findings that remove lines (see `removes_line`).
    """
    verdicts = verdicts or {}
    reader = LineReader()
    holds = np.zeros(len(table.starts), dtype=np.bool_)
    holds[table.lines] = True
    reasons = {
        line: unreadable(reader.line(table.line_ref(line))) for line in np.flatnonzero(~holds).tolist() if line >= first
    }
    reasons |= {
        line: dropped_line.reason
        for line, dropped_line in dropped_lines(table, verdicts, first).items()
        if dropped_line.example is None
    }
    wrong = errors_in(table, not_accepted(errors, verdicts), reader)
    going = list(duplicates)
    lost = dict(zip(lines_at(table, [removal.place for removal in going]).tolist(), going, strict=True))
    dropped = _with_ids(table, [example for example, decision in verdicts.items() if decision.verdict == "drop"])
    for line in {line for line in (*wrong, *lost, *dropped) if line >= first}:
        example = table.id(int(table.lines.searchsorted(line)))
        if reason := reason_of(verdicts.get(example), wrong.get(line), lost.get(line)):
            reasons[line] = reason
    return dict(sorted(reasons.items()))


def errors_in(table: Table, findings: Iterable[Finding], reader: LineReader) -> dict[int, Finding]:
    """The first finding about each line of a table, by the number of the line in the table.

    Findings count only for the example with the id that they name. An element of a document may span several lines, so
    a finding in any of them is about the element.
    """
    source_numbers = {source.name: number for number, source in enumerate(table.sources)}
    first_findings: dict[int, Finding] = {}
    for finding in findings:
        if finding.example is None or finding.file not in source_numbers:
            continue
        number = source_numbers[finding.file]
        first, last = int(table.first[number]), int(table.first[number + 1])
        numbers = table.numbers[first:last]
        start = int(numbers.searchsorted(finding.line)) if not table.sources[number].document else 0
        for line in range(first + start, first + int(numbers.searchsorted(finding.line, side="right"))):
            spans = reader.data(table.line_ref(line)).count(b"\n") if table.sources[number].document else 0
            example = int(table.lines.searchsorted(line))
            holds = example < len(table.lines) and table.lines[example] == line
            if holds and finding.line <= table.numbers[line] + spans and table.id(example) == finding.example:
                first_findings.setdefault(
                    line, finding
                )  # another copy may be valid: a repeated key is not part of the content
    return first_findings


def not_accepted(findings: Iterable[Finding], decisions: Mapping[str, DecisionState]) -> Iterator[Finding]:
    """The findings without those that a person accepted."""
    for finding in findings:
        decision = decisions.get(finding.example or "")
        if decision is None or not decision.accepts(finding.code, finding.pointer):
            yield finding


def dropped_in(
    table: Table, findings: Iterable[Finding], decisions: Mapping[str, DecisionState], first: int
) -> list[Dropped]:
    """Lines of a table from number `first` on that a finding or a person removes, in order. `findings`: those that
    remove lines.
    """
    dropped = dropped_lines(table, decisions, first)
    for line, finding in errors_in(table, not_accepted(findings, decisions), LineReader()).items():
        if line >= first and line not in dropped:
            example = table.id(int(table.lines.searchsorted(line)))
            dropped[line] = Dropped(table.place(line), example, Reason(finding.code, finding.message, "rule"))
    return [dropped[line] for line in sorted(dropped)]


def dropped_lines(table: Table, decisions: Mapping[str, DecisionState], first: int) -> dict[int, Dropped]:
    """Lines of a table from number `first` on that a person dropped, those without an example among them."""
    drops = {example: decision for example, decision in decisions.items() if decision.verdict == "drop"}
    return {
        line: Dropped(table.place(line), example, drop_reason(drops[key]))
        for line, (key, example) in _keys_in(table, drops).items()
        if line >= first
    }


def unmatched_notes(table: Table, decisions: Mapping[str, DecisionState]) -> list[str]:
    """A note with the number of edits and drops of examples that are not in a table with all edits applied, as the only
    item of a list; empty if it has all.
    """
    acted = acted_ids(decisions)
    count = len(acted - {key for key, _ in _keys_in(table, acted).values()})
    return unmatched_note(count)


def unmatched_note(count: int) -> list[str]:
    """A note about so many edits and drops of other examples, as the only item of a list; empty for none."""
    return [f"{plural(count, 'decision')} about examples that are not in these files"] if count else []


def _keys_in(table: Table, keys: Collection[str]) -> dict[int, tuple[str, str | None]]:
    """The lines of a table with one of these keys of decisions: by line, the key and its example's id or None."""
    if not keys:
        return {}
    lines_by_number: dict[int, tuple[str, str | None]] = {}
    for line in _with_ids(table, list(keys)):
        example = table.id(int(table.lines.searchsorted(line)))
        lines_by_number[line] = example, example
    none = np.ones(len(table.starts), dtype=np.bool_)
    none[table.lines] = False
    reader = LineReader()
    for line in np.flatnonzero(none).tolist():
        if (key := decided_id(reader.line(table.line_ref(line)))) in keys:
            lines_by_number[line] = key, None
    return lines_by_number


def large_removals(
    table: Table, left_out: Mapping[int, Reason], config: CheckConfig, limits: DedupConfig, first: int = 0
) -> list[Finding]:
    """The removals by `drop` and of duplicates that need confirmation (D008), for the lines of a table from number
    `first` on.
    """
    starts = table.first.tolist()
    lines = {
        source.name: starts[number + 1] - starts[number]
        for number, source in enumerate(table.sources)
        if starts[number] >= first
    }
    removed_counts: Counter[str] = Counter()
    clusters: Counter[Place] = Counter()
    for line, reason in left_out.items():
        dropped = reason.decided_by == "rule" and (reason.code or "").startswith(config.drop)
        if line >= first and (dropped or reason.kept is not None):
            removed_counts[table.sources[table.source(line)].name] += 1
            if reason.kept is not None:
                clusters[Place(reason.kept.file, reason.kept.line)] += 1
    return heavy(Removals(lines, removed_counts, clusters, limits))


def require_confirmation(findings: Sequence[Finding], repair: str) -> None:
    """Raise `DataError` if a removal needs confirmation; `repair`: how the lines can be repaired instead."""
    hint = (
        "review them with `curate check --select CODE` and `curate dedup --explain`, then add --yes, drop fewer "
        "rules or raise the threshold; nothing written"
    )
    require_small_removals(findings, repair or hint)


def _with_ids(table: Table, ids: Sequence[str]) -> list[int]:
    """The numbers of the lines that hold examples with these ids."""
    prefixes = np.array([int(example[:16], 16) for example in ids], dtype=np.uint64)
    full = set(ids)
    return [
        int(table.lines[position])
        for position in np.flatnonzero(np.isin(table.ids[:, 0], prefixes, kind="sort")).tolist()
        if table.id(position) in full
    ]
