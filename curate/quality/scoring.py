"""All signals of some exchanges, one column each: 1 for good, 0 for doubtful, NaN if not applicable."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from curate.core.events import Advance
from curate.core.lazy import Array, Arrays, Floats, Matrix, Numbers, np
from curate.core.text import normalised
from curate.corpus.strata import are_labels, is_label
from curate.models.embeddings import embed
from curate.models.names import fingerprint
from curate.parallel.worker_pool import WorkerPool, cores
from curate.quality.answer_ends import SentenceWords, endings, kind_of, openings
from curate.quality.answer_fits import NearestRows, fits, nearest
from curate.quality.answer_format import formats
from curate.quality.answer_language import languages
from curate.quality.answer_text import boilerplate, refusals
from curate.quality.exchange import Exchange
from curate.quality.letter_sequences import garbled
from curate.quality.loops import loops
from curate.quality.signals import BY_NAME
from curate.storage import store

FOLDS: Final = 10
Columns = dict[str, Floats]
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
            wording, kinds = SentenceWords(requests, answers), list(map(kind_of, answers))
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


def crowding(near: NearestRows) -> Columns:
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
