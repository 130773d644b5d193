"""Family S: secrets and personal data. No message holds what was found: it names the kind, the place and the length."""

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curate.finding import Severity
from curate.rules.rule import Rule, Scope, rule
from curate.rules.texts import closer, having, with_texts
from curate.text import plural

if TYPE_CHECKING:
    import polars as pl


class Secret(NamedTuple):
    """Where a secret stands in a text, and what it is."""

    start: int
    end: int
    kind: str


# Each kind, and how it is written. The forms that services publish, so that their own scanners find what leaks.
KEYS: Final = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[^-]{16,}(?:-----END (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----)?)",
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
KEY: Final = re.compile("|".join(f"({pattern})" for pattern in KEYS.values()))
MADE_UP_KEY: Final = re.compile(
    r"(?i)xxxx|1234567890|abcdefghij|your|example\.(?:com|org)|:(?:pass(?:word)?|secret|pwd|token|mypass\w*|user|guest|postgres|root|admin)@|localhost|127\.0\.0\.1|\*\*|\.\.\."
)
"""What stands in a key that somebody made up for a manual."""
KEY_NAMES: Final = tuple(KEYS)
KEY_HINTS: Final = r"PRIVATE KEY|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|sk-|xox[abeoprs]-|hooks\.slack|AIza|k_live_|hf_|npm_|eyJ|://[^\s/@]+@"
"""What at least one part of every key is: one fast pass; few texts are looked at more closely."""

CARD: Final = re.compile(r"(?<![\w.+-])[2-6][0-9]{3}([ -]?)(?:[0-9]{4}\1[0-9]{4}\1[0-9]{4}|[0-9]{6}\1[0-9]{5})(?![\w-])")
IBAN: Final = re.compile(r"(?<!\w)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")
SSN: Final = re.compile(r"(?<![\w-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![\w-])")
NUMBER_HINTS: Final = (
    r"[2-6][0-9]{3}[ -]?(?:[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}|[0-9]{6}[ -]?[0-9]{5})|[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}|[0-9]{3}-[0-9]{2}-[0-9]{4}"
)

EMAIL: Final = re.compile(r"(?<![\w.+/@-])[A-Za-z0-9][\w.+-]{0,63}@((?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24})(?![\w@])")
PHONE: Final = re.compile(
    r"(?<![\w.+(/-])(?:\+[1-9][0-9]{0,2}[ .-]?(?:\([0-9]{1,4}\)[ .-]?)?[0-9]{2,4}(?:[ .-][0-9]{2,8}){1,4}|(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}-)[0-9]{3}-[0-9]{4})(?![\w-])"
)
ADDRESS: Final = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w.]*[0-9])")
DOTTED: Final = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]")
"""What every such address has in it, and which is found four times as fast."""
PERSONAL_HINTS: Final = r"@[A-Za-z0-9-]+\.|\+[1-9][0-9]{0,2}[ .(-]?[(0-9]|[0-9]{3}[)-] ?[0-9]{3}-[0-9]|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"
MADE_UP: Final = re.compile(
    r"(?i)^(?:example|test|domain|email|mail|company|yourdomain|yourcompany|abc|xyz|acme|sample)\.|\.(?:example|test|invalid|local)$|(?:^|\.)example\.(?:com|org|net)$"
)
"""Domains that nobody's address is under."""


def keys_in(text: str) -> Iterator[Secret]:
    """The keys, tokens and passwords in a text."""
    for match in KEY.finditer(text):
        if MADE_UP_KEY.search(match.group()):
            continue
        yield Secret(match.start(), match.end(), KEY_NAMES[(match.lastindex or 1) - 1])


def numbers_in(text: str) -> Iterator[Secret]:
    """The numbers of cards, accounts and people in a text that have the checksum, or the form, which such numbers must have."""
    from stdnum import iban, luhn  # only for texts that have such a number
    from stdnum.us import ssn

    for match in CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if luhn.is_valid(digits) and len(set(digits)) > 3:
            yield Secret(match.start(), match.end(), "card number")
    for match in IBAN.finditer(text):
        if iban.is_valid(match.group(), check_country=False):
            yield Secret(match.start(), match.end(), "IBAN")
    for match in SSN.finditer(text):
        if ssn.is_valid(match.group()):
            yield Secret(match.start(), match.end(), "social security number")


def personal_in(text: str) -> Iterator[Secret]:
    """The e-mail addresses, phone numbers and public IP addresses in a text; made-up ones (example.com, 555) are nobody's."""
    for match in EMAIL.finditer(text) if "@" in text else ():
        if not MADE_UP.search(match.group(1)):
            yield Secret(match.start(), match.end(), "e-mail address")
    for match in PHONE.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if 9 < len(digits) < 16 and len(set(digits)) > 3 and "555" not in digits and "1234567" not in digits:
            yield Secret(match.start(), match.end(), "phone number")
    for match in ADDRESS.finditer(text) if DOTTED.search(text) else ():
        try:
            public = ipaddress.IPv4Address(match.group()).is_global
        except ipaddress.AddressValueError:
            continue
        if public and match.group() not in ("1.1.1.1", "8.8.8.8", "8.8.4.4") and not match.group().endswith(".0"):
            yield Secret(match.start(), match.end(), "IP address")


