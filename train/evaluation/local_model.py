"""The base and the tuned model of a run, loaded on this machine and asked in batches."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache as cached
from functools import partial
from typing import Any, Final

from curate.core.example import content_id
from curate.models.encoding import IGNORE_INDEX, Encoded
from curate.models.template import Template
from train.evaluation.answering import Loss, ModelAnswer, ResponseCache
from train.evaluation.options import System
from train.evaluation.prompts import EvaluationQuestion, Prompt, Prompts
from train.journal import JournalPrinter
from train.memory.hardware import tokens_that_fit
from train.model.adapters import adapter_disabled
from train.model.base import autocast, base_config, device, longest_context
from train.model.generation import answers, stop_ids
from train.model.loss import packs_exactly
from train.trained import Trained
from train.training.held_out import passes

MAX_PROMPT_TOKENS: Final = 8192
Loaded = Callable[[], Any]
"""A model, loaded at the first call."""
Responses = Iterator[dict[str, Any]]
"""By key, for the cache."""


class LocalModel:
    """Renders prompts with the run's chat template and generates the answers."""

    def __init__(self, trained: Trained, printer: JournalPrinter) -> None:
        self.trained, self.printer = trained, printer
        self.template: Template = trained.template()
        self.names: dict[str, str | None] = {"model": trained.recipe.model, "tuned_model": None, "server": None}
        self.folder = trained.folder
        """Where answers and the result are kept."""
        self.context = longest_context(base_config(trained.recipe), sys.maxsize)
        """Tokens of the model's longest text."""
        self.prompt = Prompts(self.template, min(self.context, MAX_PROMPT_TOKENS), self.context).of
        """Renders a question as far as the model's context allows, or returns None."""
        self._made: dict[bool, Any] = {}

    def count_tokens(self, text: str) -> int:
        """Tokens of a text."""
        return len(self.template.ids(text))

    def refusal(self, question: EvaluationQuestion) -> str:
        """Why a question is not asked: the template refuses it, or it is too long."""
        encoding = self.template.encode({**question.example.value, "messages": question.messages})
        if encoding.length > self.context:
            return f"it has {encoding.length:,} tokens with its answer, the model takes {self.context:,}"
        return encoding.problems[0].message if encoding.problems else "the chat template changes its earlier turns"

    def agree(
        self, prompts_by_system: Sequence[tuple[System, Sequence[Prompt]]], cache: ResponseCache, most: int
    ) -> None:
        """Do nothing: a local model needs no consent, because no data leaves this machine."""

    def ask(
        self, system: System, prompts: Sequence[Prompt], cache: ResponseCache, most: int
    ) -> tuple[list[ModelAnswer], list[Loss]]:
        """For each prompt the answer, of at most `most` tokens, and the loss of the expected answer."""
        report, recipe = self.trained.report, self.trained.recipe
        weights = report.adapter_sha256 if system.tuned else None
        # What the answers depend on besides the prompt: the model, its weights, its precision.
        of = repr([report.base, recipe.quantised, recipe.double_quantisation, str(self.trained.dtype), weights])
        texts = [prompt.encoded for prompt in prompts]
        supervised = ([i for i, label in enumerate(text.labels) if label != IGNORE_INDEX] for text in texts)
        keyed_texts = [(content_id(["greedy", of, most, prompt.text]), prompt.text) for prompt in prompts]
        measured = [
            (content_id(["loss", of, text.input_ids, labelled]), text)
            for text, labelled in zip(texts, supervised, strict=True)
        ]
        phase = self.printer.phase(system.title, 2 * len(prompts))
        with self.lent(tuned=system.tuned) as model:
            generate = partial(self._generate, model, stop_ids(self.template, texts), most)
            answered = [ModelAnswer(*values) for values in cache.complete(keyed_texts, generate, phase.advance)]
            losses = [Loss(*values) for values in cache.complete(measured, partial(self._losses, model), phase.advance)]
        return answered, losses

    def _generate(
        self, model: Loaded, stops: list[int], most: int, prompts: dict[str, str]
    ) -> Iterator[dict[str, Any]]:
        """Yield the answers of each batch by key: the text, the text with special tokens, and whether it ended."""
        decode, keys = self.template.tokenizer.decode, list(prompts)
        inputs = (model(), self.template, list(prompts.values()), stops, self.trained.dtype)
        for batch in answers(*inputs, max_new_tokens=most, room=tokens_that_fit(model(), self.trained.dtype)):
            answers_by_key = {}
            for position, ids, ended in batch:
                text, raw = (decode(ids, skip_special_tokens=skip).strip() for skip in (True, False))
                answers_by_key[keys[position]] = (text, raw, ended)
            yield answers_by_key

    def _losses(self, model: Loaded, texts: dict[str, Encoded]) -> Responses:
        """Yield by key the summed loss of each text and the number of its supervised tokens."""
        dtype, keys = self.trained.dtype, iter(texts)
        with autocast(dtype):
            packing = self.trained.recipe.packing and packs_exactly(model(), device())
        for packed, text_losses in passes(model(), list(texts.values()), dtype, packing=packing):
            totals = packed.sums(text_losses.each.double()).tolist()
            yield {next(keys): sum_and_count for sum_and_count in zip(totals, packed.counts, strict=True)}

    @contextmanager
    def lent(self, *, tuned: bool) -> Iterator[Loaded]:
        """Yield a function that returns the tuned model or its base, which is loaded at the first call."""
        recipe = self.trained.recipe
        inside = not tuned and recipe.method != "full" and not recipe.changes_base  # the base is in the tuned model
        with ExitStack() as stack:

            @cached
            def model() -> Any:
                loaded = self._load(tuned=tuned or inside)
                return stack.enter_context(adapter_disabled(loaded)) if inside else loaded

            yield model

    def _load(self, *, tuned: bool) -> Any:
        """The tuned model or its base; only the one asked for last is kept in memory."""
        if tuned not in self._made:
            self.printer.print("loading the model")
            self._made.clear()  # two whole models may be one too many
            self._made[tuned] = self.trained.tuned() if tuned else self.trained.base()
        return self._made[tuned]
