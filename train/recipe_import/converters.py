"""What a key of another tool becomes in a recipe, why it has no effect, or why it is refused."""

from collections.abc import Callable
from typing import Any, Final

from curate.core.text import plural
from train.recipe_import.configuration import Configuration, Ignored, Mapped, Outcome, Refused

Convert = Callable[[Configuration], Outcome]
OPTIMISERS: Final = {
    "adamw_torch": "adamw_torch", "adamw_torch_fused": "adamw_torch", "adamw_hf": "adamw_torch",
    "adamw_8bit": "adamw_8bit", "adamw_bnb_8bit": "adamw_8bit", "paged_adamw_8bit": "paged_adamw_8bit",
    "paged_adamw": "paged_adamw_32bit", "paged_adamw_32bit": "paged_adamw_32bit", "lion_8bit": "lion_8bit",
    "adafactor": "adafactor", "sgd": "sgd",
}  # fmt: skip
SCHEDULES: Final = {"constant": "constant", "constant_with_warmup": "constant", "linear": "linear", "cosine": "cosine"}
DTYPES: Final = ("bfloat16", "float16", "float32", "auto")
TRACKERS: Final = ("tensorboard", "wandb", "mlflow", "trackio")
STARTS: Final = {
    "true": "default",
    "gaussian": "gaussian",
    "olora": "olora",
    "pissa": "pissa",
    "orthogonal": "orthogonal",
}
LOSSES: Final = {
    "sft": ("nll", "chunked_nll"), "pt": ("nll", "chunked_nll"),
    "dpo": ("sigmoid",), "orpo": ("orpo",), "kto": ("kto",),
}  # fmt: skip
NOT_OFFERED: Final = "curate train does not offer it"


def length(of: Configuration) -> Outcome:
    """`max_length`: the most tokens of an example."""
    if of.get("max_length") is None:
        return Refused("no limit", "write the tokens of the longest example")
    values: dict[str, Any] = {"max_length": of.whole("max_length")}
    if of.tool == "axolotl":
        return Mapped(values | {"over_length": "leave-out"}, "longer examples are left out, as Axolotl does")
    return Mapped(values, "longer examples are refused, not cut")


def lora_plus(of: Configuration) -> Outcome:
    """`lora_plus`: the learning rate of the matrices B over that of the matrices A."""
    if not of.has("loraplus_lr_ratio"):
        return Ignored("one learning rate for both matrices")
    ratio = of.number("loraplus_lr_ratio")
    return Mapped({"lora_plus": ratio}) if ratio >= 1 else Refused("a ratio below 1", "use 1 or more")


def rope(of: Configuration) -> Outcome:
    """`yarn`: the factor by which YaRN makes the context longer."""
    value = of.get("rope_scaling")
    if not value:
        return Ignored("the context is that of the base")
    if isinstance(value, dict) and value.get("rope_type", value.get("type")) == "yarn":
        factor, more = value.get("factor"), value.keys() - {"rope_type", "type", "factor"}
        if isinstance(factor, int | float) and factor >= 1 and not more:
            return Mapped({"yarn": float(factor)}, "the original context is that of the base")
    return Refused("no YaRN with a factor alone", "set yarn in the recipe to the factor of the context")


def steps(of: Configuration) -> Outcome:
    """`max_steps` if the file gives it, else `epochs`."""
    if of.max_steps:
        return Mapped({"max_steps": of.max_steps}, "instead of epochs" if of.given("num_train_epochs") else "")
    return Mapped({"epochs": of.number("num_train_epochs", above=0)})


def warmup(of: Configuration) -> Outcome:
    """`warmup`, a share of all steps, from a share or a number of steps."""
    if of.get("lr_scheduler_type") == "constant":
        return Mapped({"warmup": 0.0}, "the schedule constant has none; constant_with_warmup has")
    count = of.number("warmup_steps") if of.given("warmup_steps") or not of.has("warmup_ratio") else 0.0
    share = of.number("warmup_ratio") if not count and of.has("warmup_ratio") else count if count < 1 else None
    if share is not None and share < 1:
        return Mapped({"warmup": share}, "share of the steps")
    if of.steps is None:
        return Refused(
            f"{count:g} steps of warm-up; a recipe has a share of the steps, whose number is not known",
            "name the split with --for, or give max_steps or warmup_ratio",
        )
    if count >= of.steps or share is not None:
        return Refused(f"all of the {of.steps:,} steps would be warm-up", "set fewer warmup_steps")
    return Mapped({"warmup": float(f"{count / of.steps:.6g}")}, f"{count:g} of {of.steps:,} steps")


