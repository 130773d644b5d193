"""Cached results of earlier runs: the columns of each chunk of a file, whether two examples agree in their facts, and
the finding counts of lines.

They are in `.curate/cache/near`. The key of an entry is a hash of the bytes of the chunk, the ids of the examples, the
parameters and the code. After lines were appended to a file, the entries of its earlier chunks are still used.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from curate.core.errors import UsageError
from curate.core.files import make_private_folder
from curate.core.lazy import Arrays, Flags, Hashes, Ids, np
from curate.core.store import StoredRows, code_id, entry, load, make_room, require_types, save
from curate.core.text import visible
from curate.corpus.boilerplate import Passages
from curate.corpus.features import LINE_TYPES, Columns, FeatureSpec, columns_of, columns_of_batch
from curate.corpus.keys import Keys
from curate.corpus.short_text_keys import ShortTexts
from curate.read.chunks import Batch, Chunk, chunk_bytes
from curate.similarity.shingles import Sets
from curate.similarity.similarity_index import Bands, band_keys

DAMAGED_NOTE: Final = "part of the cache is damaged or was written by another user; it is rebuilt"
CACHE_FOLDER: Final = "near"
PACKAGES: Final = ("core", "corpus", "dedup", "language", "lint", "read", "similarity")
"""The packages whose code computes what is cached."""
TYPES: Final = {
    **LINE_TYPES, "ids": "u8", "lengths": "i8", "ranks": "f8", "sets.hashes": "u4", "sets.offsets": "i8",
    "short_texts.words": "u4", "short_texts.ends": "i8", "vocabulary": "u1", "physical": "i8", "bands": "i8",
    "band_keys": "u8",
}  # fmt: skip
"""The arrays of columns with numpy's names of their types."""
KEY_TYPES: Final = {"keys.conversation_hash": "u8", "keys.prefix_hashes": "u8", "keys.ends": "i8"}
PART_ENDS: Final = {
    "sets.hashes": "sets.offsets",
    "short_texts.words": "short_texts.ends",
    "keys.prefix_hashes": "keys.ends",
}
"""Arrays with any number of values per example, each with the array of their ends."""


class Task(NamedTuple):
    """A chunk whose columns are requested, and the folder in which they may be cached."""

    chunk: Chunk
    folder: Path | None = None
    only: bool = False
    """Whether the columns must be in the cache."""
    bands: Bands | None = None
    """How signatures are cut into bands; None if band keys are not requested."""


def columns_for(task: Task, spec: FeatureSpec) -> Columns:
    """The columns of a chunk, from the cache or computed and cached. Raises `InputError`, and `UsageError` if they must
    be in the cache and are not.
    """
    if task.folder is None:
        return _computed(task.chunk, spec, task.bands)
    start, data, size = chunk_bytes(task.chunk)
    digest = sha256(memoryview(data)[:size]).hexdigest()
    cached_spec = spec._replace(judging=None)
    path = entry(task.folder, "piece", ".npz", code_id(*PACKAGES), repr(cached_spec), task.chunk.start == 0, digest)
    chunk = task.chunk._replace(start=start, data=bytes(memoryview(data)[:size]))
    # the bytes of the digest, although the file may have changed since
    damage: list[str] = []
    columns = load(path, lambda arrays: columns_from(arrays, start, task.bands), lambda: damage.append(DAMAGED_NOTE))
    if columns is None:
        if task.only:
            raise UsageError(
                "not all of these files are in the cache",
                "run `curate dedup` on them with the same options first, without --rethreshold",
            )
        columns = _computed(chunk, spec, task.bands)
        saved = save(path, arrays_of(columns, start, task.bands))
        columns.trouble = damage[0] if damage else (f"the cache was not written: {visible(saved)}" if saved else "")
    elif spec.judging:
        columns.judged, _ = spec.judging.judge(chunk)
    columns.line_keys = _line_keys(path.stem[-32:], len(columns.starts))
    return columns


def _computed(chunk: Chunk, spec: FeatureSpec, bands: Bands | None) -> Columns:
    """The columns of a chunk, with band keys if these are requested. Raises `InputError`."""
    columns = columns_of(chunk, spec)
    if bands:
        columns.band_keys = band_keys(bands, columns.sets)
    return columns


def load_kernels(spec: FeatureSpec, bands: Bands | None) -> None:
    """Import and load the compiled code that `columns_for` needs."""
    columns = columns_of_batch(Batch("", []), spec)
    if bands:
        band_keys(bands, columns.sets)


def _line_keys(digest: str, count: int) -> Ids:
    """A key for the bytes of each line of a chunk: from the chunk's digest and the line's number."""
    chunk = np.tile(np.frombuffer(bytes.fromhex(digest), dtype="<u8"), (count, 1))
    lines = np.stack([np.arange(count, dtype=np.uint64), np.zeros(count, dtype=np.uint64)], axis=1)
    return pair_keys(chunk, lines, np.zeros(count, dtype=np.bool_))


def pair_keys(left: Ids, right: Ids, words: Flags) -> Hashes:
    """One key per pair of ids, the same for both orders; another one for the agreement in all `words`."""
    from curate.similarity import kernels

    keys: Hashes = kernels.pair_keys(left, right, words)
    return keys


def arrays_of(columns: Columns, start: int, bands: Bands | None = None) -> dict[str, Any]:
    """Columns as arrays, independent of where in its file the chunk starts; with their band keys if known."""
    vocabulary = "\n".join(columns.short_texts.vocabulary).encode("utf-8", "surrogatepass")
    keys = np.empty((0, len(columns.ids)), dtype=np.uint64) if columns.band_keys is None else columns.band_keys
    more_arrays = {
        "starts": columns.starts - start,
        "vocabulary": np.frombuffer(vocabulary, dtype=np.uint8),
        "physical": np.array([columns.physical]),
        "bands": np.array(bands or (0, 0, 0)),
        "band_keys": keys,
    }
    names = (TYPES | (KEY_TYPES if columns.keys else {})).keys() - more_arrays.keys()
    return more_arrays | {name: attrgetter(name)(columns) for name in names}


