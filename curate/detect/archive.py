"""Arrays on disk that can be made anew at any time: a folder of .npz files, safe to delete."""

import os
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from curate.files import TEMPORARY, remove_orphans

if TYPE_CHECKING:
    import numpy as np

    Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]

MOST: Final = 2 << 30
"""Bytes of a folder; what was used longest ago goes."""
DAMAGE: Final = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    SyntaxError,
    TypeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What is raised for a file that is not as it was written: an archive may then ask for anything, a password or a compression of the future."""


def load(path: Path, kinds: Mapping[str, str]) -> "Arrays | None":
    """The arrays of a file; None where there is none. Raises one of `DAMAGE` where they are not of these `kinds` (numpy's names of types)."""
    import numpy as np

    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            found = {name: saved[name] for name in kinds}
    except (FileNotFoundError, NotADirectoryError):
        return None
    if any(found[name].dtype.str != kind for name, kind in kinds.items()):
        raise ValueError(path)
    with suppress(OSError):
        os.utime(path)  # it is used
    return found


def save(path: Path, arrays: "Mapping[str, Any]") -> str:
    """Write a file, whole or not at all; says what went wrong, nothing as a rule. Not flushed to the disk: what is lost is made anew."""
    import numpy as np

    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        return f"{path}: {error.strerror or error}"
    return ""


def make_room(folder: Path) -> None:
    """Delete what was used longest ago, until the rest is small enough, and what killed processes left."""
    with suppress(OSError):
        found = sorted(((info.st_mtime, info.st_size, path) for path in folder.glob("*.npz") if (info := path.stat())), reverse=True)
        size = 0
        for _, bytes_, path in found:
            size += bytes_
            if size > MOST:
                path.unlink(missing_ok=True)
        remove_orphans(folder)
