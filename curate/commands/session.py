"""What every command gets from its caller besides the data and its options, and the project that the data belongs to.

The command line, the functions of `curate.api` and the review open data with `Session.open` and pass the `Workspace`
to the function of the command, so that each gets the same configuration, rules and decisions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from curate.core.config import SUPPRESSIONS, Config
from curate.core.decision import DecisionState
from curate.core.errors import CurateError
from curate.core.events import Listener, StageFinished, StageStarted, ignore_events
from curate.core.finding import Finding
from curate.core.text import plural
from curate.core.verb_options import NOTHING_GIVEN, Given, tables_of, with_given
from curate.lint.project_check import ProjectRules, check_project
from curate.network.egress import NO_CONSENT, Consent
from curate.parallel.cluster import LOCAL, Executor
from curate.parallel.worker_pool import cores
from curate.project.config_files import config_file, find_config, shown_path
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project, project_of
from curate.read.file_parts import is_parallel
from curate.storage.data_files import LeftOut
from curate.storage.files import display_name, size_of, warn
from curate.storage.paths import from_here

MAX_COUNTED_BYTES: Final = 50_000_000
"""Maximum size of data whose examples are read to count the decisions about them, which takes a second."""


def _ignore_note(note: str) -> None:
    """Do nothing: the default for notes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """How a command runs: consent, executor and resources, and the callbacks for events and notes."""

    consent: Consent = NO_CONSENT
    """Consent to send data; with `yes`, also to settings of the configuration that need it and to large removals."""
    ignored: str = ""
    """Why the decisions of the review are not applied; empty: they are."""
    where: str = ""
    """The expression that selects examples; empty: all (see `curate.commands.query`)."""
    executor: Executor = LOCAL
    workers: int = 1
    """Processes to check a large file with."""
    memory: int | None = None
    """Bytes of memory that a command may use; None: no limit."""
    configuration: Path | None = None
    """The file that --config names; None: that of the project of the data."""
    left_out: LeftOut | None = None
    """What is left out of folders of data; see `data_files`."""
    cached: bool = True
    """Whether the caches of the project are read and written."""
    listen: Listener = ignore_events
    note: Callable[[str], None] = _ignore_note
    """Shows a note about the configuration and the decisions."""
    tell_skipped: Callable[[str], None] = warn
    """Shows a note about a file that is not read, such as a journal."""

    def open(self, files: Sequence[Path], given: Given = NOTHING_GIVEN, **used: Mapping[str, Any]) -> "Workspace":
        """The project of data files, with the options that are `given`; `used`: other tables of the configuration that
        the command uses, with the values of their options (see `curate.project.config_files.find_config`).

        Raises `UsageError`, also for a setting of the configuration that needs consent if there is none, `ConfigError`.
        """
        project = self.project_of(files)
        path = config_file(project.folder, self.configuration)
        if path is not None and self.configuration is None and path.parent != Path.cwd():
            self.note(f"the configuration is {display_name(shown_path(path))}")
        agreed = replace(self.consent, ask=None)  # settings are agreed to by an option only
        config = find_config(project.folder, agreed, self.configuration, **{**tables_of(given), **used})
        return Workspace(project, files, with_given(config, given), self, given)

    def open_plain(self, files: Sequence[Path]) -> "Workspace":
        """The project of data files, without its configuration: for commands that have no settings there. Raises
        `UsageError`.
        """
        return Workspace(self.project_of(files), files, Config.model_construct(), self)

    def project_of(self, files: Sequence[Path]) -> Project:
        """The project of data files. Raises `UsageError`."""
        return project_of(files, self.configuration)

    def cache_of(self, project: Project) -> Path | None:
        """Where intermediate results about the data of a project are kept; None if they are not."""
        return project.cache if self.cached else None

    def decisions_in(self, project: Project, files: Sequence[Path]) -> dict[str, DecisionState]:
        """The decisions that apply to the data of a project, by example; a note reports what is applied or ignored."""
        log = DecisionLog(project.decisions)
        for note in () if self.ignored else journal_notes(project, log, files):
            self.tell_skipped(note)
        for note in (*log.notes, *(() if self.ignored else log.contest_notes())):
            self.note(note)
        decisions = log.verdicts()
        if not decisions:
            return {}
        from curate.output.edited import decision_counts, with_edited  # not needed without decisions

        applied = f"in {display_name(from_here(log.path))}, applied to unchanged examples"
        self.note(f"{decision_counts(decisions)} {f'ignored ({self.ignored})' if self.ignored else applied}")
        return {} if self.ignored else with_edited(decisions)


