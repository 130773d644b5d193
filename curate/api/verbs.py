"""The commands as functions; see `curate.api`."""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from curate.api.inputs import Data, Inputs
from curate.api.results import CheckFrames, ConflictsFrames, DedupFrames, RunFrames, SplitFrames, VerifyFrames
from curate.commands.check import check as check_data
from curate.commands.conflicts import conflicts as search_data
from curate.commands.dedup import dedup as dedup_data
from curate.commands.run import StageSelection
from curate.commands.run import run as run_pipeline
from curate.commands.session import Session
from curate.commands.split import split as split_data
from curate.commands.verify import verify as verify_data
from curate.core.events import Listener, ignore_events
from curate.core.verb_options import NOTHING_GIVEN, Given, VerbOption, given_of, in_place_of, options_of, with_given
from curate.network.egress import Consent
from curate.project.config_files import load_project
from curate.project.runs import Project
from curate.storage.files import named

Result = TypeVar("Result")
Parameter = inspect.Parameter


def takes_keywords(function: Callable[..., Result]) -> Callable[..., Result]:
    """Replace the parameter `given` of a function by the options of the command of the same name, as keywords; their
    help is added to the docstring.
    """
    name, command_options = function.__name__, options_of(function.__name__)
    signature = inspect.signature(function)
    parameters = in_place_of("given", map(_keyword_parameter, command_options), signature.parameters.values())
    names = {parameter.name for parameter in parameters}

    @wraps(function)
    def verb(*arguments: Any, **keywords: Any) -> Result:
        for keyword in keywords.keys() - names:
            raise TypeError(f"{name}() got an unexpected keyword argument {keyword!r}{_suggestion(keyword, names)}")
        option_values = {option.key: keywords.pop(option.key, None) for option in command_options}
        return function(*arguments, given=given_of(name, option_values), **keywords)

    verb.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    if verb.__doc__:  # python -OO has none
        verb.__doc__ = f"{inspect.cleandoc(verb.__doc__)}\n\n" + "\n".join(map(_docstring_line, command_options))
    return verb


def python_type(option: VerbOption) -> Any:
    """The type of a keyword, without None; a value of an enumeration is passed as text."""
    return str if isinstance(option.type, type) and issubclass(option.type, Enum) else option.type


def _keyword_parameter(option: VerbOption) -> Parameter:
    return Parameter(option.key, Parameter.KEYWORD_ONLY, default=None, annotation=python_type(option) | None)


def _docstring_line(option: VerbOption) -> str:
    """The line of a docstring about an option: name, help and default."""
    default = f" Default: {option.default_text}." if option.default_text else ""
    name = f"{option.key}=False" if option.default is True else option.key  # as the option, it is turned off
    return f"- `{name}`: {option.declared.help}{default}"


