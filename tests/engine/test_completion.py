"""Completion in a shell: commands, options, and values of options."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from curate.cli.main import main
from tests.conftest import environment

Captured = pytest.CaptureFixture[str]


def completed(monkeypatch: pytest.MonkeyPatch, capsys: Captured, line: str) -> list[str]:
    """What bash is told for a line with the cursor at its end."""
    monkeypatch.setenv("_CURATE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    assert main([]) == 0
    return capsys.readouterr().out.split()


def test_commands_options_and_values_are_completed(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    begun = completed(monkeypatch, capsys, "curate c")
    assert sorted(begun) == ["chat", "check", "completion", "conflicts", "convert"]
    assert completed(monkeypatch, capsys, "curate check data.jsonl --exit") == ["--exit-zero", "--exit-non-zero-on-fix"]
    assert completed(monkeypatch, capsys, "curate check --color a") == ["auto", "always"]
    assert completed(monkeypatch, capsys, "curate remote st") == ["start"]
    assert completed(monkeypatch, capsys, "curate nonsense --") == ["--help"]
    assert completed(monkeypatch, capsys, "curate pl") == []


def test_top_level_names_load_no_command() -> None:
    code = (
        "import curate.cli.main, sys; curate.cli.main.main([]); print('train' in sys.modules, 'polars' in sys.modules)"
    )
    asked = environment(_CURATE_COMPLETE="complete_bash", COMP_WORDS="curate tr", COMP_CWORD="1")
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code], env={**asked, "PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["train", "False", "False"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_each_shell_has_a_script(shell: str, capsys: Captured) -> None:
    assert main(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert "_CURATE_COMPLETE" in out
    assert "curate" in out


@pytest.mark.skipif(os.name == "nt", reason="bash")
def test_bash_takes_the_script(capsys: Captured) -> None:
    main(["completion", "bash"])
    script = capsys.readouterr().out
    called = f"{script}\ncurate() {{ echo check; }}\nCOMP_WORDS=(curate ch) COMP_CWORD=1\n"
    assert "_curate_completion" in script
    done = subprocess.run(["bash", "-n"], input=called, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
