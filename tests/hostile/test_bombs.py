"""Small files that unpack to much, and files of next to nothing: told with the way to raise the limit, in bounded
memory.
"""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.cli.main import main
from curate.core import limits
from curate.core.errors import InputError, UsageError
from curate.core.limits import LINE_VARIABLE, UNPACKED_VARIABLE
from curate.storage.files import blocks
from tests.conftest import Write, chat, line_of
from tests.forks import Forks
from tests.hostile.process import curate
from tests.packed import zstd

MEMORY = 3 << 30
"""Bytes of address space, of which the libraries take most."""
VERBS = (
    ["check"],
    ["stats"],
    ["dedup"],
    ["split", "-o", "out"],
    ["convert", "-o", "c.jsonl"],
    ["conflicts"],
    ["check", "--fix"],
    ["verify", "ok.jsonl"],
)
ROW = line_of(("What is it?", "It is this.")) + b"\n"
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (60, 60))"
"""What a process runs first that is killed after 60 s of processor time, many times as long as the command takes."""


def _zst(data: bytes, times: int) -> bytes:
    packer = zstd.ZstdCompressor(level=3)
    return b"".join(packer.compress(data) for _ in range(times)) + packer.flush()


BOMBS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "one line": lambda: ("bomb.jsonl.zst", _zst(b"a" * (1 << 22), 10)),
    "packed line breaks": lambda: ("bomb.jsonl.gz", gzip.compress(b"\n" * 20_000_000)),
    "packed line breaks, zstd": lambda: ("bomb.jsonl.zst", _zst(b"\n" * (1 << 22), 10)),
    "packed blanks": lambda: ("bomb.jsonl.zst", _zst(b" \n" * (1 << 21), 10)),
    "line breaks": lambda: ("bomb.jsonl", ROW + b"\n" * 3_000_000),
    "an array of brackets": lambda: ("bomb.json.zst", _zst(b"[" * (1 << 22), 10)),
}


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused(
    bomb: Callable[[], tuple[str, bytes]],
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(limits, "USUAL_UNPACKED", 4 << 20)  # the usual one is tried below, with 5.5 GB
    name, data = bomb()
    write(name, data)
    write("ok.jsonl", ROW)
    for verb, *options in VERBS:
        assert main([verb, name, *options, *(["-q"] if verb != "stats" else [])]) == 2, verb
        said = capsys.readouterr().err
        assert "unpacks to more than" in said or "blank lines in a row" in said, verb
    assert not Path("out").exists()


@pytest.mark.slow
def test_memory_is_bounded(write: Write) -> None:
    write("bomb.jsonl.zst", _zst(b"a" * (1 << 22), 1400))
    ended = curate("check", "bomb.jsonl.zst", memory=MEMORY, OPENBLAS_NUM_THREADS="1", POLARS_MAX_THREADS="1")
    assert (ended.code, "unpacks to more than" in ended.err) == (2, True), ended.err


@pytest.mark.slow
def test_what_packs_well_is_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("data.jsonl.zst", _zst(ROW * 1000, 10))
    assert main(["stats", "data.jsonl.zst"]) == 0
    monkeypatch.setenv(UNPACKED_VARIABLE, "1")
    assert main(["stats", "data.jsonl.zst"]) == 0


@pytest.mark.slow
def test_the_limit_is_raised_by_the_environment(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("data.jsonl.gz", gzip.compress(b" " * (40 << 20) + b"\n"))
    with pytest.raises(InputError, match="unpacks to more than") as caught:
        list(blocks(path))
    assert UNPACKED_VARIABLE in caught.value.hint
    monkeypatch.setenv(UNPACKED_VARIABLE, "1 GB")
    assert sum(map(len, blocks(path))) == (40 << 20) + 1
    monkeypatch.setenv(UNPACKED_VARIABLE, "much")
    with pytest.raises(UsageError, match=UNPACKED_VARIABLE):
        list(blocks(path))


@pytest.mark.slow
def test_a_line_has_a_limit(write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", ROW * 12_000 + line_of(("x" * 400_000, "Yes.")) + b"\n" + ROW * 3)
    for verb in ("stats", "check", "dedup"):
        monkeypatch.setenv(LINE_VARIABLE, "500KB")
        assert main([verb, "data.jsonl"]) in (0, 1)
        monkeypatch.setenv(LINE_VARIABLE, "200KB")
        assert main([verb, "data.jsonl"]) == 2
        assert LINE_VARIABLE in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [b"[" * 100_000, b'{"a":' * 50_000, b'"' * 300_001, b"[{}," * 20_000, b"[" * 100_000 + b"\n", b"{}\n" * 5_000],
    ids=["brackets", "keys", "quotes", "elements", "brackets and a break", "objects"],
)
@pytest.mark.parametrize("verb", [["check"], ["dedup"], ["stats"]])
def test_nesting_is_no_crash(verb: list[str], data: bytes, write: Write) -> None:
    write("data.json", data)
    assert main([*verb, "data.json"]) in (0, 1, 2)


def _table(name: str, column: Any) -> None:
    table = pa.table({"prompt": column, "completion": ["b"] * len(column)})
    if name.endswith(".parquet"):
        pq.write_table(table, name, compression="zstd")
    else:
        with pa.ipc.new_file(name, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as file:
            file.write_table(table)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["repeated.parquet", "repeated.arrow", "nulls.arrow"])
def test_a_small_table_that_holds_gigabytes_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 9_000, pa.int32()), ["a" * 900_000])
    nulls = pa.ListArray.from_arrays(pa.array([0, 2**31 - 1], pa.int32()), pa.nulls(2**31 - 1))
    _table(name, nulls if name.startswith("nulls") else texts)
    assert Path(name).stat().st_size < 30_000
    assert main(["stats", name]) == 2
    assert "unpacks to more than" in capsys.readouterr().err


