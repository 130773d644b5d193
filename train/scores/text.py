"""Metrics of texts: exact match, words, BLEU and chrF as sacrebleu counts them, ROUGE by its package, perplexity."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from curate.core.errors import requiring
from curate.core.text import normalised, words
from train.scores.metric import Expected, Given, Matrix, Metric, Scorer, mean_of, ratio


def comparable(text: str) -> str:
    """Normalized text without surrounding punctuation; punctuation alone, such as a rating of stars, is kept."""
    normalised_text = normalised(text)
    return normalised_text.strip(" \t.!,;:\"'`*") or normalised_text


def composed(text: str) -> str:
    """The text in Unicode's form NFC: an accent of its own is no other answer."""
    return unicodedata.normalize("NFC", text)


def same(expected: Expected, given: Given) -> float:
    """1 if the answers are equal except for case, white space and surrounding punctuation."""
    return float(comparable(expected.text) == comparable(given.text))


def token_f1(expected: Expected, given: Given) -> float:
    """F1 of the words, as in SQuAD (Rajpurkar et al. 2016), but English articles count."""
    reference, got = (Counter(words(normalised(text))) for text in (expected.text, given.text))
    if not reference or not got:
        return same(expected, given)
    shared = (reference & got).total()
    return 2 * shared / (reference.total() + got.total())


EXACT_MATCH = Metric("exact_match", "exact match", mean_of(same))
TOKEN_F1 = Metric("token_f1", "token F1", mean_of(token_f1))


CHRF_ORDER: Final = 6
CHRF_BETA: Final = 2.0
"""Weight of recall against precision (Popovic 2015)."""
GRAMS: Final = 4
"""Longest run of words that BLEU counts."""


def _bleu(expected: Sequence[Expected]) -> Scorer:  # noqa: ARG001
    """Corpus BLEU with sacrebleu's tokenizer `13a` and exponential smoothing, in 0 to 1."""
    with requiring("BLEU", "evaluation", "sacrebleu"):
        from sacrebleu import metrics
    bleu = metrics.BLEU(effective_order=True)

    def counts(expected: Expected, given: Given) -> Sequence[float]:
        """Runs of one to four words that both have, that the answer has, and the lengths of both."""
        counted = bleu.sentence_score(composed(given.text), [composed(expected.text)])
        return [float(count) for count in (*counted.counts, *counted.totals, counted.sys_len, counted.ref_len)]

    def score(sums: Matrix) -> Matrix:
        """Brevity penalty times the geometric mean of the precisions, smoothed (Chen and Cherry 2014, method 3)."""
        right, total = sums[..., :GRAMS], sums[..., GRAMS : 2 * GRAMS]
        given, reference_length = sums[..., -2], sums[..., -1]
        missing = (right == 0) & (total > 0)
        smoothed = np.where(missing, 1 / 2.0 ** np.cumsum(missing, axis=-1), right)
        logs = np.log(np.maximum(ratio(smoothed, total), 1e-300)).mean(-1)
        penalty = np.exp(np.minimum(0.0, 1 - ratio(reference_length, np.maximum(given, 1e-300))))
        values: Matrix = np.where((right[..., 0] > 0) & (total[..., -1] > 0), penalty * np.exp(logs), 0.0)
        return values

    return Scorer(counts, score)


def _chrf_counts(expected: Expected, given: Given) -> Sequence[float]:
    """For each length: runs that the answer has, that the data has, that both have; white space is left out."""
    counts = []
    for size in range(1, CHRF_ORDER + 1):
        got, reference = _character_runs(given.text, size), _character_runs(expected.text, size)
        # Of a text that is too short for a run of this length nothing can be said.
        counts += [float(got.total() if reference else 0), float(reference.total()), float((got & reference).total())]
    return counts


def _chrf_score(sums: Matrix) -> Matrix:
    """F2 of the mean precision and recall over the lengths that occur on both sides, in 0 to 1; sacrebleu's `chrF2`."""
    got, reference, shared = np.moveaxis(sums.reshape(*sums.shape[:-1], CHRF_ORDER, 3), -1, 0)
    counted = ((got > 0) & (reference > 0)).astype(np.float64)
    number = counted.sum(-1)
    precision, recall = (ratio((ratio(shared, of) * counted).sum(-1), number) for of in (got, reference))
    return ratio((1 + CHRF_BETA**2) * precision * recall, CHRF_BETA**2 * precision + recall)


def _character_runs(text: str, size: int) -> Counter[str]:
    """The runs of `size` characters in a text without white space, with their counts."""
    joined = "".join(composed(text).split())
    return Counter(joined[start : start + size] for start in range(len(joined) - size + 1))


class _Words:
    """Tokenizer for ROUGE; its own handles ASCII only and finds texts in other scripts empty."""

    def tokenize(self, text: str) -> list[str]:
        from rouge_score.tokenize import tokenize

        return list(tokenize(text, None)) if text.isascii() else words(composed(text).lower())


def _rouge(kind: str, expected: Expected, given: Given) -> float:
    """F1 of the ROUGE score `kind`, such as `rougeL`."""
    return float(_rouge_scorer().score(expected.text, given.text)[kind].fmeasure)


@cache
def _rouge_scorer() -> Any:
    with requiring("ROUGE", "evaluation", "rouge-score"):
        from rouge_score.rouge_scorer import RougeScorer  # brings nltk along: only when free text is measured
    return RougeScorer(["rouge1", "rougeL"], tokenizer=_Words())


def _perplexity(sums: Matrix) -> Matrix:
    """exp of the mean cross-entropy per token of the expected answers, in nats, capped at 1e30."""
    return np.exp(np.minimum(ratio(sums[..., 0], sums[..., 1]), 69.0))


BLEU = Metric("bleu", "BLEU", _bleu)
CHRF = Metric("chrf", "chrF", lambda _: Scorer(_chrf_counts, _chrf_score))
ROUGE_1 = Metric("rouge_1", "ROUGE-1", mean_of(lambda expected, given: _rouge("rouge1", expected, given)))
ROUGE_L = Metric("rouge_l", "ROUGE-L", mean_of(lambda expected, given: _rouge("rougeL", expected, given)))
PERPLEXITY = Metric(
    "perplexity", "answer perplexity",
    lambda _: Scorer(lambda _, given: (given.loss, float(given.tokens)), _perplexity), higher=False, percent=False,
)  # fmt: skip
