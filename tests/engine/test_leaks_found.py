"""The proof by itself: its words, its join and its reading against plain counts, and every kind of leak that is planted
into written files.
"""

import json
import random
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.characters import UNSPACED
from curate.core.finding import Severity
from curate.core.text import normalised
from curate.core.text import words as plain_words
from curate.project.manifest import Manifest, digest_of
from curate.render.verify import verify_text
from curate.storage.files import json_text
from curate.verify import similarity_index, verify_files
from curate.verify.proof import Verdict, VerifyResult
from curate.verify.reading import NotUnderstoodError, read
from curate.verify.similarity_index import HashSets, HeldOutIndex, counts_of, matches
from curate.verify.words import folded, hashed, hashes_of, shingles, words_of
from tests.conftest import Write, chat

BEECH = (
    "The beech is a tall tree with smooth grey bark and leaves that turn to copper in autumn, which grows on chalk "
    "all over Europe and far beyond"
)
OAK = (
    "An oak grows slowly for three hundred years, stands for another three hundred, and takes as long again to die, "
    "which few people ever wait for"
)
TREES = f"{OAK}, {BEECH}"
ME = {"role": "assistant", "content": "Me."}
CALL = json.dumps({"tree": BEECH[:60], "bark": BEECH[60:], "é": "ü ä ö ß"})


def proved(write: Write, train: Sequence[object], test: Sequence[object], **options: Any) -> VerifyResult:
    return verify_files({"train": [write("train.jsonl", train)], "test": [write("test.jsonl", test)]}, "", **options)


def codes(proof: VerifyResult) -> set[str]:
    """The rows of the table that are broken."""
    return {point.name.split()[0] for point in proof.points if point.verdict is Verdict.BROKEN}


def turns(*texts: str) -> dict[str, Any]:
    return {"messages": [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(texts)]}


