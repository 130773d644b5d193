"""The names of the splits, in order of exposure: an example that was trained on is never held out again."""

from typing import Final

NAMES: Final = ("train", "validation", "test")
