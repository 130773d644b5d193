"""The task of a data set and its metrics: guessed from the answers, unless named."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

from curate.core.text import normalised
from curate.corpus.strata import MIN_QUESTIONS, is_label
from train.scores.fields import json_in_answer, parsed
from train.scores.metric import Expected

TaskName = Literal["classification", "extraction", "tools", "short", "text"]
MIN_KIND_SHARE: Final = 0.9
MIN_CALL_SHARE: Final = 0.2
SHORT_ANSWER_WORDS: Final = 5
"""Median words of an answer up to which exact words matter."""


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of answers."""

    name: TaskName
    title: str
    metrics: tuple[str, ...]
    """By their names; the first one decides."""


TASKS: Final[dict[TaskName, Task]] = {
    task.name: task
    for task in (
        Task("classification", "one of few labels", ("macro_f1", "accuracy", "exact_match", "perplexity")),
        Task("extraction", "JSON", ("field_f1", "field_accuracy", "json_valid", "exact_match", "perplexity")),
        Task("tools", "tool calls", ("call_accuracy", "name_accuracy", "argument_accuracy", "token_f1", "perplexity")),
        Task("short", "a few words", ("token_f1", "exact_match", "chrf", "perplexity")),
        Task("text", "free text", ("chrf", "rouge_l", "rouge_1", "bleu", "token_f1", "perplexity")),
    )
}


def guess_task(answers: Sequence[Expected]) -> tuple[TaskName, str]:
    """The task of a data set by its answers, and why."""
    total = max(1, len(answers))
    calling = sum(bool(answer.calls) for answer in answers)
    if calling >= MIN_CALL_SHARE * total:
        return "tools", f"{calling / total:.0%} of the answers call tools"
    whole = sum(
        parsed(answer.text) is not None
        or (json_in_answer(answer.text) is not None and answer.text.strip().endswith(("}", "]", "```")))
        for answer in answers
    )
    if whole >= MIN_KIND_SHARE * total:
        return "extraction", f"{whole / total:.0%} of the answers are JSON"
    labels = Counter(normalised(answer.text) if is_label(answer.text) else "" for answer in answers)
    repeated = sum(count for label, count in labels.items() if label and count > 1)
    if total >= MIN_QUESTIONS and repeated >= MIN_KIND_SHARE * total and len(labels) <= max(2, total // 4):
        count = len(labels) - ("" in labels)
        return "classification", f"{repeated / total:.0%} of the answers are one of {count:,} labels"
    middle = median(len(answer.text.split()) for answer in answers) if answers else 0
    if middle <= SHORT_ANSWER_WORDS:
        return "short", f"half of the answers have {middle:g} words or fewer"
    if middle == round(middle):
        return "text", f"the middle answer has {middle:g} words"
    return "text", f"half of the answers have more than {middle:g} words"
