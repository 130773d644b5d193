"""Check and compare for a review in a separate process, with results as events, so that the interface stays responsive.

Events contain places and ids. Conflicts are loaded from the project's last run, else searched for as `curate conflicts`
does, except that no judge is asked. A failed stage does not stop the others.
"""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import redirect_stderr, suppress
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final

from curate.conflicts.default_models import MODEL_KEYS, with_default_models
from curate.core.errors import CurateError
from curate.core.events import Event, StageAdvanced, advancing
from curate.core.example import Example, Place
from curate.core.lazy import np
from curate.core.text import plural
from curate.output.edited import decided_id
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from curate.review import events
from curate.review.entry import Cluster, ClusterMember, MultiConflict, PairConflict, PlacedAnswerGroup, PlacedExample
from curate.review.sources import ReviewSources

if TYPE_CHECKING:
    from curate.commands.dedup import DedupResult
    from curate.conflicts.conflict import Conflict, ConflictsResult
    from curate.conflicts.topics import Topic
    from curate.core.finding import Finding
    from curate.dedup.cluster_resolution import DuplicateRemoval
    from curate.review.events import ScanEvent

LoadConflicts = Callable[[Project, Callable[[Collection[str]], list[Example]]], "list[Conflict] | None"]
"""Loads the conflicts of an earlier run, given a reader of examples by id; None without such a run."""
MAX_CONFLICT_EXAMPLES: Final = 200_000
"""Maximum number of examples for the conflict search here, since it holds them in memory."""
MAX_MODEL_EXAMPLES: Final = 2_000
"""Maximum number of examples that models read here, which takes half a minute. The judgement that `curate conflicts`
kept is used for any number.
"""
MAX_OTHER_LINES: Final = 10_000
"""Maximum number of lines that do not count as examples about which can be decided as such."""
CLUSTERS_PER_EVENT: Final = 500
"""Clusters in one event: more would hold up keys."""


def scan(sources: ReviewSources, load_conflicts: LoadConflicts | None, notify: events.Notify) -> None:
    """Check the files and search for duplicates and conflicts; `notify` gets each result as an event, `Ended` last."""
    stages: tuple[tuple[str, Callable[[], object]], ...] = (
        ("journals", lambda: _report_journals(sources, notify)),
        ("check", lambda: _report_findings(sources, notify)),
        ("duplicates", lambda: _report_duplicates(sources, load_conflicts, notify)),
    )
    for name, stage in stages:
        try:
            stage()
        except CurateError as error:
            notify(events.StageFailed(name, error))
    notify(events.Ended())


def _report_journals(sources: ReviewSources, notify: events.Notify) -> None:
    """Notify of decisions about the files in journals above the project."""
    from curate.commands.session import journal_notes

    for note in journal_notes(sources.project, DecisionLog(sources.project.decisions), sources.files):
        notify(events.JournalNotApplied(note))


def _report_findings(sources: ReviewSources, notify: events.Notify) -> None:
    """Check the files, and notify of findings and progress."""
    # the rules take 0.2 s to load, here in the process that nobody waits for
    from curate.commands.check import check
    from curate.commands.session import Session, Workspace

    def on_findings(findings: "list[Finding]") -> None:
        notify(events.FindingsFound(findings))

    notify(StageAdvanced("check", 0, None, "lines"))
    work = Workspace(sources.project, sources.files, sources.config, Session(ignored="all can be reviewed"))
    report = check(work, advancing(notify, "check"), on_findings=on_findings)
    notify(events.Checked(report.lines, report.examples, report.suppressed, report.seconds))


def _report_duplicates(sources: ReviewSources, load_conflicts: LoadConflicts | None, notify: events.Notify) -> None:
    """Search for duplicates, then for conflicts among the kept examples, and notify of both."""
    from curate.commands.dedup import dedup
    from curate.commands.session import Session, Workspace

    def listen(event: Event) -> None:
        done = event.done if isinstance(event, StageAdvanced) else 0
        notify(StageAdvanced("duplicates", done, None, "lines"))

    config = sources.config.dedup
    if config.keep == "manual":  # only a person's decision removes these, so they must be shown here
        config = config.model_copy(update={"keep": "longest"})
    check = sources.config.check.model_copy(update={"drop": ()})  # what would be dropped can be reviewed, too
    scan_config = sources.config.model_copy(update={"dedup": config, "check": check})
    session = Session(ignored="all can be reviewed", cached=False, listen=listen)
    result = dedup(Workspace(sources.project, sources.files, scan_config, session))
    _notify_ids(result, notify)
    clusters = [*pairs_of([*result.apart, *result.same_words]), *clusters_of(result.duplicates)]
    for start in range(0, max(len(clusters), 1), CLUSTERS_PER_EVENT):
        end = start + CLUSTERS_PER_EVENT
        notify(events.DuplicatesFound(clusters[start:end], more=end < len(clusters)))
    del clusters
    try:
        _report_conflicts(sources, load_conflicts, result, notify)
    except CurateError as error:
        notify(events.StageFailed("conflicts", error))


