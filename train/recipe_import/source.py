"""Read the settings of a training from Python, YAML, JSON or TOML. Nothing of a file is ever executed."""

import ast
import json
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from curate.core.errors import InputError, requiring
from curate.core.limits import read_regular
from curate.core.text import plural
from curate.core.validation import parsed_json, parsed_toml

MAX_BYTES: Final = 1 << 20
MAX_NUMBER: Final = 1 << 63
ARGUMENTS: Final = ("TrainingArguments", "SFTConfig", "DPOConfig", "ORPOConfig", "KTOConfig")
TRAINERS: Final = {"Trainer": "", "SFTTrainer": "sft", "DPOTrainer": "dpo", "ORPOTrainer": "orpo", "KTOTrainer": "kto"}
LOADERS: Final = {"AutoModelForCausalLM": "transformers", "FastLanguageModel": "unsloth", "FastModel": "unsloth"}
TABLES: Final = {
    **{name.lower(): name for name in (*ARGUMENTS, "LoraConfig", "BitsAndBytesConfig")},
    "trainingargs": "TrainingArguments", "training": "TrainingArguments",
    "seq2seqtrainingarguments": "TrainingArguments", "unslothtrainingarguments": "TrainingArguments",
    "lora": "LoraConfig", "peftconfig": "LoraConfig", "quantizationconfig": "BitsAndBytesConfig",
    "bnbconfig": "BitsAndBytesConfig",
}  # fmt: skip
"""Blocks by the name of a class or table in lower case, without underscores."""
OBJECTS: Final = frozenset((
    "model", "tokenizer", "processing_class", "args", "train_dataset", "eval_dataset", "peft_config", "data_collator",
    "callbacks", "ref_model", "formatting_func", "compute_metrics", "optimizers", "model_init",
    "preprocess_logits_for_metrics", "quantization_config",
))  # fmt: skip
"""Parameters that take an object of the script, which is no setting."""
OPERATORS: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}  # fmt: skip
MARKS: Final = {
    "axolotl": {"base_model", "micro_batch_size", "sequence_len", "num_epochs", "adapter", "sample_packing"},
    "llama-factory": {"finetuning_type", "stage", "cutoff_len", "lora_target", "quantization_bit", "dataset_dir"},
    "trl": {"use_peft", "dataset_name", "dataset_mixture", "dataset_mixer", "bnb_4bit_quant_type"},
}
"""Keys that only one tool has."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A Python expression that is not a literal."""

    text: str


SECOND_CALL: Final = Expression("a second call")
MODEL_CALLS: Final = ("from_pretrained", "FastModel")
"""Calls that load a model; scripts load the result too, after the training."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of the file, with its value."""

    name: str
    value: Any
    place: str = ""
    """Class and line, or table."""


@dataclass(frozen=True, slots=True)
class ImportedSettings:
    """The settings of a file, and the tool that reads it."""

    tool: str
    blocks: tuple[str, ...]
    """Classes whose defaults apply."""
    settings: tuple[Setting, ...]


def read_source(path: Path) -> ImportedSettings:
    """Read the training settings of a Python, JSON, TOML or YAML file. Raises `InputError` if there are none.

    Raises `InputError` also for a file that is a notebook, too large, not readable or not valid.
    """
    try:
        data = read_regular(path)
    except OSError as error:
        raise InputError.of(path, error) from error
    if len(data) > MAX_BYTES:
        raise InputError(
            f"{path}: larger than {MAX_BYTES >> 20} MiB", "a configuration is a small file; check the path"
        )
    kind = path.suffix.lower()
    if kind == ".ipynb":
        raise InputError(f"{path}: is a notebook", "export it first:  jupyter nbconvert --to script NOTEBOOK")
    readers: dict[str, Callable[[str], Any]] = {".py": ast.parse, ".json": _json, ".toml": parsed_toml}
    try:
        content = readers.get(kind, _yaml)(data.decode("utf-8-sig"))
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        what = {".py": "Python", ".json": "JSON", ".toml": "TOML"}.get(kind, "YAML")
        raise InputError(f"{path}: not valid {what}: {error}", "fix the line that the message names") from None
    source = _python(content) if isinstance(content, ast.Module) else _mapping(content)
    if not source.settings:
        raise InputError(
            f"{path}: no settings of a training in it",
            f"a Python file has a call of {', '.join(ARGUMENTS)} or LoraConfig; other files have their keys",
        )
    return source


