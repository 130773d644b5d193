"""Classes of characters."""

from typing import Final

from curate.core.lazy import lazy_pattern

UNSEEN: Final = lazy_pattern(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Invisible characters (Unicode's `Default_Ignorable_Code_Point`, and annotation marks): soft hyphens,
zero-width characters, direction marks, byte order marks, variation selectors, fillers, tags.
"""
UNSPACED: Final = (
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Characters of scripts without spaces between words, and Korean ones: each is compared as a word. Compile it where
it is needed: that takes 3 ms.
"""
