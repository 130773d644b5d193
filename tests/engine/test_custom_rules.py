"""Rules of one's own: declared in the configuration or brought by a package, they are rules like any other."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from curate.cli.main import main
from curate.core.example import Example
from curate.core.finding import Problem, Severity
from curate.lint.rules import RULES, custom
from curate.lint.rules.rule import rule
from curate.render.check_formats import OutputFormat
from tests.conftest import Write, chat

Captured = pytest.CaptureFixture[str]
CONFIG = """
[[check.rule]]
code = "U001"
name = "mentions-rival"
pattern = '(?i)\\bacme\\b'
role = ["assistant"]
severity = "error"
message = "the answer mentions Acme"
hint = "Name our own product."
bad = ['{"messages": [{"role": "user", "content": "Which?"}, {"role": "assistant", "content": "Acme!"}]}']
good = ['{"messages": [{"role": "user", "content": "Acme?"}, {"role": "assistant", "content": "Ours."}]}']

[[check.rule]]
code = "U002"
name = "long-question"
expression = "LENGTH(text) > 20 AND role = 'user'"
severity = "info"
message = "a question of more than 20 characters"
"""


@pytest.fixture
def configured(write: Write) -> str:
    write("curate.toml", CONFIG.encode())
    lines = [
        chat("Which one?", "Take ACME."),
        chat("Acme, or something else altogether?", "Ours."),
        chat("And this one?", "Both."),
    ]
    return str(write("data.jsonl", lines))


def test_declared_rules_find_what_they_say(configured: str, capsys: Captured) -> None:
    assert main(["check", configured, "--output-format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [(one["code"], one["severity"], one["line"], one["pointer"], one["message"]) for one in found] == [
        ("U001", "error", 1, "/messages/1/content", "the answer mentions Acme"),
        ("U002", "info", 2, "/messages/0/content", "a question of more than 20 characters"),
    ]
    assert found[0]["hint"] == "Name our own product."


@pytest.mark.parametrize("kind", OutputFormat)
def test_declared_rules_are_in_every_output(configured: str, capsys: Captured, kind: OutputFormat) -> None:
    assert main(["check", configured, "--output-format", kind.value]) == 1
    assert "U001" in capsys.readouterr().out


def test_declared_rules_are_selected_and_overridden_like_any_other(configured: str, write: Write) -> None:
    assert main(["check", configured, "--ignore", "U001"]) == 0
    assert main(["check", configured, "--select", "U002"]) == 0
    write("curate.toml", (CONFIG + "\n[check.severity]\nU = 'warning'\n").encode())
    assert main(["check", configured, "--select", "U002"]) == 1


def test_declared_rules_are_listed_and_explained(configured: str, capsys: Captured) -> None:
    assert main(["rule", "--all"]) == 0
    assert "mentions-rival" in capsys.readouterr().out
    assert main(["rule", "u001"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("U001 mentions-rival (error)\n\nThe answer mentions Acme.\n\n")
    assert "Next: Name our own product." in said
    assert main(["rule", "--all", "--format", "json"]) == 0
    listed = {one["code"]: one for one in json.loads(capsys.readouterr().out)}
    assert listed.keys() == {*RULES, "U001", "U002"}
    assert main(["rule", "--all", "--format", "markdown"]) == 0
    assert "| U001 | mentions-rival | error |  | The answer mentions Acme. |" in capsys.readouterr().out


def test_their_examples_are_run(configured: str, write: Write, capsys: Captured) -> None:
    assert main(["rule", "--test"]) == 0
    assert (
        capsys.readouterr().out
        == "U001 mentions-rival: ok (2 lines tried)\nU002 long-question: ok (0 lines tried; it has no bad example, so nothing shows that it reports anything)\n"  # noqa: E501
    )
    write("curate.toml", CONFIG.replace('"Ours."', '"acme"').replace('"Acme!"', '"Ours!"').encode())
    assert main(["rule", "--test", "U001"]) == 1
    said = capsys.readouterr().out
    assert "bad example is not reported: " in said
    assert "good example is reported: " in said


def test_ours_can_be_tested_too_and_nothing_to_test_is_told(capsys: Captured) -> None:
    assert main(["rule", "--test", "C001"]) == 0
    assert main(["rule", "--test", "C003"]) == 0
    assert main(["rule", "--test"]) == 2
    assert "[[check.rule]]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"U001"', '"C001"', "check.rule.0.code"),
        ('"U002"', '"U001"', "has that code or name"),
        ('"long-question"', '"empty-answer"', "C003 empty-answer already has that code or name"),
        ('"long-question"', '"Long question"', "lower-case-with-dashes"),
        ("'(?i)\\bacme\\b'", "'(acme'", "check.rule U001"),
        ("LENGTH(text) > 20", "LENGTH(", "check.rule U002"),
        ("LENGTH(text) > 20", "LENGTH(words) > 20", "check.rule U002"),
        ("LENGTH(text) > 20 AND role = 'user'", "LENGTH(text)", "not true or false"),
        ("LENGTH(text) > 20 AND role = 'user'", "LENGTH(text) > AVG(LENGTH(text))", "depends on other messages"),
        ('["assistant"]', '["bot"]', "no message has the role 'bot'"),
        ("pattern = '(?i)\\bacme\\b'", "", "set exactly one of pattern and expression"),
    ],
    ids=[
        "foreign code",
        "code twice",
        "our name",
        "name",
        "pattern",
        "syntax",
        "column",
        "no question",
        "other messages",
        "role",
        "nothing",
    ],
)
def test_a_rule_that_is_not_well_declared_stops_before_anything_is_read(
    configured: str, write: Write, capsys: Captured, old: str, new: str, said: str
) -> None:
    assert old in CONFIG
    write("curate.toml", CONFIG.replace(old, new).encode())
    assert main(["check", configured]) == 2
    out, told = capsys.readouterr()
    assert (out, said in told) == ("", True), told


@rule("V001", "shouts", severity=Severity.WARNING, hint="Speak softly.")
def shouts(example: Example) -> Iterator[Problem]:
    """A developer's message comes first.

    This is how a package declares a rule.

    Bad:

        {"messages": [{"role": "developer", "content": "HI"}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """  # noqa: E501
    if example.messages and example.messages[0].role == "developer":
        yield Problem("/messages/0", "shouts")


RULES_OF_A_PACKAGE = SimpleNamespace(RULES=(shouts,))


@pytest.mark.parametrize("code", ["K001", "K013", "F006", "J018"])
def test_a_rule_that_its_examples_alone_cannot_test_says_why(code: str, capsys: Captured) -> None:
    assert main(["rule", "--test", code]) == 0
    assert f"{code} {RULES[code].name}: not tested (" in capsys.readouterr().out


@pytest.mark.parametrize("code", {rule.scope: code for code, rule in RULES.items()}.values())
def test_a_built_in_rule_of_each_scope_passes_its_own_test(code: str) -> None:
    assert main(["rule", "--test", code]) == 0


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Install a package of rules: what an installer writes into a folder of the path."""

    def install(value: str) -> None:
        installed = tmp_path / "packages/mine-1.0.dist-info"
        installed.mkdir(parents=True)
        (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
        (installed / "entry_points.txt").write_text(f"[curate.lint.rules]\nmine = {value}\n")
        monkeypatch.syspath_prepend(str(installed.parent))

    custom._from_packages.cache_clear()
    yield install
    custom._from_packages.cache_clear()


def test_rules_of_a_package_are_rules_like_any_other(package: Any, write: Write, capsys: Captured) -> None:
    package("tests.engine.test_custom_rules:RULES_OF_A_PACKAGE")
    path = str(write("data.jsonl", [shouts.bad.strip()]))
    assert main(["check", path, "--select", "V"]) == 1
    assert "V001 warning shouts (/messages/0)" in capsys.readouterr().out
    assert main(["rule", "V001"]) == 0
    assert main(["rule", "--test"]) == 0
    assert "V001 shouts: ok" in capsys.readouterr().out


@pytest.mark.parametrize(
    "value", ["no_such_module", "tests.engine.test_custom_rules:NOTHING", "tests.engine.test_custom_rules:CONFIG"]
)
def test_a_package_that_brings_no_rules_is_named(package: Any, write: Write, capsys: Captured, value: str) -> None:
    package(value)
    assert main(["check", str(write("data.jsonl", [("Hi", "Hello.")]))]) == 2
    assert "rules of 'mine'" in capsys.readouterr().err
