"""Hashes of conversations and of their prefixes, to find conversations that are the exact beginning of another one.

Tools and the other side of a preference count. `conversation_hash` is that of a conversation that ends with an answer,
`prefix_hashes` are those of its beginnings up to each earlier answer. A conversation is the beginning of another one if
its `conversation_hash` is among the other's `prefix_hashes`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, ClassVar, Final, NamedTuple

import xxhash

from curate.core.disk_arrays import Rows
from curate.core.example import ATTACHMENT_KEYS, Example, canonical, known_role
from curate.core.form_keys import CHOSEN_KEYS, LABEL_KEYS, REJECTED_KEYS, TOOL_KEYS
from curate.core.lazy import Ids, Numbers, np

HASHED_KEYS: Final = (*TOOL_KEYS, *CHOSEN_KEYS, *REJECTED_KEYS, *LABEL_KEYS, *ATTACHMENT_KEYS)
"""Keys besides the turns whose values are hashed too: tools, labels, attachments, and the rejected answer."""


class Key(NamedTuple):
    """The keys of one example; 0 where it has none."""

    conversation_hash: int
    prefix_hashes: tuple[int, ...]


@dataclass(slots=True)
class Keys(Rows):
    """The keys of some examples, in order."""

    KINDS: ClassVar = {"conversation_hash": "u8", "prefix_hashes": "u8"}
    PARTS: ClassVar = {"prefix_hashes": "ends"}
    conversation_hash: Ids
    prefix_hashes: Ids
    ends: Numbers

    @classmethod
    def of(cls, keys: Sequence[Key]) -> "Keys":
        """The columns for these keys."""
        prefix_hashes = np.array([prefix_hash for key in keys for prefix_hash in key.prefix_hashes], dtype=np.uint64)
        return cls(
            np.array([key.conversation_hash for key in keys], dtype=np.uint64),
            prefix_hashes,
            np.cumsum([0, *(len(key.prefix_hashes) for key in keys)], dtype=np.int64),
        )


def key_of(example: Example) -> Key:
    """The keys of an example."""
    carried: dict[str, Any] = {key: example.value[key] for key in HASHED_KEYS if key in example.value}
    return chain_key(
        tuple([known_role(message.role) for message in example.messages]),
        [canonical({**message.value, "role": known_role(message.role)}) for message in example.messages],
        digest(canonical(carried)) if carried else 0,
    )


def plain_ids(turns: Iterable[Sequence[bytes]]) -> bytes:
    """The ids of plain conversations, one after another; each is given by its turns as canonical JSON."""
    return b"".join(
        [blake2b(b'{"messages":[' + b",".join(spelled) + b"]}", digest_size=16).digest() for spelled in turns]
    )


def digest(data: bytes, seed: int = 0) -> int:
    """A key; never 0, which means no key."""
    return xxhash.xxh64_intdigest(data, seed) or 1


def chain_key(roles: tuple[str | None, ...], turns: Sequence[bytes], key: int = 0) -> Key:
    """The key of a conversation (0 if it does not end with an answer), and the keys up to each earlier answer. `key`:
    the hash of its values besides its turns.
    """
    hashes, hashed = [], xxhash.xxh64_intdigest
    for turn in turns:
        key = hashed(turn, key) or 1
        hashes.append(key)
    prefix_hashes = [hashes[index] for index in _answers(roles)]
    return Key(prefix_hashes.pop() if roles[-1:] == ("assistant",) else 0, tuple(prefix_hashes))


@lru_cache(10_000)
def _answers(roles: tuple[str | None, ...]) -> list[int]:
    """The positions of the answers."""
    return [index for index, role in enumerate(roles) if role == "assistant"]
