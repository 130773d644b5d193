"""`curate split` leaves no leak of the table in docs/leaks.md: counted in plain Python, for each kind on data that has
many of it.
"""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.project.manifest import read_manifest
from tests.bench.split_leaks import exempt_in, leaks, rows_in
from tests.conftest import Write
from tests.leaks import KINDS, Row, data_set, edited, fresh, row, text

OUT = Path("out")
SIZE = 600
"""Examples of a file of which a share has the same answer; a twentieth is more than the 20 that make an instruction."""


def near_pairs(rng: random.Random) -> list[Row]:
    asked, value = text(rng, 20), text(rng, 40)
    return [
        {"prompt": asked, "chosen": value, "rejected": edited(rng, value, 1)},
        {"prompt": edited(rng, asked, 1), "chosen": value, "rejected": value},
    ]


def equal_last_answers(rng: random.Random) -> list[Row]:
    answer = text(rng, 25)
    return [
        row(text(rng, 9), text(rng, 60), text(rng, 4), answer),
        row(text(rng, 30), answer),
        row(text(rng, 9), text(rng, 60), text(rng, 4), answer),
    ]


def pictures(rng: random.Random) -> list[Row]:
    name = f"{rng.random()}.png"
    return [
        row("What is in the picture?", text(rng, 9), images=[name]),
        row("what is in the picture", text(rng, 9), images=[name]),
    ]


MORE_KINDS: dict[str, tuple[str, Callable[[random.Random], list[Row]]]] = {
    "near-copy of a pair": ("L002", near_pairs),
    "same last answer": ("L011", equal_last_answers),
    "same question about a picture": ("L003", pictures),
}
"""Kinds that `tests.leaks` has not: by name the code that tells it, and what makes rows that are linked by it."""


def data(kind: str, seed: int) -> list[Row]:
    rng = random.Random(f"{kind} {seed}")
    if kind in KINDS:
        return [*data_set(kind, 0.3, rng)]
    lines = [value for _ in range(25) for value in MORE_KINDS[kind][1](rng)] + [fresh(rng) for _ in range(25)]
    rng.shuffle(lines)
    return lines


def split(*words: str, output: str = "out") -> int:
    return main(["split", *words, "-o", output, "-q", "--fresh"])


def source_of(value: Row) -> str | None:
    source: str | None = value.get("metadata", {}).get("source")
    return source


def counted(keys: bool = False) -> dict[str, int]:
    """Leaks in the folder that was written, by code."""
    parts = rows_in(OUT)
    assert all(parts.values())
    return {
        code: len(numbers)
        for code, numbers in leaks(parts, source_of if keys else lambda _: None, exempt_in(OUT)).items()
    }


@pytest.mark.slow
def test_no_kind_of_leak_is_left(write: Write) -> None:
    lines = {kind: data(kind, 0) for kind in MORE_KINDS}
    for kind, of_kind in lines.items():
        cut = leaks({"train": of_kind[:60], "validation": of_kind[60:80], "test": of_kind[80:]})
        assert len(cut[MORE_KINDS[kind][0]]) > 3, kind
    write("data.jsonl", [line for of_kind in lines.values() for line in of_kind])
    assert split("data.jsonl", "--fractions", "0.5,0.25,0.25") == 0
    assert not any(counted().values())


@pytest.mark.slow
@pytest.mark.parametrize(("share", "words"), [(0.01, 25), (0.049, 80), (0.051, 25), (0.6, 80)])
def test_a_passage_that_answers_many_questions_stays_on_one_side_whatever_its_share(
    share: float, words: int, write: Write
) -> None:
    rng = random.Random(f"{share} {words}")
    passage = text(rng, words)
    count = round(SIZE * share)
    lines = [row(text(rng, 30), passage) for _ in range(count)] + [
        row(text(rng, 12), text(rng, 30)) for _ in range(SIZE - count)
    ]
    rng.shuffle(lines)
    write("data.jsonl", lines)
    assert split("data.jsonl") in (0, 1)
    assert not any(counted().values())
    assert read_manifest(OUT)[0].shared_instructions == []


