"""Run the benchmark: `python -m bench.run --venvs DIR`. Prints the tables as Markdown.

DIR/NAME is the virtual environment of the adapter NAME, with what its `INSTALL` names. An adapter without one is
skipped, except `curate` and `curate_notes`, which run in this Python. Results are kept in a file, so that tools can be
run one by one.
"""

import argparse
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from bench.score import Outcome, Rate, outcomes, rate, youden
from bench.sets import TaskFile, task_files

ROOT: Final = Path(__file__).parents[1]
TASKS: Final = ("faults", "lines", "leaks", "near-duplicates", "contradictions")
OURS: Final = ("curate", "curate_notes")
"""The adapters of this repository's tool: without and with its notes."""
TIME_LIMIT_SECONDS: Final = 300
Results = dict[str, dict[str, Any]]


def adapters() -> list[str]:
    """The names of all adapters, ours first."""
    names = sorted(path.stem for path in (ROOT / "bench" / "adapters").glob("[a-z]*.py"))
    return sorted(names, key=lambda name: name not in OURS)


def main(arguments: list[str] | None = None) -> None:
    """Run the tools on the files of the public half, and of a hidden one if a seed is given; print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venvs", type=Path, help="folder with one virtual environment per adapter")
    parser.add_argument("--tools", help="run only these adapters, separated by commas")
    parser.add_argument("--hidden-seed", type=int, help="also make a hidden half with this seed (not 0)")
    parser.add_argument(
        "--results", type=Path, default=Path("build/curatebench.json"), help="flags of each tool and file"
    )
    parser.add_argument(
        "--print-only", action="store_true", help="print the tables of the results without running tools"
    )
    parser.add_argument("--install", action="store_true", help="print the command that installs each tool, and end")
    options = parser.parse_args(arguments)
    if options.install:
        for name in adapters():
            print(f"{name}: {importlib.import_module(f'bench.adapters.{name}').INSTALL}")
        return
    results: Results = json.loads(options.results.read_text()) if options.results.exists() else {}
    halves = {"public": task_files(0)}
    if options.hidden_seed:
        halves["hidden"] = task_files(options.hidden_seed)
    if not options.print_only:
        names = options.tools.split(",") if options.tools else adapters()
        for name in names:
            python = _python(name, options.venvs)
            if python is None:
                print(f"{name}: skipped, no environment", file=sys.stderr)
                continue
            options.results.parent.mkdir(parents=True, exist_ok=True)
            for half, files in halves.items():
                for file in files:
                    results.setdefault(name, {})[f"{half}/{file.name}"] = _run(name, python, file)
                    options.results.write_text(json.dumps(results, indent=1))
    print(tables(results, halves))


def _python(name: str, venvs: Path | None) -> Path | None:
    python = venvs / name / "bin" / "python" if venvs else None
    if python is not None and python.exists():
        return python
    return Path(sys.executable) if name in OURS else None


def _run(name: str, python: Path, file: TaskFile) -> dict[str, Any]:
    """What an adapter flags in a task's files: `flags` (None: not offered), `stopped` and processor seconds."""
    with tempfile.TemporaryDirectory(prefix="curatebench-") as folder:
        paths = []
        for role, lines in zip(("train", "test") if len(file.files) == 2 else (file.name,), file.files, strict=True):
            paths.append(Path(folder) / f"{role}.jsonl")
            paths[-1].write_bytes(b"".join(line + b"\n" for line in lines))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            done = subprocess.run(
                [python, "-m", "bench.adapters", name, file.task, *paths],
                cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
                capture_output=True, text=True, check=False, timeout=TIME_LIMIT_SECONDS,
            )  # fmt: skip
            result = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else _stopped(done.stderr)
        except subprocess.TimeoutExpired:
            result = _stopped(f"longer than {TIME_LIMIT_SECONDS} s")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name} {file.name}: {used:.1f} s {result['stopped'] or ''}", file=sys.stderr)
    return result | {"seconds": round(used, 1)}


def _stopped(reason: str) -> dict[str, Any]:
    return {"flags": [], "stopped": reason.strip()[-200:] or "no output"}


