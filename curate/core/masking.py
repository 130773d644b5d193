"""Find secrets in displayed text and replace them by their kind in brackets.

    masked          a complete text of the data, before it is cut or split: keys, numbers, personal data
    redact_message  a finding's message: also the beginnings of secrets, since quotes are cut
    without_keys    everything for a terminal, a report or a manifest: the last check, for keys and passwords only

All output about data or settings passes through these: findings, consoles, JSON, HTML, errors and manifests call them
themselves. Data files keep their bytes.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from curate.core.characters import UNSPACED
from curate.core.credentials import EXAMPLE_KEY, URL_PASSWORD, complete_keys, credentials_in
from curate.core.example import escape, unescape
from curate.core.key_value_secrets import Secret
from curate.core.lazy import lazy_pattern
from curate.core.name_servers import NAME_SERVERS

CARD: Final = lazy_pattern(
    r"(?<![\w.+-])(?:(?<![0-9]{4} )|(?!(?:[0-9]{4} ){4}(?![0-9]{3}(?! ?[0-9]))[0-9]))"  # not within a row of numbers
    r"[2-6][0-9]{3}([ -]?)(?:[0-9]{4}\1[0-9]{4}\1[0-9]{4}|[0-9]{6}\1[0-9]{5})(?![\w-])"
)
EXPIRY: Final = lazy_pattern(r"(?:20[0-9]{2}|[23][0-9](?:0[1-9]|1[0-2])) (?!20[0-9]{2} )")
"""A year, or a year and a month, that is no part of the card number behind it: `2027 4539 ...`."""
IBAN: Final = lazy_pattern(r"(?<!\w)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")
SSN: Final = lazy_pattern(r"(?<![\w-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![\w-])")
NUMBER_HINTS: Final = r"[2-6][0-9]{3}[ -]?(?:[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}|[0-9]{6}[ -]?[0-9]{5})|[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}|[0-9]{3}-[0-9]{2}-[0-9]{4}"  # noqa: E501

SPACED: Final = rf"[^\W{UNSPACED[1:-1]}]"
"""A letter, digit or underscore of a script with spaces between words. Characters of other scripts, and Korean
particles, are next to an address without a space.
"""
EMAIL: Final = lazy_pattern(
    rf"(?<!{SPACED})(?<![.+/@-])(?!git@)[A-Za-z0-9][\w.+-]{{0,63}}@((?:[A-Za-z0-9-]{{1,63}}\.)+[A-Za-z]{{2,24}})(?!{SPACED}|@)"
)
PHONE: Final = lazy_pattern(
    rf"(?<!{SPACED})(?<![.+(/-])"
    r"(?:\+[1-9][0-9]{0,2}[ .-]?(?:\([0-9]{1,4}\)[ .-]?)?[0-9]{2,4}(?:[ .-][0-9]{2,8}){1,4}"
    r"|(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}-)[0-9]{3}-[0-9]{4})"
    rf"(?!{SPACED}|-)"
)
IP_ADDRESS: Final = lazy_pattern(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w.]*[0-9])")
IP_ADDRESS_HINT: Final = lazy_pattern(r"[0-9]\.[0-9]{1,3}\.[0-9]")
"""A part of every such address that is found four times as fast."""
PERSONAL_HINTS: Final = (
    r"@[A-Za-z0-9-]+\.|\+[1-9][0-9]{0,2}[ .(-]?[(0-9]|[0-9]{3}[)-] ?[0-9]{3}-[0-9]|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"
)
EXAMPLE_HOSTS: Final = (
    "example",
    "test",
    "domain",
    "email",
    "mail",
    "company",
    "yourdomain",
    "yourcompany",
    "abc",
    "xyz",
    "acme",
    "sample",
)
EXAMPLE_ADDRESS: Final = lazy_pattern(
    rf"(?i)^(?:{'|'.join(EXAMPLE_HOSTS)})\.|\.(?:example|test|invalid|local)$|(?:^|\.)example\.(?:com|org|net)$"
)
"""Reserved domains of example addresses."""


def numbers_in(text: str) -> Iterator[Secret]:
    """Find card, account and social security numbers in a text, by checksum or form."""
    from stdnum import iban, luhn  # only imported for texts with such a number
    from stdnum.us import ssn

    position = 0
    while match := CARD.search(text, position):
        digits, position = re.sub(r"\D", "", match.group()), match.end()
        if luhn.is_valid(digits) and len(set(digits)) > 3:
            yield Secret(match.start(), match.end(), "card number")
        elif expires := EXPIRY.match(text, match.start()):
            position = expires.end()
    for match in IBAN.finditer(text):
        if iban.is_valid(match.group(), check_country=False):
            yield Secret(match.start(), match.end(), "IBAN")
    for match in SSN.finditer(text):
        if ssn.is_valid(match.group()):
            yield Secret(match.start(), match.end(), "social security number")


def personal_in(text: str) -> Iterator[Secret]:
    """Find e-mail addresses, phone numbers and public IP addresses in a text, but not examples (example.com, 555)."""
    for match in EMAIL.finditer(text) if "@" in text else ():
        if not EXAMPLE_ADDRESS.search(match.group(1)):
            yield Secret(match.start(), match.end(), "e-mail address")
    for match in PHONE.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if 9 < len(digits) < 16 and len(set(digits)) > 3 and "555" not in digits and "1234567" not in digits:
            yield Secret(match.start(), match.end(), "phone number")
    for match in IP_ADDRESS.finditer(text) if IP_ADDRESS_HINT.search(text) else ():
        try:
            public = ipaddress.IPv4Address(match.group()).is_global
        except ipaddress.AddressValueError:
            continue
        if public and match.group() not in NAME_SERVERS and not match.group().endswith(".0"):
            yield Secret(match.start(), match.end(), "IP address")


def secrets_in(text: str) -> list[str]:
    """Find everything that `masked` replaces in a text."""
    return [
        text[secret.start : secret.end]
        for finder in (credentials_in, numbers_in, personal_in)
        for secret in finder(text)
    ]


def redacted_excerpt(stretch: str, text: str) -> str:
    """`stretch`, a part of `text`, safe to display: unchanged if the text holds no secret, else masked; `[…]` if it
    holds a part of a secret.
    """
    clear = masked(text)
    if clear == text:
        return stretch
    shown = masked(stretch)
    return shown if shown in clear else "[…]"


def redacted(text: str, *finders: Callable[[str], Iterator[Secret]]) -> str:
    """Replace what the given functions find in `text` by its kind in brackets."""
    secrets = sorted({secret for finder in finders for secret in finder(text)})
    pieces, position = [], 0
    for secret in secrets:
        if secret.start >= position:
            pieces += [text[position : secret.start], f"[{secret.kind.upper()}]"]
            position = secret.end
        elif secret.end > position:  # it overlaps the previous one
            position = secret.end
    return "".join([*pieces, text[position:]])


def masked(text: str) -> str:
    """Replace each secret in `text` by its kind in brackets. Call it before cutting a text."""
    finders = (numbers_in, personal_in) if NUMBER.search(text) else ()
    return redacted(text, credentials_in, *finders)


NUMBER: Final = lazy_pattern(
    r"@|[0-9](?:[ .()-]{0,2}[0-9]){5}|[0-9]\.[0-9]{1,3}\.[0-9]|[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}|[0-9(+][0-9 .()-]*…"
)
"""A part of every number and address, and of few messages."""
CUT_URL: Final = lazy_pattern(
    r"[a-z][a-z0-9+]{2,11}://[^\s:/@\"'<>\[\]{}$]{1,64}:(?![0-9]{1,5}(?:[^0-9A-Za-z@]|$))[^\s/\"'<>\[\]{}$*…]+"
)
"""The beginning of an address with a password."""
CUT_SECRETS: Final = {
    "secret value": (
        r"(?<![\w.-])(?=[\w.~:|-]{0,80}[0-9])(?=[\w.~:|-]{0,80}[a-z])(?=[\w.~:|-]{0,80}[A-Z])[\w.~:|-]{10,}(?=…)"
    ),
    "IBAN": r"(?<!\w)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4})+[A-Z0-9 ]*(?=…)",
    "card number": r"(?<![\w.+-])[2-6][0-9]{3}[ -]?[0-9]{4}[0-9 -]*(?=…)",
    "social security number": r"(?<![\w-])[0-9]{3}-[0-9]{2}-[0-9]*(?=…)",
    "e-mail address": r"[A-Za-z0-9][\w.+-]{0,63}@[\w.-]*(?=…)",
    "phone number": r"(?:\+[1-9]|\([2-9][0-9]{2}\)|(?<![\w-])[2-9][0-9]{2}-)[0-9 .()-]{4,}(?=…)",
    "IP address": r"(?<![\w.])[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}[0-9.]*(?=…)",
}
"""The beginnings of secrets before an ellipsis: quotes are truncated, and a part of a secret is secret too. A key
without a fixed beginning is recognized by its digits, small and capital letters.
"""
SECRET_BORDER: Final = lazy_pattern(r"(?<!/)/(?!/)|[^\x00-\x7f](?=[0-9A-Za-z+(])")
"""Characters after which a secret may begin: the slash of a pointer, which elsewhere belongs to a path, and a quoted
repaired letter.
"""
ESCAPE: Final = lazy_pattern(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
PLAIN_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}
BEGINNINGS: Final = tuple((f"[{kind.upper()}]", pattern) for kind, pattern in CUT_SECRETS.items())
MAX_MESSAGE_CHARS: Final = 2_000
"""Maximum length of a message or key: no rule writes longer ones, and megabytes would take seconds."""
MAX_CACHED_CHARS: Final = 400
"""Maximum length of a text whose masked form is kept."""
URL_MARK: Final = f"[{URL_PASSWORD.upper()}]"
MAX_LINE_CHARS: Final = 2_000_000
"""Maximum length of a line that is searched before display; a longer one would take seconds."""


def redact_message(text: str) -> str:
    """Replace secrets and their beginnings in a finding's message by their kind in brackets; cut a long message."""
    return _cached_message(text) if len(text) <= MAX_MESSAGE_CHARS else _masked_message(f"{text[:MAX_MESSAGE_CHARS]}…")


