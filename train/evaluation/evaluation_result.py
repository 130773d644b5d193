"""The result of an evaluation. It contains no times, so that a repeated evaluation gives the same result."""

from typing import Literal

from pydantic import Field

from train.evaluation.options import SystemName
from train.evaluation.task import TaskName
from train.results import StrictModel


class Score(StrictModel):
    """A score with its 95% bootstrap interval; shares are from 0 to 1."""

    value: float
    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of the interval."""
        return (self.high - self.low) / 2


class Result(StrictModel):
    """The scores of one system."""

    name: SystemName
    title: str
    tuned: bool
    shots: int
    """Examples or passages in the longest prompt."""
    fewer_shots: int
    """Questions whose prompts had no room for all examples or passages, or whose template takes none."""
    cut: int
    """Answers that reached `max_new_tokens` before their end."""
    scores: dict[str, Score]
    """By name of the metric."""


class Comparison(StrictModel):
    """A tuned system against one of the base, on the same questions."""

    metric: str
    system: SystemName
    against: SystemName
    difference: float
    """Score of the first minus that of the second."""
    low: float
    high: float
    p: float
    """The probability of a difference at least as large by chance (permutation test)."""

    @property
    def half(self) -> float:
        """Half of the interval."""
        return (self.high - self.low) / 2


class Verdict(StrictModel):
    """Whether training helped, in one sentence with its numbers."""

    outcome: Literal["helped", "no-gain", "worse", "not-compared"]
    use: SystemName
    """The recommended system."""
    sentence: str
    retrieval: str | None = None
    """Whether prompting with passages of the documents is better than the training; None without documents."""


class ClassScore(StrictModel):
    """One class of a classification, as the best tuned system does on it."""

    label: str
    precision: float
    recall: float
    f1: float
    examples: int


class Output(StrictModel):
    """A question with all answers to it, side by side."""

    file: str
    line: int
    example: str
    """Id of the example."""
    request: str
    expected: str
    answers: dict[SystemName, str]
    passages: tuple[str, ...] = ()
    """File and line of the passages that retrieval showed, the best one last."""


class NotAsked(StrictModel):
    """A held-out question that no system was asked."""

    line: int
    example: str
    reason: str


class Evaluation(StrictModel):
    """The output of `curate evaluate --json`, and `evaluation.json` in the run's folder."""

    key: str
    """Key of the run."""
    model: str
    """The base model, as the recipe names it; at a server, by its name there."""
    tuned_model: str | None = None
    """Name of the tuned model at the server; None if the run's own was asked."""
    server: str | None = None
    """Address of the server that answered; None for models on this machine."""
    adapter_sha256: str
    template: str | None
    """SHA-256 of the chat template, the same in training and here; None if a server renders the prompts."""
    split: str
    """The split with the questions."""
    split_sha256: str
    examples: int
    """Number of examples with questions."""
    questions: int
    """Number of measured answers."""
    available: int
    """Number of questions in the split."""
    task: TaskName
    task_from: str
    """Why this task was chosen."""
    metric: str
    """The metric that decides."""
    titles: dict[str, str] = Field(default_factory=dict)
    """What each metric is called in tables, by its name; empty in files of versions without titles."""
    max_new_tokens: int
    embeddings: str | None
    """Model that found the nearest training examples or passages."""
    passages: int | None = None
    """Passages of the documents that were searched; None without documents."""
    results: tuple[Result, ...]
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    classes: tuple[ClassScore, ...]
    outputs: tuple[Output, ...]
    not_asked: tuple[NotAsked, ...]
    notes: tuple[str, ...]
