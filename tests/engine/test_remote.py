"""Fine-tuning at a service, from the files to what came of the job, against a real server on this machine that also
misbehaves.
"""

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from curate.cli.main import main
from curate.core.errors import ModelError, RemoteError
from curate.core.targets import Target
from curate.network import egress
from curate.network.chat_endpoint import ChatEndpoint
from curate.remote.endpoint import ServiceAddress, ServiceClient
from curate.remote.fetch import EventLog
from curate.remote.job import event_of, job_of
from curate.remote.services import SERVICE
from curate.remote.settings import Settings
from curate.render.remote import event_text, job_text
from tests.chat_server import running
from tests.conftest import chat, environment, trust
from tests.engine.tuning_server import STEPS, Server, Trouble, serving

KEY = "sk-never-to-be-seen-0123456789"
MODEL = "gpt-4.1-mini-2025-04-14"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    pytest.importorskip("openai", exc_type=ImportError)
    monkeypatch.setenv("CURATE_REMOTE_KEY", KEY)
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.02)
    monkeypatch.setattr("curate.remote.start.FIRST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr("curate.remote.upload.POLL_SECONDS", 0.01)
    monkeypatch.setattr("curate.remote.fetch.POLL_SECONDS", 0)
    for name, count in (("data.jsonl", 12), ("held.jsonl", 10)):
        lines = [json.dumps(chat(f"What is {name} {n} plus {n}?", f"It is {2 * n}, by adding.")) for n in range(count)]
        Path(name).write_text("\n".join(lines) + "\n")
    with serving() as running:
        Path("curate.toml").write_text(f'[remote]\nbase_url = "{running.address}"\nmodel = "{MODEL}"\n')
        trust(running.address, key="CURATE_REMOTE_KEY")
        yield running


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """The JSON that was printed."""
    return json.loads(capsys.readouterr().out)


def start(*options: str) -> int:
    return main(["remote", "start", "data.jsonl", "--yes", "--json", *options])


def watch(*options: str) -> int:
    return main(["remote", "watch", *options])


@pytest.mark.slow
def test_a_job_goes_from_files_to_metrics(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        start(
            "--validation", "held.jsonl", "--epochs", "2", "--batch-size", "4", "--suffix", "mine", "--set", "extra=1.5"
        )
        == 0
    )
    started = said(capsys)
    assert (started["job"]["id"], started["found"], len(server.files)) == ("ftjob-1", False, 2)
    asked = server.jobs["ftjob-1"].value
    assert asked["method"] == {
        "type": "supervised",
        "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": 4, "extra": 1.5}},
    }
    assert server.files["file-1"][1] == Path("data.jsonl").read_bytes()
    assert watch() == 0
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out
    assert [shown.out.count(f"Step {n}/{STEPS}") for n in range(1, STEPS + 1)] == [1] * STEPS
    assert "ft:gpt-4.1-mini:me::abc" in shown.out
    assert "next: curate remote fetch ftjob-1" in shown.err
    assert main(["remote", "fetch", "-o", "got", "--json"]) == 0
    fetched = said(capsys)
    assert fetched["files"] == ["events.jsonl", "metrics.csv", "record.json", "result-file-3.csv"]
    with Path("got/metrics.csv").open() as table:
        assert [row["step"] for row in csv.DictReader(table)] == [str(n) for n in range(1, STEPS + 1)]
    record = json.loads(Path("got/record.json").read_text())
    assert record["asked"]["settings"]["hyperparameters"]["n_epochs"] == 2
    assert record["checkpoints"] == [{"id": "ftckpt-1", "step_number": 6}]
    assert len(Path("got/events.jsonl").read_text().splitlines()) == record["events"] == STEPS + 2


