"""Talking to what was trained: in its form, and safe for a terminal."""

import io
import json
import shutil
from pathlib import Path

import pytest

from curate.cli.main import main
from tests.trainer.test_export import exported
from tests.trainer.tiny import write_recipe


def talk(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(["chat", *words])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.mark.slow
def test_a_run_and_its_exports_answer_alike(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--ask", "Number 3: repeat south twice.", "--max-new-tokens", "8", "--json"]
    code, out, err = talk([str(finished / "run"), *asked], capsys)
    assert code == 0, err
    reply = json.loads(out)
    assert reply["question"] == "Number 3: repeat south twice."
    assert reply["tokens"] > 0
    for form in ("merged", "gguf"):
        assert exported(finished / "run", form, tmp_path / form, capsys, "--prompts", "1")[0] == 0
        assert talk([str(tmp_path / form), *asked], capsys)[:2] == (0, out)


@pytest.mark.slow
def test_lines_of_standard_input_are_one_conversation(
    finished: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Number 1: repeat plum twice.\n\nAnd again.\n"))
    code, out, err = talk([str(finished / "run"), "--max-new-tokens", "2", "--system", "Be brief."], capsys)
    assert (code, out.count("\n")) == (0, 2), err
    monkeypatch.setattr("sys.stdin", io.StringIO("word " * 400))
    code, _, err = talk([str(finished / "run")], capsys)
    assert (code, "tokens; with 512 for the answer that is more than the model's 256" in err) == (2, True)


@pytest.mark.slow
def test_the_system_message_of_the_training_stays_with_run_and_export(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"role": "system", "content": "Answer in words only."}
    for split in ("train", "test"):
        file = project / f"split/{split}.jsonl"
        examples = [json.loads(line) for line in file.read_text().splitlines()]
        lines = [json.dumps({"messages": [told, *one["messages"]]}) + "\n" for one in examples]
        file.write_text("".join(lines if split == "train" else [*lines[1:], json.dumps(examples[0]) + "\n"]))
    write_recipe(project, max_steps=1, generations=0, dtype="float32", method="lora", max_length=128)
    assert main(["train", str(project / "recipe.toml"), "--run-dir", str(project / "run")]) == 0
    assert "test, 1 example: without the system message of all training examples" in capsys.readouterr().err
    assert exported(project / "run", "ollama", tmp_path / "out", capsys, "--name", "words", "--prompts", "1")[0] == 0
    assert 'SYSTEM """Answer in words only."""' in (tmp_path / "out/Modelfile").read_text()
    asked = ["--ask", "Number 3: repeat south twice.", "--max-new-tokens", "2"]
    for place in ("run", "out"):
        _, default, err = talk([str(tmp_path / place), *asked], capsys)
        assert "system message of the training: Answer in words only." in err
        assert talk([str(tmp_path / place), *asked, "--system", told["content"]], capsys)[1] == default
        assert "system message" not in talk([str(tmp_path / place), *asked, "--system", ""], capsys)[2]


@pytest.mark.slow
def test_another_template_than_that_of_the_training_is_not_asked_with(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(finished / "run", tmp_path / "run")
    assert exported(finished / "run", "merged", tmp_path / "out", capsys, "--prompts", "1")[0] == 0
    for file in (tmp_path / "run/adapter/chat_template.jinja", tmp_path / "out/tokenizer_config.json"):
        before = file.read_text()
        file.write_text(before.replace("<|im_start|>' +", "### USER    ' +"))
        assert len(file.read_text()) == len(before)
        code, out, err = talk([str(file.parents[1] if file.suffix == ".jinja" else file.parent), "--ask", "Hi"], capsys)
        assert (code, out) == (2, "")
        assert "its chat template is not the one used in training" in err
        assert "### USER" in err.split("there: ")[1].split("\n")[0]
        assert "<|im_start|>" in err.split("trained: ")[1].split("\n")[0]


def test_what_a_model_says_is_never_obeyed_by_the_terminal() -> None:
    from tests.trainer.tiny import make_tokenizer
    from train.inference import WordStreamer

    tokenizer, shown = make_tokenizer(), list[str]()
    said = WordStreamer(tokenizer, shown.append)
    import torch

    said.put(torch.tensor([tokenizer("Hi")["input_ids"]]))
    for token in tokenizer("red \x1b[31m\u202e green\n")["input_ids"]:
        said.put(torch.tensor([token]))
    said.end()
    assert said.text == "red \x1b[31m\u202e green\n"
    assert "".join(shown) == "red \\x1b[31m\\u202e green\n"
