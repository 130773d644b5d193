"""Which pairs are called near-duplicates, held against the labelled sets: ours beside datasketch and rensa, at the
default threshold and at each one's best.

    python -m tests.bench.near_truth FOLDER [PYTHON]

FOLDER holds neardup/*.jsonl and raw/A; PYTHON is an interpreter that has the packages that `near_peers.py` needs.
`exact_jaccard_pairs.jsonl` lists all pairs of some files that are similar to 0.6 at the least by runs of 5 characters
(of FastChat's, 0.9), counted by other code than ours: the truth for whoever estimates that similarity. In the other
sets people or programs say what is a copy, a rephrasing or a translation of what. All get the same texts and the same
shingles.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from curate.core.config import DedupConfig
from curate.parallel.worker_pool import WorkerPool, cores
from curate.similarity.shingles import Shingling, text_buffer
from curate.similarity.similarity_index import grouped, jaccard
from curate.similarity.word_hashes import shingled
from tests.bench.near_quality import labelled, lines
from tests.bench.near_read import jaccards

Pairs = Set[tuple[int, int]]
DEFAULT = DedupConfig().threshold
CHARACTERS = Shingling("character", 5)
FASTCHAT = "lm-sys+FastChat__dummy_conversation.json"
MIN_SIMILARITY_OF_FILE = {FASTCHAT: 0.9}
"""From what similarity on a file's pairs are listed, where it is not from 0.6 on."""
ROUNDING = 1e-6
"""Of single precision."""
STEPS = tuple(step / 20 for step in range(2, 20))
"""Thresholds of which the best one is chosen."""


def ours(texts: Sequence[str], kind: Shingling, thresholds: Iterable[float]) -> dict[float, Pairs]:
    """The pairs at each threshold: candidates of one group, verified, as `curate dedup` finds them before it looks at
    facts.
    """
    sets = shingled(text_buffer(texts), kind)
    found: dict[float, Pairs] = {}
    for threshold in thresholds:
        groups = grouped(sets, threshold, WorkerPool(cores(), processes=False)).members
        found[threshold] = {
            (i, j) for group in groups for i, j in combinations(group.tolist(), 2) if jaccard(sets, i, j) >= threshold
        }
    return found


def peers(
    texts: Sequence[str], kind: Shingling, thresholds: Sequence[float], python: str
) -> dict[str, dict[float, Pairs]]:
    """The same of others."""
    with tempfile.TemporaryDirectory(prefix="near-truth-") as name:
        folder = Path(name)
        (folder / "texts.jsonl").write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
        script = Path(__file__).with_name("near_peers.py")
        words = [
            python,
            str(script),
            "pairs",
            str(folder / "texts.jsonl"),
            str(folder / "out.json"),
            f"{kind.unit}-{kind.size}",
            *map(str, thresholds),
        ]
        subprocess.run(words, check=True)
        found = json.loads((folder / "out.json").read_bytes())
    return {peer: {float(at): {(i, j) for i, j in pairs} for at, pairs in by.items()} for peer, by in found.items()}


def everyone(
    texts: Sequence[str], kind: Shingling, thresholds: Sequence[float], python: str | None
) -> dict[str, dict[float, Pairs]]:
    """Who is compared, each with its pairs."""
    return {"curate": ours(texts, kind, thresholds), **(peers(texts, kind, thresholds, python) if python else {})}


def measured(called: Pairs, truth: Pairs) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    right = len(called & truth)
    precision, recall = right / len(called) if called else 1.0, right / len(truth) if truth else 1.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def whole(value: dict[str, Any]) -> str:
    """The text of a line whose pairs were listed: what stands in its turns, and both sides of a preference pair."""
    if "conversations" not in value:
        return "\n".join(value[key] for key in ("instruction", "input", "output") if value.get(key))
    turns = [*value["conversations"], *(value[key] for key in ("chosen", "rejected") if key in value)]
    return "\n".join(turn["value"] for turn in turns)


def exact(folder: Path, python: str | None) -> None:
    """How many of the listed pairs are found, and how many others; all files together."""
    listed: dict[str, dict[tuple[int, int], float]] = defaultdict(dict)
    for line in lines(folder / "neardup" / "exact_jaccard_pairs.jsonl"):
        listed[line["file"]][line["i"], line["j"]] = line["char5"]
    thresholds = (0.6, 0.7, 0.8, 0.9)
    called: dict[str, dict[float, dict[str, Pairs]]] = defaultdict(lambda: defaultdict(dict))
    print(
        "\nfile: pairs listed; the same and no others when all are compared with all here; largest difference of "
        "a similarity"
    )
    for name, pairs in listed.items():
        texts = [whole(value) for value in json.loads((folder / "raw" / "A" / name).read_bytes())]
        matrix = np.triu(jaccards(texts, CHARACTERS), 1)
        here = {(i, j) for i, j in np.argwhere(matrix >= MIN_SIMILARITY_OF_FILE.get(name, 0.6) - ROUNDING).tolist()}
        print(
            f"{name:50} {len(pairs):6,} {here == pairs.keys()!s:6} "
            f"{max(abs(float(matrix[pair]) - value) for pair, value in pairs.items()):.4f}"
        )
        listed[name] = {pair: float(matrix[pair]) for pair in pairs}  # they are listed to 3 decimals
        for who, by in everyone(
            texts, CHARACTERS, [at for at in thresholds if at >= MIN_SIMILARITY_OF_FILE.get(name, 0)], python
        ).items():
            for threshold, found in by.items():
                called[who][threshold][name] = found
    print(
        "\nruns of 5 characters (below 0.9 without FastChat): pairs at the threshold, of these found; pairs "
        "called alike; recall, precision"
    )
    for who, by_threshold in called.items():
        for threshold, by_name in by_threshold.items():
            truth = {
                (name, *pair)
                for name in by_name
                for pair, value in listed[name].items()
                if value >= threshold - ROUNDING
            }
            told = {(name, *pair) for name, of in by_name.items() for pair in of}
            right = len(truth & told)
            print(
                f"  {who:12} {threshold}  {len(truth):6,} {right:6,}  {len(told):6,}   {right / len(truth):.3f}  "
                f"{right / max(1, len(told)):.3f}"
            )


def by_label(folder: Path, python: str | None) -> None:
    """The labelled sets, by our kind of shingle."""
    kind = Shingling()
    print(
        f"\n{kind.unit}s in runs of {kind.size}; precision, recall and F1 at {DEFAULT}; and at the threshold "
        "whose F1 is best"
    )
    for of in labelled(folder / "neardup"):
        judged = {(min(i, j), max(i, j)) for i, j, _ in of.pairs}
        truth = {(min(i, j), max(i, j)) for i, j, same in of.pairs if same}
        print(f"{of.name}: {len(judged):,} pairs, {len(truth):,} of them duplicates")
        for who, by in everyone(of.texts, kind, STEPS, python).items():
            scores: Mapping[float, tuple[float, float, float]] = {
                threshold: measured(found & judged, truth) for threshold, found in by.items()
            }
            best = max(scores, key=lambda threshold: scores[threshold][2])
            print(f"  {who:12} {_told(scores[DEFAULT])}   at {best:.2f} {_told(scores[best])}")


def _told(score: tuple[float, float, float]) -> str:
    return "  ".join(f"{value:.3f}" for value in score)


def main() -> None:
    """Print all tables."""
    folder, python = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    exact(folder, python)
    by_label(folder, python)


if __name__ == "__main__":
    main()
