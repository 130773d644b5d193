"""Text functions for all packages: make text safe to display, and normalize it for comparison."""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from curate.core.characters import UNSEEN, UNSPACED
from curate.core.lazy import lazy_pattern, pl

if TYPE_CHECKING:
    from polars import Series

# Everything that could move the cursor, change colors or reorder displayed text: C0 and C1 controls, line and
# paragraph separators, zero-width and bidi characters, tags, surrogates, private use. Not a joiner between two letters
# of a script that is spelled with it, such as Persian or Hindi, and not the joiner between two emoji.
_JOINED = "[\u0620-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17b3\u17b6-\u17ff]"
_EMOJI = "[\u2600-\u27bf\U0001f000-\U0001faff]"
UNSAFE = lazy_pattern(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e007f]"
    f"(?!(?<={_JOINED}[\u200c\u200d]){_JOINED}|(?:(?<={_EMOJI}\u200d)|(?<={_EMOJI}[\ufe0f\U0001f3fb-\U0001f3ff]\u200d)){_EMOJI})"
)
MASKED_CHARS = 200
"""Characters behind an excerpt that are searched for the rest of a key or a password that begins in it."""
BYTES_PER_TOKEN = 4
"""Bytes that count as one token if there is no tokenizer."""
TextPair = tuple[str, str]
"""Two texts that are compared, such as questions or answers."""
NAMED_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
SPACES = re.compile(r"\s+")
WORDS = re.compile(r"\w+")
NON_WORDS_TO_SPACES = bytes(code if WORDS.match(chr(code)) else 32 for code in range(256))
"""Translates ASCII characters that belong to no word to spaces."""


def visible(text: str, *, keep_newlines: bool = False) -> str:
    """`text` with every control character escaped, so that a terminal can display it safely."""

    def escape(match: re.Match[str]) -> str:
        char = match.group()
        if keep_newlines and char in "\n\t":
            return char
        if char in NAMED_ESCAPES:
            return NAMED_ESCAPES[char]
        code = ord(char)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    return UNSAFE.sub(escape, text)


EMPTY: Final = "(empty)"
"""Shown in place of a text without characters: a blank cell looks like a value that is missing."""


def excerpt(text: str, width: int = 60) -> str:
    """The start of `text` on one line, safe to display, at most `width` characters, with an ellipsis if it was cut.

    Keys and passwords are masked first, because a truncated one would not be recognized.
    """
    from curate.core.masking import without_keys  # few commands that load this module quote a text

    start = without_keys(text[: width * 2 + MASKED_CHARS])
    shown = visible(start[: width * 2])
    is_complete = len(start) <= width * 2 and len(text) <= width * 2 + MASKED_CHARS
    return shown if is_complete and len(shown) <= width else shown[: width - 1] + "…"


def quoted(text: str, width: int = 60) -> str:
    """An excerpt in quotation marks. `repr` would escape its escapes a second time."""
    shown = excerpt(text, width)
    return f'"{shown}"' if "'" in shown and '"' not in shown else f"'{shown}'"


DOTTED_I = lazy_pattern("i\u0307+")


def normalised(text: str) -> str:
    """Normalize `text` for comparison: NFKC, case folded, white space collapsed, without what shows nothing."""
    if text.isascii():  # same result in a third of the time
        folded = text.lower().strip()
        return " ".join(folded.split()) if "  " in folded or not folded.isprintable() else folded
    return " ".join(casefolded(UNSEEN.sub("", text)).split())


def casefolded(text: str) -> str:
    """Fold compatible characters (NFKC) and case. A Turkish capital İ becomes i, without the dot above (U+0307) that
    Unicode's case folding leaves behind it.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", DOTTED_I.sub("i", folded)) if "i\u0307" in folded else folded


def text_column(texts: Sequence[str | None]) -> "Series":
    """Texts as a column. Lone surrogates, which polars cannot store, become question marks."""
    try:
        return pl.Series(texts, dtype=pl.String)
    except UnicodeEncodeError:
        encodable = [None if text is None else text.encode("utf-8", "replace").decode() for text in texts]
        return pl.Series(encodable, dtype=pl.String)


def words(text: str) -> list[str]:
    """The words of a normalized text; single characters in scripts without spaces between words."""
    if text.isascii():  # same result in half the time
        return text.encode().translate(NON_WORDS_TO_SPACES).decode().split()
    spaced = WORDS.findall(text)
    return split_unspaced(spaced) if re.search(UNSPACED, text) else spaced


def split_unspaced(tokens: Iterable[str]) -> list[str]:
    """Tokens, of which those in a script without spaces between words are split into their characters."""
    return [piece for token in tokens for piece in (token if re.search(UNSPACED, token) else (token,))]


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 line`, `1,234 lines`; `info` has no plural."""
    if count == 1 or noun == "info":
        return f"{count:,} {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{count:,} {noun[:-1]}ies"
    hissing = noun.endswith(("s", "x", "ch")) and not noun.endswith("och")  # epochs
    return f"{count:,} {noun}{'es' if hissing else 's'}"


def duration(seconds: float) -> str:
    """A time in words: `45 s`, `12 min`, `3 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60:,} h {minutes % 60} min"


def gigabytes(size: int) -> str:
    """A number of bytes in words: `45.0 MB`, `1.5 GB`."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def table_cell(text: object) -> str:
    """A text as a cell of a Markdown table, without characters that end the cell or a code span, or begin HTML."""
    return visible(str(text)).replace("|", "\\|").replace("`", "'").replace("<", "&lt;")


def estimated_tokens(size: int) -> int:
    """The number of tokens of a text of so many bytes, without a tokenizer."""
    return -(-size // BYTES_PER_TOKEN)


def storable(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode, by `?`."""
    return text.encode("utf-8", "replace").decode()


def json_line(value: Any) -> bytes:
    """A value as JSON without a line break, not even at the end; keys keep their order.

    All ASCII if the value has a lone surrogate, which needs an escape. Raises `ValueError` for NaN and infinity.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False).encode("ascii")
