"""What each format of the report costs beside the check itself, for a file in which nearly every line has findings.

    python tests/bench/reports.py [--lines 20000]

Prints, for each format with `--all`: seconds, microseconds a finding, and how many times as long as the check it took;
peak memory last.
"""

import argparse
import json
import random
import resource
import tempfile
import time
from pathlib import Path

from curate.lint.runner import check_paths
from curate.render.check_formats import OutputFormat, formatted_report, write_report

WORDS = "the model reads a file and answers with care about what it has seen in every line of the data".split(" ")  # noqa: SIM905


def line(number: int, draw: random.Random) -> str:
    """A conversation of about 2 kB with five things to say about it."""

    def said(count: int) -> str:
        return " ".join(draw.choices(WORDS, k=count))

    turns = [
        {"role": "user", "content": f"{said(120)} {number}"},
        {"role": "assistant", "content": f"{said(120)} TODO: ends in white space "},
        {"role": "user", "content": said(20)},
        {"role": "human", "content": f"{said(60)} Â©"},
        {"role": "assistant", "content": ""},
    ]
    return json.dumps({"messages": turns, "source": said(5)}, ensure_ascii=False)


def main() -> None:
    """Check a file that is made here, then write every report of it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=20_000)
    lines = options.parse_args().lines
    draw = random.Random(3)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data.jsonl")
        path.write_text("".join(f"{line(number, draw)}\n" for number in range(lines)), encoding="utf-8")
        started = time.perf_counter()
        report = check_paths([path])
        checked = time.perf_counter() - started
        count = len(report.findings)
        print(
            f"{lines:,} lines of {path.stat().st_size / 1e6:.0f} MB, {count:,} findings: check {checked:.2f} s, "
            f"{checked / count * 1e6:.0f} us a finding"
        )
        for kind in OutputFormat:
            started = time.perf_counter()
            write_report(formatted_report(report, kind, [path], None), Path(folder, "report"))
            took = time.perf_counter() - started
            print(f"{kind:<8} {took:6.2f} s  {took / count * 1e6:4.0f} us a finding  {took / checked:5.2f} x the check")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
