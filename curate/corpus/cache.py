"""Cached results of earlier runs: the columns of each chunk of a file, whether two examples agree in their facts, and
the finding counts of lines.

They are in `.curate/cache/near`. The key of an entry is a hash of the bytes of the chunk, the ids of the examples, the
parameters and the code. After lines were appended to a file, the entries of its earlier chunks are still used.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_type_hints

from curate.core.lazy import Arrays, Flags, Floats, Hashes, Ids, Numbers, np
from curate.core.text import visible
from curate.core.typed_json import decoder, to_json
from curate.corpus.boilerplate import Passages
from curate.corpus.features import LINE_TYPES, Columns, FeatureSpec, columns_of, columns_of_batch
from curate.read.chunk_cache import CACHE_FOLDER, PACKAGES, Checkpoint, chunk_entry, tidy
from curate.read.chunks import Batch, Chunk, parts_of_chunk
from curate.similarity.similarity_index import Bands, EarlierGroups, SimilarityGroups, band_keys
from curate.storage.disk_arrays import Rows
from curate.storage.store import MAX_DISK_SHARE, MAX_FOLDER_BYTES, StoredRows, code_id, entry, load, require_types, save

DAMAGED_NOTE: Final = "part of the cache is damaged or was written by another user; it is rebuilt"
MAX_NEW_SHARE: Final = 0.2
"""Share of new sets above which all sets are grouped anew."""
TYPES: Final = {**LINE_TYPES, "physical": "i8", "bands": "i8", "band_keys": "u8"}
"""The arrays of columns with numpy's names of their types, without those that examples have."""


class ChunkTask(NamedTuple):
    """A chunk whose columns are requested, and the folder in which they may be cached."""

    chunk: Chunk
    folder: Path | None = None
    bands: Bands | None = None
    """How signatures are cut into bands; None if band keys are not requested."""


def columns_for(task: ChunkTask, spec: FeatureSpec) -> Columns:
    """The columns of a chunk, from the cache or computed and cached. Raises `InputError`."""
    if task.folder is None:
        return _computed(task.chunk, spec, task.bands)
    path, chunk = _chunk_entry(task, task.folder, spec)
    start = chunk.start
    damage: list[str] = []
    columns = load(path, lambda arrays: columns_from(arrays, start, task.bands), lambda: damage.append(DAMAGED_NOTE))
    if columns is None:
        columns = _computed(chunk, spec, task.bands)
        saved = save(path, arrays_of(columns, start, task.bands))
        columns.trouble = damage[0] if damage else (f"the cache was not written: {visible(saved)}" if saved else "")
    else:
        columns.cached = True
        if spec.judging:
            columns.judged = spec.judging.judged(chunk)
    columns.line_keys = _line_keys(path.stem[-32:], len(columns.starts))
    return columns


def columns_in_parts(task: ChunkTask, spec: FeatureSpec, *, cached: bool) -> list[Columns]:
    """The columns of a chunk; if these are not cached, but those of its parts are, which were at the end of the file,
    the columns of each part. `cached`: whether parts may be cached. Raises `InputError`.
    """
    if not cached or task.folder is None or not task.chunk.part_bytes:
        return [columns_for(task, spec)]
    path, chunk = _chunk_entry(task, task.folder, spec)
    if not os.path.isfile(path):  # noqa: PTH113 - as in `is_cached`
        parts = (task._replace(chunk=part) for part in parts_of_chunk(chunk))
        first = next(parts)
        if is_cached(first, spec):
            return [columns_for(part, spec) for part in (first, *parts)]
    return [columns_for(task._replace(chunk=chunk), spec)]


def is_cached(task: ChunkTask, spec: FeatureSpec) -> bool:
    """Whether the columns of a chunk are in its folder. Raises `InputError`."""
    if task.folder is None:
        return False
    return os.path.isfile(_chunk_entry(task, task.folder, spec)[0])  # noqa: PTH113 - in another user's folder, too


def _chunk_entry(task: ChunkTask, folder: Path, spec: FeatureSpec) -> tuple[Path, Chunk]:
    """The entry of a chunk, and the chunk with its bytes. Raises `InputError`."""
    answer_bands = task.bands if spec.links else None  # as columns, all chunks have the same
    settings = repr((spec._replace(judging=None), answer_bands)), task.chunk.name if spec.marking else ""
    return chunk_entry(folder, "piece", ".npz", task.chunk, *settings)


def _computed(chunk: Chunk, spec: FeatureSpec, bands: Bands | None) -> Columns:
    """The columns of a chunk, with band keys if these are requested. Raises `InputError`."""
    return keyed(columns_of(chunk, spec), bands)


