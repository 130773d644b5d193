"""Preference pairs and labelled answers of any format, written in another form and read back for comparison."""

from collections.abc import Sequence
from typing import Any, Final

from curate.core.example import SYSTEM_ROLES, Example, Message
from curate.core.form_keys import LABEL_KEYS, PAIR_SIDES
from curate.read.form_writer import (
    NO_PLACE,
    Written,
    normal_messages,
    normal_tools,
    omitted_details,
    without_defaults,
    write_as,
)
from curate.read.formats import SHAPE_ERRORS, example_of, unread_keys
from curate.read.forms.blocks import plain_part
from curate.read.forms.form import (
    Format,
    Object,
    PreferencePair,
    UnwritableError,
    omit_keys,
    with_tool_calls,
)
from curate.read.forms.pairs import SIDES, SPEAKERS, begins_with_question, speaker_turn

Messages = list[Object]
CHOSEN_BESIDE_MESSAGES: Final = tuple(chosen for chosen, _ in SIDES)
REJECTED_BESIDE_MESSAGES: Final = ("rejected", "rejected_messages", "rejected_response")
"""Keys of the two sides beside messages that end with an answer."""


def is_in_side(message: Message, key: str) -> bool:
    """Whether a message belongs to the side under this key of the line or, for Amazon Nova, of its last message."""
    return f"/{key}/" in f"{message.pointer}/"


def pair_in(example: Example) -> PreferencePair | None:
    """The pair of an example; None if it has no rejected answer. Raises `UnwritableError` if the pair is not clear."""
    messages = example.value.get("messages")
    if not isinstance(messages, list) or not messages:
        return None
    for number, message in enumerate(messages, 1):
        _require_message(message, f"message {number}")
    rest = omit_keys(example.value, "messages", "tools")
    sides = PAIR_SIDES.get(example.format)
    if sides is None:
        key = next((key for key in REJECTED_BESIDE_MESSAGES if rest.get(key)), None)
        if key is None:
            return None
        rejected = _side(rest.pop(key))
        before, chosen = _chosen_beside(messages, rest, rejected, is_text=isinstance(example.value[key], str))
    else:
        if sides[1] not in rest:
            return None
        rejected = _side(rest.pop(sides[1]))
        prompt_length = sum(not is_in_side(message, sides[0]) for message in example.messages)
        before, chosen = messages[:prompt_length], messages[prompt_length:]
    prompt, *answers = _divided(*(_plain_messages(turns) for turns in (before, chosen, rejected)))
    for key in unread_keys(example):
        if isinstance(rest.get(key), dict) and not {"role", "from"} & rest[key].keys():
            continue  # flags beside the messages of OpenAI's `input`
        if not _adds_nothing_to(rest.pop(key, None), prompt):
            raise UnwritableError(f"`{key}` beside sides that hold another prompt")
    prompt = [without_defaults(message, trained=False) for message in prompt]
    chosen, rejected = ([without_defaults(message) for message in side] for side in answers)
    return PreferencePair(prompt, chosen, rejected, example.value.get("tools"), rest)


def _require_message(message: Any, what: str) -> None:
    """Raise `UnwritableError` for a value that is no message with a role; `what` names it."""
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise UnwritableError(f"{what} has no role")


def _side(side: Any) -> Messages:
    """The messages of the value under `rejected` or `chosen`: a text, a turn or turns."""
    if isinstance(side, str):
        return [{"role": "assistant", "content": side}]
    turns = side if isinstance(side, list) else [side]
    if not turns or not all(isinstance(turn, dict) for turn in turns):
        raise UnwritableError("the rejected side is neither text nor messages")
    messages = [turn.value for turn in with_tool_calls((turn, speaker_turn(turn, "")) for turn in turns)]
    for number, message in enumerate(messages, 1):
        _require_message(message, f"message {number} of the rejected side")
    return [{**message, "role": SPEAKERS.get(message["role"], message["role"])} for message in messages]


def _chosen_beside(messages: Messages, rest: Object, rejected: Messages, *, is_text: bool) -> tuple[Messages, Messages]:
    """The prompt and the chosen side of messages that have a rejected side, and perhaps a chosen one, beside them.

    The chosen side is removed from `rest`. Raises `UnwritableError` if the sides do not belong together.
    """
    key = next((key for key in CHOSEN_BESIDE_MESSAGES if rest.get(key)), None)
    if key is not None:
        chosen = _side(rest.pop(key))
        if begins_with_question(chosen):
            if normal_messages(messages) != normal_messages(chosen)[: len(messages)]:
                raise UnwritableError(f"`messages` and `{key}` are different conversations")
            return [], chosen
        if messages[-1]["role"] == "assistant":
            if normal_messages(messages[-len(chosen) :]) != normal_messages(chosen):
                raise UnwritableError(f"`messages` do not end with `{key}`")
            return messages[: -len(chosen)], chosen
        return messages, chosen
    if begins_with_question(rejected):
        return [], messages
    if messages[-1]["role"] != "assistant":
        raise UnwritableError("there is no chosen answer")
    last_question = max((number for number, message in enumerate(messages, 1) if message["role"] == "user"), default=0)
    first = len(messages) - 1 if is_text else last_question
    return messages[:first], messages[first:]


