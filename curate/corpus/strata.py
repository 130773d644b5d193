"""Traits of examples that parts of a data set can be balanced by: a label, the source, the language, whether tools are
called. A class label is an answer of a few words that occurs often, as in data for classification.

`Marks` are the format, the group keys and the traits of each example as columns: what a division uses besides the
questions.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, NamedTuple, Self

from curate.core.errors import UsageError, requiring
from curate.core.example import UNKNOWN, Example, canonical, known_role, last_turn_of, with_whole_numbers
from curate.core.lazy import Bytes, Hashes, Numbers, np
from curate.core.origin_keys import group_value, origins_of
from curate.core.text import excerpt, normalised, words
from curate.language.lexicon import FILLER_WORDS
from curate.language.tokens import letters, main_script
from curate.read.chunks import Batch
from curate.read.form_writer import declares_tools
from curate.read.formats import BY_NAME
from curate.storage.disk_arrays import Rows

MAX_LABEL_WORDS: Final = 4
MIN_QUESTIONS: Final = 20
"""Minimum number of questions of one setting to decide whether their answers are labels."""
MIN_LABEL_SHARE: Final = 0.9
"""Minimum share of such answers that must be labels."""


def is_label(answer: str) -> bool:
    """Whether an answer is short enough to be a label: a few words on one line, no full sentence."""
    plain = answer.strip()
    return (
        len(plain.split()) <= MAX_LABEL_WORDS
        and "\n" not in plain
        and (not plain.endswith((".", "!", "?")) or len(plain.split()) == 1)
    )


def are_labels(counts: Counter[str] | Counter[int]) -> bool:
    """Whether these answers or their hashes (with their counts; "" or 0 for all that are not labels) are those of data
    for classification.
    """
    total = counts.total()
    repeated = sum(count for answer, count in counts.items() if answer and count > 1)
    return total >= MIN_QUESTIONS and repeated >= MIN_LABEL_SHARE * total and len(counts) <= max(2, total // 4)


def normalized_label(answer: str) -> str:
    """A label without articles, punctuation and politeness."""
    return " ".join(word for word in words(normalised(answer)) if word not in FILLER_WORDS) or normalised(answer)


TRAITS: Final = ("label", "source", "length", "language", "script", "tools")
"""Names of traits besides the keys of the user's data. The caller classifies lengths, because that takes all of
them.
"""
SAMPLE_CHARS: Final = 600


class ExampleTrait(NamedTuple):
    """A trait of an example: a key, equal for equal values, and its name."""

    key: bytes
    name: str


class StratumInput(NamedTuple):
    """An example as input of a trait."""

    file: str
    roles: Sequence[str]
    texts: Sequence[str]
    example: Example | None
    """None for a plain example, which has only messages with a role and a text each."""


def require_traits(names: Iterable[str]) -> None:
    """Raise `UsageError` for a name that is neither a trait nor a path to a key of the line."""
    for name in names:
        if name not in TRAITS and "/" not in name and "." not in name:
            raise UsageError(
                f"{name!r}: examples have no such trait",
                f"name {', '.join(TRAITS)}, or a key of the lines like /metadata/source",
            )


def trait_of(name: str, row: StratumInput) -> ExampleTrait | None:
    """The trait of an example; None if it has none. For a path, its value."""
    if name == "label":
        last = last_turn_of("assistant", row.roles)
        answer = "" if last is None else row.texts[last]
        label = normalised(answer)
        return _text_trait(label) if label and is_label(answer) else None
    if name == "source":
        return _text_trait(row.file)
    if name == "language":
        return _language(_dialogue_text(row))
    if name == "script":
        script = main_script(_dialogue_text(row))
        return _text_trait(script) if script else None
    if name == "tools":
        return _text_trait("tools") if row.example is not None and _has_tools(row.example) else None
    return None if row.example is None else trait_at(row.example, name)


def trait_at(example: Example, path: str) -> ExampleTrait | None:
    """The value at a path of an example (see `group_value`); None for a missing value, null and empty text.

    Tables turn 17 into 17.0 or "17": these count as one value.
    """
    value = group_value(example.value, path)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return _text_trait(value)
    data = canonical(with_whole_numbers(value))
    return ExampleTrait(data, data.decode("utf-8", "replace"))


def _dialogue_text(row: StratumInput) -> str:
    turns = zip(row.roles, row.texts, strict=True)
    return "\n".join(text for role, text in turns if known_role(role) != "system")[:SAMPLE_CHARS]


def _text_trait(text: str) -> ExampleTrait:
    return ExampleTrait(text.encode("utf-8", "surrogatepass"), text)


def _has_tools(example: Example) -> bool:
    """Whether an example declares or calls tools."""
    return declares_tools(example.value) or any(message.calls for message in example.messages)


def _language(text: str) -> ExampleTrait | None:
    """The language as ISO 639-1 code, by py3langid (Lui and Baldwin 2012); None for a text without letters.

    Raises `MissingExtra` if py3langid is not installed.
    """
    if not letters(text):
        return None
    with requiring("detecting languages", "language", "py3langid"):
        from py3langid import classify  # loading its model takes half a second
    return _text_trait(str(classify(text)[0]))


FORMAT_NAMES: Final = (*BY_NAME, UNKNOWN)
MAX_TRAIT_NAMES: Final = 1000
"""Number of different traits per chunk whose names are kept."""


class Marking(NamedTuple):
    """Which marks are requested besides the format."""

    keys: tuple[str, ...] = ()
    """Keys that the user groups by: `meta.source`, or JSON pointers such as `/meta/source`."""
    traits: tuple[str, ...] = ()
    """Names of traits, or paths to keys."""


@dataclass(slots=True)
class Marks(Rows):
    """Arrays with one element per example."""

    KINDS: ClassVar = {"formats": "u1", "keys": "u8", "traits": "u8", "origin_keys": "u1", "origins": "u8"}
    PARTS: ClassVar = {"origin_keys": "origin_ends", "origins": "origin_ends"}
    SHARED: ClassVar = "names"
    formats: Bytes
    """The line's format, by its position in `FORMAT_NAMES`."""
    keys: Hashes
    """One column per key: hash of the value; 0 if there is none."""
    traits: Hashes
    """One column per trait: hash of the value; 0 if there is none."""
    origin_keys: Bytes
    """The keys that `curate.core.origin_keys.origins_of` gives."""
    origins: Hashes
    """The hash of each one's value."""
    origin_ends: Numbers
    names: dict[int, str] = field(default_factory=dict)
    """The values of the hashes, safe to show; not of all if there are many."""

    def sharing(self, dictionary: dict[Any, Any]) -> Self:
        """Add the names to a shared dictionary."""
        dictionary.update(self.names)
        return self


