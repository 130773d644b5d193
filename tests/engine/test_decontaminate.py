"""Benchmarks in training data: in any form, found by words in a row, by whole text and by likeness; nothing lost,
nothing found by chance.
"""

import gzip
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.commands.decontaminate import decontaminate, write_decontaminated
from curate.core.errors import InputError
from curate.core.example import Example, Place
from curate.leakage.decontaminate import WORD, Contamination, indexed, word_texts
from curate.leakage.decontaminate import contaminated as contaminated_by
from curate.leakage.rephrased import add_facts, rephrased
from curate.read.benchmark import Item, ItemText, read_benchmark
from curate.similarity.ngram_index import spans_of
from curate.storage.benchmark_index import MAX_SHARING_ITEMS, RUN_WORDS
from curate.storage.data_files import data_files
from tests.conftest import rows_of
from tests.workspaces import workspace

QUESTION = (
    "Janet's ducks lay sixteen eggs per day and she eats three for breakfast every morning before work. How many are "
    "left?"
)


def contaminated(examples: list[Example], items: list[Item]) -> Contamination:
    return contaminated_by(examples, indexed(items))


def item(question: str, answer: str = "", line: int = 1) -> Item:
    return Item(
        Place("bench.jsonl", line),
        (ItemText("question", question, True), *((ItemText("answer", answer, False),) if answer else ())),
    )


def example(*texts: str, line: int = 1) -> Example:
    roles = ("user", "assistant") * len(texts)
    return Example(
        Place("data.jsonl", line),
        {"messages": [{"role": r, "content": t} for r, t in zip(roles, texts, strict=False)]},
        "messages",
    )


def kinds(said: str, wanted: Item) -> list[tuple[str, float]]:
    return [(match.kind, round(match.share, 2)) for match in contaminated([example(said)], [wanted]).matches]


def write(path: Path, *values: Any) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path


def test_case_and_punctuation_do_not_hide_an_item() -> None:
    [match] = contaminated([example("Solve this:\n" + QUESTION.upper().replace(",", " -"))], [item(QUESTION)]).matches
    assert (match.kind, match.share, match.words) == (
        "run",
        1.0,
        QUESTION.lower().replace("'", " ").replace(".", "").replace("?", ""),
    )


def test_the_turkish_capital_i_does_not_hide_an_item() -> None:
    assert kinds(QUESTION.replace("i", "\u0130"), item(QUESTION)) == [("whole", 1.0)]


@pytest.mark.parametrize("hidden", ["\u200b", "\u00ad", "\u2060", "\ufeff", "\u200d"])
def test_characters_that_show_nothing_do_not_hide_an_item(hidden: str) -> None:
    assert kinds(QUESTION.replace("s", f"s{hidden}"), item(QUESTION)) == [("whole", 1.0)]
    assert kinds(QUESTION, item(QUESTION.replace("e", f"{hidden}e"))) == [("whole", 1.0)]


def test_twelve_words_in_a_row_are_not_enough_and_thirteen_are() -> None:
    words = [f"w{n}" for n in range(60)]
    for run, expected in ((RUN_WORDS - 1, []), (RUN_WORDS, [("run", round(RUN_WORDS / 60, 2))])):
        assert kinds(" ".join(["x", *words[20 : 20 + run], "y"]), item(" ".join(words))) == expected


def test_separate_runs_add_up_and_the_longest_is_shown() -> None:
    words = [f"w{n}" for n in range(60)]
    [match] = contaminated([example(" ".join([*words[:13], "x", *words[30:50]]))], [item(" ".join(words))]).matches
    assert (match.words, round(match.share, 2)) == (" ".join(words[30:50]), round(33 / 60, 2))


