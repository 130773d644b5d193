"""Family T: the tools that an example offers, and their parameters, as JSON Schema and as services require them.

Calls and results are in `curate.lint.rules.calls`.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeGuard

from curate.core.example import Example, Message, canonical, kind_of
from curate.core.finding import PlacedProblems, Problem, Problems, Severity
from curate.core.targets import FORMATS, LIMITS, OPENAI_AZURE, SERVICES, Target
from curate.core.text import excerpt, plural, quoted
from curate.lint.rules.dataset_summary import DatasetState
from curate.lint.rules.roles import TOLERANT_TARGETS, functions_to_tools
from curate.lint.rules.rule import Object, dataset_rule, messages_in, value_rule
from curate.read.forms.form import omit_keys

REJECTING_TARGETS: Final = dict.fromkeys(SERVICES, Severity.ERROR)
"""For input that services reject and trainers accept."""
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
BOOLEAN_VALUES: Final = {"true": True, "false": False, "1": True, "0": False}
NOT_JSON: Final = object()
MAX_SHOWN_NAMES: Final = 5
"""Maximum number of names in a message."""


class Tool(NamedTuple):
    """A declared function that has a name."""

    name: str
    pointer: str
    """Pointer to the function's object, or to the JSON string with the tools."""
    function: dict[str, Any]
    in_text: bool

    def at(self, key: str) -> str:
        """Pointer to a key of the function."""
        return self.pointer if self.in_text else f"{self.pointer}/{key}"


class Call(NamedTuple):
    """A tool call of the assistant, or a function call in the deprecated format."""

    message: Message
    pointer: str
    """Pointer to the object with the name and the arguments."""
    function: dict[str, Any]
    id: Any
    older: bool

    def at(self, key: str) -> str:
        """Pointer to a key of the object with the name and the arguments."""
        return self.pointer if is_converted(self.message) else f"{self.pointer}/{key}"

    @property
    def name(self) -> str | None:
        """The name of the called function; None if it is not a string."""
        name = self.function.get("name")
        return name if isinstance(name, str) else None


@lru_cache(maxsize=64)  # cached, since several rules read an example
def json_value(text: str) -> Any:
    """The value of a JSON text, or `NOT_JSON`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return NOT_JSON


def is_converted(message: Message) -> bool:
    """Whether the reader created the calls or the result id; in ShareGPT files, both are in the text of a turn."""
    return message.content_pointer.endswith("/value") and (
        message.role == "tool" or (message.role == "assistant" and message.content is None)
    )


def call_pointer(message: Message, path: str) -> str:
    """Pointer into a message's calls in the original line, or to the text that the reader converted to calls."""
    return message.content_pointer if is_converted(message) else f"{message.pointer}/{path}"


def tools_in(example: Example) -> tuple[Any, bool]:
    """The value of `tools`, and whether it was a JSON string, as in some data sets."""
    tools = example.value.get("tools")
    return (json_value(tools), True) if isinstance(tools, str) and tools.strip() else (tools, False)


def declared_tools(example: Example) -> Iterator[Tool]:
    """The tools, and functions in the deprecated format, that have a name."""
    tools, in_text = tools_in(example)
    base = example.tools_pointer
    for i, tool in enumerate(tools) if isinstance(tools, list) else ():
        inner = isinstance(tool, dict) and isinstance(tool.get("function"), dict)
        function = tool["function"] if inner else tool
        if isinstance(function, dict) and isinstance(name := function.get("name"), str):
            yield Tool(name, base if in_text else f"{base}/{i}/function" if inner else f"{base}/{i}", function, in_text)
    functions = example.value.get("functions")
    for i, function in enumerate(functions) if isinstance(functions, list) else ():
        if isinstance(function, dict) and isinstance(name := function.get("name"), str):
            yield Tool(name, f"/functions/{i}", function, False)


def tool_calls(example: Example) -> Iterator[Call]:
    """The assistant's calls that are objects, in order."""
    for message in example.messages:
        if message.role != "assistant":
            continue
        calls = message.value.get("tool_calls")
        for i, call in enumerate(calls) if isinstance(calls, list) else ():
            if isinstance(call, dict) and isinstance(call.get("function"), dict):
                yield Call(
                    message, call_pointer(message, f"tool_calls/{i}/function"), call["function"], call.get("id"), False
                )
        if isinstance(call := message.value.get("function_call"), dict) and call:
            yield Call(message, f"{message.pointer}/function_call", call, None, True)


