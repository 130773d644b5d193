"""Apply a chat template: text, spans, token ids and loss mask. `check`, `plan` and training share this code.

Training must match inference: each supervised span continues exactly the prompt that inference renders. Tags in
templates, markers in the text and token arithmetic fail for some templates. Rendering the conversation up to before and
after each answer works for every template.

Without a model, a tokenizer for the template alone says what it renders and where the loss mask lies, not how many
tokens a text has: it has one token for each byte, and one for each mark of the template.
"""

import datetime
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from curate.core.bounded import Bounds, OutOfBoundsError
from curate.core.errors import ModelError, requiring
from curate.core.example import REASONING_KEYS, ROLES, content_text, reasoning_texts
from curate.core.lazy import lazy_pattern
from curate.core.text import excerpt, quoted
from curate.language.reasoning_marks import MARK, split_reasoning
from curate.models.chat_templates import boundary_tokens, chat_template_source
from curate.models.encoding import Encoder, Encoding, EncodingProblem, Mismatch, Rendered, Rendering, SupervisedSpan
from curate.models.names import model_errors, require_at_hand, resolve
from curate.models.template_messages import (
    TEXT_TYPES,
    Ranges,
    Turn,
    answer_weight,
    as_is,
    called_functions,
    common_length,
    difference,
    flag_problem,
    function_names,
    has_reasoning,
    is_trained,
    message_variants,
    refusal_cause,
    template_settings,
    template_tools,
    trained_ranges,
)

CONTROL_TOKEN: Final = lazy_pattern(
    r"<\|[^<>|\s]+\|?>|<[a-z_]+\|>|<｜[^<>｜\s]+｜>|</?s>|\[/?[A-Z_]{3,}\]|<(?:start|end)_of_turn>|<seed:(?:bos|eos|pad)>"
)
"""What templates write as control tokens."""
THINKING_SWITCH: Final = "<|think|>"
"""A mark that looks like a control token and switches reasoning on, in a system prompt."""


CURRENT_DATE: Final = lazy_pattern(r"strftime_now\(\s*(['\"])(.*?)\1\s*\)")
"""How a template prints the current date: a function and a format."""


class TemplateFailure(Exception):
    """The template refused a conversation or failed on it; internal to this module, where it becomes a problem."""


