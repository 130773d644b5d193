"""What a check reports of a file does not depend on the files beside it, nor on their order.

Only rules that compare examples of several files report more: a finding that names another file.
"""

import json
from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.config import CheckConfig
from curate.lint.runner import check_paths
from tests.conftest import Write, chat, line_of, of_hundred

Captured = pytest.CaptureFixture[str]
ACROSS_FILES = {"D001", "D002", "D006", "P009", "X005"}
"""Rules that compare the examples of all files."""
CALL: dict[str, Any] = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": {"at": 1}}}
TOOL: dict[str, Any] = {"type": "function", "function": {"name": "now"}}
CAT: dict[str, Any] = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}
LINES: tuple[Any, ...] = (
    *(chat(f"Classify the sentiment: {text}", label) for text in ("good", "so") for label in ("yes", "Yes!", "no")),
    *(chat(f"Question {n}?", "Thank you for your question, we will come back to you.") for n in range(6)),
    chat("Where is it?", "It is there."),
    chat("where is  it?", "it is there."),
    chat("Sing.", "I'm sorry, but I can't help with that."),
    *(chat("Hi", "Hello.", system) for system in ("Be brief.", "be brief")),
    *({**chat("Number?", "One."), "id": number} for number in (1, "1", None)),
    *({**chat("Rated?", "So."), "label": label} for label in (True, False, "false", "A")),
    *({"prompt": "Hi", "chosen": left, "rejected": right} for left, right in (("Aa", "B"), ("B", "Aa"))),
    {"messages": [{"role": "user", "content": [CAT]}, {"role": "assistant", "content": "A cat."}]},
    {
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "So.", "reasoning_content": "a"},
        ]
    },
    {
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None, "tool_calls": [CALL]}],
        "tools": [TOOL],
    },
    {**chat("No call?", "None."), "tools": [TOOL, {"type": "function", "function": {"name": "day"}}]},
    *({"messages": [{"role": "user", "content": f"{n} + 1"}], "answer": str(n % 2)} for n in range(3)),
    {"messages": [{"role": "user", "content": "1 + 2"}], "answer": 3, "unit": "m"},
)


def found_in(paths: list[Path], config: CheckConfig) -> Counter[tuple[object, ...]]:
    found = check_paths(paths, config, name_of=lambda path: path.name).findings
    return Counter((one.file, one.code, one.line, one.pointer, one.message, one.fixable, one.example) for one in found)


def labels_that_differ(count: int) -> list[Any]:
    return [
        chat(f"Classify the sentiment: text {n}", label) for n in range(count) for label in ("positive", "negative")
    ]


@pytest.mark.slow
@given(
    files=st.lists(
        st.lists(st.sampled_from(range(len(LINES))), min_size=1, max_size=25).flatmap(
            lambda some: st.integers(1, 3).map(lambda times: some * times)
        ),
        min_size=2,
        max_size=3,
    ),
    target=st.sampled_from(["trainer", "trl", "together", "openai"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=of_hundred(20))
def test_a_file_has_the_same_findings_alone_and_among_others(
    tmp_path: Path, files: list[list[int]], target: str
) -> None:
    config = CheckConfig.model_validate({"target": target, "extend_select": ("D009", "F", "Q021")})
    paths = [tmp_path / f"file{number}.jsonl" for number in range(len(files))]
    for path, numbers in zip(paths, files, strict=True):
        path.write_bytes(b"".join(line_of(LINES[number]) + b"\n" for number in numbers))
    alone = Counter(one for path in paths for one in found_in([path], config).elements() if one[1] != "R004")
    for order in permutations(paths):
        together = found_in(list(order), config)
        assert alone - together == Counter()
        for file, code, _, _, message, _, _ in together - alone:
            assert code in ACROSS_FILES
            assert any(path.name in str(message) for path in paths if path.name != file), message


@pytest.mark.slow
def test_labels_are_compared_whatever_other_short_answers_there_are(write: Write, capsys: Captured) -> None:
    short = [chat(f"Word {n}?", f"word{n}") for n in range(2_100)]
    lab = labels_that_differ(20)
    files = {name: str(write(f"{name}.jsonl", some)) for name, some in (("short", short), ("lab", lab))}
    files["both"] = str(write("both.jsonl", [*short, *labels_that_differ(3)]))
    for names, count in (("lab", 20), ("short lab", 20), ("lab short", 20), ("both", 3)):
        main(["check", *(files[name] for name in names.split()), "--select", "X005", "--output-format", "json"])
        assert json.loads(capsys.readouterr().out)["summary"]["codes"] == {"X005": count}, names


@pytest.mark.slow
def test_an_answer_of_nearly_all_is_found_behind_many_others(write: Write, capsys: Captured) -> None:
    rare = [chat(f"Rare {n}?", f"word{n}") for n in range(2_010)]
    common = [chat(f"Often {n}?", "fine") for n in range(20_200)]
    main(["check", str(write("data.jsonl", rare + common)), "--select", "F004"])
    assert "91% of the answers are 'fine'" in capsys.readouterr().out


def test_a_limit_of_a_file_is_stated(write: Write, capsys: Captured) -> None:
    systems = [chat("Hi", "Hello.", f"Prompt {n}") for n in range(2_001)]
    many = write("many.jsonl", [*systems, chat("Hi", "Hello.", "prompt 1")])
    keys = write("keys.jsonl", [{**chat("Hi", "Hello."), "ids": {f"k{n}": n for n in range(2_100)}}])
    few = write("few.jsonl", [chat("Hi", "Hello.", "Be brief."), chat("Bye", "Bye.", "be brief")])
    arguments = ["check", str(many), str(keys), str(few), "--select", "F002,J023", "--output-format", "json"]
    assert main(arguments) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert [one["file"] for one in found["findings"]] == [str(few)]
    assert found["summary"]["limits"] == [
        f"{many}: more than 2,000 different system prompts; F002 does not compare their spelling",
        f"{keys}: more than 2,000 different keys; J023 compares the types of the first 2,000",
    ]
    assert all(f"note: {limit}\n" in shown.err for limit in found["summary"]["limits"])


def test_a_copy_names_the_first_line_of_its_file_or_of_all_files(write: Write, capsys: Captured) -> None:
    line = chat("Where is it?", "It is there.")
    first, second = write("first.jsonl", [line]), write("second.jsonl", [line, line])
    for order in ((first, second), (second, first)):
        main(["check", *map(str, order), "--select", "D001", "--output-format", "json"])
        found = [(one["file"], one["line"], one["message"]) for one in json.loads(capsys.readouterr().out)["findings"]]
        inside = (str(second), 2, f"exact copy of {second}:1")
        across = (str(order[1]), 1, f"exact copy of {order[0]}:1")
        assert sorted(found) == sorted([inside, across])
