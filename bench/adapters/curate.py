"""curate, through its command line, with its defaults and without its cache."""

import json
import subprocess
import sys
from pathlib import Path

from bench.adapters import ToolStoppedError

INSTALL = "pip install -e .  # in the root of this repository"


def flags(task: str, paths: list[Path]) -> set[int] | None:
    """Lines with an error or a warning, removed lines, leaking lines, or lines in a conflict."""
    path = paths[-1]
    if task in {"faults", "lines"}:
        return reported_lines(path, {"error", "warning"})
    if task == "near-duplicates":
        result = json.loads(_run("dedup", path, "--json", "--all", "--no-cache", "--yes"))
        return {int(row["place"].rsplit(":", 1)[1]) for row in result["removed"]}
    if task == "leaks":
        findings = json.loads(_run("verify", *paths, "--json", "--all"))["findings"]
        return {row["line"] for row in findings if Path(row["file"]).name == path.name}
    conflicts = json.loads(_run("conflicts", path, "--json", "--all"))["conflicts"]
    shown = [row for row in conflicts if row["confidence"] >= 0.5]
    return {row[side]["line"] for row in shown for side in ("left", "right")}


def reported_lines(path: Path, severities: set[str]) -> set[int]:
    """The lines of a file with a finding of one of these severities."""
    out = _run("check", path, "--output-format", "jsonl", "--all", "--no-cache")
    findings = [json.loads(line) for line in out.splitlines()]
    return {row["line"] for row in findings if row.get("severity") in severities and row.get("line")}


def _run(verb: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", "curate", verb, *map(str, arguments), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        raise ToolStoppedError(done.stderr.strip()[-200:])
    return done.stdout
