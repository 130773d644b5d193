"""What earlier runs worked out: the columns of a piece of a file, and whether two examples agree in their facts.

All lies in `.curate/cache/near` by a hash of what it depends on: the bytes of the piece, the ids of the examples, the
parameters, and the code that made it. A file that grew has its old pieces still. What is damaged is made anew;
everything is safe to delete.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curate.core import example, npz_cache, text
from curate.core.errors import UsageError
from curate.core.example import content_id
from curate.core.files import make_private_folder
from curate.core.text import visible
from curate.corpus.boilerplate import Passages
from curate.corpus.cache_codec import AGREED, arrays_of, columns_from, kinds
from curate.corpus.features import Columns, FeatureSpec, columns_of
from curate.read.chunks import Chunk, chunk_bytes

if TYPE_CHECKING:
    import numpy as np

    Ids = np.ndarray[Any, np.dtype[np.uint64]]
    Hashes = np.ndarray[Any, np.dtype[np.uint64]]
    Flags = np.ndarray[Any, np.dtype[np.bool_]]

DAMAGED: Final = "some of the cache was damaged and is made anew"
FOLDER: Final = "near"
"""In the folder of caches."""
COMMON: Final = {"passages": "|u1"}
VERDICTS: Final = 2_000_000
"""Verdicts above which those that were not asked for are forgotten."""


@cache
def _code() -> bytes:
    """A hash of the code that made what is cached: another version of it reads nothing of this one's."""
    engine = Path(__file__).parent.parent
    packages = (engine / name for name in ("corpus", "dedup", "language", "read", "similarity"))
    sources = [
        *(path for package in packages for path in sorted(package.glob("*.py"))),
        Path(text.__file__),
        Path(example.__file__),
    ]
    return blake2b(b"".join(path.read_bytes() for path in sources), digest_size=16).digest()


class Task(NamedTuple):
    """A piece whose columns are wanted, and the folder in which they may be remembered."""

    piece: Chunk
    folder: Path | None = None
    only: bool = False
    """Whether they have to be."""


def columns_for(task: Task, spec: FeatureSpec) -> Columns:
    """The columns of a piece as remembered, or made and left for later runs. Raises `InputError`, `UsageError` where
    they have to be remembered.
    """
    if task.folder is None:
        return columns_of(task.piece, spec)
    start, data, size = chunk_bytes(task.piece)
    digest = sha256(repr((_code(), spec, task.piece.start == 0)).encode())
    digest.update(memoryview(data)[:size])
    path = task.folder / f"piece-{digest.hexdigest()[:32]}.npz"
    damage = ""
    try:
        arrays = npz_cache.load(path, kinds(keyed=spec.keys))
        if arrays is not None:
            found = columns_from(arrays, start)
            found.remembered = True
            return found
    except npz_cache.DAMAGE:
        damage = DAMAGED
    if task.only:
        raise UsageError(
            "not all of these files is remembered",
            "run `curate dedup` on them with the same options first, without --rethreshold",
        )
    columns = columns_of(
        task.piece._replace(start=start, data=bytes(memoryview(data)[:size])), spec
    )  # what was read, whatever is there by now
    saved = npz_cache.save(path, arrays_of(columns, start))
    columns.trouble = damage or (f"what was compared is not remembered: {visible(saved)}" if saved else "")
    return columns


@dataclass(slots=True)
class Agreements:
    """Whether pairs of examples agree in their facts, by hashes of both ids and of what was asked."""

    keys: "Hashes"
    """Ascending."""
    same: "Flags"

    @classmethod
    def of(cls, keys: "Hashes", same: "Flags") -> "Agreements":
        """In any order; of equal keys the first counts. Raises `ValueError` where there are not as many of both."""
        import numpy as np

        if len(keys) != len(same):
            raise ValueError("arrays that do not fit each other")

        every, first = np.unique(keys, return_index=True)
        return cls(every, same[first])

    def known(self, keys: "Hashes") -> "tuple[Flags, Flags]":
        """Of each key whether the two agree, and whether that is known."""
        import numpy as np

        if not len(self.keys):
            return np.zeros(len(keys), dtype=np.bool_), np.zeros(len(keys), dtype=np.bool_)
        at = np.minimum(self.keys.searchsorted(keys), len(self.keys) - 1)
        known = self.keys[at] == keys
        return self.same[at] & known, known


def asked_of(left: "Ids", right: "Ids", words: "Flags") -> "Hashes":
    """Of each pair of ids one key, whichever is left."""
    from curate.similarity import kernels

    keys: Hashes = kernels.pair_keys(left, right, words)
    return keys


