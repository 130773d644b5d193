"""A split folder to token ids: every example is encoded, refused or left out with its reason; none is cut or dropped silently."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    owners: tuple[int, ...]
    """For each text the index of its example."""
    left_out: tuple[LeftOut, ...]
    mismatches: Counter[str]
    """Differences between training and inference, with the number of examples that have them."""

    def name_of(self, text: int) -> str:
        """Where the example of a text stands."""
        return str(self.examples[self.owners[text]].place)

    def first(self, count: int) -> "Split":
        """The part of it that the first `count` examples make."""
        texts = tuple(text for text, owner in zip(self.encoded, self.owners, strict=True) if owner < count)
        return replace(self, examples=self.examples[:count], encoded=texts, owners=self.owners[: len(texts)])


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
    owners: list[int] = []
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
            owners += [len(kept)] * len(encoding.encoded)
            kept.append(example)
            encoded += encoding.encoded
            mismatches.update(encoding.mismatches)
    _refuse(path, long, recipe.over_length, "over_length")
    _refuse(path, unusable, recipe.untrainable, "untrainable")
    if not kept:
        raise InputError(f"{path}: no example is left to use", "check the file, max_length and the chat template")
    return Split(name, tuple(kept), tuple(encoded), tuple(owners), (*long, *unusable), mismatches)


def _refuse(path: Path, found: Sequence[LeftOut], policy: str, key: str) -> None:
    if not found or policy == "leave-out":
        return
    listed = [f"{path}:{one.line}: {one.reason}" for one in found[:SHOWN]]
    if len(found) > SHOWN:
        listed.append(f"... and {len(found) - SHOWN:,} more")
    ways = "raise max_length" if key == "over_length" else "mend them"
    raise InputError("\n".join(listed), f'{ways}, or say  {key} = "leave-out"  in the recipe: they are then listed in the report')
