"""Reasoning in answers, between marks or beside the text: broken, empty, misplaced, cut off, or in two styles."""

import re
from typing import Final

from curate.core.finding import PlacedProblems, Problem, Severity
from curate.core.lazy import lazy_pattern, pl
from curate.core.text import excerpt
from curate.language.identification import NAMES, clear_language
from curate.language.lexicon import NON_FINAL_WORDS
from curate.language.reasoning_marks import MARK, MARK_HINT, MarkedText, ReasoningBlock, marked_text, outside
from curate.lint.rules.characters import LATIN, MIN_COMMON_WORDS, OTHER_SCRIPT
from curate.lint.rules.dataset_summary import DatasetSummary, in_some
from curate.lint.rules.polars_text_helpers import answer, asked, judged_by, question
from curate.lint.rules.prefilter import Flag, shared_patterns
from curate.lint.rules.rule import profile_rule, text_rule

MARKED: Final = shared_patterns(MARK_HINT)
BESIDE: Final = Flag("reasoned")  # no plain line has any
"""Answers with reasoning under a key of its own or in content parts."""
CUT_END: Final = lazy_pattern(rf"(?i)(?:[,;(\[{{]|(?<![\w'’-])(?:{'|'.join(NON_FINAL_WORDS)}))\Z")
"""Ends that no sentence has."""
NOT_PROSE_CHARS: Final = frozenset("=<>{}|#*`$\\:/")
MIN_UNENDED_WORDS: Final = 4
"""Minimum number of words of a last line without a complete sentence, which may be a heading or an item."""
ENDED_SENTENCE: Final = lazy_pattern(r"[a-z0-9)\"'”][.!?][\"')”’]?(?=\s|\Z)")
MIN_CUT_CHARS: Final = 80
"""Minimum length in characters of a reasoning of which the last sentence is examined."""
MIN_LANGUAGE_CHARS: Final = 40
"""Minimum length in characters of a reasoning whose language is examined."""
MIN_SCRIPT_SHARE: Final = 0.3
"""Share of characters of another script from which a text is in that script."""
MIN_QUESTION_REASONING: Final = 5
"""Minimum number of words of a block in a question that is not a description of the format."""


def _answer_and_reasoning() -> "pl.Expr":
    """The answer and its reasoning beside the text, joined by NUL, where there is a mark or reasoning beside it."""
    text = answer()
    reasoning = pl.col("reasoning")
    return pl.concat_str(
        pl.when(reasoning.is_not_null() | text.str.contains(MARK_HINT)).then(asked()),
        text,
        reasoning.fill_null("\1"),
        separator="\0",
    )


class _ReasonedAnswer:
    """An answer with its question, taken apart into reasoning and what is said."""

    def __init__(self, joined: str) -> None:
        self.question, remainder = joined.split("\0", 1)
        self.text, _, reasoning = remainder.rpartition("\0")
        self.beside = None if reasoning == "\1" else reasoning
        self.marks: MarkedText = marked_text(self.text)
        if self.beside and not any(self.beside.strip() in self.inside(block) for block in self.blocks):
            self.text = self.text.replace(self.beside, "", 1)  # some content parts are texts, too
            self.marks = marked_text(self.text)
        self.about_marks = bool(MARK.search(self.question))

    @property
    def blocks(self) -> tuple[ReasoningBlock, ...]:
        """The blocks of reasoning in the text; none if the marks are broken, which Q029 reports."""
        return self.marks.blocks if self.marks.paired else ()

    def inside(self, block: ReasoningBlock) -> str:
        """The reasoning in a block."""
        return self.text[block.inner : block.inner_end].strip()

    @property
    def reasonings(self) -> list[str]:
        """All reasoning of the answer."""
        return [*map(self.inside, self.blocks), *([self.beside.strip()] if self.beside else [])]

    @property
    def said(self) -> str:
        """The text without its blocks of reasoning."""
        return "".join(outside(self.text, self.blocks)).strip()


