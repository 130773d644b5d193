"""`curate rule`."""

import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from textwrap import fill
from typing import Annotated, Final

import typer

from curate.cli.invocation import invocation
from curate.core.config import CheckConfig
from curate.core.errors import ExitCode, UsageError
from curate.core.text import excerpt, plural, visible
from curate.lint.rules import Scope
from curate.lint.rules.custom import known_rules, own_rules
from curate.lint.rules.rule import Rule
from curate.lint.runner import check_paths
from curate.project.config_files import find_config
from curate.render.console import console, table
from curate.render.rules import rule_json, rule_markdown, rule_terms, rules_markdown
from curate.storage.scratch import temporary_folder

MAX_COLUMNS: Final = 120
NO_MODEL: Final = "its examples need a model that only the tests of curate have; `curate check --model` runs the rule"
BY_CODE: Final = {
    "F006": "its examples are lines of a suppressions file, not of data",
    "J018": "an example would be as large as a file that the service rejects",
    "X001": "it needs an NLI model or a judge; `curate conflicts --nli` runs it",
    "X002": "it needs an embedding and an NLI model; `curate conflicts --embeddings --nli` runs it",
}
"""Why some built-in rules cannot be tested by their examples; the test suite covers them."""


class RuleFormat(StrEnum):
    """Print rules in this format."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def rule(
    code: Annotated[str, typer.Argument(help="The rule's code, e.g. M016.", metavar="CODE")] = "",
    show_all: Annotated[bool, typer.Option("--all", help="List all rules, including your own.")] = False,
    kind: Annotated[RuleFormat, typer.Option("--format", help="Print rules in this format.")] = RuleFormat.TEXT,
    test: Annotated[
        bool, typer.Option("--test", help="Run the good and bad examples of CODE, or of all your own rules.")
    ] = False,
) -> None:
    """Explain a rule, list all rules, or test your own.

    Exit status: 0, 1 if an example fails (--test), 2 for an unknown rule.
    """
    config = find_config(Path.cwd(), None, invocation().config).check
    rules = known_rules(config.rule)
    if code and code.upper() not in rules:
        raise UsageError(f"no rule {code!r}", "`curate rule --all` lists them")
    if show_all and (code or test):
        raise UsageError(f"--all cannot be combined with {code or '--test'}", "leave one of them out")
    if test and kind is not RuleFormat.TEXT:
        raise UsageError("--test prints text only", "leave --format out")
    if test:
        _test([rules[code.upper()]] if code else own_rules(rules), config)
    elif show_all or not code:
        _print_rules(sorted(rules.values(), key=lambda item: item.code), kind)
    elif kind is RuleFormat.JSON:
        sys.stdout.write(json.dumps(rule_json(rules[code.upper()]), indent=2) + "\n")
    elif kind is RuleFormat.MARKDOWN:
        sys.stdout.write(visible(rule_markdown(rules[code.upper()]), keep_newlines=True))
    else:
        sys.stdout.write(explanation(rules[code.upper()]))


def _print_rules(rules: list[Rule], kind: RuleFormat) -> None:
    if kind is RuleFormat.JSON:
        sys.stdout.write(json.dumps([rule_json(item) for item in rules], indent=2) + "\n")
    elif kind is RuleFormat.MARKDOWN:
        sys.stdout.write(visible(rules_markdown(rules), keep_newlines=True))
    else:
        rows = [(item.code, item.name, item.severity.value, visible(item.summary)) for item in rules]
        console().print(table("", "Code", "Name", "Severity", "Summary", rows=rows))


def explanation(item: Rule) -> str:
    """The documentation of a rule as plain text, within the width of the terminal."""
    blocks = [
        f"{label}:\n{''.join(f'    {visible(line)}{chr(10)}' for line in text.rstrip(chr(10)).split(chr(10)))}"
        for label, text in item.samples
    ]
    width = min(MAX_COLUMNS, console().width)
    head = (
        f"{item.code} {item.name} ({item.severity})\n\n{item.summary}\n\n{item.rationale}\n\nNext: {item.hint}\n"
        f"{rule_terms(item)}"
    )
    filled = (fill(line, width, break_long_words=False, break_on_hyphens=False) for line in head.split("\n"))
    return visible("\n".join(filled), keep_newlines=True) + "".join(f"\n{block}" for block in blocks)


def _test(rules: list[Rule], config: CheckConfig) -> None:
    """Run the examples of rules and report; ends the command with status 1 if one fails."""
    if not rules:
        raise UsageError(
            "no custom rule to test", "declare one in curate.toml under [[check.rule]], or name a built-in rule"
        )
    out, failed = console(), 0
    for item in rules:
        if reason := BY_CODE.get(item.code) or (
            NO_MODEL if item.scope == Scope.TOKENS else item.by and f"run by {item.by}, not by `curate check`"
        ):
            out.print(f"{item.code} {item.name}: not tested ({reason})")
            continue
        wrong = list(_failing_examples(item, config))
        failed += bool(wrong)
        tried = plural(item.bad.count(b"\n") + item.good.count(b"\n"), "line")
        untried = "; it has no bad example, so nothing shows that it reports anything" if not item.bad else ""
        out.print(f"{item.code} {item.name}: {'failed' if wrong else 'ok'} ({tried} tried{untried})")
        for failure in wrong:
            out.print(f"  {failure}")
    raise typer.Exit(ExitCode.FINDINGS if failed else ExitCode.CLEAN)


def _failing_examples(item: Rule, config: CheckConfig) -> Iterator[str]:
    """The failing examples. Text rules see single lines, other rules the whole block as a file."""
    target = item.only[0] if item.only and config.target not in item.only else config.target
    test_config = CheckConfig(select=(item.code,), rule=config.rule, target=target)
    for label, data, expected in (("bad", item.bad, True), ("good", item.good, False)):
        for part in data.splitlines(keepends=True) if item.scope == Scope.TEXT else [data] if data else []:
            if _rule_fires(item.code, part, test_config) is not expected:
                shown = excerpt(part.decode("utf-8", "backslashreplace").rstrip("\n"), 100)
                yield f"{label} example {'is not reported' if expected else 'is reported'}: {shown}"


def _rule_fires(code: str, data: bytes, config: CheckConfig) -> bool:
    """Whether a rule reports a finding in a file with these bytes."""
    with temporary_folder() as folder:
        path = folder / "data.jsonl"
        path.write_bytes(data)
        return any(finding.code == code for finding in check_paths([path], config).findings)
