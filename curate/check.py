"""The checks: files stream through the rules in chunks, and what they find comes out in the order of the lines.

Nothing about a line depends on how the file was cut into chunks: text rules see one message at a time, and rules over the
data set see its examples one after the other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from curate.config import CheckConfig
from curate.example import Example, Place
from curate.files import is_packed
from curate.finding import Finding, Problem, Severity
from curate.read.dataset import FileFacts, ParsedLine, read_file
from curate.read.locate import line_of
from curate.rules import Rule, Scope, by_scope
from curate.rules.chosen import Chosen
from curate.rules.duplicates import Seen
from curate.rules.frame import messages_frame
from curate.rules.repair import Takes
from curate.rules.shape import Shape, is_plain, shape_of
from curate.rules.tokenised import Tokenised
from curate.template import load_template

if TYPE_CHECKING:
    import polars as pl

CHUNK = 1024
"""Lines at a time: enough for columns to pay, little enough to show progress."""
Progress = Callable[[int], None]


@dataclass(slots=True)
class CheckReport:
    """What a check found, and how much it read."""

    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    lines: int = 0
    """Lines that are not blank."""
    examples: int = 0
    known: int = 0
    """Findings of a baseline, which are not told again."""
    suppressed: int = 0
    """Findings that a person suppressed, with a reason."""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """All rules there were, those of one's own among them."""
    severities_of: Mapping[str, Severity] = field(default_factory=dict)
    """The rules that ran, and how bad each was."""
    seconds: float = 0.0

    @property
    def severities(self) -> Counter[Severity]:
        """How many findings of each severity."""
        return Counter(finding.severity for finding in self.findings)

    @property
    def codes(self) -> Counter[str]:
        """How many findings of each rule."""
        return Counter(finding.code for finding in self.findings)

    @property
    def failed(self) -> bool:
        """True when there is an error or a warning; info alone is clean."""
        return any(finding.severity is not Severity.INFO for finding in self.findings)


def check_paths(
    paths: Sequence[Path],
    config: CheckConfig = CheckConfig(),  # noqa: B008  (frozen)
    progress: Progress | None = None,
    name_of: Callable[[Path], str] = str,
) -> CheckReport:
    """Check files with the rules that `config` selects; `progress` is told the number of lines of each chunk.

    `name_of` gives the name that a file goes by in findings. Raises `InputError` for a file that cannot be read, `UsageError` for a
    code that no rule has.
    """
    started = monotonic()
    checker = Checker(config)
    report = CheckReport(rules=checker.chosen.known, severities_of=checker.chosen.severities)
    for path in paths:
        facts = FileFacts(name_of(path), target=config.target)
        found: list[Finding] = []
        for chunk in _chunks(read_file(path, facts)):
            found.extend(checker.chunk(chunk))
            if progress:
                progress(len(chunk))
        found.extend(checker.file(facts))
        if facts.document or is_packed(path):  # only a plain file of lines is mended in place
            found = [replace(finding, fixable=False) for finding in found]
        report.findings.extend(sorted(found, key=lambda finding: finding.order))
        report.files += 1
        report.lines += facts.lines
        report.examples += facts.examples
    if concluded := list(checker.conclusions()):
        order = {name_of(path): at for at, path in enumerate(paths)}
        report.findings = sorted([*report.findings, *concluded], key=lambda finding: (order[finding.file], finding.order))
    if checker.chosen.file_ignores:
        report.findings = list(filter(checker.chosen.tells, report.findings))
    report.seconds = monotonic() - started
    return report


def _chunks(lines: Iterable[ParsedLine]) -> Iterator[list[ParsedLine]]:
    rest = iter(lines)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


