"""The tokens of a file, made once for each data, template and settings, and kept in `.curate/cache/tokens`.

An entry of numbers has the tokens of all texts end to end, an entry of arrays has what is known about texts and
examples. Reading, encoding and writing take one example at a time, so memory does not grow with the text.
"""

import json
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256 as sha256_of
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import xxhash
from filelock import FileLock

from curate.core.errors import OutputError, UsageError
from curate.core.example import SYSTEM_ROLES, Example
from curate.core.lazy import Arrays
from curate.lint.rules.preference import pair_of
from curate.models.encoding import Encoded, Encoding, EncodingProblem, Rendered
from curate.models.template import Template, trained_answers
from curate.models.template_messages import answer_weight, has_reasoning, template_settings
from curate.project.runs import Project
from curate.storage import store
from curate.storage.files import make_private_folder
from curate.storage.snapshot import unchanging
from train.data.pairs import LabelledConversation, is_labelled_bad, refused_lines, sides_of
from train.data.plain_text import text_of
from train.data.split_files import SplitFiles
from train.data.system_message import system_of
from train.encoded_texts import ID_TYPE, EncodedTexts, TextWriter
from train.recipe import Recipe
from train.template_defaults import THINKING, VARIABLES

PACKAGES: Final = ("core", "lint", "models", "read", "../train")
"""The packages whose code decides what the tokens are."""
OTHER_COLUMNS: Final = {
    "owners": "i4", "signs": "i1",
    "numbers": "i8", "lines": "i8", "example_weights": "f8", "systems": "u8",
}  # fmt: skip
"""Arrays beside those of the texts: two by text, the others by example."""


MAX_MISMATCHES: Final = 5
OTHER: Final = "other differences between training and inference, like those listed"
UNREAD_PAIR: Final = "objective 'sft' trains on the chosen answer alone: dpo and orpo also use the rejected one"
UNREAD_LABEL: Final = "objective 'sft' trains on an answer that is labelled as bad: kto uses the label"


@dataclass(frozen=True, slots=True)
class Tokenized:
    """A file, tokenized."""

    texts: EncodedTexts
    columns: Arrays
    """See `OTHER_COLUMNS`."""
    facts: dict[str, Any]
    """See `Tokenizing.facts`."""


def tokenized(split: SplitFiles, template: Template, recipe: Recipe, context: int, *, as_is: bool) -> Tokenized:
    """The tokens of a split, from the cache or made now. `context`: tokens that the model takes; `as_is`: one text for
    an example also where the template changes earlier turns. Raises `InputError` if a line holds no example.
    """
    settings = [recipe.objective, as_is, recipe.max_length, context]
    with unchanging(split.files), locked_cache() as folder:
        if folder is None:
            return _tokenize(split, template, recipe, context, as_is=as_is)
        parts = (store.code_id(*PACKAGES), split.sha256(), tokenizer_id(template), settings)
        numbers, columns = (store.entry(folder, "tokens", suffix, *parts) for suffix in (".bin", ".npz"))
        encoded = store.load(columns, lambda arrays: _cached_tokens(numbers, arrays))
        if encoded is None:
            store.make_room(folder)
            encoded = _tokenize(split, template, recipe, context, as_is=as_is, entry=numbers)
            if len(encoded.texts):
                facts = np.frombuffer(json.dumps(encoded.facts).encode(), dtype=np.uint8)
                store.save(columns, encoded.texts.columns | encoded.columns | {"facts": facts})
        return encoded


@contextmanager
def locked_cache() -> Iterator[Path | None]:
    """Lock and yield the folder of cached tokens: one process writes at a time. None if it cannot be written to."""
    with ExitStack() as stack:
        folder = None
        with suppress(OSError, UsageError):
            cache = Project(Path.cwd()).cache / "tokens"
            make_private_folder(cache)
            stack.enter_context(FileLock(cache / ".lock"))
            folder = cache
        yield folder


def tokenizer_id(template: Template) -> str:
    """Identifier of a tokenizer and its chat template by content, with the date that it prints."""
    tokenizer = template.tokenizer
    parts = (
        template.hash, template.date, tokenizer.backend_tokenizer.to_str(),
        sorted(map(str, tokenizer.special_tokens_map.items())), sorted(template.stop_ids),
        version("transformers"), version("tokenizers"),
    )  # fmt: skip
    return sha256_of(repr(parts).encode()).hexdigest()


def _cached_tokens(numbers: Path, arrays: Arrays) -> Tokenized:
    """A tokenized file from its cache entry: `numbers` is the file of the tokens, `arrays` the other columns.

    Raises `KeyError` or `ValueError` if an array is missing or of another type.
    """
    store.require_types(arrays, OTHER_COLUMNS)
    tokens = store.mapped_numbers(numbers, ID_TYPE)
    if tokens is None:
        raise ValueError(numbers)
    facts = json.loads(arrays["facts"].tobytes())
    return Tokenized(EncodedTexts.from_columns(tokens, arrays), {name: arrays[name] for name in OTHER_COLUMNS}, facts)


