"""The sizes of a division, compared with the wanted ones."""

from curate.core.config import Config
from curate.core.lazy import np
from curate.corpus.corpus import Table
from curate.lint.rules.splits import SplitBalance, SplitCounts
from curate.split.assign import NAMES
from curate.split.division import Division


def balance_of(table: Table, division: Division, config: Config, file: str, *, given: bool) -> SplitBalance:
    """The splits as input of `curate.lint.rules.splits`; a given test set is not checked. `file`: the file of the
    findings.
    """
    inside = division.split >= 0
    examples = np.bincount(division.split[inside], minlength=len(NAMES))
    texts = np.bincount(division.split[inside], weights=table.lengths[inside], minlength=len(NAMES))
    wanted = list(config.split.fractions)
    if config.split.counts is not None:
        held = [count / max(1, examples.sum()) for count in config.split.counts]
        wanted = [max(0.0, 1 - sum(held)), *held]
    divided = [0, 1] if given else [0, 1, 2]
    total, text, whole = (
        examples[divided].sum() or 1,
        texts[divided].sum() or 1,
        sum(wanted[nth] for nth in divided) or 1,
    )
    return SplitBalance(
        file,
        [
            SplitCounts(
                NAMES[nth],
                wanted[nth] / whole,
                int(examples[nth]),
                float(examples[nth] / total),
                float(texts[nth] / text),
                _missing(table, division, nth, wanted[nth]),
            )
            for nth in divided
        ],
        division.holdable,
    )


def _missing(table: Table, division: Division, split: int, wanted: float) -> list[tuple[str, int]]:
    """Classes of the balanced traits that are missing in a split although its share of them is at least one example."""
    assert table.marks is not None
    found: list[tuple[str, int]] = []
    inside = division.split >= 0
    for column in table.marks.traits.T:
        classes, counts = np.unique(column[inside], return_counts=True)
        there = np.unique(column[division.split == split])
        lacking = ~np.isin(classes, there) & (counts * wanted >= 1) & (classes != 0)
        found += [
            (table.marks.names.get(int(one), "a class"), int(count))
            for one, count in zip(classes[lacking], counts[lacking], strict=True)
        ]
    return sorted(found, key=lambda item: (-item[1], item[0]))
