"""The loss of packed texts, for every method.

Packed attention (on a CPU): causal attention within each text, without a mask. The usual mask of tokens times tokens
wastes most of the work and is kept by each layer. On a GPU one large kernel is faster: transformers' own is used.

Chunked cross-entropy: output layer and cross-entropy, some tokens at a time, so that the logits of a pack never exist
at once. With a vocabulary of 128,000, logits and gradients of 1,000 trained tokens take 2 GB, more than the rest of a
step. The gradient of the hidden states is computed in the forward pass, so nothing is computed twice.

Virtual tokens (prompt and prefix tuning) stand before each text of a pack; PEFT puts them before the first one only.
"""

from inspect import signature
from itertools import accumulate
from typing import Any, Final, NamedTuple

import torch
from peft import PeftModel, PeftType
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from curate.models.encoding import Encoded, Rendered
from train.batching import Pack, pack
from train.model.float32_products import gradient_product, product

PACKED_ATTENTION: Final = "curate_packed"
LENGTHS_KEY: Final = "packed_lengths"
"""Keyword that passes the lengths of the texts to the attention; models pass unknown keywords on."""
FLOAT32_TOKENS: Final = 512
"""Tokens of a text from which attention in bfloat16 is as fast on a CPU. With float32 below, training on texts of
57 tokens takes a tenth less time: `tests/bench/trainer_speed.py`.
"""
CHUNKED: Final = "_curate_loss_in_chunks"
"""Attribute of a model whose loss is the same in chunks; one that does more to its logits than scale and cap them has
it not.
"""
CHUNK_BYTES: Final = 1 << 27
"""Bytes that the logits of a chunk may take, with their gradient."""
BYTES_PER_LOGIT: Final = 12
"""Bytes per logit: in the model's dtype, as float32, its gradient, and temporaries."""


class Losses(NamedTuple):
    """The loss of a pack, and what it is made of: both come from one forward pass."""

    total: Tensor
    """Cross-entropy in nats, times the weights, summed over the supervised tokens; gradients flow."""
    each: Tensor
    """Cross-entropy of each supervised token, without its weight; shape (supervised,), no gradient."""
    right: Tensor
    """Whether that token is the most likely one, so that greedy decoding would produce it; shape (supervised,)."""

    def by_text(self, packed: Pack) -> Tensor:
        """For each text the sum of its losses, its supervised tokens, and how many are right; shape (texts, 3)."""
        each, right = self.each.float(), self.right.float()
        return packed.sums(torch.stack([each, torch.ones_like(each), right], dim=1))


def losses(model: Any, packed: Pack) -> Losses:
    """The loss of a pack, as a whole and token by token."""
    base, inputs, keep = _forward_inputs(model, packed)
    if is_chunked(base):
        return Losses(*chunked_cross_entropy(base, inputs, keep, packed.targets, packed.weights))
    # Not through the base where there is no need: FSDP gathers the weights when the model itself is called.
    logits: Tensor = (base if has_virtual(model) else model)(**inputs, logits_to_keep=keep).logits[0].float()
    each = nn.functional.cross_entropy(logits, packed.targets, reduction="none")
    right = logits.detach().gather(1, packed.targets[:, None])[:, 0] >= logits.detach().amax(1)
    return Losses((each * packed.weights).sum(), each.detach(), right)


def is_chunked(base: nn.Module) -> bool:
    """Whether the loss of a model is computed in chunks; an attribute of a model around or in it does not count."""
    return CHUNKED in vars(base)


def _forward_inputs(model: Any, packed: Pack) -> tuple[Any, dict[str, Any], Tensor]:
    """The base model, the arguments of its forward pass, and the positions whose logits are needed."""
    if has_virtual(model):
        prompt = model.active_peft_config.peft_type == PeftType.PROMPT_TUNING
        return _prompt_inputs(model, packed) if prompt else _prefix_inputs(model, packed)
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    inputs = {"input_ids": packed.input_ids, "position_ids": packed.position_ids, "use_cache": False}
    return base, inputs | packed_options(base, packed.lengths), packed.keep


