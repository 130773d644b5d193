"""Family F, the part about what a project keeps beside its data: suppressions and a baseline. They are asked once the check is over."""

from collections.abc import Iterable, Iterator, Mapping

from curate.example import Place
from curate.finding import Finding, Problem, Severity
from curate.rules.rule import Scope, rule


@rule("F006", "outdated-entry", severity=Severity.WARNING, scope=Scope.ADOPTION, hint="Remove the line, or write the baseline again with --write-baseline.")
def outdated_entry(stale: Iterable[tuple[Place, str]]) -> Iterator[tuple[Place, Problem]]:
    """A suppression or an entry of the baseline matches no finding any more.

    The finding was mended or its example changed. Left where it is, the entry would hide the same mistake when somebody makes it again.

    Bad:

        {"code": "C001", "example": "00000000000000000000000000000000", "file": "data.jsonl", "line": 1, "reason": "the answer is in an image", "author": "ada", "when": "2026-11-25T00:00:00Z"}

    Good:

        {"code": "C001", "example": "88394c9cc4dd824e236a24e4d68fe539", "file": "data.jsonl", "line": 1, "reason": "the answer is in an image", "author": "ada", "when": "2026-11-25T00:00:00Z"}
    """
    for place, message in stale:
        yield place, Problem("", message)


def outdated(stale: Iterable[tuple[Place, str]], ran: Mapping[str, Severity]) -> list[Finding]:
    """The findings about entries that match nothing, if the rule ran."""
    severity = ran.get(outdated_entry.code)
    if severity is None:
        return []
    found = outdated_entry.function(stale)
    return [Finding(outdated_entry.code, severity, place.file, place.line, "", said.message, outdated_entry.hint, False, None) for place, said in found]


RULES = (outdated_entry,)
