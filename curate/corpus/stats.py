"""Statistics of a data set, computed in one pass. Memory: a few bytes per example, and the text of system prompts."""

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field, fields
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any, Final

from curate.core.errors import InputError, UsageError
from curate.core.events import Advance
from curate.core.example import ROLES, SYSTEM_ROLES, TOOL_ROLES, Example, Message, canonical, known_role
from curate.core.json_output import Output
from curate.core.text import estimated_tokens
from curate.core.typed_json import decoder, to_json
from curate.language.tokens import letters
from curate.models.template import Template, load_template
from curate.parallel.cluster import LOCAL, Executor
from curate.parallel.worker_pool import WorkerPool
from curate.read.chunk_cache import CACHE_FOLDER, Checkpoint, ChunkCache, tidy
from curate.read.chunks import Batch, Chunk, read_chunk
from curate.read.dataset import FileFacts, ParsedLine, read_file, require_read
from curate.read.file_parts import conversation_keys, file_parts, is_parallel
from curate.read.form_writer import declares_tools
from curate.storage.files import display_name
from curate.storage.scratch import TempStore
from curate.storage.snapshot import unchanging

OTHER_ROLES: Final = "other"
"""All roles that are not known to chat models, together."""
MAX_PROMPT_CHARS: Final = 200
"""Number of characters of a system prompt to show; one more is stored, which tells whether it is longer."""
EXAMPLES_PER_PROGRESS: Final = 256


@dataclass(slots=True)
class RoleNumbers(Output):
    """The messages of a role."""

    messages: int
    characters: int
    tokens: int


@dataclass(slots=True)
class ToolNumbers(Output):
    """The use of tools."""

    declared: int
    """Examples that declare tools."""
    called: int
    """Examples in which the assistant calls a tool."""
    calls: int
    results: int
    """Tool results."""


@dataclass(slots=True)
class TrainingNumbers(Output):
    """The examples in the model's chat template."""

    tokens: int
    """Tokens of all texts that are trained on."""
    trained: int
    """Tokens in the loss."""
    refused: int
    """Examples that cannot be trained on; `curate check --model` gives the reasons."""


@dataclass(slots=True)
class SystemPrompt:
    """A system prompt, and how many examples begin with it."""

    text: str
    """Its beginning, as written."""
    examples: int = 0


@dataclass(slots=True)
class Stats:
    """The numbers of some files."""

    model: str = ""
    """Model whose tokenizer counted; empty: tokens are bytes divided by four."""
    files: int = 0
    lines: int = 0
    """Lines that are not blank."""
    examples: int = 0
    """Lines with an example in a known format; all numbers below are of these, except for `formats`."""
    not_understood: int = 0
    """Lines without an example in a known format."""
    formats: Counter[str] = field(default_factory=Counter)
    roles: dict[str, RoleNumbers] = field(default_factory=dict)
    turns: "array[int]" = field(default_factory=lambda: array("I"))
    """Number of messages of each example that has any."""
    tokens: "array[int]" = field(default_factory=lambda: array("I"))
    """Number of tokens of each example with messages; with a model, of the text that is trained on."""
    characters: "array[int]" = field(default_factory=lambda: array("I"))
    """Number of characters in all messages of each such example."""
    letters: Counter[str] = field(default_factory=Counter)
    """Number of letters by script."""
    mainly: Counter[str] = field(default_factory=Counter)
    """Number of examples by the script of most of their letters."""
    tools: ToolNumbers = field(default_factory=lambda: ToolNumbers(0, 0, 0, 0))
    training: TrainingNumbers | None = None
    """Only with a model."""
    with_system: int = 0
    """Examples with a system prompt."""
    prompts: dict[bytes, SystemPrompt] = field(default_factory=dict)
    """System prompts by hash."""
    duplicates: int = 0
    """Examples that are exact copies of an earlier one."""
    seen: set[bytes] = field(default_factory=set, repr=False)

    def add(self, following: "Stats") -> None:
        """Add the numbers of the examples that follow."""
        self.duplicates += following.duplicates + len(self.seen & following.seen)
        self.seen |= following.seen
        for name in ("turns", "tokens", "characters"):
            getattr(self, name).extend(getattr(following, name))
        for name, role in following.roles.items():
            _add_numbers(self.roles.setdefault(name, RoleNumbers(0, 0, 0)), role)
        _add_numbers(self.tools, following.tools)
        self.letters.update(following.letters)
        self.mainly.update(following.mainly)
        self.with_system += following.with_system
        for key, prompt in following.prompts.items():
            self.prompts.setdefault(key, SystemPrompt(prompt.text)).examples += prompt.examples

    @property
    def frequent_prompts(self) -> list[SystemPrompt]:
        """The most frequent system prompts first; among equals, in the order of the file."""
        return sorted(self.prompts.values(), key=lambda prompt: -prompt.examples)


