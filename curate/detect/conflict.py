"""Conflicts: the same question with answers that cannot both hold, and the evidence for it."""

from dataclasses import dataclass

from curate.example import Example


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why two answers clash: who says so, the words of each side that clash, and how sure it is."""

    source: str
    """`numbers`, `dates`, `polarity`, `refusal`, `label`, or `nli:MODEL`."""
    left: str
    right: str
    """The clashing span of each answer, as written there."""
    confidence: float
    """From 0 to 1: measured precision of the rule, or the model's probability."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two examples whose question agrees and whose answers may not both hold. A person decides."""

    code: str
    """X001 same context, X002 paraphrased question, X003 numbers, dates or polarity, X004 refusal against answer."""
    left: Example
    right: Example
    similarity: float
    """Cosine similarity of the questions; 1.0 where they are equal."""
    evidence: tuple[Evidence, ...]

    @property
    def id(self) -> str:
        """Both examples' ids in order, first 12 digits each: the same pair has the same id in every run."""
        return "-".join(sorted((self.left.id[:12], self.right.id[:12])))

    @property
    def confidence(self) -> float:
        """That of the strongest evidence."""
        return max(item.confidence for item in self.evidence)
