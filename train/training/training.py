"""One training from recipe to report: measure the base, train, measure again. Completed parts are not repeated."""

import datetime
import shutil
import sys
from collections.abc import Mapping
from math import inf, isfinite
from pathlib import Path
from time import process_time
from typing import Any, Final, Literal

import torch
from transformers import set_seed

from curate.core.datamap import DATAMAP_FILE, MAPPED, MappedExample
from curate.core.errors import InputError, UsageError
from curate.core.text import excerpt, visible
from curate.core.validation import validated
from curate.storage.files import write_bytes
from train import distributed
from train.batching import Microbatches
from train.data.splits import Prepared, TokenizedSplit, prepare
from train.errors import NotANumber, memory_errors
from train.journal import JournalPrinter, LossLog, TrainingJournal
from train.memory.autoconfig import RunEnvironment, decide, with_method
from train.memory.hardware import peak_memory, tokens_that_fit
from train.model.adapters import WEIGHTS, adapter_disabled, add_adapter, load_adapter_weights, parameters, save
from train.model.base import DTYPES, autocast, compute_dtype, device, load_base, require, training_problems
from train.model.generation import answers
from train.model.loss import packs_exactly, use_chunked_cross_entropy
from train.recipe import Recipe
from train.report.overfitting import overfitting
from train.report.training_dynamics import data_map_summary, datamap
from train.report.training_report import report_html
from train.results import Generation, Pause, Report
from train.run_folder import RunFolder, differences, disk_need, identify
from train.training import checkpoint, loop
from train.training.held_out import MAX_TOKENS, held_out_loss, probe, probe_texts
from train.training.loop import Callback
from train.training.preference import Preference

Mode = Literal["new", "resume", "fresh"]
MEMORY_HINT: Final = "`curate train --plan` shows what fits; a smaller base, rank or max_length needs less memory"
"""What to do where memory runs out; a step has its own remedy."""


def train_until(
    share: float, recipe: Recipe, folder: RunFolder, *, mode: Mode, printer: JournalPrinter
) -> Report | Pause:
    """Train up to a share of the steps and return the pause, or to the end and return the report.

    `new` refuses a folder with another or an unfinished run, `resume` resumes an unfinished one, `fresh` replaces any;
    a finished one is not trained again. A paused training that resumes ends as if it had never paused. With several
    processes all of them call it. Raises `CurateError`, or `KeyboardInterrupt` after a checkpoint was saved.
    """
    distributed.join_group()
    with folder.locked():
        identity = distributed.from_first(lambda: identify(recipe))
        finished = distributed.from_first(lambda: _finished_report(folder, identity, recipe, mode))
        if finished is not None:
            printer.print(
                f"{visible(str(folder.path))}: this training has finished; nothing to do (--fresh starts over)"
            )
            return finished
        if mode == "resume" and folder.key is None:
            printer.print(f"note: {visible(str(folder.path))}: no run to resume; this one begins at the first step")
        recipe = distributed.from_first(lambda: _with_choices(recipe, folder, identity["key"], mode))
        require(training_problems(recipe, compute_dtype(recipe.dtype)))
        # Refuses what cannot be trained on before anything is written and before the model is loaded.
        with printer.showing():
            prepared = prepare(recipe, printer)
        settings = distributed.from_first(lambda: _settings_of(prepared, folder, identity, mode, printer))
        printer.journal = TrainingJournal(folder.metrics, silent=distributed.rank() > 0)
        printer.journal.cut(sys.maxsize)  # before the next line: a full disk or a crash may have torn the last one
        with printer.showing(), memory_errors(MEMORY_HINT), folder.resumable():
            return Training(prepared, settings, folder, printer, identity).run(share)


def _with_choices(recipe: Recipe, folder: RunFolder, key: str, mode: Mode) -> Recipe:
    """The recipe with its method and its date: those of the run that continues, or what `auto` and today mean here."""
    if mode != "fresh" and folder.key == key:
        began = validated(Recipe, folder.read("recipe.json") or {}, str(folder.path / "recipe.json"))
        recipe = recipe.model_copy(update={"method": began.method, "date": began.date})
    today = datetime.datetime.now().astimezone().date()
    return with_method(recipe.model_copy(update={"date": recipe.date or today}))


