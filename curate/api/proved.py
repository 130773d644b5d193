"""`curate.verify`."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from curate.api.frames import findings_frame, framed
from curate.report.notebook import Titled, notebook_html
from curate.runs import Project
from curate.verify import verify_folder
from curate.verify.proof import Proof, Verdict


@dataclass(frozen=True)
class Proved:
    """What is proved of a folder, and where it breaks."""

    proof: Proof

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return self.proof.holds

    @cached_property
    def points(self) -> pl.DataFrame:
        """One line a point: name, verdict (proved, broken, open), said."""
        points = ((point.name, point.verdict.value, point.said) for point in self.proof.points)
        return framed(points, dict.fromkeys(("name", "verdict", "said"), pl.String))

    @cached_property
    def not_checked(self) -> pl.DataFrame:
        """One line for what was not compared: name, examples (how many it concerns), said."""
        return framed(self.proof.not_checked, {"name": pl.String, "examples": pl.Int64, "said": pl.String})

    @cached_property
    def findings(self) -> pl.DataFrame:
        """One line a breach: file, line, code, severity, message, pointer, hint, fixable, example."""
        return findings_frame(self.proof.findings)

    def __repr__(self) -> str:
        broken = sum(point.verdict is Verdict.BROKEN for point in self.proof.points)
        return f"<Proved {self.proof.folder}: {'holds' if self.holds else f'does not hold, {broken} points broken'}>"

    def _repr_html_(self) -> str:
        facts = [("examples", sum(self.proof.examples.values())), ("breaches", len(self.proof.findings))]
        told = self.findings.select("file", "line", "code", "message")
        title = f"{self.proof.folder} {'holds' if self.holds else 'does not hold'}"
        return notebook_html(title, facts, [Titled("Points", self.points), Titled("Breaches", told)])


def verify(folder: str | os.PathLike[str], *, semantic: str = "") -> Proved:
    """Prove that a split does not leak and that nothing was lost or changed: as `curate verify`. Raises `InputError`."""
    return Proved(verify_folder(Path(folder), embeddings=semantic, cache=Project(Path.cwd()).cache))
