"""`curate server`: findings, fixes and rules in editors, by the Language Server Protocol."""

import asyncio
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from curate.commands.check import check
from curate.commands.session import Session
from curate.core.config import Config
from curate.core.errors import ConfigError, CurateError, requiring
from curate.core.finding import Finding, Severity
from curate.core.text import plural, visible
from curate.core.validation import parsed_toml, validated
from curate.lint.fixer import fix_paths
from curate.lint.rules import RULES
from curate.read.json_pointer_spans import Spans
from curate.render.check_ci import rule_page
from curate.render.rules import rule_markdown
from curate.storage.files import display_name
from curate.storage.paths import from_here
from curate.storage.scratch import temporary_folder

if TYPE_CHECKING:
    from lsprotocol import types as lsp
    from pygls.lsp.server import LanguageServer

    from curate.review.preview import LinePreview

MAX_CHARS: Final = 50 << 20
"""Characters above which a file is not checked in an editor."""
MAX_LIVE_CHARS: Final = 1 << 20
"""Characters up to which a file is checked at each change; a larger one when it is opened and saved."""
CONFIG_NAME: Final = "curate.toml"
SUFFIXES: Final = (".jsonl", ".ndjson")
SOURCE: Final = "curate"
"""The source of our diagnostics."""
LONE_CR: Final = re.compile(r"\r(?!\n)")
"""Ends a line in the protocol and not in JSON Lines: a fix could replace another line than it was made of."""
DEBOUNCE_SECONDS: Final = 0.3
MAX_FINDINGS: Final = 1_000


class _StaleError(Exception):
    """The text that is checked is not the newest any more."""


class _Documents:
    """The open files, which are checked in a thread, so that the editor is answered meanwhile."""

    def __init__(self, running: "LanguageServer") -> None:
        self.running = running  # its get_text_document would read what is not open from the disk, a pipe, too
        self.newest: dict[str, object] = {}
        """The last request to check each file; earlier ones are stale."""
        self.shown: dict[str, list[lsp.Diagnostic]] = {}
        self.thread = ThreadPoolExecutor(1)

    async def check(self, uri: str, *, changed: bool = False) -> None:
        """Check a file and publish its diagnostics, unless it changes again before that."""
        request = self.newest[uri] = object()

        def stale() -> bool:
            return self.newest.get(uri) is not request

        await asyncio.sleep(DEBOUNCE_SECONDS if changed else 0)
        if stale():
            return
        if (document := self.running.workspace.text_documents.get(uri)) is None:
            return
        text, path, version = document.source, Path(document.path), document.version
        if changed and len(text) > MAX_LIVE_CHARS:
            return
        try:
            reported = await asyncio.get_running_loop().run_in_executor(self.thread, diagnostics, text, path, stale)
        except _StaleError:
            return
        if not stale():
            self._publish(uri, reported, version)

    def close(self, uri: str) -> None:
        """Forget a file and clear its diagnostics."""
        self.newest.pop(uri, None)
        self._publish(uri, [])

    def end(self) -> None:
        """End a check that is running."""
        self.newest.clear()
        self.thread.shutdown()

    def _publish(self, uri: str, reported: "list[lsp.Diagnostic]", version: int | None = None) -> None:
        """Send diagnostics to the editor, and keep them as those that it shows."""
        from lsprotocol import types as lsp

        self.shown[uri] = reported
        self.running.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, reported, version))


