"""Models for texts compute the same with fused layers as without them, whatever their kind."""

from copy import deepcopy
from typing import Any

import pytest

pytestmark = pytest.mark.slow

SIZES: dict[str, Any] = {
    "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128, "vocab_size": 200,
    "max_position_embeddings": 80,
}  # fmt: skip
T5 = {"d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2, "num_heads": 4, "vocab_size": 200}
MODERN = dict.fromkeys(("bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id", "pad_token_id"), 1)
GROUPED = {"num_key_value_heads": 2, "head_dim": 16}


@pytest.mark.parametrize(
    ("name", "config", "sizes"),
    [
        ("BertModel", "BertConfig", SIZES),
        ("BertModel", "BertConfig", {**SIZES, "hidden_act": "gelu_new"}),
        ("XLMRobertaForSequenceClassification", "XLMRobertaConfig", SIZES),
        ("MPNetModel", "MPNetConfig", SIZES),
        ("DebertaV2Model", "DebertaV2Config", {**SIZES, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]}),
        ("ModernBertModel", "ModernBertConfig", {**SIZES, **MODERN}),
        ("T5EncoderModel", "T5Config", T5),
        ("Qwen3Model", "Qwen3Config", {**SIZES, **GROUPED}),
    ],
)
@pytest.mark.parametrize("longest", [512, None])
def test_a_model_gives_the_same_with_fused_layers(
    name: str, config: str, sizes: dict[str, Any], longest: int | None
) -> None:
    torch, transformers = map(pytest.importorskip, ("torch", "transformers"))
    if not torch.cpu._is_avx512_bf16_supported():
        pytest.skip("layers are fused for bfloat16 on a CPU")
    from curate.models.fused_layers import FusedLinear, fuse_layers

    torch.manual_seed(0)
    plain = getattr(transformers, name)(getattr(transformers, config)(**sizes)).eval()
    fused = deepcopy(plain).bfloat16()
    fuse_layers(fused, longest)
    assert any(isinstance(module, FusedLinear) for module in fused.modules())
    tokens, mask = torch.randint(5, 190, (3, 17)), torch.ones(3, 17, dtype=torch.long)
    mask[1, 9:] = mask[2, 4:] = 0
    with torch.inference_mode():
        wanted, found = (one(input_ids=tokens, attention_mask=mask)[0].float() for one in (plain, fused))
    if wanted.dim() == 3:  # vectors of tokens; what is padded does not count
        wanted, found = wanted[mask.bool()], found[mask.bool()]
    assert torch.cosine_similarity(wanted, found, dim=-1).min() > 0.995
