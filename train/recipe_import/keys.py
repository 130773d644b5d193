"""The table of keys: what each becomes in a recipe, why it has no effect, or why it is refused."""

from dataclasses import dataclass
from typing import Final

from train.recipe import IGNORED
from train.recipe_import import converters as to
from train.recipe_import.configuration import Configuration, Mapped
from train.recipe_import.converters import Convert, among, flag, ignored, number, only, same


@dataclass(frozen=True, slots=True)
class ImportedKey:
    """One key of another tool, or several that have one meaning together."""

    names: tuple[str, ...]
    """By their common names, see `SAME`; one that ends with `*` stands for all that begin so."""
    becomes: str
    """The keys of the recipe; empty if it has no effect or is refused."""
    meaning: str
    """What becomes of it, for the reference."""
    convert: Convert
    always: bool = False
    """Whether it follows from the classes in the file, too."""


def _mapped(names: str, becomes: str, meaning: str, convert: Convert, *, always: bool = False) -> ImportedKey:
    """A key with the `names` that tools give it, separated by spaces, and the keys of a recipe that it `becomes`."""
    return ImportedKey(tuple(names.split()), becomes, meaning, convert, always)


def _ignored(names: str, note: str) -> ImportedKey:
    """A key without effect on the recipe, with the reason."""
    return ImportedKey(tuple(names.split()), "", f"No effect: {note}.", ignored(note))


def _refused(names: str, *allowed: object, reason: str, hint: str = "leave out the key") -> list[ImportedKey]:
    """A key for each name that refuses all values except an empty one and those `allowed`."""
    accept = only(*allowed, reason=reason, hint=hint)
    return [ImportedKey((name,), "", f"Refused: {reason}; {hint}.", accept(name)) for name in names.split()]


