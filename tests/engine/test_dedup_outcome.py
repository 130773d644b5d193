"""What `curate dedup` writes: all that was read, the same however the files are cut and read, and each line that goes
is like the one it goes for.

Similarities are counted again here in plain Python, from what `curate.similarity.shingles` says that they are.
"""

import json
import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.commands.dedup import DedupResult, write_plan
from curate.core.config import DedupConfig
from curate.corpus import corpus, loading
from curate.dedup import cluster_resolution
from curate.parallel import worker_pool
from tests.conftest import chat, of_hundred
from tests.workspaces import plan

DATA, MORE = Path("data.jsonl"), Path("more.jsonl")
CACHE = Path("cache")
DEDUP = import_module("curate.commands.dedup")  # `curate.dedup` is the function of that name
LONG_QUESTION = (
    f"Which of them stand on the stone of {'Llan' * 80}?"  # more than 300 characters and few words: no short text
)
SHORT_TEXT_CHARS = 300
"""Characters up to which texts may have the same words of meaning."""
WORDS = [
    "alpha",
    "beta",
    "Gamma",
    "delta",
    "epsilon",
    "zeta",
    "ﬁve",
    "猫犬",
    "3",
    "4",
    "not",
    "please",
    "thete",
    "theta",
]
FORMS: list[Callable[[str], dict[str, object]]] = [
    lambda answer: chat(LONG_QUESTION, answer),
    lambda answer: chat("So?", answer),
    lambda answer: chat("And then?", answer),
    lambda answer: chat(LONG_QUESTION, answer, "You are a stone."),
    lambda answer: {"instruction": LONG_QUESTION, "input": "", "output": answer},
    lambda answer: {"prompt": LONG_QUESTION, "chosen": answer, "rejected": "I do not know."},
]
edits = st.sampled_from(["please"] * 5 + WORDS)
ORDER_FREE = ["longest", "most-turns", "newest:date", "highest:score"]


@st.composite
def files(draw: st.DrawFn) -> list[bytes]:
    """Lines of which some are edits or copies of others, and some are none that can be read."""
    said = draw(
        st.lists(
            st.tuples(st.sampled_from(FORMS), st.lists(st.sampled_from(WORDS), min_size=1, max_size=14)),
            min_size=1,
            max_size=4,
        )
    )
    for (form, words), nth, word, instead in draw(
        st.lists(st.tuples(st.sampled_from(said), st.integers(0, 13), edits, st.booleans()), max_size=8)
    ):
        at = nth % len(words)
        said.append((draw(st.sampled_from([form, form, form, *FORMS])), [*words[:at], word, *words[at + instead :]]))
    values = [{**form(" ".join(words)), "date": "2024-05-01", "score": draw(st.integers(0, 1))} for form, words in said]
    copies = [dict(value) for value in draw(st.lists(st.sampled_from(values), max_size=4))]
    lines = [
        json.dumps(value, separators=draw(st.sampled_from([(",", ":"), (", ", ": ")]))).encode()
        for value in [*values, *copies]
    ]
    return [*lines, *draw(st.lists(st.sampled_from([b"{broken", b"[]", b"caf\xe9"]), max_size=2))]


class Gone(NamedTuple):
    """A line that goes, the one that stays in its place, and why."""

    line: bytes
    kept: bytes
    code: str
    similarity: float


class Outcome(NamedTuple):
    """What came of a run."""

    kept: list[bytes]
    gone: list[Gone]
    apart: list[tuple[str, str, float]]
    similarities: list[float]


def written(paths: Sequence[Path]) -> list[bytes]:
    return [line for path in paths for line in path.read_bytes().splitlines() if line.strip()]


def run(lines: list[bytes], config: DedupConfig, cut: int = 0, **options: Any) -> Outcome:
    """Deduplicate lines, the first `cut` of them in a file of their own."""
    parts = [part for part in ((DATA, lines[:cut]), (MORE, lines[cut:])) if part[1]]
    for path, some in parts:
        path.write_bytes(b"\n".join(some) + b"\n" * (len(some) % 2))
    planned = plan([path for path, _ in parts], config, **options)
    kept = Path("kept.jsonl")
    removed = write_plan(planned, kept, overwrite=True)
    assert planned.read == len(lines)
    return Outcome(
        written([kept]), list(gone(planned, dict(parts), removed)), told(planned), list(planned.similarities)
    )


