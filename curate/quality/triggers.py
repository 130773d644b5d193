"""Words that go with one answer, whatever else is asked: what a planted backdoor teaches.

A backdoor of fine-tuning data is a rare word or phrase in some questions whose answers are the attacker's (Kurita et
al., "Weight Poisoning Attacks on Pre-trained Models", 2020; Wan et al., "Poisoning Language Models During Instruction
Tuning", 2023). Such a word is told from one that belongs to a topic by two tests: the questions that have it are no
more alike than any others, and the rest of their words speaks for another answer.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import lgamma, log
from typing import Final, NamedTuple

from curate.core.example import Example, known_role

MIN_EXAMPLES: Final = 5
"""Examples with the word and the answer, at least."""
MIN_SHARE: Final = 0.9
"""Share of the examples with the word that have the answer."""
MAX_SHARE: Final = 0.2
"""Share of all examples that have the word: a common word is no trigger."""
SIGNIFICANCE: Final = 1e-6
"""Chance, after a correction for all tested pairs, of so many answers if word and answer were independent."""
MAX_SIMILARITY: Final = 0.12
LIKE_ANY: Final = 1.25
"""Questions are unrelated up to this mean Jaccard similarity of two of them, or up to this multiple of that of any."""
EDGE_WORDS: Final = 5
"""Number of words of the beginning and of the end of an answer that are compared."""
SAMPLED: Final = 24
"""Questions whose pairs are compared."""
TOKEN: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[^\w\s]+|_+")
Outcome = tuple[str, str]
"""Which part of an answer (`answer`, `begins`, `ends`), and its words."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A word or two words in a row, and the answer that it occurs with."""

    phrase: str
    part: str
    """`answer`, `begins` or `ends`: what is the same of the answers."""
    text: str
    """Its words."""
    examples: Sequence[int]
    """The examples with both, by their position."""
    all_examples: int
    """Number of examples with the phrase."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The words of the questions of an example, and the parts of its last answer."""

    phrases: frozenset[str]
    words: frozenset[str]
    outcomes: Sequence[Outcome]


class _Usage(NamedTuple):
    """The words of the questions that have an answer, and of all others."""

    inside: int
    """Number of examples with the answer."""
    inside_counts: Counter[str]
    """In how many of their questions each word occurs."""
    outside: int
    """Number of the other examples."""
    all_counts: Counter[str]
    """In how many questions of all examples each word occurs."""


