"""What earlier runs worked out, by content: shingle sets, and whether two examples agree in their facts. What was seen before is not done again.

One file in `.curate/cache` for each way of comparing and each choice of files; safe to delete. It holds what the last run used, is
replaced as a whole, and is made anew where it is damaged or was written by other code.
"""

import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from curate import text
from curate.detect.shingles import Sets, joined
from curate.errors import OutputError, UsageError
from curate.example import content_id
from curate.files import replacing
from curate.text import plural, visible

if TYPE_CHECKING:
    import numpy as np

    Ids = np.ndarray[Any, np.dtype[np.uint64]]
    Numbers = np.ndarray[Any, np.dtype[np.int64]]

MOST: Final = 1 << 30
"""Bytes of all such files together; the ones that were written longest ago go."""
FEW: Final = 50
"""Examples in a group up to which what is remembered of its pairs is handed on."""
CHUNK: Final = 1 << 14
"""Sets that are put in order at a time."""
Make = Callable[["Numbers"], Sets]


def ids_of(ids: Iterable[str]) -> "Ids":
    """Ids of examples (32 hexadecimal digits) as rows of two 64-bit numbers."""
    import numpy as np

    return np.frombuffer(bytes.fromhex("".join(ids)), dtype=">u8").astype(np.uint64).reshape(-1, 2)


@cache
def _code() -> str:
    """A hash of the code that what is remembered was made by."""
    sources = [*sorted(Path(__file__).parent.glob("*.py")), Path(text.__file__)]
    return blake2b(b"".join(path.read_bytes() for path in sources), digest_size=16).hexdigest()


@dataclass(slots=True)
class Verdicts:
    """Whether pairs of examples agree in their facts, by both ids, the smaller one first."""

    known: dict[bytes, bool]
    used: dict[bytes, bool] = field(default_factory=dict)
    """Those that were asked for."""

    def same(self, left: str, right: str, judge: Callable[[], bool]) -> bool:
        """As known, else as `judge` says."""
        pair = _pair(left, right)
        verdict = self.used.get(pair, self.known.get(pair))
        if verdict is None:
            verdict = judge()
        self.used[pair] = verdict
        return verdict


def _pair(left: str, right: str) -> bytes:
    return bytes.fromhex(left + right if left < right else right + left)


