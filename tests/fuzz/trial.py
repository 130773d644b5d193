"""One file put through all that reads files: checked with every rule, reported in every format, fixed twice, converted,
counted.
"""

import io
import traceback
from pathlib import Path
from random import Random

from curate.commands.convert import convert
from curate.core.config import CheckConfig
from curate.core.errors import CurateError
from curate.core.files import packing
from curate.core.finding import Severity
from curate.core.targets import Target
from curate.core.text import UNSAFE
from curate.corpus.stats import collect
from curate.lint.fixer import FixedFile, Fixer, fix_paths
from curate.lint.rules import RULES
from curate.lint.runner import CheckResult, check_paths
from curate.render.check_formats import OutputFormat, formatted_report
from curate.render.console import Styled
from curate.render.fix import fix_text, unified_diff
from curate.render.stats import stats_result, stats_text
from tests.workspaces import workspace

ALL_FAMILIES = tuple(sorted({code[0] for code in RULES} - {"K"}))
"""All families but those that need a model."""


def trial(data: bytes, random: Random, name: str = "data.jsonl") -> str:
    """What went wrong with a file of these bytes, as a traceback; empty where nothing did. Works in the current
    folder.
    """
    path = Path(name)
    path.write_bytes(data)
    for step in (_check, _fix, _convert, _stats):
        try:
            step(path, random)
        except CurateError:
            pass
        except Exception:  # noqa: BLE001
            return traceback.format_exc()
    return ""


def signature(report: str) -> str:
    """What tells one failure from another: its last place of ours and the kind of exception."""
    places = [line.strip() for line in report.splitlines() if line.startswith("  File") and "site-packages" not in line]
    return f"{places[-1] if places else ''} {report.strip().splitlines()[-1].split(':')[0]}"


def _check(path: Path, random: Random) -> None:
    report = check_paths(
        [path],
        CheckConfig(select=ALL_FAMILIES, target=random.choice(list(Target)), max_length=random.choice((5, 4096))),
    )
    lines = 1 if packing(path) else path.read_bytes().count(b"\n") + 1
    if not packing(path):
        assert all(0 <= finding.line <= lines for finding in report.findings), "a finding beyond the end of the file"
    for kind in OutputFormat:
        _said(report, kind, path)


def _said(report: CheckResult, kind: OutputFormat, path: Path) -> None:
    out = io.StringIO()
    for piece in formatted_report(report, kind, [path], 50):
        out.write(piece.plain if isinstance(piece, Styled) else piece)
    unsafe = UNSAFE.search(out.getvalue().replace("\n", ""))
    assert unsafe is None, f"{kind} holds {unsafe.group()!r}"


def _errors(path: Path, config: CheckConfig) -> set[str]:
    return {finding.code for finding in check_paths([path], config).findings if finding.severity is Severity.ERROR}


def _fix(path: Path, random: Random) -> None:
    unsafe = random.random() < 0.5
    config = CheckConfig(select=ALL_FAMILIES) if random.random() < 0.5 else CheckConfig()
    before = path.read_bytes()
    diff = b"".join(unified_diff(str(path), Fixer(config, unsafe=unsafe).lines(path, FixedFile(str(path)))))
    assert path.read_bytes() == before, "a diff changed the file"
    report = fix_paths([path], config, unsafe=unsafe)
    once = path.read_bytes()
    assert bool(report.lines) == (once != before) == bool(diff), "what was done is not what was said"
    "".join(fix_text(report, done=True))
    again = fix_paths([path], config, unsafe=unsafe)
    assert (again.lines, path.read_bytes()) == (0, once), (
        f"a second fix changed something: {dict(again.files[0].findings)}"
    )
    path.write_bytes(before)


def _convert(path: Path, random: Random) -> None:
    output, aside = Path("out.jsonl"), Path("aside.jsonl")
    report = convert(workspace([path]), output, aside, chosen=random.random() < 0.5, overwrite=True)
    assert output.read_bytes().count(b"\n") == report.converted + report.added
    assert aside.read_bytes().count(b"\n") == report.aside


def _stats(path: Path, random: Random) -> None:
    stats = collect([path])
    stats_result(stats).model_dump(mode="json")
    for piece in stats_text(stats_result(stats), str(path), random.choice((20, 80, 160))):
        assert not UNSAFE.search(str(getattr(piece, "plain", "")).replace("\n", ""))