def _notify_ids(result: "DedupResult", notify: events.Notify) -> None:
    """Notify, for each file, of the ids of its lines and where they are."""
    from curate.corpus.corpus import LineReader

    table, reader = result.table, LineReader()
    others = np.setdiff1d(np.arange(len(table.starts)), table.lines)[:MAX_OTHER_LINES]
    parsed = [reader.line(table.line_ref(line)) for line in others.tolist()]
    ids = np.frombuffer(b"".join(bytes.fromhex(decided_id(line)) for line in parsed), ">u8").reshape(-1, 2)
    unread = np.array([line.example is None for line in parsed], np.bool_)
    every = np.concatenate([table.lines, others])
    order = np.argsort(every)
    every, ids = every[order], np.concatenate([table.ids, ids.astype(np.uint64)])[order]
    is_unread = np.concatenate([np.zeros(len(table.lines), np.bool_), unread])[order]
    for number, source in enumerate(table.sources):
        first, last = int(table.first[number]), int(table.first[number + 1])
        in_file = (every >= first) & (every < last)
        lines = every[in_file]
        none = np.empty(0, np.int64)
        starts, positions = (none, lines - first) if source.document else (table.starts[lines], none)
        flags = np.flatnonzero(is_unread[in_file])
        notify(events.ExamplesKnown(source.name, starts, positions, ids[in_file], flags))


def clusters_of(duplicates: "Sequence[DuplicateRemoval]") -> list[Cluster]:
    """Duplicates grouped by kept example, clusters with the least similar member first."""
    gathered: dict[PlacedExample, list[ClusterMember]] = {}
    for removal in duplicates:
        gathered.setdefault(PlacedExample(removal.kept_place, removal.kept), []).append(
            ClusterMember(PlacedExample(removal.place, removal.example), removal.code, removal.similarity)
        )
    clusters = [
        Cluster(kept_side, tuple(sorted(members, key=lambda member: member.similarity)))
        for kept_side, members in gathered.items()
    ]
    return sorted(clusters, key=lambda cluster: (cluster.members[0].similarity, cluster.kept.place))


def pairs_of(removals: "Sequence[DuplicateRemoval]") -> list[Cluster]:
    """Pairs of which both are kept, most similar first: near-duplicates that differ in a fact, and equal content words.

    Pairs with a high similarity are the most likely mistakes.
    """
    ordered = sorted(removals, key=lambda removal: (-removal.similarity, removal.kept, removal.example))
    return [
        Cluster(
            PlacedExample(removal.kept_place, removal.kept),
            (ClusterMember(PlacedExample(removal.place, removal.example), removal.code, removal.similarity),),
            apart=True,
        )
        for removal in ordered
    ]


def _report_conflicts(
    sources: ReviewSources, load_conflicts: LoadConflicts | None, result: "DedupResult", notify: events.Notify
) -> None:
    """Notify of the conflicts of the last run, or search for conflicts if there was none."""
    table = result.table
    count = len(table.lines)
    notify(StageAdvanced("conflicts", 0, count, "examples"))

    def read(ids: Collection[str]) -> list[Example]:
        """The kept examples with these ids."""
        rows = [row for row in range(count) if table.id(row) in ids]
        places = [table.place(int(table.lines[row])) for row in rows]
        examples = result.examples(places)
        return [examples[place] for place in places]

    loaded = load_conflicts(sources.project, read) if load_conflicts else None
    if loaded is not None:
        notify(events.ConflictsFound([pair_conflict_of(conflict) for conflict in loaded]))
        return
    if count > MAX_CONFLICT_EXAMPLES:
        note = (
            f"conflicts were not searched among {plural(count, 'example')}; `curate run` searches them with models "
            "and shows them here"
        )
        notify(events.ConflictsFound([], notes=[note]))
        return
    report = _search_conflicts(sources, notify)
    notify(
        events.ConflictsFound(
            [pair_conflict_of(conflict) for conflict in report.conflicts],
            [multi_conflict_of(topic) for topic in report.topics],
            report.notes,
        )
    )


