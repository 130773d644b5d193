"""Benchmarks by name: an index has no text, is of one user, and finds what the benchmark's file finds."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from curate.cli.main import main
from curate.core.example import Place
from curate.leakage.decontaminate import indexed
from curate.leakage.rephrased import AskingText, add_facts, candidates
from curate.read.benchmark import BENCHMARKS, Item, ItemText
from curate.storage.benchmark_index import index_file
from curate.storage.store import own_key

QUESTION = "A farmer plants 17 rows of 23 apple trees and loses 4 trees to a storm. How many trees are left in the end?"
SHORT = "Which planet is the largest?"
ANSWER = "The farmer plants 17 times 23 trees, that is 391 trees, and after the storm 387 trees are left."
ITEMS = [{"question": QUESTION, "answer": ANSWER}, {"question": SHORT, "answer": "Jupiter"}]


def chat(question: str, answer: str = "I do not know.") -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


ROWS = [
    chat("Please help me: " + QUESTION.upper()),
    chat("which planet is the LARGEST"),
    chat("How old is the moon?"),
    chat("Explain it.", "Of course. " + ANSWER),
    chat(QUESTION.replace("storm", "flood").replace("farmer", "gardener")),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    write("bench.jsonl", ITEMS)
    write("data.jsonl", ROWS)


def write(name: str, values: list[dict[str, Any]]) -> None:
    Path(name).write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_name_finds_what_the_file_finds(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")[0] == 0
    results = []
    for bench in ("bench.jsonl", "gsm8k"):
        code, out, _ = run(capsys, "decontaminate", "data.jsonl", "--bench", bench, "--json")
        assert code == 1
        results.append(
            [(match["finding"]["line"], match["line"], match["kind"], match["share"], match["words"])
             for match in json.loads(out)["found"]]
        )  # fmt: skip
    assert results[0] == results[1]
    assert [match[:3] for match in results[0]] == [(1, 1, "run"), (2, 2, "whole"), (4, 1, "run"), (5, 1, "near")]


def test_an_index_holds_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    content = index_file("gsm8k").read_bytes().lower()
    assert not [word for word in ("farmer", "planet", "jupiter", "apple") if word.encode() in content]


def test_names_and_files_are_combined(capsys: pytest.CaptureFixture[str]) -> None:
    write("one.jsonl", ITEMS[:1])
    write("two.jsonl", ITEMS[1:])
    for name, file in (("first", "one.jsonl"), ("second", "two.jsonl")):
        run(capsys, "decontaminate", "--build-index", name, file)
    for bench in (["first,second"], ["first", "--bench", "two.jsonl"]):
        out = run(capsys, "decontaminate", "data.jsonl", "--bench", *bench, "--json")[1]
        assert [benchmark["found"] for benchmark in json.loads(out)["benchmarks"]] == [[1], [1]]


def test_a_name_without_an_index_gives_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "decontaminate", "data.jsonl", "--bench", "mmlu-pro")
    assert code == 2
    assert "curate decontaminate --build-index mmlu-pro FILE  (TIGER-Lab/MMLU-Pro, split test)" in err
    assert "known names are" in run(capsys, "decontaminate", "data.jsonl", "--bench", "unheard-of")[2]


def test_an_index_is_replaced_only_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    build = ("decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    assert [run(capsys, *build)[0], run(capsys, *build)[0], run(capsys, *build, "--overwrite")[0]] == [0, 2, 0]


@pytest.mark.parametrize("damage", ["truncated", "a byte changed", "renamed"])
def test_a_damaged_index_is_refused(damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    path, name = index_file("gsm8k"), "gsm8k"
    data = path.read_bytes()
    if damage == "renamed":
        name = "mmlu"
        path.rename(index_file(name))
    else:
        path.write_bytes(data[:-9] if damage == "truncated" else data[:-9] + b"\1" + data[-8:])
    for words in (("decontaminate", "data.jsonl"), ("verify", "data.jsonl")):
        code, _, err = run(capsys, *words, "--bench", name)
        assert (code, "not an index that this user built" in err) == (2, True)


@pytest.mark.parametrize(("version", "refused"), [(1, True), (2, False), (9, True)])
def test_an_index_of_another_version_is_read_or_refused_with_its_command(
    version: int, refused: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("curate.leakage.decontaminate.FORMAT", version)
    run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    refusal = f"version {version}, which {'a later' if version > 2 else 'an earlier'} curate built"
    for verb in ("decontaminate", "verify"):
        code, _, err = run(capsys, verb, "data.jsonl", "--bench", "gsm8k")
        assert (code == 2, refusal in err, "--build-index gsm8k bench.jsonl --overwrite" in err) == (refused,) * 3


def test_an_index_without_right_choices_is_refused_for_rephrased_items(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = "offline:all-MiniLM-L6-v2"
    monkeypatch.setattr("curate.leakage.decontaminate.FORMAT", 2)
    monkeypatch.setattr("curate.commands.decontaminate.fingerprint", lambda _: "")
    run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    code, _, err = run(capsys, "decontaminate", "data.jsonl", "--bench", "gsm8k", "--embeddings", model)
    assert (code, "version 2 lacks the right choices of its items" in err) == (2, True)
    assert "--build-index gsm8k bench.jsonl --embeddings MODEL --overwrite" in err


@pytest.mark.parametrize("name", ["../x", "A", "", "a/b", "x" * 65])
def test_a_name_is_no_path(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "decontaminate", "--build-index", name or "/", "bench.jsonl")[0] == 2


def test_a_folder_of_parquet_as_the_hub_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    Path("copy").mkdir()
    choices = {"text": ["Jupiter is by far the largest of all", "Mars"], "label": ["A", "B"]}
    pl.DataFrame({"question": [QUESTION], "choices": [choices]}).write_parquet("copy/test-00000-of-00001.parquet")
    out = run(capsys, "decontaminate", "--build-index", "arc-easy", "copy", "--json")[1]
    assert json.loads(out)["items"] == 1
    assert run(capsys, "decontaminate", "data.jsonl", "--bench", "arc-easy")[0] == 1


def test_verify_proves_that_no_words_are_left(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    code, out, _ = run(capsys, "verify", "data.jsonl", "--bench", "gsm8k", "--json")
    assert code == 1
    assert {(left["line"], left["benchmark_line"]) for left in json.loads(out)["left"]} == {
        (1, 1), (2, 2), (4, 1), (5, 1),
    }  # fmt: skip
    assert run(capsys, "decontaminate", "data.jsonl", "--bench", "gsm8k", "-o", "clean.jsonl")[0] == 0
    code, out, _ = run(capsys, "verify", "clean.jsonl", "--bench", "gsm8k")
    assert (code, "none is left" in out, "rephrased" in out) == (0, True, True)


def test_verify_names_the_command_that_indexes_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "verify", "data.jsonl", "--bench", "bench.jsonl")
    assert code == 2
    assert "curate decontaminate --build-index bench bench.jsonl, then --bench bench" in err


def test_verify_computes_the_same_hashes_in_any_script(capsys: pytest.CaptureFixture[str]) -> None:
    texts = [
        "小明有十六个苹果他每天吃三个还剩下多少个苹果",
        "Ελένη πουλάει δεκαέξι αυγά κάθε μέρα και τρώει τρία για πρωινό πόσα μένουν στο τέλος",
        "हर दिन किसान सोलह अंडे बेचता है और तीन खाता है तो कितने अंडे बचते हैं",
        "naïve ﬁgures_of_speech in Ｗide letters: how many of the 12 words are equal in the end?",
    ]
    write("bench.jsonl", [{"question": text} for text in texts])
    write("data.jsonl", [chat(f"{text}!") for text in texts])
    run(capsys, "decontaminate", "--build-index", "scripts", "bench.jsonl")
    out = run(capsys, "verify", "data.jsonl", "--bench", "scripts", "--json")[1]
    assert [(left["line"], left["benchmark_line"]) for left in json.loads(out)["left"]] == [(n, n) for n in range(1, 5)]


def test_verify_searches_all_texts_of_a_line_and_reports_what_is_no_json(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    write("data.jsonl", [{**chat("Hi"), "note": {"seed": [QUESTION]}}])
    assert run(capsys, "verify", "data.jsonl", "--bench", "gsm8k")[0] == 1
    Path("data.jsonl").write_text('{"messages": \n', encoding="utf-8")
    code, out, _ = run(capsys, "verify", "data.jsonl", "--bench", "gsm8k")
    assert (code, "no JSON" in out) == (1, True)


REWORDED = (
    "In an orchard there are 17 rows with 23 apple trees each. A storm destroys 4 of the trees. What number of trees "
    "does the farmer still have?"
)
OTHER = "A library has 12 shelves with 40 books each. How many books does it have after 5 are sold?"


@pytest.mark.slow
@pytest.mark.parametrize("named", [False, True], ids=["a file", "a name"])
def test_an_item_in_other_words_is_found_by_embeddings(named: bool, capsys: pytest.CaptureFixture[str]) -> None:
    model = ("--embeddings", "offline:all-MiniLM-L6-v2")
    rows = [chat(OTHER), chat(REWORDED, "391 trees were planted, so 387 are left."), chat("How old is the moon?")]
    write("data.jsonl", rows)
    bench = "gsm8k" if named else "bench.jsonl"
    if named:
        run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl", *model)
    assert run(capsys, "decontaminate", "data.jsonl", "--bench", bench)[0] == 0
    code, out, _ = run(capsys, "decontaminate", "data.jsonl", "--bench", bench, *model, "-o", "clean.jsonl", "--json")
    [match] = json.loads(out)["found"]
    assert (code, match["finding"]["line"], match["kind"], match["line"]) == (0, 2, "meaning", 1)
    assert "in other words" in match["finding"]["message"]
    assert Path("clean.jsonl").read_text(encoding="utf-8").splitlines() == [json.dumps(rows[0]), json.dumps(rows[2])]


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("decontaminate", "data.jsonl", "--bench", "bench.jsonl"),
        ("conflicts", "data.jsonl"),
        ("verify", "data.jsonl", "test.jsonl"),
    ],
    ids=lambda command: command[0],
)  # fmt: skip
def test_embeddings_are_cached_unless_the_cache_is_disabled(
    command: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [chat(OTHER, "475"), chat("How old is the moon?", "4.5 billion years.")])
    write("test.jsonl", [chat("How far away is the sun?", "150 million km.")])
    words = (*command, "--embeddings", "offline:all-MiniLM-L6-v2", "--json")
    without = run(capsys, *words, "--no-cache")[:2]
    assert not Path(".curate/cache").exists()
    assert run(capsys, *words)[:2] == without
    assert any(Path(".curate/cache").iterdir())


FILLER = "My aunt writes about the weather, her neighbours and the new kitchen that they built in spring. " * 5
TRIANGLE = {"question": "The vertices of a triangle are at (0, 0), (-1, 1), and (3, 3). Find its area.", "answer": "3"}


def test_a_question_across_windows_is_compared_whole_and_a_small_answer_counts_less() -> None:
    def embed(texts: Sequence[str]) -> Any:
        return np.eye(3, dtype=np.float32)[
            [0 if REWORDED in text or text == QUESTION else 1 + len(text) % 2 for text in texts]
        ]

    items = [
        Item(Place("b", 1), (ItemText("question", QUESTION, True),)),
        Item(Place("b", 2), (ItemText("question", TRIANGLE["question"], True), ItemText("answer", "3", False))),
    ]
    index = indexed(items)
    add_facts(index, items, embed, "")
    turns = [AskingText(0, 0, FILLER + REWORDED, ""), AskingText(1, 0, TRIANGLE["question"], "It has 3 angles.")]
    across, triangle = (
        next(candidate for candidate in candidates(turns, index, embed) if candidate[:2] == (row, row))
        for row in (0, 1)
    )
    assert (across.features[0], 0 < triangle.features[7] < 0.5) == (1.0, True)


def test_an_index_without_embeddings_cannot_find_other_words(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    code, _, err = run(
        capsys, "decontaminate", "data.jsonl", "--bench", "gsm8k", "--embeddings", "offline:all-MiniLM-L6-v2"
    )
    assert (code, "has no embeddings of offline:all-MiniLM-L6-v2" in err) == (2, True)


def test_options_that_do_not_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    for words in (
        ("decontaminate", "data.jsonl"),
        ("decontaminate", "bench.jsonl", "--build-index", "x", "--bench", "bench.jsonl"),
        ("verify", "data.jsonl", "--bench", "x", "--redacted-from", "data.jsonl"),
        ("verify", "data.jsonl", "--bench", "not-indexed"),
        ("verify", "data.jsonl", "--bench", "gsm8k", "--statement", "x"),
        ("verify", "data.jsonl", "--bench", "gsm8k", "--embeddings", "x"),
    ):
        assert run(capsys, *words)[0] == 2
    assert (
        "`curate decontaminate --build-index NAME FILE`"
        in run(capsys, "verify", "data.jsonl", "--bench", "./b.jsonl")[2]
    )


def test_the_table_in_the_docs_is_that_of_the_program() -> None:
    page = (Path(__file__).parents[2] / "docs" / "howto" / "decontaminate.md").read_text(encoding="utf-8")
    for name, (source, part) in BENCHMARKS.items():
        assert f"| `{name}` | {source} | {part} |" in page


def test_a_name_that_is_also_a_path_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    Path("gsm8k").mkdir()
    write("gsm8k/train.jsonl", [{"question": "What is asked here is no part of the data at all, is it?"}])
    code, _, err = run(capsys, "decontaminate", "data.jsonl", "--bench", "gsm8k")
    assert (code, "both a path and an indexed benchmark" in err) == (2, True)
    assert run(capsys, "decontaminate", "data.jsonl", "--bench", "./gsm8k")[0] == 0
    assert run(capsys, "decontaminate", "data.jsonl", "--bench", str(index_file("gsm8k")))[0] == 1


@pytest.mark.parametrize("bench", ["gsm8k,", ""])
def test_an_empty_name_does_not_stand_for_the_folder(bench: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    code, _, err = run(capsys, "decontaminate", "data.jsonl", "--bench", bench)
    assert (code, "a name is empty" in err) == (2, True)


def test_a_benchmark_that_is_named_twice_is_searched_for_once(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    for bench in (["gsm8k,gsm8k"], ["bench.jsonl", "--bench", "./bench.jsonl"]):
        out = run(capsys, "decontaminate", "data.jsonl", "--bench", *bench, "--json")[1]
        assert [benchmark["items"] for benchmark in json.loads(out)["benchmarks"]] == [2]


def test_files_of_one_name_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    for folder, item in zip(("algebra", "astronomy"), ITEMS, strict=True):
        Path("mmlu", folder).mkdir(parents=True)
        write(f"mmlu/{folder}/test.jsonl", [item])
    run(capsys, "decontaminate", "--build-index", "subjects", "mmlu")
    out = run(capsys, "decontaminate", "data.jsonl", "--bench", "subjects", "--json")[1]
    assert [(benchmark["file"], benchmark["found"]) for benchmark in json.loads(out)["benchmarks"]] == [
        ("subjects/algebra/test.jsonl", [1]), ("subjects/astronomy/test.jsonl", [1]),
    ]  # fmt: skip


def test_without_a_key_of_the_user_nothing_is_indexed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(Path("file").absolute()))
    own_key.cache_clear()
    try:
        code, _, err = run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    finally:
        own_key.cache_clear()
    assert (code, "needs a key" in err) == (2, True)


def test_verify_searches_every_value_and_every_data_file_of_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "decontaminate", "--build-index", "gsm8k", "bench.jsonl")
    Path("out").mkdir()
    write("out/train.jsonl", [chat("Hi")])
    write("out/train.removed.jsonl", ROWS)
    assert run(capsys, "verify", "out", "--bench", "gsm8k")[0] == 0
    Path("out/more.jsonl.gz").write_bytes(gzip.compress(Path("data.jsonl").read_bytes()))
    assert run(capsys, "verify", "out", "--bench", "gsm8k")[0] == 1
    Path("twice.jsonl").write_text(f'{{"messages": [], "note": "{QUESTION}", "note": ""}}\n', encoding="utf-8")
    assert run(capsys, "verify", "twice.jsonl", "--bench", "gsm8k")[0] == 1


def test_items_without_a_question_are_no_candidates() -> None:
    items = [
        Item(Place("b", 1), (ItemText("question", "小明有十六个苹果他每天吃三个还剩下多少个苹果", True),)),
        Item(Place("b", 2), (ItemText("answer", ANSWER, False),)),
        Item(Place("b", 3), ()),
    ]

    def embed(texts: Sequence[str]) -> Any:
        return np.eye(2, dtype=np.float32)[[len(text) % 2 for text in texts]]

    index = indexed(items)
    add_facts(index, items, embed, "")
    turns = [AskingText(0, 0, QUESTION, ANSWER), AskingText(1, 0, "小明有十六个苹果还剩下多少个苹果", "")]
    assert {candidate.item for candidate in candidates(turns, index, embed)} == {0}
