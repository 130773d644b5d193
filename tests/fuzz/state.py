"""What lies in our own folders, tampered with at random; then every verb, in a sandbox: `python -m tests.fuzz.state
--minutes 10`.

A trial copies a project, spoils some of what curate keeps there (manifest, stage of a transaction, ledger, decisions,
cache, results of stages, run folders, journal of uploads) and runs a verb on it. It fails where the verb ends with 3 or
by a signal, takes too long, touches anything outside of the project's folder, or writes splits whose lines and removed
lines are not as many as were read, counted here. A trial is told by its number.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parent.parent.parent
VERB_TIMEOUT_SECONDS: Final = 180
"""Of a verb; the machine may be busy."""
EXIT_CODES: Final = (0, 1, 2)
VERBS: Final = (
    ("verify", "out"), ("verify", "out", "--json"), ("diff", "out", "out"), ("restore", "out", "--all"),
    ("restore", "out", "--reason", "D001"),
    ("restore", "out", "--all", "-o", "back.jsonl"), ("restore", "removed.jsonl", "--all", "-o", "back.jsonl"),
    ("run",), ("run", "--only", "check"),
    ("run", "--again", "split"), ("run", "--dry-run"), ("split", "data.jsonl", "-o", "out"),
    ("split", "data.jsonl", "-o", "out", "--fresh"),
    ("dedup", "data.jsonl", "-o", "kept.jsonl"), ("dedup", "data.jsonl", "--threshold", "0.7"),
    ("conflicts", "data.jsonl"), ("check", "data.jsonl"),
    ("stats", "data.jsonl"), ("check", "data.jsonl", "--baseline", "baseline.json"),
    ("suppress", "J008", "data.jsonl:1", "--reason", "x"),
    ("remote", "watch", "--once"), ("convert", "data.jsonl", "-o", "converted.jsonl"),
)  # fmt: skip
WRITING_VERBS: Final = frozenset(("run", "split"))
"""Verbs after which the splits are counted, where they end with 0."""
ODD_VALUES: Final[tuple[Any, ...]] = (
    None, True, -1, 0, 1, 2**63, 1e308, "", "x", "\u0000", "a\nb", "../victim.txt", "../../victim.txt", "../victim",
    "..", ".", "/", "out/../../victim.txt",
    "x" * 300, [], {}, [[]], {"": {}}, ["../victim.txt"], "\ud800", "manifest.json", "data.jsonl", "D001", 0.0, 1e-320,
)  # fmt: skip


class Failure(NamedTuple):
    """What went wrong in a trial."""

    trial: int
    verb: tuple[str, ...]
    spoiled: list[str]
    why: str


def made(folder: Path) -> Path:
    """A project in a folder that has other things too, with all that curate keeps."""
    work = folder / "work"
    work.mkdir(parents=True)
    (folder / "victim.txt").write_text("to be left alone\n")
    (folder / "victim").mkdir()
    (folder / "victim" / "file.jsonl").write_text("{}\n")
    rows = [
        _chat(f"What is {n} plus {n + 3}, and why is it so?", f"It is {2 * n + 3}, by adding the two.")
        for n in range(40)
    ]
    rows += [
        rows[3],
        rows[7],
        _chat("How high is the tower of the town?", "It is 30 m high."),
        _chat("How high is the tower of the town?", "It is 31 m high."),
    ]
    lines = [json.dumps(row) for row in rows]
    (work / "data.jsonl").write_text("\n".join([*lines, '{"messages": "broken"', ""]))
    (work / "curate.toml").write_text('data = ["data.jsonl"]\n[split]\nparquet = false\n')
    for words in (
        ["run"],
        ["dedup", "data.jsonl", "-o", "kept.jsonl"],
        ["check", "data.jsonl", "--write-baseline", "baseline.json"],
    ):
        ended = _ran(work, words)
        if ended.returncode not in EXIT_CODES:
            raise RuntimeError(f"{words}: {ended.stderr}")
    state = work / ".curate"
    (state / "runs" / "recipe-1").mkdir(parents=True)
    (state / "runs" / "recipe-1" / "report.json").write_text("{}")
    (state / "remote").mkdir(exist_ok=True)
    job = {"kind": "job", "address": "http://127.0.0.1:9", "target": "openai", "order": "0" * 64, "job": "ftjob-1"}
    (state / "remote" / "journal.jsonl").write_text(json.dumps(job) + "\n")
    ids = [
        line["example"]
        for line in map(json.loads, (work / "out" / "removed.jsonl").read_text().splitlines())
        if line.get("example")
    ]
    decision = {
        "example": (ids or ["0" * 32])[0],
        "verdict": "keep",
        "who": "ann",
        "when": "2026-01-01T00:00:00Z",
        "id": "d1",
    }
    (state / "decisions.jsonl").write_text(json.dumps(decision) + "\n")
    (work / "out" / ".curate-new").mkdir(exist_ok=True)
    (work / "out" / ".curate-new" / "ready.json").write_text(
        json.dumps({"new": ["train.jsonl"], "gone": ["test.jsonl"]})
    )
    (work / "out" / ".curate-new" / "train.jsonl").write_bytes((work / "out" / "train.jsonl").read_bytes())
    return work


def _chat(question: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def _ran(work: Path, words: list[str] | tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
    home = work.parent.parent / "home"
    home.mkdir(exist_ok=True)
    variables = {
        **os.environ, "PYTHONPATH": str(ROOT), "HOME": str(home), "XDG_CONFIG_HOME": str(home), "TMPDIR": str(home),
        "CURATE_REMOTE_KEY": "k",
        "HF_HUB_OFFLINE": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "curate", *words]
    return subprocess.run(
        command,
        cwd=work,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=VERB_TIMEOUT_SECONDS,
        check=False,
    )


def ours(work: Path) -> list[Path]:
    """The files that curate keeps in a project."""
    places = (work / ".curate", work / "out")
    found = [
        path
        for place in places
        for path in sorted(place.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    ]
    return [*found, work / "removed.jsonl", work / "baseline.json"]


def spoil(path: Path, chance: random.Random, others: list[Path]) -> str:
    """Change a file somehow; returns how."""
    data = path.read_bytes() if path.is_file() else b""
    how = chance.choice(
        ("value", "value", "value", "key", "bytes", "cut", "junk", "gone", "link", "folder", "swap", "twice", "lines")
    )
    victim = path.parents[len(path.parents) - 1]
    if how in ("value", "key") and path.suffix in (".json", ".jsonl"):
        lines = data.split(b"\n") if path.suffix == ".jsonl" else [data]
        at = chance.randrange(len(lines))
        try:
            lines[at] = json.dumps(_changed(json.loads(lines[at]), chance, how)).encode()
        except (ValueError, RecursionError):
            lines[at] = json.dumps(chance.choice(ODD_VALUES)).encode()
        path.write_bytes(b"\n".join(lines))
    elif how == "bytes" or how in ("value", "key"):
        spoiled = bytearray(data or b"x")
        for _ in range(chance.randint(1, 8)):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        path.write_bytes(spoiled)
    elif how == "cut":
        path.write_bytes(data[: chance.randrange(len(data) + 1)])
    elif how == "junk":
        path.write_bytes(
            chance.choice((b"", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 5000, b"0", b'"x"', chance.randbytes(200)))
        )
    elif how == "twice":
        path.write_bytes(data + data)
    elif how == "lines":
        lines = data.split(b"\n")
        chance.shuffle(lines)
        path.write_bytes(b"\n".join(lines))
    elif how == "swap":
        path.write_bytes(
            chance.choice(there).read_bytes() if (there := [other for other in others if other.is_file()]) else b""
        )
    else:
        path.unlink(missing_ok=True)
        if how == "link":
            work = next(parent for parent in path.parents if parent.name == "work")
            path.symlink_to(
                chance.choice((work.parent / "victim.txt", work.parent / "victim", work.parent / "nowhere", victim))
            )
        elif how == "folder":
            path.mkdir(parents=True)
    return how


def _changed(value: Any, chance: random.Random, how: str) -> Any:
    """A value of JSON with one value, or one key, somewhere in it replaced."""
    places: list[tuple[Any, Any]] = []

    def walk(inner: Any) -> None:
        for key in list(inner if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()):
            places.append((inner, key))
            walk(inner[key])

    walk(value)
    if not places:
        return chance.choice(ODD_VALUES)
    holder, key = chance.choice(places)
    if how == "key" and isinstance(holder, dict):
        holder[str(chance.choice(ODD_VALUES))] = holder.pop(key)
    else:
        holder[key] = chance.choice(ODD_VALUES)
    return value


def snapshot(folder: Path, without: Path) -> dict[str, tuple[Any, ...]]:
    """All below a folder but what is below another: what it is, how it may be used, what it holds."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path == without or without in path.parents:
            continue
        state = path.lstat()
        held = (
            hashlib.sha256(path.read_bytes()).hexdigest()
            if path.is_file() and not path.is_symlink()
            else str(path.is_symlink() and path.readlink())
        )
        found[str(path.relative_to(folder))] = (state.st_mode, state.st_ino, held)
    return found