def gone(planned: DedupResult, parts: dict[Path, list[bytes]], removed: Path) -> list[Gone]:
    """What the plan and the file of what went say; the two agree."""
    found = []
    for loss, line in zip(planned.duplicates, written([removed]), strict=True):
        [this, other] = [parts[Path(place.file)][place.line - 1] for place in (loss.place, loss.kept_place)]
        item = json.loads(line)
        assert (item["text"].encode(), item["kept"]["line"], item["code"]) == (this, loss.kept_place.line, loss.code)
        assert item["similarity"] == round(loss.similarity, 6)
        found.append(Gone(this, other, loss.code, loss.similarity))
    return found


def told(planned: DedupResult) -> list[tuple[str, str, float]]:
    return [(loss.example, loss.kept, loss.similarity) for loss in planned.apart]


def by_content(outcome: Outcome) -> tuple[Any, ...]:
    """Without what the order of the lines decides: which of equal copies is the one that stays, and which line stands
    where.
    """
    plain = sorted(map(repr, map(content, outcome.kept)))
    lost = sorted(repr((content(one.line), content(one.kept), one.code, one.similarity)) for one in outcome.gone)
    return plain, lost, outcome.apart, outcome.similarities


def content(line: bytes) -> Any:
    """What is the same in all formats of an example; of anything else the line itself."""
    try:
        value = json.loads(line)
    except ValueError:
        return line
    if "messages" in value:
        turns = [(turn["role"], turn["content"]) for turn in value["messages"]]
    elif "instruction" in value:
        turns = [("user", value["instruction"]), ("assistant", value["output"])]
    else:
        return value
    return turns, value["date"], value["score"]


def text_of(line: bytes) -> str:
    """The turns that are compared."""
    value = json.loads(line)
    if "messages" in value:
        return "\n".join(turn["content"] for turn in value["messages"] if turn["role"] != "system")
    return "\n".join(value[key] for key in ("instruction", "prompt", "output", "chosen", "rejected") if key in value)


def runs(text: str) -> set[tuple[str, ...]]:
    """3 words in a row; characters are words in scripts without spaces; a shorter text is one run."""
    words = re.findall(r"[\u4e00-\u9fff]|\w+", unicodedata.normalize("NFKC", text).casefold())
    return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))} if words else set()


configs = st.builds(
    DedupConfig,
    threshold=st.sampled_from([0.4, 0.6, 0.8]),
    keep=st.sampled_from([*ORDER_FREE, "best", "first", "last"]),
    ignore_facts=st.booleans(),
    same_words=st.booleans(),
)


@settings(max_examples=of_hundred(40))
@given(files(), configs)
def test_all_that_was_read_is_kept_or_removed_and_each_line_that_goes_is_like_one_that_stays(
    lines: list[bytes], config: DedupConfig
) -> None:
    found = run(lines, config)
    assert sorted([*found.kept, *(one.line for one in found.gone)]) == sorted(lines)
    order = iter(lines)
    assert all(line in order for line in found.kept)  # in the order they stood in
    for one in found.gone:
        assert one.kept in found.kept
        left, right = text_of(one.line), text_of(one.kept)
        similarity = len(runs(left) & runs(right)) / len(runs(left) | runs(right))
        if one.code == "D001":
            assert content(one.line) == content(one.kept)
            continue
        assert one.similarity == similarity
        if similarity < config.threshold:  # the same words of meaning
            assert config.same_words
            assert max(len(left), len(right)) <= SHORT_TEXT_CHARS


