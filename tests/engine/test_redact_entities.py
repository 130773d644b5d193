"""`curate redact --entities`: names that a model finds are replaced, the same everywhere, and `verify` finds them."""

import base64
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import Write, chat, rows_of
from tests.tinyentities import tiny_entities

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("transformers") is None, reason="the extra `tokens` is not installed"),
]


def redacted(*options: str, status: int = 0, model: str = "") -> list[list[str]]:
    """The texts of each row of `data.jsonl` after its redaction."""
    words = ["redact", "data.jsonl", "-o", "out.jsonl", "--entities", model or tiny_entities(), "-q", *options]
    assert main(words) == status
    rows = rows_of("out.jsonl")
    return [[message["content"] for message in row["messages"]] for row in rows]


def test_a_name_has_one_replacement_in_all_turns_rows_and_files(write: Write) -> None:
    write(
        "data.jsonl", [chat("Maria Keller writes to Acme Corp.", "Keller writes today, and Maria writes to Acme Corp.")]
    )
    write("other.jsonl", [chat("Is it for Maria Keller?", "Yes, of Acme Corp.")])
    assert redacted("other.jsonl", "--style", "label") == [
        ["[PERSON_1] writes to [ORG_1].", "[PERSON_1] writes today, and [PERSON_1] writes to [ORG_1]."],
        ["Is it for [PERSON_1]?", "Yes, of [ORG_1]."],
    ]


def test_a_pseudonym_keeps_the_parts_of_a_name_and_the_legal_form(write: Write) -> None:
    write("data.jsonl", [chat("Maria Keller writes to Siemens AG.", "ok"), chat("So Keller writes today.", "ok")])
    (first, _), (second, _) = redacted()
    given, last, *_, company, form = first.removesuffix(".").split()
    assert not {given, last, company} & {"Maria", "Keller", "Siemens"}
    assert form == "AG"
    assert second == f"So {last} writes today."


def test_a_word_that_the_model_cuts_is_replaced_whole(write: Write) -> None:
    write("data.jsonl", [chat("Today Kellogg writes.", "ok")])
    assert redacted("--style", "label") == [["Today [PERSON_1] writes.", "ok"]]


def test_a_name_at_any_place_of_a_long_text_is_found(write: Write) -> None:
    texts = [f"{'to ' * before}Maria Keller{' and' * 30}" for before in range(30)]
    write("data.jsonl", [chat(text, "ok") for text in texts])
    assert all("Maria" not in text and "Keller" not in text for text, _ in redacted())


@pytest.mark.parametrize("name", ["Jean-Luc", "O'Brien", "Nguyễn"])
def test_a_name_of_one_word_is_replaced_whole_in_all_turns(name: str, write: Write) -> None:
    write("data.jsonl", [chat(f"Then {name} left.", f"{name}'s car and ({name}).")])
    assert redacted("--style", "label") == [["Then [PERSON_1] left.", "[PERSON_1]'s car and ([PERSON_1])."]]


def test_a_double_name_is_replaced_in_all_turns(write: Write) -> None:
    write("data.jsonl", [chat("Today Tom Sand-Boyle writes.", "And Sand-Boyle? His car.")])
    assert redacted("--style", "label") == [["Today [PERSON_1] writes.", "And [PERSON_1]? His car."]]


@pytest.mark.parametrize("text", ["{}、ok。", "Today\n{}"])
def test_texts_without_spaces_are_read(text: str, write: Write) -> None:
    name = "Tom" if text.isascii() else "田中太郎"
    write("data.jsonl", [chat(text.format(name), "ok")])
    assert redacted("--style", "label") == [[text.format("[PERSON_1]"), "ok"]]


def test_words_without_a_capital_letter_are_no_names(write: Write) -> None:
    write("data.jsonl", [chat("Tom writes to tom keller.", "ok")])
    assert redacted("--style", "label") == [["[PERSON_1] writes to tom keller.", "ok"]]


@pytest.mark.parametrize("text", ["Tom League is old.", "A tom sleeps.", "The TOM"])
def test_names_of_things_stay(text: str, write: Write) -> None:
    write("data.jsonl", [chat(f"{text} Tom?" if "A tom" in text else text, "ok")])
    assert redacted("--style", "label")[0][0].startswith(text)