def test_questions_of_eight_words_are_found_inside_a_turn_and_shorter_ones_as_a_turn() -> None:
    assert kinds(
        "Tell me, how many legs does a spider have in total, please", item("How many legs does a spider have in total?")
    ) == [("run", 1.0)]
    assert kinds("Tell me, how many legs does a spider have", item("How many legs does a spider have?")) == []
    assert kinds("how many legs does a spider have", item("How many legs does a spider have?")) == [("whole", 1.0)]


def test_too_short_a_question_and_a_short_answer_are_not_looked_for() -> None:
    found = contaminated([example("Is it true?", "yes")], [item("Is it true?", "yes"), item(QUESTION, "yes")])
    assert (found.matches, found.too_short) == ([], frozenset({0}))


def test_an_answer_is_found_too() -> None:
    answer = "She sells the eggs that are left at the market for two dollars each, which makes eighteen dollars."
    [match] = contaminated([example("How much?", answer)], [item(QUESTION, answer)]).matches
    assert (match.message, match.part, match.kind) == (1, 1, "run")


def test_words_put_into_an_item_do_not_hide_it() -> None:
    words = [f"w{n}" for n in range(48)]
    said = [word for n, word in enumerate(words) for word in ((word, "x") if n % 12 == 11 else (word,))]
    assert kinds(" ".join(said), item(" ".join(words))) == [("near", round(40 / 56, 2))]


def test_a_turn_with_just_the_words_that_make_it_similar_is_found_although_items_share_them() -> None:
    shared = "red foxes chase grey geese over wet fields"
    items = [
        item(f"{shared} until dark nights fall", line=1),
        item(f"{shared} while farmers sleep soundly", line=2),
    ]
    matches = contaminated([example(shared)], items).matches
    assert [(match.item, match.kind, match.share) for match in matches] == [(0, "near", 0.6), (1, "near", 0.6)]


def test_instructions_of_a_benchmark_tell_nothing() -> None:
    preamble = "read the following passage with care and then choose the best of the four answers that are given"
    items = [
        item(f"{preamble} {' '.join(f'q{n}x{i}' for i in range(20))}", line=n) for n in range(MAX_SHARING_ITEMS + 1)
    ]
    assert contaminated([example(f"{preamble} something else that is not in the benchmark")], items).matches == []
    assert len(contaminated([example(items[3].parts[0].text)], items).matches) == 1


def test_scripts_without_spaces_are_compared_by_characters() -> None:
    said = "小明有十六个苹果他每天吃三个还剩下多少个苹果"
    assert kinds(f"请回答：{said}。", item(said + "？")) == [("run", 1.0)]


def test_scripts_whose_kernel_counts_characters_are_compared_by_characters() -> None:
    said = "다음 글에서 주인공이 마지막에 고른 직업은 무엇이며 그 까닭은 무엇입니까"
    [match] = contaminated([example(f"안녕하세요. {said}? 감사합니다.")], [item(said)]).matches
    assert (match.kind, match.share, match.words.replace(" ", "")) == ("run", 1.0, said.replace(" ", ""))
    assert contaminated([example("안녕하세요. 다음 글을 읽고 요약해 주세요.")], [item(said)]).matches == []


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_words_are_those_of_the_compiled_code(text: str) -> None:
    [plain] = word_texts([text])
    data = plain.encode()
    spans = spans_of(np.frombuffer(data, dtype=np.uint8), 0, len(data)).tolist()
    assert WORD.findall(plain) == [data[start:end].decode() for start, end in spans]


def test_the_worse_answer_of_a_pair_counts() -> None:
    value = {
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}],
        "rejected": QUESTION,
    }
    [match] = contaminated([Example(Place("data.jsonl", 1), value, "preference")], [item(QUESTION)]).matches
    assert match.message == -1


def test_hostile_texts_are_no_obstacle() -> None:
    for text in ("", "\ud800", "\0" * 40, "😀" * 40):
        assert contaminated([example(text)], [item(QUESTION)]).matches == []
        assert len(contaminated([example(text)], [item(text)]).matches) <= 1


