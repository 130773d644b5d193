"""`curate dedup` beside what else people deduplicate chat data with: JSON Lines to kept JSON Lines, each a process of its own, in turn.

    python tests/bench/near_speed.py corpus.jsonl [--runs 3] [--threshold 0.8] [--peers VENV/bin/python] [--ours-only]

`corpus.truth.jsonl` beside the corpus has a line for each planted pair: {"i": line of the original, from 0, "j": that of the copy, "jaccard": of
runs of 5 words}. Prints, for each: median seconds, lines a second, peak memory of all its processes, how many times as long as ours it
took, lines removed, precision (removed lines that have a planted twin), and the share of planted pairs found, by their similarity; a
pair is found when one of its lines is gone. `facts` is ours as users run it: pairs that differ in a number or a name stay. Then the
signatures alone, from texts to MinHash values, beside datasketch's. The interpreter of --peers has datasketch, orjson and, if they are to be
timed, rensa. Runs on Linux: memory is read from /proc.
"""

import argparse
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

WORDS = re.compile(r"\w+")
BANDS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
SAMPLE = 2000
"""Texts whose signatures are timed by datasketch; ours have them all, for they are quick."""


def compared_text(line: bytes) -> str:
    import orjson

    return "\n".join(turn["content"] for turn in orjson.loads(line)["messages"] if turn["role"] != "system")


def shingles(text: str, size: int = 5) -> list[bytes]:
    words = WORDS.findall(text.lower())
    return [" ".join(words[k : k + size]).encode() for k in range(max(1, len(words) - size + 1))]


def datasketch_loop(path: str, out: str, threshold: float) -> None:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=threshold, num_perm=128)
    with Path(path).open("rb") as lines, Path(out).open("wb") as kept:
        for number, line in enumerate(lines):
            sketch = MinHash(num_perm=128)
            sketch.update_batch(shingles(compared_text(line)))
            if not index.query(sketch):
                index.insert(number, sketch)
                kept.write(line)


def rensa_loop(path: str, out: str, threshold: float) -> None:
    from rensa import RMinHash, RMinHashLSH  # type: ignore[import-not-found, unused-ignore]  # not among our requirements

    index = RMinHashLSH(threshold=threshold, num_perm=128, num_bands=16)
    sketches: dict[int, Any] = {}
    with Path(path).open("rb") as lines, Path(out).open("wb") as kept:
        for number, line in enumerate(lines):
            sketch = RMinHash(num_perm=128, seed=1)
            sketch.update([shingle.decode() for shingle in shingles(compared_text(line))])
            if not any(sketch.jaccard(sketches[other]) >= threshold for other in index.query(sketch)):
                index.insert(number, sketch)
                sketches[number] = sketch
                kept.write(line)


def signatures_datasketch(path: str, out: str, threshold: float) -> None:
    from datasketch import MinHash

    with Path(path).open("rb") as lines:
        texts = [compared_text(line) for _, line in zip(range(SAMPLE), lines, strict=False)]
    prepared = [shingles(text) for text in texts]
    start = time.perf_counter()
    for some in prepared:
        MinHash(num_perm=128).update_batch(some)
    Path(out).write_text(str(SAMPLE / (time.perf_counter() - start)))


def signatures_ours(path: str) -> tuple[float, float]:
    """Texts a second to signatures on all cores: from texts, tokenising and hashing among it, and from ready sets of hashes."""
    from curate.detect.minhash import signatures
    from curate.detect.shingles import Sets, Shingling, Texts, shingled, texts_of
    from curate.detect.threads import cores, side_by_side

    with Path(path).open("rb") as lines:
        texts = [compared_text(line) for _, line in zip(range(50_000), lines, strict=False)]
    parts = [texts_of(texts[at : at + 2000]) for at in range(0, len(texts), 2000)]

    def whole(part: Texts) -> Sets:
        sets = shingled(part, Shingling("word", 5))
        signatures(sets)
        return sets

    whole(parts[0])
    start = time.perf_counter()
    sets = list(side_by_side(whole, parts, cores()))
    middle = time.perf_counter()
    for _ in side_by_side(signatures, sets, cores()):
        pass
    return len(texts) / (middle - start), len(texts) / (time.perf_counter() - middle)


