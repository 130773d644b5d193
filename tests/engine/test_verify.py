"""`curate verify`: a folder that is as it was written is proved; each of many ways to break one is found, hashes made
to fit or not.
"""

import json
import shutil
from base64 import b64encode
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from jsonschema import validate

from curate.cli.main import main
from curate.core.decision import Decision
from curate.core.example import content_id
from curate.project.decision_log import DecisionLog
from curate.project.manifest import Manifest, digest_of, read_manifest
from curate.project.runs import Project
from curate.storage.files import json_text, sha256
from tests.conftest import Write, chat, rows_of, schema_of, working_in, written_file

OUT = Path("out")
LONG = (
    "It keeps well in a cool dry cellar until the first frost comes and then it has to be eaten within some days or "
    "it goes bad and smells"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A split of 120 examples; one that has an error and a line that is broken are among what left."""
    lines = [
        chat(f"What of number {n}?", f"It is {n * 7} and then {n * 13}, which comes to {n * 20} after all.")
        for n in range(118)
    ]
    keyed = [{**line, "doc": f"{n // 2}.pdf"} for n, line in enumerate(lines)]
    with working_in(tmp_path_factory.mktemp("made")) as place:
        written_file("data.jsonl", [*keyed, chat("How long does it keep?", LONG), chat("Say nothing.", ""), b"{broken"])
        assert main(["split", "data.jsonl", "-o", "out", "--group-by", "doc", "-q"]) == 1  # a line holds no example
    return place


@pytest.fixture
def folder(made: Path) -> Path:
    """A copy of it in the working folder."""
    shutil.copytree(made, ".", dirs_exist_ok=True)
    return OUT


def verified(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["verify", "out", "--json", "-q", *words])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    validate(found, schema_of("verify"))
    return code, found


def lines_of(name: str) -> list[bytes]:
    return (OUT / f"{name}.jsonl").read_bytes().splitlines()


def put(name: str, lines: list[bytes]) -> None:
    (OUT / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


def edit(change: Callable[[dict[str, Any]], None]) -> None:
    path = OUT / "manifest.json"
    value = json.loads(path.read_bytes())
    change(value)
    path.write_text(json_text(value))


def sign() -> None:
    """Make the manifest fit what is there: hashes, counts and its own digest, as somebody would who knows the
    format.
    """

    def change(value: dict[str, Any]) -> None:
        for part in value["splits"].values():
            examples = rows_of(OUT / part["file"])
            part["sha256"], part["examples"] = sha256(OUT / part["file"]), len(examples)
            part["characters"] = sum(len(turn["content"]) for example in examples for turn in example["messages"])
        value["removed"]["sha256"] = sha256(OUT / "removed.jsonl")
        value["removed"]["lines"] = len((OUT / "removed.jsonl").read_bytes().splitlines())
        value["files"] = {name: sha256(OUT / name) for name in value["files"]}
        value["kept"] = sum(part["examples"] for part in value["splits"].values())
        value["read"] = value["kept"] + value["removed"]["lines"]
        value["inputs"][0]["lines"] = value["read"]
        value["digest"] = ""
        value["digest"] = digest_of(Manifest.model_validate(value))

    edit(change)


def move(n: int = 0) -> None:
    test, train = lines_of("test"), lines_of("train")
    put("train", [*train, test.pop(n)])
    put("test", test)


def change_byte() -> None:
    path = OUT / "train.jsonl"
    data = bytearray(path.read_bytes())
    data[data.index(b"number")] ^= 1
    path.write_bytes(bytes(data))


def near_copy() -> None:
    train = lines_of("train")
    line = next(line for line in train if b"How long" in line)
    put("test", [*lines_of("test"), line.replace(b"smells", b"stinks")])


def asked_again() -> None:
    value = json.loads(lines_of("train")[0])
    put(
        "test",
        [
            *lines_of("test"),
            json.dumps(
                {
                    "messages": [
                        value["messages"][0],
                        {"role": "assistant", "content": "Nobody knows that, and nobody ever will know."},
                    ]
                }
            ).encode(),
        ],
    )


def gone_on() -> None:
    value = json.loads(lines_of("train")[0])
    more = [
        {"role": "user", "content": "And what then?"},
        {"role": "assistant", "content": "Then the next one comes along, as it always does."},
    ]
    put("test", [*lines_of("test"), json.dumps({"messages": [*value["messages"], *more], "doc": "new.pdf"}).encode()])


def same_key() -> None:
    value = {**chat("Who is it?", "It is somebody else."), "doc": json.loads(lines_of("train")[0]).get("doc", "1.pdf")}
    put("test", [*lines_of("test"), json.dumps(value).encode()])


def ledger(change: Callable[[list[dict[str, Any]]], object]) -> None:
    path = OUT / "removed.jsonl"
    lines = rows_of(path)
    change(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


PLANTED: dict[str, tuple[Callable[[], object], set[str]]] = {
    "an example is moved to another split": (move, {"L009", "L005"}),
    "a byte is changed": (change_byte, {"L009", "L010"}),
    "a line stands in two splits": (
        lambda: put("test", [*lines_of("test"), lines_of("train")[0]]),
        {"L009", "L001", "L005", "L010"},
    ),
    "a line stands twice in one split": (
        lambda: put("train", [*lines_of("train"), lines_of("train")[0]]),
        {"L009", "L010"},
    ),
    "a line is deleted": (lambda: put("train", lines_of("train")[1:]), {"L009", "L010"}),
    "a line is added": (
        lambda: put("train", [*lines_of("train"), json.dumps(chat("New?", "Yes.")).encode()]),
        {"L009", "L010"},
    ),
    "a near copy is added to test": (near_copy, {"L009", "L002", "L010"}),
    "a question is asked again in test": (asked_again, {"L009", "L003", "L010"}),
    "a conversation goes on in test": (gone_on, {"L009", "L005", "L010"}),
    "a key of train is used in test": (same_key, {"L009", "L005", "L010"}),
    "two lines change places": (lambda: put("train", [*lines_of("train")[1:], lines_of("train")[0]]), {"L009"}),
    "a split is emptied": (lambda: put("test", []), {"L009", "L010"}),
    "a split is deleted": ((OUT / "test.jsonl").unlink, {"L009", "L010"}),
    "a split is cut off in the middle of a line": (
        lambda: (OUT / "train.jsonl").write_bytes((OUT / "train.jsonl").read_bytes()[:-40]),
        {"L009", "L010"},
    ),
    "a split is another file": (
        lambda: (OUT / "train.jsonl").write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
        {"L009", "L010"},
    ),
    "splits are swapped": (
        lambda: (
            (OUT / "test.jsonl").rename("x"),
            (OUT / "validation.jsonl").rename(OUT / "test.jsonl"),
            Path("x").rename(OUT / "validation.jsonl"),
        ),
        {"L009"},
    ),
    "line ends become those of Windows": (
        lambda: (OUT / "train.jsonl").write_bytes((OUT / "train.jsonl").read_bytes().replace(b"\n", b"\r\n")),
        {"L009"},
    ),
    "a removed line is taken out of the ledger": (lambda: ledger(lambda lines: lines.pop()), {"L009", "L010"}),
    "the reason of a removed line is changed": (lambda: ledger(lambda lines: lines[0].update(code="D001")), {"L009"}),
    "the bytes of a removed line are changed": (
        lambda: ledger(lambda lines: lines[-1].update(text="{broken more")),
        {"L009", "L010"},
    ),
    "the ledger is no ledger": (lambda: (OUT / "removed.jsonl").write_text("gone\n"), {"L009", "L010"}),
    "a count of the manifest is edited": (
        lambda: edit(lambda value: value["splits"]["train"].update(examples=1)),
        {"L009"},
    ),
    "the seed of the manifest is edited": (lambda: edit(lambda value: value["config"].update(seed=7)), {"L009"}),
    "a decision is written into the manifest": (
        lambda: edit(lambda value: value["decisions"].update({"0" * 32: "keep"})),
        {"L009"},
    ),
    "an input is taken out of the manifest": (lambda: edit(lambda value: value.update(inputs=[])), {"L009", "L010"}),
    "the data card is rewritten": (lambda: (OUT / "DATACARD.md").write_text("All is well.\n"), {"L009"}),
    "another file of data lies beside the splits": (
        lambda: (OUT / "train-extra.jsonl").write_bytes(lines_of("test")[0]),
        {"L009"},
    ),
}
"""What is done to the folder, and the codes that tell it."""
SIGNED = {
    "an example is moved to another split": {"L005"},
    "a line stands in two splits": {"L001", "L005", "L010"},
    "a line stands twice in one split": {"L010"},
    "a line is deleted": {"L010"},
    "a line is added": {"L010"},
    "a near copy is added to test": {"L002", "L010"},
    "a question is asked again in test": {"L003", "L010"},
    "a conversation goes on in test": {"L005", "L010"},
    "a key of train is used in test": {"L005", "L010"},
    "a byte is changed": {"L010"},
    "the bytes of a removed line are changed": {"L010"},
    "the reason of a removed line is changed": {"L009"},
}
"""Of these, what is told where the manifest was made to fit."""


def test_a_folder_as_it_was_written_is_proved(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, proof = verified(capsys=capsys)
    assert (code, proof["holds"], proof["findings"]) == (0, True, [])
    assert [point["name"] for point in proof["points"] if point["verdict"] != "proved"] == ["L006 same meaning"]
    assert sum(proof["examples"].values()) == 119
    assert verified("--strict", capsys=capsys)[0] == 1  # one point is open
    assert main(["verify", "out"]) == 0
    assert "out " in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("breach", PLANTED)
def test_each_planted_breach_is_found(breach: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant, codes = PLANTED[breach]
    plant()
    code, proof = verified(capsys=capsys)
    assert (code, proof["holds"]) == (1, False)
    assert codes == {finding["code"] for finding in proof["findings"]}
    assert not any(finding["fixable"] for finding in proof["findings"])
    if breach in SIGNED:
        sign()
        code, proof = verified(capsys=capsys)
        assert (code, SIGNED[breach]) == (1, {finding["code"] for finding in proof["findings"]})


@pytest.mark.parametrize(
    ("key", "change_by", "difference"),
    [
        ("read", 1, "lines read do not equal 119 kept"),
        ("kept", 1, "the splits have 119 examples, but 120 were kept"),
        ("kept", -1, "the splits have 119 examples, but 118 were kept"),
        ("inputs", 1, "the inputs have "),
    ],
)
def test_totals_of_a_manifest_that_do_not_add_up_are_told(
    key: str, change_by: int, difference: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(value: dict[str, Any]) -> None:
        if key == "inputs":
            value["inputs"][0]["lines"] += change_by
        else:
            value[key] += change_by
        value["digest"] = ""
        value["digest"] = digest_of(Manifest.model_validate(value))

    edit(change)
    assert main(["verify", "out", "--all"]) == 1
    assert difference in " ".join(capsys.readouterr().out.split())


def test_a_folder_of_a_version_with_fewer_keys_for_conflicts_is_proved(folder: Path) -> None:
    def older(value: dict[str, Any]) -> None:
        for key in ("models", "min_confidence"):
            del value["config"]["conflicts"][key]

    edit(older)
    sign()
    assert main(["verify", "out", "--quiet"]) == 0


@pytest.mark.parametrize("section", ["check", "dedup", "split", "mix"])
def test_a_manifest_without_a_section_of_settings_is_named_with_it(
    section: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(lambda value: value["config"].pop(section))
    assert main(["verify", "out"]) == 2
    assert f"({section}: Field required)" in capsys.readouterr().err


def test_at_least_twenty_breaches_are_planted() -> None:
    assert len(PLANTED) >= 20


def test_a_leak_is_told_with_both_places(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    near_copy()
    assert main(["verify", "out", "-q"]) == 1
    told = capsys.readouterr().out
    last, first = len(lines_of("test")), next(n for n, line in enumerate(lines_of("train"), 1) if b"How long" in line)
    assert f"out/test.jsonl:{last}: L002 is a near-duplicate of out/train.jsonl:{first} (train), similarity 94%" in told
    assert "failed, " in told.splitlines()[-1]


def test_what_was_edited_by_hand_is_no_breach_and_what_was_edited_otherwise_is(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [chat(f"Question {n}?", f"Answer {n}.") for n in range(30)]
    write("data.jsonl", lines)
    log = DecisionLog(Project(Path.cwd()).decisions)
    log.add(
        Decision(example=content_id(lines[3]), verdict="edit", value=chat("Question 3?", "A better answer."), who="ann")
    )
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    assert verified(capsys=capsys)[1]["findings"] == []
    edit(lambda value: value.update(decisions={}))
    sign()
    assert {finding["code"] for finding in verified(capsys=capsys)[1]["findings"]} == {"L010"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["data.json", "data.jsonl"])
@pytest.mark.parametrize("keys", [("instruction", "output"), ("Question", "Answer"), ("user", "assistant")])
def test_formats_that_were_written_as_messages_are_followed(
    keys: tuple[str, str], name: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    value = [{keys[0]: f"Say {n}.", "input": "", keys[1]: f"{n} it is.", "kept": [n]} for n in range(40)]
    text = json.dumps(value, indent=1) if name == "data.json" else "".join(json.dumps(item) + "\n" for item in value)
    write(name, text.encode())
    assert main(["split", name, "-o", "out", "-q"]) == 0
    code, proof = verified(capsys=capsys)
    assert (code, proof["findings"]) == (0, [])
    assert "0 byte for byte and 40 by content" in next(
        point["message"] for point in proof["points"] if point["name"] == "nothing lost"
    )
    put("train", lines_of("train")[1:])
    sign()
    assert {finding["code"] for finding in verified(capsys=capsys)[1]["findings"]} == {"L010"}


def test_of_equal_lines_in_another_format_each_has_to_be_in_a_split(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"instruction": f"Say {n}.", "input": "", "output": f"{n} it is."} for n in range(20)]
    write("data.jsonl", [*rows, rows[0]])
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    name = next(name for name in ("train", "validation", "test") if any(b"Say 0." in line for line in lines_of(name)))
    lines = lines_of(name)
    lines.remove(next(line for line in lines if b"Say 0." in line))
    put(name, lines)
    sign()
    assert "L010" in {finding["code"] for finding in verified(capsys=capsys)[1]["findings"]}


def test_inputs_are_found_beside_the_folder_from_anywhere(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = OUT.absolute()
    monkeypatch.chdir(tmp_path)
    assert main(["verify", str(output), "--json"]) == 0
    points = json.loads(capsys.readouterr().out)["points"]
    assert {point["verdict"] for point in points if point["name"] == "nothing lost"} == {"proved"}


def test_elements_of_one_line_are_accounted_for_one_by_one(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [{"question": f"What is {n}?", "answer": f"It is {n}." if n % 3 else ""} for n in range(12)]
    write("data.json", json.dumps(asked).encode())
    write("more.jsonl", [(f"Where is {n}?", f"It is at {n}.") for n in range(8)])
    assert main(["split", "data.json", "more.jsonl", "-o", "out", "-q", "-y"]) == 0
    assert verified(capsys=capsys)[0] == 0
    put("train", [line for line in lines_of("train") if b"What is 4?" not in line])
    sign()
    said = [finding["message"] for finding in verified(capsys=capsys)[1]["findings"] if finding["file"] == "data.json"]
    assert said == ["input line that is neither in a split nor in the removed lines"]


def test_a_removed_line_that_is_no_text_is_accounted_for(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.dumps(chat(f"Where is {n}?", f"It is at {n}.")).encode() for n in range(12)]
    write("data.jsonl", b"\n".join([*lines, b'{"messages": "caf\xe9"}', b""]))
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 1  # a line holds no example
    assert verified(capsys=capsys)[0] == 0
    ledger = Path("out/removed.jsonl")
    [record] = rows_of(ledger)
    ledger.write_text(json.dumps({**record, "base64": b64encode(b'{"messages": "th\xe9"}').decode()}) + "\n")
    sign()
    said = {finding["message"] for finding in verified(capsys=capsys)[1]["findings"]}
    assert "input line that is neither in a split nor in the removed lines" in said


def test_a_benchmark_without_an_index_is_named_with_how_to_make_one(
    folder: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("bench.jsonl", [("Hi", "Hello.")])
    capsys.readouterr()
    assert main(["verify", str(folder), "--bench", "nowhere"]) == 2
    assert "not an indexed benchmark" in capsys.readouterr().err
    assert main(["verify", str(folder), "--bench", "bench.jsonl"]) == 2
    assert "--build-index bench bench.jsonl" in capsys.readouterr().err


def test_inputs_that_are_gone_or_changed_leave_a_point_open(
    folder: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("data.jsonl").rename("elsewhere.jsonl")
    code, proof = verified(capsys=capsys)
    assert (code, next(point["verdict"] for point in proof["points"] if point["name"] == "nothing lost")) == (0, "open")
    write("data.jsonl", [("Hi", "Hello.")])
    assert "changed: data.jsonl" in next(
        point["message"] for point in verified(capsys=capsys)[1]["points"] if point["name"] == "nothing lost"
    )


def test_splits_of_others_are_looked_through_for_leaks(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("out/train.jsonl", [("Hi", "Hello."), ("Why?", LONG)])
    write("out/my-valid.jsonl", [("Bye", "Bye.")])
    write("out/test.jsonl", [("Hi", "Hello."), ("Why?", LONG.replace("smells", "stinks")), ("Who?", "Me.")])
    code, proof = verified(capsys=capsys)
    assert (code, proof["manifest_sha256"], proof["examples"]) == (1, None, {"train": 2, "validation": 1, "test": 3})
    assert [(finding["code"], finding["line"]) for finding in proof["findings"]] == [("L001", 1), ("L002", 2)]
    assert main(["verify", "out/train.jsonl", "out/my-valid.jsonl", "-q"]) == 0
    assert main(["verify", "out/train.jsonl", "out/test.jsonl", "-q"]) == 1


def test_conversations_under_keys_of_no_trainer_are_copies_only_of_equal_ones(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    talk = [{"dialogue": chat(asked, "Yes.")["messages"]} for asked in ("Is it?", "Was it?")]
    glaive = [{"system": "Help.", "chat": f"USER: {asked} it?\n\nASSISTANT: Yes."} for asked in ("Will", "Would")]
    write("out/train.jsonl", [talk[0], glaive[0]])
    write("out/test.jsonl", [talk[1], glaive[1], {**talk[0], "id": 7}])
    code, proof = verified(capsys=capsys)
    assert code == 1
    assert [(finding["code"], finding["line"]) for finding in proof["findings"]] == [("L001", 3)]


@pytest.mark.parametrize(
    "words", [["verify", "."], ["stats", "train.jsonl"], ["conflicts", "train.jsonl", "--no-models"]]
)
def test_files_that_change_while_they_are_read_have_no_result(
    words: list[str], write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("train.jsonl", [chat("How long does it keep?", LONG)])
    write("test.jsonl", [chat("Where does it keep?", "In a cellar.")])

    def then(real: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*arguments: Any, **named: Any) -> Any:
            found = real(*arguments, **named)
            write("train.jsonl", [chat("Where does it keep?", "In a cellar.")])
            return found

        return changed

    for module, name in (
        ("curate.verify", "leak_points"),
        ("curate.corpus.stats", "_add_file"),
        ("curate.read.dataset", "sha256"),
    ):
        imported = import_module(module)
        monkeypatch.setattr(imported, name, then(getattr(imported, name)))
    assert main([*words, "-q"]) == 2
    assert "changed while it was read" in capsys.readouterr().err


def test_metadata_of_any_name_makes_no_other_example(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    for form in (
        chat("What of it?", "Yes."),
        {"user": "What of it?", "assistant": "Yes."},
        {"q": "Is it?", "a": "It is."},
    ):
        key = "bot" if "user" in form else "user"
        train, test = write("train.jsonl", [{**form, key: "Ann"}]), write("test.jsonl", [{**form, key: "Bob"}])
        assert main(["verify", str(train), str(test)]) == 1
        assert "L001 is a copy" in capsys.readouterr().out


def test_one_prompt_in_two_pairs_of_transcripts_is_a_leak(capsys: pytest.CaptureFixture[str]) -> None:
    OUT.mkdir()
    for split, chosen, rejected in (("train", "Paris.", "Lyon."), ("test", "It is Paris, I think.", "No idea.")):
        pair = {"chosen": chosen, "rejected": rejected}
        prompt = "\n\nHuman: What is the capital of France?\n\nAssistant: "
        line = json.dumps({side: prompt + answer for side, answer in pair.items()})
        (OUT / f"{split}.jsonl").write_text(line + "\n", encoding="utf-8")
    code, proof = verified(capsys=capsys)
    assert (code, [finding["code"] for finding in proof["findings"]]) == (1, ["L003"])


@pytest.mark.parametrize("content", [None, b"{}", b"not json"])
def test_where_there_is_nothing_to_prove_the_next_step_is_told(
    content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        OUT.mkdir()
        (OUT / "manifest.json").write_bytes(content)
    assert main(["verify", "out", "-q"]) == 2
    assert "next: " in capsys.readouterr().err


def test_a_test_set_that_was_given_is_part_of_the_proof(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", [(f"Question {n}?", f"Answer {n}.") for n in range(40)])
    write("kept.jsonl", [("Question 7?", "Another answer."), ("Who?", "Me.")])
    assert main(["split", "data.jsonl", "--existing", "kept.jsonl", "-o", "out", "-q"]) == 0
    assert verified(capsys=capsys)[1]["findings"] == []
    assert read_manifest(OUT)[0].removed.reasons == {"L003": 1}
    put("test", lines_of("test")[1:])
    sign()
    edit(lambda value: value.update(kept=value["kept"] - 1, read=value["read"] - 1))
    assert "L010" in {finding["code"] for finding in verified(capsys=capsys)[1]["findings"]}


def test_what_is_no_folder_of_a_split_is_named_with_what_to_pass(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [("Where?", "There.")])
    Path("half").mkdir()
    Path("half/train.jsonl").write_bytes(Path("data.jsonl").read_bytes())
    for path, problem in (
        ("missing", "no such folder"),
        ("data.jsonl", "a file, not the folder of a split"),
        ("half", "no manifest.json, and no files of two splits"),
    ):
        assert main(["verify", path]) == 2
        error = capsys.readouterr().err
        assert f"{path}: {problem}" in error
        assert "train.jsonl and test.jsonl" in error
