"""`curate server` as an editor speaks with it: messages of the Language Server Protocol on standard streams."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import chat, environment
from tests.waiting import PATIENCE_SECONDS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("server"),
    pytest.mark.skipif(find_spec("pygls") is None, reason="the extra `server` is not installed"),
]
ROOT = Path(__file__).parents[2]
LINES = [
    json.dumps(chat("Is it \U0001f600 open?", "Yes.")),
    '{"messages": [{"role": "user", "content": "\U0001f600 Hi"}, {"role": "assistant", "content": ""}]}',
    '{"messages": [{"role": "human", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}',
]


class Editor:
    """A client that sends requests and keeps the last diagnostics of each file."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process, self.number = process, 0
        self.found: dict[str, list[dict[str, Any]]] = {}
        self.versions: list[int | None] = []
        """Versions of the texts that diagnostics are about."""

    def send(self, method: str, params: Any, number: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
        data = json.dumps(message).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def ask(self, method: str, params: Any = None) -> Any:
        self.number += 1
        self.send(method, params, self.number)
        while True:
            message = self.receive()
            if message.get("id") == self.number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def receive(self) -> dict[str, Any]:
        stream = self.process.stdout
        assert stream
        size = 0
        while line := stream.readline().strip():
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        message: dict[str, Any] = json.loads(stream.read(size))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.found[message["params"]["uri"]] = message["params"]["diagnostics"]
            self.versions.append(message["params"].get("version"))
        return message

    def show(self, name: str, text: str) -> str:
        uri = Path(name).absolute().as_uri()
        document = {"uri": uri, "languageId": "json", "version": 1, "text": text}
        self.send("textDocument/didOpen", {"textDocument": document})
        return uri

    def change(self, uri: str, version: int, text: str) -> None:
        whole = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]}
        self.send("textDocument/didChange", whole)

    def wait(self, uri: str) -> list[dict[str, Any]]:
        self.found.pop(uri, None)
        while uri not in self.found:
            self.receive()
        return self.found[uri]

    def open(self, name: str, text: str) -> tuple[str, list[dict[str, Any]]]:
        uri = self.show(name, text)
        return uri, self.wait(uri)


@contextmanager
def serving(command: list[str], temporaries: Path) -> Iterator[Editor]:
    """A client of the server that a command starts, whose temporary files are in a folder."""
    surroundings = environment(PYTHONPATH=str(ROOT), TMPDIR=str(temporaries))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=surroundings) as process:
        made = Editor(process)
        able = made.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})["capabilities"]
        assert able["textDocumentSync"]["change"] == 1, "whole texts: lines of partial changes end differently in pygls"
        made.send("initialized", {})
        yield made
        made.ask("shutdown")
        made.send("exit", None)
        assert process.wait(PATIENCE_SECONDS) == 0


@pytest.fixture(scope="module")
def temporaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def editor(temporaries: Path) -> Iterator[Editor]:
    """One server for all tests, each of which opens files of a folder of its own."""
    with serving([sys.executable, "-m", "curate", "server"], temporaries) as client:
        yield client


@pytest.mark.skipif(sys.platform == "win32", reason="no signals of this kind")
@pytest.mark.parametrize("command", ["server", "mcp"])
def test_sigterm_ends_a_server_that_waits_for_input(command: str) -> None:
    request = b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}\n'
    if command == "server":
        request = b"Content-Length: %d\r\n\r\n" % len(request) + request
    words, surroundings = [sys.executable, "-m", "curate", command], environment(PYTHONPATH=str(ROOT))
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=surroundings) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(request)
        process.stdin.flush()
        assert process.stdout.read(1)
        process.terminate()
        try:
            assert process.wait(PATIENCE_SECONDS) == -signal.SIGTERM
        finally:
            process.kill()


def test_a_file_that_is_not_open_is_not_read(editor: Editor) -> None:
    os.mkfifo("pipe.jsonl")
    pipe = {"uri": Path("pipe.jsonl").absolute().as_uri()}
    editor.send("textDocument/didSave", {"textDocument": pipe})
    assert editor.ask("textDocument/hover", {"textDocument": pipe, "position": {"line": 0, "character": 0}}) is None


