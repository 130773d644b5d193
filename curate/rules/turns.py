"""Family M, closer: the keys of messages, their weights and names, repeated turns, and what differs between examples."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from curate.example import Example, Message
from curate.finding import Problem, Severity
from curate.read.locate import escape
from curate.rules.duplicates import Seen
from curate.rules.flags import AGAIN
from curate.rules.messages import kind_of, meant, whole
from curate.rules.profile import Profile, counted
from curate.rules.rule import Scope, rule
from curate.rules.tools import REJECTED
from curate.targets import Target
from curate.text import excerpt, plural

if TYPE_CHECKING:
    import polars as pl

Problems = Iterator[Problem]
KNOWN_KEYS: Final = frozenset(
    (
        *("role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal", "audio", "from", "value"),
        *("reasoning_content", "reasoning", "thinking", "prefix", "annotations"),
    )
)
THOUGHTS: Final = ("reasoning_content", "reasoning", "thinking")
MEANT_FOR_LOSS: Final = frozenset(("loss", "loss_weight", "train", "training", "train_detail", "mask", "masks", "trainable", "labels"))
"""Keys by which some trainer says what is learnt: dropping them would change more than it seems."""
READ_BY: Final = {Target.AXOLOTL: {"train", "train_detail"}, Target.LLAMAFACTORY: {"loss_weight"}}
"""Keys that one target alone reads."""
OWNERS: Final = {"tool_calls": "assistant", "function_call": "assistant", "refusal": "assistant", "audio": "assistant", "tool_call_id": "tool"}
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
PAIRS: Final = ("preference", "openai-preference", "llama-factory-preference")
LONG: Final = 20
"""Characters from which on a message that comes again in a later turn is no mere "yes" or "go on"."""
FEWEST: Final = 11
"""Examples from which on the few without what nine in ten have are worth a word."""


@rule("M017", "turn-structure", severity=Severity.ERROR, only=(Target.LLAMAFACTORY,), hint="Let questions and answers alternate, from a question to an answer.")
def turn_structure(example: Example) -> Problems:
    """Turns do not alternate as LLaMA-Factory wants them.

    After the system prompt, user and tool turns must be the odd ones, the assistant's the even ones, and the last must be
    the assistant's. Its converter drops any other example with a warning in the log. Results of tools in a row count as one
    turn.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if example.format in (*PAIRS, "text"):
        return
    expected, last = "user", ""
    for message in example.messages:
        role = meant(message) or ""
        if message.index == 0 and role in ("system", "developer"):
            continue
        if role == "tool" == last:
            continue
        side = "assistant" if role == "assistant" else "user" if role in ("user", "tool", "function") else "system"
        if side != expected:
            yield Problem(message.pointer, f"turn of {excerpt(role or 'no role', 30)!r} where the {expected}'s is expected")
            return
        expected, last = ("user" if expected == "assistant" else "assistant"), role
    if last and expected == "assistant" and any(meant(message) == "assistant" for message in example.messages):  # else it is M009's
        yield Problem(example.messages[-1].pointer, "the number of turns is odd: the last has no answer")


@rule("M019", "weight-value", severity=Severity.WARNING, scope=Scope.VALUE, targets=REJECTED, hint="Write 0 or 1.")
def weight_value(example: Example) -> Problems:
    """A `weight` is not 0 or 1.

    Services reject any other value. Trainers read text as 1, so that "0" is trained on; only the built-in one takes
    fractions.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": "0"}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 0}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Goodbye.", "weight": 1}]}
    """
    for message in example.messages:
        weight = message.value.get("weight")
        if weight is not None and not is_weight(weight):
            shown = repr(weight) if isinstance(weight, str | float) else "true" if weight is True else "false" if weight is False else kind_of(weight)
            yield Problem(f"{message.pointer}/weight", f"the weight is {excerpt(str(weight) if type(weight) is int else shown, 30)}, not 0 or 1")


def is_weight(value: Any) -> bool:
    """Whether a weight is what every target takes."""
    return type(value) is int and value in (0, 1)


