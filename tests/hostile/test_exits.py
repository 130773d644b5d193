"""Every end of a command is a documented one: 0, 1, 2 or 130, never 3, never a signal, whatever its streams, its
interpreter or its input are.
"""

import json
import os
import py_compile
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from curate.cli.main import main
from curate.core.errors import ExitCode
from curate.storage import store
from tests.conftest import Write, working_in, written_file
from tests.forks import ROOT, Forks
from tests.hostile.process import close, curate

GOOD: list[object] = [(f"What is {n} plus {n}?", f"It is {2 * n}, by adding.") for n in range(30)]
VERBS = (
    ["--version"], ["--help"], ["check", "--help"], ["check", "data.jsonl"],
    ["check", "data.jsonl", "--output-format", "json"], ["stats", "data.jsonl"],
    ["rule", "M016"], ["conflicts", "data.jsonl", "--json"], ["dedup", "data.jsonl"],
    ["split", "data.jsonl", "-o", "out"], ["verify", "split"],
    ["convert", "data.jsonl", "-o", "converted.jsonl", "--overwrite"], ["diff", "split", "split"],
    ["restore", "split", "--all"], ["run"],
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the verbs are called on."""
    with working_in(tmp_path_factory.mktemp("made")) as folder:
        written_file("good/data.jsonl", GOOD)
        Path("good/curate.toml").write_text('data = ["data.jsonl"]\n[conflicts]\nmodels = false\n')
        assert main(["split", "good/data.jsonl", "-o", "good/split"]) == 0
    return folder / "good"


@pytest.fixture
def data(made: Path) -> None:
    """A copy of that folder in the working folder."""
    shutil.copytree(made, "good")


def apart(forks: Forks, words: list[str], stream: int = -1, *, full: bool = False) -> "CompletedProcess[str]":
    """How a call ends in a copy of that folder."""
    shutil.copytree("good", "apart")
    try:
        return forks.run(*words, folder="apart", stream=stream, full=full)
    finally:
        shutil.rmtree("apart")


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_output_that_cannot_be_written(verb: list[str], data: None, forks: Forks) -> None:
    ended = apart(forks, verb, 1, full=True)
    assert (ended.returncode, "No space left" in ended.stderr) == (2, True)
    ended = apart(forks, verb, 1)
    assert (ended.returncode, "cannot be written" in ended.stderr) == (2, True)


@pytest.mark.slow
def test_a_process_that_starts_without_an_output(data: None) -> None:
    """As above, with an interpreter that finds it so."""
    with Path("/dev/full").open("wb") as full:
        ended = curate("check", "good/data.jsonl", stdout=full)
    assert (ended.code, "No space left" in ended.err) == (2, True)
    ended = curate("check", "good/data.jsonl", before=close(1))
    assert (ended.code, "cannot be written: it is closed" in ended.err, "disk" in ended.err) == (2, True, False)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("data.jsonl", 0), ("missing.jsonl", 2)])
def test_narration_that_nobody_hears(name: str, code: int, data: None, forks: Forks) -> None:
    assert curate("check", f"good/{name}", before=close(2)).code == code
    assert apart(forks, ["check", name], 2).returncode == code
    assert apart(forks, ["check", name], 2, full=True).returncode == code
    assert apart(forks, ["check", "-"], 0).returncode == 2


@pytest.mark.slow
@pytest.mark.xdist_group("optimised")
@pytest.mark.parametrize("verb", [*VERBS, ["rule"], ["check", "data.jsonl", "--output-format", "sarif"]], ids=" ".join)
def test_an_optimising_interpreter(verb: list[str], data: None, optimised: Forks) -> None:
    ended = apart(optimised, verb)
    assert ended.returncode in (0, 1), ended.stderr


def test_a_panic_goes_through_the_funnel(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As pyo3 raises it: no `Exception`."""
    panic = type("PanicException", (BaseException,), {})

    def panics(*_: object, **__: object) -> None:
        raise panic("index out of bounds")

    write("data.jsonl", GOOD)
    monkeypatch.setattr("curate.lint.project_check.check_paths", panics)
    assert main(["check", "data.jsonl"]) == 3
    assert "Please report it" in capsys.readouterr().err


STAGE_CONTENTS = (
    b"", b"null", b"[]", b'"x"', b"{}", b'{"result": 5}', b'{"key": 5}', b"\xff", b"[" * 100_000,
    b'{"key": KEY}', b'{"key": KEY, "result": null}', b'{"key": KEY, "result": []}', b'{"key": KEY, "result": {}}',
    b'{"key": KEY, "result": {"findings": 5, "duplicates": 5, "conflicts": 5, "manifest": 5}}',
    b'{"key": KEY, "result": {"findings": [{"code": 5}], "lines": "x", "examples": null, "duplicates": [[]], "apart": 7, "conflicts": [{}], "notes": 3}}',  # noqa: E501
    b'{"key": KEY, "result": {"findings": [], "lines": 1, "examples": 1, "duplicates": [[1,2,3,4,5]], "conflicts": [], "manifest": null, "notes": [5]}}',  # noqa: E501
)  # fmt: skip
"""What may stand in the file of a stage; KEY is that of the run."""


@pytest.mark.slow
def test_a_stage_that_is_none_or_of_somebody_else_is_made_anew(write: Write) -> None:
    write("data.jsonl", [*GOOD, GOOD[0]])
    Path("curate.toml").write_text('data = ["data.jsonl"]\n')
    assert main(["run"]) == 0
    whole = Path("out/manifest.json").read_bytes()
    keys = dict[Path, bytes]()
    for stage in ("check", "dedup", "conflicts", "split"):
        saved = store.load(path := Path(f".curate/stages/{stage}.json"), dict)
        assert saved is not None
        keys[path] = json.dumps(saved["key"]).encode()
    for content in STAGE_CONTENTS:
        for path, key in keys.items():  # each is read, whatever became of those before it
            data = content.replace(b"KEY", key)
            path.write_bytes(data)
            with suppress(ValueError, RecursionError):
                store.save(path, json.loads(data))
        assert main(["run"]) == 0, content
        assert Path("out/manifest.json").read_bytes() == whole, content


@pytest.mark.parametrize("signed", [False, True])
def test_a_stage_that_a_stranger_wrote_is_made_anew(
    signed: bool, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [*GOOD, GOOD[0]])
    Path("curate.toml").write_text('data = ["data.jsonl"]\n')
    assert main(["run", "--until", "dedup"]) == 0
    path = Path(".curate/stages/dedup.json")
    saved = store.load(path, dict)
    assert saved is not None
    saved["result"]["duplicates"] = []
    with pytest.MonkeyPatch.context() as patch:  # as somebody signs it who does not have the user's key
        patch.setattr(store, "own_key", lambda: b"")
        assert store.save(path, saved) == ""
    if not signed:
        path.write_bytes(path.read_bytes()[store.SIGNATURE_BYTES :])
    Path(".curate/stages/check.json").unlink()
    Path(".curate/stages/check.json").symlink_to("/dev/zero")
    assert main(["run"]) == 0
    assert "dedup      1 exact" in capsys.readouterr().err


@pytest.mark.parametrize("output", ["a\\u0000b", "x" * 300, "\\u0000", "a/" * 3000 + "b", "data.jsonl/below"])
@pytest.mark.parametrize(
    "verb", [["run"], ["split", "data.jsonl", "-o"], ["dedup", "data.jsonl", "-o"], ["convert", "data.jsonl", "-o"]]
)
def test_an_output_that_no_system_takes(
    verb: list[str], output: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", GOOD)
    Path("curate.toml").write_text(f'data = ["data.jsonl"]\noutput = "{output}"\n')
    words = verb if verb == ["run"] else [*verb, json.loads(f'"{output}"')]
    assert main(words) == 2, capsys.readouterr().err


@pytest.mark.parametrize(
    "rows", [[{"messages": ["a"]}], [{"messages": "a"}], [{"messages": [5, None, {}]}], [{"messages": {"a": 1}}]]
)
def test_restore_after_parquet(rows: list[object], write: Write) -> None:
    write("data.jsonl", [*GOOD, *rows])
    assert main(["split", "data.jsonl", "-o", "out", "--parquet"]) in (0, 1)
    assert main(["restore", "out", "--all"]) in (0, 1, 2)
    assert main(["restore", "out", "--all", "-o", "back.jsonl"]) in (0, 1, 2)


def _tokenizer(folder: Path) -> dict[str, object]:
    value: dict[str, object] = json.loads((folder / "tokenizer.json").read_bytes())
    return value


def _spoiled(folder: Path, **changes: object) -> None:
    (folder / "tokenizer.json").write_text(json.dumps({**_tokenizer(folder), **changes}))


def _config(folder: Path, **changes: object) -> None:
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))


