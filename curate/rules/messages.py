"""Family M: messages and their roles. Structure only: nothing here reads what is said."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from curate.example import ROLES, Example, Message
from curate.finding import Problem, Severity
from curate.read.formats import UNKNOWN
from curate.rules.references import REINFORCING, references
from curate.rules.rule import rule
from curate.targets import NO_DEVELOPER, Target
from curate.text import excerpt, plural

Problems = Iterator[Problem]

ALIASES = {
    "human": "user", "customer_message": "user", "question": "user", "prompter": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant",
    "ai": "assistant", "chatgpt": "assistant", "chatbot": "assistant", "agent": "assistant", "answer": "assistant", "instruction": "system",
    "observation": "tool", "function_response": "tool", "tool_response": "tool", "ipython": "tool", "function_call": "assistant", "tool_call": "assistant",
}  # fmt: skip
DEPRECATED = {Target.OPENAI: Severity.INFO, Target.AZURE: Severity.INFO}
"""For what the service has replaced, and still takes."""


def alias(role: str) -> str | None:
    """The known role that another spelling or name stands for, or None."""
    plain = role.strip().casefold()
    return plain if plain in ROLES else ALIASES.get(plain)


def meant(message: Message) -> str | None:
    """The message's role, or the one that it must mean, so that one wrong name is reported once."""
    return message.role if message.role is None or message.role in ROLES else alias(message.role) or message.role


