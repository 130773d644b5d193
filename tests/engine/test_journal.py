"""Journals of decisions that are odd: they work, or are refused by the line."""

import json
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.core.example import content_id
from tests.conftest import Write, chat

GOOD = [chat(f"What is {at} and {at}?", f"It is {2 * at}, which anybody can work out.") for at in range(20)]
EXAMPLE = content_id(GOOD[3])
SURROGATE = json.loads(
    '{"messages": [{"role": "user", "content": "What is \\ud800?"}, {"role": "assistant", "content": "Half of '
    'something \\udc00."}]}'
)
EDIT = {"example": EXAMPLE, "verdict": "edit", "value": SURROGATE, "who": "a"}


def keeps(*times: object) -> list[dict[str, Any]]:
    """Decisions of people who did not know of each other's."""
    return [
        {"example": EXAMPLE, "verdict": "keep", "who": str(at), "replaces": []} | ({"when": when} if when else {})
        for at, when in enumerate(times)
    ]


JOURNALS: dict[str, list[dict[str, Any]]] = {
    "a lone surrogate in an edit": [{**EDIT, "when": "2024-01-01T00:00:00Z"}],
    "two such edits": [{**EDIT, "when": f"2024-01-0{day}T00:00:00Z", "replaces": []} for day in (1, 2)],
    "a lone surrogate in a key of an edit": [
        {**EDIT, "value": {**SURROGATE, "\ud800": 1}, "when": "2024-01-01T00:00:00Z"}
    ],
    "a lone surrogate in a note": [
        {"example": EXAMPLE, "verdict": "drop", "why": "\ud800", "who": "\udfff", "when": "2024-01-01T00:00:00Z"}
    ],
    "naive and aware times": keeps("2024-01-01T00:00:00", "2024-01-02T00:00:00Z"),
    "a naive time of a drop": [{"example": EXAMPLE, "verdict": "drop", "who": "a", "when": "2024-01-01T00:00:00"}],
    "times far away": keeps("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2024-01-01T00:00:00"),
    "times as numbers": keeps(1e9, "2024-01-01T00:00:00Z"),
    "no times": keeps(None, "2024-01-01T00:00:00"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", JOURNALS)
def test_odd_journals_end_no_verb_with_a_bug(name: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", GOOD)
    Path(".curate").mkdir()
    Path(".curate/decisions.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in JOURNALS[name]))
    Path("curate.toml").write_text('data = ["data.jsonl"]\noutput = "ran"\n')
    for words in (
        ["dedup", "data.jsonl", "-o", "kept.jsonl"],
        ["dedup", "data.jsonl", "--keep", "manual"],
        ["split", "data.jsonl", "-o", "out"],
        ["run", "-q"],
    ):
        assert main(words) == 0, (words, capsys.readouterr())
    assert main(["verify", "out"]) in (0, 1), capsys.readouterr()
    removed = Path("out/removed.jsonl").read_bytes()
    if removed:
        assert main(["restore", "out", "--all"]) == 0, capsys.readouterr()
    assert main(["run", "-q"]) == 0
    if "edit" in name:
        assert b"\\ud800" in b"".join(
            Path(f"out/{part}.jsonl").read_bytes() for part in ("train", "validation", "test")
        )


def test_lines_of_the_journal_that_are_no_decisions_are_told(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", GOOD)
    Path(".curate").mkdir()
    Path(".curate/decisions.jsonl").write_text(
        json.dumps({"example": EXAMPLE, "verdict": "drop", "when": "soon"}) + "\n"
    )
    for words in (["dedup", "data.jsonl"], ["split", "data.jsonl", "-o", "out"]):
        assert main(words) == 0
        assert "decisions.jsonl: line 1 is not a valid decision" in capsys.readouterr().err
