"""Finding counts of examples that may be removed or kept: the policy `best` chooses by these."""

from collections.abc import Iterable, Iterator
from typing import Final

from curate.core.config import CheckConfig
from curate.core.finding import Finding, Severity
from curate.core.lazy import Numbers, np
from curate.corpus.cache import DedupCache
from curate.corpus.corpus import LineReader, Table
from curate.lint.checker import Checker
from curate.lint.rules import RULES, Scope
from curate.lint.rules.rule_selection import RuleSelection
from curate.read.chunks import Chunk

MIN_SCAN_BYTES: Final = 24 << 20
"""Number of bytes from which a compiled scan is loaded before lines are checked."""
CHUNK_LINES: Final = 1 << 15
PER_EXAMPLE: Final = (Scope.LINE, Scope.EXAMPLE, Scope.VALUE, Scope.FORM, Scope.TEXT)
"""Rules that check each example by itself, so that their findings do not depend on other lines."""


def finding_counts(
    table: Table, config: CheckConfig, memory: DedupCache | None, examples: Numbers
) -> dict[str, tuple[int, ...]]:
    """Numbers of errors, warnings and infos by example id, by rules that check each example by itself; only examples
    with findings.

    They are cached unless they depend on more than the bytes of the line, the rules of this version and the
    configuration. Raises `InputError`.
    """
    rules = RuleSelection.from_config(config)
    lines, names = table.lines[examples], table.names(examples)
    if memory is None or table.line_keys is None or not _is_cacheable(config, rules):
        return _counted(table, config, rules, lines)
    keys = table.line_keys[lines]
    counts, known = memory.finding_counts(repr(config), keys)
    new = np.flatnonzero(~known)
    if len(new):
        found = _counted(table, config, rules, lines[new])
        counts[new] = [found.get(names[at], (0, 0, 0)) for at in new.tolist()]
        memory.count_findings(keys[new], counts[new])
    some = np.flatnonzero(counts.any(axis=1))
    return {names[at]: tuple(row) for at, row in zip(some.tolist(), counts[some].tolist(), strict=True)}


def _is_cacheable(config: CheckConfig, rules: RuleSelection) -> bool:
    """Whether findings of single lines depend only on their bytes, the rules of this version and the configuration."""
    own = {rule.code for rule in config.rule}
    return (
        not config.model and not config.per_file_ignores and all(code in RULES or code in own for code in rules.rules)
    )


def _counted(table: Table, config: CheckConfig, rules: RuleSelection, lines: Numbers) -> dict[str, tuple[int, ...]]:
    """The finding counts of the examples on some lines, not from the cache."""
    codes = tuple(code for code in rules.severities if rules.known[code].scope in PER_EXAMPLE)
    if not codes:
        return {}
    checker = Checker(config.model_copy(update={"select": codes, "extend_select": ()}))
    if int(table.sizes[lines].sum()) >= MIN_SCAN_BYTES:
        checker.use_fast_path()
    findings = (finding for piece in _pieces(table, lines) for finding in checker.check_chunk(piece).findings)
    return severity_counts(filter(rules.reports, findings))


def severity_counts(findings: Iterable[Finding]) -> dict[str, tuple[int, ...]]:
    """Numbers of errors, warnings and infos by example."""
    counts: dict[str, list[int]] = {}
    for finding in findings:
        if finding.example:
            counts.setdefault(finding.example, [0] * len(Severity))[finding.severity.rank] += 1
    return {example: tuple(found) for example, found in counts.items()}


def _pieces(table: Table, lines: Numbers) -> Iterator[Chunk]:
    """Some lines, read again, as pieces; elements of a document without their line breaks."""
    reader = LineReader()
    for at, source in enumerate(table.sources):
        here = lines[(lines >= table.first[at]) & (lines < table.first[at + 1])]
        for start in range(0, len(here), CHUNK_LINES):
            some = reader.lines(table, here[start : start + CHUNK_LINES])
            yield Chunk(
                source.path, source.name, 0, None, b"".join([line.replace(b"\n", b" ") + b"\n" for line in some])
            )
