"""An earlier division of the same data: its examples keep their split, so that scores stay comparable while the
data grows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from curate.core.arrays import Ids, Numbers
from curate.core.lazy import np, pl
from curate.core.worker_pool import WorkerPool
from curate.corpus.features import FeatureSpec
from curate.corpus.loading import read_table
from curate.similarity.shingles import Shingling
from curate.split.assign import NOWHERE


class Earlier(NamedTuple):
    """Examples, and the split that each was in, by its position in `NAMES`."""

    ids: Ids
    splits: Numbers

    def of(self, ids: Ids) -> Numbers:
        """The earlier split of each of some examples; `NOWHERE` for one that had none."""
        known = (
            pl.DataFrame({"high": self.ids[:, 0], "low": self.ids[:, 1], "split": self.splits})
            .group_by("high", "low")
            .min()
        )
        found = pl.DataFrame({"high": ids[:, 0], "low": ids[:, 1]}).join(
            known, on=["high", "low"], how="left", maintain_order="left"
        )
        return found["split"].fill_null(NOWHERE).to_numpy(writable=True)


def earlier_splits(files: Sequence[tuple[Path, int]], crew: WorkerPool) -> Earlier:
    """The examples of split files, each with the number of its split. Raises `InputError`."""
    table = read_table(
        [path for path, _ in files], FeatureSpec("conversation", Shingling(), brief=False, common=()), crew
    )
    numbers = np.searchsorted(table.first, table.lines, side="right") - 1
    return Earlier(table.ids, np.array([split for _, split in files], dtype=np.int64)[numbers])
