"""A service's records of files, jobs and events, parsed leniently: services agree on little more than names of keys."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.core.errors import RemoteError
from curate.core.example import content_id

STATE_NAMES: Final = {
    "canceled": "cancelled",
    "completed": "succeeded",
    "success": "succeeded",
    "error": "failed",
    "user_error": "failed",
    "expired": "failed",
}
"""States of other services, by OpenAI's names."""
SAFE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")
"""Ids that may name a folder."""
Time = Annotated[int, Field(ge=0, lt=253_402_300_800)]
"""Seconds since 1970, before the year 10,000."""
FINAL_STATES: Final = frozenset(("succeeded", "failed", "cancelled"))
MAX_NUMBER: Final = 1e300
"""Numbers of events up to this one are drawn and tabled."""


class ServiceRecord(BaseModel):
    """A record of a service; unknown keys are kept."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True, coerce_numbers_to_str=True)

    unread: list[str] = []
    """Names of fields with a value that is not as OpenAI has it; they count as not given."""


Kind = TypeVar("Kind", bound=ServiceRecord)


class UploadedFile(ServiceRecord):
    """A file at a service."""

    id: str
    bytes: int | None = None
    status: str | None = None
    """uploaded, processed or error; other services have other states."""
    status_details: str | None = None


class JobError(ServiceRecord):
    """Why a job failed."""

    code: str | None = None
    message: str | None = None
    param: str | None = None


class Job(ServiceRecord):
    """A training at a service."""

    id: Annotated[str, Field(pattern=rf"^{SAFE_ID.pattern}$")]
    status: str
    """validating_files, queued, running, succeeded, failed or cancelled; other services have other states."""
    model: str = ""
    created_at: Time | None = None
    estimated_finish: Time | None = None
    finished_at: Time | None = None
    told_at: Time | None = None
    """Time of this state, if the service reports it."""
    error: JobError | None = None
    fine_tuned_model: str | None = None
    trained_tokens: int | None = None
    """Billed tokens; known at the end."""
    training_file: str = ""
    validation_file: str | None = None
    result_files: list[str] = []

    @property
    def over(self) -> bool:
        """Whether the job has ended."""
        return self.status in FINAL_STATES or (self.finished_at or 0) > 0


class JobEvent(ServiceRecord):
    """An event of a job."""

    id: str
    created_at: Time | None = None
    level: str = "info"
    message: str = ""
    type: str | None = None
    """message or metrics."""
    data: dict[str, Any] | None = None
    """With metrics: step, train_loss and others."""

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers in its data."""
        return {
            name: value
            for name, value in (self.data or {}).items()
            if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER
        }


def file_of(value: Any) -> UploadedFile:
    """Parse the record of a file. Raises `RemoteError`."""
    return _parsed_record(UploadedFile, value)


def job_of(value: Any) -> Job:
    """Parse the record of a job. Raises `RemoteError`."""
    if isinstance(value, dict):
        status, error = str(value.get("status", "")).lower(), value.get("error") or None
        times = {
            name: _seconds(value.get(name)) for name in ("created_at", "estimated_finish", "finished_at", "told_at")
        }
        value = {
            **value,
            **times,
            "status": STATE_NAMES.get(status, status),
            "error": {"message": error} if isinstance(error, str) else error,
            "result_files": value.get("result_files") or [],
        }
    return _parsed_record(Job, value)


def event_of(value: Any) -> JobEvent:
    """Parse an event; one without an id gets a hash of its content. Raises `RemoteError`."""
    if isinstance(value, dict):
        value = {
            **value,
            "id": value.get("id") or f"made-{content_id(value)[:16]}",
            "created_at": _seconds(value.get("created_at")),
        }
        if not isinstance(value.get("data"), dict):
            value["data"] = None
    return _parsed_record(JobEvent, value)


def _seconds(value: Any) -> Any:
    """A date as seconds since 1970; other values unchanged."""
    if not isinstance(value, str):
        return int(value) if isinstance(value, float) else value
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())


def _parsed_record(kind: type[Kind], value: Any) -> Kind:
    """Parse a record without its invalid fields. Raises `RemoteError` if a required one is invalid or missing."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        odd = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
        if odd and not any(field.is_required() and name in odd for name, field in kind.model_fields.items()):
            unread = sorted(name for name in odd if value[name] is not None)
            valid = {name: item for name, item in value.items() if name not in odd}
            return kind.model_validate({**valid, "unread": unread})
        wrong = ", ".join(".".join(map(str, item["loc"])) or "the whole response" for item in error.errors()[:3])
        raise RemoteError(
            f"the response of the service is not a {kind.__name__}: {wrong}",
            "check that the address is the base URL of an OpenAI-compatible API",
        ) from None
