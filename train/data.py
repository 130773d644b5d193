"""A split folder to token ids: every example is encoded, refused or left out with its reason; none is cut or dropped silently."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from curate.encoding import Encoded
from curate.errors import InputError
from curate.example import Example
from curate.read.dataset import read_dataset
from curate.template import Template
from curate.text import plural
from train.recipe import Recipe
from train.report import LeftOut

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Split:
    """One part of the data, ready for the model."""

    name: str
    examples: tuple[Example, ...]
    encoded: tuple[Encoded, ...]
    """One text per example, or several where the template changes earlier turns; in the order of the file."""
    left_out: tuple[LeftOut, ...]
    mismatches: Counter[str]
    """Differences between training and inference, with the number of examples that have them."""


def load_split(folder: Path, name: str, template: Template, recipe: Recipe) -> Split:
    """Encode one part of a split folder.

    Raises `InputError` where the file is missing, empty or broken, and, listing them, where the recipe says to refuse
    examples over its length or with nothing to train on.
    """
    path = folder / f"{name}.jsonl"
    if not path.is_file():
        raise InputError(f"{path}: no such file", "make the split first: curate split DATA -o FOLDER, and name FOLDER as `data` in the recipe")
    lines = read_dataset([path]).lines
    broken = [str(line.place) for line in lines if line.example is None]
    if broken:
        raise InputError(f"{broken[0]}: no example in this line ({plural(len(broken), 'such line')} in the file)", f"curate check {path}")
    kept: list[Example] = []
    encoded: list[Encoded] = []
    mismatches: Counter[str] = Counter()
    long: list[LeftOut] = []
    unusable: list[LeftOut] = []
    for line in lines:
        example = line.example
        assert example is not None
        encoding = template.encode(example.value)
        if encoding.problems:
            reason = "; ".join(f"{problem.code} {problem.pointer}: {problem.message}".lstrip() for problem in encoding.problems)
            unusable.append(LeftOut(split=name, line=example.place.line, example=example.id, reason=reason))
        elif encoding.length > recipe.max_length:
            reason = f"K001 {encoding.length} tokens, more than max_length = {recipe.max_length}"
            long.append(LeftOut(split=name, line=example.place.line, example=example.id, reason=reason))
        else:
            kept.append(example)
            encoded += encoding.encoded
            mismatches.update(encoding.mismatches)
    _refuse(path, long, recipe.over_length, "over_length")
    _refuse(path, unusable, recipe.untrainable, "untrainable")
    if not kept:
        raise InputError(f"{path}: no example is left to use", "check the file, max_length and the chat template")
    return Split(name, tuple(kept), tuple(encoded), (*long, *unusable), mismatches)


def _refuse(path: Path, found: Sequence[LeftOut], policy: str, key: str) -> None:
    if not found or policy == "leave-out":
        return
    listed = [f"{path}:{one.line}: {one.reason}" for one in found[:SHOWN]]
    if len(found) > SHOWN:
        listed.append(f"... and {len(found) - SHOWN:,} more")
    ways = "raise max_length" if key == "over_length" else "mend them"
    raise InputError("\n".join(listed), f'{ways}, or say  {key} = "leave-out"  in the recipe: they are then listed in the report')


@dataclass(frozen=True, slots=True)
class Plan:
    """Which texts are trained on in which forward pass, for the whole training; a resumed one follows the same plan."""

    steps: int
    """Optimiser steps."""
    batches: tuple[tuple[int, ...], ...]
    """Indices of texts, one tuple per forward pass."""


def plan_batches(texts: int, recipe: Recipe) -> Plan:
    """The order of training: all texts in a new order in each epoch, decided by the seed alone."""
    per_step = recipe.batch * recipe.accumulation
    total = recipe.max_steps * per_step if recipe.max_steps is not None else max(1, round((recipe.epochs or 1.0) * texts))
    order: list[int] = []
    epoch = 0
    while len(order) < total:
        indices = list(range(texts))
        random.Random(f"{recipe.seed}:{epoch}").shuffle(indices)  # noqa: S311  (an order, not a secret)
        order += indices
        epoch += 1
    order = order[:total]
    batches = tuple(tuple(order[i : i + recipe.batch]) for i in range(0, total, recipe.batch))
    return Plan(ceil(len(batches) / recipe.accumulation), batches)
