"""`curate mcp`: the commands that only read, for agents that speak the Model Context Protocol."""

import json
import os
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import Field, ValidationError

from curate.cli.options import help_of, type_on_command_line
from curate.commands.run.training import CURATE_COMMAND
from curate.core.config import Guard, Kind
from curate.core.errors import ExitCode, requiring
from curate.core.text import excerpt, visible
from curate.core.verb_options import VerbOption, in_place_of, options_of
from curate.project.config_consent import CONFINED_VARIABLE
from curate.storage.files import display_name
from curate.storage.scratch import temporary_folder

DEFAULT_LIMIT: Final = 50
"""Items of a list that an answer shows."""
INSTRUCTIONS: Final = (
    "curate checks chat data for fine-tuning. All tools only read files below the folder of the server. Answers are "
    f"the JSON of the commands; lists are cut after `limit` items ({DEFAULT_LIMIT}), and `NAME_left_out` counts "
    "the others."
)
Paths = Annotated[list[str], "Files or folders below the folder of the server."]
Limit = Annotated[int, Field(ge=0, description="Items of each list to show.")]
Tool = Callable[..., Coroutine[Any, Any, str]]


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

    class StdioServer(MCPServer):
        async def run_stdio_async(self) -> None:
            async with stdio_server() as (requests, answers):
                options = self._lowlevel_server.create_initialization_options()
                await self._lowlevel_server.run(_answering_invalid(requests, answers), answers, options)

    server = StdioServer("curate", instructions=INSTRUCTIONS, log_level="WARNING")
    hints = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
    for tool in Tools(folder.resolve()).all():
        server.tool(annotations=hints, structured_output=False)(tool)
    server.run()


def _answering_invalid(requests: Any, answers: Any) -> Any:
    """The stream `requests` without invalid messages, which the library drops: each gets the error of JSON-RPC."""
    import mcp_types as types
    from anyio.abc import ObjectReceiveStream
    from mcp.shared.message import SessionMessage

    class Answering(ObjectReceiveStream[Any]):
        async def receive(self) -> Any:
            while isinstance(item := await requests.receive(), Exception):
                is_json = isinstance(item, ValidationError) and item.errors()[0]["type"] != "json_invalid"
                code, text = (
                    (types.INVALID_REQUEST, "Invalid Request") if is_json else (types.PARSE_ERROR, "Parse error")
                )
                error = types.ErrorData(code=code, message=text)
                await answers.send(SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=None, error=error)))
            return item

        async def aclose(self) -> None:
            await requests.aclose()

    return Answering()


def _takes_options(*without: str) -> Callable[[Tool], Tool]:
    """Give a tool the options of the command of its name in place of its parameter `words`, which gets them as words.

    Left out are those in `without`, those that name a model, a file or an address, and those that turn something off.
    """

    def taking(tool: Tool) -> Tool:
        offered = [
            option
            for option in options_of(tool.__name__)
            if (option.kind is Kind.VALUE or isinstance(option.kind, Guard))
            and option.default is not True
            and option.key not in without
        ]

        @wraps(tool)
        async def taken(*arguments: Any, **values: Any) -> str:
            words = [word for option in offered for word in _option_words(option, values.pop(option.key, None))]
            return await tool(*arguments, words=words, **values)

        parameters = in_place_of("words", map(_tool_parameter, offered), signature(tool).parameters.values())
        taken.__signature__ = signature(tool).replace(parameters=parameters)  # type: ignore[attr-defined]
        return taken

    return taking


def _tool_parameter(option: VerbOption) -> Parameter:
    """An option as a parameter of a tool."""
    kind: Any = str if option.declared.separated else type_on_command_line(option)
    described: Any = Annotated[kind | None, Field(description=help_of(option))]
    return Parameter(option.key, Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=described)


def _option_words(option: VerbOption, value: Any) -> list[str]:
    """An option and its value as words of the command line; empty if it is not given."""
    if isinstance(value, bool):
        return [option.flag] if value else []
    values = value if isinstance(value, list) else [] if value in (None, "") else [value]
    return [f"{option.flag}={item}" for item in values]


