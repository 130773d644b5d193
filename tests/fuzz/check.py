"""Looks for files that break `curate check` and its kin: python -m tests.fuzz.check --seconds 600 --seed 1 --out DIR
FILE...

Each trial runs in a child process with a limit on its memory, and one that takes too long is ended. What fails is made
smaller and kept in DIR beside what was said. A trial is known by its seed and number: `--only N` runs that one again.
Exit status 1 when something failed.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from tests.fuzz.mutate import excerpt, mutated
from tests.fuzz.trial import signature, trial

MAX_CPU_SECONDS = 20
"""Seconds of processor time that a trial may take."""
MAX_SECONDS = 120
"""Seconds after which it is ended: other things may run beside it."""
MEMORY = 3 << 30
"""Bytes that a child may ask for, beyond what it has once it is ready."""
MAX_GROWTH_BYTES = 600 << 20
"""Bytes that a child's memory may grow by in one trial."""
NAMES = ("data.jsonl", "data.jsonl", "data.jsonl", "data.json", "data.jsonl.gz", "data.jsonl.zst")


def child(pipe: Connection) -> None:
    """Run the trials that come through the pipe, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        trial(b'{"messages": []}\n', Random(0))  # loads what is loaded late, threads among it
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        pipe.send("ready")
        while task := pipe.recv():
            before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
            found = trial(*task)
            grown, took = (
                (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10,
                time.process_time() - started,
            )
            if not found and grown > MAX_GROWTH_BYTES:
                found = f"memory: grew by {grown >> 20} MiB"
            if not found and took > MAX_CPU_SECONDS:
                found = f"time: {took:.0f} s of processor time"
            pipe.send(found)


class Child:
    """A process that runs trials, and another one once it has died."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=child, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        assert self.pipe.poll(60), "the child does not start"
        self.pipe.recv()

    def run(self, data: bytes, random: Random, name: str) -> str:
        """What went wrong, or nothing."""
        self.pipe.send((data, random, name))
        try:
            if self.pipe.poll(MAX_SECONDS):
                return str(self.pipe.recv())
            self.process.kill()
            failed = f"hang: more than {MAX_SECONDS} s"
        except EOFError:
            failed = "death"
        self.process.join()
        self.start()
        return failed if failed != "death" else f"death: exit status {self.process.exitcode}"


def smaller(data: bytes, fails: Callable[[bytes], bool], until: float) -> bytes:
    """The least of `data` found that still fails: lines left out, then bytes, in ever smaller pieces."""
    for parts in (data.splitlines(keepends=True), None):
        pieces = parts if parts is not None else [data[at : at + 1] for at in range(len(data))]
        size = max(1, len(pieces) // 2)
        while size and time.monotonic() < until:
            at = 0
            while at < len(pieces) and time.monotonic() < until:
                without = pieces[:at] + pieces[at + size :]
                if fails(b"".join(without)):
                    pieces = without
                else:
                    at += size
            size //= 2
        data = b"".join(pieces)
    return data


def _fails_alike(runner: Child, kind: str, seed: float, name: str, data: bytes) -> bool:
    return signature(runner.run(data, Random(seed), name) or "-") == kind


def main() -> int:
    """Run trials until the time is over; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--only", type=int, help="the number of a trial")
    parser.add_argument("--out", type=Path, default=Path(".curate/fuzz"))
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    corpus = [path.read_bytes() for path in options.files]
    runner, seen, number = Child(), set[str](), options.only or 0
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        random = Random(f"{options.seed}:{number}")
        data = mutated(excerpt(random.choice(corpus), random), excerpt(random.choice(corpus), random), random)
        name, seed = random.choice(NAMES), random.random()
        failed = runner.run(data, Random(seed), name)
        if failed and (kind := signature(failed)) not in seen:
            seen.add(kind)
            least = smaller(data, partial(_fails_alike, runner, kind, seed, name), time.monotonic() + 60)
            options.out.mkdir(parents=True, exist_ok=True)
            kept = options.out / f"{options.seed}-{number}-{name}"
            kept.write_bytes(least)
            kept.with_name(f"{kept.name}.txt").write_text(
                f"seed {options.seed}, trial {number}, random {seed}\n{failed}"
            )
            sys.stderr.write(f"trial {number}: {len(least)} bytes in {kept}\n{failed}\n")
        if options.only is not None:
            break
        number += 1
    sys.stderr.write(f"{number} trials, {len(seen)} different failures\n")
    return int(bool(seen))


if __name__ == "__main__":
    sys.exit(main())
