"""Columns as arrays, for an archive, and back. What comes back is checked as far as it could do harm."""

from typing import TYPE_CHECKING, Any, Final

from curate.corpus.features import Columns
from curate.corpus.keys import Keys
from curate.corpus.short_text_keys import Brief
from curate.similarity.shingles import Sets

if TYPE_CHECKING:
    import numpy as np

    from curate.core.npz_cache import Arrays

PLACED: Final = {
    "starts": "<i8",
    "sizes": "<i8",
    "endings": "<i8",
    "numbers": "<i8",
    "nths": "<i8",
    "holds": "|b1",
    "ids": "<u8",
    "lengths": "<i8",
    "ranks": "<f8",
    "counts": "<i8",
}
COMPARED: Final = {"hashes": "<u4", "offsets": "<i8", "words": "<u4", "ends": "<i8", "vocabulary": "|u1"}
KEYED: Final = {"whole": "<u8", "begun": "<u8", "begun_ends": "<i8"}
AGREED: Final = {"asked": "<u8", "agree": "|b1"}


def kinds(*, keyed: bool) -> dict[str, str]:
    """The arrays of columns and their types."""
    return PLACED | COMPARED | (KEYED if keyed else {})


def arrays_of(columns: Columns, start: int) -> dict[str, Any]:
    """Columns as arrays, wherever in its file their piece starts."""
    import numpy as np

    arrays = {
        name: getattr(columns, name)
        for name in ("sizes", "endings", "numbers", "nths", "holds", "ids", "lengths", "ranks")
    }
    arrays |= {"starts": columns.starts - start, "counts": np.array([columns.physical])}
    arrays |= {
        "hashes": columns.sets.hashes,
        "offsets": columns.sets.offsets,
        "words": columns.brief.words,
        "ends": columns.brief.ends,
    }
    arrays["vocabulary"] = np.frombuffer(
        "\n".join(columns.brief.vocabulary).encode("utf-8", "surrogatepass"), dtype=np.uint8
    )
    if keys := columns.keys:
        arrays |= {"whole": keys.conversation_hash, "begun": keys.prefix_hashes, "begun_ends": keys.ends}
    return arrays


def columns_from(arrays: "Arrays", start: int) -> Columns:
    """The columns back, of a piece that starts at a byte of its file. Raises `ValueError` where the arrays do not fit
    each other.
    """
    lines, examples = len(arrays["starts"]), int(arrays["holds"].sum())
    text = arrays["vocabulary"].tobytes().decode("utf-8", "surrogatepass")
    vocabulary = text.split("\n") if text else []
    keys = Keys(arrays["whole"], arrays["begun"], arrays["begun_ends"]) if "whole" in arrays else None
    sound = (
        all(arrays[name].shape == (lines,) for name in ("sizes", "endings", "numbers", "nths", "holds"))
        and arrays["ids"].shape == (examples, 2)
        and arrays["lengths"].shape == (examples,)
        and arrays["ranks"].shape == (examples,)
        and arrays["counts"].shape == (1,)
        and _parts(arrays["offsets"], examples, len(arrays["hashes"]))
        and _parts(arrays["ends"], examples, len(arrays["words"]))
        and (not len(arrays["words"]) or int(arrays["words"].max()) < len(vocabulary))
        and (
            keys is None
            or (len(keys.conversation_hash) == examples and _parts(keys.ends, examples, len(keys.prefix_hashes)))
        )
    )
    if not sound:
        raise ValueError("arrays that do not fit each other")
    return Columns(
        starts=arrays["starts"] + start,
        sizes=arrays["sizes"],
        endings=arrays["endings"],
        numbers=arrays["numbers"],
        nths=arrays["nths"],
        holds=arrays["holds"],
        ids=arrays["ids"],
        sets=Sets(arrays["hashes"], arrays["offsets"]),
        brief=Brief(arrays["words"], arrays["ends"], vocabulary),
        lengths=arrays["lengths"],
        ranks=arrays["ranks"],
        keys=keys,
        physical=int(arrays["counts"][0]),
    )


def _parts(ends: "np.ndarray[Any, np.dtype[Any]]", count: int, total: int) -> bool:
    """Whether these are the ends of so many parts of something."""
    return len(ends) == count + 1 and ends[0] == 0 and ends[-1] == total and bool((ends[1:] >= ends[:-1]).all())
