"""Semantic duplicates: the same question in other words with an answer that says the same (D004). For a person to look
at; nothing goes for them.

Embeddings nominate, of the requests and of the answers. What they are blind to has to agree: the setting, numbers,
names, quoted words, negations and poles of the requests; numbers, quoted words and negations of the answers; and no
rule may say that the answers clash.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.conflicts.contradiction_rules import first_contradiction
from curate.conflicts.question import Question, question_of
from curate.core.example import Example, content_id
from curate.core.lazy import np
from curate.core.text import normalised, words
from curate.language.lexicon import VALUE_WORDS
from curate.language.negation import negation_count
from curate.language.quantities import numbers
from curate.language.tokens import quoted_texts
from curate.models.embeddings import embed

MIN_REQUEST_COSINE: Final = 0.9
"""Cosine similarity of two requests from which they may ask the same."""
MIN_ANSWER_COSINE: Final = 0.9
"""Cosine similarity of two answers from which they may say the same."""
ROWS_PER_BLOCK: Final = 512
"""Requests that are held against all before them at a time."""
NEAREST_TRIES: Final = 20
"""Requests whose answers are held against that of one which is like them."""


class _Compared:
    """What is compared of an example, without the example."""

    __slots__ = ("answer", "key", "number", "request")

    def __init__(self, number: int, question: Question) -> None:
        self.number, self.request, self.answer = number, question.request, question.answer
        particular = sorted(VALUE_WORDS.intersection(words(normalised(question.request))))
        stated = sorted(set(numbers(normalised(question.answer))))  # each once: a wording may repeat one
        denied = negation_count(question.answer, outright=True) > 0
        self.key = content_id(
            [question.setting, question.particulars, particular, quoted_texts(question.answer), stated, denied]
        )


class SimilarPair(NamedTuple):
    """Two examples by their numbers, and the smaller one of the cosine similarities of their requests and of their
    answers.
    """

    left: int
    right: int
    similarity: float


def semantic_duplicates(
    examples: Iterable[tuple[int, Example]],
    model: str,
    cache: Path | None,
    progress: Callable[[int], None] | None = None,
) -> list[SimilarPair]:
    """Of each example, by its number, the most similar one before it that asks and answers the same; those that are
    most alike first.

    Texts are embedded by the sentence-transformers model `model`, and the vectors kept in `cache`. Time grows with the
    square of the examples. Raises `ModelError` where the model is not at hand, `MissingExtra` without
    sentence-transformers.
    """
    compared = [_Compared(number, question) for number, example in examples if (question := question_of(example))]
    if len(compared) < 2:
        return []
    pairs = list(_nominated(compared, embed([one.request for one in compared], model, cache, progress)))
    answers = sorted({at for pair in pairs for at in pair[:2]})
    vectors = (
        dict(zip(answers, embed([compared[at].answer for at in answers], model, cache, progress), strict=True))
        if answers
        else {}
    )
    best: dict[int, SimilarPair] = {}
    for left, right, asked in pairs:
        similarity = min(asked, float(vectors[left] @ vectors[right]), 1.0)
        known = best.get(right)
        if (
            similarity >= MIN_ANSWER_COSINE
            and (known is None or similarity > known.similarity)
            and first_contradiction(compared[right].request, compared[left].answer, compared[right].answer) is None
        ):
            best[right] = SimilarPair(left, right, similarity)
    found = (
        SimilarPair(compared[left].number, compared[right].number, round(similarity, 4))
        for left, right, similarity in best.values()
    )
    return sorted(found, key=lambda like: (-like.similarity, like.left, like.right))


def _nominated(asked: Sequence[_Compared], vectors: "np.ndarray[Any, Any]") -> Iterator[tuple[int, int, float]]:
    """Of each, the most similar requests before it, `NEAREST_TRIES` at the most, where all agrees that embeddings are
    blind to.
    """
    for start in range(0, len(asked), ROWS_PER_BLOCK):
        end = min(start + ROWS_PER_BLOCK, len(asked))
        near = vectors[start:end] @ vectors[:end].T
        for row in range(end - start):
            before = np.flatnonzero(near[row, : start + row] >= MIN_REQUEST_COSINE)
            nearest = before[np.argsort(-near[row, before], kind="stable")]
            alike = (int(at) for at in nearest if asked[at].key == asked[start + row].key)
            yield from ((at, start + row, float(near[row, at])) for at in islice(alike, NEAREST_TRIES))
