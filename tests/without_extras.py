"""A plugin of pytest for an installation without all extras (`-p tests.without_extras`): a test that imports a package
which is not there is skipped. That curate imports one is a failure.
"""

import re
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

TESTS: Final = Path(__file__).parent
MISSING: Final = "ModuleNotFoundError: No module named"
FRAME: Final = re.compile(r"^(\S+\.py):\d+: in ", re.MULTILINE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
    """Of a test that imports a package while it runs."""
    report = yield
    error = call.excinfo and call.excinfo.value
    if isinstance(error, ModuleNotFoundError):
        frames = [Path(entry.path) for entry in call.excinfo.traceback if "importlib" not in str(entry.path)]
        if frames and frames[-1].is_relative_to(TESTS):
            report.outcome, report.longrepr = "skipped", (str(item.path), 0, f"Skipped: {error}")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Of a module that imports a package at its start."""
    report = yield
    said = str(report.longrepr)
    frames = FRAME.findall(said) if report.failed and MISSING in said else []
    if frames and frames[-1].startswith("tests/"):
        report.outcome, report.longrepr = "skipped", (str(collector.path), 0, f"Skipped: {MISSING}")
    return report
