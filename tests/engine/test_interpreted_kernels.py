"""Kernels run as they are written on little data, and compiled on more: the result is the same."""

import io
import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curate
from curate.commands.dedup import DedupResult
from curate.core.config import DedupConfig
from curate.core.errors import MissingExtra
from curate.core.text import json_line
from curate.parallel.kernels import ALWAYS, MAX_INTERPRETED_BYTES, Mode, is_interpreted, kernels_for, running_kernels
from curate.similarity.numba_utils import Kernel
from curate.storage.files import STDIN
from tests.conftest import Write, chat, of_hundred
from tests.strategies import conversations
from tests.workspaces import plan

NOT_COMPARED = ("table", "seen")
WORDS = ["bread", "bakes", "at", "200", "degrees", "Brot", "ß", "面", "包", "no", "-"]
words = st.lists(st.sampled_from(WORDS), min_size=1)
chats = st.builds(chat, words.map(" ".join), words.map(" ".join)) | conversations()


def decided(result: DedupResult) -> dict[str, Any]:
    return {part.name: getattr(result, part.name) for part in fields(result) if part.name not in NOT_COMPARED}


@settings(max_examples=of_hundred(25), deadline=None)
@given(data=st.lists(chats, min_size=1, max_size=12), threshold=st.sampled_from([0.3, 0.8, 1.0]))
def test_interpreted_and_compiled_kernels_find_the_same_duplicates(
    tmp_path_factory: pytest.TempPathFactory, data: list[Any], threshold: float
) -> None:
    path = tmp_path_factory.mktemp("data") / "data.jsonl"
    path.write_bytes(b"".join(json_line(value) + b"\n" for value in [*data, chat("Hi", "Hello")]))
    results = []
    for mode in ALWAYS:
        with running_kernels(mode):
            results.append(decided(plan([path], DedupConfig(threshold=threshold))))
    assert results[0] == results[1]


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [0.3, 0.8])
def test_interpreted_and_compiled_kernels_write_the_same_splits(write: Write, threshold: float) -> None:
    some = [f"word{at * 7919 % 97}" for at in range(2000)]
    data = [chat(" ".join(some[at : at + 30]), " ".join(some[at + 9 : at + 60 + at % 7])) for at in range(40)]
    path = write("data.jsonl", [*data, chat(" ".join(some[:30]), "Something else."), *data[:3]])
    for mode in ALWAYS:
        with running_kernels(mode):
            curate.split(str(path), mode.name, threshold=threshold)
    compiled, interpreted = (Path(mode.name) for mode in ALWAYS)
    for name in ("train.jsonl", "validation.jsonl", "test.jsonl", "removed.jsonl"):
        assert (compiled / name).read_bytes() == (interpreted / name).read_bytes()


@pytest.mark.parametrize("size", [100, MAX_INTERPRETED_BYTES + 1])
def test_the_size_of_standard_input_and_pipes_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    data = b"x" * size
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    os.mkfifo(pipe := tmp_path / "pipe")
    writer = Thread(target=pipe.write_bytes, args=(data,), daemon=True)
    writer.start()
    for path in (STDIN, pipe):
        with kernels_for([path]):
            assert is_interpreted(lambda: False) == (size == 100)
    writer.join()


COMMANDS = [
    ["check", "data.jsonl", "--select", "D"],
    ["dedup", "data.jsonl", "-o", "kept.jsonl"],
    ["split", "data.jsonl", "-o", "split"],
    ["conflicts", "data.jsonl", "--no-models"],
    ["decontaminate", "data.jsonl", "--bench", "data.jsonl"],
    ["run"],
]
EACH_COMMAND = """
import json, os, sys
from pathlib import Path
from curate.cli.main import main

for words in json.loads(sys.argv[1]):
    status = int(main([*words, "--quiet"]))
    loaded, compiled = {"numba", "scipy"} & {*sys.modules}, Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nbi")
    print(words[0], status in (0, 1), loaded, *compiled, file=sys.stderr)
"""


@pytest.mark.slow
def test_little_data_compiles_nothing_and_loads_no_compiler(write: Write, tmp_path: Path) -> None:
    write("data.jsonl", [chat(f"Which number follows {at}?", f"The number after it is {at + 1}.") for at in range(40)])
    Path("curate.toml").write_text('data = ["data.jsonl"]\n[conflicts]\nmodels = false\n')
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "compiled")}
    command = [sys.executable, "-c", EACH_COMMAND, json.dumps(COMMANDS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert [line for line in done.stderr.splitlines() if line.endswith(".nbi") or " True" in line] == [
        f"{words[0]} True set()" for words in COMMANDS
    ]


SAMPLE = """
from curate.similarity.numba_utils import compiled

@compiled
def doubled(value):
    return 2 * value
"""
KERNEL = """
import pickle, sys
from importlib import import_module
from pathlib import Path
from numba import __version__
from curate.parallel.kernels import Mode, running_kernels

sys.path.insert(0, ".")
GLOBALS = [pickle.dumps("0")[:-2] + name for name in (b"cmath\\nmissing\\n.", b"cmissing\\nname\\n.")]
for content in (None, b"", b"\\x80\\x04\\x8c\\x05curate", *GLOBALS):
    for index in Path("compiled").rglob("*.nbi") if content is not None else ():
        index.write_bytes(pickle.dumps(__version__) + content)
    sys.modules.pop("sample", None)
    sys.modules["curate.sample"] = sample = import_module("sample")
    with running_kernels(Mode.ALWAYS_COMPILED):
        print(sample.doubled(21))
    print(sum(sample.doubled.dispatcher.stats.cache_hits.values()))
"""


@pytest.mark.slow
def test_compiled_code_of_another_version_is_compiled_anew() -> None:
    Path("sample.py").write_text(SAMPLE)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(Path("compiled").absolute())}
    command = [sys.executable, "-c", KERNEL]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["42", "0"] * 5, done.stderr


def test_an_installed_compiler_that_cannot_be_imported_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "curate.similarity.numba_dispatcher", raising=False)
    empty: Any = ModuleType("numba")  # fails as one that rejects the installed numpy
    monkeypatch.setitem(sys.modules, "numba", empty)
    reason = "'numba', which cannot be imported: cannot import name 'njit'"
    with pytest.raises(MissingExtra, match=reason) as raised, running_kernels(Mode.ALWAYS_COMPILED):
        Kernel(len)(())
    assert raised.value.hint == "pip install --force-reinstall numba"