def redact_pointer(pointer: str) -> str:
    """A JSON pointer (RFC 6901) with secrets in its keys replaced and long keys cut; it may then no longer resolve."""
    return _cached_pointer(pointer) if len(pointer) <= MAX_MESSAGE_CHARS else _masked_pointer(pointer)


def _masked_message(text: str) -> str:
    """A message with each secret in it replaced by its kind in brackets, in full length."""
    plain = text.replace("~1", "/")  # JSON pointers escape slashes in keys this way, and messages may quote pointers
    if not _may_hold_secret(plain):
        return text
    shown = _without_secrets(SECRET_BORDER.sub("\\g<0>\0", _without_secrets(plain))).replace("\0", "")
    return text if shown == plain else shown


def _masked_pointer(pointer: str) -> str:
    """As `redact_pointer`, with long keys cut as messages are."""
    keys = [unescape(key) for key in pointer.split("/")]
    shown = [redact_message(key) for key in keys]
    return pointer if shown == keys else "/".join(escape(key) for key in shown)


_cached_message = lru_cache(maxsize=4096)(_masked_message)  # rules repeat messages for many lines
_cached_pointer = lru_cache(maxsize=4096)(_masked_pointer)


def _without_secrets(text: str) -> str:
    """A text with the kind in place of each secret, of the beginning of one, and of a URL that was cut."""
    shown = CUT_URL.sub(URL_MARK, masked(text))
    for kind, beginning in BEGINNINGS:
        shown = re.sub(beginning, kind, shown)
    return shown


