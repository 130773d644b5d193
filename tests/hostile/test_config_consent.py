"""A configuration in a stranger's folder reaches nothing outside of it, and weakens no guard, without consent: no
request, no line of another file, no file elsewhere.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

import curate
from curate.cli.main import main
from curate.cli.mcp import Tools
from curate.core.config import Config, Kind, Section
from curate.core.errors import UsageError
from curate.network.egress import Consent
from curate.project.config_consent import CONFINED_VARIABLE, require_recipe_agreed
from tests.conftest import Write, chat
from tests.hostile.stranger import WORD, Server, attacks, files, hub, kinds, written

COMMANDS = (
    ["check", "data.jsonl", "-q"],
    ["check", "data.jsonl", "--diff", "--unsafe-fixes", "-q"],
    ["stats", "data.jsonl", "-q"],
    ["dedup", "data.jsonl", "-o", "kept.jsonl", "--overwrite", "-q"],
    ["conflicts", "data.jsonl", "-q"],
    ["split", "data.jsonl", "-o", "made", "-q"],
    ["run", "-q"],
)
TRIED_BY_ALL = 3
"""How many values of a key each command gets, a URL and a path among them; the others are other spellings, for the
commands that use the key.
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that is also the hub."""
    with hub(monkeypatch) as found:
        yield found


@pytest.fixture(autouse=True)
def _folder(write: Write) -> None:
    write("data.jsonl", [(f"What is thing {n}?", f"It is the number {n}.") for n in range(6)])
    write("../secret.jsonl", [chat("Which word is it?", WORD)])
    Path("../model").mkdir()
    Path("../model/config.json").write_text(f'{{"{WORD}": 1}}')
    Path("link.jsonl").symlink_to(Path("../secret.jsonl").absolute())
    Path("link").symlink_to(Path("../model").absolute())
    Path("x").mkdir()
    Path("x/file").write_text("a file, not the folder of a model")


def cases() -> list[tuple[str, str]]:
    return [(table, key) for table, key, kind in kinds() if kind not in (Kind.VALUE, Kind.ADDRESS)]


def test_each_key_has_a_kind() -> None:
    def sections(section: type[Section]) -> Iterator[type[Section]]:
        yield section
        for field in section.model_fields.values():
            if isinstance(field.default, Section):
                yield from sections(type(field.default))

    for section in sections(Config):
        keys = {name for name, field in section.model_fields.items() if not isinstance(field.default, Section)}
        assert set(section.kinds) == keys, section


@pytest.mark.slow
@pytest.mark.parametrize(("table", "key"), cases())
def test_no_setting_of_a_stranger_acts(
    table: str, key: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    section: Section = Config.model_fields[table].default if table else Config.model_construct()
    kind, default = section.kinds[key], getattr(section, key)
    users: list[list[str]] = []
    for number, value in enumerate(attacks(kind, default, server.origin)):
        written(table, key, value)
        before, refused = files(".."), 0
        for words in COMMANDS if number < TRIED_BY_ALL else users or COMMANDS:
            code = main(words)
            out, err = capsys.readouterr()
            named = f"{table}.{key} = ".removeprefix(".") in err
            users += [words] * (named and words not in users)
            refused += code == 2 and named
            assert not named or "next: read the file; then pass --yes" in err
            assert WORD not in out + err
        assert refused or kind is Kind.JUDGE or table == "remote", (key, value)  # see test_network
        after = files("..")
        assert not any(WORD in path or WORD.encode() in after[path] for path in after.keys() - before.keys())
        assert all(Path(path).resolve().is_relative_to(Path.cwd()) for path in after.keys() - before.keys())
    assert server.requests == []


def test_a_recipe_of_the_configuration_needs_consent_too(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    written("", "recipe", "recipe.toml")
    Path("recipe.toml").write_text('model = "x/y"\ndata = "out"\n')
    assert main(["run", "-q"]) == 2
    assert 'recipe.toml: model = "x/y" (a model of the hub)' in capsys.readouterr().err
    assert main(["run", "-q", "--until", "split"]) == 0
    assert server.requests == []


@pytest.mark.parametrize("value", [["../secret.jsonl"], ["link.jsonl"]])
def test_with_consent_it_is_named_and_acts(value: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    written("split", "existing", value)
    words = ["split", "data.jsonl", "-o", "made", "-q"]
    assert main(words) == 2
    assert main([*words, "--yes"]) == 0
    assert f'split.existing = "{value[0]}" (outside of the project\'s folder)' in capsys.readouterr().err
    assert WORD in Path("made/test.jsonl").read_text()


def test_consent_in_the_own_configuration_is_for_a_folder_and_those_below(capsys: pytest.CaptureFixture[str]) -> None:
    written("dedup", "threshold", 0.5)
    words = ["dedup", "data.jsonl", "-q"]
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "curate" / "curate.toml"
    own.parent.mkdir(parents=True)
    for trusted, code in ((Path.cwd(), 0), (Path.cwd().parent, 0), (Path.cwd() / "below", 2)):
        own.write_text(f"trust = {json.dumps([str(trusted)])}\n")
        assert main(words) == code
        assert "dedup.threshold = 0.5 (by default 0.8)" in capsys.readouterr().err


def test_an_option_replaces_a_setting_and_needs_no_consent() -> None:
    written("dedup", "threshold", 0.05)
    assert main(["dedup", "data.jsonl", "-q", "--threshold", "0.9"]) == 0
    assert curate.dedup("data.jsonl", threshold=0.9).read == 6
    assert main(["check", "data.jsonl", "-q"]) == 0  # does not use it


def test_a_setting_that_stays_inside_or_protects_more_needs_no_consent(write: Write) -> None:
    write("given/test.jsonl", [("Which colour is it?", "It is red.")])
    for value in (["given"], ["given/*.jsonl"], ["given/test.jsonl"], [str(Path("given/test.jsonl").absolute())]):
        written("split", "existing", value)
        assert main(["split", "data.jsonl", "-o", "made", "-q"]) == 0
    written("dedup", "stop_share", 0.1)
    assert main(["dedup", "data.jsonl", "-q"]) == 0


def test_a_setting_of_a_python_call_needs_consent() -> None:
    written("dedup", "ignore_facts", True)
    with pytest.raises(UsageError, match="ignore_facts = true") as caught:
        curate.dedup("data.jsonl")
    assert "yes=True" in caught.value.hint
    assert curate.dedup("data.jsonl", yes=True).read == 6
    written("check", "model", "x/y")
    with pytest.raises(UsageError, match="a model of the hub"):
        curate.check("data.jsonl")
    written("", "output", "../made")
    with pytest.raises(UsageError, match="outside of the project"):
        curate.run()


def test_a_secret_in_a_value_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    written("split", "existing", ["https://me:hunter2-secret@example.org/x.jsonl?token=hunter3-secret\u202e\n"])
    assert main(["split", "data.jsonl", "-o", "made", "-q"]) == 2
    err = capsys.readouterr().err
    assert "https://***@example.org/x.jsonl" in err
    assert "hunter" not in err
    assert "\u202e" not in err


@pytest.mark.slow
@pytest.mark.usefixtures("tools_in_process")
def test_agents_read_nothing_outside_of_the_folder_of_the_server(write: Write) -> None:
    write("root/data.jsonl", [("What is thing 1?", "It is the number 1."), ("What is thing 2?", "It is 22.")])
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "curate" / "curate.toml"
    own.parent.mkdir(parents=True)
    own.write_text(f"trust = {json.dumps([str(Path.cwd())])}\n")  # the person trusts it, but not for agents
    write("given.jsonl", [chat("Which word is it?", WORD)])
    for place, name in (("root/curate.toml", "../given.jsonl"), ("curate.toml", "given.jsonl")):
        Path(place).write_text(f"[split]\nexisting = {json.dumps([name])}\n")
        with pytest.raises(Exception, match="may only name files below its folder") as caught:
            anyio.run(Tools(Path("root").resolve()).split, ["data.jsonl"])
        assert WORD not in str(caught.value)
        Path(place).unlink()


@pytest.mark.parametrize(
    "expression",
    [
        "(SELECT a FROM read_csv('{}')) = 1",
        "text IN (select * from read_ndjson('{}'))",
        "EXISTS (TABLE \"read_csv\"('{}'))",
        "text = ( FROM read_csv('{}'))",
        "text = '/*' OR /* ' */ (SELECT a FROM read_csv('{}')) = 1 /* ' */",
        "text = '\\' OR (SELECT a FROM read_csv('{}')) = 1 OR text = '\\'",
        "\"'\" = 1 OR (SELECT a FROM read_csv('{}')) = 1 OR \"'\" = 1",
    ],
)
def test_an_expression_of_a_rule_reads_no_file(
    expression: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (str(Path("../secret.jsonl").resolve()), f"{server.origin}/x.jsonl"):
        rule = {"code": "U001", "name": "reads-files", "message": "m", "expression": expression.format(name)}
        written("check", "rule", [rule])
        assert main(["check", "data.jsonl", "-q"]) == 2
        out, err = capsys.readouterr()
        assert "check.rule U001: the expression has a subquery" in err
        assert WORD not in out + err
    assert server.requests == []


def test_an_expression_may_look_for_the_words_of_a_query(capsys: pytest.CaptureFixture[str]) -> None:
    expression = "text LIKE '%thing 3%' OR text LIKE '%(SELECT%' OR text = 'it''s with'"
    written("check", "rule", [{"code": "U001", "name": "names-three", "message": "m", "expression": expression}])
    assert main(["check", "data.jsonl", "--select", "U001", "-q"]) == 1
    assert "U001" in capsys.readouterr().out


def test_a_model_in_the_home_folder_needs_consent(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    written("check", "model", "~/model")
    assert main(["check", "data.jsonl", "-q"]) == 2
    assert 'check.model = "~/model" (outside of the project\'s folder): needs your consent' in capsys.readouterr().err


def test_no_consent_sends_results_of_an_agent_to_a_tracker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFINED_VARIABLE, str(Path.cwd()))
    with pytest.raises(UsageError, match=r"results are sent there.*refused"):
        require_recipe_agreed(Path("recipe.toml"), {"report_to": ["tensorboard", "wandb"]}, Consent(yes=True))
