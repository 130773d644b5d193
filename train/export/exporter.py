"""An export: query the adapter, write the files and the model card, query them, and keep them only if logits, greedy
answers and loss are equivalent on the same questions.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import which
from typing import Any, Final

import torch
from torch import Tensor

from curate.core.errors import ModelError, UsageError
from curate.core.text import table_cell, visible
from curate.models.encoding import IGNORE_INDEX
from curate.models.template import Template
from curate.models.template_messages import common_length
from curate.storage.files import json_text
from curate.storage.freed_memory import return_freed
from train.errors import memory_errors
from train.export import gguf_file, gguf_layout, merged, modelfile
from train.export.export_folder import conclude, files_of, read, writing
from train.export.export_result import K_QUANTS, Export, ExportOptions, Form, Proof
from train.export.merged import in_float32, stored_dtype
from train.export.questions import Questions, questions_for
from train.journal import JournalPrinter
from train.memory.hardware import tokens_that_fit
from train.model.adapters import adapter_disabled, lora_weights, obstacle
from train.model.base import autocast, base_config, device
from train.model.generation import answers
from train.recipe import Recipe, changed, recipe_text
from train.results import OnBase, TrainedWeights
from train.template_defaults import (
    THINKING,
    VARIABLES,
    as_option,
    assigned,
    date_note,
    differing_variables,
    is_mixed,
    prompt_with,
    served_with,
    with_defaults,
)
from train.trained import EXPORT_FILE, Trained, same_template
from train.training.held_out import held_out_loss

BATCH_SIZE: Final = 8
MAX_POSITIONS: Final = 8
"""Maximum positions per question: 50 questions and a vocabulary of 150,000 take 240 MB in float32."""
TOLERANCE: Final = 0.05
"""Maximum rounding error, as a share of what training changed."""
QUANTISED: Final = {"q8_0": (0.5, 0.05), "q6_K": (0.5, 0.05), "q5_K_M": (1.0, 0.1), "q4_K_M": (1.0, 0.1)}
"""The same for weights in fewer bits, and the maximum rise of the loss, in nats."""


@dataclass(frozen=True, slots=True)
class ModelOutputs:
    """The outputs of one model."""

    logits: tuple[Tensor, ...]
    """Per question (positions, vocabulary) in float32 on the CPU: before the answer of the data and in it."""
    answers: tuple[tuple[int, ...], ...]
    """Tokens of the most likely answers, without the one that ends them."""
    stopped: int
    """Answers that ended before the limit."""
    loss: float
    """Mean over the tokens of the answers of the data, in nats."""


@dataclass(frozen=True, slots=True)
class EquivalenceTest:
    """Queries models with the questions of the test."""

    template: Template
    questions: Questions
    dtype: torch.dtype
    """Of the computation."""
    done: Callable[[int], None]
    """Is called with numbers of questions."""

    def outputs(self, model: Any) -> ModelOutputs:
        """Logits, greedy answers and loss of a model on all questions."""
        logits, loss, tokens = [], 0.0, 0
        for predicted, labels in self._labelled(model):
            loss += float(torch.nn.functional.cross_entropy(predicted, labels, reduction="sum"))
            tokens += len(labels)
            logits.append(predicted[:MAX_POSITIONS].cpu())
            self.done(1)
        answers, stopped = self._answers(model)
        return ModelOutputs(tuple(logits), answers, stopped, loss / tokens)

    def logits(self, model: Any) -> tuple[Tensor, ...]:
        """The logits alone."""
        return tuple(predicted[:MAX_POSITIONS].cpu() for predicted, _ in self._labelled(model))

    @torch.no_grad()
    def _labelled(self, model: Any) -> Iterator[tuple[Tensor, Tensor]]:
        """Per question the logits (tokens, vocabulary) that predict the answer of the data, and its tokens."""
        model.eval()
        for text in self.questions.texts:
            positions = [i for i, label in enumerate(text.labels) if label != IGNORE_INDEX]
            ids = torch.tensor([text.input_ids], device=device())
            with autocast(self.dtype):
                logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0]
            yield logits[-len(text.input_ids) :][[i - 1 for i in positions]].float(), ids[0, positions]

    def _answers(self, model: Any) -> tuple[tuple[tuple[int, ...], ...], int]:
        """The tokens of each answer in the order of the prompts, and how many answers ended with a stop token."""
        questions = self.questions
        batches = answers(
            model, self.template, questions.prompts, list(questions.stops), self.dtype,
            max_new_tokens=questions.max_new_tokens, room=tokens_that_fit(model, self.dtype), at_once=BATCH_SIZE,
        )  # fmt: skip
        completions = []
        for batch in batches:
            completions += batch
            self.done(len(batch))
        return tuple(tuple(completion.ids) for completion in sorted(completions)), sum(
            completion.ended for completion in completions
        )

    @torch.no_grad()
    def near_tie(
        self, model: Any, question: int, expected: tuple[int, ...], given: tuple[int, ...], slack: float
    ) -> bool:
        """Whether two answers first differ where the logits of both next tokens are within `slack` of each other."""
        common = common_length(expected, given)
        ids = torch.tensor([[*self.template.ids(self.questions.prompts[question]), *given[:common]]], device=device())
        with autocast(self.dtype):
            last = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0, -1].float()
        stop = float(last[list(self.questions.stops)].max()) if self.questions.stops else float("-inf")
        first, second = (float(last[answer[common]]) if common < len(answer) else stop for answer in (expected, given))
        return abs(first - second) <= slack


LOCAL_KEYS: Final = ("model", "data", "chat_template", "report_to")
"""Keys of a recipe that say where things lie on this machine."""
Written = tuple[str, Callable[[], Any]]
"""The dtype of the weights that were written, and a function that loads the model from the files."""


def export(trained: Trained, options: ExportOptions, printer: JournalPrinter) -> Export:
    """Write an export and verify it. Raises `CurateError`, and then the folder is unchanged."""
    require_form(trained.recipe, options)
    hint = "--device cpu merges and verifies in main memory; fewer --prompts need less"
    with memory_errors(hint), trained.folder.locked(), writing(options.folder) as stage:
        return Exporter(trained, options, printer, stage).run()


def require_form(recipe: Recipe, options: ExportOptions) -> None:
    """Raises `UsageError` if a form of export is impossible for a method."""
    form, dtype = options.form, options.dtype
    adapter = form in ("adapter", "gguf-adapter")
    checks = (
        (dtype in QUANTISED and form not in ("gguf", "ollama"),
         f"--dtype {dtype}: --to {form} has no such type", "use --to gguf or ollama"),
        (dtype in K_QUANTS and which(gguf_file.QUANTISER) is None,
         f"--dtype {dtype}: {gguf_file.QUANTISER} of llama.cpp writes it, and is not on the PATH",
         "install llama.cpp, or use --dtype q8_0"),
        (form != "adapter" and not recipe.how.merges,
         f"--to {form}: {recipe.how.title} cannot be merged into the base",
         f"use --to adapter, for {recipe.how.readers}"),
        (adapter and recipe.yarn != 1,
         f"--to {form}: an adapter does not hold the longer context that yarn = {recipe.yarn:g} gives to the base",
         "use --to merged"),
        (adapter and recipe.method == "full",
         f"--to {form}: full fine-tuning produces a full model, not an adapter", "use --to merged or --to gguf"),
    )  # fmt: skip
    for refused, reason, hint in checks:
        if refused:
            raise UsageError(reason, hint)


class Exporter:
    """A running export. Raises `UsageError` if the form is impossible for this model."""

    def __init__(self, trained: Trained, options: ExportOptions, printer: JournalPrinter, stage: Path) -> None:
        self.trained, self.options, self.printer, self.stage = trained, options, printer, stage
        self.template = trained.template()  # refuses another one than that of the training
        self.questions: Questions = questions_for(trained, self.template, options.data, options.prompts)
        self.config = base_config(trained.recipe)
        # After full fine-tuning the weights are in float32; a base is loaded as it is stored.
        self.stored = torch.float32 if trained.recipe.method == "full" else stored_dtype(self.config)
        self.name = options.name or _safe_name(trained.folder.path.resolve().name)
        diagnosis = trained.report.overfitting
        worse = diagnosis is not None and "worsens" in diagnosis.signs
        self.notes = ["training raised the held-out loss: see  curate evaluate RUN --overfitting"] if worse else []
        self.defaults: dict[str, Any] = {}
        """Variables that the chat template of the export sets by default."""
        if options.form in ("gguf", "ollama", "gguf-adapter"):
            self.family = gguf_layout.family_of(self.config)
        if options.form in ("gguf", "ollama"):
            gguf_layout.cut_of(self.template.tokenizer)
        if options.form == "gguf-adapter" and (why := obstacle(trained.folder.adapter)):
            raise UsageError(f"--to gguf-adapter: {why}", "use --to gguf, which writes full weights")

    def run(self) -> Export:
        """Write the files, verify them against the adapter, and return the record of the export."""
        trained_loss = None
        if self.trained.recipe.quantised:  # as it was trained
            self.printer.print("loading the adapter on its base in 4 bits")
            texts, dtype = self.questions.texts, self.trained.dtype
            trained_loss = held_out_loss(self.trained.tuned(), texts, dtype, packing=False)
            return_freed()  # before the base in 16 bits is loaded
        self._set_defaults()
        self.printer.print("loading the adapter on its base in 16 bits")
        model = in_float32(self.trained.tuned(quantised=False, dtype=self.stored))
        reference, effect = self._reference(model)
        dtype_name, load = self._write(model)
        del model
        return_freed()
        model, test = in_float32(load()), self._equivalence_test("querying the export")
        proof = compare(test, reference, test.outputs(model), model, effect, trained_loss)
        require_equivalent(proof, visible(str(self.options.folder)), self.options.dtype)
        return self._write_export(dtype_name, proof)

    def _set_defaults(self) -> None:
        """Let the chat template render the prompts of the training by default, where it can, and note what a server
        still has to be given. The base has its own template beside an adapter for it.
        """
        report, template, form = self.trained.report, self.template, self.options.form
        if form != "gguf-adapter":
            self.template, self.defaults = with_defaults(template, report.shared, report.reasoning)
        self.notes += serving_notes(template, report, form, self.defaults)

    def _reference(self, model: Any) -> tuple[ModelOutputs, float | None]:
        """The outputs of the adapter, and how much training changed them; None after full fine-tuning."""
        test = self._equivalence_test("querying the adapter")
        reference = test.outputs(model)
        if self.trained.recipe.method == "full":
            return reference, None
        with adapter_disabled(model) as base:
            return reference, root_mean_square(reference.logits, test.logits(base))

    def _equivalence_test(self, name: str) -> EquivalenceTest:
        """A test on the held-out questions whose progress is shown as a phase with this name."""
        phase = self.printer.phase(name, 2 * len(self.questions.prompts))
        return EquivalenceTest(self.template, self.questions, torch.float32, phase.advance)

    def _write(self, model: Any) -> Written:
        """Write the files; `model`, the adapter on its base, is consumed. Raises `CurateError`."""
        form, dtype = self.options.form, self.options.dtype
        if form == "adapter":
            for file in adapter_files(self.trained.folder.adapter):
                shutil.copyfile(file, self.stage / file.name)
            if self.defaults:
                self.template.tokenizer.save_pretrained(str(self.stage))
            merged.check_template(self.stage, self.template)
            return "float32", partial(self.trained.tuned, quantised=False, dtype=self.stored, adapter=self.stage)
        if form == "gguf-adapter":
            return self._write_gguf_adapter()
        whole, merged_dtype = merged.merge(
            model, "auto" if dtype in QUANTISED else dtype, visible(str(self.options.folder))
        )
        whole_name = str(merged_dtype).removeprefix("torch.")
        name = dtype if dtype in QUANTISED else whole_name
        if form == "merged":
            merged.write(whole, merged_dtype, self.trained, self.template, self.questions.stops, self.stage)
            merged.check_template(self.stage, self.template)
            return name, partial(merged.load, self.stage, merged_dtype)
        target, layout = self.stage / gguf_layout.MODEL_FILE, (self.config, self.family)
        gguf_file.write_model(whole, *layout, self.template, self.questions.stops,
                              whole_name if dtype in K_QUANTS else name, self.name, target)  # fmt: skip
        if dtype in K_QUANTS:
            gguf_file.quantise(target, dtype)
        written = gguf_file.template_in(target)
        same_template(written, self.template.hash, self.template.source, str(target))
        if form == "ollama":
            report = self.trained.report
            self.notes += modelfile.write(self.stage, self.name, self.template, self.questions, report, self.notes)
        return name, partial(gguf_file.load_model, target, merged_dtype, *layout)

    def _write_gguf_adapter(self) -> Written:
        """Write the LoRA factors as GGUF; returns their dtype, and a function that loads the base with them."""
        factors, target = lora_weights(self.trained.folder.adapter), self.stage / gguf_file.ADAPTER_FILE
        gguf_file.write_adapter(factors, self.config, self.family, self.name, target)
        self.notes += [
            "use it with the GGUF of the base: llama-server -m BASE.gguf --lora adapter.gguf; the chat template in "
            "the base must be the one of the training"
        ]

        def added(down: Any, up: Any, _module: Any, inputs: Any, output: Any) -> Any:
            return output + inputs[0].float() @ down.t() @ up.t()

        def load() -> Any:
            """The base with the adapter of the file."""
            model = self.trained.base(quantised=False, dtype=self.stored)
            place, read = next(model.parameters()).device, gguf_file.read_adapter
            for module, (down, up) in read(target, self.config, self.family, list(factors.modules)).items():
                model.get_submodule(module).register_forward_hook(partial(added, down.to(place), up.to(place)))
            return model

        return "float32", load

    def _write_export(self, dtype: str, proof: Proof) -> Export:
        """Write the model card and the record of the export, and return the record."""
        stops = self.template.tokenizer.convert_ids_to_tokens(list(self.questions.stops))
        kept = {key: getattr(self.trained.report, key) for key in TrainedWeights.model_fields if key != "template"}
        made = Export(
            **kept, template=self.template.hash, template_source=self.template.source, defaults=self.defaults,
            form=self.options.form, folder=str(self.options.folder),
            stops=tuple(stops), dtype=dtype, files=(), proof=proof, notes=tuple(self.notes),
        )  # fmt: skip
        (self.stage / "README.md").write_text(card(self.trained, made), encoding="utf-8", errors="backslashreplace")
        made = made.model_copy(update={"files": files_of(self.stage)})
        conclude(self.stage, made)
        return made


def adapter_files(folder: Path) -> list[Path]:
    """The files of an adapter. A merged one has its evaluation beside it, which is not among them."""
    if (folder / EXPORT_FILE).is_file():
        return [folder / file.name for file in read(folder).files]
    return sorted(folder.iterdir())


def _safe_name(name: str) -> str:
    """A name of letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "model"


