"""Whether every command does what a review by script decided, on three real files.

    python -m tests.bench.review_script FILE FILE FILE [--decisions 300]    # any formats that curate reads

Mixed decisions about findings, duplicates, conflicts and examples: keep, drop, edit, note, suppress, undecide, undo,
redo. What the files come to is counted line by line, and held against the output and the ledger of `curate apply`,
`dedup`, `split`, `run` and `convert`.
"""

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path

from curate.cli.main import main as curate
from tests.scripted_review import decide, expected, new_session


def by_hand(ledger: Path) -> list[tuple[str, int]]:
    lines = map(json.loads, ledger.read_text().splitlines())
    return sorted((line["file"], line["line"]) for line in lines if "code" not in line and line["decided_by"] != "mix")


def plain(lines: list[bytes]) -> list[str]:
    """Lines without their spacing: an element of a document is in the ledger as it was written."""
    found = []
    for line in lines:
        try:
            found.append(json.dumps(json.loads(line), sort_keys=True))
        except ValueError:
            found.append(line.decode("utf-8", "replace"))
    return sorted(found)


def splits(folder: Path) -> list[list[str]]:
    names = ("train", "validation", "test")
    return [sorted((folder / f"{name}.jsonl").read_text().splitlines()) for name in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", type=Path, nargs=3)
    parser.add_argument("--decisions", type=int, default=300)
    options = parser.parse_args()
    originals = [path.resolve() for path in options.files]
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        files = [Path(f"{number}-{path.name}") for number, path in enumerate(originals)]
        for path, copy in zip(originals, files, strict=True):
            shutil.copy(path, copy)
        names = list(map(str, files))
        drops, edits = decide(new_session(files), options.decisions)
        want = expected(files, drops, edits)
        print(f"{options.decisions} decisions: {len(drops)} examples dropped, {len(edits)} edited")
        quiet = ("--quiet", "--yes")
        curate(["apply", *names, "-o", "clean.jsonl", "--quiet"])
        Path("curate.toml").write_text(f"data = {json.dumps(names)}\noutput = 'run-out'\n")
        curate(["run", "--skip", "dedup,conflicts", *quiet])
        curate(["split", *names, "-o", "split-out", *quiet])
        curate(["split", "clean.jsonl", "-o", "split-clean", *quiet])
        curate(["dedup", *names, "-o", "kept.jsonl", *quiet, "--json"])
        curate(["convert", *names, "-o", "converted.jsonl", "--quiet"])
        curate(["convert", "clean.jsonl", "-o", "converted-clean.jsonl", "--quiet"])
        kept = Path("kept.jsonl").read_bytes().splitlines()
        gone = [
            line["text"].encode()
            for line in map(json.loads, Path("kept.removed.jsonl").read_text().splitlines())
            if "code" in line
        ]
        dropped = sorted(want.dropped)
        checks = {
            "apply": Path("clean.jsonl").read_bytes().split(b"\n")[:-1] == want.kept,
            "apply, ledger": by_hand(Path("clean.removed.jsonl")) == dropped,
            "split": splits(Path("split-out")) == splits(Path("split-clean")),
            "split, ledger": by_hand(Path("split-out/removed.jsonl")) == dropped,
            "run": splits(Path("run-out")) == splits(Path("split-clean")),
            "run, ledger": by_hand(Path("run-out/removed.jsonl")) == dropped,
            "dedup": plain(kept + gone) == plain(want.kept),
            "dedup, ledger": by_hand(Path("kept.removed.jsonl")) == dropped,
            "convert": Path("converted.jsonl").read_bytes() == Path("converted-clean.jsonl").read_bytes(),
            "convert, ledger": by_hand(Path("converted.unconverted.jsonl")) == dropped,
        }
        print("\n".join(f"{'as decided' if held else 'DIFFERENT':<12}{name}" for name, held in checks.items()))
        raise SystemExit(not all(checks.values()))


if __name__ == "__main__":
    main()