def _tokenize(
    split: SplitFiles, template: Template, recipe: Recipe, context: int, *, as_is: bool, entry: Path | None = None
) -> Tokenized:
    """Encode a split. The tokens are written to `entry`, or to a file that is deleted with this process."""
    refused = refused_lines(split) if recipe.goal.compares else {}
    try:
        with store.new_entry(entry) if entry else tempfile.TemporaryFile() as file:
            work = Tokenizing(TextWriter(file), template, recipe, context, refused, as_is=as_is)
            for example in split.examples():
                work.add(example)
            work.finish()
            tokens = None if entry else store.mapped(file, ID_TYPE)
    except OSError as error:
        raise OutputError.of(entry or tempfile.gettempdir(), error, "free disk space") from error
    if entry:
        tokens = store.mapped_numbers(entry, ID_TYPE)
    texts = EncodedTexts.from_columns(np.empty(0, ID_TYPE) if tokens is None else tokens, work.writer.columns())
    return Tokenized(texts, work.columns(), work.facts())


DEVELOPER: Final = (
    "the chat template renders the developer message otherwise than a system message, so chat and exports send none: "
    "send it with the role developer, or train with the role system"
)
"""The mismatch of an example that begins with a developer message."""


@dataclass(slots=True)
class Tokenizing:
    """Encodes the examples of a file one after another."""

    writer: TextWriter
    template: Template
    recipe: Recipe
    context: int
    refused: dict[int, str]
    """By line, why rules refuse a preference."""
    as_is: bool = field(kw_only=True)
    number: int = 0
    left_out: list[tuple[int, str, str]] = field(default_factory=list)
    """Line, id and reason of each example that is not used."""
    mismatches: Counter[str] = field(default_factory=Counter)
    differing: list[int] = field(default_factory=lambda: [0, 0, 0])
    """With `as_is`: tokens that differ from those of inference, all tokens, and the number of answers' histories."""
    thinking: int = 0
    """Examples that are rendered with `enable_thinking`: those with reasoning, or that set it."""
    system: str | None = None
    """That of the first example."""
    developer_differs: bool | None = None
    """Whether the template renders a developer message otherwise than a system message; None: not known yet."""
    shared: dict[str, Any] | None = None
    """What all examples give the chat template beside their messages."""
    open_block: list[int] = field(default_factory=list)
    """Tokens of plain text that fill no block yet."""
    open_weights: list[float] = field(default_factory=list)
    """Their loss weights."""
    line: int = 0
    """Line of the last plain text."""
    _columns: dict[str, Any] = field(
        default_factory=lambda: {
            name: array({"i4": "i", "i1": "b", "i8": "q", "f8": "d", "u8": "Q"}[kind])
            for name, kind in OTHER_COLUMNS.items()
        }
    )

    def add(self, example: Example) -> None:
        """Encode an example, or note why it is left out. Raises `OSError`."""
        self.number += 1
        encoded = self._encoded_sides(example)
        if isinstance(encoded, str):
            self.left_out.append((example.place.line, example.id, encoded))
            return
        if isinstance(encoded, float):
            self._add_text(example, encoded)
            return
        columns, weight = self._columns, answer_weight(example.value) if self.recipe.goal.compares else 1.0
        for side, encoding in encoded:
            for text in encoding.encoded:
                # without the weight of the example
                own = text if weight == 1 else replace(text, weights=[each / weight for each in text.weights])
                self.writer.add(own)
                columns["owners"].append(len(columns["numbers"]))
                columns["signs"].append(side.sign)
            if encoding.differing[1]:  # a history that differs from that of inference
                only, total = encoding.differing
                self.differing = [self.differing[0] + only, self.differing[1] + total, self.differing[2] + 1]
        system = self._system_of(example)
        mismatches = {text: None for _, encoding in encoded for text in encoding.mismatches}
        if system != system_of(example):
            mismatches[DEVELOPER] = None
        self._count_mismatches(mismatches, example)
        self._update_shared(example, system)
        self._append_example(example.place.line, weight, system)

    def _system_of(self, example: Example) -> str | None:
        """The message of an example that inference sends as its system message; None without one, and for a developer
        message that the template renders in another way.
        """
        system = system_of(example)
        if system is None or example.value["messages"][0]["role"] == "system":
            return system
        if self.developer_differs is None:
            turns = [{"role": "user", "content": "-"}, {"role": "assistant", "content": "-"}]
            chats = [{"messages": [{"role": role, "content": "-"}, *turns]} for role in SYSTEM_ROLES]
            self.developer_differs = len({self.template.prompt(chat) for chat in chats}) > 1
        return None if self.developer_differs else system

    def _count_mismatches(self, texts: dict[str, None], example: Example) -> None:
        """Count an example under each of the texts, and under what `sft` does not read of a preference. A text may
        quote an example, so only some are kept.
        """
        if self.recipe.objective == "sft" and (pair_of(example) or is_labelled_bad(example)):
            texts[UNREAD_PAIR if pair_of(example) else UNREAD_LABEL] = None
        named = {*self.mismatches, UNREAD_PAIR, UNREAD_LABEL}
        kept = {text if text in named or len(self.mismatches) < MAX_MISMATCHES else OTHER for text in texts}
        self.mismatches.update(dict.fromkeys(kept, 1))

    def _append_example(self, line: int, weight: float, system: str | None) -> None:
        """Append an example to the columns of examples. `system`: its system message."""
        values = (self.number - 1, line, weight, xxhash.xxh3_64_intdigest(repr(system).encode()))
        for name, value in zip(("numbers", "lines", "example_weights", "systems"), values, strict=True):
            self._columns[name].append(value)

    def _add_text(self, example: Example, weight: float) -> None:
        """Add the tokens of a plain text, and the blocks that are full with them. Raises `OSError`."""
        end = self.template.tokenizer.eos_token_id
        ids = [*self.template.ids(str(text_of(example.value))), *([] if end is None else [end])]
        self.open_block += ids
        self.open_weights += [weight] * len(ids)
        size = max(2, min(self.recipe.max_length, self.context))
        while len(self.open_block) >= size:
            self._add_block(size, example.place.line)
        self.line = example.place.line

    def _add_block(self, size: int, line: int) -> None:
        """Write a block of plain text, all of it trained on. The next one begins with its last token, because the first
        token of a block cannot be predicted.
        """
        ids = self.open_block[:size]
        self.writer.add(Encoded(ids, ids, self.open_weights[:size], Rendered("", ())))
        del self.open_block[: size - 1], self.open_weights[: size - 1]
        self._columns["owners"].append(len(self._columns["numbers"]))
        self._columns["signs"].append(1)
        self._append_example(line, 1.0, None)

    def finish(self) -> None:
        """Write the last block, which may be shorter, and what is not written yet. Raises `OSError`."""
        if len(self.open_block) > 1:
            self._add_block(len(self.open_block), self.line)
        self.writer.flush()

    def _encoded_sides(self, example: Example) -> list[tuple[LabelledConversation, Encoding]] | float | str:
        """Each side of an example with its encoded texts; for plain text its loss weight, a float; a message if the
        example is not trained on.
        """
        refusal = self.refused.get(example.place.line, "")
        sides = sides_of(example, self.recipe.objective)
        if isinstance(sides, str):
            if self.recipe.objective != "sft" or refusal:
                return refusal or sides
            refusing = self.template.encode(example.value, as_one=self.as_is).problems  # as `curate check` reports them
            return f"{sides}; {_problems_text(refusing)}" if refusing else sides
        if self.recipe.objective == "pt":
            weights = trained_answers(example.value, example.value["messages"])
            return _problems_text([weights]) if isinstance(weights, EncodingProblem) else weights[0]
        if refusal and not refusal.startswith("P013"):  # about all labels of the file, and reported at the first
            return refusal
        encoded = [(side, self.template.encode(side.value, as_one=self.as_is)) for side in sides]
        if problems := [problem for _, encoding in encoded for problem in encoding.problems]:
            return _problems_text(problems)
        length, longest = max(encoding.length for _, encoding in encoded), self.recipe.max_length
        if length <= min(longest, self.context):
            return encoded
        limit = f"max_length = {longest}" if longest <= self.context else f"the model's {self.context}"
        return f"K001 {length} tokens, more than {limit}"

    def _update_shared(self, example: Example, system: str | None) -> None:
        """Remove from `shared` what this example does not have, and count the example if it is rendered with
        `enable_thinking`. `system`: its system message.
        """
        given = {key: example.value.get(key) for key in ("tools", VARIABLES)}
        if self.shared is None:
            self.system, self.shared = system, {key: value for key, value in given.items() if value}
        self.shared = {key: value for key, value in self.shared.items() if given[key] == value}
        answers = (message.value for message in example.messages if message.role == "assistant")
        variables = template_settings(example.value)
        own = None if isinstance(variables, str) else variables.get(THINKING)
        self.thinking += any(map(has_reasoning, answers)) if own is None else bool(own)

    def columns(self) -> Arrays:
        """The columns of texts and of examples, by name."""
        return {name: np.array(values, dtype=OTHER_COLUMNS[name]) for name, values in self._columns.items()}

    def facts(self) -> dict[str, Any]:
        """Facts about the whole file, by name, such as what is left out and the shared system message."""
        only, total, histories = self.differing
        if histories:
            text = f'history = "as-is": {only / total:.1%} of the tokens up to answers differ from inference'
            self.mismatches[text] += histories
        return {
            "left_out": self.left_out, "mismatches": self.mismatches, "system": self.system,
            "shared": self.shared or {}, "thinking": self.thinking, "highest": self.writer.highest,
        }  # fmt: skip


def _problems_text(problems: Iterable[EncodingProblem]) -> str:
    """Codes and messages of problems, separated by semicolons."""
    texts = (f"{problem.code} {problem.pointer}: {problem.message}".lstrip() for problem in problems)
    return "; ".join(dict.fromkeys(texts))
