"""`curate dedup` beside what else people deduplicate chat data with: JSON Lines to kept JSON Lines, each a process of
its own, in turn.

    python tests/bench/near_speed.py corpus.jsonl [--runs 3] [--threshold 0.8] [--peers VENV/bin/python] [--only NAME
    ...]

`corpus.truth.jsonl` beside the corpus has a line for each planted pair: {"i": line of the original, from 0, "j": that
of the copy, "jaccard": of runs of 5 words}. Prints, for each: median seconds of the clock and of all processors (user +
system, its own processes among them), lines a second of the clock, peak memory of all its processes, how many times as
long as ours it took by the clock and by the processors, whether each run kept the same lines, lines removed, precision
(removed lines that have a planted twin), and the share of planted pairs found, by their similarity; a pair is found
when one of its lines is gone. `facts` is ours as users run it: pairs that differ in a number or a name stay; `curate`
is held against the others, which have no such thing. Processors of datatrove's workers are not counted: a server of its
own starts them. Then the signatures alone, from texts to MinHash values, beside datasketch's. The interpreter of
--peers has what is to be timed: see `near_peers.py`. Runs on Linux: memory is read from /proc.
"""

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

PEERS = Path(__file__).with_name("near_peers.py")
BANDS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.01)


def compared_text(line: bytes) -> str:
    import orjson

    return "\n".join(turn["content"] for turn in orjson.loads(line)["messages"] if turn["role"] != "system")


def signatures_ours(path: str) -> tuple[float, float]:
    """Texts a second of one processor to signatures: from texts, tokenising and hashing among it, and from ready sets
    of hashes.
    """
    from curate.similarity.shingles import ShingleSets, Shingling, TextBuffer, text_buffer
    from curate.similarity.similarity_index import signatures
    from curate.similarity.word_hashes import shingled

    with Path(path).open("rb") as lines:
        texts = [compared_text(line) for _, line in zip(range(50_000), lines, strict=False)]
    parts = [text_buffer(texts[at : at + 2000]) for at in range(0, len(texts), 2000)]

    def whole(part: TextBuffer) -> ShingleSets:
        sets = shingled(part, Shingling("word", 5))
        signatures(sets)
        return sets

    whole(parts[0])
    start = time.process_time()
    sets = [whole(part) for part in parts]
    middle = time.process_time()
    for some in sets:
        signatures(some)
    return len(texts) / (middle - start), len(texts) / (time.process_time() - middle)


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


class Run(NamedTuple):
    """What one run of a process and its own children took."""

    wall: float
    cpu: float
    memory: float
    """MB at its peak."""


def timed(command: list[str], fine: tuple[int, ...] = (0,)) -> Run:
    """Run a process to its end; it has to end with a status that is fine."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0.0
    while True:
        try:
            child.wait(0.25)
            break
        except subprocess.TimeoutExpired:
            peak = max(peak, sum(map(resident, tree(child.pid))))
    if child.returncode not in fine:
        raise SystemExit(f"{command} ended with {child.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Run(time.perf_counter() - start, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, peak)


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
    parser.add_argument("--peers", help="interpreter that has the peers; without it, ours alone are timed")
    parser.add_argument(
        "--only",
        nargs="*",
        help="peers that are timed; all that are installed otherwise. At a million lines they take many minutes",
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="near-speed-") as folder:
        bench(args, Path(folder))


def bench(args: argparse.Namespace, folder: Path) -> None:
    ours = [
        sys.executable,
        "-m",
        "curate",
        "dedup",
        str(args.path),
        "--threshold",
        str(args.threshold),
        "--yes",
        "--no-cache",
        "--quiet",
        "--overwrite",
        "-o",
    ]
    commands = {"curate": [*ours, str(folder / "curate"), "--ignore-facts"], "facts": [*ours, str(folder / "facts")]}
    if args.peers:
        there = subprocess.run(
            [args.peers, PEERS, "installed"], check=True, capture_output=True, text=True
        ).stdout.split()
        for name in there if args.only is None else args.only:
            commands[name] = [args.peers, str(PEERS), name, str(args.path), str(folder / name), str(args.threshold)]
    with args.path.open("rb") as lines:
        count = sum(1 for _ in lines)
    timed(commands["curate"])  # what is compiled once in a lifetime is compiled now
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    outputs: dict[str, set[str]] = {name: set() for name in commands}
    for _ in range(args.runs):
        for name, command in commands.items():
            runs[name].append(timed(command))
            outputs[name].add(hashlib.sha256((folder / name).read_bytes()).hexdigest())
    wall, cpu = (
        {name: statistics.median(getattr(run, kind) for run in results) for name, results in runs.items()}
        for kind in ("wall", "cpu")
    )
    bands = " ".join(f"{low:>5.1f}+" for low in BANDS[:-1])
    print(f"{count:,} lines, {os.cpu_count()} cores; recall by word-5-gram Jaccard of the planted pair")
    print(
        f"{'':16} {'clock':>8} {'cpu':>8} {'lines/s':>9} {'MB':>6} {'clock':>8} {'cpu':>7} {'rerun':>6} "
        f"{'removed':>9} {'precision':>9}  {bands}"
    )
    for name, results in runs.items():
        times = f"{wall[name] / wall['curate']:7.2f}x {cpu[name] / cpu['curate']:6.2f}x"
        memory = max(run.memory for run in results)
        same = "-" if args.runs == 1 else "same" if len(outputs[name]) == 1 else "other"
        print(
            f"{name:16} {wall[name]:8.2f} {cpu[name]:8.2f} {count / wall[name]:9,.0f} {memory:6.0f} {times} "
            f"{same:>6} {judged(args.path, folder / name)}",
            flush=True,
        )
    rates = signatures_ours(str(args.path))
    print(
        f"signatures alone, a second of one processor: {rates[0]:,.0f} from texts, {rates[1]:,.0f} from ready shingles"
    )
    if args.peers:
        subprocess.run([args.peers, PEERS, "signatures", args.path, folder / "rates", "0"], check=True)
        loop, bulk = map(float, (folder / "rates").read_text().split())
        print(
            f"datasketch from ready shingles: {loop:,.0f} in a loop, {bulk:,.0f} in bulk; it has no more than one "
            "processor"
        )
        there = [f"{(os.cpu_count() or 1) * rate / theirs:.0f}x" for theirs in (loop, bulk) for rate in rates]
        print(
            f"on all {os.cpu_count()} cores ours are {there[0]} and {there[1]} its loop, {there[2]} and "
            f"{there[3]} its bulk interface"
        )


if __name__ == "__main__":
    main()
