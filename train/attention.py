"""Attention over packed texts on a CPU: each text by itself, causal, with no mask in between.

The usual way is one attention over the whole pack with a mask of tokens times tokens: most of the work is thrown away, and each layer keeps a mask.
On a GPU that is one big kernel against many small ones, and stays as it is.
"""

from typing import Any, Final

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME: Final = "curate_packed"
LENGTHS: Final = "packed_lengths"
"""Keyword under which the lengths of the texts reach the attention; models hand on what they do not know."""


def packed_attention(module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any) -> tuple[Tensor, Any]:
    """Attention of shape (1, tokens, heads, size), text by text where the lengths are given; else that of transformers.

    `query` has the shape (1, heads, tokens, size), `key` and `value` the same with fewer heads where several queries share one.
    """
    lengths: tuple[int, ...] | None = options.pop(LENGTHS, None)
    window = options.get("sliding_window") or getattr(module, "sliding_window", None)
    if lengths is None or sum(lengths) != query.shape[2] or key.shape[2] != query.shape[2] or (window and max(lengths) > window):
        found: tuple[Tensor, Any] = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
        return found
    parts = [
        torch.nn.functional.scaled_dot_product_attention(
            queries, keys, values, dropout_p=options.get("dropout", 0.0), scale=options.get("scaling"), is_causal=True, enable_gqa=True
        )
        for queries, keys, values in zip(*(torch.split(tensor, list(lengths), dim=2) for tensor in (query, key, value)), strict=True)
    ]
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous(), None


def use_packed_attention(model: Any) -> None:
    """Let a model on a CPU that uses torch's attention use this one; others are left alone."""
    if getattr(model.config, "_attn_implementation", None) == "sdpa" and model.device.type == "cpu":
        AttentionInterface.register(NAME, packed_attention)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        model.set_attn_implementation(NAME)


def packed_options(model: Any, lengths: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """What the forward pass of a model is told of packed texts besides their positions, where it uses this attention."""
    return {LENGTHS: lengths} if getattr(model.config, "_attn_implementation", None) == NAME else {}
