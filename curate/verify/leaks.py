"""Leaks, by the table in `docs/leaks.md`: what each split has of an earlier one."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from curate.errors import MissingExtra, ModelError
from curate.files import display_name
from curate.finding import Finding, Severity
from curate.text import plural, visible
from curate.verify.collect import Collected, Similar
from curate.verify.features import id_of
from curate.verify.lines import pieces_of, read_piece
from curate.verify.proof import Point, Verdict
from curate.verify.reading import NotUnderstoodError, loads
from curate.verify.words import Hashes, Numbers

APART: Final = "Move one of the two so that both are in one split. `curate split` keeps such groups together."
HINTS: Final = {
    "L001": "Remove one of the two with `curate dedup --against`.",
    "L006": "Compare the two. If they ask the same thing, keep them in one split.",
}
NAMES: Final = {
    "L001": "copies",
    "L002": "near-duplicates",
    "L003": "same question",
    "L011": "same answer",
    "L005": "continuations and keys",
    "L006": "same meaning",
}
"""Points, in the order in which the findings of an example are told: of those before L005 the first one alone."""


class Compared(NamedTuple):
    """What examples are compared by."""

    names: Sequence[str]
    """Of the splits."""
    threshold: float
    keys: Sequence[str] = ()
    model: str = ""
    """Of embeddings; empty for none."""
    close: float = 0.9
    """Cosine similarity from which two questions are near."""
    cache: Path | None = None


class _Leak(NamedTuple):
    """Leaks of a kind: for each example the earlier one, -1 for none."""

    code: str
    other: Numbers
    said: str
    """What is told of it; `{share}` stands for the similarity."""
    similarity: "np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None" = None


def leak_points(found: Collected, compared: Compared) -> tuple[list[Point], list[Finding]]:
    """The points about leaks, and the findings. A leak counts for every row of the table that holds; it is told for the first one."""
    leaks = [
        _Leak("L001", _first(found.given, found.splits), "is {where} once more"),
        _similar("L002", found.similar["whole"], "is {share} the same as {where}"),
        _Leak("L003", _first(found.asked, found.splits), "asks what {where} asks"),
        _similar("L011", found.similar["answers"], "answers {share} the same as {where}"),
        _Leak("L005", _begins(found), "is the beginning of {where}"),
        _Leak("L005", _goes_on(found), "goes on from {where}"),
        *(_Leak("L005", _first(column, found.splits), "comes from the same source as {where}") for column in found.keys.T),
    ]
    without = "" if compared.model else "not looked for: no model was named (--embeddings MODEL)"
    if compared.model:
        try:
            leaks.insert(6, _near(found, compared))
        except (ModelError, MissingExtra) as error:
            without = f"not looked for: {error.message}"
    return list(_points(leaks, compared, without)), _findings(found, leaks, compared)


def _points(leaks: Sequence[_Leak], compared: Compared, without: str) -> Iterator[Point]:
    said = {
        "L001": "no example stands in two splits",
        "L002": f"no two examples across splits are similar to {compared.threshold:g} or more (Jaccard of 3-word shingles, all pairs)",
        "L003": "no question is asked in two splits",
        "L011": f"no two answers of 20 words or more across splits are similar to {compared.threshold:g} or more (all pairs)",
        "L005": "no conversation goes on from one of another split"
        + (f"; nor do two of them share {', '.join(map(visible, compared.keys))}" if compared.keys else ""),
        "L006": f"no two questions across splits are near by {visible(compared.model)} ({compared.close:g} or more)",
    }
    for code, name in NAMES.items():
        every = [leak.other >= 0 for leak in leaks if leak.code == code]
        count = int(np.logical_or.reduce(every).sum()) if every else 0
        if count:
            yield Point(f"{code} {name}", Verdict.BROKEN, f"{plural(count, 'example')} of a split leak{'s' if count == 1 else ''} into an earlier one")
        elif code == "L006" and without:
            yield Point(f"{code} {name}", Verdict.OPEN, without)
        else:
            yield Point(f"{code} {name}", Verdict.PROVED, said[code])


def _findings(found: Collected, leaks: Sequence[_Leak], compared: Compared) -> list[Finding]:
    """Of each example the first leak that is no shared key, and the keys besides."""
    told: list[tuple[int, _Leak]] = []
    seen = np.zeros(len(found.splits), dtype=np.bool_)
    for leak in leaks:
        key = leak.said.startswith("comes")
        at = np.flatnonzero((leak.other >= 0) & (key | ~seen))
        seen[at] = True
        told += [(example, leak) for example in at.tolist()]
    told.sort(key=lambda item: item[0])
    ids = _ids(found, {example for example, _ in told})
    return [_finding(found, example, leak, compared, ids.get(example)) for example, leak in told]


def _finding(found: Collected, example: int, leak: _Leak, compared: Compared, name: str | None) -> Finding:
    other = int(leak.other[example])
    where = f"{visible(display_name(found.files[int(found.file[other])]))}:{found.numbers[other]} ({visible(compared.names[int(found.splits[other])])})"
    share = "" if leak.similarity is None else f"{leak.similarity[example]:.0%}" if leak.code != "L006" else f"{leak.similarity[example]:.2f}"
    severity = Severity.WARNING if leak.code == "L006" else Severity.ERROR
    file, line = display_name(found.files[int(found.file[example])]), int(found.numbers[example])
    return Finding(leak.code, severity, file, line, "", leak.said.format(share=share, where=where), HINTS.get(leak.code, APART), False, name)


def _ids(found: Collected, examples: set[int]) -> dict[int, str]:
    """The ids of examples in messages form, whose lines are read once more."""
    wanted: dict[int, dict[int, int]] = {}
    for example in examples:
        wanted.setdefault(int(found.file[example]), {})[int(found.numbers[example])] = example
    ids = {}
    for file, numbers in wanted.items():
        before = 0
        for piece in pieces_of(found.files[file]):
            lines, physical = read_piece(piece)
            for number, line in zip(lines.numbers, lines.lines, strict=True):
                if number + before in numbers:
                    try:
                        value = loads(line)
                    except NotUnderstoodError:  # changed meanwhile
                        continue
                    if isinstance(value, dict) and "messages" in value:
                        ids[numbers[number + before]] = id_of(value)
            before += physical
    return ids


def _similar(code: str, similar: Similar, said: str) -> _Leak:
    return _Leak(code, similar.other, said, similar.similarity)


def _first(keys: Hashes, splits: Numbers) -> Numbers:
    """Of each example the first one with the same key, where that is in an earlier split; -1 for none, and for a key of 0."""
    _, first, groups = np.unique(keys, return_index=True, return_inverse=True)
    other = first[groups]
    earlier: Numbers = np.where((keys != 0) & (splits[other] < splits), other, -1)
    return earlier


def _lookup(keys: Hashes, among: Hashes, numbers: Numbers) -> Numbers:
    """Of each key the least of the numbers beside an equal one; -1 for none, and for a key of 0."""
    if not len(among):
        return np.full(len(keys), -1, dtype=np.int64)
    order = np.lexsort((numbers, among))
    at = np.minimum(np.searchsorted(among[order], keys), len(order) - 1)
    found: Numbers = np.where((keys != 0) & (among[order][at] == keys), numbers[order][at], -1)
    return found


def _begins(found: Collected) -> Numbers:
    """Of each example an earlier one that it is the beginning of."""
    other = _lookup(found.turns, found.begun, found.begun_by)
    return np.where((other >= 0) & (found.splits[other] < found.splits), other, -1)


def _goes_on(found: Collected) -> Numbers:
    """Of each example an earlier one that is its beginning."""
    whole = np.flatnonzero(found.turns)
    other = _lookup(found.begun, found.turns[whole], whole)
    at = np.flatnonzero((other >= 0) & (found.splits[other] < found.splits[found.begun_by]))
    earlier = np.full(len(found.splits), -1, dtype=np.int64)
    earlier[found.begun_by[at]] = other[at]
    return earlier


def _near(found: Collected, compared: Compared) -> _Leak:
    """Questions that are near by an embedding model. Raises `ModelError`, `MissingExtra`."""
    from curate.verify.meaning import nearest

    examples = np.array([example for example, _ in found.requests], dtype=np.int64)
    other, similarity = nearest([text for _, text in found.requests], found.splits[examples], compared.model, compared.close, compared.cache)
    leak = _Leak(
        "L006", np.full(len(found.splits), -1, dtype=np.int64), "asks nearly what {where} asks, cosine similarity {share}", np.zeros(len(found.splits))
    )
    at = np.flatnonzero(other >= 0)
    leak.other[examples[at]] = examples[other[at]]
    if leak.similarity is not None:
        leak.similarity[examples[at]] = similarity[at]
    return leak


def sizes_of(found: Collected, names: Sequence[str]) -> Mapping[str, int]:
    """How many examples each split has."""
    counts = np.bincount(found.splits, minlength=len(names))
    return {name: int(counts[number]) for number, name in enumerate(names)}
