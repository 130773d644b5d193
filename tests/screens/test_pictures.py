"""What the screens look like, a picture each; `pytest tests/screens --snapshot-update` draws them anew. Look at them
before you commit.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.screens.conftest import opened
from tests.screens.test_run_screens import write_evaluation, write_run, write_splits
from tui.app import CurateApp

pytestmark = pytest.mark.slow  # the whole review, in many states
Makes = Callable[[], CurateApp]


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        pytest.param((), (120, 36), id="overview-dark"),
        pytest.param(("2", "down"), (80, 24), id="examples-small-dark"),
        pytest.param(("3", "end", "up", "up"), (80, 24), id="findings-small-dark"),
        pytest.param(("3", "z", "j", "space", "t"), (120, 36), id="groups-light"),
        pytest.param(("3", "asterisk"), (80, 24), id="menu-small-dark"),
        pytest.param(("4", "end", "d", "t"), (160, 50), id="duplicates-large-light"),
        pytest.param(("4", "end", "t"), (80, 24), id="duplicates-small-light"),
        pytest.param(("5", "end"), (160, 50), id="answers-large-dark"),
        pytest.param(("5",), (120, 30), id="conflicts-dark"),
        pytest.param(("6", "v"), (100, 40), id="splits-dark"),
        pytest.param(("7", "t"), (100, 40), id="training-light"),
        pytest.param(("8",), (80, 24), id="evaluate-small-dark"),
    ],
)
def test_picture(
    snap_compare: Any, make_app: Makes, keys: tuple[str, ...], size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that is explained better is no new picture, nor is a release, so both are others here."""
    rule = SimpleNamespace(name="unknown-role", rationale="Templates refuse it.", repair=None)
    monkeypatch.setattr("curate.lint.rules.RULES", {"M006": rule})
    monkeypatch.setattr("curate.output.folder.__version__", "0.1.0")
    if keys[:1] in (("7",), ("8",)):
        write_evaluation(write_run("first", 20, report=True))
    if keys[:1] == ("6",):
        write_splits()
    assert snap_compare(make_app(), terminal_size=size, run_before=lambda pilot: opened(pilot, *keys))
