"""The review with keys: open, look, decide, change one's mind, leave, come back."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from curate.decision import DecisionLog
from curate.errors import InputError, OutputError
from curate.example import Example, Place
from curate.finding import Finding, Severity
from curate.review import KINDS, ReviewSession, Standing
from curate.text import UNSAFE
from tui.app import CurateApp
from tui.keys import KEYS
from tui.screens.help import HelpScreen

Makes = Callable[[], CurateApp]
Opened = Callable[[Pilot[None]], Any]


def screen_text(app: CurateApp) -> str:
    """What the terminal shows, as text."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


async def test_the_screen_is_there_before_anything_is_loaded() -> None:
    go_on = threading.Event()

    def slow() -> Iterator[str | ReviewSession]:
        yield "checking 1 file"
        go_on.wait(10)

    app = CurateApp(slow)
    async with app.run_test() as pilot:
        await pilot.pause(0.1)
        assert "checking 1 file" in screen_text(app)
        await pilot.press("k", "d", "u", "n", "2", "a", "space", "down")
        go_on.set()


def test_leaving_does_not_wait_for_the_loading() -> None:
    go_on = threading.Event()

    def slow() -> Iterator[str | ReviewSession]:
        yield "checking 1 file"
        go_on.wait(30)

    async def leave(pilot: Pilot[object]) -> None:
        await pilot.pause(0.1)
        await pilot.press("q")

    started = time.monotonic()
    CurateApp(slow).run(headless=True, auto_pilot=leave)
    assert time.monotonic() - started < 10
    go_on.set()


async def test_decide_undo_quit_and_reopen(make_app: Makes, opened: Opened, journal: Path) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        session = await opened(pilot)
        assert app.review.list.entry is session.entries[0]
        await pilot.press("d")
        assert app.review.list.entry
        assert app.review.list.entry.code == "M006"  # past the broken line, where there is nothing to decide
        await pilot.press("k", "u", "u", "k", "3", "a", "q")
    assert app.return_code in (0, None)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        session = await opened(pilot)
        assert [session.standing(entry) for entry in session.of_kind("finding")[:3]] == [Standing.KEEP, Standing.NOTHING, Standing.UNDECIDED]
        assert session.standing(session.of_kind("conflict")[0]) == Standing.MIXED
        assert "2 of 3 decided here" in screen_text(app)
        assert app.review.list.entry
        assert app.review.list.entry.code == "M006"  # where the review goes on
    assert len(journal.read_text().splitlines()) == 7


async def test_undo_returns_to_where_it_was_decided(make_app: Makes, opened: Opened) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        session = await opened(pilot)
        await pilot.press("3", "b", "1", "u")
        assert (app.review.kind, app.review.list.entry) == ("conflict", session.of_kind("conflict")[0])


async def test_a_cluster_is_decided_duplicate_by_duplicate(make_app: Makes, opened: Opened) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        session = await opened(pilot)
        entry = session.of_kind("cluster")[1]
        await pilot.press("2", "end")
        assert ("duplicate 1/2" in screen_text(app), app.review.list.entry) == (True, entry)
        await pilot.press("d")
        assert ("duplicate 2/2" in screen_text(app), session.standing(entry)) == (True, Standing.PARTLY)
        await pilot.press("left", "k")
        assert [session.verdict(example) for example in entry.examples] == ["keep", "undecided"]
        await pilot.press("end", "D")
        assert session.standing(entry) == Standing.DROP


async def test_only_keys_that_do_something_are_offered(make_app: Makes, opened: Opened) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        assert " Keep " in screen_text(app)
        await pilot.press("a", "b")
        assert app.review.session.progress().decided == 0  # type: ignore[union-attr]
        await pilot.press("2")
        await pilot.pause()
        assert "Keep A" in screen_text(app)  # a pair that differs in a fact
        await pilot.press("down")
        await pilot.pause()
        assert "Keep A" not in screen_text(app)


