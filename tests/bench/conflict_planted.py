"""Contradictions and paraphrases planted into real examples: how many of the first are found, and what else is flagged.

    python -m tests.bench.conflict_planted FOLDER --embeddings MODEL [--nli MODEL] [--reader MODEL] [--cache FOLDER]
    [--seed N] [--show] [--triples FILE ...]
    python -m tests.bench.conflict_planted FOLDER --embeddings MODEL --paraphrases [--triples FILE ...]
    python -m tests.bench.conflict_planted FOLDER --embeddings MODEL --alone [--nli MODEL] [--triples FILE ...]

FOLDER has raw/A (real training files) and contradictions/reworded_answers.jsonl (answers reworded by a model). Takes
5,000 real examples, counts what is flagged among them alone, then plants 220 contradictions and 420 pairs that are
none, and prints recall by kind and precision. Half of the contradictions answer an equal question (22 each: numbers,
dates, polarity, names, policies), the other half a question in other words: 50 written with the code in sight, 60
without. The other pairs are 200 paraphrases of question and answer (half by rules, half by a model), 110 reworded
questions with an answer that agrees, and 110 questions that are near and ask something else. `--triples` plants
reworded questions of other files than the two, such as question_triples_later.txt. `--paraphrases` prints instead how
many pairs of reworded and near questions `dedup --embeddings` reports as paraphrases (D004). `--alone` prints how many
clashing, agreeing and near pairs of each file are flagged if the file is all of the data.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from curate.conflicts.conflict import Conflict, find_conflicts
from curate.conflicts.question import Question, question_of
from curate.conflicts.semantic_duplicates import semantic_duplicates
from curate.core.config import ConflictsConfig
from curate.core.example import Example, Place
from curate.read.dataset import read_dataset
from tests.bench.planted_policies import POLICIES
from tests.bench.planting import (
    Change,
    denied,
    names_in,
    other_date,
    other_name,
    other_number,
    reasked,
    reworded,
    suits,
)

REAL, EACH, PARAPHRASES = 5_000, 22, 200
TRIPLES = [Path(__file__).with_name(name) for name in ("question_triples.txt", "question_triples_unseen.txt")]


class Planted(NamedTuple):
    """Two examples of which is known whether they clash."""

    kind: str
    left: Example
    right: Example


def real(folder: Path, random: Random) -> list[Example]:
    """All real examples that ask and answer, in any order."""
    files = sorted(path for path in (folder / "raw" / "A").iterdir() if path.is_file())
    examples = [example for example in read_dataset(files).examples if question_of(example)]
    examples.sort(key=lambda example: example.id)
    random.shuffle(examples)
    return examples


def chat(question: str, answer: str, number: int) -> Example:
    return Example(
        Place("planted", number),
        {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]},
        "messages",
    )


def alone(examples: Iterable[Example]) -> list[Question]:
    """First questions, without a system prompt, that only one of the examples asks and whose answer can be changed."""
    asked = [question for example in examples if (question := question_of(example))]
    often = Counter(question.request.casefold() for question in asked)
    return [
        q
        for q in asked
        if often[q.request.casefold()] == 1 and q.turn == 1 and not q.system and suits(q.request, q.answer)
    ]


def contradictions(questions: Sequence[Question], random: Random) -> list[Planted]:
    names = names_in(question.answer for question in questions)
    changes: dict[str, Change] = {
        "numbers": other_number,
        "dates": other_date,
        "polarity": denied,
        "names": other_name(names),
    }
    planted: list[Planted] = []
    used: dict[str, str] = {}
    for kind, change in changes.items():
        made = 0
        for question in (
            random.sample(questions, len(questions)) * 2
        ):  # few answers have dates: these may be changed twice
            if made == EACH or used.get(question.example.id, kind) != kind:
                continue
            answer = change(question.request, question.answer, random)
            if answer is None or answer == question.answer:
                continue
            used[question.example.id] = kind
            planted.append(Planted(kind, question.example, chat(question.request, answer, len(planted))))
            made += 1
    for nth, (request, first, second) in enumerate(POLICIES[:EACH]):
        planted.append(Planted("policies", chat(request, first, 1000 + nth), chat(request, second, 2000 + nth)))
    return planted


def in_other_words(triples: Sequence[Path]) -> tuple[list[Planted], list[Planted]]:
    """Contradictions between questions in other words, and pairs that are none: an answer that agrees, and a question
    that is near.
    """
    clashing: list[Planted] = []
    others: list[Planted] = []
    for path in triples:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("#"):
                continue
            (asked, answer), (reworded_, clash, agree), (near, its) = (
                [text.strip() for text in part.split("|")] for part in line.split("||")
            )
            number = 6000 + 10 * len(clashing)
            left = chat(asked, answer, number)
            clashing.append(Planted(path.stem[-18:], left, chat(reworded_, clash, number + 1)))
            others.append(Planted("agrees", left, chat(reworded_, agree, number + 2)))
            others.append(Planted("near", left, chat(near, its, number + 3)))
    return clashing, others


def paraphrases(folder: Path, questions: Sequence[Question], random: Random) -> list[Planted]:
    lines = (folder / "contradictions" / "reworded_answers.jsonl").read_text(encoding="utf-8").splitlines()
    by_model = random.sample([json.loads(line) for line in lines], PARAPHRASES // 2)
    planted = [
        Planted(
            "by a model",
            chat(pair["prompt"], pair["a"], 3000 + n),
            chat(reasked(pair["prompt"], random), pair["b"], 4000 + n),
        )
        for n, pair in enumerate(by_model)
    ]
    for nth, question in enumerate(random.sample(questions, PARAPHRASES // 2)):
        said = chat(reasked(question.request, random), reworded(question.answer, random), 5000 + nth)
        planted.append(Planted("by rules", question.example, said))
    return planted


def paraphrases_reported(triples: Sequence[Path], model: str, cache: Path | None) -> None:
    """Print how many pairs are reported as paraphrases (D004), by kind; each kind is a data set of its own."""
    clashing, others = in_other_words(triples)
    for kind in ("agrees", "near", "clashes"):
        pairs = clashing if kind == "clashes" else [planted for planted in others if planted.kind == kind]
        sides = [side for planted in pairs for side in planted[1:]]
        reported = semantic_duplicates(enumerate(sides), model, cache, [])
        same = sum(like.left // 2 == like.right // 2 for like in reported)
        print(f"{kind:8} {len(pairs)} pairs, {same} reported, {len(reported) - same} others")


def flagged_alone(triples: Sequence[Path], config: ConflictsConfig, cache: Path | None) -> None:
    """Print how many pairs of each file are flagged, by kind; each file is a data set of its own."""
    for path in triples:
        clashing, others = in_other_words([path])
        pairs = [*clashing, *others]
        examples = {side.id: side for planted in pairs for side in planted[1:]}
        conflicts = find_conflicts(list(examples.values()), config, cache).conflicts
        flagged = {frozenset((conflict.left.id, conflict.right.id)) for conflict in conflicts}
        counts = Counter(
            planted.kind if planted.kind in ("agrees", "near") else "clashes"
            for planted in pairs
            if frozenset((planted.left.id, planted.right.id)) in flagged
        )
        by_kind = ", ".join(f"{counts[kind]} {kind}" for kind in ("clashes", "agrees", "near"))
        print(f"{path.name:30} {len(clashing)} questions: {by_kind}", flush=True)


def show(conflict: Conflict, mark: str) -> None:
    left, right = question_of(conflict.left), question_of(conflict.right)
    assert left is not None
    assert right is not None
    print(f"  {mark} {conflict.code} {conflict.confidence:.2f} {[tuple(item[:3]) for item in conflict.evidence]}")
    print(f"     Q {left.request[-160:]!r}\n     A {left.answer[:200]!r}\n     B {right.answer[:200]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--embeddings", required=True)
    parser.add_argument("--nli", default="")
    parser.add_argument("--reader", default="")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--triples", type=Path, nargs="+", default=TRIPLES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--paraphrases", action="store_true", help="count reported paraphrases alone")
    parser.add_argument("--alone", action="store_true", help="count the flagged pairs of each file of --triples alone")
    parser.add_argument("--show", action="store_true", help="print what was flagged wrongly, and what was missed")
    args = parser.parse_args()
    if args.paraphrases:
        paraphrases_reported(args.triples, args.embeddings, args.cache)
        return
    config = ConflictsConfig(embeddings=args.embeddings, nli=args.nli, reader=args.reader)
    if args.alone:
        flagged_alone(args.triples, config, args.cache)
        return
    random = Random(args.seed)
    everything = real(args.folder, random)
    examples = everything[:REAL]
    report = find_conflicts(examples, config, args.cache)
    print(f"{len(examples)} real examples alone: {report.compared} pairs compared, {len(report.conflicts)} flagged")
    for conflict in report.conflicts:
        show(conflict, "flagged")
    single = alone(everything)  # 5,000 have too few dates
    clashing = contradictions(single, random)
    used = {planted.left.id for planted in clashing}
    same = paraphrases(args.folder, [question for question in single if question.example.id not in used], random)
    more, others = in_other_words(args.triples)
    clashing += more
    same += others
    extra = list({example.id: example for planted in (*clashing, *same) for example in planted[1:]}.values())
    report = find_conflicts([*examples, *extra], config, args.cache)
    wrong, missed = told(
        clashing, {frozenset((conflict.left.id, conflict.right.id)): conflict for conflict in report.conflicts}
    )
    if args.show:
        for conflict in wrong:
            show(conflict, "wrong")
        for planted in missed:
            print(
                f"  missed {planted.kind}",
                *(f"\n     {message.text[-300:]!r}" for side in planted[1:] for message in side.messages),
            )


def told(clashing: Sequence[Planted], found: dict[frozenset[str], Conflict]) -> tuple[list[Conflict], list[Planted]]:
    """Print recall by kind, and precision; what was flagged wrongly, and what was missed."""
    wanted = {frozenset((planted.left.id, planted.right.id)): planted for planted in clashing}
    changed = {planted.right.id for planted in clashing}
    hits = [wanted[pair] for pair in found if pair in wanted]
    # A changed answer clashes with whatever else answers the question, too: neither found nor wrong.
    others = [pair for pair in found if pair not in wanted and changed & pair]
    wrong = [conflict for pair, conflict in found.items() if pair not in wanted and not changed & pair]
    print(f"{'':18} planted found recall")
    for kind in dict.fromkeys(planted.kind for planted in clashing):
        count, right = (sum(planted.kind == kind for planted in group) for group in (clashing, hits))
        print(f"{kind:18} {count:7} {right:5} {right / count:6.2f}")
    print(
        f"{'all':18} {len(clashing):7} {len(hits):5} {len(hits) / len(clashing):6.2f}   precision "
        f"{len(hits) / max(1, len(hits) + len(wrong)):.3f}"
    )
    print(
        f"{len(wrong)} flagged wrongly; {len(others)} more with others that answer a question whose answer was changed"
    )
    return wrong, [planted for pair, planted in wanted.items() if pair not in found]


if __name__ == "__main__":
    main()