def keyed(columns: Columns, bands: Bands | None) -> Columns:
    """The columns, with band keys of the texts and of the answers if these are requested."""
    if bands:
        columns.band_keys = band_keys(bands, columns.sets)
        if columns.links is not None:
            columns.links.answer_bands = np.ascontiguousarray(band_keys(bands, columns.links.answers).T)
    return columns


def columns_checkpoint(cache: Path, spec: FeatureSpec, bands: Bands | None) -> Checkpoint:
    """How the columns of chunks are kept in the folder of a project."""

    def pack(columns: Columns, chunk: Chunk) -> dict[str, Any] | None:
        arrays = arrays_of(columns, chunk.start, bands)
        if spec.judging:
            if (judged := spec.judging.packed(columns.judged)) is None:
                return None
            arrays["judged"] = np.frombuffer(json.dumps(judged).encode(), dtype=np.uint8)
        return arrays

    def unpack(arrays: Arrays, chunk: Chunk) -> Columns:
        columns = columns_from(arrays, chunk.start, bands)
        if spec.judging:
            columns.judged = spec.judging.unpacked(json.loads(arrays["judged"].tobytes()), chunk)
        return columns

    return Checkpoint(cache / CACHE_FOLDER, "columns", ".npz", repr((spec, bands)), pack, unpack)


def load_kernels(spec: FeatureSpec, bands: Bands | None) -> None:
    """Import and load the compiled code that `columns_for` needs."""
    keyed(columns_of_batch(Batch("", []), spec), bands)


def _line_keys(digest: str, count: int) -> Ids:
    """A key for the bytes of each line of a chunk: from the chunk's digest and the line's number."""
    chunk = np.tile(np.frombuffer(bytes.fromhex(digest), dtype="<u8"), (count, 1))
    lines = np.stack([np.arange(count, dtype=np.uint64), np.zeros(count, dtype=np.uint64)], axis=1)
    return pair_keys(chunk, lines, np.zeros(count, dtype=np.bool_))


def pair_keys(left: Ids, right: Ids, words: Flags) -> Hashes:
    """One key per pair of texts, the same in both orders, under which the result of their comparison is cached.

    left, right: the ids of the texts, one row each; words: per pair, whether all words were compared; such a
    comparison has a key of its own.
    """
    from curate.similarity.word_hashes import mixed

    hashes = (mixed(ids[:, 0] ^ mixed(ids[:, 1] + np.uint64(1))) for ids in (left, right))
    return mixed(sum(hashes, words.astype(np.uint64)))


def rows_of_buckets(stored: StoredRows | None, keys: Hashes, compute: Callable[[Numbers], Iterable[Ids]]) -> list[Ids]:
    """Rows of two numbers for each bucket of compared examples: stored ones, or those that `compute` gives for the
    buckets with these numbers, which are stored. `keys`: of each bucket, a key for all that its rows depend on.

    The entry of a key is the number of rows; they have keys that are derived from it.
    """
    results, is_known = [np.empty((0, 2), dtype=np.uint64)] * len(keys), np.zeros(len(keys), dtype=np.bool_)
    if stored is not None:
        counts, is_known = stored.find(keys)
        sizes = counts[:, 0].astype(np.int64)
        rows, present = stored.find(_row_keys(keys, sizes))
        is_known[np.repeat(np.arange(len(keys)), sizes)[~present]] = False
        results = np.split(rows, np.cumsum(sizes)[:-1]) if len(keys) else []
    missing = np.flatnonzero(~is_known)
    for number, computed in zip(missing.tolist(), compute(missing), strict=True):
        results[number] = computed
    if stored is not None and len(missing):
        sizes = np.array([len(results[number]) for number in missing.tolist()], dtype=np.uint64)
        stored.add(keys[missing], np.stack([sizes, np.zeros_like(sizes)], axis=1))
        rows = np.concatenate([results[number] for number in missing.tolist()])
        stored.add(_row_keys(keys[missing], sizes.astype(np.int64)), rows)
    return results


def _row_keys(keys: Hashes, sizes: Numbers) -> Hashes:
    """The key of each row of buckets with these keys and numbers of rows."""
    from curate.similarity.word_hashes import mixed

    ranks = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return mixed(np.repeat(keys, sizes) + ranks.astype(np.uint64) + np.uint64(1))


def bucket_keys(ids: Ids, examples: Sequence[Sequence[int]], kinds: Iterable[int]) -> Hashes:
    """A key for each bucket, given the numbers of its examples in order and what else its rows depend on, a small
    number. `ids`: of all examples.
    """
    return _beginning_keys(ids, examples, kinds)[np.cumsum(list(map(len, examples)), dtype=np.int64) - 1]


