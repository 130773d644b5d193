"""How far reviewers agree: Cohen's kappa (Cohen 1960) of their verdicts, weighted by squared distance for ratings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from curate.core.decision import Decision, Slot
from curate.core.decision_log import DecisionLog
from curate.core.errors import InputError
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


def compare_reviewers(journals: Sequence[Path]) -> AgreementResult:
    """Compare the reviewers in some journals. Raises `InputError` for one that does not exist or cannot be read."""
    decisions: dict[str, Decision] = {}
    for journal in journals:
        if not journal.is_file():
            raise InputError(f"{journal}: no such journal", "pass decisions.jsonl of a .curate folder")
        decisions |= {one.id: one for one in DecisionLog(journal).decisions}
    people: dict[str, list[Decision]] = {}
    for one in sorted(decisions.values(), key=lambda one: one.when):
        people.setdefault(one.who, []).append(one)
    result = AgreementResult(sorted(people), [], [])
    opinions = {
        who: (_opinions(people[who], "verdicts"), _opinions(people[who], "ratings")) for who in result.reviewers
    }
    for pair in combinations(result.reviewers, 2):
        for nth, what in enumerate(("verdicts", "ratings")):
            left, right = opinions[pair[0]][nth], opinions[pair[1]][nth]
            common = sorted(left.keys() & right.keys())
            answers = [(left[item], right[item]) for item in common]
            agreed = sum(one == other for one, other in answers)
            if common or what == "verdicts":
                kappa = cohens_kappa(answers, squared=what == "ratings")
                result.pairs.append(Agreement(pair, what, len(common), agreed, kappa))
    result.disagreements = _disagreements(opinions)
    return result


def _opinions(decisions: Sequence[Decision], what: str) -> Mapping[Item, str]:
    """The last verdicts of one person, including those that another person replaced."""
    replaced = {name for one in decisions for name in one.replaces or ()}
    last_whole = {one.example: one.id for one in decisions if one.replaces is None}
    found: dict[Item, str] = {}
    for one in decisions:
        if one.id in replaced or (one.replaces is None and last_whole[one.example] != one.id):
            continue
        if what == "ratings" and one.record == "rating" and one.why:
            found[one.example, ("rating",)] = one.why
        elif what == "verdicts" and one.record in ("verdict", "edit") and one.verdict != "undecided":
            found[one.example, one.subject] = one.verdict
    return found


def cohens_kappa(answers: Sequence[tuple[str, str]], *, squared: bool = False) -> float | None:
    """Cohen's kappa of two people's answers; `squared`: answers are numbers, weighted by their squared distance."""
    counts = Counter(answers)
    sides = [Counter(pair[side] for pair in answers) for side in (0, 1)]

    def weight(one: str, other: str) -> float:
        return (float(one) - float(other)) ** 2 if squared else float(one != other)

    observed = sum(weight(*pair) * count for pair, count in counts.items())
    expected = sum(
        weight(one, other) * left * right for one, left in sides[0].items() for other, right in sides[1].items()
    )
    return round(1 - observed * len(answers) / expected, 4) if expected else None


def _disagreements(by_reviewer: Mapping[str, tuple[Mapping[Item, str], Mapping[Item, str]]]) -> list[Disagreement]:
    items: dict[Item, dict[str, str]] = {}
    for who, opinions in by_reviewer.items():
        for found in opinions:
            for item, word in found.items():
                items.setdefault(item, {})[who] = word
    return [
        Disagreement(example, "rating" if slot == ("rating",) else slot[2] if len(slot) > 2 else "", words)
        for (example, slot), words in sorted(items.items())
        if len(set(words.values())) > 1
    ]
