"""Run the selected rules over lines, and collect the state of the rules over the examples of a file, and of all files.

A chunk is checked independently of the others, possibly in another process. Checked chunks are merged in order, and
rules over all examples of a file run at its end, so results depend neither on the chunk boundaries nor on the number of
processes. Rules that compare examples of all files run last.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from curate.core.config import CheckConfig, ConflictsConfig
from curate.core.example import SPEAKING_ROLES, TRAINED_KEYS, Example, Place, has_plain_turns, is_plain, pointer_in_line
from curate.core.finding import Finding, Problem
from curate.core.lazy import pl
from curate.core.text import plural
from curate.core.typed_json import NOT_STORED, decoder, to_json
from curate.lint.rules import RULES, Rule, Scope, by_scope
from curate.lint.rules.dataset_summary import MAX_PATHS, MAX_SYSTEMS, DatasetState, DatasetSummary
from curate.lint.rules.example_columns import repeated_requests
from curate.lint.rules.example_summary import RATING_KEYS
from curate.lint.rules.message_frame import ANSWER_KEYS, batch_frame, marked_rows, messages_frame
from curate.lint.rules.prefilter import ANY_CASE, Among, Patterns, Prefilter, any_of
from curate.lint.rules.references import references
from curate.lint.rules.roles import with_known_roles
from curate.lint.rules.rule import RepairInput
from curate.lint.rules.rule_selection import RuleSelection
from curate.lint.rules.tokens import RENDERING_RULES, EncodedExample
from curate.read.chunk_cache import CACHE_FOLDER, Checkpoint, ChunkCache
from curate.read.chunks import Batch, Chunk, lines_at, read_chunk
from curate.read.dataset import FileFacts, ParsedLine
from curate.read.formats import OTHER_FORMAT_KEYS
from curate.read.json_pointer_spans import line_of

if TYPE_CHECKING:
    from curate.models.template import Template

TextFinding = tuple[Rule, int, int, str]
"""Rule, position of the example, turn and message."""


class TextRules:
    """The text rules; each runs only on the messages that its prefilter selects."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self._expressions: dict[str, pl.Expr] = {}
        prefilters = dict.fromkeys(prefilter for rule in rules for prefilter in rule.prefilters)
        self._names = {prefilter: str(number) for number, prefilter in enumerate(prefilters)}
        self._prefilters: dict[Among, list[Prefilter]] = {}
        for prefilter in prefilters:
            self._prefilters.setdefault(prefilter.among, []).append(prefilter)
        shared: dict[bool, list[str]] = {}  # two searches are faster than one for both
        for prefilter in self._prefilters.get(Among.SHARED, ()):
            for pattern in prefilter.texts if isinstance(prefilter, Patterns) else ():
                shared.setdefault(pattern.startswith(ANY_CASE), []).append(pattern)
        self._shared = tuple(map(any_of, shared.values()))

    def ask_batch(self, batch: Batch, examples: Sequence[Example]) -> Iterator[TextFinding]:
        """Run the rules over the plain examples of a batch and other examples, numbered after them."""
        if self.rules:
            yield from self.ask(batch_frame(batch, examples))

    def ask(self, frame: "pl.DataFrame") -> Iterator[TextFinding]:
        """Run the rules over a message frame."""
        if not len(frame):
            return
        marks = self._marks(frame)
        for rule in self.rules:
            rows: pl.Series | slice = slice(None)
            if rule.prefilters:
                names = [name for prefilter in rule.prefilters if (name := self._names[prefilter]) in marks]
                if not names:
                    continue
                rows = reduce(or_, (marks[name] for name in names)).arg_true()
            if rule.code not in self._expressions:
                self._expressions[rule.code] = rule.function().alias(rule.code)
            expression = self._expressions[rule.code]
            columns = dict.fromkeys(("example", "turn", *expression.meta.root_names()))
            messages = frame[[*columns]][rows].select("example", "turn", expression)
            for example, turn, message in messages.filter(pl.col(rule.code).is_not_null()).iter_rows():
                yield rule, example, turn, message

    def _marks(self, frame: "pl.DataFrame") -> "dict[str, pl.Series]":
        """Whether each prefilter selects each row, by the prefilter's name; without prefilters that select none."""
        marks: dict[str, pl.Series] = {}
        for among, prefilters in self._prefilters.items():
            conditions = [reduce(or_, prefilter.rows()).alias(self._names[prefilter]) for prefilter in prefilters]
            marks |= marked_rows(frame, among.conditions(self._shared), conditions)
        return marks