@rule(
    "M020",
    "weight-on-wrong-role",
    severity=Severity.WARNING,
    scope=Scope.VALUE,
    targets={Target.OPENAI: Severity.ERROR, Target.AZURE: Severity.ERROR, Target.TOGETHER: Severity.INFO},
    hint="Leave it out: only answers are trained on.",
)
def weight_on_wrong_role(example: Example) -> Problems:
    """A message that is not the assistant's has a `weight`.

    It changes nothing in training, since loss is taken on answers only; some services reject it.

    Bad:

        {"messages": [{"role": "user", "content": "Hi", "weight": 0}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 1}]}
    """
    for message in example.messages:
        if message.value.get("weight") is not None and meant(message) != "assistant":
            yield Problem(f"{message.pointer}/weight", f"a weight on a message of role {excerpt(message.role or 'none', 30)!r}")


# Spelled as text or as false it is meant all the same; M019 says that it has to be a number.
ZERO = ("0", "0.0", "false")


@rule("M021", "nothing-weighted", severity=Severity.ERROR, scope=Scope.VALUE, hint="Give the answer to learn weight 1, or remove the line.")
def nothing_weighted(example: Example) -> Problems:
    """All answers have weight 0.

    Nothing of the example is learnt; services reject it, and a batch of such examples has no loss.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 0}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 0}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Goodbye."}]}
    """
    weights = [message.value.get("weight") for message in example.messages if meant(message) == "assistant"]
    if weights and all(str(weight).strip().casefold() in ZERO for weight in weights):
        yield Problem(whole(example), "the only answer has weight 0" if len(weights) == 1 else f"all {len(weights)} answers have weight 0")


@rule(
    "M022",
    "unknown-message-key",
    severity=Severity.WARNING,
    scope=Scope.VALUE,
    targets={Target.LLAMAFACTORY: Severity.INFO},
    hint="Remove it, or correct its name.",
)
def unknown_message_key(example: Example, *, target: Target) -> Problems:
    """A message has a key that nothing reads.

    It may be a known key misspelled, or a switch of another trainer, such as loss_weight, that has no effect here. Some
    services reject it.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "wieght": 1}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 1}]}
    """
    told = set(READ_BY.get(target, ()))
    for message in example.messages:
        for key in message.value if not KNOWN_KEYS.issuperset(message.value) else ():
            if key not in KNOWN_KEYS and key not in told:  # each key once in an example
                told.add(key)
                yield Problem(f"{message.pointer}/{escape(key)}", f"key {excerpt(key, 40)!r} is not one of a message's")


