"""Find leaks as defined by the table in `docs/leaks.md`: what a split shares with an earlier one."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from curate.core.errors import MissingExtra, ModelError
from curate.core.finding import Finding, Severity
from curate.core.text import plural, visible
from curate.storage.files import display_name
from curate.verify.examples import Examples
from curate.verify.features import id_of
from curate.verify.lines import LINE_BITS, lines_of
from curate.verify.near_duplicates import Similar
from curate.verify.proof import Point, Verdict
from curate.verify.reading import NotUnderstoodError, loads
from curate.verify.similarity_index import Floats
from curate.verify.words import Hashes, Numbers

APART_HINT: Final = "Move one of the two so that both are in one split. `curate split` keeps such groups together."
HINTS: Final = {
    "L001": "Remove one of the two with `curate dedup --against`.",
    "L006": "Compare the two. If they ask the same thing, keep them in one split.",
}
NAMES: Final = {
    "L001": "copies",
    "L002": "near-duplicates",
    "L003": "same question",
    "L013": "near-equal question",
    "L011": "same answer",
    "L015": "cut answer",
    "L005": "continuations and keys",
    "L012": "same first question",
    "L014": "same document",
    "L006": "same meaning",
}
"""Check points in the order in which findings are reported; an example gets the first, and those of shared keys."""
BLOCK_QUESTIONS: Final = 256
"""Number of questions that are compared with all earlier splits at a time."""


class ComparisonSettings(NamedTuple):
    """The settings of the comparison."""

    names: Sequence[str]
    """Names of the splits."""
    threshold: float
    keys: Sequence[str] = ()
    model: str = ""
    """Embedding model; empty for none."""
    close: float = 0.9
    """Cosine similarity at or above which two questions are close."""
    cache: Path | None = None
    demanded: bool = False
    """Whether a model that cannot be used is an error: the caller named it."""


SAME_KEY = "has the same source as {where}"
"""Message for a shared key; reported in addition to another leak of the same example."""


class _Leak(NamedTuple):
    code: str
    pairs: Similar
    message: str
    """The message; `{share}` stands for the similarity."""


def leak_points(
    examples: Examples, compared: ComparisonSettings, texts: Mapping[str, Similar]
) -> tuple[list[Point], list[Finding]]:
    """The check points about leaks, and the findings.

    texts: the leaks by shared texts, by code. An example counts for each row of the table that applies; its finding is
    reported for the first of them. Raises
    `ModelError`, `MissingExtra` where the model that the caller named cannot be used.
    """
    prefixes, conversations = (examples.prefixes, examples.prefixes_by), (examples.turns, examples.places)
    leaks = [
        _Leak("L001", _equal(examples, examples.trained), "is a copy of {where}"),
        _Leak("L002", examples.similar["whole"], "is a near-duplicate of {where}, similarity {share}"),
        _Leak("L003", _equal(examples, examples.question), "has the same question as {where}"),
        _Leak("L003", _equal(examples, examples.question_lines), "has the same question as {where}, lines reordered"),
        _Leak("L013", texts["L013"], "has nearly the same question as {where}"),
        _Leak("L011", examples.similar["answers"], "has nearly the same answer as {where}, similarity {share}"),
        _Leak("L015", texts["L015"], "has the beginning or the end of the same answer as {where}"),
        _Leak("L005", _first_match(examples, conversations, prefixes), "is the beginning of {where}"),
        _Leak("L005", _first_match(examples, prefixes, conversations), "continues {where}"),
        _Leak("L012", texts["L012"], "begins with the same question as {where}"),
        _Leak("L014", texts["L014"], "has the same document as {where}"),
        *(_Leak("L005", _equal(examples, column), SAME_KEY) for column in examples.keys.T),
    ]
    without = "" if compared.model else "not checked: needs --embeddings MODEL"
    if compared.model:
        try:
            near = _close_questions(examples, compared)
        except (ModelError, MissingExtra) as error:
            if compared.demanded:
                raise
            without = f"not checked: {error.message}"
        else:
            leaks.insert(11, _Leak("L006", near, "has nearly the same question as {where}, cosine similarity {share}"))
    return list(_points(leaks, compared, without)), _findings(examples, leaks, compared)


def _points(leaks: Sequence[_Leak], compared: ComparisonSettings, without: str) -> Iterator[Point]:
    """The points of the proof about leaks: for each kind whether there is one."""
    proved = {
        "L001": "no example is in two splits",
        "L002": f"no Jaccard similarity of {compared.threshold:g} or more across splits (3-word shingles, all pairs)",
        "L003": "no question is in two splits",
        "L012": "no first user turn of 8 words or more is in two splits",
        "L013": 'no two questions of 6 words or more differ in the spelling of a word, articles, polite words or greetings only; none in a phrase such as "Could you tell me" only',  # noqa: E501
        "L014": "no 30 words of a prompt or document that begin with a line or sentence are in two splits",
        "L011": f"no similarity of {compared.threshold:g} or more between answers of 20 words or more across splits (all pairs)",  # noqa: E501
        "L015": "no answer of 20 words or more is the beginning or the end of a longer one in another split",
        "L005": "no conversation continues one of another split"
        + (f"; no two share {', '.join(map(visible, compared.keys))}" if compared.keys else ""),
        "L006": f"no cosine similarity of {compared.close:g} or more between questions across splits ({visible(compared.model)})",  # noqa: E501
    }
    for code, name in NAMES.items():
        leak_places = [leak.pairs.places for leak in leaks if leak.code == code]
        if count := len(np.unique(np.concatenate(leak_places))) if leak_places else 0:
            yield Point(
                f"{code} {name}",
                Verdict.BROKEN,
                f"{plural(count, 'example')} leak{'s' if count == 1 else ''} into an earlier split",
            )
        elif code == "L006" and without:
            yield Point(f"{code} {name}", Verdict.OPEN, without)
        else:
            yield Point(f"{code} {name}", Verdict.PROVED, proved[code])


def _findings(examples: Examples, leaks: Sequence[_Leak], compared: ComparisonSettings) -> list[Finding]:
    """For each example, the first leak that is not a shared key, and all shared keys."""
    rows_of: list[tuple[int, int, float, _Leak]] = []
    reported: set[int] = set()
    for leak in leaks:
        pairs = zip(*(column.tolist() for column in leak.pairs), strict=True)
        rows = [row for row in pairs if leak.message == SAME_KEY or row[0] not in reported]
        reported.update(row for row, _, _ in rows)
        rows_of += [(*row, leak) for row in rows]
    rows_of.sort(key=lambda item: item[0])
    ids = _ids(examples, reported)
    return [_leak_finding(examples, compared, ids, *item) for item in rows_of]


def _leak_finding(
    examples: Examples,
    compared: ComparisonSettings,
    ids: dict[int, str],
    place: int,
    earlier: int,
    similarity: float,
    leak: _Leak,
) -> Finding:
    (file, line), (earlier_file, earlier_line) = examples.place(place), examples.place(earlier)
    split = visible(compared.names[examples.owners[earlier >> LINE_BITS]])
    where = f"{visible(display_name(earlier_file))}:{earlier_line} ({split})"
    share = f"{similarity:.0%}" if leak.code != "L006" else f"{similarity:.2f}"
    severity = Severity.WARNING if leak.code == "L006" else Severity.ERROR
    message, hint = leak.message.format(share=share, where=where), HINTS.get(leak.code, APART_HINT)
    return Finding(leak.code, severity, display_name(file), line, "", message, hint, False, ids.get(place))


def _ids(examples: Examples, places: set[int]) -> dict[int, str]:
    """The ids of examples in messages format; their lines are read again."""
    ids = {}
    for file in {place >> LINE_BITS for place in places}:
        for number, line in lines_of(examples.files[file]):
            place = (file << LINE_BITS) + number
            if place in places:
                try:
                    value = loads(line)
                except NotUnderstoodError:  # changed since it was read
                    continue
                if isinstance(value, dict) and "messages" in value:
                    ids[place] = id_of(value)
    return ids


def _equal(examples: Examples, hashes: Hashes) -> Similar:
    """For each example, the first one with the same hash."""
    return _first_match(examples, (hashes, examples.places), (hashes, examples.places))


def _first_match(examples: Examples, later: tuple[Hashes, Numbers], among: tuple[Hashes, Numbers]) -> Similar:
    """For each hash of `later`, the first equal one of `among` in an earlier split, if not 0; places are ascending.

    Of several hashes of a place, the last one with a match is used.
    """
    hashes, firsts = np.unique(among[0], return_index=True)
    positions = np.searchsorted(hashes, later[0])
    matching = np.flatnonzero((np.append(hashes, np.uint64(0))[positions] == later[0]) & (later[0] != 0))
    places, earlier = later[1][matching], among[1][firsts[positions[matching]]]
    leaks = examples.splits_of(earlier) < examples.splits_of(places)
    places, earlier = places[leaks], earlier[leaks]
    last = np.flatnonzero(np.append(places[1:] != places[:-1], True)[: len(places)])
    return Similar(places[last], earlier[last], np.ones(len(last)))


def _close_questions(examples: Examples, compared: ComparisonSettings) -> Similar:
    """Questions that are close by an embedding model. Raises `ModelError`, `MissingExtra`.

    The model is the one thing that this package shares with the code that writes splits.
    """
    places = np.array([place for place, _ in examples.requests], dtype=np.int64)
    nearest, similarity = _nearest_texts([text for _, text in examples.requests], examples.splits_of(places), compared)
    matched = np.flatnonzero(nearest >= 0)
    return Similar(places[matched], places[nearest[matched]], similarity[matched])


def _nearest_texts(texts: list[str], splits: Numbers, compared: ComparisonSettings) -> tuple[Numbers, Floats]:
    """The nearest text of an earlier split for each text, and their cosine similarity; -1 if none is close."""
    from curate.models.embeddings import embed  # slow to import, and not needed without a model

    vectors: Any = embed(texts, compared.model, compared.cache, exact=True)
    nearest, similarity = np.full(len(texts), -1, dtype=np.int64), np.zeros(len(texts))
    for split in range(1, int(splits.max(initial=0)) + 1):
        before, held_out = np.flatnonzero(splits < split), np.flatnonzero(splits == split)
        for start in range(0, len(held_out) if len(before) else 0, BLOCK_QUESTIONS):
            block = held_out[start : start + BLOCK_QUESTIONS]
            cosines = vectors[block] @ vectors[before].T
            best = cosines.argmax(axis=1)
            cosine = np.minimum(cosines[np.arange(len(block)), best], 1)
            near = cosine >= compared.close
            nearest[block[near]], similarity[block[near]] = before[best[near]], cosine[near]
    return nearest, similarity
