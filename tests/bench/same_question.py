"""How well questions that ask the same are told from others that are near, on labelled pairs.

    python -m tests.bench.same_question FOLDER [--embeddings MODEL] [--nli MODEL] [--cross-encoder MODEL]
    [--cache FOLDER] [--coefficients]
    python -m tests.bench.same_question --triples FILE ... [--embeddings MODEL] [--cache FOLDER]

FOLDER has JSON Lines of {"a", "b", "same": true | false}, a file a source. Prints, for each source: area under the ROC
curve, recall at a precision of .9 and calibration, by the cosine of embeddings alone, by all features fitted on the
other sources, by these with an NLI model that read both questions, with a cross-encoder of duplicate questions, and by
the probability as it is in the program (fitted on all sources, with coefficients set by hand). `--coefficients` prints
those for `curate/conflicts/same_question.py`, fitted on all sources with equal weight and, with half of it, on the
reworded and the near questions of two files of this folder.

`--triples` prints, for each file of triples, the share of the reworded and of the near questions, and of the pairs of
questions of two lines with the highest cosines (8 for each question), whose probability is .5 or more: of lines with
odd numbers, and of those with even ones; before them, the mean cosine of all pairs of questions, and of reworded ones.
"""

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve, roc_auc_score

from curate.conflicts.nli import entailments
from curate.conflicts.same_question import (
    FEATURES,
    FITTED_FEATURES,
    HAND_SET_COEFFICIENTS,
    compare_words,
    features,
    probability,
    words_apart,
)
from curate.conflicts.wording import wording
from curate.core.log_odds import log_odds
from curate.models.embeddings import embed
from curate.models.model_loading import cross_encoder

PRECISION = 0.9
COSINE = 1
"""Columns of the features that are the cosine alone."""
LEAST_REPLACED = -1.0
"""A word in another's place sets questions apart at least so much: the triples have other words in most places."""
EVEN_CHANCE, UNRELATED_PAIRS = 0.5, 8
NEVER_RAISE = 2
"""Columns from which on a coefficient may not be positive: what sets questions apart makes no pair more alike."""

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


def measured(path: Path, model: str, cache: Path | None) -> tuple[Matrix, Flags, list[tuple[str, str]]]:
    """The features of a source's pairs, and which of them ask the same."""
    return measured_pairs([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()], model, cache)


def triples() -> list[dict[str, Any]]:
    """Reworded questions, which ask the same, and near ones, which do not."""
    rows = []
    for name in ("question_triples.txt", "question_triples_unseen.txt"):
        for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                asked, reworded, near = (part.split("|")[0].strip() for part in line.split("||"))
                rows += [{"a": asked, "b": reworded, "same": True}, {"a": asked, "b": near, "same": False}]
    return rows


def measured_pairs(
    rows: Sequence[dict[str, Any]], model: str, cache: Path | None
) -> tuple[Matrix, Flags, list[tuple[str, str]]]:
    """The same for pairs that are read."""
    texts = sorted({row[side] for row in rows for side in "ab"})
    vectors = dict(zip(texts, embed(texts, model, cache), strict=True))
    pairs = [(wording(row["a"]), wording(row["b"])) for row in rows]
    apart = sorted({word for pair in pairs for word in words_apart(*pair)})
    words = dict(zip(apart, embed(apart, model, cache), strict=True))
    found = [
        features(compare_words(*pair), float(vectors[row["a"]] @ vectors[row["b"]]), words)
        for pair, row in zip(pairs, rows, strict=True)
    ]
    return np.array(found), np.array([row["same"] for row in rows]), [(row["a"], row["b"]) for row in rows]


def fitted(sources: Sequence[tuple[Matrix, Flags]], apart: int = len(FEATURES)) -> tuple[Matrix, float]:
    """Coefficients and intercept of a logistic model, each source weighing the same; those of the wrong sign are 0."""
    x = np.concatenate([found for found, _ in sources])
    y = np.concatenate([same for _, same in sources])
    weights = np.concatenate([np.full(len(same), 1 / len(same)) for _, same in sources]) * len(y) / len(sources)
    scale = x.std(axis=0) + 1e-9
    used = np.ones(x.shape[1], dtype=bool)
    while True:
        model = LogisticRegression(C=10, max_iter=2_000).fit((x / scale)[:, used], y, sample_weight=weights)
        coefficients = np.zeros(x.shape[1])
        coefficients[used] = model.coef_[0]
        wrong = (coefficients > 0) & (np.arange(len(used)) >= NEVER_RAISE) & (np.arange(len(used)) < apart)
        if not wrong.any():
            return coefficients / scale, float(model.intercept_[0])
        used &= ~wrong


