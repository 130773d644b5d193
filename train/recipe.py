"""The recipe: everything that a training needs, in one TOML file. Defaults carry their source."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from curate.config import validated
from curate.errors import ConfigError, UsageError

Positive = Annotated[int, Field(ge=1)]
Targets = Literal["all-linear", "attention", "attention+mlp"] | tuple[str, ...]


class Recipe(BaseModel):
    """A training, from the base model to the number of answers shown at its end."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    model: Annotated[str, Field(min_length=1)]
    """Base model: a folder (relative to the recipe), a hub id, or `offline:NAME` for one that comes as a package."""
    data: Annotated[str, Field(min_length=1)]
    """Folder with train.jsonl, validation.jsonl and test.jsonl, relative to the recipe."""

    method: Literal["lora", "qlora"] = "qlora"
    """qlora trains on a base in NF4 with double quantisation (Dettmers et al. 2023); lora on the base as it is."""
    rank: Positive = 16
    """Rank of the adapter; matters only when the data exceed its capacity (LoRA Without Regret, 2025)."""
    alpha: Annotated[float, Field(gt=0)] = 32.0
    """The adapter's output is scaled by alpha / rank; twice the rank is common practice."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout before the adapter (QLoRA: 0.1 up to 13B, 0.05 above; torchtune: 0). On a CPU drawing it takes a fifth of the time."""
    target_modules: Targets = "all-linear"
    """Which layers get an adapter: all linear ones (QLoRA, LoRA Without Regret), a preset, or names of modules."""

    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    """Peak learning rate (QLoRA: 2e-4 up to 13B, 1e-4 above; small models and few steps bear ten times as much)."""
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """What the learning rate does after the warm-up; linear and cosine end at 0."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.03
    """Share of the steps in which the learning rate rises (QLoRA: 0.03)."""
    optimiser: Literal["auto", "adamw_torch", "adamw_8bit", "paged_adamw_8bit", "paged_adamw_32bit"] = "auto"
    """auto: paged 8-bit AdamW on a GPU, plain AdamW on a CPU, which has nothing to page to."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    max_grad_norm: Annotated[float, Field(ge=0)] = 1.0
    """Gradients are clipped to this norm; 0 leaves them alone (QLoRA: 0.3)."""

    epochs: Annotated[float, Field(gt=0)] | None = None
    """Passes over the training split; 1 when neither this nor `max_steps` is given."""
    max_steps: Positive | None = None
    """Optimiser steps, instead of `epochs`."""
    batch: Positive = 8
    """Examples in one forward pass; they are packed, so none is padded."""
    accumulation: Positive = 1
    """Forward passes in one optimiser step; the loss is the mean over all their supervised tokens."""
    max_length: Positive = 1024
    """Tokens of the longest example that is trained on; none is ever cut."""
    over_length: Literal["refuse", "leave-out"] = "refuse"
    """Longer examples: stop with the list of them, or leave them out and list them in the report."""
    untrainable: Literal["refuse", "leave-out"] = "refuse"
    """Examples that the chat template refuses or in which nothing is supervised: stop, or leave them out and list them."""

    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Of the computation; auto: bfloat16 where the device computes in it natively, else float32. Adapters stay in float32."""
    activation_checkpointing: bool = False
    """Compute activations again in the backward pass: about a fifth slower, and much less memory at great length."""
    save_every: Positive = 20
    """Steps between checkpoints."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Decides the adapter's start, the order of examples and the dropout."""
    threads: Annotated[int, Field(ge=0)] = 0
    """CPU threads; 0 leaves it to torch. Results on a CPU are equal bit by bit only for equal numbers."""

    generations: Annotated[int, Field(ge=0)] = 5
    """Held-out prompts answered by the base and by the tuned model, side by side."""
    max_new_tokens: Positive = 64
    """Longest of these answers."""

    @model_validator(mode="after")
    def _length(self) -> "Recipe":
        if self.epochs is not None and self.max_steps is not None:
            raise ValueError("epochs and max_steps are both given: which one counts?")
        return self


def load_recipe(path: Path) -> Recipe:
    """Read a recipe; its relative paths become absolute ones.

    Raises `UsageError` when there is none, `ConfigError` with every mistake, its key and the likely meant one.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such recipe", 'write one, with at least  model = "..."  and  data = "FOLDER"') from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", "name the recipe file itself and check its permissions") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}", "mend the line that is named") from error
    recipe = validated(Recipe, values, str(path))
    folder = path.parent.resolve()
    changes = {"data": str(folder / Path(recipe.data).expanduser())}
    if (folder / recipe.model).is_dir():
        changes["model"] = str(folder / recipe.model)
    return recipe.model_copy(update=changes)
