"""`curate mcp`: the commands that only read, for agents that speak the Model Context Protocol."""

import json
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import Field, ValidationError

from curate.core.config_consent import CONFINED_VARIABLE
from curate.core.errors import ExitCode, requiring
from curate.core.files import display_name
from curate.core.scratch import temporary_folder
from curate.core.text import excerpt, visible
from curate.pipeline.training import CURATE_COMMAND

DEFAULT_LIMIT: Final = 50
"""Items of a list that an answer shows."""
INSTRUCTIONS: Final = (
    "curate checks chat data for fine-tuning. All tools only read files below the folder of the server. Answers are "
    f"the JSON of the commands; lists are cut after `limit` items ({DEFAULT_LIMIT}), and `NAME_left_out` counts "
    "the others."
)
Paths = Annotated[list[str], "Files or folders below the folder of the server."]
Limit = Annotated[int, Field(ge=0, description="Items of each list to show.")]


def mcp(
    folder: Annotated[
        Path,
        typer.Argument(help="Folder below which files may be read.", metavar="FOLDER", exists=True, file_okay=False),
    ] = Path(),
) -> None:
    """Serve check, stats, dedup, conflicts, split, verify and rule to an agent, by the Model Context Protocol.

    Speaks on standard input and output. Files are only read, never changed; nothing is downloaded or sent.
    """
    with requiring("curate mcp", "mcp", "mcp"):
        from mcp.server.mcpserver import MCPServer
        from mcp.server.stdio import stdio_server
        from mcp_types import ToolAnnotations

    class Server(MCPServer):
        async def run_stdio_async(self) -> None:
            async with stdio_server() as (asked, answers):
                options = self._lowlevel_server.create_initialization_options()
                await self._lowlevel_server.run(_answering_invalid(asked, answers), answers, options)

    server = Server("curate", instructions=INSTRUCTIONS, log_level="WARNING")
    hints = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
    for tool in Tools(folder.resolve()).all():
        server.tool(annotations=hints, structured_output=False)(tool)
    server.run()


def _answering_invalid(asked: Any, answers: Any) -> Any:
    """The stream `asked` without what is no message, which the library drops: it is answered, as JSON-RPC says."""
    import mcp_types as types
    from anyio.abc import ObjectReceiveStream
    from mcp.shared.message import SessionMessage

    class Answering(ObjectReceiveStream[Any]):
        async def receive(self) -> Any:
            while isinstance(item := await asked.receive(), Exception):
                is_json = isinstance(item, ValidationError) and item.errors()[0]["type"] != "json_invalid"
                code, text = (
                    (types.INVALID_REQUEST, "Invalid Request") if is_json else (types.PARSE_ERROR, "Parse error")
                )
                error = types.ErrorData(code=code, message=text)
                await answers.send(SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=None, error=error)))
            return item

        async def aclose(self) -> None:
            await asked.aclose()

    return Answering()


