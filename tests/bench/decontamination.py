"""Rephrased benchmark items that `curate decontaminate` finds, by style, and clean rows that it removes.

    python -m tests.bench.decontamination FOLDER --embeddings MODEL [--rows N] [--cache FOLDER]
        [--own FILE | --rephrasings FILE]
    python -m tests.bench.decontamination FOLDER --embeddings MODEL MODEL --fit

FOLDER holds `decontamination/rephrased.jsonl` (the 243 rephrasings of Yang et al. 2023), `questions/` and `raw/` with
benchmarks and chats. Half of the rephrasings (even rows), the rows `fit` of `rephrased_items.jsonl` and the rows
`choose` of `rephrased_items_hundred.jsonl` were used to fit the coefficients, with the first 12,000 clean rows; the
others are held out. `--fit` prints the coefficients for the pairs of all models together. Those for another language
are of an earlier fit, and those of right choices are not fitted.

`--own` measures with the items of a file instead, each with a rephrasing and a near miss, which is another item on the
same topic. The 100 of `own_items.jsonl` were written without knowledge of how the detector decides; its misses were
read later. The 80 of `own_items_later.jsonl` were written after that, again without that knowledge, and chose nothing;
their misses were read later. The 40 of `own_items_eight.jsonl` are of eight benchmarks, each five in five forms, and
were written before any of them was searched for.

`--rephrasings` measures with the rephrasings of a file of items of the same benchmarks instead. The 100 of
`rephrased_items_hundred.jsonl` were written in seven styles before the code of the detector was read; so were the 60 of
`rephrased_items_sixty.jsonl` in six styles, with 14 items of their own, which chose nothing. The 40 of
`rephrased_items_forty.jsonl`, in the same styles, were written with the code of the detector read; they chose nothing.
The 110 of `rephrased_items_latest.jsonl`, of items that no other file has, are in two halves: `choose` may choose the
next coefficients, and `measure` is held out. The 40 of `rephrased_items_reread.jsonl`, of items of GSM8K and StrategyQA
that no other file has, are held out, too; 8 are in German or Spanish.
"""

import argparse
import csv
import gzip
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np

from curate.core.example import Example, Place
from curate.leakage.decontaminate import contaminated, indexed
from curate.leakage.rephrased import MIN_PROBABILITY, Candidate, add_facts, asking_texts, candidates, probability
from curate.models.embeddings import embed
from curate.read.benchmark import Item, ItemText
from curate.read.dataset import read_dataset

RAW_BENCHMARKS = ("chat_train", "aws-samples", "__training.jsonl", "mllm", "preference.json")
"""Parts of names of files that hold items of the benchmarks, images, or a file that is read anyway."""
BENCH_NAMES = {"HumanEval": "humaneval", "MMLU abstract_algebra": "mmlu"}
FITTED_ROWS = 12_000
TRUE_WEIGHT = 14.0
"""Weight of all rephrasings of a style together, for each square root of their number, against 1 of a clean pair."""
OTHER_ITEM_WEIGHT = 0.1
"""Weight of a rephrasing with another item of its benchmark: the row is contaminated all the same."""


class Planted(NamedTuple):
    """A rephrased item."""

    style: str
    bench: str
    line: int
    fitted: bool
    turns: list[str]


def lines(path: Path) -> list[Any]:
    data = path.read_bytes()
    return [json.loads(line) for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()]


