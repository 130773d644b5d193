"""Shared by HTML reports: one file without external resources, in the reader's light or dark color scheme.

Plots are inline SVG (`curate.render.html_plots`). The only script is the filter of long lists: a content security
policy in the head names its hash and forbids any other, whatever the data contains.
"""

import base64
import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from curate import __version__
from curate.core.masking import without_keys
from curate.core.text import plural, visible

SCRIPT: Final = """
const items = [...document.querySelectorAll("[data-rule]")];
const groups = [...document.querySelectorAll("[data-group]")];
const texts = items.map((item) => item.textContent.toLowerCase());
const form = document.getElementById("filter"), shown = document.getElementById("shown");
const keys = ["rule", "severity"];
for (const key of keys) {
  const values = [...new Set(items.map((item) => item.dataset[key] || ""))].filter(Boolean).sort();
  for (const value of values) form.elements[key].append(new Option(value, value));
  form.elements[key].parentElement.hidden = values.length < 2;
}
const filter = () => {
  const words = form.elements.text.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let count = 0;
  items.forEach((item, at) => {
    const fits = keys.every((key) => [item.dataset[key] || "", ""].includes(form.elements[key].value))
      && words.every((word) => texts[at].includes(word));
    item.hidden = !fits;
    count += fits;
  });
  for (const group of groups) group.hidden = !group.querySelector("[data-rule]:not([hidden])");
  shown.textContent = `${count} of ${items.length} shown`;
};
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = items.length < 2;
filter();
"""
"""The filter of a list, see `filters`."""
SCRIPT_HASH: Final = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
CONTENT_POLICY: Final = (
    f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{SCRIPT_HASH}'; base-uri 'none'; "
    "form-action 'none'"
)
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
[hidden] { display: none !important }
form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: 1rem 0; position: sticky; top: 0;
background: var(--ground); padding: .5rem 0 } input, select { font: inherit; color: inherit; background: var(--panel);
border: 1px solid var(--line); border-radius: 4px; padding: .2rem .4rem }
details details { margin: .3rem 0 } details details summary { padding: .2rem .6rem; color: var(--quiet) }
mark { background: none; color: inherit; font-weight: 700; text-decoration: underline; text-underline-offset: 3px }
"""
MAX_CHARS: Final = 100_000
TABLE: Final = """
table { border-collapse: collapse; width: 100%; margin: .75rem 0 } th, td { text-align: left; vertical-align: top;
padding: .35rem .6rem;
  border-top: 1px solid var(--line); overflow-wrap: break-word } th { font-weight: 600 }
td:last-child, td.text { overflow-wrap: anywhere } td.text { white-space: pre-wrap; min-width: 10rem }
"""
"""CSS for documents with tables."""
PAIRS: Final = """
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem }
.pair pre { margin: .2rem 0 .5rem } .pair p { font-size: .8rem }
@media (max-width: 44rem) { .pair { grid-template-columns: 1fr } }
del { color: var(--error); text-decoration: line-through }
ins { color: var(--info); font-weight: 700; text-decoration: underline; text-underline-offset: 3px }
"""
"""CSS for documents with two texts side by side."""


def head(title: str, style: str = "") -> str:
    """The start of a document: head, heading and date. `style` is appended to the common CSS."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta '
        f'http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{STYLE}{style}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f'<p class="quiet">{datetime.now(UTC):%Y-%m-%d %H:%M} UTC</p>\n'
    )


def footer(*facts: str, filtered: bool = False) -> str:
    """The end of a document: the program and its version. `filtered`: the document has `filters`."""
    script = f"<script>{SCRIPT}</script>\n" if filtered else ""
    return f'<p class="quiet">{", ".join((f"curate {__version__}", *facts))}</p>\n{script}</body>\n</html>\n'


def filters() -> str:
    """The inputs that filter the elements with `data-rule` and `data-severity`; shown if the script runs.

    Elements with `data-group` are hidden with the last element in them. `footer` adds the script.
    """
    return (
        '<form id="filter" hidden><label>Search <input name="text" type="search"></label>\n'
        '<label>Rule <select name="rule"><option value="">all</option></select></label>\n'
        '<label>Severity <select name="severity"><option value="">all</option></select></label>\n'
        '<span id="shown" class="quiet"></span></form>\n'
    )


def tile(value: str, label: str, kind: str = "") -> str:
    """A number with its label, one of several `tiles`."""
    return f'<div class="tile{kind and f" {kind}"}"><b>{value}</b>{label}</div>'


def counted_tile(count: int, noun: str, kind: str = "") -> str:
    """A count with its noun, one of several `tiles`."""
    number, _, label = plural(count, noun).partition(" ")
    return tile(number, label, kind)


def tiles(counts: Iterable[tuple[int, str]]) -> str:
    """Numbers with labels, side by side."""
    return f'<div class="tiles">{"".join(tile(f"{count:,}", label) for count, label in counts)}</div>\n'


def html_table(
    columns: Iterable[str], rows: Iterable[Sequence[str]], *, texts: Collection[str] = (), best: int | None = None
) -> str:
    """A table of escaped cells; the columns `texts` keep their line breaks, row `best` has a class of this name."""
    names = tuple(columns)
    kinds = [' class="text"' * (name in texts) for name in names]
    parts = [f"<table><tr>{''.join(f'<th>{name}</th>' for name in names)}</tr>"]
    for number, row in enumerate(rows):
        cells = "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, row, strict=True))
        parts.append(f'<tr class="best">{cells}</tr>' if number == best else f"<tr>{cells}</tr>")
    return "".join(parts) + "</table>\n"


def not_shown(count: int, noun: str) -> str:
    """The number of list items left out; empty if there are none."""
    return f'<p class="quiet">{plural(count, noun)} more, not part of this report</p>\n' if count > 0 else ""


def safe(text: str) -> str:
    """Escape text for HTML, without bidirectional controls and keys."""
    return escape(visible(without_keys(text)))


def block(text: str) -> str:
    """Escape text for `<pre>`: line breaks stay, tabs become spaces."""
    return escape(visible(without_keys(text), keep_newlines=True).expandtabs(4))


def brief(text: str, width: int = 300) -> str:
    """The start of a text on one line, cut between words, escaped."""
    line = " ".join(text[: 2 * width].split())
    if len(line) <= width and len(text) <= 2 * width:
        return safe(line)
    shortened = line[: width + 1].rpartition(" ")[0] if " " in line[width // 2 : width + 1] else line[:width]
    return f"{safe(shortened)} …"


def full(text: str, width: int = 300, noun: str = "text") -> str:
    """The whole text in an element that opens at a click; empty if `brief` already shows all of it."""
    if len(text) <= width and "\n" not in text:
        return ""
    start = text[:MAX_CHARS]
    note = f"\n… {len(text) - MAX_CHARS:,} more characters, not part of this report" if len(text) > MAX_CHARS else ""
    return f"<details><summary>Full {noun}, {len(text):,} characters</summary><pre>{block(start)}{note}</pre></details>"
