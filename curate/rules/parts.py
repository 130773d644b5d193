"""Family C, closer: the parts of a content, and the white space and characters around and in a text. Images are in `curate.rules.images`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curate.example import Example, Message
from curate.finding import Problem, Severity
from curate.rules.duplicates import Seen
from curate.rules.flags import JOINED, PADDED
from curate.rules.prefilter import NotComposed
from curate.rules.profile import stands_before
from curate.rules.rule import Scope, rule
from curate.rules.texts import answer, asked
from curate.targets import SERVICES, Target
from curate.text import excerpt, visible

if TYPE_CHECKING:
    import polars as pl

Problems = Iterator[Problem]
IMAGES: Final = ("image_url", "image")
TRAINED: Final = frozenset(("text", "refusal", "image_url"))
"""Types of parts that a service trains on."""
KNOWN: Final = TRAINED | {*IMAGES, "video", "video_url", "input_audio", "audio", "audio_url", "file"}
"""Types of parts that the template of some model renders."""
REASONING: Final = frozenset(("reasoning", "thinking"))
ARROW: Final = (Target.TRL, Target.AXOLOTL)
"""Targets that read data into columns of one type each."""


class Part(NamedTuple):
    """A part of a message's content that is an object with a type."""

    message: Message
    pointer: str
    type: str
    value: dict[str, Any]


def parts_of(example: Example) -> Iterator[Part]:
    """All parts that have a type, in order."""
    for message in example.messages:
        content = message.content
        for i, part in enumerate(content) if isinstance(content, list) else ():
            if isinstance(part, dict) and isinstance(part.get("type"), str):
                yield Part(message, f"{message.content_pointer}/{i}", part["type"], part)


COMPOSED: Final = (
    r"[\x{300}-\x{36F}\x{374}\x{37E}\x{387}\x{483}-\x{489}\x{591}-\x{5C7}\x{610}-\x{61A}\x{64B}-\x{65F}\x{670}\x{6D6}-\x{6ED}\x{711}-\x{DFF}\x{E38}-\x{E4E}\x{EB8}-\x{ECE}"
    r"\x{F00}-\x{FFF}\x{102E}-\x{109F}\x{1100}-\x{11FF}\x{135D}-\x{135F}\x{1714}-\x{1DFF}\x{1F71}-\x{2001}\x{20D0}-\x{20F0}\x{2126}\x{212A}\x{212B}\x{2329}\x{232A}\x{2ADC}\x{2CEF}-\x{2DFF}"
    r"\x{302A}-\x{302F}\x{3099}\x{309A}\x{A66F}-\x{ABED}\x{F900}-\x{FB4E}\x{FE20}-\x{FE2F}\x{101FD}-\x{1E94A}\x{2F800}-\x{2FA1D}]"
)
"""What one of is in every text that is not in normal form C: marks, and characters that are written otherwise there (UAX #15)."""


@rule(
    "C005",
    "part-type",
    severity=Severity.ERROR,
    scope=Scope.VALUE,
    targets={Target.LLAMAFACTORY: Severity.INFO},
    hint="Use parts of type text, image_url or refusal; write anything else as text, or take it out.",
)
def part_type(example: Example, *, target: Target) -> Problems:
    """A part of a content has a type that is not trained on.

    Templates leave out what they do not know. Services also reject audio, video and files in training data, and images that
    are not of type image_url; trainers leave these to the model's template.

    Bad:

        {"messages": [{"role": "user", "content": [{"type": "txt", "text": "Hi"}]}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, {"role": "assistant", "content": "Hello."}]}
    """
    known = TRAINED if target in SERVICES else KNOWN
    for part in parts_of(example):
        if part.type not in known and not (part.type in REASONING and part.message.role == "assistant"):
            yield Problem(part.pointer, f"a part of type {excerpt(part.type, 30)!r} is not trained on")


