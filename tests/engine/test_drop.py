"""Lines that leave by `--drop` for findings that are no errors: with their code, into the ledger, restorable, and not
many without a yes.
"""

import json
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.cli.main import main
from curate.core.decision import Decision
from curate.core.example import content_id
from curate.project.decision_log import DecisionLog
from curate.review import ReviewStatus
from tests.conftest import chat, rows_of
from tests.scripted_review import new_session

PLACEHOLDER = "Dear [insert name], thank you for thing number {}."
LOOP = " ".join(["red"] * 40)


def lines(bad: int = 3) -> list[dict[str, Any]]:
    """Forty sound examples, some with a placeholder and one loop among them."""
    sound = [
        chat(f"What is thing number {n}, please?", f"It is thing number {n}, as chapter {n * 7} tells.")
        for n in range(40)
    ]
    broken = [chat(f"Thank them for thing number {n}.", PLACEHOLDER.format(n)) for n in range(bad)]
    return [*sound[:20], *broken, chat("Name a colour.", LOOP), *sound[20:]]


def written(path: Path, values: list[dict[str, Any]]) -> bytes:
    data = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    path.write_bytes(data)
    return data


@pytest.mark.parametrize("options", [["--drop", "Q002,Q006"], ["--drop", "Q002", "--drop", "Q006"], ["--drop", "Q"]])
def test_dedup_drops_what_rules_find_and_keeps_the_rest_byte_for_byte(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = written(Path("data.jsonl"), lines())
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", *options, "-q"]) == 0
    removed = rows_of(next(path for path in Path().glob("*removed.jsonl")))
    assert [entry["code"] for entry in removed] == ["Q002", "Q002", "Q002", "Q006"]
    assert [entry["line"] for entry in removed] == [21, 22, 23, 24]
    kept = Path("kept.jsonl").read_bytes()
    assert sorted([*kept.splitlines(), *(entry["text"].encode() for entry in removed)]) == sorted(data.splitlines())


@pytest.mark.parametrize("command", ["dedup", "split"])
def test_the_reason_of_a_line_is_its_first_finding_in_the_report(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    silent = {"messages": [{"role": "user", "content": []}, {"role": "assistant", "content": "Hello."}]}
    written(Path("data.jsonl"), [*lines(0), silent])
    findings = curate.check("data.jsonl", select=["C"]).findings
    reported = findings.filter(findings["line"] == 42)["code"].to_list()
    assert len(reported) > 1
    output, removed = ("kept.jsonl", "kept.removed.jsonl") if command == "dedup" else ("out", "out/removed.jsonl")
    assert main([command, "data.jsonl", "-o", output, "--drop", "C", "-q"]) == 0
    assert [entry["code"] for entry in rows_of(Path(removed)) if entry["line"] == 42] == reported[:1]


def test_no_example_loses_to_one_that_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    long = "It tells of the sea and of the ships that sail on it, of the wind and of the towns where they come to land."
    written(
        Path("data.jsonl"), [chat("Tell me of the sea.", f"{long} [insert name]"), chat("Tell me of the sea.", long)]
    )
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "--drop", "Q002", "-q"]) == 0
    assert len(Path("kept.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    assert "[insert" not in Path("kept.jsonl").read_text(encoding="utf-8")


def test_split_drops_and_restores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    data = written(Path("data.jsonl"), lines())
    assert main(["split", "data.jsonl", "-o", "out", "--drop", "Q002,Q006", "-q"]) == 0
    assert [entry["code"] for entry in rows_of("out/removed.jsonl")] == ["Q002", "Q002", "Q002", "Q006"]
    assert main(["restore", "out", "--reason", "Q002,Q006"]) == 0
    parts = [Path(f"out/{name}.jsonl").read_bytes().splitlines() for name in ("train", "validation", "test")]
    assert sorted(line for part in parts for line in part) == sorted(data.splitlines())


def test_split_drops_by_a_rule_over_the_whole_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(
        Path("data.jsonl"),
        [*lines(0), chat("What is thing number 3, please?", "It is thing number 3, as chapter 21 tells.")],
    )
    assert main(["split", "data.jsonl", "-o", "out", "--drop", "D001", "-q"]) == 0
    assert [entry["code"] for entry in rows_of("out/removed.jsonl")] == ["D001"]


@pytest.mark.parametrize("place", ["option", "configuration"])
def test_run_drops(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("data.jsonl"), lines())
    check = '[check]\ndrop = ["Q002", "Q006"]\n' if place == "configuration" else ""
    Path("curate.toml").write_text(f'data = ["data.jsonl"]\n{check}', encoding="utf-8")
    assert main(["run", "-q", *(["--drop", "Q002,Q006"] if place == "option" else [])]) == 0
    assert sorted(entry["code"] for entry in rows_of("out/removed.jsonl")) == ["Q002", "Q002", "Q002", "Q006"]


@pytest.mark.parametrize(
    "words",
    [["dedup", "data.jsonl", "-o", "out/kept.jsonl"], ["split", "data.jsonl", "-o", "out"], ["run"]],
    ids=lambda words: words[0],
)
def test_much_of_a_file_needs_a_yes(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("data.jsonl"), lines(30))
    Path("curate.toml").write_text('data = ["data.jsonl"]\n[dedup]\nstop_least = 10\n', encoding="utf-8")
    assert main([*words, "--drop", "Q002", "-q"]) == 1
    said = capsys.readouterr().err
    assert "D008" in said
    assert "--yes" in said  # the next step
    assert not list(Path().glob("out/*.jsonl"))
    Path("out").mkdir(exist_ok=True)
    assert main([*words, "--drop", "Q002", "-q", "--yes"]) == 0
    removed = next(path for path in Path("out").glob("*removed.jsonl"))
    assert [entry["code"] for entry in rows_of(removed)].count("Q002") == 30


def test_what_a_person_keeps_and_what_is_suppressed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("data.jsonl"), lines())
    assert main(["suppress", "Q002", "data.jsonl:21", "--reason", "meant"]) == 0
    kept = content_id(lines()[21])
    DecisionLog(Path(".curate/decisions.jsonl")).add(Decision(example=kept, verdict="keep"))
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "--drop", "Q002", "-q"]) == 0
    assert [entry["line"] for entry in rows_of(next(path for path in Path().glob("*removed.jsonl")))] == [23]