def in_the_program(sources: Sequence[tuple[Matrix, Flags]], triples: tuple[Matrix, Flags]) -> tuple[Matrix, float]:
    """Coefficients of `FITTED_FEATURES` and what follows all features, and the intercept, with those of
    `HAND_SET_COEFFICIENTS` held.
    """
    weights = [*(1.0 for _ in sources), 0.5]
    found, same = (np.concatenate(parts) for parts in zip(*sources, triples, strict=True))
    each = np.concatenate(
        [np.full(len(y), weight / len(y)) for (_, y), weight in zip((*sources, triples), weights, strict=True)]
    )
    held = found[:, len(FITTED_FEATURES) : len(FEATURES)] @ np.array(list(HAND_SET_COEFFICIENTS.values()))
    x = np.hstack([found[:, : len(FITTED_FEATURES)], found[:, len(FEATURES) :]])

    def loss(values: Matrix) -> float:
        scores = x @ values[:-1] + values[-1] + held
        return float((each * (np.logaddexp(0, scores) - same * scores)).sum() + 1e-5 * (values[:-1] ** 2).sum())

    most = [None, None, LEAST_REPLACED, 0.0, *[None] * (x.shape[1] - len(FITTED_FEATURES)), None]
    values = minimize(loss, np.zeros(x.shape[1] + 1), bounds=[(None, bound) for bound in most]).x
    return values[:-1], float(values[-1])


def report(name: str, truth: Flags, scores: Matrix) -> None:
    precision, recall, _ = precision_recall_curve(truth, scores)
    chances = 1 / (1 + np.exp(-scores))
    bins = [(chances >= low) & (chances < low + 0.2 + (low > 0.7)) for low in np.arange(0, 1, 0.2)]
    told = "".join(
        f"{f'{chances[b].mean():.2f} {truth[b].mean():.2f} ({b.sum()})' if b.any() else '-':>18}" for b in bins
    )
    print(
        f"    {name:30} {roc_auc_score(truth, scores):6.3f} "
        f"{max(recall[precision >= PRECISION], default=0):9.3f}  {told}",
        flush=True,
    )


def told_apart(files: Sequence[Path], model: str, cache: Path | None) -> None:
    """Print the shares of the pairs of each file whose probability is .5 or more."""
    print(f"{'':32}{'lines':>6}{'reworded':>10}{'near':>8}{'unrelated':>11}")
    for path in files:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        rows: list[dict[str, Any]] = []
        for number, line in enumerate(lines, start=1):
            asked, reworded, near = (part.split("|")[0].strip() for part in line.split("||"))
            rows.append({"a": asked, "b": reworded, "same": True, "kind": "reworded", "line": number})
            rows.append({"a": asked, "b": near, "same": False, "kind": "near", "line": number})
        texts = sorted({row[side] for row in rows for side in "ab"})
        vectors = dict(zip(texts, embed(texts, model, cache), strict=True))
        every = np.stack([vectors[text] for text in texts])
        cosine = (every @ every.T)[np.triu_indices(len(texts), 1)].mean()
        of_reworded = np.mean([vectors[row["a"]] @ vectors[row["b"]] for row in rows if row["same"]])
        print(f"{path.stem}: mean cosine of two questions {cosine:.2f}, of reworded ones {of_reworded:.2f}")
        rows += unrelated(rows, model, cache)
        measured_features, _, _ = measured_pairs(rows, model, cache)
        same = [probability(tuple(values)) >= EVEN_CHANCE for values in measured_features]
        for label, odd in (("odd", 1), ("even", 0)):
            shares = []
            for kind in ("reworded", "near", "unrelated"):
                flags = [
                    flag for flag, row in zip(same, rows, strict=True) if row["kind"] == kind and row["line"] % 2 == odd
                ]
                shares.append(sum(flags) / len(flags))
            print(f"{path.stem:32}{label:>6}{shares[0]:10.2f}{shares[1]:8.2f}{shares[2]:11.3f}", flush=True)


