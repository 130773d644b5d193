"""The cases of JSONTestSuite, each as one line between two good ones: what must be refused is told at its line, and
nothing else is.
"""

import base64
import json
from pathlib import Path

import pytest

from curate.core.config import CheckConfig
from curate.lint.rules import RULES
from curate.lint.runner import check_paths
from tests.conftest import line_of

SUITE = Path(__file__).parent.parent / "data" / "json_suite.jsonl"
INVALID = {"J001", "J003", "J007", "J010", "J012", "J014"}
"""Codes that say a line is no JSON."""
CASES = {
    case["name"]: base64.b64decode(case["base64"]) * case.get("times", 1) + case.get("tail", "").encode()
    for case in map(json.loads, SUITE.read_text(encoding="utf-8").splitlines())
}
"""Name and bytes of every case."""


def test_a_case_is_told_at_its_line_and_disturbs_no_other() -> None:
    lines, places = [line_of(("Hi", "Hello."))], dict[str, range]()
    for number, (name, content) in enumerate(CASES.items()):
        case = content.removesuffix(b"\n").split(b"\n")
        places[name] = range(len(lines) + 1, len(lines) + 1 + len(case))
        lines += [*case, line_of((f"What is case {number}?", name))]
    path = Path("data.jsonl")
    path.write_bytes(b"\n".join(lines) + b"\n")
    codes: dict[int, set[str]] = {}
    config = CheckConfig(select=tuple(RULES.keys() - {"Q021"}))  # which judges all requests of a file together
    for finding in check_paths([path], config).findings:
        if finding.line:
            codes.setdefault(finding.line, set()).add(finding.code)
    assert codes.keys() <= set().union(*places.values())
    for name, place in places.items():
        told = set[str]().union(*(codes.get(line, ()) for line in place))
        if name.startswith("n_"):
            assert told & (INVALID | {"J008", "J017"}), name
        elif name.startswith("y_") and len(place) == 1:
            assert not told & INVALID, name


@pytest.mark.slow
def test_a_case_alone_in_a_file_is_read_or_refused() -> None:
    path = Path("data.json")
    for name, content in CASES.items():
        path.write_bytes(content)
        codes = check_paths([path]).codes.keys()
        assert codes, name  # no case is an example
        if name.startswith("y_"):
            assert not codes & INVALID, name
