"""Configurations for other trainers to use a folder of splits: training file, validation file, and loss masking.

They contain only what follows from the data; the user adds the model and other settings. The test split is in none of
them, since it is for the final evaluation. LLaMA-Factory's keys are from its source, those of Axolotl and TRL from
their documentation; how Axolotl reads pairs and `message_field_training` is from its source, too (chat_template.py in
prompt_strategies/ and prompt_strategies/dpo/). Those of ms-swift 4.6.0, torchtune 0.6.1, Unsloth 2026.10.9 and verl
0.9.1 are from the source of these versions.
"""

import json
import shlex
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.core.errors import UsageError
from curate.core.form_keys import LABEL_KEYS, PAIR_SIDES
from curate.core.text import plural
from curate.models.template_messages import TRAINING_DETAIL_KEYS, TRAINING_KEYS
from curate.project.manifest import Manifest
from curate.storage.files import json_text

ROLES: Final = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "tool",
    "function_tag": "function_call",
    "system_tag": "system",
}
"""Role settings of LLaMA-Factory for messages; some versions have no default for a missing one."""


TRL: Final = '--config trl.yaml --dataset_name "$PWD"'
"""`datasets` cannot load a folder by the name `.`, and an absolute path would break if the folder is moved."""


PAIR: Final = PAIR_SIDES["preference"]
REJECTED_BESIDE: Final = {"rejected_response": str, "rejected_messages": list}
"""Keys of the rejected side beside messages that end with the chosen one, with its type, as ms-swift reads them."""


MASK_KEYS: Final = ("weight", *TRAINING_KEYS)
"""Keys of an answer that can take it out of the loss, of which Axolotl reads the one that its configuration names."""


class Masks(NamedTuple):
    """The keys that take answers, or parts of them, out of the loss."""

    examples: Counter[tuple[frozenset[str], ...]]
    """For each such example the keys of each of these answers."""
    elsewhere: frozenset[str]
    """The keys that other messages have, and that ask to train on them."""

    @property
    def keys(self) -> frozenset[str]:
        """All keys of answers."""
        return frozenset().union(*(keys for answers in self.examples for keys in answers))

    def unread(self, reads: Collection[str]) -> "Masks":
        """The answers with none of the keys that a trainer reads."""
        left = Counter[tuple[frozenset[str], ...]]()
        for answers, count in self.examples.items():
            if others := tuple(keys for keys in answers if keys.isdisjoint(reads)):
                left[others] += count
        return Masks(left, self.elsewhere)


@dataclass(frozen=True)
class Shape:
    """The form of the examples of a folder, as far as trainers depend on it, from the first example."""

    first: dict[str, Any]
    is_pair: bool
    """Whether they compare two answers."""
    files: Sequence[Path] = ()
    """The files that a trainer reads, for what the first example does not tell."""

    @property
    def turns(self) -> str | None:
        """The key with the turns before the answers of a pair, or with all turns; None if there is none."""
        return next((key for key in ("messages", "conversations", "prompt") if self.first.get(key)), None)

    @property
    def label(self) -> str | None:
        """The key with a label for the last answer; None if there is none."""
        return next((key for key in LABEL_KEYS if isinstance(self.first.get(key), bool)), None)

    @property
    def sides(self) -> type | None:
        """Whether both answers of a pair are texts, messages or lists of messages; None if it is something else."""
        kinds = {type(self.first.get(key)) for key in PAIR}
        return kinds.pop() if len(kinds) == 1 else None

    @property
    def has_tools(self) -> bool:
        """Whether an example of the files declares or calls tools."""
        return any(_has_tools(example) for path in self.files for example in _examples(path))

    @cached_property
    def masks(self) -> Masks:
        """The keys that take answers out of the loss; none for pairs and labels, where the last answers count."""
        examples, elsewhere = Counter[tuple[frozenset[str], ...]](), set[str]()
        for path in self.files if not self.is_pair and self.label is None else ():
            for example in _examples(path, (b'"weight"', b'"train')):
                turns = [turn for turn in example.get("messages") or () if isinstance(turn, dict)]
                answers = [_mask_keys(turn) for turn in turns if turn.get("role") == "assistant"]
                if masked := tuple(keys for keys in answers if not keys <= {"loss"}):
                    examples[masked] += 1
                elsewhere.update(
                    key for turn in turns if turn.get("role") != "assistant" for key in MASK_KEYS if turn.get(key)
                )
        return Masks(examples, frozenset(elsewhere))

    @property
    def sharegpt(self) -> bool:
        """Whether the turns are named as in ShareGPT."""
        turns = self.first.get(self.turns or "")
        return isinstance(turns, list) and bool(turns) and isinstance(turns[0], dict) and "from" in turns[0]


