"""Executors for parts of the data: processes on this machine, or tasks of a Ray cluster.

Each part is processed independently and results are yielded in the order of the parts, so that they are the same on
every executor. Ray schedules tasks, moves their arguments and results, and repeats tasks of a lost process or node; a
task only reads. A worker gets its setup with its tasks: it works in the same folder, and fails if the versions of the
packages that affect results, or the files that it reads, differ from those of this process.
"""

import os
import pickle
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from curate import __version__
from curate.core.errors import CurateError, ExitCode, requiring
from curate.core.lazy import version_of
from curate.core.text import visible
from curate.parallel.worker_pool import Made, WorkerPool, cores
from curate.storage.files import display_name
from curate.storage.object_path import ObjectPath

PACKAGES: Final = ("numba", "numpy", "orjson", "polars", "xxhash")
"""Packages whose versions may change results."""
MODEL_PACKAGES: Final = ("peft", "sentence-transformers", "tokenizers", "torch", "transformers")
"""Packages whose versions may change the results of models."""
TASKS_PER_CORE: Final = 2


class Engine(StrEnum):
    """The type of an executor."""

    LOCAL = "local"
    RAY = "ray"


class Executor(NamedTuple):
    """An engine and its address."""

    engine: Engine = Engine.LOCAL
    address: str | None = None
    """Address of a Ray cluster; None for the one in RAY_ADDRESS, or a new one on this machine."""

    @property
    def remote(self) -> bool:
        """Whether workers may share nothing but files with this process."""
        return self.engine is Engine.RAY

    def pool(
        self,
        count: int,
        *,
        processes: bool,
        own: Callable[[], object] | None = None,
        make_state: Callable[[], object] | None = None,
        files: Iterable[Path] = (),
        cache: Path | None = None,
    ) -> WorkerPool:
        """A pool of workers; see `WorkerPool` for `count`, `processes`, `own` and `make_state`. `files`: those that all
        workers have to see as this process does; `cache`: the folder of a project in which results of a cluster are
        kept until the next run.
        """
        if not self.remote:
            return WorkerPool(count, processes=processes, own=own, make_state=make_state)
        pool = self.cluster(make_state, files)
        pool.checkpoints = cache
        return pool

    def connected(self) -> AbstractContextManager[object]:
        """The pools that are opened in the block share one connection to the cluster. Raises as `ClusterPool` does."""
        return self.cluster() if self.remote else nullcontext()

    def cluster(
        self,
        make_state: Callable[[], object] | None = None,
        files: Iterable[Path] = (),
        packages: Iterable[str] = PACKAGES,
        *,
        gpu: bool = False,
    ) -> "ClusterPool":
        """A pool of the workers of the cluster.

        `make_state` is called once per worker, for the state of its tasks. All workers must have the same `files`, and
        the same versions of `packages` or none. With `gpu`, each task has a GPU of its own, if the cluster has any.
        """
        return ClusterPool(self.address, make_state, files, packages, gpu=gpu)


LOCAL: Final = Executor()


class _Setup(NamedTuple):
    """The required environment of the workers of a pool, and the function that makes their state."""

    pool: str
    folder: str
    versions: Mapping[str, str]
    files: Mapping[str, tuple[int, int]]
    """Size and time of modification of each file, by its path."""
    make_state: Callable[[], object] | None


