"""Wrong labels in data for classification: labels that a model trained on the other examples finds improbable."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from curate.core.lazy import Floats, Matrix, Numbers, np
from curate.core.text import normalised
from curate.corpus.strata import are_labels, is_label

FOLDS: Final = 10


def labels_of(answers: Sequence[str]) -> list[str] | None:
    """The label of each answer ("" for none), if the answers are those of data for classification."""
    found = [normalised(answer) if is_label(answer) else "" for answer in answers]
    return found if are_labels(Counter(found)) else None


def label_goodness(labels: Sequence[str], vectors: Matrix) -> Floats:
    """Cross-validated probability of each label (Northcutt et al. 2021); 1 for a label of one example only."""
    names, codes = np.unique(np.array(labels, dtype=object).astype(str), return_inverse=True)
    own = _by_regression(codes, len(names), vectors)[np.arange(len(codes)), codes]
    lonely = np.bincount(codes, minlength=len(names))[codes] < 2
    without = np.array([not label for label in labels])
    return np.asarray(np.where(lonely | without, 1.0, own))


def _by_regression(codes: Numbers, classes: int, vectors: Matrix) -> Floats:
    """Out-of-sample probabilities; the rows are in the order of their ids, so the folds do not depend on the file."""
    from sklearn.linear_model import LogisticRegression  # comes with sentence-transformers

    fold = np.arange(len(codes)) % FOLDS
    found = np.full((len(codes), classes), 1e-3)
    for part in range(FOLDS):
        there, here = fold != part, fold == part
        known = np.unique(codes[there])
        if len(known) < 2:
            found[here] = 1 / classes
            continue
        model = LogisticRegression(C=2.0, max_iter=300).fit(vectors[there], codes[there])
        found[np.ix_(here, known)] += model.predict_proba(vectors[here])
    return np.asarray(found / found.sum(axis=1, keepdims=True))