def _may_hold_secret(text: str) -> bool:
    return "://" in text or NUMBER.search(text) is not None or next(credentials_in(text), None) is not None


def holds_secret(text: str) -> bool:
    """Whether the JSON text of a line, valid or not, contains a secret, plain or escaped.

    In such a text, a broken escape such as `\\uAKIA...` may precede a key.

    A text too long to be searched counts as one with a secret.
    """
    if len(text) > MAX_LINE_CHARS:
        return True
    for _ in range(3):  # the arguments of a call are JSON in a string, so they are escaped twice
        if masked(text) != text or next(complete_keys(text, anywhere=True), None) is not None:
            return True
        if "\\" not in text:
            return False
        text = ESCAPE.sub(_unescaped_char, text)
    return False


def without_keys(text: str) -> str:
    """Replace every key, token and password in `text`, or the beginning of one, by its kind in brackets."""
    return _cached_keys(text) if len(text) <= MAX_CACHED_CHARS else _masked_keys(text)


def _masked_keys(text: str) -> str:
    """As `without_keys`."""
    shown = redacted(text, credentials_in)
    return CUT_URL.sub(_cut_url, shown) if "://" in shown else shown


def _cut_url(match: re.Match[str]) -> str:
    """What replaces a URL that was cut: a mark, or the URL itself if it is an example."""
    return match.group() if EXAMPLE_KEY.search(match.group()) else URL_MARK


_cached_keys = lru_cache(maxsize=4096)(_masked_keys)  # reports repeat codes, names and places


def plain_without_keys(value: Any) -> Any:
    """Replace keys, tokens and passwords in all strings and keys of a JSON value."""
    if isinstance(value, str):
        return without_keys(value)
    if isinstance(value, dict):
        return {
            without_keys(name) if isinstance(name, str) else name: plain_without_keys(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [plain_without_keys(inner) for inner in value]
    return value


def _unescaped_char(match: re.Match[str]) -> str:
    code, letter = match.groups()
    return chr(int(code, 16)) if code else PLAIN_ESCAPES.get(letter, letter)
