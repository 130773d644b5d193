"""`curate check` beside what else people check chat data with, each a process of its own, in turn, several times.

    python tests/bench/check_speed.py corpus.jsonl [--runs 3]

Prints, for each: median seconds, lines a second, peak memory of all its processes together (Linux; elsewhere of the
largest one), and how many times as long as ours it took. `orjson` only parses; `cookbook` is the loop of the OpenAI
cookbook's data preparation notebook, written out; `parallelogram` is timed when it is on the path.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

ROLES = ("system", "user", "assistant", "function")
KEYS = ("role", "content", "name", "function_call", "weight")


def parse_only(path: Path) -> None:
    import orjson

    with path.open("rb") as lines:
        for line in lines:
            orjson.loads(line)


def cookbook(path: Path) -> None:
    with path.open(encoding="utf-8") as lines:
        examples = [json.loads(line) for line in lines]
    errors: Counter[str] = Counter()
    for example in examples:
        if not isinstance(example, dict):
            errors["data_type"] += 1
            continue
        messages = example.get("messages")
        if not messages:
            errors["missing_messages_list"] += 1
            continue
        for message in messages:
            errors["message_missing_key"] += "role" not in message or "content" not in message
            errors["message_unrecognized_key"] += any(key not in KEYS for key in message)
            errors["unrecognized_role"] += message.get("role") not in ROLES
            content = message.get("content")
            errors["missing_content"] += (not content and not message.get("function_call")) or not isinstance(
                content, str
            )
        errors["example_missing_assistant_message"] += not any(
            message.get("role") == "assistant" for message in messages
        )


ONLY = {"orjson": parse_only, "cookbook": cookbook}


def timed(command: list[str]) -> tuple[float, float]:
    """Seconds, and peak memory in MB, of a child process and its own children."""
    start, peak = time.perf_counter(), 0.0
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    while not (ended := os.wait4(pid, os.WNOHANG))[0]:
        peak = max(peak, sum(map(memory, family(pid))))
        time.sleep(0.02)
    took = time.perf_counter() - start
    _, status, usage = ended
    if os.waitstatus_to_exitcode(status) not in (0, 1, 2):  # findings, as each counts them
        raise SystemExit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return took, peak or usage.ru_maxrss / 1024


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [member for child in listed.read_text().split() for member in family(int(child))]
    return found


def memory(pid: int) -> float:
    """MB that a process takes, its share of what it shares with others; 0 where that is not told."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=ONLY)
    args = parser.parse_args()
    if args.only:
        ONLY[args.only](args.path)
        return
    commands = {"curate": [sys.executable, "-m", "curate", "check", "--quiet", "--no-cache", str(args.path)]}
    commands |= {name: [sys.executable, __file__, str(args.path), "--only", name] for name in ONLY}
    if peer := shutil.which("parallelogram"):
        commands["parallelogram"] = [peer, "check", str(args.path), "--json"]
    with args.path.open("rb") as lines:
        count = sum(1 for _ in lines)
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(args.runs):
        for name, command in commands.items():
            runs[name].append(timed(command))
    ours = statistics.median(seconds for seconds, _ in runs["curate"])
    print(f"{'':14} {'seconds':>8} {'lines/s':>9} {'MB':>6} {'against ours':>12}")
    for name, results in runs.items():
        seconds, memory = statistics.median(s for s, _ in results), max(m for _, m in results)
        print(f"{name:14} {seconds:8.2f} {count / seconds:9,.0f} {memory:6.0f} {seconds / ours:11.2f}x")


if __name__ == "__main__":
    main()
