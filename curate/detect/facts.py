"""Facts that make near-duplicates two examples: "What is 2 + 3?" and "What is 2 + 4?" differ in one character and in their meaning.

What two texts do not share is looked at, and nothing else: few words, where the texts are alike. Two examples differ in a fact where

- their numbers differ, in value or order, or their negations, images or calls of functions do;
- a name, a unit, a month, a quoted word or one side of a pair like before/after stands where the other has another one;
- a request, or an answer of a few words, has a word of meaning where the other has another one: "classify this animal: deer", "... bear".

Words more on one side make no other fact (a name more in a request does), nor do case, typing errors, endings, and words of politeness.
What is doubtful counts as a fact: two examples too many are an annoyance, a fact too few is a loss.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Final

from curate.detect.compared import On, attachments, said
from curate.detect.lexicon import FILLER, NEGATIONS, PARTICULAR
from curate.detect.spelling import same_word
from curate.example import Example
from curate.text import UNSPACED, normalised

# A number with its sign, separators and decimals. A sign counts only where no word or bracket stands before it.
NUMBER: Final = re.compile(r"(?<![\w.,)\]])[-−+]?\d+(?:[.,]\d+)*|\d+(?:[.,]\d+)*")
NEGATION: Final = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|\w+n['’]t)\b")
THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
DIGITS: Final = re.compile(r"\d+")
PIECE: Final = re.compile(r"\w+(?:['’]\w+)*|[-−+]")
QUOTED: Final = re.compile(r"[\"“«‘`][^\"”»’`\n]{1,60}[\"”»’`]|(?<!\w)'[^'\n]{1,60}'(?!\w)")
ENDS: Final = '.!?:;…。！？"“«(-*#>|'
"""What stands before the first word of a sentence, of a point in a list, of a cell."""
SHORT: Final = 8
"""Words of meaning up to which an answer is short: one put in another's place is another answer."""
LONG_REQUEST: Final = 40
"""Words of meaning up to which one put in another's place makes another request; of longer ones, one in 20 does."""


def numbers(text: str) -> list[str]:
    """The numbers in a text, in order, each in one spelling: no thousands separators, no zeros after the decimals, no plus."""
    return [_plain(match.group()) for match in NUMBER.finditer(text)]


def _plain(number: str) -> str:
    number = number.replace("−", "-").lstrip("+")
    if THOUSANDS.fullmatch(number.lstrip("-")):
        number = number.replace(",", "")
    if number.count(".") == 1 and "," not in number:
        number = number.rstrip("0").rstrip(".")
    return number


def facts(text: str) -> Counter[str]:
    """The numbers and negations of a text, each as often as it stands there."""
    plain = normalised(text)
    return Counter([*numbers(plain), *(f"not:{match.group()}" for match in NEGATION.finditer(plain))])


class Said:
    """One side of an example, as it is compared; taken apart when it is first asked for, since most requests are equal as they stand."""

    def __init__(self, text: str) -> None:
        """`text` as it is written."""
        self.text = text

    @cached_property
    def words(self) -> Counter[str]:
        """What stands between spaces, as it is written; in texts with scripts without spaces, words and single characters."""
        if self.text.isascii() or not UNSPACED.search(self.text):
            return Counter(self.text.split())
        return Counter(piece for token in PIECE.findall(self.text) for piece in (token if UNSPACED.search(token) else (token,)))

    @cached_property
    def digits(self) -> list[str]:
        """Runs of digits, in order."""
        return DIGITS.findall(self.text)

    def says_more_than(self, count: int) -> bool:
        """Whether it has more than so many different words of meaning."""
        return len(self.words) > count and next(islice(self._meaning(), count, None), None) is not None

    def _meaning(self) -> Iterator[str]:
        return (word for word in self.words if word.casefold().strip(ENDS + ",)'”» ") not in FILLER)


