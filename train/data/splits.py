"""From a split folder to token ids, in the order of training. No weights are loaded for it.

Each example is encoded, refused or left out with its reason; none is cut.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from curate.core.errors import ConfigError, InputError, ModelError
from curate.core.example import Example
from curate.core.lazy import Floats, Hashes, Numbers
from curate.core.text import excerpt, plural, visible
from curate.models.names import configuration
from curate.models.template import Template, load_template, load_tokenizer
from curate.storage.shards import split_files
from curate.storage.snapshot import FileState
from train.batching import Order, plan_order
from train.data.measuring import measuring_of
from train.data.pairs import preferred_examples
from train.data.plain_text import TEMPLATE, plain_template
from train.data.split_files import SplitFiles
from train.data.tokenized import tokenized
from train.encoded_texts import EncodedTexts
from train.journal import JournalPrinter
from train.memory.autoconfig import TextLengths
from train.model.base import base_config, longest_context
from train.model.generation import stop_ids
from train.recipe import Recipe
from train.results import LeftOut
from train.template_defaults import THINKING, VARIABLES, takes_thinking

MAX_SHOWN = 20


@dataclass(frozen=True, slots=True, eq=False)
class TokenizedSplit:
    """One split, tokenized. Its examples stay in the file."""

    name: str
    files: SplitFiles
    encoded: EncodedTexts
    """One text per example, or several where the template changes earlier turns; in the order of the file."""
    owners: Numbers
    """For each text the index of its example."""
    signs: Numbers
    """For each text 1 if it is to become more likely, -1 if less; the better answer of an example is first."""
    lines: Numbers
    """The line of each example."""
    numbers: Numbers
    """For each example the number of examples before it in the file; a block of plain text ends in this one."""
    weights: Floats
    """Loss weight of each example, for preferences; that of other examples is in the weights of their tokens."""
    systems: Hashes
    """For each example a hash of the system message that it begins with."""
    left_out: tuple[LeftOut, ...]
    mismatches: Counter[str]
    """Differences between training and inference, with the number of examples that have them."""
    system: str | None
    """The system message that all examples begin with; None where some have another one or none."""
    shared: dict[str, Any]
    """What all examples give the chat template beside their messages: tools and variables. `enable_thinking` is among
    them if the template reads it, as most examples have it.
    """
    reasoning: float | None
    """Share of the examples that are rendered with `enable_thinking`; None if the template does not read it."""
    highest: int
    """The highest token."""
    states: tuple[FileState, ...]
    """The files when they were read."""

    @property
    def preferred(self) -> EncodedTexts:
        """The texts that are to become more likely."""
        return self.encoded if (self.signs > 0).all() else self.encoded.chosen(self.signs > 0)

    def name_of(self, text: int) -> str:
        """File and line of the example that a text belongs to. `text`: its index."""
        return self.files.place(int(self.lines[self.owners[text]]))

    def examples(self) -> Iterator[Example]:
        """Read its examples, in the order of `lines`. Raises `InputError` if the file has changed."""
        if self.files.states() != self.states:
            raise InputError(
                f"{visible(str(self.files.shown))}: has changed since the training began",
                "restore it, then use --resume",
            )
        numbers = iter(np.unique(self.numbers).tolist())
        number = next(numbers, None)
        for index, example in enumerate(self.files.examples()):
            if index == number:
                yield example
                number = next(numbers, None)

    def sample(self, count: int) -> "TokenizedSplit":
        """At most `count` of its examples, spread evenly: the beginning of a sorted file is not representative."""
        size = len(self.lines)
        if count >= size:
            return self
        chosen = np.arange(count) * size // count
        texts = np.isin(self.owners, chosen)
        examples = {name: getattr(self, name)[chosen] for name in ("lines", "numbers", "weights", "systems")}
        owners = np.searchsorted(chosen, self.owners[texts])
        return replace(self, encoded=self.encoded.chosen(texts), owners=owners, signs=self.signs[texts], **examples)


def load_split(
    folder: Path, name: str, template: Template, recipe: Recipe, context: int = sys.maxsize
) -> TokenizedSplit:
    """Encode one split. `context`: tokens that the model takes.

    Raises `InputError` if the file is missing, empty or broken, or, with their list, if the recipe refuses examples
    that are too long or have nothing to train on.
    """
    files = SplitFiles.of(folder, name).required(
        "create the split with  curate split DATA -o FOLDER  and set  data  in the recipe to FOLDER"
    )
    path, states = files.shown, files.states()
    as_is = name == "train" and recipe.history == "as-is"
    encoded = tokenized(files, template, recipe, context, as_is=as_is)
    columns, facts = encoded.columns, encoded.facts
    left_out = [
        LeftOut(split=name, line=line, example=example, reason=reason) for line, example, reason in facts["left_out"]
    ]
    long = [omission for omission in left_out if omission.reason.startswith("K001")]
    unusable = [omission for omission in left_out if not omission.reason.startswith("K001")]
    _refuse_left_out(files, long, recipe.over_length, "over_length")
    _refuse_left_out(files, unusable, recipe.untrainable, "untrainable")
    if not len(encoded.texts):
        raise _nothing_left(files, name, left_out)
    signs, systems = columns["signs"], columns["systems"]
    if 1 not in signs or (name == "train" and recipe.objective == "kto" and -1 not in signs):
        labels = "good" if 1 in signs else "bad"
        raise InputError(f"{path}: all answers are labelled {labels}", "objective 'kto' needs good and bad answers")
    shared, reasoning = facts["shared"], None
    if takes_thinking(template.source):
        reasoning = facts["thinking"] / len(systems)
        shared[VARIABLES] = {THINKING: reasoning > 0.5} | shared.get(VARIABLES, {})
    return TokenizedSplit(
        name, files, encoded.texts, columns["owners"], signs, columns["lines"], columns["numbers"],
        columns["example_weights"], systems, (*long, *unusable), Counter(facts["mismatches"]),
        facts["system"] if (systems == systems[0]).all() else None, shared, reasoning, facts["highest"], states,
    )  # fmt: skip


def context_of(recipe: Recipe) -> int:
    """Most tokens of a text besides the virtual tokens. Raises `ModelError`, or `ConfigError` if none are left."""
    context = longest_context(base_config(recipe), sys.maxsize)
    left = context - (recipe.virtual_tokens if recipe.how.virtual else 0)
    if left < 1:
        raise ConfigError(f"virtual_tokens = {recipe.virtual_tokens}: the model takes {context:,} tokens", "use fewer")
    return left


def _refuse_left_out(files: SplitFiles, left_out: Sequence[LeftOut], policy: str, key: str) -> None:
    """Raise `InputError` with a list of the examples, unless there are none or the policy is to leave them out.

    `policy`: the value of the recipe's key `key`.
    """
    if left_out and policy != "leave-out":
        hint = f'{remedy(left_out)}, or set  {key} = "leave-out"  in the recipe: the report then lists them'
        raise InputError.of_lines(_listed(files, left_out), hint)


def _nothing_left(files: SplitFiles, name: str, left_out: Sequence[LeftOut]) -> InputError:
    """The error for a split without an example to use, with the reasons of those that were left out."""
    problem = f"{files.shown}: no example is left to use"
    if left_out:
        return InputError.of_lines([*_listed(files, left_out), problem], remedy(left_out))
    if name == "train":
        return InputError(problem, "check the file")
    hint = "nothing is held out to measure on: split again with larger  --counts  or  --fractions, or more data"
    return InputError(problem, hint)


def _listed(files: SplitFiles, left_out: Sequence[LeftOut]) -> list[str]:
    """File, line and reason of at most `MAX_SHOWN` examples, and the number of the others."""
    listed = [f"{files.place(omission.line)}: {omission.reason}" for omission in left_out[:MAX_SHOWN]]
    return [*listed, *([f"... and {len(left_out) - MAX_SHOWN:,} more"] if len(left_out) > MAX_SHOWN else [])]


def remedy(left_out: Sequence[LeftOut]) -> str:
    """What makes examples usable that were left out for one reason."""
    reasons = [omission.reason for omission in left_out]
    if not all(reason.startswith("K001") for reason in reasons):
        if any(reason.startswith("K004") for reason in reasons):  # raises, or has no place for tool calls
            return "fix them, or set  chat_template  to a template that renders them (`curate template list`)"
        return "fix them"
    longest = max(int(reason.split()[1]) for reason in reasons)
    for reason in reasons:
        if "the model's" in reason:
            return f"shorten them, or {longer_context(longest, int(reason.split()[-1]))}"
    return f"raise max_length to {longest}"


def longer_context(tokens: int, context: int) -> str:
    """What makes room for a text of so many tokens in a model that takes `context` of them, as a next step."""
    return f"extend the model's context with  yarn = {ceil(tokens / context)}"


class HeldOutPrompt(NamedTuple):
    """A held-out question for people to compare answers to."""

    text: str
    """The last message before the answer."""
    prompt: str
    """What inference renders of the whole conversation before the answer."""
    reference: str
    """The answer in the data."""


def held_out_prompts(split: TokenizedSplit, template: Template, recipe: Recipe) -> list[HeldOutPrompt]:
    """Up to `generations` questions spread over a split, with their better answers."""
    count = recipe.generations
    if not count:
        return []
    step = max(1, len(np.unique(split.numbers[split.owners[split.signs > 0]])) // count)
    prompts: list[HeldOutPrompt] = []
    for example in islice(preferred_examples(split.examples(), recipe.objective), 0, None, step):
        if len(prompts) == count:
            break
        prompt = template.prompt(example.value)
        if prompt is not None and example.answer is not None:
            prompts.append(HeldOutPrompt(example.prompt[-1].text, prompt, example.answer.text))
    return prompts


@dataclass(frozen=True, slots=True)
class Prepared:
    """A training that is ready to start."""

    recipe: Recipe
    template: Template
    train: TokenizedSplit
    validation: TokenizedSplit | None
    """Measured on during the training; None without measurements or with an empty split."""
    held_out: TokenizedSplit
    """Measured on before and after it."""
    order: Order
    stops: list[int]
    questions: list[HeldOutPrompt]
    probes: int
    """Training and held-out answers to probe."""

    @property
    def splits(self) -> tuple[TokenizedSplit, ...]:
        """The splits, each once, the held-out one last."""
        candidates = (self.train, self.validation, self.held_out)
        return tuple({split.name: split for split in candidates if split is not None}.values())

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Examples of all splits that are not used."""
        return tuple(omission for split in self.splits for omission in split.left_out)

    @property
    def mismatches(self) -> dict[str, int]:
        """Differences between training and inference in all splits, with the number of examples that have them."""
        return dict(sorted(sum((split.mismatches for split in self.splits), Counter[str]()).items()))

    @property
    def evaluate_every(self) -> int:
        """Steps between measurements on the validation split."""
        return evaluate_every(self.recipe, len(self.order))

    @property
    def texts(self) -> TextLengths:
        """Lengths of the training texts."""
        lengths = self.train.encoded.lengths.tolist()
        return TextLengths(lengths, int(self.train.encoded.supervised.sum()) / sum(lengths))

    @property
    def start(self) -> list[int]:
        """Tokens that virtual tokens are initialized from: the first of the first text."""
        return list(self.train.encoded[0].input_ids)


