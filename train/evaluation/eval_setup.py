"""The data of an evaluation: the held-out questions, the training examples for prompts, the task and its metrics."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from curate.core.errors import InputError, UsageError
from curate.core.example import Example
from curate.core.text import excerpt, normalised, plural, visible
from curate.models.template import Template
from train.data.pairs import preferred_examples
from train.data.split_files import SplitFiles
from train.data.splits import replaces_template
from train.evaluation.options import LIMIT, SHOTS, EvaluationOptions
from train.evaluation.prompts import EvaluationQuestion, Turns, questions_of, spread_evenly
from train.evaluation.task import TASKS, TaskName, guess_task
from train.scores import METRICS
from train.scores.calls import calls_in_answer
from train.scores.text import PERPLEXITY
from train.trained import Trained

MAX_ANSWER_TOKENS: Final = 512
MAX_REASONING_TOKENS: Final = 4096
REASONING_MARK_TOKENS: Final = 16
"""Room for the marks that a template writes around reasoning, which has a key or a part of its own in the data."""
MAX_SAMPLE: Final = 500
"""Training answers that determine the maximum length of an answer."""


@dataclass(frozen=True, slots=True)
class EvalSetup:
    """The data of an evaluation."""

    split: str
    files: SplitFiles
    questions: list[EvaluationQuestion]
    available: int
    pool: list[EvaluationQuestion]
    """Training examples, the only ones shown in prompts."""
    task: TaskName
    task_from: str
    metric: str
    shots: int
    notes: tuple[str, ...]
    losses: bool = True
    """Whether the models tell the loss of an answer."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics, the deciding one first."""
        names = dict.fromkeys((self.metric, *TASKS[self.task].metrics))
        return tuple(name for name in names if self.losses or name != PERPLEXITY.name)


def eval_setup(trained: Trained, template: Template | None, options: EvaluationOptions) -> EvalSetup:
    """Read the splits. `template`: None if a server renders the prompts.

    Raises `InputError` if the splits have changed since the training or hold no question.
    """
    folder = options.data or Path(trained.recipe.data)
    split = options.split or trained.report.held_out
    if split == "train":
        raise UsageError(
            "--split train: the model was trained on these examples",
            "use a split that was not trained on: test or validation",
        )
    files = SplitFiles.of(folder, split)
    held_out, pool = (examples_of(trained, folder, name) for name in (split, "train"))
    given = [question.expected for question in questions_of(pool, "all")]
    guessed, why = guess_task(given or [question.expected for question in questions_of(held_out, "all")])
    task = options.task or guessed
    turns: Turns = options.turns or ("all" if task == "tools" else "last")
    questions, shown = questions_of(held_out, turns), questions_of(pool, turns)
    if not questions:
        raise InputError(
            f"{visible(str(files.shown))}: holds no question with an answer",
            "choose another split with --split, or split the data again",
        )
    deciding = PERPLEXITY.name if trained.recipe.objective == "pt" else TASKS[task].metrics[0]
    metric = options.metric or deciding
    if metric not in METRICS:
        raise UsageError(f"--metric {metric}: there is no such metric", f"there are {', '.join(METRICS)}")
    if template is None and metric == PERPLEXITY.name:
        raise UsageError("--metric perplexity: servers do not tell the loss of an answer", "choose another metric")
    labels = len({normalised(question.expected.text) for question in shown})
    default = max(SHOTS, min(labels, 2 * SHOTS)) if task == "classification" else SHOTS
    shots = default if options.shots is None else options.shots
    unanswered = len(held_out) - len({id(question.example) for question in questions})
    notes = (*_notes_on_answers(questions, unanswered), *_notes(trained, template, questions, shown, task))
    chosen, task_from = spread_evenly(questions, options.limit), why if options.task is None else "named"
    return EvalSetup(
        split, files, chosen, len(questions), shown, task, task_from, metric, shots, notes, template is not None
    )