class Template:
    """A tokenizer with its chat template."""

    def __init__(self, tokenizer: Any, date: datetime.date | None = None) -> None:
        """`date`: what the template prints as the current date; None: that of today."""
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(
                "the tokenizer has no character offsets, so answers cannot be separated from prompts",
                "use a model with a tokenizer.json",
            )
        try:
            self.source: str = tokenizer.get_chat_template()
        except ValueError:
            raise ModelError(
                f"{tokenizer.name_or_path}: the tokenizer has no chat template",
                "use the instruction-tuned model, name a template (`--chat-template chatml`, or `chat_template` in a "
                "recipe), or add chat_template.jinja to its folder",
            ) from None
        self.tokenizer = tokenizer
        self.date: datetime.date | None = None
        """What the template prints as the current date; None if it prints none."""
        self._dated: str | None = None
        """The template with that date: a text must not depend on the day on which it is rendered."""
        if CURRENT_DATE.search(self.source):
            self.date = date or datetime.datetime.now().astimezone().date()
            day = datetime.datetime.combine(self.date, datetime.time())
            self._dated = CURRENT_DATE.sub(lambda call: json.dumps(day.strftime(call[2])), self.source)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the template, for comparing training with inference."""
        return template_hash(self.source)

    @cached_property
    def control(self) -> dict[str, int]:
        """Ids by text of the control tokens. In the text of a message they would be tokenized as control tokens too."""
        return {token.content: i for i, token in self.tokenizer.added_tokens_decoder.items() if token.special}

    @cached_property
    def stop_ids(self) -> frozenset[int]:
        """Ids of the tokens that end an answer: all control tokens except those that begin something."""
        return frozenset({*self.control.values(), self.tokenizer.eos_token_id}) - {None, self.tokenizer.unk_token_id}

    @cached_property
    def bounds(self) -> Bounds:
        """Limits of time and memory of a rendering."""
        return Bounds()

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder of its texts."""
        return Encoder(self.tokenizer, self.control.values(), self.stop_ids)

    def ids(self, text: str) -> list[int]:
        """The tokens of a piece of text by itself."""
        return self.encoder.ids(text)

    def render(self, value: dict[str, Any], *, as_one: bool = False) -> Rendering:
        """The texts and supervised spans of an example's object (`messages`, optional `tools`).

        `as_one`: one text also where the template changes earlier turns (`curate.models.template_messages`).
        Answers (assistant turns) with weight 0 are not supervised; the weight of an example multiplies those of its
        answers. A template that cannot take the conversation makes a problem.
        """
        turns = value.get("messages")
        if not isinstance(turns, list) or not turns or not all(isinstance(turn, dict) for turn in turns):
            return _refusal("", "/messages", "there are no messages to render")
        answers = trained_answers(value, turns)
        if isinstance(answers, EncodingProblem):
            return Rendering((), (answers,))
        settings = template_settings(value)
        if isinstance(settings, str):
            return _refusal("", "/chat_template_kwargs", settings)
        tools = template_tools(value)
        failures: list[str] = []
        for attempt in message_variants(turns):
            try:
                ranges = [trained_ranges(turn) for turn in turns]
                return self._render(attempt, answers, tools, settings, ranges, as_one=as_one)
            except TemplateFailure as failure:
                failures.append(str(failure))
        why = f"the chat template refuses the conversation: {failures[0]}{refusal_cause(turns)}"
        return _refusal("K004", "/messages", why)

    def prompt(self, value: dict[str, Any], served: Mapping[str, Any] | None = None) -> str | None:
        """The inference prompt before the last assistant turn, with the variables of training, or with those that a
        server is given (`served`) alone; None without such a turn or if the template fails.
        """
        turns = value.get("messages") or []
        last = next((i for i in range(len(turns) - 1, -1, -1) if turns[i].get("role") == "assistant"), None)
        if not last:
            return None
        tools, settings = template_tools(value), template_settings(value)
        for attempt in message_variants(turns):
            try:
                if served is not None:
                    return self._text(attempt[:last], tools, dict(served), prompt=True)
                return self._answer(attempt, last, tools, {} if isinstance(settings, str) else settings)[0]
            except TemplateFailure:
                continue
        return None

    def encode(self, value: dict[str, Any], *, as_one: bool = False) -> Encoding:
        """Token ids, labels and weights of an example's object; a problem if no token is trained on. `as_one`: as
        in `render`.
        """
        rendering = self.render(value, as_one=as_one)
        if rendering.problems:
            return Encoding((), rendering.problems)
        encoded = tuple(
            encoded
            for text in rendering.texts
            for encoded in self.encoder.encode(text, whole=bool(rendering.inference))
        )
        trained = {answer.turn for text in encoded for answer in text.answers}
        empty = dict.fromkeys(span.turn for text in encoded for span in text.text.spans if span.turn not in trained)
        if empty:
            return Encoding(
                (),
                tuple(
                    EncodingProblem("K011", f"/messages/{turn}", "no token of the answer would be trained on")
                    for turn in empty
                ),
            )
        return Encoding(encoded, differing=difference(rendering, self.ids))

    def _render(
        self,
        turns: list[Turn],
        answers: Mapping[int, float],
        tools: Any,
        variables: dict[str, Any],
        ranges: Sequence[Ranges | None],
        *,
        as_one: bool,
    ) -> Rendering:
        """As `render`, with `answers`: the loss weight of each answer by its turn; `ranges`: for each turn the
        characters to train on, None for all.
        """
        settings = {"enable_thinking": any(has_reasoning(turn) for turn in turns), **variables}
        full_text = self._text(turns, tools, settings)
        single: list[Rendered] = []
        for i, weight in answers.items():
            prompt, full = self._answer(turns, i, tools, variables)
            start = len(prompt) if full.startswith(prompt) else self._parting(prompt, full)
            end = len(full.rstrip())
            mismatches: list[Mismatch] = []
            if start < len(prompt):
                mismatches.append(
                    Mismatch(
                        f"the inference prompt ends with '{excerpt(prompt[start:])}', the training text has "
                        f"'{excerpt(full[start:], 30)}' there",
                        i,
                    )
                )
            mismatches += _lost(turns[: i + 1], full, start)
            if end <= start:
                return _refusal("K011", f"/messages/{i}", "the chat template renders nothing for the answer")
            if silent := [name for name in called_functions(turns[i]) if name not in full[start:end]]:
                # Training on it would teach the model to reply with nothing where it should call a tool.
                why = f"the chat template does not render the call of {excerpt(silent[0], 40)}"
                return _refusal("K004", f"/messages/{i}/tool_calls", why)
            if any(name not in full for name in function_names(tools)):
                mismatches.append(Mismatch("the template does not render the tools", -1, "K005"))
            spans = _parts(turns[i], ranges[i], full, SupervisedSpan(start, end, i, weight))
            if not spans:
                return _refusal("", f"/messages/{i}/content", "its parts to train on are not in the rendered text")
            single.append(Rendered(full[:end], spans, tuple(mismatches)))
        if len(single) > 1 and all(full_text.startswith(text.text) for text in single):
            # Earlier answers are rendered the same in the history: one text trains all of them.
            every = [mismatch for text in single for mismatch in text.mismatches]
            spans = tuple(span for text in single for span in text.spans)
            return Rendering((Rendered(single[-1].text, spans, tuple(dict.fromkeys(every))),))
        if as_one and len(single) > 1:
            single_by_turn = {i: (text, text.spans[0].start) for i, text in zip(answers, single, strict=True)}
            if combined := as_is(turns, full_text, single_by_turn, lambda turns: self._text(turns, tools, settings)):
                return Rendering((combined,), inference=tuple(single))
        return Rendering(tuple(single))

    def _parting(self, prompt: str, full: str) -> int:
        """The position from which a text differs from the prompt of inference; the start of the control token there, if
        one contains it.
        """
        position = common_length(prompt, full)
        begins = [position]
        for text in (prompt, full):
            for token in self.tokenizer.get_added_vocab():
                begin = text.find(token, max(0, position - len(token) + 1), position + len(token) - 1)
                begins += [begin] if 0 <= begin < position else []
        return min(begins)

    def _answer(self, turns: list[Turn], i: int, tools: Any, variables: dict[str, Any]) -> tuple[str, str]:
        """The inference prompt before turn `i`, and the conversation up to its end, rendered with the same settings."""
        first: tuple[str, str] | None = None
        failure: TemplateFailure | None = None
        # The other order would teach a model with a thinking mode to end its reasoning immediately.
        for settings in ({"enable_thinking": has_reasoning(turns[i]), **variables}, variables):
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
        prompt, full = first
        return prompt, _continuing(prompt, full, turns[i - 1].get("content") if i else None)

    def _text(self, turns: list[Turn], tools: Any, settings: dict[str, Any], *, prompt: bool = False) -> str:
        """The text of turns, at whose end `prompt` adds the beginning of an answer. Raises `TemplateFailure`, and
        `ModelError` if the template takes too much time or memory.
        """
        try:
            text = self.bounds.call(
                lambda: self.tokenizer.apply_chat_template(
                    turns,
                    chat_template=self._dated,
                    tools=tools,
                    tokenize=False,
                    add_generation_prompt=prompt,
                    **settings,
                )
            )
            text.encode()  # tokenizers do not accept lone surrogates
        except OutOfBoundsError as error:  # the next conversation would fail too
            raise ModelError(
                f"its chat template {error}",
                "download the model from its publisher; a template needs very little time and memory",
            ) from None
        except Exception as error:
            # Templates are third-party programs; a failure on some data is reported as a problem of the data.
            raise TemplateFailure(excerpt(f"{error or type(error).__name__}", 200)) from error
        assert isinstance(text, str)
        # The model would learn to write the word. If the data contains the word, this cannot be detected.
        if (
            "None" in text
            and any(turn.get("content") is None for turn in turns)
            and "None" not in json.dumps([turns, tools])
        ):
            raise TemplateFailure("it renders null content as the word None")
        return text