def configurations(manifest: Manifest, folder: Path, note: Callable[[str], None]) -> dict[str, str]:
    """The requested files by name, with their content. `folder`: the folder of the splits; `note` is called for each
    trainer that trains on answers which are not to be trained on, with their number and what to do.

    Raises `UsageError` for a trainer that does not read examples of this form.
    """
    shape, files = _shape(manifest, folder), dict[str, str]()
    for trainer in manifest.config["split"].get("trainers", ()):
        written = TRAINERS[trainer].write(manifest, shape)
        if text := _mask_note(trainer, shape):
            note(f"--trainer {trainer}: {text}")
            command, _, rest = written[f"{trainer}.yaml"].partition("\n")
            written[f"{trainer}.yaml"] = f"{command}\n# {text}\n{rest}"
        files |= written
    return files


def _shape(manifest: Manifest, folder: Path) -> Shape:
    """The form of the examples of a folder."""
    formats = {name for file in (*manifest.inputs, *manifest.existing) for name in file.formats}
    paths = [path for name in ("train", "validation") for path in manifest.splits[name].paths(folder)]
    first = next(_examples(paths[0]), {})
    is_pair = (bool(formats) and formats <= PAIR_SIDES.keys()) or any(first.get(key) for key in REJECTED_BESIDE)
    return Shape(first, is_pair, paths)


def _mask_keys(answer: dict[str, Any]) -> frozenset[str]:
    """The keys that take an answer or a part of it out of the loss."""
    keys = {key for key in ("weight", "loss") if answer.get(key) == 0}
    keys.update(key for key in TRAINING_KEYS if answer.get(key) is False)
    return frozenset(keys.union(key for key in TRAINING_DETAIL_KEYS if isinstance(answer.get(key), list)))


def _mask_note(trainer: str, shape: Shape) -> str:
    """What a trainer does with answers that are not to be trained on; empty if it leaves them out of the loss."""
    hint = "train with Axolotl or `curate train`, or leave these examples out"
    reads: Collection[str] = ()
    if trainer == "axolotl":
        reads, hint = _axolotl_masks(shape.masks).values(), "use one key, and on answers only"
    elif trainer == "ms-swift":
        reads, hint = ("loss",), 'add `"loss": false` to these messages, which it reads'
    elif trainer == "llamafactory":
        hint = f"with `mask_history: true` it trains on last answers only, or {hint}"
    unread = shape.masks.unread(reads)
    if not unread.examples:
        return ""
    answers = sum(len(answers) * count for answers, count in unread.examples.items())
    keys = " and ".join(f"`{key}`" for key in sorted(unread.keys - {"loss"}))
    examples = plural(unread.examples.total(), "example")
    return (
        f"it trains on {plural(answers, 'answer')} in {examples} against their {keys}, which it does not read; {hint}"
    )


def _examples(path: Path, words: Sequence[bytes] = (b"",)) -> Iterator[dict[str, Any]]:
    """The objects of the lines of a split that have one of the words."""
    with path.open("rb") as file:
        for line in file:
            if any(word in line for word in words) and isinstance(value := json.loads(line), dict):
                yield value


def _has_tools(example: dict[str, Any]) -> bool:
    turns = example.get("messages")
    calls = isinstance(turns, list) and any("tool_calls" in turn for turn in turns if isinstance(turn, dict))
    return calls or bool(example.get("tools"))


def _unsupported_error(trainer: str, form: str, hint: str) -> UsageError:
    return UsageError(f"--trainer {trainer}: it does not read {form}", f"{hint}, or leave out --trainer {trainer}")


def _split_files(manifest: Manifest, split: str) -> list[str]:
    """The files of a split; empty if the split is empty."""
    part = manifest.splits[split]
    return [*part.files] if part.examples else []


def _model_name(manifest: Manifest) -> str:
    """The model of the configuration, `MODEL` without one."""
    return str(manifest.config["check"]["model"]) or "MODEL"


