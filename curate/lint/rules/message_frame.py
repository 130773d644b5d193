"""The message frame: one row per message of a chunk, as input of the polars expressions of text rules.

Values that depend on other rows are precomputed, so rules can run on any subset of rows. The columns are `example`
(position in the chunk), `turn` (position in the conversation), `role` (null when missing), `text` (see
`curate.core.example.content_text`), `content` (true if there is a content, neither missing nor null), `called` (true if
the message calls a tool or refuses, so it may lack content), `media` (true if the content has a part that is not text, or is the user's in an example with images or other media beside the messages),
`reasoning` (that of an answer beside its text; else null), `joined` (true for texts that are concatenated for training without a template), `asked` (the text of the user's message
that an assistant's message answers; else null), `system` (the system prompt that opens the conversation, or ""), `previous` (the role of the previous message), `next_called` (whether
the next message calls a tool), `again` (1 if the previous message is the same, 2 if the one before it is, else 0).
Rules join `asked`, `system` and `reasoning` with the text of a message by NUL, so in these a NUL is a space.

The other columns are flags for prefilters (see `curate.lint.rules.prefilter.Flag`): cheap to compute and true wherever the rule can fire.
These are `switched`, `echoes`, `foreign` (not all ASCII), `padded` (empty, white space at an end, or an invisible character
first), `brief`, `points`, and the flags of answers (`flags_of`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from curate.core.example import MEDIA_KEYS, SYSTEM_ROLES, Example, content_text, reasoning_texts
from curate.core.lazy import lazy_pattern, pl
from curate.core.text import text_column
from curate.language.lexicon import NON_FINAL_WORDS
from curate.language.negation import YES_OR_NO_HINT
from curate.language.refusals import OPENING_CHARS, REFUSAL_WORDS, refuses
from curate.lint.rules.polars_text_helpers import any_of_pattern
from curate.lint.rules.prefilter import Flag
from curate.read.chunks import Batch

# Without joiners (emoji, Persian, Hindi) and direction marks (Hebrew, Arabic), which have a use.
INVISIBLE_CHARS: Final = "\u200b\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f"
"""Characters that show nothing."""
INVISIBLE_OR_PRIVATE: Final = f"[{INVISIBLE_CHARS}\ue000-\uf8ff]"
"""These and characters for private use, which most fonts do not show."""
POINTING_WORDS: Final = ("following", "given", "above", "below")
TEXT_NOUNS: Final = (
    "text", "sentence", "paragraph", "passage", "article", "code", "list", "email", "poem", "story", "data", "table",
    "conversation", "review", "essay",
)  # fmt: skip
SHOWABLE_NOUNS: Final = ("text", "sentence", "paragraph", "passage", "article", "code", "list", "table", "email")
SPLIT_WORD: Final = "[A-Za-z\u00c0-\u052f][\u00ad\u200c\u200d]+[A-Za-z\u00c0-\u052f]"
"""A soft hyphen or a joiner inside a word of Latin, Greek or Cyrillic letters, which need none."""
REPEATING, UNUSUAL, REFUSING, UNFINISHED, DECIDING = 1, 2, 4, 8, 16
"""Flags of an answer."""
PADDED_TEXT: Final = Flag("padded")
JOINED_TEXT: Final = Flag("joined")
REPEATED_TURN: Final = Flag("repeated")
ECHOED_QUESTION: Final = Flag("echoes")
ECHOED_CHARS: Final = 12
"""Number of first characters of a question, or all of a shorter one, with which an answer that echoes it begins."""
SWITCHED_SCRIPT: Final = Flag("switched")
WIDE: Final = 1.3
"""Bytes per character above which a text is not in Latin script."""
REPEATED_TEXT: Final = Flag("repeats")
PIECE_CHARS: Final = 24
"""Size of the two pieces of a long answer of which one occurs earlier: one at its end, one that ends at a share of it."""
PIECE_SHARE: Final = 0.6
LONG_LOOP_CHARS: Final = 200
"""Minimum length of an answer that counts as repeating with one repeated piece."""
SHORT_LOOP_CHARS: Final = 40
"""Minimum length of a short loop: pieces of its middle and of its end must both occur earlier."""
SHORT_PIECE_CHARS: Final = 8
HEAD_CHARS: Final = 150
"""Number of first characters of a long answer in which spaces, and digits and marks, are counted."""
HEAD_SPACES: Final = (14, 40)
"""Range of the number of spaces in the head of prose."""
HEAD_MARKS: Final = 16
"""Number of digits, # and … in the head that is too high."""
UNUSUAL_TEXT: Final = Flag("uneven")
REFUSED_REQUEST: Final = Flag("declines")
OPEN_ENDS: Final = (",", " (", *NON_FINAL_WORDS)
SENTENCE_CHARS: Final = 120
"""Minimum length of an answer with sentences."""
TAIL_CHARS: Final = 400
"""Number of last characters in which the end of a sentence is searched for."""
EMPTY_ITEM: Final = r"(?:\A|\n)[ \t]*(?:[-*•] \S[^\n]*\n+[ \t]*[-*•]|[0-9]{1,2}[.)] \S[^\n]*\n+[ \t]*[0-9]{1,2}[.)])"
"""At the end of a text: an item of a list and the mark of another, which is empty."""
CUT_NOTE: Final = (
    (
        r"[\[<][ .…]*CUT[ .…]*[\]>]"
        r"|[\[<(](?:[^\[\]<>()\n]{0,24}[^\w\[\]<>()\n])?TEXT[^\[\]<>()\n]{1,24}CUT[^\[\]<>()\n]{0,40}[\]>)]"
        r"|[\[<]CUT[ _][^\[\]<>\n]{0,24}TEXT[^\[\]<>\n]{0,24}[\]>]"
    )
    .replace(
        "CUT",
        "(?i:truncated|cut off|cut short|abgeschnitten|gekürzt|abgebrochen|tronquée?|truncad[oa]|cortad[oa]|troncat[oa]|已?截断"
        "|max(?:imum)?[ _](?:new[ _])?(?:tokens|length)[ _](?:reached|exceeded)|token limit(?: (?:reached|exceeded))?)",
    )
    .replace(
        "TEXT",
        "(?i:output|response|answer|reply|text|message|content|code|transcript|here|due to|because|length|limit|tokens"
        "|antwort|ausgabe|nachricht|hier|respuesta|salida|texto|réponse|texte|sortie|resposta|saída|risposta|testo)",
    )
)
"""At the end of a text: a note of the generating program that it is cut off; with other words, it names the text."""
CUT_NOTE_CHARS: Final = 80
"""Number of last characters in which such a note is searched for."""
CUT_NOTE_END: Final = lazy_pattern(rf"(?:{CUT_NOTE})\Z")
EMPTY_ITEM_END: Final = lazy_pattern(rf"(?:{EMPTY_ITEM})\Z")
MARK_CHARS: Final = 3
"""Maximum length of the mark of an item."""
CUT_TEXT: Final = (PADDED_TEXT, Flag("cut"))
BRIEF_BYTES: Final = 40
"""Maximum size of a brief text."""
SHORT_QUESTION_BYTES: Final = 160
"""Size below which a question is short."""
SHOWING_CHARS: Final = "\n:\"“”'‘`{("
"""Characters that show that a question contains the text it refers to."""
POINTING_PHRASE: Final = (
    rf"(?i-u:(?:the|this|these) (?:{'|'.join(POINTING_WORDS)}) (?:{'|'.join(TEXT_NOUNS)})"
    rf"|(?:{'|'.join(SHOWABLE_NOUNS)}) (?:below|above)|following (?:text|sentence|paragraph|passage|article))"
)
BARE_URL: Final = r"(?:[Ss]ummari[sz]e|[Rr]ead|[Vv]isit|[Oo]pen|[Tt]ranslate|[Aa]naly[sz]e|[Cc]heck) [^\n]*https?://\S+"
MISSING_TEXT: Final = Flag("points")
HAN_SENTENCE_CHARS: Final = 60
"""The same in Chinese, which needs a third of the characters."""
FINAL_STOP: Final = lazy_pattern(r"[.!?](?:[^\n]*|\n+(?:[-*•]|\d+[.)]) [^\n]*)\Z")
END_CHARS: Final = frozenset(".!?;)\"'”*|>]}0123456789")
"""Last characters of most answers; none of them matches `OPEN_ENDS`."""
FENCE: Final = re.compile(r"^\s*```", re.MULTILINE)


