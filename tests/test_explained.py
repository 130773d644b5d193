"""Every command, option, rule and key of the configuration is explained, and CONTRIBUTING names what is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from pydantic import BaseModel

import curate
from curate.cli.verbs import SUMMARIES, load_verb
from curate.core.config import Config
from curate.lint.rules import RULES
from curate.network.egress import TrustedEndpoint
from curate.schemas import descriptions

ROOT: Final = Path(curate.__file__).parents[1]


def explained(text: str | None) -> bool:
    """Whether a text says something: two words or more."""
    return len((text or "").split()) > 1


def commands(name: str) -> Iterator[tuple[str, Any]]:
    """A command, or the commands of a group, each with its name."""
    verb = load_verb(name)
    app = verb if isinstance(verb, typer.Typer) else typer.Typer(add_completion=False)
    if app is not verb:
        app.command(name)(verb)
    command: Any = typer.main.get_command(app)
    yield name, command
    yield from ((f"{name} {key}", one) for key, one in getattr(command, "commands", {}).items())


@pytest.mark.slow
@pytest.mark.parametrize("name", SUMMARIES)
def test_each_command_and_option_is_explained(name: str) -> None:
    assert explained(SUMMARIES[name])
    for words, command in commands(name):
        assert explained(command.help), words
        short = [
            parameter.name
            for parameter in command.params
            if parameter.name != "help" and not explained(getattr(parameter, "help", None))
        ]
        assert short == [], words


def test_each_rule_is_explained() -> None:
    texts = {code: (rule.summary, rule.rationale, rule.hint) for code, rule in RULES.items()}
    assert [code for code, parts in texts.items() if not all(map(explained, parts))] == []


def tables(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A table of the configuration and those inside it."""
    yield kind
    for field in kind.model_fields.values():
        for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from tables(inner)


@pytest.mark.parametrize("table", [*tables(Config), TrustedEndpoint], ids=lambda table: table.__name__)
def test_each_key_of_the_configuration_is_explained(table: type[BaseModel]) -> None:
    texts = descriptions(table)
    inner = {
        name
        for name, field in table.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }
    assert explained(table.__doc__)
    assert [name for name in table.model_fields if name not in inner and not explained(texts.get(name))] == []


def test_what_contributing_names_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:curate|train|tui|tests|docs)/[\w./]*\w", text))
    named -= {path for path in named if "NAME" in path or "CODE" in path}
    assert len(named) > 50
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets
