"""Stored results of stages, signed, each with the key of its inputs; one with another key or signature is ignored."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from curate.conflicts.conflict import Conflict, ConflictsResult
from curate.conflicts.evidence import Evidence
from curate.core.errors import OutputError
from curate.core.example import Example
from curate.core.finding import Finding
from curate.core.text import visible
from curate.dedup.cluster_resolution import DuplicateRemoval
from curate.storage import store

Result = dict[str, Any]


class _Check(TypedDict):
    findings: list[Finding]
    lines: int
    not_understood: int


class _Dedup(TypedDict):
    duplicates: list[DuplicateRemoval]
    apart: list[DuplicateRemoval]
    same_words: list[DuplicateRemoval]
    alike: list[DuplicateRemoval]
    notes: list[str]


class _Conflict(TypedDict):
    code: str
    left: str
    right: str
    similarity: float
    evidence: Annotated[tuple[Evidence, ...], Field(min_length=1)]
    score: float | None
    same_question: NotRequired[float]
    turns: tuple[int, int] | None


class _Conflicts(TypedDict):
    conflicts: list[_Conflict]
    questions: int
    compared: int
    unsure: NotRequired[int]
    notes: list[str]


class _Split(TypedDict):
    manifest: str | None
    notes: list[str]
    not_understood: int


@with_config(ConfigDict(extra="allow"))
class _Train(TypedDict):
    base_loss: float
    tuned_loss: float
    trainable_parameters: int
    total_parameters: Annotated[int, Field(gt=0)]
    held_out: str
    held_out_examples: int


RESULT_TYPES: Final[dict[str, TypeAdapter[Any]]] = {
    name: TypeAdapter(shape)
    for name, shape in (
        ("check", _Check),
        ("dedup", _Dedup),
        ("conflicts", _Conflicts),
        ("split", _Split),
        ("train", _Train),
    )
}
"""The minimal shape of each stage's result: a file may hold anything."""


def load(path: Path, key: str | None) -> Result | None:
    """The stored result of a stage with the key `key` (None: any); None if the file does not hold one."""

    def decode(saved: Any) -> Result:
        if key not in (None, saved["key"]):
            raise LookupError(key)
        result: Result = RESULT_TYPES[path.stem].validate_python(saved["result"])
        return result

    return store.load(path, decode)


def save(path: Path, key: str, result: Result) -> None:
    """Store a stage's result: completely or, if the process is killed, not at all. Raises `OutputError`."""
    value = RESULT_TYPES[path.stem].dump_python(result, mode="json")
    if problem := store.save(path, {"key": key, "result": value}):
        raise OutputError(f"{visible(problem)}: cannot be written", "free disk space or check the permissions")


def conflicts_result(report: ConflictsResult) -> Result:
    """A conflict report as plain values: examples by id."""
    return {
        "conflicts": [
            {name: getattr(conflict, name) for name in _Conflict.__annotations__}
            | {"left": conflict.left.id, "right": conflict.right.id}
            for conflict in report.conflicts
        ],
        "questions": report.questions,
        "compared": report.compared,
        "unsure": len(report.unsure),
        "notes": report.notes,
    }


def conflict_ids(result: Result) -> set[str]:
    """The ids of all examples that are in a conflict."""
    return {value[side] for value in result["conflicts"] for side in ("left", "right")}


def conflicts_of(result: Result, examples: Sequence[Example]) -> ConflictsResult:
    """The report from plain values; conflicts of examples that no longer exist are left out."""
    by_id = {example.id: example for example in examples}
    conflicts = [
        Conflict(**value | {side: by_id[value[side]] for side in ("left", "right")})
        for value in result["conflicts"]
        if value["left"] in by_id and value["right"] in by_id
    ]
    return ConflictsResult(conflicts, result["questions"], result["compared"], result["notes"])
