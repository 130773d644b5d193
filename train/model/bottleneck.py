"""Bottleneck adapters as a PEFT tuner: in series with layers (Houlsby et al. 2019).

PEFT has none, and the package `adapters` needs transformers 4. As a tuner they are saved, loaded, disabled and resumed
like LoRA, also on a 4-bit base. They are not linear, so they cannot be merged into the base.
"""

from dataclasses import dataclass
from typing import Any, cast

import torch
from peft import PeftConfig, PeftType
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from peft.utils import register_peft_method
from torch import Tensor, nn

NAME = "BOTTLENECK"


@dataclass
class BottleneckConfig(PeftConfig):  # type: ignore[misc]
    """The configuration of the adapter in adapter_config.json."""

    target_modules: set[str] | list[str] | str | None = None
    """Modules that get an adapter; their output has the size `hidden_size`."""
    exclude_modules: set[str] | list[str] | str | None = None
    """Modules that get no adapter; PEFT reads it."""
    bottleneck: int = 64
    """Neurons in the middle."""
    hidden_size: int = 0
    """Size of the input and of the output."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.peft_type = getattr(PeftType, NAME)
        if isinstance(self.target_modules, list):
            self.target_modules = set(self.target_modules)


class BottleneckLayer(nn.Module, BaseTunerLayer):  # type: ignore[misc]
    """A module with an adapter after it, which starts as the identity."""

    adapter_layer_names = ("bottleneck_down", "bottleneck_up")

    def __init__(self, base_layer: nn.Module, adapter_name: str, config: BottleneckConfig) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.config = config
        self.bottleneck_down = nn.ModuleDict()
        self.bottleneck_up = nn.ModuleDict()
        self.add(adapter_name)

    def add(self, adapter_name: str) -> None:
        """Add an adapter, in float32 on the module's device."""
        place = next(self.base_layer.parameters()).device
        down = nn.Linear(self.config.hidden_size, self.config.bottleneck, device=place, dtype=torch.float32)
        up = nn.Linear(self.config.bottleneck, self.config.hidden_size, device=place, dtype=torch.float32)
        nn.init.zeros_(down.bias)
        nn.init.zeros_(up.weight)
        nn.init.zeros_(up.bias)
        self.bottleneck_down[adapter_name], self.bottleneck_up[adapter_name] = down, up
        tuner: Any = self
        tuner.set_adapter(tuner.active_adapters)

    def forward(self, inputs: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """The module's output with the adapters' added; shape (batch, tokens, hidden)."""
        tuner: Any = self  # what PEFT adds has no types
        output: Tensor = tuner.base_layer(inputs, *args, **kwargs)
        for name in () if tuner.disable_adapters else tuner.active_adapters:
            if name in self.bottleneck_down:
                down, up = cast(nn.Linear, self.bottleneck_down[name]), cast(nn.Linear, self.bottleneck_up[name])
                added = up(nn.functional.gelu(down(output.to(down.weight.dtype))))
                output = output + added.to(output.dtype)
        return output


class BottleneckModel(BaseTuner):  # type: ignore[misc]
    """Puts the layers into a model."""

    prefix = "bottleneck_"
    tuner_layer_cls = BottleneckLayer
    target_module_mapping: dict[str, list[str]] = {}  # noqa: RUF012

    def _create_and_replace(
        self,
        peft_config: BottleneckConfig,
        adapter_name: str,
        target: nn.Module,
        target_name: str,
        parent: nn.Module,
        **_: Any,
    ) -> None:
        if isinstance(target, BottleneckLayer):
            target.add(adapter_name)
        else:
            setattr(parent, target_name, BottleneckLayer(target, adapter_name, peft_config))

    def _check_merge_allowed(self) -> None:
        raise ValueError("bottleneck adapters are not linear and cannot be merged")


def register() -> None:
    """Register the tuner with PEFT; the enum of its methods is extended by one."""
    if NAME in PeftType.__members__:
        return
    member = str.__new__(PeftType, NAME)
    member._name_ = member._value_ = NAME
    type.__setattr__(PeftType, NAME, member)  # Python 3.12 and newer look members up there, 3.11 in the map
    PeftType._member_map_[NAME] = member
    PeftType._value2member_map_[NAME] = member
    PeftType._member_names_.append(NAME)
    register_peft_method(name=NAME.lower(), config_cls=BottleneckConfig, model_cls=BottleneckModel)


register()