def marks_of_batch(batch: Batch, marking: Marking) -> Marks:
    """The marks of a batch's examples: plain ones first, then the others."""
    examples = [parsed.example for parsed in batch.irregular_lines if parsed.example is not None]
    names: dict[int, str] = {}
    traits = [trait for trait in marking.traits if trait != "length"]
    keys = [
        [
            _trait_number(trait_at(example, key), names) if example else 0
            for example in _examples_with(batch, examples, key)
        ]
        for key in marking.keys
    ]
    trait_numbers = [
        [_trait_number(trait_of(trait, row), names) for row in _stratum_inputs(batch, examples, trait)]
        for trait in traits
    ]

    plain = FORMAT_NAMES.index("messages")
    formats = np.array(
        [plain] * len(batch.numbers) + [FORMAT_NAMES.index(example.format) for example in examples], dtype=np.uint8
    )

    def columns(hashes: list[list[int]]) -> Hashes:
        return np.array(hashes, dtype=np.uint64).reshape(len(hashes), len(formats)).T

    origins = [list(origins_of(example.value)) for example in examples]
    return Marks(
        formats,
        columns(keys),
        columns(trait_numbers),
        np.array([key for pairs in origins for key, _ in pairs], dtype=np.uint8),
        np.array([origin for pairs in origins for _, origin in pairs], dtype=np.uint64),
        np.cumsum([0, *[0] * len(batch.numbers), *map(len, origins)]),
        names,
    )


def _examples_with(batch: Batch, examples: Iterable[Example], key: str) -> Iterator[Example | None]:
    """The examples, plain ones first; None for each plain one if the key is not inside `messages`, as these have no
    other.
    """
    whole = key.removeprefix("/").startswith("messages")
    for position in range(len(batch.numbers)):
        yield batch.parsed(position).example if whole else None
    yield from examples


def _stratum_inputs(batch: Batch, examples: Iterable[Example], path: str) -> Iterator[StratumInput]:
    """The examples, plain ones first; these as objects too if `path` is a key inside of `messages`."""
    needs_objects = path.removeprefix("/").startswith("messages")
    for position, (roles, texts) in enumerate(zip(batch.roles, batch.texts, strict=True)):
        yield StratumInput(batch.file, roles, texts, batch.parsed(position).example if needs_objects else None)
    for example in examples:
        messages = example.messages
        yield StratumInput(
            batch.file, [message.role or "" for message in messages], [message.text for message in messages], example
        )


def _trait_number(trait: ExampleTrait | None, names: dict[int, str]) -> int:
    """The hash of a trait, 0 for None; its name is added to `names` while there is room."""
    import xxhash

    if trait is None:
        return 0
    hashed = xxhash.xxh3_64_intdigest(trait.key) or 1  # 0 means no value
    if hashed not in names and len(names) < MAX_TRAIT_NAMES:
        names[hashed] = excerpt(trait.name, 40)
    return hashed