Shape = tuple[str | tuple[str, str], ...]
READ_KEYS: Final = frozenset((*TRAINED_KEYS, "chosen_messages", "parallel_tool_calls")) - {"messages"}
"""Keys of a line that rules of scope `VALUE` and `DATASET` read by name."""
NAMED_KEYS: Final = READ_KEYS | OTHER_FORMAT_KEYS | {*RATING_KEYS}
"""Keys of a line that say how the line is read, or how its answers are compared."""
KEY_BLIND_RULES: Final = frozenset(("C008", "C014", "C019", "J015", "J023"))
"""Rules with `any_key` that need no object of an example with texts and numbers under other keys."""


def structure_signature(example: Example) -> Shape | None:
    """Format, and per turn its role and whether it has text or calls; None if the example has other features.

    A rule of scope `EXAMPLE` may read more than this only if this is None.
    """
    if example.plain:
        return ("messages", *[turn["role"] for turn in example.value["messages"]])
    turns = example.value.get("messages")
    if not isinstance(turns, list) or example.defect is not None:
        return None
    shape: list[str | tuple[str, str]] = [example.format]
    for turn in turns:
        role = turn.get("role") if isinstance(turn, dict) else None
        if not isinstance(role, str):
            return None
        content = turn.get("content")
        if isinstance(content, str):
            shape.append(role)
        elif content is None and any(turn.get(key) for key in ANSWER_KEYS):
            shape.append((role, "calls"))
        else:
            return None
    if shape[-1] != "assistant" and references(example):  # it may be a prompt for reinforcement, which needs no answer
        return None
    return tuple(shape)


def has_keys_beside(example: Example) -> bool:
    """Whether an example has, beside turns with role and text, only keys that no rule reads.

    Rules of scope `VALUE` and `DATASET` cannot fire then, except those that are declared with `any_key`.
    """
    value = example.value
    return (
        example.format in ("messages", "sharegpt")
        and READ_KEYS.isdisjoint(value)
        and has_plain_turns(value)
        and SPEAKING_ROLES.issuperset([turn["role"] for turn in value["messages"]])
    )


@dataclass(slots=True)
class CheckedChunk:
    """The result of checking a chunk. Line numbers count from its start."""

    facts: FileFacts
    lines: int
    """Number of lines, blank ones included."""
    findings: list[Finding]
    summary: DatasetSummary
    example_lines: list[int] = field(default_factory=list)
    """The numbers of `examples`."""
    examples: list[ParsedLine] = field(default_factory=list, metadata=NOT_STORED)
    """The lines that rules of scope `DATASET` check."""
    chunk: Chunk | None = field(default=None, metadata=NOT_STORED)
    """The chunk, if it can be read again."""


def _merged_chunk(parts: Sequence[CheckedChunk]) -> CheckedChunk:
    """The result of a chunk from those of its parts, without `examples`; the first part is changed."""
    whole = parts[0]
    whole.examples = []
    for part in parts[1:]:
        before = whole.lines
        whole.facts.add(part.facts, before)
        whole.findings += [replace(finding, line=finding.line + before) for finding in part.findings]
        whole.summary.extend(part.summary, before)
        whole.example_lines += [line + before for line in part.example_lines]
        whole.lines += part.lines
    return whole


def _packed(part: CheckedChunk, _: Chunk) -> Any:
    return to_json(part)


def unpacked_result(stored: Any, chunk: Chunk) -> CheckedChunk:
    """The result of a chunk that `to_json` packed; lines that are not stored are read again.

    Raises `InputError`, and as `curate.core.typed_json.decoder` says.
    """
    part: CheckedChunk = decoder(CheckedChunk)(stored)
    part.chunk = chunk
    if part.example_lines:
        part.examples = list(lines_at(chunk, part.example_lines))
    return part


