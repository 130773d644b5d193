"""Configurations of other trainers: each key has its meaning, and none is dropped in silence."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import chat, rows_of
from train.recipe import load_recipe
from train.recipe_import.configuration import SAME
from train.recipe_import.keys import KEYS

CONFIGURATIONS = Path(__file__).parents[1] / "data/trainer_configs"
MISSION = """
from transformers import TrainingArguments
args = TrainingArguments(
    output_dir="./out", num_train_epochs=3, per_device_train_batch_size=4, gradient_accumulation_steps=4,
    learning_rate=2e-4, fp16=True, logging_steps=10, save_strategy="epoch",
)
"""
TOKENS = 128
"""Of an example of `split`, as it is estimated: 4 bytes each, and 8 for a message."""
ANSWER_TOKENS = 3
"""That are trained on, of each example of the tiny project."""
LORA = 'LoraConfig(target_modules=["q_proj"])\n'


def split(examples: int = 8_000) -> Path:
    Path("out").mkdir()
    line = json.dumps(chat("q" * 4 * 56, "a" * 4 * 56)) + "\n"
    Path("out/train.jsonl").write_text(line * examples)
    return Path("out")


def imported(
    source: Path | str, capsys: pytest.CaptureFixture[str], *words: str, suffix: str = ".py"
) -> tuple[dict[str, Any], str]:
    """The recipe's keys, and what was printed besides."""
    path = source if isinstance(source, Path) else Path(f"source{suffix}")
    if isinstance(source, str):
        path.write_text(source)
    code = main(["recipe", "import", str(path), *words, "-o", "-"])
    told = capsys.readouterr()
    assert (code == 0) == bool(told.out), told.err
    return tomllib.loads(told.out), " ".join(told.err.split())


def test_the_training_arguments_of_a_script_are_a_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    recipe, told = imported(MISSION, capsys, "--model", "a/b")
    assert recipe == {
        "model": "a/b", "data": "split", "epochs": 3, "batch": 16, "learning_rate": 2e-4, "dtype": "float16",
        "schedule": "linear", "warmup": 0.0, "optimiser": "adamw_torch", "keep": "last",
        "method": "auto",
    }  # fmt: skip
    for key in ("output_dir", "logging_steps", "save_strategy"):
        assert f"ignored {key} = " in told
    assert 'default lr_scheduler_type = "linear" schedule = "linear" default of TrainingArguments' in told
    assert imported(MISSION, capsys, "--model", "a/b", "--processes", "2")[0]["batch"] == 32
    assert imported(MISSION, capsys)[1].endswith(
        "source.py: model: no base model is named; name it with --model next: change these keys; no recipe was written"
    )