def calls_in(message: Object) -> list[Any]:
    """The list of tool calls of an assistant's message; empty if there is none."""
    calls = message.get("tool_calls")
    return calls if message.get("role") == "assistant" and isinstance(calls, list) else []


def call_ids(messages: list[Object]) -> Iterator[str]:
    """The ids of all calls, with repetitions."""
    for message in messages:
        yield from (call["id"] for call in calls_in(message) if isinstance(call, dict) and is_id(call.get("id")))


def is_id(value: Any) -> TypeGuard[str]:
    """Whether a value can serve as an id."""
    return isinstance(value, str) and bool(value)


@value_rule(
    "T001",
    "tools-malformed",
    Severity.ERROR,
    hint='Write each tool as {"type": "function", "function": {"name": ..., "parameters": {...}}}.',
)
def tools_malformed(example: Example, *, target: Target) -> Problems:
    """`tools` is not a list of function declarations.

    Templates read `function.name` and `function.parameters`, and show the model nothing else. Services reject the line;
    OpenAI and Azure also reject more than 128 tools.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function"}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}}]}
    """
    tools, in_text = tools_in(example)
    base = example.tools_pointer
    if tools in (None, "") and not in_text:
        return
    if not isinstance(tools, list):
        yield Problem(
            base, "`tools` is text that is not a JSON list" if in_text else f"`tools` is {kind_of(tools)}, not a list"
        )
        return
    limit = LIMITS[target].tools
    if limit is not None and len(tools) > limit:
        yield Problem(base, f"{plural(len(tools), 'tool')}; {target} accepts {limit}")
    bare = in_text or example.format in FORMATS[Target.LLAMAFACTORY]  # in a table, the text is read as a list
    for i, tool in enumerate(tools):
        pointer = base if in_text else f"{base}/{i}"
        if not isinstance(tool, dict):
            yield Problem(pointer, f"tool {i + 1} is {kind_of(tool)}, not an object")
        elif bare and isinstance(tool.get("name"), str):
            continue  # a bare function, as in data sets that store tools as text
        elif not isinstance(function := tool.get("function"), dict):
            yield Problem(pointer, f"tool {i + 1} has no `function`")
        elif not isinstance(function.get("name"), str):
            yield Problem(pointer, f"tool {i + 1} has no name")
        elif tool.get("type") != "function" and not in_text:
            yield Problem(pointer, f"the type of tool {i + 1} is not 'function'")


@value_rule(
    "T002",
    "tool-name",
    Severity.WARNING,
    targets=REJECTING_TARGETS,
    hint="Use 1 to 64 letters, digits, underscores and dashes.",
)
def tool_name(example: Example) -> Problems:
    """A tool name contains characters that services do not accept.

    Services accept 1 to 64 of a-z, A-Z, 0-9, underscore and dash, and reject the line for any other name.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "get time", "parameters": {}}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "get_time", "parameters": {}}}]}
    """
    for tool in declared_tools(example):
        if not NAME.fullmatch(tool.name):
            length = f" ({len(tool.name)} characters)" if len(tool.name) > 64 else ""
            yield Problem(tool.at("name"), f"tool name {quoted(tool.name)} is not accepted by services{length}")


@value_rule("T003", "duplicate-tool", Severity.ERROR, hint="Keep one of the two, or rename one and its calls.")
def duplicate_tool(example: Example) -> Problems:
    """Two tools have the same name.

    A call by this name could mean either tool.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "now"}}, {"type": "function", "function": {"name": "now"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "now"}}, {"type": "function", "function": {"name": "today"}}]}
    """
    names: set[tuple[bool, str]] = set()
    for tool in declared_tools(example):
        key = (tool.pointer.startswith("/functions"), tool.name)  # functions next to tools are reported by T006
        if key in names:
            yield Problem(tool.at("name"), f"tool {quoted(tool.name)} is declared twice")
        names.add(key)


@value_rule(
    "T005", "functions-deprecated", Severity.WARNING, targets=TOLERANT_TARGETS, hint="Use `tools` and `tool_calls`."
)
def functions_deprecated(example: Example) -> Problems:
    """`functions` and `function_call` are deprecated.

    OpenAI replaced them with `tools` and `tool_calls` in 2023. Chat templates know only these and omit functions and
    their calls without a warning.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "function_call": {"name": "now", "arguments": "{}"}}], "functions": [{"name": "now", "parameters": {"type": "object"}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}]}
    """
    if example.value.get("functions"):
        yield Problem("/functions", "`functions` is deprecated")
    for message in example.messages:
        if message.value.get("function_call"):
            yield Problem(f"{message.pointer}/function_call", "`function_call` is deprecated")