class Tools:
    """Each tool is a command in a process of its own, started in the folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def all(self) -> list[Tool]:
        """The tools."""
        return [self.check, self.stats, self.dedup, self.conflicts, self.split, self.verify, self.rule]

    @_takes_options()
    async def check(self, paths: Paths, words: Sequence[str] = (), limit: Limit = DEFAULT_LIMIT) -> str:
        """Check data and report each problem with its place."""
        return await self._answer(["check", *words, "--output-format=json", "--quiet", "--no-cache"], paths, limit)

    async def stats(self, paths: Paths, limit: Limit = DEFAULT_LIMIT) -> str:
        """Statistics of data: examples, roles, tokens, formats, scripts."""
        return await self._answer(["stats", "--json", "--no-cache"], paths, limit)

    @_takes_options()
    async def dedup(self, paths: Paths, words: Sequence[str] = (), limit: Limit = DEFAULT_LIMIT) -> str:
        """Show which duplicates would be removed. Writes nothing."""
        return await self._answer(["dedup", *words, "--json", "--quiet", "--no-cache"], paths, limit)

    @_takes_options("judge_model")
    async def conflicts(self, paths: Paths, words: Sequence[str] = (), limit: Limit = DEFAULT_LIMIT) -> str:
        """Find answers to the same question that contradict each other, by rules alone."""
        return await self._answer(["conflicts", *words, "--json", "--quiet", "--no-models", "--no-cache"], paths, limit)

    @_takes_options("parquet", "trainers")
    async def split(self, paths: Paths, words: Sequence[str] = (), limit: Limit = DEFAULT_LIMIT) -> str:
        """Show the splits that would be written: sizes, removed lines, notes. They are written to a temporary folder
        that is deleted, so an earlier split is not taken into account.
        """
        with temporary_folder() as folder:
            written = ["split", *words, f"--output={folder}/out", "--json", "--quiet", "--no-cache"]
            return await self._answer(written, paths, limit)

    async def verify(self, folder: str, limit: Limit = DEFAULT_LIMIT) -> str:
        """Verify that written splits have no leak and lost no line."""
        return await self._answer(["verify", "--json", "--no-cache"], [folder], limit)

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
            completed = await anyio.run_process(command, input=b"", cwd=self.root, env=environment, check=False)
        except OSError as error:  # longer than the system takes
            raise _refusal(f"cannot be run: {error.strerror}; shorten the paths and the options") from None
        error_lines = visible(completed.stderr.decode("utf-8", "replace"), keep_newlines=True).splitlines()
        if completed.returncode not in (ExitCode.CLEAN, ExitCode.FINDINGS) or not completed.stdout:
            raise _refusal("\n".join(error_lines[-5:]) or f"exit status {completed.returncode}")
        result = {
            "exit_status": completed.returncode,
            "notes": error_lines,
            "result": shortened(json.loads(completed.stdout), limit),
        }
        return json.dumps(result)

    def _inside(self, name: str) -> str:
        """A path below the folder, relative to it. Raises an error of the tool for any other."""
        if "\0" in name:
            raise _refusal(f"{excerpt(name)}: a path contains a NUL character; use another file or folder")
        path = (self.root / name).resolve()
        if name == "-" or "://" in name or not path.is_relative_to(self.root):
            raise _refusal(
                f"{excerpt(name)}: not below the folder of the server, {display_name(self.root)}; use a path below it, "
                "or start `curate mcp` in a folder above both"
            )
        if not path.exists():
            raise _refusal(
                f"{excerpt(name)}: no such file or folder; check the path: it is relative to {display_name(self.root)}"
            )
        return str(path.relative_to(self.root))


def _refusal(text: str) -> Exception:
    """An error whose text reaches the agent."""
    from mcp.server.mcpserver.exceptions import ToolError

    return ToolError(text)


def shortened(value: Any, limit: int) -> Any:
    """JSON with at most `limit` items in each list; the key `NAME_left_out` counts the others."""
    if isinstance(value, dict):
        result: dict[str, Any] = {}
        for name, item in value.items():
            result[name] = shortened(item, limit)
            if isinstance(item, list) and len(item) > limit:
                result[f"{name}_left_out"] = len(item) - limit
        return result
    return [shortened(item, limit) for item in value[:limit]] if isinstance(value, list) else value
