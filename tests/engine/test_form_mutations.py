"""Samples of every form with keys renamed and values of other types or of unknown kinds put in: text that stands in a
line is in the conversation that is read of it, or `curate check` reports the line.
"""

import json
import re
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from curate.cli.main import main
from curate.core.example import METADATA, TRAINED_KEYS, Example, Place, content_text
from curate.core.form_keys import ANSWER_KEYS
from curate.lint.rules.file_format import TRAINER_KEYS
from curate.read.formats import BY_NAME, example_of, unread_keys
from tests.engine.test_formats import CASES
from tests.engine.test_forms import SAMPLES
from tests.strategies import inside

TEXT_KEYS = frozenset((
    "text", "content", "value", "summary", "output", "reasoning", "thinking", "refusal", "input", "instruction",
    "response", "prompt", "completion", "chosen", "rejected", "question", "answer", "parts", "query", "problem",
    "solution", "context", "system",
))  # fmt: skip
"""Keys of texts that are spoken."""
NOT_SPOKEN = frozenset(
    ("cache_control", "annotations", "train_detail", "training_detail", "metadata", "extra_info", "verifier_metadata")
)
PARTS = (
    "{}", {"type": "novel", "text": "{}"}, {"type": "novel", "novel": {"text": "{}"}}, {"novel": {"text": "{}"}},
    {"text": "{}"}, {"content": "{}"}, {"role": "user", "content": "{}"}, {"role": "judge", "content": "{}"},
    {"type": "text", "content": "{}"}, {"type": "text", "text": "{}"}, {"citationsContent": {"content": ["{}"]}},
    {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "{}"}, ["{}"],
    {"type": "server_tool_use", "id": "s", "name": "web", "input": {"q": "{}"}},
    {"type": "document", "source": {"type": "text", "data": "{}"}}, {"executableCode": {"code": "{}"}},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "{}"}]},
)  # fmt: skip
"""What is put into lists; `{}` stands for a text."""
Marks = set[str]


def marks_in(value: Any) -> Marks:
    return set(re.findall(r"said\d+", json.dumps(value)))


def marked(value: Any, numbers: Any, key: str = "") -> Any:
    """A value in which each spoken text has a mark of its own."""
    if isinstance(value, dict):
        return {name: marked(item, numbers, name) for name, item in value.items()}
    if isinstance(value, list):
        return [marked(item, numbers, key) for item in value]
    plain = isinstance(value, str) and key in TEXT_KEYS and not re.search(r"[<{\[#]|\w:", value)
    return f"{value} said{next(numbers)}" if plain else value


def changed(value: Any, random: Random, numbers: Any) -> Any:
    """A copy with one change, in which a new text may stand."""
    value = json.loads(json.dumps(value))
    places = [path for path, _ in inside(value) if path and not NOT_SPOKEN & set(path)]
    path = random.choice(places)
    parent = value
    for key in path[:-1]:
        parent = parent[key]
    held, new = parent[path[-1]], f"said{next(numbers)}"
    kind = random.choice(("rename", "retype", "key", "part", "remove"))
    if kind == "rename" and isinstance(parent, dict):
        other = random.choice((f"{path[-1]}x", str(path[-1]).upper(), "value", "text", "content", "output"))
        parent.setdefault(other, parent.pop(path[-1]))
    elif kind == "retype":
        parent[path[-1]] = random.choice(({"text": held}, [held], {"value": held}, [[held]], {"parts": [held]}))
    elif kind == "key" and isinstance(held, dict):
        name = random.choice(
            ("text", "content", "value", "parts", "thought", "notes", "system", "transcript", "tool_calls")
        )
        held.setdefault(name, random.choice((new, [{"type": "text", "text": new}], {"text": new})))
    elif kind == "part" and isinstance(held, list):
        part = json.loads(json.dumps(random.choice(PARTS)).replace("{}", new))
        held.insert(random.randint(0, len(held)), part)
    elif kind == "remove":
        del parent[path[-1]]
    return value


def read_of(example: Example) -> Marks:
    """The marks of texts that the conversation holds, or what is trained on beside it."""
    found = [item for key, item in example.value.items() if key in TRAINED_KEYS and key != "messages"]
    for message in example.messages:
        spoken = ("reasoning_content", "reasoning", "thinking", "refusal", "tool_calls", "function_call")
        found += [content_text(message.content), *(message.value[key] for key in spoken if key in message.value)]
    return marks_in(found)


KEPT: Final = {"tree", "responses_create_params", "toolConfig", "generationConfig", "response_format", *ANSWER_KEYS}
"""Other replies, settings of services and second answers of mathematics data: they are kept, and not trained on."""


def told_keys(example: Example) -> set[str]:
    """Keys beside the conversation that rule J024 reports for the file, and those of which it need not."""
    unread = {key.partition(".")[0] for key in unread_keys(example)}
    read = TRAINER_KEYS | {*BY_NAME[example.format].uses} - unread
    return {key for key in example.value if key not in read} | METADATA | KEPT


@pytest.mark.slow
def test_no_text_of_a_changed_line_is_lost_and_counted_as_clean(capsys: pytest.CaptureFixture[str]) -> None:
    random, rows = Random(0), list[tuple[int, Any]]()
    samples = [value for _, value in SAMPLES] + [value for value, _, _ in CASES]
    for number, sample in enumerate(samples):
        numbers = iter(range(1000 * (number + 1), 1000 * (number + 2)))
        whole = marked(sample, numbers)
        rows += [(number, whole), *((number, changed(whole, random, numbers)) for _ in range(12))]
    rows = [(number, row) for number, row in rows if isinstance(row, dict)]
    path = Path("data.jsonl")
    path.write_text("".join(json.dumps(row) + "\n" for _, row in rows), "utf-8")
    main(["check", str(path), "--output-format", "json", "--select", "J,M,C,T,P,R"])
    findings = defaultdict[int, set[tuple[str, str]]](set)
    for finding in json.loads(capsys.readouterr().out)["findings"]:
        message = re.sub(r"said\d+", "", finding["message"])
        # An unknown key is reported once a line, at the first message that has it.
        findings[finding["line"]].add(
            (finding["code"], f"{finding['pointer']} {message}" if finding["code"] == "M022" else message)
        )
    usual: tuple[int, set[tuple[str, str]], Marks] = (-1, set(), set())
    lost = []
    for line, (number, row) in enumerate(rows, 1):
        example = example_of(row, Place("data.jsonl", line))
        beside = {key: item for key, item in example.value.items() if example.understood and key in told_keys(example)}
        unread = marks_in(row) - read_of(example) - marks_in(beside)
        if usual[0] != number:
            usual = (number, findings[line], unread)
        elif example.understood and unread - usual[2] and not findings[line] - usual[1]:
            lost.append((example.format, unread - usual[2], samples[number], row))
    assert lost == []
    assert len(rows) > 1_000
