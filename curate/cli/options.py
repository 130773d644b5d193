"""Shared by the commands: help texts, common options, options that are keys of the configuration (see
`curate.core.verb_options`), and progress on a terminal.
"""

import inspect
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from math import isfinite, nan
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, NoReturn, get_args, get_origin

import typer
from typer.main import get_current_context  # type: ignore[attr-defined]  # typer exports no other way to it

from curate.cli.invocation import invocation
from curate.commands.session import Session
from curate.core.errors import ExitCode, UsageError
from curate.core.events import Advance, Listener, ignore_events
from curate.core.text import plural, visible
from curate.core.verb_options import VerbOption, declared, given_of, in_place_of, options_of
from curate.network.egress import Consent
from curate.parallel.cluster import Engine, Executor
from curate.parallel.worker_pool import cores
from curate.render.console import StageProgress, console, progress_bar
from curate.storage.data_files import data_files
from curate.storage.files import STDIN, display_name
from curate.storage.shards import MAX_SHARDS, shown_output

if TYPE_CHECKING:
    from curate.conflicts.judges.verdict_cache import Work

PATHS_HELP: Final = (
    "Files, folders, quoted patterns such as 'data/**/*.jsonl', URLs, or - for standard input. Reads JSON Lines and "
    "JSON, plain, .gz or .zst, and Parquet, Arrow, CSV and TSV."
)
AGREE_HELP: Final = "Use settings of the configuration that reach outside of its folder or weaken a guard"
UNCOMPARED_NOTE: Final = "not compared"
KEPT_NOTE: Final = "kept, not compared"
REMOVED_NOTE: Final = "written to removed.jsonl"
"""What happens to a line without an example."""
Paths = Annotated[list[str], typer.Argument(help=PATHS_HELP, metavar="PATH")]
WHERE_HELP: Final = "Use only examples that this expression selects, such as 'turns >= 4 and not role = tool'."
Where = Annotated[str, typer.Option(help=WHERE_HELP, metavar="EXPR", show_default=False)]


def output_option(text: str, metavar: str | None = None) -> Any:
    """-o or --output, with its help. Standard output has messages, and is refused as its value."""
    return typer.Option("-o", "--output", help=text, metavar=metavar, callback=_require_path)


def _require_path(path: Path | None) -> Path | None:
    """Raise `UsageError` for `-`."""
    if path == STDIN:
        raise UsageError("-o -: not written to standard output", "name a file or a folder")
    return path


