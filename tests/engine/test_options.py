"""No option is ignored in silence: it has an effect, or the command says why it cannot."""

import json
from pathlib import Path

import polars as pl
import pytest

import curate
from curate.cli.main import main
from curate.core.decision import Decision
from curate.core.errors import UsageError
from curate.project.decision_log import DecisionLog
from curate.project.manifest import read_manifest
from curate.read.dataset import read_dataset
from tests.conftest import Write, chat

Captured = pytest.CaptureFixture[str]
CHATS = [chat(f"What is {n} times {n}?", f"It is {n * n}, which is {n} squared.") for n in range(20)]
SELECT = ["select", "data.jsonl", "--no-models", "--examples", "5"]
COMBINATIONS: dict[str, tuple[list[str], str]] = {
    "a file on standard output": (["convert", "data.jsonl", "-o", "-"], "-o -: not written to standard output"),
    "a folder on standard output": (["split", "data.jsonl", "--output=-"], "-o -: not written to standard output"),
    "a length without a tokenizer": (["check", "data.jsonl", "--max-length", "9"], "no effect without a model"),
    "statistics of a template alone": (["stats", "data.jsonl", "--chat-template", "chatml"], "--chat-template has no"),
    "groups of a flat report": (["check", "data.jsonl", "--group-by", "rule"], "--output-format grouped"),
    "groups of statistics": (
        ["check", "data.jsonl", "--output-format", "grouped", "--statistics", "--group-by", "rule"], "--group-by",
    ),
    "a report of a diff": (["check", "data.jsonl", "--diff", "--output-file", "new.txt"], "combined with --diff"),
    "a report of fixes only": (["check", "data.jsonl", "--fix-only", "--output-file", "new.txt"], "with --fix-only"),
    "a report beside a baseline": (
        ["check", "data.jsonl", "--write-baseline", "b.json", "--output-file", "new.txt"], "--output-file cannot be",
    ),
    "an old baseline in a new one": (
        ["check", "data.jsonl", "--write-baseline", "b.json", "--baseline", "data.jsonl"], "combined with --baseline",
    ),
    "a baseline of fixes": (["check", "data.jsonl", "--fix-only", "--write-baseline", "b.json"], "--fix-only cannot"),
    "reasons of a diff": (
        ["check", "data.jsonl", "--diff", "--add-suppressions", "--reason", "x"],
        "--diff cannot be combined with --add-suppressions",
    ),
    "two kinds of sizes": (
        ["split", "data.jsonl", "-o", "new", "--fractions", ".8,.1,.1", "--counts", "2,2"], "leave one of them out",
    ),
    "a seed below 0": (["split", "data.jsonl", "-o", "new", "--seed", "-1"], "seed"),
    "a model has no effect without a judge": (
        ["conflicts", "data.jsonl", "--no-models", "--judge-model", "m"], "--judge-model has no effect without a judge",
    ),
    "a key has no effect without a judge": (
        ["conflicts", "data.jsonl", "--no-models", "--judge-key", "KEY"], "--judge-key has no effect without a judge",
    ),
    "a key of no rater": (
        ["score", "data.jsonl", "--no-models", "--judge-key", "KEY"], "--judge-key has no effect without a judge",
    ),
    "a scale of no decisions": (
        ["conflicts", "data.jsonl", "--no-models", "--calibrate", "--no-decisions"], "with --no-decisions",
    ),
    "seeds of no comparison": ([*SELECT, "--seeds", "4"], "--seeds has no effect without --compare"),
    "a part of an example": ([*SELECT, "--floor", "label=1.5"], "not a number of examples"),
    "no number of examples": ([*SELECT, "--floor", "label=nan"], "not NAME=NUMBER"),
    "endless examples": ([*SELECT, "--floor", "label=inf"], "not NAME=NUMBER"),
    "two numbers": ([*SELECT, "--floor", "label=2", "--floor", "label=5"], "label is given twice"),
    "no least score": (["ingest", "data.jsonl", "-o", "new.jsonl", "--min-score", "a=nan"], "not NAME=NUMBER"),
    "a score without a name": (["ingest", "data.jsonl", "-o", "new.jsonl", "--min-score", "=1"], "not NAME=NUMBER"),
    "one rule of all": (["rule", "M016", "--all"], "--all cannot be combined with M016"),
    "tests as data": (["rule", "M016", "--test", "--format", "json"], "--test prints text only"),
    "schemas both ways": (["schema", "--write", "--check"], "pass --write or --check"),
    "hours of tokens": (
        ["remote", "estimate", "data.jsonl", "--model", "gpt-4o", "--price", "1", "--hours", "2"], "by the hour",
    ),
    "scores of another kind of file": (
        ["score", "data.jsonl", "--no-models", "-o", "new.jsonl"],
        "written as Parquet",
    ),
    "scores over other data": (["score", "data.jsonl", "--no-models", "-o", "other.parquet"], "has no scores"),
    "lines in a table": (["restore", "data.jsonl", "--all", "-o", "new.parquet"], "written as JSON Lines"),
    "a plan that goes on": (["train", "r.toml", "--plan", "--resume"], "--plan cannot be combined with --resume"),
    "a plan in a folder": (
        ["train", "r.toml", "--plan", "--run-dir", "new", "--fresh"], "combined with --fresh, --run-dir",
    ),
    "memory of no plan": (["train", "r.toml", "--vram", "6GB"], "--vram has no effect without --plan"),
    "a step of no plan": (["train", "r.toml", "--measure"], "--measure has no effect without --plan"),
    "methods of no comparison": (["train", "r.toml", "--methods", "lora"], "--methods has no effect without --compare"),
    "half a comparison": (
        ["train", "r.toml", "--compare", "--pause-at", "0.5"], "--compare cannot be combined with --pause-at",
    ),
    "a merge in a form": (
        ["export", "a", "b", "--merge", "--to", "merged", "-o", "new"], "--merge cannot be combined with --to",
    ),
    "weights of no merge": (["export", "a", "--weights", "1", "-o", "new"], "--weights has no effect without --merge"),
    "questions of no merge": (["export", "a", "--limit", "2", "-o", "new"], "--limit has no effect without --merge"),
    "runs of no merge": (["export", "a", "b", "-o", "new"], "2 runs are named"),
    "splits of no merge": (
        ["export", "a", "--data", "x", "--data", "y", "-o", "new"], "--data is given several times",
    ),
    "splits of no run": (
        ["export", "--merge", "a", "b", *["--data", "x"] * 3, "-o", "new"], "--data: 3 split folders for 2 runs",
    ),
    "a public export that stays here": (
        ["export", "a", "--public", "-o", "new"], "--public has no effect without --push",
    ),
    "agreement in a browser": (["review", "--agreement", "--web"], "--agreement cannot be combined with --web"),
    "agreement by a configuration": (
        ["review", "--agreement", "--config", "curate.toml"], "--agreement cannot be combined with --config",
    ),
    "a review as JSON": (["review", "data.jsonl", "--json"], "--json has no effect without --agreement"),
    "a run of no training": (["run", "--only", "train"], "no recipe"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "said"), COMBINATIONS.values(), ids=COMBINATIONS)
