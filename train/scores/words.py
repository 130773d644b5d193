"""Metrics of short answers: the same answer, the same words."""

from collections import Counter

from curate.text import normalised, words
from train.scores.metric import Expected, Given, Metric, mean_of


def plain(text: str) -> str:
    """An answer as it is compared: one spelling, without what stands around it."""
    return normalised(text).strip(" \t.!,;:\"'`*")


def same(expected: Expected, given: Given) -> float:
    """1 where the answer is the expected one but for case, white space and a full stop."""
    return float(plain(expected.text) == plain(given.text))


def token_f1(expected: Expected, given: Given) -> float:
    """Harmonic mean of precision and recall of the words, as SQuAD measures it (Rajpurkar et al. 2016) but for its English articles, which count here."""
    wanted, got = (Counter(words(normalised(text))) for text in (expected.text, given.text))
    if not wanted or not got:
        return float(wanted == got)
    shared = (wanted & got).total()
    return 2 * shared / (wanted.total() + got.total())


EXACT_MATCH = Metric("exact_match", "exact match", mean_of(same))
TOKEN_F1 = Metric("token_f1", "token F1", mean_of(token_f1))
