"""dtflow: `dt validate` with the preset of OpenAI chats, and `dt dedupe --similar` on the messages."""

import json
import tempfile
from pathlib import Path

from bench.adapters import after, joined, missing_lines, run_tool
from bench.sets import NEAR_THRESHOLD

INSTALL = "pip install dtflow datasketch"


def flags(task: str, paths: list[Path]) -> set[int] | None:
    """Lines that do not fit the preset, or that `dedupe` removes, of training and test file together for leaks."""
    if task == "contradictions":
        return None
    if task in {"faults", "lines"}:
        out = run_tool("dt", "-Q", "--format=json", "validate", paths[0], "--preset=openai_chat", "--max-errors=100000")
        report = json.loads(out)
        return {row["index"] + 1 for row in report["errors"]}
    with tempfile.TemporaryDirectory() as folder:
        path, offset = joined(paths, Path(folder))
        kept = Path(folder) / "kept.jsonl"
        key = "messages" if b'"messages"' in path.read_bytes() else "chosen"
        run_tool("dt", "-Q", "dedupe", path, f"--key={key}", f"--similar={NEAR_THRESHOLD}", "-o", kept, accepted=(0,))
        return after(missing_lines(path, kept), offset)
