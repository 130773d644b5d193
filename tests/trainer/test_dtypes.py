"""The type that is computed in where a recipe leaves it open."""

import pytest

pytestmark = pytest.mark.slow  # loads PyTorch


@pytest.mark.parametrize(
    ("amx", "limit", "dtype"),
    [
        (True, "", "bfloat16"),
        (True, "AVX512_CORE_AMX", "bfloat16"),
        (True, "AVX512_CORE_BF16", "float32"),
        (False, "", "float32"),
    ],
)
def test_a_cpu_computes_in_bfloat16_only_where_that_is_faster(
    amx: bool, limit: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from train.model.base import compute_dtype

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert compute_dtype("auto") == getattr(torch, dtype)


@pytest.mark.parametrize("quantised", [False, True])
def test_products_in_bfloat16_are_rounded_once_where_the_processor_has_no_instructions_for_them(
    quantised: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import bitsandbytes as bnb
    import torch

    from train.model import float32_products

    monkeypatch.setattr(float32_products, "_lacks_instructions", lambda: True)
    monkeypatch.setattr(float32_products, "MAX_ROWS", 48)
    torch.manual_seed(0)
    layer = torch.nn.Linear(64, 128, dtype=torch.bfloat16).requires_grad_(False)
    weight = layer.weight
    if quantised:
        packed = bnb.nn.Linear4bit(64, 128, compute_dtype=torch.bfloat16, quant_type="nf4")
        packed.load_state_dict(layer.state_dict())
        layer = packed.to("cpu").requires_grad_(False)
        weight = bnb.functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state)
    float32_products.use_float32_products(torch.nn.Sequential(layer))
    inputs = torch.randn(5, 64).bfloat16().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        output = layer(inputs)
    expected = inputs.float() @ weight.float().t() + layer.bias.float()
    assert output.dtype == torch.bfloat16
    assert output.float().sub(expected).abs().max() <= expected.abs().max() * 2**-8
    output.sum().backward()
    assert inputs.grad is not None
    columns = weight.float().sum(0)
    assert inputs.grad.float().sub(columns).abs().max() <= columns.abs().max() * 2**-8


def test_an_update_of_lora_is_rounded_once_where_the_processor_has_no_instructions_for_bfloat16(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    from train.model import float32_products
    from train.model.adapters import LoraUpdate

    monkeypatch.setattr(float32_products, "_lacks_instructions", lambda: True)
    torch.manual_seed(0)
    # Integers whose products and sums are exact in float32, and not in bfloat16.
    inputs, output = torch.randint(-8, 9, (64, 32)).bfloat16(), torch.zeros(64, 128).bfloat16()
    down = torch.randint(-500, 501, (8, 32)).float().requires_grad_()
    up = torch.randint(-8, 9, (128, 8)).float().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):  # as in a training
        updated = LoraUpdate.apply(output, inputs, down, up, 1.0)  # type: ignore[no-untyped-call]
    inner = inputs.float() @ down.t()
    assert torch.equal(updated, (inner @ up.t()).bfloat16())
    updated.sum().backward()
    assert up.grad is not None
    assert torch.equal(up.grad, inner.sum(0).expand_as(up))
