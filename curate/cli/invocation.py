"""The options that all commands have, and the notes that are printed when a command ends."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from typer.main import get_current_context  # type: ignore[attr-defined]  # typer exports no other way to it

from curate.storage.data_files import LeftOut
from curate.storage.data_path import DataPath
from curate.storage.paths import from_here
from curate.storage.tables import NULLS_LEFT_OUT
from curate.storage.tables import __name__ as tables


@dataclass(slots=True)
class Invocation:
    """The common options of a call of a command: the object of typer's context."""

    urls: Mapping[Path, DataPath] = field(default_factory=dict)
    """The paths that took the places of URLs on the command line, with the names that they are shown by."""
    config: Path | None = None
    """The file of --config."""
    left_out: LeftOut | None = None
    """The files that --exclude and --respect-gitignore leave out of folders."""


def invocation() -> Invocation:
    """The invocation of the command that runs in this thread; without a command, the defaults."""
    context = get_current_context(silent=True)
    return Invocation() if context is None else context.ensure_object(Invocation)


class _Nulls(logging.Handler):
    """Keeps the last message about each table: a command may read a table several times."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: dict[str, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == NULLS_LEFT_OUT and isinstance(record.args, tuple):
            name = str(record.args[0])  # `curate run` reads the files of its configuration by absolute paths
            shown = str(from_here(Path(name))) if Path(name).is_absolute() else name
            self.notes[shown] = shown + record.getMessage().removeprefix(name)


@contextmanager
def left_out_nulls() -> Iterator[Mapping[str, str]]:
    """Collect log messages during the block: yields, by table, the last message about nulls that were left out."""
    log, handler = logging.getLogger(tables), _Nulls()
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield handler.notes
    finally:
        log.removeHandler(handler)
        log.setLevel(before[0])
        log.propagate = before[1]
