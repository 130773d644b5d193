"""finelint, through its command line; the threshold of near-duplicates is the benchmark's."""

import json
import tempfile
from pathlib import Path

from bench.adapters import run_tool
from bench.sets import NEAR_THRESHOLD

INSTALL = "pip install finelint"


def flags(task: str, paths: list[Path]) -> set[int] | None:
    """Lines with a finding; for near-duplicates and contradictions with a finding of that kind."""
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records.json"
        report = ["--report", Path(folder) / "report.json", "--affected-records", records]
        options = [*report, "--similarity-threshold", str(NEAR_THRESHOLD)]
        if task == "leaks":
            run_tool("finelint", "compare", "--split", f"train={paths[0]}", "--split", f"test={paths[1]}", *options)
        else:
            run_tool("finelint", "inspect", paths[0], *options)
        rows = json.loads(records.read_text(encoding="utf-8"))["records"]
    word = {"near-duplicates": "DUPLICATE", "contradictions": "CONFLICTING"}.get(task, "")
    return {
        row["line"]
        for row in rows
        if row.get("split", "test") == "test" and any(word in reason["code"] for reason in row["reasons"])
    }
