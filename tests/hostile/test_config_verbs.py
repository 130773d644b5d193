"""A configuration in a stranger's folder, with an attacker's value for each key, makes no command, no tool of the MCP
server and no answer of the language server send a request or show a line of a file outside of the folder.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import anyio
import pytest

import curate
from curate.cli.main import main
from curate.cli.mcp import Tools
from curate.cli.server import diagnostics
from curate.cli.verbs import names
from curate.core.config import Config, Kind
from curate.core.errors import ConfigError, CurateError
from curate.core.validation import validated
from curate.review.sources import sources_of
from tests.conftest import chat, working_in, written_file
from tests.hostile.stranger import WORD, Server, attacks, files, hub, kinds, section_of, written_table

pytestmark = pytest.mark.slow
CONNECTING: Final = [
    *(["remote", verb, "data.jsonl"] for verb in ("upload", "start")),
    *(["remote", verb, "ftjob-1"] for verb in ("watch", "fetch", "cancel")),
]
"""Commands that connect to the address of the configuration."""
CONFIGURED: Final[dict[str, list[list[str]]]] = {
    "check": [["check", "data.jsonl", "--fix", "--all"]],
    "stats": [["stats", "data.jsonl"]],
    "rule": [["rule", "--test"]],
    "suppress": [["suppress", "C001", "data.jsonl:1", "--reason", "it is meant"]],
    "dedup": [["dedup", "data.jsonl", "-o", "kept.jsonl", "--overwrite"]],
    "conflicts": [["conflicts", "data.jsonl"]],
    "score": [["score", "data.jsonl"]],
    "select": [["select", "data.jsonl", "--examples", "3", "-o", "chosen.jsonl", "--overwrite"]],
    "split": [["split", "data.jsonl", "-o", "made"]],
    "review": [["review", "."], ["review", "--agreement"]],
    "remote": [["remote", verb, "data.jsonl"] for verb in ("validate", "estimate")],
    "report": [["report", "data.jsonl", "-o", "report.html", "--overwrite"]],
    "run": [["run"]],
    "verify": [["verify", "given"]],
}
"""The commands that read a configuration."""
OTHERS: Final[dict[str, list[list[str]]]] = {
    "convert": [["convert", "data.jsonl", "--to", "sharegpt", "-o", "converted.jsonl"]],
    "ingest": [["ingest", "data.jsonl", "-o", "ingested.jsonl"]],
    "decontaminate": [["decontaminate", "data.jsonl", "--bench", "held.jsonl"]],
    "redact": [["redact", "data.jsonl", "-o", "redacted.jsonl"]],
    "papers": [["papers", "given"]],
    "query": [["query", "turns > 0", "data.jsonl"]],
    "restore": [["restore", "given", "--all"]],
    "diff": [["diff", "given", "given"]],
    "apply": [["apply", "data.jsonl", "-o", "applied.jsonl"]],
    "doctor": [["doctor"]],
    "template": [["template", "diff", "qwen3", "llama3.1", "data.jsonl"]],
    "skill": [["skill"]],
    "completion": [["completion", "bash"]],
}
"""The commands that read none; they are tried with one configuration."""
TYPES: Final = {"schema"}
TRAINER: Final = {"recipe", "train", "sweep", "evaluate", "export", "chat"}
"""Commands that read a recipe, which a person names, and no configuration."""
SERVERS: Final = {"mcp", "server"}
"""Commands that serve: their tools and answers are asked for."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, and its split, beside files of somebody else."""
    top = tmp_path_factory.mktemp("stranger")
    (top / "project").mkdir()
    (top / "model").mkdir()
    (top / "model/config.json").write_text(f'{{"{WORD}": 1}}')
    with working_in(top / "project"):
        written_file("data.jsonl", [(f"What is thing {n}?", f"It is the number {n}.") for n in range(12)])
        written_file("held.jsonl", [("What is item 1?", "It is the first one.")])
        written_file("../secret.jsonl", [chat("Which word is it?", WORD)])
        Path("link.jsonl").symlink_to(Path("../secret.jsonl"))
        Path("link").symlink_to(Path("../model"))
        Path("x").mkdir()
        Path("x/file").write_text("a file, not the folder of a model")
        assert main(["split", "data.jsonl", "-o", "given", "-q"]) == 0
    return top


