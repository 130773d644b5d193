"""A cache of arrays on disk: a folder of signed .npz files, safe to delete."""

import hmac
import io
import os
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from curate.core.files import make_private_folder, new_temporary_file, remove_orphans, update

if TYPE_CHECKING:
    import numpy as np

    Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]

MOST: Final = 2 << 30
"""Maximum bytes of a folder; the least recently used files are deleted."""
SIGNED: Final = 32
"""Bytes of the signature, which precedes the arrays."""
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
"""What is raised for a file that is not as it was written: an archive may then ask for anything, a password or a
compression of the future.
"""


@cache
def _key() -> bytes:
    """What the archives of this user are signed with: it lies outside of all projects, so that nobody else can make one
    that is believed.

    Empty where it can be neither read nor made; then the signature only tells damage.
    """
    from platformdirs import user_state_path

    path = user_state_path("curate") / "cache.key"
    try:
        if not path.exists():
            make_private_folder(path.parent)
            with (
                new_temporary_file(path, 0o600) as (file, temporary),
                suppress(FileExistsError),
            ):  # another process was quicker
                file.write(os.urandom(32))
                file.flush()
                os.link(temporary, path)
        return path.read_bytes()
    except OSError:
        return b""


def load(path: Path, kinds: Mapping[str, str]) -> "Arrays | None":
    """The arrays of a file; None where there is none. Raises one of `DAMAGE` where they are not as they were written,
    or not of these `kinds`.

    kinds: numpy's names of types, by array.
    """
    import numpy as np

    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not hmac.compare_digest(data[:SIGNED], hmac.digest(_key(), memoryview(data)[SIGNED:], "sha256")):
        raise ValueError(path)
    file = io.BytesIO(data)
    file.seek(SIGNED)
    with np.load(file, allow_pickle=False) as saved:
        found = {name: saved[name] for name in kinds}
    if any(found[name].dtype.str != kind for name, kind in kinds.items()):
        raise ValueError(path)
    with suppress(OSError):
        os.utime(path)  # it is used
    return found


def save(path: Path, arrays: "Mapping[str, Any]") -> str:
    """Write a file that only its owner can read, signed, whole or not at all; says what went wrong, nothing as a rule.

    Not flushed to the disk: what is lost is made anew.
    """
    import numpy as np

    signature = hmac.new(_key(), digestmod="sha256")
    try:
        make_private_folder(path.parent)
        with new_temporary_file(path, 0o600) as (file, temporary):
            file.write(bytes(SIGNED))
            np.savez(file, allow_pickle=False, **arrays)
            file.seek(SIGNED)
            update(file, signature)
            file.seek(0)
            file.write(signature.digest())
            file.close()
            temporary.replace(path)
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return ""


def make_room(folder: Path) -> None:
    """Delete the least recently used files until the folder is small enough, and temporary files of killed
    processes.
    """
    with suppress(OSError):
        found = sorted(
            ((info.st_mtime, info.st_size, path) for path in folder.glob("*.npz") if (info := path.stat())),
            reverse=True,
        )
        size = 0
        for _, bytes_, path in found:
            size += bytes_
            if size > MOST:
                path.unlink(missing_ok=True)
        remove_orphans(folder)
