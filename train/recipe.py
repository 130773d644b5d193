"""The recipe: everything that a training needs, in one TOML file. Defaults carry their source."""

import datetime
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from curate.core.errors import ConfigError, UsageError
from curate.core.text import visible
from curate.core.validation import load_toml, parsed_toml, validated
from curate.storage.files import warn
from train.methods import (
    AUTO,
    METHODS,
    OBJECTIVE_KEYS,
    OBJECTIVES,
    OWN_KEYS,
    Method,
    MethodName,
    Objective,
    ObjectiveName,
)
from train.methods import method_of as method_named
from train.results import StrictModel

Positive = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
MAX_FRACTION: Final = 1e6
"""Of numbers with a fraction: infinity, and what float32 cannot hold, would break a step."""
PositiveFloat = Annotated[float, Field(gt=0, le=MAX_FRACTION)]
NonNegativeFloat = Annotated[float, Field(ge=0, le=MAX_FRACTION)]
PRESETS: Final = ("all-linear", "attention", "attention+mlp")
NO_RECIPE: Final = "create one with  curate recipe init --for DATA"
MAX_ALIGNED: Final = 60
"""Length of a line up to which comments are aligned with it."""


def _split_names(value: Any) -> Any:
    """Module names separated by commas as a tuple; a preset and a regular expression stay text."""
    if not isinstance(value, str) or value in PRESETS or not re.fullmatch(r"[\w.]+(?:\s*,\s*[\w.]+)*,?", value):
        return value
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _checked_pattern(value: tuple[str, ...] | str) -> tuple[str, ...] | str:
    """The value, unchanged. Raises `ValueError` where it is empty, or a text is no preset and no regular expression."""
    if not value:
        raise ValueError("names no module")
    if isinstance(value, str) and value not in PRESETS:
        try:
            re.compile(value)
        except re.error as error:
            preset_names = ", ".join(PRESETS)
            raise ValueError(f"is none of {preset_names}, no list of names, no regular expression ({error})") from error
    return value


Targets = Annotated[tuple[str, ...] | str, BeforeValidator(_split_names), AfterValidator(_checked_pattern)]
Policy = Literal["refuse", "leave-out"]


ALIASES: Final = {
    "model_name_or_path": "model", "base_model": "model", "model_revision": "revision",
    "quantization": "quantisation", "double_quantization": "double_quantisation", "initialization": "initialisation",
    "optimizer": "optimiser", "sequence_len": "max_length", "cutoff_len": "max_length",
    "pref_beta": "beta", "r": "rank", "lora_rank": "rank", "lora_r": "rank", "lora_alpha": "alpha",
    "lora_dropout": "dropout",
    "lora_target_modules": "target_modules",
    "loraplus_lr_ratio": "lora_plus", "use_rslora": "rslora", "use_dora": "dora",
    "num_virtual_tokens": "virtual_tokens",
    "bnb_4bit_use_double_quant": "double_quantisation",
    "lr_scheduler_type": "schedule", "lr_scheduler": "schedule",
    "warmup_ratio": "warmup", "optim": "optimiser", "neftune_noise_alpha": "neftune",
    "num_train_epochs": "epochs",
    "per_device_train_batch_size": "batch", "max_seq_length": "max_length",
    "gradient_checkpointing": "activation_checkpointing",
    "eval_steps": "evaluate_every", "save_steps": "save_every", "early_stopping_patience": "patience",
    "torch_dtype": "dtype", "attn_implementation": "attention",
}  # fmt: skip
"""Names of transformers, PEFT, TRL, Axolotl and LLaMA-Factory for keys of a recipe.

`batch` counts the examples of a step on all devices.
"""
_OWN_RUN: Final = "runs are written to .curate/runs, or to --run-dir"
_ALL_STEPS: Final = "the numbers of every step are written to the run folder"
_SAVES: Final = "there is a checkpoint every save_every steps, and at the end"
IGNORED: Final = {
    **dict.fromkeys(("output_dir", "overwrite_output_dir", "run_name", "project"), _OWN_RUN),
    **dict.fromkeys(("logging_steps", "logging_strategy", "logging_first_step", "logging_dir", "logging_nan_inf_filter",
                     "log_level", "log_on_each_node", "plot_loss", "disable_tqdm"), _ALL_STEPS),
    **dict.fromkeys(("save_strategy", "save_total_limit", "save_only_model", "save_safetensors", "saves_per_epoch",
                     "save_on_each_node", "save_first_step"), _SAVES),
}  # fmt: skip
"""Training arguments that a recipe accepts without an effect, and why they have none."""


