"""The whole run: a stage is not run twice for the same inputs, and a run killed anywhere ends as an undisturbed one."""

import json
import signal
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.commands.run import run
from curate.commands.run.result import RunResult
from curate.commands.session import Session
from curate.core.config import load_config
from curate.core.decision import Decision
from curate.core.errors import CurateError
from curate.core.events import Event, StageFinished
from curate.core.example import content_id
from curate.network.egress import Consent
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from tests.conftest import Write, chat, rows_of
from tests.forks import KILL_AT, Forks

FACTS = [
    ("What is the capital of Peru?", "Lima."),
    ("What is the capital of Peru?", "Cusco."),
    ("How high is it?", "It is 3 m."),
    ("How high is it?", "It is 4 m."),
]


@pytest.fixture
def project(write: Write) -> Path:
    """A folder with a configuration and 60 examples: copies, near copies, conflicts, an error and a broken line among
    them.
    """
    many = [
        (f"Tell me about city number {n}.", f"City number {n} lies at river {n * 7} and has {n * 13} bridges.")
        for n in range(50)
    ]
    lines = [*many, *FACTS, many[3], many[4], ("Say nothing.", " "), b'{"messages": [']
    write("data.jsonl", lines)
    Path("curate.toml").write_text('data = ["data.jsonl"]\nseed = 3\n')
    return Path.cwd()


def reused(folder: Path) -> tuple[RunResult, dict[str, bool]]:
    events: list[Event] = []
    result = run(Project(folder), load_config(folder / "curate.toml"), Session(listen=events.append))
    return result, {event.stage: event.reused for event in events if isinstance(event, StageFinished)}


def test_kept_and_removed_are_all_that_was_read_and_each_removal_has_its_reason(project: Path) -> None:
    result, _ = reused(project)
    manifest = result.written
    assert (manifest.read, manifest.kept) == (58, 54)
    assert manifest.removed.reasons == {"C003": 1, "D001": 2, "J010": 1}
    assert sum(part.examples for part in manifest.splits.values()) == 54
    clashing = sorted(
        (c.code, *sorted((c.left.messages[-1].text, c.right.messages[-1].text))) for c in result.conflicts
    )
    assert clashing == [("X003", "Cusco.", "Lima."), ("X003", "It is 3 m.", "It is 4 m.")]


@pytest.mark.slow
def test_stages_run_again_only_when_what_they_are_made_from_changes(project: Path) -> None:
    first, ran = reused(project)
    assert ran == {"check": False, "dedup": False, "conflicts": False, "split": False}
    again, ran = reused(project)
    assert ({"check": True, "dedup": True, "conflicts": True, "split": True}, first.manifest_sha256) == (
        ran,
        again.manifest_sha256,
    )
    Path("curate.toml").write_text('data = ["data.jsonl"]\nseed = 4\n')
    other, ran = reused(project)
    assert ran == {"check": True, "dedup": True, "conflicts": True, "split": False}
    assert other.manifest_sha256 != first.manifest_sha256
    with Path("data.jsonl").open("a") as file:
        file.write('{"messages": [{"role": "user", "content": "New?"}, {"role": "assistant", "content": "Yes."}]}\n')
    _, ran = reused(project)
    assert ran == {"check": False, "dedup": False, "conflicts": False, "split": False}


def test_output_that_somebody_changed_is_written_again(project: Path) -> None:
    first, _ = reused(project)
    Path("out/train.jsonl").write_text("")
    again, ran = reused(project)
    assert (False, first.manifest_sha256) == (ran["split"], again.manifest_sha256)


def test_a_decision_is_applied_by_the_next_run(project: Path) -> None:
    result, _ = reused(project)
    conflict = result.conflicts[0]
    DecisionLog(Project(project).decisions).add(
        Decision(example=conflict.left.id, verdict="drop", about=conflict.id, who="ann")
    )
    decided, _ = reused(project)
    assert (decided.written.removed.reasons["decision"], decided.written.kept) == (1, 53)
    assert (len(result.conflicts), len(decided.conflicts), decided.undecided) == (
        2,
        2,
        1,
    )  # a decided one stays visible
    removed = rows_of("out/removed.jsonl")
    assert [("ann", conflict.left.id)] == [
        (r["decided_by"], r["example"]) for r in removed if r["decided_by"] not in ("rule", "detector")
    ]


def test_an_example_that_a_person_keeps_is_written_once(project: Path) -> None:
    kept = chat("Tell me about city number 3.", "City number 3 lies at river 21 and has 39 bridges.")
    DecisionLog(Project(project).decisions).add(Decision(example=content_id(kept), verdict="keep"))
    result, _ = reused(project)
    assert (result.written.removed.reasons["D001"], result.written.kept) == (2, 54)


