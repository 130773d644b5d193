"""Where a project keeps what it knows: the `.curate/` folder beside the configuration."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Project:
    """A working folder. Nothing is created before something is written there."""

    folder: Path

    @property
    def state(self) -> Path:
        """The folder that holds everything below."""
        return self.folder / ".curate"

    @property
    def decisions(self) -> Path:
        """The journal of decisions; the one thing here worth committing to git."""
        return self.state / "decisions.jsonl"

    @property
    def cache(self) -> Path:
        """Embeddings by content hash; safe to delete."""
        return self.state / "cache"

    @property
    def edited(self) -> Path:
        """Copies of data files with the edits of people in them, made anew by each run."""
        return self.state / "edited"

    @property
    def lock(self) -> Path:
        """Held by the one pipeline that runs in this folder."""
        return self.state / "run.lock"

    def stage(self, name: str) -> Path:
        """The result of a pipeline's stage, with the key of what it was made from."""
        return self.state / "stages" / f"{name}.json"

    def run(self, name: str) -> Path:
        """The folder of one training."""
        return self.state / "runs" / name
