"""The results of `curate evaluate` in a run's folder, as far as a screen shows them."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from curate.core.limits import read_regular

UNBOUNDED_METRICS: Final = frozenset(("perplexity",))
"""Metrics that are not shares from 0 to 1."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)


class Score(_Part):
    """A score with its 95% interval."""

    value: float
    low: float
    high: float


class SystemResult(_Part):
    """The base or the tuned model, with or without examples in its prompt."""

    name: str
    title: str
    tuned: bool
    scores: dict[str, Score]
    """By the metric's name."""


class Conclusion(_Part):
    """Whether training helped."""

    outcome: str
    """helped, no-gain, worse or not-compared."""
    use: str
    """The system to use."""
    sentence: str


class Answered(_Part):
    """A question with all answers to it."""

    file: str
    line: int
    request: str
    expected: str
    answers: dict[str, str]
    """By system."""


class Outcome(_Part):
    """The result of an evaluation."""

    split: str
    questions: int
    available: int
    """Number of questions in the split."""
    task: str
    metric: str
    """The metric that decides."""
    results: tuple[SystemResult, ...]
    verdict: Conclusion
    outputs: tuple[Answered, ...]
    notes: tuple[str, ...]


def read_outcome(path: Path) -> Outcome | None:
    """The content of an `evaluation.json`; None if there is none. Raises `ValueError` for a file of another form."""
    try:
        data = read_regular(path)
    except OSError:  # not there yet
        return None
    try:
        return Outcome.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