def batch_flags(batch: Batch) -> list[list[int]]:
    """The flags of the messages of each plain example of a batch; 0 for messages other than answers."""
    if batch.answer_flags is None:
        answers = [
            text
            for roles, texts in zip(batch.roles, batch.texts, strict=True)
            for role, text in zip(roles, texts, strict=True)
            if role == "assistant"
        ]
        openings = text_column([answer[:OPENING_CHARS] for answer in answers])
        may_refuse, may_decide = (
            openings.str.contains(pattern).to_list() for pattern in (any_of_pattern(*REFUSAL_WORDS), YES_OR_NO_HINT)
        )
        flags = map(flags_of, answers, may_refuse, may_decide)
        batch.answer_flags = [[next(flags) if role == "assistant" else 0 for role in roles] for roles in batch.roles]
    return batch.answer_flags


def flags_of(text: str, may_refuse: bool = True, may_decide: bool = True) -> int:
    """The flags of an answer that are cheaper to compute per text than in columns.

    `may_refuse`: whether its opening has one of `REFUSAL_WORDS`; `may_decide`: whether it matches `YES_OR_NO_HINT`.
    """
    size, (fewest, most) = len(text), HEAD_SPACES
    flags = DECIDING if may_decide else 0
    if size > HEAD_CHARS and not fewest <= text.count(" ", 0, HEAD_CHARS) <= most:
        flags |= UNUSUAL
    if _repeats(text):
        flags |= REPEATING
    if may_refuse and refuses(text[:OPENING_CHARS]):
        flags |= REFUSING
    last = text[-1:]
    unended = last not in END_CHARS and (
        text.endswith(OPEN_ENDS)
        or (last in ":：" and size < 2 * TAIL_CHARS and "\n" not in text)
        or (size > SENTENCE_CHARS and last.islower() and FINAL_STOP.search(text, max(0, size - TAIL_CHARS)))
        or (size > HAN_SENTENCE_CHARS and "\u4e00" <= last <= "\u9fff" and "。" in text)
    )
    if last in "])>":
        unended = CUT_NOTE_END.search(text, max(0, size - CUT_NOTE_CHARS)) is not None
    elif last in "-*•.)" and len(text[text.rfind("\n") + 1 :].lstrip()) <= MARK_CHARS:
        unended = EMPTY_ITEM_END.search(text) is not None
    if unended or text.lstrip()[:1] in ("{", "[") or ("```" in text and len(FENCE.findall(text)) % 2):
        flags |= UNFINISHED
    return flags


