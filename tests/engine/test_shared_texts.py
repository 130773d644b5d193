"""Examples that share a first question, a nearly equal question or a document stand in one split, or the proof names
the text with its count. Pairs are planted with a number, and those in two splits are counted by it.
"""

import json
import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.project.manifest import Manifest, digest_of, manifest_bytes, read_manifest
from curate.similarity import join
from curate.similarity.buckets import roots
from curate.split import near_questions
from curate.verify import near_questions as proof_questions
from tests.bench.split_leaks import exempt_in, leaks, nearly_equal, rows_in
from tests.conftest import Write
from tests.leaks import Row, row

OUT = Path("out")
ALPHABETS = ("abcdefghijklmnopqrstuvwxyz", "абвгдежзиклмнопрстуфхцчшщыэюя", "αβγδεζηθικλμνξπρστυφχψω", "äöüßaeiourstnl")


FOLDED = ("\u2122", "\u2026 ")
"""Signs that are folded together with what stands beside them, to letters and to full stops."""


def words(rng: random.Random, count: int, alphabet: str = ALPHABETS[0]) -> str:
    return " ".join("".join(rng.choices(alphabet, k=rng.randrange(4, 9))) for _ in range(count))


def mistyped(rng: random.Random, question: str) -> str:
    pieces = question.split()
    at = rng.randrange(len(pieces))
    place = rng.randrange(len(pieces[at]))
    pieces[at] = rng.choice(
        [pieces[at][:place] + pieces[at][place + 1 :], f"{pieces[at][:place]}x{pieces[at][place:]}"]
    )
    return " ".join(pieces)


def tool(rng: random.Random, asked: str, passage: str) -> Row:
    turns = [("user", asked), ("assistant", "I look."), ("tool", passage), ("assistant", words(rng, 9))]
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def trees(rng: random.Random) -> list[Row]:
    asked = words(rng, 12)
    return [row(asked, words(rng, 8), words(rng, 6), words(rng, 8)) for _ in range(2)]


def systems(rng: random.Random) -> list[Row]:
    document = words(rng, 80)
    return [row(words(rng, 9), words(rng, 8), system=document) for _ in range(2)]


def results(rng: random.Random) -> list[Row]:
    document = words(rng, 60)
    return [tool(rng, words(rng, 9), document) for _ in range(2)]


def typing_errors(rng: random.Random) -> list[Row]:
    asked = words(rng, rng.randrange(12, 60), rng.choice(ALPHABETS))
    return [row(asked, words(rng, 8)), row(mistyped(rng, asked), words(rng, 8))]


def openings(rng: random.Random) -> list[Row]:
    asked = words(rng, 10)
    return [row(asked, words(rng, 8)), row(asked.title(), words(rng, 8), words(rng, 5), words(rng, 8))]


PAIRS: dict[str, Callable[[random.Random], list[Row]]] = {
    "tree": trees,
    "system prompt": systems,
    "tool result": results,
    "typing error": typing_errors,
    "first turn": openings,
}


def split(*options: str) -> Manifest:
    assert main(["split", "data.jsonl", "-o", str(OUT), "-q", "--fresh", *options]) in (0, 1)
    return read_manifest(OUT)[0]


def splits_by(key: str) -> dict[Any, set[str]]:
    """The splits of the examples with each value of a key."""
    found = defaultdict[Any, set[str]](set)
    for path in OUT.glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines() if path.name != "removed.jsonl" else ():
            value = json.loads(line)
            if key in value.get("metadata", {}):
                found[value["metadata"][key]].add(path.stem)
    return found