def unrelated(rows: Sequence[dict[str, Any]], model: str, cache: Path | None) -> list[dict[str, Any]]:
    """The pairs of questions of two lines with the highest cosines, each once."""
    line_of = {row[side]: row["line"] for row in rows for side in "ab"}
    texts = sorted(line_of)
    vectors = embed(texts, model, cache)
    pairs: dict[tuple[str, str], int] = {}
    for text, cosines in zip(texts, vectors @ vectors.T, strict=True):
        others = [other for other in np.argsort(-cosines) if line_of[texts[other]] != line_of[text]]
        for other in others[:UNRELATED_PAIRS]:
            left, right = sorted((text, texts[other]))
            pairs.setdefault((left, right), line_of[text])
    return [
        {"a": left, "b": right, "same": False, "kind": "unrelated", "line": line}
        for (left, right), line in pairs.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--triples", type=Path, nargs="+", help="print what is told apart in these files instead")
    parser.add_argument("--embeddings", default="offline:all-MiniLM-L6-v2")
    parser.add_argument("--nli", help="an NLI model that reads both questions")
    parser.add_argument("--cross-encoder", help="a cross-encoder that scores duplicate questions")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--coefficients", action="store_true")
    args = parser.parse_args()
    if args.triples:
        told_apart(args.triples, args.embeddings, args.cache)
        return
    if args.folder is None:
        parser.error("name a folder, or files with --triples")
    by_source(args)


def by_source(args: argparse.Namespace) -> None:
    """Print how well the pairs of each file of the folder are told apart, and the coefficients if asked for."""
    sources = {path.stem: measured(path, args.embeddings, args.cache) for path in sorted(args.folder.glob("*.jsonl"))}
    nothing = {name: np.empty((len(truth), 0)) for name, (_, truth, _) in sources.items()}
    read, crossed = dict(nothing), dict(nothing)
    said: dict[str, list[float]] = {}
    if args.nli:
        said = {name: entailments(pairs, args.nli, args.cache) for name, (_, _, pairs) in sources.items()}
        read = {name: np.array([[log_odds(value)] for value in values]) for name, values in said.items()}
    if args.cross_encoder:
        judge = cross_encoder(args.cross_encoder)
        crossed = {
            name: np.asarray(judge.predict(pairs, show_progress_bar=False)).reshape(-1, 1)
            for name, (_, _, pairs) in sources.items()
        }
    every = {name: found for name, (found, _, _) in sources.items()}
    columns = {
        "cosine alone": {name: found[:, :COSINE] for name, found in every.items()},
        "features": every,
        "features, NLI": {name: np.hstack([found, read[name]]) for name, found in every.items()},
        "features, NLI, cross-encoder": {
            name: np.hstack([found, read[name], crossed[name]]) for name, found in every.items()
        },
    }
    if not args.nli:
        del columns["features, NLI"]
    if not args.cross_encoder:
        del columns["features, NLI, cross-encoder"]
    print(f"    {'':30} {'AUC':>6} {'recall@.9':>9}   promised, and share that ask the same (pairs)")
    for name, (_, truth, _) in sources.items():
        others = [other for other in sources if other != name]
        print(f"{name}: {len(truth)} pairs, {truth.sum()} of them the same; fitted on {', '.join(others)}")
        for label, found in columns.items():
            coefficients, intercept = fitted([(found[other], sources[other][1]) for other in others])
            report(label, truth, found[name] @ coefficients + intercept)
        for label, values in {"as in the program": None, "as in the program, NLI": said.get(name)}.items():
            if label == "as in the program" or values:
                told = [
                    probability(tuple(row), *((values[nth],) if values else ())) for nth, row in enumerate(every[name])
                ]
                report(label, truth, np.array([math.log(value / (1 - value)) for value in told]))
    if args.coefficients:
        known = measured_pairs(triples(), args.embeddings, args.cache)
        entailed = entailments(known[2], args.nli, args.cache) if args.nli else []
        for label, more in {"WITHOUT_NLI": nothing, "WITH_NLI": read}.items():
            if label == "WITH_NLI" and not args.nli:
                continue
            extra = (
                np.array([[log_odds(value)] for value in entailed])
                if label == "WITH_NLI"
                else np.empty((len(known[1]), 0))
            )
            coefficients, intercept = in_the_program(
                [(np.hstack([found, more[name]]), truth) for name, (found, truth, _) in sources.items()],
                (np.hstack([known[0], extra]), known[1]),
            )
            print(f"{label}: Final = (({', '.join(f'{value:.3g}' for value in coefficients)}), {intercept:.3g})")


if __name__ == "__main__":
    main()
