"""How quick the review is on a big file, as a person at a terminal has it: a real process on a pseudo-terminal, keys as
bytes.

    python tests/bench/review_speed.py big.jsonl        # time to the first screens, key to screen while scrolling and
    deciding, memory

A key is answered when the status line shows the new position. Times are wall-clock times while the check goes on in
another process, so run it on a quiet machine; the processor time that the drawing thread takes for a key, which other
programs change less, is measured beside them, and the load is printed. Decisions go to a project in a temporary folder.
"""

import argparse
import fcntl
import os
import pty
import re
import select
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path

KEYS = 300
POSITION = re.compile(rb"(\d[\d,]*)/(\d[\d,]*)")


class Terminal:
    """The review on a pseudo-terminal of 120 by 40."""

    def __init__(self, file: Path, folder: Path) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.began = time.monotonic()
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        command = [sys.executable, "-m", "curate", "review", str(file)]
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self.seen = b""

    def until(self, ready: Callable[[bytes], bool], seconds: float = 600) -> float:
        """Read until what came since the last key is so; returns seconds since the start."""
        end = time.monotonic() + seconds
        while not ready(self.seen):
            if time.monotonic() > end:
                raise SystemExit(f"not seen within {seconds} s: {self.seen[-500:]!r}")
            if select.select([self.ours], [], [], 0.005)[0]:
                self.seen += os.read(self.ours, 1 << 16)
        return time.monotonic() - self.began

    def press(self, key: str) -> None:
        """Forget what was seen and press a key."""
        while select.select([self.ours], [], [], 0)[0]:
            os.read(self.ours, 1 << 16)
        self.seen = b""
        os.write(self.ours, key.encode())

    def timed(self, key: str, ready: Callable[[bytes], bool]) -> tuple[float, float]:
        """Milliseconds from a key to what it shows, and those of them that the drawing thread was on a processor."""
        self.press(key)
        began, busy = time.monotonic(), self.busy()
        self.until(ready, 30)
        return (time.monotonic() - began) * 1000, self.busy() - busy

    def busy(self) -> float:
        """Milliseconds of processor time of the drawing thread."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e6

    def status(self, name: str) -> int:
        """A number of the process's state, in kB where it is a size."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in text.splitlines() if line.startswith(name)).split()[1])

    def cpu(self) -> float:
        """CPU seconds of the process that draws."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def at(position: int) -> Callable[[bytes], bool]:
    """Whether the status line shows a position."""
    return lambda seen: any(match.group(1) == f"{position:,}".encode() for match in POSITION.finditer(seen))


def told(name: str, times: list[tuple[float, float]]) -> None:
    for what, one in (("", 0), (", processor time", 1)):
        values = sorted(pair[one] for pair in times)
        middle, last = statistics.median(values), values[min(len(values) - 1, int(len(values) * 0.99))]
        print(f"{name + what:<50} median {middle:6.1f} ms   99th percentile {last:6.1f} ms   ({len(values)} keys)")


def machine() -> None:
    """Print what slows all programs: the load, and how fast a processor counts."""
    began = time.process_time()
    sum(range(10_000_000))
    counted = time.process_time() - began
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; counting to 10,000,000 takes {counted:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    machine()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, options.file.name)  # the journal is written beside the data
        shutil.copyfile(options.file, file)
        terminal = Terminal(file, Path(folder))
        print(f"first screen                       {terminal.until(lambda seen: b'Overview' in seen):6.2f} s")
        terminal.press("2")
        print(
            f"first lines on the screen          {terminal.until(lambda seen: bool(POSITION.search(seen))):6.2f} "
            f"s, {terminal.cpu():.2f} s of CPU"
        )
        terminal.until(lambda seen: b"lines found" not in seen[-2000:], 60)
        time.sleep(1)
        began = terminal.cpu()
        told(
            "scrolling by one, check going on",
            [terminal.timed("\x1b[B", at(position)) for position in range(2, KEYS + 2)],
        )
        told(
            "deciding, check going on",
            [terminal.timed("d", at(position)) for position in range(KEYS + 2, 2 * KEYS + 2)],
        )
        print(f"CPU a key                          {(terminal.cpu() - began) * 1000 / (2 * KEYS):6.1f} ms")
        told(
            "to the end and back",
            [terminal.timed(key, lambda seen: bool(POSITION.search(seen))) for key in ("\x1b[F", "\x1b[H") * 20],
        )
        print(f"memory, check going on             {terminal.status('VmHWM') / 1024:6.0f} MB at most")
        terminal.press("/")
        terminal.until(lambda seen: b"words" in seen)
        found, _ = terminal.timed("zebra", lambda seen: b"filter" in seen and b"searched)" not in seen[-3000:])
        print(f"filter by a word, all lines        {found / 1000:6.2f} s")
        machine()
        terminal.press("\x1b")
        time.sleep(1)  # an escape and a letter at once would be another key
        terminal.press("q")
        while terminal.process.poll() is None:
            if select.select([terminal.ours], [], [], 0.1)[0]:
                try:
                    os.read(terminal.ours, 1 << 16)
                except OSError:
                    break
        print(
            f"left with {terminal.process.wait(30)}; journal "
            f"{len(Path(folder, '.curate', 'decisions.jsonl').read_bytes().splitlines())} lines"
        )


if __name__ == "__main__":
    main()
