"""Shared by the steps of `curate remote`: options, the service of a job, and the user's consent."""

import json
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from curate.cli.invocation import invocation
from curate.cli.options import consent, session
from curate.commands.session import Workspace
from curate.core.config import RemoteConfig, with_options
from curate.core.errors import ConfigError, InputError, UsageError
from curate.core.targets import SERVICES, Target
from curate.core.text import visible
from curate.core.validation import parsed_json
from curate.project.config_files import config_file
from curate.project.runs import Project
from curate.remote.endpoint import ServiceAddress
from curate.remote.journal import JobJournal
from curate.remote.services import CLOSED_NOTE, SERVICE, is_closing, place_of
from curate.remote.settings import Settings, Value, settings_of
from curate.render.console import console
from curate.storage.files import MANIFEST
from curate.storage.shards import split_file

Data = Annotated[
    Path,
    typer.Argument(
        help="Training file, or the folder of a split (its train and validation files).", metavar="FILE|DIR"
    ),
]
Validation = Annotated[Path | None, typer.Option(help="Measure on this file during training.", metavar="FILE")]
Service = Annotated[
    Target | None, typer.Option("--target", help=f"Use this service: {', '.join(SERVICES)}.", metavar="TARGET")
]
BaseUrl = Annotated[
    str | None, typer.Option(help="Use the API at this address instead of the service's own.", metavar="URL")
]
Model = Annotated[str | None, typer.Option(help="Fine-tune this model, named as the service names it.")]
Method = Annotated[
    str | None, typer.Option(help="Train by this method: supervised, dpo or reinforcement.", metavar="METHOD")
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Train for this many epochs; if omitted, the service decides.")]
BatchSize = Annotated[
    int | None, typer.Option(min=1, help="Train on this many examples per step; if omitted, the service decides.")
]
LearningRate = Annotated[
    float | None,
    typer.Option(
        "--learning-rate-multiplier", help="Multiply the service's learning rate by this factor.", metavar="FACTOR"
    ),
]
Beta = Annotated[
    float | None, typer.Option(help="Set the beta of DPO, which limits how far the model moves from its start.")
]
Others = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Set another hyperparameter, named as the service names it; repeatable.", metavar="NAME=VALUE"
    ),
]
Suffix = Annotated[str | None, typer.Option(help="Add this to the name of the new model.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Set the seed of the service.")]
Grader = Annotated[
    Path | None, typer.Option(help="Read the grader of a reinforcement job from this JSON file.", metavar="FILE")
]
PerMillion = Annotated[
    float | None,
    typer.Option("--price", min=0, help="Use this price in US dollars for 1,000,000 tokens instead of the known one."),
]
Hours = Annotated[
    float | None, typer.Option(min=0, help="Estimate a job that is billed by the hour for this many hours.")
]
Tokenizer = Annotated[
    str | None,
    typer.Option(help="Count tokens with the tokenizer of this model: hub id, folder or offline:NAME.", metavar="NAME"),
]
JobId = Annotated[
    str | None, typer.Argument(help="Id of the job. If omitted, the last one started from this folder.", metavar="JOB")
]


class RemoteOptions(NamedTuple):
    """The options combined with the configuration."""

    work: Workspace
    """The data, by the rules of the service."""
    remote: RemoteConfig
    place: ServiceAddress


def resolve_options(
    data: Path | None,
    target: Target | None,
    base_url: str | None,
    *,
    connected: bool,
    yes: bool = False,
    used: Sequence[str] = ("check", "conflicts"),
    **options: Any,
) -> RemoteOptions:
    """The given options combined with the configuration of the data, or of the working folder, and the service.

    `connected`: whether an address is required; `used`: the tables of the configuration that are used in addition to
    `[remote]`. Raises `ConfigError`, `UsageError`.
    """
    paths = [] if data is None else [data / MANIFEST if data.is_dir() else data]
    work = session(yes=yes, reads_files="curate remote").open(paths, **{table: {} for table in used})
    config = work.config
    remote = with_options(config.remote, target=target, base_url=base_url, **options)
    if remote.grader and remote.method == "reinforcement":
        _require_in(work.project.folder, Path(remote.grader))
    service = remote.target or (config.check.target if config.check.target in SERVICES else Target.OPENAI)
    place = place_of(service, remote.base_url, connected=connected, named=base_url is not None)
    check = config.check.model_copy(update={"target": place.target})
    return RemoteOptions(replace(work, config=config.model_copy(update={"check": check})), remote, place)


