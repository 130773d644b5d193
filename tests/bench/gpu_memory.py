"""Memory of a QLoRA step on a GPU beside the planner's estimate, on models of random weights made from a configuration:
nothing is downloaded.

    python tests/bench/gpu_memory.py                        7B (Llama 2's shape), 512 tokens, on the GPU
    python tests/bench/gpu_memory.py --shape 8B --tokens 512 1024 2048
    python tests/bench/gpu_memory.py --estimate             the estimates alone, on torch's meta device: needs no GPU
    python tests/bench/gpu_memory.py --layers 2 --cpu       the same code on a CPU, to see that it runs

Prints, for each number of tokens with and without activation checkpointing, the most that torch had allocated and
reserved, what the driver says that the process takes in all, and the estimate. A 7B at 512 tokens is meant to stay
below 6 GB, the estimate within 10 %.
"""

import argparse
from typing import Any, Final

import torch
from transformers import AutoModelForCausalLM, LlamaConfig

from train.batching import pack
from train.memory.autoconfig import optimiser_of
from train.memory.memory_profile import Load, MemoryProfile, _texts_of_lengths
from train.model.adapters import add_adapter
from train.model.base import autocast
from train.model.loss import losses, use_chunked_cross_entropy, use_packed_attention
from train.recipe import Recipe

SHAPES: Final = {
    "1B": {
        "vocab_size": 128256,
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
    },
    "7B": {
        "vocab_size": 32000,
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
    },
    "8B": {
        "vocab_size": 128256,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
    },
}
STEPS: Final = 3


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="7B")
    parser.add_argument("--tokens", type=int, nargs="*", default=[512])
    parser.add_argument("--layers", type=int, help="fewer layers than the shape has")
    parser.add_argument("--estimate", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    given = parser.parse_args()
    if not (given.cpu or given.estimate or torch.cuda.is_available()):
        raise SystemExit(
            "there is no GPU here; --estimate tells what one would need, --cpu --layers 2 shows that the script runs"
        )
    place = torch.device("cpu" if given.cpu else "cuda")
    config = LlamaConfig(**SHAPES[given.shape] | ({"num_hidden_layers": given.layers} if given.layers else {}))
    recipe = Recipe(
        model=given.shape, data="-", method="qlora", optimiser="adamw_8bit" if given.cpu else "paged_adamw_8bit"
    )
    sizes = MemoryProfile(recipe, torch.bfloat16, on_cpu=given.cpu, config=config)
    where = "on no device" if given.estimate else "on a CPU" if given.cpu else f"on {torch.cuda.get_device_name()}"
    print(f"{given.shape}, {config.num_hidden_layers} layers, {where}")
    print(
        f"{'tokens':>7}{'checkpointing':>15}{'allocated':>11}{'reserved':>10}{'in all':>9}{'estimate':>18}{'high / in all':>15}   GB"  # noqa: E501
    )
    for tokens in given.tokens:
        for checkpointing in (True, False):
            load = Load((tokens,), tokens // 2)
            expected = sizes.estimate(load, checkpointing=checkpointing, optimiser=optimiser_of(recipe))
            found = (0, 0, 0) if given.estimate else measured(config, recipe, load, place, checkpointing=checkpointing)
            numbers = "".join(
                f"{size / 1e9 if size else '-':>{width}{'.2f' if size else ''}}"
                for size, width in zip(found, (11, 10, 9), strict=True)
            )
            told = f"{expected.low / 1e9:.2f} to {expected.high / 1e9:.2f}"
            print(
                f"{tokens:>7}{checkpointing!s:>15}{numbers}{told:>18}{f'{expected.high / found[2]:.2f}' if found[2] else '-':>15}",  # noqa: E501
                flush=True,
            )


def measured(
    config: Any, recipe: Recipe, load: Load, place: torch.device, *, checkpointing: bool
) -> tuple[int, int, int]:
    """The most bytes allocated, reserved, and taken in all by some steps."""
    on_gpu = place.type == "cuda"
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    model = quantised(config, place)
    if checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    model = add_adapter(model, recipe)
    with autocast(torch.bfloat16):
        use_chunked_cross_entropy(model, place)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = optimiser_for(trained, on_gpu=on_gpu)
    packed = pack(_texts_of_lengths(list(load.lengths), load.supervised)).to(place)
    model.train()
    for _ in range(STEPS):
        with autocast(torch.bfloat16):
            loss = losses(model, packed).total / load.supervised
        torch.autograd.backward(loss)
        optimiser.step()
        optimiser.zero_grad()
    if not on_gpu:
        return 0, 0, 0
    torch.cuda.synchronize()
    free, total = torch.cuda.mem_get_info()
    return torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved(), total - free


def quantised(config: Any, place: torch.device) -> Any:
    """A model of random weights in NF4, made layer by layer: in 16 bits the whole would not fit."""
    import bitsandbytes

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    head = model.get_output_embeddings()
    for name, module in list(model.named_modules()):
        if type(module) is torch.nn.Linear and module is not head:
            made = bitsandbytes.nn.Linear4bit(
                module.in_features,
                module.out_features,
                bias=False,
                compute_dtype=torch.bfloat16,
                compress_statistics=True,
                quant_type="nf4",
                device="meta",
            )
            weights = torch.randn(module.out_features, module.in_features, dtype=torch.bfloat16, device=place) * 0.02
            made.weight = bitsandbytes.nn.Params4bit(
                weights, requires_grad=False, compress_statistics=True, quant_type="nf4"
            ).to(place)
            made.support_avx512bf16_for_cpu = False
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, made)
    for module in model.modules():
        for name, parameter in list(module._parameters.items()):
            if parameter is not None and parameter.device.type == "meta":
                shape = torch.full(parameter.shape, 1.0, dtype=torch.bfloat16, device=place)
                module._parameters[name] = torch.nn.Parameter(
                    shape if parameter.ndim == 1 else shape.normal_(std=0.02), requires_grad=False
                )
        for name, buffer in list(module._buffers.items()):
            if buffer is not None and buffer.device.type == "meta":
                module._buffers[name] = torch.ones(buffer.shape, dtype=buffer.dtype, device=place)
    model.tie_weights()
    model.is_loaded_in_4bit = True
    use_packed_attention(model)
    return model.requires_grad_(False)


def optimiser_for(parameters: list[torch.nn.Parameter], *, on_gpu: bool) -> Any:
    """The one that a recipe gets by default."""
    import bitsandbytes

    return (bitsandbytes.optim.PagedAdamW8bit if on_gpu else bitsandbytes.optim.AdamW8bit)(parameters, lr=1e-4)


if __name__ == "__main__":
    main()
