"""How right the quality signals are: faults planted into real files, at 5%, each kind by itself.

    python -m tests.bench.quality_signals FOLDER [--dev] [--seeds N] [--cleanlab PYTHON] [--misses KIND]

FOLDER has `raw/A`. The held-out files were used to choose nothing; `--dev` measures the others.
"""

import argparse
import json
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from curate.core.example import content_id
from curate.models.embeddings import embed
from curate.quality.exchange import Exchange, distinct
from curate.quality.scoring import Models, doubt, signals_of
from curate.read.dataset import read_dataset
from tests.bench.quality_planting import PLANTS, Pair, flipped, planted, swapped, without_section

MODEL = "offline:all-MiniLM-L6-v2"
CACHE = Path(tempfile.gettempdir()) / "quality-bench"
MAX_EXAMPLES = 500
"""Examples of a file, chosen by their ids."""
DEVELOPMENT = (
    "InternLM+xtuner__mllm_sft_text_example_data.jsonl",
    "hiyouga+LLaMA-Factory__alpaca_en_demo.json",
    "hiyouga+LLaMA-Factory__kto_en_demo.json",
    "microsoft-foundry+fine-tuning__chat_train.jsonl",
    "rasbt+LLMs-from-scratch__instruction-data.json",
    "yizhongw+self-instruct__seed_tasks.jsonl",
    "pytorch+torchtune__alpaca_tiny.json",
    "hiyouga+LLaMA-Factory__reason_tool_use_demo_50.jsonl",
)
HELD_OUT = (
    "anthropics+claude-cookbooks__json_mode_dataset.jsonl",
    "e-p-armstrong+augmentoolkit__Augmentoolkit-generic-sft-grabbag-verysmallsubset.jsonl",
    "fw-ai+cookbook__text2sql_dataset.jsonl",
    "hiyouga+LLaMA-Factory__dpo_en_demo.json",
    "hiyouga+LLaMA-Factory__v1_sft_demo.jsonl",
    "ml-explore+mlx-examples__train.jsonl",
    "teknium1+GPTeacher__toolformer-similarity-0.7-dataset.json",
    "thinking-machines-lab+tinker-cookbook__conversations.jsonl",
)
SIGNAL_OF = {
    "swapped across": "fits",
    "swapped within": "fits",
    "cut": "ending",
    "beginning": "beginning",
    "loop": "loops",
    "garbled": "garbled",
    "language": "language",
    "format": "format",
    "section": "format",
}
MARKS = ("####", "<think>", " FROM ")
"""What the answers of a file have in common."""


@lru_cache
def pairs_of(folder: Path, name: str) -> list[Pair]:
    """The requests and answers of a file, at most `MAX_EXAMPLES`."""
    return [(one.request, one.answer) for one in exchanges_of(folder, name)]


@lru_cache
def exchanges_of(folder: Path, name: str) -> list[Exchange]:
    """The exchanges of a file with different requests."""
    found = {one.request: one for one in distinct(read_dataset([folder / "raw" / "A" / name]).examples)}
    return list(found.values())[:MAX_EXAMPLES]


def embedded(texts: Sequence[str]) -> Any:
    """Unit vectors of texts."""
    return embed(texts, MODEL, CACHE)


def measures(goodness: Any, where: Sequence[int]) -> tuple[float, float]:
    """AUC, and precision among as many as were planted; ties count half and by their share."""
    bad, truth = -np.asarray(goodness), np.isin(np.arange(len(goodness)), where)
    order = np.sort(bad[~truth])
    less, most = np.searchsorted(order, bad[truth], "left"), np.searchsorted(order, bad[truth], "right")
    area = float(((less + most) / 2).sum() / (truth.sum() * (~truth).sum()))
    limit = np.sort(bad)[-len(where)]
    sure, tied = bad > limit, bad == limit
    hits = truth[sure].sum() + truth[tied].mean() * (len(where) - sure.sum())
    return area, float(hits / len(where))


def plants(exchanges: Sequence[Exchange], seed: int) -> Iterator[tuple[str, list[Exchange], list[int]]]:
    """The exchanges with faults of each kind."""
    pairs = [(one.request, one.answer) for one in exchanges]
    made = {kind: planted(pairs, plant, 0.05, Random(seed)) for kind, plant in PLANTS.items()}
    if sum(one.answer.lstrip().startswith(("{", "[")) for one in exchanges) < len(exchanges) / 2:
        del made["format"]
    for mark in MARKS:
        if sum(mark in one.answer for one in exchanges) >= 0.95 * len(exchanges):
            made["section"] = planted(pairs, without_section(mark), 0.05, Random(seed))
    vectors = embedded([one.request for one in exchanges])
    for within in (False, True):
        made["swapped within" if within else "swapped across"] = swapped(
            pairs, vectors, 0.05, Random(seed), within=within
        )
    for kind, found in made.items():
        if len(found.where) > 1:
            faulty = [
                one._replace(id=content_id([one.request, answer]), answer=answer)
                for one, (_, answer) in zip(exchanges, found.pairs, strict=True)
            ]
            yield kind, faulty, found.where