KEYS: Final = (
    _mapped("model_name_or_path", "model", "The base model.", same("model_name_or_path", "model")),
    _mapped("revision", "revision", "As it is; `main` is left out.", to.revision),
    _mapped("chat_template template", "chat_template", "`chatml`, `llama3`, `alpaca` or a Jinja file; a template in "
            "the file is saved beside the recipe. LLaMA-Factory's `template` has no effect: the model's own is used.",
            to.template),
    _mapped("adapter use_peft finetuning_type load_in_4bit load_in_8bit quantization_bit full_finetuning", "method",
            "LoRA on a base in 4 bits is `qlora`, in 16 bits `lora`, none `full`. 8 bits are refused.",
            to.method, always=True),
    _mapped("bnb_4bit_use_double_quant bnb_4bit_quant_type", "double_quantisation",
            "NF4 only: FP4, the default of BitsAndBytesConfig, is refused.", to.double),
    _mapped("r", "rank", "As it is.", lambda of: Mapped({"rank": of.whole("r")})),
    _mapped("lora_alpha", "alpha", "As it is; LLaMA-Factory's default is twice the rank.", to.alpha),
    _mapped("lora_dropout disable_dropout", "dropout", "As it is; 0 for preferences with TRL, whose `disable_dropout` "
            "is true by default.", to.dropout),
    _mapped("target_modules lora_target_linear", "target_modules", "Names, or `all-linear` for `all`, `all-linear` and "
            "`lora_target_linear`. Refused if not given and PEFT would choose.", to.targets),
    _mapped("use_rslora", "rslora", "As it is.", flag("use_rslora", "rslora")),
    _mapped("use_dora", "dora", "As it is.", flag("use_dora", "dora")),
    _mapped("loraplus_lr_ratio", "lora_plus", "As it is.", to.lora_plus),
    _mapped("init_lora_weights pissa_init", "initialisation", "`default`, `gaussian`, `olora`, `pissa`, `orthogonal`.",
            to.start),
    _mapped("objective stage rl", "objective", "By the trainer or the class of the arguments, or by this key; `pt` for "
            "Axolotl's data sets of type `completion`.",
            to.objective, always=True),
    _mapped("beta", "beta", "As it is; of ORPO too.", to.beta),
    _mapped("desirable_weight", "desirable_weight", "As it is.", number("desirable_weight", "desirable_weight")),
    _mapped("undesirable_weight", "undesirable_weight", "As it is.",
            number("undesirable_weight", "undesirable_weight")),
    _mapped("loss_type", "", "Refused if it is not the loss of the objective.", to.loss),
    _mapped("learning_rate", "learning_rate", "As it is.", number("learning_rate", "learning_rate", above=0)),
    _mapped("lr_scheduler_type", "schedule", "`linear`, `cosine`, `constant_with_warmup`; `constant` has no warm-up.",
            among("lr_scheduler_type", "schedule", to.SCHEDULES)),
    _mapped("warmup_steps warmup_ratio", "warmup", "A share of the steps. A number of steps is converted where "
            "`--for` or `max_steps` makes their number known, else refused.", to.warmup),
    _mapped("optim", "optimiser", "AdamW in 32 or 8 bits, paged or not, Lion in 8 bits, Adafactor, SGD.",
            among("optim", "optimiser", to.OPTIMISERS)),
    _mapped("weight_decay", "weight_decay", "As it is.", number("weight_decay", "weight_decay")),
    _mapped("max_grad_norm", "max_grad_norm", "As it is.", number("max_grad_norm", "max_grad_norm")),
    _mapped("neftune_noise_alpha", "neftune", "As it is.", number("neftune_noise_alpha", "neftune")),
    _mapped("num_train_epochs max_steps", "epochs, max_steps", "`max_steps` above 0 replaces epochs, as there.",
            to.steps),
    _mapped("per_device_train_batch_size gradient_accumulation_steps batch_size", "batch", "The product, times "
            "`--processes`. With packing it counts sequences: converted to examples where `--for` names the data, else "
            "refused.", Configuration.batch),
    _mapped("max_length", "max_length", "As it is. Longer examples are refused; Axolotl's are left out.", to.length),
    _mapped("fp16 bf16 torch_dtype bnb_4bit_compute_dtype", "dtype", "`float16`, `bfloat16`, or `auto` where the file "
            "leaves it to the machine.", to.dtype),
    _mapped("attn_implementation flash_attention", "attention", "As it is, if a recipe has it.", to.attention),
    _mapped("gradient_checkpointing", "activation_checkpointing", "As it is.", to.checkpointing),
    _mapped("eval_strategy eval_steps evals_per_epoch", "evaluate_every", "Steps; once or more in an epoch where the "
            "number of steps is known.", to.evaluation),
    _mapped("load_best_model_at_end early_stopping_patience", "keep, patience", "`best` or `last`.", to.keep),
    _mapped("save_steps", "save_every", "As it is; a share of the steps has no effect.", to.saves),
    _mapped("report_to", "report_to", "TensorBoard, W&B, MLflow and Trackio; others have no effect.", to.reports),
    _mapped("seed", "seed", "As it is.", lambda of: Mapped({"seed": int(of.number("seed"))})),
    _mapped("datasets", "chat_template", "The data are those of `--for`. Axolotl's type `alpaca` is the template "
            "`alpaca` without its first sentence.", to.datasets),
    *_refused("bias", "none", False, reason="biases are not trained", hint='set bias to "none"'),
    *_refused("modules_to_save", reason="whole modules beside an adapter are not trained",
              hint="leave out the key, or train all weights (full)"),
    *_refused("layers_to_transform layers_pattern rank_pattern alpha_pattern lora_bias loftq_config "
              "trainable_token_indices target_parameters peft_layer_replication lora_target_parameters exclude_modules "
              "unfrozen_parameters lr_groups embedding_lr use_galore use_apollo use_badam use_llama_pro relora "
              "adapter_name_or_path lora_model_dir cosine_min_lr_ratio cosine_constant_lr_ratio lr_quadratic_warmup",
              False, reason="curate train does not offer it"),
    *_refused("lr_scheduler_kwargs optim_args optim_target_modules", reason="curate train does not offer it"),
    *_refused("label_smoothing label_smoothing_factor pref_ftx rpo_alpha", 0, "0",
              reason="curate train does not offer it"),
    *_refused("adam_beta1", 0.9, reason="AdamW has the betas 0.9 and 0.999"),
    *_refused("adam_beta2", 0.999, reason="AdamW has the betas 0.9 and 0.999"),
    *_refused("adam_epsilon", 1e-8, "1e-8", "1e-08", reason="AdamW has the epsilon 1e-8"),
    *_refused("train_on_inputs", False, "false", reason="the loss covers the answers only"),
    ImportedKey(("assistant_only_loss", "completion_only_loss"), "",
        "Refused if false: the loss covers the answers only. TRL covers whole conversations by default, with a note.",
        to.mask),
    ImportedKey(("special_tokens",), "", "Refused, but for `pad_token`, which has no effect: nothing is padded.",
        to.special_tokens),
    *_refused("tokens added_tokens_overrides add_tokens add_special_tokens resize_vocab fix_untrained_tokens", False,
              reason="the tokenizer of the model is used as it is"),
    *_refused("task_type", "CAUSAL_LM", "TaskType.CAUSAL_LM", reason="only causal language models are trained"),
    *_refused("peft_type", "LORA", reason="only LoRA is imported", hint="set the method in the recipe"),
    *_refused("quantization_method", "bitsandbytes", "bnb", reason="a base in 4 bits is in NF4 of bitsandbytes"),
    ImportedKey(("plugins",), "", "Refused, but for Liger and Cut Cross Entropy, which do not change the result.",
        to.plugins),
    _mapped("rope_scaling", "yarn", "The factor of YaRN; other scalings are refused.", to.rope),
    *_refused("rope_theta model_init_kwargs", reason="curate train does not offer it"),
    *(_ignored(name, note) for name, note in IGNORED.items()),
    _ignored("packing", "texts are packed, isolated from each other; with true, batch counts sequences"),
    _ignored("eval_packing eval_sample_packing pad_to_sequence_len pad_to_multiple_of padding_free group_by_length "
             "packing_strategy train_sampling_strategy length_column_name",
             "batches are formed by tokens, which does not change the result"),
    _ignored("val_set_size val_size max_samples dataset* train_dataset test_datasets shuffle* eval_dataset "
             "pretraining_dataset preprocessing_* overwrite_cache streaming remove_unused_columns tokenized_path "
             "media_dir data_seed mix_strategy interleave_probs", "the data are those of --for"),
    _ignored("truncation_mode max_prompt_length max_completion_length max_target_length excess_length_strategy "
             "min_sample_len max_prompt_len", "examples are never cut"),
    _ignored("loraplus_lr_embedding", "embeddings have no adapter"),
    _ignored("adapter_seed", "the seed decides the start of the adapter too"),
    _ignored("trust_remote_code", "code of a model is never run"),
    _ignored("do_train do_eval do_predict resume_from_checkpoint auto_resume_from_checkpoints strict debug env "
             "predict_with_generate local_rank world_size inference_mode ignore_data_skip",
             "the command decides what is done"),
    _ignored("tokenizer_type model_type is_*_derived_model tokenizer_config use_fast_tokenizer tokenizer_use_fast "
             "auto_mapping fan_in_fan_out lora_fan_in_fan_out peft_version "
             "bnb_4bit_quant_storage quantization_device_map", "read from the model"),
    _ignored("deepspeed* fsdp* ddp* parallelism_config accelerator_config device* max_memory low_cpu_mem_usage "
             "use_cpu no_cuda gpu_memory_utilization parallel", "how GPUs share the work: set parallel in the recipe"),
    _ignored("tf32 torch_compile* use_liger_kernel liger* unsloth_* lora_*_kernel xformers_attention "
             "sdp_attention eager_attention flash_attn* dataloader_* auto_find_batch_size torch_empty_cache_steps "
             "gradient_checkpointing_kwargs activation_checkpointing_kwargs activation_offloading use_cache "
             "fp16_full_eval bf16_full_eval precompute_* use_unsloth use_unsloth_gc enable_liger_kernel gc_steps "
             "fast_inference average_tokens_across_devices cut_cross_entropy use_reentrant_gc float32 max_lora_rank",
             "speed and memory, not the result"),
    _ignored("hub_* push_to_hub push_dataset_to_hub token hf_use_auth_token cache_dir", "nothing is uploaded"),
    _ignored("per_device_eval_batch_size eval_batch_size eval_* metric_for_best_model greater_is_better "
             "prediction_loss_only do_causal_lm_eval include_* generate_during_eval batch_eval_metrics",
             "the held-out loss is measured, see evaluate_every"),
    _ignored("loss_watchdog_threshold loss_watchdog_patience", "a loss that is not a number ends the training"),
    _ignored("full_determinism label_names skip_memory_metrics", "as curate train does it"),
    _ignored("wandb_* mlflow_* comet_* swanlab_* use_wandb use_mlflow use_tensorboard use_swanlab trackio_*",
             "nothing leaves this machine: set report_to in the recipe"),
)  # fmt: skip
"""The first one with a name applies."""
