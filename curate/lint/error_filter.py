"""Find lines to remove because of findings (errors and rules in `drop`) while reading, without a second pass."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple

from curate.core.config import CheckConfig
from curate.core.finding import Finding, Severity
from curate.core.typed_json import to_json
from curate.lint.checker import CheckedChunk, Checker, unpacked_result
from curate.lint.rules import Scope
from curate.lint.rules.rule_selection import RuleSelection
from curate.lint.runner import CheckResult
from curate.parallel.worker_pool import cached_per_thread
from curate.read.chunks import Batch, Chunk
from curate.read.dataset import FileFacts


class ErrorFilter(NamedTuple):
    """The configuration of the filter; small, since it is sent to other processes with each chunk."""

    config: str
    """A `CheckConfig` as JSON that selects the rules for which lines are removed."""
    cache: Path | None = None
    """The folder of a project in which checked chunks are cached."""

    @classmethod
    def of(cls, config: CheckConfig, cache: Path | None = None) -> "ErrorFilter | None":
        """The filter for the configured rules that are errors or in `drop`; None if there are none. `cache`: the folder
        of a project in which the results of chunks are cached.
        """
        codes = _removing_codes(RuleSelection.from_config(config), config)
        return cls.selecting(codes, config, cache) if codes else None

    @classmethod
    def selecting(cls, codes: tuple[str, ...], config: CheckConfig, cache: Path | None = None) -> "ErrorFilter":
        """The filter with these rules of a configuration. `cache` as in `of`."""
        return cls(config.model_copy(update={"select": codes, "extend_select": ()}).model_dump_json(), cache)

    def judge(self, chunk: Chunk) -> tuple[CheckedChunk, Batch]:
        """Check the lines of a chunk; they are returned, too. The result is cached."""
        checker = _checker_for(self)
        part, batch = checker.read_and_check(chunk, with_turns=True)
        if checker.cache:
            checker.cache.save(chunk, part)
        return part, batch

    def judged(self, chunk: Chunk) -> CheckedChunk:
        """The result of checking the lines of a chunk, which may be cached."""
        return _checker_for(self).check_chunk(chunk)

    def judge_batch(self, batch: Batch, lines: int) -> CheckedChunk:
        """Check lines that were parsed one by one: the elements of a document, which are not fixed in place."""
        part = _checker_for(self).check_batch(batch, FileFacts(batch.file), lines)
        part.findings = [replace(finding, fixable=False) for finding in part.findings]
        return part

    def packed(self, result: CheckedChunk) -> Any:
        """A result as JSON; None if it depends on more than the bytes and the configuration."""
        config = CheckConfig.model_validate_json(self.config)
        return to_json(result) if _checker_for(self).chosen.is_cacheable(config) else None

    def unpacked(self, stored: Any, chunk: Chunk) -> CheckedChunk:
        """The reverse of `packed`. Raises as `unpacked_result` does."""
        return unpacked_result(stored, chunk)

    def merger(self) -> Callable[[CheckedChunk, int], Iterator[Finding]]:
        """A function that gives the findings of the next chunk, with the number of lines before it in its file."""
        checker = Checker(CheckConfig.model_validate_json(self.config))  # a new state for each run
        file = ""

        def merge(part: CheckedChunk, before: int) -> Iterator[Finding]:
            nonlocal file
            if part.facts.path != file:
                file = part.facts.path
                checker.state.end_file()
            return checker.merge(part, before)

        return merge

    def reported(self, findings: Iterable[Finding]) -> Iterable[Finding]:
        """The findings that are not ignored in their file."""
        chosen = _checker_for(self).chosen
        return filter(chosen.reports, findings) if chosen.file_ignores else findings

    def report(self, findings: Sequence[Finding]) -> CheckResult:
        """The findings of all chunks, as `merger` gives them, that are not ignored, in the order of a report: the first
        one of a line is the reason for which it is removed.
        """
        chosen = _checker_for(self).chosen
        in_order = sorted(self.reported(findings), key=lambda finding: finding.order)
        return CheckResult(findings=in_order, rules=chosen.available, severities_of=chosen.severities)


COMPARING_SCOPES: Final = (Scope.PROFILE, Scope.COLUMNS, Scope.EXAMPLES, Scope.ANSWERS, Scope.CONFLICTS)
"""Rules that cannot run while the lines are read."""


def suffices(config: CheckConfig) -> bool:
    """Whether `ErrorFilter` gives all findings for which lines are removed: none is of a rule that compares lines or
    asks a model.
    """
    chosen = RuleSelection.from_config(config)
    return not config.renders and not any(
        chosen.rules[code].scope in COMPARING_SCOPES for code in _removing_codes(chosen, config)
    )


def _removing_codes(chosen: RuleSelection, config: CheckConfig) -> tuple[str, ...]:
    return tuple(
        code
        for code, severity in chosen.severities.items()
        if severity is Severity.ERROR or code.startswith(config.drop)
    )


_LOADING: Final = Lock()
"""Held while a checker is created, so that only one thread at a time loads its libraries."""


@cached_per_thread  # each checker reads chunks into its own buffer
def _checker_for(error_filter: ErrorFilter) -> Checker:
    """The checker with the settings of a filter, loaded by one thread at a time."""
    with _LOADING:
        return Checker(CheckConfig.model_validate_json(error_filter.config), cache=error_filter.cache)
