"""A summary of each final answer for data set rules: 64-bit hashes of its request and of itself, and its kind."""

import re
import string
from typing import Any, Final, NamedTuple

import xxhash

from curate.conflicts.labels import CLASSIFIES
from curate.core.example import Example, attachments, canonical
from curate.corpus.strata import is_label
from curate.language.refusals import OPENING, refuses

FRAGMENT, LABEL, CLASSIFIED, TEXT = 1, 2, 4, 8
"""Kinds: begins in mid-sentence; may be a class label; its request names classes; is a text longer than a label."""
SHORT: Final = 40
"""Maximum length in characters of a class label."""
CARRIED: Final = ("tools", "functions")
"""Keys of a line that belong to the request besides messages and attachments."""
JUDGED: Final = ("label", "kto_tag", "rejected", "score")
"""Keys of a line that rate its answer: two answers to one question are intended then."""
BEGINNINGS: Final = f"{string.ascii_lowercase},;.)!?:]"
"""Possible first characters of an answer that begins in the middle of a sentence."""
WORDS: Final = re.compile(r"(?:[a-z]+(?:['’][a-z]+)?,?|[,;.)!?:\]] ?\S+)(?: \S+){6}")
"""At least seven words, the first in lower case or after the end of another sentence."""
FORMAL: Final = re.compile(
    r"[={}<>_|\\/#\[\]`$@]|\w\(|::|\w\.\w|^(?:\S+,? ){1,2}\S*(?:, \S+){3}|: |^(?:[a-z]+ )?[a-z]+,(?: [\w-]+,){2}"
)
"""Code, markup, URLs and lists, which begin in lower case."""
KEYWORDS: Final = frozenset(
    "import from def class function const let var using public private static select local return if for while with include package git pip npm sudo".split()  # noqa: SIM905
)
ENDED: Final = re.compile(
    r"[.?!:;\"'”’)\]]\s*\Z|\A(?:What|Who|Which|When|Where|Why|How|Describe|Explain|List|Generate|Create|Give|Name|Compare|Find|Identify|Provide|Suggest|Tell"
    r"|Summari[sz]e|Define|Design|Discuss|Make|Analy[sz]e|Propose|Outline|Write)\b[^\n.?!]{0,120}\Z"
)
"""The end of a complete question: with a full stop, or a short request without one."""
CONTINUES: Final = re.compile(
    r"(?i)\b(?:continu\w+|complet\w+|finish\w*|fill\w*|go on|rest of|next|remaining|revers\w+|backwards?|translat\w+|lower-?case|uncapitali[sz]ed|code|program|script|command|query|sql|word|phrase)\b"
)
"""Requests to continue a sentence, or for a text that may begin in lower case."""
UNCASED: Final = re.compile(r"[^.?!:\"”'’)\]]\s*\Z|[.?!]\s+[a-z]")
"""A text without a full stop, or with another sentence in lower case, in which lower case is the writer's style."""


class LastAnswer(NamedTuple):
    """Summary of an example's last answer."""

    asked: int
    answer: int
    kinds: int


NONE: Final = LastAnswer(0, 0, 0)
"""For an example that does not end with an answer."""


def last_answer_of(example: Example, texts: list[str], turns: list[dict[str, Any]]) -> LastAnswer:
    """The summary of the last answer of a parsed example; `texts`: the texts of its turns, in order."""
    if len(turns) < 2 or turns[-1].get("role") != "assistant" or turns[-1].get("tool_calls") or not texts[-1]:
        return NONE
    if example.format in ("preference", "text") or any(key in example.value for key in JUDGED):
        return NONE
    before = "\0".join([*texts[:-1], ""])
    beside = _other_inputs(example.value, turns[:-1])
    asked = xxhash.xxh64_intdigest(before.encode("utf-8", "surrogatepass") + beside)
    answer = texts[-1]
    kinds = kinds_of(answer, request_of(texts), refused=refuses(answer[:OPENING]))
    return LastAnswer(asked, xxhash.xxh64_intdigest(answer.encode("utf-8", "surrogatepass")), kinds)


def request_of(texts: list[str]) -> str:
    """The request of an answer: the first turn (possibly a system prompt) and the turn before the answer."""
    return "\n".join(texts[:1] + texts[-2:-1]) if len(texts) > 2 else texts[0]


def _other_inputs(value: dict[str, Any], turns: list[dict[str, Any]]) -> bytes:
    """The non-text part of a request, as canonical JSON; empty if there is none."""
    found: list[Any] = [[key, value[key]] for key in CARRIED if value.get(key)]
    found += [
        [at, calls]
        for at, turn in enumerate(turns)
        if any(calls := [turn.get("tool_calls"), turn.get("function_call")])
    ]
    beside = attachments({**value, "messages": turns})
    return canonical(found) + beside if found or beside else b""


def kinds_of(answer: str, question: str, *, refused: bool) -> int:
    """The kinds of a last answer."""
    if len(answer) <= SHORT:
        return (LABEL | CLASSIFIED * (CLASSIFIES.search(question) is not None)) if is_label(answer) else 0
    found = 0 if refused else TEXT
    first = answer[0]
    if first in BEGINNINGS:
        found |= FRAGMENT * _begins_inside(answer, question)
    return found


def _begins_inside(answer: str, question: str) -> bool:
    """Whether an answer begins in the middle of a sentence that the question did not start."""
    line = answer.partition("\n")[0]
    if not WORDS.match(line) or FORMAL.search(line) or line.partition(" ")[0] in KEYWORDS:
        return False
    return ENDED.search(question) is not None and not CONTINUES.search(question) and not UNCASED.search(answer)
