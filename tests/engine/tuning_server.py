"""A service that fine-tunes, as a real server on this machine: OpenAI, Together and Fireworks as they are documented,
and every way to misbehave.
"""

import base64
import json
import re
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.chat_server import running

STEPS = 12
"""Steps of a job; each look at it takes it three further."""


@dataclass
class Trouble:
    """What goes wrong with the next request of a kind."""

    request: str
    """Regular expression that `METHOD /path` begins with."""
    what: str
    """429, 500, 401, 400, with a code after a space; a page of HTML, `slow`; `lost`: it is done but the
    reply never comes; `cut`: half of the body is read, then the line is dead; `half`: half of the file arrives."""
    times: int = 1


@dataclass
class Tuning:
    """A job at the server."""

    value: dict[str, Any]
    end: str = "succeeded"
    events: list[dict[str, Any]] = field(default_factory=list)
    step: int = 0


class Server(ThreadingHTTPServer):
    """Keeps files and jobs; what it was asked is in `requests`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.RLock()
        self.requests: list[str] = []
        self.keys: set[str | None] = set()
        self.files: dict[str, tuple[dict[str, Any], bytes]] = {}
        self.jobs: dict[str, Tuning] = {}
        self.troubles: list[Trouble] = []
        self.end = "succeeded"
        """How jobs end."""
        self.step = 3
        """How many steps a job makes between two looks; 0: it stands still."""
        self.page = 5
        """Most events in a reply."""
        self.refuses_files = False
        self.reading = 0
        """Looks at a file until it is read."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def asked(self, pattern: str) -> int:
        """How many requests began so."""
        return sum(re.match(pattern, request) is not None for request in self.requests)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are no news."""

    def trouble(self, request: str) -> str:
        for trouble in self.troubles:
            if trouble.times and re.match(trouble.request, request):
                trouble.times -= 1
                return trouble.what
        return ""

    def add_file(self, name: str, data: bytes, size: int | None = None) -> dict[str, Any]:
        value: dict[str, Any] = {
            "id": f"file-{len(self.files) + 1}", "object": "file", "bytes": len(data) if size is None else size,
            "created_at": 1_790_000_000,
            "filename": name, "purpose": "fine-tune",
            "status": "error" if self.refuses_files else "running" if self.reading else "processed",
            "status_details": "line 3 has no messages" if self.refuses_files else None,
        }  # fmt: skip
        self.files[value["id"]] = (value, data)
        return value

    def add_job(self, asked: dict[str, Any]) -> dict[str, Any]:
        nth = len(self.jobs) + 1
        value = {
            "id": f"ftjob-{nth}", "object": "fine_tuning.job", "created_at": 1_790_000_000 + nth, "finished_at": None,
            "error": None,
            "fine_tuned_model": None,
            "hyperparameters": asked["method"][asked["method"]["type"]].get("hyperparameters", {}),
            "model": asked["model"],
            "organization_id": "org-1", "result_files": [], "seed": asked.get("seed", 7), "status": "validating_files",
            "trained_tokens": None,
            "training_file": asked["training_file"], "validation_file": asked.get("validation_file"),
            "method": asked["method"], "estimated_finish": None,
        }  # fmt: skip
        job = self.jobs[value["id"]] = Tuning(value, self.end)
        self.tell(job, "Created fine-tuning job: \x1b[31mred")
        return value

    def tell(self, job: Tuning, message: str, data: dict[str, Any] | None = None, level: str = "info") -> None:
        nth = len(job.events) + 1
        job.events.append(
            {
                "id": f"ftevent-{nth}",
                "object": "fine_tuning.job.event",
                "created_at": 1_790_000_100 + nth // 2,
                "level": level,
                "message": message,
                "type": "metrics" if data else "message",
                "data": data,
            }
        )

    def go_on(self, job: Tuning) -> None:
        """What happens to a job between two looks."""
        value = job.value
        if value["status"] in ("succeeded", "failed", "cancelled") or not self.step:
            return
        value["status"] = "running"
        for step in range(job.step + 1, min(job.step + self.step, STEPS) + 1):
            loss = round(2 / step, 4)
            self.tell(
                job,
                f"Step {step}/{STEPS}: training loss={loss}",
                {"step": step, "train_loss": loss, "total_steps": STEPS},
            )
        job.step += self.step
        if job.step < STEPS:
            return
        value |= {"status": job.end, "finished_at": 1_790_000_500}
        if job.end == "failed":
            value["error"] = {
                "code": "invalid_training_file",
                "message": "too many \x1b[2J tokens",
                "param": "training_file",
            }
            self.tell(job, "The job failed", level="error")
        elif job.end == "succeeded":
            table = "step,train_loss\n" + "".join(f"{step},{2 / step:.4f}\n" for step in range(1, STEPS + 1))
            result = self.add_file("step_metrics.csv", base64.b64encode(table.encode()))
            value |= {
                "fine_tuned_model": "ft:gpt-4.1-mini:me::abc",
                "trained_tokens": 4321,
                "result_files": [result["id"]],
            }
            self.tell(job, "The job has successfully completed")


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        request = f"{self.command} {parts.path.removeprefix('/v1')}"
        with self.server.lock:
            self.server.requests.append(request)
            self.server.keys.add(self.headers["Authorization"])
            trouble = self.server.trouble(request)
        size = int(self.headers.get("Content-Length") or 0)
        if trouble == "cut":
            self.rfile.read(size // 2)
            return self._hang_up()
        body = self._body(size)
        if trouble == "slow":
            time.sleep(0.6)
        number, _, code = trouble.partition(" ")
        if number.isdigit():
            key = (self.headers["Authorization"] or "").removeprefix("Bearer ")
            error = {"message": f"status {number} for {key}", "code": code or "made_up"}
            return self._reply({"error": error}, int(number))
        if trouble == "html":
            return self._reply(b"<html>for people</html>", 200, "text/html")
        with self.server.lock:
            status, value = self._answer(
                request,
                body,
                {name: values[0] for name, values in parse_qs(parts.query).items()},
                half=trouble == "half",
            )
        if trouble == "lost":
            return self._hang_up()
        return self._reply(value, status)

    def _body(self, size: int) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(size)
        found = b""
        while length := int(self.rfile.readline(), 16):
            found += self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _reply(self, value: Any, status: int = 200, kind: str = "application/json") -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header(
            "Content-Type",
            kind if not isinstance(value, bytes) or kind != "application/json" else "application/octet-stream",
        )
        if status == 429:
            self.send_header("Retry-After", "0.01")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, request: str, body: bytes, query: dict[str, str], *, half: bool) -> tuple[int, Any]:
        method, path = request.split(" ", 1)
        match [method, *path.strip("/").split("/")]:
            case ["POST", "files"] | ["POST", "files", "upload"]:
                name, data = self._file(body)
                return 200, self.server.add_file(name, data, len(data) // 2 if half else None)
            case [_, "files", str(name), *rest] if name in self.server.files:
                return self._of_file(method, name, rest)
            case ["POST", "fine_tuning", "jobs"]:
                asked = json.loads(body)
                if asked["training_file"] not in self.server.files:
                    return 400, {
                        "error": {"message": f"{asked['training_file']} does not exist", "code": "file_not_found"}
                    }
                return 200, self.server.add_job(asked)
            case ["GET", "fine_tuning", "jobs"]:
                return 200, _page([job.value for job in reversed(self.server.jobs.values())], query)
            case [_, "fine_tuning", "jobs", name, *rest] if name in self.server.jobs:
                return self._of_job(self.server.jobs[name], rest, query)
            case [_, "accounts", "me", *rest]:
                return self._as_fireworks(method, rest, body)
            case [_, "fine-tunes", *rest]:
                return self._as_together(method, rest, body)
        return 404, {"error": {"message": f"no {path}", "code": "not_found"}}

    def _as_together(self, method: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        """The same jobs under the paths and names of Together."""
        if method == "POST" and not rest:
            asked = json.loads(body)
            how = {"type": asked["training_method"]["method"], asked["training_method"]["method"]: {}}
            value = self.server.add_job({**asked, "method": how})
            self.server.jobs[value["id"]].value["asked"] = asked
            return 200, self._together(value)
        if not rest:
            return 200, {"data": [self._together(job.value) for job in self.server.jobs.values()]}
        if rest[0] not in self.server.jobs:
            return 404, {"error": {"message": "no such job"}}
        job = self.server.jobs[rest[0]]
        if rest[1:] == ["events"]:
            told = [
                {**event, "created_at": self._date(event["created_at"]), "level": "Info", **(event["data"] or {})}
                for event in job.events
            ]
            return 200, {
                "data": [{name: value for name, value in event.items() if name not in ("id", "data")} for event in told]
            }
        if rest[1:] == ["cancel"]:
            job.value["status"] = "cancelled"
            return 200, {"message": "cancel requested"}
        self.server.go_on(job)
        return 200, self._together(job.value)

    def _as_fireworks(self, method: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        """The same under the paths and names of Fireworks."""
        match rest:
            case ["datasets"]:
                asked = json.loads(body)
                self.server.files[asked["datasetId"]] = (asked["dataset"], b"")
                return 200, {"name": f"accounts/me/datasets/{asked['datasetId']}", "state": "UPLOADING"}
            case ["datasets", name] if name.endswith(":upload"):
                name, (_, data) = name.removesuffix(":upload"), self._file(body, purpose=None)
                self.server.files[name] = (self.server.files[name][0], data)
                return 200, {"id": name, "object": "file", "bytes": len(data)}
            case ["datasets", name] if name in self.server.files:
                if method == "DELETE":
                    del self.server.files[name]
                    return 200, {}
                return 200, {"name": name, "state": "READY" if self.server.files[name][1] else "UPLOADING"}
            case ["supervisedFineTuningJobs"] if method == "POST":
                asked = json.loads(body)
                method_ = {"type": "supervised", "supervised": {}}
                value = self.server.add_job(
                    {"model": asked["baseModel"], "training_file": asked["dataset"], "method": method_}
                )
                self.server.jobs[value["id"]].value["asked"] = asked
                return 200, self._fireworks(value)
            case ["supervisedFineTuningJobs"]:
                return 200, {
                    "supervisedFineTuningJobs": [self._fireworks(job.value) for job in self.server.jobs.values()]
                }
            case ["supervisedFineTuningJobs", name] if name in self.server.jobs:
                self.server.go_on(self.server.jobs[name])
                return 200, self._fireworks(self.server.jobs[name].value)
        return 404, {"error": {"message": f"no {rest}"}}

    def _fireworks(self, value: dict[str, Any]) -> dict[str, Any]:
        words = {"validating_files": "VALIDATING", "succeeded": "COMPLETED"}
        return {
            "name": f"accounts/me/supervisedFineTuningJobs/{value['id']}", "dataset": value["training_file"],
            "baseModel": value["model"],
            "state": f"JOB_STATE_{words.get(value['status'], value['status'].upper())}",
            "createTime": self._date(value["created_at"]),
            "status": {"code": "OK", "message": ""}, "outputModel": value["fine_tuned_model"] or "",
            "metricsFileSignedUrl": "https://store/?sig=abc",
            "wandbConfig": {"apiKey": "of-others"},
        }  # fmt: skip

    def _together(self, value: dict[str, Any]) -> dict[str, Any]:
        words = {"validating_files": "pending", "succeeded": "completed", "failed": "user_error"}
        return {
            "id": value["id"], "status": words.get(value["status"], value["status"]), "model": value["model"],
            "training_file": value["training_file"],
            "validation_file": "", "model_output_name": value["fine_tuned_model"],
            "created_at": self._date(value["created_at"]), "token_count": 4321,
        }  # fmt: skip

    def _date(self, seconds: int) -> str:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")

    def _of_file(self, method: str, name: str, rest: list[str]) -> tuple[int, Any]:
        value, data = self.server.files[name]
        if rest == ["content"]:
            return 200, data
        if method == "DELETE":
            del self.server.files[name]
            return 200, {"id": name, "object": "file", "deleted": True}
        if value["status"] == "running":
            self.server.reading -= 1
            value["status"] = "running" if self.server.reading > 0 else "processed"
        return 200, value

    def _of_job(self, job: Tuning, rest: list[str], query: dict[str, str]) -> tuple[int, Any]:
        if rest == ["events"]:
            return 200, _page(job.events[::-1], query, self.server.page)
        if rest == ["checkpoints"]:
            return 200, {"object": "list", "data": [{"id": "ftckpt-1", "step_number": 6}], "has_more": False}
        if rest == ["cancel"]:
            job.value["status"] = "cancelled"
            self.server.tell(job, "The job was cancelled")
            return 200, job.value
        self.server.go_on(job)
        return 200, job.value

    def _file(self, body: bytes, purpose: bytes | None = b"fine-tune") -> tuple[str, bytes]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = {
            str(part.get_param("name", header="content-disposition")): part
            for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
        }
        assert purpose is None or parts["purpose"].get_payload(decode=True) == purpose
        data = parts["file"].get_payload(decode=True)
        assert isinstance(data, bytes)
        return str(parts["file"].get_filename()), data


def serving() -> AbstractContextManager[Server]:
    """A server while the block runs."""
    return running(Server())


def _page(latest: list[dict[str, Any]], query: dict[str, str], most: int = 100) -> dict[str, Any]:
    """The page of a list that follows the object named by `after`."""
    start = next((n + 1 for n, value in enumerate(latest) if value["id"] == query.get("after")), 0)
    page = latest[start : start + min(most, int(query.get("limit", 20)))]
    return {"object": "list", "data": page, "has_more": start + len(page) < len(latest)}
