"""The names of persons and organisations that a token classification model finds in texts."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from curate.core.characters import UNSPACED
from curate.core.errors import ModelError
from curate.core.events import Advance
from curate.core.key_value_secrets import Secret
from curate.core.text import storable
from curate.models.model_batches import ModelLoader, each_batch
from curate.models.model_loading import entity_recognizer
from curate.redact.folding import folded
from curate.redact.name_words import FULL_NAME, HONORIFIC, NAME_WORD, NO_NAMES, ORG, PARTICLE, PERSON
from curate.redact.names import CODE_BLOCK, text_key

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
NO_LAST_WORD: Final = re.compile(rf"(?: (?!(?:{PARTICLE})\b)[a-zß-öø-ÿ][^\s]*)+$")
"""Words in lower case at the end of a name: `monkeys` in `Owl monkeys`."""
SHOUTED: Final = re.compile(r"[A-Z]{2,}[a-z]+\w*|[A-Z0-9&.]{2,5}")
"""A single word that is an abbreviation, not a name: `VEU`, `MUon`."""
OF_A_THING: Final = re.compile(
    r" ?(?:League|Cup|Festival|Park|Street|Avenue|Road|River|Lake|Island|Mountains?|Valley|Airport|University|College|"
    r"School|Hospital|Stadium|Arena|Museum|Awards?|Prize|Championship|Tournament|Series|Company|Inc|Ltd|Corporation|"
    r"Records|Studios|Games|Airlines|Hotel|Church|Bridge|Tower|Castle|Theat(?:re|er)|Band|Orchestra|Algorithm|Theorem|"
    r"Method|Model|Effect|Syndrome|Disease|Act|Award|Foundation|Institute|Railway|Station|County|City)\b"
)
"""What a name is followed by if it is the first part of the name of a thing."""
BESIDE: Final = re.compile(
    rf"(?P<joint>,? (?:and|und|y|e|et|&) |, )(?P<name>(?!(?:The|A|An|It|He|She|They|We|You|In|On)\b){NAME_WORD}"
    rf"(?: (?:(?:{PARTICLE}) )?{NAME_WORD}){{0,2}})"
)
"""A name with the conjunction or the comma between it and the name before it."""
NOUN: Final = r"(?i:\b(?:the|an?|of|some|many|most|these|all)) (?:\w+ )?{0}s?(?!\w)|(?<!\w){0}s(?!\w)"
"""A noun in lower case, or its plural."""
TITLE: Final = re.compile(rf"(?:(?:{HONORIFIC})\.?\s+)+(?=\S)")


def names_by_text(texts: Iterable[str], model: str, progress: Advance | None = None) -> dict[int, tuple[Secret, ...]]:
    """The names in each text that has any, by `text_key`; equal texts are read once.

    `progress` gets numbers of texts. Raises `ModelError` if the model is not available or has no label for names,
    `MissingExtra` without its libraries.
    """
    names: dict[int, tuple[Secret, ...]] = {}
    loader = ModelLoader(entity_recognizer, model)
    recognizer = loader()
    labels = recognizer.config.id2label.values()
    if not any(_kind_of(label[2:] if label.startswith(("B-", "I-")) else label) for label in labels):
        raise ModelError(
            f"{model}: none of its labels is of persons or organisations",
            "name a model with labels such as PER and ORG",
        )
    unread = _distinct(filter(_has_words, texts))
    while block := list(islice(unread, READ_TEXTS)):
        plain = [folded(text) for text in block]
        for positions, entities in each_batch(_entities, [storable(text) for text, _ in plain], loader, recognizer):
            for position, of_text in zip(positions, entities, strict=True):
                text = plain[position].text
                if of_names := tuple(_with_listed(text, list(_whole_word_names(text, of_text)))):
                    names[text_key(block[position])] = tuple(map(plain[position].original, of_names))
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


def _whole_word_names(text: str, entities: Sequence[tuple[str, int, int]]) -> Iterator[Secret]:
    """The names in a text: whole words, with their parts joined, without signs around them.

    Left out are words that are no names, such as `Support`, words without a capital letter, unless their script has
    none, single words in a block of code, where they are identifiers, and what `_is_of_thing` returns True for.
    """
    blocks = [match.span() for match in CODE_BLOCK.finditer(text)] if "```" in text else []
    for kind, first, last in _joined_spans(text, entities):
        start, end = _whole_name(text, first, last) if kind == PERSON else (first, last)
        words = text[start:end].split()
        is_code = len(words) == 1 and any(opening <= start < closing for opening, closing in blocks)
        ends = {words[0], words[-1]} if kind == PERSON or len(words) == 1 else set()
        has_capital = any(word[0].isalpha() and not word[0].islower() for word in words)
        if (
            has_capital
            and not is_code
            and not NO_NAMES & ends
            and not (kind == PERSON and _is_of_thing(text, start, end))
        ):
            yield Secret(start, end, kind)


def _is_of_thing(text: str, start: int, end: int) -> bool:
    """Whether a name is of a team, an animal or a place: several words behind `the`, a word before `League`, an
    abbreviation, or a word that is also a noun in lower case in the text.
    """
    name = text[start:end]
    is_word = " " not in name
    return bool(
        (not is_word and text[max(0, start - 4) : start].lower() == "the ")
        or OF_A_THING.match(text, end)
        or (is_word and SHOUTED.fullmatch(name))
        or OF_A_THING.fullmatch(name.rpartition(" ")[2])
        or (is_word and name[0].isupper() and re.search(NOUN.format(re.escape(name.lower())), text))
    )


def _with_listed(text: str, names: Sequence[Secret]) -> Iterator[Secret]:
    """The names in order, with those that the model missed in a list of persons: `and Tom Brady` behind the name of a
    person, and `, Tom Brady,` between two.
    """
    starts = {name.start for name in names}
    for name in names:
        yield name
        end, has_space = name.end, " " in text[name.start : name.end]
        if name.kind != PERSON:
            continue
        listed = []
        while (match := BESIDE.match(text, end)) and match.start("name") not in starts:
            has_words = " " in match["name"]
            if has_words != has_space or _is_of_thing(text, *match.span("name")):
                break
            end = match.end()
            listed.append(match)
        is_closed = bool(match and match.start("name") in starts)
        for other in listed:
            if is_closed or other["joint"] != ", ":
                yield Secret(*other.span("name"), PERSON)


def _whole_name(text: str, start: int, end: int) -> tuple[int, int]:
    """Start and end of the name of a person without titles. A single word is extended by the words after it, since
    models often miss last names.
    """
    if title := TITLE.match(text, start, end):
        start = title.end()
    if lower := NO_LAST_WORD.search(text, start, end):
        end = lower.start()
    whole = FOLLOWED.match(text, start) if " " not in text[start:end] else None
    return start, max(end, whole.end()) if whole else end


def _joined_spans(text: str, entities: Sequence[tuple[str, int, int]]) -> Iterator[tuple[str, int, int]]:
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
