"""An earlier division of the same data: its examples stay in their split, so that a data set can grow and a score stays comparable."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from curate.detect.columns import Making
from curate.detect.shingles import Shingling
from curate.detect.table import read_table
from curate.split.assign import NOWHERE
from curate.worker_pool import WorkerPool

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Ids = np.ndarray[Any, np.dtype[np.uint64]]


class Earlier(NamedTuple):
    """Examples, and the split that each was in, by its position in `NAMES`."""

    ids: "Ids"
    splits: "Numbers"

    def of(self, ids: "Ids") -> "Numbers":
        """Of each of some examples the split that it was in; `NOWHERE` for one that was in none."""
        import numpy as np

        found = np.full(len(ids), NOWHERE)
        if not len(self.ids):
            return found
        order = np.lexsort((self.splits, self.ids[:, 1], self.ids[:, 0]))
        known, splits = self.ids[order], self.splits[order]
        at = np.minimum(known[:, 0].searchsorted(ids[:, 0]), len(known) - 1)  # the first half of an id tells nearly all apart
        same = (known[at] == ids).all(axis=1)
        found[same] = splits[at[same]]
        for nth in np.flatnonzero((known[at, 0] == ids[:, 0]) & ~same).tolist():
            both = np.flatnonzero((known == ids[nth]).all(axis=1))
            found[nth] = splits[both[0]] if len(both) else NOWHERE
        return found


def earlier_splits(files: Sequence[tuple[Path, int]], crew: WorkerPool) -> Earlier:
    """The examples of split files, each with the number of its split. Raises `InputError`."""
    import numpy as np

    table = read_table([path for path, _ in files], Making("conversation", Shingling(), brief=False, common=()), crew)
    numbers = np.searchsorted(table.first, table.lines, side="right") - 1
    return Earlier(table.ids, np.array([split for _, split in files], dtype=np.int64)[numbers])
