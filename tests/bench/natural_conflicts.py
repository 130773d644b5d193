"""Contradictions between answers of 30 to 150 words that several writers worded independently.

    python -m tests.bench.natural_conflicts FOLDER [--writers 3,4] [--topics odd] [--embeddings MODEL] [--nli MODEL]
    [--reader MODEL] [--show clash|agree|near|missed] [--among FILE ... [--real N]]

FOLDER has `topics.jsonl` (id, language, slot) and `writer1.jsonl`, `writer2.jsonl`, ... (id, question, a, b, near):
of each topic, each writer has a question, an answer with the topic's value a, one with its value b, and an answer to
a neighbouring question. For each two writers: one's `a` and the other's `b` contradict each other, both `a` and both
`b` agree, and `near` answers another question, which the topic's `near_question` is. Prints how many of each are
flagged (confidence of at least 0.5), by language and slot, with the second question as its writer worded it, and with
the first one in its place.

A folder without `topics.jsonl`, such as `answer_topics`, has topics with `questions` and the answers `a` and `b` of one
writer each: each answer of `a` contradicts each of `b`, and those of one side agree. `unlike_answers` has answers that
share few words, without a neighbouring question. `before` has the earlier messages of the two chats.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import combinations, cycle, permutations, product
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

from curate.conflicts.conflict import find_conflicts
from curate.conflicts.question import question_of
from curate.core.config import ConflictsConfig
from curate.core.example import Example, Place
from curate.models.model_loading import cross_encoder, sentence_encoder, token_classifier
from curate.read.dataset import read_dataset

LISTED: float = 0.5
ROLES = ("user", "assistant")


class Pair(NamedTuple):
    """Two chats of one topic."""

    topic: dict[str, Any]
    label: str
    """`clash`, `agree` or `near`."""
    questions: tuple[str, str]
    answers: tuple[str, str]
    before: tuple[list[str], list[str]] = ([], [])
    """The earlier messages of each chat."""


def pairs(folder: Path, writers: list[str], topics: str) -> Iterator[Pair]:
    """The pairs of the topics and writers that are asked for."""
    if not (folder / "topics.jsonl").exists():
        yield from bank_pairs(folder, topics)
        return
    lines = (folder / "topics.jsonl").read_text(encoding="utf-8").splitlines()
    chosen = [topic for topic in map(json.loads, lines) if topics == "all" or _is_odd(topic) == (topics == "odd")]
    texts = {
        writer: {
            text["id"]: text
            for text in map(json.loads, (folder / f"writer{writer}.jsonl").read_text(encoding="utf-8").splitlines())
        }
        for writer in writers
    }
    for topic in chosen:
        for mine, others in permutations(writers, 2):
            one, other = texts[mine].get(topic["id"]), texts[others].get(topic["id"])
            if one is None or other is None:
                continue
            questions = one["question"], other["question"]
            yield Pair(topic, "clash", questions, (one["a"], other["b"]))
            if mine < others:
                yield from (Pair(topic, "agree", questions, (one[value], other[value])) for value in "ab")
            yield Pair(topic, "near", (one["question"], topic["near_question"]), (one["a"], other["near"]))


def bank_pairs(folder: Path, topics: str) -> Iterator[Pair]:
    """The pairs of topics with several answers of one writer each; their questions in turn."""
    for file in sorted(folder.glob("*.jsonl")):
        for topic in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            if topics != "all" and _is_odd(topic) != (topics == "odd"):
                continue
            worded = cycle(permutations(topic["questions"], 2))
            before = topic.get("before", ([], []))
            for answers in product(topic["a"], topic["b"]):
                yield Pair(topic, "clash", next(worded), answers, before)
            for side in (topic["a"], topic["b"]):
                yield from (Pair(topic, "agree", next(worded), answers, before) for answers in combinations(side, 2))
            if "near" in topic:
                near_questions = topic["questions"][0], topic["near_question"]
                yield Pair(topic, "near", near_questions, (topic["a"][0], topic["near"]), before)


def _is_odd(topic: dict[str, Any]) -> bool:
    return int(topic["id"].lstrip("st")) % 2 == 1


def flagged(pair: Pair, config: ConflictsConfig, *, identical: bool) -> bool:
    """Whether the pair is listed, as the only two chats of a file."""
    asked = (pair.questions[0],) * 2 if identical else pair.questions
    examples = _examples(asked, pair.answers, 1, pair.before)
    return any(conflict.confidence >= LISTED for conflict in find_conflicts(examples, config).conflicts)


def _examples(
    questions: tuple[str, str],
    answers: tuple[str, str],
    first: int,
    before: tuple[list[str], list[str]] = ([], []),
) -> list[Example]:
    chats = [[*earlier, *last] for earlier, last in zip(before, zip(questions, answers, strict=True), strict=True)]
    return [
        Example(
            Place("natural", line),
            {"messages": [{"role": role, "content": text} for role, text in zip(cycle(ROLES), chat, strict=False)]},
            "messages",
        )
        for line, chat in enumerate(chats, start=first)
    ]


def among(planted: list[Pair], files: list[Path], real: int, config: ConflictsConfig, show: bool) -> None:
    """Print how many of the planted contradictions are flagged among real examples, and what else is."""
    examples = [example for example in read_dataset(files).examples if question_of(example)]
    Random(1).shuffle(examples)
    both = [_examples(pair.questions, pair.answers, 2 * at + 1) for at, pair in enumerate(planted)]
    found = find_conflicts([*examples[:real], *(example for pair in both for example in pair)], config).conflicts
    pairs_planted = {frozenset(example.id for example in pair) for pair in both}
    others = [item for item in found if frozenset((item.left.id, item.right.id)) not in pairs_planted]
    places = [{side.place.file for side in (item.left, item.right)} for item in others]
    print(
        f"{len(examples[:real])} real examples, {len(planted)} contradictions planted, {len(found) - len(others)} found"
    )
    print(f"{len(others)} others: {sum('natural' in place for place in places)} with a planted one")
    first = [item not in others for item in found[: len(planted)]]
    print(f"of the first {len(first)} listed, {sum(first)} are planted")
    if show:
        for item in others:
            print(round(item.confidence, 2), item.evidence, *item.questions, sep="\n    ")


def report(folder: Path, writers: list[str], topics: str, config: ConflictsConfig, show: str | None) -> None:
    """Print what is flagged of each group."""
    counts: dict[tuple[bool, str], Counter[tuple[str, bool]]] = defaultdict(Counter)
    for pair in pairs(folder, writers, topics):
        for identical in (True, False):
            if identical and pair.label == "near":
                continue
            hit = flagged(pair, config, identical=identical)
            for group in ("all", f"language {pair.topic['language']}", f"slot {pair.topic['slot']}"):
                counts[identical, group][pair.label, hit] += 1
            outcome = pair.label if hit else "missed" if pair.label == "clash" else ""
            if outcome == show and identical == (pair.label != "near"):
                print(pair.topic["id"], *pair.questions, *pair.answers, sep="\n    ")
    for identical in (True, False):
        print(f"\nquestion {'identical' if identical else 'reworded'}")
        print(f"{'':20}{'clash':>16}{'agree':>16}{'near':>16}")
        for group in sorted(group for same, group in counts if same == identical):
            found = counts[identical, group]
            cells = []
            for label in ("clash", "agree", "near"):
                total = found[label, True] + found[label, False]
                share = f"{found[label, True]} of {total} {found[label, True] / total:4.0%}" if total else "-"
                cells.append(f"{share:>16}")
            print(f"{group:20}{''.join(cells)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--writers", default="3,4", help="numbers of writers, with commas between them")
    parser.add_argument("--topics", choices=("all", "even", "odd"), default="odd")
    parser.add_argument("--embeddings", default="")
    parser.add_argument("--nli", default="")
    parser.add_argument("--reader", default="")
    parser.add_argument("--show", choices=("clash", "agree", "near", "missed"), help="print these pairs")
    parser.add_argument("--among", type=Path, nargs="+", help="files of real examples")
    parser.add_argument("--real", type=int, default=2_000, help="number of real examples")
    args = parser.parse_args()
    config = ConflictsConfig(embeddings=args.embeddings, nli=args.nli, reader=args.reader)
    if args.among:
        chosen = {
            pair.topic["id"]: pair
            for pair in pairs(args.folder, args.writers.split(","), args.topics)
            if pair.label == "clash"
        }
        among([*chosen.values()], args.among, args.real, config, args.show == "clash")
        return
    # Each pair is a file of its own, for which the models would be loaded anew.
    with (
        patch("curate.models.embeddings.sentence_encoder", cache(sentence_encoder)),
        patch("curate.conflicts.nli.cross_encoder", cache(cross_encoder)),
        patch("curate.conflicts.answer_reader.token_classifier", cache(token_classifier)),
    ):
        report(args.folder, args.writers.split(","), args.topics, config, args.show)


if __name__ == "__main__":
    main()
