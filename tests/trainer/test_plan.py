"""The plan: what a training will do and need, told without loading a weight, and whether it would begin."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.storage.shards import shard_names
from tests.conftest import rows_of
from tests.trainer.test_template import PHI, QWEN3
from tests.trainer.tiny import CHATML, conversations, write_recipe
from train.recipe import load_recipe
from train.run_folder import identify

pytestmark = pytest.mark.slow


def plan(project: Path, capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> dict[str, Any]:
    assert main(["train", "--plan", str(project / "recipe.toml"), "--json", "--quiet", *words]) == status
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_plan_says_what_the_training_then_does(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for weights in (project / "model").resolve().glob("*.safetensors"):
        weights.touch()  # they are there, and a plan reads none of them:
    made = plan(project, capsys)
    assert made["refusals"] == []
    assert main(["train", str(project / "recipe.toml"), "--run-dir", str(project / "run"), "--json", "--quiet"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (made["epochs"], made["evaluate_every"], made["keep"]) == (1.2, None, "last")
    for key in ("steps", "trainable_parameters", "total_parameters", "learning_rate", "mismatches"):
        assert made[key] == report[key], key
    lines = rows_of(project / "run/metrics.jsonl")
    assert made["tokens"] == sum(line["tokens"] for line in lines if "loss" in line)
    assert made["supervised"] == sum(line["supervised"] for line in lines if "loss" in line)
    assert {split["name"]: split["examples"] for split in made["splits"]} == {"train": 40, "test": 6}


def test_the_plan_says_when_the_training_measures_and_what_it_keeps(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = ["--set", "evaluate_every=5", "--set", "patience=2", "--set", "warmup=0.25"]
    recipe = str(project / "recipe.toml")
    assert main(["train", "--plan", recipe, *measured]) == 0
    told = capsys.readouterr()
    without = "note: no validation split: nothing is measured during the training; patience has no effect and the last"
    assert without in told.err
    assert "nothing during the training; the last adapter is kept" in told.out
    (project / "split/validation.jsonl").write_bytes((project / "split/test.jsonl").read_bytes())
    assert main(["train", "--plan", recipe, *measured]) == 0
    told = capsys.readouterr()
    assert "no validation split" not in told.err
    assert "every 5 steps on 6 examples of validation; the best adapter is kept" in told.out
    assert "cosine after 3 steps of warm-up" in told.out
    assert main(["train", recipe, *measured, "--run-dir", str(project / "run"), "--quiet"]) == 0
    events = rows_of(project / "run/metrics.jsonl")
    assert [line["step"] for line in events if line.get("event") == "validation"] == [5, 10, 12]
    rates = [line["learning_rate"] for line in events if "loss" in line]
    assert rates.index(max(rates)) == 3
    kept = disk_used(project / "run/checkpoints") + disk_used(project / "run/adapter")
    capsys.readouterr()
    assert plan(project, capsys, *measured)["disk"] >= kept > 0


def disk_used(folder: Path) -> int:
    """Bytes of the weights and optimizer states in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.suffix in (".safetensors", ".pt"))


