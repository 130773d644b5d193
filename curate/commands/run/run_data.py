"""The inputs of the stages of a run: files, settings and decisions, each read once, on first use."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from curate.commands.conflicts import conflict_settings, model_fingerprints
from curate.commands.run.result import RunResult, StageSelection
from curate.commands.session import Session
from curate.commands.split import SplitSources, read_sources, require_other_files
from curate.core.config import SUPPRESSIONS, Config, ConflictsConfig
from curate.core.decision import DecisionState
from curate.core.errors import ConfigError, UsageError
from curate.core.example import Example
from curate.core.finding import Finding
from curate.core.lazy import np
from curate.core.removed import Reason, counted_as
from curate.core.validation import load_toml
from curate.corpus.corpus import LineReader, Table
from curate.corpus.features import feature_spec_for
from curate.corpus.loading import is_big, read_table
from curate.lint.project_check import ProjectRules
from curate.lint.rules import Scope
from curate.lint.rules.rule_selection import RuleSelection
from curate.models.names import fingerprint
from curate.network.egress import is_address
from curate.output.apply import large_removals, removal_reasons, removes_line, repair_note, require_confirmation
from curate.parallel.worker_pool import WorkerPool, cores
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project, project_of
from curate.read.dataset import require_examples
from curate.split.division import split_feature_spec
from curate.storage.data_files import data_files
from curate.storage.files import display_name
from curate.storage.paths import path_from, require_distinct_paths
from curate.storage.urls import is_url


@dataclass
class RunData:
    """All inputs of a run. Notes about them are added to `notes`."""

    project: Project
    config: Config
    session: Session
    choice: StageSelection
    judge_key: str | None = None
    """Environment variable that the user named for the key of a judge at an address."""
    notes: list[str] = field(default_factory=list)

    def require_ready(self) -> None:
        """Check everything that could stop the run late: files, models, the recipe. Raises `CurateError`."""
        if not self.config.data:
            raise UsageError("no data in the configuration", 'write  data = ["data.jsonl"]  in curate.toml')
        named = [self.project.folder / name for name in (*self.config.data, *self.config.split.existing)]
        require_other_files(self.given_test_files, self.paths)
        require_distinct_paths([*self.paths, *self.given_test_files], folder=self.output, named=named)
        _ = self.rules, self.models  # raises where one is not at hand
        if self.config.recipe and self.choice.wants("train"):
            self._check_recipe()

    def _check_recipe(self) -> None:
        """Raise `ConfigError` unless the recipe trains on the output of this run. The trainer reads the rest of the
        recipe in its own process.
        """
        values = load_toml(self.recipe, "recipe", "write one, or remove `recipe` from the configuration")
        data = self.recipe.parent / str(values.get("data", ""))
        if data.resolve() != self.output.resolve():
            raise ConfigError(
                f"{self.recipe}: trains on {data}, not on this run's output {self.output}",
                f'write  data = "{self.config.output}"  there',
            )

    @cached_property
    def conflicts(self) -> ConflictsConfig:
        """The settings of the search for contradictions, default models included."""
        return conflict_settings(self.config)

    @cached_property
    def rules(self) -> ProjectRules:
        """The rules of the configuration, and the suppressions. Raises `ConfigError`.

        A judge at an address is asked once, by the stage that searches for contradictions.
        """
        conflicts, config = self.config.conflicts, self.config
        if is_address(conflicts.judge):
            config = config.model_copy(update={"conflicts": conflicts.model_copy(update={"judge": ""})})
        return ProjectRules.of(self.suppressing_project.folder, config)

    @cached_property
    def suppressing_project(self) -> Project:
        """The project whose suppressions apply: that of the run, or of its data if the former has none."""
        return self.project if (self.project.folder / SUPPRESSIONS).exists() else project_of(self.paths)

    @cached_property
    def rule_inputs(self) -> list[Any]:
        """All that decides which findings the data has, as plain values."""
        check, chosen = self.config.check, RuleSelection.from_config(self.config.check)
        compares = any(rule.scope is Scope.CONFLICTS for rule in chosen.rules.values())
        conflicts = self.config.conflicts.model_dump(mode="json") if compares else None
        return [check.model_dump(mode="json"), conflicts, sorted(map(list, self.rules.suppressed))]

    @cached_property
    def models(self) -> dict[str, str]:
        """The fingerprint of each local model that the chosen stages use, by purpose, such as `paraphrases`.

        Raises `ModelError`.
        """
        fingerprints = model_fingerprints(self.conflicts) if self.choice.wants("conflicts") else {}
        if (model := self.config.dedup.embeddings) and self.choice.wants("dedup"):
            fingerprints |= {"paraphrases": fingerprint(model)}
        if (model := self.config.split.semantic) and self.choice.wants("split"):
            fingerprints |= {"semantic": fingerprint(model)}
        return fingerprints

    @cached_property
    def paths(self) -> list[Path]:
        """The files of the configuration."""
        return data_files((self._resolved(name) for name in self.config.data), self.notes.append)

    @cached_property
    def given_test_files(self) -> list[Path]:
        """The files of a given test set; empty without one."""
        return (
            data_files((self._resolved(name) for name in self.config.split.existing), self.notes.append)
            if self.config.split.existing
            else []
        )

    def _resolved(self, name: str) -> str | Path:
        """A path or pattern relative to the project's folder; a URL stays."""
        return name if is_url(name) else path_from(self.project.folder, name)

    def _name(self, path: Path) -> str:
        """The path relative to the project's folder, so that results do not depend on the working folder.

        A path outside of the project stays as it is.
        """
        return display_name(
            path.relative_to(self.project.folder).as_posix() if path.is_relative_to(self.project.folder) else path
        )

    @cached_property
    def sources(self) -> SplitSources:
        """The files of the configuration and a given test set, with the edits of the review."""
        return SplitSources.of(self.paths, self.given_test_files, self.verdicts, self.project.edited, self._name)

    @property
    def cache(self) -> Path | None:
        """Where intermediate results are kept; None if they are not."""
        return self.session.cache_of(self.project)

    @property
    def recipe(self) -> Path:
        """The recipe to train."""
        return self.project.folder / self.config.recipe

    @property
    def output(self) -> Path:
        """The folder of the splits."""
        return self.project.folder / self.config.output

    @cached_property
    def inputs(self) -> list[list[str]]:
        """The name and the hash of each input file."""
        return [[self.sources.name_of(path), self.sources.seen[path].sha256] for path in self.sources.every]

    def pool(self) -> WorkerPool:
        """The pool of worker processes."""
        return WorkerPool(cores(), processes=is_big(self.sources.every))

    @cached_property
    def table(self) -> Table:
        """All lines of all files."""
        dedup_spec = feature_spec_for(self.config.dedup)
        spec = split_feature_spec(self.config)._replace(
            short_texts=self._compares_whole, keys=dedup_spec.keys and self._compares_whole, keep=dedup_spec.keep
        )
        with self.pool() as pool:
            table = read_sources(self.sources, spec, pool)
        lines = len(table.starts) - (first := int(table.first[len(self.given_test_files)]))
        require_examples(lines, int(np.count_nonzero(table.lines >= first)))
        return table

    @property
    def _compares_whole(self) -> bool:
        """Whether duplicates are searched in the texts that the split compares."""
        return self.config.dedup.on == "conversation"

    def compared(self) -> Table:
        """The table in which duplicates are searched: without the lines of a given test set, whose texts must not
        decide which instructions are shared.
        """
        if self._compares_whole and not self.given_test_files:
            return self.table
        with self.pool() as pool:
            return read_table(self.sources.files, feature_spec_for(self.config.dedup), pool, None, self.sources.name_of)

    @property
    def first(self) -> int:
        """Number of the first line of the table that is not part of a given test set."""
        return int(self.table.first[len(self.given_test_files)])

    def removal_reasons(self, run_result: RunResult) -> dict[int, Reason]:
        """Why lines of the table are left out so far. Raises `DataError` for a large removal without confirmation."""
        left_out = removal_reasons(
            self.table,
            errors=self.removal_findings(run_result),
            verdicts=self.verdicts,
            duplicates=run_result.duplicates,
            first=self.first,
        )
        if not self.session.consent.yes:
            findings = large_removals(self.table, left_out, self.config.check, self.config.dedup, self.first)
            require_confirmation(findings, repair_note(self.removal_findings(run_result), self.sources.originals))
        return left_out

    def kept(self, run_result: RunResult) -> list[Example]:
        """The examples whose conflicts are reported: the kept ones, and those that a decision removes.

        Those of a given test set are left out.
        """
        table, reader, left_out = self.table, LineReader(), self.removal_reasons(run_result)
        tests = int(table.lines.searchsorted(self.first))
        return [
            reader.example(table.line_ref(line))
            for line in table.lines[tests:].tolist()
            if (reason := left_out.get(line)) is None or counted_as(reason.code, reason.decided_by) == "decision"
        ]

    def removal_findings(self, run_result: RunResult) -> list[Finding]:
        """The findings for which lines are left out."""
        return [finding for finding in run_result.findings if removes_line(finding, self.config.check.drop)]

    def removal_inputs(self, run_result: RunResult) -> list[Any]:
        """All that decides which lines are left out before duplicates are searched, as plain values."""
        errors = [
            [finding.file, finding.line, finding.example, finding.code] for finding in self.removal_findings(run_result)
        ]
        return [
            errors,
            {example: decision.shown() for example, decision in self.verdicts.items()},
        ]

    @cached_property
    def verdicts(self) -> dict[str, DecisionState]:
        """The decisions, by example."""
        project = self.project if DecisionLog(self.project.decisions).decisions else project_of(self.paths)
        tell = self.notes.append
        return replace(self.session, note=tell, tell_skipped=tell).decisions_in(project, self.paths)
