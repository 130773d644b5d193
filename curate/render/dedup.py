"""Duplicates for people and programs: removed lines, what they duplicate, their differences word by word, and a
histogram; as text, as plain values and as HTML.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, zip_longest
from typing import Any, Final, Literal, NamedTuple

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from curate.commands.dedup import DedupResult
from curate.core.example import Example, Place, known_role
from curate.core.json_output import OutputModel, PlaceText, Rounded, at, output_values
from curate.core.masking import masked
from curate.core.text import excerpt, plural, storable, visible
from curate.dedup.cluster_resolution import DuplicateRemoval
from curate.language.tokens import differing_spans, tokens
from curate.render.console import command_for, more_lines
from curate.render.html import PAIRS, block, filters, footer, head, not_shown, safe, tiles
from curate.render.html_plots import bars

MAX_PRODUCT: Final = 100_000_000
"""Maximum product of two lengths in words; beyond it (in bytes, an eighth), the whole middle counts as different."""
CONTEXT_WORDS: Final = 8


class DiffSpan(NamedTuple):
    """A piece of text: in both examples, only in the removed one, or only in the kept one."""

    kind: Literal["same", "gone", "kept"]
    text: str


MAX_SHOWN = 20
BIN_WIDTH: Final = 0.05
"""Width of a histogram bar, in similarity."""
BAR_CHARS: Final = 40
MAX_PIECE: Final = 400
"""The middle of a longer one is left out."""
STYLES: Final = {"same": "", "gone": "red strike", "kept": "green"}
MARKS: Final = {"same": ("", ""), "gone": ("[-", "-]"), "kept": ("{+", "+}")}
"""As in `git diff --word-diff`."""


class ApartPair(OutputModel):
    """Two near-duplicates that differ in a fact; both are kept."""

    left: str = at("example")
    right: str = at("kept")
    left_place: PlaceText = at("place")
    right_place: PlaceText = at("kept_place")
    similarity: Rounded


class DiffPiece(OutputModel):
    """Text in both examples (same), only in the removed one (gone) or only in the kept one (kept)."""

    kind: Literal["same", "gone", "kept"]
    text: str


class TurnDiff(OutputModel):
    """A turn of both examples, compared word by word."""

    role: str
    pieces: list[DiffPiece]


class RemovedLine(OutputModel):
    """A removed line; its text is in `removed.jsonl`."""

    example: str
    """Id of the example."""
    place: PlaceText
    """FILE:LINE."""
    code: str
    """D001: exact copy; D003: near-duplicate; D007: beginning of the other; others: a rule named by `--drop`."""
    why: str | None = None
    """For a dropped line: the message of the finding."""
    kept: str | None = None
    """For a duplicate: id of the example that was kept."""
    kept_place: PlaceText | None = None
    similarity: Rounded | None = None
    """For a duplicate: exact Jaccard similarity to the kept example."""
    diff: list[TurnDiff] | None = None
    """With --explain: the differences. Secrets are left out."""


class HistogramBar(OutputModel):
    """Number of pairs with a similarity from `low` to below `high`; the last bar includes 1."""

    low: float
    high: float
    pairs: int


class HeavyRemoval(OutputModel):
    """A finding D008."""

    code: str
    file: str
    line: int
    message: str


class DedupOutput(OutputModel, title="DedupResult"):
    """What `curate dedup --json` prints."""

    read: int
    """Lines read: kept + removed."""
    kept: int
    not_understood: int
    """Lines without an example in a known format, in all files; they are kept."""
    against: int
    """Lines of the `--against` files."""
    removed: list[RemovedLine]
    apart: list[ApartPair]
    """Near-duplicates that differ in a fact; both are kept."""
    same_words: list[ApartPair]
    """Short examples with the same content words but a similarity below the threshold; they are kept."""
    alike: list[ApartPair]
    """With --embeddings: paraphrases (D004); similarity is the smaller cosine of requests and of answers."""
    threshold: float
    recall: Rounded
    """Probability that a pair at the threshold is compared at all."""
    histogram: list[HistogramBar]
    """Similarities of the pairs found, from the lowest that is searched for. Bars below the threshold are incomplete:
    pairs in groups of more than 64 that may be alike, as templates make them, are only counted from the threshold on.
    """
    heavy: list[HeavyRemoval]
    """Removals that need confirmation (D008)."""
    notes: list[str]
    written: bool
    """False if nothing was written: without --output, or without confirmation."""


def histogram(plan: DedupResult) -> list[HistogramBar]:
    """Histogram of the similarities of all pairs, with the threshold at a bar's edge."""
    steps = int(round((1 - plan.floor) / BIN_WIDTH, 6))
    edges = sorted(
        {round(1 - step * BIN_WIDTH, 6) for step in range(steps + 1)} | {plan.floor, plan.config.threshold, 1.0}
    )
    counts = [0] * (len(edges) - 1)
    for similarity in plan.similarities:
        counts[min(bisect_right(edges, similarity), len(counts)) - 1] += 1
    return [
        HistogramBar(low=low, high=high, pairs=count)
        for (low, high), count in zip(pairwise(edges), counts, strict=True)
    ]


