"""From the book of losses to a map of the training split: which examples were easy, ambiguous or hard to learn; see `curate.datamap`."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from curate.datamap import MAPPED, NAME, Mapped, Neighbour, Region
from curate.example import Example
from curate.files import write_bytes
from curate.text import excerpt, normalised
from train.folder import RunFolder
from train.neighbours import neighbours
from train.report import DataMap, Hard, MapRegion
from train.visits import Floats, spikes, visits_of

LOOKED: Final = 2000
"""The hardest examples, whose neighbours are looked for."""
SHOWN, LONG = 10, 240
"""Of the hardest examples, how many the report shows, and how much of their texts."""
FAR: Final = 2.0
"""Deviations of all examples' losses that lie between one and the neighbours that it pulls against."""


def datamap(book: Iterable[dict[str, Any]], examples: Sequence[Example]) -> list[Mapped]:
    """The map, in the order of the split; an example that was never trained on, where the training is shorter than an epoch, is not on it."""
    visits = visits_of(book)
    if not len(visits.lines):
        return []
    by_line = {example.place.line: example for example in examples}
    starts = visits.starts
    lines = visits.lines[starts[:-1]].tolist()
    shares = np.exp(-visits.loss)
    counts = np.diff(starts)

    def mean(values: Floats) -> Floats:
        return np.add.reduceat(values, starts[:-1]) / counts

    confidence = mean(shares)
    variability = np.sqrt(np.maximum(mean((shares - np.repeat(confidence, counts)) ** 2), 0))
    excess, loss = mean(visits.excess), mean(visits.loss)
    whole, tokens = mean((visits.right == visits.tokens).astype(np.float64)), mean(visits.right / np.maximum(visits.tokens, 1))
    order = np.lexsort((lines, -excess))
    rank = np.empty(len(lines), dtype=np.int64)
    rank[order] = np.arange(1, len(lines) + 1)
    regions = _regions(confidence, variability, bool((counts > 1).all()))
    spiked = spikes(visits)
    pulls = _pulls([by_line[line] for line in lines], order.tolist(), loss)
    return [
        Mapped(
            line=line,
            example=by_line[line].id,
            losses=tuple(round(value, 5) for value in visits.loss[starts[at] : starts[at + 1]].tolist()),
            steps=tuple(visits.steps[starts[at] : starts[at + 1]].tolist()),
            loss=_short(loss[at]),
            confidence=_short(confidence[at]),
            variability=_short(variability[at]),
            correctness=_short(whole[at]),
            token_accuracy=_short(tokens[at]),
            excess=_short(excess[at]),
            rank=int(rank[at]),
            region=regions[at],
            spike=spiked.get(line),
            pull=pulls[at][0] if at in pulls else None,
            neighbours=pulls[at][1] if at in pulls else (),
        )
        for at, line in enumerate(lines)
    ]


def _short(value: Any) -> float:
    return round(float(value), 5)


def _regions(confidence: Floats, variability: Floats, several: bool) -> list[Region | None]:
    """The thirds of the paper, made not to overlap: what varied most is ambiguous, of the rest the surer half is easy."""
    count = len(confidence)
    found: list[Region | None] = [None] * count
    if not several:
        return found
    varied = np.lexsort((np.arange(count), -variability))
    third = count // 3
    for at in varied[:third].tolist():
        found[at] = "ambiguous"
    rest = sorted(varied[third:].tolist(), key=lambda at: (-confidence[at], at))
    for number, at in enumerate(rest):
        found[at] = "easy" if number < (len(rest) + 1) // 2 else "hard"
    return found


def _pulls(examples: Sequence[Example], order: Sequence[int], loss: Floats) -> dict[int, tuple[float, tuple[Neighbour, ...]]]:
    """Of the hardest examples those that the model finds much harder than what is asked much alike, and that answer otherwise."""
    looked = order[: min(LOOKED, (len(order) + 1) // 2)]
    spread = 1.4826 * float(np.median(np.abs(loss - np.median(loss))))
    found = {}
    asked = [_asked(example) for example in examples]
    for at, near in zip(looked, neighbours(asked, looked), strict=True):
        others = [(other, similarity) for other, similarity in near if _answer(examples[other]) != _answer(examples[at])]
        if not others or len(others) * 2 < len(near):
            continue
        theirs = sum(similarity * loss[other] for other, similarity in others) / sum(similarity for _, similarity in others)
        pull = float(loss[at] - theirs)
        if pull > FAR * spread and pull > 0:
            against = tuple(Neighbour(examples[other].place.line, examples[other].id, _short(similarity), _short(loss[other])) for other, similarity in others)
            found[at] = (_short(pull), against)
    return found


def _asked(example: Example) -> str:
    """What stands before the answer, without a system prompt, which many examples share."""
    return "\n".join(message.text for message in example.prompt if message.role not in ("system", "developer"))


def _answer(example: Example) -> str:
    return normalised(example.answer.text) if example.answer is not None else ""


def write(folder: RunFolder, mapped: Sequence[Mapped]) -> None:
    """Write the map into the run's folder."""
    write_bytes(folder.path / NAME, b"".join(MAPPED.dump_json(one) + b"\n" for one in mapped))


def summed(mapped: Sequence[Mapped], examples: Sequence[Example]) -> DataMap | None:
    """What the report tells of a map; None where nothing was trained on."""
    if not mapped:
        return None
    by_line = {example.place.line: example for example in examples}
    names: tuple[Region, ...] = ("easy", "ambiguous", "hard")
    parts = [(name, [one for one in mapped if one.region == name]) for name in names]
    return DataMap(
        examples=len(mapped),
        visits=_short(sum(len(one.losses) for one in mapped) / len(mapped)),
        regions=tuple(MapRegion(name=name, examples=len(part), loss=_mean(part, "loss"), confidence=_mean(part, "confidence")) for name, part in parts if part),
        spiked=sum(one.spike is not None for one in mapped),
        pulling=sum(one.pull is not None for one in mapped),
        hardest=tuple(_hard(one, by_line[one.line]) for one in sorted(mapped, key=lambda one: one.rank)[:SHOWN]),
    )


def _mean(part: Sequence[Mapped], name: str) -> float:
    return _short(sum(getattr(one, name) for one in part) / len(part))


def _hard(one: Mapped, example: Example) -> Hard:
    return Hard(
        line=one.line, example=one.example, loss=one.loss, excess=one.excess, confidence=one.confidence, spike=one.spike, pull=one.pull,
        prompt=excerpt(_asked(example), LONG), answer=excerpt(example.answer.text, LONG) if example.answer is not None else "",
    )  # fmt: skip
