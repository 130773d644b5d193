"""A small data set with something of everything, and a review of it made by hand, so that no test waits for a detector."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from curate.decision import DecisionLog
from curate.detect.cluster import Duplicate
from curate.detect.conflict import Conflict
from curate.detect.evidence import Evidence
from curate.example import Example, Place
from curate.finding import Finding, Severity
from curate.review import ReviewSession
from tui.app import CurateApp

HOSTILE = "Look \x1b[31mhere\x1b[0m [bold red]loud[/] \u202egnp.exe\u202c zero\u200bwidth [@click=app.quit]x[/]"


def example(line: int, *turns: tuple[str, Any]) -> Example:
    value = {"messages": [{"role": role, "content": content} for role, content in turns]}
    return Example(Place("data.jsonl", line), value, "messages")


EXAMPLES = (
    example(1, ("system", "You are a historian."), ("user", "When did Apollo 11 land?"), ("assistant", "It landed in 1969.")),
    example(2, ("system", "You are a historian."), ("user", "When did Apollo 11 land?"), ("assistant", "It landed in 1968.")),
    example(3, ("user", "Name a fruit and say how it tastes."), ("assistant", "An apple tastes sweet and a little sour.")),
    example(4, ("user", "Name a fruit and say how it tastes."), ("assistant", "An apple tastes sweet and slightly sour.")),
    example(5, ("user", "Name one fruit and say how it tastes."), ("assistant", "An apple tastes sweet and a little sour.")),
    example(6, ("user", "Name a fruit and say how it tastes."), ("assistant", "An apple tastes sweet and a little sour.")),
    example(7, ("user", "hi"), ("user", "are you there?"), ("assistant", "")),
    example(9, ("user", HOSTILE), ("assistant", "日本語 👍 ok"), ("robot", "beep")),
)
BY_LINE = {item.place.line: item for item in EXAMPLES}


def finding(code: str, severity: Severity, line: int, pointer: str, message: str, hint: str = "Mend it.") -> Finding:
    found = BY_LINE.get(line)
    return Finding(code, severity, "data.jsonl", line, pointer, message, hint, False, found.id if found else None)


FINDINGS = (
    finding("C003", Severity.ERROR, 7, "/messages/2/content", "the assistant's answer is empty"),
    finding("M016", Severity.WARNING, 7, "/messages/1", "two user turns in a row"),
    finding("J001", Severity.ERROR, 8, "", "not valid JSON: \x1b[2J expecting a value"),
    finding("M006", Severity.ERROR, 9, "/messages/2/role", "role 'robot' is not known"),
    finding("D001", Severity.WARNING, 6, "", "exact copy of data.jsonl:3"),
)
DUPLICATES = (
    Duplicate(BY_LINE[6], BY_LINE[3], "D001", 1.0),
    Duplicate(BY_LINE[4], BY_LINE[3], "D003", 0.87),
    Duplicate(BY_LINE[5], BY_LINE[3], "D003", 0.82),
)
APART = (Duplicate(BY_LINE[2], BY_LINE[1], "D003", 0.91),)
CONFLICTS = (Conflict("X003", BY_LINE[1], BY_LINE[2], 1.0, (Evidence("dates", "1969", "1968", 0.97),)),)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / ".curate" / "decisions.jsonl"


@pytest.fixture
def open_session(journal: Path) -> Callable[[], ReviewSession]:
    """Opens the review as a new process would: from the journal on the disk."""

    def open_() -> ReviewSession:
        broken = {Place("data.jsonl", 8): '{"messages": \x1b[2J'}
        return ReviewSession(EXAMPLES, FINDINGS, DUPLICATES, CONFLICTS, DecisionLog(journal), apart=APART, broken=broken)

    return open_


@pytest.fixture
def session(open_session: Callable[[], ReviewSession]) -> ReviewSession:
    return open_session()


@pytest.fixture
def make_app(open_session: Callable[[], ReviewSession]) -> Callable[[], CurateApp]:
    """An application that loads the review in its worker, as it does in earnest."""

    def opener() -> Iterator[str | ReviewSession]:
        yield "checking 1 file"
        yield open_session()

    return lambda: CurateApp(opener)


@pytest.fixture
def opened() -> Callable[[Pilot[None]], Any]:
    """Waits until an application shows its review."""

    async def wait(pilot: Pilot[None]) -> ReviewSession:
        app = pilot.app
        assert isinstance(app, CurateApp)
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.review.session is not None
        return app.review.session

    return wait