class ClusterPool(WorkerPool):
    """A pool whose workers are those of a Ray cluster; threads are those of this process, as many as it has cores."""

    remote = True

    def __init__(
        self,
        address: str | None,
        make_state: Callable[[], object] | None,
        files: Iterable[Path],
        packages: Iterable[str],
        *,
        gpu: bool,
    ) -> None:
        """Raises `MissingExtra`."""
        super().__init__(cores(), processes=False)
        with requiring("--engine ray", "cluster", "ray"):
            import ray
        self._ray, self._address, self._make_state, self._connected = ray, address, make_state, False
        self._gpu = gpu
        self._packed_setup: Any = None
        self._key, self._files, self._versions = (
            os.urandom(16).hex(),
            _file_stamps(str(path) for path in files if not isinstance(path, ObjectPath)),
            _versions(packages),
        )

    def __enter__(self) -> Self:
        """Connect, unless this process is connected. Raises `CurateError`."""
        address = self._address or os.environ.get("RAY_ADDRESS") or "local"
        _require_answer(address)
        if not self._ray.is_initialized():
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no usage statistics are sent
            quiet = {"log_to_driver": False, "logging_level": "ERROR"}
            alone = {"env_vars": {"POLARS_MAX_THREADS": "1"}}  # there is a worker for each core
            try:
                self._ray.init(address=address, runtime_env=alone, **quiet)
            except Exception as error:  # Ray raises this class where its processes start too slowly
                raise CurateError(
                    f"--engine ray: no connection to {visible(address)}: {visible(str(error).partition(chr(10))[0])}",
                    "`ray status --address ADDR` tells whether the cluster runs",
                ) from error
            self._connected = True
        # Ray prints messages about lost workers to standard output, where curate writes data, and has no option for it.
        self._ray._private.worker._worker_logs_enabled = False
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        super().__exit__(kind, *error)
        if self._connected:
            self._ray.shutdown()

    def each(self, make: Callable[..., Made], items: Iterable[Any], quick: Callable[[], bool] = bool) -> Iterator[Made]:  # noqa: ARG002
        """Apply `make` to each item in a task and yield results in order; `quick` has no effect. Raises the errors of
        `make`, and `CurateError` if a task is lost as often as Ray repeats it.
        """
        waiting, begin, most = deque[Any](), self._begin(make), TASKS_PER_CORE * self.places
        try:
            for item in items:
                waiting.append(begin(item))
                if len(waiting) >= most:
                    yield self._result(waiting.popleft())
            while waiting:
                yield self._result(waiting.popleft())
        finally:
            for reference in waiting:
                self._ray.cancel(reference)

    def each_compiled(self, make: Callable[[Any], Made], items: Iterable[Any]) -> Iterator[Made]:
        """As `each`; items and results are copied between processes."""
        return self.each(make, items)

    @property
    def running(self) -> bool:
        """True: the cluster runs."""
        return True

    @property
    def places(self) -> int:
        """How many tasks the cluster runs at once."""
        return self._gpus or max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    @property
    def _gpus(self) -> int:
        """The number of GPUs of the cluster; 0 for a pool without them."""
        return int(self._ray.cluster_resources().get("GPU", 0)) if self._gpu else 0

    def task(self, make: Callable[..., Made], item: Any) -> "ClusterTask":
        """Apply `make` to an item in a task that can be followed."""
        return ClusterTask(self, self._begin(make)(item))

    def _begin(self, make: Callable[..., object]) -> Callable[[Any], Any]:
        """A function that begins the task of an item, and gives Ray's reference to its result."""
        packed = self._ray.cloudpickle.dumps
        if self._packed_setup is None:
            setup = _Setup(self._key, str(Path.cwd()), self._versions, self._files, self._make_state)
            self._packed_setup = self._ray.put(packed(setup))
        setup_at, work = self._packed_setup, self._ray.put(packed(make))
        task = self._ray.remote(_run).options(num_gpus=min(1, self._gpus))
        return lambda item: task.remote(setup_at, work, _packed_item(item, packed))

    def _result(self, reference: Any, timeout: float | None = None) -> Any:
        """The result of a task, after at most `timeout` seconds; None: without limit.

        Raises the task's own exception, `CurateError` if Ray reports a failure, and Ray's errors of a timeout and of a
        cancelled task.
        """
        try:
            result = self._ray.cloudpickle.loads(self._ray.get(reference, timeout=timeout))
        except (self._ray.exceptions.GetTimeoutError, self._ray.exceptions.TaskCancelledError):
            raise
        except self._ray.exceptions.RayError as error:
            raise CurateError(
                f"--engine ray: a task failed: {visible(str(error.args[0] if error.args else error)[:200])}",
                "the logs of Ray tell more; each node needs the same installation of curate, and enough memory",
            ) from error
        if isinstance(result, BaseException):
            raise result
        return result