class Checker:
    """The selected rules by scope, and the state of the rules about the data set."""

    def __init__(
        self,
        config: CheckConfig,
        conflicts: ConflictsConfig = ConflictsConfig.model_construct(),  # noqa: B008
        cache: Path | None = None,
    ) -> None:
        """`cache`: the folder of a project in which checked chunks are cached, unless they depend on more than their
        bytes and the configuration. Raises as `RuleSelection.from_config` does.
        """
        self.max_length, self.target = config.max_length, config.target
        self.chosen = RuleSelection.from_config(config)
        cached = cache if self.chosen.is_cacheable(config) else None
        self.cache = ChunkCache.of(cached, "check", repr(config)) if cached else None
        rules = self.chosen.rules
        self.line, self.shape = by_scope(rules, Scope.LINE), by_scope(rules, Scope.EXAMPLE)
        self.value, self.dataset = by_scope(rules, Scope.VALUE), by_scope(rules, Scope.DATASET)
        self.form = by_scope(rules, Scope.FORM)
        self.any_key, self.any_key_dataset = (
            [rule for rule in rules_of_scope if rule.any_key or rule.code not in RULES]
            for rules_of_scope in (self.value, self.dataset)
        )
        codes = {rule.code for rule in (*self.any_key, *self.any_key_dataset)}
        self.known = NAMED_KEYS if codes <= KEY_BLIND_RULES else None
        """See `read_chunk`."""
        self.tokens = [rule for rule in by_scope(rules, Scope.TOKENS) if config.model or rule.code in RENDERING_RULES]
        self.profiled = by_scope(rules, Scope.PROFILE)
        self.files, self.whole = by_scope(rules, Scope.FILE), by_scope(rules, Scope.EXAMPLES)
        self.compared = by_scope(rules, Scope.COLUMNS)
        self.clashing, self.conflicts = by_scope(rules, Scope.CONFLICTS), conflicts
        self.answers = by_scope(rules, Scope.ANSWERS)
        self.uncompared: list[list[int]] = []
        """Groups of examples with one request that are not compared, which are too many to be read again."""
        self.template = _load_template(config.model, config.chat_template) if config.renders and self.tokens else None
        exact = (
            bool(config.model) and self.template is not None and "K010" in rules
        )  # the tokenizer itself is used then
        self.text = TextRules([rule for rule in by_scope(rules, Scope.TEXT) if not (exact and rule.code == "K016")])
        self.state = DatasetState()
        self.sound: set[Shape] = set()
        self.repaired: tuple[ParsedLine | None, dict[str, bool], bool] = None, {}, False
        """The last line with a finding, which repairs apply, and whether it has line breaks: it may have as many
        findings as messages.
        """

    def check_chunk(self, chunk: Chunk) -> CheckedChunk:
        """Read and check a chunk, unless its result is cached."""
        if self.cache is None:
            return self.read_and_check(chunk)[0]
        part, read = self.cache.result(chunk, CheckedChunk, lambda read: self.read_and_check(read)[0], _merged_chunk)
        if not part.examples:
            part.examples = list(lines_at(read, part.example_lines))
        part.chunk = chunk if chunk.data is None else None
        return part

    def checkpoint(self, cache: Path, config: CheckConfig) -> Checkpoint | None:
        """How the results of chunks are kept in the folder of a project; None if they depend on more than the bytes and
        the configuration.
        """
        if not self.chosen.is_cacheable(config):
            return None
        return Checkpoint(cache / CACHE_FOLDER, "checked", ".json", repr(config), _packed, unpacked_result)

    def read_and_check(self, chunk: Chunk, *, with_turns: bool = False) -> tuple[CheckedChunk, Batch]:
        """Read and check a chunk; its lines are returned, too. `with_turns` as in `read_chunk`."""
        facts = FileFacts(chunk.name, target=self.target)
        batch = read_chunk(chunk, facts, self.known, with_turns=with_turns)
        part = self.check_batch(batch, facts, len(batch.lines))
        part.chunk = chunk if chunk.data is None else None
        return part, batch

    def check_batch(self, batch: Batch, facts: FileFacts, lines: int) -> CheckedChunk:
        """Check a batch of lines with the given facts."""
        part = CheckedChunk(facts, lines, list(self.findings(batch)), DatasetSummary())
        if self.profiled or self.dataset or self.compared or self.answers:
            order = [*batch.plain_at]
            part.summary.add_columns(batch)
            for position, parsed in zip(batch.irregular_at, batch.irregular_lines, strict=True):
                if parsed.example is not None:
                    example = with_known_roles(parsed.example)
                    part.summary.add(example, renamed=example is not parsed.example)
                    order.append(position)
                    if self.any_key_dataset or (self.dataset and not has_keys_beside(example)):
                        part.examples.append(parsed)
                        part.example_lines.append(parsed.place.line)
            part.summary.sort(order)
        return part

    def findings(self, batch: Batch) -> Iterator[Finding]:
        """The findings of each line by itself."""
        for parsed in batch.irregular_lines:
            # an object without defects has no findings
            if not isinstance(parsed.decoded.value, dict) or parsed.decoded.defects:
                for rule in self.line:
                    for problem in rule.function(parsed):
                        yield self._finding(rule, problem, parsed)
            if parsed.example is not None:
                yield from self._example_findings(parsed, parsed.example)
        for position, roles in enumerate(batch.roles):
            if ("messages", *roles) not in self.sound:
                parsed = batch.parsed(position)
                yield from self._structure_findings(parsed, parsed.example or Example(parsed.place, {}, "messages"))
        if self.template is not None:
            for position in range(len(batch.numbers)):
                yield from self._token_findings(batch.parsed(position))
        yield from self._text_findings(batch)

    def _example_findings(self, parsed: ParsedLine, example: Example) -> Iterator[Finding]:
        """The findings of all rules that read one example, whether about its structure, values, format or tokens."""
        yield from self._structure_findings(parsed, example)
        with_roles = with_known_roles(example)
        if self.value and not is_plain(with_roles):
            for rule in self.any_key if has_keys_beside(with_roles) else self.value:
                for problem in rule.function(with_roles):
                    yield self._finding(rule, problem, parsed)
        for rule in self.form:
            for problem in rule.function(parsed):
                yield self._finding(rule, problem, parsed)
        yield from self._token_findings(parsed)

    def _structure_findings(self, parsed: ParsedLine, example: Example) -> Iterator[Finding]:
        shape = structure_signature(example)
        if shape is not None and shape in self.sound:
            return
        sound = True
        for rule in self.shape:
            for problem in rule.function(example):
                sound = False
                yield self._finding(rule, problem, parsed)
        if sound and shape is not None:
            self.sound.add(shape)

    def _token_findings(self, parsed: ParsedLine) -> Iterator[Finding]:
        example = parsed.example
        if self.template is None or example is None or not example.messages:
            return
        example = with_known_roles(example)
        encoded = EncodedExample(
            example, self.template.encode(example.value), self.template, self.max_length, self.state.memory
        )
        for rule in self.tokens:
            for problem in rule.function(encoded) or ():
                yield self._finding(rule, problem, parsed)

    def _text_findings(self, batch: Batch) -> Iterator[Finding]:
        if not self.text.rules:
            return
        lines = [
            (parsed, with_known_roles(parsed.example)) for parsed in batch.irregular_lines if parsed.example is not None
        ]

        @lru_cache(1)  # a line may have as many findings as messages
        def line_at(position: int) -> tuple[ParsedLine, dict[int, str]]:
            if position < len(batch.numbers):
                return batch.parsed(position), {}
            parsed, example = lines[position - len(batch.numbers)]
            return parsed, {message.index: message.content_pointer for message in reversed(example.messages)}

        joined: list[tuple[Rule, int, int, str]] = []
        for rule, position, turn, message in self.text.ask_batch(batch, [example for _, example in lines]):
            line_index = position - len(batch.numbers)
            if line_index >= 0 and (parts := lines[line_index][1].parts) and parts[turn]:
                joined.append((rule, line_index, turn, message))
                continue
            parsed, pointers = line_at(position)
            yield self._finding(rule, Problem(pointers.get(turn, f"/messages/{turn}/content"), message), parsed)
        yield from self._in_parts(joined, lines)

    def _in_parts(
        self, joined: list[tuple[Rule, int, int, str]], lines: list[tuple[ParsedLine, Example]]
    ) -> Iterator[Finding]:
        """Findings in messages that join texts of their lines: at each text that has the problem by itself.

        A problem of no single text is at the message's place.
        """
        if not joined:
            return
        alone = [
            (line_index, turn, pointer, _with_text(lines[line_index][1], turn, text))
            for line_index, turn in dict.fromkeys((line_index, turn) for _, line_index, turn, _ in joined)
            for pointer, text in lines[line_index][1].parts[turn]
        ]
        by_part: dict[tuple[str, int, int], list[Problem]] = {}
        for rule, position, turn, message in self.text.ask(messages_frame([example for *_, example in alone])):
            line_index, asked_turn, pointer, _ = alone[position]
            if turn == asked_turn:
                by_part.setdefault((rule.code, line_index, turn), []).append(Problem(pointer, message))
        for rule, line_index, turn, message in joined:
            parsed, example = lines[line_index]
            at_message = [Problem(example.pointers[turn][1] if example.pointers else "", message)]
            for problem in by_part.get((rule.code, line_index, turn), at_message):
                yield self._finding(rule, problem, parsed)

    def merge(self, part: CheckedChunk, before: int) -> Iterator[Finding]:
        """Merge the next chunk, `before` lines into its file; yields the findings of its lines."""
        for finding in part.findings:
            yield replace(finding, line=finding.line + before) if before else finding
        self.state.summary.extend(part.summary, before)
        for parsed in part.examples:
            moved = _with_line_offset(parsed, before) if before else parsed
            assert moved.example is not None  # only lines with an example are collected
            example = with_known_roles(moved.example)
            for rule in self.any_key_dataset if has_keys_beside(example) else self.dataset:
                for problem in rule.function(example, self.state) or ():
                    yield self._finding(rule, problem, moved)

    def file_findings(self, facts: FileFacts) -> Iterator[Finding]:
        """The findings about a file as a whole, after it has been read."""
        for rule in self.files:
            for problem in rule.function(facts):
                yield self._finding_at(rule, problem, Place(facts.path, 0))

    def file_example_findings(self) -> Iterator[tuple[Finding, int | None]]:
        """The findings about all examples of a file, after it has been read.

        Each comes with the index of its example in the file, from 0, if it is about one whose id must be reported; else
        with None.
        """
        summary = self.state.summary
        for rule in (*self.dataset, *self.tokens):
            if rule.finalizer is not None:
                for place, problem in rule.finalizer(self.state):
                    yield self._finding_at(rule, problem, place), None
        for rule in self.profiled if summary.lengths else ():
            for where, problem in rule.function(summary):
                place, index = (summary.columns.places[where], where) if isinstance(where, int) else (where, None)
                yield self._finding_at(rule, problem, place), index

    def file_limits(self) -> Iterator[str]:
        """What was not compared in a file because it has too much of it."""
        ran, summary = self.chosen.rules, self.state.summary
        if "F002" in ran and summary.many_systems:
            yield f"more than {MAX_SYSTEMS:,} different system prompts; F002 does not compare their spelling"
        if "J023" in ran and summary.many_paths:
            yield f"more than {MAX_PATHS:,} different keys; J023 compares the types of the first {MAX_PATHS:,}"

    def column_findings(self) -> Iterator[tuple[Finding, int]]:
        """The findings of rules that compare the examples of all files, each with the index of its example, from 0."""
        columns = self.state.columns
        for rule in self.compared if columns.exact else ():
            for index, problem in rule.function(columns):
                yield self._finding_at(rule, problem, columns.places[index]), index

    def repeated_requests(self, labelled: set[int]) -> list[list[int]]:
        """The groups of examples that rules over answers compare, by number; without those whose labels differ."""
        if not self.answers:
            return []
        compared, self.uncompared = repeated_requests(self.state.columns, labelled)
        return compared

    def answer_findings(self, groups: Sequence[Sequence[Example]]) -> Iterator[Finding]:
        """The findings of rules over answers to equal requests."""
        for rule in self.answers:
            yield from self._about_examples(rule, groups)
            if self.uncompared:
                message = (
                    f"{plural(len(self.uncompared), 'more request')} with several answers not compared here; "
                    "`curate conflicts` compares all"
                )
                place = self.state.columns.places[self.uncompared[0][0]]
                yield self._finding_at(rule, Problem("", message), place)

    @property
    def compares(self) -> bool:
        """Whether a selected rule compares all examples."""
        return bool(self.whole or self.clashing)

    def comparison_findings(self, examples: Sequence[Example]) -> Iterator[Finding]:
        """The findings of rules that compare all examples. Raises `CurateError` if a required model is missing."""
        inputs: list[tuple[Rule, object]] = [(rule, examples) for rule in self.whole]
        if self.clashing:
            from curate.conflicts.conflict import find_conflicts  # only needed by these rules
            from curate.conflicts.default_models import with_default_models
            from curate.conflicts.judges import judge_of

            config = with_default_models(self.conflicts)
            report = find_conflicts(examples, config, judge=judge_of(config, None))
            inputs += [(rule, report) for rule in self.clashing]
        for rule, compared in inputs:
            yield from self._about_examples(rule, compared)

    def _about_examples(self, rule: Rule, compared: object) -> Iterator[Finding]:
        for example, problem in rule.function(compared):
            yield replace(self._finding_at(rule, problem, example.place), example=example.id)

    def _finding_at(self, rule: Rule, problem: Problem, place: Place) -> Finding:
        severity = self.chosen.severities[rule.code]
        fixable = rule.repair is not None and (
            rule.scope is Scope.COLUMNS or rule.repair.takes in (RepairInput.FIRST, RepairInput.RAW)
        )
        message = place.message(problem.message)
        return Finding(rule.code, severity, place.file, place.line, problem.pointer, message, rule.hint, fixable, None)

    def _finding(self, rule: Rule, problem: Problem, parsed: ParsedLine) -> Finding:
        """Create the finding for a problem; in a document element, on the line of the value."""
        if self.repaired[0] is not parsed:
            self.repaired = parsed, {}, b"\n" in parsed.line.data
        if rule.code not in self.repaired[1]:
            self.repaired[1][rule.code] = rule.repair is not None and rule.repair.applies(parsed)
        example, pointer, fixable = None, problem.pointer, self.repaired[1][rule.code]
        if parsed.example:
            example = parsed.example.id
            pointer = pointer_in_line(parsed.example, pointer, parsed.decoded.value)
        line = parsed.place.line
        if self.repaired[2]:  # an element of a document
            data = parsed.line.data
            line += data.count(b"\n", 0, problem.offset) if problem.offset else line_of(data, pointer) if pointer else 0
        severity, file = self.chosen.severities[rule.code], parsed.place.file
        message = parsed.place.message(problem.message) if parsed.line.data != b"[" else problem.message  # no element
        return Finding(rule.code, severity, file, line, pointer, message, rule.hint, fixable, example)


def _load_template(model: str, chat_template: str) -> "Template":
    # takes some milliseconds to import, which most checks do not need
    from curate.models.template import load_template

    return load_template(model, chat_template)


def _with_text(example: Example, turn: int, text: str) -> Example:
    turns = [*example.value["messages"]]
    turns[turn] = {**turns[turn], "content": text}
    return replace(example, value={**example.value, "messages": turns})


def _with_line_offset(parsed: ParsedLine, before: int) -> ParsedLine:
    """A line with its number increased by `before`."""
    place = parsed.place._replace(line=parsed.place.line + before)
    example = parsed.example
    if example is not None:
        example = replace(example, place=place)
    return parsed._replace(place=place, example=example)
