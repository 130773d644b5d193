"""`curate split`: what is connected stays on one side, nothing is lost, what is written is byte for byte what was
read.
"""

import base64
import json
import os
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import validate

from curate.cli.main import main
from curate.core.decision import Decision
from curate.core.example import content_id
from curate.core.removed import removal_of
from curate.output import line_files
from curate.project.decision_log import DecisionLog
from curate.project.manifest import digest_of, read_manifest, verified_hash
from curate.project.runs import Project
from curate.storage.files import MANIFEST
from tests.conftest import Write, chat, of_hundred, rows_of, schema_of

LONG = (
    "It keeps well in a cool dry cellar until the first frost comes and then it has to be eaten within some days or "
    "it goes bad and smells"
)
NEAR = LONG.replace("smells", "stinks")


def split(*words: str) -> int:
    return main(["split", *words, "-o", "out", "-q"])


def where(folder: str = "out") -> dict[str, str]:
    """The split of each example, by its id."""
    found = {}
    for name in ("train", "validation", "test"):
        for line in Path(folder, f"{name}.jsonl").read_bytes().splitlines():
            found[content_id(json.loads(line))] = name
    return found


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def talk(*turns: str, **keys: Any) -> dict[str, Any]:
    """A conversation of turns, the user's first, and other keys of the line."""
    return {
        "messages": [{"role": ("user", "assistant")[at % 2], "content": turn} for at, turn in enumerate(turns)],
        **keys,
    }


KINDS = {
    "copies": [talk("Why?", "Because."), talk("Why?", "Because."), talk("Why?", "Because.")],
    "near-duplicates": [talk("How long does it keep?", LONG), talk("How long does it keep now?", NEAR)],
    "one question, many answers": [talk("What is up?", f"Answer number {n}, in its own words.") for n in range(5)],
    "one spelling": [talk("What  is UP?", "The sky."), talk("what is up?", "A bird.")],
    "one conversation is the beginning of the other": [
        talk("Hi", "Hello."),
        talk("Hi", "Hello.", "And now?", "Now we talk."),
        talk("Hi", "Hello.", "Bye", "Bye then."),
    ],
    "one key": [talk(f"Question {n}", f"Answer {n}", metadata={"source": "a.pdf"}) for n in range(4)],
}


