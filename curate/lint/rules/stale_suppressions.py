"""Family F, stale entries of suppressions and baselines. Run after the check."""

from collections.abc import Iterable, Mapping

from curate.core.example import Place
from curate.core.finding import Finding, Severity
from curate.lint.rules.rule import rule


@rule(
    "F006",
    "outdated-entry",
    Severity.WARNING,
    scope="adoption",
    hint="Remove the line, or write the baseline again with --write-baseline.",
)
def outdated_entry() -> None:
    """A suppression or a baseline entry matches no finding.

    The finding was fixed or its example changed. The entry would hide the same mistake if it returns.
    Bad: {"code": "C001", "example": "00000000000000000000000000000000", "file": "data.jsonl", "line": 1, "reason": "the answer is in an image", "author": "ada", "when": "2026-11-25T00:00:00Z"}
    Good: {"code": "C001", "example": "88394c9cc4dd824e236a24e4d68fe539", "file": "data.jsonl", "line": 1, "reason": "the answer is in an image", "author": "ada", "when": "2026-11-25T00:00:00Z"}
    """


def outdated(stale: Iterable[tuple[Place, str]], ran: Mapping[str, Severity]) -> list[Finding]:
    """The findings about entries without a match, if the rule ran."""
    severity = ran.get(outdated_entry.code)
    return [outdated_entry.finding(place, message, severity=severity) for place, message in stale] if severity else []
