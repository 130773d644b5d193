"""A training from the screen: started, stopped, gone on with, in a process of its own."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from curate.commands.run import followed
from curate.commands.run.followed import Followed, TrainingState
from curate.core.config import Config
from curate.core.errors import UsageError
from curate.project.runs import Project
from curate.review import ReviewSources
from curate.review.events import Ended
from tests.conftest import trust_folder
from tests.screens.conftest import opened, screen_text
from tests.trainer.forked import held_process, leading
from tests.trainer.tiny import write_recipe
from tests.waiting import PATIENCE_SECONDS, is_running, until
from tui.app import CurateApp

HELD = ("2",)
"""The command, which stops after two steps: on a busy machine, it could be finished before a key is handled."""


@pytest.mark.slow
@pytest.mark.xdist_group("forked")
async def test_a_training_is_started_stopped_and_gone_on_with(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_running()  # not from the screen, whose standard error has no number
    monkeypatch.setattr(followed, "subprocess", SimpleNamespace(Popen=leading, DEVNULL=subprocess.DEVNULL))
    monkeypatch.setattr(followed, "_is_trainer", lambda *_: True)  # see below
    monkeypatch.setattr(followed, "CURATE_COMMAND", HELD)
    write_recipe(project, max_steps=6, save_every=500, generations=0)
    (project / "data.jsonl").write_text("")
    app = CurateApp(
        ReviewSources(Project(project), Config(recipe="recipe.toml"), [project / "data.jsonl"]),
        lambda _sources, tell, _stopped: tell(Ended()),
    )
    async with app.run_test(size=(120, 50)) as pilot:

        async def reached(so: Callable[[Followed], bool]) -> Followed:
            end = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < end:
                await asyncio.sleep(0.05)
                app.screen.read_runs()  # type: ignore[attr-defined]
                runs: list[Followed] = app.results.get("runs", [])
                if runs and so(runs[0]):
                    return runs[0]
            raise AssertionError(screen_text(app))

        async def confirmed(key: str) -> None:
            await opened(pilot, key, "y")

        await opened(pilot, "7")
        await confirmed("s")
        run = await reached(lambda run: len(run.steps) >= 2 and held_process(run.path) > 0)
        training = held_process(run.path)
        assert run.state is TrainingState.RUNNING
        monkeypatch.setattr(followed, "CURATE_COMMAND", ("0",))
        await opened(pilot)
        assert "▶ running" in screen_text(app)
        await confirmed("x")
        os.kill(training, signal.SIGCONT)
        stopped = await reached(lambda run: run.state is not TrainingState.RUNNING)
        await confirmed("s")
        finished = await reached(lambda run: run.state is TrainingState.FINISHED)
        assert stopped.state is TrainingState.STOPPED
        assert finished.steps[: len(stopped.steps)] == stopped.steps
        assert [event for event in finished.events if event != "failed"] == ["interrupted", "resumed", "finished"]
        await opened(pilot)
        assert "held-out loss" in screen_text(app)


def test_the_file_of_the_process_id_is_written_through_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed, "CURATE_COMMAND", (sys.executable, "-c", ""))
    (tmp_path / "recipe.toml").write_text("")
    (tmp_path / "victim").write_text("of a person")
    runs = tmp_path / ".curate/runs"
    runs.mkdir(parents=True)
    (runs / "recipe.pid").symlink_to(tmp_path / "victim")
    followed.start(Project(tmp_path), tmp_path / "recipe.toml")
    assert (tmp_path / "victim").read_text() == "of a person"
    assert int((runs / "recipe.pid").read_text()) > 0


def test_a_recipe_in_a_folder_of_somebody_else_is_trained_by_only_with_consent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_folder(tmp_path / "nothing")
    monkeypatch.setattr(followed, "CURATE_COMMAND", (sys.executable, "-c", ""))
    project = Project(tmp_path / "project")
    recipe = project.folder / "recipe.toml"
    recipe.parent.mkdir()
    recipe.write_text('model = "somebody/model"\ndata = "split"\n')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"a model of the hub.*needs your consent"):
        followed.start(project, recipe)
    assert not project.run("recipe").with_name("recipe.log").exists()
    followed.start(project, recipe, yes=True)
    monkeypatch.chdir(project.folder)  # a recipe of the working folder is the user's own
    followed.start(project, recipe)


def test_a_process_is_stopped_only_if_it_trains_that_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed, "CURATE_COMMAND", (sys.executable, "-c", "import time; time.sleep(600)"))
    (tmp_path / "recipe.toml").write_text("")
    run = followed.start(Project(tmp_path), tmp_path / "recipe.toml")
    run.mkdir()
    file = run.with_name("recipe.pid")
    process = int(file.read_text())
    assert os.getsid(process) == process  # it outlives the terminal
    with pytest.raises(UsageError, match="no training is running there"):
        followed.stop(run)
    with FileLock(run / ".lock"), subprocess.Popen(["sleep", "600"]) as other:
        try:
            file.write_text(str(other.pid))
            with pytest.raises(UsageError, match="was started elsewhere"):
                followed.stop(run)
            assert is_running(other.pid)
        finally:
            other.kill()
        file.write_text(str(process))
        followed.stop(run)
    until(lambda: not is_running(process))
