"""One service, spoken to by the openai client: each request with its retries, each error with the next step, no key in
any message.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, Self

from typing_extensions import override

from curate.core.chat_endpoint import NOT_JSON
from curate.core.egress import bound_variable, client_for, host_of, redirect_error
from curate.core.errors import InputError, RemoteError
from curate.core.targets import KEYS, Target
from curate.core.text import excerpt
from curate.core.validation import parsed_json
from curate.remote.job import Job, JobEvent, UploadedFile, event_of, file_of, job_of
from curate.remote.prices import Price
from curate.remote.settings import Settings

RETRIES: Final = 5
"""Of a request that was refused for its rate, or for a fault of the server; the client waits longer each time, or as
long as it is told to.
"""
SECONDS: Final = 60.0
"""Longest wait for a reply."""
LONG_SECONDS: Final = 600.0
"""Longest wait for the reply to a file or an order: neither shall be given up while it is still being dealt with."""
PAGE: Final = 100
JOBS: Final = "/fine_tuning/jobs"
TOLD_KEYS: Final = re.compile(r"api_?key|wandb_key|signed_?url|secret|password|credential|api_token", re.IGNORECASE)
"""Names of what is not kept of a reply."""
Progress = Callable[[int], None]


class EventPage(NamedTuple):
    """A part of a job's events, in the service's order; most have the latest first."""

    events: list[JobEvent]
    more: bool


class _Counted(BufferedReader):
    """A file that tells how much of it was read; from its start again when it is sent again."""

    def __init__(self, path: Path, advance: Progress | None) -> None:
        super().__init__(FileIO(path))
        self._advance, self._told = advance, 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if self._advance is not None:
            beyond = self.tell() - self._told
            if beyond > 0:  # what is sent again is not told again
                self._told += beyond
                self._advance(beyond)
        return data


@dataclass(frozen=True, slots=True)
class Service:
    """One that trains models; `curate.core.targets.KEYS` has its key."""

    target: Target
    name: str
    """In texts."""
    address: str = ""
    """Base of its interface; empty: each customer has an address of their own."""
    endpoint: "type[Endpoint] | None" = None
    """How it is spoken to; None: in OpenAI's way."""
    epochs: int | None = None
    """Passes over the data where nobody says; None: so many as `curate.corpus.stats.usual_epochs` gives."""
    prices: tuple[Price, ...] = ()
    """The first that fits counts."""
    own: str = ""
    """Why jobs cannot be started there: what its own interface is."""
    example: str = ""
    """What an address looks like, where each customer has one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job is to run."""

    service: Service
    """Whose rules and prices count."""
    address: str
    """Base of the interface, without a slash at its end; empty where none was needed."""
    named: bool = False
    """Whether the user named the address itself, not a configuration."""

    @property
    def target(self) -> Target:
        """Who the data is meant for."""
        return self.service.target

    @property
    def host(self) -> str:
        """Name of the host, in lower case."""
        return host_of(self.address)

    @property
    def is_its_own(self) -> bool:
        """Whether the host is the service's, so that its key may be sent there."""
        return bound_variable(self.address) == KEYS[self.target].variable


