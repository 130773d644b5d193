"""Continued pretraining: blocks of plain text, what is refused, and the perplexity that is reported."""

import json
import math
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from curate.cli.main import main
from curate.core.errors import InputError
from tests.trainer.tiny import WORDS, conversations, load_split, make_tokenizer, write_recipe
from train.data.plain_text import TEMPLATE, continuation
from train.recipe import Recipe

if TYPE_CHECKING:
    from train.data.splits import TokenizedSplit

pytestmark = pytest.mark.slow


def texts(count: int) -> list[str]:
    return [" ".join([*WORDS[i % 10 :], *WORDS[: i % 10]] * (1 + i % 4)) for i in range(count)]


def write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def split_of(folder: Path, rows: list[dict[str, Any]], **keys: Any) -> "TokenizedSplit":
    from curate.models.template import Template

    write(folder / "train.jsonl", rows)
    recipe = Recipe(**{"model": "m", "data": "d", "objective": "pt", "max_length": 24} | keys)
    return load_split(folder, "train", Template(make_tokenizer(TEMPLATE)), recipe)


def test_blocks_hold_every_token_of_all_texts_once(tmp_path: Path) -> None:
    tokenizer = make_tokenizer(TEMPLATE)
    expected = [token for text in texts(9) for token in [*tokenizer(text)["input_ids"], tokenizer.eos_token_id]]
    split = split_of(tmp_path, [{"text": text} for text in texts(9)])
    blocks = list(split.encoded)
    assert blocks[0].input_ids + [token for block in blocks[1:] for token in block.input_ids[1:]] == expected
    assert {len(block.input_ids) for block in blocks[:-1]} == {24}
    assert int(split.encoded.supervised.sum()) == len(expected) - 1  # nothing precedes the first one
    assert not split.left_out


def test_texts_as_they_are_and_as_split_writes_them_give_the_same_blocks(tmp_path: Path) -> None:
    rows = [{"text": text} for text in texts(6)]
    written = [{"messages": [{"role": "assistant", "content": row["text"]}]} for row in rows]
    first, second = (split_of(tmp_path / name, given) for name, given in (("a", rows), ("b", written)))
    assert [block.input_ids for block in first.encoded] == [block.input_ids for block in second.encoded]


def test_the_weight_of_a_text_is_that_of_its_tokens(tmp_path: Path) -> None:
    rows = [{"messages": [{"role": "assistant", "content": "red green"}], "weight": weight} for weight in (0.5, 2)]
    (block,) = split_of(tmp_path, rows).encoded
    assert set(block.weights[1:]) == {0.5, 2.0}


def test_chats_and_texts_are_not_mixed_up(tmp_path: Path) -> None:
    mixed = [{"text": "red green blue"}, *conversations(1)]
    with pytest.raises(InputError, match=r"train\.jsonl:2: is a conversation; objective 'pt' trains on plain text"):
        split_of(tmp_path, mixed)
    with pytest.raises(InputError, match=r"train\.jsonl:1: is plain text, which objective 'pt' trains on"):
        split_of(tmp_path, mixed, objective="sft")
    assert [omission.line for omission in split_of(tmp_path, mixed, untrainable="leave-out").left_out] == [2]


def test_training_on_texts_lowers_their_perplexity(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    for name, given in (("train", texts(40)), ("test", texts(8))):
        write(project / "split" / f"{name}.jsonl", [{"text": text} for text in given])
    recipe = write_recipe(
        project, objective="pt", method="lora", dtype="float32", dropout=0.0, learning_rate=1e-2, max_length=32,
        generations=1, probes=0,
    )  # fmt: skip
    assert main(["train", str(recipe), "--run-dir", "run", "--quiet"]) == 0
    report = json.loads((project / "run" / "report.json").read_bytes())
    before, after = (f"{math.exp(report[f'{side}_loss']):,.2f}" for side in ("base", "tuned"))
    assert f"{before} before, {after} after" in capsys.readouterr().out
    assert report["tuned_loss"] < report["base_loss"]
    assert report["generations"]
    assert report["data_map"] is None
    assert main(["chat", "run", "--ask", "red green", "--max-new-tokens", "2", "--quiet"]) == 0
    assert main(["export", "run", "-o", "merged", "--prompts", "2", "--quiet"]) == 0


def test_a_first_recipe_for_texts_trains_on_texts(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    write(project / "split/train.jsonl", [{"text": text} for text in texts(8)])
    assert main(["recipe", "init", "--for", "split", "--model", "model", "-o", "-"]) == 0
    recipe = tomllib.loads(capsys.readouterr().out)
    assert (recipe["objective"], recipe["max_length"]) == ("pt", 1024)


def test_weights_of_texts_are_those_of_answers(tmp_path: Path) -> None:
    text = " ".join(WORDS)
    answer = {"role": "assistant", "content": text}
    unusable: list[dict[str, Any]] = [
        {"text": text, "weight": -1},
        {"text": text, "weight": 0},
        {"messages": [{**answer, "weight": 0}]},
        {"messages": [{**answer, "train": False}]},
        {"messages": [{**answer, "reasoning_content": "Which words are meant?"}]},
    ]
    usable = {"messages": [{**answer, "weight": 2, "name": None}], "weight": 0.25}
    split = split_of(tmp_path, [*unusable, usable], untrainable="leave-out")
    assert [omission.line for omission in split.left_out] == [1, 2, 3, 4, 5]
    assert {weight for block in split.encoded for weight in block.weights[1:]} == {0.5}
    with pytest.raises(InputError, match=r"train\.jsonl:1: /weight: the weight -1 is not usable in training"):
        split_of(tmp_path, unusable)


def test_texts_without_spaces_are_continued() -> None:
    given, rest = continuation("北京是中华人民共和国的首都。" * 4)["messages"]  # type: ignore[index]
    assert given["content"] + rest["content"] == "北京是中华人民共和国的首都。" * 4
    assert len(given["content"]) == 14
    assert continuation("red") is None


def test_a_block_holds_two_tokens_at_least() -> None:
    with pytest.raises(ValueError, match="max_length must be 2 or more"):
        Recipe(model="m", data="d", objective="pt", max_length=1)


def test_chats_with_a_template_that_marks_no_roles_are_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    shared = (project / "model").resolve()  # by all tests
    (project / "model").unlink()
    shutil.copytree(shared, project / "model")
    make_tokenizer(TEMPLATE).save_pretrained(project / "model")
    assert main(["train", str(write_recipe(project, method="lora")), "--plan"]) == 2
    assert "its chat template is that of plain text, which marks no roles" in capsys.readouterr().err