def columns_from(arrays: Arrays, start: int, bands: Bands | None = None) -> Columns:
    """Columns from cached arrays, for a chunk that starts at a byte of its file; with band keys if these are of
    `bands`. Raises `LookupError` or `ValueError` if the arrays are not such, or do not match each other.
    """
    _require_matching(arrays)
    text = arrays["vocabulary"].tobytes().decode("utf-8", "surrogatepass")
    vocabulary = {word: number for number, word in enumerate(text.split("\n") if text else [])}
    if (arrays["short_texts.words"] >= len(vocabulary)).any():
        raise ValueError("words that are not in the vocabulary")
    lines: dict[str, Any] = {name: arrays[name] for name in LINE_TYPES}
    return Columns(
        **lines | {"starts": arrays["starts"] + start},
        ids=arrays["ids"],
        lengths=arrays["lengths"],
        ranks=arrays["ranks"],
        sets=Sets(arrays["sets.hashes"], arrays["sets.offsets"]),
        short_texts=ShortTexts(arrays["short_texts.words"], arrays["short_texts.ends"], vocabulary),
        keys=Keys(*(arrays[name] for name in KEY_TYPES)) if "keys.ends" in arrays else None,
        band_keys=arrays["band_keys"] if bands and arrays["bands"].tolist() == list(bands) else None,
        physical=int(arrays["physical"][0]),
    )


def _require_matching(arrays: Arrays) -> None:
    """Raise `LookupError` or `ValueError` unless arrays match each other in all respects that could cause wrong
    results.
    """
    require_types(arrays, TYPES | (KEY_TYPES if "keys.ends" in arrays else {}))
    lines, examples = len(arrays["starts"]), int(arrays["holds"].sum())
    shapes: dict[str, tuple[int, ...]] = {
        **dict.fromkeys(LINE_TYPES, (lines,)),
        **dict.fromkeys(("lengths", "ranks", "keys.conversation_hash"), (examples,)),
        **dict.fromkeys(PART_ENDS.values(), (examples + 1,)),
        **{part: (int(arrays[ends][-1]),) for part, ends in PART_ENDS.items() if ends in arrays},
        "ids": (examples, 2), "physical": (1,), "bands": (3,), "band_keys": (int(arrays["bands"][0]), examples),
    }  # fmt: skip
    if any(arrays[name].shape != shape for name, shape in shapes.items() if name in arrays):
        raise ValueError("arrays that do not match each other")
    for ends in (arrays[name] for name in PART_ENDS.values() if name in arrays):
        if ends[0] or (ends[1:] < ends[:-1]).any():
            raise ValueError("ends that do not ascend")


@dataclass(slots=True)
class DedupCache:
    """The entries of a cache folder: those of earlier runs, and those that this run adds."""

    folder: Path
    files: list[str]
    only: bool = False
    """Whether all that is needed must be in the cache."""
    spec: FeatureSpec = field(init=False)
    verdicts: StoredRows = field(init=False)
    """Whether pairs of examples agree in their facts, by `pair_keys`."""
    notes: list[str] = field(default_factory=list)
    """Problems with the cache; they cost time and change no result."""
    _findings: StoredRows | None = None

    @classmethod
    def of(cls, cache: Path, spec: FeatureSpec, files: Iterable[Path], *, only: bool = False) -> "DedupCache":
        """The cache for some files that are read to make such columns."""
        memory = cls(cache / CACHE_FOLDER, sorted(str(path.resolve()) for path in files), only)
        memory.turn(spec)
        return memory

    def turn(self, spec: FeatureSpec) -> None:
        """Change the specification: from now on, cache columns of `spec`, and verdicts on them."""
        self.spec = spec
        self.verdicts = StoredRows(self._entry("decided", repr(spec), self.files), "?", damaged=self._damaged)

    def common(self, ids: Ids, learn: Callable[[], Passages]) -> Passages:
        """The shared instructions of examples with these ids: cached, or computed by `learn`."""
        path = self._entry("common", repr(self.spec), sha256(ids.tobytes()).hexdigest(), suffix=".json")
        instructions: Passages | None = load(path, lambda passages: tuple(map(str, passages)), self._damaged)
        if instructions is None:
            instructions = learn()
            self._note(save(path, instructions))
        return instructions

    def findings(self, check: str) -> StoredRows:
        """The numbers of errors, warnings and infos of lines by their keys. `check`: everything besides the bytes of a
        line that they depend on.
        """
        self._findings = self._findings or StoredRows(self._entry("findings", check), "u4", (3,), self._damaged)
        return self._findings

    def save(self) -> list[str]:
        """Write verdicts and findings if they changed, and delete old entries. Returns the notes."""
        for rows in filter(None, (self.verdicts, self._findings)):
            self._note(rows.save())
        with suppress(OSError):
            make_private_folder(self.folder.parent)
        make_room(self.folder)
        return list(dict.fromkeys(self.notes))

    def _entry(self, kind: str, *parts: Any, suffix: Literal[".npz", ".json"] = ".npz") -> Path:
        return entry(self.folder, kind, suffix, code_id(*PACKAGES), *parts)

    def _damaged(self) -> None:
        self.notes.append(DAMAGED_NOTE)

    def _note(self, trouble: str) -> None:
        if trouble:
            self.notes.append(f"the cache was not written: {visible(trouble)}")
