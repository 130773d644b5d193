"""All signals of some exchanges, one column each: 1 for good, 0 for doubtful, NaN if not applicable."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from curate.core import store
from curate.core.example import content_id
from curate.core.lazy import Array, Arrays, Floats, Hashes, Matrix, Numbers, np
from curate.core.text import normalised, text_column
from curate.core.worker_pool import WorkerPool, cores
from curate.corpus.strata import are_labels, is_label
from curate.models.embeddings import embed
from curate.models.names import fingerprint
from curate.quality.answer_ends import Wording, endings, kind_of, openings
from curate.quality.answer_fits import Nearest, fits, nearest
from curate.quality.answer_text import boilerplate, languages, refusals
from curate.quality.exchange import Exchange
from curate.quality.letter_sequences import garbled
from curate.quality.signals import BY_NAME

MAX_CHARS: Final = 8_000
"""At the end of an answer."""
MAX_PHRASE_WORDS: Final = 60
MIN_LOOP: Final = 6
HALF_DOUBT_LOOP_WORDS: Final = 20
BLOCK_TEXTS: Final = 1_024
WORD_OR_MARK: Final = r"[\p{L}\p{N}_]+|[^\p{L}\p{N}_\s]"
"""For polars; the words that `_loop_doubt` compares."""
REQUIRED_SHARE: Final = 0.9
"""Share of the answers from which a part of the format is required."""
REQUIRED_JSON_SHARE: Final = 0.6
"""Share of JSON answers from which an answer must be JSON."""
MIN_GROUP_SIZE: Final = 20
"""Number of examples with one system prompt from which their answers have a format of their own."""
HEADING: Final = (
    r"(?m)^[ \t]*(?:#{1,6} [^\n]{1,60}|\*\*[^*\n]{1,40}\*\*:?|[A-Z][\p{L}\p{N}_ ]{0,30}:(?: |$)|#{4})"
    r"|(?:<[a-z_]{2,20}>|<<|####|```\w*|\bSELECT\b|\bFROM\b)"
)
"""The mark of a section: a heading, a label at the start of a line, a tag, a fence, SQL keywords; for polars."""
NO_NAME: Final = re.compile(r"\W+$|\d+")
FOLDS: Final = 10
Columns = dict[str, Floats]
Advance = Callable[[int], None]
COMBINED_WEIGHT: Final = 0.1
"""Share of the doubt that comes from all signals together."""
MANY_EXCHANGES: Final = 1_000
"""Number from which the signals of texts are computed in a separate process, in parallel with the model."""
TEXT_GROUPS: Final = ("languages", "edges", "letters", "repetition", "forms")
"""The signals of texts in groups that are computed together; those that take longest come first."""
TEXT_SIGNALS: Final = ("ending", "beginning", "loops", "garbled", "language", "format", "refusal", "boilerplate")
PACKAGES: Final = ("quality", "language", "models", "core", "corpus")
"""Packages whose code computes the signals."""


@dataclass(frozen=True, slots=True)
class Models:
    """The models that the signals use."""

    embeddings: str | None = ""
    """Sentence-transformers model; empty: none, by request of the user; None: no model is available."""
    loss: str = ""
    """Causal model; empty: none."""


def signals_of(
    exchanges: Sequence[Exchange], models: Models, cache: Path | None = None, advance: Advance | None = None
) -> Columns:
    """The signals of exchanges in the order of their ids (see `curate.quality.exchange.distinct`).

    Text and embedding signals of the same exchanges are cached as a whole, embeddings and losses each by content.
    Raises `ModelError` or `MissingExtra` if a model is not available.
    """
    if not exchanges:
        return {}
    columns = _file_signals(exchanges, models.embeddings or "", cache, advance)
    if models.loss:
        from curate.quality.causal_loss import answer_losses  # torch: only where a model was named

        conditional, unconditional = answer_losses(exchanges, models.loss, cache, advance).T
        columns |= {"loss": conditional, "ifd": conditional / unconditional}
    return columns


def _file_signals(exchanges: Sequence[Exchange], model: str, cache: Path | None, advance: Advance | None) -> Columns:
    """The signals from texts and embeddings, cached as a whole; without a `model`, those from texts alone."""
    from importlib.util import find_spec

    used = [store.code_id(*PACKAGES), model and fingerprint(model), find_spec("py3langid") is not None]
    path = cache and store.entry(cache, "quality", ".npz", *used, [exchange.id for exchange in exchanges])
    stored = path and store.load(path, _by_name)
    if stored:
        return stored
    if model and len(exchanges) >= MANY_EXCHANGES:
        with WorkerPool(1, processes=True) as pool:
            from_texts = pool.begin(_text_signals, exchanges)
            embedded = _embedding_signals(exchanges, model, cache, advance)
            columns = from_texts.result() | embedded
    else:
        columns = _text_signals(exchanges, cores()) | (
            _embedding_signals(exchanges, model, cache, advance) if model else {}
        )
    if path is not None and exchanges:
        store.make_room(path.parent)
        store.save(path, {"names": np.array([*columns], dtype="<U16"), "values": np.stack([*columns.values()])})
    return columns


def _by_name(arrays: Arrays) -> Columns:
    """The signals of a cache file, by name. Raises `ValueError` or `KeyError` for arrays of other types."""
    store.require_types(arrays, {"names": "U16", "values": "f8"})
    return dict(zip(arrays["names"].tolist(), arrays["values"], strict=True))


def _text_signals(exchanges: Sequence[Exchange], workers: int = 1) -> Columns:
    """The signals that are computed from texts alone; groups of them in processes that share the exchanges."""
    own = partial(_unchanged, exchanges)
    parallel = workers > 1 and len(exchanges) >= MANY_EXCHANGES
    with WorkerPool(workers if parallel else 1, processes=parallel, own=own, make_state=own) as pool:
        columns = {name: column for part in pool.each(_signals_of_group, TEXT_GROUPS) for name, column in part.items()}
    return {name: columns[name] for name in TEXT_SIGNALS}


def _unchanged(exchanges: Sequence[Exchange]) -> Sequence[Exchange]:
    """The exchanges, as the argument that precedes each item of a worker pool."""
    return exchanges


def _signals_of_group(exchanges: Sequence[Exchange], group: str) -> Columns:
    """The signals from texts of one group: "edges", "languages", "letters", "repetition" or others."""
    systems, requests, answers = (
        [getattr(exchange, name) for exchange in exchanges] for name in ("system", "request", "answer")
    )
    match group:
        case "edges":
            wording, kinds = Wording(requests, answers), list(map(kind_of, answers))
            return {
                "ending": endings(answers, kinds, wording),
                "beginning": openings(requests, answers, kinds, wording),
            }
        case "languages":
            return {"language": languages(requests, answers)}
        case "letters":
            return {"garbled": garbled(requests, answers)}
        case "repetition":
            return {"loops": loops(answers)}
        case _:
            return {
                "format": formats(systems, answers),
                "refusal": refusals(answers),
                "boilerplate": boilerplate(requests, answers),
            }


def _embedding_signals(
    exchanges: Sequence[Exchange], model: str, cache: Path | None, advance: Advance | None
) -> Columns:
    """The signals from embeddings of questions and answers, by name."""
    questions, answers = ([getattr(exchange, name) for exchange in exchanges] for name in ("question", "answer"))
    vectors = embed([text for exchange in exchanges for text in exchange.embedded], model, cache, advance)
    request_vectors, answer_vectors = vectors[::2], vectors[1::2]
    near = nearest(request_vectors)
    columns = crowding(near)
    columns |= {
        "fits": fits(questions, answers, request_vectors, answer_vectors, near),
        "refusal": refusals(answers, near.rows.tolist()),
    }
    if labels := labels_of(answers):
        columns["label"] = label_goodness(labels, request_vectors)
    return columns


def crowding(near: Nearest) -> Columns:
    """The rarity and the density of each row, by its nearest others."""
    if not near.cosines.size:
        return {"rarity": np.ones(len(near.rows)), "density": np.zeros(len(near.rows))}
    return {"rarity": 1 - near.cosines.max(axis=1), "density": near.cosines.mean(axis=1)}


def doubt(columns: Mapping[str, Floats]) -> Floats:
    """The doubt about each example by all signals: 1 minus the lowest one, and a small share for all others.

    Several weak doubts do not add up to a strong one: with the product of all signals, short answers had a higher doubt
    than truncated ones.
    """
    names, signals = _doubting(columns)
    if not names:
        return np.zeros(0)
    return np.asarray(1 - signals.min(axis=0) * (1 - COMBINED_WEIGHT + COMBINED_WEIGHT * np.prod(signals, axis=0)))


def lowest_signals(columns: Mapping[str, Floats]) -> Array:
    """The name of the signal that contributes most to the doubt about each example."""
    names, signals = _doubting(columns)
    return np.array(names)[signals.argmin(axis=0)] if names else np.zeros(0, dtype=np.str_)


def _doubting(columns: Mapping[str, Floats]) -> tuple[list[str], Floats]:
    """The names of the signals that are part of the doubt, and their values between 0 and 1, a row each."""
    names = [name for name in columns if name in BY_NAME and BY_NAME[name].doubts]
    return names, np.clip([np.nan_to_num(columns[name], nan=1.0) for name in names], 0, 1)


def labels_of(answers: Sequence[str]) -> list[str] | None:
    """The label of each answer ("" for none); None if the answers are not those of data for classification."""
    labels = [normalised(answer) if is_label(answer) else "" for answer in answers]
    return labels if are_labels(Counter(labels)) else None


def label_goodness(labels: Sequence[str], vectors: Matrix) -> Floats:
    """Cross-validated probability of each label (Northcutt et al. 2021); 1 for a label of one example only."""
    names, codes = np.unique(np.array(labels, dtype=object).astype(str), return_inverse=True)
    own_probabilities = _by_regression(codes, len(names), vectors)[np.arange(len(codes)), codes]
    lonely = np.bincount(codes, minlength=len(names))[codes] < 2
    without = np.array([not label for label in labels])
    return np.asarray(np.where(lonely | without, 1.0, own_probabilities))


def _by_regression(codes: Numbers, classes: int, vectors: Matrix) -> Floats:
    """The out-of-sample probability of each class (column) for each example (row). `codes`: the classes of the examples
    as numbers. Rows are in the order of their ids, so the folds do not depend on the file.
    """
    from sklearn.linear_model import LogisticRegression  # comes with sentence-transformers

    fold = np.arange(len(codes)) % FOLDS
    probabilities = np.full((len(codes), classes), 1e-3)
    for part in range(FOLDS):
        training, held_out = fold != part, fold == part
        classes_seen = np.unique(codes[training])
        if len(classes_seen) < 2:
            probabilities[held_out] = 1 / classes
            continue
        model = LogisticRegression(C=2.0, max_iter=300).fit(vectors[training], codes[training])
        probabilities[np.ix_(held_out, classes_seen)] += model.predict_proba(vectors[held_out])
    return np.asarray(probabilities / probabilities.sum(axis=1, keepdims=True))


def formats(systems: Sequence[str], answers: Sequence[str]) -> Floats:
    """The share of the file's format that each answer has: the lowest of its parts; 1 if the file has no format."""
    sizes = Counter(map(content_id, systems))
    keys = [key if sizes[key] >= MIN_GROUP_SIZE else "" for key in map(content_id, systems)]
    scores = np.ones(len(answers))
    by_key: dict[str, list[int]] = {}
    for index, key in enumerate(keys):
        by_key.setdefault(key, []).append(index)
    for members in by_key.values():
        scores[members] = _format_scores([answers[index] for index in members])
    return scores


