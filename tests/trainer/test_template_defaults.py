"""A server that is given nothing renders what training rendered."""

from typing import Any

import pytest

from curate.models.chat_templates import BUNDLED, chat_template_source
from curate.models.template import load_template
from tests.engine.test_chat_templates import ROWS, turns_of
from train.template_defaults import THINKING, VARIABLES, takes_thinking, with_defaults

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
