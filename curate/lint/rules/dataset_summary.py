"""The summary of a file for the rules over all of its examples: a few bytes per example, computed once.

The lines of a chunk are summarized, possibly in another process, and appended to the summary of their file in order.
What rules compare over all files are its `ExampleColumns`.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, TypeVar

import xxhash

from curate.core.example import (
    JSON_TYPES,
    OPTION_KEYS,
    SYSTEM_ROLES,
    TRAINED_KEYS,
    Example,
    Place,
    canonical,
    content_text,
    escape,
    is_plain,
    is_text,
)
from curate.core.finding import PlacedProblems, Problem
from curate.core.form_keys import REFERENCE_KEYS
from curate.core.text import casefolded, plural
from curate.corpus.dedup_text import EMPTY, keys_with_text
from curate.language.reasoning_marks import may_have_marks, styles_of_reasoning
from curate.language.refusals import OPENING_CHARS, refuses
from curate.lint.rules.example_columns import ExampleColumns
from curate.lint.rules.example_summary import (
    MAX_LABEL_CHARS,
    MAX_UINT32,
    Count,
    LastAnswer,
    MajorityLabel,
    add_to_count,
    answer_digest,
    kinds_of,
    last_answer_of,
    precise_kinds,
    sorted_columns,
)
from curate.lint.rules.message_frame import DECIDING, REFUSING, batch_flags
from curate.read.chunks import Batch

MAX_SYSTEMS: Final = 2_000
"""Maximum number of different system prompts of a file that are compared: more belong to their examples."""
ASCII_SPACES: Final = b" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"
"""ASCII white space as in `str.split`."""
ASCII_LOWER: Final = bytes(range(256)).lower()
OTHER_SPACES: Final = "\x85\u1680\u2028\u2029"
"""Non-ASCII white space that NFKC leaves unchanged."""
COMPARED_KEYS: Final = tuple(dict.fromkeys((*TRAINED_KEYS[1:], *OPTION_KEYS, *REFERENCE_KEYS, "margin")))
"""Keys beside `messages` in which duplicates are equal."""
Kind = TypeVar("Kind")
MAX_PATHS: Final = 2_000
"""Maximum number of key paths of a file with recorded types."""


@dataclass(slots=True)
class DatasetSummary:
    """Summary of a file so far: 41 bytes per example, 8 more for one with a short answer, and counts."""

    columns: ExampleColumns = field(default_factory=ExampleColumns)
    lengths: "array[int]" = field(default_factory=lambda: array("I"))
    """Number of characters of each example."""
    turns: Counter[int] = field(default_factory=Counter)
    systems: Counter[str] = field(default_factory=Counter)
    """Counts of system prompts; empty if there are more than can be compared."""
    many_systems: bool = False
    """Whether there are more different system prompts than can be compared."""
    label: MajorityLabel = field(default_factory=MajorityLabel)
    answers: int = 0
    refusals: int = 0
    key_types: dict[str, dict[str, Count]] = field(default_factory=dict)
    """The JSON types of the values at each path of keys, in words; of messages, only by rules."""
    many_paths: bool = False
    """Whether there are more paths of keys than can be compared."""
    opened: dict[bool, Count] = field(default_factory=dict)
    """Examples of two or more turns, by whether they begin with a system prompt."""
    reasoned: dict[bool, Count] = field(default_factory=dict)
    """Examples with an answer, by whether one has reasoning."""
    reasoning_styles: dict[str, Count] = field(default_factory=dict)
    """Examples by how they write their reasoning."""
    plain: Count | None = None
    """Examples that were read as columns; rules of scope `DATASET` see the other ones."""
    unasked: Count | None = None
    """Plain examples that do not end with the user's turn."""

    def add(self, example: Example, *, renamed: bool = False) -> None:
        """Add an example; `renamed`: whether its line has other names of roles."""
        listed = example.value.get("messages")
        turns = [turn for turn in listed if isinstance(turn, dict)] if isinstance(listed, list) else []
        texts = [
            content if isinstance(content := turn.get("content"), str) else content_text(content) for turn in turns
        ]
        roles = [turn.get("role") for turn in turns]
        exact, folded = _digests(example, texts, turns)
        opened = (
            (listed[0].get("role") if isinstance(listed[0], dict) else None) in SYSTEM_ROLES
            if isinstance(listed, list) and len(listed) > 1
            else None
        )
        self.columns.places.add(example.place)
        self.columns.exact.append(exact)
        self.columns.folded.append(folded)
        self.lengths.append(min(sum(map(len, texts)), MAX_UINT32))
        self.turns[len(turns)] += 1
        self.columns.add_answer(last_answer_of(example, texts, turns, renamed=renamed))
        self._add_reasoning(example.place, turns, texts, roles)
        if opened is not None:
            self.opened[opened] = add_to_count(self.opened.get(opened), example.place)
        system = next((text for text, role in zip(texts, roles, strict=True) if role == "system"), None)
        answer = next(
            (text for text, role in zip(reversed(texts), reversed(roles), strict=True) if role == "assistant"), None
        )
        if system is not None:
            self._count_system(system)
        if answer is not None:
            self._count_answer(answer, refused=refuses(answer[:OPENING_CHARS]))

    def sort(self, order: list[int]) -> None:
        """Sort the examples, all of one chunk, by these numbers."""
        if any(number > after for number, after in pairwise(order)):
            self.columns.sort(order)
            (self.lengths,) = sorted_columns(order, (self.lengths,))

    def add_columns(self, batch: Batch) -> None:
        """Add the plain examples of a batch."""
        if not batch.numbers:
            return
        columns, digest = self.columns, xxhash.xxh64_intdigest
        self._add_plain_reasoning(batch)
        kinds: dict[tuple[str, ...], tuple[str, int | None, int | None, int | None]] = {}
        systems: list[str] = []
        for position, (roles, texts, joined, flags) in enumerate(
            zip(batch.roles, batch.texts, batch.joined_texts, batch_flags(batch), strict=True)
        ):
            kind = kinds.get(roles)
            if kind is None:
                kind = kinds[roles] = _opening(roles)
            suffix, system, request, answer = kind
            if position in batch.beside:
                value = batch.value(position)
                digests = digest(canonical(value)), _folded_digest(value, list(texts), value["messages"])
            else:
                digests = _text_digests(f"{joined}{suffix}")
            columns.exact.append(digests[0])
            columns.folded.append(digests[1])
            self.lengths.append(min(len(joined) - max(0, len(texts) - 1), MAX_UINT32))
            if system is not None:
                systems.append(texts[system])
            refused = answer is not None and flags[answer] & REFUSING > 0
            if answer is not None:
                self._count_answer(texts[answer], refused=refused)
            if answer and answer == len(texts) - 1 and texts[-1]:
                before, last = joined[: -len(texts[-1])], texts[-1]
                requests = [] if request is None else [texts[request]]
                kinds_here = kinds_of(last, texts, refused=refused) | precise_kinds(
                    last, requests, may_decide=flags[answer] & DECIDING > 0
                )
                columns.add_answer(LastAnswer(digest(before.encode()), answer_digest(last, kinds_here), kinds_here))
            else:
                columns.add_answer()
        for prompt, count in Counter(systems).items():
            self._count_system(prompt, count)
        self._add_key_types(batch)
        self.columns.places.add_lines(batch)
        first: dict[tuple[str, ...], int] = {}
        for roles, number in zip(batch.roles, batch.numbers, strict=True):
            first.setdefault(roles, number)
        self._count_roles(batch.file, {roles: (first[roles], count) for roles, count in Counter(batch.roles).items()})

    def _add_key_types(self, batch: Batch) -> None:
        """Add the types of what plain examples have beside their messages."""
        first: dict[tuple[tuple[str, type], ...], int] = {}
        counts = Counter[tuple[tuple[str, type], ...]]()
        for position, extra_keys in batch.beside.items():
            types = tuple([(key, type(item)) for key, item in extra_keys.items()])
            counts[types] += 1
            first.setdefault(types, batch.numbers[position])
        for types, count in counts.items():
            place = Place(batch.file, first[types])  # once: an object may have a million keys
            for key, kind in reversed(types):
                if kind is not type(None):  # null fits any type
                    self.add_type(f"/{escape(key)}", JSON_TYPES[kind], place, count)

    def add_type(self, path: str, kind: str, place: Place, count: int = 1) -> None:
        """Count values of a type at a path, the first of them at a place."""
        if path in self.key_types or len(self.key_types) < MAX_PATHS:
            kinds = self.key_types.setdefault(path, {})
            kinds[kind] = add_to_count(kinds.get(kind), place, count)
        else:
            self.many_paths = True

    def _count_roles(self, file: str, by_roles: dict[tuple[str, ...], tuple[int, int]]) -> None:
        """Add the counts that depend on roles only: first line and number of lines for each sequence of roles."""
        for roles, (line, count) in by_roles.items():
            place = Place(file, line)
            self.turns[len(roles)] += count
            self.plain = add_to_count(self.plain, place, count)
            if len(roles) > 1:
                self.opened[roles[0] in SYSTEM_ROLES] = add_to_count(
                    self.opened.get(roles[0] in SYSTEM_ROLES), place, count
                )
            if roles and roles[-1] != "user":
                self.unasked = add_to_count(self.unasked, place, count)

    def _add_reasoning(
        self, place: Place, turns: Sequence[Mapping[str, Any]], texts: Sequence[str], roles: Sequence[Any]
    ) -> None:
        """Count how the answers of an example write their reasoning."""
        if "assistant" not in roles:
            return
        styles = list(styles_of_reasoning(turns, texts))
        has_reasoning = any(says for _, says in styles)
        self.reasoned[has_reasoning] = add_to_count(self.reasoned.get(has_reasoning), place)
        for style in dict.fromkeys(style for style, says in styles if says):
            self.reasoning_styles[style] = add_to_count(self.reasoning_styles.get(style), place)

    def _add_plain_reasoning(self, batch: Batch) -> None:
        """Count the reasoning of plain examples, which is in their texts."""
        without, first = 0, 0
        for number, roles, texts, joined in zip(
            batch.numbers, batch.roles, batch.texts, batch.joined_texts, strict=True
        ):
            if may_have_marks(joined):
                self._add_reasoning(Place(batch.file, number), [{"role": role} for role in roles], texts, roles)
            elif "assistant" in roles:
                without, first = without + 1, first or number
        if without:
            self.reasoned[False] = add_to_count(self.reasoned.get(False), Place(batch.file, first), without)

    def _count_system(self, prompt: str, count: int = 1) -> None:
        """Count a system prompt; beyond `MAX_SYSTEMS` prompts, forget them and set `many_systems`."""
        if self.many_systems:
            return
        self.systems[prompt] += count
        if len(self.systems) > MAX_SYSTEMS:
            self.many_systems = True
            self.systems.clear()

    def _count_answer(self, answer: str, *, refused: bool) -> None:
        """Count an answer, its refusal and, if it is short, its digest as a label; an empty answer is not counted."""
        if not answer:
            return
        self.answers += 1
        self.refusals += refused
        if len(answer) <= MAX_LABEL_CHARS:
            self.label.vote(answer)
            self.label.digests.append(xxhash.xxh64_intdigest(answer.encode("utf-8", "surrogatepass")))

    def with_plain(self, kinds: dict[bool, Count]) -> dict[bool, Count]:
        """The counts of a rule with two kinds of examples, and those of the plain examples added to the kind False."""
        if self.plain is None:
            return kinds
        count, place = self.plain
        return kinds | {False: add_to_count(kinds.get(False), place, count)}

    def extend(self, following: "DatasetSummary", before: int) -> None:
        """Append the summary of the following lines of the file, with `before` lines of it before them."""
        self.columns.extend(following.columns, before)
        self.lengths.extend(following.lengths)
        self.turns.update(following.turns)
        for prompt, count in following.systems.items():
            self._count_system(prompt, count)
        if following.many_systems:
            self.many_systems = True
            self.systems.clear()
        self.many_paths |= following.many_paths
        self.label.vote(following.label.text, following.label.lead)
        self.label.digests.extend(following.label.digests)
        for path, kinds in following.key_types.items():
            for kind, (count, place) in kinds.items():
                self.add_type(path, kind, _moved_down(place, before), count)
        self.answers += following.answers
        self.refusals += following.refusals
        _add_counts(self.opened, following.opened, before)
        _add_counts(self.reasoned, following.reasoned, before)
        _add_counts(self.reasoning_styles, following.reasoning_styles, before)
        for name in ("plain", "unasked"):
            if counted := getattr(following, name):
                setattr(self, name, add_to_count(getattr(self, name), _moved_down(counted[1], before), counted[0]))