def _continuing(prompt: str, full: str, request: Any) -> str:
    """The inference prompt with the answer of `full`, if `full` differs from the prompt only before the last request;
    else `full`. Templates of Mistral put the system message before a request, and leave it out once that is answered.
    """
    if not isinstance(request, str) or not request.strip() or (begin := prompt.rfind(request.strip())) < 0:
        return full
    ending = prompt[begin:]
    position = full.rfind(ending)
    if full.count(ending) != prompt.count(ending) or position > common_length(prompt, full):
        return full
    return prompt + full[position + len(ending) :]


def _refusal(code: str, pointer: str, message: str) -> Rendering:
    """A rendering without text, whose only problem is this one."""
    return Rendering((), (EncodingProblem(code, pointer, message),))


def _parts(turn: Turn, ranges: Ranges | None, full: str, answer_span: SupervisedSpan) -> tuple[SupervisedSpan, ...]:
    """The spans of an answer: the whole, or the ranges of its content that are trained on."""
    if ranges is None:
        return (answer_span,)
    content = turn.get("content")
    position = full.find(content, answer_span.start, answer_span.end) if isinstance(content, str) else -1
    if position < 0:
        return ()
    # As Axolotl does, the end of the turn is trained on wherever a part of it is.
    every = [
        *((position + begin, position + end) for begin, end in ranges),
        (position + len(str(content)), answer_span.end),
    ]
    return tuple(
        SupervisedSpan(begin, end, answer_span.turn, answer_span.weight, part=True)
        for begin, end in every
        if begin < end
    )