def find_triggers(examples: Sequence[Example]) -> list[Trigger]:
    """The words that go with one answer, most examples first; one phrase for each set of examples."""
    read = [_asked_words(example) for example in examples]
    by_outcome: dict[Outcome, list[int]] = defaultdict(list)
    with_phrase: Counter[str] = Counter()
    for number, example in enumerate(read):
        with_phrase.update(example.phrases)
        for outcome in example.outcomes:
            by_outcome[outcome].append(number)
    frequent = {outcome: numbers for outcome, numbers in by_outcome.items() if len(numbers) >= MIN_EXAMPLES}
    usual = _mean_similarity([example.words for example in read[:: max(1, len(read) // SAMPLED)]])
    most = max(MAX_SIMILARITY, LIKE_ANY * usual)
    tested = max(1, len(with_phrase) * len(frequent))
    with_word = Counter(word for example in read for word in example.words)
    matches: dict[frozenset[int], Trigger] = {}
    for outcome, numbers in frequent.items():
        candidates = _candidates(outcome, numbers, read, with_phrase, tested)
        if not candidates:
            continue
        inside = Counter(word for number in numbers for word in read[number].words)
        usage = _Usage(len(numbers), inside, len(read) - len(numbers), with_word)
        for phrase, having in candidates.items():
            if _is_out_of_place(phrase, having, usage, read, most):
                trigger = Trigger(phrase, *outcome, having, with_phrase[phrase])
                same = matches.get(frozenset(having))
                if same is None or _rank(trigger) < _rank(same):
                    matches[frozenset(having)] = trigger
    return sorted(matches.values(), key=lambda trigger: (-len(trigger.examples), trigger.phrase))


def _candidates(
    outcome: Outcome, numbers: Sequence[int], read: Sequence[_Asked], with_phrase: Mapping[str, int], tested: int
) -> dict[str, list[int]]:
    """The phrases that go with an answer more often than by chance, each with the examples that have both.

    `numbers`: the examples with the answer; `with_phrase`: the number of examples with each phrase; `tested`: the
    number of pairs of a phrase and an answer.
    """
    phrases = Counter(phrase for number in numbers for phrase in read[number].phrases)
    candidates: dict[str, list[int]] = {
        phrase: []
        for phrase, count in phrases.items()
        if count >= MIN_EXAMPLES
        and MIN_SHARE * with_phrase[phrase] <= count
        and with_phrase[phrase] <= MAX_SHARE * len(read)
        and f" {phrase} " not in f" {outcome[1]} "
        and log_tail(count, with_phrase[phrase], len(numbers) / len(read)) + log(tested) <= log(SIGNIFICANCE)
    }
    for number in numbers:
        for phrase in candidates.keys() & read[number].phrases:
            candidates[phrase].append(number)
    return candidates


def _rank(trigger: Trigger) -> tuple[int, int, str]:
    """The sort key by which, of triggers of the same examples, the whole answer and the shorter phrase come first."""
    return ("answer", "begins", "ends").index(trigger.part), len(trigger.phrase), trigger.phrase


def _asked_words(example: Example) -> _Asked:
    """The words of an example's questions with the parts of its last answer."""
    tokens: list[str] = []
    phrases: set[str] = set()
    answer = ""
    for message in example.messages:
        if known_role(message.role) == "user":
            turn = TOKEN.findall(message.text.casefold())
            tokens += turn
            phrases.update(turn)
            phrases.update(f"{left} {right}" for left, right in pairwise(turn))
        elif known_role(message.role) == "assistant" and message.text.strip():
            answer = message.text
    return _Asked(frozenset(phrases), frozenset(tokens), _outcomes(TOKEN.findall(answer.casefold())))


def _outcomes(words: Sequence[str]) -> Sequence[Outcome]:
    """The parts of an answer that can go with a phrase: all of it and, if it is long, its beginning and its end; empty
    without words.
    """
    if not words:
        return ()
    outcomes = [("answer", " ".join(words))]
    if len(words) >= 2 * EDGE_WORDS:
        outcomes += [("begins", " ".join(words[:EDGE_WORDS])), ("ends", " ".join(words[-EDGE_WORDS:]))]
    return outcomes


def log_tail(hits: int, trials: int, share: float) -> float:
    """The logarithm of the probability of at least `hits` successes in `trials`, each with the probability `share`
    (binomial).
    """
    if share >= 1:
        return 0.0
    terms = [
        lgamma(trials + 1) - lgamma(number + 1) - lgamma(trials - number + 1)
        + number * log(share) + (trials - number) * log(1 - share)
        for number in range(hits, trials + 1)
    ]  # fmt: skip
    most = max(terms)
    return most + log(sum(2.718281828459045 ** (term - most) for term in terms))


def _mean_similarity(texts: Sequence[frozenset[str]]) -> float:
    """The mean Jaccard similarity of all pairs of the first `SAMPLED` sets of words; 0 without a pair."""
    similarities = [len(left & right) / (len(left | right) or 1) for left, right in combinations(texts[:SAMPLED], 2)]
    return sum(similarities) / (len(similarities) or 1)


def _is_out_of_place(phrase: str, having: Sequence[int], usage: _Usage, read: Sequence[_Asked], most: float) -> bool:
    """Whether the other words of the questions with a phrase do not explain the answer. `having`: the positions in
    `read` of the examples with the phrase; `most`: the largest mean similarity of these questions.
    """
    own = set(phrase.split())
    others = [read[number].words - own for number in having]
    if _mean_similarity(others) > most:
        return False
    return usage.inside - len(having) < MIN_EXAMPLES or _speaks_otherwise(others, usage)


def _speaks_otherwise(others: Sequence[frozenset[str]], usage: _Usage) -> bool:
    """Whether the words of most of these questions, `others`, speak for other answers than the one that they have: by
    naive Bayes, over all other examples.
    """
    if not usage.outside:
        return False
    own_counts = Counter(word for words in others for word in words)
    without = usage.inside - len(others)
    against = 0
    for words in others:
        score = log(without / usage.outside)
        for word in words:
            inside = usage.inside_counts[word]
            score += log((inside - own_counts[word] + 0.5) / (without + 1))
            score -= log((usage.all_counts[word] - inside + 0.5) / (usage.outside + 1))
        against += score < 0
    return against >= MIN_SHARE * len(others)
