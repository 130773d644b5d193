"""What the review looks like, as pictures; `pytest tests/screens --snapshot-update` draws them anew. Look at them before you commit."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot

from tui.app import CurateApp

Makes = Callable[[], CurateApp]
Before = Callable[[Pilot[None]], Awaitable[None]]


def pressing(opened: Callable[[Pilot[None]], Any], *keys: str) -> Before:
    async def before(pilot: Pilot[None]) -> None:
        await opened(pilot)
        for key in keys:
            await pilot.press(key)
        await pilot.pause()
        await pilot.pause()

    return before


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        pytest.param(("end", "up", "up"), (80, 24), id="finding-small-dark"),
        pytest.param(("2", "end", "d", "t"), (160, 50), id="duplicates-large-light"),
        pytest.param(("3",), (120, 30), id="conflict-dark"),
    ],
)
def test_picture(snap_compare: Any, make_app: Makes, opened: Any, keys: tuple[str, ...], size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = SimpleNamespace(name="unknown-role", why="Templates refuse it.")
    monkeypatch.setattr("tui.render.RULES", {"M006": unknown})  # a rule that is explained better is no new picture
    assert snap_compare(make_app(), terminal_size=size, run_before=pressing(opened, *keys))
