"""The forms of an export: how each is written, and loaded again for the proof."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch

from curate.core.errors import UsageError
from curate.core.text import visible
from curate.models.names import configuration
from curate.models.template import Template
from train.adapters import lora_weights, obstacle
from train.export import gguf_file, gguf_layout, merged, ollama_template
from train.export.export_result import Options
from train.export.gguf_layout import cut_of
from train.export.questions import Questions
from train.recipe import Recipe
from train.trained import Trained, same_template

MERGED: Final = ".merged"
"""Temporary folder of full weights for GGUF."""


class Written(NamedTuple):
    """The files that were written."""

    dtype: str
    load: Callable[[], Any]
    """Loads the model from the files."""
    notes: list[str]


def refuse(recipe: Recipe, options: Options) -> None:
    """Raises `UsageError` if a form of export is impossible for a method."""
    how = recipe.how
    if options.form != "adapter" and not how.merges:
        raise UsageError(
            f"--to {options.form}: {how.title} cannot be merged into the base",
            "--to adapter, for transformers and PEFT",
        )
    if options.form in ("adapter", "gguf-adapter") and recipe.method == "full":
        raise UsageError(
            f"--to {options.form}: full fine-tuning produces a full model, not an adapter", "--to merged or --to gguf"
        )


class Writer:
    """Writes an export into a temporary folder."""

    def __init__(
        self, trained: Trained, template: Template, options: Options, stage: Path, compute: torch.dtype
    ) -> None:
        """Raises `UsageError` if the form is impossible for this model."""
        self.trained, self.template, self.options, self.stage, self.compute = trained, template, options, stage, compute
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
        whole = merged.merge(model, visible(str(self.options.folder)))
        dtype = merged.dtype_for(whole, self.options.dtype)
        if self.options.form == "merged":
            return self._merged(whole, dtype, questions)
        return self._gguf(whole, dtype, questions)

    def _adapter(self) -> Written:
        for file in sorted(self.trained.folder.adapter.iterdir()):
            shutil.copyfile(file, self.stage / file.name)
        merged.check_template(self.stage, self.trained)
        return Written(
            "float32", lambda: self.trained.tuned(quantised=False, dtype=self.compute, adapter=self.stage), []
        )

    def _merged(self, whole: Any, dtype: torch.dtype, questions: Questions) -> Written:
        merged.write(whole, dtype, self.trained, self.template, questions.stops, self.stage)
        merged.check_template(self.stage, self.trained)
        return Written(_name(dtype), lambda: merged.load(self.stage, self.compute), [])

    def _gguf(self, whole: Any, dtype: torch.dtype, questions: Questions) -> Written:
        source, target = self.stage / MERGED, self.stage / gguf_layout.FILE
        merged.write(whole, dtype, self.trained, self.template, questions.stops, source)
        layout = self.config, self.family
        gguf_file.write_model(source, *layout, self.template, questions.stops, dtype, self.name, target)
        shutil.rmtree(source)
        written = gguf_file.template_in(target)
        same_template(written, self.trained.report.template, self.trained.source, str(target))
        notes: list[str] = []
        if self.options.form == "ollama":
            notes = ollama_template.write(self.stage, self.name, self.template, questions, self.trained.report.system)
        return Written(_name(dtype), lambda: gguf_file.load_model(target, self.compute, self.config), notes)

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
        model = self.trained.base(quantised=False, dtype=self.compute)
        with torch.no_grad():
            for module, change in gguf_file.read_adapter(target, self.config, self.family, modules).items():
                weight = model.get_submodule(module).weight
                weight += change.to(weight)
        return model


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _plain(name: str) -> str:
    """A name of letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "model"
