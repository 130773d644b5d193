"""Answers that give another number behind a word of the question ("port 9443", "iOS 15"), or that mark another name of
a command or of a part of a program, as assistants do with bold text, quotation marks and code.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from curate.conflicts.requested_amounts import MAX_WORDS, word_count
from curate.conflicts.requested_kinds import asked_kinds, asked_part
from curate.core.lazy import lazy_pattern
from curate.language.precise_requests import asks_yes_or_no
from curate.language.quantity_translation import WORD
from curate.language.tokens import content_words, stem
from curate.language.verdict_words import QUESTION_WORD

LABELLED_PRECISION, MARKED_PRECISION = 0.85, 0.8
MAX_LABEL_CHARS: Final = 40
"""Number of characters before a number in which its label is."""
NUMBER: Final = re.compile(r"(?<![\w.,:/-])\d{1,6}(?:\.\d{1,4}){0,3}(?![\w%]|[.,:/-]\d|[  ]?[%°$€£¥])")
PORT: Final = re.compile(r"(?<=[a-z]:)\d{2,5}(?!\w)")
"""The port of an address."""
AFTER_LABEL: Final = " \t*_`\"'«»„“”:=#("
"""Characters between a label and its number."""
PROGRAM_QUESTION: Final = lazy_pattern(
    r"\b(?:menus?|tabs?|commands?|buttons?|menü|befehle?|kommando|reiter|schaltfläche|app|menú|pestaña|comandos?|botón|commandes?|onglets?"
    r"|bouton|abas?|botão|schede?|pulsante|portal|terminal|linux|shell|git)\b|菜单|命令|按钮|选项|メニュー|コマンド|ボタン|アプリ",
    re.IGNORECASE,
)
"""Asks for a command or a part of a program."""
MARKED: Final = re.compile(
    r"\*\*(?=[^\s*])([^*\n]{1,60})\*\*|(?<![*\w])\*(?=[^\s*])([^*\n]{1,60})\*(?![*\w])|(?<!`)`([^`\n]{1,60})`(?!`)|«([^«»\n]{1,60})»"
    r"|»([^«»\n]{1,60})«|[„“]([^„“”\n]{1,60})[“”]|「([^「」\n]{1,60})」"
)
TITLE_END: Final = (":", "：", ".", "?", "？", "!", "。")
"""Ends of marked text that is a title or a sentence, not a name."""
QUOTES: Final = ("`", "«", "»", "„", "“", "「")
MAX_MARKED_WORDS: Final = 4


class LabelledValues(NamedTuple):
    """The values of both answers, and how sure it is that both cannot be right."""

    source: str
    """`numbers` or `values`."""
    left: str
    right: str
    precision: float


def other_labelled_values(question: str, left: str, right: str) -> LabelledValues | None:
    """The first numbers of two answers behind a word of the question, or the first names that they mark, if they differ
    and neither is in the other answer; None for questions for yes or no or for an amount.
    """
    part = asked_part(question)
    if max(map(word_count, (left, right))) > MAX_WORDS or asked_kinds(part):
        return None
    if asks_yes_or_no(part) or not QUESTION_WORD.search(part):
        return None
    numbers = labelled_number(left, question), labelled_number(right, question)
    if all(numbers) and not any(
        re.search(rf"(?<![\w.]){re.escape(number)}(?![\w]|\.\d)", text)
        for number, text in ((numbers[0], right), (numbers[1], left))
    ):
        return LabelledValues("numbers", *numbers, LABELLED_PRECISION)
    if not PROGRAM_QUESTION.search(part):
        return None
    names = marked_name(left, question), marked_name(right, question)
    first_words = [name.split(maxsplit=1)[0].casefold() if name else "" for name in names]
    if all(names) and first_words[0] not in right.casefold() and first_words[1] not in left.casefold():
        return LabelledValues("values", *names, MARKED_PRECISION)
    return None


@lru_cache(16_384)
def labelled_number(text: str, question: str) -> str:
    """The first number behind a word of `question`, if that does not have it; "" for none."""
    labels = content_words(question)
    for number in NUMBER.finditer(text):
        before = text[max(0, number.start() - MAX_LABEL_CHARS) : number.start()].rstrip(AFTER_LABEL)
        words = WORD.findall(before)
        if (
            words
            and before.endswith(words[-1])
            and stem(words[-1].lower()) in labels
            and number.group() not in question
        ):
            return number.group()
    port = PORT.search(text) if "port" in labels else None
    return port.group() if port else ""


@lru_cache(16_384)
def marked_name(text: str, question: str) -> str:
    """The first marked text that is no title or sentence and has no word of `question`; "" for none."""
    asked = content_words(question)
    for match in MARKED.finditer(text):
        name = next(filter(None, match.groups())).strip(" 「」*`\"'«»„“”")
        if name and not name.endswith(TITLE_END) and len(name.split()) <= MAX_MARKED_WORDS:
            following = text[match.end() : match.end() + 1]
            is_name = match.group().startswith(QUOTES) or not name[0].islower()  # bold words may only stress
            if is_name and following not in TITLE_END[:2] and asked.isdisjoint(content_words(name)):
                return re.split(r"\s*(?:→|->|>|／)\s*", name)[0].strip("「」")
    return ""
