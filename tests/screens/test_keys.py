"""Keys of the review as `[review.keys]` gives them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.core.config import Config
from curate.core.errors import ConfigError, ExitCode
from curate.project.runs import Project
from curate.review import ReviewSources
from tests.screens.conftest import opened, queue, screen_text, told, write_lines
from tui.app import CurateApp
from tui.keys import KEYS, keys_from_config

Makes = Callable[..., CurateApp]


def app_with(**keys: str) -> CurateApp:
    config = Config.model_validate({"review": {"keys": keys}})
    return CurateApp(ReviewSources(Project(Path()), config, [write_lines(Path())]), told)


def mistakes(**keys: str) -> str:
    with pytest.raises(ConfigError) as caught:
        keys_from_config({name.replace("_", "-"): value for name, value in keys.items()})
    return caught.value.message


@pytest.mark.slow
async def test_the_configuration_gives_actions_other_keys() -> None:
    app = app_with(keep="k", up="c,up", help="F1", undo="ctrl+z", **{"go-findings": "F"})
    async with app.run_test(size=(120, 130)) as pilot:
        session = await opened(pilot, "F")
        at = queue(app).list.cursor
        await opened(pilot, "y")  # without its action, the key does nothing
        assert (queue(app).list.cursor, session.log.decisions) == (at, [])
        assert "k Keep" in screen_text(app)
        await opened(pilot, "k")
        assert [one.verdict for one in session.log.decisions] == ["keep"]
        await opened(pilot, "ctrl+z")
        assert session.log.decisions[-1].verdict == "undecided"
        await opened(pilot, "G", "c")
        assert queue(app).list.cursor == len(session.findings) - 2
        assert "Undo (^z)" in [command.title for command in app.get_system_commands(app.screen)]

        await opened(pilot, "5")  # `y` on pairs is another action, which keeps its key
        count = len(session.log.decisions)
        await opened(pilot, "y")
        assert len(session.log.decisions) > count

        await opened(pilot, "f1")
        lines = [line.split() for line in screen_text(app).splitlines()]
        assert ["k", "Keep", "the", "example,"] in [line[1:5] for line in lines]
        assert ["^z", "Undo", "the", "last"] in [line[1:5] for line in lines]


def test_mistakes_name_the_key_and_what_may_be_meant() -> None:
    assert "unknown action 'kepe'; did you mean 'keep'?" in mistakes(kepe="k")
    assert "undo: unknown key 'ctl+z'" in mistakes(undo="ctl+z")
    assert "undo: unknown key 'spacee'; did you mean 'space'?" in mistakes(undo="spacee")
    assert "undo: unknown key ''" in mistakes(undo="")
    assert "keep: 'd' is the key of 'drop', too" in mistakes(keep="d")
    assert "keep: 'q' is the key of 'quit', too" in mistakes(keep="y,q")
    assert "up: 'Space' is the key of 'select', too" in mistakes(up="Space")
    assert "start: '/' is the key" not in mistakes(start="/,j")  # the filter is on other screens
    assert "quit: ctrl+p cannot be given to another action" in mistakes(quit="ctrl+p")
    both = mistakes(keep="n", next="x", undoo="z")
    assert "unknown action 'undoo'" in both
    assert "next: 'x' is the key of 'secrets', too" in both
    assert "'n' is" not in both  # it is free, since its action has another key


def test_keys_can_be_exchanged() -> None:
    table = {key.id: key for key in keys_from_config({"keep": "d", "drop": "y"})}
    assert (table["keep"].keys, table["drop"].keys, table["both"].keys) == ("d", "y", "y")
    assert keys_from_config({key.id: key.keys for key in KEYS}) == KEYS
    assert keys_from_config({key.id: ",".join(key.shown.split()) for key in KEYS}) == KEYS


def test_a_mistake_is_told_before_the_screen_opens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lines(Path())
    Path("curate.toml").write_text('[review.keys]\nkepe = "k"\n')
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.headless_driver:HeadlessDriver")
    assert main(["review", "data.jsonl"]) == ExitCode.USAGE
    assert "curate.toml" in (said := capsys.readouterr().err)
    assert "did you mean 'keep'?" in said


def test_the_guide_names_every_action() -> None:
    guide = Path(__file__).parents[2].joinpath("docs", "howto", "review.md").read_text()
    assert [key.id for key in KEYS if f"`{key.id}`" not in guide] == []
