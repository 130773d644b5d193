"""A small file with something of everything, and facts about it made by hand, so that no test waits for a detector."""

import asyncio
import json
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor
from textual.pilot import Pilot

import tui.screens.queue
from curate.conflicts.evidence import Evidence
from curate.core.config import Config
from curate.core.events import StageAdvanced
from curate.core.example import Example, Place
from curate.core.finding import Finding, Severity
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from curate.read.index import LineIndex
from curate.review import (
    Cluster,
    ClusterMember,
    MultiConflict,
    PairConflict,
    PlacedAnswerGroup,
    PlacedExample,
    ReviewSession,
    ReviewSources,
)
from curate.review.events import Checked, ConflictsFound, DuplicatesFound, Ended, FindingsFound, ScanEvent
from tests.waiting import PATIENCE_SECONDS
from tui.app import CurateApp
from tui.screens.ask import CONFIRM_DELAY_SECONDS, ConfirmScreen
from tui.screens.frame import FrameScreen
from tui.screens.queue import QueueScreen

HOSTILE = "Look \x1b[31mhere\x1b[0m [bold red]loud[/] \u202egnp.exe\u202c zero\u200bwidth [@click=app.quit]x[/]"
SECRET = "ghp_" + "R7xQ2mV9tKpL4sW8nZcJ3bYfD6hGa1uEoT5i"
NAME = "data.jsonl"


def chat(*turns: tuple[str, Any]) -> bytes:
    return json.dumps(
        {"messages": [{"role": role, "content": content} for role, content in turns]}, ensure_ascii=False
    ).encode()


LINES = (
    chat(("system", "You are a historian."), ("user", "When did Apollo 11 land?"), ("assistant", "It landed in 1969.")),
    chat(("system", "You are a historian."), ("user", "When did Apollo 11 land?"), ("assistant", "It landed in 1968.")),
    chat(("user", "Name a fruit and say how it tastes."), ("assistant", "An apple tastes sweet and a little sour.")),
    chat(("user", "Name a fruit and say how it tastes."), ("assistant", "An apple tastes sweet and slightly sour.")),
    chat(("user", "Name one fruit and say how it tastes."), ("assistant", "An apple tastes sweet and a little sour.")),
    chat(("user", "Name a fruit and say how it tastes."), ("assistant", "An apple tastes sweet and a little sour.")),
    chat(("user", "hi"), ("user", "are you there?"), ("assistant", "")),
    b'{"messages": \x1b[2J',
    chat(("user", HOSTILE), ("assistant", "日本語 👍 ok"), ("robot", "beep")),
    chat(("user", "Who is the best?"), ("assistant", "Ann is.")),
    chat(("user", "Who is the best?"), ("assistant", f"Bob is. My token is {SECRET}.")),
    chat(("user", "Who is the best?"), ("assistant", "Nobody is.")),
)


def write_lines(folder: Path, lines: tuple[bytes, ...] = LINES) -> Path:
    path = folder / NAME
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


@pytest.fixture
def lines() -> LineIndex:
    """The file, in the working folder, with all of its lines found."""
    found = LineIndex([write_lines(Path())])
    list(found.build())
    return found


def example_at(lines: LineIndex, line: int) -> Example:
    parsed = lines.read(Place(NAME, line))
    assert parsed is not None
    assert parsed.example is not None
    return parsed.example


def facts_about(lines: LineIndex) -> list[ScanEvent]:
    def side(line: int) -> PlacedExample:
        return PlacedExample(Place(NAME, line), example_at(lines, line).id)

    def finding(code: str, severity: Severity, line: int, pointer: str, message: str, fixable: bool = False) -> Finding:
        parsed = lines.read(Place(NAME, line))
        id_ = parsed.example.id if parsed and parsed.example else None
        return Finding(code, severity, NAME, line, pointer, message, "Mend it.", fixable, id_)

    findings = [
        finding("M016", Severity.WARNING, 7, "/messages/1", "two user turns in a row", fixable=True),
        finding("C003", Severity.ERROR, 7, "/messages/2/content", "the assistant's answer is empty"),
        finding("J001", Severity.ERROR, 8, "", "not valid JSON: \x1b[2J expecting a value"),
        finding("M006", Severity.ERROR, 9, "/messages/2/role", "role 'robot' is not known"),
        finding("D001", Severity.WARNING, 6, "", "exact copy of data.jsonl:3"),
    ]
    cluster = Cluster(
        side(3),
        (
            ClusterMember(side(5), "D003", 0.82),
            ClusterMember(side(4), "D003", 0.87),
            ClusterMember(side(6), "D001", 1.0),
        ),
    )
    pair = Cluster(side(1), (ClusterMember(side(2), "D003", 0.91),), apart=True)
    clash = PairConflict(
        "X003", side(1), side(2), 1.0, (Evidence("dates", "1969", "1968", 0.97),), 0.97, id="1969-1968"
    )
    dispute = MultiConflict(
        "Who is the best?",
        (PlacedAnswerGroup((side(10),), 3), PlacedAnswerGroup((side(11),), 1), PlacedAnswerGroup((side(12),), 1)),
    )
    return [
        StageAdvanced("check", 0, None, "lines"),
        FindingsFound(findings[:2]),
        FindingsFound(findings[2:]),
        Checked(12, 11, 0, 0.1),
        DuplicatesFound([pair, cluster]),
        ConflictsFound([clash], [dispute]),
        Ended(),
    ]


@pytest.fixture
def journal() -> Path:
    return Path(".curate", "decisions.jsonl")


Opens = Callable[[], ReviewSession]


