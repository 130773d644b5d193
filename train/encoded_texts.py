"""Many encoded texts as arrays: their tokens end to end, in memory or in a file, and where training begins and ends."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any, Final, NamedTuple

import numpy as np

from curate.core.lazy import Array, Arrays
from curate.models.encoding import IGNORE_INDEX, Encoded, Rendered

ID_TYPE: Final = "i4"
"""numpy's name of the type of a token."""
OF_TEXT: Final = {"lengths": "i4", "supervised": "i4", "weights": "f8", "last": "i4", "runs": "i4"}
OF_RUN: Final = {"firsts": "i4", "ends": "i4", "run_weights": "f8"}
"""The arrays of `EncodedTexts` with numpy's names of their types."""
BLOCK: Final = 1 << 20
"""Tokens that are written at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class EncodedTexts(Sequence[Encoded]):
    """A sequence of texts. A text is made of its tokens when it is asked for.

    A run is a range of tokens that are trained on with the same weight.
    """

    tokens: Array
    """The tokens of all texts; of a file, read as they are needed."""
    starts: Array
    """Position of the first token of each text."""
    lengths: Array
    supervised: Array
    """For each text the number of tokens trained on."""
    weights: Array
    """For each text the sum of their loss weights."""
    last: Array
    """For each text the last token that is trained on, or `IGNORE_INDEX`."""
    first_runs: Array
    """For each text the number of its first run."""
    runs: Array
    """For each text the number of its runs."""
    firsts: Array
    """For each run the position of its first token in its text."""
    ends: Array
    """For each run the position after its last token."""
    run_weights: Array

    @classmethod
    def from_columns(cls, tokens: Array, columns: Arrays) -> "EncodedTexts":
        """The texts of a file. Raises `KeyError` or `ValueError` for columns that do not match each other."""
        kept = {name: np.asarray(columns[name], dtype=kind) for name, kind in (OF_TEXT | OF_RUN).items()}
        if len({len(kept[name]) for name in OF_TEXT}) > 1 or kept["lengths"].sum(dtype="i8") != len(tokens):
            raise ValueError("columns of another length")
        starts, first_runs = (np.cumsum(kept[name], dtype="i8") - kept[name] for name in ("lengths", "runs"))
        return cls(tokens, starts=starts, first_runs=first_runs, **kept)

    @classmethod
    def of(cls, texts: Iterable[Encoded]) -> "EncodedTexts":
        """The texts as `EncodedTexts` in memory; unchanged if they are `EncodedTexts` already."""
        if isinstance(texts, cls):
            return texts
        writer = TextWriter(None)
        for text in texts:
            writer.add(text)
        return cls.from_columns(np.array(writer.tokens, dtype=ID_TYPE), writer.columns())

    @property
    def columns(self) -> Arrays:
        """The arrays that `from_columns` takes."""
        return {name: getattr(self, name) for name in OF_TEXT | OF_RUN}

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: Any) -> Any:
        ids = self.tokens[self.starts[index] :][: self.lengths[index]].tolist()
        labels, weights = [IGNORE_INDEX] * len(ids), [0.0] * len(ids)
        first = self.first_runs[index]
        for run in range(first, first + self.runs[index]):
            inside = slice(self.firsts[run], self.ends[run])
            labels[inside] = ids[inside]
            weights[inside] = [float(self.run_weights[run])] * len(ids[inside])
        return Encoded(ids, labels, weights, Rendered("", ()))

    def chosen(self, indices: Any) -> "EncodedTexts":
        """Some of the texts, by an array of their indices or of flags."""
        names = ("starts", "first_runs", *OF_TEXT)
        return replace(self, **{name: getattr(self, name)[indices] for name in names})


class WeightedRun(NamedTuple):
    """Tokens that are trained on with the same weight."""

    first: int
    end: int
    weight: float


def runs_of(text: Encoded) -> list[WeightedRun]:
    """The runs of a text. The first token of a text is never trained on: nothing precedes it."""
    runs: list[WeightedRun] = []
    for index in range(1, len(text.labels)):
        if text.labels[index] == IGNORE_INDEX:
            continue
        weight = text.weights[index]
        if runs and runs[-1].end == index and runs[-1].weight == weight:
            runs[-1] = WeightedRun(runs[-1].first, index + 1, weight)
        else:
            runs.append(WeightedRun(index, index + 1, weight))
    return runs


class TextWriter:
    """Collects texts: the tokens into a file, the columns in memory, as compact as arrays."""

    def __init__(self, file: IO[bytes] | None) -> None:
        """`file`: None keeps the tokens in memory."""
        self._file, self.tokens, self.highest = file, array("i"), 0
        self._columns = {name: array({"i4": "i", "f8": "d"}[kind]) for name, kind in (OF_TEXT | OF_RUN).items()}

    def add(self, text: Encoded) -> None:
        """Add a text. Raises `OSError`."""
        runs = runs_of(text)
        last = text.labels[runs[-1].end - 1] if runs else IGNORE_INDEX
        supervised = sum(run.end - run.first for run in runs)
        values: tuple[float, ...] = (len(text.input_ids), supervised, sum(text.weights[1:]), last, len(runs))
        for name, value in zip(OF_TEXT, values, strict=True):
            self._columns[name].append(value)  # type: ignore[arg-type]
        for run in runs:
            for name, value in zip(OF_RUN, run, strict=True):
                self._columns[name].append(value)  # type: ignore[arg-type]
        self.tokens.extend(text.input_ids)
        self.highest = max(self.highest, *text.input_ids)
        if self._file is not None and len(self.tokens) >= BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write the tokens that are kept. Raises `OSError`."""
        if self._file is not None:
            self._file.write(self.tokens.tobytes())
            del self.tokens[:]

    def columns(self) -> Arrays:
        """The columns of all texts."""
        return {name: np.array(values) for name, values in self._columns.items()}
