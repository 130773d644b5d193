"""Conversations that another one begins with go when that is asked for, and only for one that stays."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cli.main import main
from curate.commands.dedup import DedupResult
from curate.core.config import DedupConfig
from curate.core.decision import Decision
from curate.core.example import Example
from curate.dedup.near_duplicates import find_duplicates_in
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from curate.read.dataset import read_dataset
from tests.conftest import Write, of_hundred
from tests.workspaces import plan

TURNS = ("Hi", "Hello.", "Name a tree that grows tall in the woods of Europe.", "A beech.", "And a bird?", "A tit.")


def said(*texts: str, **other: Any) -> dict[str, Any]:
    return {
        "messages": [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)],
        **other,
    }


def removed(planned: DedupResult) -> list[tuple[str, int, int]]:
    return [(lost.code, lost.place.line, lost.kept_place.line) for lost in planned.duplicates]


def test_beginnings_go_for_the_longest_one_and_only_when_asked(write: Write) -> None:
    path = write("data.jsonl", [said(*TURNS[:2]), said(*TURNS), said(*TURNS[:4], id=7), said(TURNS[0])])
    assert removed(plan([path], DedupConfig())) == []
    assert removed(plan([path], DedupConfig(beginnings=True))) == [("D007", 1, 2), ("D007", 3, 2)]


@pytest.mark.parametrize(
    "roles", [("human", "gpt"), ("Human", "Assistant"), ("prompter", "AI"), ("question", "answer")]
)
def test_aliases_of_roles_count_as_the_roles_in_all_commands(write: Write, roles: tuple[str, str]) -> None:
    longer = said(*TURNS[:4])
    renamed = [{**turn, "role": roles[n % 2]} for n, turn in enumerate(longer["messages"])]
    path = write("data.jsonl", [said(*TURNS[:2]), {"messages": renamed}, longer])
    Path("curate.toml").write_text('[check]\nignore = ["M007"]\n')
    assert main(["dedup", str(path), "--beginnings", "-o", "out.jsonl"]) == 0
    assert len(Path("out.jsonl").read_text().splitlines()) == 1
    other = [{**turn, "role": roles[n % 2]} for n, turn in enumerate(said("Name a fish.", "A carp.")["messages"])]
    write("train.jsonl", [{"messages": renamed}])
    write("test.jsonl", [{"messages": other}])
    assert main(["verify", "."]) == 0
    write("test.jsonl", [longer])
    assert main(["verify", "."]) == 1


def test_a_beginning_stays_where_no_longer_one_does(write: Write) -> None:
    long = (
        "It keeps well in a cool dry cellar until the first frost comes and then it has to be eaten within some days "
        "or it goes bad"
    )
    path = write(
        "data.jsonl",
        [
            said("Hi", "Hello."),
            said("Hi", "Hello.", "How long?", long),
            said("Hi!", "Hello.", "How long?", f"{long}, I think"),
        ],
    )
    assert removed(plan([path], DedupConfig(beginnings=True, keep="longest"))) == [("D003", 2, 3)]


def test_copies_of_a_beginning_go_for_the_same_one(write: Write) -> None:
    path = write("data.jsonl", [said("Hi", "Hello."), said("Hi", "Hello."), said(*TURNS)])
    assert removed(plan([path], DedupConfig(beginnings=True))) == [("D007", 1, 3), ("D007", 2, 3)]


def test_what_a_person_keeps_stays_and_new_beginnings_go_for_old_ones_only(write: Write) -> None:
    old, new = (
        write("old.jsonl", [said(*TURNS[:4])]),
        write("new.jsonl", [said(*TURNS[:2]), said("Bye", "See you."), said("Bye", "See you.", "So?", "Yes.")]),
    )
    config = DedupConfig(beginnings=True)
    assert removed(plan([new], config, against=[old])) == [("D007", 1, 1)]
    assert removed(plan([new], config)) == [("D007", 2, 3)]
    kept = read_dataset([new]).examples[1].id
    DecisionLog(Project(Path.cwd()).decisions).add(Decision(example=kept, verdict="keep"))
    assert removed(plan([new], config, decisions=DecisionLog(Project(Path.cwd()).decisions).verdicts())) == []


def test_removed_beginnings_are_counted_and_listed_in_every_report(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [said(*TURNS[:2]), said(*TURNS)])
    assert main(["dedup", "data.jsonl", "--beginnings", "--explain", "-o", "out.jsonl", "--html", "report.html"]) == 0
    out = capsys.readouterr().out
    assert "data.jsonl:1: D007" in out
    assert "2 lines read = 1 kept + 1 removed (0 exact, 0 near, 1 beginning)" in out
    assert json.loads(Path("out.removed.jsonl").read_bytes())["why"] == "beginning of a longer conversation"
    assert "<b>1</b>beginnings" in Path("report.html").read_text()


chains = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.sampled_from([None, 1])), min_size=1, max_size=8
)


@pytest.mark.slow
@settings(max_examples=of_hundred(50))
@given(chains, st.randoms(use_true_random=False))
def test_each_goes_for_one_that_stays_and_says_more_whatever_the_order(
    made: list[tuple[str, int, int | None]], rng: random.Random
) -> None:
    values = [
        said(*(f"{name}{at // 2} {TURNS[at % 6]}" for at in range(2 * turns)), **({"id": key} if key else {}))
        for name, turns, key in made
    ]
    config, outcomes = DedupConfig(beginnings=True, keep="longest"), []
    for _ in range(2):
        Path("data.jsonl").write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
        examples = read_dataset([Path("data.jsonl")]).examples
        planned, found = plan([Path("data.jsonl")], config), find_duplicates_in(examples, config)
        by_line: dict[int, Example] = {example.place.line: example for example in examples}
        gone = {lost.place.line for lost in planned.duplicates}
        for code, line, kept in removed(planned):
            assert kept not in gone
            if code == "D007":
                turns, longer = by_line[line].value["messages"], by_line[kept].value["messages"]
                assert len(turns) < len(longer)
                assert turns == longer[: len(turns)]
        assert sorted(removed(planned)) == sorted(
            (lost.code, lost.place.line, lost.kept_place.line) for lost in found.duplicates
        )
        outcomes.append(sorted((lost.code, lost.example, lost.kept) for lost in planned.duplicates))
        rng.shuffle(values)
    assert outcomes[0] == outcomes[1]