class Endpoint:
    """A service that is spoken to. Raises `MissingExtra` without the openai package; all its methods raise
    `RemoteError`.
    """

    def __init__(self, place: Place, key: str) -> None:
        self.place = place
        self._key = key
        self._client = client_for(place.address, key, retries=RETRIES, seconds=SECONDS, feature="speaking to a service")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def upload(self, path: Path, advance: Progress | None = None) -> UploadedFile:
        """Send a file to be trained on; `advance` is told the bytes that went out."""
        try:
            file = _Counted(path, advance)
        except OSError as error:
            raise InputError(
                f"{path}: cannot be read: {error.strerror}", "check the path and its permissions"
            ) from error
        with file, self._said():
            return self._send(path, file)

    def _send(self, path: Path, file: BufferedReader) -> UploadedFile:
        return file_of(
            plain(self._client.files.create(file=(path.name, file), purpose="fine-tune", timeout=LONG_SECONDS))
        )

    def _file(self, file_id: str) -> UploadedFile:
        return file_of(plain(self._client.files.retrieve(file_id)))

    def _delete(self, file_id: str) -> None:
        self._client.files.delete(file_id)

    def demand_takes(self, settings: Settings) -> None:
        """Raise `UsageError` for settings that the service is known not to have; what is not known is left to it."""

    def file(self, file_id: str) -> UploadedFile | None:
        """What the service says of a file; None where it has it no more."""
        try:
            with self._said():
                return self._file(file_id)
        except RemoteError as error:
            if error.status in (404, 410):
                return None
            raise

    def delete(self, file_id: str) -> None:
        """Delete a file; one that is gone already is no error."""
        try:
            with self._said():
                self._delete(file_id)
        except RemoteError as error:
            if error.status not in (404, 410):
                raise

    def jobs_on(self, training_file: str) -> list[Job]:
        """The latest jobs that train on a file."""
        with self._said():
            page = self._get(JOBS, limit=PAGE)
            return [job for job in map(job_of, listed(page)) if job.training_file == training_file]

    def create(self, settings: Settings, training_file: str, validation_file: str | None) -> Job:
        """Start a job. It is asked once: a request that may have been taken must not be made again before somebody
        looked.
        """
        client = self._client.with_options(max_retries=0, timeout=LONG_SECONDS)
        with self._said():
            return job_of(plain(client.fine_tuning.jobs.create(**settings.request(training_file, validation_file))))

    def job(self, job_id: str) -> Job:
        """How a job is."""
        with self._said():
            return job_of(plain(self._client.fine_tuning.jobs.retrieve(job_id)))

    def cancel(self, job_id: str) -> Job:
        """End a job."""
        with self._said():
            return job_of(plain(self._client.fine_tuning.jobs.cancel(job_id)))

    def events(self, job_id: str, after: str | None) -> EventPage:
        """The events that come after one in the service's order; from its start for None."""
        with self._said():
            page = self._get(f"{JOBS}/{job_id}/events", limit=PAGE, **({"after": after} if after else {}))
            return EventPage([event_of(value) for value in listed(page)], bool(page.get("has_more")))

    def checkpoints(self, job_id: str) -> list[dict[str, Any]]:
        """The states of the model that the service kept on the way; none where it keeps none."""
        try:
            with self._said():
                return listed(self._get(f"{JOBS}/{job_id}/checkpoints", limit=PAGE))
        except RemoteError as error:
            if error.status in (400, 404, 405, 501):
                return []
            raise

    def content(self, file_id: str) -> bytes | None:
        """The bytes of a file that the service made; None where it has it no more."""
        try:
            with self._said():
                return self._client.files.content(file_id).content
        except RemoteError as error:
            if error.status in (404, 410):
                return None
            raise

    def _get(self, path: str, **parameters: Any) -> dict[str, Any]:
        return plain(self._client.get(path, cast_to=object, options={"params": parameters}))

    @contextmanager
    def _said(self) -> Iterator[None]:
        """What the client raises, as an error with the next step."""
        import openai

        try:
            yield
        except (ValueError, RecursionError) as error:  # the client lets through what breaks in the bytes of a reply
            hint = "run the command again later; completed work is kept"
            raise RemoteError(f"{self.place.host}: {NOT_JSON} ({error})", hint, passing=True) from None
        except openai.OpenAIError as error:
            status = error.status_code if isinstance(error, openai.APIStatusError) else None
            quota = getattr(error, "code", None) == "insufficient_quota"
            passing = not quota and (
                isinstance(error, openai.APIConnectionError)
                or (status is not None and (status in (408, 409, 429) or status >= 500))
            )
            told = excerpt(str(error).replace(self._key, "[key]"), 300), self._next_step(error, quota=quota)
            message, hint = redirect_error(error) or told
            raise RemoteError(
                f"{self.place.host}: {message}", hint, status=status, passing=passing, wait=_asked_to_wait(error)
            ) from None

    def _next_step(self, error: Exception, *, quota: bool) -> str:
        import openai

        if quota:
            return "the account has no credit left: check its billing"
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return f"check the key for {self.place.host}, and that the account may fine-tune"
        if isinstance(error, openai.NotFoundError):
            return "check the id and the address, which usually ends in /v1"
        if isinstance(error, openai.APIConnectionError):
            return "check the address and the network, then run the command again; completed work is kept"
        if isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            return "change the value that the service names"
        return "run the command again later; completed work is kept"


class OwnEndpoint(Endpoint, ABC):
    """A service with an interface of its own, spoken to through the client's plain requests."""

    jobs_path: ClassVar[str]
    jobs_query: ClassVar[str] = ""
    jobs_key: ClassVar[str] = "data"
    """Where a page of the list of jobs has them."""

    @abstractmethod
    def job_of(self, value: dict[str, Any]) -> Job:
        """A job, as the service tells it."""

    @abstractmethod
    def request(self, settings: Settings, training_file: str, validation_file: str | None) -> dict[str, Any]:
        """The body of the request that starts a job."""

    @override
    def jobs_on(self, training_file: str) -> list[Job]:
        with self._said():
            jobs = map(self.job_of, listed(self._get(f"{self.jobs_path}{self.jobs_query}"), self.jobs_key))
            return [job for job in jobs if job.training_file == training_file]

    @override
    def create(self, settings: Settings, training_file: str, validation_file: str | None) -> Job:
        options: Any = {"max_retries": 0, "timeout": LONG_SECONDS}
        with self._said():
            body = self.request(settings, training_file, validation_file)
            return self.job_of(plain(self._client.post(self.jobs_path, body=body, cast_to=object, options=options)))

    @override
    def job(self, job_id: str) -> Job:
        with self._said():
            return self.job_of(self._get(f"{self.jobs_path}/{job_id}"))


def plain(found: Any) -> dict[str, Any]:
    """A reply as plain values. Raises `RemoteError` for one that is no JSON object: a page for people, say."""
    value = found.to_dict(mode="json") if hasattr(found, "to_dict") else found
    if not isinstance(value, dict):
        raise RemoteError(
            NOT_JSON,
            "check that the address is the base URL of an OpenAI-compatible API",
        )
    text = json.dumps(value, ensure_ascii=False).encode(
        "utf-8", "replace"
    )  # half a surrogate pair cannot be written down
    plain: dict[str, Any] = parsed_json(text, parse_constant=lambda _: None, object_hook=_without_keys)
    return plain


def _without_keys(value: dict[str, Any]) -> dict[str, Any]:
    """An object without what would open something: services tell keys of others, and signed addresses, along with a
    job.
    """
    return {name: inner for name, inner in value.items() if not TOLD_KEYS.search(name)}


def listed(page: dict[str, Any], key: str = "data") -> list[dict[str, Any]]:
    """The objects that a page of a list has."""
    found = page.get(key)
    return [value for value in found if isinstance(value, dict)] if isinstance(found, list) else []


def _asked_to_wait(error: Exception) -> float | None:
    response = getattr(error, "response", None)
    try:
        return max(0.0, float(response.headers["retry-after"])) if response is not None else None
    except (KeyError, ValueError):
        return None
