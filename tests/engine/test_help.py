"""The help of every verb fits a terminal of 80 columns, and says what each argument and option is for."""

import re

import pytest

from curate.cli.main import main
from curate.cli.verbs import names


@pytest.mark.parametrize("words", [["--help"], *([verb, "--help"] for verb in names())], ids=lambda words: words[0])
def test_help_fits_80_columns_and_explains_each_option(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(words) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if len(line) > 80] == []
    told = re.findall(r"^  (--?[\w-]+)[^\n]*\n?( {10,}[^\n]*)?", out, re.MULTILINE)
    assert len(told) >= (1 if len(words) > 1 else 0)
    summaries = out.partition("\nCommands:\n")[2].split("\n\n")[0].splitlines()
    assert [line for line in summaries if line.endswith("...")] == [], "the summary of a subcommand is cut off"
