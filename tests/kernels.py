"""Compile what the tests call: `python -m tests.kernels`. Each of two workers would compile it again."""

import os
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Final

from curate.cli.main import main
from curate.lint.rules import RULES
from curate.lint.rules.prefilter_tables import fast_path_scan
from tests.conftest import line_of

COMMANDS: Final = (
    ("dedup", "data.jsonl", "-o", "kept.jsonl"),
    ("split", "data.jsonl", "-o", "out"),
    ("decontaminate", "data.jsonl", "--bench", "kept.jsonl", "-o", "clean.jsonl"),
    ("verify", "out"),
)


def compile_kernels() -> int:
    """Run each command on a few examples; returns the first exit status above 1, else 0."""
    fast_path_scan(RULES.values())
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        rng = Random(7)
        texts = [" ".join(f"word{rng.randrange(900)}" for _ in range(25)) for _ in range(80)]
        pairs = [*zip(texts[::2], texts[1::2], strict=True), (texts[0], f"{texts[1]} again"), (texts[2], texts[5])]
        Path("data.jsonl").write_bytes(b"".join(line_of(pair) + b"\n" for pair in pairs))
        failed = [status for words in COMMANDS if (status := main([*words, "--quiet"])) > 1]
        os.chdir("/")
    return next(iter(failed), 0)


if __name__ == "__main__":
    sys.exit(compile_kernels())
