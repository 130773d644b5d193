"""The error rate of random samples that people judged in the review, with the interval of Wilson (1927)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from curate.core.decision import BAD, GOOD, Slot
from curate.core.decision_log import DecisionLog
from curate.core.json_output import Output

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