async def test_filter_and_clear(make_app: Makes, opened: Opened) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await opened(pilot)
        await pilot.press("slash", *"robot")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert [entry.code for entry in app.review.list.entries] == ["M006"]
        await pilot.press("enter", "d")
        assert app.review.session.progress("finding").decided == 1  # type: ignore[union-attr]
        await pilot.press("slash", *" never", "enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "Nothing matches the filter" in screen_text(app)
        await pilot.press("k", "d", "n", "down", "end")
        await pilot.press("escape")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert len(app.review.list.entries) == 5
        assert not app.review.query_one("#filter", Input).display


@pytest.mark.parametrize("size", [(80, 24), (160, 50), (20, 8)])
async def test_hostile_text_is_shown_and_not_obeyed(make_app: Makes, opened: Opened, size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        session = await opened(pilot)
        seen = ""
        for number, kind in enumerate(KINDS, start=1):
            await pilot.press(str(number), "home")
            for _ in session.of_kind(kind):
                await pilot.pause()
                seen += screen_text(app)
                await pilot.press("down")
        assert {char for char in UNSAFE.findall(seen) if char != "\n"} == set()
        if size[0] >= 80:
            assert "\\x1b[31mhere\\x1b[0m [bold red]loud[/] \\u202egnp.exe" in seen
            assert "[@click=app.quit]" in seen


async def test_a_megabyte_and_ten_thousand_turns(tmp_path: Path) -> None:
    turns = [{"role": "user" if i % 2 == 0 else "assistant", "content": f"turn {i}"} for i in range(10_000)]
    examples = [Example(Place("big.jsonl", 1), {"messages": [{"role": "user", "content": "x" * 1_000_000}]}, "messages")]
    examples.append(Example(Place("big.jsonl", 2), {"messages": turns}, "messages"))
    pointers = ("/messages/0/content", "/messages/5000")
    findings = [
        Finding("C001", Severity.ERROR, "big.jsonl", item.place.line, pointer, "m", "", False, item.id)
        for item, pointer in zip(examples, pointers, strict=True)
    ]
    app = CurateApp(lambda: iter([ReviewSession(examples, findings, (), (), DecisionLog(tmp_path / "d.jsonl"))]))
    async with app.run_test(size=(100, 30)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("down")
        await pilot.pause()
        await pilot.pause()
        text = screen_text(app)
        assert "turn 5000" in text
        assert "the finding is here" in text


@pytest.mark.slow
async def test_a_list_of_a_hundred_thousand_draws_what_is_in_view(tmp_path: Path) -> None:
    examples = [Example(Place("big.jsonl", line), {"messages": [], "n": line}, "messages") for line in range(1, 100_001)]
    findings = [Finding("C001", Severity.ERROR, "big.jsonl", item.place.line, "", f"number {item.place.line}", "", False, item.id) for item in examples]
    session = ReviewSession(examples, findings, (), (), DecisionLog(tmp_path / "d.jsonl"))
    app = CurateApp(lambda: iter([session]))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.press("end")
        await pilot.pause()
        assert "number 100000" in screen_text(app)
        await pilot.press("pageup", "home", "d")
        assert app.review.list.cursor == 1


async def test_help_names_every_key(make_app: Makes, opened: Opened) -> None:
    app = make_app()
    async with app.run_test(size=(110, 60)) as pilot:
        await opened(pilot)
        await pilot.press("question_mark")
        assert [type(screen) for screen in app.screen_stack][-1] is HelpScreen
        text = screen_text(app)
        assert [key.id for key in KEYS if key.tooltip[:30] not in text] == []
        await pilot.press("escape")
        front: Screen[Any] = app.screen
        assert front is app.review
        names = [command.title for command in app.get_system_commands(front)]
        assert "Keep A (a)" in names
        await pilot.press("t")
        assert not app.current_theme.dark


def test_the_table_of_keys_is_complete_and_unambiguous() -> None:
    assert len({key.id for key in KEYS}) == len(KEYS)
    assert all(key.label and key.tooltip.endswith(".") for key in KEYS)


async def test_a_file_that_cannot_be_read_is_told_with_the_next_step() -> None:
    def broken() -> Iterator[str | ReviewSession]:
        yield "checking 1 file"
        raise InputError("data.jsonl: is a zip archive, not JSON Lines \x1b[2J [red]", "unpack it first")

    app = CurateApp(broken)
    async with app.run_test(size=(100, 30)) as pilot:
        await asyncio.sleep(0.1)
        await pilot.pause()
        assert "is a zip archive, not JSON Lines \\x1b[2J [red]" in screen_text(app)
        assert "unpack it first" in screen_text(app)
        assert app.is_running


async def test_a_full_disk_is_told_and_nothing_counts(make_app: Makes, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_decision: object) -> None:
        raise OutputError("decisions.jsonl: cannot be written: no space left", "free some space")

    app = make_app()
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        session = await opened(pilot)
        monkeypatch.setattr(session.log, "add", full)
        await pilot.press("d")
        await pilot.pause()
        assert (app.review.list.cursor, session.progress().decided) == (0, 0)
        assert "free some space" in screen_text(app)


async def test_a_bug_ends_the_application_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback would show local variables, and these hold the user's data."""

    def buggy() -> Iterator[str | ReviewSession]:
        yield "checking 1 file"
        raise ValueError("secret")

    app = CurateApp(buggy)

    async def run() -> None:
        async with app.run_test() as pilot:
            await asyncio.sleep(0.1)
            await pilot.pause()

    with pytest.raises(ValueError, match="secret"):
        await run()
    assert isinstance(app.crash, ValueError)
    assert "secret" not in "".join(capsys.readouterr())