def test_next_steps_name_the_address_that_an_option_named(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    Path("curate.toml").unlink()
    Path(os.environ["XDG_CONFIG_HOME"], "curate/curate.toml").unlink()  # nothing but the option names the address
    command = ["remote", "start", "data.jsonl", "--model", MODEL, "--base-url", server.address, "--yes"]
    for verb in ("watch", "fetch"):
        assert main(command) == 0
        command = shlex.split(capsys.readouterr().err.rsplit("next: curate ", 1)[1])
        assert command == ["remote", verb, "ftjob-1", "--base-url", server.address]
    assert main([*command, "-o", "got"]) == 0


@pytest.mark.slow
def test_together_is_spoken_to_in_its_own_words(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    together = ("--target", "together", "--epochs", "2", "--suffix", "mine", "--set", "learning_rate=1e-5")
    assert start(*together, "--learning-rate-multiplier", "2") == 2
    assert "--set learning_rate" in capsys.readouterr().err
    assert server.requests == []
    server.troubles = [
        Trouble("POST /fine-tunes", "lost"),
        Trouble("POST /files/upload", "429"),
        Trouble("GET /fine-tunes/.*/events", "500"),
    ]
    assert start(*together) == 0
    assert server.jobs["ftjob-1"].value["asked"] == {
        "model": MODEL, "training_file": "file-1", "training_method": {"method": "sft"}, "n_epochs": 2,
        "learning_rate": 1e-5, "suffix": "mine",
    }  # fmt: skip
    assert server.files["file-1"][1] == Path("data.jsonl").read_bytes()
    assert watch() == 0
    shown = capsys.readouterr().out
    assert [shown.count(f"Step {n}/{STEPS}") for n in range(1, STEPS + 1)] == [1] * STEPS
    assert "ft:gpt-4.1-mini:me::abc" in shown
    assert main(["remote", "fetch", "--json"]) == 0
    assert said(capsys)["record"]["job"]["trained_tokens"] == 4321
    assert (len(server.jobs), server.keys) == (1, {f"Bearer {KEY}"})


@pytest.mark.slow
def test_fireworks_is_spoken_to_in_its_own_words(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    fireworks = (
        "--target",
        "fireworks",
        "--base-url",
        f"{server.address}/accounts/me",
        "--validation",
        "held.jsonl",
        "--epochs",
        "2",
    )
    assert start(*fireworks, "--suffix", "mine") == 2
    assert "--set outputModel" in capsys.readouterr().err
    server.troubles = [
        Trouble("POST .*Jobs$", "lost"),
        Trouble("POST .*:upload", "500"),
        Trouble("GET .*datasets/", "429"),
    ]
    assert start(*fireworks, "--set", "learningRate=1e-4") == 0
    training, held = sorted(server.files, key=lambda name: -len(server.files[name][1]))
    assert server.jobs["ftjob-1"].value["asked"] == {
        "baseModel": MODEL, "dataset": f"accounts/me/datasets/{training}",
        "evaluationDataset": f"accounts/me/datasets/{held}", "epochs": 2,
        "learningRate": 1e-4,
    }  # fmt: skip
    assert (server.files[training][0]["exampleCount"], server.files[training][1]) == (
        "12",
        Path("data.jsonl").read_bytes(),
    )
    assert start(*fireworks, "--set", "learningRate=1e-4") == 0
    assert (len(server.jobs), server.asked("POST .*:upload")) == (1, 3)
    capsys.readouterr()
    assert watch() == 0
    assert "running" in capsys.readouterr().out
    assert main(["remote", "fetch"]) == 0
    kept = b"".join(path.read_bytes() for path in Path(".curate").rglob("*") if path.is_file())
    assert b"sig=abc" not in kept
    assert b"of-others" not in kept


@pytest.mark.slow
def test_the_same_is_neither_sent_nor_started_twice(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["remote", "upload", "data.jsonl", "--yes", "--json"]) == 0
    assert [file["reused"] for file in said(capsys)["files"]] == [False]
    Path("copy.jsonl").write_bytes(Path("data.jsonl").read_bytes())
    assert main(["remote", "upload", "copy.jsonl", "--json"]) == 0  # nothing leaves, so nobody is asked
    assert [file["reused"] for file in said(capsys)["files"]] == [True]
    assert [start(), start()] == [0, 0]
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["job"]["id"], second["job"]["id"], second["found"]) == ("ftjob-1", "ftjob-1", True)
    assert (len(server.files), len(server.jobs), server.asked("POST /files")) == (1, 1, 1)
    assert start("--again") == 0
    assert start("--epochs", "5") == 0
    assert len(server.jobs) == 3


@pytest.mark.slow
@pytest.mark.parametrize("what", ["429", "500", "slow"])
def test_a_server_that_is_busy_fails_or_dawdles_is_asked_again(
    server: Server, what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("curate.remote.endpoint.TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr("curate.remote.endpoint.LONG_TIMEOUT_SECONDS", 0.3)
    server.troubles = [
        Trouble(request, what)
        for request in (
            "POST /files",
            "POST /fine",
            "GET /fine.*jobs$",
            "GET /fine.*/ftjob-1$",
            "GET .*events",
            "GET .*content",
        )
    ]
    assert start() == 0
    assert watch("--quiet") == 0
    assert main(["remote", "fetch"]) == 0
    assert (len(server.jobs), all(not trouble.times for trouble in server.troubles)) == (1, True)
    assert Path(".curate/remote/ftjob-1/metrics.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize("what", ["429 insufficient_quota", "429 billing_not_active", "402"])
@pytest.mark.parametrize("request_kind", ["POST /files", "POST /fine"])
def test_an_account_without_credit_is_not_asked_again(
    server: Server, request_kind: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.troubles = [Trouble(request_kind, what, times=20)]
    assert start() == 2
    assert "check its billing" in " ".join(capsys.readouterr().err.split())
    assert server.asked(request_kind) == 1
    server.troubles = []
    assert start() == 0
    assert len(server.jobs) == 1


@pytest.mark.slow
def test_a_start_whose_answer_was_lost_is_not_paid_twice(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.troubles = [Trouble("POST /fine", "lost")]
    assert start() == 0
    assert (said(capsys)["job"]["id"], len(server.jobs)) == ("ftjob-1", 1)


@pytest.mark.slow
def test_a_start_that_was_killed_before_it_knew_is_found_again(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start() == 0
    journal = Path(".curate/remote/journal.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:40])  # it was cut short while the last line was written
    assert start() == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["job"]["id"], second["found"], len(server.jobs)) == (second["job"]["id"], True, 1)


@pytest.mark.slow
def test_a_job_is_found_again_after_many_others_were_started(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start() == 0
    journal = Path(".curate/remote/journal.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]))
    (job,) = server.jobs.values()
    for _ in range(250):
        server.add_job({**job.value, "training_file": "file-of-somebody-else"})
    capsys.readouterr()
    assert start() == 0
    again = said(capsys)
    assert (again["job"]["id"], again["found"], len(server.jobs)) == ("ftjob-1", True, 251)


@pytest.mark.slow
def test_a_job_is_never_taken_for_another_one(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.troubles = [Trouble("POST /fine", "400"), Trouble("POST /fine", "cut")]
    assert start("--seed", "1") == 2  # refused
    assert start("--seed", "2") == 2  # it never arrived, and nobody said so
    assert "it first looks for the job" in capsys.readouterr().err
    assert start("--seed", "3") == 0
    assert start("--seed", "2") == 0
    assert start("--seed", "1") == 0
    assert [json.loads(line)["job"]["seed"] for line in capsys.readouterr().out.splitlines()] == [3, 2, 1]
    assert len(server.jobs) == 3


@pytest.mark.slow
@pytest.mark.parametrize("what", ["half", "cut", "lost"])
def test_half_an_upload_is_sent_again(server: Server, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    server.troubles = [Trouble("POST /files", what)]
    assert main(["remote", "upload", "data.jsonl", "--yes", "--json"]) == 0
    [file] = said(capsys)["files"]
    assert server.files[file["file_id"]][1] == Path("data.jsonl").read_bytes()
    assert server.asked("POST /files") == 2
    assert what != "half" or server.asked("DELETE /files") == 1


@pytest.mark.slow
def test_an_upload_that_never_arrives_whole_is_an_error_and_leaves_nothing(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.troubles = [Trouble("POST /files", "half", times=9)]
    assert main(["remote", "upload", "data.jsonl", "--yes"]) == 2
    assert "bytes arrived in each of 3 attempts" in capsys.readouterr().err
    assert (server.files, Path(".curate/remote/journal.jsonl").exists()) == ({}, False)


@pytest.mark.slow
def test_a_file_that_expired_is_sent_again(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["remote", "upload", "data.jsonl", "--yes"]) == 0
    server.files.clear()
    server.reading = 2
    assert main(["remote", "upload", "data.jsonl"]) == 2  # it would be sent again, to which nobody agreed
    assert "which the service no longer has, would be sent" in capsys.readouterr().err
    assert server.asked("POST /files") == 1
    assert start() == 0
    [file] = json.loads(capsys.readouterr().out.splitlines()[-1])["files"]
    assert (file["reused"], server.asked("POST /files"), len(server.jobs)) == (False, 2, 1)


@pytest.mark.slow
def test_a_file_that_the_service_cannot_read_is_said_and_not_used(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.refuses_files = True
    assert start() == 2
    assert "line 3 has no messages" in capsys.readouterr().err
    assert server.jobs == {}


@pytest.mark.slow
@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_job_that_ends_badly_is_told_with_its_reason(
    server: Server, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.end = end
    assert start() == 0
    assert watch() == 1
    assert main(["remote", "fetch"]) == 1
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert end in shown
    assert end != "failed" or "invalid_training_file: too many \\x1b[2J tokens (training_file)" in shown
    record = json.loads(Path(".curate/remote/ftjob-1/record.json").read_text())
    assert (record["metrics_from"], record["results"]) == ("events", {})
    server.end = "succeeded"
    assert start() == 0  # one that ended badly is no reason not to start another
    assert len(server.jobs) == 2


@pytest.mark.slow
def test_a_job_can_be_cancelled(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert start() == 0
    assert main(["remote", "cancel"]) == 0
    assert watch() == 1
    assert "The job was cancelled" in capsys.readouterr().out


@pytest.mark.slow
def test_ids_and_sizes_that_cannot_be_read_are_errors_and_nothing_is_paid_twice(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_file, add_job = server.add_file, server.add_job
    monkeypatch.setattr(server, "add_file", lambda *words: add_file(*words) | {"bytes": "many"})
    assert start() == 2
    assert "a size of file-1 that is not a number" in capsys.readouterr().err
    monkeypatch.setattr(server, "add_file", add_file)
    monkeypatch.setattr(server, "add_job", lambda asked: add_job(asked) | {"id": "../../etc"})
    monkeypatch.setattr(server, "jobs", {})
    assert start() == 2
    assert "not a Job: id" in capsys.readouterr().err
    assert start() == 0  # the service lists it by an id that is one
    assert server.asked("POST /fine_tuning/jobs") == 1


def test_a_result_with_an_id_that_is_none_is_missing_and_the_others_are_fetched(server: Server) -> None:
    assert start() == 0
    assert watch() == 0
    server.jobs["ftjob-1"].value["result_files"].append("../x")
    assert main(["remote", "fetch"]) == 1
    record = json.loads(Path(".curate/remote/ftjob-1/record.json").read_text())
    assert record["results"] == {record["metrics_from"]: f"result-{record['metrics_from']}.csv", "../x": None}


def test_a_fetch_replaces_its_own_files_alone(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert start() == 0
    assert watch() == 0
    Path("mine").mkdir()
    Path("mine/events.jsonl").write_text("mine")
    assert main(["remote", "fetch", "-o", "mine"]) == 2
    assert "mine/events.jsonl: exists and was not written by a fetch of ftjob-1" in capsys.readouterr().err
    assert [path.read_text() for path in Path("mine").iterdir() if path.suffix != ".lock"] == ["mine"]
    assert [main(["remote", "fetch", "-o", "new"]) for _ in range(2)] == [0, 0]


def test_pages_of_events_without_end_are_an_error(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start() == 0
    monkeypatch.setattr("curate.remote.fetch.MAX_PAGES", 2)
    monkeypatch.setattr(server, "page", 1)
    monkeypatch.setattr(server, "step", 12)
    assert watch() == 2
    assert "events on more than 2 pages" in capsys.readouterr().err


def test_a_result_that_expired_is_said_and_metrics_come_from_the_events(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start() == 0
    assert main(["remote", "fetch"]) == 2
    assert "curate remote watch ftjob-1" in capsys.readouterr().err
    assert not Path(".curate/remote/ftjob-1/record.json").exists()
    assert watch() == 0
    server.files.clear()
    assert main(["remote", "fetch"]) == 1
    assert "the service no longer has this result; metrics.csv is written from the events" in capsys.readouterr().out
    assert Path(".curate/remote/ftjob-1/metrics.csv").read_text().splitlines()[:2] == [
        "step,train_loss,total_steps",
        "1,2.0,12",
    ]


@pytest.mark.slow
def test_a_watch_that_is_killed_goes_on_without_repeating_or_losing(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start() == 0
    capsys.readouterr()
    command = [sys.executable, "-m", "curate", "remote", "watch", "--json"]
    told: list[str] = []
    server.step = 0
    job = server.jobs["ftjob-1"]
    with server.lock:
        for _ in range(4):
            server.tell(job, f"event {len(job.events)}")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as child:
        assert child.stdout is not None
        while len(told) < 5:
            told.append(json.loads(child.stdout.readline())["event"]["id"])
        os.kill(child.pid, signal.SIGKILL)  # while it waits for more
    server.step = STEPS
    status = watch("--json")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told += [line["event"]["id"] for line in lines if line["kind"] == "event"]
    assert (status, lines[-1]["job"]["status"]) == (0, "succeeded")
    assert told == [event["id"] for event in job.events]
    assert [event.id for event in EventLog(Path(".curate/remote/ftjob-1")).events] == told


@pytest.mark.slow
def test_a_watch_outlasts_a_service_that_is_away(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start() == 0
    server.troubles = [Trouble("GET .*events", "500", times=20)]
    assert watch() == 0
    assert "retrying in" in capsys.readouterr().err
    monkeypatch.setattr("curate.remote.fetch.MAX_FAILING_SECONDS", 0)
    monkeypatch.setattr("curate.remote.fetch.POLL_SECONDS", 0.01)
    server.troubles = [Trouble("GET .*events", "500", times=99)]
    assert watch() == 2


@pytest.mark.slow
def test_nothing_is_sent_before_somebody_agrees(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    for step in ("upload", "start"):
        assert main(["remote", step, "data.jsonl"]) == 2
        told = capsys.readouterr().err
        assert "data.jsonl (" in told
        assert "--yes" in told
    assert main(["remote", "validate", "data.jsonl"]) == 0
    assert main(["remote", "estimate", "data.jsonl"]) == 0
    assert server.requests == []


def test_a_file_that_changes_while_somebody_decides_is_not_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def agree(*_: object, **__: object) -> None:
        with Path("data.jsonl").open("a") as file:
            file.write("\n")

    monkeypatch.setattr("curate.cli.remote_options.require_consent", agree)
    for step in ("upload", "start"):
        assert main(["remote", step, "data.jsonl"]) == 2
        assert "data.jsonl: changed since it was read" in capsys.readouterr().err
    assert server.requests == []


@pytest.mark.slow
def test_data_with_errors_is_not_sent_and_personal_data_is_named_before(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("data.jsonl").open("a") as file:
        file.write(json.dumps(chat("Whom do I write to?", "To ann.kowalska@brightlamp.net, at any time.")) + "\n")
    assert main(["remote", "start", "data.jsonl"]) == 2
    assert "findings: personal-data (S003) 1" in capsys.readouterr().err
    with Path("data.jsonl").open("a") as file:
        file.write(json.dumps(chat("And now?", "")) + "\n")
    assert start() == 1
    assert "data.jsonl:14: C003" in capsys.readouterr().err
    assert main(["remote", "validate", "data.jsonl"]) == 1
    assert server.requests == []
    assert start("--no-check") == 0


@pytest.mark.slow
def test_the_key_is_sent_and_never_written_nor_shown(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert start() == 0
    server.troubles = [Trouble("GET /fine.*/ftjob-1$", "401")]  # this service says the key back
    assert watch() == 2
    assert watch() == 0
    assert main(["remote", "fetch"]) == 0
    assert server.keys == {f"Bearer {KEY}"}
    shown = capsys.readouterr()
    assert KEY not in shown.out + shown.err
    assert "status 401 for [key]" in shown.err
    assert [path for path in Path().rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []


@pytest.mark.slow
def test_an_address_of_something_else_is_said(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.troubles = [Trouble("POST /files", "html")]
    assert main(["remote", "upload", "data.jsonl", "--yes"]) == 2
    assert "is not JSON" in capsys.readouterr().err
    assert main(["remote", "watch", "../../etc"]) == 2
    assert "not the id of a job" in capsys.readouterr().err


def test_a_reply_without_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openai", exc_type=ImportError)
    monkeypatch.setattr(egress, "MAX_REPLY_BYTES", 1_000)
    monkeypatch.setattr("curate.network.egress.RETRIES", 0)
    answers = type(
        "Body", (Fixed,), {"body": json.dumps({"id": "a", "status": "running", "model": "m" * 1_000}).encode()}
    )
    with running(ThreadingHTTPServer(("127.0.0.1", 0), answers)) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/v1"
        with (
            ServiceClient(ServiceAddress(SERVICE[Target.OPENAI], address), "key") as endpoint,
            pytest.raises(RemoteError),
        ):
            endpoint.job("a")
        monkeypatch.setattr(egress, "MAX_REPLY_BYTES", 2_000)
        with ServiceClient(ServiceAddress(SERVICE[Target.OPENAI], address), "key") as endpoint:
            assert endpoint.job("a").status == "running"
            monkeypatch.setattr(egress, "MAX_REPLY_SECONDS", -1.0)
            with pytest.raises(RemoteError, match="a reply takes more than"):
                endpoint.job("a")


def test_a_job_in_other_words_is_followed_all_the_same() -> None:
    job = job_of({"id": 12, "status": "running", "model": None, "training_file": None, "finished_at": 0})
    assert (job.id, job.model, job.over) == ("12", "", False)
    failed = job_of({"id": "a", "status": "ERROR", "error": "no space", "result_files": [{"id": "f"}]})
    assert (failed.status, failed.error and failed.error.message, failed.result_files) == ("failed", "no space", [])
    assert failed.unread == ["result_files"]
    assert "not understood: result_files" in "\n".join(line.plain for line in job_text(failed))
    coded = job_of({"id": "a", "status": "failed", "error": {"code": 12, "message": "no space"}})
    assert coded.error is not None
    assert (coded.error.code, coded.error.message) == ("12", "no space")
    assert event_of({"id": "e", "level": None, "message": None}).message == ""
    assert event_of({"data": {"step": 10**400, "train_loss": 2.0}}).numbers == {"train_loss": 2.0}
    late = event_of({"id": "e", "message": "late", "created_at": 10**18})
    assert (late.unread, event_text(late).plain.strip()) == (["created_at"], "late")
    with pytest.raises(RemoteError, match="not a Job: id"):
        job_of({"id": None, "status": "running"})


class Fixed(BaseHTTPRequestHandler):
    """Answers everything with one body."""

    body: ClassVar[bytes] = b""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    "body",
    [
        b'{"choices": [{"mess',
        b"",
        b"null",
        b'["x"]',
        b'"x"',
        b'{"choices": "x"}',
        b'{"id": "\xe9"}',
        pytest.param(b"[" * 100_000, id="deep"),
    ],
)
def test_a_reply_that_is_no_json_or_other_json_is_an_error_and_no_crash(body: bytes, tmp_path: Path) -> None:
    pytest.importorskip("openai", exc_type=ImportError)
    (tmp_path / "train.jsonl").write_text("{}\n")
    with running(ThreadingHTTPServer(("127.0.0.1", 0), type("Body", (Fixed,), {"body": body}))) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/v1"
        asked = ChatEndpoint(address, "m")
        with suppress(ModelError):
            assert list(asked.replies([{"messages": []}])) == [None]
        with suppress(ModelError):
            assert asked.stream({"messages": []}, lambda _: None).text == ""
        with ServiceClient(ServiceAddress(SERVICE[Target.OPENAI], address), "key") as endpoint:
            for ask in (
                lambda: endpoint.job("a"),
                lambda: endpoint.create(Settings(model="m", method="supervised"), "f", None),
                lambda: endpoint.upload(tmp_path / "train.jsonl"),
            ):
                with pytest.raises(RemoteError):
                    ask()
            for listing in (lambda: endpoint.jobs_on("f"), lambda: endpoint.events("a", None).events):
                with suppress(RemoteError):
                    assert listing() == []
