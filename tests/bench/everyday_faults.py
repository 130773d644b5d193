"""How many everyday faults of chats `curate check` reports, and what it reports of chats without a fault.

    python -m tests.bench.everyday_faults

`everyday_faults.jsonl` has 163 chats with a fault, named by their key `fault`, and 118 without, all written by hand.
They were read while the rules were written, so the figures are no estimate for other data. Prints, for each fault, the
number of chats, those with a finding of family Q, S or T by the default rules, and by all rules of these families.
"""

import json
import tempfile
from collections import Counter
from pathlib import Path

from curate.core.config import CheckConfig
from curate.lint.runner import check_paths

CHATS = Path(__file__).with_suffix(".jsonl")
FAMILIES = ("Q", "S", "T")


def main() -> None:
    """Print one line for each fault, and one for the chats without a fault."""
    chats = [json.loads(line) for line in CHATS.read_text(encoding="utf-8").splitlines()]
    faults = [chat.pop("fault") or "none" for chat in chats]
    with tempfile.TemporaryDirectory() as there:
        path = Path(there) / "data.jsonl"
        path.write_text("".join(json.dumps(chat) + "\n" for chat in chats), encoding="utf-8")
        by_default, by_all = (
            Counter(faults[at] for at in {finding.line - 1 for finding in found if finding.code.startswith(FAMILIES)})
            for found in (check_paths([path], CheckConfig(extend_select=more)).findings for more in ((), FAMILIES))
        )
    print(f"{'fault':22}{'chats':>6}{'default':>9}{'all':>5}")
    for fault, count in Counter(faults).items():
        print(f"{fault:22}{count:6}{by_default[fault]:9}{by_all[fault]:5}")
    planted = [fault for fault in by_all if fault != "none"]
    total = len(faults) - faults.count("none")
    print(f"{'all faults':22}{total:6}{sum(by_default[f] for f in planted):9}{sum(by_all[f] for f in planted):5}")


if __name__ == "__main__":
    main()
