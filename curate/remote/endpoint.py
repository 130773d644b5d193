"""Requests to one service by the openai client, with retries. Errors name the next step; no message has a key."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, Self, TypeVar

from typing_extensions import override

from curate.core.errors import InputError, RemoteError
from curate.core.events import Advance
from curate.core.targets import KEYS, Target
from curate.core.text import excerpt
from curate.core.validation import parsed_json
from curate.network.chat_endpoint import NOT_JSON
from curate.network.egress import CREDIT_HINT, bound_variable, client_for, host_of, lacks_credit, redirect_error
from curate.remote.job import Job, JobEvent, UploadedFile, event_of, file_of, job_of
from curate.remote.settings import Price, Settings

TIMEOUT_SECONDS: Final = 60.0
LONG_TIMEOUT_SECONDS: Final = 600.0
"""Timeout of an upload and of the request that starts a job."""
PAGE_SIZE: Final = 100
NOT_FOUND: Final = (404, 410)
JOBS_PATH: Final = "/fine_tuning/jobs"
SECRET_KEYS: Final = re.compile(r"api_?key|wandb_key|signed_?url|secret|password|credential|api_token", re.IGNORECASE)
"""Keys of a reply that are not stored: API keys of others and signed URLs."""
Reply = TypeVar("Reply")


class EventPage(NamedTuple):
    """A page of a job's events, in the service's order; most list the latest first."""

    events: list[JobEvent]
    more: bool


class _Counted(BufferedReader):
    """A file that reports how many bytes were read; bytes that a retry reads again are not reported twice."""

    def __init__(self, path: Path, advance: Advance | None) -> None:
        super().__init__(FileIO(path))
        self._advance, self._told = advance, 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if self._advance is not None and (beyond := self.tell() - self._told) > 0:
            self._told += beyond
            self._advance(beyond)
        return data


@dataclass(frozen=True, slots=True)
class Service:
    """A service that trains models; `curate.core.targets.KEYS` has its key."""

    target: Target
    name: str
    """Its name in messages."""
    address: str = ""
    """Base URL of its API; empty if each customer has one."""
    endpoint: "type[ServiceClient] | None" = None
    """Client of its own API; None for an OpenAI-compatible one."""
    epochs: int | None = None
    """Default number of epochs; None: as `curate.corpus.stats.usual_epochs` gives."""
    prices: tuple[Price, ...] = ()
    """Price table; the first matching entry is used."""
    own: str = ""
    """Reason why no job can be started at the service; empty if jobs can be started."""
    example: str = ""
    """Example of an address, if each customer has one."""


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A service and its address."""

    service: Service
    """The service whose rules and prices apply."""
    address: str
    """Base URL of the API, without a slash at its end; empty if it was not needed."""
    named: bool = False
    """Whether the user gave the address on the command line; False: a configuration did."""

    @property
    def target(self) -> Target:
        """The target whose rules the data is checked against."""
        return self.service.target

    @property
    def host(self) -> str:
        """The host name, in lower case."""
        return host_of(self.address)

    @property
    def is_its_own(self) -> bool:
        """Whether the host belongs to the service, so that its key may be sent there."""
        return bound_variable(self.address) == KEYS[self.target].variable


