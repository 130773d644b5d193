"""A mixture of experts gets adapters on its attention alone, and a plan refuses what a training refuses."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from curate.cli.main import main
from tests.trainer.tiny import make_tokenizer, write_recipe, write_split

pytestmark = pytest.mark.slow
KINDS: Final[dict[str, dict[str, Any]]] = {
    "mixtral": {"intermediate_size": 64, "num_local_experts": 4},
    "qwen2_moe": {"intermediate_size": 64, "moe_intermediate_size": 32, "shared_expert_intermediate_size": 32,
                  "num_experts": 4, "num_experts_per_tok": 2},
    "qwen3_moe": {"intermediate_size": 64, "moe_intermediate_size": 32, "num_experts": 4, "num_experts_per_tok": 2,
                  "head_dim": 16},
}  # fmt: skip


def mixture(folder: Path, kind: str) -> Path:
    """A recipe of a training on a mixture of four random experts."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(folder / "model")
    config = AutoConfig.for_model(
        kind, vocab_size=len(tokenizer), hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, bos_token_id=None, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id, **KINDS[kind],
    )  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(folder / "model")
    write_split(folder / "split")
    return write_recipe(folder, method="lora", max_steps=4, generations=0)


def tensors(folder: Path) -> dict[str, Any]:
    from safetensors import safe_open

    with safe_open(folder / "adapter/adapter_model.safetensors", "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping


@pytest.mark.parametrize(("kind", "dtype"), [("mixtral", "float32"), ("qwen2_moe", "bfloat16")])
def test_a_mixture_of_experts_is_planned_trained_resumed_and_merged(
    tmp_path: Path, kind: str, dtype: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = str(mixture(tmp_path, kind))
    words = ["train", recipe, "--quiet", "--json", "--set", f"dtype={dtype}"]
    assert main([*words, "--plan"]) == 0
    made = json.loads(capsys.readouterr().out)
    run, halves = tmp_path / "run", tmp_path / "halves"
    assert main([*words, "--run-dir", str(run)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert made["trainable_parameters"] == report["trainable_parameters"]
    assert made["total_parameters"] == report["total_parameters"]
    whole = tensors(run)
    assert {name.split(".layers.")[1].split(".")[1] for name in whole} == {"self_attn"}
    assert len(whole) == 2 * 4 * 2
    assert all(tensor.any() for name, tensor in whole.items() if "lora_B" in name)
    evaluated = [*words, "--run-dir", str(halves), "--set", "evaluate_every=2"]
    (tmp_path / "split/validation.jsonl").write_text((tmp_path / "split/test.jsonl").read_text())
    assert main([*evaluated, "--pause-at", "0.5"]) == 0
    assert main([*evaluated, "--resume"]) == 0
    parts = tensors(halves)
    assert all(tensor.equal(parts[name]) for name, tensor in whole.items())
    capsys.readouterr()
    assert main(["export", str(run), "--to", "merged", "-o", str(tmp_path / "merged"), "--quiet"]) == 0
    assert "pattern keys" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "targets", "said"),
    [
        ("mixtral", r"'.*\.(q_proj|w1|w2|w3)'", "target_modules name experts or their router"),
        ("qwen3_moe", '["q_proj","gate_proj"]', "the model has no module gate_proj"),
        ("qwen3_moe", '["q_proj","gate"]', "target_modules name experts or their router"),
    ],
)
def test_experts_and_their_router_cannot_be_named(
    tmp_path: Path, kind: str, targets: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = str(mixture(tmp_path, kind))
    for plan in ([], ["--plan"]):
        assert main(["train", recipe, *plan, "--set", f"target_modules={targets}", "--quiet"]) == 2
        assert said in " ".join(capsys.readouterr().err.split())


REFUSED: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "experts in 4 bits": ({"method": "qlora"}, "has 4 experts in weights that bitsandbytes leaves in 16 bits"),
    "shares on a CPU": ({"parallel": "fsdp"}, "weights are shared out among GPUs only"),
    "float16": ({"dtype": "float16"}, "is not trained on a CPU"),
    "attention": ({"attention": "varlen"}, "needs an NVIDIA GPU"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_the_plan_refuses_what_the_training_refuses(
    tmp_path: Path, why: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    keys, said = REFUSED[why]
    recipe = str(mixture(tmp_path, "qwen3_moe"))
    changes = [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]
    assert main(["train", recipe, "--plan", "--json", "--quiet", *changes]) == 1
    (refusal,) = json.loads(capsys.readouterr().out)["refusals"]
    assert said in refusal["reason"]
    assert main(["train", recipe, "--quiet", "--run-dir", str(tmp_path / "run"), *changes]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run/identity.json").exists()


def test_the_plan_refuses_a_base_that_is_quantised_already(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quantised = tmp_path / "quantised"
    quantised.mkdir()
    for file in (project / "model").iterdir():
        (quantised / file.name).write_bytes(file.read_bytes())
    config = json.loads((quantised / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
    (quantised / "config.json").write_text(json.dumps(config))
    recipe = str(write_recipe(project, model="quantised"))
    assert main(["train", recipe, "--plan", "--json", "--quiet"]) == 1
    (refusal,) = json.loads(capsys.readouterr().out)["refusals"]
    assert "its weights are quantised already" in refusal["reason"]
    assert main(["train", recipe, "--quiet"]) == 2
    assert "its weights are quantised already" in " ".join(capsys.readouterr().err.split())
