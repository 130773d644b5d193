"""The selected rules of a configuration, their severities, and the files in which each is ignored."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Self

from curate.core.config import CheckConfig
from curate.core.errors import ConfigError, UsageError
from curate.core.finding import Finding, Severity
from curate.core.text import visible
from curate.lint.rules import RULES
from curate.lint.rules.custom import known_rules, mistakes
from curate.lint.rules.rule import Rule, Scope
from curate.lint.rules.tokens import RENDERING_RULES


@dataclass(frozen=True, slots=True)
class RuleSelection:
    """The rule settings of a configuration."""

    available: dict[str, Rule]
    """All known rules, including custom ones."""
    rules: dict[str, Rule]
    """The selected rules."""
    severities: dict[str, Severity]
    """The severity of each selected rule, for the target and with overrides."""
    file_ignores: Mapping[str, tuple[str, ...]]
    _by_file: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def from_config(cls, config: CheckConfig) -> Self:
        """Select rules. Raises `UsageError` for an unknown code or prefix, `ConfigError` for invalid declared rules."""
        problems = list(mistakes(config.rule))
        if problems:
            raise ConfigError(
                "\n".join(map(visible, problems)), "roles are system, developer, user, assistant, tool, function"
            )
        available = known_rules(config.rule)
        named = (*config.select, *config.extend_select, *config.ignore, *config.drop, *config.severity)
        named = (*named, *(prefix for codes in config.per_file_ignores.values() for prefix in codes))
        for prefix in named:
            if prefix not in available and not any(code.startswith(prefix) for code in available):
                raise UsageError(f"no rule has a code that starts with {prefix!r}", "`curate rule --all` lists them")
        rules, severities = {}, {}
        for code, rule in available.items():
            runs = code.startswith(config.select) if config.select else rule.default
            runs = runs or code.startswith((*config.extend_select, *config.drop))
            severity = rule.severity_for(config.target)
            if not runs or severity is None or (config.ignore and code.startswith(config.ignore)):
                continue
            override = max((prefix for prefix in config.severity if code.startswith(prefix)), key=len, default=None)
            stated = config.severity[override] if override is not None else severity
            if stated != "off":
                rules[code], severities[code] = rule.for_target(config.target), Severity(stated)
        return cls(available, rules, severities, config.per_file_ignores)

    def elsewhere(self, config: CheckConfig) -> dict[str, str]:
        """The selected prefixes whose rules `curate check` does not run, each with the command that does."""
        hints = {}
        for prefix in (*config.select, *config.extend_select):
            rules = [rule for code, rule in self.available.items() if code.startswith(prefix)]
            commands = [rule.by or _option_for(rule, config) for rule in rules]
            if all(commands):
                hints[prefix] = ", ".join(dict.fromkeys(commands))
        return hints

    def is_cacheable(self, config: CheckConfig) -> bool:
        """Whether findings of lines depend on nothing but their bytes, the configuration and this version: no rule is
        from another package or uses a model.
        """
        codes = {rule.code for rule in config.rule}
        return not config.renders and all(code in RULES or code in codes for code in self.rules)

    def reports(self, finding: Finding) -> bool:
        """Whether a finding is reported: false if its rule is ignored for a glob that matches its file."""
        return not (self.file_ignores and finding.code.startswith(self._ignored_codes(finding.file) or ("-",)))

    def _ignored_codes(self, file: str) -> tuple[str, ...]:
        if file not in self._by_file:
            name, absolute = PurePath(file).as_posix(), PurePath(os.path.abspath(file)).as_posix()  # noqa: PTH100
            self._by_file[file] = tuple(
                code
                for glob, codes in self.file_ignores.items()
                if fnmatchcase(absolute if PurePath(glob).is_absolute() else name, glob) or PurePath(name).match(glob)
                for code in codes
            )
        return self._by_file[file]


def _option_for(rule: Rule, config: CheckConfig) -> str:
    """The command with the option that a rule over tokens needs and the configuration lacks; empty if it runs."""
    if rule.scope != Scope.TOKENS or config.model:
        return ""
    if rule.code not in RENDERING_RULES:
        return "`curate check --model MODEL`"
    return "" if config.chat_template else "`curate check --template NAME`"
