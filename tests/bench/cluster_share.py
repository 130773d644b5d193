"""The processor time of a command on a local Ray cluster: of its own process, and of all workers.

    python -m tests.bench.cluster_share --nodes 3 --chats 100000 dedup corpus.jsonl -o kept.jsonl --overwrite --yes

The nodes have one core each. Processor time is user + system; that of the workers is read from /proc each 0.1 s, and
includes what the raylets and the control service of the cluster need. The same command runs on the first 300 chats
before: what it takes is the start, which the second line leaves out on both sides.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Final

import psutil
from ray.cluster_utils import Cluster

FEW: Final = 300


def started(count: int) -> Cluster:
    """A cluster of `count` nodes with one core each."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(count - 1):
        cluster.add_node(num_cpus=1)
    return cluster


def sampled(times: dict[tuple[int, float], float], skipped: int) -> None:
    """Update the processor time of each process below this one except `skipped`."""
    for process in psutil.Process().children(recursive=True):
        try:
            used = process.cpu_times()
            if process.pid != skipped:
                times[process.pid, process.create_time()] = used.user + used.system
        except psutil.NoSuchProcess:
            continue


def measured(command: list[str]) -> tuple[float, float, float]:
    """Seconds of the clock, and processor time of the process of a command and of all processes of the cluster."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    times = dict[tuple[int, float], float]()
    sampled(times, -1)
    earlier = sum(times.values())
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while running.poll() is None:
        sampled(times, running.pid)
        time.sleep(0.1)
    if running.returncode not in (0, 1):
        raise SystemExit(f"{command} failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - begun, own, sum(times.values()) - earlier


def main() -> None:
    """Run the command and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--chats", type=int, help="Read so many lines of the corpus, the second word of the command.")
    args, command = parser.parse_known_args()
    root = Path(__file__).parents[2]
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(root)}
    cluster = started(args.nodes)
    try:
        with tempfile.TemporaryDirectory(prefix="cluster-share-") as folder:
            figures = []
            for count in (FEW, args.chats):
                path = Path(folder) / f"{count}.jsonl"
                with Path(command[1]).open("rb") as lines, path.open("wb") as file:
                    file.writelines(islice(lines, count))
                words = [command[0], str(path), *command[2:], "--engine", "ray", "--address", cluster.address]
                figures.append(measured([sys.executable, "-m", "curate", *words]))
        (_, own_start, others_start), (clock, own, others) = figures
        print(
            f"{args.nodes} nodes: {clock:.1f} s, processor time of the command {own:.1f} s, of the cluster "
            f"{others:.1f} s: {own / (own + others):.0%} in the command"
        )
        own, others = own - own_start, others - others_start
        print(
            f"without the start ({own_start:.1f} s and {others_start:.1f} s): {own:.1f} s and {others:.1f} s: "
            f"{own / (own + others):.0%} in the command"
        )
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
