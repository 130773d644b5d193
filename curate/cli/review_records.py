"""What `curate review` does without a screen: print journals, and exchange records with annotation tools."""

from collections.abc import Sequence
from pathlib import Path

from curate.cli.options import print_notes
from curate.core.errors import ExitCode
from curate.core.text import plural, visible
from curate.project.decision_log import DecisionLog, open_journals, reviewer_journals
from curate.project.runs import project_of
from curate.read.index import LineIndex
from curate.render.console import print_lines
from curate.review.sources import ReviewSources
from curate.storage.snapshot import rights_of


def print_journals(journals: Sequence[Path] | None, what: str, *, as_json: bool) -> None:
    """Print what journals contain: steps (`history`), audits (`audit`), or the agreement of reviewers (another `what`).
    Without journals, those of the project.
    """
    from curate.commands.review_history import (
        audits_in,  # not imported by a review
        compare_reviewers,
        steps_of,
    )
    from curate.render.console import print_result
    from curate.render.review_records import agreement_text, audit_text, history_text

    if not journals:
        project = project_of([])
        reviewers = reviewer_journals(project.state)
        journals = [project.decisions] if project.decisions.is_file() or not reviewers else []
        journals += reviewers
    logs = open_journals(journals)
    print_notes(note for log in logs for note in log.defects)
    if what == "history":
        steps = steps_of(logs)
        print_result(steps, history_text(steps), as_json=as_json)
    elif what == "audit":
        audits = audits_in(logs)
        print_result(audits, audit_text(audits), as_json=as_json)
    else:
        result = compare_reviewers(logs)
        print_result(result, agreement_text(result), as_json=as_json)


def export_examples(sources: ReviewSources, tool: str, path: Path) -> int:
    """Write records for the annotation tool `tool`; returns the exit code."""
    from curate.review.annotation_export import export_records  # not imported by a review

    _print_journal_notes(sources)
    records, suggested, unread = export_records(sources, tool, path)
    print_lines([f"{plural(records, 'record')} written to {visible(str(path))}, {suggested:,} with suggestions"])
    if unread:
        print_notes([f"{plural(unread, 'line')} without an example {'is' if unread == 1 else 'are'} left out"])
    return ExitCode.CLEAN


def import_answers(sources: ReviewSources, path: Path) -> int:
    """Add the answers of annotators in the file `path` to the journal. Returns `FINDINGS` if some were refused."""
    from curate.review.annotation_import import import_records, import_text  # not imported by a review

    _print_journal_notes(sources)
    lines = LineIndex.of(sources.files)
    log = DecisionLog(sources.journal, rights_of(sources.files))
    result = import_records(path, lines, log, sources.config.review.labels, sources.reviewer)
    print_lines(import_text(result, sources.journal))
    return ExitCode.FINDINGS if result.refused else ExitCode.CLEAN


def _print_journal_notes(sources: ReviewSources) -> None:
    """Print a note for each journal above the project with decisions about its data."""
    from curate.commands.session import journal_notes  # as above

    print_notes(journal_notes(sources.project, DecisionLog(sources.project.decisions), sources.files))
