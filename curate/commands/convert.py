"""Conversion of every known format to another one, as JSON Lines.

Lines that the target format cannot represent are written to a second file with their bytes and the reason. converted +
aside = read; this is checked against the written lines. Lines that are already in the target format keep their bytes.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from curate.commands.session import Workspace
from curate.core.decision import DecisionState, edits_of
from curate.core.errors import InputError, require_all_lines
from curate.core.events import Advance
from curate.core.example import UNKNOWN, Example, Place, value_at, without_value_at
from curate.core.form_keys import PAIR_SIDES
from curate.core.json_output import Note, Output
from curate.core.removed import Reason, counted_as, removed_line
from curate.core.text import json_line, visible
from curate.lint.rules.jsonl import message_rows
from curate.lint.rules.roles import with_known_roles
from curate.lint.rules.tools import to_tools
from curate.output.apply import drop_reason, unreadable
from curate.output.edited import acted_ids, decided_id, edited_copies
from curate.parallel.worker_pool import WorkerPool
from curate.read.chunks import CHUNK_BYTES, Chunk, chunk_bytes, chunks_of
from curate.read.dataset import FileFacts, ParsedLine, parsed_line, read_file, require_examples, require_read
from curate.read.file_parts import is_parallel
from curate.read.form_writer import Written, write_as
from curate.read.formats import AMONG_MESSAGES, BY_NAME, COMPLETIONS, WRITABLE, example_of
from curate.read.forms.form import Format, UnwritableError, json_in
from curate.read.lines import BOM, split_lines
from curate.read.preference_conversion import is_same_prompt, rows_in_form
from curate.storage.files import display_name
from curate.storage.output_pair import CountingWriter, replacing_both
from curate.storage.scratch import TempStore
from curate.storage.snapshot import snapshots_of

FIELD: Final = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
"""A key in braces, also a path such as `translation.en` or `choices.0`; doubled braces are braces."""
LINES_PER_PART: Final = 1_000


@dataclass(slots=True)
class ConvertResult(Output):
    """What `curate convert --json` prints."""

    read: int = 0
    """Lines that are not blank, or elements of a document."""
    converted: int = 0
    not_understood: int = 0
    """Lines without an example in a known format: not converted, or messages without text."""
    aside: int = 0
    """Lines in the file next to the output (out.unconverted.jsonl); converted + aside = read."""
    renamed: int = 0
    """Converted lines in which aliases of roles were renamed, as `curate check --fix` does (rule M007)."""
    formats: Counter[str] = field(default_factory=Counter)
    """Converted lines by input format; those already in the target format keep their bytes."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Lines that were not converted, by code."""
    first_reasons: dict[str, str] = field(default_factory=dict)
    """By the same codes, why the first such line was not converted."""
    added: int = 0
    """Output lines beyond one per converted line: a line with several instances becomes several, and a pair two
    labelled answers.
    """
    joined: int = 0
    """Converted lines that were joined with the line before them: two labelled answers become one pair."""
    rejected: int = 0
    """Preference pairs of which only the chosen side was converted."""
    omitted: Counter[str] = field(default_factory=Counter)
    """Keys and details that the target format cannot represent, with the number of lines; none is trained on."""
    unused: Counter[str] = field(default_factory=Counter)
    """Keys and items of lists that no text of a template names, as paths, with the number of converted lines that have
    them; they stay beside the messages.
    """
    unmatched: int = 0
    """Edits and drops of the review about examples that are not in the files."""
    notes: list[Note] = field(default_factory=list)
    """Lines that were converted except for a part that stayed text, and files (line 0) whose rows may be messages."""

    def add(self, part: "ConvertResult", before: int) -> None:
        """Add the result of a later part of a file; `before`: the number of lines before that part."""
        for name in ("read", "converted", "not_understood", "aside", "renamed", "added", "joined", "rejected"):
            setattr(self, name, getattr(self, name) + getattr(part, name))
        self.formats.update(part.formats)
        self.reasons.update(part.reasons)
        self.first_reasons |= {code: why for code, why in part.first_reasons.items() if code not in self.first_reasons}
        self.omitted.update(part.omitted)
        self.unused.update(part.unused)
        self.notes += [replace(note, line=note.line + before) for note in part.notes]


