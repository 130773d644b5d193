"""Expressions select the same examples in `curate query`, in `--where` of each command and in the filter of the review;
mistakes are told with their place, and no text makes the parser fail.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.expression import ExpressionError, condition_tree
from curate.project.decision_log import DecisionLog
from curate.read.condition import matches
from curate.read.dataset import read_lines
from curate.read.index import LineIndex
from curate.review import ReviewSession, views
from curate.review.query import mistake_in, parse, with_term
from tests.conftest import Write, chat, of_hundred, rows_of


def lines() -> list[dict[str, Any]]:
    """Examples of one to four turns, every third with a system message, with sources, scores and a tool."""
    made = []
    for number in range(40):
        turns = [{"role": "system", "content": "Be brief."}] * (number % 3 == 0)
        for turn in range(1 + number % 2):
            turns += [{"role": "user", "content": f"What is {number} and {turn}, Ann?"}]
            turns += [{"role": "assistant", "content": f"It is {number * 7 + turn}, as *was* said of {number}."}]
        line: dict[str, Any] = {"messages": turns, "source": ["web", "Book", "b*"][number % 3], "n": number / 4}
        line |= {"tags": ["old", f"t{number}"]} if number % 5 == 0 else {}
        line |= {"big": 10**400, "ok": number % 2 == 0} if number % 7 == 0 else {}
        made.append(line)
    made[4]["a/b~c"] = "yes"
    made[11]["messages"][0]["content"] = "half a pair \ud800 and NUL \0"
    return made


@pytest.fixture
def data(write: Write) -> Path:
    return write("data.jsonl", lines())


def selected(text: str, capsys: pytest.CaptureFixture[str]) -> list[int]:
    assert main(["query", text, "data.jsonl", "--json"]) == 0
    return [line["line"] for line in json.loads(capsys.readouterr().out)["selected"]]


def roles(line: dict[str, Any]) -> set[str]:
    return {message["role"] for message in line["messages"]}


def size(line: dict[str, Any]) -> int:
    return sum(len(message["content"]) for message in line["messages"])


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("turns >= 4", lambda line: len(line["messages"]) >= 4),
        ("turns>=4 and not role = system", lambda line: len(line["messages"]) == 4),
        ("role:system or field.n > 9", lambda line: "system" in roles(line) or line["n"] > 9),
        ("field.source = B*", lambda line: line["source"] in ("Book", "b*")),
        ("field.source = b[*]", lambda line: line["source"] == "b*"),
        ("field.source in (web, book) turns = 2", lambda line: line["source"] != "b*" and len(line["messages"]) == 2),
        ("field.tags = t5 or (field.tags = t10 and field.tags = old)", lambda line: line["n"] in (1.25, 2.5)),
        ("field.big > 1e300 and field.ok != true", lambda line: line.get("ok") is False),
        ("field.n = 2.50", lambda line: line["n"] == 2.5),
        ("field./a~1b~0c = yes", lambda line: line["n"] == 1),
        ("not field.tags ~ '.'", lambda line: "tags" not in line),
        ("answer contains 'as *was*' and question ~ '^what is 1\\d '", lambda line: 10 <= line["n"] * 4 < 20),
        ('question begins "WHAT  IS 3" -"39 and 1"', lambda line: line["n"] * 4 in (3, *range(30, 39))),
        ("line > 38 file = *.jsonl format = messages id ~ '^[0-9a-f]+$'", lambda line: line["n"] * 4 >= 38),
        ("rating >= 1 or verdict = drop", lambda _: False),
        ("tokens:>20 turns < 4", lambda line: size(line) > 80 and len(line["messages"]) < 4),
        ("(/half a pair/) or (tokens:>999)", lambda line: line["n"] == 2.75),
    ],
)  # fmt: skip
def test_an_expression_selects_lines(text: str, fits: Any, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert selected(text, capsys) == [number for number, line in enumerate(lines(), 1) if fits(line)]


def test_secrets_are_masked_in_what_is_printed(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    key = "ghp_" + "q7Zt2mXv9LrB4cKw8NdJ1sHy6PfG3aTe5UoR"
    write("data.jsonl", [("Is it mine? " + "a b " * 18 + key, "Yes.")])
    assert main(["query", "turns = 2", "data.jsonl"]) == 0
    assert main(["query", "turns = 2", "data.jsonl", "--json"]) == 0
    out = capsys.readouterr().out
    assert "mine?" in out
    assert key[:12] not in out


@pytest.mark.parametrize("word", ["or", "and"])
def test_a_long_chain_of_conditions_is_one_comparison_of_all(word: str, data: Path) -> None:
    text = f" {word} ".join(["line = 3"] * 600)
    lines = list(read_lines([data]))
    assert [number for number, fits in enumerate(matches(condition_tree(text), lines), 1) if fits] == [3]


def test_query_prints_places_and_counts_lines_without_an_example(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [("Hi\x1b[31m there", "Hello."), ("Bye", "Bye.")])
    with Path("data.jsonl").open("a") as file:
        file.write('{"kind": "none"}\n')
    assert main(["query", "user contains hi or field.kind = none", "data.jsonl"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == ["data.jsonl:1: Hi\\x1b[31m there", 'data.jsonl:3: {"kind": "none"}']
    assert "2 of 3 lines selected" in err
    assert "1 line without an example" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("trns >= 4", "column 1: no field is called trns; did you mean turns?"),
        ("turns >= 4 and sore = 3", "column 16: no field is called sore; a key of the line is written field.sore"),
        ("turns >= many", "column 10: many: not a number"),
        ("role < 3", "column 8: role is a text"),
        ("(turns > 3", "column 11: the parenthesis of column 1 is not closed"),
        ("turns > 3)", "column 10: ')' was not expected here"),
        ('user contains "a', "column 15: a quotation mark that is not closed"),
        ("text ~ '('", "column 8: not a regular expression: unclosed group"),
        ("is:drop or turns > 3", "column 1: is:drop selects entries of the review, not examples"),
        ("code:M0", "not examples next: list findings of a rule with `curate check --select CODE`"),
        ("score.endng > .7", "column 7: no signal is called endng; did you mean score.ending?"),
        ("score.fits > .7", "score.fits: needs a model"),
        ("", "column 1: the expression is empty"),
        ("turns = 2 AND line > 3", "column 11: 'AND' was not expected here"),
        ("NOT turns = 2", "column 1: 'NOT' was not expected here"),
        ("turns = 2 or or line = 3", "column 14: 'or' was not expected here"),
        ('field:source="a b"', "column 14: a quotation mark inside of a term"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(text: str, said: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", text, "data.jsonl"]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_field_that_nobody_knows_lists_those_there_are(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "data.jsonl", "--where", "sore = 3"]) == 2
    assert "numbers: turns, tokens" in " ".join(capsys.readouterr().err.split())


def test_check_reports_findings_about_selected_lines(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", [("Hi", ""), ("What?", ""), ("Bye", "Bye.")])
    assert main(["check", "data.jsonl", "--where", "user = what*", "--output-format", "json"]) == 1
    out, err = capsys.readouterr()
    assert {finding["line"] for finding in json.loads(out)["findings"]} == {2}
    assert "1 of 3 lines match --where user = what*" in err
    assert main(["check", "data.jsonl", "--where", "user = what*", "--fix"]) == 2
    assert main(["check", "data.jsonl", "--where", "user = nobody"]) == 2


@pytest.mark.parametrize("indent", [None, 1])
def test_check_reports_findings_about_selected_elements(indent: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [("Hi", ""), ("What?", ""), ("Bye", "Bye. "), ("What is it?", "It. ")]
    Path("data.json").write_text(json.dumps([chat(*text) for text in texts], indent=indent))
    assert main(["check", "data.json", "--select", "C", "--where", "user = what*", "--output-format", "json"]) == 1
    out, err = capsys.readouterr()
    assert [finding["code"] for finding in json.loads(out)["findings"]] == ["C003", "C015"]
    assert "2 of 4 lines match --where user = what*" in err


def test_stats_are_those_of_the_selected_lines(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", "data.jsonl", "--where", "role = system", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["examples"] == 14


@pytest.mark.slow
def test_split_records_what_is_not_selected_and_verify_proves_it(data: Path) -> None:
    assert main(["split", "data.jsonl", "-o", "out", "--where", "line <= 30", "-q"]) == 0
    removed = rows_of("out/removed.jsonl")
    assert {line["line"]: line["why"] for line in removed if line["decided_by"] == "where"} == dict.fromkeys(
        range(31, 41), "does not match --where line <= 30"
    )
    manifest = json.loads(Path("out/manifest.json").read_text())
    assert manifest["removed"]["reasons"]["where"] == 10
    assert main(["verify", "out", "-q"]) == 0
    assert main(["restore", "out", "data.jsonl:35"]) == 0


@pytest.mark.slow
def test_select_takes_only_selected_lines_and_removes_none_for_another(write: Write) -> None:
    write("data.jsonl", [("Hi there, Ann", "Hello."), ("Hi there, Ann", "Hello."), ("Bye", "Bye."), ("So?", "Yes.")])
    command = ["select", "data.jsonl", "--examples", "2", "--no-models", "-o", "kept.jsonl", "-q"]
    assert main([*command, "--where", "line >= 2 and line < 4"]) == 0
    removed = rows_of("kept.removed.jsonl")
    assert [(line["line"], line["decided_by"]) for line in removed] == [(1, "where"), (4, "where")]


def test_a_signal_of_the_text_is_computed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert selected("score.loops < 0", capsys) == []
    assert len(selected("score.loops >= 0 or score.loops < 0", capsys)) == 40


FIELDS = ["turns", "tokens", "role", "user", "field.n", "field.source", "field.tags", "score.ending", "trns", "line"]
TEXTS = st.lists(
    st.sampled_from([
        *FIELDS, "and", "or", "not", "in", "contains", "begins", "(", ")", ",", "=", "!=", "<", ">=", "~", "4", ".7",
        "-1e400", "web", "'a b'", '"', "'", "/x+/", "/(/", "role:tool", "-role:user", "tokens:>5", "is:drop", "-",
        "x:y", "\0", "\ud800", "*", "[", "b[*]", "$(id)", "__import__",
    ]) | st.text(max_size=4),
    max_size=14,
)  # fmt: skip


@pytest.mark.slow
@given(TEXTS, st.booleans())
def test_no_text_makes_the_parser_fail(words: list[str], spaced: bool) -> None:
    text = (" " if spaced else "").join(words)
    mistake_in(text)
    parse(text)
    with_term(text, "code:M0")
    path = Path("hostile.jsonl")
    if not path.exists():
        path.write_text(json.dumps({"messages": [], "n": [None, 1e999]}) + '\n{"x"\n' + json.dumps(lines()[11]) + "\n")
    with suppress(ExpressionError):
        assert len(matches(condition_tree(text), list(read_lines([path])))) == 3


@pytest.mark.parametrize(
    "text", ["(" * 10_000, "not " * 5_000, "turns>1 or " * 900 + "turns>1", "-" * 9_999, "a" * 10**5]
)
def test_long_and_deep_texts_are_refused_or_read(text: str) -> None:
    mistake_in(text)
    parse(text)
    with suppress(ExpressionError):
        condition_tree(text)


CONDITIONS = st.recursive(
    st.sampled_from([
        "turns >= 3", "turns = 2", "role = system", "role:tool", "field.source = b*", "field.n <= 4.5", "tokens > 20",
        "field.tags = old", "question begins 'What is 2'", "answer contains 9", "user ~ '[13]'", "line < 17", "half",
    ]),
    lambda part: st.tuples(part, st.sampled_from([" and ", " or ", " "]), part).map(lambda parts: f"({''.join(parts)})")
    | part.map(lambda inner: f"not {inner}"),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=of_hundred(15))
@given(CONDITIONS.map(lambda text: f"turns > 0 {text}"))
def test_where_and_the_filter_of_the_review_agree(text: str) -> None:
    path = Path("agree.jsonl")
    if not path.exists():
        path.write_text("".join(json.dumps(line) + "\n" for line in lines()))
    by_where = matches(condition_tree(text), list(read_lines([path])))
    index = LineIndex([path])
    list(index.build())
    session = ReviewSession(index, DecisionLog(Path("journal.jsonl")))
    session.grow()
    *_, view = views(session, "example", text)
    assert view.rows.tolist() == [row for row, fits in enumerate(by_where) if fits]


def test_a_term_is_added_to_an_expression_as_a_whole() -> None:
    assert with_term("turns > 3 or role = tool", "code:M0") == "(turns > 3 or role = tool) code:M0"
    assert with_term("turns > 3", "code:M0") == "turns > 3 code:M0"
    assert (
        mistake_in("(turns > 3 or role = tool) code:M0 is:dropt") == "is:dropt: no such status; did you mean is:drop?"
    )
    assert mistake_in("salt and pepper or not") == ""
    assert parse("salt and pepper").words == ("salt", "and", "pepper")


@pytest.mark.parametrize("escaped", [False, True])
def test_a_search_finds_the_turkish_capital_i(escaped: bool) -> None:
    path = Path("turkish.jsonl")
    texts = ("\u0130ptal edildi", "iptal edildi", "tamam")
    path.write_text("".join(json.dumps(chat(text, "Evet."), ensure_ascii=escaped) + "\n" for text in texts), "utf-8")
    index = LineIndex([path])
    list(index.build())
    session = ReviewSession(index, DecisionLog(Path("journal.jsonl")))
    session.grow()
    *_, view = views(session, "example", "iptal edildi")
    assert view.rows.tolist() == [0, 1]
