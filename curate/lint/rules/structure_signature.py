"""The structure of an example, as seen by structure rules. There are few structures, so each is checked once."""

from curate.core.example import Example
from curate.lint.rules.message_frame import CALLS
from curate.lint.rules.references import references

Shape = tuple[str | tuple[str, str], ...]


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
    value = example.value
    if example.plain:
        return True
    if len(value) != 1 or not isinstance(turns := value.get("messages"), list):
        return False
    return all(
        isinstance(t, dict) and len(t) == 2 and isinstance(t.get("content"), str) and isinstance(t.get("role"), str)
        for t in turns
    )
