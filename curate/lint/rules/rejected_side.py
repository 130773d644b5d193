"""Family P: the messages of the rejected side of a pair, which are not among the messages of the example."""

from collections.abc import Iterator
from typing import Any, Final

from curate.core.example import Example, escape
from curate.core.finding import Problem, Problems, Severity
from curate.core.form_keys import REJECTED_KEYS
from curate.core.text import plural
from curate.lint.rules.calls import tool_calls_malformed
from curate.lint.rules.content import content_type
from curate.lint.rules.message_keys import key_on_wrong_role
from curate.lint.rules.roles import is_list_of_answers, message_not_an_object, no_role, role_alias, unknown_role
from curate.lint.rules.rule import Rule, value_rule
from curate.read.forms.pairs import speaker_turn

MESSAGE_RULES: Final[tuple[Rule, ...]] = (
    message_not_an_object, no_role, unknown_role, role_alias, content_type, tool_calls_malformed, key_on_wrong_role,
)  # fmt: skip
"""The rules that each message of a conversation must pass to be read."""


@value_rule(
    "P015",
    "rejected-malformed",
    Severity.ERROR,
    hint='Write the rejected side as text, or as messages: [{"role": "assistant", "content": ...}].',
)
def rejected_malformed(example: Example) -> Problems:
    """A message of a rejected side cannot be read: it is no object, or its role, content or call is malformed.

    M004 to M007, M023, C002 and T009 report the same of the prompt and the chosen side. Trainers render both sides with the
    same template and stop on either.
    Bad: {"prompt": "Hi", "chosen": "Hello.", "rejected": [{"role": "critic", "content": "What?"}]}
    Good: {"prompt": "Hi", "chosen": "Hello.", "rejected": [{"role": "assistant", "content": "What?"}]}
    """
    for key in REJECTED_KEYS if not example.plain else ():
        side = example.value.get(key)
        if is_list_of_answers(side):
            yield Problem(
                f"/{escape(key)}", f"`{key}` is a list of {plural(len(side), 'answer')}; write a pair for each of them"
            )
            continue
        turns = side if isinstance(side, list) else [side] if isinstance(side, dict) else []
        if example.format != "messages" or any(
            isinstance(turn, dict) and {"role", "from"} & turn.keys() for turn in turns
        ):
            yield from _problems(example, key, side, turns)


def _problems(example: Example, key: str, side: Any, turns: list[Any]) -> Iterator[Problem]:
    """What the rules about messages report of the turns of a side under `key`."""
    pointers = [f"/{escape(key)}/{i}" if isinstance(side, list) else f"/{escape(key)}" for i in range(len(turns))]
    read = [speaker_turn(*turn) for turn in zip(turns, pointers, strict=True)]
    messages = {"messages": [turn.value for turn in read]}
    rejected = Example(example.place, messages, example.format, tuple((turn.pointer, turn.content) for turn in read))
    for rule in MESSAGE_RULES:
        for problem in rule.function(rejected):
            yield problem._replace(message=f"`{key}`: {problem.message}")
