"""Family M: messages, their roles, required roles and the order of turns. Structure only; texts are not read."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise
from typing import Any, Final, TypeGuard

from curate.core.example import (
    ROLES,
    SYSTEM_ROLES,
    TOOL_ROLES,
    UNKNOWN,
    Example,
    Message,
    Place,
    alias,
    kind_of,
    known_role,
)
from curate.core.finding import Problem, Problems, Severity
from curate.core.form_keys import PAIR_SIDES
from curate.core.targets import MESSAGE_ROLES, OPENAI_AZURE, STRICT_TURNS, Target
from curate.core.text import excerpt, plural, quoted
from curate.lint.rules.references import REINFORCEMENT_TARGETS, references
from curate.lint.rules.rule import Object, on_messages, rule
from curate.read.decode import decode
from curate.read.formats import PROMPTS, example_of, speaker_for
from curate.read.forms.form import is_objects, omit_keys

TEMPLATE_ROLES = ("system", "user", "assistant", "tool")
"""The roles that most templates know."""
TOLERANT_TARGETS = dict.fromkeys(OPENAI_AZURE, Severity.INFO)
"""For services that accept what is deprecated or what most templates do not know."""


def intended_role(message: Message) -> str | None:
    """The message's role, or the role that an alias means, so that one wrong name is reported once; None without a
    role.
    """
    return None if message.role is None else known_role(message.role)


def role_of(message: Object) -> str | None:
    """The role of a message of a line's object, with aliases resolved; None without a role."""
    role = message.get("role")
    return known_role(role) if isinstance(role, str) else None


def is_list_of_answers(side: Any) -> TypeGuard[list[Any]]:
    """Whether a side is a list of texts or of conversations, not of messages."""
    return isinstance(side, list) and bool(side) and all(isinstance(answer, str | list) for answer in side)


def chosen_answers(example: Example) -> tuple[str, int]:
    """The key of a pair's chosen side and the number of its answers if it is a list of answers; otherwise no key and 0."""
    key, turns = PAIR_SIDES.get(example.format, ("",))[0], example.value.get("messages")
    if not key or example.plain or example.pointers is None or not isinstance(turns, list):
        return "", 0
    pointers = [pointer for pointer, _ in example.pointers]
    side = [turn for turn, pointer in zip(turns, pointers, strict=False) if pointer.startswith(f"/{key}/")]
    return (key, len(side)) if is_list_of_answers(side) else ("", 0)


PROMPT_ONLY_TARGETS: Final = (Target.TRL, Target.VERL, Target.MS_SWIFT)
"""Trainers that train on prompts alone, in any form for them."""
EXPORT_KEYS: Final = frozenset(("custom_id", "message_id", "mapping", "chat_messages", "history"))
"""Keys of rows of batches, of threads and of the chats of an account."""
PROMPT_KEYS: Final = ("prompt", "instruction", "question", "query", "problem", "turns")
"""Keys of a prompt, or of several in turn, in data whose answers have other keys or none."""
KEY: Final = re.compile(r"[A-Za-z_]\w{0,29}", re.ASCII)
"""A key that needs no quotes."""
CONVERSATION_POINTERS: Final = {
    **dict.fromkeys(
        ("messages", "system-beside", "bedrock-conversation", "anthropic", "langchain", "llama-factory"), "/messages"
    ),
    "sharegpt": "/conversations",
    "vertex": "/contents",
}


def conversation_pointer(example: Example) -> str:
    """Pointer to the conversation in the original line."""
    return CONVERSATION_POINTERS.get(example.format, "")


