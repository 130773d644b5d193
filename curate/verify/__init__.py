"""Verify a split with code that shares nothing with the writer: compare files, manifest and inputs.

`docs/leaks.md` defines what a leak is; nothing but that page is shared with the code that splits data.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from curate.core.config import DedupConfig
from curate.core.errors import InputError
from curate.core.events import Listener, StageFinished, StageStarted, ignore_events
from curate.core.origin_keys import spread_keys
from curate.core.text import excerpt, plural
from curate.parallel.cluster import LOCAL, Executor
from curate.parallel.worker_pool import WorkerPool, cores
from curate.project.manifest import Manifest, ShortAnswer, read_manifest
from curate.storage.files import DATA_SUFFIXES, MANIFEST, display_name, files_by_split, size_of
from curate.storage.snapshot import unchanging
from curate.verify.cut_answers import MIN_ANSWER_WORDS
from curate.verify.examples import Examples, read_examples
from curate.verify.features import RequestedFeatures
from curate.verify.leaks import ComparisonSettings, leak_points
from curate.verify.line_accounting import accounting_point
from curate.verify.manifest_integrity import counts_point, files_point, ledger_point, manifest_point, read_ledger
from curate.verify.passages import MIN_EXAMPLES as SHARED_BY
from curate.verify.passages import Passages
from curate.verify.proof import MAX_SHOWN, Difference, NotChecked, Point, Verdict, VerifyResult, point_of
from curate.verify.text_leaks import TextLeaks, exempt_texts, exempt_texts_point, text_leaks
from curate.verify.words import hashed, words_of

MAX_NAMED: Final = 5
"""Short answers that are named."""
MAX_CHARS: Final = 60
"""Characters of a text that are shown."""
MIN_PARALLEL_BYTES: Final = 32 << 20
"""Starting processes takes half a second."""
NOT_GIVEN: Final[Mapping[str, Path]] = MappingProxyType({})


def verify_folder(
    folder: Path,
    *,
    embeddings: str = "",
    cache: Path | None = None,
    listen: Listener = ignore_events,
    executor: Executor = LOCAL,
    inputs: Mapping[str, Path] = NOT_GIVEN,
) -> VerifyResult:
    """Verify a folder that `curate split` or `curate run` wrote; report each difference from its manifest.

    A folder without a manifest, but with files called train, validation or test, is checked for leaks only.
    `embeddings`: a model to find questions with the same meaning, if the split was made without one. `inputs`: input
    files that are not at the paths that the manifest has, by these. Raises
    `InputError` if there is nothing to check, `ModelError` or `MissingExtra` if that model cannot be used.
    """
    try:
        manifest, digest = read_manifest(folder)
    except InputError:
        if (folder / MANIFEST).exists():
            raise
        if not (parts := _foreign(folder)):
            raise _nothing_to_verify(folder) from None
        return verify_files(
            parts, display_name(folder), embeddings=embeddings, cache=cache, listen=listen, executor=executor
        )
    paths = {name: [*filter(Path.is_file, part.paths(folder))] for name, part in manifest.splits.items()}
    parts = {name: files for name, files in paths.items() if files}
    ledger = folder / manifest.removed.file
    compared = _comparison_settings(manifest, list(parts), embeddings, cache)
    with unchanging([folder / MANIFEST, *chain.from_iterable(parts.values()), *([ledger] if ledger.is_file() else ())]):
        return _verify_described(folder, manifest, digest, parts, compared, listen, executor, inputs)


def _verify_described(
    folder: Path,
    manifest: Manifest,
    digest: str,
    parts: Mapping[str, Sequence[Path]],
    compared: ComparisonSettings,
    listen: Listener,
    executor: Executor,
    input_paths: Mapping[str, Path],
) -> VerifyResult:
    """Verify what a manifest describes."""
    differences: list[Difference] = []
    points = [manifest_point(folder, manifest, differences)]
    listen(StageStarted("files"))
    points.append(files_point(folder, manifest, differences))
    listen(StageFinished("files", False, points[-1].message))
    ledger = read_ledger(folder / manifest.removed.file, differences)
    passages = Passages([passage.text for passage in manifest.shared_instructions])
    requested = RequestedFeatures(
        tuple(compared.keys),
        passages,
        frozenset(removed.kept for removed in ledger.removed if removed.kept),
        bool(compared.model),
    )
    inputs = size_of(Path(file.path) for file in manifest.inputs)
    with _pool(inputs + size_of(chain.from_iterable(parts.values())), requested, parts, executor) as pool:
        read = _read_splits(parts, compared, pool, listen)
        points.append(_lines_point(read, differences))
        points.append(counts_point(folder, manifest, read, list(parts), differences))
        points.append(ledger_point(manifest, ledger, read, differences))
        texts = text_leaks(read, manifest.shared_texts)
        if manifest.shared_texts:
            points.append(exempt_texts_point(folder / MANIFEST, texts, len(manifest.shared_texts), differences))
        if passages:
            points.append(passages_point(folder / MANIFEST, read, passages, differences))
        listen(StageStarted("lines"))
        points.append(accounting_point(folder, manifest, ledger, read, pool, differences, input_paths))
        listen(StageFinished("lines", False, points[-1].message))
    return _compare_splits(
        _ProofState(display_name(folder), digest, points, differences),
        read,
        compared,
        texts,
        not_checked(read, passages, texts, manifest.short_answers, compared.keys),
        listen,
    )


def verify_files(
    parts: Mapping[str, Sequence[Path]],
    name: str,
    *,
    keys: Sequence[str] = (),
    embeddings: str = "",
    cache: Path | None = None,
    listen: Listener = ignore_events,
    executor: Executor = LOCAL,
) -> VerifyResult:
    """Look for leaks between split files, given by split name with the training split first.

    keys: paths of values that two splits must not share. Raises as `verify_folder`.
    """
    compared = ComparisonSettings(list(parts), DedupConfig().threshold, keys, embeddings, cache=cache, demanded=True)
    differences: list[Difference] = []
    files = list(chain.from_iterable(parts.values()))
    with unchanging(files):
        with _pool(size_of(files), RequestedFeatures(tuple(keys), requests=bool(embeddings)), parts, executor) as pool:
            read = _read_splits(parts, compared, pool, listen)
        points = [
            Point("manifest", Verdict.OPEN, "no manifest: only leakage is checked"),
            _lines_point(read, differences),
        ]
        texts = text_leaks(read, None)
        unchecked = not_checked(read, Passages(()), texts, (), keys)
        return _compare_splits(_ProofState(name, None, points, differences), read, compared, texts, unchecked, listen)


class _ProofState(NamedTuple):
    """The results for a folder before the search for leaks."""

    name: str
    digest: str | None
    points: list[Point]
    differences: list[Difference]


def _compare_splits(
    state: _ProofState,
    read: Examples,
    compared: ComparisonSettings,
    texts: TextLeaks,
    unchecked: list[NotChecked],
    listen: Listener,
) -> VerifyResult:
    """Search for leaks, and complete the result with the points of `state`."""
    listen(StageStarted("compare"))
    leaks, pairs = leak_points(read, compared, texts.pairs)
    listen(StageFinished("compare", False, plural(len(pairs), "leak")))
    points = [*state.points, *leaks]
    return VerifyResult(
        folder=display_name(state.name),
        manifest_sha256=state.digest,
        holds=all(point.verdict is not Verdict.BROKEN for point in points),
        complete=all(point.verdict is Verdict.PROVED for point in points),
        examples=read.sizes(compared.names),
        points=points,
        not_checked=unchecked,
        findings=[*(difference.finding for difference in state.differences), *pairs],
    )


def _comparison_settings(
    manifest: Manifest, names: Sequence[str], embeddings: str, cache: Path | None
) -> ComparisonSettings:
    """The settings of the comparison, from a manifest and the options: splits, keys, threshold and model."""
    split = manifest.config["split"]
    threshold = DedupConfig.model_validate(manifest.config["dedup"]).threshold
    return ComparisonSettings(
        names,
        threshold,
        tuple(split["group_by"]),
        embeddings or split["semantic"],
        float(split["semantic_similarity"]),
        cache,
        demanded=bool(embeddings),
    )


def _nothing_to_verify(folder: Path) -> InputError:
    """The error for a path that is no folder of a split."""
    problem = (
        f"no {MANIFEST}, and no files of two splits"
        if folder.is_dir()
        else "a file, not the folder of a split"
        if folder.is_file()
        else "no such folder"
    )
    return InputError(
        f"{display_name(folder)}: {problem}",
        "pass a folder that `curate split` wrote or that has train.jsonl and test.jsonl, or the files themselves, "
        "the training file first",
    )


def _foreign(folder: Path) -> dict[str, list[Path]]:
    """Files named like splits, by split; empty if there are fewer than two splits."""
    if not folder.is_dir():
        return {}
    return files_by_split(
        sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().endswith(DATA_SUFFIXES))
    )


def _pool(
    size: int, requested: RequestedFeatures, parts: Mapping[str, Sequence[Path]], executor: Executor
) -> WorkerPool:
    """The workers for this number of bytes."""
    return executor.pool(
        cores(),
        processes=size >= MIN_PARALLEL_BYTES,
        own=lambda: requested,
        make_state=partial(RequestedFeatures._make, requested),
        files=[path for files in parts.values() for path in files],
    )


def _read_splits(
    parts: Mapping[str, Sequence[Path]], compared: ComparisonSettings, pool: WorkerPool, listen: Listener
) -> Examples:
    """Read and compare the files of each split, and report the stage."""
    listen(StageStarted("read"))
    read = read_examples([list(files) for files in parts.values()], compared.threshold, pool, listen)
    listen(StageFinished("read", False, plural(len(read.line_places), "line")))
    return read


def _lines_point(read: Examples, differences: list[Difference]) -> Point:
    """Whether each line of the splits holds an example in a known format.

    The first `MAX_SHOWN` lines that do not are added to `differences`.
    """
    broken = [
        Difference(path, f"holds no example that can be compared: {why}", line) for path, line, why in read.unread
    ]
    differences.extend(broken[:MAX_SHOWN])
    proved = f"{plural(len(read.line_places), 'line')} of the splits, each with an example"
    return point_of(
        "lines",
        broken,
        proved,
        f"{plural(len(broken), 'line')} {'holds' if len(broken) == 1 else 'hold'} no example that can be compared",
    )


def not_checked(
    examples: Examples,
    passages: Passages,
    texts: TextLeaks,
    short: Sequence[ShortAnswer],
    keys: Collection[str],
) -> list[NotChecked]:
    """Everything that was not compared and has no point of the proof of its own, as L006 has; entries that concern no
    example are left out.

    keys: those whose values were compared.
    """
    return [
        entry
        for entry in (
            _short_answers(examples, short),
            *_shared_passages(examples, passages),
            *exempt_texts(texts),
            *_spread_keys(examples, keys),
            NotChecked(
                "no question",
                int(np.count_nonzero(examples.question == 0)),
                "no user turn, so no question to compare (L003)",
            ),
            NotChecked("no words", examples.counts.wordless, "a text without words has no shingles (L002)"),
            NotChecked(
                "attachments",
                examples.counts.attached,
                "images, audio, video, documents and template arguments are compared as written, not by content",
            ),
            NotChecked(
                "short turns",
                examples.counts.short_turns,
                f"of several answers, those of fewer than {MIN_ANSWER_WORDS} words count only as part of all "
                "answers (L011)",
            ),
            NotChecked(
                "rejected answers",
                examples.counts.rejected,
                "compared as part of the whole text (L002), not on their own (L011)",
            ),
            NotChecked(
                "texts beside messages",
                examples.counts.extra_texts,
                "text under keys of another form, such as `prompt`, that is in no turn counts for copies only (L001)",
            ),
            NotChecked(
                "reasoning",
                examples.counts.reasoned,
                "reasoning beside the text of a turn is compared as an answer of its own (L011, L015) if it is under "
                f"a key of the turn and has {MIN_ANSWER_WORDS} words or more, otherwise for copies only (L001)",
            ),
            NotChecked(
                "parts and spelling",
                len(examples.places),
                "text inside a longer one is not found below the threshold unless it is the beginning or the end of "
                "an answer, or 30 words of a document that begin with a line or sentence; accents, number formats and "
                "signs inside words count as written, and outside of documents HTML and escapes",
            ),
        )
        if entry.examples
    ]


def _spread_keys(examples: Examples, keys: Collection[str]) -> Iterator[NotChecked]:
    """The keys that were not compared, with values in several splits."""
    splits, total = examples.splits_of(examples.origins_by), len(examples.places)
    for key in spread_keys(examples.origin_keys, examples.origins, splits, total, keys):
        yield NotChecked("shared keys", key.examples, key.message)


def _short_answers(examples: Examples, short: Sequence[ShortAnswer]) -> NotChecked:
    """Answers too short to be compared by themselves."""
    hashes = [hashed(" ".join(words)) for words in words_of([answer.text for answer in short])]
    counts = [int(np.count_nonzero(examples.short == answer_hash)) for answer_hash in hashes]
    most = sorted(zip(counts, short, strict=True), key=lambda item: -item[0])[:MAX_NAMED]
    frequent = "; ".join(f'"{excerpt(answer.text, MAX_CHARS)}" {count:,}' for count, answer in most if count)
    text = f"answers of fewer than {MIN_ANSWER_WORDS} words are not compared on their own (L011)"
    return NotChecked(
        "short answers",
        int(np.count_nonzero(examples.short)),
        f"{text}; most frequent: {frequent}" if frequent else text,
    )


def _passage_counts(examples: Examples, passages: Passages) -> Iterator[int]:
    """The number of examples that share each passage: the count of its rarest run."""
    for windows in passages.windows:
        yield min((examples.counts.windows[window] for window in windows), default=0)


def _shared_passages(examples: Examples, passages: Passages) -> Iterator[NotChecked]:
    for text, count in zip(passages.texts, _passage_counts(examples, passages), strict=True):
        yield NotChecked(
            "shared instructions", count, f'not compared as part of user turns (L002): "{excerpt(text, MAX_CHARS)}"'
        )


def passages_point(manifest: Path, examples: Examples, passages: Passages, differences: list[Difference]) -> Point:
    """Whether each exempt passage is shared by enough examples to be an instruction; others are added to
    `differences`.
    """
    few = [
        Difference(
            manifest,
            f'lists a shared instruction that is in {plural(count, "example")} only: "{excerpt(text, MAX_CHARS)}"',
        )
        for text, count in zip(passages.texts, _passage_counts(examples, passages), strict=True)
        if count < SHARED_BY
    ]
    differences += few
    proved = f"{plural(len(passages.texts), 'passage')} not compared, each shared by {SHARED_BY} examples or more"
    return point_of(
        "shared instructions",
        few,
        proved,
        f"{plural(len(few), 'passage')} not compared, though shared by fewer than {SHARED_BY} examples",
    )