@torch.no_grad()
def packs_exactly(model: Any, device: torch.device) -> bool:
    """Whether the model isolates packed texts: losses of a text do not change with the text before it."""
    first, other, second = _random_texts(model, 7, 7, 11)
    training = model.training
    model.eval()
    # Equal shapes, so that the numbers are equal to the bit where nothing leaks; a leak moves them by tenths.
    second_losses = [losses(model, pack([before, second]).to(device)).each[6:] for before in (first, other)]
    model.train(training)
    return bool(torch.allclose(second_losses[0], second_losses[1], atol=1e-3))


@torch.no_grad()
def use_chunked_cross_entropy(model: Any, device: torch.device) -> bool:
    """Compute the loss of a model in chunks from now on, if that gives the same loss; returns whether it does."""
    packed = pack(_random_texts(model, 7, 11)).to(device)
    base = _forward_inputs(model, packed)[0]
    vars(base).pop(CHUNKED, None)  # an adapter may have come to its output layer since
    if backbone_of(base) is None:
        return False
    training = model.training
    model.eval()
    apart = losses(model, packed).total
    _, inputs, keep = _forward_inputs(model, packed)
    fused, *_ = chunked_cross_entropy(base, inputs, keep, packed.targets, packed.weights)
    model.train(training)
    if same := bool(torch.isclose(apart, fused, rtol=1e-3)):
        vars(base)[CHUNKED] = True
    return same


def _random_texts(model: Any, *lengths: int) -> list[Encoded]:
    """Texts of random tokens, one of each length, all of it trained on."""
    vocabulary = model.config.get_text_config().vocab_size
    generator = torch.Generator().manual_seed(0)
    texts = [torch.randint(vocabulary, (length,), generator=generator).tolist() for length in lengths]
    return [Encoded(ids, list(ids), [1.0] * len(ids), Rendered("", ())) for ids in texts]


class LogitTransform(NamedTuple):
    """What a model does to the output of its last layer: multiply, then cap by `cap * tanh(logits / cap)`."""

    scale: float = 1.0
    cap: float = 0.0
    """0: none."""

    @classmethod
    def of(cls, base: Any) -> "LogitTransform":
        """The transform in a model's configuration. A model with another one fails the comparison of losses."""
        config = base.config.get_text_config()
        scale = float(getattr(config, "logit_scale", None) or getattr(config, "lm_head_multiplier", None) or 1.0)
        cap = getattr(config, "final_logit_softcapping", None)
        return cls(scale / float(getattr(config, "logits_scaling", None) or 1.0), float(cap or 0.0))

    def apply(self, logits: Tensor) -> tuple[Tensor, Tensor | None]:
        """The logits, changed in place, and the derivative of capping; None without it."""
        if self.scale != 1:
            logits.mul_(self.scale)
        if not self.cap:
            return logits, None
        capped = logits.div_(self.cap).tanh_()
        slope = capped.square().neg_().add_(1)
        return capped.mul_(self.cap), slope


