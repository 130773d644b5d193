"""Preference examples in any format that curate reads, as conversations with an answer to prefer or to avoid.

The rules of family P decide which examples can be used: what they report as an error is not trained on.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from curate.core.config import CheckConfig
from curate.core.example import Example
from curate.core.finding import Finding, Severity
from curate.core.form_keys import LABEL_KEYS
from curate.lint.rules.preference import pair_of
from curate.lint.runner import check_paths
from curate.read.forms.pairs import speaker_turn
from curate.storage.files import display_name
from train.data.plain_text import continuation, text_of
from train.data.split_files import SplitFiles
from train.methods import ObjectiveName


class LabelledConversation(NamedTuple):
    """A conversation and whether its answer is to become more likely."""

    sign: int
    """1: more likely; -1: less likely."""
    value: dict[str, Any]
    """In messages format; of its answers only those of this side are trained on."""


def sides_of(example: Example, objective: ObjectiveName) -> tuple[LabelledConversation, ...] | str:
    """The sides of an example, the better one first, or a message why the objective cannot use the example.

    Answers in the prompt are not trained on. A label is about the answers after the last message of the user.
    """
    plain = text_of(example.value)
    if objective == "pt":
        if plain is None:
            return "is a conversation; objective 'pt' trains on plain text, rows of the form {\"text\": ...}"
        return (LabelledConversation(1, example.value),) if plain.strip() else "contains no text"
    if objective == "sft":
        return (
            (LabelledConversation(1, example.value),)
            if plain is None
            else "is plain text, which objective 'pt' trains on"
        )
    pair = pair_of(example)
    if pair is not None:
        return _sides_of_pair(example, pair.keys, len(pair.chosen), len(pair.rejected))
    if objective != "kto":
        return f"contains no chosen and rejected answer, which objective {objective!r} compares"
    label = _label_of(example)
    if label is None:
        return "contains neither a label (true or false) nor a chosen and rejected answer, as objective 'kto' needs"
    turns = example.value["messages"]
    last_question = max((index for index, turn in enumerate(turns) if turn.get("role") == "user"), default=-1)
    return (LabelledConversation(1 if label else -1, _masked_conversation(example, turns, last_question + 1)),)


def _label_of(example: Example) -> bool | None:
    """Whether an answer is labelled as good; None without a label."""
    label = next((example.value[key] for key in LABEL_KEYS if key in example.value), None)
    return label if isinstance(label, bool) else None


def is_labelled_bad(example: Example) -> bool:
    """Whether the answer of an example is labelled as bad."""
    return _label_of(example) is False


def objective_of(examples: Collection[Example]) -> ObjectiveName:
    """The objective that reads all of the examples and all that they hold: `sft` where no other one does."""
    for objective in ("pt", "dpo", "kto"):
        if examples and not any(isinstance(sides_of(example, objective), str) for example in examples):
            return objective
    return "sft"


def preferred_examples(examples: Iterable[Example], objective: ObjectiveName) -> Iterator[Example]:
    """The examples with an answer that is to become more likely, each with that answer.

    For plain text, the answer is the text after its beginning.
    """
    for example in examples:
        if objective == "sft":
            yield example
            continue
        sides = sides_of(example, objective)
        if objective == "pt":
            value = None if isinstance(sides, str) else continuation(str(text_of(example.value)))
            if value is not None:
                yield replace(example, value=value, format="messages", pointers=None)
        elif not isinstance(sides, str) and sides[0].sign > 0:
            yield replace(example, value=sides[0].value, format="messages", pointers=None)


def _sides_of_pair(
    example: Example, keys: tuple[str, str], better: int, worse: int
) -> tuple[LabelledConversation, ...] | str:
    """The chosen and the rejected side of a pair, or a message why it cannot be used.

    `better`, `worse`: how many turns at the end of the chosen and of the rejected side are its answer.
    """
    chosen, rejected = (_turns_under(example, key) for key in keys)
    pointer = f"/{keys[0]}"
    prompt = [
        message.value
        for message in example.messages
        if message.pointer != pointer and not message.pointer.startswith(f"{pointer}/")
    ]
    sides = [LabelledConversation(1, _masked_conversation(example, prompt + chosen, len(prompt + chosen) - better))]
    sides.append(
        LabelledConversation(-1, _masked_conversation(example, prompt + rejected, len(prompt + rejected) - worse))
    )
    if not any(turn.get("role") == "user" for turn in sides[0].value["messages"]):
        return "contains no message of the user before its two answers"
    return tuple(sides)


def _turns_under(example: Example, key: str) -> list[Any]:
    """The turns under a key such as `chosen`; taken from the messages as read if the object lacks the key."""
    value, pointer = example.value.get(key), f"/{key}"
    if value is None:
        return [
            message.value
            for message in example.messages
            if message.pointer == pointer or message.pointer.startswith(f"{pointer}/")
        ]
    listed = value if isinstance(value, list) else [value]
    return [
        speaker_turn(turn, pointer).value if isinstance(turn, dict) else {"role": "assistant", "content": turn}
        for turn in listed
    ]


def _masked_conversation(example: Example, turns: list[Any], first: int) -> dict[str, Any]:
    """The example's object with these turns as messages; answers before turn `first` get weight 0."""
    masked = [
        {**turn, "weight": 0} if index < first and turn.get("role") == "assistant" else turn
        for index, turn in enumerate(turns)
    ]
    return {**example.value, "messages": masked}


def refused_lines(split: SplitFiles) -> dict[int, str]:
    """By line number, the first error of family P in a split of preferences; empty if there is none."""
    reasons: dict[int, str] = {}
    before = dict(zip(map(display_name, split.files), split.lines_before(), strict=True))

    def add_reasons(findings: list[Finding]) -> None:
        for finding in findings:
            if finding.severity is Severity.ERROR and finding.line:
                reasons.setdefault(
                    before[finding.file] + finding.line,
                    f"{finding.code} {finding.pointer}: {finding.message}".replace(" : ", ": "),
                )

    check_paths(split.files, CheckConfig(select=("P",)), on_findings=add_reasons)
    return reasons
