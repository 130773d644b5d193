"""How far reviewers agree: Cohen's kappa (Cohen 1960) of their verdicts, weighted by squared distance for ratings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from curate.core.decision import Decision, Slot
from curate.core.decision_log import DecisionLog
from curate.core.json_output import Output

Item = tuple[str, Slot]
"""An example, and what was decided: the whole example, or a finding, duplicate or conflict."""


@dataclass(slots=True)
class Agreement(Output):
    """Two reviewers, and what both decided."""

    reviewers: tuple[str, str]
    what: str
    """verdicts or ratings."""
    items: int
    """What both decided."""
    agreed: int
    kappa: float | None
    """1: full agreement, 0: as by chance; null: nothing in common, or everything in one category."""


@dataclass(slots=True)
class Disagreement(Output):
    """What reviewers decided differently."""

    example: str
    """Id of the example."""
    about: str
    """Rule, or id of the duplicate or conflict; `rating`; empty for the whole example."""
    opinions: dict[str, str]
    """Verdict or rating by reviewer."""


@dataclass(slots=True)
class AgreementResult(Output):
    """The agreement of each two reviewers, as `curate review --agreement --json` prints it."""

    reviewers: list[str]
    pairs: list[Agreement]
    disagreements: list[Disagreement]


def compare_reviewers(journals: Sequence[DecisionLog]) -> AgreementResult:
    """Compare the reviewers in some journals."""
    decisions = {decision.id: decision for journal in journals for decision in journal.decisions}
    people: dict[str, list[Decision]] = {}
    for decision in sorted(decisions.values(), key=lambda decision: decision.when):
        people.setdefault(decision.who, []).append(decision)
    result = AgreementResult(sorted(people), [], [])
    opinions = {
        reviewer: (_opinions(people[reviewer], "verdicts"), _opinions(people[reviewer], "ratings"))
        for reviewer in result.reviewers
    }
    for pair in combinations(result.reviewers, 2):
        for index, kind in enumerate(("verdicts", "ratings")):
            left, right = opinions[pair[0]][index], opinions[pair[1]][index]
            common = sorted(left.keys() & right.keys())
            answers = [(left[item], right[item]) for item in common]
            agreed = sum(first == second for first, second in answers)
            if common or kind == "verdicts":
                kappa = cohens_kappa(answers, squared=kind == "ratings")
                result.pairs.append(Agreement(pair, kind, len(common), agreed, kappa))
    result.disagreements = _disagreements(opinions)
    return result


def _opinions(decisions: Sequence[Decision], kind: str) -> Mapping[Item, str]:
    """The last verdicts or ratings (`kind`) of one person by item, including those that another person replaced."""
    replaced = {name for decision in decisions for name in decision.replaces or ()}
    last_whole = {decision.example: decision.id for decision in decisions if decision.replaces is None}
    opinions: dict[Item, str] = {}
    for decision in decisions:
        if decision.id in replaced or (decision.replaces is None and last_whole[decision.example] != decision.id):
            continue
        if kind == "ratings" and decision.record == "rating" and decision.why:
            opinions[decision.example, ("rating",)] = decision.why
        elif kind == "verdicts" and decision.record in ("verdict", "edit") and decision.verdict != "undecided":
            opinions[decision.example, decision.subject] = decision.verdict
    return opinions


def cohens_kappa(answers: Sequence[tuple[str, str]], *, squared: bool = False) -> float | None:
    """Cohen's kappa of two people's answers; None if all answers are equal or there is none.

    `squared`: answers are numbers, weighted by their squared distance.
    """
    counts = Counter(answers)
    sides = [Counter(pair[side] for pair in answers) for side in (0, 1)]

    def weight(first: str, second: str) -> float:
        return (float(first) - float(second)) ** 2 if squared else float(first != second)

    observed = sum(weight(*pair) * count for pair, count in counts.items())
    expected = sum(
        weight(first, second) * left * right for first, left in sides[0].items() for second, right in sides[1].items()
    )
    return round(1 - observed * len(answers) / expected, 4) if expected else None


def _disagreements(by_reviewer: Mapping[str, tuple[Mapping[Item, str], Mapping[Item, str]]]) -> list[Disagreement]:
    """The items that reviewers judged differently, each with what every reviewer said."""
    items: dict[Item, dict[str, str]] = {}
    for reviewer, opinions in by_reviewer.items():
        for answers in opinions:
            for item, word in answers.items():
                items.setdefault(item, {})[reviewer] = word
    return [
        Disagreement(example, "rating" if slot == ("rating",) else slot[2] if len(slot) > 2 else "", words)
        for (example, slot), words in sorted(items.items())
        if len(set(words.values())) > 1
    ]
