"""RE2 selects every line with a message that the prefilters of a rule select and on which the rule fires."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import combinations, pairwise, product
from math import prod
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]  # typeshed does not have it
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.core import credentials, masking
from curate.core.example import Example, Place
from curate.language.refusals import OTHER_LANGUAGES, REFUSAL
from curate.lint.line_selection import LineSelection
from curate.lint.rules import (
    RULES,
    Rule,
    Scope,
    by_scope,
    characters,
    controls,
    degenerate_text,
    markup,
    message_frame,
    quality,
    reasoning_marks,
    speakers,
)
from curate.lint.text_rules import TextRules
from curate.read.chunks import Batch, Chunk, read_chunk
from curate.read.dataset import FileFacts
from tests.conftest import chat, of_hundred
from tests.engine.test_chunks import fragments
from tests.engine.test_rules import cases

pytestmark = pytest.mark.slow
DECLARED = [rule for rule in by_scope(RULES, Scope.TEXT) if rule.prefilters]
MIXED = "k7QzA9mX2vB4"
"""Characters of which long stretches are made, as keys are."""
MOST = 300
PATTERNS: dict[str, Sequence[str]] = {
    "K016": (controls.TOKEN.pattern,),
    "Q001": (quality.OPEN_REQUEST,),
    "Q002": (markup.MASKED, markup.PLACEHOLDER.pattern, markup.EMPTY_ANSWER, f"(?i){markup.FAILURE}"),
    "Q003": (markup.TEMPLATE_VARIABLE.pattern,),
    "Q004": (REFUSAL, OTHER_LANGUAGES),
    "Q005": (
        quality.DISCLAIMER.pattern,
        "i'?m (?:just |only |merely )?an ai(?:,| and) cannot",
        "I am an artificial intelligence, cannot",
        *(
            f"{said} {vendor}"
            for vendor in quality.VENDORS
            for said in ("I'm an AI made by", "eine KI von", "una IA por", "une IA, par")
        ),
    ),
    "Q008": (quality.OPEN_END.replace(r"(?-u:\b)", r"\b"), quality.JSON_START, "such as"),
    "Q009": (f"[{characters.LEAD_CHARS}][{characters.CONTINUATION_CHARS}]",),
    "Q010": (message_frame.INVISIBLE_OR_PRIVATE,),
    "Q011": (markup.HTML.pattern,),
    "Q012": (speakers.SPEAKER.pattern,),
    "Q015": (message_frame.POINTING_PHRASE.replace("(?i-u:", "(?:"), message_frame.BARE_URL),
    "Q016": (
        r"\n[ \t]*(?:Instruction|Next instruction|Task)[ :]",
        r"\n(?:## ?|6\. ?)(?:Instruction|Next instruction|Input|Task)[ :]",
    ),
    "Q019": tuple(map(re.escape, degenerate_text.SLOP)),
    "Q023": (speakers.OPENING_LABEL.pattern,),
    "Q027": ("A \\| B\n-+(?:--| --|--:|--: )\\|--\n1 \\| 2 \\| 3",),
    "Q029": (reasoning_marks.MARK.pattern,),
    "S001": tuple(credentials.KEYS.values()),
    "S002": (masking.NUMBER_HINTS,),
    "S003": (masking.EMAIL.pattern, masking.PHONE.pattern, masking.IP_ADDRESS.pattern),
}
"""What the rules themselves look for, in places where nothing is said of prefilters."""
NOT_PLAIN = ("C003", "C004", "C016", "M025", "Q037")
"""Rules that fire on no plain question and answer: on an empty one, on texts without a template, over several turns."""
CHANGES = st.sampled_from(
    (
        str,
        str.upper,
        str.lower,
        str.title,
        str.swapcase,
        lambda text: text.replace("'", "’"),
        lambda text: f"{text} too",
        lambda text: f"Now\n{text}",
        lambda text: text[:-1],
    )
)
AROUND = (
    "{}", "It is so. {}", "So, it is as if the rain {}", f"{'it rains and ' * 12} {{}}", "Yes{}4:\nOutput: 4",
    "{}: now\nOutput: 4",
    "So, {} it is", "So it is.\n{}", "{} I think.", "{}\nOutput: 4", "{}\n{}", "It rains as an\n{}\n\nAssistant: Yes",
    "Rain, {},", "I'{}",
    "{}, look no further, embark on a", "{}, a rich tapestry, beacon of", "{}\nAssistant: Yes", "write to {}jo@acme.io",
)  # fmt: skip
TALKS: tuple[Callable[[str], tuple[str, str]], ...] = (
    lambda text: ("Is it so now", text),
    lambda text: (text, "It is so, as far as I know."),
    lambda text: (text, "Yes"),
    lambda text: ("Explain how it rains", text),
)


def samples(pattern: str) -> list[str]:
    """Strings that a pattern of Python finds, or nearly: each alternative of each of its parts stands in one, and in
    one with each of every other part.
    """
    return list(dict.fromkeys(_sequence(_parser.parse(pattern.replace(r"\z", r"\Z")))))


def _sequence(nodes: Any) -> list[str]:
    """All ways to write nodes that follow one another; where they are many, each part in all ways, and any two, beside
    the first way of all others.
    """
    parts = [part for node in nodes if (part := _node(*node)) != [""]]
    if prod(map(len, parts)) <= MOST:
        return list(dict.fromkeys(map("".join, product(*parts))))
    first = [part[0] for part in parts]
    alone = ["".join([*first[:at], one, *first[at + 1 :]]) for at, part in enumerate(parts) for one in part]
    both = [
        "".join([*first[:one], left, *first[one + 1 : other], right, *first[other + 1 :]])
        for one, other in combinations(range(len(parts)), 2)
        for left, right in product(parts[one], parts[other])
    ]
    return list(dict.fromkeys([*alone, *both[:: len(both) // MOST + 1]]))


def _node(kind: Any, value: Any) -> list[str]:
    match str(kind):
        case "LITERAL":
            return [chr(value)]
        case "NOT_LITERAL" | "ANY":
            return ["k"]
        case "IN":
            return _members(value)
        case "BRANCH":
            return [one for branch in value[1] for one in _sequence(branch)]
        case "SUBPATTERN":
            return _sequence(value[3])
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return _repeated(*value)
        case _:  # what stands before or behind, and ends of words
            return [""]


def _repeated(least: int, most: int, nodes: Any) -> list[str]:
    once = _sequence(nodes)
    if least > 3:
        told = [char for char in MIXED if char in once] or once
        return ["".join(told[at % len(told)] for at in range(least))]
    once = once[:: len(once) // 8 + 1] if most > 3 else once
    return [
        *([""] if least == 0 else []),
        *(one * max(1, least) for one in once),
        *([once[0] * (least + 2), once[-1] + once[0]] if most > least + 1 else []),
    ]


def _members(value: Any) -> list[str]:
    """Members of a class of characters: all of a short one, else some."""
    found: list[str] = []
    for kind, member in value:
        match str(kind):
            case "LITERAL":
                found.append(chr(member))
            case "RANGE":
                found += [chr(point) for point in range(member[0], member[1] + 1)][:64]
            case "CATEGORY":
                found += {"CATEGORY_SPACE": " ", "CATEGORY_DIGIT": "4", "CATEGORY_WORD": MIXED}.get(str(member), "k")
            case _:
                excluded = {chr(one) for name, one in value if str(name) == "LITERAL"}
                return [char for char in MIXED if char not in excluded][:1]
    return found


@cache
def lines_of(code: str) -> list[tuple[str, str]]:
    """Questions and answers on which a rule fires, by its own patterns, its cases and what it documents."""
    texts = [text for pattern in PATTERNS.get(code, ()) for text in samples(pattern)]
    around = AROUND if len(texts) < 3000 else AROUND[:6]
    said = [talk(form.replace("{}", text)) for text in texts for form in around for talk in TALKS]
    for parameter in cases():
        if parameter.values[0] == code:
            said += _talks_in(str(parameter.values[1].get("bad", "")))
    own, (others, frame) = not_empty(said), of_fragments()
    return list(dict.fromkeys([*fired(code, own, frame_of(own)), *fired(code, others, frame)]))


@cache
def of_fragments() -> tuple[list[tuple[str, str]], Any]:
    """Questions and answers of what text rules document, each with each, and their frame: the same for all rules."""
    texts = fragments()
    talks = not_empty((one, other) for one in texts for other in texts)
    return talks, frame_of(talks)


def not_empty(talks: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those with a question and an answer, once each."""
    return [(question, answer) for question, answer in dict.fromkeys(talks) if question.strip() and answer.strip()]


