"""Whether two answers give their amounts for different cases: for adults and for children, with a card and without."""

# ruff: noqa: E501  (lines of patterns)

import re
from functools import lru_cache
from typing import Any, Final

from curate.core.lazy import lazy_pattern
from curate.language.sentences import sentences

CASES: Final = tuple(
    (lazy_pattern(first, re.IGNORECASE), lazy_pattern(second, re.IGNORECASE))
    for first, second in (
        (
            r"\badults?\b|\berwachsene\w*|\badult[oae]s?\b|\badultes?\b|成人|大人",
            r"\bchild(?:ren)?\b|\bkids?\b|\bkinder\w*|\bniñ[oa]s?\b|\benfants?\b|\bcrianças?\b|\bbambini\b|儿童|孩子|子供|子ども",
        ),
        (
            r"\bweekdays?\b|\bunter der woche\b|\bwerktags\b|\bentre semana\b|\ben semaine\b|\bdias úteis\b|\bferiali\b|工作日|平日"
            r"|\bmon(?:day)?s?(?: to |[-–])fri|\bmontags? bis freitag|\blunes a (?:viernes|jueves)\b|\blundi au (?:vendredi|jeudi)\b"
            r"|\bsegunda a sexta\b|\blunedì al? venerdì\b|周一(?:至|到)周五",
            r"\bweekends?\b|\b(?:satur|sun)days?\b|\bsonntags?\b|\bsamstags?\b|\bsábados?\b|\bsamedis?\b|\bsabato\b|\bwochenend\w*|\bdomingos?\b|\bdimanches?\b|\bdomenica\b|周末|週末",
        ),
        (
            r"\bfull[- ]time\b|\bvollzeit\w*|\btiempo completo\b|\bjornada completa\b|\btemps plein\b|\btempo pieno\b|全职",
            r"\bpart[- ]time\b|\bteilzeit\w*|\btiempo parcial\b|\bmedia jornada\b|\bmi-temps\b|\btemps partiel\b|\bpart-time\b|兼职",
        ),
        (
            r"\b(?:per|each|a) (?:person|head|visitor)\b|\bpro (?:person|kopf|nase)\b|\bpor (?:persona|cabeza|pessoa)\b|\bpar (?:personne|tête)\b|\ba (?:persona|testa)\b|每人|一人",
            r"\bgroups?\b|\bgruppen?\b|\bgrupos?\b|\bgroupes?\b|\bgruppi\b|\bgruppo\b|团体|团队|整团|団体",
        ),
        (
            r"\b(?:first|initial|new|original) (?!of all|and foremost)\w+|\berste[nrs]?\b(?! linie)|\bprimera?\b|\bpremi[eè]re?s?\b(?! étape)|\bprim[ao]\b|第一次|首次|初次|初回",
            r"\brenew\w*|\bsubsequent\b|\beach (?:additional|further|extra)\b|\b(?:additional|further) \w+|\bverlänger\w+|\bzweite[nrs]?\b|\bjede[nrs]? weitere|\brenova\w+"
            r"|\b(?:siguientes?|segund[oa])\b|\brenouvel\w+|\b(?:suivante?s?|deuxième|seconde?)\b(?! class)|\brinnov\w+|续|之后每|以后每|第二次|2回目|更新",
        ),
        (
            r"\b(?:inside|within) (?:the|your|our) (?:country|eu|uk|us)\b|\bdomestic\w*|\b(?:im|ins) inland\b|\binlands?\w*|\bdentro del país\b|\bnacional(?:es)?\b|\ben france\b|\bnational\w*|国内",
            r"\babroad\b|\bforeign\b|\boverseas\b|\binternational\w*|\bausl[aä]nd\w*|\bextranjero\b|\binternacional\w*|\bétranger\b|\bestero\b|\bexterior\b|国外|海外|国际|國際",
        ),
        (
            r"\b(?:standard|normal\w*|regular|short|kurze[nrs]?|courte?|corta|estándar|básic[oa])\b|普通|标准",
            r"\bexpress\w*|\beil\w*versand\b|\burgent\w*|\b(?:long|extended|longer) (?:version|tours?|visits?|courses?|routes?|trails?|walks?|one)\b"
            r"|\blange[nrs]? (?:version|tour|variante|strecke|runde)|\b(?:version|visite) longue\b|\b(?:versión|visita|ruta) larga\b|加急|快递|特急",
        ),
        (r"\bfree (?:plan|version|account|tier)\b", r"\b(?:paying|paid|premium|pro)\b"),
        (
            r"\b(?:inside|within|in) towns?\b|\bin built-up\b|\binnerorts\b|\ben ville\b",
            r"\boutside (?:of )?towns?\b|\baußerorts\b",
        ),
        (r"\bsoft\b|\bweiche[nrs]?\b", r"\bhard\b|\bharte[nrs]?\b"),
        (r"\bwithout (?:the|a|an)\b|\bohne\b|\bsin (?:la|el)\b|\bsans\b", r"\bincluding\b|\bincluded\b|\binklusive\b|\bincluid[oa]\b|\bcompris\w*"),
        (r"\bin winter\b|\bim winter\b|\ben invierno\b|\ben hiver\b|冬", r"\bin summer\b|\bim sommer\b|\ben verano\b|\ben été\b|夏"),
        (
            r"\b(?:small|kleine[nrs]?|pequeñ[oa]s?|petite?s?|piccol[oa])\b",
            r"\b(?:large|big|große[nrs]?|grandes?|grands?)\b",
        ),
    )
)  # fmt: skip
"""Two cases of one thing each; a word of the second one in an answer for the first does not count."""
CLAUSE_END: Final = lazy_pattern(
    r"(?<=[.!?]) |, | ?; |[。；，]| (?:and|but|while|whereas|und|aber|während|y|pero|mientras|et|mais|contre|e|ma) "
)
HOLDER: Final = lazy_pattern(
    r"\bif you (?:hold|have|own) (?:an?|the|your) \w+(?: \w+)? (?:card|pass|ticket|membership|permit|subscription)\b"
    r"|\bwith (?:an?|the|your) (?:\w+ )?(?:consent|card|pass|membership|permit|subscription)\b|\bfor (?:card )?holders\b"
    r"|\bmit (?:der|einer|ihrer|deiner) \w*karte\b|\bmit (?:(?:dem|einem|ihrem) )?\w*abo\b|\bavec (?:la|une|votre|l[’']) ?(?:carte|abonnement)\b|\bcon (?:la|una|su|el|un) (?:tarjeta|carné|abono)\b"
    r"|持[^，。；]{0,4}卡|凭[^，。；]{0,6}(?:卡|证)|会员价",
    re.IGNORECASE,
)
"""Limits what a sentence says to those who hold something."""


