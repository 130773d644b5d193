"""Read a file of an HTTP server, from the beginning or from the end of an earlier attempt."""

import re
from base64 import b64encode
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from curate.core.errors import InputError
from curate.storage.urls import TransientError, safe_url, without_credentials

TIMEOUT_SECONDS: Final = 60
"""Seconds without a byte from an HTTP server."""


class Reply(NamedTuple):
    """The reply of a server with a file."""

    tag: str
    """A tag that changes with the content; empty if there is none."""
    size: int | None
    start: int
    """The first byte of `blocks`."""
    blocks: Iterator[bytes]
    unchanged: bool = False
    """Whether the existing copy is current."""


def _request(url: str) -> Request:
    """A request for the bytes of a file as they are stored."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    address = quote(parts._replace(netloc=host, fragment="").geturl(), safe="%/:=&?~+!$,;'@()*[]")
    request = Request(address)  # noqa: S310  # the scheme is known
    if user:  # not sent to another host after a redirect
        request.add_unredirected_header("Authorization", f"Basic {b64encode(unquote(user).encode()).decode()}")
    request.add_header("Accept-Encoding", "identity")
    request.add_header("User-Agent", "curate")
    return request


def read_http(url: str, current_tag: str, version: str, start: int) -> Reply:
    """A file of an HTTP server, from `start` if it is unchanged since the earlier attempt."""
    request = _request(url)
    resumes = bool(start and version and not version.startswith("W/") and not current_tag)
    if current_tag:
        request.add_header("If-None-Match" if '"' in current_tag else "If-Modified-Since", current_tag)
    elif resumes:
        request.add_header("Range", f"bytes={start}-")
        request.add_header("If-Range", version)
    try:
        response = build_opener(_Redirects).open(request, timeout=TIMEOUT_SECONDS)
    except HTTPError as error:
        error.close()
        if error.code == 304 and current_tag:
            return Reply(current_tag, None, 0, iter(()), unchanged=True)
        if error.code == 416 and resumes:
            return read_http(url, "", "", 0)
        raise _failure(url, error) from error
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise TransientError(str(getattr(error, "reason", error)) or type(error).__name__) from error
    tag = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    size = response.headers.get("Content-Length", "")
    total, first = int(size) if size.isdigit() else None, 0
    if response.status == 206:
        ranged = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", "").strip())
        if not resumes or ranged is None or int(ranged[1]) != start or tag != version:
            response.close()
            if not resumes:
                raise InputError(f"{safe_url(url)}: the server answers 206 with a part of the file", "check the URL")
            return read_http(url, "", "", 0)
        first, total = start, int(ranged[3]) if ranged[3] != "*" else None
    return Reply(tag, total, first, _blocks(response))


def _blocks(response: Any) -> Iterator[bytes]:
    """The bytes of a response, which is closed at their end. Raises `TransientError`."""
    with response:
        try:
            while block := response.read(1 << 20):
                yield block
        except (HTTPException, OSError) as error:
            raise TransientError(str(error) or type(error).__name__) from error


def _failure(url: str, error: HTTPError) -> Exception:
    """The exception for a status that is not a success."""
    if error.code in (404, 410):
        return FileNotFoundError(url)
    if error.code in (401, 403, 407):
        return PermissionError(url)
    if error.code in (408, 425, 429) or error.code >= 500:
        return TransientError(f"the server answers {error.code} {error.reason}")
    return InputError(
        f"{safe_url(url)}: the server answers {error.code} {without_credentials(str(error.reason))}", "check the URL"
    )


class _Redirects(HTTPRedirectHandler):
    """Follows redirects to HTTP servers, and never from an encrypted connection to a readable one."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.startswith("https:" if req.full_url.startswith("https:") else "http"):
            raise HTTPError(req.full_url, code, "a redirect to a place that is not followed", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