def test_every_planted_item_is_found_among_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curate.leakage.decontaminate.CHUNK_TURNS", 100)
    rng = random.Random(0)
    words = [f"w{n}" for n in range(5000)]
    items = [item(" ".join(rng.sample(words, 30)), line=n) for n in range(300)]
    examples = [
        example(" ".join(rng.sample(words, 20)) + " " + (items[n].parts[0].text if n % 3 == 0 else ""))
        for n in range(300)
    ]
    assert [(match.example, match.item) for match in contaminated(examples, items).matches] == [
        (n, n) for n in range(0, 300, 3)
    ]


FORMS: dict[str, tuple[str, bytes, list[tuple[int, list[str]]]]] = {
    "JSON Lines": (
        "b.jsonl",
        b'{"question": "Who?", "answer": "He."}\n\n{"question": "What?"}\n',
        [(1, ["Who?", "He."]), (3, ["What?"])],
    ),
    "an array": ("b.json", b'[\n{"prompt": "Who?"},\n{"prompt": "What?"}]', [(2, ["Who?"]), (3, ["What?"])]),
    "a list inside an object": (
        "b.json",
        b'{"canary": "x", "examples": [\n{"input": "Who?", "target": "He"},\n{"input": "What?"}]}',
        [(2, ["Who?", "He"]), (3, ["What?"])],
    ),
    "gzip": ("b.jsonl.gz", gzip.compress(b'{"problem": "Who?", "solution": "He."}\n'), [(1, ["Who?", "He."])]),
    "a table with a head": (
        "b.csv",
        b'Type,Question,Best Answer\nx,"Who,\nthen?",He\ny,What?,It\n',
        [(2, ["Who,\nthen?", "He"]), (4, ["What?", "It"])],
    ),
    "a table below blank lines": ("b.csv", b"\n,\nid,question\n1,Who?,\n", [(4, ["Who?"])]),
    "a table without a head": ("b.csv", b"Who?,He,She,A\n", [(1, ["Who?", "He", "She", "A"])]),
    "tabs, packed": ("b.tsv.gz", gzip.compress(b"question\tanswer\nWho?\tHe\n"), [(2, ["Who?", "He"])]),
    "turns": ("b.jsonl", b'{"turns": ["Who?", "And now?"], "question_id": 3}\n', [(1, ["Who?", "And now?"])]),
    "choices": (
        "b.jsonl",
        b'{"question": "Who?", "choices": {"text": ["He", "She"], "label": ["A", "B"]}}\n',
        [(1, ["Who?", "He", "She"])],
    ),
    "choices as objects": (
        "b.jsonl",
        b'{"input": "Who?", "choices": [{"text": "He"}]}\n{"input": "What?", "choices": [{"text": "It"}]}\n',
        [(1, ["Who?", "He"]), (2, ["What?", "It"])],
    ),
    "lists in lines": (
        "b.jsonl",
        b'{"story": "x", "qas": [{"question": "Who?"}, "What?"]}\n{"qas": [{"question": "When?"}]}\n',
        [(1, ["Who?"]), (1, ["What?"]), (2, ["When?"])],
    ),
    "an instruction with its input": (
        "b.jsonl",
        b'{"instruction": "Sum up.", "input": "A text.", "output": "T."}\n',
        [(1, ["Sum up.", "A text.", "T."])],
    ),
    "text alone": ("b.jsonl", b'{"text": "Who?", "id": 1}\n', [(1, ["Who?"])]),
    "conversations": (
        "b.jsonl",
        b"""{"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Who?"}]}
{"conversations": [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "He."}]}
{"contents": [{"role": "user", "parts": [{"text": "Who?"}]}, {"role": "model", "parts": [{"text": "He."}]}]}
{"prompt": [{"role": "user", "content": "Who?"}], "completion": [{"role": "assistant", "content": "He."}]}
{"chosen": "\\n\\nHuman: Who?\\n\\nAssistant: He.", "rejected": "\\n\\nHuman: Who?\\n\\nAssistant: It."}
""",
        [(1, ["Who?"]), *((line, ["Who?", "He."]) for line in range(2, 6))],
    ),
}


