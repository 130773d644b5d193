"""Names of files that hold splits, as other tools write them."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

SPLIT_WORDS: Final = {
    "train": ("train",),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "eval"),
}
"""Words in the names of the files of each split."""
WORD: Final = re.compile(r"[a-z]+")


def files_by_split(files: Iterable[Path]) -> dict[str, list[Path]]:
    """Files named like splits, by split, each in the given order; empty if there are fewer than two splits."""
    words = [(path, {*WORD.findall(path.name.lower().partition(".")[0])}) for path in files]
    named = {
        split: [path for path, of_name in words if not of_name.isdisjoint(names)]
        for split, names in SPLIT_WORDS.items()
    }
    splits = {split: paths for split, paths in named.items() if paths}
    return splits if len(splits) > 1 else {}