def test_names_of_one_word_stay_in_blocks_of_code(write: Write) -> None:
    code = "```js\nclass Tom { }\n```"
    write("data.jsonl", [chat(f"Tom writes\n{code}", "Today Tom writes.")])
    assert redacted("--style", "label") == [[f"[PERSON_1] writes\n{code}", "Today [PERSON_1] writes."]]


def test_roles_and_tools_keep_their_names(write: Write) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "tom", "arguments": '{"to": "Maria Keller"}'}}
    user = {"role": "user", "content": "Tom writes to Maria Keller"}
    write("data.jsonl", [{"messages": [user, {"role": "assistant", "content": "", "tool_calls": [call]}]}])
    redacted("--style", "label")
    [out] = [json.loads(line)["messages"] for line in Path("out.jsonl").read_text().splitlines()]
    assert [message["role"] for message in out] == ["user", "assistant"]
    assert out[1]["tool_calls"][0]["function"] == {"name": "tom", "arguments": '{"to": "[PERSON_2]"}'}


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (("GIVEN_NAME", "company-name", "CITY"), ["[PERSON_1] writes to [ORG_1] and Berlin.", "ok"]),
        (("PERSON", "PRODUCT", "GPE"), ["[PERSON_1] writes to Acme Corp and Berlin.", "ok"]),
    ],
)
def test_labels_of_other_models_are_understood(labels: tuple[str, str, str], shown: list[str], write: Write) -> None:
    write("data.jsonl", [chat("Maria Keller writes to Acme Corp and Berlin.", "ok")])
    assert redacted("--style", "label", model=tiny_entities(labels)) == [shown]


def test_a_name_in_another_encoding_sets_the_row_aside(write: Write) -> None:
    packed = base64.b64encode(b"to Maria Keller today").decode()
    write("data.jsonl", [chat("Maria Keller writes.", packed), chat("Hi there", "ok")])
    assert redacted(status=1) == [["Hi there", "ok"]]
    assert "it has a private value in Base64" in Path("out.unredacted.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("hide", [str, str.upper, lambda name: base64.b64encode(f"by {name}.".encode()).decode()])
def test_verify_finds_a_name_that_was_put_back(hide: Any, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", [chat("Maria Keller and Tom writes to Acme Corp.", "ok")])
    redacted("--keep-mapping", "map.jsonl")
    words = ["verify", "out.jsonl", "--redacted-from", "data.jsonl", "--mapping", "map.jsonl"]
    assert main(words) == 0
    assert "1 value of the mapping not searched for" in capsys.readouterr().out
    for name in ("Maria Keller", "Acme Corp"):
        row = chat("Hello.", f"It is {hide(name)} again")
        Path("out.jsonl").write_text(json.dumps(row) + "\n")
        assert main(words) == 1


def test_without_a_model_names_in_running_text_stay_and_a_line_says_so(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("data.jsonl", [chat("Maria Keller writes to Acme Corp.", "ok")])
    assert main(["redact", "data.jsonl", "-o", "out.jsonl", "-q"]) == 0
    assert Path("out.jsonl").read_bytes() == path.read_bytes()
    assert "not searched for: add --entities MODEL" in capsys.readouterr().out
    assert main(["redact", "data.jsonl", "-o", "out.jsonl", "--no-names", "--overwrite", "-q"]) == 0
    assert "--entities" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--no-names"], "--entities cannot be combined with --no-names"),
        (["--entities", "./missing"], "no such folder"),
        (["--entities", "labels"], "none of its labels is of persons or organisations"),
    ],
)
def test_what_cannot_search_for_names_is_refused_before_anything_is_written(
    options: list[str], message: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [chat("Maria Keller writes.", "ok")])
    options = [tiny_entities(("DATE", "TIME", "GPE")) if option == "labels" else option for option in options]
    words = ["redact", "data.jsonl", "-o", "out.jsonl", "-q", "--entities", tiny_entities(), *options]
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert not Path("out.jsonl").exists()


def test_processes_replace_names_as_one_process_does(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("data.jsonl", [chat(f"Tom writes {'to ' * number}Maria Keller", "Keller and Tom") for number in range(20)])
    monkeypatch.setattr("curate.commands.redact.CHUNK_BYTES", 400)
    outcomes = []
    for size in (1 << 30, 1):
        monkeypatch.setattr("curate.commands.redact.MIN_PARALLEL_SEARCH_BYTES", size)
        outcomes.append(redacted("--style", "label", "--overwrite"))
    assert outcomes[0] == outcomes[1]
    assert all("Keller" not in text and "Tom" not in text for row in outcomes[1] for text in row)
