"""Data in memory: the functions take it as they take files, and give the same kind back."""

import base64
import json
import random
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import curate
from curate.api.inputs import Inputs
from curate.cli.main import main
from curate.core.errors import CurateError, UsageError
from tests.conftest import Write, rows_of
from tests.engine.places_server import Place, serving
from tests.engine.test_tables import KINDS, chat

DRAW = random.Random(1)
ROWS = [chat(DRAW.randrange(20), DRAW.choice(KINDS)) for _ in range(40)]
TABLE = pa.Table.from_pylist([{key: row.get(key) for key in dict.fromkeys(k for r in ROWS for k in r)} for row in ROWS])
Make = Callable[[], Any]
KINDS_OF_DATA: dict[str, Make] = {
    "list": lambda: ROWS,
    "generator": lambda: (row for row in ROWS),
    "polars": lambda: pl.DataFrame(pl.from_arrow(TABLE)),
    "lazy": lambda: pl.DataFrame(pl.from_arrow(TABLE)).lazy(),
    "pandas": TABLE.to_pandas,
    "objects": lambda: pd.DataFrame(ROWS),
    "pyarrow": lambda: TABLE,
    "dataset": lambda: import_module("datasets").Dataset(TABLE).select(range(TABLE.num_rows)),
}


def plain(data: Any) -> list[dict[str, Any]]:
    """The rows of any kind of data without nulls, as JSON has them."""
    inputs = Inputs(data)
    [path] = inputs.files
    return rows_of(path)


@pytest.fixture(scope="module")
def as_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS_OF_DATA)
def test_each_kind_of_data_gives_the_results_of_the_file(kind: str, as_files: Path) -> None:
    data = KINDS_OF_DATA[kind]()
    if kind == "generator":
        data = list(data)
    assert plain(data) == ROWS
    columns = ["line", "code", "severity", "message", "pointer", "example"]
    checked = curate.check(data)
    expected_findings = curate.check(as_files).findings.with_columns(
        pl.col("message").str.replace_all(str(as_files), "<rows>", literal=True)
    )
    assert checked.findings.select(columns).rows() == expected_findings.select(columns).rows()
    assert set(checked.findings["file"]) == {"<rows>"}
    removed = ["line", "code", "similarity", "kept_line", "example", "kept"]
    deduplicated = curate.dedup(data)
    expected = curate.dedup(as_files)
    assert deduplicated.removed.select(removed).equals(expected.removed.select(removed))
    gone = {*expected.removed["line"]}
    kept = [row for number, row in enumerate(ROWS, 1) if number not in gone]
    assert plain(deduplicated.data) == kept
    assert type(deduplicated.data) is type(data.collect() if kind == "lazy" else data)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["list", "polars", "pandas", "pyarrow", "dataset"])
def test_splits_come_back_in_the_kind_that_was_given(kind: str) -> None:
    import datasets

    data = KINDS_OF_DATA[kind]()
    result = curate.split(data, "out", yes=True)
    assert list(result.data) == ["train", "validation", "test"]
    for name, part in result.data.items():
        assert type(part) is type(data)
        assert plain(part) == rows_of(f"out/{name}.jsonl")
    assert curate.verify("out").holds
    assert curate.verify(result.data).points["verdict"].str.contains("broken").sum() == 0
    if kind == "dataset":
        assert isinstance(result.data, datasets.DatasetDict)


@pytest.mark.slow
def test_a_dataset_dict_is_read_by_its_splits() -> None:
    import datasets

    data = datasets.DatasetDict({name: datasets.Dataset(TABLE) for name in ("train", "test")})
    assert set(curate.check(data).findings["file"].drop_nulls()) >= {"<train>", "<test>"}
    kept = curate.dedup(data).data
    assert isinstance(kept, datasets.DatasetDict)
    assert kept["test"].num_rows < kept["train"].num_rows < TABLE.num_rows
    assert not curate.verify(data).holds
    assert curate.split(data, "out", yes=True).data["train"].num_rows > 10
    assert curate.conflicts(data).result.compared >= 0


def test_what_is_no_data_is_refused() -> None:
    for data in (5, {"a": 5}, b"x"):
        with pytest.raises(UsageError, match="is not read"):
            curate.check(data)
    for kind in (list, tuple, iter):
        with pytest.raises(UsageError, match="the list of data is empty"):
            curate.check(kind(()))
    Path("data.jsonl").write_text(json.dumps(chat(1, "plain")) + "\n")
    result = curate.dedup("data.jsonl")
    with pytest.raises(UsageError, match="as paths"):
        result.data  # noqa: B018


def test_rows_are_those_of_the_call_even_if_the_data_changes_later() -> None:
    rows = list(ROWS)
    result, divided = curate.dedup(rows), curate.split(rows, "out", yes=True)
    rows.reverse()
    assert result.data == curate.dedup(ROWS).data
    for name, part in divided.data.items():
        assert part == rows_of(Path("out", f"{name}.jsonl"))


def test_rows_compared_with_rows_are_written_without_the_others() -> None:
    new, old = [chat(n, "plain") for n in range(40, 60)], [chat(n, "plain") for n in range(30, 50)]
    for data, others in ((new, old), ({"train": new}, {"train": old})):
        result = curate.dedup(data, against=others)
        written = result.write("kept.jsonl", yes=True, overwrite=True).read_bytes()
        lines = [json.loads(line) for line in written.splitlines()]
        assert lines == (result.data if data is new else result.data["train"]) == new[10:]