def _axolotl(manifest: Manifest, shape: Shape) -> dict[str, str]:
    """The files of a configuration for Axolotl, by name. Raises `UsageError` for a form that it does not read."""
    if shape.label is not None and not shape.is_pair:
        raise _unsupported_error("axolotl", "labels beside messages", 'train with `curate train` (objective = "kto")')
    how = _axolotl_pairs(shape) if shape.is_pair else _axolotl_messages(shape)

    def source(file: str) -> dict[str, Any]:
        return {"path": file, "ds_type": "json", "split": "train", **how}

    values: dict[str, Any] = {"base_model": _model_name(manifest), "chat_template": "tokenizer_default"}
    values |= {"rl": "dpo"} if shape.is_pair else {}
    values["datasets"] = [*map(source, _split_files(manifest, "train"))]
    if validation := _split_files(manifest, "validation"):
        values["test_datasets"] = [*map(source, validation)]
    values |= {"val_set_size": 0, "output_dir": "./run"}
    return {"axolotl.yaml": _yaml("axolotl train axolotl.yaml", values)}


def _axolotl_masks(masks: Masks) -> dict[str, str]:
    """The settings that name the keys which take answers out of the loss; a key that would put other messages into it
    is not named.
    """
    named = {
        "message_field_training": next((key for key in MASK_KEYS if key in masks.keys - masks.elsewhere), None),
        "message_field_training_detail": next((key for key in TRAINING_DETAIL_KEYS if key in masks.keys), None),
    }
    return {setting: key for setting, key in named.items() if key is not None}


def _axolotl_messages(shape: Shape) -> dict[str, Any]:
    """The settings to read messages, and to train on the answers but those that are not to be trained on."""
    mapping = {"role": "role", "content": "content"}
    how = {"type": "chat_template", "field_messages": "messages", "message_property_mappings": mapping}
    return {**how, "roles_to_train": ["assistant"], "train_on_eos": "turn", **_axolotl_masks(shape.masks)}


def _axolotl_pairs(shape: Shape) -> dict[str, Any]:
    """The settings to read pairs; if an answer is a list of messages, Axolotl uses the last one."""
    if shape.sides not in (str, dict, list):
        raise _unsupported_error("axolotl", "pairs in this form", "write them as prompt, chosen and rejected")
    names = {"field_chosen": PAIR[0], "field_rejected": PAIR[1]}
    if shape.turns is None:
        if shape.sides is not list:
            raise _unsupported_error("axolotl", "pairs without a prompt", "write them as prompt, chosen and rejected")
        return {"type": "chat_template.argilla_chat", **names}
    how: dict[str, Any] = {"type": "chat_template.default", "field_messages": shape.turns, **names}
    if shape.sharegpt:
        how["message_property_mappings"] = {"role": "from", "content": "value"}
        how["roles"] = {"user": ["human", "user"], "assistant": ["gpt", "assistant"], "system": ["system"]}
    return how


def _llamafactory(manifest: Manifest, shape: Shape) -> dict[str, str]:
    """The files of a configuration for LLaMA-Factory, by name. Raises `UsageError` for a form that it does not read."""
    parts = {name: _llamafactory_names(manifest, name) for name in ("train", "validation")}
    how, stage = _llamafactory_form(shape)
    info = {name: {"file_name": file, **how} for files in parts.values() for name, file in files.items()}
    values: dict[str, Any] = {
        "model_name_or_path": _model_name(manifest),
        "template": "TEMPLATE",
        "stage": stage,
        "do_train": True,
        "finetuning_type": "lora",
    }
    values |= {"dataset_dir": ".", "dataset": ",".join(parts["train"])}
    if parts["validation"]:
        values |= {"eval_dataset": ",".join(parts["validation"]), "eval_strategy": "epoch"}
    text = (
        "set the template of the model, see the LLaMA-Factory documentation; conversations whose turns do not "
        "alternate are skipped, and tool"
        " calls in this form are not read: `curate check --target llamafactory` lists both"
    )
    text += "; `pref_loss: orpo` trains by ORPO" if stage == "dpo" else ""
    return {
        "dataset_info.json": json_text(info),
        "llamafactory.yaml": _yaml("llamafactory-cli train llamafactory.yaml", {**values, "output_dir": "./run"}, text),
    }


def _llamafactory_names(manifest: Manifest, split: str) -> dict[str, str]:
    """The files of a split by the names of their data sets: that of the split, or for a shard that of the file."""
    files = _split_files(manifest, split)
    return {split if len(files) == 1 else file.removesuffix(".jsonl"): file for file in files}


