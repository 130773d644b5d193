"""Answers to train on, and what is to be read in them."""

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from transformers import PreTrainedTokenizerFast

from curate_judge.base import TOKENS

YES_OR_NO, NAMED, OTHER = ("yes_no", "permission", "judgement"), ("name", "location"), ("method", "order")
"""Slots of topics; those of the other slots are amounts."""
UNSPACED: Final = ("zh", "ja")
STOP_WORDS: Final = frozenset(
    """the and for with from only into them they that this very not are can der die das und den dem des ein eine mit por
    para los las una del les une dans sur della delle nella""".split()  # noqa: SIM905 - easier to read
)
NEGATIVE: Final = re.compile(
    r"\b(no|not|never|bad|forbidden|prohibited|harmful|unsafe|unwise|dangerous|cannot|can't|must leave|only"
    r"|better (?:to|rest)|needs|must fast|blocked|useless|compulsory|obligatory|separate|isn't|doesn't|avoid|nein|nicht"
    r"|kein\w*|untersagt|verboten|unvernünftig|pflicht|sinnlos|schädlich|schadet|intransferibles|prohibido"
    r"|desaconsejable|non|ne|pas|déconseillé|interdit|refusé|obligatoire|pericoloso|proibido|não|meglio di no"
    r"|gebühr beim)\b|不|没|禁止|いいえ|良くない|ならない",
    re.IGNORECASE,
)
POSITIVE: Final = re.compile(
    r"^(keine gebühr|non è pericoloso|no tip|no reservation|no es obligatorio|no reason|no, no reason|no, es sana"
    r"|not only|言う必要|fine|harmless|non, il ne se périme|not needed)|必要はない",
    re.IGNORECASE,
)
"""Values that say no, and those that say yes with such a word; two values of one kind are only opposites."""
NEGATION: Final = re.compile(r"\b(?:not|no|never|cannot|\w+n't)\b", re.IGNORECASE)
SHORT: Final = 2
"""Letters of a word that is no part of a value, and of a string that is, in a language without spaces."""


@dataclass(eq=False)
class Text:
    """A question with an answer, in tokens."""

    ids: list[int]
    start: int
    """Position of the answer's first token."""
    answers: bool = True
    """Whether the answer is one to the question."""
    kind: int | None = None
    """What is asked for: 0 yes or no, 1 a name or place, 2 an amount, 3 another thing. None: not known."""
    side: int | None = None
    """Which of the two contradicting values the answer has."""
    yes: bool | None = None
    is_value: list[float] | None = None
    """For each token, 1 if it is of the value."""
    states: Any = None
    """Of the last layer that stays as it is."""
    changed: list[bool] | None = None
    """For each token of two edited copies that are read together, whether only one of them has it there."""
    contradicts: bool | None = None
    """Whether the two copies contradict each other."""


@dataclass(eq=False)
class Topic:
    """A question in several wordings, answers of two sides, and a neighbouring question with its answer."""

    questions: list[str]
    sides: tuple[list[str], list[str]]
    tokenizer: PreTrainedTokenizerFast
    language: str = "en"
    kind: int | None = None
    values: tuple[str, str] = ("", "")
    says_yes: tuple[bool | None, bool | None] = (None, None)
    near: tuple[str, str] | None = None
    made: dict[tuple[str, str], Text] = field(default_factory=dict)

    def sample(self) -> list[Text]:
        """Answers of both sides to one wording of the question; sometimes with one that answers another question."""
        question = random.choice(self.questions)
        if self.kind is None:
            some = [random.sample(answers, min(2, len(answers))) for answers in self.sides]
            chosen = [(side, answer) for side in (0, 1) for answer in some[side]]
        else:
            chosen = [(side, answer) for side in (0, 1) for answer in self.sides[side]]
        texts = [self._text(question, answer, side) for side, answer in chosen]
        if self.near is not None:
            draw = random.random()
            if draw < 0.35:
                texts.append(self._text(question, self.near[1], None, answers=False))
            elif draw < 0.7:
                texts.append(self._text(self.near[0], random.choice([*self.sides[0], *self.sides[1]]), None, False))
            if random.random() < 0.3:
                texts.append(self._text(*self.near, None))
        return texts

    def _text(self, question: str, answer: str, side: int | None, answers: bool = True) -> Text:
        if (question, answer) not in self.made:
            encoded = self.tokenizer(question, answer, truncation=True, max_length=TOKENS, return_offsets_mapping=True)
            parts, ids = encoded.sequence_ids(), encoded["input_ids"]
            text = Text(ids, parts.index(1) if 1 in parts else len(ids) - 1, answers)
            if side is not None:
                text.kind, text.side, text.yes = self.kind, side, self.says_yes[side]
                if spans := self._spans(side, answer):
                    text.is_value = [
                        float(part == 1 and any(start < last and end > first for first, last in spans))
                        for part, (start, end) in zip(parts, encoded["offset_mapping"], strict=True)
                    ]
            self.made[question, answer] = text
        return self.made[question, answer]

    def _spans(self, side: int, answer: str) -> list[tuple[int, int]]:
        """Where the answer has words of its value that the other value lacks."""
        if self.kind not in (1, 2):
            return []
        value, other = self.values[side], self.values[1 - side]
        if self.language in UNSPACED:
            parts = [value[start:end] for start in range(len(value)) for end in range(start + SHORT, len(value) + 1)]
            parts += re.findall(r"\d+", value)
            longest = max((part for part in parts if part in answer and part not in other), key=len, default="")
            return [word.span() for word in re.finditer(re.escape(longest), answer)] if longest else []
        own = _words(value) - _words(other)
        return [word.span() for word in re.finditer(r"\w+", answer) if word.group().lower() in own]


