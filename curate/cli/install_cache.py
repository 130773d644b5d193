"""`curate --install-cache`: compile now what commands would compile at their first use, e.g. in an image."""

import io
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Final

import orjson

from curate.core.errors import ExitCode
from curate.parallel.kernels import Mode, running_kernels

COMMANDS: Final = (
    ("dedup", "data.jsonl", "-o", "kept.jsonl"),
    ("split", "data.jsonl", "-o", "out"),
    ("split", "data.jsonl", "-o", "low", "--threshold", "0.6"),
    ("decontaminate", "data.jsonl", "--bench", "kept.jsonl", "-o", "clean.jsonl"),
    ("verify", "out"),
)


def install_cache(main: Callable[[Sequence[str]], int]) -> int:
    """Run these commands by `main` on examples made for it; returns the first exit status above 1, else 0."""
    start_folder, output = Path.cwd(), io.StringIO()
    texts = [" ".join(f"word{(row * 25 + index) * 7919 % 1999}" for index in range(25)) for row in range(80)]
    pairs = [*zip(texts[::2], texts[1::2], strict=True), (texts[0], f"{texts[1]} again"), (texts[2], texts[5])]
    examples = [{"prompt": prompt, "completion": completion} for prompt, completion in pairs]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            Path("curate.toml").touch()  # a configuration in a folder above is not used
            Path("data.jsonl").write_bytes(b"".join(orjson.dumps(example) + b"\n" for example in examples))
            with running_kernels(Mode.ALWAYS_COMPILED), redirect_stdout(output), redirect_stderr(output):
                codes = (main([*words, "--quiet"]) for words in COMMANDS)
                failed = next((code for code in codes if code > ExitCode.FINDINGS), ExitCode.CLEAN)
                _run_on_templates()
        finally:
            os.chdir(start_folder)
    if failed:
        sys.stderr.write(output.getvalue())
    else:
        sys.stdout.write("compiled what dedup, decontaminate, split and verify run\n")
    return failed


def _run_on_templates() -> None:
    """Run the compiled code for examples that are made from templates, which the commands do not run on this data."""
    import numpy as np

    from curate.corpus.boilerplate import RUN, cut_texts, learn_passages
    from curate.similarity.buckets import SetJoin
    from curate.similarity.shingles import text_buffer
    from curate.similarity.word_hashes import shingled

    template = " ".join(f"word{number}" for number in range(2 * RUN))
    turns = [f"{template} {' '.join(f'own{row}x{number}' for number in range(2 * RUN))}" for row in range(4)]
    cut_texts(turns, learn_passages([[turn] for turn in turns], len(turns)))
    SetJoin(shingled(text_buffer(turns)), np.array([0.5, 0.8]), 1).join_large(np.arange(len(turns)))
