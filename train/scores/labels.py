"""Metrics of classification. An answer that is a sentence counts as the one label that it names."""

import re
from collections.abc import Sequence
from functools import cache

import numpy as np

from train.scores.metric import Expected, Given, Matrix, Metric, Scorer, ratio, ratio_of
from train.scores.text import comparable

NO_LABEL = "\0"
"""What an answer is taken for that names no label, or several; an empty answer may be a label."""


class Labels:
    """The classes of a set of questions, in order of their first use."""

    def __init__(self, expected: Sequence[Expected]) -> None:
        self.names = list(dict.fromkeys(comparable(answer.text) for answer in expected))
        self.position = {name: i for i, name in enumerate(self.names)}
        self.of = cache(self._label)
        """The label that an answer gives, or `NO_LABEL`."""

    def _label(self, text: str) -> str:
        """The label that a text names; `NO_LABEL` if it names none, or several."""
        words = comparable(text)
        if words in self.position:
            return words
        # Of labels of which one stands in the other ("toxic", "not toxic") the longer one is meant.
        named = [name for name in self.names if name and _names_label(words, name)]
        longest = [name for name in named if not any(name != other and name in other for other in named)]
        return longest[0] if len(longest) == 1 else NO_LABEL


def _names_label(text: str, label: str) -> bool:
    """Whether a label stands in a text by itself: not in a longer word ("non-toxic", "C++") or number (-1, 1.5), nor
    three stars in four.
    """
    first, last = map(re.escape, (label[0], label[-1]))
    pattern = rf"(?<![\w+\-{first}])(?<!\d[.,]){re.escape(label)}(?![\w+#\-{last}])(?![.,]\d)"
    return re.search(pattern, text) is not None


def _accuracy(expected: Sequence[Expected]) -> Scorer:
    """Share of answers that give the expected label."""
    labels = Labels(expected)
    return ratio_of(lambda reference, given: (float(labels.of(given.text) == comparable(reference.text)), 1.0))


def _macro_f1(expected: Sequence[Expected]) -> Scorer:
    """Mean over the classes of the F1 of each, as scikit-learn has it with the classes of the data as labels."""
    labels = Labels(expected)

    def counts(expected: Expected, given: Given) -> Sequence[float]:
        """For each class: right ones, ones given, ones expected."""
        counts = np.zeros((3, len(labels.names)))
        reference, got = comparable(expected.text), labels.of(given.text)
        counts[0, labels.position[reference]] = reference == got
        if got in labels.position:
            counts[1, labels.position[got]] = 1
        counts[2, labels.position[reference]] = 1
        return [float(value) for value in counts.reshape(-1)]

    def score(sums: Matrix) -> Matrix:
        """2 TP / (given + expected) of each class; one that no answer of a resample has to do with does not count."""
        right, given, reference = np.moveaxis(sums.reshape(*sums.shape[:-1], 3, -1), -2, 0)
        present: Matrix = (given + reference > 0).astype(np.float64)
        return ratio(ratio(2 * right, given + reference).sum(-1), present.sum(-1))

    return Scorer(counts, score)


ACCURACY = Metric("accuracy", "accuracy", _accuracy)
MACRO_F1 = Metric("macro_f1", "macro F1", _macro_f1)


def by_class(expected: Sequence[Expected], given: Sequence[Given]) -> list[tuple[str, float, float, float, int]]:
    """For each class its name, precision, recall, F1 and number of examples."""
    from sklearn.metrics import precision_recall_fscore_support  # a second to import, for classification only

    labels = Labels(expected)
    reference, got = [comparable(answer.text) for answer in expected], [labels.of(answer.text) for answer in given]
    scores = precision_recall_fscore_support(reference, got, labels=labels.names, zero_division=0.0)
    return [
        (name, float(p), float(r), float(f), int(n)) for name, p, r, f, n in zip(labels.names, *scores, strict=True)
    ]