def _beginning_keys(ids: Ids, examples: Sequence[Sequence[int]], kinds: Iterable[int]) -> Hashes:
    """For each example of each bucket, the key of a bucket that ends with it; parameters as of `bucket_keys`."""
    from curate.similarity.word_hashes import mixed

    sizes = np.array(list(map(len, examples)), dtype=np.int64)
    numbers = np.fromiter(chain.from_iterable(examples), dtype=np.int64, count=int(sizes.sum()))
    starts = np.cumsum(sizes) - sizes
    ranks = (np.arange(len(numbers)) - np.repeat(starts, sizes)).astype(np.uint64)
    hashes = mixed(ids[numbers, 0] ^ mixed(ids[numbers, 1] + mixed(ranks)))
    sums = np.cumsum(hashes)
    sums -= np.repeat(sums[starts] - hashes[starts], sizes)
    return mixed(sums ^ np.repeat(mixed(np.fromiter(kinds, dtype=np.uint64)), sizes))


def stored_beginnings(
    stored: StoredRows, ids: Ids, examples: Sequence[Sequence[int]], kinds: Iterable[int]
) -> list[tuple[int, Ids]]:
    """For each bucket, how many of its first examples were a bucket of an earlier run, and the rows of that one; 0 and
    no rows if there was none. Parameters as of `bucket_keys`.
    """
    keys = _beginning_keys(ids, examples, kinds)
    counts, is_known = stored.find(keys)
    beginnings, start = [(0, np.empty((0, 2), dtype=np.uint64))] * len(examples), 0
    for number, members in enumerate(examples):
        known = start + np.flatnonzero(is_known[start : start + len(members)])
        if len(known):
            rows, present = stored.find(_row_keys(keys[known[-1:]], counts[known[-1:], 0].astype(np.int64)))
            if present.all():
                beginnings[number] = int(known[-1]) - start + 1, rows
        start += len(members)
    return beginnings


class StoredGroups:
    """The groups of similar sets of the last run in which sets of this kind were grouped. Only new sets are compared
    with all others then.
    """

    def __init__(self, path: Path, damaged: Callable[[], object]) -> None:
        self._path, self._damaged = path, damaged
        self._unchanged = False

    def before(self, keys: Hashes, *, misses: bool) -> EarlierGroups | None:
        """The groups of the last run, with the numbers of these sets, given by their keys. A set is new, too, if one of
        its group is missing now. None if more than `MAX_NEW_SHARE` are new; with `misses`, also if a set is missing:
        its buckets may now be small enough to note the near misses in them.
        """
        stored: _Stored | None = load(self._path, self._decoded, self._damaged)
        if stored is None or not len(stored.keys):
            return None
        positions = np.minimum(stored.keys.searchsorted(keys), len(stored.keys) - 1)
        is_stored = stored.keys[positions] == keys
        numbers = np.full(len(stored.keys), -1)
        numbers[positions[is_stored]] = np.flatnonzero(is_stored)
        is_complete = np.bincount(stored.groups[numbers < 0], minlength=int(stored.groups.max()) + 1) == 0
        self._unchanged = bool(is_stored.all() and (numbers >= 0).all())
        groups = stored.groups[positions]
        labels = np.where(is_stored & is_complete[groups], groups, -1)
        if np.count_nonzero(labels < 0) > MAX_NEW_SHARE * len(keys) or (misses and (numbers < 0).any()):
            return None
        ends = np.sort(numbers[stored.missed], axis=1)
        return EarlierGroups(labels, np.column_stack([ends, stored.misses]) if misses else np.empty((0, 3)))

    def save(self, keys: Hashes, groups: SimilarityGroups) -> str:
        """Write the groups with several sets if they changed. Returns an error message, usually empty."""
        if self._unchanged:
            return ""
        labels = np.arange(len(keys))
        for members in groups.members:
            labels[members] = members[0]
        distinct, firsts, positions = np.unique(keys, return_index=True, return_inverse=True)
        numbers = np.unique(labels[firsts], return_inverse=True)[1].reshape(-1).astype(np.int64)
        missed = positions.reshape(-1).astype(np.int64)[groups.missed]
        misses = np.array(groups.misses, dtype=np.float64)
        return save(self._path, {"keys": distinct, "groups": numbers, "missed": missed, "misses": misses})

    @staticmethod
    def _decoded(arrays: Arrays) -> "_Stored":
        """Raises `ValueError` unless the keys ascend and each has a group, and each near miss is of two of them."""
        require_types(arrays, {"keys": "u8", "groups": "i8", "missed": "i8", "misses": "f8"})
        stored = _Stored(**arrays)
        keys, groups, missed = stored.keys, stored.groups, stored.missed
        if groups.shape != keys.shape or not (keys[1:] > keys[:-1]).all() or (groups < 0).any():
            raise ValueError("arrays that do not match each other")
        if len(keys) and int(groups.max()) >= len(keys):
            raise ValueError("numbers of groups that do not exist")
        if missed.shape != (len(stored.misses), 2) or ((missed < 0) | (missed >= len(keys))).any():
            raise ValueError("near misses of sets that do not exist")
        return stored


