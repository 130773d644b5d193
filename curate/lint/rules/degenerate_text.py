"""Family Q, degenerate text: loops, repeated and overused phrases, gibberish. Columns select texts for exact counts."""

import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise
from string import ascii_letters
from typing import Final

from curate.core.finding import Severity
from curate.core.lazy import lazy_pattern, pl
from curate.core.text import normalised, plural, quoted, words
from curate.lint.rules.message_frame import ECHOED_QUESTION, REPEATED_TEXT
from curate.lint.rules.polars_text_helpers import answer, answered_question, asked, judged_by, matching
from curate.lint.rules.prefilter import answer_patterns, literals
from curate.lint.rules.rule import text_rule

MIN_REPEATED_SHARE: Final = 0.7
"""Minimum share of repeated 10-grams in a loop: real loops reach 75 to 100%, tables and verses 65%."""
MAX_TOP_SHARE: Final = 0.16
"""Maximum share of a text in its most frequent 4-gram (Gopher, table A1); shorter n-grams are often names and labels.
"""
MAX_PHRASE_WORDS: Final = 12
"""Maximum number of words of a phrase that is searched for repeats in a row."""
MIN_REPEATS: Final = 6
"""Minimum number of repeats in a row in a loop, which must also fill half of the answer."""
MIN_LOOP_WORDS: Final = 10
"""Minimum number of words of such a loop."""
REPETITION_REQUEST: Final = lazy_pattern(r"(?i)\b(?:repeat\w*|times|loops?|over and over|again and again|mantra)\b")
"""Requests for repetition."""
ECHO_REQUEST: Final = r"(?i)\b(?:repeat|echo|copy|complete|continue|finish|correct|edit|fix|rewrite|proofread)"
CORRECTION_PROMPT: Final = r"(?i)\b(?:translat|rewrit|proofread|grammar|spelling|spacing|punctuation|corrected|balance)"
"""System prompts under which a text without a fault is its own answer."""
VERSE_WORDS: Final = (
    r"songs?|lyrics?|poems?|poetry|verses?|chorus|rap|hymns?|ballads?|sonnets?|haikus?|limericks?|chants?|refrains?|rhym\w+|stanzas?|jingles?|anthems?"
    r"|outro|lullaby|prayers?|repetition"
)
VERSE: Final = lazy_pattern(rf"(?i)\b(?:{VERSE_WORDS})\b")
VERSE_REQUEST: Final = lazy_pattern(
    rf"(?i)\b(?:{VERSE_WORDS}|code|programs?|functions?|scripts?|sql|json|xml|ya?ml|csv|html|schema|tables?|menus?|schedules?|plans?|dialogues?)\b"
)
"""Requests for similar lines: verse, code, tables."""
FORMAL_LINE: Final = lazy_pattern(
    r"^\s*(?:[-*•>|{}\[\]<@#/$\\]|\d+[.):]|[^\n]{0,40}:|.*[;{}=|\]>)]\s*$|\S+$|$)", re.MULTILINE
)
"""A line of a list, of labels, of code or of one word."""
MAX_CHECKED_CHARS: Final = 200_000
"""Number of characters checked per answer: loops start before that."""
MAX_CHECKED_WORDS: Final = 2_000
"""Number of words checked for repeats in a row; longer loops show in the share of repeated n-grams."""
HEAD_CHARS: Final = 300
"""Number of characters in which a text may call itself verse."""
RUN_CHARS: Final = 30
"""Minimum number of one letter or mark in a row."""
RUN_LETTERS: Final = "".join(sorted({*ascii_letters} - {*"fFxX"}))
"""Letters without those that fill masks and numbers of base 16."""
RUN: Final = lazy_pattern(rf"([{RUN_LETTERS}!?,。！？，哈啊])\1{{{RUN_CHARS - 1},}}")
ENCODED: Final = lazy_pattern(r"[0-9+/=]|\b(?=[ACGTUN]*A)(?=[ACGTUN]*C)[ACGTUN]+\b")
"""What words have that are data: Base64, numbers, nucleotides."""
RUN_HINT: Final = "|".join(
    re.escape(char * 8) for char in (*RUN_LETTERS, "!", "?", ",", "。", "！", "？", "，", "哈", "啊")
)
BLANK_LINE: Final = lazy_pattern(r"\n\s*\n")
MIN_SENTENCES_SHARE: Final = 0.4
"""Minimum share of an answer that a repeated pair of sentences makes up: below it, most are versions of one text."""
SENTENCE_END: Final = lazy_pattern(r"(?<=[.!?。！？])\s+")
MIN_PARAGRAPH_CHARS: Final = 60
WORD: Final = lazy_pattern(r"(?<![\w.])[a-zäöüß]{3,}(?!\w)")
"""A word in lower case, which is neither a name nor an abbreviation."""
KEYS: Final = "asdf|sdfg|dfgh|fghj|ghjk|hjkl|jklö|qwer|werti?z|wqp|rtyu|tyui|yxcv|zxcv|xcvb|cvbn|vbnm"
"""Letters of neighbouring keys."""
RANDOM_WORD: Final = lazy_pattern(rf"\A[^aeiouyäöü]{{4,}}\Z|[^aeiouyäöü]{{4}}|{KEYS}")
RANDOM_HINT: Final = rf"(?:(?:[b-df-hj-np-tv-xz]{{4}}|{KEYS})[^\n]{{0,20}}){{3}}"
"""Three such words in a row: in texts of random letters, the share of these is so high that three are near each other."""
NOT_WORDS: Final = lazy_pattern(r"```|https?:|[;{}]\s*\Z|\w\(|=")
CODE_REQUEST: Final = lazy_pattern(
    r"(?i)cipher|\b(?:en|de)(?:cod|crypt)|\brandom|\bcode\b|keyboard|abbreviat|consonant"
)
SLOP: Final = (
    "delve into", "delves into", "rich tapestry", "tapestry of", "testament to", "in today's fast-paced",
    "in today's digital", "it's important to note",
    "it is important to note", "it's worth noting", "it is worth noting", "ever-evolving", "ever-changing landscape",
    "game-changer", "beacon of",
    "embark on a", "unlock the power", "unlock the full potential", "navigate the complexities",
    "navigating the complexities", "in the realm of",
    "plays a crucial role", "play a crucial role", "a myriad of", "a plethora of", "look no further", "let's dive in",
    "i hope this helps", "seamlessly integrat",
)  # fmt: skip
MIN_SLOP_PHRASES: Final = 3
"""Number of overused phrases from which an answer is reported."""
WORN_PHRASES: Final = literals(SLOP)
(SLOP_HINT,) = WORN_PHRASES.texts


