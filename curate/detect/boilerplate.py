"""Boilerplate: runs of words that much of a file shares. It is left out of what is compared, or it would make everything alike.

A run of `RUN` words that stands in more than `SHARE` of the examples, and in `LEAST` of them at the least, is boilerplate. Runs of words
find what lines and openings miss: a preamble on one line with the request, the same sentence in the middle of an answer. What is common
is learnt from at most `SAMPLE` different texts, those of the smallest hashes, whatever their order: at a share of 5 % the standard error
is 0.2 %, and the time and memory that it takes do not grow with the file. Files without boilerplate, most of them, pay no more than that.

Boilerplate does harm where it is long: beside 600 words of instructions, the twenty words of a review that they are about count for nothing.
What is shorter than `HIDES` words hides no word of meaning from the comparison of facts (`curate.detect.facts`), and is compared as all text.

A cluster of near-duplicates shares runs of words too. What tells it apart is what is left: a few changed words here and there,
where boilerplate leaves a request or an answer. So a text of which no `OWN` words in a row are left is compared whole.

Words are what stands between white space; in scripts without spaces, characters.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from curate.detect.shingles import Sets

if TYPE_CHECKING:
    import numpy as np

    Bytes = np.ndarray[Any, np.dtype[np.uint8]]
    Offsets = np.ndarray[Any, np.dtype[np.int64]]
    Hashes = np.ndarray[Any, np.dtype[np.uint64]]
    Ids = np.ndarray[Any, np.dtype[np.uint64]]
    Numbers = np.ndarray[Any, np.dtype[np.int64]]

RUN: Final = 8
SHARE: Final = 0.05
LEAST: Final = 20
SAMPLE: Final = 10_000
OWN: Final = 5
HIDES: Final = 40


def telling(sets: Sets, ids: "Ids") -> "Numbers":
    """The numbers of the examples that boilerplate is learnt from; none where there can be none. ids: of each example its id, as two numbers.

    Most files are told from the sets alone: where much of a file shares a run of words, it shares the shingles in it.
    """
    import numpy as np  # as in all functions here: `curate check` need not wait for it

    order = np.lexsort((ids[:, 1], ids[:, 0]))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (ids[order][1:] != ids[order][:-1]).any(axis=1)
    chosen = order[first][:SAMPLE]
    if len(chosen) < LEAST:
        return chosen[:0]
    hashes = np.sort(np.concatenate([sets[at] for at in chosen.tolist()]))
    least = int(np.ceil(max(LEAST, SHARE * len(chosen))))
    starts = hashes[: max(0, len(hashes) - least + 1)]
    often = np.unique(starts[starts == hashes[least - 1 :]])  # shingles that so many have
    return chosen if len(often) >= HIDES // 2 else chosen[:0]


def learnt(texts: Iterable[str]) -> bytes:
    """The boilerplate of some texts, as `cut_texts` takes it; empty where there is none."""
    return common_runs([text.encode("utf-8", "surrogatepass") for text in texts]).tobytes()


def told(runs: bytes) -> list[str]:
    """What a person should know of boilerplate that was left out; nothing where there was none."""
    return [f"what {SHARE:.0%} of the examples or more share is not compared: runs of {RUN} words, {len(runs) // 8:,} of them"] if runs else []


def cut_texts(texts: Sequence[str], runs: bytes, least: int = OWN, hides: int = HIDES) -> list[str]:
    """`texts` without the words of `runs` (as `learnt` gives them), in order.

    Those of which less than `least` words in a row would be left, or less than `hides` words would go, stay as they are.
    """
    import numpy as np

    if not runs:
        return list(texts)
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(data) for data in encoded], out=offsets[1:])
    buffer, kept = cut(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets, np.frombuffer(runs, dtype=np.uint64), least, hides)
    data = buffer.tobytes()
    return [
        text if kept[at + 1] - kept[at] == offsets[at + 1] - offsets[at] else data[kept[at] : kept[at + 1]].decode("utf-8", "surrogatepass")
        for at, text in enumerate(texts)
    ]


def common_runs(encoded: Sequence[bytes]) -> "Hashes":
    """Sorted 64-bit hashes of the runs of words that are boilerplate among texts in UTF-8; none where there is none.

    Equal texts count once: copies are no boilerplate.
    """
    import numpy as np
    import polars as pl
    import xxhash

    distinct = {xxhash.xxh3_64_intdigest(data): data for data in encoded}
    if len(distinct) < LEAST:
        return np.empty(0, dtype=np.uint64)
    chosen = [distinct[digest] for digest in sorted(distinct)[:SAMPLE]]
    offsets = np.zeros(len(chosen) + 1, dtype=np.int64)
    np.cumsum([len(data) for data in chosen], out=offsets[1:])
    from curate.detect.word_runs import runs_of  # numba is loaded for files of some size only

    found, owners, _ = runs_of(np.frombuffer(b"".join(chosen), dtype=np.uint8), offsets, RUN, np.empty(0, dtype=np.uint64))
    least = max(LEAST, SHARE * len(chosen))
    counts = pl.DataFrame({"run": found, "owner": owners}).unique().group_by("run").len().filter(pl.col("len") >= least)
    return np.sort(counts["run"].to_numpy())


def cut(buffer: "Bytes", offsets: "Offsets", runs: "Hashes", least: int, hides: int) -> "tuple[Bytes, Offsets]":
    """Texts that lie one after another in `buffer`, text i from offsets[i] to offsets[i + 1], without the words of `runs`; in the same form.

    It may be called for parts of the texts from several threads at once.
    """
    from curate.detect.word_runs import table_of, without

    shorter, kept = without(buffer, offsets, RUN, table_of(runs), least, hides)
    return shorter, kept
