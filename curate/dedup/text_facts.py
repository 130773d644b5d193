"""Facts that distinguish near-duplicates: "What is 2 + 3?" and "What is 2 + 4?" differ in one character and in their
meaning.

Only the parts that differ between two texts are compared. Two examples differ in a fact if

- their numbers differ in value or order, or their currencies and other symbols, negations, images, function calls or
  labels differ;
- they have different names, units (MB and Mb, MW and mW), months, quoted words or opposites (before/after) in the same
  position;
- a request, or an answer of a few words, has different content words in the same position: "classify this animal:
  deer", "... bear"; in a long request, only in its first or last sentence;
- a common line of Python or YAML has a different nesting depth;
- they have words in the same position that are easily confused (nitrite, nitrate), or that a request names as options;
- two requests have different options or the same options in a different order, different interrogatives (how, why,
  when, who), persons (he, she, my, your) or tenses (is, was, should);
- two requests have no content word in common, or two answers less than half of theirs: the examples are similar only
  because of a long request;
- one has a word of praise and the other a word of blame: excellent, dreadful;
- one has a name, a unit, a numeral or a restriction (only, except, online) that the other does not have, or a name in
  the position of a pronoun; or a request of up to 40 content words has an additional word.

Other additional words are no difference in a fact, nor are case, hyphens, plurals, polite phrases, missing accents, and
typing errors that swap or double a letter. Doubtful cases count as a difference: keeping a duplicate is less harmful
than losing a fact.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from curate.core.characters import UNSPACED
from curate.core.text import split_unspaced
from curate.dedup.blocks import have_equal_nesting
from curate.dedup.symbols import same_figures
from curate.language.lexicon import (
    ADDED_FACT_WORDS,
    BLAME,
    FILLER_WORDS,
    NEGATIONS,
    PERSONAL_PRONOUNS,
    PRAISE,
    REQUEST_WORDS,
    ROMAN,
    VALUE_WORDS,
    VERB_FORMS,
)
from curate.language.names import SENTENCE_START_MARKS, is_name
from curate.language.negation import has_opposite
from curate.language.sentences import options
from curate.language.spelling import MIN_LETTERS, easily_confused, lacks_accents, same_word, spelling_key
from curate.language.tokens import QUOTED_TEXT, WORD_OR_SIGN

ALPHANUMERIC_WORD: Final = re.compile(r"(?=\w*\d)\w*[^\W\d_]")
"""A word of digits and letters: a hexadecimal number, an identifier, a move, a mutation."""
CASED_UNIT: Final = re.compile(r"\d*([mM](?:Wh?|V|A|J|N|Hz|Pa|g|m|s|[lL]|mol|eV)|[kKMGTP]i?[bB](?:ps)?)")
"""A number and a unit, or a unit alone, whose case matters: mW and MW, Mb and MB."""
BEHIND_MARK: Final = re.compile(rf"[@/\\.]({WORD_OR_SIGN.pattern})")
"""A word of an account, a path, a file name or an address."""
QUOTE_START: Final = re.compile(r"[\"“«‘`]|(?<!\w)'")
QUOTE_MARKS: Final = "\"“«‘`'"
MAX_QUOTED_CHARS: Final = 61
SENTENCE_BREAK: Final = re.compile(r"(?<=[.!?])\s+|\n+")
MIN_PLAIN_LETTERS: Final = 3
"""Number of letters from which a word may lack accents, in a text that has none."""
HYPHEN: Final = re.compile(r"(?<=[^\W\d_]{2})[-\u2010\u2011](?=[^\W\d_]{2})")
"""A hyphen between words, which is no sign: "top-up" is "top up"."""
HYPHENATED: Final = re.compile(r"(?<![\w-])(?!(?:re|un)-)([^\W\d_]{2,})[-\u2010\u2011]([^\W\d_]{2,})(?![\w-])")
CONTRACTION: Final = re.compile(r"(?:n['’]t|['’]\w+)$")
JAPANESE_NEGATION: Final = re.compile("ません|なかった|ない")
"""The words of Japanese stand without spaces."""
GENDERS: Final = frozenset(("he", "she", "him", "her", "his", "hers", "himself", "herself", "mr", "mrs", "ms"))
SHORT_ANSWER_WORDS: Final = 8
"""Number of words of meaning up to which an answer is short: another word makes it another answer."""
LONG_REQUEST_WORDS: Final = 40
"""Number of words of meaning up to which another word makes another request; in longer ones, one in 20 does."""


class Spellings(NamedTuple):
    """The names and the words of an answer, as keys that are equal for all spellings of a word."""

    names: frozenset[str]
    words: frozenset[str]


def spellings_of(text: str) -> Spellings | None:
    """The names and the words of an answer. None for a text that is not ASCII."""
    if not text.isascii():
        return None
    compounds = [match.groups() for match in HYPHENATED.finditer(text.casefold())] if "-" in text else []
    written_words = set(WORD_OR_SIGN.findall(text))
    forms = Counter(map(str.lower, written_words))
    parts = {part for compound in compounds for part in compound}
    names = [
        word
        for written in written_words
        if written[0].isupper() and written.isalpha() and is_name(written, text)
        if forms[word := written.lower()] == 1 and word not in parts and _may_be_fact(word)
    ]
    return Spellings(frozenset(map(_spelling, names)), frozenset(map(_spelling, [*forms, *map("".join, compounds)])))


@lru_cache(65_536)
def _spelling(word: str) -> str:
    """A key that is equal for all spellings of a word, its genitive included."""
    stem = word.partition("'")[0]
    return spelling_key(stem) or stem


def differ_in_names(left: Spellings | None, right: Spellings | None) -> bool:
    """Whether one of two answers has a name of which the other has no spelling. `facts_equal` is then False for them;
    if this is False, or `left` or `right` is None, it may be either.
    """
    return left is not None and right is not None and not (left.names <= right.words and right.names <= left.words)


def facts_equal(left: str, right: str, *, every: bool, requests: tuple[str, str] | None = None) -> bool:
    """Whether one side of two examples states the same facts; with `every`, in the same content words. `requests`: the
    requests of two answers.
    """
    if left == right:
        return True
    left_part, right_part = _without_common_ends(left, right)
    if "\n" in right and not have_equal_nesting(left, right):
        return False
    if not same_figures(left_part, right_part, left, right):
        return False
    more: dict[str, int] = {}
    for token in _tokens(left_part):
        more[token] = more.get(token, 0) + 1
    for token in _tokens(right_part):
        more[token] = more.get(token, 0) - 1
    left_only, right_only = (
        [token for token, count in more.items() if count > 0],
        [token for token, count in more.items() if count < 0],
    )
    return _same_words(
        left_only, right_only, left, right, every=every, request_text="\n".join(requests) if requests else None
    )


def _same_words(
    left_tokens: Iterable[str],
    right_tokens: Iterable[str],
    left: str,
    right: str,
    *,
    every: bool,
    request_text: str | None,
) -> bool:
    """Whether two texts with the same numbers and symbols state the same facts.

    `left_tokens`, `right_tokens`: the tokens that only this text has, or that it has more often.
    """
    left_only, right_only = _folded_words(left_tokens), _folded_words(right_tokens)
    if _have_different_units(left_only, right_only):
        return False
    if len(NEGATIONS.intersection(left_only)) != len(
        NEGATIONS.intersection(right_only)
    ):  # "do not" is as good as "don't"
        return False
    if not left.isascii() and len(JAPANESE_NEGATION.findall(left)) != len(JAPANESE_NEGATION.findall(right)):
        return False
    left_only, right_only = _without_respelled(left_only, right_only, left, right)
    if all(any(map(ALPHANUMERIC_WORD.match, words)) for words in (left_only, right_only)):
        return False
    if all(
        GENDERS.intersection(map(_base_word, words)) for words in (left_only, right_only)
    ):  # a man here, a woman there
        return False
    request = request_text is None
    if _is_named_in_place(left_only, right_only, left) or _is_named_in_place(right_only, left_only, right):
        return False
    if (
        _single_symbols(left_only) != _single_symbols(right_only)
        or _is_confusable(left_only, right_only)
        or _is_opposite(left_only, right_only)
    ):
        return False
    if not _in_same_grammar(left_only, right_only) and (
        every or request or not _all_have_more_words_than(SHORT_ANSWER_WORDS, left, right)
    ):
        return False
    if request and options(left) != options(right):
        return False
    if not left_only and not right_only:
        return _have_equal_order(left, right, names=not request)
    if request and not (
        _share_content_word(left, right) and _all_have_more_words_than(1, left, right)
    ):  # of "Thanks, bot", politeness is all
        return False
    telling = [
        ({word: words[word] for word in filter(_may_be_fact, words)}, text)
        for words, text in ((left_only, left), (right_only, right))
    ]
    if every:
        return not any(words for words, _ in telling)
    return _may_be_reworded(telling, request_text)


def _may_be_reworded(telling: list[tuple[dict[str, str], str]], request_text: str | None) -> bool:
    """Whether content words that only one of two texts has leave the meaning unchanged. `telling`: for each text these
    words (normalized form: as written), and the text; `request_text`: the requests of two answers, None for requests.
    """
    request = request_text is None
    if request and any(
        word in VALUE_WORDS or is_name(written, text) for words, text in telling for word, written in words.items()
    ):
        return False
    both = all(words for words, _ in telling)
    if (
        request
        and any(words for words, _ in telling)
        and not _all_have_more_words_than(
            SHORT_ANSWER_WORDS if both else LONG_REQUEST_WORDS, *(text for _, text in telling)
        )
    ):
        return False  # "Are you based on ChatGPT?" is not "Are you ChatGPT?"
    for (words, text), (_, other) in (telling, telling[::-1]):
        added = [word for word, written in words.items() if word in ADDED_FACT_WORDS or _is_special(written, text)]
        if any(not _has_some(other.casefold(), (word,)) for word in added):
            return False
    if not both:
        return all(
            _has_more_words_than(2 * len(words), text) for words, text in telling if len(words) > SHORT_ANSWER_WORDS
        )
    if all(any(_is_particular(word, written, text) for word, written in words.items()) for words, text in telling):
        return False
    sentences = (
        [request_text]
        if request_text is not None
        else [sentence for _, text in telling for sentence in _outer_sentences(text)]
    )
    if any(_has_some(sentence.casefold(), words) for sentence in sentences for words, _ in telling):
        return False
    least = max(LONG_REQUEST_WORDS, 20 * min(len(words) for words, _ in telling)) if request else SHORT_ANSWER_WORDS
    return all(_has_more_words_than(max(least, 2 * len(words)), text) for words, text in telling)


def _is_opposite(left_words: dict[str, str], right_words: dict[str, str]) -> bool:
    """Whether a word of one side is the opposite of one of the other side, or one side has praise and the other blame.

    Both hold the words that the other does not have, as written, by their normalized form.
    """
    return has_opposite(left_words, right_words) or any(
        not (PRAISE.isdisjoint(side) or BLAME.isdisjoint(other_side))
        for side, other_side in ((left_words, right_words), (right_words, left_words))
    )


def _is_named_in_place(pronouns: dict[str, str], names: dict[str, str], text: str) -> bool:
    """Whether one side has a pronoun where the other one has a name that the first side (`text`) lacks: "He told",
    "Dotson told".
    """
    return not PERSONAL_PRONOUNS.isdisjoint(pronouns) and any(
        written[0].isupper() and _may_be_fact(word) and not _has_some(text.casefold(), (word,))
        for word, written in names.items()
    )


def _has_some(text: str, words: Iterable[str]) -> bool:
    """Whether a folded text contains any of these words."""
    contained = [word for word in words if word in text]
    return bool(contained) and not set(contained).isdisjoint(WORD_OR_SIGN.findall(text))


def _outer_sentences(text: str) -> tuple[str, str]:
    """The first and the last sentence of a request, which contain the task."""
    sentences = [sentence for sentence in SENTENCE_BREAK.split(text) if sentence.strip()] or [text]
    return sentences[0], sentences[-1]


def _without_common_ends(left: str, right: str) -> tuple[str, str]:
    """Two texts without their common first and last words: most of a near-duplicate, and fast to remove."""
    start = left.rfind(" ", 0, _shared_start(left, right)) + 1
    left, right = left[start:], right[start:]
    end = left.find(" ", len(left) - _shared_start(left[::-1], right[::-1]))
    return (left, right) if end < 0 else (left[:end], right[: len(right) - len(left) + end])


def _shared_start(left: str, right: str) -> int:
    """Number of characters that two texts begin with alike."""
    least, beyond = 0, min(len(left), len(right)) + 1
    while beyond - least > 1:
        size = (least + beyond) // 2
        if right.startswith(left[least:size], least):
            least = size
        else:
            beyond = size
    return least


def _tokens(text: str) -> list[str]:
    """The tokens between spaces, as written; in texts with scripts without spaces, words and single characters."""
    if text.isascii() or not re.search(UNSPACED, text):
        return text.split()
    return split_unspaced(WORD_OR_SIGN.findall(text))


def _folded_words(tokens: Iterable[str]) -> dict[str, str]:
    """The words in some tokens, folded, each with its written form."""
    words: dict[str, str] = {}
    for token in sorted(tokens):  # in order, so that the outcome is the same in every run
        if token.isascii() and token.isalpha():
            words.setdefault(token.lower(), token)
            continue
        for piece in WORD_OR_SIGN.findall(HYPHEN.sub(" ", token)):
            words.setdefault(piece.casefold(), piece)
    return words


@lru_cache(65_536)
def _may_be_fact(word: str) -> bool:
    """Whether a word that is not shared may be a fact; numbers and negations are compared elsewhere."""
    return (word not in FILLER_WORDS or word in VALUE_WORDS) and word not in NEGATIONS and word[0].isalpha()


def _in_same_grammar(left_words: dict[str, str], right_words: dict[str, str]) -> bool:
    """Whether the words that are not shared have the same interrogatives, persons and tense."""
    left_grammar, right_grammar = (
        REQUEST_WORDS.intersection(map(_base_word, words)) for words in (left_words, right_words)
    )
    return left_grammar == right_grammar and (VERB_FORMS.isdisjoint(left_words) or VERB_FORMS.isdisjoint(right_words))


@lru_cache(65_536)
def _base_word(word: str) -> str:
    """A word without its contraction: was of wasn't, who of who's."""
    return CONTRACTION.sub("", word)


def _single_symbols(words: dict[str, str]) -> set[str]:
    """Symbols, Roman numerals, and single letters, which may be options and variables."""
    return {
        word
        for word, written in words.items()
        if written in ROMAN
        or (len(word) == 1 and (word in "+−-" or (word.isascii() and word.isalpha() and word not in FILLER_WORDS)))
    }


def _is_confusable(left_words: dict[str, str], right_words: dict[str, str]) -> bool:
    """Whether a word of one side is easily confused with one of the other."""
    ends: dict[tuple[int, str], list[str]] = defaultdict(list)  # such words begin or end with the same letter
    for other in filter(str.isalpha, right_words):
        ends[0, other[0]].append(other)
        ends[-1, other[-1]].append(other)
    return any(
        easily_confused(word, other)
        for word in filter(str.isalpha, left_words)
        for index in (0, -1)
        for other in ends.get((index, word[index]), ())
    )


def _have_different_units(left_words: dict[str, str], right_words: dict[str, str]) -> bool:
    """Whether two units differ in their case alone."""
    for word in left_words.keys() & right_words.keys() if left_words and right_words else ():
        units = [CASED_UNIT.fullmatch(written) for written in (left_words[word], right_words[word])]
        if units[0] and units[1] and units[0][1].replace("K", "k") != units[1][1].replace("K", "k"):
            return True
    return False


def _without_respelled(
    left_words: dict[str, str], right_words: dict[str, str], left: str, right: str
) -> tuple[dict[str, str], dict[str, str]]:
    """The words of both sides without those that are spelling variants of each other; two names are never variants."""
    left_only = {word: written for word, written in left_words.items() if word not in right_words}
    right_only = {word: written for word, written in right_words.items() if word not in left_words}
    if not left_only or not right_only:
        return left_only, right_only
    # one of two texts may be the other one, typed without accents
    least = MIN_PLAIN_LETTERS if left.isascii() != right.isascii() else MIN_LETTERS
    for word, written in list(left_only.items()):
        twin = next((other for other in right_only if lacks_accents(word, other, least)), None)
        if twin is None:
            twin = next((other for other in right_only if other[0] == word[0] and same_word(word, other)), None)
            if twin is None or (is_name(written, left) and is_name(right_only[twin], right)):
                continue
        del left_only[word], right_only[twin]
    _remove_compounds(left_only, right_only, left)
    _remove_compounds(right_only, left_only, right)
    return left_only, right_only


def _remove_compounds(words: dict[str, str], other_words: dict[str, str], text: str) -> None:
    """Remove from both the words of a text with a hyphen that the other text writes as one word: "pre-order" and
    "preorder", but not "re-sign" and "resign". Changes `words` and `other_words`.
    """
    if not words or not other_words or (text.isascii() and "-" not in text):
        return
    for match in HYPHENATED.finditer(text.casefold()):
        compound = match[1] + match[2]
        if compound in other_words and (match[1] in words or match[2] in words):
            del other_words[compound]
            words.pop(match[1], None)
            words.pop(match[2], None)


def _is_particular(word: str, written: str, text: str) -> bool:
    """Whether a word of a text is special, a name, quoted, or part of an account, identifier, path or address."""
    return word in VALUE_WORDS or _is_special(written, text)


def _is_special(written: str, text: str) -> bool:
    """Whether a word of a text is a name, quoted, or part of an account, identifier, path or address."""
    if is_name(written, text) or "_" in written.strip("_") or f"\n{written}" in _marked_words(text):
        return True
    return _may_be_quoted(written, text) and any(written in quoted.group() for quoted in QUOTED_TEXT.finditer(text))


@lru_cache(64)
def _marked_words(text: str) -> str:
    """The words of accounts, paths, file names and addresses in a text, each after a line break; usually empty."""
    return "".join(f"\n{match[1]}" for match in BEHIND_MARK.finditer(text))


def _may_be_quoted(written: str, text: str) -> bool:
    """A fast check whether a quotation could hold a word; usually false."""
    if not any(mark in text for mark in QUOTE_MARKS):
        return False
    position = text.find(written)
    while position >= 0:
        if QUOTE_START.search(text, max(0, position - MAX_QUOTED_CHARS), position):
            return True
        position = text.find(written, position + 1)
    return False


def _have_equal_order(left: str, right: str, *, names: bool) -> bool:
    """Whether two texts of the same words have them in the same order, ignoring their written form; with `names`, only
    names count.
    """
    pieces = [WORD_OR_SIGN.findall(text.casefold()) for text in (left, right)]
    if names:
        names_found = {
            word.casefold() for text in (left, right) for word in WORD_OR_SIGN.findall(text) if is_name(word, text)
        }
        pieces = [[word for word in words if word in names_found] for words in pieces]
    orders = [[word for word in words if _may_be_fact(word)] for words in pieces]
    shared = set(orders[0]).intersection(orders[1])
    return [word for word in orders[0] if word in shared] == [word for word in orders[1] if word in shared]


def may_be_same_question(left: str, right: str) -> bool:
    """Whether two turns may be the same question: they have the same words, or share a content word."""
    return (
        left == right
        or WORD_OR_SIGN.findall(left.casefold()) == WORD_OR_SIGN.findall(right.casefold())
        or _share_content_word(left, right)
    )


def _share_content_word(left: str, right: str) -> bool:
    """Whether two texts share a content word. "Hi" and "Who are you?" do not, nor do "Tell me about you" and "What are
    you called?".
    """
    left_tokens, right_tokens = set(_tokens(left)), set(_tokens(right))
    if any(
        _has_meaning(piece) for token in left_tokens & right_tokens for piece in WORD_OR_SIGN.findall(token.casefold())
    ):  # nearly always, and soon found
        return True
    left_pieces = {
        piece for token in left_tokens for piece in WORD_OR_SIGN.findall(token.casefold()) if _has_meaning(piece)
    }
    return any(piece in left_pieces for token in right_tokens for piece in WORD_OR_SIGN.findall(token.casefold()))


def _has_meaning(piece: str) -> bool:
    """Whether a token is a content word or a number."""
    return _may_be_fact(piece) or piece.isdigit()


def _all_have_more_words_than(count: int, *texts: str) -> bool:
    """Whether each text has more than `count` different content words."""
    return all(_has_more_words_than(count, text) for text in texts)


def _has_more_words_than(count: int, text: str) -> bool:
    """Whether a text has more than `count` different content words."""
    if text.isascii():
        begin = text.split(None, 3 * count + 8)[:-1]  # most texts have as many there already
        if _has_more_than(count, begin):
            return True
    return _has_more_than(count, _tokens(text))


def _has_more_than(count: int, tokens: Iterable[str]) -> bool:
    """Whether more than `count` different tokens are content words."""
    content_tokens = set[str]()
    for token in tokens:
        if not _is_filler(token):
            content_tokens.add(token)
            if len(content_tokens) > count:
                return True
    return False


@lru_cache(65_536)
def _is_filler(token: str) -> bool:
    """Whether a token is a function word."""
    return token.casefold().strip(SENTENCE_START_MARKS + ",)'”» ") in FILLER_WORDS
