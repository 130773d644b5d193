"""`curate.conflicts`."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from curate.api.frames import Paths, conflicts_frame, files_of
from curate.config import chosen, find_config
from curate.conflicts.default_models import with_default_models
from curate.detect.conflict import ConflictReport, find_conflicts
from curate.detect.judges import judge_of
from curate.egress import Consent
from curate.read.dataset import demand_understood, read_dataset
from curate.report.notebook import Titled, notebook_html
from curate.runs import Project
from curate.text import plural


@dataclass(frozen=True)
class Conflicts:
    """Answers to the same question that cannot both hold."""

    report: ConflictReport
    """Conflicts as objects, with all their evidence; topics, and what another system prompt explains."""

    def __len__(self) -> int:
        return len(self.report.conflicts)

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """One line a conflict, the surest first: code, confidence, question, left, right (the answers), the words of each that clash, and places."""
        return conflicts_frame(self.report.conflicts)

    @property
    def notes(self) -> list[str]:
        """What a person should know besides."""
        return list(self.report.notes)

    def __repr__(self) -> str:
        return f"<Conflicts: {len(self):,} in {plural(self.report.compared, 'pair')} of answers compared>"

    def _repr_html_(self) -> str:
        facts = [("conflicts", len(self)), ("questions", self.report.questions), ("pairs compared", self.report.compared)]
        shown = self.pairs.select("code", "confidence", "question", "left", "right", "left_file", "left_line", "right_file", "right_line")
        return notebook_html("Conflicts", facts, [Titled("The surest first", shown)])


def conflicts(
    paths: Paths,
    *,
    embeddings: str | None = None,
    nli: str | None = None,
    judge: str | None = None,
    judge_model: str | None = None,
    judge_key: str | None = None,
    similarity: float | None = None,
    all_turns: bool | None = None,
    min_confidence: float | None = None,
    models: bool | None = None,
    yes: bool = False,
) -> Conflicts:
    """Find contradictions: as `curate conflicts`, options laid over the working folder's configuration.

    With a judge at an address, questions and answers are sent there: say `yes=True`; `judge_key` names the
    environment variable that has its key. Raises `UsageError` before anything is sent
    where that was not said, `InputError` for a file that cannot be read, `ConfigError`, `ModelError`, `MissingExtra`.
    """
    project = Project(Path.cwd())
    options = {"embeddings": embeddings, "nli": nli, "judge": judge, "judge_model": judge_model, "similarity": similarity, "all_turns": all_turns}
    options |= {"min_confidence": min_confidence, "models": models}
    config = with_default_models(chosen(find_config(project.folder).conflicts, **options))

    dataset = read_dataset(files_of(paths))
    demand_understood(len(dataset.lines), len(dataset.examples))
    asked = judge_of(config, project.cache, consent=Consent(yes, how="say yes=True if that may be"), key=judge_key, own=judge is not None)
    return Conflicts(find_conflicts(dataset.examples, config, project.cache, judge=asked))
