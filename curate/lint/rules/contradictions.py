"""Family X: contradictory answers, shown for a person to decide; all but X008 only run when selected, since they load all
examples.

`curate.conflicts.conflict` decides which questions are the same and which answers contradict; `curate conflicts` shows
the pairs. Differing system prompts may explain different answers: `curate conflicts` also shows those pairs, the rules
do not (they had the code X007, which is not reused). X005, which needs no model, is in `curate.lint.rules.answers`.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from curate.core.example import Example, Place
from curate.core.finding import Problem, Severity
from curate.core.text import quoted, visible
from curate.lint.rules.duplicates import Found
from curate.lint.rules.rule import Scope, answers_rule, examples_rule, rule

if TYPE_CHECKING:
    from curate.conflicts.conflict import ConflictsResult

conflict_rule = partial(
    rule,
    scope=Scope.CONFLICTS,
    default=False,
    hint="`curate review` shows both: keep one, both or neither, or correct an answer.",
)


@conflict_rule("X001", "answers-contradict", Severity.WARNING)
def answers_contradict(report: "ConflictsResult") -> Found:
    """Two answers to one question contradict each other.

    System prompt, tools, earlier turns and question are equal. A language-inference model, a model that reads answers or
    a judge finds that the answers cannot both be true. A model that learns both guesses. Needs one of them: a default
    model if it is available, or `nli`, `reader` or `judge` under [conflicts].
    Bad:
        {"messages": [{"role": "user", "content": "What does the lamp do at night?"}, {"role": "assistant", "content": "The lamp shines all night."}]}
        {"messages": [{"role": "user", "content": "What does the lamp do at night?"}, {"role": "assistant", "content": "The lamp is dark all night."}]}
    Good:
        {"messages": [{"role": "user", "content": "What does the lamp do at night?"}, {"role": "assistant", "content": "The lamp shines all night."}]}
        {"messages": [{"role": "user", "content": "What does the lamp do at night?"}, {"role": "assistant", "content": "All night the lamp shines."}]}
    """
    return _conflict_findings(report, "X001")


@conflict_rule("X002", "reworded-question-contradicts", Severity.WARNING)
def reworded_question_contradicts(report: "ConflictsResult") -> Found:
    """Two answers to a question and its rewording contradict each other.

    Like X001, for questions that an embedding model finds equivalent. Needs both models: the default ones
    if they are available, or `embeddings` and one of those of X001 under [conflicts].
    Bad:
        {"messages": [{"role": "user", "content": "What does the lamp do at night?"}, {"role": "assistant", "content": "The lamp shines all night."}]}
        {"messages": [{"role": "user", "content": "At night, what does the lamp do?"}, {"role": "assistant", "content": "The lamp is dark all night."}]}
    Good:
        {"messages": [{"role": "user", "content": "What does the lamp do at night?"}, {"role": "assistant", "content": "The lamp shines all night."}]}
        {"messages": [{"role": "user", "content": "What does the stove do at night?"}, {"role": "assistant", "content": "The lamp is dark all night."}]}
    """
    return _conflict_findings(report, "X002")


@conflict_rule("X003", "facts-differ", Severity.WARNING)
def facts_differ(report: "ConflictsResult") -> Found:
    """Two answers to one question give different numbers, dates or names, or one says yes and one no.

    Units are converted and rounding is tolerated before the comparison. Requests with many valid answers are not
    reported.
    Bad:
        {"messages": [{"role": "user", "content": "How long can I return it?"}, {"role": "assistant", "content": "You can return it within 30 days."}]}
        {"messages": [{"role": "user", "content": "How long can I return it?"}, {"role": "assistant", "content": "You can return it within 14 days."}]}
    Good:
        {"messages": [{"role": "user", "content": "How long does it take?"}, {"role": "assistant", "content": "It takes two hours."}]}
        {"messages": [{"role": "user", "content": "How long does it take?"}, {"role": "assistant", "content": "It takes 120 minutes."}]}
    """
    return _conflict_findings(report, "X003")


@conflict_rule("X004", "refused-and-answered", Severity.WARNING)
def refused_and_answered(report: "ConflictsResult") -> Found:
    """One question is answered in one example and refused in another.

    The model learns to refuse at random.
    Bad:
        {"messages": [{"role": "user", "content": "Can I return it?"}, {"role": "assistant", "content": "I'm sorry, I can't help with that."}]}
        {"messages": [{"role": "user", "content": "Can I return it?"}, {"role": "assistant", "content": "You can return it within 30 days."}]}
    Good:
        {"messages": [{"role": "user", "content": "Can I return it?"}, {"role": "assistant", "content": "I'm sorry, I can't help with that."}]}
        {"messages": [{"role": "user", "content": "Who won the election?"}, {"role": "assistant", "content": "The mayor won it again."}]}
    """
    return _conflict_findings(report, "X004")


@answers_rule(
    "X008",
    "equal-request-contradicts",
    Severity.WARNING,
    hint="`curate review` shows both: keep one, both or neither, or correct an answer.",
)
def equal_request_contradicts(groups: Sequence[Sequence[Example]]) -> Found:
    """Two answers to one request say yes and no, or give different numbers or dates.

    The requests are exactly equal: system prompt, turns, tools and attachments. Rules compare up to 8 different
    answers of each, without a model: a yes and a no that are said outright, in English and 16 other languages of
    Europe (in Arabic and Hindi also what is allowed or needed and what is not), and amounts and times in answers of up
    to 30 words that were asked for. X003 also compares reworded requests, long answers, names and negations. Requests
    with many valid answers and code are skipped. Of 38 findings in trivia questions with a right and a wrong answer
    (HaluEval), read by hand, 35 were right (92%).
    Bad:
        {"messages": [{"role": "user", "content": "Is there night skiing?"}, {"role": "assistant", "content": "No, the lifts close at dusk."}]}
        {"messages": [{"role": "user", "content": "Is there night skiing?"}, {"role": "assistant", "content": "Yes, on Fridays."}]}
    Good:
        {"messages": [{"role": "user", "content": "Is there night skiing?"}, {"role": "assistant", "content": "No, the lifts close at dusk."}]}
        {"messages": [{"role": "user", "content": "Is there night skiing?"}, {"role": "assistant", "content": "No, there is none."}]}
    """
    from curate.conflicts.repeated_requests import contradictory_pairs  # only where requests are repeated

    reported = set[Place]()
    for group in groups:
        across = len({example.place.file for example in group}) > 1  # pairs within a file are in its own group
        for earlier, later, evidence in contradictory_pairs(group):
            if later.place in reported or (across and earlier.place.file == later.place.file):
                continue
            reported.add(later.place)
            claim, said_before = quoted(evidence.right, 60), quoted(evidence.left, 60)
            message = f"answers {claim}, but {visible(str(earlier.place))} answers {said_before}"
            yield later, Problem(later.messages[-1].content_pointer, message)


@examples_rule(
    "X006",
    "contradicts-itself",
    Severity.INFO,
    hint="Correct one of the answers, unless something changed in between.",
)
def contradicts_itself(examples: Sequence[Example]) -> Found:
    """An answer contradicts an earlier answer in the same conversation.

    Two sentences with nearly the same words give different numbers or names, or one denies what the other affirms.
    Bad: {"messages": [{"role": "user", "content": "When does the shop open?"}, {"role": "assistant", "content": "The shop opens at 8 in the morning."}, {"role": "user", "content": "When?"}, {"role": "assistant", "content": "The shop opens at 9 in the morning."}]}
    Good: {"messages": [{"role": "user", "content": "When does the shop open?"}, {"role": "assistant", "content": "The shop opens at 8 in the morning."}, {"role": "user", "content": "When?"}, {"role": "assistant", "content": "At 8 in the morning."}]}
    """
    from curate.conflicts.self_contradiction import contradictions_within  # only needed by this rule

    for example in examples:
        for contradiction in contradictions_within(example):
            claim, denied = quoted(contradiction.evidence.right, 60), quoted(contradiction.evidence.left, 60)
            message = f"says {claim}, but message {contradiction.earlier} says {denied}"
            yield example, Problem(example.messages[contradiction.later].content_pointer, message)


def _conflict_findings(report: "ConflictsResult", code: str) -> Found:
    """The conflicts of a code, each reported at the later example; without pairs that system prompts may explain."""
    for conflict in report.conflicts:
        if conflict.code != code:
            continue
        earlier, later, evidence = conflict.in_order()
        if earlier.setting != later.setting:
            continue
        claim, said_before = quoted(evidence[0].right, 60), quoted(evidence[0].left, 60)
        message = f"answers {claim}, but {visible(str(earlier.example.place))} answers {said_before}"
        yield later.example, Problem(later.example.messages[later.turn].content_pointer, message)
