"""The API of Fireworks: data sets instead of files, jobs under an account, no events (docs.fireworks.ai, 2026-11)."""

from io import BufferedReader
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from curate.core.errors import UsageError
from curate.core.targets import Target
from curate.remote.endpoint import LONG_TIMEOUT_SECONDS, EventPage, OwnEndpoint, Service, reply_values
from curate.remote.job import Job, JobEvent, UploadedFile, event_of, file_of, job_of
from curate.remote.settings import Price, Settings
from curate.storage.files import sha256

DATASETS_PATH: Final = "/datasets"
MAX_UPLOAD_BYTES: Final = 150_000_000
HYPERPARAMETER_NAMES: Final = {"n_epochs": "epochs", "batch_size": "batchSizeSamples"}
STATE_PREFIX: Final = "JOB_STATE_"
PRICES: Final = "Fireworks' price list (fireworks.ai/pricing), read 2026-11"


class FireworksEndpoint(OwnEndpoint):
    """The client of Fireworks, which reports the state of a job but no events: each new state becomes an event."""

    jobs_path = "/supervisedFineTuningJobs"
    jobs_query = "?pageSize=200"
    jobs_key = "supervisedFineTuningJobs"

    @property
    def _account(self) -> str:
        """The last two parts of the address, which are `accounts/NAME` if it names an account."""
        return "/".join(self.place.address.split("/")[-2:])

    def require_takes(self, settings: Settings) -> None:
        """Raise `UsageError` for unsupported settings, and for an address without an account."""
        if not self._account.startswith("accounts/"):
            raise UsageError(f"{self.place.address}: contains no account", f"--base-url {self.place.service.example}")
        if settings.method != "supervised":
            raise UsageError(f"curate cannot start {settings.method} jobs at Fireworks", "use its client firectl")
        if "learning_rate_multiplier" in settings.hyperparameters:
            raise UsageError("Fireworks has no learning rate multiplier", "use --set learningRate=1e-4")
        if settings.suffix:
            raise UsageError(
                "Fireworks has no suffix for model names", "use --set outputModel=NAME instead of --suffix"
            )
        if settings.seed is not None:
            raise UsageError("Fireworks has no seed", "remove --seed")

    def _send(self, path: Path, file: BufferedReader) -> UploadedFile:
        if path.stat().st_size > MAX_UPLOAD_BYTES:
            raise UsageError(
                f"{path}: larger than {MAX_UPLOAD_BYTES:,} bytes, the limit of Fireworks for one upload",
                "upload it with the client firectl",
            )
        name = f"curate-{sha256(path)[:32]}"
        with path.open("rb") as lines:
            count = sum(not line.isspace() for line in lines)
        if self.file(name) is None:
            body = {"datasetId": name, "dataset": {"userUploaded": {}, "exampleCount": str(count)}}
            reply_values(self._client.post(DATASETS_PATH, body=body, cast_to=object))
        options: Any = {"headers": {"Content-Type": "multipart/form-data"}, "timeout": LONG_TIMEOUT_SECONDS}
        reply = reply_values(
            self._client.post(
                f"{DATASETS_PATH}/{name}:upload",
                body={},
                files=[("file", (path.name, file))],
                cast_to=object,
                options=options,
            )
        )
        return file_of({"id": name, "bytes": reply.get("bytes"), "status": "running"})

    def _file(self, file_id: str) -> UploadedFile:
        """The record of a data set, as that of a file."""
        dataset = self._get(f"{DATASETS_PATH}/{file_id}")
        status = dataset.get("status")
        details = status.get("message") if isinstance(status, dict) else None
        return file_of(
            {
                "id": file_id,
                "status": "processed" if dataset.get("state") == "READY" else "running",
                "status_details": details,
            }
        )

    def _delete(self, file_id: str) -> None:
        self._client.delete(f"{DATASETS_PATH}/{file_id}", cast_to=object)

    @override
    def request(self, settings: Settings, training_file: str, validation_file: str | None) -> dict[str, Any]:
        body = {"baseModel": settings.model, "dataset": f"{self._account}{DATASETS_PATH}/{training_file}"}
        body |= {"evaluationDataset": f"{self._account}{DATASETS_PATH}/{validation_file}"} if validation_file else {}
        return body | {HYPERPARAMETER_NAMES.get(name, name): value for name, value in settings.hyperparameters.items()}

    @override
    def job_of(self, value: dict[str, Any]) -> Job:
        state = str(value.get("state", "")).removeprefix(STATE_PREFIX).lower()
        status = value.get("status")
        return job_of(
            {
                "id": _last_id(value.get("name")),
                "status": state,
                "model": value.get("baseModel") or "",
                "created_at": value.get("createTime"),
                "finished_at": value.get("completedTime"),
                "told_at": value.get("updateTime") or value.get("createTime"),
                "error": status if state == "failed" else None,
                "fine_tuned_model": value.get("outputModel") or None,
                "training_file": _last_id(value.get("dataset")),
                "validation_file": _last_id(value.get("evaluationDataset")) or None,
            }
        )

    def cancel(self, job_id: str) -> Job:
        """Raise `UsageError`: the API has no such request."""
        raise UsageError(
            f"{job_id}: curate cannot cancel jobs of this service",
            "use the dashboard of Fireworks or its client firectl",
        )

    def events(self, job_id: str, after: str | None) -> EventPage:  # noqa: ARG002
        """The state of a job, as an event."""
        job = self.job(job_id)
        text = f": {job.error.message}" if job.error and job.error.message else ""
        level = "error" if job.status == "failed" else "info"
        event: JobEvent = event_of(
            {"id": f"state-{job.status}", "message": f"{job.status}{text}", "level": level, "created_at": job.told_at}
        )
        return EventPage([event], more=False)

    def checkpoints(self, job_id: str) -> list[dict[str, Any]]:  # noqa: ARG002
        """An empty list: the API reports none."""
        return []


def _last_id(name: Any) -> str:
    """The id at the end of a resource's name."""
    return name.rpartition("/")[2] if isinstance(name, str) else ""


SERVICE: Final = Service(
    Target.FIREWORKS,
    "Fireworks",
    endpoint=FireworksEndpoint,
    epochs=1,
    prices=(
        Price("", 0.5, "million tokens", PRICES, ("supervised",), billions=16),
        Price("", 3, "million tokens", PRICES, ("supervised",), billions=80),
    ),
    example="https://api.fireworks.ai/v1/accounts/ACCOUNT",
)
