"""The stages of a run: the inputs of each (its key), its work, and what its result adds to the run's."""

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import replace
from typing import Final

from typing_extensions import override

from curate.commands.conflicts import search_conflicts
from curate.commands.dedup import compare_examples
from curate.commands.run import store, training
from curate.commands.run.result import RunResult
from curate.commands.run.run_data import RunData
from curate.commands.session import suppression_notes
from curate.commands.split import split_data
from curate.core.errors import CurateError, DataError, UsageError
from curate.core.events import advancing
from curate.core.example import where
from curate.core.finding import Severity
from curate.core.lazy import np
from curate.core.text import plural
from curate.core.validation import load_toml
from curate.lint.project_check import check_project
from curate.output.apply import repair_note
from curate.parallel.worker_pool import cores
from curate.project.manifest import read_manifest, stage_key, verified_hash
from curate.read.dataset import require_examples


class Stage(ABC):
    """A stage. Its result is stored under its key and reused while the key is equal."""

    @abstractmethod
    def key(self, data: RunData, run_result: RunResult) -> str:
        """A hash of all that the result depends on."""

    @abstractmethod
    def work(self, data: RunData, run_result: RunResult) -> store.Result:
        """Compute the result."""

    @abstractmethod
    def summary(self, data: RunData, result: store.Result) -> str:
        """The result in one line."""

    @abstractmethod
    def take(self, data: RunData, run_result: RunResult, result: store.Result) -> RunResult:
        """The result of the run with the result of this stage added. Raises `CurateError` if the run must stop here."""

    def holds(self, data: RunData, result: store.Result) -> bool:  # noqa: ARG002
        """Whether a stored result still matches the files on disk."""
        return True


class CheckStage(Stage):
    """Search for errors."""

    @override
    def key(self, data: RunData, run_result: RunResult) -> str:
        return stage_key("check", "understood", data.inputs, data.rule_inputs)

    @override
    def work(self, data: RunData, run_result: RunResult) -> store.Result:
        advance = advancing(data.session.listen, "check")
        report = check_project(data.sources.files, data.rules, advance, name_of=data.sources.name_of, workers=cores())
        return {"findings": report.findings, "lines": report.lines, "not_understood": report.not_understood}

    @override
    def summary(self, data: RunData, result: store.Result) -> str:
        counts = {
            severity: sum(finding.severity is severity for finding in result["findings"]) for severity in Severity
        }
        text = ", ".join(plural(count, severity.value) for severity, count in counts.items() if count)
        return (
            f"{plural(result['lines'] - result['not_understood'], 'example')} in {plural(result['lines'], 'line')}: "
            f"{text or 'no findings'}"
        )

    @override
    def take(self, data: RunData, run_result: RunResult, result: store.Result) -> RunResult:
        run_result = replace(run_result, findings=result["findings"], not_understood=result["not_understood"])
        data.notes.extend(suppression_notes(data.suppressing_project, run_result.findings))
        errors = any(finding.severity is Severity.ERROR and finding.example for finding in run_result.findings)
        require_examples(result["lines"], result["lines"] - run_result.not_understood)
        if data.config.errors == "stop" and (errors or run_result.not_understood):
            raise DataError(
                "the data has errors, and the configuration stops the run at errors", "`curate check` lists them"
            )
        return run_result


class DedupStage(Stage):
    """Search for duplicates among the kept examples: none is removed in favor of one that is left out."""

    @override
    def key(self, data: RunData, run_result: RunResult) -> str:
        settings, model = data.config.dedup.model_dump(mode="json"), data.models.get("paraphrases")
        return stage_key("dedup", data.inputs, settings, data.rule_inputs, data.removal_inputs(run_result), model)

    @override
    def work(self, data: RunData, run_result: RunResult) -> store.Result:
        removed_lines = np.array([*data.removal_reasons(run_result)], dtype=np.int64) - data.first
        table = data.compared()
        part = table.chosen(np.flatnonzero(~np.isin(table.lines, removed_lines)))
        with data.pool() as pool:
            compared = compare_examples(part, data.config.dedup, data.rules, data.verdicts, pool, cache=data.cache)
        return {
            "duplicates": compared.duplicates,
            "apart": compared.apart,
            "same_words": compared.same_words,
            "alike": compared.alike,
            "notes": compared.notes,
        }

    @override
    def summary(self, data: RunData, result: store.Result) -> str:
        codes = Counter(removal.code for removal in result["duplicates"])
        prefix_count = f", {plural(codes['D007'], 'beginning')}" if codes["D007"] else ""
        counts = f"{codes['D001']:,} exact, {codes['D003']:,} near{prefix_count}"
        return f"{counts}; {plural(len(result['apart']), 'pair')} kept apart"

    @override
    def take(self, data: RunData, run_result: RunResult, result: store.Result) -> RunResult:
        data.notes.extend(result["notes"])
        return replace(
            run_result,
            duplicates=result["duplicates"],
            apart=len(result["apart"]),
            same_words=len(result["same_words"]),
            alike=len(result["alike"]),
        )


