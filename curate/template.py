"""Chat template to text, spans, token ids and loss mask: one code for `check`, `plan` and training.

What a model learns must be what it will be asked for: each supervised span continues the very prompt that inference
renders. Tags in templates, markers in the text and token arithmetic all break on some template; rendering the
conversation as it stood before and after each answer does not depend on how the template is written.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from curate.errors import MissingExtra, ModelError
from curate.example import content_text
from curate.finding import Problem
from curate.models import resolve
from curate.text import excerpt

IGNORED: Final = -100
"""The label of a token that is not trained on, as transformers and torch know it."""
Turn = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of a text, which the model is trained to say as turn number `turn`, counted from 0."""

    start: int
    end: int
    turn: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Rendered:
    """One text to train on, its supervised spans in order, and where training and inference differ."""

    text: str
    spans: tuple[Span, ...]
    mismatches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendering:
    """What became of an example: one text, or one per answer where the template changes earlier turns; or problems and no text."""

    texts: tuple[Rendered, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as the model gets it: `input_ids`, `labels` and `weights` have one entry per token."""

    input_ids: list[int]
    labels: list[int]
    """The token's id where it is trained on, else `IGNORED`."""
    weights: list[float]
    """How much each token counts in the loss; 0 where it is not trained on."""
    text: Rendered
    straddling: int = 0
    """Tokens that begin in the prompt and end in an answer; they are not trained on."""

    @property
    def supervised(self) -> int:
        """Number of tokens trained on."""
        return sum(label != IGNORED for label in self.labels)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An example as the model gets it; with any problem there is nothing to train on."""

    encoded: tuple[Encoded, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def mismatches(self) -> tuple[str, ...]:
        """All differences between training and inference, each once."""
        return tuple(dict.fromkeys(text for encoded in self.encoded for text in encoded.text.mismatches))


class TemplateFailure(Exception):
    """The template refused a conversation, or broke on it; kept inside this module, where it becomes a problem."""


class Template:
    """A tokenizer with its chat template."""

    def __init__(self, tokenizer: Any) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError("the tokenizer gives no character offsets, so answers cannot be told from prompts", "use a model with a tokenizer.json")
        try:
            self.source: str = tokenizer.get_chat_template()
        except ValueError:
            raise ModelError(
                f"{tokenizer.name_or_path}: the tokenizer has no chat template", "use the instruction-tuned model, or add chat_template.jinja to its folder"
            ) from None
        self.tokenizer = tokenizer

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the template, to compare training with inference."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    @cached_property
    def stop_ids(self) -> frozenset[int]:
        """Ids of the tokens that end an answer: all control tokens but those that begin something."""
        ids = {i for i, token in self.tokenizer.added_tokens_decoder.items() if token.special}
        return frozenset(ids | {self.tokenizer.eos_token_id}) - {None, self.tokenizer.unk_token_id}

    def render(self, value: dict[str, Any]) -> Rendering:
        """The texts and supervised spans of an example's object (`messages`, optional `tools`).

        Answers (assistant turns) with weight 0 are not supervised. A template that cannot take the conversation makes a problem.
        """
        turns = value.get("messages")
        if not isinstance(turns, list) or not turns or not all(isinstance(turn, dict) for turn in turns):
            return Rendering((), (Problem("/messages", "there are no messages to render"),))
        answers = {i: _weight(turn) for i, turn in enumerate(turns) if turn.get("role") == "assistant" and _weight(turn) > 0}
        if not answers:
            return Rendering((), (Problem("/messages", "no assistant message is trained on"),))
        tools = _tools(value)
        failures: list[str] = []
        for attempt in _variants(turns):
            try:
                return self._render(attempt, answers, tools)
            except TemplateFailure as failure:
                failures.append(str(failure))
        return Rendering((), (Problem("/messages", f"the chat template refuses the conversation: {failures[0]}"),))

    def prompt(self, value: dict[str, Any]) -> str | None:
        """What inference renders before the last assistant turn; None where there is no such turn or the template refuses."""
        turns = value.get("messages") or []
        last = next((i for i in range(len(turns) - 1, -1, -1) if turns[i].get("role") == "assistant"), None)
        if not last:
            return None
        for attempt in _variants(turns):
            try:
                return self._answer(attempt, last, _tools(value))[0]
            except TemplateFailure:
                continue
        return None

    def encode(self, value: dict[str, Any]) -> Encoding:
        """Token ids, labels and weights of an example's object. Without a token to train on it is a problem."""
        rendering = self.render(value)
        if rendering.problems:
            return Encoding((), rendering.problems)
        encoded = tuple(self._encode(text) for text in rendering.texts)
        empty = [span.turn for text in encoded if not text.supervised for span in text.text.spans]
        if empty:
            return Encoding((), tuple(Problem(f"/messages/{turn}", "no token of the answer would be trained on") for turn in empty))
        return Encoding(encoded)

    def _render(self, turns: list[Turn], answers: Mapping[int, float], tools: Any) -> Rendering:
        whole = self._text(turns, tools, {"enable_thinking": any(_reasons(turn) for turn in turns)})
        single: list[Rendered] = []
        for i, weight in answers.items():
            prompt, full = self._answer(turns, i, tools)
            start = len(prompt) if full.startswith(prompt) else _common(prompt, full)
            end = len(full.rstrip())
            mismatches = []
            if start < len(prompt):
                mismatches.append(f"the inference prompt ends with '{excerpt(prompt[start:])}', the training text has '{excerpt(full[start:], 30)}' there")
            mismatches += _lost(turns[: i + 1], full, start)
            if end <= start:
                return Rendering((), (Problem(f"/messages/{i}", "the chat template renders nothing for the answer"),))
            if silent := [name for name in _names(turns[i].get("tool_calls")) if name not in full[start:end]]:
                # Trained on, it would teach the model to say nothing where it should call.
                return Rendering((), (Problem(f"/messages/{i}/tool_calls", f"the chat template does not render the call of {excerpt(silent[0], 40)}"),))
            if any(name not in full for name in _names(tools)):
                mismatches.append("the template does not render the tools")
            single.append(Rendered(full[:end], (Span(start, end, i, weight),), tuple(mismatches)))
        if len(single) > 1 and all(whole.startswith(text.text) for text in single):
            # Earlier answers read the same once they are history: one pass over the text trains them all.
            mismatches = [mismatch for text in single for mismatch in text.mismatches]
            spans = tuple(span for text in single for span in text.spans)
            return Rendering((Rendered(single[-1].text, spans, tuple(dict.fromkeys(mismatches))),))
        return Rendering(tuple(single))

    def _answer(self, turns: list[Turn], i: int, tools: Any) -> tuple[str, str]:
        """The inference prompt before turn `i`, and the conversation up to its end, rendered with the same settings."""
        first: tuple[str, str] | None = None
        failure: TemplateFailure | None = None
        # The other order would teach a model with a thinking mode to close its thoughts at once.
        for settings in ({"enable_thinking": _reasons(turns[i])}, {}):
            try:
                full = self._text(turns[: i + 1], tools, settings)
                prompt = self._text(turns[:i], tools, settings, prompt=True)
            except TemplateFailure as error:
                failure = failure or error
                continue
            if full.startswith(prompt):
                return prompt, full
            first = first or (prompt, full)
        if first is None:
            assert failure is not None
            raise failure
        return first

    def _text(self, turns: list[Turn], tools: Any, settings: dict[str, Any], *, prompt: bool = False) -> str:
        from jinja2.exceptions import TemplateError  # comes with transformers, which the tokenizer came from

        try:
            text = self.tokenizer.apply_chat_template(turns, tools=tools, tokenize=False, add_generation_prompt=prompt, **settings)
            text.encode()  # half a surrogate pair is no text that a tokenizer could take
        except (TemplateError, TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError) as error:
            # Templates are programs of others; what breaks in them on some data is a fact about the data.
            raise TemplateFailure(excerpt(f"{error or type(error).__name__}", 200)) from error
        assert isinstance(text, str)
        return text

    def _encode(self, rendered: Rendered) -> Encoded:
        # The template has written every special token itself; adding them again would double the first one.
        batch = self.tokenizer(rendered.text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        ids: list[int] = list(batch["input_ids"])
        labels, weights, straddling = [IGNORED] * len(ids), [0.0] * len(ids), 0
        spans = iter(rendered.spans)
        span = next(spans, None)
        last = None
        mismatches = list(rendered.mismatches)
        for at, (start, end) in enumerate(batch["offset_mapping"]):
            while span is not None and start >= span.end:
                mismatches += self._unstopped(ids, last)
                span, last = next(spans, None), None
            if span is None:
                break
            if start >= span.start and at:  # nothing comes before the first token that could predict it
                labels[at], weights[at], last = ids[at], span.weight, at
            elif end > span.start:
                straddling += 1
        mismatches += self._unstopped(ids, last)
        if straddling:
            mismatches.append("a token straddles the start of an answer: inference splits the text differently there")
        return Encoded(ids, labels, weights, Rendered(rendered.text, rendered.spans, tuple(dict.fromkeys(mismatches))), straddling)

    def _unstopped(self, ids: list[int], last: int | None) -> list[str]:
        if last is None or ids[last] in self.stop_ids:
            return []
        return ["the answer does not end with a stop token: the model would not learn where to stop"]


def load_tokenizer(name: str) -> Any:
    """The tokenizer of a model (hub id, folder, or `offline:NAME`). Raises `ModelError`, or `MissingExtra` without transformers."""
    try:
        from transformers import AutoTokenizer  # takes a second to import; only commands that were given a model pay
    except ImportError:
        raise MissingExtra("a chat template", "tokens", "transformers") from None
    place = resolve(name, needs_weights=False)
    try:
        return AutoTokenizer.from_pretrained(place, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        hint = "the folder needs tokenizer.json and tokenizer_config.json" if Path(place).is_dir() else "check the hub id and the connection, or name a folder"
        raise ModelError(f"{name}: its tokenizer cannot be loaded: {excerpt(str(error), 200)}", hint) from error


def load_template(name: str) -> Template:
    """The tokenizer of a model together with its chat template. Raises `ModelError` where either is missing."""
    return Template(load_tokenizer(name))


def _common(left: str, right: str) -> int:
    """Length of the common beginning of two texts."""
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def _weight(turn: Turn) -> float:
    weight = turn.get("weight")
    return 1.0 if weight is None or not isinstance(weight, int | float) else float(weight)


def _reasons(turn: Turn) -> bool:
    content = turn.get("content")
    return bool(turn.get("reasoning_content") or turn.get("thinking") or turn.get("reasoning")) or (isinstance(content, str) and "<think>" in content)


def _variants(turns: list[Turn]) -> Iterator[list[Turn]]:
    """The turns as templates want them: arguments of tool calls as objects, and where that fails as JSON text."""
    plain = [_plain(turn) for turn in turns]
    if not any(turn.get("tool_calls") for turn in plain):
        yield plain
        return
    for as_object in (True, False):
        yield [_with_arguments(turn, as_object=as_object) for turn in plain]


def _plain(turn: Turn) -> Turn:
    """A turn without what is ours (`weight`), its content as a string where it is nothing but text."""
    turn = {key: item for key, item in turn.items() if key != "weight"}
    content = turn.get("content")
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        turn["content"] = content_text(content)
    return turn


def _with_arguments(turn: Turn, *, as_object: bool) -> Turn:
    calls = turn.get("tool_calls")
    if not isinstance(calls, list):
        return turn
    return {**turn, "tool_calls": [_call(call, as_object=as_object) for call in calls]}


def _tools(value: dict[str, Any]) -> Any:
    """The tools of an example; some data sets have them as JSON text."""
    tools = value.get("tools")
    if isinstance(tools, str):
        try:
            tools = json.loads(tools)
        except ValueError:
            return tools  # the template will refuse it, and say so
    return tools or None


def _names(entries: Any) -> list[str]:
    """The names of functions in a list of tools or of tool calls."""
    functions = [entry.get("function", entry) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [function["name"] for function in functions if isinstance(function, dict) and isinstance(function.get("name"), str)]


def _call(call: Any, *, as_object: bool) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or "arguments" not in function:
        return call
    arguments = function["arguments"]
    if as_object and isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return call
    elif not as_object and not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return {**call, "function": {**function, "arguments": arguments}}


def _lost(turns: Iterable[Turn], full: str, start: int) -> list[str]:
    """What the template left out or cut short of the conversation; the answer has to stand in the supervised part."""
    turns = list(turns)
    lost = []
    for i, turn in enumerate(turns):
        text = turn.get("content")
        if turn.get("role") not in ("system", "user", "assistant") or not isinstance(text, str):
            continue
        # Templates take thoughts apart and drop them from history, as they should.
        text = text.rsplit("</think>", 1)[-1].strip()
        if text and text not in (full[start:] if i == len(turns) - 1 else full):
            lost.append(f"the template does not render all of the text of {'an' if turn['role'] == 'assistant' else 'a'} {turn['role']} message")
    return lost