def _format_scores(answers: Sequence[str]) -> list[float]:
    """The format score of each answer of a group; 1 for each if there are fewer than `MIN_GROUP_SIZE`."""
    if len(answers) < MIN_GROUP_SIZE:
        return [1.0] * len(answers)
    parsed = [_json_answer(answer) for answer in answers]
    is_json = [isinstance(value, dict | list) for value in parsed]
    if sum(is_json) >= REQUIRED_JSON_SHARE * len(answers):
        present = _present(list(map(_keys_with_types, parsed)))
        return [have if good else 0.05 for good, have in zip(is_json, present, strict=True)]
    marks = text_column(answers).str.extract_all(HEADING).to_list()
    return _present([_section_marks(answer, headings) for answer, headings in zip(answers, marks, strict=True)])


def _present(every: Sequence[frozenset[str]]) -> list[float]:
    """The format score of each answer, given its parts: 1 with all parts that nine in ten answers have, else .3 divided
    by the number of missing ones.
    """
    counts = Counter(part for have in every for part in have)
    required = {part for part, count in counts.items() if count >= REQUIRED_SHARE * len(every)}
    return [0.3 / len(required - have) if required - have else 1.0 for have in every]


def _section_marks(answer: str, headings: Iterable[str]) -> frozenset[str]:
    """The headings without digits and closing punctuation, and `^` with the first character if it is a mark."""
    marks = {NO_NAME.sub("", heading.strip()) or heading for heading in headings}
    first = answer.strip()[:1]
    return frozenset(marks if first.isalnum() else marks | {f"^{first}"})


