"""One training from recipe to report: measure the base, train, measure again. Any part that is done is not done twice."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any, Final, Literal

import torch
from peft import load_peft_weights, set_peft_model_state_dict
from transformers import set_seed
from transformers.utils import logging

from curate.config import validated
from curate.errors import ConfigError, ModelError, UsageError
from curate.template import Template, load_template
from curate.text import plural, visible
from train import checkpoint, evaluate, loop
from train.data import Plan, Split, load_split, plan_batches
from train.folder import RunFolder, identify
from train.methods import attach, parameters
from train.metrics import Journal
from train.model import autocast, compute_dtype, device, load_base
from train.pack import packs_exactly
from train.progress import Narrator
from train.recipe import Recipe
from train.report import Generation, Report

PACKAGES: Final = ("torch", "transformers", "peft", "bitsandbytes", "accelerate")
Mode = Literal["new", "resume", "fresh"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is decided before the model is loaded."""

    recipe: Recipe
    template: Template
    train: Split
    held_out: Split
    plan: Plan
    stops: list[int]
    questions: list[evaluate.Question]


def train(recipe: Recipe, folder: RunFolder, *, mode: Mode, narrator: Narrator) -> Report:
    """Train as the recipe says and return the report; at once where the folder holds the finished run.

    `new` refuses a folder with another or an unfinished run, `resume` goes on with an unfinished one, `fresh` starts
    again whatever is there. Raises `CurateError`.
    """
    with folder.locked():
        identity = identify(recipe)
        finished = _admit(folder, identity["key"], mode)
        if finished is not None:
            narrator.say(f"{visible(str(folder.path))}: this training is finished already; nothing was done (--fresh starts it again)")
            return finished
        # Refuses what cannot be trained on before anything is written and before the model is loaded.
        prepared = prepare(recipe, narrator)
        if mode == "fresh" or folder.key is None:
            folder.clear()
            folder.write("recipe.json", recipe.model_dump(mode="json"))
            folder.write("environment.json", _environment(recipe))
            folder.write("identity.json", {**identity, "template": prepared.template.hash})
        narrator.journal = Journal(folder.metrics)
        with narrator.showing():
            return _train(prepared, folder, narrator, identity)


def _admit(folder: RunFolder, key: str, mode: Mode) -> Report | None:
    """The report of the finished run that was asked for, or None when the training may begin or go on."""
    if mode == "fresh":
        return None
    there = folder.key
    if there is None:
        return None
    if there != key:
        raise UsageError(f"{folder.path}: holds a run with another recipe, other data or another base model", "--fresh replaces it; --run-dir DIR keeps both")
    report = folder.read("report.json")
    if report is None and mode == "new":
        raise UsageError(f"{folder.path}: holds an unfinished run of this recipe", "--resume goes on with it; --fresh starts again")
    return None if report is None else validated(Report, report, str(folder.path / "report.json"))


def prepare(recipe: Recipe, narrator: Narrator) -> Prepared:
    """Encode the data and plan the training; no weights are loaded. Raises `CurateError` for data it must not go on with."""
    template = load_template(recipe.model)
    data = Path(recipe.data)
    parts = narrator.phase("encoding", 2)
    train = load_split(data, "train", template, recipe)
    parts.advance()
    test = data / "test.jsonl"
    held_out = load_split(data, "test" if test.is_file() and test.stat().st_size else "validation", template, recipe)
    parts.advance()
    for split in (train, held_out):
        for mismatch, count in split.mismatches.items():
            narrator.say(f"note: {split.name}, {plural(count, 'example')}: {mismatch}")
        if split.left_out:
            narrator.say(f"note: {split.name}: {plural(len(split.left_out), 'example')} left out; the report lists them")
    plan = plan_batches(len(train.encoded), recipe)
    return Prepared(
        recipe, template, train, held_out, plan, evaluate.stop_ids(template, train.encoded), evaluate.questions(held_out, template, recipe.generations)
    )