@text_rule(
    "Q029",
    "unpaired-reasoning-tag",
    Severity.WARNING,
    prefilter=MARKED,
    hint="Write both tags or none. If the model's template opens the reasoning in the prompt, write the opening tag, "
    "too.",
)
def unpaired_reasoning_tag() -> "pl.Expr":
    """An answer has an opening tag of reasoning without its closing tag, or the reverse.

    The tags are `<think>`, `<thinking>`, `<thought>`, `<reasoning>`, `<seed:think>`, `[THINK]`, `<|begin_of_thought|>`
    and the channel `analysis` of gpt-oss. Templates and loss masks look for the pair: without it, the reasoning is
    trained on as part of the answer, or the answer as reasoning. Tags in code and those of which the question has one
    are skipped. Recall 100% on faults planted into a real file, none of its 110 sound pairs of reasoning and answer is
    reported; the one finding in 61 real files was right.
    Bad: {"messages": [{"role": "user", "content": "Name a capital."}, {"role": "assistant", "content": "I need a capital.</think>Paris."}]}
    Good: {"messages": [{"role": "user", "content": "Name a capital."}, {"role": "assistant", "content": "<think>I need a capital.</think>Paris."}]}
    """
    return judged_by(answer(), _unpaired_message, asked())


def _unpaired_message(prompt: str, text: str) -> str | None:
    """The message for an answer whose marks are not in pairs; the question is before it, up to a null character.

    None if they are, or if the question has a mark.
    """
    marks = marked_text(text)
    if marks.paired or MARK.search(prompt):
        return None
    for closing, opening in marks.names.items():
        opened, closed = marks.opened.get(closing, 0), marks.closed.get(closing, 0)
        if opened != closed:
            return f"{opened} {opening} and {closed} {closing} in the answer"
    closing, opening = next(iter(marks.names.items()))
    return f"{closing} before {opening} in the answer, or across another tag"


@text_rule(
    "Q034",
    "scattered-reasoning",
    Severity.WARNING,
    prefilter=(MARKED, BESIDE),
    hint="Write one block of reasoning, before the answer, in one place.",
)
def scattered_reasoning() -> "pl.Expr":
    """The reasoning of an answer is in several places: in two blocks, one in the other, behind text, or also beside it.

    Templates and parsers expect one block at the start. They keep the text behind the last closing tag, so that what
    stands before the block is lost without a warning; and a reasoning beside the text is rendered a second time. Recall
    100% on faults planted into a real file, none of its 110 sound pairs is reported.
    Bad: {"messages": [{"role": "user", "content": "Name a capital."}, {"role": "assistant", "content": "Well. <think>I need a capital.</think>Paris."}]}
    Good: {"messages": [{"role": "user", "content": "Name a capital."}, {"role": "assistant", "content": "<think>I need a capital.</think>Paris."}]}
    """
    return judged_by(_answer_and_reasoning(), _scattered_message)


def _scattered_message(joined: str) -> str | None:
    parsed = _ReasonedAnswer(joined)
    blocks = parsed.blocks
    if not blocks or parsed.about_marks:
        return None
    if parsed.marks.nested:
        return f"a block {blocks[0].mark} contains another one"
    if parsed.beside and parsed.beside.strip():
        return f"the answer has a block {blocks[0].mark}, and reasoning beside its text"
    if len(blocks) > 1:
        return f"the answer has {len(blocks)} blocks of reasoning"
    if before := parsed.text[: blocks[0].start].strip():
        return f"'{excerpt(before, 30)}' stands before {blocks[0].mark}"
    return None


@text_rule(
    "Q035",
    "empty-reasoning",
    Severity.INFO,
    prefilter=(MARKED, BESIDE),
    hint="Write the reasoning, or leave the block out. Keep it if the model's template writes empty blocks itself.",
)
def empty_reasoning() -> "pl.Expr":
    """The reasoning of an answer is empty.

    A model that learns empty blocks stops to reason. Only templates with a switch for reasoning, such as that of Qwen3,
    write an empty block where it is off; then it belongs to the template, not to the data. Recall 100% on faults planted
    into a real file, none of its 110 sound pairs is reported.
    Bad: {"messages": [{"role": "user", "content": "Name a capital."}, {"role": "assistant", "content": "<think></think>Paris."}]}
    Good: {"messages": [{"role": "user", "content": "Name a capital."}, {"role": "assistant", "content": "<think>I need a capital.</think>Paris."}]}
    """
    return judged_by(_answer_and_reasoning(), _empty_message)


def _empty_message(joined: str) -> str | None:
    parsed = _ReasonedAnswer(joined)
    if parsed.about_marks:
        return None
    if empty := next((block for block in parsed.blocks if not parsed.inside(block)), None):
        return f"the block {empty.mark} is empty"
    return (
        "the reasoning beside the answer is empty" if parsed.beside is not None and not parsed.beside.strip() else None
    )