class Recipe(StrictModel):
    """A training, from the base model to the number of answers shown at its end."""

    model: Annotated[str, Field(min_length=1)]
    """Base model: a folder (relative to the recipe), a hub id, or `offline:NAME` for one that comes as a package."""
    revision: str = ""
    """Commit, branch or tag of a hub model; the same as `model = "ID@REVISION"`. A commit never changes."""
    chat_template: str = ""
    """Chat template for a base model that has none: a name that `curate template list` shows, or a file relative to
    the recipe. It is saved with the adapter.
    """
    date: datetime.date | None = None
    """What a chat template prints as the current date (Llama 3.2, gpt-oss, Granite and others); by default the day on
    which the training began. Evaluation and chat use it on every later day.
    """
    data: Annotated[str, Field(min_length=1)]
    """Folder with train.jsonl, validation.jsonl and test.jsonl, relative to the recipe."""
    yarn: Annotated[float, Field(ge=1, le=MAX_FRACTION)] = 1.0
    """The base's context times this factor, by YaRN (Peng et al. 2023), for examples that it does not take as it is; 1:
    as it is. The weights must be merged for use elsewhere: an adapter does not hold the factor.
    """

    method: Literal[MethodName, "auto"] = "auto"
    """What is trained: LoRA (qlora: on a 4-bit base), IA3, virtual tokens, bottleneck adapters, or all weights. auto:
    lora if the base in 16 or 32 bits needs less than a quarter of the memory, or cannot be in 4 bits; else qlora.
    """
    quantisation: Literal["auto", "nf4", "none"] = "auto"
    """The base in NF4 (Dettmers et al. 2023) or as it is; auto: NF4 for all methods but lora and full."""
    double_quantisation: bool = True
    """Quantise the scales of the 4-bit blocks too: 0.37 bits less per weight (QLoRA)."""
    rank: Positive = 16
    """LoRA: rank of the update; matters only when the data exceed its capacity (LoRA Without Regret, 2025)."""
    alpha: PositiveFloat = 32.0
    """LoRA: the update is scaled by alpha / rank, with `rslora` by alpha / sqrt(rank). Common is twice the rank."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """LoRA: dropout before the update (QLoRA: 0.1 up to 13B, 0.05 above). On a CPU it takes a fifth of the time."""
    target_modules: Targets = "all-linear"
    """LoRA and IA3: which layers: all linear ones (QLoRA, LoRA Without Regret), a preset (`attention`,
    `attention+mlp`), names of modules, or a regular expression for whole paths of modules (as in PEFT).

    Of them IA3 takes keys, values and the MLP's last layer, unless they are named. A preset that does not know all of a
    model's attention, or its MLP, is refused.
    """
    rslora: bool = False
    """LoRA: scale by alpha / sqrt(rank), so that high ranks learn as fast as low ones (Kalajdzievski 2023)."""
    dora: bool = False
    """LoRA: magnitude and direction apart (DoRA, Liu et al. 2024); a quarter slower, better at low ranks."""
    lora_plus: Annotated[float, Field(ge=1, le=MAX_FRACTION)] = 1.0
    """LoRA: learning rate of the matrices B over that of the matrices A (LoRA+, Hayou et al. 2024: 16); 1: the same."""
    initialisation: Literal["default", "gaussian", "olora", "pissa", "orthogonal"] = "default"
    """LoRA: start of the update; `pissa` and `orthogonal` need a 16-bit base, `olora` and `pissa` change it."""
    virtual_tokens: Positive = 20
    """Prefix and prompt tuning: virtual tokens before each text (Lester et al. 2021: little gain beyond 20)."""
    places: Literal["houlsby", "pfeiffer"] = "pfeiffer"
    """Bottleneck: after attention and MLP (Houlsby 2019), or after the MLP alone (Pfeiffer 2021)."""
    bottleneck: Positive = 64
    """Bottleneck adapters: neurons in the middle (Houlsby et al. 2019: 64 come close to full fine-tuning)."""

    objective: ObjectiveName = "sft"
    """What is learned: answers (sft), plain text (pt: continued pretraining), the better of two answers (dpo, orpo), or
    answers labelled good or bad (kto).

    pt trains on all tokens of texts such as `{"text": ...}`. They are put end to end, with the token that ends a text
    after each, and cut into blocks of `max_length` tokens, which are its examples. dpo and kto compare with the base,
    which is the same model with its adapter switched off.
    """
    beta: PositiveFloat = 0.1
    """dpo, kto: how closely the model stays to the base (0.1 in the papers); orpo: weight of the odds ratio."""
    desirable_weight: PositiveFloat = 1.0
    """kto: weight of good answers. Where one kind is rarer, weight times number should be about equal."""
    undesirable_weight: PositiveFloat = 1.0
    """kto: weight of bad answers."""

    learning_rate: PositiveFloat | None = None
    """Peak learning rate; None: the method's (qlora: 2e-4; dpo, kto: a 40th, orpo: a 10th of it).

    Small models and few steps tolerate 5 to 10 times more.
    """
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """What the learning rate does after the warm-up; linear and cosine end at 0."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.03
    """Share of the steps in which the learning rate rises (QLoRA: 0.03)."""
    optimiser: Literal[
        "auto", "adamw_torch", "adamw_8bit", "paged_adamw_8bit", "paged_adamw_32bit", "lion_8bit", "adafactor", "sgd"
    ] = "auto"
    """auto: paged 8-bit AdamW on a GPU, plain AdamW on a CPU, which has nothing to page to."""
    weight_decay: NonNegativeFloat = 0.0
    """AdamW's; QLoRA and LoRA Without Regret use none."""
    max_grad_norm: NonNegativeFloat = 1.0
    """Gradients are clipped to this norm; 0 leaves them alone (QLoRA: 0.3)."""
    neftune: NonNegativeFloat = 0.0
    """Noise on the embeddings while training (NEFTune, Jain et al. 2023: 5 to 15 for chat); 0: none."""

    epochs: PositiveFloat | None = None
    """Passes over the training split; 1 when neither this nor `max_steps` is given."""
    max_steps: Positive | None = None
    """Optimiser steps, instead of `epochs`."""
    batch: Positive = 16
    """Examples in an optimiser step (QLoRA: 16), over all passes and GPUs; the loss is the mean over their tokens, of
    preferences over examples. A pair is one example.
    """
    tokens_per_pass: Positive | None = None
    """Most tokens in one forward pass, unless one example has more; None: what memory allows.

    It changes memory and speed, not the result: the examples of a step are spread over as many passes as needed.
    """
    history: Literal["inference", "as-is"] = "inference"
    """Training texts where the chat template changes earlier turns (Qwen3, Phi-3, gpt-oss): one for each answer, with
    the history that inference renders, or one per conversation (as-is), faster, with a history that differs.

    How much it differs is measured. Held-out examples are always as inference renders them.
    """
    packing: bool = True
    """Several examples in one pass, isolated and not padded; one by one for models that cannot isolate them."""
    max_length: Positive = 1024
    """Tokens of the longest example that is trained on; none is ever cut."""
    over_length: Policy = "refuse"
    """Longer examples: stop with the list of them, or leave them out and list them in the report."""
    untrainable: Policy = "refuse"
    """Examples that the chat template refuses or without supervised tokens: stop, or leave them out and list them."""

    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """Of the computation; auto: bfloat16 if fast, else float16 on a GPU, float32 on a CPU. Adapters are float32."""
    attention: Literal["auto", "sdpa", "flash_attention_2", "varlen", "eager"] = "auto"
    """How attention is computed; auto: by torch (sdpa), on a CPU text by text. flash_attention_2 needs its package,
    varlen a torch that has it; both need an NVIDIA GPU and 16 bits.
    """
    activation_checkpointing: bool | None = None
    """Recompute activations in the backward pass: two fifths slower, much less memory; None: if memory requires it."""
    parallel: Literal["ddp", "fsdp"] = "ddp"
    """With several GPUs: the whole base on each (ddp), or a share of it in 16 bits on each (fsdp; not with 4 bits)."""

    evaluate_every: Count | None = None
    """Steps between measurements on the validation split; 0: none. None: ten times, but at least 20 steps apart."""
    evaluate_examples: Positive | None = None
    """Examples of the validation split that these measurements take, spread evenly over it; None: 32 to 200, so that
    all measuring takes a quarter of the run.
    """
    patience: Positive | None = None
    """Stop early after this many measurements without an improvement; without it, train to the last step."""
    keep: Literal["best", "last"] = "best"
    """The adapter that is the result: that of the best measurement on the validation split, or the last one."""
    save_every: Positive = 20
    """Steps between checkpoints; there is one at each measurement too."""
    report_to: tuple[Literal["tensorboard", "wandb", "mlflow", "trackio"], ...] = ()
    """Where transformers reports metrics besides the run's folder; by default nothing leaves this machine."""
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    """Decides the adapter's start, the order of examples, the dropout and the noise."""
    threads: Annotated[int, Field(ge=0, le=1024)] = 0
    """CPU threads; 0 leaves it to torch. Results on a CPU are equal bit by bit only for equal numbers."""

    generations: Count = 5
    """Held-out prompts answered by the base and by the tuned model, side by side."""
    max_new_tokens: Positive = 64
    """Longest of these answers."""
    probes: Count | None = None
    """Training and held-out answers to probe for memorization, with general prompts for forgetting; 0: no probes. None:
    8 to 32, so that all measuring takes a quarter of the run.
    """

    @property
    def how(self) -> Method:
        """The method's entry in the table."""
        return method_named(self.method)

    @property
    def quantised(self) -> bool:
        """Whether the base is loaded in NF4."""
        return self.how.quantises if self.quantisation == "auto" else self.quantisation == "nf4"

    @property
    def changes_base(self) -> bool:
        """Whether PEFT changes the base's weights when it adds the adapter: switched off, it leaves another model."""
        return self.initialisation in ("olora", "pissa")

    @property
    def goal(self) -> Objective:
        """The objective's entry in the table."""
        return OBJECTIVES[self.objective]

    @property
    def peak_rate(self) -> float:
        """The peak learning rate: the recipe's, or that of method and objective."""
        return self.learning_rate if self.learning_rate is not None else self.how.learning_rate * self.goal.rate

    def warmup_steps(self, steps: int) -> int:
        """Steps, of `steps` in all, in which the learning rate rises."""
        return round(self.warmup * steps)

    @property
    def rate_source(self) -> str:
        """Where the peak learning rate comes from."""
        return "the recipe" if self.learning_rate is not None else self.goal.source or self.how.source

    def _given(self, keys: Collection[str]) -> str:
        """The keys whose values are not the defaults, sorted and separated by commas; empty if there are none."""
        fields = type(self).model_fields
        return ", ".join(sorted(key for key in keys if getattr(self, key) != fields[key].default))

    def _problems(self) -> list[str]:
        """Messages about keys that contradict each other; empty if there are none."""
        by_method, by_objective = self._given(OWN_KEYS - self.how.keys), self._given(OBJECTIVE_KEYS - self.goal.keys)
        changes = "full" if self.method == "full" else f"initialisation {self.initialisation!r}"
        no_base = self.goal.reference and (self.method == "full" or self.changes_base)
        checks = (
            (self.revision and ("@" in self.model or self.model.startswith("offline:")),
             f"model {self.model!r} has no other revision: leave out  revision"),
            (self.epochs is not None and self.max_steps is not None,
             "epochs and max_steps exclude each other: set one of them"),
            (by_method, f"method {self.method!r} does not use {by_method}"),
            (by_objective, f"objective {self.objective!r} does not use {by_objective}"),
            (no_base, f"{self.objective} compares with the unchanged base, which {changes} does not keep"),
            (self.goal.compares and self.parallel == "fsdp",
             f"{self.objective} does not work with parallel = 'fsdp'"),
            (self.objective == "kto" and self.batch == 1,
             "kto needs other examples in a step to estimate the distance to the base: batch must be 2 or more"),
            (self.objective == "pt" and self.max_length == 1,
             "pt predicts each token of a block from those before it: max_length must be 2 or more"),
            (self.parallel == "fsdp" and self.quantised,
             "parallel = 'fsdp' does not share out weights in 4 bits, each GPU would hold all of them: set  "
             "method = 'lora'  (16 bits, a share on each GPU) or  parallel = 'ddp'"),
            (self.method == "qlora" and self.quantisation == "none",
             "qlora without quantisation is lora: set  method = 'lora'"),
            (self.method == "full" and self.quantised,
             "the weights of a base in 4 bits cannot be trained: full needs  quantisation = 'none'"),
            (self.quantised and self.initialisation in ("pissa", "orthogonal"),
             f"initialisation {self.initialisation!r} needs a base that is not in 4 bits"),
            (self.activation_checkpointing and not self.how.checkpoints,
             f"{self.method} does not work with activation_checkpointing"),
            (self.patience is not None and self.evaluate_every == 0,
             "patience counts measurements, and evaluate_every = 0 makes none"),
        )  # fmt: skip
        return [problem for wrong, problem in checks if wrong]

    @model_validator(mode="before")
    @classmethod
    def _with_implied_method(cls, values: Any) -> Any:
        """The values with the method instead of `auto`, where other keys leave only one method."""
        if not isinstance(values, dict) or values.get("method", AUTO) != AUTO:
            return values
        whole = values.get("quantisation") == "none" or values.get("parallel") == "fsdp"
        whole |= values.get("initialisation") in ("pissa", "orthogonal")
        chosen = "qlora" if values.get("quantisation") == "nf4" else "lora" if whole else AUTO
        return values | {"method": chosen}

    @model_validator(mode="after")
    def _makes_sense(self) -> "Recipe":
        """Raises `ValueError` with all problems of the recipe."""
        if wrong := "; ".join(self._problems()):
            raise ValueError(wrong)
        return self