@rule(
    "M001",
    "no-messages",
    Severity.ERROR,
    hint="Put the conversation under `messages`: `curate convert --user '{KEY}' --assistant '{KEY}'` reads other keys.",
)
def no_messages(example: Example) -> Problems:
    """The object has no `messages`.

    Trainers find no conversation without it and reject or drop the line. A line that looks like another format and does
    not follow it is reported at the place that cannot be read.
    Bad: {"question": "Hi", "reply": "Hello."}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if example.defect is not None:
        yield Problem(example.defect[0], example.defect[1])
    elif example.format == UNKNOWN:
        keys = ", ".join(excerpt(key, 30) for key in list(example.value)[:5])
        prompt = next((key for key in PROMPT_KEYS if _is_text(example.value.get(key))), "")
        next_step = (
            "" if EXPORT_KEYS.isdisjoint(example.value) else "; `curate ingest` reads batches, threads and chats"
        )
        if key := next(
            (key for key, value in example.value.items() if KEY.fullmatch(key) and _are_examples(value)), ""
        ):
            count = plural(len(example.value[key]), "example")
            next_step = f"; `{key}` holds {count}: write one a line, as `jq -c '.{key}[]' FILE` does"
        why = (
            f"no `messages`; `{prompt}` is a prompt, but no known key has its answer"
            if prompt
            else "no `messages`, and the keys fit no known format"
        )
        yield Problem("", f"{why}: {keys or 'the object is empty'}{next_step}")


def _are_examples(value: Any) -> bool:
    """Whether a value is a list of objects, the first of which is an example."""
    return is_objects(value) and bool(value) and example_of(value[0], Place("", 0)).format != UNKNOWN


def _is_text(value: Any) -> bool:
    """Whether a value is text, or a list of texts."""
    texts = value if isinstance(value, list) else [value]
    return bool(texts) and all(isinstance(text, str) and text.strip() for text in texts)


@rule(
    "M002", "messages-not-a-list", Severity.ERROR, hint="Write the messages as a JSON array, not as text or an object."
)
def messages_not_a_list(example: Example) -> Problems:
    """`messages` is not a list.

    The value is often JSON in a string, written by an exporter that encoded twice. Trainers then see letters instead of
    messages.
    Bad: {"messages": "[{\\"role\\": \\"user\\"}]"}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    turns = example.value.get("messages", [])
    if not isinstance(turns, list):
        yield Problem("/messages", f"`messages` is {kind_of(turns)}, not a list")


