"""A first recipe for a data set and a GPU: `curate recipe init`.

The proposed base models have open licences, need no sign-up and have a chat template. Their sizes are copied from
config.json, so that one can be chosen offline; `curate train --plan` reads the real file.
"""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch

from curate.core.errors import InputError, ModelError
from curate.core.example import Example
from curate.core.text import BYTES_PER_TOKEN, gigabytes, plural
from curate.models.chat_templates import chat_template_source
from curate.models.names import configuration
from curate.models.template import Template, load_template
from curate.project.manifest import SPLIT_NAMES
from train.data.pairs import objective_of, sides_of
from train.data.split_files import SplitFiles
from train.data.splits import longer_context
from train.memory.autoconfig import Fit, TextLengths, available, choose_settings, sizes_of
from train.memory.memory_profile import MemoryProfile
from train.methods import OBJECTIVES, ObjectiveName
from train.model.base import device, longest_context
from train.recipe import Recipe, commented_text

SCALES: Final = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"))
"""Numbers with their names."""


class Base(NamedTuple):
    """A base model by its hub id and its shape, which transformers' names describe."""

    name: str
    model_type: str
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    intermediate_size: int
    vocab_size: int
    head_dim: int
    tie_word_embeddings: bool = True

    @property
    def least(self) -> int:
        """Bytes that its layers take in 4 bits: a lower bound for the memory of a training."""
        attention = 2 * self.hidden_size * (self.num_attention_heads + self.num_key_value_heads) * self.head_dim
        return self.num_hidden_layers * (attention + 3 * self.hidden_size * self.intermediate_size) // 2

    def configuration(self) -> Any:
        """The configuration for transformers."""
        from transformers import AutoConfig  # only who asks for a base pays

        return AutoConfig.for_model(**{key: value for key, value in self._asdict().items() if key != "name"})


BASES: Final = (
    Base("HuggingFaceTB/SmolLM2-135M-Instruct", "llama", 576, 30, 9, 3, 1536, 49152, 64),
    Base("HuggingFaceTB/SmolLM2-360M-Instruct", "llama", 960, 32, 15, 5, 2560, 49152, 64),
    Base("Qwen/Qwen3-0.6B", "qwen3", 1024, 28, 16, 8, 3072, 151936, 128),
    Base("Qwen/Qwen3-1.7B", "qwen3", 2048, 28, 16, 8, 6144, 151936, 128),
    Base("Qwen/Qwen3-4B", "qwen3", 2560, 36, 32, 8, 9728, 151936, 128),
    Base("Qwen/Qwen3-8B", "qwen3", 4096, 36, 32, 8, 12288, 151936, 128, tie_word_embeddings=False),
    Base("Qwen/Qwen3-14B", "qwen3", 5120, 40, 40, 8, 17408, 151936, 128, tie_word_embeddings=False),
    Base("Qwen/Qwen3-32B", "qwen3", 5120, 64, 64, 8, 25600, 151936, 128, tie_word_embeddings=False),
)
CPU_BASES: Final = 1
"""Number of bases, from the smallest, that a CPU trains in a reasonable time."""


OBJECTIVE_REASONS: Final = {
    "pt": "the data are plain text: continued pretraining",
    "dpo": "the data are pairs of answers; orpo, kto and sft, on the chosen ones, read them too",
    "kto": "the answers are labelled good or bad",
}
LENGTH_STEP: Final = 64
"""Lengths are rounded up to a multiple of it."""
SMALL_DATASET: Final = 10_000
"""Examples up to which one pass over the data is too few."""
PROMPT_SHARE: Final = 0.7
"""Assumed share of prompt tokens without a tokenizer."""
EXPORT_BYTES: Final = 3e9
"""Bytes that an export takes besides the weights in 16 bits, 2.4e9 of an 8B: `tests/bench/export_memory.py`."""


@dataclass(frozen=True, slots=True)
class RecipeDraft:
    """A recipe with the reason for each of its keys."""

    lines: tuple[tuple[str, Any, str], ...]
    """Key, value, reason."""
    notes: tuple[str, ...]
    """What does not fit."""
    fits: bool
    """Whether the training fits the memory."""

    def text(self) -> str:
        """The recipe as TOML, with the reason for each key as a comment."""
        return commented_text("Written by `curate recipe init`; all keys: curate recipe keys.", self.lines)


