"""datasketch: MinHash and LSH over the shingles that the benchmark defines, at its threshold."""

from pathlib import Path

from bench.adapters import read_texts
from bench.sets import NEAR_THRESHOLD, shingles

INSTALL = "pip install datasketch"


def flags(task: str, paths: list[Path]) -> set[int] | None:
    """Lines similar to an earlier line, or to a line of the training file."""
    if task not in {"near-duplicates", "leaks"}:
        return None
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=NEAR_THRESHOLD, num_perm=128)

    def signature(text: str) -> MinHash:
        minhash = MinHash(num_perm=128)
        minhash.update_batch([" ".join(words).encode() for words in shingles(text)])
        return minhash

    def similar(minhash: MinHash) -> bool:
        return any(minhash.jaccard(kept[key]) >= NEAR_THRESHOLD for key in index.query(minhash))

    kept: dict[str, MinHash] = {}
    if task == "leaks":
        for number, text in enumerate(read_texts(paths[0])):
            kept[f"train {number}"] = signature(text)
            index.insert(f"train {number}", kept[f"train {number}"])
    flagged = set()
    for number, text in enumerate(read_texts(paths[-1]), 1):
        minhash = signature(text)
        if similar(minhash):
            flagged.add(number)
        elif task != "leaks":
            kept[str(number)] = minhash
            index.insert(str(number), minhash)
    return flagged
