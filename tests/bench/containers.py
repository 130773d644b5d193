"""CPU time and peak memory of commands on the same chats as JSON Lines and as Parquet.

    python -m tests.bench.containers [--megabytes N]

Chats are written with nested columns (tool calls, tools, metadata), as JSON Lines and as pyarrow writes Parquet. Each
command runs once on each in a process of its own.
"""

import argparse
import json
import os
import random
import string
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import pyarrow.json
import pyarrow.parquet

COMMANDS: Final = (("check", "--workers", "1"), ("dedup", "--no-cache"))
TOOL: Final = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def chats(size: int) -> "list[str]":
    """Lines of about `size` bytes in all; every third has a tool call."""
    draw = random.Random(0)
    words = ["".join(draw.choices(string.ascii_lowercase, k=draw.randint(2, 10))) for _ in range(20_000)]

    def text(count: int) -> str:
        return " ".join(draw.choices(words, k=count)).capitalize() + "."

    lines: list[str] = []
    done = 0
    while done < size:
        number = len(lines)
        call = {"name": "get_weather", "arguments": json.dumps({"city": draw.choice(words)})}
        called: list[dict[str, Any]] = [
            {"role": "assistant", "tool_calls": [{"id": f"call_{number}", "type": "function", "function": call}]},
            {"role": "tool", "tool_call_id": f"call_{number}", "content": text(8)},
        ]
        turns: list[dict[str, Any]] = [{"role": "user", "content": text(draw.randint(10, 60))}]
        turns += called if number % 3 == 0 else []
        turns.append({"role": "assistant", "content": text(draw.randint(30, 200))})
        row = {"messages": turns, "metadata": {"source": draw.choice(words), "tags": draw.sample(words, 3)}}
        lines.append(json.dumps(row | ({"tools": [TOOL]} if number % 3 == 0 else {})))
        done += len(lines[-1]) + 1
    return lines


def measured(words: list[str]) -> tuple[float, float]:
    """CPU seconds and peak megabytes of a command, its own processes included."""
    command = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, "
               "stderr=subprocess.DEVNULL); used = resource.getrusage(resource.RUSAGE_CHILDREN); "
               "print(used.ru_utime + used.ru_stime, used.ru_maxrss)")  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", command, sys.executable, "-m", "curate", *words],
        capture_output=True, text=True, check=True, env=dict(os.environ),
    )  # fmt: skip
    seconds, kilobytes = map(float, done.stdout.split())
    return seconds, kilobytes / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / "data.jsonl", Path(name) / "data.parquet"]
        files[0].write_text("\n".join(chats(given.megabytes * 1_000_000)) + "\n")
        table = pyarrow.json.read_json(files[0], pyarrow.json.ReadOptions(block_size=64 << 20))
        pyarrow.parquet.write_table(table, files[1], row_group_size=1_000)
        for verb, *options in COMMANDS:
            rows = [measured([verb, str(file), *options, "--quiet"]) for file in files]
            for file, (seconds, megabytes) in zip(files, rows, strict=True):
                print(f"{verb:<6} {file.suffix:<9} {seconds:7.1f} s {megabytes:7.0f} MB", flush=True)
            print(f"{'':<6} speed {rows[0][0] / rows[1][0]:.2f}x, memory {rows[1][1] / rows[0][1]:.2f}x", flush=True)


if __name__ == "__main__":
    main()