def evaluate_every(recipe: Recipe, steps: int) -> int:
    """Steps between measurements on the validation split."""
    return recipe.evaluate_every or max(20, steps // 10)


def prepare(recipe: Recipe, printer: JournalPrinter) -> Prepared:
    """Encode and order the data. Raises `CurateError` for data that cannot be trained on."""
    plain = recipe.objective == "pt" and not recipe.chat_template
    template = plain_template(recipe.model) if plain else load_template(recipe.model, recipe.chat_template, recipe.date)
    recipe = recipe.model_copy(update={"date": template.date})
    if recipe.objective != "pt" and template.source == TEMPLATE:
        raise ModelError(
            f"{recipe.model}: its chat template is that of plain text, which marks no roles",
            'set  chat_template  in the recipe, for example to "chatml"',
        )
    if replaces_template(recipe, template.source):
        printer.print(
            f"note: the base has a chat template of its own, which chat_template = {excerpt(recipe.chat_template)} "
            "replaces, also where the base is measured"
        )
    data = Path(recipe.data)
    measures = recipe.evaluate_every != 0 and is_not_empty(data, "validation")
    parts = printer.phase("encoding", 3 if measures else 2)
    context = context_of(recipe)
    train = load_split(data, "train", template, recipe, context)
    parts.advance()
    held_out = load_split(data, "test" if is_not_empty(data, "test") else "validation", template, recipe, context)
    parts.advance()
    validation = None
    if measures:
        validation = (
            held_out if held_out.name == "validation" else load_split(data, "validation", template, recipe, context)
        )
        parts.advance()
    order = plan_order(train.owners, recipe)
    lengths = train.encoded.lengths.tolist()
    measuring = measuring_of(
        recipe,
        trained=sum(lengths[index] for step in order for index in step),
        held_out=int(held_out.encoded.lengths.sum()),
        mean=sum(lengths) / len(train.lines),
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
    if validation is None and recipe.evaluate_every != 0:
        what = "patience has no effect and " if recipe.patience else ""
        printer.print(
            f"note: no validation split: nothing is measured during the training; {what}the last adapter is kept"
        )
    if validation is not None and held_out.name == validation.name and (recipe.keep == "best" or recipe.patience):
        printer.print("note: no test split: the adapter is chosen by the examples of validation that then measure it")
    if train.system is not None and (without := int((held_out.systems != train.systems[0]).sum())):
        printer.print(
            f"note: {held_out.name}, {plural(without, 'example')}: without the system message of all training examples"
        )
    return prepared


def replaces_template(recipe: Recipe, source: str) -> bool:
    """Whether the recipe sets another chat template, with the text `source`, than the base has."""
    own = load_tokenizer(recipe.model).chat_template if recipe.chat_template else None
    return isinstance(own, str) and own != source


def _require_known_tokens(prepared: Prepared) -> None:
    """Raise `ConfigError` for tokens that the base has no embedding of."""
    size = configuration(prepared.recipe.model).get_text_config().vocab_size
    highest = max(split.highest for split in prepared.splits)
    if highest >= size:
        model = visible(prepared.recipe.model)
        message = f"{model}: its tokenizer writes the token {highest:,}, its weights know {size:,} tokens, from 0"
        raise ConfigError(message, "use the tokenizer that belongs to the weights: these are from different models")


def is_not_empty(folder: Path, split: str) -> bool:
    """Whether a split exists and is not empty. Raises `InputError` if shards are missing."""
    return any(path.stat().st_size for path in split_files(folder, split))
