"""What a person calls pairs of examples that are nearly alike, by how similar they are: which shingles, and which
threshold, part them best.

    python -m tests.bench.near_read sample FOLDER     (200 pairs to be read, with their texts)
    python -m tests.bench.near_read table FOLDER      (what was judged of them, by kind of shingle and band of
    similarity)

FOLDER holds raw/A, real files. The judgements are in `near_read.jsonl`: a file, the positions of two of its examples
from 0, and what the two are: `same` (one may go, nothing is lost), `fact` (a template with another fact in it) or
`other` (what they share is form or boilerplate). The pairs are drawn by a seed, as many from each file and band of
similarity as there are and as are wanted. Needs scipy.
"""

import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from curate.core.example import Example
from curate.core.text import normalised
from curate.corpus.dedup_text import written_text
from curate.dedup.fact_guard import facts_agree, sides_of
from curate.read.dataset import read_dataset
from curate.similarity.shingles import Shingling, text_buffer
from curate.similarity.word_hashes import shingled

JUDGED = Path(__file__).with_suffix(".jsonl")
KINDS = [Shingling("word", 3), Shingling("word", 5), Shingling("character", 5)]
"""By which the pairs are chosen, and counted by band."""
OTHER_SHINGLINGS = [
    *(Shingling("word", size) for size in (1, 2, 3, 5)),
    *(Shingling("character", size) for size in (3, 5, 9)),
]
"""By which the choice of a threshold is judged."""
BANDS = (0.0, 0.6, 0.7, 0.8, 0.9, 0.95)
PAIRS_PER_BAND = (35, 55, 55, 50, 5)
"""Pairs of each band of similarity by runs of 3 words; of the first one only those that another kind of shingle calls
similar to 0.6 at the least.
"""
SHOWN_CHARS = 300
"""Characters of a text that are shown besides what differs."""
VERDICTS = ("same", "fact", "other")
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


class Near(NamedTuple):
    """Two examples of a file, by position, and how similar they are by each of some kinds of shingle."""

    file: str
    i: int
    j: int
    similarities: tuple[float, ...]
    said: frozenset[str]
    """The two texts."""

    @property
    def band(self) -> int:
        """The number of its band."""
        return band(self.similarities[0])


def band(similarity: float) -> int:
    """The number of the band that a similarity is in; that of its upper end for what is above all."""
    return sum(similarity >= bound for bound in BANDS) - 1


def examples_of(path: Path) -> list[Example]:
    """The examples of a file, in order."""
    return list(read_dataset([path]).examples)


def near_pairs(name: str, examples: Sequence[Example]) -> Iterator[Near]:
    """All pairs of different texts that any kind of shingle calls similar to 0.6 at the least, and none to more than
    0.95 by runs of 3 words.
    """
    texts = [normalised(written_text(example, "conversation")) for example in examples]
    first = [at for at, text in enumerate(texts) if texts.index(text) == at]
    matrices = [jaccards([texts[at] for at in first], kind) for kind in KINDS]
    near = np.triu(np.maximum.reduce(matrices) >= BANDS[1], 1) & (matrices[0] < BANDS[-1])
    for i, j in np.argwhere(near).tolist():
        yield Near(
            name,
            first[i],
            first[j],
            tuple(float(matrix[i, j]) for matrix in matrices),
            frozenset({texts[first[i]], texts[first[j]]}),
        )


def jaccards(texts: Sequence[str], kind: Shingling) -> Any:
    """The similarity of each text to each."""
    sets = shingled(text_buffer(texts), kind)
    _, columns = np.unique(sets.hashes, return_inverse=True)
    held = csr_matrix(
        (np.ones(len(columns), dtype=np.float32), columns, sets.offsets),
        shape=(len(texts), int(columns.max(initial=0)) + 1),
    )
    shared = (held @ held.T).toarray()
    sizes = np.diff(sets.offsets).astype(np.float32)
    return shared / np.maximum(1, sizes[:, None] + sizes[None, :] - shared)


def sample(files: Path) -> list[Near]:
    """The pairs to be read: of each band as many as are wanted, file by file in turn."""
    rng = random.Random(0)
    strata: dict[int, dict[str, list[Near]]] = defaultdict(dict)
    for path in sorted(files.iterdir()):
        found: dict[int, list[Near]] = defaultdict(list)
        for near in near_pairs(path.name, examples_of(path)):
            found[near.band].append(near)
        for at, pairs in found.items():
            strata[at][path.name] = rng.sample(pairs, min(len(pairs), 100))
    drawn: list[Near] = []
    seen: set[frozenset[str]] = set()  # some texts are in several files
    for at, wanted in enumerate(PAIRS_PER_BAND):
        queues, taken = list(strata[at].values()), 0
        for turn in range(100):
            for pairs in queues:
                if taken < wanted and turn < len(pairs) and pairs[turn].said not in seen:
                    seen.add(pairs[turn].said)
                    drawn.append(pairs[turn])
                    taken += 1
    return sorted(drawn)


