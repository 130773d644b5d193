"""Families F and Q over all examples of a file: problems that no single example shows.

F006, about entries of suppressions and baselines, runs after the check.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate
from math import exp, log
from typing import Final

from curate.core.example import Place
from curate.core.finding import Finding, PlacedProblems, Problem, Severity
from curate.core.text import excerpt, plural, quoted, visible, words
from curate.lint.rules.dataset_summary import DatasetSummary
from curate.lint.rules.rule import profile_rule, rule

MIN_USEFUL_EXAMPLES: Final = 50
MIN_EXAMPLES: Final = 10
"""Minimum number of examples for meaningful shares."""
REFUSAL_SHARE: Final = 0.3
ONE_LABEL_SHARE: Final = 0.9
OUTLIER_DEVIATIONS: Final = 6.0
"""Robust standard deviations of log length beyond which an example is an outlier."""


def _file_problem(summary: DatasetSummary, text: str) -> tuple[Place, Problem]:
    """A problem of the whole file."""
    return Place(summary.columns.places.first, 0), Problem("", text)


@profile_rule(
    "F001",
    "small-data-set",
    Severity.INFO,
    default=False,
    hint="Add examples. Providers recommend at least 50 to 100 examples.",
)
def small_data_set(summary: DatasetSummary) -> PlacedProblems:
    """A file has fewer than 50 examples.

    So few examples teach a format at best, and a test set taken from them measures chance. Runs only when selected.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good:
        [{"text": "1+1=2"}, {"text": "1+2=3"}, {"text": "1+3=4"}, {"text": "1+4=5"}, {"text": "1+5=6"}, {"text": "1+6=7"}, {"text": "1+7=8"}, {"text": "1+8=9"}, {"text": "2+1=3"}, {"text": "2+2=4"},
        {"text": "2+3=5"}, {"text": "2+4=6"}, {"text": "2+5=7"}, {"text": "2+6=8"}, {"text": "2+7=9"}, {"text": "3+1=4"}, {"text": "3+2=5"}, {"text": "3+3=6"}, {"text": "3+4=7"}, {"text": "3+5=8"},
        {"text": "3+6=9"}, {"text": "4+1=5"}, {"text": "4+2=6"}, {"text": "4+3=7"}, {"text": "4+4=8"}, {"text": "4+5=9"}, {"text": "5+1=6"}, {"text": "5+2=7"}, {"text": "5+3=8"}, {"text": "5+4=9"},
        {"text": "6+1=7"}, {"text": "6+2=8"}, {"text": "6+3=9"}, {"text": "7+1=8"}, {"text": "7+2=9"}, {"text": "8+1=9"}, {"text": "9-1=8"}, {"text": "9-2=7"}, {"text": "9-3=6"}, {"text": "9-4=5"},
        {"text": "9-5=4"}, {"text": "9-6=3"}, {"text": "9-7=2"}, {"text": "9-8=1"}, {"text": "8-1=7"}, {"text": "8-2=6"}, {"text": "8-3=5"}, {"text": "8-4=4"}, {"text": "8-5=3"}, {"text": "8-6=2"}]
    """
    if 0 < len(summary.lengths) < MIN_USEFUL_EXAMPLES:
        yield _file_problem(
            summary,
            f"{plural(len(summary.lengths), 'example')}; fewer than {MIN_USEFUL_EXAMPLES} rarely improve a model",
        )


@profile_rule(
    "F002", "system-prompt-variants", Severity.INFO, hint="Choose one spelling, and use it in production too."
)
def system_prompt_variants(summary: DatasetSummary) -> PlacedProblems:
    """One system prompt has several spellings in a file.

    They differ in case, white space or punctuation only. To the model they are different tokens, and it learns each
    from fewer examples. A file with more than 2,000 different system prompts is not compared, and a note says so.
    Bad:
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you."}]}
    Good:
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you."}]}
    """
    spellings: dict[tuple[str, ...], list[str]] = {}
    for prompt in sorted(summary.systems, key=lambda prompt: (-summary.systems[prompt], prompt)):
        spellings.setdefault(tuple(words(prompt.casefold())), []).append(prompt)
    for key, prompts in spellings.items():
        if key and len(prompts) > 1:
            counts = ", ".join(f"{summary.systems[prompt]:,}" for prompt in prompts[:5])
            shown = visible(excerpt(prompts[0], 60))
            yield _file_problem(summary, f"one system prompt in {len(prompts)} spellings ({counts} examples): {shown}")


@profile_rule(
    "F003",
    "many-refusals",
    Severity.WARNING,
    hint="List them with `curate check --select Q004`. Remove most of them, or add answers.",
)
def many_refusals(summary: DatasetSummary) -> PlacedProblems:
    """At least 30% of the answers of a file are refusals.

    The model refuses at least as often as its data. OpenAI's guide warns that 60% refusals in training give 60% in use,
    where 5% were wanted.
    Bad:
        {"messages": [{"role": "user", "content": "Sing"}, {"role": "assistant", "content": "I'm sorry, but I can't help with that."}]}
        {"messages": [{"role": "user", "content": "Hum"}, {"role": "assistant", "content": "I cannot assist with humming."}]}
        {"messages": [{"role": "user", "content": "Whistle"}, {"role": "assistant", "content": "I am unable to provide that."}]}
        {"messages": [{"role": "user", "content": "Dance"}, {"role": "assistant", "content": "I can't do that."}]}
        {"messages": [{"role": "user", "content": "Laugh"}, {"role": "assistant", "content": "I won't help with laughing."}]}
    Good:
        {"messages": [{"role": "user", "content": "Sing"}, {"role": "assistant", "content": "La la la."}]}
        {"messages": [{"role": "user", "content": "Rob"}, {"role": "assistant", "content": "I can't help with that."}]}
    """
    if summary.refusals >= MIN_EXAMPLES // 2 and summary.refusals >= REFUSAL_SHARE * summary.answers:
        share = summary.refusals / summary.answers
        counts = f"{summary.refusals:,} of {summary.answers:,}"
        yield _file_problem(summary, f"{share:.0%} of the answers open with a refusal ({counts})")


@profile_rule(
    "F004", "one-sided-answers", Severity.INFO, hint="Add examples of the other answers, or train on fewer of this one."
)
def one_sided_answers(summary: DatasetSummary) -> PlacedProblems:
    """At least 90% of the answers of a file are the same.

    A model that always gives the most common answer is right nine times in ten, and training finds this first.
    Bad:
        {"messages": [{"role": "user", "content": "Good film"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Nice film"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Fine film"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Fun film"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Great film"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Sweet film"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Clever film"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Lovely film"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Pretty film"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Bad film"}, {"role": "assistant", "content": "negative"}]}
    Good:
        {"messages": [{"role": "user", "content": "Good film"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Bad film"}, {"role": "assistant", "content": "negative"}]}
    """
    if summary.answers >= MIN_EXAMPLES and summary.label.lead:
        count = summary.label.count
        if count >= ONE_LABEL_SHARE * summary.answers:
            shown = quoted(summary.label.text, MAX_LABEL_SHOWN_CHARS)
            yield _file_problem(summary, f"{count / summary.answers:.0%} of the answers are {shown}")


MAX_LABEL_SHOWN_CHARS: Final = 20


@profile_rule(
    "F005",
    "uneven-lengths",
    Severity.INFO,
    default=False,
    hint="Set the maximum length by the 95th percentile. `curate stats` shows more.",
)
def uneven_lengths(summary: DatasetSummary) -> PlacedProblems:
    """The longest example of a file is at least 20 times as long as the median.

    The longest example sets the memory that a batch needs, and is truncated first. The finding gives turns and
    characters of the file. Runs only when selected.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Bye."}]}
        {"messages": [{"role": "user", "content": "Tell"}, {"role": "assistant", "content": "Once there was a king who had three sons, and the first was strong, and the second was clever, and the third was kind, and all of them wanted the one apple tree that stood behind the house."}]}
    Good:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Bye."}]}
    """
    if not summary.lengths:
        return
    ordered = sorted(summary.lengths)
    middle, high, longest = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)], ordered[-1]
    if longest >= 20 * max(1, middle):
        turns = sorted(summary.turns.elements())
        times = f"{longest / max(1, middle):.0f} times as long as the median"
        sizes = f"characters {middle:,} / {high:,} / {longest:,}"
        counts = f"turns {turns[len(turns) // 2]} / {turns[int(len(turns) * 0.95)]} / {turns[-1]}"
        yield _file_problem(summary, f"the longest example is {times} (median / 95% / longest): {sizes}, {counts}")


@profile_rule(
    "Q021",
    "odd-length",
    Severity.INFO,
    default=False,
    hint="Read the example. The longest and shortest examples are often broken.",
)
def odd_length(summary: DatasetSummary) -> PlacedProblems:
    """An example is much longer or shorter than all others of its file.

    The rule measures the logarithm of the length in robust standard deviations (median absolute deviation) and needs 10
    examples. C003 covers empty ones. Runs only when selected: on real files, 0 of 7 findings were right.
    Bad:
        {"messages": [{"role": "user", "content": "Hi a"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi bb"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi ccc"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi dddd"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi e"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi ff"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi ggg"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi hhhh"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi i"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi jj"}, {"role": "assistant", "content": "Once there was a king who had three sons, and the first was strong, and the second was clever, and the third was kind."}]}
    Good:
        {"messages": [{"role": "user", "content": "Hi a"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi bb"}, {"role": "assistant", "content": "Hello."}]}
    """
    if len(summary.lengths) < MIN_EXAMPLES:
        return
    counts = Counter(summary.lengths)
    logs = [(log(max(length, 1)), count) for length, count in counts.items()]
    middle = _median(logs)
    spread = max(1.4826 * _median([(abs(value - middle), count) for value, count in logs]), log(1.15))
    least, most = exp(middle - OUTLIER_DEVIATIONS * spread), exp(middle + OUTLIER_DEVIATIONS * spread)
    outliers = {length for length in counts if length and not least <= length <= most}
    for example, length in enumerate(summary.lengths):
        if length in outliers:
            yield example, Problem("", f"{plural(length, 'character')}; the median is {int(exp(middle)):,}")


def _median(counted: list[tuple[float, int]]) -> float:
    """The median of values with counts; the mean of the two middle values if there are two."""
    ordered = sorted(counted)
    ends = list(accumulate(count for _, count in ordered))
    low, high = (ordered[bisect_right(ends, rank)][0] for rank in ((ends[-1] - 1) // 2, ends[-1] // 2))
    return (low + high) / 2


@rule(
    "F006",
    "outdated-entry",
    Severity.WARNING,
    scope="adoption",
    hint="Remove the line, or write the baseline again with --write-baseline.",
)
def outdated_entry() -> None:
    """A suppression or a baseline entry matches no finding.

    The finding was fixed or its example changed. The entry would hide the same mistake if it returns.
    Bad: {"code": "C001", "example": "00000000000000000000000000000000", "file": "data.jsonl", "line": 1, "reason": "the answer is in an image", "author": "ada", "when": "2026-11-25T00:00:00Z"}
    Good: {"code": "C001", "example": "88394c9cc4dd824e236a24e4d68fe539", "file": "data.jsonl", "line": 1, "reason": "the answer is in an image", "author": "ada", "when": "2026-11-25T00:00:00Z"}
    """


def outdated(stale: Iterable[tuple[Place, str]], ran: Mapping[str, Severity]) -> list[Finding]:
    """The findings about entries without a match, if the rule ran."""
    severity = ran.get(outdated_entry.code)
    return [outdated_entry.finding(place, message, severity=severity) for place, message in stale] if severity else []