@dataclass(slots=True)
class Remembered:
    """What earlier runs left in a folder, and what this one leaves for the next."""

    folder: Path
    path: Path
    """Where what was decided about some files is."""
    spec: FeatureSpec
    only: bool = False
    """Whether nothing may be needed that is not there."""
    reused: int = 0
    """Examples of pieces that were there."""
    read: int = 0
    """Examples in all."""
    notes: list[str] = field(default_factory=list)
    """What went wrong; it costs time, nothing else."""
    _agreements: Agreements | None = None
    _asked: "list[tuple[Hashes, Flags]]" = field(default_factory=list)
    """What was asked for, and what came of it."""
    _new: bool = False
    """Whether any of it was not known before."""

    @classmethod
    def of(cls, cache: Path, spec: FeatureSpec, files: Iterable[Path], *, only: bool = False) -> "Remembered":
        """The memory for some files, read to make such columns."""
        named = content_id([_code().hex(), repr(spec), sorted(str(path.resolve()) for path in files)])
        return cls(cache / FOLDER, cache / FOLDER / f"decided-{named}.npz", spec, only)

    def common(self, ids: "Ids", learn: Callable[[], Passages]) -> Passages:
        """The shared instructions of examples of these ids: as remembered, else as `learn` says."""
        import numpy as np

        path = (
            self.folder / f"common-{sha256(repr((_code(), self.spec)).encode() + ids.tobytes()).hexdigest()[:32]}.npz"
        )
        try:
            known = npz_cache.load(path, COMMON)
            if known is not None:
                return tuple(map(str, json.loads(known["passages"].tobytes())))
        except (*npz_cache.DAMAGE, TypeError):
            self.notes.append(DAMAGED)
        passages = learn()
        if trouble := npz_cache.save(path, {"passages": np.frombuffer(json.dumps(passages).encode(), dtype=np.uint8)}):
            self.notes.append(f"what was compared is not remembered: {visible(trouble)}")
        return passages

    def turn(self, spec: FeatureSpec) -> None:
        """From now on remember what is made in another way."""
        self.spec, self.reused, self.read = spec, 0, 0
        self.path = self.folder / f"decided-{content_id([self.path.name, repr(spec)])}.npz"

    def task(self, piece: Chunk) -> Task:
        """A piece, and where its columns may be."""
        return Task(piece, self.folder, self.only)

    def count(self, columns: Columns) -> None:
        """Take down what came, and what went wrong when it was to be left for later."""
        self.read += len(columns.ids)
        if columns.remembered:
            self.reused += len(columns.ids)
        if columns.trouble:
            self.notes.append(columns.trouble)

    @property
    def made(self) -> int:
        """Examples of pieces that had to be read."""
        return self.read - self.reused

    def agreements(self, left: "Ids", right: "Ids", words: "Flags") -> "tuple[Flags, Flags]":
        """Whether pairs of examples, rows of their ids, agree in their facts, in all `words` perhaps; and of which that
        is remembered.
        """
        same, known = self._known().known(keys := asked_of(left, right, words))
        self._asked.append((keys[known], same[known]))
        return same, known

    def agree(self, left: "Ids", right: "Ids", words: "Flags", same: "Flags") -> None:
        """Remember whether pairs agree."""
        self._asked.append((asked_of(left, right, words), same))
        self._new = True

    def save(self) -> None:
        """Leave what was decided for the next run, where it is other than before; make room."""
        import numpy as np

        if self._new:
            known = self._known()
            asked = [*self._asked, (known.keys, known.same)] if len(known.keys) < VERDICTS else self._asked
            every = Agreements.of(*(np.concatenate([pair[at] for pair in asked]) for at in (0, 1)))
            if said := npz_cache.save(self.path, {"asked": every.keys, "agree": every.same}):
                self.notes.append(f"what was compared is not remembered: {visible(said)}")
        self.notes[:] = dict.fromkeys(self.notes)
        with suppress(OSError):
            make_private_folder(self.folder.parent)
        npz_cache.make_room(self.folder)

    def _known(self) -> Agreements:
        if self._agreements is None:
            import numpy as np

            self._agreements = Agreements(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.bool_))
            try:
                found = npz_cache.load(self.path, AGREED)
                if found is not None:
                    self._agreements = Agreements.of(found["asked"], found["agree"])
            except npz_cache.DAMAGE:
                self.notes.append(DAMAGED)
        return self._agreements
