"""What there is to do, as lines of the first screen."""

from collections.abc import Sequence

from textual.content import Content

from curate.commands.review_audit import Audit, audit_sentence
from curate.core.text import plural
from curate.review import ReviewSession
from curate.review.inbox import STAGES, Inbox
from tui.conversation import literal
from tui.render.status import decision_counts

MUTED = "$foreground-muted"
LABEL_CELLS = 9
"""Width of the name of a task in cells."""


def inbox_text(session: ReviewSession, inbox: Inbox) -> str:
    """What is open: `2 errors, 5 duplicates, 79 conflicts`."""
    parts = [plural(count, stage.noun) for stage in STAGES if (count := inbox.open(stage))]
    decided, total = inbox.whole
    done = f" ({decided:,} of {total:,} decided)" if decided else ""
    if parts:
        return ", ".join(parts) + done
    return f"no errors, duplicates or conflicts are open{done}" if session.ended else "the check is running …"


def task_lines(session: ReviewSession, inbox: Inbox, audits: Sequence[Audit]) -> dict[str, Content]:
    """A line for each task, by its name."""
    audit = audit_sentence(audits[-1]) if audits else "judge a random sample: the error rate with its interval"
    texts = {
        "inbox": ("Decide", inbox_text(session, inbox), "bold"),
        "audit": ("Audit", audit, ""),
        "apply": ("Apply", f"write the files: {decision_counts(session)}", ""),
        "history": ("History", f"{plural(len(session.log.decisions), 'record')} in the journal", ""),
    }
    return {
        name: Content.assemble((f"{label:<{LABEL_CELLS}}", "bold $text-primary"), literal(text, style=style))
        for name, (label, text, style) in texts.items()
    }
