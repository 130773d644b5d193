"""Where the command starts and ends: finds the verb, and turns whatever happens into a documented exit code."""

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from curate import __version__
from curate.errors import CurateError, ExitCode

PATIENCE: Final = 100_000
"""Objects that are made before the first look for cycles among them, which hardly anything of the engine makes; Python's 700 cost a short check a
twentieth of its time. Verbs of other packages, which may hold what is large by a cycle, are left as they are."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0 clean, 1 findings, 2 usage or input, 3 our bug, 130 interrupted."""
    if arguments is not None:
        return _guarded(arguments)
    try:
        return _guarded(sys.argv[1:], alone=True)
    finally:  # the process ends: looking through all its objects for cycles would take as long as checking a small file
        gc.disable()
        gc.freeze()


def _guarded(words: Sequence[str], *, alone: bool = False) -> int:
    """Run the command, whatever happens; `alone` where the process ends with it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what a terminal cannot show must not end the command
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # pydantic would look through all that is installed for them, at every start
    try:
        if tuple(words) in (("--version",), ("-V",)):
            sys.stdout.write(f"curate {__version__}\n")
            return ExitCode.CLEAN
        if not words or words[0] in ("--help", "-h", "help"):
            sys.stdout.write(overview())
            return ExitCode.CLEAN if words else ExitCode.USAGE
        return _run(words, alone=alone)
    except CurateError as error:
        _narrate(f"error: {error.message}" + (f"\n  next: {error.hint}" if error.hint else ""))
        return error.exit_code
    except KeyboardInterrupt:
        _narrate("interrupted; what was finished is kept")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough; nothing can be flushed any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001  (the one funnel: anything else is our bug)
        _narrate(f"error: this is a bug in curate ({type(error).__name__}). Please report it with the file\n  {_crash_log(error)}")
        return ExitCode.BUG


def _run(words: Sequence[str], *, alone: bool) -> int:
    import typer  # only once a verb is known to be wanted

    from curate.cli.verbs import OWN, load_verb

    gc.disable()  # importing makes many objects and hardly any garbage
    try:
        verb = load_verb(words[0])
        if alone:
            gc.freeze()  # nor are they looked through again and again
            if words[0] in OWN:  # what is loaded on the way makes as many: polars alone 54,000
                gc.set_threshold(PATIENCE)
    finally:
        gc.enable()
    app = verb if isinstance(verb, typer.Typer) else typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    if app is not verb:
        app.command(words[0], context_settings={"help_option_names": ["-h", "--help"]})(verb)
    try:
        code = typer.main.get_command(app).main(list(words[1:]), prog_name=f"curate {words[0]}", standalone_mode=False)
    except typer.TyperException as error:
        _narrate(f"error: {error.format_message()}\n  next: `curate {words[0]} --help` lists the options")
        return ExitCode.USAGE
    except typer.Abort:
        return ExitCode.INTERRUPTED
    return code if isinstance(code, int) else ExitCode.CLEAN


def overview() -> str:
    """The text of `curate --help`."""
    from curate.cli.verbs import SUMMARIES, names

    width = max(map(len, names()))
    lines = [f"  {name:<{width}}  {SUMMARIES.get(name, '')}".rstrip() for name in names()]
    head = f"curate {__version__}: curation and validation of chat data for fine-tuning\n\nUsage: curate COMMAND [OPTIONS] ...\n\n"
    codes = "Exit status: 0 clean, 1 findings, 2 usage or unreadable input, 3 a bug of ours,\n130 interrupted.\n"
    return f"{head}{chr(10).join(lines)}\n\n`curate COMMAND --help` says more.\n{codes}"


def _narrate(text: str) -> None:
    from curate.masking import without_keys
    from curate.text import visible

    sys.stderr.write(visible(without_keys(text), keep_newlines=True) + "\n")


def _crash_log(error: Exception) -> str:
    """Write where it happened and the versions, but no message and no value: these may hold data."""
    import platform
    import tempfile
    from importlib.metadata import PackageNotFoundError, version

    frames = [f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    packages = []
    for name in ("pydantic", "polars", "typer", "datasketch", "transformers", "torch", "peft", "bitsandbytes", "textual"):
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            packages.append(f"{name} -")
    versions = f"curate {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    text = "\n".join((versions, ", ".join(packages), datetime.now(UTC).isoformat(timespec="seconds"), type(error).__name__, *frames))
    handle, path = tempfile.mkstemp(prefix="curate-crash-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    return path
