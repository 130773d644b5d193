"""The base and the tuned model of a run, loaded on this machine and asked in batches."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache as cached
from functools import partial
from typing import Any, Final

import torch

from curate.core.example import content_id
from curate.models.encoding import IGNORED, Encoded
from curate.models.names import configuration
from curate.models.template import Template
from train.batching import groups, pack
from train.errors import ran_out
from train.evaluation.answering import Answer, Loss, ResponseCache
from train.evaluation.options import System
from train.evaluation.prompts import Prompt, Prompts, Question
from train.journal import Narrator
from train.memory.hardware import free_memory
from train.model.adapters import adapter_disabled
from train.model.base import autocast, device, longest_context
from train.model.generation import answer_ids, stop_ids, until_stop
from train.model.loss import packs_exactly, token_losses
from train.trained import Trained
from train.training.held_out import TOKENS

CONTEXT: Final = 8192
"""Most tokens of a prompt, even if the model allows more."""
ROOM: Final = {"cpu": 1 << 13, "cuda": 1 << 16}
"""Most tokens of a batch, including those to be generated."""
SHARE: Final = 0.7
"""Of the free memory that the keys and values of a batch may take; the rest is for activations."""
Loaded = Callable[[], Any]
"""A model, loaded at the first call."""
Responses = Iterator[dict[str, Any]]
"""By key, for the cache."""


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


class LocalModel:
    """Renders prompts with the run's chat template and generates the answers."""

    def __init__(self, trained: Trained, narrator: Narrator) -> None:
        self.trained, self.narrator = trained, narrator
        self.template: Template = trained.template()
        self.names: dict[str, str | None] = {"model": trained.recipe.model, "tuned_model": None, "server": None}
        self.folder = trained.folder
        """Where answers and the result are kept."""
        self.prompt = Prompts(self.template, longest_context(configuration(trained.recipe.model), CONTEXT)).of
        """Renders a question as far as the model's context goes, or returns None."""
        self._made: dict[bool, Any] = {}

    def count_tokens(self, text: str) -> int:
        """Tokens of a text."""
        return len(self.template.ids(text))

    def refusal(self, question: Question) -> str:
        """Why the template refuses a question."""
        encoding = self.template.encode({**question.example.value, "messages": question.messages})
        return encoding.problems[0].message if encoding.problems else "the chat template changes its earlier turns"

    def agree(self, asked: Sequence[tuple[System, Sequence[Prompt]]], cache: ResponseCache, most: int) -> None:
        """Nothing leaves this machine."""

    def ask(
        self, system: System, prompts: Sequence[Prompt], cache: ResponseCache, most: int
    ) -> tuple[list[Answer], list[Loss]]:
        """Answers of at most `most` tokens, and the losses of the answers of the data."""
        report, recipe = self.trained.report, self.trained.recipe
        weights = report.adapter_sha256 if system.tuned else None
        # What the answers depend on besides the prompt: the model, its weights, its precision.
        of = repr([report.base, recipe.quantised, recipe.double_quantisation, str(self.trained.dtype), weights])
        texts = [prompt.encoded for prompt in prompts]
        supervised = ([i for i, label in enumerate(text.labels) if label != IGNORED] for text in texts)
        asked = [(content_id(["greedy", of, most, prompt.text]), prompt.text) for prompt in prompts]
        measured = [
            (content_id(["loss", of, text.input_ids, labelled]), text)
            for text, labelled in zip(texts, supervised, strict=True)
        ]
        phase = self.narrator.phase(system.title, 2 * len(prompts))
        with self.lent(tuned=system.tuned) as model:
            generate = partial(self._generate, model, stop_ids(self.template, texts), most)
            answers = [Answer(*one) for one in cache.complete(asked, generate, phase.advance)]
            losses = [Loss(*one) for one in cache.complete(measured, partial(self._losses, model), phase.advance)]
        return answers, losses

    def _generate(
        self, model: Loaded, stops: list[int], most: int, prompts: dict[str, str]
    ) -> Iterator[dict[str, Any]]:
        """Answers to prompts of similar length together, the longest first, so that a lack of memory shows early."""
        dtype, decode = self.trained.dtype, self.template.tokenizer.decode
        lengths = {key: self.count_tokens(prompt) + most for key, prompt in prompts.items()}
        waiting = sorted(lengths, key=lambda key: -lengths[key])
        room = tokens_that_fit(model(), dtype)
        while waiting:
            batch = waiting[: max(1, room // lengths[waiting[0]])]
            try:
                asked = [prompts[key] for key in batch]
                found = answer_ids(model(), self.template, asked, stops, dtype, max_new_tokens=most)
            except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
                if not ran_out(error) or len(batch) == 1:
                    raise
                room = len(batch) // 2 * lengths[batch[0]]
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
                continue
            answers = {}
            for key, ids in zip(batch, found, strict=True):
                answer, ended = until_stop(ids, stops)
                text, raw = (decode(answer, skip_special_tokens=skip).strip() for skip in (True, False))
                answers[key] = (text, raw, ended)
            yield answers
            del waiting[: len(batch)]

    @torch.no_grad()
    def _losses(self, model: Loaded, texts: dict[str, Encoded]) -> Responses:
        """The loss on the supervised tokens of each text."""
        dtype, keys = self.trained.dtype, iter(texts)
        model().eval()
        with autocast(dtype):
            packing = self.trained.recipe.packing and packs_exactly(model(), device())
        for group in groups(list(texts.values()), TOKENS if packing else 1):
            packed = pack(group).to(device())
            with autocast(dtype):
                losses = token_losses(model(), packed).double()
            owners = packed.text_numbers()[packed.keep]
            totals = torch.zeros(len(group), dtype=torch.float64, device=losses.device).index_add_(0, owners, losses)
            counts = torch.bincount(owners, minlength=len(group))
            yield {next(keys): one for one in zip(totals.tolist(), counts.tolist(), strict=True)}

    @contextmanager
    def lent(self, *, tuned: bool) -> Iterator[Loaded]:
        """The tuned model or its base while the block runs, loaded when it is first called for."""
        recipe = self.trained.recipe
        inside = not tuned and recipe.method != "full" and not recipe.changes_base  # the base is in the tuned model
        with ExitStack() as stack:

            @cached
            def model() -> Any:
                found = self._load(tuned=tuned or inside)
                return stack.enter_context(adapter_disabled(found)) if inside else found

            yield model

    def _load(self, *, tuned: bool) -> Any:
        if tuned not in self._made:
            self.narrator.say("loading the model")
            self._made.clear()  # two whole models may be one too many
            self._made[tuned] = self.trained.tuned() if tuned else self.trained.base()
        return self._made[tuned]
