"""Recipes: every mistake is told at once, paths are the recipe's, and the data come whole or are refused."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import ended, main
from curate.core.errors import ConfigError, InputError, UsageError
from curate.models.template import Template
from curate.project.config_consent import RECIPE_KINDS
from tests.trainer.tiny import CHATML, load_split, make_tokenizer, write_recipe, write_split
from train.data.split_files import SplitFiles
from train.recipe import ALIASES, Recipe, load_recipe


def recipe(**values: object) -> Recipe:
    return Recipe.model_validate({"model": "m", "data": "d", **values})


def test_all_mistakes_are_told_with_what_was_meant(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, learning_rat=1, rank=0, method="adalora")
    with pytest.raises(ConfigError) as caught:
        load_recipe(path)
    assert "did you mean 'learning_rate'?" in caught.value.message
    assert "rank" in caught.value.message
    assert "method: must be 'lora', 'qlora'" in caught.value.message
    assert "or 'auto' (got 'adalora')" in caught.value.message


@pytest.mark.parametrize("key", ["learning_rate", "alpha", "neftune", "epochs", "weight_decay"])
def test_infinity_and_what_float32_cannot_hold_are_refused(tmp_path: Path, key: str) -> None:
    path = write_recipe(tmp_path, max_steps=None)
    for change in (*(f"{key}={value}" for value in ("inf", "nan", "1e300")), "seed=4294967296", "threads=100000"):
        with pytest.raises(ConfigError, match=change.partition("=")[0]):
            load_recipe(path, [change])


def test_epochs_and_steps_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"recipe\.toml: epochs and max_steps exclude each other"):
        load_recipe(write_recipe(tmp_path, epochs=1))


def test_set_replaces_epochs_by_steps_and_the_other_way_round(tmp_path: Path) -> None:
    found = load_recipe(write_recipe(tmp_path, epochs=2, max_steps=None), ["max_steps=3"])
    assert (found.epochs, found.max_steps) == (None, 3)
    found = load_recipe(write_recipe(tmp_path), ["num_train_epochs=2"])
    assert (found.epochs, found.max_steps) == (2, None)
    with pytest.raises(ConfigError, match="exclude each other"):
        load_recipe(write_recipe(tmp_path), ["epochs=1", "max_steps=3"])


def test_names_of_transformers_and_peft_stand_for_the_recipes_own(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, rank=None, lora_r=6, schedule=None, lr_scheduler_type="linear", optim="sgd")
    found = load_recipe(path, ["lora_alpha=8", "per_device_train_batch_size=3"])
    assert (found.rank, found.alpha, found.schedule, found.optimiser, found.batch) == (6, 8.0, "linear", "sgd", 3)
    assert set(ALIASES.values()) <= Recipe.model_fields.keys()
    assert not ALIASES.keys() & Recipe.model_fields.keys()
    with pytest.raises(ConfigError, match="rank and lora_r are two names of one key"):
        load_recipe(write_recipe(tmp_path, lora_r=6))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("q_proj,v_proj", ("q_proj", "v_proj")),
        ("q_proj", ("q_proj",)),
        ('["mlp.up_proj"]', ("mlp.up_proj",)),
        ("attention+mlp", "attention+mlp"),
        (r".*layers\.[01]\..*_proj", r".*layers\.[01]\..*_proj"),
    ],
)
def test_target_modules_are_names_a_preset_or_a_regular_expression(tmp_path: Path, given: str, read: object) -> None:
    assert load_recipe(write_recipe(tmp_path), [f"target_modules={given}"]).target_modules == read


def test_a_broken_regular_expression_for_target_modules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no regular expression"):
        load_recipe(write_recipe(tmp_path), ["target_modules=(q_proj"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("CUDA out of memory. Tried to allocate 2.00 GiB", True),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True),
        ("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`", True),
        ("CUDA driver error: out of memory", True),
        ("CUDA error: device-side assert triggered", False),
    ],
)
def test_kinds_of_out_of_memory(message: str, expected: bool) -> None:
    from train.errors import is_out_of_memory

    assert is_out_of_memory(RuntimeError(message)) is expected


@pytest.mark.slow
def test_the_validation_sample_is_spread_over_the_split(tmp_path: Path) -> None:
    split = load_split(write_split(tmp_path, train=20), "train", Template(make_tokenizer()), recipe())
    sample = split.sample(4)
    lines = [example.place.line for example in sample.examples()]
    assert lines == sample.lines.tolist() == [1, 6, 11, 16]
    assert sample.lines[sample.owners].tolist() == lines
    assert [text.input_ids for text in sample.encoded] == [split.encoded[line - 1].input_ids for line in lines]
    assert split.sample(1000) is split


def test_every_key_is_listed_with_default_values_and_other_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipe", "keys"]) == 0
    listed = capsys.readouterr().out
    assert {line.split(" = ")[0] for line in listed.splitlines() if line[:1].strip()} == set(Recipe.model_fields)
    assert 'schedule = "cosine"\n    "constant" | "linear" | "cosine"  (also lr_scheduler_type, lr_scheduler)' in listed
    assert '"bottleneck" | "full" | "auto"\n' in listed
    assert main(["recipe", "init"]) == 2
    assert "no split folder is named" in capsys.readouterr().err


@pytest.mark.slow
def test_a_first_recipe_can_list_all_keys_as_comments(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["recipe", "init", "--for", str(project / "split"), "--model", str(project / "model"), "-o", "-"]
    assert main(words) == 0
    short = capsys.readouterr().out
    assert main([*words, "--all"]) == 0
    text = capsys.readouterr().out
    for key in Recipe.model_fields:
        assert re.search(rf"^(?:# )?{key} = ", text, re.MULTILINE), key
    assert tomllib.loads(text) == tomllib.loads(short)
    lines = [line.removeprefix("# ") for line in text.split("\n\n", 1)[1].splitlines()]
    defaults = [line for line in lines if re.match(r"\w+ = ", line) and "none by default" not in line]
    assert recipe(**tomllib.loads("\n".join(defaults))) == recipe()  # each default is written as a recipe reads it


@pytest.mark.slow
def test_a_first_recipe_fits_all_splits_and_says_whether_the_export_fits(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    long = {"messages": [{"role": "user", "content": "long " * 30}, {"role": "assistant", "content": "x"}]}
    Path("split/test.jsonl").write_text(json.dumps(long) + "\n")
    assert main(["recipe", "init", "--for", "split", "--model", "model", "-o", "a.toml"]) == 0
    assert main(["train", "--plan", "a.toml", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["recipe", "init", "--for", "split", "--vram", "6GB", "-o", "-"]) == 0
    told = capsys.readouterr()
    assert "the base in 4 bits; `curate export` needs about 11.1 GB, for weights in 16 bits" in told.out
    assert "more than the GPU has; use `--device cpu`" in told.err
    assert main(["recipe", "init", "--for", "split", "--vram", "12GB", "--model", "model", "-o", "-"]) == 0
    assert "note:" not in capsys.readouterr().err
    assert main(["recipe", "init", "--for", "split", "--vram", "100MB", "--model", "model", "-o", "-"]) == 1
    told = capsys.readouterr()
    assert "note: the recipe does not fit: it needs" in told.err
    assert "thousand weights; it needs" in told.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "objective", "rate"),
    [
        ({"prompt": "How?", "chosen": "So.", "rejected": "No."}, "dpo", 2.5e-5),
        ({"prompt": "How?", "completion": "So.", "label": True}, "kto", 2.5e-5),
        ({"prompt": "How?", "completion": "So."}, None, 1e-3),
    ],
)
def test_a_first_recipe_has_the_objective_of_its_data(
    row: dict[str, Any], objective: str | None, rate: float, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("train", "test"):
        (project / f"split/{name}.jsonl").write_text(json.dumps(row) + "\n")
    words = ["recipe", "init", "--for", str(project / "split"), "--model", str(project / "model"), "-o", "-"]
    assert main(words) == 0
    made = tomllib.loads(capsys.readouterr().out)
    assert (made.get("objective"), made["learning_rate"]) == (objective, rate)


def test_another_method_does_not_take_over_what_is_for_the_former(tmp_path: Path) -> None:
    file, notes = write_recipe(tmp_path, method="lora", learning_rate=1e-3, rank=8, dropout=None), list[str]()
    assert load_recipe(file, ["method=prefix-tuning"], notes.append).peak_rate == 5e-3
    assert notes == [f"{file}: learning_rate, rank: not used, because --set names another method or objective"]
    assert load_recipe(file, ["method=qlora", "objective=dpo"], notes.append).peak_rate == 2e-4 / 40
    assert load_recipe(file, ["method=qlora"]).peak_rate == load_recipe(file).peak_rate == 1e-3
    assert load_recipe(file, ["method=ia3", "learning_rate=1"], notes.append).peak_rate == 1
    with pytest.raises(ConfigError, match="does not use rank"):
        load_recipe(file, ["method=ia3", "rank=4"], notes.append)


@pytest.mark.slow
def test_a_first_recipe_has_the_chat_template_that_was_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["recipe", "init", "--for", str(project / "split"), "--model", str(project / "model"), "--vram", "6GB"]
    Path("own.jinja").write_text("{% for m in messages %}{{ m.content }}{% endfor %}")
    Path("sub").mkdir()
    assert main([*words, "--chat-template", "own.jinja", "-o", "sub/recipe.toml"]) == 0
    made = load_recipe(Path("sub/recipe.toml"))
    assert Path(made.chat_template).resolve() == Path("own.jinja").resolve(), "found from the folder of the recipe"
    assert main([*words, "--chat-template", "chatml", "-o", "b.toml"]) == 0
    assert load_recipe(Path("b.toml")).chat_template == "chatml"
    capsys.readouterr()
    assert main([*words, "--chat-template", "poem", "-o", "c.toml"]) == 2
    assert "poem: no chat template of this name" in capsys.readouterr().err


@pytest.mark.slow
def test_a_revision_belongs_to_the_name_of_a_hub_model(project: Path) -> None:
    assert load_recipe(write_recipe(project, model="a/b", model_revision="v2")).model == "a/b@v2"
    with pytest.raises(ConfigError, match="is a folder, which has none"):
        load_recipe(write_recipe(project, revision="v2"))
    with pytest.raises(ConfigError, match="has no other revision"):
        load_recipe(write_recipe(project, model="a/b@v1", revision="v2"))


def test_broken_and_missing_recipes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such recipe"):
        load_recipe(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("model = ")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_recipe(tmp_path / "broken.toml")


def test_paths_are_relative_to_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    found = load_recipe(write_recipe(tmp_path))
    assert (found.data, found.model) == (str(tmp_path / "split"), str(tmp_path / "model"))
    assert load_recipe(write_recipe(tmp_path, model="owner/name")).model == "owner/name"


@pytest.mark.slow
def test_each_text_comes_once_per_epoch_in_an_order_that_the_seed_alone_decides() -> None:
    from train.batching import plan_order

    order = plan_order(range(10), recipe(epochs=2, batch=8))
    assert [len(step) for step in order] == [8, 8, 4]
    flat = [text for step in order for text in step]
    assert sorted(flat[:10]) == sorted(flat[10:]) == list(range(10))
    assert flat[:10] != flat[10:]
    assert order == plan_order(range(10), recipe(epochs=2, batch=8))
    assert order != plan_order(range(10), recipe(epochs=2, batch=8, seed=1))
    assert len(plan_order(range(10), recipe(max_steps=7, batch=8))) == 7
    assert [len(step) for step in plan_order(range(10), recipe(epochs=0.37, batch=3))] == [3, 1]
    several = plan_order([0, 0, 0, 1, 2, 2], recipe(epochs=2, batch=3))
    assert [len(step) for step in several] == [6, 6]
    assert sorted(text for step in several for text in step) == sorted([*range(6)] * 2)


@pytest.mark.slow
@given(st.lists(st.integers(1, 300), min_size=1, max_size=40), st.integers(1, 400), st.integers(1, 4))
def test_every_text_of_a_step_is_in_one_pass_and_no_pass_is_too_big(lengths: list[int], room: int, ranks: int) -> None:
    from train.batching import split_into_microbatches

    found = split_into_microbatches(lengths, room, ranks)
    assert sorted(index for passes in found for one in passes for index in one) == list(range(len(lengths)))
    assert all(sum(lengths[index] for index in one) <= room or len(one) == 1 for passes in found for one in passes)
    assert len(found) == ranks
    assert len({len(passes) for passes in found}) == 1
    if len(lengths) >= ranks:
        assert all(any(passes) for passes in found)


@pytest.mark.slow
def test_examples_over_the_length_are_refused_with_the_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    template = Template(make_tokenizer())
    split = write_split(tmp_path / "split", train=3)
    with pytest.raises(InputError) as caught:
        load_split(split, "train", template, recipe(max_length=10))
    assert [line.split(": ")[0] for line in caught.value.message.splitlines()] == [
        f"{split / 'train.jsonl'}:{i}" for i in (1, 2, 3)
    ]
    assert "more than max_length = 10" in caught.value.message
    assert 'over_length = "leave-out"' in caught.value.hint
    assert ended(caught.value) == 2
    assert f"error: {caught.value.message}\n" in capsys.readouterr().err  # one to a line
    longest = max(int(line.split("K001 ")[1].split()[0]) for line in caught.value.message.splitlines())
    with pytest.raises(InputError, match="no example is left") as left:
        load_split(split, "train", template, recipe(max_length=10, over_length="leave-out"))
    assert left.value.message.startswith(caught.value.message)
    assert left.value.hint == f"raise max_length to {longest}"
    assert load_split(split, "train", template, recipe(max_length=longest)).left_out == ()


def test_shards_are_read_as_the_file_that_they_are_of(tmp_path: Path) -> None:
    lines = (write_split(tmp_path / "whole", train=6) / "train.jsonl").read_bytes().splitlines()
    for number, part in enumerate((lines[:3], [], lines[3:])):
        (tmp_path / f"train-0000{number}-of-00003.jsonl").write_bytes(b"\n".join(part))  # other tools end no last line
    shards, whole = SplitFiles.of(tmp_path, "train"), SplitFiles.of(tmp_path / "whole", "train")
    assert shards.sha256() == whole.sha256()
    assert [example.place.line for example in shards.examples()] == [1, 2, 3, 4, 5, 6]
    assert [example.value for example in shards.examples()] == [example.value for example in whole.examples()]
    places = [Path(shards.place(line)).name for line in (3, 4)]
    assert places == ["train-00000-of-00003.jsonl:3", "train-00002-of-00003.jsonl:1"]


@pytest.mark.slow
def test_left_out_examples_are_listed(tmp_path: Path) -> None:
    split = write_split(tmp_path / "split", train=3)
    with (split / "train.jsonl").open("a") as file:
        file.write(
            '{"messages": [{"role": "user", "content": "'
            + "long " * 100
            + '"}, {"role": "assistant", "content": "x"}]}\n'
        )
        file.write('{"messages": [{"role": "user", "content": "no answer"}]}\n')
    found = load_split(
        split,
        "train",
        Template(make_tokenizer()),
        recipe(max_length=100, over_length="leave-out", untrainable="leave-out"),
    )
    assert found.lines.tolist() == [1, 2, 3]
    told = [(one.line, one.reason.split(" ", 2)) for one in found.left_out]
    assert [(line, words[0], words[2][:6]) for line, words in told] == [(4, "K001", "tokens"), (5, "K011", "no ass")]


@pytest.mark.slow
@pytest.mark.parametrize("renders_alike", [True, False])
def test_a_developer_message_is_sent_as_a_system_message_only_if_rendered_alike(
    tmp_path: Path, *, renders_alike: bool
) -> None:
    split = write_split(tmp_path / "split", train=0)
    turns = [{"role": role, "content": "Hi"} for role in ("developer", "user", "assistant")]
    (split / "train.jsonl").write_text(3 * (json.dumps({"messages": turns}) + "\n"))
    alike = CHATML.replace("+ message['role'] +", "+ message['role'].replace('developer', 'system') +").replace(
        "messages[0]['role'] !=", "messages[0]['role'].replace('developer', 'system') !="
    )
    template = Template(make_tokenizer(alike if renders_alike else CHATML))
    loaded = load_split(split, "train", template, recipe())
    assert loaded.system == ("Hi" if renders_alike else None)
    said = [text for text in loaded.mismatches if "send it with the role developer" in text]
    assert [loaded.mismatches[text] for text in said] == ([] if renders_alike else [3])


@pytest.mark.slow
def test_differences_from_inference_are_counted_by_example(tmp_path: Path) -> None:
    split = write_split(tmp_path / "split", train=3)
    unstopped = CHATML.replace("'<|im_end|>' + '\n'", "'\n'")
    found = load_split(split, "train", Template(make_tokenizer(unstopped)), recipe())
    assert list(found.mismatches.values()) == [3]
    assert "does not end with a stop token" in next(iter(found.mismatches))
    quoting = CHATML.replace("assistant\n' }}", "assistant\n' + messages[-1]['content'] }}")
    told = load_split(write_split(tmp_path / "more", train=20), "train", Template(make_tokenizer(quoting)), recipe())
    assert len(told.mismatches) == 6  # each quotes its example, and most are counted together
    assert sum(told.mismatches.values()) == 20


@pytest.mark.slow
def test_preferences_that_are_trained_on_as_answers_are_counted(tmp_path: Path) -> None:
    rows = [
        {"prompt": "How?", "chosen": "So.", "rejected": "No."},
        {"prompt": "How?", "completion": "So.", "label": False},
        {"prompt": "Why?", "completion": "So.", "label": True},
    ]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = load_split(tmp_path, "train", Template(make_tokenizer()), recipe())
    told = sorted(text.split(":")[0].removeprefix("objective 'sft' trains on ") for text in found.mismatches)
    assert told == ["an answer that is labelled as bad", "the chosen answer alone"]


@pytest.mark.slow
def test_virtual_tokens_leave_room_in_the_models_context(tiny_model: Path) -> None:
    from train.data.splits import context_of

    with pytest.raises(ConfigError, match="virtual_tokens = 300: the model takes 256 tokens"):
        context_of(recipe(model=str(tiny_model), method="prefix-tuning", virtual_tokens=300))


@pytest.mark.slow
def test_missing_broken_and_empty_splits(tmp_path: Path) -> None:
    template = Template(make_tokenizer())
    with pytest.raises(InputError, match="no such file"):
        load_split(tmp_path, "train", template, recipe())
    (tmp_path / "train.jsonl").write_text('{"messages": [\n')
    with pytest.raises(InputError, match=r"train.jsonl:1: no example"):
        load_split(tmp_path, "train", template, recipe())
    (tmp_path / "train.jsonl").write_text("")
    for name, hint in (("train", "check the file"), ("validation", "nothing is held out")):
        (tmp_path / f"{name}.jsonl").write_text("")
        with pytest.raises(InputError, match="no example is left") as caught:
            load_split(tmp_path, name, template, recipe())
        assert hint in str(caught.value.hint)


def test_each_key_that_names_a_model_or_a_file_needs_consent_in_a_configuration() -> None:
    texts = {name for name, field in Recipe.model_fields.items() if field.annotation is str}
    assert texts == {"model", "chat_template", "revision", "data"}
    names = {name for name, key in ALIASES.items() if key in ("model", "chat_template")}
    assert set(RECIPE_KINDS) == {"model", "chat_template", "data", "report_to", *names}


REACHING = {
    "chat_template": ("../../evil.jinja", "outside of the project's folder"),
    "data": ("/etc", "outside of the project's folder"),
    "base_model": ("someone/model", "a model of the hub"),
    "report_to": (["wandb"], "results are sent there"),
}


@pytest.mark.parametrize("key", REACHING)
def test_what_a_recipe_of_another_folder_reaches_needs_consent(
    key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    value, why = REACHING[key]
    folder = tmp_path / "work" / "downloaded"
    folder.mkdir(parents=True)
    (tmp_path / "evil.jinja").write_text("{{ 1 }}")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nothing is trusted"))
    values = {"base_model": "offline:tiny", "data": "none", key: value}
    path = folder / "recipe.toml"
    path.write_text("".join(f"{name} = {json.dumps(text)}\n" for name, text in values.items()))
    name = {"base_model": "model"}.get(key, key)
    assert main(["train", str(path), "--plan"]) == 2
    message = capsys.readouterr().err
    assert f"sets {name} = " in message
    assert f"({why}): needs your consent" in message
    assert "pass --yes" in message
    main(["train", str(path), "--plan", "--yes"])
    assert f"note: {path} sets {name} = " in capsys.readouterr().err
    monkeypatch.chdir(folder)  # a recipe of the working folder is the user's own
    main(["train", "recipe.toml", "--plan"])
    assert "consent" not in capsys.readouterr().err


def test_without_measurements_the_patience_of_the_file_is_not_used(tmp_path: Path) -> None:
    file = write_recipe(tmp_path, evaluate_every=None, patience=3)
    assert load_recipe(file, []).patience == 3
    assert load_recipe(file, ["evaluate_every=0"]).patience is None
    assert load_recipe(file, ["eval_steps=0"]).patience is None
    with pytest.raises(ConfigError, match="patience counts measurements"):
        load_recipe(file, ["evaluate_every=0", "patience=2"])
