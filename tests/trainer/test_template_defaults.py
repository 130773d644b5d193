"""A server that is given nothing renders what training rendered."""

import datetime
import json
import re
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.models.chat_templates import BUNDLED, chat_template_source
from curate.models.template import load_template
from tests.engine.test_chat_templates import ROWS, turns_of
from tests.trainer.tiny import CHATML, write_recipe, write_split
from train.template_defaults import THINKING, VARIABLES, date_note, takes_thinking, with_defaults

DATED = [name for name in BUNDLED if "strftime_now(" in chat_template_source(name) and name != "llama4"]
"""Llama 4 prints the date beside some tools alone."""
DAY = datetime.date(2020, 2, 9)
SWITCHED = [name for name in BUNDLED if takes_thinking(chat_template_source(name))]


def chats(*, thinks: bool) -> list[dict[str, Any]]:
    """Twenty chats of one to three answers, some with a system prompt, all with reasoning or none."""
    system = {"role": "system", "content": "Answer in one sentence."}
    made = []
    for number in range(20):
        rows = ROWS[number : number + 1 + number % 3]
        turns = [turn for row in rows for turn in turns_of(row, f"First, {row['output']}" if thinks else "")]
        made.append({"messages": [*([system] if number % 2 else []), *turns]})
    return made


@pytest.mark.slow
@pytest.mark.parametrize("thinks", [True, False])
@pytest.mark.parametrize("name", SWITCHED)
def test_a_server_renders_what_training_rendered(name: str, thinks: bool) -> None:
    trained = load_template("", name)
    served, defaults = with_defaults(trained, {VARIABLES: {THINKING: thinks}}, float(thinks))
    assert defaults in ({}, {THINKING: thinks})
    rendering = served.tokenizer.apply_chat_template
    for value in chats(thinks=thinks):
        rendered = trained.render(value)
        assert not rendered.problems
        prompt = rendering(value["messages"][:-1], tokenize=False, add_generation_prompt=True)
        assert prompt == trained.prompt(value)
        assert rendering(value["messages"], tokenize=False).startswith(rendered.texts[-1].text)
        # What a request sets has precedence.
        switched = {THINKING: not thinks}
        assert served.prompt(value, switched) == trained.prompt(value, switched)


@pytest.mark.slow
@pytest.mark.parametrize("name", DATED)
def test_the_date_in_a_prompt_does_not_depend_on_the_day_on_which_it_is_rendered(name: str) -> None:
    trained = load_template("", name, DAY)
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    value = {"messages": turns}
    prompt = trained.prompt(value)
    assert prompt is not None
    assert "2020" in prompt
    assert str(datetime.datetime.now().astimezone().year) not in prompt
    assert trained.encode(value).encoded[0].text.text.startswith(prompt)
    (note,) = date_note(trained, None, {})
    assert "prints the date: 2020-02-09 in the training" in note
    if given := re.search(r"kwargs (\{.*\}) renders", note):
        served = trained.tokenizer.apply_chat_template(
            turns[:1], tokenize=False, add_generation_prompt=True, **json.loads(given[1])
        )
        assert served == prompt
    if name.startswith("mistral"):  # its date is in the system message that it writes where there is none
        assert date_note(trained, "Be brief.", {}) == []


@pytest.mark.slow
def test_a_run_keeps_the_date_on_which_it_began(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from train.inference import chat_model

    (project / "dated.jinja").write_text("{{ strftime_now('%d %b %Y') + '\n' }}" + CHATML)
    write_split(project / "split", train=8, test=2)
    (project / "split/validation.jsonl").write_bytes((project / "split/test.jsonl").read_bytes())
    changes = {"max_steps": 2, "generations": 0, "method": "lora", "evaluate_every": 1}
    recipe, run = write_recipe(project, chat_template="dated.jinja", **changes), project / "run"
    words = ["train", str(recipe), "--run-dir", str(run), "--quiet", "--json"]
    assert main([*words, "--pause-at", "0.5"]) == 0
    values = json.loads((run / "recipe.json").read_text())
    assert values["date"] == str(datetime.datetime.now().astimezone().date())
    # As if it had begun on an earlier day.
    (run / "recipe.json").write_text(json.dumps(values | {"date": str(DAY)}))
    capsys.readouterr()
    assert main([*words, "--resume"]) == 0
    assert json.loads(capsys.readouterr().out)["date"] == str(DAY)
    model = chat_model(str(run))
    ids = model.prompt([{"role": "user", "content": "Hi"}], 8)
    assert model.template.tokenizer.decode(ids).startswith("09 Feb 2020")
    assert main(["train", "--plan", str(recipe), "--set", f"date={DAY}", "--json"]) == 0
    assert "prints the date: 2020-02-09" in json.loads(capsys.readouterr().out)["served_with"]
