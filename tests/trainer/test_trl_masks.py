"""Tokens and labels are those of TRL, for template variables and training flags; ranges are those of Axolotl."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.models.encoding import IGNORE_INDEX
from curate.models.template import Template, load_template
from tests.bench.trl_masks import RECORD, TEMPLATE, conversations
from tests.conftest import Write, chat
from tests.trainer.tiny import make_tokenizer


@pytest.fixture(scope="module")
def template() -> Template:
    return Template(make_tokenizer(TEMPLATE))


def trained_text(template: Template, value: dict[str, Any]) -> str:
    """The text of the tokens that are trained on."""
    encoding = template.encode(value)
    assert not encoding.problems
    labels = [label for encoded in encoding.encoded for label in encoded.labels if label != IGNORE_INDEX]
    return str(template.tokenizer.decode(labels))


def test_tokens_and_labels_equal_those_of_trl_up_to_the_last_trained_token(template: Template) -> None:
    """What follows the last trained token has no loss, and nothing trained can see it."""
    rows = json.loads(RECORD.read_bytes())["rows"]
    assert len(rows) == len(conversations()) == 20
    for value, row in zip(conversations(), rows, strict=True):
        (encoded,) = template.encode(value).encoded
        end = max(at for at, label in enumerate(row["labels"]) if label != IGNORE_INDEX) + 1
        assert (encoded.input_ids, encoded.labels) == (row["input_ids"][:end], row["labels"][:end])


AGENT = (
    "{% if tools %}{{ '<|im_start|>system\\nTools: ' + (tools | tojson) + '<|im_end|>\\n' }}{% endif %}"
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% if enable_thinking is false %}{{ '<think></think>' }}{% endif %}{% generation %}"
    "{% if message.get('reasoning_content') %}{{ '<think>' + message['reasoning_content'] + '</think>' }}{% endif %}"
    "{{ message['content'] or '' }}"
    "{% for call in message.get('tool_calls') or [] %}{{ '<call>' + (call['function'] | tojson) + '</call>' }}"
    "{% endfor %}{{ '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
    "{% if enable_thinking is false %}{{ '<think></think>' }}{% endif %}{% endif %}"
)
"""ChatML with tools, calls and reasoning; the prompt closes the thoughts where thinking is off."""


def agents() -> list[dict[str, Any]]:
    """Sixteen conversations: with or without a call, reasoning, a text beside the call, and a second question."""
    found = []
    for called, thinks, speaks, again in product((False, True), repeat=4):
        thought = {"reasoning_content": "north, then west"} if thinks else {}
        messages: list[dict[str, Any]] = [{"role": "user", "content": "An äpple?"}]
        if called:
            function = {"name": "pick", "arguments": {"fruit": "apple"}}
            calls = [{"id": "call_1", "type": "function", "function": function}]
            messages += [
                {"role": "assistant", "content": "I look." if speaks else "", **thought, "tool_calls": calls},
                {"role": "tool", "tool_call_id": "call_1", "content": "red apple"},
            ]
        messages.append({"role": "assistant", "content": "red apple, blue pear", **thought})
        if again:
            messages += [
                {"role": "user", "content": "West?"},
                {"role": "assistant", "content": "west\nwest", **thought},
            ]
        tool = {"type": "function", "function": {"name": "pick", "parameters": {"type": "object", "properties": {}}}}
        kwargs = {"chat_template_kwargs": {"enable_thinking": thinks}}
        found.append({"messages": messages, **kwargs, **({"tools": [tool]} if called else {})})
    return found


def test_labels_equal_the_generation_marks_of_templates_with_tools_and_reasoning() -> None:
    """TRL trains on the mask that transformers makes of these marks where `assistant_only_loss` is set."""
    template = Template(make_tokenizer(AGENT))
    for value in agents():
        marked = template.tokenizer.apply_chat_template(
            value["messages"], tools=value.get("tools"), return_dict=True, return_assistant_tokens_mask=True,
            **value["chat_template_kwargs"],
        )  # fmt: skip
        pairs = list(zip(marked["input_ids"], marked["assistant_masks"], strict=True))
        end = max(at for at, (_, mask) in enumerate(pairs) if mask) + 1
        (encoded,) = template.encode(value).encoded
        assert encoded.input_ids == [token for token, _ in pairs[:end]]
        assert encoded.labels == [token if mask else IGNORE_INDEX for token, mask in pairs[:end]]


def detailed(*ranges: tuple[int, int, bool], content: str = "red apple, blue pear") -> dict[str, Any]:
    details = [{"begin_offset": begin, "end_offset": end, "train": train} for begin, end, train in ranges]
    value: dict[str, Any] = chat("Hi", content)
    value["messages"][1]["training_detail"] = details
    return value


def test_only_the_ranges_of_an_answer_and_its_end_are_trained_on(template: Template) -> None:
    assert trained_text(template, detailed((0, 3, True), (4, 11, False), (11, 20, True))) == "red blue pear<|im_end|>"
    assert template.encode(detailed((0, 3, False))).problems[0].code == "K011"


def test_a_range_that_begins_within_a_token_is_no_difference_to_inference(template: Template) -> None:
    assert template.encode(detailed((0, 2, False), (2, 20, True))).mismatches == ()


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"role": "user", "content": "Hi", "train": True}, "asks to train on a user message"),
        ({"role": "assistant", "content": "Hi", "training": "no"}, "neither true nor false"),
        ({"role": "assistant", "content": "Hi", "train_detail": [{"begin_offset": 0, "end_offset": 9}]}, "no list of"),
    ],
)
def test_a_flag_that_cannot_be_followed_is_a_problem(template: Template, message: dict[str, Any], says: str) -> None:
    value = {"messages": [message, {"role": "assistant", "content": "Hello."}]}
    assert says in template.encode(value).problems[0].message


def test_template_variables_must_be_variables(template: Template) -> None:
    value = chat("Hi", "Hello.")
    assert "style" not in template.encode({**value, "chat_template_kwargs": {"style": None}}).encoded[0].text.text
    for given in ("short", {"chat_template": "{{ 1 }}"}, {"tokenize": True}):
        assert template.encode({**value, "chat_template_kwargs": given}).problems[0].pointer == "/chat_template_kwargs"


@pytest.fixture
def base(tmp_path: Path) -> str:
    """A base model without a chat template."""
    make_tokenizer(None).save_pretrained(tmp_path / "base")
    return str(tmp_path / "base")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chatml", "llama3", "alpaca", "own.jinja"])
def test_a_base_model_takes_a_chat_template_by_name_or_from_a_file(
    write: Write, base: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("own.jinja").write_text("{% for m in messages %}{{ m.role + ': ' + m.content + '<|im_end|>\\n' }}{% endfor %}"
                                 "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}")  # fmt: skip
    encoding = load_template(base, name).encode(chat("Hi", "Hello."))
    assert not encoding.problems
    path = write("data.jsonl", [("Hi", "Hello.")])
    select = ["--select", "K004,K005,K012"]
    assert main(["check", str(path), "--model", base, *select]) == 2
    assert main(["check", str(path), "--model", base, "--chat-template", name, *select]) == 0
    assert main(["stats", str(path), "--model", base, "--chat-template", name]) == 0
    assert main(["check", str(path), "--model", base, "--chat-template", "poem"]) == 2
    estimate = ["remote", "estimate", str(path), "--target", "together", "--model", "m", "--epochs", "1", "--json"]
    capsys.readouterr()
    assert main([*estimate, "--tokenizer", base, "--chat-template", name]) == 0
    assert json.loads(capsys.readouterr().out)["tokens"] == len(encoding.encoded[0].input_ids)
    assert main([*estimate, "--chat-template", name]) == 2, "of no tokenizer"