@functions_deprecated.repaired_by(safe=True)
def to_tools(value: Object) -> Object:
    """Convert `functions` to `tools`, and function calls and results to tool calls and messages with ids."""
    functions, messages = value.get("functions"), messages_in(value)
    named = isinstance(functions, list) and all(
        isinstance(function, dict) and isinstance(function.get("name"), str) for function in functions
    )
    if messages is None or (functions and (value.get("tools") or not named)):
        return value
    messages = functions_to_tools(messages) or messages
    ids = list(call_ids(messages))
    if len(set(ids)) < len(ids) or any(
        message.get("function_call") or message.get("role") == "function" for message in messages
    ):
        return value
    edited = {**value, "messages": messages}
    if not functions:
        return edited
    tools = [{"type": "function", "function": function} for function in functions]
    return {
        "tools" if key == "functions" else key: tools if key == "functions" else item
        for key, item in edited.items()
        if key != "tools"
    }


@value_rule("T006", "functions-and-tools", Severity.ERROR, hint="Keep `tools` and remove `functions`.")
def functions_and_tools(example: Example) -> Problems:
    """The example has both `functions` and `tools`.

    They are two names for the same thing. Services reject a line with both, and trainers read only one.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "now"}}], "functions": [{"name": "now"}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    if example.value.get("functions") and example.value.get("tools"):
        yield Problem("/functions", "both `functions` and `tools`")


@value_rule(
    "T007",
    "parallel-tool-calls",
    Severity.WARNING,
    targets=dict.fromkeys(OPENAI_AZURE, Severity.ERROR),
    hint="Write true or false beside `tools`, or remove the key.",
)
def parallel_tool_calls(example: Example) -> Problems:
    """`parallel_tool_calls` is not true or false, or there are no tools.

    The key sets whether the model may call several tools at once. Services reject other values, and the key without
    tools.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "parallel_tool_calls": false}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "now"}}], "parallel_tool_calls": false}
    """
    parallel = example.value.get("parallel_tool_calls")
    if parallel is None:
        return
    if not isinstance(parallel, bool):
        yield Problem("/parallel_tool_calls", f"`parallel_tool_calls` is {kind_of(parallel)}, not true or false")
    elif not example.value.get("tools") and not example.value.get("functions"):
        yield Problem("/parallel_tool_calls", "`parallel_tool_calls` without tools")


@parallel_tool_calls.repaired_by(safe=True)
def fix_parallel_tool_calls(value: Object) -> Object:
    """Convert text and numbers that mean true or false to booleans; remove the key if there are no tools."""
    parallel = value.get("parallel_tool_calls")
    if not value.get("tools") and not value.get("functions"):
        return omit_keys(value, "parallel_tool_calls")
    boolean = BOOLEAN_VALUES.get(str(parallel).strip().casefold()) if isinstance(parallel, str | int) else None
    return value if boolean is None else {**value, "parallel_tool_calls": boolean}


@dataset_rule("T023", "unused-tools", Severity.INFO, hint="Add examples that call the tool, or remove the tool.")
def unused_tools(example: Example, state: DatasetState) -> None:
    """A declared tool is never called in its file.

    A model learns when to call a tool from examples with calls. It learns to ignore a tool that is always present and
    never called.
    Bad: {"messages": [{"role": "user", "content": "What time is it?"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}, {"type": "function", "function": {"name": "today"}}]}
    Good: {"messages": [{"role": "user", "content": "What time is it?"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}], "tools": [{"type": "function", "function": {"name": "now"}}]}
    """
    if not example.plain:
        first, used = state.memory.setdefault("T023", ({}, set()))
        for tool in declared_tools(example):
            first.setdefault(tool.name, example.place)
        used.update(call.name for call in tool_calls(example) if call.name)


@unused_tools.finalize
def tools_never_called(state: DatasetState) -> PlacedProblems:
    """One finding for the file, at the first tool; none if it has no calls, which may then be in texts."""
    first, used = state.memory.get("T023", ({}, set()))
    unused = [name for name in first if name not in used]
    if used and unused:
        names = ", ".join(repr(excerpt(name, 40)) for name in unused[:MAX_SHOWN_NAMES]) + (
            ", …" if len(unused) > MAX_SHOWN_NAMES else ""
        )
        yield first[unused[0]], Problem("", f"{plural(len(unused), 'tool')} declared and never called: {names}")


NEWEST_DRAFT: Final = "2020-12"
DRAFTS: Final = {
    NEWEST_DRAFT: "https://json-schema.org/draft/2020-12/schema",
    "7": "http://json-schema.org/draft-07/schema#",
    "4": "http://json-schema.org/draft-04/schema#",
}
"""Drafts of JSON Schema, the newest first. OpenAI and Anthropic read the newest; older ones are in public tools."""


@lru_cache(maxsize=1024)  # most examples of a file declare the same tools
def draft_of(schema: bytes) -> str | None:
    """The newest draft of JSON Schema that an object follows: lists under `items` are of drafts before 2020-12.

    None if it follows none. Raises `RecursionError`.
    """
    value = json.loads(schema)
    return next((draft for draft in DRAFTS if not _first_fault(draft, value)), None)


def _first_fault(draft: str, value: Object) -> str:
    """The first fault by its place, since the library's own choice differs from run to run; empty if there is none."""
    from jsonschema import validators  # only imported for lines with tools

    validator = validators.validator_for({"$schema": DRAFTS[draft]})
    faults = validator(validator.META_SCHEMA).iter_errors(value)
    fault = min(faults, key=lambda error: (error.json_path, error.message), default=None)
    return "" if fault is None else fault.message or "invalid"


