"""What a trainer is given of an example: all of it, and the part of it that is no text (docs/leaks.md)."""

from collections.abc import Mapping
from typing import Any, Final

from curate.example import canonical

ATTACHED: Final = ("images", "image", "audios", "audio", "videos", "video", "documents", "chat_template_kwargs")
"""Keys of an example for what is given beside text."""
GIVEN: Final = (
    "messages", "tools", "functions", *ATTACHED, "chosen", "rejected", "preferred_output", "non_preferred_output", "rejected_messages", "response_k", "label",
)  # fmt: skip
"""Keys of an example in messages form that a trainer is given. All others, such as `id`, `source` and `metadata`, it is not."""


def given_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """What a trainer is given of an example in messages form."""
    return {key: value[key] for key in GIVEN if key in value}


def attachments_of(value: Mapping[str, Any]) -> bytes:
    """What a trainer is given beside text, as canonical JSON: keys for images, sound, video and documents, template arguments, parts of turns that are no text.

    Empty where there is nothing. Values are as they are written: one picture under two names is two.
    """
    beside = {key: value[key] for key in ATTACHED if value.get(key) not in (None, "", [], {})}
    turns = value.get("messages")
    contents = [turn.get("content") for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []
    parts = [part for content in contents if isinstance(content, list) for part in content if not _is_text(part)]
    return canonical([beside, parts]) if beside or parts else b""


def _is_text(part: Any) -> bool:
    return isinstance(part, str) or (isinstance(part, dict) and any(isinstance(part.get(key), str) for key in ("text", "value", "refusal")))
