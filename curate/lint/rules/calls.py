"""Family T, calls: tool calls, their arguments and ids, and the results that answer them."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from curate.core.example import Example, Message, Place, canonical, kind_of
from curate.core.finding import Problem, Problems, Severity
from curate.core.targets import ARROW, SERVICES, Target
from curate.core.text import excerpt, quoted, visible
from curate.lint.rules.dataset_summary import DatasetState
from curate.lint.rules.rule import Object, dataset_rule, messages_in, on_messages, value_rule
from curate.lint.rules.tools import (
    DRAFTS,
    NEWEST_DRAFT,
    NOT_JSON,
    call_pointer,
    calls_in,
    declared_tools,
    draft_of,
    is_converted,
    json_value,
    schema_fault,
    tool_calls,
)
from curate.read.decode import decode
from curate.read.forms.form import omit_keys

PATTERN_KEYWORDS: Final = frozenset(("patternProperties", "additionalProperties", "unevaluatedProperties"))
"""Keywords of JSON Schema that depend on patterns."""
MAX_VALIDATION_STEPS: Final = 50_000
"""Steps of the validation of a call, which take less than a second; usual calls take hundreds."""
MAX_FAULTS: Final = 3
"""Maximum number of reported faults per call."""


def arguments_of(function: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments of a call, as an object or decoded from JSON; None if they are neither."""
    arguments = function.get("arguments")
    value = json_value(arguments) if isinstance(arguments, str) else arguments
    return value if isinstance(value, dict) else None


def encoded_once(arguments: Any) -> str | None:
    """The JSON text of an object that is encoded twice or more often, as it is written; None if there is none."""
    text, depth = arguments, 0
    while isinstance(text, str) and depth < 9:
        value = json_value(text)
        if isinstance(value, dict):
            return text if depth else None
        text, depth = value, depth + 1
    return None


def ids_of(message: Message) -> list[Any]:
    """The ids of a message's tool calls; None for a call without one."""
    return [call.get("id") for call in calls_in(message.value) if isinstance(call, dict)]


@value_rule(
    "T008",
    "parallel-calls",
    Severity.WARNING,
    hint="Set parallel_tool_calls to true, or make the calls one after the other.",
)
def parallel_calls(example: Example) -> Problems:
    """A message has several tool calls although `parallel_tool_calls` is false.

    The example contradicts its own setting, and the model learns to ignore it.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}, {"id": "call_2", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}], "parallel_tool_calls": false}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}], "parallel_tool_calls": false}
    """
    if example.value.get("parallel_tool_calls") is False:
        for message in example.messages:
            if (count := len(calls_in(message.value))) > 1:
                yield Problem(
                    call_pointer(message, "tool_calls"), f"{count} calls at once, and `parallel_tool_calls` is false"
                )


