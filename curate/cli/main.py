"""The entry point: find the command, and convert its result or error to a documented exit code."""

import errno
import gc
import os
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from curate import __version__
from curate.cli import streams
from curate.cli.bytecode import cut_bytecode
from curate.core.errors import CurateError, ExitCode, ends_program
from curate.core.text import visible

RUNNER_COMMANDS: Final = ("::", "##[")
"""Prefixes of log lines that a GitHub runner executes."""
PATH_ERRORS: Final = ("Symlink loop", "home directory")
"""In messages of errors of `pathlib` and `platformdirs` that are no `OSError`."""
SERVERS: Final = ("mcp", "server")
"""Commands that write nothing, and read their input in threads that no exception ends."""
OWN_PACKAGES: Final = ("curate", "train", "tui")
GC_THRESHOLD: Final = 100_000
"""Objects created before the first garbage collection.

The engine has hardly any cycles, and Python's default of 700 took a twentieth of the time of a short check: imports
create many objects (polars alone 54,000) and hardly any garbage. Commands of other packages keep the default, since
their cycles may hold large data.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0 clean, 1 findings, 2 usage or input, 3 our bug, 130 interrupted, 141
    for a closed pipe.
    """
    if arguments is not None:
        return _guarded(arguments)
    try:
        return _guarded(sys.argv[1:], alone=True)
    finally:  # the process ends: a final garbage collection would take as long as checking a small file
        gc.disable()
        gc.freeze()


def _guarded(words: Sequence[str], *, alone: bool = False) -> int:
    """Run the command and handle every exception; `alone`: the process ends with it."""
    if alone:
        streams.open_closed_streams()
        if not words or words[0] not in SERVERS:
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: temporary files are deleted
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # characters that the terminal cannot encode must not end the command
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    # pydantic would scan all installed packages for plugins at every start
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # pyarrow's own keeps 40 MB that it does not use
    try:
        code = _dispatch(words, alone=alone)
        sys.stdout.flush()  # report failed output here instead of at interpreter exit
    except BaseException as error:  # noqa: BLE001
        return ended(error)
    return code


def _dispatch(words: Sequence[str], *, alone: bool) -> int:
    """Answer completion, `--version`, `--install-cache` and `--help`, or run the command; returns the exit code."""
    if instruction := os.environ.get("_CURATE_COMPLETE"):  # by the shell, while a command is typed
        from curate.cli.completion import complete

        return complete(instruction)
    if tuple(words) in (("--version",), ("-V",)):
        sys.stdout.write(f"curate {__version__}\n")
        return ExitCode.CLEAN
    if tuple(words) == ("--install-cache",):
        from curate.cli.install_cache import install_cache

        if alone:
            gc.set_threshold(GC_THRESHOLD)
        return install_cache(main)
    if not words or words[0] in ("--help", "-h", "help"):
        sys.stdout.write(overview())
        return ExitCode.CLEAN if words else ExitCode.USAGE
    return _run_command(words, alone=alone)