def convert(
    work: Workspace,
    output: Path,
    aside: Path,
    *,
    to: str = "messages",
    chosen: bool = False,
    overwrite: bool = False,
    shards: int = 1,
    template: Mapping[str, str] | None = None,
    progress: Advance | None = None,
) -> ConvertResult:
    """Convert the data of a project to the format `to` in `output`, or so many `shards` of it, and write lines that
    cannot be converted to `aside`; both completely or neither.

    `chosen` uses the chosen side of a preference pair. Dropped lines are written to `aside`, and edited ones are
    converted as edited. With `template`, each line is read as these texts by role; see `templated`. With more than one
    of the session's `workers`, processes convert parts of large files; they import the main module anew, as
    `multiprocessing` does.

    Raises `InputError` for a file that cannot be read or changes meanwhile, and if no line holds an example;
    `OutputError`; `UsageError` if an output exists and must not be replaced, or another process writes it.
    """
    report, session, paths, decisions = ConvertResult(), work.session, work.files, work.decisions
    snapshots = snapshots_of(paths)
    copies, unmatched = edited_copies(paths, edits_of(decisions), work.project.edited), acted_ids(decisions)
    is_large = is_parallel(paths)
    converter = partial(_Converter, to, chosen, decisions, unmatched.copy(), template)
    with (
        session.executor.pool(
            session.workers if is_large else 1,
            processes=is_large,
            own=converter,
            make_state=converter,
            files=paths,
        ) as pool,
        TempStore() as store,
        replacing_both(output, aside, overwrite=overwrite, seen=snapshots, shards=shards) as (out, aside_output),
    ):
        for number, path in enumerate(paths):
            facts = FileFacts(display_name(path))
            parts = _parts(copies.get(path, path), facts, converter, pool, partial(store.path, number))
            unmatched -= _write_parts(parts, facts, report, out, aside_output, progress)
            require_read(facts)
            if not template and (rows := message_rows(facts.keys)):
                report.notes.append(Note(facts.path, 0, f"each row became an example of plain text; {rows}"))
        if not report.read:
            raise InputError("no line to convert: the files are empty", "name files with examples")
        if template and report.read == report.not_understood:
            raise InputError(
                f"no line can be read with these texts: {next(iter(report.first_reasons.values()))}",
                "name keys of the lines in braces: {a}, {a.b} for b in a, {a.0} for the first of a list",
            )
        report.unmatched = len(unmatched)
        require_examples(report.read, report.read - report.not_understood)
        require_all_lines(report.read, report.converted, report.aside)
        require_all_lines(report.read + report.added - report.joined, out.lines, aside_output.lines)
    return report


def _write_parts(
    parts: "Iterable[_ConvertedChunk]",
    facts: FileFacts,
    report: ConvertResult,
    out: CountingWriter,
    aside: CountingWriter,
    progress: Advance | None,
) -> set[str]:
    """Write the parts of a file and count them in `report`; returns the keys of lines that a decision is about."""
    before, matched = 0, set[str]()
    for part in parts:
        report.add(part.report, before)
        out.write(part.converted)
        for place, example, reason, data in part.aside:
            aside.write(removed_line(place._replace(line=place.line + before), example, reason, data))
        matched |= part.matched
        before += part.lines
        for shape, count in part.shapes.items():
            facts.count_keys(shape, count)
        if progress:
            progress(part.report.read)
    return matched


@dataclass(slots=True)
class _ConvertedChunk:
    """The conversion of consecutive lines of a file; line numbers start at 1 in each chunk."""

    report: ConvertResult = field(default_factory=ConvertResult)
    converted: bytes = b""
    aside: list[tuple[Place, str | None, Reason, bytes]] = field(default_factory=list)
    """What is not converted: for each line, what `removed_line` takes."""
    matched: set[str] = field(default_factory=set)
    """Keys of lines that a decision is about."""
    lines: int = 0
    """Physical lines of a chunk."""
    shapes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """Formats and keys of the examples of a chunk, as in `FileFacts.keys`."""