def _repeats(text: str) -> bool:
    """Whether one of two pieces of a long answer occurs earlier in it, or both of a short one (`REPEATED_TEXT`)."""
    size = len(text)
    if size > LONG_LOOP_CHARS:
        piece = PIECE_CHARS
        start, end = int(size * PIECE_SHARE) - piece, size - 2 * piece
        return text.find(text[start : start + piece], 0, start) >= 0 or text.find(text[end : end + piece], 0, end) >= 0
    if size <= SHORT_LOOP_CHARS:
        return False
    piece = SHORT_PIECE_CHARS
    start, end = size // 2, size - piece - 2
    return text.find(text[start : start + piece], 0, start) >= 0 and text.find(text[end : end + piece], 0, end) >= 0


ANSWER_KEYS: Final = frozenset(("tool_calls", "function_call", "refusal", "audio"))
CONCATENATED_FORMATS: Final = frozenset(("prompt-completion", "text"))
"""Formats without messages whose texts are concatenated for training, without a template."""
MANY_MARKS: Final = f"(?:[#…0-9][^#…0-9]*){{{HEAD_MARKS}}}"
SHOWN_TEXT: Final = rf"[{SHOWING_CHARS}]|[a-z.?!][A-Z]|[.?!][0-9]|(?:format|style)\b|\ball the following conversations"
"""Signs that a question contains the text it refers to."""


