"""The summary of an example for rules over the data set: its place and its last answer, in few bytes; and counts with the
place of the first occurrence, groups of equal digests.

Of the last answer: 64-bit hashes of its request and of itself, and its kind.
"""

import string
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, Final, NamedTuple

import xxhash

from curate.conflicts.labels import CLASSIFICATION_REQUEST
from curate.core.example import Example, Place, attachments, canonical
from curate.core.form_keys import LABEL_KEYS, TOOL_KEYS
from curate.core.lazy import lazy_pattern, np
from curate.corpus.strata import is_label, normalized_label
from curate.language.negation import NO, OTHER_NO, OTHER_YES, YES
from curate.language.precise_requests import asks_for_amount, asks_yes_or_no, is_brief, verdict_language
from curate.language.reasoning_marks import without_reasoning
from curate.language.refusals import OPENING_CHARS, refuses
from curate.read.chunks import Batch

MAX_UINT32: Final = 2**32 - 1


@dataclass(slots=True)
class Places:
    """The places of examples: four bytes each, and each file name once."""

    lines: "array[int]" = field(default_factory=lambda: array("I"))
    """Line of each example, relative to its chunk."""
    starts: list[int] = field(default_factory=list)
    """Number of examples before each chunk."""
    parts: list[tuple[str, int]] = field(default_factory=list)
    """File of each chunk, and number of lines before it."""
    nths: dict[int, int] = field(default_factory=dict)
    """`Place.nth` of each example of which it is not 0: only a JSON document has several on one line."""

    def add(self, place: Place) -> None:
        """Append the place of the next example."""
        if not self.parts or self.parts[-1] != (place.file, 0):
            self.parts.append((place.file, 0))
            self.starts.append(len(self.lines))
        if place.nth:
            self.nths[len(self.lines)] = place.nth
        self.lines.append(min(place.line, MAX_UINT32))

    def add_lines(self, batch: Batch) -> None:
        """Append the places of the plain examples of a batch."""
        if batch.whole:
            for parsed in batch.whole:
                self.add(parsed.place)
            return
        self.add(Place(batch.file, batch.numbers[0]))
        self.lines.extend(batch.numbers[1:])

    def extend(self, following: "Places", before: int) -> None:
        """Append the places of following examples, with `before` lines of their file before them."""
        size = len(self.lines)
        self.starts += [size + start for start in following.starts]
        self.parts += [(file, before + lines) for file, lines in following.parts]
        self.nths |= {size + index: nth for index, nth in following.nths.items()}
        self.lines.extend(following.lines)

    def __getitem__(self, index: int) -> Place:
        file, before = self.parts[bisect_right(self.starts, index) - 1]
        return Place(file, before + self.lines[index], self.nths.get(index, 0))

    def file_of(self, index: int) -> str:
        """The file of an example."""
        return self.parts[bisect_right(self.starts, index) - 1][0]

    def start_of(self, file: str) -> int:
        """The number of examples before a file."""
        return next(start for start, (name, _) in zip(self.starts, self.parts, strict=True) if name == file)

    @property
    def first(self) -> str:
        """The name of the first file, for findings about the data set."""
        return self.parts[0][0]

    def by_file(self) -> dict[str, range]:
        """The numbers of the examples in each file, in order."""
        ends = [*self.starts, len(self.lines)][1:]
        ranges: dict[str, range] = {}
        for (file, _), start, end in zip(self.parts, self.starts, ends, strict=True):
            ranges[file] = range(ranges[file].start if file in ranges else start, end)
        return ranges


MAX_DICT_EXAMPLES: Final = 10_000
"""Number of examples below which a dictionary is as fast as columns."""
Count = tuple[int, Place]
"""A count, and the place of the first occurrence."""


def sorted_columns(keys: list[int], columns: Sequence["array[int]"]) -> Iterator["array[int]"]:
    """Sort the values of each column by `keys`, which has one key for each value."""
    positions = sorted(range(len(keys)), key=keys.__getitem__)
    yield from (array(column.typecode, map(column.__getitem__, positions)) for column in columns)


def equal_groups(digests: "array[int]") -> Iterator[list[int]]:
    """The positions of each digest that occurs more than once; usually few."""
    if len(digests) < MAX_DICT_EXAMPLES:
        by_digest: dict[int, list[int]] = {}
        for index, digest in enumerate(digests):
            by_digest.setdefault(digest, []).append(index)
        yield from (group for group in by_digest.values() if len(group) > 1)
        return
    values = np.frombuffer(digests, dtype=np.uint64)
    ordered = np.sort(values)
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    likely = np.zeros(1 << 16, dtype=np.bool_)
    likely[repeated >> np.uint64(48)] = True
    positions = np.flatnonzero(likely[values >> np.uint64(48)])  # comparing 16 bits first avoids most of the search
    positions = positions[np.isin(values[positions], repeated)]
    order = np.argsort(values[positions], kind="stable")
    positions = positions[order]
    for group in np.split(positions, np.flatnonzero(np.diff(values[positions])) + 1) if len(positions) else ():
        yield group.tolist()


