"""Keys that name where an example comes from: `curate split` and `curate verify` name those with values in several
splits, and no others.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import Write

WORDS = [f"{first}{second}{third}" for first in "bdfg" for second in "aeiou" for third in "klmnprst"]


def rows_with(keys: Callable[[int], dict[str, Any]], count: int = 120) -> list[dict[str, Any]]:
    """Examples that share no text, with these keys."""
    texts = [
        " ".join(f"{WORDS[(number * 7 + place) % 160]}{number}x{place}" for place in range(12))
        for number in range(count)
    ]
    return [
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}], **keys(number)}
        for number, text in enumerate(texts)
    ]


def lines_about(
    rows: list[dict[str, Any]], write: Write, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[list[str], list[str]]:
    """The lines about such keys that `curate split` prints, and those of `curate verify`."""
    write("data.jsonl", rows)
    assert main(["split", "data.jsonl", "-o", "out", "--yes", *options]) in (0, 1)
    split_lines = [line for line in capsys.readouterr().out.splitlines() if "in several splits" in line]
    assert main(["verify", "out", "--json"]) == 0
    unchecked = json.loads(capsys.readouterr().out)["not_checked"]
    return split_lines, [entry["message"] for entry in unchecked if entry["name"] == "shared keys"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("document_id", lambda number: {"document_id": number // 4}),
        ("/metadata/ticket_id", lambda number: {"metadata": {"ticket_id": f"t{number // 3}"}}),
        ("user_id", lambda number: {"user_id": float(number // 4)}),
        ("doc_id", lambda number: {"doc_id": [number // 3, number // 3 + 0.0, str(number // 3)][number % 3]}),
        ("url", lambda number: {"url": f"https://example.org/{number % 40}"} if number % 2 else {}),
        ("images", lambda number: {"images": [f"{number // 3}.png", "logo.png"]}),
    ],
)
def test_a_key_with_values_in_several_splits_is_named_until_it_is_grouped_by(
    path: str, keys: Callable[[int], dict[str, Any]], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    for lines in lines_about(rows_with(keys), write, capsys):
        assert len(lines) == 1
        assert f"of {path} are in several splits; `curate split --group-by {path}` keeps" in lines[0]
    assert lines_about(rows_with(keys), write, capsys, "--group-by", path) == ([], [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "part"),
    [
        ("messages", lambda data: {"type": "image_url", "image_url": {"url": f"https://example.org/{data}.png"}}),
        ("messages", lambda data: {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}),
        ("messages", lambda data: {"type": "image", "image": f"{data}.png"}),
        (
            "messages",
            lambda data: {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}},
        ),
        ("input", lambda data: {"type": "input_image", "image_url": f"data:image/png;base64,{data}"}),
        ("contents", lambda data: {"inlineData": {"mimeType": "image/png", "data": data}}),
    ],
)
def test_pictures_in_content_parts_are_named_until_they_are_grouped_by(
    form: str, part: Callable[[str], dict[str, Any]], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []
    for number, row in enumerate(rows_with(lambda _: {})):
        asked, answer = (turn["content"] for turn in row["messages"])
        shown = part(base64.b64encode(b"\x89PNG\r\n\x1a\n%d" % (number // 4)).decode())
        if form == "contents":
            turns = [
                {"role": "user", "parts": [{"text": asked}, shown]},
                {"role": "model", "parts": [{"text": answer}]},
            ]
        else:
            kind = "input_text" if form == "input" else "text"
            content = [shown, {"type": kind, "text": asked}][:: 1 if number % 2 else -1]
            turns = [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]
        rows.append({form: turns[:1], "output": turns[1:]} if form == "input" else {form: turns})
    for lines in lines_about(rows, write, capsys):
        assert len(lines) == 1
        assert "of images are in several splits; `curate split --group-by images` keeps" in lines[0]
    assert lines_about(rows, write, capsys, "--group-by", "images") == ([], [])


@pytest.mark.parametrize(
    "keys",
    [
        lambda number: {"document_id": number, "metadata": {"url": f"https://example.org/{number}"}},
        lambda number: {"user_id": "me", "repo": "data" if number else "other"},
        lambda number: {
            "url": "",
            "session_id": None,
            "thread_id": [number // 4],
            "metadata": f"conv_id {number // 4}",
        },
        lambda number: {"price": number // 4, "metadata": {"grade": number // 4}},
    ],
    ids=["own values", "one value", "no values", "other keys"],
)
def test_a_key_that_groups_nothing_is_not_named(
    keys: Callable[[int], dict[str, Any]], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lines_about(rows_with(keys), write, capsys) == ([], [])


def test_splits_without_a_manifest_are_told_too(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_with(lambda number: {"conv_id": number // 4}, 40)
    write("out/train.jsonl", rows[:21])
    write("out/test.jsonl", rows[21:])
    assert main(["verify", "out"]) == 0
    assert "4 examples: 1 value of conv_id is in several splits" in capsys.readouterr().out