class _Stored(NamedTuple):
    """The content of an entry of groups."""

    keys: Hashes
    """The keys of all sets, ascending."""
    groups: Numbers
    """The number of the group of each."""
    missed: Numbers
    """Near misses: rows of two positions in `keys`."""
    misses: Floats
    """Their similarities."""


def text_keys(ids: Ids, nths: Numbers) -> Hashes:
    """A key for each of some texts, from the id of its example and its number in it."""
    from curate.similarity.word_hashes import mixed

    return mixed(ids[:, 0] ^ mixed(ids[:, 1] + mixed(nths.astype(np.uint64))))


def arrays_of(columns: Columns, start: int, bands: Bands | None = None) -> dict[str, Any]:
    """Columns as arrays, independent of where in its file the chunk starts; with their band keys if known."""
    keys = np.empty((0, len(columns.ids)), dtype=np.uint64) if columns.band_keys is None else columns.band_keys
    return {
        **{name: getattr(columns, name) for name in LINE_TYPES},
        **_arrays_of_rows(columns),
        "starts": columns.starts - start,
        "physical": np.array([columns.physical]),
        "bands": np.array(bands or (0, 0, 0)),
        "band_keys": keys,
    }


def _arrays_of_rows(rows: Rows, prefix: str = "") -> dict[str, Any]:
    """The columns of rows as arrays; a dictionary that they share as the bytes of JSON."""
    arrays: dict[str, Any] = {}
    for name in (*rows.KINDS, *{*rows.PARTS.values()}):
        column = getattr(rows, name)
        if isinstance(column, Rows):
            arrays |= _arrays_of_rows(column, f"{prefix}{name}.")
        elif column is not None:
            arrays[prefix + name] = column
    if rows.SHARED:
        shared = json.dumps(to_json(getattr(rows, rows.SHARED))).encode()
        arrays[prefix + rows.SHARED] = np.frombuffer(shared, dtype=np.uint8)
    return arrays


def columns_from(arrays: Arrays, start: int, bands: Bands | None = None) -> Columns:
    """Columns from cached arrays, for a chunk that starts at a byte of its file; with band keys if these are of
    `bands`. Raises `LookupError` or `ValueError` if the arrays are not such, or do not match each other.
    """
    require_types(arrays, TYPES)
    examples = int(arrays["holds"].sum())
    shapes = {
        **dict.fromkeys(LINE_TYPES, arrays["starts"].shape),
        "ids": (examples, 2), "physical": (1,), "bands": (3,), "band_keys": (int(arrays["bands"][0]), examples),
    }  # fmt: skip
    if any(arrays[name].shape != shape for name, shape in shapes.items()):
        raise ValueError("arrays that do not match each other")
    lines: dict[str, Any] = {name: arrays[name] for name in LINE_TYPES}
    columns: dict[str, Any] = _columns_of_rows(Columns, arrays, examples)
    if (columns["short_texts"].words >= len(columns["short_texts"].vocabulary)).any():
        raise ValueError("words that are not in the vocabulary")
    return Columns(
        **lines | {"starts": arrays["starts"] + start},
        **columns,
        # a copy, since an array in the memory of the entry would keep all of it
        band_keys=arrays["band_keys"].copy() if bands and arrays["bands"].tolist() == list(bands) else None,
        physical=int(arrays["physical"][0]),
    )


