"""Family T, schemas: the parameters of declared tools, as JSON Schema and as services require them."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from curate.core.example import Example, canonical, kind_of
from curate.core.finding import Problem, Problems, Severity
from curate.core.targets import OPENAI_AZURE, SERVICES, Target
from curate.core.text import excerpt
from curate.lint.rules.rule import Object, value_rule
from curate.lint.rules.tools import REJECTING_TARGETS, declared_tools

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
    return None if kind == "object" else f"have the type {excerpt(str(kind), 30)!r}, not 'object'"


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
            return f"does not require {excerpt(missing[0], 30)!r}{where}"
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
            yield Problem(tool.at("parameters"), f"the parameters of {excerpt(tool.name)!r} {fault}")


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
        name, description = excerpt(tool.name), tool.function.get("description")
        if not isinstance(description, str) or (nova and not description.strip()):
            yield Problem(tool.pointer, f"the tool {name!r} has no description")
        parameters = tool.function.get("parameters")
        if not isinstance(parameters, dict) or (nova and "type" not in parameters):
            fault = "no parameters" if parameters is None else "parameters without a type"
            yield Problem(tool.pointer, f"the tool {name!r} has {fault}")


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
                tool.at("parameters"), f"the parameters of {excerpt(tool.name)!r} are not strict: the schema {fault}"
            )
