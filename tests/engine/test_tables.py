"""Tables: the same rows as Parquet, Arrow or CSV give the same findings, removals and splits as JSON Lines."""

import csv
import gzip
import io
import json
import random
import re
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.errors import InputError
from curate.core.example import UNKNOWN, Place
from curate.read.formats import example_of
from curate.storage.data_files import data_files
from curate.storage.files import blocks, packing
from tests.conftest import Write, of_hundred
from tests.engine.test_formats import CASES
from tests.engine.test_forms import SAMPLES

Rows = list[dict[str, Any]]
WORDS = ["the", "river", "was", "cold", "we", "walked", "home", "before", "noon", "with", "two", "dogs", "red", "stone"]
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def chat(number: int, kind: str) -> dict[str, Any]:
    """An example of a kind, most of them with something to find."""
    draw = random.Random(number)
    asked = f"Question {number}: {' '.join(draw.choices(WORDS, k=12))}?"
    said = " ".join(draw.choices(WORDS, k=25)).capitalize() + "."
    turns: list[dict[str, Any]] = [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    row: dict[str, Any] = {"messages": turns}
    if kind == "tools":
        row["tools"] = [TOOL]
        turns[1] = {"role": "assistant", "content": None, "tool_calls": [CALL]}
        turns += [
            {"role": "tool", "content": '["cold", 3]', "tool_call_id": "call_1"},
            {"role": "assistant", "content": said},
        ]
    elif kind == "empty":
        turns[1]["content"] = ""
    elif kind == "order":
        turns.reverse()
    elif kind == "secret":
        turns[0]["content"] += ' mail me: jane.doe@gmail.com é "quoted"\n\ttext'
    elif kind == "role":
        turns[0]["role"] = "usr"
    elif kind == "named":
        turns[0]["name"] = "jane"
        row["source"] = "a"
    elif kind == "weight":
        turns[1]["weight"] = 1
    elif kind == "unknown":
        row = {"text_of": asked}
    return row


KINDS = ("plain", "plain", "tools", "empty", "order", "secret", "role", "named", "weight", "unknown")
examples = st.lists(st.builds(chat, st.integers(0, 12), st.sampled_from(KINDS)), min_size=1, max_size=12)


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write_rows(rows: Rows, name: str) -> None:
    """Write rows in the form of the name's suffix."""
    path = Path(name)
    if path.suffix == ".jsonl":
        path.write_text("".join(compact(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".csv":
        keys = list(dict.fromkeys(key for row in rows for key in row))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(keys)
            for row in rows:
                cells = [row.get(key, "") for key in keys]
                writer.writerow([cell if isinstance(cell, str) else compact(cell) for cell in cells])
    else:
        keys = list(dict.fromkeys(key for row in rows for key in row))
        table = pa.Table.from_pylist([{key: row.get(key) for key in keys} for row in rows])
        if path.suffix == ".parquet":
            pq.write_table(table, path, row_group_size=3)
        elif path.suffix == ".stream":
            with pa.OSFile(name, "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
                stream.write_table(table)
        else:
            pyarrow.feather.write_feather(table, path, compression="zstd", chunksize=3)


SUFFIXES = (".parquet", ".csv", ".feather", ".stream")


def lines_of(name: str) -> list[Any]:
    return [json.loads(line) for line in b"".join(blocks(Path(name))).split(b"\n")[:-1]]


def findings(name: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """The report of a check, without what names the file."""
    capsys.readouterr()
    main(["check", name, "--output-format", "json", "-q"])
    report = json.loads(capsys.readouterr().out.replace(name, "DATA"))
    for finding in report["findings"]:
        del finding["fixable"]  # tables are not fixed in place
    del report["summary"]["seconds"]
    return report


def written(name: str) -> dict[str, Any]:
    """What `dedup` and `split` write, and whether `verify` accepts it."""
    found: dict[str, Any] = {}
    stem = re.sub(r"\W", "_", name)
    for words in (["dedup", name, "-o", f"{stem}/kept.jsonl"], ["split", name, "-o", f"{stem}/out"]):
        found[words[0]] = main([*words, "-q", "--overwrite"][: -1 if words[0] == "split" else None])
    if found["split"] != 2:
        found["verify"] = main(["verify", f"{stem}/out", "-q"])
    for path in sorted(Path(stem).rglob("*.jsonl")):
        found[str(path.relative_to(stem))] = path.read_bytes().replace(name.encode(), b"DATA")
    return found


@pytest.mark.parametrize("arrow", [True, False])
def test_rows_are_read_as_they_were_written(arrow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not arrow:
        monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    rows = [chat(number, kind) for number, kind in enumerate(KINDS * 3)]
    for suffix in SUFFIXES:
        write_rows(rows, f"data{suffix}")
        assert lines_of(f"data{suffix}") == rows, suffix
        assert packing(Path(f"data{suffix}")) == "a table"


@pytest.mark.parametrize("arrow", [True, False])
def test_categories_within_a_struct_are_read_over_row_groups(arrow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [chat(number, "plain") | {"metadata": {"source": f"source {number % 9}"}} for number in range(60)]
    table = pa.Table.from_pylist(rows)
    source = pa.struct([("source", pa.dictionary(pa.int8(), pa.string()))])
    table = table.set_column(1, "metadata", table["metadata"].cast(source))
    pq.write_table(table, "data.parquet", row_group_size=7)
    if not arrow:
        monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    assert lines_of("data.parquet") == rows


@settings(max_examples=of_hundred(30))
@given(rows=examples)
def test_any_rows_are_read_as_they_were_written(rows: Rows) -> None:
    for suffix in SUFFIXES:
        write_rows(rows, f"data{suffix}")
        assert lines_of(f"data{suffix}") == rows


HOSTILE = ('","a":null', '{"a":null,', '"role":"user","content":null', ":null")
CALM = ("user", 'x","', '{"', "\\", '\\"', "é\n\u2028", "")


def null_rows(texts: tuple[str, ...]) -> st.SearchStrategy[Rows]:
    """Rows with nulls anywhere and these texts."""
    text = st.none() | st.sampled_from(texts)
    inner = st.fixed_dictionaries({"a": text, "content": text})
    turn = {"content": text, "role": text, "a": text, "list": st.none() | st.lists(text), "inner": st.none() | inner}
    row = {"a": text, "messages": st.none() | st.lists(st.fixed_dictionaries(turn)), "content": text, "role": text}
    return st.lists(st.fixed_dictionaries({**row, 'a","é': text}), min_size=1, max_size=8)


def without_nulls(value: Any) -> Any:
    """A row as it is read: only the null of a message's content is kept, and those in lists."""
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    spoken = value.get("role") is not None
    return {
        key: without_nulls(item) for key, item in value.items() if item is not None or (key == "content" and spoken)
    }


@settings(max_examples=of_hundred(60))
@given(
    rows=null_rows(CALM) | null_rows((*CALM, *HOSTILE)),
    dropped=st.sets(st.sampled_from(['a","é', "role", "content"])),
    swapped=st.booleans(),
)
def test_only_nulls_without_a_meaning_are_left_out(rows: Rows, dropped: set[str], swapped: bool) -> None:
    inner = pa.struct({"a": pa.string(), "content": pa.string()})
    text = pa.string()
    spoken = {"role": text, "content": text} if swapped else {"content": text, "role": text}
    turn = pa.struct({**spoken, "a": text, "list": pa.list_(text), "inner": inner})
    schema = pa.schema({"a": text, "messages": pa.list_(turn), **spoken, 'a","é': text})
    for name in dropped:
        schema = schema.remove(schema.get_field_index(name))
    table = pa.Table.from_pylist(rows, schema)
    pq.write_table(table, "data.parquet")
    assert lines_of("data.parquet") == [without_nulls(row) for row in table.to_pylist()]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_results_do_not_depend_on_the_container(suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    draw = random.Random(suffix)
    rows = [chat(draw.randrange(20), draw.choice(KINDS)) for _ in range(40)]
    write_rows(rows, "data.jsonl")
    write_rows(rows, f"data{suffix}")
    expected = findings("data.jsonl", capsys)
    assert expected["findings"]
    assert findings(f"data{suffix}", capsys) == expected
    parts = written("data.jsonl")
    assert parts["verify"] != 2
    assert len(parts["kept.jsonl"]) > 1000
    assert written(f"data{suffix}") == parts


@settings(max_examples=of_hundred(8))
@given(rows=examples)
def test_parquet_that_is_written_holds_equal_rows(rows: Rows) -> None:
    rows[0]["mixed"] = "[5]"
    rows[-1]["mixed"] = [{"deep": None}, 2**70]
    write_rows(rows, "data.jsonl")
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "-q", "--overwrite"]) in (0, 1)
    assert main(["dedup", "data.jsonl", "-o", "kept.parquet", "-q", "--overwrite"]) in (0, 1)
    assert lines_of("kept.parquet") == lines_of("kept.jsonl")
    assert Path("kept.removed.jsonl").is_file()


def test_parquet_that_is_written_rounds_and_changes_no_value(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    values: list[Any] = ["NaN", 2**53 + 1, 1.5, "\ud83d", "\\ud83d", '"\\ud83d"', [1]]
    rows = [chat(n, "plain") | {"a": 2**53 + 1 - n / 4, "b": value} for n, value in enumerate(values)]
    rows[0]["a"], rows[2]["messages"][0]["content"] = 2**53 + 1, "\udc00 half"
    write("data.jsonl", rows)
    assert main(["convert", "data.jsonl", "-o", "data.parquet", "-q"]) == 0
    assert lines_of("data.parquet") == rows
    write("data.jsonl", [chat(1, "plain") | {"\ud83d": 1}])
    assert main(["convert", "data.jsonl", "-o", "key.parquet", "-q"]) == 2
    assert r"the key \ud83d, half of a surrogate pair, which Parquet cannot hold" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("[1]", "is not a JSON object"),
        ('{"a": ' + "[" * 90_000 + "]" * 90_000 + "}", "is not a JSON object"),
        ('{"messages": [{"role": "user", "content": "Hi"}], "messages": []}', "has a key twice"),
        ('{"messages" : "Hi", "messages": []}', "has a key twice"),
        ('{"messages"\r: "Hi", "messages": []}', "has a key twice"),
        (r'{"messages": "Hi", "messages": "say \"\u003a"}', "has a key twice"),
    ],
    ids=["list", "deep", "repeated", "spaced", "broken", "escaped"],
)
def test_a_line_that_a_table_cannot_hold_is_not_lost_in_parquet(
    line: str, why: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", json.dumps(chat(1, "plain")).encode() + b"\n" + line.encode() + b"\n")
    assert main(["dedup", "data.jsonl", "-o", "kept.parquet", "-q"]) == 2
    assert f"line 2 of the output {why}" in capsys.readouterr().err
    assert main(["dedup", "data.jsonl", "-o", "kept.csv", "-q"]) == 2
    assert "choose .jsonl or .parquet" in capsys.readouterr().err
    assert not list(Path().glob("*kept*"))


def test_values_that_json_has_no_form_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "curate.storage.tables")
    frame = pl.DataFrame(
        {
            "prompt": ["Hi", "[not json", '[{"role": "user", "content": "Hi"}]'],
            "image": [{"bytes": b"\x89PNG\r", "path": "a.png"}, {"bytes": None, "path": "b.png"}, None],
            "raw": [b"text", b"\xff\xfe", None],
            "score": [1.5, None, 2.0],
            "day": pl.Series(["2026-01-02", None, None]).str.to_date(),
            "price": pl.Series(["1.10", None, None]).cast(pl.Decimal(38, 2)),
            "kind": pl.Series(["a", None, "b"], dtype=pl.Categorical),
            "messages": ['{"a": 1}\n', "[] , [1", None],
            "tools": [None, None, r'["\ud800", NaN]'],
        }
    )
    frame.write_parquet("data.parquet")
    first, second, third = lines_of("data.parquet")
    assert first == {
        "prompt": "Hi",
        "image": "data:image/png;base64,iVBORw0=",
        "raw": "text",
        "score": 1.5,
        "day": "2026-01-02",
        "price": 1.1,
        "kind": "a",
        "messages": {"a": 1},
    }
    assert (second["image"], second["raw"], second["messages"]) == (
        "b.png",
        "data:application/octet-stream;base64,//4=",
        "[] , [1",
    )
    assert third["prompt"] == [{"role": "user", "content": "Hi"}]
    assert rb'"tools":["\ud800", NaN]' in b"".join(blocks(Path("data.parquet")))
    assert {*caplog.messages} == {"data.parquet: 11 null fields left out; a table has null where a row lacks a key"}


MAP = pa.map_(pa.string(), pa.string())


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("name", ["data.parquet", "data.arrow"])
def test_a_map_with_one_key_twice_loses_no_value(name: str, nested: bool, capsys: pytest.CaptureFixture[str]) -> None:
    def table(*maps: list[tuple[str, str]]) -> pa.Table:
        said = [[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]] * len(maps)
        values = pa.array([[{"at": one}] for one in maps], pa.list_(pa.struct({"at": MAP}))) if nested else None
        return pa.table({"messages": said, "meta": pa.array(list(maps), MAP) if values is None else values})

    def convert(data: pa.Table) -> int:
        write = pq.write_table if name.endswith(".parquet") else partial(pyarrow.feather.write_feather, version=2)
        write(data, name)
        return main(["convert", name, "-o", "out.jsonl", "--overwrite", "-q"])

    assert convert(table([("a", "1"), ("b", "2")], [("a", "3")], [])) == 0
    values = [row["meta"][0]["at"] if nested else row["meta"] for row in lines_of("out.jsonl")]
    assert values == [{"a": "1", "b": "2"}, {"a": "3"}, {}]
    capsys.readouterr()
    assert convert(table([("a", "0")], [("a", "1"), ("b", "2"), ("a", "3")])) == 2
    assert "a map of column 'meta' has the key 'a' twice" in capsys.readouterr().err


def test_lists_of_a_fixed_size_of_0_are_an_error_without_a_panic(capfd: pytest.CaptureFixture[str]) -> None:
    pa = pytest.importorskip("pyarrow")
    messages = [[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]]
    table = pa.table({"messages": messages, "x": pa.array([[[]]], type=pa.list_(pa.list_(pa.int64(), 0)))})
    with pa.OSFile("data.arrow", "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    assert main(["check", "data.arrow"]) == 2
    said = capfd.readouterr().err
    assert "data.arrow: Arrow file that cannot be read after row 0: it has lists of a fixed size of 0" in said
    assert "panicked" not in said


def test_a_map_is_not_read_without_pyarrow(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"text": ["Hi"], "meta": pa.array([[("a", "1"), ("a", "2")]], MAP)}), "data.parquet")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    assert main(["convert", "data.parquet", "-o", "out.jsonl", "-q"]) == 2
    assert "curate-chat[tables]" in capsys.readouterr().err


def test_a_number_that_json_lacks_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    pl.DataFrame({"prompt": ["Hi"], "completion": ["Hello."], "score": [float("nan")]}).write_parquet("data.parquet")
    assert main(["check", "data.parquet", "-q"]) == 1
    assert "data.parquet:1: J014" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("data.csv", b"prompt,completion\na,b\nc\n", "row 2 (line 3) is not valid: it has 1 fields, and the header 2"),
        ("data.csv", b'prompt,completion\na,"b\n\n', "row 1 (line 3) is not valid: unexpected end of data"),
        ("data.csv", b"prompt,completion\na,\xe9\n", "not UTF-8"),
        ("data.csv", b"prompt,prompt\na,b\n", "two columns are named 'prompt'"),
        ("data.parquet", b"PAR1rest", "Parquet file that cannot be read after row 0"),
        ("data.arrow", b"ARROW1\0\0rest", "Arrow file that cannot be read after row 0"),
        ("data.arrow", b"\xff\xff\xff\xff\x10\0\0\0rest", "Arrow stream that cannot be read after row 0"),
    ],
)
def test_a_damaged_table_is_an_error(name: str, data: bytes, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(name).write_bytes(data)
    assert main(["check", name]) == 2
    assert said in capsys.readouterr().err


def test_a_parquet_file_that_was_cut_or_changed_is_an_error() -> None:
    write_rows([chat(number, "plain") for number in range(20)], "data.parquet")
    data = Path("data.parquet").read_bytes()
    for changed in (data[:-20], data[: len(data) // 2], data[:50] + bytes(400) + data[450:]):
        Path("cut.parquet").write_bytes(changed)
        with pytest.raises(InputError, match=r"cut\.parquet: Parquet file that cannot be read"):
            list(blocks(Path("cut.parquet")))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_as_programs_write_it(delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([["", "prompt", "completion", "label"], [0, "Hi\nthere \u2028", 'say "x", y;', "True"]])
    writer.writerows([[1, "", "[1, 2]", ""], []])
    Path("data.csv").write_text("\ufeff" + text.getvalue(), encoding="utf-8", newline="")
    assert lines_of("data.csv") == [
        {"index": "0", "prompt": "Hi\nthere \u2028", "completion": 'say "x", y;', "label": True},
        {"index": "1", "prompt": "", "completion": "[1, 2]"},
    ]


@pytest.mark.parametrize("above", ["\n", "\r\n\n  \n", "\ufeff\n"])
def test_blank_lines_above_the_header_are_left_out(above: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a").mkdir()
    Path("a/t.csv").write_bytes(f"{above}instruction,output\nAdd,2\n".encode())
    assert b"".join(blocks(Path("a/t.csv"))) == b'{"instruction":"Add","output":"2"}\n'
    assert data_files(["a"]) == [Path("a/t.csv")]
    Path("a/t.csv").write_bytes(f"{above}instruction,output\nAdd\n".encode())
    assert main(["check", "a/t.csv"]) == 2
    assert f"row 1 (line {above.count(chr(10)) + 2})" in capsys.readouterr().err


def test_tables_without_rows_or_columns() -> None:
    pl.DataFrame({"messages": []}, schema={"messages": pl.String}).write_parquet("empty.parquet")
    Path("empty.csv").write_text("prompt,completion\n")
    assert lines_of("empty.parquet") == lines_of("empty.csv") == []
    pq.write_table(pa.table({"a": [1, 2]}).select([]), "bare.parquet")
    assert main(["check", "bare.parquet"]) != 0


def test_a_folder_of_tables_is_read_once(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows([chat(number, "plain") for number in range(20)], "data.jsonl")
    assert main(["split", "data.jsonl", "-o", "out", "--parquet", "-q"]) == 0
    told: list[str] = []
    assert not [path for path in data_files(["out"], told.append) if path.suffix == ".parquet"]
    assert any("a table beside its JSON Lines" in note for note in told)
    assert len(data_files(["out/parquet"], told.append)) == 3
    write("out/parquet/metrics.csv", b"step,loss\n1,2.5\n")
    write("out/parquet/chat.csv", b"Prompt;completion\nHi;Hello.\n")
    write("out/parquet/chats.csv", b"user,assistant\nHi,Hello.\n")
    assert [path.name for path in data_files(["out/parquet"], told.append)][:2] == ["chat.csv", "chats.csv"]
    assert "a table without a column of chat data; the first is out/parquet/metrics.csv" in told[-1]
    capsys.readouterr()


def test_nulls_that_are_left_out_are_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows([chat(1, "named"), chat(2, "plain")], "data.parquet")
    assert main(["check", "data.parquet"]) in (0, 1)
    assert capsys.readouterr().err.count("note: data.parquet: 4 null fields left out") == 1
    assert main(["check", str(Path("data.parquet").absolute())]) in (0, 1)  # as `curate run` names it
    assert capsys.readouterr().err.count("note: data.parquet: 4 null fields left out") == 1
    assert main(["check", "data.parquet", "-q"]) in (0, 1)
    assert "null" not in capsys.readouterr().err


def test_a_table_is_not_fixed_in_place(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows([chat(1, "role")], "data.parquet")
    before = Path("data.parquet").read_bytes()
    main(["check", "data.parquet", "--fix"])
    assert "is a table: convert it with `curate convert`" in "".join(capsys.readouterr())
    assert Path("data.parquet").read_bytes() == before


@pytest.mark.slow
def test_a_table_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pl.DataFrame({"prompt": ["x" * 100_000] * 340, "completion": ["y"] * 340}).write_parquet("bomb.parquet")
    with pytest.raises(InputError, match="unpacks to more than"):
        list(blocks(Path("bomb.parquet")))
    monkeypatch.setenv("CURATE_MAX_UNPACKED", "1GB")
    assert sum(map(len, blocks(Path("bomb.parquet")))) > 34_000_000


def test_values_that_take_no_space_are_counted_as_they_are_written() -> None:
    count = 600_000_000
    empty = pa.StructArray.from_buffers(pa.struct([]), count, [None])
    table = pa.table({"messages": pa.ListArray.from_arrays(pa.array([0, count], pa.int32()), empty)})
    with pa.OSFile("bomb.arrow", "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(InputError, match="unpacks to more than"):
        list(blocks(Path("bomb.arrow")))


def test_functions_as_text_count_the_same_in_lines_and_tables(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """LLaMA-Factory reads the tools of ShareGPT as JSON text of bare functions; a table has the text parsed."""
    asked = {"from": "human", "value": "Weather in Oslo?"}
    called = {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "Oslo"}}'}
    answered = [{"from": "observation", "value": "7 degrees"}, {"from": "gpt", "value": "It is 7 degrees."}]
    rows = [
        {"conversations": [asked, called, *answered], "tools": json.dumps([TOOL["function"]])},
        {"conversations": [asked, {"from": "gpt", "value": "I cannot know."}], "tools": "[]"},
    ]
    told = []
    write("data.jsonl", rows)
    pl.DataFrame(rows).write_parquet("data.parquet")
    for name in ("data.jsonl", "data.parquet"):
        code, out = main(["check", name, "--ignore", "J021,J025"]), capsys.readouterr().out
        checked = code, out.replace(name, "data").replace("2 records", "2 lines")
        main(["stats", name, "--json"])
        counted = json.loads(capsys.readouterr().out)["tools"]["declared"]
        main(["query", "tools >= 1", name])
        queried = capsys.readouterr().out.replace(name, "data")
        assert main(["convert", name, "-o", "messages.jsonl", "--overwrite", "-q"]) == 0
        capsys.readouterr()
        told.append((checked, counted, queried, Path("messages.jsonl").read_bytes()))
    assert told[0] == told[1]
    assert told[0][0][0] == 0
    assert told[0][1] == 1
    assert told[0][2].startswith("data:1: ")
    assert json.loads(told[0][3].splitlines()[0])["tools"] == [TOOL]


@pytest.mark.slow
def test_rows_load_as_they_are_with_datasets() -> None:
    datasets = pytest.importorskip("datasets")
    rows = [chat(number, kind) for number, kind in enumerate(["plain", "named", "tools"])]
    write_rows(rows, "data.jsonl")
    assert main(["convert", "data.jsonl", "-o", "out.parquet"]) == 0
    loaded = datasets.load_dataset("parquet", data_files="out.parquet", split="train", cache_dir="cache").to_list()
    for row, expected in zip(loaded, rows, strict=True):
        found = [{key: value for key, value in turn.items() if value is not None} for turn in row["messages"]]
        for turn in found:
            if "tool_calls" in turn:
                turn["tool_calls"] = json.loads(turn["tool_calls"])
        assert found == [
            {key: value for key, value in turn.items() if value is not None} for turn in expected["messages"]
        ]
        assert (json.loads(row["tools"]) if row["tools"] else None) == expected.get("tools")


def turns(*pairs: str) -> str:
    return ", ".join(f'{{"role": "{pair[:4]}", "content": "{pair[5:]}"}}' for pair in pairs).replace(
        "asst", "assistant"
    )


README = (
    turns("user What is 1?", "asst A number."),
    turns("user What is 2?", "asst Another."),
    turns("user Hi.", "asst Hello.", "user A", "user B", "asst Good."),
    turns("user Who?", 'asst x", "content": "Ann.'),
    turns("user Why?", "asst "),
)
"""The messages of some lines, as JSON."""


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".csv", ".tsv", ".csv.gz", ".parquet", ".feather", ".arrow"])
def test_the_first_example_of_the_readme_on_each_container(suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, lines = f"data{suffix}", "".join(f'{{"messages": [{line}]}}\n' for line in README)
    frame = pl.DataFrame({"messages": [f"[{line}]" for line in README]})
    if suffix == ".parquet":
        frame.write_parquet(name)
    elif suffix in (".feather", ".arrow"):
        frame.write_ipc(name)
    else:
        data = (frame.write_csv(separator="\t" if suffix == ".tsv" else ",") if "sv" in suffix else lines).encode()
        Path(name).write_bytes(gzip.compress(data) if suffix.endswith(".gz") else data)
    assert main(["check", name]) == 1
    out = capsys.readouterr().out
    assert f"{name}:3: M016 warning" in out
    assert f"{name}:4: J013 error key 'content' occurs twice in one object" in out
    assert f"{name}:5: C003 error" in out


FORMS = sorted({name for name, _ in SAMPLES} | {name for _, name, _ in CASES if name != UNKNOWN})


@pytest.mark.parametrize("name", FORMS)
def test_a_csv_file_of_each_form_holds_the_conversations_of_its_lines(name: str) -> None:
    samples = [(form, value) for form, value in SAMPLES] + [(form, value) for value, form, _ in CASES]
    for form, value in samples:
        if form != name or not isinstance(value, dict):
            continue
        write_rows([value], "data.csv")
        found, expected = (example_of(line, Place("", 1)) for line in (lines_of("data.csv")[0], value))
        assert (found.format, found.defect) == (name, expected.defect)
        assert found.value["messages"] == expected.value["messages"]
