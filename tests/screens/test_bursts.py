"""Keys that come faster than the screen: what is typed into a dialog decides nothing, and a burst does what the same
keys do when they are typed slowly.
"""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from curate.core.config import Config
from curate.project.runs import Project
from curate.review import ReviewSources
from tests.screens.conftest import opened, queue, screen_text, settled, told, write_lines
from tests.waiting import eventually
from tui.app import CurateApp
from tui.key_queue import KeyQueue
from tui.keys import KEYS, TABS
from tui.messages import DecisionReverted
from tui.screens.ask import AskScreen, ConfirmScreen
from tui.screens.changing import EditScreen
from tui.screens.help import HelpScreen
from tui.screens.queue import QueueScreen

pytestmark = pytest.mark.slow  # the whole review, key by key

NAMES = {"⏎": "enter", " ": "space", "/": "slash", "*": "asterisk", "↓": "down", "→": "right", "⎋": "escape",
         "?": "question_mark", ":": "colon", "]": "right_square_bracket",
         "[": "left_square_bracket", "\x10": "ctrl+p"}  # fmt: skip
CHARACTERS = {name: char for char, name in NAMES.items() if char.isprintable() and char not in "⏎↓→⎋"}
ALL = os.environ.get("CURATE_BURSTS") == "all"
"""Whether every binding is tried on every list and at every speed: CURATE_BURSTS=all takes some minutes."""
CLICK = (events.MouseDown, events.MouseUp)
OPENING = "mesr*/:?E"
"""Keys of a list that open a dialog or an editor."""


def new_app() -> CurateApp:
    return CurateApp(ReviewSources(Project(Path()), Config(), [write_lines(Path())]), told)


async def all_told(pilot: Pilot[None], *keys: str) -> None:
    """Wait until every finding is placed and listed: before that, the same keys are about other entries."""
    session = await opened(pilot, *keys)
    app = pilot.app
    assert isinstance(app, CurateApp)
    shown = queue(app)

    def is_listed() -> bool:
        app._catch_up()
        view = shown.list.view
        return view is not None and len(view.rows) >= len(session.queues[shown.kind])

    await eventually(is_listed, lambda: screen_text(app))
    await settled(pilot)


async def burst(pilot: Pilot[None], text: Iterable[str | events.Event], gap: float = 0.0) -> None:
    """Send keys and other input as a terminal does, without waiting for what they do."""
    app = pilot.app
    assert isinstance(app, KeyQueue)
    assert app._driver is not None
    for char in text:
        if isinstance(char, str):
            printed = len(char) == 1 and char.isprintable() and char not in "⏎↓→⎋"
            event: events.Event = events.Key(NAMES.get(char, char), char if printed else CHARACTERS.get(char))
        else:
            event = char
        event.set_sender(app)
        app._driver.send_message(event)
        if gap:
            await asyncio.sleep(gap)
    await asyncio.sleep(0.02)
    arrived = asyncio.Event()
    app.call_later(arrived.set)
    await eventually(arrived.is_set)
    await eventually(lambda: not app._keys and getattr(app.screen, "ready", True), lambda: f"{app._keys} still wait")


def decisions() -> list[str]:
    path = Path(".curate", "decisions.jsonl")
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(autouse=True)
def _no_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    monkeypatch.setenv("VISUAL", "false")
    monkeypatch.setattr(CurateApp, "suspend", lambda _app: nullcontext())


async def test_what_is_typed_into_a_dialog_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """On each list, and for each key that opens something, with the keys of all decisions behind it."""
    monkeypatch.setattr("tui.screens.ask.CONFIRM_DELAY_SECONDS", 0)
    app = new_app()
    async with app.run_test(size=(100, 30)) as pilot:
        for screen, keys, gap in (("3", OPENING[:-1], 0.0), ("2", "me", 0.0), ("4", "*/", 0.0), ("5", ":?", 0.0),
                                  ("3", "me", 0.02)):  # fmt: skip
            await opened(pilot, screen, "end")  # a finding with a repair
            for key in keys:
                await burst(pilot, key + "daADBG", gap)
                assert (screen, key, decisions()) == (screen, key, [])
                await leave(pilot)


async def leave(pilot: Pilot[None]) -> None:
    """Close all dialogs without a change, and clear the filter."""
    while len(pilot.app.screen_stack) > 1:
        await pilot.app.pop_screen()
    await burst(pilot, "⎋")


async def test_a_paste_into_a_note_and_a_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.ask.CONFIRM_DELAY_SECONDS", 0)
    app = new_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "3")
        for gap in (0.0, 0.02, 0.2) if ALL else (0.0, 0.02):
            await burst(pilot, "mdy good", gap)
            assert isinstance(app.screen, AskScreen)
            assert (app.screen.query_one(Input).value, decisions()) == ("dy good", [])
            await leave(pilot)
            await burst(pilot, "/dog", gap)
            await settled(pilot)
            assert (queue(app).text, decisions()) == ("dog", [])
            await leave(pilot)


