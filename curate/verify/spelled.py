"""Values that are spelled: digits as words, letters as words of radio, `at` and `dot`, binary codes, and letters of
Cyrillic and Greek that look like Latin ones.

Each function returns the text as it is meant; empty if nothing in it is spelled so. Its time is linear.
"""

import re
from collections.abc import Iterator
from typing import Final

DIGIT_WORDS: Final = (
    "zero one two three four five six seven eight nine",
    "oh",
    "null eins zwei drei vier fünf sechs sieben acht neun",
    "null eins zwo drei vier fuenf",
    "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "zéro un deux trois quatre cinq six sept huit neuf",
    "zero uno due tre quattro cinque sei sette otto nove",
    "zero um dois três quatro cinco seis sete oito nove",
    "nul een twee drie vier vijf zes zeven acht negen",
    "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
)
"""The digits from zero on in English, German, Spanish, French, Italian, Portuguese, Dutch and Polish."""
RADIO_WORDS: Final = (
    "alfa bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec romeo "
    "sierra tango uniform victor whiskey xray yankee zulu alpha juliet x-ray whisky"
)
SPELLED: Final = {
    **{word: str(digit) for words in DIGIT_WORDS for digit, word in enumerate(words.split())},
    **{word: word[0] for word in RADIO_WORDS.split()},
}
TIMES: Final = {"double": 2, "triple": 3}
MIN_SPELLED: Final = 4
"""Minimum number of words in a row that spell a character."""
TOKEN: Final = re.compile(r"[^\W\d_]+(?:-ray)?|[0-9]+")
BETWEEN: Final = re.compile(r"[\s,.;:/()+@–-]{0,4}")
SPOKEN_SIGN: Final = re.compile(
    r"\s{1,4}[\[(]?(?:at|dot|punkt|punto|point|arroba|dash|hyphen|underscore|plus)[\])]?\s{1,4}"
)
BINARY: Final = re.compile(r"(?:(?<![0-9])[01]{8}[\s,]{0,2}){7,}")
LOOKALIKE: Final = str.maketrans(
    "асеорхуіјѕԁԛԝӏкмтвнАВСЕНІЈКМОРЅТХУοανρικτυχΑΒΕΗΙΚΜΝΟΡΤΧΥΖ",
    "aceopxyijsdqwlkmtbhABCEHIJKMOPSTXYoavpiktuxABEHIKMNOPTXYZ",
)
OTHER_LETTER: Final = re.compile("[\u0370-\u03ff\u0400-\u052f]")


def from_words(text: str) -> str:
    """The digits and letters that rows of words spell, one row a line: `four one double five` -> `4155`. Digits and
    single letters stand for themselves: `four b five` -> `4b5`."""
    return "\n".join(_word_rows(text))


def _word_rows(text: str) -> Iterator[str]:
    """The characters of each row of words, numbers and letters, of which `MIN_SPELLED` or more are words."""
    row: list[str] = []
    words = end = 0
    times = 1
    for match in TOKEN.finditer(text):
        token = match.group().casefold()
        is_character = token[0].isdigit() or len(token) == 1
        shown = token if is_character else SPELLED.get(token, "")
        if not BETWEEN.fullmatch(text, end, match.start()) or not (shown or token in TIMES):
            if words >= MIN_SPELLED:
                yield "".join(row)
            row, words, times = [], 0, 1
        if shown:
            row.append(shown * times)
            words += not is_character
        times = TIMES.get(token, 1)
        end = match.end()
    if words >= MIN_SPELLED:
        yield "".join(row)


def from_signs(text: str) -> str:
    """The text without the words for signs: `jane dot doe at example dot org` -> `janedoeexampleorg`."""
    shown = SPOKEN_SIGN.sub("", text) if " dot " in text or " at " in text or " punkt " in text else text
    return "" if shown == text else shown


def from_binary(text: str) -> str:
    """The characters and the bytes of rows of eight binary digits."""
    rows = [[int(code, 2) for code in re.findall("[01]{8}", row.group())] for row in BINARY.finditer(text)]
    return "\n".join(
        text for row in rows for text in (bytes(row).decode("latin-1"), bytes(row).decode("utf-8", "ignore"))
    )


def from_lookalikes(text: str) -> str:
    """The text with the Latin letters that its Cyrillic and Greek ones look like."""
    return text.translate(LOOKALIKE) if not text.isascii() and OTHER_LETTER.search(text) else ""
