"""Errors that are asked for while lines are read, by threads and by processes, are those that a check finds."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from curate.core.config import CheckConfig
from curate.core.finding import Severity
from curate.corpus.features import FeatureSpec
from curate.corpus.loading import read_table
from curate.lint.error_filter import ErrorFilter
from curate.lint.runner import check_paths
from curate.parallel.worker_pool import WorkerPool
from curate.read.chunks import chunks_of
from curate.similarity.shingles import Shingling
from tests.conftest import Write, chat, line_of


@pytest.mark.slow
def test_pieces_judged_by_several_threads_at_a_time_are_judged_as_by_one() -> None:
    path = Path("data.jsonl")
    sound = [line_of((f"What of number {n}?", f"It is {n * 7}, " * (n % 40 + 1))) for n in range(1_500)]
    path.write_bytes(
        b"\n".join(line_of((f"Say {n}.", "")) if n % 97 == 0 else line for n, line in enumerate(sound)) + b"\n"
    )
    screening = ErrorFilter.of(CheckConfig())
    assert screening is not None
    expected = [(found.code, found.line) for found in check_paths([path]).findings if found.severity is Severity.ERROR]
    pieces = list(chunks_of(path, "data.jsonl", 12_000) or ())
    for _ in range(3):
        with ThreadPoolExecutor(4) as threads:
            parts = [chunk for chunk, _ in threads.map(screening.judge, pieces)]
        before = [sum(part.lines for part in parts[:nth]) for nth in range(len(parts))]
        found = [one for findings in map(screening.merger(), parts, before) for one in findings]
        assert [(one.code, one.line) for one in screening.report(found).findings] == expected


def test_of_lines_that_are_looked_at_for_errors_only_the_findings_are_kept(write: Write) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
    path = write("data.jsonl", [{**chat("Go on.", "" if n == 2 else "Yes."), "tools": tools} for n in range(4)])
    spec = FeatureSpec("conversation", Shingling(), judging=ErrorFilter.of(CheckConfig()))
    table = read_table([path], spec, WorkerPool(1, processes=False))
    assert [(found.code, found.line) for found in table.judged] == [("C003", 3)]