@pytest.fixture
def server(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that is also the hub, for a copy of the folder."""
    shutil.copytree(template, tmp_path / "top", symlinks=True)
    monkeypatch.chdir(tmp_path / "top/project")
    for name in ("OPENAI_API_KEY", "CURATE_REMOTE_KEY", "CURATE_JUDGE_KEY"):
        monkeypatch.setenv(name, "sk-never-to-be-sent-0123456789")
    with hub(monkeypatch) as found:
        yield found


def reaching() -> list[tuple[str, str]]:
    """Table and key of the settings that can reach out of the folder."""
    return [(table, key) for table, key, kind in kinds() if isinstance(kind, Kind) and kind is not Kind.VALUE]


def tables() -> list[str]:
    return list(dict.fromkeys(table for table, _, kind in kinds() if kind is Kind.VALUE))


def plain_settings(table: str, name: str) -> dict[str, Any]:
    """A value that names a URL or a file, for each key of a table that takes one although it reaches nothing."""
    found = {}
    for key, kind in section_of(table).kinds.items():
        if kind is not Kind.VALUE:
            continue
        rule = {"code": "U001", "name": "reads", "message": name, "expression": f"(SELECT a FROM read_csv('{name}'))"}
        for value in (name, [name], {name: 1}, {name: [name]}, {name: name}, {"*": name}, [rule]):
            with suppress(ConfigError):
                validated(Config, {table: {key: value}} if table else {key: value}, "test")
                found[key] = value
                break
    return found


def assert_nothing_left(server: Server, told: str, before: dict[str, bytes]) -> None:
    after = files("..")
    assert server.requests == []
    assert WORD not in told
    fresh = [path for path, data in after.items() if before.get(path) != data]
    assert not any(WORD in path or WORD.encode() in after[path] for path in fresh)
    assert all(Path(path).resolve().is_relative_to(Path.cwd()) for path in fresh)


def all_told(capsys: pytest.CaptureFixture[str], *more: list[str]) -> str:
    """Run each command that reads the configuration, and `more`; what they, the review and the language server say."""
    for words in (*(words for commands in CONFIGURED.values() for words in commands), *more):
        assert main(words) in (0, 1, 2), words
    told = [*capsys.readouterr()]
    with suppress(CurateError):
        told.append(str(sources_of([Path("data.jsonl")]).files))
    paths = [Path(name).absolute() for name in ("data.jsonl", "curate.toml")]
    told += [str(diagnostics(path.read_text(), path, lambda: False)) for path in paths]
    return "\n".join(told)


def test_each_command_is_tried() -> None:
    sources = [path.read_text() for path in (Path(curate.__file__).parents[1] / "train").rglob("*.py")]
    assert sources
    assert not any("config_files" in source or "load_config" in source for source in sources)
    assert set(names()) == {*CONFIGURED, *OTHERS, *TYPES, *TRAINER, *SERVERS}


@pytest.mark.parametrize(("table", "key"), reaching())
def test_no_command_reaches_out_for_a_setting(
    table: str, key: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    written_table(table, {key: attacks(section_of(table).kinds[key], "", server.origin)[0]})
    before = files("..")
    told = all_told(capsys, *(CONNECTING if key == "base_url" else []))
    assert_nothing_left(server, told, before)


@pytest.mark.parametrize("table", tables())
def test_no_command_reaches_out_for_plain_settings(
    table: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (f"{server.origin}/x.jsonl", str(Path("../secret.jsonl").resolve())):
        written_table(table, plain_settings(table, name))
        before = files("..")
        assert_nothing_left(server, all_told(capsys), before)


def test_commands_without_a_configuration_read_none(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    written_table("split", {"existing": [f"{server.origin}/x.jsonl", "../secret.jsonl"]})
    before = files("..")
    for words in (words for commands in OTHERS.values() for words in commands):
        assert main(words) in (0, 1, 2), words
    assert_nothing_left(server, "".join(capsys.readouterr()), before)


@pytest.mark.usefixtures("tools_in_process")
@pytest.mark.parametrize(("table", "key"), reaching())
def test_no_tool_for_agents_reaches_out_for_a_setting(table: str, key: str, server: Server) -> None:
    """Also in a folder that the person trusts."""
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "curate" / "curate.toml"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(f"trust = ['{Path.cwd()}']\n")
    from mcp.server.mcpserver.exceptions import ToolError

    before, tools = files(".."), Tools(Path.cwd())
    for value in attacks(section_of(table).kinds[key], "", server.origin)[:3:2]:  # a URL, and a path where it takes one
        written_table(table, {key: value})
        told = ""
        for tool in (tools.check, tools.dedup, tools.conflicts, tools.split):
            try:
                told += (answer := anyio.run(tool, ["data.jsonl"]))
                assert f"{table}.{key} = ".removeprefix(".") not in answer, "it was used, with a note"
            except ToolError as refused:
                told += str(refused)
        assert_nothing_left(server, told, before)
