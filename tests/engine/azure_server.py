"""A server with one container of Azure Blob Storage: what adlfs asks of it, as Azurite answers it."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

KEY = "a2V5"
SPELLED = {"ETag": "Etag", "x-ms-blob-type": "BlobType"}
"""Headers whose element in a list has another name."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    blobs: dict[str, bytes]

    def log_message(self, *_: Any) -> None: ...

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        assert self.headers["x-ms-blob-type"] == "BlockBlob"
        self.blobs[self._path()[1]] = data
        self._reply(201, b"", {"ETag": _described(data)["ETag"]})

    def _path(self) -> tuple[str, str]:
        """The container and the name of the blob."""
        _, _, inside = unquote(urlsplit(self.path).path).removeprefix("/").partition("/")
        return inside.partition("/")[0], inside.partition("/")[2]

    def _reply(self, code: int, data: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _answer(self) -> None:
        (container, name), query = self._path(), parse_qs(urlsplit(self.path).query)
        if container != "data":
            self._reply(404, b"", {"x-ms-error-code": "ContainerNotFound"})
        elif query.get("comp") == ["list"]:
            self._reply(200, self._listed(query), {"Content-Type": "application/xml"})
        elif not name:
            self._reply(200, b"", {"ETag": '"1"'})
        elif name not in self.blobs:
            self._reply(404, b"", {"x-ms-error-code": "BlobNotFound"})
        else:
            whole = data = self.blobs[name]
            headers, wanted = _described(whole), self.headers.get("x-ms-range", "")
            if wanted and self.command == "GET":
                first, _, last = wanted.removeprefix("bytes=").partition("-")
                data = whole[int(first) : int(last or len(whole)) + 1]
                headers["Content-Range"] = f"bytes {first}-{int(first) + len(data) - 1}/{len(whole)}"
            self._reply(206 if wanted else 200, data, headers | {"Content-Length": str(len(data))})

    def _listed(self, query: dict[str, list[str]]) -> bytes:
        prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
        found, below = "", list[str]()
        for name, data in sorted(self.blobs.items()):
            inside = name.removeprefix(prefix)
            if not name.startswith(prefix):
                continue
            if delimiter and delimiter in inside:
                below.append(prefix + inside.partition(delimiter)[0] + delimiter)
                continue
            spelled = {SPELLED.get(key, key): item for key, item in _described(data).items()}
            properties = "".join(f"<{key}>{escape(item)}</{key}>" for key, item in spelled.items())
            found += f"<Blob><Name>{escape(name)}</Name><Properties>{properties}</Properties></Blob>"
        found += "".join(f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>" for name in dict.fromkeys(below))
        root = 'EnumerationResults ContainerName="data"'
        return f"<{root}><Blobs>{found}</Blobs><NextMarker/></EnumerationResults>".encode()


def _described(data: bytes) -> dict[str, str]:
    return {
        "Content-Length": str(len(data)),
        "Content-Type": "application/octet-stream",
        "ETag": f'"{hashlib.md5(data).hexdigest()}"',
        "Last-Modified": formatdate(0, usegmt=True),
        "x-ms-blob-type": "BlockBlob",
    }


@contextmanager
def azure_blobs() -> Iterator[tuple[dict[str, bytes], str]]:
    """The blobs of the container `data` by name, and the connection string."""
    blobs: dict[str, bytes] = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"blobs": blobs})) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/me"
        try:
            yield blobs, f"AccountName=me;AccountKey={KEY};BlobEndpoint={address};DefaultEndpointsProtocol=http"
        finally:
            server.shutdown()
