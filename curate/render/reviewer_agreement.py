"""The result of `curate review --agreement`, for people and as JSON."""

from collections.abc import Iterator

from rich.text import Text

from curate.commands.reviewer_agreement import AgreementResult, Disagreement
from curate.core.text import visible
from curate.render.console import more_lines

MAX_SHOWN = 20


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
    for disagreement in result.disagreements[:MAX_SHOWN]:
        yield f"  {disagreement.example[:12]} {opinions_text(disagreement)}"
    yield from more_lines(len(result.disagreements), MAX_SHOWN, " disagreements", "--json")
    if result.disagreements:
        yield "next: `curate review PATH --merge JOURNAL`, filter is:contested"
