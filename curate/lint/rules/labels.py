"""Family P: rules for some targets, and answers with a label instead of a rejected answer."""

import hashlib
import json
from typing import Any, Final

from curate.core.example import SYSTEM_ROLES, Example, Place, attachments, canonical, kind_of, known_role
from curate.core.finding import PlacedProblems, Problem, Problems, Severity
from curate.core.form_keys import LABEL_KEYS
from curate.core.targets import OPENAI_AZURE, Target
from curate.core.text import excerpt, plural, visible
from curate.lint.rules.dataset_summary import DatasetState
from curate.lint.rules.images import images_of
from curate.lint.rules.preference import compared, pair_of, prompt_of
from curate.lint.rules.rule import dataset_rule, value_rule
from curate.lint.rules.tools import calls_in
from curate.read.formats import COMPLETIONS

BOOLEAN_WORDS: Final = frozenset(("true", "false"))


@value_rule(
    "P011",
    "image-in-pair",
    Severity.ERROR,
    only=OPENAI_AZURE,
    hint="Remove the pair. Preferences are trained on text only.",
)
def image_in_pair(example: Example) -> Problems:
    """A preference example has an image.

    The service trains preferences on text only, and rejects the line.
    Bad: {"input": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]}]}, "preferred_output": [{"role": "assistant", "content": "A cat."}], "non_preferred_output": [{"role": "assistant", "content": "A dog."}]}
    Good: {"input": {"messages": [{"role": "user", "content": "What purrs?"}]}, "preferred_output": [{"role": "assistant", "content": "A cat."}], "non_preferred_output": [{"role": "assistant", "content": "A dog."}]}
    """
    if pair_of(example) is not None:
        for part in images_of(example):
            yield Problem(part.pointer, "an image in a preference example")


@value_rule(
    "P012",
    "pair-turns",
    Severity.ERROR,
    only=(Target.LLAMAFACTORY,),
    hint="End the prompt with the user's turn, and give each side one answer.",
)
def pair_turns(example: Example) -> Problems:
    """A pair has the wrong number of turns.

    LLaMA-Factory requires an odd number of turns before the two sides, without the system prompt, and one answer on
    each side. It drops other pairs with a warning in the log.
    Bad: {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}], "chosen": {"from": "gpt", "value": "Yes?"}, "rejected": {"from": "gpt", "value": "What?"}}
    Good: {"conversations": [{"from": "human", "value": "Hi"}], "chosen": {"from": "gpt", "value": "Yes?"}, "rejected": {"from": "gpt", "value": "What?"}}
    """
    pair = pair_of(example)
    if pair is None or pair.started:
        return
    prompt = [turn for turn in prompt_of(example, pair.keys) if known_role(turn.role) not in SYSTEM_ROLES]
    if len(prompt) % 2 == 0:
        yield Problem("", f"{plural(len(prompt), 'turn')} before the two sides; the number must be odd")
    for key, side in zip(pair.keys, (pair.chosen, pair.rejected), strict=True):
        if len(side) != 1 or side[0].role != "assistant":
            yield Problem(f"/{key}", f"`{key}` is not one answer")


@dataset_rule(
    "P013", "label-unusable", Severity.ERROR, hint="Write true for a good answer and false for a bad one, and use both."
)
def label_unusable(example: Example, state: DatasetState) -> Problems:
    """The label of an answer is not true or false, or all labels of a file are the same.

    Training on single answers with thumbs up or down needs both labels. A `label` counts as metadata if no other line
    of the file has true or false there, unless it stands beside a prompt and a completion.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "label": true}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "What?"}], "label": "false"}
    Good:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "label": true}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "What?"}], "label": false}
    """
    key = None if example.plain else next((key for key in LABEL_KEYS if key in example.value), None)
    if key is None or pair_of(example) is not None or not example.messages:
        return
    label = example.value[key]
    counts = state.memory.setdefault("P013", {True: 0, False: 0, "place": None, "other": None})
    if isinstance(label, bool):
        counts[label] += 1
        counts["place"] = counts["place"] or example.place
    elif key == "kto_tag" or _may_be_boolean(example, label):
        yield Problem(f"/{key}", f"`{key}` is {_shown_label(label)}, not true or false")
    elif counts["other"] is None:
        counts["other"] = (
            example.place,
            f"`{key}` is {_shown_label(label)}, and true or false in {visible(str(counts['place'] or 'later lines'))}",
        )


def _may_be_boolean(example: Example, label: Any) -> bool:
    """Whether a non-boolean label may stand for a boolean."""
    is_word = isinstance(label, str) and label.strip().casefold() in BOOLEAN_WORDS
    return is_word or (example.format in COMPLETIONS and (label is None or label in (0, 1)))


def _shown_label(label: Any) -> str:
    return (
        repr(excerpt(label, 20))
        if isinstance(label, str)
        else str(label)
        if isinstance(label, int | float)
        else kind_of(label)
    )


@label_unusable.finalize
def labels_of_one_kind(state: DatasetState) -> PlacedProblems:
    """Labels that are all equal, or the first that has another type than the others."""
    counts = state.memory.get("P013")
    if counts is None or counts["place"] is None:
        return
    if counts["other"] is not None:
        yield counts["other"][0], Problem("/label", counts["other"][1])
    good, bad = counts[True], counts[False]
    if good + bad > 1 and not (good and bad):
        yield counts["place"], Problem("", f"all {plural(good + bad, 'label')} are {'true' if good else 'false'}")


@dataset_rule(
    "P016", "label-contradicted", Severity.WARNING, hint="Keep the line whose label is right, and remove the other."
)
def label_contradicted(example: Example, state: DatasetState) -> Problems:
    """The same answer to the same prompt has the opposite label elsewhere.

    One of the two labels is wrong, or judges disagree. Training on both teaches nothing. Compared without case, white
    space and marks at the end.
    Bad:
        {"prompt": "Hi", "completion": "Hello.", "label": true}
        {"prompt": "Hi", "completion": "Hello.", "label": false}
    Good:
        {"prompt": "Hi", "completion": "Hello.", "label": true}
        {"prompt": "Hi", "completion": "What?", "label": false}
    """
    key = None if example.plain else next((key for key in LABEL_KEYS if key in example.value), None)
    if key is None or not isinstance(label := example.value[key], bool) or pair_of(example) is not None:
        return
    turns = [(message.role, compared(message.text), str(calls_in(message.value))) for message in example.messages]
    if not turns:
        return
    content = canonical([turns, str(attachments(example.value))])
    own_key, opposite_key = (
        hashlib.blake2b(content, digest_size=16, key=str(value).encode()).digest() for value in (label, not label)
    )
    file: dict[bytes, Place] = state.memory.setdefault("P016", {})
    files: dict[bytes, Place] = state.shared.setdefault("P016", {})
    for places in (file, files):
        places.setdefault(own_key, example.place)
    if (place := file.get(opposite_key) or files.get(opposite_key)) is not None:
        opposite = json.dumps(not label)
        yield Problem(
            f"/{key}", f"`{key}` is {json.dumps(label)}, and {opposite} for the same answer in {visible(str(place))}"
        )
