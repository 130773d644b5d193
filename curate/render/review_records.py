"""The results of `curate review --history` and `--audit-result`, for people."""

from collections.abc import Iterator

from rich.text import Text

from curate.commands.review_audit import AuditResult, audit_sentence
from curate.commands.review_history import HistoryResult
from curate.core.runs import JOURNAL
from curate.core.text import excerpt, plural, visible
from curate.render.console import more_lines

MAX_SHOWN = 50


def history_text(result: HistoryResult) -> Iterator[str | Text]:
    """A line for each step, the latest first, safe to print."""
    for step in result.steps[:MAX_SHOWN]:
        what = step.examples[0][:12] if step.count == 1 else plural(step.count, "example")
        parts = (f"{step.when:%Y-%m-%d %H:%M}", excerpt(step.who), what, visible(step.about), excerpt(step.value),
                 f"({step.state})", excerpt(step.why))  # fmt: skip
        yield Text("  ".join(filter(None, parts)))
    yield from more_lines(len(result.steps), MAX_SHOWN, " decisions", "--json")
    if not result.steps:
        yield "no decisions"


def audit_text(result: AuditResult) -> Iterator[str]:
    """A line for each audit, safe to print."""
    for audit in result.audits:
        yield (f"{visible(audit.journal)}: " if audit.journal != JOURNAL else "") + audit_sentence(audit)
    if not result.audits:
        yield "no audit; `curate review PATH` starts one from its first screen"
