"""Nothing leaves the machine for an address that only a repository names: no text, no key. A redirect takes nothing any
further.
"""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import curate
from curate.cli.main import main
from curate.core.errors import UsageError
from curate.network.egress import Consent, address_of, key_for
from tests.chat_server import running
from tests.conftest import Write, trust

KEY, PASSWORD = "sk-never-to-be-seen-0123456789", "hunter2-never-to-be-seen"
CLASH: list[object] = [
    ("How high is the tower of the old town?", "It is 30 m high."),
    ("How high is the tower of the old town?", "It is 31 m high."),
]
VERDICT = {
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": '{"contradict": true, "why": "two heights"}'},
        }
    ]
}


@pytest.fixture(autouse=True)
def with_openai() -> None:
    """Not imported while tests are collected: each worker would load it."""
    pytest.importorskip("openai", exc_type=ImportError)


class Server(ThreadingHTTPServer):
    """Keeps what it is sent; answers with a verdict, or redirects."""

    daemon_threads = True

    def __init__(self, to: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.to = to
        """Origin that it redirects to; empty: it answers."""
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def address(self) -> str:
        return f"{self.origin}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        body = json.dumps(VERDICT).encode()
        self.send_response(307 if self.server.to else 200)
        if self.server.to:
            self.send_header("Location", self.server.to + self.path)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


def serving(to: str = "") -> AbstractContextManager[Server]:
    return running(Server(to))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "OPENAI_API_KEY",
        "CURATE_JUDGE_KEY",
        "CURATE_REMOTE_KEY",
        "TOGETHER_API_KEY",
        "OPENAI_ADMIN_KEY",
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
    ):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Gateway-Key: {KEY}")


