"""The forms of an export: how each is written, and loaded again for the proof."""

import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from curate.core.errors import UsageError
from curate.core.text import visible
from curate.models.names import configuration
from curate.models.template import Template
from train.export import gguf_file, gguf_layout, merged, ollama_template
from train.export.export_result import Options
from train.export.gguf_layout import cut_of
from train.export.questions import Questions
from train.model.adapters import lora_weights, obstacle
from train.recipe import Recipe
from train.trained import Trained, same_template


class Written(NamedTuple):
    """The files that were written."""

    dtype: str
    load: Callable[[], Any]
    """Loads the model from the files."""
    notes: list[str]


def refuse(recipe: Recipe, options: Options) -> None:
    """Raises `UsageError` if a form of export is impossible for a method."""
    how = recipe.how
    if options.dtype == "q8_0" and options.form not in ("gguf", "ollama"):
        raise UsageError(f"--dtype q8_0: --to {options.form} has no such type", "use --to gguf or --to ollama")
    if options.form != "adapter" and not how.merges:
        raise UsageError(
            f"--to {options.form}: {how.title} cannot be merged into the base",
            "use --to adapter, which transformers and PEFT load",
        )
    if options.form in ("adapter", "gguf-adapter") and recipe.method == "full":
        raise UsageError(
            f"--to {options.form}: full fine-tuning produces a full model, not an adapter",
            "use --to merged or --to gguf",
        )


class Writer:
    """Writes an export into a temporary folder."""

    def __init__(
        self, trained: Trained, template: Template, options: Options, stage: Path, stored: torch.dtype
    ) -> None:
        """Raises `UsageError` if the form is impossible for this model."""
        self.trained, self.template, self.options, self.stage, self.stored = trained, template, options, stage, stored
        self.name = options.name or _plain(trained.folder.path.resolve().name)
        if options.form in ("gguf", "ollama", "gguf-adapter"):
            self.config = configuration(trained.recipe.model)
            self.family = gguf_layout.family_of(self.config)
        if options.form in ("gguf", "ollama"):
            cut_of(template.tokenizer)
        if options.form == "gguf-adapter" and (why := obstacle(trained.folder.adapter)):
            raise UsageError(f"--to gguf-adapter: {why}", "use --to gguf, which writes full weights")

    def write(self, model: Any, questions: Questions) -> Written:
        """Write the files; `model`, the adapter on its base, is consumed. Raises `CurateError`."""
        if self.options.form == "adapter":
            return self._adapter()
        if self.options.form == "gguf-adapter":
            return self._gguf_adapter()
        form, dtype = self.options.form, self.options.dtype
        whole, found = merged.merge(model, "auto" if dtype == "q8_0" else dtype, visible(str(self.options.folder)))
        return self._merged(whole, found, questions) if form == "merged" else self._gguf(whole, found, questions)

    def _adapter(self) -> Written:
        for file in sorted(self.trained.folder.adapter.iterdir()):
            shutil.copyfile(file, self.stage / file.name)
        merged.check_template(self.stage, self.trained)
        return Written(
            "float32", lambda: self.trained.tuned(quantised=False, dtype=self.stored, adapter=self.stage), []
        )

    def _merged(self, whole: Any, dtype: torch.dtype, questions: Questions) -> Written:
        merged.write(whole, dtype, self.trained, self.template, questions.stops, self.stage)
        merged.check_template(self.stage, self.trained)
        return Written(_name(dtype), lambda: merged.load(self.stage, dtype), [])

    def _gguf(self, whole: Any, dtype: torch.dtype, questions: Questions) -> Written:
        target, kind = self.stage / gguf_layout.FILE, gguf_file.KINDS[dtype]
        if self.options.dtype == "q8_0":
            kind = gguf_file.Q8_0
        layout = self.config, self.family
        gguf_file.write_model(whole, *layout, self.template, questions.stops, kind, self.name, target)
        written = gguf_file.template_in(target)
        same_template(written, self.trained.report.template, self.trained.source, str(target))
        notes: list[str] = []
        if self.options.form == "ollama":
            notes = ollama_template.write(self.stage, self.name, self.template, questions, self.trained.report)
        name = "q8_0" if kind is gguf_file.Q8_0 else _name(dtype)
        return Written(name, lambda: gguf_file.load_model(target, dtype, *layout), notes)

    def _gguf_adapter(self) -> Written:
        factors, target = lora_weights(self.trained.folder.adapter), self.stage / gguf_file.ADAPTER_FILE
        gguf_file.write_adapter(factors, self.config, self.family, self.name, target)
        note = (
            "use it with the GGUF of the base: llama-server -m BASE.gguf --lora adapter.gguf; the chat template in "
            "the base must be the one of the training"
        )
        return Written("float32", lambda: self._with_read(target, list(factors.modules)), [note])

    def _with_read(self, target: Path, modules: list[str]) -> Any:
        """The base with the adapter of the file."""
        model = self.trained.base(quantised=False, dtype=self.stored)
        for module, (down, up) in gguf_file.read_adapter(target, self.config, self.family, modules).items():
            place = next(model.parameters()).device
            model.get_submodule(module).register_forward_hook(partial(_added, down.to(place), up.to(place)))
        return model


def _added(down: torch.Tensor, up: torch.Tensor, _module: Any, inputs: Any, output: torch.Tensor) -> torch.Tensor:
    """The output of a linear layer with the update of LoRA factors."""
    changed: torch.Tensor = output + inputs[0].float() @ down.t() @ up.t()
    return changed


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _plain(name: str) -> str:
    """A name of letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "model"
