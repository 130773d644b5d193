"""A judge behind an OpenAI-compatible endpoint. Data and keys go there as `curate.core.egress` lets them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from curate.conflicts.judges.prompt import AS_JSON, judge_prompt, verdict_of
from curate.conflicts.judges.verdict_cache import Pair
from curate.conflicts.judging import Verdict
from curate.core.egress import client_for, key_for, redirect_error
from curate.core.errors import ModelError
from curate.core.text import excerpt
from curate.core.worker_pool import parallel_map

GENERAL: Final = "CURATE_JUDGE_KEY"
"""Environment variable with the key of a judge whose address the user names."""
AT_ONCE: Final = 4
RETRIES: Final = 5
"""Of a request that was refused for its rate or for a fault of the server; the client waits longer each time."""
SECONDS: Final = 60


class Endpoint:
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
        """`address`: as `address_of` gives it; `key` and `general`: as `key_for` takes them."""
        self.address, self.model, self.price = address, model, price
        self.name = f"{model} at {address}"
        self._key, self._general = key, general

    def message(self, pair: Pair) -> str:
        """What is asked about a pair."""
        return judge_prompt(*pair, AS_JSON)

    def verdicts(self, pairs: Sequence[Pair]) -> Iterator[Verdict | None]:
        """A verdict for each pair, in order. Raises as `replies` does."""
        return map(verdict_of, self.replies([self.message(pair) for pair in pairs]))

    def replies(self, asked: Sequence[str]) -> Iterator[str]:
        """The reply to each message, in order; empty where the server gives none. Raises `ModelError` with the next
        step, `MissingExtra` without the openai package.
        """
        client = client_for(
            self.address,
            key_for(self.address, self._key, self._general),
            retries=RETRIES,
            seconds=SECONDS,
            feature="judging by an endpoint",
        )
        import openai  # installed, by then

        def ask(message: str) -> str:
            messages: Any = [{"role": "user", "content": message}]
            try:
                reply = client.chat.completions.create(
                    model=self.model, messages=messages, temperature=0, max_tokens=2 * self.reply_tokens
                )
            except openai.OpenAIError as error:
                said, hint = redirect_error(error) or (excerpt(str(error), 200), _next_step(error))
                raise ModelError(f"{self.name}: {said}", hint) from None
            choices = getattr(reply, "choices", None)  # a server that is no such endpoint may answer anything
            return str(choices[0].message.content or "") if choices else ""

        with client:
            yield from parallel_map(ask, asked, AT_ONCE)


def _next_step(error: Exception) -> str:
    import openai

    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return f"name the variable with its key by --judge-key, or set {GENERAL} and name the address by --judge"
    if isinstance(error, openai.NotFoundError):
        return "check the address, which as a rule ends in /v1, and the name of the model"
    if isinstance(error, openai.APIConnectionError):
        return "check that the server runs and the address is right; verdicts so far are kept"
    return "try again later; verdicts so far are kept"