ONLY: dict[str, Callable[[str, str, float], None]] = {
    "datasketch": datasketch_loop,
    "rensa": rensa_loop,
    "signatures": signatures_datasketch,
}


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def resident(pid: int) -> float:
    """MB of a process; what it shares with others is counted in parts."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0.0)


def timed(command: list[str]) -> tuple[float, float]:
    """Seconds, and peak memory in MB of a child process and its own children."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0.0
    while True:
        try:
            child.wait(0.25)
            break
        except subprocess.TimeoutExpired:
            peak = max(peak, sum(map(resident, tree(child.pid))))
    if child.returncode != 0:
        raise SystemExit(f"{command} ended with {child.returncode}")
    return time.perf_counter() - start, peak


def judged(path: Path, kept: Path) -> str:
    """Lines removed, precision, and recall by similarity."""
    truth = path.with_suffix(".truth.jsonl")
    with path.open("rb") as lines:
        numbers: dict[bytes, list[int]] = {}
        count = 0
        for number, line in enumerate(lines):
            numbers.setdefault(line.strip(), []).append(number)
            count += 1
    gone = set(range(count))
    with kept.open("rb") as lines:
        for line in lines:
            gone.discard(numbers[line.strip()].pop(0))
    pairs = [json.loads(line) for line in truth.read_text().splitlines()]
    twins = {pair[end] for pair in pairs for end in "ij"}
    precision = sum(number in twins for number in gone) / max(1, len(gone))
    shown = []
    for low, high in pairwise(BANDS):
        some = [pair for pair in pairs if low <= pair["jaccard"] < high]
        found = sum(pair["i"] in gone or pair["j"] in gone for pair in some)
        shown.append(f"{found / max(1, len(some)):6.3f}")
    return f"{len(gone):9,} {precision:9.4f}  " + " ".join(shown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threshold", type=float, default=0.8)
    parser.add_argument("--peers", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--ours-only", action="store_true", help="time nothing else: at a million lines the peers take many minutes")
    parser.add_argument("--only", choices=ONLY, help=argparse.SUPPRESS)
    parser.add_argument("--out", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        ONLY[args.only](str(args.path), args.out, args.threshold)
        return
    with tempfile.TemporaryDirectory(prefix="near-speed-") as folder:
        bench(args, Path(folder))


def bench(args: argparse.Namespace, folder: Path) -> None:
    ours = [sys.executable, "-m", "curate", "dedup", str(args.path), "--threshold", str(args.threshold), "--yes", "--no-cache", "--quiet", "-o"]
    commands = {"curate": [*ours, str(folder / "curate"), "--ignore-facts"], "facts": [*ours, str(folder / "facts")]}
    peer = [args.peers, __file__, str(args.path), "--threshold", str(args.threshold)]
    if not args.ours_only:
        names = ["datasketch", *(["rensa"] if args.peers != sys.executable or importlib.util.find_spec("rensa") else [])]
        commands |= {name: [*peer, "--out", str(folder / name), "--only", name] for name in names}
    with args.path.open("rb") as lines:
        count = sum(1 for _ in lines)
    timed(commands["curate"])  # what is compiled once in a lifetime is compiled now
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(args.runs):
        for name, command in commands.items():
            runs[name].append(timed(command))
    best = statistics.median(seconds for seconds, _ in runs["curate"])
    bands = " ".join(f"{low:>5.1f}+" for low in BANDS[:-1])
    print(f"{count:,} lines, {os.cpu_count()} cores; recall by word-5-gram Jaccard of the planted pair")
    print(f"{'':12} {'seconds':>8} {'lines/s':>9} {'MB':>6} {'against':>8} {'removed':>9} {'precision':>9}  {bands}")
    for name, results in runs.items():
        seconds, memory = statistics.median(s for s, _ in results), max(m for _, m in results)
        print(f"{name:12} {seconds:8.2f} {count / seconds:9,.0f} {memory:6.0f} {seconds / best:7.2f}x {judged(args.path, folder / name)}", flush=True)
    rates = signatures_ours(str(args.path))
    print(f"signatures alone: {rates[0]:,.0f} texts/s from texts, {rates[1]:,.0f} from ready shingles")
    if not args.ours_only:
        subprocess.run([*peer, "--out", str(folder / "rate"), "--only", "signatures"], check=True)
        theirs = float((folder / "rate").read_text())
        print(f"datasketch: {theirs:,.0f} from ready shingles; ours are {rates[0] / theirs:.0f}x and {rates[1] / theirs:.0f}x that")


if __name__ == "__main__":
    main()
