"""Finding counts of examples that may be removed or kept: the choice among duplicates depends on these."""

from collections.abc import Iterator, Mapping
from typing import Final

from curate.core.config import CheckConfig
from curate.core.decision import DecisionState
from curate.core.finding import Finding, Severity
from curate.core.lazy import Numbers, np
from curate.corpus.cache import DedupCache
from curate.corpus.corpus import LineReader, Table
from curate.dedup.cluster_resolution import NO_FINDINGS, FindingCounts
from curate.lint.checker import Checker
from curate.lint.project_check import ProjectRules
from curate.lint.rules import RULES, Scope
from curate.lint.rules.rule_selection import RuleSelection
from curate.output.apply import not_accepted
from curate.read.chunks import Chunk

CHUNK_LINES: Final = 1 << 15
PER_EXAMPLE: Final = (Scope.LINE, Scope.EXAMPLE, Scope.VALUE, Scope.FORM, Scope.TEXT)
"""Rules that check each example by itself, so that their findings do not depend on other lines."""


def finding_counts(
    table: Table,
    project: ProjectRules,
    decisions: Mapping[str, DecisionState],
    memory: DedupCache | None,
    examples: Numbers,
) -> dict[str, FindingCounts]:
    """Number of findings by example id, by rules that check each example by itself; only examples with findings.
    Suppressed findings do not count.

    They are cached unless they depend on more than the bytes of the line, the rules of this version and the
    configuration. Raises `InputError`.
    """
    config, rules = project.check, RuleSelection.from_config(project.check)
    lines, names = table.lines[examples], table.names(examples)
    accepted = {example for _, example in project.suppressed} | {
        name for name, decision in decisions.items() if decision.kept
    }
    single = np.array([name in accepted for name in names], dtype=np.bool_)
    if memory is None or table.line_keys is None or not _is_cacheable(config, rules):
        single[:] = True
    counts_by_id = _counts(_findings(table, config, rules, lines[single]), project, decisions)
    if single.all() or memory is None or table.line_keys is None:
        return counts_by_id
    cacheable = np.flatnonzero(~single)
    keys = table.line_keys[lines[cacheable]]
    cached = memory.findings(repr(config))
    counts, is_cached = cached.find(keys)
    new = np.flatnonzero(~is_cached)
    if len(new):
        fresh = _counts(_findings(table, config, rules, lines[cacheable[new]]), project, decisions)
        counts[new] = [fresh.get(names[index], NO_FINDINGS)[1:] for index in cacheable[new].tolist()]
        cached.add(keys[new], counts[new])
    with_findings = np.flatnonzero(counts.any(axis=1))
    for index, row in zip(cacheable[with_findings].tolist(), counts[with_findings].tolist(), strict=True):
        counts_by_id[names[index]] = FindingCounts(int(row[0] > 0), *row)
    return counts_by_id


def _is_cacheable(config: CheckConfig, rules: RuleSelection) -> bool:
    """Whether findings of single lines depend only on their bytes, the rules of this version and the configuration."""
    custom_codes = {rule.code for rule in config.rule}
    return (
        not config.renders
        and not config.per_file_ignores
        and all(code in RULES or code in custom_codes for code in rules.rules)
    )


def _findings(table: Table, config: CheckConfig, rules: RuleSelection, lines: Numbers) -> Iterator[Finding]:
    """The findings of the examples on some lines, not from the cache."""
    codes = tuple(code for code in rules.severities if rules.known[code].scope in PER_EXAMPLE)
    if not codes or not len(lines):
        return
    checker = Checker(config.model_copy(update={"select": codes, "extend_select": ()}))
    for chunk in _chunks(table, lines):
        yield from filter(rules.reports, checker.check_chunk(chunk).findings)


def _counts(
    findings: Iterator[Finding], project: ProjectRules, decisions: Mapping[str, DecisionState]
) -> dict[str, FindingCounts]:
    """The unsuppressed findings by example."""
    counts: dict[str, list[int]] = {}
    suppressed = project.suppressed
    for finding in findings:
        if finding.example is None or (finding.code, finding.example) in suppressed:
            continue
        row = counts.setdefault(finding.example, [*NO_FINDINGS])
        row[1 + finding.severity.rank] += 1
        if finding.severity is Severity.ERROR and any(not_accepted([finding], decisions)):
            row[0] = 1
    return {example: FindingCounts(*row) for example, row in counts.items()}


def _chunks(table: Table, lines: Numbers) -> Iterator[Chunk]:
    """Some lines, read again, as chunks; elements of a document without their line breaks."""
    reader = LineReader()
    for index, source in enumerate(table.sources):
        source_lines = lines[(lines >= table.first[index]) & (lines < table.first[index + 1])]
        for start in range(0, len(source_lines), CHUNK_LINES):
            batch = reader.lines(table, source_lines[start : start + CHUNK_LINES])
            yield Chunk(
                source.path, source.name, 0, None, b"".join([line.replace(b"\n", b" ") + b"\n" for line in batch])
            )
