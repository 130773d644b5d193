"""What becomes of an example for a model: the text, its supervised spans, and the tokens with their labels; or why there is nothing to train on."""

from dataclasses import dataclass
from typing import Final, NamedTuple

IGNORED: Final = -100
"""The label of a token that is not trained on, as transformers and torch know it."""


class EncodingProblem(NamedTuple):
    """Why an example cannot be trained on."""

    code: str
    """The rule of `curate check --model` that says the same; empty where rules about structure say it."""
    pointer: str
    message: str


class Mismatch(NamedTuple):
    """Where training and inference differ, or the text that is trained on and the data."""

    text: str
    turn: int
    code: str = ""
    """The rule of `curate check --model` that says the same, where there is one."""


class Answer(NamedTuple):
    """The tokens `first` to `last` (itself included), which are trained on as turn number `turn`."""

    turn: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of a text, which the model is trained to say as turn number `turn`, counted from 0."""

    start: int
    end: int
    turn: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Rendered:
    """One text to train on, its supervised spans in order, and where training and inference differ."""

    text: str
    spans: tuple[Span, ...]
    mismatches: tuple[Mismatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendering:
    """What became of an example: one text, or one per answer where the template changes earlier turns; or problems and no text."""

    texts: tuple[Rendered, ...]
    problems: tuple[EncodingProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as the model gets it: `input_ids`, `labels` and `weights` have one entry per token."""

    input_ids: list[int]
    labels: list[int]
    """The token's id where it is trained on, else `IGNORED`."""
    weights: list[float]
    """How much each token counts in the loss; 0 where it is not trained on."""
    text: Rendered
    answers: tuple[Answer, ...] = ()
    """Where the answers lie among the tokens; one of which no token is trained on is not there."""
    straddling: int = 0
    """Tokens that begin in the prompt and end in an answer; they are not trained on."""

    @property
    def supervised(self) -> int:
        """Number of tokens trained on."""
        return sum(label != IGNORED for label in self.labels)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An example as the model gets it; with any problem there is nothing to train on."""

    encoded: tuple[Encoded, ...]
    problems: tuple[EncodingProblem, ...] = ()

    @property
    def length(self) -> int:
        """Tokens of its longest text: what the trainer compares with its limit."""
        return max((len(encoded.input_ids) for encoded in self.encoded), default=0)

    @property
    def mismatches(self) -> tuple[str, ...]:
        """All differences between training and inference in words, each once."""
        return tuple(dict.fromkeys(mismatch.text for encoded in self.encoded for mismatch in encoded.text.mismatches))

    def told(self, code: str) -> tuple[Mismatch, ...]:
        """The differences that a rule tells, each once a turn."""
        return tuple(dict.fromkeys(mismatch for encoded in self.encoded for mismatch in encoded.text.mismatches if mismatch.code == code))