def server() -> None:
    """Serve an editor on standard input and output: findings of JSON Lines and of curate.toml, safe fixes, rules.

    Files up to 50 MB are checked when they are opened and saved, those up to 1 MB after each change. Suppressed
    findings are not shown. Nothing is written: fixes are edits that the editor makes. The request
    `curate/conversation`, with a document and a position, returns the turns of that line as plain texts.
    """
    with requiring("curate server", "server", "pygls"):
        from lsprotocol import types as lsp
        from pygls.lsp.server import LanguageServer
    from curate import __version__

    # pygls applies partial changes by lines that also end at U+2028 and others, which the protocol does not know: its
    # copy would differ from the editor's, and a fix would write that over the line
    running = LanguageServer(SOURCE, __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
    documents = _Documents(running)

    @running.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        await documents.check(params.text_document.uri)

    @running.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        await documents.check(params.text_document.uri)

    @running.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        await documents.check(params.text_document.uri, changed=True)

    @running.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        documents.close(params.text_document.uri)

    @running.feature(lsp.TEXT_DOCUMENT_CODE_ACTION)
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        if (document := running.workspace.text_documents.get(params.text_document.uri)) is None:
            return []
        own_diagnostics = [
            diagnostic
            for diagnostic in params.context.diagnostics
            if diagnostic.source == SOURCE and (diagnostic.data or {}).get("fixable")
        ]
        fixes = (
            fix_action(document.source, Path(document.path), document.uri, diagnostic) for diagnostic in own_diagnostics
        )
        return [action for action in fixes if action is not None]

    @running.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        if (document := running.workspace.text_documents.get(params.text_document.uri)) is None:
            return None
        word = document.word_at_position(params.position) if len(document.source) <= MAX_LIVE_CHARS else ""
        shown = documents.shown.get(params.text_document.uri, [])
        codes = [diagnostic.code for diagnostic in shown if diagnostic.range.start.line == params.position.line] + [
            word
        ]
        texts = [rule_markdown(RULES[str(code)]) for code in dict.fromkeys(codes) if code in RULES]
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, "\n\n".join(texts))) if texts else None

    @running.feature("curate/conversation")
    def conversation(params: Any) -> "LinePreview | None":
        if (document := running.workspace.text_documents.get(params.textDocument.uri)) is None:
            return None
        from curate.review.preview import line_preview

        text = _line(document.source, params.position.line)
        return None if text is None else line_preview(text)

    with os.fdopen(os.dup(0), "rb") as requests, os.fdopen(os.dup(1), "wb") as answers:  # the server closes its streams
        running.start_io(requests, answers)
    documents.end()


def diagnostics(text: str, path: Path, stale: Callable[[], bool]) -> "list[lsp.Diagnostic]":
    """The diagnostics of a file: findings of its lines, or mistakes of a configuration; empty for other files. Raises
    `_StaleError` once `stale` returns true.
    """

    def advance(_: int) -> None:
        if stale():
            raise _StaleError

    advance(0)
    if path.name == CONFIG_NAME:
        return [_diagnostic(*_place_in_toml(text, mistake), mistake) for mistake in _config_mistakes(text, path)]
    if path.suffix.lower() not in SUFFIXES:
        return []
    if len(text) > MAX_CHARS:
        return [_diagnostic(0, 0, 0, "larger than 50 MB: not checked here; run `curate check`", Severity.INFO)]
    name = display_name(from_here(path))
    try:
        with temporary_folder() as folder:
            work = Session(ignored="the file is checked as it is").open([path], check={}, conflicts={})
            report = check(replace(work, files=[_written_copy(text, folder)]), advance, name_of=lambda _: name)
    except CurateError as error:
        return [_diagnostic(0, 0, 0, f"not checked: {error.message}")]
    findings = [finding for finding in report.findings if finding.file == name]  # not those about suppressions
    lines = text.split("\n")
    more = f"{plural(len(findings) - MAX_FINDINGS, 'more finding')}: run `curate check`"
    return [_finding_diagnostic(finding, lines) for finding in findings[:MAX_FINDINGS]] + [
        _diagnostic(0, 0, 0, more, Severity.INFO) for _ in findings[MAX_FINDINGS : MAX_FINDINGS + 1]
    ]


