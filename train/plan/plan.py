"""The plan of a training, made before any weights are loaded: `curate train --plan`."""

from math import ceil
from pathlib import Path
from time import monotonic
from typing import Any, Final

import numpy as np
import torch
from pydantic import TypeAdapter

from curate.core.config import SUPPRESSIONS, CheckConfig, Config
from curate.core.example import where
from curate.core.text import plural
from curate.lint.project_check import ProjectRules, check_project
from curate.models.encoding import IGNORE_INDEX, Encoded
from curate.models.template import Template
from curate.project.manifest import SPLIT_NAMES
from curate.project.runs import project_of
from curate.storage import store
from curate.storage.files import display_name, sha256
from curate.storage.shards import split_files
from curate.storage.snapshot import unchanging
from train.batching import Microbatches
from train.data.measuring import MODELS, step_passes
from train.data.splits import Prepared, context_of, is_not_empty, prepare, remedy
from train.data.tokenized import PACKAGES, locked_cache, tokenizer_id
from train.errors import memory_errors
from train.journal import JournalPrinter
from train.memory.autoconfig import available, choose_settings, optimiser_of, shortage, sizes_of
from train.memory.hardware import peak_memory, total_memory
from train.memory.memory_profile import MemoryProfile
from train.model.adapters import add_adapter
from train.model.base import autocast, compute_dtype, device, load_base, training_problems
from train.model.loss import EmbeddingNoise, packs_exactly, use_chunked_cross_entropy
from train.recipe import Recipe
from train.results import LeftOut, Refusal, RuleCount, SplitPlan, TextSpan, TrainingPlan
from train.run_folder import disk_need
from train.template_defaults import VARIABLES, date_note, differing_variables, served_with
from train.training.preference import Preference

RULE_COUNTS: Final = TypeAdapter(tuple[RuleCount, ...])


