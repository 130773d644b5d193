"""The numbers of a file: counted exactly, shown safely, the same for people and programs."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from curate.cli.main import main
from curate.core.errors import InputError
from curate.corpus.stats import collect, histogram, percentile, usual_epochs
from curate.language.tokens import letters
from curate.models.template import load_template
from curate.render.console import bar
from curate.render.stats import percent, stats_result, stats_text
from tests.conftest import Write, chat, of_hundred
from tests.strategies import conversations, lines
from tests.test_layers import HEAVY_PACKAGES, python
from tests.tinymodel import model

SCHEMA = Path(__file__).parent.parent.parent / "schemas" / "stats.schema.json"
CALLING: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": "Time?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "now", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "1", "content": "12:00"},
        {"role": "assistant", "content": "Noon."},
    ],
    "tools": [{"type": "function", "function": {"name": "now"}}],
}
MIXED: list[object] = [
    chat("Hi", "Hello.", "Be brief."),
    chat("Hi", "Hello.", "Be brief."),
    chat("Привет", "你好。", "Be kind."),
    {"instruction": "Hi", "output": "Hello."},
    CALLING,
    {"what": 1},
    {"messages": [{"role": "narrator", "content": "So."}, {"content": "Hm."}]},
    b"broken",
    b"",
]


def shown(path: Path, width: int = 80) -> str:
    from rich.console import Console

    out = Console(width=width, file=None, record=True, color_system=None, quiet=True)
    with out.capture() as captured:
        out.quiet = False
        for part in stats_text(stats_result(collect([path])), str(path), width):
            out.print(part)
    return captured.get()


def test_every_number(write: Write) -> None:
    numbers = stats_result(collect([write("data.jsonl", MIXED)])).model_dump(mode="json")
    assert (numbers["files"], numbers["lines"], numbers["examples"], numbers["duplicates"]) == (1, 8, 6, 1)
    assert numbers["formats"] == {"messages": 5, "alpaca": 1, "unknown": 1}
    assert {name: role["messages"] for name, role in numbers["roles"].items()} == {
        "assistant": 6,
        "user": 5,
        "system": 3,
        "other": 2,
        "tool": 1,
    }
    assert numbers["roles"]["system"] == {"messages": 3, "characters": 26, "tokens": 8}
    assert numbers["turns"] == {"mean": 2.83, "p50": 3, "p95": 4, "max": 4, "total": 17}
    assert numbers["tools"] == {"declared": 1, "called": 1, "calls": 1, "results": 1}
    frequent = [{"text": "Be brief.", "examples": 2}, {"text": "Be kind.", "examples": 1}]
    assert numbers["system"] == {"examples": 3, "distinct": 2, "frequent": frequent}
    assert {name: (script["letters"], script["examples"]) for name, script in numbers["scripts"].items()} == {
        "Latin": (53, 6),
        "Cyrillic": (6, 0),
        "Han": (2, 0),
    }
    assert (numbers["tokens_by"], numbers["model"], numbers["training"]) == ("bytes", None, None)


@pytest.mark.slow
def test_parts_of_a_file_count_as_the_whole(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [*MIXED, chat("Hi", "Hello.") | {"source": "web", "score": 1.5}, chat("Hé", "Ça va.")] * 40
    path = write("data.jsonl", rows)
    whole = stats_result(collect([path]))
    monkeypatch.setattr("curate.read.file_parts.CHUNK_BYTES", 2_000)
    assert stats_result(collect([path])) == whole
    monkeypatch.setattr("curate.read.file_parts.MIN_PARALLEL_BYTES", 0)
    assert stats_result(collect([path], workers=2)) == whole
    packed = path.with_name("data.jsonl.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert stats_result(collect([packed])) == whole


def test_the_readable_part_of_a_damaged_file_counts(write: Write) -> None:
    plain = write("data.jsonl", [chat(f"Question {number}?", f"Answer {number}. " * 150) for number in range(2_000)])
    packed = plain.with_name("damaged.jsonl.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes())[:-100])
    counted = collect([packed], strict=False)
    assert 0 < counted.lines == counted.examples - counted.not_understood < 2_000
    with pytest.raises(InputError):
        collect([packed])


def test_a_file_with_nothing_in_it(write: Write) -> None:
    path = write("data.jsonl", b"\n")
    assert stats_result(collect([path])).model_dump(mode="json")["tokens"] == {
        "mean": 0.0,
        "p50": 0,
        "p95": 0,
        "max": 0,
        "total": 0,
    }
    assert shown(path) == "data.jsonl  0 examples\n"


@pytest.mark.xdist_group("trainer")  # loads transformers
def test_tokens_are_those_that_training_sees(write: Write) -> None:
    values: list[dict[str, Any]] = [
        chat("Hi", "Hello."),
        chat("What is it?", "A test."),
        {"messages": [{"role": "narrator", "content": "So."}]},
    ]
    numbers = stats_result(collect([write("data.jsonl", values)], model())).model_dump(mode="json")
    template = load_template(model())
    encoded = [text for value in values for text in template.encode(value).encoded]
    tokens = sum(len(text.input_ids) for text in encoded)
    assert numbers["training"] == {"tokens": tokens, "trained": sum(text.supervised for text in encoded), "refused": 1}
    assert numbers["tokens"]["total"] == tokens + len(template.ids("So."))
    assert numbers["roles"]["assistant"]["tokens"] == len(template.ids("Hello.")) + len(template.ids("A test."))
    assert numbers["tokens_by"] == "model"


@pytest.mark.slow
@settings(max_examples=of_hundred(50))
@given(st.lists(lines | conversations(), max_size=8))
def test_any_lines_make_numbers_that_add_up_and_fit_the_schema(values: list[dict[str, Any]]) -> None:
    path = Path("data.jsonl")
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    stats = collect([path])
    numbers = stats_result(stats).model_dump(mode="json")
    jsonschema.validate(numbers, json.loads(SCHEMA.read_text()))
    assert numbers["lines"] == len(values) == sum(numbers["formats"].values())
    assert numbers["examples"] == numbers["lines"] - numbers["not_understood"] == len(stats.turns)
    assert max(numbers["tools"]["declared"], numbers["system"]["examples"]) <= numbers["examples"]
    assert sum(part["examples"] for part in numbers["histogram"]) == len(stats.turns) == len(stats.tokens)
    assert numbers["tokens"]["total"] == sum(role["tokens"] for role in numbers["roles"].values())
    assert sum(role["messages"] for role in numbers["roles"].values()) == numbers["turns"]["total"]
    assert shown(path)


@pytest.mark.parametrize(
    ("examples", "epochs"), [(0, 3), (1, 25), (10, 10), (33, 3), (34, 3), (8333, 3), (8334, 2), (20_000, 1), (10**6, 1)]
)
def test_services_choose_epochs_by_the_number_of_examples(examples: int, epochs: int) -> None:
    assert usual_epochs(examples) == epochs


def test_what_a_training_costs_and_takes(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write("data.jsonl", [("Hi" * 200, "Hello." * 100)] * 50))
    tokens = 50 * (100 + 150)
    assert main(["stats", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["estimate"] == {
        "epochs": 3,
        "tokens": 3 * tokens,
        "cost": None,
        "seconds": None,
    }
    assert main(["stats", path, "--json", "--epochs", "2", "--price", "8", "--speed", "100"]) == 0
    assert json.loads(capsys.readouterr().out)["estimate"] == {
        "epochs": 2,
        "tokens": 2 * tokens,
        "cost": 0.2,
        "seconds": 250.0,
    }
    assert main(["stats", path, "--epochs", "2", "--price", "8", "--speed", "100"]) == 0
    assert "Estimate  2 epochs, ≈25,000 tokens in total, costs ≈0.20, takes ≈4 min" in capsys.readouterr().out
    assert main(["stats", path, "--price", "8"]) == 0
    assert "costs ≈0.30 (--speed adds the duration)" in capsys.readouterr().out
    assert main(["stats", path, "--epochs", "0"]) == 2


@pytest.mark.parametrize(
    ("count", "of", "said"),
    [(0, 0, "0%"), (0, 9, "0%"), (9, 9, "100%"), (1, 1000, "<1%"), (999, 1000, ">99%"), (1, 2, "50%"), (6, 1000, "1%")],
)
def test_shares_never_say_none_or_all_of_what_is_not(count: int, of: int, said: str) -> None:
    assert percent(count, of) == said


@pytest.mark.parametrize("width", [60, 80, 160])
def test_everything_fits_the_terminal(write: Write, width: int) -> None:
    values = [
        chat("Hi " * count, "Hello. 日本語のテキスト", f"Prompt number {count} " + "長い" * 60) for count in (1, 9, 999)
    ]
    assert max(cell_len(line) for line in shown(write("data.jsonl", [*values, *MIXED]), width).splitlines()) <= width


def test_text_of_the_data_is_never_obeyed_and_secrets_of_length_are_cut(write: Write) -> None:
    text = shown(write("data.jsonl", [chat("Hi", "Hello.", "\x1b[31mred\u202e [bold]not bold[/bold] " + "x" * 500)]))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert r"\x1b[31mred\u202e [bold]not bold[/bold]" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_it_is_said_that_tokens_are_not_counted(write: Write) -> None:
    text = shown(write("data.jsonl", MIXED))
    assert "≈: bytes / 4" in text
    assert "2 lines without an example" in text.replace("\n", "")


@pytest.mark.parametrize("width", [40, 80, 160])
def test_bars_fit_the_terminal(write: Write, width: int) -> None:
    text = shown(write("data.jsonl", [chat("Hi " * count, "Hello.") for count in (1, 1, 1, 9, 99, 999)]), width)
    bars = [line for line in text.splitlines() if "█" in line or "▏" in line]
    assert len(bars) >= 4
    assert max(map(len, bars)) <= width


def test_bars() -> None:
    assert [bar(share, 2) for share in (0, 0.001, 0.5, 0.75, 1)] == ["", "▏", "█", "█▌", "██"]


def test_percentiles_and_histograms() -> None:
    assert [percentile(range(1, 101), share) for share in (0.5, 0.95, 1)] == [50, 95, 100]
    assert [percentile([7], 0.5), percentile([], 0.5)] == [7, 0]
    assert histogram([0, 1, 2, 3, 9]) == [(1, 1, 2), (2, 3, 2), (4, 7, 0), (8, 15, 1)]
    assert histogram([]) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, 1 world!", {"Latin": 10}),
        ("Grüße", {"Latin": 5}),
        ("Привет, ΑΒ", {"Cyrillic": 6, "Greek": 2}),
        ("你好 こんにちは カタカナ 한국어", {"Han": 2, "Hiragana": 5, "Katakana": 4, "Hangul": 3}),
        ("ｆｕｌｌ 𝒳", {"Latin": 4, "Other": 1}),
        ("123 !? 😀 \ud800", {}),
        ("", {}),
    ],
)
def test_letters_are_told_by_script(text: str, expected: dict[str, int]) -> None:
    assert letters(text) == expected


def test_the_command_prints_json_or_a_table(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("data.jsonl", MIXED)
    assert main(["stats", str(path), "--json"]) == 1  # two lines hold no example
    assert json.loads(capsys.readouterr().out)["examples"] == 6
    assert main(["stats", str(path), str(write("other.jsonl", MIXED))]) == 1
    assert capsys.readouterr().out.startswith(
        "2 files  12 examples (messages 10, alpaca 2, unknown 2), 7 exact duplicates"
    )
    assert main(["stats", "missing.jsonl"]) == 2
    assert main(["stats", str(path), "--model", "./missing"]) == 2


@pytest.mark.slow
def test_without_a_model_it_loads_nothing_heavy(write: Write) -> None:
    code = (
        f"import sys; from curate.cli.main import main; main(['stats', {str(write('data.jsonl', MIXED))!r}]); "
        "print(*sys.modules)"
    )
    modules = python("-c", code).stdout.split("\n")[-2].split()
    assert "curate.corpus.stats" in modules
    assert [name for name in (*HEAVY_PACKAGES, "polars") if name in modules] == []
    assert "curate.corpus.stats" in sys.modules