def serving_notes(template: Template, report: OnBase, form: Form, defaults: Mapping[str, Any]) -> list[str]:
    """What a server has to be given to render the prompts of the training, whose chat template is `template`; nothing
    if the training set no variables and the template prints no date. `defaults`: those that the template of the export
    sets.
    """
    shared, variables = report.shared, report.shared.get(VARIABLES, {})
    dated = date_note(template, report.system, shared)
    if not variables:
        return dated
    differing = differing_variables(template, shared)
    left = {name: value for name, value in differing.items() if name not in defaults}
    notes = [*dated, f"serve it with {served_with(left, variables, report.reasoning)}"]
    if defaults and form == "adapter":
        base = "a server of adapters that takes the chat template of the base needs"
        notes.append(f"{base} {as_option(differing)}, or this chat template")
    if (
        form in ("gguf", "ollama", "gguf-adapter")
        and not is_mixed(report.reasoning)
        and variables.get(THINKING) is False
    ):
        with_thinking = prompt_with(template, shared, {**variables, THINKING: True})
        if with_thinking != prompt_with(template, shared, variables):
            notes.append(
                f"llama.cpp sets {THINKING} = true: start llama-server with --chat-template-kwargs "
                f"'{json.dumps({THINKING: False})}', Ollama with {modelfile.NO_THINKING}"
            )
    return notes