class ConflictsStage(Stage):
    """Search for answers that contradict each other."""

    @override
    def key(self, data: RunData, run_result: RunResult) -> str:
        duplicates, settings = (
            [list(removal) for removal in run_result.duplicates],
            data.conflicts.model_dump(mode="json"),
        )
        return stage_key("conflicts", data.inputs, data.removal_inputs(run_result), duplicates, settings, data.models)

    @override
    def work(self, data: RunData, run_result: RunResult) -> store.Result:
        examples = data.kept(run_result)
        advance = advancing(data.session.listen, "conflicts", len(examples), "texts compared")
        report = search_conflicts(
            examples, data.conflicts, data.cache,
            progress=advance, consent=data.session.consent, judge_key=data.judge_key,
        )  # fmt: skip
        return store.conflicts_result(report)

    @override
    def summary(self, data: RunData, result: store.Result) -> str:
        unsure = (
            f"; {result['unsure']:,} of less confidence, shown by `curate conflicts --all`"
            if result.get("unsure")
            else ""
        )
        return (
            f"{plural(len(result['conflicts']), 'conflict')} in {plural(result['compared'], 'pair')} of answers "
            f"compared{unsure}"
        )

    @override
    def take(self, data: RunData, run_result: RunResult, result: store.Result) -> RunResult:
        report = store.conflicts_of(result, data.kept(run_result) if result["conflicts"] else [])
        data.notes.extend(report.notes)
        return replace(run_result, conflicts=report.conflicts)


class SplitStage(Stage):
    """Divide the kept examples, and write them."""

    @override
    def key(self, data: RunData, run_result: RunResult) -> str:
        duplicates = [list(removal) for removal in run_result.duplicates]
        skipped = [stage for stage, state in run_result.stages.items() if state == "skipped"]
        return stage_key(
            "split",
            "understood",
            data.inputs,
            data.config.model_dump(mode="json"),
            data.models,
            data.removal_inputs(run_result),
            duplicates,
            skipped,
        )

    @override
    def holds(self, data: RunData, result: store.Result) -> bool:
        """False if somebody changed the output: it is written again."""
        return data.choice.dry or bool(result["manifest"] == verified_hash(data.output))

    @override
    def work(self, data: RunData, run_result: RunResult) -> store.Result:
        with data.pool() as pool:
            split = split_data(
                data.sources, data.table, data.removal_reasons(run_result), data.output, data.config, pool, data.rules,
                decisions=data.verdicts, models=data.models, cache=data.cache,
                repair=repair_note(data.removal_findings(run_result), data.sources.originals),
            )  # fmt: skip
        data.table.sets = data.table.sets.part(0, 0)
        warnings = [f"{finding.code} {finding.message}" for finding in split.warnings]
        moved = [
            f"{where(move.file, move.line)} moved from {move.before} to {move.now}: it {move.why}"
            for move in split.moved
        ]
        return {
            "manifest": verified_hash(data.output),
            "notes": [*split.notes, *warnings, *moved],
            "not_understood": split.not_understood,
        }

    @override
    def summary(self, data: RunData, result: store.Result) -> str:
        return ", ".join(f"{name} {part.examples:,}" for name, part in read_manifest(data.output)[0].splits.items())

    @override
    def take(self, data: RunData, run_result: RunResult, result: store.Result) -> RunResult:
        data.notes.extend(result["notes"])
        manifest, digest = read_manifest(data.output)
        if digest != result["manifest"]:
            raise CurateError(
                f"{data.output}: another process changed it during the run", "run again without other processes"
            )
        return replace(run_result, not_understood=result["not_understood"], manifest=manifest, manifest_sha256=digest)


class TrainStage(Stage):
    """Train on the splits, in a process of its own."""

    @override
    def key(self, data: RunData, run_result: RunResult) -> str:
        if run_result.manifest_sha256 is None:
            raise UsageError("no split to train on", "remove --only and --skip, or also skip train")
        return stage_key("train", run_result.manifest_sha256, load_toml(data.recipe))

    @override
    def work(self, data: RunData, run_result: RunResult) -> store.Result:
        # other data or another recipe gets another folder; old ones are kept
        folder = data.project.run(f"{data.recipe.stem}-{self.key(data, run_result)[:8]}")
        return training.train(data.project.folder, data.recipe.absolute(), folder.absolute(), data.session.listen)

    @override
    def summary(self, data: RunData, result: store.Result) -> str:
        return f"held-out loss {result['base_loss']:.3f} before, {result['tuned_loss']:.3f} after"

    @override
    def take(self, data: RunData, run_result: RunResult, result: store.Result) -> RunResult:
        return replace(run_result, training=result)


ALL_STAGES: Final[dict[str, Stage]] = {
    "check": CheckStage(),
    "dedup": DedupStage(),
    "conflicts": ConflictsStage(),
    "split": SplitStage(),
    "train": TrainStage(),
}
"""All stages, in their order (`curate.commands.run.result.STAGES`)."""
