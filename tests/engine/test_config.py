"""Configuration: every mistake is told at once, with the key that was likely meant."""

from pathlib import Path

import pytest

from curate.core.config import load_config
from curate.core.config_files import find_config
from curate.core.errors import ConfigError, UsageError


def test_all_mistakes_are_told_with_the_likely_key() -> None:
    Path("curate.toml").write_text('dta = ["x"]\n[dedup]\ntreshold = 0.7\n[split]\nfractions = [0.5, 0.1, 0.1]\n')
    with pytest.raises(ConfigError) as caught:
        load_config(Path("curate.toml"))
    assert caught.value.message.split("\n") == [
        "curate.toml: unknown key 'dedup.treshold'; did you mean 'threshold'?",
        "curate.toml: split: the fractions add up to 0.7, not 1",
        "curate.toml: unknown key 'dta'; did you mean 'data'?",
    ]


def test_the_table_in_pyproject_is_read_when_there_is_no_file_of_its_own() -> None:
    Path("pyproject.toml").write_text("[tool.curate]\nseed = 7\n")
    assert find_config(Path()).seed == 7
    Path("curate.toml").write_text("seed = 8\n")
    assert find_config(Path()).seed == 8


@pytest.mark.parametrize("content", ["seed = ", "\xff"])
def test_broken_toml_is_an_error_with_its_place(content: str) -> None:
    Path("curate.toml").write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"curate\.toml: not valid TOML"):
        load_config(Path("curate.toml"))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UsageError, match="no such file"):
        load_config(Path("curate.toml"))
