"""What all tests share: a working folder of their own, and small data sets to work on."""

import gc
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from socketserver import StreamRequestHandler
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

from curate.conflicts import default_models
from curate.models import model_loading
from tests.forks import Forks, ToolForks

# The same examples in every run, so that a change is judged by what it changes, and more of them in `make coverage`;
# `explore` looks for new ones. None of them fails because the machine is busy.
BUSY_SETTINGS: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, max_examples=30, **BUSY_SETTINGS)
settings.register_profile("more", derandomize=True, max_examples=100, **BUSY_SETTINGS)
settings.register_profile("explore", max_examples=2000, **BUSY_SETTINGS)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def of_hundred(count: int) -> int:
    """How many examples a test is given that needs that many of a hundred, because each of its examples takes long."""
    return max(5, settings().max_examples * count // 100)


MEMORY_DISK: Final = Path("/dev/shm")
MIN_FREE_BYTES: Final = 4 << 30


def _is_usable(folder: Path) -> bool:
    """Whether a folder has room for all tests, and programs in it can be run."""
    if not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < MIN_FREE_BYTES:
        return False
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC


# Each test makes and removes folders: on a disk that takes 3 ms, in memory 0.1 ms.
if _is_usable(MEMORY_DISK):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))

# Threads of torch that wait for each other sleep: beside other tests, those that try again and again take five times
# the processor time. Read as torch is loaded, here and in the processes that tests start.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

Write = Callable[..., Path]


def pytest_configure(config: pytest.Config) -> None:
    """Groups keep the order below: pytest-xdist would begin with those of the most tests."""
    config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What trains comes first, and what is slow after it: at the end there are short tests for each worker, and none
    waits for the other. The short tests of the trainer are one group, so that `make test-fast` loads PyTorch once. Of
    the others those of a file are one, and of the slow ones those of a function: for each group there are messages
    between processes, and what its tests share is made once. A name with "::" would be taken for that of a snapshot.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            is_slow = item.get_closest_marker("slow") is not None
            of_trainer = "trainer" in item.path.parts and not is_slow
            function = f"{item.path.stem}.{getattr(item, 'originalname', item.name)}"
            group = "trainer" if of_trainer else function if is_slow else item.path.stem
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: ("trainer" not in item.path.parts, item.get_closest_marker("slow") is None))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """No collection of garbage looks through what the tests import: torch and transformers are a million objects, which
    stay to the end.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 100)  # what tests load later is looked through less often, too
        gc.enable()


def pytest_sessionfinish() -> None:
    """Objects that nobody closed are found by one collection of garbage; pytest makes five more, each of a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _without_flushing() -> Iterator[None]:
    """No file waits for the disk: tests kill processes, not the machine. A handle that is none is still an error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)
        yield


@pytest.fixture(scope="session", autouse=True)
def _without_delay() -> Iterator[None]:
    """Servers of tests send a body at once; else it may wait 40 ms for the acknowledgement of its header."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StreamRequestHandler, "disable_nagle_algorithm", True)
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_temporaries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Temporary files lie apart from those of other programs, through which each command looks for what one left."""
    folder = str(tmp_path_factory.mktemp("temporary"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield


@pytest.fixture(scope="session", autouse=True)
def _models_loaded_once() -> Iterator[None]:
    """A model of an installed package is loaded by the first test that needs it: each load takes half a second."""
    load = model_loading._load
    loaded = cache(load)

    def load_once(kind: str, model: str, purpose: str, exact: bool) -> Any:
        return (loaded if model.startswith("offline:") else load)(kind, model, purpose, exact)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_loading, "_load", load_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_default_models() -> Iterator[None]:
    """A test or a fixture that needs a model names it: no other one loads PyTorch."""
    with pytest.MonkeyPatch.context() as patch:
        for models in ("EMBEDDINGS", "NLI", "READERS"):
            patch.setattr(default_models, models, ())
        yield


NUMBERS: Final = count()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that stays only if its test fails. For its own, pytest looks through those of all tests before."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    path = tmp_path_factory.getbasetemp() / f"{name}{next(NUMBERS)}"
    path.mkdir(mode=0o700)
    failed = request.session.testsfailed
    yield path
    if request.session.testsfailed == failed:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test works in an empty folder, so that no configuration of the repository reaches it."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    for name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """The command, loaded once for all tests that need it as a process of its own."""
    with Forks() as started:
        yield started


@pytest.fixture
def forked_tools(forks: Forks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tools for agents run each command in a fork, not in a new interpreter."""
    pytest.importorskip("mcp")
    monkeypatch.setattr("anyio.run_process", ToolForks(forks).run_process)


@pytest.fixture(scope="session")
def optimised() -> Iterator[Forks]:
    """The same without assertions and docstrings. Its tests are one group, so that it is loaded once; what it compiles
    would be compiled anew, since its code is another.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_DISABLE_JIT", "1")
        patch.setenv("PYTHONWARNINGS", "ignore")
        started = Forks("-OO")
    with started:
        yield started


def written_file(name: str, lines: Sequence[object] | bytes) -> Path:
    """Write a file of JSON Lines from (question, answer) pairs, objects or bytes; returns its path, relative to the
    working folder.
    """
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lines if isinstance(lines, bytes) else b"".join(line_of(line) + b"\n" for line in lines))
    return path


def rows_of(path: Path | str) -> list[Any]:
    """The values of the lines of a file of JSON Lines."""
    return [json.loads(line) for line in Path(path).read_bytes().splitlines()]


@pytest.fixture
def write() -> Write:
    """`written_file`."""
    return written_file


@contextmanager
def working_in(folder: Path) -> Iterator[Path]:
    """Work in a folder as each test does in its own: what all tests of a file begin with is made there once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        yield folder


def trust(address: str, **settings: object) -> None:
    """Write into the user's own configuration what may be sent to an address, and the variable with its key."""
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "curate" / "curate.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    values = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    with path.open("a") as file:
        file.write(f"[[endpoint]]\naddress = {json.dumps(address)}\n{values}")


def trust_folder(folder: Path | None = None) -> None:
    """Write into the user's own configuration that the files of a folder, by default the working folder, need no
    consent.
    """
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "curate" / "curate.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"trust = {json.dumps([str(folder or Path.cwd())])}\n")


@cache
def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of an output, as it is written in the project; another test holds that to the code."""
    found: dict[str, Any] = json.loads((Path(__file__).parents[1] / "schemas" / f"{name}.schema.json").read_bytes())
    return found


def line_of(line: object) -> bytes:
    """One line of JSON Lines: of bytes as they are, of a (question, answer) pair as a conversation, of anything else as
    JSON.
    """
    if isinstance(line, bytes):
        return line
    return json.dumps(chat(*line) if isinstance(line, tuple) else line).encode()


def chat(question: str, answer: str, system: str | None = None) -> dict[str, object]:
    """A conversation of one question and one answer."""
    before = [{"role": "system", "content": system}] if system is not None else []
    return {"messages": [*before, {"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def environment(**changes: str) -> dict[str, str]:
    """The environment for a child process, with changes."""
    return {**os.environ, **changes}


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes, as on a full disk; files of compiled code are not written at all."""
    import resource

    before, dont_write_bytecode = resource.getrlimit(resource.RLIMIT_FSIZE), sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        sys.dont_write_bytecode = dont_write_bytecode
