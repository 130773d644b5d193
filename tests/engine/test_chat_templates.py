"""Chat templates that have a name: the same text as transformers renders, checks without a model, and comparisons."""

import json
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.models.chat_templates import BUNDLED, FOLDER, NAMES, chat_template_source
from curate.models.encoding import IGNORE_INDEX
from curate.models.template import load_template

ROWS = json.loads((Path(__file__).parents[2] / "examples/instructions/instruction-data.json").read_text("utf-8"))
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "look_up",
            "description": "Look up a word.",
            "parameters": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
        },
    }
]


def turns_of(row: dict[str, str], thought: str = "") -> list[dict[str, Any]]:
    """A question and its answer, with reasoning or without."""
    answer = {"role": "assistant", "content": row["output"]}
    question = f"{row['instruction']}\n{row['input']}".strip()
    return [
        {"role": "user", "content": question},
        {**answer, "reasoning_content": thought} if thought else answer,
    ]


def chats() -> list[dict[str, Any]]:
    """Forty chats: single ones, with a system prompt, of several turns, with tools, with reasoning."""
    found: list[dict[str, Any]] = []
    system = {"role": "system", "content": "Answer in one sentence."}
    for number, row in enumerate(ROWS[:8]):
        more = ROWS[40 + number]
        call = {
            "id": f"call{number:05}",
            "type": "function",
            "function": {"name": "look_up", "arguments": {"word": row["instruction"].split()[-1]}},
        }
        asked = [
            *turns_of(row)[:1],
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "name": "look_up", "tool_call_id": call["id"], "content": more["output"]},
            *turns_of(row)[1:],
        ]
        found += [
            {"messages": turns_of(row)},
            {"messages": [system, *turns_of(row), *turns_of(more)]},
            {"messages": [*turns_of(row, f"First, {more['output']}"), *turns_of(more, "That is known.")]},
            {"messages": asked, "tools": TOOLS},
            {"messages": [system, *turns_of(more), *turns_of(row, f"It is about {row['instruction']}")]},
        ]
    return found


def own_rendering(name: str, value: dict[str, Any]) -> set[str]:
    """What transformers renders of a chat: with the arguments of calls as objects or text; empty if it refuses."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    file = FOLDER / f"{BUNDLED[name].file or name}.jinja"
    tokens = {"bos_token": BUNDLED[name].bos or None, "eos_token": BUNDLED[name].eos}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), **tokens)
    as_text = json.loads(json.dumps(value))
    for turn in as_text["messages"]:
        for call in turn.get("tool_calls", ()):
            call["function"]["arguments"] = json.dumps(call["function"]["arguments"])
    thinks = any("reasoning_content" in turn for turn in value["messages"])
    found = set()
    for form in (value, as_text):
        for settings in ({"enable_thinking": thinks}, {}):
            try:
                text = tokenizer.apply_chat_template(
                    form["messages"],
                    tools=form.get("tools"),
                    chat_template=file.read_text("utf-8"),
                    tokenize=False,
                    **settings,
                )
            except Exception:  # noqa: BLE001  # templates raise what they like
                continue
            found.add(text.rstrip())
            if name == "mistral-nemo" and value["messages"][0]["role"] == "system":  # see the test of it
                found = {_with_system(one, value["messages"]) for one in found}
    return found


def _with_system(text: str, turns: list[dict[str, Any]]) -> str:
    """A text of Mistral's template with the system message before the last request, unless a tool answered it."""
    if turns[-2]["role"] != "user":
        return text
    before, marker, request = text.rpartition("[INST]")
    return f"{before}{marker}{turns[0]['content']}\n\n{request}"


@pytest.mark.slow
@pytest.mark.parametrize("name", BUNDLED)
def test_a_template_by_name_renders_what_transformers_renders(name: str) -> None:
    template = load_template("", name)
    some = 0
    for value in chats():
        rendering, expected = template.render(value), own_rendering(name, value)
        if rendering.problems:
            assert rendering.problems[0].code == "K004"
            calls = any(turn.get("tool_calls") for turn in value["messages"])
            assert not expected or calls, "calls that are not rendered are refused, too"
            continue
        some += 1
        assert rendering.texts[-1].text in expected
    assert some >= 16


@pytest.mark.slow
def test_a_system_message_that_a_template_writes_before_the_last_request_alone_is_trained_with() -> None:
    """Mistral's templates leave it out of a text that ends with an answer; inference renders it."""
    template = load_template("", "mistral-nemo")
    turns = [
        ("system", "Be brief."),
        ("user", "Be kind."),
        ("assistant", "Yes."),
        ("user", "Yes."),
        ("assistant", "No."),
    ]
    value = {"messages": [{"role": role, "content": content} for role, content in turns]}
    first, second = template.encode(value).encoded
    assert [encoding.text.text for encoding in (first, second)] == [
        "<s>[INST]Be brief.\n\nBe kind.[/INST]Yes.</s>",
        "<s>[INST]Be kind.[/INST]Yes.</s>[INST]Be brief.\n\nYes.[/INST]No.</s>",
    ]
    for encoding, answer in ((first, "Yes.</s>"), (second, "No.</s>")):
        assert not encoding.text.mismatches
        trained = [label for label in encoding.labels if label != IGNORE_INDEX]
        assert template.tokenizer.decode(trained) == answer


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_check_renders_by_a_template_without_a_model(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "chats.jsonl"
    path.write_text(json.dumps({"messages": turns_of(ROWS[0])}) + "\n")
    assert main(["check", str(path), "--template", name, "--select", "K004,K005,K011,K012"]) == 0
    path.write_text(json.dumps({"messages": turns_of(ROWS[0])[1:]}) + "\n")
    assert main(["check", str(path), "--template", name, "--select", "K001"]) == 2
    assert "--model" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["glm4.5", "qwen3", "llama4", "nemotron3-nano"])
