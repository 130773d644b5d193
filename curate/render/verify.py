"""The result of a verification for people."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from curate.core.text import plural, visible
from curate.render.console import more_lines
from curate.verify.proof import Verdict, VerifyResult

MAX_SHOWN: Final = 20
STYLES: Final = {Verdict.PROVED: "green", Verdict.BROKEN: "bold red", Verdict.OPEN: "yellow"}
SPLIT_AGAIN: Final = (
    "`curate split PATH -o OUT{}` splits again without leaks; --existing FILE keeps a test set as it is"
)


def verify_text(proof: VerifyResult, limit: int | None) -> Iterator[Text]:
    """The result as lines: points, what was not checked, differences, conclusion."""
    width = max(map(len, (*(point.name for point in proof.points), *(check.name for check in proof.not_checked))))
    for point in proof.points:
        yield Text.assemble(
            (f"{point.verdict.value:<7}", STYLES[point.verdict]), f" {point.name:<{width}}  ", visible(point.message)
        )
    if proof.not_checked:
        yield Text("not checked:", style="yellow")
    for check in proof.not_checked:
        yield Text(f"        {check.name:<{width}}  {plural(check.examples, 'example')}: {visible(check.message)}")
    for finding in proof.findings[:limit]:
        yield Text.assemble((visible(finding.where), "bold"), f": {finding.code} ", visible(finding.message))
    yield from more_lines(len(proof.findings), limit)
    for code, hint in {finding.code: finding.hint for finding in proof.findings if finding.hint}.items():
        yield Text(f"{code}: {hint}", style="dim")
    if leaks := [point.name for point in proof.points if point.verdict is Verdict.BROKEN and point.name[:2] == "L0"]:
        by_meaning = any(name.startswith("L006") for name in leaks)
        yield Text(f"next: {SPLIT_AGAIN.format(' --semantic MODEL' if by_meaning else '')}")
    open_ = sum(point.verdict is Verdict.OPEN for point in proof.points)
    unchecked = f"; {plural(open_, 'point')} not checked" if open_ else ""
    digest = f" {proof.manifest_sha256[:12]}" if proof.manifest_sha256 else ""
    if proof.holds:
        yield Text(f"{visible(proof.folder)}{digest}: passed{unchecked}", style="bold")
    else:
        broken = sum(point.verdict is Verdict.BROKEN for point in proof.points)
        yield Text(
            f"{visible(proof.folder)}{digest}: failed, {plural(broken, 'check')} failed{unchecked}", style="bold red"
        )


def unsearched_text(places: Sequence[str]) -> Iterator[str]:
    """The lines in which a proof could not search."""
    for place in places:
        yield f"{visible(place)}: no JSON, so that it was not searched"


def search_verdict(findings: int) -> str:
    """The result of a search that has to find nothing."""
    return f"failed, {plural(findings, 'finding')}" if findings else "none is left"
