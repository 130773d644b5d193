"""Files at other places: hf://, s3://, gs://, az:// and http(s)://.

Tasks of a cluster read ranges of an object (see `curate.storage.object_path`). Otherwise a file is downloaded once to
the user's cache and read there; its entity tag decides whether the copy is current. An interrupted download resumes
where it stopped, if the file is still the same. User names, passwords and queries of a URL, which may be signatures,
are masked wherever a URL is shown or stored. Nothing is sent but the requests themselves, and nothing at all with
HF_HUB_OFFLINE=1 or CURATE_OFFLINE=1, where the last copy is read.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from curate.core.errors import InputError, OutputError, UsageError
from curate.storage.data_path import DataPath
from curate.storage.shards import unsharded_name
from curate.storage.urls import TransientError, explained, is_offline, safe_url, scheme_of, without_credentials

if TYPE_CHECKING:
    from curate.storage.http_download import Reply

VERSION_KEYS: Final = ("ETag", "etag", "blob_id", "md5Hash", "LastModified", "last_modified", "mtime", "updated")
"""Keys of a file's description that change with its content, by preference."""
ATTEMPTS: Final = 5
"""Attempts without progress before a download is given up."""
FIRST_PAUSE_SECONDS = 0.5
"""Doubled before each further attempt."""
BLOCK_BYTES: Final = 4 << 20
ANNOUNCED_BYTES: Final = 50 << 20
"""Size in bytes from which a download is announced."""
DESCRIPTIONS: Final = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")
"""JSON files beside the data of a data set, which are not read with a folder."""


def copy_of(url: str) -> DataPath | None:
    """The last copy of a URL; None if there is no copy."""
    path = copy_path(url)
    return path if path.is_file() else None


def copy_path(url: str) -> DataPath:
    """The path of the copy of a URL; its display name is the masked URL."""
    name = re.sub(r"[^\w.-]+", "_", unquote(urlsplit(url).path).rpartition("/")[2]).lstrip(".")[-100:] or "data"
    key = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return DataPath.of(downloads_folder() / key / name, safe_url(url))


def downloads_folder() -> Path:
    """The folder with the copies of URLs."""
    from platformdirs import user_cache_path  # only commands with a URL come here

    return user_cache_path("curate") / "files"


def files_at(url: str, suffixes: Sequence[str]) -> list[str]:
    """The URLs of the files that a URL names: a file, or the files below a folder or of a pattern.

    Of a folder or pattern, only names that end in `suffixes` are read. Raises `InputError`, `MissingExtra`.
    """
    scheme = scheme_of(url)
    if scheme == "http" or is_offline():
        return [url]
    with explained(url, "read"):
        system, path = _file_system(url)
        if re.search(r"[*?\[]", path):
            names = system.glob(path)
        elif system.isfile(path):
            return [url]
        else:
            names = system.find(path)
            if not names:
                raise FileNotFoundError(path)
    data_names = [
        name
        for name in sorted(map(str, names))
        if name.lower().endswith(tuple(suffixes)) and name.rpartition("/")[2] not in DESCRIPTIONS
    ]
    if not data_names:
        raise InputError(
            f"{safe_url(url)}: no data files ({len(names):,} others)",
            f"curate reads {', '.join(suffixes[:3])} and tables",
        )
    return [f"{scheme}://{name}" for name in data_names]


def local_copy(url: str, tell: Callable[[str], None]) -> DataPath:
    """The current copy of one file. Raises `InputError`, `OutputError`, `MissingExtra`."""
    from filelock import FileLock

    path = copy_path(url)
    folder = path.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            if not is_offline():
                _Download(url, path).run(tell)
            elif not path.is_file():
                raise InputError(
                    f"{safe_url(url)}: not in the cache, and network access is off",
                    "unset HF_HUB_OFFLINE and CURATE_OFFLINE, or pass a file on this machine",
                )
    except OSError as error:
        raise OutputError.of(folder, error, "free disk space, or set XDG_CACHE_HOME") from error
    return path


