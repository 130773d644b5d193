"""How well near-duplicates are told: by kind of shingle, at the best threshold and at the default one; and what of it
is a matter of facts.

    python -m tests.bench.near_quality FOLDER

What others make of the same labelled sets is in `near_truth.py`, what a person makes of pairs around the threshold in
`near_read.py`. FOLDER holds neardup/*.jsonl (texts with their cluster, or labelled pairs), raw/A (real files) and
decontamination/rephrased.jsonl.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from curate.core.config import DedupConfig
from curate.core.example import Example, Place
from curate.core.text import normalised
from curate.corpus.boilerplate import cut_texts, learn_passages
from curate.corpus.dedup_text import written_text
from curate.dedup.fact_guard import facts_agree, sides_of
from curate.dedup.near_duplicates import find_duplicates_in
from curate.leakage.decontaminate import contaminated, indexed
from curate.parallel.worker_pool import WorkerPool
from curate.read.benchmark import Item, ItemText
from curate.read.dataset import read_dataset
from curate.similarity.shingles import Shingling, text_buffer
from curate.similarity.similarity_index import grouped
from curate.similarity.word_hashes import shingled
from tests.templated_facts import copies, example, facts

DEFAULT = DedupConfig().threshold
KINDS = [*(Shingling("word", size) for size in range(1, 6)), *(Shingling("character", size) for size in range(3, 10))]
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
BOILERPLATE = ("lm-sys+FastChat__dummy_conversation.json", "teknium1+GPTeacher__toolformer-similarity-0.7-dataset.json")


class Labelled(NamedTuple):
    """Texts, and pairs of them of which it is known whether they are duplicates."""

    name: str
    texts: list[str]
    pairs: list[tuple[int, int, bool]]


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def labelled(folder: Path) -> Iterator[Labelled]:
    """The labelled sets: of those with clusters all pairs, of those with labelled pairs these."""
    for name in ("java_plagiarism", "humaneval_variants"):
        found = lines(folder / f"{name}.jsonl")
        pairs = [(i, j, found[i]["cluster"] == found[j]["cluster"]) for i, j in combinations(range(len(found)), 2)]
        yield Labelled(name, [line["text"] for line in found], pairs)
    found = lines(folder / "korean_questions.jsonl")
    at = {line["id"]: n for n, line in enumerate(found)}
    judged = lines(folder / "korean_questions_pairs.jsonl")
    yield Labelled(
        "korean_questions",
        [line["text"] for line in found],
        [(at[pair["id_a"]], at[pair["id_b"]], pair["label"] == "dup") for pair in judged],
    )


def similarities(texts: Sequence[str], pairs: Iterable[tuple[int, int]], kind: Shingling) -> list[float]:
    """True Jaccard of each pair."""
    found = shingled(text_buffer(texts), kind)
    sets = [frozenset(found[at].tolist()) for at in range(len(found))]
    return [len(sets[i] & sets[j]) / max(1, len(sets[i] | sets[j])) for i, j in pairs]


def scores(values: Sequence[float], truth: Sequence[bool], threshold: float) -> tuple[float, float, float]:
    """Precision, recall and F1 of calling a pair a duplicate from `threshold` on."""
    called = [true for value, true in zip(values, truth, strict=True) if value >= threshold]
    right = sum(called)
    precision, recall = right / len(called) if called else 1.0, right / max(1, sum(truth))
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def by_kind(sets: Iterable[Labelled]) -> None:
    """A table for each labelled set."""
    for of in sets:
        truth = [true for *_, true in of.pairs]
        print(f"\n{of.name}: {len(of.texts):,} texts, {len(of.pairs):,} pairs, {sum(truth):,} of them duplicates")
        print(
            f"{'':12} {'best at':>7}  prec  recall  F1      at {DEFAULT}: prec  recall  F1      F1 at "
            f"{'  '.join(map(str, THRESHOLDS))}"
        )
        for kind in KINDS:
            values = similarities(of.texts, ((i, j) for i, j, _ in of.pairs), kind)
            best = max((step / 50 for step in range(5, 50)), key=lambda threshold: scores(values, truth, threshold)[2])
            told = "  ".join(f"{value:.2f}" for value in scores(values, truth, best))
            default = "  ".join(f"{value:.2f}" for value in scores(values, truth, DEFAULT))
            each = "  ".join(f"{scores(values, truth, threshold)[2]:.2f}"[1:] for threshold in THRESHOLDS)
            print(f"{kind.unit:>9}-{kind.size}  {best:7.2f}  {told}              {default}            {each}")


def exhaustive(files: Path, names: Iterable[str]) -> None:
    """What is found in real files beside a comparison of each example with each other: no pair at the threshold may be
    parted, none below it removed.
    """
    print("\nfile: pairs at the threshold, of these found; removed, of these at the threshold to the example kept")
    for name in names:
        examples = list({e.id: e for e in read_dataset([files / name]).examples}.values())
        found = shingled(text_buffer([normalised(written_text(e, "conversation")) for e in examples]))
        inverted: dict[int, list[int]] = defaultdict(list)
        true: dict[tuple[str, str], float] = {}
        for at in range(len(found)):
            shared: dict[int, int] = defaultdict(int)
            for value in found[at].tolist():
                for earlier in inverted[value]:
                    shared[earlier] += 1
                inverted[value].append(at)
            for earlier, count in shared.items():
                similarity = count / (len(found[at]) + len(found[earlier]) - count)
                if similarity >= DEFAULT:
                    left, right = sorted((examples[at].id, examples[earlier].id))
                    true[left, right] = similarity
        losses = find_duplicates_in(examples, DedupConfig(ignore_facts=True)).duplicates
        group = {
            examples[at].id: nth
            for nth, members in enumerate(grouped(found, DEFAULT, WorkerPool(1, processes=False)).members)
            for at in members.tolist()
        }
        together = sum(group.get(left) is not None and group.get(left) == group.get(right) for left, right in true)
        near = [lost for lost in losses if lost.code == "D003"]
        right_ones = sum(tuple(sorted((lost.example, lost.kept))) in true for lost in near)
        print(f"{name[:50]:50} {len(true):7,} {together:7,}   {len(near):6,} {right_ones:6,}")


def templated() -> None:
    """The made facts: what is lost of them, and what of their copies stays."""
    made = facts()
    alone = [example(said, line) for line, said in enumerate(made, start=1)]
    twins = [example(said, line) for line, said in enumerate(copies(made), start=1001)]
    sets = shingled(text_buffer([normalised(written_text(e, "conversation")) for e in (*alone, *twins)]))
    print(
        "\n1,000 facts and a copy of each: facts lost; copies lost; copies near theirs, lost of these; copies "
        "told to have other facts"
    )
    for threshold in (0.8, 0.7, 0.6, 0.5, 0.3):
        lost = find_duplicates_in(alone, DedupConfig(threshold=threshold)).duplicates
        merged = find_duplicates_in([*alone, *twins], DedupConfig(threshold=threshold, keep="first")).duplicates
        gone = {lost.place.line for lost in merged}
        near = []
        for at in range(1000):
            one, other = set(sets[at].tolist()), set(sets[1000 + at].tolist())
            if len(one & other) >= threshold * len(one | other):
                near.append(1001 + at)
        beside = sum(line <= 1000 for line in gone)
        told = (
            f"{len(gone) - beside:5,} copies lost; {len(near):5,} copies near, {len(gone.intersection(near)):5,} of "
            "them lost"
        )
        print(f"  at {threshold}: {len(lost):4} lost, {beside} beside copies; {told}")
    pairs = ([sides_of(example, "conversation") for example in pair] for pair in zip(alone, twins, strict=True))
    print(f"  copies told to have other facts than theirs: {sum(not facts_agree(*pair) for pair in pairs)}")


def boilerplate(files: Path) -> None:
    """Pairs that only what the file shares makes alike."""
    print("\nfile: pairs at 0.6 and at the threshold, as the texts stand and without boilerplate; removed by default")
    for name in BOILERPLATE:
        examples = list({e.id: e for e in read_dataset([files / name]).examples}.values())
        texts = [normalised(written_text(e, "conversation")) for e in examples]
        counts = []
        for said in (texts, cut_texts(texts, learn_passages([text] for text in texts))):
            found = shingled(text_buffer(said))
            sets = [frozenset(found[at].tolist()) for at in range(len(found))]
            pairs = [len(a & b) / max(1, len(a | b)) for a, b in combinations(sets[:1500], 2)]
            counts.append((sum(value >= 0.6 for value in pairs), sum(value >= DEFAULT for value in pairs)))
        removed = find_duplicates_in(examples, DedupConfig()).duplicates
        print(
            f"{name[:50]:50} {counts[0]} {counts[1]}  removed {len(removed)} of {len(examples)}  (pairs among the "
            f"first {min(1500, len(examples))})"
        )


def runs(text: str, size: int = 13) -> set[tuple[str, ...]]:
    """Words in a row, without case and signs; counted by other code than what is measured."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def rephrased(path: Path) -> None:
    """Benchmark items that were rephrased: how many of them words can find, and which they cannot."""
    found = lines(path)
    items = [
        Item(Place(line["bench"], at), (ItemText("text", line["bench_text"], True),)) for at, line in enumerate(found)
    ]
    training = [
        Example(Place("train", at), {"messages": [{"role": "user", "content": line["train_text"]}]}, "messages")
        for at, line in enumerate(found)
    ]
    matches = contaminated(training, indexed(items)).matches
    hit = {match.item for match in matches if match.item == match.example}
    shared = {at for at, line in enumerate(found) if not runs(line["bench_text"]).isdisjoint(runs(line["train_text"]))}
    print(
        f"\nrephrased items: {len(shared)} of {len(items)} share 13 words in a row, {len(shared & hit)} of these found"
    )
    print(f"{len(hit)} found at all, {len(items) - len(hit)} not:")
    for bench in sorted({line["bench"] for line in found}):
        missed = [str(line["bench_index"]) for at, line in enumerate(found) if line["bench"] == bench and at not in hit]
        print(f"  {bench}: {len(missed)} not found, items {' '.join(missed)}")
    print(
        "training texts that were found to hold another item than their own: "
        f"{len({match.example for match in matches if match.item != match.example})}"
    )


def main() -> None:
    """Print all tables."""
    folder = Path(sys.argv[1])
    by_kind(labelled(folder / "neardup"))
    exhaustive(
        folder / "raw" / "A", sorted({line["file"] for line in lines(folder / "neardup" / "exact_jaccard_pairs.jsonl")})
    )
    templated()
    boilerplate(folder / "raw" / "A")
    rephrased(folder / "decontamination" / "rephrased.jsonl")


if __name__ == "__main__":
    main()
