"""From a split folder to token ids, in the order of training. No weights are loaded for it.

Each example is encoded, refused or left out with its reason; none is cut.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from curate.core.errors import ConfigError, InputError
from curate.core.example import Example
from curate.core.text import plural
from curate.models.encoding import Encoded, Encoding
from curate.models.names import configuration
from curate.models.template import Template, load_template
from curate.models.template_messages import answer_weight, has_reasoning
from curate.read.dataset import read_dataset
from train.batching import Order, plan_order
from train.data.measuring import measuring_of
from train.data.pairs import Side, preferred_examples, refused_lines, sides_of
from train.data.system_message import shared_system, system_of
from train.journal import JournalPrinter
from train.memory.autoconfig import Texts
from train.model.base import longest_context
from train.model.generation import stop_ids
from train.recipe import Recipe
from train.results import LeftOut

MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Split:
    """One split, tokenized."""

    name: str
    examples: tuple[Example, ...]
    encoded: tuple[Encoded, ...]
    """One text per example, or several where the template changes earlier turns; in the order of the file."""
    owners: tuple[int, ...]
    """For each text the index of its example."""
    left_out: tuple[LeftOut, ...]
    mismatches: Counter[str]
    """Differences between training and inference, with the number of examples that have them."""
    signs: tuple[int, ...]
    """For each text 1 if it is to become more likely, -1 if less; the better answer of an example is first."""
    weights: tuple[float, ...]
    """Loss weight of each example, for preferences; that of other examples is in the weights of their tokens."""

    @property
    def preferred(self) -> list[Encoded]:
        """The texts that are to become more likely."""
        return [text for text, sign in zip(self.encoded, self.signs, strict=True) if sign > 0]

    def name_of(self, text: int) -> str:
        """File and line of the example of a text."""
        return str(self.examples[self.owners[text]].place)

    @property
    def system(self) -> str | None:
        """The system message that all examples begin with; None where some have another one or none."""
        return shared_system(self.examples)

    @property
    def shared(self) -> dict[str, Any]:
        """What all examples give the chat template beside their messages: tools and variables, `enable_thinking` among
        them where most of their answers have reasoning.
        """
        first, *others = (example.value for example in self.examples)
        keys = [key for key in ("tools", "chat_template_kwargs") if first.get(key)]
        found = {key: first[key] for key in keys if all(other.get(key) == first[key] for other in others)}
        thinking = sum(any(map(has_reasoning, _answers(example))) for example in self.examples)
        if 2 * thinking > len(self.examples):
            found["chat_template_kwargs"] = {"enable_thinking": True} | found.get("chat_template_kwargs", {})
        return found

    def sample(self, count: int) -> "Split":
        """At most `count` of its examples, spread evenly: the beginning of a sorted file is not representative."""
        size = len(self.examples)
        if count >= size:
            return self
        chosen = {at * size // count: at for at in range(count)}
        texts = zip(self.encoded, self.owners, self.signs, strict=True)
        encoded, owners, signs = zip(
            *((text, chosen[at], sign) for text, at, sign in texts if at in chosen), strict=True
        )
        examples, weights = tuple(self.examples[at] for at in chosen), tuple(self.weights[at] for at in chosen)
        return replace(self, examples=examples, encoded=encoded, owners=owners, signs=signs, weights=weights)


def _answers(example: Example) -> list[dict[str, Any]]:
    return [message.value for message in example.messages if message.role == "assistant"]


def load_split(folder: Path, name: str, template: Template, recipe: Recipe, context: int = sys.maxsize) -> Split:
    """Encode one split. `context`: tokens that the model takes.

    Raises `InputError` if the file is missing, empty or broken, or, with their list, if the recipe refuses examples
    that are too long or have nothing to train on.
    """
    path = folder / f"{name}.jsonl"
    if not path.is_file():
        raise InputError(
            f"{path}: no such file",
            "create the split with  curate split DATA -o FOLDER  and set  data  in the recipe to FOLDER",
        )
    kept, encoded, owners, signs, weights = list[Example](), list[Encoded](), list[int](), list[int](), list[float]()
    long, unusable, mismatches = list[LeftOut](), list[LeftOut](), Counter[str]()
    preferences = recipe.objective != "sft"
    bad = refused_lines(path) if preferences else {}
    as_is = name == "train" and recipe.history == "as-is"
    differing = list[tuple[int, int]]()
    for example in examples_in(path):
        found = _encoded_sides(example, template, recipe, context, bad.get(example.place.line, ""), as_is=as_is)
        if isinstance(found, str):
            one = LeftOut(split=name, line=example.place.line, example=example.id, reason=found)
            (long if found.startswith("K001") else unusable).append(one)
            continue
        weights.append(weight := answer_weight(example.value) if preferences else 1.0)
        for side, encoding in found:
            owners += [len(kept)] * len(encoding.encoded)
            signs += [side.sign] * len(encoding.encoded)
            encoded += [  # without the weight of the example
                text if weight == 1 else replace(text, weights=[one / weight for one in text.weights])
                for text in encoding.encoded
            ]
            differing.append(encoding.differing)
        kept.append(example)
        mismatches.update({text for _, encoding in found for text in encoding.mismatches})
    if differing := [one for one in differing if one[1]]:  # histories that differ from those of inference
        share = sum(only for only, _ in differing) / sum(total for _, total in differing)
        text = f'history = "as-is": {share:.1%} of the tokens up to answers differ from inference'
        mismatches[text] += len(differing)
    _refuse_left_out(path, long, recipe.over_length, "over_length")
    _refuse_left_out(path, unusable, recipe.untrainable, "untrainable")
    if not kept:
        raise InputError(f"{path}: no example is left to use", "check the file, max_length and the chat template")
    if 1 not in signs or (name == "train" and recipe.objective == "kto" and -1 not in signs):
        labels = "good" if 1 in signs else "bad"
        raise InputError(f"{path}: all answers are labelled {labels}", "objective 'kto' needs good and bad answers")
    left_out = (*long, *unusable)
    return Split(
        name, tuple(kept), tuple(encoded), tuple(owners), left_out, mismatches, tuple(signs), tuple(weights)
    )  # fmt: skip


def _encoded_sides(
    example: Example, template: Template, recipe: Recipe, context: int, what: str, *, as_is: bool
) -> list[tuple[Side, Encoding]] | str:
    """The sides of an example with their texts, or why it is not trained on. `what`: by the rules of family P."""
    sides = sides_of(example, recipe.objective)
    if isinstance(sides, str):
        return what or sides
    if what and not what.startswith("P013"):  # about all labels of the file, and reported at the first
        return what
    found = [(side, template.encode(side.value, as_one=as_is)) for side in sides]
    if problems := [one for _, encoding in found for one in encoding.problems]:
        return "; ".join(dict.fromkeys(f"{one.code} {one.pointer}: {one.message}".lstrip() for one in problems))
    length = max(encoding.length for _, encoding in found)
    if length <= min(recipe.max_length, context):
        return found
    limit = f"max_length = {recipe.max_length}" if recipe.max_length <= context else f"the model's {context}"
    return f"K001 {length} tokens, more than {limit}"


def context_of(recipe: Recipe) -> int:
    """Tokens that the base takes, without those of virtual tokens. Raises `ModelError`, `ConfigError`."""
    context = longest_context(configuration(recipe.model), sys.maxsize)
    left = context - (recipe.virtual_tokens if recipe.how.virtual else 0)
    if left < 1:
        raise ConfigError(f"virtual_tokens = {recipe.virtual_tokens}: the model takes {context:,} tokens", "use fewer")
    return left


def examples_in(path: Path) -> list[Example]:
    """The examples of a split's file. Raises `InputError` if a line holds none."""
    lines = read_dataset([path]).lines
    if broken := [str(line.place) for line in lines if line.example is None]:
        raise InputError(
            f"{broken[0]}: no example in this line ({plural(len(broken), 'such line')} in the file)",
            f"curate check {path}",
        )
    return [line.example for line in lines if line.example is not None]


