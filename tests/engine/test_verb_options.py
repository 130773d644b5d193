"""An option is declared once, as a key of the configuration: it is on the command line, in Python, in the tools of the
MCP server, in the schema and in the reference.
"""

import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, Literal

import pytest

import curate
from curate.cli.main import main
from curate.core.config import Config, Section
from curate.core.errors import ConfigError
from curate.core.option import Option
from curate.core.verb_options import TABLES, options_of
from tests.conftest import Write, chat, environment, line_of, working_in, written_file

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("curate", "docs", "train", "tui")
CHATS: Final = [chat(f"What is {n} times {n}?", f"It is {n * n}.") for n in range(6)]
NEW_KEY: Final = (
    '    least: Annotated[int, Field(ge=1), Option(help="Compare examples of at least this many words.")] = 3\n'
)
SEEN: Final = """
import asyncio, inspect, io, json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch
import curate
from curate.cli.main import main
from curate.cli.mcp import Tools
from curate.project.config_files import find_config
from curate.schemas import schemas
from docs.reference import pages
from docs.signatures import stub
from mcp.server.mcpserver import MCPServer

def output(*words):
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(out):
        return [main(words), out.getvalue()]

Path("curate.toml").write_text("[dedup]\\nleast = 4\\n")
server = MCPServer("curate")
server.tool(structured_output=False)(Tools(Path()).dedup)
with patch("docs.reference.names", lambda: ["dedup"]), patch("docs.reference.schema_types", dict):
    made = dict(pages())
asked = asyncio.run(server.list_tools())[0].input_schema["properties"]["least"]
seen = {
    "help": output("dedup", "--help"),
    "refused": output("dedup", "data.jsonl", "--least", "0"),
    "taken": output("dedup", "data.jsonl", "--least", "2"),
    "toml": find_config(Path()).dedup.least,
    "python": str(inspect.signature(curate.dedup).parameters["least"]),
    "called": len(curate.dedup("data.jsonl", least=2).removed),
    "documented": "- `least`: Compare examples of at least" in curate.dedup.__doc__,
    "stub": "    least: int | None = None,\\n" in stub(),
    "mcp": asked,
    "reference": [name for name, text in made.items() if "least" in text and "this many words" in text],
}
Path("curate.toml").write_text("[dedup]\\nleast = 0\\n")
seen["toml refused"] = output("dedup", "data.jsonl")
schema = json.loads(schemas({})["config.schema.json"])
seen["schema"] = schema["$defs"]["DedupConfig"]["properties"]["least"]
print(json.dumps(seen))
"""


@pytest.mark.slow
@pytest.mark.xdist_group("verb_options")
def test_an_option_is_one_line(in_a_copy: tuple[Any, Any]) -> None:
    _, seen = in_a_copy
    assert "--least N Compare examples of at least this many words." in " ".join(seen["help"][1].split())
    assert "[default: 3]" in seen["help"][1]
    assert seen["refused"] == [2, seen["refused"][1]]
    assert "least: must be greater than or equal to 1 (got 0)" in seen["refused"][1]
    assert seen["taken"][0] == 0
    assert seen["toml"] == 4
    assert seen["toml refused"][0] == 2
    assert "curate.toml: dedup.least: must be greater than or equal to 1" in seen["toml refused"][1]
    assert seen["python"] == "least: int | None = None"
    assert (seen["called"], seen["documented"], seen["stub"]) == (0, True, True)
    assert {"type": "integer"} in seen["mcp"]["anyOf"]
    assert seen["mcp"]["description"] == "Compare examples of at least this many words.  [default: 3]"
    expected = {"default": 3, "description": "Compare examples of at least this many words.", "minimum": 1}
    assert expected.items() <= seen["schema"].items()
    assert seen["reference"] == ["reference/cli/dedup.md", "reference/configuration.md", "reference/python.md"]


COMMAND: Final = '''
"""The longest lines of files."""

from dataclasses import dataclass

from curate.commands.session import Workspace
from curate.core.json_output import Output


@dataclass(frozen=True, slots=True)
class LongestResult(Output):
    """What `curate longest --json` prints."""

    bytes: int
    """Length of the longest line."""


def longest(work: Workspace) -> LongestResult:
    """The longest line of all files."""
    return LongestResult(max(len(line) for path in work.files for line in path.read_bytes().splitlines()))
'''
OPENED_BY: Final = '''
"""`curate longest`."""

from curate.cli import options
from curate.commands.longest import longest as longest_data
from curate.render.console import print_result


def longest(paths: options.Paths, as_json: options.AsJson = False) -> None:
    """Show the length of the longest line."""
    result = longest_data(options.session().open_plain(options.named_files(paths)))
    print_result(result, [f"{result.bytes} bytes"], as_json=as_json)
'''
USED: Final = """
import io, json
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch
from curate.cli.main import main
from curate.schemas import schemas
from docs.reference import pages

def output(*words):
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(out):
        return [main(words), out.getvalue()]

with patch("docs.reference.names", lambda: ["longest"]), patch("docs.reference.schema_types", dict):
    made = dict(pages())
print(json.dumps({
    "listed": output("--help")[1],
    "help": output("longest", "--help"),
    "text": output("longest", "data.jsonl"),
    "json": output("longest", "data.jsonl", "--json"),
    "schema": json.loads(schemas({})["longest.schema.json"])["properties"]["bytes"]["description"],
    "reference": made["reference/cli/longest.md"],
}))
"""