def template_hash(source: str) -> str:
    """SHA-256 of a chat template."""
    return hashlib.sha256(source.encode()).hexdigest()


def load_tokenizer(name: str) -> Any:
    """The tokenizer of a model (hub id, folder, or `offline:NAME`). Raises `ModelError`, or `MissingExtra` without
    transformers.
    """
    place = resolve(name, needs_weights=False)
    require_at_hand(place)  # before the import, which takes seconds
    with requiring("a chat template", "tokens", "transformers"):
        from transformers import AutoTokenizer  # takes a second to import; only commands that were given a model pay
    hint = (
        "the folder needs tokenizer.json and tokenizer_config.json"
        if Path(place).is_dir()
        else "check the hub id and the connection, or pass a folder"
    )
    with model_errors(name, "its tokenizer cannot be loaded", hint):
        return AutoTokenizer.from_pretrained(place, trust_remote_code=False)


def load_template(name: str, chat_template: str = "", date: datetime.date | None = None) -> Template:
    """The tokenizer of a model with its chat template, or with another one (a name or a file); without a model, a
    tokenizer of bytes for the rendered text. `date`: see `Template`. Raises `ModelError` if either is missing.
    """
    if not name:
        return Template(template_tokenizer(chat_template), date)
    tokenizer = load_tokenizer(name)
    if chat_template:
        tokenizer.chat_template = chat_template_source(chat_template)
    with model_errors(name, "its tokenizer cannot be used"):
        template = Template(tokenizer, date)
        template.ids("a b")  # a malformed tokenizer fails here, not later on the data
        return template


