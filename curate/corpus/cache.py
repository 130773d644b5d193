"""What earlier runs worked out: the columns of a chunk of a file, whether two examples agree in their facts, and how
many findings a line has.

All lies in `.curate/cache/near` by a hash of what it depends on: the bytes of the chunk, the ids of the examples, the
parameters, and the code that made it. A file that grew has its old chunks still. What is damaged is made anew;
everything is safe to delete.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.core.errors import UsageError
from curate.core.example import content_id
from curate.core.files import make_private_folder
from curate.core.lazy import Array, Arrays, Flags, Hashes, Ids, np
from curate.core.npz_cache import KeyedRows, code_id, load, make_room, save
from curate.core.text import visible
from curate.corpus.boilerplate import Passages
from curate.corpus.features import Columns, FeatureSpec, columns_of
from curate.corpus.keys import Keys
from curate.corpus.short_text_keys import ShortTexts
from curate.read.chunks import Chunk, chunk_bytes
from curate.similarity.shingles import Sets
from curate.similarity.similarity_index import Bands, band_keys

DAMAGED_NOTE: Final = "part of the cache is damaged or was written by another user; it is rebuilt"
CACHE_FOLDER: Final = "near"
PACKAGES: Final = ("core", "corpus", "dedup", "language", "lint", "read", "similarity")
"""The packages whose code computes what is cached."""
LINE_TYPES: Final = {"starts": "<i8", "sizes": "<i8", "endings": "<i8", "numbers": "<i8", "nths": "<i8", "holds": "|b1"}
EXAMPLE_TYPES: Final = {
    "ids": "<u8",
    "lengths": "<i8",
    "ranks": "<f8",
    "sets.hashes": "<u4",
    "sets.offsets": "<i8",
    "brief.words": "<u4",
    "brief.ends": "<i8",
}
KEY_TYPES: Final = {"keys.conversation_hash": "<u8", "keys.prefix_hashes": "<u8", "keys.ends": "<i8"}
OTHER_TYPES: Final = {"vocabulary": "|u1", "physical": "<i8", "bands": "<i8", "band_keys": "<u8"}
MAX_CACHED_VERDICTS: Final = 2_000_000
"""Number of rows above which rows that this run did not use are deleted."""


class Task(NamedTuple):
    """A chunk whose columns are wanted, and the folder in which they may be cached."""

    chunk: Chunk
    folder: Path | None = None
    only: bool = False
    """Whether the columns must be in the cache."""
    bands: Bands | None = None
    """How signatures are cut into bands; None if band keys are not wanted."""


def columns_for(task: Task, spec: FeatureSpec) -> Columns:
    """The columns of a chunk, from the cache or computed and cached. Raises `InputError`, and `UsageError` if they must
    be in the cache and are not.
    """
    if task.folder is None:
        return columns_of(task.chunk, spec)
    start, data, size = chunk_bytes(task.chunk)
    digest = sha256(repr((code_id(*PACKAGES), spec, task.chunk.start == 0)).encode())
    digest.update(memoryview(data)[:size])
    path = task.folder / f"piece-{digest.hexdigest()[:32]}.npz"
    damage: list[str] = []
    columns = load(
        path,
        kinds(keyed=spec.keys),
        lambda arrays: columns_from(arrays, start, task.bands),
        lambda: damage.append(DAMAGED_NOTE),
    )
    if columns is None:
        if task.only:
            raise UsageError(
                "not all of these files are in the cache",
                "run `curate dedup` on them with the same options first, without --rethreshold",
            )
        columns = columns_of(
            task.chunk._replace(start=start, data=bytes(memoryview(data)[:size])), spec
        )  # what was read, whatever is there by now
        if task.bands:
            columns.band_keys = band_keys(columns.sets, task.bands, 1)
        saved = save(path, arrays_of(columns, start, task.bands))
        columns.trouble = damage[0] if damage else (f"the cache was not written: {visible(saved)}" if saved else "")
    columns.line_keys = _line_keys(digest.digest(), len(columns.starts))
    return columns


def _line_keys(digest: bytes, count: int) -> Ids:
    """A key for the bytes of each line of a chunk: from the chunk's digest and the line's number."""
    from curate.similarity import kernels

    chunk = np.tile(np.frombuffer(digest[:16], dtype="<u8"), (count, 1))
    lines = np.stack([np.arange(count, dtype=np.uint64), np.zeros(count, dtype=np.uint64)], axis=1)
    keys: Ids = kernels.pair_keys(chunk, lines, np.zeros(count, dtype=np.bool_))
    return keys


def kinds(*, keyed: bool) -> dict[str, str]:
    """The arrays of columns and their types."""
    return LINE_TYPES | EXAMPLE_TYPES | OTHER_TYPES | (KEY_TYPES if keyed else {})


def arrays_of(columns: Columns, start: int, bands: Bands | None = None) -> dict[str, Any]:
    """Columns as arrays, independent of where in its file the chunk starts; with their band keys if known."""
    names = LINE_TYPES | EXAMPLE_TYPES | (KEY_TYPES if columns.keys else {})
    arrays = {name: attrgetter(name)(columns) for name in names}
    vocabulary = "\n".join(columns.brief.vocabulary).encode("utf-8", "surrogatepass")
    keys = np.empty((0, len(columns.ids)), dtype=np.uint64) if columns.band_keys is None else columns.band_keys
    return arrays | {
        "starts": columns.starts - start,
        "vocabulary": np.frombuffer(vocabulary, dtype=np.uint8),
        "physical": np.array([columns.physical]),
        "bands": np.array(bands or (0, 0, 0)),
        "band_keys": keys,
    }


def columns_from(arrays: Arrays, start: int, bands: Bands | None = None) -> Columns:
    """Columns from cached arrays, for a chunk that starts at a byte of its file; with band keys if these are of
    `bands`. Raises `ValueError` if the arrays do not match each other.
    """
    text = arrays["vocabulary"].tobytes().decode("utf-8", "surrogatepass")
    words = text.split("\n") if text else []
    brief = ShortTexts(arrays["brief.words"], arrays["brief.ends"], {word: number for number, word in enumerate(words)})
    keys = Keys(*(arrays[name] for name in KEY_TYPES)) if "keys.ends" in arrays else None
    if not _arrays_match(arrays, brief, keys):
        raise ValueError("arrays that do not fit each other")
    flat: dict[str, Any] = {name: arrays[name] for name in (*LINE_TYPES, "ids", "lengths", "ranks")}
    columns = Columns(
        **flat,
        sets=Sets(arrays["sets.hashes"], arrays["sets.offsets"]),
        brief=brief,
        keys=keys,
        physical=int(arrays["physical"][0]),
        cached=True,
    )
    columns.starts = columns.starts + start
    if bands and arrays["bands"].tolist() == list(bands):
        columns.band_keys = arrays["band_keys"]
    return columns


def _arrays_match(arrays: Arrays, brief: ShortTexts, keys: Keys | None) -> bool:
    """Whether arrays match each other in all respects that could cause wrong results."""
    lines, examples = len(arrays["starts"]), int(arrays["holds"].sum())
    return (
        all(arrays[name].shape == (lines,) for name in LINE_TYPES)
        and arrays["ids"].shape == (examples, 2)
        and arrays["lengths"].shape == arrays["ranks"].shape == (examples,)
        and arrays["physical"].shape == (1,)
        and arrays["bands"].shape == (3,)
        and arrays["band_keys"].shape == (int(arrays["bands"][0]), examples)
        and _are_part_ends(arrays["sets.offsets"], examples, len(arrays["sets.hashes"]))
        and _are_part_ends(brief.ends, examples, len(brief.words))
        and (not len(brief.words) or int(brief.words.max()) < len(brief.vocabulary))
        and (
            keys is None
            or (
                len(keys.conversation_hash) == examples and _are_part_ends(keys.ends, examples, len(keys.prefix_hashes))
            )
        )
    )


def _are_part_ends(ends: Array, count: int, total: int) -> bool:
    """Whether these are the ends of `count` parts of something."""
    return len(ends) == count + 1 and ends[0] == 0 and ends[-1] == total and bool((ends[1:] >= ends[:-1]).all())


class RowCache:
    """Cached answers by key, in one file: those known before, those that were used, and new ones."""

    def __init__(self, path: Path, kind: str, width: tuple[int, ...] = ()) -> None:
        """`kind`: numpy's name of the type of a row; `width`: its shape."""
        self.path, self._kind, self._width = path, kind, width
        self._known: KeyedRows | None = None
        self._asked: list[tuple[Hashes, Array]] = []
        self._new = False

    def find(self, keys: Hashes, damaged: Callable[[], object]) -> tuple[Array, Flags]:
        """The row of each key, and whether it is known."""
        rows, known = self._loaded(damaged).find(keys)
        self._asked.append((keys[known], rows[known]))
        return rows, known

    def add(self, keys: Hashes, rows: Array) -> None:
        """Add new answers."""
        self._asked.append((keys, rows))
        self._new = True

    def save(self, damaged: Callable[[], object]) -> str:
        """Write the file if it changed; returns what went wrong, usually nothing."""
        if not self._new:
            return ""
        known = self._loaded(damaged)
        asked = [*self._asked, (known.keys, known.rows)] if len(known.keys) < MAX_CACHED_VERDICTS else self._asked
        every = KeyedRows.of(*(np.concatenate([pair[at] for pair in asked]) for at in (0, 1)))
        return save(self.path, {"keys": every.keys, "rows": every.rows})

    def _loaded(self, damaged: Callable[[], object]) -> KeyedRows:
        if self._known is None:
            self._known = load(self.path, {"keys": "<u8", "rows": self._kind}, self._read, damaged) or KeyedRows(
                np.empty(0, dtype=np.uint64), np.empty((0, *self._width), dtype=self._kind)
            )
        return self._known

    def _read(self, arrays: Arrays) -> KeyedRows:
        if arrays["rows"].shape[1:] != self._width or arrays["keys"].ndim != 1:
            raise ValueError("arrays of another shape")
        return KeyedRows.of(arrays["keys"], arrays["rows"])