Kept = Annotated[
    Path | None,
    output_option(
        "Write kept lines to this file (kept.jsonl), removed ones beside it (kept.removed.jsonl); if omitted, nothing "
        "is written."
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace OUTPUT and the file beside it if they exist.")]
Shards = Annotated[
    int,
    typer.Option(
        min=1,
        max=MAX_SHARDS,
        metavar="NUMBER",
        help="Write OUTPUT as this many files, for example kept-00000-of-00064.jsonl.",
    ),
]
ChatTemplate = Annotated[
    str | None,
    typer.Option(help=declared("check", "chat_template").help, metavar=declared("check", "chat_template").metavar),
]
JudgeKey = Annotated[
    str | None,
    typer.Option(help="Read the API key of the judge's endpoint from this environment variable.", metavar="VARIABLE"),
]
Heavy = Annotated[
    bool,
    typer.Option(
        "--yes", "-y", help=f"Write even if a large share of a file would be removed (rule D008). {AGREE_HELP}."
    ),
]
Html = Annotated[Path | None, typer.Option(help="Also write an HTML report to this file.", metavar="FILE")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
RunOn = Annotated[
    Engine,
    typer.Option(
        help="Run on this machine (local) or on a Ray cluster (ray); the result is the same.", metavar="local|ray"
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        help="Connect to the Ray cluster at this address; if omitted, to the one that RAY_ADDRESS names; else "
        "start one on this machine.",
        metavar="HOST:PORT",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        help="Use at most this much memory, such as 4GB; what does not fit is kept in files in TMPDIR. A limit below "
        "what is needed is refused.",
        metavar="SIZE",
    ),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Disable the cache in .curate/cache.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Hide the progress bar.")]
AgreeToSend = Annotated[bool, typer.Option("--yes", "-y", help="Send data without asking for confirmation.")]
Agree = Annotated[bool, typer.Option("--yes", "-y", help=f"{AGREE_HELP}.")]
NoDecisions = Annotated[
    bool, typer.Option("--no-decisions", help="Ignore the decisions of the review: edits, drops and what is kept.")
]
BYTE_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(gi?b?|mi?b?)?", re.IGNORECASE)
MAX_PROCESSES: Final = 8
"""The default limit of processes: each takes about 200 MB."""


def codes(values: Sequence[str] | None) -> list[str] | None:
    """The codes of a repeatable option, each value with several codes and commas; None if it was not given."""
    return None if values is None else [code.strip() for text in values for code in text.split(",") if code.strip()]


def memory_of(text: str, option: str = "--memory") -> int:
    """Bytes of a size like `6GB`, `6` or `5500MB`; 6 GB are 6 x 2^30. Raises `UsageError`."""
    match = BYTE_SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{option} {text}: not a size", f"write a number with MB or GB, such as {option} 6GB")
    unit = (match.group(2) or "g").lower()
    return round(float(match.group(1)) * (2**30 if unit.startswith("g") else 2**20))


def named_numbers(option: str, texts: Sequence[str] | None, example: str) -> dict[str, float]:
    """NAME=NUMBER of a repeatable option. Raises `UsageError`, also for a name that is given twice."""
    numbers: dict[str, float] = {}
    for text in texts or ():
        name, _, value = (part.strip() for part in text.rpartition("="))
        try:
            number = float(value)
        except ValueError:
            number = nan
        if not name or not isfinite(number):
            raise UsageError(f"{option} {visible(text)}: not NAME=NUMBER", f"write it like {option} {example}")
        if name in numbers:
            raise UsageError(f"{option}: {visible(name)} is given twice", "leave one of them out")
        numbers[name] = number
    return numbers


def executor_of(engine: Engine, address: str | None) -> Executor:
    """The executor of the work. Raises `UsageError` for an address without `--engine ray`."""
    if address is not None and engine is Engine.LOCAL:
        raise UsageError("--address has no effect without --engine ray", "add --engine ray, or leave --address out")
    return Executor(engine, address)


def check_combination(
    context: typer.Context | None = None,
    *,
    needs: Mapping[str, str | Sequence[str]] = MappingProxyType({}),
    alone: Mapping[str, Collection[str]] = MappingProxyType({}),
    apart: Iterable[Sequence[str]] = (),
) -> None:
    """Check which options of a command are given together, by default of the running one. All names are those of
    parameters. Raises `UsageError`.

    `needs`: options that have no effect without another one, or one of several; `alone`: flags that make the command
    do something else, each with the options that can be combined with it; `apart`: an option, and others that cannot
    be combined with it.
    """
    call: Any = context or get_current_context()
    flags = {item.name: max(item.opts, key=len) for item in call.command.params if item.param_type_name == "option"}
    sources = {name: call.get_parameter_source(name) for name in flags if name}
    given_names = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    for flag in (name for name in alone if name in given_names):
        if others := [flags[name] for name in given_names if name not in (flag, *alone[flag], "common_color")]:
            raise UsageError(f"{flags[flag]} cannot be combined with {', '.join(others)}", "leave one of them out")
    for option, *others in apart:
        if option in given_names and (both := next((name for name in others if name in given_names), None)):
            raise UsageError(f"{flags[option]} cannot be combined with {flags[both]}", "leave one of them out")
    for option, needed in needs.items():
        accepted = [needed] if isinstance(needed, str) else list(needed)
        if option in given_names and not set(accepted) & set(given_names):
            text = " or ".join(filter(None, (", ".join(flags[name] for name in accepted[:-1]), flags[accepted[-1]])))
            raise UsageError(
                f"{flags[option]} has no effect without {text}", f"add {text}, or leave {flags[option]} out"
            )


@contextmanager
def progress(
    label: str, unit: str, *, quiet: bool = False, total: int | None = None, waits: bool = False
) -> Iterator[Advance | None]:
    """Show progress on stderr during the block, on a terminal only.

    Yields a function that adds a number of `unit` to the progress; None if nothing is shown. `total`: the number at the
    end, if known. With `waits`, the bar appears at the first call: it has a thread, and only a process without threads
    can be forked (see `curate.parallel.worker_pool`).
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    parts = ["{task.description}", *([None] if total else []), "{task.fields[counted]}"]
    bar = progress_bar(console(stderr=True), *parts)
    task = bar.add_task(visible(label), total=total, counted="")  # no count while models are loaded
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        bar.start()
        bar.update(task, completed=done, counted=f"{done:,} {unit}")

    if not waits:
        bar.start()
    try:
        yield advance
    finally:
        bar.stop()


def stages(*, quiet: bool) -> StageProgress:
    """Progress of a command with stages, on a terminal only."""
    return StageProgress(quiet=quiet or not sys.stderr.isatty())


def named_files(paths: Iterable[str | Path], engine: Engine = Engine.LOCAL) -> list[Path]:
    """The data files that `paths` name, as `data_files` returns them, with a note on stderr about each skipped file.
    Tasks of a cluster read objects by ranges.
    """
    return data_files(paths, _print_note, invocation().left_out, by_range=engine is Engine.RAY)


def print_notes(notes: Iterable[str]) -> None:
    """Print notes to stderr."""
    for note in notes:
        _print_note(note)


def _print_note(note: str) -> None:
    sys.stderr.write(f"note: {visible(note)}\n")


def session(
    *,
    yes: bool = False,
    as_json: bool = False,
    no_decisions: bool = False,
    where: str = "",
    reads_files: str = "",
    engine: Engine = Engine.LOCAL,
    address: str | None = None,
    memory: str | None = None,
    workers: int | None = None,
    cached: bool = True,
    listen: Listener = ignore_events,
) -> Session:
    """The session of a command with these options. `where`: the expression of --where; `reads_files`: the name of a
    command that ignores decisions; `cached`: whether the cache is used. Raises `UsageError`.
    """
    if where:
        from curate.core.expression import condition_tree  # not imported by a command on all lines

        condition_tree(where)  # a mistake is reported before anything is read
    current = invocation()
    return Session(
        consent=consent(yes=yes, as_json=as_json),
        ignored=f"{reads_files} reads the files as they are" if reads_files else "--no-decisions" * no_decisions,
        where=where,
        executor=executor_of(engine, address),
        workers=workers or processes(),
        memory=None if memory is None else memory_of(memory),
        cached=cached,
        configuration=current.config,
        left_out=current.left_out,
        listen=listen,
        note=_print_note,
        tell_skipped=_print_note,
    )


class CommonOptions:
    """The common options. A command declares the options that it takes as a dataclass with this base (see
    `curate.cli.options`); those that it does not take have the values here.
    """

    reads_files: ClassVar[str] = ""
    """The command, if it reads files as they are, without decisions."""
    yes: bool = False
    as_json: bool = False
    no_decisions: bool = False
    where: str = ""
    engine: Engine = Engine.LOCAL
    address: str | None = None
    memory: str | None = None
    workers: int | None = None
    no_cache: bool = False
    quiet: bool = False

    def session(self, *, listen: Listener = ignore_events) -> Session:
        """The session of the command with these options. Raises `UsageError`."""
        return session(
            yes=self.yes,
            as_json=self.as_json,
            no_decisions=self.no_decisions,
            where=self.where,
            reads_files=self.reads_files,
            engine=self.engine,
            address=self.address,
            memory=self.memory,
            workers=self.workers,
            cached=not self.no_cache,
            listen=listen,
        )

    def stages(self) -> StageProgress:
        """Progress of a command with stages, on a terminal only."""
        return stages(quiet=self.quiet)


def print_output_place(output: Path | None, removed: Path | None, removed_count: int, *, written: bool) -> None:
    """Print to stderr where the kept and the removed lines are; without an output, the option that writes them."""
    text = ""
    if output is None and removed_count:
        text = "-o FILE writes the kept lines to FILE, and the removed ones to a file beside it"
    elif output and removed and written:
        names = [visible(display_name(path)) for path in (shown_output(output), removed)]
        text = f"kept lines are in {names[0]}" + (f", removed lines are in {names[1]}" if removed_count else "")
    if text:
        console(stderr=True).print(text, markup=False)


def write_html(document: Iterable[str], output: Path | None, about: Iterable[Path]) -> None:
    """Write a document about data files if a file is named for it."""
    if output is None:
        return
    from curate.render.check_formats import write_report  # loads all rules

    write_report(document, output, about)


def end(not_understood: int, what: str, *, found: bool = False, always: bool = False) -> NoReturn:
    """End the command with status 1 if `found`, or if `not_understood` lines hold no example, which is reported; else,
    and with `always`, with 0. `what`: what was done with these lines.
    """
    if not_understood:
        lines = plural(not_understood, "line")
        console(stderr=True).print(
            f"{lines} without an example in a known form: {what}; `curate check` reports the reasons", markup=False
        )
    raise typer.Exit(ExitCode.FINDINGS if (found or not_understood) and not always else ExitCode.CLEAN)


def print_work(work: "Work", noun: str, suffix: str = "", *, quiet: bool, verb: str = "judging") -> None:
    """Print to stderr what a model is about to be asked: number, tokens and price. `noun`: what is judged; `suffix`
    follows it.
    """
    if quiet and not work.leaves:
        return
    price = f", about ${work.price:,.2f}" if work.price is not None else ""
    known_note = f" ({work.known:,} are known)" if work.known else ""
    count_text = plural(work.pairs - work.known, noun) + suffix
    tokens = f"about {work.tokens_in:,} tokens in and {work.tokens_out:,} out"
    console(stderr=True).print(
        f"{verb} {count_text}{known_note} by {visible(work.name)}: {tokens}{price}", markup=False
    )


def consent(*, yes: bool, as_json: bool = False) -> Consent:
    """The consent of the user to send data: `yes` if an option gives it, else asked for at the terminal; never asked
    for if the output is for a program.
    """
    is_terminal = not as_json and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    return Consent(
        yes,
        (lambda question: typer.confirm(visible(question), err=True)) if is_terminal else None,
        _print_to_stderr,
    )


def require_push_consent(what: str, repository: str, *, yes: bool, as_json: bool) -> None:
    """Ask whether files may be uploaded to the hub, before the work that makes them. Raises `UsageError` without
    consent, and as `require_hub` does.
    """
    from curate.network.egress import hub_address, require_hub  # not needed without an upload

    require_hub()
    consent(yes=yes, as_json=as_json).require(f"{what}, to {repository},", hub_address())


def agreement(*, yes: bool) -> Consent:
    """The consent of the user to settings of a configuration: given by an option only, never asked for."""
    return Consent(yes, tell=_print_to_stderr)


def _print_to_stderr(text: str) -> None:
    sys.stderr.write(f"{visible(text)}\n")


def processes() -> int:
    """Number of processes for a large file: one per available core, at most 8."""
    return min(cores(), MAX_PROCESSES)


Parameter = inspect.Parameter


def takes_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Replace the dataclass parameters of a command by their fields, and its parameter `given` by the configuration
    options of the command.
    """
    signature = inspect.signature(function)
    declared: list[Parameter] = []
    for parameter in signature.parameters.values():
        declared += (
            map(_field_parameter, fields(parameter.annotation)) if _is_dataclass_parameter(parameter) else [parameter]
        )
    takes_keys = any(parameter.name == "given" for parameter in declared)
    command_options = options_of(function.__name__) if takes_keys else ()

    @wraps(function)
    def command(**values: Any) -> Any:
        if takes_keys:
            option_values = {option.key: _value(option, values.pop(option.key, None)) for option in command_options}
            values["given"] = given_of(function.__name__, option_values)
        for name, parameter in signature.parameters.items():
            if _is_dataclass_parameter(parameter):
                field_values = {field.name: values.pop(field.name) for field in fields(parameter.annotation)}
                values[name] = parameter.annotation(**field_values)
        return function(**values)

    parameters = in_place_of("given", map(_option_parameter, command_options), declared)
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return command


def _is_dataclass_parameter(parameter: Parameter) -> bool:
    return is_dataclass(parameter.annotation)


def _field_parameter(field: "Field[Any]") -> Parameter:
    default = Parameter.empty if field.default is MISSING else field.default
    return Parameter(field.name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=field.type)


def _option_parameter(option: VerbOption) -> Parameter:
    """An option of the configuration as a keyword parameter that typer reads."""
    names = [name for name in (option.flag, option.declared.alias) if name]
    info = typer.Option(*names, help=help_of(option), metavar=option.declared.metavar)
    kind = type_on_command_line(option) | None
    return Parameter(option.key, Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Annotated[kind, info])


def help_of(option: VerbOption) -> str:
    """The help of an option, with its default."""
    default = option.default_text
    return f"{option.declared.help}  [default: {default}]" if default else option.declared.help


def type_on_command_line(option: VerbOption) -> Any:
    """The type that typer reads for an option: several numbers are one text with commas, named numbers a repeatable
    text.
    """
    if option.numbers:
        return str
    return list[str] if get_origin(option.type) else option.type


def _value(option: VerbOption, value: Any) -> Any:
    """A value of the command line, converted to the type of the configuration; None if it is not given. Raises
    `UsageError`.
    """
    if value is None:
        return None
    if option.numbers:
        return _numbers(option, value)
    if get_origin(option.type) is Mapping:
        return named_numbers(option.flag, value, option.declared.example)
    if option.declared.separated:
        return codes(value)
    return not value if option.default is True else value


def _numbers(option: VerbOption, text: str) -> Sequence[float]:
    """The numbers of an option, from a text with commas. Raises `UsageError` unless there are as many as the option
    takes.
    """
    [kind] = get_args(option.type)
    try:
        numbers = [kind(number) for number in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != option.numbers:
        raise UsageError(
            f"{option.flag} {text!r}: not {option.numbers} numbers", f"write them like {option.declared.metavar}"
        )
    return numbers
