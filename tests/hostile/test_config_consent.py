"""A configuration in a stranger's folder reaches nothing outside of it, and weakens no guard, without consent: no
request, no line of another file, no file elsewhere.
"""

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import pytest

import curate
from curate.cli.main import main
from curate.cli.mcp import Tools
from curate.core.config import Config, Guard, Kind, Section
from curate.core.errors import UsageError
from tests.chat_server import running
from tests.conftest import Write, chat

WORD = "Xylophone"
COMMANDS = (
    ["check", "data.jsonl", "-q"],
    ["check", "data.jsonl", "--diff", "--unsafe-fixes", "-q"],
    ["stats", "data.jsonl", "-q"],
    ["dedup", "data.jsonl", "-o", "kept.jsonl", "--overwrite", "-q"],
    ["conflicts", "data.jsonl", "-q"],
    ["split", "data.jsonl", "-o", "made", "-q"],
    ["run", "-q"],
)


class Server(ThreadingHTTPServer):
    """Counts what it is asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[str] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        body = json.dumps(chat("Which word is it?", WORD)).encode() + b"\n"
        self.send_response(200 if self.path.endswith(".jsonl") else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command == "GET" else b"")

    do_HEAD = do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that is also the hub."""
    with running(Server()) as found:
        monkeypatch.setenv("HF_ENDPOINT", found.origin)
        monkeypatch.delenv("HF_HUB_OFFLINE")
        constants = pytest.importorskip("huggingface_hub.constants")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", found.origin)
        yield found


@pytest.fixture(autouse=True)
def _folder(write: Write) -> None:
    write("data.jsonl", [(f"What is thing {n}?", f"It is the number {n}.") for n in range(6)])
    write("../secret.jsonl", [chat("Which word is it?", WORD)])
    Path("../model").mkdir()
    Path("../model/config.json").write_text(f'{{"{WORD}": 1}}')
    Path("link.jsonl").symlink_to(Path("../secret.jsonl").absolute())
    Path("link").symlink_to(Path("../model").absolute())
    Path("x").mkdir()
    Path("x/file").write_text("a file, not the folder of a model")


def kinds() -> Iterator[tuple[str, str, Kind | Guard]]:
    """Table, key and kind of all keys of the configuration."""
    yield from (("", key, kind) for key, kind in Config.kinds.items())
    for name, field in Config.model_fields.items():
        if isinstance(field.default, Section):
            yield from ((name, key, kind) for key, kind in type(field.default).kinds.items())


def attacks(kind: Kind | Guard, default: Any, origin: str) -> list[Any]:
    """The values of an attacker for a key."""
    secret, model = str(Path("../secret.jsonl").resolve()), str(Path("../model").resolve())
    if isinstance(kind, Guard):
        numbers: dict[Any, list[Any]] = {0.8: [0.05, 1.0], "conversation": ["prompt"], False: [True], 100: [10**7]}
        return numbers.get(default, [1.0])
    values: dict[Kind, list[Any]] = {
        Kind.FILES: [
            [name]
            for name in (
                *(f"{origin}/x.jsonl", "hf://datasets/x/y/z.jsonl", secret, "../secret.jsonl", "link.jsonl"),
                *(
                    "lin*.jsonl",
                    "../*.jsonl",
                    "**/../../secret.jsonl",
                    r"\x2e\x2e/secret.jsonl",
                    "./link/../secret.jsonl",
                ),
            )
        ],
        Kind.PATH: [f"{origin}/x.jsonl", secret, "../made", "link/made", "link.jsonl"],
        Kind.TEMPLATE: [secret, "../secret.jsonl", "link.jsonl", r"x/../../secret.jsonl"],
        Kind.MODEL: [f"{origin}/x/y", model, "../model", "link", "x/y", "x/y@main", "model-y", "x/file", "~/model"],
        Kind.JUDGE: [f"{origin}/v1", model, "../model", "link", "x/y"],
    }
    return values.get(kind, [])


def written(table: str, key: str, value: Any) -> None:
    """Write a configuration with one setting."""
    values: dict[str, dict[str, Any]] = {"": {"data": ["data.jsonl"]}, "conflicts": {"models": False}}
    values.setdefault(table, {})[key] = value
    text = ""
    for name, keys in values.items():
        text += (f"[{name}]\n" if name else "") + "".join(f"{k} = {json.dumps(v)}\n" for k, v in keys.items())
    Path("curate.toml").write_text(text)


def files(folder: str) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file() and not path.is_symlink() and path.name != "curate.toml"
    }


def cases() -> list[tuple[str, str]]:
    return [(table, key) for table, key, kind in kinds() if kind not in (Kind.VALUE, Kind.ADDRESS)]


def test_each_key_has_a_kind() -> None:
    def sections(section: type[Section]) -> Iterator[type[Section]]:
        yield section
        for field in section.model_fields.values():
            if isinstance(field.default, Section):
                yield from sections(type(field.default))

    for section in sections(Config):
        keys = {name for name, field in section.model_fields.items() if not isinstance(field.default, Section)}
        assert set(section.kinds) == keys, section


