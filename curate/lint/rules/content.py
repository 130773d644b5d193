"""Family C: the content of messages. C003 and C004 run on text columns, the others on the structure."""

import re
from typing import Final

from curate.core.example import SYSTEM_ROLES, Example, content_text, kind_of
from curate.core.finding import Problem, Problems, Severity
from curate.core.lazy import pl
from curate.core.targets import STRICT_TURNS
from curate.lint.rules.message_frame import ANSWER_KEYS, INVISIBLE_CHARS, PADDED_TEXT, has_media
from curate.lint.rules.roles import role_of
from curate.lint.rules.rule import Object, on_messages, rule, text_rule

VISIBLE_CHAR: Final = rf"[^\s{INVISIBLE_CHARS}]"


@rule(
    "C001",
    "no-content",
    severity=Severity.ERROR,
    hint="Write the content. null is valid only beside tool_calls, function_call, refusal or audio.",
)
def no_content(example: Example) -> Problems:
    """A message has no content.

    A template renders `None` or nothing, and the model learns that.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "wave", "arguments": "{}"}}]}]}
    """
    for message in example.messages:
        if message.content is None and not (
            message.role == "assistant" and any(message.value.get(key) for key in ANSWER_KEYS)
        ):
            text = "is null" if "content" in message.value else "is missing"
            yield Problem(
                message.content_pointer if "content" in message.value else message.pointer,
                f"the content of message {message.index + 1} {text}",
            )


@rule(
    "C002",
    "content-type",
    severity=Severity.ERROR,
    hint="Write the content as a string, or as a list of parts that have a type.",
)
def content_type(example: Example) -> Problems:
    """A content is neither text nor a list of parts.

    Templates print a number or object as Python does, or stop the run.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": 42}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "42"}]}
    """
    for message in example.messages:
        content = message.content
        if isinstance(content, list):
            for i, part in enumerate(content):
                if not isinstance(part, dict):
                    yield Problem(
                        f"{message.content_pointer}/{i}",
                        f"part {i + 1} of message {message.index + 1} is {kind_of(part)}, not an object",
                    )
                elif not isinstance(part.get("type"), str):
                    yield Problem(
                        f"{message.content_pointer}/{i}", f"part {i + 1} of message {message.index + 1} has no type"
                    )
        elif content is not None and not isinstance(content, str):
            yield Problem(message.content_pointer, f"the content of message {message.index + 1} is {kind_of(content)}")


def _shows_nothing() -> "pl.Expr":
    """Whether a text has only white space and invisible characters."""
    return ~pl.col("text").str.contains(VISIBLE_CHAR)


@text_rule("C003", "empty-answer", Severity.ERROR, prefilter=PADDED_TEXT, hint="Write the answer, or remove the line.")
def empty_answer() -> "pl.Expr":
    """An assistant's content is empty.

    The model learns to end its turn at once, also for real questions. A text of invisible characters only is empty.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "  "}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    empty = (
        (pl.col("role") == "assistant") & pl.col("content") & ~pl.col("called") & _shows_nothing() & ~pl.col("media")
    )
    return pl.when(empty).then(pl.lit("the assistant's answer is empty"))


@text_rule(
    "C004",
    "empty-question",
    Severity.WARNING,
    targets=dict.fromkeys(STRICT_TURNS, Severity.ERROR),
    prefilter=PADDED_TEXT,
    hint="Write the message, or remove it.",
)
def empty_question() -> "pl.Expr":
    """A user's or system's content is empty.

    The model learns to answer an empty request. An empty system prompt also replaces the template's default.
    Bedrock and Anthropic refuse both.
    Bad: {"messages": [{"role": "system", "content": ""}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    asks = pl.col("role").is_in(["user", *SYSTEM_ROLES])
    empty = asks & pl.col("content") & _shows_nothing() & ~pl.col("media")
    return pl.when(empty).then(pl.format("the {}'s message is empty", pl.col("role")))


@empty_question.repaired_by(safe=False)
@on_messages
def drop_empty_systems(messages: list[Object]) -> list[Object] | None:
    """The messages without empty system messages; None if a question is empty or if no message remains."""
    if any(_is_empty(message) and role_of(message) == "user" for message in messages):
        return None
    return [message for message in messages if not (_is_empty(message) and message.get("role") in SYSTEM_ROLES)] or None


def _is_empty(message: Object) -> bool:
    content = message.get("content")
    return (
        isinstance(content, str | list)
        and not re.search(VISIBLE_CHAR, content_text(content))
        and not has_media(content)
    )
