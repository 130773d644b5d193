"""An installation without the packages that examples are compared with: check, convert, stats and verify run, and what
needs a package says which one.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Write, chat

WITHOUT = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
from curate.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
COMPARING = ("numba", "llvmlite", "scipy", "datasketch")


def ran(*words: str, missing: tuple[str, ...] = COMPARING) -> tuple[int, str, str]:
    """Exit status and output of curate in a process that cannot import the packages."""
    command = [sys.executable, "-c", WITHOUT.format(missing=missing), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [("check", "data.jsonl"), ("convert", "data.jsonl", "-o", "messages.jsonl"), ("stats", "data.jsonl")],
    ids=lambda words: words[0],
)
def test_check_convert_and_stats_need_no_package_for_comparisons(words: tuple[str, ...], write: Write) -> None:
    write("data.jsonl", [chat(f"What is {n}?", f"It is the number {n}.") for n in range(40)])
    code, out, err = ran(*words, "-q")
    assert (code, "bug" in err) == (0, False)
    assert out or Path("messages.jsonl").is_file()


@pytest.mark.slow
def test_verify_finds_a_leak_without_the_packages_for_comparisons(write: Write) -> None:
    rows = [chat(f"What is {n}?", f"It is the number {n}.") for n in range(40)]
    write("splits/train.jsonl", rows)
    write("splits/test.jsonl", rows[:2])
    code, out, err = ran("verify", "splits")
    assert (code, "bug" in err) == (1, False)
    assert "splits/test.jsonl:1: L" in out


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["numba", "datasketch"])
@pytest.mark.parametrize("verb", ["dedup", "split"])
def test_a_missing_package_is_one_line_with_the_command_to_get_it(verb: str, missing: str, write: Write) -> None:
    write("data.jsonl", [chat(f"What is {n}?", f"It is the number {n}.") for n in range(40)])
    code, out, err = ran(verb, "data.jsonl", "-o", "out.jsonl" if verb == "dedup" else "out", "-q", missing=(missing,))
    assert (code, out) == (2, "")
    assert f"comparing examples requires the package '{missing}', which is not installed" in err
    assert "pip install 'curate-chat[dedup]'" in err