@pytest.mark.slow
@pytest.mark.parametrize(("table", "key"), cases())
def test_no_setting_of_a_stranger_acts(
    table: str, key: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    section: Section = Config.model_fields[table].default if table else Config.model_construct()
    kind, default = section.kinds[key], getattr(section, key)
    for value in attacks(kind, default, server.origin):
        written(table, key, value)
        before, refused = files(".."), 0
        for words in COMMANDS:
            code = main(words)
            out, err = capsys.readouterr()
            named = f"{table}.{key} = ".removeprefix(".") in err
            refused += code == 2 and named
            assert not named or "next: read the file; then pass --yes" in err
            assert WORD not in out + err
        assert refused or kind is Kind.JUDGE or table == "remote", (key, value)  # see test_network
        after = files("..")
        assert not any(WORD in path or WORD.encode() in after[path] for path in after.keys() - before.keys())
        assert all(Path(path).resolve().is_relative_to(Path.cwd()) for path in after.keys() - before.keys())
    assert server.requests == []


def test_a_recipe_of_the_configuration_needs_consent_too(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    written("", "recipe", "recipe.toml")
    Path("recipe.toml").write_text('model = "x/y"\ndata = "out"\n')
    assert main(["run", "-q"]) == 2
    assert 'recipe.toml: model = "x/y" (a model of the hub)' in capsys.readouterr().err
    assert main(["run", "-q", "--until", "split"]) == 0
    assert server.requests == []


@pytest.mark.parametrize("value", [["../secret.jsonl"], ["link.jsonl"]])
def test_with_consent_it_is_named_and_acts(value: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    written("split", "existing", value)
    words = ["split", "data.jsonl", "-o", "made", "-q"]
    assert main(words) == 2
    assert main([*words, "--yes"]) == 0
    assert f'split.existing = "{value[0]}" (outside of the project\'s folder)' in capsys.readouterr().err
    assert WORD in Path("made/test.jsonl").read_text()


def test_consent_in_the_own_configuration_is_for_a_folder_and_those_below(capsys: pytest.CaptureFixture[str]) -> None:
    written("dedup", "threshold", 0.5)
    words = ["dedup", "data.jsonl", "-q"]
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "curate" / "curate.toml"
    own.parent.mkdir(parents=True)
    for trusted, code in ((Path.cwd(), 0), (Path.cwd().parent, 0), (Path.cwd() / "below", 2)):
        own.write_text(f"trust = {json.dumps([str(trusted)])}\n")
        assert main(words) == code
        assert "dedup.threshold = 0.5 (by default 0.8)" in capsys.readouterr().err


def test_an_option_replaces_a_setting_and_needs_no_consent() -> None:
    written("dedup", "threshold", 0.05)
    assert main(["dedup", "data.jsonl", "-q", "--threshold", "0.9"]) == 0
    assert curate.dedup("data.jsonl", threshold=0.9).read == 6
    assert main(["check", "data.jsonl", "-q"]) == 0  # does not use it


def test_a_setting_that_stays_inside_or_protects_more_needs_no_consent(write: Write) -> None:
    write("given/test.jsonl", [("Which colour is it?", "It is red.")])
    for value in (["given"], ["given/*.jsonl"], ["given/test.jsonl"], [str(Path("given/test.jsonl").absolute())]):
        written("split", "existing", value)
        assert main(["split", "data.jsonl", "-o", "made", "-q"]) == 0
    written("dedup", "stop_share", 0.1)
    assert main(["dedup", "data.jsonl", "-q"]) == 0


def test_a_setting_of_a_python_call_needs_consent() -> None:
    written("dedup", "ignore_facts", True)
    with pytest.raises(UsageError, match="ignore_facts = true") as caught:
        curate.dedup("data.jsonl")
    assert "yes=True" in caught.value.hint
    assert curate.dedup("data.jsonl", yes=True).read == 6
    written("check", "model", "x/y")
    with pytest.raises(UsageError, match="a model of the hub"):
        curate.check("data.jsonl")
    written("", "output", "../made")
    with pytest.raises(UsageError, match="outside of the project"):
        curate.run()


def test_a_secret_in_a_value_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    written("split", "existing", ["https://me:hunter2-secret@example.org/x.jsonl?token=hunter3-secret\u202e\n"])
    assert main(["split", "data.jsonl", "-o", "made", "-q"]) == 2
    err = capsys.readouterr().err
    assert "https://***@example.org/x.jsonl" in err
    assert "hunter" not in err
    assert "\u202e" not in err


@pytest.mark.slow
def test_agents_read_nothing_outside_of_the_folder_of_the_server(write: Write) -> None:
    write("root/data.jsonl", [("What is thing 1?", "It is the number 1."), ("What is thing 2?", "It is 22.")])
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "curate" / "curate.toml"
    own.parent.mkdir(parents=True)
    own.write_text(f"trust = {json.dumps([str(Path.cwd())])}\n")  # the person trusts it, but not for agents
    write("given.jsonl", [chat("Which word is it?", WORD)])
    for place, name in (("root/curate.toml", "../given.jsonl"), ("curate.toml", "given.jsonl")):
        Path(place).write_text(f"[split]\nexisting = {json.dumps([name])}\n")
        with pytest.raises(Exception, match="may only name files below its folder") as caught:
            anyio.run(Tools(Path("root").resolve()).split, ["data.jsonl"])
        assert WORD not in str(caught.value)
        Path(place).unlink()