SHARED = turns("Name a tree.", BEECH)
LEAKS: dict[str, tuple[object, object, set[str]]] = {
    "a copy": (SHARED, SHARED, {"L001", "L002", "L003", "L011"}),
    "a copy under another id": ({**SHARED, "id": 1}, {**SHARED, "id": 2}, {"L001", "L002", "L003", "L011"}),
    "a near-copy": (
        turns("Name a tree.", BEECH),
        turns("Show a tree.", BEECH.replace("beyond", "away")),
        {"L002", "L011"},
    ),
    "a near-copy under another system prompt": (
        chat("Say it.", BEECH, "Be brief."),
        chat("Say it!", BEECH, "Be kind."),
        {"L002", "L003", "L011"},
    ),
    "a question under another system prompt": (
        chat("Name a tree.", "Oak."),
        chat("name a  TREE", "Elm.", "Be kind."),
        {"L003"},
    ),
    "a question of signs alone": (chat("?! 😀", "Oak."), chat(" ?!  😀\n", "Elm."), {"L003"}),
    "options in another order": (
        chat("Which of these is a tree?\nA) the oak\nB) the cod\nC) the ant", "A"),
        chat("which of these is a tree\n\n(1) the ant\n(2) the oak\n- 3. the Cod", "2"),
        {"L003"},
    ),
    "paragraphs in another order": (
        chat("An oak stands here.\n\nA cod swims there.\n\nCompare both of them.", "No."),
        chat("Compare both of them.\nA cod swims there.\nAn oak stands here.", "Yes."),
        {"L003"},
    ),
    "an answer to another question": (
        turns("Name a tree.", BEECH),
        turns("What stands in that wood over there by the river, tell me?", BEECH),
        {"L011"},
    ),
    "the last of several answers": (
        turns("Name a tree.", BEECH),
        turns("Hi", OAK, "What stands in that wood?", BEECH),
        {"L011"},
    ),
    "one of several answers": (
        turns("Say hello.", "Hello.", "What stands in that wood?", BEECH, "Bye", "See you."),
        turns("Hi", OAK, "Name a tree.", BEECH, "And a bird?", "A tit."),
        {"L011"},
    ),
    "a conversation that goes on": (turns("Hi", "Hello."), turns("Hi", "Hello.", "Name a tree.", "Oak."), {"L005"}),
    "the beginning of a conversation": (turns("Hi", "Hello.", "Name a tree.", "Oak."), turns("Hi", "Hello."), {"L005"}),
    "a key": ({**turns("Who?", "Me."), "doc": {"id": 7}}, {**turns("Why?", "Because."), "doc": {"id": 7}}, {"L005"}),
    "an instruction and messages": (
        {"instruction": "Name", "input": "a tree.", "output": BEECH},
        turns("Name a tree.", BEECH),
        {"L002", "L003", "L011"},
    ),
    "a rendered prompt and its completion": (
        {"prompt": "### Instruction:\nName a tree.\n\n### Response:\n", "completion": "Oak."},
        turns("Name a tree.", "Elm."),
        {"L003"},
    ),
    "a rendered prompt of a pair": (
        {"prompt": "\n\nHuman: Name a tree.\n\nAssistant:", "chosen": " Oak.", "rejected": " No."},
        turns("Name a tree.", "Elm."),
        {"L003"},
    ),
    "the other side of a pair": (
        {"prompt": "Name a tree.", "chosen": BEECH, "rejected": OAK},
        {"prompt": "What is that tree?", "chosen": BEECH, "rejected": OAK},
        {"L002", "L011"},
    ),
    "the answers of a pair beside its messages": (
        {"messages": turns("Name a tree.")["messages"], "chosen": BEECH, "rejected": "No."},
        {"messages": turns("What is that tree?")["messages"], "chosen": BEECH, "rejected": "Who knows?"},
        {"L011"},
    ),
    "the rejected answer beside a conversation": (
        {**turns("Name a tree.", "Oak."), "rejected": [{"role": "assistant", "content": BEECH}]},
        {**turns("Name the tree.", "Oak."), "rejected_response": BEECH},
        {"L002"},
    ),
    "characters that show nothing": (
        turns("Name a tree.", BEECH),
        turns("Na\u00adme a t\u200bree.", "\ufeff" + BEECH.replace("a", "a\u200b").replace("e", "\u00ade")),
        {"L002", "L003", "L011"},
    ),
    "selectors and fillers that show nothing": (
        turns("Name ❤️ a tree.", BEECH),
        turns("Name ❤ a t\u3164ree.", BEECH.replace("a", "a\u034f\ufe00").replace("e", "\U000e0100e")),
        {"L002", "L003", "L011"},
    ),
    "a call with its arguments in another order": (
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": CALL}}]}]},
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [{"name": "a", "arguments": dict(sorted(json.loads(CALL).items()))}],
                }
            ]
        },
        {"L002", "L011", "L014"},
    ),
    "a file that a call writes and another one reads": (
        {
            "messages": [
                {"role": "user", "content": "Save it."},
                {
                    "role": "assistant",
                    "tool_calls": [{"function": {"name": "write", "arguments": json.dumps({"text": f"#!\n{TREES}"})}}],
                },
            ]
        },
        {
            "messages": [
                {"role": "user", "content": "Which trees are in the file?"},
                {"role": "tool", "content": "\n".join(f"{n:6}\t{line}" for n, line in enumerate(TREES.split(", "), 1))},
                {"role": "assistant", "content": "Oaks."},
            ]
        },
        {"L014"},
    ),
    "a text as HTML and in JSON": (
        turns("<p>" + TREES.replace(" of ", "&nbsp;<b>of</b> ").replace(", ", ",<br>") + "</p>", "Trees."),
        turns('{"text": "' + TREES.replace(" ", "\\n", 3).replace("e", "\\u0065") + '"}', "Wood."),
        {"L014"},
    ),
    "a text in Markdown and quoted with times": (
        turns(TREES.replace("oak", "[_oak_](https://oak.example/a)"), "Trees."),
        turns("\n".join(f"> [00:{n:02}] {line}" for n, line in enumerate(TREES.split(", "), 1)), "Wood."),
        {"L014"},
    ),
    "the beginning of an answer": (
        turns("Name a tree.", f"{BEECH} {OAK}"),
        turns("What stands in that wood over there?", BEECH.upper().replace(" ", ", ")),
        {"L015"},
    ),
    "an answer twice in one": (
        turns("Name a tree.", BEECH),
        turns("What stands in that wood over there?", f"{BEECH} {BEECH}"),
        {"L011", "L015"},
    ),
    "the end of one of several answers": (
        turns("Hi", "Hello.", "Name a tree.", f"{OAK} {BEECH}"),
        turns("What stands in that wood over there?", BEECH, "And there?", "Nothing at all."),
        {"L015"},
    ),
    "reasoning": (
        {"messages": [{"role": "user", "content": "Who?"}, {**ME, "reasoning_content": BEECH}]},
        {"messages": [{"role": "user", "content": "Why?"}, {**ME, "content": "So.", "thinking": BEECH}]},
        {"L011"},
    ),
    "the beginning of reasoning": (
        {"messages": [{"role": "user", "content": "Who?"}, {**ME, "reasoning": f"{OAK} {BEECH}"}]},
        turns("Name a tree.", OAK),
        {"L015"},
    ),
    "a list of turns": (turns("Name a tree.", BEECH)["messages"], turns("Name a tree!", OAK), {"L003"}),
    "a call of a tool": (
        {
            "messages": [
                {"role": "user", "content": "Book"},
                {"role": "assistant", "tool_calls": [{"function": {"name": "book", "arguments": BEECH}}]},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": "Go"},
                {"role": "assistant", "tool_calls": [{"function": {"name": "book", "arguments": {"a": BEECH}}}]},
            ]
        },
        {"L002", "L011"},
    ),
}
NONE: dict[str, tuple[object, object]] = {
    "the same question with another picture": (
        {**turns("What is it?", "A cat."), "images": ["a.png"]},
        {**turns("What is it?", "A dog."), "images": ["b.png"]},
    ),
    "the same text with another picture": (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": "a"}],
                },
                *turns("", "Cat.")["messages"][1:],
            ]
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": "b"}],
                },
                *turns("", "Cat.")["messages"][1:],
            ]
        },
    ),
    "lines with other numbers in front": (
        turns("How much is it in all?\n5 apples\n3 pears", "8"),
        turns("How much is it in all?\n6 pears\n5 apples", "11"),
    ),
    "a refusal": (
        turns("Name a tree.", "I am sorry, but I cannot help."),
        turns("How is a lock opened?", "I am sorry, but I cannot help."),
    ),
    "the beginning of an answer of few words": (
        turns("Name a tree.", BEECH),
        turns("What stands there?", " ".join(BEECH.split()[:19])),
    ),
    "the middle of an answer": (
        turns("Name a tree.", f"{OAK[:90]} {BEECH} {OAK[90:]}"),
        turns("What stands there?", BEECH),
    ),
    "several answers together": (
        turns("Name a tree.", " ".join(BEECH.split()[:12]), "And?", " ".join(BEECH.split()[12:])),
        turns("What stands there?", f"{BEECH} {OAK}"),
    ),
    "reasoning of few words": (
        {"messages": [{"role": "user", "content": "Who?"}, {**ME, "reasoning": "The user asks for a name."}]},
        {
            "messages": [
                {"role": "user", "content": "Why?"},
                {**ME, "content": "So.", "reasoning": "The user asks for a name."},
            ]
        },
    ),
    "a beginning without its answer": (turns("Hi", "Hello.", "Name a tree.", "Oak."), turns("Hi", "Bye.")),
    "a key that is not there": ({**turns("Who?", "Me."), "doc": None}, {**turns("Why?", "Because."), "doc": None}),
    "a system prompt": (chat("Who?", "Me.", BEECH), chat("Why?", "Because.", BEECH)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LEAKS)
