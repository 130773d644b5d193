"""What a stranger can put into the configuration of a folder: a server that counts, and values for each key."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from curate.core.config import Config, Guard, Kind, Section
from tests.chat_server import running
from tests.conftest import chat

WORD: Final = "Xylophone"
"""What is in the files outside of the folder, and in the answers of the server."""


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


@contextmanager
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that is also the hub."""
    with running(Server()) as found:
        monkeypatch.setenv("HF_ENDPOINT", found.origin)
        monkeypatch.delenv("HF_HUB_OFFLINE")
        constants = pytest.importorskip("huggingface_hub.constants")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", found.origin)
        yield found


def kinds() -> Iterator[tuple[str, str, Kind | Guard]]:
    """Table, key and kind of all keys of the configuration."""
    yield from (("", key, kind) for key, kind in Config.kinds.items())
    for name, field in Config.model_fields.items():
        if isinstance(field.default, Section):
            yield from ((name, key, kind) for key, kind in type(field.default).kinds.items())


def attacks(kind: Kind | Guard, default: Any, origin: str) -> list[Any]:
    """The values of an attacker for a key whose value can reach out of the folder, or weaken a guard."""
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
        Kind.TRACKER: ["mlflow"],
        Kind.ADDRESS: [f"{origin}/v1"],
    }
    return values.get(kind, [])


def toml(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def written(table: str, key: str, value: Any) -> None:
    """Write a configuration with one setting; the empty name is that of the keys before all tables."""
    written_table(table, {key: value})


def written_table(table: str, settings: dict[str, Any]) -> None:
    """Write a configuration with the settings of one table."""
    values: dict[str, dict[str, Any]] = {"": {"data": ["data.jsonl"]}, "conflicts": {"models": False}}
    values.setdefault(table, {}).update(settings)
    text = ""
    for name, keys in values.items():
        text += (f"[{name}]\n" if name else "") + "".join(f"{key} = {toml(value)}\n" for key, value in keys.items())
    Path("curate.toml").write_text(text)


def files(folder: str) -> dict[str, bytes]:
    """The files below a folder with their bytes, without links and configurations."""
    return {
        str(path): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file() and not path.is_symlink() and path.name != "curate.toml"
    }


def section_of(table: str) -> Section:
    """A table with its defaults; the empty name is that of the keys before all tables."""
    section: Section = Config.model_fields[table].default if table else Config.model_construct()
    return section