@pytest.fixture
def open_session(lines: LineIndex, journal: Path) -> Opens:
    """Opens the review as a new process would: from the journal on the disk."""

    def open_() -> ReviewSession:
        session = ReviewSession(lines, DecisionLog(journal))
        session.grow()
        for fact in facts_about(lines):
            session.take(fact)
        return session

    return open_


@pytest.fixture
def session(open_session: Opens) -> ReviewSession:
    return open_session()


def told(sources: ReviewSources, tell: Callable[[ScanEvent], None], stopped: Callable[[], bool]) -> None:
    """Tells the facts about the file as a scan does."""
    lines = LineIndex(sources.files)
    list(lines.build())
    for fact in facts_about(lines):
        tell(fact)


@pytest.fixture
def make_app() -> Callable[[], CurateApp]:
    """An application that reads the file and is told the facts in its workers, as it is in earnest."""
    path = write_lines(Path())
    return lambda: CurateApp(ReviewSources(Project(Path()), Config(), [path]), told)


def tasks_text() -> str:
    """The tasks of the test's event loop and the lines at which they wait, without widgets that wait for messages."""
    lines = []
    for task in asyncio.all_tasks(asyncio.get_event_loop()):
        coroutine: Any = task.get_coro()
        places = []
        while frame := getattr(coroutine, "cr_frame", None):
            places.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
            coroutine = coroutine.cr_await
        if "MessagePump._get_message" not in " ".join(places):
            lines.append(f"{task.get_name()}: {' > '.join(places)}")
    return "\n".join(sorted(lines))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Adds the tasks of the event loop to the report of a test that took too long: its stack is that of the loop."""
    try:
        return (yield)
    except pytest.fail.Exception as failure:
        if "Timeout" in str(failure):
            item.add_report_section("call", "tasks", tasks_text())
        raise


async def at_rest(_least: float = 0) -> None:
    """Waits until the event loop has nothing to do but to wait for timers and threads."""
    loop: Any = asyncio.get_running_loop()
    end = time.monotonic() + PATIENCE_SECONDS
    await asyncio.sleep(0)
    while loop._ready:  # two tasks that wait so would keep each other awake
        assert time.monotonic() < end, f"the event loop is never at rest:\n{tasks_text()}"
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry is drawn as soon as its key is handled, and no key waits for a process that takes little time."""
    monkeypatch.setattr(tui.screens.queue, "DETAIL_DELAY_SECONDS", 0.001)
    monkeypatch.setattr("textual.app.wait_for_idle", at_rest)
    monkeypatch.setattr("textual.pilot.wait_for_idle", at_rest)


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn for a terminal, which takes a third of the time; `screen_text` and pictures draw the whole."""
    render = Compositor.render_update

    def whole(self: Compositor, full: bool = False, **options: Any) -> Any:
        if full:
            return render(self, full, **options)
        self._dirty_regions.clear()
        return None

    monkeypatch.setattr(Compositor, "render_update", whole)


async def settled(pilot: Pilot[None]) -> None:
    """Waits until everything that goes on behind the screen is done, and drawn."""
    app = pilot.app
    assert isinstance(app, CurateApp)
    loop: Any = asyncio.get_running_loop()
    end = time.monotonic() + PATIENCE_SECONDS
    rounds = 0
    while True:
        rounds += 1
        # those of the default group wait for a person
        busy = [worker._task for worker in app.workers if worker.group != "default" and worker._task is not None]
        if busy:
            await asyncio.wait(busy, timeout=max(0, end - time.monotonic()))
        await at_rest()
        if app._exit:  # it was quit
            return
        app._catch_up()
        app.screen._on_timer_update()
        waits = {
            "the check": not app.session.ended or app.session._unplaced,
            "new facts": app._stale and isinstance(app.screen, FrameScreen),  # a dialog above leaves it so
            "the entry to draw": getattr(app.screen, "_due", 0),
            "keys": app._keys or app._asked,
            "a new size": app._resize_timer,
            "updates that are held back": app._batch_count,
            "the screen": not getattr(app.screen, "ready", app.screen.is_mounted),
        }
        ready = not any(waits.values())
        if ready and not busy and not loop._ready:  # what is drawn may cause something else
            return
        if time.monotonic() >= end:
            names = [*(name for name, value in waits.items() if value), *(["workers"] if busy else [])]
            raise AssertionError(f"waited in vain for {names}:\n{screen_text(app)}\n{tasks_text()}")
        await asyncio.sleep(0 if ready and rounds < 1_000 else 0.002)  # beside other work, a thread may need time


async def opened(pilot: Pilot[None], *keys: str) -> ReviewSession:
    """Waits until an application shows its review, and presses some keys."""
    app = pilot.app
    assert isinstance(app, CurateApp)
    await settled(pilot)
    for key in keys:
        if isinstance(app.screen, ConfirmScreen):  # which takes no key that follows another one at once
            app.screen._last -= CONFIRM_DELAY_SECONDS
        await pilot.press(key)
        await settled(pilot)
    return app.session


async def shown(pilot: Pilot[None], text: str, *, gone: bool = False) -> None:
    """Waits until a text is on the screen, or is `gone`: a busy machine may take its time to draw a dialog that follows
    another.
    """
    app = pilot.app
    assert isinstance(app, CurateApp)
    end = time.monotonic() + PATIENCE_SECONDS
    while (text not in screen_text(app)) is not gone:
        assert time.monotonic() < end, f"{text!r} is {'still' if gone else 'not'} shown:\n{screen_text(app)}"
        await asyncio.sleep(0.02)
        await settled(pilot)


def queue(app: CurateApp) -> QueueScreen:
    """The list's screen that is shown."""
    screen = app.screen
    assert isinstance(screen, QueueScreen)
    return screen


def screen_text(app: CurateApp) -> str:
    """What the terminal shows, as text."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())
