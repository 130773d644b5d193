"""A judge behind an OpenAI-compatible endpoint. Data goes to the address that the user named, and nowhere else; the key comes from the environment."""

import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

from curate.detect.judges.kept import Pair
from curate.detect.judges.prompt import AS_JSON, asked, verdict_of
from curate.detect.judging import Verdict
from curate.detect.threads import side_by_side
from curate.errors import MissingExtra, ModelError
from curate.text import excerpt

KEYS: Final = ("CURATE_JUDGE_KEY", "OPENAI_API_KEY")
"""Environment variables that may hold the key, the first one first."""
AT_ONCE: Final = 4
RETRIES: Final = 5
"""Of a request that was refused for its rate or for a fault of the server; the client waits longer each time."""
SECONDS: Final = 60


class Endpoint:
    """A model at an address."""

    leaves = True
    reply_tokens = 60

    def __init__(self, address: str, model: str, price: tuple[float, float] | None = None) -> None:
        self.address, self.model, self.price = address, model, price
        self.name = f"{model} at {address}"

    def message(self, pair: Pair) -> str:
        """What is asked about a pair."""
        return asked(*pair, AS_JSON)

    def verdicts(self, pairs: Sequence[Pair]) -> Iterator[Verdict | None]:
        """A verdict for each pair, in order. Raises `ModelError` with the next step, `MissingExtra` without the openai package."""
        try:
            import openai  # half a second, and only who names an endpoint needs it
        except ImportError:
            raise MissingExtra("judging by an endpoint", "remote", "openai") from None

        key = next((os.environ[name] for name in KEYS if os.environ.get(name)), "none")  # servers of one's own ask for none
        client = openai.OpenAI(base_url=self.address, api_key=key, max_retries=RETRIES, timeout=SECONDS)

        def ask(pair: Pair) -> Verdict | None:
            messages: Any = [{"role": "user", "content": self.message(pair)}]
            try:
                reply = client.chat.completions.create(model=self.model, messages=messages, temperature=0, max_tokens=2 * self.reply_tokens)
            except openai.OpenAIError as error:
                raise ModelError(f"{self.name}: {excerpt(str(error), 200)}", _next_step(error)) from error
            choices = getattr(reply, "choices", None)  # a server that is no such endpoint may answer anything
            return verdict_of(choices[0].message.content or "") if choices else None

        with client:
            yield from side_by_side(ask, pairs, AT_ONCE)


def _next_step(error: Exception) -> str:
    import openai

    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return f"set {KEYS[0]} to a key that the endpoint takes"
    if isinstance(error, openai.NotFoundError):
        return "check the address, which as a rule ends in /v1, and the name of the model"
    if isinstance(error, openai.APIConnectionError):
        return "check that the server runs and the address is right; verdicts so far are kept"
    return "try again later; verdicts so far are kept"
