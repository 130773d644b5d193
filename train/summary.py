"""The report of a training as tables for a person."""

from typing import Final

from rich.console import Console
from rich.text import Text

from curate.report.console import table
from curate.text import excerpt, plural, visible
from train import overfitting_text
from train.datamap_html import said, why
from train.report import DataMap, Report

SHOWN: Final = 5
"""Of the hardest examples, how many are named here."""


def show(report: Report, console: Console) -> None:
    """Print parameters, losses and the answers side by side; text of the data is shown as it is, never as markup."""
    share = report.trainable_parameters / report.total_parameters
    facts = table("Training", "", "")
    facts.show_header = False
    for name, value in (
        ("base model", visible(report.model)),
        ("trainable parameters", f"{report.trainable_parameters:,} of {report.total_parameters:,} ({share:.2%})"),
        ("steps", f"{report.steps:,} on {plural(report.train_examples, 'example')}"),
        ("held-out loss, base", f"{report.base_loss:.4f}"),
        ("held-out loss, tuned", f"{report.tuned_loss:.4f}  ({report.tuned_loss - report.base_loss:+.4f})"),
        ("measured on", f"{plural(report.held_out_examples, 'example')} of {report.held_out}"),
        ("left out", plural(len(report.left_out), "example")),
    ):
        facts.add_row(name, Text(value))
    console.print(facts)
    if report.data_map is not None:
        _show_map(report.data_map, console)
    if report.overfitting is not None:
        overfitting_text.show(report.overfitting, console)
    if report.generations:
        answers = table("The same questions, before and after", "prompt", "reference", "base", "tuned")
        answers.show_lines = True
        for one in report.generations:
            answers.add_row(*(Text(excerpt(text, 160)) for text in (one.prompt, one.reference, one.base, one.tuned)))
        console.print(answers)


def _show_map(found: DataMap, console: Console) -> None:
    console.print(Text("What was easy and what was hard to learn", "bold"))
    for sentence in said(found):
        console.print(Text(sentence))
    hardest = table("", "train.jsonl", "loss", "question", "answer", "why", numbers=("train.jsonl", "loss"))
    for one in found.hardest[:SHOWN]:
        hardest.add_row(f"{one.line:,}", f"{one.loss:.2f}", Text(excerpt(one.prompt, 60)), Text(excerpt(one.answer, 40)), Text(why(one)))
    console.print(hardest)
