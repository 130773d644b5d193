"""Repairs of family Q, characters. A conversation that mentions or needs the characters keeps them: by hand then.

Each condition leaves some wrong characters in place; none changes a text that is right.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from curate.core.lazy import lazy_pattern
from curate.language.character_terms import names_characters
from curate.lint.rules import characters
from curate.lint.rules.message_frame import INVISIBLE_CHARS
from curate.lint.rules.polars_text_helpers import edit_texts

QUOTES: Final = frozenset("\"'`“”‘’„«»‹›「」『』<>()[]{}")
GARBLED: Final = lazy_pattern(
    f"(?:[{characters.LEAD_CHARS}][{characters.CONTINUATION_CHARS}]+)+|{characters.C1_CONTROLS}+"
)
GARBLED_WORD: Final = lazy_pattern(rf"[\w{characters.CONTINUATION_CHARS}]+")
MENTIONS: Final = lazy_pattern(
    r"instead of|show(?:s|n|ed|ing)?\b|appear|display|render|turn(?:s|ed)? (?:in)?to|becomes?\b|became|should (?:be|read)|was meant"
    r"|stands? for|means\b|typo|\bfix|replac|\bword\b|\bletter|\bsymbol|\btext\b",
    re.IGNORECASE,
)
"""Words near a wrong character that is mentioned."""
MENTION_RANGE: Final = 60
"""Number of characters before and after a word that are searched for them."""
INVISIBLE_RUN: Final = lazy_pattern(f"[{INVISIBLE_CHARS}]+")
MARKUP_CHARS: Final = frozenset("@`*_#<>~|&\\/=$+-")
"""Characters that an invisible one beside them may keep from being read as markup, or as a name."""
DIRECTION_CONTROLS: Final = lazy_pattern("[\u202a-\u202e\u2066-\u2069]")
RIGHT_TO_LEFT: Final = lazy_pattern("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
"""Letters of scripts written from right to left, among which controls of direction change what is shown."""


def strings_in(value: Any) -> Iterator[str]:
    """All strings of a JSON value except keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings_in(item)


def leading_space(text: str) -> str:
    """The white space at the start of a text."""
    return text[: len(text) - len(text.lstrip())]


@characters.mojibake.repaired_by(safe=True)
def decode_again(value: dict[str, Any]) -> dict[str, Any]:
    """Decode the text again as UTF-8; nothing changes in a conversation that is about characters, mentions the wrong
    ones or also has the right ones.
    """
    texts = [text for text in strings_in(value.get("messages")) if not text.isascii()]
    decoded = [(text, right) for text in texts if (right := characters.decoded_again(text)) != text]
    if (
        not any(_is_damaged(text) for text, _ in decoded)
        or any(leading_space(text) != leading_space(right) for text, right in decoded)
        or any(map(names_characters, strings_in(value.get("messages"))))
        or not _right_characters(decoded).isdisjoint("".join(texts))
    ):
        return value
    return edit_texts(value, lambda text: text if text.isascii() else characters.decoded_again(text))


def _right_characters(decoded: list[tuple[str, str]]) -> set[str]:
    """The characters, other than white space, that decoding brings back."""
    return {char for text, right in decoded for char in set(right) - set(text) if not char.isspace()} | {
        char
        for text, right in decoded
        for char in set(right) & set(text)
        if not char.isascii() and not char.isspace() and right.count(char) > text.count(char)
    }


def _is_damaged(text: str) -> bool:
    """Whether a wrongly decoded text has a garbled word that is part of its prose, not mentioned."""
    for match in GARBLED_WORD.finditer(text):
        word, start, end = match.group(), match.start(), match.end()
        if not GARBLED.search(word):
            continue
        before, after = text[start - 1 : start] or word[:1], text[end : end + 1] or word[-1:]
        alone = not any(map(str.isalnum, GARBLED.sub("", word))) and len(characters.decoded_again(word).strip()) < 2
        quoted = bool(QUOTES & {before, word[0]}) and bool(QUOTES & {after, word[-1]})
        near = text[max(0, start - MENTION_RANGE) : end + MENTION_RANGE]
        if not alone and not quoted and not MENTIONS.search(near):
            return True
    return False


@characters.invisible_character.repaired_by(safe=True)
def remove_invisible(value: dict[str, Any]) -> dict[str, Any]:
    """Remove invisible characters; nothing changes where one is for private use, which some fonts show, beside markup,
    or among letters that are written from right to left, nor in a conversation that is about characters.
    """
    texts = list(strings_in(value.get("messages")))
    whole = "\n".join(texts)
    if (
        names_characters(whole)
        or characters.PRIVATE_USE.search(whole)
        or (DIRECTION_CONTROLS.search(whole) and RIGHT_TO_LEFT.search(whole))
        or any(_has_use(text, match, whole) for text in texts for match in INVISIBLE_RUN.finditer(text))
        or any(leading_space(characters.without_invisible(text)) != leading_space(text) for text in texts)
    ):
        return value
    return edit_texts(value, lambda text: text if text.isascii() else characters.without_invisible(text))


def _has_use(text: str, run: "re.Match[str]", whole: str) -> bool:
    """Whether invisible characters are mentioned, affect how markup is read, or tell a word from the same without."""
    before, after = text[: run.start()][-1:], text[run.end() :][:1]
    if before in MARKUP_CHARS or after in MARKUP_CHARS or (before in QUOTES and after in QUOTES):
        return True
    if not before.strip() and after in tuple(",;:.?!"):
        return True
    if not before.isalnum() or not after.isalnum():
        return False
    first = re.search(r"\w+\Z", text[: run.start()])
    last = re.match(r"\w+", text[run.end() :])
    word = (first.group() if first else "") + (last.group() if last else "")
    return re.search(rf"(?i)(?<!\w){re.escape(word)}(?!\w)", whole) is not None
