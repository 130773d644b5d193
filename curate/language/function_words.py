"""The language of a question by its function words, for questions too short for other ways to tell it."""

from collections.abc import Sequence
from functools import cache
from typing import Final

from curate.language.lexicon import STOPWORDS

ENGLISH: Final = "en"
QUESTION_FUNCTION_WORDS: Final[dict[str, frozenset[str]]] = {
    language: frozenset(listed.split())
    for language, listed in {
        "de": """aber als also am an auch auf aus bei beim bin bis brauche brauchen braucht da dann darf dürfen das
        dass dein deine dem den der des dich die dir doch du durch ein eine einem einen einer eines er es
        etwas euch für fürs gegen gehört geht gibt gilt gelten habe haben hat hatte hier ich ihr ihre ihren
        im in ins ist ja jetzt kann kein keine können könnte kommt lässt lange mal man mein meine meinem
        meinen meiner mich mir mit möchte muss müssen nach nicht noch nun nur ob oder ohne schon sein seine
        seit sich sie sind so soll sollte über um und uns unser unsere unter viel viele vom von vor wann war
        was weg welche welchem welchen welcher welches wen wem wenn wer werden wie wieder will wir wird wo
        wofür wohin woher wollen würde zu zum zur zwischen""",
        "nl": """aan al als bij dan dat de deze die dit door een en er ga gaat haar heb hebben hebt heeft het hij hoe
        hoelang hoeveel ik in is je jullie kan kun kunnen maar mag me met mij mijn moet moeten na naar niet
        nog nu of om ons onze ook op over te tot uit van vanaf veel voor waar wanneer was wat we welk welke
        wie wij worden wordt zal zijn zo zonder zou u uw""",
        "fr": """à ai après au aussi aux avant avec ce cela ces cet cette chez combien comment dans de des doit dois
        du elle en est et être faut il ils je jusqu la le les leur ma mais me mes moi mon ne nos notre nous
        on ont ou où par pas pendant peut peux plus pour pourquoi puis qu quand que quel quelle quelles
        quels qui quoi sa sans se ses si son sont sous sur ta te tes ton tu un une va vos votre vous""",
        "es": """a al algo ante antes con cómo cuál cuáles cuando cuándo cuánta cuántas cuánto cuántos de debe debo
        del desde después donde dónde durante el ella en entre es está están esta este esto hace hacen hasta
        hay la las le les lo los más me mi mis muy nos o para pero por puede puedo pueden que qué quién
        quiénes se sea ser si sin sobre son su sus también te tengo tiene tu un una uno unos y ya yo""",
        "it": """a ad ai al alla alle allo anche che chi ci come con cosa cui da dal dalla dei del della delle devo
        deve di dopo dove è e entro fino gli ha ho i il in io la le lo ma mi mia mio nei nel nella nelle non
        o ogni per perché più può posso prima qual quale quali quando quanta quante quanti quanto se senza
        si sono sta su sua sul sulla suo tra un una uno""",
        "pt": """a ao aos as às até com como da das de depois desde devo deve do dos e é ela ele em entre essa esse
        esta está este eu foi há isso já lhe mais mas me meu minha muito na nas não no nos o onde os ou para
        pela pelo pode podem posso por porque qual quais quando quanta quantas quanto quantos que quem são
        se sem ser seu sua só também tem tenho ter um uma você""",
        "pl": """a aby ale bez być ci co czego czy dla do gdy gdzie go i ich ile jak jaka jaki jakie jakiej jakim
        jako jest jestem jeśli już kiedy kto która które którego której który którym których ma mają mam mi
        mnie moja moje mój może mogę można musi muszę na nad nie o od oraz po pod przed przez przy są się ta
        tak tam te tego tej ten to trzeba tu tylko w we wszystkie z za ze że żeby""",
        "tr": """ama ben bir bu da daha de değil en gibi hangi için ile kaç kadar ki kim mi mı mu mü ne nasıl neden
        nerede nereye niçin olan olarak sonra şu var ve veya ya yok zaman""",
    }.items()
}
"""Function words of questions by language, in other languages than English whose words have spaces between them.

They are not joined with the words of `identification` and `quantity_words`, which are chosen for prose: with the union,
`clear_language` takes some English questions ("how much does council tax rise for a second home") for no language.
"""
OTHER_LANGUAGES: Final = frozenset().union(*QUESTION_FUNCTION_WORDS.values())


@cache
def _languages_of(word: str) -> tuple[str, ...]:
    """The languages of which a word is a function word."""
    others = tuple(language for language, words in QUESTION_FUNCTION_WORDS.items() if word in words)
    return (*others, ENGLISH) if word in STOPWORDS else others


def question_language(words: Sequence[str]) -> str:
    """The language with the most function words among the normalised words of a question, as ISO 639-1 code: of two
    with the same number English, or the first one. Empty if there is no such word.
    """
    counts: dict[str, int] = {}
    for word in words:
        for language in _languages_of(word):
            counts[language] = counts.get(language, 0) + 1
    return max(counts, key=lambda language: (counts[language], language == ENGLISH)) if counts else ""


def in_other_language(left: str, right: str) -> bool:
    """Whether two questions of these languages (`question_language`) are in another language than English: one of them
    is, and the other one is or has no language.
    """
    return ENGLISH not in (left, right) and bool(left or right)
