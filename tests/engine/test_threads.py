"""Functions of the API in several threads at once give what they give one after another."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import polars as pl
import pytest

import curate

ROUNDS = 3
Call = Callable[[str], Any]


def chat(question: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def faulty() -> list[dict[str, Any]]:
    """Rows with an unknown role, an empty answer and a secret."""
    key = "AKIA" + "Q7RZM3XW5T2LPV4N"
    rows = [chat(f"What is the number of room {n}?", f"It is {n}.") for n in range(60)]
    return [
        *rows,
        {"messages": [{"role": "usr", "content": "Hi"}]},
        chat("Hello", ""),
        chat("Which key?", f"Use {key}."),
    ]


def repeated() -> list[dict[str, Any]]:
    rows = [chat(f"When does shop number {n} in the old town open on a Monday morning?", f"At {n}.") for n in range(40)]
    return [*rows, *rows[:15]]


def contradicting() -> str:
    """The path of a file with two answers to one question."""
    rows = [chat(f"Is parking place {n} free of charge?", "Yes, it is.") for n in range(30)]
    rows += [chat("Is the pool open on Sunday?", "Yes, it is."), chat("Is the pool open on Sunday?", "No, it is not.")]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    Path("said.jsonl").write_text(text)
    return "said.jsonl"


def divided() -> pl.DataFrame:
    words = ["bread", "cheese", "honey", "pepper", "butter", "salt", "sugar", "flour", "rice", "beans"]
    questions = [f"What is the price of {one} with {other}?" for one in words for other in words]
    return pl.DataFrame([chat(question, f"{n} euros in shop {n % 7}.") for n, question in enumerate(questions)])


def check(_: str) -> Any:
    found = curate.check(faulty(), select=["M", "S", "C"])
    return found.findings.rows(), found.result.lines, list(found.result.paths)


def dedup(_: str) -> Any:
    found = curate.dedup(repeated())
    return found.removed.rows(), found.data, found.read, found.kept


def conflicts(_: str) -> Any:
    found = curate.conflicts("said.jsonl", embeddings="", nli="", same_question="")
    return found.pairs.rows()


def split(name: str) -> Any:
    found = curate.split(divided(), f"out-{name}", yes=True)
    proof = curate.verify(found)
    parts = {part: (found.folder / f"{part}.jsonl").read_bytes() for part in found.manifest.splits}
    return parts, [found.data[part].rows() for part in parts], proof.points.filter(name="nothing lost").rows()


@pytest.mark.slow
def test_four_verbs_in_four_threads() -> None:
    contradicting()
    calls: list[Call] = [check, dedup, conflicts, split]
    expected = [call("alone") for call in calls]
    assert all(expected)
    [(_, verdict, message)] = expected[3][2]
    assert (verdict, "all 100 input lines" in message) == ("proved", True), "data in memory is found again"
    begin = Barrier(len(calls))

    def run(call: Call) -> list[Any]:
        found = []
        for turn in range(ROUNDS):
            begin.wait()
            found.append(call(f"{call.__name__}-{turn}"))
        return found

    with ThreadPoolExecutor(len(calls)) as threads:
        for call, wanted, found in zip(calls, expected, threads.map(run, calls), strict=True):
            assert found == [wanted] * ROUNDS, call.__name__


@pytest.mark.slow
def test_one_verb_in_four_threads_reads_data_of_one_name_in_each() -> None:
    def rows(number: int) -> list[dict[str, Any]]:
        return [chat(f"What does item {n} of list {number} cost?", f"{n + number} euros.") for n in range(50)]

    def run(number: int) -> Any:
        found = curate.split(rows(number), f"out-{number}", yes=True)
        proof = curate.verify(found)
        return sorted(map(json.dumps, (row for part in found.data.values() for row in part))), proof.points.rows()

    expected = [run(number) for number in range(4)]
    assert [found[0] for found in expected] == [sorted(map(json.dumps, rows(number))) for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(run, range(4, 8))) == [run(number) for number in range(4, 8)]


def test_data_in_memory_is_proved_by_the_result_and_not_by_a_name() -> None:
    rows = [chat(f"What does item {n} cost?", f"{n} euros.") for n in range(50)]
    found = curate.split(rows, "out", yes=True)
    other = curate.check([chat("Hi", "Hello.")])
    [(_, verdict, _)] = curate.verify(found).points.filter(name="nothing lost").rows()
    assert (verdict, other.ok) == ("proved", True)