@dataclass(slots=True)
class Remembered:
    """What an earlier run left, and what this one leaves for the next."""

    path: Path
    only: bool = False
    """Whether nothing may be made."""
    reused: int = 0
    """Sets that were there."""
    made: int = 0
    """Sets that had to be made."""
    notes: list[str] = field(default_factory=list)
    """What went wrong; it costs time, nothing else."""
    _ids: Any = None
    _sets: Any = None
    _facts: "Verdicts" = field(default_factory=lambda: Verdicts({}))
    _loaded: int | None = None

    @classmethod
    def of(cls, cache: Path, parameters: Sequence[object], files: Iterable[Path], *, only: bool = False) -> "Remembered":
        """The memory for some files, of a comparison with `parameters` (plain values)."""
        named = content_id([_code(), [str(parameter) for parameter in parameters], sorted(str(path.resolve()) for path in files)])
        return cls(cache / f"near-{named[:16]}.npz", only)

    def sets(self, ids: "Ids", make: Make) -> Sets:
        """The sets of the examples with these ids (n rows, as `ids_of` gives them, no two equal), in their order.

        `make` gets the numbers of those that are not known, in ascending order, and returns their sets. Raises `UsageError` where there are
        such, and with `only` there must not be.
        """
        import numpy as np

        self._load()
        known: Sets = self._sets
        rows = _rows(self._ids, ids)
        missing = np.flatnonzero(rows < 0)
        self.reused, self.made = len(ids) - len(missing), len(missing)
        if self.only and self.made:
            said = f"{plural(self.made, 'example')} of these files {'is' if self.made == 1 else 'are'} not remembered"
            raise UsageError(said, "run `curate dedup` on the same files with the same options first, without --rethreshold")
        if not self.reused:
            found = make(missing)
        else:
            rows[missing] = len(known) + np.arange(len(missing))
            found = _ordered(joined([known, make(missing)]) if len(missing) else known, rows)
        self._ids, self._sets = ids, found
        return found

    def same(self, left: str, right: str, judge: Callable[[], bool]) -> bool:
        """Whether the examples with these two ids agree in their facts: as remembered, else as `judge` says."""
        return self._verdicts().same(left, right, judge)

    def among(self, groups: Iterable[Sequence[str]]) -> dict[bytes, bool]:
        """What is remembered of pairs in a group of ids; for those who decide in another process."""
        known = self._verdicts().known
        if not known:
            return {}
        pairs = (_pair(left, right) for group in groups if len(group) <= FEW for left, right in combinations(group, 2))
        return {pair: known[pair] for pair in pairs if pair in known}

    def take(self, verdicts: Mapping[bytes, bool]) -> None:
        """Remember what was used elsewhere."""
        self._verdicts().used.update(verdicts)

    def _verdicts(self) -> "Verdicts":
        self._load()
        return self._facts

    def save(self) -> None:
        """Leave what this run used for the next one, where that is anything new."""
        import numpy as np

        if self._sets is None or (not self.made and self.reused == self._loaded and self._facts.used == self._facts.known):
            return
        pairs = np.frombuffer(b"".join(self._facts.used), dtype=np.uint8).reshape(-1, 32)
        arrays = {"ids": self._ids, "hashes": self._sets.hashes, "offsets": self._sets.offsets}
        arrays |= {"pairs": pairs, "same": np.array(list(self._facts.used.values()), dtype=np.bool_)}
        size = sum(array.nbytes for array in arrays.values())
        if size > MOST:
            self.notes.append(f"what was compared is not remembered: {size >> 20:,} MB are more than the {MOST >> 20:,} MB for that")
            return
        try:
            _make_room(self.path, size)
            with replacing(self.path) as file:
                np.savez(file, **arrays)
        except (OutputError, OSError) as error:
            self.notes.append(f"what was compared is not remembered: {visible(str(error))}")

    def _load(self) -> None:
        """Read the file, once."""
        import numpy as np

        if self._loaded is not None:
            return
        self._ids, self._sets = np.empty((0, 2), dtype=np.uint64), joined([])
        if self.path.exists():
            try:
                self._read()
            except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile):
                self.notes.append(f"{visible(str(self.path))} is damaged and is made anew")
        self._loaded = len(self._ids)

    def _read(self) -> None:
        """Take the file in. Raises `ValueError` and others where it is not as it was written."""
        import numpy as np

        with self.path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            ids, pairs, same, found = saved["ids"], saved["pairs"], saved["same"], Sets(saved["hashes"], saved["offsets"])
        kinds = [array.dtype.str for array in (ids, found.hashes, found.offsets, pairs, same)] == ["<u8", "<u4", "<i8", "|u1", "|b1"]
        sized = ids.shape == (len(found), 2) and pairs.shape == (len(same), 32) and found.offsets[0] == 0 and found.offsets[-1] == len(found.hashes)
        if not (kinds and sized and (np.diff(found.offsets) >= 0).all()):
            raise ValueError
        keys = pairs.tobytes()
        self._ids, self._sets = ids, found
        self._facts.known = {keys[32 * at : 32 * at + 32]: verdict for at, verdict in enumerate(same.tolist())}


def _rows(known: "Ids", ids: "Ids") -> "Numbers":
    """Of each id its row in `known`, or -1."""
    import numpy as np

    if not len(known):
        return np.full(len(ids), -1, dtype=np.int64)
    if len(ids) >= len(known) and (ids[: len(known)] == known).all():  # the same data, or some more behind it
        return np.where(np.arange(len(ids)) < len(known), np.arange(len(ids)), -1)
    order = np.argsort(known[:, 0], kind="stable")
    at = np.minimum(np.searchsorted(known[order, 0], ids[:, 0]), len(known) - 1)
    rows = order[at]
    return np.where((known[rows] == ids).all(axis=1), rows, -1)  # of two with equal halves, which will not happen, the second is made again


def _ordered(sets: Sets, rows: "Numbers") -> Sets:
    import numpy as np

    if len(rows) == len(sets) and (rows == np.arange(len(rows))).all():
        return sets
    return joined([sets.chosen(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)])


def _make_room(path: Path, size: int) -> None:
    """Delete what was not written for longest, until `size` bytes more are allowed."""
    others = [other for other in path.parent.glob("near-*.npz") if other != path] if path.parent.is_dir() else []
    for other in sorted(others, key=lambda other: other.stat().st_mtime, reverse=True):
        size += other.stat().st_size
        if size > MOST:
            other.unlink(missing_ok=True)