def _finished_report(folder: RunFolder, identity: Mapping[str, Any], recipe: Recipe, mode: Mode) -> Report | None:
    """The report of this run if it has finished; None if the training may start or resume.

    Raises `UsageError` if the folder holds another run, or in mode `new` an unfinished one.
    """
    if mode == "fresh":
        return None
    identity_in_folder = folder.read("identity.json")
    if identity_in_folder is None:
        return None
    if identity_in_folder.get("key") != identity["key"]:
        others = differences(identity_in_folder, identity, folder.read("recipe.json") or {}, recipe)
        raise UsageError(
            f"{folder.path}: contains a run with {excerpt(others, 400)}",
            ("undo the change to resume it, " if mode == "resume" else "")
            + "replace it with --fresh, or keep both with --run-dir DIR",
        )
    report = folder.read("report.json")
    if report is None and mode == "new":
        raise UsageError(
            f"{folder.path}: contains an unfinished run of this recipe",
            "resume it with --resume, or start over with --fresh",
        )
    return None if report is None else validated(Report, report, str(folder.path / "report.json"))


def _settings_of(
    prepared: Prepared, folder: RunFolder, identity: dict[str, Any], mode: Mode, printer: JournalPrinter
) -> RunEnvironment:
    """The settings of a run: new ones for a fresh or new run, whose folder is cleared, or else those it began with.

    Prints a note if the settings of a resumed run would now differ. Raises `ConfigError` if the training does not fit
    into memory or stored settings are not valid, `OutputError` if the disk is too full, `UsageError` for foreign files.
    """
    now = decide(prepared.recipe, prepared.texts)
    folder.need(disk_need(now.estimate.trained))
    if mode == "fresh" or folder.key is None:
        folder.clear()
        with folder.begun():
            folder.write("recipe.json", prepared.recipe.model_dump(mode="json"))
            write_bytes(folder.path / "template.jinja", prepared.template.source.encode())
            folder.write("environment.json", now.model_dump(mode="json"))
            folder.write("identity.json", {**identity, "template": prepared.template.hash})
        return now
    settings = validated(RunEnvironment, folder.read("environment.json") or {}, str(folder.path / "environment.json"))
    if settings.differs(now):
        printer.print(
            "note: packages, device or number of processes have changed since this run began; the result will "
            "differ from that of an uninterrupted run"
        )
    return settings


