"""The exemptions of docs/leaks.md, counted over the written examples: shared instructions, texts that too many examples
share, and short answers.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from math import ceil
from typing import Final, NamedTuple

from curate.core.example import Example, attachments
from curate.core.lazy import Flags, Ids, Numbers, np
from curate.core.text import plural
from curate.corpus.boilerplate import MIN_EXAMPLES, MIN_SHARE, examples_with, own_texts
from curate.corpus.corpus import LineReader, Table
from curate.corpus.dedup_text import answers_of, asked_turns, segments_of
from curate.corpus.links import WordRun, answer_runs_of, first_turn_of, links_of_lines, runs_of
from curate.similarity.shingles import ShingleSets, Shingling, salted, text_buffer
from curate.similarity.word_hashes import shingled
from curate.split.groups import Link, SharedTexts
from curate.storage.disk_arrays import joined

MAX_NAMED_ANSWERS: Final = 20
CHUNK_EXAMPLES: Final = 4096
TEXT_KINDS: Final = {Link.FIRST_TURN: "first question", Link.DOCUMENT: "document"}


class ExemptInstruction(NamedTuple):
    """A shared instruction."""

    text: str
    examples: int


class ExemptAnswer(NamedTuple):
    """A short answer that different questions share."""

    text: str
    examples: int
    questions: int


class ExemptText(NamedTuple):
    """A first question or a document that does not connect examples, because a group would be too large."""

    kind: str
    text: str
    """The beginning of the text, as written."""
    examples: int
    runs: Sequence[str]
    """The digests of the runs of words that are not compared."""


def named_texts(
    table: Table, texts: Sequence[SharedTexts], exempt: Sequence[SharedTexts], split: Numbers
) -> list[ExemptText]:
    """The exempt texts that are in several splits; texts of the same examples are merged. `texts`: all of the table.

    split: the split of each example, negative for one that is not written.
    """
    keys_of = defaultdict[tuple[Link, bytes], list[int]](list)
    for shared in texts:
        keys = np.concatenate(
            [exempt_texts.keys for exempt_texts in exempt if exempt_texts.link is shared.link] or [shared.keys[:0]]
        )
        for number in np.flatnonzero(np.isin(shared.keys, keys, kind="sort")).tolist():
            examples = shared.examples[shared.starts[number] : shared.starts[number + 1]]
            examples = examples[split[examples] >= 0]
            if len(examples) and split[examples].min() < split[examples].max():
                keys_of[shared.link, examples.tobytes()].append(int(shared.keys[number]))
    reader, named = LineReader(), list[ExemptText]()
    for (link, owners), run_keys in sorted(keys_of.items(), key=lambda item: np.frombuffer(item[0][1], np.int64)[0]):
        rows = np.frombuffer(owners, dtype=np.int64)
        runs = _runs_with(reader.example(table.line_ref(int(table.lines[rows[0]]))), link, frozenset(run_keys))
        named.append(ExemptText(TEXT_KINDS[link], runs[0].text, len(rows), sorted({run.digest for run in runs})))
    return sorted(named, key=lambda text: (-text.examples, text.runs))


def shared_text_notes(texts: Sequence[ExemptText]) -> list[str]:
    """A note for the user about texts that several splits have; empty if there are none."""
    kinds = [(kind, sum(text.kind == kind for text in texts)) for kind in TEXT_KINDS.values()]
    every = " and ".join(plural(count, kind) for kind, count in kinds if count)
    note = f"{every} in several splits: the examples that share one are too many for a held-out split"
    return [f"{note} (`shared_texts` in the manifest); --group-by KEY keeps them together"] if texts else []


def _runs_with(example: Example, link: Link, keys: Collection[int]) -> list[WordRun]:
    """The runs of words of an example that have these keys, in order."""
    if link is Link.FIRST_TURN:
        return [first_turn_of(example)]
    _, links = links_of_lines((), (), [example], np.zeros((1, 2), dtype=np.uint64), Shingling().size)
    blocks, answers = links.blocks.tolist(), links.answer_blocks[links.answer_blocks != 0].tolist()
    return [
        run
        for run, key in zip([*runs_of(example), *answer_runs_of(example)], [*blocks, *answers], strict=True)
        if key in keys
    ]


def instructions_in(table: Table) -> list[Numbers]:
    """For each passage that is left out of the table's texts, the numbers of the examples that have it."""
    reader, rows_by_passage = LineReader(), list[list["Numbers"]]([] for _ in table.common)
    for start in range(0, len(table.lines) if table.common else 0, CHUNK_EXAMPLES):
        turns = [
            asked_turns(reader.example(table.line_ref(line)), "conversation")
            for line in table.lines[start : start + CHUNK_EXAMPLES].tolist()
        ]
        for rows, members in zip(rows_by_passage, examples_with(turns, table.common), strict=True):
            rows.append(start + members)
    return [np.concatenate(rows) if rows else np.empty(0, dtype=np.int64) for rows in rows_by_passage]


