"""Training dynamics per example: `datamap.jsonl` in a run's folder, one object per line, in the order of train.jsonl.

After Swayamdipta et al. 2020 (Dataset Cartography, EMNLP): mean confidence in the answer, its variability, and
correctness. Most wrong labels are among the examples with low confidence throughout.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from curate.core.errors import InputError
from curate.core.limits import read_regular
from curate.core.text import visible

DATAMAP_FILE: Final = "datamap.jsonl"
Region = Literal["easy", "ambiguous", "hard"]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An example of the training split with a similar question."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(use_attribute_docstrings=True)

    line: int
    """Line in train.jsonl."""
    example: str
    """Id of the example."""
    similarity: float
    """Cosine of the questions' weighted words, 0 to 1."""
    loss: float
    """Mean loss of the neighbour."""


@dataclass(frozen=True, slots=True)
class MappedExample:
    """Training dynamics of one example."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(use_attribute_docstrings=True)

    line: int
    """Line in train.jsonl."""
    example: str
    """Id of the example."""
    losses: tuple[float, ...]
    """Mean loss per supervised token in nats, per visit, before the update of that step."""
    steps: tuple[int, ...]
    """The optimizer step of each visit."""
    loss: float
    """Mean of the losses."""
    confidence: float
    """Mean over the visits of the geometric mean probability of the answer's tokens, 0 to 1."""
    variability: float
    """Standard deviation of the confidence."""
    correctness: float
    """Share of the visits at which greedy decoding gives exactly the answer."""
    token_accuracy: float
    """Mean share of the answer's tokens that were the most probable ones."""
    excess: float
    """Mean difference between its losses and the median loss of all examples at about the same steps, in nats."""
    rank: int
    """Rank among all examples by `excess`; 1 is the hardest."""
    region: Region | None
    """ambiguous: the third with the highest variability; hard and easy: the halves of the rest. None if it was trained
    on only once.
    """
    pull: float | None
    """Difference between its loss and that of neighbours with other answers, in nats; None if it contradicts none."""
    neighbours: tuple[Neighbour, ...] = ()
    """The neighbours that it contradicts, nearest first."""


MAPPED: Final = TypeAdapter(MappedExample)


def read_datamap(run: Path) -> list[MappedExample]:
    """Read the data map of a run, in the order of the training split. Raises `InputError` if missing or invalid."""
    path = run / DATAMAP_FILE
    shown = visible(str(path))
    try:
        lines = read_regular(path).splitlines()
    except FileNotFoundError:
        hint = (
            "a completed training writes it: run `curate train RECIPE --resume`"
            if (run / "identity.json").is_file()
            else "pass the folder of a run"
        )
        raise InputError(f"{shown}: no such file", hint) from None
    except OSError as error:
        raise InputError.of(shown, error, "check the permissions of the run folder") from error
    mapped = []
    for number, line in enumerate(lines, start=1):
        try:
            mapped.append(MAPPED.validate_json(line))
        except ValidationError as error:
            raise InputError(
                f"{shown}:{number}: not a valid data map record: {error.errors()[0]['msg']}", "train again with --fresh"
            ) from error
    return mapped


def examples_to_review(mapped: Sequence[MappedExample], hardest: int) -> list[MappedExample]:
    """The `hardest` examples, and those that contradict their neighbours; hardest first."""
    return sorted(
        (example for example in mapped if example.rank <= hardest or example.pull is not None),
        key=lambda example: example.rank,
    )