def load_recipe(path: Path, changes: Sequence[str] = (), tell: Callable[[str], None] = warn) -> Recipe:
    """Read a recipe; relative paths become absolute. `changes` are `KEY=VALUE` and override the file.

    `tell` gets a note for each key without an effect.

    Raises `UsageError` if there is none, `ConfigError` with every mistake and the closest known key.
    """
    values = load_toml(path, "recipe", NO_RECIPE)
    values.pop("sweep", None)  # the table of `curate sweep` is in the same file
    for key in (key for key in values if key in IGNORED):
        tell(visible(f"{path}: {key} has no effect: {IGNORED[key]}"))
    own, set_ = own_keys(values, str(path)), own_keys(dict(map(_parsed_change, changes)), "--set")
    if len(set_.keys() & {"epochs", "max_steps"}) == 1:  # each ends the training, so the file's other one is replaced
        own = {key: value for key, value in own.items() if key not in ("epochs", "max_steps")}
    if set_.get("evaluate_every") == 0:  # patience counts its measurements
        own.pop("patience", None)
    own = _without_former(own, set_, path, tell)
    recipe = validated(
        Recipe, own | set_, str(path), "fix these keys; `curate recipe import` converts files of other trainers"
    )
    folder = path.parent.resolve()
    resolved = {"data": str(folder / Path(recipe.data).expanduser())}
    if (folder / recipe.model).is_dir():
        if recipe.revision:
            raise ConfigError(f"{path}: revision: {recipe.model} is a folder, which has none", "leave out  revision")
        resolved["model"] = str(folder / recipe.model)
    elif recipe.revision:
        resolved |= {"model": f"{recipe.model}@{recipe.revision}", "revision": ""}
    if recipe.chat_template and (folder / recipe.chat_template).is_file():
        resolved["chat_template"] = str(folder / recipe.chat_template)
    return recipe.model_copy(update=resolved)