def shared_by(rows: Sequence[Numbers], written: Flags) -> tuple[list[int], list[bool]]:
    """For passages, the number of written examples that have each, and whether that is enough; rows: the result of
    `instructions_in`.
    """
    least = ceil(max(MIN_EXAMPLES, MIN_SHARE * int(np.count_nonzero(written))))
    counts = [int(np.count_nonzero(written[examples])) for examples in rows]
    return counts, [count >= least for count in counts]


def with_fewer_passages(table: Table, rows: Sequence[Numbers], stay: Sequence[bool]) -> Table:
    """The table with only the passages that `stay` left out of whole texts. The texts of examples with another passage
    are read again; `rows`: the numbers of the examples with each passage.
    """
    common = tuple(passage for passage, stays in zip(table.common, stay, strict=True) if stays)
    changed = np.unique(np.concatenate([examples for examples, stays in zip(rows, stay, strict=True) if not stays]))
    reader = LineReader()
    examples = [reader.example(table.line_ref(line)) for line in table.lines[changed].tolist()]
    texts = own_texts((segments_of(example, "conversation") for example in examples), common)
    positions = np.arange(len(table.lines))
    positions[changed] = len(table.lines) + np.arange(len(changed))
    return replace(
        table,
        common=common,
        bands=None,
        band_keys=None,
        sets=joined(
            ShingleSets,
            [table.sets, salted(shingled(text_buffer(texts)), (attachments(example.value) for example in examples))],
        ).chosen(positions),
    )


class ShortAnswers:
    """The short answers of a table; does not need the links of the table after construction."""

    def __init__(self, table: Table) -> None:
        """`table`: a table with links."""
        links = table.links
        if links is None:
            raise ValueError("a table without links")
        counts = np.diff(links.answer_ends)
        owners = np.repeat(np.arange(len(table.lines)), counts)
        short = np.flatnonzero((np.diff(links.answers.offsets) == 0) & (links.answered != 0))
        self._table, self._owners = table, owners[short]
        self._nth = short - links.answer_ends[:-1][owners[short]]
        self._keys, self._asked = links.answered[short], links.prompt_hash[owners[short]]

    def most_frequent(self, written: Flags) -> tuple[list[ExemptAnswer], int]:
        """The most frequent short answers that different questions share, and the number of examples with any such
        answer. written: whether each example is written.
        """
        counted = np.flatnonzero(written[self._owners] & (self._asked != 0))
        if not len(counted):
            return [], 0
        keys, first, answer_of = np.unique(self._keys[counted], return_index=True, return_inverse=True)
        questions, examples = (
            _distinct_counts(answer_of, values[counted], len(keys))
            for values in (self._asked, self._owners.astype(np.uint64))
        )
        shared = np.flatnonzero(questions > 1)
        order = shared[np.lexsort((keys[shared], -examples[shared]))][:MAX_NAMED_ANSWERS]
        reader = LineReader()
        answers = [
            ExemptAnswer(self._answer_at(reader, int(counted[first[key]])), int(examples[key]), int(questions[key]))
            for key in order.tolist()
        ]
        return answers, len(np.unique(self._owners[counted][np.isin(answer_of, shared)]))

    def _answer_at(self, reader: LineReader, position: int) -> str:
        table = self._table
        example = reader.example(table.line_ref(int(table.lines[self._owners[position]])))
        return _answer(example, int(self._nth[position]))


def _distinct_counts(group_of: Numbers, values: Ids, count: int) -> Numbers:
    """Number of different values in each of `count` groups; `group_of`: the group number of each value."""
    order = np.lexsort((values, group_of))
    new = np.append(True, (group_of[order][1:] != group_of[order][:-1]) | (values[order][1:] != values[order][:-1]))
    return np.bincount(group_of[order][new], minlength=count)


def _answer(example: Example, number: int) -> str:
    """The assistant turns of an example, or the nth one from 1 on, as written."""
    turns = answers_of(example)
    return (turns[number - 1] if number else "\n".join(turns)).strip()