def add_to_count(earlier: Count | None, place: Place, count: int = 1) -> Count:
    """Add to a count; `place` is the first of the added. Within a file, lines may come in any order."""
    if earlier is None:
        return count, place
    total, first = earlier
    return total + count, place if place.file == first.file and place.line < first.line else first


@dataclass(slots=True)
class MajorityLabel:
    """The short answer that most examples of a file may have (Boyer and Moore's vote), and what counts it."""

    text: str = ""
    lead: int = 0
    """Votes for it beyond those against it."""
    digests: "array[int]" = field(default_factory=lambda: array("Q"))
    """64-bit hashes of the short answers of all examples."""

    def vote(self, text: str, count: int = 1) -> None:
        """Add votes for a text. Whatever the order, a text with more than half of all votes is the one at the end."""
        if self.text != text and count > self.lead:
            self.text, self.lead = text, count - self.lead
        else:
            self.lead += count if self.text == text else -count

    @property
    def count(self) -> int:
        """The number of examples with this answer."""
        return self.digests.count(xxhash.xxh64_intdigest(self.text.encode("utf-8", "surrogatepass")))


FRAGMENT, LABEL, CLASSIFIED, TEXT = 1, 2, 4, 8
"""Kinds: begins in mid-sentence; may be a class label; its request names classes; is a text longer than a label."""
SAYS_YES, SAYS_NO, BRIEF, PRECISE = 16, 32, 64, 128
"""Kinds: opens with a yes; opens with a no; is brief; opens with one of them or is brief as its request wants it."""
MAX_LABEL_CHARS: Final = 40
"""Maximum length in characters of a class label."""
RATING_KEYS: Final = (*LABEL_KEYS, "rejected", "rejected_response", "score")
"""Keys of a line that rate its answer: two answers to one question are intended then."""
FRAGMENT_START_CHARS: Final = f"{string.ascii_lowercase},;.)!?:]"
"""Possible first characters of an answer that begins in the middle of a sentence."""
FRAGMENT_TEXT: Final = lazy_pattern(r"(?:[a-z]+(?:['’][a-z]+)?,?|[,;.)!?:\]] ?\S+)(?: \S+){6}")
"""At least seven words, the first in lower case or after the end of another sentence."""
NOT_PROSE: Final = lazy_pattern(
    r"[={}<>_|\\/#\[\]`$@]|\w\(|::|\w\.\w|^(?:\S+,? ){1,2}\S*(?:, \S+){3}|: |^(?:[a-z]+ )?[a-z]+,(?: [\w-]+,){2}"
)
"""Code, markup, URLs and lists, which begin in lower case."""
CODE_KEYWORDS: Final = frozenset(
    "import from def class function const let var using public private static select local return if for while with include package git pip npm sudo".split()  # noqa: SIM905
)
COMPLETE_QUESTION: Final = lazy_pattern(
    r"[.?!:;\"'”’)\]]\s*\Z|\A(?:What|Who|Which|When|Where|Why|How|Describe|Explain|List|Generate|Create|Give|Name|Compare|Find|Identify|Provide|Suggest|Tell"
    r"|Summari[sz]e|Define|Design|Discuss|Make|Analy[sz]e|Propose|Outline|Write)\b[^\n.?!]{0,120}\Z"
)
"""The end of a complete question: with a full stop, or a short request without one."""
CONTINUATION_REQUEST: Final = lazy_pattern(
    r"(?i)\b(?:continu\w+|complet\w+|finish\w*|fill\w*|go on|rest of|next|remaining|revers\w+|backwards?|translat\w+|lower-?case|uncapitali[sz]ed|code|program|script|command|query|sql|word|phrase)\b"
)
"""Requests to continue a sentence, or for a text that may begin in lower case."""
MAX_FUNCTION_WORD_CHARS: Final = 3
LOWERCASE_TEXT: Final = lazy_pattern(r"[^.?!:\"”'’)\]]\s*\Z|[.?!]\s+[a-z]")
"""A text without a full stop, or with another sentence in lower case, in which lower case is the writer's style."""


class LastAnswer(NamedTuple):
    """Summary of an example's last answer."""

    asked: int
    answer: int
    kinds: int


NO_ANSWER: Final = LastAnswer(0, 0, 0)
"""For an example that does not end with an answer."""