def _parts(
    path: Path, facts: FileFacts, converter: "Callable[[], _Converter]", pool: WorkerPool, copy: Callable[[], Path]
) -> Iterator[_ConvertedChunk]:
    """The converted parts of a file, in order: its chunks in parallel if lines are independent, else groups of
    lines.
    """
    local_converter = converter()
    chunks = None if local_converter.joins else chunks_of(path, facts.path, CHUNK_BYTES, copy)
    if chunks is not None:
        yield from pool.each(_Converter.chunk, chunks)
        return
    units = local_converter.units(read_file(path, facts))
    while batch := list(islice(units, LINES_PER_PART)):
        yield replace(local_converter.part(batch), lines=0)


@dataclass(slots=True)
class _Converter:
    """Converts parts of files; each process has its own."""

    to: str
    chosen: bool
    decisions: Mapping[str, DecisionState]
    acted: set[str]
    """Keys that the lines of edits and drops have."""
    template: Mapping[str, str] | None

    @property
    def joins(self) -> bool:
        """Whether two lines may become one, for which they are read in order."""
        return WRITABLE[self.to].write_pair is not None

    def chunk(self, chunk: Chunk) -> _ConvertedChunk:
        """The conversion of the lines of a chunk."""
        offset, data, size = chunk_bytes(chunk)
        start = len(BOM) if offset == 0 and data.startswith(BOM) else 0
        facts = FileFacts(chunk.name)
        part = self.part(
            self.units(parsed_line(line, facts) for line in split_lines([bytes(data[start:size])], offset + start))
        )
        return replace(part, shapes=facts.keys)

    def units(self, lines: Iterable[ParsedLine]) -> Iterator["_Unit"]:
        """The lines that are converted together: one line, or the two labelled answers of a pair."""
        waiting: _Unit | None = None
        for line in lines:
            parsed = line if line.blank or not self.template else templated(line, self.template)
            key = decided_id(parsed) if self.decisions and not line.blank else ""
            decision = self.decisions.get(key)
            unit = _Unit([parsed], {key}, decision if decision is not None and decision.verdict == "drop" else None)
            if not self.joins:
                yield unit
            elif waiting is not None and waiting.is_pair_with(unit):
                yield _Unit([*waiting.lines, parsed], waiting.keys | unit.keys)
                waiting = None
            else:
                if waiting is not None:
                    yield waiting
                waiting = unit
        if waiting is not None:
            yield waiting

    def part(self, units: Iterable["_Unit"]) -> _ConvertedChunk:
        """The conversion of units, as one part with its counts."""
        part, converted_lines, form = _ConvertedChunk(), list[bytes](), WRITABLE[self.to]
        report = part.report
        for unit in units:
            part.lines += len(unit.lines)
            if unit.lines[0].blank:
                continue
            report.read += len(unit.lines)
            report.not_understood += sum(line.example is None or not line.example.understood for line in unit.lines)
            part.matched |= unit.keys & self.acted
            written = drop_reason(unit.drop) if unit.drop else _converted(unit.lines, report, form, chosen=self.chosen)
            if isinstance(written, bytes):
                report.converted += len(unit.lines)
                if self.template:
                    for line in unit.lines:
                        report.unused.update(_unused_paths(line.decoded.value, self.template))
                converted_lines.append(written + b"\n")
                continue
            for line in unit.lines:
                example = line.example.id if line.example else None
                part.aside.append((line.place, example, written, line.line.data))
                report.aside += 1
                code = counted_as(written.code, written.decided_by)
                report.reasons[code] += 1
                report.first_reasons.setdefault(code, written.why)
        part.converted = b"".join(converted_lines)
        return part


@dataclass(slots=True)
class _Unit:
    """Lines that become output together."""

    lines: list[ParsedLine]
    keys: set[str]
    """Their keys in decisions."""
    drop: DecisionState | None = None
    """The decision to drop the line."""

    def is_pair_with(self, other: "_Unit") -> bool:
        """Whether two lines are the answers of one pair, of which no decision drops one."""
        first, second = (unit.lines[0].example for unit in (self, other))
        dropped = self.drop or other.drop
        return not dropped and first is not None and second is not None and is_same_prompt(first, second)


