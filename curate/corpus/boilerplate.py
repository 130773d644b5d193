"""Shared instructions: passages of user turns that many examples share (docs/leaks.md). They are left out of
comparisons because they would make different requests similar.

A run of `RUN` words is shared if it occurs in the user turns of at least `MIN_SHARE` of the examples, and of at least
`MIN_EXAMPLES` examples. Runs are learnt from at most `MAX_SAMPLE` different examples, those with the smallest hashes,
so that the result depends neither on the order of lines nor on the size of a file. In a sample, a run must exceed the
minimum share by `STANDARD_ERRORS` standard errors. Consecutive runs are joined to passages, which the manifest lists.

An example is compared without its shared words if these are at least `MIN_SHARED`, and if at least `MIN_OWN`
consecutive other words are left in one of its user turns. Answers are not changed. Words are separated by white space;
in scripts without spaces, each character is a word.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from math import ceil, sqrt
from typing import Final

from curate.core.lazy import Flags, Hashes, Ids, Numbers, np, pl
from curate.core.masking import secrets_in
from curate.corpus.dedup_text import Segment
from curate.similarity.shingles import ShingleSets, buffer_of

RUN: Final = 8
MIN_SHARE: Final = 0.05
MIN_EXAMPLES: Final = 20
MAX_SAMPLE: Final = 10_000
STANDARD_ERRORS: Final = 4
MIN_OWN: Final = 5
MIN_SHARED: Final = 40
HASH_SLOTS: Final = 1 << 18
"""Places in which shingles are counted; a power of two."""
Passages = tuple[str, ...]
"""Shared instructions, as written in the data."""


def learning_examples(sets: ShingleSets, ids: Ids) -> tuple[Numbers, int]:
    """The numbers of the examples that passages are learned from, empty if there can be no passage; and how many of
    these examples must share a passage.

    ids: the id of each example, as two numbers. The shingle sets show for most files that there is no passage: examples
    that share a run of words also share the shingles of the run.
    """
    order = np.lexsort((ids[:, 1], ids[:, 0]))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (ids[order][1:] != ids[order][:-1]).any(axis=1)
    distinct = order[first]
    chosen = distinct[:MAX_SAMPLE]
    if len(chosen) < MIN_EXAMPLES:
        return chosen[:0], MIN_EXAMPLES
    share = MIN_SHARE * len(order) / len(distinct)  # of different examples: copies count once
    error = STANDARD_ERRORS * sqrt(MIN_SHARE * (1 - MIN_SHARE) / len(chosen)) if len(chosen) < len(distinct) else 0.0
    least = ceil(max(MIN_EXAMPLES, (share + error) * len(chosen)))
    hashes = sets.chosen(chosen).hashes
    counts = np.bincount(
        hashes & np.uint32(HASH_SLOTS - 1), minlength=HASH_SLOTS
    )  # most shingles are rare: these need no sorting
    hashes = np.sort(hashes[counts[hashes & np.uint32(HASH_SLOTS - 1)] >= least])
    starts = hashes[: max(0, len(hashes) - least + 1)]
    often = np.unique(starts[starts == hashes[least - 1 :]])  # shingles that so many have
    return (chosen if len(often) >= MIN_SHARED // 2 else chosen[:0]), least


def boilerplate_notes(passages: Passages) -> list[str]:
    """Notes for the user about passages that are left out; empty if there are none."""
    if not passages:
        return []
    text = (
        f"{len(passages):,} passage{'s' if len(passages) > 1 else ''} of user turns that {MIN_SHARE:.0%} of the "
        "examples or more share"
    )
    verb = "are" if len(passages) > 1 else "is"
    return [f"{text} (shared instructions) {verb} left out when whole texts are compared"]


def learn_passages(user_turns: Iterable[Sequence[str]], least: int = 0) -> Passages:
    """The passages that many examples share, most frequent first.

    user_turns: the user turns of each distinct example. least: how many examples must share a passage; 0: `MIN_SHARE`
    of these examples, and at least `MIN_EXAMPLES`.
    """
    from curate.similarity.ngram_index import runs_of  # numba is loaded for files of some size only

    every = [list(turns) for turns in user_turns]
    least = least or ceil(max(MIN_EXAMPLES, MIN_SHARE * len(every)))
    turns = [turn.encode("utf-8", "surrogatepass") for example_turns in every for turn in example_turns]
    buffer, offsets = buffer_of(turns)
    run_hashes, rows, places = runs_of(buffer, offsets, RUN, np.empty(0, dtype=np.uint64))
    owners = np.repeat(np.arange(len(every)), [len(example_turns) for example_turns in every])[rows]
    counts = (
        pl.DataFrame({"run": run_hashes, "owner": owners})
        .unique()
        .group_by("run")
        .len()
        .filter(pl.col("len") >= least)
        .sort(["len", "run"])
    )
    if not len(counts):
        return ()
    order = counts["run"].to_numpy()[::-1]
    numbers = {int(run): number for number, run in enumerate(order.tolist())}
    shared = np.isin(run_hashes, order, kind="sort")  # numpy 2.0 overflows in a table of 64-bit hashes
    spots = np.flatnonzero(shared)
    runs = np.array([numbers[run] for run in run_hashes[shared].tolist()], dtype=np.int64)
    chains = _Chains(runs, rows[shared], places[shared], owners[shared], counts["len"].to_numpy()[::-1])
    passages = []
    for spot, length in chains.passages(least):
        row, first = int(rows[spots[spot]]), int(places[spots[spot]])
        passages.append(_words_as_written(turns[row], first, length + RUN - 1))
    return tuple(dict.fromkeys(part for passage in passages for part in _without_secrets(passage)))


def _without_secrets(passage: str) -> Iterator[str]:
    """The parts of a passage between words that contain secrets: the manifest lists passages and must not show
    secrets.
    """
    secrets = secrets_in(passage)
    if not secrets:
        yield passage
        return
    pattern = "|".join(rf"\S*{re.escape(secret)}\S*" for secret in secrets)
    yield from (part for part in map(str.strip, re.split(pattern, passage)) if len(part.split()) >= RUN)


class _Chains:
    """Where shared runs occur: numbers of runs, most frequent first, in the order of the turns that have them."""

    def __init__(self, runs: Numbers, rows: Numbers, places: Numbers, owners: Numbers, counts: Numbers) -> None:
        self.runs, self.owners, self.counts = runs, owners, counts
        follows = (rows[1:] == rows[:-1]) & (places[1:] == places[:-1] + 1)
        self.after, self.before = np.append(follows, False), np.append(False, follows)
        self.order = np.argsort(runs, kind="stable")
        self.bounds = np.append(np.flatnonzero(np.diff(runs[self.order], prepend=-1)), len(runs))
        self.covered = np.zeros(len(counts), dtype=np.bool_)

    def passages(self, least: int) -> Iterator[tuple[int, int]]:
        """Chains of consecutive runs: the position of the first run and the number of runs.

        A chain is extended as long as at least `least` examples have all of it, and half of those that have its most
        frequent run.
        """
        for run in range(len(self.counts)):
            if self.covered[run]:
                continue
            self.covered[run] = True
            enough = max(least, int(self.counts[run]) // 2)
            spots = self.order[self.bounds[run] : self.bounds[run + 1]]
            spots, longer = self._extended_chains(spots, self.after, 1, enough)
            spots, more = self._extended_chains(spots - longer, self.before, -1, enough)
            yield int(spots[0]) - more, longer + more + 1

    def _extended_chains(self, spots: Numbers, goes: Flags, step: int, enough: int) -> tuple[Numbers, int]:
        """The positions at which a chain can be extended furthest, each with its end there and the number of runs
        added; backwards, the positions are those of its beginnings.
        """
        steps = 0
        while True:
            ends = spots + step * steps if step < 0 else spots
            on = goes[ends]
            if not on.any():
                break
            following = self.runs[ends[on] + step]
            common = int(np.bincount(following).argmax())
            same = following == common
            if self.covered[common] or len(np.unique(self.owners[ends[on][same]])) < enough:
                break
            self.covered[common] = True
            spots = spots[on][same] + (max(0, step))
            steps += 1
        return spots, steps


def _words_as_written(turn: bytes, first: int, count: int) -> str:
    """`count` words of a turn from word `first` on, as written."""
    from curate.similarity.ngram_index import spans_of

    spans = spans_of(np.frombuffer(turn, dtype=np.uint8), 0, len(turn))
    return turn[int(spans[first, 0]) : int(spans[first + count - 1, 1])].decode("utf-8", "surrogatepass")


@lru_cache(maxsize=8)
def runs_in(passages: Passages) -> tuple[Hashes, ...]:
    """The hashes of the runs of each passage, in order (uint64)."""
    from curate.similarity.ngram_index import runs_of

    buffer, offsets = buffer_of([passage.encode("utf-8", "surrogatepass") for passage in passages])
    hashes, rows, _ = runs_of(buffer, offsets, RUN, np.empty(0, dtype=np.uint64))
    return tuple(np.split(hashes, np.searchsorted(rows, np.arange(1, len(passages))))) if passages else ()


@lru_cache(maxsize=8)
def _run_table(passages: Passages) -> Hashes:
    from curate.similarity.ngram_index import table_of

    table: Hashes = table_of(np.unique(np.concatenate([np.empty(0, dtype=np.uint64), *runs_in(passages)])))
    return table


def _without_passages(texts: Sequence[str], passages: Passages) -> tuple[list[str], Numbers, Numbers]:
    """Texts without their shared words; for each text, how many words were removed and the longest run of words that is
    left.
    """
    from curate.similarity.ngram_index import remove_runs

    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    buffer, offsets = buffer_of(encoded)
    rest, rest_offsets, removed_counts, longest = remove_runs(buffer, offsets, RUN, _run_table(passages))
    data, bounds = rest.tobytes(), rest_offsets.tolist()
    cut = [data[start:end].decode("utf-8", "surrogatepass") for start, end in pairwise(bounds)]
    return (
        [short if words else text for text, short, words in zip(texts, cut, removed_counts.tolist(), strict=True)],
        removed_counts,
        longest,
    )


def cut_texts(texts: Sequence[str], passages: Passages, least: int = MIN_OWN) -> list[str]:
    """User turns without shared words, each on its own.

    Turns of which fewer than `least` consecutive words would be left, or fewer than `MIN_SHARED` words would be
    removed, stay as they are.
    """
    if not passages:
        return list(texts)
    cut, removed_counts, longest = _without_passages(texts, passages)
    return [
        short if words >= MIN_SHARED and longest_run >= least else text
        for text, short, words, longest_run in zip(texts, cut, removed_counts.tolist(), longest.tolist(), strict=True)
    ]


def own_texts(examples: Iterable[Sequence[Segment]], passages: Passages) -> list[str]:
    """The compared text of each example: its segments, line by line; those of the user are without shared words if
    these are at least `MIN_SHARED` and a run of at least `MIN_OWN` other words remains.
    """
    every = list(examples)
    if not passages:
        return ["\n".join([piece.text for piece in pieces]) for pieces in every]
    cut, removed_counts, longest = _without_passages(
        [piece.text for pieces in every for piece in pieces if piece.from_user], passages
    )
    words, longest_runs = removed_counts.tolist(), longest.tolist()
    texts, position = [], 0
    for pieces in every:
        end = position + sum(piece.from_user for piece in pieces)
        shorter = sum(words[position:end]) >= MIN_SHARED and max(longest_runs[position:end], default=0) >= MIN_OWN
        left = iter(cut[position:end])
        texts.append("\n".join([next(left) if shorter and piece.from_user else piece.text for piece in pieces]))
        position = end
    return texts


def examples_with(user_turns: Sequence[Sequence[str]], passages: Passages) -> list[Numbers]:
    """For each passage, the numbers of the examples that have it in a user turn. user_turns: the user turns of
    each example.
    """
    from curate.similarity.ngram_index import runs_of

    buffer, offsets = buffer_of([turn.encode("utf-8", "surrogatepass") for turns in user_turns for turn in turns])
    run_hashes, rows, places = runs_of(buffer, offsets, RUN, _run_table(passages))
    owners = np.repeat(np.arange(len(user_turns)), [len(turns) for turns in user_turns])[rows]
    order = np.argsort(run_hashes, kind="stable")
    ascending = run_hashes[order]
    every = []
    for runs in runs_in(passages):
        starts = (
            order[ascending.searchsorted(runs[0], "left") : ascending.searchsorted(runs[0], "right")]
            if len(runs)
            else order[:0]
        )
        starts = starts[starts + len(runs) <= len(run_hashes)]
        for step, run in enumerate(runs.tolist()):
            positions = starts + step
            starts = starts[
                (run_hashes[positions] == run)
                & (rows[positions] == rows[starts])
                & (places[positions] == places[starts] + step)
            ]
        every.append(np.unique(owners[starts]))
    return every
