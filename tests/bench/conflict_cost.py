"""What looking for conflicts costs: seconds, processor time and peak memory, the first time and with what was
remembered, by number of examples.

    python -m tests.bench.conflict_cost corpus.jsonl --embeddings MODEL [--nli MODEL] [--reader MODEL]
    [--counts 1000 10000 100000]

Each line is a process of its own over the first so many lines of the file.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from curate.conflicts.conflict import find_conflicts
from curate.core.config import ConflictsConfig
from curate.read.dataset import read_dataset


def once(path: Path, config: ConflictsConfig, cache: Path) -> None:
    """Look once, and print what it took as JSON."""
    examples = read_dataset([path]).examples
    started, before = time.perf_counter(), time.process_time()
    embedded = 0

    def count(more: int) -> None:
        nonlocal embedded
        embedded += more

    report = find_conflicts(examples, config, cache, count)
    took = {"seconds": time.perf_counter() - started, "processor": time.process_time() - before, "texts": embedded}
    print(json.dumps({**took, "compared": report.compared, "conflicts": len(report.conflicts)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--embeddings", required=True)
    parser.add_argument("--nli", default="")
    parser.add_argument("--reader", default="")
    parser.add_argument("--counts", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.cache:
        once(args.path, ConflictsConfig(embeddings=args.embeddings, nli=args.nli, reader=args.reader), args.cache)
        return
    print(
        f"{'examples':>9} {'':6} {'seconds':>8} {'processor':>9} {'MB':>6} {'texts by models':>15} "
        f"{'pairs compared':>14} {'conflicts':>9}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for count in args.counts:
            part = Path(folder) / f"{count}.jsonl"
            with args.path.open("rb") as lines, part.open("wb") as file:
                file.writelines(line for _, line in zip(range(count), lines, strict=False))
            command = [
                sys.executable,
                "-m",
                "tests.bench.conflict_cost",
                str(part),
                "--embeddings",
                args.embeddings,
                "--nli",
                args.nli,
                "--reader",
                args.reader,
            ]
            for label in ("first", "again"):
                process = subprocess.Popen(
                    [*command, "--cache", f"{folder}/cache-{count}"], stdout=subprocess.PIPE, text=True
                )
                assert process.stdout is not None
                took = json.loads(process.stdout.read())
                _, _, usage = os.wait4(process.pid, 0)
                process.returncode = 0
                numbers = (
                    f"{took['seconds']:8.1f} {took['processor']:9.1f} {usage.ru_maxrss / 1024:6.0f} "
                    f"{took['texts']:15,} {took['compared']:14,}"
                )
                print(f"{count:9,} {label:6} {numbers} {took['conflicts']:9,}", flush=True)


if __name__ == "__main__":
    main()
