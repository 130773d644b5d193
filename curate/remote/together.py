"""The API of Together: the same steps with other paths and names (togethercomputer/openapi, read 2026-11)."""

from io import BufferedReader
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from curate.core.errors import UsageError
from curate.core.targets import Target
from curate.remote.endpoint import LONG_TIMEOUT_SECONDS, EventPage, OwnEndpoint, Service, objects_of_page, reply_values
from curate.remote.job import Job, JobEvent, UploadedFile, event_of, file_of, job_of
from curate.remote.settings import Price, Settings

METHODS: Final = {"supervised": "sft", "dpo": "dpo"}
PRICES: Final = "Together's price list (together.ai/pricing, LoRA), as of 2025-11"


class TogetherEndpoint(OwnEndpoint):
    """The client of Together."""

    jobs_path = "/fine-tunes"

    def require_takes(self, settings: Settings) -> None:
        """Raise `UsageError` for unsupported settings."""
        if settings.method not in METHODS:
            raise UsageError(f"Together does not support {settings.method}", f"use --method {' or '.join(METHODS)}")
        if "learning_rate_multiplier" in settings.hyperparameters:
            raise UsageError("Together has no learning rate multiplier", "use --set learning_rate=1e-5")
        if settings.seed is not None:
            raise UsageError("Together has no seed", "remove --seed")

    def _send(self, path: Path, file: BufferedReader) -> UploadedFile:
        body = {"purpose": "fine-tune", "file_name": path.name, "file_type": "jsonl"}
        kind = {"Content-Type": "multipart/form-data"}
        reply = self._client.post(
            "/files/upload",
            body=body,
            files=[("file", (path.name, file))],
            cast_to=object,
            options={"headers": kind, "timeout": LONG_TIMEOUT_SECONDS},
        )
        return file_of({**reply_values(reply), "status": None})

    @override
    def request(self, settings: Settings, training_file: str, validation_file: str | None) -> dict[str, Any]:
        named = dict(settings.hyperparameters)
        method: dict[str, Any] = {"method": METHODS[settings.method]}
        if "beta" in named:
            method["dpo_beta"] = named.pop("beta")
        body = {"model": settings.model, "training_file": training_file, "training_method": method, **named}
        optional = {"validation_file": validation_file, "suffix": settings.suffix or None}
        return body | {name: value for name, value in optional.items() if value is not None}

    @override
    def job_of(self, value: dict[str, Any]) -> Job:
        return job_of(
            {
                **value,
                "fine_tuned_model": value.get("model_output_name"),
                "trained_tokens": value.get("token_count") or None,
                "finished_at": value.get("completed_at"),
                "validation_file": value.get("validation_file") or None,
                "events": None,
            }
        )

    def cancel(self, job_id: str) -> Job:
        """Cancel a job."""
        with self._translated_errors():
            return self.job_of(
                {"id": job_id, **reply_values(self._client.post(f"{self.jobs_path}/{job_id}/cancel", cast_to=object))}
            )

    def events(self, job_id: str, after: str | None) -> EventPage:  # noqa: ARG002
        """All events of a job, in one page."""
        with self._translated_errors():
            return EventPage([_event(value) for value in self._all_events(job_id)], more=False)

    def checkpoints(self, job_id: str) -> list[dict[str, Any]]:
        """The checkpoints of a job."""
        with self._translated_errors():
            return [value for value in self._all_events(job_id) if value.get("checkpoint_path")]

    def _all_events(self, job_id: str) -> list[dict[str, Any]]:
        return objects_of_page(self._get(f"{self.jobs_path}/{job_id}/events"))


def _event(value: dict[str, Any]) -> JobEvent:
    """Parse an event; the numbers beside its message become its data."""
    data = {name: value[name] for name in ("step", "total_steps") if value.get(name)}
    return event_of({**value, "level": str(value.get("level") or "info").lower(), "data": data or None})


SERVICE: Final = Service(
    Target.TOGETHER,
    "Together",
    address="https://api.together.ai/v1",
    endpoint=TogetherEndpoint,
    epochs=1,
    prices=(
        Price("", 0.48, "million tokens", PRICES, ("supervised",), billions=16),
        Price("", 1.5, "million tokens", PRICES, ("supervised",), billions=69),
        Price("", 2.9, "million tokens", PRICES, ("supervised",), billions=100),
        Price("", 1.2, "million tokens", PRICES, ("dpo",), billions=16),
        Price("", 3.75, "million tokens", PRICES, ("dpo",), billions=69),
        Price("", 7.25, "million tokens", PRICES, ("dpo",), billions=100),
    ),
)
