"""The memory of a training step, counted to the byte on tensors without content, before any weight is loaded.

The code that trains runs here (adapters, attention, loss, activation checkpointing), on a model of a few layers. The
layers of a language model are alike, so more layers need proportionally more.
"""

import copy
import warnings
import weakref
from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import AutoModelForCausalLM

from curate.core.errors import ModelError
from curate.models.encoding import IGNORE_INDEX, Encoded, Rendered
from curate.models.names import model_errors
from train import distributed
from train.batching import pack
from train.memory.hardware import held_memory
from train.model.adapters import add_adapter
from train.model.base import base_config
from train.model.loss import CHUNKED, backbone_of, losses, use_packed_attention
from train.recipe import Recipe
from train.results import Estimate

FEW_LAYERS: Final = 2
MORE_LAYERS: Final = 4
"""Layers of the two small models that a step is run on."""
ALLOCATION_BYTES: Final = 512
"""Allocators hand out no less."""


GROUPED_MM: Final = "aten::_grouped_mm"


class Linear4bitShape(nn.Linear):
    """A linear layer with the memory of NF4 weights."""

    def __init__(self, linear: nn.Linear, *, double: bool) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        count = linear.weight.numel()
        # Half a byte a weight, and a scale for 64 of them: a byte, itself scaled by one in 256, or a float32.
        packed = count // 2 + (count // 64 + count // 64 // 256 * 4 if double else count // 64 * 4)
        self.count = count
        """Weights in it."""
        self.packed = nn.Parameter(
            torch.empty(packed, dtype=torch.uint8, device=linear.weight.device), requires_grad=False
        )
        self.bias = linear.bias

    @property
    def weight(self) -> Tensor:  # type: ignore[override]
        """The weights unpacked, as DoRA asks for them."""
        return torch.empty(self.out_features, self.in_features, dtype=torch.bfloat16, device=self.packed.device)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """What bitsandbytes does: the weights are unpacked in the forward and once more in the backward pass."""
        product: Tensor = _Product4bit.apply(input.to(torch.bfloat16), self.packed, self.out_features)  # type: ignore[no-untyped-call]
        return (product if self.bias is None else product + self.bias).to(input.dtype)