def _words(value: str) -> set[str]:
    words = {word for word in re.findall(r"\w+", value.lower()) if len(word) > SHORT or word.isdigit()}
    return words - STOP_WORDS


def read_topics(folder: Path, tokenizer: PreTrainedTokenizerFast) -> Iterator[Topic]:
    """The topics of all files of a folder; those with an even number, if it has a file of topics and one of each
    writer.
    """
    if (folder / "topics.jsonl").exists():
        topics = _even_topics(folder)
    else:
        topics = (topic for file in sorted(folder.glob("*.jsonl")) for topic in _rows(file))
    for topic in topics:
        slot, values = topic["slot"], (topic["value_a"], topic["value_b"])
        kind = 0 if slot in YES_OR_NO else 1 if slot in NAMED else 3 if slot in OTHER else 2
        says_yes = [not NEGATIVE.search(value) or bool(POSITIVE.search(value)) for value in values]
        opposed = kind == 0 and says_yes[0] != says_yes[1]
        yield Topic(
            topic["questions"], (topic["a"], topic["b"]), tokenizer, topic["language"], kind, values,
            (says_yes[0], says_yes[1]) if opposed else (None, None), (topic["near_question"], topic["near"]),
        )  # fmt: skip


def _even_topics(folder: Path) -> Iterator[dict[str, Any]]:
    writers = [{text["id"]: text for text in _rows(file)} for file in sorted(folder.glob("writer*.jsonl"))]
    for topic in _rows(folder / "topics.jsonl"):
        texts = [writer[topic["id"]] for writer in writers if topic["id"] in writer]
        if texts and int(topic["id"].lstrip("t")) % 2 == 0:
            values = {name: [text[name] for text in texts] for name in ("a", "b")}
            yield topic | values | {"questions": [text["question"] for text in texts], "near": texts[0]["near"]}


def read_edits(file: Path, tokenizer: PreTrainedTokenizerFast, sources: Sequence[str]) -> Iterator[tuple[Text, Text]]:
    """Edited copies, read in either order: the pairs of a file whose `id` contains one of `sources`."""
    for pair in _rows(file):
        if any(source in pair["id"] for source in sources):
            contradicts, (one, other) = pair["label"] == "contradiction", (pair["a"], pair["b"])
            both = _edited(one, other, contradicts, tokenizer), _edited(other, one, contradicts, tokenizer)
            if all(any(text.changed or ()) for text in both):
                yield both


def _edited(one: str, other: str, contradicts: bool, tokenizer: PreTrainedTokenizerFast) -> Text:
    from curate.conflicts.answer_reader import Differences  # for training alone

    excerpts, spans = Differences.of(one, other)
    encoded = tokenizer(*excerpts, truncation=True, max_length=TOKENS, return_offsets_mapping=True)
    parts = encoded.sequence_ids()
    changed = [
        part is not None and any(start < both[part][1] and end > both[part][0] for both in spans)
        for part, (start, end) in zip(parts, encoded["offset_mapping"], strict=True)
    ]
    return Text(encoded["input_ids"], 1, changed=changed, contradicts=contradicts)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, file.read_text(encoding="utf-8").splitlines())


def read_pairs(file: Path, tokenizer: PreTrainedTokenizerFast) -> Iterator[Topic]:
    """The questions of a file of pairs (`prompt`, `a`, `b`, `label`), which ask for yes or no: the answers of a
    question are of the side of its first pair's `a` or of the other.
    """
    rows = defaultdict(list)
    for row in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
        rows[row["prompt"]].append(row)
    for question, pairs in rows.items():
        first = next((pair for pair in pairs if pair["label"] == "contradiction"), None)
        if first is None:
            continue
        sides = _sides(pairs, first)
        negative = [bool(NEGATION.search(side[0])) for side in sides]
        says_yes = (not negative[0], not negative[1]) if negative[0] != negative[1] else (None, None)
        yield Topic([question], sides, tokenizer, says_yes=says_yes)


def _sides(pairs: Iterable[dict[str, str]], first: dict[str, str]) -> tuple[list[str], list[str]]:
    sides = [first["a"]], [first["b"]]
    both = [(row["label"], *answers) for row in pairs for answers in ((row["a"], row["b"]), (row["b"], row["a"]))]
    for label, placed, new in 2 * both:
        if new not in sides[0] and new not in sides[1]:
            for side in (0, 1):
                if placed in sides[side]:
                    sides[side if label == "consistent" else 1 - side].append(new)
                    break
    return sides