class Training:
    """A training: its parts in order; parts that an earlier process completed are skipped."""

    def __init__(
        self,
        prepared: Prepared,
        settings: RunEnvironment,
        folder: RunFolder,
        printer: JournalPrinter,
        identity: dict[str, Any],
    ) -> None:
        assert printer.journal is not None
        self.prepared, self.settings, self.folder, self.identity = prepared, settings, folder, identity
        self.printer, self.journal, self.recipe = printer, printer.journal, prepared.recipe
        self.dtype = DTYPES[settings.dtype]
        self.sharded = self.recipe.parallel == "fsdp" and distributed.world_size() > 1
        train = prepared.train
        # A block of plain text belongs to no line.
        lines = train.lines[train.owners] * ((train.signs > 0) & (self.recipe.objective != "pt"))
        self.loss_log = LossLog(folder.losses, lines, silent=distributed.rank() > 0)
        self.model: Any = None
        self.packing = False

    def run(self, share: float) -> Report | Pause:
        """Run all of it, or up to a pause."""
        torch.set_num_threads(self.settings.threads)
        self._load()
        base = distributed.from_first(lambda: self.folder.read("base.json"))
        if base is None and not self.sharded:  # a sharded model is on the devices only after it was prepared
            base = self._measure_base()
        callback = self._run_training(share, None if base is None else _measured_loss(base))
        if callback.paused is not None and not callback.exhausted:
            return self._pause(callback.paused)
        step = self._keep(callback)
        if base is None:
            base = self._measure_base()
        adapter = distributed.from_first(lambda: self.folder.place_adapter(self._save))
        tuned = self._measure("tuned", self.model)
        mapped = distributed.from_first(self._write_datamap)
        report = self._report(mapped, base, tuned, adapter, callback, step)
        self.journal.write(event="finished", memory=peak_memory(), cpu_seconds=round(process_time(), 1))
        distributed.from_first(lambda: self._write_report(report, mapped))
        return report

    def _write_datamap(self) -> list[MappedExample]:
        """Write the data map, and return its points; none where the training split has changed: it is not trained on
        again, and the training has ended.
        """
        try:
            mapped = datamap(self.loss_log.lines(), self.prepared.train.examples())
        except InputError as error:
            self.printer.print(f"note: {error.message}; the run has no map of easy and hard examples")
            return []
        write_bytes(self.folder.path / DATAMAP_FILE, b"".join(MAPPED.dump_json(point) + b"\n" for point in mapped))
        return mapped

    def _write_report(self, report: Report, mapped: list[MappedExample]) -> None:
        page = "".join(report_html(report, self.settings, self.journal.lines(), mapped, self.recipe))
        write_bytes(self.folder.path / "report.html", page.encode("utf-8", "backslashreplace"))
        self.folder.write("report.json", report.model_dump(mode="json"))

    def _load(self) -> None:
        """Load the base, measure it if its weights will change and it is not measured yet, and add the adapter."""
        loading = self.printer.phase("loading the model", 1)
        base = load_base(self.recipe, self.dtype, checkpointing=self.settings.activation_checkpointing)
        self.model = base
        measured = distributed.from_first(lambda: self.folder.read("base.json")) is not None
        if self.recipe.changes_base and not (self.sharded or measured):
            self._find_packing()
            self._measure_base()
        set_seed(self.recipe.seed)  # the adapter begins with random numbers
        self.model = add_adapter(base, self.recipe, self.prepared.start)
        if self.sharded:
            self.packing = self.recipe.packing
        else:
            self._find_packing()
        loading.advance()
        if self.recipe.packing and not self.packing:
            self.printer.print("note: this model does not isolate packed texts; each is processed alone")

    def _find_packing(self) -> None:
        """Find out whether texts are packed: as the recipe says, if this model isolates them exactly."""
        with autocast(self.dtype):
            use_chunked_cross_entropy(self.model, device())
            self.packing = self.recipe.packing and packs_exactly(self.model, device())

    def _measure_base(self) -> dict[str, Any]:
        """The measures of the base, which are also written to base.json."""
        with adapter_disabled(self.model) as base:
            measures = self._measure("base", base)
        distributed.from_first(lambda: self.folder.write("base.json", measures))
        return measures

    def _preference(self, split: TokenizedSplit) -> Preference | None:
        """The preferences of a split; None if the objective compares no answers."""
        return Preference(split, self.recipe, self.dtype) if self.recipe.goal.compares else None

    def _preferences(self, name: str, model: Any) -> dict[str, Any] | None:
        """The measures of the held-out preferences; None without any."""
        if (preference := self._preference(self.prepared.held_out)) is None:
            return None
        phase = self.printer.phase(f"{name} preferences", len(self.prepared.held_out.encoded))
        room = MAX_TOKENS if self.packing else 1
        return preference.measure(model, room, phase.advance, alone=name == "base").model_dump()

    def _measure(self, name: str, model: Any) -> dict[str, Any]:
        """Loss, probes, preferences and answers of a model on the held-out split, by name. `name`: base or tuned."""
        texts = self.prepared.held_out.preferred
        phase = self.printer.phase(f"{name} evaluation", len(texts))
        loss = self._loss(model, texts, phase.advance)
        if not isfinite(loss):
            raise NotANumber(
                f"the held-out loss of the {name} model is not a number",
                'try  dtype = "float32"  or a lower learning_rate; the weights may be damaged',
            )
        measures = {"loss": loss, "probes": self._probe(name, model), "preferences": self._preferences(name, model)}
        if self.sharded:  # each token of an answer would gather all weights once more
            return {**measures, "answers": ["" for _ in self.prepared.questions]}
        prompts = [question.prompt for question in self.prepared.questions]
        answering = self.printer.phase(f"{name} answers", len(prompts))
        answered = distributed.from_first(lambda: self._answers(model, prompts))
        answering.advance(len(prompts))
        return {**measures, "answers": answered}

    def _answers(self, model: Any, prompts: list[str]) -> list[str]:
        """The model's answers to the prompts, in their order."""
        template, room = self.prepared.template, tokens_that_fit(model, self.dtype)
        how = {"max_new_tokens": self.recipe.max_new_tokens, "room": room}
        batches = answers(model, template, prompts, self.prepared.stops, self.dtype, **how)
        in_order = sorted(answer for batch in batches for answer in batch)
        return [template.tokenizer.decode(answer.ids, skip_special_tokens=True).strip() for answer in in_order]

    def _probe(self, name: str, model: Any) -> dict[str, Any] | None:
        """Probe the model for memorization and forgetting; all processes probe the same texts. None without texts."""
        prepared = self.prepared
        texts = probe_texts(prepared.train.preferred, prepared.held_out.preferred, prepared.template, prepared.probes)
        if not any(texts):
            return None
        phase = self.printer.phase(f"{name} probes", sum(map(len, texts)))
        return probe(model, texts, self.dtype, packing=self.packing, done=phase.advance)._asdict()

    def _loss(self, model: Any, texts: Any, done: Any = lambda _: None) -> float:
        """The held-out loss of a model on texts. `done`: see `held_out_loss`."""
        return held_out_loss(model, texts, self.dtype, packing=self.packing, done=done, shared=not self.sharded)

    def _validation_loss(self) -> float:
        """The loss on the validation split: of the preferences, if the objective compares answers."""
        assert self.prepared.validation is not None
        if (preference := self._preference(self.prepared.validation)) is not None:
            return preference.measure(self.model, MAX_TOKENS if self.packing else 1, lambda _: None).loss
        return self._loss(self.model, self.prepared.validation.encoded)

    def _run_training(self, share: float, base_loss: float | None) -> Callback:
        """Train from the last checkpoint or the start, and return the training's callback; a training that had ended is
        only loaded. `base_loss`: the held-out loss of the base, if it was measured.

        Raises `KeyboardInterrupt` after an interruption, with a checkpoint saved.
        """
        order, recipe = self.prepared.order, self.recipe
        resume = distributed.from_first(lambda: checkpoint.resumable(self.folder.checkpoints, self.printer.print))
        done = 0 if resume is None else checkpoint.step_of(resume)
        self.journal.cut(done)
        self.loss_log.cut(done)
        distributed.barrier()
        phase = self.printer.phase("training", len(order), done)
        max_tokens = self.settings.tokens_per_pass
        if resume is not None:
            reduced = (line for line in self.journal.lines() if line.get("event") == "out-of-memory")
            max_tokens = min([max_tokens, *(line["tokens_per_pass"] for line in reduced)])
            self.journal.write(event="resumed", after=done)
        microbatches = Microbatches(self.prepared.train.encoded, self.prepared.train.name_of, max_tokens, self.packing)
        measure = self._validation_loss if self.prepared.validation is not None else None
        callback = Callback(
            self.journal, self.loss_log, phase, microbatches, steps=len(order), every=self.prepared.evaluate_every,
            patience=recipe.patience, measure=measure, pause=self._pause_step(share),
            base_loss=base_loss,
        )  # fmt: skip
        ended = done == len(order) or callback.exhausted
        if resume is not None and (ended or (callback.pause is not None and done >= callback.pause)):
            load_adapter_weights(self.model, resume)
            if not ended:  # killed at the pause, before it was recorded
                callback.record_pause(done)
        else:
            place = self.folder.checkpoints
            self.model = loop.train(
                self.model, microbatches, order, recipe, self.settings, place, callback=callback, resume=resume,
                preference=self._preference(self.prepared.train),
            )  # fmt: skip
        if callback.interrupted:
            self.journal.write(event="interrupted")
            self.printer.print("saved; the same command with --resume continues from here")
            raise KeyboardInterrupt
        return callback

    def _pause_step(self, share: float) -> int | None:
        """The step to pause after; None for a training that runs to its end."""
        step = max(1, round(share * len(self.prepared.order)))
        if step >= len(self.prepared.order):
            return None
        if self.prepared.validation is None:
            raise UsageError(
                "a pause reports the loss on the validation split, and this training measures none",
                "leave out evaluate_every, or create a validation split",
            )
        return step

    def _pause(self, loss: float) -> Pause:
        """What is printed at a pause. Raises `NotANumber` if the loss is infinite or no number."""
        if not isfinite(loss):
            hint = 'try  dtype = "float32"  or a lower learning_rate'
            raise NotANumber("the loss on the validation split is not a number", hint)
        last = checkpoint.latest(self.folder.checkpoints)
        trainable, total = parameters(self.model)
        return Pause(
            key=self.identity["key"], step=0 if last is None else checkpoint.step_of(last),
            steps=len(self.prepared.order), validation_loss=loss,
            trainable_parameters=trainable, total_parameters=total,
        )  # fmt: skip

    def _keep(self, callback: Callback) -> int:
        """Load the weights of the step that is kept; returns that step."""
        last = checkpoint.latest(self.folder.checkpoints)
        step = len(self.prepared.order) if last is None else checkpoint.step_of(last)
        best = callback.best_step if self.recipe.keep == "best" and not self.sharded else None
        made = checkpoint.of_step(self.folder.checkpoints, best) if best not in (None, step) else None
        if best is None or made is None:
            if best not in (None, step):
                self.printer.print(
                    f"note: the checkpoint of step {best:,}, the best one, is gone; step {step:,} is kept"
                )
            return step
        load_adapter_weights(self.model, made)
        return best

    def _save(self, folder: Path) -> Path:
        """Write the tokenizer and the adapter to a folder; returns the file of the weights."""
        self.prepared.template.tokenizer.save_pretrained(folder)
        if not self.sharded:
            return save(self.model, folder)
        made = checkpoint.latest(self.folder.checkpoints)  # gathered from all devices
        assert made is not None
        for name in ("adapter_config.json", WEIGHTS):
            shutil.copyfile(made / name, folder / name)
        return folder / WEIGHTS

    def _report(
        self,
        mapped: list[MappedExample],
        base: dict[str, Any],
        tuned: dict[str, Any],
        adapter: str,
        callback: Callback,
        step: int,
    ) -> Report:
        """The report of the training; `validation_loss` is None if the kept step was not measured."""
        prepared, identity = self.prepared, self.identity
        trainable, total = parameters(self.model)
        done = [line["step"] for line in self.journal.lines() if "loss" in line]
        return Report(
            key=identity["key"],
            model=self.recipe.model,
            base=identity["base"],
            template=prepared.template.hash,
            date=prepared.template.date,
            manifest=identity["manifest"],
            method=self.recipe.method,
            objective=self.recipe.objective,
            dtype=self.settings.dtype,
            files=distributed.from_first(self.folder.recorded),
            learning_rate=self.recipe.peak_rate,
            trainable_parameters=trainable,
            total_parameters=total,
            steps=max(done, default=len(prepared.order)),
            kept_step=step,
            validation_loss=kept_loss if isfinite(kept_loss := dict(callback.measured).get(step, inf)) else None,
            train_examples=len(prepared.train.lines),
            supervised_tokens=int(prepared.train.encoded.supervised.sum()),
            held_out=prepared.held_out.name,
            held_out_examples=len(prepared.held_out.lines),
            base_loss=base["loss"],
            tuned_loss=tuned["loss"],
            base_preferences=base.get("preferences"),
            tuned_preferences=(preferences := tuned["preferences"]),
            overfitting=overfitting(
                self.journal.lines(),
                step,
                _measured_loss(base),
                _measured_loss(tuned),
                base.get("probes"),
                tuned.get("probes"),
                "held-out preference loss" if preferences else "held-out loss",
            ),
            data_map=data_map_summary(mapped, prepared.train.examples()),
            generations=tuple(
                Generation(prompt=question.text, reference=question.reference, base=before, tuned=after)
                for question, before, after in zip(prepared.questions, base["answers"], tuned["answers"], strict=True)
            ),
            adapter_sha256=adapter,
            left_out=prepared.left_out,
            system=prepared.train.system,
            shared=prepared.train.shared,
            reasoning=prepared.train.reasoning,
            mismatches=prepared.mismatches,
        )


def _measured_loss(measures: dict[str, Any]) -> float:
    """The held-out loss among the measures of a model: of the preferences, if the objective compares answers."""
    preferences = measures.get("preferences")
    return float(preferences["loss"] if preferences else measures["loss"])
