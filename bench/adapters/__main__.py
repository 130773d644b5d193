"""Run one adapter in the Python of its tool: `python -m bench.adapters NAME TASK FILE...` prints the flags as JSON."""

import importlib
import json
import sys
import time
from pathlib import Path


def main(name: str, task: str, *files: str) -> None:
    """Print `flags` (null: not offered), the reason if the tool stopped, and the processor time in seconds."""
    adapter = importlib.import_module(f"bench.adapters.{name}")
    from bench.adapters import ToolStoppedError

    stopped = None
    try:
        flags = adapter.flags(task, [Path(file).resolve() for file in files])
    except ToolStoppedError as error:
        flags, stopped = set(), str(error)
    used = time.process_time()
    print(json.dumps({"flags": None if flags is None else sorted(flags), "stopped": stopped, "seconds": used}))


main(*sys.argv[1:])