class Checker:
    """The selected rules, by what they see, and what the data set's rules remember."""

    def __init__(self, config: CheckConfig) -> None:
        self.max_length = config.max_length
        self.chosen = Chosen.by(config)
        rules = self.chosen.rules
        scopes = (Scope.LINE, Scope.EXAMPLE, Scope.VALUE, Scope.TEXT, Scope.DATASET, Scope.FILE, Scope.TOKENS)
        self.line, self.shape, self.value, self.text, self.dataset, self.files, self.tokens = (by_scope(rules, scope) for scope in scopes)
        self.template = load_template(config.model) if config.model and self.tokens else None
        self.seen = Seen()
        self.sound: set[Shape] = set()
        self.asked: list[pl.Expr] = []
        """What the text rules ask, built once polars is loaded."""

    def chunk(self, lines: Sequence[ParsedLine]) -> Iterator[Finding]:
        """What the rules find in consecutive lines of a file."""
        with_example = [(parsed, parsed.example) for parsed in lines if parsed.example is not None]
        for parsed in lines:
            if parsed.example is None or parsed.decoded.defects:  # nothing can be said about a line that is sound
                for rule in self.line:
                    for problem in rule.function(parsed):
                        yield self._finding(rule, problem, parsed)
        for parsed, example in with_example:
            yield from self._example(parsed, example)
        if self.text and with_example:
            yield from self._texts([parsed for parsed, _ in with_example], [example for _, example in with_example])

    def _example(self, parsed: ParsedLine, example: Example) -> Iterator[Finding]:
        yield from self._structure(parsed, example)
        if self.value and not is_plain(example):
            for rule in self.value:
                for problem in rule.function(example):
                    yield self._finding(rule, problem, parsed)
        if self.template is not None and example.messages:
            one = Tokenised(example, self.template.encode(example.value), self.template, self.max_length, self.seen.memory)
            for rule in self.tokens:
                for problem in rule.function(one):
                    yield self._finding(rule, problem, parsed)
        for rule in self.dataset:
            for problem in rule.function(example, self.seen):
                yield self._finding(rule, problem, parsed)

    def _structure(self, parsed: ParsedLine, example: Example) -> Iterator[Finding]:
        shape = shape_of(example)
        if shape is not None and shape in self.sound:
            return
        sound = True
        for rule in self.shape:
            for problem in rule.function(example):
                sound = False
                yield self._finding(rule, problem, parsed)
        if sound and shape is not None:
            self.sound.add(shape)

    def _texts(self, lines: Sequence[ParsedLine], examples: Sequence[Example]) -> Iterator[Finding]:
        frame = messages_frame(examples)
        self.asked = self.asked or [rule.function().alias(rule.code) for rule in self.text]
        said = frame.select("example", "turn", *self.asked)
        for rule in self.text:
            if said[rule.code].null_count() == len(said):  # nearly always, and much cheaper to ask than a query
                continue
            for position, turn, message in said.filter(said[rule.code].is_not_null()).select("example", "turn", rule.code).iter_rows():
                pointer = next(m.content_pointer for m in examples[position].messages if m.index == turn)
                yield self._finding(rule, Problem(pointer, message), lines[position])

    def file(self, facts: FileFacts) -> Iterator[Finding]:
        """What the rules find in a file as a whole, once it has been read."""
        for rule in self.files:
            for problem in rule.function(facts):
                yield self._about(rule, problem, Place(facts.path, 0))

    def conclusions(self) -> Iterator[Finding]:
        """What the rules find in the data set as a whole, once all files have been read."""
        for rule in (*self.dataset, *self.tokens):
            if rule.conclusion is not None:
                for place, problem in rule.conclusion(self.seen):
                    yield self._about(rule, problem, place)

    def _about(self, rule: Rule, problem: Problem, place: Place) -> Finding:
        severity = self.chosen.severities[rule.code]
        fixable = rule.repair is not None and rule.repair.takes in (Takes.FIRST, Takes.RAW)
        return Finding(rule.code, severity, place.file, place.line, problem.pointer, problem.message, rule.hint, fixable, None)

    def _finding(self, rule: Rule, problem: Problem, parsed: ParsedLine) -> Finding:
        return _finding(rule, problem, parsed, self.chosen.severities[rule.code])


def _finding(rule: Rule, problem: Problem, parsed: ParsedLine, severity: Severity) -> Finding:
    """The finding that a problem makes; in an element of a document, at the line where the value stands."""
    data = parsed.line.data
    inside = data.count(b"\n", 0, problem.offset) if problem.offset else line_of(data, problem.pointer) if problem.pointer else 0
    example = parsed.example.id if parsed.example else None
    place = parsed.place
    fixable = rule.repair is not None and rule.repair.applies(parsed)
    return Finding(rule.code, severity, place.file, place.line + inside, problem.pointer, problem.message, rule.hint, fixable, example)