def dedup_json(plan: DedupResult, *, explain: bool, written: bool) -> dict[str, Any]:
    """The result as plain values; `explain` adds the differences of each removal; `written`: whether files were
    written.
    """
    compared, removed = sum(plan.against.values()), [*plan.dropped, *_removed(plan, explain)]
    threshold, recall = plan.config.threshold, plan.bands.probability(plan.config.threshold)
    figures = {"threshold": threshold, "recall": recall, "histogram": histogram(plan), "written": written}
    return output_values(DedupOutput, plan, against=compared, removed=removed, exclude_none=True, **figures)


def _removed(plan: DedupResult, explain: bool) -> Iterator[DuplicateRemoval | RemovedLine]:
    """The removed duplicates; if explained, with their differences."""
    examples = (
        plan.examples({place for duplicate in plan.duplicates for place in (duplicate.place, duplicate.kept_place)})
        if explain
        else {}
    )
    for duplicate in plan.duplicates:
        if not explain:
            yield duplicate
            continue
        turns = turn_diffs(examples[duplicate.place], examples[duplicate.kept_place])
        diff = [
            TurnDiff(role=role, pieces=[DiffPiece(kind=kind, text=storable(text)) for kind, text in pieces])
            for role, pieces in turns
        ]
        yield RemovedLine.model_validate(duplicate).model_copy(update={"diff": diff})


def doubtful(plan: DedupResult, limit: int | None) -> list[DuplicateRemoval]:
    """Removals to review: the lowest similarity first, since these are the least certain."""
    return sorted(plan.duplicates, key=lambda removal: (removal.similarity, removal.place))[:limit]


def dedup_text(
    plan: DedupResult, limit: int | None, *, explain: bool, colour: bool, fold: bool
) -> Iterator[RenderableType]:
    """Removed lines and pairs to review, at most `limit` of each kind.

    `explain` adds the differences of each removal and the histogram. With `colour`, removed text is red and struck out
    and kept text green, else both are marked; with `fold`, wrapped lines keep their indentation.
    """
    for line in plan.dropped[:limit]:
        yield Text.assemble((visible(str(line.place)), "bold"), f": {line.code} {visible(line.why)}")
    yield from more_lines(len(plan.dropped), limit, " dropped")
    shown = doubtful(plan, limit)
    examples = plan.examples(
        {
            place
            for duplicate in shown
            for place in ((duplicate.place, duplicate.kept_place) if explain else (duplicate.place,))
        }
    )
    for duplicate in shown:
        if explain:
            yield _headline(duplicate)
            yield from _differences(duplicate, examples, colour=colour, fold=fold)
        else:
            turns = examples[duplicate.place].messages
            content = " ".join(message.text for message in turns if known_role(message.role) != "system")
            yield _headline(duplicate, excerpt(masked(content[:1000]), 70))
    yield from more_lines(len(plan.duplicates), limit)
    if explain:
        yield from _clusters(plan)
        yield from _histogram(plan)
    for pairs, kind in ((plan.same_words, "of the same words"), (plan.alike, "in other words")):
        for pair in pairs[:limit]:
            yield Text.assemble(_headline(pair), "; both are kept")
        yield from more_lines(len(pairs), limit, f" {kind}")