class _Product4bit(torch.autograd.Function):
    """The product with a 4-bit weight, which allocates the unpacked weight in each pass."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, packed: Tensor, out: int) -> Tensor:
        ctx.save_for_backward(packed)
        ctx.shape = (out, inputs.shape[-1])
        return inputs @ torch.empty(ctx.shape, dtype=inputs.dtype, device=inputs.device).t()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None, None]:
        return grads[0] @ torch.empty(ctx.shape, dtype=grads[0].dtype, device=grads[0].device), None, None


class Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of all tensors that are alive while it is on, and the most there were."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.most = 0
        self._seen: weakref.WeakSet[Any] = weakref.WeakSet()

    def note(self, tensor: Tensor) -> None:
        """Count a tensor until it is freed; views count once."""
        storage = tensor.untyped_storage()
        if storage in self._seen:
            return
        size = -(-storage.nbytes() // ALLOCATION_BYTES) * ALLOCATION_BYTES
        self._seen.add(storage)
        self.now += size
        weakref.finalize(storage, self._freed, size)

    def _freed(self, size: int) -> None:
        self.now -= size

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = _grouped_product(func, args) if func.name() == GROUPED_MM else func(*args, **(kwargs or {}))
        for leaf in tree_leaves(output):
            if isinstance(leaf, Tensor):
                self.note(leaf)
        self.most = max(self.most, self.now)
        return output


def _grouped_product(func: Any, args: tuple[Any, ...]) -> Any:
    """The product of experts in any dtype: without content torch computes its shape in bfloat16 only."""
    left, right, *more = args
    return torch.empty_like(func(left.to(torch.bfloat16), right.to(torch.bfloat16), *more), dtype=left.dtype)


def meta_model(config: Any, recipe: Recipe, dtype: torch.dtype, layers: int | None = None) -> Any:
    """The model of a recipe on the meta device, all or `layers` of it; 4-bit layers are `Linear4bitShape`."""
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about models that are to be used
        with model_errors(recipe.model, "its size cannot be determined", "choose another model"):
            model = AutoModelForCausalLM.from_config(
                _with_fewer_layers(config, layers) if layers else config, dtype=dtype, trust_remote_code=False
            )
        model.requires_grad_(False)
        tuned = add_adapter(model, recipe)
        if recipe.quantised:
            head = model.get_output_embeddings()
            for name, module in list(model.named_modules()):
                if type(module) is nn.Linear and module is not head and not module.weight.requires_grad:
                    parent, _, own = name.rpartition(".")
                    setattr(
                        model.get_submodule(parent), own, Linear4bitShape(module, double=recipe.double_quantisation)
                    )
    return tuned


def _with_fewer_layers(config: Any, layers: int) -> Any:
    """The configuration of a model with fewer layers; lists with one entry per layer are cut too."""
    config = copy.deepcopy(config)
    text = config.get_text_config()
    count = text.num_hidden_layers
    for key, value in list(vars(text).items()):
        if isinstance(value, list) and len(value) == count:
            setattr(text, key, value[:layers])
    text.num_hidden_layers = layers
    return config


def _materialize(model: nn.Module) -> None:
    """Replace tensors on the meta device by CPU tensors without content; shared ones stay shared."""
    made: dict[int, Any] = {}
    for module in model.modules():
        for kind in (module._parameters, module._buffers):
            for name, tensor in kind.items():
                if tensor is not None:
                    if id(tensor) not in made:
                        trains = tensor.requires_grad
                        fresh = torch.empty(tensor.shape, dtype=torch.float32 if trains else tensor.dtype, device="cpu")
                        is_parameter = isinstance(tensor, nn.Parameter)
                        made[id(tensor)] = nn.Parameter(fresh, requires_grad=trains) if is_parameter else fresh
                    kind[name] = made[id(tensor)]


def _texts_of_lengths(lengths: Sequence[int], supervised: int) -> list[Encoded]:
    """Texts of the given lengths whose last tokens are trained on, as many as `supervised` in all."""
    share, texts = supervised / max(1, sum(lengths)), []
    for length in lengths:
        trained = min(length - 1, max(1, round(share * length)))
        weights = [0.0] * (length - trained) + [1.0] * trained
        labels = [1 if weight else IGNORE_INDEX for weight in weights]
        texts.append(Encoded([1] * length, labels, weights, Rendered("", ())))
    return texts


STATE: Final = {"adafactor": 0.1, "adamw_torch": 8.0, "adamw_8bit": 2.1, "lion_8bit": 1.1, "sgd": 0.0} | {
    "paged_adamw_8bit": 2.1, "paged_adamw_32bit": 8.0,
}  # fmt: skip
"""Bytes that an optimiser keeps for each trained parameter."""
CUDA_CONTEXT_BYTES: Final = (0.3e9, 0.9e9)
"""Memory of CUDA and its libraries, at least and at most."""
FRAGMENTATION: Final = {"cpu": 1.4, "cuda": 1.1}
"""Allocated over live bytes in a step: measured with `tests/bench/memory.py` on a CPU (glibc), common on GPUs."""
LIBRARY_BYTES: Final = 0.08e9
"""Libraries that are loaded during a training on a CPU: measured with the same bench."""
KERNEL_BYTES: Final = 0.1e9
"""Kernels for products in bfloat16 on a CPU, of which `train` keeps 64: measured with 200 distinct lengths."""


class Load(NamedTuple):
    """The largest forward pass of a training."""

    lengths: tuple[int, ...]
    """Tokens of its texts."""
    supervised: int
    """Tokens trained on."""


class MemoryProfile:
    """Memory estimates for a recipe, from the configuration of its base alone."""

    def __init__(self, recipe: Recipe, dtype: torch.dtype, *, on_cpu: bool, config: Any = None) -> None:
        self.recipe, self.dtype, self.on_cpu = recipe, dtype, on_cpu
        self.config = base_config(recipe) if config is None else config
        try:
            model = meta_model(self.config, recipe, dtype)
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{recipe.model}: not a causal language model that can be trained: {error}", "name another base"
            ) from error
        parameters = list(model.parameters())
        packed = [module for module in model.modules() if isinstance(module, Linear4bitShape)]
        self.trainable: int = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
        self.total = sum(parameter.numel() for parameter in parameters) + sum(
            module.count - module.packed.numel() for module in packed
        )
        self.weights: int = sum(
            parameter.numel() * parameter.element_size() for parameter in parameters if not parameter.requires_grad
        )
        self._kept = cache(self._step)

    def _step(self, load: Load, checkpointing: bool) -> int:
        """Bytes that a step needs at most, with gradients, without weights and optimizer state."""
        layers: int = self.config.get_text_config().num_hidden_layers
        if layers <= MORE_LAYERS:
            return self._bytes_with_layers(load, checkpointing, layers)
        few, more = (self._bytes_with_layers(load, checkpointing, count) for count in (FEW_LAYERS, MORE_LAYERS))
        return round(few + (more - few) / (MORE_LAYERS - FEW_LAYERS) * (layers - FEW_LAYERS))

    def _bytes_with_layers(self, load: Load, checkpointing: bool, layers: int) -> int:
        """Bytes that a step needs at most with this number of layers, measured on a model without weights."""
        model = meta_model(self.config, self.recipe, self.dtype, layers)
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        if checkpointing:
            base.activation_checkpointing_enable({"use_reentrant": False, "preserve_rng_state": False})
        with FakeTensorMode(allow_non_fake_inputs=True), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _materialize(model)
            if self.on_cpu:
                use_packed_attention(base)
            if backbone_of(base) is not None:
                vars(base)[CHUNKED] = True
            live = Live()
            for tensor in (*model.parameters(), *model.buffers()):
                live.note(tensor)
            held = live.now
            packed = pack(_texts_of_lengths(load.lengths, load.supervised))
            model.train()
            with live:
                with torch.autocast("cpu", dtype=self.dtype, enabled=self.dtype != torch.float32):
                    loss = losses(model, packed).total
                torch.autograd.backward(loss)
            return live.most - held

    def estimate(self, load: Load, *, checkpointing: bool, optimiser: str) -> Estimate:
        """Memory of a training with passes like `load`."""
        step = self._kept(load, checkpointing)
        low, high = self._overhead()
        alive = self.weights_here + self._trained_bytes(optimiser)
        return Estimate(
            weights=self.weights_here, trained=self._trained_bytes(optimiser), step=step, around=round(low),
            low=round(low + alive + step),
            high=round(high + alive + step * FRAGMENTATION["cpu" if self.on_cpu else "cuda"])
        )  # fmt: skip

    def without_steps(self, optimiser: str) -> int:
        """Memory of a training before its first step; fast, because no step is run."""
        return round(self._overhead()[1] + self.weights_here + self._trained_bytes(optimiser))

    @property
    def weights_here(self) -> int:
        """Bytes of the frozen weights on this device."""
        return self.weights // distributed.world_size() if self.recipe.parallel == "fsdp" else self.weights

    def _trained_bytes(self, optimiser: str) -> int:
        """Bytes of the trained weights and of the optimizer's state."""
        return round(self.trainable * (4 + STATE[optimiser]))

    def _overhead(self) -> tuple[float, float]:
        """Least and most bytes that the process needs besides the model."""
        if not self.on_cpu:
            return CUDA_CONTEXT_BYTES
        held = held_memory()
        pages = min(self.weights_here, 0.2e9)  # of the file that the weights came from
        kernels = KERNEL_BYTES if self.dtype == torch.bfloat16 else 0.0
        return float(held), held * 1.1 + LIBRARY_BYTES + pages + kernels
