"""Declare a rule: a decorated function whose docstring is its documentation, validated on import; and its repair.

    @rule("M016", "consecutive-roles", Severity.WARNING, hint="Merge the two turns.")
    def consecutive_roles(example: Example) -> Iterator[Problem]:
        \"\"\"Two turns in a row have the same role.

        Why it matters, in a short paragraph.
        Bad: {"messages": [...]}
        Good: {"messages": [...]}
        \"\"\"

The tests run both examples: Bad must fire, Good must not. An example of several lines is indented below its label; in
it, `\\xff` is that byte. `value_rule`, `dataset_rule` and so on declare rules with another input (see `Scope`). A rule,
repair or finalizer with a keyword-only parameter `target` is passed the target of the data. A text rule declares with
`prefilter` which texts it may fire on (see `curate.lint.rules.prefilter`) and sees no others.
"""

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial, wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from curate.core.example import Place
from curate.core.finding import Finding, Severity
from curate.core.targets import Target
from curate.lint.rules.prefilter import Prefilter
from curate.read.dataset import ParsedLine
from curate.read.edited_json import edited_json, same_json
from curate.read.formats import with_roles

Options = ParamSpec("Options")
Object = dict[str, Any]


class RepairInput(StrEnum):
    """Input and output of a repair function, which never mutates its input and may return an equal value."""

    OBJECT = "object"
    """A line's JSON object in messages format; returns a new one. Of lines in other formats it changes roles alone."""
    LINE = "line"
    """A line's bytes without their ending; returns bytes, several lines if they have line breaks; None removes it."""
    RAW = "raw"
    """A line's bytes with their ending, for each line of a file with a finding; returns bytes."""
    FIRST = "first"
    """The same including a byte order mark, for the first line of a file only."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A rule's own edit: it removes the finding completely or does nothing, and is idempotent."""

    function: Callable[[Any], Any]
    safe: bool
    """True if the meaning is unchanged, no text changes but for white space at its end, and no line is removed; other
    repairs need `--unsafe-fixes`.
    """
    summary: str
    """What the repair does, in one sentence: its docstring."""
    takes: RepairInput = RepairInput.OBJECT

    def apply(self, parsed: ParsedLine) -> bytes | None:
        """The repaired bytes of a line with a finding; unchanged without effect, None if the line is removed.

        Bytes that the value does not represent are never lost: a line with a repeated key is neither rewritten nor
        removed. Safe repairs remove no line.
        """
        data = parsed.line.data
        repeats = any(defect.kind == "repeated-key" for defect in parsed.defects)
        if self.takes is RepairInput.LINE:
            repaired: bytes | None = self.function(data)
            return data if repaired is None and (repeats or self.safe) else repaired
        example = parsed.example
        if self.takes is not RepairInput.OBJECT or repeats or example is None:
            return data
        if example.format != "messages" and example.source is not parsed.decoded.value:
            return data
        value = self.function(example.value)
        if value == example.value and same_json(value, example.value):  # 1, 1.0 and true are equal
            return data
        written = value if example.format == "messages" else with_roles(example, value)
        before = example.value if example.format == "messages" else parsed.decoded.value
        return data if written is None else edited_json(data, before, written)

    def applies(self, parsed: ParsedLine) -> bool:
        """Whether it changes a line with a finding."""
        return self.apply(parsed) != parsed.line.data


def messages_in(value: Object) -> list[Object] | None:
    """The messages of a line's object; None if they are no list of objects, so that nothing is repaired."""
    messages = value.get("messages")
    return messages if isinstance(messages, list) and all(isinstance(message, dict) for message in messages) else None


def on_messages(
    edit: Callable[Concatenate[list[Object], Options], list[Object] | None],
) -> Callable[Concatenate[Object, Options], Object]:
    """A repair of the line's object from a repair of one message; None leaves the line unchanged."""

    @wraps(edit)
    def repaired(value: Object, /, *args: Options.args, **options: Options.kwargs) -> Object:
        messages = messages_in(value)
        edited = None if messages is None else edit(messages, *args, **options)
        return value if edited is None else {**value, "messages": edited}

    return repaired


RepairFunction = TypeVar("RepairFunction", bound=Callable[..., Any])
CODE: Final = re.compile(r"[A-Z]\d{3}")
NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
NO_DOCUMENTATION: Final = "No documentation: PYTHONOPTIMIZE=2 or -OO removes it."
LINE_BREAK: Final = re.compile(r"(?<!\n)\n(?!\n)")
"""A line break inside a paragraph."""
BYTE_ESCAPE: Final = re.compile(rb"\\x([0-9a-f]{2})")


