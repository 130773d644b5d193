"""Prompts: held-out examples up to an answer, as inference renders them, with or without training examples.

Passages of a person's documents, and those nearest to each question, are found by BM25, and by embeddings if there are
any.
"""

import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from curate.core.errors import InputError, requiring
from curate.core.example import SYSTEM_ROLES, Example, content_text, reasoning_texts
from curate.core.lazy import np
from curate.core.limits import read_regular
from curate.core.text import normalised, visible
from curate.language.reasoning_marks import without_reasoning
from curate.language.tokens import plain_words, stem
from curate.models.encoding import Encoded
from curate.models.template import Template
from curate.models.template_messages import TRAINING_KEYS
from train.scores.calls import expected_calls
from train.scores.metric import Expected

SUFFIXES: Final = (".md", ".markdown", ".txt")
PASSAGE_CHARS: Final = 1_000
"""Characters of a passage: some paragraphs of a section, about 250 tokens."""
PASSAGES: Final = 3
"""Passages in a prompt."""
FUSION: Final = 60
"""The constant of reciprocal rank fusion (Cormack et al. 2009)."""
HEADING: Final = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
FENCE: Final = re.compile(r"\s*(```|~~~)")


class Passage(NamedTuple):
    """A part of a document that is shown in prompts."""

    file: str
    line: int
    text: str
    """Its text, after the headings that it is below."""


Turns = Literal["last", "all"]
CONTEXT: Final = "Context:"
QUESTION: Final = "Question:"
"""What is written before the passages of a prompt, and between them and the request."""


@dataclass(frozen=True, slots=True)
class EvaluationQuestion:
    """A conversation up to an answer of the data."""

    example: Example
    turn: int
    """Index of the answer among the messages."""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The turns up to the answer, itself included."""
        turns: list[dict[str, Any]] = self.example.value["messages"][: self.turn + 1]
        return turns

    @property
    def request(self) -> str:
        """The last user message before the answer."""
        users = (content_text(turn.get("content")) for turn in reversed(self.messages) if turn.get("role") == "user")
        return next(users, "")

    @property
    def expected(self) -> Expected:
        """The answer."""
        answer = self.messages[-1]
        return Expected(without_reasoning(content_text(answer.get("content"))), expected_calls(answer))

    @property
    def written(self) -> str:
        """The text of the answer, its reasoning included."""
        answer = self.messages[-1]
        return "".join(reasoning_texts(answer)) + content_text(answer.get("content"))


def questions_of(examples: Sequence[Example], turns: Turns) -> list[EvaluationQuestion]:
    """The last answer of each example, or all that are trained on; answers without text and calls are skipped."""
    return [question for example in examples for question in _questions(example, turns)]


def _questions(example: Example, turns: Turns) -> Iterator[EvaluationQuestion]:
    """The questions of an example with an expected answer: about its last answer, or all of them."""
    messages = example.value["messages"]
    answers = [
        i for i in range(1, len(messages)) if messages[i].get("role") == "assistant" and _is_trained_on(messages[i])
    ]
    for turn in answers if turns == "all" else answers[-1:]:
        question = EvaluationQuestion(example, turn)
        if question.expected.text.strip() or question.expected.calls:
            yield question


def _is_trained_on(turn: dict[str, Any]) -> bool:
    """Whether a turn is trained on by its weight and flags."""
    return turn.get("weight") != 0 and all(turn.get(key) is not False for key in TRAINING_KEYS)


def spread_evenly(questions: Sequence[EvaluationQuestion], limit: int) -> list[EvaluationQuestion]:
    """At most `limit` of the questions, spread evenly over them."""
    if len(questions) <= limit:
        return list(questions)
    return [questions[i * len(questions) // limit] for i in range(limit)]


def shot_of(question: EvaluationQuestion) -> list[dict[str, Any]]:
    """The last exchange of a conversation, without our key `weight`."""
    turns = question.messages
    start = next((i for i in range(len(turns) - 1, -1, -1) if turns[i].get("role") == "user"), len(turns) - 1)
    return [{key: value for key, value in turn.items() if key != "weight"} for turn in turns[start:]]


Shown = EvaluationQuestion | Passage
"""What a prompt shows besides the question: a training example, or a passage of a document."""


def turns_with(question: EvaluationQuestion, shown: Sequence[Shown]) -> list[dict[str, Any]]:
    """The turns before the answer, with examples after the system message and passages before the request."""
    turns = question.messages[:-1]
    head = next((i for i, turn in enumerate(turns) if turn.get("role") not in SYSTEM_ROLES), len(turns))
    shots = [turn for example in shown if isinstance(example, EvaluationQuestion) for turn in shot_of(example)]
    passages = [example.text for example in shown if isinstance(example, Passage)]
    last = next((i for i in range(len(turns) - 1, -1, -1) if turns[i].get("role") == "user"), None)
    if passages and last is not None:
        turns = [*turns[:last], _with_passages(turns[last], passages), *turns[last + 1 :]]
    return [*turns[:head], *shots, *turns[head:]]


def _with_passages(turn: dict[str, Any], passages: Sequence[str]) -> dict[str, Any]:
    """A copy of a turn with the passages before its content."""
    text, content = "\n\n".join([CONTEXT, *passages, QUESTION]), turn.get("content")
    parts = [{"type": "text", "text": text}, *content] if isinstance(content, list) else f"{text} {content}"
    return {**turn, "content": parts}


def fixed_shots(pool: Sequence[EvaluationQuestion], count: int, seed: int, *, labels: bool) -> list[EvaluationQuestion]:
    """Examples for all questions: with `labels` one of each label in turn, else a draw from those of medium length."""
    draw = random.Random(f"{seed}:shots")  # noqa: S311
    if labels:
        by_label: dict[str, list[EvaluationQuestion]] = defaultdict(list)
        for question in pool:
            by_label[normalised(question.expected.text)].append(question)
        groups = sorted(by_label.values(), key=len, reverse=True)
        for group in groups:
            draw.shuffle(group)
        candidates = [
            group[turn] for turn in range(max(map(len, groups), default=0)) for group in groups if turn < len(group)
        ][:count]
        draw.shuffle(candidates)
        return candidates
    ordered = sorted(pool, key=lambda question: len(question.request) + len(question.expected.text))
    middle = ordered[len(ordered) // 10 : -(len(ordered) // 4) or None] or ordered
    return draw.sample(middle, min(count, len(middle)))


def nearest_shots(
    questions: Sequence[EvaluationQuestion],
    pool: Sequence[EvaluationQuestion],
    count: int,
    model: str,
    cache: Path,
    progress: Callable[[int], None] | None,
) -> list[list[EvaluationQuestion]]:
    """For each question the `count` nearest training examples by embedding of the request, the nearest last.

    `progress` is called with the number of texts embedded since its last call.
    """
    import numpy as np

    from curate.models.embeddings import embed

    question_vectors = embed([question.request for question in questions], model, cache, progress)
    have = embed([question.request for question in pool], model, cache, progress)
    nearest = []
    for start in range(0, len(questions), 256):
        likeness = question_vectors[start : start + 256] @ have.T
        order = np.argsort(-likeness, axis=1, kind="stable")[:, :count]
        nearest += [[pool[i] for i in reversed(row)] for row in order.tolist()]
    return nearest


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt and its reference answer."""

    text: str
    """The text that inference renders."""
    encoded: Encoded
    """The same with the answer of the data, the only supervised part."""
    shots: int
    """Number of examples or passages before the question."""


