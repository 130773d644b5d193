"""The loss in chunks of models that scale or cap their logits, held against the loss that transformers computes."""

import json
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main

pytestmark = pytest.mark.slow
SHAPE: dict[str, Any] = {
    "vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 1,
    "eos_token_id": 2,
}  # fmt: skip
FAMILIES: list[tuple[str, dict[str, Any], tuple[float, float]]] = [
    ("Llama", {}, (1, 0)),
    ("Gemma2", {"final_logit_softcapping": 5.0, "query_pre_attn_scalar": 16}, (1, 5)),
    ("Granite", {"logits_scaling": 0.25}, (4, 0)),
    ("Cohere", {"logit_scale": 3.0}, (3, 0)),
    ("Cohere2", {"logit_scale": 3.0}, (3, 0)),
]


@pytest.mark.parametrize(("family", "keys", "transform"), FAMILIES, ids=[name for name, *_ in FAMILIES])
def test_scaled_and_capped_logits_give_the_loss_and_gradients_of_transformers(
    family: str, keys: dict[str, Any], transform: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    import transformers

    from curate.models.encoding import Encoded, Rendered
    from train.batching import pack
    from train.model import loss

    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(**SHAPE, **keys)
    config._attn_implementation = "eager"
    model = getattr(transformers, f"{family}ForCausalLM")(config)
    with torch.no_grad():  # logits that the cap bends
        model.get_output_embeddings().weight.mul_(20)
    monkeypatch.setattr(loss, "CHUNK_BYTES", 5 * 16 * 97)  # five tokens at once
    assert tuple(loss.LogitTransform.of(model)) == transform
    assert loss.use_chunked_cross_entropy(model, torch.device("cpu"))
    ids = torch.randint(97, (23,)).tolist()
    labels = [-100] * 4 + ids[4:]
    packed = pack([Encoded(ids, labels, [float(label >= 0) for label in labels], Rendered("", ()))])
    found: list[tuple[Any, list[Any]]] = []
    for compute in (
        lambda: loss.losses(model, packed).total,
        lambda: model(input_ids=torch.tensor([ids]), labels=torch.tensor([labels])).loss * 19,
    ):
        model.zero_grad()
        value = compute()
        value.backward()
        found.append((value.detach(), [one.grad.clone() for one in model.parameters() if one.grad is not None]))
    (ours, mine), (theirs, others) = found
    assert torch.isclose(ours, theirs, rtol=1e-5)
    assert len(mine) == len(others) > 10
    for one, other in zip(mine, others, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-4 * float(other.abs().max()))


def test_a_model_that_does_something_else_to_its_logits_is_computed_whole() -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from train.model.loss import is_chunked, use_chunked_cross_entropy

    class Shifted(LlamaForCausalLM):  # type: ignore[misc]
        def forward(self, *words: Any, **named: Any) -> Any:
            found = super().forward(*words, **named)
            found.logits = found.logits + torch.arange(97) / 10
            return found

    model = Shifted(LlamaConfig(**SHAPE))
    assert not use_chunked_cross_entropy(model, torch.device("cpu"))
    assert not is_chunked(model)


def test_attention_of_variable_length_is_given_the_texts_as_its_kernel_documents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch
    from torch.nn.attention import varlen

    from train.model.loss import packed_attention, variable_length_attention

    def kernel(query: Any, key: Any, value: Any, begins: Any, same: Any, most: int, _: int, **how: Any) -> Any:
        assert (begins.dtype, begins.tolist(), same.tolist(), most) == (torch.int32, [0, 3, 8], [0, 3, 8], 5)
        assert (how["window_size"], how["enable_gqa"]) == ((-1, 0), True)  # causal
        attend: Any = torch.nn.functional.scaled_dot_product_attention
        texts = [
            attend(*(part[a:b].transpose(0, 1) for part in (query, key, value)), is_causal=True, enable_gqa=True)
            for a, b in ((0, 3), (3, 8))
        ]
        return torch.cat(texts, 1).transpose(0, 1)

    monkeypatch.setattr(varlen, "varlen_attn", kernel)
    torch.manual_seed(0)
    query, key, value = torch.randn(1, 4, 8, 16), torch.randn(1, 2, 8, 16), torch.randn(1, 2, 8, 16)
    found = variable_length_attention(query, key, value, (3, 5), None)
    expected, _ = packed_attention(torch.nn.Module(), query, key, value, None, packed_lengths=(3, 5))
    assert torch.allclose(found[None], expected, atol=1e-6)


def test_attention_that_this_machine_cannot_compute_is_refused_before_loading(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from train.model import base
    from train.recipe import Recipe

    def problem(attention: Any, dtype: torch.dtype = torch.bfloat16) -> str:
        found = base.attention_problem(Recipe(model="m", data="d", attention=attention), dtype)
        return "" if found is None else found[0]

    monkeypatch.setattr(base, "device", lambda: torch.device("cpu"))
    assert [problem(one) for one in ("auto", "sdpa", "eager")] == ["", "", ""]
    assert problem("varlen") == "attention = 'varlen': needs an NVIDIA GPU"
    assert main(["train", str(project / "recipe.toml"), "--set", "attn_implementation=flash_attention_2"]) == 2
    assert "needs an NVIDIA GPU" in " ".join(capsys.readouterr().err.split())
    assert (
        main(["train", "--plan", str(project / "recipe.toml"), "--set", "attention=varlen", "--json", "--quiet"]) == 1
    )
    assert "needs an NVIDIA GPU" in json.loads(capsys.readouterr().out)["refusals"][0]["reason"]
    monkeypatch.setattr(base, "device", lambda: torch.device("cuda"))
    monkeypatch.setattr(base, "find_spec", lambda name: None if name == "flash_attn" else name)
    assert problem("flash_attention_2") == "attention = 'flash_attention_2': flash_attn is not installed"
    assert problem("varlen") == ""
    assert "16 bits only" in problem("varlen", torch.float32)


def test_eager_attention_trains_to_the_same_loss(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    losses = []
    for attention in ("auto", "eager"):
        words = [
            "--set",
            f"attention={attention}",
            "--set",
            "dtype=float32",
            "--set",
            "max_steps=3",
            "--set",
            "dropout=0",
        ]
        folder = project / attention
        assert main(["train", str(project / "recipe.toml"), "--run-dir", str(folder), "--json", "--quiet", *words]) == 0
        losses.append(json.loads(capsys.readouterr().out)["tuned_loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")
@pytest.mark.parametrize("mixed", [False, True])
def test_fused_lora_gives_the_output_and_gradients_of_peft(mixed: bool) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    from train.model.adapters import fuse_lora

    torch.manual_seed(0)
    base = LlamaForCausalLM(LlamaConfig(**SHAPE)).to(torch.bfloat16 if mixed else torch.float32).requires_grad_(False)
    config = LoraConfig(r=4, lora_alpha=12, lora_dropout=0.2, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(base, config)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    model.add_adapter("other", LoraConfig(r=2, init_lora_weights=False, target_modules="all-linear"))
    ids = torch.randint(97, (2, 17))

    def outputs() -> tuple[list[Any], list[Any]]:
        logits = []
        for chosen in ("other", "default"):
            model.set_adapter(chosen)
            logits.append(model.eval()(input_ids=ids).logits.detach())
        with model.disable_adapter():
            logits.append(model(input_ids=ids).logits.detach())
        model.train().zero_grad()
        torch.manual_seed(1)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
            model(input_ids=ids, labels=ids).loss.backward()
        return logits, [one.grad.clone() for one in model.parameters() if one.grad is not None]

    theirs, others = outputs()
    fuse_lora(model)
    ours, mine = outputs()
    near = 0.06 if mixed else 1e-5
    assert torch.equal(ours[2], theirs[2])  # the base alone
    assert len(mine) == len(others) == 28
    for one, other in zip((*ours, *mine), (*theirs, *others), strict=True):
        assert one.dtype == other.dtype
        assert torch.allclose(one, other, rtol=0, atol=near * float(other.abs().max()))