@rule("M023", "key-on-wrong-role", severity=Severity.ERROR, scope=Scope.VALUE, hint="Move it to the message that it belongs to, or remove it.")
def key_on_wrong_role(example: Example) -> Problems:
    """A message has a key that belongs to another role.

    Only the assistant calls tools and refuses; only a tool's result names the call that it answers. Templates leave out what
    stands elsewhere, services reject it.

    Bad:

        {"messages": [{"role": "user", "content": "Hi", "tool_call_id": "call_1"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        for key, owner in OWNERS.items() if meant(message) is not None else ():
            if message.value.get(key) and meant(message) != owner:
                yield Problem(f"{message.pointer}/{key}", f"`{key}` on a message of role {excerpt(message.role or '', 30)!r}; it belongs to {owner!r}")


@rule("M024", "message-name", severity=Severity.WARNING, scope=Scope.VALUE, hint="Use 1 to 64 letters, digits, underscores and dashes, or leave it out.")
def message_name(example: Example) -> Problems:
    """The name of a speaker is not one that services take.

    They take 1 to 64 of a-z, A-Z, 0-9, underscore and dash. The names of tools are T002's.

    Bad:

        {"messages": [{"role": "user", "name": "Jo Ann", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "name": "Jo_Ann", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        name = message.value.get("name")
        if name is None or meant(message) in ("tool", "function"):
            continue
        if not isinstance(name, str):
            yield Problem(f"{message.pointer}/name", f"the name is {kind_of(name)}, not a string")
        elif not NAME.fullmatch(name):
            yield Problem(f"{message.pointer}/name", f"name {excerpt(name, 40)!r} is not one that services take" if name else "the name is empty")


@rule("M025", "repeated-message", severity=Severity.WARNING, scope=Scope.TEXT, prefilter=AGAIN, hint="Remove the copy and what follows from it.")
def repeated_message() -> "pl.Expr":
    """A message comes twice in one conversation.

    Two in a row, or the same question or answer again in the next turn: an export repeated it. The model learns to repeat
    itself. Short messages such as "go on" may come again in a later turn.

    Bad:

        {"messages": [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "Paris."}, {"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "Paris."}]}

    Good:

        {"messages": [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "Paris."}, {"role": "user", "content": "And of Italy?"}, {"role": "assistant", "content": "Rome."}]}
    """
    import polars as pl  # loaded by then: see messages_frame

    speaks = pl.col("role").is_in(["user", "assistant"]) & ~pl.col("called") & ~pl.col("media") & (pl.col("text") != "")
    again = pl.col("again")
    said = pl.when(again == 1).then(pl.lit("the same as the message before")).when((again == 2) & (pl.col("text").str.len_chars() >= LONG))
    return pl.when(speaks).then(said.then(pl.format("the {} said the same in the turn before", pl.col("role"))))


@rule("M026", "system-in-most", severity=Severity.INFO, scope=Scope.PROFILE, hint="Give all examples a system prompt, or none.")
def system_in_most(known: Profile) -> Iterator[tuple[Any, Problem]]:
    """A few examples have no system prompt where nearly all have one, or the other way round.

    The model learns two ways to behave, one of them from little data. Nine in ten and more count as nearly all.

    Bad:

        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+1"}, {"role": "assistant", "content": "2"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+2"}, {"role": "assistant", "content": "3"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+3"}, {"role": "assistant", "content": "4"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+4"}, {"role": "assistant", "content": "5"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+5"}, {"role": "assistant", "content": "6"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+6"}, {"role": "assistant", "content": "7"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+7"}, {"role": "assistant", "content": "8"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+8"}, {"role": "assistant", "content": "9"}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+9"}, {"role": "assistant", "content": "10"}]}
        {"messages": [{"role": "user", "content": "2+9"}, {"role": "assistant", "content": "11"}]}

    Good:

        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    total = sum(count for count, _ in known.opened.values())
    for has, (count, place) in known.opened.items():
        if total >= FEWEST and count * 10 < total:
            yield (
                place,
                Problem("", f"{plural(count, 'example')} {'with' if has else 'without'} a system prompt, {total - count:,} {'without' if has else 'with'}"),
            )


@rule(
    "M027",
    "reasoning-in-some",
    severity=Severity.WARNING,
    scope=Scope.DATASET,
    hint="Give all answers their reasoning, or none; or train on the two in turn on purpose.",
)
def reasoning_in_some(example: Example, seen: Seen) -> Problems:
    """Some examples have the assistant's reasoning and some have none.

    Trainers read keys such as reasoning_content where the first lines have them, and the model learns to think or not by
    chance.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "reasoning_content": "A greeting.", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Goodbye."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "reasoning_content": "A greeting.", "content": "Hello."}]}
    """
    if answers := [message for message in example.messages if message.role == "assistant"]:
        has = any(_thinks(message) for message in answers)
        kinds = seen.memory.setdefault("M027", {})
        kinds[has] = counted(kinds.get(has), example.place)
    yield from ()


def _thinks(message: Message) -> bool:
    content = message.content
    parts = content if isinstance(content, list) else ()
    return any(message.value.get(key) for key in THOUGHTS) or any(isinstance(part, dict) and part.get("type") in ("reasoning", "thinking") for part in parts)


@reasoning_in_some.concluded_by
def reasoning_not_in_all(seen: Seen) -> Iterator[tuple[Any, Problem]]:
    """One finding, at the first example of the kind that is rarer."""
    kinds = seen.profile.with_plain(seen.memory.get("M027", {}), kind=False)
    if len(kinds) > 1:
        rarer = min(kinds, key=lambda has: (kinds[has][0], has))
        yield kinds[rarer][1], Problem("", f"{plural(kinds[True][0], 'example')} with reasoning and {kinds[False][0]:,} without")


RULES: Final = (
    turn_structure,
    weight_value,
    weight_on_wrong_role,
    nothing_weighted,
    unknown_message_key,
    key_on_wrong_role,
    message_name,
    repeated_message,
    system_in_most,
    reasoning_in_some,
)
