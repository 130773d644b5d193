"""Findings as entries, stored in columns to support a million of them."""

from collections.abc import Sequence
from typing import ClassVar, Final

from curate.core.example import Place
from curate.core.finding import Finding, Severity
from curate.core.lazy import Array, Flags, Rows, np
from curate.review.entry import Entry, Kind, ReviewStatus
from curate.review.query import Query
from curate.review.queue import ArrayColumn, Names, Queue, file_fits, id_of, in_ranges, key, matches_names

SEVERITIES = tuple(Severity)
EXACT_COPY_CODE: Final = "D001"
"""The rule about exact copies, which cannot be decided: decisions are about content."""


class FindingQueue(Queue):
    """Findings in about 30 bytes each, plus their messages, which often repeat."""

    kind: ClassVar[Kind] = "finding"
    sorts = ("severity", "line", "rule", "as found")
    groupings = ("rule", "file", "example")

    def __init__(self) -> None:
        super().__init__()
        self._files, self.codes = Names(), Names()
        self._texts = Names()
        self._columns = {
            name: ArrayColumn(kind)
            for name, kind in (
                ("code", "uint16"),
                ("severity", "uint8"),
                ("file", "uint32"),
                ("line", "uint32"),
                ("fixable", "uint8"),
                ("pointer", "uint32"),
                ("message", "uint32"),
                ("broken", "uint8"),
                ("high", "uint64"),
                ("low", "uint64"),
            )
        }
        self._hints: dict[str, str] = {}

    def add(self, findings: Sequence[Finding], line_ids: Sequence[str], statuses: Sequence[ReviewStatus]) -> None:
        """Add findings; `line_ids`: the ids of lines without an example, empty for the others."""
        ids = [finding.example or line for finding, line in zip(findings, line_ids, strict=True)]
        first = len(self)
        columns: dict[str, list[int]] = {
            "code": [self.codes.number(finding.code) for finding in findings],
            "severity": [finding.severity.rank for finding in findings],
            "file": [self._files.number(finding.file) for finding in findings],
            "line": [finding.line for finding in findings],
            "fixable": [finding.fixable for finding in findings],
            "pointer": [self._texts.number(finding.pointer) for finding in findings],
            "message": [self._texts.number(finding.message) for finding in findings],
            "broken": [bool(line) for line in line_ids],
            "high": [int(id_[:16], 16) if id_ else 0 for id_ in ids],
            "low": [int(id_[16:], 16) if id_ else 0 for id_ in ids],
        }
        for finding in findings:
            self._hints.setdefault(finding.code, finding.hint)
        for name, values in columns.items():
            self._columns[name].extend(values)
        self._extend(statuses)
        with_id = [index for index, id_ in enumerate(ids) if id_ and findings[index].code != EXACT_COPY_CODE]
        self.example_index.add([key(ids[index]) for index in with_id], [first + index for index in with_id])

    def place(self, number: int, line_id: str) -> None:
        """Store the id of a line without an example that was not indexed when its finding was added."""
        if line_id and not self.id(number):
            columns = {"high": int(line_id[:16], 16), "low": int(line_id[16:], 16), "broken": 1}
            for name, value in columns.items():
                self._columns[name].values[number] = value
            self.example_index.add([key(line_id)], [number])

    def _value(self, name: str, number: int) -> int:
        """The value of a finding in a column."""
        return int(self._columns[name].values[number])

    def finding(self, number: int) -> Finding:
        """The finding with a number."""
        code = self.codes.all[self._value("code", number)]
        id_ = self.id(number)
        return Finding(
            code=code,
            severity=SEVERITIES[self._value("severity", number)],
            file=self._files.all[self._value("file", number)],
            line=self._value("line", number),
            pointer=self._texts.all[self._value("pointer", number)],
            message=self._texts.all[self._value("message", number)],
            hint=self._hints[code],
            fixable=bool(self._value("fixable", number)),
            example=None if self._value("broken", number) else id_,
        )

    def id(self, number: int) -> str | None:
        """The id of the example, or of a line without one; None for a finding about no line."""
        return id_of(self._value("high", number), self._value("low", number))

    def entry(self, number: int) -> Entry:
        """The finding with a number as an entry."""
        finding = self.finding(number)
        id_ = self.id(number) if finding.code != EXACT_COPY_CODE else None
        ids = (id_,) if id_ else ()
        return Entry(
            "finding",
            number,
            finding.code,
            finding.code,
            finding.severity,
            Place(finding.file, finding.line),
            ids,
            finding,
        )

    def places(self, number: int) -> Sequence[Place]:
        """The place of the finding."""
        return (Place(self._files.all[self._value("file", number)], self._value("line", number)),)

    def head(self, number: int) -> str:
        """Code, severity, place and message."""
        finding = self.finding(number)
        return f"{finding.code} {finding.severity} {finding.where} {finding.pointer} {finding.message}"

    def order(self, sort: str) -> Rows:
        """The numbers of the findings by severity, place, rule or arrival; of training dynamics, hardest first."""
        if sort == "as found":
            return np.arange(len(self), dtype=np.int32)
        column = {name: part.values[: len(self)] for name, part in self._columns.items()}
        codes = (
            np.argsort(np.argsort(np.array(self.codes.all or [""])))[column["code"]] if len(self) else column["code"]
        )
        by_line = (column["line"], column["file"])
        keys = {"line": by_line, "rule": (*by_line, codes), "severity": (*by_line, column["severity"])}[sort]
        return np.lexsort(keys).astype(np.int32)

    def group_keys(self, by: str, rows: Rows) -> Array:
        """Numbers of rules or files; for examples, half of the id, or the number of a finding without one."""
        if by == "example":
            high = self._columns["high"].values[rows]
            return np.where(high == 0, rows.astype(np.uint64), high)
        return self._columns[{"rule": "code", "file": "file"}[by]].values[rows]

    def mask(self, query: Query) -> Flags:
        """A flag for each finding: whether it fits the status, code, severity, file, line and repair of a query."""
        matches = super().mask(query)
        column = {name: part.values[: len(matches)] for name, part in self._columns.items()}
        if query.codes:
            matches &= matches_names(
                column["code"], self.codes.all, [code.startswith(query.codes) for code in self.codes.all]
            )
        if query.severities:
            matches &= matches_names(
                column["severity"], SEVERITIES, [severity.value.startswith(query.severities) for severity in SEVERITIES]
            )
        if query.files:
            matches &= matches_names(
                column["file"], self._files.all, [file_fits(name, query.files) for name in self._files.all]
            )
        if query.lines:
            matches &= in_ranges(column["line"], query.lines)
        if query.fixes:
            matches &= column["fixable"] == 1
            fits = [_has_fix(code, query.fixes) for code in self.codes.all]
            matches &= matches_names(column["code"], self.codes.all, fits)
        if query.scores:
            matches &= False
        return matches

    def counts(self) -> dict[str, tuple[Severity, int, int, int]]:
        """Per code: severity, number of findings, of open findings, and of those with nothing to decide."""
        codes, statuses = self._columns["code"].values[: len(self)], self.statuses.values
        totals = np.bincount(codes, minlength=len(self.codes.all))
        undecided = np.bincount(codes[statuses[: len(codes)] < ReviewStatus.KEEP], minlength=len(self.codes.all))
        nothing = np.bincount(codes[statuses[: len(codes)] == ReviewStatus.NOTHING], minlength=len(self.codes.all))
        worst = np.full(len(self.codes.all), len(SEVERITIES) - 1)
        np.minimum.at(worst, codes, self._columns["severity"].values[: len(codes)])
        return {
            code: (SEVERITIES[int(worst[number])], int(totals[number]), int(undecided[number]), int(nothing[number]))
            for number, code in enumerate(self.codes.all)
        }


def _has_fix(code: str, fixes: Sequence[str]) -> bool:
    """Whether the fix of the rule `code` is of one of the kinds `fixes`: `safe`, `unsafe`, `any`."""
    from curate.lint.rules import RULES  # takes 0.2 s that a review without this filter does not need

    rule = RULES.get(code)
    return "any" in fixes or ("safe" if rule and rule.repair and rule.repair.safe else "unsafe") in fixes
