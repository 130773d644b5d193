"""What starting costs: the CPU of `curate --version` and of `curate check` on ten lines, beside Python alone and beside
polars alone.

    python tests/bench/startup.py

Prints the median of ten runs in milliseconds (user and system time of the process), and as a multiple of `import
polars`: machines differ, ratios do so less. Bytecode is cached, as it is once a package has been installed; the first
run of each command is not counted.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

RUNS: Final = 10
CODE: Final = "import sys; from curate.cli.main import main; sys.exit(main())"
"""What the installed command does."""


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "ten.jsonl"
        data.write_text("".join(json.dumps(_example(number)) + "\n" for number in range(10)), encoding="utf-8")
        python = sys.executable
        commands = {
            "python -c pass": [python, "-c", "pass"],
            "python -c 'import polars'": [python, "-c", "import polars"],
            "curate --version": [python, "-c", CODE, "--version"],
            "curate check --help": [python, "-c", CODE, "check", "--help"],
            "curate check, ten lines": [python, "-c", CODE, "check", str(data)],
            "curate check --output-format json": [python, "-c", CODE, "check", "--output-format", "json", str(data)],
        }
        found = {label: _median(command, folder) for label, command in commands.items()}
    polars = found["python -c 'import polars'"]
    for label, seconds in found.items():
        print(f"{label:<36}{seconds * 1000:>6.0f} ms {seconds / polars:>6.2f} x polars")


def _example(number: int) -> dict[str, object]:
    said = [f"What is {number} plus seventeen, please?", f"It makes {number + 17}, of course."]
    return {
        "messages": [{"role": role, "content": text} for role, text in zip(("user", "assistant"), said, strict=True)]
    }


def _median(command: Sequence[str], folder: Path) -> float:
    """Seconds of CPU that a command takes, in the median of some runs after a first one."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    return statistics.median([_seconds(command, folder, environment) for _ in range(RUNS + 1)][1:])


def _seconds(command: Sequence[str], folder: Path, environment: dict[str, str]) -> float:
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
