"""Text that a chat template has rendered, or that names its speakers, with the marks of `curate.core.chat_markup`.

A text is split only where its marks account for all of it and the turns alternate; any other text stays text.
"""

import re
from itertools import pairwise
from typing import Final

from curate.core.chat_markup import BEGIN_TOKENS, CHAT_MARKUP, END_TOKENS, LEADING, ChatMarkup
from curate.core.form_keys import PAIR_SIDES, PREFERENCE
from curate.core.lazy import lazy_pattern
from curate.core.text import visible
from curate.read.forms.form import Format, Object, Reading, Turn, UnreadableError, has_strings, omit_keys
from curate.read.forms.pairs import TEXT

RoleTexts = list[tuple[str, str]]
Family = tuple[ChatMarkup, re.Pattern[str]]
SIDES: Final = PAIR_SIDES["preference"]


def _pattern(markup: ChatMarkup) -> re.Pattern[str]:
    """The pattern of the beginning of a turn. It has no repetition, so matching takes linear time."""
    marks = "|".join(map(re.escape, sorted(markup.turns, key=len, reverse=True)))
    return (
        lazy_pattern(marks) if markup.stems else lazy_pattern(f"^(?:{marks})", re.MULTILINE | re.IGNORECASE | re.ASCII)
    )


PATTERNS: Final = tuple((markup, _pattern(markup)) for markup in CHAT_MARKUP)
MAX_MARK_CHARS: Final = max(len(mark) for markup in CHAT_MARKUP for mark in markup.turns)
OPENINGS: Final = tuple(
    stem
    for markup in CHAT_MARKUP
    for stem in markup.stems
    if stem[0] in "<[" and any(mark.startswith(stem) for mark in markup.turns)
)
"""Tokens with which the text of a chat template begins."""


def split_transcript(text: str) -> RoleTexts | None:
    """The roles and texts of a rendered conversation; None where the split is not certain."""
    return _parsed_text(text)[0]


def _parsed_text(text: str) -> tuple[RoleTexts | None, Family]:
    """The roles and texts of a rendered conversation, and the family of its marks; None and any family without one."""
    start = text[_text_start(text) :][:MAX_MARK_CHARS]
    for markup, pattern in PATTERNS:
        if markup.stems:
            may = any(mark in text for mark in markup.turns if markup.turns[mark] == "assistant")
        else:
            may = pattern.match(start) is not None or (markup.preamble is not None and "##" in text)
        if may and (parts := _split_by_markup(text, (markup, pattern))):
            return parts, (markup, pattern)
    return None, PATTERNS[0]


def _split_by_markup(text: str, family: Family, *, answered: bool = True) -> RoleTexts | None:
    """The turns of a text in the markup of a model family; None if it is not a whole conversation in this markup."""
    markup, pattern = family
    matches = list(pattern.finditer(text))
    if not matches:
        return None
    before = _trimmed(text[_text_start(text) : matches[0].start()], markup)
    if before and (markup.preamble is None or not before.startswith(markup.preamble)):
        return None
    roles = {mark.lower(): role for mark, role in markup.turns.items()}
    parts = [("system", before)] if before else []
    for match, end in zip(matches, [*(match.start() for match in matches[1:]), len(text)], strict=True):
        role, words = roles[match[0].lower()], _trimmed(text[match.end() : end], markup)
        if role == "input" and parts and parts[-1][0] == "user":
            role, words = "user", "\n\n".join(filter(None, (parts.pop()[1], words)))
        if words:
            parts.append((role, words))
    is_split = not any(stem in words for _, words in parts for stem in markup.stems)
    return parts if is_split and _is_conversation([role for role, _ in parts], answered=answered) else None


def _text_start(text: str) -> int:
    """The position after leading white space and begin tokens."""
    start = len(text) - len(text.lstrip())
    while mark := next((mark for mark in BEGIN_TOKENS if text.startswith(mark, start)), ""):
        start += len(mark)
        while text[start : start + 1].isspace():
            start += 1
    return start


def _trimmed(text: str, markup: ChatMarkup) -> str:
    """A text without the white space around it and the tokens at its end."""
    end, marks = len(text.rstrip()), (*markup.ends, *END_TOKENS)
    while mark := next((mark for mark in marks if text.endswith(mark, 0, end)), ""):
        end -= len(mark)
        while text[end - 1 : end].isspace():
            end -= 1
    return text[:end].strip()


def _is_conversation(roles: list[str], *, answered: bool) -> bool:
    """Whether the turns of a user and an assistant alternate, behind a system prompt."""
    leading = next((index for index, role in enumerate(roles) if role not in LEADING), len(roles))
    rest = [role for role in roles[leading:] if role != "thinking"]
    return (
        len(set(roles[:leading])) == leading
        and "input" not in rest
        and rest[:1] == ["user"]
        and ("assistant" in rest or not answered)
        and not LEADING & set(rest)
        and all(left != right or left == "tool" for left, right in pairwise(rest))
        and all(right == "assistant" for left, right in pairwise(roles) if left == "thinking")
        and roles[-1] != "thinking"
    )


