"""An automaton that finds many pieces of text at once (Aho and Corasick 1975), as tables for compiled code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

Array = Any
"""A NumPy array; what it holds is said where it is made."""
ALWAYS, WORN, REFUSES, POINTS, IN_ANSWER, ADDRESS = 1, 2, 4, 8, 16, 32
"""What a needle means: suspect wherever it is; a worn-out phrase; a refusal, at the start of an answer; a question that points at a text; suspect
in an answer; an address, in a short question."""
MARKED: Final = 1 << 31


@dataclass(frozen=True, slots=True)
class Needles:
    """An automaton (Aho and Corasick 1975) over lower-case bytes, and what its states mean."""

    step: Array
    """uint32, states x 128, flat: 128 times the next state, with `MARKED` where something ends there."""
    means: Array
    """uint8, one a state: the needles that end there."""
    exact: Array
    """int16, one a state: which needle of `written` must stand there letter for letter; -1 for none."""
    written: Array
    """uint8, needles x 16: such needles, padded with zeros."""
    alone: Array
    """bool, one for each of these: no letter or digit may stand before it."""


def needles(folded: Mapping[str, int], exact: Mapping[str, tuple[int, bool]]) -> Needles:
    """The automaton of needles in any case, each with its meaning; and of those to the letter, with theirs and whether they stand alone."""
    goto: list[dict[int, int]] = [{}]
    means, which = [0], [-1]

    def add(text: str) -> int:
        state = 0
        for byte in text.lower().encode("ascii"):
            if byte not in goto[state]:
                goto[state][byte] = len(goto)
                goto.append({})
                means.append(0)
                which.append(-1)
            state = goto[state][byte]
        return state

    for text, meaning in folded.items():
        means[add(text)] |= meaning
    written = np.zeros((max(1, len(exact)), 16), dtype=np.uint8)
    for nth, text in enumerate(exact):
        which[add(text)] = nth
        written[nth, : len(text)] = list(text.encode("ascii"))
    step = np.zeros((len(goto), 128), dtype=np.uint16)
    fail = [0] * len(goto)
    queue = [0]
    for state in queue:
        for byte in range(128):
            after = goto[state].get(byte)
            if after is None:
                step[state, byte] = step[fail[state], byte] if state else 0
            else:
                step[state, byte] = after
                fail[after] = int(step[fail[state], byte]) if state else 0
                means[after] |= means[fail[after]]
                if which[fail[after]] >= 0:  # two needles to the letter at one place: whoever wants that is looked at
                    if which[after] < 0:
                        which[after] = which[fail[after]]
                    else:
                        means[after] |= ALWAYS
                queue.append(after)
    marked = np.array([meaning != 0 or nth >= 0 for meaning, nth in zip(means, which, strict=True)], dtype=np.bool_)
    flat = (step.astype(np.uint32) * 128 | np.where(marked[step], MARKED, 0).astype(np.uint32)).ravel()
    alone = np.array([flag for _, flag in exact.values()] or [False], dtype=np.bool_)
    return Needles(flat, np.array(means, dtype=np.uint8), np.array(which, dtype=np.int16), written, alone)
