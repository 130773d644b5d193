"""Detect the language of a text among six in Latin script, if it is clear."""

from typing import Final

from curate.core.text import words
from curate.language.quantity_words import FUNCTION_WORDS

REQUEST_WORDS: Final = {
    "en": "what how why when where which who does do should i my me we there so was were as but they has their its",
    "de": "was wie warum wann wo welche kann ich mein meine einen wir er haben wenn es gibt man nach auch als einem",
    "es": "qué cómo cuál cuáles cuándo dónde por puedo mi me una de la y o necesito tiene hay pero también ya fue "
    "no ese eso esa este está se al lo le su sus muy si más",
    "fr": "comment quel quelle quels quelles pourquoi quand je mon ma mes de la l d et il elle on se ne plus ce cette "
    "au aux par qui pas vous nous est sur",
    "pt": "como qual quais onde quando posso meu minha de me um eu isso foi tem mas também pelo pela às ser está",
    "it": "quale quali come quando dove perché posso mio mia io ho la anche ma questo questa dal alle",
}
"""Frequent words of questions and of prose, in addition to those of `FUNCTION_WORDS`."""
COMMON_WORDS: Final = {
    language: FUNCTION_WORDS[language] | frozenset(listed.split()) for language, listed in REQUEST_WORDS.items()
}
LANGUAGES_OF: Final = {
    word: tuple(language for language, listed in COMMON_WORDS.items() if word in listed)
    for word in frozenset().union(*COMMON_WORDS.values())
}
"""The languages in which each of these words is frequent."""
NAMES: Final = {"en": "English", "de": "German", "es": "Spanish", "fr": "French", "pt": "Portuguese", "it": "Italian"}
MAX_CHARS: Final = 1_000


def clear_language(text: str, least: int, share: float = 0.0) -> str | None:
    """The language of a text: at least `least` of its words and a share of them are frequent in it. Compared with each
    other language, twice as many, and at least `least` / 2, are frequent in it alone as in the other alone. None if
    there is no such language.
    """
    text_words = words(text[:MAX_CHARS].lower().replace("'", " ").replace("’", " "))
    counts, shared = dict.fromkeys(COMMON_WORDS, 0), dict.fromkeys(COMMON_WORDS, 0)
    frequent: dict[tuple[str, ...], int] = {}  # a `Counter` takes three times as long for so few words
    for languages in filter(None, map(LANGUAGES_OF.get, text_words)):
        frequent[languages] = frequent.get(languages, 0) + 1
    for languages, number in frequent.items():
        for language in languages:
            counts[language] += number
    best = max(counts, key=counts.__getitem__)
    if counts[best] < max(least, share * len(text_words)):
        return None
    for languages, number in frequent.items():
        for language in languages if best in languages else ():
            shared[language] += number
    for language in counts:
        best_count, other_count = counts[best] - shared[language], counts[language] - shared[language]
        if language != best and best_count < max(least / 2, 2 * other_count):
            return None
    return best
