"""Results as a notebook shows them: a heading, facts, and the beginnings of tables, in the notebook's own colours. All text is made safe."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from curate.report.html import safe
from curate.text import excerpt

if TYPE_CHECKING:
    import polars as pl

SHOWN: Final = 10
"""Lines of a table that are shown."""
WIDTH: Final = 120
"""Characters of a cell that are shown."""


def notebook_html(title: str, facts: Mapping[str, object], frames: "Mapping[str, pl.DataFrame]") -> str:
    """A fragment of HTML: no script, no style that reaches beyond it, nothing that is fetched. Facts and frames go by what is said of them."""
    told = " · ".join(f"<b>{safe(_cell(value))}</b> {safe(name)}" for name, value in facts.items())
    parts = [f'<div class="curate"><p><b>{safe(title)}</b></p><p>{told}</p>']
    parts += [piece for name, frame in frames.items() if frame.height for piece in _table(name, frame)]
    return "".join(parts) + "</div>"


def _table(title: str, frame: "pl.DataFrame") -> Iterator[str]:
    yield f"<p>{safe(title)}</p><table><thead><tr>{''.join(f'<th>{safe(name)}</th>' for name in frame.columns)}</tr></thead><tbody>"
    for values in frame.head(SHOWN).iter_rows():
        yield f"<tr>{''.join(f'<td>{safe(_cell(value))}</td>' for value in values)}</tr>"
    yield "</tbody></table>"
    if frame.height > SHOWN:
        yield f"<p>… and {frame.height - SHOWN:,} more</p>"


def _cell(value: Any) -> str:
    """A value in few characters; nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return excerpt(str(value), WIDTH)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