def _refuse_left_out(path: Path, found: Sequence[LeftOut], policy: str, key: str) -> None:
    if not found or policy == "leave-out":
        return
    listed = [f"{path}:{one.line}: {one.reason}" for one in found[:MAX_SHOWN]]
    if len(found) > MAX_SHOWN:
        listed.append(f"... and {len(found) - MAX_SHOWN:,} more")
    ways = (
        "fix them"
        if key == "untrainable"
        else "shorten them"
        if "the model's" in found[0].reason
        else "raise max_length"
    )
    raise InputError.of_lines(listed, f'{ways}, or set  {key} = "leave-out"  in the recipe: the report then lists them')


class HeldOutPrompt(NamedTuple):
    """A held-out question for people to compare answers to."""

    text: str
    """The last message before the answer."""
    prompt: str
    """What inference renders of the whole conversation before the answer."""
    reference: str
    """The answer in the data."""


def held_out_prompts(split: Split, template: Template, recipe: Recipe) -> list[HeldOutPrompt]:
    """Up to `generations` questions spread over a split, with their better answers."""
    examples, count = preferred_examples(split.examples, recipe.objective), recipe.generations
    step = max(1, len(examples) // count) if count else 1
    found: list[HeldOutPrompt] = []
    for example in examples[::step]:
        prompt = template.prompt(example.value)
        if len(found) < count and prompt is not None and example.answer is not None:
            found.append(HeldOutPrompt(example.prompt[-1].text, prompt, example.answer.text))
    return found


@dataclass(frozen=True, slots=True)
class Prepared:
    """A training that is ready to start."""

    recipe: Recipe
    template: Template
    train: Split
    validation: Split | None
    """Measured on during the training; None without measurements or with an empty split."""
    held_out: Split
    """Measured on before and after it."""
    order: Order
    stops: list[int]
    questions: list[HeldOutPrompt]
    probes: int
    """Training and held-out answers to probe."""

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits, each once, the held-out one last."""
        found = (self.train, self.validation, self.held_out)
        return tuple({split.name: split for split in found if split is not None}.values())

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Examples of all splits that are not used."""
        return tuple(one for split in self.splits for one in split.left_out)

    @property
    def mismatches(self) -> dict[str, int]:
        """Differences between training and inference in all splits, with the number of examples that have them."""
        return dict(sorted(sum((split.mismatches for split in self.splits), Counter[str]()).items()))

    @property
    def evaluate_every(self) -> int:
        """Steps between measurements on the validation split."""
        return evaluate_every(self.recipe, len(self.order))

    @property
    def texts(self) -> Texts:
        """Lengths of the training texts."""
        lengths = [len(text.input_ids) for text in self.train.encoded]
        return Texts(lengths, sum(text.supervised for text in self.train.encoded) / sum(lengths))

    @property
    def start(self) -> list[int]:
        """Tokens that virtual tokens are initialized from: the first of the first text."""
        return self.train.encoded[0].input_ids


def evaluate_every(recipe: Recipe, steps: int) -> int:
    """Steps between measurements on the validation split."""
    return recipe.evaluate_every or max(20, steps // 10)


def prepare(recipe: Recipe, printer: JournalPrinter) -> Prepared:
    """Encode and order the data. Raises `CurateError` for data that cannot be trained on."""
    template = load_template(recipe.model, recipe.chat_template)
    data = Path(recipe.data)
    measures = recipe.evaluate_every != 0 and is_not_empty(data / "validation.jsonl")
    parts = printer.phase("encoding", 3 if measures else 2)
    context = context_of(recipe)
    train = load_split(data, "train", template, recipe, context)
    parts.advance()
    held_out = load_split(
        data, "test" if is_not_empty(data / "test.jsonl") else "validation", template, recipe, context
    )
    parts.advance()
    validation = None
    if measures:
        validation = (
            held_out if held_out.name == "validation" else load_split(data, "validation", template, recipe, context)
        )
        parts.advance()
    order = plan_order(train.owners, recipe)
    lengths = [len(text.input_ids) for text in train.encoded]
    measuring = measuring_of(
        recipe,
        trained=sum(lengths[at] for step in order for at in step),
        held_out=sum(len(text.input_ids) for text in held_out.encoded),
        mean=sum(lengths) / max(1, len(train.examples)),
        measurements=len(order) // evaluate_every(recipe, len(order)),
    )
    prepared = Prepared(
        recipe, template, train, validation and validation.sample(measuring.examples), held_out, order,
        stop_ids(template, train.encoded), held_out_prompts(held_out, template, recipe), measuring.probes,
    )  # fmt: skip
    _require_known_tokens(prepared)
    for split in prepared.splits:
        for mismatch, count in split.mismatches.items():
            printer.print(f"note: {split.name}, {plural(count, 'example')}: {mismatch}")
        if left_out := len(split.left_out):
            printer.print(f"note: {split.name}: {plural(left_out, 'example')} left out; the report lists them")
    if train.system is not None and (without := sum(system_of(one) != train.system for one in held_out.examples)):
        printer.print(
            f"note: {held_out.name}, {plural(without, 'example')}: without the system message of all training examples"
        )
    return prepared


def _require_known_tokens(prepared: Prepared) -> None:
    """Raise `ConfigError` for tokens that the base has no embedding of."""
    size = configuration(prepared.recipe.model).get_text_config().vocab_size
    highest = max(max(text.input_ids) for split in prepared.splits for text in split.encoded)
    if highest >= size:
        message = f"the tokenizer has token {highest}, the model only {size} tokens"
        raise ConfigError(message, "tokenizer and weights are from different models")


def is_not_empty(path: Path) -> bool:
    """Whether a file exists and is not empty."""
    return path.is_file() and path.stat().st_size > 0