def frame_of(talks: Sequence[tuple[str, str]]) -> Any:
    """What the rules are asked about."""
    return message_frame.messages_frame(
        [Example(Place("", nth), chat(*talk), "messages") for nth, talk in enumerate(talks)]
    )


def _talks_in(lines: str) -> Iterator[tuple[str, str]]:
    """The questions and answers of plain lines."""
    for line in lines.splitlines():
        try:
            turns = [(turn["role"], turn["content"]) for turn in json.loads(line)["messages"]]
        except (ValueError, KeyError, TypeError):
            continue
        for (asks, question), (answers, answer) in pairwise(turns):
            if (asks, answers) == ("user", "assistant") and isinstance(question, str) and isinstance(answer, str):
                yield question, answer


def fired(code: str, talks: Sequence[tuple[str, str]], frame: Any) -> list[tuple[str, str]]:
    """Those on which a rule fires, asked about all of them in their frame."""
    return [talks[at] for at in sorted({at for _, at, _, _ in TextRules([RULES[code]]).ask(frame)})] if talks else []


def batch_of(talks: Sequence[tuple[str, str]], *, ascii_: bool = False) -> Batch:
    """The questions and answers, read from a file."""
    data = b"".join(
        json.dumps(chat(*talk), ensure_ascii=ascii_).encode("utf-8", "surrogatepass") + b"\n" for talk in talks
    )
    return read_chunk(Chunk(Path("data.jsonl"), "data.jsonl", 0, None, data), FileFacts("data.jsonl"))


