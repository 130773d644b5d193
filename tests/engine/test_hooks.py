"""The hooks, as pre-commit runs them in somebody's repository."""

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from curate.cli.main import main
from tests.conftest import Write, chat, environment, line_of

REPOSITORY = Path(__file__).parents[2]
GOOD = chat("Why is the sky blue?", "Air scatters blue light most.")
OTHER = chat("Why is grass green?", "Its leaves take up the other colours.")
BAD = {"messages": [{"role": "user", "content": "Why?"}, {"role": "bot", "content": "Because."}]}


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a hook runs with: pre-commit's own cache, empty at first, in which it makes the hook's environment. Only
    this project is installed there: its dependencies are those of the tests.
    """
    return environment(
        PRE_COMMIT_HOME=str(tmp_path_factory.mktemp("pre-commit")),
        GIT_CONFIG_GLOBAL=os.devnull,
        PYTHONPATH=sysconfig.get_path("purelib"),
    )


CONFIGURATION = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: curate-check
      - id: curate-fix
        stages: [manual]
"""


def run_hook(name: str, hook: dict[str, str], *options: str) -> tuple[int, str]:
    """Exit status and output of a hook of the last commit of this repository, over the files of the working folder."""
    revision = subprocess.run(
        ["git", "-C", str(REPOSITORY), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    Path(".pre-commit-config.yaml").write_text(CONFIGURATION.format(repository=REPOSITORY, revision=revision))
    command = [sys.executable, "-m", "pre_commit", "run", name, "--all-files", *options]
    done = subprocess.run(command, env=hook, capture_output=True, text=True, check=False)
    if done.returncode == 3 and "pip" in done.stdout:
        pytest.skip("pip cannot install the hook's environment here")
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("at", [0, 1])
def test_a_committed_file_name_is_no_option(at: int, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    hook = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())[at]
    write("--write-baseline=data.jsonl", [BAD])
    status = main([*shlex.split(hook["entry"])[1:], *hook["args"], "--write-baseline=data.jsonl"])
    out, err = capsys.readouterr()
    assert (status, os.listdir()) == (1 - at, ["--write-baseline=data.jsonl"])  # noqa: PTH208
    assert ("M007" in out, "fixed 1 finding" in err) == (at == 0, at == 1)


@pytest.mark.slow
@pytest.mark.xdist_group("hooks")
@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="not a clone")
def test_hooks_check_and_mend_what_is_committed(write: Write, hook: dict[str, str]) -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    write("data/good.jsonl", [GOOD])
    data = write("data/bad.jsonl", [OTHER, BAD, OTHER, b"", OTHER])
    subprocess.run(["git", "add", "."], check=True)
    status, said = run_hook("curate-check", hook)
    assert (status, "data/bad.jsonl:2: M007" in said, "D001" in said, "J008" in said) == (1, True, True, True)

    status, said = run_hook("curate-fix", hook, "--hook-stage", "manual")
    assert status == 1, said  # files were modified by this hook
    assert '"role": "assistant"' in data.read_text().splitlines()[1]
    other = line_of(OTHER)
    lines = data.read_bytes().split(b"\n")
    assert [lines[0], *lines[2:]] == [other, other, b"", other, b""], "a line went"

    data.write_bytes(b"".join(line + b"\n" for line in lines[:2]))
    status, said = run_hook("curate-check", hook)
    assert status == 0, said
    installed = list(Path(hook["PRE_COMMIT_HOME"]).rglob("site-packages/curate/__init__.py"))
    assert len(installed) == 1, "the project is installed in the environment of the hook"
