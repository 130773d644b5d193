"""How many instructions to models inside data Q028 reports, and how many chats without one.

    python -m tests.bench.injections [--missed HALF]

`injections.jsonl` has, in halves A and B, 60 chats with an instruction to the model inside a tool result, a quoted
document or a retrieved passage, and 60 chats that resemble them and have none, all written by hand before the rule was
changed, in English, German, Spanish, French, Portuguese and Chinese. Its key `half` splits both at random: the patterns
of the rule were chosen on half A. The 40 of C were written later, without knowledge of the patterns, and are read.
Prints recall and false alarms by half and language; `--missed A` lists the chats of A it gets wrong.
"""

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path

from curate.core.config import CheckConfig
from curate.lint.runner import check_paths

CHATS = Path(__file__).with_suffix(".jsonl")


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--missed", choices=("A", "B", "C"))
    options = parser.parse_args()
    chats = [json.loads(line) for line in CHATS.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.jsonl"
        path.write_text("".join(json.dumps({"messages": chat["messages"]}) + "\n" for chat in chats), encoding="utf-8")
        findings = check_paths([path], CheckConfig(select=["Q028"])).findings
    reported = {finding.line - 1 for finding in findings if finding.line}
    total: Counter[tuple[str, str, bool]] = Counter()
    hits: Counter[tuple[str, str, bool]] = Counter()
    for index, chat in enumerate(chats):
        for language in ("all", chat["lang"]):
            group = (chat["half"], language, chat["expected"])
            total[group] += 1
            hits[group] += index in reported
    print(f"{'half':6}{'language':10}{'recall':>10}{'false alarms':>16}")
    for half, language in sorted({group[:2] for group in total}):
        counts = [f"{hits[half, language, expected]}/{total[half, language, expected]}" for expected in (True, False)]
        print(f"{half:6}{language:10}{counts[0]:>10}{counts[1]:>16}")
    for index, chat in enumerate(chats):
        if chat["half"] == options.missed and chat["expected"] != (index in reported):
            print("missed" if chat["expected"] else "false alarm", chat["lang"], chat["kind"], index + 1)


if __name__ == "__main__":
    main()
