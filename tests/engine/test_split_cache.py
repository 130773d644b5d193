"""The cache of `curate split` saves time and changes no byte of the output, whatever was split before."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cli.main import main
from curate.commands import session
from curate.commands import split as module
from curate.corpus import cache, loading
from curate.split import cut_answers, near_questions
from tests.conftest import Write, chat, of_hundred

DATA: Final = Path("data.jsonl")
QUESTIONS: Final = (
    "How long do the apples of the old orchard keep in winter?",
    "How long do the apples of the old orchard keep in wintr?",
    "How long do the pears of the new orchard keep in summer when nobody looks after them?",
    "Where is the mill?",
)
WORDS: Final = (
    *("beech", "oak", "river", "stone", "winter", "copper", "slowly", "bright"),
    *("they", "grow", "under", "old", "walls", "while", "nobody", "looks"),
)
TEXT: Final = [f"{word} {other}" for word in WORDS[:8] for other in WORDS[8:]]


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """An example: a question with a typing error or none, and a part of a text, of which some words are replaced."""
    start = draw(st.integers(0, 3)) * 8
    tokens = TEXT[start : start + draw(st.sampled_from([4, 15, 30, 40]))]
    for place in draw(st.lists(st.integers(0, len(tokens) - 1), max_size=2)):
        tokens[place] = "elm"
    question, answer = draw(st.sampled_from(QUESTIONS)), " ".join(tokens)
    form = draw(st.integers(0, 9))
    return {"instruction": question, "output": answer} if form == 0 else chat(question, answer)


edits = st.lists(st.tuples(st.sampled_from(["append", "insert", "delete", "edit"]), st.integers(0, 99), rows()))


def changed(data: list[dict[str, Any]], steps: list[tuple[str, int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The data after some edits."""
    data = [*data]
    for step, number, row in steps:
        place = len(data) if step == "append" else number % len(data)
        data[place : place + (step in ("delete", "edit"))] = [] if step == "delete" and len(data) > 1 else [row]
    return data


def split(folder: str, *options: str) -> dict[str, bytes]:
    """The files of the output folder after a split of the data into it."""
    assert main(["split", str(DATA), "-o", folder, "--yes", "--fractions", "0.6,0.2,0.2", "-q", *options]) in (0, 1, 2)
    output = Path(folder)
    return {path.name: path.read_bytes() for path in sorted(output.iterdir())} if output.is_dir() else {}


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are cached, in small chunks."""
    monkeypatch.setattr(session, "is_parallel", lambda _: True)
    monkeypatch.setattr(loading, "CHUNK_BYTES", 600)
    monkeypatch.setattr(cache, "MAX_NEW_SHARE", 1)


@pytest.mark.slow
@settings(max_examples=of_hundred(20))
@given(st.lists(rows(), min_size=3, max_size=14), st.lists(edits, min_size=1, max_size=2), st.booleans())
def test_data_that_changed_is_split_as_without_a_cache(
    data: list[dict[str, Any]], runs: list[list[tuple[str, int, dict[str, Any]]]], fresh: bool
) -> None:
    for folder in ("cached", "plain", ".curate"):
        shutil.rmtree(folder, ignore_errors=True)
    options = ["--fresh"] if fresh else []
    for steps in ([], *runs):
        data = changed(data, steps)
        DATA.write_text("".join(json.dumps(row) + "\n" for row in data))
        assert split("cached", *options) == split("plain", "--no-cache", *options)


@pytest.mark.slow
def test_data_that_grew_is_compared_only_where_it_grew(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    data = [
        *((question, f"Until month {number}.") for number, question in enumerate(QUESTIONS[:2])),
        *((f"Who tells story {size}, and to whom?", " ".join(TEXT[:size])) for size in (15, 40)),
        *((f"Is {number} even or odd, and why?", f"The number {number} is what it is.") for number in range(40)),
    ]
    write("data.jsonl", data)
    before = split("out")
    assert json.loads(before["manifest.json"])["links"].keys() >= {"near_question", "cut_answer"}
    write("data.jsonl", [*data, ("Is there anything new under the sun today?", "No.")])
    with monkeypatch.context() as patch:
        for owner, name in ((module, "earlier_splits"), (near_questions, "asked_words"), (cut_answers, "long_answers")):
            patch.setattr(owner, name, None)
        after = split("out")
    assert sum(after[name].count(b"\n") - before[name].count(b"\n") for name in after if name.endswith("n.jsonl")) == 1
    shutil.copytree("out", "plain")
    assert split("out") == split("plain", "--no-cache")


@pytest.mark.slow
@pytest.mark.parametrize("most", [0, 32], ids=["by spelling", "all pairs"])
def test_a_new_question_of_a_bucket_is_all_that_is_compared_in_it(
    most: int, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = ["orchard", "harbour", "library", "station", "museum", "theatre", "quarry", "windmill", "orchrd", "harbur"]
    data = [(f"When does the gate of the {place} open in summer?", f"At {hour}.") for hour, place in enumerate(places)]
    monkeypatch.setattr(near_questions, "MAX_COMPARED", most)
    write("data.jsonl", data)
    split("out")
    new = "When does the gate of the libary open in summer?"
    write("data.jsonl", [*data, (new, "Never.")])
    compared: list[tuple[str, ...]] = []
    nearly_equal = near_questions.nearly_equal

    def noted(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
        compared.append(right)
        return nearly_equal(left, right)

    shutil.copytree("out", "plain")
    with monkeypatch.context() as patch:
        patch.setattr(near_questions, "nearly_equal", noted)
        after = split("out")
    assert compared
    assert all("libary" in words for words in compared)
    assert json.loads(after["manifest.json"])["links"]["near_question"] == 3
    assert after == split("plain", "--no-cache")


@pytest.mark.slow
def test_splits_that_were_renamed_in_the_manifest_are_not_those_of_the_cache(write: Write) -> None:
    shared = f"Please answer the question of our customer Miller: {' '.join(TEXT[:20])}"
    data = [(f"{shared} is {n} plus {n * 7} even, my dear friend number {n}?", f"It is {n * 3}.") for n in range(60)]
    write("data.jsonl", data)
    manifest = json.loads(split("out")["manifest.json"])
    assert manifest["shared_instructions"]
    assert not [path for path in Path(".curate/cache/near").glob("divided-*") if b"Miller" in path.read_bytes()]
    manifest["splits"] = dict(zip(("test", "validation", "train"), manifest["splits"].values(), strict=True))
    Path("out/manifest.json").write_text(json.dumps(manifest))
    shutil.copytree("out", "plain")
    assert split("out") == split("plain", "--no-cache")