def test_findings_fixes_and_rules_reach_an_editor(editor: Editor) -> None:
    Path("curate.toml").write_text('[check]\nignore = ["F"]\n')
    uri, found = editor.open("data.jsonl", "\n".join(LINES))
    by_code = {one["code"]: one for one in found}
    empty = by_code["C003"]
    assert (empty["source"], empty["severity"], empty["range"]["start"]["line"]) == ("curate", 1, 1)
    start, end = (empty["range"][side]["character"] for side in ("start", "end"))
    units = LINES[1].encode("utf-16-le")
    assert units[2 * start : 2 * end].decode("utf-16-le") == '""', "the value that is empty, in units of UTF-16"
    [alias] = [one for one in found if one["range"]["start"]["line"] == 2]
    asked = {"textDocument": {"uri": uri}, "range": alias["range"], "context": {"diagnostics": [alias, empty]}}
    [action] = editor.ask("textDocument/codeAction", asked)
    [edit] = action["edit"]["changes"][uri]
    assert json.loads(edit["newText"])["messages"][0]["role"] == "user"
    assert edit["range"]["end"]["character"] == len(LINES[2])
    editor.change(uri, 2, "\n".join(LINES).replace(": [", ":\r[", 1))
    editor.wait(uri)
    asked |= {"range": alias["range"], "context": {"diagnostics": [alias]}}
    assert editor.ask("textDocument/codeAction", asked) == [], "the editor numbers lines in another way"
    editor.change(uri, 3, "\n".join(LINES))
    editor.wait(uri)
    position = {"line": 1, "character": 3}
    hover = editor.ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})
    assert "C003" in hover["contents"]["value"]
    editor.change(uri, 4, LINES[0])
    assert editor.wait(uri) == []
    assert not Path("data.jsonl").exists(), "nothing is written"


def test_the_editor_is_answered_while_a_large_file_is_checked_and_only_its_newest_text_counts(
    editor: Editor, temporaries: Path
) -> None:
    _, small = editor.open("small.jsonl", LINES[1])
    editor.versions.clear()
    large = editor.show("large.jsonl", f"{LINES[0]}\n" * 60_000)
    position = {"line": 0, "character": 3}
    hover = {"textDocument": {"uri": Path("small.jsonl").absolute().as_uri()}, "position": position}
    assert small[0]["code"] in editor.ask("textDocument/hover", hover)["contents"]["value"]
    assert large not in editor.found, "the answer came before the check was done"
    for version in range(2, 6):
        editor.change(large, version, LINES[version % 2])
    assert [one["code"] for one in editor.wait(large)] == ["C003"]
    assert editor.versions == [5], "no check of a text that had changed meanwhile was published"
    editor.send("textDocument/didClose", {"textDocument": {"uri": large}})
    assert editor.wait(large) == []
    assert list(temporaries.rglob("*.jsonl")) == [], "no copy of a text stays"


def test_ignored_and_suppressed_findings_are_not_shown_and_many_are_counted(editor: Editor) -> None:
    Path("curate.toml").write_text('[check.per_file_ignores]\n"raw/*" = ["C003"]\n')
    assert [one["code"] for one in editor.open("raw/old/data.jsonl", f"{LINES[1]}\n")[1]] == []
    Path("data.jsonl").write_text(f"{LINES[1]}\n")
    assert main(["suppress", "C003", "data.jsonl:1", "--reason", "an empty answer is meant"]) == 0
    _, found = editor.open("data.jsonl", f"{LINES[1]}\n")
    assert found == []
    many = [json.dumps(chat(f"Question {n}?", "")) for n in range(1_100)]
    _, found = editor.open("many.jsonl", "\n".join(many))
    assert len(found) == 1_001
    assert "100 more findings" in found[-1]["message"]


def test_mistakes_of_a_configuration_are_shown_at_their_keys(editor: Editor) -> None:
    _, found = editor.open("curate.toml", 'seed = 1\n[dedup]\ntreshold = 0.7\nkeep = "all"\n')
    places = {one["range"]["start"]["line"]: one["message"] for one in found}
    assert places.keys() == {2, 3}
    assert "did you mean 'threshold'" in places[2]
    _, broken = editor.open("sub/curate.toml", "seed = \n")
    assert broken[0]["range"]["start"]["line"] == 0
    assert editor.open("notes.txt", "x")[1] == []
