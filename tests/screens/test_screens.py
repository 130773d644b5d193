"""The review with keys: open, look, filter, decide, edit, repair, change one's mind, decide about many, leave, come
back.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.color import Color
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, TextArea

from curate.commands.run.followed import Followed, Follower
from curate.conflicts.evidence import Evidence
from curate.core.config import Config, ReviewConfig
from curate.core.decision import Decision
from curate.core.errors import InputError, OutputError
from curate.core.events import StageAdvanced
from curate.core.example import Place
from curate.core.finding import Finding, Severity
from curate.lint.suppressions import load_suppressions
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from curate.read.index import LineIndex
from curate.review import (
    Cluster,
    ClusterMember,
    Edit,
    PairConflict,
    PlacedExample,
    Progress,
    ReviewSession,
    ReviewSources,
    ReviewStatus,
    View,
    views,
)
from curate.review.events import ConflictsFound, DuplicatesFound, Ended, FindingsFound, ScanEvent, StageFailed
from curate.review.scan import scan
from curate.storage import files
from tests.screens.conftest import (
    LINES,
    SECRET,
    chat,
    example_at,
    opened,
    queue,
    screen_text,
    settled,
    shown,
    told,
    write_lines,
)
from tests.waiting import PATIENCE_SECONDS, eventually, until
from tui.app import CurateApp
from tui.keys import KEYS, TABS
from tui.messages import Failed, FilterChosen
from tui.render.rows import Openings, openings
from tui.screens.ask import ConfirmScreen
from tui.screens.changing import EditScreen
from tui.screens.frame import EndScreen
from tui.screens.help import HelpScreen
from tui.widgets import EntryList, KeyFooter, Nav

pytestmark = pytest.mark.slow  # the whole review, in many states

Makes = Callable[[], CurateApp]


def app_for(facts: Callable[..., None] = told, lines: tuple[bytes, ...] = LINES) -> CurateApp:
    return CurateApp(ReviewSources(Project(Path()), Config(), [write_lines(Path(), lines)]), facts)


async def test_the_first_lines_can_be_looked_at_while_everything_else_goes_on() -> None:
    go_on = threading.Event()

    def slow(_sources: ReviewSources, tell: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
        tell(StageAdvanced("check", 5, None, "lines"))
        go_on.wait(PATIENCE_SECONDS)
        tell(Ended())

    app = app_for(slow)
    async with app.run_test(size=(100, 30)) as pilot:
        await eventually(lambda: "check" in screen_text(app), lambda: screen_text(app))
        await pilot.press("2")
        await eventually(lambda: "When did Apollo 11 land?" in screen_text(app), lambda: screen_text(app))
        await pilot.press("d", "u", "n", "3", "y", "4", "5", "space", "down", "1")
        go_on.set()
        await settled(pilot)


async def test_a_list_draws_no_entry_before_its_screen_is_mounted() -> None:
    drawn: list[int] = []

    class Bare(App[None]):
        def compose(self) -> ComposeResult:
            yield EntryList("finding", Mock(), hash, lambda: drawn.append(1))

    async with Bare().run_test() as pilot:
        await pilot.pause()
    assert not drawn


def test_leaving_does_not_wait_for_the_checking() -> None:
    begun, go_on = threading.Event(), threading.Event()
    waited: list[bool] = []

    def slow(_sources: ReviewSources, _tell: object, _stopped: object) -> None:
        begun.set()
        waited.append(go_on.wait(PATIENCE_SECONDS))

    async def leave(pilot: Pilot[object]) -> None:
        await eventually(begun.is_set)
        await pilot.press("q")

    app_for(slow).run(headless=True, auto_pilot=leave)
    assert not waited
    go_on.set()


async def test_decide_undo_quit_and_reopen(make_app: Makes, journal: Path) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "3", "d")
        entry = queue(app).entry
        assert entry
        assert entry.code == "J001"  # the broken line, which has to be corrected or dropped
        await opened(pilot, "n", "y", "u", "u", "U", "d", "n", "d", "5", "a", "q")
    assert app.return_code in (0, None)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        session = await opened(pilot, "3")
        assert [session.status(session.findings.entry(number)) for number in (1, 3)] == [
            ReviewStatus.DROP,
            ReviewStatus.DROP,
        ]
        assert session.status(session.conflicts.entry(0)) == ReviewStatus.MIXED
        assert "3 of 4 decided" in screen_text(app)
    assert len(journal.read_text().splitlines()) == 9


async def test_files_with_long_names_are_told_apart_in_a_list() -> None:
    paths = [write_lines(Path()).rename(f"conversations-of-the-shop-{year}.jsonl") for year in (2023, 2024)]
    app = CurateApp(ReviewSources(Project(Path()), Config(), paths), lambda _sources, tell, _stopped: tell(Ended()))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "2")
        assert "…3.jsonl:1 " in screen_text(app)
        await opened(pilot, "G")
        assert "…4.jsonl:" in screen_text(app)


async def test_an_undo_leaves_what_another_review_has_just_decided(make_app: Makes, journal: Path) -> None:
    """And says so, whether or not the journal was read since."""
    app = make_app()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        session = await opened(pilot, "3", "d")
        example = session.log.decisions[0].example
        other = ReviewSession(session.lines, DecisionLog(journal), "bob")
        other.decide({example: "keep"})
        await opened(pilot, "u")
        await shown(pilot, "1 decision left as it is: replaced")
        assert (session.verdict(example), session.log.contested()) == ("keep", {})
        await opened(pilot, "y", "H", "u")
        other.log.follow()
        other.decide({session.log.decisions[-1].example: "drop"})
        await opened(pilot, "y")
        await shown(pilot, "left as it is: replaced since then")
        assert not session.log.contested()


async def test_undo_returns_to_where_it_was_decided(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await opened(pilot, "3", "5", "b", "3", "u")
        assert (app.current_mode, queue(app).list.cursor) == ("conflicts", 0)


async def test_a_cluster_is_decided_duplicate_by_duplicate(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        session = await opened(pilot, "4", "end")
        entry = queue(app).entry
        assert entry
        assert "duplicate 1/2" in screen_text(app)
        await opened(pilot, "a")
        assert ("duplicate 2/2" in screen_text(app), session.status(entry)) == (True, ReviewStatus.PARTLY)
        await opened(pilot, "h", "y")
        assert [session.verdict(example) for example in entry.ids] == ["keep", "undecided"]
        await opened(pilot, "G", "A")
        assert session.status(entry) == ReviewStatus.DROP


async def test_choose_a_keeper_and_split_a_cluster(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        session = await opened(pilot, "4", "end", "right", "B")
        entry = session.clusters.entry(1)
        assert [session.verdict(example) for example in entry.ids] == ["drop", "keep"]
        await opened(pilot, "u", "end", "v")
        assert "1 duplicate marked" in screen_text(app)
        await opened(pilot, "vertical_line")
        assert [session.verdict(example) for example in entry.ids] == ["keep", "drop"]


async def test_a_question_with_many_answers_is_settled_by_a_stand(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        session = await opened(pilot, "5", "end")
        assert "majority" in screen_text(app)
        await opened(pilot, "B")
        entry = session.conflicts.entry(1)
        assert [session.verdict(example) for example in entry.ids] == ["drop", "keep", "drop"]


async def test_both_answers_stay_or_both_go_or_one_is_edited(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        session = await opened(pilot, "5", "y")
        clash = session.conflicts.entry(0).ids
        assert [session.verdict(example) for example in clash] == ["keep", "keep"]
        await opened(pilot, "u", "d")
        assert [session.verdict(example) for example in clash] == ["drop", "drop"]
        await opened(pilot, "u", "e", "a")
        area = app.screen.query_one(TextArea)
        area.text = area.text.replace("1969", "July 1969")
        await opened(pilot, "ctrl+s")
        assert [session.verdict(example) for example in clash] == ["edit", "undecided"]
        await opened(pilot, "e", "b")
        area = app.screen.query_one(TextArea)
        area.text = area.text.replace("1968", "1969, in July")
        await opened(pilot, "ctrl+s")
        assert [session.verdict(example) for example in clash] == ["edit", "edit"]
        assert session.status(session.conflicts.entry(0)) is ReviewStatus.EDIT


async def test_only_keys_that_do_something_are_offered(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        session = await opened(pilot, "3")
        assert " Keep " in screen_text(app)
        await opened(pilot, "a", "b", "A", "Y")
        assert session.progress().decided == 0
        await opened(pilot, "4")
        assert "Keep A" in screen_text(app)
        assert "A" not in app.screen.active_bindings  # a pair that differs in a fact
        await opened(pilot, "down")
        assert "A" in app.screen.active_bindings


async def test_filter_order_and_clear(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        session = await opened(pilot, "3", "slash", *"robot")
        assert len(queue(app).list) == 1
        await opened(pilot, "enter", "d")
        assert session.progress("finding").decided == 1
        await opened(pilot, "slash", *" never", "enter")
        assert "No entry matches the filter" in screen_text(app)
        await opened(pilot, "y", "d", "n", "j", "G", "escape")
        assert len(queue(app).list) == 5
        assert not queue(app).query_one("#filter", Input).display
        await opened(pilot, "o")
        assert "by line" in screen_text(app)


async def test_a_late_result_of_an_earlier_filter_is_not_shown(
    make_app: Makes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list would wait forever for that of the last one, and take no key."""
    begun, go_on, posted = threading.Event(), threading.Event(), threading.Event()

    def late(session: ReviewSession, view: View) -> Openings:
        if view.text == "code:C003":
            begun.set()
            go_on.wait(PATIENCE_SECONDS)
        return openings(session, view)

    find = CurateApp._find_matching

    def find_matching(app: CurateApp, session: ReviewSession, message: FilterChosen, order: str) -> None:
        find(app, session, message, order)
        if message.text == "code:C003":
            posted.set()

    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "3")
        monkeypatch.setattr("tui.app.openings", late)
        monkeypatch.setattr(CurateApp, "_find_matching", find_matching)
        app.post_message(FilterChosen("finding", "code:C003"))
        await eventually(begun.is_set)
        app.post_message(FilterChosen("finding", "code:M006"))
        await settled(pilot)
        go_on.set()
        await eventually(posted.is_set)
        await pilot.pause()
        assert queue(app).ready
        await opened(pilot, "d")
        assert "M006" in screen_text(app)
        assert len(queue(app).list) == 1


