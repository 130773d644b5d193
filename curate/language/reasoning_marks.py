"""Find reasoning in the text of an answer: the marks of models, the blocks between them, and broken pairs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from curate.core.example import REASONING_KEYS, REASONING_TYPES, reasoning_texts
from curate.core.lazy import lazy_pattern

TAG_NAMES: Final = ("think", "thinking", "thought", "reasoning", "seed:think")
MARK_HINT: Final = (
    r"(?i-u:</?(?:think|thinking|thought|reasoning|seed:think)>|\[/?think\]|<\|channel\|>analysis|_of_thought\|>)"
)
"""A fast pattern for texts with a mark."""
REASONING_ONLY: Final = (
    r"(?is)\A\s*(?:"
    + "|".join(f"<{name}>.*</{name}>" for name in TAG_NAMES)
    + r"|\[THINK\].*\[/THINK\]|<\|begin_of_thought\|>.*<\|end_of_thought\|>)\s*\z"
)
"""A pattern of polars for texts with nothing but a block; `re` does not know `\\z`."""
MARK: Final = lazy_pattern(
    r"(?i)<(?P<closes>/?)(?P<tag>think|thinking|thought|reasoning|seed:think)>|\[(?P<ends>/?)THINK\]"
    r"|<\|(?P<side>begin|end)_of_thought\|>|<\|channel\|>(?P<channel>analysis|final|commentary)"
)
"""Tags of DeepSeek, Qwen and Anthropic, of Seed-OSS, of Mistral, of OpenThoughts, and the channels of gpt-oss."""
CODE_SPANS: Final = lazy_pattern(r"(?s)```.*?(?:```|\Z)|`[^`\n]*`")
CHANNEL_HEAD: Final = "<|message|>"
CHANNEL_TAIL: Final = lazy_pattern(r"(?:<\|end\|>)?(?:<\|start\|>assistant)?\Z")
OPENING: Final = {"[think]": ("[THINK]", "[/THINK]"), "thought": ("<|begin_of_thought|>", "<|end_of_thought|>")}
OPENING_OF_CHANNEL: Final = ("<|channel|>analysis", "<|channel|>final")


class ReasoningBlock(NamedTuple):
    """A block of reasoning in a text: its outer and its inner range."""

    mark: str
    """Its opening mark."""
    start: int
    inner: int
    inner_end: int
    end: int


class MarkedText(NamedTuple):
    """The marks of a text."""

    blocks: tuple[ReasoningBlock, ...]
    """The outermost blocks with both marks."""
    ended: ReasoningBlock | None
    """The block from the start of the text to the last closing mark without an opening one."""
    unclosed: ReasoningBlock | None
    """The block from the first opening mark without a closing one to the end of the text."""
    nested: bool
    opened: Mapping[str, int]
    """Number of opening marks, by closing mark."""
    closed: Mapping[str, int]
    """Number of closing marks."""
    names: Mapping[str, str]
    """Opening mark by closing mark."""
    paired: bool
    """Whether each opening mark is followed by its closing mark, and the reverse."""


class SplitText(NamedTuple):
    """The reasoning in the text of an answer, and the rest."""

    blocks: tuple[ReasoningBlock, ...]
    reasoning: tuple[str, ...]
    """The text in each block."""
    outside: tuple[str, ...]
    """The texts before, between and after the blocks; empty ones included."""


def split_reasoning(text: str) -> SplitText:
    """Take an answer apart into reasoning and what is said, as parsers of models do.

    A closing mark alone ends a reasoning that the template opened in the prompt. An opening mark alone begins one that
    was cut off, if nothing is said before it; elsewhere the mark is only mentioned.
    """
    marks = marked_text(text)
    ended, unclosed = marks.ended, marks.unclosed
    blocks = [ended, *(block for block in marks.blocks if block.start >= ended.end)] if ended else [*marks.blocks]
    if unclosed and not "".join(outside(text[: unclosed.start], blocks)).strip():
        blocks.append(unclosed)
    inner = tuple(text[block.inner : block.inner_end] for block in blocks)
    return SplitText(tuple(blocks), inner, tuple(outside(text, blocks)))


def without_reasoning(text: str) -> str:
    """An answer without the reasoning in its text; the text itself if it has none."""
    if not ("<" in text or "[" in text) or MARK.search(text) is None:
        return text
    split = split_reasoning(text)
    return "".join(split.outside).strip() if split.blocks else text


def outside(text: str, blocks: Sequence[ReasoningBlock]) -> Iterator[str]:
    """The text before, between and after the blocks."""
    position = 0
    for block in blocks:
        yield text[position : block.start]
        position = block.end
    yield text[position:]


def marked_text(text: str) -> MarkedText:
    """The marks of a text; those in code are left out, if the text has pairs without them."""
    marks = _marked_text(CODE_SPANS.sub(lambda match: " " * len(match[0]), text))
    if marks.unclosed and not text[: marks.unclosed.start].strip():
        # Reasoning that ends within a block of code, and code of the answer behind it, look like one block of code.
        with_code = _marked_text(text)
        return with_code if with_code.paired else marks
    return marks


def _marked_text(text: str) -> MarkedText:
    stack: list[tuple[str, str, int, int]] = []
    blocks: list[ReasoningBlock] = []
    ended: ReasoningBlock | None = None
    opened, closed, names = dict[str, int](), dict[str, int](), dict[str, str]()
    nested, paired = False, True
    for match in MARK.finditer(text):
        opening, closing, closes = _kind(match)
        if match["channel"] and closes and not (stack and stack[-1][1] == closing):
            continue  # an answer without an analysis
        names[closing] = opening
        counts = closed if closes else opened
        counts[closing] = counts.get(closing, 0) + 1
        if not closes:
            nested |= bool(stack)
            stack.append((opening, closing, match.start(), match.end()))
            continue
        level = next((level for level in reversed(range(len(stack))) if stack[level][1] == closing), None)
        paired &= level is not None and level == len(stack) - 1
        if level is not None:
            mark, _, start, inner = stack[level]
            del stack[level:]
            if not stack:
                blocks.append(_block(text, mark, start, inner, match))
        elif not stack:
            ended = ReasoningBlock(opening, 0, 0, match.start(), match.end())
    unclosed = ReasoningBlock(stack[0][0], *stack[0][2:], len(text), len(text)) if stack else None
    return MarkedText(tuple(blocks), ended, unclosed, nested, opened, closed, names, paired and not stack)


def _kind(match: re.Match[str]) -> tuple[str, str, bool]:
    """The opening and the closing mark of a kind, and whether this one closes."""
    if tag := match["tag"]:
        return f"<{tag.lower()}>", f"</{tag.lower()}>", bool(match["closes"])
    if match["side"]:
        return *OPENING["thought"], match["side"].lower() == "end"
    if channel := match["channel"]:
        return *OPENING_OF_CHANNEL, channel.lower() != "analysis"
    return *OPENING["[think]"], bool(match["ends"])


def _block(text: str, mark: str, start: int, inner: int, match: re.Match[str]) -> ReasoningBlock:
    """The block that begins at `start`, with its text from `inner` on, and ends with the mark in `match`."""
    if not match["channel"]:
        return ReasoningBlock(mark, start, inner, match.start(), match.end())
    inner += len(CHANNEL_HEAD) if text.startswith(CHANNEL_HEAD, inner) else 0
    tail = CHANNEL_TAIL.search(text, inner, match.start())
    end = match.end() + (len(CHANNEL_HEAD) if text.startswith(CHANNEL_HEAD, match.end()) else 0)
    return ReasoningBlock(mark, start, inner, max(inner, tail.start() if tail else match.start()), end)


def may_have_marks(text: str) -> bool:
    """Whether a text may contain a closing mark, or begin with an opening one; a fast test."""
    has_slash, has_bar = "/" in text, "|" in text  # a search for one character is ten times as fast
    return (
        (has_slash and ("</" in text or "[/" in text))
        or (has_bar and "|>" in text)
        or ("<" in text and any(f"<{name}>" in text for name in TAG_NAMES))
        or ("[" in text and "[THINK]" in text)
    )


def styles_of_reasoning(turns: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """How the answers of an example write their reasoning, and whether it is not blank, for each place of it."""
    for turn, text in zip(turns, texts, strict=True):
        if turn.get("role") != "assistant":
            continue
        for key in REASONING_KEYS:
            if isinstance(turn.get(key), str):
                yield f"`{key}`", bool(turn[key].strip())
        content = turn.get("content")
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") in REASONING_TYPES:
                yield "content parts", any(reasoning.strip() for reasoning in reasoning_texts({"content": [part]}))
        if may_have_marks(text):
            split = split_reasoning(text)
            for block, reasoning in zip(split.blocks, split.reasoning, strict=True):
                yield block.mark, bool(reasoning.strip())
