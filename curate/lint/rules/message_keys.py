"""Family M, details: keys and weights of messages, names, repeated turns, and differences between examples."""

from collections.abc import Iterator
from typing import Any, Final

from curate.core.example import (
    ATTACHMENT_KEYS,
    LOSS_KEYS,
    REASONING_KEYS,
    SYSTEM_ROLES,
    Example,
    Message,
    content_text,
    escape,
    kind_of,
)
from curate.core.finding import PlacedProblems, Problem, Problems, Severity
from curate.core.form_keys import PAIR_SIDES
from curate.core.lazy import pl
from curate.core.targets import OPENAI_AZURE, Target
from curate.core.text import excerpt, plural, quoted
from curate.lint.rules.dataset_summary import DatasetSummary
from curate.lint.rules.message_frame import ANSWER_KEYS, REPEATED_TURN, has_media
from curate.lint.rules.roles import conversation_pointer, intended_role, role_of
from curate.lint.rules.rule import (
    Object,
    on_messages,
    profile_rule,
    rule,
    text_rule,
    value_rule,
)
from curate.lint.rules.tools import NAME, REJECTING_TARGETS
from curate.read.forms.blocks import DETAILS_KEY, HARMLESS_KEYS
from curate.read.forms.form import omit_keys

WEIGHTS: Final = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "true": 1, "false": 0}
# Text or false have the same meaning; M019 reports that it must be a number.
ZERO_WEIGHTS = ("0", "0.0", "false")
KNOWN_KEYS: Final = frozenset((
    "role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal", "audio", "from",
    "value", *REASONING_KEYS, "prefix", "annotations", "tool_plan", *ATTACHMENT_KEYS,
))  # fmt: skip
SERVICE_FORMATS: Final = ("anthropic", "bedrock-conversation", "vertex", "openai-responses", "nemo-gym")
SERVICE_KEYS: Final = {"id", "item_id", "status", "phase", "is_error", "reasoning_details", "thoughtSignature"}
"""Keys that services write into their own formats."""
TRAINING_FLAGS: Final = frozenset(("train", "training", "train_detail", "training_detail"))
TEXT_KEYS: Final = ("text", "value", "refusal", "thinking", "reasoning")
"""Keys of a part for its text, in the order in which they are looked for."""
PART_KEYS: Final = frozenset((
    *TEXT_KEYS, "type", "signature", "image_url", "image", "video", "video_url", "audio", "audio_url", "input_audio",
    "file", "url", "path", "base64", "data", "format", "detail", "mime_type", "file_id", "filename", "file_data",
    "file_url", "name", "title", "source", "id", "index", "weight", "videoMetadata", "media_type", "bucketOwner", "uri",
    "displayName", "s3Location", "fps", "raw_fps", "nframes", "min_frames", "max_frames", "min_pixels", "max_pixels",
    "total_pixels", "resized_height", "resized_width", "video_start", "video_end", *TRAINING_FLAGS, *LOSS_KEYS,
    *HARMLESS_KEYS
))  # fmt: skip
CALL_KEYS: Final = frozenset(("id", "type", "function", "index", "caller", "namespace", *SERVICE_KEYS, *HARMLESS_KEYS))
FUNCTION_KEYS: Final = frozenset(("name", "arguments", "parameters", "description", "strict", "thought_signature"))
DETAIL_KEYS: Final = frozenset((
    "type", "text", "thinking", "thought", "signature", "data", "id", "index", "format", "summary", "content", "status",
    "encrypted_content", "reasoningContent", "reasoningText", "redactedContent", *HARMLESS_KEYS
))  # fmt: skip
"""Keys of reasoning as services write it."""
READ_BY: Final = {
    Target.TRAINER: TRAINING_FLAGS,
    Target.AXOLOTL: TRAINING_FLAGS,
    Target.LLAMAFACTORY: {"loss_weight"},
    Target.MS_SWIFT: {"loss"},
}
"""Keys that only one target reads."""
TURN_LOSS_KEYS: Final = ("loss", "loss_weight")
"""Keys of other trainers for the loss weight of a whole turn."""
ROLE_OF_KEY: Final = dict.fromkeys(
    ("tool_calls", "function_call", "refusal", "audio", *REASONING_KEYS), "assistant"
) | {"tool_call_id": "tool"}
MIN_REPEATED_CHARS: Final = 20
"""Minimum length in characters of a message whose later repetition is suspicious, unlike "yes" or "go on"."""
MIN_EXAMPLES: Final = 11
"""Minimum number of examples to report the few without what nine in ten have."""


