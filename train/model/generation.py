"""Answers of a model to prompts, by greedy decoding, and the tokens that end one."""

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from peft import PeftModel, PeftType
from transformers import GenerationConfig

from curate.models.encoding import Encoded
from curate.models.template import Template
from train.encoded_texts import EncodedTexts
from train.errors import is_out_of_memory
from train.model.base import autocast, device, longest_context
from train.model.loss import has_virtual, prefix_cache

GREEDY: Final[dict[str, Any]] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
"""Greedy decoding: sampling settings of the model mean nothing here and would be warned about."""


def generate(model: Any, **options: Any) -> Any:
    """The model's `generate` by these options alone: what it brings along in generation_config.json, such as penalties
    and beams, would decide the answers of some forms of a model and not of others.
    """
    base = model.get_base_model() if isinstance(model, PeftModel) else model
    own, base.generation_config = base.generation_config, GenerationConfig()
    try:
        return model.generate(**options)
    finally:
        base.generation_config = own


def stop_ids(template: Template, texts: Iterable[Encoded]) -> list[int]:
    """Tokens that end an answer: end of text, and the control tokens at the end of training answers."""
    ids = {template.tokenizer.eos_token_id}
    ids |= template.stop_ids.intersection(np.unique(EncodedTexts.of(texts).last).tolist())
    return sorted(ids - {None})


class AnswerTokens(NamedTuple):
    """The most likely answer to a prompt."""

    prompt: int
    """The number of the prompt, from 0."""
    ids: list[int]
    """Without the token that ends it."""
    ended: bool
    """Whether there is one, within the limit."""


def answers(
    model: Any,
    template: Template,
    questions: Sequence[str],
    stops: list[int],
    dtype: torch.dtype,
    *,
    max_new_tokens: int,
    room: int,
    at_once: int = sys.maxsize,
) -> Iterator[list[AnswerTokens]]:
    """Yield the answers in batches of at most `at_once` questions and `room` tokens; half as many after memory has run
    out.

    The longest prompts come first, so that a lack of memory shows early. A prompt that the model's context leaves less
    than `max_new_tokens` is alone in its batch: it would cut the answers to the others.
    """
    context = longest_context(model.config, sys.maxsize)
    lengths = [len(template.ids(prompt)) + max_new_tokens for prompt in questions]
    waiting = sorted(range(len(questions)), key=lambda index: -lengths[index])
    while waiting:
        longest = lengths[waiting[0]]
        batch = waiting[: 1 if longest > context else min(at_once, max(1, room // longest))]
        try:
            prompts = [questions[index] for index in batch]
            outputs = answer_ids(model, template, prompts, stops, dtype, max_new_tokens=max_new_tokens)
        except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or len(batch) == 1:
                raise
            room = len(batch) // 2 * lengths[batch[0]]
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            continue
        yield [AnswerTokens(index, *until_stop(ids, stops)) for index, ids in zip(batch, outputs, strict=True)]
        del waiting[: len(batch)]


@torch.no_grad()
def answer_ids(
    model: Any, template: Template, prompts: Sequence[str], stops: list[int], dtype: torch.dtype, *, max_new_tokens: int
) -> list[list[int]]:
    """The most likely answers, padded on the left, including the token that ends one and the padding after it. They
    end where the model's context does.
    """
    if not prompts:
        return []
    model.eval()
    encoded = [template.ids(prompt) for prompt in prompts]
    width, padding = max(map(len, encoded)), template.tokenizer.pad_token_id
    if padding is None:
        padding = stops[0] if stops else 0
    room = longest_context(model.config, sys.maxsize) - width
    options = GREEDY | {"max_new_tokens": max(1, min(max_new_tokens, room)), "use_cache": True}
    options |= {"eos_token_id": stops or None, "pad_token_id": padding}
    with autocast(dtype):
        if has_virtual(model):
            return [answer_with_virtual(model, tokens, **options) for tokens in encoded]
        ids = torch.tensor([[padding] * (width - len(tokens)) + tokens for tokens in encoded], device=device())
        mask = torch.tensor([[0] * (width - len(tokens)) + [1] * len(tokens) for tokens in encoded], device=device())
        outputs: list[list[int]] = generate(model, input_ids=ids, attention_mask=mask, **options)[:, width:].tolist()
        return outputs


def until_stop(ids: list[int], stops: Collection[int]) -> tuple[list[int], bool]:
    """The tokens of an answer before the one that ends it, and whether there is one."""
    end = next((i for i, token in enumerate(ids) if token in stops), None)
    return ids[:end], end is not None


def answer_with_virtual(model: PeftModel, ids: list[int], **options: Any) -> list[int]:
    """The answer of a model with virtual tokens: transformers 5.24 would replace the prefix by its own empty cache."""
    base, count = model.get_base_model(), model.active_peft_config.num_virtual_tokens
    prompt = torch.tensor([ids], device=base.device)
    mask = torch.ones(1, count + len(ids), dtype=torch.long, device=base.device)
    if model.active_peft_config.peft_type == PeftType.PROMPT_TUNING:
        words = base.get_input_embeddings()(prompt)
        words = torch.cat([model.get_prompt(1).to(words.dtype), words], dim=1)
        return list(generate(base, inputs_embeds=words, attention_mask=mask, **options)[0].tolist())
    # Ids in place of the virtual tokens, which the cache has already: none of them is looked at.
    padded = torch.cat([prompt.new_zeros(1, count), prompt], dim=1)
    output = generate(base, input_ids=padded, attention_mask=mask, **prefix_cache(model), **options)
    return list(output[0, padded.shape[1] :].tolist())
