"""Several files mixed by weight, and a budget: what is taken has its shares, is as varied as it can be, and what is not
is in removed.jsonl.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.project.manifest import read_manifest
from curate.split.mix import _quotas
from tests.conftest import Write, chat, rows_of

OUT = Path("out")
Lines = list[dict[str, Any]]


def many(name: str, count: int) -> Lines:
    return [
        {**chat(f"What of {name} {n}?", f"It is {n * 7} {name}, and then {n * 13}."), "from": name}
        for n in range(count)
    ]


def split(*words: str) -> int:
    return main(["split", *words, "-o", "out", "-q"])


def kept() -> Lines:
    return [
        json.loads(line)
        for name in ("train", "validation", "test")
        for line in (OUT / f"{name}.jsonl").read_bytes().splitlines()
    ]


def removed() -> Lines:
    return rows_of(OUT / "removed.jsonl")


@pytest.fixture
def files(write: Write) -> tuple[str, str]:
    return str(write("chat.jsonl", many("chat", 60))), str(write("code.jsonl", many("code", 30)))


def test_weights_are_shares_and_nothing_is_taken_twice(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert split(*files, "--weight", "chat.jsonl=1", "--weight", "code.jsonl=3") == 0
    assert Counter(line["from"] for line in kept()) == {"chat": 10, "code": 30}
    said = capsys.readouterr().out
    assert "the mix has 40 of 90 examples: code.jsonl has too few for its share" in said
    assert "chat.jsonl: 10 of 60 examples taken (25% of the mix)" in said
    assert "Files were mixed by weight: `chat.jsonl` 1, `code.jsonl` 3;" in (OUT / "DATACARD.md").read_text()
    assert {(line["decided_by"], line["why"]) for line in removed()} == {
        ("mix", "over the size of the mix: 10 of 60 examples of chat.jsonl taken")
    }
    manifest = read_manifest(OUT)[0]
    assert (manifest.read, manifest.kept, manifest.removed.reasons) == (90, 40, {"mix": 50})
    assert "Files were mixed by weight: `chat.jsonl` 1, `code.jsonl` 3" in (OUT / "DATACARD.md").read_text()
    assert main(["verify", "out", "-q"]) == 0


@pytest.mark.slow
def test_a_budget_is_kept_to_the_example(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert split(*files, "--weight", "chat.jsonl=1", "--weight", "*=1", "--examples", "25") == 0
    assert Counter(line["from"] for line in kept()) in ({"chat": 13, "code": 12}, {"chat": 12, "code": 13})
    assert "has no more" not in capsys.readouterr().out
    assert split(*files, "--examples", "1000") == 0
    assert len(kept()) == 90


def test_of_two_weights_for_a_file_the_first_counts(files: tuple[str, str]) -> None:
    assert split(*files, "--weight", "chat.jsonl=1", "--weight", "*=3") == 0
    assert Counter(line["from"] for line in kept()) == {"chat": 10, "code": 30}


def test_a_budget_of_tokens_is_not_exceeded(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert split(*files, "--tokens", "200") == 0
    sizes = [sum(len(turn["content"]) for turn in line["messages"]) for line in kept()]
    assert 185 <= sum(-(-size // 4) for size in sizes) <= 200
    assert "tokens are estimated as bytes / 4" in capsys.readouterr().out


def test_what_is_different_is_taken_before_what_is_alike(write: Write) -> None:
    alike = [
        chat(
            f"Write about town {n}",
            f"The town lies on a river in the north and has a mill, a church, a market and bridge {n}",
        )
        for n in range(90)
    ]
    path = write("data.jsonl", [*alike, *many("other", 10)])
    assert split(str(path), "--examples", "11") == 0
    assert Counter(line.get("from") for line in kept()) == {"other": 10, None: 1}
    Path("curate.toml").write_text("[mix]\ndiverse = false\n")
    assert split(str(path), "--examples", "11", "--fresh") == 0
    assert Counter(line.get("from") for line in kept())["other"] < 6


@pytest.mark.slow
def test_the_order_of_lines_does_not_matter_and_growth_changes_little(files: tuple[str, str], write: Write) -> None:
    assert split(files[0], "--examples", "20") == 0
    first = {line["messages"][0]["content"] for line in kept()}
    write("chat.jsonl", many("chat", 60)[::-1])
    assert split(files[0], "--examples", "20", "--fresh") == 0
    assert {line["messages"][0]["content"] for line in kept()} == first
    write("chat.jsonl", many("chat", 66))
    assert split(files[0], "--examples", "20") == 0
    assert len(first & {line["messages"][0]["content"] for line in kept()}) >= 14


def test_what_is_taken_is_divided_as_it_would_be_without_a_mix(write: Write) -> None:
    path = write("data.jsonl", many("chat", 600))
    assert split(str(path), "--examples", "300") == 0
    parts = read_manifest(OUT)[0].splits
    assert 20 <= parts["test"].examples <= 40
    assert 20 <= parts["validation"].examples <= 40


def test_what_had_no_room_comes_back(files: tuple[str, str]) -> None:
    assert split(files[0], "--examples", "20") == 0
    assert main(["restore", "out", "--reason", "mix"]) == 0
    assert (len(kept()), removed()) == (60, [])
    assert main(["verify", "out", "-q"]) == 0


def test_a_run_mixes_what_deduplication_leaves(files: tuple[str, str], write: Write) -> None:
    write("chat.jsonl", [*many("chat", 60), *many("chat", 60)])
    Path("curate.toml").write_text(
        f"data = {json.dumps(files)}\n[mix]\nexamples = 30\nweights = {{ 'chat.jsonl' = 2, 'code.jsonl' = 1 }}\n"
    )
    assert main(["run", "--quiet", "--json"]) == 0
    assert Counter(line["from"] for line in kept()) == {"chat": 20, "code": 10}
    assert read_manifest(OUT)[0].removed.reasons == {"D001": 60, "mix": 60}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--weight", "chat.jsonl=1"), "code.jsonl: has no weight in the mix"),
        (
            ("--weight", "chat.jsonl=1", "--weight", "code.jsonl=1", "--weight", "prose.jsonl=1"),
            "no example comes from 'prose.jsonl'",
        ),
        (("--weight", "chat.jsonl"), "not NAME=NUMBER"),
        (("--weight", "*=0"), "no example would be left"),
        (("--weight", "*=nan"), "not NAME=NUMBER"),
        (("--examples", "5", "--tokens", "5"), "not both"),
        (("--tokens", "1"), "too small for any example"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_written(
    words: tuple[str, ...], said: str, files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert split(*files, *words) == 2
    assert said in capsys.readouterr().err
    assert not OUT.exists()  # nothing is written


@given(st.integers(0, 10**7), st.lists(st.floats(0, 1e6), min_size=1, max_size=8).filter(any))
def test_quotas_are_whole_and_add_up(total: int, weights: list[float]) -> None:
    import numpy as np

    shares = np.array(weights) / sum(weights)
    quotas = _quotas(total, shares)
    assert sum(quotas) == total
    assert all(abs(quota - total * share) <= 1.001 for quota, share in zip(quotas, shares, strict=True))