class Facts:
    """Compares the facts of examples; remembers those it has seen, since what has one near-duplicate often has more."""

    def __init__(self, on: On = "conversation", remembered: int = 10_000) -> None:
        """`on`: the turns whose facts count; `remembered`: examples that are kept in memory."""
        self.on = on
        self.remembered = remembered
        self._seen: dict[int, tuple[Example, Said, Said]] = {}

    def same(self, left: Example, right: Example) -> bool:
        """Whether two examples agree in every fact."""
        (_, asked, answered), (_, other_asked, other_answered) = self._sides(left), self._sides(right)
        if not _agree(asked, other_asked, request=True) or not _agree(answered, other_answered, request=False):
            return False
        return attachments(left, self.on) == attachments(right, self.on)

    def _sides(self, example: Example) -> tuple[Example, Said, Said]:
        known = self._seen.get(id(example))  # the example is kept beside it, so that its identity is not used again
        if known is None:
            if len(self._seen) >= self.remembered:
                self._seen.clear()
            asked, answered = said(example, self.on)
            known = self._seen[id(example)] = (example, Said(asked), Said(answered))
        return known


def same_facts(left: Example, right: Example, on: On = "conversation") -> bool:
    """Whether two examples agree in every fact; for many pairs, `Facts` is quicker."""
    return Facts(on).same(left, right)


def _agree(left: Said, right: Said, *, request: bool) -> bool:
    """Whether one side of two examples states the same facts."""
    if left.text == right.text:
        return True
    if left.digits != right.digits and numbers(normalised(left.text)) != numbers(normalised(right.text)):
        return False
    mine = _only(left, right)
    others = _only(right, left)
    if not mine and not others:
        return _in_one_order(left.text, right.text)
    if any(NEGATIONS.get(word, 0) for word in mine | others) and not _as_often(mine, others):
        return False
    mine, others = _without_respelled(mine, others)
    if _signs(mine) != _signs(others):
        return False
    mine, others = ({word: written for word, written in words.items() if word not in FILLER and word.isalnum()} for words in (mine, others))
    if request and any(_is_name(written, said.text) for words, said in ((mine, left), (others, right)) for written in words.values()):
        return False
    if not mine or not others:
        return True
    if any(_is_particular(word, written, left.text) for word, written in mine.items()) and any(
        _is_particular(word, written, right.text) for word, written in others.items()
    ):
        return False
    least = max(LONG_REQUEST, 20 * min(len(mine), len(others))) if request else SHORT
    return left.says_more_than(least) and right.says_more_than(least)


def _only(this: Said, that: Said) -> dict[str, str]:
    """Words that one text has more often than the other, folded, each with how it is written."""
    found: dict[str, str] = {}
    others = that.words
    for token, count in this.words.items():
        if count > others.get(token, 0):
            for piece in PIECE.findall(token):
                found.setdefault(piece.casefold(), piece)
    return found


def _as_often(mine: dict[str, str], others: dict[str, str]) -> bool:
    """Whether the words that are not shared deny equally often, "do not" being as good as "don't"."""
    return sum(NEGATIONS.get(word, 0) for word in mine) == sum(NEGATIONS.get(word, 0) for word in others)


def _signs(words: dict[str, str]) -> set[str]:
    return {word for word in words if word in "+−-"}


def _without_respelled(mine: dict[str, str], others: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The words of both sides without those that are the other's, spelled otherwise."""
    left = {word: written for word, written in mine.items() if word not in others}
    right = {word: written for word, written in others.items() if word not in mine}
    for word, written in list(left.items()):
        twin = next((other for other, as_written in right.items() if same_word(word, other, name=written[0].isupper() and as_written[0].isupper())), None)
        if twin is not None:
            del left[word], right[twin]
    return left, right


def _is_particular(word: str, written: str, text: str) -> bool:
    return word in PARTICULAR or _is_name(written, text) or any(written in quoted.group() for quoted in QUOTED.finditer(text))


def _is_name(written: str, text: str) -> bool:
    """Whether a word is written as a name: with a capital elsewhere than at the start of a sentence. Scripts without case might name anything."""
    if written.islower() or not written[0].isalpha():
        return False
    if not written[0].isupper():
        return written.casefold() == written.upper()
    if any(char.isupper() for char in written[1:]):
        return True
    at = text.find(written)
    while at >= 0:
        before = text[:at].rstrip(" ")
        if before and before[-1] not in ENDS and before[-1] != "\n":
            return True
        at = text.find(written, at + 1)
    return False


def _in_one_order(left: str, right: str) -> bool:
    """Whether two texts of the same words have their names in one order."""
    names = [[word for word in PIECE.findall(text) if _is_name(word, text)] for text in (left, right)]
    return names[0] == names[1]
