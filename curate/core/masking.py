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
from typing import Any, Final, NamedTuple

from curate.core.example import escape, unescape
from curate.core.lazy import lazy_pattern
from curate.core.text import UNSEEN


class Secret(NamedTuple):
    """Position and kind of a secret in a text."""

    start: int
    end: int
    kind: str


# Kinds of keys and their published patterns, as the services' own scanners use them.
KEYS: Final = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[^-]{16,}(?:-----END (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----)?)",  # noqa: E501
    "AWS access key": r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    "GitHub token": r"(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})",
    "GitLab token": r"glpat-[A-Za-z0-9_-]{20,}",
    "API key": r"(?<![A-Za-z0-9])sk-(?=[A-Za-z0-9_-]{0,200}[0-9])(?=[A-Za-z0-9_-]{0,200}[A-Za-z])[A-Za-z0-9_-]{20,}",
    "Slack token": r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    "Slack webhook": r"https://hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}",
    "Google API key": r"AIza[A-Za-z0-9_-]{35}",
    "Stripe key": r"(?<![A-Za-z0-9])[rs]k_live_[A-Za-z0-9]{16,}",
    "Hugging Face token": r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}",
    "npm token": r"npm_[A-Za-z0-9]{36}",
    "JSON web token": r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "password in a URL": r"[a-z][a-z0-9+]{2,11}://[^\s:/@\"'<>\[\]{}$]{1,64}:[^\s:/@\"'<>\[\]{}$*]{4,64}@[\w.-]+",
}
KEY: Final = lazy_pattern("|".join(f"({pattern})" for pattern in KEYS.values()))
EXAMPLE_KEY: Final = lazy_pattern(
    r"(?i)xxxx|1234567890|abcdefghij|your|example\.(?:com|org)|:(?:pass(?:word)?|secret|pwd|token|mypass\w*|user|guest|postgres|root|admin)@|localhost|127\.0\.0\.1|\*\*|\.\.\."
)
"""Parts of example keys in documentation."""
KEY_NAMES: Final = tuple(KEYS)
KEY_HINTS: Final = r"PRIVATE KEY|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|sk-|xox[abeoprs]-|hooks\.slack|AIza|k_live_|hf_|npm_|eyJ|://[^\s/@]+@"
"""A part of every key, for a fast first search; few texts are searched further."""
HINTS: Final = lazy_pattern(KEY_HINTS.replace("://[^\\s/@]+@", "://[^\\s/@]*:"))
"""The same, also for truncated keys."""

CARD: Final = lazy_pattern(
    r"(?<![\w.+-])(?:(?<![0-9]{4} )|(?!(?:[0-9]{4} ){4}(?![0-9]{3}(?! ?[0-9]))[0-9]))"  # not within a row of numbers
    r"[2-6][0-9]{3}([ -]?)(?:[0-9]{4}\1[0-9]{4}\1[0-9]{4}|[0-9]{6}\1[0-9]{5})(?![\w-])"
)
EXPIRY: Final = lazy_pattern(r"(?:20[0-9]{2}|[23][0-9](?:0[1-9]|1[0-2])) (?!20[0-9]{2} )")
"""A year, or a year and a month, that is no part of the card number behind it: `2027 4539 ...`."""
IBAN: Final = lazy_pattern(r"(?<!\w)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")
SSN: Final = lazy_pattern(r"(?<![\w-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![\w-])")
NUMBER_HINTS: Final = r"[2-6][0-9]{3}[ -]?(?:[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}|[0-9]{6}[ -]?[0-9]{5})|[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}|[0-9]{3}-[0-9]{2}-[0-9]{4}"  # noqa: E501

