"""The data set at a glance."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from textual.content import Content

from curate.core.finding import Severity
from curate.core.text import excerpt, plural, visible
from curate.corpus.stats import Stats
from curate.review import ReviewSession
from curate.review.overview import LineStatistics
from tui.conversation import ROLE_STYLES, literal, one_line
from tui.keys import TABS
from tui.render.signs import MUTED, SEVERITIES, bar, lines
from tui.render.status import decision_counts, share, unresolved_counts

BAR_CELLS: Final = 24
"""Width of a bar in cells."""
RULE_BAR_CELLS: Final = 8
"""Width of the bar of a rule in cells."""
RULE_NAME_CELLS: Final = 24
"""Width of the name of a rule in cells: the counts have to fit beside bar and name, and `statistics` beside all."""
MEASURE_BAR_CELLS: Final = 16
"""Width of a bar of lengths and roles in cells."""
MAX_PROMPTS, MAX_PROMPT_CHARS = 8, 40
"""Number of system prompts that are listed, and of their characters."""
STAGES: Final = (("check", "check"), ("duplicates", "duplicates"), ("conflicts", "conflicts"))


def files(session: ReviewSession, changed: Sequence[str]) -> Content:
    """The files, their number of lines, and the progress of the stages."""
    parts = []
    for index in session.lines.indexes[:6]:
        state = "" if index.complete else " …"
        parts.append(Content.assemble(one_line(index.name, "bold"), (f"  {plural(index.count, 'line')}{state}", MUTED)))
    if len(session.lines.indexes) > 6:
        parts.append(Content.styled(f"… and {len(session.lines.indexes) - 6:,} more files", MUTED))
    if changed:
        parts.append(
            Content.assemble(("! ", "bold $text-warning"), one_line(", ".join(changed)), " changed on disk; reload it")
        )
    return lines(*parts)


def stages(session: ReviewSession) -> Content:
    """Completed, running and failed stages."""
    total = len(session.lines)
    done = {
        "check": session.checked is not None,
        "duplicates": "clusters" in session.compared,
        "conflicts": "conflicts" in session.compared,
    }
    failures = {broken.stage: broken.error for broken in session.failures}
    parts = []
    for name, title in STAGES:
        stage = session.stages.get(name)
        label = (f"{title:<11}", "bold")
        if name in failures:
            parts.append(Content.assemble(label, ("✖ ", "bold $text-error"), literal(failures[name].message)))
        elif done[name]:
            parts.append(Content.assemble(label, ("✓ done", "$text-success"), (_stage_summary(session, name), MUTED)))
        elif stage is not None and stage.done and total:
            parts.append(Content.assemble(label, bar(stage.done / total, BAR_CELLS, track=True), f" {stage.done:,}"))
        else:
            parts.append(
                Content.assemble(
                    label, ("… running" if stage else "○ waiting" if not session.ended else "· not run", MUTED)
                )
            )
    return lines(*parts)


def _stage_summary(session: ReviewSession, stage: str) -> str:
    """What a stage has found, behind its name; empty if there is nothing to add."""
    if stage == "conflicts" and session.notes:
        return "  see the notes below"
    checked = session.checked
    if checked is None or stage != "check":
        return ""
    suppressed = f", {plural(checked.suppressed, 'finding')} suppressed" if checked.suppressed else ""
    return f"  {plural(checked.examples, 'example')} in {checked.seconds:,.1f} s{suppressed}"


def notes(session: ReviewSession) -> Content:
    """What was not searched for, and why."""
    return lines(*(literal(note, style=MUTED) for note in session.notes))


def review_progress(session: ReviewSession) -> Content:
    """The progress of the review."""
    parts = []
    for tab in TABS:
        if tab.kind is None or tab.kind == "example":
            continue
        progress = session.progress(tab.kind)
        if not progress.total:
            left = "nothing to decide" if session.ended else "not known yet"
            parts.append(Content.assemble((f"{tab.title.lower():<11}", "bold"), (left, MUTED)))
            continue
        of = progress.decided / progress.total
        parts.append(
            Content.assemble(
                (f"{tab.title.lower():<11}", "bold"),
                bar(of, BAR_CELLS, "$text-success", track=True),
                f" {share(progress)}",
            )
        )
        if needed := unresolved_counts(session, tab.kind):
            parts.append(Content(" " * 11 + needed.removeprefix(", ")))
    journal = decision_counts(session)
    contested = len(session.log.contested())
    parts.append(Content.assemble(("journal    ", "bold"), (journal, MUTED)))
    parts.append(Content.assemble(("           ", ""), literal(str(session.log.path), style=MUTED)))
    if contested:
        parts.append(
            Content.assemble(
                ("‼ ", "bold $text-error"),
                f"{contested:,} with different decisions by several people: filter is:contested in Examples",
            )
        )
    return lines(*parts)


Rule = tuple[str, Severity, int, int, int]


def rules(session: ReviewSession) -> list[Rule]:
    """For each rule code, severity and the counts of its findings: all, open, with nothing to decide; by severity and
    count.
    """
    counts = session.findings.counts() if len(session.findings) else {}
    rows = [(code, *counted) for code, counted in counts.items()]
    return sorted(rows, key=lambda rule: (rule[1].rank, -rule[2], rule[0]))


def rule_line(rule: Rule, most: int, name: str) -> Content:
    """A rule with a bar in proportion to the most frequent rule."""
    code, severity, every, left, nothing = rule
    glyph, colour = SEVERITIES[severity]
    open_ = f"  {left:,} open" if left else "  none open" if every == nothing else "  all decided"
    return Content.assemble(
        (f"{glyph} {code:<5}", colour),
        bar(every / most, RULE_BAR_CELLS, "$text-primary"),
        f" {every:>7,} ",
        (f"{name[:RULE_NAME_CELLS]:<{RULE_NAME_CELLS}}", ""),
        (open_, MUTED),
    )


def statistics(result: LineStatistics | None) -> Content:
    """Lengths, roles and other statistics."""
    if result is None:
        return Content.styled("measuring …", MUTED)
    stats = result.stats
    part = "" if result.taken >= result.lines else f" (of {result.taken:,} lines drawn at random)"
    about = " about" if part else ""
    head = Content.assemble(
        (plural(result.lines, "line"), "bold"),
        f",{about} {plural(result.all_tokens, 'token')} (estimated as 4 bytes each), median {result.median_tokens:,}",
        (part, MUTED),
    )
    used = f"declared in {stats.tools.declared / max(1, stats.examples):.0%}, {plural(stats.tools.calls, 'call')}"
    return lines(
        head,
        Content.assemble(("formats ", "bold"), _shares(stats.formats)),
        Content.assemble(("scripts ", "bold"), _shares(stats.mainly)),
        Content.assemble(("tools   ", "bold"), used) if stats.tools.declared or stats.tools.calls else None,
        Content.styled("\nmessages in an example", "bold"),
        *_histogram(result.turns),
        Content.styled("\ntokens in an example", "bold"),
        *_histogram(result.tokens),
        Content.styled("\ncharacters by role", "bold"),
        *_roles(result),
        *_system_prompts(stats),
    )


def _shares(counts: Counter[str]) -> str:
    """Names with their share of the total."""
    total = max(1, counts.total())
    return ", ".join(f"{visible(name)} {count / total:.0%}" for name, count in counts.most_common(3)) or "none"


def _system_prompts(stats: Stats) -> list[Content]:
    """The most frequent system prompts, without secrets; empty if there are none."""
    from curate.core.masking import masked  # the first screen shows no text

    head = Content.assemble(("\nsystem prompts", "bold"), (f"  {len(stats.prompts):,} different", MUTED))
    return [head, *(
        Content.assemble((f"{prompt.examples:>7,} ", MUTED), excerpt(masked(prompt.text), MAX_PROMPT_CHARS))
        for prompt in stats.frequent_prompts[:MAX_PROMPTS]
    )] if stats.prompts else []  # fmt: skip


def _histogram(buckets: Sequence[tuple[int, int, int]]) -> list[Content]:
    """A bar for each range of lengths; `buckets`: lowest, highest and count."""
    most = max((count for _, _, count in buckets), default=1)
    whole = sum(count for _, _, count in buckets) or 1
    if len(buckets) > 10:  # each end of a long tail is one line
        buckets = [*buckets[:9], (buckets[9][0], buckets[-1][1], sum(count for _, _, count in buckets[9:]))]
    return [
        Content.assemble(
            (f"{f'{low:,}' if low == high else f'{low:,}-{high:,}':>15} ", MUTED),
            bar(count / most, MEASURE_BAR_CELLS),
            f" {count / whole:6.1%}",
        )
        for low, high, count in buckets
    ]


def _roles(result: LineStatistics) -> list[Content]:
    """A bar for each role, by characters."""
    roles = sorted(result.stats.roles.items(), key=lambda item: -item[1].characters)
    most = max((counts.characters for _, counts in roles), default=1) or 1
    bars = []
    for name, counts in roles:
        glyph, colour = ROLE_STYLES.get(name, ("?", "$text-error"))
        bars.append(
            Content.assemble(
                (f"{glyph} {visible(name)[:12]:<13} ", colour),
                bar(counts.characters / most, MEASURE_BAR_CELLS, colour),
                f" {plural(counts.messages, 'message')}",
            )
        )
    return bars
