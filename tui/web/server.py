"""A server that starts the review for each browser that has logged in.

`textual-serve` starts the command and passes keys and screens between it and the browser. It has no login: that is
added here, before every page, connection and download. Each start has a new token. The command of a reviewer consists
of the words that this server was started with and of the name, which has only letters, digits, `_`, `.` and `-`.
"""

import asyncio
import logging
import secrets
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from hmac import compare_digest
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from textual_serve.app_service import AppService
from textual_serve.download_manager import DOWNLOAD_CHUNK_SIZE, DownloadManager
from textual_serve.server import Server, to_int

from curate.core.errors import UsageError
from curate.core.text import visible
from curate.network.egress import LOOPBACK
from curate.review.sources import REVIEWER_NAMES, is_valid_reviewer
from tui.terminal import command_line

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Content security policy: nothing is loaded from elsewhere, and no script runs but those of this server."""
STYLE: Final = """html, body { margin: 0; height: 100%; background: #121212; color: #e0e0e0; font: 16px sans-serif; }
form { max-width: 24em; margin: auto; padding: 10vh 1em 1em; }
form h1 { background: none; color: inherit; }
label, input, button { display: block; width: 100%; box-sizing: border-box; margin: .4em 0; font: inherit; }
input, button { padding: .5em; }
.error { color: #ff8a80; }
#terminal { width: 100%; height: 100%; overflow: hidden; }
#ended { display: none; position: absolute; inset: 0; background: #121212; z-index: 10; }
body.-closed #ended { display: block; }
#frozen { display: none; position: absolute; inset: 0 0 auto; padding: .5em 1em; background: #ff8a80; color: #121212;
  z-index: 5; }
body.-frozen:not(.-closed) #frozen { display: block; }
body.-frozen #terminal { opacity: .5; }
body.-gone .answers, body:not(.-gone) .gone { display: none; }
"""
SCRIPT: Final = """"use strict";
const terminal = document.getElementById("terminal");
if (terminal) {
  const page = document.body.classList;
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      let asked = 0;
      this.addEventListener("message", () => terminal.querySelector(".xterm-helper-textarea")?.focus(), {once: true});
      this.addEventListener("message", () => { asked = 0; page.remove("-frozen"); });
      this.addEventListener("close", () => fetch("/login").catch(() => page.add("-gone")));
      setInterval(() => {
        if (asked) page.toggle("-frozen", Date.now() - asked > 5000);
        else if (this.readyState === 1) super.send(JSON.stringify(["ping", String(asked = Date.now())]));
      }, 1000);
    }
    send(data) { if (!page.contains("-frozen") || !data.startsWith('["stdin"')) super.send(data); }
  };
  window.open = address => Object.assign(document.createElement("a"), {href: address, download: ""}).click();
  terminal.dataset.sessionWebsocketUrl = location.origin.replace(/^http/, "ws") + "/ws";
  addEventListener("beforeunload", event => page.contains("-closed") || event.preventDefault());
}
const token = document.getElementById("token");
if (token && location.hash) {
  token.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}
"""
"""Says if the server has not answered for 5 seconds, and sends no key until it does: nobody would see what it does.
Downloads by a link: browsers block a new window some seconds after the key, and a file may take longer to write. Tells
the terminal its address, asks before the page is left (Ctrl+W deletes a word elsewhere), and takes the
token from the part of a link that browsers do not send.
"""
PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>curate review</title><link rel="stylesheet" href="/review.css">{head}</head>
<body>{body}<script src="/review.js"></script>{scripts}</body></html>
"""
Command = Callable[[str], Sequence[str]]
"""The words that start the review for a reviewer."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PUBLIC_PATHS: Final = {"/login", "/review.css", "/review.js"}
"""Paths that need no login; they show nothing of the data."""
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with `no-referrer`, browsers would send forms with the origin `null`
    "Cache-Control": "no-store",
}
EXIT_WAIT_SECONDS: Final = 2.0
"""Seconds for reviews to quit when the server or their connection ends."""
REQUEST_TIMEOUT_SECONDS: Final = 10.0
"""Seconds for a login form to arrive, and for the next request or the rest of its header."""
MAX_SIDE_CELLS: Final = 1000
"""Columns or rows of a browser's terminal; what draws a screen takes memory for each cell."""


