"""`curate review --web`: the login, and the review in a real browser."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from curate.cli.main import main
from curate.commands.run.training import CURATE_COMMAND
from curate.core.errors import ExitCode
from tests.conftest import rows_of
from tests.screens.browser import PATH, opened_page
from tests.screens.conftest import LINES, write_lines
from tests.waiting import ASKING_SECONDS, PATIENCE_SECONDS, eventually
from tui.terminal import command_line

HALF = b"GET / HTTP/1.1\r\nHost: 127."
BROWSER = pytest.mark.skipif(not PATH, reason="no Chromium is installed (Debian: apt-get install chromium)")
pytestmark = pytest.mark.slow
ANN = f"ann-{os.getpid()}"
QUICK = (sys.executable, "-c", "import sys; from tui.web import server; "
         "server.REQUEST_TIMEOUT_SECONDS, server.EXIT_WAIT_SECONDS = 2.0, 0.5; "
         "from curate.cli.main import main; sys.exit(main())")  # fmt: skip
"""The command, which waits for a header and for a review that does not quit for less long than in earnest."""
LOG_IN = f"document.getElementById('reviewer').value = '{ANN}'; document.forms[0].requestSubmit()"


@contextmanager
def served(end: signal.Signals = signal.SIGINT, command: tuple[str, ...] = QUICK) -> Iterator[str]:
    """A server of the review of the file in the working folder; its link with the token."""
    words = [*command, "review", "data.jsonl", "--web", "--port", "0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            found = re.search(r"http://\S+", server.stderr.readline())
            assert found
            yield found[0]
        finally:
            server.send_signal(end)
            assert server.wait(PATIENCE_SECONDS) == (-end if end == signal.SIGKILL else ExitCode.CLEAN)
            assert server.stderr is not None
            assert "Traceback" not in server.stderr.read()


def journal(reviewer: str) -> list[dict[str, object]]:
    path = Path(".curate", f"decisions-{reviewer}.jsonl")
    return rows_of(path) if path.exists() else []


def running(reviewer: str) -> list[int]:
    done = subprocess.run(["pgrep", "-f", "--", f"--reviewer={reviewer}"], capture_output=True, check=False)
    return [int(pid) for pid in done.stdout.split()]


async def test_nothing_is_served_without_the_token() -> None:
    write_lines(Path())
    with served() as link:
        base, token = link.split("/login#")
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(base).port)
        writer.write(HALF)
        own = {"Origin": base}
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:

            async def status(method: str, path: str, data: object = None, **headers: str) -> int:
                async with client.request(
                    method, base + path, data=data, headers=headers, allow_redirects=False
                ) as answer:
                    return answer.status

            refused = ("/ws", "/download/x", "/static/js/textual.js", "/other", "//ws", "/login/../ws")
            assert [await status("GET", path, **own) for path in refused] == [403] * len(refused)
            assert await status("GET", "/") == 303
            for wrong in ("", token[:-1], token + "x", token.swapcase(), "é"):
                assert await status("POST", "/login", {"token": wrong, "reviewer": "ann"}, **own) == 403
            for name in ("", "a b", "a;id", "$(id)", "../ann", "-x", "é", "a" * 41, "a\nb"):
                assert await status("POST", "/login", {"token": token, "reviewer": name}, **own) == 403
            good = {"token": token, "reviewer": "ann"}
            for origin in ({}, {"Origin": "null"}, {"Origin": "http://other.example"}, {"Origin": base + "0"}):
                assert await status("POST", "/login", good, **origin) == 403
            form = "application/x-www-form-urlencoded"
            odd = (
                {"Content-Type": f"{form}; charset=\u202enone"},
                {"Content-Type": "multipart/form-data"},
                {"Content-Type": form, "Content-Encoding": "gzip"},
            )
            assert [await status("POST", "/login", b"token=\xff", **own, **one) for one in odd] == [403, 403, 400]
            assert await status("GET", "/", Cookie="curate-review-80=; curate-review-0=") == 303
            assert await status("GET", "/", Host="127.0.0.1:99999") == 303  # a port that no URL can have

            assert await status("POST", "/login", good, **own) == 303
            assert await status("GET", "/") == 200
            assert await status("GET", "/download/x") == 404
            assert await status("GET", "/ws?width=1000000000", **own) == 400
            for origin in ({}, {"Origin": "http://other.example"}):  # another site's page sends the cookie, too
                assert await status("GET", "/ws", Upgrade="websocket", Connection="Upgrade", **origin) == 403
            assert await status("POST", "/logout", **own) == 303
            assert await status("GET", "/") == 303
        assert await reader.read() == b"", "half a header holds no connection for good"
        writer.close()


async def test_a_review_ends_with_its_connection_and_with_the_server() -> None:
    write_lines(Path())

    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        with served(signal.SIGKILL) as link:
            base, token = link.split("/login#")
            own = {"Origin": base}
            sent = {"token": token, "reviewer": ANN}
            async with client.post(f"{base}/login", data=sent, headers=own, allow_redirects=False):
                pass
            async with client.ws_connect(f"{base}/ws", headers=own) as socket:
                await socket.receive(PATIENCE_SECONDS)
                (review,) = running(ANN)
                os.kill(review, signal.SIGSTOP)  # as one that is too busy to quit
            await eventually(lambda: not running(ANN), pause=ASKING_SECONDS)
            socket = await client.ws_connect(f"{base}/ws", headers=own)
            await socket.receive(PATIENCE_SECONDS)
            async with client.post(f"{base}/logout", headers=own, allow_redirects=False):
                pass
            while not socket.closed:
                await socket.receive(PATIENCE_SECONDS)
            await eventually(lambda: not running(ANN), pause=ASKING_SECONDS)
            async with client.post(f"{base}/login", data=sent, headers=own, allow_redirects=False):
                pass
            socket = await client.ws_connect(f"{base}/ws", headers=own)
            await socket.receive(PATIENCE_SECONDS)
            drawn = 0
            while drawn < 500_000:  # bytes; one larger in earnest would take all memory
                await socket.send_json(["resize", {"width": 10**9, "height": 10**9}])
                drawn = len((await socket.receive(PATIENCE_SECONDS)).data)
            assert running(ANN)
        await eventually(lambda: not running(ANN), pause=ASKING_SECONDS)


@BROWSER
async def test_decisions_in_a_browser_are_there_after_a_reload(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lines(Path())
    with served(signal.SIGKILL, CURATE_COMMAND) as link:
        base, token = link.split("/login#")
        async with opened_page(tmp_path / "profile") as page:
            await page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
            await page.go(f"{base}/")
            await page.until("!!document.getElementById('reviewer')")
            await page.value("document.getElementById('token').value = 'wrong'")
            await page.value(LOG_IN)
            await page.until("(document.getElementById('error') || {}).innerText?.includes('wrong')")

            await page.go("about:blank")
            await page.go(link)
            await page.until(f"(document.getElementById('token') || {{}}).value == {token!r} && !location.hash")
            await page.value(LOG_IN)
            await page.until_received("Overview")
            await page.type("2")
            await page.until_received("hist")
            await page.type("d")
            await page.until_received("✗ 1 ")
            assert [(line["who"], line["verdict"]) for line in journal(ANN)] == [(ANN, "drop")]
            await page.type("m")
            await page.until_received("Note about")
            await page.type("half")
            await page.until_received("half")
            page.stays = True
            await page.go()
            await page.until("document.hasFocus()")  # the dialog has closed
            await page.type(" done\r")
            await eventually(lambda: journal(ANN)[-1].get("why"))
            assert (page.asked, journal(ANN)[-1].get("why")) == (["beforeunload"], "half done")

            page.stays = False
            await page.go()
            await page.until_received("Overview")
            await page.insert("2")
            await page.until_received("hist")
            await page.insert("w")
            await eventually((tmp_path / "lines.jsonl").exists)
            assert (tmp_path / "lines.jsonl").read_bytes() == b"".join(line + b"\n" for line in LINES)
            for pid in running(ANN):
                os.kill(pid, signal.SIGKILL)
            await page.until("document.body.classList.contains('-closed')")
            assert "Open it again" in await page.value("document.body.innerText")

            await page.go()
            await page.until_received("Overview")
            (review,) = running(ANN)
            server = int(subprocess.check_output(["ps", "-o", "ppid=", "-p", str(review)]))
            known = journal(ANN)
            await page.type("2")
            await page.until_received("✗ 1 ")
            os.kill(server, signal.SIGSTOP)  # as a network that passes nothing on
            await page.value("const now = Date.now; Date.now = () => now() + 5000")
            await page.until("document.body.innerText.includes('does not answer')")
            await page.type("d")
            os.kill(server, signal.SIGCONT)
            await page.until("!document.body.innerText.includes('does not answer')")
            page.received = ""
            await page.type("j")
            await page.until_received("○ 3 ")
            assert journal(ANN) == known, "a key that was pressed meanwhile has no effect"
            os.kill(server, signal.SIGKILL)
            await page.until("document.body.innerText.includes('The server has stopped')")
            assert "Open it again" not in await page.value("document.body.innerText")
            page.stays = True  # nothing is asked: no text can be lost
            await page.go("about:blank")
            await page.until("location == 'about:blank'")
            assert {urlsplit(url).hostname for url in page.requested if url.startswith("http")} == {"127.0.0.1"}
    assert not Path(".curate", "decisions.jsonl").exists()
    main(["apply", "data.jsonl", "-o", "clean.jsonl"])
    assert f"2 decisions in {Path('.curate', f'decisions-{ANN}.jsonl')} are not applied" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:.*excluded")
def test_each_review_gets_the_options_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path("a b;$(id)")
    folder.mkdir()
    write_lines(folder)
    (folder / "other.jsonl").write_bytes(LINES[0])
    Path("own.toml").write_text("")
    commands: list[list[str]] = []
    monkeypatch.setattr("tui.web.server.serve", lambda command, *_: commands.append(list(command("ann"))))
    options = ["--web", "--assign", "1/2", "--config", "own.toml"]
    assert main(["review", str(folder), *options]) == ExitCode.CLEAN
    assert main(["review", str(folder), *options, "--exclude", "other.*"]) == ExitCode.CLEAN
    start = [sys.executable, "-P", "-m", "curate", "review", "--assign=1/2", "--overlap=0.0", "--config=own.toml"]
    assert commands == [[*start, "--reviewer=ann", "--", str(folder)],
                        [*start, "--reviewer=ann", "--", str(folder / "data.jsonl")]]  # fmt: skip
    line = command_line(["/usr/bin/env", "printf", "%s\\n", *commands[1]])
    words = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    assert words.stdout.decode().splitlines() == commands[1]
    assert main(["review", str(folder), "--web", "--reviewer", "ann"]) == ExitCode.USAGE
