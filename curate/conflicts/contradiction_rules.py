"""Rules that decide whether two answers to one question contradict each other, with high precision and low recall."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from curate.conflicts.alternatives import other_alternatives
from curate.conflicts.cases import are_of_other_cases, of_requested_case
from curate.conflicts.closed_values import other_closed_values
from curate.conflicts.entity_swap import different_short_answers, swapped_names
from curate.conflicts.evidence import Evidence
from curate.conflicts.json_values import json_answer, other_json_value
from curate.conflicts.labelled_values import other_labelled_values
from curate.conflicts.named_values import NAMES_PRECISION, other_named_values
from curate.conflicts.negation import (
    are_two_scenes,
    exchanged_words,
    inserted_negation,
    negation,
    opposite_words,
    yes_no_openings,
)
from curate.conflicts.numeric_contradictions import FigureClash, clashing_figures
from curate.conflicts.requested_amounts import are_of_one_topic, requested_amounts
from curate.core.lazy import lazy_pattern
from curate.language.quantity_translation import UNSPACED_LETTER
from curate.language.refusals import OPENING_CHARS, refuses
from curate.language.sentences import Aligned, aligned_sentences, is_code, sentences
from curate.language.tokens import content_words

PRECISION: Final = {
    "polarity": 0.97,
    "numbers": 0.96,
    "dates": 0.96,
    "values": 0.88,
    "refusal": 0.6,
    "negation": 0.97,
    "opposites": 0.85,
    "short answers": 0.82,
}
# A request with several valid answers: two different ones are no conflict.
OPEN_REQUEST: Final = lazy_pattern(
    r"""^\W*(?:please\s+|kindly\s+|can\ you\s+|could\ you\s+|would\ you\s+|i\ (?:want|need|would\ like)\ you\ to\s+)?
    (?:please\s+)?
    (?: write|make\ (?:me\ )?a\ list|generate|create|compose|suggest|brainstorm|imagine|invent|make\ up
      | come\ up\ with|tell\ (?:me|us)\ (?:an?|some)\b|describe|list|recommend|draft
      | rewrite|rephrase|reword|paraphrase|summari[sz]e
      | design|develop|construct|produce|craft|formulate|pretend|act\ as|role-?play|improve|edit|expand|elaborate
      | use\ .*\bin\ a\ sentence|build|propose|predict|devise|outline|discuss|continue|complete\ the\ (?:story|poem|sentence)|let's|think\ of
      | (?:give|provide|name|find|think\ of|propose|offer|show|pick|choose)(?:\ me|\ us)?
        \ (?:an?|some|any|one|two|three|four|five|six|ten|several|\d+|examples?|ideas|tips)
    )\b
    | \b(?:an?|some|two|three|five|\d+|several)\ (?:\w+\ ){0,3}(?:examples?|ideas?|tips|suggestions|synonyms?|antonyms?|ways)\b
    | \b(?:synonyms?|antonyms?|opposite|another\ (?:word|way))\ (?:of|for|to)\b
    | ^\W*(?:translate|change\ the|convert\ the\ (?:sentence|phrase|text)|correct\ the|fix\ the)\b
    | \b(?:poem|story|joke|haiku|essay|slogan|metaphor|simile|tweet|random(?:ly)?|creative(?:ly)?|your\ (?:favou?rite|opinion|thoughts?))\b""",  # noqa: E501
    re.IGNORECASE | re.VERBOSE,
)
MIN_COPIED_SHARE: Final = 0.5
"""Minimum share of common words of two answers of which one is an edited copy of the other."""
MAX_ANSWER_CHARS: Final = 20_000
"""Maximum number of characters of an answer that are compared."""


@lru_cache(16_384)
def is_open(question: str) -> bool:
    """Whether the last request has many possible answers."""
    return OPEN_REQUEST.search(question[:400]) is not None


def is_comparable(left: str, right: str) -> bool:
    """Whether both answers are in words: neither code nor a refusal."""
    return not any(is_code(answer) or refuses(answer[:OPENING_CHARS]) for answer in (left, right))


def first_contradiction(question: str, left: str, right: str) -> Evidence | None:
    """The evidence of the first rule that finds a contradiction between two answers to `question`; None without one."""
    return next(rule_contradictions(question, left, right), None)


def refusal_contradiction(left: str, right: str) -> Evidence | None:
    """The refusal and the answer, if exactly one of two answers refuses; else None."""
    if refuses(left[:OPENING_CHARS]) == refuses(right[:OPENING_CHARS]):
        return None
    return Evidence("refusal", _first_words(left), _first_words(right), PRECISION["refusal"])


def rule_contradictions(question: str, left: str, right: str) -> Iterator[Evidence]:
    """The findings of each rule about two answers to `question`, with the contradictory words: refusal, yes/no, numbers
    and dates, negation, names.

    Requests with many possible answers are checked for refusals only, code not at all. Of two answers in JSON, the
    values under equal keys are compared.
    """
    left, right = left[:MAX_ANSWER_CHARS], right[:MAX_ANSWER_CHARS]
    if refusal := refusal_contradiction(left, right):
        yield refusal
        return
    if is_open(question):
        return
    parsed = json_answer(left), json_answer(right)
    if None not in parsed:
        if value := other_json_value(*parsed):
            yield value
        return
    if is_code(left) or is_code(right):
        return
    pairs = [pair for pair in aligned_sentences(left, right) if pair.left != pair.right]
    yield from _given_values(question, left, right, pairs)
    if refuses(left[:OPENING_CHARS]):  # some refusals still give an answer after the apology
        return
    if openings := yes_no_openings(left, right):
        yield Evidence("polarity", *openings, PRECISION["polarity"])
    in_sentences = list(_sentence_contradictions(question, left, right, pairs))
    yield from in_sentences
    if short := different_short_answers(question, left, right):
        yield Evidence("short answers", *short, PRECISION["short answers"])
    elif not any(item.source == "values" for item in in_sentences) and (
        named := other_named_values(question, left, right)
    ):
        yield Evidence("values", *named, NAMES_PRECISION)


def _given_values(question: str, left: str, right: str, pairs: Sequence[Aligned]) -> Iterator[Evidence]:
    """The first amounts, times, closed values or alternatives that two answers give differently, if there are any."""
    if figures := _figures(question, left, right, pairs):
        if not are_of_other_cases(question, left, right, figures[1:]):
            yield Evidence(figures[0], figures[1], figures[2], PRECISION[figures[0]])
    elif (requested := _requested_value(question, left, right)) is not None:
        yield from requested
    elif (
        (of_case := of_requested_case(question, left, right))
        and (figures := clashing_figures(question, of_case[0], of_case[1], aligned_sentences(*of_case)))
        and figures[1].strip(".,") not in right
        and figures[2].strip(".,") not in left
    ):
        yield Evidence(figures[0], figures[1], figures[2], PRECISION[figures[0]])


def _figures(question: str, left: str, right: str, pairs: Sequence[Aligned]) -> FigureClash | None:
    """What `clashing_figures` finds; None for long answers in a script without spaces, whose units it cannot read."""
    if UNSPACED_LETTER.search(left) and are_of_one_topic(left, right):
        return None
    return clashing_figures(question, left, right, pairs)


def _requested_value(question: str, left: str, right: str) -> list[Evidence] | None:
    """The first amount, closed value, alternative, labelled number or marked name that a question asks for and that two
    answers give differently; empty for amounts of two cases; None if there is none.
    """
    if amounts := requested_amounts(question, left, right):
        return [] if are_of_other_cases(question, left, right, amounts[1:3]) else [Evidence(*amounts)]
    if closed := other_closed_values(question, left, right):
        return [Evidence(*closed)]
    if choices := other_alternatives(question, left, right):
        return [Evidence("values", *choices)]
    if labelled := other_labelled_values(question, left, right):
        return [Evidence(*labelled)]
    return None


def _sentence_contradictions(question: str, left: str, right: str, pairs: Sequence[Aligned]) -> Iterator[Evidence]:
    """The findings about the aligned sentences of two answers, one of each source at most."""
    question_words, alone = content_words(question), len(sentences(left)) == len(sentences(right)) == 1
    copied = share_of_common_words(left, right) >= MIN_COPIED_SHARE
    rules: list[tuple[str, Callable[[Aligned], tuple[str, str] | None]]] = [
        ("negation", negation), ("opposites", opposite_words), ("values", swapped_names),
    ]  # fmt: skip
    if copied:
        rules += [("negation", inserted_negation), ("opposites", exchanged_words)]
    sources: set[str] = set()
    for source, rule in rules:
        # Both sentences are certain to be about the same thing only if they share a word of the question, or if one
        # answer is an edited copy of the other. A negation needs no such word.
        about = (
            pairs
            if source == "negation" or (question_words and alone) or copied
            else [pair for pair in pairs if question_words & content_words(pair.left) & content_words(pair.right)]
        )
        evidence = next(
            (
                differing
                for pair in about
                if source not in sources
                and (differing := rule(pair))
                and not (
                    source == "opposites"
                    and are_two_scenes(pair, differing)
                    and question_words.isdisjoint(content_words(pair.left) & content_words(pair.right))
                )
            ),
            None,
        )
        if evidence:
            sources.add(source)
            yield Evidence(source, *evidence, PRECISION[source])


def requested_contradictions(question: str, left: str, right: str) -> Iterator[Evidence]:
    """A refusal against an answer, or the amounts and names that a question asks for and that two answers in words give
    differently, whatever else they say.
    """
    if refusal := refusal_contradiction(left, right):
        yield refusal
    elif not is_open(question) and is_comparable(left, right):
        yield from _requested_value(question, left, right) or ()
        if named := other_named_values(question, left, right):
            yield Evidence("values", *named, NAMES_PRECISION)


def share_of_common_words(left: str, right: str) -> float:
    """Share of the words of meaning of two texts that both have, from 0 to 1."""
    left_words, right_words = content_words(left), content_words(right)
    return len(left_words & right_words) / max(1, len(left_words | right_words))


def _first_words(text: str) -> str:
    return " ".join(text.split()[:8])
