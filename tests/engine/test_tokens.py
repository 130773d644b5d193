"""Family K promises what training does: the same lines, for the same reasons."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.core.config import CheckConfig
from curate.core.errors import ModelError
from curate.lint.runner import check_paths
from curate.models.template import Template, load_template
from tests.conftest import Write, chat, of_hundred, rows_of
from tests.strategies import conversations, lines
from tests.tinymodel import MAX_LENGTH, model
from tests.trainer.tiny import load_split, make_tokenizer
from train.recipe import Recipe

LONG = "Mercury, Venus, Earth and Mars are rock; Jupiter and Saturn are gas; Uranus and Neptune are ice."
CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"id": "1", "type": "function", "function": {"name": "now", "arguments": "{}"}}],
}
KNOWN: list[Any] = [
    chat("Hi", "Hello."),
    chat("Hi", LONG),
    chat(LONG, "Hello."),
    chat("Hi", ""),
    chat("", ""),
    chat("Hi", "Hello.", LONG),
    chat("Say <|im_end|>", "<|im_end|>"),
    {"messages": []},
    {"messages": "Hi"},
    {"messages": ["Hi", {"role": "assistant", "content": "Hello."}]},
    {"other": 1},
    {"messages": [{"role": "user", "content": "Hi"}]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None}]},
    {
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "narrator", "content": "So."},
            {"role": "assistant", "content": "Hello."},
        ]
    },
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 0}]},
    {"messages": [{"role": "assistant", "content": "Hello."}]},
    {"messages": [{"role": "user", "content": "Hi"}, CALL]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "\ud800"}]},
    {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": LONG}]},
    {"instruction": "Hi", "output": "Hello."},
    {"instruction": LONG, "input": LONG, "output": "Hello."},
    {"prompt": "Hi", "completion": "Hello."},
    {"prompt": "Hi", "chosen": "Hello.", "rejected": LONG},
]
REFUSING = ("K001", "K004", "K011")
STRUCTURE = ("M001", "M002", "M003", "M004")


def refused_by_training(folder: Path) -> dict[int, set[str]]:
    recipe = Recipe.model_validate(
        {
            "model": model(),
            "data": str(folder),
            "max_length": MAX_LENGTH,
            "over_length": "leave-out",
            "untrainable": "leave-out",
        }
    )
    left_out = load_split(folder, "train", load_template(model()), recipe).left_out
    return {
        one.line: {reason.split(" ")[0] for reason in one.reason.split("; ") if reason[0] == "K"} for one in left_out
    }


def told_by_check(path: Path) -> dict[int, set[str]]:
    config = CheckConfig(select=(*REFUSING, *STRUCTURE), model=model(), max_length=MAX_LENGTH)
    told: dict[int, set[str]] = {}
    for finding in check_paths([path], config).findings:
        told.setdefault(finding.line, set()).add(finding.code)
    return told


def stands(value: Any, pointer: str) -> bool:
    """Whether a pointer leads to something."""
    try:
        for part in pointer.split("/")[1:]:
            value = value[int(part) if isinstance(value, list) else part.replace("~1", "/").replace("~0", "~")]
    except (KeyError, IndexError, TypeError):
        return False
    return True


def agree(values: list[Any]) -> None:
    folder = Path("split")
    folder.mkdir(exist_ok=True)
    path = folder / "train.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in [*values, chat("Hi", "Hello.")]))
    refused, told = refused_by_training(folder), told_by_check(path)
    assert {line: codes & set(REFUSING) for line, codes in told.items() if codes & set(REFUSING)} == {
        line: codes for line, codes in refused.items() if codes
    }
    assert all(told[line] & set(STRUCTURE) for line, codes in refused.items() if not codes)


@pytest.mark.slow
@pytest.mark.xdist_group("trainer")
def test_the_lines_that_training_refuses_are_those_that_check_tells_and_for_the_same_reason() -> None:
    agree(KNOWN)
    refused = refused_by_training(Path("split"))
    assert {"K001", "K004", "K011"} == set().union(*refused.values())
    assert 10 < len(refused) < len(KNOWN)


@pytest.mark.slow
@pytest.mark.xdist_group("trainer")
@settings(max_examples=of_hundred(60), deadline=None)
@given(st.lists(lines | conversations(), max_size=5))
def test_any_lines_that_training_refuses_are_those_that_check_tells(values: list[dict[str, Any]]) -> None:
    agree(values)


@pytest.mark.slow
@settings(max_examples=of_hundred(60), deadline=None)
@given(st.lists(lines | conversations(), max_size=5))
def test_no_data_breaks_a_rule_or_makes_the_mask_reach_beyond_a_sound_answer(values: list[dict[str, Any]]) -> None:
    path = Path("data.jsonl")
    path.write_text(
        "".join(json.dumps({key: item for key, item in value.items() if key != "tools"}) + "\n" for value in values)
    )
    report = check_paths([path], CheckConfig(select=("K",), model=model(), max_length=MAX_LENGTH))
    assert "K012" not in report.codes
    written = rows_of(path)
    assert all(stands(written[finding.line - 1], finding.pointer) for finding in report.findings if finding.line)


def test_without_a_model_no_rule_of_the_family_runs(write: Write) -> None:
    assert check_paths([write("data.jsonl", KNOWN[:1])], CheckConfig(select=("K",), max_length=1)).findings == []


def test_a_model_that_is_not_there_is_told_with_the_next_step(write: Write) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        check_paths([write("data.jsonl", KNOWN[:1])], CheckConfig(model="./missing"))


@pytest.mark.slow
def test_what_a_template_drops_is_told_once_for_each_message(write: Write) -> None:
    turns = [
        {"role": role, "content": f"{role} speaks"} for role in ("developer", "user", "assistant", "user", "assistant")
    ]
    path = write("data.jsonl", [{"messages": turns}])
    report = check_paths([path], CheckConfig(select=("K005",), model=model(), max_length=MAX_LENGTH))
    assert [(finding.line, finding.pointer) for finding in report.findings] == [(1, "/messages/0/content")]


# What stands beside or instead of content

CALLING = [{"id": "1", "type": "function", "function": {"name": "now", "arguments": '{"zone": "UTC"}'}}]
STRICT = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + (m.content + '' if m.content is string else m.content "
    "| trim) }}"
)
FILLED = STRICT + "{% for c in m.tool_calls or [] %}{{ c.function.name }}{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}"
CALLED = FILLED + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"


@pytest.mark.parametrize("content", [{"content": None}, {}, {"content": ""}])
@pytest.mark.parametrize(
    "template", [CALLED, CALLED.replace("m.content | trim", "m.content + ''")], ids=["written as None", "refused"]
)
def test_null_content_beside_a_call_is_rendered_as_no_text(template: str, content: dict[str, Any]) -> None:
    value = {
        "messages": [{"role": "user", "content": "Time?"}, {"role": "assistant", **content, "tool_calls": CALLING}]
    }
    (text,) = Template(make_tokenizer(template)).render(value).texts
    assert text.text[text.spans[0].start : text.spans[0].end] == "now<|im_end|>"


def test_null_content_that_would_be_learnt_as_a_word_is_a_problem_and_beside_a_call_no_text() -> None:
    tokenizer = make_tokenizer(CALLED)

    def as_before(turns: list[dict[str, Any]], **_: Any) -> str:
        """What transformers does to null in older versions: nothing."""
        return "".join(
            f"<|im_start|>{turn['role']}\n{turn['content']}{'now' if 'tool_calls' in turn else ''}<|im_end|>\n"
            for turn in turns
        )

    tokenizer.apply_chat_template = as_before
    value: dict[str, Any] = {"messages": [{"role": "user", "content": "Time?"}, {"role": "assistant", "content": None}]}
    (problem,) = Template(tokenizer).encode(value).problems
    assert (problem.code, "the word None" in problem.message) == ("K004", True)
    value["messages"][1]["tool_calls"] = CALLING
    (text,) = Template(tokenizer).render(value).texts
    assert text.text.endswith("assistant\nnow<|im_end|>")


@pytest.mark.parametrize(
    "answer", [{"content": [{"type": "refusal", "refusal": "No."}]}, {"content": None, "refusal": "No."}]
)
def test_a_refusal_is_trained_on_as_the_text_that_it_is(answer: dict[str, Any]) -> None:
    (text,) = (
        Template(make_tokenizer(CALLED))
        .render({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", **answer}]})
        .texts
    )
    assert text.text[text.spans[0].start : text.spans[0].end] == "No.<|im_end|>"


def test_a_call_in_the_older_form_that_the_template_leaves_out_is_a_problem() -> None:
    answer = {"role": "assistant", "content": "", "function_call": {"name": "now", "arguments": "{}"}}
    (problem,) = (
        Template(make_tokenizer(CALLED)).encode({"messages": [{"role": "user", "content": "Hi"}, answer]}).problems
    )
    assert (problem.code, "does not render the call of now" in problem.message) == ("K004", True)


def test_an_image_is_told_to_be_left_out_of_training() -> None:
    parts = CALLED.replace("m.content | trim", "m.content | map(attribute='type') | join")
    asked = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.b/c.png"}}]}
    encoding = Template(make_tokenizer(parts)).encode({"messages": [asked, {"role": "assistant", "content": "A cat."}]})
    assert [(mismatch.turn, "'image_url'" in mismatch.text) for mismatch in encoding.mismatches_of("K005")] == [
        (0, True)
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.b/c.png"}}]},
            "(message 1 is a list of parts: image_url)",
        ),
        ({"role": "user", "content": None}, "(message 1 has no content)"),
    ],
)
def test_a_refusal_of_the_template_names_what_it_does_not_take(asked: dict[str, Any], said: str) -> None:
    strict = CALLED.replace("m.content | trim", "m.content + ''")
    (problem,) = (
        Template(make_tokenizer(strict))
        .encode({"messages": [asked, {"role": "assistant", "content": "A cat."}]})
        .problems
    )
    assert (problem.code, problem.message.endswith(said)) == ("K004", True)