def file_values(path: Path, changes: Sequence[str], *, without_data: bool) -> dict[str, Any]:
    """The values of a recipe's file by own names, without those that `changes` replace, and `without_data`."""
    values = own_keys(load_toml(path, "recipe", NO_RECIPE), str(path))
    replaced = {*own_keys(dict(map(_parsed_change, changes)), "--set"), *(("data",) if without_data else ())}
    return {key: value for key, value in values.items() if key not in replaced}


def _without_former(
    own: dict[str, Any], changes: dict[str, Any], path: Path, tell: Callable[[str], None]
) -> dict[str, Any]:
    """The values of a file without those that are for the method or objective that `changes` replace: its own keys, and
    the learning rate. `tell` gets a note about them.
    """
    named: list[tuple[Any, Any]] = [
        (str(values.get("method", AUTO)), str(values.get("objective", "sft"))) for values in (own, own | changes)
    ]
    if not all(method in (*METHODS, AUTO) and objective in OBJECTIVES for method, objective in named):
        return own  # reported with the other mistakes
    (how, goal), (new_how, new_goal) = ((method_named(method), OBJECTIVES[aim]) for method, aim in named)
    idle = (how.keys - new_how.keys) | (goal.keys - new_goal.keys)
    if how.keys != new_how.keys or goal.rate != new_goal.rate:
        idle |= {"learning_rate"}
    if dropped := sorted((own.keys() & idle) - changes.keys()):
        tell(visible(f"{path}: {', '.join(dropped)}: not used, because --set names another method or objective"))
    return {key: value for key, value in own.items() if key not in dropped}