def ended(error: BaseException) -> int:
    """The exit code of a command that ended early, after printing the reason."""
    error = _original_error(error)
    if isinstance(error, CurateError):
        from curate.core.masking import without_keys

        message, hint = (visible(without_keys(text), keep_newlines=error.lined) for text in (error.message, error.hint))
        _print_message(f"error: {message}" + (f"\n  next: {hint}" if hint else ""))
        return _flush(error.exit_code)
    if isinstance(error, KeyboardInterrupt):
        _print_message("interrupted; completed work is kept")
        return _flush(ExitCode.INTERRUPTED)
    if isinstance(error, SystemExit):  # from a library
        return _flush(error.code if isinstance(error.code, int) else ExitCode.USAGE)
    if isinstance(error, BrokenPipeError):  # the reader closed the pipe; nothing can be flushed
        streams.discard_output()
        return ExitCode.PIPE_CLOSED
    # from a stream or a loader of libraries: errors of files are handled where their names are known
    if isinstance(error, OSError) and error.filename is None:
        streams.discard_output()
        _print_message(
            "error: the output cannot be written: it is closed\n  next: redirect it to a file, or to /dev/null"
            if error.errno == errno.EBADF
            else f"error: the output cannot be written: {error.strerror or error}\n  next: free disk space, or "
            "redirect the output elsewhere"
            if error.errno is not None
            else f"error: a library cannot be loaded: {visible(str(error))}\n  next: raise the memory limit, or "
            "install the package again"
        )
        return ExitCode.USAGE
    if isinstance(error, OSError):
        _print_message(
            f"error: {visible(str(error.filename))}: {error.strerror or error}\n  next: check the path, its "
            "permissions and the disk"
        )
        return _flush(ExitCode.USAGE)
    if isinstance(error, ValueError) and "embedded null" in str(error):  # in the form of an OSError with a path
        _print_message("error: a path contains a NUL character\n  next: use another file or folder")
        return _flush(ExitCode.USAGE)
    if isinstance(error, RuntimeError) and any(text in str(error) for text in PATH_ERRORS):
        _print_message(f"error: {visible(str(error))}\n  next: use another file or folder, or set HOME")
        return _flush(ExitCode.USAGE)
    if message := _broken_installation(error):
        _print_message(message)
        return _flush(ExitCode.USAGE)
    if isinstance(error, MemoryError) or _lacks_polars(error):
        _print_message(
            "error: not enough memory\n  next: close other programs, raise a limit (`ulimit -v`), or process a part of "
            "the data"
        )
        return _flush(ExitCode.USAGE)
    if ends_program(error):
        raise error
    _print_message(
        f"error: this is a bug in curate ({type(error).__name__}). Please report it with the file\n  "
        f"{_crash_log(error)}"
    )
    return _flush(ExitCode.BUG)


def _lacks_polars(error: BaseException) -> bool:
    """Whether polars was imported without its library of 170 MB, which a limit on memory kept out."""
    return isinstance(error, NameError) and "polars" in sys.modules and "polars._plr" not in sys.modules


def _broken_installation(error: BaseException) -> str:
    """What an installation lacks that an error stems from, with the next step; "" for another error."""
    if isinstance(error, EOFError):
        return cut_bytecode(error)
    if isinstance(error, ModuleNotFoundError) and (error.name or "curate").partition(".")[0] not in OWN_PACKAGES:
        return (
            f"error: curate requires the package {error.name!r}, which is not installed\n  next: pip install "
            "--force-reinstall curate-chat"
        )
    return ""


def _original_error(error: BaseException) -> BaseException:
    """The exception behind one of a library: an interruption of compiled code, or a closed pipe, for which typer ends
    with status 1.
    """
    if isinstance(error, SystemError) and isinstance(error.__cause__, KeyboardInterrupt):
        return error.__cause__
    if isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError):
        return error.__context__
    return error