class Tools:
    """Each tool is a command in a process of its own, started in the folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def all(self) -> list[Callable[..., Awaitable[str]]]:
        """The tools."""
        return [self.check, self.stats, self.dedup, self.conflicts, self.split, self.verify, self.rule]

    async def check(
        self, paths: Paths, select: str = "", ignore: str = "", target: str = "trainer", limit: Limit = DEFAULT_LIMIT
    ) -> str:
        """Check data and report each problem with its place. `select`, `ignore`: rule codes or prefixes by commas."""
        options = [f"--select={select}"] if select else []
        options += [f"--ignore={ignore}"] if ignore else []
        return await self._answer(
            ["check", *options, f"--target={target}", "--output-format=json", "--quiet"], paths, limit
        )

    async def stats(self, paths: Paths, limit: Limit = DEFAULT_LIMIT) -> str:
        """Statistics of data: examples, roles, tokens, formats, scripts."""
        return await self._answer(["stats", "--json"], paths, limit)

    async def dedup(self, paths: Paths, threshold: float = 0.8, limit: Limit = DEFAULT_LIMIT) -> str:
        """Show which duplicates would be removed. Writes nothing."""
        return await self._answer(
            ["dedup", "--json", "--quiet", "--no-cache", f"--threshold={threshold}"], paths, limit
        )

    async def conflicts(self, paths: Paths, limit: Limit = DEFAULT_LIMIT) -> str:
        """Find answers to the same question that contradict each other, by rules alone."""
        return await self._answer(["conflicts", "--json", "--quiet", "--no-models"], paths, limit)

    async def split(
        self, paths: Paths, fractions: str = "0.8,0.1,0.1", seed: int = 0, limit: Limit = DEFAULT_LIMIT
    ) -> str:
        """Show the splits that would be written: sizes, removed lines, notes. They are written to a temporary folder
        that is deleted, so an earlier split is not taken into account.
        """
        with temporary_folder() as folder:
            options = [f"--fractions={fractions}", f"--seed={seed}", f"--output={folder}/out", "--json", "--quiet"]
            return await self._answer(["split", *options], paths, limit)

    async def verify(self, folder: str, limit: Limit = DEFAULT_LIMIT) -> str:
        """Verify that written splits have no leak and lost no line."""
        return await self._answer(["verify", "--json"], [folder], limit)

    async def rule(self, code: str) -> str:
        """Explain a rule, with a bad and a good example."""
        return await self._answer(["rule", "--format=json", "--", code], [], DEFAULT_LIMIT)

    async def _answer(self, words: Sequence[str], paths: Sequence[str], limit: int) -> str:
        """Run a command; returns its JSON, exit status and notes. Raises an error of the tool if it cannot run."""
        import anyio  # brought by mcp

        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "CURATE_OFFLINE": "1", CONFINED_VARIABLE: str(self.root)}
        try:
            if words[0] != "rule":
                words = [*words, "--", *map(self._inside, paths)]
            command = [*CURATE_COMMAND, *words]
            # kills the command when the call is cancelled or the client leaves
            done = await anyio.run_process(command, input=b"", cwd=self.root, env=environment, check=False)
        except (OSError, ValueError) as error:  # a NUL, or longer than the system takes
            raise _refusal(f"cannot be run: {getattr(error, 'strerror', None) or error}") from None
        error_lines = visible(done.stderr.decode("utf-8", "replace"), keep_newlines=True).splitlines()
        if done.returncode not in (ExitCode.CLEAN, ExitCode.FINDINGS) or not done.stdout:
            raise _refusal("\n".join(error_lines[-5:]) or f"exit status {done.returncode}")
        result = {
            "exit_status": done.returncode,
            "notes": error_lines,
            "result": shortened(json.loads(done.stdout), limit),
        }
        return json.dumps(result)

    def _inside(self, name: str) -> str:
        """A path below the folder, relative to it. Raises an error of the tool for any other."""
        path = (self.root / name).resolve()
        if name == "-" or "://" in name or not path.is_relative_to(self.root):
            raise _refusal(f"{excerpt(name)}: not below the folder of the server, {display_name(self.root)}")
        if not path.exists():
            raise _refusal(f"{excerpt(name)}: no such file or folder")
        return str(path.relative_to(self.root))


def _refusal(text: str) -> Exception:
    """An error whose text reaches the agent."""
    from mcp.server.mcpserver.exceptions import ToolError

    return ToolError(text)


def shortened(value: Any, limit: int) -> Any:
    """JSON with at most `limit` items in each list; the key `NAME_left_out` counts the others."""
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for name, item in value.items():
            found[name] = shortened(item, limit)
            if isinstance(item, list) and len(item) > limit:
                found[f"{name}_left_out"] = len(item) - limit
        return found
    return [shortened(item, limit) for item in value[:limit]] if isinstance(value, list) else value