def test_an_option_without_effect_is_refused_and_nothing_is_written(
    words: list[str], said: str, write: Write, capsys: Captured
) -> None:
    write("data.jsonl", CHATS)
    pl.DataFrame({"messages": ["mine"]}).write_parquet("other.parquet")
    Path("curate.toml").write_text('data = ["data.jsonl"]\n' if words[0] == "run" else "")
    assert main([*words, "--quiet"] if words[0] in ("check", "split", "select", "conflicts") else words) == 2
    assert said in capsys.readouterr().err
    assert not list(Path().glob("new*"))
    assert pl.read_parquet("other.parquet").columns == ["messages"]
    assert not Path("b.json").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["check", "data.jsonl", "--output-file", "s3://bucket/report.json"],
        ["check", "data.jsonl", "--write-baseline=gs://bucket/base.json"],
        ["conflicts", "data.jsonl", "--no-models", "--html", "https://me:secret@example.com/a.html?key=secret"],
        ["dedup", "data.jsonl", "-os3://bucket/kept.jsonl"],
    ],
    ids=lambda words: words[0],
)
def test_no_folder_is_named_like_the_beginning_of_a_url(words: list[str], write: Write, capsys: Captured) -> None:
    write("data.jsonl", CHATS)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "no URL can be used here" in said
    assert "secret" not in said
    assert sorted(path.name for path in Path().iterdir()) == ["data.jsonl"]


