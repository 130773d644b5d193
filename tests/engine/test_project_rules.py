"""Every command that checks files applies the custom rules, the suppressions and `[conflicts]` of their project."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.cli.main import main
from curate.review.events import DuplicatesFound
from curate.review.scan import scan
from curate.review.sources import sources_of
from tests.conftest import Write, chat

REPOSITORY = Path(__file__).parents[2]
LONG = (
    "They keep in a cool cellar until the frosts come and the days are short and the nights are long, or so they say."
)
RULE = """
[[check.rule]]
code = "U001"
name = "names-acme"
message = "names Acme"
pattern = "ACME|sold in boxes"
severity = "error"
"""


def suppressing(lines: list[dict[str, Any]], *numbers: int, config: str = "") -> None:
    """Write a project whose custom rule finds something on lines with these numbers, where it is suppressed."""
    Path("curate.toml").write_text(f'data = ["data.jsonl"]\n{config}\n{RULE}', encoding="utf-8")
    Path("data.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    for number in numbers:
        assert main(["suppress", "U001", f"data.jsonl:{number}", "--reason", "it is their name"]) == 0


ACME = [chat(f"What is thing {n}, please?", f"ACME sells thing {n}, as chapter {n * 7} tells.") for n in range(12)]


def test_suppressed_errors_are_none_for_a_service(capsys: pytest.CaptureFixture[str]) -> None:
    suppressing(ACME[:2], 1, 2)
    capsys.readouterr()
    main(["remote", "validate", "data.jsonl", "--json"])
    codes = {found["code"] for found in json.loads(capsys.readouterr().out)["findings"]}
    assert "U001" not in codes
    Path("curate-suppressions.jsonl").unlink()
    main(["remote", "validate", "data.jsonl", "--json"])
    assert "U001" in {found["code"] for found in json.loads(capsys.readouterr().out)["findings"]}


@pytest.mark.slow
def test_suppressed_findings_do_not_count_in_scores(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        *ACME[:5],
        *(chat(f"Tell me of number {n}.", f"Number {n} is {n * 7} less than nothing.") for n in range(9)),
    ]
    suppressing(lines)
    shown = []
    for suppressed in (False, True):
        for number in range(1, 6) if suppressed else ():
            main(["suppress", "U001", f"data.jsonl:{number}", "--reason", "it is their name"])
        capsys.readouterr()
        assert main(["score", "data.jsonl", "--no-models", "--json", "-q"]) == 0
        shown.append({one["right"] for one in json.loads(capsys.readouterr().out)["correlations"]})
    assert ["U001" in names for names in shown] == [True, False]


@pytest.mark.parametrize("suppressed", [False, True])
def test_the_review_and_the_selection_count_findings_as_dedup_does(suppressed: bool) -> None:
    suppressing(
        [chat("Apples?", f"{LONG} They are sold in boxes."), chat("Apples?", LONG)], *([1] if suppressed else [])
    )
    planned = curate.dedup("data.jsonl").result
    assert [removal.place.line for removal in planned.duplicates] == [2 if suppressed else 1]
    told: list[object] = []
    scan(sources_of([Path("data.jsonl")]), None, told.append)
    clusters = [cluster for event in told if isinstance(event, DuplicatesFound) for cluster in event.clusters]
    assert [member.side.place.line for cluster in clusters for member in cluster.members] == [2 if suppressed else 1]
    assert main(["select", "data.jsonl", "--examples", "1", "-o", "kept.jsonl", "--no-models", "-q"]) == 0
    assert ("sold in boxes" in Path("kept.jsonl").read_text(encoding="utf-8")) is suppressed


def test_rules_about_conflicts_search_as_configured_in_a_run(write: Write) -> None:
    write("data.jsonl", [("Is it large?", "Yes, it is."), ("Is it large?", "No, it is not.")])
    Path("curate.toml").write_text(
        'data = ["data.jsonl"]\n[check]\nextend_select = ["X"]\n[conflicts]\nnli = "offline:none"\n', encoding="utf-8"
    )
    assert main(["check", "data.jsonl", "-q"]) == 2
    assert main(["run", "-q", "--only", "check"]) == 2
    assert main(["run", "-q", "--only", "split"]) == 0  # which uses no model


def test_files_of_projects_are_checked_with_all_rules_of_the_project() -> None:
    allowed = {
        "curate/cli/rule.py",  # tries a rule on its own examples
        "curate/cli/suppress.py",  # looks for a finding to suppress
        "curate/papers/facts.py",  # counts what rules of family S find in written splits
        "curate/lint/project_check.py",
        "train/data/pairs.py",  # asks whether a pair can be trained on
    }
    callers = {
        path.relative_to(REPOSITORY).as_posix()
        for package in ("curate", "train", "tui")
        for path in (REPOSITORY / package).rglob("*.py")
        if b"check_paths(" in path.read_bytes()
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check_paths"
    }
    assert callers == allowed