def proof(capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()
    main(["verify", str(OUT), "--json", "-q"])
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.parametrize("kind", PAIRS)
def test_no_planted_pair_stands_in_two_splits(kind: str, write: Write) -> None:
    for seed in range(1):
        rng = random.Random(f"{kind} {seed}")
        rows = [one | {"metadata": {"pair": pair}} for pair in range(60) for one in PAIRS[kind](rng)]
        rows += [
            row(words(rng, rng.randrange(10, 100), rng.choice(ALPHABETS)), words(rng, rng.randrange(10, 100)))
            for _ in range(300)
        ]
        rng.shuffle(rows)
        write("data.jsonl", rows)
        manifest = split("--seed", str(seed), "--fractions", "0.5,0.25,0.25")
        assert [len(found) for found in splits_by("pair").values()] == [1] * 60
        assert manifest.shared_texts == []
        assert main(["verify", str(OUT), "-q"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "form", ["{document}\n\n{question}?", "Text: {document}\nQuestion: {question}?", "{question}? {document}"]
)
def test_questions_about_one_document_stand_in_one_split(form: str, write: Write) -> None:
    rng = random.Random(form)
    documents = [words(rng, 80) for _ in range(20)]
    rows = [
        row(
            form.format(document=documents[number], question=words(rng, 9)),
            words(rng, 6),
            metadata={"document": number},
        )
        for number in range(20)
        for _ in range(20)
    ]
    rng.shuffle(rows)
    write("data.jsonl", rows)
    manifest = split()
    assert [len(found) for found in splits_by("document").values()] == [1] * 20
    assert (manifest.shared_instructions, manifest.shared_texts, manifest.groups) == ([], [], 20)
    assert all(part.examples for part in manifest.splits.values())


def test_a_text_that_all_examples_share_is_named_and_counted_again(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(3)
    prompt = words(rng, 80)
    asked = words(rng, 9)
    rows = [row(words(rng, 12), words(rng, 8), system=prompt) for _ in range(150)]
    rows += [row(asked, words(rng, 8), words(rng, 5), words(rng, 8), system=prompt) for _ in range(50)]
    write("data.jsonl", rows)
    manifest = split()
    named = [(text.kind, text.examples, len(text.runs)) for text in manifest.shared_texts]
    assert named == [("document", 200, 2), ("first question", 50, 1)]
    assert manifest.groups == 200
    told = proof(capsys)
    assert told["holds"]
    assert {"documents": 200, "first questions": 50}.items() <= {
        one["name"]: one["examples"] for one in told["not_checked"]
    }.items()

    def written(**change: Any) -> Any:
        changed = manifest.model_copy(update=change)
        (OUT / "manifest.json").write_bytes(manifest_bytes(changed.model_copy(update={"digest": digest_of(changed)})))
        return proof(capsys)

    less = [text.model_copy(update={"examples": 7}) for text in manifest.shared_texts]
    assert [point["name"] for point in written(shared_texts=less)["points"] if point["verdict"] == "broken"] == [
        "shared texts"
    ]
    broken = [point["name"] for point in written(shared_texts=[])["points"] if point["verdict"] == "broken"]
    assert broken == ["L012 same first question", "L014 same document"]


def test_a_system_prompt_of_a_folder_without_a_manifest_is_listed(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(4)
    prompt = words(rng, 50)
    OUT.mkdir()
    for name, count in (("train", 40), ("test", 10)):
        write(f"out/{name}.jsonl", [row(words(rng, 12), words(rng, 8), system=prompt) for _ in range(count)])
    told = proof(capsys)
    assert not told["findings"]
    assert ("documents", 50) in {(one["name"], one["examples"]) for one in told["not_checked"]}


@pytest.mark.parametrize(
    ("form", "codes"),
    [
        ("{a}\n{b}\n{passage}\n{c}", ["L014"]),  # a line
        ("{a}\n\n{lines}\n{c}\n\n{b}", ["L014"]),  # the beginning of a paragraph
        ("{a}\n{b}\n\n{lines}\n{c}", ["L014"]),  # of the last paragraph
        ("{lines}\n\n{lines}", ["L014"]),  # the turn
        ("{a} {passage} {b}", []),  # inside a line
        ("{a}\n{lines}\n{b}", ["L014"]),  # lines of fewer words, one after another
        ("{a}. {passage}. {b}", ["L014"]),  # sentences inside a line
        ("{a}.{passage}.{b}", []),
    ],
)
def test_the_proof_finds_a_block_that_two_splits_share(
    form: str, codes: list[str], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(form)
    count = 15 if form.startswith("{lines}") else 40
    passage = words(rng, count).split()
    lines = "\n".join(" ".join(passage[start : start + 10]) for start in range(0, count, 10))
    for name, size in (("train", 5), ("validation", 7), ("test", 8)):
        text = form.format(
            a=words(rng, size), b=words(rng, 2 * size), c=words(rng, 3), lines=lines, passage=" ".join(passage)
        )
        shown = text if name != "validation" else words(rng, 50)
        write(f"out/{name}.jsonl", [row(words(rng, 9), words(rng, 8), system=shown)])
    assert [finding["code"] for finding in proof(capsys)["findings"]] == codes


@pytest.mark.slow
def test_what_shares_a_text_with_a_given_test_set_leaves_the_data(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(5)
    document, prompt = words(rng, 40), words(rng, 40)
    asked = words(rng, 12)
    write(
        "given.jsonl",
        [row(words(rng, 9), words(rng, 8), system=text) for text in (document, prompt)] + [row(asked, "No.")],
    )
    rows = [row(words(rng, 9), words(rng, 8), system=prompt) for _ in range(90)]
    rows += [row(words(rng, 9), words(rng, 8), system=document) for _ in range(5)]
    rows += [row(mistyped(rng, asked), words(rng, 8))]
    write("data.jsonl", rows)
    manifest = split("--existing", "given.jsonl")
    assert manifest.removed.reasons == {"L013": 1, "L014": 5}
    assert [(text.kind, text.examples) for text in manifest.shared_texts] == [("document", 91)]
    assert proof(capsys)["holds"]


@pytest.mark.slow
def test_a_name_that_many_documents_share_does_not_make_one_group(write: Write) -> None:
    """Documents of a chain, each with a block of two others, are linked as long as a split can take their group."""
    rng = random.Random(6)
    blocks = [words(rng, 30) for _ in range(100)]
    write(
        "data.jsonl",
        [
            row(words(rng, 9), words(rng, 8), system=f"{blocks[at]}\n\n{blocks[(at + 1) % 100]}")
            for at in range(100)
            for _ in range(2)
        ],
    )
    manifest = split()
    assert manifest.shared_texts
    assert max(part.examples for part in manifest.splits.values()) < 190
    assert main(["verify", str(OUT), "-q"]) == 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("how do i keep a tall beech hedge green all year", "how do i keep a tall beech hegde green all year", True),
        ("how do i keep a tall beech hedge green all year", "how do i keep tall beech hedge green all year", True),
        ("how do i keep a tall beech hedge green all year", "how do i keep a tall birch hedge green all year", False),
        (
            "how do i keep 12 tall beech hedges green all year",
            "how do i keep 13 tall beech hedges green all year",
            False,
        ),
        ("what is the sum of 4 and 5 in base ten", "what is the sum of 5 and 4 in base ten", False),
        ("do i not keep a tall beech hedge green all year", "do i now keep a tall beech hedge green all year", False),
        ("how is a very long hedge cut", "how is a very lang hedge cut", False),
        ("hi how do i keep a tall beech hedge green", "how do i keep a tall beech hedge green", True),
        ("how do i say hello in french to everyone", "how do i say goodbye in french to everyone", False),
    ],
)
def test_writer_proof_and_count_agree_on_nearly_equal_questions(one: str, other: str, expected: bool) -> None:
    pair = tuple(one.split()), tuple(other.split())
    for compare in (near_questions.nearly_equal, proof_questions.nearly_equal, nearly_equal):
        assert compare(*pair) is expected
        assert compare(*pair[::-1]) is expected


def test_trees_are_joined_as_long_as_they_are_small() -> None:
    import numpy as np

    parent, made, united = np.arange(6), np.zeros(7, np.bool_), np.zeros(3, np.bool_)
    members = np.array([0, 1, 2, 3, 0, 2, 4])
    sizes, last_sets = np.zeros(6, dtype=np.int64), np.full(6, -1, dtype=np.int64)
    join.unite_up_to(parent, np.array([0, 2, 4, 7]), members, 3, made, united, sizes, last_sets)
    assert united.tolist() == [True, True, False]
    assert roots(parent).tolist() == [0, 0, 2, 2, 4, 5]


@pytest.mark.parametrize(
    "mark",
    [
        ". ",
        "? ",
        "\n",
        "\u061f ",
        "\u3002",
        "\uff01",
        *(f" {sign}{mark}" for sign in FOLDED for mark in ("\uff01", ". ")),
    ],
)
def test_chunks_of_a_document_that_overlap_stand_in_one_split(
    mark: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(mark)
    chunks = []
    for number in range(20):
        sentences = [words(rng, 16) + mark for _ in range(6)]
        texts = "".join(sentences[:4]), f'{{"page": "{"".join(sentences[1:])}", "id": {number}}}'
        chunks.append([tool(rng, words(rng, 9), text) | {"metadata": {"pair": number}} for text in texts])
    write("data.jsonl", [chunk for pair in chunks for chunk in pair])
    assert split().shared_texts == []
    assert [len(splits) for splits in splits_by("pair").values()] == [1] * 20
    assert main(["verify", str(OUT), "-q"]) == 0
    early, late = map(list, zip(*chunks, strict=True))
    for name, rows in (("train", early), ("test", late)):
        write(f"apart/{name}.jsonl", rows)
    capsys.readouterr()
    assert main(["verify", "apart", "--json", "-q"]) == 1
    assert [finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]] == ["L014"] * 20
    assert len(leaks({"train": early, "test": late})["L014"]) == 20


def test_instructions_inside_a_line_that_all_examples_share_are_named_once(write: Write) -> None:
    rng = random.Random(5)
    prompt = ". ".join(words(rng, 12) for _ in range(5))
    write("data.jsonl", [row(f"{words(rng, 40)}. {prompt}. {words(rng, 9)}", words(rng, 8)) for _ in range(80)])
    [shared] = split().shared_texts
    assert (shared.kind, shared.examples) == ("document", 80)
    assert shared.text.startswith(prompt[:40])
    assert main(["verify", str(OUT), "-q"]) == 0


@pytest.mark.parametrize("sign", ["\u2026 ", "\u2047 ", "\uff01", "\uff0e ", ". i\u0307\u0307zmir "])
def test_a_shared_text_with_signs_that_fold_is_named_and_counted(sign: str, write: Write) -> None:
    rng = random.Random(7)
    prompt = f"{words(rng, 35)}{sign}{words(rng, 40)}\u2122 {words(rng, 3)}"
    write("data.jsonl", [row(words(rng, 12), words(rng, 8), system=prompt) for _ in range(80)])
    assert [(text.kind, text.examples) for text in split().shared_texts] == [("document", 80)]
    assert main(["verify", str(OUT), "-q"]) == 0
    assert not leaks(rows_in(OUT), exempt=exempt_in(OUT))["L014"]


def test_a_project_in_a_folder_with_brackets_reads_its_pattern(write: Write) -> None:
    rng = random.Random(6)
    write("p [1]/a.jsonl", [row(words(rng, 9), words(rng, 8)) for _ in range(20)])
    Path("p [1]/curate.toml").write_text('data = ["*.jsonl"]\n', encoding="utf-8")
    assert main(["run", "p [1]", "-q", "--only", "check"]) == 0


def test_a_pattern_of_a_given_test_set_is_read_in_a_folder_with_brackets(write: Write) -> None:
    rng = random.Random(6)
    write("p [1]/a.jsonl", [row(words(rng, 9), words(rng, 8)) for _ in range(20)])
    write("p [1]/held/t.jsonl", [row(words(rng, 9), words(rng, 8)) for _ in range(3)])
    Path("p [1]/curate.toml").write_text('[split]\nexisting = ["held/*.jsonl"]\n', encoding="utf-8")
    assert main(["split", "p [1]/a.jsonl", "-o", str(OUT), "-q"]) == 0
    assert len((OUT / "test.jsonl").read_bytes().splitlines()) == 3