def init_recipe(
    data: Path, name: str, model: str | None, memory: int | None, chat_template: str, template_name: str
) -> RecipeDraft:
    """A recipe for the split folder `data`, and for `model`, or the largest base that fits.

    `name`, `template_name`: what the recipe calls the folder and the chat template, which may be empty. `memory`: bytes
    of a GPU; None: that of this machine. Raises `InputError` without a training split, `ModelError` for a model that is
    named and not available, `UsageError` for such a chat template.
    """
    examples, *held_out = _examples(data)
    objective = objective_of(examples)
    if chat_template:
        chat_template_source(chat_template)
    plain, goal = objective == "pt", OBJECTIVES[objective]
    template = (
        load_template(model, chat_template) if model is not None and not plain else None
    )  # nothing of a proposed base
    lengths, supervised = _lengths(examples, objective, template)
    if not lengths:
        words = ["curate", "check", str(data), "--model", str(model)]
        command = shlex.join([*words, *(["--chat-template", chat_template] if chat_template else [])])
        raise ModelError(f"{data}: the chat template refuses all examples", f"{command}  shows why")
    block: int = Recipe.model_fields["max_length"].default
    texts = TextLengths([min(length, block) for length in lengths] if plain else lengths, supervised)
    on_cpu = memory is None and device().type == "cpu"
    free_memory = available() if memory is None else memory
    chosen, fit, sizes = _base(model, name, texts, free_memory, on_cpu=on_cpu)
    longest = max(lengths + [length for split in held_out for length in _lengths(split, objective, template)[0]])
    longest = block if plain else longest
    epochs = 3 if len(examples) < SMALL_DATASET else 1
    billions = sizes.total / 1e9
    counted = "has" if template is not None else "has about"
    needs = f"{_weights(sizes.total)}; it needs {gigabytes(fit.estimate.high)} of {gigabytes(free_memory)}"
    length = f"the longest example {counted} {longest:,} tokens; examples are never cut"
    length = "texts are cut into blocks of this length" if plain else length
    exported, notes = _export_need(sizes, free_memory, on_cpu=on_cpu)
    if not fit.fits:
        needed = f"it needs {gigabytes(fit.estimate.high)}, and there are {gigabytes(free_memory)}"
        notes.insert(0, f"the recipe does not fit: {needed}; name a smaller --model, or more memory")
    if not plain and longest > (context := longest_context(sizes.config, sys.maxsize)):
        problem = f"the longest example {counted} {longest:,} tokens, more than the model's {context:,}"
        notes.insert(0, f"{problem}: leave it out, shorten it, or {longer_context(longest, context)}")
    lines: list[tuple[str, Any, str]] = [
        ("model", chosen, needs),
        *([("chat_template", template_name, "instead of the model's own, if it has one")] if chat_template else []),
        ("data", name, plural(len(examples), "example")),
        *([("objective", objective, OBJECTIVE_REASONS[objective])] if objective != "sft" else []),
        ("method", sizes.recipe.method, f"the base in {'4' if sizes.recipe.quantised else '16'} bits; {exported}"),
        ("max_length", ceil(longest / LENGTH_STEP) * LENGTH_STEP, length),
        ("epochs", epochs, "passes over the data; the adapter with the best validation loss is kept"),
        ("patience", 3, "measurements without an improvement end the training"),
    ]
    if billions < 1:
        lines.append(("learning_rate", 1e-3 * goal.rate, f"small models tolerate more than {2e-4 * goal.rate:g}"))
    elif billions > 13:
        lines.append(("learning_rate", 1e-4 * goal.rate, "QLoRA above 13 billion"))
    return RecipeDraft(tuple(lines), tuple(notes), fit.fits)


def _weights(count: int) -> str:
    """A number of weights in words: `160 thousand weights`, `1.5 billion weights`."""
    size, name = next((pair for pair in SCALES if count >= pair[0]), SCALES[-1])
    return f"{float(f'{count / size:.2g}'):g} {name} weights"


def _export_need(sizes: MemoryProfile, free_memory: int, *, on_cpu: bool) -> tuple[str, list[str]]:
    """The memory of an export in words, and a note if it is more than `free_memory`, in bytes."""
    export = 2 * sizes.total + EXPORT_BYTES
    exported = f"`curate export` needs about {gigabytes(export)}, for weights in 16 bits"
    if export <= free_memory:
        return exported, []
    where = "that is more than this machine has" if on_cpu else "that is more than the GPU has; use `--device cpu`"
    return exported, [f"{exported}: {where}"]


def _examples(data: Path) -> list[list[Example]]:
    """The examples of each split. Raises `InputError` if there are none to train on."""
    splits = [SplitFiles.of(data, split) for split in SPLIT_NAMES]
    splits[0].required(f"create the split with  curate split {data} -o FOLDER  and use  --for FOLDER")
    examples = [list(split.examples()) for split in splits]
    if not examples[0]:
        file = splits[0].shown
        raise InputError(f"{file}: contains no example", f"curate check {file}")
    return examples


def _base(
    model: str | None, data: str, texts: TextLengths, memory: int, *, on_cpu: bool
) -> tuple[str, Fit, MemoryProfile]:
    """Name, settings and memory estimates of the base that is named, or of the largest one that fits."""
    dtype = torch.bfloat16
    optimiser = "adamw_torch" if on_cpu else "paged_adamw_8bit"

    def sized(name: str, shape: Any) -> MemoryProfile:
        recipe = Recipe(model=name, data=data, max_length=max(texts.lengths))
        return sizes_of(recipe, dtype, memory, on_cpu=on_cpu, config=shape)

    bases = () if model is not None else BASES[:CPU_BASES] if on_cpu else BASES
    for base in reversed(bases):
        if base.least > memory or (sizes := sized(base.name, base.configuration())).without_steps(optimiser) > memory:
            continue  # no step has to be run to see it
        fit = choose_settings(sizes, texts, memory, optimiser=optimiser)
        if fit.fits:
            return base.name, fit, sizes
    name = model or BASES[0].name
    sizes = sized(name, configuration(name) if model else BASES[0].configuration())
    return name, choose_settings(sizes, texts, memory, optimiser=optimiser), sizes


def _lengths(
    examples: Sequence[Example], objective: ObjectiveName, template: Template | None
) -> tuple[list[int], float]:
    """Tokens of each text, and the share that is trained on; about four bytes a token without a tokenizer."""
    sides = (sides_of(example, objective) for example in examples)
    values = [side.value for text in sides if not isinstance(text, str) for side in text]
    if template is None:
        texts = [[str(turn.get("content") or "") for turn in value.get("messages", [])] for value in values]
        sizes = ([len(text.encode()) // BYTES_PER_TOKEN + 8 for text in turns] for turns in texts)
        return [sum(turns) + 8 for turns in sizes], 1 - PROMPT_SHARE
    encoded = [text for value in values for text in template.encode(value).encoded]
    lengths = [len(text.input_ids) for text in encoded]
    return lengths, sum(text.supervised for text in encoded) / max(1, sum(lengths))
