"""Fit the weights of `curate/quality` on the development files: python -m tests.bench.quality_fit FOLDER."""

import sys
from pathlib import Path
from random import Random

import numpy as np

from curate.quality import answer_ends, answer_fits
from tests.bench.quality_planting import PLANTS, planted, swapped
from tests.bench.quality_signals import DEVELOPMENT, embedded, pairs_of

SEEDS = range(2)


def main(folder: Path, kinds: list[str]) -> None:
    """Print the weights of each signal."""
    from sklearn.linear_model import LogisticRegression

    rows: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for name in DEVELOPMENT:
        pairs = pairs_of(folder, name)
        for seed in SEEDS:
            for kind in {"cut", "beginning"}.intersection(kinds):
                found = planted(pairs, PLANTS[kind], 0.05, Random(seed))
                requests, answers = zip(*found.pairs, strict=True)
                known = answer_ends.SentenceWords(requests, answers)
                make = answer_ends.cut_features if kind == "cut" else answer_ends.begin_features
                rows.setdefault(kind, []).append(
                    (
                        make(answers, list(map(answer_ends.kind_of, answers)), known),
                        np.isin(np.arange(len(pairs)), found.where),
                    )
                )
            for within in (False, True) if "fits" in kinds else ():
                found = swapped(pairs, embedded([q for q, _ in pairs]), 0.05, Random(seed), within=within)
                requests, answers = zip(*found.pairs, strict=True)
                asked = embedded(requests)
                near = answer_fits.nearest(asked)
                words = answer_fits.weighted_words([*requests, *answers])
                words_asked, words_said = words[: len(requests)], words[len(requests) :]
                made = answer_fits.features(words_asked, words_said, asked, embedded(answers), near)
                rows.setdefault("fits", []).append((made, np.isin(np.arange(len(pairs)), found.where)))
    for kind, parts in rows.items():
        features, truth = np.vstack([part for part, _ in parts]), np.concatenate([part for _, part in parts])
        weight = np.concatenate([np.full(len(part), 1 / len(part)) for part, _ in parts])
        weight = weight * np.where(truth, 4.0, 1.0) * len(weight) / weight.sum()
        scale = features.std(axis=0) + 1e-9
        scale[0] = 1
        model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=2000).fit(features / scale, truth, weight)
        print(kind, tuple(round(float(one), 3) for one in model.coef_[0] / scale))


main(Path(sys.argv[1]), sys.argv[2:] or ["cut", "beginning", "fits"])
