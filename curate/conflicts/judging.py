"""Judges pairs of answers by rules, then by the NLI model if there is one. A judge, if there is one, overrides both."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from curate.conflicts.answer_polarity import HEDGE, opposite_polarity
from curate.conflicts.answer_reader import (
    MIN_COPY_PROBABILITY,
    PRECISION,
    AnswerComparison,
    compare_answers,
    compare_copies,
    contradict,
    is_brief,
    may_be_copies,
)
from curate.conflicts.answer_swap import FACT_RULES, AnsweredPair, with_answers
from curate.conflicts.candidate_pairs import Nominee
from curate.conflicts.code_settings import SETTINGS_PRECISION, other_settings
from curate.conflicts.contradiction_rules import (
    MIN_COPIED_SHARE,
    is_comparable,
    requested_contradictions,
    rule_contradictions,
    share_of_common_words,
)
from curate.conflicts.evidence import Evidence, confidence
from curate.conflicts.labels import labels_clash
from curate.conflicts.nli import contradictions, duplicates, entailments, have_something_in_common
from curate.conflicts.paraphrase_filter import answers_agree
from curate.conflicts.question import Question
from curate.conflicts.requested_amounts import MAX_WORDS, word_count
from curate.conflicts.requested_kinds import asked_part, asks_for_an_amount_alone
from curate.conflicts.same_question import difference_score, probability
from curate.conflicts.verdicts import VERDICT_PRECISION, opposite_verdicts, verdicts_agree
from curate.core.config import ConflictsConfig
from curate.core.events import Advance
from curate.core.text import plural
from curate.language.negation import without_yes_or_no
from curate.language.precise_requests import asks_yes_or_no
from curate.language.refusals import OPENING_CHARS, refuses
from curate.language.sentences import sentences
from curate.language.tokens import content_words
from curate.language.verdict_words import NAME_QUESTION
from curate.models.model_loading import in_unknown_script

LIST_POINT: Final = re.compile(r"(?m)^\s*(?:[-*•]|\(?\d{1,2}[.)])\s+\S")
MIN_LIST_POINTS: Final = 3
"""Points of an answer that is a list."""
MIN_PASSAGE_WORDS: Final = 40
"""Words from which an answer that has no word of the question is about something else."""
CREATIVE_REQUEST: Final = re.compile(
    r"\b(?:tips|steps|ideas?|plan|itinerary|recipe|email|letter|paragraph|article|script|lyrics|dialogue|caption|headline|title|name for|advice"  # noqa: E501
    r"|strateg(?:y|ies)"
    r"|how (?:can|do|should|would) (?:i|we|you|one|people)|how to)\b",
    re.IGNORECASE,
)
"""Asks for what may be done in many ways."""


def is_weak(question: str, left: str, right: str) -> bool:
    """Whether a model's verdict alone about two answers gets half of the confidence."""
    if CREATIVE_REQUEST.search(question) and min(len(left.split()), len(right.split())) > MIN_PASSAGE_WORDS // 2:
        return True
    return any(_is_weak(question, answer) for answer in (left, right))


def _is_weak(question: str, answer: str) -> bool:
    if len(LIST_POINT.findall(answer)) >= MIN_LIST_POINTS or HEDGE.search(next(iter(sentences(answer)), answer)):
        return True
    return len(answer.split()) > MIN_PASSAGE_WORDS and content_words(question).isdisjoint(content_words(answer))


MAX_READ_PAIRS: Final = 3_000
"""Number of pairs of answers that a model reads at most; a pair takes 0.03 to 0.2 s of processor time."""
FINAL_RULES: Final = frozenset(("refusal", "label"))
"""Rules whose verdict is final: no model is asked."""
LABEL_PRECISION: Final = 0.95


class JudgeVerdict(NamedTuple):
    """A judge's verdict about two answers."""

    clash: bool
    why: str
    """In the judge's words."""


class Judge(Protocol):
    """Can be asked whether two answers to one question contradict each other."""

    def judge(self, pairs: Sequence[tuple[Question, Question]]) -> Sequence[JudgeVerdict | None]:
        """A verdict for each pair, None if there is none. Raises `CurateError` if it cannot continue."""
        ...


