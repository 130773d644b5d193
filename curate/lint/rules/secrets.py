"""Family S: secrets and personal data. Messages give kind, position and length, never the secret."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from curate.core.credentials import KEY_HINTS, keys_in
from curate.core.finding import Severity
from curate.core.key_value_secrets import PASSWORD, Secret, assigned_in
from curate.core.lazy import lazy_pattern, pl
from curate.core.masking import (
    NUMBER_HINTS,
    PERSONAL_HINTS,
    numbers_in,
    redacted,
)
from curate.core.text import plural
from curate.lint.rules.personal_data import personal_data_in
from curate.lint.rules.polars_text_helpers import answered_question, edit_texts, judged_by
from curate.lint.rules.prefilter import foreign_patterns, shared_patterns
from curate.lint.rules.rule import Rule, text_rule

PASSWORD_HINTS: Final = (r"(?i-u:passwor[td])", r"(?i-u:kennwort|contrase|mot de passe|senha)")
CHINESE_HINT: Final = "密[码碼]"
MIXED: Final = lazy_pattern(r"(?=\S*\d)(?=\S*[A-Za-z])\S{8,40}")
EXAMPLE_PASSWORD: Final = lazy_pattern(r"(?i)p[@a]ss?w[o0]rd|123|example|secret|qwert|^https?:")
ABOUT_PASSWORDS: Final = lazy_pattern(r"(?i)\b(?:new|random|strong|weak|example|sample|generated?) passwords?\b")
GENERATION_REQUEST: Final = r"(?i)\b(?:generate|create|make|suggest|invent|erzeuge|erstelle|genera|crea)\b.*\bpass"


def _secrets_message(finder: Callable[[str], Iterator[Secret]]) -> Callable[[str], str | None]:
    """The message for a text's secrets: number by kind, and the position of the first."""

    def judge(text: str) -> str | None:
        secrets = sorted(finder(text))
        if not secrets:
            return None
        kinds = Counter(secret.kind for secret in secrets)
        first = secrets[0]
        counts = ", ".join(plural(count, kind) for kind, count in kinds.items())
        return (
            f"{counts}: {'' if len(secrets) == 1 else 'the first '}at character {first.start + 1}, "
            f"{plural(first.end - first.start, 'character')} long"
        )

    return judge


def _messages_about_secrets(texts: "pl.Expr", finder: Callable[[str], Iterator[Secret]]) -> "pl.Expr":
    return pl.format("{} (message {})", judged_by(texts, _secrets_message(finder)), pl.col("turn") + 1)


@text_rule(
    "S001",
    "secret-key",
    Severity.ERROR,
    prefilter=shared_patterns(KEY_HINTS),
    hint="Revoke the key, since it has leaked. Then replace it: `--fix --unsafe-fixes` writes its kind in brackets.",
)
def secret_key() -> "pl.Expr":
    """A message contains a key, a token or a password.

    A model can repeat its training data to anyone, and training files are copied to less protected places. Only
    complete keys of published formats, private keys and passwords in URLs are reported. Findings never show the secret.
    Bad: {"messages": [{"role": "user", "content": "Why is it refused? key = AKIAIOSFODNN7EXAMPLX"}, {"role": "assistant", "content": "It has expired."}]}
    Good: {"messages": [{"role": "user", "content": "Why is it refused? key = [AWS ACCESS KEY]"}, {"role": "assistant", "content": "It has expired."}]}
    """
    return _messages_about_secrets(pl.col("text"), keys_in)


@text_rule(
    "S002",
    "card-or-account-number",
    Severity.WARNING,
    prefilter=shared_patterns(NUMBER_HINTS),
    hint="Replace it with an invented number; `--fix --unsafe-fixes` writes its kind in brackets.",
)
def card_or_account_number() -> "pl.Expr":
    """A message contains a card number, an IBAN or a social security number.

    Such a number belongs to someone, and the model can repeat it. Only numbers with a valid checksum are reported.
    Findings never show the number.
    Bad: {"messages": [{"role": "user", "content": "My card is 4539 1488 0343 6467."}, {"role": "assistant", "content": "Thank you."}]}
    Good: {"messages": [{"role": "user", "content": "My card is [CARD NUMBER]."}, {"role": "assistant", "content": "Thank you."}]}
    """
    return _messages_about_secrets(pl.col("text"), numbers_in)


