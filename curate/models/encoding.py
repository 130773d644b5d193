"""Encode a rendered text as token ids, labels and weights, so that each answer follows exactly the prompt tokens of
inference, or report why an example cannot be trained on.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from curate.core.text import storable

IGNORE_INDEX: Final = -100
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


class SupervisedTokens(NamedTuple):
    """The tokens `first` to `last` (itself included), which are trained on as turn number `turn`."""

    turn: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SupervisedSpan:
    """Characters `start` to `end` of a text that the model is trained to produce as turn number `turn`, from 0."""

    start: int
    end: int
    turn: int
    weight: float = 1.0
    part: bool = False
    """Whether it is a part of an answer: tokens across its start are trained on, tokens across its end are not."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One text to train on, its supervised spans in order, and the differences between training and inference."""

    text: str
    spans: tuple[SupervisedSpan, ...]
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
    """The token's id where it is trained on, else `IGNORE_INDEX`."""
    weights: list[float]
    """Loss weight of each token; 0 if it is not trained on."""
    text: Rendered
    answers: tuple[SupervisedTokens, ...] = ()
    """The token ranges of the answers; an answer without a trained token is missing."""
    straddling: int = 0
    """Tokens that begin in the prompt and end in an answer; they are not trained on."""

    @property
    def supervised(self) -> int:
        """Number of tokens trained on."""
        return sum(label != IGNORE_INDEX for label in self.labels)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An example as the model receives it; if it has problems, it cannot be trained on."""

    encoded: tuple[Encoded, ...]
    problems: tuple[EncodingProblem, ...] = ()
    differing: tuple[int, int] = (0, 0)
    """Number of tokens in only one of the trained text and the text of inference, summed over the answers, and the
    total number of tokens of both; zeros if both have the same history.
    """

    @property
    def length(self) -> int:
        """Number of tokens of its longest text, which the trainer compares with its limit."""
        return max((len(encoded.input_ids) for encoded in self.encoded), default=0)

    @property
    def mismatches(self) -> tuple[str, ...]:
        """Descriptions of all differences between training and inference, without duplicates."""
        return tuple(dict.fromkeys(mismatch.text for encoded in self.encoded for mismatch in encoded.text.mismatches))

    def mismatches_of(self, code: str) -> tuple[Mismatch, ...]:
        """The differences that a rule reports, each once per turn."""
        return tuple(
            dict.fromkeys(
                mismatch for encoded in self.encoded for mismatch in encoded.text.mismatches if mismatch.code == code
            )
        )


MAX_CACHED_CHARS: Final = 100
"""Maximum characters of a cached prompt ending: most examples share it."""


class Encoder:
    """A tokenizer with the ids of its control tokens and of those that end an answer."""

    def __init__(self, tokenizer: Any, control: Iterable[int], stops: frozenset[int]) -> None:
        self.tokenizer, self.control, self.stops = tokenizer, frozenset(control), stops
        self._endings: dict[str, list[int]] = {}

    def encode(self, rendered: Rendered, *, whole: bool = False) -> tuple[Encoded, ...]:
        """The encoding of the whole text, or one encoding per answer if the tokens of a prompt in the whole text differ
        from those of inference. `whole`: always the whole text.

        A tokenizer may merge the end of the prompt with the beginning of the answer, or split the end of the prompt
        differently if text follows.
        """
        # The rendered text has all special tokens already; adding them again would double the first one.
        batch = self.tokenizer(rendered.text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        ids, offsets = list(batch["input_ids"]), list(batch["offset_mapping"])
        starts = [start for start, _ in offsets]
        borders = [bisect_left(starts, span.start) for span in rendered.spans]
        if whole or all(
            span.part or self._equals_inference(rendered.text[: span.start], ids[:border], starts)
            for span, border in zip(rendered.spans, borders, strict=True)
        ):
            return (self._encode_whole(rendered, ids, offsets),)
        separate = [None if span.part else self._encode_apart(rendered, span) for span in rendered.spans]
        encodings = tuple(encoded for encoded in separate if encoded is not None)
        return (
            encodings
            if len(encodings) == len(separate)
            else (self._encode_whole(rendered, ids, offsets, mismatches=(_TOKENIZED_DIFFERENTLY,)),)
        )

    def ids(self, text: str) -> list[int]:
        """The tokens of a piece of text by itself."""
        return list(self.tokenizer(storable(text), add_special_tokens=False, verbose=False)["input_ids"])

    def _equals_inference(self, prompt: str, before: list[int], starts: list[int]) -> bool:
        """Whether the tokens `before` an answer are those of its prompt; `starts`: the position of each in the prompt.
        Tokenization restarts after each control token, so only the last part has to be compared.
        """
        index = next((index for index in range(len(before) - 1, -1, -1) if before[index] in self.control), 0)
        ending = prompt[starts[index] :] if before else prompt
        if ending not in self._endings:
            ending_ids = self.ids(ending)
            if len(ending) > MAX_CACHED_CHARS:
                return ending_ids == before[index:]
            self._endings[ending] = ending_ids
        return self._endings[ending] == before[index:]

    def _encode_whole(
        self, rendered: Rendered, ids: list[int], offsets: list[tuple[int, int]], mismatches: tuple[Mismatch, ...] = ()
    ) -> Encoded:
        """The encoding of a text with the tokens `ids`, each at `offsets` (start and end) of it."""
        labels, weights, straddling = [IGNORE_INDEX] * len(ids), [0.0] * len(ids), 0
        spans = iter(rendered.spans)
        span = next(spans, None)
        answers: dict[int, SupervisedTokens] = {}
        for index, (start, end) in enumerate(offsets):
            while span is not None and start >= span.end:
                span = next(spans, None)
            if span is None:
                break
            inside = span.start < end <= span.end if span.part else start >= span.start
            if inside and index:  # the first token has no context to be predicted from
                labels[index], weights[index] = ids[index], span.weight
                answers[span.turn] = SupervisedTokens(
                    span.turn, answers[span.turn].first if span.turn in answers else index, index
                )
            elif end > span.start and not span.part:
                straddling += 1
        return self._with_mismatches(rendered, ids, labels, weights, answers, mismatches, straddling)

    def _encode_apart(self, rendered: Rendered, span: SupervisedSpan) -> Encoded | None:
        """Prompt and answer tokenized separately, as inference does; None if the two do not result in the text."""
        text = Rendered(
            rendered.text[: span.end],
            (span,),
            tuple(mismatch for mismatch in rendered.mismatches if mismatch.turn in (span.turn, -1)),
        )
        prompt = self.ids(text.text[: span.start])
        marker = (
            self.tokenizer.eos_token or ""
        )  # without a preceding token, some tokenizers insert a space at the beginning of a text
        answer = self.ids(marker + text.text[span.start :])[len(self.ids(marker)) :]
        ids = prompt + answer
        if not prompt or self._decoded_text(ids) != self._decoded_text(self.ids(text.text)):
            return None
        labels = [IGNORE_INDEX] * len(prompt) + answer
        weights = [0.0] * len(prompt) + [span.weight] * len(answer)
        answers = {span.turn: SupervisedTokens(span.turn, len(prompt), len(ids) - 1)} if answer else {}
        return self._with_mismatches(text, ids, labels, weights, answers)

    def _decoded_text(self, ids: list[int]) -> str:
        """The text of some tokens, control tokens included."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def _with_mismatches(
        self, text: Rendered, ids: list[int], labels: list[int], weights: list[float],
        answers: Mapping[int, SupervisedTokens],
        mismatches: tuple[Mismatch, ...] = (),
        straddling: int = 0,
    ) -> Encoded:  # fmt: skip
        """The encoding with all differences: those of the rendering, of answers without a stop token, and `mismatches`.
        `straddling`: the number of tokens that are only partly of an answer.
        """
        parts = {span.turn for span in text.spans if span.part}
        wholes = [answer for turn, answer in answers.items() if turn not in parts]
        every = dict.fromkeys((*text.mismatches, *self._answers_without_stop(ids, wholes), *mismatches))
        return Encoded(
            ids, labels, weights, Rendered(text.text, text.spans, tuple(every)), tuple(answers.values()), straddling
        )

    def _answers_without_stop(self, ids: list[int], answers: Iterable[SupervisedTokens]) -> Iterator[Mismatch]:
        """A difference for each answer whose last token is no stop token."""
        for answer in answers:
            if ids[answer.last] not in self.stops:
                yield Mismatch(
                    "the answer does not end with a stop token: the model would not learn where to stop",
                    answer.turn,
                    "K007",
                )


_TOKENIZED_DIFFERENTLY: Final = Mismatch("inference tokenizes the text before an answer differently", -1)
