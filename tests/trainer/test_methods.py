"""Every method on a base in 4 bits: it learns, is saved, comes back the same, and goes on where it was stopped."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from curate.core.errors import ConfigError, ModelError
from tests.trainer.tiny import write_recipe
from train.methods import METHODS, MethodName
from train.recipe import Recipe, load_recipe

pytestmark = pytest.mark.slow

VARIANTS: dict[str, dict[str, Any]] = {
    "lora": {"method": "lora"},
    "qlora": {},
    "rslora": {"rslora": True},
    "dora": {"dora": True},
    "olora": {"initialisation": "olora"},
    "ia3": {"method": "ia3", "learning_rate": 0.05},
    "prefix": {"method": "prefix-tuning", "virtual_tokens": 4},
    "prompt": {"method": "prompt-tuning", "virtual_tokens": 4, "learning_rate": 0.05},
    "houlsby": {"method": "bottleneck", "places": "houlsby", "bottleneck": 8},
    "pfeiffer": {"method": "bottleneck", "places": "pfeiffer", "bottleneck": 8},
    "full": {"method": "full", "learning_rate": 1e-3},
}
IN_16_BITS = ("lora", "full")
"""Those whose base is not in 4 bits."""


def test_every_method_is_among_these() -> None:
    from train.model.adapters import CONFIGS

    assert {keys.get("method", "qlora") for keys in VARIANTS.values()} == METHODS.keys()
    assert {*CONFIGS, "full"} == METHODS.keys() == {*get_args(MethodName)}


@pytest.mark.parametrize("wanted", ["q_proj,nonsense", r".*\.nonsense", "up_proj", r".*\.mlp"])
@pytest.mark.parametrize("method", ["lora", "ia3"])
def test_a_target_module_that_the_model_lacks_is_refused(project: Path, wanted: str, method: str) -> None:
    from train.model.adapters import add_adapter
    from train.model.base import load_base

    found = load_recipe(
        write_recipe(project, method=method, rank=None, dropout=None, quantisation="none"),
        [f"target_modules={wanted}"],
    )
    import torch

    base = load_base(found, torch.float32, checkpointing=False)
    if wanted == "up_proj":
        add_adapter(base, found)
        return
    with pytest.raises(ConfigError, match=r"target_modules: .*(nonsense|mlp: not a layer)") as caught:
        add_adapter(base, found)
    assert "q_proj" in str(caught.value.hint)
    assert "Linear(" not in caught.value.message


FAMILIES: dict[str, dict[str, Any]] = {
    "opt": {"word_embed_proj_dim": 32, "ffn_dim": 48},
    "phi": {"intermediate_size": 48},
    "deepseek_v3": {"q_lora_rank": 8, "kv_lora_rank": 8, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 16,
                    "intermediate_size": 48, "first_k_dense_replace": 1},
    "mixtral": {"intermediate_size": 48, "num_local_experts": 2},
    "qwen3_next": {"intermediate_size": 48, "num_experts": 0},
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("opt", {"target_modules": "attention+mlp"}, {"q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"}),
        ("phi", {"target_modules": "attention"}, {"q_proj", "k_proj", "v_proj", "dense"}),
        ("deepseek_v3", {"target_modules": "attention"},
         {"q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj"}),
        ("mixtral", {"target_modules": "attention+mlp"}, "no module of a known name in its MLP"),
        ("mixtral", {"method": "ia3"}, "no module of a known name in its MLP"),
        ("mixtral", {"method": "bottleneck", "places": "houlsby"}, "no module of a known name in its MLP"),
        ("mixtral", {"method": "ia3", "target_modules": "attention"}, {"k_proj", "v_proj"}),
        ("qwen3_next", {"target_modules": "attention"}, "does not know the layers in_proj"),
        ("phi", {"method": "ia3", "target_modules": r".*\.(v_proj|fc2)"}, {"v_proj", "fc2"}),
    ],
)  # fmt: skip
def test_a_preset_trains_all_of_a_part_or_is_refused(kind: str, values: dict[str, Any], expected: Any) -> None:
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer
    from transformers import AutoConfig

    from train.memory.memory_profile import meta_model

    layers = 4 if kind == "qwen3_next" else 1
    sizes = {"vocab_size": 64, "hidden_size": 32, "num_hidden_layers": layers, "num_attention_heads": 2}
    config = AutoConfig.for_model(kind, **sizes, **FAMILIES[kind])
    recipe = Recipe.model_validate({"model": "m", "data": "d", "method": "lora", "quantisation": "none"} | values)
    if isinstance(expected, str):
        with pytest.raises(ConfigError, match=expected):
            meta_model(config, recipe, torch.float32)
        return
    model = meta_model(config, recipe, torch.float32)
    tuned = {path.rpartition(".")[2]: one for path, one in model.named_modules() if isinstance(one, BaseTunerLayer)}
    assert tuned.keys() == expected
    if recipe.method == "ia3":
        assert {name for name, one in tuned.items() if one.is_feedforward} == expected & {"fc2"}


def recipe_of(project: Path, variant: str, **values: Any) -> Recipe:
    own = METHODS[VARIANTS[variant].get("method", "qlora")].keys
    without = {key: None for key in ("rank", "dropout") if key not in own}
    changes = (
        {"max_steps": 4, "save_every": 2, "generations": 1, "max_new_tokens": 2} | without | VARIANTS[variant] | values
    )
    return load_recipe(write_recipe(project, **changes))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "its weights are quantised already"),
        ({"model_type": "mixtral", "architectures": ["MixtralForCausalLM"], "num_local_experts": 8}, "has 8 experts"),
    ],
)
def test_bases_that_would_be_trained_otherwise_are_refused_before_they_are_loaded(
    project: Path, tmp_path: Path, keys: dict[str, Any], said: str
) -> None:
    from train.model.base import DTYPES, load_base

    (tmp_path / "other").mkdir()
    config = json.loads((project / "model/config.json").read_text())
    (tmp_path / "other/config.json").write_text(json.dumps(config | keys))
    with pytest.raises(ModelError, match=said):
        load_base(load_recipe(write_recipe(project, model="other")), DTYPES["float32"])


@pytest.mark.parametrize("targets", ["all-linear", ("q_proj", "fc1"), r".*(q_proj|fc1)"])
def test_a_vision_tower_gets_no_adapters(targets: Any, tmp_path: Path) -> None:
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    from train.model.adapters import add_adapter
    from train.model.base import load_base

    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 2}
    text = {**sizes, "vocab_size": 300, "num_hidden_layers": 2, "num_key_value_heads": 1, "head_dim": 16}
    vision = {**sizes, "num_hidden_layers": 1, "image_size": 16, "patch_size": 8}
    ids = {"mm_tokens_per_image": 4, "image_token_index": 299, "boi_token_index": 297, "eoi_token_index": 298}
    Gemma3ForConditionalGeneration(Gemma3Config(text_config=text, vision_config=vision, **ids)).save_pretrained(
        tmp_path
    )
    recipe = Recipe(model=str(tmp_path), data="d", method="lora", rank=2, target_modules=targets)
    model = add_adapter(load_base(recipe, torch.float32), recipe)
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert len(trained) == (28 if targets == "all-linear" else 4)  # weights A and B of 7 or 1 matrices in 2 layers
    assert all(".language_model." in name for name in trained)


@pytest.mark.parametrize("initialisation", ["olora", "pissa"])
def test_the_base_is_measured_before_an_adapter_changes_it(project: Path, initialisation: str) -> None:
    from train.data.splits import prepare
    from train.evaluation.local_model import LocalModel
    from train.journal import JournalPrinter
    from train.model.base import load_base
    from train.results import Report
    from train.run_folder import RunFolder
    from train.trained import open_trained
    from train.training.held_out import held_out_loss
    from train.training.training import train_until

    printer = JournalPrinter(quiet=True)
    targets = ("q_proj", "lm_head")  # an output layer that becomes another one after it was measured
    recipe = recipe_of(
        project, "lora", initialisation=initialisation, target_modules=targets, dtype="float32", max_steps=2
    )
    report = train_until(1.0, recipe, RunFolder(project / "run"), mode="new", printer=printer)
    assert isinstance(report, Report)
    trained = open_trained(str(project / "run"))
    texts = prepare(recipe, printer).held_out.encoded
    loss = held_out_loss(load_base(recipe, trained.dtype), texts, trained.dtype, packing=False, done=lambda _: None)
    assert report.base_loss == pytest.approx(loss, rel=1e-4)
    with LocalModel(trained, printer).lent(tuned=False) as model:
        again = held_out_loss(model(), texts, trained.dtype, packing=False, done=lambda _: None)
    assert again == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_method_learns_comes_back_and_goes_on(project: Path, variant: str) -> None:
    import torch

    from train.data.splits import prepare
    from train.journal import JournalPrinter
    from train.model.adapters import load_adapter, load_adapter_weights
    from train.model.base import DTYPES, autocast, load_base
    from train.model.loss import use_chunked_cross_entropy
    from train.results import Report
    from train.run_folder import RunFolder
    from train.training.held_out import held_out_loss
    from train.training.training import train_until

    printer = JournalPrinter(quiet=True)
    recipe, folder = recipe_of(project, variant), RunFolder(project / "run")
    report = train_until(1.0, recipe, folder, mode="new", printer=printer)
    assert isinstance(report, Report)
    assert report.tuned_loss < report.base_loss
    assert 0 < report.trainable_parameters <= report.total_parameters
    assert recipe.quantised == (variant not in IN_16_BITS)

    dtype = DTYPES[folder.read("environment.json")["dtype"]]
    texts = prepare(recipe, printer).held_out.encoded
    base = load_base(recipe, dtype)
    if variant == "full":
        back = base.float()
        load_adapter_weights(back, folder.adapter)
    else:
        back = load_adapter(base, folder.adapter)
    with autocast(dtype):  # as in training; otherwise the last digits may differ
        use_chunked_cross_entropy(back, back.device)
    assert held_out_loss(back, texts, dtype, packing=True, done=lambda _: None) == report.tuned_loss
    alone = held_out_loss(back, texts, dtype, packing=False, done=lambda _: None)
    assert alone == pytest.approx(report.tuned_loss, rel=1e-2)

    weights = next(folder.adapter.glob("*.safetensors"))
    before = weights.read_bytes()
    shutil.rmtree(folder.path / "checkpoints" / "checkpoint-4")
    for name in ("report.json", "adapter"):
        left = folder.path / name
        left.unlink() if left.is_file() else shutil.rmtree(left)
    torch.manual_seed(99)
    assert train_until(1.0, recipe, folder, mode="resume", printer=printer) == report
    assert weights.read_bytes() == before


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"method": "ia3", "rank": 8}, "method 'ia3' does not use rank"),
        ({"method": "qlora", "quantisation": "none"}, "qlora without quantisation is lora"),
        ({"method": "full", "quantisation": "nf4"}, "cannot be trained"),
        ({"initialisation": "pissa"}, "needs a base that is not in 4 bits"),
        ({"parallel": "fsdp"}, "each GPU would hold all of them"),
        ({"method": "prefix-tuning", "activation_checkpointing": True}, "does not work with activation_checkpointing"),
        ({"patience": 2, "evaluate_every": 0}, "patience counts measurements"),
    ],
)
def test_what_cannot_be_is_said_when_the_recipe_is_read(tmp_path: Path, values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_recipe(write_recipe(tmp_path, rank=values.pop("rank", None), dropout=None, **values))
    assert said in caught.value.message


def test_an_adapter_is_saved_with_its_modules_in_order(finished: Path) -> None:
    """Each process has another order of a set, so a resumed training would end with another file."""
    (config,) = finished.rglob("adapter/adapter_config.json")
    names = json.loads(config.read_text())["target_modules"]
    assert len(names) > 1
    assert names == sorted(names)


def test_weights_that_are_a_pickle_are_not_loaded(finished: Path, tmp_path: Path) -> None:
    """PEFT takes adapter_model.bin where there is nothing else."""
    import torch

    from train.model.adapters import load_adapter, load_adapter_weights, lora_weights
    from train.model.base import load_base
    from train.run_folder import RunFolder

    adapter, planted = RunFolder(finished / "run").adapter, tmp_path / "adapter"
    base = load_base(load_recipe(finished / "recipe.toml"), torch.float32)
    tuned = load_adapter(base, adapter)
    shutil.copytree(adapter, planted)
    weights = planted / "adapter_model.safetensors"
    weights.unlink()
    torch.save({}, planted / "adapter_model.bin")
    for load in (
        lambda: load_adapter(base, planted),
        lambda: load_adapter(tuned, planted, "other"),
        lambda: load_adapter_weights(tuned, planted),
        lambda: lora_weights(planted),
    ):
        with pytest.raises(
            ModelError, match=r"there is no adapter_model\.safetensors, and other formats are not loaded"
        ):
            load()


def test_libraries_print_nothing_beside_a_training(project: Path) -> None:
    """In a process of its own: libraries warn once."""
    recipe = write_recipe(project, method="prefix-tuning", rank=None, dropout=None, max_steps=1, generations=0)
    words = [sys.executable, "-m", "curate", "train", str(recipe), "--run-dir", str(project / "run"), "--quiet"]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, cwd=project)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.slow
def test_lora_plus_has_the_rates_of_pefts_optimizer(tiny_model: Path, tmp_path: Path) -> None:
    import torch
    from peft.optimizers import create_loraplus_optimizer
    from transformers import TrainingArguments

    from train.model.adapters import add_adapter
    from train.model.base import load_base
    from train.recipe import Recipe
    from train.training.loop import make_optimizer

    recipe = Recipe(model=str(tiny_model), data="d", method="lora", lora_plus=16)
    model = add_adapter(load_base(recipe, torch.float32), recipe)
    arguments = TrainingArguments(str(tmp_path), learning_rate=1e-3, use_cpu=True, optim="adamw_torch")
    theirs = create_loraplus_optimizer(model, torch.optim.AdamW, lr=1e-3, loraplus_lr_ratio=16)

    def rates(optimizer: Any) -> dict[int, float]:
        return {id(parameter): group["lr"] for group in optimizer.param_groups for parameter in group["params"]}

    ours = rates(make_optimizer(model, arguments, recipe.lora_plus))
    assert ours == rates(theirs)
    assert set(ours.values()) == {1e-3, 16e-3}
    assert set(rates(make_optimizer(model, arguments)).values()) == {1e-3}
