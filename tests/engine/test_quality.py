"""`curate score` and `curate select`: the signals find planted faults, and a selection loses no line."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cli.main import main
from curate.quality.answer_fits import fits, nearest
from curate.quality.answer_language import language_shares
from curate.quality.answer_text import refusals
from curate.quality.exchange import Exchange, distinct, read_exchanges
from curate.quality.loops import loops
from curate.quality.scoring import Models, doubt, label_goodness, signals_of
from curate.quality.selection import choose
from curate.read.dataset import read_dataset
from tests.conftest import Write, chat

TOPICS = ("rivers", "bread", "trains", "planets", "chess", "gardens", "violins", "glaciers", "bees", "castles")
VERBS = ("explain", "describe", "compare", "praise", "question")


def line(topic: str, verb: str, nth: int) -> dict[str, Any]:
    """A chat about a topic."""
    answer = (
        f"People {verb} {topic} in many ways. Most of them start with the history of {topic}, and number {nth} comes "
        f"later. In the end, {topic} are worth the time of anyone who likes to {verb} things."
    )
    return {**chat(f"Please {verb} {topic}, part {nth}.", answer), "topic": topic}


def data(size: int = 40) -> list[dict[str, Any]]:
    """Different chats about several topics."""
    return [line(TOPICS[nth % 10], VERBS[nth // 10 % 5], nth) for nth in range(size)]


def scored(answers: Sequence[str]) -> dict[str, Any]:
    """The text signals of answers among usual ones."""
    usual = [(one["messages"][0]["content"], one["messages"][1]["content"]) for one in data()]
    pairs = [*(("Please praise rivers.", answer) for answer in answers), *usual]
    return signals_of([Exchange(f"{at:032x}", "", *pair) for at, pair in enumerate(pairs)], Models())


@pytest.mark.slow
def test_parts_of_a_file_and_processes_change_no_signal(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = data(60)
    rows += [{"instruction": "Praise bees.", "output": "Bees are worth the time."}, rows[3], {"what": 1}, rows[5]]
    path = write("data.jsonl", rows)
    examples = read_dataset([path]).examples
    whole = distinct(examples)
    alone = signals_of(whole, Models())
    monkeypatch.setattr("curate.read.file_parts.CHUNK_BYTES", 1_000)
    monkeypatch.setattr("curate.read.file_parts.MIN_PARALLEL_BYTES", 0)
    monkeypatch.setattr("curate.quality.scoring.MANY_EXCHANGES", 1)
    monkeypatch.setattr("curate.quality.scoring.cores", lambda: 2)
    parts = read_exchanges([path], workers=2)
    assert parts.exchanges == whole
    assert (parts.read, parts.understood) == (64, 63)
    assert parts.places == {one.id: one.place for one in reversed(examples)}
    together = signals_of(parts.exchanges, Models())
    assert {name: values.tolist() for name, values in together.items()} == {
        name: values.tolist() for name, values in alone.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signal", "answer"),
    [
        ("ending", "People praise rivers in many ways. Most of them start with the history of"),
        ("beginning", "and then most of them start with the history of rivers. In the end, rivers are worth it."),
        ("loops", "People praise rivers." + " Rivers are worth the time." * 12),
        ("garbled", "Peolpe rwqzx ivrers ni myna wyas xqzj kkwq. Msot fo tehm satrt hwti hte ihtsoyr fo vqzzk jjxw."),
        ("garbled", "People donâ€™t praise rivers. They arenâ€™t worth the time."),
        ("language", "Поезд отправляется с первой платформы в семь часов утра."),
        ("refusal", "I'm sorry, but I can't help with that."),
    ],
)
def test_a_signal_finds_its_fault(signal: str, answer: str) -> None:
    columns = scored([answer])
    assert columns[signal][0] < 0.5
    assert np.median(columns[signal][1:]) > 0.8
    assert doubt(columns)[0] > np.quantile(doubt(columns), 0.9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signal", "answer"),
    [
        ("ending", "The solutions are python('x = sympy.Symbol(); sympy.solve(2*x**2 - 7*x + 3, x)')"),
        ("ending", "{12, 2}, {7, 3, 4}, {8, 2, 4}"),
        ("beginning", "praise rivers\nWhy? Most people start with the history of rivers, and praise comes later."),
        ("language", "- Ragu alla Bolognese\n- Spaghetti alla Carbonara\n- Napoletana Pizza\n- Risotto\n- Ossobuco"),
    ],
)
def test_code_sets_options_and_names_are_no_fault(signal: str, answer: str) -> None:
    assert scored([answer])[signal][0] > 0.5


def test_weak_doubts_come_after_a_strong_one() -> None:
    columns = {"ending": np.array([0.2, 0.55]), "beginning": np.array([1.0, 0.55]), "fits": np.array([1.0, 0.55])}
    strong, weak = doubt(columns)
    assert strong > 0.8
    assert weak < 0.6


def test_an_answer_that_similar_requests_have_too_is_not_sure_to_be_wrong() -> None:
    """Requests about one thing with one answer, which is nearer to another request than to each of them."""
    asked, said = np.eye(16, dtype=np.float32), np.eye(16, dtype=np.float32)
    asked[:4] = np.eye(16)[:4] * 0.6 + np.eye(16)[12] * 0.8
    said[:4] = np.eye(16)[4] * 0.8 + np.eye(16)[12] * 0.6
    texts = [f"request number{at} about topic{at}" for at in range(16)]
    answers = [f"an answer with words{at} enough said{at} here{at} for{at} it" for at in range(16)]
    alone = said.copy()
    alone[1:4] = asked[1:4]
    assert fits(texts, answers, asked, alone, nearest(asked))[0] < 0.3
    assert fits(texts, answers, asked, said, nearest(asked))[0] >= 0.5


@settings(max_examples=40)
@given(st.integers(2, 600), st.integers(1, 400), st.integers(0, 10**6))
def test_the_nearest_are_those_of_a_full_sort(size: int, values: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).integers(0, values, (size, 3)).astype(np.float32)
    found = nearest(vectors)
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -2)
    order = np.argsort(-likeness, axis=1, kind="stable")[:, : min(10, size - 1)]
    assert np.array_equal(found.rows, order)
    assert np.array_equal(found.cosines, np.take_along_axis(likeness, order, axis=1))


@pytest.mark.slow
def test_signals_are_the_same_in_a_process_beside_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [[message["content"] for message in one["messages"]] for one in data(24)]
    exchanges = [Exchange(f"{at:032x}", "", *pair) for at, pair in enumerate([*pairs, ["Why?", "half \ud83d"]])]
    alone = signals_of(exchanges, Models("offline:all-MiniLM-L6-v2"))
    monkeypatch.setattr("curate.quality.scoring.MANY_EXCHANGES", 1)
    beside = signals_of(exchanges, Models("offline:all-MiniLM-L6-v2"))
    assert alone.keys() == beside.keys()
    for name, column in alone.items():
        assert np.array_equal(column, beside[name], equal_nan=True), name


def test_a_refusal_is_doubtful_where_others_are_answered() -> None:
    no = "I'm sorry, but I can't help with that."
    answers = [no, no, "People like trains.", no, "People like bread.", "People like bees."]
    assert refusals(answers, [[1, 3], [0, 3], [4, 5], [4, 5], [5], [4]]).tolist() == [1, 1, 1, 0.5, 1, 1]


def test_a_follow_up_is_read_with_what_the_user_said_before(write: Write) -> None:
    turns = [("user", "What is the capital of Italy?"), ("assistant", "Rome."), ("user", "And its river?")]
    messages = [{"role": role, "content": content} for role, content in [*turns, ("assistant", "The Tiber.")]]
    (exchange,) = distinct(read_dataset([write("data.jsonl", [{"messages": messages}])]).examples)
    assert exchange.request == "And its river?"
    assert exchange.embedded == ("What is the capital of Italy?\nAnd its river?", "The Tiber.")


def test_json_among_json_has_to_parse_and_to_have_the_usual_keys() -> None:
    good = [json.dumps({"name": topic, "count": nth}) for nth, topic in enumerate(TOPICS * 3)]
    answers = ['{"name": "bees", "count": }', '{"name": "bees"}', "The name is bees.", *good]
    exchanges = [Exchange(f"{at:032x}", "", f"Count {at}.", answer) for at, answer in enumerate(answers)]
    column = signals_of(exchanges, Models())["format"]
    assert (column[:3] < 0.5).all()
    assert (column[3:] == 1).all()


@pytest.mark.slow
def test_flipped_labels_come_last() -> None:
    random = np.random.default_rng(0)
    vectors = np.concatenate([random.normal(centre, 0.3, (30, 8)) for centre in (-1, 1)]).astype(np.float32)
    labels = ["yes"] * 30 + ["no"] * 30
    labels[3], labels[40] = "no", "yes"
    assert set(np.argsort(label_goodness(labels, vectors))[:2].tolist()) == {3, 40}


def test_score_shows_writes_and_removes_nothing(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("data.jsonl", [*data(), chat("Say <b>hi</b>.", "\x1b[31mhi <script>alert(1)</script> and")])
    before = path.read_bytes()
    assert main(["score", str(path), "--no-models", "-o", "x.parquet", "--json", "-q"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["read"], found["scored"]) == (41, 41)
    assert all(sum(one["histogram"]) == one["examples"] == 41 for one in found["signals"])
    assert {one["left"] for one in found["correlations"]} <= {one["signal"]["name"] for one in found["signals"]}
    frame = pl.read_parquet("x.parquet")
    assert frame.height == 41
    assert {"example", "file", "line", "ending", "doubt"} <= set(frame.columns)
    assert main(["score", str(path), "--no-models", "--all", "-q"]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert path.read_bytes() == before


@pytest.mark.slow
def test_no_cache_writes_no_signals(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write("data.jsonl", data()))
    commands = (
        ("score", path, "--no-models", "--json", "-q"),
        ("query", "score.ending > .7", path, "--json"),
        ("select", path, "--examples", "10", "--no-models", "--json", "-q"),
    )

    def run(*options: str) -> list[str]:
        results = []
        for command in commands:
            assert main([*command, *options]) == 0
            results.append(capsys.readouterr().out)
        return results

    without = run("--no-cache")
    assert not Path(".curate/cache").exists()
    assert run() == without
    assert Path(".curate/cache").exists()


def test_score_lists_only_what_is_worth_a_look_unless_all_is_asked_for(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("a.jsonl", [chat(f"What is {n} plus {n}?", f"The sum is {2 * n}.") for n in range(30)])
    listed = []
    for more in ([], ["--all"]):
        assert main(["score", str(path), "--no-models", "-q", *more]) == 0
        out = capsys.readouterr().out
        assert out.endswith("0 examples with a doubt of 0.85 or more\n")
        assert "no embedding model" not in out
        listed.append("doubt: most doubtful" in out)
    assert listed == [False, True]


LOOP = "People praise rivers." + " Rivers are worth the time." * 60
REFUSAL = "I'm sorry, but I can't help with that. {}"


def test_score_accounts_for_each_line_and_names_elements(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*data(60), chat("Please praise rivers.", LOOP), chat("Nothing?", "")]
    Path("chats.json").write_text(json.dumps([*rows, rows[0], rows[1], {"x": 1}]))
    assert main(["score", "chats.json", "--no-models", "-q"]) == 1
    shown = capsys.readouterr().out
    assert "61 examples scored of 65 lines, without 2 copies and 1 without a request and an answer in words; " in shown
    assert re.search(r"^  chats\.json:1 \(element 61\)  ", shown, re.MULTILINE)


def test_score_ends_with_the_lines_to_look_at_and_why(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    secret = "sk-proj-" + "aB3" * 16
    refusals_ = [chat(f"Praise \x1b[31m{n}, {secret}.", REFUSAL.format(n)) for n in range(30)]
    rows = [*data(500), chat("Please praise rivers.", LOOP), chat("Please praise bees.", LOOP), *refusals_]
    path = write("data.jsonl", rows)
    assert main(["score", str(path), "--no-models", "-q", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["doubtful"] == {"refusal": 30, "loops": 2}
    listed = result["to_review"]
    assert len(listed) == 25
    assert [one["line"] for one in listed if one["signal"] == "loops"] in ([501], [502])  # an answer once
    assert {one["line"] for one in listed if one["signal"] == "refusal"} <= set(range(503, 533))
    assert all(one["value"] >= 0.85 for one in listed)

    assert main(["score", str(path), "--no-models", "-q"]) == 0
    lines = capsys.readouterr().out.split("nothing is removed for a score\n")[1].splitlines()
    assert lines[0] == "32 examples with a doubt of 0.85 or more; look at these 25:"
    assert lines[1] == "the answer is a refusal, in a file with few refusals (refusal; 30 examples)"
    assert all(re.match(r"  data\.jsonl:5\d\d  Praise .* → I'm sorry", row) for row in lines[2:26])
    assert lines[26] == "the answer repeats a phrase three or more times in a row (loops; 2 examples)"
    assert lines[27].endswith("Rivers are worth the time.")
    assert lines[28] == (
        "next: add -o scores.parquet to this command, then curate review data.jsonl --scores scores.parquet, "
        "filter signal:doubt>=0.85"
    )
    assert len(lines) == 29
    assert not any("\x1b" in row or secret in row for row in lines)

    assert main(["score", str(path), "--no-models", "-q", "-o", "my scores.parquet"]) == 0
    assert (
        capsys.readouterr()
        .out.splitlines()[-1]
        .startswith("next: curate review data.jsonl --scores 'my scores.parquet', ")
    )


@pytest.mark.slow
def test_languages_of_many_texts_are_those_of_py3langid() -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    texts = [
        "", "12345", "a", "HELLO WORLD, THIS IS LOUD", "ŁÓDŹ JEST ŁADNYM MIASTEM", "e\u0301te\u0301 comme hiver",
        "\ud800 half of a pair", "Der Zug fährt um sieben Uhr ab.", "Поезд отправляется в семь часов утра.",
        "これは日本語の文です。", "Ово је реченица на српском. Ovo je rečenica.", "Bu bir cümle. " * 200,
        *(f"People praise {topic} in many ways, {verb} them often." for topic in TOPICS for verb in VERBS),
    ] * 25  # fmt: skip
    rank = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True).rank
    shares = language_shares(texts)
    assert shares is not None
    for text, probable in zip(texts, shares, strict=True):
        expected = dict(rank(text))
        assert all(abs(expected[name] - share) < 1e-4 for name, share in probable.items())
        assert min(probable.values()) >= sorted(expected.values())[-4] - 1e-4


@pytest.mark.parametrize("period", [1, 2, 3, 5, 7, 20, 60])
@pytest.mark.parametrize("before", [0, 1, 41])
def test_a_phrase_in_a_row_is_found_wherever_it_begins(period: int, before: int) -> None:
    words = ["w" + "abcdefghij"[n // 100] + "abcdefghij"[n // 10 % 10] + "abcdefghij"[n % 10] for n in range(400)]
    repeats = max(3, -(-(6 + period) // period))
    looped = [*words[:before], *(words[100 : 100 + period] * repeats), *words[300 : 300 + before]]
    twice = [*words[:before], *(words[100 : 100 + period] * 2), *words[300 : 300 + before]]
    values = loops([" ".join(words), " ".join(looped), " ".join(twice), " ".join(words[::-1])])
    assert (values < 1).tolist() == [False, True, False, False]


def test_examples_without_an_answer_in_words_are_not_scored_and_can_be_selected(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "fly", "arguments": "{}"}}
    answer = {"role": "assistant", "tool_calls": [call]}
    path = write("calls.jsonl", [{"messages": [{"role": "user", "content": f"Fly {n}."}, answer]} for n in range(9)])
    assert main(["score", str(path), "--no-models", "--json", "-q", "-o", "x.parquet"]) == 0
    assert json.loads(capsys.readouterr().out)["scored"] == 0
    assert len(selected([path], "--examples", "2")[0]) == 2


def selected(paths: Sequence[Path], *options: str, name: str = "out.jsonl") -> tuple[list[bytes], list[dict[str, Any]]]:
    """The lines that a selection keeps, and the records of those that it leaves out."""
    command = ["select", *map(str, paths), "--no-models", "-q", "-o", name, "--overwrite", "--yes", *options]
    assert main(command) == 0
    gone = Path(name).with_suffix(".removed.jsonl").read_bytes().splitlines()
    return Path(name).read_bytes().splitlines(), [json.loads(one) for one in gone]


@pytest.mark.slow
def test_a_selection_does_not_depend_on_order_files_or_processes_and_loses_no_line(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [*data(), *data(5), {**line("bees", "praise", 1000), "extra": 1}]
    path = write("all.jsonl", lines)
    kept, gone = selected([path], "--examples", "12")
    every = sorted(path.read_bytes().splitlines())
    assert len(kept) == 12
    assert sorted([*kept, *(one["text"].encode() for one in gone)]) == every
    assert all(one["why"] and one.get("code", one["decided_by"]) for one in gone)
    shuffled = Random(1).sample(lines, len(lines))
    parts = [write("a.jsonl", shuffled[:20]), write("b.jsonl", shuffled[20:])]
    monkeypatch.setattr("curate.commands.select.MANY_LINES", 1)
    monkeypatch.setattr("curate.commands.select.BLOCK_LINES", 4)
    monkeypatch.setattr("curate.commands.select.cores", lambda: 2)
    assert sorted(selected(parts, "--examples", "12")[0]) == sorted(kept)
    assert main(["restore", "out.removed.jsonl", "--all", "-o", "back.jsonl"]) == 0
    assert sorted([*kept, *Path("back.jsonl").read_bytes().splitlines()]) == every


def test_floors_and_token_budgets_hold(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("data.jsonl", data())
    kept, _ = selected([path], "--examples", "20", "--floor", "/topic=2")
    counts = [sum(json.loads(one)["topic"] == topic for one in kept) for topic in TOPICS]
    assert min(counts) == 2
    assert main(["select", str(path), "--no-models", "-q", "--examples", "5", "--floor", "/topic=2"]) == 2
    capsys.readouterr()
    assert main(["select", str(path), "--no-models", "-q", "--tokens", "300", "--json"]) == 0
    assert 200 < json.loads(capsys.readouterr().out)["tokens"] <= 300


@pytest.mark.slow
def test_select_names_its_coverage_and_the_least_covered(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [line(TOPICS[nth % 10] if nth < 20 else "rivers", VERBS[nth % 5], nth) for nth in range(120)]
    path = write("data.jsonl", rows)
    assert main(["select", str(path), "--examples", "10", "--no-models", "--json", "-q"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert 0 < result["coverage_random"] < result["coverage"] <= 1
    similarities = [one["similarity"] for one in result["least_covered"]]
    assert similarities == sorted(similarities)
    assert len(similarities) == 5
    assert main(["select", str(path), "--examples", "10", "--no-models", "-q"]) == 0
    out = capsys.readouterr().out
    assert f"coverage {result['coverage']:.3f}, of random selections of the same size" in out
    worst = result["least_covered"][0]
    assert f"  {worst['similarity']:.2f} data.jsonl:{worst['line']}  Please" in out
    assert main(["select", str(path), "--examples", "1000", "--no-models", "--json", "-q"]) == 0
    every = json.loads(capsys.readouterr().out)
    assert every["least_covered"] == []
    assert every["coverage"] == pytest.approx(every["coverage_random"])


def test_a_score_removes_nothing_unless_it_is_asked_to(write: Write) -> None:
    cut = chat("Please praise violins.", "People praise violins in many ways. Most of them start with the history of")
    path = write("data.jsonl", [*data(), cut])
    assert len(selected([path], "--examples", "41")[0]) == 41
    kept, gone = selected([path], "--examples", "41", "--where", "score.ending >= .5")
    assert (len(kept), [one["decided_by"] for one in gone]) == (40, ["where"])


@settings(max_examples=20)
@given(st.integers(2, 30), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_choosing_takes_what_the_budget_allows_once(size: int, budget: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(size, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    quality = random.uniform(0.01, 1, size)
    groups = {"even": list(range(0, size, 2)), "odd": list(range(1, size, 2))}
    found = choose(vectors, quality, [1] * size, budget, [groups], [budget // 2])
    assert len(found) == len(set(found)) == min(budget, size)
    assert all(len(set(rows) & set(found)) >= min(budget // 2, len(rows)) for rows in groups.values())


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_ends_no_command(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sentence_transformers")
    path = write("data.jsonl", data())
    Path(".curate").mkdir()
    Path(".curate/cache").write_text("a file in place of the folder, as in a folder that is read-only")
    assert main(["select", str(path), "--examples", "5", "-o", "out.jsonl"]) == 0
    assert len(Path("out.jsonl").read_bytes().splitlines()) == 5
    assert "note: the cache was not written: " in capsys.readouterr().out


def test_scores_on_a_full_disk_are_no_bug(
    write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("data.jsonl", data())

    def full(*_: object) -> None:
        raise pl.exceptions.ComputeError("No space left on device (os error 28)")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    assert main(["score", str(path), "--no-models", "-q", "-o", "scores.parquet"]) == 2
    assert "scores.parquet: cannot be written: No space left on device" in capsys.readouterr().err
    assert not Path("scores.parquet").exists()
