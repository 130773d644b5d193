"""Adopting `curate check` on old data: baselines, suppressions, severities, and what is ignored where."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.config import SUPPRESSIONS as FILE
from curate.core.config import CheckConfig
from curate.core.errors import ConfigError, UsageError
from curate.core.finding import Severity
from curate.lint.runner import check_paths
from curate.lint.suppressions import load_baseline, subtract_baseline, write_baseline
from tests.conftest import Write, line_of, of_hundred
from tests.engine.test_check import KINDS

Captured = pytest.CaptureFixture[str]
NULL = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None}]}
EMPTY = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""}]}
GOOD = ("Hello", "Hello.")


def checked(capsys: Captured, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of a check."""
    capsys.readouterr()
    code = main(["check", *arguments, "--output-format", "json"])
    return code, json.loads(capsys.readouterr().out)


def codes(output: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in output["findings"]]


# Baseline


def test_only_new_findings_fail_and_the_known_ones_are_counted(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [NULL, b"{", NULL, b""])
    assert main(["check", "data.jsonl", "--write-baseline", "baseline.json"]) == 0
    out, told = capsys.readouterr()
    assert (out, "written to baseline.json" in told) == ("", True)
    code, found = checked(capsys, "data.jsonl", "--baseline", "baseline.json")
    assert (code, found["findings"], found["summary"]["known"]) == (0, [], 5)
    write("data.jsonl", [GOOD, EMPTY, b"{", NULL, NULL, b""])
    code, found = checked(capsys, "data.jsonl", "--baseline", "baseline.json")
    assert (code, codes(found), found["summary"]["known"]) == (1, ["C003"], 5)
    main(["check", "data.jsonl", "--baseline", "baseline.json"])
    assert "5 findings of the baseline not shown" in capsys.readouterr().out


def test_one_more_of_the_same_kind_is_new(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [GOOD, b"{"])
    main(["check", "data.jsonl", "--write-baseline", "baseline.json"])
    write("data.jsonl", [GOOD, b"{", b"{"])
    assert codes(checked(capsys, "data.jsonl", "--baseline", "baseline.json")[1]) == ["J010"]


def test_entries_that_match_nothing_any_more_are_one_warning(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [NULL, EMPTY, b"{"])
    main(["check", "data.jsonl", "--write-baseline", "baseline.json"])
    write("data.jsonl", [GOOD, EMPTY])
    code, found = checked(capsys, "data.jsonl", "--baseline", "baseline.json")
    assert (code, codes(found), found["findings"][0]["file"]) == (1, ["F006"], "baseline.json")
    assert "2 entries no longer match" in found["findings"][0]["message"]
    assert "C001 × 1" in found["findings"][0]["message"]
    assert checked(capsys, "data.jsonl", "--baseline", "baseline.json", "--ignore", "F006")[0] == 0


def test_entries_of_files_and_rules_that_were_not_asked_are_not_outdated(write: Write, capsys: Captured) -> None:
    write("a.jsonl", [NULL])
    write("b.jsonl", [EMPTY])
    main(["check", "a.jsonl", "b.jsonl", "--write-baseline", "baseline.json"])
    assert checked(capsys, "b.jsonl", "--baseline", "baseline.json")[0] == 0
    assert (
        checked(
            capsys, "a.jsonl", "b.jsonl", "--baseline", "baseline.json", "--select", "C003", "--extend-select", "F006"
        )[0]
        == 0
    )
    Path("a.jsonl").unlink()
    assert codes(checked(capsys, "b.jsonl", "--baseline", "baseline.json")[1]) == ["F006"]


def test_a_baseline_is_sorted_and_written_the_same_each_time(write: Write) -> None:
    write("data.jsonl", [b"{", NULL, EMPTY, NULL])
    main(["check", "data.jsonl", "--write-baseline", "one.json"])
    write("data.jsonl", [NULL, EMPTY, NULL, b"{"])
    main(["check", "data.jsonl", "--write-baseline", "two.json"])
    assert Path("one.json").read_bytes() == Path("two.json").read_bytes()
    entries = json.loads(Path("one.json").read_text())["findings"]
    assert [entry["code"] for entry in entries] == sorted(entry["code"] for entry in entries)


@pytest.mark.parametrize(
    "content", [None, b"", b"[]", b'{"version": 2}', b'{"version": 1, "findings": [{"code": 1}]}', b"\xff"]
)
def test_what_is_no_baseline_is_told_before_the_check(write: Write, capsys: Captured, content: bytes | None) -> None:
    write("data.jsonl", [NULL])
    if content is not None:
        write("baseline.json", content)
    assert main(["check", "data.jsonl", "--baseline", "baseline.json"]) == 2
    out, told = capsys.readouterr()
    assert (out, "--write-baseline" in told) == ("", True)


@pytest.mark.slow
@settings(max_examples=of_hundred(40), deadline=None)
@given(chosen=st.lists(st.sampled_from(KINDS), max_size=10), more=st.integers(0, 3))
def test_whatever_the_lines_are_nothing_is_new_when_sound_ones_come_in_before_them(
    chosen: list[Callable[[int], object]], more: int
) -> None:
    path, kept = Path("data.jsonl"), Path("baseline.json")
    # These weigh a line against all others, so that they may well change their mind when there are more.
    config = CheckConfig(ignore=("F", "M026", "Q021"))
    lines = [line_of(kind(n)) for n, kind in enumerate(chosen)]
    path.write_bytes(b"\n".join([line_of(GOOD), *lines]))
    before = check_paths([path], config)
    write_baseline(kept, before)
    path.write_bytes(
        b"\n".join([line_of(GOOD), *(line_of((f"Is {n} more?", f"Yes, {n}.")) for n in range(more)), *lines])
    )
    after = check_paths([path], config)
    subtract_baseline(after, load_baseline(kept), kept, ["data.jsonl"])
    assert after.findings == []
    assert after.known == len(before.findings)


