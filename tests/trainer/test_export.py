"""What leaves a run says what its adapter says, or does not leave it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.core.errors import UsageError
from train.recipe import Recipe


@pytest.fixture
def own(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run that a test may spoil."""
    shutil.copytree(finished / "run", tmp_path / "run")
    return tmp_path / "run"


def exported(run: Path, to: str, folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = main(["export", str(run), "--to", to, "-o", str(folder), "--json", "--quiet", *words])
    told = capsys.readouterr()
    return code, json.loads(told.out) if told.out else told.err


@pytest.mark.slow
def test_merged_weights_say_what_the_adapter_says_and_ask_in_its_form(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    code, made = exported(finished / "run", "merged", tmp_path / "out", capsys)
    assert code == 0
    proof = made["proof"]
    assert (proof["prompts"], proof["equal_texts"], made["dtype"]) == (20, 20, "float16")
    assert 0 < proof["relative_error"] < 0.01
    assert json.loads((tmp_path / "out/export.json").read_text()) == made
    assert {file["name"] for file in made["files"]} >= {
        "README.md",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer_config.json",
    }
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert (str(model.dtype), model.generation_config.eos_token_id) == (
        "torch.float16",
        AutoTokenizer.from_pretrained(tmp_path / "out").eos_token_id,
    )
    assert (
        json.loads((tmp_path / "out/tokenizer_config.json").read_text())["chat_template"]
        == (finished / "run/template.jinja").read_text()
    )
    card = (tmp_path / "out/README.md").read_text()
    assert made["template"] in card
    assert "20 of 20 most likely answers are the same" in card


@pytest.mark.slow
def test_an_export_takes_the_place_of_an_earlier_one_and_of_nothing_else(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert exported(finished / "run", "merged", out, capsys, "--prompts", "2")[0] == 0
    assert exported(finished / "run", "adapter", out, capsys, "--prompts", "2")[0] == 0
    assert not (out / "model.safetensors").exists()
    assert (out / "adapter_model.safetensors").read_bytes() == (
        finished / "run/adapter/adapter_model.safetensors"
    ).read_bytes()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.txt").write_text("mine")
    code, told = exported(finished / "run", "adapter", tmp_path / "thesis", capsys)
    assert (code, "contains files that are not from an export" in told) == (2, True)


@pytest.mark.slow
def test_what_does_not_say_the_same_is_not_written(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from train.export import merged

    monkeypatch.setattr(merged, "merge", lambda model, _: model.unload())  # the base, as if merging had had no effect
    code, told = exported(finished / "run", "merged", tmp_path / "out", capsys, "--prompts", "2")
    assert code == 2
    assert "differs from the adapter" in told
    assert not [entry for entry in (tmp_path / "out").iterdir() if not entry.name.startswith(".")]


@pytest.mark.slow
def test_a_template_that_is_not_the_one_of_the_training_is_shown_beside_it(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = own / "adapter/chat_template.jinja"
    template.write_text(template.read_text().replace("<|im_start|>", "### "))
    code, told = exported(own, "merged", tmp_path / "out", capsys)
    assert code == 2
    assert "its chat template is not the one used in training" in told
    assert "there: " in told
    assert "### " in told.split("there: ")[1].split("\n")[0]
    assert "<|im_start|>" in told.split("trained: ")[1].split("\n")[0]


def test_methods_that_leave_no_weights_to_merge_go_as_adapters() -> None:
    from train.export.export_result import Options
    from train.export.forms import refuse

    for method, form in (("ia3", "merged"), ("prompt-tuning", "gguf"), ("full", "adapter")):
        with pytest.raises(UsageError, match=r"cannot be merged into|not an adapter"):
            refuse(Recipe(model="m", data="d", method=method), Options(form=form, folder=Path("out")))  # type: ignore[arg-type]
    refuse(Recipe(model="m", data="d", method="full"), Options(form="merged", folder=Path("out")))
