"""The preview of a line as an editor gets it."""

import json

import pytest

from curate.review.preview import MAX_TEXT_CHARS, MAX_TURNS, LinePreview, line_preview
from tests.conftest import chat

TURN = {"role": "user", "content": "Hi"}


@pytest.mark.parametrize(
    "line",
    [
        {"messages": [TURN, {"role": "assistant", "content": "Hello."}]},
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}]},
        {"prompt": "Hi", "completion": "Hello."},
    ],
)
def test_any_format_is_shown_as_turns(line: dict[str, object]) -> None:
    shown = line_preview(json.dumps(line))
    assert shown is not None
    assert [(turn["role"], turn["text"]) for turn in shown["turns"]] == [("user", "Hi"), ("assistant", "Hello.")]
    assert shown["details"] == []


def test_nothing_of_a_line_is_left_out() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"place": "here"}'}}
    image = {"type": "image_url", "image_url": {"url": "a.png"}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "See"}, image], "name": "ann"},
        {"role": "assistant", "content": None, "tool_calls": [call, 7], "weight": 0},
        {"role": 3, "content": {"text": "odd"}},
    ]
    shown = line_preview(json.dumps({"messages": messages, "rejected": "No."}))
    assert shown is not None
    assert [turn["details"] for turn in shown["turns"]] == [
        [json.dumps(image), "name: ann"],
        ['look(place="here")  c1', "7", "weight: 0"],
        ['content: {"text": "odd"}', "role: 3"],
    ]
    assert shown["details"] == ["rejected: No."]
    odd = line_preview('{"messages": ["odd", {"role": "user", "content": "Hi"}]}')
    assert odd is not None
    assert odd["details"] == ['messages: ["odd", {"role": "user", "content": "Hi"}]']


def test_secrets_are_masked_and_controls_escaped() -> None:
    shown = line_preview(json.dumps(chat("Mail ann.lee@acme-corp.io\u202e\x1b[31m", "Yes.\nNo.")))
    assert shown is not None
    question, answer = (turn["text"] for turn in shown["turns"])
    assert question == "Mail [E-MAIL ADDRESS]\\u202e\\x1b[31m"
    assert answer == "Yes.\nNo."


def test_what_is_cut_is_counted() -> None:
    secret = "ann.lee@acme-corp.io"
    text = "x " * (MAX_TEXT_CHARS // 2 - 5) + secret + " y" * 1000
    shown = line_preview(json.dumps({"messages": [{"role": "user", "content": text}] + [TURN] * (MAX_TURNS + 1)}))
    assert shown is not None
    assert (len(shown["turns"]), shown["details"]) == (MAX_TURNS, ["2 later turns not shown"])
    start, note = shown["turns"][0]["text"].split("\n")
    assert note == f"… {len(text) - MAX_TEXT_CHARS:,} more characters"
    assert "ann" not in start


@pytest.mark.parametrize(
    ("line", "details"),
    [
        ('{"messages": [', ["the JSON ends in the middle: expecting value at column 15", '{"messages": [']),
        ("[1]", ["[1]"]),
        ('{"a": 1}', ["a: 1"]),
    ],
)
def test_a_line_without_a_conversation_is_shown_as_it_is(line: str, details: list[str]) -> None:
    assert line_preview(line) == LinePreview(turns=[], details=details)


def test_a_blank_line_has_no_preview() -> None:
    assert line_preview(" \t") is None
