"""What one split has of another one: a model is measured by what it remembers where the two are those it learns from and is measured by.

All files are read as columns (`curate.detect.table`); lines are read again only where two examples are compared word by word.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from curate.config import DedupConfig
from curate.detect.answers import clash
from curate.detect.columns import Making
from curate.detect.crew import Crew
from curate.detect.facts import Facts
from curate.detect.marks import Marking
from curate.detect.question import question_of
from curate.detect.setjoin import nearest_before
from curate.detect.shingles import Shingling
from curate.detect.table import Reader, Table, read_table
from curate.detect.threads import cores
from curate.example import Example, Place

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Ids = np.ndarray[Any, np.dtype[np.uint64]]

LeakCode = Literal["L001", "L002", "L003", "L004", "L005", "L006"]
CLOSE: Final = 0.9
"""Cosine similarity of two requests from which they are neighbours (L006)."""
BLOCK: Final = 256
"""Requests that are held against all of earlier splits at a time."""


@dataclass(frozen=True, slots=True)
class SplitLeak:
    """An example of a split that an earlier one has too, or something of it."""

    code: LeakCode
    """L001: the same content; L002: nearly the same; L003: the same question; L004: the same question, and an answer that clashes; L005: one
    conversation begins the other, or both come from one source; L006: a question that is near by its embedding."""
    place: Place
    example: str
    """Its id."""
    split: str
    other_place: Place
    """Of the examples of earlier splits that leak, the first one, or the most similar one."""
    other: str
    """The id of that."""
    other_split: str
    similarity: float
    """L002: true Jaccard of the texts that are compared; L006: cosine of the requests; else 1."""
    differs: bool = False
    """L002: whether the two differ in a fact: one template rather than one example."""
    why: str = ""
    """L004: the words that clash; L005: `begins`, `goes on` or `source`."""


def across(splits: Mapping[str, Sequence[Path]], config: DedupConfig, *, source: str = "", embeddings: str = "") -> list[SplitLeak]:
    """`leaks_in` for files of splits by name; source: a key of the lines. Raises `InputError`."""
    paths = [path for files in splits.values() for path in files]
    making = Making("conversation", Shingling(), links=True, brief=False, marking=Marking((source,) if source else ()))
    with Crew(cores(), processes=False) as crew:
        table = read_table(paths, making, crew)
    return leaks_in(table, [name for name, files in splits.items() for _ in files], config, embeddings=embeddings)


def leaks_in(
    table: Table, names: Sequence[str], config: DedupConfig, *, embeddings: str = "", close: float = CLOSE, cache: Path | None = None
) -> list[SplitLeak]:
    """What each split has of those before it, in the order of its lines. Within a split nothing is compared.

    names: of each file, the split that it belongs to; the files of a split follow one another. Of L001, L002, L003, L005 (by beginning) and L006 an
    example is told the first that holds; L004, and L005 by key, are told besides. L006 needs `embeddings`, the name of a model, whose vectors are
    kept in `cache`. Raises `ModelError` and `MissingExtra` for a model that is not at hand.
    """
    compared = _Compared(table, names)
    found = compared.copies()
    for some in (compared.near(config.threshold), compared.asked(), compared.beginnings(), compared.neighbours(embeddings, close, cache)):
        found |= {at: leak for at, leak in some.items() if at not in found}
    besides = [*compared.from_one_source().items(), *compared.clashing(found).items()]
    told = compared.told([*found.items(), *besides], Facts(config.on, common=table.common))
    order = {source.name: at for at, source in enumerate(table.sources)}
    return sorted(told, key=lambda leak: (order[leak.place.file], leak.place.line, leak.place.nth, leak.code))


class _Leak(NamedTuple):
    """What an earlier example has of a later one."""

    code: LeakCode
    other: int
    similarity: float = 1.0
    why: str = ""


Leaks = dict[int, _Leak]
"""By the number of the later example."""


class _Compared:
    """Examples of several splits, numbered in the order of these, so that of equal ones the first is of the earliest split."""

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        """`names`: of each file, the split that it belongs to; the files of a split follow one another."""
        import numpy as np

        if table.links is None:
            raise ValueError("a table without links")
        self.table, self.links, self.reader = table, table.links, Reader()
        self.names = list(dict.fromkeys(names))
        files = np.searchsorted(table.first, table.lines, side="right") - 1
        self.owner: Numbers = np.array([self.names.index(name) for name in names], dtype=np.int64)[files]

    def copies(self) -> Leaks:
        """L001."""
        return {at: _Leak("L001", other) for at, other in self._earlier(_firsts(self.links.copy))}

    def near(self, threshold: float) -> Leaks:
        """L002, all there are: nothing is left to chance here."""
        import numpy as np

        nearest = nearest_before(self.table.sets, self.owner.astype(np.int8), threshold, cores())
        return {int(at): _Leak("L002", int(nearest.other[at]), float(nearest.similarity[at])) for at in np.flatnonzero(nearest.other >= 0)}

    def asked(self) -> Leaks:
        """L003."""
        return {at: _Leak("L003", other) for at, other in self._earlier(_firsts(self.links.asked))}

    def from_one_source(self) -> Leaks:
        """L005, by the keys that were named."""
        import numpy as np

        columns = self.table.marks.keys.T if self.table.marks else np.empty((0, 0))
        return {at: _Leak("L005", other, why="source") for column in columns[::-1] for at, other in self._earlier(_firsts(column))}

    def beginnings(self) -> Leaks:
        """L005, where one conversation begins the other."""
        import numpy as np

        whole, begun = self.links.whole, self.links.begun
        longer = np.repeat(np.arange(len(whole)), np.diff(self.links.ends))
        there = np.flatnonzero(whole)
        begins, goes_on = _found(whole[there], begun, longer), _found(begun, whole[there], there)
        pairs = [(at, other, "begins") for at, other in zip(there.tolist(), begins.tolist(), strict=True)]
        pairs += [(at, other, "goes on") for at, other in zip(longer.tolist(), goes_on.tolist(), strict=True)]
        return {at: _Leak("L005", other, why=why) for at, other, why in reversed(pairs) if other >= 0 and self.owner[other] < self.owner[at]}

    def neighbours(self, model: str, close: float, cache: Path | None) -> Leaks:
        """L006; none without a model."""
        import numpy as np

        if not model:
            return {}
        from curate.detect.embed import embed  # only where a model was named

        asked = [(at, question.request) for at in range(len(self.owner)) if (question := question_of(self._example(at)))]
        vectors, numbers = embed([request for _, request in asked], model, cache), np.array([at for at, _ in asked], dtype=np.int64)
        found: Leaks = {}
        for split in range(1, len(self.names)):
            before, own = np.flatnonzero(self.owner[numbers] < split), np.flatnonzero(self.owner[numbers] == split)
            for start in range(0, len(own) if len(before) else 0, BLOCK):
                at = own[start : start + BLOCK]
                alike = vectors[at] @ vectors[before].T
                best = alike.argmax(axis=1)
                for row, (one, other) in enumerate(zip(numbers[at].tolist(), numbers[before[best]].tolist(), strict=True)):
                    if (similarity := float(alike[row, best[row]])) >= close:
                        found[one] = _Leak("L006", other, round(min(similarity, 1.0), 4))
        return found

    def clashing(self, found: Leaks) -> Leaks:
        """L004: of the examples whose question an earlier split has, those whose answer clashes with the first one there."""
        clashes: Leaks = {}
        for at, (_, other, *_) in self.asked().items():
            if at in found and found[at].code == "L001":
                continue
            one, earlier = question_of(self._example(at)), question_of(self._example(other))
            if one and earlier and (evidence := clash(one.request, earlier.answer, one.answer)):
                clashes[at] = _Leak("L004", other, why=f"{evidence.left} / {evidence.right}")
        return clashes

    def told(self, leaks: Iterable[tuple[int, _Leak]], facts: Facts) -> Iterator[SplitLeak]:
        """The leaks with their places."""
        table = self.table
        for at, (code, other, similarity, why) in leaks:
            differs = code == "L002" and not facts.same(self._example(at), self._example(other))
            place, earlier = (table.place(int(table.lines[number])) for number in (at, other))
            splits = [self.names[int(self.owner[number])] for number in (at, other)]
            yield SplitLeak(code, place, table.id(at), splits[0], earlier, table.id(other), splits[1], similarity, differs, why)

    def _example(self, at: int) -> Example:
        return self.reader.example(self.table.spot(int(self.table.lines[at])))

    def _earlier(self, firsts: "Numbers") -> Iterator[tuple[int, int]]:
        """Those whose first equal is of an earlier split."""
        import numpy as np

        leaks = np.flatnonzero(self.owner[firsts] < self.owner)
        yield from zip(leaks.tolist(), firsts[leaks].tolist(), strict=True)


def _firsts(keys: "Ids") -> "Numbers":
    """Of each key the number of the first equal one; its own where it is 0."""
    import numpy as np

    _, first, groups = np.unique(keys, return_index=True, return_inverse=True)
    firsts: Numbers = np.where(keys == 0, np.arange(len(keys)), first[groups])
    return firsts


def _found(keys: "Ids", among: "Ids", numbers: "Numbers") -> "Numbers":
    """Of each key the least of `numbers` that stands beside an equal one `among` others; -1 for none."""
    import numpy as np

    if not len(among):
        return np.full(len(keys), -1, dtype=np.int64)
    order = np.lexsort((numbers, among))
    at = np.minimum(np.searchsorted(among[order], keys), len(order) - 1)
    return np.where(among[order][at] == keys, numbers[order][at], -1)
