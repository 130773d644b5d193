"""The stages of a run, one method each: what it is made from, what it does, and what it says of that."""

import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from curate.apply import Reason, demand_light, heavy_drops, leaves_by, leaving
from curate.check import check_paths
from curate.config import Config
from curate.decision import Decision, DecisionLog
from curate.dedup import EACH
from curate.detect.columns import making_for
from curate.detect.conflict import Conflict, ConflictReport, find_conflicts
from curate.detect.crew import Crew
from curate.detect.judges import judge_of
from curate.detect.loss import Loss
from curate.detect.sift import sift
from curate.detect.table import Reader, Table
from curate.detect.threads import cores
from curate.egress import NOBODY, Consent, address_of, is_address
from curate.errors import ConfigError, CurateError, DataError, UsageError
from curate.events import Listener, RunPlanned, StageAdvanced, StageFinished, StageStarted
from curate.example import Example
from curate.files import data_files, display_name
from curate.finding import Finding, Severity
from curate.manifest import Manifest, intact, key_of, read_manifest
from curate.models import fingerprint
from curate.paths import demand_apart
from curate.pipeline import store, training
from curate.pipeline.choice import STAGES, Choice, State
from curate.pipeline.splitting import Sources, copies_of, divided, is_big, read_sources
from curate.read.dataset import demand_understood
from curate.rules import RULES
from curate.runs import Project
from curate.snapshot import Snapshot
from curate.split.division import making_of
from curate.suppressions import load_suppressions, suppress
from curate.text import plural


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a whole run came to."""

    findings: list[Finding]
    conflicts: list[Conflict]
    not_understood: int
    """Lines of the data that hold no example that a reader understands; in the splits there are none of them."""
    undecided: int
    """Conflicts of which no side has been decided about; their examples are kept."""
    apart: int
    """Pairs of near-duplicates that differ in a fact; both are kept."""
    manifest: Manifest | None
    """None where no split was wanted."""
    manifest_sha256: str | None
    notes: list[str]
    stages: dict[str, State]
    training: dict[str, Any] | None
    """The report of the training; None when there is no recipe."""

    @property
    def written(self) -> Manifest:
        """The manifest of a run that came to its splits. Raises `UsageError` for another one."""
        if self.manifest is None:
            raise UsageError("this run ended before the splits", "run the stage split too")
        return self.manifest


class _WouldRunError(Exception):
    """In a dry run: the results of all stages from here on are not known."""


@dataclass
class Pipeline:
    """One run of a project's stages."""

    project: Project
    config: Config
    listen: Listener
    choice: Choice
    consent: Consent = NOBODY
    """Whether texts may be sent to a judge at an address."""
    judge_key: str | None = None
    """Environment variable that the user named for its key."""
    notes: list[str] = field(default_factory=list)
    stages: dict[str, State] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    apart: int = 0
    not_understood: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    manifest: Manifest | None = None
    digest: str | None = None
    trained: dict[str, Any] | None = None

    def run(self) -> RunResult:
        """Do what is wanted and not up to date. Raises `CurateError`."""
        self._preflight()
        work = {"check": self._check, "dedup": self._dedup, "conflicts": self._conflicts, "split": self._split, "train": self._train}
        names = [name for name in STAGES if name in work and (name != "train" or self.config.recipe)]
        self.listen(RunPlanned(tuple(name for name in names if self.choice.wants(name))))
        known = True
        for name in names:
            if not self.choice.wants(name):
                self.stages[name] = "skipped"
            elif known:
                try:
                    work[name]()
                except _WouldRunError:
                    known = False
            else:
                self.stages[name] = "would run"
        undecided = sum(1 for conflict in self.conflicts if conflict.left.id not in self.verdicts and conflict.right.id not in self.verdicts)
        return RunResult(
            self.findings, self.conflicts, self.not_understood, undecided, self.apart, self.manifest, self.digest, self.notes, self.stages, self.trained
        )

    def _preflight(self) -> None:
        """Everything that could stop the run late is looked at first: files, models, the recipe."""
        if not self.config.data:
            raise UsageError("the configuration names no data", 'write  data = ["data.jsonl"]  in curate.toml')
        demand_apart([*self.paths, *self.given], folder=self.output, named=self._named(*self.config.data, *self.config.split.existing))
        wanted = self.config.conflicts
        if is_address(wanted.judge):
            address_of(wanted.judge, "the judge")
        local = "" if is_address(wanted.judge) else wanted.judge
        named = (("embeddings", wanted.embeddings), ("nli", wanted.nli), ("judge", local), ("semantic", self.config.split.semantic))
        self.models = {name: fingerprint(model) for name, model in named if model}
        own = making_for(self.config.dedup)
        self.making = making_of(self.config)._replace(brief=self._compares_whole, keys=own.keys and self._compares_whole, keep=own.keep)
        if self.config.recipe and self.choice.wants("train"):
            self._look_at_recipe()

    def _look_at_recipe(self) -> None:
        """Only its data is looked at here; the trainer, a process of its own, reads the rest."""
        try:
            values = tomllib.loads(self.recipe.read_text(encoding="utf-8"))
        except OSError:
            raise UsageError(f"{self.recipe}: no such recipe", "write one, or take `recipe` out of the configuration") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self.recipe}: not valid TOML: {error}", "mend the line that is named") from None
        data = self.recipe.parent / str(values.get("data", ""))
        if data.resolve() != self.output.resolve():
            raise ConfigError(f"{self.recipe}: trains on {data}, not on this run's output {self.output}", f'write  data = "{self.config.output}"  there')

    @cached_property
    def paths(self) -> list[Path]:
        """The files of the configuration."""
        return data_files((self.project.folder / name for name in self.config.data), self.notes.append)

    @cached_property
    def given(self) -> list[Path]:
        """The files of a test set that stays as it is."""
        return data_files((self.project.folder / name for name in self.config.split.existing), self.notes.append) if self.config.split.existing else []

    def _named(self, *names: str) -> list[Path]:
        return [self.project.folder / name for name in names]

    def _name(self, path: Path) -> str:
        """The path as seen from the project's folder, so that results are the same wherever the command was started."""
        path = self._copies[1][path].path if path in self._copies[1] else path
        return display_name(path.relative_to(self.project.folder).as_posix() if path.is_relative_to(self.project.folder) else path)

    @cached_property
    def _copies(self) -> tuple[dict[Path, Path], dict[Path, Snapshot]]:
        """Copies of the files that have edited lines, by the file; and the files, by their copies."""
        return copies_of(self.project, self.paths, self.verdicts)

    @cached_property
    def sources(self) -> Sources:
        """What is read: the files, those with edited lines as their copies."""
        copies, origins = self._copies
        return Sources([copies.get(path, path) for path in self.paths], self.given, self._name, origins)

    @cached_property
    def recipe(self) -> Path:
        """What is trained by."""
        return self.project.folder / self.config.recipe

    @cached_property
    def output(self) -> Path:
        """Where the splits go."""
        return self.project.folder / self.config.output

    @cached_property
    def inputs(self) -> list[list[str]]:
        """Names and hashes of what is read."""
        return [[self._name(path), self.sources.seen[path].sha256] for path in self.sources.every]

    @cached_property
    def table(self) -> Table:
        """All lines of all files."""
        with Crew(cores(), processes=is_big(self.sources.every)) as crew:
            return read_sources(self.sources, self.making, crew)

    @property
    def _compares_whole(self) -> bool:
        """Whether duplicates are looked for in the texts that are compared when the data is divided."""
        return self.config.dedup.on == "conversation"

    @cached_property
    def leaves(self) -> dict[int, Reason]:
        """Why lines of the table leave, by what was found and decided before they are divided."""
        first = int(self.table.first[len(self.given)])
        found = leaving(self.table, errors=self._leaving, verdicts=self.verdicts, losses=self.losses, first=first)
        if not self.choice.yes:
            demand_light(heavy_drops(self.table, found, self.config.check, self.config.dedup, first))
        return found

    @property
    def _leaving(self) -> list[Finding]:
        """The findings for which lines leave."""
        return [finding for finding in self.findings if leaves_by(finding, self.config.check.drop)]

    @cached_property
    def verdicts(self) -> dict[str, Decision]:
        """What people decided, by example."""
        log = DecisionLog(self.project.decisions)
        self.notes.extend(log.notes)
        if contested := log.contested():
            self.notes.append(f"{plural(len(contested), 'example')} decided differently by several people, so by nobody: `curate review` shows them")
        return log.verdicts()

    def _stage(self, name: str, key: str, work: Callable[[], store.Result], summary: Callable[[store.Result], str]) -> store.Result:
        """The stage's result: the one on disk when its key fits and it is not wanted again, else a new one."""
        path = self.project.stage(name)
        result = store.load(path, key) if name not in self.choice.again else None
        reused = result is not None
        if result is None and self.choice.dry:
            self.stages[name] = "would run"
            raise _WouldRunError
        self.listen(StageStarted(name))
        if result is None:
            result = work()
            store.save(path, key, result)
        self.stages[name] = "unchanged" if reused else "done"
        self.listen(StageFinished(name, reused, summary(result)))
        return result

    def _advance(self, stage: str, total: int | None, text: str) -> Callable[[int], None]:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            self.listen(StageAdvanced(stage, done, total, text))

        return advance

    def _check(self) -> None:
        suppressions = load_suppressions(self.project.folder)
        files = self.sources.files

        def work() -> store.Result:
            report = check_paths(files, self.config.check, self._advance("check", None, "lines"), self._name, cores())
            suppress(report, suppressions, [self._name(path) for path in files])
            return {"findings": [finding.as_json() for finding in report.findings], "lines": report.lines, "not_understood": report.not_understood}

        def summary(result: store.Result) -> str:
            counts = {severity: sum(finding["severity"] == severity for finding in result["findings"]) for severity in Severity}
            found = ", ".join(plural(count, severity.value) for severity, count in counts.items() if count)
            return f"{plural(result['lines'] - result['not_understood'], 'example')} in {plural(result['lines'], 'line')}: {found or 'no findings'}"

        suppressed = [[entry.code, entry.example] for _, entry in suppressions.lines]
        key = key_of("check", "understood", self.inputs, self.config.check.model_dump(mode="json"), suppressed)
        result = self._stage("check", key, work, summary)
        self.findings = store.findings_of(result)
        errors = any(finding.severity is Severity.ERROR and finding.example for finding in self.findings)
        self.not_understood = result["not_understood"]
        demand_understood(result["lines"], result["lines"] - self.not_understood)
        if self.config.errors == "stop" and (errors or self.not_understood):
            raise DataError("the data has errors, and the configuration says to stop at them", "`curate check` shows them")

    @cached_property
    def _left(self) -> list[Any]:
        """What decides which lines leave before duplicates do, as plain values."""
        errors = [[finding.file, finding.line, finding.example, finding.code] for finding in self._leaving]
        return [errors, {example: decision.model_dump(mode="json", include={"verdict", "who", "why", "when"}) for example, decision in self.verdicts.items()}]

    def _dedup(self) -> None:
        """Duplicates among the examples that would stay without it, so that none loses to an example that leaves."""

        def summary(result: store.Result) -> str:
            codes = Counter(loss.code for loss in store.losses_of(result))
            begun = f", {plural(codes['D007'], 'beginning')}" if codes["D007"] else ""
            return f"{codes['D001']:,} exact, {codes['D003']:,} near{begun}; {plural(len(result['apart']), 'pair')} kept apart"

        key = key_of("dedup", self.inputs, self.config.dedup.model_dump(mode="json"), self.config.check.model_dump(mode="json"), self._left)
        result = self._stage("dedup", key, self._duplicates, summary)
        self.losses, self.apart = store.losses_of(result), len(result["apart"])

    def _duplicates(self) -> store.Result:
        import numpy as np

        table = self.table
        stays = np.ones(len(table.lines), dtype=np.bool_)
        stays[: int(table.lines.searchsorted(table.first[len(self.given)]))] = False
        stays &= ~np.isin(table.lines, np.array([*self.leaves], dtype=np.int64))
        del self.__dict__["leaves"]  # without the duplicates, which are not known yet
        part = self._compared.chosen(np.flatnonzero(stays))
        pinned = frozenset(example for example, decision in self.verdicts.items() if decision.verdict == "keep")
        if self.config.dedup.keep == "manual":  # nothing goes for a near-duplicate but what was dropped
            pinned |= {part.id(at) for at in range(len(part.lines))}
        with Crew(cores(), processes=is_big(self.sources.every)) as crew:
            found = sift(part, self.config.dedup, crew, pinned, (lambda _: self._signals()) if self.config.dedup.keep == "best" else None)
        return store.losses_result(found.losses, found.apart)

    @property
    def _compared(self) -> Table:
        """The table of what duplicates are looked for in: the same lines."""
        if self._compares_whole:
            return self.table
        making = making_for(self.config.dedup)
        with Crew(cores(), processes=is_big(self.sources.every)) as crew:
            return read_sources(self.sources, making, crew)

    def _signals(self) -> Mapping[str, tuple[int, ...]]:
        """Errors, warnings and infos of each example that has some, by rules that judge an example alone."""
        counts: dict[str, list[int]] = {}
        for finding in self.findings:
            if finding.example and (rule := RULES.get(finding.code)) is not None and rule.scope in EACH:
                counts.setdefault(finding.example, [0] * len(Severity))[finding.severity.rank] += 1
        return {example: tuple(found) for example, found in counts.items()}

    def _kept(self) -> list[Example]:
        table, reader = self.table, Reader()
        tests = int(table.lines.searchsorted(table.first[len(self.given)]))
        return [reader.example(table.spot(line)) for line in table.lines[tests:].tolist() if line not in self.leaves]

    def _conflicts(self) -> None:
        def work() -> store.Result:
            examples = self._kept()
            advance = self._advance("conflicts", len(examples), "texts compared")
            judge = judge_of(self.config.conflicts, self.project.cache, progress=advance, consent=self.consent, key=self.judge_key)
            return store.conflicts_result(find_conflicts(examples, self.config.conflicts, self.project.cache, advance, judge=judge))

        key = key_of("conflicts", self.inputs, self._left, [list(loss) for loss in self.losses], self.config.conflicts.model_dump(mode="json"), self.models)
        result = self._stage(
            "conflicts", key, work, lambda r: f"{plural(len(r['conflicts']), 'conflict')} in {plural(r['compared'], 'pair')} of answers compared"
        )
        report: ConflictReport = store.conflicts_of(result, self._kept() if result["conflicts"] else [])
        self.notes.extend(report.notes)
        self.conflicts = report.conflicts

    def _split(self) -> None:
        def work() -> store.Result:
            with Crew(cores(), processes=is_big(self.sources.every)) as crew:
                split = divided(
                    self.sources, self.table, self.leaves, self.output, self.config, crew,
                    decisions=self.verdicts, models=self.models, cache=self.project.cache,
                )  # fmt: skip
            self.table.sets = self.table.sets.part(0, 0)
            told = [f"{finding.code} {finding.message}" for finding in split.warnings]
            moved = [f"{move.place} moved from {move.before} to {move.now}: it {move.why}" for move in split.division.moved]
            return {"manifest": intact(self.output), "notes": [*split.notes, *told, *moved], "not_understood": split.not_understood}

        key = key_of(
            "split", "understood", self.inputs, self.config.model_dump(mode="json"), self.models, self._left, [list(loss) for loss in self.losses],
            [stage for stage, state in self.stages.items() if state == "skipped"],
        )  # fmt: skip
        saved = store.load(self.project.stage("split"), key)
        if saved is not None and saved["manifest"] != intact(self.output) and not self.choice.dry:
            self.project.stage("split").unlink()  # somebody changed the output: write it again
        result = self._stage("split", key, work, self._sizes)
        self.notes.extend(result["notes"])
        self.not_understood = result["not_understood"]
        self.manifest, self.digest = read_manifest(self.output)
        if self.digest != result["manifest"]:
            raise CurateError(f"{self.output}: changed while it was written", "run it again, alone")

    def _sizes(self, _: store.Result) -> str:
        return ", ".join(f"{name} {part.examples:,}" for name, part in read_manifest(self.output)[0].splits.items())

    def _train(self) -> None:
        if self.digest is None:
            raise UsageError("there is no split to train on", "leave --only and --skip away, or skip train too")
        key = key_of("train", self.digest, tomllib.loads(self.recipe.read_text(encoding="utf-8")))
        run_folder = self.project.run(f"{self.recipe.stem}-{key[:8]}")  # other data or another recipe is another run; old ones stay

        def work() -> store.Result:
            return training.train(self.project.folder, self.recipe.absolute(), run_folder.absolute(), self.listen)

        self.trained = self._stage("train", key, work, lambda result: f"held-out loss {result['base_loss']:.3f} before, {result['tuned_loss']:.3f} after")
