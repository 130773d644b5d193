"""Which keys the footer and the help offer, and whether they fit on the smallest screen."""

from collections.abc import Callable

import pytest

from curate.lint.rules import RULES
from tests.screens.conftest import opened, queue, screen_text, shown
from tui.app import CurateApp

Makes = Callable[[], CurateApp]
SMALL = (80, 24)


@pytest.mark.parametrize("screen", ["1", "2", "3", "4", "5", "6", "7", "8"])
async def test_the_footer_fits_on_80_columns(make_app: Makes, screen: str) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, screen)
        entries = len(queue(app).list.view or ()) if screen in "2345" else 1
        for _ in range(entries):
            await shown(pilot, "q Quit")
            assert screen_text(app).rstrip().endswith("q Quit")
            await opened(pilot, "down")


async def test_a_repair_is_offered_where_the_rule_has_one(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, "3")
        seen = {}
        for _ in range(len(queue(app).list.view or ())):
            entry = queue(app).entry
            assert entry is not None
            seen[entry.code] = "r" in app.screen.active_bindings
            await opened(pilot, "down")
    assert seen == {"M016": True, "C003": True, "J001": False, "M006": False, "D001": True}
    assert all(RULES[code].repair is None for code, offered in seen.items() if not offered)


async def test_help_begins_with_the_keys_of_the_list(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 130)) as pilot:
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
