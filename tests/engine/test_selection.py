"""How rules are named on the command line: several with commas between, and with a word where they are run by another
verb.
"""

import json
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.cli.verbs import SUMMARIES, names
from tests.conftest import chat
from tests.tinymodel import model_for


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    talk = chat("Thank Kim.", "Dear [insert name], thank you!")
    Path("data.jsonl").write_text(f"{json.dumps(talk)}\n{json.dumps(talk)}\n", encoding="utf-8")


def codes(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    main(["check", "data.jsonl", "-q", "--output-format", "json", *words])
    return [finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--select", "D001,Q002"], ["Q002", "D001", "Q002"]),
        (["--select", "D001, Q002"], ["Q002", "D001", "Q002"]),
        (["--select", "D001", "--select", "Q002"], ["Q002", "D001", "Q002"]),
        (["--select", "D,L"], ["D001"]),
        (["--ignore", "Q,J"], ["D001"]),
        (["--select", "Q002", "--extend-select", "D001,D002"], ["Q002", "D001", "Q002"]),
    ],
)
def test_codes_have_commas_between(words: list[str], found: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert codes(words, capsys) == found


@pytest.mark.parametrize(
    ("prefix", "verb"),
    [("L", "`curate verify`"), ("L001", "`curate verify`"), ("D008", "`curate dedup`"), ("K010", "--model")],
)
def test_rules_that_another_verb_runs_are_told_so(prefix: str, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "data.jsonl", "-q", "--select", prefix]) == 2
    assert verb in capsys.readouterr().err
    assert main(["check", "data.jsonl", "-q", "--select", f"J001,{prefix}"]) == 0
    assert verb in capsys.readouterr().err


def test_a_family_of_which_some_rules_run_here_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "data.jsonl", "-q", "--select", "D,K"]) == 1
    assert capsys.readouterr().err == ""


def test_help_has_a_line_for_every_verb_and_no_code_of_a_rule_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert [name for name in names() if not SUMMARIES.get(name)] == []
    main(["conflicts", "--help"])
    assert "X007" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_model_s_own_tokens_take_the_place_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    Path("data.jsonl").write_text(json.dumps(chat("Hi", "Hello.<|im_end|>")) + "\n", encoding="utf-8")
    found = codes([], capsys)
    assert "K016" in found
    assert "K010" not in found
    found = codes(["--model", model_for("K010")], capsys)
    assert "K010" in found
    assert "K016" not in found
