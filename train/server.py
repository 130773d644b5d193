"""An OpenAI-compatible endpoint that models are asked at: where it is, its key, what the user allows, and the system
message that a model of a service was trained with.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from curate.conflicts.judges.verdict_cache import Work
from curate.core.errors import CurateError, UsageError
from curate.core.limits import read_regular
from curate.core.targets import KEYS, Target
from curate.core.text import visible
from curate.network.chat_endpoint import ChatEndpoint, Completion, plain_json
from curate.network.egress import Consent, address_of, key_for
from curate.project.runs import Project
from curate.read.dataset import read_dataset
from curate.remote.endpoint import ServiceAddress, ServiceClient
from curate.remote.fetch import RECORD_FILE, Record
from curate.remote.journal import FileSent, JobJournal, JobStarted
from curate.remote.services import ANY_KEY_VARIABLE, SERVICE
from curate.storage.files import path_of, sha256
from train.data.system_message import shared_system

HOSTED_PREFIX: Final = "ft:"
"""Names of models that OpenAI has fine-tuned begin with it."""
TIMEOUT_SECONDS: Final = 600
"""For one answer: a server on a laptop takes its time."""
Price = tuple[float, float]
"""US dollars for a million tokens in, and out."""


@dataclass(frozen=True, slots=True)
class Server:
    """An endpoint, and what the user allows."""

    address: str
    consent: Consent
    tell: Callable[[Work], None] | None = None
    """Is told how much is about to be asked."""
    key: str | None = None
    """Environment variable with its key."""
    price: Price | None = None

    def endpoint(self, model: str) -> ChatEndpoint:
        """The client that asks a model at this address."""
        own = f", or set {KEYS[Target.OPENAI].variable}" if self.address == SERVICE[Target.OPENAI].address else ""
        hint = f"name the variable with its key by --key, or set {ANY_KEY_VARIABLE}{own}"
        feature = "asking a model behind an endpoint"
        return ChatEndpoint(
            self.address, model, self.key, ANY_KEY_VARIABLE, hint, feature=feature, seconds=TIMEOUT_SECONDS
        )


def server_of(
    base_url: str | None,
    names: Sequence[str | None],
    consent: Consent,
    tell: Callable[[Work], None] | None = None,
    *,
    key: str | None,
    price: str | None = None,
) -> Server | None:
    """The server at an address; OpenAI's for models whose names begin with `ft:`; None for models on this machine.

    `names`: the models to ask, or None; `consent`, `tell`, `key`: see `Server`; `price`: US dollars for a million
    tokens in and out, as `IN,OUT`. Raises `UsageError`.
    """
    if base_url is None and not any(name is not None and name.startswith(HOSTED_PREFIX) for name in names):
        if key is not None or price is not None:
            raise UsageError("--key and --price have no effect without --base-url", "name its address with --base-url")
        return None
    address = SERVICE[Target.OPENAI].address if base_url is None else address_of(base_url, "--base-url")
    return Server(address, consent, tell, key, None if price is None else _price(price))


def _price(text: str) -> Price:
    """US dollars for a million tokens in and out, from `IN,OUT`. Raises `UsageError`."""
    try:
        into, out = (float(part) for part in text.split(","))
    except ValueError:
        into = out = -1.0
    if not (0 <= into < float("inf") and 0 <= out < float("inf")):
        raise UsageError(
            f"--price {text}: not two prices", "give US dollars for a million tokens in and out: --price 0.4,1.6"
        )
    return into, out


@dataclass(frozen=True, slots=True)
class ServedChat:
    """A model at a server, to chat with."""

    server: Server
    model: str
    seed: int = 0
    system: str | None = None
    """The system message of the training, where it is known."""

    @property
    def title(self) -> str:
        """The model and its address."""
        return f"{self.model} at {self.server.address}"

    def limit(self, turns: list[dict[str, Any]], most: int) -> int:  # noqa: ARG002
        """The most tokens of an answer: `most`, because the server knows its context."""
        return most

    def reply(
        self, turns: list[dict[str, Any]], show: Callable[[str], None], *, max_new_tokens: int, temperature: float
    ) -> Completion:
        """The answer to the last turn; `show` gets its pieces, escaped for a terminal. Ctrl-C stops it."""
        request = {"messages": plain_json(turns), "max_tokens": max_new_tokens, "temperature": temperature}
        if temperature:
            request["seed"] = self.seed
        endpoint = self.server.endpoint(self.model)
        return endpoint.stream(request, lambda piece: show(visible(piece, keep_newlines=True)))


def trained_system(server: Server, model: str, tell: Callable[[str], None]) -> str | None:
    """The system message that all training examples of a model share; None where it is not known.

    The service is asked for jobs whose results were not fetched. `tell` gets a note where the training file is gone or
    changed.
    """
    journal = JobJournal(Project(Path.cwd()).remote)
    started = [entry for entry in reversed(journal.all_started()) if entry.address == server.address]
    job = next((entry for entry in started if _model_of(journal, server, entry) == model), None)
    order = None if job is None else journal.order_of(job.job)
    if order is None:
        return None
    sent = [
        entry for entry in journal.entries() if isinstance(entry, FileSent) and entry.file_id == order.training_file
    ]
    for entry in reversed(sent):
        path = path_of(entry.path)
        with suppress(OSError, CurateError):
            if sha256(path) == order.training_sha256:
                return shared_system(line.example for line in read_dataset([path]).lines if line.example is not None)
    tell(f"note: the training file of {visible(model)} is gone or changed: ask with its system message by --system")
    return None


def _model_of(journal: JobJournal, server: Server, started: JobStarted) -> str | None:
    """The name of the model of a job, from its fetched record or the service; None if neither has it."""
    with suppress(OSError, ValueError, CurateError):
        record = Record.model_validate_json(read_regular(journal.job_folder(started.job) / RECORD_FILE))
        return record.job.fine_tuned_model
    key = key_for(server.address, server.key, general=ANY_KEY_VARIABLE)
    with suppress(CurateError):
        place = ServiceAddress(SERVICE[started.target], server.address)
        with (place.service.endpoint or ServiceClient)(place, key or "") as endpoint:
            return endpoint.job(started.job).fine_tuned_model
    return None
