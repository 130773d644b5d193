"""Configurations for other trainers to use a folder of splits: training file, validation file, and loss masking.

They contain only what follows from the data; the user adds the model and other settings. The test split is in none of
them, since it is for the final evaluation. LLaMA-Factory's keys are from its source, those of Axolotl and TRL from
their documentation.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from curate.core.files import json_text
from curate.core.manifest import Manifest

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
"""`datasets` loads no folder by the name `.`, and the folder may be moved."""


def configurations(manifest: Manifest) -> dict[str, str]:
    """The requested files by name, with their content."""
    found: dict[str, str] = {}
    for trainer in manifest.config["split"].get("trainers", ()):
        found |= KINDS[trainer](manifest)
    return found


def _file(manifest: Manifest, split: str) -> str:
    part = manifest.splits[split]
    return part.file if part.examples else ""


def _model(manifest: Manifest) -> str:
    return str(manifest.config["check"]["model"]) or "MODEL"


def _axolotl(manifest: Manifest) -> dict[str, str]:
    def source(file: str) -> dict[str, Any]:
        mapping = {"role": "role", "content": "content"}
        how = {"type": "chat_template", "field_messages": "messages", "message_property_mappings": mapping}
        return {
            "path": file,
            "ds_type": "json",
            "split": "train",
            **how,
            "roles_to_train": ["assistant"],
            "train_on_eos": "turn",
        }

    values: dict[str, Any] = {
        "base_model": _model(manifest),
        "chat_template": "tokenizer_default",
        "datasets": [source(_file(manifest, "train"))],
    }
    if validation := _file(manifest, "validation"):
        values["test_datasets"] = [source(validation)]
    values |= {"val_set_size": 0, "output_dir": "./run"}
    return {"axolotl.yaml": _yaml("axolotl train axolotl.yaml", values)}


def _llamafactory(manifest: Manifest) -> dict[str, str]:
    parts = {name: file for name in ("train", "validation") if (file := _file(manifest, name))}
    info = {
        name: {"file_name": file, "formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": ROLES}
        for name, file in parts.items()
    }
    values: dict[str, Any] = {
        "model_name_or_path": _model(manifest),
        "template": "TEMPLATE",
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
    }
    values |= {"dataset_dir": ".", "dataset": "train"}
    if "validation" in parts:
        values |= {"eval_dataset": "validation", "eval_strategy": "epoch"}
    said = (
        "set the template of the model, see the LLaMA-Factory documentation; conversations whose turns do not "
        "alternate are skipped, and tool"
        " calls in this form are not read: `curate check --target llamafactory` lists both"
    )
    return {
        "dataset_info.json": json_text(info),
        "llamafactory.yaml": _yaml("llamafactory-cli train llamafactory.yaml", {**values, "output_dir": "./run"}, said),
    }


def _trl(manifest: Manifest) -> dict[str, str]:
    values: dict[str, Any] = {
        "model_name_or_path": _model(manifest),
        "dataset_train_split": "train",
    }
    if _file(manifest, "validation"):
        values |= {"dataset_test_split": "validation", "eval_strategy": "epoch"}
    formats = {name for file in (*manifest.inputs, *manifest.existing) for name in file.formats}
    if formats == {"preference"}:  # prompt, chosen, rejected
        return {"trl.yaml": _yaml(f"trl dpo {TRL}", {**values, "output_dir": "./run"})}
    return {"trl.yaml": _yaml(f"trl sft {TRL}", {**values, "assistant_only_loss": True, "output_dir": "./run"})}


def _yaml(command: str, values: dict[str, Any], said: str = "") -> str:
    """A YAML document with JSON values, which are valid YAML."""
    head = [f"# In this folder:  {command}", *([f"# {said}"] if said else [])]
    return "\n".join([*head, *_lines(values)]) + "\n"


def _lines(values: dict[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        yield f"{key}: {json.dumps(value, ensure_ascii=False)}"


KINDS: Final[dict[str, Callable[[Manifest], dict[str, str]]]] = {
    "axolotl": _axolotl,
    "llamafactory": _llamafactory,
    "trl": _trl,
}
FILES: Final = {
    "axolotl": ("axolotl.yaml",),
    "llamafactory": ("dataset_info.json", "llamafactory.yaml"),
    "trl": ("trl.yaml",),
}
"""File names for each trainer."""
