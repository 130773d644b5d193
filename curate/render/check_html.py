"""A check's findings with their text: on a terminal, with a caret under the place, and as one HTML file."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from curate.core.finding import Finding, Severity
from curate.core.text import plural, visible
from curate.corpus.stats import Stats, collect, histogram
from curate.lint.runner import CheckResult
from curate.render.check_source import AFTER_CHARS, BEFORE_CHARS, SourceRange, source_ranges
from curate.render.check_text import MAX_SHOWN, finding_line, first_ones, report_end, rule_counts, summary_line
from curate.render.console import COLOURS, Styled
from curate.render.html import block, counted_tile, filters, footer, head, not_shown, safe, tile
from curate.render.html_plots import bars

TEXT_CHARS, TAIL_CHARS = 46, 15
"""Characters shown of the reported text, of which the last ones if it is longer; made for 80 columns."""
HIDDEN_NOTE: Final = "(not shown: the line contains a secret or is too long)"
MANY_TURNS: Final = 12
"""Conversations with at least this many turns are counted together."""
CODE: Final = re.compile("`([^`]+)`")


def check_html(
    report: CheckResult, limit: int | None = MAX_SHOWN, paths: Sequence[Path] = (), model: str = ""
) -> Iterator[str]:
    """The document, in pieces. The files are read again for the plots; `model` counts their tokens."""
    counted = counted_again(paths, model)
    yield head("curate check")
    yield f'<p class="quiet">{safe(summary_line(report))}</p>\n<div class="tiles">'
    for severity in Severity:
        yield counted_tile(report.severities[severity], severity.value, severity)
    hidden = ((report.known, "in the baseline"), (report.suppressed, "suppressed"))
    yield "".join(tile(f"{count:,}", label) for count, label in hidden if count)
    yield counted_tile(counted.duplicates, "exact duplicate") if counted.duplicates else ""
    yield "</div>\n"
    yield from overview(report, counted)
    yield from findings_section(report, limit, filters() if report.findings else "")
    yield footer(f"{report.seconds:.1f} s", filtered=bool(report.findings))


def counted_again(paths: Sequence[Path], model: str) -> Stats:
    """The statistics of the files that still exist, read again; the tokenizer of `model` counts tokens, if one is
    named.
    """
    return collect([path for path in paths if path.is_file()], model, strict=False)


def overview(report: CheckResult, counted: Stats) -> Iterator[str]:
    """The plots of the findings in a report, and of the statistics `counted`."""
    severities = {finding.code: finding.severity for finding in reversed(report.findings)}
    yield '<h2>Overview</h2>\n<div class="plots">\n'
    yield bars(
        "Findings by rule",
        [(_rule_title(code, report), count, severities[code].value) for code, count in rule_counts(report)],
    )
    turns = Counter(min(count, MANY_TURNS) for count in counted.turns)
    several = range(min(turns), max(turns) + 1) if turns else ()
    yield bars(
        "Examples by number of turns",
        [(f"{n} or more" if n == MANY_TURNS else plural(n, "turn"), turns[n], "") for n in several],
    )
    yield bars("Examples by characters", _histogram_rows(counted.characters))
    yield bars(
        f"Examples by tokens{f', counted for {counted.model}' if counted.model else ' (about: bytes / 4)'}",
        _histogram_rows(counted.tokens),
    )
    yield bars("Messages by role", _rows_by_count({name: role.messages for name, role in counted.roles.items()}))
    yield bars("Examples by main script", _rows_by_count(counted.mainly))
    yield bars("Examples by format", _rows_by_count(counted.formats))
    copies = {
        "exact copies of earlier examples": counted.duplicates,
        "other examples": counted.examples - counted.duplicates,
    }
    yield bars("Exact duplicates among the examples", _rows_by_count(copies) if counted.duplicates else [])
    yield "</div>\n"


def _histogram_rows(values: Sequence[int]) -> list[tuple[str, int, str]]:
    """Label, count and class of each bar of a histogram of the values."""
    return [
        (f"{low:,} to {high:,}" if low < high else f"{low:,} or none", count, "")
        for low, high, count in histogram(values)
    ]


def _rows_by_count(counts: Mapping[str, int]) -> list[tuple[str, int, str]]:
    """Label, count and class of each bar, the highest count first."""
    return [(name, count, "") for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def findings_section(report: CheckResult, limit: int | None, before: str) -> Iterator[str]:
    """The findings by rule, at most `limit` in all (None: all); `before`: HTML below the heading."""
    if not report.findings:
        yield "<h2>Findings</h2>\n<p>No findings.</p>\n"
        return
    shown = first_ones(report, limit)
    groups: dict[str, list[tuple[Finding, SourceRange | None]]] = defaultdict(list)
    for finding, span in zip(shown, source_ranges(shown, report.paths), strict=True):
        groups[finding.code].append((finding, span))
    yield f"<h2>Findings</h2>\n{before}"
    for code, count in rule_counts(report):
        first, rule = groups[code][0][0], report.rules.get(code)
        yield (
            f'<details open data-group><summary><h3><span class="{first.severity}">{safe(first.severity)}</span> '
            f"{safe(_rule_title(code, report))}"
        )
        yield f' <span class="quiet">× {count:,}</span></h3></summary><div>'
        yield f"<p>{_prose(f'{rule.summary} {rule.rationale}' if rule else '')}</p><p>Next: {_prose(first.hint)}</p><ol>"  # noqa: E501
        for finding, span in groups[code]:
            yield _item(finding, span)
        hidden = count - len(groups[code])
        yield f"</ol>{not_shown(hidden, 'finding')}</div></details>\n"


def excerpt(span: SourceRange | None) -> str:
    """The text around a range, with the range marked, or the start and the end of a whole line; a note in place of a
    secret, empty if `span` is None.
    """
    if span is None:
        return ""
    if span.secret:
        return f"<pre>{HIDDEN_NOTE}</pre>"
    if not (span.before or span.after):  # a whole line needs no mark, and more of its text
        hidden = span.end_column - span.column - len(span.text) - len(span.tail)
        end = f"…{span.tail}" if hidden > 0 else span.tail[-hidden:]
        return f"<pre>{block(span.text)}{block(end)}</pre>"
    before, inside, after = map(block, shown_parts(span, keep_newlines=True))
    return f"<pre>{before}<mark>{inside}</mark>{after}</pre>"


def _item(finding: Finding, span: SourceRange | None) -> str:
    """A finding as a list item with the text around its range; without the text if `span` is None."""
    where = f' <code class="quiet">{safe(finding.pointer)}</code>' if finding.pointer else ""
    data = f'data-rule="{safe(finding.code)}" data-severity="{safe(finding.severity)}"'
    return f"<li {data}><code>{safe(finding.where)}</code> {safe(finding.message)}{where}{excerpt(span)}</li>\n"


def _rule_title(code: str, report: CheckResult) -> str:
    """Code and name of a rule; the code alone for an unknown rule."""
    rule = report.rules.get(code)
    return f"{code} {rule.name}" if rule else code


def _prose(text: str) -> str:
    """The documentation of a rule, with code marked up."""
    return CODE.sub(r"<code>\1</code>", safe(text.replace("\n", " ")))


def check_full(report: CheckResult, limit: int | None = MAX_SHOWN) -> Iterator[Styled]:
    """The lines of the report, each finding with the text around its place."""
    shown = first_ones(report, limit)
    for finding, span in zip(shown, source_ranges(shown, report.paths), strict=True):
        yield finding_line(finding, report)
        if span is not None:
            yield from _excerpt(span, COLOURS[finding.severity])
        yield Styled()
    yield from report_end(report, limit)


def _excerpt(span: SourceRange, colour: str) -> Iterator[Styled]:
    """The line of a finding around its range, and a line that underlines the range; a note if the line has a secret."""
    number = f"{span.line:>6} | "
    margin = " " * (len(number) - 2) + "| "
    if span.secret:
        yield Styled((number, "dim"), HIDDEN_NOTE, cropped=True)
        return
    before, inside, after = shown_parts(span)
    yield Styled((number, "dim"), before, (inside, colour), after, cropped=True)
    yield Styled((margin, "dim"), " " * _width(before), ("^" * max(1, _width(inside)), colour), cropped=True)


def _width(text: str) -> int:
    """The number of terminal columns of a text."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def shown_parts(span: SourceRange, *, keep_newlines: bool = False) -> tuple[str, str, str]:
    """The text before, in and after a place, escaped, and cut between words; on one line, unless `keep_newlines`."""

    def shown(text: str) -> str:
        return visible(text, keep_newlines=keep_newlines)

    before, after = span.before, span.after
    if len(before) > BEFORE_CHARS:
        word = before[-BEFORE_CHARS - 1 :].partition(" ")[2]
        before = "…" + (word if len(word) > BEFORE_CHARS // 2 else before[-BEFORE_CHARS:])
    if len(after) > AFTER_CHARS:
        word = after[: AFTER_CHARS + 1].rpartition(" ")[0]
        after = (word if len(word) > AFTER_CHARS // 2 else after[:AFTER_CHARS]) + "…"
    inside = shown(span.text)
    if span.tail or len(span.text) > TEXT_CHARS:
        inside = f"{shown(span.text[: TEXT_CHARS - TAIL_CHARS - 1])}…{shown((span.tail or span.text)[-TAIL_CHARS:])}"
    return shown(before), inside, shown(after)
