"""soup-cli: `data clean` with all repairs and `data pii` for faults, `data dedup`, and `data decontaminate`."""

import json
import os
import tempfile
from pathlib import Path

from bench.adapters import changed_lines, missing_lines, numbered, run_tool

INSTALL = "pip install soup-cli datasketch"
REPAIRS = ["--strip-boilerplate", "--repair-code", "--repair-json", "--prune-echo", "--drop-invalid-json"]


def flags(task: str, paths: list[Path]) -> set[int] | None:
    """Lines that it drops, changes or reports."""
    if task == "contradictions":
        return None
    os.environ["SOUP_NO_AUDIT_LOG"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        output = folder / "output.jsonl"
        if task == "near-duplicates":
            run_tool("soup", "data", "dedup", paths[0], "-o", output, accepted=(0,))
            return missing_lines(paths[0], output)
        source, train = numbered(paths[-1], folder), folder / "train.jsonl"
        if task == "leaks":
            train.write_bytes(paths[0].read_bytes())
            options = ["--input", source, "--benchmark-file", train, "-o", output]
            run_tool("soup", "data", "decontaminate", *options, accepted=(0,))
            return changed_lines(source, output, edits=False)
        run_tool("soup", "data", "clean", source, "-o", output, "--force", *REPAIRS, accepted=(0,))
        hits = folder / "hits.jsonl"
        if task == "lines":
            return changed_lines(source, output)
        run_tool("soup", "data", "pii", "--input", source, "-o", hits, accepted=(0,))
        rows = [json.loads(line) for line in hits.read_text(encoding="utf-8").splitlines()] if hits.exists() else []
        return changed_lines(source, output) | {row["bench_line"] for row in rows}