def _differences(
    removal: DuplicateRemoval, examples: Mapping[Place, Example], *, colour: bool, fold: bool
) -> Iterator[RenderableType]:
    """The differences between a line and the kept one, turn by turn."""
    if removal.code == "D001":
        return
    turns = [
        (role, pieces)
        for role, pieces in turn_diffs(examples[removal.place], examples[removal.kept_place])
        if any(piece.kind != "same" for piece in pieces)
    ]
    if not turns:
        yield Text("    the turns are the same; other parts of the lines differ", style="dim")
    for role, pieces in turns:
        text = Text.assemble((f"{visible(role)}: ", "bold"), _diff(pieces, colour=colour))
        yield Padding(text, (0, 0, 0, 4)) if fold else Text.assemble("    ", text)


def _diff(pieces: list[DiffSpan], *, colour: bool) -> Text:
    """The pieces of two texts as one line; long pieces are shortened in the middle."""
    text = Text()
    for kind, piece in with_context_only(pieces):
        before, after = ("", "") if colour else MARKS[kind]
        shown = piece if len(piece) <= MAX_PIECE else f"{piece[: MAX_PIECE // 2]} … {piece[-MAX_PIECE // 2 :]}"
        text.append(f"{before}{visible(shown)}{after}", STYLES[kind] if colour else "")
    return text


def _headline(removal: DuplicateRemoval, text: str = "") -> Text:
    """The removed and the kept example, on one line."""
    like = (
        f": {removal.code} {removal.similarity:.3f} like "
        f"{visible(str(removal.kept_place))}{', the same words' if removal.words else ''}"
    )
    return Text.assemble((visible(str(removal.place)), "bold"), like, *([("  " + text, "dim")] if text else []))


def summary_text(plan: DedupResult, *, written: bool) -> Iterator[Text]:
    """The counts and notes."""
    if plan.alike:
        yield Text(f"kept: {plural(len(plan.alike), 'pair')} of paraphrases (D004)")
    if plan.same_words:
        yield Text(
            f"kept: {plural(len(plan.same_words), 'pair')} of short examples with the same words; --same-words removes "
            "one of each"
        )
    if plan.apart:
        yield Text(
            f"kept: {plural(len(plan.apart), 'pair')} of near-duplicates with another number, name or negation; "
            f"{command_for('review', plan.lines)} shows them"
        )
    codes = plan.codes
    counts = f"{codes['D001']:,} exact, {codes['D003']:,} near"
    if same := sum(removal.code == "D003" and removal.similarity == 1 for removal in plan.duplicates):
        counts += f"{'' if same == codes['D003'] else f', {same:,} of them'} with the same words"
    if codes["D007"]:
        counts += f", {plural(codes['D007'], 'beginning')}"
    counts += "".join(
        f", {count:,} {code}" for code, count in sorted(Counter(line.code for line in plan.dropped).items())
    )
    totals = f"{plural(plan.read, 'line')} read = {plan.kept:,} kept + {plan.gone:,} removed ({counts})"
    compared = f", compared with {plural(sum(plan.against.values()), 'line')}" if plan.against else ""
    yield Text(f"{totals}{compared}{'' if written else '; nothing written'}", style="bold")


def _clusters(plan: DedupResult) -> Iterator[Text]:
    """The number of examples and clusters, and the largest clusters."""
    clusters = Counter(duplicate.kept_place for duplicate in plan.duplicates)
    if not clusters:
        return
    largest = sorted(clusters.items(), key=lambda item: (-item[1], item[0]))[:3]
    places = ", ".join(f"{visible(str(place))} for {count:,}" for place, count in largest)
    yield Text(
        f"{plural(len(clusters), 'example')} kept for {len(plan.duplicates):,} removed; largest clusters: {places}"
    )