@text_rule(
    "Q036",
    "reasoning-in-question",
    Severity.WARNING,
    prefilter=MARKED,
    hint="Move the block to the answer, or remove it.",
)
def reasoning_in_question() -> "pl.Expr":
    """A question contains a block of reasoning.

    Roles were swapped, or an answer was copied into the next question. The model is never asked that way, and templates
    strip such a block from answers only. Descriptions of the format and blocks in code are skipped. Recall 100% on faults
    planted into a real file, none of its 110 sound pairs is reported.
    Bad: {"messages": [{"role": "user", "content": "<think>The user wants a city. It should be in France.</think>Name a capital."}, {"role": "assistant", "content": "Paris."}]}
    Good: {"messages": [{"role": "user", "content": "Name a capital. Reason in <think> your reasoning </think>."}, {"role": "assistant", "content": "<think>A city in France.</think>Paris."}]}
    """
    return judged_by(question(), _asked_message)


def _asked_message(text: str) -> str | None:
    marks = marked_text(text)
    for block in marks.blocks:
        content = text[block.inner : block.inner_end]
        if len(content.split()) >= MIN_QUESTION_REASONING and "..." not in content and not FORMAT_WORDS.search(content):
            return f"the question has a block {block.mark}"
    start = text.lstrip()[:40]
    if not marks.paired and not marks.blocks and (match := MARK.match(start)) and not match["closes"]:
        return f"the question begins with {excerpt(match[0], 20)}"
    return None


FORMAT_WORDS: Final = lazy_pattern(
    r"(?i)\byour\b|\b(?:reasoning|thoughts?|thinking|chain of thought) (?:process|here|steps?|goes|trace)\b|\bhere\b\s*\Z"
)
"""Words of a block that describes the format of an answer."""


@text_rule(
    "Q037",
    "reasoning-in-history",
    Severity.INFO,
    prefilter=(MARKED, BESIDE),
    hint="Split the conversation so that each answer with reasoning is the last one, or train with a template that keeps "
    "the reasoning: `curate check --template NAME` shows what yours does.",
)
def reasoning_in_history() -> "pl.Expr":
    """An answer before another question has reasoning.

    Most templates strip the reasoning from earlier answers, as inference does. A trainer that renders the conversation
    once never trains on it; one that keeps it trains on a history that inference does not have. In the one
    real file with reasoning at hand it reports 20 of 50 conversations.
    Bad: {"messages": [{"role": "user", "content": "Name a capital."}, {"role": "assistant", "content": "<think>In France.</think>Paris."}, {"role": "user", "content": "Another?"}, {"role": "assistant", "content": "Rome."}]}
    Good: {"messages": [{"role": "user", "content": "Name a capital."}, {"role": "assistant", "content": "Paris."}, {"role": "user", "content": "Another?"}, {"role": "assistant", "content": "<think>In Italy.</think>Rome."}]}
    """
    return judged_by(pl.when(pl.col("followed")).then(_answer_and_reasoning()), _history_message)


def _history_message(joined: str) -> str | None:
    parsed = _ReasonedAnswer(joined)
    has_reasoning = any(parsed.reasonings) and not parsed.about_marks
    return "the answer has reasoning, and a question follows it" if has_reasoning else None


@text_rule(
    "Q038",
    "reasoning-in-other-language",
    Severity.INFO,
    prefilter=(MARKED, BESIDE),
    hint="Write the reasoning in the language of the answer, unless you train on both on purpose.",
)
def reasoning_in_other_language() -> "pl.Expr":
    """The reasoning is in another language than the question and the answer.

    The model learns to switch languages, and its users cannot read the reasoning. Scripts are told apart by their
    characters, languages of the Latin script by their frequent words. Recall 80% on faults planted into a real file, none
    of its 110 sound pairs is reported.
    Bad: {"messages": [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "<think>用户想知道法国的首都是哪里。法国的首都是巴黎，这是一个众所周知的事实，所以我直接回答这个问题就可以了。</think>The capital of France is Paris."}]}
    Good: {"messages": [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "<think>The user asks for the capital of France, and it is a well-known fact.</think>The capital of France is Paris."}]}
    """
    return judged_by(_answer_and_reasoning(), _language_message)