def examples_of(trained: Trained, folder: Path, split: str) -> list[Example]:
    """The examples of a split of a folder, with their better answers.

    Raises `InputError` if it has changed since the training, or a line holds no example.
    """
    files = SplitFiles.of(folder, split).required("name the split folder with --data if it was moved")
    digest = (trained.folder.read("identity.json") or {}).get("data", {}).get(split)
    if digest is not None and files.sha256() != digest:
        raise InputError(
            f"{visible(str(files.shown))}: has changed since the training; its examples may have been trained on",
            "restore it, or train again on the new data",
        )
    examples = [example for example in files.examples() if isinstance(example.value.get("messages"), list)]
    return list(preferred_examples(examples, trained.recipe.objective))


def _notes_on_answers(questions: list[EvaluationQuestion], unanswered: int) -> Iterator[str]:
    """Notes on the expected answers. `unanswered`: the number of examples without any."""
    if unanswered:
        yield (
            f"{plural(unanswered, 'held-out example')} not asked: without an answer to compare with, because it is "
            "empty, is reasoning alone, or is not trained on"
        )
    if len(questions) > 1 and len({repr(question.expected) for question in questions}) == 1:
        yield f"all {len(questions):,} expected answers are the same: a model that always gives it is right"


def _notes(
    trained: Trained,
    template: Template | None,
    questions: list[EvaluationQuestion],
    pool: list[EvaluationQuestion],
    task: TaskName,
) -> tuple[str, ...]:
    """Notes on the validity of the numbers."""
    notes = []
    if trained.report.manifest is None:
        merged = trained.folder.adapter == trained.folder.path
        why = "the adapter is merged, perhaps of trainings on other data" if merged else "the data has no manifest"
        notes.append(f"{why}: nothing proves that held-out examples are not in the training data")
    if template is not None and replaces_template(trained.recipe, template.source):
        notes.append(
            f"the base is asked with chat_template = {excerpt(trained.recipe.chat_template)}, as the tuned model is, "
            "not with its own chat template: it may answer better with that"
        )
    seen = {normalised(question.request) for question in pool}
    if again := sum(normalised(question.request) in seen for question in questions):
        notes.append(
            f"{plural(again, 'held-out question')} of {len(questions):,} {'is' if again == 1 else 'are'} also asked "
            "in the training data"
        )
    if task == "tools" and template is not None:
        unread = sum(_loses_calls(template, question) for question in questions[:LIMIT] if question.expected.calls)
        if unread:
            notes.append(
                f"the calls of {plural(unread, 'answer')} cannot be parsed from the output of this chat template: "
                "scores of tool calls are too low"
            )
    return tuple(notes)


def _loses_calls(template: Template, question: EvaluationQuestion) -> bool:
    """Whether the functions called in the rendered answer are others than those that are expected."""
    encoding = template.encode({**question.example.value, "messages": question.messages})
    span = encoding.encoded[-1].text if encoding.encoded else None
    text = span.text[span.spans[-1].start :] if span is not None and span.spans else ""
    return sorted(name for name, _ in calls_in_answer(text)) != sorted(name for name, _ in question.expected.calls)


def longest_answer(setup: EvalSetup, tokens: Callable[[str], int]) -> int:
    """Maximum tokens of an answer: the 98th percentile of training answers and a margin, in steps of 16.

    `tokens` returns the number of tokens of a text.
    """
    sample = spread_evenly(setup.pool or setup.questions, MAX_SAMPLE)
    lengths = sorted(tokens(question.written) for question in sample)
    length = lengths[int(0.98 * (len(lengths) - 1))] + 8
    if setup.task == "tools":
        length += 64  # calls are no text
    thinks = any(len(question.written) > len(question.expected.text) for question in sample)
    length += REASONING_MARK_TOKENS if thinks else 0
    return int(min(MAX_REASONING_TOKENS if thinks else MAX_ANSWER_TOKENS, -(-length // 16) * 16))
