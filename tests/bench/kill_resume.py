"""kill -9 at random moments of one training, resumed each time: do the weights end as those of an undisturbed one?

    python -m tests.bench.kill_resume [--kills 20] [--seed 1]

A tiny QLoRA training on a CPU, with dropout, noise and measurements on the way. Each process is killed somewhere
between its start and what is left of the training: while it loads, measures, steps, writes a checkpoint, or saves the
adapter. Then adapter, report and journal are compared.
"""

import argparse
import hashlib
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from tests.trainer.tiny import make_model, write_recipe, write_split

STEPS: Final = 200


def main() -> None:
    """Print where each process was killed, and whether the end is the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    draw = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_model(folder / "model")
        write_split(folder / "split")
        (folder / "split/validation.jsonl").write_bytes((folder / "split/test.jsonl").read_bytes())
        write_recipe(folder, max_steps=STEPS, save_every=3, evaluate_every=10, neftune=5.0, dropout=0.1)
        began = time.monotonic()
        process = start(folder, "whole")
        wait_for_steps(process, folder / "whole", 1)
        until_step = time.monotonic() - began
        process.wait()
        kills, before = 0, 0
        while kills < given.kills and not (folder / "killed/report.json").is_file():
            process = start(folder, "killed")
            if kills % 2:  # while it steps, measures, writes a checkpoint
                wait_for_steps(process, folder / "killed", before + draw.randint(1, 2 * STEPS // given.kills))
                time.sleep(draw.uniform(0, 0.05))
            else:  # while it loads, measures the base, gets ready, or a little later
                time.sleep(draw.uniform(0.2, 1.1) * until_step)
            process.kill()
            process.wait()
            kills += 1
            before = steps(folder / "killed")
            print(f"kill {kills}: after step {before}", flush=True)
        start(folder, "killed").wait()
        same = {
            file: content(folder / "whole" / file) == content(folder / "killed" / file)
            for file in ("adapter/adapter_model.safetensors", "report.json")
        }
        same["losses and rates"] = journal(folder / "whole") == journal(folder / "killed")
        print(
            f"{kills} kills; the same: {same}; adapter "
            f"{content(folder / 'killed/adapter/adapter_model.safetensors')[:12]}"
        )
        if not all(same.values()):
            raise SystemExit(1)


def start(folder: Path, run: str) -> "subprocess.Popen[bytes]":
    """A training, or the rest of one."""
    command = [
        sys.executable,
        "-m",
        "curate",
        "train",
        str(folder / "recipe.toml"),
        "--run-dir",
        str(folder / run),
        "--resume",
        "--quiet",
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def wait_for_steps(process: "subprocess.Popen[bytes]", run: Path, count: int) -> None:
    """Wait until the journal has that step, or the process has ended."""
    while process.poll() is None and steps(run) < count:
        time.sleep(0.02)


def journal(run: Path) -> list[dict[str, Any]]:
    """The steps and measurements, without what depends on the clock."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    keys = ("step", "loss", "learning_rate", "grad_norm", "validation_loss")
    return [{key: line.get(key) for key in keys} for line in lines if "step" in line]


def steps(run: Path) -> int:
    """The last step in the journal, whose last line may be cut off."""
    path = run / "metrics.jsonl"
    lines = path.read_bytes().splitlines() if path.is_file() else []
    return max((int(found[1]) for line in lines if (found := re.match(rb'{"step": ?(\d+)', line))), default=0)


def content(path: Path) -> str:
    """A file by its hash; empty where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


if __name__ == "__main__":
    main()
