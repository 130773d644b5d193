"""The adapter merged into the weights of the 16-bit base: merging into 4-bit weights would round them again."""

from pathlib import Path
from typing import Any, Final

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from curate.core.errors import ModelError
from curate.models.names import model_errors
from curate.models.template import Template, load_template
from train.export.export_result import DtypeName
from train.loss import use_packed_attention
from train.model import DTYPES, device
from train.trained import Trained, same_template

LARGEST_SHARD: Final = "5GB"
HIGHEST: Final = torch.finfo(torch.float16).max / 4
"""Largest weight in float16, with a margin for the computation."""


def merge(model: Any, shown: str) -> Any:
    """Merge the adapter into the base. Raises `ModelError` if its weights are NaN or infinite."""
    if not isinstance(model, PeftModel):
        return model
    try:
        return model.merge_and_unload(safe_merge=True)
    except ValueError as error:
        raise ModelError(
            f"{shown}: cannot be merged: {error}",
            "the adapter contains NaN or infinity; train again with a lower learning rate",
        ) from error


def dtype_for(model: Any, wanted: DtypeName) -> torch.dtype:
    """The dtype of the written weights. Raises `ModelError` if they do not fit into the wanted one."""
    if wanted in ("bfloat16", "float32"):
        return DTYPES[wanted]
    highest = max(float(parameter.detach().abs().max()) for parameter in model.parameters())
    if highest <= HIGHEST:
        return torch.float16
    if wanted == "float16":
        raise ModelError(f"a weight of {highest:.3g} does not fit into float16", "--dtype bfloat16")
    return torch.bfloat16


def write(
    model: Any, dtype: torch.dtype, trained: Trained, template: Template, stops: tuple[int, ...], folder: Path
) -> None:
    """Write weights, configuration, tokenizer and chat template, as transformers, vLLM and Ollama load them."""
    model.to(dtype)
    model.config.dtype = dtype
    model.config._name_or_path = trained.recipe.model
    settings = model.generation_config
    settings.eos_token_id = (list(stops) if len(stops) > 1 else stops[0]) if stops else settings.eos_token_id
    if not settings.do_sample:  # settings of sampling that a model brings along would be refused beside it
        settings.temperature = settings.top_p = settings.top_k = None
    logging.disable_progress_bar()
    model.save_pretrained(str(folder), max_shard_size=LARGEST_SHARD)
    # Ollama and older servers look for the template in tokenizer_config.json only.
    template.tokenizer.save_pretrained(str(folder), save_jinja_files=False)


def load(folder: Path, dtype: torch.dtype, **options: Any) -> Any:
    """Load a written model, in `dtype`."""
    logging.disable_progress_bar()
    with model_errors(str(folder), "cannot be loaded"):
        options |= {"dtype": dtype, "device_map": {"": device()}, "use_safetensors": None if options else True}
        model = AutoModelForCausalLM.from_pretrained(str(folder), trust_remote_code=False, **options)
    use_packed_attention(model)
    return model.requires_grad_(False).eval()


def check_template(folder: Path, trained: Trained) -> None:
    """Raises `ModelError`, showing both, if the chat template that was written is not that of the training."""
    same_template(load_template(str(folder)).source, trained.report.template, trained.source, str(folder))
