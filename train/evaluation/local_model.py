"""The base and the tuned model of a run, loaded on this machine and asked in batches."""

from collections.abc import Sequence
from typing import Final

from curate.models.names import configuration
from curate.models.template import Template
from train.evaluation.answering import Answer, Loss, ModelQueries, Models, ResponseCache
from train.evaluation.options import System
from train.evaluation.prompts import Prompt, Prompts, Question
from train.journal import Narrator
from train.model.base import longest_context
from train.model.generation import stop_ids
from train.trained import Trained

CONTEXT: Final = 8192
"""Most tokens of a prompt, even if the model allows more."""


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
        self._models = Models(trained, lambda: narrator.say("loading the model"))

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
        identity = [report.base, recipe.quantised, recipe.double_quantisation, str(self.trained.dtype), weights]
        stops = stop_ids(self.template, [prompt.encoded for prompt in prompts])
        asking = ModelQueries(self.template, stops, self.trained.dtype, most, cache, repr(identity))
        phase = self.narrator.phase(system.title, 2 * len(prompts))
        with self._models.lent(tuned=system.tuned) as (model, packs):
            answers = asking.answers(model, [prompt.text for prompt in prompts], phase.advance)
            losses = asking.losses(model, [prompt.encoded for prompt in prompts], packs, phase.advance)
        return answers, losses
