"""What the first command after an installation costs, when no kernel is compiled: by size of the data, as the size
decides, with the kernels as they are written, and compiled.

    python tests/bench/first_use.py [--sizes 0.05,0.25,1,10]    sizes in MB

Prints the seconds of the processor and of the clock of `curate dedup` and `curate split` in a process of its own with
an empty cache of compiled code, and again with what the compiled run left there.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

CODE: Final = """
import sys
from curate.cli.main import main
from curate.parallel.kernels import Mode, running_kernels

with running_kernels(Mode[sys.argv[1]]):
    sys.exit(main(sys.argv[2:]))
"""
COMMANDS: Final = (["dedup", "data.jsonl", "--no-cache", "-q"], ["split", "data.jsonl", "-o", "out", "-q"])
COLUMNS: Final = {
    "by size": ("COMPILED", "new"),
    "as written": ("NEVER_COMPILED", "new"),
    "compiled": ("ALWAYS_COMPILED", "kept"),
    "once compiled": ("ALWAYS_COMPILED", "kept"),
}
"""The mode of the kernels, and whether the cache of compiled code is new or that of the column before."""
MAX_AS_WRITTEN_MB: Final = 1
"""Size above which kernels as they are written take too long to wait for."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="0.05,0.25,1,10", help="sizes of the data in MB")
    sizes = [float(size) for size in parser.parse_args().sizes.split(",")]
    print(f"{'':16}" + "".join(f"{name:>18}" for name in COLUMNS))
    for size in sizes:
        for command in COMMANDS:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                _write(folder / "data.jsonl", size)
                cells = [
                    _timed(folder, command, mode, folder / (cache if cache == "kept" else column))
                    if size <= MAX_AS_WRITTEN_MB or mode != "NEVER_COMPILED"
                    else "-"
                    for column, (mode, cache) in COLUMNS.items()
                ]
                print(f"{size:6g} MB {command[0]:7}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


def _write(path: Path, megabytes: float) -> None:
    some = random.Random(0)
    words = [f"{some.choice('bcdfghklmnprst')}{some.choice('aeiou')}{number}" for number in range(800)]
    with path.open("w") as file:
        while file.tell() < megabytes * 1e6:
            texts = [" ".join(some.choices(words, k=count)) for count in (30, 80)]
            messages = [
                {"role": role, "content": text} for role, text in zip(("user", "assistant"), texts, strict=True)
            ]
            file.write(json.dumps({"messages": messages}) + "\n")


def _timed(folder: Path, command: list[str], mode: str, cache: Path) -> str:
    """Seconds of the processor and of the clock."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    subprocess.run(
        [sys.executable, "-c", CODE, mode, *command], cwd=folder, env=environment, check=True, capture_output=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{used:.1f} / {time.perf_counter() - start:.1f} s"


if __name__ == "__main__":
    main()