def _divided(prompt: Messages, chosen: Messages, rejected: Messages) -> tuple[Messages, Messages, Messages]:
    """Split a pair into prompt, chosen and rejected answer. The common beginning of whole conversations is the
    prompt.
    """
    if not begins_with_question(prompt + chosen if _are_systems(prompt) else chosen):
        if begins_with_question(rejected):
            prompt_part = (
                prompt if rejected[0]["role"] in SYSTEM_ROLES else [m for m in prompt if m["role"] not in SYSTEM_ROLES]
            )
            if normal_messages(rejected[: len(prompt_part)]) != normal_messages(prompt_part) or len(rejected) == len(
                prompt_part
            ):
                raise UnwritableError("the rejected side holds another prompt")
            rejected = rejected[len(prompt_part) :]
        return prompt, chosen, rejected
    conversation = prompt + chosen
    if not begins_with_question(rejected):
        return conversation[:-1], conversation[-1:], rejected
    other = rejected if rejected[0]["role"] in SYSTEM_ROLES else prompt + rejected
    pairs = list(zip(normal_messages(conversation), normal_messages(other), strict=False))[:-1]
    shared = next((index for index, (left, right) in enumerate(pairs) if left != right), len(pairs))
    return conversation[:shared], conversation[shared:], other[shared:]


def _are_systems(messages: Messages) -> bool:
    """Whether all messages are system prompts; True without messages."""
    return all(message["role"] in SYSTEM_ROLES for message in messages)


def _plain_messages(messages: Messages) -> Messages:
    """Messages with text alone as text, instead of a list of one part."""
    return [_with_text_content(message) for message in messages]


def _with_text_content(message: Object) -> Object:
    """The message with text as content, if its content is a list of one text part."""
    content = message.get("content")
    part = plain_part(content[0]) if isinstance(content, list) and len(content) == 1 else None
    if isinstance(part, dict) and part.keys() == {"type", "text"} and part["type"] == "text":
        return {**message, "content": part["text"]}
    return message


def _adds_nothing_to(value: Any, prompt: Messages) -> bool:
    """Whether the value of a key beside two whole conversations only repeats their prompt, or is empty."""
    if isinstance(value, str):
        return value in [message.get("content") for message in prompt]
    turns = [value] if isinstance(value, dict) else value
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        return not value
    return normal_messages(_plain_messages(turns)) == normal_messages(prompt)


def label_of(example: Example) -> bool | None:
    """Whether the answer of an example is labelled as wanted or unwanted; None without such a label."""
    labels = [example.value[key] for key in LABEL_KEYS if isinstance(example.value.get(key), bool)]
    return labels[0] if labels and len(set(labels)) == 1 else None


def is_same_prompt(first: Example, second: Example) -> bool:
    """Whether two labelled examples are the sides of one pair: one prompt, one answer wanted and the other unwanted."""
    if label_of(first) is None or label_of(second) is not (not label_of(first)):
        return False
    turns = [example.value.get("messages") for example in (first, second)]
    if not all(isinstance(messages, list) and len(messages) > 1 for messages in turns):
        return False
    left, right = map(normal_messages, turns)
    return bool(left[:-1] == right[:-1] and {"role": "assistant"}.items() <= left[-1].items() & right[-1].items())


def joined_pair(first: Example, second: Example) -> PreferencePair:
    """The pair of two labelled examples. Raises `UnwritableError` if keys beside their answers differ."""
    chosen_example, rejected_example = (first, second) if label_of(first) else (second, first)
    rests = [
        omit_keys(example.value, "messages", "tools", *LABEL_KEYS) for example in (chosen_example, rejected_example)
    ]
    if normal_tools(chosen_example.value) != normal_tools(rejected_example.value):
        raise UnwritableError("the rows of both answers differ in `tools`")
    if differing := [key for key in rests[0].keys() | rests[1].keys() if rests[0].get(key) != rests[1].get(key)]:
        raise UnwritableError(f"the rows of both answers differ in `{min(differing)}`")
    *prompt, chosen = _plain_messages(chosen_example.value["messages"])
    rejected = _with_text_content(rejected_example.value["messages"][-1])
    return PreferencePair(prompt, [chosen], [rejected], chosen_example.value.get("tools"), rests[0])


