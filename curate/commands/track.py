"""Log what a command found out to a tracker of experiments: verdicts, counts, hashes and the data card, and no text of
the data. Off unless `[track]` of the configuration names a tracker.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from curate import __version__
from curate.core.config import TrackConfig, load_config
from curate.core.errors import CurateError, OutputError, UsageError
from curate.core.finding import Severity
from curate.core.text import excerpt
from curate.project.config_consent import CONFINED_VARIABLE
from curate.project.config_files import config_file, find_config
from curate.storage.files import display_name, sha256

if TYPE_CHECKING:
    from curate.commands.run.result import RunResult
    from curate.commands.session import Session
    from curate.lint.runner import CheckResult
    from curate.project.manifest import Manifest
    from curate.verify.proof import VerifyResult

LIMITS: Final = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "WANDB_INIT_TIMEOUT": "20", "WANDB_HTTP_TIMEOUT": "10",
}  # fmt: skip
"""The trackers' own settings that bound how long a server that is down is waited for, unless they are set."""
MAX_ERROR_CHARS: Final = 200
UNTRACKED: Final[Mapping[str, Mapping[str, Any]]] = {}


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """What is logged about a run of a command."""

    verb: str
    counts: Mapping[str, float]
    facts: Mapping[str, str] = field(default_factory=dict)
    """Verdicts and hashes."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Artifacts by name."""


def used_tables() -> Mapping[str, Mapping[str, Any]]:
    """The table of the configuration that tracking uses, for `Session.open`; none for a server that may only read."""
    return UNTRACKED if CONFINED_VARIABLE in os.environ else {"track": {}}


def tracker_of_proof(session: "Session", files: Sequence[Path]) -> TrackConfig:
    """The tracker in the configuration of some files, for a command that uses nothing else of the configuration.

    No tracker, and a note, if the configuration cannot be read. Raises as `Session.open` does for one that `--config`
    names, or that needs consent.
    """
    tables, folder = used_tables(), session.project_of(files).folder
    path = config_file(folder, session.configuration) if tables else None
    if path is None:
        return TrackConfig.model_construct()
    try:
        load_config(path)
    except CurateError as error:
        if session.configuration is not None:
            raise
        mistake = error.message.partition("\n")[0]
        session.note(f"nothing is logged to a tracker, since the configuration cannot be read: {mistake}")
        return TrackConfig.model_construct()
    return find_config(folder, replace(session.consent, ask=None), session.configuration, **tables).track


def require_tracker(config: TrackConfig) -> None:
    """Raise `UsageError` before the work if the configured tracker is not installed."""
    if config.to and find_spec(config.to) is None:
        raise UsageError(f"track.to: {config.to} is not installed", f"pip install {config.to}, or leave [track] out")


def track(config: TrackConfig, record: Callable[[], TrackedRun]) -> None:
    """Log a record to the configured tracker; without one, or for a server that may only read, do nothing. Raises
    `OutputError` if the tracker fails.
    """
    if not config.to or CONFINED_VARIABLE in os.environ:
        return
    made = record()
    from tempfile import TemporaryDirectory  # a check without a tracker needs none

    for variable, value in LIMITS.items():
        os.environ.setdefault(variable, value)
    with TemporaryDirectory(prefix="curate-track-") as name:
        folder = Path(name)
        for file, data in made.files.items():
            (folder / file).write_bytes(data)
        try:
            LOGGERS[config.to](import_module(config.to), config, made, folder)
        except Exception as error:
            text = excerpt(str(error) or type(error).__name__, MAX_ERROR_CHARS)
            raise OutputError(
                f"track: {config.to} failed, and {made.verb} is not logged there completely: {text}",
                "the result of the command is complete; correct [track], or start the server",
            ) from error


def _log_to_mlflow(mlflow: Any, config: TrackConfig, record: TrackedRun, folder: Path) -> None:
    """Log the record as a run of MLflow, with the files of the folder."""
    client = mlflow.MlflowClient(tracking_uri=config.address or None)
    experiment = client.get_experiment_by_name(config.project)
    number = experiment.experiment_id if experiment else client.create_experiment(config.project)
    run = client.create_run(number, run_name=f"curate {record.verb}", tags={"curate": __version__, **record.facts})
    for name, value in record.counts.items():
        client.log_metric(run.info.run_id, name, value)
    client.log_artifacts(run.info.run_id, str(folder))
    client.set_terminated(run.info.run_id)


