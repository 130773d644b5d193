"""Select the lines whose messages text rules must see, by RE2 sets of the patterns of all prefilters.

Most lines match no pattern, and no message frame is made of them. Where RE2 is not installed, rules see all messages,
and polars runs the patterns.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from curate.core.files import warn
from curate.lint.rules.message_frame import ECHOED_CHARS, WIDE, batch_flags
from curate.lint.rules.prefilter import OTHER_MARK, ROLE_MARKS, Flag, Patterns, Prefilter
from curate.read.chunks import Batch

try:
    import re2
except ImportError:  # there is no wheel for this platform
    re2 = None

MAX_MEMORY: Final = 64 << 20
"""Bytes for the automaton of a set; RE2 builds it while it reads, and anew when this is used up."""
ALWAYS: Final = r"\A"
"""A pattern that matches every text: RE2 reports no match at all when it runs out of memory."""


class LineSelection:
    """Selects lines by some prefilters."""

    def __init__(self, prefilters: Iterable[Prefilter]) -> None:
        wanted = list(dict.fromkeys(prefilters))
        flags = [one for one in wanted if isinstance(one, Flag)]
        self._answer_flags = sum({one.answer for one in flags})
        self._related = any(one.related for one in flags)
        apart = [one for one in wanted if one.spans]
        together = chain.from_iterable(one.line_patterns for one in wanted if not one.spans)
        groups = (tuple(dict.fromkeys(together)), *(one.line_patterns for one in apart))
        self._sets = None if re2 is None else _pattern_sets(groups)
        self._judges = [None, *(one.judge if isinstance(one, Patterns) else None for one in apart)]

    def positions(self, batch: Batch) -> list[int] | None:
        """The plain examples of a chunk with a message that a prefilter selects; None if this cannot be said."""
        if self._sets is None or batch.whole:
            return None
        steps = list(zip([one.Match for one in self._sets], self._judges, strict=True))
        asked, related, found = self._answer_flags, self._related, list[int]()
        rows = zip(batch.roles, batch.texts, batch_flags(batch), strict=True)
        for position, (roles, texts, flags) in enumerate(rows):
            if any(flag & asked for flag in flags) or (related and _is_related(roles, texts)):
                found.append(position)
                continue
            line = _line_form(roles).format(*texts).encode("utf-8", "replace")
            for match, judge in steps:
                matched = match(line)
                if not matched:
                    self._sets = None
                    _warn("RE2 ran out of memory")
                    return None
                if len(matched) > 1 and (judge is None or _is_judged(judge, roles, texts)):
                    found.append(position)
                    break
        return found


@lru_cache(maxsize=8)
def _pattern_sets(groups: tuple[tuple[str, ...], ...]) -> list[Any] | None:
    """RE2 sets of patterns; None if it refuses one."""
    try:
        return [_pattern_set(patterns) for patterns in groups]
    except re2.error as error:
        _warn(f"RE2: {error}")
        return None


def _pattern_set(patterns: Iterable[str]) -> Any:
    options = re2.Options()
    options.max_mem, options.log_errors = MAX_MEMORY, False
    found = re2.Set.SearchSet(options)
    for pattern in (ALWAYS, *patterns):
        found.Add(pattern)
    found.Compile()
    return found


def _warn(what: str) -> None:
    warn(f"{what}: the patterns of text rules run by polars, which takes longer and finds the same")


@lru_cache(maxsize=10_000)  # most conversations of a file have one of few shapes
def _line_form(roles: tuple[str, ...]) -> str:
    """A format for the texts of a line, each after the mark of its role."""
    return "".join(f"{ROLE_MARKS.get(role, OTHER_MARK)}{{}}" for role in roles)


@lru_cache(maxsize=10_000)
def _relations(roles: tuple[str, ...]) -> tuple[tuple[int, int, bool], ...]:
    """Pairs of a message and one of the two before it that are compared, and whether it answers that one."""
    pairs = ((at, at - back) for at in range(1, len(roles)) for back in (1, 2) if at >= back)
    answers = ("user", "assistant")
    return tuple(
        (at, before, roles[at] != roles[before])
        for at, before in pairs
        if roles[at] == roles[before] or (at - before == 1 and roles[before : at + 1] == answers)
    )


def _is_judged(judge: Callable[[str, str], object], roles: tuple[str, ...], texts: list[str]) -> bool:
    """Whether a judge has a result for a question and its answer."""
    return any(answers and judge(texts[before], texts[at]) for at, before, answers in _relations(roles))


def _is_related(roles: tuple[str, ...], texts: list[str]) -> bool:
    """Whether a message repeats one before, or echoes its question, or may be in another script."""
    for at, before, answers in _relations(roles):
        text, earlier = texts[at], texts[before]
        if answers:
            if text.lstrip().startswith(earlier.lstrip()[:ECHOED_CHARS]):
                return True
            if not (text.isascii() and earlier.isascii()) and _is_wide(text) != _is_wide(earlier):
                return True
        elif text == earlier:
            return True
    return False


def _is_wide(text: str) -> bool:
    """Whether its characters take many bytes, as those of scripts other than Latin do."""
    return len(text.encode("utf-8", "replace")) > len(text) * WIDE
