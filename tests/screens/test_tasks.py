"""The tasks of the first screen: decide what is open, judge a sample, apply, and look at the history."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from curate.cli.main import main
from curate.core.config import Config
from curate.core.decision import Decision
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from curate.read.index import LineIndex
from curate.review import ReviewSession, ReviewSources, ReviewStatus
from curate.review.events import Ended, ExamplesKnown, ScanEvent
from tests.screens.conftest import NAME, SECRET, facts_about, opened, queue, screen_text, shown, write_lines
from tui.app import CurateApp
from tui.render.overview import review_progress
from tui.screens.frame import EndScreen
from tui.screens.history import HistoryScreen
from tui.screens.overview import OverviewScreen

pytestmark = pytest.mark.slow  # the whole review
Makes = Callable[[], CurateApp]


def known_ids(lines: LineIndex) -> ExamplesKnown:
    """The ids of the examples of the file, as a scan reports them."""
    index = lines.indexes[0]
    examples = [index.line(at).example for at in range(index.count)]
    ids = [(int(one.id[:16], 16), int(one.id[16:], 16)) for one in examples if one]
    rows = [at for at, one in enumerate(examples) if one]
    return ExamplesKnown(NAME, np.empty(0, np.int64), np.array(rows), np.array(ids, np.uint64))


def told_with_ids(sources: ReviewSources, tell: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
    lines = LineIndex(sources.files)
    list(lines.build())
    for fact in [*facts_about(lines)[:-1], known_ids(lines), Ended()]:
        tell(fact)


@pytest.fixture
def app() -> CurateApp:
    return CurateApp(ReviewSources(Project(Path()), Config(), [write_lines(Path())]), told_with_ids)


async def test_the_inbox_goes_through_errors_duplicates_and_conflicts(app: CurateApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        session = await opened(pilot)
        assert "3 errors, 2 duplicates, 2 conflicts" in screen_text(app)
        await opened(pilot, "enter")
        assert queue(app).kind == "finding"
        assert "inbox: 0 of 7 decided, Esc ends" in screen_text(app)
        seen = []
        while not isinstance(app.screen, EndScreen):
            entry = queue(app).entry
            assert entry is not None
            seen.append((entry.kind, entry.code))
            assert len(seen) < 20, seen
            await opened(pilot, "d")
        assert [code for kind, code in seen if kind == "finding"] == ["C003", "J001", "M006"]
        kinds = [kind for kind, _ in seen]
        assert kinds == sorted(kinds, key=["finding", "cluster", "conflict"].index)
        assert "Inbox: nothing is left to decide" in screen_text(app)
        assert [session.progress(kind) for kind in ("cluster", "conflict")] == [(2, 2), (2, 2)]
        warnings = [session.status(session.findings.entry(number)) for number in range(len(session.findings))]
        assert ReviewStatus.NOTHING in warnings  # warnings are not in the inbox; the exact copy has no decision
        await opened(pilot, "escape", "1")
        assert "no error, duplicate or conflict is left to decide (7 of 7 decided)" in screen_text(app)


async def test_esc_ends_the_inbox_and_enter_goes_on_where_it_was(app: CurateApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "enter", "d")
        entry = queue(app).entry
        await opened(pilot, "escape")
        assert isinstance(app.screen, OverviewScreen)
        assert "2 errors, 2 duplicates, 2 conflicts (1 of 7 decided)" in screen_text(app)
        assert app.state.filters["finding"] == ""
        await opened(pilot, "enter")
        assert queue(app).entry == entry
        await opened(pilot, "escape", "3")
        assert "inbox" not in screen_text(app)
        assert len(queue(app).list) == 5


async def test_the_next_stage_begins_at_an_open_entry_of_a_list_that_was_shown_before(app: CurateApp) -> None:
    """A key that follows at once decides about nothing else."""
    async with app.run_test(size=(80, 24)) as pilot:
        session = await opened(pilot, "4", "g", "d", "g", "1", "enter", "d", "d")
        done = session.log.decisions[-1].step
        await pilot.press("d", "a")  # the last error, and at once the next key
        await opened(pilot)
        first, second = (session.clusters.entry(number) for number in (0, 1))
        assert session.status(first) is ReviewStatus.DROP
        assert session.log.decisions[-1].about == second.about != done


async def test_a_rule_of_the_overview_is_opened_in_the_order_of_the_list(app: CurateApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        session = await opened(pilot, "3", "o", "1", "down", "down", "down", "down", "enter")
        assert app.state.filters["finding"].startswith("code:")
        await opened(pilot, "d")  # the keys do not wait for another order
        assert len(session.log.decisions) == 1


async def test_the_history_names_reviewer_place_and_value_and_opens_the_entry(app: CurateApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        session = await opened(pilot, "3", "j", "d", "5", "g", "a", "1", "H")
        text = screen_text(app)
        rows = [line for line in text.splitlines() if session.who in line]
        assert "keep" in rows[0]
        assert "drop" in rows[1]
        assert f"{NAME}:" in rows[1]
        await opened(pilot, "slash", *"drop j0", "enter", "enter")
        assert queue(app).kind == "finding"
        entry = queue(app).entry
        assert entry is not None
        assert entry.ids[0] == session.log.decisions[0].example


async def test_any_decision_is_undone_from_the_history_and_redone(app: CurateApp, journal: Path) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        session = await opened(pilot, "2", "g", "d", "d", "d", "H", "G", "u")
        await shown(pilot, "data.jsonl:1: drop → undecided")
        await opened(pilot, "enter")
        first, second = (session.examples.entry(number).ids[0] for number in (0, 1))
        assert (session.verdict(first), session.verdict(second)) == ("undecided", "drop")
        await opened(pilot, "g", "u", "enter")  # the undo is a step of its own, which can be undone
        assert session.verdict(first) == "drop"
        await opened(pilot, "G", "u", "enter", "escape")  # the decision that was restored
        assert session.verdict(first) == "undecided"
        await opened(pilot, "U")
        assert session.verdict(first) == "drop"
    assert DecisionLog(journal).last(first, ("verdict",)) is not None


async def test_what_later_decisions_replaced_is_not_undone(app: CurateApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        session = await opened(pilot, "5", "g", "a", "2", "g", "y", "g", "j", "y", "H", "G", "u")
        text = screen_text(app)
        assert "later decision" in text
        count = len(session.log.decisions)
        if "Nothing would change" in text:
            raise AssertionError(text)
        await opened(pilot, "n", "escape")
        assert len(session.log.decisions) == count
        await opened(pilot, "2", "g", "d", "g", "y", "H", "g", "j", "u")
        await shown(pilot, "Nothing would change")
        await opened(pilot, "enter")
        assert isinstance(app.screen, HistoryScreen)


async def test_an_audit_judges_a_sample_and_tells_the_error_rate(
    app: CurateApp, capsys: pytest.CaptureFixture[str]
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        session = await opened(pilot, "down", "enter", "a")
        await shown(pilot, "200 seed 0")
        await opened(pilot, *["backspace"] * 10, *"4 seed 7", "enter")
        assert queue(app).kind == "example"
        assert "0 of 4 judged" in screen_text(app)
        sample = [decision.example for decision in session.log.decisions]
        assert len(set(sample)) == 4
        entry = queue(app).entry
        assert entry is not None
        assert entry.ids == (sample[0],)  # in random order
        await opened(pilot, "2", "1", "u")
        assert "1 of 4 judged" in screen_text(app)
        await opened(pilot, "3")
        assert "1: good, 2: bad, 0: open" in screen_text(app)
        await opened(pilot, "escape")
        assert isinstance(app.screen, OverviewScreen)
        assert "1 of 4 judged" in screen_text(app)
    assert main(["review", "--audit-result"]) == 0
    assert "1 of 4 judged (random sample of 10 examples, seed 7): 1 bad" in capsys.readouterr().out


async def test_an_audit_is_resumed_and_ends_with_its_interval(app: CurateApp, make_app: Makes) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "down", "enter", "a", *["backspace"] * 10, *"3", "enter", "1")
    again = CurateApp(app.state.sources, told_with_ids)
    async with again.run_test(size=(100, 30)) as pilot:
        session = await opened(pilot, "down", "enter", "1")
        assert "1 of 3 judged" in screen_text(again)
        await opened(pilot, "1", "2")
        assert isinstance(again.screen, EndScreen)
        assert "3 of 3 judged" in screen_text(again)
        assert "1 bad, error rate 33.3%, 95% interval 6.1% to 79.2%" in screen_text(again)
        await opened(pilot, "escape", "slash", *"audit:bad", "enter")
        assert len(queue(again).list) == 1
        assert not session.log.verdicts()  # a judgement decides nothing


async def test_an_audit_of_what_would_be_kept_leaves_out_errors_duplicates_and_drops(app: CurateApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        session = await opened(pilot, "2", "g", "d", "1", "down", "enter", "k", "enter")
        sample = {one.example for one in session.log.decisions if one.record == "audit"}
        lines = {session.examples.place_of(example).line for example in sample}  # type: ignore[union-attr]
        assert lines <= {2, 3, 6, 10, 11, 12}  # 1 dropped; 4, 5 near 3; 7, 9 errors; 8 no example
        assert len(sample) == 5  # 3 and 6 are one content


async def test_the_decisions_are_applied_after_a_preview(app: CurateApp) -> None:
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, "2", "g", "d", "1", "down", "down", "enter", "enter")
        await shown(pilot, "12 lines read: 11 written to clean.jsonl, 0 of them edited; 1 dropped, written to")
        assert not Path("clean.jsonl").exists()
        await opened(pilot, "n")
        assert not Path("clean.jsonl").exists()
        await opened(pilot, "enter", "enter", "enter")
        await shown(pilot, "Applied")
    assert len(Path("clean.jsonl").read_bytes().splitlines()) == 11
    [removed] = Path("clean.removed.jsonl").read_text().splitlines()
    assert json.loads(removed)["line"] == 1


async def test_applying_never_replaces_the_data(app: CurateApp) -> None:
    before = Path(NAME).read_bytes()
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, "2", "g", "d", "1", "down", "down", "enter", *["backspace"] * 11, *NAME, "enter")
        await shown(pilot, "Failed")
    assert Path(NAME).read_bytes() == before


async def test_hostile_text_in_the_journal_is_shown_as_text(journal: Path) -> None:
    """Another program may write names and subjects of any kind."""
    hostile = "\x1b[2J[red]x[/] [@click=app.quit]y"
    DecisionLog(journal).add(
        Decision(format=2, example="0" * 32, verdict="keep", scope="finding", about=hostile, who=hostile, why=SECRET)
    )
    app = CurateApp(ReviewSources(Project(Path()), Config(), [write_lines(Path())]), told_with_ids)
    async with app.run_test(size=(160, 30)) as pilot:
        await opened(pilot, "H")
        text = screen_text(app)
        assert "\x1b" not in text
        assert SECRET not in text
        assert "\\x1b[2J[red]x[/] [@click=app.quit]y" in text
        await opened(pilot, "u")
        assert "\x1b" not in screen_text(app)
        await opened(pilot, "n", "enter")  # an example that is not in the files is no entry
        assert isinstance(app.screen, OverviewScreen)


async def test_the_overview_names_system_prompts_without_secrets() -> None:
    turns = [{"role": "system", "content": f"You know {SECRET}."}, {"role": "user", "content": "Hi"}]
    Path(NAME).write_text(json.dumps({"messages": turns}) + "\n", encoding="utf-8")
    app = CurateApp(
        ReviewSources(Project(Path()), Config(), [Path(NAME)]), lambda _sources, tell, _stopped: tell(Ended())
    )
    async with app.run_test(size=(160, 50)) as pilot:
        await shown(pilot, "system prompts  1 different")
        assert "1 You know [GITHUB TOKEN]." in screen_text(app)


def test_the_overview_says_what_is_not_known_yet(lines: LineIndex, journal: Path) -> None:
    session = ReviewSession(lines, DecisionLog(journal))
    session.grow()
    assert review_progress(session).plain.count("not known yet") == 3
    session.take(Ended())
    assert review_progress(session).plain.count("nothing to decide") == 3
