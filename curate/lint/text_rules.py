"""Run the text rules over frames of messages."""

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_

from curate.core.example import Example
from curate.core.lazy import pl
from curate.lint.rules import Rule
from curate.lint.rules.message_frame import batch_frame, marked_rows
from curate.lint.rules.prefilter import Among, Patterns, Prefilter
from curate.read.chunks import Batch

TextFinding = tuple[Rule, int, int, str]
"""Rule, position of the example, turn and message."""


class TextRules:
    """The text rules; each runs only on the messages that its prefilter selects."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self._expressions: dict[str, pl.Expr] = {}
        prefilters = dict.fromkeys(prefilter for rule in rules for prefilter in rule.prefilters)
        self._names = {prefilter: str(number) for number, prefilter in enumerate(prefilters)}
        self._prefilters: dict[Among, list[Prefilter]] = {}
        for prefilter in prefilters:
            self._prefilters.setdefault(prefilter.among, []).append(prefilter)
        shared: dict[bool, list[str]] = {}  # two searches are faster than one for both
        for prefilter in self._prefilters.get(Among.SHARED, ()):
            for pattern in prefilter.texts if isinstance(prefilter, Patterns) else ():
                shared.setdefault(pattern.startswith("(?i-u:"), []).append(f"(?:{pattern})")
        self._shared = tuple(map("|".join, shared.values()))
        """Patterns of which one matches each text that a shared pattern matches."""

    def ask_batch(self, batch: Batch, examples: Sequence[Example]) -> Iterator[TextFinding]:
        """Run the rules over the plain examples of a batch and other examples, numbered after them."""
        if self.rules:
            yield from self.ask(batch_frame(batch, examples))

    def ask(self, frame: "pl.DataFrame") -> Iterator[TextFinding]:
        """Run the rules over a message frame."""
        if not len(frame):
            return
        marks = self._marks(frame)
        for rule in self.rules:
            rows: pl.Series | slice = slice(None)
            if rule.prefilters:
                names = [name for prefilter in rule.prefilters if (name := self._names[prefilter]) in marks]
                if not names:
                    continue
                rows = reduce(or_, (marks[name] for name in names)).arg_true()
            if rule.code not in self._expressions:
                self._expressions[rule.code] = rule.function().alias(rule.code)
            expression = self._expressions[rule.code]
            columns = dict.fromkeys(("example", "turn", *expression.meta.root_names()))
            messages = frame.select(*columns)[rows].select("example", "turn", expression)
            for row in messages[rule.code].is_not_null().arg_true():
                yield rule, messages["example"][row], messages["turn"][row], messages[rule.code][row]

    def _marks(self, frame: "pl.DataFrame") -> "dict[str, pl.Series]":
        """Whether each prefilter selects each row, by the prefilter's name; without prefilters that select none."""
        marks: dict[str, pl.Series] = {}
        for among, prefilters in self._prefilters.items():
            conditions = [reduce(or_, prefilter.rows()).alias(self._names[prefilter]) for prefilter in prefilters]
            marks |= marked_rows(frame, among.conditions(self._shared), conditions)
        return marks