def batch_frame(batch: Batch, examples: Sequence[Example] = ()) -> "pl.DataFrame":
    """All messages of the plain examples of a batch, then those of other examples."""
    rows, flags = _Rows(), batch_flags(batch)
    for position, roles in enumerate(batch.roles):
        rows.example += [position] * len(roles)
        rows.turn += range(len(roles))
        rows.role += roles
        rows.text += batch.texts[position]
        rows.answer_flags += flags[position]
    size = len(rows.example)
    for column, usual in ((rows.content, True), (rows.called, False), (rows.media, False), (rows.joined, False)):
        column.extend([usual] * size)
    rows.reasoning.extend([None] * size)
    for position, example in enumerate(examples, len(batch.roles)):
        rows.add(position, example)
    return rows.frame()


def messages_frame(examples: Sequence[Example]) -> "pl.DataFrame":
    """All messages of `examples`, in order."""
    rows = _Rows()
    for position, example in enumerate(examples):
        rows.add(position, example)
    return rows.frame()


@dataclass(slots=True)
class _Rows:
    example: list[int] = field(default_factory=list)
    turn: list[int] = field(default_factory=list)
    role: list[str | None] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    content: list[bool] = field(default_factory=list)
    called: list[bool] = field(default_factory=list)
    media: list[bool] = field(default_factory=list)
    joined: list[bool] = field(default_factory=list)
    reasoning: list[str | None] = field(default_factory=list)
    answer_flags: list[int] = field(default_factory=list)

    def add(self, position: int, example: Example) -> None:
        """Add the messages of an example."""
        media_beside = any(example.value.get(key) for key in MEDIA_KEYS)
        for message in example.messages:
            value = message.value
            content = value.get("content")
            plain = isinstance(content, str)
            self.example.append(position)
            self.turn.append(message.index)
            self.role.append(message.role)
            self.text.append(content if isinstance(content, str) else content_text(content))
            self.content.append(isinstance(content, str | list))
            self.called.append(not ANSWER_KEYS.isdisjoint(value) and any(value.get(key) for key in ANSWER_KEYS))
            self.media.append((media_beside and message.role == "user") or (not plain and has_media(content)))
            self.joined.append(message.content_pointer == message.pointer and _is_joined(example))
            thoughts = reasoning_texts(value) if message.role == "assistant" else []
            self.reasoning.append("\n".join(thoughts) if thoughts else None)
            self.answer_flags.append(flags_of(self.text[-1]) if message.role == "assistant" else 0)

    def frame(self) -> "pl.DataFrame":
        """The frame. Lone surrogates, which polars cannot store, become question marks."""
        columns = {
            name: text_column(getattr(self, name)) if kind is pl.String else getattr(self, name)
            for name, kind in _schema().items()
        }
        return _with_rare_flags(_with_neighbours(pl.DataFrame(columns, schema=_schema())))


def _schema() -> dict[str, type["pl.DataType"]]:
    """The columns of the message frame and their types."""
    flags = dict.fromkeys(("content", "called", "media", "joined"), pl.Boolean)
    return {
        "example": pl.UInt32,
        "turn": pl.UInt32,
        "role": pl.String,
        "text": pl.String,
        **flags,
        "reasoning": pl.String,
        "answer_flags": pl.UInt8,
    }