def method(of: Configuration) -> Outcome:
    """`method`: `lora`, `qlora` (the base in 4 bits) or `full`."""
    if of.has("load_in_8bit") or of.get("quantization_bit") not in (None, 4, "4"):
        return Refused("the base in other than 4 or 16 bits", "use load_in_4bit, or no quantisation")
    quantised = bool(of.has("load_in_4bit") or of.has("quantization_bit"))
    kind = of.get("finetuning_type") or of.get("adapter") or ""
    if kind not in ("", "lora", "qlora", "full"):
        return Refused(f"{kind}: {NOT_OFFERED} under this name", "use lora, or `curate train --set method=METHOD`")
    if of.adapter is None:
        return Mapped({"method": "qlora"} if quantised else {}, "no adapter is named: method is the recipe's default")
    if not of.adapter:
        if quantised:
            return Refused("a base in 4 bits without an adapter", "add LoRA, or leave out the quantisation")
        return Mapped({"method": "full"}, "no adapter: all weights are trained")
    return Mapped({"method": "qlora"}, "LoRA on a base in 4 bits") if quantised else Mapped({"method": "lora"})


def double(of: Configuration) -> Outcome:
    """`double_quantisation` of a base in 4 bits; only the type NF4 is accepted."""
    if not (of.has("load_in_4bit") or of.has("quantization_bit")):
        return Ignored("the base is not quantised")
    if of.get("bnb_4bit_quant_type") != "nf4":
        return Refused("4 bits of another type than NF4", 'set bnb_4bit_quant_type to "nf4"; the default is fp4')
    return Mapped({"double_quantisation": of.flag("bnb_4bit_use_double_quant")}, "NF4")


def dtype(of: Configuration) -> Outcome:
    """`dtype`, from `fp16`, `bf16` or the name of a type."""
    if any(map(of.is_expression, ("fp16", "bf16", "torch_dtype", "bnb_4bit_compute_dtype"))):
        return Mapped({"dtype": "auto"}, "depends on the machine: auto")
    half, brain = of.has("fp16") and of.flag("fp16"), of.has("bf16") and of.get("bf16") not in (False, "false")
    if half and brain and of.given("bf16"):
        return Refused("fp16 and bf16 exclude each other", "keep one of them")
    if half or brain:
        return Mapped({"dtype": "float16" if half else "auto" if of.get("bf16") == "auto" else "bfloat16"})
    value = str(of.get("torch_dtype") or of.get("bnb_4bit_compute_dtype") or "auto").removeprefix("torch.")
    return Mapped({"dtype": value}) if value in DTYPES else Refused("no dtype of a recipe", f"use {', '.join(DTYPES)}")


def targets(of: Configuration) -> Outcome:
    """`target_modules`: the layers that get an adapter."""
    if of.has("lora_target_linear") and of.flag("lora_target_linear"):
        return Mapped({"target_modules": "all-linear"})
    value = of.get("target_modules")
    names = value.split(",") if isinstance(value, str) and "," in value else value
    if value in ("all", "all-linear"):
        return Mapped({"target_modules": "all-linear"})
    if not names:
        return Refused(
            "no target modules: PEFT chooses them by the type of the model",
            'name them: ["q_proj", "v_proj"] is its choice for Llama, Mistral, Qwen and Gemma',
        )
    if "embed_tokens" in names or "lm_head" in names:
        return Refused("adapters on embeddings and the output layer", "leave out embed_tokens and lm_head")
    listed = [str(name).strip() for name in names] if isinstance(names, list) else names
    return Mapped({"target_modules": listed})


def alpha(of: Configuration) -> Outcome:
    """`alpha` of an adapter: `lora_alpha`, or twice the rank if the file does not set it."""
    if of.get("lora_alpha") is None:
        return Mapped({"alpha": 2.0 * of.whole("r")}, "twice the rank")
    return Mapped({"alpha": of.number("lora_alpha", above=0)})


def start(of: Configuration) -> Outcome:
    """`initialisation` of an adapter."""
    name = "pissa" if of.get("pissa_init") is True else str(of.get("init_lora_weights", True)).lower()
    start = STARTS.get("pissa" if name.startswith("pissa_niter_") else name)
    return Mapped({"initialisation": start}) if start else Refused(NOT_OFFERED, f"use one of {', '.join(STARTS)}")


