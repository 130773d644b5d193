"""Servers on this machine: any, while a block runs, and an endpoint of chat completions that also misbehaves."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

AnyServer = TypeVar("AnyServer", bound=ThreadingHTTPServer)


@contextmanager
def running(server: AnyServer) -> Iterator[AnyServer]:
    """A server while the block runs."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class ChatServer(ThreadingHTTPServer):
    """Answers chat completions; a subclass says what."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.statuses: list[int] = []
        """To answer with before it behaves."""
        self.code: str | None = None
        """Of the error in these answers."""
        self.refused: tuple[str, ...] = ()
        """Parameters that it does not take."""
        self.message: dict[str, Any] = {}
        """In place of an answer."""
        self.jobs: dict[str, dict[str, Any]] = {}
        """Records of fine-tuning jobs, by id."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def said(self, asked: dict[str, Any]) -> str:
        raise NotImplementedError


class Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_GET(self) -> None:
        job = self.server.jobs.get(self.path.rpartition("/fine_tuning/jobs/")[2])
        self.send(404 if job is None else 200, job or {"error": {"message": "no such job"}})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.keys.append(self.headers["Authorization"])
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        wrong = next((name for name in self.server.refused if name in asked), None)
        if status != 200 or wrong:
            self.send(
                400 if wrong else status,
                {"error": {"message": f"status {status}", "param": wrong, "code": self.server.code}},
            )
            return
        self.server.asked.append(asked)
        said = self.server.said(asked)
        if asked.get("stream"):
            pieces = [{"delta": {"content": word + " "}, "index": 0} for word in said.split()]
            chunks = [{"choices": [one]} for one in [*pieces, {"delta": {}, "index": 0, "finish_reason": "stop"}]]
            lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
            self.send(200, lines.encode(), "text/event-stream")
            return
        message = {"role": "assistant", "content": said} | self.server.message
        reason = "length" if asked.get("max_tokens") == 1 else "stop"
        self.send(200, {"choices": [{"index": 0, "finish_reason": reason, "message": message}]})

    def send(self, status: int, value: Any, kind: str = "application/json") -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""
