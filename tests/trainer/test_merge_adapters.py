"""Adapters composed: exactly their sum, or refused."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.errors import UsageError

if TYPE_CHECKING:
    from train.model.adapters import LoraWeights


def factors(rank: int, scale: float, modules: str, seed: int) -> "LoraWeights":
    import torch

    from train.model.adapters import LoraWeights

    generator = torch.Generator().manual_seed(seed)
    made = {
        name: (torch.randn(rank, 5, generator=generator), torch.randn(7, rank, generator=generator)) for name in modules
    }
    config: Any = SimpleNamespace(r=rank)
    return LoraWeights(scale, made, config)


MADE = st.builds(factors, st.integers(1, 3), st.floats(0.1, 4), st.sampled_from(["q", "qv", "v"]), st.integers(0, 99))
PARTS = st.lists(st.tuples(MADE, st.floats(-2, 2)), min_size=2, max_size=3)


@pytest.mark.slow
@given(PARTS)
def test_the_sum_is_exact(parts: "list[tuple[LoraWeights, float]]") -> None:
    import torch

    from train.merge_adapters import weighted_sum

    made = weighted_sum([part for part, _ in parts], [weight for _, weight in parts])
    for module, (down, up) in made.items():
        wanted = torch.zeros(7, 5, dtype=torch.float64)
        for part, weight in parts:
            if module in part.modules:
                single = part.modules[module]
                wanted += weight * part.scale * (single[1].double() @ single[0].double())
        assert torch.allclose(up.double() @ down.double(), wanted, atol=1e-4)
        assert down.shape[0] == sum(part.rank for part, _ in parts)


@pytest.mark.slow
@pytest.mark.parametrize("rslora", [False, True])
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated")  # PEFT
def test_the_factors_of_a_saved_adapter_give_the_update_that_peft_computes(
    tiny_model: Path, tmp_path: Path, rslora: bool
) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from train.model.adapters import lora_weights

    config = LoraConfig(r=4, lora_alpha=6, use_rslora=rslora, target_modules=["q_proj"], task_type="CAUSAL_LM")
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model), config)
    layer = next(module for name, module in model.named_modules() if name.endswith("q_proj"))
    torch.nn.init.normal_(layer.lora_B["default"].weight)
    model.save_pretrained(str(tmp_path))
    read = lora_weights(tmp_path)
    ((down, up),) = read.modules.values()
    assert torch.allclose(read.scale * up @ down, layer.get_delta_weight("default"), atol=1e-6)


@pytest.mark.slow
def test_a_composition_is_measured_on_what_each_was_trained_for(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from train.inference import chat_model
    from train.trained import open_trained

    run = str(finished / "run")
    assert (
        main(
            ["export", "--merge", run, run, "--weights", "0.25,0.75", "-o", str(tmp_path / "out"), "--json", "--quiet"]
        )
        == 0
    )
    made = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / "out/merge.json").read_text()) == made
    assert made["rank"] == 32
    for one in made["members"]:  # a quarter and three quarters of one adapter are that adapter
        assert one["composed_loss"] == pytest.approx(one["alone_loss"], rel=1e-4)
        assert one["kept"] == pytest.approx(1, abs=1e-2)
    answers = []
    for place in (run, str(tmp_path / "out")):
        assert main(["chat", place, "--ask", "Number 2: repeat pear twice.", "--max-new-tokens", "6"]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]
    composed = str(tmp_path / "out")
    assert main(["export", composed, "--to", "merged", "-o", str(tmp_path / "whole"), "--prompts", "2", "--json"]) == 0
    exported = json.loads(capsys.readouterr().out)
    assert exported["proof"]["adapter_loss"] == pytest.approx(made["members"][0]["composed_loss"], abs=0.3)
    words = ["--systems", "zero-shot,tuned", "--limit", "4", "--max-new-tokens", "4", "--json"]
    assert main(["evaluate", composed, *words]) in (0, 1)
    evaluated = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in evaluated["results"]] == ["zero-shot", "tuned"]
    assert evaluated["notes"][0].startswith("the adapter is merged, perhaps of trainings on other data: ")
    copy = str(tmp_path / "copy")  # without the evaluation, which is beside the adapter
    assert main(["export", composed, "--to", "adapter", "-o", copy, "--prompts", "2"]) == 0
    assert capsys.readouterr().err.endswith(f"next: curate chat {copy}\n")
    assert {file.name for file in Path(copy).iterdir()} == {file.name for file in Path(composed).iterdir()} - {
        "evaluation",
        "evaluation.json",
        *(file.name for file in Path(composed).glob("*lock*")),
    } | {"README.md"}
    for place in (composed, copy):
        config = Path(place) / "adapter_config.json"
        config.write_text(config.read_text().replace('"lora_alpha": 32', '"lora_alpha": 64'))
        assert main(["chat", place, "--ask", "Hi"]) == 2
        assert f"{config}: was changed since the export" in capsys.readouterr().err
    assert main(["export", composed, "--to", "merged", "-o", str(tmp_path / "other"), "--prompts", "2"]) == 2
    assert "adapter_config.json: was changed since the adapters were composed" in capsys.readouterr().err
    config = Path(composed) / "adapter_config.json"
    config.write_text(config.read_text().replace('"lora_alpha": 64', '"lora_alpha": 32'))
    capsys.readouterr()
    assert main(["evaluate", composed, "--overfitting"]) == 2
    assert "name a run that it is composed of" in capsys.readouterr().err
    told = []
    for name, system, thinks in (("one", "Be brief.", 1.0), ("other", "Be brief.", 1.0), ("third", None, 0.0)):
        shutil.copytree(run, tmp_path / name)
        tone = {"tone": "warm"} if name == "third" else {}
        shared = {"chat_template_kwargs": {"enable_thinking": bool(thinks), "style": "plain", **tone}}
        values = {"system": system, "shared": shared, "reasoning": thinks}
        report = json.loads((tmp_path / name / "report.json").read_text()) | values
        (tmp_path / name / "report.json").write_text(json.dumps(report))
    for second in ("other", "third"):  # takes the place of the former all the same
        runs = [str(tmp_path / name) for name in ("one", second)]
        merge = ["export", "--merge", *runs, "-o", composed, "--limit", "1", "--quiet"]
        assert main(merge) == 0
        told.append((open_trained(composed).report.system, chat_model(composed).system))
        reported = open_trained(composed).report
        reasoning = {"other": 1.0, "third": 0.5}[second]
        thinking = {"enable_thinking": second == "other"}
        assert reported.reasoning == reasoning
        assert reported.shared["chat_template_kwargs"] == {"style": "plain"} | thinking
        notes = json.loads((Path(composed) / "export.json").read_text())["notes"]
        assert ("for an answer with reasoning (50% of the training examples), false" in notes[1]) == (reasoning == 0.5)
        printed = " ".join(capsys.readouterr().out.split())
        assert all(" ".join(note.split()) in printed for note in notes[1:])
        assert [note.partition(": ")[2].partition("; the")[0] for note in notes[2:]] == (
            [f'{runs[0]} with none of them; {runs[1]} with tone = "warm"'] if second == "third" else []
        )
    assert told == [("Be brief.", "Be brief."), (None, None)]


@pytest.mark.slow
def test_what_would_not_be_exact_is_refused_with_the_reason(finished: Path, tmp_path: Path) -> None:
    from train.merge_adapters import require_mergeable
    from train.model.adapters import obstacle
    from train.trained import open_trained

    run = open_trained(str(finished / "run"))
    other_base = replace(run, report=run.report.model_copy(update={"base": "sha256:other"}))
    other_template = replace(run, report=run.report.model_copy(update={"template": "other"}))
    other_method = replace(run, recipe=run.recipe.model_copy(update={"method": "ia3"}))
    for second, why in (
        (other_base, "was trained on"),
        (other_template, "another chat template"),
        (other_method, "no low-rank factors"),
    ):
        with pytest.raises(UsageError, match=why):
            require_mergeable([run, second], [1, 1])
    for weights in ([1.0], [1.0, 0.0], [1.0, float("nan")]):
        with pytest.raises(UsageError, match="--weights"):
            require_mergeable([run, run], weights)
    config = json.loads((finished / "run/adapter/adapter_config.json").read_text())
    for change, why in (
        ({"use_dora": True}, "DoRA"),
        ({"bias": "all"}, "biases"),
        ({"init_lora_weights": "pissa"}, "changed the base"),
    ):
        (tmp_path / "adapter_config.json").write_text(json.dumps({**config, **change}))
        assert why in (obstacle(tmp_path) or "")