@dataclass(slots=True)
class DatasetState:
    """State of the file that is read, and what rules compare over all files: a fixed number of bytes per example."""

    summary: DatasetSummary = field(default_factory=DatasetSummary)
    memory: dict[str, Any] = field(default_factory=dict)
    """Values that rules keep for their finalizers, by rule code; of one file."""
    shared: dict[str, Any] = field(default_factory=dict)
    """Values that rules keep to compare files, by rule code."""
    columns: ExampleColumns = field(default_factory=ExampleColumns)
    """Columns of the files that were completely read."""
    files: int = 1
    """Number of files in the data set."""

    def end_file(self) -> None:
        """Keep what is compared over all files, and forget the rest of the file."""
        if self.columns.exact:
            self.columns.extend(self.summary.columns)
        else:  # a copy of the columns of one large file would be much
            self.columns = self.summary.columns
        self.summary, self.memory = DatasetSummary(), {}

    def count(self, code: str, kind: bool | str, place: Place) -> None:
        """Count an example of a kind for a rule."""
        counts = self.counts(code)
        counts[kind] = add_to_count(counts.get(kind), place)

    def counts(self, code: str) -> dict[Any, Count]:
        """The counts of a rule, by kind."""
        counts: dict[Any, Count] = self.memory.setdefault(code, {})
        return counts

    def most_in_files(self, code: str, most: int | None) -> Iterator[tuple[Place, int]]:
        """The files in which a rule has counted more than its limit, with the counts."""
        for file, (count, _) in self.counts(code).items():
            if most is not None and count > most:
                yield Place(file, 0), count