def shown(number: int, near: Near, one: str, other: str) -> str:
    """A pair to be read: how similar it is, the beginning of the first text, and all that differs with some words
    around it.
    """
    left, right = one.split(), other.split()
    changes = [
        change for change in SequenceMatcher(None, left, right, autojunk=False).get_opcodes() if change[0] != "equal"
    ]
    parts = [
        f"{' '.join(left[max(0, a - 4) : a])} [-{' '.join(left[a:b])}-]{{+{' '.join(right[c:d])}+}} "
        f"{' '.join(left[b : b + 3])}"
        for _, a, b, c, d in changes
    ]
    values = " ".join(f"{value:.2f}" for value in near.similarities)
    return f"#{number} {near.file} {near.i} {near.j}  {values}\n    {one[:SHOWN_CHARS]}\n    {' … '.join(parts)}"


def to_read(files: Path) -> None:
    """Print the pairs."""
    pairs = sample(files)
    texts = {
        name: [written_text(e, "conversation") for e in examples_of(files / name)]
        for name in {pair.file for pair in pairs}
    }
    for number, pair in enumerate(pairs):
        print(shown(number, pair, texts[pair.file][pair.i], texts[pair.file][pair.j]))


def judged(files: Path) -> list[tuple[Near, str, bool]]:
    """The pairs that were read, each with the verdict and whether `curate dedup` sees the same facts in both."""
    lines = [json.loads(line) for line in JUDGED.read_text(encoding="utf-8").splitlines()]
    found = []
    for name in sorted({line["file"] for line in lines}):
        examples = examples_of(files / name)
        for line in lines:
            if line["file"] == name:
                both = examples[line["i"]], examples[line["j"]]
                texts = [normalised(written_text(example, "conversation")) for example in both]
                values = tuple(float(jaccards(texts, kind)[0, 1]) for kind in OTHER_SHINGLINGS)
                agree = facts_agree(*(sides_of(example, "conversation") for example in both))
                found.append((Near(name, line["i"], line["j"], values, frozenset(texts)), line["verdict"], agree))
    return found


def by_band(read: Sequence[tuple[Near, str, bool]]) -> None:
    """What the pairs of each band of similarity are."""
    print(
        f"\n{'':14}"
        + "".join(f"{f'{low} to {high}':>16}" for low, high in pairwise(BANDS))
        + f"{f'{BANDS[-1]} or more':>16}     ({' / '.join(VERDICTS)})"
    )
    for kind in KINDS:
        at = OTHER_SHINGLINGS.index(kind)
        counts = Counter((band(near.similarities[at]), verdict) for near, verdict, _ in read)
        cells = (" / ".join(str(counts[number, verdict]) for verdict in VERDICTS) for number in range(len(BANDS)))
        print(f"{f'{kind.unit}-{kind.size}':14}" + "".join(f"{cell:>16}" for cell in cells))


def by_threshold(read: Sequence[tuple[Near, str, bool]]) -> None:
    """What goes at each threshold: of pairs that are the same how many, and how many that are not; with facts ignored
    and heeded.
    """
    total = sum(verdict == "same" for _, verdict, _ in read)
    print(
        f"\nprecision / recall / F1 of removing pairs, of which {total} of {len(read)} are the same; and where a "
        "differing fact keeps both"
    )
    print(f"{'':14}" + "".join(f"{threshold:>24}" for threshold in THRESHOLDS))
    for at, kind in enumerate(OTHER_SHINGLINGS):
        for heeded in (False, True):
            cells = []
            for threshold in THRESHOLDS:
                gone = [
                    verdict
                    for near, verdict, agree in read
                    if near.similarities[at] >= threshold and (agree or not heeded)
                ]
                right = gone.count("same")
                precision, recall = right / max(1, len(gone)), right / total
                cells.append(
                    f"{precision:.2f} / {recall:.2f} / {2 * precision * recall / max(1e-9, precision + recall):.2f}"
                )
            print(
                f"{f'{kind.unit}-{kind.size}':11} {'+f' if heeded else '':2}" + "".join(f"{cell:>24}" for cell in cells)
            )


def main() -> None:
    """Print the pairs, or the tables."""
    files = Path(sys.argv[2]) / "raw" / "A"
    if sys.argv[1] == "sample":
        to_read(files)
        return
    read = judged(files)
    for table in (by_band, by_threshold):
        table(read)


if __name__ == "__main__":
    main()