EMAIL: Final = lazy_pattern(
    r"(?<![\w.+/@-])[A-Za-z0-9][\w.+-]{0,63}@((?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24})(?![\w@])"
)
PHONE: Final = lazy_pattern(
    r"(?<![\w.+(/-])(?:\+[1-9][0-9]{0,2}[ .-]?(?:\([0-9]{1,4}\)[ .-]?)?[0-9]{2,4}(?:[ .-][0-9]{2,8}){1,4}"
    r"|(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}-)[0-9]{3}-[0-9]{4})(?![\w-])"
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


def keys_in(text: str) -> Iterator[Secret]:
    """Find keys, tokens and passwords in a text, also with characters between theirs that show nothing."""
    found = list(_plain_keys(text))
    if not text.isascii() and UNSEEN.search(text):
        seen = [at for at, char in enumerate(text) if not UNSEEN.match(char)]
        plain = _plain_keys(UNSEEN.sub("", text))
        whole = [Secret(seen[start], seen[end - 1] + 1, kind) for start, end, kind in plain]
        found = [*whole, *(one for one in found if all(one.end <= key.start or key.end <= one.start for key in whole))]
    yield from found


def _plain_keys(text: str) -> Iterator[Secret]:
    for match in KEY.finditer(text):
        if not EXAMPLE_KEY.search(match.group()):
            yield Secret(match.start(), match.end(), KEY_NAMES[(match.lastindex or 1) - 1])


def numbers_in(text: str) -> Iterator[Secret]:
    """Find card, account and social security numbers in a text, by checksum or form."""
    from stdnum import iban, luhn  # only imported for texts with such a number
    from stdnum.us import ssn

    at = 0
    while match := CARD.search(text, at):
        digits, at = re.sub(r"\D", "", match.group()), match.end()
        if luhn.is_valid(digits) and len(set(digits)) > 3:
            yield Secret(match.start(), match.end(), "card number")
        elif expires := EXPIRY.match(text, match.start()):
            at = expires.end()
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
        if public and match.group() not in ("1.1.1.1", "8.8.8.8", "8.8.4.4") and not match.group().endswith(".0"):
            yield Secret(match.start(), match.end(), "IP address")


def secrets_in(text: str) -> list[str]:
    """Find everything that `masked` replaces in a text."""
    return [text[secret.start : secret.end] for finder in (keys_in, numbers_in, personal_in) for secret in finder(text)]


def redacted_excerpt(stretch: str, text: str) -> str:
    """Part of a text that is safe to display; if the text contains a secret, only what `masked` leaves."""
    clear = masked(text)
    if clear == text:
        return stretch
    shown = masked(stretch)
    return shown if shown in clear else "[…]"


def redacted(text: str, *finders: Callable[[str], Iterator[Secret]]) -> str:
    """Replace what the given functions find in `text` by its kind in brackets."""
    found = sorted({secret for finder in finders for secret in finder(text)})
    pieces, at = [], 0
    for secret in found:
        if secret.start >= at:
            pieces += [text[at : secret.start], f"[{secret.kind.upper()}]"]
            at = secret.end
        elif secret.end > at:  # it overlaps the previous one
            at = secret.end
    return "".join([*pieces, text[at:]])


def masked(text: str) -> str:
    """Replace each secret that family S finds in `text` by its kind in brackets. Call it before cutting a text."""
    return redacted(text, keys_in, numbers_in, personal_in)


SECRET_MARKS: Final = (
    "@", "://", "-----BEGIN", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-",
    "xox", "AIza", "k_live_", "hf_", "npm_",
    "eyJ",
)  # fmt: skip
NUMBER: Final = lazy_pattern(r"[0-9](?:[ .()-]{0,2}[0-9]){5}|[0-9]\.[0-9]{1,3}\.[0-9]|[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}")
"""At least one of these is in every secret, and in few messages."""
CUT_SECRETS: Final = {
    "private key": r"(?s)-----BEGIN (?:[A-Z]+ )*PRIVATE KEY.*",
    "AWS access key": r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{8,}",
    "GitHub token": r"gh[pousr]_[A-Za-z0-9]{6,}|github_pat_[A-Za-z0-9_]{4,}",
    "GitLab token": r"glpat-[A-Za-z0-9_-]{4,}",
    "API key": r"(?<![A-Za-z0-9])sk-(?=[A-Za-z0-9_-]{0,200}[0-9…])[A-Za-z0-9_-]{8,}",
    "Slack token": r"xox[abeoprs]-[A-Za-z0-9-]{6,}",
    "Slack webhook": r"https://hooks\.slack\.com/services/[A-Za-z0-9/]+",
    "Google API key": r"AIza[A-Za-z0-9_-]{6,}",
    "Stripe key": r"(?<![A-Za-z0-9])[rs]k_live_[A-Za-z0-9]{4,}",
    "Hugging Face token": r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{8,}(?=[^A-Za-z0-9_]|$)",
    "npm token": r"npm_[A-Za-z0-9]{12,}",
    "JSON web token": r"eyJ[A-Za-z0-9_.-]{8,}",
    "password in a URL": r"[a-z][a-z0-9+]{2,11}://[^\s:/@\"'<>\[\]{}$]{1,64}:(?![0-9]{1,5}(?:[^0-9A-Za-z@]|$))[^\s/\"'<>\[\]{}$*…]+",
    "IBAN": r"(?<!\w)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4})+[A-Z0-9 ]*(?=…)",
    "card number": r"(?<![\w.+-])[2-6][0-9]{3}[ -]?[0-9]{4}[0-9 -]*(?=…)",
    "social security number": r"(?<![\w-])[0-9]{3}-[0-9]{2}-[0-9]*(?=…)",
    "e-mail address": r"[A-Za-z0-9][\w.+-]{0,63}@[\w.-]*(?=…)",
    "phone number": r"(?:\+[1-9]|\([2-9][0-9]{2}\)|(?<![\w-])[2-9][0-9]{2}-)[0-9 .()-]{4,}(?=…)",
    "IP address": r"(?<![\w.])[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}[0-9.]*(?=…)",
}
"""The beginnings of secrets, since quotes are truncated and half a key is a leak, too. Beginnings that resemble other
numbers only match before an ellipsis.
"""
SECRET_BORDER: Final = lazy_pattern(r"(?<!/)/(?!/)|[^\x00-\x7f](?=[0-9A-Za-z+(])")
"""Characters after which a secret may begin: the slash of a pointer, which elsewhere belongs to a path, and a quoted
repaired letter.
"""
ESCAPE: Final = lazy_pattern(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
PLAIN_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}
BEGINNINGS: Final = tuple((f"[{kind.upper()}]", pattern) for kind, pattern in CUT_SECRETS.items())
CUT_KEYS: Final = tuple((f"[{kind.upper()}]", CUT_SECRETS[kind]) for kind in KEYS if kind in CUT_SECRETS)
"""The beginnings of keys alone, which resemble nothing else."""
KEY_ANYWHERE: Final = "|".join(
    re.sub(r"^[(][?]<![^)]*[)]", "", pattern).replace("{10,}", "{10,300}", 1) for pattern in KEYS.values()
)
"""`KEY` after any character: in the JSON text of a line, a broken escape such as `\\uAKIA...` may precede a key.
A limit of the first repetition bounds the search, which may begin anywhere.
"""
MAX_MESSAGE_CHARS: Final = 2_000
"""Maximum length of a message or key: no rule writes longer ones, and megabytes would take seconds."""
MAX_LINE_CHARS: Final = 2_000_000
"""Maximum length of a line that is searched before display; a longer one would take seconds."""


def redact_message(text: str) -> str:
    """Replace secrets and their beginnings in a finding's message by their kind in brackets; cut a long message."""
    return _cached_message(text) if len(text) <= MAX_MESSAGE_CHARS else _masked_message(f"{text[:MAX_MESSAGE_CHARS]}…")


def redact_pointer(pointer: str) -> str:
    """A JSON pointer (RFC 6901) with secrets in its keys replaced and long keys cut; it may then no longer resolve."""
    return _cached_pointer(pointer) if len(pointer) <= MAX_MESSAGE_CHARS else _masked_pointer(pointer)


def _masked_message(text: str) -> str:
    plain = text.replace("~1", "/")  # JSON pointers escape slashes in keys this way, and messages may quote pointers
    if not _may_hold(plain):
        return text
    shown = _without_secrets(SECRET_BORDER.sub("\\g<0>\0", _without_secrets(plain))).replace("\0", "")
    return text if shown == plain else shown


def _masked_pointer(pointer: str) -> str:
    keys = [unescape(key) for key in pointer.split("/")]
    shown = [redact_message(key) for key in keys]
    return pointer if shown == keys else "/".join(escape(key) for key in shown)


_cached_message = lru_cache(maxsize=4096)(_masked_message)  # rules repeat messages for many lines
_cached_pointer = lru_cache(maxsize=4096)(_masked_pointer)


def _without_secrets(text: str) -> str:
    shown = masked(text)
    for kind, beginning in BEGINNINGS:
        shown = re.sub(beginning, kind, shown)
    return shown


def _may_hold(text: str) -> bool:
    for mark in SECRET_MARKS:  # faster than one combined expression
        if mark in text:
            return True
    return NUMBER.search(text) is not None


def holds_secret(text: str) -> bool:
    """Whether the JSON text of a line, valid or not, contains a secret, plain or escaped.

    A text too long to be searched counts as one with a secret.
    """
    if len(text) > MAX_LINE_CHARS:
        return True
    for _ in range(3):  # the arguments of a call are JSON in a string, so they are escaped twice
        if _may_hold(text) and (
            masked(text) != text
            or any(not EXAMPLE_KEY.search(match.group()) for match in re.finditer(KEY_ANYWHERE, text))
        ):
            return True
        if "\\" not in text:
            return False
        text = ESCAPE.sub(_unescaped, text)
    return False


def without_keys(text: str) -> str:
    """Replace every key, token and password in `text`, or the beginning of one, by its kind in brackets."""
    if not HINTS.search(text):
        return text
    shown = redacted(text, keys_in)
    for kind, beginning in CUT_KEYS:
        shown = re.sub(
            beginning,
            lambda match, kind=kind: match.group() if EXAMPLE_KEY.search(match.group()) else kind,  # type: ignore[misc]
            shown,
        )
    return shown


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


def _unescaped(match: re.Match[str]) -> str:
    code, letter = match.groups()
    return chr(int(code, 16)) if code else PLAIN_ESCAPES.get(letter, letter)