class Judged(NamedTuple):
    """A pair of answers and its evidence."""

    nominee: Nominee
    evidence: tuple[Evidence, ...]
    """Empty: both answers may be true."""
    score: float
    """Confidence from 0 to 1 that they clash; also for pairs without evidence, if a model was asked."""
    unrelated: bool = False
    """Whether the questions differ and the answers have nothing in common, so that only refusals and what the questions
    ask for count.
    """


def by_rules(nominee: Nominee, settings: frozenset[str] = frozenset()) -> Judged:
    """The rules' evidence about a pair and its confidence; no evidence and 0 if no rule finds a contradiction.

    `settings`: those of `Question.setting` in which answers are labels (see `label_settings`).
    """
    left, right = nominee.left, nominee.right
    if not nominee.systems_differ and labels_clash(
        left, right, settings
    ):  # a system prompt defines which labels are valid
        evidence: tuple[Evidence, ...] = (
            Evidence("label", left.answer.strip(), right.answer.strip(), LABEL_PRECISION),
        )
        return Judged(nominee, evidence, confidence(evidence))
    unrelated = nominee.similarity < 1 and not have_something_in_common(left.prose, right.prose)
    contradictions_of = requested_contradictions if unrelated else rule_contradictions
    candidates = contradictions_of(_both_questions(nominee), left.prose, right.prose)
    evidence = tuple(item for item in candidates if item.source in FINAL_RULES or not left.is_open)
    if not left.is_open and (setting := other_settings(_both_questions(nominee), left.answer, right.answer)):
        evidence = (Evidence("values", *setting, SETTINGS_PRECISION), *evidence)
    verdict, precision = _polarity(nominee)
    if verdict < 0 and not (
        any(item.source in ("polarity", *FINAL_RULES) for item in evidence)
        or left.is_open
        or (refuses(left.prose[:OPENING_CHARS]) and refuses(right.prose[:OPENING_CHARS]))
    ):
        evidence = (
            Evidence("polarity", _first_sentence(left.prose), _first_sentence(right.prose), precision),
            *evidence,
        )
    if verdict == 0 and not left.is_open and is_comparable(left.prose, right.prose):
        opposite = opposite_verdicts((left.request, right.request), (left.prose, right.prose))
        if opposite and not any(item.source == "polarity" for item in evidence):
            evidence = (Evidence("polarity", *opposite, VERDICT_PRECISION), *evidence)
    if verdict > 0:  # both say yes, or both no: only numbers can still differ
        evidence = tuple(item for item in evidence if item.source in FACT_RULES)
    return Judged(nominee, evidence, confidence(evidence), unrelated)


def by_model(
    judged: Iterable[Judged],
    config: ConflictsConfig,
    cache: Path | None = None,
    progress: Advance | None = None,
    notes: list[str] | None = None,
) -> list[Judged]:
    """Add the NLI model's evidence about answers to questions with one answer. Raises as `contradictions` does.

    Both directions must report a contradiction, unless a rule does too. Adds to `notes` how many pairs only rules
    judge: those in a script that the model does not support.
    """
    results: list[Judged] = []
    asked_indices: list[int] = []
    for index, item in enumerate(judged):
        results.append(item)
        # If the answers agree, the model's verdict alone is no conflict.
        if _can_be_judged(item) and (item.evidence or not (item.unrelated or _answers_agree(item.nominee))):
            asked_indices.append(index)
    sides = zip(
        *((results[index].nominee.left.prose, results[index].nominee.right.prose) for index in asked_indices),
        strict=True,
    )
    unread = [any(pair) for pair in zip(*(in_unknown_script(side, config.nli) for side in sides), strict=True)]
    if any(unread) and notes is not None:
        notes.append(
            f"{plural(sum(unread), 'pair')} of answers in a script that {config.nli} does not know "
            "judged by rules alone"
        )
    asked_indices = [index for index, not_read in zip(asked_indices, unread, strict=True) if not not_read]
    pairs = [_answers(results[index].nominee) for index in asked_indices]
    least = [0.0 if results[index].evidence else config.contradiction for index in asked_indices]
    reworded = [results[index].nominee.similarity < 1 for index in asked_indices]
    for index, verdict in zip(
        asked_indices, contradictions(pairs, config.nli, cache, progress, least, reworded), strict=True
    ):
        nominee, evidence = results[index][:2]
        probability = verdict.either if evidence else verdict.probability
        if probability >= config.contradiction:
            evidence = (*evidence, Evidence("nli", verdict.left, verdict.right, round(probability, 4)))
        score = confidence(evidence, probability)
        alone = all(item.source == "nli" for item in evidence)
        if alone and is_weak(_both_questions(nominee), nominee.left.prose, nominee.right.prose):
            score /= 2
        results[index] = Judged(nominee, evidence, score)
    return results


