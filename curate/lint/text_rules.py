"""Run the text rules over frames of messages."""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import chain
from operator import or_

from curate.core.example import Example
from curate.core.lazy import pl
from curate.lint.rules import Rule
from curate.lint.rules.message_frame import batch_frame
from curate.read.chunks import Batch

TextFinding = tuple[Rule, int, int, str]
"""Rule, position of the example, turn and message."""


class TextRules:
    """The text rules; each runs only on the messages that its prefilter selects."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self._filtered = [rule for rule in rules if rule.prefilters]
        self._expressions: dict[str, pl.Expr] = {}
        self._suspects: list[list[pl.Expr]] | None = None
        """For rules with prefilters, which messages these select: of any text, and of texts that are not ASCII."""

    def ask_batch(self, batch: Batch, examples: Sequence[Example]) -> Iterator[TextFinding]:
        """Run the rules over the plain examples of a batch and other examples, numbered after them."""
        if self.rules:
            yield from self.ask(batch_frame(batch, examples))

    def ask(self, frame: "pl.DataFrame") -> Iterator[TextFinding]:
        """Run the rules over a message frame."""
        if not len(frame):
            return
        if self._suspects is None:
            self._suspects = [
                [_suspects(rule) for rule in self._filtered if _any_text(rule) is plain] for plain in (True, False)
            ]
        frames = frame, frame[frame["foreign"].arg_true()]
        suspects = [part.select_seq(conditions) for part, conditions in zip(frames, self._suspects, strict=True)]
        for rule in self.rules:
            selected = frame
            if rule.prefilters:
                frame_index = int(not _any_text(rule))
                if not (marks := suspects[frame_index][rule.code]).any():
                    continue
                selected = frames[frame_index][marks.arg_true()]
            if rule.code not in self._expressions:
                self._expressions[rule.code] = rule.function().alias(rule.code)
            messages = selected.select("example", "turn", self._expressions[rule.code])
            for row in messages[rule.code].is_not_null().arg_true():
                yield rule, messages["example"][row], messages["turn"][row], messages[rule.code][row]


def _any_text(rule: Rule) -> bool:
    """Whether one of a rule's prefilters may select ASCII texts."""
    return any(prefilter.ascii for prefilter in rule.prefilters)


def _suspects(rule: Rule) -> "pl.Expr":
    """Which messages a rule's prefilters select, under the name of the rule."""
    return reduce(or_, chain.from_iterable(prefilter.rows() for prefilter in rule.prefilters)).alias(rule.code)
