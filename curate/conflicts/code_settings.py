"""Answers with code blocks: the words around the code, and the settings in it that two answers give differently."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from curate.conflicts.requested_amounts import word_count
from curate.core.text import normalised, words

FENCE: Final = "```"
BLOCK: Final = re.compile(r"```[ \t]{0,4}([\w+-]{0,20})[^\n]{0,100}\n(.*?)(?:```|\Z)", re.DOTALL)
CODE: Final = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
MIN_PROSE_WORDS: Final = 12
"""Minimum number of words around code for them to be compared."""
SETTINGS_LANGUAGES: Final = frozenset(
    ("", "toml", "ini", "yaml", "yml", "json", "jsonc", "json5", "conf", "config", "cfg", "properties", "env", "dotenv")
)
"""What the first line of a block with settings names, in lower case."""
SETTING: Final = re.compile(
    r"([A-Za-z][\w.-]{1,40})[\"']?[ \t]{0,4}[=:][ \t]{0,4}([\"']?)([\w%./+-]{1,60})\2(?=[ \t]{0,20}(?:[,;}#\n]|//|$))"
)
"""A key and one value, up to the end of the line, a comma, a bracket or a comment."""
NUMBER: Final = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)([A-Za-z%]{0,5})")
SWITCHES: Final = {
    **dict.fromkeys(("true", "on", "yes", "enabled"), "on"),
    **dict.fromkeys(("false", "off", "no", "disabled"), "off"),
}
MAX_SETTINGS: Final = 8
"""Maximum number of settings of an answer: more are a whole file."""
SETTINGS_PRECISION: Final = 0.9


@lru_cache(16_384)
def prose(answer: str) -> str:
    """An answer without its fenced code if that only illustrates it: the rest has `MIN_PROSE_WORDS` words, and as many
    as the code. Else the answer.
    """
    if FENCE not in answer:
        return answer
    rest = CODE.sub("\n", answer)
    outside = word_count(rest)
    return rest if outside >= max(MIN_PROSE_WORDS, word_count(answer) - outside) else answer


def other_settings(question: str, left: str, right: str) -> tuple[str, str] | None:
    """The setting that the code blocks of two answers give differently: the one key of the question, or the only key
    that both have, with two numbers of one unit, two switches, or for a key of the question two words. None if there
    are more or fewer.
    """
    left_settings, right_settings = settings(left), settings(right)
    shared = left_settings.keys() & right_settings.keys()
    if not shared:
        return None
    asked = {key for key in shared if _is_named(key, question)}
    differing = [
        key for key in sorted(asked or shared) if _differ(left_settings[key], right_settings[key], named=key in asked)
    ]
    if len(differing) != 1 or (not asked and len(shared) > 1):
        return None
    key = differing[0]
    return f"{key} = {left_settings[key]}", f"{key} = {right_settings[key]}"


@lru_cache(16_384)
def settings(answer: str) -> Mapping[str, str]:
    """The values of the settings in the code blocks of an answer, by key; empty if there are more than `MAX_SETTINGS`,
    a key has two values, or the code is none of settings alone.
    """
    if FENCE not in answer:
        return {}
    found: dict[str, str] = {}
    for block in BLOCK.finditer(answer):
        if block[1].lower() not in SETTINGS_LANGUAGES:
            continue
        for setting in SETTING.finditer(block[2]):
            if found.setdefault(setting[1], setting[3]) != setting[3]:
                return {}
    return found if len(found) <= MAX_SETTINGS else {}


def _is_named(key: str, question: str) -> bool:
    """Whether a question has all words of a key."""
    return set(words(normalised(key))) <= set(words(normalised(question)))


def _differ(left: str, right: str, *, named: bool) -> bool:
    """Whether two values of a setting cannot both be meant."""
    left, right = left.lower(), right.lower()
    left_number, right_number = NUMBER.fullmatch(left), NUMBER.fullmatch(right)
    if left_number and right_number:
        return left_number[2] == right_number[2] and float(left_number[1]) != float(right_number[1])
    if left in SWITCHES and right in SWITCHES:
        return SWITCHES[left] != SWITCHES[right]
    return named and not (left_number or right_number or left in SWITCHES or right in SWITCHES) and left != right