def _suggestion(keyword: str, names: set[str]) -> str:
    """`; did you mean ...?` with the most similar keyword; empty if none is similar."""
    import difflib  # only imported for a mistake

    matches = difflib.get_close_matches(keyword, names, n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""


@takes_keywords
def check(paths: Data, *, given: Given = NOTHING_GIVEN, workers: int = 1, yes: bool = False) -> CheckFrames:
    """Check a data set like `curate check`. Options override the project's configuration.

    `yes` allows settings of the configuration that reach outside of its folder or weaken a guard; without it they raise
    `UsageError`. `paths`: files, folders, patterns or URLs, or data in memory (see `curate.api.inputs`). Suppressed
    findings are not reported. Raises `InputError` for a file that cannot be read, `ConfigError`, `UsageError`.
    """
    inputs = Inputs(paths)
    session = Session(consent=_agreement(yes), ignored="curate.check reads the data as it is", workers=workers)
    return CheckFrames(check_data(session.open(inputs.files, given)))


@takes_keywords
def dedup(paths: Data, *, given: Given = NOTHING_GIVEN, against: Data | None = None, yes: bool = False) -> DedupFrames:
    """Find exact and near duplicates like `curate dedup`. Options override the project's configuration. `write`
    writes the result. `yes` allows settings of the configuration as in `check`.

    Raises `InputError` for a file that cannot be read, `ConfigError`, `UsageError`, `ModelError`.
    """
    inputs, others = Inputs(paths), None if against is None else Inputs(against, "against ")
    work = Session(consent=_agreement(yes)).open(inputs.files, given)
    return DedupFrames(dedup_data(work, against=others.files if others else ()), inputs, others)


@takes_keywords
def conflicts(
    paths: Data, *, given: Given = NOTHING_GIVEN, judge_key: str | None = None, yes: bool = False
) -> ConflictsFrames:
    """Find contradictions like `curate conflicts`. Options override the project's configuration. Answers are read as
    edited in the review.

    A judge at an address requires `yes=True`, since questions and answers are sent there, and so do settings of the
    configuration as in `check`; `judge_key` names the
    environment variable with its key. Raises `UsageError` without `yes`, `InputError` for a file that cannot be read,
    `ConfigError`, `ModelError`, `MissingExtra`.
    """
    inputs = Inputs(paths)
    work = Session(consent=_agreement(yes)).open(inputs.files, given)
    return ConflictsFrames(search_data(work, judge_key=judge_key))


@takes_keywords
def split(
    paths: Data, output: str | os.PathLike[str], *, given: Given = NOTHING_GIVEN, yes: bool = False
) -> SplitFrames:
    """Write train, validation and test without leakage, like `curate split`. Options override the project's
    configuration.

    Raises `InputError` for a file that cannot be read or if no example is left, `ConfigError`, `UsageError`,
    `OutputError`, `DataError` if `drop` would remove a large share of a file without `yes`; nothing is changed then.
    `yes` also allows settings of the configuration as in `check`.
    """
    inputs, folder = Inputs(paths), Path(output)
    work = Session(consent=_agreement(yes)).open(inputs.files, given)
    return SplitFrames(split_data(work, inputs.names, folder), folder, inputs)


def verify(folder: str | os.PathLike[str] | SplitFrames | Mapping[str, Data], *, semantic: str = "") -> VerifyFrames:
    """Verify that a split has no leakage and that no line was lost or changed, like `curate verify`.

    `folder`: where the split was written, or the result of `split`, which also has data that was in memory. A
    `DatasetDict`, or a mapping of names to data in memory with the training data first, is checked for leaks. Raises
    `InputError`.
    """
    if isinstance(folder, Mapping):
        inputs = Inputs(folder)
        parts = {name: [path] for name, path in zip(folder, inputs.files, strict=True)}
        return VerifyFrames(verify_data(parts, Session(), name=", ".join(parts), embeddings=semantic))
    if isinstance(folder, SplitFrames):
        paths_by_name = named(folder.inputs.files)
        return VerifyFrames(verify_data(folder.folder, Session(), embeddings=semantic, inputs=paths_by_name))
    return VerifyFrames(verify_data(Path(folder), Session(), embeddings=semantic))


@takes_keywords
def run(
    config: str | os.PathLike[str] = "curate.toml",
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    again: Sequence[str] = (),
    until: str = "",
    dry: bool = False,
    given: Given = NOTHING_GIVEN,
    judge_key: str | None = None,
    yes: bool = False,
    listen: Listener = ignore_events,
) -> RunFrames:
    """Run all stages from one configuration, or from the folder that has it, like `curate run`.

    A stage whose inputs have not changed is not run again. `yes` allows to send data to a judge at an address, to
    remove a large share of a file, and settings of the configuration as in `check`; `judge_key` names the environment
    variable with the judge's key; `listen` is called with each event. Raises `CurateError`; completed stages are kept.
    """
    choice, agreed = StageSelection(tuple(only), tuple(skip), tuple(again), until, dry), _agreement(yes)
    folder, settings = load_project(Path(config), agreed, trains=choice.wants("train"))
    project, session = Project(folder), Session(consent=agreed, listen=listen)
    result = run_pipeline(project, with_given(settings, given), session, choice, judge_key=judge_key)
    return RunFrames(result, project.folder / settings.output)


def _agreement(yes: bool) -> Consent:
    return Consent(yes, how="pass yes=True to allow this")