def by_reader(
    judged: Sequence[Judged],
    config: ConflictsConfig,
    cache: Path | None = None,
    progress: Advance | None = None,
    notes: list[str] | None = None,
) -> list[Judged]:
    """Add the evidence of a model that reads answers, about pairs without other evidence whose questions may be the
    same: edited copies together, then each answer with its question. Raises as `compare_answers` does.

    Of more than `MAX_READ_PAIRS`, those are read whose questions are most probably the same, and `notes` says how many
    are not.
    """
    results = list(judged)

    def chosen(is_read: Callable[[Judged], bool]) -> list[int]:
        indices = [index for index, item in enumerate(results) if not item.evidence and is_read(item)]
        return _most_alike(results, indices, config, notes)

    def add(index: int, verdict: AnswerComparison) -> None:
        left, right = results[index].nominee[:2]
        words = verdict.left or _first_sentence(left.prose), verdict.right or _first_sentence(right.prose)
        score = round(min(verdict.probability, PRECISION), 4)
        results[index] = results[index]._replace(evidence=(Evidence("reader", *words, score),), score=score)

    indices = chosen(_are_copies)
    copies = [(left.prose, right.prose) for left, right in (results[index].nominee[:2] for index in indices)]
    for index, verdict in zip(indices, compare_copies(copies, config.reader, cache, progress), strict=True):
        if verdict.probability >= MIN_COPY_PROBABILITY:
            add(index, verdict)
    indices = chosen(_can_be_read)
    pairs = [
        ((left.request, right.request), (left.prose, right.prose))
        for left, right in (results[index].nominee[:2] for index in indices)
    ]
    for index, verdict in zip(indices, compare_answers(pairs, config.reader, cache, progress), strict=True):
        left, right = results[index].nominee[:2]
        if contradict(verdict, (left.prose, right.prose)):
            add(index, verdict)
    return results


def _most_alike(
    results: Sequence[Judged], indices: list[int], config: ConflictsConfig, notes: list[str] | None
) -> list[int]:
    """The `MAX_READ_PAIRS` of some pairs whose questions are most probably the same, in order."""
    if (left_out := len(indices) - MAX_READ_PAIRS) > 0:
        indices = sorted(sorted(indices, key=lambda index: -results[index].nominee.same)[:MAX_READ_PAIRS])
        if notes is not None:
            notes.append(
                f"{plural(left_out, 'pair')} of answers not read by {config.reader}: it reads the {MAX_READ_PAIRS:,} "
                "pairs whose questions are most alike"
            )
    return indices


def _are_copies(item: Judged) -> bool:
    """Whether a model reads both answers together."""
    answers = item.nominee.left.prose, item.nominee.right.prose
    return _can_be_judged(item) and share_of_common_words(*answers) >= MIN_COPIED_SHARE and may_be_copies(answers)


def _can_be_read(item: Judged) -> bool:
    """Whether a model reads both answers: they are of a length that it is meant for, no question asks for an amount,
    which it does not compare, and no rule reads the same verdict in both.
    """
    left, right = item.nominee[:2]
    if any(asks_for_an_amount_alone(side.request) for side in (left, right)):
        return False
    if is_brief((left.prose, right.prose)):  # to read the many of them would take long
        asks_name = all(NAME_QUESTION.search(asked_part(side.request)) for side in (left, right))
        return asks_name and _can_be_judged(item)
    answers = left.prose, right.prose
    return (
        max(map(word_count, answers)) <= MAX_WORDS
        and _can_be_judged(item)
        and not verdicts_agree((left.request, right.request), answers)
    )


def _answers(nominee: Nominee) -> tuple[str, str]:
    """Both answers; without yes and no if only one of the questions asks for it."""
    left, right = nominee.left, nominee.right
    if asks_yes_or_no(left.request) == asks_yes_or_no(right.request):
        return left.prose, right.prose
    return without_yes_or_no(left.prose), without_yes_or_no(right.prose)