def benchmarks(folder: Path) -> Iterator[Item]:
    """The items, each named by its benchmark and its row."""

    def items(name: str, rows: Sequence[tuple[str, Sequence[str], str]]) -> Iterator[Item]:
        for row, (question, answers, field) in enumerate(rows):
            yield Item(
                Place(name, row),
                (ItemText("question", question, True), *(ItemText(field, text, False) for text in answers if text)),
            )

    raw = folder / "raw"
    [gsm8k] = (raw / "A").glob("*chat_train.jsonl")
    chats = [[message["content"] for message in row["messages"][-2:]] for row in lines(gsm8k)]
    yield from items(
        "gsm8k", [(asked.removesuffix("\nSolution:"), [said.strip().rstrip("!")], "answer") for asked, said in chats]
    )
    [algebra] = (raw / "D").glob("*abstract_algebra_test.csv")
    with algebra.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    choices = items("mmlu", [(cells[0], cells[1:5], "choices") for cells in rows])
    for item, cells in zip(choices, rows, strict=True):
        yield replace(item, right=cells["ABCD".index(cells[5]) + 1])
    [questions] = (raw / "D").glob("*mt_bench_question.jsonl")
    yield from items(
        "mtbench", [(row["turns"][0], row.get("reference", [])[:1], "reference") for row in lines(questions)]
    )
    [tasks] = (raw / "D").glob("openai*HumanEval.jsonl.gz")
    yield from items(
        "humaneval", [(r["prompt"], [r["canonical_solution"]], "canonical_solution") for r in lines(tasks)]
    )
    [halueval] = (raw / "B").glob("*qa_one-turn_data.json")
    yield from items("hotpot", [(row["question"], [row["right_answer"]], "answer") for row in lines(halueval)])
    [strategy] = (raw / "B").glob("*conflictQA-strategyQA*.json")
    yield from items("strategyqa", [(row["question"], [row["ground_truth"][0]], "answer") for row in lines(strategy)])
    for path in sorted((raw / "D").glob("suzgunmirac*")):
        name = path.stem.split("__")[1]
        short = {"date_understanding": "date", "web_of_lies": "weboflies"}.get(name, name)
        rows = json.loads(path.read_text("utf-8"))["examples"]
        yield from items(short, [(row["input"], [row["target"]], "target") for row in rows])


def own_benchmark(rows: Sequence[Any]) -> Iterator[Item]:
    """Our items as benchmarks have them: a question with choices has these in a field of their own."""
    for row, item in enumerate(rows):
        question, *choices = re.split(r" \([A-D]\) ", item["question"])
        answers = [ItemText("choices", text, False) for text in choices] or [ItemText("answer", item["answer"], False)]
        right = choices["ABCD".index(item["answer"])] if choices else ""
        yield Item(Place("own", row), (ItemText("question", question, True), *answers), right)


def own_planted(rows: Sequence[Any]) -> Iterator[Planted]:
    for row, item in enumerate(rows):
        style = f"{item['style']}, another language" if "language" in item else item["style"]
        yield Planted(style, "own", row, False, item["rephrased"])


def rephrasings(path: Path) -> Iterator[Planted]:
    """The rows of a file, of which the halves `fit` and `choose` chose something."""
    for row in lines(path):
        yield Planted(row["style"], row["bench"], row["item"], row["half"] in ("fit", "choose"), row["turns"])


def written_item(row: Any) -> Item:
    """The item of a rephrasing whose benchmark is not in the folder; `right`: the position of the right choice."""
    right = row["right"]
    name = "answer" if right is None else "choices"
    answers = [ItemText(name, text, False) for text in row["answers"]]
    parts = (ItemText("question", row["question"], True), *answers)
    return Item(Place(row["bench"], row["item"]), parts, "" if right is None else row["answers"][right])


def planted(folder: Path) -> Iterator[Planted]:
    yield from rephrasings(Path(__file__).parent / "rephrased_items.jsonl")
    for number, row in enumerate(lines(folder / "decontamination" / "rephrased.jsonl")):
        bench = BENCH_NAMES[row["bench"]]
        yield Planted(f"Yang et al., {bench}", bench, row["bench_index"], number % 2 == 0, [row["train_text"]])


