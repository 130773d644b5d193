"""The verbs of the command as functions, for notebooks and scripts: `import curate; curate.check("data.jsonl")`.

Each reads what the command reads (the working folder's configuration, its decisions), takes the same options by the same names, and returns an
object whose tables are polars frames and which a notebook shows as HTML. What ends a command early is raised: see `curate.errors`.
"""

from curate.api.checked import Checked, check
from curate.api.clashing import Conflicts, conflicts
from curate.api.divided import Divided, split
from curate.api.proved import Proved, verify
from curate.api.ran import Ran, run
from curate.api.sifted import Deduplicated, dedup

__all__ = ["Checked", "Conflicts", "Deduplicated", "Divided", "Proved", "Ran", "check", "conflicts", "dedup", "run", "split", "verify"]
