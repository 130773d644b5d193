"""What else people deduplicate chat data with, each from JSON Lines to the kept lines, for `near_speed.py`, which runs
them as processes of their own.

    VENV/bin/python tests/bench/near_peers.py NAME IN.jsonl OUT.jsonl THRESHOLD
    VENV/bin/python tests/bench/near_peers.py pairs TEXTS.jsonl OUT.json KIND THRESHOLD...      (for `near_truth.py`:
    which pairs each calls alike)

All compare runs of 5 words of the turns that are no system prompts, by 128 permutations, and keep the first of each.
The plain loops are what the READMEs of datasketch and rensa show; `-bulk` is the fastest interface of the same package.
What is not installed there is left out. Needs orjson, and what is to be timed: datasketch, rensa, text-dedup,
datatrove.
"""

import contextlib
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

WORDS = re.compile(r"\w+")
SIZE, PERMUTATIONS, BANDS = 5, 128, 16
SAMPLE = 2000
"""Texts whose signatures are timed."""
PEERS: dict[str, tuple[str, Callable[[Path, Path, float], None]]] = {}


def peer(
    name: str, package: str
) -> Callable[[Callable[[Path, Path, float], None]], Callable[[Path, Path, float], None]]:
    """Declares one of them."""

    def declare(function: Callable[[Path, Path, float], None]) -> Callable[[Path, Path, float], None]:
        PEERS[name] = (package, function)
        return function

    return declare


def compared_text(line: bytes) -> str:
    return "\n".join(turn["content"] for turn in orjson.loads(line)["messages"] if turn["role"] != "system")


def shingles(text: str) -> list[str]:
    words = WORDS.findall(text.lower())
    return [" ".join(words[k : k + SIZE]) for k in range(max(1, len(words) - SIZE + 1))]


def encoded(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    for line in lines:
        yield [shingle.encode() for shingle in shingles(compared_text(line))]


@peer("datasketch", "datasketch")
def datasketch_loop(path: Path, out: Path, threshold: float) -> None:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
    with path.open("rb") as lines, out.open("wb") as kept:
        for number, line in enumerate(lines):
            sketch = MinHash(num_perm=PERMUTATIONS)
            sketch.update_batch([shingle.encode() for shingle in shingles(compared_text(line))])
            if not index.query(sketch):
                index.insert(number, sketch)
                kept.write(line)


@peer("datasketch-bulk", "datasketch")
def datasketch_bulk(path: Path, out: Path, threshold: float) -> None:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
    with path.open("rb") as lines, path.open("rb") as again, out.open("wb") as kept:
        sketches = MinHash.generator(encoded(lines), num_perm=PERMUTATIONS, scheme="affine32")
        for number, (line, sketch) in enumerate(zip(again, sketches, strict=True)):
            if not index.query(sketch):
                index.insert(number, sketch, check_duplication=False)
                kept.write(line)


@peer("rensa", "rensa")
def rensa_loop(path: Path, out: Path, threshold: float) -> None:
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, num_bands=BANDS)
    sketches: dict[int, Any] = {}
    with path.open("rb") as lines, out.open("wb") as kept:
        for number, line in enumerate(lines):
            sketch = RMinHash(num_perm=PERMUTATIONS, seed=1)
            sketch.update(shingles(compared_text(line)))
            if not any(sketch.jaccard(sketches[other]) >= threshold for other in index.query(sketch)):
                index.insert(number, sketch)
                sketches[number] = sketch
                kept.write(line)


@peer("rensa-bulk", "rensa")
def rensa_bulk(path: Path, out: Path, threshold: float) -> None:
    from rensa import RMinHashDeduplicator

    dedup = RMinHashDeduplicator(threshold=threshold, num_perm=PERMUTATIONS, use_lsh=True, num_bands=BANDS)
    with path.open("rb") as lines:
        keep = dedup.add_pairs((str(number), shingles(compared_text(line))) for number, line in enumerate(lines))
    with path.open("rb") as lines, out.open("wb") as kept:
        kept.writelines(line for line, stays in zip(lines, keep, strict=True) if stays)


