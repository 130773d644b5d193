"""The results of `curate review --history`, `--audit-result` and `--agreement`, for people."""

from collections.abc import Iterator

from rich.text import Text

from curate.commands.review_history import AgreementResult, AuditResult, Disagreement, HistoryResult, audit_sentence
from curate.core.text import excerpt, plural, visible
from curate.project.runs import JOURNAL
from curate.render.console import more_lines

MAX_DISAGREEMENTS = 20
MAX_STEPS = 50


def history_text(result: HistoryResult) -> Iterator[str | Text]:
    """A line for each step, the latest first, safe to print."""
    for step in result.steps[:MAX_STEPS]:
        what = step.examples[0][:12] if step.count == 1 else plural(step.count, "example")
        parts = (f"{step.when:%Y-%m-%d %H:%M}", excerpt(step.who), what, visible(step.about), excerpt(step.value),
                 f"({step.state})", excerpt(step.why))  # fmt: skip
        yield Text("  ".join(filter(None, parts)))
    yield from more_lines(len(result.steps), MAX_STEPS, " decisions", "--json")
    if not result.steps:
        yield "no decisions"


def audit_text(result: AuditResult) -> Iterator[str]:
    """A line for each audit, safe to print."""
    for audit in result.audits:
        yield (f"{visible(audit.journal)}: " if audit.journal != JOURNAL else "") + audit_sentence(audit)
    if not result.audits:
        yield "no audit; `curate review PATH` starts one from its first screen"


def pair_lines(result: AgreementResult) -> Iterator[str]:
    """How far each two reviewers agree, a line each."""
    for pair in result.pairs:
        kappa = "kappa not defined" if pair.kappa is None else f"kappa {pair.kappa:.2f}"
        share = f", {pair.agreed / pair.items:.1%} equal" if pair.items else ""
        yield f"{' and '.join(map(visible, pair.reviewers))}: {pair.items:,} {pair.what} in common{share}, {kappa}"


def opinions_text(disagreement: Disagreement) -> str:
    """What reviewers decided differently about an example."""
    text = ", ".join(f"{visible(reviewer)}: {visible(word)}" for reviewer, word in disagreement.opinions.items())
    return f"{visible(disagreement.about) or 'example'}: {text}"


def agreement_text(result: AgreementResult) -> Iterator[str | Text]:
    """The lines of the summary, safe to print."""
    if len(result.reviewers) < 2:
        only = f"only one reviewer, {visible(result.reviewers[0])}," if result.reviewers else "no reviewer"
        yield f"{only} in these journals; pass the journals of several"
        return
    yield from pair_lines(result)
    for disagreement in result.disagreements[:MAX_DISAGREEMENTS]:
        yield f"  {disagreement.example[:12]} {opinions_text(disagreement)}"
    yield from more_lines(len(result.disagreements), MAX_DISAGREEMENTS, " disagreements", "--json")
    if result.disagreements:
        yield "next: `curate review PATH --merge JOURNAL`, filter is:contested"
