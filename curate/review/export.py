"""Write the lines of entries, as they are in the files."""

from pathlib import Path
from typing import IO

from curate.core.errors import UsageError
from curate.core.lazy import Rows, np
from curate.core.text import visible
from curate.review.entry import Kind
from curate.review.session import ReviewSession
from curate.storage.files import replacing


def lines_of(session: ReviewSession, kind: Kind, rows: Rows) -> Rows:
    """The numbers of the lines of some entries, each once and in the order of the files."""
    if kind == "example":
        return np.unique(rows)
    queue = session.queues[kind]
    numbers = (session.lines.find(place) for row in rows.tolist() for place in queue.places(row) if place.line)
    return np.unique(np.fromiter((number for number in numbers if number is not None), np.int32))


def write_lines(session: ReviewSession, lines: Rows, file: IO[bytes]) -> None:
    """Write lines of the data to `file` as JSON Lines. Bytes are unchanged, except that each line ends with a newline.

    An element of a JSON document that spans several lines is written on one line. `lines`: line numbers over all files.
    Raises `InputError` if a file became shorter.
    """
    for number in lines.tolist():
        index, position = session.lines.where(number)
        data = index.data(position)
        if b"\n" in data or b"\r" in data:  # between the values of a document; in a text they are escaped
            data = data.replace(b"\r", b" ").replace(b"\n", b" ")
        file.write(data + b"\n")


def export_lines(session: ReviewSession, lines: Rows, path: Path) -> None:
    """Write lines to a new file. Raises `UsageError` if it exists, `OutputError`, `InputError`."""
    if path.suffix != ".jsonl":
        raise UsageError(f"{visible(str(path))}: lines are written as JSON Lines", "choose a name that ends in .jsonl")
    if path.exists() or path.is_symlink():
        raise UsageError(f"{visible(str(path))}: already exists", "choose another name")
    with replacing(path, mode=session.log.mode) as file:
        write_lines(session, lines, file)
