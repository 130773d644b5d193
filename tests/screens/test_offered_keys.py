"""Which keys the footer and the help offer, and whether they fit on the smallest screen."""

from collections.abc import Callable
from pathlib import Path

import pytest

from curate.core.config import Config
from curate.lint.rules import RULES
from curate.project.runs import Project
from curate.review import ReviewSources
from curate.review.events import Checked, Ended, ScanEvent
from tests.screens.conftest import LINES, opened, queue, screen_text, shown, write_lines
from tui.app import CurateApp

Makes = Callable[[], CurateApp]


@pytest.mark.slow
async def test_the_footer_fits_on_80_columns_and_offers_what_has_an_effect(make_app: Makes) -> None:
    app = make_app()
    repairs = {}
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        for screen in "12345678":
            await opened(pilot, screen)
            for _ in range(len(queue(app).list.view or ()) if screen in "2345" else 1):
                if not screen_text(app).rstrip().endswith("q Quit"):
                    await shown(pilot, "q Quit")
                assert screen_text(app).rstrip().endswith("q Quit")
                if screen == "3":
                    entry = queue(app).entry
                    assert entry is not None
                    repairs[entry.code] = "r" in app.screen.active_bindings
                await opened(pilot, "down")
    assert repairs == {"M016": True, "C003": True, "J001": False, "M006": False, "D001": True}
    assert all(RULES[code].repair is None for code, offered in repairs.items() if not offered)


@pytest.mark.slow
async def test_a_footer_shows_the_keys_that_fit_and_have_an_effect(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(40, 12)) as pilot:
        await opened(pilot, "3")
        assert screen_text(app).rstrip().endswith("y Keep d Drop r Repair ? Help q Quit")
        await pilot.resize_terminal(160, 30)
        await shown(pilot, "Space Select * Menu")
        await opened(pilot, "slash", *"zebra", "enter")
        await shown(pilot, "n Next", gone=True)
        assert "Menu" not in screen_text(app)
        for screen, effect, none in (("6", "? Help", "v Verify"), ("7", "s Start", "x Stop"), ("8", "? Help", "Next")):
            await opened(pilot, screen)
            await shown(pilot, effect)
            assert none not in screen_text(app).splitlines()[-1]


@pytest.mark.slow
async def test_an_empty_list_says_what_to_do_next() -> None:
    def clean(_sources: ReviewSources, tell: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
        tell(Checked(1, 1, 0, 0.1))
        tell(Ended())

    path = write_lines(Path(), LINES[:1])
    app = CurateApp(ReviewSources(Project(Path()), Config(), [path]), clean)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "3")
        await shown(pilot, "next: curate apply data.jsonl -o clean.jsonl")


@pytest.mark.slow
async def test_help_begins_with_the_keys_of_the_list(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 160)) as pilot:
        for screen, title, own, other in (
            ("3", "Findings", "Suppress the finding", "Keep A, drop B"),
            ("4", "Duplicates", "Keep A, drop B", "Suppress the finding"),
        ):
            await opened(pilot, screen, "question_mark")
            first, rest = screen_text(app).split("Everywhere")
            assert title in first.split("Esc closes help")[1]
            assert own in first
            assert other not in first
            assert other in rest.split("Other lists")[1]
            await opened(pilot, "escape")
