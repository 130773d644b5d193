"""What no reader understands never counts as clean: each verb counts such lines, keeps their bytes, and ends with 1, or
2 where there is nothing else.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.removed import removal_of
from curate.corpus import features
from curate.read.chunks import chunks_of, read_chunk
from curate.read.dataset import FileFacts, read_dataset
from curate.similarity.shingles import Shingling
from tests.conftest import Write, line_of

Captured = pytest.CaptureFixture[str]
VERTEX = {
    "contents": [{"role": "user", "parts": [{"txt": "Why?"}]}, {"role": "model", "parts": [{"text": "Because."}]}]
}
FORMS: list[object] = [
    VERTEX, {"prompt": {"text": "Why is the sky blue?"}}, {"instruction": "Name a tree."}, {"messages": []},
    {"messages": "text"}, {"text": ""}, {},
    {"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": ""}]},
    {"messages": [{"role": "user", "content": None}]}, b"{", b"[1]",
]  # fmt: skip
GOOD: list[object] = [
    (f"What is {at} and {at}?", f"It is {2 * at}, which anybody can work out who has {at} apples twice.")
    for at in range(20)
]
VERBS = {
    "check": [], "dedup": [], "decontaminate": ["--bench", "bench.jsonl"], "conflicts": [], "split": ["-o", "out"],
    "convert": ["-o", "converted.jsonl"],
    "stats": [],
}  # fmt: skip


def ask(verb: str, *options: str, name: str = "data.jsonl") -> int:
    Path("bench.jsonl").write_bytes(
        line_of(
            {"question": "Which river flows through the old town of the capital of this country?", "answer": "None."}
        )
        + b"\n"
    )
    return main([verb, name, *VERBS.get(verb, ["-o", f"{verb}.jsonl"]), *options])


def test_text_and_json_count_the_same_examples(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [*FORMS, *GOOD])
    assert main(["check", "data.jsonl", "--json"]) == 1
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert summary["examples"] == summary["lines"] - summary["not_understood"] < summary["lines"]
    assert main(["check", "data.jsonl"]) == 1
    assert f"{summary['examples']} examples in {summary['lines']} lines" in capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_of_nothing_else_ends_with_2_or_as_findings(verb: str, write: Write, capsys: Captured) -> None:
    write("data.jsonl", [{**VERTEX, "id": at} for at in range(6)])
    assert ask(verb) == (1 if verb == "check" else 2)
    said = capsys.readouterr()
    assert (
        "M001" in said.out
        if verb == "check"
        else "none of the 6 lines" in said.err or "all 6 lines were removed" in said.err
    )
    assert not Path("out").exists()
    assert not Path("converted.jsonl").exists()


@pytest.mark.parametrize("verb", [*VERBS, "apply"])
def test_one_line_among_others_is_counted_and_ends_with_1(verb: str, write: Write, capsys: Captured) -> None:
    write("data.jsonl", [*GOOD, VERTEX])
    assert ask(verb, *(["--output-format", "json"] if verb == "check" else ["--json"])) == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert (found["summary"] if verb == "check" else found)["not_understood"] == 1
    assert verb == "check" or ("1 line without an example" in said.err and "curate check" in said.err)
    write("good.jsonl", GOOD)
    assert ask(verb, *(["--overwrite"] if verb in ("apply", "convert") else []), name="good.jsonl") == 0


def test_check_says_so_where_no_rule_does(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [*GOOD, VERTEX])
    for options in (["--select", "S"], ["--ignore", "M001"]):
        assert main(["check", "data.jsonl", *options]) == 1
        said = capsys.readouterr()
        assert "1 line without an example" in said.err
        assert "20 examples in 21 lines" in said.out
    assert main(["check", "data.jsonl", "--write-baseline", "base.json"]) == 0
    assert main(["check", "data.jsonl", "--baseline", "base.json"]) == 0
    write("prompts.jsonl", [{"prompt": [{"role": "user", "content": f"Name {at} trees."}]} for at in range(20)])
    assert main(["check", "prompts.jsonl", "--target", "trl"]) == 0


def test_dedup_keeps_the_bytes_of_what_it_does_not_understand(write: Write) -> None:
    lines = [*GOOD, VERTEX, b'{ "id":1,  "prompt":"a" }', VERTEX, b"{", {"messages": []}, {"messages": []}]
    data = write("data.jsonl", lines).read_bytes()
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl"]) == 1
    assert Path("kept.jsonl").read_bytes() == data


def test_dedup_against_what_it_does_not_understand_is_no_clean_bill(write: Write, capsys: Captured) -> None:
    write("data.jsonl", GOOD)
    write("old.jsonl", [VERTEX, VERTEX])
    assert main(["dedup", "data.jsonl", "--against", "old.jsonl"]) == 2
    assert "none of the 2 lines" in capsys.readouterr().err
    write("old.jsonl", [VERTEX, GOOD[0]])
    assert main(["dedup", "data.jsonl", "--against", "old.jsonl"]) == 1
    assert "1 line without an example" in capsys.readouterr().err


def test_decontaminating_a_file_against_itself_is_no_clean_bill(write: Write, capsys: Captured) -> None:
    write(
        "data.jsonl",
        [
            {"contents": [{"role": "user", "parts": [{"text": f"How far is it from here to the town number {at}?"}]}]}
            for at in range(12)
        ],
    )
    assert main(["decontaminate", "data.jsonl", "--bench", "data.jsonl"]) == 1
    assert "12 of 12 items found" in capsys.readouterr().out


def test_split_sends_them_to_the_ledger_with_a_reason(write: Write) -> None:
    write("data.jsonl", [*GOOD, *FORMS])
    assert main(["split", "data.jsonl", "-o", "out", "--quiet"]) == 1
    removed = [removal_of(line) for line in Path("out/removed.jsonl").read_bytes().splitlines()]
    assert [removal.data for removal in removed] == list(map(line_of, FORMS))
    assert [removal.code for removal in removed] == [
        "M001",
        "M001",
        "M001",
        "M003",
        "M002",
        "C001",
        "M001",
        "C001",
        "C001",
        "J010",
        "J002",
    ]
    assert all(removal.why for removal in removed)


def test_split_says_how_many_are_no_examples_why_and_what_to_do(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [{"instruction": f"Name {at} trees."} for at in range(12)])
    assert main(["split", "data.jsonl", "-o", "out"]) == 2
    said = capsys.readouterr().err
    assert "all 12 lines were removed: 12 lines M001" in said
    assert "give each line its answer" in said


@pytest.mark.parametrize("text", ['ignore = ["M001"]', ""])
def test_run_counts_them_too(text: str, write: Write, capsys: Captured) -> None:
    write("data.jsonl", [*GOOD, VERTEX])
    Path("curate.toml").write_text(f'data = ["data.jsonl"]\n[check]\n{text}\n')
    for _ in range(2):
        assert main(["run", "--quiet", "--json"]) == 1
        said = capsys.readouterr()
        assert json.loads(said.out)["not_understood"] == 1
        assert "1 line without an example" in said.err
    write("data.jsonl", [VERTEX])
    assert main(["run", "--quiet", "--json"]) == 2


@given(
    lines=st.lists(
        st.sampled_from([*FORMS, *GOOD[:4], {"messages": [{"role": "user", "content": " "}]}, b"", b" "]), max_size=30
    ),
)
def test_all_readers_agree_on_what_is_understood(lines: list[object]) -> None:
    """Lines one by one, and pieces as columns."""
    path = Path("data.jsonl")
    path.write_bytes(b"".join(line_of(line) + b"\n" for line in lines))
    wanted = [
        parsed.place.line for parsed in read_dataset([path]).lines if parsed.example and parsed.example.understood
    ]
    pieces = list(chunks_of(path, "data.jsonl") or ())
    if not pieces:
        return
    facts = FileFacts("data.jsonl")
    read_chunk(pieces[0], facts)
    assert facts.understood == len(wanted)
    made = features.columns_of(pieces[0], features.FeatureSpec("conversation", Shingling()))
    assert made.numbers[made.holds].tolist() == wanted
    assert len(made.ids) == len(made.lengths) == len(made.sets.offsets) - 1 == len(wanted)
    assert made.lengths.all()