def _llamafactory_form(shape: Shape) -> tuple[dict[str, Any], str]:
    """The description of the data, and the stage."""
    if not shape.is_pair:
        columns = {"messages": "messages"} | ({"kto_tag": shape.label} if shape.label else {})
        return {"formatting": "sharegpt", "columns": columns, "tags": ROLES}, "kto" if shape.label else "sft"
    columns = {"chosen": PAIR[0], "rejected": PAIR[1]} | ({"system": "system"} if "system" in shape.first else {})
    turns = shape.first.get(shape.turns or "")
    if shape.turns and shape.sides is str and isinstance(turns, str):
        return {"formatting": "alpaca", "ranking": True, "columns": {"prompt": shape.turns, **columns}}, "dpo"
    if shape.turns and shape.sides is dict and isinstance(turns, list):
        tags = {} if shape.sharegpt else {"tags": ROLES}
        return {
            "formatting": "sharegpt",
            "ranking": True,
            "columns": {"messages": shape.turns, **columns},
            **tags,
        }, "dpo"
    raise _unsupported_error("llamafactory", "pairs in this form", "write prompt, chosen and rejected as texts")


def _trl(manifest: Manifest, shape: Shape) -> dict[str, str]:
    """The files of a configuration for TRL, by name. Raises `UsageError` for a form that it does not read."""
    values: dict[str, Any] = {
        "model_name_or_path": _model_name(manifest),
        "dataset_train_split": "train",
    }
    if _split_files(manifest, "validation"):
        values |= {"dataset_test_split": "validation", "eval_strategy": "epoch"}
    if shape.is_pair:
        if shape.sides not in (str, list) or shape.turns not in (None, "prompt"):
            raise _unsupported_error("trl", "pairs in this form", "write them as prompt, chosen and rejected")
        text = f"`trl kto {TRL}` reads the same pairs"
        return {"trl.yaml": _yaml(f"trl dpo {TRL}", {**values, "output_dir": "./run"}, text)}
    if shape.label is not None:
        raise _unsupported_error("trl", "labels beside messages", 'train with `curate train` (objective = "kto")')
    return {"trl.yaml": _yaml(f"trl sft {TRL}", {**values, "assistant_only_loss": True, "output_dir": "./run"})}


def _yaml(command: str, values: dict[str, Any], text: str = "") -> str:
    """A YAML document with JSON values, which are valid YAML."""
    head = [f"# In this folder:  {command}", *([f"# {text}"] if text else [])]
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())
    return "\n".join([*head, *lines]) + "\n"


def _ms_swift(manifest: Manifest, shape: Shape) -> dict[str, str]:
    """The files of a configuration for ms-swift, by name. Raises `UsageError` for a form that it does not read."""
    verb, values = "sft", dict[str, Any]()
    first = shape.first
    if "messages" in first and any(isinstance(first.get(key), kind) for key, kind in REJECTED_BESIDE.items()):
        verb, values = "rlhf", {"rlhf_type": "dpo"}
    elif shape.is_pair:
        hint = "convert them by `curate convert --to ms-swift-rejected-response`"
        raise _unsupported_error("ms-swift", "pairs in this form", hint)
    elif shape.label is not None:
        if shape.label != "label":
            raise _unsupported_error("ms-swift", f"labels under {shape.label}", "convert them: `--to ms-swift-kto`")
        verb, values = "rlhf", {"rlhf_type": "kto"}
    values |= {"model": _model_name(manifest), "tuner_type": "lora", "dataset": _split_files(manifest, "train")}
    if validation := _split_files(manifest, "validation"):
        values |= {"val_dataset": validation, "eval_strategy": "epoch"}
    values |= {"split_dataset_ratio": 0, "output_dir": "./run"}
    return {"ms-swift.yaml": _yaml(f"swift {verb} ms-swift.yaml", values)}


def _torchtune(manifest: Manifest, shape: Shape) -> dict[str, str]:
    """The files of a configuration for torchtune, by name. Raises `UsageError` for a form that it does not read."""
    if shape.label is not None and not shape.is_pair:
        raise _unsupported_error("torchtune", "labels beside messages", 'train with `curate train` (objective = "kto")')
    source: dict[str, Any] = {"source": "json", "data_files": manifest.splits["train"].file, "split": "train"}
    if shape.is_pair:
        if shape.turns is not None or shape.sides is not list:
            raise _unsupported_error("torchtune", "pairs in this form", "write both answers as whole conversations")
        recipe = "lora_dpo_single_device"
        dataset: dict[str, object] = {"_component_": "torchtune.datasets.preference_dataset", **source}
    else:
        recipe = "lora_finetune_single_device"
        style = {"conversation_column": "messages", "conversation_style": "openai", "train_on_input": False}
        dataset = {"_component_": "torchtune.datasets.chat_dataset", **source, **style}
    options = " ".join(shlex.quote(f"dataset.{key}={value}") for key, value in dataset.items())
    text = (
        "CONFIG is a configuration of the recipe (`tune ls`); `dataset` can replace that of a copy of it (`tune cp`), "
        "too. These recipes have no validation, and read no messages of the role tool"
    )
    command = f"tune run {recipe} --config CONFIG {options} output_dir=./run"
    return {"torchtune.yaml": _yaml(command, {"dataset": dataset, "output_dir": "./run"}, text)}


