"""A deduplication as one HTML file: counts, histogram with threshold, removed and kept examples side by side."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from curate.commands.dedup import DedupResult
from curate.core.example import Example
from curate.dedup.cluster_resolution import DuplicateRemoval
from curate.render.dedup import DiffSpan, chance, doubtful, histogram, turn_diffs, with_context_only
from curate.render.html import PAIRS, block, filters, footer, head, not_shown, safe, tiles
from curate.render.html_plots import bars

MAX_SHOWN: Final = 200


def dedup_html(plan: DedupResult, limit: int | None = MAX_SHOWN) -> Iterator[str]:
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
