"""Family Q, characters: what wrong encodings and copied web pages leave in a text."""

import re
from functools import lru_cache
from typing import Any, Final

from curate.core.finding import Severity
from curate.core.lazy import lazy_pattern, pl
from curate.core.text import plural, quoted
from curate.language.identification import COMMON_WORDS, NAMES, clear_language
from curate.lint.rules.message_frame import INVISIBLE_OR_PRIVATE, SPLIT_WORD, SWITCHED_SCRIPT, UNUSUAL_TEXT, WIDE
from curate.lint.rules.polars_text_helpers import (
    answer,
    answered_question,
    asked,
    edit_texts,
    judged_by,
    matching,
    non_ascii,
)
from curate.lint.rules.prefilter import Among, foreign_patterns, patterns
from curate.lint.rules.rule import text_rule

LEAD_CHARS: Final = "ÂÃÅÄâÐÑØÙ×ðãìëê"
CONTINUATION_CHARS: Final = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
MOJIBAKE: Final = f"[{LEAD_CHARS}][{CONTINUATION_CHARS}]"
"""The first two characters of UTF-8 sequences decoded as cp1252 or Latin-1."""
QUOTED_PRINTABLE: Final = r"=[C-F][0-9A-F](?:=[89AB][0-9A-F]){1,3}"
"""The bytes of a UTF-8 sequence in the encoding of mails."""
QUOTED_HINT: Final = "=[C-F][0-9A-F]=[89AB]"
"""Their first characters, a search for which is ten times as fast."""
QUOTED_WORD: Final = f"[A-Za-z]{QUOTED_PRINTABLE}|{QUOTED_PRINTABLE}(?:[a-z]|{QUOTED_PRINTABLE})"
"""The same in a word: by itself, it may compare two cells of a table (`=C3=A9`)."""
URL_START: Final = lazy_pattern(r"://\S*\Z")
MAX_URL_CHARS: Final = 200
C1_CONTROLS: Final = "[\x80-\x84\x86-\x9f]"
"""Control characters that only appear where cp1252 was read as Latin-1; U+0085 is a line separator (J016)."""
TAGGED_FLAG: Final = lazy_pattern(
    f"(\U0001f3f4[\U000e0020-\U000e007f]+)|{INVISIBLE_OR_PRIVATE}"
    "|(?<=[A-Za-z\u00c0-\u052f])[\u00ad\u200c\u200d]+(?=[A-Za-z\u00c0-\u052f])"
)
"""A flag spelled with tag characters, which is kept, or an invisible character."""
PRIVATE_USE: Final = lazy_pattern("[\ue000-\uf8ff]")
"""Characters for private use, which some fonts show: bullets of word processors, icons."""
ZERO_WIDTH_SPACE_SCRIPTS: Final = lazy_pattern("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
"""Thai, Lao, Burmese and Khmer, which use the zero-width space to separate words."""
OTHER_SCRIPT: Final = "[\u0370-\u1cff\u2e80-\ud7ff\uf900-\ufaff\ufe70-\ufeff\U00020000-\U0003ffff]"
"""Letters of scripts other than Latin: Greek, Cyrillic, Arabic, Asian scripts. Compiled on demand: that takes 4 ms."""
LATIN: Final = lazy_pattern("[A-Za-z]{2,}")
_LANGUAGE_REQUEST: Final = (
    r"translat|traduc|перев|翻译|翻譯|번역|翻訳|ترجم|\b(?:in|into|to|from|the) (?:chinese|mandarin|japanese|korean|russian|arabic|hebrew|hindi|greek|thai|ukrainian|english|german|french|spanish|portuguese|italian|bengali|tamil)"
    r"|romani[sz]|transliterat|pinyin|英文|英语|中文|日本語|英語|на английском"
)
LANGUAGE_REQUEST: Final = lazy_pattern(f"(?i){_LANGUAGE_REQUEST}")
"""Requests for another language."""

ABOUT_LANGUAGE: Final = lazy_pattern(
    rf"(?i){_LANGUAGE_REQUEST}|übersetz|language|sprache|idioma|langue|\b(?:english|german|french|spanish"
    r"|portuguese|italian|latin|dutch|englisch|deutsch|spanisch|französisch|italienisch|portugiesisch|latein|niederländisch"
    r"|ingl[eé]s|inglês|espa[nñ]ol|espanhol|franc[eé]s|francês|alem[aá]n|alemão|italiano|portugu[eé]s|portugu[eê]s|holand[eé]s|lat[ií]n"
    r"|anglais|espagnol|fran[cç]ais|allemand|italien|portugais|néerlandais|inglese|tedesco|francese|spagnolo|portoghese)"
    r"|\b(?:lyrics?|songs?|poems?|anthems?|mottos?|quot(?:e|es|ations?)|recite|prayers?|proverbs?|first lines?|opening lines?|title|greet\w*|phrases?|sayings?|\w*spruch|sprichw\w+|zitat|gedicht|refrán|poema|proverbe|poème)\b"
)
"""Requests that name a language, or ask for the words of a work."""
SENTENCE_END: Final = lazy_pattern(r"\s(?:(?<=[.!?]\s)\s*|(?<=\n)\n*)")
ABOUT_ENCODING: Final = lazy_pattern(
    r"(?i)mojibake|quoted.printable|\bmime\b|encod|decod|utf-?8|latin-?1|iso-?8859|cp-?125|windows-125|unicode|[kc]odific|kodier|zeichensatz|zeichencod|codage|charset|编码|乱码|文字化け"
    r"|\S (?:an)?statt \S{1,3}(?:\W|\Z)|\S (?:instead of|rather than|au lieu de|en (?:vez|lugar) de) (?:an? )?\S{1,3}(?:\W|\Z)"
)
"""A text about encodings, which shows what a wrong one leaves."""
MIN_COMMON_WORDS: Final = 0.25
"""Minimum share of frequent words in an answer of a clear language."""
FOREIGN_WORDS: Final = "|".join(sorted(set().union(*COMMON_WORDS.values()) - COMMON_WORDS["en"]))
"""Frequent words of the other languages that are none in English."""
TWO_FOREIGN_WORDS: Final = rf"(?i:(?:\A|[^0-9A-Za-z])(?:{FOREIGN_WORDS})[^0-9A-Za-z](?s:.*[^0-9A-Za-z])?(?:{FOREIGN_WORDS})(?:[^0-9A-Za-z]|\z))"
"""Of two texts in different languages, one has two such words. A search for the words of each language by itself takes
three times as long.
"""
QUOTE_OR_BREAK: Final = lazy_pattern('[\n:"“”«„]')
"""Quotation marks, colons and line breaks, where a question contains a text."""

WORD_PAIR: Final = lazy_pattern(
    r"^[ \t]*(?:[-*•]|\d+[.)])?[ \t]*[^\n:=–—-]{1,40}?[ \t]*(?::|=|–|—|->|→| -)[ \t]+[^\n]{1,40}$", re.MULTILINE
)
"""A line of a vocabulary list: a word or phrase, a sign, and its counterpart."""
MIN_WORD_PAIRS: Final = 4
NOT_PROSE: Final = lazy_pattern(
    r"```|^\s*(?:#\w+|import |from \w)|\d *[-+*/=×x|] *\d|^\S[^|\n]* \| |^\s*[{\[<|]|\\\w+|[=;{}]\s*$|\$.+\$|SELECT |def |^\s*[A-Ha-h1-8][.)] ",
    re.MULTILINE,
)
"""Code, mathematics, tables and choices, which are not prose."""

LATIN_LOOKALIKES: Final = "αικνορτυχωавгеікмнорстухѕіјԁԛԝӏ"
"""Greek and Cyrillic letters that look like Latin ones."""
LOOKALIKE_IN_LATIN: Final = f"[A-Za-z][{LATIN_LOOKALIKES}]{{1,2}}[A-Za-z]"
LATIN_IN_CYRILLIC: Final = "[\u0400-\u04ff][aceopxyijsAEKMHOPCTX]{1,2}[\u0400-\u04ff]"
LETTERS: Final = lazy_pattern(r"[^\W\d_]+")
FORMULA: Final = lazy_pattern("(?:sin|cos|tan|cot|sec|csc|log|ln|exp|d)[α-ω]")

MIN_UNUSUAL_WORDS: Final = 50
"""Minimum number of words of an answer that Q017 checks."""
MAX_MARKS_PER_WORD: Final = 0.1
"""Maximum share of # and ... per word of usual text."""
MEAN_WORD_CHARS: Final = (3, 10)
"""Range of the mean word length of usual text."""
MIN_LETTERED_SHARE: Final = 0.5
"""Minimum share of words with a letter in usual text."""


@text_rule(
    "Q009",
    "mojibake",
    Severity.INFO,
    prefilter=(foreign_patterns(MOJIBAKE, C1_CONTROLS), patterns(QUOTED_HINT)),
    hint="Decode the source as UTF-8. `--fix --unsafe-fixes` repairs this text, unless it is about encodings: see --diff.",
)
def mojibake() -> "pl.Expr":
    """A message contains wrongly decoded text (mojibake).

    For example, "café" read as cp1252 instead of UTF-8 becomes "cafÃ©", and the apostrophe of cp1252 read as Latin-1
    becomes the control character U+0092. In a mail that was not decoded, it is "caf=C3=A9". The model learns the garbled text as words.
    Precision 98%, recall 100% on faults planted into 16 real files.
    Bad: {"messages": [{"role": "user", "content": "Where is the cafÃ©?"}, {"role": "assistant", "content": "Itâ€™s there."}]}
    Good: {"messages": [{"role": "user", "content": "Where is the café?"}, {"role": "assistant", "content": "It's there."}]}
    """
    return judged_by(matching(pl.col("text"), f"{MOJIBAKE}|{C1_CONTROLS}|{QUOTED_WORD}"), _mojibake_message)


@lru_cache(maxsize=64)  # cached for the rule and its repair; a millisecond each
def _with_encoding_fixed(text: str) -> str:
    if re.search(QUOTED_WORD, text):
        text = re.sub(QUOTED_PRINTABLE, _with_bytes_decoded, text)
    if text.isascii():
        return text
    import ftfy  # only imported for texts that look garbled

    return ftfy.fixes.fix_c1_controls(ftfy.fix_encoding(text))


def _with_bytes_decoded(match: re.Match[str]) -> str:
    """The character of a quoted UTF-8 sequence; the match itself if it is none or is in a URL."""
    if URL_START.search(match.string[max(0, match.start() - MAX_URL_CHARS) : match.start()]):
        return match.group()
    try:
        return bytes.fromhex(match.group().replace("=", "")).decode()
    except UnicodeDecodeError:
        return match.group()


def _mojibake_message(text: str) -> str | None:
    decoded = text if ABOUT_ENCODING.search(text) else _with_encoding_fixed(text)
    index = next((i for i, (a, b) in enumerate(zip(text, decoded, strict=False)) if a != b), None)
    if decoded == text or index is None:
        return None
    start = index - next((i for i, char in enumerate(reversed(text[:index])) if char.isspace()), index)
    return (
        f"{quoted(text[start:].split(maxsplit=1)[0], 30)} should be {quoted(decoded[start:].split(maxsplit=1)[0], 30)}"
        if decoded[start:].strip()
        else "text that was decoded wrongly"
    )


@mojibake.repaired_by(safe=False)  # the text may be about it
def decode_again(value: dict[str, Any]) -> dict[str, Any]:
    """Decode the text again as UTF-8."""
    return edit_texts(value, lambda text: _with_encoding_fixed(text) if _mojibake_message(text) else text)


@text_rule(
    "Q010",
    "invisible-character",
    Severity.INFO,
    prefilter=foreign_patterns(INVISIBLE_OR_PRIVATE, "[\u00ad\u200c\u200d]"),
    hint="Check what else was copied with them. `--fix --unsafe-fixes` removes them, unless the text is about them: see --diff.",
)
def invisible_character() -> "pl.Expr":
    r"""A message contains invisible characters.

    Zero-width spaces, bidirectional overrides, private-use and tag characters split words into unusual tokens and can
    hide instructions. So do soft hyphens and joiners inside words of Latin, Greek and Cyrillic letters. Joiners in emoji and in scripts that need them are skipped. Precision 100%, recall 100% on
    faults planted into 16 real files.
    Bad: {"messages": [{"role": "user", "content": "Hi\u200b there"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi there"}, {"role": "assistant", "content": "Hello."}]}
    """

    return judged_by(matching(non_ascii(), f"{INVISIBLE_OR_PRIVATE}|{SPLIT_WORD}"), _invisible_characters)


def _stripped(text: str) -> str:
    """`text` without invisible characters; unchanged if nothing else would remain."""
    thai = ZERO_WIDTH_SPACE_SCRIPTS.search(text) is not None
    stripped = TAGGED_FLAG.sub(
        lambda match: match.group(1) or (match.group() if thai and match.group() == "\u200b" else ""), text
    )
    return stripped if stripped.strip() else text


SOFT_HYPHEN: Final = "\u00ad"
ABOUT_SOFT_HYPHENS: Final = lazy_pattern(
    r"(?i)soft.hyphen|&shy;|U\+00AD|\\u00ad|weiche[rns]* trennstrich|bedingte[rns]* trennstrich"
)


def _invisible_characters(text: str) -> str | None:
    stripped = _stripped(text)
    if SOFT_HYPHEN in text and ABOUT_SOFT_HYPHENS.search(text):  # the text shows what it is about
        text = text.replace(SOFT_HYPHEN, "")
        stripped = stripped.replace(SOFT_HYPHEN, "")
    if stripped == text:
        return None
    first = next((i for i, (a, b) in enumerate(zip(text, stripped, strict=False)) if a != b), len(stripped))
    return (
        f"{plural(len(text) - len(stripped), 'invisible character')}, the first U+{ord(text[first]):04X} at character "
        f"{first + 1}"
    )


@invisible_character.repaired_by(safe=False)  # the text may be about them, or need them
def remove_invisible(value: dict[str, Any]) -> dict[str, Any]:
    """Remove invisible characters; nothing changes where one is for private use, which some fonts show."""
    private: list[str] = []

    def stripped(text: str) -> str:
        private.extend(PRIVATE_USE.findall(text))
        return text if text.isascii() else _stripped(text)

    edited = edit_texts(value, stripped)
    return value if private else edited


@text_rule(
    "Q014",
    "other-script",
    Severity.INFO,
    prefilter=SWITCHED_SCRIPT,
    hint="Answer in the language of the question, or name the wanted language in it.",
)
def other_script() -> "pl.Expr":
    """An answer is in another script than the question.

    For example, a question in English has an answer in Chinese, with no request to translate in it or in the system prompt. The model learns to
    switch languages by itself. Precision 98% on faults planted into 16 real files, recall 20%: languages of one
    script are told apart by the signal `language` of `curate score`.
    Bad: {"messages": [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "法国的首都是巴黎。"}]}
    Good: {"messages": [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "Paris."}]}
    """
    return judged_by(pl.when(pl.col("switched")).then(answer()), _script_message, pl.col("system"), asked())


def _script_message(system: str, prompt: str, answer: str) -> str | None:
    """The message for a question and an answer of which exactly one is in Latin script; None for others."""
    if LANGUAGE_REQUEST.search(system) or LANGUAGE_REQUEST.search(prompt) or "language" in prompt.lower():
        return None
    shares = [len(re.findall(OTHER_SCRIPT, text)) / max(1, len(text)) for text in (prompt, answer)]
    if shares[1] > 0.4 and not shares[0] and len(LATIN.findall(prompt)) >= 3:
        return "the question is in Latin script, the answer is not"
    if (
        shares[0] > 0.4
        and not shares[1]
        and len(LATIN.findall(answer)) > 5
        and not re.search("```|def |SELECT ", answer)
    ):
        return "the answer is in Latin script, the question is not"
    return None


def _language_changes(text: str) -> str | None:
    """The message for an answer whose beginning and end are in two languages; None for others."""
    sentences = SENTENCE_END.split(text)
    if len(sentences) < 2:
        return None
    halves = " ".join(sentences[: len(sentences) // 2]), " ".join(sentences[(len(sentences) + 1) // 2 :])
    first, last = (clear_language(half, 4, MIN_COMMON_WORDS) for half in halves)
    if not first or not last or first == last:
        return None
    return f"the answer begins in {NAMES[first]} and ends in {NAMES[last]}"


def _languages_differ(prompt: str, answer: str) -> str | None:
    """The message for two texts, if they are in two languages; None for others."""
    question_language = clear_language(prompt, 1)
    if not question_language:
        return None
    answer_language = clear_language(answer, 4, MIN_COMMON_WORDS)
    # one word of another language may be a name or a loan
    if (
        not answer_language
        or question_language == answer_language
        or (question_language != "en" and not clear_language(prompt, 3))
    ):
        return None
    return f"the question is in {NAMES[question_language]}, the answer in {NAMES[answer_language]}"


TWO_LANGUAGES: Final = patterns(TWO_FOREIGN_WORDS, among=Among.ASKED_ALONE, columns=("text", "asked"))


@text_rule(
    "Q030",
    "other-language",
    Severity.INFO,
    prefilter=TWO_LANGUAGES,
    hint="Answer in the language of the question, or name the wanted language in it.",
)
def other_language() -> "pl.Expr":
    """An answer is in another language of the Latin script than the question, or changes its language.

    Frequent words of English, German, Spanish, French, Portuguese and Italian tell the languages apart. Questions
    that contain a text or name a language are skipped; the signal `language` of `curate score` knows more languages.
    No finding in 61 real files (15,748 examples of instructions, chats and tool calls).
    Precision 100%, recall 17% on answers in eleven languages planted into 16 of them.
    Bad: {"messages": [{"role": "user", "content": "What is the best time of the year for a visit?"}, {"role": "assistant", "content": "La mejor época es la primavera, que es agradable y no es cara."}]}
    Good: {"messages": [{"role": "user", "content": "What is the best time of the year for a visit?"}, {"role": "assistant", "content": "Spring, which is mild and not so expensive."}]}
    """
    answers = pl.when(answered_question().is_not_null()).then(answer())
    return judged_by(answers, _language_message, pl.col("system"), asked())


def _language_message(system: str, prompt: str, answer: str) -> str | None:
    """The message for a question and an answer in two languages; None for others."""
    if QUOTE_OR_BREAK.search(prompt.strip()):
        return None
    message = _languages_differ(prompt, answer) or _language_changes(answer)
    if message is None:
        return None
    if NOT_PROSE.search(answer) or len(WORD_PAIR.findall(answer)) >= MIN_WORD_PAIRS:
        return None
    return None if ABOUT_LANGUAGE.search(f"{system}\n{prompt}") else message


@text_rule(
    "Q017",
    "odd-text",
    Severity.INFO,
    default=False,
    prefilter=UNUSUAL_TEXT,
    hint="Read the answer. Such text often remains from a table, a menu or a log.",
)
def odd_text() -> "pl.Expr":
    """A long answer does not look like natural language.

    It has many # and ..., a mean word length of 3 or 10 letters, or few words with letters (Gopher's thresholds).
    Code, mathematics and scripts without spaces are skipped. Runs only when selected: on real files, 0 of 5
    findings were right. Recall 3% on faults planted into 16 real files: the signal `garbled` of `curate score`
    takes its place.
    Bad: {"messages": [{"role": "user", "content": "What is a hash?"}, {"role": "assistant", "content": "a # b # c # d # e # f # g # h # i # j # k # l # m # n # o # p # q # r # s # t # u # v # w # x # y # z # a # b # c # d # e # f # g # h # i # j # k # l # m # n # o # p # q # r # s # t"}]}
    Good: {"messages": [{"role": "user", "content": "What is a hash?"}, {"role": "assistant", "content": "A number that is made of a text."}]}
    """
    text = answer()
    unusual = pl.col("uneven")
    return judged_by(
        pl.when(unusual & (text.str.len_bytes() <= text.str.len_chars() * WIDE)).then(text),
        _unusual_text_message,
    )


def _unusual_text_message(text: str) -> str | None:
    words = text.split()
    if len(words) < MIN_UNUSUAL_WORDS:
        return None
    letters = _odd_words(text, words)
    return None if letters is None or NOT_PROSE.search(text) else letters


def _odd_words(text: str, words: list[str]) -> str | None:
    """What is unusual about the words of a text; None if nothing is."""
    marks = (text.count("#") + text.count("...") + text.count("…")) / len(words)
    mean = sum(map(len, words)) / len(words)
    if marks > MAX_MARKS_PER_WORD:
        return f"{marks:.0%} of the answer's words are # or ..."
    if not MEAN_WORD_CHARS[0] <= mean <= MEAN_WORD_CHARS[1]:
        return f"the answer's words have {mean:.1f} characters on average"
    if sum(map(str.isalpha, words)) * 2 >= len(words):  # the other words do not matter
        return None
    letters = sum(any(char.isalpha() for char in word) for word in words) / len(words)
    return f"only {letters:.0%} of the answer's words have letters" if letters < MIN_LETTERED_SHARE else None


@text_rule(
    "Q022",
    "lost-character",
    Severity.INFO,
    prefilter=foreign_patterns("\ufffd"),
    hint="Decode the source again with its real encoding. The character cannot be recovered from this file.",
)
def lost_character() -> "pl.Expr":
    r"""A message contains U+FFFD, which replaces a lost character.

    A reader could not decode some bytes and wrote this mark in their place. The original character is lost. Precision
    100%, recall 100% on faults planted into 16 real files.
    Bad: {"messages": [{"role": "user", "content": "Where is the caf\ufffd?"}, {"role": "assistant", "content": "There."}]}
    Good: {"messages": [{"role": "user", "content": "Where is the café?"}, {"role": "assistant", "content": "There."}]}
    """
    count = matching(non_ascii(), "\ufffd").str.count_matches("\ufffd", literal=True)
    times = pl.when(count == 1).then(pl.lit("once")).otherwise(pl.format("{} times", count))
    return pl.format("the replacement character U+FFFD occurs {}", times)


@text_rule(
    "Q026",
    "look-alike-letter",
    Severity.INFO,
    prefilter=foreign_patterns(f"[{LATIN_LOOKALIKES}]"),
    hint="Write the letters of one alphabet. Such words get past filters, and the model learns unusual tokens.",
)
def look_alike_letter() -> "pl.Expr":
    """A word has a letter of another alphabet that looks like one of its own.

    For example, a Greek alpha or a Cyrillic a inside a word in Latin letters, or the reverse in a word in Cyrillic
    letters. Formulas are skipped.
    Bad: {"messages": [{"role": "user", "content": "Where is the cαfe?"}, {"role": "assistant", "content": "There."}]}
    Good: {"messages": [{"role": "user", "content": "Where is the cafe?"}, {"role": "assistant", "content": "There."}]}
    """
    return judged_by(matching(non_ascii(), f"{LOOKALIKE_IN_LATIN}|{LATIN_IN_CYRILLIC}"), _look_alikes)


def _look_alikes(text: str) -> str | None:
    """The message for words with letters of two alphabets; None if there are none."""
    disguised = [word for word in LETTERS.findall(text) if _is_disguised(word)]
    more = f", and {plural(len(disguised) - 1, 'more word')}" if len(disguised) > 1 else ""
    return f"{quoted(disguised[0], 30)} has letters of two alphabets{more}" if disguised else None


def _is_disguised(word: str) -> bool:
    if word.isascii() or not re.search(f"{LOOKALIKE_IN_LATIN}|{LATIN_IN_CYRILLIC}", word):
        return False
    return sum(map(str.isascii, word)) != 2 and not FORMULA.search(word)