@value_rule(
    "T009",
    "tool-calls-malformed",
    Severity.ERROR,
    hint='Write each call as {"id": ..., "type": "function", "function": {"name": ..., "arguments": "{...}"}}. Remove '
    "an empty list.",
)
def tool_calls_malformed(example: Example) -> Problems:
    """`tool_calls` is not a list of calls, or is empty; or `function_call` is no call.

    Templates read a name and arguments from each call and stop without them. Services also reject an empty list. T017
    covers missing ids.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "tool_calls": []}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        if message.role != "assistant":
            continue
        if (call := message.value.get("function_call")) and (fault := function_fault(call)):
            where = f"`function_call` of message {message.index + 1}"
            yield Problem(f"{message.pointer}/function_call", f"{where} {fault}")
        calls = message.value.get("tool_calls")
        pointer = call_pointer(message, "tool_calls")
        if calls is None:
            continue
        if not isinstance(calls, list):
            yield Problem(pointer, f"`tool_calls` is {kind_of(calls)}, not a list")
        elif not calls:
            yield Problem(pointer, "`tool_calls` is an empty list")
        for i, call in enumerate(calls) if isinstance(calls, list) else ():
            if fault := call_fault(call):
                yield Problem(f"{pointer}/{i}", f"call {i + 1} of message {message.index + 1} {fault}")


FLAT_CALL_KEYS: Final = frozenset(("name", "arguments"))


def call_fault(call: Any) -> str | None:
    """What a tool call lacks besides an id; None if it is complete."""
    if not isinstance(call, dict):
        return f"is {kind_of(call)}, not an object"
    if not isinstance(call.get("function"), dict):
        return "has no `function`"
    fault = function_fault(call["function"])
    return fault or (None if call.get("type") == "function" else "has not the type 'function'")


def function_fault(function: Any) -> str | None:
    """What the function of a call, or a `function_call`, lacks; None if it is complete."""
    if not isinstance(function, dict):
        return f"is {kind_of(function)}, not an object"
    if not isinstance(function.get("name"), str):
        return "has no name"
    return None if "arguments" in function else "has no arguments"


@tool_calls_malformed.repaired_by(safe=True)
@on_messages
def mend_calls(messages: list[Object]) -> list[Object] | None:
    """Remove empty lists of tool calls, and put names and arguments that stand in a call itself under `function`."""
    edited = []
    for message in messages:
        calls = message.get("tool_calls") if message.get("role") == "assistant" else None
        if not isinstance(calls, list | None):
            return None
        repaired = [_with_function(call) for call in calls or ()]
        call = message.get("function_call") if message.get("role") == "assistant" else None
        if any(map(call_fault, repaired)) or (call and function_fault(call)):
            return None  # a call is still incomplete
        without_calls = message if calls is None else omit_keys(message, "tool_calls")
        edited.append({**message, "tool_calls": repaired} if repaired else without_calls)
    return edited


def _with_function(call: Any) -> Any:
    flat = isinstance(call, dict) and FLAT_CALL_KEYS <= call.keys() <= FLAT_CALL_KEYS | {"id", "type"}
    if not flat or call.get("type") not in (None, "function"):  # a call of another type is no call of a function
        return call
    function = {"name": call["name"], "arguments": call["arguments"]}
    return {**omit_keys(call, *FLAT_CALL_KEYS), "type": "function", "function": function}


@value_rule("T010", "undeclared-tool", Severity.ERROR, hint="Declare the tool under `tools`, or correct the name.")
def undeclared_tool(example: Example) -> Problems:
    """A call names a tool that the example does not declare.

    The model learns to call tools that it was not given.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "today", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    names = {tool.name for tool in declared_tools(example)}
    for call in tool_calls(example) if names else ():
        if call.name is not None and call.name not in names:
            yield Problem(call.at("name"), f"tool {quoted(call.name)} is called but not declared")


