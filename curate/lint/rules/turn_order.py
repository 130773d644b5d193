"""Family M, order of turns and required roles. Structure only."""

from collections.abc import Sequence
from itertools import chain, pairwise

from curate.core.example import SYSTEM_ROLES, Example
from curate.core.finding import Problem, Problems, Severity
from curate.core.form_keys import PAIR_SIDES
from curate.core.targets import STRICT_TURNS, Target
from curate.core.text import plural
from curate.lint.rules.roles import TOLERANT_TARGETS, conversation_pointer, intended_role, role_of
from curate.lint.rules.rule import Object, on_messages, rule
from curate.read.forms.form import omit_keys


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
    if not {"system", "developer"} <= {
        message.get("role") for message in messages if isinstance(message.get("role"), str)
    }:
        return None
    return systems_merged(
        [{**message, "role": "system"} if message.get("role") == "developer" else message for message in messages]
    )


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
