"""JSON Schemas of everything that curate reads and writes, made from the types. Nothing reads them at run time."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import pairwise
from pkgutil import iter_modules
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from curate import commands
from curate.commands.review_history import AgreementResult, AuditResult, HistoryResult
from curate.commands.template import TemplateDiffResult
from curate.core.config import Config, Section
from curate.core.datamap import MappedExample
from curate.core.decision import Decision
from curate.core.example import Conversation
from curate.core.json_output import Output
from curate.core.option import Option
from curate.core.removed import Removal
from curate.lint.rules import RULES
from curate.lint.rules.rule import CODE, LINE_BREAK
from curate.lint.suppressions import Baseline, Suppression
from curate.output.difference import DiffResult
from curate.output.restore import RestoreResult
from curate.project.manifest import Manifest
from curate.remote.estimate import EstimateResult
from curate.remote.fetch import FetchResult
from curate.render.check_json import CheckLine, CheckOutput
from curate.render.conflicts import ConflictsOutput
from curate.render.dedup import DedupOutput
from curate.render.remote import StartOutput, UploadOutput, WatchLine
from curate.render.rules import rule_json
from curate.render.stats import StatsResult
from curate.storage.files import json_text

TYPES: Final[dict[str, Any]] = {
    "kappa": AgreementResult,
    "audit": AuditResult,
    "baseline": Baseline,
    "check": CheckOutput,
    "check-line": CheckLine,
    "config": Config,
    "conflicts": ConflictsOutput,
    "conversation": Conversation,
    "datamap": MappedExample,
    "decision": Decision,
    "dedup": DedupOutput,
    "diff": DiffResult,
    "history": HistoryResult,
    "manifest": Manifest,
    "remote-estimate": EstimateResult,
    "remote-fetch": FetchResult,
    "remote-start": StartOutput,
    "remote-upload": UploadOutput,
    "remote-watch-line": WatchLine,
    "removed": Removal,
    "restore": RestoreResult,
    "stats": StatsResult,
    "suppression": Suppression,
    "template-diff": TemplateDiffResult,
}
"""Types by schema name, beside the results of commands that `_results` finds."""


def schemas(others: Mapping[str, Any]) -> dict[str, bytes]:
    """File name to content: a schema for each of our types and of `others`, and the rules as data."""
    files = {}
    for table in _tables():
        table.model_rebuild()  # pydantic before 2.13 writes no default of a table that is not built yet
    for name, kind in sorted({**TYPES, **dict(_results()), **others}.items()):
        mode: Any = (
            "serialization"
            if isinstance(kind, type) and issubclass(kind, BaseModel | Output) and name not in ("config", "recipe")
            else "validation"
        )
        schema = _unwrapped(_described(TypeAdapter(kind).json_schema(mode=mode)))
        if name in ("check", "check-line"):
            schema["$defs"]["Finding"]["properties"]["code"]["anyOf"] = [
                {"enum": sorted(RULES)},
                {"description": "a custom rule", "pattern": CODE.pattern},
            ]
        files[f"{name}.schema.json"] = json_text(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$id": f"urn:curate:schema:{name}",
                **schema,
            }
        ).encode()
    files["rules.json"] = json_text([rule_json(RULES[code]) for code in sorted(RULES)]).encode()
    return files


def _results() -> Iterator[tuple[str, Any]]:
    """The class NAMEResult of each module curate.commands.NAME that has one as its JSON output, by name."""
    for module in iter_modules(commands.__path__):
        kind = getattr(import_module(f"{commands.__name__}.{module.name}"), f"{module.name.title()}Result", None)
        if isinstance(kind, type) and issubclass(kind, Output):
            yield module.name, kind


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema in which the keys of the types that are built late are described; other types bring their own
    descriptions.
    """
    tables = {table.__name__: table for table in _tables()}
    for definition in (schema, *schema.get("$defs", {}).values()):
        table = tables.get(definition.get("title", ""))
        for key, text in descriptions(table).items() if table else ():
            described = definition["properties"][key]
            definition["properties"][key] = dict(sorted({**described, "description": text}.items()))
    return schema


def _tables() -> tuple[type[BaseModel], ...]:
    """The types that pydantic builds when they are first needed, and does not read the source of."""
    return *Section.__subclasses__(), Decision, Suppression


def _unwrapped(schema: Any) -> Any:
    """A schema in which the paragraphs of each description are one line each, however the source wraps them."""
    match schema:
        case dict():
            return {
                key: LINE_BREAK.sub(" ", value)
                if key == "description" and isinstance(value, str)
                else _unwrapped(value)
                for key, value in schema.items()
            }
        case list():
            return [_unwrapped(value) for value in schema]
        case _:
            return schema


def descriptions(table: type[BaseModel]) -> dict[str, str]:
    """What each key of a type means: its attribute docstring, else the help of its option."""
    marks = ((key, mark) for key, field in table.model_fields.items() for mark in field.metadata)
    return {key: mark.help for key, mark in marks if isinstance(mark, Option)} | dict(_docstrings(table))


def _docstrings(kind: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """The fields of a type with the strings that stand below them in its source."""
    [declared] = ast.parse(inspect.getsource(kind)).body
    assert isinstance(declared, ast.ClassDef)
    for pair in pairwise(declared.body):
        match pair:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
