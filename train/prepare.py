"""All that is decided before a byte of weights is loaded: the texts, their order, the questions."""

from dataclasses import dataclass
from pathlib import Path

from curate.template import Template, load_template
from curate.text import plural
from train import evaluate
from train.data import Split, load_split
from train.fit import Texts
from train.order import Order, plan_order
from train.progress import Narrator
from train.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Prepared:
    """A training, ready to begin."""

    recipe: Recipe
    template: Template
    train: Split
    validation: Split | None
    """What is measured on during the training; None where the recipe wants no measurements or the split is empty."""
    held_out: Split
    """What is measured on before and after it."""
    order: Order
    stops: list[int]
    questions: list[evaluate.Question]

    @property
    def evaluate_every(self) -> int:
        """Steps between measurements on the validation split."""
        return self.recipe.evaluate_every or max(20, len(self.order) // 10)

    @property
    def texts(self) -> Texts:
        """What the texts to be trained on are like."""
        lengths = [len(text.input_ids) for text in self.train.encoded]
        return Texts(lengths, sum(text.supervised for text in self.train.encoded) / sum(lengths))

    @property
    def start(self) -> list[int]:
        """Tokens that virtual tokens begin as: those that the texts begin with."""
        return self.train.encoded[0].input_ids


def prepare(recipe: Recipe, narrator: Narrator) -> Prepared:
    """Encode the data and order it. Raises `CurateError` for data that a training must not go on with."""
    template = load_template(recipe.model)
    data = Path(recipe.data)
    measures = recipe.evaluate_every != 0 and _filled(data / "validation.jsonl")
    parts = narrator.phase("encoding", 3 if measures else 2)
    train = load_split(data, "train", template, recipe)
    parts.advance()
    held_out = load_split(data, "test" if _filled(data / "test.jsonl") else "validation", template, recipe)
    parts.advance()
    validation = None
    if measures:
        validation = held_out if held_out.name == "validation" else load_split(data, "validation", template, recipe)
        validation = validation.first(recipe.evaluate_examples)
        parts.advance()
    for split in {train.name: train, held_out.name: held_out}.values():
        for mismatch, count in split.mismatches.items():
            narrator.say(f"note: {split.name}, {plural(count, 'example')}: {mismatch}")
        if split.left_out:
            narrator.say(f"note: {split.name}: {plural(len(split.left_out), 'example')} left out; the report lists them")
    return Prepared(
        recipe, template, train, validation, held_out, plan_order(len(train.encoded), recipe), evaluate.stop_ids(template, train.encoded),
        evaluate.questions(held_out, template, recipe.generations),
    )  # fmt: skip


def _filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