def report(folder: Path, names: Sequence[str], seeds: int, misses: str | None) -> None:
    """The table of all kinds but labels."""
    found: dict[str, list[tuple[str, float, float, float, float]]] = defaultdict(list)
    for name in names:
        exchanges = exchanges_of(folder, name)
        for seed in range(seeds):
            for kind, faulty, where in plants(exchanges, seed):
                if misses and kind != misses:
                    continue
                columns = signals_of(faulty, Models(MODEL), CACHE)
                own = measures(columns[SIGNAL_OF[kind]], where)
                found[kind].append((name, *own, *measures(-doubt(columns), where)))
                if misses and seed == 0:
                    _show(name, faulty, columns[SIGNAL_OF[kind]], where)
    print(f"{'fault':16}{'signal':11}{'AUC':>6}{'least':>7}{'precision':>11}{'AUC of all':>12}{'precision':>11}  files")
    for kind, rows in found.items():
        by_file = [np.mean([row[1:] for row in rows if row[0] == name], axis=0) for name in {row[0] for row in rows}]
        mean, least = np.mean(by_file, axis=0), min(one[0] for one in by_file)
        print(
            f"{kind:16}{SIGNAL_OF[kind]:11}{mean[0]:6.3f}{least:7.3f}{mean[1]:11.3f}{mean[2]:12.3f}{mean[3]:11.3f}"
            f"  {len(by_file)}"
        )
        for name in sorted({row[0] for row in rows}):
            one = np.mean([row[1:] for row in rows if row[0] == name], axis=0)
            print(f"    {name[:50]:50} {one[0]:6.3f} {one[1]:6.3f} {one[2]:6.3f}")


def _show(name: str, faulty: Sequence[Exchange], goodness: Any, where: Sequence[int]) -> None:
    """The false alarms before half of the planted ones, and the planted ones that come last."""
    order, planted_ones = np.argsort(goodness, kind="stable").tolist(), set(where)
    alarms = [at for at in order[: len(where)] if at not in planted_ones][:7]
    missed = [at for at in reversed(order) if at in planted_ones][:7]
    for title, listed in (("false alarm", alarms), ("missed", missed)):
        for at in listed:
            one = faulty[at]
            print(
                f"{title} {goodness[at]:.3f} {name[:20]}: {one.request[-90:]!r} -> {one.answer[:70]!r} ... "
                f"{one.answer[-70:]!r}"
            )


def label_sets(folder: Path, *, dev: bool) -> Iterator[tuple[str, list[str], list[str]]]:
    """Texts with real labels: which file a question is from, which function a command calls, which tool is used."""
    if dev:
        texts = [(q, name) for name in DEVELOPMENT for q, _ in pairs_of(folder, name)[:150]]
        yield "file of a question", [text for text, _ in texts], [label for _, label in texts]
        return
    raw = folder / "raw" / "A"
    drone = [json.loads(line) for line in (raw / "eunseo-com+openai-cookbook__drone_training.jsonl").open()]
    yield (
        "function of a command",
        [one["messages"][1]["content"] for one in drone],
        [one["messages"][2]["tool_calls"][0]["function"]["name"] for one in drone],
    )
    tools = json.loads((raw / "teknium1+GPTeacher__toolformer-similarity-0.7-dataset.json").read_text())
    named = ("search", "wolfram", "wikipedia", "python", "shell", "news", "request", "weather")
    used = [
        (one["instruction"].rsplit("\n", 1)[-1] + " " + one["input"], tool)
        for one in tools
        for tool in named
        if f"{tool}(" in one["response"]
    ][:1500]
    yield "tool of an instruction", [text for text, _ in used], [tool for _, tool in used]
    sources = [(q, name) for name in HELD_OUT for q, _ in pairs_of(folder, name)[:100]]
    yield "file of a question", [text for text, _ in sources], [label for _, label in sources]


def report_labels(folder: Path, seeds: int, cleanlab: str | None, *, dev: bool) -> None:
    """Flipped labels, beside cleanlab on the same features."""
    from curate.quality.scoring import label_goodness

    print(f"\n{'flipped labels':28}{'AUC':>6}{'precision':>11}{'cleanlab AUC':>14}{'precision':>11}")
    for name, texts, labels in label_sets(folder, dev=dev):
        vectors, rows = embedded(texts), []
        for seed in range(seeds):
            wrong, where = flipped(labels, 0.05, Random(seed))
            order = np.random.default_rng(seed).permutation(len(wrong))
            goodness = np.empty(len(wrong))
            goodness[order] = label_goodness([wrong[at] for at in order], vectors[order])
            theirs = _cleanlab(cleanlab, vectors, wrong) if cleanlab else None
            peers = (np.nan, np.nan) if theirs is None else measures(theirs, where)
            rows.append((*measures(goodness, where), *peers))
        mean = np.mean(rows, axis=0)
        print(f"{name:28}{mean[0]:6.3f}{mean[1]:11.3f}{mean[2]:14.3f}{mean[3]:11.3f}")


def _cleanlab(python: str, vectors: Any, labels: Sequence[str]) -> Any:
    """The label quality of cleanlab's CleanLearning with logistic regression, in an environment of its own."""
    code = (
        "import sys, numpy as np\nfrom cleanlab.classification import CleanLearning\n"
        "from sklearn.linear_model import LogisticRegression\nd = np.load(sys.argv[1])\n"
        "r = CleanLearning(LogisticRegression(max_iter=1000), seed=0).find_label_issues(d['x'], d['y'])\n"
        "np.save(sys.argv[2], r['label_quality'].to_numpy())\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        given, got = Path(folder) / "in.npz", Path(folder) / "out.npy"
        np.savez(given, x=vectors, y=np.unique(np.array(labels), return_inverse=True)[1])
        subprocess.run([python, "-W", "ignore", "-c", code, given, got], check=True, capture_output=True)
        return np.load(got)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cleanlab", help="Python of an environment with cleanlab")
    parser.add_argument("--misses", help="show false alarms and misses of this kind of fault")
    options = parser.parse_args()
    for cached in CACHE.glob("quality-*.npz"):
        cached.unlink()  # of other code
    report(options.folder, DEVELOPMENT if options.dev else HELD_OUT, options.seeds, options.misses)
    if not options.misses:
        report_labels(options.folder, options.seeds, options.cleanlab, dev=options.dev)


if __name__ == "__main__":
    main()