def _without_repeated_keys(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """The pairs of a JSON object as a dict. Raises `ValueError` for a key that is given twice."""
    if repeated := [str(key) for key, count in Counter(key for key, _ in pairs).items() if count > 1]:
        raise ValueError(f"the key {repeated[0]} is given twice")
    return dict(pairs)


def _json(text: str) -> Any:
    return parsed_json(text, object_pairs_hook=_without_repeated_keys)


def _yaml(text: str) -> Any:
    """Parse YAML without tags for objects. Raises `ValueError`."""
    with requiring("YAML", "train", "yaml"):
        import yaml  # comes with transformers

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """Refuses a key that is given twice."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [key for key, _ in node.value if not key.tag.endswith(":merge")]
            _without_repeated_keys([(self.construct_object(key, deep=True), None) for key in keys])
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text, Loader)  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, TypeError) as error:
        raise ValueError(" ".join(str(error).split())) from None


def _mapping(values: Any) -> ImportedSettings:
    """The settings of a YAML, JSON or TOML file: keys, and tables with the name of a class."""
    settings: list[Setting] = []
    blocks: list[str] = []
    for key, value in values.items() if isinstance(values, Mapping) else ():
        block = TABLES.get(str(key).lower().replace("_", ""))
        if block is not None and isinstance(value, Mapping):
            blocks.append(block)
            settings += [Setting(str(name), item, str(key)) for name, item in value.items()]
        else:
            settings.append(Setting(str(key), value))
    names = {setting.name for setting in settings}
    if "LORA" in (setting.value for setting in settings if setting.name == "peft_type"):
        blocks.append("LoraConfig")
    scores = {tool: len(marks & names) for tool, marks in MARKS.items()}
    tool = max(scores, key=lambda name: scores[name])
    return ImportedSettings(tool if scores[tool] and not blocks else "transformers", tuple(blocks), tuple(settings))


def _python(tree: ast.Module) -> ImportedSettings:
    """The settings of the calls in a script: training arguments, adapter, quantisation, base model and trainer."""
    live = list(_live_nodes(tree))
    names = _constants(live)
    settings: list[Setting] = []
    blocks: list[str] = []
    tool, seen = "transformers", set[str]()
    for call in (node for node in live if isinstance(node, ast.Call)):
        block, position = _block_of(call)
        if not block:
            continue
        if block in seen:
            settings.append(Setting(block, SECOND_CALL, f"line {call.lineno}"))
            continue
        seen.add(block)
        blocks.append(block)
        arguments = list(_arguments(call, names, position))
        tool = "unsloth" if block in ("FastModel", "get_peft_model") else tool
        settings += [Setting(name, value, f"{block}:{line}") for name, value, line in arguments]
    if tool == "transformers" and any(block in (*ARGUMENTS[1:], *TRAINERS) for block in blocks):
        tool = "trl"
    return ImportedSettings(tool, tuple(blocks), tuple(settings))


def _live_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """A node and those below it, without the code under `if False`."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        dead = isinstance(node, ast.If) and isinstance(node.test, ast.Constant) and not node.test.value
        below = node.orelse if isinstance(node, ast.If) and dead else ast.iter_child_nodes(node)
        waiting += reversed(list(below))


def _block_of(call: ast.Call) -> tuple[str, str]:
    """The table of settings that a call makes, and the key of its first positional argument; empty for other calls."""
    path = ast.unparse(call.func).split(".") if isinstance(call.func, ast.Name | ast.Attribute) else [""]
    name, owner = path[-1], path[-2] if len(path) > 1 else ""
    if name == "from_pretrained" and owner in LOADERS:
        return ("FastModel" if LOADERS[owner] == "unsloth" else "from_pretrained"), "model_name_or_path"
    if name == "get_peft_model" and call.keywords and owner in LOADERS:
        return name, "model"
    if name in TRAINERS:
        return name, "model"
    block = TABLES.get(name.lower(), "") if name.endswith(("Arguments", "Config")) else ""
    return block, "output_dir" if block in ARGUMENTS else ""


def _arguments(call: ast.Call, names: Mapping[str, Any], first: str) -> Iterator[tuple[str, Any, int]]:
    """Name, value and line of each argument that is a setting.

    `names`: values of variables; `first`: the name of the first positional argument.
    """
    given = [(first if not nth else "", node) for nth, node in enumerate(call.args)]
    for name, node in (*given, *((keyword.arg, keyword.value) for keyword in call.keywords)):
        value = _value(node, names)
        if name in OBJECTS and not (name == "model" and isinstance(value, str)):
            continue
        if name is None and isinstance(value, dict):
            yield from ((str(key), item, node.lineno) for key, item in value.items())
        elif name is None or not name:
            yield "**" if name is None else "*", Expression(ast.unparse(node)), node.lineno
        else:
            yield ("model_name_or_path" if name == "model" else name), value, node.lineno


def _constants(nodes: list[ast.AST]) -> dict[str, Any]:
    """The variables that are only ever set to one literal."""
    stores = Counter(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    assigned: dict[str, list[Any]] = {}
    for node in nodes:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        target = node.target if isinstance(node, ast.AnnAssign) else target
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(target, ast.Name) and node.value is not None:
            assigned.setdefault(target.id, []).append(_value(node.value, {}))
    return {
        name: values[0]
        for name, values in assigned.items()
        if len(values) == stores[name]
        and not isinstance(values[0], Expression)
        and all(value == values[0] and type(value) is type(values[0]) for value in values)
    }


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of a literal, of a variable that is one, or of arithmetic on them; else the expression."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "torch":
        return node.attr  # a dtype
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        values = [_value(element, names) for element in node.elts]
        return Expression(ast.unparse(node)) if any(isinstance(element, Expression) for element in values) else values
    if isinstance(node, ast.Dict):
        pairs = [
            (_value(key, names) if key else Expression(""), _value(value, names))
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        has_plain_keys = all(isinstance(key, str) for key, _ in pairs)
        return _without_repeated_keys(pairs) if has_plain_keys else Expression(ast.unparse(node))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand, names)
        return -value if _is_number(value) else Expression(ast.unparse(node))
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = _value(node.left, names), _value(node.right, names)
        if _is_number(left) and _is_number(right) and (right or not isinstance(node.op, ast.Div | ast.FloorDiv)):
            return OPERATORS[type(node.op)](left, right)
    return Expression(ast.unparse(node))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER


def shown(name: str, value: Any) -> str:
    """A value as a table shows it: secrets are left out, and long lists are given by their length."""
    if name.endswith(("token", "api_key", "secret")):
        return "(not shown)"
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, list | dict) and len(json.dumps(value, default=str)) > 60:
        return plural(len(value), "entry" if isinstance(value, dict) else "value")
    return json.dumps(value, ensure_ascii=False, default=str)
