"""Asking a model: its answers to prompts and its losses on the answers of the data, in batches; what is kept is not asked again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import torch

from curate.encoding import IGNORED, Encoded
from curate.example import content_id
from curate.template import Template
from train.evaluate import TOKENS, answer_ids
from train.evaluation.kept import Kept
from train.loss import token_losses
from train.model import autocast, device
from train.pack import groups, pack

ROOM: Final = {"cpu": 1 << 13, "cuda": 1 << 16}
"""Tokens of a batch, with those that are to come."""


class Answer(NamedTuple):
    """What a model answered."""

    text: str
    raw: str
    """With its control tokens: some templates mark tool calls by them."""
    ended: bool
    """Whether it came to its end before the limit."""


class Loss(NamedTuple):
    """How likely a model found an answer of the data."""

    total: float
    """Sum of the cross-entropy over its tokens, in nats."""
    tokens: int


@dataclass(frozen=True, slots=True)
class Asking:
    """All that a model is asked with."""

    template: Template
    stops: list[int]
    dtype: torch.dtype
    max_new_tokens: int
    kept: Kept
    identity: str
    """What the answers depend on besides the prompt: the model, its weights, its precision."""

    def answers(self, model: Callable[[], Any], prompts: Sequence[str], done: Callable[[int], None]) -> list[Answer]:
        """An answer to each prompt; `model` is called only where one is missing, `done` with numbers of prompts."""
        keys = [content_id(["answer", self.identity, self.max_new_tokens, prompt]) for prompt in prompts]
        missing = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if self.kept.get(key) is None}
        done(len(prompts) - len(missing))
        for batch in self._batches(missing):
            found = answer_ids(model(), self.template, [missing[key] for key in batch], self.stops, self.dtype, max_new_tokens=self.max_new_tokens)
            self.kept.add({key: self._answer(ids) for key, ids in zip(batch, found, strict=True)})
            done(len(batch))
        return [Answer(*self.kept.get(key)) for key in keys]

    def _batches(self, prompts: dict[str, str]) -> list[list[str]]:
        """Keys of prompts of like length, the longest first: what memory does not hold is known at once."""
        lengths = {key: len(self.template.ids(prompt)) for key, prompt in prompts.items()}
        room, batches = ROOM[device().type], list[list[str]]()
        for key in sorted(lengths, key=lambda key: -lengths[key]):
            if not batches or (len(batches[-1]) + 1) * (lengths[batches[-1][0]] + self.max_new_tokens) > room:
                batches.append([])
            batches[-1].append(key)
        return batches

    def _answer(self, ids: list[int]) -> tuple[str, str, bool]:
        end = next((i for i, token in enumerate(ids) if token in self.stops), None)
        said = ids[:end]
        decode = self.template.tokenizer.decode
        return decode(said, skip_special_tokens=True).strip(), decode(said, skip_special_tokens=False).strip(), end is not None

    @torch.no_grad()
    def losses(self, model: Callable[[], Any], texts: Sequence[Encoded], packing: Callable[[], bool], done: Callable[[int], None]) -> list[Loss]:
        """The loss on what is labelled in each text."""
        keys = [content_id(["loss", self.identity, text.input_ids, [i for i, label in enumerate(text.labels) if label != IGNORED]]) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if self.kept.get(key) is None}
        done(len(texts) - len(missing))
        if missing:
            model().eval()
        waiting = iter(missing)
        for group in groups(list(missing.values()), TOKENS if missing and packing() else 1):
            self.kept.add({key: loss for loss, key in zip(_losses(model(), group, self.dtype), waiting, strict=False)})
            done(len(group))
        return [Loss(*self.kept.get(key)) for key in keys]


def _losses(model: Any, texts: Sequence[Encoded], dtype: torch.dtype) -> list[tuple[float, int]]:
    packed = pack(texts).to(device())
    with autocast(dtype):
        losses = token_losses(model, packed).double()
    owners = packed.text_numbers()[packed.keep]
    totals = torch.zeros(len(texts), dtype=torch.float64, device=losses.device).index_add_(0, owners, losses)
    counts = torch.bincount(owners, minlength=len(texts))
    return list(zip(totals.tolist(), counts.tolist(), strict=True))