async def test_pastes_and_clicks_keep_their_place_among_the_keys() -> None:
    app = new_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await all_told(pilot, "2")
        await burst(pilot, ["m", events.Paste("漢" * 1_000_000), events.Paste("dy\ngood"), "!", "⏎"])
        await burst(pilot, ["/", events.Paste("\nland"), "⏎"])
        await settled(pilot)
        assert (queue(app).text, json.loads(decisions()[0])["why"]) == (" land", "dy good!")
        await burst(pilot, "⎋")
        await settled(pilot)
        shown, at = queue(app), (9, queue(app).list.region.y + 1)
        mouse = [kind(None, *at, 0, 0, 1, False, False, False, *at) for kind in CLICK]
        shown.list.cursor = 3
        await burst(pilot, [*"o" * len(shown.session.examples.sorts), "d", *mouse, "y"])
        await settled(pilot)
        ids = [shown.session.examples.entry(row).ids[0] for row in (3, 1)]
        said = [(line["example"], line["verdict"]) for line in map(json.loads, decisions()[1:])]
        assert said == list(zip(ids, ("drop", "keep"), strict=True))
        await burst(pilot, ["e", "⎋", "e", "up", "home", events.Paste("#: user\nHi\n"), "ctrl+s"])
        await settled(pilot)
        assert json.loads(decisions()[-1])["value"]["messages"][0] == {"role": "user", "content": "Hi"}
        border = queue(app).query_one("#lists").region.bottom - 1
        drag, drop = (kind(None, 9, border, 0, 0, 1, False, False, False, 9, border) for kind in CLICK)
        await burst(pilot, [drag, "m", drop, "?"])
        await pilot.resize_terminal(60, 12)
        out = [kind(None, 80, 20, 0, 0, 1, False, False, False, 80, 20) for kind in (*CLICK, events.MouseScrollDown)]
        await burst(pilot, [*out, "!"])
        assert app.screen.query_one(Input).value.endswith("?!")


async def test_a_key_that_follows_the_editor_is_text() -> None:
    app = new_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "3")
        await burst(pilot, "ed", 0.1)
        assert isinstance(app.screen, EditScreen)
        area = app.screen.query_one(TextArea)
        row, column = area.cursor_location
        assert (area.document.get_line(row)[column - 1], decisions()) == ("d", [])


SEQUENCES = {
    "2": "dym here⏎djy/apple⏎d⎋↓y:3⏎dkyGyuU",
    "3": "↓dnsfine⏎mso⏎/robot⏎d⎋ody:9⏎yguz⏎jyz z*mall⏎⎋u",
    "4": "a↓d→yBuGYkD/apple⏎d⎋",
    "5": "bj→Buykambgood⏎f]][ua",
}


@pytest.mark.parametrize("screen", SEQUENCES)
async def test_a_burst_does_what_slow_typing_does(screen: str) -> None:
    found = []
    for slow in (True, False):
        app = new_app()
        async with app.run_test(size=(100, 30)) as pilot:
            await all_told(pilot, screen)
            for keys in SEQUENCES[screen] if slow else [SEQUENCES[screen]]:
                await burst(pilot, keys)
                await settled(pilot)
            base = app.screen_stack[0]
            assert isinstance(base, QueueScreen)
            lines = [json.loads(line) for line in decisions()]
            found.append((
                [(line["example"], line.get("verdict"), line.get("about"), line.get("why")) for line in lines],
                base.list.cursor,
            ))  # fmt: skip
        for path in (Path(".curate", "decisions.jsonl"), Path("curate-suppressions.jsonl")):
            path.unlink(missing_ok=True)
    assert found[0] == found[1]
    assert len(found[0][0]) > 3