def _language_message(joined: str) -> str | None:
    parsed = _ReasonedAnswer(joined)
    reasoning = "\n".join(parsed.reasonings)
    if len(reasoning) < MIN_LANGUAGE_CHARS or not parsed.question.strip() or not parsed.said:
        return None
    shares = [
        len(re.findall(OTHER_SCRIPT, text)) / max(1, len(text)) for text in (parsed.question, reasoning, parsed.said)
    ]
    if shares[1] > MIN_SCRIPT_SHARE and not shares[0] and not shares[2] and len(LATIN.findall(parsed.question)) >= 3:
        return "the reasoning is not in Latin script, the question and the answer are"
    if not shares[1] and min(shares[0], shares[2]) > MIN_SCRIPT_SHARE and len(LATIN.findall(reasoning)) > 5:
        return "the reasoning is in Latin script, the question and the answer are not"
    asks = clear_language(parsed.question, 1)
    thinks, says = (clear_language(text, 4, MIN_COMMON_WORDS) for text in (reasoning, parsed.said))
    languages = {language for language in (says, asks) if language}
    if not thinks or len(languages) != 1 or thinks in languages or not (says or clear_language(parsed.question, 3)):
        return None
    return f"the reasoning is in {NAMES[thinks]}, the question and the answer in {NAMES[languages.pop()]}"


@text_rule(
    "Q039",
    "cut-reasoning",
    Severity.INFO,
    prefilter=(MARKED, BESIDE),
    hint="Write the reasoning anew with a higher limit of tokens, or remove the example.",
)
def cut_reasoning() -> "pl.Expr":
    """The reasoning of an answer stops in the middle of a sentence.

    A budget of tokens ended it, and the answer was written without it. The model learns to break off and to answer
    anyway. A reasoning without a closing tag is reported by Q029, one without an answer by Q008 and C003. Recall 80% on
    faults planted into a real file, none of its 110 sound pairs is reported.
    Bad: {"messages": [{"role": "user", "content": "Name a capital."}, {"role": "assistant", "content": "<think>The user asks for a capital. There are many capitals in Europe, and one that everybody knows is the</think>Paris."}]}
    Good: {"messages": [{"role": "user", "content": "Name a capital."}, {"role": "assistant", "content": "<think>The user asks for a capital. There are many capitals in Europe, and one that everybody knows is Paris.</think>Paris."}]}
    """
    return judged_by(_answer_and_reasoning(), _cut_message)


def _cut_message(joined: str) -> str | None:
    parsed = _ReasonedAnswer(joined)
    if parsed.about_marks:
        return None
    cut = next((reasoning for reasoning in parsed.reasonings if _is_cut(reasoning)), None)
    return f"the reasoning ends with '{excerpt(cut[-30:].lstrip(), 30)}'" if cut else None


def _is_cut(reasoning: str) -> bool:
    if CUT_END.search(reasoning[-40:]) and " " in reasoning:
        return True
    if len(reasoning) < MIN_CUT_CHARS:
        return False
    ends = [match.end() for match in ENDED_SENTENCE.finditer(reasoning)]
    unended = reasoning[ends[-1] if ends else 0 :]
    last = unended.rpartition("\n")[2]
    return (
        len(ends) > 1
        and "a" <= last[-1:] <= "z"
        and len(last.split()) >= (MIN_UNENDED_WORDS if "\n" in unended else 1)
        and NOT_PROSE_CHARS.isdisjoint(last)
    )


@profile_rule(
    "M027",
    "reasoning-in-some",
    Severity.WARNING,
    hint="Give all answers their reasoning, or none, unless you train on both on purpose.",
)
def reasoning_in_some(summary: DatasetSummary) -> PlacedProblems:
    """Some examples of a file have the assistant's reasoning and others have none.

    It is in a key such as `reasoning_content`, in content parts, or between tags in the text. Trainers read such keys if
    the first lines have them. The model learns to reason or not at random.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "reasoning_content": "A greeting.", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Goodbye."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "reasoning_content": "A greeting.", "content": "Hello."}]}
    """
    return in_some(summary.reasoned, "reasoning")


@profile_rule(
    "M029",
    "reasoning-styles",
    Severity.WARNING,
    hint="Write all reasoning of a file in one style: that which the model's template reads.",
)
def reasoning_styles_of_file(summary: DatasetSummary) -> PlacedProblems:
    """The examples of a file write their reasoning in different styles.

    The styles are a key of the message (`reasoning_content`, `thinking`, `reasoning`), content parts, and tags in the
    text. A template reads one of them. It renders the others as part of the answer, or drops them without a warning.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "reasoning_content": "A greeting.", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "<think>A farewell.</think>Goodbye."}]}
    Good:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "<think>A greeting.</think>Hello."}]}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "<think>A farewell.</think>Goodbye."}]}
    """
    styles = summary.reasoning_styles
    if len(styles) > 1:
        rarest = min(styles, key=lambda style: (styles[style][0], style))
        counts = ", ".join(f"{count:,} with {style}" for style, (count, _) in sorted(styles.items()))
        yield styles[rarest][1], Problem("", f"reasoning in {len(styles)} styles: {counts}")
