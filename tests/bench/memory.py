"""The memory that `curate train --plan` expects of a training on a CPU, beside what the training then takes.

    python tests/bench/memory.py FILE [--ways NAME...]

FILE is a data set in any format that curate reads. SmolLM2-135M-Instruct trains some steps in several ways, each in a
process of its own; the most memory that the process had (VmHWM) stands beside the estimate that was made before the
weights were loaded.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.bench.trainer_speed import BASE, write_split

STEPS: Final = 2
VARIANTS: Final[dict[str, list[str]]] = {
    "qlora, 512 tokens": ["tokens_per_pass=512"],
    "qlora, 1,024 tokens": ["tokens_per_pass=1024"],
    "qlora, 2,048 tokens": ["tokens_per_pass=2048", "batch=32"],
    "qlora, checkpointing": ["tokens_per_pass=1024", "activation_checkpointing=true"],
    "lora, 1,024 tokens": ["method=lora", "tokens_per_pass=1024"],
    "bottleneck": ["method=bottleneck", "tokens_per_pass=1024"],
    "prefix-tuning": ["method=prefix-tuning", "tokens_per_pass=1024"],
    "full, 512 tokens": ["method=full", "tokens_per_pass=512"],
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--ways", nargs="*", default=list(VARIANTS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_split(given.file, folder, 100, 4)
        values = {
            "model": BASE,
            "data": ".",
            "max_steps": STEPS,
            "max_length": 512,
            "evaluate_every": 0,
            "generations": 0,
            "threads": 1,
        }
        (folder / "recipe.toml").write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
        print(f"{'':<24}{'expected MB':>16}{'measured MB':>13}{'high / measured':>17}")
        for way in given.ways:
            low, high, measured = train(folder, way)
            print(
                f"{way:<24}{f'{low / 1e6:.0f} to {high / 1e6:.0f}':>16}{measured / 1e6:>13.0f}{high / measured:>17.2f}",
                flush=True,
            )


def train(folder: Path, way: str) -> tuple[int, int, int]:
    """The estimate, low and high, and the most memory of a training."""
    run = folder / way.replace(" ", "-")
    changes = [word for change in VARIANTS[way] for word in ("--set", change)]
    command = [
        sys.executable,
        "-m",
        "curate",
        "train",
        str(folder / "recipe.toml"),
        "--run-dir",
        str(run),
        "--quiet",
        *changes,
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr)
    expected: dict[str, Any] = json.loads((run / "environment.json").read_text())["estimate"]
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return expected["low"], expected["high"], max(line["memory"] for line in lines if "loss" in line)


if __name__ == "__main__":
    main()