class Prompts:
    """Renders questions for one template."""

    def __init__(self, template: Template, room: int, context: int = sys.maxsize) -> None:
        self.template = template
        self.room = room
        """Tokens that prompt and answer may have together with examples or passages."""
        self.context = context
        """The same without any: the longest text of the model."""

    def of(self, question: EvaluationQuestion, shots: Sequence[Shown] = ()) -> Prompt | None:
        """The prompt with as many of the last examples as fit; None if the template refuses the question, or if that
        does not fit.
        """
        made = (self._prompt_with(question, shots[left:]) for left in range(len(shots) + 1))
        return next((prompt for prompt in made if prompt is not None), None)

    def _prompt_with(self, question: EvaluationQuestion, shots: Sequence[Shown]) -> Prompt | None:
        """The prompt with all of these examples; None if the template refuses it, or if it does not fit."""
        turns = _untrained_turns(turns_with(question, shots))
        answer = {key: value for key, value in question.messages[-1].items() if key != "weight"}
        value = {**question.example.value, "messages": [*turns, answer]}
        text, encoding = self.template.prompt(value), self.template.encode(value)
        if text is None or len(encoding.encoded) != 1 or encoding.length > (self.room if shots else self.context):
            return None
        return Prompt(text, encoding.encoded[0], len(shots))


