"""Family T, results: the ids of calls, and the results that belong to them."""

import re
from collections.abc import Iterator
from itertools import count, pairwise
from typing import Any, Final

from curate.core.example import Example, content_text
from curate.core.finding import Problem, Problems, Severity
from curate.core.lazy import lazy_pattern
from curate.core.targets import Target
from curate.core.text import plural, quoted
from curate.lint.rules.calls import ids_of
from curate.lint.rules.rule import Object, on_messages, rule, value_rule
from curate.lint.rules.tools import (
    REJECTING_TARGETS,
    call_ids,
    call_pointer,
    calls_in,
    declared_tools,
    is_converted,
    is_id,
    tool_calls,
)
from curate.read.forms.form import omit_keys

MISTRAL_ID: Final = re.compile(r"[A-Za-z0-9]{9}")
WRITTEN_CALL: Final = lazy_pattern(r"[{\[<(]")
"""What a call that is written as text contains."""


@value_rule(
    "T017",
    "call-id",
    Severity.WARNING,
    targets={**REJECTING_TARGETS, Target.BEDROCK: Severity.ERROR},
    hint="Give each call a unique id, and its result the same id.",
)
def call_id(example: Example, *, target: Target) -> Problems:
    """A tool call has no id, or the id of another call.

    The id links a call to its result. Services reject the line. Templates that link by order do not need ids, and
    neither does TRL if no call in the example has one.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "tool", "content": "12:00"}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    used: set[str] = set()
    if target is Target.TRL and not any(is_id(id_) for message in example.messages for id_ in ids_of(message)):
        return
    for message in example.messages:
        for i, call in enumerate(calls_in(message.value)):
            if not isinstance(call, dict):
                continue
            pointer, name = call_pointer(message, f"tool_calls/{i}"), f"call {i + 1} of message {message.index + 1}"
            if not is_id(id_ := call.get("id")):
                yield Problem(pointer, f"{name} has no id")
            elif id_ in used:
                yield Problem(f"{pointer}/id", f"{name} has the id {quoted(id_, 40)} of an earlier call")
            else:
                used.add(id_)


@call_id.repaired_by(safe=True)
@on_messages
def number_calls(messages: list[Object]) -> list[Object] | None:
    """Give new ids to calls without a unique id and to their results, unless a result may belong to several calls."""
    if not all(isinstance(call, dict) for message in messages for call in calls_in(message)):
        return None
    existing = {
        *ids_in(messages),
        *(message["tool_call_id"] for message in messages if is_id(message.get("tool_call_id"))),
    }
    used: set[str] = set()
    replaced: set[Any] = set()  # ids that a call had and lost
    waiting: list[tuple[Any, str]] = []  # old and new ids of the last calls
    edited = []
    for message in messages:
        if calls := calls_in(message):
            waiting = [(call.get("id"), _free(call.get("id"), used, existing)) for call in calls]
            replaced |= {old_id for old_id, new in waiting if is_id(old_id) and old_id != new}
            renamed = [
                call if old_id == new else {"id": new, **omit_keys(call, "id")}
                for call, (old_id, new) in zip(calls, waiting, strict=True)
            ]
            message = {**message, "tool_calls": renamed}  # noqa: PLW2901
        elif message.get("role") == "tool":
            old_id = message.get("tool_call_id")
            index = next(
                (i for i, (old, _) in enumerate(waiting) if old == old_id or not (is_id(old) or is_id(old_id))), None
            )
            if index is not None:
                message = {**message, "tool_call_id": waiting.pop(index)[1]}  # noqa: PLW2901
            elif not is_id(old_id) or old_id not in used or old_id in replaced:  # else it answers a call with its id
                return None
        else:
            waiting = []
        edited.append(message)
    return edited if list(map(calls_in, edited)) != list(map(calls_in, messages)) else None


def ids_in(messages: list[Object]) -> Iterator[str]:
    """All ids of calls, then those of results, with repetitions."""
    yield from call_ids(messages)
    yield from (
        message["tool_call_id"]
        for message in messages
        if message.get("role") == "tool" and is_id(message.get("tool_call_id"))
    )


def _free(id_: Any, used: set[str], existing: set[str]) -> str:
    """The given id, or the next free one if it is missing or used."""
    free = id_
    if not is_id(id_) or id_ in used:
        free = next(
            name for number in count(len(used) + 1) if (name := f"call_{number}") not in existing and name not in used
        )
    used.add(free)
    return str(free)


@value_rule(
    "T018", "result-without-call", Severity.ERROR, hint="Use the id of the call that it answers, or restore the call."
)
def result_without_call(example: Example) -> Problems:
    """A tool result answers no call.

    No earlier call has its id, it has a result already, or there is no call. Services reject the line. Results without an id are fine after
    calls without ids. Results are fine after calls written as text, which have a bracket.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_2", "content": "12:00"}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    call_ids: set[str] = set()
    last: list[Any] = []
    open_: list[Any] = []
    answered = written = False
    for message in example.messages:
        if message.role == "assistant":
            answered, last = True, ids_of(message)
            written = written or WRITTEN_CALL.search(content_text(message.value.get("content"))) is not None
            open_ = list(last)
            call_ids.update(id_ for id_ in last if is_id(id_))
        elif message.role == "tool":
            id_ = message.value.get("tool_call_id")
            if is_id(id_):
                if id_ not in call_ids and (call_ids or last or not written):
                    yield Problem(
                        call_pointer(message, "tool_call_id"), f"no earlier call has the id {quoted(id_, 40)}"
                    )
                elif id_ in open_:
                    open_.remove(id_)
                elif id_ in last:
                    yield Problem(
                        call_pointer(message, "tool_call_id"), f"the call {quoted(id_, 40)} has a result already"
                    )
            elif not answered:
                yield Problem(message.pointer, "a result before any call")
            elif any(is_id(id_) for id_ in last):
                yield Problem(message.pointer, "the result has no tool_call_id")


