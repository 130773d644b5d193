"""What is asked: the held-out examples up to an answer, and that answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from curate.example import Example, content_text
from train.scores.calls import declared
from train.scores.metric import Expected

Turns = Literal["last", "all"]


@dataclass(frozen=True, slots=True)
class Question:
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
        """The last thing that the user said before the answer."""
        return next((content_text(turn.get("content")) for turn in reversed(self.messages) if turn.get("role") == "user"), "")

    @property
    def expected(self) -> Expected:
        """The answer."""
        answer = self.messages[-1]
        return Expected(content_text(answer.get("content")), declared(answer))


def questions_of(examples: Sequence[Example], turns: Turns) -> list[Question]:
    """The last answer of each example, or all that are trained on; those with neither words nor calls are no questions."""
    return [question for example in examples for question in _questions(example, turns)]


def _questions(example: Example, turns: Turns) -> Iterator[Question]:
    messages = example.value["messages"]
    answers = [i for i, turn in enumerate(messages) if i and turn.get("role") == "assistant" and turn.get("weight") != 0]
    for turn in answers if turns == "all" else answers[-1:]:
        question = Question(example, turn)
        if question.expected.text.strip() or question.expected.calls:
            yield question


def spread(questions: Sequence[Question], limit: int) -> list[Question]:
    """At most `limit` of the questions, spread evenly over them."""
    if len(questions) <= limit:
        return list(questions)
    return [questions[i * len(questions) // limit] for i in range(limit)]