def card(trained: Trained, export: Export) -> str:
    """The text of `README.md`."""
    report, recipe = trained.report, trained.recipe
    library = {"adapter": "peft", "merged": "transformers"}.get(export.form, "gguf")
    head = ["---", "pipeline_tag: text-generation", "tags:", "- curate", f"- {report.method}"]
    on_hub = report.model.count("/") == 1 and not report.model.startswith((".", "/"))
    head += [f"library_name: {library}", *[f"base_model: {report.model}"] * on_hub, "---", ""]
    # Of a folder the name, without where it lies on this machine.
    public = Path(report.model).name if Path(report.model).is_absolute() else report.model
    tokens = f"{report.supervised_tokens:,} supervised tokens a pass"
    measured = f"held-out loss ({report.held_out}, {report.held_out_examples:,} examples)"
    settings = {key: value for key, value in changed(recipe, {}).items() if key not in LOCAL_KEYS}
    facts = {
        "base model": f"`{table_cell(public)}` ({report.base[:26]}…)",
        "method": f"{recipe.how.title}: {recipe.how.trains}",
        "trainable parameters": f"{report.trainable_parameters:,} of {report.total_parameters:,}",
        "trained on": f"{report.train_examples:,} examples, {tokens}, {report.steps:,} steps",
        "data": f"manifest {report.manifest}" if report.manifest else "a split without a manifest",
        measured: f"{report.base_loss:.4f} before, {report.tuned_loss:.4f} after",
        "run": report.key,
    }
    shared = asked_with(export)
    parts = [
        "\n".join(head),
        f"# {table_cell(Path(export.folder).name)}\n",
        "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in facts.items()) + "\n",
        *_verdict_section(trained),
        *_proof_section(export),
        "## Recipe\n\n" + _fenced(recipe_text(settings), "toml"),
        "## Chat template\n\nThe model was trained with the chat template below; with another one it is worse. "
        + (f"It sets {assigned(export.defaults)} by default, as the training did. " if export.defaults else "")
        + f"SHA-256 `{export.template}`; an answer ends with "
        f"{', '.join(f'`{table_cell(stop)}`' for stop in export.stops) or 'nothing in particular'}.\n\n"
        + _fenced(export.template_source, "jinja"),
        *_shared_section("System message", export.system),
        *_shared_section("Tools and variables of the chat template", shared and json_text(shared)),
        *(
            ["## Notes\n\n" + "\n".join(f"- {table_cell(note)}" for note in export.notes) + "\n"]
            if export.notes
            else []
        ),
        *_data_section(trained),
    ]
    return "\n".join(parts)


