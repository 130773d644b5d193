"""rensa: its deduplicator with LSH over the shingles that the benchmark defines, at its threshold."""

import tempfile
from pathlib import Path

from bench.adapters import after, joined, read_texts
from bench.sets import NEAR_THRESHOLD, shingles

INSTALL = "pip install rensa"


def flags(task: str, paths: list[Path]) -> set[int] | None:
    """Lines similar to an earlier line, of the training file first."""
    if task not in {"near-duplicates", "leaks"}:
        return None
    from rensa import RMinHash, RMinHashDeduplicator

    with tempfile.TemporaryDirectory() as folder:
        path, offset = joined(paths, Path(folder))
        texts = read_texts(path)
    deduplicator = RMinHashDeduplicator(NEAR_THRESHOLD, 128, True, 16, 42)
    flagged = set()
    for number, text in enumerate(texts, 1):
        minhash = RMinHash(128, 42)
        minhash.update([" ".join(words) for words in sorted(shingles(text))])
        if not deduplicator.add(str(number), minhash):
            flagged.add(number)
    return after(flagged, offset)
