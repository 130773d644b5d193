"""A report as one HTML file: counts, what to do next, findings, duplicates, contradictions, leaks, statistics."""

import shlex
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from curate.commands.report import ReportResult
from curate.core.finding import Severity
from curate.core.text import plural
from curate.render.check_html import excerpt, findings_section, overview
from curate.render.check_source import source_ranges
from curate.render.check_text import summary_line
from curate.render.conflicts import conflicts_sections
from curate.render.dedup import pairs_sections
from curate.render.html import PAIRS, TABLE, counted_tile, filters, footer, head, html_table, not_shown, safe, tile
from curate.storage.files import STDIN
from curate.verify.proof import Verdict, VerifyResult

MAX_SHOWN: Final = 50
"""Entries of one kind."""
STYLE: Final = """
ol.next { list-style: decimal; padding-left: 1.5rem } ol.next li { border: none; padding: .15rem 0 }
@media print {
  :root { --ground: #fff; --ink: #000; --quiet: #444; --line: #bbb; --panel: #f3f3f3; --bar: #4a74a8;
    --error: #b3261e; --warning: #8a5a00; --info: #2b5f93 }
  body { max-width: none; padding: 0; font-size: 12px } form { display: none !important }
  li { padding: .2rem 0 } .pair, .pair pre { margin: .1rem 0 } pre { padding: .2rem .4rem }
  details:not([data-group]), figure, li { break-inside: avoid-page } h2, h3 { break-after: avoid-page }
}
"""
KINDS: Final = {Verdict.PROVED: "info", Verdict.BROKEN: "error", Verdict.OPEN: "warning"}
OUTPUTS: Final = {"dedup": " -o kept.jsonl", "split": " -o out"}
"""The output option of the commands that need one."""


def report_html(result: ReportResult, paths: Sequence[str], limit: int | None = MAX_SHOWN) -> Iterator[str]:
    """The document in pieces; `paths`: the data as it was named; at most `limit` entries of a kind (None: all)."""
    yield head("curate report", TABLE + PAIRS + STYLE)
    yield f'<p class="quiet">{safe(" ".join(paths))}</p>\n<p class="quiet">{safe(summary_line(result.checked))}</p>\n'
    yield f'<div class="tiles">{"".join(_tiles(result))}</div>\n'
    yield from _next_steps(result, paths)
    for number, proof in enumerate(result.proofs):
        yield from _leaks(proof, limit, first=number == 0)
    yield from findings_section(result.checked, limit, filters())
    if result.duplicates is not None:
        yield from pairs_sections(result.duplicates, limit)
    yield from conflicts_sections(result.conflicts, limit)
    yield from overview(result.checked, result.statistics)
    yield from _notes(result)
    yield footer(filtered=bool(result.checked.findings))


def _tiles(result: ReportResult) -> Iterator[str]:
    """The main counts of the report."""
    checked = result.checked
    yield tile(f"{result.statistics.examples:,}", "examples")
    for severity in Severity:
        if count := checked.severities[severity]:
            yield counted_tile(count, severity.value, severity)
    if result.duplicates is not None:
        yield counted_tile(result.duplicates.gone, "duplicate")
    yield counted_tile(len(result.conflicts.conflicts), "contradiction")
    if result.proofs:
        points = [point for proof in result.proofs for point in proof.points if point.verdict is Verdict.BROKEN]
        failed = plural(len(points), "failed check").partition(" ")[2]
        yield tile(f"{len(points):,}", f"{failed} of splits", "error" if points else "")


def next_lines(result: ReportResult, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What to do next: a reason and a command line. Empty if nothing is to be done."""
    saved = " (save the standard input as PATH)" if str(STDIN) in paths else ""  # it cannot be read again
    for reason, command in result.next_steps():
        is_pip = command.startswith("pip ")
        yield (reason, command) if is_pip else (f"{reason}{saved}", _command_line(command, paths))


def _next_steps(result: ReportResult, paths: Sequence[str]) -> Iterator[str]:
    steps = [f"<li>{safe(reason)}: <code>{safe(line)}</code>" for reason, line in next_lines(result, paths)]
    yield "<h2>What to do next</h2>\n"
    if steps:
        yield f'<ol class="next">{"".join(f"{step}</li>" for step in steps)}</ol>\n'
    else:
        yield f"<p>Nothing was found. <code>{safe(_command_line('split', paths))}</code> writes splits.</p>\n"


def _command_line(command: str, paths: Sequence[str]) -> str:
    """A command with its paths and the option for its output."""
    output = OUTPUTS.get(command, "")
    while output.rpartition(" ")[2] in {path.rstrip("/") for path in paths}:  # the command would write into its input
        output += "-2"
    names = ["PATH" if path == str(STDIN) else shlex.quote(path) for path in paths]
    return f"curate {command} {' '.join(names)}{output}"


def _leaks(proof: VerifyResult, limit: int | None, *, first: bool) -> Iterator[str]:
    """The checks of a folder of splits; `first`: whether the heading precedes them."""
    if first:
        yield "<h2>Leaks</h2>\n"
    verdict = "passed" if proof.holds else "failed"
    yield f'<p><code>{safe(proof.folder)}</code>: <b class="{"" if proof.holds else "error"}">{verdict}</b></p>\n'
    rows = [
        (f'<span class="{KINDS[point.verdict]}">{point.verdict.value}</span>', safe(point.name), safe(point.message))
        for point in proof.points
    ]
    rows += [("not checked", safe(item.name), safe(item.message)) for item in proof.not_checked]
    yield html_table(("verdict", "check", "result"), rows)
    shown = proof.findings[:limit]
    if shown:
        yield "<ol>"
        for finding, span in zip(shown, source_ranges(shown, {}), strict=True):
            text = f"<code>{safe(finding.where)}</code> {safe(finding.code)} {safe(finding.message)}"
            yield f"<li>{text}{excerpt(span)}</li>\n"
        yield f"</ol>{not_shown(len(proof.findings) - len(shown), 'difference')}"


def _notes(result: ReportResult) -> Iterator[str]:
    """The section of notes; nothing if there are none."""
    duplicates = result.duplicates.notes if result.duplicates is not None else []
    notes = list(dict.fromkeys(chain(result.not_verified, result.checked.limits, duplicates, result.conflicts.notes)))
    if notes:
        items = "".join(f"<li>{safe(note)}</li>" for note in notes)
        yield f"<h2>Not compared, and other notes</h2>\n<ul>{items}</ul>\n"
