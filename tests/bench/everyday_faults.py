"""How many everyday faults of chats `curate check` reports, and what it reports of chats without a fault.

    python -m tests.bench.everyday_faults

`everyday_faults.jsonl` has chats with a fault, named by their key `fault`, and chats without, all written by hand, in
English, German, Spanish, French and Chinese. The key `set` names the set, in the order of writing, and
`used_for_choosing` says whether its chats were read while rules were changed: figures of such sets are no estimate for
other data. Prints the number of chats with a finding by the default rules, by fault, by language and by set.
"""

import json
import tempfile
from collections import Counter
from pathlib import Path

from curate.core.config import CheckConfig
from curate.lint.runner import check_paths

CHATS = Path(__file__).with_suffix(".jsonl")
FAMILIES = ("C", "K", "M", "Q", "S", "T")
OF_FILES = ("M026", "M027", "T023")
"""Rules that compare the examples of a file."""
KEYS = ("fault", "language", "set", "used_for_choosing")


def main() -> None:
    """Print the counts."""
    chats = [json.loads(line) for line in CHATS.read_text(encoding="utf-8").splitlines()]
    described = [{key: chat.pop(key) for key in KEYS} for chat in chats]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.jsonl"
        path.write_text("".join(json.dumps(chat) + "\n" for chat in chats), encoding="utf-8")
        findings = check_paths([path], CheckConfig()).findings
    reported = {
        finding.line - 1
        for finding in findings
        if finding.line and finding.code.startswith(FAMILIES) and finding.code not in OF_FILES
    }
    print(f"{'':40}{'chats':>6}{'reported':>10}")
    for key in KEYS:
        groups = [f"{'fault' if row['fault'] else 'none'}, {key} {row[key]}" for row in described]
        hits = Counter(groups[index] for index in reported)
        for group, count in Counter(groups).items():
            print(f"{group:40}{count:6}{hits[group]:10}")


if __name__ == "__main__":
    main()