class ServiceClient:
    """The client of a service. Raises `MissingExtra` without the openai package; all methods raise `RemoteError`."""

    def __init__(self, place: ServiceAddress, key: str) -> None:
        self.place = place
        self._key = key
        self._client = client_for(place.address, key, seconds=TIMEOUT_SECONDS, feature="speaking to a service")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _reply_unless(self, statuses: Collection[int], ask: Callable[[], Reply]) -> Reply | None:
        """The reply that `ask` returns; None if the service answers with one of these HTTP statuses. Raises
        `RemoteError`.
        """
        try:
            with self._translated_errors():
                return ask()
        except RemoteError as error:
            if error.status in statuses:
                return None
            raise

    def upload(self, path: Path, advance: Advance | None = None) -> UploadedFile:
        """Upload a file to train on; `advance` is called with the number of bytes sent."""
        try:
            file = _Counted(path, advance)
        except OSError as error:
            raise InputError.of(path, error) from error
        with file, self._translated_errors():
            return self._send(path, file)

    def _send(self, path: Path, file: BufferedReader) -> UploadedFile:
        """Upload an open file, and return its record. Raises errors of the client."""
        return file_of(
            reply_values(
                self._client.files.create(file=(path.name, file), purpose="fine-tune", timeout=LONG_TIMEOUT_SECONDS)
            )
        )

    def _file(self, file_id: str) -> UploadedFile:
        """The record of a file. Raises errors of the client."""
        return file_of(reply_values(self._client.files.retrieve(file_id)))

    def _delete(self, file_id: str) -> None:
        """Delete a file. Raises errors of the client."""
        self._client.files.with_raw_response.delete(file_id)  # the body of the response is ignored

    def require_takes(self, settings: Settings) -> None:
        """Raise `UsageError` for settings that the service is known not to support."""

    def file(self, file_id: str) -> UploadedFile | None:
        """The record of an uploaded file; None if the service no longer has it."""
        return self._reply_unless(NOT_FOUND, lambda: self._file(file_id))

    def delete(self, file_id: str) -> None:
        """Delete a file, if the service still has it."""
        self._reply_unless(NOT_FOUND, lambda: self._delete(file_id))

    def jobs_on(self, training_file: str) -> list[Job]:
        """The latest jobs on a training file."""
        jobs: list[Job] = []
        after: dict[str, str] = {}
        with self._translated_errors():
            while True:
                page = self._get(JOBS_PATH, limit=PAGE_SIZE, **after)
                values = objects_of_page(page)
                jobs += [job_of(value) for value in values if str(value.get("training_file")) == training_file]
                last = str(values[-1].get("id")) if values else ""
                if not page.get("has_more") or not last or last == after.get("after"):
                    return jobs
                after = {"after": last}

    def create(self, settings: Settings, training_file: str, validation_file: str | None) -> Job:
        """Start a job. There is no retry: a request without a reply may have started one."""
        client = self._client.with_options(max_retries=0, timeout=LONG_TIMEOUT_SECONDS)
        with self._translated_errors():
            return job_of(
                reply_values(client.fine_tuning.jobs.create(**settings.request(training_file, validation_file)))
            )

    def job(self, job_id: str) -> Job:
        """The state of a job."""
        with self._translated_errors():
            return job_of(reply_values(self._client.fine_tuning.jobs.retrieve(job_id)))

    def cancel(self, job_id: str) -> Job:
        """Cancel a job."""
        with self._translated_errors():
            return job_of(reply_values(self._client.fine_tuning.jobs.cancel(job_id)))

    def events(self, job_id: str, after: str | None) -> EventPage:
        """The page of events after an event, in the service's order; the first page for None."""
        with self._translated_errors():
            page = self._get(f"{JOBS_PATH}/{job_id}/events", limit=PAGE_SIZE, **({"after": after} if after else {}))
            return EventPage([event_of(value) for value in objects_of_page(page)], bool(page.get("has_more")))

    def checkpoints(self, job_id: str) -> list[dict[str, Any]]:
        """The checkpoints of a job; empty if the service has no such request."""
        path = f"{JOBS_PATH}/{job_id}/checkpoints"
        return self._reply_unless((400, 404, 405, 501), lambda: objects_of_page(self._get(path, limit=PAGE_SIZE))) or []

    def content(self, file_id: str) -> bytes | None:
        """The content of a result file; None if the service no longer has it."""
        return self._reply_unless(NOT_FOUND, lambda: self._client.files.content(file_id).content)

    def _get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """The reply to a GET request as plain values. Raises errors of the client, `RemoteError` for a reply that is no
        object.
        """
        return reply_values(self._client.get(path, cast_to=object, options={"params": parameters}))

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Convert errors of the client to `RemoteError` with the next step."""
        import openai

        try:
            yield
        except (ValueError, RecursionError) as error:  # from a reply that is not valid JSON
            hint = "run the command again later; completed work is kept"
            raise RemoteError(f"{self.place.host}: {NOT_JSON} ({error})", hint, passing=True) from None
        except openai.OpenAIError as error:
            status = error.status_code if isinstance(error, openai.APIStatusError) else None
            passing = not lacks_credit(error) and (
                isinstance(error, openai.APIConnectionError)
                or (status is not None and (status in (408, 409, 429) or status >= 500))
            )
            explained = excerpt(str(error).replace(self._key, "[key]"), 300), self._next_step(error)
            message, hint = redirect_error(error) or explained
            raise RemoteError(
                f"{self.place.host}: {message}", hint, status=status, passing=passing, wait=_seconds_to_wait(error)
            ) from None

    def _next_step(self, error: Exception) -> str:
        """What the user can do about an error of the client."""
        import openai

        if lacks_credit(error):
            return CREDIT_HINT
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return f"check the key for {self.place.host}, and that the account may fine-tune"
        if isinstance(error, openai.NotFoundError):
            return "check the id and the address, which usually ends in /v1"
        if isinstance(error, openai.APIConnectionError):
            return "check the address and the network, then run the command again; completed work is kept"
        if isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            return "change the value that the service names"
        return "run the command again later; completed work is kept"


class OwnEndpoint(ServiceClient, ABC):
    """A service with an API of its own, used by plain requests of the client."""

    jobs_path: ClassVar[str]
    jobs_query: ClassVar[str] = ""
    jobs_key: ClassVar[str] = "data"
    """Key of the jobs in a page of the list."""

    @abstractmethod
    def job_of(self, value: dict[str, Any]) -> Job:
        """Parse the service's record of a job."""

    @abstractmethod
    def request(self, settings: Settings, training_file: str, validation_file: str | None) -> dict[str, Any]:
        """The body of the request that starts a job."""

    @override
    def jobs_on(self, training_file: str) -> list[Job]:
        with self._translated_errors():
            jobs = map(self.job_of, objects_of_page(self._get(f"{self.jobs_path}{self.jobs_query}"), self.jobs_key))
            return [job for job in jobs if job.training_file == training_file]

    @override
    def create(self, settings: Settings, training_file: str, validation_file: str | None) -> Job:
        options: Any = {"max_retries": 0, "timeout": LONG_TIMEOUT_SECONDS}
        with self._translated_errors():
            body = self.request(settings, training_file, validation_file)
            return self.job_of(
                reply_values(self._client.post(self.jobs_path, body=body, cast_to=object, options=options))
            )

    @override
    def job(self, job_id: str) -> Job:
        with self._translated_errors():
            return self.job_of(self._get(f"{self.jobs_path}/{job_id}"))