def _histogram(plan: DedupResult) -> Iterator[Text]:
    """The histogram of similarities as lines; the threshold is a line between the bars."""
    bars = histogram(plan)
    highest = max((bar.pairs for bar in bars), default=0) or 1
    width = len(f"{highest:,}")
    yield Text("similarity of pairs (without exact copies)", style="bold")
    threshold = plan.config.threshold
    caption = Text(
        f"─ {threshold:g} threshold: a pair here is compared with probability "
        f"{chance(plan.bands.probability(threshold))} {'─' * 4}",
        style="yellow",
    )
    for bar in bars:
        if bar.low == threshold:
            yield caption
        drawn = "█" * max(round(bar.pairs / highest * BAR_CHARS), 1 if bar.pairs else 0)
        style = "" if bar.low >= threshold else "dim"
        yield Text(f"  {bar.low:.2f} to {bar.high:.2f}  {bar.pairs:>{width},} {drawn}".rstrip(), style=style)
    if threshold == 1:
        yield caption
    if plan.floor < threshold:
        floor_probability = chance(plan.bands.probability(plan.floor))
        yield Text(
            f"at {plan.floor:g} the probability is {floor_probability}, and pairs of templates are not counted: "
            "bars below the threshold are incomplete",
            style="dim",
        )


def chance(probability: float) -> str:
    """A probability with enough digits to differ from 1: 0.998, 0.99995."""
    return next(
        (f"{probability:.{digits}f}" for digits in (3, 4, 5, 6) if float(f"{probability:.{digits}f}") < 1),
        "more than 0.999999",
    )


def word_diff(removed: str, kept: str) -> list[DiffSpan]:
    """The pieces of both texts in order.

    Those of the kinds `same` and `gone` form `removed`, those of `same` and `kept` form `kept`.
    """
    from rapidfuzz.distance import Postfix, Prefix  # loaded as by `differing_spans`

    left, right = tokens(removed), tokens(kept)
    start = Prefix.similarity(left, right)
    a, b = left[start:], right[start:]
    end = Postfix.similarity(a, b)
    a, b = a[: len(a) - end], b[: len(b) - end]
    changed = differing_spans(a, b) if len(a) * len(b) <= MAX_PRODUCT else [(0, len(a), 0, len(b))]
    pieces, offset = [DiffSpan("same", "".join(left[:start]))], 0
    for i, i_end, j, j_end in changed:
        pieces += [
            DiffSpan("same", "".join(a[offset:i])),
            DiffSpan("gone", "".join(a[i:i_end])),
            DiffSpan("kept", "".join(b[j:j_end])),
        ]
        offset = i_end
    pieces.append(DiffSpan("same", "".join(left[start + offset :])))
    return [piece for piece in pieces if piece.text]


def with_context_only(pieces: Sequence[DiffSpan]) -> list[DiffSpan]:
    """The pieces with long common texts shortened to some words next to the differences."""
    shortened = []
    for index, piece in enumerate(pieces):
        if piece.kind != "same":
            shortened.append(piece)
            continue
        words = tokens(piece.text)
        head = words[:CONTEXT_WORDS] if index else []
        tail = words[-CONTEXT_WORDS:] if index < len(pieces) - 1 else []
        is_short = len(words) <= len(head) + len(tail) + 1
        shortened.append(piece if is_short else DiffSpan("same", "".join([*head, "…", *tail])))
    return shortened


def turn_diffs(removed: Example, kept: Example) -> Iterator[tuple[str, list[DiffSpan]]]:
    """The turns of two examples side by side, word by word and without secrets.

    A turn that only one example has belongs to that side completely.
    """
    for left, right in zip_longest(removed.messages, kept.messages):
        if left is not None and right is not None and left.role == right.role:
            yield masked(left.role or "?"), word_diff(masked(left.text), masked(right.text))
            continue
        if left is not None:
            yield masked(left.role or "?"), [DiffSpan("gone", masked(left.text))]
        if right is not None:
            yield masked(right.role or "?"), [DiffSpan("kept", masked(right.text))]


MAX_HTML_SHOWN: Final = 200