def _search_conflicts(sources: ReviewSources, notify: events.Notify) -> "ConflictsResult":
    """The conflicts among all examples. Models compare questions in other words unless there are many examples, and a
    model that cannot be used is named in the notes.
    """
    from curate.conflicts.conflict import EQUAL_ALONE, find_conflicts, is_judged
    from curate.read.dataset import read_dataset

    examples, cache = read_dataset(sources.files).examples, sources.project.cache
    config = sources.config.conflicts.model_copy(update={"judge": ""})
    why = ""
    try:
        if len(examples) <= MAX_MODEL_EXAMPLES or is_judged(examples, config, cache):
            report = find_conflicts(examples, config, cache, advancing(notify, "conflicts", text="texts"))
        else:
            why = f"{plural(len(examples), 'example')}; `curate conflicts` compares all, and this shows what it found"
    except CurateError as error:
        why = str(error)
    if why:
        report = find_conflicts(examples, config.model_copy(update=dict.fromkeys(MODEL_KEYS, "")))
    notes = [note for note in report.notes if not (why and note.startswith(EQUAL_ALONE))]
    if why:
        notes.insert(0, f"only equal questions were compared: {why}")
    if sources.config.conflicts.judge:
        notes.append("the judge was not asked: `curate conflicts` and `curate run` ask it")
    return replace(report, notes=notes)


def pair_conflict_of(conflict: "Conflict") -> PairConflict:
    """A conflict without texts."""
    left, right = _side(conflict.left), _side(conflict.right)
    sure = (conflict.similarity, conflict.evidence, conflict.confidence)
    return PairConflict(conflict.code, left, right, *sure, conflict.turns, conflict.id, conflict.same_question)


def multi_conflict_of(topic: "Topic") -> MultiConflict:
    """A topic without texts."""
    return MultiConflict(
        topic.request,
        tuple(
            PlacedAnswerGroup(tuple(_side(question.example) for question in group.answers), group.examples)
            for group in topic.groups
        ),
    )


def _side(example: Example) -> PlacedExample:
    """The id and the place of an example."""
    return PlacedExample(Place(*example.place), example.id)


class Scan:
    """A scan in a separate process, which ends with this one in any case."""

    def __init__(self, sources: ReviewSources, load_conflicts: LoadConflicts | None = None) -> None:
        """`load_conflicts`: a module-level function, since another process imports it."""
        conflicts = with_default_models(sources.config.conflicts)
        sources = sources._replace(config=sources.config.model_copy(update={"conflicts": conflicts}))
        context = get_context("spawn")  # a fork would hold the locks of this process's threads
        self._pipe, child_pipe = context.Pipe()
        self._process = context.Process(target=_serve, args=(child_pipe, sources, load_conflicts), name="curate-scan")
        with redirect_stderr(sys.__stderr__):  # a screen's replacement has no file descriptor to pass on
            self._process.start()
        child_pipe.close()

    def events(self) -> "Iterator[ScanEvent]":
        """The events as they arrive, the last one `Ended`. Raises the child's exception, `CurateError` if it died."""
        while True:
            try:
                fact = self._pipe.recv()
            except (EOFError, OSError):
                self._process.join(5)  # its pipe is closed before its status is known
                if self._process.exitcode in (None, 0) or self._stopped:
                    return
                raise CurateError(
                    "the checking process ended unexpectedly",
                    "memory may be exhausted; `curate check --workers 1` needs less",
                ) from None
            if isinstance(fact, BaseException):
                raise fact
            yield fact
            if isinstance(fact, events.Ended):
                return

    _stopped = False

    def stop(self) -> None:
        """Stop the process. It writes nothing, so nothing is lost."""
        self._stopped = True
        if self._process.is_alive():
            self._process.terminate()
        self._process.join(5)
        self._pipe.close()


def _serve(pipe: Connection, sources: ReviewSources, load_conflicts: LoadConflicts | None) -> None:
    """The child process: scan, and end with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _discard_output()
    threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()
    with suppress(AttributeError, OSError):  # not available on Windows
        os.nice(5)
    gc.freeze()
    try:
        scan(sources, load_conflicts, pipe.send)
    except (BrokenPipeError, ConnectionResetError):
        return
    except BaseException as error:  # noqa: BLE001
        with suppress(OSError):
            pipe.send(error)


def _discard_output() -> None:
    """Write nothing over the screen: neither this process, nor its workers, which inherit the descriptors."""
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    for descriptor in (1, 2):
        os.dup2(sys.stderr.fileno(), descriptor)


def _end_with_parent(pipe: Connection) -> None:
    """End with the parent: nothing is sent through the pipe, so its end means the end of the parent."""
    with suppress(EOFError, OSError):
        pipe.recv()
    os._exit(1)