def reply_values(reply: Any) -> dict[str, Any]:
    """A reply as plain values. Raises `RemoteError` if it is not a JSON object, but an HTML page for example."""
    value = reply.to_dict(mode="json", warnings=False) if hasattr(reply, "to_dict") else reply
    if not isinstance(value, dict):
        raise RemoteError(NOT_JSON, "check that the address is the base URL of an OpenAI-compatible API")
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")  # lone surrogates cannot be encoded
    values: dict[str, Any] = parsed_json(text, parse_constant=lambda _: None, object_hook=_without_keys)
    return values


def _without_keys(value: dict[str, Any]) -> dict[str, Any]:
    """An object without credentials: records of jobs hold API keys of other services and signed URLs."""
    return {name: inner for name, inner in value.items() if not SECRET_KEYS.search(name)}


def objects_of_page(page: dict[str, Any], key: str = "data") -> list[dict[str, Any]]:
    """The objects of the list under `key` in a page; empty without such a list."""
    values = page.get(key)
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _seconds_to_wait(error: Exception) -> float | None:
    """The seconds that the reply in an error asks to wait; None if it names none."""
    response = getattr(error, "response", None)
    try:
        return max(0.0, float(response.headers["retry-after"])) if response is not None else None
    except (KeyError, ValueError):
        return None