def last_answer_of(
    example: Example, texts: list[str], turns: list[dict[str, Any]], *, renamed: bool = False
) -> LastAnswer:
    """The summary of the last answer of a parsed example; `texts`: the texts of its turns, in order; `renamed`: whether
    its line has other names of roles, by which X008 reads it.
    """
    if len(turns) < 2 or turns[-1].get("role") != "assistant" or turns[-1].get("tool_calls") or not texts[-1]:
        return NO_ANSWER
    if example.format in ("preference", "text") or any(key in example.value for key in RATING_KEYS):
        return NO_ANSWER
    before = "\0".join([*texts[:-1], ""])
    other_inputs = _other_inputs(example.value, turns[:-1])
    request = xxhash.xxh64_intdigest(before.encode("utf-8", "surrogatepass") + other_inputs)
    answer = texts[-1]
    kinds = kinds_of(answer, texts, refused=refuses(answer[:OPENING_CHARS]))
    requests = [text for text, turn in zip(texts, turns, strict=True) if turn.get("role") == "user"]
    kinds |= SAYS_YES | SAYS_NO | BRIEF | PRECISE if renamed else precise_kinds(answer, requests)
    return LastAnswer(request, answer_digest(answer, kinds), kinds)


def answer_digest(answer: str, kinds: int) -> int:
    """64-bit hash of a last answer, 0 for none; labels that `normalized_label` writes alike are equal."""
    text = normalized_label(answer) if kinds & LABEL else answer
    return xxhash.xxh64_intdigest(text.encode("utf-8", "surrogatepass")) if text else 0


def _request_of(texts: list[str]) -> str:
    """The request of an answer: the first turn (possibly a system prompt) and the turn before the answer."""
    return "\n".join(texts[:1] + texts[-2:-1]) if len(texts) > 2 else texts[0]


def _other_inputs(value: dict[str, Any], turns: list[dict[str, Any]]) -> bytes:
    """The non-text part of a request, as canonical JSON; empty if there is none."""
    inputs: list[Any] = [[key, value[key]] for key in TOOL_KEYS if value.get(key)]
    inputs += [
        [index, calls]
        for index, turn in enumerate(turns)
        if any(calls := [turn.get("tool_calls"), turn.get("function_call")])
    ]
    attached = attachments({**value, "messages": turns})
    return canonical(inputs) + attached if inputs or attached else b""


def kinds_of(answer: str, texts: list[str], *, refused: bool) -> int:
    """The kinds of a last answer; `texts`: those of all turns."""
    if len(answer) <= MAX_LABEL_CHARS:
        if not is_label(answer):
            return 0
        return LABEL | CLASSIFIED * (CLASSIFICATION_REQUEST.search(_request_of(texts)) is not None)
    kinds = 0 if refused else TEXT
    if answer[0] in FRAGMENT_START_CHARS:
        kinds |= FRAGMENT * _begins_inside(answer, _request_of(texts))
    return kinds


def precise_kinds(answer: str, requests: Sequence[str], *, may_decide: bool = True) -> int:
    """The kinds by which a last answer may contradict another one to equal requests (`may_contradict`).

    `may_decide`: whether the start of the answer matches `YES_OR_NO_HINT`.
    """
    kinds, is_precise = 0, False
    if (said := without_reasoning(answer)) is not answer:
        answer, may_decide = said, True
    if may_decide:
        is_precise = OTHER_YES.match(answer) is not None
        if is_precise or YES.match(answer):
            kinds = SAYS_YES
        elif NO.match(answer) or OTHER_NO.match(answer):
            kinds = SAYS_NO
    if any(map(verdict_language, requests)):  # the words of the verdict may be anywhere in the answer
        return SAYS_YES | SAYS_NO | PRECISE | BRIEF * is_brief(answer)
    is_precise |= kinds > 0 and any(map(asks_yes_or_no, requests))
    if is_brief(answer):
        kinds |= BRIEF
        is_precise = is_precise or any(map(asks_for_amount, requests))
    return kinds | PRECISE if is_precise else kinds


def may_contradict(kinds: Collection[int]) -> bool:
    """Whether two of some answers to one request, by their kinds, may contradict each other without a doubt: a yes and
    a no, or two brief answers where an amount is asked for (X008).
    """
    together = reduce(or_, kinds, 0)
    if not together & PRECISE:
        return False
    return together & (SAYS_YES | SAYS_NO) == SAYS_YES | SAYS_NO or sum(kind & BRIEF > 0 for kind in kinds) > 1


def _begins_inside(answer: str, question: str) -> bool:
    """Whether an answer begins in the middle of a sentence that the question did not start."""
    line = answer.partition("\n")[0]
    first = line.partition(" ")[0]
    if not FRAGMENT_TEXT.match(line) or NOT_PROSE.search(line) or first in CODE_KEYWORDS:
        return False
    if len(first) > MAX_FUNCTION_WORD_CHARS and first in question:  # the answer is about that word, or repeats a text
        return False
    if " ".join(line.split(" ", 3)[:3]) in question:
        return False
    return (
        COMPLETE_QUESTION.search(question) is not None
        and not CONTINUATION_REQUEST.search(question)
        and not LOWERCASE_TEXT.search(answer)
    )