def _model(**changes: object) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        model = _tokenizer(folder)["model"]
        assert isinstance(model, dict)
        _spoiled(folder, model={**model, **changes})

    return spoil


TOKENIZER_DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda folder: (folder / "tokenizer.json").write_bytes(b""),
    "no JSON": lambda folder: (folder / "tokenizer.json").write_bytes(b"{"),
    "a list": lambda folder: (folder / "tokenizer.json").write_bytes(b"[]"),
    "null": lambda folder: (folder / "tokenizer.json").write_bytes(b"null"),
    "nested": lambda folder: (folder / "tokenizer.json").write_bytes(b"[" * 100_000),
    "bytes": lambda folder: (folder / "tokenizer.json").write_bytes(b"\xff\xfe" * 99),
    "no model": lambda folder: _spoiled(folder, model=None),
    "unknown model": _model(type="Nothing"),
    "no vocabulary": _model(vocab={}),
    "vocabulary of a list": _model(vocab=[]),
    "negative ids": _model(vocab={"a": -1}),
    "huge ids": _model(vocab={"a": 2**31, "b": 2**32 - 1}),
    "merges of nothing": _model(merges=["zzz qqq"]),
    "merges of numbers": _model(merges=[1]),
    "unknown token": _model(unk_token="nowhere"),
    "pre-tokenizer": lambda folder: _spoiled(
        folder, pre_tokenizer={"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": False}
    ),
    "decoder": lambda folder: _spoiled(folder, decoder={"type": "None"}),
    "normalizer": lambda folder: _spoiled(folder, normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
    "post-processor": lambda folder: _spoiled(
        folder, post_processor={"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {"a": 1}}
    ),
    "added tokens": lambda folder: _spoiled(folder, added_tokens=[{"id": -1}]),
    "added tokens of numbers": lambda folder: _spoiled(folder, added_tokens=[7]),
    "truncation": lambda folder: _spoiled(
        folder, truncation={"max_length": 0, "strategy": "LongestFirst", "stride": 5, "direction": "Right"}
    ),
    "padding": lambda folder: _spoiled(folder, padding={"strategy": {"Fixed": 2**40}}),
    "class": lambda folder: _config(folder, tokenizer_class="os.system"),
    "class of a list": lambda folder: _config(folder, tokenizer_class=[1]),
    "template of a number": lambda folder: _config(folder, chat_template=7),
    "template of lists": lambda folder: _config(folder, chat_template=[{"name": 1}]),
    "eos of a number": lambda folder: _config(folder, eos_token=7),
    "eos of an object": lambda folder: _config(folder, eos_token={"a": 1}),
    "length": lambda folder: _config(folder, model_max_length="many"),
    "added_tokens_decoder": lambda folder: _config(folder, added_tokens_decoder={"x": 1}),
    "config": lambda folder: (folder / "tokenizer_config.json").write_bytes(b"[1]"),
    "broken template": lambda folder: _config(folder, chat_template="{% for"),
    "recursive macro": lambda folder: _config(folder, chat_template="{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
    "recursive loop": lambda folder: _config(
        folder, chat_template="{% for m in [messages] recursive %}{{ loop([m]) }}{% endfor %}"
    ),
    "import": lambda folder: _config(folder, chat_template="{% include 'x' %}"),
}


@pytest.mark.slow
@pytest.mark.parametrize("spoil", TOKENIZER_DAMAGES.values(), ids=TOKENIZER_DAMAGES.keys())
def test_a_malformed_tokenizer(
    spoil: Callable[[Path], object], write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("transformers", exc_type=ImportError)
    from tests.tinymodel import model

    folder = tmp_path / "model"
    shutil.copytree(model(), folder)
    spoil(folder)
    write("data.jsonl", GOOD)
    for words in (
        ["check", "data.jsonl", "--model", str(folder), "--select", "K"],
        ["stats", "data.jsonl", "--model", str(folder)],
    ):
        assert main(words) in (0, 1, 2), capsys.readouterr().err


WEIGHTS = {
    "empty": b"", "short": b"\x00" * 7, "huge header": struct.pack("<Q", 2**62),
    "no JSON": struct.pack("<Q", 2) + b"{[",
    "outside": struct.pack("<Q", 70) + b'{"a":{"dtype":"F32","shape":[9999],"data_offsets":[0,39996]}}'.ljust(70),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS.keys())
def test_malformed_weights(weights: bytes, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("transformers", exc_type=ImportError)
    from tests.trainer.tiny import make_model

    folder = make_model(tmp_path / "model")
    for file in folder.glob("*.safetensors"):
        file.write_bytes(weights)
    write("data.jsonl", [("How high is it?", "It is 30 m high."), ("How high is it?", "It is 31 m high.")])
    for words in (
        ["conflicts", "data.jsonl", "--judge", str(folder)],
        ["conflicts", "data.jsonl", "--embeddings", str(folder)],
    ):
        assert main(words) in (1, 2), capsys.readouterr().err
    shutil.rmtree(folder)


def test_a_report_to_a_full_device(write: Write) -> None:
    write("data.jsonl", [("Hi", "")])
    assert main(["check", "data.jsonl", "--output-file", "/dev/full"]) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        b"", b"GGUF", b"GGUF" + b"\x00" * 20, b"GGUF" + struct.pack("<IQQ", 3, 2**40, 2**40),
        b"GGUF" + struct.pack("<IQQ", 99, 0, 0),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**50), b"GGUF" + struct.pack("<IQQ", 3, 0, 0),
        b"\xff" * 99, b"[]",
    ],
)  # fmt: skip
def test_malformed_gguf(data: bytes) -> None:
    pytest.importorskip("gguf", exc_type=ImportError)
    from curate.core.errors import ModelError
    from train.export.gguf_file import template_in, tokens_in

    Path("model.gguf").write_bytes(data)
    for read in (template_in, tokens_in):
        with pytest.raises(ModelError, match=r"model\.gguf: cannot be read"):
            read(Path("model.gguf"))


def test_a_limit_that_keeps_polars_out_is_no_bug_in_curate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It warns and goes on where a limit on memory keeps its library out; names are missing later."""
    import polars  # noqa: F401 - it is loaded, and then its library is taken away

    def without_library(words: Sequence[str], *, alone: bool) -> int:
        raise NameError("name '_POLARS_TYPE_TO_CONSTRUCTOR' is not defined")

    monkeypatch.setattr("curate.cli.main._run_command", without_library)
    monkeypatch.delitem(sys.modules, "polars._plr")
    assert main(["stats", "data.jsonl"]) == ExitCode.USAGE
    assert "not enough memory" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["corpus/stats.py", "cli/main.py"])
def test_a_file_of_bytecode_that_is_cut_short_is_named(tmp_path: Path, name: str) -> None:
    """Python raises EOFError for it, which would be taken for the end of the input."""
    shutil.copytree(ROOT / "curate", tmp_path / "curate", ignore=shutil.ignore_patterns("__pycache__"))
    module = tmp_path / "curate" / name
    compiled = Path(py_compile.compile(str(module), doraise=True) or "")
    os.truncate(compiled, compiled.stat().st_size // 2)
    Path("data.jsonl").write_text('{"messages": [{"role": "user", "content": "a"}]}\n')
    command = [sys.executable, "-P", "-m", "curate", "stats", "data.jsonl"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"{compiled}: this file of compiled Python code is cut short\n  next: delete it" in ended.stderr
