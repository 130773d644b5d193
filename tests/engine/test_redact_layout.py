"""`curate redact`: what surrounds a private value keeps its bytes, and equal values have equal replacements."""

import json
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.redact.json_texts import json_in
from tests.conftest import Write, chat


@pytest.mark.parametrize(
    "answer",
    [
        '{\n  "name": "Blue Kettle",\n  "contact": "jane.roe@acme-mail.io",\n  "price": 12.50, "tags": []\n}',
        '{"contact":"jane.roe@acme-mail.io","city":"M\\u00fcnchen", "score":1e3,\n\t"ok":null}',
        '[\n    {"to": "jane.roe@acme-mail.io"},\n    {"limit": NaN, "least": -Infinity, "note": "4 \\"x\\""}\n]',
    ],
)
def test_json_in_a_text_keeps_its_layout(answer: str, write: Write) -> None:
    write("a.jsonl", [chat("Give me the record.", answer)])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "--style", "label"]) == 0
    redacted = json.loads(Path("out.jsonl").read_text(encoding="utf-8"))["messages"][-1]["content"]
    assert redacted == answer.replace("jane.roe@acme-mail.io", "[EMAIL_1]")
    assert json_in(redacted) is not None