def test_a_split_in_shards_is_the_same_training(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, identity = plan(project, capsys), identify(load_recipe(project / "recipe.toml"))
    for name in ("train", "test"):
        file = project / f"split/{name}.jsonl"
        lines = file.read_bytes().splitlines(keepends=True)
        for number, shard in enumerate(shard_names(file.name, 2)):
            file.with_name(shard).write_bytes(b"".join(lines[number * 3 : 3 if not number else None]))
        file.unlink()
    assert identify(load_recipe(project / "recipe.toml")) == identity
    sharded = plan(project, capsys)
    assert all(sharded[key] == made[key] for key in ("splits", "steps", "tokens", "supervised", "masks"))


def test_the_mask_is_shown_as_the_tokens_have_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    masks = plan(project, capsys)["masks"]
    assert len(masks) == 3
    for mask in masks:
        assert [piece["trained"] for piece in mask] == [False, True]
        assert mask[0]["text"].endswith("<|im_start|>assistant\n")
        assert mask[1]["text"].endswith("<|im_end|>")


def test_the_two_answers_of_a_pair_are_shown_as_such_and_repeat_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = {"prompt": "How?", "chosen": "red red", "rejected": "blue"}
    (project / "split/train.jsonl").write_text((json.dumps(pair) + "\n") * 3)
    (project / "split/test.jsonl").write_text(json.dumps(pair | {"prompt": "Why?"}) + "\n")
    assert main(["train", "--plan", str(project / "recipe.toml"), "--set", "objective=dpo", "--quiet"]) == 0
    told = capsys.readouterr().out
    assert "changes earlier turns" not in told
    assert told.index("A good answer:") < told.index("{+red red<") < told.index("A bad answer:") < told.index("{+blue<")


def test_a_training_that_would_be_refused_is_told_with_the_reason_and_the_way_out(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (project / "split/train.jsonl").open("a") as file:
        file.write(
            json.dumps({"messages": [{"role": "user", "content": "long " * 30}, {"role": "assistant", "content": "x"}]})
            + "\n"
        )
        file.write(json.dumps({"messages": [{"role": "user", "content": "no answer"}]}) + "\n")
    made = plan(project, capsys, status=1)
    assert [refusal["reason"] for refusal in made["refusals"]] == [
        "1 example is longer than max_length",
        "1 example cannot be trained on",
    ]
    assert [one["line"] for one in (*made["over_length"], *made["untrainable"])] == [41, 42]
    assert {found["code"] for found in made["findings"]} >= {"K011"}
    length = made["over_length"][0]["reason"].split()[1]
    made = plan(project, capsys, "--set", f"max_length={length}", "--set", "untrainable=leave-out")
    assert made["over_length"] == []


def test_a_call_that_the_template_does_not_render_is_refused_with_where_to_find_another_one(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "get_price", "arguments": "{}"}}
    messages = [{"role": "user", "content": "The price?"}, {"role": "assistant", "content": "", "tool_calls": [call]}]
    with (project / "split/train.jsonl").open("a") as file:
        file.write(json.dumps({"messages": messages}) + "\n")
    [refusal] = plan(project, capsys, status=1)["refusals"]
    assert refusal["reason"] == "1 example cannot be trained on"
    assert "chat_template" in refusal["next"]
    assert "curate template list" in refusal["next"]


def test_findings_are_those_of_the_chat_template_in_the_recipe(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refuses = "{% if messages[0]['content'].startswith('Number 3:') %}{{ raise_exception('no threes') }}{% endif %}"
    (project / "strict.jinja").write_text(refuses + CHATML.replace("helpful", "helpful and kind" * 8))
    made = plan(project, capsys, "--set", "chat_template=strict.jinja", "--set", "max_length=200", status=1)
    findings = {found["code"]: found for found in made["findings"]}
    told = findings["K004"]
    assert "no threes" in told["message"]
    assert Path(findings["K013"]["place"]).name == "train.jsonl"
    refused = [(Path(told["place"]).name, told["count"])]
    assert refused == [(f"train.jsonl:{made['untrainable'][0]['line']}", len(made["untrainable"]))]


def test_a_second_plan_encodes_no_example_again_unless_a_split_changed(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (project / "split/train.jsonl").open("a") as file:
        file.write(json.dumps({"messages": [{"role": "user", "content": "no answer"}]}) + "\n")
    options = ("--set", "untrainable=leave-out")
    first = plan(project, capsys, *options)
    assert "K011" in {found["code"] for found in first["findings"]}
    with monkeypatch.context() as patched:
        patched.delattr("curate.models.template.Template.encode")
        assert plan(project, capsys, *options)["findings"] == first["findings"]
    lines = (project / "split/train.jsonl").read_text().splitlines(keepends=True)
    (project / "split/train.jsonl").write_text("".join(lines[:-1]))
    assert "K011" not in {found["code"] for found in plan(project, capsys, *options)["findings"]}


def test_what_the_validation_split_holds_is_planned_as_it_is_refused_and_left_out(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = {"messages": [{"role": "user", "content": "long " * 30}, {"role": "assistant", "content": "x"}]}
    (project / "split/validation.jsonl").write_text(
        "".join(json.dumps(one) + "\n" for one in (*conversations(3), long))
    )
    recipe = write_recipe(project, evaluate_every=5)
    (refusal,) = plan(project, capsys, status=1)["refusals"]
    assert refusal["reason"] == "1 example is longer than max_length"
    words = ["train", str(recipe), "--run-dir", str(project / "run"), "--json"]
    assert main([*words, "--quiet"]) == 2
    capsys.readouterr()
    assert main([*words, "--set", "over_length=leave-out"]) == 0
    told = capsys.readouterr()
    assert [(one["split"], one["line"]) for one in json.loads(told.out)["left_out"]] == [("validation", 4)]
    assert "validation: 1 example left out" in told.err


def test_a_change_that_a_recipe_does_not_allow_hides_no_other_that_fits(project: Path) -> None:
    import torch

    from train.memory.autoconfig import TextLengths, cheapest_fit
    from train.memory.memory_profile import MemoryProfile

    values = {"method": "lora", "initialisation": "pissa", "tokens_per_pass": None, "max_length": 8000}
    recipe = load_recipe(write_recipe(project, **values))
    sizes = MemoryProfile(recipe, torch.float32, on_cpu=False)  # qlora takes no pissa
    texts = TextLengths([64] * 20 + [8000], 0.1)
    found = cheapest_fit(sizes, texts, round(sizes.without_steps("adamw_8bit") / 0.9) + 8_000_000, "adamw_torch")
    assert found is not None
    assert {"max_length", "optimiser"} <= found[0].keys()


def test_a_plan_for_another_gpu_measures_nothing_here(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--plan", str(project / "recipe.toml"), "--vram", "24GB", "--measure"]) == 2
    assert "--measure cannot be combined with --vram" in capsys.readouterr().err


def test_out_of_memory_in_a_measured_step_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("train.training.loop.losses", full)
    assert main(["train", "--plan", str(project / "recipe.toml"), "--measure", "--quiet"]) == 2
    assert "error: out of memory" in capsys.readouterr().err


def test_what_does_not_fit_is_told_with_the_nearest_settings_that_do(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recipe(project, tokens_per_pass=None)
    model = json.loads((project / "model/config.json").read_text())
    other = project / "wide"
    other.mkdir()
    for file in (project / "model").iterdir():
        if file.suffix != ".safetensors":
            (other / file.name).write_bytes(file.read_bytes())
    wide = model | {
        "hidden_size": 5120,
        "intermediate_size": 13_000,
        "num_hidden_layers": 4,
        "num_attention_heads": 40,
        "num_key_value_heads": 40,
    }
    (other / "config.json").write_text(json.dumps(wide))
    made = plan(project, capsys, "--set", "model=wide", "--set", "method=lora", "--vram", "2GB", status=1)
    (refusal,) = made["refusals"]
    assert refusal["reason"].startswith("it needs ")
    assert 'method = "qlora"' in refusal["next"]
    assert made["memory"]["low"] < made["memory"]["high"] > 2 * 2**30
    fitting = plan(project, capsys, "--set", "model=wide", "--vram", "2GB")
    assert fitting["memory"]["high"] < 2 * 2**30
    assert fitting["memory"]["weights"] < made["memory"]["weights"] / 3
    assert fitting["optimiser"] == "paged_adamw_8bit"


def test_a_rank_that_is_no_low_one_draws_a_remark(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not any("width" in one for one in plan(project, capsys)["cannot"])
    found = plan(project, capsys, "--set", "rank=64")["cannot"]
    assert found[-1].startswith("rank 64 is not below the model's width, 64")


def test_a_template_that_changes_history_multiplies_the_tokens_unless_one_text_is_wanted(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [json.loads(line)["messages"] for line in (project / "split/train.jsonl").read_text().splitlines()]
    talks = [{"messages": [*rows[i], *rows[i + 1], *rows[i + 2]]} for i in range(0, 39, 3)]
    (project / "split/train.jsonl").write_text("".join(json.dumps(talk) + "\n" for talk in talks))
    (project / "phi.jinja").write_text(PHI)
    words = ("--set", "chat_template=phi.jinja", "--set", "max_length=250")
    apart, one = plan(project, capsys, *words), plan(project, capsys, *words, "--set", "history=as-is")
    assert [made["splits"][0]["texts"] for made in (apart, one)] == [39, 13]
    assert apart["splits"][0]["repeated"] > 1.9
    assert one["splits"][0]["repeated"] == 1
    assert not any("as-is" in said for said in apart["mismatches"])
    (told,) = (said for said in one["mismatches"] if "as-is" in said)
    assert one["mismatches"][told] == 13
    assert 0 < float(told.split()[3].removesuffix("%")) < 20
    assert main(["train", "--plan", str(project / "recipe.toml"), "--quiet", *words]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "3.0 texts an example" in shown
    assert 'history = "as-is" trains on one text each' in shown


def test_a_measured_plan_says_how_long(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "split/validation.jsonl").write_bytes((project / "split/test.jsonl").read_bytes())
    made = plan(project, capsys, "--measure", "--set", "evaluate_every=5")
    _, validation, test = (split["tokens"] for split in made["splits"])
    per_token = made["seconds"] / made["tokens"]
    assert made["seconds_measuring"] == pytest.approx(per_token / 2 * (3 * validation + 2 * test))
    assert made["seconds"] > 0
    assert made["memory_measured"] > 0


def test_the_plan_for_a_person(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "qwen.jinja").write_text(QWEN3)
    words = [str(project / "recipe.toml"), "--set", "chat_template=qwen.jinja"]
    assert main(["train", "--plan", *words, "--quiet"]) == 0
    told = capsys.readouterr().out
    assert "trainable parameters" in told
    assert f"Ready:  curate train {' '.join(words)}\n" in told
    assert 'serve with chat_template_kwargs {"enable_thinking": false}' in " ".join(told.split())
    assert "test: 6 examples; fewer than 10 cannot show whether training helped" in told
    question, answer = (message["content"] for message in conversations(1)[0]["messages"])
    assert question in told
    assert f"{{+{answer}" in told  # without colors, the trained part is marked


def test_kernels_for_texts_of_many_lengths_are_bounded_and_expected(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from train.memory import memory_profile

    assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == os.environ["LRU_CACHE_CAPACITY"] == "64"
    monkeypatch.setattr(memory_profile, "held_memory", lambda: 0)
    recipe = load_recipe(write_recipe(project, method="full", rank=None, dropout=None))
    whole, half = (
        memory_profile.MemoryProfile(recipe, dtype, on_cpu=True).without_steps("sgd")
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert half - whole == memory_profile.KERNEL_BYTES  # all weights are trained, in float32


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_the_memory_limit_of_a_container_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from train.memory.hardware import free_memory

    monkeypatch.setattr("train.memory.hardware.CGROUPS", tmp_path)
    (tmp_path / "memory").mkdir()
    for name, text in {
        "memory.max": "5000000", "memory.current": "4000000", "memory.stat": "anon 100\ninactive_file 2500000\n",
        "memory/memory.limit_in_bytes": "5000000", "memory/memory.usage_in_bytes": "4000000",
        "memory/memory.stat": "cache 9\ntotal_inactive_file 2500000\n",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    assert free_memory() == 3_500_000  # files in the page cache are dropped when memory is asked for
    for statistics in ("memory.stat", "memory/memory.stat"):
        (tmp_path / statistics).write_text("anon 100\n")
    assert free_memory() == 1_000_000
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory/memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert free_memory() > 10_000_000


def test_a_base_that_needs_little_of_the_memory_is_not_quantised(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = str(write_recipe(project, method=None, max_steps=4, generations=0))
    assert plan(project, capsys)["method"] == "lora"
    assert plan(project, capsys, "--set", "method=qlora")["method"] == "qlora"
    assert plan(project, capsys, "--set", "quantisation=nf4")["method"] == "qlora"
    run = project / "run"
    words = ["train", recipe, "--run-dir", str(run), "--quiet", "--json", "--set", "evaluate_every=2"]
    (project / "split/validation.jsonl").write_text((project / "split/test.jsonl").read_text())
    assert main([*words, "--pause-at", "0.5"]) == 0
    assert json.loads((run / "recipe.json").read_text())["method"] == "lora"
    capsys.readouterr()
    for module in ("train.memory.autoconfig", "train.plan.plan"):
        monkeypatch.setattr(f"{module}.total_memory", lambda: 1_000)
    assert plan(project, capsys)["method"] == "qlora"
    assert main([*words, "--resume"]) == 0  # goes on as it began
    assert json.loads(capsys.readouterr().out)["method"] == "lora"