def _untrained_turns(turns: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The turns, with weight 0 for each answer."""
    return [{**turn, "weight": 0} if turn.get("role") == "assistant" else turn for turn in turns]


def passages_in(folder: Path) -> list[Passage]:
    """The passages of all Markdown and text files in a folder, without hidden ones.

    Raises `InputError` for a folder without text and for a file that cannot be read.
    """
    passages: list[Passage] = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()):
        name = path.relative_to(folder)
        if any(part.startswith(".") for part in name.parts):
            continue
        try:
            text = read_regular(path).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{visible(str(path))}: cannot be read: {error}", "convert it to UTF-8") from error
        passages += _passages(name.as_posix(), text, markdown=path.suffix.lower() != ".txt")
    if not passages:
        kinds = ", ".join(SUFFIXES)
        raise InputError(f"{visible(str(folder))}: contains no document ({kinds})", "name a folder with --documents")
    return passages


def _passages(file: str, text: str, *, markdown: bool) -> Iterator[Passage]:
    """Paragraphs of one section together, up to `PASSAGE_CHARS`."""
    for headings, section in groupby(_paragraphs(text, markdown=markdown), lambda paragraph: paragraph[0]):
        start, parts = 0, list[str]()
        for _, line, paragraph in section:
            if parts and sum(map(len, parts)) + len(paragraph) > PASSAGE_CHARS:
                yield Passage(file, start, "\n\n".join([*headings, *parts]))
                parts = []
            start = start if parts else line
            parts.append(paragraph)
        yield Passage(file, start, "\n\n".join([*headings, *parts]))


def _paragraphs(text: str, *, markdown: bool) -> Iterator[tuple[tuple[str, ...], int, str]]:
    """Headings, line number and text of each paragraph; one longer than a passage is yielded in parts."""
    headings, lines, start, fenced = list[tuple[int, str]](), list[str](), 1, False

    def paragraph() -> Iterator[tuple[tuple[str, ...], int, str]]:
        whole = "\n".join(lines).strip()
        lines.clear()
        for part in _parts(whole):
            yield tuple(title for _, title in headings), start, part

    for number, line in enumerate(text.splitlines(), start=1):
        fenced ^= markdown and FENCE.match(line) is not None
        heading = HEADING.match(line) if markdown and not fenced else None
        if heading is not None or (not line.strip() and not fenced):
            yield from paragraph()
            if heading is not None:
                level = len(heading[1])
                headings = [*(outer for outer in headings if outer[0] < level), (level, heading[2])]
            continue
        start = start if lines else number
        lines.append(line)
    yield from paragraph()


def _parts(text: str) -> Iterator[str]:
    """A text in parts of at most `PASSAGE_CHARS`, cut between words."""
    while len(text) > PASSAGE_CHARS:
        cut = max(text.rfind(space, 1, PASSAGE_CHARS + 1) for space in " \n")
        cut = cut if cut > 0 else PASSAGE_CHARS
        yield text[:cut].rstrip()
        text = text[cut:].lstrip()
    if text:
        yield text


def nearest_passages(
    questions: Sequence[str],
    passages: Sequence[Passage],
    count: int,
    model: str | None,
    cache: Path,
    progress: Callable[[int], None] | None = None,
) -> list[list[Passage]]:
    """For each question the `count` passages of the highest rank, the best last; fewer if fewer are related to it.

    The ranks by BM25 and by the embeddings of `model` are fused; None uses BM25 only. `progress` is called with the
    number of texts embedded since its last call. Raises `MissingExtra` without bm25s.
    """
    from curate.models.embeddings import embed

    texts = [passage.text for passage in passages]
    rankings = [_bm25_scores(questions, texts)]
    if model is not None:
        rankings.append(embed(questions, model, cache, progress) @ embed(texts, model, cache, progress).T)
    fused = np.zeros((len(questions), len(passages)))
    for scores in rankings:
        order = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
        fused += np.where(scores > 0, 1 / (FUSION + 1 + order), 0)
    best = np.argsort(-fused, axis=1, kind="stable")[:, :count]
    return [[passages[i] for i in reversed(row) if fused[index, i]] for index, row in enumerate(best.tolist())]


def _bm25_scores(questions: Sequence[str], texts: Sequence[str]) -> Any:
    """BM25 scores of word stems, of shape (questions, texts). Raises `MissingExtra` without bm25s."""
    with requiring("retrieval from documents", "evaluation", "bm25s"):
        import bm25s
    index = bm25s.BM25(auto_compile=False)
    index.index([_stems(text) for text in texts], show_progress=False)
    indexed_words = [[word for word in _stems(question) if word in index.vocab_dict] for question in questions]
    none = np.zeros(len(texts), dtype=np.float32)
    return np.array([index.get_scores(words) if words else none for words in indexed_words])


def _stems(text: str) -> list[str]:
    """The stems of the words of a text."""
    return [stem(word) for word in plain_words(text)]