def objective(of: Configuration) -> Outcome:
    """`objective`: `sft`, `pt`, `dpo`, `orpo` or `kto`."""
    if of.objective not in LOSSES:
        return Refused(f"{of.objective}: {NOT_OFFERED}", f"use one of {', '.join(LOSSES)}")
    return Mapped({"objective": of.objective})


def loss(of: Configuration) -> Outcome:
    """No key: `loss_type` is ignored if it is the loss of the objective, else refused."""
    value = of.get("loss_type")
    name = value[0] if isinstance(value, list) and len(value) == 1 else value
    if name in LOSSES.get(of.objective, ()):
        return Ignored("the loss of the objective")
    return Refused(f"this loss of {of.objective}: {NOT_OFFERED}", f"use {' or '.join(LOSSES.get(of.objective, ()))}")


def beta(of: Configuration) -> Outcome:
    """`beta` of a preference loss; refused for `sft`."""
    if of.objective == "sft":
        return Refused(
            "beta belongs to dpo, orpo and kto; the file does not say which", "add  objective: dpo  to the file"
        )
    return Mapped({"beta": of.number("beta", above=0)})


def evaluation(of: Configuration) -> Outcome:
    """`evaluate_every`: steps between two measurements; 0 for none."""
    if of.get("eval_strategy") in ("no", False):
        return Mapped({"evaluate_every": 0})
    if of.has("eval_steps") and of.number("eval_steps") >= 1:
        return Mapped({"evaluate_every": of.whole("eval_steps")})
    per = of.whole("evals_per_epoch") if of.has("evals_per_epoch") else 1
    epochs = of.number("num_train_epochs") if of.has("num_train_epochs") else 0.0
    if of.steps is None or of.max_steps or of.has("eval_steps") or of.get("eval_strategy") == "steps" or not epochs:
        return Ignored("the number of steps is not known: ten measurements, as without the key")
    return Mapped(
        {"evaluate_every": max(1, round(of.steps / epochs / per))},
        f"{per} in an epoch of {plural(max(1, round(of.steps / epochs)), 'step')}",
    )


def keep(of: Configuration) -> Outcome:
    """`keep`: whether the best or the last adapter is the result; `patience` of early stopping."""
    best = of.get("load_best_model_at_end") in (True, "true") or of.has("early_stopping_patience")
    values: dict[str, Any] = {"keep": "best" if best else "last"}
    if of.has("early_stopping_patience"):
        values["patience"] = of.whole("early_stopping_patience")
    return Mapped(values, "the adapter that is the result")


def template(of: Configuration) -> Outcome:
    """`chat_template`: a name, a file, or the text of a template."""
    if not of.given("chat_template"):
        return Ignored("the template of the model is used; compare with  curate train --plan")
    value = str(of.get("chat_template") or "")
    if value in ("chatml", "llama3", "alpaca") or value.endswith(".jinja") or "{%" in value or "{{" in value:
        return Mapped({"chat_template": value}, "saved beside the recipe" if "{" in value else "")
    if value in ("", "tokenizer_default"):
        return Ignored("the template of the model")
    return Refused(f"{value}: no template of this name", "save the template to a .jinja file and name the file")


def reports(of: Configuration) -> Outcome:
    """`report_to`: the offered trackers among those of the file."""
    value = of.get("report_to")
    names = [str(name) for name in (value if isinstance(value, list) else [value])]
    offered = [name for name in names if name in TRACKERS]
    others = [name for name in names if name not in (*TRACKERS, "none")]
    note = f"{', '.join(others)}: not offered" if others else "nothing leaves this machine by default"
    return Mapped({"report_to": offered}, note if others else "") if offered else Ignored(note)


def checkpointing(of: Configuration) -> Outcome:
    """`activation_checkpointing`."""
    on = of.get("gradient_checkpointing") in (True, "true", "unsloth", "offload", "offload_disk", "True")
    return Mapped({"activation_checkpointing": on})


def attention(of: Configuration) -> Outcome:
    """`attention`; another implementation is ignored."""
    value = of.get("attn_implementation") or "flash_attention_2"
    if value in ("sdpa", "flash_attention_2", "eager", "auto"):
        return Mapped({"attention": value})
    return Ignored("how attention is computed does not change the result: auto")