async def test_keys_of_other_programs_move_and_decide_nothing(make_app: Makes, journal: Path) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "2")
        at = []
        for key in ("j", "j", "k", "G", "k", "g", "h", "l"):
            await opened(pilot, key)
            at.append(queue(app).list.cursor)
        assert (at, journal.exists()) == ([1, 2, 1, 11, 10, 0, 0, 0], False)


async def test_go_to_a_line(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, "3")
        at, text = [], ""
        for line in ("8", "1", "data.jsonl:9", "99", "x", "other.jsonl:3"):
            await opened(pilot, ":", *line, "enter")
            at.append(queue(app).list.cursor)
            text += screen_text(app)  # a message goes after some seconds
        assert at == [1, 3, 2, 2, 2, 2]
        assert "no entry at or after other.jsonl:3" in text
        assert "x: not LINE or FILE:LINE" in text


async def test_edit_in_place_with_what_the_rules_say(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 40)) as pilot:
        session = await opened(pilot, "3")
        await opened(pilot, "e")
        assert isinstance(app.screen, EditScreen)
        assert "C003" in screen_text(app)
        area = app.screen.query_one(TextArea)
        area.text = area.text.rstrip("\n") + "I am.\n"
        await shown(pilot, "C003", gone=True)
        area.text = "{not json"
        await opened(pilot, "ctrl+s")
        assert "not valid JSON" in screen_text(app)
        area.text = "#: user\nhi\n#: assistant\nI am."
        await opened(pilot, "ctrl+s")
        example = session.example(session.findings.entry(1))
        assert example
        assert [message.text for message in example.messages] == ["hi", "I am."]
        await opened(pilot, "u")
        assert session.status(session.findings.entry(1)) == ReviewStatus.UNDECIDED