def plan(recipe: Recipe, printer: JournalPrinter, *, memory: int | None = None, measure: bool = False) -> TrainingPlan:
    """The plan of a training. `memory`: bytes of a GPU to plan for instead of this machine; `measure`: run a step.

    Raises `CurateError` without a model, without data, or if no example can be trained on.
    """
    on_cpu = memory is None and device().type == "cpu"
    dtype = compute_dtype(recipe.dtype) if memory is None else torch.bfloat16
    sizes = sizes_of(recipe, dtype, total_memory() if memory is None else memory, on_cpu=on_cpu)
    recipe = sizes.recipe
    lenient = recipe.model_copy(update={"over_length": "leave-out", "untrainable": "leave-out"})
    prepared = prepare(lenient, printer)
    optimiser = optimiser_of(recipe) if memory is None or recipe.optimiser != "auto" else "paged_adamw_8bit"
    free_memory = available() if memory is None else memory
    fit = choose_settings(sizes, prepared.texts, free_memory, optimiser=optimiser)
    texts = prepared.train.encoded
    shown = sorted({0, len(texts) // 2, len(texts) - 1})
    left_out = prepared.left_out
    long = tuple(omission for omission in left_out if omission.reason.startswith("K001"))
    unusable = tuple(omission for omission in left_out if omission not in long)
    refusals = _refusals(recipe, long, unusable)
    problems = training_problems(recipe, sizes.dtype, here=memory is None)
    refusals += [Refusal(reason=problem.reason, next=problem.hint) for problem in problems]
    if not fit.fits:
        needs, next_step = shortage(fit, sizes, prepared.texts, free_memory)
        refusals.append(Refusal(reason=f"it {needs}", next=next_step))
    made = TrainingPlan(
        model=recipe.model,
        method=recipe.method,
        objective=recipe.objective,
        trains=recipe.how.trains,
        cannot=(*recipe.how.cannot, *_rank_notes(recipe, sizes)),
        learning_rate=recipe.peak_rate,
        learning_rate_from=recipe.rate_source,
        trainable_parameters=sizes.trainable,
        total_parameters=sizes.total,
        device="a GPU" if not on_cpu and memory is not None else str(device()),
        dtype=str(sizes.dtype).removeprefix("torch."),
        optimiser=optimiser,
        tokens_per_pass=fit.tokens_per_pass,
        activation_checkpointing=fit.activation_checkpointing,
        memory=fit.estimate,
        memory_available=free_memory,
        splits=_splits(prepared),
        steps=len(prepared.order),
        epochs=sum(map(len, prepared.order)) / len(texts),
        schedule=recipe.schedule,
        warmup_steps=recipe.warmup_steps(len(prepared.order)),
        **_measurements(prepared),
        disk=disk_need(fit.estimate.trained),
        **_step_counts(prepared, fit.tokens_per_pass),
        seconds=None,
        seconds_measuring=None,
        memory_measured=None,
        over_length=long,
        untrainable=unusable,
        mismatches=prepared.mismatches,
        findings=_findings(recipe, prepared.template) if recipe.objective != "pt" else (),
        served_with=_served_with(prepared),
        masks=tuple(_pieces(texts[index], prepared.template) for index in shown),
        mask_roles=tuple("good" if prepared.train.signs[index] > 0 else "bad" for index in shown),
        refusals=tuple(refusals),
    )
    if measure and not refusals:
        with memory_errors("set  activation_checkpointing = true  or a lower  tokens_per_pass"):
            seconds, peak = measure_training(prepared, made)
        measuring = seconds / made.tokens * _measured_tokens(prepared) / step_passes(recipe)
        made = made.model_copy(update={"seconds": seconds, "seconds_measuring": measuring, "memory_measured": peak})
    return made


def _served_with(prepared: Prepared) -> str:
    """What a server has to give the chat template, in words; empty if the training sets no variables and the template
    prints no date.
    """
    template, train = prepared.template, prepared.train
    notes, variables = [], train.shared.get(VARIABLES, {})
    if variables:
        notes.append(served_with(differing_variables(template, train.shared), variables, train.reasoning))
    return "; ".join([*notes, *date_note(template, train.system, train.shared)])


def _refusals(recipe: Recipe, long: tuple[LeftOut, ...], unusable: tuple[LeftOut, ...]) -> list[Refusal]:
    """Why the recipe refuses examples that are too long or cannot be trained on; empty if it refuses none."""
    refusals = []
    if long and recipe.over_length == "refuse":
        longest, context = max(int(omission.reason.split()[1]) for omission in long), context_of(recipe)
        limit = "max_length" if longest <= context else f"the model's context, {context:,} tokens"
        reason = f"{plural(len(long), 'example')} {'is' if len(long) == 1 else 'are'} longer than {limit}"
        refusals.append(Refusal(reason=reason, next=f'{remedy(long)}, or set  over_length = "leave-out"'))
    if unusable and recipe.untrainable == "refuse":
        reason = f"{plural(len(unusable), 'example')} cannot be trained on"
        refusals.append(Refusal(reason=reason, next=f'{remedy(unusable)}, or set  untrainable = "leave-out"'))
    return refusals


def _rank_notes(recipe: Recipe, sizes: MemoryProfile) -> list[str]:
    """A note if the rank of LoRA is not below the width of the model; empty if it is."""
    width = int(sizes.config.get_text_config().hidden_size)
    if "rank" not in recipe.how.keys or recipe.rank < width:
        return []
    return [f"rank {recipe.rank} is not below the model's width, {width}: the update has more weights than it changes"]


def _splits(prepared: Prepared) -> tuple[SplitPlan, ...]:
    """The numbers of examples and tokens of each split."""
    plans = []
    for split in prepared.splits:
        lengths, longest = split.encoded.lengths, np.zeros((len(split.lines), 2), dtype=np.int64)
        np.maximum.at(longest, (split.owners, (split.signs > 0).astype(np.int8)), lengths)
        tokens, supervised = int(lengths.sum()), int(split.encoded.supervised.sum())
        counts = {"texts": len(lengths), "tokens": tokens, "longest": int(lengths.max()), "supervised": supervised}
        counts["examples"] = len(split.lines)
        plans.append(SplitPlan(name=split.name, repeated=tokens / int(longest.sum()), **counts))
    return tuple(plans)


def _measurements(prepared: Prepared) -> dict[str, Any]:
    """How often and on how many examples the training measures itself, and which adapter it keeps, by name."""
    validation, recipe = prepared.validation, prepared.recipe
    if validation is None:
        return {"evaluate_every": None, "evaluate_examples": 0, "keep": "last"}
    keep = "last" if recipe.parallel == "fsdp" else recipe.keep
    return {"evaluate_every": prepared.evaluate_every, "evaluate_examples": len(validation.lines), "keep": keep}


def _measured_tokens(prepared: Prepared) -> int:
    """Tokens of all measurements: of the held-out split before and after the training, of the validation split during
    it.
    """
    count = 0 if prepared.validation is None else ceil(len(prepared.order) / prepared.evaluate_every)
    validation = 0 if prepared.validation is None else int(prepared.validation.encoded.lengths.sum())
    return MODELS * int(prepared.held_out.encoded.lengths.sum()) + count * validation


def _step_counts(prepared: Prepared, max_tokens: int) -> dict[str, int]:
    """Forward passes, tokens and supervised tokens of all steps, by name."""
    packing = prepared.recipe.packing
    microbatches = Microbatches(prepared.train.encoded, prepared.train.name_of, max_tokens, packing)
    return {
        "passes": sum(len(microbatches.micro_batches(step)) for step in prepared.order),
        "tokens": sum(map(microbatches.tokens, prepared.order)),
        "supervised": sum(map(microbatches.supervised, prepared.order)),
    }


def _findings(recipe: Recipe, template: Template) -> tuple[RuleCount, ...]:
    """Findings of family K in the splits, except long examples, which the plan lists itself. They are kept beside the
    tokens, because they need the rendered texts, which the tokens do not have.
    """
    data = Path(recipe.data)
    paths = [path for name in SPLIT_NAMES if is_not_empty(data, name) for path in split_files(data, name)]
    folder = project_of([data / "train.jsonl"]).folder
    with unchanging(paths), locked_cache() as cache:
        if cache is None:
            return _count_findings(recipe, paths, folder)
        files = [path for path in (*paths, folder / SUPPRESSIONS) if path.is_file()]
        contents = [(display_name(path), sha256(path)) for path in files]
        parts = (store.code_id(*PACKAGES), contents, tokenizer_id(template), recipe.max_length)
        entry = store.entry(cache, "findings", ".json", *parts)
        counts = store.load(entry, RULE_COUNTS.validate_python)
        if counts is None:
            counts = _count_findings(recipe, paths, folder)
            store.save(entry, RULE_COUNTS.dump_python(counts, mode="json"))
        return counts


def _count_findings(recipe: Recipe, paths: list[Path], folder: Path) -> tuple[RuleCount, ...]:
    """Check the splits with the rules of family K; `folder` is that of the project."""
    settings: dict[str, Any] = recipe.model_dump(include={"model", "chat_template", "max_length"})
    config = CheckConfig(select=("K",), ignore=("K001",), **settings)
    report = check_project(paths, ProjectRules.of(folder, Config.model_construct(check=config)))
    counts = []
    for code, count in sorted(report.codes.items()):
        first = next(finding for finding in report.findings if finding.code == code)
        place = where(first.file, first.line)
        counts.append(RuleCount(code=code, severity=first.severity, count=count, message=first.message, place=place))
    return tuple(counts)


def _pieces(encoded: Encoded, template: Template) -> tuple[TextSpan, ...]:
    """A text cut where training begins and ends, decoded from the token ids: it shows what is really trained on."""
    pieces: list[tuple[list[int], bool]] = []
    for token, label in zip(encoded.input_ids, encoded.labels, strict=True):
        if not pieces or pieces[-1][1] != (label != IGNORE_INDEX):
            pieces.append(([], label != IGNORE_INDEX))
        pieces[-1][0].append(token)
    return tuple(
        TextSpan(text=template.tokenizer.decode(ids, skip_special_tokens=False), trained=trained)
        for ids, trained in pieces
    )


def measure_training(prepared: Prepared, made: TrainingPlan) -> tuple[float, int]:
    """Seconds of the whole training, and peak memory in bytes, from the second of two equal steps of median size."""
    from train.training.loop import Gradients  # loads what a plan does without

    recipe = prepared.recipe
    dtype = compute_dtype(recipe.dtype)
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    model = add_adapter(load_base(recipe, dtype, checkpointing=made.activation_checkpointing), recipe, prepared.start)
    with autocast(dtype):
        use_chunked_cross_entropy(model, device())
        packing = recipe.packing and packs_exactly(model, device())
    microbatches = Microbatches(prepared.train.encoded, prepared.train.name_of, made.tokens_per_pass, packing)
    preference = Preference(prepared.train, recipe, dtype) if recipe.goal.compares else None
    gradients = Gradients(model, microbatches, EmbeddingNoise(model, recipe.neftune), dtype, preference=preference)
    step = sorted(prepared.order, key=microbatches.tokens)[len(prepared.order) // 2]
    model.train()
    began = monotonic()
    for _ in range(2):  # the first one warms up
        began = monotonic()
        gradients.compute(step)
        if device().type == "cuda":
            torch.cuda.synchronize()
    return (monotonic() - began) / microbatches.tokens(step) * made.tokens, peak_memory()