def asked_with(export: Export) -> dict[str, Any]:
    """What all training examples give the chat template and the template of the export does not set itself."""
    hidden = {*export.defaults, *((THINKING,) if is_mixed(export.reasoning) else ())}
    variables = {name: value for name, value in export.shared.get(VARIABLES, {}).items() if name not in hidden}
    others = {key: value for key, value in export.shared.items() if key != VARIABLES}
    return others | ({VARIABLES: variables} if variables else {})


def _shared_section(title: str, text: Any) -> list[str]:
    """A section with text that all training examples have in common; empty without text."""
    return [f"## {title}\n\nAll training examples have it: ask with it, too.\n\n{_fenced(text, '')}"] if text else []


def _verdict_section(trained: Trained) -> list[str]:
    """A section with the verdict of `curate evaluate`; empty if these weights were not evaluated."""
    evaluation = trained.folder.read("evaluation.json") or {}
    if evaluation.get("adapter_sha256") != trained.report.adapter_sha256:
        return []
    questions = f"{evaluation['questions']:,} held-out questions of the split {evaluation['split']}"
    return [f"## Evaluation\n\nOn {questions}: {table_cell(evaluation['verdict']['sentence'])}.\n"]


def _proof_section(export: Export) -> list[str]:
    """A section with the equivalence test of the export; empty without one."""
    proof = export.proof
    if proof is None:
        return []
    ties = f", {proof.near_ties} part at a tie" if proof.near_ties else ""
    return [
        f"## Proof\n\nThe files here, loaded again, beside the adapter on its base, on {proof.prompts} held-out "
        f"questions: logits differ by at most {proof.max_logit_difference:.2g} ({proof.relative_error:.2%} of what "
        f"training changed), {proof.equal_texts} of {proof.prompts} most likely answers are the same to the last "
        f"token{ties}; loss {proof.export_loss:.4f}, of the adapter {proof.adapter_loss:.4f}.\n"
    ]


