"""The command in a real terminal: a pseudo-terminal of the standard library, keys as bytes, a second process that finds
the decisions.
"""

import fcntl
import json
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.strip import Strip

from curate.cli.main import main
from curate.core.errors import ExitCode
from tests.waiting import ASKING_SECONDS, PATIENCE_SECONDS, is_running, until
from tui.terminal import release_lines


def write_data(folder: Path) -> Path:
    asked = {"role": "user", "content": "When did it land? \x1b[31m"}
    lines = [{"messages": [asked, {"role": "assistant", "content": f"It landed in {year}."}]} for year in (1969, 1968)]
    path = folder / "data.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


class Terminal:
    """`curate review` on a pseudo-terminal of 80 by 24."""

    def __init__(self, folder: Path) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        command = [sys.executable, "-m", "curate", "review", "data.jsonl"]
        environment = {**os.environ, "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self.seen = b""

    def until(self, ready: Callable[[], bool]) -> None:
        """Read what the process writes until something is so."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not ready():
            assert time.monotonic() < end, self.seen[-2000:]
            if select.select([self.ours], [], [], 0.05)[0]:
                try:
                    self.seen += os.read(self.ours, 65536)
                except OSError:  # the other end was closed
                    return

    def press(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def vanish(self) -> int:
        """Close the terminal, of which no signal tells; returns the exit status once the process and all it started are
        gone.
        """
        os.close(self.ours)
        code = self.process.wait(PATIENCE_SECONDS)
        until(lambda: not is_running(-self.process.pid), lambda: "a process of the review outlived it")
        return code


@pytest.mark.slow
def test_decisions_outlive_the_terminal_and_the_process_does_not(tmp_path: Path) -> None:
    write_data(tmp_path)
    journal = tmp_path / ".curate" / "decisions.jsonl"
    terminal = Terminal(tmp_path)
    terminal.until(lambda: b"0 of 1 decided" in terminal.seen)
    os.write(terminal.ours, b"\xff\xe9")  # no UTF-8: it is no key, and ends nothing
    terminal.press("5")
    terminal.until(lambda: b"A says" in terminal.seen)
    terminal.press("a")
    terminal.until(lambda: journal.exists() and journal.read_text().count("\n") == 2)
    assert terminal.vanish() == ExitCode.INTERRUPTED
    assert b"\x1b[31mIt" not in terminal.seen
    assert [json.loads(line)["verdict"] for line in journal.read_text().splitlines()] == ["keep", "drop"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_a_review_in_tmux(tmp_path: Path) -> None:
    """Open, filter, decide, undo, quit, reopen, as a person does it; what is asked of tmux is what a person would
    see.
    """
    write_data(tmp_path)
    server = ["tmux", "-L", f"curate-{os.getpid()}", "-f", "/dev/null"]

    def tmux(*words: str) -> str:
        return subprocess.run([*server, *words], check=True, capture_output=True, text=True, cwd=tmp_path).stdout

    def screen() -> str:
        return tmux("capture-pane", "-p", "-t", "review")

    def shown(text: str) -> str:
        until(lambda: text in screen(), screen, ASKING_SECONDS)
        return screen()

    command = f"{sys.executable} -m curate review data.jsonl; echo left with $?; exec sleep 600"
    tmux("new-session", "-d", "-s", "review", "-x", "80", "-y", "24", command)
    try:
        shown("0 of 1 decided")
        tmux("send-keys", "-t", "review", "5")
        shown("A says 1969, B says 1968")
        tmux("send-keys", "-t", "review", "b")
        shown("nothing is left to decide")
        tmux("send-keys", "-t", "review", "Enter")
        shown("1 of 1 decided")
        tmux("send-keys", "-t", "review", "u")
        shown("0 of 1 decided")
        tmux("send-keys", "-t", "review", "2")
        shown("line question")
        tmux("send-keys", "-t", "review", "/")
        shown("words, ")
        tmux("send-keys", "-t", "review", "-l", "1968")
        assert "1/1" in shown("filter 1968")
        tmux("send-keys", "-t", "review", "Enter")
        shown("d Drop")
        tmux("send-keys", "-t", "review", "d")
        shown("1 of 2 decided")
        tmux("send-keys", "-t", "review", "q")
        shown("left with 0")
        tmux("respawn-pane", "-k", "-t", "review", command)
        shown("1 of 1 decided")
    finally:
        tmux("kill-server")


def test_without_a_terminal_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", str(write_data(tmp_path))]) == ExitCode.USAGE
    assert "curate check" in capsys.readouterr().err


def test_without_textual_or_on_a_dumb_terminal_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert main(["review", str(write_data(tmp_path))]) == ExitCode.USAGE
    assert "TERM=dumb: " in capsys.readouterr().err
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("curate.cli.verbs._bind_package", lambda _package: None)
    assert main(["review", str(write_data(tmp_path))]) == ExitCode.USAGE
    assert "curate-chat[tui]" in capsys.readouterr().err


@pytest.mark.slow
def test_it_is_drawn_for_a_browser_too(tmp_path: Path) -> None:
    """`textual serve` starts the command with a driver that talks to it over pipes; the handshake is its own."""
    write_data(tmp_path)
    environment = {**os.environ, "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}
    command = [sys.executable, "-m", "curate", "review", "data.jsonl"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"__GANGLION__\n"
        process.kill()


def test_a_drawn_line_is_freed_when_it_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("divide", "crop_extend"):
        monkeypatch.setattr(Strip, name, getattr(Strip, name))
    release_lines()
    strip = Strip([Segment("line")])
    before = sys.getrefcount(strip)
    assert strip.divide([4]) == [strip]
    assert strip.crop_extend(0, 4, None) is strip
    assert [part.text for part in strip.divide([1, 4])] == ["l", "ine"]
    assert strip.crop_extend(1, 6, None).text == "ine  "
    assert sys.getrefcount(strip) == before  # Textual's caches do not hold it


def test_the_command_that_repeats_the_review_is_printed_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(write_data(tmp_path).parent)
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(getattr(sys, stream), "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys.stdin, "fileno", lambda: 0)
    monkeypatch.setattr("tui.app.CurateApp.run", lambda app: app.state.filters.update(finding="code:M0 \x1b"))
    monkeypatch.setattr("tui.terminal.accept_all_input", lambda: None)
    monkeypatch.setattr("tui.terminal.release_lines", lambda: None)
    monkeypatch.setattr("tui.terminal.end_with_terminal", lambda *_: None)
    assert main(["review", "data.jsonl", "--where", "turns > 1"]) == ExitCode.CLEAN
    assert capsys.readouterr().err.splitlines() == [
        "again with this filter: curate review '--where=turns > 1' -- data.jsonl",
        "again with this filter: curate review '--where=code:M0 \\x1b' -- data.jsonl",
    ]
    assert main(["review", "data.jsonl", "--where", "trns > 1"]) == ExitCode.USAGE
    assert "did you mean turns?" in " ".join(capsys.readouterr().err.split())
