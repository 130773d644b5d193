"""Text of the data is shown, never obeyed, however long or strange it is."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from textual.pilot import Pilot

from curate.core.config import Config
from curate.core.errors import CurateError
from curate.core.text import UNSAFE
from curate.project.runs import Project
from curate.read.index import LineIndex
from curate.review import KINDS, ReviewSources
from curate.review.events import Ended, ScanEvent, TrainingKnown
from curate.review.scan import Scan
from curate.review.training_signals import TRAINING_FILTER
from tests.screens.conftest import HOSTILE, LINES, chat, opened, queue, screen_text, settled, told, write_lines
from tests.screens.test_run_screens import write_evaluation, write_run, write_splits
from tests.screens.test_training_findings import ids_known, mapped
from tui.app import CurateApp
from tui.review_state import At
from tui.screens.changing import EditScreen
from tui.screens.training import RunsScreen

pytestmark = pytest.mark.slow  # the whole review, in many states

Makes = Callable[[], CurateApp]
PLAIN = 6
"""Lines at the beginning of the file that anybody may look at."""


def app_for(facts: Callable[..., None] = told, lines: tuple[bytes, ...] = LINES) -> CurateApp:
    return CurateApp(ReviewSources(Project(Path()), Config(), [write_lines(Path(), lines)]), facts)


async def test_hostile_text_is_shown_and_not_obeyed(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        session = await opened(pilot)
        for size, most in (((80, 24), len(LINES)), ((160, 50), 2), ((20, 8), 2)):
            await pilot.resize_terminal(*size)
            await opened(pilot)
            seen = screen_text(app)
            for number, kind in enumerate(KINDS, start=2):
                await opened(pilot, str(number), "home")
                if kind == "example":
                    queue(app).list.cursor = PLAIN - 1
                for _ in range(min(most, len(session.queues[kind]) - (PLAIN if kind == "example" else 0))):
                    await opened(pilot, "down")
                    seen += screen_text(app)
            await opened(pilot, "3", "home", "down", "down", "e")
            seen += screen_text(app)
            assert isinstance(app.screen, EditScreen)
            assert {char for char in UNSAFE.findall(seen) if char != "\n"} == set()
            if size[0] >= 80:
                assert "\\x1b[31mhere\\x1b[0m [bold red]loud[/] \\u202egnp.exe" in seen
                assert "[@click=app.quit]" in seen
            await opened(pilot, "escape")


def write_hostile_run() -> Path:
    """A training that says what it should not, in every place that is shown, and at great length."""
    folder = write_run("run \x1b[2J[bold]x \u202eeno", 3, report=False)
    write_run("another", 2, report=False)
    said = {key: f"{key} {HOSTILE} " + "x" * 1_000_000 for key in ("prompt", "reference", "base", "tuned")}
    (folder / "recipe.json").write_text(json.dumps({"model": HOSTILE + "m" * 1_000_000, "method": {"name": HOSTILE}}))
    (folder / "report.json").write_text(json.dumps({"base_loss": 2.5, "tuned_loss": 1.25, "generations": [said]}))
    with (folder / "metrics.jsonl").open("a") as file:
        file.write("\n" + json.dumps({"event": HOSTILE + "e" * 1_000_000}) + "\n")
    return folder


def make_hostile(folder: Path) -> None:
    """An evaluation in which every text is one."""
    write_evaluation(folder)
    found = json.loads((folder / "evaluation.json").read_text())
    found["verdict"]["sentence"], found["notes"], found["task"] = (
        HOSTILE + "v" * 1_000_000,
        [HOSTILE + "n" * 1_000_000],
        HOSTILE,
    )
    for result in found["results"]:
        result["title"] = HOSTILE
        result["scores"][HOSTILE] = result["scores"]["perplexity"]
    for output in found["outputs"]:
        long = HOSTILE + "o" * 1_000_000
        output |= {
            "file": HOSTILE,
            "request": long,
            "expected": long,
            "answers": dict.fromkeys(output["answers"], long),
        }
    (folder / "evaluation.json").write_text(json.dumps(found))


async def scrolled(pilot: Pilot[None]) -> str:
    """All that a page shows, from its top to its end."""
    page = pilot.app.screen.query_one("#page")
    assert page.virtual_size.height < 2_000
    seen = ""
    for top in range(0, page.virtual_size.height, page.size.height):
        page.scroll_to(y=top, animate=False, force=True)
        await settled(pilot)
        seen += screen_text(cast("CurateApp", pilot.app))
    return seen


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_what_runs_say_is_shown_and_not_obeyed(make_app: Makes, size: tuple[int, int]) -> None:
    folder = write_hostile_run()
    app = make_app()
    async with app.run_test(size=size) as pilot:
        for keys in (("7",), ("right",), ("c",), ("8",)):
            await opened(pilot, *keys)
            seen = await scrolled(pilot)
            assert {char for char in UNSAFE.findall(seen) if char != "\n"} == set()
        assert "\\x1b[31mhere" in seen
        make_hostile(folder)
        cast("RunsScreen", app.screen).read_runs()
        await settled(pilot)
        seen = await scrolled(pilot)
        assert {char for char in UNSAFE.findall(seen) if char != "\n"} == set()
        assert "training helped" in seen
        assert "[bold red]loud[/]" in seen


async def test_what_a_run_found_hard_is_shown_and_not_obeyed(lines: LineIndex) -> None:
    known = TrainingKnown([mapped(lines, 2, 1, near=9), mapped(lines, 9, 2, near=2)], 11)

    def trained(_: ReviewSources, tell: Callable[[ScanEvent], None], __: Callable[[], bool]) -> None:
        for one in (known, ids_known(lines), Ended()):
            tell(one)

    app = CurateApp(
        ReviewSources(Project(Path()), Config(), [write_lines(Path())]),
        trained,
        0,
        At("finding", TRAINING_FILTER, "as found"),
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        seen = screen_text(app)
        await opened(pilot, "down")
        seen += screen_text(app)
        assert {char for char in UNSAFE.findall(seen) if char != "\n"} == set()
        assert "PULL" in seen
        assert seen.count("\\x1b[31mhere\\x1b[0m") == 2


@pytest.mark.slow
async def test_what_a_manifest_says_is_shown_and_not_obeyed() -> None:
    config = write_splits()
    path = Path("out", "manifest.json")
    found = json.loads(path.read_text())
    found["splits"] = {f"{HOSTILE}{name}": part for name, part in found["splits"].items()}
    found["links"] = {HOSTILE + "l" * 1_000_000: 3}
    found["removed"]["reasons"] = {HOSTILE + "r" * 1_000_000: 2}
    path.write_text(json.dumps(found))
    app = CurateApp(
        ReviewSources(Project(Path()), config, [Path("letters.jsonl")]), lambda _sources, tell, _stopped: tell(Ended())
    )
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "6")
        seen = await scrolled(pilot)
        await opened(pilot, "v")
        seen += await scrolled(pilot)
        assert {char for char in UNSAFE.findall(seen) if char != "\n"} == set()
        assert "removed, by reason" in seen
        assert "linked by Look \\x1b[31mhere" in seen


async def test_a_megabyte_and_ten_thousand_turns() -> None:
    turns = [("user" if i % 2 == 0 else "assistant", f"turn {i}") for i in range(10_000)]
    app = app_for(lambda _sources, tell, _stopped: tell(Ended()), (chat(("user", "x" * 1_000_000)), chat(*turns)))
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "2")
        assert "more characters" in queue(app)._page().left.plain  # type: ignore[union-attr]
        await opened(pilot, "down")
        assert "turn 50" in queue(app)._page().left.plain  # type: ignore[union-attr]
        assert "later messages" in queue(app)._page().left.plain  # type: ignore[union-attr]
        await opened(pilot, "e")
        assert isinstance(app.screen, EditScreen) or "E opens $EDITOR" in screen_text(app)


def test_what_a_check_prints_is_not_written_over_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    write_lines(Path())
    scan = Scan(ReviewSources(Project(Path()), Config(), [Path("data.jsonl")]), loud_conflicts)
    with suppress(CurateError):
        list(scan.events())
    scan.stop()
    assert "UserWarning" not in "".join(capfd.readouterr())


def loud_conflicts(*_: object) -> Any:
    os.write(2, b"UserWarning: over the screen\n")
    raise CurateError("none")
