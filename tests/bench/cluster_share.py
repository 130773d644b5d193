"""The processor time of a command on a local Ray cluster: of its own process, and of all workers.

    python -m tests.bench.cluster_share --nodes 3 dedup corpus.jsonl -o kept.jsonl --overwrite --yes

The nodes have one core each. Processor time is user + system; that of the workers is read from /proc each 0.1 s, and
includes what the raylets and the control service of the cluster need.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import psutil
from ray.cluster_utils import Cluster


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
    args, command = parser.parse_known_args()
    root = Path(__file__).parents[2]
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(root)}
    cluster = started(args.nodes)
    try:
        words = [sys.executable, "-m", "curate", *command, "--engine", "ray", "--address", cluster.address]
        clock, own, others = measured(words)
        print(
            f"{args.nodes} nodes: {clock:.1f} s, processor time of the command {own:.1f} s, of the cluster "
            f"{others:.1f} s: {own / (own + others):.0%} in the command"
        )
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
