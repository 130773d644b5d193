"""Names of commands in the last release: they do what the new words do, and print one line that shows these."""

from pathlib import Path

import pytest

from curate.cli.main import main
from curate.cli.verbs import OLD_NAMES, names

Captured = pytest.CaptureFixture[str]
ARGUMENTS = {
    "kappa": [["gone.jsonl"], ["decisions.jsonl", "--json"]],
    "merge": [["a", "-o", "out", "--weights", "x"], ["a"]],
    "plan": [["gone.toml"], ["gone.toml", "--vram", "6GB", "--measure"]],
}
"""Arguments that need no model, of each old name."""


@pytest.mark.parametrize(("old", "arguments"), [(old, one) for old, several in ARGUMENTS.items() for one in several])
def test_an_old_name_does_what_the_new_words_do(old: str, arguments: list[str], capsys: Captured) -> None:
    Path("decisions.jsonl").touch()
    new = OLD_NAMES[old]
    status = main([*new, *arguments])
    out, err = capsys.readouterr()
    assert main([old, *arguments]) == status
    note = f"note: `curate {old}` is now `curate {' '.join(new)}`; the next release removes the old name\n"
    assert capsys.readouterr() == (out, note + err)


def test_old_names_are_listed_nowhere(capsys: Captured) -> None:
    assert OLD_NAMES.keys() == ARGUMENTS.keys()
    assert not OLD_NAMES.keys() & set(names())
    main(["--help"])
    out = capsys.readouterr().out
    assert [old for old in OLD_NAMES if f"\n  {old} " in out] == []


@pytest.mark.parametrize("old", OLD_NAMES)
def test_the_help_of_an_old_name_is_that_of_its_command(old: str, capsys: Captured) -> None:
    command, option = OLD_NAMES[old]
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"\n  {option} " in text
    assert main([old, "--help"]) == 0
    assert capsys.readouterr().out == text