@rule(
    "M017",
    "turn-structure",
    Severity.ERROR,
    only=(Target.LLAMAFACTORY,),
    hint="Alternate questions and answers, from a question to an answer.",
)
def turn_structure(example: Example) -> Problems:
    """Turns do not alternate as LLaMA-Factory requires.

    After the system prompt, odd turns must be the user's or a tool's, even turns the assistant's, and the last turn the
    assistant's. Its converter drops other examples with a warning in the log. Consecutive tool results count as one
    turn.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if example.format in (*PAIR_SIDES, "text"):
        return
    expected, last = "user", ""
    for message in example.messages:
        role = intended_role(message) or ""
        if message.index == 0 and role in SYSTEM_ROLES:
            continue
        if role == "tool" == last:
            continue
        side = "assistant" if role == "assistant" else "user" if role in ("user", "tool", "function") else "system"
        if side != expected:
            yield Problem(
                message.pointer, f"turn of {quoted(role or 'no role', 30)} where the {expected}'s is expected"
            )
            return
        expected, last = ("user" if expected == "assistant" else "assistant"), role
    # otherwise M009 reports it
    if last and expected == "assistant" and any(intended_role(message) == "assistant" for message in example.messages):
        yield Problem(example.messages[-1].pointer, "the number of turns is odd: the last has no answer")


@value_rule(
    "M022",
    "unknown-message-key",
    Severity.WARNING,
    targets={Target.LLAMAFACTORY: Severity.INFO},
    hint="Correct its name, or remove it with its value: `--fix --unsafe-fixes`.",
)
def unknown_message_key(example: Example, *, target: Target) -> Problems:
    """A message, a part of its content or one of its tool calls has an unknown key.

    The key may be misspelled, or belong to another trainer, such as loss_weight, and have no effect here. Some
    services reject it, and templates leave its text out. Reasoning has to be text. Not reported for training here: loss
    or loss_weight with the weight that the turn has anyway, 1 for an answer and 0 for other turns.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "wieght": 1}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 1}]}
    """
    known_keys = set(READ_BY.get(target, ())) | (SERVICE_KEYS if example.format in SERVICE_FORMATS else set())
    for message in example.messages:
        for key in message.value if not KNOWN_KEYS.issuperset(message.value) else ():
            if key not in KNOWN_KEYS and key not in known_keys:  # each key once per example
                if key in TURN_LOSS_KEYS and target is Target.TRAINER and _is_default_weight(message, key):
                    continue
                known_keys.add(key)
                yield Problem(f"{message.pointer}/{escape(key)}", f"key {quoted(key, 40)} is not a known message key")
        if len(message.value) > 2 or not isinstance(message.content, str):
            for pointer, problem in _misplaced_content(message):
                if problem not in known_keys:
                    known_keys.add(problem)
                    yield Problem(pointer, problem)


def _is_default_weight(message: Message, key: str) -> bool:
    """Whether a key gives a turn the weight that it has without one: 1 for an answer, 0 for other turns."""
    weight = message.value[key]
    return weight is None or (isinstance(weight, int | float) and weight == (intended_role(message) == "assistant"))


def _misplaced_content(message: Message) -> Iterator[tuple[str, str]]:
    """The values of a message that nothing reads: their pointers, and messages about them."""
    value, pointer = message.value, message.pointer
    if "role" in value and value.get("value", value.get("content")) != value.get("content"):
        yield f"{pointer}/value", "`value` beside `content`, which is read instead"
    for key in (*REASONING_KEYS, "refusal"):
        if value.get(key) is not None and not isinstance(value[key], str):
            yield f"{pointer}/{key}", f"`{key}` is {kind_of(value[key])}, not text"
    for i, part in enumerate(value["content"]) if isinstance(value.get("content"), list) else ():
        yield from _in_part(part, f"{message.content_pointer}/{i}")
    for i, call in enumerate(value["tool_calls"]) if isinstance(value.get("tool_calls"), list) else ():
        if isinstance(call, dict) and "function" in call:  # otherwise T009 reports it
            yield from _unknown_keys(call, f"{pointer}/tool_calls/{i}", CALL_KEYS, "tool call")
            yield from _unknown_keys(
                call.get("function"), f"{pointer}/tool_calls/{i}/function", FUNCTION_KEYS, "tool call"
            )
    yield from _unknown_keys(value.get(DETAILS_KEY), f"{pointer}/{DETAILS_KEY}", DETAIL_KEYS, "reasoning", deep=True)


def _in_part(part: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if not isinstance(part, dict):
        return
    texts = [key for key in TEXT_KEYS if part.get(key)]
    for key in texts[1:]:
        yield f"{pointer}/{key}", f"`{key}` beside `{texts[0]}`, which is read instead"
    if texts and texts[0] in TEXT_KEYS[:3] and not isinstance(part[texts[0]], str):
        yield f"{pointer}/{texts[0]}", f"`{texts[0]}` is {kind_of(part[texts[0]])}, not text"
    yield from _unknown_keys(part, pointer, PART_KEYS, "content part", deep=True)


def _unknown_keys(
    item: Any, pointer: str, keys: frozenset[str], holder: str, *, deep: bool = False
) -> Iterator[tuple[str, str]]:
    """The unknown keys of an object that hold anything; tables fill missing keys with null."""
    if isinstance(item, dict):
        for key, inner in item.items():
            key_pointer = f"{pointer}/{escape(key)}"
            if key not in keys and inner is not None:
                yield key_pointer, f"key {quoted(key, 40)} is not a known key of a {holder}"
            elif deep and key not in HARMLESS_KEYS:
                yield from _unknown_keys(inner, key_pointer, keys, holder, deep=True)
    elif deep and isinstance(item, list):
        for i, inner in enumerate(item):
            yield from _unknown_keys(inner, f"{pointer}/{i}", keys, holder, deep=True)


@unknown_message_key.repaired_by(safe=False)  # it may be a misspelled one, and its value is lost
@on_messages
def drop_keys(messages: list[Object]) -> list[Object] | None:
    """Remove unknown keys, unless one of them is a switch of another trainer, such as loss_weight, or may be what a
    message without content says.
    """
    unknown = {key for message in messages for key in message} - KNOWN_KEYS
    if unknown.intersection(LOSS_KEYS) or any(
        "content" not in message and unknown & message.keys() for message in messages
    ):
        return None
    return [omit_keys(message, *unknown) for message in messages]


@value_rule(
    "M023", "key-on-wrong-role", Severity.ERROR, hint="Move the key to the message that it belongs to, or remove it."
)
def key_on_wrong_role(example: Example) -> Problems:
    """A message has a key that belongs to another role.

    Only the assistant calls tools and refuses. Only a tool result names the call that it answers. Templates omit
    misplaced keys, and services reject them. The file under `audio` may be what the user says.
    Bad: {"messages": [{"role": "user", "content": "Hi", "tool_call_id": "call_1"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        for key, owner in ROLE_OF_KEY.items() if intended_role(message) is not None else ():
            if key == "audio" and not isinstance(message.value.get(key), dict):
                continue
            if message.value.get(key) and intended_role(message) != owner:
                yield Problem(
                    f"{message.pointer}/{key}",
                    f"`{key}` on a message of role {quoted(message.role or '', 30)}; it belongs to {owner!r}",
                )


@value_rule(
    "M024",
    "message-name",
    Severity.WARNING,
    hint="Use 1 to 64 letters, digits, underscores and dashes, or remove the name.",
)
def message_name(example: Example) -> Problems:
    """A speaker's name is not accepted by services.

    Services accept 1 to 64 of a-z, A-Z, 0-9, underscore and dash. T002 covers tool names.
    Bad: {"messages": [{"role": "user", "name": "Jo Ann", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "name": "Jo_Ann", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        name = message.value.get("name")
        if name is None or intended_role(message) in ("tool", "function"):
            continue
        if not isinstance(name, str):
            yield Problem(f"{message.pointer}/name", f"the name is {kind_of(name)}, not a string")
        elif not NAME.fullmatch(name):
            yield Problem(
                f"{message.pointer}/name",
                f"name {quoted(name, 40)} is not accepted by services" if name else "the name is empty",
            )


@text_rule(
    "M025",
    "repeated-message",
    Severity.WARNING,
    prefilter=REPEATED_TURN,
    hint="Remove the repeated message, and later turns that answer it.",
)
def repeated_message() -> "pl.Expr":
    """A message is repeated in one conversation.

    Two consecutive messages are equal, or the next turn repeats the question or answer. An export duplicated it, and
    the model learns to repeat itself. Short messages such as "go on" may repeat in a later turn.
    Bad: {"messages": [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "Paris."}, {"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "Paris."}]}
    Good: {"messages": [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "Paris."}, {"role": "user", "content": "And of Italy?"}, {"role": "assistant", "content": "Rome."}]}
    """
    speaks = pl.col("role").is_in(["user", "assistant"]) & ~pl.col("called") & ~pl.col("media") & (pl.col("text") != "")
    again = pl.col("again")
    text = (
        pl.when(again == 1)
        .then(pl.lit("the same as the message before"))
        .when((again == 2) & (pl.col("text").str.len_chars() >= MIN_REPEATED_CHARS))
    )
    return pl.when(speaks).then(text.then(pl.format("the {} wrote the same in the previous turn", pl.col("role"))))


@repeated_message.repaired_by(safe=False)
@on_messages
def drop_copies(messages: list[Object]) -> list[Object] | None:
    """Remove the second of two equal consecutive messages, and an immediate copy of a question with its answer."""
    result: list[Object] = []
    for message in messages:
        if not (result and message == result[-1] and _is_repeat(result[-1], message, 1)):
            result.append(message)
        while (
            len(result) > 3
            and result[-2:] == result[-4:-2]
            and {role_of(result[-1]), role_of(result[-2])} == {"user", "assistant"}
            and _any_repeats(result[-4:])
        ):
            del result[-2:]
    return None if _any_repeats(result) else result


def _any_repeats(messages: list[Object]) -> bool:
    return any(
        _is_repeat(messages[index - back], messages[index], back)
        for index in range(len(messages))
        for back in (1, 2)
        if index >= back
    )


def _is_repeat(earlier: Object, later: Object, back: int) -> bool:
    """Whether a message repeats the one `back` messages before it. Short texts count only if they follow each other."""
    role, content = role_of(later), later.get("content")
    text = content_text(content)
    if (
        role not in ("user", "assistant")
        or role_of(earlier) != role
        or text != content_text(earlier.get("content"))
        or not text
        or has_media(content)
    ):
        return False
    return not any(later.get(key) for key in ANSWER_KEYS) and (back == 1 or len(text) >= MIN_REPEATED_CHARS)


@profile_rule("M026", "system-in-most", Severity.INFO, hint="Give all examples a system prompt, or none.")
def system_in_most(summary: DatasetSummary) -> PlacedProblems:
    """A few examples of a file have no system prompt where nearly all have one, or the reverse.

    The model learns two behaviors, one of them from little data. Nearly all means more than nine in ten.
    Bad:
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+1"}, {"role": "assistant", "content": "2"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+2"}, {"role": "assistant", "content": "3"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+3"}, {"role": "assistant", "content": "4"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+4"}, {"role": "assistant", "content": "5"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+5"}, {"role": "assistant", "content": "6"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+6"}, {"role": "assistant", "content": "7"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+7"}, {"role": "assistant", "content": "8"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+8"}, {"role": "assistant", "content": "9"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+9"}, {"role": "assistant", "content": "10"}]}
        {"messages": [{"role": "user", "content": "2+9"}, {"role": "assistant", "content": "11"}]}
    Good: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    total = sum(count for count, _ in summary.opened.values())
    for has, (count, place) in summary.opened.items():
        if total >= MIN_EXAMPLES and count * 10 < total:
            preposition, opposite = ("with", "without") if has else ("without", "with")
            text = f"{plural(count, 'example')} {preposition} a system prompt, {total - count:,} {opposite}"
            yield place, Problem("", text)


@value_rule("M019", "weight-value", Severity.WARNING, targets=REJECTING_TARGETS, hint="Write 0 or 1.")
def weight_value(example: Example) -> Problems:
    """A `weight` is not 0 or 1.

    Services reject other values. Trainers read text as 1, so "0" is trained on. Only the built-in trainer accepts
    fractions.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": "0"}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 0}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Goodbye.", "weight": 1}]}
    """
    for message in example.messages:
        weight = message.value.get("weight")
        if weight is not None and not is_weight(weight):
            shown = (
                repr(weight)
                if isinstance(weight, str | float)
                else "true"
                if weight is True
                else "false"
                if weight is False
                else kind_of(weight)
            )
            yield Problem(
                f"{message.pointer}/weight",
                f"the weight is {excerpt(str(weight) if type(weight) is int else shown, 30)}, not 0 or 1",
            )


@weight_value.repaired_by(safe=True)
@on_messages
def whole_weights(messages: list[Object]) -> list[Object] | None:
    """Write weights that mean 0 or 1 as these numbers."""
    edited = []
    for message in messages:
        weight = message.get("weight")
        if weight is not None and not is_weight(weight):
            number = WEIGHTS.get(str(weight).strip().casefold()) if isinstance(weight, str | int | float) else None
            if number is None:
                return None
            message = {**message, "weight": number}  # noqa: PLW2901
        edited.append(message)
    return edited


def is_weight(value: Any) -> bool:
    """Whether a weight is valid for every target."""
    return type(value) is int and value in (0, 1)


@value_rule(
    "M020",
    "weight-on-wrong-role",
    Severity.WARNING,
    targets={**dict.fromkeys(OPENAI_AZURE, Severity.ERROR), Target.TOGETHER: Severity.INFO},
    hint="Remove the weight. Only answers are trained on.",
)
def weight_on_wrong_role(example: Example) -> Problems:
    """A message that is not the assistant's has a `weight`.

    Such a weight has no effect, since the loss covers answers only. Some services reject it.
    Bad: {"messages": [{"role": "user", "content": "Hi", "weight": 0}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 1}]}
    """
    for message in example.messages:
        if message.value.get("weight") is not None and intended_role(message) != "assistant":
            yield Problem(
                f"{message.pointer}/weight", f"a weight on a message of role {quoted(message.role or 'none', 30)}"
            )


@weight_on_wrong_role.repaired_by(safe=True)
@on_messages
def drop_weights(messages: list[Object]) -> list[Object]:
    """Remove weights from messages that are not the assistant's."""
    return [message if role_of(message) == "assistant" else omit_keys(message, "weight") for message in messages]


@value_rule(
    "M021", "nothing-weighted", Severity.ERROR, hint="Set weight 1 on the answer to train on, or remove the line."
)
def nothing_weighted(example: Example) -> Problems:
    """All answers have weight 0.

    Nothing in the example is trained on. Services reject it, and a batch of such examples has no loss.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 0}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 0}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Goodbye."}]}
    """
    weights = [message.value.get("weight") for message in example.messages if intended_role(message) == "assistant"]
    if weights and all(str(weight).strip().casefold() in ZERO_WEIGHTS for weight in weights):
        yield Problem(
            conversation_pointer(example),
            "the only answer has weight 0" if len(weights) == 1 else f"all {len(weights)} answers have weight 0",
        )