@value_rule("T019", "unanswered-call", Severity.WARNING, hint="Put the results between the call and the next turn.")
def unanswered_call(example: Example) -> Problems:
    """A tool call has no result before the conversation continues.

    The model learns to invent results. A call that ends the conversation is fine.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    messages = example.messages
    for position, message in enumerate(messages):
        older = message.role == "assistant" and bool(message.value.get("function_call"))
        waiting = len(calls_in(message.value)) + older
        if not waiting:
            continue
        results = 0
        for later in messages[position + 1 :]:
            if later.role not in ("tool", "function"):
                break
            results += 1
        if results and (is_converted(message) or example.format == "llama-factory"):  # a turn may have several results
            continue
        if results < waiting and position + results + 1 < len(messages):
            pointer = call_pointer(message, "function_call" if older else "tool_calls")
            yield Problem(pointer, f"{plural(waiting, 'call')} and {plural(results, 'result')} before the next turn")


@value_rule("T020", "results-out-of-order", Severity.INFO, hint="Put the results in the order of the calls.")
def results_out_of_order(example: Example) -> Problems:
    """Results are in another order than their calls.

    Templates that render no ids link results to calls by order only.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}, {"id": "call_2", "type": "function", "function": {"name": "today", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_2", "content": "Monday"}, {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}, {"role": "assistant", "content": "Noon."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}, {"id": "call_2", "type": "function", "function": {"name": "today", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}, {"role": "tool", "tool_call_id": "call_2", "content": "Monday"}, {"role": "assistant", "content": "Noon."}]}
    """
    order: list[Any] = []
    latest = -1
    for message in example.messages:
        if message.role == "assistant":
            order, latest = ids_of(message), -1
        elif message.role == "tool" and is_id(id_ := message.value.get("tool_call_id")) and id_ in order:
            position = order.index(id_)
            if position < latest:
                yield Problem(message.pointer, f"the result of call {position + 1} after that of call {latest + 1}")
            latest = max(latest, position)


@rule(
    "T026",
    "result-before-user",
    Severity.ERROR,
    only=(Target.MISTRAL,),
    hint="Put the assistant's answer to the result before the next question.",
)
def result_before_user(example: Example) -> Problems:
    """A question follows a tool result.

    The service accepts only another result or the assistant's answer there.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call00001", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call00001", "content": "12:00"}, {"role": "user", "content": "So?"}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now", "description": "The time.", "parameters": {}}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call00001", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call00001", "content": "12:00"}, {"role": "assistant", "content": "Noon."}], "tools": [{"type": "function", "function": {"name": "now", "description": "The time.", "parameters": {}}}]}
    """
    for left, right in pairwise(example.messages):
        if left.role == "tool" and right.role == "user":
            yield Problem(right.pointer, "a question follows a tool result")


@value_rule("T021", "mistral-call-id", Severity.ERROR, only=(Target.MISTRAL,), hint="Use nine letters and digits.")
def mistral_call_id(example: Example) -> Problems:
    """The id of a tool call is not nine letters and digits.

    The service accepts no other id.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call00001", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    for message in example.messages:
        if is_converted(message):
            continue
        calls = enumerate(calls_in(message.value))
        ids = {f"tool_calls/{i}/id": call.get("id") for i, call in calls if isinstance(call, dict)}
        if message.role == "tool":
            ids["tool_call_id"] = message.value.get("tool_call_id")
        for key, id_ in ids.items():
            if is_id(id_) and not MISTRAL_ID.fullmatch(id_):
                yield Problem(f"{message.pointer}/{key}", f"id {quoted(id_, 40)} is not nine letters and digits")


@mistral_call_id.repaired_by(safe=True)
@on_messages
def number_as_mistral(messages: list[Object]) -> list[Object]:
    """Replace ids that the service does not accept with nine letters and digits, in calls and results."""
    ids = dict.fromkeys(ids_in(messages))
    valid = {id_ for id_ in ids if MISTRAL_ID.fullmatch(id_)}
    free = (name for number in count(1) if (name := f"call{number:05d}") not in valid)
    names = {id_: id_ if id_ in valid else next(free) for id_ in ids}

    def renamed(holder: Any, key: str) -> Any:
        return {**holder, key: names[holder[key]]} if isinstance(holder, dict) and is_id(holder.get(key)) else holder

    edited = []
    for message in messages:
        if calls := calls_in(message):
            message = {**message, "tool_calls": [renamed(call, "id") for call in calls]}  # noqa: PLW2901
        edited.append(renamed(message, "tool_call_id") if message.get("role") == "tool" else message)
    return edited


@value_rule(
    "T022",
    "calls-without-tools",
    Severity.WARNING,
    targets=REJECTING_TARGETS,
    hint="Declare the called tools under `tools`.",
)
def calls_without_tools(example: Example) -> Problems:
    """The example calls tools but declares none.

    At inference the model receives declarations. Without them in training, it learns to call tools that it was not
    given. Services reject the line.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    first = next(tool_calls(example), None)
    if first is not None and not example.value.get("tools") and next(declared_tools(example), None) is None:
        pointer = call_pointer(first.message, "function_call" if first.older else "tool_calls")
        yield Problem(pointer, "tools are called and none are declared")