def test_an_error_that_is_suppressed_keeps_its_example(project: Path) -> None:
    assert reused(project)[0].written.removed.reasons["C003"] == 1
    assert main(["suppress", "C003", "data.jsonl:57", "--reason", "silence is the lesson"]) == 0
    result, _ = reused(project)
    assert ("C003" in result.written.removed.reasons, result.written.kept) == (False, 55)


def test_the_outcome_is_the_same_wherever_the_command_is_started(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = reused(project)
    monkeypatch.chdir(tmp_path)
    for leftover in (project / "out", project / ".curate"):
        for path in sorted(leftover.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    assert main(["run", str(project), "--json", "--quiet"]) == 1  # a line holds no example
    again, _ = reused(project)
    assert first.manifest_sha256 == again.manifest_sha256


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("data = []\n", "no data in the configuration"),
        ('data = ["nowhere.jsonl"]\n', "no such file"),
        ('data = ["data.jsonl"]\nrecipe = "none.toml"\n', "no such recipe"),
        ('data = ["data.jsonl"]\n[conflicts]\nembeddings = "offline:none"\n', "offline:none"),
        ('data = ["data.jsonl"]\nerrors = "stop"\n', "has errors"),
    ],
)
def test_what_would_stop_a_run_late_stops_it_early_with_the_next_step(project: Path, config: str, said: str) -> None:
    Path("curate.toml").write_text(config)
    with pytest.raises(CurateError, match=said) as caught:
        reused(project)
    assert caught.value.hint
    assert not Path("out").exists()


def test_a_second_run_at_the_same_time_is_refused(project: Path) -> None:
    from filelock import FileLock

    Project(project).state.mkdir()
    with FileLock(Project(project).lock), pytest.raises(CurateError, match="another `curate run`"):
        reused(project)


@pytest.mark.slow
def test_a_run_that_is_killed_ends_with_the_same_manifest_when_it_is_run_again(project: Path, forks: Forks) -> None:
    Path("curate.toml").write_text(Path("curate.toml").read_text() + "[conflicts]\nmodels = false\n")
    assert main(["run", "--json", "--quiet"]) == 1  # a line holds no example
    expected = Path("out/manifest.json").read_bytes()
    calls, killed = 10, list[int]()
    while not killed or killed[-1] == -signal.SIGKILL:
        for folder in ("out", ".curate"):
            for path in sorted(Path(folder).rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
        killed.append(forks.run("run", "--json", "--quiet", first=KILL_AT.format(calls)).returncode)
        calls *= 3
        assert main(["run", "--json", "--quiet"]) == 1
        assert expected == Path("out/manifest.json").read_bytes()
        assert list(Path().rglob("*.curate-tmp")) == []
    assert killed == [-signal.SIGKILL] * (len(killed) - 1) + [1]
    assert len(killed) > 3


def test_the_example_that_a_policy_names_stays(write: Write) -> None:
    long = "It keeps in a cool cellar until the frosts come and the days are short and the nights are long and cold"
    write(
        "data.jsonl",
        [{**chat("How long does it keep?", f"{long}{' please' * n}"), "date": 2020 + n % 3} for n in range(4)],
    )
    for on in ("conversation", "response"):
        Path("curate.toml").write_text(
            f'data = ["data.jsonl"]\n[dedup]\nkeep = "newest:date"\non = "{on}"\nstop_least = 9\n'
        )
        result, _ = reused(Path.cwd())
        assert (result.written.kept, result.written.removed.reasons) == (1, {"D003": 3})
        [ledger] = Path.cwd().rglob("removed.jsonl")
        assert {json.loads(line)["kept"]["line"] for line in ledger.read_bytes().splitlines()} == {3}


def test_consent_to_ask_a_judge_is_none_to_a_large_removal(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [*[chat("Which colour has the sky?", "It is blue.")] * 9, chat("How far is it?", "Not far.")])
    judge = '[conflicts]\njudge = "http://127.0.0.1:9/v1"\njudge_model = "m"\n'
    Path("curate.toml").write_text(f'data = ["data.jsonl"]\n{judge}[dedup]\nstop_least = 1\nstop_share = 0.1\n')
    monkeypatch.setattr("curate.cli.run.consent", lambda **_: Consent(ask=lambda _: True))
    assert main(["run", "-q"]) == 1
    assert "D008" in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_run_ends_with_its_next_steps(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    clash = [chat("How long can I return an item?", f"You have {days} days.") for days in (14, 30)]
    write("data.jsonl", [*clash, *(chat(f"What is {number} in words?", f"Number {number}.") for number in range(12))])
    Path("curate.toml").write_text('data = ["data.jsonl"]\noutput = "out"\n')
    assert main(["run", "-q"]) == 0
    shown = capsys.readouterr().out
    assert "next: 1 conflict to decide: curate review .\n" in shown
    assert "curate verify out\n" in shown