def _data_section(trained: Trained) -> list[str]:
    """A section with the data card beside the splits; empty if there is none."""
    path = Path(trained.recipe.data) / "DATACARD.md"
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    if text.startswith("---"):  # its own front matter names files that are not here
        text = text.split("\n---", 1)[-1].lstrip("\n")
    lines = (f"##{line}" if line.startswith("#") else line for line in text.splitlines())
    return ["## The data\n\n" + "\n".join(lines) + "\n"]


def _fenced(text: str, language: str) -> str:
    """A text in a code fence that is longer than any fence in the text."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{visible(text, keep_newlines=True)}\n{fence}\n"


def root_mean_square(left: tuple[Tensor, ...], right: tuple[Tensor, ...]) -> float:
    """Root mean square of the differences of two models' logits, without padding of the vocabulary."""
    total = count = 0.0
    for a, b in zip(left, right, strict=True):
        width = min(a.shape[1], b.shape[1])
        total += float((a[:, :width] - b[:, :width]).double().square().sum())
        count += a.shape[0] * width
    return float((total / count) ** 0.5)


def compare(
    test: EquivalenceTest,
    reference: ModelOutputs,
    candidate: ModelOutputs,
    model: Any,
    effect: float | None,
    trained_loss: float | None,
) -> Proof:
    """The proof that a candidate is equivalent to the reference. `model`: the candidate, queried again if answers
    differ; `effect`: how much training changed the logits, None after full fine-tuning.
    """
    pairs = list(zip(reference.logits, candidate.logits, strict=True))
    largest = max(float((a[:, : b.shape[1]] - b[:, : a.shape[1]]).abs().max()) for a, b in pairs)
    differing = [i for i, (a, b) in enumerate(zip(reference.answers, candidate.answers, strict=True)) if a != b]
    ties = sum(test.near_tie(model, i, reference.answers[i], candidate.answers[i], 2 * largest) for i in differing)
    scale = effect if effect is not None else float(torch.cat(reference.logits).std())
    return Proof(
        prompts=len(reference.answers), positions=sum(len(a) for a in reference.logits),
        max_logit_difference=largest, adapter_effect=effect,
        relative_error=root_mean_square(reference.logits, candidate.logits) / scale,
        equal_texts=len(reference.answers) - len(differing), near_ties=ties,
        max_new_tokens=test.questions.max_new_tokens, stopped=candidate.stopped,
        adapter_loss=reference.loss, export_loss=candidate.loss, trained_loss=trained_loss,
    )  # fmt: skip


