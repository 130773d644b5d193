"""The exact weighted sum of adapters of one base as one adapter, measured on the held-out questions of each.

Factors are concatenated: ranks add up and nothing is approximated. PEFT's other ways are not exact (`linear` is off by
87%, `svd` by 35% of the true sum, measured on random adapters of rank 8), and lose the scale of rsLoRA (peft#3761);
here each scale is part of its factors.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from peft import LoraConfig
from safetensors.torch import save_file
from torch import Tensor

from curate.core.errors import UsageError
from curate.core.text import visible
from curate.project.manifest import stage_key
from curate.storage.files import json_text, sha256
from train.errors import memory_errors
from train.export.export_folder import conclude, files_of, writing
from train.export.export_result import Export
from train.export.exporter import serving_notes
from train.export.questions import Questions, questions_for
from train.journal import JournalPrinter
from train.model.adapters import (
    PREFIX,
    WEIGHTS,
    LoraWeights,
    adapter_disabled,
    load_adapter,
    lora_weights,
    obstacle,
)
from train.model.base import compute_dtype, device
from train.results import Composition, Member, OnBase
from train.template_defaults import THINKING, VARIABLES, assigned
from train.trained import COMPOSED_FILE, Trained
from train.training.held_out import held_out_loss

SHARED_KEYS: Final = {*OnBase.model_fields}


def weighted_sum(parts: Sequence[LoraWeights], weights: Sequence[float]) -> dict[str, tuple[Tensor, Tensor]]:
    """Per module the factors (rank, inputs) and (outputs, rank) of the weighted sum, with scale 1; ranks add up."""
    shapes = {module: (down.shape[1], up.shape[0]) for part in parts for module, (down, up) in part.modules.items()}
    factors = {}
    for module, (inputs, outputs) in shapes.items():
        pairs = [
            part.modules.get(module, (torch.zeros(part.rank, inputs), torch.zeros(outputs, part.rank)))
            for part in parts
        ]
        ups = [up * (weight * part.scale) for (_, up), part, weight in zip(pairs, parts, weights, strict=True)]
        factors[module] = (torch.cat([down for down, _ in pairs]), torch.cat(ups, dim=1))
    return factors


def require_mergeable(runs: Sequence[Trained], weights: Sequence[float]) -> None:
    """Raises `UsageError` with the reason if adapters cannot be merged exactly."""
    if len(runs) < 2:
        raise UsageError("merging needs at least two adapters", "name two or more runs")
    if len(weights) != len(runs) or not all(math.isfinite(weight) and weight for weight in weights):
        raise UsageError(
            f"--weights: {len(weights)} numbers for {len(runs)} adapters",
            "give one non-zero weight for each, for example  --weights 1,0.5",
        )
    for run in runs:
        for what, hint in _obstacles(run, runs[0]):
            raise UsageError(f"{visible(str(run.folder.path))}: {what}", hint)


def _obstacles(run: Trained, first: Trained) -> Iterator[tuple[str, str]]:
    """Why a run cannot be merged with the first one, and what to do."""
    if run.recipe.method not in ("lora", "qlora"):
        exact = "only LoRA and QLoRA adapters can be merged exactly"
        yield f"{run.recipe.how.title} has no low-rank factors to add", exact
    if why := obstacle(run.folder.adapter):
        yield why, "export it with  --to merged  and train the other adapter on the result"
    if run.report.base != first.report.base:
        own, other = (f"{visible(trained.report.model)} ({trained.report.base[:20]}…)" for trained in (run, first))
        yield f"was trained on {own}, the first one on {other}", "an adapter fits only the base that it was trained on"
    if run.recipe.yarn != first.recipe.yarn:
        yield "was trained with another yarn than the first one", "train both with the same yarn"
    if run.report.template != first.report.template:
        yield "was trained with another chat template than the first one", "train both with the same chat template"


def merge_adapters(
    runs: Sequence[Trained],
    weights: Sequence[float],
    folder: Path,
    printer: JournalPrinter,
    *,
    data: Sequence[Path],
    limit: int,
) -> Composition:
    """Write the sum as an adapter, and measure it. Raises `CurateError`, and then the folder is unchanged.

    `data`: split folders, in the order of the runs, if they moved; `limit`: questions of each run to measure on.
    """
    require_mergeable(runs, weights)
    places = [*data, *[None] * (len(runs) - len(data))]
    questions = [questions_for(run, run.template(), place, limit) for run, place in zip(runs, places, strict=True)]
    parts = [lora_weights(run.folder.adapter) for run in runs]
    with memory_errors("use a machine with more memory: the base is loaded in 16 bits"), writing(folder) as stage:
        _save_adapter(stage, runs[0], parts, weighted_sum(parts, weights))
        losses = _losses_by_adapter(stage, runs, questions, printer)
        members = tuple(map(_member_record, runs, weights, parts, questions, losses))
        rank, base = sum(part.rank for part in parts), _common_base(runs)
        notes = [*serving_notes(runs[0].template(), base, "adapter", {}), *_notes_on_left_out(runs, base)]
        made = Composition(folder=str(folder), rank=rank, members=members, notes=tuple(notes), **base.model_dump())
        (stage / COMPOSED_FILE).write_bytes(json_text(made.model_dump(mode="json")).encode("utf-8", "surrogatepass"))
        conclude(stage, _export_record(stage, runs[0], made, questions[0]))
    return made


def _common_base(runs: Sequence[Trained]) -> OnBase:
    """What the training examples of all runs share. The model is as the first recipe names it; a system message,
    tools or a variable of some runs alone are left out. The share of examples that are rendered with `enable_thinking`
    is that of all runs together, and the variable has the value of most examples.
    """
    reports = [run.report for run in runs]
    first, variables = reports[0], [report.shared.get(VARIABLES, {}) for report in reports]
    tools = first.shared.get("tools")
    same = {
        name: value
        for name, value in variables[0].items()
        if all(name in others and others[name] == value for others in variables)
    }
    shares = [report.reasoning for report in reports if report.reasoning is not None]
    reasoning = None
    if len(shares) == len(reports):
        counts = [report.train_examples for report in reports]
        reasoning = sum(share * count for share, count in zip(shares, counts, strict=True)) / sum(counts)
        same = {THINKING: reasoning > 0.5} | same
    shared = {VARIABLES: same} if same else {}
    if tools is not None and all(report.shared.get("tools") == tools for report in reports):
        shared["tools"] = tools
    system = first.system if all(report.system == first.system for report in reports) else None
    return OnBase(
        system=system, shared=shared, reasoning=reasoning, model=first.model, base=first.base, template=first.template,
        date=first.date,
    )  # fmt: skip


def _notes_on_left_out(runs: Sequence[Trained], base: OnBase) -> Iterator[str]:
    """A note with the template variables that the runs set differently, which `base` lacks; none if there are none."""
    set_by_run = [run.report.shared.get(VARIABLES, {}) for run in runs]
    left_out = {name for variables in set_by_run for name in variables} - base.shared.get(VARIABLES, {}).keys()
    if left_out:
        values = [
            f"{visible(str(run.folder.path))} with {visible(assigned(own)) or 'none of them'}"
            for run, variables in zip(runs, set_by_run, strict=True)
            for own in [{name: value for name, value in variables.items() if name in left_out}]
        ]
        yield (
            f"the runs were trained with different template variables: {'; '.join(values)}; the merged adapter names "
            f"none of these: give each request the ones of the run that it is about ({VARIABLES})"
        )


def _save_adapter(
    stage: Path, first: Trained, parts: Sequence[LoraWeights], factors: dict[str, tuple[Tensor, Tensor]]
) -> None:
    """Write the factors as a PEFT adapter with the tokenizer of the first run."""
    rank = sum(part.rank for part in parts)
    targets = [part.config.target_modules for part in parts]
    listed = all(isinstance(target, set | list) for target in targets)
    named: Any = sorted(set().union(*targets)) if listed else sorted(factors)
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=named, task_type="CAUSAL_LM", inference_mode=True)
    config.base_model_name_or_path = first.recipe.model
    config.save_pretrained(str(stage))
    tensors = {}
    for module, (down, up) in factors.items():
        tensors[f"{PREFIX}{module}.lora_A.weight"] = down.contiguous()
        tensors[f"{PREFIX}{module}.lora_B.weight"] = up.contiguous()
    save_file(tensors, stage / WEIGHTS, metadata={"format": "pt"})
    first.template().tokenizer.save_pretrained(str(stage))


def _losses_by_adapter(
    stage: Path, runs: Sequence[Trained], questions_by_run: Sequence[Questions], printer: JournalPrinter
) -> list[tuple[float, float, float]]:
    """For each adapter three losses on its own questions: of the base, with this adapter, with all adapters merged."""
    # Rounding must not pass for a loss by merging.
    dtype = torch.float32 if device().type == "cpu" else compute_dtype("auto")
    printer.print("loading the base in 16 bits")
    model = load_adapter(runs[0].base(quantised=False, dtype=dtype), stage, "all")
    phase = printer.phase("measuring", 3 * sum(len(questions.texts) for questions in questions_by_run))
    losses = []
    for number, (run, questions) in enumerate(zip(runs, questions_by_run, strict=True)):
        load_adapter(model, run.folder.adapter, str(number))

        def loss(of: Any, questions: Questions = questions) -> float:
            return held_out_loss(of, questions.texts, dtype, packing=False, done=phase.advance)

        with adapter_disabled(model) as base:
            before = loss(base)
        model.set_adapter(str(number))
        alone = loss(model)
        model.set_adapter("all")
        losses.append((before, alone, loss(model)))
    return losses


def _member_record(
    run: Trained, weight: float, part: LoraWeights, questions: Questions, losses: tuple[float, float, float]
) -> Member:
    """The record of a merged adapter, with its losses and the share of its improvement that is left."""
    before, alone, composed = losses
    return Member(
        run=str(run.folder.path), key=run.report.key, adapter_sha256=run.report.adapter_sha256, weight=weight,
        rank=part.rank, held_out=run.report.held_out,
        questions=len(questions.texts), base_loss=before, alone_loss=alone, composed_loss=composed,
        kept=(before - composed) / (before - alone) if alone < before else None,
    )  # fmt: skip


def _export_record(stage: Path, first: Trained, made: Composition, questions: Questions) -> Export:
    """The record of the merged adapter, in the form of an export."""
    template = first.template()
    names = ", ".join(f"{member.weight:g} x {Path(member.run).name}" for member in made.members)
    return Export(
        **made.model_dump(include=SHARED_KEYS), form="adapter", folder=made.folder, method="lora", manifest=None,
        key=stage_key([[member.key, member.weight] for member in made.members]), adapter_sha256=sha256(stage / WEIGHTS),
        template_source=template.source, stops=tuple(template.tokenizer.convert_ids_to_tokens(list(questions.stops))),
        dtype="float32", files=files_of(stage), proof=None, notes=(f"the sum of {names}", *made.notes),
    )  # fmt: skip
