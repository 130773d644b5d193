"""What a verification does not cover: comparisons that were left out, with the number of examples each concerns."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from curate.core.manifest import ShortAnswer
from curate.core.origin_keys import spread_keys
from curate.core.text import excerpt, plural
from curate.verify.cut_answers import MIN_ANSWER_WORDS
from curate.verify.examples import Examples
from curate.verify.passages import MIN_EXAMPLES as SHARED_BY
from curate.verify.passages import Passages
from curate.verify.proof import Difference, NotChecked, Point, point_of
from curate.verify.text_leaks import TextLeaks, exempt_texts
from curate.verify.words import hashed, words_of

MAX_NAMED: Final = 5
"""Short answers that are named."""
MAX_CHARS: Final = 60
"""Characters of a text that are shown."""


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
                "an answer; HTML, accents, number formats and "
                "signs inside words count as written",
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


def _counts(examples: Examples, passages: Passages) -> Iterator[int]:
    """The number of examples that share each passage: the count of its rarest run."""
    for windows in passages.windows:
        yield min((examples.counts.windows[window] for window in windows), default=0)


def _shared_passages(examples: Examples, passages: Passages) -> Iterator[NotChecked]:
    for text, count in zip(passages.texts, _counts(examples, passages), strict=True):
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
        for text, count in zip(passages.texts, _counts(examples, passages), strict=True)
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
