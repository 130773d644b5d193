"""What a key draws: no more than changes, and the same as if all were drawn."""

import json
from pathlib import Path

import pytest
from textual.strip import Strip

from curate.core.config import Config
from curate.core.finding import Finding, Severity
from curate.project.runs import Project
from curate.review import ReviewSources
from curate.review.events import Ended, FindingsFound, Notify, ScanEvent
from tests.screens.conftest import opened, screen_text, settled
from tui.app import CurateApp


@pytest.fixture(autouse=True)
def _undrawn() -> None:
    """What goes to the terminal is drawn here."""


def _app(folder: Path, count: int, *facts: ScanEvent) -> CurateApp:
    path = folder / "data.jsonl"
    texts = ((f"Question {at}?", " ".join(["word"] * (at % 7 * 30 + 1))) for at in range(count))
    path.write_text(
        "".join(
            json.dumps({"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]})
            + "\n"
            for asked, answer in texts
        )
    )

    def notify_all(_sources: ReviewSources, notify: Notify, _stopped: object) -> None:
        for fact in (*facts, Ended()):
            notify(fact)

    return CurateApp(ReviewSources(Project(Path()), Config(), [path]), notify_all)


def _strips(app: CurateApp) -> list[str]:
    return [repr(list(Strip.join([strip]).simplify())) for strip in app.screen._compositor.render_strips()]


async def test_a_finding_about_a_whole_file_has_no_line_number(tmp_path: Path) -> None:
    finding = Finding("J022", Severity.ERROR, str(tmp_path / "data.jsonl"), 0, "", "several formats", "", False, None)
    app = _app(tmp_path, 3, FindingsFound([finding]))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await opened(pilot, "3")
        assert "J022  file several formats" in screen_text(app)


@pytest.mark.slow
async def test_scrolling_draws_what_a_full_redraw_draws(tmp_path: Path) -> None:
    app = _app(tmp_path, 90)
    async with app.run_test(size=(120, 20)) as pilot:
        await opened(pilot, "2")
        for key in ["down"] * 18 + ["pagedown", "end", "up", "home", "pagedown"]:
            await pilot.press(key)
            await settled(pilot)
            drawn = _strips(app)
            for widget in app.screen.walk_children(with_self=True):
                widget.refresh()
            app.screen.query_one("#list").vertical_scrollbar.refresh()
            await settled(pilot)
            assert drawn == _strips(app), key


@pytest.mark.slow
async def test_another_entry_is_laid_out_once(tmp_path: Path) -> None:
    app = _app(tmp_path, 30)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "2", "down")
        layouts: list[object] = []
        app.screen.screen_layout_refresh_signal.subscribe(app.screen, layouts.append, immediate=True)
        for count in range(1, 4):
            await pilot.press("down")
            await settled(pilot)
            assert len(layouts) == count
