"""The format, group keys and traits of each example, which a division uses besides the questions, as columns."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, NamedTuple, Self

from curate.core.disk_arrays import Rows
from curate.core.example import UNKNOWN, Example
from curate.core.lazy import Bytes, Hashes, np
from curate.core.text import excerpt
from curate.corpus.strata import StratumInput, Trait, trait_at, trait_of
from curate.read.chunks import Batch
from curate.read.formats import BY_NAME

FORMAT_NAMES: Final = (*BY_NAME, UNKNOWN)
MAX_TRAIT_NAMES: Final = 1000
"""Number of different traits per chunk whose names are kept."""


class Marking(NamedTuple):
    """Which marks are requested besides the format."""

    keys: tuple[str, ...] = ()
    """Keys that the user groups by: `meta.source`, or JSON pointers such as `/meta/source`."""
    traits: tuple[str, ...] = ()
    """See `curate.corpus.strata`."""


@dataclass(slots=True)
class Marks(Rows):
    """Arrays with one element per example."""

    KINDS: ClassVar = {"formats": "u1", "keys": "u8", "traits": "u8"}
    SHARED: ClassVar = "names"
    formats: Bytes
    """The line's format, by its position in `FORMAT_NAMES`."""
    keys: Hashes
    """One column per key: hash of the value; 0 if there is none."""
    traits: Hashes
    """One column per trait: hash of the value; 0 if there is none."""
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

    return Marks(formats, columns(keys), columns(trait_numbers), names)


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


def _trait_number(trait: Trait | None, names: dict[int, str]) -> int:
    import xxhash

    if trait is None:
        return 0
    hashed = xxhash.xxh3_64_intdigest(trait.key) or 1  # 0 means no value
    if hashed not in names and len(names) < MAX_TRAIT_NAMES:
        names[hashed] = excerpt(trait.name, 40)
    return hashed
