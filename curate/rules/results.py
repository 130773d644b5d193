"""Family T, what answers: the ids of calls, and the results that belong to them."""

import re
from typing import Any, Final, TypeGuard

from curate.example import Example
from curate.finding import Problem, Problems, Severity
from curate.rules.calls import ids_of, items_of
from curate.rules.rule import value_rule
from curate.rules.tools import REJECTED, called, declared, made, within
from curate.targets import Target
from curate.text import excerpt, plural

MISTRAL_ID: Final = re.compile(r"[A-Za-z0-9]{9}")


def is_id(value: Any) -> TypeGuard[str]:
    """Whether a value can serve as an id."""
    return isinstance(value, str) and bool(value)


@value_rule("T017", "call-id", Severity.WARNING, targets=REJECTED, hint="Give each call an id of its own, and its result the same.")
def call_id(example: Example, *, target: Target) -> Problems:
    """A tool call has no id, or the id of another call.

    The id joins a call to its result. Templates that join them by order do without, and so does TRL where no call of the
    example has one; services reject the line.

    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "tool", "content": "12:00"}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    used: set[str] = set()
    if target is Target.TRL and not any(is_id(given) for message in example.messages for given in ids_of(message)):
        return
    for message in example.messages:
        for i, call in enumerate(items_of(message)):
            if not isinstance(call, dict):
                continue
            at, name = within(message, f"tool_calls/{i}"), f"call {i + 1} of message {message.index + 1}"
            if not is_id(given := call.get("id")):
                yield Problem(at, f"{name} has no id")
            elif given in used:
                yield Problem(f"{at}/id", f"{name} has the id {excerpt(given, 40)!r} of an earlier one")
            else:
                used.add(given)


@value_rule("T018", "result-without-call", Severity.ERROR, hint="Give it the id of the call that it answers, or restore the call.")
def result_without_call(example: Example) -> Problems:
    """A tool's result answers no call.

    No call before it has its id, or there is none at all. Services reject the line; the model learns from a result that it
    never asked for. Results without an id are fine after calls without ids, and after calls written as text.

    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_2", "content": "12:00"}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    known: set[str] = set()
    last: list[Any] = []
    answered = False
    for message in example.messages:
        if message.role == "assistant":
            answered, last = True, ids_of(message)
            known.update(given for given in last if is_id(given))
        elif message.role == "tool":
            given = message.value.get("tool_call_id")
            if is_id(given):
                if given not in known and (known or not answered or last):
                    yield Problem(within(message, "tool_call_id"), f"no call before has the id {excerpt(given, 40)!r}")
            elif not answered:
                yield Problem(message.pointer, "a result before any call")
            elif any(is_id(id_) for id_ in last):
                yield Problem(message.pointer, "the result has no tool_call_id")


@value_rule("T019", "unanswered-call", Severity.WARNING, hint="Put the results between the call and the next turn.")
def unanswered_call(example: Example) -> Problems:
    """A tool call gets no result before the conversation goes on.

    The model learns to make results up. A call that ends the conversation is fine.

    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    messages = example.messages
    for position, message in enumerate(messages):
        older = message.role == "assistant" and bool(message.value.get("function_call"))
        waiting = len(items_of(message)) + older
        if not waiting:
            continue
        results = 0
        for later in messages[position + 1 :]:
            if later.role not in ("tool", "function"):
                break
            results += 1
        if results < waiting and position + results + 1 < len(messages):
            at = within(message, "function_call" if older else "tool_calls")
            yield Problem(at, f"{plural(waiting, 'call')} and {plural(results, 'result')} before the next turn")


@value_rule("T020", "results-out-of-order", Severity.INFO, hint="Put the results in the order of the calls.")
def results_out_of_order(example: Example) -> Problems:
    """Results come in another order than their calls.

    Templates that render no ids leave only the order to tell which result belongs to which call.

    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}, {"id": "call_2", "type": "function", "function": {"name": "today", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_2", "content": "Monday"}, {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}, {"role": "assistant", "content": "Noon."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}, {"id": "call_2", "type": "function", "function": {"name": "today", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}, {"role": "tool", "tool_call_id": "call_2", "content": "Monday"}, {"role": "assistant", "content": "Noon."}]}
    """
    order: list[Any] = []
    latest = -1
    for message in example.messages:
        if message.role == "assistant":
            order, latest = ids_of(message), -1
        elif message.role == "tool" and is_id(given := message.value.get("tool_call_id")) and given in order:
            position = order.index(given)
            if position < latest:
                yield Problem(message.pointer, f"the result of call {position + 1} after that of call {latest + 1}")
            latest = max(latest, position)


@value_rule("T021", "mistral-call-id", Severity.ERROR, only=(Target.MISTRAL,), hint="Use nine letters and digits.")
def mistral_call_id(example: Example) -> Problems:
    """The id of a tool call is not nine letters and digits.

    The service takes no other id.

    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call00001", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    for message in example.messages:
        if made(message):
            continue
        for i, call in enumerate(items_of(message)):
            if isinstance(call, dict) and is_id(given := call.get("id")) and not MISTRAL_ID.fullmatch(given):
                yield Problem(f"{message.pointer}/tool_calls/{i}/id", f"id {excerpt(given, 40)!r} is not nine letters and digits")
        if message.role == "tool" and is_id(given := message.value.get("tool_call_id")) and not MISTRAL_ID.fullmatch(given):
            yield Problem(f"{message.pointer}/tool_call_id", f"id {excerpt(given, 40)!r} is not nine letters and digits")


@value_rule("T022", "calls-without-tools", Severity.WARNING, targets=REJECTED, hint="Declare under `tools` what may be called.")
def calls_without_tools(example: Example) -> Problems:
    """Tools are called, and none are declared.

    At inference the model is given declarations; without them in training it learns to call tools that it was not given.
    Services reject the line.

    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    first = next(called(example), None)
    if first is not None and not example.value.get("tools") and next(declared(example), None) is None:
        at = within(first.message, "function_call" if first.older else "tool_calls")
        yield Problem(at, "tools are called and none are declared")


RULES: Final = (call_id, result_without_call, unanswered_call, results_out_of_order, mistral_call_id, calls_without_tools)