@peer("text-dedup", "text_dedup")
def text_dedup(path: Path, out: Path, threshold: float) -> None:
    """Its command, on a file of texts; it keeps the smallest number of each connected component, without verifying."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with path.open("rb") as lines, (folder / "texts.jsonl").open("wb") as texts:
            for number, line in enumerate(lines):
                texts.write(orjson.dumps({"text": compared_text(line), "line": number}) + b"\n")
        options = {
            "path": "json",
            "data_files": folder / "texts.jsonl",
            "split": "train",
            "cache_dir": folder / "cache",
            "output": folder / "kept",
        }
        options |= {
            "column": "text",
            "ngram": SIZE,
            "num_perm": PERMUTATIONS,
            "threshold": threshold,
            "min_length": 0,
            "num_proc": 2,
        }
        command = [sys.executable, "-m", "text_dedup.minhash", *(f"--{key}={value}" for key, value in options.items())]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        from datasets import load_from_disk

        stays = set(load_from_disk(str(folder / "kept"))["line"])
    with path.open("rb") as lines, out.open("wb") as kept:
        kept.writelines(line for number, line in enumerate(lines) if number in stays)


@peer("datatrove", "datatrove")
def datatrove(path: Path, out: Path, threshold: float) -> None:
    """Its four steps, on two processes; bands as ours has them for the recall."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    config = MinhashConfig(n_grams=SIZE, num_buckets=BANDS, hashes_per_bucket=PERMUTATIONS // BANDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        with (
            path.open("rb") as lines,
            (folder / "in" / "a.jsonl").open("wb") as first,
            (folder / "in" / "b.jsonl").open("wb") as second,
        ):
            for number, line in enumerate(lines):
                (second if number % 2 else first).write(
                    orjson.dumps({"text": compared_text(line), "id": str(number)}) + b"\n"
                )

        def run(*steps: Any, tasks: int) -> None:
            LocalPipelineExecutor(
                list(steps), tasks=tasks, workers=2, skip_completed=False, logging_dir=str(folder / "logs")
            ).run()

        reader = JsonlReader(str(folder / "in"))
        run(reader, MinhashDedupSignature(str(folder / "signed"), config), tasks=2)
        run(MinhashDedupBuckets(str(folder / "signed"), str(folder / "buckets"), config=config), tasks=BANDS)
        run(MinhashDedupCluster(str(folder / "buckets"), str(folder / "removed"), config=config), tasks=1)
        run(
            reader,
            MinhashDedupFilter(str(folder / "removed")),
            JsonlWriter(str(folder / "kept"), compression=None),
            tasks=2,
        )
        files = sorted((folder / "kept").glob("*.jsonl"))
        stays = {int(orjson.loads(line)["id"]) for file in files for line in file.read_bytes().splitlines()}
    with path.open("rb") as lines, out.open("wb") as kept:
        kept.writelines(line for number, line in enumerate(lines) if number in stays)


def signatures(path: Path, out: Path, threshold: float) -> None:
    """Signatures a second, from ready shingles, of datasketch's plain loop and of its bulk interface with 32-bit
    arithmetic.
    """
    from datasketch import MinHash

    with path.open("rb") as lines:
        prepared = list(encoded(line for _, line in zip(range(SAMPLE), lines, strict=False)))
    rates = []
    for make in (
        lambda: [MinHash(num_perm=PERMUTATIONS).update_batch(some) for some in prepared],
        lambda: MinHash.bulk(prepared, num_perm=PERMUTATIONS, scheme="affine32"),
    ):
        start = time.process_time()
        make()
        rates.append(SAMPLE / (time.process_time() - start))
    out.write_text(" ".join(map(str, rates)))


def runs(text: str, kind: str) -> list[str]:
    """The shingles of a text: `word-3`, `character-5` and so on; characters are those of its words with one space
    between them.
    """
    unit, _, size = kind.partition("-")
    words = WORDS.findall(text.lower())
    tokens, between = (words, " ") if unit == "word" else (list(" ".join(words)), "")
    return (
        [between.join(tokens[k : k + int(size)]) for k in range(max(1, len(tokens) - int(size) + 1))] if tokens else []
    )


def pairs(path: Path, out: Path, kind: str, thresholds: list[float]) -> None:
    """The pairs of texts (JSON strings, one a line) that each calls alike, {peer: {threshold: [[i, j]]}}: as in the
    plain loops above, but that all stay.

    Rensa wants a number of bands; it gets the one whose threshold (1/bands)^(1/rows) is the highest that lies below the
    one that is asked for.
    """
    from datasketch import MinHash, MinHashLSH
    from rensa import RMinHash, RMinHashLSH

    texts = [runs(orjson.loads(line), kind) for line in path.read_bytes().splitlines()]
    some = [at for at, text in enumerate(texts) if text]
    sketches, rensas = {}, {}
    for at in some:
        sketches[at] = MinHash(num_perm=PERMUTATIONS)
        sketches[at].update_batch([shingle.encode() for shingle in texts[at]])
        rensas[at] = RMinHash(num_perm=PERMUTATIONS, seed=1)
        rensas[at].update(texts[at])
    found: dict[str, dict[str, list[tuple[int, int]]]] = {"datasketch": {}, "rensa": {}}
    for threshold in thresholds:
        index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
        bands = min((b for b in (4, 8, 16, 32, 64, 128) if (1 / b) ** (b / PERMUTATIONS) <= threshold), default=128)
        other = RMinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, num_bands=bands)
        hits: list[tuple[int, int]] = []
        near: list[tuple[int, int]] = []
        for at in some:
            hits.extend((before, at) for before in index.query(sketches[at]))
            near.extend(
                (before, at) for before in other.query(rensas[at]) if rensas[at].jaccard(rensas[before]) >= threshold
            )
            index.insert(at, sketches[at])
            other.insert(at, rensas[at])
        found["datasketch"][str(threshold)], found["rensa"][str(threshold)] = hits, near
    out.write_bytes(orjson.dumps(found))


if __name__ == "__main__":
    if sys.argv[1] == "installed":
        print(*(name for name, (package, _) in PEERS.items() if importlib.util.find_spec(package)))
    elif sys.argv[1] == "pairs":
        pairs(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], [float(word) for word in sys.argv[5:]])
    else:
        function = signatures if sys.argv[1] == "signatures" else PEERS[sys.argv[1]][1]
        with contextlib.redirect_stdout(sys.stderr):
            function(Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]))
