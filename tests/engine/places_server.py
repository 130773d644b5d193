"""An HTTP server that misbehaves as told, and that answers as the hub and as S3 do."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Place:
    """What a server has, and how it behaves."""

    files: dict[str, bytes]
    """Content by path."""
    faults: list[str] = field(default_factory=list)
    """What happens to the next requests: `cut`, `long`, `reset`, or a status such as `500`; empty for nothing."""
    ranges: bool = True
    conditions: bool = True
    """Whether a range is only sent of the content that the client has a part of."""
    tags: bool = True
    tag: str = '"1"'
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    address: str = ""
    redirects: dict[str, str] = field(default_factory=dict)
    commits: list[dict[str, str]] = field(default_factory=list)
    """The files of each commit to the hub, in base64."""
    sent: int = 0
    """Bytes of content."""
    revisions: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Files of other revisions of a data set of the hub than `main`."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    place: Place

    def log_message(self, *_: Any) -> None: ...

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _reply(self, code: int, data: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, *, body: bool) -> None:
        place, path = self.place, self.path.partition("?")[0]
        place.requests.append((self.command, self.path, {key.lower(): value for key, value in self.headers.items()}))
        fault = place.faults.pop(0) if place.faults and body else ""
        if fault == "reset":
            self.close_connection = True
            self.connection.close()
        elif fault.isdigit():
            self._reply(int(fault))
        elif path in place.redirects:
            self._reply(302, headers={"Location": place.redirects[path]})
        elif path == "/secret" or path not in place.files:
            self._reply(401 if path == "/secret" else 404)
        elif place.tags and self.headers.get("If-None-Match") == place.tag:
            self._reply(304)
        else:
            self._file(place, place.files[path], fault, body=body)

    def _file(self, place: Place, data: bytes, fault: str, *, body: bool) -> None:
        headers, code = {"ETag": place.tag} if place.tags else {}, 200
        wanted = self.headers.get("Range", "")
        current = not place.conditions or self.headers.get("If-Range", place.tag) == place.tag
        if wanted and place.ranges and current:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end, code = int(first), int(last or len(data) - 1), 206
            end = min(end, len(data) - 1)
            headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
            data = data[start : end + 1]
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) + (100 if fault == "long" else 0)))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if body:
            part = data[: len(data) // 2] if fault == "cut" else data
            place.sent += len(part)  # before it is sent: the reader may look at once
            self.wfile.write(part)
        if fault in ("cut", "long"):
            self.close_connection = True
            self.wfile.flush()
            self.connection.shutdown(2)


MISSING = {"X-Error-Code": "EntryNotFound"}


class _Hub(_Handler):
    """A hub with one data set, `org/name`."""

    def _answer(self, *, body: bool) -> None:
        path, api = self.path.partition("?")[0], "/api/datasets/org/name"
        revision = re.match(r"(?:.*)/(?:revision|tree|paths-info|resolve)/([^/]+)", path)
        files = self.place.revisions.get(revision[1] if revision else "main", self.place.files)
        entries = {name: {"type": "file", "path": name, "size": len(files[name]), "oid": name} for name in files}
        if path == api or path.startswith(f"{api}/revision/"):
            self._reply(200, json.dumps({"id": "org/name", "sha": "a" * 40, "siblings": []}).encode())
        elif path.startswith(f"{api}/tree/"):
            below = path.removeprefix(f"{api}/tree/").partition("/")[2]
            found = [entry for name, entry in entries.items() if name.startswith(f"{below}/" if below else "")]
            self._reply(*((200, json.dumps(found).encode()) if found else (404, b"{}", MISSING)))
        elif path.startswith(f"{api}/paths-info/"):
            asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._reply(200, json.dumps([entry for name, entry in entries.items() if name.encode() in asked]).encode())
        elif path.startswith("/datasets/org/name/resolve/"):
            self._file(self.place, files[path.partition("/resolve/")[2].partition("/")[2]], "", body=body)
        else:
            self._reply(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/datasets/org/name/paths-info/"):
            self._answer(body=True)
            return
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if path == "/api/repos/create":
            denied = json.loads(sent)["name"] == "denied"
            self._reply(403 if denied else 200, json.dumps({"url": f"{self.place.address}/datasets/org/name"}).encode())
        elif path == "/api/validate-yaml":
            self._reply(200, b'{"errors": [], "warnings": []}')
        elif path.endswith("/preupload/main"):
            files = [{"path": file["path"], "uploadMode": "regular"} for file in json.loads(sent)["files"]]
            self._reply(200, json.dumps({"files": [{**file, "shouldIgnore": False} for file in files]}).encode())
        else:
            lines = [json.loads(line) for line in sent.splitlines()]
            values = [line["value"] for line in lines if line["key"] == "file"]
            self.place.commits.append({value["path"]: value["content"] for value in values})
            url = f"{self.place.address}/datasets/org/name/commit/{'b' * 40}"
            self._reply(200, json.dumps({"commitUrl": url, "commitOid": "b" * 40, "success": True}).encode())


@contextmanager
def serving(place: Place, *, hub: bool = False) -> Iterator[Place]:
    """A server on a free port; its address is `place.address`."""
    handler = type("Handler", (_Hub if hub else _Handler,), {"place": place})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        place.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield place
        finally:
            server.shutdown()
