"""Files of indexed benchmarks: keyed hashes of their runs of words, and embeddings, but no text.

An index belongs to a user: its hashes have a key that is derived from the user's own, and the file is signed with it.
The hashes are fast, not cryptographic: from the file and the text of one item the key of the hashes can be computed,
but not the key that signs.

- a word: letters and digits in NFKC and lower case between other characters; in a script without spaces, each character
- `part_whole`: XXH3-64 of the words of a question, joined by spaces, with the key as seed; 0 for an answer
- `run_hash`: h = mix((w1 * B^(n-1) + w2 * B^(n-2) + ... + wn) ^ key) modulo 2^64, or 1 if that is 0. w is FNV-1a of a
  word in UTF-8, B is `HASH_BASE`, mix is the finaliser of SplitMix64, n is `RUN_WORDS`, or for a question of
  `MIN_RUN_WORDS` to that many words its length; runs that more than `MAX_SHARING_ITEMS` items share are left out
- `shingle_hash`: the same for each set of `SHINGLE_WORDS` consecutive words
- `vectors`, `fact_hash`: embeddings of questions, one row for each item, and XXH3-64 of single words, numbers and
  tokens of code; only in an index for rephrased items
"""

import hmac
import json
import re
from pathlib import Path
from shlex import quote
from typing import Any, Final

from curate.core.errors import InputError, OutputError, UsageError
from curate.core.lazy import Array, Arrays, np
from curate.core.text import visible
from curate.storage.store import load, own_key, require_types

FORMAT: Final = 4
"""The version of the files that are written."""
LACKING: Final = {2: "the right choices of its items", 3: "the solutions in code of its items"}
"""Older versions that are read, and what the search for rephrased items lacks with them."""
INDEX_SUFFIX: Final = ".npz"
RUN_WORDS: Final = 13
MIN_RUN_WORDS: Final = 8
MAX_SHARING_ITEMS: Final = 10
"""Number of items of one benchmark above which a shared run of words counts as its instructions."""
SHINGLE_WORDS: Final = 3
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
ARRAYS: Final = {
    "about": "u1", "item_line": "i4", "item_file": "i4", "item_language": "S2",
    "part_item": "i4", "part_field": "i4", "part_words": "i4", "part_whole": "u8",
    "run_hash": "u8", "run_part": "i4", "run_place": "i4", "run_size": "i4", "shingle_hash": "u8", "shingle_part": "i4",
    "vectors": "f2", "fact_hash": "u8", "fact_item": "i4", "fact_kind": "u1", "fact_weight": "f4",
}  # fmt: skip
"""The arrays of a file and numpy's names of their types; `about` is JSON: see `curate.leakage.decontaminate`."""
WORD_ARRAYS: Final = (
    ("item_line", "item_file", "item_language"), ("part_item", "part_field", "part_words", "part_whole"),
    ("run_hash", "run_part", "run_place", "run_size"), ("shingle_hash", "shingle_part"),
)  # fmt: skip
PARALLEL: Final = (
    *WORD_ARRAYS,
    ("fact_hash", "fact_item", "fact_kind", "fact_weight"),
)  # fmt: skip
"""Arrays that have the same length."""
POSITIONS: Final = {
    "part_item": "item_line", "run_part": "part_item", "shingle_part": "part_item", "fact_item": "item_line",
}  # fmt: skip
"""Arrays of positions in another one."""


def index_key() -> int:
    """The key of the hashes of this user's indexes, 64 bits."""
    return int.from_bytes(hmac.digest(own_key(), b"curate benchmark index 1", "sha256")[:8], "little")


def require_own_key() -> None:
    """Raise `OutputError` if the key of this user can be neither read nor created: without it anybody could sign."""
    if not own_key():
        raise OutputError("an index needs a key of this user, which cannot be stored", "make the home folder writable")


def index_file(name: str) -> Path:
    """Where the index of a benchmark is. Raises `UsageError` for a name that is none."""
    from platformdirs import user_data_path

    if not NAME.fullmatch(name):
        raise UsageError(
            f"{visible(name)}: not a name of a benchmark",
            "use lower-case letters, digits and - . _, at most 64; `curate decontaminate --build-index NAME FILE` "
            "indexes a file",
        )
    return user_data_path("curate") / "benchmarks" / f"{name}{INDEX_SUFFIX}"


def read_index(path: Path) -> tuple[dict[str, Any], Arrays]:
    """The description and the arrays of an index. Raises `InputError` if it is damaged, of another user or of a version
    that is not read, and as `require_own_key` does.
    """
    require_own_key()
    content = load(path, _checked)
    if content is None:
        raise InputError(
            f"{visible(str(path))}: not an index that this user built",
            f"build it again:  curate decontaminate --build-index {path.stem} FILE --overwrite",
        )
    about = content[0]
    if about["format"] not in (FORMAT, *LACKING):
        later = about["format"] > FORMAT
        raise InputError(
            f"{visible(str(path))}: an index of version {about['format']}, "
            f"which {'a later' if later else 'an earlier'} "
            f"curate built; this one reads {', '.join(map(str, (*LACKING, FORMAT)))}",
            f"{'update curate, or ' if later else ''}build it again:  {rebuild_command(about, path.stem)}",
        )
    return content


def require_rephrased(about: dict[str, Any], name: str) -> None:
    """Raise `InputError` if the index is of a version in which a part of what rephrased items are found by is
    missing.
    """
    if lacking := LACKING.get(about["format"]):
        raise InputError(
            f"{visible(name)}: an index of version {about['format']} lacks {lacking}, so rephrased items would be "
            f"missed; version {FORMAT} has them",
            f"build it again:  {rebuild_command(about, name, embeddings=True)}",
        )


def rebuild_command(about: dict[str, Any], name: str, *, embeddings: bool = False) -> str:
    """The command that builds an index again, with the names of the files that it was built of."""
    files = [source["name"] for source in about.get("sources", [])] or ["FILE"]
    model = " --embeddings MODEL" if embeddings or about.get("model") else ""
    return f"curate decontaminate --build-index {name} {visible(' '.join(map(quote, files)))}{model} --overwrite"


def _checked(arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """The content of an index. Raises `ValueError` or `KeyError` for arrays that do not fit together."""
    about = json.loads(arrays["about"].tobytes())
    if type(about["format"]) is int and about["format"] not in (FORMAT, *LACKING):
        return about, {}  # of a version that `read_index` refuses
    require_types(arrays, ARRAYS)
    if about["format"] not in (FORMAT, *LACKING) or any(
        len({len(arrays[name]) for name in names}) > 1 for names in PARALLEL
    ):
        raise ValueError("arrays that do not match each other")
    for name, target in POSITIONS.items():
        if len(arrays[name]) and not (arrays[name].min() >= 0 and arrays[name].max() < len(arrays[target])):
            raise ValueError(f"{name}: positions that do not exist")
    return about, arrays


def described(about: dict[str, Any]) -> Array:
    """The description of an index as an array of bytes, which `read_index` reads back."""
    return np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