def _repeating() -> "pl.Expr":
    """The texts of answers in which a piece occurs twice."""
    return pl.when(pl.col("repeats")).then(pl.col("text").str.head(MAX_CHECKED_CHARS))


@lru_cache(maxsize=64)  # cached for two consecutive rules
def _normalised_words(text: str) -> list[str]:
    return words(normalised(text))


def loop_share(text: str) -> float:
    """Share of a text's 10-grams of words that repeat an earlier one."""
    words = _normalised_words(text)
    grams = [tuple(words[i : i + 10]) for i in range(len(words) - 9)]
    return 1 - len(set(grams)) / len(grams) if len(grams) >= 20 else 0.0


def _loop_message(prompt: str, text: str) -> str | None:
    if REPETITION_REQUEST.search(prompt):
        return None
    share, words = loop_share(text), _normalised_words(text)
    if share >= MIN_REPEATED_SHARE and any(map(str.isalpha, words[MIN_LOOP_WORDS:])):
        return f"{share:.0%} of the answer's 10-word sequences repeat an earlier one: the answer loops"
    size, times = _in_a_row(words) if len(words) <= MAX_CHECKED_WORDS and not VERSE_REQUEST.search(prompt) else (0, 0)
    return f"{plural(size, 'word')} repeat {times} times in a row: the answer loops" if times else None


