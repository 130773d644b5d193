"""The names of persons and organisations that a token classification model finds in texts."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from curate.core.errors import ModelError
from curate.core.key_value_secrets import Secret
from curate.core.text import UNSPACED, storable
from curate.models.model_batches import Loader, each_batch
from curate.models.model_loading import entity_recognizer
from curate.redact.names import CODE_BLOCK, FULL_NAME, HONORIFIC, NO_NAMES, ORG, PERSON, text_key

LABELS: Final = {
    **dict.fromkeys(
        "PER PERS PERSON GIVENNAME FIRSTNAME MIDDLENAME SURNAME LASTNAME FAMILYNAME FULLNAME NAME".split(),  # noqa: SIM905
        PERSON,
    ),
    **dict.fromkeys("ORG ORGANIZATION ORGANISATION COMPANY COMPANYNAME CORPORATION".split(), ORG),  # noqa: SIM905
}
"""Kinds of names by the label of a model, without case and signs."""
READ_TEXTS: Final = 1024
"""Number of texts that are read together."""
UNSPACED_LETTER: Final = re.compile(UNSPACED)
GAP: Final = re.compile(r"[ \u00a0]?|\.? |-")
"""What is between two parts of one name."""
FOLLOWED: Final = re.compile(FULL_NAME)
TITLE: Final = re.compile(rf"(?:(?:{HONORIFIC})\.?\s+)+(?=\S)")


def names_by_text(
    texts: Iterable[str], model: str, progress: Callable[[int], None] | None = None
) -> dict[int, tuple[Secret, ...]]:
    """The names in each text that has any, by `text_key`; equal texts are read once.

    `progress` gets numbers of texts. Raises `ModelError` if the model is not available or has no label for names,
    `MissingExtra` without its libraries.
    """
    names: dict[int, tuple[Secret, ...]] = {}
    loader = Loader(entity_recognizer, model)
    recognizer = loader()
    labels = recognizer.config.id2label.values()
    if not any(_kind_of(label[2:] if label.startswith(("B-", "I-")) else label) for label in labels):
        raise ModelError(
            f"{model}: none of its labels is of persons or organisations",
            "name a model with labels such as PER and ORG",
        )
    unread = _distinct(filter(_has_words, texts))
    while block := list(islice(unread, READ_TEXTS)):
        for positions, entities in each_batch(_entities, [storable(text) for text in block], loader, recognizer):
            for position, of_text in zip(positions, entities, strict=True):
                if of_names := tuple(_names(block[position], of_text)):
                    names[text_key(block[position])] = of_names
            if progress:
                progress(len(positions))
    return names


def _has_words(text: str) -> bool:
    """Whether a text has two words or more, or letters of a script that has no spaces between words."""
    return len(text.split(maxsplit=2)) > 1 or UNSPACED_LETTER.search(text) is not None


def _distinct(texts: Iterable[str]) -> Iterator[str]:
    """The texts without repeated ones."""
    keys: set[int] = set()
    for text in texts:
        if (key := text_key(text)) not in keys:
            keys.add(key)
            yield text


def _entities(recognizer: Any, texts: list[str]) -> list[list[tuple[str, int, int]]]:
    """For each text the label, start and end of each of its entities."""
    return [
        [(entity["entity_group"], entity["start"], entity["end"]) for entity in of_text]
        for of_text in recognizer.recognizer(texts, batch_size=len(texts))
    ]


def _kind_of(label: str) -> str | None:
    """The kind of names that a label is of; None if it is of something else."""
    return LABELS.get(re.sub(r"[\W_]", "", label).upper())


def _names(text: str, entities: Sequence[tuple[str, int, int]]) -> Iterator[Secret]:
    """The names in a text: whole words, with their parts joined, without signs around them.

    Left out are words that are no names, such as `Support`, words without a capital letter, unless their script has
    none, and single words in a block of code, where they are identifiers.
    """
    blocks = [match.span() for match in CODE_BLOCK.finditer(text)] if "```" in text else []
    for kind, first, last in _joined(text, entities):
        start, end = _whole_name(text, first, last) if kind == PERSON else (first, last)
        words = text[start:end].split()
        is_code = len(words) == 1 and any(opening <= start < closing for opening, closing in blocks)
        ends = {words[0], words[-1]} if kind == PERSON or len(words) == 1 else set()
        has_capital = any(word[0].isalpha() and not word[0].islower() for word in words)
        if has_capital and not is_code and not NO_NAMES & ends:
            yield Secret(start, end, kind)


def _whole_name(text: str, start: int, end: int) -> tuple[int, int]:
    """Start and end of the name of a person without titles. A single word is extended by the words after it, since
    models often miss last names.
    """
    if title := TITLE.match(text, start, end):
        start = title.end()
    whole = FOLLOWED.match(text, start) if " " not in text[start:end] else None
    return start, max(end, whole.end()) if whole else end


def _joined(text: str, entities: Sequence[tuple[str, int, int]]) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of each name: models cut words, and label first and last names apart."""
    parts: list[tuple[str, int, int]] = []
    for label, first, last in sorted(entities, key=lambda entity: entity[1:]):
        if kind := _kind_of(label):
            start, end = _whole_words(text, first, last)
            if parts and parts[-1][0] == kind and (start <= parts[-1][2] or GAP.fullmatch(text, parts[-1][2], start)):
                kind, start, before = parts.pop()
                end = max(end, before)
            parts.append((kind, start, end))
    yield from (part for part in parts if part[1] < part[2])


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without signs around it, extended to whole words."""
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    while start < end and start and _continues_word(text[start - 1]):
        start -= 1
    while start < end < len(text) and _continues_word(text[end]):
        end += 1
    return start, end


def _continues_word(char: str) -> bool:
    """Whether a character is a letter or digit of a script that separates words with spaces."""
    return char.isalnum() and not UNSPACED_LETTER.match(char)