def clean_rows(folder: Path, count: int) -> list[list[str]]:
    """Turns of real rows that are no benchmark, without copies, in random order."""
    paths = [
        path
        for path in sorted((folder / "raw" / "A").iterdir())
        if path.is_file() and not any(part in path.name for part in RAW_BENCHMARKS)
    ]
    chats = [
        [message.text for message in example.messages if message.role in ("user", "assistant") and message.text.strip()]
        for example in read_dataset(paths).examples
    ]
    for name in ("medical_question_pairs.jsonl", "quora_pairs.jsonl"):
        chats += [[row[side]] for row in lines(folder / "questions" / name) for side in ("a", "b")]
    chats += [[row["a"][:400]] for row in lines(folder / "contradictions" / "summedits.jsonl")]
    distinct = [list(turns) for turns in dict.fromkeys(map(tuple, chats)) if turns]
    Random(0).shuffle(distinct)
    return distinct[:count]


def example(turns: Sequence[str], row: int) -> Example:
    roles = ("user", "assistant") * len(turns)
    messages = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]
    return Example(Place("rows", row), {"messages": messages}, "messages")


def fit(rows: Sequence[Candidate], labels: Sequence[bool], weights: Sequence[float]) -> None:
    """Print coefficients of a logistic model for each kind of candidate."""
    from sklearn.linear_model import LogisticRegression

    for same in (True, False):
        chosen = [number for number, row in enumerate(rows) if row.same_language == same and not row.right]
        model = LogisticRegression(C=0.3, max_iter=2_000).fit(
            [rows[number].features for number in chosen], [labels[number] for number in chosen],
            sample_weight=[weights[number] for number in chosen],
        )  # fmt: skip
        values = [round(float(value), 2) for value in (*model.coef_[0], model.intercept_[0])]
        print("SAME_LANGUAGE" if same else "OTHER_LANGUAGE", tuple(values))


def fit_all(folder: Path, models: Sequence[str], count: int, cache: Path | None) -> None:
    """Fit the coefficients to the candidates of all models."""
    hundred = rephrasings(Path(__file__).parent / "rephrased_items_hundred.jsonl")
    plants = [plant for plant in (*hundred, *planted(folder)) if plant.fitted]
    clean = clean_rows(folder, count)[:FITTED_ROWS]
    turns = list(
        asking_texts([example(turns, row) for row, turns in enumerate([*(plant.turns for plant in plants), *clean])])
    )
    items = list(benchmarks(folder))
    truth = {(row, plant.bench, plant.line) for row, plant in enumerate(plants)}
    rows: list[Candidate] = []
    labels: list[bool] = []
    weights: list[float] = []
    for model in models:
        index = indexed(items)

        def embedded(texts: Sequence[str], model: str = model) -> Any:
            return embed(texts, model, cache, exact=True)

        add_facts(index, items, embedded, "")
        pairs = list(candidates(turns, index, embedded))
        owners = [turns[pair.turn].example for pair in pairs]
        right = [
            (owner, items[pair.item].place.file, items[pair.item].place.line) in truth
            for owner, pair in zip(owners, pairs, strict=True)
        ]
        sizes = Counter(plants[owner].style for owner, is_right in zip(owners, right, strict=True) if is_right)
        rows += pairs
        labels += right
        weights += [
            TRUE_WEIGHT / sizes[plants[owner].style] ** 0.5
            if is_right
            else OTHER_ITEM_WEIGHT
            if owner < len(plants)
            else 1.0
            for owner, is_right in zip(owners, right, strict=True)
        ]
    fit(rows, labels, weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--embeddings", required=True, nargs="+")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--own", type=Path)
    parser.add_argument("--rephrasings", type=Path)
    options = parser.parse_args()

    if options.fit:
        fit_all(options.folder, options.embeddings, options.rows, options.cache)
        return

    def embedded(texts: Sequence[str]) -> Any:
        return embed(texts, options.embeddings[0], options.cache, exact=True)

    own = lines(options.own) if options.own else []
    items = list(own_benchmark(own) if own else benchmarks(options.folder))
    path = options.rephrasings
    listed = lines(path) if path else []
    items += [written_item(row) for row in listed if "question" in row]
    index = indexed(items)
    add_facts(index, items, embedded, "")
    places = [(item.place.file, item.place.line) for item in items]
    plants = list(own_planted(own) if own else rephrasings(path) if path else planted(options.folder))
    near = [row for row in own or listed if "near" in row]
    clean = [*clean_rows(options.folder, options.rows), *(row["near"] for row in near)]
    examples = [example(turns, row) for row, turns in enumerate([*(plant.turns for plant in plants), *clean])]
    started = time.process_time()
    by_words = {(match.example, places[match.item]) for match in contaminated(examples, index).matches}
    print(f"n-grams: {time.process_time() - started:.1f} s of processor time")
    started, turns = time.process_time(), list(asking_texts(examples))
    rows = list(candidates(turns, index, embedded))
    print(f"candidates, embedded: {time.process_time() - started:.1f} s of processor time, {len(rows):,} pairs")
    owners = [turns[row.turn].example for row in rows]
    truth = [(plant.bench, plant.line) for plant in plants]
    by_meaning = {
        (owner, places[row.item])
        for owner, row in zip(owners, rows, strict=True)
        if probability(row) >= MIN_PROBABILITY
    }
    report(plants, truth, by_words, by_meaning, len(clean) - len(near))
    if near:
        report_own(near, plants, by_words, by_words | by_meaning, len(plants) + len(clean) - len(near))
    show_false(by_words | by_meaning, clean, len(plants), places, items)


