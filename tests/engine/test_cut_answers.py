"""Answers that are the beginning or the end of a longer one (L015), in several languages and forms: `curate split`
keeps each pair in one split, `curate verify` finds each that is in two.
"""

import json
import random
from pathlib import Path
from typing import Any, Final

import pytest

from curate.cli.main import main
from curate.split import groups
from tests.bench.split_leaks import rows_in
from tests.conftest import Write, chat
from tests.leaks import Row

POOLS: Final = {
    "English": "beech oak river stone winter copper slowly bright they grow under old walls while nobody looks at them",
    "German": "Buche Eiche Fluß Straße Übung wächst langsam über alte Mauern während niemand hinsieht grün schön Öl",
    "Chinese": " ".join("山水花鸟树木春夏秋冬天地人你我他们学生老师问题回答城市河流道路"),
    "Spanish": "haya roble río piedra invierno mañana despacio crecen bajo muros viejos mientras nadie mira corazón",
}
"""Words of some languages."""
FORMS: Final = ("plain", "several turns", "pair", "preference", "share", "call", "reasoning")
SMALL: Final = 25
"""Words of a cut answer; its longer answer has more than twice as many."""


def words(rng: random.Random, language: str, count: int) -> list[str]:
    """Words of a language; of two texts, no 20 words in a row are equal."""
    return rng.choices(POOLS[language].split(), k=count)


def written(rng: random.Random, language: str, tokens: list[str]) -> str:
    """The words as a text, in some case and with some punctuation."""
    gap = "" if language == "Chinese" else " "
    marks = ("", "", "\uff0c", "\u3002") if language == "Chinese" else ("", "", ",", ".", " -", "\n", "!")
    text = gap.join(token + rng.choice(marks) for token in tokens)
    return rng.choice([text, text.upper(), text.title(), f"**{text}**"]) if language != "Chinese" else text


def formed(rng: random.Random, language: str, tokens: list[str], form: str) -> Row:
    """An example with this answer, and a question of its own."""
    question, answer = (written(rng, language, text) for text in (words(rng, language, 26), tokens))
    other = written(rng, language, words(rng, language, 30))
    user: Row = {"role": "user", "content": question}
    if form == "several turns":
        more: list[Row] = [{"role": "user", "content": other}, {"role": "assistant", "content": answer}]
        return {"messages": [user, {"role": "assistant", "content": other[::-1]}, *more]}
    if form == "pair":
        return {"prompt": question, "chosen": answer, "rejected": other}
    if form == "preference":
        sides = {"preferred_output": answer, "non_preferred_output": other}
        texts = {name: [{"role": "assistant", "content": text}] for name, text in sides.items()}
        return {"input": {"messages": [user]}, **texts}
    if form == "share":
        turns = [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]
        return {"conversations": turns, "system": other}
    if form == "call":
        function = {"name": "look", "arguments": json.dumps({"text": answer.replace("\n", " ")})}
        call = {"type": "function", "id": "a", "function": function}
        result = {"role": "tool", "tool_call_id": "a", "content": other}
        return {"messages": [user, {"role": "assistant", "content": "", "tool_calls": [call]}, result]}
    if form == "reasoning":
        return {"messages": [user, {"role": "assistant", "content": "42", "reasoning_content": answer}]}
    return chat(question, answer)


def cut_pair(rng: random.Random, language: str, number: int) -> tuple[Row, Row]:
    """An example, and one with the beginning or the end of its answer."""
    tokens = words(rng, language, rng.randrange(2 * SMALL + 5, 90))
    form, at_end = FORMS[number % len(FORMS)], rng.random() < 0.5
    part = tokens[-SMALL:] if at_end else tokens[:SMALL]
    # the name of a tool is the first word of a call
    cut_form = rng.choice(FORMS) if form != "call" else "plain" if at_end else "call"
    if cut_form == "call" and (form != "call" or at_end):
        cut_form = "plain"
    pair = formed(rng, language, tokens, form), formed(rng, language, part, cut_form)
    return {**pair[0], "metadata": {"pair": number}}, {**pair[1], "metadata": {"pair": number}}


def pairs_in(language: str) -> list[tuple[Row, Row]]:
    rng = random.Random(language)
    return [cut_pair(rng, language, number) for number in range(42)]


def divided_pairs(language: str, write: Write, folder: str) -> set[int]:
    """The pairs that `curate split` divides; it writes the folder."""
    rows: list[Any] = [row for pair in pairs_in(language) for row in pair]
    random.Random(7).shuffle(rows)
    write("data.jsonl", rows)
    assert main(["split", "data.jsonl", "-o", folder, "--yes", "-q", "--fractions", "0.5,0.25,0.25"]) in (0, 1)
    parts = rows_in(Path(folder))
    assert sum(map(len, parts.values())) == len(rows)
    sides = [{row["metadata"]["pair"] for row in part} for part in parts.values()]
    return set().union(*(sides[one] & sides[other] for one in range(3) for other in range(one)))


@pytest.mark.slow
@pytest.mark.parametrize("language", POOLS)
def test_split_keeps_a_cut_copy_beside_its_answer(
    language: str, write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert divided_pairs(language, write, "out") == set()
    assert main(["verify", "out", "-q"]) == 0
    monkeypatch.setattr(groups, "cut_answer_links", lambda *_: [])
    divided = divided_pairs(language, write, "unlinked")
    assert len(divided) > 10
    capsys.readouterr()
    assert main(["verify", "unlinked", "--json", "--all"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [finding["code"] for finding in findings] == ["L015"] * len(divided)


@pytest.mark.slow
@pytest.mark.parametrize("language", POOLS)
@pytest.mark.parametrize("is_cut_first", [False, True])
def test_verify_finds_each_cut_copy_in_a_foreign_folder(
    language: str, is_cut_first: bool, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = pairs_in(language)
    write("out/train.jsonl", [pair[is_cut_first] for pair in pairs])
    write("out/test.jsonl", [pair[not is_cut_first] for pair in pairs])
    assert main(["verify", "out", "--json", "--all"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(finding["code"], finding["line"]) for finding in findings] == [
        ("L015", line) for line in range(1, len(pairs) + 1)
    ]
    assert all(f"train.jsonl:{finding['line']} (train)" in finding["message"] for finding in findings)


def chain(rng: random.Random, count: int) -> list[Row]:
    """Examples of which each answer is the beginning of the next one."""
    tokens = words(rng, "English", 20 + count)
    return [chat(" ".join(words(rng, "German", 26)), " ".join(tokens[: 20 + number])) for number in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("given", [0, 30, 59], ids=["shortest", "middle", "longest"])
def test_every_part_of_an_answer_of_a_given_test_set_is_left_out(given: int, write: Write) -> None:
    rows = chain(random.Random(4), 60)
    others = [chat(f"Is {number} even?", "Ask again.") for number in range(60)]
    write("test.jsonl", [rows[given]])
    write("data.jsonl", [*rows[:given], *rows[given + 1 :], *others])
    assert main(["split", "data.jsonl", "-o", "out", "--existing", "test.jsonl", "--yes", "-q"]) in (0, 1)
    parts = rows_in(Path("out"))
    assert parts["test"] == [rows[given]]
    assert not any(row in parts["train"] + parts["validation"] for row in rows)
