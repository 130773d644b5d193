"""Long work that can be abandoned on exit.

Textual's thread workers run in asyncio's pool, and leaving the application waits for the pool: a search for duplicates
in a large file would hold the terminal for minutes after `q`. Work started here is abandoned instead, so it must not
write anything.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress


async def cancellable(work: Callable[[], None]) -> None:
    """Run `work` in a thread that is abandoned on cancellation; its exception is raised here."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        error: Exception | None = None
        try:
            work()
        except Exception as caught:  # noqa: BLE001
            error = caught
        with suppress(RuntimeError):  # the loop is closed: the application has exited
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, name="curate-load", daemon=True).start()
    await done