class ClusterTask(NamedTuple):
    """A task of a cluster, with the methods of a process; its result is its exit status."""

    pool: ClusterPool
    reference: Any

    def wait(self, timeout: float) -> Any:
        """The exit status of the task, `ExitCode.INTERRUPTED` if it was killed. Raises `TimeoutError` after `timeout`
        seconds, and what `ClusterPool.each` raises.
        """
        try:
            return self.pool._result(self.reference, timeout)
        except self.pool._ray.exceptions.TaskCancelledError:
            return ExitCode.INTERRUPTED

    def send_signal(self, _number: int) -> None:
        """Interrupt it as Ctrl-C does."""
        self.pool._ray.cancel(self.reference)

    def kill(self) -> None:
        """End its process."""
        self.pool._ray.cancel(self.reference, force=True)


def _require_answer(address: str) -> None:
    """Raise `CurateError` if no server listens at HOST:PORT; Ray would try for minutes."""
    import socket  # not needed without a cluster

    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise CurateError(
            f"--engine ray: no connection to {visible(address)}: {visible(str(error))}",
            "`ray start --head` starts a cluster and prints its address",
        ) from error


def _versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions by package; "none" for a package that is not installed."""
    own = {"curate": __version__, "python": sys.version.partition(" ")[0]}
    return own | {name: version_of(name) or "none" for name in packages}


def _file_stamps(paths: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Size and time of modification of those paths that are files."""
    stamps = {}
    for path in paths:
        with suppress(OSError):
            status = Path(path).stat()
            stamps[path] = (status.st_size, status.st_mtime_ns)
    return stamps


def _packed_item(item: object, otherwise: Callable[[object], bytes]) -> bytes:
    """An item as bytes: by `pickle`, which is several times as fast for many small objects, or `otherwise`."""
    try:
        return pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError):
        return otherwise(item)


def _run(setup: bytes, work: bytes, item: bytes) -> bytes:
    """A task: the result of `make` for an item, or the exception that it raises.

    Arguments and results are bytes: arrays that Ray moves itself are read-only, and keep the whole object in memory.
    """
    from ray import cloudpickle

    try:
        state, make = _prepared(setup), cloudpickle.loads(work)
        result = make(*state, cloudpickle.loads(item))
    except Exception as error:  # noqa: BLE001
        result = error
    try:
        packed: bytes = cloudpickle.dumps(result)
    except Exception:  # noqa: BLE001  # whatever an object raises that cannot be sent
        packed = cloudpickle.dumps(RuntimeError(f"{type(result).__name__} cannot be sent to another process"))
    return packed


@lru_cache(1)
def _prepared(packed: bytes) -> tuple[object, ...]:
    """The state of this worker for a pool: the arguments that precede each item. Raises `CurateError`."""
    from ray import cloudpickle

    setup: _Setup = cloudpickle.loads(packed)
    _require_same_environment(setup)
    return () if setup.make_state is None else (setup.make_state(),)


def _require_same_environment(setup: _Setup) -> None:
    """Raise `CurateError` if the environment of this worker differs from that of the process that sent the task."""
    import platform  # only needed by workers

    with suppress(OSError):
        os.chdir(setup.folder)  # if it does not exist here, files at relative paths differ, which is reported below
    installed = _versions(setup.versions.keys() - {"curate", "python"})
    differing = [
        f"{name} {installed[name]}, not {version}"
        for name, version in setup.versions.items()
        if installed[name] != version
    ]
    if differing:
        raise CurateError(
            f"--engine ray: node {platform.node()} has {'; '.join(differing)}",
            "install the same versions on all nodes: others may give other results",
        )
    stamps = _file_stamps(setup.files)
    if unequal := [path for path, stamp in setup.files.items() if stamps.get(path) != stamp]:
        raise CurateError(
            f"--engine ray: node {platform.node()} does not see the same {display_name(unequal[0])}",
            "put the data on storage that all nodes have at the same path",
        )