def left_out(rule: Rule, batch: Batch) -> list[list[str]]:
    """The plain examples of a batch of which no message frame is made for a rule."""
    selected = LineSelection(rule.prefilters).positions(batch)
    assert selected is not None
    return [texts for at, texts in enumerate(batch.texts) if at not in selected]


@pytest.mark.skipif(find_spec("re2") is None, reason="RE2 is not installed")
@pytest.mark.parametrize("ascii_", [False, True])
@pytest.mark.parametrize("rule", DECLARED, ids=lambda rule: rule.code)
def test_lines_on_which_a_rule_fires_are_selected(rule: Rule, ascii_: bool) -> None:
    talks = lines_of(rule.code)
    assert talks or rule.code in NOT_PLAIN
    assert left_out(rule, batch_of(talks, ascii_=ascii_)) == []


@pytest.mark.skipif(find_spec("re2") is None, reason="RE2 is not installed")
@pytest.mark.parametrize("rule", [rule for rule in DECLARED if rule.code not in NOT_PLAIN], ids=lambda rule: rule.code)
@given(data=st.data())
@settings(max_examples=of_hundred(40))  # 20 lines each, for each of 26 rules
def test_changed_lines_on_which_a_rule_fires_are_selected(rule: Rule, data: st.DataObject) -> None:
    talks = st.tuples(st.sampled_from(lines_of(rule.code)), CHANGES, CHANGES).map(
        lambda drawn: (drawn[1](drawn[0][0]), drawn[2](drawn[0][1]))
    )
    tried = data.draw(st.lists(talks, min_size=1, max_size=20))
    drawn = fired(rule.code, tried, frame_of(tried))
    assert left_out(rule, batch_of(drawn, ascii_=data.draw(st.booleans()))) == []
