"""Answers and losses of a model, in batches; cached responses are not computed again."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch

from curate.core.example import content_id
from curate.core.files import append_lines
from curate.core.runs import new_events
from curate.models.encoding import IGNORED, Encoded
from curate.models.template import Template
from train.batching import groups, pack
from train.errors import ran_out
from train.memory.hardware import free_memory
from train.model.adapters import adapter_disabled
from train.model.base import autocast, device
from train.model.generation import answer_ids, until_stop
from train.model.loss import packs_exactly, token_losses
from train.trained import Trained
from train.training.held_out import TOKENS


class ResponseCache:
    """A file of JSON Lines: a key, and the answer or loss that belongs to it."""

    def __init__(self, path: Path) -> None:
        """What `path` holds; lines that a crash has torn are left out."""
        self.path = path
        lines = new_events(path, 0)[1]
        self._values = {line["key"]: line["value"] for line in lines if line.keys() >= {"key", "value"}}

    def get(self, key: str) -> Any:
        """The value of a key, or None."""
        return self._values.get(key)

    def add(self, values: dict[str, Any]) -> None:
        """Keep some values. Raises `OutputError`."""
        self._values.update(values)
        lines = (json.dumps({"key": key, "value": value}, ensure_ascii=False) for key, value in values.items())
        append_lines(self.path, (line.encode("utf-8", "surrogatepass") for line in lines))


ROOM: Final = {"cpu": 1 << 13, "cuda": 1 << 16}
"""Most tokens of a batch, including those to be generated."""
SHARE: Final = 0.7
"""Of the free memory that the keys and values of a batch may take; the rest is for activations."""


def tokens_that_fit(model: Any, dtype: torch.dtype) -> int:
    """Tokens of a batch for whose keys and values there is memory; `ROOM` at most, and for models without attention."""
    config = model.config.get_text_config()
    queries = getattr(config, "num_attention_heads", None)
    heads = getattr(config, "num_key_value_heads", None) or queries
    if not isinstance(queries, int) or not isinstance(heads, int):
        return ROOM[device().type]
    size = getattr(config, "head_dim", None) or config.hidden_size // queries
    per_token = 2 * config.num_hidden_layers * heads * size * dtype.itemsize
    return min(ROOM[device().type], int(SHARE * free_memory() / per_token))


class Answer(NamedTuple):
    """What a model answered."""

    text: str
    raw: str
    """With its control tokens: some templates mark tool calls by them."""
    ended: bool
    """Whether the answer ended before the limit."""


class Loss(NamedTuple):
    """The loss of a model on an answer of the data."""

    total: float
    """Sum of the cross-entropy over its tokens, in nats."""
    tokens: int


@dataclass(frozen=True, slots=True)
class ModelQueries:
    """Settings with which a model is queried."""

    template: Template
    stops: list[int]
    dtype: torch.dtype
    max_new_tokens: int
    cache: ResponseCache
    identity: str
    """What the answers depend on besides the prompt: the model, its weights, its precision."""

    def answers(self, model: Callable[[], Any], prompts: Sequence[str], done: Callable[[int], None]) -> list[Answer]:
        """An answer to each prompt; `model` is called only where one is missing, `done` with numbers of prompts."""
        keys = [content_id(["greedy", self.identity, self.max_new_tokens, prompt]) for prompt in prompts]
        missing = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if self.cache.get(key) is None}
        done(len(prompts) - len(missing))
        # Prompts of similar length together, the longest first, so that a lack of memory shows early.
        lengths = {key: len(self.template.ids(prompt)) + self.max_new_tokens for key, prompt in missing.items()}
        waiting = sorted(lengths, key=lambda key: -lengths[key])
        room = tokens_that_fit(model(), self.dtype) if waiting else 0
        while waiting:
            batch = waiting[: max(1, room // lengths[waiting[0]])]
            try:
                prompts_of = [missing[key] for key in batch]
                limit = self.max_new_tokens
                found = answer_ids(model(), self.template, prompts_of, self.stops, self.dtype, max_new_tokens=limit)
            except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
                if not ran_out(error) or len(batch) == 1:
                    raise
                room = len(batch) // 2 * lengths[batch[0]]
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
                continue
            self.cache.add({key: self._answer(ids) for key, ids in zip(batch, found, strict=True)})
            done(len(batch))
            del waiting[: len(batch)]
        return [Answer(*self.cache.get(key)) for key in keys]

    def _answer(self, ids: list[int]) -> tuple[str, str, bool]:
        answer, ended = until_stop(ids, self.stops)
        decode = self.template.tokenizer.decode
        text, raw = (decode(answer, skip_special_tokens=skip).strip() for skip in (True, False))
        return text, raw, ended

    @torch.no_grad()
    def losses(
        self,
        model: Callable[[], Any],
        texts: Sequence[Encoded],
        packing: Callable[[], bool],
        done: Callable[[int], None],
    ) -> list[Loss]:
        """The loss on the supervised tokens of each text."""
        supervised = [[i for i, label in enumerate(text.labels) if label != IGNORED] for text in texts]
        keys = [
            content_id(["loss", self.identity, text.input_ids, labelled])
            for text, labelled in zip(texts, supervised, strict=True)
        ]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if self.cache.get(key) is None}
        done(len(texts) - len(missing))
        if missing:
            model().eval()
        waiting = iter(missing)
        for group in groups(list(missing.values()), TOKENS if missing and packing() else 1):
            self.cache.add({key: loss for loss, key in zip(_losses(model(), group, self.dtype), waiting, strict=False)})
            done(len(group))
        return [Loss(*self.cache.get(key)) for key in keys]


def _losses(model: Any, texts: Sequence[Encoded], dtype: torch.dtype) -> list[tuple[float, int]]:
    packed = pack(texts).to(device())
    with autocast(dtype):
        losses = token_losses(model, packed).double()
    owners = packed.text_numbers()[packed.keep]
    totals = torch.zeros(len(texts), dtype=torch.float64, device=losses.device).index_add_(0, owners, losses)
    counts = torch.bincount(owners, minlength=len(texts))
    return list(zip(totals.tolist(), counts.tolist(), strict=True))


class Models:
    """Both models of a run."""

    def __init__(self, trained: Trained, loading: Callable[[], None]) -> None:
        """`loading` is called before weights are loaded."""
        self.trained, self._loading = trained, loading
        self._made: dict[bool, Any] = {}

    @contextmanager
    def lent(self, *, tuned: bool) -> Iterator[tuple[Callable[[], Any], Callable[[], bool]]]:
        """Functions for the block: the model, and whether it isolates packed texts."""
        with ExitStack() as stack:
            model = cache(lambda: self._load(tuned=True) if tuned else self._base(stack))

            @cache
            def packs() -> bool:
                with autocast(self.trained.dtype):
                    return self.trained.recipe.packing and packs_exactly(model(), device())

            yield model, packs

    def _base(self, stack: ExitStack) -> Any:
        if self.trained.recipe.method == "full" or self.trained.recipe.changes_base:  # there is no base in it
            return self._load(tuned=False)
        return stack.enter_context(adapter_disabled(self._load(tuned=True)))

    def _load(self, *, tuned: bool) -> Any:
        if tuned not in self._made:
            self._loading()
            self._made.clear()  # two whole models may be one too many
            self._made[tuned] = self.trained.tuned() if tuned else self.trained.base()
        return self._made[tuned]
