"""Text of the data is shown, never obeyed, however long or strange it is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from curate.config import Config
from curate.review import KINDS, Sources
from curate.runs import Project
from curate.text import UNSAFE
from tests.screens.conftest import LINES, chat, opened, queue, screen_text, told, write_lines
from tui.app import CurateApp
from tui.screens.edit import EditScreen

Makes = Callable[[], CurateApp]
PLAIN = 6
"""Lines at the beginning of the file that anybody may look at."""


def app_for(facts: Callable[..., None] = told, lines: tuple[bytes, ...] = LINES) -> CurateApp:
    return CurateApp(Sources(Project(Path()), Config(), [write_lines(Path(), lines)]), facts)


@pytest.mark.parametrize("size", [(80, 24), pytest.param((160, 50), marks=pytest.mark.slow), pytest.param((20, 8), marks=pytest.mark.slow)])
async def test_hostile_text_is_shown_and_not_obeyed(make_app: Makes, size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        session = await opened(pilot)
        seen = screen_text(app)
        for number, kind in enumerate(KINDS, start=2):
            await opened(pilot, str(number), "home")
            if kind == "example":
                queue(app).list.cursor = PLAIN - 1
            for _ in range(len(session.queues[kind]) - (PLAIN if kind == "example" else 0)):
                await pilot.press("down")
                await pilot.pause(0.02)
                seen += screen_text(app)
        await opened(pilot, "3", "home", "down", "down", "e")
        seen += screen_text(app)
        assert {char for char in UNSAFE.findall(seen) if char != "\n"} == set()
        if size[0] >= 80:
            assert "\\x1b[31mhere\\x1b[0m [bold red]loud[/] \\u202egnp.exe" in seen
            assert "[@click=app.quit]" in seen


async def test_a_megabyte_and_ten_thousand_turns() -> None:
    turns = [("user" if i % 2 == 0 else "assistant", f"turn {i}") for i in range(10_000)]
    app = app_for(lambda *_: None, (chat(("user", "x" * 1_000_000)), chat(*turns)))
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "2")
        assert "more characters" in queue(app)._page().left.plain  # type: ignore[union-attr]
        await opened(pilot, "down")
        assert "turn 50" in queue(app)._page().left.plain  # type: ignore[union-attr]
        assert "later messages" in queue(app)._page().left.plain  # type: ignore[union-attr]
        await opened(pilot, "e")
        assert isinstance(app.screen, EditScreen) or "your own editor" in screen_text(app)
