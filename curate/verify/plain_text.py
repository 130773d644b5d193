"""The plain text of a block as docs/leaks.md defines it."""

import re
from collections.abc import Iterator
from html.entities import html5
from typing import Final

INSIDE_LINES: Final = frozenset(
    (
        "a", "abbr", "b", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "small",
        "span", "strike", "strong", "sub", "sup", "tt", "u", "var",
    )
)  # fmt: skip
"""Elements whose tags break no line."""
ELEMENT: Final = re.compile("/?(?P<name>[a-zA-Z][a-zA-Z0-9]*)|!")
NAMED: Final = re.compile("[a-zA-Z][a-zA-Z0-9]{1,31}")
NUMBERED: Final = re.compile("#(?:([0-9]{1,7})|[xX]([0-9a-fA-F]{1,6}))")
HEXADECIMAL: Final = re.compile("[0-9a-fA-F]{4}")
WORD: Final = re.compile(r"\w+")
NUMBERED_LINE: Final = re.compile(r"^[ \t>|]*[\[(]?[Ll]?[0-9]", re.MULTILINE)
NUMBER: Final = re.compile("[0-9][0-9:.,]*")
WHITE: Final = {"n": "\n", "r": "\n", "t": "\t", "b": " ", "f": " "}


def plain_text(text: str) -> str:
    """A text without escapes, HTML, targets of links, labels of lines and underscores at the edges of words."""
    for sign, read in READERS:
        if sign in text:
            text = "".join(read(text.split(sign)))
    if NUMBERED_LINE.search(text):
        text = "\n".join(map(_unlabelled, text.split("\n")))
    return WORD.sub(_without_edges, text) if "_" in text else text


def _escapes_read(pieces: list[str]) -> Iterator[str]:
    """The pieces between backslashes, with what each backslash and the sign behind it mean."""
    rest = iter(pieces)
    yield next(rest)
    for piece in rest:
        if piece[:1] in WHITE and piece:
            yield WHITE[piece[0]] + piece[1:]
        elif piece[:1] == "u" and HEXADECIMAL.match(piece, 1):
            yield _sign(int(piece[1:5], 16)) + piece[5:]
        elif piece:
            yield "\\" + piece
        else:  # a backslash, or the end of the text, is behind the backslash
            yield "\\" + next(rest, "")


def _without_tags(pieces: list[str]) -> Iterator[str]:
    yield pieces[0]
    for piece in pieces[1:]:
        element, behind = ELEMENT.match(piece), _cut(piece, ">")[1]
        if element is None or behind is None:
            yield "<" + piece
        else:
            yield ("" if (element["name"] or "").lower() in INSIDE_LINES else "\n") + behind


def _references_read(pieces: list[str]) -> Iterator[str]:
    yield pieces[0]
    for piece in pieces[1:]:
        name, behind = _cut(piece, ";")
        if behind is not None and NAMED.fullmatch(name) and f"{name};" in html5:
            yield html5[f"{name};"] + behind
        elif behind is not None and (number := NUMBERED.fullmatch(name)):
            yield _sign(int(number[1]) if number[1] else int(number[2], 16)) + behind
        else:
            yield "&" + piece


def _without_targets(pieces: list[str]) -> Iterator[str]:
    yield pieces[0]
    for piece in pieces[1:]:
        target, behind = _cut(piece, ")")
        yield "](" + piece if behind is None or "(" in target or "\n" in target else "]" + behind


def _unlabelled(line: str) -> str:
    """A line without the number or the time that it begins with."""
    rest = line.lstrip(" \t>|")
    rest = rest[1:] if rest[:1] in ("[", "(") else rest
    number = NUMBER.match(rest, 1 if rest[:1] in ("L", "l") else 0)
    if number is None:
        return line
    behind = rest[number.end() :]
    if behind[:1] in ("]", ")", "|", "\u2192", "\t") and behind:
        return behind[1:]
    after = behind.lstrip(" \t")
    if after[:1] in ("|", "\u2192") and after:
        return after[1:]
    return behind[1:] if behind[:1] == " " and number[0][-1] in ":." else line


def _without_edges(word: re.Match[str]) -> str:
    """A word with a space for the underscores at each of its edges."""
    inside = word[0].lstrip("_")
    begin = " " if len(inside) < len(word[0]) else ""
    return begin + (inside.rstrip("_") + " " if inside.endswith("_") else inside)


def _cut(piece: str, sign: str) -> tuple[str, str | None]:
    """The text before and behind the first sign; None without it."""
    before, middle, behind = piece.partition(sign)
    return before, behind if middle else None


def _sign(code: int) -> str:
    """The character with a number; a space for NUL, a surrogate and what is none."""
    return " " if code == 0 or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF else chr(code)


READERS: Final = (("\\", _escapes_read), ("<", _without_tags), ("&", _references_read), ("](", _without_targets))
"""What reads the pieces of a text between the occurrences of a sign, in order."""
