"""Tokens and labels are those of TRL, for template variables and training flags; ranges are those of Axolotl."""

import json
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.models.encoding import IGNORED
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
    labels = [label for encoded in encoding.encoded for label in encoded.labels if label != IGNORED]
    return str(template.tokenizer.decode(labels))


def test_tokens_and_labels_equal_those_of_trl_up_to_the_last_trained_token(template: Template) -> None:
    """What follows the last trained token has no loss, and nothing trained can see it."""
    rows = json.loads(RECORD.read_bytes())["rows"]
    assert len(rows) == len(conversations()) == 20
    for value, row in zip(conversations(), rows, strict=True):
        (encoded,) = template.encode(value).encoded
        end = max(at for at, label in enumerate(row["labels"]) if label != IGNORED) + 1
        assert (encoded.input_ids, encoded.labels) == (row["input_ids"][:end], row["labels"][:end])


def detailed(*ranges: tuple[int, int, bool], content: str = "red apple, blue pear") -> dict[str, Any]:
    details = [{"begin_offset": begin, "end_offset": end, "train": train} for begin, end, train in ranges]
    value: dict[str, Any] = chat("Hi", content)
    value["messages"][1]["training_detail"] = details
    return value


def test_only_the_ranges_of_an_answer_and_its_end_are_trained_on(template: Template) -> None:
    assert trained_text(template, detailed((0, 3, True), (4, 11, False), (11, 20, True))) == "red blue pear<|im_end|>"
    assert template.encode(detailed((0, 3, False))).problems[0].code == "K011"


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
