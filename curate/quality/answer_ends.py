"""Answers that are truncated or begin in the middle of a sentence, compared with the ends and beginnings of the other
answers of the file.

Usual edges are estimated from the file, so that a list of names, code or JSON does not count as truncated if all
answers have this form. The weights of the features were fitted on planted faults (`tests/bench/quality_signals.py`).
"""

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from curate.core.lazy import Floats, np, pl
from curate.core.log_odds import logistic_column
from curate.core.text import text_column
from curate.language.lexicon import NON_FINAL_WORDS, STOPWORDS

if TYPE_CHECKING:
    from polars import DataFrame, Series

WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LETTER: Final = r"[\p{L}\p{Nl}\p{No}]"
_ANY_WORD: Final = rf"{_LETTER}+(?:['’]{_LETTER}+)*"
_NO_WORD: Final = r"[^\p{L}\p{N}_]"
FIRST_WORD: Final = rf"(?:^|[.!?。！？:][\"')\]*_”’]*\s+|\n){_NO_WORD}{{0,4}}({_ANY_WORD})"
LAST_WORD: Final = rf"({_ANY_WORD}){_NO_WORD}{{0,3}}?(?:[.!?。！？]|\n|$)"
"""Both for polars, as is `_ANY_WORD`, which matches what `WORD` does."""
LOWERED_BY_WORD: Final = ("İ", "Σ")
"""Letters whose lower case depends on those around them, or has no letter after it."""
EARLIER_SENTENCE_END: Final = re.compile(r"[^\W\d_]{2}[\"'”’)]?[.!?]\s|[。！？]")
"""The end of a sentence before the last one, except the number of a list item."""
CLOSING_CHARS: Final = "\"'”’»)]}*_`~> \n\t"
END_MARKS: Final = ".!?。！？…।؟"
RARE_LAST_CHARS: Final = frozenset(",(-–—/&+=“‘$#<@%")
OPENERS: Final = {"(": ")", "[": "]", "{": "}", "“": "”", "«": "»"}
JSON_START: Final = re.compile(r'\s*(?:\{\s*(?:["}]|\Z)|\[\s*(?:[\[{"\]\d-]|\Z))')
"""The beginning of JSON, but not of a set, a dictionary of Python or a name in brackets."""
CODE_ASTERISKS: Final = re.compile(r"(?<=[A-Za-z0-9_)\]])\*\*(?=[A-Za-z0-9_(.-])| \*\* |\*\*[A-Za-z_]\w*(?=\s*[,)])")
"""`**` of code that is not bold text: a power, or named arguments."""
CODE_SIGNS: Final = re.compile(r"[=(){};]{3}")
CODE_WORDS: Final = re.compile(r"\bSELECT\b|\bdef \w+\(")
UNFINISHED_WORDS: Final = frozenset((*NON_FINAL_WORDS, *STOPWORDS))
QUOTATION_AUTHOR: Final = re.compile(r"[-–—] ?[A-Z][\w.]*(?: [A-Z][\w.]*){0,3}$")
LIST_ITEM: Final = re.compile(r"\s*(?:[-*•]|\d+[.)]|\|)")
ITEM_LABEL: Final = re.compile(r"(?m)^\s*\w{1,2}\)")
"""The number or letter of a list item: `a)`."""
SENTENCE_ENDS: Final = re.compile(r"[.!?。！？\n]")
MAX_WORD_CHARS: Final = 100
MAX_SHORT_WORDS: Final = 6
"""Number of words up to which an answer is short."""
OPTION_CHARS: Final = 80
"""Number of characters of a first line that are searched for in the request."""
MAX_CHARS: Final = 4_000
BLOCK_TEXTS: Final = 4_096
CUT_WEIGHTS: Final = (
    -6.591, 0.119, -0.484, 0.354, 1.725, 1.571, 1.996, -0.256, 1.311, 4.0, -1.021, 1.186, 0.312, 0.931,
)  # fmt: skip
BEGIN_WEIGHTS: Final = (-4.888, 1.896, -0.477, 1.0, -0.782, 3.521, 2.074, 2.139, -0.73, 0.795)


