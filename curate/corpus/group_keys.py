"""What a division needs to know of each example besides its questions: the keys to group by, traits and lengths, as
columns.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.disk_arrays import Growing
from curate.core.example import UNKNOWN, Example
from curate.core.lazy import Bytes, Hashes, Numbers, np
from curate.core.text import excerpt
from curate.corpus.strata import StratumInput, Trait, pointed, trait_of
from curate.read.chunks import Batch
from curate.read.formats import BY_NAME

FORMAT_NAMES: Final = (*BY_NAME, UNKNOWN)
NAMES: Final = 1000
"""Number of different traits per piece whose names are kept."""


class Marking(NamedTuple):
    """Which marks are wanted besides those of all examples."""

    keys: tuple[str, ...] = ()
    """Keys that the user groups by: `meta.source`, or JSON pointers such as `/meta/source`."""
    traits: tuple[str, ...] = ()
    """See `curate.corpus.strata`."""


@dataclass(slots=True)
class Marks:
    """Arrays with one element per example."""

    formats: Bytes
    """The line's format, by its position in `FORMAT_NAMES`."""
    characters: Numbers
    """Characters of all texts."""
    keys: Hashes
    """One column per key: hash of the value; 0 if there is none."""
    traits: Hashes
    """One column per trait: hash of the value; 0 if there is none."""
    names: dict[int, str] = field(default_factory=dict)
    """The values of the hashes, safe to show; not of all if there are many."""

    def chosen(self, numbers: Numbers) -> "Marks":
        """The marks of the examples with these numbers, in this order."""
        return Marks(
            self.formats[numbers], self.characters[numbers], self.keys[numbers], self.traits[numbers], self.names
        )


def marks_of_batch(batch: Batch, marking: Marking) -> Marks:
    """The marks of a batch's examples: plain ones first, then the others."""
    examples = [parsed.example for parsed in batch.irregular_lines if parsed.example is not None]
    characters = [sum(map(len, texts)) for texts in batch.texts]
    characters += [sum(len(message.text) for message in example.messages) for example in examples]
    names: dict[int, str] = {}
    traits = [trait for trait in marking.traits if trait != "length"]
    keys = [
        [
            _trait_number(pointed(told.example, key), names) if told.example else 0
            for told in _stratum_inputs(batch, examples, key)
        ]
        for key in marking.keys
    ]
    found = [
        [_trait_number(trait_of(trait, told), names) for told in _stratum_inputs(batch, examples, trait)]
        for trait in traits
    ]

    def columns(hashes: list[list[int]]) -> Hashes:
        return np.array(hashes, dtype=np.uint64).reshape(len(hashes), len(characters)).T

    plain = FORMAT_NAMES.index("messages")
    formats = np.array(
        [plain] * len(batch.numbers) + [FORMAT_NAMES.index(example.format) for example in examples], dtype=np.uint8
    )
    return Marks(formats, np.array(characters, dtype=np.int64), columns(keys), columns(found), names)


class JoiningMarks:
    """Marks that are joined one part after another."""

    def __init__(self, folder: Path | None = None) -> None:
        """Empty at first. With a folder, the marks are in files there."""
        self._columns = {
            "formats": Growing("u1", folder),
            "characters": Growing("i8", folder),
            "keys": Growing("u8", folder),
            "traits": Growing("u8", folder),
        }
        self._widths = {"keys": 0, "traits": 0}
        self._names: dict[int, str] = {}

    def add(self, part: Marks) -> None:
        """Append the marks of a part. Raises `OutputError`."""
        for name, column in self._columns.items():
            column.add(getattr(part, name))
        self._widths = {name: getattr(part, name).shape[1] for name in self._widths}
        self._names.update(part.names)

    def done(self) -> Marks:
        """All of them; nothing can be added afterwards. Raises `OutputError`."""
        columns = {name: column.done() for name, column in self._columns.items()}
        count = len(columns["formats"])
        columns |= {name: columns[name].reshape(count, width) for name, width in self._widths.items()}
        return Marks(**columns, names=self._names)


def _stratum_inputs(batch: Batch, examples: Iterable[Example], wanted: str) -> Iterator[StratumInput]:
    """The examples, plain ones first; these as objects too if a key inside of `messages` is wanted."""
    whole = wanted.removeprefix("/").startswith("messages")
    for position, (roles, texts) in enumerate(zip(batch.roles, batch.texts, strict=True)):
        yield StratumInput(batch.file, roles, texts, batch.parsed(position).example if whole else None)
    for example in examples:
        messages = example.messages
        yield StratumInput(
            batch.file, [message.role or "" for message in messages], [message.text for message in messages], example
        )


def _trait_number(trait: Trait | None, names: dict[int, str]) -> int:
    import xxhash

    if trait is None:
        return 0
    hashed = xxhash.xxh3_64_intdigest(trait.key) or 1  # 0 stands for nothing
    if hashed not in names and len(names) < NAMES:
        names[hashed] = excerpt(trait.name, 40)
    return hashed
