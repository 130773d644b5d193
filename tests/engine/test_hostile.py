"""Whatever stands in a file, `curate check` ends with a documented exit code, and what it says points into the file."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.cli.main import main
from curate.read.json_pointer_spans import Spans
from tests.conftest import line_of, of_hundred
from tests.strategies import conversations, json_values, lines, written

GOOD, OTHER = line_of(("Hi", "Hello.")), line_of(("Bye", "Goodbye."))
fragments = st.sampled_from([
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\n", b"\r\n", b" ", b"\x00", b"\xff", b"\xef\xbb\xbf",
    b"\\ud83d", b"\\u0000", b"null", b"NaN", b"1e999",
    b'"role"', b'"messages"', b'"content"', b"'", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\xff\xfe", GOOD,
    GOOD + b"\n", GOOD[:40], OTHER[40:],
])  # fmt: skip
noise = st.one_of(st.binary(max_size=60), st.lists(fragments, max_size=20).map(b"".join))


def check(data: bytes) -> tuple[int, list[dict[str, Any]]]:
    """The exit code for a file of these bytes, and the findings."""
    path = Path("data.jsonl")
    path.write_bytes(data)
    out, told = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(told):
        code = main(["check", str(path), "--output-format", "json"])
    assert code in (0, 1, 2), told.getvalue()
    return code, [] if code == 2 else json.loads(out.getvalue())["findings"]


def resolve(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer. Raises `LookupError`."""
    for key in pointer.split("/")[1:]:
        if isinstance(value, list):
            value = value[int(key)]
        elif isinstance(value, dict):
            value = value[key.replace("~1", "/").replace("~0", "~")]
        else:
            raise LookupError(pointer)
    return value


def assert_within(data: bytes, findings: list[dict[str, Any]]) -> None:
    """Every finding is about the file or about one of its lines, and the report is in their order."""
    count = data.count(b"\n") + (not data.endswith(b"\n"))
    assert all(0 <= finding["line"] <= count for finding in findings)
    assert [finding["line"] for finding in findings] == sorted(finding["line"] for finding in findings)


@pytest.mark.slow
@given(data=noise)
@example(data=b'[{"a": 1}')
@example(data=b"[\n")
@example(data=b'{"a": 1}\n{"a": \n')
@example(data=b"\x1f\x8b")
@example(data=b"\x28\xb5\x2f\xfd")
def test_any_bytes_end_with_a_documented_exit_code_and_findings_inside_the_file(data: bytes) -> None:
    code, findings = check(data)
    if code != 2:
        assert_within(data, findings)
        assert bool(findings) == (code == 1)


@pytest.mark.slow
@given(conversation=conversations(), at=st.integers(0, 400), length=st.integers(0, 4), put=noise)
def test_damage_to_one_line_is_told_and_its_neighbours_are_left_alone(
    conversation: dict[str, Any], at: int, length: int, put: bytes
) -> None:
    line = json.dumps(conversation).encode()
    line = (line[:at] + put + line[at + length :]).replace(b"\n", b" ")
    _, findings = check(b"".join([GOOD, b"\n", line, b"\n", OTHER, b"\n"]))
    assert {finding["line"] for finding in findings} <= {0, 2} | ({3} if OTHER in line else set())
    assert_within(b"\n\n\n", findings)
    try:
        sound = isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        sound = False
    assert sound or any(finding["line"] == 2 for finding in findings)


@pytest.mark.slow
@settings(max_examples=of_hundred(50))
@given(values=st.lists(lines | json_values, min_size=2, max_size=8))
@example(values=[{"input": {"messages": [], "tools": [1 << 63]}, "preferred_output": None}])
@example(values=[{"input": {"messages": [], "tools": [None], "system": ""}, "preferred_output": None}])
@example(values=[{"system": "x", "messages": [{"role": "customer"}, {"role": None}, "Hi"]}])
@example(values=[{"conversations": [{"role": "customer"}, {"from": "narrator"}, {}]}])
@example(values=[{"messages": None, "rejected_messages": []}])
@example(values=[{"prompt": [{"role": "customer"}], "completion": [{"from": "narrator"}]}])
def test_every_pointer_leads_to_a_value_or_to_a_key_that_is_missing_from_one(values: list[Any]) -> None:
    # After a sound line, because a lone list would be a document.
    data = b"".join(line_of(json.dumps(value).encode()) + b"\n" for value in [json.loads(GOOD), *values])
    _, findings = check(data)
    assert_within(data, findings)
    for finding in findings:
        if finding["pointer"]:
            value = values[finding["line"] - 2]
            try:
                resolve(value, finding["pointer"])
            except LookupError:
                assert isinstance(resolve(value, finding["pointer"].rpartition("/")[0]), dict)


ODD = {"messages": [{"role": "system", "weight": False}], "chosen": "", "rejected": "", "chosen_messages": []}


@pytest.mark.slow
@settings(max_examples=of_hundred(50))
@given(pairs=st.lists(written(lines), min_size=2, max_size=3))
@example(pairs=[({"messages": []}, '{"messages": []}'), (ODD, json.dumps(ODD))])
def test_an_array_has_the_findings_of_its_elements_at_the_lines_of_their_values(pairs: list[tuple[Any, str]]) -> None:
    values = [value for value, _ in pairs]
    _, alone = check(b"".join(json.dumps(value).encode() + b"\n" for value in values))
    text = "[\n" + ",\n\n  ".join(text for _, text in pairs) + "\n]"
    _, together = check(text.encode())
    of_values = [finding for finding in alone if finding["code"][0] in "MC"]

    def line(finding: dict[str, Any]) -> int:
        span = Spans(text).find(f"/{finding['line'] - 1}{finding['pointer']}")
        return text.count("\n", 0, span.start if span else 0) + 1

    expected = sorted((line(finding), finding["code"], finding["pointer"], finding["message"]) for finding in of_values)
    found = [(one["line"], one["code"], one["pointer"], one["message"]) for one in together if one["code"][0] in "MC"]
    assert sorted(found) == expected
