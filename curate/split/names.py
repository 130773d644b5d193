"""The names of the splits, in the order of who has seen most: what was trained on is never held out again."""

from typing import Final

NAMES: Final = ("train", "validation", "test")
