"""Names that mean the same, and what each tool does where a key is not given.

Those of transformers 5.24 and PEFT 0.21 are of the packages; those of TRL, Axolotl, LLaMA-Factory and Unsloth are of
their public sources, November 2026. Other versions may differ.
"""

from typing import Any, Final

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
