"""The shape of an example: all that structure rules look at. Few shapes make up a data set, so a sound one is judged
once.
"""

from curate.core.example import Example
from curate.lint.rules.message_frame import CALLS
from curate.lint.rules.references import references

Shape = tuple[str | tuple[str, str], ...]


def structure_signature(example: Example) -> Shape | None:
    """The example's format and, of each turn, its role and whether it has text or calls a tool; None where it is less
    plain than that.

    A rule of scope `EXAMPLE` may see more than this only where this is None.
    """
    if example.plain:
        return ("messages", *[turn["role"] for turn in example.value["messages"]])
    turns = example.value.get("messages")
    if not isinstance(turns, list):
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
    """Whether an example has nothing but messages, and each of these nothing but a role and a text: nothing there for
    rules of scope `VALUE`.
    """
    value = example.value
    if example.plain:
        return True
    if len(value) != 1 or not isinstance(turns := value.get("messages"), list):
        return False
    return all(
        isinstance(t, dict) and len(t) == 2 and isinstance(t.get("content"), str) and isinstance(t.get("role"), str)
        for t in turns
    )
