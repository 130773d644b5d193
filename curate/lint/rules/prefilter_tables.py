"""The tables of the compiled scan of large files, built from the prefilters of the rules.

See `curate.lint.rules.prefilter` and `curate.read.fast_path`. No built-in rule fires on a line that the scan skips; a
property test checks this. Other lines are checked by the rules themselves, whose patterns may be finer.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from curate.core.lazy import np, pl
from curate.lint.rules import prefilter
from curate.lint.rules.message_frame import texts_frame
from curate.lint.rules.rule import Rule
from curate.read.dataset import LINE_SEPARATORS

if TYPE_CHECKING:
    from curate.read.fast_path import FastPathTexts, Prefilters, Scan
    from curate.read.json_string_kernel import CharacterTables, TextPatterns
    from curate.read.pattern_table import Pattern
    from curate.read.text_prefilter import AnswerPatterns, ExchangePatterns, NumberPatterns

FRAME_COLUMNS: Final = frozenset(("example", "turn", "role", "text", "content", "called", "media", "joined"))
"""Columns of the message frame that are computed without reading texts."""
NO_LIMIT: Final = 1 << 60
"""More characters than any text has."""
PrefiltersByKind = Mapping[type, list[Any]]
"""The declared prefilters, by kind."""


def fast_path_scan(rules: Iterable[Rule], apart: Sequence[Rule] = ()) -> "Scan":
    """The scan for the prefilters of `rules`; rules without prefilters, such as custom ones, also see quiet lines.

    It is compiled at its first use on a machine, which takes a while.
    """
    from curate.read.fast_path import Scan  # imports numba, which only pays off for large files

    found = Scan(
        prefilter_tables(one for rule in rules for one in rule.prefilters),
        partial(_matching_lines, apart) if apart else None,
    )
    found.load()
    return found


def prefilter_tables(prefilters: Iterable[prefilter.Prefilter]) -> "Prefilters":
    """The combined tables of some prefilters: a match of any of them counts."""
    return _tables(tuple(dict.fromkeys(prefilters)))


@lru_cache(maxsize=4)  # a run checks its files several times
def _tables(prefilters: tuple[prefilter.Prefilter, ...]) -> "Prefilters":
    from curate.read.fast_path import Prefilters

    wanted: dict[type, list[Any]] = defaultdict(list)
    for one in prefilters:
        wanted[type(one)].append(one)
    return Prefilters(_patterns(wanted), _answers(wanted), _exchanges(wanted))


def _patterns(wanted: PrefiltersByKind) -> "TextPatterns":
    from curate.read.json_string_kernel import TextPatterns
    from curate.read.pattern_table import pattern_table

    example_domains = (
        set.intersection(*(set(one.example_domains) for one in wanted[prefilter.Addresses]))
        if wanted[prefilter.Addresses]
        else set()
    )
    return TextPatterns(
        pattern_table(_literal_patterns(wanted)),
        _characters(tuple(wanted[prefilter.CharacterSet]), tuple(wanted[prefilter.CharacterPairs])),
        _numbers(wanted[prefilter.PersonalNumbers]),
        _rows(example_domains, 12),
        len(wanted[prefilter.Addresses]),
        len(wanted[prefilter.Passwords]),
        len(wanted[prefilter.Variables]),
        len(wanted[prefilter.WrittenBreaks]),
        max((one.within for one in wanted[prefilter.Literals]), default=0),
    )


def _literal_patterns(wanted: PrefiltersByKind) -> "Iterator[Pattern]":
    from curate.read.pattern_table import ANYWHERE, AT_START, IN_ANSWER, LINKS, POINTS, SEVERAL, Pattern

    for one in wanted[prefilter.Literals]:
        means = IN_ANSWER if one.of == prefilter.ANSWER else ANYWHERE
        if one.within:
            means = AT_START
        if one.times > 1:
            means = SEVERAL
        yield from (Pattern(text, means, one.cased, one.begins_word) for text in one.texts)
    for one in wanted[prefilter.MissingText]:
        yield from (
            Pattern(text, means) for texts, means in ((one.texts, POINTS), (one.links, LINKS)) for text in texts
        )


def _numbers(wanted: Sequence[prefilter.PersonalNumbers]) -> "NumberPatterns":
    from curate.read.text_prefilter import NumberPatterns

    groups = [
        (16 ** len(lengths) - 1, int("".join(map("{:x}".format, lengths)), 16))
        for one in wanted
        for lengths in one.groups
    ]
    plus, dotted, capitals = (
        _smallest_given(getattr(one, name) for one in wanted) for name in ("plus", "dotted", "capitals")
    )
    alone = _byte_flags(size for one in wanted for size in one.alone)
    first = _byte_flags(ord(digit) for one in wanted if one.alone for digit in one.first)
    return NumberPatterns(
        np.array(groups, dtype=np.int64).reshape(-1, 2), alone, first, plus, max(0, dotted - 1), capitals
    )


def _answers(wanted: PrefiltersByKind) -> "AnswerPatterns":
    from curate.read.text_prefilter import AnswerPatterns

    opens = np.full(256, NO_LIMIT, dtype=np.int64)
    for one in wanted[prefilter.StartsWith]:
        for byte in one.chars.encode("ascii"):
            opens[byte] = min(opens[byte], one.longer)
    ends = [text for one in wanted[prefilter.EndsWith] for text in one.texts]
    last = _byte_flags(text.encode()[-1] for text in ends)
    last[97:123] |= bool(ends)
    sentences = _smallest_given(one.sentences for one in wanted[prefilter.EndsWith])
    tail = 4 * max((one.tail for one in wanted[prefilter.EndsWith]), default=0)
    several = _smallest_given(one.times for one in wanted[prefilter.Literals] if one.times > 1)
    start = max((one.within for one in wanted[prefilter.Literals]), default=0)
    repeats = _only(wanted[prefilter.Repeats], prefilter.Repeats(piece=0))
    uneven = _only(wanted[prefilter.UnusualText], prefilter.UnusualText(head=0))
    odd = np.array([uneven.marked, *uneven.length, uneven.lettered])
    return AnswerPatterns(
        opens,
        _rows(ends, 8),
        last,
        sentences,
        tail,
        len(wanted[prefilter.OpenFence]),
        several,
        start,
        repeats.piece,
        repeats.share,
        repeats.long,
        repeats.brief,
        repeats.scrap,
        uneven.head,
        np.array(uneven.spaces, dtype=np.int64),
        uneven.marks,
        uneven.words,
        odd,
    )


def _exchanges(wanted: PrefiltersByKind) -> "ExchangePatterns":
    from curate.read.text_prefilter import ExchangePatterns

    brief = wanted[prefilter.ShortAnswers]
    points = _only(wanted[prefilter.MissingText], prefilter.MissingText((), short=0))
    openings = np.stack(
        [
            _byte_flags(char.encode()[0] | 0x20 for one in brief for char in getattr(one, name))
            for name in ("answers", "questions")
        ]
    )
    return ExchangePatterns(
        _smallest_given(one.shared for one in wanted[prefilter.EchoesQuestion]),
        _only(wanted[prefilter.OtherScript], prefilter.OtherScript(wide=0.0)).wide,
        max((one.most for one in brief), default=0),
        openings,
        points.short,
        _byte_flags(ord(char) for char in points.shown if char.isascii()),
        _byte_flags(char.encode()[2] for char in points.shown if not char.isascii()),
        len(wanted[prefilter.OuterSpace]),
        len(wanted[prefilter.RepeatedTurn]),
    )


def _only(declared: Sequence[Any], none: Any) -> Any:
    """The only declaration of a kind that has one set of numbers. Raises `ValueError` for two."""
    if len(declared) > 1:
        raise ValueError(f"{declared[0]} and {declared[1]}: the scan supports one declaration of this kind")
    return declared[0] if declared else none


def _smallest_given(numbers: Iterable[int]) -> int:
    """The smallest number other than 0, which means none."""
    return min(filter(None, numbers), default=0)


def _byte_flags(numbers: Iterable[int]) -> Any:
    """Boolean array of the given numbers up to 255."""
    found = np.zeros(256, dtype=np.bool_)
    found[list(numbers)] = True
    return found


def _rows(texts: Iterable[str], width: int) -> Any:
    """Texts as zero-padded rows of bytes (uint8). Raises `ValueError` if one is too long."""
    return np.array([list(text.encode().ljust(width, b"\0")) for text in sorted(texts)], dtype=np.uint8).reshape(
        -1, width
    )


def _matching_lines(rules: Sequence[Rule], texts: "FastPathTexts") -> Any:
    """Boolean array of the lines on which one of the rules fires."""
    first = np.append(0, np.cumsum(texts.turns)[:-1])
    asked = pl.any_horizontal(rule.function().is_not_null() for rule in rules)
    frame = texts_frame(*texts, whole=not FRAME_COLUMNS.issuperset(asked.meta.root_names()))
    found = frame.select(asked).to_series()
    return np.logical_or.reduceat(found.to_numpy(), first)


@cache
def _characters(
    chars: tuple[prefilter.CharacterSet, ...], pairs: tuple[prefilter.CharacterPairs, ...]
) -> "CharacterTables":
    from curate.read.json_string_kernel import FOLLOWS, LEADS, ODD, SPACE, CharacterTables

    kinds, folds = _composed()
    kinds = kinds.copy()
    every = (
        "".join(map(chr, range(0xD800)))
        + "\0" * 0x800
        + np.arange(0xE000, 0x110000, dtype="<u4").tobytes().decode("utf-32-le")
    )
    classes = [(members, ODD) for members in dict.fromkeys(one.chars for one in chars)] + [
        (f"[{b''.join(LINE_SEPARATORS).decode()}]", ODD),
        (r"\s", SPACE),
    ]
    classes += [
        (f"[{members}]", kind) for one in pairs for members, kind in ((one.leads, LEADS), (one.follows, FOLLOWS))
    ]
    for pattern, kind in classes:
        end = len(every) if any(char > "\uffff" for char in pattern) else 0x10000
        kinds[[match.start() for match in re.compile(pattern).finditer(every, 0x80, end)]] |= kind
    return CharacterTables(kinds, folds)


@cache
def _composed() -> tuple[Any, Any]:
    """For each character, its role in Unicode composition and its lower-cased compatibility form."""
    from curate.read.json_string_kernel import JOINED, JOINS, MARK, ODD, OTHER

    points = [*range(128, 0xD800), *range(0xE000, 0x10000)]
    characters = [chr(point) for point in points]
    flags = np.zeros(len(points), dtype=np.uint8)
    folds = np.zeros(len(points), dtype=np.uint16)
    apart = "\0".join(characters)  # normalized in one call; separators prevent composition between characters
    composed, compatible = (unicodedata.normalize(form, apart) for form in ("NFC", "NFKC"))
    joined, joins = _pairs(characters)
    for at, (char, own, other, folded) in enumerate(
        zip(characters, composed.split("\0"), compatible.split("\0"), compatible.casefold().split("\0"), strict=True)
    ):
        if own != char or unicodedata.combining(char) or char in joined or char in joins:
            flags[at] |= (
                ODD * (own != char)
                | MARK * (unicodedata.combining(char) > 0)
                | JOINED * (char in joined)
                | JOINS * (char in joins)
            )
        if other != char:
            flags[at] |= OTHER
        if (
            len(folded) == 1
            and ord(folded) < 0x10000
            and (own == other or not (other in joined or other in joins or unicodedata.combining(other)))
        ):
            folds[at] = ord(folded)
    kinds, forms = np.zeros(0x110000, dtype=np.uint8), np.zeros(0x10000, dtype=np.uint16)
    kinds[points], forms[points] = flags, folds
    kinds[0x101FD:0x1E94B] = kinds[0x2F800:] = ODD  # combining marks, and characters composed with them
    return kinds, forms


def _pairs(characters: list[str]) -> tuple[set[str], set[str]]:
    """The first and the second characters of composed pairs (UAX #15)."""
    # Hangul letters, which are composed by a formula
    joined = {chr(point) for point in (*range(0x1100, 0x1113), *range(0xAC00, 0xD7A4, 28))}
    joins = {chr(point) for point in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    for char in characters:
        parts = unicodedata.decomposition(char)
        if " " in parts and not parts.startswith("<") and unicodedata.is_normalized("NFC", char):
            first, second = parts.split()
            joined.add(chr(int(first, 16)))
            joins.add(chr(int(second, 16)))
    return joined, joins