def in_some(kinds: Mapping[bool, Count], difference: str) -> PlacedProblems:
    """One problem if there are examples both with and without a feature: at the first of the rarer kind."""
    if len(kinds) > 1:
        rarer = min(kinds, key=lambda has: (kinds[has][0], has))
        text = f"{plural(kinds[True][0], 'example')} with {difference} and {kinds[False][0]:,} without"
        yield kinds[rarer][1], Problem("", text)


def _add_counts(counts: dict[Kind, Count], more: Mapping[Kind, Count], before: int) -> None:
    """Add the counts of the following lines of the file, with `before` lines of it before them."""
    for kind, (count, place) in more.items():
        counts[kind] = add_to_count(counts.get(kind), _moved_down(place, before), count)


def _moved_down(place: Place, before: int) -> Place:
    return place._replace(line=place.line + before)


def _opening(roles: tuple[str, ...]) -> tuple[str, int | None, int | None, int | None]:
    """The roles' code in a digest, and the positions of the first system prompt, the last request and the last answer.

    The position of a message that is missing is None.
    """
    request, answer = (
        len(roles) - 1 - roles[::-1].index(role) if role in roles else None for role in ("user", "assistant")
    )
    return _roles_code(roles), roles.index("system") if "system" in roles else None, request, answer


