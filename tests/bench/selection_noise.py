"""How much noise a selection keeps: 20% of a real file is made faulty, then 10%, 30% and all of it is selected.

    python -m tests.bench.selection_noise FILE [--seeds N] [--no-models]

Beside it: a random selection of the same size, whose share of noise is that of the file, and the longest answers.

    python -m tests.bench.selection_noise FILE --splits FOLDER

writes a split folder instead: every eighth example, untouched, to test on, and the others, a fifth of them faulty. Then

    curate select FOLDER/train.jsonl --examples N --compare RECIPE --questions 100

trains on a selection from it, on random and on the longest examples, and on all.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np

from curate.commands.select import SelectionGoal, select
from curate.commands.session import Workspace
from curate.core.config import Config
from curate.core.example import content_id
from curate.project.runs import Project
from curate.quality.exchange import Exchange, distinct
from curate.quality.scoring import Models
from curate.read.dataset import read_dataset
from tests.bench.quality_planting import PLANTS

KINDS = ("cut", "beginning", "loop", "garbled", "language", "swap")
MODEL = "offline:all-MiniLM-L6-v2"
CACHE = Path(tempfile.gettempdir()) / "quality-bench"


def exchanges_of(path: Path) -> list[Exchange]:
    """One exchange for each request of a file."""
    return list({one.request: one for one in distinct(read_dataset([path]).examples)}.values())


def noisy(exchanges: Sequence[Exchange], seed: int) -> tuple[list[dict[str, object]], set[str]]:
    """Exchanges as messages, a fifth of them with a fault, and the ids of those."""
    random = Random(seed)
    wrong = random.sample(range(len(exchanges)), len(exchanges) // 5)
    answers = {at: one.answer for at, one in enumerate(exchanges)}
    for nth, at in enumerate(wrong):
        kind = KINDS[nth % len(KINDS)]
        other = exchanges[wrong[nth - 1]].answer if kind == "swap" else PLANTS[kind](exchanges[at].answer, random)
        answers[at] = other or exchanges[wrong[nth - 1]].answer
    values = [chat(one.request, answers[at]) for at, one in enumerate(exchanges)]
    return values, {content_id(values[at]) for at in wrong}


def chat(request: str, answer: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": request}, {"role": "assistant", "content": answer}]}


def write(path: Path, values: Sequence[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))


def main() -> None:
    """Print the shares of noise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--no-models", action="store_true")
    parser.add_argument("--splits", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    exchanges = exchanges_of(options.file)
    if options.splits:
        options.splits.mkdir(parents=True)
        write(options.splits / "test.jsonl", [chat(one.request, one.answer) for one in exchanges[::8]])
        write(options.splits / "train.jsonl", noisy([one for at, one in enumerate(exchanges) if at % 8], 0)[0])
        return
    found: dict[float, list[tuple[float, float, float]]] = {}
    for seed in range(options.seeds):
        values, wrong = noisy(exchanges, seed)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "noisy.jsonl"
            write(path, values)
            longest = sorted(values, key=lambda value: -len(json.dumps(value)))
            for share in (0.1, 0.3, 1.0):
                count = max(1, round(share * len(values)))
                goal, models = SelectionGoal(examples=count), Models("" if options.no_models else MODEL)
                result = select(Workspace(Project(CACHE), [path], Config()), goal, models)
                left = {gone.example for gone in result.plan.dropped} | {
                    lost.example for lost in result.plan.duplicates
                }
                kept = {content_id(value) for value in values} - left
                long = {content_id(value) for value in longest[:count]}
                found.setdefault(share, []).append(
                    (len(kept & wrong) / len(kept), len(wrong) / len(values), len(long & wrong) / len(long))
                )
    print(f"{'selected':>9}{'noise':>8}{'random':>8}{'longest':>9}   over {options.seeds} seeds of {options.file.name}")
    for share, rows in found.items():
        mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0)
        print(f"{share:9.0%}{mean[0]:8.3f}{mean[1]:8.3f}{mean[2]:9.3f}   standard deviation {spread[0]:.3f}")


if __name__ == "__main__":
    main()
