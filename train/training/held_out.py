"""Measurements before and after a training: held-out loss, and probes for memorization and general answers.

Probes generate no text: greedy decoding produces a text word for word if and only if each of its tokens is the most
likely one after those before it, which one forward pass shows for all of them.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch

from curate.models.encoding import Encoded
from curate.models.template import Template
from train import distributed
from train.batching import Pack, groups, pack
from train.encoded_texts import EncodedTexts
from train.model.base import autocast, device
from train.model.loss import Losses, losses

# Tokens in one forward pass: enough to make up for unpacking the 4-bit weights, little enough for any memory.
MAX_TOKENS = 1024


@torch.no_grad()
def passes(
    model: Any,
    texts: Sequence[Encoded],
    dtype: torch.dtype,
    *,
    packing: bool,
    done: Callable[[int], None] = lambda _: None,
    shared: bool = False,
) -> Iterator[tuple[Pack, Losses]]:
    """The losses of texts, some texts at a time. `done` is called after each pass with the number of its texts.

    `shared`: the texts are divided among the processes.
    """
    model.eval()
    for number, group in enumerate(groups(texts, MAX_TOKENS if packing else 1)):
        if shared and number % distributed.world_size() != distributed.rank():
            continue
        packed = pack(group).to(device())
        with autocast(dtype):
            pack_losses = losses(model, packed)
        yield packed, pack_losses
        done(len(group))


def held_out_loss(
    model: Any,
    texts: Sequence[Encoded],
    dtype: torch.dtype,
    *,
    packing: bool,
    done: Callable[[int], None] = lambda _: None,
    shared: bool = False,
) -> float:
    """Mean loss in nats per supervised token, weighted as in training; the same on all processes. See `passes`."""
    sums = torch.zeros(2, dtype=torch.float64)
    for packed, pack_losses in passes(model, texts, dtype, packing=packing, done=done, shared=shared):
        sums += torch.tensor((float(pack_losses.total), float(packed.weights.sum())), dtype=torch.float64)
    total, weight = (distributed.sum_over_processes(sums.to(device())) if shared else sums).tolist()
    return float(total / weight)


GENERIC: Final = Path(__file__).with_name("generic_prompts.jsonl")
"""Short chats from many kinds of tasks, in English: if their answers become less likely, the model forgets."""
MIN_MEMORIZED_TOKENS: Final = 8
"""Minimum tokens of an answer for memorization: a label may be guessed."""
GIVEN_SHARE: Final = 0.25
"""Share of an answer that is given to the model, which continues it."""


class ProbeTexts(NamedTuple):
    """Texts that are probed before and after a training."""

    trained: list[Encoded]
    """Answers that are trained on."""
    held_out: list[Encoded]
    """Answers that are not trained on, as a baseline."""
    general: list[Encoded]


class ProbeResult(NamedTuple):
    """The result of the probes of a model."""

    trained: list[bool]
    """For each answer, whether it is continued word for word."""
    held_out: list[bool]
    general: list[float]
    """Its loss on each, in nats per token."""


def probe_texts(trained: Sequence[Encoded], held_out: Sequence[Encoded], template: Template, count: int) -> ProbeTexts:
    """At most `count` texts of each split, spread over it, and the general ones; none at all where `count` is 0."""
    return ProbeTexts(
        _evenly_spaced(trained, count), _evenly_spaced(held_out, count), generic_texts(template) if count else []
    )


def generic_texts(template: Template) -> list[Encoded]:
    """The general prompts in a chat template, without those that it refuses."""
    lines = GENERIC.read_text(encoding="utf-8").splitlines()
    return [text for line in lines for text in template.encode(json.loads(line)).encoded[:1]]


def _evenly_spaced(texts: Sequence[Encoded], count: int) -> list[Encoded]:
    """Up to `count` texts that are long enough to be memorised, spread evenly; none if `count` is 0."""
    every = EncodedTexts.of(texts)
    long = np.flatnonzero(every.supervised >= MIN_MEMORIZED_TOKENS)
    return list(every.chosen(long[:: max(1, -(-len(long) // count))])) if count else []


def probe(
    model: Any, texts: ProbeTexts, dtype: torch.dtype, *, packing: bool, done: Callable[[int], None]
) -> ProbeResult:
    """Probe all texts; `done` is called after each pass with the number of its texts."""
    recalled, general = list[bool](), list[float]()
    for packed, pack_losses in passes(model, [*texts.trained, *texts.held_out], dtype, packing=packing, done=done):
        for right in torch.split(pack_losses.right.cpu(), packed.counts):
            recalled.append(bool(right[int(len(right) * GIVEN_SHARE) :].all()))
    for packed, pack_losses in passes(model, texts.general, dtype, packing=packing, done=done):
        for each in torch.split(pack_losses.each.cpu(), packed.counts):
            general.append(round(float(each.mean()), 6))
    return ProbeResult(recalled[: len(texts.trained)], recalled[len(texts.trained) :], general)