@lru_cache(maxsize=1024)  # most examples of a file declare the same tools
def schema_fault(schema: bytes, *, newest: bool = False) -> str | None:
    """Why a JSON text is not a JSON Schema of an object; None if it is one, with `newest` of the newest draft."""
    value = json.loads(schema)
    if not isinstance(value, dict):
        return f"are {kind_of(value)}, not a JSON Schema"
    if _has_long_list(value):
        return f"have a list of more than {MAX_SCHEMA_OBJECTS:,} objects"
    try:
        valid = draft_of(schema)
        if valid is None or (newest and valid != NEWEST_DRAFT):
            older = f" of draft {NEWEST_DRAFT}, which services read" if valid else ""
            return f"are no valid JSON Schema{older}: {excerpt(_first_fault(NEWEST_DRAFT, value), 100)}"
    except RecursionError:
        return "are nested too deep"
    kind = value.get("type", "object")
    return None if kind == "object" else f"have the type {quoted(str(kind), 30)}, not 'object'"


def _has_long_list(schema: Object) -> bool:
    """Whether a list that must be free of repetitions has many objects: the library compares each pair of them."""
    stack: list[Any] = [schema]
    while stack:
        value = stack.pop()
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(item, dict | list):
                stack.append(item)
                objects = 0 if key in SCHEMA_LIST_KEYS else sum(isinstance(entry, dict | list) for entry in item)
                if isinstance(item, list) and objects > MAX_SCHEMA_OBJECTS:
                    return True
    return False


MAX_SCHEMA_OBJECTS: Final = 300
SCHEMA_KEYS: Final = ("items", "additionalProperties", "not", "contains", "if", "then", "else")
"""Keys of a schema that hold a schema."""
SCHEMA_LIST_KEYS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
NAMED_SCHEMAS: Final = ("properties", "$defs", "definitions", "patternProperties")
NOT_STRICT_KEYS: Final = ("allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas")
"""Keys that OpenAI does not accept in strict mode."""


def subschemas(schema: Object) -> Iterator[tuple[str, Object]]:
    """All schemas in a schema and their paths, itself first."""
    stack = [("", schema)]
    while stack:
        pointer, value = stack.pop()
        yield pointer, value
        children = [(f"{pointer}/{key}", value.get(key)) for key in SCHEMA_KEYS]
        children += [
            (f"{pointer}/{key}/{i}", child)
            for key in SCHEMA_LIST_KEYS
            if isinstance(value.get(key), list)
            for i, child in enumerate(value[key])
        ]
        children += [
            (f"{pointer}/{key}/{name}", child)
            for key in NAMED_SCHEMAS
            if isinstance(value.get(key), dict)
            for name, child in value[key].items()
        ]
        stack += [(path, child) for path, child in reversed(children) if isinstance(child, dict)]


def _has_type(schema: Object, kind: str) -> bool:
    named = schema.get("type")
    return named == kind or (isinstance(named, list) and kind in named)


@lru_cache(maxsize=1024)
def _array_without_items(schema: bytes) -> str:
    """Path of the first array in a schema that does not say what it holds; empty if there is none."""
    arrays = (
        path
        for path, subschema in subschemas(json.loads(schema))
        if _has_type(subschema, "array") and "items" not in subschema
    )
    return next(arrays, "")


