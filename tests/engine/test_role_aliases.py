"""An alias of a role (M007) hides no other finding, and a command that leaves such lines out names the fix."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.verify.reading import read
from tests.conftest import Write, chat

Captured = pytest.CaptureFixture[str]
NAMES = {"user": "User", "assistant": "Chatbot", "system": "System"}
LINES: list[Any] = [
    *(chat(f"Classify the sentiment: text {n}", label) for n in range(3) for label in ("positive", "negative")),
    chat("Sing.", "I'm sorry, but I can't help with that."),
    chat("Who are you?", "As an AI language model, I have no name."),
    {**chat("One?", "It is one.", "Be brief."), "id": 1},
    {**chat("Two?", "It is two.", "be brief"), "id": "2"},
    chat("Two?", "It is two.", "be brief"),
    chat("Two?", "It is two.", "be brief"),
    {"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So.", "reasoning": "a"}]},
]


def with_aliases(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "messages": [{**turn, "role": NAMES[turn["role"]]} for turn in line["messages"]]}


def findings(path: Path, capsys: Captured) -> Counter[tuple[object, ...]]:
    capsys.readouterr()
    main(["check", str(path), "--extend-select", "F", "--ignore", "M007", "--output-format", "json"])
    found = json.loads(capsys.readouterr().out)["findings"]
    return Counter((one["code"], one["line"], one["pointer"], one["message"]) for one in found)


def test_an_alias_hides_no_other_finding(write: Write, capsys: Captured) -> None:
    path = write("data.jsonl", [with_aliases(line) for line in LINES])
    before = findings(path, capsys)
    assert Counter(str(one[0]) for one in before)["X005"] == 3
    assert main(["check", "--fix-only", str(path), "-q"]) == 0
    assert findings(path, capsys) == before


def test_convert_renames_as_the_fix_does(write: Write, capsys: Captured) -> None:
    path = write("data.jsonl", [with_aliases(line) for line in LINES])
    plain = write("plain.jsonl", LINES)
    for to in ("sharegpt", "messages"):
        for source, out in ((path, "aliases"), (plain, "plain")):
            assert main(["convert", str(source), "--to", to, "-o", f"{out}.{to}.jsonl", "-q"]) == 0
    assert "13 lines with aliases of roles, which were renamed" in capsys.readouterr().out
    assert Path("aliases.sharegpt.jsonl").read_bytes() == Path("plain.sharegpt.jsonl").read_bytes()
    main(["check", "--fix-only", str(path), "-q"])
    assert Path("aliases.messages.jsonl").read_bytes() == path.read_bytes()


def test_convert_counts_no_unknown_role_as_renamed(write: Write, capsys: Captured) -> None:
    turns = [{"role": role, "content": "Hi."} for role in ("input", "output")]
    path = write("data.jsonl", [{"messages": turns}])
    assert main(["convert", str(path), "--to", "messages", "-o", "out.jsonl", "-q"]) == 0
    assert "renamed" not in capsys.readouterr().out
    assert Path("out.jsonl").read_bytes() == path.read_bytes()


@pytest.mark.slow
def test_split_names_the_fix_of_what_it_leaves_out(write: Write, capsys: Captured) -> None:
    path = write("data.jsonl", [with_aliases(line) for line in LINES])
    assert main(["split", str(path), "-o", "out", "-q"]) == 2
    assert f"next: `curate check --fix {path}` repairs 13 lines that errors remove" in capsys.readouterr().err
    some = write("some.jsonl", [*(with_aliases(line) for line in LINES[:3]), *LINES, chat("No answer.", "")])
    assert main(["split", str(some), "-o", "out", "-q"]) == 0
    assert f"`curate check --fix {some}` repairs 3 lines that errors remove" in "".join(capsys.readouterr())
    document = Path("data.json")
    document.write_text(json.dumps([with_aliases(line) for line in LINES]))
    assert main(["split", str(document), "-o", "other", "-q"]) == 2
    assert "--fix" not in capsys.readouterr().err


def test_conflicts_and_scores_do_not_depend_on_the_names_of_roles(write: Write, capsys: Captured) -> None:
    lines = [*LINES, chat("How long is the river?", "It is 12 km long."), chat("How long is the river?", "96 km.")]
    outputs = []
    for names in (lines, [with_aliases(line) for line in lines]):
        path = write("data.jsonl", names)
        conflicts = main(["conflicts", str(path), "--no-models", "--json", "-q"])
        pairs = json.loads(capsys.readouterr().out)["conflicts"]
        answers = sorted(sorted(pair[side]["answer"] for side in ("left", "right")) for pair in pairs)
        scores = main(["score", str(path), "--no-models", "--json", "-q"])
        signals = json.loads(capsys.readouterr().out)["signals"]
        outputs.append((conflicts, answers, scores, [(item["signal"]["name"], item["mean"]) for item in signals]))
    assert outputs[0][1]
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize("names", [("User", "Chatbot"), ("Human", "GPT"), ("prompter", "model")])
def test_dedup_and_verify_read_a_rejected_conversation_with_any_names_of_roles(
    write: Write, capsys: Captured, names: tuple[str, str]
) -> None:
    def pair(user: str, assistant: str) -> dict[str, Any]:
        request = {"role": user, "content": "Name the capital of Peru, and say in one sentence why it is there."}
        answers = ("Lima, since the Spanish wanted a port.", "Cusco, high in the mountains.")
        sides = [[request, {"role": assistant, "content": answer}] for answer in answers]
        return dict(zip(("chosen", "rejected"), sides, strict=True))

    pairs = [pair("user", "assistant"), pair(*names)]
    assert main(["dedup", str(write("pairs.jsonl", pairs)), "--json", "-q"]) == 0
    assert len(json.loads(capsys.readouterr().out)["removed"]) == 1
    others = [[(turn.role, turn.text) for turn in read(value).others] for value in pairs]
    assert others == [[("assistant", "Cusco, high in the mountains.")]] * 2
