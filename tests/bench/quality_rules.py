"""Precision and recall of rules of family Q on faults planted into the held-out files (see `quality_signals`).

    python -m tests.bench.quality_rules FOLDER

What a rule reports of the real answers counts as wrong, though real files have faults of their own: precision is a
lower bound.
"""

import json
import sys
import tempfile
from pathlib import Path
from random import Random

from curate.core.config import CheckConfig
from curate.lint.runner import check_paths
from tests.bench.quality_planting import PLANTS, Plant, mojibake, planted
from tests.bench.quality_signals import DEVELOPMENT, HELD_OUT, pairs_of

RULES_OF: dict[str, tuple[Plant, tuple[str, ...]]] = {
    "cut": (PLANTS["cut"], ("Q008",)),
    "loop": (PLANTS["loop"], ("Q006", "Q007")),
    "mojibake": (mojibake, ("Q009",)),
    "garbled": (PLANTS["garbled"], ("Q017", "Q009", "Q022")),
    "language": (PLANTS["language"], ("Q014",)),
    "refusal": (lambda answer, _: f"I'm sorry, but I can't help with that. {answer[:40]}", ("Q004",)),
    "disclaimer": (lambda answer, _: f"As an AI language model, I may be wrong. {answer}", ("Q005",)),
    "merged": (lambda answer, _: f"{answer}\n\nInstruction: Name a number.\nOutput: 7", ("Q016",)),
    "template": (lambda answer, _: f"{{{{name}}}} says: {answer}", ("Q003",)),
}


def main(folder: Path) -> None:
    """Print one line for each rule and fault."""
    print(f"{'rule':6}{'fault':12}{'planted':>8}{'found':>7}{'recall':>8}{'others':>8}{'precision':>11}")
    for fault, (plant, rules) in RULES_OF.items():
        counts = {rule: [0, 0] for rule in rules}
        total = 0
        for name in (*HELD_OUT, *DEVELOPMENT):
            found = planted(pairs_of(folder, name), plant, 0.05, Random(0))
            total += len(found.where)
            with tempfile.TemporaryDirectory() as there:
                path = Path(there) / "data.jsonl"
                path.write_text("".join(_line(*pair) for pair in found.pairs))
                for finding in check_paths([path], CheckConfig(select=rules)).findings:
                    counts[finding.code][finding.line - 1 not in set(found.where)] += 1
        for rule, (right, wrong) in counts.items():
            share = right / (right + wrong) if right + wrong else float("nan")
            print(f"{rule:6}{fault:12}{total:8}{right:7}{right / total if total else 0:8.2f}{wrong:8}{share:11.2f}")


def _line(request: str, answer: str) -> str:
    turns = [{"role": "user", "content": request}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": turns}) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