def kind_of(value: Any) -> str:
    """What kind of JSON value this is, in words."""
    names = {str: "a string", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object", type(None): "null"}
    return names[type(value)]


def turns_of(example: Example) -> list[Any]:
    """The list under `messages`, whatever it holds; empty when it is no list."""
    turns = example.value.get("messages")
    return turns if isinstance(turns, list) else []


def pointer_of(example: Example, index: int) -> str:
    """Pointer to the turn at `index`, in the line as it was read."""
    return f"/messages/{index}" if example.pointers is None else example.pointers[index][0]


def role_pointer(message: Message) -> str:
    """Pointer to the role of a message, in the line as it was read; to the turn where its format implies the role."""
    if message.content_pointer == message.pointer:
        return message.pointer
    return f"{message.pointer}/{'from' if message.content_pointer.endswith('/value') else 'role'}"


def whole(example: Example) -> str:
    """Pointer to the conversation, in the line as it was read."""
    return {"messages": "/messages", "bedrock": "/messages", "sharegpt": "/conversations"}.get(example.format, "")


@rule("M001", "no-messages", severity=Severity.ERROR, hint="Put the conversation under `messages`, or convert the file from its format.")
def no_messages(example: Example, *, target: Target) -> Problems:
    """The object has no `messages`.

    Without it no trainer finds a conversation: the line is rejected or dropped. TRL also trains on a `prompt` alone.

    Bad:

        {"question": "Hi", "reply": "Hello."}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if example.format == UNKNOWN and not (target is Target.TRL and isinstance(example.value.get("prompt"), str | list)):
        keys = ", ".join(excerpt(key, 30) for key in list(example.value)[:5])
        yield Problem("", f"no `messages`, and the keys fit no known format: {keys or 'the object is empty'}")


@rule("M002", "messages-not-a-list", severity=Severity.ERROR, hint="Write the messages as a JSON array, not as text or an object.")
def messages_not_a_list(example: Example) -> Problems:
    """`messages` is not a list.

    Often it is JSON inside a string, by an exporter that encoded twice; trainers see letters instead of messages.

    Bad:

        {"messages": "[{\\"role\\": \\"user\\"}]"}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    turns = example.value.get("messages", [])
    if not isinstance(turns, list):
        yield Problem("/messages", f"`messages` is {kind_of(turns)}, not a list")


@rule("M003", "empty-messages", severity=Severity.ERROR, hint="Remove the line, or restore its conversation.")
def empty_messages(example: Example) -> Problems:
    """`messages` is an empty list.

    There is nothing to train on; services reject the file because of it.

    Bad:

        {"messages": []}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if example.value.get("messages") == []:
        yield Problem(whole(example), "the conversation has no messages")


@rule("M004", "message-not-an-object", severity=Severity.ERROR, hint='Write each message as {"role": ..., "content": ...}.')
def message_not_an_object(example: Example) -> Problems:
    """A message is not an object.

    A bare string has no role, so nobody can tell who said it.

    Bad:

        {"messages": ["Hi", {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for index, turn in enumerate(turns_of(example)):
        if not isinstance(turn, dict):
            yield Problem(pointer_of(example, index), f"message {index + 1} is {kind_of(turn)}, not an object")


@rule("M005", "no-role", severity=Severity.ERROR, hint="Say who speaks: system, developer, user, assistant or tool.")
def no_role(example: Example) -> Problems:
    """A message has no role.

    The chat template cannot place it, and a trainer cannot tell whether to learn it.

    Bad:

        {"messages": [{"content": "Hi"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        if "role" not in message.value:
            yield Problem(message.pointer, f"message {message.index + 1} has no role")
        elif message.role is None:
            yield Problem(role_pointer(message), f"the role of message {message.index + 1} is {kind_of(message.value['role'])}, not a string")


@rule("M006", "unknown-role", severity=Severity.ERROR, hint="Use system, developer, user, assistant or tool.")
def unknown_role(example: Example) -> Problems:
    """A role is none that chat models know.

    Templates raise an error on it, or drop the message without a word.

    Bad:

        {"messages": [{"role": "customer", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        if message.role is not None and message.role not in ROLES and alias(message.role) is None:
            yield Problem(role_pointer(message), f"role {excerpt(message.role)!r} is not known")


@rule("M007", "role-alias", severity=Severity.ERROR, hint="Rename it; the message says to what.")
def role_alias(example: Example) -> Problems:
    """A role is another name for a known one.

    Templates compare roles letter by letter: `human`, `gpt`, `Assistant` or ` user` match nothing, the message is lost.

    Bad:

        {"messages": [{"role": "human", "content": "Hi"}, {"role": "gpt", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        if message.role is not None and message.role not in ROLES and (meant := alias(message.role)):
            yield Problem(role_pointer(message), f"role {excerpt(message.role)!r} should be {meant!r}")


@rule(
    "M008",
    "deprecated-role",
    severity=Severity.WARNING,
    targets=dict.fromkeys(NO_DEVELOPER, Severity.ERROR) | DEPRECATED,
    hint="Use the role `tool` with a tool_call_id; where `developer` is not taken, `system`.",
)
def deprecated_role(example: Example, *, target: Target) -> Problems:
    """A role is deprecated, or none that the service takes.

    OpenAI replaced `function` by `tool` in 2023; most templates know only `tool`, and raise an error or drop the result.
    Together, Fireworks and Mistral do not take `developer` either.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "function_call": {"name": "now", "arguments": "{}"}}, {"role": "function", "name": "now", "content": "12:00"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        if message.role == "function":
            yield Problem(role_pointer(message), "role 'function' is deprecated")
        elif message.role == "developer" and target in NO_DEVELOPER:
            yield Problem(role_pointer(message), f"role 'developer' is not taken by {target}")


@rule("M009", "no-assistant", severity=Severity.ERROR, hint="Add the answer, or remove the line.")
def no_assistant(example: Example, *, target: Target) -> Problems:
    """No message is from the assistant.

    Loss is taken on the assistant's words only, so the example teaches nothing. Prompts for reinforcement fine-tuning have
    none: where the service trains on these, a line with a key that a grader may read is taken for one.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if example.messages and not any(meant(message) == "assistant" for message in example.messages) and not (target in REINFORCING and references(example)):
        why = "; it looks like a prompt for reinforcement, which this target does not train on" if references(example) else ""
        yield Problem(whole(example), f"no message is from the assistant{why}")


@rule("M010", "no-user", severity=Severity.WARNING, hint="Add the question that the answer answers.")
def no_user(example: Example) -> Problems:
    """No message is from the user.

    Many templates require one; and an answer without a question teaches to talk unasked.

    Bad:

        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    roles = {meant(message) for message in example.messages}
    if "assistant" in roles and "user" not in roles and example.format != "text" and (example.format, len(example.messages)) != ("preference", 1):
        yield Problem(whole(example), "no message is from the user")


@rule("M011", "open-end", severity=Severity.WARNING, hint="Remove what follows the last answer, or add the answer to it.")
def open_end(example: Example) -> Problems:
    """The conversation does not end on the assistant.

    What stands after the last answer is never trained on; some trainers drop the whole example for it.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "And now?"}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    roles = [meant(message) for message in example.messages]
    if "assistant" in roles and roles[-1] != "assistant":
        count = roles[::-1].index("assistant")
        last = "the last message is" if count == 1 else f"the last {plural(count, 'message')} are"
        yield Problem(example.messages[-1].pointer, f"{last} not answered and will not be trained on")


@rule(
    "M012", "assistant-first", severity=Severity.WARNING, targets={Target.MISTRAL: Severity.ERROR},
    hint="Put the user's turn before it, or make the greeting part of the system prompt.",
)  # fmt: skip
def assistant_first(example: Example) -> Problems:
    """The first turn is the assistant's.

    Templates of several models raise an error on it, and there is nothing that the answer answers.

    Bad:

        {"messages": [{"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    turns = [message for message in example.messages if meant(message) not in ("system", "developer")]
    if turns and meant(turns[0]) == "assistant" and example.format != "text" and any(meant(turn) == "user" for turn in turns):
        yield Problem(turns[0].pointer, "the assistant speaks first")


@rule("M013", "late-system", severity=Severity.WARNING, targets={Target.FIREWORKS: Severity.ERROR}, hint="Move it to the front.")
def late_system(example: Example) -> Problems:
    """A system message is not the first one.

    Most templates take a system message only at the start: elsewhere they drop it or raise an error.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    started = False
    for message in example.messages:
        if message.role not in ("system", "developer"):
            started = True
        elif started:
            yield Problem(message.pointer, f"{message.role} message at position {message.index + 1}")


@rule("M014", "several-systems", severity=Severity.WARNING, targets={Target.MISTRAL: Severity.ERROR}, hint="Merge them into one.")
def several_systems(example: Example) -> Problems:
    """There is more than one system message.

    Most templates keep the first, or the last, and drop the others without a word.

    Bad:

        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "system", "content": "Answer in French."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "system", "content": "Be brief. Answer in French."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    systems = [message for message in example.messages if message.role == "system"]
    if len(systems) > 1:
        yield Problem(systems[1].pointer, f"{len(systems)} system messages")


@rule("M015", "system-and-developer", severity=Severity.WARNING, hint="Keep one of the two.")
def system_and_developer(example: Example) -> Problems:
    """There are a system and a developer message.

    They are two names for one thing; what a template does with both differs from model to model.

    Bad:

        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    roles = [message.role for message in example.messages]
    if "system" in roles and "developer" in roles:
        yield Problem(example.messages[roles.index("developer")].pointer, "a system and a developer message in one conversation")


@rule(
    "M016",
    "consecutive-roles",
    severity=Severity.WARNING,
    targets={Target.TOGETHER: Severity.ERROR, Target.MISTRAL: Severity.ERROR},
    hint="Merge the two turns, or restore the turn missing between them.",
)
def consecutive_roles(example: Example) -> Problems:
    """Two turns in a row have the same role.

    A turn was lost, or cut in two. Strict templates raise an error; with others the model learns to answer itself.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Are you there?"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi. Are you there?"}, {"role": "assistant", "content": "Hello."}]}
    """
    for left, right in pairwise(example.messages):
        role = meant(right)
        if meant(left) == role and role in ("user", "assistant"):
            yield Problem(right.pointer, f"two {role} turns in a row")


RULES = (
    no_messages, messages_not_a_list, empty_messages, message_not_an_object, no_role, unknown_role, role_alias, deprecated_role, no_assistant,
    no_user, open_end, assistant_first, late_system, several_systems, system_and_developer, consecutive_roles,
)  # fmt: skip
