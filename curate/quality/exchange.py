"""The input of the signals: the last request of an example and its answer, as text."""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.example import SYSTEM_ROLES, Example, Place, content_id, known_role, last_turn_of
from curate.parallel.worker_pool import WorkerPool
from curate.read.chunks import Batch, Chunk, read_chunk
from curate.read.dataset import FileFacts, require_read
from curate.read.file_parts import conversation_keys, file_parts, is_parallel
from curate.storage.files import display_name
from curate.storage.scratch import TempStore
from curate.storage.snapshot import unchanging

MAX_EMBEDDED: Final = 160
"""Characters of a text that are embedded. On planted swaps, 200 find hardly more (AUC .998 across topics and .931
within, as with 160; precision .91 and .75, with 160 .90 and .73) and cost a fifth more; 256 and more characters
differed by .01 at most: `python -m tests.bench.quality_signals FOLDER`.
"""


class Exchange(NamedTuple):
    """The last request and the last answer of an example."""

    id: str
    system: str
    request: str
    answer: str
    earlier: str = ""
    """The earlier turns of the user: without them, a request such as "And in Rome?" is unclear."""

    @property
    def question(self) -> str:
        """All turns of the user."""
        return f"{self.earlier}\n{self.request}" if self.earlier else self.request

    @property
    def embedded(self) -> tuple[str, str]:
        """The texts to embed: both ends of the question, which contain the task, and the beginning of the answer."""
        half, question = MAX_EMBEDDED // 2, self.question
        return question if len(question) <= MAX_EMBEDDED else f"{question[:half]}\n{question[-half:]}", self.answer[
            :MAX_EMBEDDED
        ]


def exchange_of(example: Example) -> Exchange | None:
    """The last exchange of an example; None without a user turn or an answer in words."""
    messages = example.messages
    return _exchange([turn.role for turn in messages], [turn.text for turn in messages], lambda: example.id)


def _exchange(roles: Sequence[str | None], texts: Sequence[str], id_of: Callable[[], str]) -> Exchange | None:
    """The last answer of an example with its question; None if one of them is missing or blank. `roles` and `texts`
    have an entry for each turn; `id_of` returns the id of the example.
    """
    last = last_turn_of("assistant", roles)
    if last is None or not texts[last].strip():
        return None
    prompt = list(zip(map(known_role, roles[:last]), texts[:last], strict=True))
    user_turns = [text for role, text in prompt if role == "user" and text.strip()]
    if not user_turns:
        return None
    system = "\n".join([text for role, text in prompt if role in SYSTEM_ROLES])
    return Exchange(id_of(), system, user_turns[-1], texts[last], "\n".join(user_turns[:-1]))


def distinct(examples: Iterable[Example]) -> list[Exchange]:
    """The distinct exchanges of examples, ordered by id: signals do not depend on the order of the data."""
    by_id = {exchange.id: exchange for example in examples if (exchange := exchange_of(example))}
    return [by_id[name] for name in sorted(by_id)]


@dataclass(frozen=True, slots=True)
class Exchanges:
    """The distinct exchanges of files."""

    read: int
    """Lines that are not blank."""
    understood: int
    """Lines with an example in a known format."""
    copies: int
    """Exchanges that are equal to an earlier one."""
    exchanges: list[Exchange]
    """Ordered by id."""
    places: dict[str, Place]
    """The first place of each, by id."""


def read_exchanges(paths: Sequence[Path], workers: int) -> Exchanges:
    """The distinct exchanges of files, whose parts processes read if they are large. Raises `InputError`."""
    read = understood = copies = 0
    by_id: dict[str, Exchange] = {}
    places: dict[str, Place] = {}
    systems: dict[str, str] = {}
    workers = workers if is_parallel(paths) else 1
    with (
        WorkerPool(workers, processes=True, own=conversation_keys, make_state=conversation_keys) as pool,
        TempStore() as store,
    ):
        for number, path in enumerate(paths):
            facts = FileFacts(display_name(path))
            with unchanging([path]):
                copy = partial(store.path, number)
                for part, before in file_parts(path, facts, pool, _part_of_chunk, _part_of_batch, copy):
                    for exchange, place in part.exchanges:
                        copies += exchange.id in by_id
                        system = systems.setdefault(exchange.system, exchange.system)  # one copy for all
                        by_id.setdefault(exchange.id, exchange._replace(system=system))
                        places.setdefault(exchange.id, place._replace(line=place.line + before))
            require_read(facts)
            read, understood = read + facts.lines, understood + facts.understood
    return Exchanges(read, understood, copies, [by_id[name] for name in sorted(by_id)], places)


class _ExchangeChunk(NamedTuple):
    """The exchanges of some lines of a file with their places, and what else is known of the lines."""

    facts: FileFacts
    lines: int
    exchanges: list[tuple[Exchange, Place]]


def _part_of_chunk(key_names: Set[str], chunk: Chunk) -> _ExchangeChunk:
    """As `_part_of_batch`, for the lines of a chunk."""
    facts = FileFacts(chunk.name)
    batch = read_chunk(chunk, facts, key_names)
    return _part_of_batch(batch, facts, len(batch.lines))


def _part_of_batch(batch: Batch, facts: FileFacts, lines: int) -> _ExchangeChunk:
    """The exchanges in a batch of a file; `lines`: the number of its lines."""
    exchanges = []
    for line in batch.in_order():
        if isinstance(line, int):
            id_of = partial(_id_of, batch, line)
            exchange, place = _exchange(batch.roles[line], batch.texts[line], id_of), batch.place(line)
        elif line.example is not None and line.example.understood:
            exchange, place = exchange_of(line.example), line.place
        else:
            continue
        if exchange is not None:
            exchanges.append((exchange, place))
    return _ExchangeChunk(facts, lines, exchanges)


def _id_of(batch: Batch, position: int) -> str:
    """The id of the plain example at a position of a batch."""
    return content_id(batch.value(position))