@pytest.mark.parametrize("screen", "2345" if ALL else "3")
async def test_every_key_does_the_same_at_any_speed(screen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each binding of a list, then Escape, a decision, and now and then an undo."""
    monkeypatch.setattr("tui.screens.ask.CONFIRM_DELAY_SECONDS", 0)
    monkeypatch.setattr("tui.key_queue.MAX_WAIT_SECONDS", 60)  # a busy machine loses no key
    kind = TABS[int(screen) - 1].kind
    assert kind is not None
    keys: list[str] = []
    offered = [key for key in KEYS if key.scope == "list" or (key.scope == "queue" and kind in key.kinds)]
    for number, key in enumerate(offered):
        keys += [key.keys.split(",")[0], "escape", "y" if kind in ("example", "finding") else "a", *["u"][: number % 3]]
    found = []
    for gap in (0.0, 0.02, 0.2) if ALL else (0.0, 0.02):
        app = new_app()
        async with app.run_test(size=(100, 30)) as pilot:
            await all_told(pilot, screen)
            await burst(pilot, keys, gap)
            base = app.screen_stack[0]
            assert isinstance(base, QueueScreen)
            lines = [json.loads(line) for line in decisions()]
            said = [(line["example"], line["verdict"], line.get("about"), line.get("record")) for line in lines]
            found.append((said, base.list.cursor, base.grouping, base.selected, len(app.screen_stack)))
        Path(".curate", "decisions.jsonl").unlink()
    for one in found:
        assert one == found[0]
    assert len(found[0][0]) > 8


async def test_a_screen_that_is_not_ready_takes_no_key_for_another() -> None:
    """A key for the next screen is not looked up on this one, nor one of the unfiltered list for the filtered one."""
    app = new_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "1")
        await burst(pilot, "3/robot⏎d")
        assert [json.loads(line)["about"] for line in decisions()] == ["M006"]
        await burst(pilot, "?qdy")
        assert not isinstance(app.screen, HelpScreen)


async def test_a_confirmation_takes_no_key_that_was_typed_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr("tui.screens.training.start", lambda *_, **_options: started.append(1))
    monkeypatch.setattr("tui.screens.ask.CONFIRM_DELAY_SECONDS", 60)  # a busy machine types slowly
    app = new_app()
    Path("recipe.toml").write_text("")  # without one, nothing is asked
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "7")
        for gap in (0.0, 0.02):
            await burst(pilot, "s yes", gap)
            assert (isinstance(app.screen, ConfirmScreen), started) == (True, [])
            await burst(pilot, "n")
        await opened(pilot, "s")
        assert isinstance(app.screen, ConfirmScreen)
        app.screen._last -= 60
        await burst(pilot, "y")
        assert (isinstance(app.screen, ConfirmScreen), started) == (False, [1])
        await opened(pilot, "3")
        await burst(pilot, "*dyy⏎")
        assert (isinstance(app.screen, ConfirmScreen), decisions()) == (True, [])


async def test_text_is_not_lost_by_escape_or_quit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.ask.CONFIRM_DELAY_SECONDS", 0)
    app = new_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "3")
        opens: list[tuple[str, Callable[[], str]]] = [
            ("e", lambda: app.screen.query_one(TextArea).text),
            ("m", lambda: app.screen.query_one(Input).value),
        ]
        for key, text in opens:
            await burst(pilot, key)
            await burst(pilot, "⎋")
            assert len(app.screen_stack) == 1  # nothing was typed
            await burst(pilot, key + "xyz⎋⎋")
            assert "xyz" in text()
            await pilot.press("ctrl+q")
            await settled(pilot)
            assert isinstance(app.screen, ConfirmScreen)
            await burst(pilot, "n")
            assert "xyz" in text()
            await leave(pilot)
        assert decisions() == []


def test_the_keys_that_open_something_are_known() -> None:
    named = {key.keys for key in KEYS if key.action in {
        "note", "edit", "suppress", "repair", "bulk", "filter", "goto", "help", "edit_outside"}}  # fmt: skip
    assert named == {NAMES.get(key, key) for key in OPENING}


async def test_quitting_right_after_an_undo_ends_without_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    app = new_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await all_told(pilot, "3")
        await burst(pilot, "du")
        with monkeypatch.context() as patch:
            patch.setattr(CurateApp, "screen_stack", [])  # as while the application closes
            app._decision_reverted(DecisionReverted("0" * 32, "C003"))


async def test_escape_right_before_a_key_is_escape_and_that_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terminals send both in one piece, as they send Alt and the key; in a text it is that letter."""
    monkeypatch.setattr("textual.constants.ESCAPE_DELAY", 0.0)
    app = new_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await all_told(pilot, "3")
        assert app._driver is not None
        for typed, value, verdicts in (
            ("\x1bmdy", "dy", []),
            ("\x1bd", "", ["drop"]),
            ("/zz\x1bdd", "zzdd", ["drop"]),
        ):
            parser = XTermParser()
            sent = [event for event in (*parser.feed(typed), *parser.tick()) if isinstance(event, events.Key)]
            assert any(event.key.startswith("alt+") for event in sent)
            for event in sent:
                event.set_sender(app)
                app._driver.send_message(event)
            await burst(pilot, "")
            await settled(pilot)
            boxes = app.screen.query(Input)
            assert (boxes.first().value if boxes else "") == value
            assert [json.loads(line)["verdict"] for line in decisions()] == verdicts
            await leave(pilot)
            await settled(pilot)


@pytest.mark.parametrize("keys", ["3", "3:"])
async def test_a_process_that_is_interrupted_loses_no_timer(keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost one would freeze the screen: for 50 ms after another screen is chosen, Textual draws nothing."""
    looks: Counter[object] = Counter()

    def interrupted() -> float:
        """A second passes between the first two looks of a task."""
        looks[task := asyncio.current_task()] += 1
        return time.monotonic() + min(looks[task], 2)

    app = new_app()
    async with app.run_test(size=(110, 40)) as pilot:
        await opened(pilot, *(NAMES.get(key, key) for key in keys))
        called: list[object] = []
        monkeypatch.setattr("textual._time.get_time", interrupted)
        timers = [pump.set_timer(0.05, partial(called.append, pump)) for pump in (app, app.screen)]
        await asyncio.gather(*(timer._task for timer in timers if timer._task is not None))
        await settled(pilot)
        assert called == [app, app.screen]
        await opened(pilot, "escape", "1", "3")
        assert "data.jsonl:7" in screen_text(app)
