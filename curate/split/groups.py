"""Groups of connected examples by the links in the table of docs/leaks.md, with one function per kind of link.

Groups are connected components: no member is connected with an example outside of its group. The distance of two
members in the component has no effect, since all of them are assigned to one split. Each function returns pairs of all
examples or, with `parts`, for each example the first example of an earlier part that it is linked with. Parts are the
splits of a division, or a given test set (part 0, first in the table) and the data (part 1). Nearly equal texts are
found by MinHash without `parts`, which may miss some, and by an exact join with `parts`, which misses none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from curate.core.lazy import Flags, Floats, Hashes, Ids, Numbers, np
from curate.corpus.cache import DedupCache, text_keys
from curate.corpus.corpus import Table
from curate.corpus.links import Links
from curate.parallel.worker_pool import WorkerPool
from curate.similarity.cross_split_jaccard_join import nearest_across_splits
from curate.similarity.shingles import ShingleSets
from curate.similarity.similarity_index import bands_for, grouped
from curate.split.cut_answers import cut_answers
from curate.split.near_questions import near_question_pairs
from curate.storage.disk_arrays import part_positions


class Link(IntEnum):
    """The kind of a link between two examples."""

    COPY = 0
    NEAR = 1
    QUESTION = 2
    PREFIX = 3
    KEY = 4
    SEMANTIC = 5
    ANSWER = 6
    FIRST_TURN = 7
    NEAR_QUESTION = 8
    DOCUMENT = 9
    CUT_ANSWER = 10

    @property
    def words(self) -> str:
        """The relation of the first to the second, as text."""
        return PHRASES[self]

    @property
    def code(self) -> str:
        """The code of the leak if the two are in different splits."""
        return CODES[self]


PHRASES: Final = (
    "is a copy of",
    "is a near-duplicate of",
    "has the same question as",
    "shares its beginning with",
    "has the same key as",
    "is a paraphrase of",
    "has nearly the same answer as",
    "begins with the same question as",
    "has nearly the same question as",
    "has the same document as",
    "has the beginning or the end of the same answer as",
)
CODES: Final = ("L001", "L002", "L003", "L005", "L005", "L006", "L011", "L012", "L013", "L014", "L015")


class Pairs(NamedTuple):
    """Pairs of linked examples, by number."""

    link: Link
    left: Numbers
    right: Numbers
    similarity: Floats | None = None
    """Similarity of each pair; None if all are equal."""


class LinkSearch(NamedTuple):
    """The parameters of a search for links."""

    threshold: float
    """Jaccard similarity from which two texts are near-duplicates."""
    workers: WorkerPool
    parts: Numbers | None = None
    """The part of each example; None for links between all examples."""
    some: Flags | None = None
    """Whether each example may be similar to one of another part, earlier or later; None: all may be."""
    memory: DedupCache | None = None
    """The cache of the rows of buckets."""


class SharedTexts(NamedTuple):
    """Texts of one kind that several examples have; they link these examples if the group is not too large."""

    link: Link
    keys: Ids
    """The key of each text; rare texts first."""
    starts: Numbers
    """Start of the examples of each text in `examples`, and the end of the last ones."""
    examples: Numbers


@dataclass(frozen=True, slots=True)
class SplitGroups:
    """Examples by number, and the links that connect them."""

    of: Numbers
    """The group number of each example: the number of its first member."""
    joins: tuple[Pairs, ...]
    """A spanning forest of links: the fewest that connect the groups."""
    exempt: tuple[SharedTexts, ...] = ()
    """The shared texts that do not connect examples, because a group would be too large."""

    @property
    def counts(self) -> dict[str, int]:
        """Number of links of each kind in the forest."""
        by_kind: dict[str, int] = {}
        for pairs in self.joins:
            name = pairs.link.name.lower()
            by_kind[name] = by_kind.get(name, 0) + len(pairs.left)
        return {name: count for name, count in by_kind.items() if count}

    def names(self, ids: Ids) -> list[str]:
        """The smallest id of each group, in the order of their numbers; independent of the order of the examples."""
        order = np.lexsort((ids[:, 1], ids[:, 0], self.of))
        firsts = order[np.flatnonzero(np.diff(self.of[order], prepend=-1))]
        digits = ids[firsts].astype(">u8").tobytes().hex()
        return [digits[start : start + 32] for start in range(0, len(digits), 32)]


def group(count: int, links: Iterable[Pairs], texts: Iterable[SharedTexts] = (), largest: int = 0) -> SplitGroups:
    """The groups of `count` examples by all `links`, and by shared `texts`, rare ones first, as long as a group that a
    text makes has no more than `largest` examples.
    """
    from curate.similarity import join
    from curate.similarity.buckets import roots

    parent = np.arange(count)
    joins, exempt = [], []
    for link, left, right, _ in links:
        is_join = np.zeros(len(left), dtype=np.bool_)
        join.unite(parent, left, right, is_join)
        joins.append(Pairs(link, left[is_join], right[is_join]))
    for shared in texts:
        is_join, links_all = np.zeros(len(shared.examples), np.bool_), np.zeros(len(shared.keys), np.bool_)
        buffers = np.zeros(count, dtype=np.int64), np.full(count, -1, dtype=np.int64)
        join.unite_up_to(parent, shared.starts, shared.examples, largest, is_join, links_all, *buffers)
        firsts = np.repeat(shared.examples[shared.starts[:-1]], np.diff(shared.starts))
        joins.append(Pairs(shared.link, firsts[is_join], shared.examples[is_join]))
        exempt.append(_some(shared, np.flatnonzero(~links_all)))
    return SplitGroups(roots(parent), tuple(joins), tuple(exempt))


def _some(shared: SharedTexts, numbers: Numbers) -> SharedTexts:
    """The texts with these numbers."""
    positions, starts = part_positions(shared.starts, numbers)
    return SharedTexts(shared.link, shared.keys[numbers], starts, shared.examples[positions])


def links_of(table: Table, search: LinkSearch) -> list[Pairs]:
    """All links between the examples of a table except those by meaning, in the order of their codes."""
    return [
        *copy_links(table, search),
        *near_links(table, search),
        *question_links(table, search),
        *prefix_links(table, search),
        *key_links(table, search),
        *answer_links(table, search),
        *near_question_links(table, search),
        *cut_answer_links(table, search),
    ]


def linking_texts(table: Table) -> list[SharedTexts]:
    """The texts of a table that link examples if the group is not too large, in the order of linking."""
    return [*first_turn_texts(table), *document_texts(table)]


def texts_among(texts: Iterable[SharedTexts], numbers: Numbers, count: int) -> list[SharedTexts]:
    """The texts that several of the examples `numbers` have, with these examples renumbered from 0. `numbers`:
    ascending numbers below `count`.
    """
    positions = np.full(count, -1)
    positions[numbers] = np.arange(len(numbers))
    among = []
    for shared in texts:
        owners = positions[shared.examples]
        keys = np.repeat(shared.keys, np.diff(shared.starts))
        among.append(_shared_texts(shared.link, keys[owners >= 0], owners[owners >= 0]))
    return among


MAX_LEFT_OUT: Final = 0.5
"""Share of the examples that may be left out because they share a text with a given test set."""


def text_links(
    texts: Iterable[SharedTexts], parts: Numbers, links: Iterable[Pairs]
) -> tuple[list[Pairs], list[SharedTexts]]:
    """Links by shared texts between examples of part 0 (a given test set) and of part 1, and the texts that link
    nothing.

    A text links nothing when more than `MAX_LEFT_OUT` of the examples of part 1 would have a link with it.
    parts: the part of each example. links: links of other kinds; their examples count as linked.
    """
    linked = np.zeros(len(parts), dtype=np.bool_)
    for pairs in links:
        linked[pairs.right] = True
    count_others, total = np.count_nonzero(parts), np.count_nonzero(linked)
    text_pairs, exempt = [], []
    for shared in texts:
        firsts, sizes = shared.examples[shared.starts[:-1]], np.diff(shared.starts)
        late = parts[shared.examples] > parts[np.repeat(firsts, sizes)]
        stays = np.ones(len(shared.keys), dtype=np.bool_)
        for number in np.flatnonzero(np.bincount(np.repeat(np.arange(len(sizes)), sizes)[late], minlength=len(sizes))):
            rows_range = slice(int(shared.starts[number]), int(shared.starts[number + 1]))
            rows = shared.examples[rows_range][late[rows_range]]
            new = rows[~linked[rows]]
            if total + len(new) > MAX_LEFT_OUT * count_others:
                stays[number] = late[rows_range] = False
            else:
                linked[new] = True
                total += len(new)
        text_pairs.append(Pairs(shared.link, np.repeat(firsts, sizes)[late], shared.examples[late]))
        exempt.append(_some(shared, np.flatnonzero(~stays)))
    return text_pairs, exempt


def missed_links(table: Table, search: LinkSearch) -> list[Pairs]:
    """The links across parts that `links_of` may miss without `parts`."""
    return [pairs for pairs in (*near_links(table, search), *answer_links(table, search)) if len(pairs.left)]


def copy_links(table: Table, search: LinkSearch) -> list[Pairs]:
    """L001: everything that a trainer reads is equal."""
    return [_equal(Link.COPY, _require_links(table).copy, search)]


def near_links(table: Table, search: LinkSearch) -> list[Pairs]:
    """L002: whole texts are nearly equal. Attachments are ignored, so groups may be larger than necessary."""
    if search.parts is not None:
        return _nearest_across(Link.NEAR, table.sets, np.arange(len(table.lines)), search)
    nths = np.zeros(len(table.lines), dtype=np.int64)
    return _members(Link.NEAR, _grouped(table, table.sets, table.band_keys, search, text_keys(table.ids, nths), "near"))


def question_links(table: Table, search: LinkSearch) -> list[Pairs]:
    """L003: user turns have the same words, or the same lines in another order, and attachments are equal."""
    links = _require_links(table)
    return [_equal(Link.QUESTION, keys, search) for keys in (links.prompt_hash, links.question_lines)]


def prefix_links(table: Table, search: LinkSearch) -> list[Pairs]:
    """L005: one conversation continues the other."""
    links = _require_links(table)
    hashed = np.flatnonzero(links.conversation_hash)
    longer = np.repeat(np.arange(len(links.conversation_hash)), np.diff(links.ends))
    return _part_links(Link.PREFIX, links.conversation_hash[hashed], hashed, (links.prefix_hashes, longer), search)


def key_links(table: Table, search: LinkSearch) -> list[Pairs]:
    """L005: equal values under a key that the user groups by."""
    if table.marks is None:
        raise ValueError("a table without marks")
    return [_equal(Link.KEY, np.ascontiguousarray(column), search) for column in table.marks.keys.T]


def answer_links(table: Table, search: LinkSearch) -> list[Pairs]:
    """L011: answers of at least 20 words are nearly equal, whatever the question."""
    links = _require_links(table)
    owners = np.repeat(np.arange(len(table.lines)), np.diff(links.answer_ends))
    if search.parts is not None:
        return _nearest_across(Link.ANSWER, links.answers, owners, search)
    keys = text_keys(table.ids[owners], np.arange(len(owners)) - links.answer_ends[:-1][owners])
    bands = np.ascontiguousarray(links.answer_bands.T)
    groups = _grouped(table, links.answers, bands, search, keys, "similar")
    return _members(Link.ANSWER, [owners[members] for members in groups])


def cut_answer_links(table: Table, search: LinkSearch) -> list[Pairs]:
    """L015: an answer of at least 20 words is the beginning or the end of a longer one."""
    cut = cut_answers(table, _require_links(table), search.workers, search.memory, only_longest=search.parts is None)
    return _part_links(Link.CUT_ANSWER, cut.whole, cut.whole_owners, (cut.parts, cut.part_owners), search)


def near_question_links(table: Table, search: LinkSearch) -> list[Pairs]:
    """L013: user turns have the same words except for one that is spelled differently, and for function words."""
    links = _require_links(table)
    left, right = near_question_pairs(table, links.near, links.prompt_hash, search.workers, search.memory)
    if search.parts is None:
        return [Pairs(Link.NEAR_QUESTION, left, right)]
    _, of = np.unique(links.prompt_hash, return_inverse=True)
    order = np.lexsort((search.parts, of))
    firsts = order[np.flatnonzero(np.diff(of[order], prepend=-1))]  # of each question, the example of the first part
    starts = np.append(np.flatnonzero(np.diff(of[order], prepend=-1)), len(order))
    early_firsts, late_questions = firsts[of[np.append(left, right)]], of[np.append(right, left)]
    positions, ends = part_positions(starts, late_questions)
    early, late = np.repeat(early_firsts, np.diff(ends)), order[positions]
    leaks = search.parts[early] < search.parts[late]
    return [Pairs(Link.NEAR_QUESTION, early[leaks], late[leaks])]


def first_turn_texts(table: Table) -> list[SharedTexts]:
    """L012: first user turns of 8 words or more, and attachments, are equal."""
    return [_shared_texts(Link.FIRST_TURN, _require_links(table).first_turn, np.arange(len(table.lines)))]


def document_texts(table: Table) -> list[SharedTexts]:
    """L014: blocks have the same 30 words from the beginning of a line or sentence on, or to the end of a line; or an
    answer begins or ends with such words.
    """
    links, every = _require_links(table), np.arange(len(table.lines))
    answer_keys, owners = links.answer_blocks.ravel(), np.repeat(every, 2 * np.diff(links.answer_ends))
    is_block = np.isin(answer_keys, links.blocks) & (answer_keys != 0)
    keys = np.concatenate([links.blocks, answer_keys[is_block]])
    return [
        _shared_texts(
            Link.DOCUMENT, keys, np.concatenate([np.repeat(every, np.diff(links.block_ends)), owners[is_block]])
        )
    ]


def _shared_texts(link: Link, keys: Ids, owners: Numbers) -> SharedTexts:
    """The texts that several examples have, by their keys other than 0; owners: the example of each."""
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    new = np.append(True, (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1]))[: len(keys)] & (keys != 0)
    keys, owners = keys[new], owners[new]
    every, first, counts = np.unique(keys, return_index=True, return_counts=True)
    several = np.flatnonzero(counts > 1)
    several = several[np.lexsort((every[several], counts[several]))]
    return _some(SharedTexts(link, every, np.append(first, len(keys)), owners), several)


def _require_links(table: Table) -> Links:
    """The links of a table. Raises `ValueError` if they were not read."""
    if table.links is None:
        raise ValueError("a table without links")
    return table.links


def _equal(link: Link, keys: Ids, search: LinkSearch) -> Pairs:
    """Pairs of equal keys that are not 0."""
    if search.parts is None:
        return Pairs(link, *_equal_pairs(keys))
    _, first, runs = np.unique(keys, return_index=True, return_inverse=True)
    firsts = first[runs]
    late = np.flatnonzero((search.parts[firsts] < search.parts) & (keys != 0))
    return Pairs(link, firsts[late], late)


def _part_links(link: Link, whole: Ids, owners: Numbers, parts: tuple[Ids, Numbers], search: LinkSearch) -> list[Pairs]:
    """Pairs of an example with a whole text and one that has it as a part. `whole`: keys of texts, `owners`: their
    examples; `parts`: keys of parts of texts, and their examples.
    """
    part_keys, longer = parts
    if search.parts is None:
        numbers = np.concatenate([owners, longer])
        left, right = _equal_pairs(np.concatenate([whole, part_keys]), np.arange(len(numbers)) < len(owners))
        return [Pairs(link, numbers[left], numbers[right])]
    first = np.concatenate([_first_equal(part_keys, whole, owners), _first_equal(whole, part_keys, longer)])
    late = np.concatenate([longer, owners])
    leaks = (first >= 0) & (search.parts[first] < search.parts[late])
    return [Pairs(link, first[leaks], late[leaks])]


def _first_equal(keys: Ids, among: Ids, numbers: Numbers) -> Numbers:
    """For each key the smallest of `numbers` with an equal key `among` others; -1 if there is none."""
    if not len(among):
        return np.full(len(keys), -1, dtype=np.int64)
    order = np.lexsort((numbers, among))
    positions = np.minimum(np.searchsorted(among[order], keys), len(order) - 1)
    return np.where(among[order][positions] == keys, numbers[order][positions], -1)


def _nearest_across(link: Link, sets: ShingleSets, owners: Numbers, search: LinkSearch) -> list[Pairs]:
    """For each set that is near one of another part, the most similar such one; owners: the example of each set."""
    if search.parts is None:
        raise ValueError("no parts to compare")
    candidates = None if search.some is None else np.flatnonzero(search.some[owners] & (np.diff(sets.offsets) > 0))
    nearest = nearest_across_splits(
        sets, search.parts[owners].astype(np.int8), search.threshold, search.workers, candidates
    )
    late = np.flatnonzero(nearest.other >= 0)
    return [Pairs(link, owners[nearest.other[late]], owners[late], nearest.similarity[late])]


def _grouped(
    table: Table, sets: ShingleSets, bands: Hashes | None, search: LinkSearch, keys: Hashes, kind: str
) -> list[Numbers]:
    """The groups of nearly equal sets. `bands`: their band keys, if the table has those of the threshold; `keys`: the
    key of each text; `kind`: the kind of text, by which groups are cached.
    """
    if table.bands != bands_for(search.threshold):
        bands = None
    common = table.common if kind == "near" else ()
    stored = search.memory.groups(kind, search.threshold, *common) if search.memory else None
    before = stored.before(keys, misses=False) if stored else None
    groups = grouped(sets, search.threshold, search.workers, bands, misses=False, folder=table.folder, before=before)
    if stored and search.memory:
        search.memory.note_unwritten(stored.save(keys, groups))
    return groups.members


def _members(link: Link, groups: Sequence[Numbers]) -> list[Pairs]:
    """Members of groups of nearly equal texts, each with the next one."""
    if not groups:
        return []
    return [
        Pairs(
            link,
            np.concatenate([members[:-1] for members in groups]),
            np.concatenate([members[1:] for members in groups]),
        )
    ]


def _equal_pairs(keys: Ids, required: Flags | None = None) -> tuple[Numbers, Numbers]:
    """Pairs that connect all numbers with equal keys (uint64) other than 0; if `required` (bool) is given, only runs
    with at least one of these.
    """
    order = np.argsort(keys, kind="stable")
    order = order[int(np.searchsorted(keys[order], 1)) :]
    if not len(order):
        return order, order
    runs, places = keys[order], np.arange(len(order))
    starts = np.flatnonzero(np.append(True, runs[1:] != runs[:-1]))
    eligible = places if required is None else np.where(required[order], places, len(order))
    first = np.repeat(np.minimum.reduceat(eligible, starts), np.diff(np.append(starts, len(order))))
    linked = (first < len(order)) & (first != places)
    return order[first[linked]], order[linked]
