"""Chat completions of an OpenAI-compatible endpoint. Data and keys go there as `curate.network.egress` lets them."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from curate.core.errors import ModelError
from curate.core.text import excerpt, storable
from curate.network.egress import CREDIT_HINT, client_for, key_for, lacks_credit, redirect_error
from curate.parallel.worker_pool import parallel_map

MAX_CONCURRENT: Final = 4
TIMEOUT_SECONDS: Final = 60
NOT_JSON: Final = "the response of the service is not JSON"


class Completion(NamedTuple):
    """The reply of a model."""

    text: str
    calls: tuple[dict[str, str], ...]
    """The tool calls of the reply: `name`, and `arguments` as JSON."""
    ended: bool
    """Whether the reply ended before the limit of its tokens."""
    tokens: int
    """Number of tokens as counted by the server; 0 if it does not count them."""


@dataclass(frozen=True, slots=True)
class ChatEndpoint:
    """A model at an address."""

    address: str
    """The result of `address_of`."""
    model: str
    key: str | None = None
    general: str | None = None
    """The argument of the same name of `key_for`, like `key`."""
    key_hint: str = "name the variable with its key by --key"
    """How to name a key, for error messages."""
    kept: str = "answers"
    """Name of the results that an interrupted command keeps, for error messages."""
    feature: str = "asking an endpoint"
    seconds: int = TIMEOUT_SECONDS
    refused: set[str] = field(default_factory=set)
    """Parameters that the model has rejected; they are not sent again."""

    @property
    def name(self) -> str:
        """The model and its address."""
        return f"{self.model} at {self.address}"

    def replies(self, requests: Sequence[dict[str, Any]]) -> Iterator[Completion | None]:
        """The reply to each request (`messages`, `max_tokens`, ...), in order; None where the server gives none.

        Raises `ModelError` with the next step, `MissingExtra` without the openai package.
        """
        with self._client() as client:
            yield from parallel_map(lambda request: self._completion(client, request), requests, MAX_CONCURRENT)

    def stream(self, request: dict[str, Any], show: Callable[[str], None]) -> Completion:
        """The reply to one request; `show` gets its pieces as they come. Raises as `replies` does."""
        text, ended, tokens = "", False, 0
        with self._client() as client:
            import openai

            try:
                for chunk in self._create(client, {**request, "stream": True}):
                    choice, delta = _first_choice(chunk, "delta")
                    piece = str(getattr(delta, "content", None) or "")
                    text, tokens = text + piece, tokens + bool(piece)
                    show(piece)
                    ended = ended or getattr(choice, "finish_reason", None) not in (None, "length")
            except KeyboardInterrupt:
                return Completion(text, (), False, tokens)
            except (openai.OpenAIError, ValueError, RecursionError) as error:
                raise self._model_error(error) from None
        return Completion(text, (), ended, tokens)

    def _client(self) -> Any:
        key = key_for(self.address, self.key, self.general)
        return client_for(self.address, key, seconds=self.seconds, feature=self.feature)

    def _completion(self, client: Any, request: dict[str, Any]) -> Completion | None:
        """The reply to a request; None if it has no message. Raises `ModelError`."""
        import openai

        try:
            reply = self._create(client, request)
        except (openai.OpenAIError, ValueError, RecursionError) as error:
            raise self._model_error(error) from None
        choice, message = _first_choice(reply, "message")
        if message is None:
            return None
        counted = getattr(getattr(reply, "usage", None), "completion_tokens", None)
        calls = [
            call.function for call in getattr(message, "tool_calls", None) or () if getattr(call, "function", None)
        ]
        return Completion(
            str(getattr(message, "content", None) or ""),
            tuple({"name": str(function.name), "arguments": str(function.arguments)} for function in calls),
            getattr(choice, "finish_reason", None) != "length",
            counted if isinstance(counted, int) else 0,
        )

    def _create(self, client: Any, request: dict[str, Any]) -> Any:
        """Send a request, again without `max_tokens` or `temperature` if the model refuses them. Raises as the client
        does.
        """
        import openai  # installed, by now

        request = json.loads(storable(json.dumps(request, ensure_ascii=False)))  # lone surrogates cannot be sent
        while True:
            sent = {key: value for key, value in request.items() if key not in self.refused}
            if "max_tokens" in self.refused and "max_tokens" in request:
                sent["max_completion_tokens"] = request["max_tokens"]
            try:
                return client.chat.completions.create(model=self.model, **sent)
            except openai.BadRequestError as error:
                # Reasoning models take neither: OpenAI's documentation of chat completions.
                if error.param not in ("max_tokens", "temperature") or error.param not in sent:
                    raise
                self.refused.add(error.param)

    def _model_error(self, error: Exception) -> ModelError:
        # the client passes on errors in the bytes of a reply
        if isinstance(error, ValueError | RecursionError):
            error = ValueError(f"{NOT_JSON} ({error})")
        message, hint = redirect_error(error) or (excerpt(str(error), 200), self._next_step(error))
        return ModelError(f"{self.name}: {message}", hint)

    def _next_step(self, error: Exception) -> str:
        import openai

        if lacks_credit(error):
            return CREDIT_HINT
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return self.key_hint
        if isinstance(error, openai.NotFoundError):
            return "check the address, which as a rule ends in /v1, and the name of the model"
        if isinstance(error, openai.APIConnectionError):
            return f"check that the server runs and the address is right; {self.kept} so far are kept"
        return f"try again later; {self.kept} so far are kept"


def _first_choice(reply: Any, part: str) -> tuple[Any, Any]:
    """The first choice of a reply and its `message` or `delta`; None for a part that the reply of a broken or
    incompatible server does not have.
    """
    choices = getattr(reply, "choices", None)
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice, getattr(choice, part, None)


def plain_json(value: Any) -> Any:
    """A value of the data for a request, without lone surrogates, which cannot be encoded."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