def _columns_of_rows(kind: type[Rows], arrays: Arrays, count: int, prefix: str = "") -> dict[str, Any]:
    """The columns of `count` rows of a type; none of a type of which there are no arrays. Raises as `columns_from`
    does.
    """
    columns: dict[str, Any] = {}
    for name in {*kind.PARTS.values()}:
        require_types(arrays, {prefix + name: "i8"})
        ends = columns[name] = arrays[prefix + name]
        if ends.shape != (count + 1,) or ends[0] or (ends[1:] < ends[:-1]).any():
            raise ValueError("ends that do not ascend")
    for name, type_ in kind.KINDS.items():
        size = int(columns[kind.PARTS[name]][-1]) if name in kind.PARTS else count
        if isinstance(type_, str):
            require_types(arrays, {prefix + name: type_})
            column = columns[name] = arrays[prefix + name]
            if len(column) != size:
                raise ValueError("arrays that do not match each other")
        elif any(other.startswith(f"{prefix}{name}.") for other in arrays):
            columns[name] = type_(**_columns_of_rows(type_, arrays, size, f"{prefix}{name}."))
    if kind.SHARED:
        shared = json.loads(arrays[prefix + kind.SHARED].tobytes())
        columns[kind.SHARED] = decoder(get_type_hints(kind)[kind.SHARED])(shared)
    return columns


@dataclass(slots=True)
class DedupCache:
    """The entries of a cache folder: those of earlier runs, and those that this run adds."""

    folder: Path
    spec: FeatureSpec = field(init=False)
    verdicts: StoredRows = field(init=False)
    """Whether pairs of examples agree in their facts, by `pair_keys`."""
    notes: list[str] = field(default_factory=list)
    """Problems with the cache; they cost time and change no result."""
    _rows: dict[Path, StoredRows] = field(default_factory=dict)
    _created: float = field(default_factory=time.time)

    @classmethod
    def of(cls, cache: Path, spec: FeatureSpec) -> "DedupCache":
        """The cache in the folder of a project for such columns, whatever files they are of."""
        memory = cls(cache / CACHE_FOLDER)
        memory.turn(spec)
        return memory

    def turn(self, spec: FeatureSpec) -> None:
        """Change the specification: from now on, cache columns of `spec`, and verdicts on them."""
        self.spec = spec
        self.verdicts = StoredRows(self._entry("decided", repr(spec)), "?", damaged=self.note_damaged)

    def common(self, ids: Ids, learn: Callable[[], Passages]) -> Passages:
        """The shared instructions of examples with these ids: cached, or computed by `learn`."""
        path = self._entry("common", repr(self.spec), sha256(ids.tobytes()).hexdigest(), suffix=".json")
        instructions: Passages | None = load(path, lambda passages: tuple(map(str, passages)), self.note_damaged)
        if instructions is None:
            instructions = learn()
            self.note_unwritten(save(path, instructions))
        return instructions

    def findings(self, check: str) -> StoredRows:
        """The numbers of errors, warnings and infos of lines by their keys. `check`: everything besides the bytes of a
        line that they depend on.
        """
        return self._stored(self._entry("findings", check), "u4", 3)

    def buckets(self, kind: str) -> StoredRows:
        """Rows of buckets for `rows_of_buckets`. `kind`: what is compared, in lower-case letters."""
        return self._stored(self._entry(kind), "u8", 2)

    def groups(self, kind: str, *settings: Any) -> StoredGroups:
        """The groups of similar sets of a kind (lower-case letters). `settings`: what their similarity depends on
        besides the sets.
        """
        made = self.spec._replace(judging=None, marking=None, common=None)
        return StoredGroups(self._entry(kind, repr(made), *settings), self.note_damaged)

    def division(self, hashes: Mapping[str, Mapping[str, str]]) -> Path:
        """The entry for the examples of splits with these hashes, by split and file."""
        return self._entry("divided", {split: dict(files) for split, files in hashes.items()})

    def _stored(self, path: Path, kind: str, width: int) -> StoredRows:
        if path not in self._rows:
            self._rows[path] = StoredRows(path, kind, (width,), self.note_damaged)
        return self._rows[path]

    def save(self) -> list[str]:
        """Write verdicts, findings and rows of buckets if they changed, and delete old entries. Returns the notes."""
        for rows in (self.verdicts, *self._rows.values()):
            self.note_unwritten(rows.save())
        if lost := tidy(self.folder, self._created):
            self.notes.append(
                f"{lost / 1e9:.1f} GB of the cache did not fit and are computed again next time: it takes at most "
                f"{MAX_FOLDER_BYTES >> 30} GB or {MAX_DISK_SHARE:.0%} of the free disk space"
            )
        return list(dict.fromkeys(self.notes))

    def _entry(self, kind: str, *parts: Any, suffix: Literal[".npz", ".json"] = ".npz") -> Path:
        return entry(self.folder, kind, suffix, code_id(*PACKAGES), *parts)

    def note_damaged(self) -> None:
        """Add a note that an entry is not valid."""
        self.notes.append(DAMAGED_NOTE)

    def note_unwritten(self, trouble: str) -> None:
        """Add a note if there is an error message of an entry."""
        if trouble:
            self.notes.append(f"the cache was not written: {visible(trouble)}")