def rendered_turns(parts: RoleTexts, pointer: str) -> list[Turn]:
    """The turns of a text at the pointer; reasoning belongs to the answer after it."""
    turns, thoughts = [], ""
    for role, text in parts:
        if role == "thinking":
            thoughts = text
            continue
        reasoning = {"reasoning_content": thoughts} if thoughts else {}
        turns.append(Turn({"role": role, **reasoning, "content": text}, pointer, pointer))
        thoughts = ""
    return turns


def _read(value: Object) -> Reading | None:
    """Read a rendered conversation; None for a text without markup. Raises `UnreadableError` if the markup encloses no
    turns.
    """
    turns = split_transcript(value["text"])
    if turns is None:
        begin = _text_start(value["text"])
        mark = next((mark for mark in OPENINGS if value["text"].startswith(mark, begin)), None)
        if mark is None:
            return None
        why = f"the text begins with {visible(mark)}, but its marks do not enclose turns of a user and an assistant"
        raise UnreadableError("/text", why)
    return Reading(rendered_turns(turns, "/text"), omit_keys(value, "text"))


RENDERED: Final = Format(
    "rendered",
    "text that a chat template has rendered, or that names its speakers: ChatML, Llama, Human:/Assistant:, "
    "### Instruction",
    lambda value: TEXT.matches(value) and not value.get("system"),
    read=_read,
)


def _pair_sides(value: Object) -> tuple[RoleTexts, RoleTexts] | None:
    """Both sides of a pair if the prompt with each side is a rendered conversation, else None; one side may lack its
    answer.
    """
    prompt = value.get("prompt") or ""
    if not isinstance(prompt, str):
        return None
    parsed = [_parsed_text(prompt + value[key]) for key in SIDES]
    family = next((family for parts, family in parsed if parts and parts[-1][0] == "assistant"), None)
    if family is None:
        return None
    sides = [
        parts or _split_by_markup(prompt + value[key], family, answered=False)
        for key, (parts, _) in zip(SIDES, parsed, strict=True)
    ]
    if prompt and not all(parts and parts[-1][1] in value[key] for key, parts in zip(SIDES, sides, strict=True)):
        return None
    return (sides[0], sides[1]) if sides[0] and sides[1] else None


def _read_pair(value: Object) -> Reading | None:
    """Read a pair of rendered conversations; None for any other line."""
    if (sides := _pair_sides(value)) is None:
        return None
    chosen, rejected = (rendered_turns(parts, f"/{key}") for key, parts in zip(SIDES, sides, strict=True))
    if not value.get("prompt"):
        return Reading(chosen, {**omit_keys(value, *SIDES), "rejected": [turn.value for turn in rejected]})
    most = min(len(chosen), len(rejected)) - 1
    prompt_length = next((index for index in range(most) if chosen[index].value != rejected[index].value), most)
    rejected_answer = [turn.value for turn in rejected[prompt_length:]]
    return Reading(
        _split_prompt(chosen, prompt_length), {**omit_keys(value, "prompt", *SIDES), "rejected": rejected_answer}
    )


def _split_prompt(turns: list[Turn], prompt_length: int) -> list[Turn]:
    """Turns of which the first `prompt_length` point to the prompt."""
    return [turn._replace(pointer="/prompt", content="/prompt") for turn in turns[:prompt_length]] + turns[
        prompt_length:
    ]


RENDERED_PAIR: Final = Format(
    "rendered-preference",
    "chosen, rejected: each the whole conversation as text, as in HH-RLHF, or what continues prompt, a rendered text",
    lambda value: (
        has_strings(value, *SIDES) and not any(value.get(key) for key in PREFERENCE if key not in ("prompt", "chosen"))
    ),
    read=_read_pair,
)


def _read_completed(value: Object) -> Reading | None:
    """Read a rendered prompt and its completion as one conversation; None for other lines.

    The completion holds the last answer.
    """
    parts = split_transcript(value["prompt"] + value["completion"])
    if not parts or parts[-1][0] != "assistant" or parts[-1][1] not in value["completion"]:
        return None
    turns = rendered_turns(parts, "/completion")
    return Reading(_split_prompt(turns, len(turns) - 1), omit_keys(value, "prompt", "completion"))


RENDERED_COMPLETION: Final = Format(
    "rendered-completion",
    "prompt, completion: text that a chat template has rendered, cut before the last answer",
    lambda value: has_strings(value, "prompt", "completion") and not value.get("system"),
    read=_read_completed,
)
