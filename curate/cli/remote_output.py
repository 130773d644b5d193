"""Outputs at other places: a command writes to a folder of this machine, and what it wrote is uploaded at the end."""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from curate.cli.options import print_notes
from curate.core.errors import CurateError, OutputError, UsageError
from curate.core.text import plural
from curate.storage.data_path import DataPath
from curate.storage.files import DATA_SUFFIXES, MANIFEST
from curate.storage.places import files_at, local_copy, mirror, require_writable, upload
from curate.storage.scratch import scratch
from curate.storage.urls import is_url, safe_url

OUTPUT_OPTIONS: Final = ("-o", "--output")
WRITING_COMMANDS: Final = ("convert", "decontaminate", "dedup", "split")
"""Commands that can write to a URL."""


class RemoteOutput(NamedTuple):
    """An output at a URL, and the folder that it is written to first, which is deleted at the end."""

    url: str
    folder: Path
    overwrite: bool
    inputs: list[str]
    """The URLs of the command's inputs."""

    @property
    def path(self) -> DataPath:
        """Where the command writes to; it is shown by the URL."""
        folder, _, name = self.url.rpartition("/")
        return DataPath.of(self.folder, safe_url(folder)) / name

    def send(self) -> None:
        """Upload the files of the folder. If that fails, the folder is moved to a lasting place, which the raised
        `OutputError` names.
        """
        try:
            read = [file for url in self.inputs for file in files_at(url, DATA_SUFFIXES)]
            count = upload(self.folder, self.url.rpartition("/")[0], MANIFEST, overwrite=self.overwrite, read=read)
        except CurateError as error:
            kept_folder = shutil.move(self.folder, tempfile.mkdtemp(prefix="curate-output-"))
            raise OutputError(
                f"{error.message}; the result is in {kept_folder}", f"{error.hint}; or copy the folder yourself"
            ) from error
        sys.stderr.write(f"uploaded {plural(count, 'file')} to {safe_url(self.url)}\n")


def local_words(words: Sequence[str]) -> tuple[list[str], RemoteOutput | None, dict[Path, DataPath]]:
    """Replace the URLs in a command's words by local paths: that of the output, and for `verify` those of its inputs.

    Returns the words, the output or None without a URL for it, and the URL of each local path, for messages. Raises
    `UsageError`, `InputError`, `MissingExtra`.
    """
    local, output, urls = list(words), None, list[DataPath]()
    for index, word in enumerate(words):
        option, _, value = word.partition("=")
        if word in OUTPUT_OPTIONS and index + 1 < len(words) and is_url(words[index + 1]):
            output = _output_to(words, index + 1, words[index + 1])
            local[index + 1] = str(output.path)
        elif option in OUTPUT_OPTIONS and is_url(value):
            output = _output_to(words, index, value)
            local[index] = f"{option}={output.path}"
        elif words[0] == "verify" and is_url(word):
            url = word.rstrip("/")
            is_file = url.lower().endswith(DATA_SUFFIXES)
            urls.append(
                local_copy(url, lambda note: print_notes([note]))
                if is_file
                else mirror(url, scratch() / url.rpartition("/")[2])
            )
            local[index] = str(urls[-1])
    urls += [output.path] if output else []
    return local, output, {Path(path): path for path in urls}


def _output_to(words: Sequence[str], index: int, url: str) -> RemoteOutput:
    """The output at the URL in a word. Raises `UsageError` if the command or the storage cannot write there."""
    if words[0] not in WRITING_COMMANDS:
        raise UsageError(f"`curate {words[0]}` cannot write to {safe_url(url)}", "write to a file, and upload it")
    url, overwrite = url.rstrip("/"), "--overwrite" in words
    require_writable(url, overwrite=overwrite)
    others = [
        word.partition("=")[2] if word.startswith("-") else word for word in (*words[:index], *words[index + 1 :])
    ]
    return RemoteOutput(url, scratch(), overwrite, [*filter(is_url, others)])
