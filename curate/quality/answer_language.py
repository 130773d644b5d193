"""Answers in another language than their request, by the model of py3langid (Lui and Baldwin 2012).

py3langid walks through the bytes of one text at a time in Python. Here NumPy moves all texts of a block on by one byte
in each step, and the probabilities are those of `LanguageIdentifier.rank` up to rounding, in a tenth of the time.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from functools import cache
from itertools import chain, pairwise
from typing import Final, NamedTuple
from unicodedata import normalize

from curate.core.lazy import Floats, Matrix, Numbers, np
from curate.core.text import words
from curate.language.tokens import letter_count, letters
from curate.quality.letter_sequences import SAMPLE_CHARS, about_languages

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


CAPITALIZED_WORD: Final = re.compile(r"\b[A-Z\u00c0-\u00de][A-Za-z\u00c0-\u024f'’]*")
"""Texts that consist mostly of these are lists of names, which have no language."""
NO_LANGUAGE: Final = re.compile(r"```.*?(?:```|\Z)|https?://\S+|[\d{}\[\]<>=/\\|_*#`]+", re.DOTALL)
"""Code, addresses, digits and signs."""
MIN_PLAIN: Final = 0.3
"""Minimum share of the letters in other words to detect a language."""
MIN_LETTERS: Final = 40
MIN_LANGUAGE_SHARE: Final = 0.1
"""Share of the answers in a language from which it is a language of the file."""
CLEAR_SHARE: Final = 0.99
"""Probability that an answer is in a language of the file from which it counts as good: the language of its request
could not change the result by more than 0.01.
"""
OTHER_LANGUAGE_WEIGHT: Final = 0.2
"""If the request is about languages."""
KNOWN_WORD_TEXTS: Final = 3
"""Number of texts of the file with a word from which it counts as a word of their language."""


def languages(requests: Sequence[str], answers: Sequence[str]) -> Floats:
    """The probability that an answer is in the language of its request, or in one of many answers of the file.

    Detected by py3langid (extra `language`), otherwise by the script alone. Words that other texts of the file have
    lower the probability of another language, and requests about languages have a low weight.
    """
    detected = _languages_of(answers)
    total: Counter[str] = Counter()
    for shares in detected:
        total.update({name: share for name, share in shares.items() if share > 0.5})
    usual = {name for name, count in total.items() if count >= MIN_LANGUAGE_SHARE * total.total()}
    unclear = [index for index, shares in enumerate(detected) if shares and _share(shares, usual) < CLEAR_SHARE]
    own_words = {index: set(_sampled_words(answers[index])) for index in unclear}
    looked_up = frozenset().union(*own_words.values())
    spread = Counter(
        chain.from_iterable(
            looked_up.intersection(_sampled_words(text)) for text in ((*answers, *requests) if looked_up else ())
        )
    )
    probabilities = np.ones(len(answers))
    unclear_requests = [requests[index] for index in unclear]
    requested = zip(_languages_of(unclear_requests), about_languages(unclear_requests).tolist(), strict=True)
    for (index, words_here), (of_request, is_about) in zip(own_words.items(), requested, strict=True):
        expected = usual | {name for name, share in of_request.items() if share > 0.5}
        weight = OTHER_LANGUAGE_WEIGHT if is_about else 1.0
        known_share = (
            sum(spread[word] > KNOWN_WORD_TEXTS for word in words_here) / len(words_here) if words_here else 0.0
        )
        probabilities[index] = (
            1 - weight * max(0.0, 1 - _share(detected[index], expected)) * (1 - known_share) if expected else 1.0
        )
    return probabilities


def _sampled_words(text: str) -> list[str]:
    """The words at the beginning of a text, in lower case."""
    return words(text[:SAMPLE_CHARS].casefold())


def _share(shares: Mapping[str, float], names: Set[str]) -> float:
    """The sum of the shares of some names."""
    return sum(share for name, share in shares.items() if name in names)


def _languages_of(texts: Sequence[str]) -> list[dict[str, float]]:
    """The most probable languages of each text with their probabilities; none for a text with few letters."""
    samples = [NO_LANGUAGE.sub(" ", text[:SAMPLE_CHARS]) for text in texts]
    distinct = list(filter(_has_language, dict.fromkeys(samples)))
    shares = language_shares(distinct)
    if shares is None:
        scripts = map(letters, distinct)
        shares = [{name: count / counts.total() for name, count in counts.items()} for counts in scripts]
    by_sample = dict(zip(distinct, shares, strict=True))
    return [by_sample.get(sample, {}) for sample in samples]


def _has_language(text: str) -> bool:
    """Whether a text has letters of a script other than Latin, or enough Latin ones outside of names."""
    if not text.isascii() and set(letters(text)) - {"Latin"}:
        return True
    count = letter_count(text)
    return count >= MIN_LETTERS and letter_count(CAPITALIZED_WORD.sub(" ", text)) >= MIN_PLAIN * count


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
        best, values = _largest(rows)
        for labels, of_labels in zip(best.tolist(), values.tolist(), strict=True):
            shares.append(dict(zip(map(model.labels.__getitem__, labels), of_labels, strict=True)))
    return shares


def _largest(probabilities: Floats) -> tuple[Numbers, Floats]:
    """The columns of the `TOP_LANGUAGES` largest values of each row, the largest first, and the values."""
    left, columns = probabilities.copy(), list[Numbers]()
    for _ in range(TOP_LANGUAGES):
        columns.append(left.argmax(axis=1))
        left[np.arange(len(left)), columns[-1]] = -1
    best = np.stack(columns, axis=1)
    return best, np.take_along_axis(probabilities, best, axis=1)


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
            scores[row] = logs[start:end] @ model.weights.take(features[start:end], axis=0) + model.priors
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
    distinct, counts = np.unique(keys.astype(np.uint32), return_counts=True)  # sorted in a third of the time
    return *np.divmod(distinct.astype(np.int64), len(model.weights)), counts
