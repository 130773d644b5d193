"""Questions that are nearly equal, as defined in `docs/leaks.md`: keys that two such questions have in common, and the
comparison word by word.

Without one of all but the last of `PARTS` parts of its words, small words aside, a question equals each one that
differs in a word of this part only; the last key is that of the question without its phrase.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain, combinations, pairwise
from typing import Final

from curate.verify.reading import ParsedContent
from curate.verify.request_phrases import phrase_end
from curate.verify.words import UNSEEN, Words, folded, hashed, words_of

QUESTION_WORDS: Final = 6
"""Minimum number of words of a question."""
REQUEST_WORDS: Final = 3
"""Minimum number of words that are not small, of a question without its phrase."""
MIN_LINES: Final = 3
"""Number of lines from which the lines of a question are compared."""
OPTION: Final = re.compile(
    r"[ \t(\[*>\uff08-]*(?:[a-zA-Z\u0391-\u03c9\u0410-\u044f\uff21-\uff3a\uff41-\uff5a]|[0-9\uff10-\uff19]{1,2})"
    r"[.:)\]\u3001\uff09\uff0e\uff1a](?=[ \t\r\u00a0\u3000\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7bf]|\Z)"
)
"""The beginning of a line with a label; the label is the first word of the line."""
MIN_SIMILARITY: Final = 0.8
"""Jaccard similarity of the words of two questions."""
MIN_LETTERS: Final = 3
"""Letters of the shorter one of two spellings; the longer one, or one of both, has more."""
PARTS: Final = 9
FEW_QUESTIONS: Final = 16
"""Number of questions up to which all pairs are compared."""
SMALL_WORDS: Final = frozenset(
    map(folded, (
        "a", "an", "the", "please", "kindly", "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem",
        "einer", "eines", "bitte", "le", "la", "les", "l", "un", "une", "el", "los", "las", "il", "lo", "una",
        "hi", "hello", "hey", "thanks", "hallo", "danke", "bonjour", "salut", "merci", "hola", "gracias", "ciao",
        "grazie", "olá",
        "greetings", "pls", "thx", "servus", "moin", "szia", "sziasztok", "helló", "üdv", "üdvözlöm", "kérem",
        "kérlek", "köszönöm", "cześć", "hej", "witam", "proszę", "dziękuję", "ahoj", "prosím", "děkuji", "ďakujem",
        "привет", "здравствуйте", "здравствуй", "пожалуйста", "спасибо", "привіт", "дякую", "merhaba", "selam",
        "lütfen", "teşekkürler", "hoi", "alstublieft", "alsjeblieft", "bedankt", "hei", "tack", "takk", "kiitos",
        "mulțumesc", "γεια", "παρακαλώ", "ευχαριστώ", "obrigado", "obrigada", "xin", "chào", "halo", "tolong",
        "नमस्ते", "कृपया", "धन्यवाद", "שלום", "בבקשה", "תודה", "مرحبا", "شكرا", "سلام", "لطفا",
    ))
)  # fmt: skip
"""Articles, polite words and greetings, which do not count."""
FACT_WORDS: Final = frozenset(
    (
        "no", "not", "never", "nor", "none", "nothing", "nobody", "neither", "without", "cannot", "cant", "dont",
        "doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "wont", "wouldnt", "shouldnt", "couldnt", "hasnt",
        "havent", "hadnt", "nicht", "kein", "keine", "keinen", "keinem", "keiner", "keines", "nie", "niemals", "ohne",
        "nichts", "pas", "jamais", "sans", "non", "aucun", "aucune", "nunca", "sin", "nada", "one", "two", "three",
        "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
        "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy",
        "eighty", "ninety", "hundred", "thousand", "million", "billion", "trillion", "first", "second", "third",
        "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    )
)  # fmt: skip
"""Negations and numbers. They are not compared with other spellings."""
Question = tuple[str, ...]


def part_keys(words: Words, attachments_hash: int) -> list[int]:
    """Keys of a question without each part, then without its phrase, 0 for few words; `attachments_hash`: hash of its
    attachments.
    """
    request = _without_small_words(words[phrase_end(words, SMALL_WORDS) :])
    request_key = hashed(" ".join(request), attachments_hash) if len(request) >= REQUEST_WORDS else 0
    if len(words) < QUESTION_WORDS:
        return [*[0] * (PARTS - 1), request_key]
    counted = _without_small_words(words)
    ends = [part * len(counted) // (PARTS - 1) for part in range(PARTS)]
    without_parts = [
        hashed(f"{len(counted)} {part} {' '.join(counted[:begin] + counted[end:])}", attachments_hash)
        for part, (begin, end) in enumerate(pairwise(ends))
    ]
    return [*without_parts, request_key]


def lines_key(lines: Iterable[tuple[str, Words]], attachments_hash: int) -> int:
    """The key of the lines of a question in any order, 0 for few of them. lines: each with its words."""
    compared = sorted(
        " ".join(words)
        for line, every in lines
        if (words := every[1:] if OPTION.match(UNSEEN.sub("", line)) else every)
    )
    if len(compared) < MIN_LINES or sum(line.count(" ") + 1 for line in compared) < QUESTION_WORDS:
        return 0
    return hashed("\n".join(compared), attachments_hash)


def question_of(reading: ParsedContent) -> Question:
    """The words of the user turns."""
    return tuple(chain.from_iterable(words_of([turn.text for turn in reading.turns if turn.role == "user"])))


def nearly_equal_pairs(questions: Mapping[int, Question]) -> Iterable[tuple[int, int]]:
    """Pairs of nearly equal questions among some; of many, those with a spelling in common are compared."""
    if len(questions) <= FEW_QUESTIONS:
        return [pair for pair in combinations(questions, 2) if nearly_equal(questions[pair[0]], questions[pair[1]])]
    by_form: dict[tuple[int, Question], list[int]] = defaultdict(list)
    for number, words in questions.items():
        counted = _without_small_words(words)
        by_form[-1, counted].append(number)
        if end := phrase_end(words, SMALL_WORDS):
            by_form[-1, _without_small_words(words[end:])].append(number)
        for index, word in enumerate(counted):
            if _has_spellings(word):
                for form in _with_letter_removed(word):
                    by_form[index, (*counted[:index], form, *counted[index + 1 :])].append(number)
    candidates = {pair for numbers in by_form.values() for pair in combinations(numbers, 2)}
    return [pair for pair in candidates if nearly_equal(questions[pair[0]], questions[pair[1]])]


def nearly_equal(question: Question, other_question: Question) -> bool:
    """Whether two questions are nearly equal."""
    ends = phrase_end(question, SMALL_WORDS), phrase_end(other_question, SMALL_WORDS)
    if any(ends):
        first, second = _without_small_words(question[ends[0] :]), _without_small_words(other_question[ends[1] :])
        if first == second and len(first) >= REQUEST_WORDS:
            return True
    first, second = _without_small_words(question), _without_small_words(other_question)
    if len(first) != len(second) or min(len(question), len(other_question)) < QUESTION_WORDS:
        return False
    differing = [(left, right) for left, right in zip(first, second, strict=True) if left != right]
    if len(differing) > 1 or (differing and not _spelled_alike(*differing[0])):
        return False
    both, either = set(question) & set(other_question), set(question) | set(other_question)
    return len(both) >= MIN_SIMILARITY * len(either) - 1e-9


def _without_small_words(words: Words) -> Question:
    return tuple(word for word in words if word not in SMALL_WORDS)


def _spelled_alike(word: str, other_word: str) -> bool:
    """Whether two words are equal after at most one letter is removed from each."""
    if not (_has_spellings(word) and _has_spellings(other_word)) or max(len(word), len(other_word)) <= MIN_LETTERS:
        return False
    return not _with_letter_removed(word).isdisjoint(_with_letter_removed(other_word))


def _has_spellings(word: str) -> bool:
    """Whether other spellings of a word are compared: it is not short, a number or a negation."""
    return (
        len(word) >= MIN_LETTERS
        and word not in FACT_WORDS
        and not any(char.isnumeric() or char == "_" for char in word)
    )


def _with_letter_removed(word: str) -> set[str]:
    """A word, and the word without each one of its letters."""
    return {word, *(word[:index] + word[index + 1 :] for index in range(len(word)))}
