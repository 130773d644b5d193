"""The functions as they are called. Made from the code: `make schemas` writes this file anew."""

import os
from collections.abc import Mapping, Sequence

from curate.api.inputs import Data
from curate.core.events import Listener, ignore_events
from curate.api.results import CheckFrames as CheckFrames
from curate.api.results import ConflictsFrames as ConflictsFrames
from curate.api.results import DedupFrames as DedupFrames
from curate.api.results import RunFrames as RunFrames
from curate.api.results import SplitFrames as SplitFrames
from curate.api.results import VerifyFrames as VerifyFrames

__all__ = ['CheckFrames', 'ConflictsFrames', 'DedupFrames', 'RunFrames', 'SplitFrames', 'VerifyFrames', 'check', 'conflicts', 'dedup', 'run', 'split', 'verify']

def check(
    paths: Data,
    *,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    extend_select: Sequence[str] | None = None,
    target: str | None = None,
    model: str | None = None,
    chat_template: str | None = None,
    max_length: int | None = None,
    workers: int = 1,
    yes: bool = False,
) -> CheckFrames: ...

def conflicts(
    paths: Data,
    *,
    embeddings: str | None = None,
    nli: str | None = None,
    reader: str | None = None,
    same_question: str | None = None,
    models: bool | None = None,
    min_confidence: float | None = None,
    similarity: float | None = None,
    judge: str | None = None,
    judge_model: str | None = None,
    all_turns: bool | None = None,
    judge_key: str | None = None,
    yes: bool = False,
) -> ConflictsFrames: ...

def dedup(
    paths: Data,
    *,
    threshold: float | None = None,
    on: str | None = None,
    keep: str | None = None,
    ignore_facts: bool | None = None,
    same_words: bool | None = None,
    embeddings: str | None = None,
    beginnings: bool | None = None,
    drop: Sequence[str] | None = None,
    against: Data | None = None,
    yes: bool = False,
) -> DedupFrames: ...

def run(
    config: str | os.PathLike[str] = 'curate.toml',
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    again: Sequence[str] = (),
    until: str = '',
    dry: bool = False,
    drop: Sequence[str] | None = None,
    judge_key: str | None = None,
    yes: bool = False,
    listen: Listener = ignore_events,
) -> RunFrames: ...

def split(
    paths: Data,
    output: str | os.PathLike[str],
    *,
    fractions: Sequence[float] | None = None,
    counts: Sequence[int] | None = None,
    group_by: Sequence[str] | None = None,
    stratify: Sequence[str] | None = None,
    existing: Sequence[str] | None = None,
    semantic: str | None = None,
    grow: bool | None = None,
    parquet: bool | None = None,
    trainers: Sequence[str] | None = None,
    threshold: float | None = None,
    weights: Mapping[str, float] | None = None,
    examples: int | None = None,
    tokens: int | None = None,
    drop: Sequence[str] | None = None,
    seed: int | None = None,
    shards: int | None = None,
    yes: bool = False,
) -> SplitFrames: ...

def verify(
    folder: str | os.PathLike[str] | SplitFrames | Mapping[str, Data],
    *,
    semantic: str = '',
) -> VerifyFrames: ...