def _in_a_row(words: list[str]) -> tuple[int, int]:
    """Length in words of the shortest phrase that repeats `MIN_REPEATS` times in a row, and its repeats; 0 and 0 if
    none.

    The repeats must make up half of the text.
    """
    middle = len(words) // 2  # a phrase that fills half of a text includes its middle word or the one before
    for size in range(1, MAX_PHRASE_WORDS + 1) if len(words) >= MIN_LOOP_WORDS else ():
        index_pairs = (
            (index, other_index)
            for index in (middle - 1, middle)
            for other_index in (index - size, index + size)
            if 0 <= other_index < len(words)
        )
        if not any(words[index] == words[other_index] for index, other_index in index_pairs):
            continue
        most = run = 0
        for index in range(size, len(words)):
            run = run + 1 if words[index] == words[index - size] else 0
            most = max(most, run)
        covered = most + size
        if covered >= max(MIN_LOOP_WORDS, MIN_REPEATS * size, len(words) / 2) and any(
            len(word) > 1 and word.isalpha() for word in words[-size:]
        ):
            return size, covered // size
    return 0, 0


def _repetition_message(prompt: str, text: str) -> str | None:
    if (
        "```" in text
        or VERSE_REQUEST.search(prompt)
        or VERSE_REQUEST.search(text[:HEAD_CHARS])
        or REPETITION_REQUEST.search(prompt)
    ):
        return None
    shown = text.splitlines()
    if sum(FORMAL_LINE.match(line) is not None for line in shown) > len(shown) / 4:
        return None
    words = _normalised_words(text)
    if len(words) <= 50 or sum(word.isdigit() for word in words) > len(words) / 8:
        return None
    lines = [line.strip() for line in shown if len(line.strip()) > 20]
    if len(lines) > 4 and (share := 1 - len(set(lines)) / len(lines)) > 0.3 and loop_share(text) < MIN_REPEATED_SHARE:
        return f"{share:.0%} of the answer's lines repeat an earlier line"
    length = sum(map(len, words))
    gram, count = Counter(tuple(words[i : i + 4]) for i in range(len(words) - 3)).most_common(1)[0]
    if (
        count > 4
        and (share := count * sum(map(len, gram)) / length) > MAX_TOP_SHARE
        and loop_share(text) < MIN_REPEATED_SHARE
    ):
        return f"one sequence of 4 words makes up {share:.0%} of the answer"
    return None


@text_rule(
    "Q006",
    "loop",
    Severity.INFO,
    prefilter=(REPEATED_TEXT, answer_patterns(RUN_HINT)),
    hint="Cut the answer where the repetition starts, or remove the example.",
)
def loop() -> "pl.Expr":
    """An answer repeats itself over and over.

    The model that wrote the data was stuck in a loop, and a model trained on it loops too. Reported if 70% of the
    10-word sequences are repeated (tables, verses and legal text stay below), or if a phrase of up to 12 words
    occurs six times in a row and makes up half of the answer, or one letter or mark occurs 30 times in a row. Requests for repetition are skipped. Precision 99%,
    recall 60% on faults planted into 16 real files: the signal `loops` of `curate score` finds shorter ones.
    Bad: {"messages": [{"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": "The sky is blue and the sea is blue and so is the ink. The sky is blue and the sea is blue and so is the ink. The sky is blue and the sea is blue and so is the ink. The sky is blue and the sea is blue and so is the ink. The sky is blue and the sea is blue and so is the ink."}]}
    Good: {"messages": [{"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": "The sky is blue and the sea is blue and so is the ink."}]}
    """
    return pl.coalesce(
        judged_by(_repeating(), _loop_message, asked()), judged_by(matching(answer(), RUN_HINT), _run_message, asked())
    )


def _run_message(prompt: str, text: str) -> str | None:
    """The message for one letter or mark that fills a line; None in code and data, and if the request is about
    repetition.
    """
    run = next((match for match in RUN.finditer(text) if not ENCODED.search(_word_around(text, match))), None)
    if run is None or "```" in text or REPETITION_REQUEST.search(prompt) or RUN.search(prompt):
        return None
    return f"{quoted(run.group()[0])} occurs {RUN_CHARS} times in a row or more"


