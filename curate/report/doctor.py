"""The result of `curate doctor` for people."""

from collections.abc import Iterator

from curate.conflicts.default_models import JUDGING, SEMANTIC
from curate.core.text import visible
from curate.pipeline.doctor import DoctorResult, ExtraState


def doctor_text(result: DoctorResult) -> Iterator[str]:
    """The lines of the report, safe to print."""
    yield f"curate {result.curate}, Python {result.python}, {result.system}"
    yield f"GPU  {visible(result.gpu)}"
    yield ""
    for extra in result.extras:
        yield from _extra(extra)
    yield ""
    yield f"embedding model  {result.embeddings or f'none; {SEMANTIC}'}"
    yield f"NLI model  {result.nli or f'none on this machine; {JUDGING}'}"
    yield ""
    for folder in result.folders:
        yield f"{folder.purpose}  {visible(folder.path)}  {folder.bytes / 1e6:,.1f} MB"
    yield f"configuration  {visible(result.configuration or 'none in this folder: the defaults apply')}"


def _extra(extra: ExtraState) -> Iterator[str]:
    name = f"extra {extra.name}" if extra.name else "required packages"
    if extra.ok:
        yield f"{name}  ok"
        return
    wrong = [
        f"{one.name} is {one.installed}, needs {one.needed}" if one.installed else f"{one.name} is missing"
        for one in extra.packages
        if not one.ok
    ]
    yield visible(f"{name}  {'; '.join(wrong)}")
    yield visible(f"    {extra.install}")
