"""Family K promises what training does: the same lines, for the same reasons."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.check import check_paths
from curate.config import CheckConfig
from curate.errors import ModelError
from curate.template import load_template
from tests.conftest import Write, chat
from tests.strategies import conversations, lines
from tests.tinymodel import MAX_LENGTH, model
from train.data import load_split
from train.recipe import Recipe

LONG = "Mercury, Venus, Earth and Mars are rock; Jupiter and Saturn are gas; Uranus and Neptune are ice."
CALL = {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}
KNOWN: list[Any] = [
    chat("Hi", "Hello."),
    chat("Hi", LONG),
    chat(LONG, "Hello."),
    chat("Hi", ""),
    chat("", ""),
    chat("Hi", "Hello.", LONG),
    chat("Say <|im_end|>", "<|im_end|>"),
    {"messages": []},
    {"messages": "Hi"},
    {"messages": ["Hi", {"role": "assistant", "content": "Hello."}]},
    {"other": 1},
    {"messages": [{"role": "user", "content": "Hi"}]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None}]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "narrator", "content": "So."}, {"role": "assistant", "content": "Hello."}]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 0}]},
    {"messages": [{"role": "assistant", "content": "Hello."}]},
    {"messages": [{"role": "user", "content": "Hi"}, CALL]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "\ud800"}]},
    {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": LONG}]},
    {"instruction": "Hi", "output": "Hello."},
    {"instruction": LONG, "input": LONG, "output": "Hello."},
    {"prompt": "Hi", "completion": "Hello."},
    {"prompt": "Hi", "chosen": "Hello.", "rejected": LONG},
]
REFUSING = ("K001", "K004", "K011")
STRUCTURE = ("M001", "M002", "M003", "M004")


def refused_by_training(folder: Path) -> dict[int, set[str]]:
    recipe = Recipe.model_validate({"model": model(), "data": str(folder), "max_length": MAX_LENGTH, "over_length": "leave-out", "untrainable": "leave-out"})
    left_out = load_split(folder, "train", load_template(model()), recipe).left_out
    return {one.line: {reason.split(" ")[0] for reason in one.reason.split("; ") if reason[0] == "K"} for one in left_out}


def told_by_check(path: Path) -> dict[int, set[str]]:
    config = CheckConfig(select=(*REFUSING, *STRUCTURE), model=model(), max_length=MAX_LENGTH)
    told: dict[int, set[str]] = {}
    for finding in check_paths([path], config).findings:
        told.setdefault(finding.line, set()).add(finding.code)
    return told


def stands(value: Any, pointer: str) -> bool:
    """Whether a pointer leads to something."""
    try:
        for part in pointer.split("/")[1:]:
            value = value[int(part) if isinstance(value, list) else part.replace("~1", "/").replace("~0", "~")]
    except (KeyError, IndexError, TypeError):
        return False
    return True


def agree(values: list[Any]) -> None:
    folder = Path("split")
    folder.mkdir(exist_ok=True)
    path = folder / "train.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in [*values, chat("Hi", "Hello.")]))
    refused, told = refused_by_training(folder), told_by_check(path)
    assert {line: codes & set(REFUSING) for line, codes in told.items() if codes & set(REFUSING)} == {line: codes for line, codes in refused.items() if codes}
    assert all(told[line] & set(STRUCTURE) for line, codes in refused.items() if not codes)


def test_the_lines_that_training_refuses_are_those_that_check_tells_and_for_the_same_reason() -> None:
    agree(KNOWN)
    refused = refused_by_training(Path("split"))
    assert {"K001", "K004", "K011"} == set().union(*refused.values())
    assert 10 < len(refused) < len(KNOWN)


@settings(max_examples=60, deadline=None)
@given(st.lists(lines | conversations(), max_size=5))
def test_any_lines_that_training_refuses_are_those_that_check_tells(values: list[dict[str, Any]]) -> None:
    agree(values)


@settings(max_examples=60, deadline=None)
@given(st.lists(lines | conversations(), max_size=5))
def test_no_data_breaks_a_rule_or_makes_the_mask_reach_beyond_a_sound_answer(values: list[dict[str, Any]]) -> None:
    path = Path("data.jsonl")
    path.write_text("".join(json.dumps({key: item for key, item in value.items() if key != "tools"}) + "\n" for value in values))
    report = check_paths([path], CheckConfig(select=("K",), model=model(), max_length=MAX_LENGTH))
    assert "K012" not in report.codes
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(stands(written[finding.line - 1], finding.pointer) for finding in report.findings if finding.line)


def test_without_a_model_no_rule_of_the_family_runs(write: Write) -> None:
    assert check_paths([write("data.jsonl", KNOWN[:1])], CheckConfig(select=("K",), max_length=1)).findings == []


def test_a_model_that_is_not_there_is_told_with_the_next_step(write: Write) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        check_paths([write("data.jsonl", KNOWN[:1])], CheckConfig(model="./missing"))


def test_what_a_template_drops_is_told_once_for_each_message(write: Write) -> None:
    turns = [{"role": role, "content": f"{role} speaks"} for role in ("developer", "user", "assistant", "user", "assistant")]
    path = write("data.jsonl", [{"messages": turns}])
    report = check_paths([path], CheckConfig(select=("K005",), model=model(), max_length=MAX_LENGTH))
    assert [(finding.line, finding.pointer) for finding in report.findings] == [(1, "/messages/0/content")]
