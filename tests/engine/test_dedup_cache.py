"""What is remembered changes nothing but time: whatever was asked before, in whatever order, the answer is the one
without a memory.
"""

import json
import os
import random
import shutil
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.commands.dedup import DedupResult
from curate.core.config import CheckConfig, DedupConfig
from curate.corpus import cache as module
from curate.corpus import corpus, loading
from curate.corpus.cache import DedupCache, arrays_of, columns_for, columns_from
from curate.corpus.features import Columns, FeatureSpec, columns_of
from curate.dedup import cluster_resolution
from curate.lint.project_check import ProjectRules
from curate.parallel.worker_pool import WorkerPool
from curate.read.chunk_cache import CACHE_FOLDER
from curate.read.chunks import Chunk, chunks_of
from curate.similarity import buckets, similarity_index
from curate.similarity.shingles import Shingling
from curate.similarity.similarity_index import bands_for
from curate.storage import store
from tests.conftest import Write, chat, of_hundred
from tests.strategies import lines
from tests.workspaces import plan

CACHE = Path("cache")
DATA = Path("data.jsonl")
WORDS = ["it", "keeps", "in", "a", "cool", "cellar", "until", "3", "4", "frosts", "come", "not", "never"]
answers = st.lists(st.sampled_from(WORDS), min_size=4, max_size=9).map(" ".join)


def told(planned: DedupResult) -> tuple[Any, ...]:
    return planned.duplicates, planned.apart, list(planned.similarities), dict(planned.lines)


edits = st.lists(
    st.tuples(st.sampled_from(["append", "insert", "remove", "change", "move"]), st.integers(0, 99), answers),
    max_size=6,
)
defects = st.sampled_from(["", " As an AI language model, I cannot help.", " {{name}}", "  "])


@pytest.mark.slow
@settings(max_examples=of_hundred(30))
@given(
    st.lists(st.tuples(answers, defects), min_size=1, max_size=12),
    st.lists(edits, min_size=1, max_size=3),
    st.sampled_from(["best", "first", "longest"]),
    st.sampled_from([0.5, 0.8]),
    st.booleans(),
)
def test_a_file_that_changed_gives_what_it_gives_without_a_cache(
    begin: list[tuple[str, str]], runs: list[list[tuple[str, int, str]]], keep: str, threshold: float, spaced: bool
) -> None:
    shutil.rmtree(CACHE, ignore_errors=True)
    config, rows = DedupConfig(threshold=threshold, keep=keep), ["".join(row) for row in begin]
    separators = (" , ", " : ") if spaced else None
    for some in ([], *runs):
        for act, place, answer in some:
            at = len(rows) if act == "append" else place % (len(rows) + 1)
            moved = rows[at : at + 1] if act == "move" else []
            rows[at : at + (act in ("remove", "change", "move"))] = [answer] if act not in ("remove", "move") else []
            rows += moved
        rows = rows or ["it keeps"]
        DATA.write_text("".join(json.dumps(chat("So?", row), separators=separators) + "\n" for row in rows))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loading, "CHUNK_BYTES", 300)
            patch.setattr(module, "MAX_NEW_SHARE", 1)
            patch.setattr(buckets, "LARGE_BUCKET", 3)
            assert told(plan([DATA], config, cache=CACHE)) == told(plan([DATA], config))


@pytest.mark.parametrize(
    "check",
    [CheckConfig(), CheckConfig(ignore=("Q",)), CheckConfig(per_file_ignores={"data.jsonl": ("Q",)})],
)
def test_findings_are_counted_once_for_each_configuration(check: CheckConfig, write: Write) -> None:
    long = "it keeps in a cool cellar until the frosts come and the days are short and the nights are long"
    write(
        "data.jsonl",
        [("Where?", f"As an AI language model, {long}"), ("Where?", long), ("Where?", f"{long} {{{{name}}}}")],
    )
    plan([DATA], DedupConfig(threshold=0.5), cache=CACHE)
    rules = ProjectRules(check)
    expected = plan([DATA], DedupConfig(threshold=0.5), rules=rules)
    assert expected.duplicates
    for _ in range(2):
        assert told(plan([DATA], DedupConfig(threshold=0.5), rules=rules, cache=CACHE)) == told(expected)


