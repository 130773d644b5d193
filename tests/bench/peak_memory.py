"""Time, peak memory and disk of a command with all its processes, on Linux.

    python -m tests.bench.peak_memory curate dedup corpus.jsonl -o kept.jsonl --no-cache --memory 6GB

Every half second: the sums of `RssAnon` and `RssFile` in /proc/PID/status, and how much less is free on the disk of
TMPDIR. Pages that processes share count once for each.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil


def resident(process: psutil.Process) -> tuple[int, int]:
    """Kilobytes that cannot be reclaimed, and those that lie in files, of a process and its children."""
    anonymous = mapped = 0
    for one in (process, *process.children(recursive=True)):
        try:
            with Path(f"/proc/{one.pid}/status").open(encoding="ascii", errors="replace") as file:
                lines = dict(line.split(":", 1) for line in file if line.startswith("Rss"))
        except OSError:  # it has ended
            continue
        anonymous += int(lines.get("RssAnon", "0 kB").split()[0])
        mapped += int(lines.get("RssFile", "0 kB").split()[0])
    return anonymous, mapped


def main() -> None:
    """Run the command and print the figures."""
    begun, free, peaks = time.monotonic(), shutil.disk_usage(tempfile.gettempdir()).free, [0, 0, 0]
    command = [sys.executable, "-m", *sys.argv[1:]]
    running = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(Path.cwd())})
    while running.poll() is None:
        try:
            now = (*resident(psutil.Process(running.pid)), (free - shutil.disk_usage(tempfile.gettempdir()).free) >> 10)
        except psutil.Error:  # it ended meanwhile
            break
        peaks = list(map(max, peaks, now))
        time.sleep(0.5)
    status, used = running.wait(), resource.getrusage(resource.RUSAGE_CHILDREN)
    anonymous, mapped, disk = (peak * 1024 // 10**6 for peak in peaks)
    print(
        f"status {status}, {time.monotonic() - begun:.0f} s, processor time {used.ru_utime + used.ru_stime:.0f} s, "
        f"RssAnon {anonymous:,} MB, RssFile {mapped:,} MB, disk {disk:,} MB"
    )


if __name__ == "__main__":
    main()
