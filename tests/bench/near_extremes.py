"""What data costs in which everything is alike: `curate dedup`, as users run it and with --ignore-facts.

    python tests/bench/near_extremes.py

Makes three files: one prompt 10,000 times with 10,000 answers, the same with answers of which most words are a
template's, and 100,000 times the same line. Prints seconds of all processors (user + system) and of the clock, peak
memory of the largest process, and lines kept.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROMPT = "Tell me a short story about a lighthouse, please."
TEMPLATE = (
    "The keeper of the lighthouse at the northern cape went up the stairs with a lamp in his hand and saw a ship that "
    "was called"
)
SYLLABLES = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu"]


def files(folder: Path) -> list[tuple[str, Path]]:
    """The files, each with what it is."""
    draw = random.Random(1)
    words = ["".join(draw.choices(SYLLABLES, k=3)) for _ in range(2000)]
    answers = [" ".join(draw.choices(words, k=60)) for _ in range(10_000)]
    templated = [
        f"{TEMPLATE} {''.join(draw.choices(SYLLABLES, k=5)).title()} and that came from far away across the sea"
        for _ in range(10_000)
    ]
    made: list[tuple[str, Path]] = []
    for name, said in (
        ("one prompt, 10,000 answers", answers),
        ("one prompt, 10,000 names in one answer", templated),
        ("100,000 times the same", [answers[0]] * 100_000),
    ):
        path = folder / f"{len(made)}.jsonl"
        turns = ([{"role": "user", "content": PROMPT}, {"role": "assistant", "content": answer}] for answer in said)
        path.write_text("".join(json.dumps({"messages": messages}) + "\n" for messages in turns), encoding="utf-8")
        made.append((name, path))
    return made


def timed(path: Path, *options: str) -> str:
    """Deduplicate a file."""
    kept = path.with_suffix(".kept")
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "curate",
        "dedup",
        str(path),
        "--yes",
        "--quiet",
        "--no-cache",
        "-o",
        str(kept),
        *options,
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    lines = kept.read_bytes().count(b"\n")
    return f"{cpu:8.1f} {wall:8.1f} {after.ru_maxrss / 1024:8,.0f} {lines:9,}"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="near-extremes-") as folder:
        print(f"{'':40} {'':16} {'cpu':>8} {'clock':>8} {'MB':>8} {'kept':>9}")
        for name, path in files(Path(folder)):
            for options in ((), ("--ignore-facts",)):
                print(f"{name:40} {' '.join(options):16} {timed(path, *options)}", flush=True)


if __name__ == "__main__":
    main()