def _require_in(folder: Path, grader: Path) -> None:
    """Raise `UsageError` for a grader of the configuration that is outside of its folder: it is sent to the service,
    and a configuration in a repository may come from a stranger.
    """
    home = (config_file(folder, invocation().config) or folder / "curate.toml").parent
    if not grader.resolve().is_relative_to(home.resolve()):
        raise UsageError(
            f"{visible(str(grader))}: the grader of the configuration lies outside of its folder",
            "its content would be sent to the service: copy it to the folder, or remove the key and use --grader",
        )


def settings(remote: RemoteConfig, others: list[str] | None, grader: Path | None, *, ordered: bool = True) -> Settings:
    """The job settings for the service; the grader may be missing unless `ordered`.

    Raises `UsageError`, `InputError`, `ConfigError`.
    """
    hyperparameters: dict[str, Value] = {**remote.hyperparameters, **_pairs(others or [])}
    path = grader or (Path(remote.grader) if remote.grader and remote.method == "reinforcement" else None)
    return settings_of(remote, hyperparameters, None if path is None else _grader_of(path), ordered=ordered)


def _pairs(texts: list[str]) -> Mapping[str, Value]:
    """The values of --set by name, numbers as numbers. Raises `UsageError` for a text that is not NAME=VALUE."""
    pairs: dict[str, Value] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"--set {text}: not NAME=VALUE", "e.g. --set compute_multiplier=1.5")
        try:
            number = parsed_json(value)
        except ValueError:
            number = value
        if isinstance(number, float) and not math.isfinite(number):
            raise UsageError(f"--set {text}: not a finite number", "e.g. --set compute_multiplier=1.5")
        pairs[name] = number if isinstance(number, int | float) and not isinstance(number, bool) else value
    return pairs


def _grader_of(path: Path) -> dict[str, Any]:
    """The JSON object in the file of a grader. Raises `InputError`, `ConfigError`."""
    try:
        value = parsed_json(path.read_bytes())
        json.dumps(value, allow_nan=False)  # NaN and 1e999 are no JSON for the service
    except OSError as error:
        raise InputError.of(path, error) from error
    except ValueError as error:
        raise ConfigError(f"{path}: invalid JSON: {error}", "correct the JSON of the file") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: not a JSON object, as a grader has to be", "see the service's guide to graders")
    return value


def files_of(data: Path, validation: Path | None) -> tuple[Path, Path | None]:
    """The training file, and the validation file or None. Raises `UsageError`, `InputError`."""
    if not data.exists():
        raise InputError(f"{data}: no such file or folder", f"check the path; it is looked up from {Path.cwd()}")
    if data.is_dir():
        train = split_file(data, "train")
        if not train.is_file():
            raise UsageError(
                f"{data}: not the folder of a split: it has no train.jsonl",
                "write one with `curate split`, or name a file",
            )
        default_validation = split_file(data, "validation")
        data = train
        validation = validation or (
            default_validation if default_validation.is_file() and default_validation.stat().st_size else None
        )
    if validation is not None and not validation.is_file():
        raise InputError(f"{validation}: no such file", f"check the path; it is looked up from {Path.cwd()}")
    if validation is not None and validation.resolve() == data.resolve():
        raise UsageError(f"{validation}: is also the training file", "name another file, or leave --validation out")
    return data, validation


def journal() -> JobJournal:
    """The upload and job journal of the working folder."""
    return JobJournal(Project(Path.cwd()).remote)


def place_of_job(job: str | None, target: Target | None, base_url: str | None) -> ServiceAddress:
    """The service of a job: as named, else the one where it was started from here, else the configured one."""
    if target is None and base_url is None and (started := journal().started(job)) is not None:
        return ServiceAddress(SERVICE[started.target], started.address)
    return resolve_options(None, target, base_url, connected=True, used=()).place


def job_command(verb: str, job: str, target: Target | None, base_url: str | None) -> str:
    """The command that does something with a job. The address that an option named is part of it: CURATE_REMOTE_KEY is
    sent only to an address that an option or the user's own configuration names.
    """
    named = [] if base_url is None else ["--base-url", base_url, *(["--target", target.value] if target else [])]
    return visible(shlex.join(["curate", "remote", verb, job, *named]))


def print_closing_notice(place: ServiceAddress) -> None:
    """Print a note to stderr about OpenAI's end of fine-tuning, if it concerns the service."""
    if is_closing(place):
        console(stderr=True).print(f"note: {CLOSED_NOTE}")


def require_consent(content: str, place: ServiceAddress, *, yes: bool, as_json: bool) -> None:
    """Raise `UsageError` unless the user consented to sending, or does so at the terminal."""
    consent(yes=yes, as_json=as_json).require(content, place.address)
