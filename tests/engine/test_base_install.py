"""An installation without the packages that examples are compared with: check, convert, stats and verify run, and what
needs a package says which one.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from curate.cli.main import main
from tests.conftest import Write, chat

WITHOUT = """
import json, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
from curate.cli.main import main
sys.exit(sum(main(words) << 2 * at for at, words in enumerate(json.loads(sys.argv[1]))))
"""
COMPARING = ("numba", "llvmlite", "scipy", "datasketch")


def ran(*commands: tuple[str, ...], missing: tuple[str, ...] = COMPARING) -> tuple[list[int], str, str]:
    """The exit status of each of at most four commands, and what they print, in a process that cannot import the
    packages.
    """
    command = [sys.executable, "-c", WITHOUT.format(missing=missing), json.dumps(commands)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [done.returncode >> 2 * at & 3 for at in range(len(commands))], done.stdout, done.stderr


@pytest.mark.slow
def test_check_convert_stats_and_verify_need_no_package_for_comparisons(write: Write) -> None:
    rows = [chat(f"What is {n}?", f"It is the number {n}.") for n in range(40)]
    write("data.jsonl", rows)
    write("splits/train.jsonl", rows)
    write("splits/test.jsonl", rows[:2])
    codes, out, err = ran(
        ("check", "data.jsonl", "-q"),
        ("convert", "data.jsonl", "-o", "messages.jsonl", "-q"),
        ("stats", "data.jsonl"),
        ("verify", "splits"),
    )
    assert (codes, "bug" in err) == ([0, 0, 0, 1], False)
    assert "40" in out
    assert Path("messages.jsonl").is_file()
    assert "splits/test.jsonl:1: L" in out


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["numba", "datasketch"])
def test_a_missing_package_is_one_line_with_the_command_to_get_it(missing: str, write: Write) -> None:
    write("data.jsonl", [chat(f"What is {n}?", f"It is the number {n}.") for n in range(40)])
    commands = (("dedup", "data.jsonl", "-o", "out.jsonl", "-q"), ("split", "data.jsonl", "-o", "out", "-q"))
    codes, out, err = ran(*commands, missing=(missing,))
    assert (codes, out) == ([2, 2], "")
    assert err.count(f"comparing examples requires the package '{missing}', which is not installed") == len(commands)
    assert err.count("pip install 'curate-chat[dedup]'") == len(commands)


def test_an_incomplete_installation_is_one_line(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [chat("Why?", "So.")])

    def incomplete(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'xxhash'", name="xxhash")

    monkeypatch.setattr("curate.cli.check.require_distinct_paths", incomplete)
    assert main(["check", "data.jsonl"]) == 2
    assert capsys.readouterr().err == (
        "error: curate requires the package 'xxhash', which is not installed\n"
        "  next: pip install --force-reinstall curate-chat\n"
    )
