"""Run the text rules over frames of messages."""

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_

from curate.core.example import Example
from curate.core.lazy import pl
from curate.lint.rules import Rule
from curate.lint.rules.message_frame import batch_frame
from curate.lint.rules.prefilter import Prefilter
from curate.read.chunks import Batch

TextFinding = tuple[Rule, int, int, str]
"""Rule, position of the example, turn and message."""


class TextRules:
    """The text rules; each runs only on the messages that its prefilter selects."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self._filtered = [rule for rule in rules if rule.prefilters]
        self._expressions: dict[str, pl.Expr] = {}
        self._prefilters: list[dict[str, Prefilter]] = [
            {str(number): prefilter for number, prefilter in enumerate(dict.fromkeys(prefilters))}
            for prefilters in (
                [prefilter for rule in self._filtered if _any_text(rule) is plain for prefilter in rule.prefilters]
                for plain in (True, False)
            )
        ]
        """The prefilters, each once and named: of rules for any text, and of rules for texts that are not ASCII."""
        self._names = [{prefilter: name for name, prefilter in named.items()} for named in self._prefilters]

    def ask_batch(self, batch: Batch, examples: Sequence[Example]) -> Iterator[TextFinding]:
        """Run the rules over the plain examples of a batch and other examples, numbered after them."""
        if self.rules:
            yield from self.ask(batch_frame(batch, examples))

    def ask(self, frame: "pl.DataFrame") -> Iterator[TextFinding]:
        """Run the rules over a message frame."""
        if not len(frame):
            return
        frames = frame, frame[frame["foreign"].arg_true()]
        suspects = [
            part.select_seq([reduce(or_, prefilter.rows()).alias(name) for name, prefilter in named.items()])
            for part, named in zip(frames, self._prefilters, strict=True)
        ]
        for rule in self.rules:
            selected = frame
            if rule.prefilters:
                frame_index = int(not _any_text(rule))
                names = [self._names[frame_index][prefilter] for prefilter in rule.prefilters]
                if not (marks := reduce(or_, suspects[frame_index][names])).any():
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
