"""The held-out questions of the proof of an export."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from curate.core.errors import InputError
from curate.core.text import visible
from curate.models.encoding import Encoded
from curate.models.template import Template
from train.evaluation.eval_setup import examples_of
from train.evaluation.prompts import Prompts, questions_of, spread_evenly
from train.model.base import base_config, longest_context
from train.model.generation import stop_ids
from train.trained import Trained

MAX_TOKENS: Final = 2048
"""Tokens of the longest question with its answer: a proof has to fit beside the weights."""


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions to both models, in the chat template of the training."""

    prompts: tuple[str, ...]
    texts: tuple[Encoded, ...]
    """The same with the answers of the data."""
    conversations: tuple[dict[str, Any], ...]
    """The examples' objects up to the answer, itself included."""
    stops: tuple[int, ...]
    """Tokens that end an answer."""
    max_new_tokens: int
    context: int
    """Tokens of the longest conversation of the training with an answer, as far as the model takes them."""


def questions_for(trained: Trained, template: Template, data: Path | None, count: int) -> Questions:
    """Up to `count` questions, spread over the held-out split. Raises `InputError` if the split has changed."""
    folder, split = data or Path(trained.recipe.data), trained.report.held_out
    room = longest_context(base_config(trained.recipe), MAX_TOKENS)
    rendering = Prompts(template, room)
    rendered: list[tuple[str, Encoded, dict[str, Any]]] = []
    for question in spread_evenly(questions_of(examples_of(trained, folder, split), "last"), 2 * count):
        prompt = rendering.of(question)
        if prompt is not None and len(prompt.encoded.input_ids) <= room and len(rendered) < count:
            rendered.append((prompt.text, prompt.encoded, {**question.example.value, "messages": question.messages}))
    if not rendered:
        raise InputError(
            f"{visible(str(folder))}: the split {split} contains no question to verify the export with",
            "name the split folder with --data",
        )
    prompts, texts, conversations = zip(*rendered, strict=True)
    recipe = trained.recipe
    context = longest_context(base_config(recipe), recipe.max_length + recipe.max_new_tokens)
    return Questions(prompts, texts, conversations, tuple(stop_ids(template, texts)), recipe.max_new_tokens, context)