def _json_answer(answer: str) -> Any:
    """An answer's JSON, also in a code block; None if it is not JSON."""
    text = answer.strip()
    if text.startswith("```"):
        text = text.strip("`").partition("\n")[2]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _keys_with_types(value: Any) -> frozenset[str]:
    """The keys of a JSON object, or of the objects in a list, each with the type of its value: `answer:str`."""
    if isinstance(value, list):
        return frozenset().union(*(_keys_with_types(item) for item in value[:20])) if value else frozenset(("[]",))
    if isinstance(value, dict):
        return frozenset(f"{key}:{type(item).__name__}" for key, item in value.items())
    return frozenset()


def loops(answers: Sequence[str]) -> Floats:
    """1 without a phrase that occurs three times in a row, near 0 for an answer that consists mostly of repetitions."""
    goodness = np.ones(len(answers))
    for start in range(0, len(answers), BLOCK_TEXTS):
        texts = [answer[-MAX_CHARS:].casefold() for answer in answers[start : start + BLOCK_TEXTS]]
        for index in _with_loops(texts):
            goodness[start + index] = 1 - _loop_doubt(texts[index])
    return goodness


def _with_loops(texts: Sequence[str]) -> list[int]:
    """The positions of the texts that may have a phrase three times in a row, by the hashes of their words."""
    words = text_column(texts).str.extract_all(WORD_OR_MARK)
    owners = np.repeat(np.arange(len(texts), dtype=np.uint64), words.list.len().to_numpy())
    kept = words.explode().drop_nulls()
    codes = kept.hash().to_numpy() ^ (owners * np.uint64(0x9E3779B97F4A7C15))  # no word is equal to one of another text
    looping = [owners[place] for period in range(1, MAX_PHRASE_WORDS + 1) for place in _runs(codes, period)]
    return sorted({int(owner) for owner in looping})