def test_shares_on_the_command_line_replace_numbers_of_the_configuration(write: Write) -> None:
    write("data.jsonl", CHATS)
    Path("curate.toml").write_text("[split]\ncounts = [1, 1]\n")
    assert main(["split", "data.jsonl", "-o", "out", "--fractions", "0.5,0.25,0.25", "--quiet"]) == 0
    sizes = {name: part.examples for name, part in read_manifest(Path("out"))[0].splits.items()}
    assert min(sizes["validation"], sizes["test"]) > 2
    assert {name: part.examples for name, part in curate.split(
        "data.jsonl", "api", fractions=(0.5, 0.25, 0.25)
    ).manifest.splits.items()} == sizes  # fmt: skip
    with pytest.raises(UsageError, match="cannot be combined"):
        curate.split("data.jsonl", "api", fractions=(0.5, 0.25, 0.25), counts=(1, 1))


def contradict(path: Path) -> None:
    """Two reviewers decide about the first example, without seeing each other's decision."""
    example = read_dataset([path]).examples[0].id
    log = DecisionLog(Path(".curate/decisions.jsonl"))
    log.add(Decision(format=2, example=example, verdict="drop", who="ann", replaces=()))
    log.add(Decision(format=2, example=example, verdict="keep", who="bob", replaces=()))


@pytest.mark.parametrize("verb", ["apply", "convert", "dedup", "split"])
def test_contradictory_decisions_are_told_by_each_command_that_applies_the_others(
    verb: str, write: Write, capsys: Captured
) -> None:
    contradict(write("data.jsonl", CHATS))
    assert main([verb, "data.jsonl", "-o", "out" if verb == "split" else "out.jsonl", "--quiet"]) == 0
    assert "1 example with contradictory decisions by several people, not applied" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [["decontaminate", "--bench", "bench.jsonl"], ["score", "--no-models"]], ids=lambda words: words[0]
)
def test_a_command_that_reads_the_files_as_they_are_says_that_it_ignores_edits(
    words: list[str], write: Write, capsys: Captured
) -> None:
    path = write("data.jsonl", CHATS)
    write("bench.jsonl", [{"question": "Name the tallest mountain of the earth, measured from the sea."}])
    drop = Decision(format=2, example=read_dataset([path]).examples[0].id, verdict="drop", replaces=())
    DecisionLog(Path(".curate/decisions.jsonl")).add(drop)
    assert main([*words, "data.jsonl"]) == 0
    out, err = capsys.readouterr()
    assert f"0 edits, 1 drop ignored (curate {words[0]} reads the files as they are)" in err
    assert "nothing written" in out or words[0] == "score"


def test_copies_with_edits_are_in_the_project_of_the_data(write: Write) -> None:
    path = write("project/data.jsonl", CHATS)
    first = read_dataset([path]).examples[0]
    value = {"messages": [*first.value["messages"][:1], {"role": "assistant", "content": "Zero, of course."}]}
    edit = Decision(format=2, record="edit", example=first.id, verdict="edit", value=value, replaces=())
    DecisionLog(Path("project/.curate/decisions.jsonl")).add(edit)
    assert main(["select", "project/data.jsonl", "--no-models", "--examples", "20", "-o", "out.jsonl", "-q"]) == 0
    assert json.dumps(value) in Path("out.jsonl").read_text()
    assert not Path(".curate").exists()
    assert Path("project/.curate/edited").is_dir()


def test_conflicts_in_a_notebook_are_those_of_the_command(write: Write, capsys: Captured) -> None:
    path = write("data.jsonl", [chat("In which year was the mill built?", f"In {year}.") for year in (1815, 1950)])
    assert len(curate.conflicts("data.jsonl")) == 1
    first = read_dataset([path]).examples[0]
    value = chat("In which year was the mill built?", "In 1950.")
    edit = Decision(format=2, record="edit", example=first.id, verdict="edit", value=value, replaces=())
    DecisionLog(Path(".curate/decisions.jsonl")).add(edit)
    assert main(["conflicts", "data.jsonl", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["conflicts"] == []
    assert len(curate.conflicts("data.jsonl")) == 0


def test_files_with_the_same_beginning_of_their_names_are_told_apart(write: Write, capsys: Captured) -> None:
    write("data.v1.jsonl", CHATS[:10])
    write("data.v2.jsonl", CHATS[10:])
    write("old/data.v1.jsonl", CHATS[:3])
    assert main(["verify", "data.v1.jsonl", "data.v2.jsonl", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["examples"] == {"data.v1.jsonl": 10, "data.v2.jsonl": 10}
    assert main(["verify", "data.v1.jsonl", "old/data.v1.jsonl", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["examples"] == {"data.v1.jsonl": 10, "old/data.v1.jsonl": 3}
    assert main(["verify", "data.v1.jsonl", "data.v1.jsonl"]) == 2
