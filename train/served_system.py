"""The system message that a model of a service was trained with, for jobs that were started from this folder."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from curate.core.egress import key_for
from curate.core.errors import CurateError
from curate.core.files import path_of, sha256
from curate.core.limits import read_regular
from curate.core.runs import Project
from curate.core.text import visible
from curate.read.dataset import read_dataset
from curate.remote.endpoint import Endpoint, Place
from curate.remote.fetch import RECORD_FILE, Record
from curate.remote.journal import FileSent, JobStarted, Journal
from curate.remote.services import ANY_KEY_VARIABLE, SERVICE
from train.data.system_message import shared_system
from train.server import Server


def trained_system(server: Server, model: str, tell: Callable[[str], None]) -> str | None:
    """The system message that all training examples of a model share; None where it is not known.

    The service is asked for jobs whose results were not fetched. `tell` gets a note where the training file is gone or
    changed.
    """
    journal = Journal(Project(Path.cwd()).remote)
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


def _model_of(journal: Journal, server: Server, started: JobStarted) -> str | None:
    """The name of the model of a job, from its fetched record or the service; None if neither has it."""
    with suppress(OSError, ValueError, CurateError):
        record = Record.model_validate_json(read_regular(journal.job_folder(started.job) / RECORD_FILE))
        return record.job.fine_tuned_model
    key = key_for(server.address, server.key, general=ANY_KEY_VARIABLE)
    with suppress(CurateError):
        place = Place(SERVICE[started.target], server.address)
        with (place.service.endpoint or Endpoint)(place, key or "") as endpoint:
            return endpoint.job(started.job).fine_tuned_model
    return None