def _runs(codes: Hashes, period: int) -> Iterator[int]:
    """Places of words that are equal to the one `period` words later, at least one of each run that is long enough."""
    length = max(2 * period, MIN_LOOP - period)
    hits = np.flatnonzero(codes[period::length] == codes[: max(0, len(codes) - period) : length]) * length
    runs = 1 + _equal_words(codes, hits, period, 1, length) + _equal_words(codes, hits, period, -1, length)
    yield from hits[runs >= length].tolist()


def _equal_words(codes: Hashes, places: Numbers, period: int, direction: int, limit: int) -> Numbers:
    """The number of words next to each place, in a direction, that are equal to the one `period` words later; at most
    `limit`.
    """
    counts = np.zeros(len(places), dtype=np.int64)
    going = np.arange(len(places))
    for distance in range(1, limit + 1):
        near = places[going] + direction * distance
        inside = (near >= 0) & (near + period < len(codes))
        going, near = going[inside], near[inside]
        going = going[codes[near] == codes[near + period]]
        if not len(going):
            break
        counts[going] = distance
    return counts


def _loop_doubt(text: str) -> float:
    """0 to 1: 0 without a phrase that occurs three times in a row, and higher with the number of words of such a loop.

    A loop that does not reach the end of the answer counts 0.6 times.
    """
    words = re.findall(r"\w+|[^\w\s]", text)
    if len(words) < MIN_LOOP:
        return 0.0
    codes_by_word: dict[str, int] = {}
    codes = np.array([codes_by_word.setdefault(word, len(codes_by_word)) for word in words])
    worst = 0.0
    for period in range(1, min(MAX_PHRASE_WORDS, len(words) // 3) + 1):
        same = codes[period:] == codes[:-period]
        if np.count_nonzero(same) < (2 * period if same[-1] else max(2 * period, MIN_LOOP)):
            continue
        edges = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
        runs, ends = edges[1::2] - edges[::2], edges[1::2]
        for run, end in zip(runs.tolist(), ends.tolist(), strict=True):
            covered = run + period
            phrase = words[end : end + period]
            if run < 2 * period or covered < MIN_LOOP or not any(len(word) > 1 and word.isalpha() for word in phrase):
                continue
            doubt = covered / (covered + HALF_DOUBT_LOOP_WORDS) * (1.0 if end >= len(same) - 1 else 0.6)
            worst = max(worst, doubt)
    return worst