async def test_edit_in_an_editor_of_ones_own(make_app: Makes, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    Path("editor.sh").write_text("#!/bin/sh\nsed -i 's/there/here/' \"$1\"\n")
    Path("editor.sh").chmod(0o755)
    monkeypatch.setenv("VISUAL", str(Path("editor.sh").absolute()))
    monkeypatch.setattr(CurateApp, "suspend", lambda _app: nullcontext())
    app = make_app()
    async with app.run_test(size=(100, 40)) as pilot:
        session = await opened(pilot, "3", "E")
        example = session.example(session.findings.entry(1))
        assert example
        assert example.messages[1].text == "are you here?"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("./editor.sh", "not UTF-8"),
        ("rm", "edit cancelled"),
        ("vi 'x", "No closing quotation"),
        ("./no-such-editor", "No such file"),
    ],
)
async def test_an_editor_that_breaks_ends_neither_the_review_nor_the_text(
    command: str, said: str, make_app: Makes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import nullcontext

    Path("editor.sh").write_text("#!/bin/sh\nprintf '#: user\\ncaf\\351\\n' > \"$1\"\n")
    Path("editor.sh").chmod(0o755)
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(drafts))
    monkeypatch.setenv("VISUAL", command)
    monkeypatch.setattr(CurateApp, "suspend", lambda _app: nullcontext())
    app = make_app()
    async with app.run_test(size=(100, 40), notifications=True) as pilot:
        await opened(pilot, "3", "E")
        await shown(pilot, said)
        left = [file.read_bytes() for file in drafts.iterdir()]
        assert left == ([b"#: user\ncaf\xe9\n"] if "UTF-8" in said else [])


async def test_repair_shows_first_what_would_change(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 40)) as pilot:
        session = await opened(pilot, "3", "end")
        await opened(pilot, "r")
        assert isinstance(app.screen, ConfirmScreen)
        assert "- " in screen_text(app)
        await opened(pilot, "escape")
        assert session.progress().decided == 0
        await opened(pilot, "r", "enter")
        assert session.status(session.findings.entry(0)) == ReviewStatus.EDIT


async def test_what_stands_above_a_list_stands_over_its_columns(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 40)) as pilot:
        for key, columns in (
            ("2", ("line", "question")),
            ("3", ("rule", "line", "message")),
            ("4", ("size", "question")),
            ("5", ("rule", "question")),
        ):
            await opened(pilot, key)
            head, *rows = screen_text(app).split("\n")[1:4]
            starts = [head.index(column) for column in columns]
            assert [(row[at - 1], row[at] != " ") for row in rows for at in starts] == [(" ", True)] * len(
                starts
            ) * len(rows)


async def test_suppress_with_a_reason_and_note(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 40)) as pilot:
        session = await opened(pilot, "3", "s")
        await opened(pilot, *"fine", "enter")
        assert [(entry.code, entry.reason) for _, entry in load_suppressions(Path()).lines] == [("C003", "fine")]
        await opened(pilot, "home", "m", *" yes", "enter")
        assert session.note(session.findings.entry(1).ids[0]) == "yes"
        assert "“yes”" in screen_text(app)


async def test_an_edit_and_a_note_of_another_window_are_not_replaced_unseen(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        session = await opened(pilot, "3", "e")
        example = session.findings.entry(1).ids[0]
        other = ReviewSession(session.lines, DecisionLog(session.log.path))
        theirs = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Theirs."}]}
        other.decide({example: Edit(theirs)})
        other.annotate(example, "their note")
        app._check_for_changes()
        app.screen.query_one(TextArea).text = "#: user\nhi\n#: assistant\nMine."
        await opened(pilot, "ctrl+s")
        assert "changed meanwhile in another window" in " ".join(screen_text(app).split())
        assert session.log.state_of(example).value == theirs  # type: ignore[union-attr]
        assert "Mine." in app.screen.query_one(TextArea).text
        await opened(pilot, "ctrl+s")
        assert "Mine." in str(session.log.state_of(example).value)  # type: ignore[union-attr]

        await opened(pilot, "home", "m")
        other.log.follow()
        other.annotate(example, "their second note")
        app._check_for_changes()
        await opened(pilot, *" mine", "enter")
        assert session.note(example) == "their second note"
        await opened(pilot, "enter")
        assert session.note(example) == "their note mine"


async def test_bulk_shows_what_will_happen(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 40)) as pilot:
        session = await opened(pilot, "3", "slash", *"is:open", "enter", "asterisk")
        await opened(pilot, "d")
        await shown(pilot, "3 examples in 4 entries would change")
        await opened(pilot, "enter")
        assert session.progress("finding").decided == 4
        await opened(pilot, "u")
        assert session.progress("finding").decided == 0


