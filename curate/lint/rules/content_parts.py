"""Family C, details: the parts of a content, and white space and characters in a text.

Images are in `curate.lint.rules.images`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from curate.core.example import REASONING_TYPES, Example, Message, content_text
from curate.core.finding import Problem, Problems, Severity
from curate.core.lazy import pl
from curate.core.targets import ARROW, SERVICES, Target
from curate.core.text import quoted, visible
from curate.lint.rules.dataset_summary import DatasetState
from curate.lint.rules.message_frame import JOINED_TEXT, PADDED_TEXT
from curate.lint.rules.polars_text_helpers import answer, answered_question, edit_texts
from curate.lint.rules.prefilter import foreign_patterns
from curate.lint.rules.rule import Object, RepairInput, dataset_rule, on_messages, text_rule, value_rule
from curate.models.template_messages import TRAINING_DETAIL_KEYS
from curate.read.decode import decode
from curate.read.edited_json import edited_json

IMAGE_TYPES: Final = ("image_url", "image")
TRAINED_TYPES: Final = frozenset(("text", "refusal", "image_url"))
"""Part types that a service trains on."""
RENDERED_TYPES: Final = TRAINED_TYPES | {
    *IMAGE_TYPES,
    "video",
    "video_url",
    "input_audio",
    "audio",
    "audio_url",
    "file",
}
"""Part types that the template of some model renders."""
BLANK_START: Final = re.compile(r"\A(?:[^\S\n]*\n)+")
INDENTED: Final = re.compile(r"\n[ \t]+\S")
MEANT_END: Final = re.compile(r"\t\s*\Z|^(?:@@ |diff |--- |\*\*\* )", re.MULTILINE)
"""An empty last cell of a table, and the lines that start a diff, which is not applied without its last line break."""


class TypedPart(NamedTuple):
    """A part of a message's content that is an object with a type."""

    message: Message
    pointer: str
    type: str
    value: dict[str, Any]


def typed_parts(example: Example) -> Iterator[TypedPart]:
    """All parts that have a type, in order."""
    for message in example.messages:
        content = message.content
        for i, part in enumerate(content) if isinstance(content, list) else ():
            if isinstance(part, dict) and isinstance(part.get("type"), str):
                yield TypedPart(message, f"{message.content_pointer}/{i}", part["type"], part)


NFC_CHANGED_CHARS: Final = (
    r"[\x{300}-\x{36F}\x{374}\x{37E}\x{387}\x{483}-\x{489}\x{591}-\x{5C7}\x{610}-\x{61A}\x{64B}-\x{65F}\x{670}\x{6D6}-\x{6ED}\x{711}-\x{DFF}\x{E38}-\x{E4E}\x{EB8}-\x{ECE}"
    r"\x{F00}-\x{FFF}\x{102E}-\x{109F}\x{1100}-\x{11FF}\x{135D}-\x{135F}\x{1714}-\x{1DFF}\x{1F71}-\x{2001}\x{20D0}-\x{20F0}\x{2126}\x{212A}\x{212B}\x{2329}\x{232A}\x{2ADC}\x{2CEF}-\x{2DFF}"
    r"\x{302A}-\x{302F}\x{3099}\x{309A}\x{A66F}-\x{ABED}\x{F900}-\x{FB4E}\x{FE20}-\x{FE2F}\x{101FD}-\x{1E94A}\x{2F800}-\x{2FA1D}]"
)
"""Every text not in NFC contains one of these: marks, and characters that NFC replaces (UAX #15)."""


@value_rule(
    "C005",
    "part-type",
    Severity.ERROR,
    targets={Target.LLAMAFACTORY: Severity.INFO},
    hint="Use parts of type text, image_url or refusal. Write other content as text, or remove it.",
)
def part_type(example: Example, *, target: Target) -> Problems:
    """A content part has a type that is not trained on.

    Templates omit unknown types. Services also reject audio, video and files in training data, and images whose type is
    not image_url. For trainers, the model's template decides.
    Bad: {"messages": [{"role": "user", "content": [{"type": "txt", "text": "Hi"}]}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, {"role": "assistant", "content": "Hello."}]}
    """
    trained_types = TRAINED_TYPES if target in SERVICES else RENDERED_TYPES
    for part in typed_parts(example):
        if part.type not in trained_types and not (part.type in REASONING_TYPES and part.message.role == "assistant"):
            instead = "; write the call under `tool_calls` of the message" if part.type == "tool_call" else ""
            yield Problem(part.pointer, f"a part of type {quoted(part.type, 30)} is not trained on{instead}")


