"""One export: the adapter is asked, the files are written, loaded again and asked the same, and take their place when they say the same."""

import gc
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from curate.errors import UsageError
from curate.text import visible
from train import evaluate
from train.attach import without
from train.export import merged
from train.export.card import card
from train.export.folder import conclude, files_of, writing
from train.export.options import Options
from train.export.questions import Questions, questions_for
from train.export.report import Export, Proof
from train.export.witness import Testimony, Witness, accept, compare, root_mean_square
from train.model import DTYPES, device
from train.progress import Narrator
from train.recipe import Recipe
from train.trained import Trained


def export(trained: Trained, options: Options, narrator: Narrator) -> Export:
    """Write an export and prove it. Raises `CurateError`, and then the folder is as it was."""
    refuse(trained.recipe, options)
    with trained.folder.locked(), writing(options.folder) as stage:
        return Exporting(trained, options, narrator, stage).run()


def refuse(recipe: Recipe, options: Options) -> None:
    """Raises `UsageError` where a method leaves nothing for a form of export."""
    how = recipe.how
    if options.form != "adapter" and not how.merges:
        raise UsageError(
            f"--to {options.form}: what {how.title} trains cannot be written into the weights of the base",
            "--to adapter; it is served with transformers and PEFT",
        )
    if options.form in ("adapter", "gguf-adapter") and recipe.method == "full":
        raise UsageError(f"--to {options.form}: full fine-tuning leaves a whole model and no adapter", "--to merged or --to gguf")


class Exporting:
    """An export on its way."""

    def __init__(self, trained: Trained, options: Options, narrator: Narrator, stage: Path) -> None:
        self.trained, self.options, self.narrator, self.stage = trained, options, narrator, stage
        self.template = trained.template()  # refuses another one than that of the training
        self.questions: Questions = questions_for(trained, self.template, options.data, options.prompts)
        # What is compared is rounding of weights: where it costs nothing but time, nothing else is rounded.
        self.compute = torch.float32 if device().type == "cpu" else DTYPES.get(options.dtype, torch.float16)
        self.shown = visible(str(options.folder))
        self.notes: list[str] = []

    def run(self) -> Export:
        """All of it."""
        trained_loss = self._trained_loss()
        self.narrator.say("loading the adapter on its base in 16 bits")
        model = self.trained.tuned(quantised=False, dtype=self.compute)
        reference, effect = self._reference(model)
        dtype, load = self._written(model)
        del model
        gc.collect()
        proof = self._prove(reference, effect, load, trained_loss)
        return self._conclude(dtype, proof)

    def _trained_loss(self) -> float | None:
        """Loss with the base in 4 bits, as it was trained; None where it was not."""
        if not self.trained.recipe.quantised:
            return None
        self.narrator.say("loading the adapter on its base in 4 bits")
        model = self.trained.tuned()
        return evaluate.held_out_loss(model, self.questions.texts, self.trained.dtype, packing=False, done=lambda _: None)

    def _reference(self, model: Any) -> tuple[Testimony, float | None]:
        witness = self._witness("asking the adapter")
        reference = witness.testimony(model)
        if self.trained.recipe.method == "full":
            return reference, None
        with without(model) as base:
            return reference, root_mean_square(reference.logits, witness.logits(base))

    def _witness(self, name: str) -> Witness:
        phase = self.narrator.phase(name, 2 * len(self.questions.prompts))
        return Witness(self.template, self.questions, self.compute, phase.advance)

    def _written(self, model: Any) -> tuple[str, Callable[[], Any]]:
        """Write the files; returns the dtype of the weights, and how they are loaded again."""
        if self.options.form == "adapter":
            for file in sorted(self.trained.folder.adapter.iterdir()):
                shutil.copyfile(file, self.stage / file.name)
            merged.check_template(self.stage, self.trained)
            return "float32", lambda: self.trained.tuned(quantised=False, dtype=self.compute, adapter=self.stage)
        whole = merged.merge(model, self.shown)
        dtype = merged.dtype_for(whole, self.options.dtype)
        merged.write(whole, dtype, self.trained, self.template, self.questions.stops, self.stage)
        merged.check_template(self.stage, self.trained)
        return str(dtype).removeprefix("torch."), lambda: merged.load(self.stage, self.compute)

    def _prove(self, reference: Testimony, effect: float | None, load: Callable[[], Any], trained_loss: float | None) -> Proof:
        model = load()
        witness = self._witness("asking the export")
        proof = compare(witness, reference, witness.testimony(model), model, effect, trained_loss)
        accept(proof, self.shown)
        return proof

    def _conclude(self, dtype: str, proof: Proof) -> Export:
        report, tokenizer = self.trained.report, self.template.tokenizer
        made = Export(
            form=self.options.form, folder=str(self.options.folder), key=report.key, model=report.model, base=report.base, method=report.method,
            adapter_sha256=report.adapter_sha256, manifest=report.manifest, template=self.template.hash, template_source=self.template.source,
            stops=tuple(tokenizer.convert_ids_to_tokens(list(self.questions.stops))), dtype=dtype, files=(), proof=proof, notes=tuple(self.notes),
        )  # fmt: skip
        (self.stage / "README.md").write_text(card(self.trained, made), encoding="utf-8", errors="backslashreplace")
        made = made.model_copy(update={"files": files_of(self.stage)})
        conclude(self.stage, made)
        return made
