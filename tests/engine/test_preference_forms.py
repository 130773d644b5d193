"""Every form of preference data is written in every other one without a loss, or refused with the reason."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.commands.convert import LINES_PER_PART, ConvertResult
from curate.commands.convert import convert as convert_data
from curate.core.decision import Decision
from curate.core.errors import InputError
from curate.core.example import Place
from curate.output.edited import decided_id
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from curate.read.dataset import read_dataset
from curate.read.form_writer import normal_messages
from curate.read.formats import WRITABLE, example_of
from curate.read.forms.form import PreferencePair, UnwritableError
from curate.read.preference_conversion import labelled_rows, write_pair_as
from curate.verify import reading as verify_reading
from tests import strategies
from tests.conftest import Write, chat, rows_of
from tests.strategies import broken
from tests.workspaces import workspace

Captured = pytest.CaptureFixture[str]
Row = dict[str, Any]
OUT, ASIDE = Path("out.jsonl"), Path("out.unconverted.jsonl")
PAIR_FORMS = sorted(name for name, form in WRITABLE.items() if form.write_pair)
LABEL_FORMS = sorted(name for name, form in WRITABLE.items() if form.label)
REAL_ROWS = [
    json.loads(line)
    for path in sorted((Path(__file__).parent.parent / "data" / "preferences").glob("*.jsonl"))
    for line in path.read_text("utf-8").splitlines()
]
REAL_PAIRS = [row for row in REAL_ROWS if "label" not in row]
PAIR = {"prompt": "Hi", "chosen": "Hello.", "rejected": "Go away."}


def convert(rows: list[Row], to: str) -> ConvertResult:
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return convert_data(workspace([Path("data.jsonl")]), OUT, ASIDE, to=to, overwrite=True)


def written() -> list[Row]:
    return rows_of(OUT)


def reasons() -> list[str]:
    return [json.loads(line)["why"] for line in ASIDE.read_bytes().splitlines()]


def proof(row: Row) -> tuple[Any, ...]:
    """Both sides of a row, by the reader of `curate verify`."""
    found = verify_reading.read(verify_reading.loads(json.dumps(row).encode()))
    return tuple([(turn.role, turn.text, turn.calls) for turn in side] for side in (found.turns, found.others))


def label_proof(row: Row) -> tuple[Any, bool]:
    return proof(row)[0], row["label"] if "label" in row else row["kto_tag"]


words = st.sampled_from(["Hi", "Why?", "Ä 1", '{"a": 1}', "x\ny", "[1]", " y ", "Human: me", "<|im_start|>"])
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
TOOLS = [{"type": "function", "function": {"name": "f", "description": "F.", "parameters": SCHEMA}}]


def message(role: str, text: str) -> Row:
    return {"role": role, "content": text}


@st.composite
def sides(draw: st.DrawFn) -> list[Row]:
    """An answer, rarely with a call before it or a further question after it."""
    answer = message("assistant", draw(words))
    kind = draw(st.sampled_from(["answer", "answer", "answer", "call", "more"]))
    if kind == "more":
        return [answer, message("user", draw(words)), message("assistant", draw(words))]
    if kind == "answer":
        return [answer]
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    result = {"role": "tool", "tool_call_id": "call_1", "content": draw(words)}
    return [{"role": "assistant", "content": None, "tool_calls": [call]}, result, answer]


@st.composite
def pairs(draw: st.DrawFn) -> PreferencePair:
    prompt = [message("system", draw(words))] if draw(st.booleans()) else []
    for _ in range(draw(st.sampled_from([0, 0, 1]))):
        prompt += [message("user", draw(words)), message("assistant", draw(words))]
    prompt.append(message("user", draw(words)))
    chosen, rejected = draw(sides()), draw(sides())
    called = any("tool_calls" in turn for turn in chosen + rejected)
    beside: list[Row] = [{}, {"id": 7}, {"source": "x", "score_chosen": 1.5}]
    rest = draw(st.sampled_from(beside))
    return PreferencePair(prompt, chosen, rejected, TOOLS if called else None, rest)


@given(pair=pairs(), source=st.sampled_from(PAIR_FORMS), target=st.sampled_from(PAIR_FORMS))
def test_a_pair_is_the_same_in_every_form_and_back(pair: PreferencePair, source: str, target: str) -> None:
    try:
        row = write_pair_as(WRITABLE[source], pair).value
    except UnwritableError:
        return
    report = convert([row], target)
    if report.aside:
        assert reasons()[0].startswith(f"cannot be written as {target}: ")
        return
    (other,) = written()
    if pair.chosen[0] != pair.rejected[0]:  # the reader of `verify` leaves out all that two whole conversations share
        assert proof(other) == proof(row)
    assert {key: other.get(key) for key in pair.rest} == pair.rest
    assert convert([other], source).converted == 1
    (again,) = written()
    assert again == row


@given(pair=pairs(), source=st.sampled_from(PAIR_FORMS), target=st.sampled_from(LABEL_FORMS))
def test_a_pair_becomes_two_labelled_rows_and_these_the_pair(pair: PreferencePair, source: str, target: str) -> None:
    try:
        row = write_pair_as(WRITABLE[source], pair).value
    except UnwritableError:
        return
    report = convert([row], target)
    if report.aside:
        assert reasons()[0].startswith(f"cannot be written as {target}: ")
        return
    rows = written()
    assert (report.added, [label_proof(one)[1] for one in rows]) == (1, [True, False])
    assert label_proof(rows[0])[0] == proof(row)[0]
    assert [label_proof(rows[1])[0][-1]] == (proof(row)[1] if pair.chosen != pair.rejected else proof(row)[0][-1:])
    report = convert(rows, source)
    assert (report.read, report.converted, report.joined, written()) == (2, 2, 1, [row])


@given(pair=pairs(), source=st.sampled_from(LABEL_FORMS), target=st.sampled_from(LABEL_FORMS))
def test_a_labelled_row_is_the_same_in_every_form_and_back(pair: PreferencePair, source: str, target: str) -> None:
    try:
        rows = [one.value for one in labelled_rows(WRITABLE[source], pair)]
    except UnwritableError:
        return
    if convert(rows, target).aside:
        return
    others = written()
    assert list(map(label_proof, others)) == list(map(label_proof, rows))
    convert(others, source)
    assert written() == rows


@pytest.mark.parametrize("name", [*PAIR_FORMS, *LABEL_FORMS])
def test_every_form_holds_one_question_with_two_answers_and_is_written_as_it_is_read(name: str) -> None:
    assert convert([{**PAIR, "id": 7}], name).converted == 1
    rows = written()
    assert convert(rows, name).aside == 0
    assert written() == rows


@pytest.mark.parametrize("target", PAIR_FORMS)
def test_real_pairs_are_the_same_in_every_form_and_back(target: str) -> None:
    for row in REAL_PAIRS:
        report = convert([row], target)
        if report.aside:
            assert target in ("preference", "ultrafeedback", "verl-preference", "hh-rlhf"), reasons()
            continue
        (other,) = written()
        assert proof(other) == proof(row)
        assert convert([other], "openai-preference").converted == 1
        assert proof(written()[0]) == proof(row)


@pytest.mark.parametrize("target", LABEL_FORMS)
def test_real_labelled_rows_keep_their_labels(target: str) -> None:
    rows = [row for row in REAL_ROWS if "label" in row]
    assert convert(rows, target).converted == len(rows)
    assert list(map(label_proof, written())) == list(map(label_proof, rows))


CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CHAT: Row = {
    "prompt": [message("user", "Hi")],
    "chosen": [message("assistant", "Hello.")],
    "rejected": [message("assistant", "No.")],
}
LONG: Row = {**CHAT, "chosen": [*CHAT["chosen"], message("user", "And?"), message("assistant", "Yes.")]}
SYSTEM: Row = {**CHAT, "prompt": [message("system", "Be brief."), message("user", "Hi")]}


@pytest.mark.parametrize(
    ("row", "to", "why"),
    [
        (SYSTEM, "preference", "the prompt is not one user message; preference-chat holds it"),
        (SYSTEM, "hh-rlhf", "a message of role 'system'"),
        (SYSTEM, "ultrafeedback", "the prompt is not one user message"),
        (LONG, "openai-preference", "the chosen side is not one message of the assistant"),
        (LONG, "kto-chat", "a side is not one message of the assistant"),
        ({**CHAT, "tools": TOOLS}, "axolotl-preference", "tools and tool calls"),
        ({**PAIR, "chosen": " y "}, "hh-rlhf", "the chosen side would not read back the same"),
        (
            {**LONG, "rejected": [*LONG["chosen"][:2], message("assistant", "No.")]},
            "preference-implicit",
            "both sides begin with the same message",
        ),
        ({**PAIR, "output": "x"}, "alpaca-kto", "the line has a key 'output'"),
        ({**PAIR, "instruction": "x"}, "alpaca-preference", "`prompt` beside sides that hold another prompt"),
        ({"chosen": "Hello.", "rejected": "No."}, "openai-preference", "there is no prompt"),
        ({**PAIR, "rejected": 7}, "preference-chat", "the rejected side is neither text nor messages"),
        (chat("Hi", "Hello."), "preference", "the line has no rejected answer"),
        (
            {"input": {"messages": [message("user", "Hi")]}, "preferred_output": [message("assistant", "A")]},
            "openai-preference",
            "the line has no rejected answer",
        ),
        (chat("Hi", "Hello."), "kto", "the line has no label and no rejected answer"),
        ({**chat("Hi", "Hello."), "label": True}, "preference", "no line next to it has the same prompt"),
    ],
)
def test_what_a_form_cannot_hold_is_refused_with_the_reason(row: Row, to: str, why: str) -> None:
    assert convert([row], to).aside == 1
    assert why in reasons()[0]
    assert written() == []


def test_sides_that_hold_the_prompt_are_the_prompt_and_two_answers() -> None:
    hello, no = ([message("user", "Hi"), message("assistant", text)] for text in ("Hello.", "No."))
    beside: Row = {"prompt": "Hi", "messages": hello, "chosen": hello, "rejected": no, "score_chosen": 8.0}
    rows: list[Row] = [
        {"chosen": hello, "rejected": no},
        {"prompt": "Hi", "chosen": hello, "rejected": no},
        {"messages": hello, "rejected_messages": no},
        {"messages": hello, "chosen": hello[1:], "rejected": no[1:]},
        {"chosen_messages": hello, "rejected_messages": no},
        {"prompt": hello[:1], "chosen": hello[1:], "rejected": no},
    ]
    assert convert(rows, "preference").converted == len(rows)
    assert written() == [{"prompt": "Hi", "chosen": "Hello.", "rejected": "No."}] * len(rows)
    assert convert([beside], "openai-preference").converted == 1
    assert proof(written()[0]) == ([("user", "Hi", ""), ("assistant", "Hello.", "")], [("assistant", "No.", "")])


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Ho", "chosen": chat("Hi", "A")["messages"], "rejected": chat("Hi", "B")["messages"]},
        {**chat("Hi", "A"), "chosen": chat("Ho", "A")["messages"], "rejected": chat("Ho", "B")["messages"]},
        {"prompt": [message("user", "Hi")], "chosen": "A", "rejected": chat("Ho", "B")["messages"]},
    ],
)
def test_sides_with_another_prompt_are_refused(row: Row) -> None:
    assert convert([row], "preference-chat").aside == 1


def test_labelled_rows_next_to_each_other_become_a_pair_across_parts_and_no_others() -> None:
    good, bad = ({"prompt": "Hi", "completion": text, "label": text == "A"} for text in "AB")
    alone = [{"prompt": str(n), "completion": "x", "label": True} for n in range(LINES_PER_PART - 1)]
    report = convert([*alone, bad, good, good], "preference")
    assert (report.read, report.converted, report.joined) == (LINES_PER_PART + 2, 2, 1)
    assert written() == [{"prompt": "Hi", "chosen": "A", "rejected": "B"}]
    assert len(reasons()) == report.aside == LINES_PER_PART
    report = convert([{**good, "id": 1}, {**bad, "id": 2}], "preference")
    assert (report.aside, reasons()) == (
        2,
        ["cannot be written as preference: the rows of both answers differ in `id`"] * 2,
    )


def test_a_dropped_answer_is_no_side_of_a_pair(write: Write) -> None:
    rows = [{"prompt": "Hi", "completion": text, "label": text == "A"} for text in "AB"]
    path = write("data.jsonl", rows)
    keys = [decided_id(parsed) for parsed in read_dataset([path]).lines]
    DecisionLog(Project(Path()).decisions).add(Decision(example=keys[1], verdict="drop"))
    assert main(["convert", str(path), "--to", "preference", "-o", str(OUT), "-q"]) == 1
    assert (written(), len(reasons())) == ([], 2)
    assert "no line next to it has the same prompt" in reasons()[0]


@pytest.mark.slow
@given(values=st.lists(strategies.lines, min_size=1, max_size=4), to=st.sampled_from([*PAIR_FORMS, *LABEL_FORMS]))
def test_half_valid_lines_are_written_or_refused(values: list[Row], to: str) -> None:
    with suppress(InputError):  # no line holds an example
        report = convert(values, to)
        assert report.read == report.converted + report.aside == len(values)
        assert len(written()) == report.converted + report.added - report.joined


@pytest.mark.slow
def test_broken_pairs_are_written_or_refused() -> None:
    rows = [*REAL_ROWS, PAIR, CHAT, LONG, RANKED, {**PAIR, "label": True}]
    values = [broken(seed, rows) for seed in range(400)]
    for to in (*PAIR_FORMS, *LABEL_FORMS):
        report = convert(values, to)
        assert report.read == report.converted + report.aside == len(values)


RANKED = {
    "instruction": "Q",
    "models": ["a", "b", "c"],
    "completions": [
        {"response": "worst", "overall_score": 2.0, "model": "a"},
        {"response": "best", "overall_score": 9.5},
        {"response": "middle", "overall_score": 5},
    ],
}


def test_a_ranking_is_read_as_its_best_answer_against_its_worst() -> None:
    report = convert([RANKED], "preference")
    assert written() == [{"prompt": "Q", "chosen": "best", "rejected": "worst", "models": ["a", "b", "c"]}]
    assert dict(report.omitted) == {"scores and other answers of a ranking": 1}
    assert proof(RANKED) == ([("user", "Q", ""), ("assistant", "best", "")], [("assistant", "worst", "")])
    assert convert([RANKED], "ultrafeedback").converted == 1
    assert written() == [RANKED]


@pytest.mark.parametrize(
    "answers",
    [
        [{"response": "a", "overall_score": 1}, {"response": "b", "overall_score": 1}],
        [{"response": "a", "overall_score": 1}, {"response": "b"}],
        [{"response": "a", "overall_score": True}, {"response": "b", "overall_score": 0}],
    ],
)
def test_a_ranking_without_a_best_answer_is_reported(answers: list[Row]) -> None:
    found = example_of({"instruction": "Q", "completions": answers}, Place("data.jsonl", 1))
    assert found.format == "unknown"
    assert found.defect is not None
    assert found.defect[1].startswith("not readable as ultrafeedback")


def test_tools_and_flags_of_openai_s_form_stand_where_the_other_form_has_them() -> None:
    row = {
        "input": {"messages": [message("user", "Hi")], "tools": TOOLS, "parallel_tool_calls": False},
        "preferred_output": [message("assistant", "A")],
        "non_preferred_output": [message("assistant", "B")],
    }
    convert([row], "preference-chat")
    assert written()[0]["tools"] == TOOLS
    convert(written(), "openai-preference")
    assert written() == [row]


def test_weights_that_say_what_is_trained_anyway_are_left_out() -> None:
    convert([REAL_PAIRS[-1]], "preference-chat")
    assert "chosen_messages" in REAL_PAIRS[-1]
    assert all(turn.keys() == {"role", "content"} for key in ("prompt", "chosen") for turn in written()[0][key])
    convert(written(), "llama-factory-preference")
    assert written() == [REAL_PAIRS[-1]]


def test_calls_of_sharegpt_s_prompts_stay_calls() -> None:
    call = {"from": "function_call", "value": '{"name": "f", "arguments": {}}'}
    turns = [{"from": "human", "value": "Hi"}, call, {"from": "observation", "value": "1"}]
    row = {"conversations": turns, "chosen": {"from": "gpt", "value": "A"}, "rejected": {"from": "gpt", "value": "B"}}
    assert convert([{**row, "tools": json.dumps(TOOLS)}], "preference-chat").converted == 1
    calls = [turn for turn in normal_messages(written()[0]["prompt"]) if "tool_calls" in turn]
    assert [one["tool_calls"][0]["function"]["name"] for one in calls] == ["f"]
    assert written()[0]["tools"] == TOOLS


def test_the_command_lists_the_forms_and_names_the_one_that_keeps_both_sides(write: Write, capsys: Captured) -> None:
    path = str(write("data.jsonl", [PAIR]))
    assert main(["convert", path, "-o", str(OUT)]) == 1
    assert "--to preference-chat keeps both sides, and --chosen converts the chosen side" in reasons()[0]
    assert main(["convert", path, "-o", str(OUT), "--to", "openai-preference", "--overwrite"]) == 0
    assert main(["convert", path, "-o", str(OUT), "--to", "kto", "--overwrite"]) == 0
    assert "1 line added" in capsys.readouterr().out
    assert main(["convert", path, "-o", str(OUT), "--to", "kto", "--chosen", "--overwrite"]) == 2
    assert "--chosen omits the rejected side, which --to kto keeps" in capsys.readouterr().err
    main(["convert", "--help"])
    shown = "".join(capsys.readouterr().out.split())
    assert all(name in shown for name in (*PAIR_FORMS, *LABEL_FORMS))


NO = "I'm sorry, but I can't help with that."
SWAPPED: list[tuple[Row, Row]] = [
    (
        {"id": 7, "prompt": "Hi", "chosen": NO, "rejected": "2"},
        {"id": 7, "prompt": "Hi", "chosen": "2", "rejected": NO},
    ),
    (
        {"chosen": chat("Hi", NO)["messages"], "rejected": chat("Hi", "2")["messages"]},
        {"chosen": chat("Hi", "2")["messages"], "rejected": chat("Hi", NO)["messages"]},
    ),
    (
        {
            "input": {"messages": [message("user", "Hi")]},
            "preferred_output": [message("assistant", NO)],
            "non_preferred_output": [message("assistant", "2")],
        },
        {
            "input": {"messages": [message("user", "Hi")]},
            "preferred_output": [message("assistant", "2")],
            "non_preferred_output": [message("assistant", NO)],
        },
    ),
]


@pytest.mark.parametrize(("row", "swapped"), SWAPPED)
def test_swapped_sides_are_put_right_only_when_unsafe_fixes_are_allowed(
    row: Row, swapped: Row, write: Write, capsys: Captured
) -> None:
    path = write("data.jsonl", [row])
    main(["check", str(path), "--select", "P008", "--fix"])
    assert json.loads(path.read_bytes()) == row
    assert main(["check", str(path), "--select", "P008", "--fix", "--unsafe-fixes"]) == 0
    assert json.loads(path.read_bytes()) == swapped
    assert "P008" in capsys.readouterr().out


def test_sides_with_a_score_are_not_swapped(write: Write) -> None:
    row = {"prompt": "Hi", "chosen": NO, "rejected": "2", "score_chosen": 9.0, "score_rejected": 1.0}
    path = write("data.jsonl", [row])
    before = path.read_bytes()
    main(["check", str(path), "--select", "P008", "--fix", "--unsafe-fixes"])
    assert path.read_bytes() == before