async def test_what_two_people_decided_apart_is_shown(make_app: Makes, journal: Path) -> None:
    app = make_app()
    example = app.session.lines  # the file is written
    assert example is not None
    async with app.run_test(size=(100, 40)) as pilot:
        session = await opened(pilot, "3", "d")
        theirs = DecisionLog(Path("theirs.jsonl"))
        theirs.add(
            Decision(example=session.findings.entry(1).ids[0], verdict="keep", who="bob", why="mine", replaces=())
        )
    DecisionLog(journal).merge(Path("theirs.jsonl"))
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "3", "home")
        text = screen_text(app)
        assert "contested" in text
        assert "bob: ✓ keep “mine”" in text


async def test_secrets_are_hidden_until_somebody_asks(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(220, 40)) as pilot:
        await opened(pilot, "5", "end")
        assert SECRET not in screen_text(app)
        await opened(pilot, "x")
        assert SECRET in screen_text(app)


async def test_marks_stay_with_the_old_content_of_a_changed_file() -> None:
    """The scan read the new file: its ids are not those of the lines that are shown. Equal notices are shown once."""
    added = chat(("user", "new"), ("assistant", "first"))

    def change_first(sources: ReviewSources, tell: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
        Path("new.jsonl").write_bytes(b"\n".join((added, *LINES)) + b"\n")
        Path("new.jsonl").replace("data.jsonl")
        scan(sources, None, tell)

    app = app_for(change_first)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        session = await opened(pilot, "2")
        ids = [example_at(session.lines, line).id for line in (1, 2, 3)]
        assert [session.examples.entry(row).ids[0] for row in range(3)] == ids
        session.decide({ids[0]: "drop"})
        await opened(pilot, "j", "k")
        assert [session.status(session.examples.entry(row)).name for row in (0, 1)] == ["DROP", "UNDECIDED"]
        for _ in range(3):
            app.post_message(Failed(InputError("data.jsonl:1: the line changed on disk")))
        await settled(pilot)
        await shown(pilot, "Failed")
        assert screen_text(app).count("Failed") == 1


async def test_a_file_that_changes_is_told_and_read_again(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        session = await opened(pilot, "3", "d")
        write_lines(Path(), (chat(("user", "new"), ("assistant", "first")), *LINES))
        app._check_for_changes()
        await settled(pilot)
        assert "changed on disk" in screen_text(app)
        monkey = app._facts
        app._facts = lambda _sources, tell, _stopped: tell(Ended())
        await opened(pilot, "2", "R")
        app._facts = monkey
        assert app.session is not session
        assert len(app.session.examples) == 13
        assert "new" in screen_text(app)
        dropped = app.session.examples.entry(7)
        assert app.session.status(dropped) == ReviewStatus.DROP


async def test_lines_that_are_not_found_again_yet_are_not_drawn(
    make_app: Makes, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, begun, free = LineIndex.build, threading.Event(), threading.Event()

    def slow(index: LineIndex) -> Iterator[int]:
        begun.set()
        free.wait(PATIENCE_SECONDS)
        yield from build(index)

    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "2", "end")
        at = app.screen.query_one(EntryList).number
        monkeypatch.setattr(LineIndex, "build", slow)
        write_lines(Path())
        await app.action_reload()
        assert app.screen.query_one(EntryList).number is None
        await eventually(begun.is_set)
        assert not len(app.session.examples)
        free.set()
        await settled(pilot)
        assert app.screen.query_one(EntryList).number == at
        assert len(app.session.examples) == 12


async def test_a_stage_that_cannot_go_on_is_told() -> None:
    error = InputError("data.jsonl: is a zip archive \x1b[2J [red]", "unpack it first")

    def broken(_sources: ReviewSources, tell: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
        tell(StageFailed("check", error))
        tell(Ended())

    app = app_for(broken)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        assert "is a zip archive \\x1b[2J [red]" in screen_text(app)


async def test_an_error_behind_the_screen_is_told_with_the_next_step() -> None:
    def broken(*_: object) -> None:
        raise InputError("data.jsonl: gone \x1b[2J [red]", "look for it")

    app = app_for(broken)
    async with app.run_test(size=(100, 30), notifications=True):
        await eventually(lambda: "data.jsonl: gone \\x1b[2J [red]" in screen_text(app), lambda: screen_text(app))
        assert "look for it" in screen_text(app)
        assert app.is_running


async def test_a_full_disk_is_told_and_nothing_counts(make_app: Makes, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **_named: object) -> None:
        raise OutputError("decisions.jsonl: cannot be written: no space left", "free some space")

    app = make_app()
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        session = await opened(pilot, "3")
        append = files.append_lines
        monkeypatch.setattr("curate.project.decision_log.append_lines", full)
        await opened(pilot, "d")
        assert (queue(app).list.cursor, session.progress().decided) == (0, 0)
        assert "free some space" in screen_text(app)
        await opened(pilot, "e")
        app.screen.query_one(TextArea).text = "#: user\nhi\n#: assistant\nI am."
        await opened(pilot, "ctrl+s")
        assert "I am." in app.screen.query_one(TextArea).text  # what was typed is not lost
        await opened(pilot, "escape", "y", *"my", "enter")
        assert app.screen.query_one(Input).value == "y"
        monkeypatch.setattr("curate.project.decision_log.append_lines", append)
        await opened(pilot, "enter")
        assert session.note(session.findings.entry(0).ids[0]) == "y"


@pytest.mark.parametrize("change", [b"more", b""])
async def test_a_file_that_changes_before_the_check_ends_no_review(change: bytes) -> None:
    lines = tuple(chat(("user", f"question {number}"), ("assistant", "answer")) for number in range(29))

    def checked(sources: ReviewSources, tell: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
        until(lambda: app.session.lines.complete)  # else they may be read while the file is empty, before it is written
        write_lines(Path(), lines if change else ())
        scan(sources, None, tell)

    app = app_for(checked, lines[:20])
    async with app.run_test(size=(100, 30)) as pilot:
        session = await opened(pilot, "2")
        await eventually(lambda: session.ended)
        await opened(pilot, "d")
        assert session.progress("example").decided == len(session.log.decisions) == bool(change)


async def test_a_file_that_is_cut_before_the_check_ends_no_review() -> None:
    lines = tuple(chat(("user", f"question {number}"), ("assistant", "answer " * 500)) for number in range(100))

    def checked(sources: ReviewSources, tell: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
        until(lambda: app.session.lines.complete)
        write_lines(Path(), lines[:50])
        scan(sources, None, tell)

    app = app_for(checked, lines)
    async with app.run_test(size=(80, 24)) as pilot:
        session = await opened(pilot, "2", "end", "d", "home", "d")
        assert [session.examples.entry(row).ids == () for row in (0, 99)] == [False, True]
        assert len(session.log.decisions) == 1


async def test_the_end_of_the_check_tells_which_examples_are_decided_and_filters_them_anew() -> None:
    go_on = threading.Event()

    def checked(sources: ReviewSources, tell: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
        go_on.wait(PATIENCE_SECONDS)
        scan(sources, None, tell)

    app = app_for(checked, tuple(chat(("user", f"question {number}"), ("assistant", "answer")) for number in range(5)))
    async with app.run_test(size=(100, 30)) as pilot:
        await eventually(lambda: app.session.lines.complete)
        app.session.log.add(Decision(example=example_at(app.session.lines, 1).id, verdict="drop", replaces=()))
        await pilot.press("2", "slash", *"is:undecided", "enter")
        await eventually(lambda: "filter is:undecided · ? of 5 decided" in screen_text(app), lambda: screen_text(app))
        go_on.set()
        await shown(pilot, "1/4 · filter is:undecided · 1 of 5 decided")


async def test_a_line_that_another_program_changed_is_not_decided_about() -> None:
    one, other = (chat(("user", word * 9_000), ("assistant", word)) for word in "ab")
    app = app_for(lambda _sources, tell, _stopped: tell(Ended()), (one, other))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        session = await opened(pilot)
        found = Finding("C003", Severity.ERROR, "data.jsonl", 1, "", "", "", False, example_at(session.lines, 1).id)
        session.take(FindingsFound([found]))
        await opened(pilot, "3")
        with Path("data.jsonl").open("r+b") as file:
            file.write(other + b"\n" + one)
        await opened(pilot, "d")
        assert "data.jsonl:1: the line changed on disk" in screen_text(app)
        await opened(pilot, "asterisk", "d", "m", "e", "L", "s")
        assert queue(app).list.cursor == 0
        assert not session.log.decisions


async def test_what_cannot_be_a_line_or_a_file_is_told(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        for key, typed, said in (
            ("colon", "9" * 5_000, "not LINE or FILE:LINE"),
            ("w", "a" * 300 + ".jsonl", "cannot be written"),
            ("w", "a\0.jsonl", "cannot be written"),
        ):
            await opened(pilot, "2", key)
            app.screen.query_one("#answer", Input).value = typed
            await opened(pilot, "enter")
            await shown(pilot, said)
            app.clear_notifications()


async def test_a_bug_ends_the_application_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback would show local variables, and these hold the user's data."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret text of the data")

    app = app_for(broken)

    async def run() -> None:
        async with app.run_test():
            await eventually(app._exception_event.is_set)

    with pytest.raises(ZeroDivisionError):
        await run()
    assert isinstance(app.crash, ZeroDivisionError)
    assert "secret text" not in capsys.readouterr().err


async def test_help_names_every_key_and_the_palette_does_what_keys_do(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 150)) as pilot:
        await opened(pilot, "4", "question_mark")
        assert isinstance(app.screen, HelpScreen)
        text = screen_text(app)
        assert [key.id for key in KEYS if key.tooltip[:30] not in text] == []
        await opened(pilot, "escape")
        front: Screen[Any] = app.screen
        names = [command.title for command in app.get_system_commands(front)]
        assert "Keep A (a)" in names
        assert "Repair (r)" not in names
        await pilot.press("t")
        assert not app.current_theme.dark


async def test_the_mouse_chooses_screens_and_entries(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(160, 40)) as pilot:
        await opened(pilot)
        assert await pilot.click(Nav, offset=(30, 0))
        await settled(pilot)
        assert app.current_mode == "findings"
        assert await pilot.click("#list", offset=(5, 2))
        await settled(pilot)
        assert queue(app).list.cursor == 2
        await pilot.hover(KeyFooter, offset=(screen_text(app).splitlines()[-1].index("? Help"), 0))
        assert app.screen.query_one(KeyFooter).tooltip == "Show every key."
        assert await pilot.click(KeyFooter, offset=(screen_text(app).splitlines()[-1].index("Help"), 0))
        await settled(pilot)
        assert isinstance(app.screen, HelpScreen)


async def test_a_rule_of_the_overview_leads_to_its_findings(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, *["down"] * 5, "enter")  # below the four tasks
        assert (app.current_mode, queue(app).text) == ("findings", "code:J001")


def test_the_table_of_keys_is_complete_and_unambiguous() -> None:
    assert len({key.id for key in KEYS}) == len(KEYS)
    assert all(key.label and key.tooltip.endswith(".") for key in KEYS)
    assert len({tab.short for tab in TABS}) == len(TABS)


async def test_what_is_shown_or_selected_is_written_to_a_new_file(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot, "2", "slash", *"fruit", "enter", "w", *"a.jsonl", "enter")
        assert Path("a.jsonl").read_bytes() == b"".join(line + b"\n" for line in LINES[2:6])
        await opened(pilot, "space", "j", "space", "w", *"b.jsonl", "enter")
        assert Path("b.jsonl").read_bytes() == LINES[2] + b"\n" + LINES[4] + b"\n"
        await opened(pilot, "escape", "w", *"b.jsonl", "enter")
        await shown(pilot, "already exists")
        assert Path("b.jsonl").read_bytes() == LINES[2] + b"\n" + LINES[4] + b"\n"
        await opened(pilot, "4", "w", *"c.jsonl", "enter")
        assert Path("c.jsonl").read_bytes() == b"".join(line + b"\n" for line in LINES[:6])


async def test_the_end_of_a_list_is_shown_and_takes_no_decision(make_app: Makes, journal: Path) -> None:
    app = make_app()
    async with app.run_test(size=(100, 40)) as pilot:
        session = await opened(pilot, "3", "d", "d")  # the second one is about the line that cannot be read
        assert "3 of 4 decided, 1 with nothing to decide" in screen_text(app)
        await opened(pilot, "y", "y")
        assert isinstance(app.screen, EndScreen)
        text = screen_text(app)
        assert "Findings: nothing is left to decide" in text
        assert "Duplicates  0 of 2 decided" in text
        assert "next: decide what is left" in text
        before = journal.read_text()
        await opened(pilot, "d", "y", "d")
        assert journal.read_text() == before
        await opened(pilot, "5", "a", "B")
        assert isinstance(app.screen, EndScreen)
        await opened(pilot, "4", "a", "a", "a")
        assert session.progress() == Progress(8, 8)
        assert "next: curate apply data.jsonl -o clean.jsonl" in screen_text(app)
        await opened(pilot, "escape", "n")
        assert isinstance(app.screen, EndScreen)


async def test_lines_to_correct_are_counted_and_visited(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 40)) as pilot:
        await opened(pilot, "3", "n")
        assert "0 of 4 decided, 1 to correct, 1 with nothing to decide" in screen_text(app)
        entry = queue(app).entry
        assert entry
        assert entry.code == "J001"
        assert entry.choices == frozenset(("drop",))


async def test_the_cursor_stays_visible_in_a_smaller_window() -> None:
    lines = tuple(chat(("user", f"question {n}"), ("assistant", "yes")) for n in range(60))
    app = app_for(lambda _sources, tell, _stopped: tell(Ended()), lines)
    async with app.run_test(size=(100, 60)) as pilot:
        await opened(pilot, "2", *["down"] * 16)
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert "question 16" in screen_text(app).split("────")[0]


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of WCAG 2.1."""

    def luminance(color: Color) -> float:
        parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


async def test_the_rows_under_the_cursor_can_be_read(make_app: Makes) -> None:
    """Contrast of all text colors on the cursor's background, in both themes."""
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "3")
        for _ in range(2):
            names = ("foreground", "text-error", "text-warning", "text-success", "text-primary", "foreground-muted")
            variables = app.theme_variables
            ground = Color.parse(variables["background"])
            row = ground.blend(Color.parse(variables["primary"]), 0.2)
            for name in names:
                color = variables[name]
                text = row.get_contrast_text(0.87) if color.startswith("auto") else Color.parse(color)
                shown = row.blend(text, text.a, 1.0) if text.a < 1 else text
                assert contrast(row, shown) >= 4.5, (name, app.theme, contrast(row, shown))
            await pilot.press("t")
            await settled(pilot)


async def test_findings_are_grouped_and_a_selection_is_decided_by_menu(make_app: Makes, journal: Path) -> None:
    app = make_app()
    async with app.run_test(size=(110, 40)) as pilot:
        session = await opened(pilot, "3", "z", "z", "z")
        assert "data.jsonl:7 ×2 2 open" in screen_text(app)
        assert len(queue(app).list) == 4
        await opened(pilot, "y", "d", "e", "r", "s")
        assert not journal.exists()  # a group takes no decision by one key
        await opened(pilot, "enter", "j")
        assert len(queue(app).list) == 6
        assert "▾ data.jsonl:7" in screen_text(app)
        await opened(pilot, "y")
        assert (session.progress("finding").decided, queue(app).entry is not None) == (1, True)
        await opened(pilot, "u", "g", "enter", "space", "space")
        text = screen_text(app)
        assert ("3 selected" in text, "■▸" in text) == (True, True)
        await opened(pilot, "asterisk", "d")
        await shown(pilot, "2 examples in 3 entries would change")
        await opened(pilot, "enter")
        assert [session.status(session.findings.entry(number)) for number in range(4)] == [
            ReviewStatus.DROP, ReviewStatus.DROP, ReviewStatus.DROP, ReviewStatus.UNDECIDED]  # fmt: skip
        assert "selected" not in screen_text(app)
        await opened(pilot, "u")
        assert session.progress("finding").decided == 0


async def test_the_preview_of_a_repair_says_that_a_difference_is_hidden() -> None:
    def checked(sources: ReviewSources, tell: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
        scan(sources, None, tell)

    app = app_for(checked, (chat(("user", "Who?"), ("assistant", "Ask bob.miller@gmail.com\nor Ann.")),))
    async with app.run_test(size=(110, 40)) as pilot:
        session = await opened(pilot, "3", "slash", *"code:S003", "enter", "r")
        text = screen_text(app)
        assert "bob.miller" not in text
        assert "- Ask [E-MAIL ADDRESS]" in text
        assert "+ Ask [E-MAIL ADDRESS]" in text
        assert "the difference is in a secret or an address" in text
        await opened(pilot, "enter")
        (entry,) = (session.findings.entry(number) for number in range(len(session.findings))
                    if session.findings.entry(number).code == "S003")  # fmt: skip
        assert session.status(entry) is ReviewStatus.EDIT


async def test_a_selection_is_repaired_noted_and_undecided(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(110, 40)) as pilot:
        session = await opened(pilot, "3", "G", "space", "g", "space")
        await opened(pilot, "asterisk", "r")
        text = screen_text(app)
        assert "1 finding in 1 example would be fixed" in text
        assert "+ are you there?" in text or "- #: user" in text
        await opened(pilot, "enter")
        assert session.status(session.findings.entry(0)) is ReviewStatus.EDIT
        example = session.findings.entry(0).ids[0]
        session.annotate(example, "before")
        await opened(pilot, "G", "space", "asterisk", "m", *"all", "enter")
        assert "1 already has a note" in screen_text(app)
        await opened(pilot, "enter")
        assert session.note(example) == "before; all"
        await opened(pilot, "G", "space", "asterisk", "u")
        await opened(pilot, "enter")
        assert session.status(session.findings.entry(0)) is ReviewStatus.UNDECIDED


async def test_a_new_filter_leaves_nothing_selected_that_is_not_shown(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(110, 40)) as pilot:
        await opened(pilot, "3", "space", "space", "slash", *"robot", "enter")
        assert "selected" not in screen_text(app)
        await opened(pilot, "space")
        assert "1 selected" in screen_text(app)
        await opened(pilot, "escape")
        assert (queue(app).text, "selected" in screen_text(app)) == ("robot", False)


async def test_messages_are_aligned_and_identical_ones_folded() -> None:
    long = "The same long answer. " * 40
    one = chat(("system", "Be brief."), ("user", "Name a river."), ("assistant", long), ("user", "And a lake?"),
               ("assistant", "Lake Constance lies in the Alps."))  # fmt: skip
    other = chat(("user", "Name a river."), ("assistant", long), ("user", "And a lake?"),
                 ("assistant", "Lake Geneva lies in the Alps."))  # fmt: skip
    lines = (one, other)

    def facts(sources: ReviewSources, tell: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
        index = LineIndex(sources.files)
        list(index.build())
        sides = [PlacedExample(Place("data.jsonl", line), example_at(index, line).id) for line in (1, 2)]
        tell(DuplicatesFound([Cluster(sides[0], (ClusterMember(sides[1], "D003", 0.9),), apart=True)]))
        tell(Ended())

    app = app_for(facts, lines)
    async with app.run_test(size=(160, 50)) as pilot:
        await opened(pilot, "4")
        rows = [line[64:] for line in screen_text(app).split("\n")]
        for words in ("Name a river.", "And a lake?", "(no message here)"):
            assert sum(words in row for row in rows) == 1
        assert any("Lake Constance" in row and "Lake Geneva" in row for row in rows)
        assert "more characters; f shows them" in screen_text(app)
        await opened(pilot, "f")
        assert "f shows them" not in screen_text(app)
        said = []
        for key in ("right_square_bracket", "right_square_bracket", "right_square_bracket", "left_square_bracket"):
            await opened(pilot, key)
            said.append(screen_text(app).split("\n")[-2].strip())
        assert said == ["difference 1 of 2", "difference 2 of 2", "difference 1 of 2", "difference 2 of 2"]
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        await opened(pilot, "left_square_bracket", "left_square_bracket")
        assert "Lake Constance" in screen_text(app)


async def test_an_edit_that_is_equal_to_a_dropped_example_is_told(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot, "2", "d", "j", "k", "e")
        area = app.screen.query_one(TextArea)
        area.text = area.text.replace("1968", "1969")
        await opened(pilot, "ctrl+s")
        assert "is dropped, too" in " ".join(screen_text(app).split())


async def test_examples_are_labelled_and_rated_by_keys() -> None:
    config = Config(review=ReviewConfig(labels=("great", "off-topic")))
    app = CurateApp(ReviewSources(Project(Path()), config, [write_lines(Path())]), told)
    async with app.run_test(size=(120, 40)) as pilot:
        session = await opened(pilot, "3", "L", "4")
        example = session.findings.entry(1).ids[0]
        assert (session.log.rating(example), session.verdict(example)) == (4, "undecided")
        await opened(pilot, "L", "b")
        assert "★★★★☆ #off-topic" in screen_text(app)
        await opened(pilot, "asterisk", "l", "a")
        await opened(pilot, "enter")
        assert session.log.labels(example) == ("great", "off-topic")
        await opened(pilot, "u", "g", "L", "b", "L", "0")
        assert (session.log.labels(example), session.log.rating(example)) == ((), None)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_long_preview_leaves_the_keys_of_its_dialog_visible(size: tuple[int, int]) -> None:
    broken = tuple(chat(("user", f"hi {n}\u200b"), ("user", "there?"), ("assistant", "")) for n in range(9))

    def facts(sources: ReviewSources, tell: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
        index = LineIndex(sources.files)
        list(index.build())
        ids = [example_at(index, line).id for line in range(1, 10)]
        found = [Finding("M016", Severity.WARNING, "data.jsonl", line, "/messages/1", "two turns", "", True, id_)
                 for line, id_ in enumerate(ids, start=1)]  # fmt: skip
        tell(FindingsFound(found))
        tell(Ended())

    app = app_for(facts, broken)
    async with app.run_test(size=size) as pilot:
        await opened(pilot, "3", "asterisk", "r")
        text = screen_text(app)
        assert "9 findings in 9 examples would be fixed" in text
        assert "Cancel" in text


@pytest.mark.parametrize(("key", "none"), [("3", "No findings"), ("4", "No duplicates"), ("5", "No conflicts"),
                                           ("7", "No training"), ("8", "No finished training")])  # fmt: skip
async def test_nothing_is_said_to_be_missing_before_it_is_known(
    make_app: Makes, monkeypatch: pytest.MonkeyPatch, key: str, none: str
) -> None:
    go_on = threading.Event()

    def late(*arguments: Any) -> Iterator[View]:
        go_on.wait(PATIENCE_SECONDS)
        yield from views(*arguments)

    def late_runs(follower: Follower) -> list[Followed]:
        go_on.wait(PATIENCE_SECONDS)
        return read_runs(follower)

    read_runs = Follower.read_runs
    monkeypatch.setattr("tui.app.views", late)
    monkeypatch.setattr(Follower, "read_runs", late_runs)
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        try:
            await eventually(lambda: app.session.ended, lambda: screen_text(app))
            await pilot.press(key)
            await eventually(lambda: "oading …" in screen_text(app), lambda: screen_text(app))
            assert none not in screen_text(app)
        finally:
            go_on.set()
        await shown(pilot, "oading …", gone=True)


async def test_editing_begins_at_the_words_that_differ(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "5", "e", "b")
        area = app.screen.query_one(TextArea)
        row, column = area.cursor_location
        assert area.document.get_line(row)[column:].startswith("1968")
        await opened(pilot, "escape", "2", "e")
        area = app.screen.query_one(TextArea)
        assert area.document.get_line(area.cursor_location[0]) == "You are a historian."


async def test_a_key_right_behind_escape_is_not_typed_into_the_editor(make_app: Makes, journal: Path) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "2", "e")
        app.post_message(events.Key("alt+j", "j"))
        await settled(pilot)
        assert (queue(app).list.cursor, journal.exists()) == (1, False)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("It landed in 1969.", "It landed in 1968."), set()),
        (
            tuple(f"{word}, it was by the general and statesman Julius Caesar, who died." for word in ("No", "Yes")),
            {"No", "Yes"},
        ),
    ],
    ids=["whole", "cut"],
)
async def test_of_contradictory_sentences_the_words_that_differ_are_marked(
    said: tuple[str, str], words: set[str]
) -> None:
    def tell(sources: ReviewSources, take: Callable[[ScanEvent], None], _stopped: object) -> None:
        lines = LineIndex(sources.files)
        list(lines.build())
        left, right = (PlacedExample(Place("data.jsonl", line), example_at(lines, line).id) for line in (1, 2))
        evidence = (Evidence("nli", *said, 0.9),)
        take(ConflictsFound([PairConflict("X003", left, right, 1.0, evidence, 0.9, id="1-2")], []))
        take(Ended())

    app = app_for(tell)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "5")
        strips = app.screen._compositor.render_strips()
        marked = {one.text for strip in strips for one in strip if one.style and one.style.underline}
        assert marked == {"1969", "1968", *words}


async def test_reloading_unchanged_files_keeps_the_lists(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        session = await opened(pilot, "3", "R")
        assert app.session is session
        assert "no file has changed" in screen_text(app)
        assert len(queue(app).list) == 5


async def test_a_stage_that_has_done_nothing_yet_has_no_count() -> None:
    def slow(_sources: object, tell: Callable[[ScanEvent], None], stopped: Callable[[], bool]) -> None:
        tell(StageAdvanced("duplicates", 0, None, "lines"))
        while not stopped() and not go_on.wait(0.01):
            pass

    go_on = threading.Event()
    app = app_for(slow)
    async with app.run_test(size=(100, 30)) as pilot:
        await eventually(lambda: "comparing …" in screen_text(app), lambda: screen_text(app))
        go_on.set()
        await pilot.press("q")


async def test_a_row_and_its_entry_show_the_same_decision(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "3", "end", "s", *"meant", "enter", "end")
        row, about = screen_text(app).split("─" * 20)[0], screen_text(app).split("─" * 20)[-1]
        assert any("✓▲ M016" in line for line in row.split("\n")), row
        assert "✓ keep" in about


async def test_at_80_columns_all_names_of_screens_are_whole(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "4")
        top = screen_text(app).splitlines()[0]
        assert all(tab.title in top for tab in TABS)


async def test_the_footer_of_the_overview_offers_enter(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "Enter Open" in screen_text(app).splitlines()[-1]
        await opened(pilot, "enter")
        assert app.current_mode == "findings"


async def test_messages_hide_neither_status_nor_keys(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await opened(pilot, "3")
        app.notify("x" * 200, timeout=60)
        await settled(pilot)
        await shown(pilot, "xxx")
        *_, status, keys = screen_text(app).splitlines()
        assert "decided" in status
        assert "Help" in keys


async def test_help_groups_the_keys_of_a_list(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(100, 120)) as pilot:
        await opened(pilot, "3", "question_mark")
        text = screen_text(app)
        names = ("decide", "change", "annotate", "find and select", "look")
        assert [text.index(f"Findings: {name}") for name in names] == sorted(
            text.index(f"Findings: {name}") for name in names
        )
