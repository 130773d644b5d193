"""Split rendered text of a chat template into turns, independently of the reader, to compare questions."""

import re
from itertools import groupby, pairwise
from typing import Any, Final

from curate.core.chat_markup import BEGIN_TOKENS, CHAT_MARKUP, END_TOKENS, LEADING, ChatMarkup

RoleTexts = list[tuple[str, str]]
PROMPT_KEYS: Final = (
    "messages", "conversations", "instruction", "input", "system", "history", "question", "query",
)  # fmt: skip
"""Keys of the prompt of a preference, besides `prompt`."""
OPENING_TOKENS: Final = re.compile(rf"(?:\s|{'|'.join(map(re.escape, BEGIN_TOKENS))})*")


class _Splitter:
    """Splits the texts of one family of templates."""

    def __init__(self, markup: ChatMarkup) -> None:
        marks = "|".join(sorted(map(re.escape, markup.turns), key=lambda mark: (-len(mark), mark)))
        words = re.IGNORECASE | re.MULTILINE | re.ASCII
        self.opening = re.compile(f"({marks})" if markup.stems else f"^({marks})", 0 if markup.stems else words)
        reversed_ends = "|".join(re.escape(mark[::-1]) for mark in (*markup.ends, *END_TOKENS))
        self.ending = re.compile(rf"(?:\s|{reversed_ends})*")
        self.roles = {mark.casefold(): role for mark, role in markup.turns.items()}
        self.markup = markup

    def split(self, text: str, *, answered: bool = True) -> RoleTexts | None:
        """Roles and texts, reasoning left out; None where the marks do not account for all of the text."""
        before, *pieces = self.opening.split(text)
        preamble = self._without_ending(before[OPENING_TOKENS.match(before).end() :])  # type: ignore[union-attr]
        if preamble and not (self.markup.preamble is not None and preamble.startswith(self.markup.preamble)):
            return None
        turns = [["system", preamble]]
        for mark, piece in zip(pieces[::2], pieces[1::2], strict=True):
            role, words = self.roles[mark.casefold()], self._without_ending(piece)
            if role == "input" and turns[-1][0] == "user":
                turns[-1][1] += f"\n\n{words}" if words else ""
            elif words:
                turns.append([role, words])
        kept = [(role, words) for role, words in turns if words]
        if any(role == "input" for role, _ in kept) or any(
            stem in words for _, words in kept for stem in self.markup.stems
        ):
            return None
        roles = [role for role, _ in kept]
        return [turn for turn in kept if turn[0] != "thinking"] if _is_conversation(roles, answered=answered) else None

    def _without_ending(self, piece: str) -> str:
        tail = self.ending.match(piece[::-1])
        return piece[: len(piece) - tail.end()].lstrip() if tail else piece


def _is_conversation(roles: list[str], *, answered: bool) -> bool:
    if any(after != "assistant" for role, after in pairwise([*roles, "end"]) if role == "thinking"):
        return False
    remaining = [role for role in roles if role != "thinking"]
    while remaining and remaining[0] in LEADING:
        if remaining[0] in remaining[1:]:
            return False
        remaining = remaining[1:]
    if (
        not remaining
        or remaining[0] != "user"
        or not LEADING.isdisjoint(remaining)
        or (answered and "assistant" not in remaining)
    ):
        return False
    return all(role == "tool" or len(list(run)) == 1 for role, run in groupby(remaining))


SPLITTERS: Final = tuple(_Splitter(markup) for markup in CHAT_MARKUP)


def transcript(text: str) -> RoleTexts | None:
    """Roles and texts of a rendered conversation; None for other text."""
    return _split(text)[0]


def _split(text: str) -> tuple[RoleTexts | None, _Splitter]:
    """The conversation in a text, and the splitter that parsed it; None and any splitter for a text that holds none."""
    for splitter in SPLITTERS:
        stems = splitter.markup.stems
        if stems and not any(stem in text for stem in stems):
            continue
        if turns := splitter.split(text):
            return _normalized_roles(turns), splitter
    return None, SPLITTERS[0]


def _normalized_roles(turns: RoleTexts | None) -> RoleTexts:
    """Turns with the role "developer" as "system"; empty for None."""
    return [("system" if role == "developer" else role, text) for role, text in turns or ()]


def completed_transcript(value: dict[str, Any]) -> RoleTexts | None:
    """The conversation of a rendered prompt and its completion; None unless the completion holds its last answer."""
    if type(value["prompt"]) is not str or type(value["completion"]) is not str or value.get("system"):
        return None
    turns = transcript(value["prompt"] + value["completion"])
    return turns if turns and turns[-1][0] == "assistant" and turns[-1][1] in value["completion"] else None


def with_messages(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    """A preference with its sides as messages, if the prompt with each side is a rendered conversation."""
    prompt = value.get("prompt") or ""
    if any(map(value.get, PROMPT_KEYS)) or any(
        type(text) is not str for text in (prompt, *(value[key] for key in keys))
    ):
        return value
    conversations = [_split(prompt + value[key]) for key in keys]
    splitter = next((by for side, by in conversations if side and side[-1][0] == "assistant"), None)
    if splitter is None:
        return value
    sides = [
        side or _normalized_roles(splitter.split(prompt + value[key], answered=False))
        for key, (side, _) in zip(keys, conversations, strict=True)
    ]
    if not all(side and (not prompt or side[-1][1] in value[key]) for key, side in zip(keys, sides, strict=True)):
        return value
    turns = [[{"role": role, "content": text} for role, text in side] for side in sides]
    return {**value, **dict(zip(keys, turns, strict=True)), "prompt": ""}
