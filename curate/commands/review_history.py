"""What `curate review` tells about journals: who decided what and when, error rates of samples, agreement of reviewers.

Error rates have the interval of Wilson (1927). Agreement is Cohen's kappa (Cohen 1960) of verdicts, weighted by squared
distance for ratings.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import combinations
from math import sqrt
from typing import Final

from curate.core.decision import BAD, GOOD, Decision, Slot
from curate.core.json_output import ClearText, Output
from curate.project.decision_log import DecisionLog

NAME: Final = re.compile(r"(all|kept)-(\d+)-of-(\d+)-seed-(\d+)", re.ASCII)
"""The name of an audit: population, size of the sample, size of the population, seed of the random numbers."""
Z: Final = 1.959964
"""The quantile of the normal distribution for an interval of 95%."""


@dataclass(slots=True)
class Audit(Output):
    """A random sample of examples, and what people judged."""

    name: str
    journal: str
    """Name of its file."""
    population: str
    """all: all examples, each content once; kept: those that would be kept when the audit began."""
    examples: int
    """Number of examples of the population."""
    seed: int
    sample: int
    """Number of examples of the sample."""
    judged: int
    bad: int
    error_rate: float | None
    """Bad ones of the judged ones; null: none is judged."""
    low: float | None
    """Lower end of the 95% interval of Wilson for the error rate."""
    high: float | None


@dataclass(slots=True)
class AuditResult(Output):
    """The audits in some journals, as `curate review --audit --json` prints them."""

    audits: list[Audit]


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


MAX_EXAMPLES: Final = 20
"""Number of examples of a step that are named."""


@dataclass(frozen=True, slots=True)
class Step:
    """The records that one key press, or one decision about many entries, made."""

    name: str
    decisions: Sequence[Decision]

    @property
    def undoes(self) -> str:
        """The step that it undoes; empty: none."""
        return self.decisions[0].undoes

    @property
    def value(self) -> str:
        """What was decided: `keep`, `drop × 3`, `rating 4`."""
        words = Counter(map(_decision_word, self.decisions))
        text = ", ".join(word if count == 1 else f"{word} × {count:,}" for word, count in words.items())
        return f"undo: {text}" if self.undoes else text


def _decision_word(decision: Decision) -> str:
    """The decision of a record in a word or two: `keep`, `rating 4`, `no note`."""
    undone = decision.verdict == "undecided"
    match decision.record:
        case "label":
            return f"{'no ' if undone else ''}label {decision.about}"
        case "suppression":
            return f"{'no ' if undone else ''}suppression"
        case "rating" | "audit":
            return f"{decision.record} {decision.why}" if decision.why else f"no {decision.record}"
        case "note":
            return "note" if decision.why else "no note"
        case "edit":
            return "no edit" if undone else "edit"
    return decision.verdict


class History:
    """The steps of a journal."""

    def __init__(self, log: DecisionLog) -> None:
        self.log = log
        records: dict[str, list[Decision]] = {}
        for decision in log.decisions:
            records.setdefault(decision.step or decision.id, []).append(decision)
        self.steps = [Step(name, decisions) for name, decisions in records.items()]
        """In order of the journal."""
        self._by_name = {step.name: step for step in self.steps}

    @cached_property
    def by_id(self) -> Mapping[str, Decision]:
        """The records by their ids."""
        return {decision.id: decision for decision in self.log.decisions}

    def undone_by(self, decision: Decision, slot: Slot) -> Decision | None:
        """The record that a record undoes; None if it undoes none."""
        step = self._by_name.get(decision.undoes)
        same = (record for record in (step.decisions if step else ()) if record.example == decision.example)
        return next((record for record in same if slot in record.slots), None)

    def restored(self, decision: Decision, slot: Slot) -> Iterator[Decision]:
        """A record and, as long as it undoes another one, the record that was restored by that."""
        seen = set[str]()  # another program may write steps that undo each other
        while decision.id not in seen:
            seen.add(decision.id)
            yield decision
            undone = self.undone_by(decision, slot)
            names = (undone.replaces or ()) if undone is not None else ()
            before = [self.by_id[name] for name in names if name in self.by_id and slot in self.by_id[name].slots]
            if len(before) != 1:
                return
            decision = before[0]

    def heads_like(self, decision: Decision, slot: Slot) -> list[Decision]:
        """The records in effect that have the content of a decision: itself, or those that restored it."""
        heads = self.log.slots(decision.example).get(slot, ())
        return [head for head in heads if self._restores(head, decision, slot)]

    def _restores(self, head: Decision | None, decision: Decision, slot: Slot) -> bool:
        """Whether a record, or one that it restores, is the decision; False for None."""
        return head is not None and any(record.id == decision.id for record in self.restored(head, slot))

    def state(self, step: Step) -> str:
        """Whether a step is `in effect`, `partly` so, `undone`, or `replaced` by later ones."""
        slots = [(decision, slot) for decision in step.decisions for slot in decision.slots]
        held = sum(bool(self.heads_like(*pair)) for pair in slots)
        if held:
            return "in effect" if held == len(slots) else "partly"
        undone = any(
            self._restores(self.undone_by(head, slot), decision, slot)
            for decision, slot in slots
            for head in self.log.slots(decision.example).get(slot, ())
        )
        return "undone" if undone else "replaced"


@dataclass(slots=True)
class HistoryStep(Output):
    """A step of the journal."""

    when: datetime
    who: ClearText
    examples: list[str]
    """Ids of the first 20 examples."""
    count: int
    """Number of examples."""
    about: ClearText
    """Rule, or id of the duplicate or conflict; empty for the whole example."""
    value: ClearText
    """What was decided."""
    why: ClearText
    state: str
    """in effect; partly; undone; replaced: by later decisions."""


@dataclass(slots=True)
class HistoryResult(Output):
    """The steps of some journals, the latest first, as `curate review --history --json` prints them."""

    steps: list[HistoryStep] = field(default_factory=list)


def steps_of(logs: Sequence[DecisionLog]) -> HistoryResult:
    """The steps of some journals, the latest first; a step is compared only with others of its journal."""
    steps = []
    for log in logs:
        history = History(log)
        for step in history.steps:
            first, examples = step.decisions[0], list(dict.fromkeys(decision.example for decision in step.decisions))
            steps.append(HistoryStep(first.when, first.who, examples[:MAX_EXAMPLES], len(examples), first.about,
                                     step.value, first.why, history.state(step)))  # fmt: skip
    steps.sort(key=lambda step: step.when)
    return HistoryResult(steps[::-1])


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

    def disagreement(first: str, second: str) -> float:
        return (float(first) - float(second)) ** 2 if squared else float(first != second)

    observed = sum(disagreement(*pair) * count for pair, count in counts.items())
    expected = sum(
        disagreement(first, second) * left * right
        for first, left in sides[0].items()
        for second, right in sides[1].items()
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


def audit_slot(name: str) -> Slot:
    """The slot of the records of an audit."""
    return "audit", name


def judgement(log: DecisionLog, example: str, name: str) -> str:
    """The judgement about an example of a sample: open, good or bad; empty if it is not in the sample.

    It is open if several people judged the example differently, without seeing the judgement of the others.
    """
    slot = audit_slot(name)
    decision = log.last(example, slot)
    several = len(log.slots(example).get(slot, ())) > 1
    return decision.why if decision is not None else "open" if several else ""


def in_audit(log: DecisionLog, example: str, term: str) -> bool:
    """Whether an example is in a sample that `term` names: by the judgement about it, by the name of an audit, or by
    the start of a name.
    """
    names = [slot[1] for slot in log.slots(example) if slot[0] == "audit"]
    words = {name: word for name in names if (word := judgement(log, example, name))}
    return any(term in (name, word) or name.startswith(f"{term}-") for name, word in words.items())


def samples(log: DecisionLog) -> dict[str, list[str]]:
    """The ids of the examples of each audit, by its name, in random order."""
    sampled: dict[str, dict[str, None]] = {}
    for decision in log.decisions:
        if decision.record == "audit" and NAME.fullmatch(decision.about):
            sampled.setdefault(decision.about, {})[decision.example] = None
    left = {
        name: [example for example in examples if judgement(log, example, name)] for name, examples in sampled.items()
    }
    return {name: examples for name, examples in left.items() if examples}


def audit_of(log: DecisionLog, name: str, sample: Sequence[str]) -> Audit:
    """The size of an audit, and the judgements so far."""
    population, _, examples, seed = NAME.fullmatch(name).groups()  # type: ignore[union-attr]
    judged = [word for example in sample if (word := judgement(log, example, name)) in (GOOD, BAD)]
    bad = judged.count(BAD)
    low, high = wilson_interval(bad, len(judged)) if judged else (None, None)
    rate = round(bad / len(judged), 6) if judged else None
    return Audit(
        name, log.path.name, population, int(examples), int(seed), len(sample), len(judged), bad, rate, low, high
    )


def wilson_interval(bad: int, judged: int) -> tuple[float, float]:
    """The 95% interval of Wilson for a share."""
    share, square = bad / judged, Z * Z / judged
    middle = share + square / 2
    half = Z * sqrt(share * (1 - share) / judged + square / (4 * judged))
    low, high = (max(0.0, min(1.0, (middle + sign * half) / (1 + square))) for sign in (-1, 1))
    return round(low, 6), round(high, 6)


def audits_in(logs: Sequence[DecisionLog]) -> AuditResult:
    """All audits of some journals, in order of their beginning; each journal counts alone."""
    return AuditResult([audit_of(log, name, sample) for log in logs for name, sample in samples(log).items()])


def audit_sentence(audit: Audit, joint: str = ": ") -> str:
    """The result of an audit in words; `joint`: the text between the sample and its error rate."""
    kind = "examples" if audit.population == "all" else "examples that would be kept"
    drawn = (
        f"{audit.judged:,} of {audit.sample:,} judged (random sample of {audit.examples:,} {kind}, seed {audit.seed})"
    )
    if audit.error_rate is None or audit.low is None or audit.high is None:
        return drawn
    interval = f"{audit.low:.1%} to {audit.high:.1%}"
    return f"{drawn}{joint}{audit.bad:,} bad, error rate {audit.error_rate:.1%}, 95% interval {interval}"