def collect(
    paths: Sequence[Path],
    model: str = "",
    progress: Advance | None = None,
    *,
    chat_template: str = "",
    strict: bool = True,
    workers: int = 1,
    executor: Executor = LOCAL,
    cache: Path | None = None,
) -> Stats:
    """The statistics of files; with more than one of `workers`, processes read parts of large ones. With a `cache`, the
    folder of a project, the numbers of their chunks are cached there, unless a model counts tokens.

    Raises `InputError` for a file that cannot be read, `ModelError` for a model that cannot be loaded, `UsageError` for
    a model on a cluster. If not `strict`, the readable part of a damaged file counts.
    """
    if model and executor.remote:
        raise UsageError("--engine ray cannot be combined with --model", "count tokens without --engine")
    template = load_template(model, chat_template) if model else None
    stats = Stats(model, training=TrainingNumbers(0, 0, 0) if model else None)
    parallel = workers > 1 and template is None and is_parallel(paths)
    chunks = ChunkCache.of(cache, "stats", "") if cache and not executor.remote else None  # nodes share no folder
    checkpoint = _checkpoint(cache) if cache and executor.remote else None
    with (
        executor.pool(
            workers if parallel else 1,
            processes=parallel,
            own=conversation_keys,
            make_state=conversation_keys,
            files=paths,
        ) as pool,
        TempStore() as copies,
    ):
        for number, path in enumerate(paths):
            facts = FileFacts(display_name(path))
            try:
                with unchanging([path]):
                    copy = partial(copies.path, number)
                    _add_file(path, facts, stats, template, progress, pool, copy, chunks, checkpoint)
            except InputError:
                if strict:
                    raise
            stats.files += 1
            stats.lines += facts.lines
            stats.examples += facts.understood
            stats.not_understood += facts.lines - facts.understood
            stats.formats += facts.formats
    if kept := chunks or checkpoint:
        tidy(kept.folder)
    return stats


def _checkpoint(cache: Path) -> Checkpoint:
    """How the numbers of chunks are kept in the folder of a project."""
    hint: Any = _StatsChunk
    part_of = decoder(hint)
    return Checkpoint(
        cache / CACHE_FOLDER, "numbers", ".json", "", lambda part, _: to_json(part), lambda value, _: part_of(value)
    )


def stats_of(examples: Iterable[Example]) -> Stats:
    """The numbers of some examples, without a model."""
    stats = Stats()
    for example in examples:
        _count_example(stats, example, None)
        stats.examples += example.understood
        stats.formats[example.format] += 1
    return stats


@dataclass(slots=True)
class _StatsChunk:
    """The numbers of some lines of a file, and what else is known of them."""

    facts: FileFacts
    lines: int
    stats: Stats


