"""The proof of a split: its files are read again by code that had no part in writing them, and held against the manifest, each other and the inputs.

What the writer took from MinHash is looked for here by an exact join: all pairs of examples across splits that are alike enough, not most.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from curate.config import DedupConfig
from curate.detect.across import CLOSE, leaks_in
from curate.detect.columns import Making
from curate.detect.crew import Crew
from curate.detect.marks import Marking
from curate.detect.shingles import Shingling
from curate.detect.table import Table, read_table
from curate.detect.threads import cores
from curate.errors import InputError, MissingExtra, ModelError
from curate.events import Listener, StageAdvanced, StageFinished, StageStarted, silent
from curate.files import DATA_SUFFIXES, display_name
from curate.finding import Finding
from curate.manifest import NAME, Manifest, boilerplate_of, read_manifest
from curate.read.pieces import pieces_of
from curate.rules.books import Difference, differing
from curate.rules.splits import leaked_across
from curate.text import plural, visible
from curate.verify.books import SHOWN, books_point, ledger_point, read_ledger
from curate.verify.files import counts_point, files_point, manifest_point
from curate.verify.proof import Point, Proof, Verdict, judged

PARALLEL: Final = 32 << 20
"""Bytes from which processes are started."""
FOREIGN: Final = {
    "train": ("train",),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "eval"),
}
"""What the files of splits are called that have no manifest."""
WORD: Final = re.compile(r"[a-z]+")
LEAKS: Final = {
    "L001": "copies",
    "L002": "near-duplicates",
    "L003": "same question",
    "L004": "clashing answers",
    "L005": "beginnings and keys",
    "L006": "same meaning",
}


def verify_folder(folder: Path, *, embeddings: str = "", cache: Path | None = None, listen: Listener = silent) -> Proof:
    """Prove a folder that `curate split` or `curate run` has written, or say where it breaks.

    A folder without a manifest, but with files called train, validation or test, is looked through for leaks alone. `embeddings`: a model to look
    for questions of the same meaning, where the split was not made with one. Raises `InputError` where there is nothing to look at.
    """
    try:
        manifest, digest = read_manifest(folder)
    except InputError:
        if (folder / NAME).exists() or not (parts := _foreign(folder)):
            raise
        return verify_files(parts, str(folder), embeddings=embeddings, cache=cache, listen=listen)
    found: list[Difference] = []
    points = [manifest_point(folder, manifest, found)]
    listen(StageStarted("files"))
    points.append(files_point(folder, manifest, found))
    listen(StageFinished("files", False, points[-1].said))
    parts = {name: [path] for name, part in manifest.splits.items() if (path := folder / part.file).is_file() and _readable(path, found)}
    config = DedupConfig.model_validate(manifest.config["dedup"])
    keys = tuple(manifest.config["split"]["group_by"])
    paths = [path for files in parts.values() for path in files]
    with Crew(cores(), processes=sum(path.stat().st_size for path in paths) >= PARALLEL) as crew:
        table = _read(paths, Making(config.on, Shingling(), keys=True, marking=Marking(keys), common=boilerplate_of(manifest)), crew, listen)
        points.append(_lines_point(table, found))
        examples, characters = _sizes(table, list(parts))
        points.append(counts_point(folder, manifest, examples, characters, found))
        ledger = read_ledger(folder / manifest.removed.file, found)
        kept = frozenset(table.id(at) for at in _held(table, [removal.kept.example for removal in ledger.removals if removal.kept]))
        points.append(ledger_point(folder, manifest, ledger, kept, found))
        listen(StageStarted("books"))
        points.append(books_point(folder, manifest, ledger, crew, found))
        listen(StageFinished("books", False, points[-1].said))
        semantic = manifest.config["split"]["semantic"] or embeddings
        leaks, told = _leaks(table, list(parts), config, semantic, _close(manifest), keys, cache, listen)
    return Proof(str(folder), digest, examples, [*points, *leaks], [*differing(found), *told])


def verify_files(
    parts: Mapping[str, Sequence[Path]],
    name: str,
    *,
    config: DedupConfig | None = None,
    embeddings: str = "",
    cache: Path | None = None,
    listen: Listener = silent,
) -> Proof:
    """Look for leaks among files that are splits, by name, the one that is trained on first. Raises `InputError`."""
    config = config or DedupConfig()
    paths = [path for files in parts.values() for path in files]
    found: list[Difference] = []
    with Crew(cores(), processes=sum(path.stat().st_size for path in paths) >= PARALLEL) as crew:
        table = _read(paths, Making(config.on, Shingling(), keys=True, marking=Marking()), crew, listen)
        names = [name for name, files in parts.items() for _ in files]
        points = [Point("manifest", Verdict.OPEN, "there is none: only leaks can be looked for"), _lines_point(table, found)]
        leaks, told = _leaks(table, names, config, embeddings, CLOSE, (), cache, listen)
    examples, _ = _sizes(table, names)
    return Proof(name, None, examples, [*points, *leaks], [*differing(found), *told])


def _foreign(folder: Path) -> dict[str, list[Path]]:
    """Files that are called like splits, by split; none where there are not two splits at the least."""
    if not folder.is_dir():
        return {}
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().endswith(DATA_SUFFIXES))
    found = {}
    for split, names in FOREIGN.items():
        if here := [path for path in files if set(WORD.findall(path.name.lower().partition(".")[0])) & set(names)]:
            found[split] = here
    return found if len(found) > 1 else {}


def _readable(path: Path, found: list[Difference]) -> bool:
    """Whether a split is JSON Lines at all."""
    if pieces_of(path, display_name(path)) is not None:
        return True
    found.append(Difference("manifest", display_name(path), 0, "is no file of JSON Lines"))
    return False


def _read(paths: Sequence[Path], making: Making, crew: Crew, listen: Listener) -> Table:
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        listen(StageAdvanced("read", done, None, "lines"))

    listen(StageStarted("read"))
    table = read_table(paths, making, crew, advance)
    listen(StageFinished("read", False, plural(len(table.starts), "line")))
    return table


def _lines_point(table: Table, found: list[Difference]) -> Point:
    """Whether each line of the splits holds an example."""
    import numpy as np

    holds = np.zeros(len(table.starts), dtype=np.bool_)
    holds[table.lines] = True
    places = [table.place(line) for line in np.flatnonzero(~holds).tolist()]
    broken = [Difference("manifest", place.file, place.line, "holds no example") for place in places]
    found.extend(broken[:SHOWN])
    return judged("lines", broken, f"each of {plural(len(table.starts), 'line')} of the splits holds an example", f"{plural(len(broken), 'line')} hold none")


def _sizes(table: Table, names: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Examples and characters of each split; `names`: of each file, its split."""
    import numpy as np

    assert table.marks is not None
    bounds = table.lines.searchsorted(table.first)
    examples, characters = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for number, name in enumerate(names):
        examples[name] += int(bounds[number + 1] - bounds[number])
        characters[name] += int(np.sum(table.marks.characters[bounds[number] : bounds[number + 1]]))
    return examples, characters