class _Download:
    """The download of one file."""

    def __init__(self, url: str, path: Path) -> None:
        self.url, self.path, self.shown = url, path, safe_url(url)
        self.part = path.with_name(f".{path.name}.part")

    def run(self, tell: Callable[[str], None]) -> None:
        """Download what is missing. Raises `InputError`, `OSError` if the copy cannot be written."""
        failed, had = 0, -1
        while True:
            try:
                with explained(self.url, "read"):
                    if self._attempt(tell):
                        return
                why = "it changed while it was read"
            except TransientError as error:
                why = str(error)
            size = self.part.stat().st_size if self.part.is_file() else 0
            failed = 1 if size > had else failed + 1
            had = max(had, size)
            if failed >= ATTEMPTS:
                raise InputError(
                    f"{self.shown}: the download broke off {ATTEMPTS} times: {why}",
                    f"run it again later: it resumes after {size:,} bytes",
                )
            time.sleep(FIRST_PAUSE_SECONDS * 2 ** (failed - 1))

    def _attempt(self, tell: Callable[[str], None]) -> bool:
        """Read as much as possible. Returns whether the copy is complete."""
        current_tag = _tag_of(self.path) if self.path.is_file() else ""
        part_tag = _tag_of(self.part) if self.part.is_file() else ""
        start = self.part.stat().st_size if part_tag else 0
        # its modules take as long to import as a small file to check
        from curate.storage.http_download import read_http

        read = read_http if scheme_of(self.url) == "http" else _object
        reply = read(self.url, current_tag, part_tag, start)
        if reply.unchanged:
            return True
        if reply.size is not None and reply.size - reply.start > ANNOUNCED_BYTES:
            tell(f"downloading {self.shown}: {reply.size - reply.start >> 20:,} MiB")
        if not reply.start:
            self.part.unlink(missing_ok=True)  # before its tag: a kill in between leaves no bytes of another content
        self._set_tag(self.part, reply.tag)
        with self.part.open("r+b" if reply.start else "wb") as file:
            file.truncate(reply.start)
            file.seek(reply.start)
            for block in reply.blocks:
                _write_block(file, block)
            size = file.tell()
            file.flush()
            os.fsync(file.fileno())
        if reply.size is not None and size > reply.size:
            self.part.unlink()
            raise TransientError(f"{size:,} bytes came instead of {reply.size:,}")
        if reply.size is not None and size < reply.size:
            raise TransientError(f"it ended after {size:,} of {reply.size:,} bytes")
        if read is _object and reply.tag and described(self.url)[0] != reply.tag:
            self.part.unlink()
            return False
        self.part.replace(self.path)
        self._set_tag(self.path, reply.tag)  # after the bytes: a kill in between costs a download
        return True

    def _set_tag(self, path: Path, tag: str) -> None:
        """Store the tag of the file beside its copy at a path."""
        path.with_name(f"{path.name}.json").write_text(json.dumps({"url": self.shown, "tag": tag}), encoding="utf-8")