@pytest.mark.parametrize(
    "source",
    [
        "stage: pt\nfinetuning_type: lora\nmodel_name_or_path: a/b\n",
        "base_model: a/b\nadapter: lora\nlora_target_linear: true\nlora_r: 8\nlora_alpha: 8\ndatasets:\n  - path: c\n"
        "    type: completion\n",
    ],
    ids=["llama-factory", "axolotl"],
)
def test_pretraining_on_texts_is_an_objective(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, told = imported(source, capsys, suffix=".yaml")
    assert recipe["objective"] == "pt", told


@pytest.mark.parametrize(
    ("name", "sequences", "length", "expected"),
    [
        ("axolotl-qlora.yml", 8, 4096, {
            "method": "qlora", "rank": 32, "alpha": 16, "dropout": 0.05, "target_modules": "all-linear", "epochs": 4,
            "optimiser": "paged_adamw_32bit", "over_length": "leave-out", "keep": "last", "chat_template": "alpaca",
        }),
        ("axolotl-lora-1b.yml", 4, 2048, {"method": "lora", "rank": 16, "optimiser": "adamw_8bit", "epochs": 1}),
        ("llamafactory-sft.yaml", 8, 0, {
            "method": "qlora", "rank": 8, "alpha": 16, "max_length": 2048, "warmup": 0.1, "evaluate_every": 500,
            "dtype": "bfloat16", "target_modules": "all-linear", "optimiser": "adamw_torch", "keep": "last",
        }),
        ("llamafactory-dpo.yaml", 8, 0, {"objective": "dpo", "beta": 0.1, "learning_rate": 5e-6, "method": "lora"}),
        ("trl-sft.yaml", 8, 0, {
            "method": "qlora", "alpha": 16, "double_quantisation": False, "warmup": 0.1, "dtype": "bfloat16",
            "seed": 42, "report_to": ["tensorboard"], "evaluate_every": 1000,
        }),
        ("trl-dpo.yaml", 4, 0, {"objective": "dpo", "beta": 0.01, "dropout": 0.0, "optimiser": "paged_adamw_32bit"}),
        ("unsloth_alpaca.py.txt", 8, 0, {
            "model": "unsloth/Llama-3.1-8B", "method": "qlora", "alpha": 16, "max_steps": 60, "schedule": "linear",
            "warmup": 0.0833333, "max_length": 2048, "weight_decay": 0.001, "seed": 3407, "optimiser": "adamw_8bit",
        }),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
@pytest.mark.slow
def test_public_configurations_keep_their_meaning(
    name: str, sequences: int, length: int, expected: dict[str, Any]
) -> None:
    path = Path(name.removesuffix(".txt"))
    path.write_text((CONFIGURATIONS / name).read_text())
    assert main(["recipe", "import", str(path), "--for", str(split()), "-o", "recipe.toml"]) == 0
    recipe = tomllib.loads(Path("recipe.toml").read_text())
    assert {key: recipe.get(key) for key in expected} == expected
    assert recipe["batch"] == sequences * (length // TOKENS or 1)
    assert load_recipe(Path("recipe.toml")).data == str(Path("out").resolve())
    if name == "trl-sft.yaml":
        assert "message['role']" in Path(recipe["chat_template"]).read_text()


def test_the_name_of_a_key_decides_nothing_alone(capsys: pytest.CaptureFixture[str]) -> None:
    names = [name for key in KEYS for name in key.names]
    assert len(names) == len(set(names))
    assert not SAME.keys() & set(names)
    assert {name for name in SAME.values() if name not in names} == set()
    _, told = imported("AdamW(1)\nSFTConfig(learning_rat=1, max_steps=5)\n", capsys, "--model", "m")
    assert "learning_rat = 1 (SFTConfig:2): not a known key; did you mean learning_rate?" in told


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("SFTConfig(max_steps=5, learning_rate=args.rate)", "an expression: args.rate; write the value as a literal"),
        ("SFTConfig(max_steps=5, **more)", "not a known key"),
        ("SFTConfig(warmup_steps=10)", "10 steps of warm-up; a recipe has a share of the steps"),
        ("SFTConfig(packing=True)", "counts sequences of max_length tokens; a recipe counts examples"),
        ("SFTConfig(assistant_only_loss=False)", "the loss covers the answers only"),
        ("SFTConfig(beta=.1)", "beta belongs to dpo, orpo and kto"),
        ("SFTConfig(adam_beta2=.95)", "AdamW has the betas 0.9 and 0.999"),
        ("SFTConfig(lr_scheduler_type='polynomial')", "use one of constant, constant_with_warmup, linear, cosine"),
        ("DPOConfig(loss_type='ipo')", "this loss of dpo"),
        ("SFTConfig(rope_scaling={'type': 'linear', 'factor': 2.0})", "no YaRN with a factor alone"),
        ("SFTConfig(loraplus_lr_ratio=0.5)", "a ratio below 1"),
        ("LoraConfig(r=8)", "no target modules: PEFT chooses them by the type of the model"),
        (LORA + "SFTConfig(max_length=512)\nSFTTrainer(max_seq_length=1024)", "given twice, with different values"),
        ("LoraConfig(target_modules=['q_proj'], modules_to_save=['lm_head'])", "whole modules beside an adapter"),
        ("LoraConfig(target_modules=['q_proj'], bias='all')", "biases are not trained"),
        (LORA + "BitsAndBytesConfig(load_in_4bit=True)", "4 bits of another type than NF4"),
        (LORA + "BitsAndBytesConfig(load_in_8bit=True)", "the base in other than 4 or 16 bits"),
        (LORA + LORA, "called twice; the first call is read; keep one of them"),
        ("SFTConfig(per_device_train_batch_size=True)", "not a number of this kind"),
        ("SFTConfig(max_length=None)", "no limit; write the tokens of the longest example"),
    ],
    ids=lambda value: value.splitlines()[-1] if "(" in value else "",
)
def test_what_has_no_equal_is_refused_with_its_reason(
    script: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, told = imported(script, capsys, "--model", "m")
    assert recipe == {}
    assert reason in told
    assert "no recipe was written" in told


def test_yarn_and_lora_plus_are_imported(capsys: pytest.CaptureFixture[str]) -> None:
    flat = "use_peft: true\nmodel_name_or_path: m\nlora_target_modules: all-linear\nloraplus_lr_ratio: 16\n"
    scaling = "rope_scaling: {rope_type: yarn, factor: 4}\n"
    recipe, _ = imported(flat + scaling, capsys, suffix=".yaml")
    assert (recipe["lora_plus"], recipe["yarn"]) == (16, 4)
    recipe, _ = imported(flat.replace("16", "null") + "rope_scaling: null\n", capsys, suffix=".yaml")
    assert recipe.keys().isdisjoint({"lora_plus", "yarn"})


def test_defaults_of_the_other_tool_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    recipe, _ = imported(
        LORA + "DPOConfig(max_steps=9, warmup_steps=3, lr_scheduler_type='cosine')", capsys, "--model", "m"
    )
    assert (recipe["rank"], recipe["alpha"], recipe["learning_rate"]) == (8, 8, 1e-6)
    assert (recipe["objective"], recipe["batch"], recipe["method"]) == ("dpo", 8, "lora")
    assert recipe["warmup"] == pytest.approx(1 / 3, abs=1e-6)
    assert "schedule" not in recipe or recipe["schedule"] == "cosine"
    assert recipe["dtype"] == "bfloat16"
    flat = "objective: orpo\nuse_peft: false\nmodel_name_or_path: m\n"
    assert imported(flat, capsys, suffix=".yaml")[0]["learning_rate"] == 1e-6
    whole, told = imported("SFTConfig(max_steps=5)", capsys, "--model", "m")
    assert whole["learning_rate"] == 2e-5
    assert "assistant_only_loss = false" in told
    loads = "AutoModelForCausalLM.from_pretrained('m', torch_dtype=torch.float32)\n"
    second = "AutoModelForCausalLM.from_pretrained('tuned')\n"
    full, _ = imported(loads + "TrainingArguments(max_steps=2)\n" + second, capsys)
    assert (full["model"], full["method"], full["dtype"]) == ("m", "full", "float32")
    auto, _ = imported("TrainingArguments(max_steps=2, fp16=not bf16(), bf16=bf16())", capsys, "--model", "m")
    assert auto["dtype"] == "auto"


def test_tables_of_json_and_toml_are_the_classes(capsys: pytest.CaptureFixture[str]) -> None:
    arguments, lora = (
        {"max_steps": 5, "learning_rate": "1e-4"},
        {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"},
    )
    text = json.dumps({"TrainingArguments": arguments, "lora_config": lora, "model_name_or_path": "m"})
    recipe, _ = imported(text, capsys, suffix=".json")
    assert (recipe["rank"], recipe["method"], recipe["learning_rate"], recipe["model"]) == (4, "lora", 1e-4, "m")
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in {**arguments, "model": "m"}.items())
    assert imported(text, capsys, suffix=".toml")[0]["learning_rate"] == 1e-4


@pytest.mark.parametrize(
    ("text", "suffix", "reason"),
    [
        ("learning_rate: 1\nlearning_rate: 2\n", ".yaml", "the key learning_rate is given twice"),
        ('{"learning_rate": 1, "learning_rate": 2}', ".json", "the key learning_rate is given twice"),
        ("x: !!python/object/apply:os.system ['touch owned']\n", ".yaml", "not valid YAML"),
        ("SFTConfig(", ".py", "not valid Python"),
        ("open('owned', 'w')\n", ".py", "no settings of a training"),
        ("- a list\n", ".yml", "no settings of a training"),
        ("[" * 100_000, ".json", "not valid JSON"),
        pytest.param("[" * 100_000, ".yaml", "not valid YAML", marks=pytest.mark.slow),
        ("(" * 5_000, ".py", "not valid Python"),
        ("{}", ".ipynb", "is a notebook"),
    ],
    ids=lambda value: value[:20],
)
def test_a_file_is_read_and_never_obeyed(
    text: str, suffix: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, told = imported(text, capsys, suffix=suffix)
    assert reason in told
    assert not Path("owned").exists()


def test_hostile_values_and_secrets_are_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    text = 'SFTConfig(max_steps=5, hub_token="hf_0123456789abcdefghij", output_dir="\\x1b[2J\\n[evil]\\nmodel = 1")\n'
    path = Path("source.py")
    path.write_text(text)
    assert main(["recipe", "import", str(path), "--model", 'm"\n[x]', "-o", "recipe.toml"]) == 0
    told = capsys.readouterr().err + Path("recipe.toml").read_text()
    assert "\x1b" not in told
    assert "hf_0123" not in told
    assert load_recipe(Path("recipe.toml")).model == 'm"\n[x]'
    assert main(["recipe", "import", str(path), "--model", "m", "-o", "recipe.toml"]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main(["recipe", "import"]) == main(["recipe", "keys", "x"]) == 2 or capsys.readouterr()


def test_training_arguments_have_their_meaning_in_a_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "recipe.toml"
    block = (
        'output_dir = "out"\nnum_train_epochs = 3\nper_device_train_batch_size = 4\ngradient_accumulation_steps = 4\n'
        'learning_rate = 2e-4\nfp16 = true\nlogging_steps = 10\nsave_strategy = "epoch"\n'
    )
    path.write_text('model = "m"\ndata = "d"\n' + block)
    notes: list[str] = []
    recipe = load_recipe(path, tell=notes.append)
    assert (recipe.batch, recipe.epochs, recipe.learning_rate, recipe.dtype) == (16, 3, 2e-4, "float16")
    assert [note.split(": ")[1].split()[0] for note in notes] == ["output_dir", "logging_steps", "save_strategy"]
    for text, reason in (
        ("gradient_accumulation_steps = 4\n", "multiplies per_device_train_batch_size, which is not given"),
        ("batch = 4\ngradient_accumulation_steps = 4\n", "multiplies per_device_train_batch_size, which is not given"),
        ("fp16 = true\nbf16 = true\n", "not both true"),
        ('fp16 = true\ndtype = "float32"\n', "two names of one key"),
        ("micro_batch_size = 4\n", "unknown key 'micro_batch_size'"),
    ):
        path.write_text('model = "m"\ndata = "d"\n' + text)
        assert main(["train", "--plan", str(path)]) == 2
        told = " ".join(capsys.readouterr().err.split())
        assert reason in told
    assert "`curate recipe import` converts files of other trainers" in told


@pytest.mark.slow
def test_an_imported_recipe_trains_as_many_examples_in_a_step(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    script = (
        "model = AutoModelForCausalLM.from_pretrained('model')\n"
        "lora = LoraConfig(r=4, lora_alpha=8, target_modules='all-linear')\n"
        "args = SFTConfig(per_device_train_batch_size=2, gradient_accumulation_steps=3, max_steps=4, warmup_steps=2,\n"
        "    learning_rate=5e-3, lr_scheduler_type='constant_with_warmup', bf16=False, seed=1)\n"
    )
    Path("train.py").write_text(script)
    assert main(["recipe", "import", "train.py", "--for", "split", "-o", "imported.toml"]) == 0
    small = [f"--set={key}=0" for key in ("generations", "probes", "evaluate_every")]
    assert main(["train", "imported.toml", "--run-dir", "run", *small, "--set", "dtype=float32"]) == 0, (
        capsys.readouterr()
    )
    rows = rows_of("run/metrics.jsonl")
    steps = [row for row in rows if "step" in row]
    assert [row["learning_rate"] for row in steps] == pytest.approx([0, 2.5e-3, 5e-3, 5e-3])
    assert [row["supervised"] for row in steps] == [6 * ANSWER_TOKENS] * 4
