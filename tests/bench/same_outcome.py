"""What the commands make of real files, recorded, so that a change of the engine that changes an outcome is seen.

    python tests/bench/same_outcome.py record FOLDER... -o before.json     FOLDER: files of data; a corpus may stand
    among them
    python tests/bench/same_outcome.py compare before.json after.json

Each file is taken through each command in a process and a folder of its own. Recorded are the exit status, the number
and SHA-256 of the lines of each file that was written, and for what is printed as JSON the SHA-256 of each top-level
key. `compare` prints every difference and exits with 1 if there is one.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

ALL_RULES_OPTIONS: Final = [word for family in "JMCTPRKDSQFX" for word in ("--select", family)]
CHECK: Final = ["check", "DATA", "--output-format", "jsonl", "--output-file", "findings.jsonl", "--all", "-q"]
COMMANDS: Final = {
    "check": [*CHECK, *ALL_RULES_OPTIONS],
    "check-openai": [*CHECK, "--target", "openai"],
    "check-trl": [*CHECK, "--target", "trl"],
    "fix": ["check", "DATA", "--fix-only", "-q"],
    "fix-unsafe": ["check", "DATA", "--fix-only", "--unsafe-fixes", "-q"],
    "dedup": ["dedup", "DATA", "-o", "kept.jsonl", "--json", "--no-cache", "-y", "-q"],
    "dedup-ignore-facts": ["dedup", "DATA", "-o", "kept.jsonl", "--json", "--no-cache", "-y", "-q", "--ignore-facts"],
    "conflicts": ["conflicts", "DATA", "--json", "-q"],
    "split": ["split", "DATA", "-o", "out", "--json", "-q"],
    "convert": ["convert", "DATA", "-o", "messages.jsonl", "--json", "-q"],
    "stats": ["stats", "DATA", "--json", "-q"],
}
FOLLOW_UP_COMMANDS: Final = {"split": ["verify", "out", "--json", "-q"]}
"""What is run in the same folder once a command is done."""


def digest(data: bytes) -> str:
    """Short SHA-256, durations aside."""
    return hashlib.sha256(re.sub(rb'"seconds": ?[0-9.]+', b"", data)).hexdigest()[:16]


def printed(data: bytes) -> dict[str, str]:
    """What a command printed: by top-level key of its JSON, else as a whole."""
    try:
        value: Any = json.loads(data)
    except ValueError:
        return {"": digest(data)} if data else {}
    items = value.items() if isinstance(value, dict) else [("", value)]
    return {key: digest(json.dumps(one, sort_keys=True).encode()) for key, one in items}


def outcome(path: Path, name: str, python: str) -> dict[str, Any]:
    """What a command makes of a file."""
    with tempfile.TemporaryDirectory(prefix="same-outcome-") as room:
        data = Path(room) / f"data{''.join(path.suffixes[-2:])}"
        shutil.copy(path, data)
        found: dict[str, Any] = {}
        for step in (COMMANDS[name], FOLLOW_UP_COMMANDS.get(name)):
            if step:
                command = [python, "-m", "curate", *(data.name if word == "DATA" else word for word in step)]
                ran = subprocess.run(
                    command, cwd=room, capture_output=True, check=False, env={**os.environ, "NO_COLOR": "1"}
                )
                found |= {f"{step[0]} exit": ran.returncode} | {
                    f"{step[0]} printed {key}": value for key, value in printed(ran.stdout).items()
                }
        for file in sorted(Path(room).rglob("*")):
            here = file.relative_to(room).as_posix()
            if (
                file.is_file()
                and not here.startswith(".curate")
                and "/." not in here
                and file.suffix in (".jsonl", ".json", ".md")
            ):
                content = file.read_bytes()
                found[here] = f"{len(content.splitlines())} lines {digest(content)}"
        return found


def record(folders: list[Path], output: Path, python: str) -> None:
    """Write down all outcomes."""
    files = sorted(
        path for folder in folders for path in ([folder] if folder.is_file() else folder.rglob("*")) if path.is_file()
    )
    jobs = [(path, name) for path in files for name in COMMANDS]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda job: outcome(job[0], job[1], python), jobs))
    output.write_text(
        json.dumps(
            {f"{path.name} {name}": one for (path, name), one in zip(jobs, found, strict=True)},
            indent=1,
            sort_keys=True,
        )
    )
    print(f"{len(jobs):,} outcomes of {len(files):,} files")


def compare(before: Path, after: Path) -> int:
    """Print what differs; the number of it."""
    old, new = (json.loads(path.read_bytes()) for path in (before, after))
    count = 0
    for job in sorted({*old, *new}):
        one, other = old.get(job, {}), new.get(job, {})
        for key in sorted({*one, *other}):
            if one.get(key) != other.get(key):
                count += 1
                print(f"{job}: {key}: {one.get(key)} -> {other.get(key)}")
    print(f"{count:,} differences")
    return count


def main() -> None:
    """Record or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    recording = verbs.add_parser("record")
    recording.add_argument("folders", type=Path, nargs="+")
    recording.add_argument("-o", "--output", type=Path, required=True)
    recording.add_argument("--python", default=sys.executable)
    comparing = verbs.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    args = parser.parse_args()
    if args.verb == "record":
        record(args.folders, args.output, args.python)
    else:
        sys.exit(compare(args.before, args.after) > 0)


if __name__ == "__main__":
    main()
