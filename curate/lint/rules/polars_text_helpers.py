"""Helpers for text rules: texts by role, the previous message, exact checks of few texts, edits of all texts."""

import re
from collections.abc import Callable
from typing import Any, Final

from curate.core.lazy import pl
from curate.models.template_messages import TRAINING_DETAIL_KEYS

TEXT_KEYS: Final = ("text", "value", "refusal")
"""Keys for the text of a content part."""


def answer() -> "pl.Expr":
    """The text of an assistant's message; null for others."""
    return pl.when(pl.col("role") == "assistant").then(pl.col("text"))


def question() -> "pl.Expr":
    """The text of a user's message; null for others."""
    return pl.when(pl.col("role") == "user").then(pl.col("text"))


def answered_question() -> "pl.Expr":
    """The text of the user's message that an assistant's message answers; null after any other role."""
    return pl.col("asked")


def asked() -> "pl.Expr":
    """The text of the user's message that an assistant's message answers; empty after any other role."""
    return answered_question().fill_null("")


def non_ascii() -> "pl.Expr":
    """The text of a message that is not all ASCII; null for others."""
    return pl.when(pl.col("foreign")).then(pl.col("text"))


def judged_by(texts: "pl.Expr", judge: Callable[..., str | None], *before: "pl.Expr") -> "pl.Expr":
    """The result of `judge` for each non-null text: for the few texts that a cheap expression selects.

    `before`: other texts of the message, without nulls, that `judge` gets before it.
    """

    def look(series: "pl.Series") -> "pl.Series":
        if series.null_count() == len(series):
            return series
        messages: list[str | None] = [None] * len(series)
        indexes = series.is_not_null().arg_true()
        for index, text in zip(indexes, series.gather(indexes), strict=True):
            messages[index] = judge(*text.split("\0", len(before)))
        return pl.Series(messages, dtype=pl.String)

    joined = pl.concat_str(*before, texts, separator="\0") if before else texts
    return joined.map_batches(look, return_dtype=pl.String, is_elementwise=True)


def rust_pattern(pattern: re.Pattern[str]) -> str:
    """Convert a pattern and its flags to the syntax of Rust's engine, which runs it up to fifty times as fast."""
    flags = "".join(
        letter for letter, flag in (("i", re.IGNORECASE), ("m", re.MULTILINE), ("s", re.DOTALL)) if pattern.flags & flag
    )
    return f"(?{flags}:{pattern.pattern})" if flags else f"(?:{pattern.pattern})"


def matching(texts: "pl.Expr", hint: str) -> "pl.Expr":
    """The texts that match a pattern; null for others."""
    return pl.when(texts.str.contains(hint)).then(texts)


def any_of_pattern(*pieces: str) -> str:
    """A fast pattern for texts that contain one of some strings, ignoring ASCII case."""
    return f"(?i-u:{'|'.join(map(re.escape, pieces))})"


def edit_texts(value: dict[str, Any], edit: Callable[[str], str]) -> dict[str, Any]:
    """Copy a line's object with every message text edited; the rest is shared with the original.

    Texts of which only parts are trained on are left alone: the parts are given by their offsets.
    """
    turns = value.get("messages")
    return value if not isinstance(turns, list) else {**value, "messages": [_edited_turn(turn, edit) for turn in turns]}


def _edited_turn(turn: Any, edit: Callable[[str], str]) -> Any:
    """A turn with edited texts; unchanged if its keys describe spans of the text, or it has no content."""
    if not isinstance(turn, dict) or "content" not in turn or not turn.keys().isdisjoint(TRAINING_DETAIL_KEYS):
        return turn
    content = turn["content"]
    if isinstance(content, str):
        return {**turn, "content": edit(content)}
    return {**turn, "content": [_edited_part(part, edit) for part in content]} if isinstance(content, list) else turn


def _edited_part(part: Any, edit: Callable[[str], str]) -> Any:
    if isinstance(part, str):
        return edit(part)
    if not isinstance(part, dict):
        return part
    return {key: edit(item) if key in TEXT_KEYS and isinstance(item, str) else item for key, item in part.items()}