def test_paths_may_come_from_a_generator() -> None:
    for name in "ab":
        Path(f"{name}.jsonl").write_text(json.dumps(chat(1, "plain")) + "\n")
    assert curate.check(Path().glob("*.jsonl")).result.examples == 2
    assert curate.dedup({Path("a.jsonl")}, against=Path().glob("b*")).kept == 0


def test_values_of_pandas() -> None:
    frame = pd.DataFrame(
        {"prompt": ["Hi"], "completion": ["Hello."], "n": [float("nan")], "at": pd.to_datetime(["2026-01-02"])}
    )
    frame["tags"] = [pd.Series(["a", "b"]).to_numpy()]
    assert plain(frame) == [{"prompt": "Hi", "completion": "Hello.", "at": "2026-01-02 00:00:00", "tags": ["a", "b"]}]


def test_two_columns_of_pandas_with_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two columns are named 'id'"):
        curate.check(pd.DataFrame([["Hi", "Hello.", 1, 2]], columns=["prompt", "completion", "id", "id"]))


def test_values_of_lists_that_json_has_no_form_for() -> None:
    row = {"prompt": "Hi", "completion": "Hello.", "n": None}
    given = {**row, "array": np.arange(2), "number": np.float32(1.5), "price": Decimal("1.20")}
    read = {**row, "array": [0, 1], "number": 1.5, "price": 1.2}
    assert plain([MappingProxyType(given)]) == [read]
    assert plain([{**given, "long": 2**70}]) == [{**read, "long": 2**70}]


@pytest.mark.parametrize("number", [float("nan"), float("-inf"), np.float64("nan"), np.array([1, np.inf])])
@pytest.mark.parametrize("beside", [{}, {"long": 2**70}])
def test_a_list_with_nan_is_reported_as_a_file_with_it_is(number: Any, beside: dict[str, int]) -> None:
    report = curate.check([{"prompt": "Hi", "completion": "Hello.", "scores": {"n": number}, **beside}]).result
    assert [(finding.code, finding.line) for finding in report.findings if finding.line] == [("J014", 1)]


@pytest.mark.parametrize(
    ("column", "read"),
    [
        (pa.array([[1], [2, 3]], pa.list_view(pa.int64())), [[1], [2, 3]]),
        (pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array(["a"])), ["a", "a"]),
        (pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])]), [1, "b"]),
        (
            pa.ListArray.from_arrays(
                [0, 1, 2],
                pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])]),
            ),
            [[1], ["b"]],
        ),
        (pa.array(["a", "b"]).cast(pa.string_view()), ["a", "b"]),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_columns_of_pyarrow_that_polars_does_not_read(column: pa.Array, read: list[Any]) -> None:
    table = pa.table({"prompt": ["Hi", "Hi"], "completion": ["Hello.", "Hello."], "n": column})
    assert [row["n"] for row in plain(table)] == read
    assert curate.dedup(table).data == table.slice(0, 1)


def test_temporary_files_go_with_the_result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    result = curate.dedup(ROWS)
    assert list(tmp_path.glob("curate-tmp-*"))
    result.write("kept.jsonl")
    del result
    assert not list(tmp_path.glob("curate-tmp-*/*.jsonl"))


def test_a_split_is_pushed_with_its_card(monkeypatch: pytest.MonkeyPatch) -> None:
    result = curate.split(ROWS, "out", yes=True)
    with pytest.raises(UsageError, match="network access is off"):
        result.push_to_hub("org/name")
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    Path("out/notes.txt").write_text("private")
    with serving(Place({}), hub=True) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        assert "/commit/" in result.push_to_hub("org/name", token="hf_test")
        sent = {path: base64.b64decode(content) for path, content in hub.commits[0].items()}
        names = {"README.md", "manifest.json", "train.jsonl", "validation.jsonl", "test.jsonl"}
        assert sent.keys() == names  # neither what was removed nor what curate did not write
        card = sent.pop("README.md").decode()
        front, text = card.removeprefix("---\n").split("---\n", 1)
        assert front.startswith("size_categories:\n- n<1K\ntask_categories:\n- text-generation\n")
        assert "\nconfigs:\n- config_name: default\n" in front
        assert "\n---\n" not in text
        assert 'load_dataset("org/name")' in card
        assert all(data == Path("out", path).read_bytes() for path, data in sent.items())
        with pytest.raises(CurateError, match="hf://datasets/org/denied: access denied"):
            result.push_to_hub("org/denied", token="hf_test")


def test_the_command_pushes_after_consent(monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    write("data.jsonl", ROWS)
    command = ["split", "data.jsonl", "-o", "out", "-q", "--push", "org/name"]
    assert main([*command, "--yes"]) == 2  # network access is off
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--public"]) == 2
    with serving(Place({}), hub=True) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setenv("HF_TOKEN", "hf_test")
        assert main(command) == 2
        assert not Path("out").exists()
        assert main([*command, "--yes"]) == 1  # some lines have no example
        assert hub.commits[0].keys() == {"README.md", "manifest.json", "train.jsonl", "validation.jsonl", "test.jsonl"}