@value_rule(
    "T011",
    "arguments-form",
    Severity.ERROR,
    targets={Target.TRL: Severity.WARNING},
    only=(*SERVICES, Target.TRL),
    hint="Write the arguments as JSON in a string for services, as an object for TRL.",
)
def arguments_form(example: Example, *, target: Target) -> Problems:
    """The arguments of a call are an object where the target expects JSON in a string, or the reverse.

    Services expect the form of their own answers, a string. TRL passes the arguments to the chat template unchanged,
    and most templates encode a string again. The built-in trainer, axolotl and LLaMA-Factory accept both forms.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": {"zone": "UTC"}}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{\\"zone\\": \\"UTC\\"}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    for call in tool_calls(example):
        arguments = None if is_converted(call.message) else call.function.get("arguments")
        if target is Target.TRL and isinstance(arguments, str) and isinstance(json_value(arguments), dict):
            yield Problem(call.at("arguments"), "the arguments are JSON in a string, not an object")
        elif target is not Target.TRL and isinstance(arguments, dict):
            yield Problem(call.at("arguments"), "the arguments are an object, not JSON in a string")


@arguments_form.repaired_by(safe=True)
def arguments_as_taken(value: Object, *, target: Target) -> Object:
    """Write arguments that are objects as JSON in a string; for TRL, JSON in a string as an object."""

    def converted(arguments: Any) -> Any:
        if target is not Target.TRL:
            return json.dumps(arguments, ensure_ascii=False) if isinstance(arguments, dict) else arguments
        decoded = decode(arguments.encode("utf-8", "surrogatepass")) if isinstance(arguments, str) else None
        return decoded.value if decoded and isinstance(decoded.value, dict) and not decoded.defects else arguments

    return with_arguments(value, converted)


def with_arguments(value: Object, edit: Callable[[Any], Any]) -> Object:
    """A copy in which the arguments of every call are edited."""

    def edited(holder: Any) -> Any:
        has_arguments = isinstance(holder, dict) and "arguments" in holder
        return {**holder, "arguments": edit(holder["arguments"])} if has_arguments else holder

    messages = []
    for message in messages_in(value) or ():
        if calls := calls_in(message):
            converted = [
                {**call, "function": edited(call["function"])}
                if isinstance(call, dict) and "function" in call
                else call
                for call in calls
            ]
            message = {**message, "tool_calls": converted}  # noqa: PLW2901
        if message.get("role") == "assistant" and "function_call" in message:
            message = {**message, "function_call": edited(message["function_call"])}  # noqa: PLW2901
        messages.append(message)
    return {**value, "messages": messages} if messages else value


@value_rule(
    "T012", "arguments-not-json", Severity.ERROR, hint='Write the arguments as JSON, or "{}" if there are none.'
)
def arguments_not_json(example: Example) -> Problems:
    """The arguments of a call are text that is not JSON.

    Templates that render arguments as an object stop on it. With other templates, the model learns to write invalid
    calls.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{zone: UTC}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{\\"zone\\": \\"UTC\\"}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    for call in tool_calls(example):
        arguments = call.function.get("arguments")
        if isinstance(arguments, str) and json_value(arguments) is NOT_JSON:
            text = f"not JSON: {quoted(arguments, 40)}" if arguments.strip() else "empty text"
            yield Problem(call.at("arguments"), f"the arguments are {text}")


@value_rule(
    "T013",
    "arguments-not-an-object",
    Severity.ERROR,
    hint='Write the arguments as an object with names: {"zone": "UTC"}.',
)
def arguments_not_an_object(example: Example) -> Problems:
    """The arguments of a call are not an object.

    Tools read arguments by name. A list, a number or a plain text has no names.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "[\\"UTC\\"]"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{\\"zone\\": \\"UTC\\"}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    for call in tool_calls(example):
        if "arguments" not in call.function:
            continue
        arguments = call.function["arguments"]
        value = json_value(arguments) if isinstance(arguments, str) else arguments
        if value is not NOT_JSON and not isinstance(value, dict) and encoded_once(arguments) is None:
            yield Problem(call.at("arguments"), f"the arguments are {kind_of(value)}, not an object")


@value_rule("T014", "arguments-encoded-twice", Severity.ERROR, hint="Encode the arguments once.")
def arguments_encoded_twice(example: Example) -> Problems:
    """The arguments of a call are JSON encoded twice.

    An exporter encoded the string again. The model learns to write a string where the tool expects an object.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "\\"{}\\""}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    for call in tool_calls(example):
        if encoded_once(call.function.get("arguments")) is not None:
            yield Problem(call.at("arguments"), "the arguments are encoded twice")


@arguments_encoded_twice.repaired_by(safe=True)
def decode_once(value: Object) -> Object:
    """Encode the arguments once."""
    return with_arguments(value, lambda arguments: encoded_once(arguments) or arguments)


@value_rule("T015", "arguments-break-schema", Severity.WARNING, hint="Correct the call, or the tool's parameters.")
def arguments_break_schema(example: Example) -> Problems:
    """The arguments of a call do not match the parameters of its tool.

    A required argument is missing, has the wrong type or is not declared. The model learns calls that fail.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{\\"zone\\": \\"UTC\\"}"}}]}], "tools": [{"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}}}]}
    """
    calls = list(tool_calls(example))
    parameters = {tool.name: tool.function.get("parameters") for tool in declared_tools(example)} if calls else {}
    for call in calls:
        arguments, schema = arguments_of(call.function), parameters.get(call.name or "")
        if arguments is None or not isinstance(schema, dict) or schema_fault(text := canonical(schema)):
            continue
        faults = _schema_faults(text, canonical(arguments))
        for fault in faults[:MAX_FAULTS]:
            yield Problem(call.at("arguments"), f"call of {quoted(call.name or '')}: {fault}")