class ChunkedCrossEntropy(torch.autograd.Function):
    """Cross-entropy of `hidden` (tokens, size) through a linear layer (vocabulary, size), in nats.

    `transform` is applied to the output of the layer (Gemma caps, Cohere and Granite scale their logits).

    Returns the weighted sum, with a gradient; the loss of each token; and whether each token is the most likely one.
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor,
        weights: Tensor,
        transform: LogitTransform,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute gradients, too, if needed: each chunk's logits are freed before the next chunk."""
        kind = hidden.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
        head, needs_gradient = weight.to(dtype), ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        each = torch.empty(len(hidden), device=hidden.device)
        right = torch.empty(len(hidden), dtype=torch.bool, device=hidden.device)
        grad_hidden = torch.empty_like(hidden) if needs_gradient else None
        grad_weight = torch.zeros_like(weight) if ctx.needs_input_grad[1] else None
        size = max(1, CHUNK_BYTES // ((BYTES_PER_LOGIT + (4 if transform.cap else 0)) * weight.shape[0]))
        with torch.autocast(kind, enabled=False):
            for start in range(0, len(hidden), size):
                part = slice(start, start + size)
                states = hidden[part].to(dtype)
                output = product(states, head)
                logits = (output if bias is None else output + bias.to(dtype)).float()
                logits, slope = transform.apply(logits)
                target, highest = logits.gather(1, targets[part, None])[:, 0], logits.amax(1)
                right[part] = target >= highest
                shares = logits.sub_(highest[:, None]).exp_()
                sums = shares.sum(1)
                each[part] = sums.log() + highest - target
                if grad_hidden is not None:
                    logits.div_(sums[:, None])
                    logits[torch.arange(len(logits), device=logits.device), targets[part]] -= 1
                    logits.mul_(weights[part, None] * transform.scale)
                    gradient = (logits if slope is None else logits.mul_(slope)).to(dtype)
                    grad_hidden[part] = gradient_product(gradient, head).to(hidden.dtype)
                    if grad_weight is not None:
                        grad_weight += (gradient.t() @ states).to(weight.dtype)
        ctx.save_for_backward(grad_hidden, grad_weight)
        ctx.mark_non_differentiable(each, right)
        return (each * weights).sum(), each, right

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:
        """The gradients from the forward pass, scaled."""
        scaled = (None if saved is None else saved * grads[0].to(saved.dtype) for saved in ctx.saved_tensors)
        return *scaled, None, None, None, None


def backbone_of(base: Any) -> nn.Module | None:
    """The part of a model that computes hidden states; None unless its output layer is a plain linear one."""
    head = base.get_output_embeddings() if hasattr(base, "get_output_embeddings") else None
    backbone = getattr(base, "base_model", None)
    return backbone if type(head) is nn.Linear and isinstance(backbone, nn.Module) and backbone is not base else None


def chunked_cross_entropy(
    base: Any, inputs: dict[str, Any], keep: Tensor, targets: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """`ChunkedCrossEntropy` at the positions `keep` of a pack; `inputs` are those of the model's forward pass."""
    backbone, head = backbone_of(base), base.get_output_embeddings()
    assert backbone is not None
    hidden = backbone(**inputs).last_hidden_state[0][keep]
    token_losses: tuple[Tensor, Tensor, Tensor] = ChunkedCrossEntropy.apply(  # type: ignore[no-untyped-call]
        hidden, head.weight, head.bias, targets, weights, LogitTransform.of(base)
    )
    return token_losses


def packed_attention(
    module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, Any]:
    """Attention of shape (1, tokens, heads, size), text by text if their lengths are given; else transformers' own.

    `query` has the shape (1, heads, tokens, size); `key` and `value` may have fewer heads (grouped queries).
    """
    lengths: tuple[int, ...] | None = options.pop(LENGTHS_KEY, None)
    window = options.get("sliding_window") or getattr(module, "sliding_window", None)
    tokens = query.shape[2]
    if lengths is None or sum(lengths) != tokens or key.shape[2] != tokens or (window and max(lengths) > window):
        attended: tuple[Tensor, Any] = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
        return attended
    if query.is_cuda:
        return variable_length_attention(query, key, value, lengths, options.get("scaling"))[None], None
    how: Any = {"dropout_p": options.get("dropout", 0.0), "scale": options.get("scaling"), "enable_gqa": True}
    texts = zip(*(torch.split(tensor, list(lengths), dim=2) for tensor in (query, key, value)), strict=True)
    parts = [_attention(queries, keys, values, how) for queries, keys, values in texts]
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous(), None


def _attention(query: Tensor, key: Tensor, value: Tensor, how: dict[str, Any]) -> Tensor:
    """Causal attention within a text, rounded as autocast does."""
    attend, kind = nn.functional.scaled_dot_product_attention, query.device.type
    if query.shape[2] >= FLOAT32_TOKENS:
        return attend(query, key, value, is_causal=True, **how)
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else query.dtype
    with torch.autocast(kind, enabled=False):
        query, key, value = (tensor.to(dtype).float() for tensor in (query, key, value))
        return attend(query, key, value, is_causal=True, **how).to(dtype)


def variable_length_attention(
    query: Tensor, key: Tensor, value: Tensor, lengths: tuple[int, ...], scale: float | None
) -> Tensor:
    """Causal attention within each text by torch's kernel for GPUs and 16 bits; returns (tokens, heads, size).

    Other shapes are as in `packed_attention`.
    """
    from torch.nn.attention.varlen import varlen_attn

    bounds = torch.tensor((0, *accumulate(lengths)), dtype=torch.int32, device=query.device)
    queries, keys, values = (tensor[0].transpose(0, 1).contiguous() for tensor in (query, key, value))
    how: Any = {"scale": scale, "window_size": (-1, 0), "enable_gqa": True}
    attended = varlen_attn(queries, keys, values, bounds, bounds, max(lengths), max(lengths), **how)
    assert isinstance(attended, Tensor)  # no logarithms were asked for
    return attended


def use_packed_attention(model: Any, *, varlen: bool = False) -> None:
    """Let a model that uses torch's attention use this one, on a CPU, or with `varlen` anywhere."""
    if getattr(model.config, "_attn_implementation", None) == "sdpa" and (varlen or model.device.type == "cpu"):
        AttentionInterface.register(PACKED_ATTENTION, packed_attention)
        AttentionMaskInterface.register(PACKED_ATTENTION, sdpa_mask)
        model.set_attn_implementation(PACKED_ATTENTION)


def packed_options(model: Any, lengths: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Further arguments of the forward pass for packed texts, if the model uses this attention."""
    return {LENGTHS_KEY: lengths} if getattr(model.config, "_attn_implementation", None) == PACKED_ATTENTION else {}


def has_virtual(model: Any) -> bool:
    """Whether a model is one with virtual tokens."""
    return isinstance(model, PeftModel) and bool(model.active_peft_config.is_prompt_learning)


def _prompt_inputs(model: PeftModel, packed: Pack) -> tuple[Any, dict[str, Any], Tensor]:
    """`_forward_inputs` for prompt tuning: the embeddings of the virtual tokens precede each text."""
    base, count = model.get_base_model(), model.active_peft_config.num_virtual_tokens
    words = base.get_input_embeddings()(packed.input_ids)[0]
    prompt = model.get_prompt(1)[0].to(words.dtype)
    rows = [row for text in torch.split(words, list(packed.lengths)) for row in (prompt, text)]
    lengths = tuple(count + length for length in packed.lengths)
    positions = torch.cat([torch.arange(length, device=words.device) for length in lengths])[None]
    inputs = {"inputs_embeds": torch.cat(rows)[None], "position_ids": positions, "use_cache": False}
    return base, inputs | packed_options(base, lengths), packed.keep + count * (packed.owners + 1)


def _prefix_inputs(model: PeftModel, packed: Pack) -> tuple[Any, dict[str, Any], Tensor]:
    """`_forward_inputs` for prefix tuning: a token attends to the virtual tokens and the earlier ones of its text."""
    base, count = model.get_base_model(), model.active_peft_config.num_virtual_tokens
    text = packed.text_numbers()
    own = (text[:, None] == text[None, :]).tril()
    mask = torch.cat([torch.ones(len(text), count, dtype=torch.bool, device=own.device), own], dim=1)[None, None]
    inputs = {"input_ids": packed.input_ids, "position_ids": packed.position_ids + count, "attention_mask": mask}
    return base, inputs | {"use_cache": False} | prefix_cache(model), packed.keep


def prefix_cache(model: PeftModel) -> dict[str, Any]:
    """The prefix as a keyword of the model, which changed in transformers 5.24."""
    new = "cache" in signature(model.get_base_model().forward).parameters
    return {"cache" if new else "past_key_values": model.get_prompt(1)}


class EmbeddingNoise:
    """NEFTune (Jain et al. 2023): uniform noise up to alpha / sqrt(tokens * hidden size) on the embeddings of a text.

    transformers' version takes a pack for one text, so the noise would be too small.
    """

    def __init__(self, model: Any, alpha: float) -> None:
        self.alpha = alpha
        self._most: Tensor | None = None
        if alpha:
            model.get_input_embeddings().register_forward_hook(self._noisy)

    def announce(self, packed: Pack) -> None:
        """Announce a training pass over this pack."""
        if self.alpha:
            most = [packed.weights.new_full((length,), self.alpha / length**0.5) for length in packed.lengths]
            self._most = torch.cat(most)

    def _noisy(self, _module: Any, _arguments: Any, output: Tensor) -> Tensor:
        """The embeddings with noise in a pass that was announced, else unchanged."""
        most, self._most = self._most, None
        if most is None:
            return output
        scale = (most / output.shape[-1] ** 0.5)[None, :, None].to(output.dtype)
        noisy: Tensor = output + torch.empty_like(output).uniform_(-1, 1) * scale
        return noisy