def _written_copy(text: str, folder: Path) -> Path:
    path = folder / "editor.jsonl"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def _finding_diagnostic(finding: Finding, lines: list[str]) -> "lsp.Diagnostic":
    """A finding at the value that its pointer names, else at the whole line."""
    number = max(finding.line - 1, 0)
    line = lines[number].rstrip("\r") if number < len(lines) else ""
    span = Spans(line).find(finding.pointer) if finding.pointer else None
    start, end = span or (0, len(line))
    diagnostic = _diagnostic(
        number, _utf16_length(line[:start]), _utf16_length(line[:end]), finding.message, finding.severity, finding.code
    )
    diagnostic.data = {"fixable": finding.fixable}
    return diagnostic


def _diagnostic(
    line: int, start: int, end: int, message: str, severity: Severity = Severity.ERROR, code: str | None = None
) -> "lsp.Diagnostic":
    """A diagnostic in a line from character `start` to `end`, all from 0 and in UTF-16 units."""
    from lsprotocol import types as lsp

    page = rule_page(code) if code else ""
    return lsp.Diagnostic(
        lsp.Range(lsp.Position(line, start), lsp.Position(line, end)),
        visible(message),
        {Severity.ERROR: lsp.DiagnosticSeverity.Error, Severity.WARNING: lsp.DiagnosticSeverity.Warning}.get(
            severity, lsp.DiagnosticSeverity.Information
        ),
        code,
        lsp.CodeDescription(page) if page else None,
        SOURCE,
    )


def _utf16_length(text: str) -> int:
    """The length in the protocol's units, those of UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fix_action(text: str, path: Path, uri: str, diagnostic: "lsp.Diagnostic") -> "lsp.CodeAction | None":
    """The safe fix of a finding as an edit of its line; None without one."""
    from lsprotocol import types as lsp

    number, code = diagnostic.range.start.line, str(diagnostic.code)
    before = _line(text, number)
    if before is None or LONE_CR.search(text):
        return None
    only = {"select": (code,), "extend_select": (), "ignore": (), "per_file_ignores": {}}
    with temporary_folder() as folder:
        copy = _written_copy(before + "\n", folder)
        try:
            fix_paths([copy], Session().open([path], check={}).config.check.model_copy(update=only))
        except CurateError:
            return None
        after = copy.read_bytes().decode("utf-8", "surrogatepass").removesuffix("\n")
    if after == before:
        return None
    where = lsp.Range(lsp.Position(number, 0), lsp.Position(number, _utf16_length(before)))
    edit = lsp.WorkspaceEdit({uri: [lsp.TextEdit(where, after)]})
    return lsp.CodeAction(f"Fix {code}", lsp.CodeActionKind.QuickFix, [diagnostic], edit=edit)


def _line(text: str, number: int) -> str | None:
    """A line of a text by its number from 0; None if the text has fewer lines."""
    start = 0
    for _ in range(number):
        if not (start := text.find("\n", start) + 1):
            return None
    end = text.find("\n", start)
    return text[start : end if end >= 0 else len(text)].removesuffix("\r")


def _config_mistakes(text: str, path: Path) -> list[str]:
    """The mistakes of a configuration, a message each; empty if it is valid."""
    try:
        validated(Config, parsed_toml(text), path.name)
    except ConfigError as error:
        return [line.removeprefix(f"{path.name}: ") for line in error.message.split("\n")]
    except ValueError as error:
        return [str(error)]
    return []


def _place_in_toml(text: str, mistake: str) -> tuple[int, int, int]:
    """Line, start and end of the place that a message is about: the position that it names, else its key, else the
    first line.
    """
    lines = text.split("\n")
    if place := re.search(r"at line (\d+), column (\d+)", mistake):
        number = min(int(place[1]), len(lines)) - 1
        return number, 0, _utf16_length(lines[number])
    key = re.search(r"[\w-]+(?=['\]:])|[\w-]+$", mistake.partition(";")[0])
    for number, line in enumerate(lines):
        if key and (match := re.match(rf"\s*\[*([\w.-]*\.)?{re.escape(key[0])}\b", line)):
            return number, 0, _utf16_length(match[0])
    return 0, 0, _utf16_length(lines[0])