@messages_not_a_list.repaired_by(safe=True)
def parse_messages(value: Object) -> Object:
    """Parse the JSON in the string."""
    text = value.get("messages")
    decoded = decode(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else None
    return (
        {**value, "messages": decoded.value}
        if decoded and isinstance(decoded.value, list) and not decoded.defects
        else value
    )


@rule("M003", "empty-messages", Severity.ERROR, hint="Remove the line, or restore its conversation.")
def empty_messages(example: Example) -> Problems:
    """`messages` is an empty list.

    There is nothing to train on, and services reject the file.
    Bad: {"messages": []}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if example.value.get("messages") == []:
        yield Problem(conversation_pointer(example), "the conversation has no messages")


@rule("M004", "message-not-an-object", Severity.ERROR, hint='Write each message as {"role": ..., "content": ...}.')
def message_not_an_object(example: Example) -> Problems:
    """A message is not an object.

    A bare string has no role, so its speaker is unknown.
    Bad: {"messages": ["Hi", {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    turns = example.value.get("messages")
    key, answers = chosen_answers(example)
    if key:
        yield Problem(f"/{key}", f"`{key}` is a list of {plural(answers, 'answer')}; write a pair for each of them")
    for index, turn in enumerate(turns if isinstance(turns, list) else ()):
        if not isinstance(turn, dict):
            pointer = f"/messages/{index}" if example.pointers is None else example.pointers[index][0]
            if key and pointer.startswith(f"/{key}/"):
                continue
            several = "; write each conversation on a line of its own" if is_objects(turn) else ""
            yield Problem(pointer, f"message {index + 1} is {kind_of(turn)}, not an object{several}")


@rule("M005", "no-role", Severity.ERROR, hint="Set the role to system, developer, user, assistant or tool.")
def no_role(example: Example) -> Problems:
    """A message has no role.

    The chat template cannot place the message, and a trainer cannot decide whether to train on it.
    Bad: {"messages": [{"content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        if "role" not in message.value:
            yield Problem(message.pointer, f"message {message.index + 1} has no role")
        elif message.role is None:
            yield Problem(
                message.role_pointer,
                f"the role of message {message.index + 1} is {kind_of(message.value['role'])}, not a string",
            )


@rule("M006", "unknown-role", Severity.ERROR, hint="Use system, developer, user, assistant or tool.")
def unknown_role(example: Example) -> Problems:
    """A role is not known to chat models.

    Templates raise an error on it, or drop the message without a warning.
    Bad: {"messages": [{"role": "customer", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        if message.role is not None and message.role not in ROLES and alias(message.role) is None:
            yield Problem(message.role_pointer, f"role {quoted(message.role)} is not known")


@rule("M007", "role-alias", Severity.ERROR, hint="Use the role that the message names.")
def role_alias(example: Example) -> Problems:
    """A role is an alias of a known role.

    Templates compare roles exactly. `human`, `gpt`, `Assistant` and ` user` match nothing, so the message is lost.
    Bad: {"messages": [{"role": "human", "content": "Hi"}, {"role": "gpt", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        if message.role is not None and message.role not in ROLES and (renamed := alias(message.role)):
            name = speaker_for(example, renamed) if message.role_pointer.endswith("/from") else renamed
            yield Problem(message.role_pointer, f"role {quoted(message.role)} should be {name!r}")


@role_alias.repaired_by(safe=True)
def rename_roles(value: Object) -> Object:
    """Rename each alias to the role that templates know, except for tool calls and results, which need an id, too."""
    messages, any_renamed = [], False
    for turn in turns if isinstance(turns := value.get("messages"), list) else ():
        role = turn.get("role") if isinstance(turn, dict) else None
        renamed_role = alias(role) if isinstance(role, str) and role not in ROLES else None
        if renamed_role is not None and (renamed_role in TOOL_ROLES or "call" in str(role).casefold()):
            return value
        any_renamed |= renamed_role is not None
        messages.append(turn if renamed_role is None else {**turn, "role": renamed_role})
    return {**value, "messages": messages} if any_renamed else value


def with_known_roles(example: Example) -> Example:
    """The example as it is once M007 is fixed, so that no alias of a role hides another finding."""
    turns = example.value.get("messages")
    roles = [turn.get("role") for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []
    if all(role in ROLES for role in roles if isinstance(role, str)):
        return example
    value = rename_roles(example.value)
    return example if value is example.value else replace(example, value=value)


@rule(
    "M008",
    "deprecated-role",
    Severity.WARNING,
    targets=dict.fromkeys(MESSAGE_ROLES, Severity.ERROR) | TOLERANT_TARGETS,
    hint="Use the role `tool` with a tool_call_id. Where `developer` is not accepted, use `system`.",
)
def deprecated_role(example: Example, *, target: Target) -> Problems:
    """A role is deprecated, or the service does not accept it.

    OpenAI replaced `function` with `tool` in 2023. Most templates know only `tool`, and raise an error or drop the
    result. Together, Fireworks and Mistral do not accept `developer`, Claude on Bedrock only `user` and `assistant`,
    with the system prompt in a key of its own.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "function_call": {"name": "now", "arguments": "{}"}}, {"role": "function", "name": "now", "content": "12:00"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    accepted = MESSAGE_ROLES.get(target, tuple(ROLES)) if example.format == "messages" else TEMPLATE_ROLES
    for message in example.messages:
        if message.role == "function":
            yield Problem(message.role_pointer, "role 'function' is deprecated")
        elif message.role in ROLES and message.role not in accepted and target in MESSAGE_ROLES:
            yield Problem(message.role_pointer, f"role {message.role!r} is not accepted by {target}")


@deprecated_role.repaired_by(safe=False)
@on_messages
def roles_as_taken(messages: list[Object], *, target: Target) -> list[Object] | None:
    """Convert function calls and results to tool calls and messages; write `developer` as `system` if needed."""
    if target not in MESSAGE_ROLES:
        return functions_to_tools(messages)
    edited = functions_to_tools(developers_as_systems(messages))
    refused = [role for role in sorted(ROLES) if role not in MESSAGE_ROLES[target]]
    return None if edited is None or any(message.get("role") in refused for message in edited) else edited


def functions_to_tools(messages: list[Object]) -> list[Object] | None:
    """Convert function calls and results to tool calls and messages; None if a result has no call."""
    converted: list[Object] = []
    waiting: tuple[str, str] | None = None  # name and id of the call whose result comes next
    calling = False  # whether the last answer is a converted call
    for message in messages:
        role, id_ = message.get("role"), message.get("tool_call_id")
        call = message.get("function_call")
        if (
            isinstance(call, dict)
            and isinstance(call.get("name"), str)
            and role == "assistant"
            and not message.get("tool_calls")
        ):
            waiting, calling = (call["name"], f"call_{len(converted)}"), True
            calls = [{"id": waiting[1], "type": "function", "function": call}]
            converted.append({**omit_keys(message, "function_call", "tool_calls"), "tool_calls": calls})
            continue
        if role == "assistant":
            calling = False
        if role == "function" or (role == "tool" and calling and not id_):  # neither names its call
            if waiting is None or id_ is not None or message.get("name", waiting[0]) != waiting[0]:
                return None
            dropped = ("role", "name", "tool_call_id") if role == "function" else ("role", "tool_call_id")
            message = {"role": "tool", "tool_call_id": waiting[1], **omit_keys(message, *dropped)}  # noqa: PLW2901
        converted.append(message)
        waiting = None
    return converted


@rule(
    "M009",
    "no-assistant",
    Severity.ERROR,
    hint="Add the answer, or remove the line. `curate convert --user '{prompt}' --assistant '{KEY}'` takes it from KEY.",
)
def no_assistant(example: Example, *, target: Target) -> Problems:
    """No message is from the assistant.

    The loss covers the assistant's tokens only, so the example teaches nothing. Prompts for reinforcement fine-tuning
    have no answer: for services that train on them, a line with a key for the grader counts as such a prompt.
    Bad: {"messages": [{"role": "user", "content": "Hi"}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if (
        example.messages
        and not chosen_answers(example)[0]  # M004 reports them
        and not any(intended_role(message) == "assistant" for message in example.messages)
        and not (target in (*REINFORCEMENT_TARGETS, Target.BEDROCK) and references(example))
        and not (target in PROMPT_ONLY_TARGETS and example.format in PROMPTS)
    ):
        why = (
            "; it looks like a prompt for reinforcement, which this target does not train on"
            if references(example)
            else ""
        )
        yield Problem(conversation_pointer(example), f"no message is from the assistant{why}")


@rule(
    "M010",
    "no-user",
    Severity.WARNING,
    targets=dict.fromkeys((Target.MISTRAL, *STRICT_TURNS), Severity.ERROR),
    hint="Add the question.",
)
def no_user(example: Example) -> Problems:
    """No message is from the user.

    Many templates require a user message, as do Mistral, Bedrock and Anthropic. An answer without a question teaches
    the model to speak unprompted.
    Bad: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    roles = {intended_role(message) for message in example.messages}
    if (
        "assistant" in roles
        and "user" not in roles
        and example.format != "text"
        and (example.format, len(example.messages)) != ("preference", 1)
    ):
        yield Problem(conversation_pointer(example), "no message is from the user")


@rule(
    "M011",
    "open-end",
    Severity.WARNING,
    targets=dict.fromkeys((Target.MISTRAL, *STRICT_TURNS), Severity.ERROR),
    hint="Remove the messages after the last answer, or add an answer.",
)
def open_end(example: Example) -> Problems:
    """The conversation does not end with the assistant.

    Messages after the last answer are not trained on, and some trainers drop the whole example. P014 covers pairs.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "And now?"}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    roles = [intended_role(message) for message in example.messages]
    if "assistant" in roles and roles[-1] != "assistant" and example.format not in PAIR_SIDES:
        count = roles[::-1].index("assistant")
        last = "the last message is" if count == 1 else f"the last {plural(count, 'message')} are"
        yield Problem(example.messages[-1].pointer, f"{last} not answered and will not be trained on")


@open_end.repaired_by(safe=False)
@on_messages
def trim_end(messages: list[Object]) -> list[Object] | None:
    """Remove the messages after the last answer."""
    answers = [index for index, message in enumerate(messages, 1) if role_of(message) == "assistant"]
    return messages[: answers[-1]] if answers else None


@rule(
    "M012",
    "assistant-first",
    Severity.WARNING,
    targets=dict.fromkeys((Target.MISTRAL, *STRICT_TURNS), Severity.ERROR) | TOLERANT_TARGETS,
    hint="Put a user turn before it, or move the greeting to the system prompt.",
)
def assistant_first(example: Example) -> Problems:
    """The first turn is the assistant's.

    Templates of several models raise an error on it, and the answer has no question.
    Bad: {"messages": [{"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    turns = [message for message in example.messages if intended_role(message) not in SYSTEM_ROLES]
    if (
        turns
        and intended_role(turns[0]) == "assistant"
        and example.format != "text"
        and any(intended_role(turn) == "user" for turn in turns)
    ):
        yield Problem(turns[0].pointer, "the assistant speaks first")


@rule(
    "M013",
    "late-system",
    Severity.WARNING,
    targets=dict.fromkeys((Target.FIREWORKS, Target.BEDROCK), Severity.ERROR),
    hint="Move the message to the front.",
)
def late_system(example: Example) -> Problems:
    """A system message is not the first message.

    Most templates accept a system message only at the start. They drop a later one or raise an error.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    started = False
    for message in example.messages:
        if message.role not in SYSTEM_ROLES:
            started = True
        elif started:
            yield Problem(message.pointer, f"{message.role} message at position {message.index + 1}")


@late_system.repaired_by(safe=False)
@on_messages
def systems_first(messages: list[Object]) -> list[Object]:
    """Move system and developer messages to the front, in their order."""
    return sorted(messages, key=lambda message: message.get("role") not in SYSTEM_ROLES)


@rule(
    "M014",
    "several-systems",
    Severity.WARNING,
    targets={Target.MISTRAL: Severity.ERROR},
    hint="Merge the system messages into one.",
)
def several_systems(example: Example) -> Problems:
    """The conversation has more than one system message.

    Most templates keep the first or the last one and drop the others without a warning.
    Bad: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "system", "content": "Answer in French."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "system", "content": "Be brief. Answer in French."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    systems = [message for message in example.messages if message.role == "system"]
    if len(systems) > 1:
        yield Problem(systems[1].pointer, f"{len(systems)} system messages")


@several_systems.repaired_by(safe=False)
@on_messages
def merge_systems(messages: list[Object]) -> list[Object] | None:
    """Merge all system messages into the first, separated by a blank line."""
    return systems_merged(messages)


def developers_as_systems(messages: Sequence[Object]) -> list[Object]:
    """The messages, those of a developer with the role `system`."""
    return [{**message, "role": "system"} if message.get("role") == "developer" else message for message in messages]


def systems_merged(messages: list[Object]) -> list[Object] | None:
    """The messages with one system message; None if two of them differ in more than text, or there is none."""
    systems = [index for index, message in enumerate(messages) if message.get("role") == "system"]
    if not systems:
        return None
    merged = joined([messages[index] for index in systems])
    if merged is None:
        return None
    removed = set(systems[1:])
    return [
        merged if index == systems[0] else message for index, message in enumerate(messages) if index not in removed
    ]


def joined(messages: Sequence[Object]) -> Object | None:
    """Merge messages, texts separated by a blank line; None if they differ in more than content or its type."""
    if len(messages) == 1:
        return messages[0]
    other_keys = omit_keys(messages[0], "role", "content")
    if any(omit_keys(message, "role", "content") != other_keys for message in messages[1:]) or any(
        other_keys.get(key) for key in ("tool_calls", "function_call", "tool_call_id", "audio", "refusal")
    ):
        return None
    contents = [message.get("content") for message in messages]
    lists = [content for content in contents if isinstance(content, list)]
    if len(lists) == len(contents):
        return {**messages[0], "content": [*chain.from_iterable(lists)]}
    texts = [content for content in contents if isinstance(content, str)]
    if len(texts) == len(contents):
        return {**messages[0], "content": "\n\n".join(filter(str.strip, texts)) or texts[0]}
    return None


@rule("M015", "system-and-developer", Severity.WARNING, hint="Keep one of the two.")
def system_and_developer(example: Example) -> Problems:
    """The conversation has a system and a developer message.

    They are two names for the same thing. The result of having both depends on the template.
    Bad: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    roles = [message.role for message in example.messages]
    if "system" in roles and "developer" in roles:
        yield Problem(
            example.messages[roles.index("developer")].pointer, "a system and a developer message in one conversation"
        )


@system_and_developer.repaired_by(safe=False)
@on_messages
def developer_to_system(messages: list[Object]) -> list[Object] | None:
    """Merge the developer message into the system message, separated by a blank line."""
    roles = [message.get("role") for message in messages]
    if not all(role in roles for role in SYSTEM_ROLES):
        return None
    return systems_merged(developers_as_systems(messages))


@rule(
    "M016",
    "consecutive-roles",
    Severity.WARNING,
    targets=dict.fromkeys((Target.TOGETHER, Target.MISTRAL, *STRICT_TURNS), Severity.ERROR),
    hint="Merge the two turns, or restore the missing turn.",
)
def consecutive_roles(example: Example, *, target: Target) -> Problems:
    """Two consecutive turns have the same role.

    A turn between them is missing, or one turn was split. Strict templates raise an error ('roles must alternate').
    Others train on it, and the model learns to answer itself. OpenAI and Azure accept an image in a turn of its own.
    Together refuses two tool results in a row, too.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Are you there?"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi. Are you there?"}, {"role": "assistant", "content": "Hello."}]}
    """
    for left, right in pairwise(example.messages):
        role = intended_role(right)
        differs = (
            target in TOLERANT_TARGETS
            and role == "user"
            and isinstance(left.content, list) != isinstance(right.content, list)
        )
        alternates = ("user", "assistant", "tool") if target is Target.TOGETHER else ("user", "assistant")
        if intended_role(left) == role and role in alternates and not differs:
            yield Problem(right.pointer, f"two {role} turns in a row")


@consecutive_roles.repaired_by(safe=False)
@on_messages
def merge_turns(messages: list[Object]) -> list[Object] | None:
    """Merge consecutive turns of one role, separated by a blank line."""
    runs: list[list[Object]] = []
    for message in messages:
        role = role_of(message)
        if runs and role_of(runs[-1][0]) == role and role in ("user", "assistant"):
            runs[-1].append(message)
        else:
            runs.append([message])
    merged_runs = [merged for run in runs if (merged := joined(run)) is not None]
    return merged_runs if len(merged_runs) == len(runs) else None
