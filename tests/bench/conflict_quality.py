"""How well clashing answers are told from answers that may both hold: by rules alone, by an NLI model alone, and by
both, on labelled pairs.

    python -m tests.bench.conflict_quality FOLDER [--nli MODEL | --reader MODEL] [--cache FOLDER] [--show RULE]

Without a model the rules alone are measured; with `--reader`, they and that model.

FOLDER has JSON Lines of {"prompt", "a", "b", "label": contradiction | consistent | neutral}, a file a source. Prints,
for each source: area under the ROC curve and average precision of each scale, precision and recall at the default
threshold; then each rule's precision; then how well the confidence is calibrated: weights are fitted on one source, and
its promises compared with the truth on the others.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from curate.conflicts.candidate_pairs import Nominee
from curate.conflicts.evidence import MIN_PROBABILITY
from curate.conflicts.judging import Judged, by_model, by_reader, by_rules
from curate.conflicts.nli import MIN_PASSAGE_WORDS, contradictions, have_something_in_common
from curate.conflicts.question import question_of
from curate.core.config import ConflictsConfig
from curate.core.example import Example, Place
from curate.core.log_odds import log_odds
from curate.language.tokens import content_words

FITTED_ON = "conflictqa_strategyqa"
MAX_SOURCE_PAIRS = 300
"""Pairs of a source from which it is held against the others."""


class Pair(NamedTuple):
    """A labelled pair, and what each judge says of it."""

    label: str
    rules: Judged
    both: Judged
    probability: float

    @property
    def clashes(self) -> bool:
        return self.label == "contradiction"


def asked(prompt: str, answer: str, line: int) -> Any:
    messages = [{"role": "user", "content": prompt or "Is it so?"}, {"role": "assistant", "content": answer}]
    return question_of(Example(Place("pairs", line), {"messages": messages}, "messages"))


def judged(path: Path, config: ConflictsConfig, cache: Path | None) -> list[Pair]:
    """The pairs of a source that can be compared at all."""
    labelled = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    nominees = [
        Nominee(asked(pair["prompt"], pair["a"], n), asked(pair["prompt"], pair["b"], n), 1.0)
        for n, pair in enumerate(labelled)
    ]
    rules = [by_rules(nominee) for nominee in nominees]
    if config.reader:
        read = by_reader(rules, config, cache)
        return [Pair(pair["label"], by, with_it, 0.0) for pair, by, with_it in zip(labelled, rules, read, strict=True)]
    if not config.nli:
        return [Pair(pair["label"], by, by, 0.0) for pair, by in zip(labelled, rules, strict=True)]
    both = by_model(rules, config, cache)
    alone = contradictions([(pair["a"], pair["b"]) for pair in labelled], config.nli, cache)
    return [
        Pair(pair["label"], by, together, model.probability)
        for pair, by, together, model in zip(labelled, rules, both, alone, strict=True)
    ]


def quality(pairs: Sequence[Pair], threshold: float, shown: Sequence[str]) -> None:
    truth = np.array([pair.clashes for pair in pairs])
    scales = {
        "rules": (
            np.array([pair.rules.score for pair in pairs]),
            np.array([bool(pair.rules.evidence) for pair in pairs]),
        ),
        "NLI": (
            np.array([pair.probability for pair in pairs]),
            np.array([pair.probability >= threshold for pair in pairs]),
        ),
        "both": (np.array([pair.both.score for pair in pairs]), np.array([bool(pair.both.evidence) for pair in pairs])),
    }
    for name in shown:
        scores, flags = scales[name]
        ranks = (
            f"{roc_auc_score(truth, scores):6.3f} {average_precision_score(truth, scores):6.3f}"
            if 0 < truth.sum() < len(truth)
            else f"{'-':>6} {'-':>6}"
        )
        right = int((flags & truth).sum())
        precision = f"{right / flags.sum():9.3f}" if flags.any() else f"{'-':>9}"
        recall = f"{right / truth.sum():6.3f}" if truth.any() else f"{'-':>6}"
        print(f"    {name:6} {ranks} {int(flags.sum()):7} {precision} {recall}")


def features(pairs: Sequence[Pair]) -> Any:
    return np.array([[log_odds(pair.probability, MIN_PROBABILITY), float(bool(pair.rules.evidence))] for pair in pairs])


def calibration(sources: dict[str, list[Pair]]) -> None:
    fitted = LogisticRegression(class_weight="balanced").fit(
        features(sources[FITTED_ON]), [pair.clashes for pair in sources[FITTED_ON]]
    )
    (model, rule), (intercept,) = fitted.coef_[0], fitted.intercept_
    print(f"\nweights fitted on {FITTED_ON}: model {model:.2f}, rule {rule:.2f}, intercept {intercept:.2f}")
    print(
        f"{'confidence as promised, and share that clash (pairs)':54}"
        + "".join(f"{f'{low:.1f}-{low + 0.2:.1f}':>18}" for low in np.arange(0, 1, 0.2))
    )
    for name, pairs in sources.items():
        clashing = np.array([pair.clashes for pair in pairs])
        if not 0 < clashing.sum() < len(clashing):
            continue
        promised = np.array([pair.both.score for pair in pairs])
        bins = [(promised >= low) & (promised < low + 0.2 + (low > 0.7)) for low in np.arange(0, 1, 0.2)]
        told = "".join(
            f"{f'{promised[b].mean():.2f} {clashing[b].mean():.2f} ({b.sum()})' if b.any() else '-':>18}" for b in bins
        )
        print(f"{name:54}{told}")


def rules_by_name(sources: dict[str, list[Pair]], shown: str | None) -> None:
    called: Counter[tuple[str, str, bool]] = Counter()
    for name, pairs in sources.items():
        for pair in pairs:
            if pair.rules.evidence:
                first = pair.rules.evidence[0]
                called[first.source, name, pair.clashes] += 1
                if shown == first.source and not pair.clashes:
                    print(
                        "  ", pair.label, first, pair.rules.nominee.left.answer, "|||", pair.rules.nominee.right.answer
                    )
    print(f"\n{'rule':14} {'source':24} {'called':>6} {'right':>6}")
    for rule, name in sorted({key[:2] for key in called}):
        count = called[rule, name, True] + called[rule, name, False]
        print(f"{rule:14} {name:24} {count:6} {called[rule, name, True] / count:6.3f}")


def nothing_in_common(sources: dict[str, list[Pair]]) -> None:
    """How many contradictions would not be looked for behind unlike questions."""
    answers = [
        (pair.rules.nominee.left.answer, pair.rules.nominee.right.answer)
        for pairs in sources.values()
        for pair in pairs
        if pair.clashes
    ]
    long = [pair for pair in answers if min(len(content_words(answer)) for answer in pair) >= MIN_PASSAGE_WORDS]
    apart = sum(not have_something_in_common(*pair) for pair in long)
    print(f"contradictions of {MIN_PASSAGE_WORDS} words of meaning or more: {len(long)}, nothing in common: {apart}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nli", default="", help="an NLI cross-encoder")
    parser.add_argument("--reader", default="", help="a model that reads answers, without an NLI model")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--show", help="print the wrong calls of this rule")
    args = parser.parse_args()
    config = ConflictsConfig(nli=args.nli, reader=args.reader)
    shown = ("rules", "both") if args.reader else ("rules", "NLI", "both") if args.nli else ("rules",)
    sources = {path.stem: judged(path, config, args.cache) for path in sorted(args.folder.glob("*.jsonl"))}
    print(f"    {'':6} {'AUC':>6} {'AP':>6} {'called':>7} {'precision':>9} {'recall':>6}")
    for name, pairs in sources.items():
        print(
            f"{name}: {len(pairs)} pairs, {sum(pair.clashes for pair in pairs)} of them "
            f"clash{'' if len(pairs) >= MAX_SOURCE_PAIRS else ' (few)'}"
        )
        quality(pairs, config.contradiction, shown)
    rules_by_name(sources, args.show)
    nothing_in_common(sources)
    if args.nli:
        calibration(sources)


if __name__ == "__main__":
    main()