def _redacted(text: str, *finders: Callable[[str], Iterator[Secret]]) -> str:
    found = sorted({secret for finder in finders for secret in finder(text)})
    pieces, at = [], 0
    for secret in found:
        if secret.start >= at:
            pieces += [text[at : secret.start], f"[{secret.kind.upper()}]"]
            at = secret.end
        elif secret.end > at:  # one begins inside the other
            at = secret.end
    return "".join([*pieces, text[at:]])


def masked(text: str) -> str:
    """`text` with every secret that family S finds replaced by its kind in brackets: for whatever shows a text to people."""
    return _redacted(text, keys_in, numbers_in, personal_in)


def _told(finder: Callable[[str], Iterator[Secret]]) -> Callable[[str], str | None]:
    """What is said of a text's secrets: how many of which kind, and where the first one stands."""

    def judge(text: str) -> str | None:
        found = sorted(finder(text))
        if not found:
            return None
        kinds = {secret.kind: 0 for secret in found}
        for secret in found:
            kinds[secret.kind] += 1
        first = found[0]
        counts = ", ".join(plural(count, kind) for kind, count in kinds.items())
        return f"{counts}: {'' if len(found) == 1 else 'the first '}at character {first.start + 1}, {plural(first.end - first.start, 'character')} long"

    return judge


def _secrets(texts: "pl.Expr", finder: Callable[[str], Iterator[Secret]]) -> "pl.Expr":
    import polars as pl  # loaded by then: see messages_frame

    return pl.format("{} (message {})", closer(texts, _told(finder)), pl.col("turn") + 1)


@rule(
    "S001",
    "secret-key",
    severity=Severity.ERROR,
    scope=Scope.TEXT,
    trigger=KEY_HINTS,
    hint="Revoke the key, for it has leaked; then `--unsafe-fixes` puts its kind in its place.",
)
def secret_key() -> "pl.Expr":
    """A message holds a key, a token or a password.

    A model repeats what it was trained on to anyone who asks in the right way, and a training file is copied to
    places that a vault is not. Findings never show the secret.

    Bad:

        {"messages": [{"role": "user", "content": "Why is it refused? key = AKIAIOSFODNN7EXAMPLX"}, {"role": "assistant", "content": "It has expired."}]}

    Good:

        {"messages": [{"role": "user", "content": "Why is it refused? key = [AWS ACCESS KEY]"}, {"role": "assistant", "content": "It has expired."}]}
    """
    import polars as pl  # loaded by then: see messages_frame

    return _secrets(having(pl.col("text"), KEY_HINTS), keys_in)


@rule(
    "S002",
    "card-or-account-number",
    severity=Severity.WARNING,
    scope=Scope.TEXT,
    trigger=NUMBER_HINTS,
    hint="Replace it by a made-up one; `--unsafe-fixes` puts its kind in its place.",
)
def card_or_account_number() -> "pl.Expr":
    """A message holds a card number, an IBAN or a social security number.

    Only numbers whose checksum is right are reported: they belong to somebody, and the model will tell them to
    others. Findings never show the number.

    Bad:

        {"messages": [{"role": "user", "content": "My card is 4539 1488 0343 6467."}, {"role": "assistant", "content": "Thank you."}]}

    Good:

        {"messages": [{"role": "user", "content": "My card is [CARD NUMBER]."}, {"role": "assistant", "content": "Thank you."}]}
    """
    import polars as pl  # loaded by then: see messages_frame

    return _secrets(having(pl.col("text"), NUMBER_HINTS), numbers_in)


@rule(
    "S003",
    "personal-data",
    severity=Severity.INFO,
    scope=Scope.TEXT,
    trigger=PERSONAL_HINTS,
    hint="Look whether it is somebody's; `--unsafe-fixes` puts its kind in its place.",
)
def personal_data() -> "pl.Expr":
    """A message holds an e-mail address, a phone number or a public IP address.

    Personal data in training data needs a reason, and comes out of the model again. Addresses under example.com,
    numbers with 555 and private networks are left alone: they are nobody's.

    Bad:

        {"messages": [{"role": "user", "content": "Write to jo.miller@gmail.com"}, {"role": "assistant", "content": "Done."}]}

    Good:

        {"messages": [{"role": "user", "content": "Write to jo.miller@example.com"}, {"role": "assistant", "content": "Done."}]}
    """
    import polars as pl  # loaded by then: see messages_frame

    return _secrets(having(pl.col("text"), PERSONAL_HINTS), personal_in)


def _redacting(declared: Rule, finder: Callable[[str], Iterator[Secret]]) -> None:
    def redact(value: dict[str, Any]) -> dict[str, Any]:
        """Replaces what was found by its kind in brackets."""
        return with_texts(value, lambda text: _redacted(text, finder))

    declared.repaired_by(safe=False)(redact)


_redacting(secret_key, keys_in)
_redacting(card_or_account_number, numbers_in)
_redacting(personal_data, personal_in)

RULES = (
    secret_key,
    card_or_account_number,
    personal_data,
)