CUT_STRONG_FEATURES: Final = (3, 4, 5, 6, 7, 9)
"""Features without which the doubt about an answer is halved, such as a list without a mark at its end."""
BEGIN_STRONG_FEATURES: Final = (3, 5, 6, 7)


class SentenceWords:
    """The words of a file, and how many of its texts they begin and end sentences in."""

    def __init__(self, requests: Sequence[str], answers: Sequence[str]) -> None:
        self.seen: Counter[str] = Counter()
        self.first: Counter[str] = Counter()
        self.last: Counter[str] = Counter()
        patterns = (_ANY_WORD, FIRST_WORD, LAST_WORD)
        frames = [
            [_texts_with_words(part, pattern, lowers=lowers) for pattern in patterns]
            for texts in (requests, answers)
            for start in range(0, len(texts), BLOCK_TEXTS)
            for part, lowers in _in_lower_case(
                text_column([text[:MAX_CHARS] for text in texts[start : start + BLOCK_TEXTS]])
            )
        ]
        for counts, of_parts in zip((self.seen, self.first, self.last), zip(*frames, strict=True), strict=False):
            for word, count in pl.concat(of_parts).group_by("word").agg(pl.col("count").sum()).iter_rows():
                counts[word.casefold()] += count
        self._ordered = sorted(self.seen)

    def begins_other_word(self, word: str) -> bool:
        """Whether some word of the file is longer than `word`, which has 2 to 11 characters, and begins with it."""
        following = bisect_right(self._ordered, word)
        return 2 <= len(word) <= 11 and following < len(self._ordered) and self._ordered[following].startswith(word)

    def log_odds(self, word: str, at_edge: Counter[str], *, is_here: bool) -> float:
        """The log-odds that a word is at an edge of a sentence, by the other texts of the file."""
        from math import log

        occurrences = self.seen[word] - 1
        edge = at_edge[word] - is_here
        usual = 0.2
        share = (max(0, edge) + 2 * usual) / (max(0, occurrences) + 2)
        return log(share / (1.0001 - min(share, 1.0)))


def _in_lower_case(texts: "Series") -> Iterator[tuple["Series", bool]]:
    """The texts in lower case, then unchanged those whose words are lowered one by one; each part with whether they
    are.
    """
    by_word = texts.str.contains_any([*LOWERED_BY_WORD])
    yield texts.filter(~by_word).str.to_lowercase(), False
    if by_word.any():
        yield texts.filter(by_word), True


def _texts_with_words(texts: "Series", pattern: str, *, lowers: bool) -> "DataFrame":
    """The words that `pattern` matches, each with the number of texts that it occurs in. `lowers`: whether each word is
    converted to lower case.
    """
    words = texts.str.extract_all(pattern)
    if pattern != _ANY_WORD:
        words = words.list.eval(pl.element().str.extract(f"({_ANY_WORD})", 1))
    if lowers:
        words = words.list.eval(pl.element().str.to_lowercase())
    counts = words.list.unique().explode().drop_nulls().alias("word").value_counts()
    return counts.cast({"count": pl.Int64})


def kind_of(answer: str) -> str:
    """The kind of text of an answer, each with its own usual edges."""
    plain = answer.strip()
    if plain[:1] in "{[<":
        return "data"
    last = plain.rsplit("\n", 1)[-1]
    if "```" in plain or last[-1:] in ";{}" or _is_code(plain[:400]):
        return "code"
    if LIST_ITEM.match(last):
        return "list"
    words = len(plain.split(maxsplit=MAX_SHORT_WORDS))
    return "short" if words <= MAX_SHORT_WORDS else "lines" if "\n" in plain and len(last) < 60 else "prose"


def _is_code(text: str) -> bool:
    """Whether a text has signs or statements of a programming language."""
    if CODE_SIGNS.search(text):
        return True
    return ("SELECT" in text or "def " in text) and CODE_WORDS.search(text) is not None