def test_a_planted_leak_of_each_kind_is_found(kind: str, write: Write) -> None:
    one, other, expected = LEAKS[kind]
    beside = [turns(f"What of number {n}?", f"It is {n * 7}.") for n in range(20)]
    for train, test in ((one, other), (other, one)):
        proof = proved(write, [*beside[:10], train], [test, *beside[10:]], keys=("doc.id", "doc"))
        assert codes(proof) == expected
        assert {(finding.file, finding.line) for finding in proof.findings} == {("test.jsonl", 1)}
        assert all("train.jsonl:11 (train)" in finding.message for finding in proof.findings)


@pytest.mark.parametrize("kind", NONE)
def test_what_is_no_leak_is_none(kind: str, write: Write) -> None:
    one, other = NONE[kind]
    proof = proved(write, [one], [other], keys=("doc",))
    assert (codes(proof), list(proof.findings)) == (set(), [])


def test_a_cut_answer_is_found_where_its_last_words_are_repeated_and_only_in_another_split(write: Write) -> None:
    cut, last = " ".join(OAK.split()[:22]), " ".join(OAK.split()[17:22])
    repeating = turns("Name a tree.", f"{cut} as all of us were told at school when we were young and {last}")
    other = turns("Which one is that?", f"{cut} or so it was said by those who had planted it long ago in their garden")
    proof = proved(write, [repeating, turns("Is this one?", cut)], [other])
    assert [(finding.code, finding.file, finding.line) for finding in proof.findings] == [("L015", "test.jsonl", 1)]
    assert codes(proved(write, [repeating], [turns("Is this one?", cut)])) == {"L015"}