def _word_around(text: str, run: re.Match[str]) -> str:
    """The word that contains a run of one character: the run and up to 60 characters before it and after it."""
    before, after = text[max(0, run.start() - 60) : run.start()], text[run.end() : run.end() + 60]
    return re.split(r"\s", before)[-1] + run.group()[0] + re.split(r"\s", after)[0]


@text_rule(
    "Q007",
    "repetition",
    Severity.INFO,
    default=False,
    prefilter=REPEATED_TEXT,
    hint="Read the answer and cut the repetition.",
)
def repetition() -> "pl.Expr":
    r"""An answer repeats the same lines or phrases.

    More than 30% of its lines are copies, or one phrase of four words makes up 16% of it (Gopher's thresholds).
    Verse, code, lists and tables are skipped. Runs only when selected: on real files, 0 of 29 findings were right,
    mostly lyrics and code, before these were skipped. Recall 8% on faults planted into 16 real files.
    Bad: {"messages": [{"role": "user", "content": "Give tips."}, {"role": "assistant", "content": "Drink a glass of water before you eat.\nTake a walk around the block each day.\nDrink a glass of water before you eat.\nSleep eight hours in a room that is dark.\nTake a walk around the block each day.\nDrink a glass of water before you eat.\nRead a good book instead of the news.\nTake a walk around the block each day."}]}
    Good: {"messages": [{"role": "user", "content": "Give tips."}, {"role": "assistant", "content": "Drink a glass of water before you eat.\nTake a walk around the block each day."}]}
    """
    return judged_by(_repeating(), _repetition_message, asked())


@text_rule(
    "Q013",
    "echo",
    Severity.INFO,
    prefilter=ECHOED_QUESTION,
    hint="Remove the question from the answer, or remove the example.",
)
def echo() -> "pl.Expr":
    """An answer is the question, or begins with all of it, in any case.

    The model learns to repeat its input. Often an exporter wrote prompt and answer into one field. Precision 100%,
    recall 92% on faults planted into 16 real files.
    Bad: {"messages": [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "What is the capital of France? It is Paris."}]}
    Good: {"messages": [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "It is Paris."}]}
    """
    reply, prompt = answer().str.strip_chars(), answered_question().str.strip_chars()
    # without a question mark, it may be the first words of a sentence
    asked_again = prompt.str.ends_with("?") & reply.str.to_lowercase().str.starts_with(prompt.str.to_lowercase())
    same, begins = reply == prompt, reply.str.starts_with(prompt) | asked_again
    requested = pl.when(begins).then(prompt).str.head(200).str.contains(ECHO_REQUEST)
    requested |= same & pl.col("system").str.contains(CORRECTION_PROMPT)
    long = prompt.str.len_chars()
    messages = (
        pl.when(same & (long >= 12))
        .then(pl.lit("the answer is the question, word for word"))
        .when(begins & (long >= 20))
        .then(pl.lit("the answer begins with the whole question"))
    )
    return pl.when(begins & ~requested).then(messages)


def _overused_phrases(text: str) -> str | None:
    plain = text.lower().replace("’", "'")
    phrases = [phrase for phrase in SLOP if phrase in plain]
    return (
        f"{plural(len(phrases), 'overused phrase')}: {', '.join(phrases[:3])}"
        if len(phrases) >= MIN_SLOP_PHRASES
        else None
    )


@text_rule(
    "Q019",
    "worn-phrases",
    Severity.INFO,
    prefilter=WORN_PHRASES,
    hint="Rewrite the answer in plain words.",
)
def worn_phrases() -> "pl.Expr":
    """An answer has three or more phrases that language models overuse.

    Examples are "a testament to", "delve into" and "it is important to note". They mark text of another model, and a
    model tuned on it writes the same way. Precision 100%, recall 100% on faults planted into 16 real files.
    Bad: {"messages": [{"role": "user", "content": "What is Rome like?"}, {"role": "assistant", "content": "Rome is a rich tapestry and a testament to time. Let's dive in."}]}
    Good: {"messages": [{"role": "user", "content": "What is Rome like?"}, {"role": "assistant", "content": "Old, loud and beautiful."}]}
    """
    text = answer()
    return judged_by(pl.when(text.str.count_matches(SLOP_HINT) >= MIN_SLOP_PHRASES).then(text), _overused_phrases)


