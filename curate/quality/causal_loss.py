"""Losses of answers by a causal language model, with and without their request (IFD, Li et al. 2024)."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Final

from curate.core.events import Advance
from curate.core.example import content_id
from curate.core.lazy import Floats, np
from curate.core.text import storable
from curate.models.embeddings import EmbeddingCache
from curate.models.model_loading import causal_model
from curate.models.names import fingerprint
from curate.quality.exchange import Exchange

MAX_TOKENS: Final = 1_024
"""Maximum number of tokens; a longer request loses its beginning, a longer answer its end."""
MAX_ANSWER_TOKENS: Final = 512
BATCH_TOKENS: Final = 4_096
"""Number of tokens in a batch, padding included."""
SAVE_INTERVAL_SECONDS: Final = 30.0
"""A killed run resumes from what was written."""


def answer_losses(exchanges: Sequence[Exchange], model: str, cache: Path | None, advance: Advance | None) -> Floats:
    """The mean loss of each answer in nats per token, given its request and without it.

    Raises `ModelError`, `MissingExtra`.
    """
    store = EmbeddingCache(None if cache is None else cache / f"losses-{content_id([1, fingerprint(model)])[:16]}.npz")
    keys = [content_id([exchange.system, exchange.request, exchange.answer]) for exchange in exchanges]
    missing = {key: exchange for key, exchange in zip(keys, exchanges, strict=True) if key not in store}
    if missing:
        loaded, tokenizer = causal_model(model, "the loss of answers")
        loaded = _on_fastest(loaded)
        ids = {key: _token_ids(tokenizer, exchange) for key, exchange in missing.items()}
        waiting = sorted(ids, key=lambda key: (sum(map(len, ids[key])), key))
        saved = monotonic()
        while waiting:
            size = sum(map(len, ids[waiting[-1]]))
            batch = [waiting.pop() for _ in range(min(len(waiting), max(1, BATCH_TOKENS // size)))]
            conditional = _losses(loaded, [ids[key] for key in batch])
            unconditional = _losses(loaded, [([ids[key][0][0]], ids[key][1]) for key in batch])
            store.add(batch, np.stack([conditional, unconditional], axis=1))
            if advance:
                advance(len(batch))
            if monotonic() - saved > SAVE_INTERVAL_SECONDS:
                store.save()
                saved = monotonic()
        store.save()
    return store.get(keys).astype(np.float64).reshape(-1, 2)


def _token_ids(tokenizer: Any, exchange: Exchange) -> tuple[list[int], list[int]]:
    """The tokens before the answer (at least one), and those of the answer."""
    turns = [
        *([{"role": "system", "content": exchange.system}] if exchange.system else []),
        {"role": "user", "content": exchange.request},
    ]
    if tokenizer.chat_template is not None:
        before = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    else:
        before = "\n\n".join(turn["content"] for turn in turns) + "\n\n"
    head = tokenizer(storable(before), add_special_tokens=False)["input_ids"]
    answer = tokenizer(storable(exchange.answer), add_special_tokens=False)["input_ids"][:MAX_ANSWER_TOKENS] or [
        tokenizer.eos_token_id
    ]
    start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    return [start, *head[-(MAX_TOKENS - len(answer) - 1) :]], answer


def _on_fastest(model: Any) -> Any:
    """The model on the GPU, if there is one."""
    import torch

    return model.to("cuda") if torch.cuda.is_available() else model


def _losses(model: Any, parts: Sequence[tuple[list[int], list[int]]]) -> list[float]:
    """The mean loss of each answer in nats per token; `parts`: the tokens before each answer, and its own."""
    import torch

    width = max(len(head) + len(answer) for head, answer in parts)
    ids = torch.zeros((len(parts), width), dtype=torch.long)
    mask, is_answer = torch.zeros_like(ids), torch.zeros_like(ids, dtype=torch.bool)
    for row, (head, answer) in enumerate(parts):
        ids[row, : len(head) + len(answer)] = torch.tensor([*head, *answer])
        mask[row, : len(head) + len(answer)] = 1
        is_answer[row, len(head) : len(head) + len(answer)] = True
    with torch.inference_mode():
        states = model.model(input_ids=ids.to(model.device), attention_mask=mask.to(model.device)).last_hidden_state
        rows, columns = torch.nonzero(is_answer, as_tuple=True)
        losses = torch.zeros(len(parts), dtype=torch.float64)
        for start in range(0, len(rows), 1_024):  # logits of the answers alone: a vocabulary is large
            part = slice(start, start + 1_024)
            logits = model.lm_head(states[rows[part], columns[part] - 1]).float()
            token_losses = torch.nn.functional.cross_entropy(
                logits, ids[rows[part], columns[part]].to(logits.device), reduction="none"
            )
            losses.index_add_(0, rows[part], token_losses.double().cpu())
    return [float(total) / len(answer) for total, (_, answer) in zip(losses, parts, strict=True)]
