"""A sweep from its command to its best recipe: whatever fails, is killed or takes too long."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.core.errors import CurateError, InputError, UsageError
from curate.render.console import print_lines
from tests.conftest import rows_of
from tests.trainer.conftest import here
from tests.trainer.forked import started, until_held
from tests.trainer.tiny import write_recipe, write_split
from tests.waiting import PATIENCE_SECONDS
from train.journal import JournalPrinter
from train.recipe import load_recipe
from train.sweep import sweep_report as text
from train.sweep.space import space_of
from train.sweep.sweep_folder import SweepFolder
from train.sweep.sweep_result import Sweep
from train.sweep.sweeper import sweep
from train.sweep.trial import Runner, TrialMonitor, TrialRun

QUIET = JournalPrinter(quiet=True)
Answer = int | str | float


@pytest.fixture
def light(tmp_path: Path) -> Path:
    """A project whose model nobody loads."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text("{}")
    write_recipe(tmp_path, evaluate_every=None)
    with_validation(tmp_path)
    return tmp_path


def with_validation(folder: Path) -> None:
    write_split(folder / "split")
    (folder / "split/validation.jsonl").write_bytes((folder / "split/test.jsonl").read_bytes())


def answering(answers: dict[int, Answer], done: list[tuple[int, float]] | None = None) -> Runner:
    """Trainings that come to a loss (a number), an error (its class), or an exit status (a whole number), by trial."""

    def run(work: TrialRun, watch: TrialMonitor) -> int:
        trial = int(work.run.name)
        if done is not None:
            done.append((trial, work.share))
        answer = answers.get(trial, float(trial))
        if isinstance(answer, str):
            work.failure.write_text(json.dumps({"kind": answer, "message": f"told by {answer}", "next": "do this"}))
            return 2
        if isinstance(answer, int):
            return answer
        told = {"steps": 12, "trainable_parameters": 100, "validation_loss": answer}
        ended = {"kept_step": 12, "tuned_loss": answer, "base_loss": 9.0, "held_out_examples": 6}
        work.result.write_text(json.dumps(told | (ended if work.share == 1 else {"step": round(12 * work.share)})))
        return 0

    return run


def swept(
    folder: Path, runner: Runner, *over: str, output: str = "sweep", fresh: bool = False, **options: Any
) -> Sweep:
    file = folder / "recipe.toml"
    space = space_of(file, over or ["rank=1,2,3,4,5,6,7,8"], **options)
    return sweep(load_recipe(file), space, SweepFolder(folder / output), QUIET, fresh=fresh, runner=runner)


def states(report: Sweep) -> dict[int, str]:
    return {one.number: one.state for one in report.trials}


def test_poor_trials_are_stopped_early_and_the_best_recipe_is_written(light: Path) -> None:
    done: list[tuple[int, float]] = []
    report = swept(light, answering({4: 0.5}, done))
    assert [trial for trial, _ in done] == [*range(1, 9), 4, 1, 2]
    assert (report.best, report.ended, report.trials[0].number) == (4, "done", 4)
    assert states(report) == {4: "finished", 1: "finished", 2: "finished"} | dict.fromkeys((3, 5, 6, 7, 8), "stopped")
    best = load_recipe(light / "sweep/best.toml")
    assert best == load_recipe(light / "recipe.toml", ["rank=4"])
    assert {file.name for file in (light / "sweep/data").iterdir()} == {
        "train.jsonl",
        "validation.jsonl",
        "manifest.json",
    }


def test_preferences_are_compared_by_their_loss(light: Path) -> None:
    def run(work: TrialRun, watch: TrialMonitor) -> int:
        code = answering({})(work, watch)
        told = json.loads(work.result.read_text())
        if work.share == 1:  # the likelihood of the good answers falls as they are told better from the bad ones
            told |= {"base_preferences": {"loss": 0.7}, "tuned_preferences": {"loss": 1 / told["tuned_loss"]}}
        work.result.write_text(json.dumps(told))
        return code

    report = swept(light, run, "rank=1,2")
    assert (report.best, report.base_loss, report.trials[0].loss) == (2, 0.7, 0.5)