def require_equivalent(proof: Proof, what: str, dtype: str) -> None:
    """Raises `ModelError` if the export differs from the adapter by more than the dtype of its weights explains.

    `what`: the name of the export in messages.
    """
    if proof.adapter_effect is not None and proof.adapter_effect == 0:
        hint = "train longer, or with a higher learning rate"
        raise ModelError(f"{what}: the adapter does not change the output of the base", hint)
    differs = (
        f"{what}: differs from the adapter: its logits differ by {proof.relative_error:.1%} of what training "
        f"changed (the largest by {proof.max_logit_difference:.3g}); nothing was written"
    )
    if dtype in QUANTISED:
        error, rise = QUANTISED[dtype]
        if not (proof.relative_error <= error and proof.export_loss <= proof.adapter_loss + rise):
            raise ModelError(differs, "use --dtype float16, which rounds less")
        return
    if not proof.relative_error <= TOLERANCE:  # NaN is not
        raise ModelError(
            differs,
            "use --dtype float32, which does not round; if that fails too, this is a bug in curate",
        )
    wrong = proof.prompts - proof.equal_texts - proof.near_ties
    if wrong:
        raise ModelError(
            f"{what}: {wrong} of {proof.prompts} answers differ from those of the adapter; nothing was written",
            "use --dtype float32, which does not round",
        )