def trained_answers(value: Mapping[str, Any], turns: Sequence[Turn]) -> dict[int, float] | EncodingProblem:
    """The loss weights of the answers that are trained on, by their turns, or why the example is not trained on."""
    for pointer, weighted in (
        ("", value),
        *((f"/messages/{i}", turn) for i, turn in enumerate(turns) if turn.get("role") == "assistant"),
    ):
        if not answer_weight(weighted) >= 0:  # NaN is not
            message = f"the weight {weighted['weight']} is not usable in training"
            return EncodingProblem("", f"{pointer}/weight", message)
    if problem := flag_problem(turns):
        return problem
    example_weight = answer_weight(value)
    answers = {
        i: example_weight * answer_weight(turn)
        for i, turn in enumerate(turns)
        if turn.get("role") == "assistant" and example_weight * answer_weight(turn) > 0 and is_trained(turn)
    }
    return answers or EncodingProblem("K011", "/messages", "no assistant message is trained on")


def _lost(turns: list[Turn], full: str, start: int) -> Iterator[Mismatch]:
    """The parts of the conversation that the template left out or truncated; the supervised part must contain the
    answer.
    """
    for i, turn in enumerate(turns):
        content = turn.get("content")
        media = (part["type"] for part in content if _is_media(part)) if isinstance(content, list) else ()
        for kind in dict.fromkeys(media):
            yield Mismatch(f"a part of type {quoted(kind, 30)} is not trained on; only text is", i, "K005")
        if isinstance(content, list) and content and str(content) in full:
            yield Mismatch("the template renders the parts of a message as Python writes a list", i, "K005")
        if turn.get("role") not in ROLES or not isinstance(content, str | list):
            continue
        texts, thoughts = texts_and_thoughts(turn)
        where = full[start:] if i == len(turns) - 1 else full
        if not all(_is_rendered(text, where) for text in texts):
            kind = turn["role"]
            yield Mismatch(
                f"the template does not render all of the text of {'an' if kind == 'assistant' else 'a'} {kind} "
                "message",
                i,
                "K005",
            )
        if where is not full and not all(_is_rendered(thought, full) for thought in thoughts):
            yield Mismatch("the template does not render the thoughts of an assistant message", i, "K005")


def texts_and_thoughts(turn: Turn) -> tuple[list[str], list[str]]:
    """The texts of a turn, and its reasoning: templates separate it and drop it from the history.

    Of reasoning under several keys only the first is given, because a template reads one; reasoning between tags counts
    if no key has any.
    """
    content = turn.get("content")
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type") in TEXT_TYPES]
        return [content_text([part]) for part in parts], reasoning_texts(turn)
    if not isinstance(content, str):
        return [], reasoning_texts(turn)[:1]
    if turn.get("role") != "assistant":
        return [content], reasoning_texts(turn)[:1]
    split = split_reasoning(content)
    return [*split.outside], reasoning_texts(turn)[:1] or [*split.reasoning]


def _is_media(part: Any) -> bool:
    """Whether a part of a content is neither text nor reasoning."""
    return (
        isinstance(part, dict)
        and isinstance(kind := part.get("type"), str)
        and kind not in (*TEXT_TYPES, *REASONING_KEYS)
    )


def _is_rendered(text: str, rendered: str) -> bool:
    """Whether a text was rendered, as it is or as JSON, which some templates use for the results of tools."""
    text = text.strip()
    return text in rendered or any(
        json.dumps(text, ensure_ascii=ascii_only)[1:-1] in rendered for ascii_only in (False, True)
    )


def template_tokenizer(name: str) -> Any:
    """The tokenizer of a chat template, by its name in the table or from a file. Raises `UsageError` for an unknown
    template and `MissingExtra` without transformers.
    """
    source = chat_template_source(name)
    with requiring("a chat template", "tokens", "transformers"):
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers
        from transformers import PreTrainedTokenizerFast
    vocabulary = {piece: number for number, piece in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    bos, eos = boundary_tokens(name)
    marks = {mark for mark in CONTROL_TOKEN.findall(source) if not MARK.fullmatch(mark)} - {bos, eos, THINKING_SWITCH}
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token=bos or None,
        eos_token=eos,
        additional_special_tokens=sorted(marks),
        chat_template=source,
        name_or_path=name,
        clean_up_tokenization_spaces=False,
    )
