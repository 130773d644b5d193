"""Cut answers (L015): all words of an answer are the first or the last words of a longer one.

Two such answers begin with the same words, or end with them, and the last or the first shingle of the shorter one is a
shingle of the longer one. Only the examples of answers for which this holds are read again, and compared word by word.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Final, NamedTuple

from curate.core.lazy import Ids, Numbers, np
from curate.corpus.cache import DedupCache, bucket_keys, rows_of_buckets
from curate.corpus.corpus import LineReader, LineRef, Table
from curate.corpus.links import Links, long_answers
from curate.parallel.worker_pool import WorkerPool
from curate.similarity.shingles import Shingling

FILTER_SIZE: Final = 1 << 20
"""Number of classes of shingles; one of a class without a last or first shingle is not looked up."""
ANSWERS_PER_STEP: Final = 1 << 14
"""Number of answers whose shingles are looked up at a time."""
EXAMPLES_PER_BATCH: Final = 4000


class CutAnswers(NamedTuple):
    """Keys of answers that are the beginning or the end of a longer one, and the examples that have these answers."""

    whole: Ids
    whole_owners: Numbers
    """The example of each key: this is one of its answers."""
    parts: Ids
    part_owners: Numbers
    """The example of each key: one of its answers begins or ends with it, and is longer."""


class _Bucket(NamedTuple):
    """Examples with answers that begin alike (end 0) or end alike (end 1)."""

    end: int
    examples: Sequence[int]


class _BucketBatch(NamedTuple):
    """Buckets, and the lines of their examples by number."""

    lines: Mapping[int, LineRef]
    buckets: Sequence[_Bucket]


def cut_answers(
    table: Table, links: Links, workers: WorkerPool, memory: DedupCache | None = None, *, only_longest: bool
) -> CutAnswers:
    """The cut answers of a table. Raises `InputError` if lines cannot be read again.

    only_longest: give of each answer the longest beginning and the longest end that are answers. This is enough to
    group examples, because shorter ones are parts of these; the number of all of them can be quadratic.
    memory: the cache of the rows of each bucket.
    """
    owners = np.repeat(np.arange(len(table.lines)), np.diff(links.answer_ends))
    every = [_Bucket(end, sorted(set(owners[rows].tolist()))) for end in (0, 1) for rows in _similar_edges(links, end)]
    buckets = [bucket for bucket in every if len(bucket.examples) > 1]
    buckets.sort(key=lambda bucket: bucket.examples[0])  # so that most examples are read for one batch
    compare = partial(_cut_answers_in, only_longest=only_longest)

    def compute(numbers: Numbers) -> Iterator[Ids]:
        missing = [buckets[number] for number in numbers.tolist()]
        parts = table.line_batches([bucket.examples for bucket in missing], EXAMPLES_PER_BATCH)
        return chain.from_iterable(workers.each(compare, (_BucketBatch(lines, missing[part]) for part, lines in parts)))

    kinds = (2 * bucket.end + only_longest for bucket in buckets)
    stored_keys = bucket_keys(table.ids, [bucket.examples for bucket in buckets], kinds)
    results = rows_of_buckets(memory.buckets("answers") if memory else None, stored_keys, compute)
    rows = np.concatenate([np.empty((0, 2), dtype=np.uint64), *results])
    bases = np.cumsum([0, *(len(bucket.examples) for bucket in buckets)])[:-1]
    examples = np.fromiter(chain.from_iterable(bucket.examples for bucket in buckets), dtype=np.int64)
    owners = examples[np.repeat(bases, list(map(len, results))) + (rows[:, 1] >> np.uint64(1)).astype(np.int64)]
    is_longer = (rows[:, 1] & np.uint64(1)).astype(np.bool_)
    return CutAnswers(rows[~is_longer, 0], owners[~is_longer], rows[is_longer, 0], owners[is_longer])


def _similar_edges(links: Links, end: int) -> Iterator[Numbers]:
    """Rows of answers that begin alike (end 0) or end alike (end 1), where the last or first shingle of a shorter one
    is in a longer one.
    """
    rows = np.flatnonzero(links.answer_edges[:, end])
    _, buckets, counts = np.unique(links.answer_edges[rows, end], return_inverse=True, return_counts=True)
    rows, buckets = rows[counts[buckets] > 1], buckets[counts[buckets] > 1].astype(np.uint64)
    order = np.lexsort((links.answer_sizes[rows], buckets))
    rows, buckets = rows[order], buckets[order]
    sizes = links.answer_sizes[rows]
    starts = np.flatnonzero(np.append(True, buckets[1:] != buckets[:-1]))[: len(rows)]
    codes = (buckets << np.uint64(32)) | links.edge_shingles[rows, 1 - end]
    targets, shortest, target_of = np.unique(codes, return_index=True, return_inverse=True)
    is_longer, is_cut = np.zeros(len(rows), dtype=np.bool_), np.zeros(len(targets), dtype=np.bool_)
    may_be_target = np.zeros(FILTER_SIZE, dtype=np.bool_)
    may_be_target[targets % np.uint64(FILTER_SIZE)] = True
    longer = np.flatnonzero(sizes > np.repeat(sizes[starts], np.diff(np.append(starts, len(rows)))))
    for start in range(0, len(longer), ANSWERS_PER_STEP):
        step = longer[start : start + ANSWERS_PER_STEP]
        sets = links.answers.chosen(rows[step])
        likely = np.flatnonzero(may_be_target[sets.hashes % np.uint32(FILTER_SIZE)])
        of_step = sets.offsets.searchsorted(likely, side="right") - 1
        owners = step[of_step]
        shingles = (buckets[owners] << np.uint64(32)) | sets.hashes[likely]
        places = np.minimum(targets.searchsorted(shingles), len(targets) - 1)
        hits = (targets[places] == shingles) & (sizes[shortest[places]] < sizes[owners])
        # a shingle that an answer has only at its end is not where a shorter answer ends
        repeats = np.diff(sets.offsets)[of_step] < sizes[owners] - (Shingling().size - 1)
        hits &= repeats | (shingles != codes[owners])
        is_longer[owners[hits]] = is_cut[places[hits]] = True
    chosen = np.flatnonzero(is_longer | is_cut[target_of])
    if len(chosen):
        yield from np.split(rows[chosen], np.flatnonzero(np.diff(buckets[chosen])) + 1)


def _cut_answers_in(batch: _BucketBatch, *, only_longest: bool) -> list[Ids]:
    """The keys of cut answers in each bucket of a batch, each with twice the position of an example that has it, plus 1
    if its answer is longer.
    """
    reader = LineReader()
    reader.read_ahead(line[:3] for line in batch.lines.values())
    answers_of = {example: long_answers(reader.example(line)) for example, line in batch.lines.items()}
    rows = (
        _cut_answers_among(
            [(place, answer[::-1] if end else answer) for place in range(len(examples))
             for answer in answers_of[examples[place]]],
            end,
            only_longest=only_longest,
        )
        for end, examples in batch.buckets
    )  # fmt: skip
    return [np.fromiter(chain.from_iterable(some), dtype=np.uint64).reshape(-1, 2) for some in rows]


def _cut_answers_among(
    answers: Sequence[tuple[int, list[str]]], end: int, *, only_longest: bool
) -> Iterator[tuple[int, int]]:
    """Rows of the answers of one bucket that begin with another one: the key of the shorter answer, and twice the
    position of an answer, plus 1 if it is the longer one. `answers`: the position and the words of each.
    """
    sizes = {len(answer) for _, answer in answers}
    whole = defaultdict[int, set[int]](set)
    is_part = set[int]()
    for example, answer in sorted(answers, key=lambda pair: len(pair[1])):
        *shorter, key = _beginning_keys(answer, sizes, end)
        parts = [part for part in shorter if part in whole]
        whole[key].add(example)
        parts = parts[-1:] if only_longest else parts
        is_part.update(parts)
        yield from ((part, 2 * example + 1) for part in parts)
    for key in sorted(is_part):
        yield from ((key, 2 * example) for example in sorted(whole[key]))


def _beginning_keys(answer: Sequence[str], sizes: Collection[int], seed: int) -> list[int]:
    """Keys of the beginnings of an answer that have one of these numbers of words, up to the whole answer."""
    import xxhash

    running, keys = xxhash.xxh3_64(seed=seed), []
    for size, word in enumerate(answer, start=1):
        running.update(f"{word} ".encode("utf-8", "surrogatepass"))
        if size in sizes:
            keys.append(running.intdigest())
    return keys