@text_rule(
    "S003",
    "personal-data",
    Severity.INFO,
    prefilter=shared_patterns(PERSONAL_HINTS),
    hint="Check whether it belongs to someone. If so, replace it: `--fix --unsafe-fixes` writes its kind in brackets.",
)
def personal_data() -> "pl.Expr":
    """A message contains an e-mail address, a phone number or a public IP address.

    Personal data in training data needs a reason, and a model can repeat it. Addresses under example.com, 555 numbers
    and private networks are skipped, and so are mailboxes and numbers of offices (support@, toll-free), mailing lists, invented
    rows (John Doe), logins of servers, version and section numbers, and exercises about regular expressions and subnets;
    reports mask these, too. Of 71 findings that were not used to choose the rule, read by hand, 58 were right (82%): 31 of
    37 in shared chats, 27 of 34 in the documentation of packages, where examples of a service's answers are often invented.
    Bad: {"messages": [{"role": "user", "content": "Write to jo.miller@gmail.com"}, {"role": "assistant", "content": "Done."}]}
    Good: {"messages": [{"role": "user", "content": "Write to jo.miller@example.com"}, {"role": "assistant", "content": "Done."}]}
    """
    return _messages_about_secrets(pl.col("text"), personal_data_in)


def passwords_in(text: str) -> Iterator[Secret]:
    """Passwords of letters and digits that a word announces; code is left out."""
    if "```" in text:
        return
    for secret in assigned_in(text, PASSWORD):
        value = text[secret.start : secret.end]
        if MIXED.fullmatch(value) and not EXAMPLE_PASSWORD.search(value):
            if ABOUT_PASSWORDS.search(text):
                return
            yield secret


@text_rule(
    "S004",
    "password",
    Severity.INFO,
    prefilter=(shared_patterns(*PASSWORD_HINTS), foreign_patterns(CHINESE_HINT)),
    hint="Change the password if it is real. `--fix --unsafe-fixes` writes [PASSWORD] in its place.",
)
def password() -> "pl.Expr":
    """A message contains a password.

    It follows a word such as "password:" and has eight characters or more, of which one is a digit and one a letter.
    Placeholders, tool results, usual examples such as "P@ssw0rd", code and requests for new passwords are skipped.
    Findings never show the password. Precision 100%, recall 69% on passwords planted into 16 real files; no finding
    in 61 real files (15,748 examples of instructions, chats and tool calls), since passwords that a tool generates
    are skipped.
    Bad: {"messages": [{"role": "user", "content": "My password: k7Kq!pZ29xw is refused."}, {"role": "assistant", "content": "Type it again."}]}
    Good: {"messages": [{"role": "user", "content": "My password: [PASSWORD] is refused."}, {"role": "assistant", "content": "Type it again."}]}
    """
    requested = answered_question().fill_null("").str.contains(GENERATION_REQUEST)
    written = pl.when(~requested & pl.col("role").is_in(["system", "user", "assistant"])).then(pl.col("text"))
    return _messages_about_secrets(written, passwords_in)


def _declare_redaction(declared: Rule, finder: Callable[[str], Iterator[Secret]]) -> None:
    def redact(value: dict[str, Any]) -> dict[str, Any]:
        """Replace what was found with its kind in brackets."""
        return edit_texts(value, lambda text: redacted(text, finder))

    declared.repaired_by(safe=False)(redact)


_declare_redaction(secret_key, keys_in)
_declare_redaction(card_or_account_number, numbers_in)
_declare_redaction(personal_data, personal_data_in)
_declare_redaction(password, passwords_in)