# Suppressions


def test_a_suppressed_finding_is_not_told_until_its_example_changes(
    write: Write, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    write("data.jsonl", [GOOD, NULL, EMPTY])
    assert main(["suppress", "c001", "data.jsonl:2", "--reason", "an image answers"]) == 0
    entry = json.loads(Path(FILE).read_text())
    assert {key: entry[key] for key in ("code", "file", "line", "reason", "author")} == {
        "code": "C001",
        "file": "data.jsonl",
        "line": 2,
        "reason": "an image answers",
        "author": "ada",
    }
    write("data.jsonl", [EMPTY, GOOD, NULL, {"messages": [{"role": "user", "content": "Bye"}, NULL["messages"][1]]}])
    code, found = checked(capsys, "data.jsonl")
    assert (code, codes(found), found["summary"]["suppressed"]) == (1, ["C003", "C001"], 1)
    write("data.jsonl", [GOOD])
    code, found = checked(capsys, "data.jsonl")
    assert (code, codes(found), found["findings"][0]["file"], found["findings"][0]["line"]) == (1, ["F006"], FILE, 1)


def test_suppressing_twice_adds_nothing(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [NULL])
    for _ in range(2):
        assert main(["suppress", "C001", "data.jsonl:1", "--reason", "meant so"]) == 0
    assert "nothing added" in capsys.readouterr().err
    assert len(Path(FILE).read_bytes().splitlines()) == 1


def test_a_reason_in_another_encoding_is_recorded(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("data.jsonl", [NULL])
    words = [word.decode("ascii", "surrogateescape") for word in ("façade".encode(), b"Zo\xeb")]
    for word, told in zip(words, ("façade", "Zo\ufffd"), strict=True):
        monkeypatch.setenv("LOGNAME", word)
        assert main(["suppress", "C001", "data.jsonl:1", "--reason", word]) == 0
        entry = json.loads(Path(FILE).read_bytes())
        assert (entry["reason"], entry["author"]) == (told, told)
        Path(FILE).unlink()


@pytest.mark.parametrize(
    "arguments",
    [
        ["C001", "data.jsonl:1", "--reason", "why"],
        ["C001", "data.jsonl", "--reason", "why"],
        ["C001", "gone.jsonl:1", "--reason", "why"],
        ["Z001", "data.jsonl:2", "--reason", "why"],
        ["J010", "data.jsonl:3", "--reason", "why"],
        ["C001", "data.jsonl:2", "--reason", " "],
        ["C001", "data.jsonl:2"],
    ],
    ids=["no finding there", "no line", "no file", "no rule", "no example", "no reason", "no reason at all"],
)
def test_what_cannot_be_suppressed_is_told_and_nothing_is_written(write: Write, arguments: list[str]) -> None:
    write("data.jsonl", [GOOD, NULL, b"{"])
    assert main(["suppress", *arguments]) == 2
    assert not Path(FILE).exists()


def test_every_line_that_is_no_suppression_is_told(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [NULL])
    write(FILE, [b"{}", b"", b"\xff"])
    assert main(["check", "data.jsonl"]) == 2
    told = capsys.readouterr().err
    assert f"{FILE}:1: " in told
    assert f"{FILE}:3: " in told


# Severities, files, selection


def test_severities_are_overridden_by_code_and_by_prefix_and_off_is_off(write: Write) -> None:
    path = write("data.jsonl", [NULL, EMPTY, b"{"])
    config = CheckConfig.model_validate({"severity": {"C": "info", "C003": "warning", "J": "off"}})
    assert {finding.code: finding.severity for finding in check_paths([path], config).findings} == {
        "C001": Severity.INFO,
        "C003": Severity.WARNING,
    }


def test_rules_are_ignored_in_files_that_a_glob_names(write: Write, capsys: Captured) -> None:
    write("old/data.jsonl", [NULL, EMPTY])
    write("new/data.jsonl", [NULL])
    write("curate.toml", b'[check.per-file-ignores]\n"old/*" = ["C001"]\n"*.ndjson" = ["J"]\n')
    found = checked(capsys, "old/data.jsonl", "new/data.jsonl", "--ignore", "D")[1]["findings"]
    assert sorted((one["file"], one["code"]) for one in found) == [
        ("new/data.jsonl", "C001"),
        ("old/data.jsonl", "C003"),
    ]


def test_extend_select_adds_to_what_is_selected(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [NULL, EMPTY])
    assert codes(checked(capsys, "data.jsonl", "--select", "C001", "--extend-select", "C003")[1]) == ["C001", "C003"]


def test_target_and_length_are_options(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [GOOD])
    assert main(["check", "data.jsonl", "--target", "openai", "--max-length", "0"]) == 2
    assert "max_length" in capsys.readouterr().err
    assert main(["check", "data.jsonl", "--target", "nobody"]) == 2


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"severity": {"Z": "off"}}, UsageError),
        ({"per_file_ignores": {"*": ["Z"]}}, UsageError),
        ({"extend_select": ["Z"]}, UsageError),
    ],
)
def test_a_code_that_no_rule_has_is_told_wherever_it_stands(
    write: Write, config: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises((error, ConfigError), match="no rule has a code"):
        check_paths([write("data.jsonl", [GOOD])], CheckConfig.model_validate(config))