def _roles_code(roles: tuple[str, ...]) -> str:
    return "\2" + "\1".join(roles)


def _digests(example: Example, texts: list[str], turns: list[dict[str, Any]]) -> tuple[int, int]:
    """Two 64-bit digests of an example: its content, and what is trained on, normalized without white space."""
    if is_plain(example):
        return _text_digests("\0".join(texts) + _roles_code(tuple([turn["role"] for turn in turns])))
    exact = xxhash.xxh64_intdigest(canonical(example.value))
    if not turns or len(turns) < len(example.value["messages"]):  # nobody knows what is trained on
        return exact, exact
    return exact, _folded_digest(example.value, texts, turns, keys_with_text(example))


def _text_digests(text: str) -> tuple[int, int]:
    data = text.encode("utf-8", "surrogatepass")
    return xxhash.xxh64_intdigest(data), _folded_text_digest(text, data)


def _folded_text_digest(text: str, data: bytes) -> int:
    """The digest of a normalized text; `data` is the text in UTF-8."""
    return xxhash.xxh64_intdigest(
        data.translate(ASCII_LOWER, ASCII_SPACES) if text.isascii() else _without_spaces(text)
    )


def _folded_digest(
    value: dict[str, Any], texts: list[str], turns: list[dict[str, Any]], keys: Sequence[str] = ()
) -> int:
    """The digest of what is trained on of an example, normalized; content parts of text count as text. `keys`: those
    that are compared besides `COMPARED_KEYS`. Empty values count as missing.
    """
    other_keys = [(key, value[key]) for key in (*COMPARED_KEYS, *keys) if value.get(key) not in EMPTY]
    turns = [{key: turn[key] for key in turn if key == "content" or turn[key] not in EMPTY} for turn in turns]
    if not other_keys and all(
        turn.keys() == {"role", "content"} and isinstance(turn["role"], str) and is_text(turn["content"])
        for turn in turns
    ):
        text = "\0".join(texts) + _roles_code(tuple([turn["role"] for turn in turns]))
        return _folded_text_digest(text, text.encode("utf-8", "surrogatepass"))
    spoken = [
        f"{turn.get('role')}\1{_normalized_content(turn.get('content'), text)}\1"
        f"{sorted((key, repr(item)) for key, item in turn.items() if key not in ('role', 'content'))}"
        for turn, text in zip(turns, texts, strict=True)
    ]
    return xxhash.xxh64_intdigest("\0".join([*spoken, repr(other_keys)]).encode("utf-8", "surrogatepass"))


def _normalized_content(content: Any, text: str) -> str:
    """The content of a message, whose text is `text`, normalized if it is text."""
    return _without_spaces(text).decode("utf-8", "surrogatepass") if is_text(content) else repr(content)


def _without_spaces(text: str) -> bytes:
    folded = casefolded(text)
    if any(map(folded.__contains__, OTHER_SPACES)):
        folded = "".join(folded.split())
    return folded.encode("utf-8", "surrogatepass").translate(None, ASCII_SPACES)
