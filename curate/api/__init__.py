"""The commands as functions, for notebooks and scripts: `import curate; curate.check("data.jsonl")`.

Each reads what the command reads (the working folder's configuration, its decisions), takes the same options by the
same names, and returns an object whose tables are polars frames and which a notebook shows as HTML. What ends a command
early is raised: see `curate.core.errors`.
"""

from curate.api.results import CheckFrames, ConflictsFrames, DedupFrames, RunFrames, SplitFrames, VerifyFrames
from curate.api.verbs import check, conflicts, dedup, run, split, verify

__all__ = [
    "CheckFrames", "ConflictsFrames", "DedupFrames", "RunFrames", "SplitFrames", "VerifyFrames", "check", "conflicts",
    "dedup", "run", "split", "verify",
]  # fmt: skip
