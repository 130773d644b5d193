"""The list as a table: columns, orders by them, facets, and the entries that are like another one."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from curate.core.config import Config
from curate.core.decision import FORMAT, Decision
from curate.core.example import content_id
from curate.models.embeddings import EmbeddingCache
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from curate.read.index import LineIndex
from curate.review import ReviewSession, ReviewSources, views
from curate.review.columns import facets
from curate.review.events import ScanEvent
from curate.review.query import term, with_term
from curate.review.scan import scan
from tests.conftest import chat
from tests.screens.conftest import NAME, SECRET, example_at, opened, screen_text, shown, write_lines
from tui.app import CurateApp
from tui.screens.ask import PickScreen
from tui.screens.queue import QueueScreen

pytestmark = pytest.mark.slow  # a check and a review
Makes = Callable[[], CurateApp]
WIDE = (160, 50)
KEY_NAMES = {" ": "space", ":": "colon", ".": "full_stop", "-": "minus"}


def listed(app: CurateApp) -> list[int]:
    """The lines of the entries, of a list of examples; else the numbers of its entries."""
    screen = app.screen
    assert isinstance(screen, QueueScreen)
    assert screen.list.view is not None
    return [int(number) + 1 for number in screen.list.view.rows]


async def choose_columns(pilot: Pilot[None], text: str) -> None:
    await opened(pilot, "C", "ctrl+u", *(KEY_NAMES.get(letter, letter) for letter in text), "enter")


async def picked(pilot: Pilot[None], key: str, name: str) -> None:
    """Choose the first line with a text of a list that a key opens."""
    await opened(pilot, key)
    screen = pilot.app.screen
    assert isinstance(screen, PickScreen)
    lines = [str(one.prompt) for one in screen.query_one(OptionList).options]
    at = next(position for position, line in enumerate(lines) if name in line)
    await opened(pilot, *["down"] * at, "enter")


def scanned(path: Path) -> CurateApp:
    """An application whose facts are those of a check, so that the ids of all examples are known."""

    def tell(given: ReviewSources, take: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
        scan(given, None, take)

    return CurateApp(ReviewSources(Project(Path()), Config(), [path]), tell)


async def test_columns_show_and_sort() -> None:
    app = scanned(write_lines(Path()))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot, "2", "L", "4")
        await choose_columns(pilot, "rating length answer")
        head = str(app.screen.query_one("#head", Static).render())
        assert head.split() == ["line", "rating", "length", "answer"]
        await shown(pilot, "★4")
        assert SECRET not in screen_text(app)
        await opened(pilot, "o", "o")
        assert listed(app)[0] == 1  # the highest rating; those without one come last
        await shown(pilot, "by rating ↓")
        await opened(pilot, "o")
        sizes = [len(line) for line in Path(NAME).read_bytes().splitlines()]
        assert listed(app) == sorted(range(1, 13), key=lambda line: (sizes[line - 1], line))
        await choose_columns(pilot, "what")
        await shown(pilot, "what: no such column")
        await choose_columns(pilot, "-")
        await shown(pilot, "by line")


@pytest.fixture
def sourced() -> CurateApp:
    """An application with lines that have a source, one of them hostile."""
    sources = ["web", "web", "book", "a \x1b[2J[bold]b[/]", None]
    lines = [
        {**chat(f"Tell me about the thing {number}", "ok"), "meta": {"source": source}}
        for number, source in enumerate(sources)
    ]
    Path("sourced.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return scanned(Path("sourced.jsonl"))


async def test_a_field_is_a_column(sourced: CurateApp) -> None:
    async with sourced.run_test(size=WIDE) as pilot:
        await opened(pilot, "2")
        await choose_columns(pilot, "field:meta.source question")
        await shown(pilot, "book")
        assert "\x1b" not in screen_text(sourced)
        await opened(pilot, "o")
        assert listed(sourced) == [4, 3, 1, 2, 5]


async def test_facets_count_and_filter(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=WIDE) as pilot:
        session = await opened(pilot, "3", "Z")
        assert isinstance(app.screen, PickScreen)
        lines = [str(one.prompt).split()[-2:] for one in app.screen.query_one(OptionList).options]
        assert lines == [[code, "1"] for code in ("C003", "D001", "J001", "M006", "M016")]
        await opened(pilot, "down", "enter")
        await shown(pilot, "filter code:D001")
        assert len(listed(app)) == 1
        await opened(pilot, "Z", "escape", "escape")
        assert len(listed(app)) == len(session.findings)


async def test_facets_of_the_journal_and_the_source(sourced: CurateApp) -> None:
    async with sourced.run_test(size=WIDE) as pilot:
        await opened(pilot, "2", "L", "5", "j", "L", "5", "Z")
        await shown(pilot, "meta.source")
        assert "\x1b" not in screen_text(sourced)
        await opened(pilot, "escape")
        await picked(pilot, "Z", "[bold]")
        assert listed(sourced) == [4]
        await opened(pilot, "escape")
        await picked(pilot, "Z", "rating")
        assert listed(sourced) == [1, 2]


def test_a_facet_takes_the_place_of_a_term(session: ReviewSession) -> None:
    assert with_term('code:M0 "a b" -code:X is:open', "code:M006") == '"a b" -code:X is:open code:M006'
    assert with_term("field:a=1", "field:b=2") == "field:a=1 field:b=2"
    assert term("file", 'my "x".jsonl') == 'file:"my ?x?.jsonl"'
    rows = next(views(session, "conflict")).rows
    assert {(one.value, one.entries) for one in facets(session, "conflict", rows)} == {("X003", 1), ("topic", 1)}


async def test_entries_like_this_one() -> None:
    app = scanned(write_lines(Path()))
    async with app.run_test(size=WIDE) as pilot:
        session = await opened(pilot, "2", "j", "j")
        await picked(pilot, "equals_sign", "beginning of the question")
        assert listed(app) == [3, 4, 6]
        await opened(pilot, "asterisk", "d", "y")  # the preview of all of them, and its confirmation
        dropped = {one.example for one in session.log.decisions if one.verdict == "drop"}
        assert dropped == {session.examples.id(number) for number in (2, 3, 5)}
        await opened(pilot, "escape", "g")
        await picked(pilot, "equals_sign", "cluster")
        assert listed(app) == [1, 2]  # a conflict
        await opened(pilot, "3")
        assert isinstance(app.screen, QueueScreen)
        entry = app.screen.entry
        assert entry is not None
        await picked(pilot, "equals_sign", "rule")
        await shown(pilot, f"filter code:{entry.code}")


async def test_entries_like_a_decision_of_the_history() -> None:
    app = scanned(write_lines(Path()))
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, "2", "j", "j", "d", "5", "a", "escape", "H")
        text = screen_text(app)
        assert "drop  Name a fruit and say" in text
        assert "keep, drop  of a conflict  When did Apollo 11 land?" in text
        await opened(pilot, "j")
        await picked(pilot, "equals_sign", "beginning of the question")
        await shown(pilot, "filter begins:")
        assert listed(app) == [3, 4, 6]


async def test_entries_near_by_embedding() -> None:
    cache = EmbeddingCache(Project(Path()).cache / "embeddings-0123.npz")
    texts = ["When did Apollo 11 land?", "Name a fruit and say how it tastes.", "Name one fruit and say how it tastes."]
    cache.add([content_id(text) for text in texts], np.array([[1, 0], [0, 1], [0.1, 0.99]], np.float32))
    cache.save()
    app = scanned(write_lines(Path()))
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, "2", "j", "j")
        await picked(pilot, "equals_sign", "near")
        assert listed(app) == [3, 4, 5, 6]


async def test_the_agreement_of_reviewers_on_a_screen() -> None:
    path = write_lines(Path())
    lines = LineIndex([path])
    list(lines.build())
    for who, verdicts in {"ann": ("keep", "keep", "drop"), "bob": ("keep", "drop", "drop")}.items():
        log = DecisionLog(Project(Path()).journal_of(who))
        for line, verdict in zip((1, 3, 10), verdicts, strict=True):
            log.add(Decision(format=FORMAT, example=example_at(lines, line).id, verdict=verdict, who=who, replaces=()))
    app = scanned(path)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, "2", "ampersand")
        await shown(pilot, "ann and bob: 3 verdicts in common, 66.7% equal, kappa 0.40")
        await shown(pilot, "ann: keep, bob: drop  data.jsonl:3 Name a fruit")
        await opened(pilot, "enter")
        assert isinstance(app.screen, QueueScreen)
        assert app.screen.entry is not None
        assert app.screen.entry.place.line in (3, 6)  # copies of one example


async def test_rows_and_undo_follow_decisions_while_ids_are_not_known(make_app: Makes) -> None:
    app = make_app()  # is not told the ids of the examples, as during a check
    async with app.run_test(size=WIDE) as pilot:
        session = await opened(pilot, "2", "d", "y", "d")
        assert not session.examples.has_ids
        rows = screen_text(app).split("\n")[2:6]
        assert [row.split()[0].strip("▌") for row in rows] == ["✗", "✓", "✗", "○"]
        await opened(pilot, "u")
        await shown(pilot, "3/12")  # returns to the entry
        await opened(pilot, "g", "asterisk", "y")
        await shown(pilot, "3 entries of the list skipped")  # two are decided, and one line has no example


async def test_next_skips_what_was_decided_before_while_ids_are_not_known(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, "2", "d", "d", "d")
    app = make_app()
    async with app.run_test(size=WIDE) as pilot:
        session = await opened(pilot, "2", "n")
        assert not session.examples.has_ids
        await shown(pilot, "4/12")


async def test_undo_of_a_selection_returns_to_its_list_while_ids_are_not_known(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=WIDE) as pilot:
        session = await opened(pilot, "2", "asterisk", "d", "y")
        assert not session.examples.has_ids
        assert session.examples.open < len(session.examples)
        await opened(pilot, "u")
        assert isinstance(app.screen, QueueScreen)
        assert app.screen.kind == "example"


async def test_a_secret_in_a_question_is_not_shown_by_the_entries_like_it() -> None:
    question = f"My token is {SECRET}, is it valid?"
    app = scanned(write_lines(Path(), tuple(json.dumps(chat(question, answer)).encode() for answer in ("Yes.", "No."))))
    async with app.run_test(size=WIDE) as pilot:
        for keys in (("2",), ("d", "H")):  # of the entry under the cursor, and of a decision
            await opened(pilot, *keys, "equals_sign")
            assert "beginning of the question" in screen_text(app)
            assert SECRET not in screen_text(app)
            await opened(pilot, "escape")
        await picked(pilot, "equals_sign", "beginning of the question")
        await shown(pilot, "filter begins:")
        assert SECRET not in screen_text(app)
        assert listed(app) == [1, 2]
        await opened(pilot, "asterisk")
        assert "All 2 entries shown by begins:" in screen_text(app)
        assert SECRET not in screen_text(app)
