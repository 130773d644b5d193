"""`curate skill` prints what an agent needs, from the commands themselves."""

import re

import pytest
import yaml

from curate.cli.main import main
from curate.cli.verbs import SUMMARIES


def test_the_skill_names_every_command_and_only_options_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["skill"]) == 0
    _, front, text = capsys.readouterr().out.split("---\n", 2)
    assert yaml.safe_load(front).keys() == {"name", "description"}
    assert SUMMARIES.keys() <= set(re.findall(r"`curate (\w+)", text))
    for command, option in re.findall(r"`curate ([a-z]+) [^`]*?(--[\w-]+)", text):
        capsys.readouterr()
        assert main([command, "--help"]) == 0
        assert option in capsys.readouterr().out
