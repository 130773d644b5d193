"""A check's report as one HTML file: it asks for nothing from anywhere, and follows the reader's choice of light or dark.

Plots are SVG in the document. There is no script, and a policy in the head that forbids any, whatever the data says.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from curate import __version__
from curate.check import CheckReport
from curate.finding import Finding, Severity
from curate.report.check_full import HIDDEN, shown_parts
from curate.report.check_source import Spot, spots
from curate.report.check_text import SHOWN, first_ones, rule_counts, summary_line
from curate.stats import Stats, collect, histogram
from curate.text import plural, visible

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
STYLE: Final = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1c1e21; --quiet: #5d6570; --line: #dcdfe4; --panel: #f5f6f8; --bar: #4a74a8;
  --error: #b3261e; --warning: #8a5a00; --info: #2b5f93; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181b; --ink: #e4e6e9; --quiet: #9aa2ad; --line: #33383f; --panel: #1f2226; --bar: #6f9bd1;
    --error: #ff8a80; --warning: #e8b45a; --info: #8fbcec; } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem } h3 { font-size: 1rem; margin: 0 }
p { margin: .3rem 0 } .quiet { color: var(--quiet) } code, pre { font: 13px/1.5 ui-monospace, monospace }
.error { color: var(--error) } .warning { color: var(--warning) } .info { color: var(--info) }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0 } .tile { border: 1px solid var(--line); border-radius: 6px; padding: .5rem 1rem }
.tile b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums }
.plots { columns: 27rem 2; column-gap: 2rem } figure { margin: 0 0 1.75rem; break-inside: avoid }
figcaption { font-weight: 600; margin-bottom: .25rem }
svg { width: 100%; max-width: 40rem; height: auto; display: block }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif } svg .quiet { fill: var(--quiet) }
svg rect { fill: var(--bar) } svg rect.error { fill: var(--error) } svg rect.warning { fill: var(--warning) } svg rect.info { fill: var(--info) }
details { border: 1px solid var(--line); border-radius: 6px; margin: .6rem 0 } summary { padding: .6rem .9rem; cursor: pointer }
summary h3 { display: inline } details > div { padding: 0 .9rem .8rem }
ol { list-style: none; margin: .6rem 0 0; padding: 0 } li { border-top: 1px solid var(--line); padding: .5rem 0; overflow-wrap: anywhere }
pre { margin: .3rem 0 0; padding: .4rem .6rem; background: var(--panel); border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere }
mark { background: none; color: inherit; font-weight: 700; text-decoration: underline; text-underline-offset: 3px }
"""
LABEL, ROOM, WIDTH, STEP = 190, 64, 500, 22
"""Of a plot, in its own units: width of the labels, of the numbers behind the bars, of everything; height of a bar."""
MANY_TURNS: Final = 12
"""Turns from which conversations are counted together."""
CODE: Final = re.compile("`([^`]+)`")


def check_html(report: CheckReport, paths: Sequence[Path], limit: int | None = SHOWN, model: str = "") -> Iterator[str]:
    """The document, piece by piece. The files are read once more, for the plots; `model` counts their tokens."""
    counted = collect([path for path in paths if path.is_file()], model, strict=False)
    yield f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>curate check</title>\n'
    yield f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>curate check</h1>\n"
    yield f'<p class="quiet">{_e(summary_line(report))}</p>\n<div class="tiles">'
    for severity in Severity:
        yield f'<div class="tile {severity}"><b>{report.severities[severity]:,}</b>{_many(severity.value, report.severities[severity])}</div>'
    hidden = ((report.known, "in the baseline"), (report.suppressed, "suppressed"), (counted.duplicates, _many("exact duplicate", counted.duplicates)))
    yield "".join(f'<div class="tile"><b>{count:,}</b>{label}</div>' for count, label in hidden if count)
    yield "</div>\n"
    yield from _plots(report, counted)
    yield from _findings(report, limit)
    yield f'<p class="quiet">curate {__version__}, {report.seconds:.1f} s</p>\n</body>\n</html>\n'


def _many(noun: str, count: int) -> str:
    return plural(count, noun).partition(" ")[2]


