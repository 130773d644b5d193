"""All of it in one run: check, dedup, conflicts, split, train. A stage is not run again while what it was made from has not changed.

Each stage keeps its result under a key, the hash of everything that it depends on. Killed at any point, the next run goes on
behind the last stage that was finished and ends with the same manifest.
"""

import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from curate.apply import Applied, apply, errors_of
from curate.check import check_paths
from curate.config import Config
from curate.decision import Decision, DecisionLog, edits_of
from curate.detect.conflict import Conflict, ConflictReport, find_conflicts
from curate.detect.near import NearReport, find_duplicates
from curate.edited import edited_copies
from curate.errors import ConfigError, CurateError, DataError, InputError, UsageError
from curate.events import Listener, StageAdvanced, StageFinished, StageStarted, silent
from curate.example import Example, Place
from curate.files import data_files, remove_leftovers, sha256
from curate.finding import Finding, Severity
from curate.manifest import NAME, Manifest, intact, key_of, write_output
from curate.models import fingerprint
from curate.pipeline import store, training
from curate.read.dataset import Dataset, read_dataset
from curate.runs import Project
from curate.split import divide, empty_splits
from curate.suppressions import load_suppressions, suppress
from curate.text import plural


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a whole run came to."""

    findings: list[Finding]
    conflicts: list[Conflict]
    undecided: int
    """Conflicts of which no side has been decided about; their examples are kept."""
    apart: int
    """Pairs of near-duplicates that differ in a fact; both are kept."""
    manifest: Manifest
    manifest_sha256: str
    notes: list[str]
    training: dict[str, Any] | None
    """The report of the training; None when there is no recipe."""


def run(project: Project, config: Config, listen: Listener = silent) -> RunResult:
    """Run all stages that are not up to date. Raises `CurateError` when one cannot be; what was finished before it stays.

    Only one run at a time works in a project's folder.
    """
    project.state.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(project.lock, timeout=0):
            remove_leftovers(project.state / "stages")
            return _Pipeline(project, config, listen).run()
    except Timeout:
        raise UsageError(f"another `curate run` works in {project.folder}", "wait for it, or stop it") from None


def load_conflicts(project: Project, examples: list[Example]) -> list[Conflict] | None:
    """The conflicts that the last run found among `examples`; None when there was no run."""
    result = store.load(project.stage("conflicts"), None)
    return None if result is None else store.conflicts_of(result, examples).conflicts


@dataclass
class _Pipeline:
    project: Project
    config: Config
    listen: Listener
    notes: list[str] = field(default_factory=list)

    def run(self) -> RunResult:
        self._preflight()
        findings = self._check()
        errors = errors_of(findings, self.dataset.lines)
        if self.config.errors == "stop" and (errors or len(self.dataset.examples) < len(self.dataset.lines)):
            raise DataError("the data has errors, and the configuration says to stop at them", "`curate check` shows them")
        near = self._dedup(errors)
        applied = apply(self.dataset.lines, errors=errors, verdicts=self.verdicts, duplicates=near.duplicates)
        if not applied.kept:
            raise InputError(f"no example is left of {plural(len(self.dataset.lines), 'line')}", "`curate check` shows what is wrong with them")
        conflicts = self._conflicts(applied)
        manifest, digest = self._split(applied, near)
        undecided = sum(1 for conflict in conflicts if conflict.left.id not in self.verdicts and conflict.right.id not in self.verdicts)
        return RunResult(findings, conflicts, undecided, len(near.apart), manifest, digest, self.notes, self._train(digest))

    def _preflight(self) -> None:
        """Everything that could stop the run late is looked at first: files, models, the recipe."""
        if not self.config.data:
            raise UsageError("the configuration names no data", 'write  data = ["data.jsonl"]  in curate.toml')
        self.models = {
            name: fingerprint(model) for name, model in (("embeddings", self.config.conflicts.embeddings), ("nli", self.config.conflicts.nli)) if model
        }
        if self.config.recipe:
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
        return data_files(self.project.folder / name for name in self.config.data)

    def _name(self, path: Path) -> str:
        """The path as seen from the project's folder, so that results are the same wherever the command was started."""
        path = self.originals.get(path, path)
        return path.relative_to(self.project.folder).as_posix() if path.is_relative_to(self.project.folder) else str(path)

    @cached_property
    def edited(self) -> dict[Path, Path]:
        """Copies of the files that have edited lines, by the file."""
        return edited_copies(self.paths, edits_of(self.verdicts.values()), self.project.edited)

    @cached_property
    def originals(self) -> dict[Path, Path]:
        """The files themselves, by their copies."""
        return {copy: path for path, copy in self.edited.items()}

    @cached_property
    def read(self) -> list[Path]:
        """What is read: the files, those with edited lines as their copies."""
        return [self.edited.get(path, path) for path in self.paths]

    @cached_property
    def recipe(self) -> Path:
        return self.project.folder / self.config.recipe

    @cached_property
    def output(self) -> Path:
        return self.project.folder / self.config.output

    @cached_property
    def inputs(self) -> list[list[str]]:
        """Names and hashes of what is read."""
        return [[self._name(path), sha256(path)] for path in self.read]

    @cached_property
    def dataset(self) -> Dataset:
        found = read_dataset(self.read, self._name)
        return replace(found, hashes=tuple(sha256(path) for path in self.paths)) if self.edited else found

    @cached_property
    def verdicts(self) -> dict[str, Decision]:
        log = DecisionLog(self.project.decisions)
        if log.unreadable:
            lines = ", ".join(map(str, log.unreadable))
            self.notes.append(f"{self.project.decisions}: line {lines} is no decision, and was passed over")
        if contested := log.contested():
            self.notes.append(f"{plural(len(contested), 'example')} decided differently by several people, so by nobody: `curate review` shows them")
        return log.verdicts()

    def _stage(self, name: str, key: str, work: Callable[[], store.Result], summary: Callable[[store.Result], str]) -> store.Result:
        """The stage's result: the one on disk when its key fits, else a new one."""
        path = self.project.stage(name)
        self.listen(StageStarted(name))
        result = store.load(path, key)
        reused = result is not None
        if result is None:
            result = work()
            store.save(path, key, result)
        self.listen(StageFinished(name, reused, summary(result)))
        return result

    def _advance(self, stage: str, total: int | None, text: str) -> Callable[[int], None]:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            self.listen(StageAdvanced(stage, done, total, text))

        return advance

    def _check(self) -> list[Finding]:
        suppressions = load_suppressions(self.project.folder)

        def work() -> store.Result:
            report = check_paths(self.read, self.config.check, self._advance("check", None, "lines"), self._name)
            suppress(report, suppressions, [self._name(path) for path in self.read])
            return {"findings": [finding.as_json() for finding in report.findings], "lines": report.lines, "examples": report.examples}

        def summary(result: store.Result) -> str:
            counts = {severity: sum(finding["severity"] == severity for finding in result["findings"]) for severity in Severity}
            found = ", ".join(plural(count, severity.value) for severity, count in counts.items() if count)
            return f"{plural(result['examples'], 'example')} in {plural(result['lines'], 'line')}: {found or 'no findings'}"

        suppressed = [[entry.code, entry.example] for _, entry in suppressions.lines]
        key = key_of("check", self.inputs, self.config.check.model_dump(mode="json"), suppressed)
        return store.findings_of(self._stage("check", key, work, summary))

    def _dedup(self, errors: dict[Place, Finding]) -> NearReport:
        """Duplicates among the examples that would stay without it, so that none loses to an example that leaves."""
        dropped = {example for example, decision in self.verdicts.items() if decision.verdict == "drop"}
        kept = frozenset(example for example, decision in self.verdicts.items() if decision.verdict == "keep")
        staying = [example for example in self.dataset.examples if example.id not in dropped and (example.place not in errors or example.id in kept)]

        def summary(result: store.Result) -> str:
            codes = Counter(duplicate["code"] for duplicate in result["duplicates"])
            begun = f", {plural(codes['D007'], 'beginning')}" if codes["D007"] else ""
            return f"{codes['D001']:,} exact, {codes['D003']:,} near{begun}; {plural(len(result['apart']), 'pair')} kept apart"

        verdicts = {example: decision.verdict for example, decision in self.verdicts.items()}
        key = key_of("dedup", self.inputs, self.config.dedup.model_dump(mode="json"), sorted(errors), verdicts)
        result = self._stage("dedup", key, lambda: store.near_result(find_duplicates(staying, self.config.dedup, kept)), summary)
        return store.near_of(result, staying)

    def _conflicts(self, applied: Applied) -> list[Conflict]:
        examples = [line.example for line in applied.kept if line.example is not None]

        def work() -> store.Result:
            advance = self._advance("conflicts", len(examples), "questions embedded")
            return store.conflicts_result(find_conflicts(examples, self.config.conflicts, self.project.cache, advance))

        key = key_of("conflicts", sorted({example.id for example in examples}), self.config.conflicts.model_dump(mode="json"), self.models)
        result = self._stage(
            "conflicts", key, work, lambda r: f"{plural(len(r['conflicts']), 'conflict')} in {plural(r['compared'], 'pair')} of answers compared"
        )
        report: ConflictReport = store.conflicts_of(result, examples)
        self.notes.extend(report.notes)
        return report.conflicts

    def _split(self, applied: Applied, near: NearReport) -> tuple[Manifest, str]:
        parts = divide(applied.kept, near.pairs, self.config.split, self.config.seed)
        self.notes.extend(f"{name} is empty: too few examples or one large group" for name in empty_splits(parts, self.config.split))

        def work() -> store.Result:
            models = self.models
            write_output(self.output, self.dataset, applied, parts, config=self.config, decisions=self.verdicts, models=models)
            return {"manifest": intact(self.output)}

        verdicts = [decision.model_dump(mode="json") for decision in self.verdicts.values()]
        key = key_of(
            "split", self.inputs, self.config.model_dump(mode="json"), self.models, verdicts, [removal.model_dump(mode="json") for removal in applied.removed]
        )
        saved = store.load(self.project.stage("split"), key)
        if saved is not None and saved["manifest"] != intact(self.output):
            self.project.stage("split").unlink()  # somebody changed the output: write it again
        result = self._stage("split", key, work, lambda _: ", ".join(f"{name} {len(lines):,}" for name, lines in parts.items()))
        digest = result["manifest"]
        if not isinstance(digest, str):
            raise CurateError(f"{self.output}: changed while it was written", "run it again, alone")
        return Manifest.model_validate_json((self.output / NAME).read_bytes()), digest

    def _train(self, digest: str) -> dict[str, Any] | None:
        if not self.config.recipe:
            return None
        key = key_of("train", digest, tomllib.loads(self.recipe.read_text(encoding="utf-8")))
        run_folder = self.project.run(f"{self.recipe.stem}-{key[:8]}")  # other data or another recipe is another run; old ones stay

        def work() -> store.Result:
            return training.train(self.project.folder, self.recipe.absolute(), run_folder.absolute(), self.listen)

        def summary(result: store.Result) -> str:
            return f"held-out loss {result['base_loss']:.3f} before, {result['tuned_loss']:.3f} after"

        return self._stage("train", key, work, summary)


__all__ = ["RunResult", "load_conflicts", "run"]