def are_of_other_cases(question: str, left: str, right: str, words: tuple[str, str]) -> bool:
    """Whether the sentences of two answers that have these words are about two cases of which the question names none
    or both."""
    sides = [_sentences_with(text, word) for text, word in zip((left, right), words, strict=True)]
    for first, second in CASES:
        kinds = [(bool(first.search(side)), bool(second.search(side))) for side in sides]
        if sorted(kinds) == [(False, True), (True, False)] and bool(first.search(question)) == bool(
            second.search(question)
        ):
            return True
    holders = [_is_limited_to_holders(side, question) for side in sides]
    return holders[0] != holders[1] and not HOLDER.search(question)


def of_requested_case(question: str, left: str, right: str) -> tuple[str, str] | None:
    """The clauses of two answers about the case that the question names. None if it names no case, if one of the
    answers does not name it, or if none names the other case.
    """
    for case, other in _requested_cases(question):
        if case.search(left) and case.search(right) and (other.search(left) or other.search(right)):
            left, right = (
                "\n".join(part for part in CLAUSE_END.split(text) if case.search(part) and not other.search(part))
                for text in (left, right)
            )
            return left, right
    return None


@lru_cache(16_384)
def _requested_cases(question: str) -> tuple[tuple[Any, Any], ...]:
    """The patterns of each case that a question names, each with the one of the other case, which it does not name."""
    return tuple(
        (case, other)
        for pair in CASES
        for case, other in (pair, pair[::-1])
        if case.search(question) and not other.search(question)
    )


def _is_limited_to_holders(text: str, question: str) -> bool:
    """Whether a text is limited to those who hold something that the question does not name."""
    match = HOLDER.search(text)
    return match is not None and match.group().split()[-1].casefold() not in question.casefold()


@lru_cache(16_384)
def _sentences_with(text: str, word: str) -> str:
    """The sentences of a text that have a word; all of it if none has."""
    return "\n".join(sentence for sentence in sentences(text) if word in sentence) or text
