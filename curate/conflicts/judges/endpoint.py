"""A judge behind an OpenAI-compatible endpoint."""

from collections.abc import Iterator, Sequence
from typing import Final

from curate.conflicts.judges.prompt import JSON_PROMPT, judge_prompt, verdict_of
from curate.conflicts.judges.verdict_cache import QuestionPair
from curate.conflicts.judging import JudgeVerdict
from curate.network.chat_endpoint import ChatEndpoint

ANY_KEY_VARIABLE: Final = "CURATE_JUDGE_KEY"
"""Environment variable with the key of a judge whose address the user named."""
KEY_HINT: Final = (
    f"name the variable with its key by --judge-key, or set {ANY_KEY_VARIABLE} and name the address by --judge"
)


class JudgeEndpoint:
    """A model at an address."""

    leaves = True
    reply_tokens = 60

    def __init__(
        self,
        address: str,
        model: str,
        price: tuple[float, float] | None = None,
        *,
        key: str | None = None,
        general: str | None = None,
    ) -> None:
        """`address`: the result of `address_of`; `key` and `general`: as for `key_for`."""
        self.address, self.model, self.price = address, model, price
        self._chat = ChatEndpoint(
            address, model, key, general, KEY_HINT, kept="verdicts", feature="judging by an endpoint"
        )
        self.name = self._chat.name

    def message(self, pair: QuestionPair) -> str:
        """The message about a pair."""
        return judge_prompt(*pair, JSON_PROMPT)

    def verdicts(self, pairs: Sequence[QuestionPair]) -> Iterator[JudgeVerdict | None]:
        """A verdict for each pair, in order; None for a reply that has none. Raises as `replies` does."""
        return map(verdict_of, self.replies([self.message(pair) for pair in pairs]))

    def replies(self, messages: Sequence[str]) -> Iterator[str]:
        """The reply to each message, in order; empty if the server gives none. Raises as `ChatEndpoint` does."""
        limits = {"temperature": 0, "max_tokens": 2 * self.reply_tokens}
        requests = [{"messages": [{"role": "user", "content": message}], **limits} for message in messages]
        return ("" if reply is None else reply.text for reply in self._chat.replies(requests))
