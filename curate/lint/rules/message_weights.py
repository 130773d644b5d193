"""Family M, details: weights of messages."""

from typing import Any, Final

from curate.core.example import Example, kind_of
from curate.core.finding import Problem, Problems, Severity
from curate.core.targets import OPENAI_AZURE, Target
from curate.core.text import excerpt
from curate.lint.rules.roles import conversation_pointer, intended_role, role_of
from curate.lint.rules.rule import Object, on_messages, value_rule
from curate.lint.rules.tools import REJECTING_TARGETS
from curate.read.forms.form import omit_keys

WEIGHTS: Final = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "true": 1, "false": 0}


@value_rule("M019", "weight-value", Severity.WARNING, targets=REJECTING_TARGETS, hint="Write 0 or 1.")
def weight_value(example: Example) -> Problems:
    """A `weight` is not 0 or 1.

    Services reject other values. Trainers read text as 1, so "0" is trained on. Only the built-in trainer accepts
    fractions.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": "0"}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 0}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Goodbye.", "weight": 1}]}
    """
    for message in example.messages:
        weight = message.value.get("weight")
        if weight is not None and not is_weight(weight):
            shown = (
                repr(weight)
                if isinstance(weight, str | float)
                else "true"
                if weight is True
                else "false"
                if weight is False
                else kind_of(weight)
            )
            yield Problem(
                f"{message.pointer}/weight",
                f"the weight is {excerpt(str(weight) if type(weight) is int else shown, 30)}, not 0 or 1",
            )


@weight_value.repaired_by(safe=True)
@on_messages
def whole_weights(messages: list[Object]) -> list[Object] | None:
    """Write weights that mean 0 or 1 as these numbers."""
    edited = []
    for message in messages:
        weight = message.get("weight")
        if weight is not None and not is_weight(weight):
            number = WEIGHTS.get(str(weight).strip().casefold()) if isinstance(weight, str | int | float) else None
            if number is None:
                return None
            message = {**message, "weight": number}  # noqa: PLW2901
        edited.append(message)
    return edited


def is_weight(value: Any) -> bool:
    """Whether a weight is valid for every target."""
    return type(value) is int and value in (0, 1)


@value_rule(
    "M020",
    "weight-on-wrong-role",
    Severity.WARNING,
    targets={**dict.fromkeys(OPENAI_AZURE, Severity.ERROR), Target.TOGETHER: Severity.INFO},
    hint="Remove the weight. Only answers are trained on.",
)
def weight_on_wrong_role(example: Example) -> Problems:
    """A message that is not the assistant's has a `weight`.

    Such a weight has no effect, since the loss covers answers only. Some services reject it.
    Bad: {"messages": [{"role": "user", "content": "Hi", "weight": 0}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 1}]}
    """
    for message in example.messages:
        if message.value.get("weight") is not None and intended_role(message) != "assistant":
            yield Problem(
                f"{message.pointer}/weight", f"a weight on a message of role {excerpt(message.role or 'none', 30)!r}"
            )


@weight_on_wrong_role.repaired_by(safe=True)
@on_messages
def drop_weights(messages: list[Object]) -> list[Object]:
    """Remove weights from messages that are not the assistant's."""
    return [message if role_of(message) == "assistant" else omit_keys(message, "weight") for message in messages]


# Text or false have the same meaning; M019 reports that it must be a number.
ZERO_WEIGHTS = ("0", "0.0", "false")


@value_rule(
    "M021", "nothing-weighted", Severity.ERROR, hint="Set weight 1 on the answer to train on, or remove the line."
)
def nothing_weighted(example: Example) -> Problems:
    """All answers have weight 0.

    Nothing in the example is trained on. Services reject it, and a batch of such examples has no loss.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 0}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 0}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Goodbye."}]}
    """
    weights = [message.value.get("weight") for message in example.messages if intended_role(message) == "assistant"]
    if weights and all(str(weight).strip().casefold() in ZERO_WEIGHTS for weight in weights):
        yield Problem(
            conversation_pointer(example),
            "the only answer has weight 0" if len(weights) == 1 else f"all {len(weights)} answers have weight 0",
        )
