"""The cache of arrays on disk: a folder of signed .npz files, safe to delete, and rows of arrays by key."""

import hashlib
import hmac
import io
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from curate.core.files import make_private_folder, new_temporary_file, remove_orphans, update
from curate.core.lazy import Arrays, np
from curate.core.limits import read_regular
from curate.core.signature import own_key

Made = TypeVar("Made")
MAX_FOLDER_BYTES: Final = 2 << 30
"""The least recently used files are deleted."""
FILE_NAME: Final = re.compile(r"[a-z]+-[0-9a-f]{32}\.npz")
"""Names of files that may be deleted."""
SIGNATURE_BYTES: Final = 32
"""It precedes the arrays."""


@cache
def code_id(*packages: str) -> str:
    """Identifier of the code of some packages of `curate`: what other code computed is computed again."""
    total = hashlib.sha256()
    for package in packages:
        for file in sorted((Path(__file__).parents[1] / package).rglob("*.py")):
            total.update(file.read_bytes())
    return total.hexdigest()


def load(
    path: Path,
    kinds: Mapping[str, str],
    decode: Callable[[Arrays], Made],
    damaged: Callable[[], object] = lambda: None,
) -> Made | None:
    """Read a file and `decode` its arrays; None if it does not exist.

    Also None, after a call of `damaged`, if the signature or the `kinds` (numpy type names, by array) do not match, or
    `decode` raises `ValueError`.
    """
    try:
        return decode(_arrays(path, kinds))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception:  # noqa: BLE001 - a corrupt archive may ask for anything, such as a password
        damaged()
        return None


def _arrays(path: Path, kinds: Mapping[str, str]) -> Arrays:
    data = read_regular(path)
    if not hmac.compare_digest(
        data[:SIGNATURE_BYTES], hmac.digest(own_key(), memoryview(data)[SIGNATURE_BYTES:], "sha256")
    ):
        raise ValueError(path)
    file = io.BytesIO(data)
    file.seek(SIGNATURE_BYTES)
    with np.load(file, allow_pickle=False) as saved:
        found = {name: saved[name] for name in kinds}
    if any(found[name].dtype.str != kind for name, kind in kinds.items()):
        raise ValueError(path)
    with suppress(OSError):
        os.utime(path)  # marks it as recently used
    return found


def save(path: Path, arrays: Mapping[str, Any]) -> str:
    """Write a signed file atomically, readable by its owner only; returns an error message, usually None.

    It is not flushed to disk: a lost file is recomputed.
    """
    signature = hmac.new(own_key(), digestmod="sha256")
    if path.parent.is_symlink():  # of an untrusted project
        return f"{path.parent}: is a link"
    try:
        make_private_folder(path.parent)
        with new_temporary_file(path, 0o600) as (file, temporary):
            file.write(bytes(SIGNATURE_BYTES))
            np.savez(file, allow_pickle=False, **arrays)
            file.seek(SIGNATURE_BYTES)
            update(file, signature)
            file.seek(0)
            file.write(signature.digest())
            file.close()
            temporary.replace(path)
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return ""


def make_room(folder: Path) -> None:
    """Delete temporary files of killed processes, and the least recently used files beyond the size limit.

    Only files with a name of the cache: an untrusted project may have a link to another folder in its place.
    """
    with suppress(OSError):
        found = sorted(
            (
                (info.st_mtime, info.st_size, path)
                for path in folder.glob("*.npz")
                if FILE_NAME.fullmatch(path.name) and (info := path.stat())
            ),
            reverse=True,
        )
        size = 0
        for _, bytes_, path in found:
            size += bytes_
            if size > MAX_FOLDER_BYTES:
                path.unlink(missing_ok=True)
        remove_orphans(folder)


@dataclass(slots=True)
class KeyedRows:
    """Rows of an array, each with a key."""

    keys: Any
    """Ascending."""
    rows: Any

    @classmethod
    def of(cls, keys: Any, rows: Any) -> Self:
        """Sort rows by key; the first of equal keys is kept. Raises `ValueError` if the numbers differ."""
        if len(keys) != len(rows):
            raise ValueError("arrays that do not fit each other")
        every, first = np.unique(keys, return_index=True)
        return cls(every, rows[first])

    def find(self, keys: Any) -> tuple[Any, Any]:
        """The row of each key, zeros if it is unknown; and whether it is known."""
        if not len(self.keys):
            return np.zeros((len(keys), *self.rows.shape[1:]), self.rows.dtype), np.zeros(len(keys), dtype=np.bool_)
        at = np.minimum(self.keys.searchsorted(keys), len(self.keys) - 1)
        found, known = self.rows[at], self.keys[at] == keys
        found[~known] = 0
        return found, known