def is_unended(answer: str) -> bool:
    """Whether an answer does not end with a mark that ends a sentence, a quotation or a block."""
    plain = answer.rstrip()
    core = plain.rstrip(CLOSING_CHARS)
    if not core or core[-1] in END_MARKS or plain.endswith(("```", "}", "]", ">", "|")):
        return False
    last = plain.rsplit(maxsplit=1)[-1]
    if QUOTATION_AUTHOR.search(plain, plain.rfind("\n") + 1):
        return False
    if plain[-1] in '"”’»)' and not _unclosed_count(plain):
        return False
    return not (last.startswith(("#", "http", "www.")) or (ord(plain[-1]) >= 0x2190 and not plain[-1].isalpha()))


def edge_class(char: str) -> str:
    """The class of the character with which an answer begins or ends."""
    return "A" if char.isupper() else "a" if char.isalpha() else "0" if char.isdigit() else char


def surprise(edges: Sequence[str]) -> list[float]:
    """The information in nats of each edge, by its frequency in the file; at most 5."""
    from math import log

    counts = Counter(edges)
    return [min(5.0, -log(counts[edge] / (len(edges) + 1))) for edge in edges]


def _odd_bold(text: str) -> int:
    """1 if a text has an odd number of `**`, not counting those in code; else 0."""
    if "**" not in text:
        return 0
    return (text.count("**") - len(CODE_ASTERISKS.findall(text))) % 2


def _unclosed_count(answer: str) -> float:
    """How many brackets, quotation marks and code blocks are not closed at the end of an answer; at most 3."""
    text = answer[-MAX_CHARS:] if len(answer) > MAX_CHARS else answer
    open_pairs = sum(max(0, text.count(left) - text.count(right)) for left, right in OPENERS.items())
    odd = (text.count("```") % 2) + (text.count('"') % 2) + _odd_bold(text)
    return float(min(3, open_pairs + odd))


def _unbalanced_closers(answer: str) -> float:
    """How many brackets, quotation marks and bold marks are closed but not opened in an answer; at most 3 of each of
    both.
    """
    text = answer[:MAX_CHARS]
    closed = sum(max(0, text.count(right) - text.count(left)) for left, right in OPENERS.items())
    if closed:
        closed -= len(ITEM_LABEL.findall(text))
    return float(min(3, max(0, closed) + text.count('"') % 2 + _odd_bold(text)))


def _is_broken_data(answer: str) -> bool:
    """Whether an answer begins as JSON and is not JSON."""
    if not JSON_START.match(answer):
        return False
    try:
        json.loads(answer.strip())  # of any white space: JSON has four kinds
    except (ValueError, RecursionError):
        return True
    return False


def odd_edge_log_odds(kinds: Sequence[str], odd: Sequence[bool]) -> dict[str, float]:
    """The log-odds, by kind of answer, that an answer of the file has an unusual edge. `odd`: whether each answer has
    one.
    """
    from math import log

    total, strange = Counter(kinds), Counter(kind for kind, is_odd in zip(kinds, odd, strict=True) if is_odd)
    return {kind: log((strange[kind] + 0.5) / (total[kind] - strange[kind] + 1.5)) for kind in total}


