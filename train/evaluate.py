"""Measuring a model on held-out examples: the loss, and a few answers to read beside those of the base."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch

from curate.encoding import IGNORED, Encoded
from curate.template import Template
from train import ranks
from train.data import Split
from train.loss import weighted_loss
from train.model import autocast, device
from train.pack import groups, pack
from train.virtual import answer, has_virtual

# Tokens in one forward pass: enough to make up for unpacking the 4-bit weights, little enough for any memory.
TOKENS = 1024


@torch.no_grad()
def held_out_loss(model: Any, texts: Sequence[Encoded], dtype: torch.dtype, *, packing: bool, done: Callable[[int], None], shared: bool = False) -> float:
    """Mean loss in nats per supervised token, weighted as in training. `done` is told the number of texts after each pass.

    `shared`: the texts are shared out among the processes of a training; all of them get the same loss.
    """
    model.eval()
    found = torch.zeros(2, dtype=torch.float64)
    for number, group in enumerate(groups(texts, TOKENS if packing else 1)):
        if shared and number % ranks.world() != ranks.rank():
            continue
        packed = pack(group).to(device())
        with autocast(dtype):
            found += torch.tensor([float(weighted_loss(model, packed)), float(packed.weights.sum())], dtype=torch.float64)
        done(len(group))
    total, weight = (ranks.total(found.to(device())) if shared else found).tolist()
    return float(total / weight)


class Question(NamedTuple):
    """A held-out question for people to compare answers to."""

    text: str
    """The last message before the answer."""
    prompt: str
    """What inference renders of the whole conversation before the answer."""
    reference: str
    """The answer in the data."""


def questions(split: Split, template: Template, count: int) -> list[Question]:
    """Up to `count` questions spread over a split."""
    step = max(1, len(split.examples) // count) if count else 1
    found: list[Question] = []
    for example in split.examples[::step]:
        prompt = template.prompt(example.value)
        if len(found) < count and prompt is not None and example.answer is not None:
            found.append(Question(example.prompt[-1].text, prompt, example.answer.text))
    return found


def stop_ids(template: Template, texts: Iterable[Encoded]) -> list[int]:
    """Tokens that end an answer: the tokenizer's end of text, and the control tokens that the training answers end with."""
    found = {template.tokenizer.eos_token_id}
    for text in texts:
        last = next((label for label in reversed(text.labels) if label != IGNORED), None)
        if last in template.stop_ids:
            found.add(last)
    return sorted(found - {None})


@torch.no_grad()
def answers(model: Any, template: Template, asked: Sequence[str], stops: list[int], dtype: torch.dtype, *, max_new_tokens: int) -> list[str]:
    """The model's most likely answer to each prompt, at most `max_new_tokens` long; all at once, padded on the left."""
    found = answer_ids(model, template, asked, stops, dtype, max_new_tokens=max_new_tokens)
    return [template.tokenizer.decode(one, skip_special_tokens=True).strip() for one in found]


@torch.no_grad()
def answer_ids(model: Any, template: Template, asked: Sequence[str], stops: list[int], dtype: torch.dtype, *, max_new_tokens: int) -> list[list[int]]:
    """The same as tokens, with the one that ended the answer and the padding behind it."""
    if not asked:
        return []
    model.eval()
    tokenizer = template.tokenizer
    encoded = [tokenizer(prompt, add_special_tokens=False)["input_ids"] for prompt in asked]
    width = max(map(len, encoded))
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else stops[0] if stops else 0
    # Settings of sampling that a model brings along are set back: they mean nothing here and would be warned about.
    options = {
        "max_new_tokens": max_new_tokens, "do_sample": False, "temperature": None, "top_p": None, "top_k": None, "eos_token_id": stops or None,
        "pad_token_id": padding, "use_cache": True,
    }  # fmt: skip
    with autocast(dtype):
        if has_virtual(model):
            return [answer(model, one, **options) for one in encoded]
        ids = torch.tensor([[padding] * (width - len(one)) + one for one in encoded], device=device())
        mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in encoded], device=device())
        found: list[list[int]] = model.generate(input_ids=ids, attention_mask=mask, **options)[:, width:].tolist()
        return found
