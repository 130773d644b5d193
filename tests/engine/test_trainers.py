"""What is written is taken as it is: by `datasets`, and by the other trainers whose configuration was asked for."""

import json
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import Write, rows_of

OUT = Path("out")


@pytest.fixture
def splits(write: Write) -> dict[str, int]:
    """A folder that was written for everybody, and how many examples its splits have. Keys are not the same in all
    lines.
    """
    lines: list[dict[str, Any]] = [
        {
            "messages": [
                {"role": "user", "content": f"What of {n}?"},
                {"role": "assistant", "content": f"It is {n * 7}, after {n}."},
            ]
        }
        for n in range(60)
    ]
    lines[3]["source"] = "a.pdf"
    lines[4]["messages"][1]["weight"] = 1
    write("data.jsonl", lines)
    trainers = [word for name in ("axolotl", "llamafactory", "trl") for word in ("--trainer", name)]
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--parquet", *trainers]) == 0
    return {name: len((OUT / f"{name}.jsonl").read_bytes().splitlines()) for name in ("train", "validation", "test")}


@pytest.mark.slow
def test_datasets_loads_the_folder_as_it_is(
    splits: dict[str, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import datasets

    for folder in ("out", "out/parquet"):
        loaded = datasets.load_dataset(folder, cache_dir=str(tmp_path / "cache"))
        assert {name: len(part) for name, part in loaded.items()} == splits
        first = json.loads((OUT / "train.jsonl").read_bytes().splitlines()[0])
        assert [turn["content"] for turn in loaded["train"][0]["messages"]] == [
            turn["content"] for turn in first["messages"]
        ]


@pytest.mark.slow  # YAML comes with transformers
def test_configurations_name_the_files_that_are_there_and_leave_the_test_split_alone(splits: dict[str, int]) -> None:
    import yaml  # it has no types of its own

    axolotl, llamafactory, trl = (
        yaml.safe_load((OUT / f"{name}.yaml").read_text()) for name in ("axolotl", "llamafactory", "trl")
    )
    info = json.loads((OUT / "dataset_info.json").read_bytes())
    assert [source["path"] for source in axolotl["datasets"] + axolotl["test_datasets"]] == [
        "train.jsonl",
        "validation.jsonl",
    ]
    assert {name: entry["file_name"] for name, entry in info.items()} == {
        "train": "train.jsonl",
        "validation": "validation.jsonl",
    }
    assert (llamafactory["dataset"], llamafactory["eval_dataset"], llamafactory["dataset_dir"]) == (
        "train",
        "validation",
        ".",
    )
    assert (trl["dataset_train_split"], trl["dataset_test_split"]) == ("train", "validation")
    assert "dataset_name" not in trl  # datasets loads no folder `.`: the command names it
    assert "test.jsonl" not in "".join(
        (OUT / f"{name}.yaml").read_text() for name in ("axolotl", "llamafactory", "trl")
    )


ASKED, GOOD, BAD = "What of {n}?", "It is {n}.", "No."
TURN = {"role": "user", "content": ASKED}
PAIRS: dict[str, dict[str, Any]] = {
    "texts": {"prompt": ASKED, "chosen": GOOD, "rejected": BAD},
    "lists": {
        "prompt": [TURN],
        "chosen": [{"role": "assistant", "content": GOOD}],
        "rejected": [{"role": "assistant", "content": BAD}],
    },
    "talks": {
        "chosen": [TURN, {"role": "assistant", "content": GOOD}],
        "rejected": [TURN, {"role": "assistant", "content": BAD}],
    },
    "messages": {
        "conversations": [{"from": "human", "value": ASKED}],
        "chosen": {"from": "gpt", "value": GOOD},
        "rejected": {"from": "gpt", "value": BAD},
    },
    "openai": {
        "input": {"messages": [TURN]},
        "preferred_output": [{"role": "assistant", "content": GOOD}],
        "non_preferred_output": [{"role": "assistant", "content": BAD}],
    },
    "labels": {"messages": [TURN, {"role": "assistant", "content": GOOD}], "label": True},
    "swift": {"messages": [TURN, {"role": "assistant", "content": GOOD}], "rejected_response": BAD},
    "swift messages": {
        "messages": [TURN, {"role": "assistant", "content": GOOD}],
        "rejected_messages": [TURN, {"role": "assistant", "content": BAD}],
    },
    "chats": {"messages": [TURN, {"role": "assistant", "content": GOOD}]},
    "tools": {
        "messages": [TURN, {"role": "assistant", "content": GOOD}],
        "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
    },
}
PAIRS["few tools"] = PAIRS["chats"]
NAMES = {"field_chosen": "chosen", "field_rejected": "rejected"}
SHAREGPT = {"user": ["human", "user"], "assistant": ["gpt", "assistant"], "system": ["system"]}


def configured(form: str, trainer: str, write: Write) -> int:
    lines: list[dict[str, Any]] = [json.loads(json.dumps(PAIRS[form]).replace("{n}", str(n))) for n in range(40)]
    for line in lines[::2] if form == "labels" else ():
        line["label"] = False
    for line in lines[5:] if form == "few tools" else ():
        line["tools"] = PAIRS["tools"]["tools"]
    write("data.jsonl", lines)
    return main(["split", "data.jsonl", "-o", "out", "-q", "--trainer", trainer, "--yes"])


@pytest.mark.slow
@pytest.mark.parametrize("form", ["texts", "lists", "talks"])
def test_pairs_are_trained_with_dpo_by_trl(form: str, write: Write) -> None:
    assert configured(form, "trl", write) == 0
    text = (OUT / "trl.yaml").read_text()
    assert 'trl dpo --config trl.yaml --dataset_name "$PWD"' in text
    assert "assistant_only_loss" not in text


@pytest.mark.slow  # YAML comes with transformers
@pytest.mark.parametrize(
    ("form", "how"),
    [
        ("texts", {"type": "chat_template.default", "field_messages": "prompt", **NAMES}),
        ("lists", {"type": "chat_template.default", "field_messages": "prompt", **NAMES}),
        ("talks", {"type": "chat_template.argilla_chat", **NAMES}),
        (
            "messages",
            {
                "type": "chat_template.default", "field_messages": "conversations", **NAMES,
                "message_property_mappings": {"role": "from", "content": "value"}, "roles": SHAREGPT,
            },
        ),
    ],
)  # fmt: skip
def test_axolotl_is_told_where_the_two_answers_are(form: str, how: dict[str, Any], write: Write) -> None:
    import yaml

    assert configured(form, "axolotl", write) == 0
    found = yaml.safe_load((OUT / "axolotl.yaml").read_text())
    assert (found["rl"], found["chat_template"]) == ("dpo", "tokenizer_default")
    for source, file in zip(found["datasets"] + found["test_datasets"], ("train", "validation"), strict=True):
        assert source == {"path": f"{file}.jsonl", "ds_type": "json", "split": "train", **how}


@pytest.mark.parametrize(
    ("form", "stage", "formatting", "columns"),
    [
        ("texts", "dpo", "alpaca", {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}),
        ("messages", "dpo", "sharegpt", {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}),
        ("labels", "kto", "sharegpt", {"messages": "messages", "kto_tag": "label"}),
    ],
)
def test_llamafactory_is_told_the_columns_and_the_stage(
    form: str, stage: str, formatting: str, columns: dict[str, str], write: Write
) -> None:
    assert configured(form, "llamafactory", write) == 0
    info = json.loads((OUT / "dataset_info.json").read_bytes())
    assert set(info) == {"train", "validation"}
    for name, one in info.items():
        assert (one["file_name"], one["formatting"], one["columns"]) == (f"{name}.jsonl", formatting, columns)
        assert one.get("ranking", False) == (stage == "dpo")
        assert ("tags" in one) == (form == "labels")
    assert f'stage: "{stage}"' in (OUT / "llamafactory.yaml").read_text()


@pytest.mark.parametrize(
    ("form", "trainer"),
    [
        ("openai", "trl"), ("openai", "axolotl"), ("openai", "llamafactory"), ("messages", "trl"),
        ("lists", "llamafactory"), ("talks", "llamafactory"), ("labels", "trl"), ("labels", "axolotl"),
        ("texts", "ms-swift"), ("lists", "torchtune"), ("labels", "torchtune"), ("labels", "unsloth"),
        ("talks", "unsloth"), ("talks", "verl"), ("labels", "verl"), ("tools", "verl"), ("few tools", "verl"),
        ("swift", "verl"), ("swift", "unsloth"), ("swift", "torchtune"), ("swift messages", "trl"),
    ],
)  # fmt: skip
def test_a_trainer_that_does_not_read_the_form_is_refused_and_nothing_is_written(
    form: str, trainer: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert configured(form, trainer, write) == 2
    assert f"--trainer {trainer}: it does not read" in " ".join(capsys.readouterr().err.split())
    assert not list(OUT.glob("[!.]*"))


def test_configurations_are_part_of_what_is_proved_and_go_when_nobody_wants_them(splits: dict[str, int]) -> None:
    assert main(["verify", "out", "-q"]) == 0
    (OUT / "trl.yaml").write_text("dataset_name: elsewhere\n")
    assert main(["verify", "out", "-q"]) == 1
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--trainer", "trl"]) == 0
    assert sorted(path.name for path in OUT.glob("*.yaml")) == [".huggingface.yaml", "trl.yaml"]
    assert main(["verify", "out", "-q"]) == 0
    assert sum(splits.values()) == 60


def test_a_split_that_is_empty_is_named_to_nobody(write: Write) -> None:
    write("data.jsonl", [("Hi", "Hello."), ("Bye", "Bye.")])
    Path("curate.toml").write_text(
        '[split]\ntrainers = ["axolotl", "llamafactory", "ms-swift", "trl", "verl"]\nfractions = [1, 0, 0]\n'
    )
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    names = ("axolotl", "llamafactory", "ms-swift", "trl", "verl")
    said = "".join((OUT / f"{name}.yaml").read_text() for name in names)
    assert "validation" not in said
    assert said.count('"MODEL"') == len(names)


WRITTEN_KEYS = json.loads((Path(__file__).parents[1] / "data/trainer_configs/written_keys.json").read_text())
"""By trainer: the version that its keys were read from, the files there, and all keys that these files declare."""


def settings(name: str) -> dict[str, Any]:
    """A configuration: each line is a key with a value in JSON."""
    lines = [line for line in (OUT / f"{name}.yaml").read_text().splitlines() if not line.startswith("#")]
    return {key: json.loads(value) for key, _, value in (line.partition(": ") for line in lines)}


def dotted(values: dict[str, Any], before: str = "") -> set[str]:
    nested = [dotted(value, f"{before}{key}.") for key, value in values.items() if isinstance(value, dict)]
    return {f"{before}{key}" for key in values}.union(*nested)


@pytest.mark.parametrize(
    ("form", "trainer", "expected"),
    [
        ("chats", "ms-swift", {"dataset": ["train.jsonl"], "val_dataset": ["validation.jsonl"], "tuner_type": "lora"}),
        ("swift", "ms-swift", {"rlhf_type": "dpo", "dataset": ["train.jsonl"]}),
        ("swift messages", "ms-swift", {"rlhf_type": "dpo", "dataset": ["train.jsonl"]}),
        ("labels", "ms-swift", {"rlhf_type": "kto"}),
        (
            "chats",
            "torchtune",
            {
                "dataset": {
                    "_component_": "torchtune.datasets.chat_dataset", "source": "json", "data_files": "train.jsonl",
                    "split": "train", "conversation_column": "messages", "conversation_style": "openai",
                    "train_on_input": False,
                }
            },
        ),
        (
            "talks",
            "torchtune",
            {
                "dataset": {
                    "_component_": "torchtune.datasets.preference_dataset", "source": "json",
                    "data_files": "train.jsonl", "split": "train",
                }
            },
        ),
        ("chats", "unsloth", {"data": {"local_dataset": ["train.jsonl"], "format_type": "chatml"}}),
        (
            "chats",
            "verl",
            {
                "data": {
                    "train_files": "parquet/train.parquet", "val_files": "parquet/validation.parquet",
                    "messages_key": "messages",
                }
            },
        ),
    ],
)  # fmt: skip
def test_only_keys_of_the_version_that_was_read_are_written(
    form: str, trainer: str, expected: dict[str, Any], write: Write
) -> None:
    assert configured(form, trainer, write) == 0
    written = settings(trainer)
    assert {key: written[key] for key in expected} == expected
    assert dotted(written) - {"defaults"} <= set(WRITTEN_KEYS[trainer]["keys"])  # `defaults` is Hydra's
    assert "test.jsonl" not in json.dumps(written)
    assert "test.parquet" not in json.dumps(written)


def test_a_trainer_that_reads_parquet_gets_it_and_it_is_proved(write: Write) -> None:
    assert configured("chats", "verl", write) == 0
    assert sorted(path.name for path in OUT.glob("parquet/*")) == [
        "test.parquet", "train.parquet", "validation.parquet"
    ]  # fmt: skip
    assert main(["verify", "out", "-q"]) == 0
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    assert not list(OUT.glob("parquet/*"))


def masked(write: Write, key: str, value: object, answers: int = 2) -> None:
    """Conversations of `answers` answers; in every fourth the first one has a key."""
    lines = [
        {
            "messages": [
                turn
                for word in ("first", "next")[:answers]
                for turn in (
                    {"role": "user", "content": f"What is {word} of {n}?"},
                    {"role": "assistant", "content": f"The {word} one is {n * 7}, after {n}."},
                )
            ]
        }
        for n in range(40)
    ]
    for line in lines[::4]:
        line["messages"][1][key] = value  # type: ignore[assignment]
    write("data.jsonl", lines)
    Path("curate.toml").write_text("[split]\nfractions = [0.75, 0.25, 0]\n")


@pytest.mark.parametrize("trainer", ["llamafactory", "ms-swift", "torchtune", "trl", "unsloth", "verl"])
@pytest.mark.parametrize(("key", "value"), [("weight", 0), ("train", False)])
def test_answers_that_a_trainer_would_train_on_against_their_weight_are_told(
    trainer: str, key: str, value: object, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    masked(write, key, value)
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--json", "--trainer", trainer]) == 0
    notes = [note for note in json.loads(capsys.readouterr().out)["notes"] if note.startswith("--trainer")]
    said = f"it trains on 10 answers in 10 examples against their `{key}`, which it does not read; "
    assert [note.startswith(f"--trainer {trainer}: {said}") for note in notes] == [True]
    command, comment, *_ = (OUT / f"{trainer}.yaml").read_text().splitlines()
    assert command.startswith("# In this folder: ")
    assert comment.startswith(f"# {said}")


@pytest.mark.parametrize(
    ("trainer", "key", "value", "setting"),
    [
        ("axolotl", "weight", 0, {"message_field_training": "weight"}),
        ("axolotl", "train", False, {"message_field_training": "train"}),
        ("axolotl", "training_detail", [{"begin_offset": 0, "end_offset": 3, "train": False}],
         {"message_field_training_detail": "training_detail"}),
        ("axolotl", "weight", 1, {}),
        ("ms-swift", "loss", False, {}),
        ("trl", "weight", 1, {}),
    ],
)  # fmt: skip
def test_a_trainer_is_told_which_key_takes_answers_out_of_the_loss(
    trainer: str, key: str, value: object, setting: dict[str, str], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    masked(write, key, value)
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--json", "--trainer", trainer]) == 0
    assert "--trainer" not in str(json.loads(capsys.readouterr().out)["notes"])
    written = settings(trainer)
    sources = written.get("datasets", []) + written.get("test_datasets", [])
    fields = [{key: item for key, item in source.items() if key.startswith("message_field_")} for source in sources]
    assert fields == [setting] * len(sources)


def test_a_weight_of_a_question_is_not_made_one_to_train_on(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    masked(write, "weight", 0)
    lines = rows_of("data.jsonl")
    lines[1]["messages"][0]["weight"] = 1
    write("data.jsonl", lines)
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--json", "--trainer", "axolotl"]) == 0
    (note,) = (note for note in json.loads(capsys.readouterr().out)["notes"] if note.startswith("--trainer"))
    assert "10 answers in 10 examples" in note
    assert "message_field_training" not in (OUT / "axolotl.yaml").read_text()