@text_rule(
    "Q031",
    "repeated-paragraph",
    Severity.INFO,
    prefilter=REPEATED_TEXT,
    hint="Cut the repetition.",
)
def repeated_paragraph() -> "pl.Expr":
    r"""An answer contains a paragraph twice.

    Paragraphs and pairs of sentences of 60 characters or more count; paragraphs are separated by
    blank lines, and the sentences make up 40% of the answer. Verse, code, lists and requests for
    repetition are skipped. Precision 100%, recall 30% on repeated answers planted into 16 real files; no finding in
    61 real files (15,748 examples of instructions, chats and tool calls).
    Bad: {"messages": [{"role": "user", "content": "Any tips?"}, {"role": "assistant", "content": "Wear shoes that you have already walked in, because new ones cause blisters.\n\nWear shoes that you have already walked in, because new ones cause blisters.\n\nWear shoes that you have already walked in, because new ones cause blisters."}]}
    Good: {"messages": [{"role": "user", "content": "Any tips?"}, {"role": "assistant", "content": "Wear shoes that you have already walked in, because new ones cause blisters.\n\nRest each hour."}]}
    """
    return judged_by(_repeating(), _repeated_paragraph_message, asked())


def _repeated_paragraph_message(prompt: str, text: str) -> str | None:
    if "```" in text or REPETITION_REQUEST.search(prompt) or VERSE.search(prompt) or VERSE.search(text[:HEAD_CHARS]):
        return None
    paragraphs = [part.strip() for part in BLANK_LINE.split(text) if "\n" not in part.strip()]
    sentences = [SENTENCE_END.split(part) for part in paragraphs]
    pairs = [" ".join(pair) for part in sentences for pair in pairwise(part) if not FORMAL_LINE.match(pair[1])]
    for kind, parts in (("paragraph occurs", paragraphs), ("pair of sentences occurs", pairs)):
        counts = Counter(part for part in parts if len(part) >= MIN_PARAGRAPH_CHARS and not FORMAL_LINE.match(part))
        part, times = max(counts.items(), key=lambda item: item[1], default=("", 0))
        if times > 1 and (parts is paragraphs or len(part) * times >= MIN_SENTENCES_SHARE * len(text)):
            return f"a {kind} {times} times: {quoted(part, 40)}"
    return None


@text_rule(
    "Q032",
    "gibberish",
    Severity.INFO,
    prefilter=answer_patterns(RANDOM_HINT),
    hint="Remove the example, or write an answer.",
)
def gibberish() -> "pl.Expr":
    """An answer consists of random letters.

    Eight words or more, and 40% of the words or six in a row, have no vowel, four consonants in a row or the letters
    of neighbouring keys. Code and requests for codes and ciphers are skipped; the signal `garbled` of `curate score`
    compares an answer with the other answers of the file. The one finding in 31 real files and 17,671 shared chats was
    right.
    Bad: {"messages": [{"role": "user", "content": "What is an atom?"}, {"role": "assistant", "content": "xkq zrrt mpl wvvt qqln brtz klmp sdrt vvcx"}]}
    Good: {"messages": [{"role": "user", "content": "What is an atom?"}, {"role": "assistant", "content": "The smallest part of a chemical element."}]}
    """
    return judged_by(answer(), _gibberish_message, asked())


def _gibberish_message(prompt: str, text: str) -> str | None:
    found_words = WORD.findall(text)
    random = [RANDOM_WORD.search(word) is not None for word in found_words]
    run = any(all(random[start : start + 6]) for start in range(len(random) - 5))
    if (
        len(found_words) < 8
        or not (run or sum(random) >= 0.4 * len(random))
        or NOT_WORDS.search(text)
        or CODE_REQUEST.search(prompt)
    ):
        return None
    return f"{sum(random)} of {len(random)} words are random letters: {quoted(' '.join(found_words), 40)}"
