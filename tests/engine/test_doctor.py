"""`curate doctor` says what is there, what is missing and the command that installs it."""

import json
import re
from importlib.metadata import version

import pytest

from curate.cli.main import main
from curate.commands import doctor

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes two seconds to load."""
    monkeypatch.setattr(doctor, "_gpu", lambda: "none")


def packages(monkeypatch: pytest.MonkeyPatch, needed: list[str], installed: dict[str, str]) -> None:
    monkeypatch.setattr(doctor, "requires", lambda _: needed)
    monkeypatch.setattr(doctor, "version_of", lambda name: installed.get(name, ""))


def test_this_installation_is_complete(capsys: Captured) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "required packages     ok" in out
    assert main(["doctor", "--json"]) == 0
    base, *extras = json.loads(capsys.readouterr().out)["extras"]
    [polars] = [package for package in base["packages"] if package["name"] == "polars"]
    assert polars["installed"] == version("polars")
    assert {"train", "tui", "semantic", "cloud"} <= {extra["name"] for extra in extras}
    assert all(extra["packages"] for extra in extras)


def test_what_is_missing_or_too_old_has_its_command(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    needed = [
        "polars>=1.34",
        "rich>=13.9",
        "torch>=2.6; extra == 'train'",
        "peft; extra == 'train'",
        "x>=2; extra == 'y'",
    ]
    packages(monkeypatch, needed, {"polars": "1.9.0", "rich": "14.0", "torch": "2.10.1+cpu", "x": "10.0rc1"})
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert re.search(r"required packages +polars is 1.9.0, needs 1.34\n +pip install -U curate-chat\n", out)
    assert re.search(r"extra train +peft is missing\n +pip install -U 'curate-chat\[train\]'\n", out)
    assert re.search(r"extra y +ok", out)


def test_a_missing_extra_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    packages(monkeypatch, ["rich>=13.9", "peft>=1; extra == 'train'"], {"rich": "13.9.4"})
    assert main(["doctor"]) == 0