def test_each_split_is_held_against_all_before_it_and_none_behind(write: Write) -> None:
    first, second = turns("Name a tree.", BEECH), turns("What is that?", OAK)
    files = {
        "train": [first],
        "validation": [second, turns("Name that tree over there at once.", BEECH)],
        "test": [turns("And this one, what is it called?", OAK)],
    }
    proof = verify_files({name: [write(f"{name}.jsonl", lines)] for name, lines in files.items()}, "")
    assert [(finding.code, finding.file, finding.line) for finding in proof.findings] == [
        ("L011", "validation.jsonl", 2),
        ("L011", "test.jsonl", 1),
    ]
    assert proof.findings[1].message == "has nearly the same answer as validation.jsonl:1 (validation), similarity 100%"


def test_paraphrases_are_found_in_any_earlier_split(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """With vectors that are equal where two questions name the same animal."""
    animals = ("cat", "dog", "owl")

    def embed(texts: Sequence[str], *_: object, **__: object) -> Any:
        return np.array([[float(animal in text) for animal in animals] for text in texts], dtype=np.float32)

    monkeypatch.setattr("curate.models.embeddings.embed", embed)
    files = {
        "train": [turns("How old does a cat get in the wild?", BEECH)],
        "validation": [turns("What is a dog fed with by most people?", OAK)],
        "test": [
            turns("Which food do owners give to their dog?", "Meat."),
            turns("Where does an owl sleep?", "There."),
        ],
    }
    paths = {name: [write(f"{name}.jsonl", lines)] for name, lines in files.items()}
    proof = verify_files(paths, "", embeddings="offline:animals")
    assert [(finding.code, finding.file, finding.line) for finding in proof.findings] == [("L006", "test.jsonl", 1)]
    assert proof.findings[0].severity is Severity.WARNING
    assert any("curate split PATH -o OUT --semantic MODEL" in line.plain for line in verify_text(proof, None))


@pytest.mark.parametrize("share", [0.049, 0.05, 0.3, 0.6])
def test_one_answer_to_many_prompts_is_found_whatever_its_share(share: float, write: Write) -> None:
    random_ = random.Random(7)
    words = [f"w{n}" for n in range(4000)]
    rows = [
        turns(" ".join(random_.sample(words, 12)), BEECH if n < share * 1000 else " ".join(random_.sample(words, 30)))
        for n in range(1000)
    ]
    random_.shuffle(rows)
    held = [at for at, row in enumerate(rows[900:], 1) if row["messages"][1]["content"] == BEECH]
    proof = proved(write, rows[:900], rows[900:])
    assert held
    assert [(finding.code, finding.line) for finding in proof.findings] == [("L011", line) for line in held]


def test_lines_that_are_not_understood_are_broken_and_never_clean(write: Write) -> None:
    lines = [
        b'{"contents": []}',
        b"\xff\xfe",
        b"[1]",
        b'{"messages": []}',
        b'{"messages": [{"role": "wizard", "content": "x"}]}',
        b'{"prompt": []}',
    ]
    proof = proved(write, [turns("Who?", "Me.")], lines)
    point = next(point for point in proof.points if point.name == "lines")
    assert (point.verdict, point.message) == (Verdict.BROKEN, "6 lines hold no example that can be compared")
    assert [finding.line for finding in proof.findings if finding.code == "L009"] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("name", ["test.jsonl", "test.json", "test.jsonl.gz", "test.jsonl.zst"])
def test_files_are_read_packed_and_as_documents(name: str, write: Write) -> None:
    import gzip

    from tests.packed import zstd

    rows = [turns("Who?", "Me."), turns("What is in that wood?", BEECH)]
    data = (
        json.dumps(rows, indent=1).encode()
        if name.endswith(".json")
        else b"".join(json.dumps(row).encode() + b"\r\n\n" for row in rows)
    )
    data = gzip.compress(data) if name.endswith(".gz") else zstd.compress(data) if name.endswith(".zst") else data
    proof = verify_files(
        {"train": [write("train.jsonl", [turns("Name a tree.", BEECH)])], "test": [write(name, data)]}, ""
    )
    assert proof.examples == {"train": 1, "test": 2}
    assert [finding.code for finding in proof.findings] == ["L011"]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('{"messages": [], "messages": %s}', "messages"),
        ('{"messages": %s, "m\\u0065ssages": []}', "messages"),
        ('{"messages":[{"role":"user","content":"Hi","content" : "He said \\u0022: Hi"}]}', "content"),
        ('{"messages" : "none", "messages": %s}', "messages"),
        ('{"messages"\r: "none", "messages": %s}', "messages"),
        ('{"note": 1, "note": "He said \\"\\u003a Hi", "messages": %s}', "note"),
        ('{"id":1,"messages":[{"role":"user","role":"assistant","content":"\\ud800"}]}', "role"),
        ('{"messages": %s, "id": 123456789012345678901234567890, "id": 7}', "id"),
    ],
)
def test_an_object_with_a_key_twice_is_not_understood(line: str, key: str, write: Write) -> None:
    said = json.dumps(turns('He wrote {"a": 1, "a": 2}', "Yes.")["messages"])
    data = line.replace("%s", said).encode()
    proof = proved(write, [turns("Who?", "Me.")], [data, json.dumps({"messages": json.loads(said)}).encode()])
    assert [(found.code, found.line) for found in proof.findings] == [("L009", 1)]
    assert f"the key '{key}' occurs twice in one object" in proof.findings[0].message


