"""The cases of JSONTestSuite, each as one line between two good ones: what must be refused is told at its line, and
nothing else is.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from curate.core.config import CheckConfig
from curate.lint.rules import RULES
from curate.lint.runner import check_paths
from tests.conftest import line_of

SUITE = Path(__file__).parent.parent / "data" / "json_suite.jsonl"
BEFORE, AFTER = line_of(("Hi", "Hello.")), line_of(("Bye", "Goodbye."))
INVALID = {"J001", "J003", "J007", "J010", "J012", "J014"}
"""Codes that say a line is no JSON."""


def cases() -> list[Any]:
    """Name and bytes of every case."""
    found = [json.loads(line) for line in SUITE.read_text(encoding="utf-8").splitlines()]
    return [
        pytest.param(
            case["name"],
            base64.b64decode(case["base64"]) * case.get("times", 1) + case.get("tail", "").encode(),
            id=case["name"],
        )
        for case in found
    ]


@pytest.mark.parametrize(("name", "content"), cases())
def test_a_case_is_told_at_its_line_and_disturbs_no_other(name: str, content: bytes) -> None:
    line = content.removesuffix(b"\n")
    lines = line.count(b"\n") + 1
    path = Path("data.jsonl")
    path.write_bytes(b"\n".join([BEFORE, line, AFTER]) + b"\n")
    report = check_paths([path], CheckConfig(select=tuple(RULES)))
    of_lines = [finding for finding in report.findings if finding.line]
    assert {finding.line for finding in of_lines} <= set(range(2, 2 + lines))
    codes = {finding.code for finding in of_lines}
    if name.startswith("n_"):
        assert codes & (INVALID | {"J008", "J017"})
    elif name.startswith("y_") and lines == 1:
        assert not codes & INVALID


@pytest.mark.parametrize(("name", "content"), cases())
def test_a_case_alone_in_a_file_is_read_or_refused(name: str, content: bytes) -> None:
    path = Path("data.json")
    path.write_bytes(content)
    codes = check_paths([path]).codes.keys()
    assert bool(codes)  # no case is an example
    if name.startswith("y_"):
        assert not codes & INVALID
