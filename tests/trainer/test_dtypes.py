"""The type that is computed in where a recipe leaves it open."""

import pytest
import torch

from train.model.base import compute_dtype


@pytest.mark.parametrize(
    ("amx", "limit", "dtype"),
    [
        (True, "", torch.bfloat16),
        (True, "AVX512_CORE_AMX", torch.bfloat16),
        (True, "AVX512_CORE_BF16", torch.float32),
        (False, "", torch.float32),
    ],
)
def test_a_cpu_computes_in_bfloat16_only_where_that_is_faster(
    amx: bool, limit: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert compute_dtype("auto") == dtype