def counted(work: Path) -> str:
    """What is wrong with the number of lines in a project's output; empty where nothing is."""

    def lines(path: Path) -> int:
        return sum(1 for line in path.read_bytes().split(b"\n") if line.strip())

    read = lines(work / "data.jsonl")
    written = {name: lines(work / "out" / f"{name}.jsonl") for name in ("train", "validation", "test", "removed")}
    return "" if sum(written.values()) == read else f"{read} lines read, {written} written"


def trial(number: int, base: Path, room: Path) -> Failure | None:
    """One trial, by its number; its folder stays where it fails."""
    chance = random.Random(number)
    folder = room / f"trial-{number}" / "parent"
    shutil.copytree(base.parent, folder, symlinks=True)
    work = folder / "work"
    verb = chance.choice(VERBS)
    files = [path for path in ours(work) if path.exists()]
    if chance.random() < 0.6:  # else what was begun is ended by every verb, and hides the rest
        shutil.rmtree(work / "out" / ".curate-new")
        files = [path for path in files if path.exists()]
    chosen = chance.sample(files, chance.choice((1, 1, 2, 3)))
    spoiled = [f"{path.relative_to(work)}: {spoil(path, chance, files)}" for path in chosen if path.is_file()]
    before = snapshot(folder, work)
    why = ""
    try:
        ended = _ran(work, verb)
    except subprocess.TimeoutExpired:
        why = f"takes more than {VERB_TIMEOUT_SECONDS} s"
    else:
        if ended.returncode not in EXIT_CODES:
            why = f"exit {ended.returncode}: {ended.stderr.strip()[-300:]}"
        elif verb[0] in WRITING_VERBS and ended.returncode == 0 and "--dry-run" not in verb and "--only" not in verb:
            why = counted(work)
    if snapshot(folder, work) != before:
        why += "; something outside of the project was touched"
    if why:
        return Failure(number, verb, spoiled, why)
    shutil.rmtree(folder.parent)
    return None


def main() -> int:
    """Run trials for some minutes; the exit status is 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--first", type=int, default=0, help="Number of the first trial.")
    parser.add_argument("--trials", type=int, default=0, help="How many, in place of minutes.")
    asked = parser.parse_args()
    room = Path(tempfile.mkdtemp(prefix="curate-state-"))
    base = made(room / "base")
    until = time.monotonic() + 60 * asked.minutes
    failures: list[Failure] = []
    verbs: Counter[str] = Counter()
    number = asked.first
    while number - asked.first < asked.trials if asked.trials else time.monotonic() < until:
        found = trial(number, base, room)
        verbs[random.Random(number).choice(VERBS)[0]] += 1
        if found is not None:
            failures.append(found)
            sys.stdout.write(f"trial {found.trial}: curate {' '.join(found.verb)} after {found.spoiled}: {found.why}\n")
            sys.stdout.flush()
        number += 1
    sys.stdout.write(
        f"{number - asked.first:,} trials "
        f"({', '.join(f'{verb} {count:,}' for verb, count in sorted(verbs.items()))}): {len(failures)} failed\n"
    )
    if failures:
        sys.stdout.write(f"their folders are in {room}\n")
    else:
        shutil.rmtree(room)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
