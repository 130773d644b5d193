"""`curate kappa`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import AsJson, print_notes
from curate.commands.kappa import compare_reviewers
from curate.core.decision_log import DecisionLog, reviewer_journals
from curate.core.runs import project_of
from curate.render.console import print_result
from curate.render.kappa import agreement_text


def kappa(
    journals: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Journals of reviewers; without any, those of the project: decisions.jsonl and decisions-NAME.jsonl.",
            metavar="JOURNAL",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how far reviewers agree: Cohen's kappa of their verdicts and ratings, and what they decide differently.

    The last decision of each reviewer about an example, finding, duplicate or conflict counts, even if another reviewer
    replaced it.

    Exit status: 0, 2 if a journal cannot be read.
    """
    if not journals:
        project = project_of([])
        reviewers = reviewer_journals(project.state)
        journals = [project.decisions] if project.decisions.is_file() or not reviewers else []
        journals += reviewers
    result = compare_reviewers(journals)
    print_notes(note for journal in journals for note in DecisionLog(journal).defects)
    print_result(result, agreement_text(result), as_json=as_json)