@rule(
    "C006",
    "part-on-wrong-role",
    severity=Severity.ERROR,
    scope=Scope.VALUE,
    hint="Give an answer text parts, or one refusal; give tool and system messages text parts only.",
)
def part_on_wrong_role(example: Example) -> Problems:
    """A message has a part that its role does not take.

    A refusal is the assistant's, and is all of its content; tools and the system speak in text. Images are C010's.

    Bad:

        {"messages": [{"role": "user", "content": [{"type": "refusal", "refusal": "No."}]}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}]}
    """
    for message in example.messages:
        content = message.content
        types = [part.get("type") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
        if message.role == "assistant" and "refusal" in types and len(types) > 1:
            yield Problem(message.content_pointer, "a refusal beside other parts")
        for i, part in enumerate(content) if types else ():
            kind = part.get("type") if isinstance(part, dict) else None
            if (kind == "refusal" and message.role != "assistant") or (kind == "video" and message.role != "user"):
                yield Problem(f"{message.content_pointer}/{i}", f"a part of type {kind!r} in a message of role {excerpt(message.role or 'none', 30)!r}")


@rule("C007", "no-parts", severity=Severity.ERROR, scope=Scope.VALUE, hint="Write the text, or null beside a tool call.")
def no_parts(example: Example) -> Problems:
    """A content is an empty list of parts.

    It says neither something nor nothing: templates that look at the first part stop on it, and services reject it.

    Bad:

        {"messages": [{"role": "user", "content": []}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, {"role": "assistant", "content": "Hello."}]}
    """
    for message in example.messages:
        if message.content == []:
            yield Problem(message.content_pointer, f"the content of message {message.index + 1} is an empty list")


@rule(
    "C008", "content-kinds-mixed", severity=Severity.WARNING, scope=Scope.DATASET, only=ARROW, hint="Write all contents as strings, or all as lists of parts."
)
def content_kinds_mixed(example: Example, seen: Seen) -> Problems:
    """Contents are text in some messages and lists of parts in others.

    The trainer's columns have one type each: loading stops at the first content of the other kind.

    Bad:

        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if seen.profile.plain and stands_before(seen.profile.plain[1], example.place):
        seen.memory.setdefault("C008", ("text", seen.profile.plain[1]))
    for message in example.messages:
        kind = "text" if isinstance(message.content, str) else "parts" if isinstance(message.content, list) else None
        if kind is not None:
            first, place = seen.memory.setdefault("C008", (kind, example.place))
            if kind != first:
                where = "in another message" if place == example.place else f"in {visible(str(place))}"
                yield Problem(message.content_pointer, f"the content is {_named(kind)}; it is {_named(first)} {where}")
                return


def _named(kind: str) -> str:
    return "text" if kind == "text" else "a list of parts"


@rule("C015", "outer-space", severity=Severity.WARNING, scope=Scope.TEXT, prefilter=PADDED, hint="Remove it, or run `--fix`.")
def outer_space() -> "pl.Expr":
    """An answer starts or ends with white space.

    The first word makes other tokens after a space than without, and the template adds its own line breaks: the model
    learns an odd start, or to stop late. Completions that are joined to their prompt as they are, are C016's.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": " Hello.\\n"}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    import polars as pl  # loaded by then: see messages_frame

    text = answer()
    starts, ends, blank = text.str.contains(r"^\s"), text.str.contains(r"\s$"), ~text.str.contains(r"\S")
    said = pl.when(starts & ends).then(pl.lit("starts and ends")).when(starts).then(pl.lit("starts")).when(ends).then(pl.lit("ends"))
    return pl.when(~blank & ~pl.col("joined")).then(pl.format("the answer {} with white space", said))


@rule(
    "C016",
    "completion-unspaced",
    severity=Severity.INFO,
    scope=Scope.TEXT,
    prefilter=JOINED,
    only=(Target.TRL, Target.OPENAI, Target.AZURE),
    hint="Start the completion with a space, or end the prompt with one.",
)
def completion_unspaced() -> "pl.Expr":
    """A completion is joined to its prompt without a space between.

    Text of this form gets no chat template: the two are joined as they are, and the model sees the last and the first
    word as one.

    Bad:

        {"prompt": "The capital of France is", "completion": "Paris."}

    Good:

        {"prompt": "The capital of France is", "completion": " Paris."}
    """
    import polars as pl  # loaded by then: see messages_frame

    apart = asked().str.contains(r"[^\s(\[{\"'`/\\>–—-]\z") & pl.col("text").str.contains(r"\A[\p{L}\p{N}]")
    return pl.when(pl.col("joined") & apart).then(pl.lit("no white space between prompt and completion"))


def joins(prompt: Any, completion: Any) -> bool:
    """Whether a text ends and another starts so that they would be read as one word."""
    if not isinstance(prompt, str) or not isinstance(completion, str) or not prompt or not completion:
        return False
    return not prompt[-1].isspace() and completion[0].isalnum() and prompt[-1] not in "([{\"'`/\\>–—-"


@rule(
    "C017",
    "not-nfc",
    severity=Severity.INFO,
    scope=Scope.TEXT,
    prefilter=NotComposed(pattern=COMPOSED, ascii=False),
    hint="Normalise to NFC, unless the example is about it.",
)
def not_nfc() -> "pl.Expr":
    """A text is not in Unicode's normal form C.

    An é of two characters looks like one and makes other tokens: the model learns two spellings of one word, and exact
    comparison fails.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "A cafe\u0301."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "A café."}]}
    """
    import polars as pl  # loaded by then: see messages_frame

    some = pl.when(pl.col("text").str.len_bytes() != pl.col("text").str.len_chars()).then(pl.col("text"))  # the few that are not all ASCII
    return pl.when(some.str.normalize("NFC") != some).then(pl.format("the {}'s text is not in normal form C", pl.col("role").fill_null("message")))


RULES: Final = (part_type, part_on_wrong_role, no_parts, content_kinds_mixed, outer_space, completion_unspaced, not_nfc)
