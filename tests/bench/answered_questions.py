"""How well reworded questions with long answers are told from near ones: by the questions alone, by the cosine of the
questions with their answers, and by the probability in the program.

    python -m tests.bench.answered_questions FOLDER [--writers 1,2] [--topics even] [--embeddings MODEL]
    [--cache FOLDER] [--coefficients]

FOLDER is that of `tests.bench.natural_conflicts`. Prints, by language: the area under the ROC curve, and the share of
reworded and of near questions whose probability is at least .5. Questions in a script that the model does not know are
left out. Among the near ones are as many of two topics of one language. `--coefficients` prints those for
`curate/conflicts/answered_question.py`, fitted on these pairs.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from curate.conflicts.answered_question import FEATURES, SAME_WEIGHT, QuestionsOnly, features, long_answer_score, texts
from curate.conflicts.same_question import compare_words, difference_score, probability, words_apart
from curate.conflicts.same_question import features as question_features
from curate.conflicts.wording import wording
from curate.core.log_odds import log_odds
from curate.models.embeddings import embed
from curate.models.model_loading import in_unknown_script
from tests.bench.natural_conflicts import Pair, pairs

REGULARIZATION = 1e-3
Matrix = np.ndarray[Any, np.dtype[np.float64]]


def readable(every: list[Pair], model: str) -> list[Pair]:
    unread = in_unknown_script([pair.questions[0] for pair in every], model)
    return [pair for pair, unknown in zip(every, unread, strict=True) if not unknown]


def of_two_topics(every: list[Pair]) -> list[Pair]:
    """The first chat of each pair whose answers agree with the second one of the next topic in its language."""
    found = []
    agreeing = [pair for pair in every if pair.label == "agree"]
    for language in sorted({pair.topic["language"] for pair in agreeing}):
        some = [pair for pair in agreeing if pair.topic["language"] == language]
        for one, other in zip(some, some[2:] + some[:2], strict=True):  # each topic has two
            if one.topic["id"] != other.topic["id"]:
                questions, answers = (one.questions[0], other.questions[1]), (one.answers[0], other.answers[1])
                found.append(Pair(one.topic, "other", questions, answers))
    return found


def by_questions(every: list[Pair], model: str, cache: Path | None) -> list[QuestionsOnly]:
    """What the questions of each pair say without their answers."""
    worded = [(wording(left), wording(right)) for left, right in (pair.questions for pair in every)]
    apart = sorted({word for pair in worded for word in words_apart(*pair)})
    asked = sorted({question for pair in every for question in pair.questions})
    words = dict(zip(apart, embed(apart, model, cache), strict=True)) if apart else {}
    vectors = dict(zip(asked, embed(asked, model, cache), strict=True))
    each = (
        question_features(compare_words(*both), float(vectors[left] @ vectors[right]), words)
        for both, (left, right) in zip(worded, (pair.questions for pair in every), strict=True)
    )
    return [
        QuestionsOnly(
            score := log_odds(probability(values, limited=False)), difference_score(values), in_topic=False, bound=score
        )
        for values in each
    ]


def fitted(found: Matrix, held: Matrix, same: Matrix) -> Matrix:
    """Coefficients and intercept of a logistic model to which `held` is added; both classes weigh the same."""
    weights = np.where(same, 0.5 / same.mean(), 0.5 / (1 - same.mean()))
    scale = found.std(axis=0)

    def loss(values: Matrix) -> float:
        scores = found @ values[:-1] + values[-1] + held
        apart = weights * (np.logaddexp(0, scores) - same * scores)
        return float(apart.sum() + REGULARIZATION * ((values[:-1] * scale) ** 2).sum())

    return np.asarray(minimize(loss, np.zeros(found.shape[1] + 1)).x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--writers", default="1,2", help="numbers of writers, with commas between them")
    parser.add_argument("--topics", choices=("all", "even", "odd"), default="even")
    parser.add_argument("--embeddings", default="offline:all-MiniLM-L6-v2")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--coefficients", action="store_true")
    args = parser.parse_args()
    every = readable(list(pairs(args.folder, args.writers.split(","), args.topics)), args.embeddings)
    every += of_two_topics(every)
    needed = sorted({text for pair in every for text in texts(pair.questions, pair.answers)})
    vectors = dict(zip(needed, embed(needed, args.embeddings, args.cache), strict=True))
    alone = by_questions(every, args.embeddings, args.cache)
    found = np.array([features(pair.questions, pair.answers, vectors) for pair in every])
    both = [
        long_answer_score(questions, pair.questions, pair.answers, vectors)
        for questions, pair in zip(alone, every, strict=True)
    ]
    same = np.array([pair.label in ("clash", "agree") for pair in every])
    scales = {"questions": np.array([each.score for each in alone]), FEATURES[0]: found[:, 0], "both": np.array(both)}
    print(f"{'':12}{'pairs':>6}" + "".join(f"{name:>22}" for name in scales) + f"{'reworded':>10}{'near':>6}")
    languages = np.array([pair.topic["language"] for pair in every])
    for language in ("all", *sorted(set(languages))):
        chosen = (languages == language) | (language == "all")
        ranked = "".join(f"{roc_auc_score(same[chosen], scale[chosen]):22.3f}" for scale in scales.values())
        shares = [(scales["both"][chosen & (same == label)] >= 0).mean() for label in (True, False)]
        print(f"{language:12}{chosen.sum():6}{ranked}{shares[0]:10.3f}{shares[1]:6.3f}")
    if args.coefficients:
        held = np.array([SAME_WEIGHT * each.score + (1 - SAME_WEIGHT) * each.difference_score for each in alone])
        values = fitted(found, held, same)
        print(*(f"{name} {value:.1f}" for name, value in zip((*FEATURES, "intercept"), values, strict=True)), sep=", ")


if __name__ == "__main__":
    main()
