"""The frame of messages that text rules are polars expressions over: one row a message of a chunk of examples.

Columns: `example` (position in the chunk), `turn` (position in the conversation), `role` (null when missing), `text`
(see `curate.example.content_text`), `content` (true when there is a content: neither missing nor null), `called` (true when the
message calls a tool or refuses, so that it may be without content), `media` (true when the content has a part that is not text),
`joined` (true for the texts of a line that are trained on as they stand, without a template),
`marked` (the text where one of `MARKS` is in it, in any case of letters, else null: one pass, after which many rules look at few texts).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from curate.example import Example, content_text

if TYPE_CHECKING:
    import polars as pl

CALLS: Final = frozenset(("tool_calls", "function_call", "refusal", "audio"))
JOINED: Final = frozenset(("prompt-completion", "text"))
"""Formats whose texts, where they are no messages, are trained on as they stand, without a template between them."""
MARKS: Final = (
    # keys and tokens
    "private key", "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-", "xox", "hooks.slack", "aiza", "k_live_", "hf_",
    "npm_", "eyj", "://",
    # placeholders, template variables
    "lorem ipsum", "[insert ", "<noinput", "<nooutput", "<no input", "<no output", "[your ", "[todo", "[tbd", "todo:", "tbd", "{", "%s",
    # another model's voice
    "as an ai", "as a large", "as a language", "as an artificial", "as a ai", "m an ai", "just an ai", "only an ai", "merely an ai", "am an artificial", "knowledge cut",
    # web pages
    "&nbsp", "&amp", "&lt;", "&gt;", "&quot", "&#", "</", "<div", "<span", "<font", "<br", "<td", "<tr", "<table", "<p", "<ul", "<li", "<strong", "<em",
    "click here to", "cookie", "rights reserved", "our newsletter",
    # turns and instructions
    "<|", "inst]", "sys>>", "_of_turn>", "human: ", "user: ", "assistant: ", "# human", "#human", "# user", "#user", "# assistant", "#assistant",
    "# instruction", "#instruction", "# response", "#response", "\ninstruction", "\nnext instruction", "\ninput", "\ntask ", "# next", "# input", "# task",
    # wrong encodings
    "\ufffd", "Â", "Ã", "Å", "Ä", "â", "Ð", "Ñ", "Ø", "Ù", "×", "ð", "ã", "ì", "ë", "ê",
)  # fmt: skip
"""What at least one of stands in every text that the rules about these things may fire on."""


def messages_frame(examples: Sequence[Example]) -> "pl.DataFrame":
    """All messages of `examples`, in order. Lone surrogates, which a column of text cannot hold, become question marks in it."""
    import polars as pl  # a tenth of a second: not for `--help` or a file without examples

    example: list[int] = []
    turn: list[int] = []
    role: list[str | None] = []
    text: list[str] = []
    content, called, media, joined = [], [], [], []
    for position, item in enumerate(examples):
        if item.plain:
            turns = item.value["messages"]
            count = len(turns)
            example += [position] * count
            turn += range(count)
            role += [said["role"] for said in turns]
            text += [said["content"] for said in turns]
            content += [True] * count
            called += [False] * count
            media += [False] * count
            joined += [False] * count
            continue
        for message in item.messages:
            value = message.value
            said = value.get("content")
            plain = isinstance(said, str)
            example.append(position)
            turn.append(message.index)
            role.append(message.role)
            text.append(said if isinstance(said, str) else content_text(said))
            content.append(said is not None)
            called.append(not CALLS.isdisjoint(value) and any(value.get(key) for key in CALLS))
            media.append(not plain and _has_media(said))
            joined.append(message.content_pointer == message.pointer and _is_joined(item))
    columns = {
        "example": example,
        "turn": turn,
        "role": _column(role),
        "text": _column(text),
        "content": content,
        "called": called,
        "media": media,
        "joined": joined,
    }
    flags = dict.fromkeys(("content", "called", "media", "joined"), pl.Boolean)
    schema = {"example": pl.UInt32, "turn": pl.UInt32, "role": pl.String, "text": pl.String} | flags
    frame = pl.DataFrame(columns, schema=schema)
    marked = pl.col("text").str.contains_any(list(MARKS), ascii_case_insensitive=True)
    return frame.with_columns(pl.when(marked).then(pl.col("text")).alias("marked"))


def _is_joined(example: Example) -> bool:
    """Whether the texts of a line are trained on as they stand; those of pairs are, where they are asked by a `prompt` or by nothing."""
    return example.format in JOINED or (example.format == "preference" and example.messages[0].pointer in ("/prompt", "/chosen"))


def _has_media(content: Any) -> bool:
    return isinstance(content, list) and any(isinstance(part, dict) and part.get("type", "text") not in ("text", "refusal") for part in content)


def _column(texts: list[Any]) -> "pl.Series":
    import polars as pl

    try:
        return pl.Series(texts, dtype=pl.String)
    except UnicodeEncodeError:
        return pl.Series([None if text is None else text.encode("utf-8", "replace").decode() for text in texts], dtype=pl.String)