def _converted(lines: Sequence[ParsedLine], report: ConvertResult, form: Format, *, chosen: bool) -> bytes | Reason:
    """The converted line or lines, separated by line breaks, and counted in `report`; or the reason why they are not
    converted.
    """
    parsed, examples = lines[0], list[Example]()
    for line in lines:
        if line.example is None or not line.example.understood:
            return unreadable(line)
        repeated = any(defect.kind == "repeated-key" for defect in line.defects)  # one value would be lost
        examples.append(line.example if repeated else with_known_roles(line.example))
    renamed = sum(line.example is not example for line, example in zip(lines, examples, strict=True))
    example = examples[0]
    complete = form.sides is None or form.sides[1] in example.value
    if (
        example.format == form.name
        and form.exact
        and complete
        and not renamed
        and isinstance(parsed.decoded.value, dict)
    ):
        report.formats[form.name] += 1
        return parsed.jsonl
    for line, normalized in zip(lines, examples, strict=True):
        if reason := _obstacle(line, normalized, form, chosen=chosen):
            return Reason(*reason, "rule")
    omitted = set[str]()
    values = [
        _value_to_write(line, normalized, form, report.notes, omitted)
        for line, normalized in zip(lines, examples, strict=True)
    ]
    examples = [replace(normalized, value=value) for normalized, value in zip(examples, values, strict=True)]
    try:
        written = _objects_to_write(examples, form)
    except UnwritableError as error:
        return Reason("J025", f"cannot be written as {form.name}: {error}", "rule")
    omitted.update(*(conversion.omitted for conversion in written))
    report.omitted.update(omitted)
    report.renamed += renamed
    report.rejected += example.format in PAIR_SIDES and not (form.write_pair or form.label)
    report.formats.update(normalized.format for normalized in examples)
    report.added += len(written) - 1
    report.joined += len(lines) - 1
    as_read = [conversion.value for conversion in written] == [parsed.decoded.value]
    return parsed.jsonl if as_read else b"\n".join(json_line(conversion.value) for conversion in written)


def _value_to_write(
    parsed: ParsedLine, example: Example, to: Format, notes: list[Note], omitted: set[str]
) -> dict[str, Any]:
    """The object of a line with its tools as a list, and without answers beyond a conversation or pair. Where messages
    stand among the lines of its format, tools stay as they are there.

    The names of such answers are added to `omitted`, and notes about values that stay text to `notes`.
    """
    value = dict(example.value)
    stays = example.format in AMONG_MESSAGES and to.name == "messages"
    if isinstance(value.get("tools"), str | list) and not stays:
        value["tools"] = _tool_declarations(value["tools"], parsed.place, notes)
    form = BY_NAME.get(example.format)  # None for a line that is read by texts of the user
    if form is not None and form.unread_calls is not None:
        notes.extend(Note.of(parsed.place, f"message {i + 1}: {why}") for i, why in form.unread_calls(example))
    if form is not None and form.take_others is not None and (others := form.take_others(value)):
        omitted.add(others)
    return value


def _objects_to_write(examples: Sequence[Example], form: Format) -> list[Written]:
    """The objects for an example, or for both labelled answers of a pair. Raises `UnwritableError`."""
    example, value = examples[0], dict(examples[0].value)
    if form.write_pair or form.label:
        return rows_in_form(form, examples)
    if example.format in PAIR_SIDES:
        value.pop(PAIR_SIDES[example.format][1], None)
    several = example.format == "self-instruct"
    conversations = [{**value, "messages": turns} for turns in _exchanges(value["messages"])] if several else [value]
    if form.name != "messages":
        return [write_as(form, to_tools(conversation)) for conversation in conversations]
    if example_of(value, example.place).format in PAIR_SIDES:
        raise UnwritableError("a preference pair under other keys, which messages cannot hold")
    return [Written(conversation, ()) for conversation in conversations]


def _exchanges(turns: list[Any]) -> list[list[Any]]:
    """Each question of a line with its answer, as a conversation; a system prompt is repeated in all of them."""
    system = len(turns) % 2
    return [turns[:system] + turns[start : start + 2] for start in range(system, len(turns), 2)]


