"""The documentation: what a page shows is what the commands print, and each command, option and link exists."""

import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

import curate
from curate.cli.common_options import as_command
from curate.cli.main import main
from curate.cli.verbs import load_verb, names
from curate.core.config import Config
from curate.core.errors import ExitCode
from curate.core.validation import validated
from curate.lint.rules import RULES
from docs.build import SITE, build, sources
from docs.reference import subcommands
from tests.conftest import chat, line_of

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^(`{3,})(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^(?:\$ )?|`)curate ([a-z]+)\b([^`\n#]*)", re.MULTILINE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def runs(page: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of the page's console blocks with the lines that they are said to print."""
    for _, language, _, text in FENCE.findall(page):
        if language == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, *output = part.rstrip("\n").split("\n")
                yield command, output


def pattern_of(lines: list[str]) -> str:
    """An expression for what is printed: a line `...` is any number of lines, `...` in a line is any text."""
    return "".join(
        r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n" for line in lines
    )


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in WRITTEN if "```console" in path.read_text()], ids=name_of)
def test_a_page_shows_what_its_commands_print(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = path.read_text()
    for _, _, file, text in FENCE.findall(page):
        if file:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text(text)
    for command, output in runs(page):
        program, *words = shlex.split(command, comments=True)
        assert program == "curate", command
        capsys.readouterr()
        status, (out, err) = main(words), capsys.readouterr()
        assert status in (ExitCode.CLEAN, ExitCode.FINDINGS), f"{command}\n{err}"
        if output:
            assert re.fullmatch(pattern_of(output), out), f"{command}\n{out}"


def prepare() -> None:
    """The files that commands without files of their own name."""
    lines = [
        {**chat(f"What is {n} times {n}?", f"It is {n * n}."), "metadata": {"source": f"book {n % 5}"}}
        for n in range(30)
    ]
    Path("data").mkdir()
    for name in ("data.jsonl", "data/a.jsonl"):
        Path(name).write_bytes(b"".join(line_of(line) + b"\n" for line in lines))
    Path("my-splits").mkdir()
    for name, part in (("train", lines[:20]), ("test", lines[20:])):
        Path(f"my-splits/{name}.jsonl").write_bytes(b"".join(line_of(line) + b"\n" for line in part))
    Path("curate.toml").write_text('data = ["data.jsonl"]\noutput = "run"\n[conflicts]\nmodels = false\n')


def test_the_three_commands_of_the_readme_run() -> None:
    prepare()
    section = (ROOT / "README.md").read_text().partition("## Three commands")[2].partition("## ")[0]
    commands = re.findall(r"^curate (.+)$", section, re.MULTILINE)
    assert [main(shlex.split(command, comments=True)) for command in commands] == [ExitCode.CLEAN] * 3


def test_the_first_code_of_the_python_page_runs() -> None:
    prepare()
    code = next(
        text
        for _, language, _, text in FENCE.findall((ROOT / "docs/howto/python.md").read_text())
        if language == "python"
    )
    exec(code, {})
    assert Path("out/manifest.json").is_file()
    assert Path("run/manifest.json").is_file()


ELSEWHERE = {
    r"pip install|python3 -m venv": "tests/installed.py",  # a package index
    r"curate redact .*--entities": "tests/engine/test_redact_entities.py",  # a model
    r"curate papers .*--sign|curate verify .*--statement": "tests/engine/test_papers.py",  # a key
    r"curate (decontaminate|verify) .*--(bench|build-index)": "tests/engine/test_benchmark_index.py",  # an index
    r"curate mcp": "tests/engine/test_mcp.py",  # serves until its input ends
    r"curate server": "tests/engine/test_server.py",
    r"torchrun": "tests/trainer/test_distributed.py",  # several processes, or GPUs
    r"ray start|curate .* --engine ray": "tests/engine/test_cluster.py",
    r"curate evaluate": "tests/trainer/test_evaluation.py",  # a model, or a service
    r"curate chat": "tests/trainer/test_chat.py",
    r"curate export --merge": "tests/trainer/test_merge_adapters.py",
    r"curate export": "tests/trainer/test_export.py",
    r"curate remote (start|watch|fetch)": "tests/engine/test_remote.py",  # a service
    r"curate review": "tests/screens/test_review_terminal.py",  # a terminal
    r"curate score .*--judge": "tests/engine/test_judges.py",
    r"curate select .*--compare": "tests/trainer/test_compare_selections.py",  # trainings
    r"curate sweep": "tests/trainer/test_sweep.py",
    r"curate train --plan": "tests/trainer/test_plan.py",  # a model
    r"curate recipe import": "tests/trainer/test_recipe_import.py",  # files of other trainers
    r"curate train recipe\.toml$": "tests/trainer/test_training.py",
    r"curate train .*--resume": "tests/trainer/test_training.py",
    r"curate train .*--set": "tests/trainer/test_preference.py",
}
"""Commands of the pages that need what a test of a page has not, and the tests that run them; here they are parsed."""


def commands(page: str) -> list[str]:
    """The commands of the page's blocks without output, and of jobs of continuous integration."""
    lines = [line for _, kind, _, text in FENCE.findall(page) if not kind for line in text.splitlines()]
    lines = [re.split(r"\s#\s", line)[0].strip() for line in lines if not line.startswith("$")]
    steps = [
        re.findall(r"^\s*- (.+)$", text, re.MULTILINE) for _, kind, _, text in FENCE.findall(page) if kind == "yaml"
    ]
    known = "curate ", "pip ", "python3 ", "torchrun ", "ray "
    return [line for line in (*lines, *chain(*steps)) if line.startswith(known)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.slow] if "curate recipe" in path.read_text() else [], id=name_of(path))
        for path in WRITTEN
        if commands(path.read_text())
    ],
)
def test_each_command_of_a_page_runs_here_or_in_a_test_that_is_named(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare()
    found = commands(path.read_text())
    if any(command.startswith("curate remote") for command in found):
        main(["split", "data.jsonl", "-o", "out"])
    for command in found:
        other = next((test for pattern, test in ELSEWHERE.items() if re.match(pattern, command)), None)
        program, *words = shlex.split(command)
        if other is None:
            capsys.readouterr()
            assert main(words) in (ExitCode.CLEAN, ExitCode.FINDINGS), f"{command}\n{capsys.readouterr().err}"
            continue
        assert (ROOT / other).is_file(), other
        if program == "curate":
            parsed(words)
            run = (ROOT / other).read_text()
            assert f'"{words[0]}"' in run or f"{words[0]}(" in run, f"{other} runs no curate {words[0]}"


def parsed(words: list[str]) -> None:
    """Parse a command without running it. Raises `TyperException` for an option or value that it does not take."""
    command = as_command(words[0], load_verb(words[0]))
    if words[1:] and words[1] in getattr(command, "commands", {}):
        command, words = command.commands[words[1]], words[1:]
    command.make_context(words[0], words[1:])


@pytest.mark.parametrize("path", [path for path in WRITTEN if "```toml" in path.read_text()], ids=name_of)
def test_configurations_that_a_page_shows_are_valid(path: Path) -> None:
    for _, kind, _, text in FENCE.findall(path.read_text()):
        if kind == "toml":
            validated(Config, tomllib.loads(text), name_of(path))


@cache
def options_of(verb: str, below: str) -> set[str]:
    """The options that a command has."""
    command = as_command(verb, load_verb(verb))
    if below:
        command = command.commands[below]
    return {"-h", "--help", *(name for item in command.params for name in (*item.opts, *item.secondary_opts))}


@pytest.mark.slow
@pytest.mark.parametrize("path", WRITTEN, ids=name_of)
def test_commands_and_options_that_a_page_names_exist(path: Path) -> None:
    known = {verb: {below: options_of(verb, below) for below in subcommands(verb) or [""]} for verb in names()}
    unknown = []
    for verb, rest in COMMAND.findall(path.read_text()):
        options = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", rest))
        below = next((word for word in rest.split() if word in known.get(verb, {})), "")
        unknown += [f"curate {verb} {one}" for one in options - known.get(verb, {}).get(below, set())]
        if verb not in known:
            unknown.append(f"curate {verb}")
    assert unknown == []


def test_each_environment_variable_that_users_set_is_documented() -> None:
    """Others are set by one process of curate for another."""
    internal = {"CURATE_COMMAND", "CURATE_CONFINED_TO", "CURATE_FAILURE", "CURATE_FOLLOW_STDIN"}
    packages = Path(curate.__file__).parent.parent  # the checkout, or the folder of an installed wheel
    folders = (packages / folder for folder in ("curate", "train", "tui"))
    sources_read = (path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py"))
    variables = {name for text in sources_read for name in re.findall(r"\bCURATE_[A-Z_]+", text)}
    documented = set(re.findall(r"^\| `(CURATE_\w+)`", (ROOT / "docs/commands.md").read_text(), re.MULTILINE))
    assert variables - internal == documented


@pytest.mark.slow
def test_each_rule_and_command_has_a_page() -> None:
    pages = sources()
    assert {f"reference/rules/{code}.md" for code in RULES} <= pages.keys()
    assert {f"reference/cli/{verb}.md" for verb in names()} <= pages.keys()
    assert all(pages[f"reference/rules/{code}.md"].startswith(f"# {code} ") for code in RULES)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("zensical") is None, reason="the generator is in the extra `dev`")
def test_the_documentation_builds_without_a_broken_link() -> None:
    assert build() == 0
    assert (SITE / "reference/rules/M016.html").is_file()
    assert (SITE / "reference/rules/M016.md").is_file()
    assert "reference/rules/M016.md" in (SITE / "llms.txt").read_text()
