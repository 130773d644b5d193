"""Splits: no group on two sides, nothing lost, the same in any order; and the ledger of what left."""

import base64
import json
import random
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from curate.apply import apply, errors_of, write_removed
from curate.check import check_paths
from curate.config import Config, SplitConfig
from curate.decision import Decision
from curate.detect.near import find_duplicates
from curate.manifest import NAME, intact, write_output
from curate.read.dataset import ParsedLine, read_dataset
from curate.split import assign, divide, groups
from tests.conftest import Write, chat


def numbered(write: Write, count: int) -> list[ParsedLine]:
    return list(read_dataset([write("data.jsonl", [(f"Question {n}?", f"Answer {n}.") for n in range(count)])]).lines)


@given(links=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30), seed=st.integers(0, 99), rng=st.randoms(use_true_random=False))
def test_no_group_spans_splits_nothing_is_lost_and_order_does_not_matter(links: list[tuple[int, int]], seed: int, rng: random.Random) -> None:
    path = Path("data.jsonl")
    path.write_text("".join(json.dumps(chat(f"Question {n}?", f"Answer {n}.")) + "\n" for n in range(20)))
    lines = list(read_dataset([path]).lines)
    ids = [line.example.id for line in lines if line.example]
    pairs = [(ids[a], ids[b]) for a, b in links]
    parts = divide(lines, pairs, SplitConfig(), seed)
    where = {line.example.id: name for name, part in parts.items() for line in part if line.example}
    assert set(ids) == set(where)
    assert all(where[a] == where[b] for a, b in pairs)
    rng.shuffle(lines)
    again = divide(lines, [(b, a) for a, b in reversed(pairs)], SplitConfig(), seed)
    assert where == {line.example.id: name for name, part in again.items() for line in part if line.example}


def test_the_same_question_stays_on_one_side_whatever_its_answers(write: Write) -> None:
    lines = read_dataset([write("data.jsonl", [("What is up?", f"Answer number {n}, in its own words.") for n in range(50)])]).lines
    assert len(set(groups([line.example for line in lines if line.example], []).values())) == 1


def test_fractions_are_met_by_many_groups() -> None:
    counts = [assign(f"{n:032x}", SplitConfig(), 0) for n in range(5000)]
    assert 0.78 < counts.count("train") / 5000 < 0.82
    assert 0.08 < counts.count("test") / 5000 < 0.12


def test_a_line_leaves_for_the_strongest_reason_and_keeps_its_bytes(write: Write) -> None:
    """A person's word beats a rule's, a rule's beats a detector's; broken bytes are kept as base64."""
    lines = [("Hi", "Hello."), ("Hi", "Hello."), ("Bye", ""), b'{"messages": [', b"caf\xe9", ("Yo", "Hey."), ("Oh", "")]
    path = write("data.jsonl", lines)
    dataset = read_dataset([path])
    ids = [line.example.id if line.example else "" for line in dataset.lines]
    verdicts = {
        ids[5]: Decision(example=ids[5], verdict="drop", who="ann", when=datetime(2026, 1, 2, tzinfo=UTC), why="rude"),
        ids[6]: Decision(example=ids[6], verdict="keep", who="ann"),
    }
    errors = errors_of(check_paths([path]).findings, dataset.lines)
    report = find_duplicates(dataset.examples, Config().dedup)
    applied = apply(dataset.lines, errors=errors, verdicts=verdicts, duplicates=report.duplicates)
    assert [line.place.line for line in applied.kept] == [1, 7]
    assert [(r.line, r.code) for r in applied.removed] == [(2, "D001"), (3, "C003"), (4, "J010"), (5, "J003"), (6, None)]
    assert (applied.removed[4].decided_by, applied.removed[4].why, applied.removed[4].when.year) == ("ann", "rude", 2026)  # type: ignore[union-attr]
    assert base64.b64decode(applied.removed[3].base64 or "") == b"caf\xe9"
    write_removed(Path("removed.jsonl"), applied.removed)
    saved = [json.loads(line) for line in Path("removed.jsonl").read_bytes().splitlines()]
    assert {key: saved[0]["kept"][key] for key in ("file", "line")} == {"file": "data.jsonl", "line": 1}
    original = path.read_bytes().splitlines()
    assert [original[r["line"] - 1] for r in saved] == [r["text"].encode() if "text" in r else base64.b64decode(r["base64"]) for r in saved]


def test_a_sound_copy_of_a_line_with_a_repeated_key_stays(write: Write) -> None:
    sound = json.dumps(chat("Hi", "Hello."))
    path = write("data.jsonl", [sound.replace('"role": "user"', '"role": "tool", "role": "user"').encode(), sound.encode()])
    dataset = read_dataset([path])
    applied = apply(dataset.lines, errors=errors_of(check_paths([path]).findings, dataset.lines))
    assert ([line.place.line for line in applied.kept], [(r.line, r.code) for r in applied.removed]) == ([2], [(1, "J013")])


def test_elements_on_one_line_are_told_apart(write: Write) -> None:
    path = write("data.json", json.dumps([chat("Hi", "Hello."), chat("Hi", "Hello."), chat("Bye", "Bye.")]).encode())
    dataset = read_dataset([path])
    applied = apply(dataset.lines, duplicates=find_duplicates(dataset.examples, Config().dedup).duplicates)
    assert (len(applied.kept), len(applied.removed)) == (2, 1)


def test_messages_keep_their_bytes_and_other_formats_become_messages(write: Write) -> None:
    odd = b'{ "messages" : [{"role":"user","content":"caf\\u00e9"},{"content":"Yes.","role":"assistant"}] }'
    path = write("data.jsonl", [odd])
    other = write("other.json", json.dumps([{"instruction": "Add", "input": "1 2", "output": "3", "source": "x"}], indent=2).encode())
    dataset = read_dataset([path, other])
    applied = apply(dataset.lines)
    parts = {"train": list(applied.kept), "validation": [], "test": []}
    write_output(Path("out"), dataset, applied, parts, config=Config(), decisions={}, models={})
    first, second = Path("out/train.jsonl").read_bytes().splitlines()
    assert odd == first
    assert {**chat("Add\n\n1 2", "3"), "source": "x"} == json.loads(second)


def test_a_changed_file_is_noticed_and_a_manifest_is_written_last(write: Write) -> None:
    dataset = read_dataset([write("data.jsonl", [("Hi", "Hello.")])])
    applied = apply(dataset.lines)
    parts = divide(applied.kept, [], SplitConfig(), 0)
    manifest = write_output(Path("out"), dataset, applied, parts, config=Config(), decisions={}, models={})
    assert (manifest.read, manifest.kept, manifest.removed.lines) == (1, 1, 0)
    assert isinstance(intact(Path("out")), str)
    full = next(name for name, part in parts.items() if part)
    Path(f"out/{full}.jsonl").write_bytes(b"{}\n")
    assert intact(Path("out")) is None
    Path("out", NAME).unlink()
    assert intact(Path("out")) is None