def report(
    plants: Sequence[Planted], truth: Sequence[tuple[str, int]], by_words: set[Any], by_meaning: set[Any], clean: int
) -> None:
    """Recall by style, and clean rows by benchmark."""
    found: dict[tuple[str, bool], list[tuple[bool, bool]]] = defaultdict(list)
    for number, plant in enumerate(plants):
        hit = (number, truth[number])
        found[plant.style, plant.fitted].append((hit in by_words, hit in by_words | by_meaning))
    print("style | items | n-grams | both")
    for (style, fitted), hits in found.items():
        words, both = np.mean(hits, axis=0)
        print(f"{style}{' (fitted)' if fitted else ''} | {len(hits)} | {words:.2f} | {both:.2f}")
    held_out = [number for number, plant in enumerate(plants) if not plant.fitted]
    for name, matches in (("n-grams", by_words), ("both", by_words | by_meaning)):
        true = sum((number, truth[number]) in matches for number in held_out)
        false_rows = {row for row, _ in matches if len(plants) <= row < len(plants) + clean}
        recall = f"recall {true / len(held_out):.3f} of {len(held_out)} held out, " if held_out else ""
        precision = f", precision {true / max(1, true + len(false_rows)):.3f}" if held_out else ""
        print(f"{name}: {recall}{len(false_rows)} of {clean:,} clean rows{precision}")
    per_bench = Counter(place[0] for row, place in by_words | by_meaning if row >= len(plants))
    print("matches in clean rows by benchmark:", dict(per_bench.most_common()))


def report_own(near: Sequence[Any], plants: Sequence[Planted], by_words: set[Any], both: set[Any], first: int) -> None:
    """Near misses that are taken for an item, by style, and the rephrasings that are missed, to be read; `first`: the
    row of the first near miss.
    """
    for name, matches in (("n-grams", by_words), ("both", both)):
        flagged = {row - first for row, _ in matches if row >= first}
        styles = Counter(near[row]["style"] for row in flagged)
        print(f"{name}: {len(flagged)} of {len(near)} near misses flagged {dict(styles)}")
    for row, plant in enumerate(plants):
        if (row, (plant.bench, plant.line)) not in both:
            missed = {"missed": plant.turns[0][:200], "bench": plant.bench, "line": plant.line}
            print(json.dumps(missed, ensure_ascii=False))


def show_false(
    hits: set[Any], clean: Sequence[Sequence[str]], start: int, places: Sequence[Any], items: Sequence[Item]
) -> None:
    """The clean rows with a match, to be read: a row that is the item is a hit."""
    texts = dict(zip(places, (item.parts[0].text for item in items), strict=True))
    for row, place in sorted(hit for hit in hits if hit[0] >= start):
        print(json.dumps({"item": place, "text": texts[place][:160], "row": clean[row - start][0][:200]}))


if __name__ == "__main__":
    main()
