"""How long a data set takes to be divided and proved: `curate split`, then `curate verify` on what it wrote, each a
process of its own.

    python -m tests.bench.split_speed corpus.jsonl [--runs 1]

Prints for each, and for both together: seconds, seconds of CPU of all its processes, examples a second, and peak memory
in MB of all its processes (what they share is counted in parts). A first small run compiles what is compiled once in a
lifetime. Runs on Linux: memory is read from /proc.
"""

import argparse
import statistics
import sys
import tempfile
from itertools import islice
from pathlib import Path

from tests.bench.near_speed import Run, timed


def both(path: Path, folder: Path) -> tuple[Run, Run]:
    """Divide and prove."""
    curate = [sys.executable, "-m", "curate"]
    return timed([*curate, "split", str(path), "-o", str(folder), "--fresh", "--quiet"]), timed(
        [*curate, "verify", str(folder), "--quiet"]
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--runs", type=int, default=1)
    args = parser.parse_args()
    with args.path.open("rb") as lines:
        count = sum(1 for _ in lines)
    with tempfile.TemporaryDirectory(prefix="split-speed-") as name:
        folder = Path(name)
        with args.path.open("rb") as lines, (folder / "few.jsonl").open("wb") as few:
            few.writelines(islice(lines, 500))
        both(folder / "few.jsonl", folder / "few")
        runs = [both(args.path.absolute(), folder / "out") for _ in range(args.runs)]
    print(f"{count:,} examples, medians of {args.runs}")
    print(f"{'':10} {'seconds':>8} {'CPU':>8} {'examples/s':>11} {'MB':>6}")
    together = [Run(one.wall + two.wall, one.cpu + two.cpu, max(one.memory, two.memory)) for one, two in runs]
    for label, several in (
        ("split", [one for one, _ in runs]),
        ("verify", [two for _, two in runs]),
        ("together", together),
    ):
        seconds, cpu, memory = (statistics.median(one[nth] for one in several) for nth in range(3))
        print(f"{label:10} {seconds:8.1f} {cpu:8.1f} {count / seconds:11,.0f} {memory:6.0f}")


if __name__ == "__main__":
    main()
