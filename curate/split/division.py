"""Division of a data set: find connected examples, and assign whole groups to splits; examples that are connected with
a given test set are left out.

Near-duplicates are searched twice: by MinHash, and across the resulting splits by an exact join. Pairs that MinHash
missed join their groups, and the groups are assigned again until the join finds none.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from curate.core.config import Config
from curate.core.errors import InputError, UsageError
from curate.core.lazy import Numbers, np
from curate.core.origin_keys import SESSION_GROUPS, spread_keys
from curate.core.removed import NO_EXAMPLE, KeptExample, Reason
from curate.core.text import plural, visible
from curate.corpus.boilerplate import boilerplate_notes
from curate.corpus.cache import DedupCache
from curate.corpus.corpus import LineReader, Table
from curate.corpus.features import FeatureSpec
from curate.corpus.strata import FORMAT_NAMES, Marking, require_traits
from curate.parallel.worker_pool import WorkerPool
from curate.project.manifest import SPLIT_NAMES
from curate.read.formats import BY_NAME
from curate.similarity.shingles import Shingling
from curate.split.assign import NO_SPLIT, Assigned, Move, SplitTargets, assign, moves_of
from curate.split.exempt import (
    ExemptAnswer,
    ExemptInstruction,
    ExemptText,
    ShortAnswers,
    instructions_in,
    named_texts,
    shared_by,
    shared_text_notes,
    with_fewer_passages,
)
from curate.split.groups import (
    Link,
    LinkSearch,
    Pairs,
    SharedTexts,
    SplitGroups,
    group,
    linking_texts,
    links_of,
    missed_links,
    text_links,
    texts_among,
)
from curate.split.mix import Mixed, mix

LENGTH_CLASSES: Final = 4
ROUNDING_SLACK: Final = 1e-9
NOT_WRITTEN: Final = -1
GIVEN: Final = -2


def strata_of(table: Table, traits: Sequence[str]) -> Numbers | None:
    """The stratum number of each example, independent of the order of the examples; None if no trait is wanted."""
    marks = table.marks
    if not traits or marks is None:
        return None
    trait_columns = iter(marks.traits.T)
    columns = [_length_classes(table.lengths) if trait == "length" else next(trait_columns) for trait in traits]
    _, strata = np.unique(np.stack(columns, axis=1).astype(np.uint64), axis=0, return_inverse=True)
    return strata.reshape(-1).astype(np.int64)


def _length_classes(characters: Numbers) -> Numbers:
    """The class of each length, 0 for the shortest."""
    bounds = np.quantile(
        characters, [number / LENGTH_CLASSES for number in range(1, LENGTH_CLASSES)], method="inverted_cdf"
    )
    return np.searchsorted(bounds, characters, side="left").astype(np.int64)


SAME_QUESTION_PROBABILITY: Final = 0.8
"""Probability from which two questions count as the same and stay in one split: of labelled pairs at or above it, 9
of 10 are the same.
"""


@dataclass(frozen=True, slots=True)
class Division:
    """The result of a division."""

    split: Numbers
    """The split of each example of the table, by its position in `SPLIT_NAMES`; `NO_SPLIT` for one that is left out."""
    group: Numbers
    """The group of each example; `GIVEN` for one of a given test set, `NOT_WRITTEN` for one that is left out."""
    left_out: Mapping[int, Reason]
    """Why an example is left out, by line of the table: a reason of the caller, a connection with a given test set,
    or the limits of a mix.
    """
    links: Mapping[str, int]
    """Number of links of each kind that connect the groups."""
    groups: int
    groups_in: tuple[int, ...]
    """Number of groups in each split, in the order of `SPLIT_NAMES`; each example of a given test set counts as a
    group.
    """
    largest: int
    """Number of examples in the largest group."""
    holdable: int
    """Number of examples in groups that are small enough to be held out."""
    moved: Sequence[Move] = ()
    """Examples that were in another split in an earlier division."""
    notes: Sequence[str] = field(default=())
    shared_instructions: Sequence[ExemptInstruction] = ()
    shared_texts: Sequence[ExemptText] = ()
    """First questions and documents that several splits have."""
    short_answers: Sequence[ExemptAnswer] = ()
    short_answer_examples: int = 0
    """Number of examples with a short answer that different questions share, including those that are not named."""


def split_feature_spec(config: Config) -> FeatureSpec:
    """The features of each example that a division needs. Raises `UsageError` for a trait that examples do not have."""
    require_traits(config.split.stratify)
    return FeatureSpec(
        "conversation",
        Shingling(),
        links=True,
        short_texts=False,
        marking=Marking(config.split.group_by or SESSION_GROUPS, config.split.stratify),
    )


def grouped_by_session(table: Table, config: Config) -> Config:
    """The configuration, with the keys of agent sessions to group by if none are named and examples have some."""
    if config.split.group_by or table.marks is None or not table.marks.keys.any():
        return config
    return config.model_copy(update={"split": config.split.model_copy(update={"group_by": SESSION_GROUPS})})


def divide(
    table: Table,
    left_out: Mapping[int, Reason],
    config: Config,
    workers: WorkerPool,
    *,
    given: int = 0,
    before: Numbers | None = None,
    compared: bool = False,
    cache: Path | None = None,
    memory: DedupCache | None = None,
    repair: str = "",
) -> Division:
    """Divide the examples of a table, except those on lines that are left out. Moves the table's sets out of it to save
    memory.

    given: number of the table's files, the first ones, that are a test set and stay as they are; before: the earlier
    split of each example, or `NO_SPLIT`; compared: whether examples of different earlier splits were found not to be
    near each other, with the threshold and the shared instructions of this table; memory: the cache of comparisons;
    repair: how left out lines can be repaired. Raises `UsageError` for a key that
    no example has, `InputError` if no example is left.
    """
    rows = instructions_in(table)
    while True:
        division = _division(table, left_out, config, workers, given, before, compared, cache, memory, repair)
        counts, enough = shared_by(rows, division.split >= 0)
        # a passage of only one group is no instruction; it may be a document
        enough = [
            stays and _are_in_several_groups(division.group[members])
            for members, stays in zip(rows, enough, strict=True)
        ]
        if all(enough):
            return replace(
                division,
                shared_instructions=list(map(ExemptInstruction, table.common, counts)),
                notes=[*division.notes, *boilerplate_notes(table.common)],
            )
        compared = False
        table, rows = (
            with_fewer_passages(table, rows, enough),
            [members for members, stays in zip(rows, enough, strict=True) if stays],
        )


def _are_in_several_groups(groups: Numbers) -> bool:
    """Whether examples that are written are in more than one group."""
    written = groups[groups != NOT_WRITTEN]
    return bool((written != written[:1]).any())


def _division(
    table: Table,
    left_out: Mapping[int, Reason],
    config: Config,
    workers: WorkerPool,
    given: int,
    before: Numbers | None,
    compared: bool,
    cache: Path | None,
    memory: DedupCache | None,
    repair: str,
) -> Division:
    """As `divide`, with these passages left out of the compared texts."""
    _require_keys(table, config.split.group_by)
    reasons_left_out, texts, exempt = dict(left_out), linking_texts(table), list[SharedTexts]()
    short = ShortAnswers(table)
    tests = int(table.lines.searchsorted(table.first[given]))
    stays = np.ones(len(table.lines), dtype=np.bool_)
    stays[_examples(table, reasons_left_out)] = False
    if given:
        leaked, exempt = _connected(table, np.flatnonzero(stays), tests, texts, config, workers, cache)
        reasons_left_out.update(leaked)
        stays[_examples(table, leaked)] = False
    staying = np.flatnonzero(stays)
    staying = staying[staying >= tests]
    if not len(staying):
        raise _nothing_left(len(table.starts) - tests, reasons_left_out, repair)
    part, meanings, mixed = _mixed(_kept_examples(table, staying), config, workers, cache)
    if mixed:
        reasons_left_out |= {int(table.lines[staying[position]]): reason for position, reason in mixed.why.items()}
        staying = staying[mixed.stays]
    earlier = before[staying] if before is not None else None
    groups, assigned = _grouped_and_assigned(
        part,
        LinkSearch(config.dedup.threshold, workers, memory=memory),
        _wanted_sizes(config, bool(given), len(staying)),
        earlier,
        compared,
        strata_of(part, config.split.stratify),
        meanings,
        texts_among(texts, staying, len(table.lines)),
    )
    split = np.full(len(table.lines), NO_SPLIT)
    split[:tests] = SPLIT_NAMES.index("test")
    split[staying] = assigned.of
    group_of = np.full(len(table.lines), NOT_WRITTEN)
    group_of[:tests], group_of[staying] = GIVEN, groups.of
    firsts, sizes = np.unique(groups.of, return_counts=True)
    groups_in = np.bincount(assigned.of[firsts], minlength=len(SPLIT_NAMES)) + np.array([0, 0, tests])
    moved = moves_of(part, groups, assigned, earlier) if earlier is not None else []
    holdable = int(len(staying) - np.count_nonzero(np.isin(groups.of, assigned.too_large)))
    named, shared = short.most_frequent(split >= 0)
    shared_texts = named_texts(table, texts, (*groups.exempt, *exempt), split)
    notes = [
        *_large_group_note(groups, assigned, holdable),
        *(mixed.notes if mixed else ()),
        *_missing_key_notes(part, config.split.group_by),
        *(["these examples were split before with the same seed; another hash is used now"] if assigned.salted else ()),
        *shared_text_notes(shared_texts),
        *_spread_key_notes(table, split, config.split.group_by),
    ]
    return Division(
        split, group_of, reasons_left_out, groups.counts, len(sizes), tuple(groups_in.tolist()), int(sizes.max()),
        holdable, moved, notes,
        shared_texts=shared_texts,
        short_answers=named, short_answer_examples=shared,
    )  # fmt: skip


def _mixed(
    part: Table, config: Config, workers: WorkerPool, cache: Path | None
) -> tuple[Table, Pairs | None, Mixed | None]:
    """The examples of a part that the mix takes, the links by meaning between them, and the selection; None for a link
    or a selection that is not configured.
    """
    meanings = _by_meaning(part, config, cache)
    mixed = mix(part, config, workers, meanings)
    if mixed:
        part = _kept_examples(part, np.flatnonzero(mixed.stays))
        meanings = _by_meaning(part, config, cache)
    return part, meanings, mixed


def _kept_examples(table: Table, staying: Numbers) -> Table:
    """The examples that are not left out; the table keeps its sets if it may be divided again."""
    if not table.common:
        return table.take(staying)
    part = table.chosen(staying)
    table.band_keys = None  # if it is divided again, it has other texts
    return part


def _large_group_note(groups: SplitGroups, assigned: Assigned, holdable: int) -> list[str]:
    """A note about groups that are too large for held-out splits."""
    if not len(assigned.too_large):
        return []
    sizes = Counter(int((groups.of == first).sum()) for first in assigned.too_large[:3].tolist())
    sentences = [
        f"a group of {plural(size, 'example')} is in train: it is too large for the other splits"
        if count == 1
        else f"{count} groups of {plural(size, 'example')} each are in train: they are too large for the other splits"
        for size, count in sizes.items()
    ]
    total = len(groups.of)
    most = (
        f"{plural(holdable, 'example')} of {total:,} ({holdable / total:.1%}) can be held out; the others are in "
        "groups that are too large; set larger shares for validation and test with --fractions, or raise --threshold"
    )
    return [*sentences, most]


def _nothing_left(lines: int, reasons_left_out: Mapping[int, Reason], repair: str) -> InputError:
    """The error when no line is left: how many lines were left out for which reasons, and the next step for the
    most frequent one.
    """
    counts = Counter(
        (reason.code or "decision", reason.why if reason.code in NO_EXAMPLE else "")
        for reason in reasons_left_out.values()
    )
    if not counts:
        return InputError("no example to split: the files are empty", "name files with examples")
    text = ", ".join(
        f"{plural(count, 'line')} {code}{why and f' ({visible(why)})'}" for (code, why), count in counts.most_common(3)
    )
    first = counts.most_common(1)[0][0][0]
    step = (
        "give each line its answer, or put the conversation under `messages`"
        if first in NO_EXAMPLE
        else "correct them, or undo decisions in `curate review`"
    )
    removed = "the only line was removed" if lines == 1 else f"all {plural(lines, 'line')} were removed"
    return InputError(
        f"no example is left to split: {removed}: {text}",
        repair or f"`curate check` lists the lines; {step}",
    )


def _grouped_and_assigned(
    part: Table,
    search: LinkSearch,
    targets: SplitTargets,
    before: Numbers | None,
    compared: bool,
    strata: Numbers | None,
    meanings: Pairs | None,
    texts: Sequence[SharedTexts],
) -> tuple[SplitGroups, Assigned]:
    """Group and assign, until the exact joins find nothing across splits.

    After the first round, and in it if the examples of the earlier splits were compared, only examples that were found
    or whose split changed can be near one of another split.
    """
    links = [*links_of(part, search), *([meanings] if meanings else [])]
    last = before if compared else None
    is_linked = np.zeros(len(part.lines), dtype=np.bool_)
    while True:
        groups = group(len(part.lines), links, texts, _largest_by_text(targets, len(part.lines)))
        assigned = assign(groups.of, groups.names(part.ids), targets, before=before, strata=strata)
        may_be_near = None if last is None else is_linked | (last != assigned.of)
        missed = missed_links(part, search._replace(parts=assigned.of, some=may_be_near))
        if not missed:
            return groups, assigned
        links += missed
        last, is_linked = assigned.of, np.zeros(len(part.lines), dtype=np.bool_)
        for pairs in missed:
            is_linked[pairs.right] = True


def _largest_by_text(targets: SplitTargets, total: int) -> int:
    """The largest group that shared texts may make: the smallest held-out split takes it."""
    sizes = targets.counts or [share * total for share in targets.shares[1:]]
    return int(min((size for size in sizes if size > 0), default=total) + ROUNDING_SLACK)


def _wanted_sizes(config: Config, given: bool, total: int) -> SplitTargets:
    """The wanted size of each split. Raises `UsageError` if nothing would be left for train."""
    train, validation, test = config.split.fractions
    counts = config.split.counts
    if given:
        test, counts = 0.0, counts and (counts[0], 0)
    if counts and sum(counts) >= total:
        raise UsageError(
            f"{plural(sum(counts), 'example')} to hold out of {total:,}: none would be left for train",
            "hold out fewer with --counts, or shares with --fractions",
        )
    return SplitTargets(
        (
            train / (train + validation + test),
            validation / (train + validation + test),
            test / (train + validation + test),
        ),
        counts,
        config.seed,
    )


def _examples(table: Table, lines: Iterable[int]) -> Numbers:
    """The numbers of the examples on some lines; lines without an example have none."""
    line_numbers = np.array(sorted(lines), dtype=np.int64)
    return np.flatnonzero(np.isin(table.lines, line_numbers, assume_unique=True))


def _require_keys(table: Table, keys: Sequence[str]) -> None:
    if tuple(keys) == SESSION_GROUPS:  # sessions need not have all of them
        return
    for column, key in enumerate(keys):
        if table.marks is not None and len(table.lines) and not table.marks.keys[:, column].any():
            first = key.lstrip("/").partition("/" if key.startswith("/") else ".")[0]
            names = {FORMAT_NAMES[number] for number in np.unique(table.marks.formats)}
            form = next((name for name in sorted(names & BY_NAME.keys()) if first in BY_NAME[name].uses), None)
            if form is not None:
                raise UsageError(
                    f"--group-by {visible(key)}: this key becomes a part of the conversation (format {form})",
                    "copy its value to another key, such as /metadata/group",
                )
            raise UsageError(
                f"--group-by {visible(key)}: no example has this key",
                "name a key of the lines, such as /metadata/source",
            )


def _missing_key_notes(part: Table, keys: Sequence[str]) -> list[str]:
    """A note about examples without a key to group by."""
    lacking = [
        int((part.marks.keys[:, column] == 0).sum()) if part.marks is not None else 0 for column in range(len(keys))
    ]
    return [
        f"{plural(count, 'example')} without {visible(key)}, not grouped by it"
        for key, count in zip(keys, lacking, strict=True)
        if count
    ]


def _spread_key_notes(table: Table, split: Numbers, keys: Sequence[str]) -> list[str]:
    """A note about each key that is not grouped by, with values in several splits; see `curate.core.origin_keys`."""
    if table.marks is None:
        return []
    splits = np.repeat(split, np.diff(table.marks.origin_ends))
    written = np.flatnonzero(splits >= 0)
    origin_keys, origins = table.marks.origin_keys[written].astype(np.int64), table.marks.origins[written]
    spread = spread_keys(origin_keys, origins, splits[written], int(np.count_nonzero(split >= 0)), keys)
    return [key.message for key in spread]


def _connected(
    table: Table,
    staying: Numbers,
    tests: int,
    texts: Sequence[SharedTexts],
    config: Config,
    workers: WorkerPool,
    cache: Path | None,
) -> tuple[dict[int, Reason], list[SharedTexts]]:
    """The examples that are left out because they are connected with an example of a given test set, the first `tests`
    of the table: by line, the reason with the first code. Also returns the shared texts for which no example is left
    out (see `text_links`).
    """
    part = table if len(staying) == len(table.lines) else table.chosen(staying)
    parts = (staying >= tests).astype(np.int64)
    links = links_of(part, LinkSearch(config.dedup.threshold, workers, parts))
    if meanings := _by_meaning(part, config, cache):
        links += _pairs_across(meanings, parts)
    reasons: dict[int, Reason] = {}
    by_text, exempt = text_links(texts_among(texts, staying, len(table.lines)), parts, links)
    links += by_text
    for pairs in sorted(links, key=lambda pairs: pairs.link.code):
        similarities = np.ones(len(pairs.left)) if pairs.similarity is None else pairs.similarity
        for test, example, similarity in zip(
            pairs.left.tolist(), pairs.right.tolist(), similarities.tolist(), strict=True
        ):
            place = part.place(int(part.lines[test]))
            share_text = f", {similarity:.0%} of it" if pairs.similarity is not None else ""
            why = f"{pairs.link.words} {visible(str(place))} of the test set{share_text}"
            kept_example = KeptExample(example=part.id(test), file=place.file, line=place.line)
            reasons.setdefault(
                int(part.lines[example]),
                Reason(pairs.link.code, why, "detector", kept=kept_example, similarity=round(similarity, 6)),
            )
    return reasons, exempt


def _pairs_across(pairs: Pairs, parts: Numbers) -> list[Pairs]:
    """The pairs of an example of part 0 and one of part 1, in this order."""
    left, right = np.concatenate([pairs.left, pairs.right]), np.concatenate([pairs.right, pairs.left])
    leaks = parts[left] < parts[right]
    return [Pairs(pairs.link, left[leaks], right[leaks])]


def _by_meaning(part: Table, config: Config, cache: Path | None) -> Pairs | None:
    """Links between questions with similar embeddings, or with a probability of at least `SAME_QUESTION_PROBABILITY` of
    being the same; None if no model is configured.
    """
    if not config.split.semantic:
        return None
    from curate.conflicts.question import question_of
    from curate.conflicts.reworded import reworded
    from curate.models.embeddings import embed, neighbours  # only where a model was named

    reader = LineReader()
    questions = [
        (number, question_of(reader.example(part.line_ref(line)))) for number, line in enumerate(part.lines.tolist())
    ]
    requests = [(number, question.request) for number, question in questions if question]
    numbers = np.array([number for number, _ in requests], dtype=np.int64)
    texts = [text for _, text in requests]
    vectors = embed(texts, config.split.semantic, cache, exact=True)
    near = ((left, right) for left, right, _ in neighbours(vectors, config.split.semantic_similarity))
    needed = [SAME_QUESTION_PROBABILITY] * len(texts)
    same = reworded(texts, vectors, lambda words: embed(words, config.split.semantic, cache, exact=True), needed)
    near_pairs = np.array(sorted({*near, *((pair.left, pair.right) for pair in same)}), dtype=np.int64).reshape(-1, 2)
    return Pairs(Link.SEMANTIC, numbers[near_pairs[:, 0]], numbers[near_pairs[:, 1]])