@pytest.mark.parametrize(("name", "content", "expected"), FORMS.values(), ids=list(FORMS))
def test_benchmarks_are_read_in_any_form(
    tmp_path: Path, name: str, content: bytes, expected: list[tuple[int, list[str]]]
) -> None:
    (tmp_path / name).write_bytes(content)
    assert [
        (item.place.line, [part.text for part in item.parts]) for item in read_benchmark(tmp_path / name)
    ] == expected


@pytest.mark.parametrize(
    ("item", "right"),
    [
        ({"question": "Which gas?", "choices": ["oxygen", "carbon dioxide"], "answer": 1}, "carbon dioxide"),
        ({"question": "Which gas?", "options": ["oxygen", "carbon dioxide"], "answer": "B"}, "carbon dioxide"),
        ({"question": "Q?", "choices": {"text": ["rain", "snow"], "label": ["1", "2"]}, "answerKey": "2"}, "snow"),
        ({"question": "Which gas?", "A": "oxygen", "B": "helium", "C": "neon", "D": "argon", "answer": "C"}, "neon"),
        ({"ctx": "He opens", "endings": ["the door.", "his eye."], "label": "0"}, "the door."),
        ({"question": "Which gas?", "choices": ["oxygen", "helium"], "answer": 7}, ""),
        ({"question": "Which gas?", "choices": ["oxygen", "helium"], "answer": "helium"}, ""),
        ({"question": "What is 2 + 2?", "answer": "4"}, ""),
        ({"question": "Q?", "choices": {"text": ["rain", "snow"], "label": [1, 2]}, "answerKey": "1"}, "rain"),
        ({"question": "Q?", "choices": {"text": ["rain", "snow"], "label": "AB"}, "answerKey": 1}, "snow"),
        ({"question": "Q?", "choices": {"text": ["rain", "snow"], "label": 3}, "answerKey": "A"}, "rain"),
        ({"question": "Q?", "choices": ["rain", "snow"], "answer": "1" * 5_000}, ""),
    ],
)
def test_the_right_choice_is_read_from_its_position_letter_or_label(
    tmp_path: Path, item: dict[str, Any], right: str
) -> None:
    assert [read.right for read in read_benchmark(write(tmp_path / "b.jsonl", item))] == [right]


def test_an_open_question_with_the_right_choice_as_its_answer_is_found_in_other_words() -> None:
    items = [
        Item(Place("b", 1), (ItemText("question", "Which gas do plants take in?", True),), "carbon dioxide"),
        Item(Place("b", 2), (ItemText("question", "Which planet has rings?", True),), "Saturn"),
    ]
    near = {items[0].parts[0].text, "What must a leaf have from the air to live?", "What is in the air of a cave?"}

    def embed(texts: Sequence[str]) -> Any:
        """Vectors that are equal for the texts of `near`, and nearly all apart for others."""
        return np.eye(40, dtype=np.float32)[[0 if text in near else 1 + len(text) % 39 for text in texts]]

    index = indexed(items)
    add_facts(index, items, embed, "model")
    asked = [
        example("What must a leaf have from the air to live?", "Carbon dioxide."),
        example("What is in the air of a cave?", "Bats, dust and damp."),
        example("Name a gas that fire extinguishers hold.", "Carbon dioxide."),
    ]
    assert [(match.example, match.item) for match in rephrased(asked, index, embed)] == [(0, 0)]


