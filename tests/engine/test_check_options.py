"""Options of `curate check` that other linters have, and those that all commands share."""

import json
import re
import subprocess
from collections.abc import Callable
from email.message import Message
from pathlib import Path

import pytest

from curate.cli.common_options import as_command
from curate.cli.main import main
from curate.cli.verbs import load_verb, names
from curate.core.config import SUPPRESSIONS
from curate.render import check_ci
from tests.conftest import Write, chat, line_of

Captured = pytest.CaptureFixture[str]
BAD = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""}]}
ALIAS = {"messages": [{"role": "human", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
GOOD = chat("Is it open?", "Yes, on Sundays.")


def test_exit_zero_reports_findings_and_is_no_pass_for_a_missing_file(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [BAD, b"{"])
    assert main(["check", "data.jsonl", "--exit-zero"]) == 0
    assert "C003" in capsys.readouterr().out
    assert main(["check", "none.jsonl", "--exit-zero"]) == 2


@pytest.mark.parametrize("how", ["--fix", "--fix-only"])
def test_exit_non_zero_on_fix_tells_that_a_fix_was_applied(write: Write, how: str) -> None:
    write("data.jsonl", [ALIAS])
    assert main(["check", "data.jsonl", how, "--exit-non-zero-on-fix"]) == 1
    assert main(["check", "data.jsonl", how, "--exit-non-zero-on-fix"]) == 0, "nothing was left to fix"


def test_exclude_leaves_files_of_folders_out_and_says_so(write: Write, capsys: Captured) -> None:
    for name in ("data/a.jsonl", "data/old/b.jsonl", "data/old/c.jsonl"):
        write(name, [GOOD])
    assert main(["check", "data", "--exclude", "old/", "--show-files"]) == 0
    out, err = capsys.readouterr()
    assert out == "data/a.jsonl\n"
    assert "2 files not read, excluded by --exclude; the first is data/old/b.jsonl" in err
    assert main(["check", "data/old/b.jsonl", "--exclude", "old/", "--show-files"]) == 0
    assert capsys.readouterr().out == "data/old/b.jsonl\n", "a file that is named is read"
    assert main(["check", "data", "--exclude", "*"]) == 2, "a check of nothing is no clean one"


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["apply", "conflicts", "convert", "dedup", "score", "select", "split", "stats"])
def test_each_command_that_reads_folders_leaves_the_same_files_out(write: Write, verb: str, capsys: Captured) -> None:
    chats = [chat(f"What is {n} times {n}?", f"It is {n * n}, as {n} squared.") for n in range(20)]
    for name in ("data/a.jsonl", "data/old/b.jsonl"):
        write(name, chats)
    options = {"apply": ["-o", "out.jsonl"], "convert": ["-o", "out.jsonl"], "split": ["-o", "out"]}
    options |= {"select": ["--examples", "5", "--no-models"], "conflicts": ["--no-models"], "score": ["--no-models"]}
    assert main([verb, "data", "--exclude", "old/", *options.get(verb, [])]) == 0
    said = capsys.readouterr()
    assert "1 file not read, excluded by --exclude; the first is data/old/b.jsonl" in said.err
    assert main([verb, "data", "--exclude", "*.jsonl", *options.get(verb, [])]) == 2


def test_watch_checks_again_after_each_change_until_interrupted(
    write: Write, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("data/a.jsonl", [GOOD])
    write("data/b.jsonl", [GOOD])
    changes: list[Callable[[], object]] = [
        lambda: write("data/a.jsonl", [BAD]),
        lambda: write("data/a.jsonl", [BAD, BAD]),  # still being written: one check for all three
        lambda: write("data/a.jsonl", [BAD, BAD, GOOD]),
        lambda: None,
        lambda: Path("data/a.jsonl").unlink(),
        lambda: None,
        lambda: Path("data/b.jsonl").unlink(),
        lambda: None,
        lambda: write("data/c.jsonl", [BAD]),
        lambda: None,
        lambda: Path("curate.toml").write_text('[check]\nignore = ["C003"]\n'),
        lambda: None,
        lambda: write("data/c.jsonl", [GOOD, BAD]),
        lambda: None,
        lambda: Path("curate.toml").unlink(),
        lambda: None,
    ]

    def slept(_: float) -> None:
        if not changes:
            raise KeyboardInterrupt
        changes.pop(0)()

    monkeypatch.setattr("curate.cli.watch.sleep", slept)
    assert main(["check", "data", "--watch", "--statistics"]) == 1
    out, err = capsys.readouterr()
    assert "\x1b" not in out, "only a terminal is cleared"
    counts = re.findall(r"watching (\w+) files?; Ctrl-C ends", err)
    assert counts == ["2", "2", "1", "no", "1", "2", "2", "1"]
    assert "data: a folder without data files" in err
    assert out.count("C003") == 3, out
    for words in (["-"], ["data", "--fix"], ["https://example.com/a.jsonl"]):
        assert main(["check", *words, "--watch"]) == 2


def test_gitignore_files_count_only_when_asked_and_as_git_reads_them(write: Write, capsys: Captured) -> None:
    names = ["a.jsonl", "keep.jsonl", "raw/b.jsonl", "raw/keep.jsonl", "sub/a.jsonl", "sub/raw/c.jsonl", "x/y.jsonl"]
    for name in names:
        write(name, [GOOD])
    Path(".gitignore").write_text("/a.jsonl\nraw/*\n!raw/keep.jsonl\n# x\n")
    Path("sub/.gitignore").write_text("!raw/c.jsonl\n")
    subprocess.run(["git", "init", "--quiet"], check=True)
    main(["check", ".", "--show-files"])
    assert capsys.readouterr().out.split() == names
    main(["check", ".", "--respect-gitignore", "--show-files"])
    out, err = capsys.readouterr()
    told = subprocess.run(["git", "check-ignore", *names], capture_output=True, text=True, check=False).stdout.split()
    assert set(out.split()) == set(names) - set(told)
    assert "ignored by .gitignore" in err


def test_show_settings_has_the_configuration_and_the_options(capsys: Captured) -> None:
    Path("other").mkdir()
    Path("other/c.toml").write_text('[check]\nignore = ["C003"]\n')
    assert main(["check", "-", "--config", "other/c.toml", "--target", "openai", "--show-settings"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["configuration"], shown["check"]["ignore"], shown["check"]["target"]) == (
        "other/c.toml", ["C003"], "openai",
    )  # fmt: skip


def test_a_named_configuration_replaces_that_of_the_folder_for_one_command(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [BAD])
    Path("curate.toml").write_text("[check\n")
    Path("mine.toml").write_text('[check]\nignore = ["C003"]\n')
    assert main(["check", "data.jsonl", "--config", "mine.toml"]) == 0
    assert main(["check", "data.jsonl"]) == 2, "the folder's own again, which is broken"
    assert main(["check", "data.jsonl", "--config", "none.toml"]) == 2
    assert "none.toml: no such file" in capsys.readouterr().err


def test_files_of_a_named_configuration_are_found_from_its_folder(write: Write) -> None:
    write("set/test.jsonl", [GOOD])
    write("data.jsonl", [chat(f"What is {n} times {n}?", f"It is {n * n}.") for n in range(20)] + [GOOD])
    Path("set/curate.toml").write_text('[split]\nexisting = ["test.jsonl"]\n')
    assert main(["split", "data.jsonl", "-o", "out", "--config", "set/curate.toml"]) == 0
    assert Path("out/test.jsonl").read_bytes() == line_of(GOOD) + b"\n"


def test_color_is_as_asked_for_and_only_for_that_command(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [BAD])
    main(["check", "data.jsonl", "--color", "always"])
    assert "\x1b[" in capsys.readouterr().out
    main(["check", "data.jsonl"])
    assert "\x1b[" not in capsys.readouterr().out
    assert main(["check", "data.jsonl", "--color", "often"]) == 2
    main(["stats", "data.jsonl", "--color", "always"])
    assert "\x1b[" in capsys.readouterr().out


def test_never_wins_over_the_environment(write: Write, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    write("data.jsonl", [BAD])
    main(["check", "data.jsonl", "--color", "never"])
    assert "\x1b[" not in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_standard_input_has_the_name_that_is_given(
    workers: str, write: Write, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = 200 if workers == "2" else 0
    monkeypatch.setattr("curate.read.file_parts.MIN_PARALLEL_BYTES", 0)
    monkeypatch.setattr("curate.read.file_parts.CHUNK_BYTES", 2_000)
    with write("piped", [*[GOOD] * many, BAD]).open() as stdin:
        Path("curate.toml").write_text('[check]\nselect = ["C"]\nper_file_ignores = { "old/*" = ["C003"] }\n')
        monkeypatch.setattr("sys.stdin", stdin)
        arguments = ["check", "-", "--workers", workers, "--output-format", "json", "--stdin-filename"]
        assert main([*arguments, "new/x.jsonl"]) == 1
        [found] = json.loads(capsys.readouterr().out)["findings"]
        assert (found["file"], found["line"]) == ("new/x.jsonl", many + 1)
        assert main([*arguments, "old/x.jsonl"]) == 0, "per_file_ignores has a pattern for the name"


def test_a_name_for_standard_input_needs_it_and_names_no_file_that_is_read(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [GOOD])
    assert main(["check", "data.jsonl", "--stdin-filename", "x.jsonl"]) == 2
    assert "pass - as the path" in capsys.readouterr().err
    assert main(["check", "-", "data.jsonl", "--stdin-filename", "data.jsonl"]) == 2
    assert main(["check", "-", "--stdin-filename", ""]) == 2
    assert "is not the name of a file" in capsys.readouterr().err


def test_suppressions_are_added_for_all_that_fails_and_what_has_no_example_stays(
    write: Write, capsys: Captured
) -> None:
    write("data.jsonl", [BAD, GOOD, ALIAS])
    assert main(["check", "data.jsonl", "--add-suppressions"]) == 2
    assert not Path(SUPPRESSIONS).exists()
    capsys.readouterr()
    assert main(["check", "data.jsonl", "--add-suppressions", "--reason", "old data"]) == 0
    assert "2 suppressions added" in capsys.readouterr().err
    assert [json.loads(line)["reason"] for line in Path(SUPPRESSIONS).read_text().splitlines()] == ["old data"] * 2
    assert main(["check", "data.jsonl"]) == 0
    write("data.jsonl", [BAD, GOOD, ALIAS, b"{"])
    assert main(["check", "data.jsonl", "--add-suppressions", "--reason", "old data"]) == 1
    assert "0 suppressions added" in (told := capsys.readouterr().err)
    assert "1 finding about no example cannot be suppressed" in told


def test_what_a_baseline_has_is_not_suppressed_again(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [BAD])
    assert main(["check", "data.jsonl", "--write-baseline", "base.json"]) == 0
    write("data.jsonl", [BAD, ALIAS])
    add = ["--add-suppressions", "--reason", "old data"]
    assert main(["check", "data.jsonl", "--baseline", "base.json", *add]) == 0
    assert [json.loads(line)["code"] for line in Path(SUPPRESSIONS).read_text().splitlines()] == ["M007"]
    assert main(["check", "data.jsonl", "--write-baseline", "base.json", *add]) == 2


def test_sarif_links_to_the_page_of_a_rule_where_the_package_names_its_documentation(
    write: Write, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("data.jsonl", [BAD])
    package = Message()
    package["Project-URL"] = "Documentation, https://docs.example.org/curate"
    monkeypatch.setattr(check_ci, "metadata", lambda _: package)
    check_ci.documentation.cache_clear()
    main(["check", "data.jsonl", "--output-format", "sarif"])
    check_ci.documentation.cache_clear()
    [rule] = json.loads(capsys.readouterr().out)["runs"][0]["tool"]["driver"]["rules"]
    assert rule["helpUri"] == "https://docs.example.org/curate/reference/rules/C003.html"


@pytest.mark.parametrize("verb", names())
def test_no_common_option_takes_the_place_of_a_command_s_own(verb: str) -> None:
    command = as_command(verb, load_verb(verb))
    for leaf in getattr(command, "commands", {"": command}).values():
        parameters = [parameter.name for parameter in leaf.params]
        options = [name for parameter in leaf.params for name in parameter.opts if name.startswith("-")]
        assert len(set(parameters)) == len(parameters)
        assert len(set(options)) == len(options)


def test_a_run_takes_the_folder_of_its_project(write: Write) -> None:
    write("project/data.jsonl", [chat(f"What is {n} times {n}?", f"It is {n * n}.") for n in range(20)])
    Path("project/curate.toml").write_text('data = ["data.jsonl"]\n[conflicts]\nmodels = false\n')
    assert main(["run", "project", "--color", "never"]) == 0
    assert Path("project/out/manifest.json").is_file()


@pytest.mark.parametrize("pattern", ["!", "a.jsonl\\", "\\", "[z-a]"])
def test_what_is_no_pattern_excludes_nothing_and_is_an_error_as_an_option(
    pattern: str, write: Write, capsys: Captured
) -> None:
    for name in ("a", "b"):
        write(f"{name}.jsonl", [("Hi", "Hello.")])
    Path(".git").mkdir()
    Path(".gitignore").write_text(f"\ufeffb.jsonl\n{pattern}\n", encoding="utf-8")
    assert main(["check", ".", "--respect-gitignore", "--show-files"]) == 0
    assert capsys.readouterr().out == "a.jsonl\n"
    assert main(["check", ".", "--exclude", pattern, "--show-files"]) == 2
    assert "not a pattern" in capsys.readouterr().err
