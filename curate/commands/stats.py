"""The statistics of a data set as a function."""

from curate.commands.check import require_model
from curate.commands.session import Workspace
from curate.core.events import Advance
from curate.core.verb_options import require_named_model
from curate.corpus.stats import Stats, collect
from curate.storage.scratch import TempStore


def stats(work: Workspace, progress: Advance | None = None) -> Stats:
    """The statistics of the data of a project as it is, without the decisions of the review; with `--where` of the
    lines that it selects. Raises as `collect` does, and `UsageError` for options of a model without one.
    """
    require_model(work)
    require_named_model("model", work.config.check.model, chat_template=work.named("check", "chat_template"))
    _ = work.decisions  # a note says that they are not applied
    check = work.config.check
    with TempStore() as copies:
        if work.session.where:
            from curate.commands.query import selected_copy  # loads the scores

            work = selected_copy(work, copies)
        return collect(
            work.files, check.model, progress, chat_template=check.chat_template,
            workers=work.session.workers, executor=work.session.executor, cache=work.chunk_cache,
        )  # fmt: skip
