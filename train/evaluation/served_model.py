"""Base and tuned model behind an OpenAI-compatible endpoint: vLLM, Ollama, llama.cpp, or the service that hosts them.

The server renders the prompts and computes no loss of an answer that is given, so there is no perplexity.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from curate.conflicts.judges.verdict_cache import Work
from curate.core.errors import ModelError
from curate.core.example import content_id
from curate.core.text import estimated_tokens, plural
from curate.models.template_messages import template_tools
from curate.network.chat_endpoint import ChatEndpoint, plain_json
from curate.project.runs import Project
from train.evaluation.answering import Loss, ModelAnswer, ResponseCache
from train.evaluation.options import System
from train.evaluation.prompts import EvaluationQuestion, Shown, turns_with
from train.journal import JournalPrinter
from train.run_folder import RunFolder
from train.server import Server

MAX_PROMPT_TOKENS: Final = 8192
"""Most tokens of a prompt, estimated from its bytes."""


@dataclass(frozen=True, slots=True)
class ServedPrompt:
    """A question as a request."""

    request: dict[str, Any]
    shots: int
    """Number of examples or passages before the question."""

    @property
    def tokens(self) -> int:
        """Number of tokens, estimated from the bytes."""
        return tokens_of(json.dumps(self.request, ensure_ascii=False))


def tokens_of(text: str) -> int:
    """Tokens of a text, estimated from its bytes."""
    return estimated_tokens(len(text.encode("utf-8", "replace")))


TURN_KEYS: Final = ("role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal", "audio")


def _request_turn(turn: dict[str, Any]) -> dict[str, Any]:
    """A message of the data as the interface takes it, which refuses other keys: arguments of calls as text."""
    request_turn = {key: value for key, value in turn.items() if key in TURN_KEYS}
    calls = request_turn.get("tool_calls")
    if isinstance(calls, list):
        request_turn["tool_calls"] = [_request_call(call, number) for number, call in enumerate(calls)]
    return request_turn


def _request_call(call: Any, number: int) -> Any:
    """A tool call as servers take it, with an id and arguments as text; what is no object stays as it is."""
    if not isinstance(call, dict):
        return call
    function = dict(call.get("function") or {key: call[key] for key in ("name", "arguments") if key in call})
    if not isinstance(function.get("arguments"), str):
        function["arguments"] = json.dumps(function.get("arguments") or {}, ensure_ascii=False)
    return {"id": call.get("id") or f"call_{number}", "type": "function", "function": function}


class ServedModel:
    """Asks the models of a server."""

    template = None

    def __init__(self, server: Server, base: str | None, tuned: str | None, key: str, printer: JournalPrinter) -> None:
        """`key` is that of the data: answers are kept by it, the address and the names of the models."""
        self.server, self.base, self.tuned, self.printer = server, base, tuned, printer
        name = content_id(["served", server.address, base, tuned, key])
        self.folder = RunFolder(Project(Path.cwd()).evaluation(name[:16]))
        self.names: dict[str, str | None] = {"model": base or tuned, "tuned_model": tuned, "server": server.address}
        self._endpoints = {False: base and server.endpoint(base), True: tuned and server.endpoint(tuned)}

    count_tokens = staticmethod(tokens_of)

    def prompt(self, question: EvaluationQuestion, shots: Sequence[Shown] = ()) -> ServedPrompt | None:
        """The request with as many of the last examples or passages as fit; None for tools that are no JSON."""
        tools = template_tools(question.example.value)
        if isinstance(tools, str):
            return None
        turns = [_request_turn(turn) for turn in turns_with(question, shots)]
        request = {"messages": turns} | ({"tools": tools} if tools else {})
        prompt = ServedPrompt(plain_json(request), len(shots))
        return prompt if not shots or prompt.tokens <= MAX_PROMPT_TOKENS else self.prompt(question, shots[1:])

    def refusal(self, question: EvaluationQuestion) -> str:  # noqa: ARG002
        """Why a question cannot be asked."""
        return "its tools are not valid JSON"

    def agree(
        self, prompts_by_system: Sequence[tuple[System, Sequence[ServedPrompt]]], cache: ResponseCache, most: int
    ) -> None:
        """Print how many prompts have no cached answer and what they cost. Raises `UsageError` without consent."""
        missing = [
            prompt for system, prompts in prompts_by_system for key, prompt in self._requests(system, prompts, most)
            if cache.get(key) is None
        ]  # fmt: skip
        if not missing:
            return
        total = sum(len(prompts) for _, prompts in prompts_by_system)
        into, out = sum(prompt.tokens for prompt in missing), most * len(missing)
        price = None
        if self.server.price is not None:
            price = (into * self.server.price[0] + out * self.server.price[1]) / 1e6
        names = " and ".join(name for name in (self.base, self.tuned) if name)
        if self.server.tell is not None:
            name = f"{names} at {self.server.address}"
            self.server.tell(Work(name, True, total, total - len(missing), into, out, price))
        self.server.consent.require(f"{plural(len(missing), 'prompt')} with the data", self.server.address)

    def ask(
        self, system: System, prompts: Sequence[ServedPrompt], cache: ResponseCache, most: int
    ) -> tuple[list[ModelAnswer], list[Loss]]:
        """For each prompt an answer of at most `most` tokens and an empty loss; cached at once. Raises `ModelError`."""
        phase = self.printer.phase(system.title, len(prompts))
        endpoint = self._endpoints[system.tuned]
        assert isinstance(endpoint, ChatEndpoint)

        def replies(missing: dict[str, ServedPrompt]) -> Iterator[dict[str, Any]]:
            sent = [{**prompt.request, "temperature": 0, "max_tokens": most} for prompt in missing.values()]
            for key, reply in zip(missing, endpoint.replies(sent), strict=True):
                if reply is None:
                    hint = "check that the address is that of an OpenAI interface"
                    raise ModelError(f"{endpoint.name}: a reply holds no answer", hint)
                raw = "\n".join([reply.text, *map(json.dumps, reply.calls)]).strip()
                yield {key: (reply.text.strip(), raw, reply.ended)}

        replies_in_order = cache.complete(list(self._requests(system, prompts, most)), replies, phase.advance)
        if "temperature" in endpoint.refused:
            self.printer.print(f"{endpoint.model} takes no temperature: its answers vary from run to run")
        return [ModelAnswer(*values) for values in replies_in_order], [Loss(0.0, 0)] * len(prompts)

    def _requests(
        self, system: System, prompts: Sequence[ServedPrompt], most: int
    ) -> Iterator[tuple[str, ServedPrompt]]:
        """Each prompt with the key of its answer in the cache."""
        model = self.tuned if system.tuned else self.base
        for prompt in prompts:
            yield content_id(["served", self.server.address, model, most, prompt.request]), prompt
