"""URLs of places that hold data: their schemes, their display without secrets, and the errors of reading them."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from curate.core.errors import CurateError, InputError, MissingExtra, OutputError, UsageError

URL: Final = re.compile(r"(hf|s3|gs|az|https?)://", re.IGNORECASE)
PACKAGES: Final = {"hf": "huggingface_hub", "s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
"""The package of the extra `cloud` that reads each scheme."""
ACCESS_HINTS: Final = {
    "hf": "run `hf auth login`, or set HF_TOKEN",
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; AWS_ENDPOINT_URL for another service",
    "gs": "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or AZURE_STORAGE_CONNECTION_STRING",
    "http": "pass a URL that needs no login, or a signed one",
}
ACCESS_DENIED: Final = re.compile(
    r"credential|unauthorized|forbidden|access ?denied|invalidaccesskey|signature|authenticat|\b40[13]\b", re.IGNORECASE
)


class TransientError(Exception):
    """An error that the next attempt may not have."""


def is_url(name: str) -> bool:
    """Whether a name is the URL of a place rather than a path. Raises `UsageError` for a URL that cannot be read."""
    if URL.match(name) is None:
        return False
    try:
        urlsplit(name)
    except ValueError as error:  # not shown: it may have a password
        raise UsageError(
            f"{name.partition(':')[0]}://...: not a valid URL",
            "an IPv6 address stands in brackets, as in http://[::1]/",
        ) from error
    return True


def safe_url(url: str) -> str:
    """A URL without what may be secret: user name, password and query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{'***@' if host[1] else ''}{host[2]}{parts.path}{'?***' if parts.query else ''}"


def is_offline() -> bool:
    """Whether the environment forbids network access."""
    return any(
        os.environ.get(name, "").lower() in ("1", "true", "yes", "on") for name in ("HF_HUB_OFFLINE", "CURATE_OFFLINE")
    )


def scheme_of(url: str) -> str:
    """The scheme of a URL, in lower case; `http` for https."""
    scheme = urlsplit(url).scheme.lower()
    return "http" if scheme == "https" else scheme


@contextmanager
def explained(url: str, what: str) -> Iterator[None]:
    """Turn the errors of libraries in the block into those of curate, with the next step and without secrets. `what`:
    what the block does with the file, as a participle such as "read".
    """
    scheme, shown = scheme_of(url), safe_url(url)
    kind = InputError if what == "read" else OutputError
    try:
        yield
    except (CurateError, TransientError):
        raise
    except FileNotFoundError as error:
        raise kind(f"{shown}: no such object", "check the name, and that you have access to it") from error
    except ImportError as error:
        raise MissingExtra(f"reading {shown}", "cloud", error.name or PACKAGES[scheme]) from error
    except OSError as error:
        if error.filename is not None and str(error.filename).startswith("/"):
            raise  # of this machine's disk
        raise _error_of(error, url, what, kind) from error
    except Exception as error:
        raise _error_of(error, url, what, kind) from error


def _error_of(error: Exception, url: str, what: str, kind: type[CurateError]) -> CurateError:
    """The error of curate for an error of a library; `what` as in `explained`."""
    message = without_credentials(str(error).replace(url, safe_url(url)).strip().split("\n")[0])[:200]
    if isinstance(error, PermissionError) or ACCESS_DENIED.search(f"{type(error).__name__} {message}"):
        return kind(f"{safe_url(url)}: access denied", ACCESS_HINTS[scheme_of(url)])
    return kind(
        f"{safe_url(url)}: cannot be {what}: {type(error).__name__}: {message}",
        "check the name and the connection, and run it again",
    )


def without_credentials(text: str) -> str:
    """A message of a library without user names, passwords and queries of URLs."""
    return re.sub(r"://[^\s/@]+@", "://***@", re.sub(r"\?[^\s'\")]+", "?***", text))