def number(key: str, becomes: str, **limits: float) -> Convert:
    """A converter that gives the number of `key` to the recipe's key `becomes`."""
    return lambda of: Mapped({becomes: of.number(key, **limits)})


def same(key: str, becomes: str) -> Convert:
    """A converter that gives the value of `key` to the recipe's key `becomes`, unchanged."""
    return lambda of: Mapped({becomes: of.get(key)})


def among(key: str, becomes: str, values: dict[str, str]) -> Convert:
    """A converter that looks up the name in `key` in `values`, and refuses one that is not in it."""

    def convert(of: Configuration) -> Outcome:
        name = str(of.get(key)).lower()
        if name in values:
            return Mapped({becomes: values[name]})
        return Refused(NOT_OFFERED, f"use one of {', '.join(dict.fromkeys(values))}")

    return convert


def flag(key: str, becomes: str) -> Convert:
    """A converter that gives the boolean of `key` to the recipe's key `becomes`."""
    return lambda of: Mapped({becomes: of.flag(key)})


def ignored(note: str) -> Convert:
    """A converter that ignores a key with a note."""
    return lambda _: Ignored(note)


def only(*values: Any, reason: str, hint: str = "leave out the key") -> Callable[[str], Convert]:
    """Converters that refuse a key for a reason, unless its value is empty or one of `values`."""

    def with_key(key: str) -> Convert:
        allowed = (None, "", *values, [], {})
        plain = "has no effect with this value"
        return lambda of: Ignored(plain) if of.get(key) in allowed else Refused(reason, hint)

    return with_key


def revision(of: Configuration) -> Outcome:
    """`revision` of the model; `main` is ignored, since it is the default."""
    return Ignored("the default") if of.get("revision") == "main" else Mapped({"revision": of.get("revision")})


def saves(of: Configuration) -> Outcome:
    """`save_every`: steps between two checkpoints."""
    if of.number("save_steps") < 1:
        return Ignored("a share of the steps: checkpoints every save_every steps")
    return Mapped({"save_every": of.whole("save_steps")})


def datasets(of: Configuration) -> Outcome:
    """`chat_template` for Axolotl's data sets of type `alpaca`; other types are ignored."""
    if of.data_types == {"alpaca"} and not of.given("chat_template"):
        return Mapped(
            {"chat_template": "alpaca"}, "the data are those of --for; type alpaca, without its first sentence"
        )
    return Ignored("the data are those of --for")


def special_tokens(of: Configuration) -> Outcome:
    """No key: a padding token is ignored, any other added token is refused."""
    value = of.get("special_tokens")
    if isinstance(value, dict) and value.keys() <= {"pad_token"}:
        return Ignored("nothing is padded")
    return Refused("the tokenizer of the model is used as it is", "leave out the key")


def plugins(of: Configuration) -> Outcome:
    """No key: plugins of Axolotl with faster kernels are ignored, others are refused."""
    value = of.get("plugins")
    names = [str(name) for name in (value if isinstance(value, list) else [value])]
    if all("liger" in name.lower() or "cut_cross_entropy" in name.lower() for name in names):
        return Ignored("speed and memory, not the result")
    return Refused(NOT_OFFERED, "leave out the plugins that change the training")


def dropout(of: Configuration) -> Outcome:
    """`dropout` of an adapter; 0 where TRL trains on preferences, since it switches dropout off."""
    if of.tool in ("trl", "unsloth") and of.objective != "sft" and of.get("disable_dropout", True) is True:
        return Mapped({"dropout": 0.0}, "TRL switches dropout off for preferences: disable_dropout")
    return Mapped({"dropout": of.number("lora_dropout")}) if of.has("lora_dropout") else Mapped({"dropout": 0.0})


def mask(of: Configuration) -> Outcome:
    """No key: `assistant_only_loss` and `completion_only_loss` are ignored, since a recipe always trains on the answers
    only. Refused if those given are all false.
    """
    given = [key for key in ("assistant_only_loss", "completion_only_loss") if of.given(key)]
    if not given:
        return Ignored(
            "TRL trains on prompts of conversations too; the loss of a recipe covers the answers only", differs=True
        )
    if any(of.flag(key) for key in given):
        return Ignored("the loss covers the answers only")
    return Refused("the loss covers the answers only", "leave out the key, or set it to true")