def write_pair_as(form: Format, pair: PreferencePair) -> Written:
    """The line for a pair. Raises `UnwritableError` for what the form cannot hold."""
    if form.write_pair is None:
        raise UnwritableError("it holds no rejected answer")
    try:
        value = form.write_pair(pair)
        _require_free_keys(value, pair.rest)
        written = {**pair.rest, **value}
        read_back = pair_in(example_of(written, NO_PLACE))
        return Written(written, _compared(pair, read_back))
    except SHAPE_ERRORS:
        raise UnwritableError("a value has another type than messages have there") from None


def _require_free_keys(value: Object, rest: Object) -> None:
    """Raise `UnwritableError` if the form uses a key of the line for something else."""
    for key in value.keys() & rest.keys():
        line_value, form_value = rest[key], value[key]
        if line_value != form_value and not (
            isinstance(line_value, dict) and isinstance(form_value, dict) and line_value.items() <= form_value.items()
        ):
            raise UnwritableError(f"the line has a key {key!r}, which the form uses for something else")


def _compared(pair: PreferencePair, read_back: PreferencePair | None) -> tuple[str, ...]:
    """The details of a pair that a written line omits. Raises `UnwritableError` if other content differs."""
    if read_back is None:
        raise UnwritableError("it would not read back as a pair")
    before, after = (normal_messages(side_pair.prompt + side_pair.chosen) for side_pair in (pair, read_back))
    others = [normal_messages(side_pair.prompt + side_pair.rejected) for side_pair in (pair, read_back)]
    tools = [normal_tools({"tools": side_pair.tools}) for side_pair in (pair, read_back)]
    if len(pair.prompt) < len(read_back.prompt) and normal_messages(pair.chosen[:1]) == normal_messages(
        pair.rejected[:1]
    ):
        raise UnwritableError("both sides begin with the same message, which the form holds as part of the prompt")
    for name, left, right in (
        ("the prompt", normal_messages(pair.prompt), normal_messages(read_back.prompt)),
        ("the chosen side", before, after),
        ("the rejected side", *others),
        ("`tools`", *tools),
    ):
        if left != right:
            raise UnwritableError(f"{name} would not read back the same")
    for key, item in pair.rest.items():
        if key not in read_back.rest and item not in (None, "", [], {}):
            raise UnwritableError(f"`{key}` beside the pair would be read as part of it")
    return omitted_details(
        [*pair.prompt, *pair.chosen, *pair.rejected], [*read_back.prompt, *read_back.chosen, *read_back.rejected]
    )


def write_labelled(form: Format, messages: Messages, example: Object, *, label: bool) -> Written:
    """The line for an answer with its label. Raises `UnwritableError` for what the form cannot hold."""
    written = write_as(form, {**omit_keys(example, *LABEL_KEYS), "messages": messages})
    read_back = example_of({**written.value, form.label: label}, NO_PLACE)
    if (
        label_of(read_back) is not label
        or normal_messages(read_back.value["messages"])[-1:] != normal_messages(messages)[-1:]
    ):
        raise UnwritableError("the label would not read back the same")
    return Written({**written.value, form.label: label}, written.omitted)


def labelled_rows(form: Format, pair: PreferencePair) -> list[Written]:
    """The two lines for the answers of a pair: the chosen one is wanted, the rejected one is not."""
    if any([message["role"] for message in side] != ["assistant"] for side in (pair.chosen, pair.rejected)):
        raise UnwritableError("a side is not one message of the assistant, which a label is for")
    if not pair.prompt:
        raise UnwritableError("there is no prompt: the two sides begin differently")
    extra_keys = {**pair.rest, **({"tools": pair.tools} if pair.tools else {})}
    sides = ((pair.chosen, True), (pair.rejected, False))
    return [write_labelled(form, pair.prompt + side, extra_keys, label=label) for side, label in sides]


def rows_in_form(form: Format, examples: Sequence[Example]) -> list[Written]:
    """The lines for a pair or a labelled answer, or for two labelled answers of a pair; in a form of either kind.

    Raises `UnwritableError`.
    """
    first = examples[0]
    pair = joined_pair(first, examples[1]) if len(examples) > 1 else pair_in(first)
    label = label_of(first)
    if form.label and pair is not None:
        return labelled_rows(form, pair)
    if form.label:
        if label is None:
            raise UnwritableError("the line has no label and no rejected answer")
        return [write_labelled(form, first.value["messages"], first.value, label=label)]
    if pair is None and label is not None:
        raise UnwritableError("no line next to it has the same prompt with the opposite label; --to kto-chat keeps it")
    if pair is None:
        raise UnwritableError("the line has no rejected answer")
    return [write_pair_as(form, pair)]
