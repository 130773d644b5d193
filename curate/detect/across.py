"""Examples of one split that another has too: a model is measured by what it remembers where they stay."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from curate.config import DedupConfig
from curate.detect.compared import compared_text
from curate.detect.facts import Facts
from curate.detect.near import sets_of
from curate.detect.shingles import Sets
from curate.detect.threads import cores
from curate.detect.verify import Alike, Groups, grouped
from curate.example import Example

LeakCode = Literal["L001", "L002", "L003"]


@dataclass(frozen=True, slots=True)
class Leak:
    """An example that stands in an earlier split too."""

    code: LeakCode
    """L001: the same content; L002: nearly the same; L003: another answer to the same prompt."""
    example: Example
    split: str
    other: Example
    """The first such one, or the most similar one, of the splits before."""
    other_split: str
    similarity: float
    """True Jaccard of the texts that are compared; 1 for L001; for L003 that of the prompts, which is 1 too."""
    differs: bool
    """Whether the two differ in a fact: the same template rather than the same example."""


def across(splits: Mapping[str, Sequence[Example]], config: DedupConfig) -> list[Leak]:
    """The examples of each split that one of the splits before it has too, by name and in the order of examples; one leak for an example, the worst.

    Pure: the same for the same splits. Within a split nothing is compared.
    """
    every = [(name, example) for name, examples in splits.items() for example in examples]
    owner = [at for at, examples in enumerate(splits.values()) for _ in examples]
    near = _near(every, owner, config)
    ids: dict[str, int] = {}
    prompts: dict[str, int] = {}
    found: list[Leak] = []
    facts = Facts(config.on)
    for at, (name, example) in enumerate(every):
        prompt = compared_text(example, "prompt")
        same, asked = ids.setdefault(example.id, at), prompts.setdefault(prompt, at) if prompt else at
        code: LeakCode = "L001"
        other, similarity = at, 1.0
        if owner[same] < owner[at]:
            other = same
        elif at in near:
            code, (other, similarity) = "L002", near[at]
        elif owner[asked] < owner[at]:
            code, other = "L003", asked
        if other != at:
            differs = code == "L002" and not facts.same(example, every[other][1])
            found.append(Leak(code, example, name, every[other][1], every[other][0], similarity, differs))
    return found


def _near(every: Sequence[tuple[str, Example]], owner: Sequence[int], config: DedupConfig) -> dict[int, tuple[int, float]]:
    """By the number of an example, the most similar one of the splits before its own, the first of equally similar ones."""
    sets = sets_of([example for _, example in every], config)
    return {at: best for at, best in _best(sets, grouped(sets, config.threshold, cores()), owner, config.threshold) if best is not None}


def _best(sets: Sets, groups: Groups, owner: Sequence[int], threshold: float) -> Iterator[tuple[int, tuple[int, float] | None]]:
    for numbers in groups.members:
        before = Alike(sets, threshold)
        waiting: list[int] = []
        for at in numbers.tolist():  # ascending, and so split by split
            if waiting and owner[waiting[0]] < owner[at]:
                for earlier in waiting:
                    before.add(earlier)
                waiting = []
            waiting.append(at)
            yield at, next(((other, similarity) for similarity, other in before.to(at)), None)
