"""No leak of the table in docs/leaks.md: `curate split` leaves none, `curate verify` finds each, and neither is
believed on its own word.

`CURATE_SEEDS=40` tries so many data sets of each kind.
"""

import json
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from curate.cli.main import main
from curate.corpus.request_phrases import PHRASES as PHRASE_LINES
from curate.corpus.request_phrases import request_phrases
from curate.verify import request_phrases as verify_phrases
from tests.bench.split_leaks import PHRASES, Seen, digest, exempt_in, leaks, rows_in
from tests.bench.split_leaks import words as counted_words
from tests.leaks import KINDS, Row, data_set, mixture, tangled

SEEDS = int(os.environ.get("CURATE_SEEDS", "2"))
SHARES = (0.02, 0.049, 0.05, 0.051, 0.1, 0.3, 0.6)
LATER = ("validation", "test")


def written(path: Path, rows: list[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def split(tmp_path: Path, kind: str, seed: int) -> Path:
    """A data set with leaks of a kind waiting in it, split."""
    rng = random.Random(f"{kind} {seed}")
    share = SHARES[(SEEDS * [*KINDS].index(kind) + seed) % len(SHARES)]  # each kind with others, all kinds with all
    data = written(tmp_path / "data.jsonl", list(data_set(kind, share, rng)))
    by_key = ["--group-by", "/metadata/source"] if kind == "key" else []
    assert main(["split", str(data), "-o", str(tmp_path / "out"), "--seed", str(seed), "-q", *by_key]) == 0
    return tmp_path / "out"


def found(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, set[tuple[str, int]]]:
    """By code the file and line of each leak that `curate verify` reports."""
    capsys.readouterr()
    main(["verify", str(folder), "--json", "--all", "-q"])
    told: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for finding in json.loads(capsys.readouterr().out)["findings"]:
        told[finding["code"]].add((Path(finding["file"]).name, finding["line"]))
    return told


def counted(folder: Path, by_key: bool) -> dict[str, int]:
    """Leaks by kind, counted by code that is not the project's."""
    source = (lambda row: row.get("metadata", {}).get("source")) if by_key else lambda _: None
    found = leaks(rows_in(folder), source, exempt_in(folder))
    return {kind: len(numbers) for kind, numbers in found.items() if numbers}


def compared(folder: Path, rows: list[Row]) -> list[Row]:
    """The examples that have no exempt text."""
    exempt = exempt_in(folder)
    seen = [(row, Seen(row, 0)) for row in rows]
    return [row for row, one in seen if exempt.isdisjoint(map(digest, [*one.runs, (one.first or ("",))[1:]]))]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_split_leaves_no_leak_and_verify_finds_each_that_is_planted(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, make = KINDS[kind]
    for seed in range(SEEDS):
        room = tmp_path / str(seed)
        room.mkdir()
        out = split(room, kind, seed)
        assert counted(out, kind == "key") == {}, seed
        assert main(["verify", str(out), "-q"]) == 0, seed
        rng = random.Random(seed)
        parts = rows_in(out)
        name = rng.choice([part for part in LATER if parts[part]] or ["test"])
        path = out / f"{name}.jsonl"
        with path.open("a") as file:
            file.write(json.dumps(make(rng, rng.choice(compared(out, parts["train"])))) + "\n")
        assert (path.name, len(parts[name]) + 1) in found(out, capsys)[code], seed


def sets_of(seed: int) -> list[Row]:
    """Examples with leaks of all kinds; of every second seed in all forms and scripts."""
    rng = random.Random(seed)
    rows = (
        mixture(rng, 180, 0.8, instructed=False)
        if seed % 2
        else [row for kind in KINDS for share in (0.02, 0.3) for row in data_set(kind, share, rng, 15)]
    )
    rng.shuffle(rows)
    return rows


@pytest.mark.slow
def test_verify_counts_what_a_plain_loop_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in range(SEEDS):
        rows = sets_of(seed)
        out = tmp_path / str(seed)
        out.mkdir()
        parts = {"train": rows[:120], "validation": rows[120:150], "test": rows[150:]}
        for name, part in parts.items():
            written(out / f"{name}.jsonl", part)
        told = found(out, capsys)
        places = [(f"{name}.jsonl", line) for name, part in parts.items() for line in range(1, len(part) + 1)]
        by_kind = leaks(parts)
        before: set[int] = set()
        for code in (
            "L001",
            "L002",
            "L003",
            "L013",
            "L011",
            "L015",
            "L005",
            "L012",
            "L014",
        ):  # an example is reported for the first of these that holds
            assert {places[number] for number in by_kind[code] - before} == told[code], (seed, code)
            before |= by_kind[code]


@pytest.mark.slow
def test_split_leaves_no_leak_among_examples_of_all_forms(tmp_path: Path) -> None:
    for seed in range(SEEDS):
        room = tmp_path / str(seed)
        room.mkdir()
        data = written(room / "data.jsonl", mixture(random.Random(seed), 220, 0.25, instructed=seed % 2 == 1))
        assert main(["split", str(data), "-o", str(room / "out"), "--seed", str(seed), "-q"]) == 0
        assert counted(room / "out", by_key=False) == {}, seed
        assert main(["verify", str(room / "out"), "-q"]) == 0, seed


@pytest.mark.slow
def test_split_proof_and_plain_count_agree_on_tangled_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is written has no leak, and each leak of a random cut is found: the three that read the definition agree."""
    for seed in range(3 * SEEDS):
        rng = random.Random(seed)
        rows = tangled(rng, rng.randrange(20, 90))
        room = tmp_path / str(seed)
        room.mkdir()
        data, out = written(room / "data.jsonl", rows), room / "out"
        options = ["--fractions", rng.choice(["0.8,0.1,0.1", "0.5,0.25,0.25", "0.4,0.3,0.3"])]
        assert main(["split", str(data), "-o", str(out), "--seed", str(seed), "-q", *options]) in (0, 1), seed
        assert counted(out, by_key=False) == {}, seed
        assert main(["verify", str(out), "-q"]) == 0, seed
        cut = room / "cut"
        cut.mkdir()
        parts = {"train": rows[: len(rows) // 2], "test": rows[len(rows) // 2 :]}
        for name, part in parts.items():
            written(cut / f"{name}.jsonl", part)
        frequent = exempt_without_manifest(rows)
        by_kind, told, before = leaks(parts, exempt=frequent), found(cut, capsys), set[int]()
        places = [(f"{name}.jsonl", line) for name, part in parts.items() for line in range(1, len(part) + 1)]
        for code in ("L001", "L002", "L003", "L013", "L011", "L015", "L005", "L012", "L014"):
            assert {places[number] for number in by_kind[code] - before} == told[code], (seed, code)
            before |= by_kind[code]


def exempt_without_manifest(rows: list[Row]) -> set[str]:
    """The digests of the texts that more than 10% of the examples have, and 20 at the least."""
    seen = [Seen(row, 0) for row in rows]
    firsts = Counter(one.first for one in seen if one.first)
    runs = Counter(digest(run) for one in seen for run in one.runs)
    counts = [*runs.items(), *((digest([str(word) for word in first[1:]]), count) for first, count in firsts.items())]
    return {name for name, count in counts if count >= 20 and count > len(rows) / 10}


GREETED = {
    "Szia! ": "Hány lakosa van Eger városának 2024-ben?",
    "Xin chào, ": "Dân số của Huế năm 2024 là bao nhiêu?",
    "Cześć, ": "Ilu mieszkańców ma miasto Gdynia w roku 2024?",
    "Здравствуйте! ": "Сколько жителей в городе Томск было вчера?",
    "Παρακαλώ, ": "πόσους κατοίκους έχει η πόλη Βόλος σήμερα;",
    "Lütfen ": "Bursa kentinin bugün kaç kişilik nüfusu var?",
    "नमस्ते, ": "पटना की जनसंख्या आज कितनी है बताइए?",
    "שלום, ": "כמה תושבים יש היום בעיר חיפה בישראל?",
    "مرحبا، ": "كم عدد سكان مدينة حلب في سوريا اليوم؟",
}


def test_questions_behind_a_greeting_of_any_language_are_nearly_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def rows(questions: list[str], answer: str) -> list[Row]:
        turns = ([("user", asked), ("assistant", f"{answer} {asked[-9:]}")] for asked in questions)
        return [{"messages": [{"role": role, "content": text} for role, text in pair]} for pair in turns]

    plain, greeted = rows([*GREETED.values()], "One."), rows([mark + asked for mark, asked in GREETED.items()], "Two!")
    (folder := tmp_path / "given").mkdir()
    written(folder / "train.jsonl", plain)
    written(folder / "test.jsonl", greeted)
    assert found(folder, capsys)["L013"] == {("test.jsonl", number) for number in range(1, len(GREETED) + 1)}
    assert counted(folder, by_key=False) == {"L013": len(GREETED)}
    data = written(tmp_path / "data.jsonl", [*plain, *greeted])
    assert main(["split", str(data), "-o", str(tmp_path / "out"), "--fractions", "0.4,0.3,0.3", "-q"]) == 0
    assert counted(tmp_path / "out", by_key=False) == {}


ASKED: Final = {
    "Could you please tell me: What is love?": "What is love?",
    "Hello, can you tell me who wrote Hamlet": "Who wrote Hamlet?",
    "Would you please list three rivers of Peru": "List three rivers of Peru.",
    "I would like to know why cats purr": "Tell me why cats purr",
    "Kannst du mir bitte sagen, wer Faust schrieb?": "Wer Faust schrieb?",
    "Pouvez-vous me dire où coule la Seine ?": "Où coule la Seine ?",
    "¿Podrías decirme por favor dónde nace el Tajo?": "¿Dónde nace el Tajo?",
    "Czy możesz mi powiedzieć, kto napisał Lalkę?": "Kto napisał Lalkę?",
    "Подскажите, пожалуйста, где течёт Волга?": "Где течёт Волга?",
    "من فضلك أخبرني: أين يقع نهر دجلة؟": "أين يقع نهر دجلة؟",
    "请告诉我，长江有多长？": "长江有多长？",
    "你能告诉我黄河在哪里吗": "黄河在哪里吗",
}
OTHERWISE_ASKED: Final = {
    "Can you swim across the Rhine?": "Swim across the Rhine",
    "Do not tell me why dogs bark": "Why dogs bark",
    "Could you please name a big lake": "Could you please name a big hill",
    "Translate: could you please tell me where you live": "Translate: where you live",
    "Please tell me": "Tell me please",
    "Kannst du mir nicht sagen, wo der Inn fließt?": "Wo der Inn fließt?",
    "不要告诉我，珠江有多长？": "珠江有多长？",
    "Who painted the black cat?": "Who painted black cat?",
}


def test_questions_behind_a_phrase_of_any_language_are_nearly_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def rows(questions: Iterable[str], answer: str) -> list[Row]:
        turns = ([("user", asked), ("assistant", f"{answer} {number}")] for number, asked in enumerate(questions))
        return [{"messages": [{"role": role, "content": text} for role, text in pair]} for pair in turns]

    (folder := tmp_path / "given").mkdir()
    written(folder / "train.jsonl", rows([*ASKED.values(), *OTHERWISE_ASKED.values()], "One."))
    written(folder / "test.jsonl", rows([*ASKED, *OTHERWISE_ASKED], "Two!"))
    leaking = found(folder, capsys)
    assert leaking["L013"] == {("test.jsonl", number) for number in range(1, len(ASKED) + 1)}
    assert counted(folder, by_key=False)["L013"] == len(ASKED)
    data = written(tmp_path / "data.jsonl", [*rows(ASKED.values(), "One."), *rows(ASKED, "Two!")])
    assert main(["split", str(data), "-o", str(tmp_path / "out"), "--fractions", "0.4,0.3,0.3", "-q"]) == 0
    assert counted(tmp_path / "out", by_key=False) == {}


def test_writer_and_proof_have_the_phrases_of_the_page() -> None:
    """None is left out by only one of the two, which share no code."""
    assert {" ".join(counted_words(phrase)) for phrase in request_phrases()} == PHRASES
    assert verify_phrases.LISTED == PHRASE_LINES


def test_questions_of_many_that_differ_in_a_phrase_are_nearly_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    behind = [f"{phrase} name three rivers" for phrase in sorted(request_phrases())[:60]]
    data = written(tmp_path / "data.jsonl", [
        {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": f"River {number}"}]}
        for number, asked in enumerate([*behind, "Name three rivers."])
    ])  # fmt: skip
    (folder := tmp_path / "given").mkdir()
    lines = data.read_text("utf-8").splitlines(keepends=True)
    (folder / "train.jsonl").write_text("".join(lines[:30]), "utf-8")
    (folder / "test.jsonl").write_text("".join(lines[30:]), "utf-8")
    assert found(folder, capsys)["L013"] == {("test.jsonl", number) for number in range(1, len(lines) - 29)}
    assert counted(folder, by_key=False) == {"L013": len(lines) - 30}
