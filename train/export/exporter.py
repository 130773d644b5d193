"""An export: query the adapter, write the files, query them, and keep them only if the outputs are equivalent."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from curate.core.text import visible
from curate.models.names import configuration
from train.errors import memory_errors
from train.export.equivalence import EquivalenceTest, ModelOutputs, accept, compare, root_mean_square
from train.export.export_folder import conclude, files_of, writing
from train.export.export_result import Export, Options, Proof
from train.export.forms import Writer, Written, refuse
from train.export.merged import in_float32, stored_dtype
from train.export.model_card import card
from train.export.questions import Questions, questions_for
from train.journal import Narrator
from train.model.adapters import adapter_disabled
from train.trained import Trained
from train.training.held_out import held_out_loss


def export(trained: Trained, options: Options, narrator: Narrator) -> Export:
    """Write an export and verify it. Raises `CurateError`, and then the folder is unchanged."""
    refuse(trained.recipe, options)
    hint = "--device cpu merges and verifies in main memory; fewer --prompts need less"
    with memory_errors(hint), trained.folder.locked(), writing(options.folder) as stage:
        return Exporting(trained, options, narrator, stage).run()


class Exporting:
    """A running export."""

    def __init__(self, trained: Trained, options: Options, narrator: Narrator, stage: Path) -> None:
        self.trained, self.options, self.narrator, self.stage = trained, options, narrator, stage
        self.template = trained.template()  # refuses another one than that of the training
        self.questions: Questions = questions_for(trained, self.template, options.data, options.prompts)
        # After full fine-tuning the weights are in float32; a base is loaded as it is stored.
        full = trained.recipe.method == "full"
        self.stored = torch.float32 if full else stored_dtype(configuration(trained.recipe.model))
        self.shown = visible(str(options.folder))
        self.writer = Writer(trained, self.template, options, stage, self.stored)

    def run(self) -> Export:
        """Run all of it."""
        trained_loss = self._trained_loss()
        self.narrator.say("loading the adapter on its base in 16 bits")
        model = in_float32(self.trained.tuned(quantised=False, dtype=self.stored))
        reference, effect = self._reference(model)
        written = self.writer.write(model, self.questions)
        del model
        gc.collect()
        proof = self._equivalence_proof(reference, effect, written.load, trained_loss)
        return self._conclude(written, proof)

    def _trained_loss(self) -> float | None:
        """Loss with the base in 4 bits, as it was trained; None where it was not."""
        if not self.trained.recipe.quantised:
            return None
        self.narrator.say("loading the adapter on its base in 4 bits")
        model = self.trained.tuned()
        loss = held_out_loss(model, self.questions.texts, self.trained.dtype, packing=False, done=lambda _: None)
        del model
        gc.collect()  # before the base in 16 bits is loaded
        return loss

    def _reference(self, model: Any) -> tuple[ModelOutputs, float | None]:
        test = self._equivalence_test("querying the adapter")
        reference = test.outputs(model)
        if self.trained.recipe.method == "full":
            return reference, None
        with adapter_disabled(model) as base:
            return reference, root_mean_square(reference.logits, test.logits(base))

    def _equivalence_test(self, name: str) -> EquivalenceTest:
        phase = self.narrator.phase(name, 2 * len(self.questions.prompts))
        return EquivalenceTest(self.template, self.questions, torch.float32, phase.advance)

    def _equivalence_proof(
        self, reference: ModelOutputs, effect: float | None, load: Callable[[], Any], trained_loss: float | None
    ) -> Proof:
        model = in_float32(load())
        test = self._equivalence_test("querying the export")
        proof = compare(test, reference, test.outputs(model), model, effect, trained_loss)
        accept(proof, self.shown, quantised=self.options.dtype == "q8_0")
        return proof

    def _conclude(self, written: Written, proof: Proof) -> Export:
        report, tokenizer = self.trained.report, self.template.tokenizer
        made = Export(
            form=self.options.form, folder=str(self.options.folder), key=report.key, model=report.model,
            base=report.base, method=report.method,
            adapter_sha256=report.adapter_sha256, manifest=report.manifest, template=self.template.hash,
            template_source=self.template.source,
            stops=tuple(tokenizer.convert_ids_to_tokens(list(self.questions.stops))), dtype=written.dtype, files=(),
            system=report.system, shared=report.shared, proof=proof, notes=tuple(written.notes),
        )  # fmt: skip
        (self.stage / "README.md").write_text(card(self.trained, made), encoding="utf-8", errors="backslashreplace")
        made = made.model_copy(update={"files": files_of(self.stage)})
        conclude(self.stage, made)
        return made