def _plots(report: CheckReport, counted: Stats) -> Iterator[str]:
    severities = {finding.code: finding.severity for finding in reversed(report.findings)}
    yield '<h2>At a glance</h2>\n<div class="plots">\n'
    yield _bars("Findings by rule", [(_titled(code, report), count, severities[code].value) for code, count in rule_counts(report)])
    turns = Counter(min(count, MANY_TURNS) for count in counted.turns)
    several = range(min(turns), max(turns) + 1) if turns else ()
    yield _bars("Examples by number of turns", [(f"{n} or more" if n == MANY_TURNS else plural(n, "turn"), turns[n], "") for n in several])
    yield _bars("Examples by characters", _ranges(counted.characters))
    yield _bars(f"Examples by tokens{f', counted for {counted.model}' if counted.model else ' (about: bytes / 4)'}", _ranges(counted.tokens))
    yield _bars("Messages by role", _most({name: role.messages for name, role in counted.roles.items()}))
    yield _bars("Examples by script of most of their letters", _most(counted.mainly))
    yield _bars("Examples by format", _most(counted.formats))
    copies = {"exact copies of earlier ones": counted.duplicates, "all others": counted.examples - counted.duplicates}
    yield _bars("Exact duplicates among the examples", _most(copies) if counted.duplicates else [])
    yield "</div>\n"


def _ranges(values: Sequence[int]) -> list[tuple[str, int, str]]:
    return [(f"{low:,} to {high:,}" if low < high else f"{low:,} or none", count, "") for low, high, count in histogram(values)]


def _most(counts: Mapping[str, int]) -> list[tuple[str, int, str]]:
    return [(name, count, "") for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _bars(title: str, bars: Sequence[tuple[str, int, str]]) -> str:
    """Horizontal bars from (label, count, class); nothing when there are none."""
    if not bars:
        return ""
    most = max(count for _, count, _ in bars) or 1
    described = "; ".join(f"{label}: {count:,}" for label, count, _ in bars)
    parts = [f'<figure><figcaption>{_e(title)}</figcaption><svg viewBox="0 0 {WIDTH} {STEP * len(bars) + 4}" role="img" aria-label="{_e(described)}">']
    for position, (label, count, kind) in enumerate(bars):
        y, width = position * STEP, max(1.0 if count else 0.0, count / most * (WIDTH - LABEL - ROOM))
        said = label if len(label) <= 28 else label[:27] + "…"
        parts.append(f'<text x="{LABEL - 8}" y="{y + 16}" text-anchor="end">{_e(said)}</text>')
        parts.append(f'<rect class="{kind}" x="{LABEL}" y="{y + 4}" width="{width:.1f}" height="{STEP - 6}" rx="2"/>')
        parts.append(f'<text class="quiet" x="{LABEL + width + 6:.1f}" y="{y + 16}">{count:,}</text>')
    return "".join(parts) + "</svg></figure>\n"


def _findings(report: CheckReport, limit: int | None) -> Iterator[str]:
    if not report.findings:
        yield "<h2>Findings</h2>\n<p>Nothing to report.</p>\n"
        return
    shown = first_ones(report, limit)
    groups: dict[str, list[tuple[Finding, Spot | None]]] = defaultdict(list)
    for finding, spot in zip(shown, spots(shown), strict=True):
        groups[finding.code].append((finding, spot))
    yield "<h2>Findings</h2>\n"
    for code, count in rule_counts(report):
        first, rule = groups[code][0][0], report.rules.get(code)
        yield f'<details open><summary><h3><span class="{first.severity}">{_e(first.severity)}</span> {_e(_titled(code, report))}'
        yield f' <span class="quiet">× {count:,}</span></h3></summary><div>'
        yield f"<p>{_prose(f'{rule.summary} {rule.why}' if rule else '')}</p><p>Next: {_prose(first.hint)}</p><ol>"
        for finding, spot in groups[code]:
            yield _item(finding, spot)
        held = count - len(groups[code])
        yield f"</ol>{f'<p class=quiet>{held:,} more not shown (--all shows them)</p>' if held else ''}</div></details>\n"


def _item(finding: Finding, spot: Spot | None) -> str:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    where = f' <code class="quiet">{_e(finding.pointer)}</code>' if finding.pointer else ""
    if spot is None:
        excerpt = ""
    elif spot.secret:
        excerpt = f"<pre>{HIDDEN}</pre>"
    else:
        before, inside, after = map(_e, shown_parts(spot))
        excerpt = f"<pre>{before}<mark>{inside}</mark>{after}</pre>"
    return f"<li><code>{_e(place)}</code> {_e(finding.message)}{where}{excerpt}</li>\n"


def _titled(code: str, report: CheckReport) -> str:
    rule = report.rules.get(code)
    return f"{code} {rule.name}" if rule else code


def _prose(text: str) -> str:
    """What a rule says of itself, with its code as such."""
    return CODE.sub(r"<code>\1</code>", _e(text.replace("\n", " ")))


def _e(text: str) -> str:
    """Text that is neither markup nor able to reorder what stands around it."""
    return escape(visible(text))
