"""Wrong labels in data for classification: labels with a low probability by a model trained on the other examples."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from curate.core.lazy import Floats, Matrix, Numbers, np
from curate.core.text import normalised
from curate.corpus.strata import are_labels, is_label

FOLDS: Final = 10


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
