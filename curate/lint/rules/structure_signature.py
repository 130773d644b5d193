"""The structure of an example, as seen by structure rules. There are few structures, so each is checked once."""

from typing import Final

from curate.core.example import GIVEN, Example, has_plain_turns
from curate.lint.rules.message_frame import CALLS
from curate.lint.rules.references import references

Shape = tuple[str | tuple[str, str], ...]
READ: Final = frozenset((*GIVEN, "chosen_messages", "parallel_tool_calls")) - {"messages"}
"""Keys of a line that rules of scope `VALUE` read by name."""
SPEAKERS: Final = frozenset(("system", "developer", "user", "assistant"))


def structure_signature(example: Example) -> Shape | None:
    """Format, and per turn its role and whether it has text or calls; None if the example has other features.

    A rule of scope `EXAMPLE` may read more than this only if this is None.
    """
    if example.plain:
        return ("messages", *[turn["role"] for turn in example.value["messages"]])
    turns = example.value.get("messages")
    if not isinstance(turns, list) or example.defect is not None:
        return None
    shape: list[str | tuple[str, str]] = [example.format]
    for turn in turns:
        role = turn.get("role") if isinstance(turn, dict) else None
        if not isinstance(role, str):
            return None
        content = turn.get("content")
        if isinstance(content, str):
            shape.append(role)
        elif content is None and any(turn.get(key) for key in CALLS):
            shape.append((role, "calls"))
        else:
            return None
    if shape[-1] != "assistant" and references(example):  # it may be a prompt for reinforcement, which needs no answer
        return None
    return tuple(shape)


def is_plain(example: Example) -> bool:
    """Whether an example has only messages with role and text, so that rules of scope `VALUE` cannot fire."""
    return example.plain or (len(example.value) == 1 and has_plain_turns(example.value))


def has_keys_beside(example: Example) -> bool:
    """Whether an example has, beside messages with role and text, only keys that no rule knows.

    Rules of scope `VALUE` cannot fire then, except those that are declared with `any_key`.
    """
    value = example.value
    return (
        example.format == "messages"
        and READ.isdisjoint(value)
        and has_plain_turns(value)
        and SPEAKERS.issuperset([turn["role"] for turn in value["messages"]])
    )
