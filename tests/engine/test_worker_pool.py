"""Processes of the pool: what they raise is raised here, whatever it is made of."""

import os
import signal
import threading
from collections.abc import Callable

import pytest

from curate.core.errors import CurateError, InputError, MissingExtra
from curate.parallel.worker_pool import WorkerPool

pytestmark = pytest.mark.slow


def _refused(_: object, item: int) -> int:
    if item == 5:
        raise MissingExtra("reading tables", "tables", "tabulate")
    return item


def _unreadable(_: object, item: int) -> int:
    if item == 5:
        raise InputError("data.jsonl: gone", "look for it")
    return item


def _unsendable(_: object, item: int) -> object:
    return threading.Lock() if item == 5 else item


def _raising_what_is_unsendable(_: object, item: int) -> int:
    if item == 5:
        error = ValueError("of the data")
        error.lock = threading.Lock()  # type: ignore[attr-defined]
        raise error
    return item


@pytest.mark.parametrize(
    ("make", "kind", "said"),
    [
        (_refused, MissingExtra, "reading tables requires the package 'tabulate', which is not installed"),
        (_unreadable, InputError, r"data\.jsonl: gone"),
        (_unsendable, RuntimeError, "lock cannot be sent to another process"),
        (_raising_what_is_unsendable, RuntimeError, "ValueError cannot be sent to another process"),
    ],
)
def test_what_a_process_raises_is_raised_here(
    make: Callable[[object, int], object], kind: type[Exception], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with WorkerPool(2, processes=True, own=object, make_state=object) as pool:
        made = pool.each(make, range(9))
        assert [next(made) for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(kind, match=said) as caught:
            next(made)
    assert not isinstance(caught.value, CurateError) or caught.value.hint
    assert capfd.readouterr().err == ""


def test_one_item_is_computed_in_a_process_beside_this_one() -> None:
    with WorkerPool(1, processes=True) as pool:
        assert pool.begin(_process, 1).result() != os.getpid()
    with WorkerPool(1, processes=True) as pool:
        made = pool.begin(_alone, 5)
        with pytest.raises(InputError, match="gone"):
            made.result()


def _process(_: int) -> int:
    return os.getpid()


def _alone(item: int) -> int:
    return _unreadable(None, item)


def _killed(_: object, item: int) -> int:
    if item == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def test_after_a_process_died_no_other_item_is_sent_to_it() -> None:
    with WorkerPool(2, processes=True, own=object, make_state=object) as pool:
        with pytest.raises(CurateError, match="a worker process died") as caught:
            list(pool.each(_killed, range(9)))
        assert "curate check" not in caught.value.hint, "other commands have workers, too"
        with pytest.raises(CurateError, match="a worker process died"):
            list(pool.each(_refused, range(4)))
