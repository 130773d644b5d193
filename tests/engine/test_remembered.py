"""What is remembered changes nothing but time: whatever was asked before, in whatever order, the answer is the one without a memory."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.config import DedupConfig
from curate.detect import remembered as module
from curate.detect.near import find_duplicates
from curate.detect.remembered import Remembered, ids_of
from curate.detect.shingles import Sets, joined
from curate.example import Example, Place, content_id

CACHE = Path("cache.npz")


def made(values: list[int]) -> Sets:
    """A set for each value: as many hashes as its last digit says."""
    sets = [np.arange(value, value + value % 10, dtype=np.uint32) for value in values]
    return joined([Sets(hashes, np.array([0, len(hashes)], dtype=np.int64)) for hashes in sets])


def ask(values: list[int]) -> tuple[Sets, list[int]]:
    """What a run gets for some contents, and what it had to make."""
    asked: list[int] = []

    def make(numbers: Iterable[int]) -> Sets:
        wanted = [values[number] for number in numbers]
        asked.extend(wanted)
        return made(wanted)

    memory = Remembered(CACHE)
    found = memory.sets(ids_of(content_id(value) for value in values), make)
    memory.save()
    assert (memory.reused + memory.made, memory.made, memory.notes) == (len(values), len(asked), [])
    return found, asked


contents = st.lists(st.integers(0, 60), max_size=30, unique=True)


@given(st.lists(contents, min_size=1, max_size=4))
def test_a_run_gets_what_it_would_have_made_and_makes_only_what_the_run_before_had_not(runs: list[list[int]]) -> None:
    CACHE.unlink(missing_ok=True)
    before: list[int] = []
    for values in runs:
        found, asked = ask(values)
        whole = made(values)
        assert (found.hashes.tolist(), found.offsets.tolist()) == (whole.hashes.tolist(), whole.offsets.tolist())
        assert asked == [value for value in values if value not in before]
        before = values


def example(answer: str, line: int) -> Example:
    return Example(Place("data.jsonl", line), {"messages": [{"role": "user", "content": "So?"}, {"role": "assistant", "content": answer}]}, "messages")


WORDS = ["it", "keeps", "in", "a", "cool", "cellar", "until", "3", "4", "frosts", "come", "not", "never"]
words = st.lists(st.sampled_from(WORDS), min_size=4, max_size=9).map(" ".join)


@given(st.lists(words, min_size=2, max_size=12), st.integers(0, 12))
def test_duplicates_are_the_same_with_a_memory_of_some_of_the_data(answers: list[str], known: int) -> None:
    CACHE.unlink(missing_ok=True)
    config = DedupConfig(threshold=0.5)
    examples = [example(answer, line) for line, answer in enumerate(answers, start=1)]
    memory = Remembered(CACHE)
    find_duplicates(examples[:known], config, memory=memory)
    memory.save()
    assert find_duplicates(examples, config, memory=Remembered(CACHE)) == find_duplicates(examples, config)


def test_a_verdict_is_asked_for_once_and_for_both_orders() -> None:
    left, right = content_id(1), content_id(2)
    memory = Remembered(CACHE)
    memory.sets(ids_of([]), lambda _: made([]))
    assert (memory.same(left, right, lambda: False), memory.same(right, left, lambda: True)) == (False, False)
    memory.save()
    assert Remembered(CACHE).same(right, left, lambda: True) is False


def test_what_is_not_asked_for_any_more_is_forgotten_and_nothing_new_is_not_written() -> None:
    ask([1, 2, 3])
    first = CACHE.stat()
    ask([1, 2, 3])
    assert CACHE.stat().st_mtime_ns == first.st_mtime_ns
    ask([1])
    assert ask([1, 2])[1] == [2]


def test_other_parameters_other_files_and_other_code_are_another_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Remembered.of(Path(), ("conversation", "word", 3), [Path("a"), Path("b")]).path
    assert Remembered.of(Path(), ("conversation", "word", 3), [Path("b"), Path("a")]).path == one
    assert Remembered.of(Path(), ("prompt", "word", 3), [Path("a"), Path("b")]).path != one
    assert Remembered.of(Path(), ("conversation", "word", 3), [Path("a")]).path != one
    monkeypatch.setattr(module, "_code", lambda: "other")
    assert Remembered.of(Path(), ("conversation", "word", 3), [Path("a"), Path("b")]).path != one


def test_the_folder_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 4000)
    for number in range(6):
        memory = Remembered(Path("cache") / f"near-{number}.npz")
        memory.sets(ids_of([content_id(1)]), lambda _: made([9]))
        memory.save()
    left = sorted(Path("cache").iterdir())
    assert left[-1].name == "near-5.npz"
    assert sum(path.stat().st_size for path in left) < 4000 + 2000  # the archive itself takes some
    assert Path("cache/near-0.npz") not in left


def test_what_is_too_big_or_cannot_be_written_is_said_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("no folder")
    memory = Remembered(Path("file/near-1.npz"))
    assert len(memory.sets(ids_of([content_id(1)]), lambda _: made([9]))) == 1
    memory.save()
    monkeypatch.setattr(module, "MOST", 10)
    memory = Remembered(Path("near-1.npz"))
    memory.sets(ids_of([content_id(1)]), lambda _: made([9]))
    memory.save()
    assert not Path("near-1.npz").exists()
    assert "not remembered" in memory.notes[0]
