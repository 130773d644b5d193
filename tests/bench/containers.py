"""CPU time and peak memory of commands on the same chats as JSON Lines and in other containers.

    python -m tests.bench.containers [--megabytes N] [--containers parquet,csv,s3] [--commands check,dedup,split,verify]

Chats are written with nested columns (tool calls, tools, metadata), as JSON Lines, as pyarrow writes Parquet, as CSV
with JSON in its cells, and as JSON Lines in a bucket of a server of moto in this process. Each command runs once on
each in a process of its own, and downloads the bucket's file anew. `verify` reads the output of `split`.
"""

import argparse
import csv
import json
import logging
import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow.json
import pyarrow.parquet

COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "check": ("--workers", "1"),
    "dedup": ("--no-cache",),
    "split": (),
    "verify": (),
}
CONTAINERS: Final = ("jsonl", "parquet", "csv", "s3")
BUCKET: Final = "bucket"
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


def measured(words: Sequence[str]) -> tuple[float, float]:
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


def written(folder: Path, megabytes: int, containers: Sequence[str]) -> dict[str, str]:
    """Where the chats lie, by container."""
    lines = folder / "data.jsonl"
    with lines.open("w") as file:
        file.writelines(f"{line}\n" for line in chats(megabytes * 1_000_000))
    places = {"jsonl": str(lines)}
    if "parquet" in containers:
        table = pyarrow.json.read_json(lines, pyarrow.json.ReadOptions(block_size=64 << 20))
        pyarrow.parquet.write_table(table, folder / "data.parquet", row_group_size=1_000)
        places["parquet"] = str(folder / "data.parquet")
    if "csv" in containers:
        with lines.open() as file, (folder / "data.csv").open("w", newline="") as out:
            rows = csv.DictWriter(out, ["messages", "metadata", "tools"])
            rows.writeheader()
            rows.writerows({key: json.dumps(item) for key, item in json.loads(line).items()} for line in file)
        places["csv"] = str(folder / "data.csv")
    if "s3" in containers:
        places["s3"] = uploaded(lines, folder)
    return places


def uploaded(lines: Path, folder: Path) -> str:
    """The address of the chats in a bucket; sets the environment of the commands."""
    import boto3  # type: ignore[import-untyped]
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "XDG_CACHE_HOME": str(folder / "cache"),
    }  # fmt: skip
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    client.upload_file(str(lines), BUCKET, lines.name)
    return f"s3://{BUCKET}/{lines.name}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--containers", default=",".join(CONTAINERS[1:]))
    parser.add_argument("--commands", default=",".join(COMMANDS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        places = written(Path(name), given.megabytes, given.containers.split(","))
        for verb in given.commands.split(","):
            first: tuple[float, float] | None = None
            for container, place in places.items():
                out = Path(name) / f"out-{container}"
                path = str(out) if verb == "verify" else place
                ends = ("-o", str(out)) if verb == "split" else ()
                seconds, megabytes = measured((verb, path, *COMMANDS[verb], *ends, "--quiet"))
                shutil.rmtree(Path(name) / "cache", ignore_errors=True)
                first = first or (seconds, megabytes)
                print(
                    f"{verb:<6} {container:<8} {seconds:7.1f} s {megabytes:6.0f} MB   "
                    f"speed {first[0] / seconds:.2f}x, memory {megabytes / first[1]:.2f}x",
                    flush=True,
                )


if __name__ == "__main__":
    main()
