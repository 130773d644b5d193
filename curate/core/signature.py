"""Sign the files that are stored in a project, which may come from a stranger, with a key of this user."""

import os
from contextlib import suppress
from functools import cache

from curate.core.files import make_private_folder, new_temporary_file


@cache
def own_key() -> bytes:
    """The key that signs what this user stores.

    It is outside of all projects, so that no other user can create a file that is accepted. Empty if it cannot be read
    or created: the signature then detects damage only.
    """
    from platformdirs import user_state_path

    try:
        path = user_state_path("curate") / "cache.key"
        if not path.exists():
            make_private_folder(path.parent)
            with (
                new_temporary_file(path, 0o600) as (file, temporary),
                suppress(FileExistsError),
            ):  # another process was faster
                file.write(os.urandom(32))
                file.flush()
                os.link(temporary, path)
        return path.read_bytes()
    except (OSError, RuntimeError):  # RuntimeError: the user has no home folder
        return b""
