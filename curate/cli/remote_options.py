"""What the steps of `curate remote` share: their options, where a job is to run, and a person's consent."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from curate.cli.options import consent
from curate.core.config import Config, RemoteConfig, find_config, with_options
from curate.core.errors import ConfigError, InputError, UsageError
from curate.core.runs import Project
from curate.core.targets import SERVICES, Target
from curate.remote.endpoint import Endpoint, Place
from curate.remote.journal import Journal
from curate.remote.services import CLOSED, SERVICE, closes, endpoint_of, place_of
from curate.remote.settings import Hyperparameters, Settings, Value, settings_of
from curate.report.console import console

Data = Annotated[Path, typer.Argument(help="File to train on, or the folder of a split: its train and validation.", metavar="FILE|DIR")]
Validation = Annotated[Path | None, typer.Option(help="File that the service measures on meanwhile.", metavar="FILE")]
Service = Annotated[Target | None, typer.Option("--target", help=f"The service: {', '.join(SERVICES)}.", metavar="TARGET")]
BaseUrl = Annotated[str | None, typer.Option(help="Address of its interface, where it is not the service's own.", metavar="URL")]
Model = Annotated[str | None, typer.Option(help="Model that is fine-tuned, by the service's name.")]
Method = Annotated[str | None, typer.Option(help="supervised, dpo or reinforcement.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the data; else the service decides.")]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Examples in a step; else the service decides.")]
LearningRate = Annotated[float | None, typer.Option("--learning-rate-multiplier", help="Factor on the service's learning rate.", metavar="FACTOR")]
Beta = Annotated[float | None, typer.Option(help="With dpo: how strongly the model is held to what it was.")]
Others = Annotated[list[str] | None, typer.Option("--set", help="Another hyperparameter, by the service's name.", metavar="NAME=VALUE")]
Suffix = Annotated[str | None, typer.Option(help="Goes into the name of the new model.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Of the service's randomness.")]
Grader = Annotated[Path | None, typer.Option(help="With reinforcement: JSON file of the grader.", metavar="FILE")]
PerMillion = Annotated[float | None, typer.Option("--price", min=0, help="US dollars for a million tokens, in place of the table's.")]
Hours = Annotated[float | None, typer.Option(min=0, help="How long a job that is billed by the hour will run.")]
Tokenizer = Annotated[str | None, typer.Option(help="Model whose tokenizer counts: hub id, folder, offline:NAME.", metavar="NAME")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Send data without asking.")]
JobId = Annotated[str | None, typer.Argument(help="Id of the job; the last one that was started here without.", metavar="JOB")]


class RemoteOptions(NamedTuple):
    """What the configuration and the options come to."""

    config: Config
    remote: RemoteConfig
    place: Place


def resolve_options(target: Target | None, base_url: str | None, *, connected: bool, **options: Any) -> RemoteOptions:
    """The configuration with options laid over it, and the place that it names. Raises `ConfigError`, `UsageError`."""
    config = find_config(Path.cwd())
    remote = with_options(config.remote, target=target, base_url=base_url, **options)
    meant = remote.target or (config.check.target if config.check.target in SERVICES else Target.OPENAI)
    return RemoteOptions(config, remote, place_of(meant, remote.base_url, connected=connected, named=base_url is not None))


def settings(remote: RemoteConfig, others: list[str] | None, grader: Path | None, *, ordered: bool = True) -> Settings:
    """What is asked of the service; not `ordered`, no grader need be there. Raises `UsageError`, `InputError`, `ConfigError`."""
    known = Hyperparameters(n_epochs=remote.epochs, batch_size=remote.batch_size, learning_rate_multiplier=remote.learning_rate_multiplier, beta=remote.beta)
    named: dict[str, Value] = {**remote.hyperparameters, **_pairs(others or [])}
    path = grader or (Path(remote.grader) if remote.grader and remote.method == "reinforcement" else None)
    judge = None if path is None else _object(path)
    return settings_of(remote.model, remote.method, known, named, suffix=remote.suffix, seed=remote.seed, grader=judge, ordered=ordered)


def _pairs(texts: list[str]) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"--set {text}: no NAME=VALUE", "e.g. --set compute_multiplier=1.5")
        try:
            number = json.loads(value)
        except ValueError:
            number = value
        found[name] = number if isinstance(number, int | float) and not isinstance(number, bool) else value
    return found


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", "check the path and its permissions") from error
    except ValueError as error:
        raise ConfigError(f"{path}: no JSON: {error}", "mend the file") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: a grader is a JSON object", "the service's guide to graders shows some")
    return value


def files_of(data: Path, validation: Path | None) -> tuple[Path, Path | None]:
    """The file to train on and the one to measure on. Raises `UsageError`, `InputError`."""
    if not data.exists():
        raise InputError(f"{data}: no such file or folder", f"check the path; it is looked up from {Path.cwd()}")
    if data.is_dir():
        if not (data / "train.jsonl").is_file():
            raise UsageError(f"{data}: no folder of a split: it has no train.jsonl", "`curate split` writes one; or name a file")
        beside = data / "validation.jsonl"
        data, validation = data / "train.jsonl", validation or (beside if beside.is_file() and beside.stat().st_size else None)
    if validation is not None and not validation.is_file():
        raise InputError(f"{validation}: no such file", f"check the path; it is looked up from {Path.cwd()}")
    if validation is not None and validation.resolve() == data.resolve():
        raise UsageError(f"{validation}: is what is trained on, too", "name another file, or leave --validation out")
    return data, validation


def journal() -> Journal:
    """The journal of the working folder."""
    return Journal(Project(Path.cwd()).remote)


@contextmanager
def connected(place: Place) -> Iterator[Endpoint]:
    """The service, spoken to with the key of the environment or the keyring. Raises `UsageError` where there is none."""
    with endpoint_of(place) as endpoint:
        yield endpoint


def place_of_job(job: str | None, target: Target | None, base_url: str | None) -> Place:
    """Where a job runs: as named, else where it was started from here, else by the configuration."""
    if target is None and base_url is None and (started := journal().started(job)) is not None:
        return Place(SERVICE[started.target], started.address)
    return resolve_options(target, base_url, connected=True).place


def tell_closing(place: Place) -> None:
    """Say on stderr what OpenAI ends, where it concerns the place."""
    if closes(place):
        console(stderr=True).print(f"note: {CLOSED}")


def demand_consent(what: str, place: Place, *, yes: bool, as_json: bool) -> None:
    """Raise `UsageError` unless a person agreed, or agrees at the terminal, that something is sent."""
    consent(yes=yes, as_json=as_json).demand(what, place.address)