def test_text_of_another_form_beside_messages_is_listed(write: Write) -> None:
    one = turns("Who?", "Me.")
    rows = [{**one, "prompt": "Who?"}, {**one, "prompt": "Who?", "completion": BEECH}, {**one, "text": "Who? Me."}]
    proof = proved(write, [turns("Why?", "So.")], rows)
    assert {item.name: item.examples for item in proof.not_checked}["texts beside messages"] == 2


def test_a_model_that_is_named_and_cannot_be_used_is_an_error(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("out/train.jsonl", [turns("Who?", "Me.")])
    write("out/test.jsonl", [turns("Why?", "So.")])
    assert main(["verify", "out", "--embeddings", "offline:none", "-q"]) == 2
    assert "offline:none" in capsys.readouterr().err


def test_what_was_not_compared_is_listed_with_its_count(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    thought = {"messages": [{"role": "assistant", "reasoning_content": "Well.", "content": OAK}]}
    pair = {"prompt": "Why?", "chosen": "Because it is.", "rejected": BEECH}
    train = [turns("Is it?", "Yes."), {**turns("Look.", "A cat."), "images": ["a.png"]}, {"text": BEECH}]
    train += [thought, pair, turns("Who?", "Me.", "Why?", "I was there.")]
    write("out/train.jsonl", train)
    write("out/test.jsonl", [turns("Are you?", "Yes."), turns("?", "!")])
    main(["verify", "out", "--json", "-q"])
    listed = {one["name"]: one["examples"] for one in json.loads(capsys.readouterr().out)["not_checked"]}
    assert listed == {
        "short answers": 6, "no question": 2, "no words": 1, "attachments": 1, "short turns": 1,
        "rejected answers": 1, "reasoning": 1, "parts and spelling": 8,
    }  # fmt: skip
    main(["verify", "out", "-q"])
    output = capsys.readouterr().out
    assert "not checked:" in output
    assert output.count("--embeddings") == 1  # the point of L006


def signed(change: dict[str, Any]) -> None:
    """Change the manifest of a folder, and make its digest fit."""
    path = Path("out/manifest.json")
    value = {**json.loads(path.read_bytes()), **change, "digest": ""}
    value["digest"] = digest_of(Manifest.model_validate(value))
    path.write_text(json_text(value))


PASSAGE = (
    "Read the review below and say how much the guest liked the hotel as one of five words which are bad poor fair "
    "good and great: "
)
PASSAGE += "think of the room the food the staff and the price and of nothing else that the guest may tell you about"


def test_shared_instructions_are_left_out_counted_again_and_listed(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    reviews = [
        turns(f"{PASSAGE} The room {n} was {n * 31} steps from anything.", ("good", "bad")[n % 2]) for n in range(60)
    ]
    write("data.jsonl", [*reviews, turns("Name a tree.", BEECH)])
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    capsys.readouterr()
    signed(
        {
            "shared_instructions": [{"text": PASSAGE.strip(), "examples": 60}],
            "short_answers": [{"text": "good", "examples": 30, "questions": 30}],
        }
    )
    assert main(["verify", "out", "--json", "-q"]) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)["not_checked"]}
    assert listed["shared instructions"]["examples"] == 60
    assert listed["short answers"]["message"].endswith('most frequent: "good" 30')
    signed({"shared_instructions": [{"text": BEECH, "examples": 60}]})
    assert main(["verify", "out", "--json", "-q"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert next(point["verdict"] for point in found["points"] if point["name"] == "shared instructions") == "broken"
    assert "is in 0 examples only" in next(
        finding["message"] for finding in found["findings"] if "shared instruction" in finding["message"]
    )


@pytest.mark.slow
def test_the_words_of_all_characters_are_those_of_the_definition() -> None:
    chars = [
        char
        for char in map(chr, range(0x110000))
        if unicodedata.category(char) not in ("Cs", "Cn") and folded(char) == char
    ]
    found = dict(zip(chars, map(len, words_of([f"a{char}b" for char in chars])), strict=True))
    for char in chars:
        word = re.fullmatch(r"\w", char) is not None or unicodedata.category(char).startswith("M")
        assert found[char] == (3 if word and re.fullmatch(UNSPACED, char) else 1 if word else 2), hex(ord(char))


@given(
    st.lists(
        st.text(
            st.one_of(st.sampled_from(" aB_9é\n中ก한ß½Ⅷ-’"), st.characters(exclude_categories=["M", "Cs", "Cn"])),
            max_size=30,
        ),
        max_size=6,
    )
)
def test_words_are_those_of_the_definition(texts: list[str]) -> None:
    expected = [plain_words(normalised(text)) for text in texts]
    if any(unicodedata.category(char)[0] == "M" for text in texts for char in normalised(text)):
        return  # a compatible form may bring a mark, which is no part of a word to the other code
    assert words_of(texts) == expected


def test_marks_are_part_of_words() -> None:
    assert list(map(len, words_of(["हिन्दी का", "e\u0301a", "ก็"]))) == [2, 1, 2]


def test_a_text_of_few_words_is_one_shingle() -> None:
    texts = ["one", "one two", "one two three", "one two three four", "one two three one two three", ""]
    found = [set(hashes_of(shingles(text.split())).tolist()) for text in texts]
    assert list(map(len, found)) == [1, 1, 1, 2, 3, 0]
    assert found[2] < found[3]
    assert len(set().union(*found)) == 6
    assert found[3].isdisjoint(hashes_of(shingles(texts[3].split(), seed=1)).tolist())


def sets(lists: Sequence[Sequence[int]]) -> HashSets:
    """Sets of hashes of numbers."""
    each = [{hashed(str(one)) for one in items} for items in lists]
    hashes = np.array([one for items in each for one in items], dtype=np.uint64)
    return HashSets(hashes, np.array(list(map(len, each)), dtype=np.int64))


few = st.lists(st.integers(0, 40), min_size=1, max_size=14)


@pytest.mark.slow
@given(
    st.lists(few, min_size=1, max_size=12), st.lists(st.tuples(st.integers(0, 11), few), max_size=20),
    st.sampled_from([0.8, 0.5, 0.9, 1.0, 2 / 3, 0.55]), st.sampled_from([1, 2, 4, 255]),
    st.sampled_from([1, 7, 1 << 21]),
)  # fmt: skip
def test_the_join_finds_what_a_plain_count_finds(
    held: list[list[int]], made: list[tuple[int, list[int]]], threshold: float, crowded: int, hits: int
) -> None:
    earlier = [[*held[at % len(held)][: 1 + items[0] % 14], *items[: items[0] % 4]] for at, items in made]
    splits = np.array([1 + at % 2 for at in range(len(held))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity_index, "MIN_CROWDED_SETS", crowded)
        patch.setattr(similarity_index, "HITS_PER_BATCH", hits)
        patch.setattr(similarity_index, "BLOCK_HASHES", hits)
        counts = counts_of(sets(held))
        for split in (0, 1):
            index = HeldOutIndex.of(sets(held), splits, counts, threshold)
            compared = (splits > split) & (index.units == np.arange(len(held)))
            found = matches(index, sets(earlier), counts, compared, threshold)
            similar = {
                at: max((len(set(one) & set(other)) / len(set(one) | set(other)) for other in earlier), default=0)
                for at, one in enumerate(held)
            }
            assert np.flatnonzero(np.isin(index.units, found.held_out)).tolist() == [
                at for at, most in similar.items() if most >= threshold and splits[at] > split
            ]
            for at, other, similarity in zip(*found, strict=True):
                one, two = set(held[at]), set(earlier[other])
                assert similarity == pytest.approx(len(one & two) / len(one | two))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "messages",
                        "role",
                        "content",
                        "from",
                        "value",
                        "prompt",
                        "completion",
                        "chosen",
                        "rejected",
                        "conversations",
                        "instruction",
                        "output",
                        "input",
                        "text",
                        "tool_calls",
                        "history",
                        "instances",
                        "question",
                        "answer",
                        "response_j",
                        "response_k",
                        "chosen_messages",
                        "rejected_messages",
                        "preferred_output",
                        "non_preferred_output",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_value_is_read_or_said_not_to_be_understood(value: Any) -> None:
    try:
        assert read(value).turns
    except NotUnderstoodError as error:
        assert str(error)  # noqa: PT017
