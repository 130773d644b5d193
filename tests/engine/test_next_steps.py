"""What a command says of a mistake is true, names its cause and the next step."""

import json
from pathlib import Path

import pytest
from huggingface_hub import constants

from curate.cli.main import main

Captured = pytest.CaptureFixture[str]
CHAT = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "Say hello.", "output": "Hello."},
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}]},
    ],
)
def test_a_clean_file_in_another_format_is_clean_without_a_target(
    tmp_path: Path, capsys: Captured, row: dict[str, object]
) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps(row) + "\n")
    assert main(["check", str(path)]) == 0
    assert "J025 info" in capsys.readouterr().out
    assert main(["check", str(path), "--target", "trl"]) == 1
    assert "J025 warning" in capsys.readouterr().out
    assert main(["check", str(path), "--target", "openai"]) == 1
    assert "J025 error" in capsys.readouterr().out
    assert main(["check", str(path), "--target", "axolotl"]) == 0
    assert "J025" not in capsys.readouterr().out


@pytest.mark.parametrize("lines", ["{}", "{}{ok}", "{ok}{}{ok}"])
def test_a_line_break_in_a_string_is_named_as_the_cause(tmp_path: Path, capsys: Captured, lines: str) -> None:
    path = tmp_path / "data.jsonl"
    ok = json.dumps(CHAT) + "\n"
    path.write_text(lines.format(ok.replace("Hello.", "One\ntwo."), ok=ok))
    main(["check", str(path)])
    told = capsys.readouterr().out
    assert "line break" in told
    assert "that is not written as \\n" in told


@pytest.mark.parametrize("content", ["[1, 2, null]", '["x", truth]', "[1,,2]", "[3[4]]", '["a",\n4\n,1,', "[{}, {}]"])
def test_no_rule_is_missing_where_every_line_is_reported(tmp_path: Path, capsys: Captured, content: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(content)
    main(["check", str(path)])
    assert "not selected" not in capsys.readouterr().err
    main(["check", str(path), "--select", "Q"])
    assert "`curate check` reports the reasons" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("row", "prompt"),
    [
        ({"question_id": 1, "turns": ["One?", "Two?"]}, "turns"),
        ({"question": "Who?", "right_answer": "He."}, "question"),
        ({"name": "x"}, ""),
    ],
)
def test_a_row_with_a_prompt_alone_is_called_that(
    tmp_path: Path, capsys: Captured, row: dict[str, object], prompt: str
) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps(row) + "\n")
    main(["check", str(path), "--select", "M001"])
    shown = capsys.readouterr().out
    assert (f"`{prompt}` is a prompt, but no known key has its answer" in shown) == bool(prompt)
    assert ("the keys fit no known format" in shown) != bool(prompt)


def test_many_exact_copies_are_not_blamed_on_the_threshold(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(f"{json.dumps(CHAT)}\n" * 300)
    assert main(["dedup", str(path), "-o", str(tmp_path / "out.jsonl")]) == 1
    told = " ".join("".join(capsys.readouterr()).split())
    assert "or raise --threshold" not in told
    assert "exact copies are removed at any" in told


def test_shares_in_per_cent_are_answered_with_the_shares_to_pass(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(f"{json.dumps(CHAT)}\n")
    assert main(["split", str(path), "-o", str(tmp_path / "out"), "--fractions", "80,10,10"]) == 2
    assert "--fractions 0.8,0.1,0.1" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "instead"), [("split", "--fresh divides anew"), ("run", "--again runs a stage")])
def test_a_command_that_replaces_what_it_wrote_says_so_for_overwrite(
    command: str, instead: str, capsys: Captured
) -> None:
    assert main([command, "data.jsonl", "--overwrite"]) == 2
    assert f"replaced without it, and {instead}" in capsys.readouterr().err


def test_the_size_of_the_semantic_extra_names_pytorch(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(f"{json.dumps(CHAT)}\n" * 2)
    main(["conflicts", str(path), "--no-models"])
    told = "".join(capsys.readouterr())
    assert "90 MB" not in told or "and PyTorch" in told


def test_a_model_that_is_not_at_hand_is_named_before_libraries_are_loaded(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    path = tmp_path / "data.jsonl"
    path.write_text(f"{json.dumps(CHAT)}\n")
    assert main(["check", str(path), "--model", "nobody/mistyped-name"]) == 2
    told = capsys.readouterr().err
    assert "nobody/mistyped-name: not in the hub's cache, and the hub is not reached" in told
    assert "check the hub id and the connection, or pass a folder" in told
