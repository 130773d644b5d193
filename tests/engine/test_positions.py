"""A finding names the value in the user's file: its pointer, its column, and offsets into that value."""

import json
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main

Captured = pytest.CaptureFixture[str]


def found(capsys: Captured, path: Path, *options: str) -> list[dict[str, Any]]:
    main(["check", str(path), "--exit-zero", "--output-format", "jsonl", *options])
    return [one for one in map(json.loads, capsys.readouterr().out.splitlines()) if "file" in one]


MAIL = "r.kowalczyk@gmail.com"
JOINED = [
    ({"instruction": "Where?", "input": "The cafÃ© is near.", "output": "There."}, "Q009", ["/input"]),
    ({"instruction": "The cafÃ©?", "input": "Near.", "output": "There."}, "Q009", ["/instruction"]),
    ({"instruction": f"Ask {MAIL}.", "input": f"And {MAIL}.", "output": "Yes."}, "S003", ["/input", "/instruction"]),
    ({"INSTRUCTION": "Ask.", "INPUT": f"And {MAIL}.", "OUTPUT": "Yes."}, "S003", ["/INPUT"]),
    ({"question": "Who?", "context": f"It is {MAIL}.", "answer": "He."}, "S003", ["/context"]),
    (
        {"instruction": "Ask.", "instances": [{"input": f"And {MAIL}.", "output": "Yes."}]},
        "S003",
        ["/instances/0/input"],
    ),
]


@pytest.mark.parametrize(("row", "code", "pointers"), JOINED)
def test_a_finding_is_at_the_text_that_has_the_problem(
    tmp_path: Path, capsys: Captured, row: dict[str, Any], code: str, pointers: list[str]
) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps(row) + "\n")
    findings = found(capsys, path, "--select", code)
    assert sorted(one["pointer"] for one in findings) == pointers
    for one in findings:
        if code == "S003":
            value: Any = row
            for key in one["pointer"].split("/")[1:]:
                value = value[int(key) if isinstance(value, list) else key]
            assert f"at character {str(value).index(MAIL) + 1}," in one["message"]


@pytest.mark.parametrize("indent", [None, 1])
def test_the_column_of_a_joined_text_is_that_of_its_own_value(
    tmp_path: Path, capsys: Captured, indent: int | None
) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps([JOINED[1][0], JOINED[0][0]], ensure_ascii=False, indent=indent))
    main(["check", str(path), "--exit-zero", "--output-format", "sarif", "--select", "Q009"])
    regions = [
        one["locations"][0]["physicalLocation"]["region"]
        for one in json.loads(capsys.readouterr().out)["runs"][0]["results"]
    ]
    lines = path.read_text().split("\n")
    shown = [lines[one["startLine"] - 1][one["startColumn"] - 1 : one["endColumn"] - 1] for one in regions]
    assert sorted(shown) == ['"The cafÃ© is near."', '"The cafÃ©?"']


def test_a_key_whose_type_changes_is_pointed_at(tmp_path: Path, capsys: Captured) -> None:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]
    path = tmp_path / "data.json"
    path.write_text(json.dumps([{"messages": turns, "id": at} for at in (1, 2, "3")], indent=1))
    (one,) = found(capsys, path, "--select", "J023")
    assert (one["pointer"], one["line"]) == ("/id", 28)  # the line on which the element starts
    main(["check", str(path), "--exit-zero", "--output-format", "sarif", "--select", "J023"])
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    line = path.read_text().split("\n")[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == '"3"'


def test_types_are_those_of_the_file(tmp_path: Path, capsys: Captured) -> None:
    said = "\n\nHuman: Hi\n\nAssistant: Hello"
    rows = [
        {"chosen": f"{said}.", "rejected": f"{said}!"},
        {"chosen": "Plain.", "rejected": "Other."},
        {"chosen": f"{said} Bob.", "rejected": f"{said} you."},
    ]
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert found(capsys, path, "--select", "J023", "--target", "trl") == []
