"""The languages of many texts at once, by the model of py3langid (Lui and Baldwin 2012).

py3langid walks through the bytes of one text at a time in Python. Here NumPy moves all texts of a block on by one byte
in each step, and the probabilities are those of `LanguageIdentifier.rank` up to rounding, in a tenth of the time.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple
from unicodedata import normalize

from curate.core.lazy import Floats, Matrix, Numbers, np

BLOCK_TEXTS: Final = 1_024
TOP_LANGUAGES: Final = 4
NO_FEATURE: Final = -1


class _Model(NamedTuple):
    """A naive Bayes model over byte sequences, which an automaton finds."""

    next_states: Numbers
    """The next state by the row of a state and a byte."""
    row_starts: Numbers
    """Where the row of each state begins."""
    features: Numbers
    """The feature that ends in each state; `NO_FEATURE` for none."""
    weights: Matrix
    """Log-likelihood of each feature, a column for each class."""
    priors: Matrix
    labels: list[str]
    """The languages in alphabetical order."""
    class_labels: Numbers
    """The position of each class's language: a language with two scripts has two classes."""


@cache
def _model() -> _Model | None:
    """The model that py3langid ships; None if py3langid is not installed."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        return None
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    labels = sorted(set(identifier.nb_classes))
    return _Model(
        np.asarray(identifier.tk_nextmove),
        np.asarray(identifier.tk_row, dtype=np.int64) << 8,
        np.asarray(identifier.tk_output, dtype=np.int32),
        identifier.nb_ptc.astype(np.float32),
        identifier.nb_pc.astype(np.float32),
        labels,
        np.array([labels.index(name) for name in identifier.nb_classes]),
    )


def language_shares(texts: Sequence[str]) -> list[dict[str, float]] | None:
    """The most probable languages of each text as ISO 639-1 codes (others have ISO 639-3 codes) with their
    probabilities, the most probable one first; None if py3langid is not installed.
    """
    model = _model()
    if model is None:
        return None
    shares = []
    for start in range(0, len(texts), BLOCK_TEXTS):
        rows = _probabilities(model, [_encoded(text) for text in texts[start : start + BLOCK_TEXTS]])
        best = np.argsort(-rows, axis=1, kind="stable")[:, :TOP_LANGUAGES]
        for labels, values in zip(best.tolist(), np.take_along_axis(rows, best, axis=1).tolist(), strict=True):
            shares.append(dict(zip(map(model.labels.__getitem__, labels), values, strict=True)))
    return shares


def _encoded(text: str) -> bytes:
    """The bytes of a text as py3langid reads them."""
    return normalize("NFC", text.lower() if text.isupper() else text).encode("utf-8", "surrogatepass")


def _probabilities(model: _Model, texts: Sequence[bytes]) -> Floats:
    """The probability of each language, a row for each text."""
    rows, features, counts = _feature_counts(model, texts)
    logs = np.log1p(counts.astype(np.float32))
    ends = np.searchsorted(rows, np.arange(len(texts) + 1)).tolist()
    scores = np.zeros((len(texts), len(model.class_labels)), dtype=np.float32)
    for row, (start, end) in enumerate(pairwise(ends)):
        if end > start:
            scores[row] = logs[start:end] @ model.weights[features[start:end]] + model.priors
    lengths = np.array([[len(data) or 1] for data in texts])
    shares = np.exp((scores - scores.max(axis=1, keepdims=True)) / np.sqrt(lengths))  # py3langid's scale
    by_label = np.zeros((len(texts), len(model.labels)))
    np.add.at(by_label.T, model.class_labels, (shares / shares.sum(axis=1, keepdims=True)).T)
    return by_label


def _feature_counts(model: _Model, texts: Sequence[bytes]) -> tuple[Numbers, Numbers, Numbers]:
    """Each distinct feature of each text: the position of the text, in order, the feature, and how often it occurs."""
    sizes = np.array([len(data) for data in texts])
    order = np.argsort(-sizes, kind="stable")  # texts that have ended come last
    width = int(sizes.max(initial=0))
    joined = b"".join(texts[index].ljust(width, b"\0") for index in order.tolist())
    columns = np.ascontiguousarray(np.frombuffer(joined, dtype=np.uint8).reshape(len(texts), width).T)
    running = (sizes[order][:, None] > np.arange(width)).sum(axis=0).tolist()
    states = np.zeros(len(texts), dtype=np.int64)
    reached = np.full((width, len(texts)), NO_FEATURE, dtype=np.int64)
    for position, count in enumerate(running):
        states = model.next_states[model.row_starts[states[:count]] + columns[position, :count]]
        reached[position, :count] = model.features[states]
    keys = (order * len(model.weights) + reached)[reached != NO_FEATURE]
    distinct, counts = np.unique(keys, return_counts=True)
    return *np.divmod(distinct, len(model.weights)), counts
