"""One step of a training, for its time and memory; nothing of it is kept."""

from time import monotonic

import torch

from train.attach import attach
from train.loss import fuse_head, packs_exactly
from train.machine import peak_memory
from train.model import autocast, compute_dtype, device, load_base
from train.neftune import Noise
from train.prepare import Prepared
from train.step import Passes


def one_step(prepared: Prepared, room: int, checkpointing: bool, tokens: int) -> tuple[float, int]:
    """Seconds that `tokens` would take, from the second of two equal steps of middle size, and the most memory that there was."""
    recipe = prepared.recipe
    dtype = compute_dtype(recipe.dtype)
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    model = attach(load_base(recipe, dtype, checkpointing=checkpointing), recipe, prepared.start)
    with autocast(dtype):
        fuse_head(model, device())
        packing = recipe.packing and packs_exactly(model, device())
    passes = Passes(prepared.train.encoded, prepared.train.name_of, room=room, packing=packing, dtype=dtype, noise=Noise(model, recipe.neftune))
    step = sorted(prepared.order, key=passes.tokens)[len(prepared.order) // 2]
    model.train()
    began = monotonic()
    for _ in range(2):  # the first one warms up
        began = monotonic()
        passes.run(model, step, torch.autograd.backward)
        if device().type == "cuda":
            torch.cuda.synchronize()
    return (monotonic() - began) / passes.tokens(step) * tokens, peak_memory()