def cut_features(answers: Sequence[str], kinds: Sequence[str], wording: SentenceWords) -> Floats:
    """One row for each answer, see `CUT_WEIGHTS`; `kinds`: see `kind_of`."""
    unended = list(map(is_unended, answers))
    usual = odd_edge_log_odds(kinds, unended)
    rows = []
    rarity = surprise([edge_class(answer.rstrip()[-1:]) for answer in answers])
    for answer, kind, odd, rare in zip(answers, kinds, unended, rarity, strict=True):
        plain = answer.rstrip()
        unfinished = begun = earlier = False
        tail_words = usual_end = 0.0
        if odd:
            core = plain[-400:].rstrip(CLOSING_CHARS + END_MARKS)
            words = WORD.findall(core[-MAX_WORD_CHARS:])
            last = words[-1].casefold() if words and core.endswith(words[-1]) else ""
            unfinished = last in UNFINISHED_WORDS
            begun = last != "" and wording.seen[last] <= 1 and wording.begins_other_word(last)
            earlier = EARLIER_SENTENCE_END.search(plain) is not None
            tail_words = np.log1p(len(SENTENCE_ENDS.split(core)[-1].split()))
            usual_end = wording.log_odds(last, wording.last, is_here=True) if last else 0.0
        rows.append(
            (
                1.0,
                odd,
                odd * usual[kind],
                unfinished,
                plain[-1:] in RARE_LAST_CHARS
                and plain[-2:-1] != plain[-1:]
                and not re.search(r"\d ?%$", plain[-3:]),  # C++
                _unclosed_count(answer),
                begun,
                earlier,
                tail_words,
                _is_broken_data(answer),
                usual_end,
                kind == "short",
                odd and kind == "prose",
                rare,
            )
        )
    return np.array(rows, dtype=np.float64)


def begin_features(answers: Sequence[str], kinds: Sequence[str], wording: SentenceWords) -> Floats:
    """One row for each answer, see `BEGIN_WEIGHTS`; `kinds`: see `kind_of`."""

    def is_low(answer: str) -> bool:
        first = next((char for char in answer if char.isalnum() or char in "{[<`$"), "")
        word = (answer.split(maxsplit=1) or [""])[0]
        is_item = re.match(r"\w{1,3}[.)]", word) is not None  # of a list
        return first.islower() and word[1:] == word[1:].lower() and "." not in word[:-1] and not is_item

    low = list(map(is_low, answers))
    usual = odd_edge_log_odds(kinds, low)
    rows = []
    rarity = surprise([edge_class(answer[:1]) for answer in answers])
    for answer, kind, odd, rare in zip(answers, kinds, low, rarity, strict=True):
        plain = answer.lstrip()
        word = WORD.match(plain)
        first = word[0].casefold() if word else ""
        rows.append(
            (
                1.0,
                odd,
                odd * usual[kind],
                plain[:1] in ",;:.)]}!?%",
                wording.log_odds(first, wording.first, is_here=True) if first else 0.0,
                odd and first in UNFINISHED_WORDS and kind != "short",  # "the Sumerians"
                _unbalanced_closers(answer),
                odd and bool(EARLIER_SENTENCE_END.search(plain)),
                kind == "short",
                rare,
            )
        )
    return np.array(rows, dtype=np.float64)


def _goodness(features: Floats, weights: Sequence[float], sure: Sequence[int]) -> Floats:
    """1 minus the probability of a fault; half of that probability without one of the `sure` features."""
    doubt = logistic_column(features @ np.array(weights))
    return np.asarray(1 - np.where(features[:, sure].any(axis=1), doubt, doubt / 2))


def endings(answers: Sequence[str], kinds: Sequence[str], wording: SentenceWords) -> Floats:
    """The probability that each answer is complete; `kinds`: see `kind_of`."""
    return _goodness(cut_features(answers, kinds, wording), CUT_WEIGHTS, CUT_STRONG_FEATURES)


def openings(requests: Sequence[str], answers: Sequence[str], kinds: Sequence[str], wording: SentenceWords) -> Floats:
    """The probability that the beginning of each answer is complete; the doubt is halved if its first line is one of
    the options in the request.
    """
    goodness = _goodness(begin_features(answers, kinds, wording), BEGIN_WEIGHTS, BEGIN_STRONG_FEATURES)
    lines = (answer.lstrip().split("\n", 1)[0][:OPTION_CHARS].rstrip(" .;") for answer in answers)
    chosen = [line != "" and line in request for line, request in zip(lines, requests, strict=True)]
    return np.asarray(np.where(chosen, (1 + goodness) / 2, goodness))
