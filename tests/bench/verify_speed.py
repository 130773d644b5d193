"""How long `curate verify` takes for a folder that was divided before, such as one of 1,000,000 chats.

    python -m tests.bench.verify_speed FOLDER [--runs 1]

Prints seconds, seconds of CPU and peak memory in MB of all its processes (what they share is counted in parts), and
what it came to. Runs on Linux.
"""

import argparse
import sys
from pathlib import Path

from tests.bench.near_speed import timed


def main() -> None:
    """Print a line a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=1)
    args = parser.parse_args()
    print(f"{'seconds':>8} {'CPU':>8} {'MB':>6}")
    for _ in range(args.runs):
        run = timed([sys.executable, "-m", "curate", "verify", str(args.folder.absolute()), "--quiet"], fine=(0, 1))
        print(f"{run.wall:8.1f} {run.cpu:8.1f} {run.memory:6.0f}", flush=True)


if __name__ == "__main__":
    main()