def _answers_agree(nominee: Nominee) -> bool:
    return _polarity(nominee)[0] > 0 or answers_agree(_both_questions(nominee), nominee.left.prose, nominee.right.prose)


def by_questions(
    judged: Sequence[Judged],
    config: ConflictsConfig,
    cache: Path | None = None,
    progress: Advance | None = None,
) -> list[Judged]:
    """Ask models whether both questions are the same: about the questions alone, and each with the other's answer.
    Raises as `contradictions` does.

    This is the last step, for the few pairs that are left: those with evidence, or all that a judge is asked about.
    """
    results = list(judged)
    indices = [index for index, item in enumerate(judged) if item.nominee.features]
    sides = [judged[index].nominee[:2] for index in indices]
    pairs = [(left.request, right.request) for left, right in sides]
    entailed = entailments(pairs, config.nli, cache, progress) if config.nli else [None] * len(indices)
    same = duplicates(pairs, config.same_question, cache, progress) if config.same_question else [None] * len(indices)
    by_itself = list(zip((judged[index].nominee.features for index in indices), entailed, same, strict=True))
    probabilities = [probability(*scores) for scores in by_itself]
    if config.embeddings and indices:
        cosines = [judged[index].nominee.similarity for index in indices]
        answered = [_answered_pair(judged[index], chance) for index, chance in zip(indices, probabilities, strict=True)]
        probabilities = [probability(*scores, limited=False) for scores in by_itself]
        probabilities = with_answers(probabilities, cosines, answered, (config.embeddings, config.nli), cache, progress)
    for index, chance in zip(indices, probabilities, strict=True):
        results[index] = judged[index]._replace(nominee=judged[index].nominee._replace(same=round(chance, 4)))
    return results


def _answered_pair(item: Judged, limited: float) -> AnsweredPair:
    left, right, _, _, features, in_topic = item.nominee
    both = (left.request, right.request), (left.answer, right.answer)
    return AnsweredPair(*both, item.evidence, difference_score(features), in_topic, limited)


def _both_questions(nominee: Nominee) -> str:
    left, right = nominee.left.request, nominee.right.request
    return left if left == right else f"{left}\n{right}"


def _polarity(nominee: Nominee) -> tuple[int, float]:
    return opposite_polarity((nominee.left.request, nominee.right.request), (nominee.left.prose, nominee.right.prose))


def _first_sentence(answer: str) -> str:
    return next(iter(sentences(answer)), answer)


def by_judge(judged: Sequence[Judged], judge: Judge, notes: list[str]) -> list[Judged]:
    """Let the judge decide; evidence that it does not confirm is dropped and counted in `notes`. Without a verdict,
    that of the rules and the NLI model remains.
    """
    results = list(judged)
    indices = [index for index, item in enumerate(judged) if _can_be_judged(item)]
    verdicts = judge.judge([(judged[index].nominee.left, judged[index].nominee.right) for index in indices])
    cleared = silent = 0
    for index, verdict in zip(indices, verdicts, strict=True):
        if verdict is None:
            silent += 1
            continue
        nominee, evidence = judged[index][:2]
        cleared += bool(evidence) and not verdict.clash
        evidence = (
            (*evidence, Evidence("judge", nominee.left.answer, nominee.right.answer, 0.9, verdict.why))
            if verdict.clash
            else ()
        )
        results[index] = Judged(nominee, evidence, confidence(evidence))
    if cleared:
        notes.append(
            f"{plural(cleared, 'pair')} that rules or the NLI model reported left out: according to the judge, both "
            "answers can be true"
        )
    if silent:
        notes.append(
            f"{plural(silent, 'pair')} without a verdict: the judge answered neither yes nor no; the verdict of "
            "rules and the NLI model is used"
        )
    return results


def _can_be_judged(item: Judged) -> bool:
    """Whether a model can judge a pair: the request has one answer, and both answers are in words."""
    nominee, evidence = item[:2]
    return (
        not nominee.left.is_open
        and is_comparable(nominee.left.prose, nominee.right.prose)
        and not any(item.source in FINAL_RULES for item in evidence)
    )