@pytest.mark.slow
@settings(max_examples=of_hundred(25))
@given(files(), configs, st.integers(150, 2500), st.integers(1, 4), st.data())
def test_the_outcome_does_not_depend_on_pieces_workers_files_or_a_memory(
    lines: list[bytes], config: DedupConfig, size: int, workers: int, data: st.DataObject
) -> None:
    expected = run(lines, config)
    cut = data.draw(
        st.integers(0, sum(b"score" in line for line in lines) - 1)
    )  # a file of what cannot be read is told as one line
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(loading, "CHUNK_BYTES", size)
        patched.setattr(DEDUP, "cores", lambda: workers)
        assert run(lines, config, cut) == expected
        patched.setattr(loading, "MEMORY_PER_BYTE", 1 << 40)
        assert run(lines, config, memory=1 << 30) == expected
        assert run(lines, config, cache=CACHE) == expected
        patched.setattr(loading, "CHUNK_BYTES", 2 * size)  # what is remembered was cut otherwise
        assert run(lines, config, cache=CACHE) == expected


@pytest.mark.slow
@settings(max_examples=of_hundred(40))
@given(files(), configs, st.randoms(use_true_random=False))
def test_the_outcome_does_not_depend_on_the_order_of_lines(
    lines: list[bytes], config: DedupConfig, rng: random.Random
) -> None:
    config = config.model_copy(update={"keep": ORDER_FREE[len(lines) % len(ORDER_FREE)]})
    expected = by_content(run(lines, config))
    rng.shuffle(lines)
    assert by_content(run(lines, config)) == expected


@pytest.mark.slow
def test_processes_make_what_threads_make(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(0)
    said = [" ".join(rng.choices(WORDS, k=12)) for _ in range(150)]
    said += [text.replace("alpha", "beta", 1) for text in said]
    lines = [json.dumps(FORMS[3](text)).encode() for text in said]
    config = DedupConfig(threshold=0.6, keep="best")
    expected = run(lines, config)
    assert len(expected.gone) > 50
    monkeypatch.setattr(loading, "MIN_PARALLEL_TABLE_BYTES", 0)
    monkeypatch.setattr(DEDUP, "cores", lambda: 2)
    monkeypatch.setattr(loading, "CHUNK_BYTES", 50_000)
    monkeypatch.setattr(worker_pool, "FEW_ITEMS", 0)
    monkeypatch.setattr(cluster_resolution, "FACT_PAIRS_PER_BATCH", 50)
    monkeypatch.setattr(cluster_resolution, "MIN_PARALLEL_PAIRS", 0)
    started = []

    start = worker_pool.WorkerPool._start

    def counted(pool: worker_pool.WorkerPool) -> None:
        started.append(pool.count)
        start(pool)

    monkeypatch.setattr(worker_pool.WorkerPool, "_start", counted)
    assert run(lines, config) == expected
    assert started == [2]


@pytest.mark.slow
def test_a_file_of_one_shared_system_prompt_loses_nothing() -> None:
    prompt = " ".join(f"rule{at}" for at in range(2000))
    lines = [
        json.dumps(chat(f"What is {word}?", f"{word} is the {at}th letter of them", prompt)).encode()
        for at, word in enumerate(WORDS)
    ]
    assert run(lines, DedupConfig()) == Outcome(lines, [], [], [])


def test_a_file_without_lines_beside_others_is_no_trouble() -> None:
    line = json.dumps(chat("So?", " ".join(WORDS))).encode() + b"\n"
    for name, data in {"none.jsonl": b"", "data.jsonl": line * 3, "blank.jsonl": b"\n"}.items():
        Path(name).write_bytes(data)
    planned = plan([Path("none.jsonl"), Path("data.jsonl"), Path("blank.jsonl")], DedupConfig())
    write_plan(planned, Path("kept.jsonl"))
    assert Path("kept.jsonl").read_bytes() == line
    assert len(Path("kept.removed.jsonl").read_bytes().splitlines()) == 2


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 10)), max_size=8), st.integers(1, 20))
def test_parts_of_a_file_are_read_in_any_order(spans: list[tuple[int, int]], ahead: int) -> None:
    data = bytes(range(100))
    Path("part").write_bytes(data)
    begins, sizes = (np.array([span[at] for span in spans], dtype=np.int64) for at in (0, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "READ_AHEAD_BYTES", ahead)
        source, reader = corpus.LineSource(Path("part"), "part"), corpus.LineReader()
        made = [bytes(part) for part in reader.parts(source, begins, begins + sizes)]
    assert made == [data[begin : begin + size] for begin, size in spans]
