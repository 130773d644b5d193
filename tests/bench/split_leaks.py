"""How much leaks across a plain random split of real data, beside one by `curate split`: both looked through by the verifier.

    python tests/bench/split_leaks.py FOLDER [--seeds 3] [--least 100]

For each file below FOLDER that curate can read and that has so many examples: the lines that `curate split` keeps are shuffled and cut 80/10/10,
as `train_test_split` does it, and both divisions are verified. Prints the share of held-out examples that stand in an earlier split too: the same
(L001), nearly the same (L002), with the same question (L003), or as the beginning of one (L005); means over the seeds. Behind ours stands the share
of examples that it holds out: 20% where groups are small enough.
"""

import argparse
import random
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from curate.config import Config, SplitConfig
from curate.errors import CurateError
from curate.files import data_files
from curate.pipeline.splitting import Sources, split_files
from curate.split.names import NAMES
from curate.verify import verify_files

CODES: Final = ("L001", "L002", "L003", "L005")
SHARES: Final = (0.8, 0.1)


class Leaks(NamedTuple):
    """Of one division."""

    held_out: int
    examples: int
    leaking: int
    """Held-out examples that leak."""
    codes: Counter[str]


def leaks(folder: Path) -> Leaks:
    """What the verifier finds in a folder of three splits."""
    proof = verify_files({name: [folder / f"{name}.jsonl"] for name in NAMES}, str(folder))
    found = {(finding.file, finding.line, finding.code) for finding in proof.findings if finding.code in CODES}
    held_out = sum(count for name, count in proof.examples.items() if name != "train")
    return Leaks(held_out, sum(proof.examples.values()), len({place[:2] for place in found}), Counter(code for *_, code in found))


def plain(lines: Sequence[bytes], folder: Path, seed: int) -> Leaks:
    """Lines shuffled and cut."""
    folder.mkdir(exist_ok=True)
    order = list(lines)
    random.Random(seed).shuffle(order)
    ends = [0, int(len(order) * SHARES[0]), int(len(order) * sum(SHARES)), len(order)]
    for nth, name in enumerate(NAMES):
        (folder / f"{name}.jsonl").write_bytes(b"".join(order[ends[nth] : ends[nth + 1]]))
    return leaks(folder)


def ours(path: Path, folder: Path, seed: int) -> Leaks:
    """What `curate split` makes of the file."""
    config = Config(seed=seed, split=SplitConfig(grow=False))
    split_files(Sources([path]), folder, config)
    return leaks(folder)


def measured(path: Path, seeds: int, least: int) -> Iterator[tuple[str, Mapping[int, tuple[Leaks, Leaks]]]]:
    """The file's name and, by seed, the leaks of a plain split and of ours; nothing for a file that is none, or too small."""
    with tempfile.TemporaryDirectory(prefix="split-leaks-") as name:
        found = {}
        for seed in range(seeds):
            try:
                mine = ours(path, Path(name) / "ours", seed)
            except CurateError:  # no data at all
                return
            lines = [line for split in NAMES for line in (Path(name) / "ours" / f"{split}.jsonl").read_bytes().splitlines(keepends=True)]
            if len(lines) < least:
                return
            found[seed] = (plain(lines, Path(name) / "plain", seed), mine)
        yield f"{path.name} ({len(lines):,})", found


def share(several: Sequence[Leaks], code: str = "") -> float:
    """Mean share of held-out examples that leak."""
    return statistics.mean((one.codes[code] if code else one.leaking) / max(1, one.held_out) for one in several)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--least", type=int, default=100, help="examples of the smallest file that is looked at")
    args = parser.parse_args()
    print(f"{'file (examples)':72} {'plain random split: leaks':>26} {'  '.join(CODES):>24}  {'ours':>6} {'held out':>8}")
    for path in data_files([args.folder]):
        for name, by_seed in measured(path, args.seeds, args.least):
            random_, mine = [pair[0] for pair in by_seed.values()], [pair[1] for pair in by_seed.values()]
            held = statistics.mean(one.held_out / one.examples for one in mine)
            codes = " ".join(f"{share(random_, code):5.1%}" for code in CODES)
            print(f"{name:72} {share(random_):26.1%} {codes:>24}  {share(mine):6.1%} {held:8.1%}", flush=True)


if __name__ == "__main__":
    main()