def _obstacle(parsed: ParsedLine, example: Example, form: Format, *, chosen: bool) -> tuple[str, str] | None:
    """Code and reason if writing the line in a form would lose or change something; None if not."""
    if repeated := next((defect for defect in parsed.defects if defect.kind == "repeated-key"), None):
        return "J013", repeated.message
    if form.write_pair or form.label:
        return None
    if example.format in PAIR_SIDES and not chosen:
        return "J025", (
            f"preference pair: {form.name} cannot hold the rejected side; --to preference-chat keeps both sides, and "
            "--chosen converts the chosen side"
        )
    if example.format in COMPLETIONS and example.value.get("label") is False:
        return (
            "J025",
            f"the completion is labelled as undesirable, which {form.name} cannot express; --to kto-chat keeps it",
        )
    return None


def _tool_declarations(tools: str | list[Any], place: Place, notes: list[Note]) -> Any:
    """Tools as a list of declarations, also those given as JSON text or as bare functions. Another text is returned
    unchanged, and a note is added to `notes`.
    """
    value = tools if isinstance(tools, list) else json_in(tools) if tools.strip() else []
    if not isinstance(value, list) or not all(isinstance(tool, dict) for tool in value):
        if isinstance(tools, str):
            notes.append(Note.of(place, "`tools` is not a JSON list of objects; kept as text"))
        return tools
    return [tool if "function" in tool or "type" in tool else {"type": "function", "function": tool} for tool in value]


def templated(parsed: ParsedLine, template: Mapping[str, str]) -> ParsedLine:
    """The line as messages whose texts are those of a template, by role, filled in with the values of the line.

    Keys that no text contains stay beside the messages. The line has a defect if a key is missing or holds no text, and
    no example if it is not an object.
    """
    value = parsed.decoded.value
    if not isinstance(value, dict):
        return parsed._replace(example=None)

    def defective(why: str, pointer: str = "") -> ParsedLine:
        return parsed._replace(example=Example(parsed.place, value, UNKNOWN, defect=(pointer, why)))

    used_paths = set[tuple[str, ...]]()
    try:
        messages = [{"role": role, "content": _filled(text, value, used_paths)} for role, text in template.items()]
    except ValueError as error:
        return defective(str(error))
    remaining: Any = value
    for path in used_paths:
        remaining = without_value_at(remaining, path)
    if "messages" in remaining:
        return defective("the line has `messages` already", "/messages")
    example = example_of({"messages": messages, **remaining}, parsed.place)
    if example.format != "messages":  # a key such as `system`, which would change the conversation
        return defective(
            f"keys beside the texts make it the format {example.format}: name them in a text, or remove them"
        )
    return parsed._replace(example=Example(parsed.place, example.value, "template"))


def _filled(text: str, value: Mapping[str, Any], used_paths: set[tuple[str, ...]]) -> str:
    """A text in which each `{KEY}` is replaced by its value; the paths of the keys are added to `used_paths`. Raises
    `ValueError`.
    """

    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        field_value, path = _value_and_path(match[1], value)
        used_paths.add(path)
        if isinstance(field_value, str):
            return field_value
        if field_value is None or isinstance(field_value, list | dict):
            kind = {type(None): "null", list: "a list"}.get(type(field_value), "an object")
            raise ValueError(f"`{visible(match[1])}` is {kind}, not a text")
        return json.dumps(field_value)

    return FIELD.sub(fill, text)


def _value_and_path(name: str, value: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """The value under a key or path, and the keys on the way to it. Raises `ValueError`."""
    path = (name,) if name in value else tuple(name.split("."))
    field_value = value_at(dict(value), name)
    if path[0] not in value or (len(path) > 1 and field_value is None):
        raise ValueError(f"there is no key `{visible(name)}`")
    return field_value, path


def _unused_paths(value: Mapping[str, Any], template: Mapping[str, str]) -> Iterator[str]:
    """The paths of the values of a line that no text of a template names; null counts as no value."""
    named = {
        _value_and_path(match[1], value)[1] for text in template.values() for match in FIELD.finditer(text) if match[1]
    }

    def unused(value: Any, path: tuple[str, ...]) -> Iterator[str]:
        if value is None or path in named:
            return
        if not any(name[: len(path)] == path for name in named):
            yield ".".join(path)
            return
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from unused(item, (*path, str(key)))

    for key, item in value.items():
        yield from unused(item, (key,))
