"""A training step on tensors that have shapes and no content: what it would keep in memory, counted to the byte, before a weight is loaded.

The very code that trains runs here (adapters, attention, loss, activation checkpointing), on a model of a few layers; the layers of a language model
are alike, so more of them keep proportionally more.
"""

import copy
import warnings
import weakref
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import AutoModelForCausalLM

from curate.encoding import IGNORED, Encoded, Rendered
from train.attach import attach
from train.attention import use_packed_attention
from train.head import FUSED, backbone_of
from train.loss import weighted_loss
from train.pack import pack
from train.recipe import Recipe

FEW: Final = 2
MORE: Final = 4
"""Layers of the two small models that a step is run on."""
BLOCK: Final = 512
"""Allocators hand out no less."""


class Linear4bitShape(nn.Linear):
    """A linear layer with NF4 weights, as far as memory goes."""

    def __init__(self, linear: nn.Linear, *, double: bool) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        count = linear.weight.numel()
        # Half a byte a weight, and a scale for 64 of them: a byte, itself scaled by one in 256, or a float32.
        packed = count // 2 + (count // 64 + count // 64 // 256 * 4 if double else count // 64 * 4)
        self.count = count
        """Weights in it."""
        self.packed = nn.Parameter(torch.empty(packed, dtype=torch.uint8, device=linear.weight.device), requires_grad=False)
        self.bias = linear.bias

    @property
    def weight(self) -> Tensor:  # type: ignore[override]
        """The weights unpacked, as DoRA asks for them."""
        return torch.empty(self.out_features, self.in_features, dtype=torch.bfloat16, device=self.packed.device)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  (torch's name)
        """What bitsandbytes does: the weights are unpacked in the forward and once more in the backward pass."""
        found: Tensor = _Product4bit.apply(input.to(torch.bfloat16), self.packed, self.out_features)  # type: ignore[no-untyped-call]
        return (found if self.bias is None else found + self.bias).to(input.dtype)


class _Product4bit(torch.autograd.Function):
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
        """Count a tensor until it goes; views of one are one."""
        storage = tensor.untyped_storage()
        if storage in self._seen:
            return
        size = -(-storage.nbytes() // BLOCK) * BLOCK
        self._seen.add(storage)
        self.now += size
        weakref.finalize(storage, self._gone, size)

    def _gone(self, size: int) -> None:
        self.now -= size

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(found):
            if isinstance(leaf, Tensor):
                self.note(leaf)
        self.most = max(self.most, self.now)
        return found


def meta_model(config: Any, recipe: Recipe, dtype: torch.dtype, layers: int | None = None) -> Any:
    """The model that a recipe trains, on the meta device: `layers` of it, or all. Linear layers of a 4-bit base are `Linear4bitShape`."""
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about models that are to be used
        model = AutoModelForCausalLM.from_config(_cut(config, layers) if layers else config, dtype=dtype, trust_remote_code=False)
        model.requires_grad_(False)
        tuned = attach(model, recipe)
        if recipe.quantised:
            head = model.get_output_embeddings()
            for name, module in list(model.named_modules()):
                if type(module) is nn.Linear and module is not head and not module.weight.requires_grad:
                    parent, _, own = name.rpartition(".")
                    setattr(model.get_submodule(parent), own, Linear4bitShape(module, double=recipe.double_quantisation))
    return tuned


def kept_by_a_step(config: Any, recipe: Recipe, dtype: torch.dtype, lengths: list[int], supervised: int, *, checkpointing: bool, on_cpu: bool) -> int:
    """Bytes that a forward and backward pass over packed texts of the given lengths need at most, besides weights and optimiser, with the gradients."""
    layers = config.get_text_config().num_hidden_layers
    few, more = (_measured(config, recipe, dtype, lengths, supervised, min(count, layers), checkpointing, on_cpu) for count in (FEW, MORE))
    return round(few + (more - few) / (MORE - FEW) * (layers - FEW)) if layers > MORE else more


def _measured(config: Any, recipe: Recipe, dtype: torch.dtype, lengths: list[int], supervised: int, layers: int, checkpointing: bool, on_cpu: bool) -> int:
    model = meta_model(config, recipe, dtype, layers)
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    if checkpointing:
        base.activation_checkpointing_enable({"use_reentrant": False, "preserve_rng_state": False})
    with FakeTensorMode(allow_non_fake_inputs=True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _fill(model)
        if on_cpu:
            use_packed_attention(base)
        if backbone_of(base) is not None:
            FUSED.add(base)
        live = Live()
        for tensor in (*model.parameters(), *model.buffers()):
            live.note(tensor)
        held = live.now
        packed = pack(_texts(lengths, supervised))
        model.train()
        with live:
            with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
                loss = weighted_loss(model, packed)
            torch.autograd.backward(loss)
        return live.most - held


def _cut(config: Any, layers: int) -> Any:
    """The configuration of a model with fewer layers; what it says of each layer is cut too."""
    config = copy.deepcopy(config)
    text = config.get_text_config()
    count = text.num_hidden_layers
    for key, value in list(vars(text).items()):
        if isinstance(value, list) and len(value) == count:
            setattr(text, key, value[:layers])
    text.num_hidden_layers = layers
    return config


def _fill(model: nn.Module) -> None:
    """Tensors of the CPU, still without content, in place of the meta device's; shared ones stay shared."""
    made: dict[int, Any] = {}
    for module in model.modules():
        for kind in (module._parameters, module._buffers):
            for name, tensor in kind.items():
                if tensor is not None:
                    if id(tensor) not in made:
                        fresh = torch.empty(tensor.shape, dtype=torch.float32 if tensor.requires_grad else tensor.dtype, device="cpu")
                        made[id(tensor)] = nn.Parameter(fresh, requires_grad=tensor.requires_grad) if isinstance(tensor, nn.Parameter) else fresh
                    kind[name] = made[id(tensor)]


def _texts(lengths: list[int], supervised: int) -> list[Encoded]:
    """Texts of the given lengths whose last tokens are trained on, as many as `supervised` in all."""
    share = supervised / max(1, sum(lengths))
    return [
        Encoded([1] * length, [IGNORED] * (length - trained) + [1] * trained, [0.0] * (length - trained) + [1.0] * trained, Rendered("", ()))
        for length in lengths
        for trained in (min(length - 1, max(1, round(share * length))),)
    ]
