"""Redaction of files: private values become pseudonyms or labels, equal values equal ones.

Lines that cannot be parsed, and rows that cannot be redacted safely, are written to a second file with the reason.
written + aside = read; this is checked against the written lines. Lines without a private value keep their bytes.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.commands.session import Workspace
from curate.core.errors import InputError, require_all_lines
from curate.core.events import Advance
from curate.core.json_output import Output
from curate.core.key_value_secrets import Secret
from curate.core.removed import Reason, removed_line
from curate.output.apply import unreadable
from curate.parallel.worker_pool import WorkerPool, cores
from curate.read.chunks import Batch, Chunk, read_chunk
from curate.read.dataset import FileFacts, ParsedLine, require_read
from curate.read.edited_json import edited_json
from curate.read.file_parts import file_parts
from curate.redact.pseudonyms import Pseudonyms, Style, read_mapping, write_mapping
from curate.redact.redactor import Redactor, UnsafeRedaction, has_hidden_values, nested_texts
from curate.storage.files import display_name, size_of
from curate.storage.output_pair import CountingWriter, replacing_both
from curate.storage.scratch import TempStore
from curate.storage.snapshot import snapshots_of


@dataclass(slots=True)
class RedactResult(Output):
    """What `curate redact --json` prints."""

    read: int = 0
    """Lines that are not blank, or elements of a document."""
    written: int = 0
    changed: int = 0
    """Written lines in which something was replaced."""
    aside: int = 0
    """Lines in the file next to the output (out.unredacted.jsonl); written + aside = read."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Lines that were not written, by code."""
    replaced: Counter[str] = field(default_factory=Counter)
    """Replaced values by kind, each occurrence."""
    distinct: Counter[str] = field(default_factory=Counter)
    """Different values by kind."""
    entity_model: str = ""
    """The model that searched for names of persons and organisations; empty without one."""


def redact(
    work: Workspace,
    output: Path,
    aside: Path,
    *,
    style: Style = Style.PSEUDONYM,
    names: bool = True,
    entities: str = "",
    mapping: Path | None = None,
    overwrite: bool = False,
    reading: Callable[[], AbstractContextManager[Advance | None]] = nullcontext,
    progress: Advance | None = None,
) -> RedactResult:
    """Write the files of a project without private values to `output`, and lines that cannot be redacted to `aside`;
    both completely or neither.

    `names`: whether names of persons behind salutations, titles and the like are replaced. `entities`: a token
    classification model that also finds names of persons and organisations in running text; empty for none. `reading`
    opens a display of the numbers of texts that it has read; `progress` gets numbers of lines that are written.
    `mapping`: a file in which values and replacements are kept, and from which those of earlier runs are read; without
    it, they are forgotten. Raises `InputError` for a file that cannot be read or changes meanwhile, `OutputError`,
    `UsageError` if an output exists and must not be replaced, and `ModelError` or `MissingExtra` if the model cannot be
    used.
    """
    _ = work.decisions  # a note says that they are not applied
    report = RedactResult(entity_model=entities)
    snapshots = snapshots_of(work.files)
    redactor = Redactor(Pseudonyms(style, read_mapping(mapping) if mapping else ()), names)
    with TempStore() as copies:
        if entities:
            from curate.redact.entities import names_by_text  # the loaders of models

            parts = _parts(work.files, _State(redactor), _texts_of_part, copies)
            texts = (text for part, _ in parts for of_line in part.results for text in of_line)
            with reading() as advance:
                redactor.entities = names_by_text(texts, entities, advance)
        report.read, learned = _learn_values(work.files, redactor, copies)
        if not report.read:
            raise InputError("no line to redact: the files are empty", "name files with examples")
        with replacing_both(output, aside, overwrite=overwrite, seen=snapshots) as outputs:
            for part, before in _parts(work.files, _State(redactor, learned), _results_of_part, copies):
                for line, secrets in part.results:
                    _write_line(line, secrets, before, redactor, report, *outputs)
                if progress:
                    progress(len(part.results))
            report.written, report.aside = (file.lines for file in outputs)
            require_all_lines(report.read, report.written, report.aside)
            report.replaced = redactor.counts
            report.distinct = Counter(kind for kind, _, _ in redactor.pseudonyms)
            if mapping:
                write_mapping(mapping, redactor.pseudonyms)
    return report


MIN_PARALLEL_SEARCH_BYTES: Final = 2 << 20
"""Size of the files from which processes search them: one process takes more than a second for a megabyte."""
CHUNK_BYTES: Final = 1 << 20
PartKey = tuple[str, int]
"""The file of a part and the offset of its first line that is not blank."""


class _State(NamedTuple):
    """What the workers search with."""

    redactor: Redactor
    learned: Mapping[PartKey, bytes] = {}
    """Whether each line of a part has a value."""


class _RedactionChunk(NamedTuple):
    """What was found in some lines of a file; blank lines are left out."""

    facts: FileFacts
    lines: int
    """Number of lines, including blank ones."""
    key: PartKey
    results: list[Any]
    """The result for each line."""
    values: Mapping[tuple[str, str], None] = {}
    """The values, as written, with their kinds."""


_Search = Callable[[_State, Sequence[ParsedLine], FileFacts, int], _RedactionChunk]