def _environment(recipe: Recipe) -> dict[str, Any]:
    on = device()
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "device": torch.cuda.get_device_name(on) if on.type == "cuda" else "cpu",
        "dtype": str(compute_dtype(recipe.dtype)).removeprefix("torch."),
        "threads": recipe.threads or torch.get_num_threads(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _train(prepared: Prepared, folder: RunFolder, narrator: Narrator, identity: dict[str, Any]) -> Report:
    recipe = prepared.recipe
    environment = folder.read("environment.json")
    now = _environment(recipe)
    if environment is None or any(environment[name] != now[name] for name in ("packages", "device")):
        narrator.say("note: packages or device have changed since this run began; it will not end exactly as it would have")
        environment = environment or now
    torch.set_num_threads(environment["threads"])
    dtype = compute_dtype(environment["dtype"])
    logging.disable_progress_bar()  # bars of loading weights; ours say as much
    loading = narrator.phase("loading the model", 1)
    set_seed(recipe.seed)  # the adapter begins with random numbers
    model = attach(load_base(recipe, dtype), recipe)
    _check_vocabulary(model, prepared)
    with autocast(dtype), model.disable_adapter():
        packing = packs_exactly(model, device())
    loading.advance()
    if not packing:
        narrator.say("note: this model does not keep packed texts apart; each goes through it by itself")
    base = folder.read("base.json")
    if base is None:
        with model.disable_adapter():
            base = _measure(model, prepared, dtype, narrator, "base", packing=packing)
        folder.write("base.json", base)
    _go_on(model, prepared, folder, narrator, dtype, packing=packing)
    adapter = folder.place_adapter(model)
    tuned = _measure(model, prepared, dtype, narrator, "tuned", packing=packing)
    report = _report(model, prepared, base, tuned, adapter, identity)
    assert narrator.journal is not None
    narrator.journal.write(event="finished")
    folder.write("report.json", report.model_dump(mode="json"))
    return report


def _check_vocabulary(model: Any, prepared: Prepared) -> None:
    size = model.get_input_embeddings().weight.shape[0]
    highest = max(max(text.input_ids) for split in (prepared.train, prepared.held_out) for text in split.encoded)
    if highest >= size:
        raise ConfigError(f"the tokenizer knows token {highest}, the model only {size} tokens", "tokenizer and weights are not of one model")


def _measure(model: Any, prepared: Prepared, dtype: torch.dtype, narrator: Narrator, name: str, *, packing: bool) -> dict[str, Any]:
    """Held-out loss and a few answers, of the model as it is now."""
    phase = narrator.phase(f"{name} evaluation", len(prepared.held_out.encoded))
    loss = evaluate.held_out_loss(model, prepared.held_out.encoded, dtype, packing=packing, done=phase.advance)
    if not isfinite(loss):
        raise ModelError(
            f"the held-out loss of the {name} model is not a number", 'try  dtype = "float32"  or a lower learning_rate; the weights may be damaged'
        )
    asked = [question.prompt for question in prepared.questions]
    answering = narrator.phase(f"{name} answers", len(asked))
    answers = evaluate.answers(model, prepared.template, asked, prepared.stops, dtype, max_new_tokens=prepared.recipe.max_new_tokens)
    answering.advance(len(asked))
    return {"loss": loss, "answers": answers}


def _go_on(model: Any, prepared: Prepared, folder: RunFolder, narrator: Narrator, dtype: torch.dtype, *, packing: bool) -> None:
    """Train from the last checkpoint, or from the start; nothing is left to do after a checkpoint at the last step."""
    plan = prepared.plan
    resume = checkpoint.latest(folder.checkpoints)
    done = 0 if resume is None else checkpoint.step_of(resume)
    assert narrator.journal is not None
    narrator.journal.cut(done)
    phase = narrator.phase("training", plan.steps, done)
    if resume is not None:
        narrator.journal.write(event="resumed", after=done)
        if done == plan.steps:
            set_peft_model_state_dict(model, load_peft_weights(str(resume), device=str(device())))
            return
    loop.run(
        model, prepared.train.encoded, plan, prepared.recipe, folder.checkpoints,
        dtype=dtype, packing=packing, journal=narrator.journal, phase=phase, resume=resume,
    )  # fmt: skip


def _report(model: Any, prepared: Prepared, base: dict[str, Any], tuned: dict[str, Any], adapter: str, identity: dict[str, Any]) -> Report:
    trainable, total = parameters(model)
    return Report(
        key=identity["key"],
        model=prepared.recipe.model,
        base=identity["base"],
        template=prepared.template.hash,
        manifest=identity["manifest"],
        method=prepared.recipe.method,
        trainable_parameters=trainable,
        total_parameters=total,
        steps=prepared.plan.steps,
        train_examples=len(prepared.train.examples),
        supervised_tokens=sum(text.supervised for text in prepared.train.encoded),
        held_out=prepared.held_out.name,
        held_out_examples=len(prepared.held_out.examples),
        base_loss=base["loss"],
        tuned_loss=tuned["loss"],
        generations=tuple(
            Generation(prompt=question.text, reference=question.reference, base=before, tuned=after)
            for question, before, after in zip(prepared.questions, base["answers"], tuned["answers"], strict=True)
        ),
        adapter_sha256=adapter,
        left_out=(*prepared.train.left_out, *prepared.held_out.left_out),
        mismatches=dict(sorted((prepared.train.mismatches + prepared.held_out.mismatches).items())),
    )
