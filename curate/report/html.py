"""Shared by HTML reports: one file without external resources, in the reader's light or dark color scheme.

Plots are inline SVG (`curate.report.html_plots`). There is no script, and a content security policy in the head forbids
any, whatever the data contains.
"""

from collections.abc import Iterable
from html import escape
from typing import Final

from curate import __version__
from curate.core.masking import without_keys
from curate.core.text import plural, visible

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
STYLE: Final = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1c1e21; --quiet: #5d6570; --line: #dcdfe4; --panel: #f5f6f8;
--bar: #4a74a8;
  --error: #b3261e; --warning: #8a5a00; --info: #2b5f93; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181b; --ink: #e4e6e9; --quiet: #9aa2ad; --line: #33383f; --panel: #1f2226; --bar: #6f9bd1;
    --error: #ff8a80; --warning: #e8b45a; --info: #8fbcec; } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem; background: var(--ground); color: var(--ink); font:
15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem } h3 { font-size: 1rem; margin: 0 }
p { margin: .3rem 0 } .quiet { color: var(--quiet) } code, pre { font: 13px/1.5 ui-monospace, monospace }
.error { color: var(--error) } .warning { color: var(--warning) } .info { color: var(--info) }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0 } .tile { border: 1px solid var(--line);
border-radius: 6px; padding: .5rem 1rem }
.tile b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums }
.plots { columns: 27rem 2; column-gap: 2rem } figure { margin: 0 0 1.75rem; break-inside: avoid }
figcaption { font-weight: 600; margin-bottom: .25rem }
svg { width: 100%; max-width: 40rem; height: auto; display: block }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif } svg .quiet { fill: var(--quiet) }
svg rect { fill: var(--bar) } svg rect.error { fill: var(--error) } svg rect.warning { fill: var(--warning) } svg
rect.info { fill: var(--info) }
details { border: 1px solid var(--line); border-radius: 6px; margin: .6rem 0 } summary { padding: .6rem .9rem; cursor:
pointer }
summary h3 { display: inline } details > div { padding: 0 .9rem .8rem }
ol { list-style: none; margin: .6rem 0 0; padding: 0 } li { border-top: 1px solid var(--line); padding: .5rem 0;
overflow-wrap: anywhere }
pre { margin: .3rem 0 0; padding: .4rem .6rem; background: var(--panel); border-radius: 4px; white-space: pre-wrap;
overflow-wrap: anywhere }
mark { background: none; color: inherit; font-weight: 700; text-decoration: underline; text-underline-offset: 3px }
"""
TABLE: Final = """
table { border-collapse: collapse; width: 100%; margin: .75rem 0 } th, td { text-align: left; vertical-align: top;
padding: .35rem .6rem;
  border-top: 1px solid var(--line); overflow-wrap: anywhere } th { font-weight: 600 } td.text { white-space: pre-wrap;
  min-width: 10rem }
"""
"""CSS for documents with tables."""


def head(title: str, style: str = "") -> str:
    """A document up to its first heading; `style` is appended to the common CSS."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta '
        f'http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{STYLE}{style}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    )


def foot(*facts: str) -> str:
    """The end of a document: the program and its version."""
    return f'<p class="quiet">{", ".join((f"curate {__version__}", *facts))}</p>\n</body>\n</html>\n'


def tile(value: str, label: str, kind: str = "") -> str:
    """A number with its label, one of several `tiles`."""
    return f'<div class="tile{kind and f" {kind}"}"><b>{value}</b>{label}</div>'


def tiles(counts: Iterable[tuple[int, str]]) -> str:
    """Numbers with labels, side by side."""
    return f'<div class="tiles">{"".join(tile(f"{count:,}", label) for count, label in counts)}</div>\n'


def not_shown(count: int, noun: str) -> str:
    """The number of list items left out; empty if there are none."""
    return f'<p class="quiet">{plural(count, noun)} more not shown (--all shows them)</p>\n' if count > 0 else ""


def safe(text: str) -> str:
    """Escape text for HTML, without bidirectional controls and keys."""
    return escape(visible(without_keys(text)))