@pytest.mark.slow
def test_a_text_table_has_the_limits_of_lines(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("wide.csv", ",".join(["prompt", "completion", *map(str, range(100_000))]).encode() + b"\n")
    assert main(["stats", "wide.csv"]) == 0
    write("long.csv", b'prompt,completion\n"' + b"a" * 4_000_000)
    monkeypatch.setenv(LINE_VARIABLE, "200KB")
    assert main(["stats", "long.csv"]) == 2
    assert LINE_VARIABLE in capsys.readouterr().err


def _schema(**keywords: object) -> dict[str, object]:
    return {"type": "object", "properties": {}, **keywords}


DOUBLED = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)} | {"d40": {"type": "string"}}
NESTED = {"$schema": "https://json-schema.org/draft/2020-12/schema", "pattern": "^(a+)+$"}
SCHEMAS: dict[str, tuple[dict[str, object], object]] = {
    "references": (_schema(**{"$defs": DOUBLED, "properties": {"a": {"$ref": "#/$defs/d0"}}}), 5),
    "a pattern of another draft": (_schema(properties={"a": NESTED}), "a" * 40 + "!"),
    "patterns of names": (_schema(patternProperties={"^(a+)+$": {}}, additionalProperties=False), 1),
    "unique objects": (_schema(properties={"a": {"uniqueItems": True}}), [{"b": n} for n in range(30_000)]),
    "unique names": (_schema(required=[{"b": n} for n in range(30_000)]), 1),
}


@pytest.mark.slow
def test_parameters_of_a_tool_are_validated_in_bounded_time(write: Write, forks: Forks) -> None:
    rows = []
    for schema, value in SCHEMAS.values():
        said = json.dumps({"a": value, "a" * 40 + "!": 1})
        call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": said}}
        turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None, "tool_calls": [call]}]
        tool = {"type": "function", "function": {"name": "f", "description": "d", "parameters": schema}}
        rows.append({"messages": turns, "tools": [tool]})
    write("data.jsonl", rows)
    assert forks.run("check", "data.jsonl", "-q", first=LIMITED).returncode in (0, 1)


@pytest.mark.slow
def test_a_line_with_many_findings_is_repaired_once_to_know_whether_it_can_be(write: Write, forks: Forks) -> None:
    write("data.jsonl", [{"messages": [{"role": "user", "content": "Hi"}] * 8_000}])
    assert forks.run("check", "data.jsonl", "-q").returncode == 1


@pytest.mark.slow
def test_an_object_of_many_keys_is_read_in_time_that_grows_with_it(write: Write, forks: Forks) -> None:
    """Where the types of all keys are compared for each key, 20,000 of them take 5 s and 100,000 two minutes."""
    write("data.jsonl", [chat("Hi", "Hello.") | {f"k{n}": n for n in range(100_000)}])
    assert forks.run("check", "data.jsonl", "-q", first=LIMITED).returncode == 0


LONG_TEXTS = {
    "struck words": "<s>x</s>" * 32_000,
    "control tokens before a tag": "b <s>" * 50_000 + "<p>",
    "control tokens in words": "a<s>" * 64_000,
    "instructions in a list": "1. a" + "\n2. Instruction: x" * 14_000,
    "instructions": "\n1. Instruction: x" * 14_000,
    "speakers": "\n### Human: hi" * 18_000,
    "character references": "&amp; " * 42_000,
    "addresses": "a@b" * 84_000,
    "links": "http://a:" * 28_000,
    "account numbers": "DE12 ABCD " * 25_000,
}
"""250 kB each of what a rule looks for, or of what it must look back from."""


@pytest.mark.slow
def test_a_long_answer_is_looked_through_a_fixed_number_of_times(write: Write, forks: Forks) -> None:
    """Where each match looks back at all that stands before it, 200 kB of the first three take 38 to 294 s."""
    write("data.jsonl", [("What is it?", answer) for answer in LONG_TEXTS.values()])
    assert forks.run("check", "data.jsonl", "-q", first=LIMITED).returncode in (0, 1)