@dataclass(slots=True)
class DedupCache:
    """What earlier runs left in a cache folder, and what this run adds."""

    folder: Path
    verdicts: RowCache
    """For pairs of examples, whether they agree in their facts."""
    spec: FeatureSpec
    only: bool = False
    """Whether all that is needed must be in the cache."""
    bands: Bands | None = None
    """How signatures are cut into bands; None if band keys are not wanted."""
    reused: int = 0
    """Number of examples in chunks that were cached."""
    read: int = 0
    """Number of all examples."""
    notes: list[str] = field(default_factory=list)
    """Problems with the cache; they cost time and change no result."""
    _findings: RowCache | None = None

    @classmethod
    def of(
        cls, cache: Path, spec: FeatureSpec, files: Iterable[Path], *, only: bool = False, bands: Bands | None = None
    ) -> "DedupCache":
        """The cache for some files that are read to make such columns."""
        named = content_id([code_id(*PACKAGES), repr(spec), sorted(str(path.resolve()) for path in files)])
        folder = cache / CACHE_FOLDER
        return cls(folder, RowCache(folder / f"decided-{named}.npz", "|b1"), spec, only, bands)

    def common(self, ids: Ids, learn: Callable[[], Passages]) -> Passages:
        """The shared instructions of examples with these ids: cached, or computed by `learn`."""
        key = sha256(repr((code_id(*PACKAGES), self.spec)).encode() + ids.tobytes()).hexdigest()[:32]
        path = self.folder / f"common-{key}.npz"
        known: Passages | None = load(
            path,
            {"passages": "|u1"},
            lambda arrays: tuple(map(str, json.loads(arrays["passages"].tobytes()))),
            self._damaged,
        )
        if known is None:
            known = learn()
            self._note(save(path, {"passages": np.frombuffer(json.dumps(known).encode(), dtype=np.uint8)}))
        return known

    def turn(self, spec: FeatureSpec) -> None:
        """From now on, cache columns of another specification."""
        self.spec, self.reused, self.read = spec, 0, 0
        path = self.verdicts.path
        self.verdicts = RowCache(path.with_name(f"decided-{content_id([path.name, repr(spec)])}.npz"), "|b1")

    def task(self, chunk: Chunk) -> Task:
        """A chunk, and where its columns may be cached."""
        return Task(chunk, self.folder, self.only, self.bands)

    def count(self, columns: Columns) -> None:
        """Count the examples of a chunk, and note problems with caching it."""
        self.read += len(columns.ids)
        if columns.cached:
            self.reused += len(columns.ids)
        if columns.trouble:
            self.notes.append(columns.trouble)

    def agreements(self, left: Ids, right: Ids, words: Flags) -> tuple[Flags, Flags]:
        """Whether pairs of examples (rows of their ids) agree in their facts, optionally in all `words`; and for which
        pairs that is cached.
        """
        return self.verdicts.find(_pair_keys(left, right, words), self._damaged)

    def agree(self, left: Ids, right: Ids, words: Flags, same: Flags) -> None:
        """Cache whether pairs agree."""
        self.verdicts.add(_pair_keys(left, right, words), same)

    def finding_counts(self, check: str, keys: Ids) -> tuple[Array, Flags]:
        """Numbers of errors, warnings and infos of lines by their keys, and for which lines they are cached. `check`:
        everything besides their bytes that they depend on.
        """
        if self._findings is None:
            name = content_id([code_id(*PACKAGES), check])
            self._findings = RowCache(self.folder / f"findings-{name}.npz", "<u4", (3,))
        return self._findings.find(keys, self._damaged)

    def count_findings(self, keys: Ids, counts: Array) -> None:
        """Cache the finding counts of lines."""
        if self._findings is not None:
            self._findings.add(keys, counts)

    def save(self) -> list[str]:
        """Write what was decided for the next run if it changed, and delete old entries. Returns the notes."""
        for answers in (self.verdicts, self._findings):
            if answers:
                self._note(answers.save(self._damaged))
        with suppress(OSError):
            make_private_folder(self.folder.parent)
        make_room(self.folder)
        return list(dict.fromkeys(self.notes))

    def _damaged(self) -> None:
        self.notes.append(DAMAGED_NOTE)

    def _note(self, trouble: str) -> None:
        if trouble:
            self.notes.append(f"the cache was not written: {visible(trouble)}")


def _pair_keys(left: Ids, right: Ids, words: Flags) -> Hashes:
    """One key per pair of ids, the same for both orders."""
    from curate.similarity import kernels

    keys: Hashes = kernels.pair_keys(left, right, words)
    return keys
