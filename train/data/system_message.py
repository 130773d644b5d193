"""The system message that training examples begin with."""

from collections.abc import Iterable
from typing import Any

from curate.core.example import SYSTEM_ROLES, Example


def system_of(example: Example) -> str | None:
    """The system or developer message that an example begins with; None without one, or if it is not text."""
    first: Any = next(iter(example.value.get("messages") or ()), None)
    is_system = isinstance(first, dict) and first.get("role") in SYSTEM_ROLES
    return first["content"] if is_system and isinstance(first.get("content"), str) else None


def shared_system(examples: Iterable[Example]) -> str | None:
    """The system message that all examples begin with; None where some have another one or none."""
    messages = {system_of(example) for example in examples}
    return messages.pop() if len(messages) == 1 else None
