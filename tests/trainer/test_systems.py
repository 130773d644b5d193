"""Every row of the table "Commands by topic" in docs/howto/train.md, run on a tiny model as it is written there."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import trust
from tests.engine.tuning_server import serving
from tests.trainer.test_preference import pairs
from tests.trainer.tiny import conversations, write_recipe

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("systems")]

OTHER_TRAINER = Path(__file__).parents[1] / "data/trainer_configs/llamafactory-sft.yaml"
PAGE = (Path(__file__).parents[2] / "docs/howto/train.md").read_text()
TABLE = re.findall(r"^\| ([^|]+) \| (.*`curate .*) \|$", PAGE.split("## Commands by topic")[1], re.MULTILINE)
ROWS: dict[str, list[list[str]]] = {
    name: [shlex.split(one)[1:] for one in re.findall(r"`(curate [^`]+)`", commands)] for name, commands in TABLE
}
TINY_OPTIONS = {
    "train": ["--quiet", "--json"],
    "evaluate": ["--limit", "4", "--max-new-tokens", "2", "--json", "--quiet"],
    "sweep": ["--json", "--quiet", "-o", "swept"],
    "merge": ["--limit", "2", "--json", "--quiet"],
    "export": ["--prompts", "2", "--json", "--quiet"],
    "chat": ["--ask", "Number 1: repeat red twice.", "--max-new-tokens", "2", "--json"],
}
"""What keeps a command short and lets it print JSON."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A project with a split, pairs, plain texts, a recipe and a finished run."""
    folder = tmp_path_factory.mktemp("systems")
    (folder / "model").symlink_to(tiny_model)
    write_lines(folder / "data.jsonl", conversations(80))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["split", "data.jsonl", "-o", "out", "-q", "--yes"]) == 0
        assert main(["verify", "out", "-q"]) == 0  # nothing held out is trained on
        (folder / "pairs").mkdir()
        for name, part in (("train", pairs(12)), ("validation", pairs(16)[12:]), ("test", pairs(20)[16:])):
            write_lines(folder / f"pairs/{name}.jsonl", part)
        (folder / "texts").mkdir()
        texts = [{"text": turns["messages"][-1]["content"]} for turns in conversations(40)]
        for name, part in (("train", texts[:24]), ("validation", texts[24:32]), ("test", texts[32:])):
            write_lines(folder / f"texts/{name}.jsonl", part)
        write_recipe(
            folder, data="out", max_steps=3, generations=0, evaluate_every=None, dropout=0, rank=None, probes=4
        )
        # The first run learns enough for a difference that an export has to keep.
        assert (
            main(["train", "recipe.toml", "--run-dir", "RUN", "-q", "--set", "method=lora", "--set", "max_steps=30"])
            == 0
        )
    return folder


def write_lines(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def service(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("openai", exc_type=ImportError)
    monkeypatch.setenv("CURATE_REMOTE_KEY", "sk-never-to-be-seen-0123456789")
    with serving() as running:
        (place / "curate.toml").write_text(f'[remote]\nbase_url = "{running.address}"\n')
        trust(running.address, key="CURATE_REMOTE_KEY")
        yield
    (place / "curate.toml").unlink()


def test_the_table_has_all_systems() -> None:
    for name in (
        "QLoRA", "LoRA", "target modules", "prefix tuning", "prompt tuning", "adapter layers", "DPO, ORPO, KTO",
        "comparison of methods", "metrics", "overfitting", "sweep", "hosted fine-tuning", "composition", "Ollama",
        "format match",
    ):  # fmt: skip
        assert ROWS[name], name


@pytest.mark.parametrize("name", [name for name in ROWS if name != "hosted fine-tuning"])
@pytest.mark.usefixtures("in_process")
def test_a_row_of_the_table_runs(
    name: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    others = [[*ROWS[name][0][:-1], f"objective={one}"] for one in ("orpo", "kto") if name == "DPO, ORPO, KTO"]
    for words in [*ROWS[name], *others]:
        verb, *rest = words
        rest = [{"BASE": "model", "FILE": str(OTHER_TRAINER)}.get(word, word) for word in rest]
        if name == "DPO, ORPO, KTO":
            rest += ["--data", "pairs", "--set", "method=lora"]
        if name == "continued pretraining":
            rest += ["--data", "texts"]
        if verb == "recipe":
            rest += ["--model", "model", "-o", "first.toml", "--overwrite"]
        kind = next((flag.removeprefix("--") for flag in ("--merge", "--plan") if flag in rest), verb)
        tiny = [] if "--overfitting" in rest else TINY_OPTIONS.get(kind, [])
        capsys.readouterr()
        status = main([verb, *rest, *tiny])
        told = capsys.readouterr()
        assert status in ((0, 1) if verb in ("evaluate", "sweep") else (0,)), (words, told.err)
        check(name, kind, told.out)
    if name == "metrics":
        for task, wanted in (("classification", {"accuracy", "macro_f1"}), ("text", {"bleu", "rouge_l", "token_f1"})):
            main(["evaluate", "RUN", "--task", task, *TINY_OPTIONS["evaluate"]])  # the answers are known by now
            results = json.loads(capsys.readouterr().out)["results"]
            assert wanted <= results[0]["scores"].keys()


def check(name: str, verb: str, text: str) -> None:
    """What the command of a row has to come to."""
    if name == "overfitting":
        assert "held-out loss" in text
    elif verb == "train" and name != "comparison of methods":
        report = json.loads(text)
        assert report["steps"] == 3
        assert report["tuned_loss"] != report["base_loss"]
        assert (report["tuned_preferences"] is not None) == ("DPO" in name)
    elif name == "comparison of methods":
        assert [one["name"] for one in json.loads(text)["methods"]] == ["qlora", "dora", "ia3", "prefix-tuning"]
    elif verb == "evaluate":
        found = json.loads(text)
        expected = {"zero-shot", "few-shot", "retrieval"} if "baselines" in name else {"zero-shot", "tuned"}
        assert expected <= {one["name"] for one in found["results"]}
    elif verb == "export":
        assert json.loads(text)["proof"]["equal_texts"] == 2
    elif verb == "merge":
        assert all(one["composed_loss"] < one["base_loss"] for one in json.loads(text)["members"])
    elif verb == "sweep":
        assert {one["state"] for one in json.loads(text)["trials"]} <= {"finished", "stopped"}


@pytest.mark.usefixtures("service")
def test_the_row_of_hosted_jobs_runs(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setattr("curate.remote.fetch.POLL_SECONDS", 0)
    (estimate,) = ROWS["hosted fine-tuning"]
    model = estimate[-1]
    for words in (
        estimate,
        ["remote", "start", "out", "--model", model, "--yes"],
        ["remote", "watch"],
        ["remote", "fetch", "-o", "fetched"],
    ):
        assert main(words) == 0, capsys.readouterr().err
    assert (place / "fetched/metrics.csv").is_file()