def _add_file(
    path: Path,
    facts: FileFacts,
    stats: Stats,
    template: Template | None,
    progress: Advance | None,
    pool: WorkerPool,
    copy: Callable[[], Path],
    chunks: ChunkCache | None,
    checkpoint: Checkpoint | None,
) -> None:
    """Add the examples of a file to `stats`, and what else is known of its lines to `facts`.

    Tokens are estimated without `template`. Raises as `file_parts` and `require_read` do.
    """
    if template is not None:  # not known to other processes
        for parsed in with_progress(read_file(path, facts), progress):
            if parsed.example is not None:
                _count_example(stats, parsed.example, template)
    else:
        make = partial(_part_of_chunk, chunks)
        parts = file_parts(
            path, facts, pool, make, _part_of_batch, copy, checkpoint=checkpoint, cached=chunks is not None
        )
        for part, _ in parts:
            stats.add(part.stats)
            if progress:
                progress(part.lines)
    require_read(facts)


def _part_of_chunk(cache: ChunkCache | None, key_names: Set[str], chunk: Chunk) -> _StatsChunk:
    if cache:
        return cache.result(chunk, _StatsChunk, partial(_part_of_chunk, None, key_names), _merged_chunk)[0]
    facts = FileFacts(chunk.name)
    batch = read_chunk(chunk, facts, key_names)
    return _part_of_batch(batch, facts, len(batch.lines))


def _merged_chunk(parts: Sequence[_StatsChunk]) -> _StatsChunk:
    """The numbers of a chunk from those of its parts; the first part is changed."""
    whole = parts[0]
    for part in parts[1:]:
        whole.facts.add(part.facts, whole.lines)
        whole.stats.add(part.stats)
        whole.lines += part.lines
    return whole


def _part_of_batch(batch: Batch, facts: FileFacts, lines: int) -> _StatsChunk:
    stats = Stats()
    for line in batch.in_order():
        if isinstance(line, int):
            _add_plain(stats, batch, line)
        elif line.example is not None:
            _count_example(stats, line.example, None)
    return _StatsChunk(facts, lines, stats)


def _add_plain(stats: Stats, batch: Batch, position: int) -> None:
    roles, texts = [known_role(role) for role in batch.roles[position]], batch.texts[position]
    if not any(texts):
        return
    _add_id(stats, hashlib.blake2b(canonical(batch.value(position)), digest_size=16).digest())
    _add_texts(stats, roles, texts, _token_counts(texts, None), letters(batch.joined_texts[position]))
    stats.tools.results += sum(role in TOOL_ROLES for role in roles)
    _add_system(stats, roles, texts)


def with_progress(lines: Iterable[ParsedLine], progress: Advance | None) -> Iterator[ParsedLine]:
    """The lines of a file; `progress` is called with the number of lines at intervals and at the end."""
    done = 0
    for done, line in enumerate(lines, start=1):
        yield line
        if progress and done % EXAMPLES_PER_PROGRESS == 0:
            progress(EXAMPLES_PER_PROGRESS)
    if progress:
        progress(done % EXAMPLES_PER_PROGRESS)


@dataclass(frozen=True, slots=True)
class Plan:
    """The planned training; None where a value was not given."""

    epochs: int | None = None
    price: float | None = None
    """Price of a million tokens, in any currency."""
    speed: float | None = None
    """Tokens per second."""


