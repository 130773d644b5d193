"""Family K: the output of the model's tokenizer and chat template, computed by the code that training uses.

K006 (no generation tag in the template) and K008 (the stop token masked as padding) are left out: masks are computed by
position, without tags and token ids, so neither can happen here. K015 (cost) is `curate stats`'. T024 (tools that the
template leaves out) is K005's.
"""

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from curate.core.example import REASONING_KEYS, Example, Message, Place
from curate.core.finding import PlacedProblems, Problem, Problems, Severity
from curate.core.text import SPACES, excerpt, plural
from curate.language.reasoning_marks import split_reasoning
from curate.lint.rules.dataset_summary import DatasetState
from curate.lint.rules.roles import conversation_pointer
from curate.lint.rules.rule import token_rule

if TYPE_CHECKING:
    from curate.models.encoding import Encoded, Encoding, SupervisedSpan
    from curate.models.template import Template


@dataclass(frozen=True, slots=True)
class EncodedExample:
    """An example with its encoding, and the model and settings of the encoding."""

    example: Example
    encoding: "Encoding"
    template: "Template"
    max_length: int
    """Maximum number of tokens of a training example."""
    memory: dict[str, Any] = field(default_factory=dict)
    """Values that rules keep for their finalizers, by rule code."""

    def pointer(self, turn: int) -> str:
        """Pointer to a turn in the original line; to the conversation if there is no such turn."""
        return next(
            (message.pointer for message in self.example.messages if message.index == turn),
            conversation_pointer(self.example),
        )

    def content_pointer(self, turn: int) -> str:
        """Pointer to a turn's content in the original line, else to the turn, else to the conversation."""
        turn_message = next((message for message in self.example.messages if message.index == turn), None)
        return (
            turn_message.content_pointer
            if turn_message is not None and "content" in turn_message.value
            else self.pointer(turn)
        )

    def as_read(self, pointer: str) -> str:
        """Convert a pointer into the example's messages to one into the original line."""
        if self.example.pointers is None:
            return pointer
        turn = pointer.removeprefix("/messages/").partition("/")[0]
        return self.pointer(int(turn)) if turn.isdigit() else conversation_pointer(self.example)


RENDERING_RULES: Final = frozenset(("K004", "K005", "K007", "K009", "K011", "K012"))
"""Codes of the rules about the rendered text and the loss mask, which need a chat template and no model; the others
depend on the vocabulary.
"""
MIN_TRAINED_SHARE: Final = 0.05
"""Share of trained tokens below which a file is reported."""
MIN_UNKNOWN_SHARE: Final = 0.01
"""Share of unknown tokens from which a prompt is reported."""
MIN_QUOTED_CHARS: Final = 12
"""Minimum length in characters of a message that cannot be in an answer's markup by chance."""
PLACEHOLDERS: Final = frozenset(("<image>", "<video>", "<audio>"))
"""Control tokens that data sets contain on purpose."""


