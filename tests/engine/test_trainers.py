"""What is written is taken as it is: by `datasets`, and by the other trainers whose configuration was asked for."""

import json
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import Write

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


def test_pairs_are_trained_with_dpo_by_trl(write: Write) -> None:
    write("data.jsonl", [{"prompt": f"What of {n}?", "chosen": f"It is {n}.", "rejected": "No."} for n in range(40)])
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--trainer", "trl", "--yes"]) == 0
    text = (OUT / "trl.yaml").read_text()
    assert 'trl dpo --config trl.yaml --dataset_name "$PWD"' in text
    assert "assistant_only_loss" not in text


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
    Path("curate.toml").write_text('[split]\ntrainers = ["axolotl", "llamafactory", "trl"]\nfractions = [1, 0, 0]\n')
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    said = "".join((OUT / f"{name}.yaml").read_text() for name in ("axolotl", "llamafactory", "trl"))
    assert "validation" not in said
    assert said.count('"MODEL"') == 3