@pytest.mark.slow
@settings(max_examples=of_hundred(30))
@given(
    st.lists(st.lists(answers, min_size=1, max_size=8), min_size=1, max_size=4),
    st.sampled_from(["longest", "last", "most-turns", "newest:date"]),
)
def test_a_run_tells_what_it_would_tell_without_a_memory(growth: list[list[str]], keep: str) -> None:
    config = DedupConfig(threshold=0.5, keep=keep)
    DATA.write_bytes(b"")
    for some in growth:
        with DATA.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps({**chat("So?", answer), "date": len(answer) % 4}) + "\n" for answer in some)
        assert told(plan([DATA], config, cache=CACHE)) == told(plan([DATA], config))


@pytest.mark.slow
def test_a_file_that_grew_is_read_from_where_it_grew_and_its_pairs_are_not_compared_again(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "CHUNK_BYTES", 2000)
    long = "it keeps in a cool cellar until the frosts come and the days are short and the nights are long"
    data = [(f"What is number {n}?", f"{long} {n % 50}") for n in range(100)]
    write("data.jsonl", data)
    spec, bands = FeatureSpec("conversation", Shingling()), bands_for(DedupConfig().threshold)
    read: list[int] = []

    def recorded(chunk: Chunk, spec: FeatureSpec) -> Columns:
        columns = columns_of(chunk, spec)
        read.append(len(columns.ids))
        return columns

    with monkeypatch.context() as patch:
        patch.setattr(module, "columns_of", recorded)
        for size in (100, 101):
            write("data.jsonl", [*data, ("And now?", "It is gone.")][:size])
            with WorkerPool(1, processes=False) as pool:
                memory = DedupCache.of(CACHE, spec)
                loading.read_table([DATA], memory.spec, pool, memory=memory, bands=bands)
            assert sum(read) == 100 if size == 100 else sum(read) < 16
            read.clear()
    for keep in ("longest", "most-turns", "best"):
        planned = plan([DATA], DedupConfig(keep=keep), cache=CACHE)
        with monkeypatch.context() as patch:  # nothing is read again
            patch.setattr(corpus.LineReader, "example", None)
            patch.setattr(cluster_resolution, "lines_agree", None)
            patch.setattr(similarity_index, "band_keys", None)
            patch.setattr("curate.lint.error_filter.Checker", None)
            assert told(plan([DATA], DedupConfig(keep=keep), cache=CACHE)) == told(planned)


def test_few_new_lines_are_read_without_processes(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "CHUNK_BYTES", 300)
    data = [(f"What is number {n}?", f"It is {n}.") for n in range(80)]
    spec = FeatureSpec("conversation", Shingling())
    for size in (40, 80):
        write("data.jsonl", data[:size])
        with WorkerPool(2, processes=size > 40) as pool:
            table = loading.read_table([DATA], spec, pool, memory=DedupCache.of(CACHE, spec))
            assert len(table.lines) == size
            assert not pool.running


