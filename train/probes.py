"""What a model would say of texts that are given to it: whether it knows answers by heart, and how likely it finds general ones.

No text is generated: greedy decoding says a text word for word exactly where each of its tokens is the likeliest one after those before it, and one
forward pass tells that of all of them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import torch

from curate.encoding import IGNORED, Encoded
from curate.template import Template
from train.evaluate import TOKENS
from train.general import general_texts
from train.loss import losses
from train.model import autocast, device
from train.pack import groups, pack

LONG: Final = 8
"""Tokens of the shortest answer that can be said to be known by heart: a label is known, or guessed."""
GIVEN: Final = 0.25
"""Share of an answer that is given to the model before it has to go on by itself."""


class Texts(NamedTuple):
    """What is looked at, before and after a training."""

    trained: list[Encoded]
    """Answers that are trained on."""
    held_out: list[Encoded]
    """Answers that are not: what is said of these word for word can be known otherwise."""
    general: list[Encoded]


class Probed(NamedTuple):
    """What was found of a model."""

    trained: list[bool]
    """Whether it goes on with each answer word for word."""
    held_out: list[bool]
    general: list[float]
    """Its loss on each, in nats per token."""


def texts_of(trained: Sequence[Encoded], held_out: Sequence[Encoded], template: Template, count: int) -> Texts:
    """At most `count` texts of each split, spread over it, and the general ones; none at all where `count` is 0."""
    return Texts(_spread(trained, count), _spread(held_out, count), general_texts(template) if count else [])


def _spread(texts: Sequence[Encoded], count: int) -> list[Encoded]:
    long = [text for text in texts if _supervised(text) >= LONG]
    return long[:: max(1, -(-len(long) // count))] if count else []


def _supervised(text: Encoded) -> int:
    return sum(label != IGNORED for label in text.labels[1:])


@torch.no_grad()
def probe(model: Any, texts: Texts, dtype: torch.dtype, *, packing: bool, done: Callable[[int], None]) -> Probed:
    """Look at all of them; `done` is told the number of texts after each pass."""
    model.eval()
    known, general = [], []
    for _, right in _seen(model, [*texts.trained, *texts.held_out], dtype, packing, done):
        known.append(bool(right[int(len(right) * GIVEN) :].all()))
    for each, _ in _seen(model, texts.general, dtype, packing, done):
        general.append(round(float(each.mean()), 6))
    return Probed(known[: len(texts.trained)], known[len(texts.trained) :], general)


def _seen(model: Any, texts: Sequence[Encoded], dtype: torch.dtype, packing: bool, done: Callable[[int], None]) -> list[tuple[Any, Any]]:
    """For each text the losses of its supervised tokens, and which of them are the likeliest."""
    found: list[tuple[Any, Any]] = []
    for group in groups(texts, TOKENS if packing else 1):
        packed = pack(group).to(device())
        with autocast(dtype):
            _, each, right = losses(model, packed)
        counts = [_supervised(text) for text in group]
        found += zip(torch.split(each.cpu(), counts), torch.split(right.cpu(), counts), strict=True)
        done(len(group))
    return found
