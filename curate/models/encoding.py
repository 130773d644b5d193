"""Types of an encoded example: text, supervised spans, tokens and labels; or the reason why it cannot be trained on."""

from dataclasses import dataclass
from typing import Final, NamedTuple

IGNORED: Final = -100
"""The label of a token that is not trained on, as in transformers and torch."""


class EncodingProblem(NamedTuple):
    """Why an example cannot be trained on."""

    code: str
    """The rule of `curate check --model` that reports the same; empty if rules about structure report it."""
    pointer: str
    message: str


class Mismatch(NamedTuple):
    """A difference between training and inference, or between the trained text and the data."""

    text: str
    turn: int
    code: str = ""
    """The rule of `curate check --model` that reports the same, if there is one."""


class Answer(NamedTuple):
    """The tokens `first` to `last` (itself included), which are trained on as turn number `turn`."""

    turn: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of a text that the model is trained to produce as turn number `turn`, from 0."""

    start: int
    end: int
    turn: int
    weight: float = 1.0
    part: bool = False
    """Whether it is a part of an answer: of the tokens across its ends, those that end in it are trained on."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One text to train on, its supervised spans in order, and where training and inference differ."""

    text: str
    spans: tuple[Span, ...]
    mismatches: tuple[Mismatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendering:
    """The rendering of an example: one text, or one per answer if the template changes earlier turns; or problems
    and no text.
    """

    texts: tuple[Rendered, ...]
    problems: tuple[EncodingProblem, ...] = ()
    inference: tuple[Rendered, ...] = ()
    """The text of each answer as inference renders it, if one text with another history is trained on instead."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as the model gets it: `input_ids`, `labels` and `weights` have one entry per token."""

    input_ids: list[int]
    labels: list[int]
    """The token's id where it is trained on, else `IGNORED`."""
    weights: list[float]
    """Loss weight of each token; 0 if it is not trained on."""
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
    """An example as the model receives it; if it has problems, it cannot be trained on."""

    encoded: tuple[Encoded, ...]
    problems: tuple[EncodingProblem, ...] = ()
    differing: tuple[int, int] = (0, 0)
    """Tokens that only the trained text or only that of inference has, summed over the answers, and all these tokens.

    Zeros where both have one history.
    """

    @property
    def length(self) -> int:
        """Number of tokens of its longest text, which the trainer compares with its limit."""
        return max((len(encoded.input_ids) for encoded in self.encoded), default=0)

    @property
    def mismatches(self) -> tuple[str, ...]:
        """Descriptions of all differences between training and inference, without duplicates."""
        return tuple(dict.fromkeys(mismatch.text for encoded in self.encoded for mismatch in encoded.text.mismatches))

    def told(self, code: str) -> tuple[Mismatch, ...]:
        """The differences that a rule reports, each once per turn."""
        return tuple(
            dict.fromkeys(
                mismatch for encoded in self.encoded for mismatch in encoded.text.mismatches if mismatch.code == code
            )
        )