@lru_cache(maxsize=1024)
def _strict_fault(schema: bytes) -> str:
    """What OpenAI's strict mode refuses in a schema of an object, with its path; empty if there is nothing."""
    for path, subschema in subschemas(json.loads(schema)):
        where = f" at {excerpt(path, 60)}" if path else ""
        if key := next((key for key in NOT_STRICT_KEYS if key in subschema), ""):
            return f"has `{key}`{where}"
        if not path and "anyOf" in subschema:
            return "is an `anyOf`"
        if not subschema.keys() & {"type", "anyOf", "$ref", "enum", "const"} and path:
            return f"has no type{where}"
        if not _has_type(subschema, "object") and "properties" not in subschema:
            continue
        if subschema.get("additionalProperties") is not False:
            return f"has no `additionalProperties: false`{where}"
        required = subschema.get("required", [])
        if missing := [name for name in subschema.get("properties", {}) if name not in required]:
            return f"does not require {quoted(missing[0], 30)}{where}"
    return ""


@value_rule(
    "T004",
    "tool-schema",
    Severity.WARNING,
    targets=REJECTING_TARGETS,
    hint='Write `parameters` as a JSON Schema whose type is "object".',
)
def tool_schema(example: Example, *, target: Target) -> Problems:
    """The parameters of a tool are not a valid JSON Schema of an object.

    Services reject the line, and the arguments of calls cannot be checked. Services read draft 2020-12, in which
    `items` is one schema; for trainers, schemas of drafts 7 and 4 are valid, too. OpenAI and Azure also refuse an array
    without `items`.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "now", "parameters": {"type": "dict"}}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}]}
    """
    for tool in declared_tools(example):
        parameters = tool.function.get("parameters")
        if parameters is None:
            continue
        schema = canonical(parameters)
        fault = schema_fault(schema, newest=target in SERVICES)
        if fault is None and target in OPENAI_AZURE and (path := _array_without_items(schema)):
            fault = f"have an array without `items` at {excerpt(path, 60)}, which {target} refuses"
        if fault:
            yield Problem(tool.at("parameters"), f"the parameters of {quoted(tool.name)} {fault}")


@value_rule(
    "T027",
    "tool-undescribed",
    Severity.ERROR,
    only=(Target.MISTRAL, Target.BEDROCK),
    hint="Give each tool a description and parameters with a type.",
)
def tool_undescribed(example: Example, *, target: Target) -> Problems:
    """A tool has no description or no parameters, or there is an empty list of tools.

    Mistral and Amazon Nova require both for every tool. Nova also requires a type of the parameters, and at least one
    tool in a list of tools.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "now", "description": "The time.", "parameters": {"type": "object"}}}]}
    """
    nova = target is Target.BEDROCK
    if nova and example.value.get("tools") == []:
        yield Problem(example.tools_pointer, "the list of tools is empty")
    for tool in declared_tools(example):
        name, description = quoted(tool.name), tool.function.get("description")
        if not isinstance(description, str) or (nova and not description.strip()):
            yield Problem(tool.pointer, f"the tool {name} has no description")
        parameters = tool.function.get("parameters")
        if not isinstance(parameters, dict) or (nova and "type" not in parameters):
            fault = "no parameters" if parameters is None else "parameters without a type"
            yield Problem(tool.pointer, f"the tool {name} has {fault}")


@value_rule(
    "T024",
    "not-strict",
    Severity.WARNING,
    only=OPENAI_AZURE,
    hint="Require all properties and forbid others in every object, or remove `strict`. An optional one may be null.",
)
def not_strict(example: Example) -> Problems:
    """The parameters of a tool with `strict` are not a schema that strict mode accepts.

    OpenAI and Azure refuse a request with such a tool: every object must have `additionalProperties: false` and require
    all of its properties, every schema must have a type, and allOf, oneOf, not, if and dependentRequired are not
    accepted.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "now", "strict": true, "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}}}}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": [{"type": "function", "function": {"name": "now", "strict": true, "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"], "additionalProperties": false}}}]}
    """
    for tool in declared_tools(example):
        parameters = tool.function.get("parameters")
        if tool.function.get("strict") is not True or not isinstance(parameters, dict):
            continue
        schema = canonical(parameters)
        if schema_fault(schema, newest=True) is None and (fault := _strict_fault(schema)):
            yield Problem(
                tool.at("parameters"), f"the parameters of {quoted(tool.name)} are not strict: the schema {fault}"
            )