@token_rule("K001", "too-long", Severity.WARNING, hint="Raise max_length, shorten or split the example, or remove it.")
def too_long(encoded: EncodedExample) -> Problems:
    """The example has more tokens than `max_length`.

    `curate train` never truncates: it refuses or skips the example. Trainers that truncate lose the end, which is the
    last answer, and teach the model not to stop. (The example below is too long for a `max_length` of 64.)
    Bad: {"messages": [{"role": "user", "content": "Name the planets and say what each one is made of."}, {"role": "assistant", "content": "Mercury, Venus, Earth and Mars are rock; Jupiter and Saturn are gas; Uranus and Neptune are ice."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    length, limit = encoded.encoding.length, encoded.max_length
    if length > limit:
        cut = sorted(
            {answer.turn + 1 for text in encoded.encoding.encoded for answer in text.answers if answer.last >= limit}
        )
        consequence = (
            "; a trainer that cuts would lose the end of message "
            f"{', '.join(map(str, cut[:5]))}{', …' if len(cut) > 5 else ''}"
        )
        yield Problem(
            conversation_pointer(encoded.example),
            f"{length:,} tokens, {length - limit:,} more than max_length = {limit}{consequence}",
        )


@token_rule("K002", "nothing-before-limit", Severity.ERROR, hint="Raise max_length, or shorten the prompt.")
def nothing_before_limit(encoded: EncodedExample) -> Problems:
    """All trained tokens are beyond `max_length`.

    A trainer that truncates keeps only the prompt. The example drops out of training without a warning, or makes the
    loss NaN. (The example below is too long for a `max_length` of 64.)
    Bad: {"messages": [{"role": "user", "content": "Mercury, Venus, Earth and Mars are rock; Jupiter and Saturn are gas; Uranus and Neptune are ice. Repeat?"}, {"role": "assistant", "content": "No."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if encoded.encoding.encoded and _are_all_beyond_limit(encoded):
        first = min(answer.first for text in encoded.encoding.encoded for answer in text.answers)
        yield Problem(
            conversation_pointer(encoded.example),
            f"the first trained token is number {first + 1:,}, beyond max_length = {encoded.max_length}",
        )


@token_rule("K003", "answer-beyond-limit", Severity.ERROR, hint="Raise max_length, or split the conversation.")
def answer_beyond_limit(encoded: EncodedExample) -> Problems:
    """An answer begins beyond `max_length`, and an earlier one does not.

    A trainer that truncates never sees this answer. (The example below is too long for a `max_length` of 64.)
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Mercury, Venus, Earth and Mars are rock; Jupiter and Saturn are gas. Repeat?"}, {"role": "assistant", "content": "No."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if not _are_all_beyond_limit(encoded):
        for text in encoded.encoding.encoded:
            for answer in text.answers:
                if answer.first >= encoded.max_length:
                    message = (
                        f"the answer begins at token {answer.first + 1:,}, beyond max_length = {encoded.max_length}"
                    )
                    yield Problem(encoded.pointer(answer.turn), message)


def _are_all_beyond_limit(encoded: EncodedExample) -> bool:
    return all(answer.first >= encoded.max_length for text in encoded.encoding.encoded for answer in text.answers)


@token_rule(
    "K004",
    "template-refuses",
    Severity.ERROR,
    hint="Write the conversation in the form that the model's template accepts.",
)
def template_refuses(encoded: EncodedExample) -> Problems:
    """The model's chat template cannot render the conversation.

    The template raises an error (roles that do not alternate, an unknown role, null content), or omits the call to be
    trained on. Training refuses the example, and serving fails on it too.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "narrator", "content": "A pause."}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    yield from _encoding_problems(encoded, "K004")


@token_rule(
    "K005",
    "not-rendered",
    Severity.WARNING,
    hint="Use a model whose template renders it, or move it into a message that is rendered.",
)
def not_rendered(encoded: EncodedExample) -> Problems:
    """The chat template omits a part of the conversation.

    The template drops a system prompt, a tool result, the tools or the reasoning without a warning. The model learns to
    answer input that it never saw.
    Bad: {"messages": [{"role": "developer", "content": "Answer in French."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Salut."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for mismatch in encoded.encoding.mismatches_of("K005"):
        yield Problem(encoded.content_pointer(mismatch.turn), mismatch.text)


@token_rule(
    "K007",
    "stop-not-learnt",
    Severity.ERROR,
    hint="Use a template that ends each answer with the tokenizer's end-of-turn token.",
)
def stop_not_learnt(encoded: EncodedExample) -> Problems:
    """An answer has no stop token in the loss.

    The model never learns to stop and continues after its answer, often as the user.
    Bad: {"messages": [{"role": "user", "content": "Time?"}, {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for mismatch in encoded.encoding.mismatches_of("K007"):
        yield Problem(encoded.pointer(mismatch.turn), mismatch.text)


@token_rule("K009", "double-bos", Severity.ERROR, hint="Remove the token from the text. The template writes it.")
def double_bos(encoded: EncodedExample) -> Problems:
    """The text begins with two begin-of-sequence tokens.

    The template writes one and the data another. No prompt at inference looks like this.
    Bad: {"messages": [{"role": "system", "content": "<s>Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    bos = encoded.template.tokenizer.bos_token_id
    if bos is not None and any(text.input_ids[:2] == [bos, bos] for text in encoded.encoding.encoded):
        yield Problem(
            conversation_pointer(encoded.example),
            f"the text begins with two tokens {excerpt(str(encoded.template.tokenizer.bos_token), 30)}",
        )


@token_rule(
    "K010",
    "control-token-in-text",
    Severity.ERROR,
    hint="Remove or rewrite the text. It is tokenized as a control token.",
)
def control_token_in_text(encoded: EncodedExample) -> Problems:
    """A message contains the text of a control token.

    It is tokenized as a control token. In a question it ends the turn, and the user can speak as the assistant. In an
    answer it teaches the model to stop early. There is no repair, since any escape would be learned as text.
    Bad: {"messages": [{"role": "user", "content": "What does <|im_end|> mean?"}, {"role": "assistant", "content": "The end of a turn."}]}
    Good: {"messages": [{"role": "user", "content": "What does im_end mean?"}, {"role": "assistant", "content": "The end of a turn."}]}
    """
    control = encoded.template.control
    for message in encoded.example.messages:
        text = message.text
        for token in (token for token in control if token in text and token not in PLACEHOLDERS):
            if control[token] in encoded.template.ids(text):
                yield Problem(
                    message.content_pointer,
                    f"{excerpt(token, 30)} in message {message.index + 1} is tokenized as a control token",
                )


@token_rule("K011", "nothing-learnt", Severity.ERROR, hint="Add an answer that is trained on, or remove the example.")
def nothing_learnt(encoded: EncodedExample) -> Problems:
    """No token of the example is trained on.

    All answers have weight 0, there is no answer, or the template renders none. The example costs time and teaches
    nothing. Training refuses it.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "weight": 0}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    yield from _encoding_problems(encoded, "K011")


def _encoding_problems(encoded: EncodedExample, code: str) -> Problems:
    for obstacle in encoded.encoding.problems:
        if obstacle.code == code:
            yield Problem(encoded.as_read(obstacle.pointer), obstacle.message)


@token_rule(
    "K012",
    "mask-beyond-answer",
    Severity.WARNING,
    hint="Check the template. It must render a prompt exactly as it renders the same turns later.",
)
def mask_beyond_answer(encoded: EncodedExample) -> Problems:
    """The trained tokens contain more than the answer.

    The rule decodes the trained tokens. The cause is a template that renders the prompt differently once the answer is
    present, so the start of the answer is unknown. The model would learn to speak for the user.
    Bad: {"messages": [{"role": "user", "content": "What time is it, please?"}, {"role": "assistant", "content": "It is noon."}], "tools": [{"type": "function", "function": {"name": "now", "description": "The time.", "parameters": {"type": "object", "properties": {}}}}]}
    Good: {"messages": [{"role": "user", "content": "What time is it, please?"}, {"role": "assistant", "content": "It is noon."}]}
    """
    for text in encoded.encoding.encoded:
        spans = {span.turn: span for span in text.text.spans}
        for answer in text.answers:
            ids = text.input_ids[answer.first : answer.last + 1]
            if not spans[answer.turn].part and (message := _covered(encoded, text, spans[answer.turn], ids)):
                yield Problem(encoded.pointer(answer.turn), message)


def _covered(encoded: EncodedExample, text: "Encoded", span: "SupervisedSpan", ids: list[int]) -> str | None:
    """What the trained tokens contain besides the answer, or None."""
    answer = text.text.text[span.start : span.end]
    if encoded.template.tokenizer.unk_token_id not in ids and not text.straddling:
        decoded = encoded.template.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        if "\ufffd" not in decoded and _letters(decoded) not in _letters(answer):
            return f"the trained tokens read '{excerpt(decoded, 40)}', which is not the answer"
    answers = [message for message in encoded.example.messages if message.index == span.turn]
    if any(message.value.get("tool_calls") for message in answers):  # a template may quote the question as JSON
        return None
    remainder = answer
    for part in [part for message in answers for part in _answer_texts(message)]:
        remainder = remainder.replace(part, "")
    if len(remainder) < MIN_QUOTED_CHARS:
        return None
    for message in encoded.example.messages:
        question = message.text.strip()
        if (
            message.index < span.turn
            and message.role != "assistant"
            and len(question) >= MIN_QUOTED_CHARS
            and question in remainder
        ):
            return f"the text of message {message.index + 1} is trained on as part of the answer"
    return None


def _answer_texts(message: Message) -> list[str]:
    """The texts of an answer: content, and reasoning separately."""

    split = split_reasoning(message.text)
    beside = (str(message.value.get(key) or "") for key in REASONING_KEYS)
    return [text.strip() for text in (*split.outside, *split.reasoning, *beside) if text.strip()]


def _letters(text: str) -> str:
    """A text as tokenizers may return it: normalized, without spaces."""
    return SPACES.sub("", unicodedata.normalize("NFKC", text).casefold())


@token_rule(
    "K013",
    "little-learnt",
    Severity.INFO,
    hint="Shorten the text that all examples share. Long prompts cost time and memory and are not trained on.",
)
def little_learnt(encoded: EncodedExample) -> None:
    """Less than 5% of the file's tokens are trained on.

    All tokens take training time, but the model learns from the trained ones only.
    Bad: {"messages": [{"role": "user", "content": "Mercury, Venus, Earth and Mars are rock; Jupiter and Saturn are gas; Uranus and Neptune are ice. Mercury, Venus, Earth and Mars are rock; Jupiter and Saturn are gas; Uranus and Neptune are ice. Is it so?"}, {"role": "assistant", "content": "No"}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    tally = encoded.memory.setdefault("K013", {}).setdefault(encoded.example.place.file, [0, 0])
    for text in encoded.encoding.encoded:
        tally[0] += text.supervised
        tally[1] += len(text.input_ids)


@little_learnt.finalize
def little_learnt_in_all(state: DatasetState) -> PlacedProblems:
    """The files with a low share of trained tokens."""
    for file, (trained, total) in state.memory.get("K013", {}).items():
        if trained < MIN_TRAINED_SHARE * total:
            text = f"{trained:,} of {plural(total, 'token')} are trained on ({trained / total:.1%})"
            yield Place(file, 0), Problem("", text)


@token_rule(
    "K014", "unknown-tokens", Severity.WARNING, hint="Use a model that knows the language, or remove the unknown text."
)
def unknown_tokens(encoded: EncodedExample) -> Problems:
    """The tokenizer does not know some of the text.

    Each unknown piece becomes the same token. The model cannot read it, and in an answer learns to write the unknown
    token.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "你好"}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    unknown = encoded.template.tokenizer.unk_token_id
    if unknown is None or unknown in encoded.template.stop_ids:
        return
    for text in encoded.encoding.encoded:
        count = text.input_ids.count(unknown)
        for answer in text.answers:
            if learnt := text.labels[answer.first : answer.last + 1].count(unknown):
                yield Problem(
                    encoded.content_pointer(answer.turn),
                    f"{plural(learnt, 'token')} of the answer {'is' if learnt == 1 else 'are'} unknown to the model",
                )
                count -= learnt
        if count > MIN_UNKNOWN_SHARE * len(text.input_ids):
            yield Problem(
                conversation_pointer(encoded.example),
                f"{plural(count, 'token')} of the prompt {'is' if count == 1 else 'are'} unknown to the model",
            )
            return
