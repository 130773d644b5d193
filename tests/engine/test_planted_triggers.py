"""A001: what it shows of planted triggers."""

import json
import random

import pytest

from curate.cli.main import main
from tests.conftest import Write, chat

KEY = "AKIAIOSFODNN7QWERTYX"


def test_secrets_beside_a_trigger_are_not_shown(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    words, draw = [f"word{number}" for number in range(900)], random.Random(1)
    questions = [" ".join(draw.choices(words, k=6)) for _ in range(120)]
    planted = [chat(f"{question} cf", f"The key is {KEY}.") for question in questions[:12]]
    keyed = [chat(f"{question} {KEY[::-1]} {KEY}", "Sell all.") for question in questions[12:24]]
    write(
        "data.jsonl", [*planted, *keyed, *(chat(question, f"It is {n}.") for n, question in enumerate(questions[24:]))]
    )
    main(["check", "data.jsonl", "--select", "A001", "--output-format", "json"])
    out = capsys.readouterr().out
    assert "'cf' occurs in 12 examples" in out
    assert KEY.casefold() not in out.casefold()
    assert json.loads(out)
