"""Find the values of secrets by the name before them: `password=...`, `"api_key": "..."`, `Authorization: Bearer ...`.

Only for display: a name and a value of the form of a secret are masked, but they are no finding, since the value may
be an example or a reference. Shown as they are: placeholders (`<token>`, `${TOKEN}`, `YOUR_API_KEY`, `***`),
references (`os.environ["X"]`, `self.token`) and prose (`password: the word that you choose`).

Each search starts at a name that `str.find` found and continues after the text that it read, so its time is linear.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Final, NamedTuple

from curate.core.lazy import lazy_pattern

PASSWORD, SECRET = "password", "secret value"
ELLIPSIS: Final = "…"


class Secret(NamedTuple):
    """Position and kind of a secret in a text."""

    start: int
    end: int
    kind: str


class SecretNames(NamedTuple):
    """Names of secrets of one form."""

    mark: str
    """A lower-case text in each name, at which the pattern is tried."""
    name: str
    """The rest of the name, as a pattern, from `mark` on; ASCII case is ignored."""
    least: int
    """Minimum number of characters of a value."""
    kind: str = SECRET


SUFFIX: Final = r"(?:s?(?:[_-][A-Za-z0-9_-]{1,24}|(?-i:[A-Z0-9])\w{0,24})?)"
"""What may follow in a name: `_TEST`, `Value`, a number; no other letters, as in `tokenizer`."""
QUALIFIERS: Final = (
    "access", "account", "admin", "api", "app", "consumer", "crypt", "deploy", "encryption", "license", "master",
    "private", "server", "service", "shared", "signing", "ssh", "storage", "subscription",
)  # fmt: skip
NAMES: Final = (
    SecretNames("pass", r"(?<!by)(?<!com)(?<!sur)pass(?:w(?:or)?d|wd|wort|phrase|code)?" + SUFFIX, 4, PASSWORD),
    *(
        SecretNames(word, word, 4, PASSWORD)
        for word in ("kennwort", "contraseña", "mot de passe", "senha", "密码", "密碼")
    ),
    SecretNames("pwd", "pwd" + SUFFIX, 4, PASSWORD),
    SecretNames("secret", "secret" + SUFFIX, 8),
    SecretNames("token", "token" + SUFFIX, 8),
    SecretNames("cred", "cred(?:ential)?" + SUFFIX, 8),
    SecretNames("jwt", "jwt" + SUFFIX, 16),
    SecretNames("auth", r"(?<![a-z])_?auth(?:orization)?(?:[ \t]{0,2}[\"']?[_-]?(?:key|code|header))?", 8),
    SecretNames("sess", "sess(?:ion)?[_-]?(?:id|key)?" + SUFFIX, 12),
    SecretNames("sid", "(?<![a-z])sid", 12),
    SecretNames("sig", "(?<![a-z])sig(?:nature)?", 20),
    SecretNames("key", r"(?:(?<=[_-])|(?<=[a-z](?-i:K)))" + "key" + SUFFIX, 16),
    *(SecretNames(word, rf"{word}[ _.-]?(?:access[ _.-]?)?key" + SUFFIX, 8) for word in QUALIFIERS),
)
SEPARATOR: Final = (
    r"(?:\\?[\"'`\])}*_]{0,4}[ \t]{0,8}(?:=>|:=|->|={1,3}|:{1,2}|\|{1,2}|>|[ ](?:is|ist|lautet|es|est|é)[ ]|：|[是为為])"  # noqa: E501
    r"|\\?[\"'`]?,?\s{1,40}\\?[\"']?value\\?[\"']?[ \t]{0,4}[:=]|(?P<comma>[\"'],[ ]{0,2}(?=[\"'])))"
    r"[ \t]{0,8}\n?[ \t]{0,8}[*_(]{0,3}[ \t]?(?:(?:bearer|basic|token|digest|apikey)[ \t]{1,4})?"
)
OPENING: Final = lazy_pattern(r"""[rbuf]?(\\?(?:["'`]|&quot;){1,3})""")
UNQUOTED: Final = lazy_pattern(
    r"""(?:[^\s"'`<&;,.)\]}|\\，。；、）]|\.(?![\s"'`]|\Z)|[&;,)\]}|](?![\s"'`&;,)\]}|]|[\w.-]{1,40}[=:]|\Z)|\\(?![nrt"'])|&(?!\w{1,40}=))+"""
)
"""An unquoted value: up to a white space or quote, a full stop before one, or a punctuation mark before the next name.
"""
QUOTED_CHARS: Final = 4_096
"""Maximum length of a quoted value; what follows is read as unquoted."""

STATED: Final = (
    r"(?!(?:sha|md|utf|base|win|ios|pbkdf|aes|rsa)-?\d)(?P<value>(?=[^\s]{0,39}\d)(?=\S{0,39}(?-i:[A-Z]))(?=\S{0,39}(?-i:[a-z]))"
    r"(?=\S{0,39}[-_!#$%&*@+?])[^\s\"'`,;:()，。]{8,40}?)(?=[.,;:]?(?:[\s，。\"')]|\Z))"
)
"""A password that follows its name without a separator: "the password Blue-Kettle-77"."""
COMMANDS: Final = {
    "--": (
        PASSWORD,
        r"--[a-z-]{0,24}?(?:pass(?:word|wd|phrase)?|token|secret|key|auth)[ =]{1,2}[\"']?(?P<value>[^\s\"']{4,})",
    ),
    "-u": (PASSWORD, r"(?<![\w-])-u[ ]{0,2}[\"']?[^\s:\"'/-][^\s:\"'/]{0,63}:(?P<value>[^\s\"']{3,})"),
    "--user": (PASSWORD, r"--user[ =]{1,2}[\"']?[^\s:\"'/]{1,64}:(?P<value>[^\s\"']{3,})"),
    "mysql": (PASSWORD, r"mysql[^\n]{0,120}?[ ]-p[\"']?(?P<value>[^\s\"'-][^\s\"']{3,})"),
    "docker login": (PASSWORD, r"docker login[^\n]{0,120}?[ ]-p[ ]{0,2}[\"']?(?P<value>[^\s\"'-][^\s\"']{3,})"),
    "sshpass": (PASSWORD, r"sshpass[ ]{1,2}-p[ ]?[\"']?(?P<value>[^\s\"']{3,})"),
    "login": (
        PASSWORD,
        r"login\s{1,8}(?!(?:and|or|und|y|et|e|&)\s)\S{1,64}\s{1,8}password\s{1,8}[\"']?(?P<value>[^\s\"']{3,})",
    ),
    "identified": (PASSWORD, r"identified (?:with [\w']{1,40} )?by\s{1,4}[\"'](?P<value>[^\"'\n]{3,})"),
    **{
        f"{word} ": (PASSWORD, rf"{word}[ ]{STATED}")
        for word in ("password", "passwort", "kennwort", "contraseña", "mot de passe", "senha")
    },
    "password '": (PASSWORD, r"password '(?P<value>[^'\s]{3,})'"),
    "requirepass": (PASSWORD, r"requirepass[ ]{1,4}(?P<value>\S{4,})"),
    "auth": (
        PASSWORD,
        r"auth\w{0,12}[ ]?(?:=[ ]?)?\(\s{0,4}[\"'][^\"'\n]{1,64}[\"'],[ ]{0,2}[\"'](?P<value>[^\"'\n]{4,64})[\"']",
    ),
    "psk": (PASSWORD, r"psk[ ]{0,2}[=:][ ]{0,2}[\"']?(?P<value>[^\s\"']{8,63})"),
    "wifi:": (PASSWORD, r"wifi:[^\n]{0,80}?;p:(?P<value>[^;\n]{4,63});"),
    "secret": (SECRET, r"secret[\w-]{0,12}[ \t]{2,16}(?P<value>[\w/+=.-]{16,})"),
    "bearer": (SECRET, r"bearer(?:[\"'],)?[ ]{1,2}[\"']?(?P<value>[\w.~+/=-]{16,})"),
    "basic": (SECRET, r"basic[ ]{1,2}(?P<value>[\w+/]{12,}={0,2})"),
    "cookie": (SECRET, r"cookies?[\"']?[ ]{0,2}[:=][ ]{0,2}[\"']?(?P<value>[\w.%-]{1,64}=[^\n\"']{8,})"),
    "5432:": (PASSWORD, r"5432:[^\s:/]{1,64}:[^\s:/]{1,64}:(?P<value>\S{4,})"),
}  # fmt: skip
"""Secrets in commands, headers and files by their place: text at which a pattern is tried, kind and pattern."""

PLACEHOLDER: Final = lazy_pattern(
    r"""(?xi)
    \[ [A-Z0-9\ -]+ \]? | < | \{\{ | \$\{ | \$\( | \$ (?-i:[A-Z_][A-Z0-9_]*|[a-z_]+) \Z | \{ [a-z_. ]* \}? \Z | %\(
    | % (?-i:[A-Z_]+) % \Z | %s | \*{3,} | \.{3} | … \Z | -+ \Z | _+ \Z | •+
    | .{0,12} (?<![A-Za-z0-9]) your | .{0,24} (?:xxxx|placeholder|redacted|change[_-]?(?:it|me|this))
    | my[_-]?(?:super[_-]?)?(?:pass|secret|token|api|key)[a-z_-]* \Z
    | (?:example|sample|dummy|fake|none|null|nil|undefined|true|false|required|optional|string|str|text|integer|int
        |bool|boolean|varchar|hidden|todo|tbd|any|unknown|type|name|value|field|input|new|async|await|function|lambda)
      (?:[^A-Za-z0-9] .*)? \Z
    """
)
NAME_WORDS: Final = frozenset((
    "the", "a", "an", "my", "new", "old", "user", "users", "username", "db", "database", "self", "this", "get", "set",
    "env", "config", "settings", "args", "input", "raw", "hashed", "hash", "is", "in", "to", "of", "id", "field",
    "name", "value", "pass", "password", "passwords", "passwd", "pwd", "passphrase", "passcode", "userpassword",
    "dbpassword", "mypassword", "secret", "secrets", "token", "tokens", "api", "apikey", "access", "key", "keys",
    "auth", "client", "admin", "root", "login", "confirm", "enter", "and", "or", "not", "manager", "reset", "length"
))  # fmt: skip
WORD_BORDER: Final = lazy_pattern(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])")
REFERENCE: Final = lazy_pattern(
    r"[A-Za-z_]+(?:\.[A-Za-z_]+)+(?:[(\[][^0-9]*)?\Z|[A-Za-z_]+[(\[](?:[^0-9]*[)\]][^0-9]*)?\Z"
    r"|(?:self|this|os|process|config|settings|requests?|req|args|env|app|ctx|data|user|event|props|params|secrets|vars)"
    r"[.\[(]"
)
"""An unquoted value that names another value: a call, an attribute."""
CALL: Final = lazy_pattern(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\(")
"""The beginning of a call, also with digits, which a password may have."""
PROSE: Final = lazy_pattern(r"[ ]+[a-z]{1,20}\b")
PHRASE: Final = lazy_pattern(r"[A-Za-z][A-Za-z'-]*(?:[ ,.;]+[A-Za-z][A-Za-z'-]*)+[.!?:]?")
"""A quoted value of two or more words."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern in any case, compiled once."""
    return re.compile(f"(?i){pattern}")


Finder = Callable[[str, str], Iterator[Secret]]


def assigned_in(text: str, kind: str | None = None) -> Iterator[Secret]:
    """Find the values of secrets after their name, only of a kind if one is given."""
    lowered = text.lower() if text.isascii() else text.replace("İ", "I").lower()  # the only one that gets longer
    for part, finders in FINDERS.items():
        if part in lowered:
            for kind_of_values, finder in finders:
                if kind in (None, kind_of_values):
                    yield from finder(text, lowered)


def _named_secrets(named: SecretNames, text: str, lowered: str) -> Iterator[Secret]:
    """The values that follow a name such as `password` and a separator. `lowered` is the text in lower case."""
    position = lowered.find(named.mark)
    while position >= 0:
        match = _compiled(named.name + SEPARATOR).match(text, position)
        end = position + len(named.mark)
        if match is not None and (value := _value_behind_name(text, match, named)):
            end = value.end
            if _is_credible(text, value, match, named):
                yield value
        position = lowered.find(named.mark, end)


def _secrets_after(mark: str, kind: str, pattern: str, text: str, lowered: str) -> Iterator[Secret]:
    """The values that a pattern finds at a mark and that are probably secrets. `lowered` is the text in lower case."""
    position = lowered.find(mark)
    while position >= 0:
        match = _compiled(pattern).match(text, position)
        if match is not None and is_password(value := match["value"]) and (kind is PASSWORD or _is_mixed(value)):
            yield Secret(match.start("value"), match.end("value"), kind)
        position = lowered.find(mark, match.end() if match else position + len(mark))


def _finders() -> dict[str, list[tuple[str, Finder]]]:
    """The searches and the kinds of what they find, by a text that all of their marks or names contain, so that most
    texts need few searches.
    """
    finders: dict[str, list[tuple[str, Finder]]] = {}
    for named in NAMES:
        part = "key" if named.mark in QUALIFIERS else named.mark
        finders.setdefault(part, []).append((named.kind, partial(_named_secrets, named)))
    for mark, (kind, pattern) in COMMANDS.items():
        part = next((part for part in ("pass", "login", "--") if part in mark), mark)
        finders.setdefault(part, []).append((kind, partial(_secrets_after, mark, kind, pattern)))
    return finders


FINDERS: Final = _finders()


def is_password(value: str) -> bool:
    """Whether a value in the place of a password may be one, and is no placeholder."""
    words = {word.lower() for word in WORD_BORDER.split(value[:80]) if word}
    return not (PLACEHOLDER.match(value) or (words <= NAME_WORDS and not any(map(str.isdigit, value))))


def _value_behind_name(text: str, name_match: re.Match[str], named: SecretNames) -> Secret | None:
    """The value behind a name: to the closing quote on the same line, or to a white space; None if no value follows."""
    start = name_match.end()
    if opening := OPENING.match(text, start):
        quote = opening[1]
        end = text.find(quote, opening.end(), opening.end() + QUOTED_CHARS)
        line_end = text.find("\n", opening.end(), end) if end > 0 else -1
        if end > opening.end() and line_end < 0:
            return Secret(opening.end(), end, named.kind)
        start = opening.end()
    match = UNQUOTED.match(text, start)
    return Secret(start, match.end(), named.kind) if match else None


def _is_credible(text: str, span: Secret, match: re.Match[str], named: SecretNames) -> bool:
    """Whether the value at `span`, after the name that `match` found, is probably a secret: no placeholder, reference,
    call or phrase, and long enough for its kind.
    """
    value = text[span.start : span.end]
    cut = value.endswith(ELLIPSIS) or text.startswith(ELLIPSIS, span.end)
    quoted = span.start > match.end()
    if match["comma"] and not (quoted and _is_random(value)):
        return False
    if not value.strip("_-=.* ") or (len(value) < named.least and not cut) or not is_password(value):
        return False
    if value.lower().startswith(("http://", "https://")) or (quoted and PHRASE.fullmatch(value)):
        return False
    if not quoted and (REFERENCE.match(value) or (named.kind is SECRET and CALL.match(value))):
        return False
    if _is_word(value):
        return _is_credible_word(text, span, match, named, quoted=quoted)
    if named.kind is PASSWORD:
        return True
    return any(char.isdigit() for char in value) and not value.replace(",", "").replace(".", "").isdigit()


def _is_credible_word(text: str, span: Secret, match: re.Match[str], named: SecretNames, *, quoted: bool) -> bool:
    """Whether a value of letters may be a secret: not within a sentence, and long or mixed unless for a password."""
    value, separator = text[span.start : span.end], match.group()
    if not quoted and "=" not in separator and (PROSE.match(text, span.end) or " is " in separator or "|" in separator):
        return False
    if named.kind is PASSWORD:
        return True
    return (_is_mixed(value) and len(value) >= 12) or (len(value) >= 20 and (quoted or "=" in separator))


def _is_mixed(value: str) -> bool:
    """Whether a value has digits, or lower and upper case other than an initial."""
    return any(map(str.isdigit, value)) or (value.lower() != value != value.upper() and not value.istitle())


def _is_random(value: str) -> bool:
    """Whether a value has digits and letters as no name has them: of both cases, or twenty in all."""
    kinds = sum(any(map(kind, value)) for kind in (str.isdigit, str.islower, str.isupper))
    return len(value) >= 8 and any(map(str.isdigit, value)) and (kinds == 3 or (kinds == 2 and len(value) >= 20))


def _is_word(value: str) -> bool:
    """Whether a value has only letters and the marks of words."""
    return value.replace("-", "").replace("_", "").replace(".", "").replace("'", "").isalpha()