@pytest.mark.slow
def test_shared_instructions_are_left_out_of_user_turns_and_named_with_their_count(write: Write) -> None:
    rng = random.Random(5)
    instruction = text(rng, 200)
    lines = [row(f"{instruction}\n\n{text(rng, 15)}", text(rng, 6)) for _ in range(150)] + [
        row(text(rng, 15), text(rng, 30)) for _ in range(50)
    ]
    lines += [row(edited(rng, value["messages"][0]["content"], 1), text(rng, 6)) for value in lines[:30]]
    write("data.jsonl", lines)
    assert split("data.jsonl", "--fractions", "0.5,0.25,0.25") == 0
    manifest, _ = read_manifest(OUT)
    assert manifest.groups > 150
    assert not any(counted().values())
    rows = [
        json.loads(line)["messages"][0]["content"]
        for name in ("train", "validation", "test")
        for line in (OUT / f"{name}.jsonl").read_bytes().splitlines()
    ]
    for shared in manifest.shared_instructions:
        assert shared.examples == sum(shared.text in text for text in rows) >= 20


@pytest.mark.parametrize(("dropped", "fractions"), [(10, "0.8,0.1,0.1"), (6, "0.96,0.02,0.02")])
def test_a_passage_that_too_few_written_examples_have_is_no_instruction(
    dropped: int, fractions: str, write: Write
) -> None:
    rng = random.Random(6)
    instruction = text(rng, 100)
    shared = [
        row(f"{instruction}\n{text(rng, 15)}", "" if n < dropped else text(rng, 6)) for n in range(30)
    ]  # an empty answer is an error: the line leaves
    write("data.jsonl", [*shared, *(row(text(rng, 15), text(rng, 30)) for _ in range(470))])
    assert split("data.jsonl", "--fractions", fractions) in (0, 1)
    manifest, _ = read_manifest(OUT)
    assert manifest.removed.lines == dropped
    assert manifest.shared_instructions == []
    assert not any(counted().values())


def test_short_answers_that_different_questions_share_are_named_with_their_counts(write: Write) -> None:
    rng = random.Random(7)
    lines = [row(text(rng, 10), ("Yes.", "No!")[n % 3 == 0]) for n in range(90)] + [
        row(text(rng, 10), text(rng, 30)) for _ in range(20)
    ]
    lines += [row("One question?", "Only once, twice."), row("One question?", "Only once, twice.", system="Be kind.")]
    write("data.jsonl", lines)
    assert split("data.jsonl") == 0
    manifest, _ = read_manifest(OUT)
    assert [(short.text, short.examples, short.questions) for short in manifest.short_answers] == [
        ("Yes.", 60, 60),
        ("No!", 30, 30),
    ]
    assert manifest.short_answer_examples == 90


@pytest.mark.slow
@pytest.mark.parametrize("keys", [(), ("--group-by", "/metadata/source")])
def test_what_leaks_into_a_given_test_set_leaves_the_data(keys: tuple[str, ...], write: Write) -> None:
    lines = [line for kind in [*KINDS, *MORE_KINDS] if (kind == "key") == bool(keys) for line in data(kind, 1)]
    tests, others = lines[::6], [value for at, value in enumerate(lines) if at % 6]
    by_kind = leaks({"test": tests, "train": others}, source_of if keys else lambda _: None)
    codes = {"L005"} if keys else {code for code, _ in (*KINDS.values(), *MORE_KINDS.values())}
    assert all(by_kind[code] for code in codes)
    given = write("kept.jsonl", tests).read_bytes()
    write("data.jsonl", others)
    assert split("data.jsonl", "--existing", "kept.jsonl", "--fractions", "0.5,0.25,0.25", *keys) == 0
    assert Path("out/test.jsonl").read_bytes() == given
    assert not any(counted(keys=bool(keys)).values())
    assert 0 < read_manifest(OUT)[0].removed.lines < len(others) / 2


def test_a_near_copy_of_a_given_test_set_leaves_with_its_code(write: Write) -> None:
    rng = random.Random(9)
    question, answer = text(rng, 40), text(rng, 12)
    write("data.jsonl", [row(question, answer), *(row(text(rng, 9), text(rng, 30)) for _ in range(60))])
    write("kept.jsonl", [row(edited(rng, question, 1), answer), row(text(rng, 9), text(rng, 9))])
    assert split("data.jsonl", "--existing", "kept.jsonl") == 0
    assert read_manifest(OUT)[0].removed.reasons == {"L002": 1}


def test_a_conversation_that_begins_as_one_of_a_given_test_set_leaves_with_its_code(write: Write) -> None:
    rng = random.Random(10)

    def talk(first: str) -> dict[str, object]:
        texts = [first, *(text(rng, 25) for _ in range(3))]
        roles = ("user", "assistant") * 2
        return {"messages": [{"role": role, "content": content} for role, content in zip(roles, texts, strict=True)]}

    question = text(rng, 12)
    write("data.jsonl", [talk(question), *(row(text(rng, 9), text(rng, 30)) for _ in range(60))])
    write("kept.jsonl", [talk(question), row(text(rng, 9), text(rng, 9))])
    assert split("data.jsonl", "--existing", "kept.jsonl") == 0
    assert read_manifest(OUT)[0].removed.reasons == {"L012": 1}