def _held(table: Table, ids: Sequence[str]) -> list[int]:
    """Numbers of the examples that may have one of these ids."""
    import numpy as np

    wanted = np.array([int(example[:16], 16) for example in set(ids)], dtype=np.uint64)
    found: list[int] = np.flatnonzero(np.isin(table.ids[:, 0], wanted)).tolist()
    return found


def _close(manifest: Manifest) -> float:
    return float(manifest.config["split"]["semantic_similarity"])


def _leaks(
    table: Table, names: Sequence[str], config: DedupConfig, model: str, close: float, keys: Sequence[str], cache: Path | None, listen: Listener
) -> tuple[list[Point], list[Finding]]:
    """The points about leaks, and the findings."""
    listen(StageStarted("compare"))
    without = ""
    try:
        leaks = leaks_in(table, names, config, embeddings=model, close=close, cache=cache)
    except (ModelError, MissingExtra) as error:
        without = f"not looked for: {error.message}"
        leaks = leaks_in(table, names, config)
    found = leaked_across(leaks)
    listen(StageFinished("compare", False, plural(len(found), "leak")))
    said = {
        "L001": "no example stands in two splits",
        "L002": f"no two examples across splits are similar to {config.threshold:g} or more (Jaccard of shingles, all pairs)",
        "L003": "no question is asked in two splits in the same context",
        "L004": "no question has clashing answers in two splits",
        "L005": "no conversation begins one of another split" + (f"; nor do two of them share {', '.join(map(visible, keys))}" if keys else ""),
        "L006": f"no two questions across splits are near by {visible(model)} ({close:g} or more)",
    }
    points = []
    for code, name in LEAKS.items():
        count = sum(finding.code == code for finding in found)
        if count:
            points.append(Point(f"{code} {name}", Verdict.BROKEN, f"{plural(count, 'example')} of a split leak{'s' if count == 1 else ''} into an earlier one"))
        elif code == "L006" and (without or not model):
            points.append(Point(f"{code} {name}", Verdict.OPEN, without or "not looked for: no model was named"))
        else:
            points.append(Point(f"{code} {name}", Verdict.PROVED, said[code]))
    return points, found
