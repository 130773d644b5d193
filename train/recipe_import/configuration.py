"""The settings of a file with the defaults of its tool, and what follows from several of them together.

Defaults of transformers 5.24 and PEFT 0.21 are of the packages; those of TRL, Axolotl, LLaMA-Factory and Unsloth are of
their public sources, November 2026. Other versions may differ.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from math import ceil, isfinite
from typing import Any, Final, NamedTuple

from train.recipe_import.source import TRAINERS, Expression, ImportedSettings, Setting

SAME: Final = {
    "micro_batch_size": "per_device_train_batch_size", "num_epochs": "num_train_epochs",
    "sequence_len": "max_length", "cutoff_len": "max_length", "max_seq_length": "max_length",
    "base_model": "model_name_or_path", "model_name": "model_name_or_path", "model": "model_name_or_path",
    "pretrained_model_name_or_path": "model_name_or_path", "base_model_name_or_path": "model_name_or_path",
    "model_revision": "revision", "revision_of_model": "revision",
    "lora_r": "r", "lora_rank": "r", "lora_target_modules": "target_modules", "lora_target": "target_modules",
    "lora_modules_to_save": "modules_to_save", "additional_target": "modules_to_save",
    "peft_use_dora": "use_dora", "peft_use_rslora": "use_rslora", "peft_init_lora_weights": "init_lora_weights",
    "peft_layers_to_transform": "layers_to_transform",
    "lr_scheduler": "lr_scheduler_type", "optimizer": "optim", "evaluation_strategy": "eval_strategy",
    "dtype": "torch_dtype", "bfloat16": "bf16", "float16": "fp16",
    "pref_beta": "beta", "rl_beta": "beta", "dpo_beta": "beta", "orpo_alpha": "beta", "pref_loss": "loss_type",
    "kto_chosen_weight": "desirable_weight", "kto_desirable_weight": "desirable_weight",
    "kto_rejected_weight": "undesirable_weight", "kto_undesirable_weight": "undesirable_weight",
    "dpo_label_smoothing": "label_smoothing", "double_quantization": "bnb_4bit_use_double_quant",
    "use_bnb_nested_quant": "bnb_4bit_use_double_quant", "quantization_type": "bnb_4bit_quant_type",
    "use_gradient_checkpointing": "gradient_checkpointing", "activation_checkpointing": "gradient_checkpointing",
    "sample_packing": "packing", "neat_packing": "packing", "train_on_prompt": "train_on_inputs",
    "random_state": "adapter_seed",
    "chat_template_jinja": "chat_template", "chat_template_path": "chat_template",
}  # fmt: skip
"""Names of one key, by the name in the table of keys."""
HUGGING_FACE: Final[dict[str, Any]] = {
    "per_device_train_batch_size": 8, "gradient_accumulation_steps": 1, "learning_rate": 5e-5,
    "lr_scheduler_type": "linear", "warmup_steps": 0, "num_train_epochs": 3, "optim": "adamw_torch",
    "load_best_model_at_end": False,
}  # fmt: skip
TRL: Final = HUGGING_FACE | {"learning_rate": 2e-5, "max_length": 1024, "bf16": True}
SFT: Final = TRL | {"assistant_only_loss": False}
PREFERENCES: Final = TRL | {"learning_rate": 1e-6}
LORA: Final[dict[str, Any]] = {"r": 8, "lora_alpha": 8, "target_modules": None}
NF4: Final[dict[str, Any]] = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}
UNSLOTH_TARGETS: Final = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
BLOCKS: Final[dict[str, dict[str, Any]]] = {
    "TrainingArguments": HUGGING_FACE,
    "SFTConfig": SFT,
    "DPOConfig": PREFERENCES,
    "ORPOConfig": PREFERENCES,
    "KTOConfig": PREFERENCES,
    "LoraConfig": LORA,
    "BitsAndBytesConfig": {"bnb_4bit_quant_type": "fp4", "bnb_4bit_use_double_quant": False},
    "FastModel": {"load_in_4bit": True, "max_length": 2048, **NF4},
    "get_peft_model": {"r": 16, "lora_alpha": 16, "target_modules": UNSLOTH_TARGETS},
}
"""Defaults of the classes of a Python script."""
TOOLS: Final[dict[str, dict[str, Any]]] = {
    "transformers": HUGGING_FACE,
    "trl": SFT | NF4 | {"bnb_4bit_use_double_quant": False},
    "axolotl": {
        "per_device_train_batch_size": 1, "gradient_accumulation_steps": 1, "lr_scheduler_type": "cosine",
        "warmup_ratio": 0.03, "num_train_epochs": 1, "optim": "adamw_torch", "max_length": 512,
        "load_best_model_at_end": False, **NF4,
    },
    "llama-factory": HUGGING_FACE | NF4 | {"max_length": 2048},
}  # fmt: skip
"""Defaults of the files of each tool."""
ADAPTERS: Final[dict[str, dict[str, Any]]] = {
    "trl": {"r": 16, "lora_alpha": 32, "lora_dropout": 0.05, "target_modules": None},
    "llama-factory": {"r": 8, "lora_alpha": None, "target_modules": "all"},
}
"""Defaults of the files of each tool where an adapter is trained."""
LORA_MARKS: Final = frozenset(("r", "lora_alpha", "target_modules", "lora_target_linear"))
LITERAL: Final = "write the value as a literal; a script is never executed"


class Mapped(NamedTuple):
    """Keys of the recipe, with their values."""

    values: Mapping[str, Any]
    note: str = ""


class Ignored(NamedTuple):
    """A key that has no effect in a recipe, and why."""

    note: str
    differs: bool = False
    """Whether the default of the other tool means something else, and is told for that."""


class Refused(NamedTuple):
    """A key that cannot be imported, why, and what to do."""

    note: str
    hint: str


Outcome = Mapped | Ignored | Refused


class RefusedError(Exception):
    """A value that cannot be read; its argument is the outcome."""


class Amount(NamedTuple):
    """The size of the training data."""

    examples: int
    tokens: float
    """Estimated mean number of tokens of an example."""


@dataclass
class Configuration:
    """The settings of a file by their names in the table of keys."""

    source: ImportedSettings
    data: Amount | None
    processes: int
    settings: dict[str, list[Setting]]
    defaults: dict[str, tuple[Any, str]]
    """Value and origin of what is not given."""

    @property
    def tool(self) -> str:
        """The tool that reads the file."""
        return self.source.tool

    def given(self, key: str) -> bool:
        """Whether the file has a value for a key."""
        return key in self.settings

    def has(self, key: str) -> bool:
        """Whether there is a value, given or by default, that is not empty or false."""
        return self.get(key) not in (None, "", False, "false", 0, [], {})

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key. Raises `RefusedError` for an expression."""
        if self.given(key):
            value = self.settings[key][0].value
            if isinstance(value, Expression):
                raise RefusedError(Refused(f"an expression: {value.text}", LITERAL))
            return value
        return self.defaults[key][0] if key in self.defaults else default

    def is_expression(self, key: str) -> bool:
        """Whether the value of a key is an expression of a script."""
        return self.given(key) and isinstance(self.settings[key][0].value, Expression)

    def number(self, key: str, *, above: float | None = None) -> float:
        """A number, also one that YAML reads as text. Raises `RefusedError`."""
        value = self.get(key)
        try:
            number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
        except (ValueError, OverflowError):
            number = None
        if number is None or not isfinite(number) or number < 0 or (above is not None and number <= above):
            raise RefusedError(Refused("not a number of this kind", "write a positive number"))
        return number

    def whole(self, key: str) -> int:
        """A whole number above 0. Raises `RefusedError`."""
        number = self.number(key, above=0)
        if number != int(number):
            raise RefusedError(Refused("not a whole number", "write a whole number"))
        return int(number)

    def flag(self, key: str) -> bool:
        """True or false. Raises `RefusedError`."""
        value = str(self.get(key)).lower()
        if value not in ("true", "false", "none"):
            raise RefusedError(Refused("neither true nor false", "write true or false"))
        return value == "true"

    @cached_property
    def objective(self) -> str:
        """The objective, such as `dpo`, by the trainer, the stage or the key; `pt` for Axolotl's texts."""
        blocks = self.source.blocks
        named = [
            name.removesuffix("Config").lower() for name in blocks if name in ("DPOConfig", "ORPOConfig", "KTOConfig")
        ]
        trainers = [TRAINERS[name] for name in blocks if TRAINERS.get(name)]
        stage = str(self.get("objective") or self.get("stage") or self.get("rl") or "")
        if (
            self.tool == "axolotl"
            and not stage
            and (self.has("pretraining_dataset") or self.data_types == {"completion"})
        ):
            stage = "pt"
        loss = self.get("loss_type")
        objective = stage or next(iter((*named, *trainers)), "sft")
        return "orpo" if self.tool == "llama-factory" and objective == "dpo" and loss == "orpo" else objective

    @cached_property
    def data_types(self) -> set[str]:
        """The types of Axolotl's data sets."""
        listed = self.get("datasets")
        datasets = listed if isinstance(listed, list) else []
        return {str(dataset.get("type", "")) if isinstance(dataset, dict) else "" for dataset in datasets}

    @cached_property
    def adapter(self) -> bool | None:
        """Whether an adapter is trained; None where the file does not say."""
        if self.tool == "axolotl":
            return self.has("adapter")
        if self.tool == "llama-factory":
            return bool(self.get("finetuning_type", "lora") != "full")
        if self.get("full_finetuning") is True:
            return False
        if {"LoraConfig", "get_peft_model"} & {*self.source.blocks}:
            return True
        if self.tool == "trl" and not self.source.blocks:
            return self.has("use_peft")
        if LORA_MARKS & self.settings.keys():
            return True
        return False if "from_pretrained" in self.source.blocks else None

    @property
    def packs(self) -> bool:
        """Whether a sequence of a batch holds several examples."""
        return self.has("packing") and self.objective == "sft"

    @property
    def max_steps(self) -> int:
        """The number of steps that replaces epochs; 0 if the file counts epochs."""
        value = self.get("max_steps")
        return 0 if value in (None, -1, 0, "-1") else self.whole("max_steps")

    def batch(self) -> Outcome:
        """`batch`: the number of examples of an optimiser step, on all processes."""
        each, times = self.whole("per_device_train_batch_size"), self.whole("gradient_accumulation_steps")
        if self.has("batch_size") and not self.given("gradient_accumulation_steps"):
            times = max(1, self.whole("batch_size") // each)
        sequences = each * times * self.processes
        terms = f"{each} x {times} x {self.processes} {'process' if self.processes == 1 else 'processes'}"
        if not self.packs:
            return Mapped({"batch": sequences}, f"{terms}; examples of a step")
        if self.data is None:
            return Refused(
                f"with packing, {terms} counts sequences of max_length tokens; a recipe counts examples",
                "name the split with --for, so that examples per sequence can be estimated, or set packing to false",
            )
        per = max(1.0, self.whole("max_length") / self.data.tokens)
        return Mapped(
            {"batch": round(sequences * per)}, f"{terms} = {sequences} packed sequences, about {per:.1f} examples each"
        )

    @cached_property
    def steps(self) -> int | None:
        """Optimiser steps; None where they are not known."""
        steps = self.max_steps
        if steps or self.data is None:
            return steps or None
        outcome = self.batch()
        if not isinstance(outcome, Mapped):
            return None
        size: int = outcome.values["batch"]
        return ceil(self.data.examples * self.number("num_train_epochs", above=0) / size)


def configuration(source: ImportedSettings, data: Amount | None, processes: int) -> Configuration:
    """The settings of a file, with the defaults of its classes or of its tool."""
    settings: dict[str, list[Setting]] = {}
    for setting in source.settings:
        if setting.value is not None or setting.name in ("max_length", "max_seq_length"):
            settings.setdefault(SAME.get(setting.name, setting.name), []).append(setting)
    result = Configuration(source, data, processes, settings, {})
    # A loader of Unsloth sets the length; the class of the arguments is patched with it.
    blocks = [
        (name, BLOCKS[name]) for name in sorted(source.blocks, key=lambda name: name == "FastModel") if name in BLOCKS
    ]
    if not source.blocks or not any(
        name in source.blocks for name in BLOCKS if name not in ("LoraConfig", "BitsAndBytesConfig")
    ):
        blocks.insert(0, (source.tool, TOOLS.get(source.tool, {})))
        if not source.blocks and _none_if_refused(lambda: result.adapter):
            blocks.append((source.tool, ADAPTERS.get(source.tool, {})))
    for origin, values in blocks:
        result.defaults |= {key: (value, origin) for key, value in values.items() if key not in settings}
    if source.tool == "trl" and not source.blocks and _none_if_refused(lambda: result.objective) != "sft":
        result.defaults["learning_rate"] = PREFERENCES["learning_rate"], source.tool
        result.defaults.pop("assistant_only_loss", None)
        if "learning_rate" in settings:
            del result.defaults["learning_rate"]
    half = result.given("fp16") and settings["fp16"][0].value not in (False, "false")
    if source.tool == "unsloth" or half or (result.given("torch_dtype") and not source.blocks):
        result.defaults.pop("bf16", None)
    if result.given("max_steps") and _none_if_refused(lambda: result.max_steps):
        result.defaults.pop("num_train_epochs", None)
    if result.given("warmup_ratio"):
        result.defaults.pop("warmup_steps", None)
    return result


def _none_if_refused(value: Callable[[], Any]) -> Any:
    """What `value` returns; None if it raises `RefusedError`, which the conversion of that key reports."""
    with suppress(RefusedError):
        return value()
    return None
