"""Virtual tokens (prompt and prefix tuning) before each text of a pack, and before each prompt that is answered.

PEFT puts them before the first text of a pack only; and when it generates, transformers 5.24 takes its own empty cache in place of the prefix.
"""

from inspect import signature
from typing import Any

import torch
from peft import PeftModel, PeftType
from torch import Tensor

from train.attention import packed_options
from train.pack import Pack


def has_virtual(model: Any) -> bool:
    """Whether a model is one with virtual tokens."""
    return isinstance(model, PeftModel) and bool(model.active_peft_config.is_prompt_learning)


def inputs_with_virtual(model: PeftModel, packed: Pack) -> tuple[Any, dict[str, Any], Tensor]:
    """The base model, what its forward pass gets for a pack, and the positions whose logits are wanted."""
    return _with_prompt(model, packed) if model.active_peft_config.peft_type == PeftType.PROMPT_TUNING else _with_prefix(model, packed)


def _with_prompt(model: PeftModel, packed: Pack) -> tuple[Any, dict[str, Any], Tensor]:
    """Before each text stand the embeddings of the virtual tokens."""
    base, count = model.get_base_model(), model.active_peft_config.num_virtual_tokens
    words = base.get_input_embeddings()(packed.input_ids)[0]
    prompt = model.get_prompt(1)[0].to(words.dtype)
    rows = [row for text in torch.split(words, list(packed.lengths)) for row in (prompt, text)]
    lengths = tuple(count + length for length in packed.lengths)
    positions = torch.cat([torch.arange(length, device=words.device) for length in lengths])[None]
    inputs = {"inputs_embeds": torch.cat(rows)[None], "position_ids": positions, "use_cache": False, **packed_options(base, lengths)}
    return base, inputs, packed.keep + count * (packed.text_numbers()[packed.keep] + 1)


def _with_prefix(model: PeftModel, packed: Pack) -> tuple[Any, dict[str, Any], Tensor]:
    """All texts see the keys and values of the virtual tokens, and each sees itself up to where it is."""
    base, count = model.get_base_model(), model.active_peft_config.num_virtual_tokens
    text = packed.text_numbers()
    own = (text[:, None] == text[None, :]).tril()
    mask = torch.cat([torch.ones(len(text), count, dtype=torch.bool, device=own.device), own], dim=1)[None, None]
    positions = packed.position_ids + count
    inputs = {"input_ids": packed.input_ids, "position_ids": positions, "attention_mask": mask, "use_cache": False, **_cache(model)}
    return base, inputs, packed.keep


def _cache(model: PeftModel) -> dict[str, Any]:
    """The prefix as transformers calls it, which changed in 5.24."""
    return {"cache" if "cache" in signature(model.get_base_model().forward).parameters else "past_key_values": model.get_prompt(1)}


def answer(model: PeftModel, ids: list[int], **options: Any) -> list[int]:
    """The tokens that the model goes on with after a prompt."""
    base, count = model.get_base_model(), model.active_peft_config.num_virtual_tokens
    prompt = torch.tensor([ids], device=base.device)
    mask = torch.ones(1, count + len(ids), dtype=torch.long, device=base.device)
    if model.active_peft_config.peft_type == PeftType.PROMPT_TUNING:
        words = base.get_input_embeddings()(prompt)
        found = base.generate(inputs_embeds=torch.cat([model.get_prompt(1).to(words.dtype), words], dim=1), attention_mask=mask, **options)[0]
        return list(found.tolist())
    # Ids in place of the virtual tokens, which the cache has already: none of them is looked at.
    padded = torch.cat([prompt.new_zeros(1, count), prompt], dim=1)
    return list(base.generate(input_ids=padded, attention_mask=mask, **_cache(model), **options)[0, padded.shape[1] :].tolist())
