"""What data costs in which everything is alike, or nearly: `curate dedup`, as users run it and with --ignore-facts.

    python tests/bench/near_extremes.py [NUMBER ...]    # of the files, from 0

Makes ten files: one prompt 10,000 times with 10,000 answers, the same with answers of which most words are a
template's, 100,000 times the same line, 10,000 and 50,000 answers of one template that are less similar than the
threshold, so that all are in one bucket of most bands, and 1,000,000 short examples that share one run of three words.
Four more have 300,000 answers: of random words; with 50,000 of one template, less similar than the threshold or more;
and with 30,000 of which the first halves are equal.

Prints seconds of all processors (user + system), peak memory of the process, and lines kept.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

PROMPT = "Tell me a short story about a lighthouse, please."
TEMPLATE = (
    "The keeper of the lighthouse at the northern cape went up the stairs with a lamp in his hand and saw a ship that "
    "was called"
)
SYLLABLES = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu"]


def below(draw: random.Random, count: int) -> list[str]:
    """Answers with 60 words of a template and 9 of their own: 58 of 76 shingles of a pair are shared."""
    template = " ".join("".join(draw.choices(SYLLABLES, k=4)) for _ in range(60))
    return [f"{template} {' '.join(''.join(draw.choices(SYLLABLES, k=5)) for _ in range(9))}" for _ in range(count)]


def skewed(words: list[str], count: int, kind: str) -> Iterator[str]:
    """300,000 answers of random words, the first `count` of them of another kind: 60 words of a template and 9 others
    (`below` the threshold), 60 and a name (`above`), or 30 words that are the same and 30 others (`halves`).
    """
    draw = random.Random(2)
    beginning = " ".join(draw.choices(words, k=60))
    half = " ".join(beginning.split()[:30])
    for number in range(300_000):
        if number >= count:
            yield " ".join(draw.choices(words, k=60))
        elif kind == "below":
            yield f"{beginning} {' '.join(''.join(draw.choices(SYLLABLES, k=5)) for _ in range(9))}"
        elif kind == "above":
            yield f"{beginning} {''.join(draw.choices(SYLLABLES, k=5)).title()}"
        else:
            yield f"{half} {' '.join(draw.choices(words, k=30))}"


def files(draw: random.Random) -> list[tuple[str, str, Iterable[str]]]:
    """The files: what they are, their prompt and their answers."""
    words = ["".join(draw.choices(SYLLABLES, k=3)) for _ in range(2000)]
    answers = [" ".join(draw.choices(words, k=60)) for _ in range(10_000)]
    templated = [
        f"{TEMPLATE} {''.join(draw.choices(SYLLABLES, k=5)).title()} and that came from far away across the sea"
        for _ in range(10_000)
    ]
    short = (" ".join(draw.choices(words, k=6)) for _ in range(1_000_000))
    return [
        ("one prompt, 10,000 answers", PROMPT, answers),
        ("one prompt, 10,000 names in one answer", PROMPT, templated),
        ("100,000 times the same", PROMPT, [answers[0]] * 100_000),
        ("10,000 of a template, below the threshold", PROMPT, below(draw, 10_000)),
        ("50,000 of a template, below the threshold", PROMPT, below(draw, 50_000)),
        ("1,000,000 that share three words", "Tell me this:", short),
        ("300,000 of random words", PROMPT, skewed(words, 0, "")),
        ("300,000, 50,000 of a template, below", PROMPT, skewed(words, 50_000, "below")),
        ("300,000, 50,000 of a template, above", PROMPT, skewed(words, 50_000, "above")),
        ("300,000, 30,000 with equal first halves", PROMPT, skewed(words, 30_000, "halves")),
    ]


def timed(path: Path, *options: str) -> str:
    """Deduplicate a file."""
    kept = path.with_suffix(".kept")
    command = [sys.executable, "-m", "curate", "dedup", str(path), "--yes", "--quiet", "--no-cache", "--overwrite"]
    with subprocess.Popen([*command, "-o", str(kept), *options], stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    lines = kept.read_bytes().count(b"\n")
    return f"{usage.ru_utime + usage.ru_stime:8.1f} {usage.ru_maxrss / 1024:8,.0f} {lines:9,}"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="near-extremes-") as folder:
        print(f"{'':44} {'':16} {'cpu':>8} {'MB':>8} {'kept':>9}")
        for number, (name, prompt, answers) in enumerate(files(random.Random(1))):
            if sys.argv[1:] and str(number) not in sys.argv[1:]:
                continue
            path = Path(folder, f"{number}.jsonl")
            with path.open("w", encoding="utf-8") as file:
                for answer in answers:
                    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
                    file.write(json.dumps({"messages": turns}) + "\n")
            for options in ((), ("--ignore-facts",)):
                print(f"{name:44} {' '.join(options):16} {timed(path, *options)}", flush=True)


if __name__ == "__main__":
    main()