def own_keys(values: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Values with the recipe's own names for keys. Raises `ConfigError` where a key is given by two names."""
    values = _without_training_arguments(values, source)
    named: dict[str, str] = {}
    for key in values:
        own = ALIASES.get(key, key)
        if own in named:
            raise ConfigError(f"{source}: {named[own]} and {key} are two names of one key", "keep one of them")
        named[own] = key
    return {own: values[key] for own, key in named.items()}


def _without_training_arguments(values: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The values with one key where several training arguments have a meaning together, without `IGNORED`.

    Raises `ConfigError` for what has no meaning in a recipe.
    """
    settings = {key: value for key, value in values.items() if key not in IGNORED}
    times, each = settings.pop("gradient_accumulation_steps", None), settings.get("per_device_train_batch_size")
    if times is not None:
        if each is None:
            raise ConfigError(
                f"{source}: gradient_accumulation_steps multiplies per_device_train_batch_size, which is not given",
                "set  batch  to the examples of a step, and leave out gradient_accumulation_steps",
            )
        if not all(isinstance(number, int) and not isinstance(number, bool) and number > 0 for number in (times, each)):
            raise ConfigError(
                f"{source}: gradient_accumulation_steps and per_device_train_batch_size must be whole numbers above 0",
                "fix these keys",
            )
        settings["per_device_train_batch_size"] = each * times
    halves = {dtype: settings.pop(key) for key, dtype in (("fp16", "float16"), ("bf16", "bfloat16")) if key in settings}
    if not all(isinstance(on, bool) for on in halves.values()) or sum(halves.values()) > 1:
        raise ConfigError(f"{source}: fp16 and bf16 must be true or false, and not both true", "set  dtype  instead")
    for dtype in (dtype for dtype, on in halves.items() if on):
        if settings.keys() & {"dtype", "torch_dtype"}:
            raise ConfigError(f"{source}: fp16 or bf16, and dtype, are two names of one key", "keep one of them")
        settings["dtype"] = dtype
    return settings


def changed(recipe: Recipe, changes: Mapping[str, Any], *, without: Collection[str] = ()) -> dict[str, Any]:
    """The non-default values of a recipe, overridden by `changes`, without the keys `without`.

    Keys that the method does not use are dropped; so are a learning rate for a method of another kind, and one of
    `epochs` and `max_steps` if the other is changed. Raises `pydantic.ValidationError` if the result makes no sense.
    """
    how = method_named(changes.get("method", recipe.method))
    idle = (OWN_KEYS - how.keys) | {*without} | (set() if how.keys == recipe.how.keys else {"learning_rate"})
    idle |= {"epochs", "max_steps"} if changes.keys() & {"epochs", "max_steps"} else set()
    defaults = Recipe(model=recipe.model, data=recipe.data).model_dump(mode="json") | {"model": None, "data": None}
    own = recipe.model_dump(mode="json").items()
    kept = {key: value for key, value in own if key not in idle and value is not None and value != defaults[key]}
    laid = {key: value for key, value in changes.items() if key not in OWN_KEYS - how.keys}
    return Recipe.model_validate(kept | laid).model_dump(mode="json", include=kept.keys() | laid.keys())


def recipe_text(values: Mapping[str, Any]) -> str:
    """The values of a recipe as the text of a TOML file."""
    return "".join(f"{key} = {toml(value)}\n" for key, value in values.items())


def commented_text(head: str, lines: Sequence[tuple[str, Any, str]]) -> str:
    """A recipe as the text of a TOML file, with a comment at its head and after each key.

    `lines`: key, value, comment.
    """
    keys = [f"{key} = {toml(value)}" for key, value, _ in lines]
    width = max(len(key) for key in keys if len(key) <= MAX_ALIGNED)
    written = (f"{key:<{width}}  # {why}".rstrip(" #") for key, (*_, why) in zip(keys, lines, strict=True))
    return "\n".join((f"# {head} What it will do and need: curate train --plan RECIPE", *written)) + "\n"


def toml(value: Any) -> str:
    """A value as TOML."""
    return str(value).lower() if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)


def _parsed_change(text: str) -> tuple[str, Any]:
    """`KEY=VALUE` as key and value; the value is read as TOML, or else as text."""
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--set {text}: not KEY=VALUE", "write it like --set rank=32")
    return key.strip(), toml_value(value)


def toml_value(text: str) -> Any:
    """A value in TOML, or else the text."""
    try:
        return parsed_toml(f"value = {text}")["value"]
    except ValueError:
        return text.strip()


def reporting_problem(recipe: Recipe) -> tuple[str, str] | None:
    """Why metrics cannot be sent to `report_to`, and what to do; None if they can. Transformers fails only after
    loading the model.
    """
    packages = {"tensorboard": ("tensorboard", "tensorboardX")}
    missing = [service for service in recipe.report_to if not any(map(find_spec, packages.get(service, (service,))))]
    if not missing:
        return None
    are, them = ("is", "it") if len(missing) == 1 else ("are", "them")
    reason = f"report_to: {', '.join(missing)} {are} not installed"
    return reason, f"pip install {' '.join(missing)}, or leave {them} out of report_to"
