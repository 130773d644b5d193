"""Nearly equal questions (L013).

They are found by keys of parts of the questions, and compared word by word: two questions that differ in one content
word are equal without the part that contains the word. Only one example of each question is read again, and only if
another question has the same key.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations
from typing import Final, NamedTuple

from curate.core.lazy import Ids, Numbers, np
from curate.corpus.cache import DedupCache, bucket_keys, rows_of_buckets, stored_beginnings
from curate.corpus.corpus import LineReader, LineRef, Table
from curate.corpus.links import CONTENT_WORDS, QUESTION_WORDS, SMALL_WORDS, asked_words, requested_words
from curate.parallel.worker_pool import WorkerPool

MIN_JACCARD: Final = 0.8
"""Jaccard similarity of the words of nearly equal questions."""
MIN_LETTERS: Final = 3
"""Minimum number of letters of a word that may be spelled in two ways; one of both has more."""
FACT_WORDS: Final = frozenset(
    (
        "no", "not", "never", "nor", "none", "nothing", "nobody", "neither", "without", "cannot", "cant",
        "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "wont", "wouldnt", "shouldnt",
        "couldnt", "hasnt", "havent", "hadnt", "nicht", "kein", "keine", "keinen", "keinem", "keiner",
        "keines", "nie", "niemals", "ohne", "nichts", "pas", "jamais", "sans", "non", "aucun", "aucune",
        "nunca", "sin", "nada", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred", "thousand",
        "million", "billion", "trillion", "first", "second", "third", "fourth", "fifth", "sixth", "seventh",
        "eighth", "ninth", "tenth",
    )
)  # fmt: skip
"""Negations and numbers, which are never spelling variants of each other."""
ROUNDING_SLACK: Final = 1e-9
MAX_COMPARED: Final = 32
"""Number of questions with one key up to which all pairs are compared; of more, those with a spelling in common."""
QUESTIONS_PER_BATCH: Final = 4000

Words = tuple[str, ...]


class _QuestionBatch(NamedTuple):
    """Questions that are compared, with the data that another process needs."""

    lines: Mapping[int, LineRef]
    """The line of each example, by the number of the example."""
    buckets: Sequence[tuple[int, Sequence[int], int]]
    """A part, the examples whose questions may agree without it, and how many of them were compared before."""
    parts: int


def near_question_pairs(
    table: Table, keys: Ids, questions: Ids, workers: WorkerPool, memory: DedupCache | None
) -> tuple[Numbers, Numbers]:
    """Pairs of examples with nearly equal questions, of each question its first example. keys: those of each
    question without a part, one column per part, then without its phrase; questions: the key of each whole
    question, 0 for none; `memory`: the cache of the pairs of each bucket. Raises `InputError` if lines cannot be
    read again.
    """
    distinct, firsts = np.unique(questions, return_index=True)
    rows, parts = np.sort(firsts[distinct != 0]), keys.shape[1]  # in a bucket, new examples are the last ones
    stored = memory.buckets("questions") if memory else None
    buckets = [(part, members) for part in range(parts) for members in _buckets(keys[rows, part], rows)]
    buckets.sort(key=lambda bucket: bucket[1][0])  # so that most questions are read for one batch

    def compute(numbers: Numbers) -> Iterator[Ids]:
        chosen = [buckets[number] for number in numbers.tolist()]
        examples = [members for _, members in chosen]
        before = [(0, np.empty((0, 2), dtype=np.uint64))] * len(chosen)
        if stored is not None:
            before = stored_beginnings(stored, table.ids, examples, (part for part, _ in chosen))
        missing = [(*bucket, compared) for bucket, (compared, _) in zip(chosen, before, strict=True)]
        ranges = table.line_batches(examples, QUESTIONS_PER_BATCH)
        batches = (_QuestionBatch(lines, missing[batch], parts - 1) for batch, lines in ranges)
        pairs = chain.from_iterable(workers.each(_nearly_equal_pairs, batches))
        return (np.concatenate([known, new]) for (_, known), new in zip(before, pairs, strict=True))

    stored_keys = bucket_keys(table.ids, [members for _, members in buckets], (part for part, _ in buckets))
    results = rows_of_buckets(stored, stored_keys, compute)
    pairs = [
        np.array(members)[rows.astype(np.int64)]
        for (_, members), rows in zip(buckets, results, strict=True)
        if len(rows)
    ]
    pair_rows = np.unique(np.concatenate([np.empty((0, 2), dtype=np.int64), *pairs]), axis=0)
    return pair_rows[:, 0], pair_rows[:, 1]


def _nearly_equal_pairs(batch: _QuestionBatch) -> list[Ids]:
    """The pairs of each bucket of a batch that were not compared before, by the positions of their examples in it."""
    reader = LineReader()
    reader.read_ahead(line[:3] for line in batch.lines.values())
    words_of = {example: asked_words(reader.example(line)) for example, line in batch.lines.items()}
    pairs = (
        sorted(set(_nearly_equal_in([words_of[example] for example in members], part, batch.parts, compared)))
        for part, members, compared in batch.buckets
    )
    return [np.array(some, dtype=np.uint64).reshape(-1, 2) for some in pairs]


def _buckets(keys: Ids, rows: Numbers) -> Iterator[list[int]]:
    """The rows with equal keys other than 0, where several have one."""
    order = np.argsort(keys, kind="stable")
    order = order[int(np.searchsorted(keys[order], 1)) :]
    counts = np.unique(keys[order], return_counts=True)[1]
    ends = np.cumsum(counts)
    for several in np.flatnonzero(counts > 1).tolist():
        yield rows[order[ends[several] - counts[several] : ends[several]]].tolist()


def _nearly_equal_in(questions: Sequence[Words], part: int, parts: int, compared: int) -> Iterator[tuple[int, int]]:
    """Pairs of nearly equal questions that agree without a part, except those of the first `compared` questions."""
    groups: Iterable[Sequence[int]] = [range(len(questions))]
    if len(questions) > MAX_COMPARED:
        groups = _with_shared_form([_inside(words, part, parts) for words in questions], compared)
    for members in groups:
        for left, right in combinations(members, 2):
            if right >= compared and nearly_equal(questions[left], questions[right]):
                yield left, right


def _inside(words: Words, part: int, parts: int) -> Words:
    """The content words of a part of a question."""
    content = without_small_words(words)
    return content[part * len(content) // parts : (part + 1) * len(content) // parts]


def _with_shared_form(insides: Sequence[Words], compared: int) -> Iterable[Sequence[int]]:
    """The ascending numbers of questions of which a word of the part has a spelling in common, or none differs. Of the
    first `compared` ones, only those that agree in the other words with a later one.
    """
    rest = {
        (place, *inside[:place], *inside[place + 1 :]) for inside in insides[compared:] for place in range(len(inside))
    }
    forms = defaultdict[tuple[int, Words], list[int]](list)
    for example, inside in enumerate(insides):
        forms[-1, inside].append(example)
        for place, word in enumerate(inside):
            if may_be_misspelled(word) and (place, *inside[:place], *inside[place + 1 :]) in rest:
                for form in spelling_forms(word):
                    forms[place, (*inside[:place], form, *inside[place + 1 :])].append(example)
    return forms.values()


def without_small_words(words: Sequence[str]) -> Words:
    """Words without small words."""
    return tuple(word for word in words if word not in SMALL_WORDS)


def nearly_equal(left_words: Words, right_words: Words) -> bool:
    """Whether two questions are nearly equal."""
    requests = requested_words(left_words), requested_words(right_words)
    if (len(requests[0]), len(requests[1])) != (len(left_words), len(right_words)):
        left, right = map(without_small_words, requests)
        if left == right and len(left) >= CONTENT_WORDS:
            return True
    left, right = without_small_words(left_words), without_small_words(right_words)
    if len(left) != len(right) or min(len(left_words), len(right_words)) < QUESTION_WORDS:
        return False
    differing = [pair for pair in zip(left, right, strict=True) if pair[0] != pair[1]]
    if len(differing) > 1 or not all(spelled_alike(*pair) for pair in differing):
        return False
    shared, every = set(left_words) & set(right_words), set(left_words) | set(right_words)
    return len(shared) >= MIN_JACCARD * len(every) - ROUNDING_SLACK


def spelled_alike(left: str, right: str) -> bool:
    """Whether two words may be one, with a typing error."""
    return (
        may_be_misspelled(left)
        and may_be_misspelled(right)
        and max(len(left), len(right)) > MIN_LETTERS
        and not spelling_forms(left).isdisjoint(spelling_forms(right))
    )


def may_be_misspelled(word: str) -> bool:
    """Whether a word with a typing error still means the same."""
    return len(word) >= MIN_LETTERS and word not in FACT_WORDS and not any(map(_is_sign, word))


def _is_sign(char: str) -> bool:
    return char == "_" or char.isnumeric()


def spelling_forms(word: str) -> set[str]:
    """A word, and the word without one of its letters."""
    return {word, *(word[:position] + word[position + 1 :] for position in range(len(word)))}
