"""Shared instructions: passages listed in the manifest that are left out of user turns before the comparison."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from curate.verify.words import UNSPACED_CHAR, UNSPACED_CHARS

RUN_WORDS: Final = 8
"""Minimum number of words of an exempt run."""
MIN_EXAMPLES: Final = 20
"""Minimum number of examples that share each run of a passage."""
MIN_SHARED: Final = 40
"""Minimum number of shared words in an example for the passages to be left out."""
MIN_OWN: Final = 5
"""Minimum number of consecutive words that must remain of a user turn."""
TOKEN: Final = re.compile(rf"[{UNSPACED_CHARS}]|[^\s{UNSPACED_CHARS}]+")
Window = tuple[str, ...]


class Cut(NamedTuple):
    """The passages found in an example."""

    windows: frozenset[Window]
    turns: list[str] | None
    """Its user turns without the passages; None if the whole text is compared."""


def tokens(text: str) -> list[str]:
    """Tokens separated by white space; single characters in scripts without spaces."""
    return text.split() if text.isascii() or not UNSPACED_CHAR.search(text) else TOKEN.findall(text)


class Passages:
    """The passages of a manifest."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)
        words = list(map(tokens, texts))
        self.windows: list[list[Window]] = [
            [tuple(passage[start : start + RUN_WORDS]) for start in range(len(passage) - RUN_WORDS + 1)]
            for passage in words
        ]
        """The runs of each passage."""
        self._all_windows = frozenset(window for windows in self.windows for window in windows)
        self._firsts = frozenset(window[0] for window in self._all_windows)

    def __bool__(self) -> bool:
        return bool(self.texts)

    def cut(self, turns: Sequence[str]) -> Cut:
        """The passages in the user turns of an example, and the text that remains without them."""
        windows: set[Window] = set()
        remaining: list[str] = []
        if not self.texts:
            return Cut(frozenset(), None)
        shared = most = 0
        for turn in turns:
            words = tokens(turn)
            covered = [False] * len(words)
            for index, token in enumerate(words[: max(0, len(words) - RUN_WORDS + 1)]):
                if token in self._firsts and (window := tuple(words[index : index + RUN_WORDS])) in self._all_windows:
                    windows.add(window)
                    covered[index : index + RUN_WORDS] = [True] * RUN_WORDS
            shared += sum(covered)
            most = max(most, _longest_gap(covered))
            remaining.append(
                " ".join(token for token, is_covered in zip(words, covered, strict=True) if not is_covered)
            )
        return Cut(frozenset(windows), remaining if shared >= MIN_SHARED and most >= MIN_OWN else None)


def _longest_gap(covered: Sequence[bool]) -> int:
    """Length of the longest run of words that no passage covers."""
    longest = gap = 0
    for is_covered in covered:
        gap = 0 if is_covered else gap + 1
        longest = max(longest, gap)
    return longest
