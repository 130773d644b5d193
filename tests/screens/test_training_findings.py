"""A review that begins with what a training found hard to learn."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.core.config import Config
from curate.core.datamap import MAPPED, MappedExample, Neighbour
from curate.core.errors import InputError
from curate.lint.suppressions import load_suppressions
from curate.project.runs import Project, data_of, find_run
from curate.read.index import LineIndex
from curate.review import ReviewSession, ReviewSources
from curate.review.events import Ended, ExamplesKnown, ScanEvent, TrainingKnown
from curate.review.training_signals import TRAINING_FILTER, related, training_of
from tests.screens.conftest import Opens, example_at, facts_about, opened, screen_text, write_lines
from tui.app import CurateApp
from tui.review_state import At
from tui.screens.ask import AskScreen


def mapped(lines: LineIndex, line: int, rank: int, *, near: int | None = None) -> MappedExample:
    neighbours = (Neighbour(near, example_at(lines, near).id, 0.9, 0.2),) if near else ()
    return MappedExample(
        line, example_at(lines, line).id, (2.5, 2.25), (1, 4), 2.4, 0.1, 0.01, 0.0, 0.5, 2.0, rank, "hard",
        2.2 if near else None, neighbours
    )  # fmt: skip


def ids_known(lines: LineIndex) -> ExamplesKnown:
    import numpy as np

    numbers = [number for number in range(1, 13) if number != 8]
    ids = [example_at(lines, number).id for number in numbers]
    pairs = np.array([[int(one[:16], 16), int(one[16:], 16)] for one in ids], np.uint64)
    return ExamplesKnown(
        "data.jsonl", np.empty(0, np.int64), np.array([number - 1 for number in numbers], np.int64), pairs
    )


def known(lines: LineIndex) -> TrainingKnown:
    gone = MappedExample(99, "ab" * 16, (1.0,), (1,), 1.0, 0.3, 0.0, 0.0, 0.0, 0.5, 9, None, None)
    return TrainingKnown([mapped(lines, 2, 1, near=10), mapped(lines, 4, 2), mapped(lines, 11, 3), gone], 11)


def facts(lines: LineIndex) -> list[ScanEvent]:
    *told, ended = facts_about(lines)
    assert isinstance(ended, Ended)
    return [known(lines), *told[:4], ids_known(lines), *told[4:], ended]


@pytest.fixture
def learnt(lines: LineIndex, open_session: Opens) -> ReviewSession:
    session = open_session()
    for fact in (known(lines), ids_known(lines)):
        session.take(fact)
    return session


def test_what_was_hard_to_learn_is_found_again_in_the_files(learnt: ReviewSession, lines: LineIndex) -> None:
    from curate.review import views

    shown = list(views(learnt, "finding", TRAINING_FILTER, "as found"))[-1]
    entries = [learnt.findings.entry(shown[at]) for at in range(len(shown))]
    assert [(entry.code, entry.place.line) for entry in entries] == [("PULL", 2), ("HARD", 4), ("HARD", 11)]
    assert "hard 1/11: loss 2.50 → 2.25, +2.00 relative to" in learnt.findings.head(shown[0])
    assert learnt.notes == ["1 example of the run to review is not in these files (edited or moved)"]
    assert learnt.trained is not None
    near = related(learnt.examples, (learnt.conflicts, learnt.clusters), entries[0].ids[0], learnt.trained.mapped)
    assert [(one.why, one.side.place.line) for one in near] == [
        ("neighbour, similarity 0.90, loss 0.20", 10), ("conflict X003", 1),
    ]  # fmt: skip
    others = related(learnt.examples, (learnt.conflicts, learnt.clusters), entries[1].ids[0], learnt.trained.mapped)
    assert ("near-duplicate, similarity 87%", 3) not in [(one.why, one.side.place.line) for one in others]
    assert {one.side.place.line for one in others} >= {5}
    learnt.decide({entries[0].ids[0]: "drop"}, entries[0].about)
    assert learnt.log.decisions[-1].about == "PULL"


@pytest.mark.slow
async def test_the_review_begins_there_with_what_stands_beside(lines: LineIndex) -> None:
    path = write_lines(Path())

    def told(_: ReviewSources, tell: Callable[[ScanEvent], None], __: Callable[[], bool]) -> None:
        for fact in facts(lines):
            tell(fact)

    app = CurateApp(
        ReviewSources(Project(Path()), Config(), [path]), told, 0, At("finding", TRAINING_FILTER, "as found")
    )
    async with app.run_test(size=(120, 40)) as pilot:
        session = await opened(pilot)
        shown = screen_text(app)
        assert "PULL" in shown
        assert "C003" not in shown
        assert "beside: neighbour, similarity 0.90, loss 0.20 data.jsonl:10" in shown
        assert "beside: conflict X003 data.jsonl:1" in shown
        assert "1968" in shown
        assert "Ann is." in shown
        await opened(pilot, "d")
        assert session.verdict(example_at(lines, 2).id) == "drop"


@pytest.mark.slow
async def test_what_no_rule_has_found_is_neither_suppressed_nor_repaired(lines: LineIndex) -> None:
    def told(_: ReviewSources, tell: Callable[[ScanEvent], None], __: Callable[[], bool]) -> None:
        for fact in facts(lines):
            tell(fact)

    app = CurateApp(
        ReviewSources(Project(Path()), Config(), [write_lines(Path())]),
        told,
        0,
        At("finding", TRAINING_FILTER, "as found"),
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        offered = {"s", "r"}
        assert offered.isdisjoint(app.screen.active_bindings)
        await opened(pilot, "s")
        assert not isinstance(app.screen, AskScreen)
        assert {command.title for command in app.get_system_commands(app.screen)}.isdisjoint(
            ("Suppress (s)", "Repair (r)")
        )
        assert load_suppressions(Path()).lines == ()
        await opened(pilot, "escape", "home")
        assert "C003" in screen_text(app)
        assert offered <= set(app.screen.active_bindings)
        assert {"Suppress (s)", "Repair (r)"} <= {command.title for command in app.get_system_commands(app.screen)}


def test_a_run_is_named_by_its_folder_or_its_name(lines: LineIndex, capsys: pytest.CaptureFixture[str]) -> None:
    project = Project(Path())
    run = project.run("mine")
    run.mkdir(parents=True)
    assert find_run("mine", project) == run
    assert find_run(str(run), project) == run
    (run / "identity.json").write_text("{}")
    Path("mine").mkdir()  # the data of that name is not meant
    assert find_run("mine", project) == run
    with pytest.raises(InputError, match="no such run"):
        find_run("other", project)
    with pytest.raises(InputError, match="no such file"):
        training_of(run)
    (run / "datamap.jsonl").write_bytes(b"".join(MAPPED.dump_json(one) + b"\n" for one in known(lines).mapped))
    assert [one.rank for one in training_of(run, 1).mapped] == [1]
    with pytest.raises(InputError, match="does not name the training data"):
        data_of(run)
    (run / "recipe.json").write_text(json.dumps({"data": "split"}))
    with pytest.raises(InputError, match="no longer exists"):
        data_of(run)
    assert main(["review", "--from-run", "other"]) == 2
    assert capsys.readouterr().err
