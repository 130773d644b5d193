"""A headless Chromium, driven through its DevTools protocol."""

import asyncio
import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.waiting import ASKING_SECONDS, PATIENCE_SECONDS, eventually

PATH: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
"""The installed browser; empty without one."""
FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--enable-unsafe-swiftshader", "--remote-debugging-port=0",
)  # fmt: skip
FOCUS: Final = "document.activeElement?.classList.contains('xterm-helper-textarea')"


class Page:
    """A tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._number = socket, 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.received = ""
        """What the last web socket since the last navigation has received, as text without escape sequences."""
        self._connection = ""
        self.requested: list[str] = []
        """The addresses of all requests."""
        self.stays = False
        """Whether to stay on a page that asks before it is left."""
        self.asked: list[str] = []
        """The kinds of the dialogs of the page."""
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            event = json.loads(message.data)
            if "id" in event:
                if answer := self._answers.pop(event["id"], None):
                    answer.set_result(event)
            elif event["method"] == "Page.javascriptDialogOpening":
                self.asked.append(event["params"]["type"])
                answered = {"method": "Page.handleJavaScriptDialog", "params": {"accept": not self.stays}}
                await self._socket.send_json({"id": 0, **answered})
            elif event["method"] == "Network.requestWillBeSent":
                self.requested.append(event["params"]["request"]["url"])
            elif event["method"] == "Network.webSocketCreated":
                self._connection = event["params"]["requestId"]
            elif event["method"] == "Network.webSocketFrameReceived":
                frame = event["params"]["response"]
                if frame["opcode"] == 2 and event["params"]["requestId"] == self._connection:
                    text = base64.b64decode(frame["payloadData"]).decode(errors="replace")
                    self.received += re.sub(r"\x1b\[[0-9;?<>$]*[A-Za-z]", "", text)

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        """Call a method of the protocol."""
        self._number += 1
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[self._number] = answer
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        result = await asyncio.wait_for(answer, PATIENCE_SECONDS)
        assert "error" not in result, result
        return result

    async def value(self, script: str) -> Any:
        """The value of a script; None if the page is left meanwhile."""
        try:
            result = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        except AssertionError as error:
            if "navigated" in str(error):
                return None
            raise
        return result["result"]["result"].get("value")

    async def go(self, address: str = "") -> None:
        """Go to an address, or reload. What the page that is left receives until then is not read."""
        self.received = ""
        self._connection = self._connection if self.stays else ""
        await (self.call("Page.navigate", url=address) if address else self.call("Page.reload"))

    async def until(self, script: str) -> None:
        """Wait until a script has a true value."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not await self.value(script):
            if time.monotonic() > end:
                raise AssertionError(f"{script} did not come true: {await self.value('document.body.innerText')}")
            await asyncio.sleep(ASKING_SECONDS)

    async def until_received(self, text: str) -> None:
        """Wait until the terminal of the page got a text."""
        await eventually(lambda: text in self.received, lambda: f"{text!r} was not received:\n{self.received}")

    async def type(self, text: str) -> None:
        """Press keys one after another, once the terminal has the focus, which it takes by itself."""
        await self.until(FOCUS)
        for key in text:
            await self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
            await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def insert(self, text: str) -> None:
        """Press keys by a script, so that no window may be opened, as some seconds after a real key."""
        await self.until(FOCUS)
        for key in text:
            event = f"new InputEvent('input', {{data: {json.dumps(key)}, inputType: 'insertText'}})"
            await self.value(f"document.querySelector('.xterm-helper-textarea').dispatchEvent({event})")


@asynccontextmanager
async def opened_page(folder: Path) -> AsyncIterator[Page]:
    """A page in a new browser with an empty profile."""
    command = [PATH, *FLAGS, f"--user-data-dir={folder}", "about:blank"]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = folder / "DevToolsActivePort"
        await eventually(lambda: port.is_file() and port.read_text().count("\n"))
        async with aiohttp.ClientSession() as client:
            async with client.get(f"http://127.0.0.1:{port.read_text().split()[0]}/json/list") as answer:
                tabs = [tab for tab in await answer.json() if tab["type"] == "page"]
            async with client.ws_connect(tabs[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                for domain in ("Page", "Network", "Runtime"):
                    await page.call(f"{domain}.enable")
                yield page
                page._reader.cancel()
    finally:
        browser.kill()
        browser.wait()