def _parts(
    files: Sequence[Path], state: _State, search: _Search, copies: TempStore
) -> Iterator[tuple[_RedactionChunk, int]]:
    """What `search` finds in the files, in order, by processes if these are large; each with the number of lines that
    its places do not count. Raises `InputError`.
    """
    own, parallel = partial(_State, *state), size_of(files) >= MIN_PARALLEL_SEARCH_BYTES
    of_chunk, of_batch = partial(_part_of_chunk, search), partial(_part_of_batch, search, state)
    with WorkerPool(cores() if parallel else 1, processes=parallel, own=own, make_state=own) as pool:
        for number, path in enumerate(files):
            facts = FileFacts(display_name(path))
            yield from file_parts(path, facts, pool, of_chunk, of_batch, partial(copies.path, number), CHUNK_BYTES)
            require_read(facts)


def _part_of_chunk(search: _Search, state: _State, chunk: Chunk) -> _RedactionChunk:
    """What `search` finds in the lines of a chunk."""
    facts = FileFacts(chunk.name)
    batch = read_chunk(chunk, facts)
    return _part_of_batch(search, state, batch, facts, len(batch.lines))


def _part_of_batch(search: _Search, state: _State, batch: Batch, facts: FileFacts, size: int) -> _RedactionChunk:
    """What `search` finds in some lines; `size`: the number of lines in the file."""
    return search(state, [line for line in batch.as_written() if not line.blank], facts, size)


def _part_key(lines: Sequence[ParsedLine]) -> PartKey:
    """File and offset of the first line, by which both readings identify a part."""
    return (lines[0].place.file, lines[0].line.offset) if lines else ("", 0)


def _learn_values(files: Sequence[Path], redactor: Redactor, copies: TempStore) -> tuple[int, dict[PartKey, bytes]]:
    """Learn the values of all files. Returns the number of lines, and for each part whether each line has a value.

    Raises `InputError`.
    """
    read, learned = 0, {}
    for part, _ in _parts(files, _State(redactor), _values_of_part, copies):
        for written, kind in part.values:
            redactor.learn(written, kind)
        read += len(part.results)
        learned[part.key] = bytes(part.results)
    return read, learned


def _texts_of_part(_: _State, lines: Sequence[ParsedLine], facts: FileFacts, size: int) -> _RedactionChunk:
    texts = [
        [] if line.example is None else [text[len(prefix) :] for text, prefix in nested_texts(line.decoded.value)]
        for line in lines
    ]
    return _RedactionChunk(facts, size, _part_key(lines), texts)


def _values_of_part(state: _State, lines: Sequence[ParsedLine], facts: FileFacts, size: int) -> _RedactionChunk:
    """The private values in some lines, and for each line whether it has one."""
    values: dict[tuple[str, str], None] = {}
    flags = []
    for line in lines:
        values_of_line = {} if line.example is None else state.redactor.values_in(line.decoded.value)
        values.update(values_of_line)
        flags.append(bool(values_of_line))
    return _RedactionChunk(facts, size, _part_key(lines), flags, values)


def _results_of_part(state: _State, lines: Sequence[ParsedLine], facts: FileFacts, size: int) -> _RedactionChunk:
    """For each line the result of `_search_line`. Raises `InputError` if the file changed since the values were
    learned.
    """
    flags = state.learned.get(key := _part_key(lines), b"")
    if len(flags) != len(lines):
        raise InputError.changed(facts.path)
    results = [
        _search_line(line, state.redactor, has_values=bool(flag)) for line, flag in zip(lines, flags, strict=True)
    ]
    return _RedactionChunk(facts, size, key, results)


_Searched = tuple[ParsedLine | bytes, list[list[Secret]]]


def _search_line(line: ParsedLine, redactor: Redactor, *, has_values: bool) -> _Searched:
    """A line with the private values in it; only its bytes if nothing is replaced, so that less is sent between
    processes.
    """
    if line.example is None or line.defects:
        return line, []
    secrets = redactor.secrets_in(line.decoded.value, has_values=has_values)
    if not secrets and not has_hidden_values(line.decoded.value):
        return line.jsonl, []
    return line, secrets


def _write_line(
    line: ParsedLine | bytes,
    secrets: list[list[Secret]],
    before: int,
    redactor: Redactor,
    report: RedactResult,
    out: CountingWriter,
    aside: CountingWriter,
) -> None:
    """Write a redacted line to `out`, or the original with the reason to `aside`, and count it. `before`: the number of
    lines before the chunk.
    """
    redacted = line if isinstance(line, bytes) else _redacted(line, redactor, secrets)
    if isinstance(redacted, bytes):
        out.write(redacted + b"\n")
        report.changed += not isinstance(line, bytes) and redacted != line.jsonl
        return
    assert isinstance(line, ParsedLine)  # a line that is given as bytes is written
    example = line.example.id if line.example else None
    place = line.place._replace(line=line.place.line + before)
    aside.write(removed_line(place, example, redacted, line.line.data))
    report.reasons[redacted.code or ""] += 1


def _redacted(line: ParsedLine, redactor: Redactor, secrets: list[list[Secret]]) -> bytes | Reason:
    """The redacted line, or the reason why it is not written."""
    if line.example is None:
        return unreadable(line)
    if line.defects:
        return Reason("J012", "its JSON has a defect, so that values in it may be overlooked", "rule")
    try:
        value = redactor.row(line.decoded.value, secrets)
    except UnsafeRedaction as error:
        return Reason("S003", str(error), "rule")
    return line.jsonl if value == line.decoded.value else edited_json(line.jsonl, line.decoded.value, value)