def test_lines_that_were_at_the_end_of_a_file_are_not_read_again(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in small chunks first, and in a larger one when the file has grown."""
    monkeypatch.setattr(loading, "CHUNK_BYTES", 4000)
    data = [(f"What is number {n}?", f"It is {n}, and it stays that way.") for n in range(200)]
    spec, read = FeatureSpec("conversation", Shingling()), list[int]()

    def recorded(chunk: Chunk, spec: FeatureSpec) -> Columns:
        columns = columns_of(chunk, spec)
        read.append(len(columns.ids))
        return columns

    monkeypatch.setattr(module, "columns_of", recorded)
    for size in (100, 130, 160, 190):
        write("data.jsonl", data[:size])
        with WorkerPool(1, processes=False) as pool:
            table = loading.read_table([DATA], spec, pool, memory=DedupCache.of(CACHE, spec))
            assert table.ids.tolist() == loading.read_table([DATA], spec, pool).ids.tolist()
    assert sum(read) - 100 - 130 - 160 - 190 < 190 + 3 * 9  # each line once, and the last small chunk again


ids = st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), min_size=1, max_size=8)


@pytest.mark.slow
@pytest.mark.parametrize("keyed", [False, True])
@settings(max_examples=of_hundred(50))
@given(st.lists(lines, max_size=6))
def test_columns_come_back_as_they_were_wherever_their_piece_stands(keyed: bool, values: list[Any]) -> None:
    DATA.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    [piece] = chunks_of(DATA, "data.jsonl") or []
    columns = columns_of(piece, FeatureSpec("conversation", Shingling(), keys=keyed))
    path = CACHE / "piece.npz"
    assert store.save(path, arrays_of(columns, 0)) == ""
    back = store.load(path, lambda arrays: columns_from(arrays, 7))
    assert back is not None
    back.starts = back.starts - 7
    assert plain(back) == plain(columns)


def plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Columns) or hasattr(value, "__dataclass_fields__"):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value


@pytest.mark.slow
@settings(max_examples=of_hundred(35))
@given(st.integers(0, 2**32))
def test_whatever_is_damaged_is_made_anew(seed: int) -> None:
    rng = random.Random(seed)
    DATA.write_text(
        "".join(json.dumps(chat("So?", f"it keeps in a cool cellar until {n} frosts come")) + "\n" for n in range(9)),
        encoding="utf-8",
    )
    config = DedupConfig(threshold=0.5, ignore_facts=True)
    expected = told(plan([DATA], config, cache=CACHE))
    for path in (CACHE / CACHE_FOLDER).iterdir():
        data = bytearray(path.read_bytes())
        for _ in range(rng.randrange(1, 40)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data[: rng.randrange(len(data))] if rng.random() < 0.3 else data)
    assert told(plan([DATA], config, cache=CACHE)) == expected


def test_other_parameters_and_other_code_are_another_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = FeatureSpec("conversation", Shingling())
    one = DedupCache.of(Path(), spec).verdicts.path
    assert DedupCache.of(Path(), spec).verdicts.path == one
    assert DedupCache.of(Path(), spec._replace(on="prompt")).verdicts.path != one
    monkeypatch.setattr(module, "code_id", lambda *_: "other")
    assert DedupCache.of(Path(), spec).verdicts.path != one


def test_the_folder_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_FOLDER_BYTES", 4000)
    monkeypatch.setattr(store, "disk_usage", lambda _: SimpleNamespace(free=0))
    for number in range(6):
        store.save(CACHE / f"piece-{number:032x}.npz", {"numbers": np.arange(100)})
        store.make_room(CACHE)
    left = sorted(path.name for path in CACHE.iterdir())
    assert left[-1] == f"piece-{5:032x}.npz"
    assert sum(path.stat().st_size for path in CACHE.iterdir()) <= 4000
    assert f"piece-{0:032x}.npz" not in left


def test_arrays_are_read_without_the_parser_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails now and then in several threads, and an entry would count as damaged."""
    arrays = {
        "rows": np.arange(6, dtype=np.uint64).reshape(3, 2), "flags": np.zeros(3, dtype=np.bool_),
        "columns": np.asfortranarray(np.ones((2, 3))), "none": np.empty((0, 2), dtype=np.uint32),
    }  # fmt: skip
    path = CACHE / f"piece-{0:032x}.npz"
    assert store.save(path, arrays) == ""
    monkeypatch.setattr("ast.literal_eval", None)
    loaded = store.load(path, dict)
    assert loaded is not None
    for name, array in arrays.items():
        assert (loaded[name].dtype, loaded[name].tolist()) == (array.dtype, array.tolist())


def test_a_cache_beyond_its_limit_is_kept_while_it_is_used_and_the_disk_has_room(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run would delete what the next one needs otherwise, each time."""
    monkeypatch.setattr(store, "MAX_FOLDER_BYTES", 1)
    monkeypatch.setattr(loading, "CHUNK_BYTES", 300)
    write("data.jsonl", [(f"How long does number {number} keep?", f"{number} days.") for number in range(12)])
    expected = plan([DATA], DedupConfig(), cache=CACHE)
    assert expected.notes == []
    folder = CACHE / CACHE_FOLDER
    entries = sorted(folder.glob("*.npz"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("curate.corpus.features.read_chunk", None)
        assert told(plan([DATA], DedupConfig(), cache=CACHE)) == told(expected)
    os.utime(entries[0], (0, 0))
    store.make_room(folder)
    assert sorted(folder.glob("*.npz")) == entries[1:]

    monkeypatch.setattr(store, "disk_usage", lambda _: SimpleNamespace(free=0))
    full = plan([DATA], DedupConfig(), cache=CACHE)
    assert told(full) == told(expected)
    assert len(full.notes) == 1
    assert "computed again next time" in full.notes[0]


def test_what_cannot_be_written_is_said_and_changes_nothing(write: Write) -> None:
    write("data.jsonl", [("Hi", "Hello."), ("Hi", "Hello.")])
    Path("file").write_text("no folder")
    planned = plan([DATA], DedupConfig(), cache=Path("file"))
    assert len(planned.duplicates) == 1
    assert "the cache was not written" in planned.notes[0]
    [piece] = chunks_of(DATA, "data.jsonl") or []
    assert columns_for(module.ChunkTask(piece, Path("file")), FeatureSpec("conversation", Shingling())).trouble
