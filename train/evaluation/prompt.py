"""A question as the model gets it: the inference prompt, with examples before it, and the answer of the data to measure its likelihood."""

from collections.abc import Sequence
from dataclasses import dataclass

from curate.encoding import Encoded
from curate.template import Template
from train.evaluation.question import Question
from train.evaluation.shots import shot_of


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked, and what it should answer."""

    text: str
    """What inference renders."""
    encoded: Encoded
    """The same with the answer of the data, which alone is labelled."""
    shots: int
    """Examples before the question."""


class Prompts:
    """Renders questions for one template."""

    def __init__(self, template: Template, room: int) -> None:
        self.template = template
        self.room = room
        """Tokens that prompt and answer may have together."""

    def of(self, question: Question, shots: Sequence[Question] = ()) -> Prompt | None:
        """The prompt with as many of the examples, the last ones, as there is room and the template takes; None where it takes not even the question."""
        for left in range(len(shots) + 1):
            if (prompt := self._with(question, shots[left:])) is not None:
                return prompt
        return None

    def _with(self, question: Question, shots: Sequence[Question]) -> Prompt | None:
        turns = [{**turn, "weight": 0} if turn.get("role") == "assistant" else turn for turn in question.messages[:-1]]
        before = [{**turn, "weight": 0} if turn.get("role") == "assistant" else turn for shot in shots for turn in shot_of(shot)]
        answer = {key: value for key, value in question.messages[-1].items() if key != "weight"}
        head = next((i for i, turn in enumerate(turns) if turn.get("role") not in ("system", "developer")), len(turns))
        value = {**question.example.value, "messages": [*turns[:head], *before, *turns[head:], answer]}
        text, encoding = self.template.prompt(value), self.template.encode(value)
        if text is None or len(encoding.encoded) != 1 or (shots and encoding.length > self.room):
            return None
        return Prompt(text, encoding.encoded[0], len(shots))
