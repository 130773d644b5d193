"""Find keys, tokens and passwords in a text.

    keys_in          complete keys of a published format (`token_formats`) and passwords in URLs: what S001 reports
    credentials_in   all that is masked: these, keys of another length or truncated, and values after the name of a
                     secret (`key_value_secrets`)

Each search starts at a text that `str.find` found and continues after the text that it read, so its time is linear.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from curate.core.invisible import UNSEEN
from curate.core.key_value_secrets import Secret, assigned_in, is_password
from curate.core.lazy import lazy_pattern
from curate.core.token_formats import FORMATS, SHAPES, TokenFormat

PRIVATE_KEY: Final = "private key"
URL_PASSWORD: Final = "password in a URL"  # noqa: S105 (the name of a kind)
PEM_NAME: Final = r"(?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY"
PEM_HEADERS: Final = r"(?:\s{0,4}(?:Proc-Type|DEK-Info|Version|Comment|Hash): [^\n]{0,200}){0,4}"
KEYS: Final = {
    PRIVATE_KEY: (
        rf"-----BEGIN {PEM_NAME}(?: BLOCK)?-----{PEM_HEADERS}(?:[^-]{{16,}}(?:-----END {PEM_NAME}(?: BLOCK)?-----)?)"
    ),
    **{
        kind: "|".join(key_format.pattern for key_format in FORMATS if key_format.reported and key_format.kind == kind)
        for kind in dict.fromkeys(key_format.kind for key_format in FORMATS if key_format.reported)
    },
    URL_PASSWORD: r"[a-z][a-z0-9+]{2,11}://[^\s:/@\"'<>\[\]{}$]{1,64}:[^\s:/@\"'<>\[\]{}$*]{4,64}@[\w.-]+",
}
"""What S001 reports: kinds, and patterns of complete keys."""
EXAMPLE_KEY: Final = lazy_pattern(
    r"(?i)xxxx|1234567890|abcdefghij|your|example\.(?:com|org)|:(?:pass(?:word)?|secret|pwd|token|mypass\w*|user|guest|postgres|root|admin)@|localhost|127\.0\.0\.1|\*\*|\.\.\."
)
"""Parts of example keys in documentation, which S001 does not report."""
PLACEHOLDER_KEY: Final = lazy_pattern(r"xxxx|XXXX|1234567890|abcdefghij|(?i:(?<![a-z0-9])your)|\*\*|\.\.\.")
"""Parts of example keys that are in no real one, so that the key is shown."""
STARTS: Final = tuple((start, key_format) for key_format in FORMATS for start in key_format.starts)
KEY_STARTS: Final = tuple(
    "hooks.slack" if "/" in start else start
    for start, key_format in STARTS
    if key_format.reported and not key_format.word
)
"""A part of every key that S001 reports, except of passwords and of keys that begin a word."""
WORD_STARTS: Final = tuple(start for start, key_format in STARTS if key_format.reported and key_format.word)
KEY_HINTS: Final = "|".join(map(re.escape, ("PRIVATE KEY", *KEY_STARTS, *WORD_STARTS))) + r"|://[^\s/@]+@"
"""A part of every key that S001 reports, for a fast first search; few texts are searched further."""

BLOCKS: Final = (
    ("-----BEGIN", lazy_pattern(f"-----BEGIN {PEM_NAME}"), lazy_pattern(r"-----END[^-\n]{0,80}-----")),
    ("PuTTY-User-Key-File-", lazy_pattern("PuTTY-User-Key-File-"), lazy_pattern(r"Private-MAC: \w+")),
)
"""Private keys of several lines: a text in each, beginning and end."""
SHAPE_PATTERNS: Final = tuple((kind, mark, lazy_pattern(pattern)) for kind, (mark, pattern, _) in SHAPES.items())
UNBROKEN: Final = lazy_pattern(r"[^\s\"'<>`…]{0,512}")
"""What follows `://`, up to the first character that belongs to no URL."""
PORT: Final = lazy_pattern(r"[0-9]{1,5}(?:[^0-9A-Za-z@]|\Z)")
SCHEME: Final = lazy_pattern(r"[A-Za-z][A-Za-z0-9+.-]{0,20}\Z")
HOST: Final = lazy_pattern(r"[\w.-]*")
TOKEN_NAME: Final = lazy_pattern(r"[A-Za-z0-9_-]{16,}")
STRETCH: Final = lazy_pattern(r"[A-Za-z0-9_~./+=|:@-]{10,}")
"""Characters of keys, as many as the shortest beginning and `MIN_CUT` others."""
MIN_CUT: Final = 8
"""Minimum number of characters behind the beginning of a key for which it is masked; before an ellipsis, one is enough.
"""
KEY_CHAR: Final = lazy_pattern("[0-9A-Z]")
"""A key has a digit or a capital; a name of a program such as `sk-learn` has none."""


def keys_in(text: str) -> Iterator[Secret]:
    """Find complete keys and passwords in URLs, also if they contain invisible characters."""
    return _with_hidden(text, complete_keys)


def credentials_in(text: str) -> Iterator[Secret]:
    """Find all keys, tokens and passwords that may not be shown."""
    return _with_hidden(text, _credentials)


def _with_hidden(text: str, finder: Callable[[str], Iterator[Secret]]) -> Iterator[Secret]:
    """What `finder` finds in a text and in the text without invisible characters, by positions in the text."""
    secrets = list(finder(text))
    if not text.isascii() and UNSEEN.search(text):
        visible_positions = [position for position, char in enumerate(text) if not UNSEEN.match(char)]
        unhidden = [
            Secret(visible_positions[start], visible_positions[end - 1] + 1, kind)
            for start, end, kind in finder(UNSEEN.sub("", text))
        ]
        secrets = [
            *unhidden,
            *(
                secret
                for secret in secrets
                if all(secret.end <= key.start or key.end <= secret.start for key in unhidden)
            ),
        ]
    yield from secrets


def complete_keys(text: str, *, anywhere: bool = False) -> Iterator[Secret]:
    """Find complete keys; with `anywhere`, also those right after a letter."""
    for start, key_format in STARTS:
        if key_format.reported and start in text:
            for position, _ in _runs(text, start, key_format, anywhere=anywhere):
                match = key_format.complete.match(text, position + len(start))
                if match and not EXAMPLE_KEY.search(text[position : match.end()]):
                    yield Secret(position, match.end(), key_format.kind)
    for kind, mark in ((PRIVATE_KEY, "-----BEGIN"), (URL_PASSWORD, "://")):
        for pem_or_url in re.finditer(KEYS[kind], text) if mark in text else ():
            if not EXAMPLE_KEY.search(pem_or_url.group()):
                yield Secret(pem_or_url.start(), pem_or_url.end(), kind)


def _credentials(text: str) -> Iterator[Secret]:
    """As `credentials_in`, without keys that contain invisible characters."""
    # Only long runs of key characters hold a key, unless it is truncated; most texts have few of them.
    stretches = text if "…" in text else " ".join(STRETCH.findall(text))
    if stretches:
        yield from _keys(text, stretches)
    for mark, begins, ends in BLOCKS:
        if mark in text:
            yield from _blocks(text, begins, ends)
    if "://" in text:
        yield from _url_passwords(text)
    yield from assigned_in(text)


def _keys(text: str, stretches: str) -> Iterator[Secret]:
    """Keys by their beginning or shape, also of another length than the complete ones, or cut. `stretches`: the part of
    the text in which keys can begin.
    """
    for start, key_format in STARTS:
        if start in stretches:
            for position, end in _runs(text, start, key_format):
                body = text[position + len(start) : end]
                is_key = (body and text.startswith("…", end)) or (len(body) >= MIN_CUT and KEY_CHAR.search(body))
                if is_key and not PLACEHOLDER_KEY.search(text, position, end):
                    yield Secret(position, end, key_format.kind)
    for kind, mark, pattern in SHAPE_PATTERNS:
        for match in pattern.finditer(text) if mark in stretches else ():
            yield Secret(match.start(), match.end(), kind)


def _runs(text: str, start: str, key_format: TokenFormat, *, anywhere: bool = False) -> Iterator[tuple[int, int]]:
    """Start and end of each stretch of `text` that may be a key: `start` and the characters after it that a key of this
    format can have. With `anywhere`, also right after a letter.
    """
    position = text.find(start)
    while position >= 0:
        if (
            key_format.word
            and not anywhere
            and position
            and text[position - 1].isalnum()
            and text[position - 1].isascii()
        ):
            position = text.find(start, position + 1)
            continue
        end = key_format.run.match(text, position + len(start)).end()  # type: ignore[union-attr]
        yield position, end
        position = text.find(start, max(position + len(start), end - len(start) + 1))


def _blocks(text: str, begins: re.Pattern[str], ends: re.Pattern[str]) -> Iterator[Secret]:
    """Private keys of several lines; one without an end line extends to the end of the text."""
    match = begins.search(text)
    while match:
        end = ends.search(text, match.end())
        yield Secret(match.start(), end.end() if end else len(text), PRIVATE_KEY)
        match = begins.search(text, end.end()) if end else None


def _url_passwords(text: str) -> Iterator[Secret]:
    """Addresses with a password, or with a token in the place of a name."""
    position = text.find("://")
    while position >= 0:
        begin = position + 3
        end = UNBROKEN.match(text, begin).end()  # type: ignore[union-attr]
        address = text[begin:end]
        name, colon, rest = address.partition(":")
        last = address.rfind("@")
        after = begin + last + 1
        is_secret = False
        if colon and "/" not in name and "@" not in name and not PORT.match(rest):
            if last > len(name):
                is_secret = is_password(address[len(name) + 1 : last])
            elif rest and (text.startswith("…", end) or len(address) == 512):
                is_secret, after = True, end
        if not is_secret and last > 0 and (user := TOKEN_NAME.match(address)) and address.startswith("@", user.end()):
            is_secret, after = bool(KEY_CHAR.search(user.group())), begin + user.end() + 1
        if is_secret:
            scheme = SCHEME.search(text[max(0, position - 21) : position])
            host = HOST.match(text, after).end()  # type: ignore[union-attr]
            yield Secret(position - len(scheme.group() if scheme else ""), host, URL_PASSWORD)
        position = text.find("://", after if is_secret else begin)