def test_only_the_answer_to_a_turn_is_compared_with_the_right_choice() -> None:
    item = Item(Place("b", 1), (ItemText("question", "Which gas do plants take in?", True),), "carbon dioxide")
    near = {item.parts[0].text, "What is in the air of a cave?"}

    def embed(texts: Sequence[str]) -> Any:
        return np.eye(40, dtype=np.float32)[[0 if text in near else 1 + len(text) % 39 for text in texts]]

    index = indexed([item])
    add_facts(index, [item], embed, "model")
    chat = example(
        "What is in the air of a cave?", "Bats.", "Name a gas that fire extinguishers hold.", "Carbon dioxide."
    )
    assert rephrased([chat], index, embed) == []


@pytest.mark.parametrize(
    "asked",
    [
        "Wat gebeurt er als je met natte haren de kou in gaat?",
        "Czym najczęściej tłumaczy się fałd w warstwach skał osadowych?",
        "Как долго нужно варить яйцо всмятку после закипания?",
    ],
)
def test_a_translation_into_a_language_that_is_not_listed_is_found(asked: str) -> None:
    items = [
        Item(Place("b", row), (ItemText("question", text, True), ItemText("answer", "Nothing much happens", False)))
        for row, text in enumerate(["What happens to you if you go out into the cold?", "Which planet has rings?"])
    ]

    def embed(texts: Sequence[str]) -> Any:
        near = {asked, items[0].parts[0].text}
        return np.eye(40, dtype=np.float32)[[0 if text in near else 1 + len(text) % 39 for text in texts]]

    index = indexed(items)
    add_facts(index, items, embed, "model")
    assert [match.item for match in rephrased([example(asked, "Niets.")], index, embed)] == [0]


def test_yes_as_the_right_choice_finds_no_item() -> None:
    items = [Item(Place("b", 1), (ItemText("question", "Do plants take in a gas?", True),), "Yes")]

    def embed(texts: Sequence[str]) -> Any:
        """Vectors that are equal for the item and the question, and nearly all apart for neutral texts."""
        return np.eye(40, dtype=np.float32)[[0 if "Do" in text else 1 + len(text) % 39 for text in texts]]

    index = indexed(items)
    add_facts(index, items, embed, "model")
    assert rephrased([example("Does a leaf of a tree breathe?", "Yes.")], index, embed) == []


def test_a_field_can_be_named_and_an_unknown_form_says_what_it_has(tmp_path: Path) -> None:
    path = write(tmp_path / "b.jsonl", {"frage": "Wer?", "question": "Who?"}, {"frage": "Was?"})
    assert [[part.text for part in item.parts] for item in read_benchmark(path, ["frage"])] == [["Wer?"], ["Was?"]]
    listed = write(tmp_path / "l.jsonl", {"Frage": "Wer?", "antworten": [{"text": "Er"}]})
    assert [[part.text for part in item.parts] for item in read_benchmark(listed, ["frage"])] == [["Wer?"]]
    other = write(tmp_path / "c.jsonl", {"frage": "Wer?"})
    with pytest.raises(InputError, match="the fields are frage") as caught:
        read_benchmark(other)
    assert "--field" in caught.value.hint
    with pytest.raises(InputError, match="none of the given fields"):
        read_benchmark(other, ["question"])


def test_an_item_without_text_is_counted_as_not_looked_for(tmp_path: Path) -> None:
    bench = write(tmp_path / "b.jsonl", {"question": QUESTION}, {"question": None}, {"note": "x"})
    data = write(tmp_path / "d.jsonl", example(QUESTION).value)
    [found] = decontaminate(workspace([data]), [bench]).benchmarks
    assert (found.items, found.not_looked_for, found.found) == (3, 2, [1])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    {
        "a broken line": ("b.jsonl", b'{"question": "Who?"}\n{"question": "What\n', "b.jsonl:2: not an item: the JSON"),
        "a number in a list": (
            "b.json",
            b'{"examples": [\n{"question": "Who?"},\n5]}',
            "b.json:3: not an item: neither",
        ),
        "a list": ("b.jsonl", b'{"question": "Who?"}\n["What?"]\n', "b.jsonl:2: not an item: neither"),
        "a cell too many": ("b.csv", b"question,answer\nWho?,He,She\n", "b.csv:2: 3 cells, and 2 columns"),
    }.values(),
)
def test_an_item_that_cannot_be_searched_for_is_an_error(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=re.escape(said)):
        read_benchmark(tmp_path / name)