@value_rule(
    "C006",
    "part-on-wrong-role",
    Severity.ERROR,
    hint="Give an answer text parts or one refusal. Give tool and system messages text parts only.",
)
def part_on_wrong_role(example: Example) -> Problems:
    """A message has a part that its role does not accept.

    A refusal belongs to the assistant and is its only content. Tools and the system use text. C010 covers images.
    Bad: {"messages": [{"role": "user", "content": [{"type": "refusal", "refusal": "No."}]}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}]}
    """
    for message in example.messages:
        content = message.content
        types = [part.get("type") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
        if message.role == "assistant" and "refusal" in types and len(types) > 1:
            yield Problem(message.content_pointer, "a refusal beside other parts")
        for i, part in enumerate(content) if types else ():
            kind = part.get("type") if isinstance(part, dict) else None
            if (kind == "refusal" and message.role != "assistant") or (kind == "video" and message.role != "user"):
                yield Problem(
                    f"{message.content_pointer}/{i}",
                    f"a part of type {kind!r} in a message of role {quoted(message.role or 'none', 30)}",
                )


@value_rule("C007", "no-parts", Severity.ERROR, hint="Write the text, or null beside a tool call.")
def no_parts(example: Example) -> Problems:
    """A content is an empty list of parts.

    Templates that read the first part stop on it, and services reject it.
    Bad: {"messages": [{"role": "user", "content": []}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        if message.content == []:
            yield Problem(message.content_pointer, f"the content of message {message.index + 1} is an empty list")


@dataset_rule(
    "C008",
    "content-kinds-mixed",
    Severity.WARNING,
    only=ARROW,
    hint="Write all contents as strings, or all as lists of parts.",
    any_key=True,
)
def content_kinds_mixed(example: Example, state: DatasetState) -> Problems:
    """Some contents of a file are text and others are lists of parts.

    The trainer's columns have one type each. Loading stops at the first content of the other type.
    Bad: {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if state.summary.plain and state.summary.plain[1].line < example.place.line:
        state.memory.setdefault("C008", ("text", state.summary.plain[1]))
    for message in example.messages:
        kind = "text" if isinstance(message.content, str) else "parts" if isinstance(message.content, list) else None
        if kind is not None:
            first, place = state.memory.setdefault("C008", (kind, example.place))
            if kind != first:
                where = "in another message" if place == example.place else f"in {visible(str(place))}"
                yield Problem(
                    message.content_pointer, f"the content is {_kind_name(kind)}; it is {_kind_name(first)} {where}"
                )
                return


@content_kinds_mixed.repaired_by(safe=True)
@on_messages
def one_kind(messages: list[Object]) -> list[Object] | None:
    """Write contents that are one text part as strings; where other parts are needed, write strings as parts."""
    lists = [message["content"] for message in messages if isinstance(message.get("content"), list)]
    if not lists:
        return None
    if all(map(_is_one_text, lists)):
        return [
            {**m, "content": m["content"][0]["text"]} if isinstance(m.get("content"), list) else m for m in messages
        ]
    return [
        {**m, "content": [{"type": "text", "text": m["content"]}]} if isinstance(m.get("content"), str) else m
        for m in messages
    ]


def _is_one_text(content: list[Any]) -> bool:
    match content:
        case [{"type": "text", "text": str(), **other_keys}]:
            return not other_keys
    return False


def _kind_name(kind: str) -> str:
    return "text" if kind == "text" else "a list of parts"


@text_rule(
    "C015", "outer-space", Severity.WARNING, prefilter=PADDED_TEXT, hint="Remove the white space, or run `--fix`."
)
def outer_space() -> "pl.Expr":
    """An answer ends with white space.

    The template adds its own line breaks, and the model learns to stop late. C022 reports white space at the start.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.\\n"}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    return pl.when(_padded(r"\s$")).then(pl.lit("the answer ends with white space"))


@outer_space.repaired_by(safe=True)
@on_messages
def strip_ends(messages: list[Object]) -> list[Object] | None:
    """Remove white space at the end of answers; nothing changes where a diff, a table or offsets of trained parts need
    it.
    """
    return _edited_answers(messages, lambda text: text if MEANT_END.search(text) else text.rstrip(), str.rstrip)


@text_rule(
    "C022",
    "leading-space",
    Severity.WARNING,
    prefilter=PADDED_TEXT,
    hint="Remove the white space, or run `--fix --unsafe-fixes`, unless a diff or a poem needs it.",
)
def leading_space() -> "pl.Expr":
    """An answer starts with a space or an empty line.

    The first word tokenizes differently after a space, and the model learns an unusual start. Indentation by a tab or
    two spaces is skipped: code that completes a function starts with it. C016 covers completions that are joined to
    their prompt.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": " Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    indented = answer().str.contains(r"^(?:[ \t]*\n)*(?:  |\t)[ \t]*\S")
    return pl.when(_padded(r"^\s") & ~indented).then(pl.lit("the answer starts with white space"))


@leading_space.repaired_by(safe=False)
@on_messages
def strip_starts(messages: list[Object]) -> list[Object] | None:
    """Remove white space at the start of answers; where other lines are indented or offsets of trained parts need it,
    nothing changes.
    """
    return _edited_answers(messages, _without_start, str.lstrip)


def _without_start(text: str) -> str:
    body = BLANK_START.sub("", text, count=1)
    return body if INDENTED.search(body) else body.lstrip()


def _padded(end: str) -> "pl.Expr":
    """Whether an answer that is not blank has white space at one of its ends, a pattern."""
    text = answer()
    return text.str.contains(end) & text.str.contains(r"\S") & ~pl.col("joined")


def _edited_answers(
    messages: list[Object], edit: Callable[[str], str], strip: Callable[[str], str]
) -> list[Object] | None:
    """The messages with the texts of answers edited; None if that leaves an answer that `strip` would change."""
    edited = []
    for message in messages:
        if message.get("role") == "assistant" and "content" in message:
            message = {**message, "content": _edited_content(message["content"], edit)}  # noqa: PLW2901
            text = content_text(message["content"])
            if text.strip() and (text != strip(text) or not message.keys().isdisjoint(TRAINING_DETAIL_KEYS)):
                return None
        edited.append(message)
    return edited


def _edited_content(content: Any, edit: Callable[[str], str]) -> Any:
    match content:
        case str():
            return edit(content) if content.strip() else content
        case [{"text": str(text)}] if text.strip():
            return [{**content[0], "text": edit(text)}]
    return content


@text_rule(
    "C016",
    "completion-unspaced",
    Severity.INFO,
    only=(Target.TRL, Target.OPENAI, Target.AZURE),
    prefilter=JOINED_TEXT,
    hint="Start the completion with a space, or end the prompt with one.",
)
def completion_unspaced() -> "pl.Expr":
    """No white space separates a completion from its prompt.

    This format has no chat template. The two texts are concatenated, and the model sees the last and first word as one.
    Bad: {"prompt": "The capital of France is", "completion": "Paris."}
    Good: {"prompt": "The capital of France is", "completion": " Paris."}
    """
    touching = answered_question().str.contains(r"[^\s(\[{\"'`/\\>–—-]\z") & pl.col("text").str.contains(
        r"\A[\p{L}\p{N}]"
    )
    return pl.when(pl.col("joined") & touching).then(pl.lit("no white space between prompt and completion"))


def runs_together(prompt: Any, completion: Any) -> bool:
    """Whether the end of a text and the start of another one would be read as one word."""
    if not isinstance(prompt, str) or not isinstance(completion, str) or not prompt or not completion:
        return False
    return not prompt[-1].isspace() and completion[0].isalnum() and prompt[-1] not in "([{\"'`/\\>–—-"


@completion_unspaced.repaired_by(safe=False, takes=RepairInput.LINE)  # the two may be halves of a word, or of code
def space_completion(data: bytes) -> bytes:
    """Start the completion with a space."""
    decoded = decode(data)
    value = decoded.value
    if (
        decoded.defects
        or not isinstance(value, dict)
        or not runs_together(value.get("prompt"), value.get("completion"))
    ):
        return data
    return edited_json(data, value, {**value, "completion": f" {value['completion']}"})


@text_rule(
    "C017",
    "not-nfc",
    Severity.INFO,
    prefilter=foreign_patterns(NFC_CHANGED_CHARS),
    hint="Normalize the text to NFC, unless the example is about normalization.",
)
def not_nfc() -> "pl.Expr":
    """A text is not in Unicode normalization form C.

    An é written as two characters looks the same, but becomes other tokens. The model learns two spellings of a word,
    and exact comparison fails.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "A cafe\u0301."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "A café."}]}
    """
    # the few non-ASCII texts
    non_ascii = pl.when(pl.col("text").str.len_bytes() != pl.col("text").str.len_chars()).then(pl.col("text"))
    return pl.when(non_ascii.str.normalize("NFC") != non_ascii).then(
        pl.format("the {}'s text is not in normal form C", pl.col("role").fill_null("message"))
    )


@not_nfc.repaired_by(safe=False)
def to_nfc(value: Object) -> Object:
    """Normalize all texts to NFC."""
    return edit_texts(value, lambda text: unicodedata.normalize("NFC", text))