def test_what_fails_is_shown_with_its_reason_and_never_wins(light: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faults: dict[int, Answer] = {1: "NoMemory", 2: "NotANumber", 3: "ConfigError", 4: 3}
    report = swept(light, answering(faults))
    assert report.best == 5
    found = states(report)
    assert [found[trial] for trial in (1, 2, 3, 4)] == ["out-of-memory", "not-a-number", "refused", "failed"]
    print_lines(text.sweep_text(report))
    shown = capsys.readouterr().out
    assert "trial 1: out of memory: told by NoMemory (do this)" in shown
    assert "Best: trial 5: rank = 5" in shown


def test_when_nothing_comes_to_a_loss_there_is_no_best_recipe(light: Path) -> None:
    report = swept(light, answering({1: "NoMemory", 2: "NoMemory"}), "rank=1,2")
    assert (report.best, report.best_recipe, report.better) == (None, None, False)
    assert not (light / "sweep/best.toml").exists()


def test_a_full_disk_ends_the_sweep_and_is_not_held_against_the_trial(light: Path) -> None:
    with pytest.raises(CurateError, match="told by OutputError") as error:
        swept(light, answering({2: "OutputError"}))
    assert "the same command to continue" in error.value.hint
    done: list[tuple[int, float]] = []
    assert swept(light, answering({2: 0.1}, done)).best == 2
    assert done[0][0] == 2


def test_a_training_that_is_killed_is_tried_again_and_not_for_ever(light: Path) -> None:
    done: list[tuple[int, float]] = []
    report = swept(light, answering({1: -9}, done), "rank=1,2")
    assert [trial for trial, _ in done] == [1, 1, 1, 2]
    assert (report.best, states(report)[1]) == (2, "failed")
    assert "SIGKILL" in report.trials[-1].reason


def test_a_budget_that_is_used_up_tells_who_leads_and_a_bigger_one_goes_on(light: Path) -> None:
    asked: list[int] = []

    def slow(work: TrialRun, watch: TrialMonitor) -> int:
        asked.append(int(work.run.name))
        if len(asked) == 5:
            watch.deadline = 0.0
            return 130
        return answering({})(work, watch)

    report = swept(light, slow, minutes=1.0)
    assert (report.ended, report.best, sum(one.state == "waiting" for one in report.trials)) == ("budget", 1, 8)
    journal = light / "sweep/journal.jsonl"
    *ended, stopped = rows_of(journal)
    assert stopped["state"] == "interrupted"
    journal.write_text("".join(json.dumps(line) + "\n" for line in (*ended, {**stopped, "seconds": 90.0})))
    assert (swept(light, slow, minutes=1.0).ended, len(asked)) == ("budget", 5)
    assert swept(light, answering({}), minutes=60.0).ended == "done"


def test_an_interruption_is_told_to_the_trial_and_the_same_command_goes_on(light: Path) -> None:
    def interrupted(work: TrialRun, watch: TrialMonitor) -> int:
        if work.run.name != "03":
            return answering({})(work, watch)
        os.kill(os.getpid(), signal.SIGINT)
        return 130 if watch.asked == 1 else 0

    with pytest.raises(KeyboardInterrupt):
        swept(light, interrupted)
    done: list[tuple[int, float]] = []
    report = swept(light, answering({}, done))
    assert (done[0][0], report.best) == (3, 1)


@pytest.mark.parametrize("cut", [0.3, 0.7, 0.99])
def test_a_torn_journal_is_read_as_far_as_it_goes(light: Path, cut: float) -> None:
    whole = swept(light, answering({4: 0.5}))
    journal = light / "sweep/journal.jsonl"
    journal.write_bytes(journal.read_bytes()[: int(journal.stat().st_size * cut)])
    again = swept(light, answering({4: 0.5}))
    assert (again.best, states(again)) == (whole.best, states(whole))


def test_a_sweep_that_has_ended_is_not_done_again(light: Path) -> None:
    swept(light, answering({}))
    done: list[tuple[int, float]] = []
    assert swept(light, answering({}, done)).best == 1
    assert done == []


def test_a_folder_with_another_sweep_or_with_other_files_is_left_alone(light: Path) -> None:
    swept(light, answering({}), "rank=1,2")
    with pytest.raises(UsageError, match=r"another sweep .*trials"):
        swept(light, answering({}), "rank=1,3")
    assert swept(light, answering({2: 0.1}), "rank=1,3", fresh=True).best == 2
    (light / "other").mkdir()
    (light / "other/thesis.txt").write_text("years of work")
    for fresh in (False, True):
        with pytest.raises(UsageError, match=r"thesis\.txt"):
            swept(light, answering({}), output="other", fresh=fresh)


def test_a_sweep_folder_with_links_loses_nothing_behind_them(light: Path) -> None:
    (light / "victim/checkpoints").mkdir(parents=True)
    (light / "sweep/trials").mkdir(parents=True)
    (light / "sweep/data").mkdir()
    (light / "sweep/data/train.jsonl").symlink_to(light / "recipe.toml")
    (light / "sweep/trials/1").symlink_to(light / "victim")
    with pytest.raises(InputError, match="is a link"):
        swept(light, answering({}))
    assert (light / "victim/checkpoints").is_dir()
    (light / "sweep/trials/1").unlink()
    swept(light, answering({}))
    assert (light / "sweep/data/train.jsonl").resolve() == (light / "split/train.jsonl").resolve()


def test_without_a_validation_split_nothing_is_decided_by_the_test_split(light: Path) -> None:
    (light / "split/validation.jsonl").write_text("")
    with pytest.raises(InputError, match=r"never by test\.jsonl"):
        swept(light, answering({}))


def test_a_page_of_a_sweep_shows_its_plots_and_takes_nothing_for_markup(light: Path) -> None:
    report = swept(light, answering({}), 'target_modules=["<script>"],attention', "learning_rate=1e-4,3e-4")
    page = (light / "sweep/report.html").read_text()
    assert "<script" not in page
    assert page.count("<figure>") == 1 + 2
    assert page.count("<tr") == 1 + len(report.trials)


def test_no_trial_better_than_the_base_is_told(light: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = swept(light, answering({1: 9.5, 2: 10.0}), "rank=1,2")
    assert not report.better
    assert any("no trial is better than the base" in sentence for sentence in text.sentences(report))


@pytest.mark.slow
@pytest.mark.xdist_group("forked")
def test_a_sweep_that_was_killed_and_interrupted_finds_the_same_best_recipe(project: Path) -> None:
    with_validation(project)
    write_recipe(project, evaluate_every=None, max_steps=6, save_every=1, method="lora", dtype="float32", dropout=0.0)
    over = ["learning_rate=1e-3,1e-2", "rank=2,4"]
    whole = swept(project, here, *over, output="whole")
    words = ["sweep", str(project / "recipe.toml"), "-o", str(project / "killed")]
    words += [word for one in over for word in ("--over", one)]
    for trial, number, expected in (("01", signal.SIGKILL, -9), ("02", signal.SIGINT, 130)):
        process = started(project / "told", *words, hold=trial)
        training = until_held(process, project / "killed/trials" / trial)
        os.kill(process.pid, number)
        os.kill(training, signal.SIGCONT)
        process.join(timeout=PATIENCE_SECONDS)
        assert process.exitcode == expected
    assert "the same command continues from here" in (project / "told.err").read_text()
    resumed = swept(project, here, *over, output="killed")
    assert (project / "killed/best.toml").read_text() == (project / "whole/best.toml").read_text()
    assert [(one.number, one.loss, one.state) for one in resumed.trials] == [
        (one.number, one.loss, one.state) for one in whole.trials
    ]
    assert sorted(states(whole).values()) == ["finished"] * 2 + ["stopped"] * 2
    assert whole.base_loss is not None
    assert whole.better


@pytest.mark.slow
def test_a_training_that_paused_ends_with_the_bits_of_one_that_did_not(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_validation(project)
    write_recipe(project, evaluate_every=None, max_steps=4, generations=0)
    words = ["train", str(project / "recipe.toml"), "--quiet", "--json", "--run-dir"]
    assert main([*words, str(project / "whole")]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert main([*words, str(project / "paused"), "--pause-at", "0.5"]) == 0
    paused = json.loads(capsys.readouterr().out)
    assert (paused["step"], paused["steps"], paused["key"]) == (2, 4, whole["key"])
    assert not (project / "paused/report.json").exists()
    assert main([*words, str(project / "paused"), "--resume"]) == 0
    assert json.loads(capsys.readouterr().out) == whole