def _unsloth(manifest: Manifest, shape: Shape) -> dict[str, str]:
    """The files of a configuration for Unsloth, by name. Raises `UsageError` for a form that it does not read."""
    if shape.is_pair or shape.label is not None:
        form = "pairs" if shape.is_pair else "labels beside messages"
        raise _unsupported_error("unsloth", form, "train with `curate train`, which does")
    data = {"local_dataset": _split_files(manifest, "train"), "format_type": "chatml"}
    training = {"training_type": "lora", "train_on_completions": True, "output_dir": "./run"}
    values = {"model": _model_name(manifest), "data": data, "training": training}
    text = "its configuration names no validation file: `curate evaluate` or your own script measures the result"
    return {"unsloth.yaml": _yaml("unsloth train --config unsloth.yaml", values, text)}


def _verl(manifest: Manifest, shape: Shape) -> dict[str, str]:
    """The files of a configuration for verl, by name. Raises `UsageError` for a form that it does not read."""
    if shape.is_pair or shape.label is not None:
        raise _unsupported_error(
            "verl", "pairs" if shape.is_pair else "labels beside messages", "train with `curate train`"
        )
    if shape.has_tools:
        raise _unsupported_error(
            "verl", "tools and tool calls, which are JSON text in Parquet,", "train with `curate train`"
        )
    data: dict[str, Any] = {"train_files": _parquet_files(manifest, "train"), "messages_key": "messages"}
    trainer: dict[str, Any] = {"logger": ["console"], "default_local_dir": "./run", "save_freq": "after_each_epoch"}
    if validation := _parquet_files(manifest, "validation"):
        data["val_files"] = validation
        trainer["test_freq"] = "after_each_epoch"
    values = {"defaults": ["sft_trainer_engine", "_self_"], "model": {"path": _model_name(manifest)}, "data": data}
    command = 'torchrun --standalone -m verl.trainer.sft_trainer --config-dir "$PWD" --config-name verl'
    text = "an example of more than data.max_length tokens (1,024) is an error; `curate stats` shows their lengths"
    return {"verl.yaml": _yaml(command, {**values, "trainer": trainer}, text)}


def _parquet_files(manifest: Manifest, split: str) -> str | list[str]:
    """The Parquet file of a split, or its files; empty if the split is empty."""
    files = [*map(parquet_of, _split_files(manifest, split))]
    return files[0] if len(files) == 1 else files


def parquet_of(file: str) -> str:
    """The path of the Parquet file of a split, relative to the output folder: `train.jsonl` ->
    `parquet/train.parquet`.
    """
    return f"parquet/{file.removesuffix('.jsonl')}.parquet"


class Trainer(NamedTuple):
    """Another trainer."""

    files: tuple[str, ...]
    """The names of its files."""
    write: Callable[[Manifest, Shape], dict[str, str]]
    """The files that a folder needs, by name, with their content. Raises `UsageError` for another form of examples."""
    reads_parquet: bool = False
    """Whether it reads no JSON Lines."""


TRAINERS: Final = {
    "axolotl": Trainer(("axolotl.yaml",), _axolotl),
    "llamafactory": Trainer(("dataset_info.json", "llamafactory.yaml"), _llamafactory),
    "ms-swift": Trainer(("ms-swift.yaml",), _ms_swift),
    "torchtune": Trainer(("torchtune.yaml",), _torchtune),
    "trl": Trainer(("trl.yaml",), _trl),
    "unsloth": Trainer(("unsloth.yaml",), _unsloth),
    "verl": Trainer(("verl.yaml",), _verl, reads_parquet=True),
}
"""The trainers that `--trainer` names."""


def writes_parquet(trainers: Iterable[str], *, requested: bool) -> bool:
    """Whether a folder has Parquet files: if they are `requested`, or if one of its trainers reads nothing else."""
    return requested or any(TRAINERS[trainer].reads_parquet for trainer in trainers)