@pytest.fixture(scope="module")
def in_a_copy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """What is seen of a command and of an option that are added in a copy of the packages."""
    pytest.importorskip("mcp")
    folder = tmp_path_factory.mktemp("added")
    copy = folder / "copy"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name)
    config = copy / "curate/core/config.py"
    before, key, after = config.read_text().partition("    stop_share:")
    config.write_text(before + NEW_KEY + key + after)
    (copy / "curate/commands/longest.py").write_text(COMMAND)
    (copy / "curate/cli/longest.py").write_text(OPENED_BY)
    verbs = copy / "curate/cli/verbs.py"
    before, key, after = verbs.read_text().partition('        "score": ')
    verbs.write_text(f'{before}        "longest": "Show the length of the longest line.",\n{key}{after}')
    with working_in(folder):
        written_file("data.jsonl", CHATS)
        done = subprocess.run(
            [sys.executable, "-c", USED + SEEN],
            env=environment(PYTHONPATH=str(copy), COLUMNS="80"),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    command, option = map(json.loads, done.stdout.splitlines()[-2:])
    return command, option


@pytest.mark.slow
@pytest.mark.xdist_group("verb_options")
def test_a_command_is_two_files_and_a_line(in_a_copy: tuple[Any, Any]) -> None:
    seen, _ = in_a_copy
    length = max(len(line_of(one)) for one in CHATS)
    assert "longest        Show the length of the longest line." in seen["listed"]
    assert all(f"  {option} " in seen["help"][1] for option in ("--json", "--exclude", "--color"))
    assert (seen["text"], seen["json"]) == ([0, f"{length} bytes\n"], [0, f'{{"bytes": {length}}}\n'])
    assert seen["schema"] == "Length of the longest line."
    assert "Show the length of the longest line." in seen["reference"]


@pytest.mark.parametrize("verb", [verb for verb in TABLES if verb in curate.__all__])
def test_the_command_and_the_function_take_the_same_options(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    keywords = inspect.signature(getattr(curate, verb)).parameters
    assert main([verb, "--help"]) == 0
    told = capsys.readouterr().out
    for option in options_of(verb):
        assert keywords[option.key].default is None
        assert f"  {option.flag}" in told
    documentation = inspect.getdoc(getattr(curate, verb)) or ""
    assert all(option.declared.help in documentation for option in options_of(verb))


def test_an_unknown_keyword_is_refused_with_the_likely_one(write: Write) -> None:
    data = write("data.jsonl", CHATS)
    for verb, keyword, meant in (
        (curate.dedup, "treshold", "threshold"),
        (curate.check, "selects", "select"),
        (curate.dedup, "given", None),
    ):
        unknown: Any = {keyword: 1}
        with pytest.raises(TypeError, match=f"got an unexpected keyword argument '{keyword}'") as error:
            verb(data, **unknown)
        assert meant is None or str(error.value).endswith(f"; did you mean {meant!r}?")
    with pytest.raises(ConfigError, match="threshold: must be less than or equal to 1"):
        curate.dedup(data, threshold=2.0)


def test_an_option_that_is_none_leaves_the_configuration(write: Write) -> None:
    data = write("data.jsonl", [*CHATS, chat("Is it open?", "")])
    Path("curate.toml").write_text("[check]\nselect = ['J001']\n[dedup]\nthreshold = 0.9\n")
    assert curate.check(data, select=None).findings.is_empty()
    assert not curate.check(data, select=["C003"]).findings.is_empty()
    assert main(["check", str(data)]) == 0
    assert main(["check", str(data), "--select", "J001,C003"]) == 1


def test_text_of_a_configuration_says_what_it_reaches() -> None:
    with pytest.raises(TypeError, match=r"Unmarked\.folder: text needs a `Kind`"):

        class Unmarked(Section):
            folder: tuple[str, ...] | None = None

    class Chosen(Section):
        one: Literal["a", "b"] = "a"

    assert set(Chosen.kinds) == {"one"}


def test_each_option_of_a_table_is_taken_by_a_command() -> None:
    taken = {(option.table, option.key) for verb in TABLES for option in options_of(verb)}
    sections = {"": Config} | {
        name: type(field.default) for name, field in Config.model_fields.items() if isinstance(field.default, Section)
    }
    declared = {
        (table, key)
        for table, section in sections.items()
        for key, field in section.model_fields.items()
        if any(isinstance(mark, Option) for mark in field.metadata)
    }
    assert declared == taken