class Scope(StrEnum):
    """What a rule sees, and so the argument of its function."""

    LINE = "line"
    """A `ParsedLine` that has defects or no object; yields problems."""
    EXAMPLE = "example"
    """An `Example`, of which only the structure is read (see `curate.lint.checker`); yields problems.
    """
    VALUE = "value"
    """A complete `Example`; yields problems. Plain examples (only messages with role and text) are skipped."""
    FORM = "form"
    """A `ParsedLine` with an example that is not plain, for what only the line as it is written shows; yields problems
    with pointers into it.
    """
    TOKENS = "tokens"
    """An `EncodedExample`: an example encoded for the given model; yields problems. Skipped without a model."""
    TEXT = "text"
    """Nothing; returns a polars expression over the message frame: the problem's message, or null."""
    DATASET = "dataset"
    """An `Example` and the `DatasetState` of its file before it; yields problems, or records values for its finalizer.
    Plain examples are skipped; `DatasetState.summary` has their counts.
    """
    PROFILE = "profile"
    """The complete `DatasetSummary` of a file; yields problems, each with a place or an example's index in the file."""
    COLUMNS = "columns"
    """The `ExampleColumns` of all files, to compare examples; yields problems, each with an example's index."""
    EXAMPLES = "examples"
    """All examples of the data set, in order, in memory; yields examples with problems. Never a default rule."""
    ANSWERS = "answers"
    """Groups of examples with equal requests and different answers (see `DatasetSummary.repeated_requests`), in order;
    yields examples with problems.
    """
    CONFLICTS = "conflicts"
    """The `ConflictsResult` of the data set; yields examples with problems. Never a default rule."""
    FILE = "file"
    """The `FileFacts` of a completely read file; yields problems."""


