"""`--engine ray`: the same bytes as on one machine, whatever the shards, their order, and what is lost meanwhile."""

import importlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest

from curate.cli.main import main
from curate.commands import convert
from curate.core.errors import CurateError, ExitCode, InputError
from curate.corpus import loading
from curate.corpus.cache import ChunkTask
from curate.dedup import fact_guard
from curate.leakage import decontaminate
from curate.lint.checker import Checker
from curate.models import model_batches
from curate.models.model_batches import ModelLoader
from curate.output import line_files
from curate.parallel import cluster
from curate.parallel.cluster import LOCAL, ClusterPool, Engine, Executor
from curate.read import file_parts
from curate.read.chunks import Chunk, chunk_bytes
from curate.similarity import cross_split_jaccard_join_kernels, similarity_index
from curate.split import near_questions
from curate.storage import data_files, tables
from curate.storage.store import save
from curate.verify import lines as verify_lines
from tests.conftest import Write, chat, line_of
from tests.lost_tasks import held_once, killed_once, trained, written_nowhere
from tests.tinynli import DARK, LIT, tiny_nli
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from train.sweep.sweep_result import Sweep

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("cluster"),
    pytest.mark.filterwarnings("ignore:::ray"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
ROOT: Final = Path(__file__).parents[2]
LOPSIDED: Final = 3
"""Of this one, the second file has about 100 times as many lines as the first."""
SHARDINGS: Final = range(int(os.environ["CURATE_SHARDINGS"])) if "CURATE_SHARDINGS" in os.environ else (LOPSIDED,)
"""Shards and orders that are compared, beside those below; 20 random ones were tried by hand: CURATE_SHARDINGS=20."""
COMPARING_FUNCTIONS: Final = (
    (Checker, "read_and_check"),
    (cross_split_jaccard_join_kernels, "look_up"),
    (fact_guard, "facts_agree"),
    (near_questions, "nearly_equal"),
    (similarity_index, "signatures"),
    (line_files, "write_parts"),
)
WORDS: Final = ["river", "stone", "garden", "window", "paper", "market", "winter", "letter", "morning", "bridge"]


class Nodes:
    """A cluster of two nodes with one core each; the first one stays."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        soon = {"health_check_period_ms": 300}  # a lost node is found after five checks
        head = {"num_cpus": 1, "include_dashboard": False, "_system_config": soon}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.address: str = self.cluster.address
        self.others = [self.add()]

    def add(self) -> Any:
        """Add a node."""
        return self.cluster.add_node(num_cpus=1)

    def remove(self, node_id: str) -> None:
        """End all processes of a node at once."""
        lost = next(node for node in self.others if node.node_id == node_id)
        self.others.remove(lost)
        self.cluster.remove_node(lost, allow_graceful=False)


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    """A bucket `data` of a server of S3, which nodes that start later have access to; None if moto is not installed."""
    try:
        from moto.server import ThreadedMotoServer

        s3fs: Any = importlib.import_module("s3fs")
    except ImportError:
        yield None
        return
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
        patched.setenv("AWS_ACCESS_KEY_ID", "testing")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patched.setenv("no_proxy", "*")
        system = s3fs.S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
        system.mkdir("data")
        yield system
        system.rm("data", recursive=True)
        server.stop()


@pytest.fixture
def objects(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bucket, whose files may not be copied to this machine."""
    if bucket is None:
        pytest.skip("moto is not installed")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(data_files, "local_copy", None)
    return bucket


@pytest.fixture(scope="module")
def nodes(bucket: Any) -> Iterator[Nodes]:  # its address is in the environment of the nodes
    """One cluster for all tests; this process stays connected, so that workers load once."""
    ray = pytest.importorskip("ray", reason="the extra `cluster` is not installed")
    with TemporaryDirectory(dir="/tmp") as folder, pytest.MonkeyPatch.context() as patched:
        patched.setenv("RAY_TMPDIR", folder)  # the path of a socket has at most 107 bytes
        patched.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patched.setenv("PYTHONPATH", str(ROOT))
        started = _started()
        ray.init(address=started.address, log_to_driver=False, logging_level="ERROR")
        yield started
        ray.shutdown()
        started.cluster.shutdown()


def _started() -> Nodes:
    """The nodes; Ray gives each 30 seconds to start, which a busy machine may not."""
    for _ in range(2):
        with suppress(Exception):
            return Nodes()
    return Nodes()


def lines(rng: random.Random) -> list[bytes]:
    """Chats with copies, near-duplicates, others with the same question, long ones, and lines that hold no example."""
    found: list[object] = []
    for number in range(60):
        answer = " ".join(rng.choices(WORDS, k=rng.randint(8, 40)))
        found.append(chat(f"What is number {number} of the {rng.choice(WORDS)}?", answer))
        if rng.random() < 0.3:
            found.append(chat(f"What is number {number} of the list?", f"{answer} indeed"))
        if rng.random() < 0.2:
            found.append(found[-1])
    found += [b"no json", {"text": "a document"}, chat("", ""), b'{"messages": [{"role": "user", "content": "alone"}]}']
    found.append(chat("Crédit \u00e9tranger\u202e?", "x" * 3000))
    return [line_of(line) for line in found]


def sharded(seed: int, write: Write) -> list[str]:
    """The lines in a random order, in a random number of files; returns their names in a random order."""
    rng = random.Random(seed)
    every = lines(random.Random(7))
    rng.shuffle(every)
    cuts = sorted(rng.sample(range(1, len(every)), rng.randint(0, 4)))
    if seed == LOPSIDED:
        cuts = [1]
    names = [f"shard-{at}.jsonl" for at in range(len(cuts) + 1)]
    for name, start, end in zip(names, [0, *cuts], [*cuts, len(every)], strict=True):
        write(name, b"".join(line + b"\n" for line in every[start:end]))
    rng.shuffle(names)
    items = [{"question": f"What is number {number} of the list?", "answer": "None."} for number in range(60)]
    write("benchmark.jsonl", b"".join(line_of(item) + b"\n" for item in items))
    return names


@contextmanager
def in_chunks(size: int) -> Iterator[None]:
    """Let files be cut into chunks of so many bytes, and turns into pieces."""
    with pytest.MonkeyPatch.context() as patched:
        for module in (file_parts, loading, verify_lines, convert):
            patched.setattr(module, "CHUNK_BYTES", size)
        patched.setattr(decontaminate, "CHUNK_TURNS", size // 100)
        yield


def outcome(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """What a command prints and writes, and its exit status."""
    capsys.readouterr()
    status = main(words)
    out, err = capsys.readouterr()
    written = [*Path().glob("out*"), *Path("out").glob("**/*")]
    files = {str(path): path.read_bytes() for path in written if path.is_file()}
    for path in files:
        Path(path).unlink()
    return {"status": status, "out": re.sub(r'"seconds": [\d.]+', "", out), "err": err, **files}


def commands(names: list[str]) -> dict[str, list[str]]:
    return {
        "check": ["check", *names, "--output-format", "json", "--all"],
        "dedup": ["dedup", *names, "--no-cache", "-o", "out.jsonl", "--json", "--explain", "--yes"],
        "drop": [
            *("dedup", *names, "--no-cache", "-o", "out.jsonl", "--drop", "M", "--keep", "best", "--yes"),
            *("--shards", "3"),
        ],
        "split": ["split", *names, "-o", "out", "--json", "--shards", "2"],
        "stats": ["stats", *names, "--json"],
        "decontaminate": ["decontaminate", *names, "--bench", "benchmark.jsonl", "-o", "out.jsonl", "--json"],
        "verify": ["verify", "split", "--json"],
        "convert": ["convert", *names, "--to", "sharegpt", "-o", "out.jsonl", "--json"],
    }


def on(nodes: Nodes) -> list[str]:
    return ["--engine", "ray", "--address", nodes.address]


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Lets a function be called around what each task calls."""
    each = ClusterPool.each

    def wrapped(function: Callable[..., Any]) -> None:
        monkeypatch.setattr(
            ClusterPool,
            "each",
            lambda pool, make, items, quick=bool: each(pool, partial(function, make), items, quick),
        )

    return wrapped


@pytest.mark.parametrize("seed", SHARDINGS)
@pytest.mark.parametrize(
    ("verb", "killed"),
    [
        ("check", False), ("dedup", False), ("split", True), ("decontaminate", False), ("verify", True),
        ("convert", False), ("stats", False),
    ],
)  # fmt: skip
def test_the_result_is_that_of_one_machine_whatever_the_shards_and_though_a_worker_is_killed(
    verb: str,
    killed: bool,
    seed: int,
    nodes: Nodes,
    write: Write,
    around: Callable[[Callable[..., Any]], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Lines and sets are compared by workers only, and they write the shards."""
    names = sharded(seed, write)
    if verb == "verify":
        main(["split", *names, "-o", "split"])
    words = commands(names)[verb]
    alone = outcome(words, capsys)
    for module, name in COMPARING_FUNCTIONS:
        monkeypatch.setattr(module, name, None)  # in this process, not in the workers
    if killed:
        around(partial(killed_once, tmp_path / "killed"))
    with in_chunks(random.Random(seed).choice([500, 2000, 9000])):
        assert outcome([*words, *on(nodes)], capsys) == alone
    assert (tmp_path / "killed.2").exists() == killed


@pytest.mark.parametrize("verb", ["check", "drop", "split", "convert", "decontaminate"])
def test_objects_are_read_by_ranges_with_the_result_of_local_files(
    verb: str,
    nodes: Nodes,
    objects: Any,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nodes that do not share the folder of the output leave the writing to the command."""
    monkeypatch.setattr(line_files, "_written_in_task", written_nowhere)
    names = sharded(4, write)
    for name in names:
        objects.put(name, f"data/{name}")
    alone = outcome(commands(names)[verb], capsys)
    for name in names:
        Path(name).unlink()
    words = commands([f"s3://data/{name}" for name in names])[verb]
    with in_chunks(2000):
        on_cluster = outcome([*words, *on(nodes)], capsys)
    assert {name: unplaced(content) for name, content in on_cluster.items()} == {
        name: unplaced(content) for name, content in alone.items()
    }


@pytest.mark.parametrize("verb", ["check", "convert", "drop"])
def test_tables_at_object_stores_are_read_by_row_groups(
    verb: str,
    nodes: Nodes,
    objects: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    values = [json.loads(line) for line in lines(random.Random(3)) if b'"content"' in line and b"alone" not in line]
    rows = {
        "messages": [value["messages"] for value in values],
        "score": [1e-7 * number**9 for number in range(len(values))],
        "tools": [None, "[]"] * (len(values) // 2) + [None] * (len(values) % 2),
    }
    pl.DataFrame(rows).write_parquet("rows.parquet", row_group_size=7)
    objects.put("rows.parquet", "data/rows.parquet")
    alone = outcome(commands(["rows.parquet"])[verb], capsys)
    groups: list[range] = []
    cut = tables.row_group_ranges

    def noted(name: str, path: Path, size: int) -> list[range]:
        groups.extend(cut(name, path, size) or ())
        return groups

    for module in ("read.chunks", "corpus.row_files"):
        monkeypatch.setattr(f"curate.{module}.row_group_ranges", noted)
    for name in ["rows.parquet"] * (verb == "drop") + ["s3://data/rows.parquet"]:
        groups.clear()
        with in_chunks(2000):
            on_cluster = outcome([*commands([name])[verb], *on(nodes)], capsys)
        assert len(groups) > 5
        assert {file: unplaced(content) for file, content in on_cluster.items()} == {
            file: unplaced(content) for file, content in alone.items()
        }
        Path("rows.parquet").unlink(missing_ok=True)


@pytest.fixture
def one_core(nodes: Nodes) -> Iterator[None]:
    """All tasks run on one core, so that one worker loads a model."""
    from ray.util.placement_group import placement_group, remove_placement_group

    other = placement_group([{"CPU": 1}])
    assert other.wait(PATIENCE_SECONDS)
    yield
    remove_placement_group(other)


def unplaced(content: object) -> str:
    """An output without the place of the data, and without digests of files that name it."""
    text = content.decode() if isinstance(content, bytes) else str(content)
    text = re.sub(r"[\d,]+ null fields", "null fields", text)
    return re.sub("[0-9a-f]{64}", "", text.replace("s3://data/", ""))


@pytest.mark.usefixtures("one_core")
def test_a_model_that_judges_answers_gives_the_same_on_a_cluster(
    nodes: Nodes, write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(model_batches, "BATCH_TOKENS", 80)
    said = [f"{answer} It is {number} hours." for number in (2, 120) for answer in (LIT, DARK)]
    write("data.jsonl", [("Is the lamp lit?", answer) for answer in said])
    words = ["conflicts", "data.jsonl", "--embeddings", "", "--nli", tiny_nli(), "--json", "--all"]
    sent: list[str] = []
    pool = model_batches._Pools.pool

    def noted(pools: model_batches._Pools, loader: ModelLoader, model: object) -> ClusterPool:
        sent.append(loader.name)
        return pool(pools, loader, model)

    monkeypatch.setattr(model_batches._Pools, "pool", noted)
    alone = outcome(words, capsys)
    shutil.rmtree(".curate")
    assert outcome([*words, *on(nodes)], capsys) == alone
    assert {*sent} == {tiny_nli()}


def test_a_node_that_is_lost_changes_nothing(
    nodes: Nodes,
    write: Write,
    around: Callable[[Callable[..., Any]], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names, marker = sharded(2, write), tmp_path / "held"
    words = commands(names)["dedup"]
    alone = outcome(words, capsys)
    around(partial(held_once, marker, nodes.cluster.head_node.node_id))

    done = threading.Event()

    def lose() -> None:
        while not (marker.exists() and marker.read_text()):
            if done.wait(0.05):
                return
        nodes.remove(marker.read_text())

    losing = threading.Thread(target=lose, daemon=True)
    losing.start()
    with in_chunks(500):
        found = outcome([*words, *on(nodes)], capsys)
    done.set()
    losing.join()
    assert found == alone
    assert marker.exists(), "no task ran beside the head node"
    nodes.others.append(nodes.add())


@pytest.mark.parametrize(
    ("changed", "value", "said"),
    [
        ("_versions", {"numpy": "0.1"}, r"has numpy [\d.]+, not 0\.1"),
        ("_file_stamps", {"shard-0.jsonl": (1, 1)}, r"does not see the same shard-0\.jsonl"),
    ],
)
def test_a_worker_that_is_not_alike_is_refused(
    changed: str,
    value: dict[str, object],
    said: str,
    nodes: Nodes,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = sharded(0, write)
    monkeypatch.setattr(cluster, changed, lambda *_: value)  # in this process, not in the workers
    assert main(["check", *names, *on(nodes)]) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(f"--engine ray: node .+ {said}", err)


def test_what_a_task_raises_is_raised_here(nodes: Nodes, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("data.jsonl", [("What?", "This.")])
    monkeypatch.setattr(cluster, "_file_stamps", lambda _: {})
    monkeypatch.setenv("RAY_TASK_MAX_RETRIES", "1")  # not three times a worker that starts and ends
    with Executor(Engine.RAY, nodes.address).pool(1, processes=False, files=[path]) as pool:
        with pytest.raises(InputError, match=r"gone\.jsonl: cannot be read"):
            list(pool.each(chunk_bytes, [Chunk(Path("gone.jsonl"), "gone.jsonl", 0, None)]))
        with pytest.raises(CurateError, match="a task failed"):
            list(pool.each(os._exit, [1]))


def swept(name: str, executor: Executor = LOCAL) -> tuple["Sweep", bytes]:
    """The report of a sweep over eight ranks, without times, and its best recipe."""
    from train.journal import JournalPrinter
    from train.recipe import load_recipe
    from train.sweep.space import space_of
    from train.sweep.sweep_folder import SweepFolder
    from train.sweep.sweeper import sweep

    file = Path("recipe.toml")
    space = space_of(file, ["rank=1,2,3,4,5,6,7,8"])
    run, folder = partial(trained, Path.cwd()), SweepFolder(Path(name))
    report = sweep(load_recipe(file), space, folder, JournalPrinter(quiet=True), runner=run, executor=executor)
    trials = tuple(trial.model_copy(update={"seconds": 0.0}) for trial in report.trials)
    best = {"seconds": 0.0, "best_recipe": None, "trials": trials}
    return report.model_copy(update=best), Path(name, "best.toml").read_bytes()


def test_a_sweep_over_a_cluster_that_was_interrupted_finds_the_same_best_recipe(nodes: Nodes, write: Write) -> None:
    for name in ("train", "validation"):
        write(f"split/{name}.jsonl", [("What?", "This.")])
    write("model/config.json", b"{}")
    write("recipe.toml", b'model = "model"\ndata = "split"\n')
    Path("killed").touch()
    alone = swept("local")
    Path("killed").rename("hold")

    def interrupt() -> None:
        until(lambda: len(list(Path().glob("held-*"))) >= 2)
        os.kill(os.getpid(), signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        swept("cluster", Executor(Engine.RAY, nodes.address))
    interrupting.join()
    assert len(list(Path().glob("held-*"))) == 2, "two trials at once, one for each core"
    Path("hold").unlink()
    assert swept("cluster", Executor(Engine.RAY, nodes.address)) == alone
    assert Path("killed").exists()


KILLED_IN_BETWEEN: Final = """
import os, signal, sys
from curate.cli.main import main
from curate.corpus import loading
from curate.read import chunk_cache, file_parts

def saving(path, content, saved=[], save=chunk_cache.save):
    save(path, content)
    saved.append(path)
    if len(saved) == 4:
        os.kill(os.getpid(), signal.SIGKILL)

chunk_cache.save = saving
loading.CHUNK_BYTES = file_parts.CHUNK_BYTES = 2000
sys.exit(main(sys.argv[1:]))
"""


class KilledError(BaseException):
    """Ends a command as a signal does, in this process: workers of another one are started anew, which takes long."""


def end_in_between(words: list[str]) -> None:
    """Run a command that ends when it has saved four chunks."""
    saved = list[Path]()

    def saving(path: Path, content: Any) -> None:
        save(path, content)
        saved.append(path)
        if len(saved) == 4:
            raise KilledError

    with pytest.MonkeyPatch.context() as patched, in_chunks(2000):
        patched.setattr("curate.read.chunk_cache.save", saving)
        with pytest.raises(KilledError):
            main(words)


@pytest.mark.parametrize(("verb", "killed"), [("check", True), ("split", False), ("drop", False)])
def test_a_command_that_was_killed_resumes_after_the_chunks_that_were_finished(
    verb: str,
    killed: bool,
    nodes: Nodes,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = [line for line in lines(random.Random(7)) if line.startswith(b'{"messages"') and b"alone" not in line]
    write("data.jsonl", b"".join(line + b"\n" for line in [*data, b"no json"]))
    words = [word for word in commands(["data.jsonl"])[verb] if word != "--no-cache"]
    alone = outcome(words, capsys)
    shutil.rmtree(".curate", ignore_errors=True)
    if killed:
        ended = subprocess.run([sys.executable, "-c", KILLED_IN_BETWEEN, *words, *on(nodes)], check=False)
        assert ended.returncode == -signal.SIGKILL
    else:
        end_in_between([*words, *on(nodes)])
    read, each, counts = list[object](), ClusterPool.each, list[int]()

    def counted(pool: ClusterPool, make: Any, items: Any, quick: Any = bool) -> Any:
        return each(pool, make, map(noted, items), quick)

    def noted(item: object) -> object:
        if isinstance(item, Chunk | ChunkTask):
            read.append(item)
        return item

    monkeypatch.setattr(ClusterPool, "each", counted)
    with in_chunks(2000):
        for _ in ("resumed", "unchanged"):
            assert outcome([*words, *on(nodes)], capsys) == alone
            counts.append(len(read))
            read.clear()
        text = Path("data.jsonl").read_bytes()
        Path("data.jsonl").write_bytes(text.replace(b"river", b"rover"))
        changed = outcome([*words, *on(nodes)], capsys)
    assert counts == [len(read) - 4, 0]
    assert changed == outcome(words, capsys)


def test_without_the_extra_one_line_says_what_to_install(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("data.jsonl", [("What?", "This.")])
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["check", str(path), "--engine", "ray"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "pip install 'curate-chat[cluster]'" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://[::1]:1", "127.0.0.1:99999"])
def test_an_address_where_nothing_answers_is_told_at_once(
    address: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray", reason="the extra `cluster` is not installed")
    path = write("data.jsonl", [("What?", "This.")])
    assert main(["check", str(path), "--engine", "ray", "--address", address]) == ExitCode.USAGE
    assert f"no connection to {address}: " in capsys.readouterr().err


def test_an_address_without_an_engine_is_refused(write: Write) -> None:
    path = write("data.jsonl", [("What?", "This.")])
    assert main(["check", "--address", "127.0.0.1:1", str(path)]) == ExitCode.USAGE


def test_a_cluster_that_does_not_start_in_time_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_: object) -> None:
        raise Exception("The current node timed out during startup.")  # as `ray.init` does

    pool = Executor(Engine.RAY, "local").cluster()
    monkeypatch.setattr(pool._ray, "is_initialized", bool)
    monkeypatch.setattr(pool._ray, "init", init)
    with pytest.raises(CurateError, match="timed out during startup"), pool:
        pass
