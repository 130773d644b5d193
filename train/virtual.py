"""Virtual tokens (prompt and prefix tuning) before each text of a pack, and before each prompt that is answered.

PEFT puts them before the first text of a pack only; and when it generates, transformers 5.24 takes its own empty cache in place of the prefix.
"""

from inspect import signature
from typing import Any

import torch
from peft import PeftModel, PeftType

from train.pack import Pack


def has_virtual(model: Any) -> bool:
    """Whether a model is one with virtual tokens."""
    return isinstance(model, PeftModel) and bool(model.active_peft_config.is_prompt_learning)


def forward(model: PeftModel, packed: Pack) -> Any:
    """The model's output for a pack, its logits those of the positions in `keep`."""
    return _with_prompt(model, packed) if model.active_peft_config.peft_type == PeftType.PROMPT_TUNING else _with_prefix(model, packed)


def _with_prompt(model: PeftModel, packed: Pack) -> Any:
    """Before each text stand the embeddings of the virtual tokens."""
    base, count = model.get_base_model(), model.active_peft_config.num_virtual_tokens
    words = base.get_input_embeddings()(packed["input_ids"])[0]
    prompt = model.get_prompt(1)[0].to(words.dtype)
    starts = (packed["position_ids"][0] == 0).nonzero()[:, 0].tolist()
    ends = [*starts[1:], len(words)]
    rows = [row for start, end in zip(starts, ends, strict=True) for row in (prompt, words[start:end])]
    positions = torch.cat([torch.arange(count + end - start, device=words.device) for start, end in zip(starts, ends, strict=True)])
    texts_before = (packed["position_ids"][0] == 0).cumsum(0)
    keep = packed["keep"] + count * texts_before[packed["keep"]]
    return base(inputs_embeds=torch.cat(rows)[None], position_ids=positions[None], use_cache=False, logits_to_keep=keep)


def _with_prefix(model: PeftModel, packed: Pack) -> Any:
    """All texts see the keys and values of the virtual tokens, and each sees itself up to where it is."""
    base, count = model.get_base_model(), model.active_peft_config.num_virtual_tokens
    text = (packed["position_ids"][0] == 0).cumsum(0)
    own = (text[:, None] == text[None, :]).tril()
    mask = torch.cat([torch.ones(len(text), count, dtype=torch.bool, device=own.device), own], dim=1)
    positions = packed["position_ids"] + count
    return base(
        input_ids=packed["input_ids"], position_ids=positions, attention_mask=mask[None, None], use_cache=False, logits_to_keep=packed["keep"],
        **_cache(model),
    )  # fmt: skip


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
