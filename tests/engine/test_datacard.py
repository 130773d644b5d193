"""The data card: its front matter is that of a data set card of the Hugging Face Hub, and each removal has a reason."""

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from curate.cli.main import main
from curate.output.datacard import size_category
from curate.project.manifest import read_manifest
from curate.read.formats import WRITABLE
from tests.conftest import Write, chat
from tests.engine.test_shared_texts import words
from tests.leaks import row

ROWS = [chat(f"What is {n} plus {n + 7}?", f"It is {2 * n + 7}, as everyone can count.") for n in range(40)]


def front_matter(write: Write, settings: str = "") -> dict[str, Any]:
    write("data.jsonl", ROWS)
    Path("curate.toml").write_text(settings)
    assert main(["split", "data.jsonl", "-o", "out", "--yes", "--quiet"]) == 0
    _, front, _ = Path("out/DATACARD.md").read_text().split("---\n", 2)
    found: dict[str, Any] = yaml.safe_load(front)
    return found


def test_the_front_matter_has_what_is_known(write: Write) -> None:
    found = front_matter(
        write, '[card]\ntitle = "Sums: easy"\nlicense = "CC-BY-4.0"\nlanguages = "no, en"\ndescription = "x"\n'
    )
    assert [split["split"] for split in found.pop("configs")[0]["data_files"]] == ["train", "validation", "test"]
    assert found == {
        "language": ["no", "en"],
        "license": "cc-by-4.0",
        "pretty_name": "Sums: easy",
        "size_categories": ["n<1K"],
        "task_categories": ["text-generation"],
        "tags": ["curate"],
    }
    assert "**License**: CC-BY-4.0" in Path("out/DATACARD.md").read_text()


def test_what_is_not_known_is_left_out(write: Write) -> None:
    assert front_matter(write).keys() == {"size_categories", "task_categories", "tags", "configs"}
    found = front_matter(write, '[card]\nlanguages = "English and German"\nlicense = "Acme License 1.0"\n')
    assert "language" not in found
    assert (found["license"], found["license_name"]) == ("other", "acme-license-1.0")


def test_the_earlier_name_of_the_license_is_read(write: Write) -> None:
    assert front_matter(write, '[card]\nlicence = "mit"\n')["license"] == "mit"
    manifest, _ = read_manifest(Path("out"))
    assert manifest.config["card"]["license"] == "mit"


@pytest.mark.parametrize(
    ("examples", "category"),
    [
        (0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (9_999, "1K<n<10K"), (10_000, "10K<n<100K"),
        (1_000_000, "1M<n<10M"), (10**9, "1B<n<10B"), (10**12, "n>1T"),
    ],
)  # fmt: skip
def test_the_size_category_is_one_of_the_hub(examples: int, category: str) -> None:
    assert size_category(examples) == category


def test_a_line_that_a_custom_rule_removes_has_a_reason(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    settings = (
        '[check]\ndrop = ["U001"]\n[[check.rule]]\ncode = "U001"\nname = "says-eleven"\npattern = "It is 11,"\n'
        'message = "the answer is eleven"\n'
    )
    front_matter(write, settings)
    assert "| U001 | 1 | The answer is eleven. |" in Path("out/DATACARD.md").read_text()
    capsys.readouterr()
    assert main(["split", "data.jsonl", "-o", "again", "--yes"]) == 0
    assert "U001: The answer is eleven." in capsys.readouterr().out


@pytest.mark.parametrize("to", ["messages", "system-beside", "anthropic", "vertex"])
def test_a_written_form_is_read_under_its_name(to: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"city": "Paris"}'}}
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How warm is it in Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "12"},
        {"role": "assistant", "content": "12 degrees."},
    ]
    write("data.jsonl", [{"messages": turns, "tools": [tool]}])
    assert main(["convert", "data.jsonl", "-o", "written.jsonl", "--to", to]) == 0
    assert main(["stats", "written.jsonl"]) == 0
    assert f"({WRITABLE[to].name})" in capsys.readouterr().out
    assert WRITABLE[to].name == to


def test_texts_that_several_splits_share_are_named_with_their_examples(write: Write) -> None:
    rng = random.Random(3)
    prompts = [words(rng, 40) for _ in range(4)]
    rows = [row(words(rng, 12), words(rng, 8), system=prompts[n // 50]) for n in range(200)]
    write("data.jsonl", rows)
    assert main(["split", "data.jsonl", "-o", "out", "--yes", "--quiet"]) == 0
    card = Path("out/DATACARD.md").read_text()
    named = "a document in 50 examples, a document in 50 examples, a document in 50 examples, and 1 more."
    assert f"Several splits share texts that too many examples have: {named}" in card
