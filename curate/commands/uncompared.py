"""Lines that `curate verify` could not compare, whichever rules are silenced: a split must not have them."""

from collections.abc import Mapping, Set
from typing import Final

from curate.core.config import CheckConfig
from curate.core.decision import DecisionState
from curate.core.errors import InputError
from curate.core.finding import Severity
from curate.core.lazy import np
from curate.core.removed import Reason
from curate.core.text import visible
from curate.corpus.corpus import LineReader, Table
from curate.lint.rules.rule_selection import RuleSelection
from curate.output.folder import line_written
from curate.verify.reading import unread

STRUCTURE_FAMILIES: Final = ("C", "J", "M", "P", "T")
"""Families of the rules about what makes a line an example."""


def exclude_uncomparable(
    table: Table,
    left_out: Mapping[int, Reason],
    first: int,
    config: CheckConfig,
    decisions: Mapping[str, DecisionState],
    suppressed: Set[str],
) -> dict[int, Reason]:
    """The removed lines of a table, and those from number `first` on that `curate verify` cannot compare.

    Without silenced rules, errors remove such lines, so only examples are read with a finding that a person accepted:
    in `decisions`, or in `suppressed` by id. Raises `InputError` for such a line of a given test set, before `first`.
    """
    lines = table.lines
    if not _silences(config):
        accepted = suppressed | {example for example, decision in decisions.items() if decision.kept}
        accepted_ids = np.array([int(example[:16], 16) for example in accepted], dtype=np.uint64)
        lines = lines[(lines < first) | np.isin(table.ids[:, 0], accepted_ids, kind="sort")]
    reader, reasons = LineReader(), dict(left_out)
    for line in lines.tolist():
        if line in left_out or not (reason := unread(line_written(table, line, reader))):
            continue
        reason = f"holds no example that can be compared: {reason}"
        if line < first:
            text = f"{visible(str(table.place(line)))}: {visible(reason)}; a given test set is not changed"
            raise InputError(text, "correct or delete the line")
        reasons[line] = Reason("J013" if "occurs twice" in reason else "M001", reason, "rule")
    return dict(sorted(reasons.items()))


def _silences(config: CheckConfig) -> bool:
    """Whether an error of the default rules about the structure of a line is no error, or not in some files."""
    plain, chosen = RuleSelection.from_config(CheckConfig(target=config.target)), RuleSelection.from_config(config)
    return bool(chosen.file_ignores) or any(
        severity is Severity.ERROR
        and code.startswith(STRUCTURE_FAMILIES)
        and chosen.severities.get(code) is not severity
        for code, severity in plain.severities.items()
    )
