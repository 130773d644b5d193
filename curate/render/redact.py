"""The result of `curate redact` for people."""

import shlex
from collections.abc import Iterator, Sequence

from rich.text import Text

from curate.commands.redact import RedactResult
from curate.core.text import plural, visible
from curate.render.console import more_lines
from curate.render.verify import search_verdict, unsearched_text
from curate.verify.redaction import RedactionProof


def redact_text(
    report: RedactResult, output: str, aside: str, *, paths: Sequence[str], mapping: str, names: bool
) -> Iterator[str]:
    """The lines of the summary, safe to print. `paths` are those of the data and `mapping` the file of the
    replacements, for the command of the next step; `names`: whether names were to be replaced.
    """
    yield (
        f"{plural(report.read, 'line')} read: {report.written:,} written to {visible(output)}, "
        f"{report.changed:,} of them changed"
    )
    for kind, count in report.replaced.most_common():
        yield f"  {visible(kind)}: {count:,} replaced"
    if report.aside:
        reasons = ", ".join(f"{code} × {count:,}" for code, count in report.reasons.most_common())
        lines = plural(report.aside, "line")
        yield f"{lines} not redacted, written to {visible(aside)} as read, with the reason: {reasons}"
    if names and not report.entity_model:
        yield "names in running text and of organisations were not searched for: add --entities MODEL"
    words = [word for path in paths for word in ("--redacted-from", path)] + (["--mapping", mapping] if mapping else [])
    yield f"next: {visible(shlex.join(['curate', 'verify', output, *words]))}"


def redaction_text(proof: RedactionProof, limit: int | None) -> Iterator[str | Text]:
    """The lines of a proof, safe to print; `limit`: how many rows are shown, None for all."""
    shown = len(proof.left) if limit is None else limit
    for left in proof.left[:shown]:
        yield f"{visible(left.file)}:{left.line}: holds an original value ({visible(left.kind)}), {left.form}"
    yield from more_lines(len(proof.left), shown, " rows", "--all")
    yield from unsearched_text(proof.unparsable[:shown])
    if proof.left:
        yield "next: replace the values in these rows by hand, or remove the rows; then verify again"
    if proof.unsearched:
        values = plural(proof.unsearched, "value")
        yield f"{values} of the mapping not searched for: names of one word, words and short numbers"
    if proof.not_searched:
        yield f"not searched for without --mapping: {proof.not_searched}"
    verdict = search_verdict(len(proof.left) + len(proof.unparsable))
    yield (
        f"{plural(proof.values, 'value')} of {plural(proof.originals, 'original row')} searched for in "
        f"{plural(proof.redacted, 'redacted row')}: {verdict}"
    )
