"""Results as a notebook shows them: a heading, facts, and the beginnings of tables, in the notebook's own colours. All text is made safe."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curate.report.html import safe
from curate.text import excerpt

if TYPE_CHECKING:
    import polars as pl

SHOWN: Final = 10
"""Lines of a table that are shown."""
WIDTH: Final = 120
"""Characters of a cell that are shown."""


class Titled(NamedTuple):
    """A frame and what stands above it."""

    title: str
    frame: "pl.DataFrame"


def notebook_html(title: str, facts: Iterable[tuple[str, object]], frames: Iterable[Titled] = ()) -> str:
    """A fragment of HTML: no script, no style that reaches beyond it, nothing that is fetched."""
    told = " · ".join(f"<b>{safe(_cell(value))}</b> {safe(name)}" for name, value in facts)
    parts = [f'<div class="curate"><p><b>{safe(title)}</b></p><p>{told}</p>']
    parts += [piece for titled in frames if titled.frame.height for piece in _table(titled)]
    return "".join(parts) + "</div>"


def _table(titled: Titled) -> Iterator[str]:
    frame = titled.frame
    yield f"<p>{safe(titled.title)}</p><table><thead><tr>{''.join(f'<th>{safe(name)}</th>' for name in frame.columns)}</tr></thead><tbody>"
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