def test_a_code_that_no_rule_has_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("data.jsonl"), lines())
    assert main(["split", "data.jsonl", "-o", "out", "--drop", "Z9", "-q"]) == 2
    assert main(["dedup", "data.jsonl", "--drop", "Z9", "-q"]) == 2


def test_from_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("data.jsonl"), lines())
    found = curate.dedup("data.jsonl", drop=["Q002"])
    assert (found.kept, found.removed["code"].to_list()) == (41, ["Q002"] * 3)
    assert curate.split("data.jsonl", "out", drop=["Q"]).manifest.removed.reasons == {"Q002": 3, "Q006": 1}


def test_split_and_run_leave_out_the_same_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of rules over the whole data set (Q024) too, where they are errors."""
    monkeypatch.chdir(tmp_path)
    written(
        Path("data.jsonl"),
        [
            *lines(),
            chat("Who bought the house?", "and so the whole of it was sold to the man who had asked for it first."),
        ],
    )
    Path("curate.toml").write_text(
        'data = ["data.jsonl"]\noutput = "run"\n[check]\nseverity = { Q = "error" }\n', encoding="utf-8"
    )
    assert (main(["split", "data.jsonl", "-o", "split", "-q"]), main(["run", "-q"])) == (0, 0)
    codes = [[entry["code"] for entry in rows_of(Path(folder, "removed.jsonl"))] for folder in ("split", "run")]
    assert codes[0] == codes[1] == ["Q002", "Q002", "Q002", "Q006", "Q024"]


@pytest.mark.parametrize("verb", ["check", "split", "run"])
@pytest.mark.parametrize("level", ["error", "off"])
def test_a_family_s_severity_is_that_of_its_rules(
    verb: str, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`Q = "error"` does to a file in which only Q002 finds something what `Q002 = "error"` does."""
    outcomes = []
    for key in ("Q", "Q002"):
        folder = tmp_path / key
        folder.mkdir()
        monkeypatch.chdir(folder)
        written(Path("data.jsonl"), [value for value in lines() if value["messages"][1]["content"] != LOOP])
        Path("curate.toml").write_text(
            f'data = ["data.jsonl"]\n[check]\nseverity = {{ {key} = "{level}" }}\n', encoding="utf-8"
        )
        words = {
            "check": ["check", "data.jsonl", "-q"],
            "split": ["split", "data.jsonl", "-o", "out", "-q"],
            "run": ["run", "-q"],
        }[verb]
        removed = Path("out/removed.jsonl")
        outcomes.append((main(words), removed.read_bytes() if removed.exists() else b""))
    assert outcomes[0] == outcomes[1]
    assert verb == "check" or (b"Q002" in outcomes[0][1]) == (level == "error")


def test_where_dropped_lines_went_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("data.jsonl"), lines())
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "--drop", "Q002", "-q"]) == 0
    assert "removed lines are in kept.removed.jsonl" in capsys.readouterr().err


def test_lines_that_would_be_dropped_can_be_reviewed() -> None:
    written(Path("data.jsonl"), lines())
    Path("curate.toml").write_text('[check]\ndrop = ["Q002"]\n')
    session = new_session([Path("data.jsonl")])
    queue = session.examples
    assert len(queue) == 44
    assert {int(status) for status in queue.statuses.values} == {ReviewStatus.UNDECIDED}