def tool_outcomes(name: str, task: str, results: Results, halves: dict[str, list[TaskFile]]) -> list[Outcome] | None:
    """The outcomes of a tool in a task; None where it does not offer the task. A refused file has no flags."""
    scored: list[Outcome] = []
    for half, files in halves.items():
        for file in files:
            if file.task == task:
                flags = results[name][f"{half}/{file.name}"]["flags"]
                if flags is None:
                    return None
                scored += outcomes(half, file.items, set(flags))
    return scored


def tables(results: Results, halves: dict[str, list[TaskFile]]) -> str:
    """The tables of the results: all tasks, faults and leaks by kind, similarity, and rows where ours is not best."""
    names = [name for name in adapters() if name in results]
    scored = {task: {name: tool_outcomes(name, task, results, halves) for name in names} for task in TASKS}
    stopped = {
        (name, task): sum(
            bool(results[name][f"{half}/{file.name}"]["stopped"])
            for half, files in halves.items() for file in files if file.task == task
        )
        for name in names for task in TASKS
    }  # fmt: skip
    lines = ["| tool | " + " | ".join(TASKS) + " | seconds |", "|---" * (len(TASKS) + 2) + "|"]
    for name in names:
        cells = [_cell(scored[task][name], stopped[name, task]) for task in TASKS]
        seconds = sum(result["seconds"] for result in results[name].values())
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {seconds:.0f} |")
    for title, task in (
        ("faults by group", "faults"),
        ("leaks by kind", "leaks"),
        ("pairs by similarity", "near-duplicates"),
    ):
        lines += ["", *_by_group(title, scored[task])]
    lines += ["", *_not_best(scored)]
    return "\n".join(lines)


def _cell(scored: list[Outcome] | None, stopped: int) -> str:
    if scored is None:
        return "not offered"
    cell = f"{_text(rate(scored, positive=True))} / {_text(rate(scored, positive=False))}"
    return f"{cell}; refused {stopped} files" if stopped else cell


def _text(value: Rate | None) -> str:
    return "-" if value is None else str(value)


def _by_group(title: str, scored: dict[str, list[Outcome] | None]) -> list[str]:
    """Rows: groups. Cells: percent of the faults flagged and, after a slash, of the clean items."""
    offered = {name: results for name, results in scored.items() if results is not None}
    if not offered:
        return []
    groups = list(dict.fromkeys(outcome.item.group for results in offered.values() for outcome in results))
    if title == "pairs by similarity":
        groups.sort()
    lines = [f"| {title} | " + " | ".join(offered) + " |", "|---" * (len(offered) + 1) + "|"]
    for group in groups:
        cells = []
        for results in offered.values():
            own = [outcome for outcome in results if outcome.item.group == group]
            sides = [rate(own, positive=positive) for positive in (True, False)]
            cells.append(" / ".join("-" if side is None else f"{side.percent:.0f}" for side in sides))
        lines.append(f"| {group} | " + " | ".join(cells) + " |")
    return lines


def _not_best(scored: dict[str, dict[str, list[Outcome] | None]]) -> list[str]:
    """Tasks and groups where another tool has a higher share of flagged faults minus flagged clean items than ours.

    Ours is the better of its two adapters.
    """
    lines = ["| where ours is not best | ours | best |", "|---|---|---|"]
    for task, tools in scored.items():
        groups = {outcome.item.group for results in tools.values() for outcome in results or []}
        for group in [None, *sorted(groups)]:
            values = {}
            for name, results in tools.items():
                own = [outcome for outcome in results or [] if group in {None, outcome.item.group}]
                if (value := youden(own)) is not None:
                    values[name] = value
            ours = max((value for name, value in values.items() if name in OURS), default=None)
            if ours is not None and ours < (best := max(values.values())):
                winners = ", ".join(name for name, value in values.items() if value == best)
                lines.append(f"| {task}{f': {group}' if group else ''} | {ours:.0f} | {best:.0f} ({winners}) |")
    return lines


if __name__ == "__main__":
    main()
