"""The plain text of a block (docs/leaks.md): without escapes, HTML, targets of links and labels of lines."""

import re
from collections.abc import Iterable
from html.entities import html5
from typing import Final

ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|([\\nrtbf]))")
"""An escape of JSON that is more than a sign."""
ESCAPED: Final = {"\\": "\\", "n": "\n", "r": "\n", "t": "\t", "b": " ", "f": " "}
TAG: Final = re.compile(r"<(?:/?([A-Za-z][A-Za-z0-9]*)|!)[^<>]*>")
INLINE_TAGS: Final = frozenset(
    "a abbr b big cite code del em font i ins kbd mark q s small span strike strong sub sup tt u var".split()  # noqa: SIM905
)
"""Elements inside a line; a tag of another element is a line break."""
REFERENCE: Final = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")
LINK_TARGET: Final = re.compile(r"\]\([^()\n]*\)")
LABEL: Final = re.compile(
    r"\n[ \t>|]*[\[(]?[Ll]?[0-9][0-9:.,]*(?:[\])|\u2192\t]|[ \t]+[|\u2192]|(?<=[:.]) )",
)
"""A number or a time at the beginning of a line, with the line break before it."""
EDGE_UNDERSCORES: Final = re.compile(r"\b_+|(?<!_)_++\b")

MIN_CHARS: Final = 30
"""Characters below which a text is no block."""


def plain_texts(blocks: Iterable[str]) -> list[str]:
    """The plain texts of the blocks that are not plain."""
    return [plain for text in blocks if len(text) >= MIN_CHARS and (plain := plain_text(text)) != text]


def plain_text(text: str) -> str:
    """The plain text of a block; the text itself if it is plain."""
    plain = text
    if "\\" in plain:
        plain = ESCAPE.sub(_unescaped, plain)
    if "<" in plain:
        plain = TAG.sub(lambda tag: "" if (tag[1] or "").lower() in INLINE_TAGS else "\n", plain)
    if "&" in plain:
        plain = REFERENCE.sub(_referenced, plain)
    if "](" in plain:
        plain = LINK_TARGET.sub("]", plain)
    plain = LABEL.sub("\n", f"\n{plain}")[1:]
    return EDGE_UNDERSCORES.sub(" ", plain) if "_" in plain else plain


def _unescaped(escape: re.Match[str]) -> str:
    return _character(int(escape[1], 16)) if escape[1] else ESCAPED[escape[2]]


def _referenced(reference: re.Match[str]) -> str:
    if reference[3]:
        return html5.get(f"{reference[3]};", reference[0])
    return _character(int(reference[1]) if reference[1] else int(reference[2], 16))


def _character(code: int) -> str:
    """The character of a code point; a space for a surrogate, for NUL and for what is none."""
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else " "
