"""Talking to what was trained: in its form, and safe for a terminal."""

import io
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import rows_of
from tests.trainer.test_export import exported
from tests.trainer.tiny import CHATML, write_recipe


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
    assert (code, "tokens; with 1 for the answer that is more than the model's 256" in err) == (2, True)
    monkeypatch.setattr("sys.stdin", io.StringIO("word " * 200))
    code, _, err = talk([str(finished / "run"), "--max-new-tokens", "250"], capsys)
    assert (code, "a lower --max-new-tokens leaves more room" in err) == (2, True)
    code, out, err = talk([str(finished / "run"), "--ask", "Number 1: repeat plum twice.", "--json"], capsys)
    assert (code, json.loads(out)["tokens"] > 0) == (0, True), err  # by default, answers fit the context


MOODS = CHATML.replace("assistant\n' }}", "assistant (' + mood + ')\n' + ('' if enable_thinking else '-') }}").replace(
    "message['role'] + '\n'", "message['role'] + (' (' + mood + ')\n' if message['role'] == 'assistant' else '\n')"
)
MOODS_PROMPT = "<|im_start|>system\n{}<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant (calm)\n"


@pytest.mark.slow
def test_the_system_message_of_the_training_stays_with_run_and_export(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from train.inference import chat_model

    told = {"role": "system", "content": "Answer in words only."}
    for split in ("train", "test"):
        file = project / f"split/{split}.jsonl"
        examples = rows_of(file)
        for one in examples:  # the answers think, in a mood
            one["messages"][-1]["content"] = "<think>hm</think>" + one["messages"][-1]["content"]
            one["chat_template_kwargs"] = {"mood": "calm"}
        lines = [json.dumps({**one, "messages": [told, *one["messages"]]}) + "\n" for one in examples]
        file.write_text("".join(lines if split == "train" else [*lines[1:], json.dumps(examples[0]) + "\n"]))
    (project / "moods.jinja").write_text(MOODS)
    recipe = write_recipe(
        project, max_steps=1, generations=0, dtype="float32", method="lora", max_length=128, chat_template="moods.jinja"
    )
    assert main(["train", str(recipe), "--run-dir", str(project / "run")]) == 0
    assert "test, 1 example: without the system message of all training examples" in capsys.readouterr().err
    assert exported(project / "run", "ollama", tmp_path / "out", capsys, "--name", "words", "--prompts", "1")[0] == 0
    assert 'SYSTEM """Answer in words only."""' in (tmp_path / "out/Modelfile").read_text()
    card = (tmp_path / "out/README.md").read_text()
    assert "ask with it, too.\n\n```\nAnswer in words only.\n```" in card
    assert 'It sets enable_thinking = true, mood = "calm" by default, as the training did.' in card
    assert "serve it with no chat_template_kwargs" in (tmp_path / "out/Modelfile").read_text()
    asked = ["--ask", "Number 3: repeat south twice.", "--max-new-tokens", "2"]
    turns = [told, {"role": "user", "content": "Number 3: repeat south twice."}]
    trained = MOODS_PROMPT.format(told["content"], turns[1]["content"])
    for place in ("run", "out"):
        model = chat_model(str(tmp_path / place))
        assert model.template.tokenizer.decode(model.prompt(turns, 2)) == trained
        if place == "out":  # a server that is given nothing renders the same
            render = model.template.tokenizer.apply_chat_template
            assert render(turns, tokenize=False, add_generation_prompt=True) == trained
        _, default, err = talk([str(tmp_path / place), *asked], capsys)
        assert "system message of the training: Answer in words only." in err
        assert talk([str(tmp_path / place), *asked, "--system", told["content"]], capsys)[1] == default
        assert "system message" not in talk([str(tmp_path / place), *asked, "--system", ""], capsys)[2]


@pytest.mark.parametrize(("trained", "given", "sent"), [("", None, [""]), ("Hi.", "", []), (None, None, [])])
def test_an_empty_system_message_is_sent(trained: str | None, given: str | None, sent: list[str]) -> None:
    from train.cli.chat import ChatSession

    asked: list[list[dict[str, Any]]] = []

    def reply(turns: list[dict[str, Any]], show: Any, **how: Any) -> Any:
        asked.append(turns)
        return SimpleNamespace(text="So.", tokens=1, ended=True)

    model: Any = SimpleNamespace(system=trained, title="a model", reply=reply)
    ChatSession(model, given, {"max_new_tokens": 2}, as_json=False, quiet=True).run("Why?")
    assert [turn["content"] for turn in asked[0] if turn["role"] == "system"] == sent


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


@pytest.mark.slow
def test_settings_that_a_base_brings_along_do_not_decide_its_answers(tiny_model: Path) -> None:
    import torch

    from curate.models.template import load_template
    from train.model.base import load_base
    from train.model.generation import answer_ids
    from train.recipe import Recipe

    model = load_base(Recipe(model=str(tiny_model), data="-", method="lora"), torch.float32)
    template = load_template(str(tiny_model))

    def answered() -> list[list[int]]:
        return answer_ids(model, template, ["Number 3"], [2], torch.float32, max_new_tokens=6)

    plain = answered()
    model.generation_config.update(num_beams=2, repetition_penalty=9.0, suppress_tokens=plain[0])
    assert answered() == plain
    assert model.generation_config.num_beams == 2  # an export keeps them
    (whole,) = answer_ids(model, template, ["Number 3"], [], torch.float32, max_new_tokens=10**9)
    assert len(whole) + len(template.ids("Number 3")) == 256  # the model's context


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text"),
    [("identity.json", "[" * 100_000), ("export.json", "[" * 100_000), ("identity.json", "[7]")],
    ids=["run", "export", "list"],
)
def test_a_run_or_an_export_that_nobody_wrote_is_an_error(
    name: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("planted").mkdir()
    Path("planted", name).write_text(text)
    assert main(["chat", "planted"]) == 2
    assert "is not what curate wrote" in capsys.readouterr().err


@pytest.mark.slow
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