@dataclass(eq=False, slots=True)
class Rule:
    """A rule with all of its documentation."""

    code: str
    name: str
    """The name of the defect, readable as "allow NAME"."""
    severity: Severity
    scope: str
    """A `Scope`; if `by` is set, the input of that command."""
    hint: str
    """The next step for the user."""
    summary: str
    rationale: str
    bad: bytes
    """The content of a file on which the rule fires."""
    good: bytes
    """The same, repaired: the rule does not fire."""
    function: Callable[..., Any]
    targets: Mapping[Target, Severity] = field(default_factory=dict)
    """Severities for targets that differ from the default."""
    only: tuple[Target, ...] = ()
    """Targets that the rule applies to; empty: all."""
    default: bool = True
    """False for a rule that only runs when selected."""
    prefilters: tuple[Prefilter, ...] = ()
    """For a text rule: one of them selects every message on which the rule can fire; none: all messages."""
    any_key: bool = False
    """For a rule of scope `VALUE` or `DATASET`: it reads keys of the line whatever their names are, or counts all
    examples. Other rules skip examples with only unknown keys beside plain messages.
    """
    repair: Repair | None = None
    by: str = ""
    """The command that reports it, if `curate check` does not, by `finding` or in another way; the rule documents it."""
    finalizer: Callable[..., Any] | None = None
    """For rules over the examples of a file or over tokens: called with the `DatasetState` at the end of each file; yields
    (place, problem).
    """

    @property
    def samples(self) -> list[tuple[str, str]]:
        """`Bad` and `Good`, each with its example, of those that it has; other bytes than UTF-8 are written `\\xNN`."""
        labelled = (("Bad", self.bad), ("Good", self.good))
        return [(label, data.decode("utf-8", "backslashreplace")) for label, data in labelled if data]

    def severity_for(self, target: Target) -> Severity | None:
        """The severity for a target; None if the rule does not apply to it."""
        return None if self.only and target not in self.only else self.targets.get(target, self.severity)

    def finding(
        self,
        place: Place,
        message: str,
        *,
        pointer: str = "",
        example: str | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of this rule, for commands that find it outside of a check."""
        severity, text = severity or self.severity, place.message(message)
        return Finding(self.code, severity, place.file, place.line, pointer, text, self.hint, False, example)

    def for_target(self, target: Target) -> "Rule":
        """The rule for a target: functions with a parameter `target` get it; the rule itself if none has one."""
        if not any(map(_takes_target, (self.function, self.finalizer, self.repair.function if self.repair else None))):
            return self
        repair = self.repair and replace(self.repair, function=_with_target(self.repair.function, target))
        finalizer = self.finalizer and _with_target(self.finalizer, target)
        return replace(self, function=_with_target(self.function, target), repair=repair, finalizer=finalizer)

    def repaired_by(
        self, *, safe: bool, takes: RepairInput = RepairInput.OBJECT
    ) -> Callable[[RepairFunction], RepairFunction]:
        """Declare the rule's repair, `@consecutive_roles.repaired_by(safe=False)`; the docstring is its description."""

        def declare(function: RepairFunction) -> RepairFunction:
            self.repair = Repair(function, safe, LINE_BREAK.sub(" ", inspect.getdoc(function) or ""), takes)
            return function

        return declare

    def finalize(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declare the function that reports findings after a file was read."""
        self.finalizer = function
        return function


def _with_target(function: Callable[..., Any], target: Target) -> Callable[..., Any]:
    return partial(function, target=target) if _takes_target(function) else function


def _takes_target(function: Callable[..., Any] | None) -> bool:
    return "target" in getattr(function, "__annotations__", ())


def rule(
    code: str,
    name: str,
    severity: Severity,
    *,
    hint: str,
    scope: str = Scope.EXAMPLE,
    by: str = "",
    targets: Mapping[Target, Severity] | None = None,
    only: tuple[Target, ...] = (),
    default: bool = True,
    prefilter: Prefilter | tuple[Prefilter, ...] = (),
    any_key: bool = False,
) -> Callable[[Callable[..., Any]], Rule]:
    """Declare a rule. Raises `ValueError` at import when its code, name or docstring is not well-formed."""
    if not CODE.fullmatch(code) or not NAME.fullmatch(name):
        raise ValueError(f"{code} {name}: a code is a letter and three digits, a name is lower-case-with-dashes")

    def declare(function: Callable[..., Any]) -> Rule:
        written = inspect.getdoc(function) or ""
        documented = (NO_DOCUMENTATION, "", b"", b"") if sys.flags.optimize > 1 else _documentation(code, written)
        applies = (targets or {}, only, default, (prefilter,) if isinstance(prefilter, Prefilter) else prefilter)
        return Rule(code, name, severity, scope, hint, *documented, function, *applies, any_key, by=by)

    return declare


line_rule: Final = partial(rule, scope=Scope.LINE)
value_rule: Final = partial(rule, scope=Scope.VALUE)
form_rule: Final = partial(rule, scope=Scope.FORM)
token_rule: Final = partial(rule, scope=Scope.TOKENS)
text_rule: Final = partial(rule, scope=Scope.TEXT)
examples_rule: Final = partial(rule, scope=Scope.EXAMPLES, default=False)
dataset_rule: Final = partial(rule, scope=Scope.DATASET)
profile_rule: Final = partial(rule, scope=Scope.PROFILE)
columns_rule: Final = partial(rule, scope=Scope.COLUMNS)
answers_rule: Final = partial(rule, scope=Scope.ANSWERS)
file_rule: Final = partial(rule, scope=Scope.FILE)


def _documentation(code: str, doc: str) -> tuple[str, str, bytes, bytes]:
    """Summary, reason, bad and good example of a rule's docstring. Raises `ValueError` if one is missing."""
    before, _, blocks = doc.partition("\nBad:")
    bad, _, good = blocks.partition("\nGood:")
    summary, _, why = before.strip().partition("\n\n")
    if not (summary.endswith(".") and why.strip() and bad.strip() and good.strip()):
        raise ValueError(
            f"{code}: the docstring needs a summary that ends in a full stop, a reason, and the blocks Bad: and Good:"
        )
    return (
        LINE_BREAK.sub(" ", inspect.cleandoc(summary)),
        LINE_BREAK.sub(" ", inspect.cleandoc(why)),
        _dedented_block(bad),
        _dedented_block(good),
    )


def _dedented_block(text: str) -> bytes:
    """The bytes of an indented block, dedented; `\\xNN` is a byte, a final `\\` removes the last line break."""
    content = inspect.cleandoc(text).encode() + b"\n"
    content = content.removesuffix(b"\\\n")
    return BYTE_ESCAPE.sub(lambda match: bytes.fromhex(match.group(1).decode()), content)