def test_groups_of_one_size_that_are_too_large_are_counted_in_one_note(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [talk(f"Question {n}?", f"Answer {n}.", metadata={"source": n // 5}) for n in range(10)]
    write("data.jsonl", lines)
    assert split("data.jsonl", "--group-by", "/metadata/source") in (0, 1)
    assert "2 groups of 5 examples each are in train: they are too large" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_connected_is_never_divided(kind: str, write: Write) -> None:
    others = [talk(f"Tell me about number {n}.", f"{n} is followed by {n + 1} and {n * 7}.") for n in range(30)]
    write("data.jsonl", [*others[:15], *KINDS[kind], *others[15:]])
    keys = ("--group-by", "/metadata/source") if kind == "one key" else ()
    for seed in range(3):
        assert split("data.jsonl", "--seed", str(seed), "--fractions", "0.34,0.33,0.33", *keys) == 0
        found = where()
        assert len({found[content_id(line)] for line in KINDS[kind]}) == 1
        assert len(set(found.values())) == 3


@pytest.mark.slow
def test_questions_that_mean_the_same_are_kept_together_where_a_model_is_named(write: Write) -> None:
    lines = [
        talk("How do I reset my password?", "Click on the link below the form."),
        talk("How can I reset my password?", "There is a button on the page."),
    ]
    others = [talk(f"Tell me about the number {n}.", f"{n} is followed by {n + 1} and {n * 7}.") for n in range(20)]
    write("data.jsonl", [*lines, *others])
    apart = 0
    for seed in range(6):
        for model in ((), ("--semantic", "offline:all-MiniLM-L6-v2")):
            assert split("data.jsonl", "--seed", str(seed), "--fractions", "0.5,0.25,0.25", *model) == 0
            found = where()
            divided = len({found[content_id(line)] for line in lines}) > 1
            assert not (model and divided)
            apart += divided
    assert apart


@pytest.mark.slow
def test_only_questions_that_mean_one_of_the_given_test_set_leave(write: Write) -> None:
    reset = [talk("How do I reset my password?", "Click on the link below the form.")]
    boil = [
        talk("How long do I boil an egg?", "Ten minutes."),
        talk("For how long must an egg boil?", "Until it is hard."),
    ]
    others = [talk(f"Tell me about the number {n}.", f"{n} is followed by {n + 1} and {n * 7}.") for n in range(20)]
    write("kept.jsonl", [talk("How can I reset my password?", "There is a button on the page.")])
    write("data.jsonl", [*reset, *boil, *others])
    assert split("data.jsonl", "--existing", "kept.jsonl", "--semantic", "offline:all-MiniLM-L6-v2") == 0
    assert read_manifest(Path("out"))[0].removed.reasons == {"L006": 1}


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=of_hundred(15))
@given(rng=st.randoms(use_true_random=False), seed=st.integers(0, 99))
def test_the_order_of_lines_and_files_does_not_matter(rng: random.Random, seed: int, write: Write) -> None:
    lines = [
        *(line for kind in KINDS.values() for line in kind),
        *(talk(f"About {n}?", f"{n} and {n * 7}.") for n in range(20)),
    ]
    write("a.jsonl", lines)
    assert split("a.jsonl", "--seed", str(seed), "--fresh") == 0
    first = where()
    rng.shuffle(lines)
    write("b.jsonl", lines[:20])
    write("c.jsonl", lines[20:])
    assert split("c.jsonl", "b.jsonl", "--seed", str(seed), "--fresh") == 0
    assert first == where()


def test_the_parts_are_the_whole_and_every_line_keeps_its_bytes(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_files, "READ_AHEAD_BYTES", 500)  # several blocks
    odd = b'{ "messages" : [{"role":"user","content":"caf\\u00e9"},{"content":"Yes.","role":"assistant"}] }'
    lines = [
        odd,
        *(json.dumps(chat(f"Question {n}?", f"Answer {n}.")).encode() for n in range(60)),
        b"",
        b"{broken",
        b'"caf\xe9"',
        b"[1]",
    ]
    write("data.jsonl", b"\xef\xbb\xbf" + b"\r\n".join(lines))
    assert split("data.jsonl") == 1  # three lines hold no example
    parts = [
        line for name in ("train", "validation", "test") for line in Path(f"out/{name}.jsonl").read_bytes().splitlines()
    ]
    removed = rows_of("out/removed.jsonl")
    bytes_ = [r["text"].encode() if "text" in r else base64.b64decode(r["base64"]) for r in removed]
    assert sorted([*parts, *bytes_]) == sorted(line for line in lines if line)
    assert [(r["line"], r["code"]) for r in removed] == [(63, "J001"), (64, "J003"), (65, "J002")]
    manifest, _ = read_manifest(Path("out"))
    assert (manifest.read, manifest.kept, manifest.removed.lines) == (64, 61, 3)


def test_other_formats_become_messages_and_preference_pairs_stay_what_they_are(write: Write) -> None:
    pair = b'{"prompt": "Hi", "chosen": "Hello.", "rejected":"What?"}'
    other = write(
        "other.json",
        json.dumps([{"instruction": "Add", "input": "1 2", "output": "3", "source": "x"}], indent=2).encode(),
    )
    assert split(str(write("data.jsonl", [pair])), str(other), "--fractions", "1,0,0") == 0
    first, second = Path("out/train.jsonl").read_bytes().splitlines()
    assert pair == first
    assert {**chat("Add\n\n1 2", "3"), "source": "x"} == json.loads(second)


def test_arrays_that_outgrow_memory_are_in_files(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [" ".join(f"word{n // 2}x{at}" for at in range(30)) + " today" * (n % 2) for n in range(40)]
    write("data.jsonl", [(f"Question {n}?", answer) for n, answer in enumerate(answers)])
    asked: list[int] = []
    fallocate = os.posix_fallocate

    def counted(file: int, at: int, size: int) -> None:
        asked.append(size)
        fallocate(file, at, size)

    def written(memory: str) -> dict[str, bytes]:
        assert split("data.jsonl", "--memory", memory, "--fresh") == 0
        return {path.name: path.read_bytes() for path in Path("out").iterdir()}

    monkeypatch.setattr(os, "posix_fallocate", counted)
    before = written("1GB")
    assert asked == []
    assert json.loads(before["manifest.json"])["links"]
    monkeypatch.setattr("curate.corpus.loading.MEMORY_PER_BYTE", 1 << 40)
    assert written("1GB") == before
    assert len(asked) == 2  # keys of whole texts, and of answers


def test_elements_of_a_document_are_divided_one_by_one(write: Write) -> None:
    value = [chat(f"Question {n}?", f"Answer {n}.") for n in range(12)]
    write("data.json", (json.dumps(value[:6])[:-1] + "," + json.dumps(value[6:], indent=1)[1:]).encode())
    assert split("data.json") == 0
    assert {content_id(line) for line in value} == set(where())


def test_elements_of_a_document_with_errors_leave_it_wherever_they_are(write: Write) -> None:
    values = [chat(f"Question {n}?", "" if n in (0, 5, 11) else f"Answer {n}.") for n in range(12)]
    write("data.json", (json.dumps(values[:6])[:-1] + "," + json.dumps(values[6:], indent=1)[1:]).encode())
    assert split("data.json", "--yes") == 0
    removed = [removal_of(line) for line in Path("out/removed.jsonl").read_bytes().splitlines()]
    assert {removal.example for removal in removed} == {content_id(values[n]) for n in (0, 5, 11)}


def test_what_has_errors_or_was_dropped_leaves_and_what_was_kept_or_edited_stays(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        "data.jsonl", [*((f"Question {n}?", f"Answer {n}.") for n in range(8)), ("Say nothing.", ""), ("Nor here.", "")]
    )
    ids = [content_id(json.loads(line)) for line in Path("data.jsonl").read_bytes().splitlines()]
    log = DecisionLog(Project(Path.cwd()).decisions)
    log.add(Decision(example=ids[0], verdict="drop", who="ann"), Decision(example=ids[9], verdict="keep", who="ann"))
    log.add(Decision(example=ids[1], verdict="edit", value=chat("Question 1?", "A better answer."), who="ann"))
    assert split("data.jsonl", "--json") == 0
    manifest = told(capsys)["manifest"]
    assert (manifest["removed"]["reasons"], manifest["kept"]) == ({"C003": 1, "decision": 1}, 8)
    assert content_id(chat("Question 1?", "A better answer.")) in where()


@pytest.mark.slow
def test_data_that_grows_keeps_its_old_splits_and_says_what_moved_and_why(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[object] = [chat(f"What of number {n}?", f"It is {n * 7} and {n * 13}.") for n in range(60)]
    write("data.jsonl", lines)
    assert split("data.jsonl") == 0
    first = where()
    write("more.jsonl", [chat(f"And number {n}?", f"That is {n + 5}.") for n in range(100)])
    capsys.readouterr()
    assert split("data.jsonl", "more.jsonl", "--json") == 0
    grown, result = where(), told(capsys)
    assert all(grown[example] == name for example, name in first.items())
    assert (result["moved"], bool(result["manifest"]["grown_from"])) == ([], True)
    again = Path("out", MANIFEST).read_bytes()
    assert split("data.jsonl", "more.jsonl") == 0
    assert (
        again == Path("out", MANIFEST).read_bytes()
    )  # nothing new, so nothing changes, the manifest that it grew from neither


def test_groups_of_two_splits_that_grow_together_are_trained_on(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [chat(f"What of number {n}?", f"It is {n * 7} and {n * 13}.") for n in range(60)]
    write("data.jsonl", lines)
    assert split("data.jsonl") == 0
    first = where()
    test, train = (next(line for line in lines if first[content_id(line)] == name) for name in ("test", "train"))
    asked, answered = (line["messages"][0]["content"] for line in (test, train))  # type: ignore[index]
    write("bridge.jsonl", [talk(asked, "See b.", tag="t"), talk(answered, "See a.", tag="t")])
    capsys.readouterr()
    assert split("data.jsonl", "bridge.jsonl", "--group-by", "/tag", "--json") == 0
    [move] = told(capsys)["moved"]
    assert (move["example"], move["before"], move["now"]) == (content_id(test), "test", "train")
    assert move["why"].startswith(
        "has the same question as bridge.jsonl:1, which has the same key as bridge.jsonl:2, which has the same "
        "question as data.jsonl:"
    )
    assert move["why"].endswith(", which was in train")
    grown = where()
    assert {grown[example] for example, name in first.items() if name == "train"} == {"train"}


def test_keys_that_tables_write_otherwise_are_one_and_empty_ones_are_none(write: Write) -> None:
    """A column with a null makes 17.0 of 17, and CSV has text only; examples without a value are not one group.
    Integers of more than 64 bits are exact.
    """
    values = [
        number for n in range(20) for number in (n, float(n), str(n), {"id": [n]}, {"id": [float(n)]}, "", 10**30 + n)
    ]
    lines = [{**chat(f"What of number {n}?", f"It is {n * 7}."), "doc": value} for n, value in enumerate(values)]
    write("data.jsonl", lines)
    assert split("data.jsonl", "--group-by", "doc") == 0
    sides: dict[str, set[str]] = {}
    for name, found in ((name, Path(f"out/{name}.jsonl").read_text()) for name in ("train", "validation", "test")):
        for line in found.splitlines():
            sides.setdefault(json.dumps(json.loads(line)["doc"]).replace(".0", "").strip('"'), set()).add(name)
    assert [value for value, where in sides.items() if value and len(where) > 1] == []
    assert len(sides[""]) == 3
    assert main(["verify", "out", "-q"]) == 0


def test_another_seed_or_other_shares_divide_anew_and_say_so(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", [(f"Question {n}?", f"Answer {n}.") for n in range(60)])
    assert split("data.jsonl") == 0
    for words in (("--seed", "1"), ("--fractions", "0.5,0.2,0.3")):
        capsys.readouterr()
        assert split("data.jsonl", *words, "--json") == 0
        result = told(capsys)
        assert result["manifest"]["grown_from"] is None
        assert "all examples are split anew" in result["notes"][0]


def test_a_test_set_that_was_given_stays_and_what_is_connected_with_it_leaves(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = [
        talk("How long does it keep?", LONG),
        talk("Hi", "Hello.", "And now?", "Now we talk."),
        talk("Who?", "Me.", source="a.pdf"),
    ]
    leaks = [
        talk("How long does it keep?", LONG),
        talk("How long does it keep now?", NEAR),
        talk("hi", "Hello again."),
        talk("Hi", "Hello."),
        talk("Whose?", "Mine.", source="a.pdf"),
    ]
    others = [talk(f"Question {n}?", f"Answer {n}.", source=f"{n}.pdf") for n in range(60)]
    write("data.jsonl", [*others, *leaks])
    given_bytes = write("kept.jsonl", tests).read_bytes()
    assert split("data.jsonl", "--existing", "kept.jsonl", "--group-by", "/source", "--json") == 0
    result = told(capsys)
    assert given_bytes == Path("out/test.jsonl").read_bytes()
    gone = {
        (r["line"], r["code"], r["kept"]["line"])
        for r in map(json.loads, Path("out/removed.jsonl").read_bytes().splitlines())
    }
    assert gone == {(61, "L001", 1), (62, "L002", 1), (64, "L005", 2), (65, "L005", 3)}
    manifest = result["manifest"]
    assert (manifest["read"], manifest["kept"], manifest["splits"]["test"]["examples"]) == (65, 61, 3)
    assert {name for example, name in where().items() if example in map(content_id, others)} == {"train", "validation"}


def test_the_test_set_that_was_given_has_to_be_sound(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", [("Question?", "Answer.")])
    write("kept.jsonl", [("Hi", "Hello."), b"{broken"])
    assert split("data.jsonl", "--existing", "kept.jsonl") == 2
    assert "kept.jsonl:2: holds no example; a given test set is not changed" in capsys.readouterr().err
    assert split("data.jsonl", "--existing", "data.jsonl") == 2
    Path("same.jsonl").hardlink_to("data.jsonl")
    assert split("data.jsonl", "--existing", "same.jsonl") == 2
    assert "same.jsonl: is both data and the given test set" in capsys.readouterr().err
    Path("curate.toml").write_text('data = ["data.jsonl"]\n[split]\nexisting = ["same.jsonl"]\n')
    assert main(["run", "-q"]) == 2
    assert "same.jsonl: is both data and the given test set" in capsys.readouterr().err


def test_each_split_has_its_share_of_each_label_and_the_lack_of_one_is_told(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rare, common = [(f"Is {n} rare?", "rare") for n in range(20)], [(f"Is {n} common?", "common") for n in range(380)]
    write("data.jsonl", [*common, *rare])
    assert split("data.jsonl", "--stratify", "label", "--json") == 0
    assert told(capsys)["warnings"][0]["message"].startswith("validation has 4")
    counts = {name: Path(f"out/{name}.jsonl").read_text().count('"rare"') for name in ("train", "validation", "test")}
    assert counts == {"train": 16, "validation": 2, "test": 2}


@pytest.mark.slow
@pytest.mark.parametrize("trait", ["source", "length", "language", "script", "tools", "/topic"])
def test_splits_can_be_alike_in_any_trait(trait: str, write: Write) -> None:
    tool = [{"type": "function", "function": {"name": "look"}}]
    first = [
        talk(f"Was ist {n}, und warum ist das so?", "Das ist eine Zahl.", topic="a", tools=tool) for n in range(60)
    ]
    second = [
        talk(
            f"Что такое {n}, и почему это так?",
            f"Это число {n * 7}, за ним {n * 13}, и оно очень большое, а потом {n * 29}.",
            topic="b",
        )
        for n in range(60)
    ]
    write("a.jsonl", first)
    write("b.jsonl", second)
    assert split("a.jsonl", "b.jsonl", "--stratify", trait) == 0
    found = where()
    for lines in (first, second):
        here = [found[content_id(line)] for line in lines]
        assert (here.count("train"), here.count("validation"), here.count("test")) == (48, 6, 6)


@pytest.mark.parametrize("counts", ["6,6", "10,10"])
def test_counts_that_leave_nothing_for_train_are_refused(
    counts: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [(f"What is {word}?", f"A {word} is a thing.") for word in "abcdefghijkl"])
    assert split("data.jsonl", "--counts", counts) == 2
    assert "none would be left for train" in capsys.readouterr().err
    assert not Path("out").exists()


def test_counts_are_taken_in_place_of_shares(write: Write) -> None:
    write("data.jsonl", [(f"Question {n}?", f"Answer {n}.") for n in range(100)])
    assert split("data.jsonl", "--counts", "7,12") == 0
    found = list(where().values())
    assert [found.count(name) for name in ("train", "validation", "test")] == [81, 7, 12]


def test_nothing_is_held_out_where_nothing_is_wanted(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", [(f"Question {n}?", f"Answer {n}.") for n in range(20)])
    assert split("data.jsonl", "--counts", "0,0") == 0
    assert set(where().values()) == {"train"}
    assert "too large" not in "".join(capsys.readouterr())


def test_a_key_that_becomes_part_of_the_conversation_is_no_group(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [{"instruction": f"Name {n} trees.", "output": "Oak.", "input": ""} for n in range(12)])
    assert split("data.jsonl", "--group-by", "instruction") == 2
    said = capsys.readouterr().err
    assert "--group-by instruction: this key becomes a part of the conversation (format alpaca)" in said
    assert "copy its value to another key" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--group-by", "/nothing"), "--group-by /nothing: no example has this key"),
        (("--stratify", "colour"), "'colour': examples have no such trait"),
        (("--fractions", "0.8,0.1"), "'0.8,0.1': not 3 numbers"),
        (("--fractions", "a,b,c"), "not 3 numbers"),
        (("--counts", "1.5,2"), "not 2 numbers"),
        (("--fractions", "0.5,0.1,0.1"), "add up to 0.7"),
        (("--semantic", "offline:none"), "offline:none"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_written(
    words: tuple[str, ...], said: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [("Hi", "Hello.")])
    assert split("data.jsonl", *words) == 2
    assert said in capsys.readouterr().err
    assert not Path("out/manifest.json").exists()


def test_what_is_printed_for_programs_fits_its_schema_and_small_data_is_told(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [("Hi", "Hello."), ("Bye", "Bye.")])
    assert split("data.jsonl", "--json") == 0
    result = told(capsys)
    validate(result, schema_of("split"))
    validate(json.loads(Path("out", MANIFEST).read_bytes()), schema_of("manifest"))
    assert [finding["message"] for finding in result["warnings"]] == [
        "validation is empty: there are too few examples, or one group holds most of them",
        "test has 1 example: each of them is 100% of a score",
    ]


def test_a_changed_file_is_noticed_and_so_is_a_changed_manifest(write: Write) -> None:
    write("data.jsonl", [("Hi", "Hello.")])
    assert split("data.jsonl") == 0
    manifest, digest = read_manifest(Path("out"))
    assert (verified_hash(Path("out")), manifest.digest) == (digest, digest_of(manifest))
    Path("out/train.jsonl").write_bytes(b"{}\n")
    assert verified_hash(Path("out")) is None
    Path("out", MANIFEST).unlink()
    assert verified_hash(Path("out")) is None


def test_a_line_leaves_for_the_strongest_reason_and_keeps_its_bytes(write: Write) -> None:
    """A person's word beats a rule's, a rule's beats a detector's; broken bytes are kept as base64."""
    lines = [("Hi", "Hello."), ("Hi", "Hello."), ("Bye", ""), b'{"messages": [', b"caf\xe9", ("Yo", "Hey."), ("Oh", "")]
    path = write("data.jsonl", lines)
    original = path.read_bytes().splitlines()
    rude, kept = (content_id(json.loads(original[at])) for at in (5, 6))
    log = DecisionLog(Project(Path.cwd()).decisions)
    log.add(Decision(example=rude, verdict="drop", who="ann", when=datetime(2026, 1, 2, tzinfo=UTC), why="rude"))
    log.add(Decision(example=kept, verdict="keep", who="ann"))
    Path("curate.toml").write_text('data = ["data.jsonl"]\n[split]\nfractions = [1, 0, 0]\n')
    assert main(["run", ".", "--quiet"]) == 1  # two lines hold no example
    assert Path("out/train.jsonl").read_bytes().splitlines() == [original[0], original[6]]
    removed = [removal_of(line) for line in Path("out/removed.jsonl").read_bytes().splitlines()]
    assert [(r.line, r.code) for r in removed] == [(2, "D001"), (3, "C003"), (4, "J010"), (5, "J003"), (6, None)]
    assert (removed[4].decided_by, removed[4].why, removed[4].when) == ("ann", "rude", datetime(2026, 1, 2, tzinfo=UTC))
    assert removed[0].kept is not None
    assert (removed[0].kept.file, removed[0].kept.line) == ("data.jsonl", 1)
    assert [original[r.line - 1] for r in removed] == [r.data for r in removed]


def test_a_sound_copy_of_a_line_with_a_repeated_key_stays(write: Write) -> None:
    sound = json.dumps(chat("Hi", "Hello."))
    write("data.jsonl", [sound.replace('"role": "user"', '"role": "tool", "role": "user"').encode(), sound.encode()])
    assert split("data.jsonl", "--fractions", "1,0,0") == 0
    assert sound.encode() + b"\n" == Path("out/train.jsonl").read_bytes()
    assert [(r["line"], r["code"]) for r in map(json.loads, Path("out/removed.jsonl").read_bytes().splitlines())] == [
        (1, "J013")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["ignored", "lowered", "elsewhere", "suppressed", "kept"])
def test_a_line_that_cannot_be_compared_is_set_apart_whichever_rules_are_silenced(how: str, write: Write) -> None:
    lines = [json.dumps(talk(f"Question {n}?", f"Answer {n}.")) for n in range(20)]
    lines[3] = lines[3].replace('"role": "user"', '"role": "tool", "role": "user"')
    lines[4] = lines[4].replace('"user"', '"narrator"')
    write("data.jsonl", [line.encode() for line in lines])
    silenced = {
        "ignored": '[check]\nignore = ["J013", "M"]\n',
        "lowered": '[check.severity]\nJ013 = "warning"\nM006 = "info"\n',
        "elsewhere": '[check.per-file-ignores]\n"d*.jsonl" = ["J013", "M006"]\n',
    }
    Path("curate.toml").write_text(silenced.get(how, ""))
    if how == "suppressed":
        assert main(["suppress", "J013", "data.jsonl:4", "--reason", "so"]) == 0
        assert main(["suppress", "M006", "data.jsonl:5", "--reason", "so"]) == 0
    if how == "kept":
        ids = [content_id(json.loads(lines[at])) for at in (3, 4)]
        DecisionLog(Project(Path.cwd()).decisions).add(*(Decision(example=one, verdict="keep") for one in ids))
    assert split("data.jsonl") == 0
    removed = [removal_of(line) for line in Path("out/removed.jsonl").read_bytes().splitlines()]
    assert [(gone.line, gone.code) for gone in removed] == [(4, "J013"), (5, "M001")]
    assert [gone.data.decode() for gone in removed] == lines[3:5]
    assert "the key 'role' occurs twice" in removed[0].why
    assert "a message has an unknown role" in removed[1].why
    assert main(["verify", "out", "-q"]) == 0
    write("test.jsonl", [lines[3].encode()])
    assert split("data.jsonl", "--existing", "test.jsonl", "--fresh") == 2
