"""A judge with a cache of verdicts: no pair is sent, or paid for, twice, even after Ctrl-C."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from curate.conflicts.judges.prompt import VERSION
from curate.conflicts.judging import JudgeVerdict
from curate.conflicts.question import Question
from curate.core.events import Advance
from curate.core.example import content_id
from curate.storage.store import ResultJournal

CHARS_PER_TOKEN: Final = 4
"""Characters per token of English, on average: the estimate needs no tokenizer."""
MAX_REASON_CHARS: Final = 300
"""Maximum number of characters of a cached reason."""
QuestionPair = tuple[Question, Question]


@dataclass(frozen=True, slots=True)
class Work:
    """The work that a judge is about to do."""

    name: str
    """Name of the judge, with the address if data leaves the machine."""
    leaves: bool
    """Whether data leaves the machine."""
    pairs: int
    known: int
    """Pairs with a cached verdict."""
    tokens_in: int
    """Estimated from the length of the texts."""
    tokens_out: int
    price: float | None
    """In US dollars, by the prices that the user gave; None without prices."""


class PairJudge(Protocol):
    """A model that judges pairs."""

    name: str
    leaves: bool
    price: tuple[float, float] | None
    """US dollars for a million tokens of input, and of output."""
    reply_tokens: int
    """Maximum number of tokens of a reply."""

    def message(self, pair: QuestionPair) -> str:
        """The message about a pair."""
        ...

    def verdicts(self, pairs: Sequence[QuestionPair]) -> Iterator[JudgeVerdict | None]:
        """A verdict for each pair, in order; None where the reply says neither yes nor no. Raises `CurateError` when it
        cannot go on.
        """
        ...


class VerdictCache:
    """Asks a model only about pairs without a cached verdict."""

    def __init__(
        self,
        model: PairJudge,
        path: Path | None,
        before: Callable[[Work], None] | None,
        progress: Advance | None,
    ) -> None:
        """`path`: a file of JSON Lines for the verdicts; None: they are not cached. For `before` and `progress` see
        `judge_of`.
        """
        self.model, self._before, self._progress = model, before, progress
        self._journal = path and ResultJournal(path, mode=0o600)  # reasons quote the data

    def judge(self, pairs: Sequence[QuestionPair]) -> list[JudgeVerdict | None]:
        """A verdict for each pair, in order; None if the model gave none. Raises `CurateError` if it cannot
        continue; verdicts so far are cached.
        """
        keys = [content_id([VERSION, self.model.message(pair)]) for pair in pairs]
        cached = self._journal.read(lambda value: JudgeVerdict(**value)) if self._journal else {}
        new = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in cached}
        if new:
            if self._before is not None:
                self._before(self._work_ahead(len(pairs), list(new.values())))
            self._ask(new, cached)
        return [cached.get(key) for key in keys]

    def _ask(self, uncached: dict[str, QuestionPair], cached: dict[str, JudgeVerdict]) -> None:
        """Ask the model about pairs; each verdict is added to `cached` and to the journal as soon as it is known."""
        if self._journal:
            self._journal.add({})  # before anything is asked, since a verdict that cannot be cached would be paid twice
        for key, verdict in zip(uncached, self.model.verdicts(list(uncached.values())), strict=True):
            if verdict is not None:
                cached[key] = verdict
                if self._journal:
                    self._journal.add({key: {"clash": verdict.clash, "why": verdict.why[:MAX_REASON_CHARS]}})
            if self._progress is not None:
                self._progress(1)

    def _work_ahead(self, pairs: int, new: Sequence[QuestionPair]) -> Work:
        tokens_in = sum(len(self.model.message(pair)) for pair in new) // CHARS_PER_TOKEN
        tokens_out = len(new) * self.model.reply_tokens
        price = (
            None
            if self.model.price is None
            else (tokens_in * self.model.price[0] + tokens_out * self.model.price[1]) / 1e6
        )
        return Work(self.model.name, self.model.leaves, pairs, pairs - len(new), tokens_in, tokens_out, price)