@lru_cache(maxsize=1024)  # most examples of a file declare the same tools
def _validator(schema: bytes) -> tuple[Any, list[int]]:
    """A JSON Schema validator that fetches nothing, and the number of its steps.

    Patterns of the data, which could run forever, are left out, with the keywords that depend on them; `$schema`, too,
    which would choose another validator within the schema.
    """
    from jsonschema import validators  # only imported for lines with calls
    from referencing import Registry

    removed_keywords = PATTERN_KEYWORDS if b'"patternProperties"' in schema else frozenset()

    def without_patterns(value: Object) -> Object:
        return {
            key: item
            for key, item in value.items()
            if key not in removed_keywords and not (key in ("pattern", "$schema") and isinstance(item, str))
        }

    validator_class, steps = validators.validator_for({"$schema": DRAFTS[draft_of(schema) or NEWEST_DRAFT]}), [0]
    checks = {name: _bounded(name, check, steps) for name, check in validator_class.VALIDATORS.items()}
    value = json.loads(schema, object_hook=without_patterns)
    return validators.extend(validator_class, checks)(value, registry=Registry()), steps


def _bounded(name: str, check: Callable[..., Any], steps: list[int]) -> Callable[..., Any]:
    """The function of a keyword, which raises `RecursionError` when no step is left.

    References can double the work 40 times in a kilobyte, and `uniqueItems` compares each pair of objects.
    """

    def counting_steps(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        steps[0] -= len(value) if isinstance(value, dict | list) else 1
        if name == "uniqueItems" and isinstance(instance, list):
            steps[0] -= sum(isinstance(item, dict | list) for item in instance) ** 2 // 2
        if steps[0] < 0:
            raise RecursionError
        return check(validator, value, instance, schema)

    return counting_steps


def _schema_faults(schema: bytes, arguments: bytes) -> list[str]:
    from referencing.exceptions import Unresolvable

    (validator, steps), value = _validator(schema), json.loads(arguments)
    steps[0] = MAX_VALIDATION_STEPS
    try:
        faults = sorted(excerpt(error.message, 100) for error in validator.iter_errors(value))
    except (Unresolvable, RecursionError, ArithmeticError, re.error):
        return []  # an external or cyclic reference, a huge number, or too many steps: cannot be validated
    properties, undeclared = validator.schema.get("properties"), {*PATTERN_KEYWORDS, "$ref", "allOf", "anyOf", "oneOf"}
    if isinstance(properties, dict) and properties and not undeclared & json.loads(schema).keys():
        faults += [f"argument {quoted(name, 40)} is not declared" for name in value if name not in properties]
    return faults


@dataset_rule(
    "T016",
    "argument-types",
    Severity.WARNING,
    only=ARROW,
    hint="Use one type for the argument. Axolotl also accepts all arguments as JSON in a string. For TRL, load the "
    "data with JSON columns (datasets 4.7).",
)
def argument_types(example: Example, state: DatasetState) -> Problems:
    """An argument has another type than in an earlier call of the file, or arguments are both objects and strings.

    The trainer reads arguments that are objects into columns with one type per key, whatever the tool. Loading stops,
    or values change. There is no repair, since one line cannot change form alone.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "wait", "arguments": {"time": 5}}}]}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "wait", "arguments": {"time": "noon"}}}]}]}
    Good:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "wait", "arguments": "{\\"time\\": 5}"}}]}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "wait", "arguments": "{\\"time\\": \\"noon\\"}"}}]}]}
    """
    if example.plain:
        return
    first: dict[str | None, tuple[str, Place]] = state.memory.setdefault("T016", {})
    for call in tool_calls(example):
        arguments = None if is_converted(call.message) else call.function.get("arguments")
        values = [(None, arguments), *(arguments.items() if isinstance(arguments, dict) else ())]
        for name, value in values:
            if value is None:
                continue
            kind, place = first.setdefault(name, (kind_of(value), example.place))
            if kind != kind_of(value):
                text = "the arguments are" if name is None else f"argument {quoted(name, 40)} is"
                yield Problem(call.at("arguments"), f"{text} {kind_of(value)}, and {kind} in {visible(str(place))}")