def test_examples_that_share_two_texts_with_a_given_test_set_count_once(write: Write) -> None:
    """Half of the data may leave for shared texts. Three examples share both texts, a fourth one only the second."""
    rng = random.Random(11)
    question, document = text(rng, 12), text(rng, 60)

    def talk(first: str, *documents: str) -> Row:
        return row(first, *(text(rng, 25) for _ in range(3)), documents=list(documents))

    both = [talk(question, document) for _ in range(3)]
    write("data.jsonl", [*both, talk(text(rng, 9), document), *(talk(text(rng, 9)) for _ in range(6))])
    write("kept.jsonl", [talk(question, document)])
    assert split("data.jsonl", "--existing", "kept.jsonl") == 0
    assert read_manifest(OUT)[0].removed.reasons == {"L012": 3, "L014": 1}


def test_a_passage_for_an_answer_leaves_with_its_code_and_can_be_restored_nowhere(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(8)
    passage = text(rng, 30)
    write("data.jsonl", [row(text(rng, 9), passage), *(row(text(rng, 9), text(rng, 30)) for _ in range(60))])
    write("kept.jsonl", [row(text(rng, 40), edited(rng, passage, 1)), row(text(rng, 9), text(rng, 9))])
    assert split("data.jsonl", "--existing", "kept.jsonl") == 0
    assert read_manifest(OUT)[0].removed.reasons == {"L011": 1}
    [removed] = Path("out/removed.jsonl").read_bytes().splitlines()
    assert re.search(r" kept\.jsonl:1 of the test set, \d\d% of it$", json.loads(removed)["why"])
    assert main(["restore", "out", "--all"]) == 2
    assert "data.jsonl:1: would leak: it has nearly the same answer as out/test.jsonl:1" in capsys.readouterr().err


@pytest.mark.slow
def test_a_part_of_a_split_is_divided_by_another_hash(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(9)
    write("data.jsonl", [fresh(rng) for _ in range(600)])
    assert split("data.jsonl") == 0
    for source, output in (("out/train.jsonl", "again"), ("again/train.jsonl", "third")):
        capsys.readouterr()
        assert split(source, output=output) == 0
        assert "split before with the same seed" in capsys.readouterr().out
        manifest, _ = read_manifest(Path(output))
        assert all(0.06 < manifest.splits[name].examples / manifest.read < 0.14 for name in ("validation", "test"))


@pytest.mark.slow
def test_how_much_can_be_held_out_is_said_where_it_is_little(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(10)
    passage = text(rng, 60)
    write(
        "data.jsonl",
        [*(row(text(rng, 9), passage) for _ in range(95)), *(row(text(rng, 9), text(rng, 30)) for _ in range(5))],
    )
    assert main(["split", "data.jsonl", "-o", "out", "--json", "-q"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "5 examples of 100 (5.0%) can be held out" in " ".join(told["notes"])
    assert any("5 examples can be held out at most" in finding["message"] for finding in told["warnings"])
    assert not any(counted().values())


def test_a_file_without_an_answer_is_told_with_its_count_and_the_next_step(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [{"instruction": f"Say {n}."} for n in range(30)])
    assert split("data.jsonl") == 2
    said_ = capsys.readouterr().err
    assert "all 30 lines were removed" in said_
    assert "next: " in said_
    assert "curate" in said_.partition("next: ")[2]


@pytest.mark.parametrize("flat", [True, False])
def test_pairs_of_whole_conversations_are_compared_without_the_prompt_that_both_sides_repeat(
    flat: bool, write: Write
) -> None:
    words = [f"{random.Random(n).getrandbits(40):x}" for n in range(400)]

    def pair(question: str) -> dict[str, Any]:
        sides = {"chosen": "Take a look.", "rejected": "I cannot say."}
        if flat:
            return {side: f"\n\nHuman: {question}\n\nAssistant: {answer}" for side, answer in sides.items()}
        return {
            side: [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            for side, answer in sides.items()
        }

    asked = [" ".join(words[at : at + 10]) for at in range(0, 400, 10)]
    write("data.jsonl", [pair(question) for near in asked for question in (near, f"Please: {near}")])
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--fractions", "0.5,0.25,0.25"]) == 0
    assert main(["verify", "out", "-q"]) == 0