def _flush(code: int) -> int:
    """Flush the output as far as possible; returns `code`."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        streams.discard_output()
    return code


def _run_command(words: Sequence[str], *, alone: bool) -> int:
    """Import and run a command; returns its exit code. `alone`: the process ends with it."""
    from curate.cli.verbs import is_of_engine, load_verb

    if alone and is_of_engine(words[0]):
        gc.set_threshold(GC_THRESHOLD)
    import typer  # only imported once a command is needed

    from curate.cli.common_options import as_command
    from curate.cli.invocation import Invocation, left_out_nulls
    from curate.core.validation import in_words
    from curate.storage.scratch import sweep

    streams.escape_logs()
    sweep()
    output, invocation = None, Invocation()
    if any("://" in word for word in words):
        from curate.cli.remote_output import local_words

        words, output, invocation.urls = local_words(words)
    gc.disable()  # imports create many objects and hardly any garbage
    try:
        verb = load_verb(words[0])
        if alone:
            gc.freeze()  # exclude them from later collections
    finally:
        gc.enable()
    command, name = as_command(words[0], verb), f"curate {words[0]}"
    try:
        with left_out_nulls() as nulls:
            code = command.main(list(words[1:]), prog_name=name, standalone_mode=False, obj=invocation)
    except typer.TyperException as error:
        message = re.sub(r"^Invalid value for '(.+?)': ", r"\1: ", in_words(error.format_message()))
        added = _missing_option(error) or _instead(verb, error)
        _print_message(f"error: {visible(message)}\n  next: {added}`curate {words[0]} --help` lists the options")
        return ExitCode.USAGE
    except typer.Abort as error:
        if isinstance(error.__cause__, EOFError):  # typer takes any for the end of the input
            raise error.__cause__ from None
        return ExitCode.INTERRUPTED
    if code == ExitCode.INTERRUPTED:  # typer caught it
        raise KeyboardInterrupt
    if output is not None and (code or ExitCode.CLEAN) in (ExitCode.CLEAN, ExitCode.FINDINGS):
        output.send()
    for note in nulls.values() if not {"-q", "--quiet"} & set(words) else ():
        _print_message(f"note: {note}")
    return code if isinstance(code, int) else ExitCode.CLEAN


def overview() -> str:
    """The text of `curate --help`."""
    from curate.cli.verbs import GROUPS, SUMMARIES, names

    width = max(map(len, names()))
    others = {name: "" for name in names() if name not in SUMMARIES}
    lines = [
        line
        for title, group in (GROUPS | {"Other packages": others}).items()
        if group
        for line in (f"{title}:", *(f"  {name:<{width}}  {summary}".rstrip() for name, summary in group.items()), "")
    ]
    head = (
        f"curate {__version__}: curation and validation of chat data for fine-tuning\n\nUsage: curate COMMAND "
        "[OPTIONS] ...\n\n"
    )
    compiles = "`curate --install-cache` compiles now what would be compiled at first use.\n"
    codes = (
        "Exit status: 0 no findings, 1 findings, 2 usage error or unreadable input,\n3 bug in curate, 130 "
        "interrupted, 141 the reader of the output closed the pipe.\n"
    )
    return f"{head}{chr(10).join(lines)}\n`curate COMMAND --help` shows the options of a command.\n{compiles}{codes}"


def _missing_option(error: Exception) -> str:
    """How to add the option that a command line lacks; empty if it lacks none."""
    option: Any = getattr(error, "param", None)
    if type(error).__name__ != "MissingParameter" or getattr(option, "param_type_name", "") != "option":
        return ""
    return f"add {option.opts[0]} {option.metavar or 'VALUE'}; "


def _instead(verb: Any, error: Exception) -> str:
    """What to do instead of an option that a command lacks, as its module names it in `INSTEAD`; empty without that."""
    instead = getattr(sys.modules[verb.__module__], "INSTEAD", {}).get(getattr(error, "option_name", ""))
    return f"{instead}; " if instead else ""


def _print_message(text: str) -> None:
    """Print a message to stderr; lines after the first cannot start a GitHub workflow command."""
    from curate.core.masking import without_keys  # needs pydantic's modules, and --version prints no message

    lines = visible(without_keys(text), keep_newlines=True).split("\n")
    with suppress(OSError, ValueError):  # stderr is closed
        sys.stderr.write(
            "\n".join(f"| {line}" if line.lstrip().startswith(RUNNER_COMMANDS) else line for line in lines) + "\n"
        )


def _crash_log(error: BaseException) -> str:
    """Write a crash log with stack and versions, without messages and values, which may contain data."""
    import platform
    import tempfile
    import traceback
    from datetime import UTC, datetime
    from pathlib import Path

    from curate.core.lazy import version_of

    frames = [
        f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    names = ["pydantic", "polars", "typer", "datasketch", "transformers", "torch", "peft", "bitsandbytes", "textual"]
    packages = [f"{name} {version_of(name) or '-'}" for name in names]
    versions = f"curate {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    text = "\n".join(
        (versions, ", ".join(packages), datetime.now(UTC).isoformat(timespec="seconds"), type(error).__name__, *frames)
    )
    try:
        handle, path = tempfile.mkstemp(prefix="curate-crash-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError:  # it cannot be written: print it instead
        return text
    return path
