"""Leaks by texts that two splits share: first user turns, nearly equal questions, documents and cut answers
(`docs/leaks.md`).

First user turns and documents that too many examples share are exempt: those that a manifest names, or without a
manifest those that are frequent. They are counted and listed.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from curate.core.text import excerpt, plural, visible
from curate.project.manifest import SharedText
from curate.storage.files import display_name
from curate.verify.cut_answers import cut_answers
from curate.verify.examples import Examples
from curate.verify.lines import LINE_BITS, lines_of
from curate.verify.near_duplicates import Similar
from curate.verify.near_questions import PARTS, nearly_equal_pairs, question_of
from curate.verify.proof import Difference, NotChecked, Point, point_of
from curate.verify.reading import NotUnderstoodError, ParsedContent, read_line
from curate.verify.similarity_index import Flags
from curate.verify.words import Hashes, Numbers

FREQUENT_SHARE: Final = 0.1
"""Share of the examples above which a text is exempt where no manifest names texts."""
FREQUENT_EXAMPLES: Final = 20
"""Minimum number of examples of such a text."""
RUN_DIGEST: Final = re.compile("[0-9a-f]{16}")
MAX_NAMED: Final = 20
"""Exempt texts that are listed one by one."""
MAX_CHARS: Final = 60
KINDS: Final = {"first question": "L012", "document": "L014"}


class TextDigests(NamedTuple):
    """Keys of texts; the digest of each, as in a manifest; its place, and the number of examples that it stands for."""

    hashes: Hashes
    digests: Hashes
    places: Numbers
    examples: Numbers


class Exempt(NamedTuple):
    """A text that is not compared."""

    kind: str
    examples: int
    text: str
    """Its beginning, or where it is."""


class TextLeaks(NamedTuple):
    """Leaks by shared texts, by code; and the exempt texts."""

    pairs: Mapping[str, Similar]
    exempt: Sequence[Exempt]
    wrong: Sequence[str]
    """What is wrong with the texts that a manifest names."""


def text_leaks(examples: Examples, shared_texts: Sequence[SharedText] | None) -> TextLeaks:
    """Find leaks by texts that two splits share.

    `shared_texts`: the texts that a manifest exempts; None without a manifest.
    """
    pairs, exempt, wrong = (
        {"L013": _near_questions(examples), "L015": _cut_answers(examples)},
        list[Exempt](),
        list[str](),
    )
    ones = np.ones(len(examples.places), dtype=np.int64)
    for kind, keys in (
        ("first question", TextDigests(examples.first_turn, examples.first_words, examples.places, ones)),
        ("document", _document_keys(examples, shared_texts or ())),
    ):
        crossing = _Crossing(examples, keys)
        if shared_texts is None:
            left_out = crossing.frequent(len(examples.places))
            exempt += [Exempt(kind, count, where) for count, where in crossing.described(left_out)]
        else:
            named_texts = [text for text in shared_texts if text.kind == kind]
            left_out, counts = crossing.named(named_texts)
            for text in named_texts:
                shown, run_counts = f'"{excerpt(text.text, MAX_CHARS)}"', [counts[run] for run in text.runs]
                agrees = all(text.examples in example_counts for example_counts in run_counts)
                most = (
                    text.examples
                    if agrees
                    else max((max(example_counts, default=0) for example_counts in run_counts), default=0)
                )
                exempt.append(Exempt(kind, most, shown))
                if not agrees:
                    claim = f"lists a {kind} in {plural(text.examples, 'example')}"
                    wrong.append(f"{claim}, but several splits share it in {most:,}: {shown}")
        pairs[KINDS[kind]] = crossing.pairs(left_out)
    return TextLeaks(pairs, exempt, wrong)


def _document_keys(examples: Examples, shared_texts: Sequence[SharedText]) -> TextDigests:
    """The runs of blocks, and those of answers that a block has too or that a manifest names."""
    named = [int(run, 16) for text in shared_texts for run in text.runs if RUN_DIGEST.fullmatch(run)]
    is_block = np.isin(examples.answer_blocks, np.append(examples.blocks, np.array(named, dtype=np.uint64)))
    runs = np.concatenate([examples.blocks, examples.answer_blocks[is_block]])
    places = np.concatenate([examples.blocks_by, examples.answer_blocks_by[is_block]])
    counts = np.concatenate([examples.block_examples, np.ones(np.count_nonzero(is_block), dtype=np.int64)])
    order = places.argsort(kind="stable")  # the first place of a run must be in the earliest split that has it
    return TextDigests(runs[order], runs[order], places[order], counts[order])


def exempt_texts_point(manifest: Path, leaks: TextLeaks, count: int, differences: list[Difference]) -> Point:
    """Whether each exempt text is in as many examples as the manifest says; others are added to `differences`."""
    wrong = [Difference(manifest, text) for text in leaks.wrong]
    differences += wrong
    return point_of(
        "shared texts",
        wrong,
        f"{plural(count, 'text')} not compared, each in as many examples as in the manifest",
        f"{plural(len(wrong), 'text')} not compared, in another number of examples than in the manifest",
    )


def exempt_texts(leaks: TextLeaks) -> Iterator[NotChecked]:
    """The texts that were not compared because too many examples share them, most frequent first.

    Those after the first `MAX_NAMED` are yielded as one sum.
    """
    by_frequency = sorted(leaks.exempt, key=lambda exempt: (-exempt.examples, exempt.text))
    for exempt in by_frequency[:MAX_NAMED]:
        code = KINDS[exempt.kind]
        yield NotChecked(f"{exempt.kind}s", exempt.examples, f"too many examples share it ({code}): {exempt.text}")
    if rest := by_frequency[MAX_NAMED:]:
        total = sum(exempt.examples for exempt in rest)
        yield NotChecked("other shared texts", total, f"{plural(len(rest), 'text')} more that many examples share")


class _Crossing:
    """The keys that a split shares with an earlier one."""

    def __init__(self, all_examples: Examples, keys: TextDigests) -> None:
        self.all_examples, self.keys = all_examples, keys
        self.every, firsts, self.of = np.unique(keys.hashes, return_index=True, return_inverse=True)
        self.firsts, self.digests = keys.places[firsts], keys.digests[firsts]
        self.examples = np.bincount(self.of, weights=keys.examples, minlength=len(self.every)).astype(np.int64)
        earlier = self.firsts[self.of]
        self.leaks = (all_examples.splits_of(earlier) < all_examples.splits_of(keys.places)) & (keys.hashes != 0)
        self.numbers = np.unique(self.of[self.leaks])
        """The keys, by number."""

    def frequent(self, total: int) -> Numbers:
        """The keys of many of all examples."""
        least = max(FREQUENT_EXAMPLES, int(FREQUENT_SHARE * total) + 1)
        frequent: Numbers = self.numbers[self.examples[self.numbers] >= least]
        return frequent

    def described(self, numbers: Numbers) -> Iterator[tuple[int, str]]:
        """How many examples share some texts, and where each is first."""
        places = {(int(self.firsts[number]), int(self.examples[number])) for number in numbers.tolist()}
        for place, examples in sorted(places):
            file, line = self.all_examples.place(place)
            yield examples, f"first in {visible(display_name(file))}:{line}"

    def named(self, texts: Sequence[SharedText]) -> tuple[Numbers, Mapping[str, set[int]]]:
        """The keys of named texts, and how many examples have each, by digest: with other attachments, a first user
        turn is another one.
        """
        named_runs = {run for text in texts for run in text.runs}
        counts: dict[str, set[int]] = defaultdict(set)
        exempt = []
        for number in self.numbers.tolist():
            if (digest := f"{self.digests[number]:016x}") in named_runs:
                counts[digest].add(int(self.examples[number]))
                exempt.append(number)
        return np.array(exempt, dtype=np.int64), counts

    def pairs(self, exempt: Numbers) -> Similar:
        """For each example with a key that an earlier split has too, and is not exempt, such an earlier example."""
        selected = np.flatnonzero(self.leaks & ~np.isin(self.of, exempt))
        places, first = np.unique(self.keys.places[selected], return_index=True)
        return Similar(places, self.firsts[self.of[selected[first]]], np.ones(len(places)))


def readings_at(examples: Examples, places: Collection[int]) -> dict[int, ParsedContent]:
    """The examples at some places, read again; those that changed meanwhile are left out."""
    readings = {}
    for file in sorted({place >> LINE_BITS for place in places}):
        for number, line in lines_of(examples.files[file]):
            place = (file << LINE_BITS) + number
            if place in places:
                try:
                    readings[place] = read_line(line)[1]
                except NotUnderstoodError:
                    continue
    return readings


def _cut_answers(examples: Examples) -> Similar:
    """For each example with an answer that begins or ends one of an earlier split, or the reverse, such an example."""
    readings = readings_at(examples, {*examples.cut.tolist()})
    splits = dict(zip(examples.cut.tolist(), examples.splits_of(examples.cut).tolist(), strict=True))
    pairs = np.array(sorted(cut_answers(readings, splits).items()), dtype=np.int64).reshape(-1, 2)
    return Similar(pairs[:, 0], pairs[:, 1], np.ones(len(pairs)))


def _near_questions(examples: Examples) -> Similar:
    """For each example with a question that is nearly that of an earlier split, such an earlier example."""
    question_hashes, firsts, inverse = np.unique(examples.question, return_index=True, return_inverse=True)
    splits = examples.splits
    latest = np.zeros(len(question_hashes), dtype=np.int64)
    np.maximum.at(latest, inverse, splits)
    earliest = splits[firsts]
    buckets = [
        members
        for part in range(PARTS)
        for members in _buckets(np.where(question_hashes != 0, examples.near[firsts, part], np.uint64(0)))
        if earliest[members].min() < latest[members].max()
    ]
    readings = readings_at(
        examples, {int(place) for members in buckets for place in examples.places[firsts[members]].tolist()}
    )
    words = {place: question_of(reading) for place, reading in readings.items()}
    nearest = np.full(len(question_hashes), -1, dtype=np.int64)  # the earliest example with a nearly equal question
    for members in buckets:
        numbers = {number: int(examples.places[firsts[number]]) for number in members.tolist()}
        questions = {number: words[place] for number, place in numbers.items() if place in words}
        for pair in nearly_equal_pairs(questions):
            for number, other_number in (pair, pair[::-1]):
                if nearest[number] < 0 or firsts[other_number] < nearest[number]:
                    nearest[number] = firsts[other_number]
    rows: Flags = nearest[inverse] >= 0
    late = np.flatnonzero(rows)
    earlier = nearest[inverse[late]]
    late, earlier = late[splits[earlier] < splits[late]], earlier[splits[earlier] < splits[late]]
    return Similar(examples.places[late], examples.places[earlier], np.ones(len(late)))


def _buckets(keys: Hashes) -> Iterator[Numbers]:
    """The numbers of equal keys other than 0, where there are several."""
    order = np.argsort(keys, kind="stable")
    order = order[int(np.searchsorted(keys[order], 1)) :]
    ends = np.flatnonzero(np.diff(keys[order])) + 1
    for start, end in zip([0, *ends.tolist()], [*ends.tolist(), len(order)], strict=True):
        if end - start > 1:
            yield order[start:end]