@dataclass(frozen=True)
class Workspace:
    """Data files and the project that they belong to."""

    project: Project
    files: Sequence[Path]
    config: Config
    """The configuration of the project, with the options that are given."""
    session: Session = field(default_factory=Session)
    given: Given = field(default_factory=dict)

    @cached_property
    def rules(self) -> ProjectRules:
        """The rules of the project. Raises `ConfigError` for an invalid suppression."""
        return ProjectRules.of(self.project.folder, self.config)

    @cached_property
    def decisions(self) -> dict[str, DecisionState]:
        """The decisions of the review in effect, by example."""
        return self.session.decisions_in(self.project, self.files)

    @property
    def cache(self) -> Path | None:
        """Where intermediate results are kept; None if they are not."""
        return self.session.cache_of(self.project)

    @property
    def chunk_cache(self) -> Path | None:
        """Where the results of chunks are cached: of large files, because small ones are read as fast, and of all files
        on a cluster. None if they are not.
        """
        return self.cache if self.session.executor.remote or is_parallel(self.files) else None

    def findings_in(
        self, files: Sequence[Path], rules: ProjectRules, name_of: Callable[[Path], str] = display_name
    ) -> list[Finding]:
        """The unsuppressed findings of rules in files of the project, by all cores. Raises as `check_paths` does."""
        session = self.session
        session.listen(StageStarted("check"))
        report = check_project(
            files, rules, name_of=name_of, workers=cores(), executor=session.executor, cache=self.chunk_cache
        )
        session.listen(StageFinished("check", False, plural(len(report.findings), "finding")))
        self.tell_suppressions(report.findings)
        return report.findings

    def tell_suppressions(self, findings: Sequence[Finding]) -> None:
        """Tell of each file of suppressions above the project that lists some of its findings."""
        for note in suppression_notes(self.project, findings):
            self.session.tell_skipped(note)

    def named(self, table: str, key: str) -> Any:
        """The value of an option that the user gave on the command line; None if it was not given."""
        return self.given.get(table, {}).get(key)


def suppression_notes(project: Project, findings: Sequence[Finding]) -> Iterator[str]:
    """A note for each file of suppressions above a project that lists some of its `findings`, or that cannot be read: a
    configuration written below such a file starts a new project.
    """
    for path in project.suppressions_above:
        from curate.lint.suppressions import load_suppressions  # only where there are some

        shown, folder = (display_name(shown_path(place)) for place in (path, project.folder))
        try:
            listed = {(entry.code, entry.example) for _, entry in load_suppressions(path.parent).lines}
        except CurateError as error:
            yield f"suppressions in {shown} are not applied: {error.message}"
            continue
        if number := len(listed & {(finding.code, finding.example) for finding in findings}):
            yield (
                f"{plural(number, 'suppression')} in {shown} {'is' if number == 1 else 'are'} not applied, since "
                f"{'this folder' if folder == '.' else folder} is a project of its own; copy the lines about its "
                f"files to {display_name(shown_path(project.folder / SUPPRESSIONS))}"
            )


def journal_notes(project: Project, log: DecisionLog, files: Sequence[Path]) -> Iterator[str]:
    """A note for each journal above a project with decisions about examples of its `files` that `log`, the journal of
    the project, lacks, or that cannot be read: a configuration written below a journal starts a new project.

    The decisions about other files count, too, if the files are large or can be read only once.
    """
    examples: set[str] | None = None
    for path in project.journals_above:
        shown, folder = (display_name(shown_path(place)) for place in (path, project.folder))
        try:
            above = DecisionLog(path)
        except CurateError as error:
            yield f"decisions in {shown} are not applied: {error.message}"
            continue
        if above.unreadable:
            lines = ", ".join(map(str, above.unreadable[:5]))
            yield f"{shown}: line {lines} is not a valid decision, and may be one about these files; fix or remove it"
        try:
            missing = {decision.example for decision in log.missing_decisions(above)} & above.verdicts().keys()
            if missing and examples is None and _is_countable(files):
                examples = _examples_in(files)
        except CurateError:  # the command reports files that cannot be read
            continue
        if number := len(missing if examples is None else missing & examples):
            about = "" if examples is None else " about these files"
            yield (
                f"{plural(number, 'decision')}{about} in {shown} {'is' if number == 1 else 'are'} not applied, since "
                f"{'this folder' if folder == '.' else folder} is a project of its own; "
                f"`curate review PATH --merge {shown}` adds {'it' if number == 1 else 'them'}"
            )


def _is_countable(files: Sequence[Path]) -> bool:
    """Whether the examples of files are read to count the decisions about them."""
    return all(path.is_file() for path in files) and size_of(files) <= MAX_COUNTED_BYTES


def _examples_in(files: Sequence[Path]) -> set[str]:
    """The ids of all lines of files in decisions. Raises `InputError`."""
    from curate.output.edited import decided_id  # as above
    from curate.read.dataset import FileFacts, read_file

    return {
        decided_id(parsed) for path in files for parsed in read_file(path, FileFacts(str(path))) if not parsed.blank
    }