class Downloads(DownloadManager):
    """Downloads that are whole or fail: one that waits for a busy review is not cut as if it had ended."""

    async def download(self, delivery_key: str) -> AsyncGenerator[bytes, None]:
        """The parts of a file. Raises `ConnectionError` if the review ends before."""
        download = self._active_downloads[delivery_key]
        request: dict[str, str | int | bool | None]
        request = {"type": "deliver_chunk_request", "key": delivery_key, "size": DOWNLOAD_CHUNK_SIZE, "name": None}
        try:
            while await download.app_service.send_meta(request):
                part = await download.incoming_chunks.get()
                if part is None:
                    break
                if not part:
                    return
                yield part
            raise ConnectionError("the review ended before the download")
        finally:
            del self._active_downloads[delivery_key]


class Login(Server):
    """Starts a review for each connection of a login, and ends it with the connection, even one that is busy."""

    def __init__(self, command: str) -> None:
        super().__init__(command)
        self.download_manager = Downloads()
        self._sockets: set[web.WebSocketResponse] = set()

    async def end(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(websocket.close() for websocket in self._sockets))

    async def _process_messages(self, websocket: web.WebSocketResponse, app_service: AppService) -> None:
        """Pass messages on; close the connection with the process, which a killed or failing one does not ask for."""

        async def close() -> None:
            await asyncio.wait([app_service._task] if app_service._task else [])
            await websocket.close()

        def kill() -> None:
            with suppress(ProcessLookupError):
                if app_service._process:
                    app_service._process.kill()

        async def resize(width: int, height: int) -> None:
            await AppService.set_terminal_size(app_service, min(width, MAX_SIDE_CELLS), min(height, MAX_SIDE_CELLS))

        app_service.set_terminal_size = resize  # type: ignore[method-assign]
        closing = asyncio.create_task(close())
        self._sockets.add(websocket)
        try:
            await super()._process_messages(websocket, app_service)
        finally:
            self._sockets.discard(websocket)
            closing.cancel()
            asyncio.get_running_loop().call_later(EXIT_WAIT_SECONDS, kill)


