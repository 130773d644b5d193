"""What leaves a run says what its adapter says, or does not leave it."""

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.core.errors import UsageError
from tests.engine.places_server import Place, serving
from tests.trainer.tiny import make_model, write_recipe
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
def test_the_export_of_a_run_that_made_its_base_worse_says_so(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = "training raised the held-out loss: see  curate evaluate RUN --overfitting"
    assert said not in exported(own, "adapter", own / "../good", capsys)[1]["notes"]
    report = json.loads((own / "report.json").read_bytes())
    report["overfitting"]["signs"] = ["worsens"]
    (own / "report.json").write_text(json.dumps(report))
    assert said in exported(own, "adapter", own / "../worse", capsys)[1]["notes"]


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
    (out / "README.md").write_text("mine")
    code, told = exported(finished / "run", "merged", out, capsys)
    assert (code, "README.md: is not as an export wrote it" in told) == (2, True)
    assert (out / "README.md").read_text() == "mine"
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.txt").write_text("mine")
    code, told = exported(finished / "run", "adapter", tmp_path / "thesis", capsys)
    assert (code, "contains files that are not from an export" in told) == (2, True)


@pytest.mark.slow
def test_what_does_not_say_the_same_is_not_written(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from train.export import merged

    # The base, as if merging had had no effect.
    monkeypatch.setattr(merged, "merge", lambda model, *_: (model.unload(), torch.float32))
    code, told = exported(finished / "run", "merged", tmp_path / "out", capsys, "--prompts", "2")
    assert code == 2
    assert "differs from the adapter" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("form", "written"), [("merged", "float16"), ("gguf", "float16"), ("gguf-adapter", "float32")])
def test_a_base_in_16_bits_is_merged_and_proved_in_16_bits(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    form: str, written: str,
) -> None:  # fmt: skip
    """All its weights in float32 at once would not fit where it was trained."""
    import torch

    from train.export import exporter, merged
    from train.model.base import base_config

    def in_bfloat16(recipe: Any) -> Any:
        config = base_config(recipe)
        config.dtype = torch.bfloat16
        return config

    monkeypatch.setattr("train.export.exporter.base_config", in_bfloat16)
    held: list[int] = []
    real = exporter.EquivalenceTest.outputs

    def outputs(test: Any, model: Any) -> Any:
        held.append(
            sum(one.numel() * one.element_size() for name, one in model.named_parameters() if "lora" not in name)
        )
        weights = [one.dtype for name, one in model.named_parameters() if one.dim() > 1 and "lora" not in name]
        assert torch.float32 not in weights
        found = real(test, model)
        assert all(one.dtype is torch.float32 and bool(one.isfinite().all()) for one in found.logits)
        return found

    monkeypatch.setattr(exporter.EquivalenceTest, "outputs", outputs)
    code, made = exported(finished / "run", form, tmp_path / "out", capsys, "--prompts", "4")
    assert code == 0, made
    assert made["dtype"] == written
    assert made["proof"]["relative_error"] < 0.02
    assert len(held) == 2
    assert max(held) < 1.1 * 2 * sum(one.numel() for one in merged.load(finished / "model", torch.float16).parameters())


@pytest.mark.slow
def test_weights_too_large_for_float16_are_written_in_bfloat16(finished: Path) -> None:
    import torch

    from curate.core.errors import ModelError
    from train.export import merged
    from train.trained import open_trained

    def model() -> Any:
        made = open_trained(str(finished / "run")).tuned(quantised=False, dtype=torch.float32)
        made.get_base_model().model.layers[1].mlp.down_proj.base_layer.weight.data[0, 0] = 1e5
        return made

    whole, dtype = merged.merge(model(), "auto", "out")
    assert dtype is torch.bfloat16
    assert {one.dtype for one in whole.parameters()} == {torch.bfloat16}
    with pytest.raises(ModelError, match="does not fit into float16"):
        merged.merge(model(), "float16", "out")


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


@pytest.mark.slow
def test_a_damaged_adapter_of_a_run_is_restored_or_trained_again(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = own / "adapter/adapter_config.json"
    config.write_text("{")
    code, told = exported(own, "merged", tmp_path / "out", capsys)
    assert (code, f"{config}: was changed since the end of the run" in told) == (2, True)
    report = json.loads((own / "report.json").read_text())
    (own / "report.json").write_text(json.dumps({**report, "files": {}}))  # as older versions wrote it
    code, told = exported(own, "merged", tmp_path / "out", capsys)
    assert (code, "its adapter cannot be loaded" in told) == (2, True)
    assert "restore it, or train again with --fresh" in told


@pytest.mark.slow
def test_methods_that_leave_no_weights_to_merge_go_as_adapters() -> None:
    from train.export.export_result import ExportOptions
    from train.export.exporter import require_form

    for method, form in (("prefix-tuning", "merged"), ("prompt-tuning", "gguf"), ("full", "adapter")):
        with pytest.raises(UsageError, match=r"cannot be merged into|not an adapter"):
            require_form(Recipe(model="m", data="d", method=method), ExportOptions(form=form, folder=Path("out")))  # type: ignore[arg-type]
    with pytest.raises(UsageError) as refused:
        require_form(Recipe(model="m", data="d", method="bottleneck"), ExportOptions(form="merged", folder=Path("out")))
    assert "curate chat" in refused.value.hint  # PEFT does not know them
    require_form(Recipe(model="m", data="d", method="full"), ExportOptions(form="merged", folder=Path("out")))


@pytest.mark.slow
def test_vectors_of_ia3_are_merged_into_weights_and_biases(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    (project / "model").unlink()
    made = Qwen2ForCausalLM(Qwen2Config(**_llama_values(make_model(project / "model", layers=1))))
    for name, parameter in made.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter)
    made.save_pretrained(project / "model")
    recipe = write_recipe(project, method="ia3", rank=None, dropout=None, learning_rate=0.1, generations=0)
    assert main(["train", str(recipe), "--run-dir", str(project / "run"), "--quiet"]) == 0
    capsys.readouterr()
    code, exported_files = exported(project / "run", "gguf", tmp_path / "gguf", capsys)
    assert (code, exported_files["proof"]["equal_texts"]) == (0, 6)
    code, refused = exported(project / "run", "gguf-adapter", tmp_path / "out", capsys)
    assert (code, "IA3 has no low-rank factors" in refused) == (2, True)


def _llama_values(model: Path) -> dict[str, Any]:
    """The values of a model's configuration that Qwen2 has as well."""
    values = json.loads((model / "config.json").read_text())
    return {key: value for key, value in values.items() if key not in ("architectures", "model_type", "head_dim")}


@pytest.mark.slow
def test_an_export_is_uploaded_with_its_card_after_asking(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, words = finished / "run", ("--prompts", "1", "--push", "org/name")
    code, told = exported(run, "adapter", tmp_path / "out", capsys, *words, "--yes")
    assert (code, "network access is off" in told) == (2, True)
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    with serving(Place({}), hub=True) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        code, told = exported(run, "adapter", tmp_path / "out", capsys, *words)
        assert (code, "pass --yes to allow this" in " ".join(told.split())) == (2, True)
        assert not (tmp_path / "out").exists()
        assert not hub.commits
        code, made = exported(run, "adapter", tmp_path / "out", capsys, *words, "--yes")
        assert code == 0, made
        sent = {path: base64.b64decode(content) for path, content in hub.commits[0].items()}
    assert sent.keys() == {file["name"] for file in made["files"]} > {"README.md", "adapter_model.safetensors"}
    assert all(data == (tmp_path / "out" / path).read_bytes() for path, data in sent.items())
    card = sent["README.md"].decode()
    assert "max_steps = 60" in card
    assert "held-out loss" in card
    assert f"manifest {json.loads((run / 'report.json').read_text())['manifest']}" in card
    assert str(finished) not in card