def _tag_of(path: Path) -> str:
    """The tag that was stored beside the copy at a path; empty without one."""
    try:
        return str(json.loads(path.with_name(f"{path.name}.json").read_text(encoding="utf-8"))["tag"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _write_block(file: Any, block: bytes) -> None:
    """Append a block to an open copy. Raises `OutputError` on a full disk."""
    try:
        file.write(block)
    except OSError as error:
        raise OutputError(
            f"the copy cannot be written: {error.strerror or error}", "free disk space, or set XDG_CACHE_HOME"
        ) from error


def _object(url: str, current_tag: str, part_tag: str, start: int) -> "Reply":
    """A file of an object store, from `start` if it is unchanged since the earlier attempt."""
    from curate.storage.http_download import Reply

    tag, size = described(url)
    if current_tag and current_tag == tag:
        return Reply(tag, size, 0, iter(()), unchanged=True)
    first = start if part_tag and part_tag == tag and (size is None or start <= size) else 0

    def blocks() -> Iterator[bytes]:
        system, path = _file_system(url)
        try:
            with system.open(path, "rb", block_size=BLOCK_BYTES) as file:
                file.seek(first)
                while block := file.read(BLOCK_BYTES):
                    yield block
        except (FileNotFoundError, PermissionError):
            raise
        except OSError as error:
            raise TransientError(without_credentials(str(error))) from error

    return Reply(tag, size, first, blocks())


def described(url: str) -> tuple[str, int | None]:
    """A tag that changes with the content of an object, empty without one; and its size in bytes, None if unknown."""
    system, path = _file_system(url)
    info = system.info(path)
    return str(next((info[key] for key in VERSION_KEYS if info.get(key)), "")), info.get("size")


def opened(url: str) -> Any:
    """The file at a URL of an object store; only bytes that are read are requested. Raises what the library raises."""
    system, path = _file_system(url)
    return system.open(path, "rb", cache_type="none")


def ranges_of(url: str, starts: list[int], ends: list[int]) -> list[bytes]:
    """Byte ranges of a file of an object store, many of them requested at once. Raises what the library raises."""
    system, path = _file_system(url)
    ranges: list[bytes] = system.cat_ranges([path] * len(starts), starts, ends, on_error="raise")
    return ranges


def _file_system(url: str) -> tuple[Any, str]:
    """The file system of an object store, without a cache of listings, and the path in it."""
    import fsspec

    scheme = scheme_of(url)
    options: dict[str, Any] = {"use_listings_cache": False}
    if scheme == "s3":
        from botocore.session import get_session

        options["anon"] = get_session().get_credentials() is None  # public buckets need none
    elif scheme == "hf":
        from huggingface_hub import HfFileSystem

        return HfFileSystem(endpoint=os.environ.get("HF_ENDPOINT")), url[len("hf://") :]
    elif scheme == "gs":  # else each access asks for the type of the bucket first, and warns if that is not allowed
        os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    system = fsspec.filesystem({"az": "abfs"}.get(scheme, scheme), **options)
    return system, url.partition("://")[2]


def require_writable(url: str, *, overwrite: bool) -> None:
    """Raise `UsageError` if an output at a URL exists or cannot be written there, `MissingExtra`."""
    if scheme_of(url) == "hf":
        raise UsageError(
            f"{safe_url(url)}: a data set of the hub is not written file by file",
            "write a folder, and upload it with `curate.split(...).push_to_hub(...)`",
        )
    if scheme_of(url) == "http" or urlsplit(url).query:
        raise UsageError(f"{safe_url(url)}: nothing can be written there", "write to a file, s3://, gs:// or az://")
    if is_offline():
        raise UsageError(f"{safe_url(url)}: network access is off", "unset HF_HUB_OFFLINE and CURATE_OFFLINE")
    with explained(url, "written"):
        system, path = _file_system(url)
        if not overwrite and system.exists(path):
            raise UsageError(
                f"{safe_url(url)}: already exists",
                "choose another output, or pass --overwrite where the command has it",
            )


def upload(folder: Path, url: str, last: str, *, overwrite: bool, read: Sequence[str] = ()) -> int:
    """Write the files of a folder below a URL, the one named `last` at the end; returns their number.

    Raises `OutputError`, `UsageError` if one of them exists and is not to be replaced, or if one of the files at the
    URLs `read` would be replaced or deleted; nothing is written then.
    """
    files = sorted(
        (file for file in folder.rglob("*") if file.is_file() and not file.name.endswith(".lock")),
        key=lambda file: (file.name == last, file),
    )
    with explained(url, "written"):
        system, path = _file_system(url)
        targets = [f"{path.rstrip('/')}/{file.relative_to(folder).as_posix()}" for file in files]
        for target in targets:
            if not overwrite and system.exists(target):
                raise UsageError(f"{scheme_of(url)}://{target}: already exists", "choose another output")
        outdated = _outdated_shards(system, targets)
        if outdated and not overwrite:
            raise UsageError(f"{scheme_of(url)}://{outdated[0]}: already exists", "choose another output")
        if replaced := {*targets, *outdated} & {name.partition("://")[2] for name in read}:
            raise UsageError(
                f"{scheme_of(url)}://{min(replaced)}: would replace an input file", "choose another output"
            )
        for file, target in zip(files, targets, strict=True):
            system.put_file(str(file), target)
        for name in outdated:
            system.rm_file(name)
    return len(files)


def _outdated_shards(system: Any, targets: Sequence[str]) -> list[str]:
    """The objects beside those to write that are other shards of the same outputs, or such an output in one file: a
    reader of all of them would read their lines twice.
    """
    outputs = {unsharded_name(target) for target in targets}
    names = set[str]()
    for folder in {target.rpartition("/")[0] for target in targets}:
        with suppress(FileNotFoundError, PermissionError):  # who may write may not be allowed to list
            names.update(str(name).lstrip("/") for name in system.ls(folder, detail=False))
    return sorted(name for name in names - {*targets} if unsharded_name(name) in outputs)


def mirror(url: str, folder: Path) -> DataPath:
    """Download the files below a URL to a folder; returns the folder with the URL as its display name. Raises
    `InputError`, `MissingExtra`.
    """
    import shutil

    with explained(url, "read"):
        system, path = _file_system(url)
        names = sorted(map(str, system.find(path)))
        if not names:
            raise FileNotFoundError(path)
    for name in names:
        inside = name.removeprefix(path.strip("/")).strip("/")
        if ".." in inside.split("/"):
            raise InputError(f"{safe_url(url)}: has the name {inside!r}, which leads out of it", "rename it")
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(local_copy(f"{scheme_of(url)}://{name}", lambda _: None), folder / inside)
    return DataPath.of(folder, safe_url(url))