def test_kept_and_removed_are_what_was_read(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    lines = [json.dumps({"messages": [{"role": "user", "content": text}]}) for text in ("Hello there", QUESTION, "Bye")]
    data.write_text("\n".join([*lines, "{broken"]) + "\n", encoding="utf-8")
    bench = write(
        tmp_path / "bench.jsonl",
        {"question": QUESTION},
        {"question": "Something else entirely, asked at some length and in many words?"},
    )
    result = decontaminate(workspace([data]), [bench])
    write_decontaminated(result, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines() == [lines[0], lines[2], "{broken"]
    [removed] = rows_of(tmp_path / "out.removed.jsonl")
    assert (removed["line"], removed["code"], removed["text"]) == (2, "L007", lines[1])
    assert [(of.items, of.not_looked_for, of.found) for of in result.benchmarks] == [(2, 0, [1])]


class TestCommand:
    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        write(
            Path("data.jsonl"),
            {"messages": [{"role": "user", "content": QUESTION}]},
            {"messages": [{"role": "user", "content": "Hello"}]},
        )
        write(Path("bench.jsonl"), {"question": QUESTION})
        write(Path("other.jsonl"), {"question": "What is it that nobody ever asks about at all?"})

    def run(self, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
        code = main(["decontaminate", *arguments])
        return (code, *capsys.readouterr())

    def test_what_is_found_and_not_removed_is_a_finding(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = self.run("data.jsonl", "--bench", "bench.jsonl", capsys=capsys)
        assert (code, "data.jsonl:1: L007" in out, "1 of 1 item found" in out) == (1, True, True)
        assert not Path("out.removed.jsonl").exists()

    def test_nothing_found_is_clean(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("data.jsonl", "--bench", "other.jsonl", capsys=capsys)[0] == 0

    def test_what_is_removed_is_told_as_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = self.run(
            "data.jsonl", "--bench", "bench.jsonl", "--bench", "other.jsonl", "-o", "out.jsonl", "--json", capsys=capsys
        )
        said = json.loads(out)
        assert (code, said["read"], said["kept"], len(said["removed"]), said["written"]) == (0, 2, 1, 1, True)
        assert [(of["file"], of["items"], of["found"]) for of in said["benchmarks"]] == [
            ("bench.jsonl", 1, [1]),
            ("other.jsonl", 1, []),
        ]
        assert said["found"][0]["finding"]["code"] == "L007"

    @pytest.mark.parametrize("output", ["data.jsonl", "bench.jsonl", "other.jsonl"])
    def test_no_file_that_is_read_is_replaced(self, output: str, capsys: pytest.CaptureFixture[str]) -> None:
        before = {path: path.read_bytes() for path in data_files(["."])}
        assert self.run("data.jsonl", "--bench", "bench.jsonl", "-o", output, capsys=capsys)[0] == 2
        assert {path: path.read_bytes() for path in data_files(["."])} == before

    def test_a_benchmark_that_is_not_there_is_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, _, err = self.run("data.jsonl", "--bench", "nothing.jsonl", capsys=capsys)
        assert (code, "nothing.jsonl" in err) == (2, True)


def test_a_match_in_an_array_on_one_line_names_its_element(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bench.jsonl").write_text(json.dumps({"question": QUESTION}))
    rows = [{"instruction": asked, "output": "Nine."} for asked in ("How many?", QUESTION)]
    Path("data.json").write_text(json.dumps(rows))
    assert main(["decontaminate", "data.json", "--bench", "bench.jsonl", "-q"]) == 1
    assert "data.json:1: L007 element 2: is bench.jsonl:1 (question) word for word" in capsys.readouterr().out