def _with_neighbours(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Add the columns that depend on other rows, and the flags that are computed for all rows."""
    role, text, example = pl.col("role"), pl.col("text"), pl.col("example")
    without_nul = text
    if any(frame.select(pl.col("text", "reasoning").str.contains("\0", literal=True).any()).row(0)):
        without_nul = text.str.replace_all("\0", " ", literal=True)
        frame = frame.with_columns(pl.col("reasoning").str.replace_all("\0", " ", literal=True))
    preceding = without_nul.shift(1)
    follows = example.shift(1) == example
    answers = ((role == "assistant") & (role.shift(1) == "user") & follows).fill_null(value=False)
    size = text.str.len_bytes()
    wide = size > text.str.len_chars() * WIDE
    padded = (
        (text.str.strip_chars().str.len_bytes() < size) | (size == 0) | text.str.contains(rf"\A{INVISIBLE_OR_PRIVATE}")
    )
    looked = pl.col("answer_flags")
    system = pl.when(pl.col("turn") == 0).then(
        pl.when(role.is_in(SYSTEM_ROLES)).then(without_nul).otherwise(pl.lit(""))
    )

    def same(back: int) -> "pl.Expr":
        return pl.all_horizontal(column.shift(back) == column for column in (example, role, text)).fill_null(
            value=False
        )

    return frame.with_columns(
        pl.when(answers).then(preceding).alias("asked"),
        pl.when(pl.col("turn") > 0).then(system.forward_fill()).otherwise(pl.lit("")).alias("system"),
        pl.when(follows).then(role.shift(1)).alias("previous"),
        (pl.col("called").shift(-1) & (example.shift(-1) == example)).fill_null(value=False).alias("next_called"),
        pl.when(same(1)).then(1).when(same(2)).then(2).otherwise(0).cast(pl.UInt8).alias("again"),
        switched=answers & (wide != wide.shift(1)).fill_null(value=False),
        reasoned=pl.col("reasoning").is_not_null(),
        followed=(pl.when(role == "user").then(example).backward_fill() == example).fill_null(value=False),
        foreign=size > text.str.len_chars(),
        padded=padded,
        brief=size <= BRIEF_BYTES,
        short=((role == "user") & (size < SHORT_QUESTION_BYTES)).fill_null(value=False),
        long=((role == "assistant") & (size > HEAD_CHARS)).fill_null(value=False),
        repeats=looked & REPEATING > 0,
        uneven=looked & UNUSUAL > 0,
        declines=looked & REFUSING > 0,
        cut=looked & UNFINISHED > 0,
    )


def _with_rare_flags(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Add the flags that are computed only for the few rows that can have them."""
    text = pl.col("text")
    question, head = text.str.strip_chars(), text.str.head(HEAD_CHARS)
    pointing = (question.str.contains(POINTING_PHRASE) & ~question.str.contains(SHOWN_TEXT)) | question.str.contains(
        rf"{BARE_URL}\z"
    )
    opening, asked_opening = (
        column.str.strip_chars_start().str.head(ECHOED_CHARS).str.to_lowercase() for column in (text, pl.col("asked"))
    )
    few = {
        **marked_rows(frame, [pl.col("asked").is_not_null()], [opening.str.starts_with(asked_opening).alias("echoes")]),
        **marked_rows(frame, [pl.col("short")], [pointing.alias("points")]),
        **marked_rows(frame, [pl.col("long")], [head.str.contains(MANY_MARKS).alias("marked")]),
    }
    none = pl.lit(value=False)
    return frame.with_columns(
        echoes=few.get("echoes", none),
        points=few.get("points", none),
        repeated=pl.col("again") > 0,
        uneven=pl.col("uneven") | few.get("marked", none),
    )


def marked_rows(
    frame: "pl.DataFrame", restrictions: "Sequence[pl.Expr]", conditions: "Sequence[pl.Expr]"
) -> "dict[str, pl.Series]":
    """Whether each row meets all restrictions and a condition, by the condition's name; without those that no row meets.

    Each restriction is computed for the rows that meet those before it, and the conditions for what remains.
    """
    names = dict.fromkeys(name for condition in (*restrictions, *conditions) for name in condition.meta.root_names())
    searched, positions = frame[[*names]], None
    rows = searched
    for restriction in restrictions:
        met = rows.select_seq(restriction.arg_true()).to_series()
        positions = met if positions is None else positions[met]
        rows = searched[positions]
    if not len(rows):
        return {}
    marks = {column.name: column for column in rows.select_seq(conditions) if column.any()}
    if positions is None:
        return marks
    nowhere = pl.Series([False]).new_from_index(0, len(frame))
    return {name: nowhere.clone().scatter(positions.filter(mark), values=True) for name, mark in marks.items()}


def _is_joined(example: Example) -> bool:
    """Whether a line's texts are concatenated without a template; for pairs, if a `prompt` or nothing precedes them."""
    return example.format in CONCATENATED_FORMATS or (
        example.format == "preference" and example.messages[0].pointer in ("/prompt", "/chosen")
    )


def has_media(content: Any) -> bool:
    """Whether a content has parts other than text and refusals."""
    return isinstance(content, list) and any(
        isinstance(part, dict) and part.get("type", "text") not in ("text", "refusal") for part in content
    )