class ReviewServer:
    """Pages, logins, and their connections."""

    def __init__(self, command: Command) -> None:
        self.token = secrets.token_urlsafe(24)
        self._command = command
        self._logins: dict[str, Login] = {}
        """By the secret in the cookie of the browser."""

    def application(self) -> web.Application:
        """The routes, each behind the login."""
        app = web.Application(middlewares=[self._guard], client_max_size=4096)
        app.add_routes([
            web.get("/", self._page),
            web.get("/login", self._form),
            web.post("/login", self._login),
            web.post("/logout", self._logout),
            web.get("/ws", self._socket),
            web.get("/download/{key}", self._download),
            web.get("/review.css", lambda _: _text_response(STYLE, "text/css")),
            web.get("/review.js", lambda _: _text_response(SCRIPT, "text/javascript")),
            web.static("/static", Server("").statics_path),
        ])  # fmt: skip
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what has no login, and forms and connections that a page of another site started."""
        own = {f"http://{request.host}", f"https://{request.host}"}
        starts = request.method != "GET" or request.path == "/ws"
        if starts and request.headers.get("Origin", "") not in own:
            response: web.StreamResponse = web.Response(status=403, text="refused: this page is of another site\n")
        elif request.path in PUBLIC_PATHS or self._cookie(request)[1] in self._logins:
            response = await handler(request)
        elif request.path == "/":
            response = web.Response(status=303, headers={"Location": "/login"})
        else:
            response = web.Response(status=403, text="refused: log in first\n")
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _cookie(self, request: web.Request) -> tuple[str, str]:
        """The name of the cookie of a login, and its value."""
        port = request.host.rpartition(":")[2]  # cookies are shared by all ports of a host
        name = f"curate-review-{port if port.isascii() and port.isdecimal() else 80}"
        return name, request.cookies.get(name, "")

    async def _form(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text=login_page(), content_type="text/html")

    async def _login(self, request: web.Request) -> web.StreamResponse:
        try:
            form = parse_qs((await asyncio.wait_for(request.read(), REQUEST_TIMEOUT_SECONDS)).decode(errors="replace"))
        except (web.RequestPayloadError, TimeoutError):
            return web.Response(status=400, text="refused: the form cannot be read\n")
        token, name = (form.get(key, [""])[0].strip() for key in ("token", "reviewer"))
        if not compare_digest(token.encode(errors="replace"), self.token.encode()):
            wrong = "The token is wrong. The terminal of the server shows it."
        elif not is_valid_reviewer(name):
            wrong = f"The name is not valid: {REVIEWER_NAMES}."
        else:
            secret = secrets.token_urlsafe(32)
            self._logins[secret] = Login(command_line(self._command(name)))
            response = web.Response(status=303, headers={"Location": "/"})
            response.set_cookie(self._cookie(request)[0], secret, httponly=True, samesite="Strict", path="/")
            return response
        return web.Response(status=403, text=login_page(wrong, name[:40]), content_type="text/html")

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        await self._logins.pop(self._cookie(request)[1]).end()
        return web.Response(status=303, headers={"Location": "/login"})

    async def _page(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text=review_page(), content_type="text/html")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if any(not 0 < to_int(request.query.get(side, "1"), 1) <= MAX_SIDE_CELLS for side in ("width", "height")):
            raise web.HTTPBadRequest
        return await self._logins[self._cookie(request)[1]].handle_websocket(request)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        return await self._logins[self._cookie(request)[1]].handle_download(request)


def _without_text(record: logging.LogRecord) -> bool:
    """A logging filter that reduces an error to its type: text and lines of code may quote a request of a stranger.

    False, which drops the record, for warnings (a connection was cut) and for malformed requests.
    """
    kind = record.exc_info[0] if record.exc_info else None
    record.msg, record.args, record.exc_info = f"a request failed: {kind.__name__ if kind else 'unknown'}", (), None
    malformed = kind is not None and issubclass(kind, HttpProcessingError)  # HTTP that is answered with status 400
    return record.levelno >= logging.ERROR and not malformed


async def _text_response(text: str, kind: str) -> web.StreamResponse:
    """A response with a text of a content type."""
    return web.Response(text=text, content_type=kind)


def serve(command: Command, host: str, port: int, journals: Path) -> None:
    """Serve until interrupted. Raises `UsageError` if the address cannot be used."""
    asyncio.run(_serve(ReviewServer(command), host, port, journals))


async def _serve(server: ReviewServer, host: str, port: int, journals: Path) -> None:
    for name in ("aiohttp.server", "asyncio", "textual-serve"):
        logging.getLogger(name).addFilter(_without_text)
    runner = web.AppRunner(
        server.application(),
        access_log=None,
        shutdown_timeout=EXIT_WAIT_SECONDS,
        keepalive_timeout=REQUEST_TIMEOUT_SECONDS,
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise UsageError(
                f"cannot serve at {visible(host)}:{port}: {error.strerror}", "pass another --port"
            ) from error
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # on Windows, Ctrl+C raises KeyboardInterrupt
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
        shown = f"[{host}]" if ":" in host else host
        sys.stderr.write(
            f"The review is at http://{visible(shown)}:{runner.addresses[0][1]}/login#{server.token}\n"
            "The part after # is the login token; whoever has it can read the data and decide.\n"
            f"Decisions of each reviewer: {visible(str(journals))}\n"
            "Ctrl+C ends the server.\n"
        )
        if host not in LOOPBACK:
            sys.stderr.write(
                "warning: other computers can reach this address, and the connection is not encrypted; prefer an SSH "
                "tunnel (ssh -L) or a proxy with TLS\n"
            )
        sys.stderr.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


def login_page(error: str = "", reviewer: str = "") -> str:
    """The form for token and name."""
    body = (
        '<form method="post" action="/login"><h1>curate review</h1>'
        + (f'<p class="error" id="error">{escape(error)}</p>' if error else "")
        + '<label for="token">Token, from the terminal of the server</label>'
        '<input id="token" name="token" type="password" autocomplete="off" required>'
        '<label for="reviewer">Your name, which is saved with each decision</label>'
        f'<input id="reviewer" name="reviewer" value="{escape(reviewer)}" maxlength="40" required>'
        "<button>Log in</button></form>"
    )
    return PAGE.format(head="", body=body, scripts="")


def review_page() -> str:
    """The terminal, and what is shown when the review was quit."""
    body = (
        '<div id="ended"><form method="post" action="/logout"><h1>The review has ended</h1>'
        "<p>All decisions that were shown are saved; text in an open dialog is not. An error is shown in the terminal "
        "of the server.</p>"
        '<p class="gone">The server has stopped, or cannot be reached. If it was started again, its terminal shows a '
        "new link.</p>"
        '<p class="answers"><a href="/" style="color: inherit">Open it again</a></p>'
        '<button class="answers">Log out</button></form></div>'
        '<div id="frozen" role="alert">The server does not answer. What is shown may be out of date, and keys have no '
        "effect until it answers again.</div>"
        '<div id="terminal" class="textual-terminal" data-font-size="16"></div>'
    )
    return PAGE.format(
        head='<link rel="stylesheet" href="/static/css/xterm.css">',
        body=body,
        scripts='<script src="/static/js/textual.js"></script>',
    )