def usual_epochs(examples: int) -> int:
    """How many epochs a service trains for by default: three, more for fewer than 34 examples, fewer for more than
    8,333.

    Source: OpenAI's cookbook (100 to 25,000 passes of an example in all, 1 to 25 epochs).
    """
    if not examples or 100 <= 3 * examples <= 25_000:
        return 3
    return min(25, 100 // examples) if 3 * examples < 100 else max(1, 25_000 // examples)


def percentile(values: Sequence[int], share: float) -> int:
    """The smallest value that at least `share` of all values do not exceed; 0 of none. The values are in order."""
    return values[max(0, ceil(share * len(values)) - 1)] if values else 0


def histogram(values: Sequence[int]) -> list[tuple[int, int, int]]:
    """Number of values from each power of two up to the next: (from, to, count), without gaps; 0 counts as 1."""
    counts = Counter(max(1, value).bit_length() for value in values)
    return (
        [(1 << bits - 1, (1 << bits) - 1, counts[bits]) for bits in range(min(counts), max(counts) + 1)]
        if counts
        else []
    )


def _count_example(stats: Stats, example: Example, template: Template | None) -> None:
    """Add an example to the counts of `stats`, unless it is not understood; without a template its tokens are
    estimated.
    """
    if not example.understood:
        return
    _add_id(stats, bytes.fromhex(example.id))
    messages = example.messages
    words = [_message_text(message) for message in messages]
    roles, texts = [known_role(message.role) for message in messages], [message.text for message in messages]
    scripts: Counter[str] = Counter()
    for text in texts:
        scripts.update(letters(text))
    _add_texts(stats, roles, words, _token_counts(words, template), scripts, _length(stats, example, template))
    _add_tools(stats, example)
    _add_system(stats, roles, texts)


def _add_id(stats: Stats, key: bytes) -> None:
    """Add the id of an example, and count a duplicate if another example has it."""
    stats.duplicates += key in stats.seen
    stats.seen.add(key)


def _add_texts(
    stats: Stats,
    roles: Sequence[str],
    words: Sequence[str],
    counts: Sequence[int],
    scripts: Counter[str],
    length: int = 0,
) -> None:
    """Add the messages of an example; `length`: the tokens of the text that is trained on, 0 for those of its words."""
    for role, text, count in zip(roles, words, counts, strict=True):
        numbers = stats.roles.setdefault(role if role in ROLES else OTHER_ROLES, RoleNumbers(0, 0, 0))
        numbers.messages += 1
        numbers.characters += len(text)
        numbers.tokens += count
    stats.turns.append(len(roles))
    stats.characters.append(min(sum(map(len, words)), (1 << 32) - 1))
    stats.tokens.append(min(length or sum(counts), (1 << 32) - 1))
    stats.letters.update(scripts)
    if scripts:
        stats.mainly[max(scripts, key=lambda script: (scripts[script], script))] += 1


def _add_numbers(numbers: RoleNumbers | ToolNumbers, more: RoleNumbers | ToolNumbers) -> None:
    for entry in fields(numbers):
        setattr(numbers, entry.name, getattr(numbers, entry.name) + getattr(more, entry.name))


def _message_text(message: Message) -> str:
    """All text of a message, and its calls."""
    calls = message.value.get("tool_calls")
    return message.text + json.dumps(calls, ensure_ascii=False) if calls else message.text


def _token_counts(texts: list[str], template: Template | None) -> list[int]:
    if template is None:
        return [estimated_tokens(len(text.encode("utf-8", "surrogatepass"))) for text in texts]
    return [len(template.ids(text)) for text in texts]


def _length(stats: Stats, example: Example, template: Template | None) -> int:
    """Number of tokens of the text that is trained on; 0 if there is none or it is unknown."""
    if template is None or stats.training is None:
        return 0
    encoding = template.encode(example.value)
    stats.training.refused += bool(encoding.problems)
    stats.training.trained += sum(text.supervised for text in encoding.encoded)
    stats.training.tokens += sum(len(text.input_ids) for text in encoding.encoded)
    return encoding.length


def _add_tools(stats: Stats, example: Example) -> None:
    stats.tools.declared += declares_tools(example.value)
    calls = 0
    for message in example.messages:
        called = message.value.get("tool_calls")
        calls += len(called) if isinstance(called, list) else bool(message.value.get("function_call"))
    stats.tools.called += bool(calls)
    stats.tools.calls += calls
    stats.tools.results += sum(known_role(message.role) in TOOL_ROLES for message in example.messages)


def _add_system(stats: Stats, roles: Sequence[str], texts: Sequence[str]) -> None:
    text = next((text for role, text in zip(roles, texts, strict=True) if role in SYSTEM_ROLES), None)
    if text is None:
        return
    stats.with_system += 1
    key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    prompt = stats.prompts.get(key)
    if prompt is None:
        prompt = stats.prompts[key] = SystemPrompt(text[: MAX_PROMPT_CHARS + 1])
    prompt.examples += 1
