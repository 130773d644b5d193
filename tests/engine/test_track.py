"""`[track]`: verdicts, counts, hashes and the card reach a tracker over a real socket or its own store; nothing does
without consent, and no text of the data.
"""

import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.commands.track import LIMITS
from tests.chat_server import running
from tests.conftest import Write

SECRET_WORD = "Xylophone"
CLIENT = """
import json, pathlib, urllib.request

class Sender:
    address = ""
    def send(self, kind, value):
        data = json.dumps({"kind": kind, "value": value}).encode()
        urllib.request.urlopen(urllib.request.Request(self.address, data), timeout=10).read()
    def send_folder(self, folder):
        self.send("files", {path.name: path.read_text() for path in pathlib.Path(folder).iterdir()})
"""
"""What the stand-ins for the packages share: they send what they are given to the address of the configuration."""
PACKAGES = {
    "mlflow": """
from types import SimpleNamespace
class MlflowClient(Sender):
    def __init__(self, tracking_uri=None): self.address = tracking_uri
    def get_experiment_by_name(self, name): return None
    def create_experiment(self, name): self.send("project", name); return "1"
    def create_run(self, number, run_name, tags):
        self.send("facts", tags); return SimpleNamespace(info=SimpleNamespace(run_id="r"))
    def log_metric(self, run, name, value): self.send("count", [name, value])
    def log_artifacts(self, run, folder): self.send_folder(folder)
    def set_terminated(self, run): self.send("end", run)
""",
    "wandb": """
class Artifact:
    def __init__(self, name, type): self.name = name
    def add_dir(self, folder): self.folder = folder
class Settings:
    def __init__(self, base_url): self.base_url = base_url
class Run(Sender):
    summary = property(lambda self: self)
    def update(self, counts): [self.send("count", list(pair)) for pair in counts.items()]
    def log_artifact(self, artifact): self.send_folder(artifact.folder)
    def __enter__(self): return self
    def __exit__(self, *_): self.send("end", "")
def init(project, name, job_type, config, settings):
    run = Run(); run.address = settings.base_url; run.send("project", project); run.send("facts", config); return run
""",
    "trackio": """
class Artifact:
    def __init__(self, name, type): self.name = name
    def add_dir(self, folder): self.folder = folder
sender = Sender()
def init(project, config, embed, auto_log_gpu, auto_log_cpu, server_url):
    sender.address = server_url; sender.send("project", project); sender.send("facts", config)
def log(counts): [sender.send("count", list(pair)) for pair in counts.items()]
def log_artifact(artifact): sender.send_folder(artifact.folder)
def finish(): sender.send("end", "")
""",
}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.told: list[dict[str, Any]] = []

    def of(self, kind: str) -> list[Any]:
        return [message["value"] for message in self.told if message["kind"] == kind]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def server(write: Write, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """A server, and the project of a folder that logs to it by a stand-in for a package."""
    name = getattr(request, "param", "mlflow")
    write("data.jsonl", [(f"What is thing {n} of {SECRET_WORD}?", f"It is the number {n}, sir.") for n in range(30)])
    Path("packages").mkdir()
    Path(f"packages/{name}.py").write_text(CLIENT + PACKAGES[name])
    monkeypatch.syspath_prepend("packages")
    for variable in LIMITS:  # set by the command: put back after the test
        monkeypatch.setenv(variable, "")
        monkeypatch.delenv(variable)
    monkeypatch.delitem(sys.modules, name, raising=False)
    with running(Server()) as found:
        address = f"http://127.0.0.1:{found.server_address[1]}"
        Path("curate.toml").write_text(
            'data = ["data.jsonl"]\n[conflicts]\nmodels = false\n'
            f'[track]\nto = "{name}"\naddress = "{address}"\nproject = "chats"\n'
        )
        yield found
    sys.modules.pop(name, None)


@pytest.mark.parametrize("server", PACKAGES, indirect=True)
def test_each_tracker_gets_the_verdict_of_a_check(server: Server) -> None:
    assert main(["check", "data.jsonl", "-q", "--yes"]) == 0
    assert server.of("project") == ["chats"]
    assert dict(server.of("count"))["examples"] == 30
    [files], [facts] = server.of("files"), server.of("facts")
    assert facts["verdict"] == "passed"
    report = json.loads(files["check.json"])
    assert list(report["sha256"]) == ["data.jsonl"]
    assert server.told[-1]["kind"] == "end"
    assert SECRET_WORD not in json.dumps(server.told)


@pytest.mark.slow
def test_split_verify_and_run_log_manifest_card_and_points(server: Server) -> None:
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--yes"]) == 0
    [files], counts = server.of("files"), dict(server.of("count"))
    manifest = json.loads(Path("out/manifest.json").read_text())
    digest = hashlib.sha256(Path("out/manifest.json").read_bytes()).hexdigest()
    assert server.of("facts")[0]["manifest_sha256"] == digest
    assert json.loads(files["manifest.json"]) == manifest
    assert files["DATACARD.md"] == Path("out/DATACARD.md").read_text()
    assert counts["examples_train"] == manifest["splits"]["train"]["examples"]
    server.told.clear()
    assert main(["verify", "out", "-q", "--yes"]) == 0
    [files], [facts] = server.of("files"), server.of("facts")
    assert json.loads(files["verify.json"])["points"]["nothing lost"] == "proved"
    assert (facts["verdict"], facts["manifest_sha256"]) == ("passed", digest)
    server.told.clear()
    assert main(["run", "--dry-run", "-q"]) == 0
    assert server.told == []
    assert main(["run", "-q", "--yes"]) == 0
    assert {"manifest.json", "DATACARD.md"} <= server.of("files")[0].keys()
    assert server.of("facts")[0]["stage_split"] == "done"
    assert SECRET_WORD not in json.dumps(server.told)


@pytest.mark.slow
def test_nothing_is_logged_without_consent(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--yes"]) == 0
    server.told.clear()
    for words in (["check", "data.jsonl"], ["split", "data.jsonl", "-o", "made"], ["verify", "out"], ["run"]):
        assert main([*words, "-q"]) == 2
        assert 'track.to = "mlflow" (results are sent there)' in capsys.readouterr().err
    assert main(["stats", "data.jsonl", "-q"]) == 0
    assert server.told == []


def test_a_failure_of_the_tracker_ends_the_command_after_its_result(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("curate.toml").write_text('[track]\nto = "mlflow"\naddress = "http://127.0.0.1:9/none"\n')
    assert main(["check", "data.jsonl", "-q", "--yes"]) == 2
    out, err = capsys.readouterr()
    assert "30 examples" in out
    assert "track: mlflow failed" in err


def test_a_tracker_that_is_not_installed_is_told_before_the_work(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [("Hi", "Hello.")])
    Path("curate.toml").write_text('[track]\nto = "wandb"\n')
    if "wandb" in sys.modules:
        pytest.skip("wandb is installed")
    assert main(["check", "data.jsonl", "--yes"]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert "wandb is not installed" in err


@pytest.mark.slow
def test_a_run_is_in_the_store_of_mlflow(write: Write) -> None:
    mlflow = pytest.importorskip("mlflow", reason="the store of the real package")
    write("data.jsonl", [("Hi", "Hello.")])
    Path("curate.toml").write_text('[track]\nto = "mlflow"\naddress = "runs"\n')
    assert main(["check", "data.jsonl", "-q", "--yes"]) in (0, 1)
    client = mlflow.MlflowClient(tracking_uri="runs")
    [run] = client.search_runs([client.get_experiment_by_name("curate").experiment_id])
    assert run.data.metrics["examples"] == 1
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["check.json"]


@pytest.mark.slow
def test_a_proof_does_not_depend_on_a_configuration_that_cannot_be_read(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--yes"]) == 0
    server.told.clear()
    for text in ("broken = [", "[split]\nnone_such = 1\n[dedup]\nnor_this = 2\n"):
        Path("curate.toml").write_text(text)
        capsys.readouterr()
        assert main(["verify", "out", "-q", "--yes"]) == 0
        out, err = capsys.readouterr()
        assert "passed" in out
        [line] = err.splitlines()
        assert line.startswith("note: nothing is logged to a tracker, since the configuration cannot be read: ")
        assert main(["verify", "out", "-q", "--config", "curate.toml"]) == 2
    assert server.told == []


def test_a_server_that_is_down_is_named_in_one_line_and_not_waited_for_by_default(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "7")
    Path("packages/mlflow.py").write_text(
        "import os\nclass MlflowClient:\n    def __init__(self, tracking_uri=None):\n"
        "        raise OSError(os.environ['MLFLOW_HTTP_REQUEST_MAX_RETRIES'] + ' retry,\\n'\n"
        "                      + os.environ['MLFLOW_HTTP_REQUEST_TIMEOUT'] + ' s' + ' x' * 999)\n"
    )
    assert main(["check", "data.jsonl", "-q", "--yes"]) == 2
    out, err = capsys.readouterr()
    assert "30 examples" in out
    told = " ".join(err.partition("error: ")[2].split())
    assert told.startswith("track: mlflow failed, and check is not logged there completely: 1 retry,\\n7 s x x")
    assert "next: the result of the command is complete" in told
    assert len(told) < 400
    assert server.told == []