def project(address: str, write: Write) -> None:
    """A repository that names an address as its judge."""
    write("data.jsonl", CLASH)
    Path("curate.toml").write_text(
        f'data = ["data.jsonl"]\n[conflicts]\njudge = "{address}"\njudge_model = "any"\n[check]\nextend_select = '
        '["X"]\n'
    )


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", "--json"],
        ["conflicts", "data.jsonl"],
        ["conflicts", "data.jsonl", "--json"],
        ["check", "data.jsonl"],
    ],
)
def test_an_address_in_a_repository_gets_nothing_unasked(
    words: list[str], server: Server, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    project(server.address, write)
    assert main(words) == 2
    assert (server.bodies, "would be sent to" in capsys.readouterr().err) == ([], True)


def test_functions_send_nothing_unasked(server: Server, write: Write) -> None:
    project(server.address, write)
    for call in (curate.run, lambda: curate.conflicts("data.jsonl")):
        with pytest.raises(UsageError, match="would be sent to"):
            call()
    assert server.bodies == []


def test_a_yes_sends_texts_and_no_key(server: Server, write: Write) -> None:
    project(server.address, write)
    assert main(["run", "--yes"]) == 0
    assert len(server.bodies) == 1
    assert b"30 m" in server.bodies[0]
    assert not any(KEY in value for headers in server.headers for value in headers.values())


def test_the_users_own_configuration_agrees_and_names_the_key(
    server: Server, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(server.address, write)
    trust(server.origin, send=True, key="MINE")
    assert main(["run"]) == 2  # the variable is not set
    monkeypatch.setenv("MINE", "for-this-host")
    assert main(["run"]) == 0
    assert server.headers[0]["authorization"] == "Bearer for-this-host"
    assert not any(KEY in value for headers in server.headers for value in headers.values())


def test_a_key_in_the_users_own_configuration_is_no_consent_to_send(
    server: Server, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(server.address, write)
    trust(server.origin, key="MINE")
    monkeypatch.setenv("MINE", "for-this-host")
    assert main(["run"]) == 2
    assert server.bodies == []


def test_an_unencrypted_connection_to_another_host_is_named() -> None:
    notes: list[str] = []
    for address in ("http://judge.example/v1", "https://judge.example/v1", "http://127.0.0.1:9/v1"):
        Consent(yes=True, tell=notes.append).require("2 answers", address)
    assert notes == ["note: http://judge.example is not encrypted: others on the network can read the data and the key"]


def test_a_configuration_in_the_repository_agrees_to_nothing(server: Server, write: Write) -> None:
    project(server.address, write)
    with Path("curate.toml").open("a") as file:
        file.write(f'[[endpoint]]\naddress = "{server.address}"\nsend = true\nkey = "OPENAI_API_KEY"\n')
    assert main(["run"]) == 2
    assert server.bodies == []


def test_the_command_line_names_address_and_key(server: Server, write: Write) -> None:
    write("data.jsonl", CLASH)
    words = ["conflicts", "data.jsonl", "--judge", server.address, "--judge-model", "any", "--yes"]
    assert main([*words, "--judge-key", "TOGETHER_API_KEY"]) == 1
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert {name for name, value in server.headers[0].items() if KEY in value} == {"authorization"}


@pytest.mark.parametrize(
    ("address", "own", "key"),
    [
        ("https://api.openai.com/v1", False, KEY),
        ("https://api.openai.com.evil.example/v1", False, ""),
        ("https://evil.example/api.openai.com/v1", False, ""),
        ("https://xapi.openai.com/v1", False, ""),
        ("https://evil.example/v1", False, ""),
        ("https://evil.example/v1", True, KEY),
        ("https://API.OpenAI.com/v1", False, KEY),
        ("https://api.together.xyz/v1", False, KEY),
        ("https://together.xyz.evil.example/v1", False, ""),
    ],
)
def test_a_key_goes_to_the_host_that_it_is_bound_to(address: str, *, own: bool, key: str) -> None:
    assert key_for(address, general="CURATE_JUDGE_KEY" if own else None) == key


@pytest.mark.parametrize(
    "address",
    [
        "http://me:{}@127.0.0.1:9/v1",
        "https://{}@evil.example/v1",
        "https://evil.example/v1?key={}",
        "https://evil.example/v1#{}",
        "FTP://me:{}@h/",
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        ["run", "--yes"],
        ["conflicts", "data.jsonl", "--yes"],
        ["split", "data.jsonl", "-o", "out"],
        ["check", "data.jsonl"],
    ],
)
def test_an_address_with_a_password_is_refused_and_never_shown(
    address: str, words: list[str], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    project(address.format(PASSWORD), write)
    assert main(words) == 2
    shown = capsys.readouterr()
    assert PASSWORD not in shown.out + shown.err
    assert not any(
        PASSWORD.encode() in path.read_bytes()
        for path in Path().rglob("*")
        if path.is_file() and path.name != "curate.toml"
    )


@pytest.mark.parametrize("option", ["--judge", "--base-url"])
def test_a_password_in_an_option_is_refused_and_never_shown(
    option: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", CLASH)
    address = f"https://me:{PASSWORD}@evil.example/v1"
    verb = (
        ["conflicts", "data.jsonl", "--judge-model", "m"] if option == "--judge" else ["remote", "upload", "data.jsonl"]
    )
    assert main([*verb, option, address, "--yes"]) == 2
    shown = capsys.readouterr()
    assert PASSWORD not in shown.out + shown.err
    with pytest.raises(UsageError) as caught:
        address_of(address, "here")
    assert PASSWORD not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("words", [["run", "--yes"], ["conflicts", "data.jsonl", "--yes"]])
def test_a_redirecting_judge_takes_texts_no_further(
    words: list[str], server: Server, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(to=server.origin) as gate:
        project(gate.address, write)
        assert main(words) == 2
        assert (len(gate.bodies), server.bodies) == (1, [])
    assert f"redirects to {server.origin}" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["openai", "together", "fireworks"])
def test_a_redirecting_service_takes_files_no_further(
    target: str, server: Server, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[object] = [(f"What is {n} plus {n}?", f"It is {2 * n}, by adding.") for n in range(12)]
    write("data.jsonl", lines)
    with serving(to=server.origin) as gate:
        address = f"{gate.address}/accounts/mine" if target == "fireworks" else gate.address
        assert (
            main(["remote", "upload", "data.jsonl", "--target", target, "--base-url", address, "--yes", "--no-check"])
            == 2
        )
        assert server.bodies == []
    assert f"redirects to {server.origin}" in capsys.readouterr().err


def test_a_redirect_to_no_address_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(to="http://[") as gate:
        assert main(["remote", "watch", "ftjob-1", "--once", "--base-url", gate.address]) == 2
    assert "redirects to an invalid URL" in capsys.readouterr().err


def test_a_journal_in_the_repository_directs_no_key(server: Server, write: Write) -> None:
    """`watch` takes the address from the journal, which a stranger may have written."""
    folder = Path(".curate/remote")
    folder.mkdir(parents=True)
    asked = {"kind": "job", "address": server.address, "target": "openai", "order": "0" * 64, "job": "ftjob-1"}
    (folder / "journal.jsonl").write_text(json.dumps(asked) + "\n")
    for verb in ("watch", "fetch", "cancel"):
        assert main(["remote", verb, "ftjob-1"]) == 2
    assert not any(KEY in value for headers in server.headers for value in headers.values())
