"""Records for Argilla and Label Studio, and what comes back from them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.project.decision_log import DecisionLog
from tests.conftest import chat

JOURNAL = Path(".curate", "decisions.jsonl")
APPLE = "An apple tastes sweet and a little sour; the flesh is crisp and full of juice, and the skin is bitter"
HOSTILE = "Look \x1b[31mhere [bold]x[/] \ud800"
LINES: tuple[dict[str, Any], ...] = (
    chat("How does an apple taste to somebody who never had one before?", f"{APPLE}."),
    chat("How does an apple taste to somebody who never had one before?", f"{APPLE} indeed."),
    chat("hi", HOSTILE),
    {
        "prompt": [{"role": "user", "content": "Which is best?"}],
        "chosen": [{"role": "assistant", "content": "Ann."}],
        "rejected": [{"role": "assistant", "content": "Bob."}],
    },
)


@pytest.fixture(autouse=True)
def _data() -> None:
    Path("data.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES) + '{"messages": \n')
    Path("curate.toml").write_text('[review]\nlabels = ["great", "odd"]\n')


def exported(tool: str) -> list[dict[str, Any]]:
    path = Path(f"{tool}.json")
    path.unlink(missing_ok=True)
    assert main(["review", "data.jsonl", "--export", str(path), "--to", tool]) == 0
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found


def answer_argilla(record: dict[str, Any], who: str, **answers: Any) -> None:
    for question, value in answers.items():
        record["responses"].setdefault(question, []).append({"value": value, "user_id": who})


def answer_label_studio(task: dict[str, Any], who: str, **answers: Any) -> None:
    kinds = {"verdict": ("choices", "choices"), "labels": ("choices", "choices"), "rating": ("rating", "rating"),
             "note": ("textarea", "text")}  # fmt: skip
    result = [
        {"from_name": name, "to_name": "conversation", "type": kinds[name][0],
         "value": {kinds[name][1]: value if name in ("rating", "labels") else [value]}}
        for name, value in answers.items()
    ]  # fmt: skip
    task.setdefault("annotations", []).append(
        {"completed_by": {"id": 3, "email": who}, "result": result, "was_cancelled": False,
         "updated_at": "2026-01-02T03:04:05.678Z"}
    )  # fmt: skip


Answer = Callable[..., None]
TOOLS = pytest.mark.parametrize(
    ("tool", "answer"), [("argilla", answer_argilla), ("label-studio", answer_label_studio)]
)


def imported(records: Any, *options: str) -> int:
    lines = ",\n".join(json.dumps(record) for record in records)
    Path("back.json").write_text(f"[\n{lines}\n]\n")
    return int(main(["review", "data.jsonl", "--import", "back.json", *options]))


@pytest.mark.slow
@TOOLS
def test_what_annotators_answered_comes_back_under_their_names(
    tool: str, answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    records = exported(tool)
    assert "4 records written" in capsys.readouterr().out
    answer(records[0], "ann@x.org", verdict="keep", rating=4, labels=["great"], note="fine")
    answer(records[1], "ann@x.org", verdict="drop")
    answer(records[1], "bob@x.org", verdict="keep")
    answer(records[2], "bob@x.org", verdict="drop")
    assert imported(records) == 0
    out = capsys.readouterr().out
    assert "4 records: 3 with answers, 1 without, 0 refused" in out
    log = DecisionLog(JOURNAL)
    ids = [record.get("id") or record["data"]["curate_id"] for record in records]
    state = log.state_of(ids[0])
    assert state is not None
    assert (state.verdict, state.who, state.rating, state.labels) == ("keep", "ann@x.org", 4, ("great",))
    assert log.note(ids[0]) == "fine"
    assert set(log.contested()) == {ids[1]}  # neither saw what the other said
    assert main(["apply", "data.jsonl", "-o", "clean.jsonl"]) in (0, 1)
    written = Path("clean.jsonl").read_text().splitlines()
    assert json.loads(written[0])["metadata"] == {"labels": ["great"], "rating": 4}
    assert len(written) == 4  # bob's drop of the third; the second is contested
    assert json.dumps(HOSTILE) not in "".join(written)
    before = JOURNAL.read_bytes()
    assert imported(records) == 0  # the same answers are not written twice
    assert JOURNAL.read_bytes() == before
    again = exported(tool)[0]
    assert "keep" in json.dumps(again.get("suggestions") or again["predictions"])


def test_records_hold_the_conversation_findings_and_suggestions() -> None:
    argilla, tasks = exported("argilla"), exported("label-studio")
    assert argilla[3]["fields"]["conversation"] == [
        {"role": "user", "content": "Which is best?"},
        {"role": "assistant", "content": "Ann."},
        {"role": "rejected", "content": "Bob."},
    ]
    assert argilla[0]["metadata"]["place"] == "data.jsonl:1"
    made = [record["suggestions"]["verdict"] for record in argilla if record["suggestions"]]
    assert [(one["value"], one["agent"]) for one in made] == [("drop", "curate dedup")]
    assert [task["predictions"][0]["result"][0]["value"] for task in tasks if task["predictions"]] == [
        {"choices": ["drop"]}
    ]
    assert [task["data"]["curate_id"] for task in tasks] == [record["id"] for record in argilla]


@TOOLS
def test_a_record_that_does_not_fit_is_refused_with_its_line(
    tool: str, answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    records = exported(tool)
    for record in records:
        answer(record, "ann", verdict="keep")
    conversation = (records[0].get("fields") or records[0]["data"])["conversation"]
    conversation[0]["content"] = "What else?\x1b[2J"
    (records[1] if tool == "argilla" else records[1]["data"])["id" if tool == "argilla" else "curate_id"] = "f" * 32
    answer(records[2], "bob", verdict="mayb\x1be")
    answer(records[3], "bob", rating=7)
    capsys.readouterr()
    assert imported([*records, {"text": "what?"}, 17]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    told = [line.partition(": ")[0] for line in out.splitlines() if ": refused: " in line]
    assert told == [f"back.json:{line}" for line in range(2, 8)]
    for part in ("the conversation is not that of the data", "no example of the data has it", "is not one of: keep",
                 "7 is not one of: 1, 2, 3, 4, 5", "neither a record of Argilla"):  # fmt: skip
        assert part in out
    assert "6 records: 0 with answers, 0 without, 6 refused" in out
    assert not JOURNAL.exists()


def test_one_annotator_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    records = exported("argilla")
    answer_argilla(records[0], "0b0c", verdict="keep", labels=["odd"])
    assert imported(records, "--reviewer", "ann") == 0
    log = DecisionLog(Path(".curate", "decisions-ann.jsonl"))
    assert {decision.who for decision in log.decisions} == {"ann"}
    answer_argilla(records[1], "ffff", verdict="keep")
    assert imported(records, "--reviewer", "ann") == 2
    assert "has answers of 2 people" in capsys.readouterr().err


def test_a_label_that_is_gone_is_taken_back() -> None:
    records = exported("argilla")
    answer_argilla(records[0], "ann", labels=["odd", "great"])
    assert imported(records) == 0
    records[0]["responses"]["labels"][0]["value"] = ["great"]
    assert imported(records) == 0
    assert DecisionLog(JOURNAL).labels(records[0]["id"]) == ("great",)


@TOOLS
def test_an_answer_in_a_later_file_replaces_none_of_another_person(tool: str, answer: Answer) -> None:
    for who, verdict in (("ann", "keep"), ("bob", "drop")):
        records = exported(tool)
        answer(records[0], who, verdict=verdict)
        assert imported(records) == 0
    assert len(DecisionLog(JOURNAL).contested()) == 1


def test_what_an_annotator_did_not_submit_is_not_imported(capsys: pytest.CaptureFixture[str]) -> None:
    records, tasks = exported("argilla"), exported("label-studio")
    answer_argilla(records[0], "ann", verdict="drop")
    records[0]["responses"]["verdict"][0]["status"] = "draft"
    answer_label_studio(tasks[0], "ann", verdict="drop")
    tasks[0]["annotations"][0]["was_cancelled"] = True
    assert (imported(records), imported(tasks)) == (0, 0)
    assert capsys.readouterr().out.count("4 records: 0 with answers, 4 without, 0 refused") == 2
    assert not JOURNAL.exists()


@TOOLS
@pytest.mark.parametrize(("who", "rating"), [("ann", True), ("ann\x1b[2J", 4)])
def test_a_rating_of_true_and_a_name_with_an_escape_code_are_refused(
    tool: str, answer: Answer, who: str, rating: Any
) -> None:
    records = exported(tool)
    answer(records[0], who, rating=rating)
    assert imported(records) == 1
    assert not JOURNAL.exists()


def test_export_keeps_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    Path("there.json").write_text("mine")
    assert main(["review", "data.jsonl", "--export", "there.json", "--to", "argilla"]) == 2
    assert main(["review", "data.jsonl", "--export", "new.json"]) == 2
    assert "add --to" in capsys.readouterr().err
    assert Path("there.json").read_text() == "mine"
