"""Values behind a word, a key or the name of a column that names them, found by plain patterns.

They are too short to be searched for alone: three digits occur by chance. A value of the originals is left if it stands
in a redacted row behind a word of the same kind.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

JOINT: Final = r"[\"']?(?:\s?[:=#]\s?|\s(?:is|ist|est|es|é)\s|\s(?:no\.?|number|nr\.?)?\s?[:#]?\s?)[\"']?"
LABELS: Final = {
    "card_security_code": (r"cvv2?|cvc2?|card security code", r"[0-9]{3,4}"),
    "postal_code": (
        r"(?:zip(?:[ _-]?code)?|postal[ _-]?code|post[ _-]?code|postleitzahl|plz|cep|code postal)(?! = [\"'])",
        r"[0-9]{5}(?:-[0-9]{3,4})?|[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}",
    ),
    "customer_number": (
        r"pnr|record locator|mrn|(?:booking|reservation|confirmation)[ _-](?:ref(?:erence)?|code|number)",
        r"(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{5,8}",
    ),
    "passport": (r"passport(?:[ _-](?:no\.?|number))?", r"[A-Z]{1,2}[0-9]{6,8}|[0-9]{9}"),
    "bank_account": (r"account[ _-](?:no\.?|number)|kontonummer", r"[0-9]{6,18}"),
    "date_of_birth": (
        r"dob|date[ _]of[ _]birth|birth[ _]?date|geburtsdatum",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[./][0-9]{1,2}[./](?:19|20)[0-9]{2}",
    ),
    "person": (
        r"first[ _]?name|last[ _]?name|full[ _]?name|surname|vorname|nachname",
        r"[A-Z][a-zß-öø-ÿ'’-]+(?: [A-Z][a-zß-öø-ÿ'’-]+){0,2}",
    ),
}
"""For each kind the words that name a value, and its form."""
COLUMNS_ONLY: Final = frozenset(("person",))
"""Kinds whose words stand before other words in running text: a key or a column must name them."""
BEHIND: Final = {
    kind: re.compile(rf"(?<![A-Za-z])(?i:{words}){JOINT}(?P<value>{form})(?![\w-])")
    for kind, (words, form) in LABELS.items()
    if kind not in COLUMNS_ONLY
}
KEYS: Final = {kind: re.compile(words, re.IGNORECASE) for kind, (words, _) in LABELS.items()}
FORMS: Final = {kind: re.compile(form) for kind, (_, form) in LABELS.items()}
HINT: Final = re.compile(
    r"(?i)cv[vc]|card security|zip|post|plz|cep|pnr|locator|mrn|booking|reservation|confirmation|passport|account|"
    r"konto|dob|birth|geburt|name"
)
"""What a text with a label has."""
SEPARATORS: Final = ("|", "\t", ";", ",")


def labelled_values(key: str, text: str) -> Iterator[tuple[str, str]]:
    """The kind and the text of each value in a text that its key, a word before it or its column names."""
    for kind, words in KEYS.items():
        if words.fullmatch(key) and FORMS[kind].fullmatch(text.strip()):
            yield kind, text.strip()
    if not HINT.search(text):
        return
    for kind, pattern in BEHIND.items():
        for match in pattern.finditer(text):
            yield kind, match["value"]
    yield from _cells(text)


def _cells(text: str) -> Iterator[tuple[str, str]]:
    """The values in the columns of tables: lines below a line of names, with as many cells."""
    kinds: list[str] = []
    separator = ""
    for line in text.splitlines():
        if kinds and len(cells := _parts(line, separator)) == len(kinds):
            for kind, cell in zip(kinds, cells, strict=True):
                if kind and FORMS[kind].fullmatch(cell):
                    yield kind, cell
            continue
        kinds, separator = _columns(line)


def _columns(line: str) -> tuple[list[str], str]:
    """The kind of each column that a line names, empty for others, and the separator; no kinds if it names none."""
    for separator in SEPARATORS if HINT.search(line) else ():
        names: Sequence[str] = _parts(line, separator)
        kinds = [next((kind for kind, words in KEYS.items() if words.fullmatch(name)), "") for name in names]
        if len(names) > 1 and any(kinds):
            return kinds, separator
    return [], ""


def _parts(line: str, separator: str) -> list[str]:
    line = line.strip().strip("|") if separator == "|" else line
    return [part.strip(" \"'") for part in line.split(separator)]
