"""Tools that examples declare, and the size of the list."""

import json
from pathlib import Path

import pytest

from curate.core.config import Config
from curate.project.runs import Project
from curate.review import ReviewSources
from curate.review.scan import scan
from tests.screens.conftest import LINES, NAME, opened, queue, screen_text, settled, shown, told, write_lines
from tui.app import CurateApp
from tui.widgets import ListPane


def tool(name: str, **schema: object) -> dict[str, object]:
    return {"type": "function", "function": {"name": name, "description": "Looks.", "parameters": schema}}


def app_of(*tools: object) -> CurateApp:
    asked = [{"role": "user", "content": "Is it cold in Oslo today?"}, {"role": "assistant", "content": "Yes, it is."}]
    lines = [json.dumps({"messages": asked, "tools": one}) for one in tools]
    path = Path("data.jsonl")
    path.write_text("\n".join(lines) + "\n")
    return CurateApp(
        ReviewSources(Project(Path()), Config(), [path]), lambda sources, tell, _: scan(sources, None, tell)
    )


@pytest.mark.slow
async def test_schemas_of_tools_are_one_line_until_they_are_unfolded() -> None:
    weather = tool("get_weather", type="object", properties={"city\x1b[2J": {"type": "string"}})
    app = app_of([weather, tool("search", type="object", properties={})])
    async with app.run_test(size=(120, 60)) as pilot:
        await opened(pilot, "2")
        assert "⚙ 2 tools  get_weather, search  f shows the schemas" in screen_text(app)
        assert '"properties"' not in screen_text(app)
        await opened(pilot, "f")
        text = screen_text(app)
        assert text.count('"properties"') == 2
        assert "\x1b" not in text
        assert "city" in text
        await opened(pilot, "f")
        assert '"properties"' not in screen_text(app)


@pytest.mark.slow
async def test_tools_in_a_string_are_read() -> None:
    app = app_of(json.dumps([tool("look", type="object")]), "[not JSON")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "2")
        assert "⚙ 1 tool  look" in screen_text(app)
        await opened(pilot, "j", "f")
        assert "[not JSON" in screen_text(app)


@pytest.mark.slow
async def test_the_tool_that_a_finding_is_about_is_not_folded() -> None:
    app = app_of([tool("good", type="object", properties={}), tool("bad", type="no such type")])
    async with app.run_test(size=(120, 60)) as pilot:
        await opened(pilot, "3", "slash", *"code:T", "enter")
        text = screen_text(app)
        assert "◀ here" in text
        assert "no such type" in text
        assert '"good"' not in text


@pytest.mark.slow
async def test_tools_of_two_examples_are_drawn_once_if_they_are_the_same() -> None:
    for second, times in (("look", 1), ("find", 2)):
        tools = ["look", second]
        write_lines(Path(), tuple(
            json.dumps({**json.loads(line), "tools": [tool(tools.pop())]}).encode() if at < 2 else line
            for at, line in enumerate(LINES)
        ))  # fmt: skip
        app = CurateApp(ReviewSources(Project(Path()), Config(), [Path(NAME)]), told)
        async with app.run_test(size=(160, 60)) as pilot:
            await opened(pilot, "5")
            assert screen_text(app).count("⚙") == times


@pytest.mark.slow
async def test_keys_and_mouse_resize_the_list() -> None:
    app = app_of([], [])
    async with app.run_test(size=(160, 40)) as pilot:
        await opened(pilot, "2")
        pane = queue(app).query_one(ListPane)
        before = pane.size.width
        await opened(pilot, "greater_than_sign")
        assert pane.size.width == before + 8
        await opened(pilot, *["less_than_sign"] * 30)
        assert 160 * 0.14 <= pane.size.width + 1 <= 160 * 0.16
        assert await pilot.mouse_down(ListPane, offset=(pane.region.width - 1, 5))
        await pilot.hover("#room", offset=(79, 5))
        await pilot.mouse_up("#room", offset=(79, 5))
        await settled(pilot)
        assert pane.region.width == 80
        await opened(pilot, "3")
        assert queue(app).query_one(ListPane).region.width == 80  # the same in all lists
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert queue(app).query_one(ListPane).region.width == 80
        height = queue(app).query_one(ListPane).region.height
        await opened(pilot, "greater_than_sign")
        assert queue(app).query_one(ListPane).region.height > height
        await pilot.resize_terminal(160, 40)
        await settled(pilot)
        assert queue(app).query_one(ListPane).region.width == 80


@pytest.mark.slow
async def test_lines_around_the_cursor_stay_visible() -> None:
    app = app_of(*[[]] * 25)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "2")
        shown = queue(app).list
        for key, last in (("j", 24), ("k", 0)):
            while shown.cursor != last:
                await pilot.press(key)
                top, height = shown.scroll_offset.y, shown.size.height
                around = range(max(0, shown.cursor - 2), min(25, shown.cursor + 3))
                assert top <= around[0] <= around[-1] < top + height


@pytest.mark.slow
async def test_of_an_image_in_base64_only_its_type_and_size_are_shown() -> None:
    parts = [{"type": "text", "text": "What is it?"},
             {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "iVBO" * 500}}]  # fmt: skip
    line = {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": "A small red square."}]}
    app = app_of()
    Path("data.jsonl").write_text(json.dumps(line) + "\n")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "2")
        await shown(pilot, "▣ image/png, 1.5 kB in the line")
        text = screen_text(app)
        assert "iVBO" * 9 not in text
        assert "A small red square." in text