def _log_to_wandb(wandb: Any, config: TrackConfig, record: TrackedRun, folder: Path) -> None:
    """Log the record as a run of Weights & Biases, with the files of the folder."""
    settings = wandb.Settings(**({"base_url": config.address} if config.address else {}))
    facts = {"curate": __version__, **record.facts}
    with wandb.init(
        project=config.project, name=f"curate {record.verb}", job_type="data", config=facts, settings=settings
    ) as run:
        run.summary.update(dict(record.counts))
        run.log_artifact(_artifact(wandb, record, folder))


def _log_to_trackio(trackio: Any, config: TrackConfig, record: TrackedRun, folder: Path) -> None:
    """Log the record as a run of Trackio, with the files of the folder."""
    place = {"server_url": config.address} if config.address else {}
    facts = {"curate": __version__, "verb": record.verb, **record.facts}
    trackio.init(config.project, config=facts, embed=False, auto_log_gpu=False, auto_log_cpu=False, **place)
    try:
        trackio.log(dict(record.counts))
        trackio.log_artifact(_artifact(trackio, record, folder))
    finally:
        trackio.finish()


def _artifact(package: Any, record: TrackedRun, folder: Path) -> Any:
    """An artifact of the package with the files of the folder."""
    artifact = package.Artifact(f"curate-{record.verb}", type="data-report")
    artifact.add_dir(str(folder))
    return artifact


LOGGERS: Final[Mapping[str, Callable[[Any, TrackConfig, TrackedRun, Path], None]]] = {
    "mlflow": _log_to_mlflow, "trackio": _log_to_trackio, "wandb": _log_to_wandb
}  # fmt: skip


def check_record(result: "CheckResult", files: Sequence[Path]) -> TrackedRun:
    """The counts of a check by severity and rule, and the hashes of its files."""
    counts = {
        "files": result.files, "lines": result.lines, "examples": result.examples,
        "not_understood": result.not_understood, "suppressed": result.suppressed,
        **{severity.value: result.severities[severity] for severity in Severity},
    }  # fmt: skip
    hashes = {display_name(path): sha256(path) for path in files if path.is_file()}
    report = {"counts": counts, "codes": dict(sorted(result.codes.items())), "sha256": hashes}
    facts = {"verdict": "failed" if result.failed or result.not_understood else "passed"}
    return TrackedRun("check", counts, facts, {"check.json": _json_bytes(report)})


def split_record(folder: Path, manifest: "Manifest", verb: str = "split") -> TrackedRun:
    """The sizes of the splits, the removed lines by reason, and the manifest with its hashes, beside the data card."""
    from curate.output.folder import CARD  # a check does not load it
    from curate.storage.files import MANIFEST

    counts = {f"examples_{name}": part.examples for name, part in manifest.splits.items()}
    counts |= {f"removed_{reason}": count for reason, count in manifest.removed.reasons.items()}
    files = {name: (folder / name).read_bytes() for name in (MANIFEST, CARD) if (folder / name).is_file()}
    facts = {"manifest_sha256": sha256(folder / MANIFEST)} if MANIFEST in files else {}
    return TrackedRun(verb, counts, facts, files)


def run_record(folder: Path, result: "RunResult") -> TrackedRun:
    """What `split_record` has, once there are splits, and the number of findings by code."""
    written = split_record(folder, result.manifest, "run") if result.manifest else TrackedRun("run", {})
    counts = {"not_understood": result.not_understood, "conflicts": len(result.conflicts)}
    stages = {f"stage_{name}": state for name, state in result.stages.items()}
    return TrackedRun("run", {**counts, **written.counts}, {**stages, **written.facts}, written.files)


def verify_record(result: "VerifyResult") -> TrackedRun:
    """The verdict of each point, without the examples in findings."""
    verdicts = {point.name: point.verdict.value for point in result.points}
    report = {"holds": result.holds, "complete": result.complete, "points": verdicts, "examples": result.examples}
    report |= {"not_checked": [asdict(part) for part in result.not_checked], "manifest_sha256": result.manifest_sha256}
    counts = {f"examples_{name}": count for name, count in result.examples.items()} | {"findings": len(result.findings)}
    facts = {"verdict": "passed" if result.holds else "failed", "manifest_sha256": result.manifest_sha256 or ""}
    return TrackedRun("verify", counts, facts, {"verify.json": _json_bytes(report)})


def _json_bytes(value: Any) -> bytes:
    import json

    return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "replace")
