"""What the tests of hostile input share."""

import os
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from curate.cli.main import main
from curate.commands.run.training import CURATE_COMMAND


@pytest.fixture
def tools_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tools for agents run each command in this process: a fork takes ten times as long."""
    pytest.importorskip("mcp")
    monkeypatch.setattr("anyio.run_process", run_in_process)


async def run_in_process(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], **_: object
) -> CompletedProcess[bytes]:
    """Run a command of the tools in a folder and an environment, as `anyio.run_process` does."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        for name in os.environ.keys() - env.keys():
            patch.delenv(name)
        for name, value in env.items():
            patch.setenv(name, value)
        code = main(list(command[len(CURATE_COMMAND) :]))
    assert code in (0, 1, 2), err.getvalue()
    return CompletedProcess(command, code, out.getvalue().encode(), err.getvalue().encode())
