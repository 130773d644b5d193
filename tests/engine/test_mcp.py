"""`curate mcp`, over standard input and output, with the client of the protocol's own package."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from curate.cli.mcp import Tools, shortened
from tests.conftest import Write, chat
from tests.waiting import PATIENCE_SECONDS, eventually, is_running

if TYPE_CHECKING:
    from mcp.client.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mcp")]
ROOT = Path(__file__).parents[2]
BAD = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""}]}
FACTS = [("How tall is the tower?", f"The tower is {metres} metres tall.") for metres in (120, 140)]


@asynccontextmanager
async def connected(folder: str) -> Any:
    """A client of a server of this folder."""
    from mcp.client.client import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "curate", "mcp", folder], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    async with Client(stdio_client(parameters)) as client:
        yield client


async def answered(client: "Client", tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    [content] = result.content
    return dict(json.loads(content.text))  # type: ignore[union-attr]


def contents(folder: str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


async def test_an_agent_reads_nothing_outside_of_the_folder_and_changes_nothing(write: Write) -> None:
    write("data/a.jsonl", [*FACTS, *FACTS[:1], BAD])
    write("secret.jsonl", [chat("Which word is it?", "Xylophone.")])
    Path("data/link.jsonl").symlink_to(Path("secret.jsonl").absolute())
    before = contents("data")
    async with connected("data") as client:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == {"check", "stats", "dedup", "conflicts", "split", "verify", "rule"}
        assert all(tool.annotations.read_only_hint and tool.description for tool in tools)
        checked = await answered(client, "check", paths=["a.jsonl"], select="C,D")
        assert checked["exit_status"] == 1
        assert [finding["code"] for finding in checked["result"]["findings"]] == ["D001", "C003"]
        assert (await answered(client, "rule", code="C003"))["result"]["name"] == "empty-answer"
        await require_refused(client)
    assert contents("data") == before


async def require_refused(client: Any) -> None:
    """What is outside of the folder is not read."""
    for name in (
        "a" * 5_000,
        "../secret.jsonl",
        "-",
        "https://example.org/x.jsonl",
        "link.jsonl",
        "none.jsonl",
        "a.jsonl\0",
    ):
        for tool, arguments in (("check", {"paths": [name]}), ("verify", {"folder": name})):
            result = await client.call_tool(tool, arguments)
            assert result.is_error, name
            said = result.content[0].text
            assert name in said or "use another file" in said or "shorten the paths" in said
            assert any(step in said for step in ("use ", "check the path", "shorten the paths")), said
    for tool, odd in (("rule", {"code": "--help"}), ("check", {"paths": ["a.jsonl"], "limit": -1})):
        assert (await client.call_tool(tool, odd)).is_error


@pytest.mark.usefixtures("forked_tools")
async def test_each_tool_answers_and_changes_nothing(write: Write) -> None:
    write("data/a.jsonl", [*FACTS, *FACTS[:1], BAD])
    before, tools = contents("data"), Tools(Path("data").absolute())
    removed = json.loads(await tools.dedup(["."]))["result"]["removed"]
    assert [one["place"] for one in removed] == ["a.jsonl:3"]
    conflicts = json.loads(await tools.conflicts(["a.jsonl"]))["result"]["conflicts"]
    assert conflicts[0]["code"] == "X003"
    split = json.loads(await tools.split(["a.jsonl"]))["result"]
    assert split["manifest"]["read"] == 4
    assert json.loads(await tools.stats(["a.jsonl"]))["result"]["examples"] == 4
    assert contents("data") == before


def test_what_is_no_message_is_answered() -> None:
    lines = b'{"jsonrpc"\n{"jsonrpc": "2.0"}\n'
    server = [sys.executable, "-m", "curate", "mcp"]
    done = subprocess.run(
        server, input=lines, capture_output=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(answer["id"], answer["error"]["code"]) for answer in answers] == [(None, -32700), (None, -32600)]


async def test_a_call_that_is_cancelled_ends_its_command(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.jsonl", [FACTS[0]])
    command = Path("command").absolute()
    command.write_text("#!/bin/sh\necho $$ > running\nexec sleep 60\n")
    command.chmod(0o700)
    monkeypatch.setattr("curate.cli.mcp.CURATE_COMMAND", [str(command)])
    with anyio.fail_after(PATIENCE_SECONDS), anyio.CancelScope() as call:
        async with anyio.create_task_group() as group:
            group.start_soon(Tools(Path().absolute()).check, ["a.jsonl"])
            while not (Path("running").exists() and Path("running").read_text()):
                await anyio.sleep(0.01)
            call.cancel()
    await eventually(lambda: not is_running(int(Path("running").read_text())))


def lists() -> Iterator[tuple[Any, Any]]:
    yield {"a": [1, 2, 3]}, {"a": [1, 2], "a_left_out": 1}
    yield {"a": [{"b": [1, 2, 3]}]}, {"a": [{"b": [1, 2], "b_left_out": 1}]}
    yield {"a": [1, 2]}, {"a": [1, 2]}


@pytest.mark.parametrize(("whole", "shown"), list(lists()))
def test_what_is_left_out_of_a_list_is_counted(whole: Any, shown: Any) -> None:
    assert shortened(whole, 2) == shown