def test_only_glm_ends_no_answer_with_a_stop_token(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The token of the next message ends an answer of GLM; inference writes it, and no answer has it in the loss."""
    path = tmp_path / "chats.jsonl"
    path.write_text(json.dumps({"messages": [*turns_of(ROWS[0]), *turns_of(ROWS[1])]}) + "\n")
    assert main(["check", str(path), "--template", name, "--select", "K007", "--output-format", "json"]) == int(
        name == "glm4.5"
    )
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [one["pointer"] for one in found] == (["/messages/1", "/messages/3"] if name == "glm4.5" else [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"), [("granite4.0", ("thoughts", "thoughts")), ("llama3.1", ("thoughts", "as Python writes a list"))]
)
def test_reasoning_that_a_template_drops_is_reported_in_each_form(
    name: str, said: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [{"type": "reasoning", "value": "It is known."}, {"type": "text", "text": "Canberra."}]
    answers: list[dict[str, Any]] = [{"content": "Canberra.", "reasoning_content": "It is known."}, {"content": parts}]
    lines = [
        {"messages": [{"role": "user", "content": "Capital?"}, {"role": "assistant", **answer}]} for answer in answers
    ]
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["check", str(path), "--template", name, "--select", "K005", "--output-format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [(one["line"], words in one["message"]) for one, words in zip(found, said, strict=True)] == [
        (1, True),
        (2, True),
    ]


@pytest.mark.slow
def test_two_templates_are_compared_over_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in chats()[:3]))
    assert main(["template", "diff", "qwen3", "qwen2.5", str(path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["read"], found["before"]["rendered"], found["now"]["rendered"]) == (3, 3, 3)
    few, one = found["differing"]
    assert (few["line"], few["before"]["texts"], few["now"]["texts"]) == (2, 2, 1), (
        "an empty reasoning is rendered last"
    )
    assert (one["line"], one["before"]["stripped"], one["now"]["stripped"]) == (3, [2], [2, 4])
    assert (one["before"]["reasoned"], one["now"]["reasoned"]) == ([2, 4], [])
    assert (one["before"]["texts"], one["now"]["texts"]) == (2, 1)
    assert main(["template", "diff", "qwen3", "qwen2.5", str(path), "--show", "2"]) == 1
    out = capsys.readouterr().out
    assert f"{path}:3: qwen3 has the reasoning in the loss of message 2, 4, makes 2 texts" in out
    assert "+ That is known." in out, "in the loss"
    assert main(["template", "diff", "qwen3", "qwen3", str(path)]) == 0
    assert main(["template", "diff", "qwen3", "poem", str(path)]) == 2
    assert "use one of chatml" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    "tags",
    [
        ("<think>", "</think>"), ("", "</think>"), ("[THINK]", "[/THINK]"), ("<seed:think>", "</seed:think>"),
        ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ],
)  # fmt: skip
def test_reasoning_between_any_tags_is_compared(
    tags: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "chats.jsonl"
    answers = [f"{tags[0]}It is known.{tags[1]}Canberra.", f"{tags[0]}In Italy.{tags[1]}Rome."]
    turns = [turn for answer in answers for turn in (("user", "Capital?"), ("assistant", answer))]
    path.write_text(json.dumps({"messages": [{"role": role, "content": text} for role, text in turns]}) + "\n")
    assert main(["template", "diff", "chatml", "qwen3", str(path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["before"]["reasoned"] == 2
    assert found["now"]["reasoned"] == 2
    assert [one["now"]["stripped"] for one in found["differing"]] == [[2] if "</think>" in tags else []]


@pytest.mark.slow
def test_text_before_reasoning_that_a_template_drops_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "chats.jsonl"
    answer = "A question of geography. <think>It is known.</think>Canberra."
    turns = [{"role": "user", "content": "Capital?"}, {"role": "assistant", "content": answer}]
    path.write_text(json.dumps({"messages": turns}) + "\n")
    assert main(["check", str(path), "--template", "chatml", "--select", "K005"]) == 0
    assert main(["check", str(path), "--template", "qwen3", "--select", "K005"]) == 1
    assert "does not render all of the text" in " ".join(capsys.readouterr().out.split())


def test_each_template_has_a_source_a_license_and_a_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["template", "list", "--json"]) == 0
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert list(entries) == list(NAMES)
    page = (Path(__file__).parents[2] / "docs/howto/reasoning.md").read_text("utf-8")
    for name, one in BUNDLED.items():
        assert {"license", "source", "copied", "model"} <= {key for key, value in entries[name].items() if value}
        assert f"| `{name}` | {one.model} |" in page
    files = {path.stem for path in FOLDER.glob("*.jinja")}
    assert files == {one.file or name for name, one in BUNDLED.items()}
    assert all(map(chat_template_source, NAMES))