def dedup_html(plan: DedupResult, limit: int | None = MAX_HTML_SHOWN) -> Iterator[str]:
    """The document in pieces; the `limit` least similar removals (None: all), and as many kept pairs."""
    codes = plan.codes
    yield head("curate dedup", PAIRS)
    yield f'<p class="quiet">{safe(", ".join((*plan.lines, *(f"compared with {file}" for file in plan.against))))}</p>\n'  # noqa: E501
    near_misses = len(plan.apart)
    counts = [
        (plan.read, "lines read"),
        (plan.kept, "kept"),
        (codes["D001"], "exact copies"),
        (codes["D003"], "near-duplicates"),
        (near_misses, "pairs apart"),
    ]
    if codes["D007"]:
        counts.insert(4, (codes["D007"], "beginnings"))
    yield tiles(counts)
    for finding in plan.heavy:
        yield f'<p class="error">{finding.code} {safe(finding.where)}: {safe(finding.message)}</p>\n'
    threshold = plan.config.threshold
    rows = [
        (f"{bar.low:.2f} to {bar.high:.2f}", bar.pairs, "quiet" if bar.low < threshold else "")
        for bar in histogram(plan)
    ]
    yield bars(f"Pairs by similarity; near-duplicates at {threshold:g} and above", rows)
    at_threshold, below = (chance(plan.bands.probability(similarity)) for similarity in (threshold, plan.floor))
    yield f'<p class="quiet">A pair at {threshold:g} is compared with probability {at_threshold}, '
    yield f"one at {plan.floor:g} with {below}.</p>\n"
    yield filters()
    yield from pairs_sections(plan, limit)
    yield footer(filtered=True)


def pairs_sections(plan: DedupResult, limit: int | None) -> Iterator[str]:
    """The pairs of each kind side by side, at most `limit` of a kind (None: all)."""
    near_misses = len(plan.apart)
    yield from _pairs(
        "Removed examples, each with the one kept", "goes", doubtful(plan, limit), len(plan.duplicates), plan
    )
    near_pairs = sorted(plan.apart, key=lambda pair: (-pair.similarity, pair.place))[:limit]
    yield from _pairs(
        "Near-duplicates that differ in a number, a name or a negation: both are kept",
        "stays",
        near_pairs,
        near_misses,
        plan,
    )
    same_word_pairs = sorted(plan.same_words, key=lambda pair: (-pair.similarity, pair.place))[:limit]
    yield from _pairs(
        "Short examples with the same words: both are kept", "stays", same_word_pairs, len(plan.same_words), plan
    )
    yield from _pairs("Paraphrases: both are kept", "stays", plan.alike[:limit], len(plan.alike), plan)


def _pairs(title: str, text: str, pairs: Sequence[DuplicateRemoval], count: int, plan: DedupResult) -> Iterator[str]:
    """The section of some pairs; `text`: what happens to the first example; `count`: the number of all pairs."""
    if not pairs:
        return
    examples = plan.examples({place for pair in pairs for place in (pair.place, pair.kept_place)})
    yield f'<h2>{title} <span class="quiet">× {count:,}</span></h2>\n'
    for pair in pairs:
        opened = " open" if pair.code != "D001" else ""
        yield f'<details{opened} data-rule="{pair.code}"><summary><h3>{pair.similarity:.3f} {pair.code}</h3> '
        yield (
            f"<code>{safe(str(pair.place))}</code> {text}, <code>{safe(str(pair.kept_place))}</code> "
            "stays</summary><div>"
        )
        yield from _side_by_side(examples[pair.place], examples[pair.kept_place])
        yield "</div></details>\n"
    yield not_shown(count - len(pairs), "pair")


def _side_by_side(removed: Example, kept: Example) -> Iterator[str]:
    """The turns of two examples in two columns."""
    for role, pieces in turn_diffs(removed, kept):
        if pieces:
            shown = with_context_only(pieces) if any(piece.kind != "same" for piece in pieces) else pieces
            left, right = _highlighted(shown, "gone", "del"), _highlighted(shown, "kept", "ins")
            yield f'<p class="quiet">{safe(role)}</p><div class="pair"><pre>{left}</pre><pre>{right}</pre></div>'


def _highlighted(pieces: Sequence[DiffSpan], side: Literal["gone", "kept"], tag: str) -> str:
    """One side of a turn, with the text that only it has marked."""
    return "".join(
        f"<{tag}>{block(text)}</{tag}>" if kind == side else block(text)
        for kind, text in pieces
        if kind in (side, "same")
    )
