"""Precision and reach of each rule that judges answers, on labelled pairs.

    python tests/bench/conflict_rules.py FOLDER      # files of {"prompt", "a", "b", "label": contradiction | consistent | neutral}

Prints, for each rule and file: pairs it called a clash, and the share of these that are labelled contradiction.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from curate.detect.answers import clash


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", help="print the wrong calls of this rule")
    args = parser.parse_args()
    total: Counter[tuple[str, bool]] = Counter()
    print(f"{'file':28} {'rule':10} {'called':>6} {'right':>6}")
    for path in sorted(args.folder.glob("*.jsonl")):
        called: Counter[tuple[str, bool]] = Counter()
        for line in path.read_text(encoding="utf-8").splitlines():
            pair = json.loads(line)
            evidence = clash(pair["prompt"], pair["a"], pair["b"])
            if evidence and "prompt_b" not in pair:
                right = pair["label"] == "contradiction"
                called[evidence.source, right] += 1
                if args.show == evidence.source and not right:
                    print("  ", pair["label"], evidence, pair["a"], "|||", pair["b"])
        total.update(called)
        _print(path.stem, called)
    _print("all", total)


def _print(name: str, called: Counter[tuple[str, bool]]) -> None:
    for rule in sorted({rule for rule, _ in called}):
        count = called[rule, True] + called[rule, False]
        print(f"{name:28} {rule:10} {count:6} {called[rule, True] / count:6.3f}")


if __name__ == "__main__":
    main()
