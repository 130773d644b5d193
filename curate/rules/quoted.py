"""Secrets in what is said about the data: a message that quotes a text, or a pointer through a key, shows none of them, cut off or whole.

Every finding is put through `hidden` and `hidden_pointer` when it is made (see `curate.finding`), so that no rule and no report can forget.
"""

import re
from functools import lru_cache
from typing import Final

from curate.read.locate import escape
from curate.rules.secrets import masked

MARKS: Final = (
    "@", "://", "-----BEGIN", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-", "xox", "AIza", "k_live_", "hf_", "npm_", "eyJ",
)  # fmt: skip
NUMBER: Final = re.compile(r"[0-9](?:[ .()-]{0,2}[0-9]){5}|[0-9]\.[0-9]{1,3}\.[0-9]|[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}")
"""Of these, at least one is a part of every secret, and of few messages."""
CUT: Final = {
    "private key": r"(?s)-----BEGIN (?:[A-Z]+ )*PRIVATE KEY.*",
    "AWS access key": r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{8,}",
    "GitHub token": r"gh[pousr]_[A-Za-z0-9]{6,}|github_pat_[A-Za-z0-9_]{4,}",
    "GitLab token": r"glpat-[A-Za-z0-9_-]{4,}",
    "API key": r"(?<![A-Za-z0-9])sk-(?=[A-Za-z0-9_-]*[0-9…])[A-Za-z0-9_-]{8,}",
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
"""The beginnings of secrets: quotes are cut, and a key of which half is told is told. Where numbers begin like others do, only before an ellipsis."""
BORDER: Final = re.compile(r"(?<!/)/(?!/)|[^\x00-\x7f](?=[0-9A-Za-z+(])")
"""Behind it a secret may begin: behind the slash of a pointer, where elsewhere it would be part of a path, and behind a letter that is quoted mended."""
ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
PLAIN: Final = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}
LONG: Final = 2_000
"""Characters of what is said, or of a key: no rule says more, and a key of megabytes would take as many seconds."""
LONGEST: Final = 2_000_000
"""Characters of a line that are searched before its text is shown; a longer one would take seconds."""
BEGINNINGS: Final = tuple((f"[{kind.upper()}]", re.compile(pattern)) for kind, pattern in CUT.items())


def hidden(said: str) -> str:
    """What a finding says, with every secret in it, or the beginning of one, replaced by its kind in brackets; cut where it is very long."""
    return _remembered(said) if len(said) <= LONG else _told(f"{said[:LONG]}…")


def hidden_pointer(pointer: str) -> str:
    """A JSON pointer (RFC 6901) with the secrets in its keys replaced and very long keys cut: it points at nothing then."""
    return _remembered_pointer(pointer) if len(pointer) <= LONG else _told_pointer(pointer)


def _told(said: str) -> str:
    plain = said.replace("~1", "/")  # so a pointer writes the slashes in its keys; messages name some
    if not _may_hold(plain):
        return said
    shown = _without(BORDER.sub("\\g<0>\0", _without(plain))).replace("\0", "")
    return said if shown == plain else shown


def _told_pointer(pointer: str) -> str:
    keys = [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")]
    shown = [hidden(key) for key in keys]
    return pointer if shown == keys else "/".join(escape(key) for key in shown)


_remembered = lru_cache(maxsize=4096)(_told)  # rules say the same of many lines, at the same places in them
_remembered_pointer = lru_cache(maxsize=4096)(_told_pointer)


def _without(text: str) -> str:
    shown = masked(text)
    for kind, beginning in BEGINNINGS:
        shown = beginning.sub(kind, shown)
    return shown


def _may_hold(text: str) -> bool:
    for mark in MARKS:  # faster than one expression
        if mark in text:
            return True
    return NUMBER.search(text) is not None


def holds_secret(text: str) -> bool:
    """Whether a secret stands in the JSON text of a line, whether it can be read or not, as it is or written with escapes.

    A text too long to be searched counts as one with a secret.
    """
    if len(text) > LONGEST:
        return True
    for _ in range(3):  # the arguments of a call are JSON in a string: what is escaped there is escaped twice
        if _may_hold(text) and masked(text) != text:
            return True
        if "\\" not in text:
            return False
        text = ESCAPE.sub(_unescaped, text)
    return False


def _unescaped(match: re.Match[str]) -> str:
    code, letter = match.groups()
    return chr(int(code, 16)) if code else PLAIN.get(letter, letter)
