"""What a question asks for, where it is one of few values: free of charge against a price, no limit against a number,
one of the four directions, or a floor.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from curate.conflicts.requested_amounts import MAX_WORDS, word_count
from curate.conflicts.requested_kinds import FREQUENCY_QUESTION, UNSPACED_END, asked_kinds, asked_part, group
from curate.core.lazy import lazy_pattern
from curate.language import frequencies
from curate.language.precise_requests import MAX_BRIEF_WORDS
from curate.language.quantities import quantities_in
from curate.language.quantity_translation import language_of
from curate.language.sentences import sentences

PRECISION: Final = 0.9
OPENING_SENTENCES: Final = 2
"""Number of first sentences in which a price, a number, or that there is none, is the answer."""
PAYING: Final = lazy_pattern(
    r"\b(?:pay|charged?|fees?|kosten|kostet|zahlen|bezahlen|gebühr\w*|cobra\w*|pagar|comisi[óo]n\w*|payer|payant\w*|frais|pagare"
    r"|commission[ei]|custa|taxa|comissão)\b|收费|付费|要钱|费用|年费|有料|料金|お金",
    re.IGNORECASE,
)
"""Asks whether something costs anything."""
FREE: Final = {
    language: lazy_pattern(listed, re.IGNORECASE)
    for language, listed in {
        "en": (
            r"\bfree of charge\b|\bfor free\b|\b(?:is|are|it['’]s|they['’]re) (?:\w+ly |now )?free\b(?! (?:to|from|of|on|at|in|for [a-z]+ing)\b)"  # noqa: E501
            r"|\bat no (?:\w+ )?(?:cost|charge)\b|\bno (?:charges?|fees?|cost)\b|\bwithout (?:any )?(?:charge|fees?)\b"
            r"|\bcosts? (?:you )?nothing\b|\bcharges? (?:you )?nothing\b|\b(?:don['’]t|doesn['’]t|do not|does not|never) (?:charge|pay|cost)\b(?! (?:by|with|more|extra))"  # noqa: E501
            r"|\bnothing at all\b|^\W*nothing\b|\bwaive[sd]?\b"
        ),
        "de": (
            r"\b(?:kostenlos|kostenfrei|gebührenfrei|unentgeltlich)\w{0,2}\b|\bgratis\b|\bumsonst\b|\bkoste[tn] (?:\w+ ){0,2}nichts\b"  # noqa: E501
            r"|\bzahl(?:en|t|st) (?:\w+ ){0,2}nichts\b|\bkeine (?:\w+ )?(?:gebühr(?:en)?|kosten)\b|\bohne (?:\w+ )?(?:gebühr(?:en)?|kosten|aufpreis)\b"  # noqa: E501
        ),
        "es": (
            r"\bgratis\b|\bgratuit[oa]s?\b|\bgratuitamente\b|\bsin (?:ningún |ninguna )?(?:coste|costo|cargo|comisi[óo]n(?:es)?|pagar)\b"  # noqa: E501
            r"|\bno (?:se |le |te |les )?(?:cobra\w*|cuesta|paga\w*)(?: \w+)? (?:nada|ningun[oa]?|ningún|comisión)\b|^\W*nada\b"  # noqa: E501
        ),
        "fr": (
            r"\bgratuite?s?\b|\bgratuitement\b|\bsans (?:aucun )?(?:frais|coût|supplément)\b|\baucuns? (?:frais|coût)\b"
            r"|\bne (?:vous |te )?(?:coûte|paie|paye|payez|coûtera)\w* rien\b|^\W*rien\b"
        ),
        "pt": (
            r"\bgrátis\b|\bgratuit[oa]s?\b|\bgratuitamente\b|\bsem (?:qualquer |nenhum |nenhuma )?(?:custos?|encargos?|taxas?|comiss(?:ão|ões))\b"  # noqa: E501
            r"|\bnão (?:se |lhe )?(?:cobra|paga|custa)\w*(?: \w+)? (?:nada|qualquer|nenhum\w?)\b|\bisent[oa]s?\b"
        ),
        "it": (
            r"\bgratis\b|\bgratuit[oaie]\b|\bgratuitamente\b|\bsenza (?:alcun[ao]? )?(?:spes[ae]|cost[oi]|commission[ei]|pagare)\b"  # noqa: E501
            r"|\bnon (?:si |le |ti )?(?:paga|costa|chied\w+|cobra)(?: \w+)? (?:nulla|niente)\b|\bnessun (?:costo|addebito)\b|\bnessuna (?:spesa|commissione)\b"  # noqa: E501
        ),
        "zh": r"免费|免收|免年费|免手续费|不收(?:任何|取)?.{0,4}费|不收钱|不要钱|不用(?:付|交)钱|无需(?:付|缴)费|分文不取",  # noqa: E501
        "ja": r"無料|費用はかかりません|料金はかかりません|料金はいただ[^、。]{0,6}ません",
    }.items()
}
"""Says that nothing is paid."""
ONLY: Final = lazy_pattern(
    r"\b(?:only|except|unless|nur|außer|solo|sólo|solamente|salvo|seule?s?|seulement|uniquement|sauf|só|apenas|somente|exceto|soltanto|tranne)\b"
    r"|只|仅|除了|除非|だけ|のみ|以外",
    re.IGNORECASE,
)
"""Limits what a sentence says to a part."""
UNLIMITED: Final = {
    language: lazy_pattern(listed, re.IGNORECASE)
    for language, listed in {
        "en": r"\bunlimited\b|\bno (?:\w+ )?(?:limit|cap|maximum)\b|\bas (?:many|often|much)(?: \w+)? as you (?:like|want|please|wish)\b|\bwithout (?:any )?limit\b|\bdo(?:es)? not limit\b",  # noqa: E501
        "de": r"\bunbegrenzt\w{0,2}\b|\bunbeschränkt\w{0,2}\b|\bso (?:oft|viele?)(?: \w+)?,? (?:sie|du|man|ihr) (?:möchte|woll|will|mag)\w*|\bkein(?:e)? (?:\w+ )?(?:begrenzung|obergrenze|beschränkung|limit)\b|\bbeliebig (?:oft|viele?)\b|\bohne (?:\w+ )?(?:begrenzung|obergrenze|limit)\b",  # noqa: E501
        "es": r"\bilimitad[oa]s?\b|\bsin (?:ningún )?(?:límite|tope)\b|\bno hay (?:ningún )?(?:límite|tope|máximo)\b|\btant[oa]s? (?:veces )?como (?:quiera|desee)\w*|\btod[oa]s l[oa]s que (?:quiera|desee)\w*|\blas veces que (?:quiera|desee)\w*",  # noqa: E501
        "fr": r"\billimitée?s?\b|\bsans (?:aucune )?(?:limite|limitation)\b|\baucune (?:limite|limitation)\b|\bpas de (?:limite|plafond|maximum)\b|\bautant (?:de (?:fois )?)?(?:\w+ )?(?:qu['’]il|que) (?:vous )?(?:le )?(?:voulez|souhaitez|désirez)",  # noqa: E501
        "pt": r"\bilimitad[oa]s?\b|\bsem (?:qualquer )?limites?\b|\bnão há (?:qualquer )?(?:limite|máximo)\b|\b(?:tant[oa]s|quant[oa]s)(?: \w+)? (?:quant[oa]s )?(?:quiser|desejar)\w*",  # noqa: E501
        "it": r"\billimitat[oaie]\b|\bsenza (?:alcun )?limit[ei]\b|\bnon (?:c['’]è|esiste) (?:alcun |nessun |un )?(?:limite|tetto|massimo)\b|\bquant[oaie](?: \w+)? (?:vuole|desidera|vuoi|volete|si vuole)\b|\bnessun limite\b",  # noqa: E501
        "zh": r"不限|没有(?:次数|数量)?(?:的)?(?:限制|上限)|无限(?:次|量|制)|想.{1,4}几次就.{1,4}几次|随便多少",
        "ja": r"無制限|制限(?:は|が)?(?:なく|ありません|ない|ございません)|上限は(?:なく|ありません)|何(?:度|回|個|枚)でも|いくつでも",  # noqa: E501
    }.items()
}
"""Says that there is no limit."""
LIMIT_QUESTION: Final = lazy_pattern(
    r"\b(?:how many|how often|limit|maximum|max|cap|wie ?viele?|wie oft|höchstens|maximal|obergrenze|cuánt[oa]s|límite|máximo|combien|limite"  # noqa: E501
    r"|maximum|quant[oa]s|quant[ie]|quante volte|limite|massimo|máximo)\b|多少|几[次个本张件位人名]|上限|何[回度個枚本名人冊点]|いくつ",  # noqa: E501
    re.IGNORECASE,
)
"""Asks for a number that may be limited."""
PLACE_QUESTION: Final = lazy_pattern(
    r"\b(?:where|which (?:side|exit|entrance|direction|way|wing|gate|door|end|floor|level)|(?:what|which) (?:floor|level|storey|story|side|direction)"  # noqa: E501
    r"|wo|wohin|auf welcher seite|welche[mnrs]? (?:seite|ausgang|eingang|richtung|himmelsrichtung|stock|stockwerk|etage)|dónde|adónde"  # noqa: E501
    r"|(?:qué|cuál) (?:lado|salida|entrada|dirección|planta|piso)|où|quel(?:le)? (?:côté|sortie|entrée|direction|étage)|onde|aonde"  # noqa: E501
    r"|(?:que|qual) (?:lado|saída|entrada|direção|andar|piso)|dove|(?:che|quale) (?:lato|uscita|entrata|ingresso|direzione|piano|parte))\b"  # noqa: E501
    r"|哪[个一]?(?:边|侧|门|口|出口|方向|层|楼)|哪里|哪儿|在哪|几楼|几层|どちら側|どの(?:出口|改札|側|方角|入口)|何口|何階|どこ|どちら",
    re.IGNORECASE,
)
"""Asks where something is."""
_POINTS: Final = ("north", "south", "east", "west")
_DIRECTION_WORDS: Final[dict[str, tuple[str, str, str, str]]] = {
    "en": (r"north(?:ern)?", r"south(?:ern)?", r"east(?:ern)?", r"west(?:ern)?"),
    "de": (
        r"(?:norden|nordseite|nordeingang|nordausgang|nordflügel|nördlich\w{0,2})",
        r"(?:süden|südseite|südeingang|südausgang|südflügel|südlich\w{0,2})",
        r"(?:osten|ostseite|osteingang|ostausgang|ostflügel|östlich\w{0,2})",
        r"(?:westen|westseite|westeingang|westausgang|westflügel|westlich\w{0,2})",
    ),
    "es": (r"norte", r"sur", r"(?:(?<=al )|(?<=lado )|(?<=ala )|(?<=puerta )|(?<=salida ))este", r"oeste"),
    "fr": (r"nord", r"sud", r"(?:(?<=l')|(?<=l’)|(?<=côté )|(?<=sortie )|(?<=aile ))est", r"ouest"),
    "pt": (r"norte", r"sul", r"(?:leste|nascente)", r"(?:oeste|poente)"),
    "it": (r"nord", r"sud", r"(?:(?<= a )|(?<=ad )|(?<=lato )|(?<=uscita )|(?<=ala ))est", r"ovest"),
}
_HAN_DIRECTION: Final = re.compile(
    r"(?<![东西南北東])([东南西北東])(?:边|侧|面|门|出口|入口|方向|口|側|門|向き|ウイング)"
)
_ORDINAL_WORDS: Final[dict[str, str]] = {
    "en": "first second third fourth fifth sixth",
    "de": "ersten zweiten dritten vierten fünften sechsten",
    "es": "primer[oa]? segund[oa] tercer[oa]? cuart[oa] quint[oa] sext[oa]",
    "fr": "premier deuxième|second troisième quatrième cinquième sixième",
    "pt": "primeiro segundo terceiro quarto quinto sexto",
    "it": "primo secondo terzo quarto quinto sesto",
}
_FLOOR_FORMS: Final[dict[str, tuple[str, str, str]]] = {
    "en": (r"(?:{}) (?:floor|level|storey)", r"ground (?:floor|level)|street level", r"basement"),
    "de": (r"(?:{}) (?:stock(?:werk)?|etage|obergeschoss|og)", r"erdgeschoss|parterre", r"keller|untergeschoss"),
    "es": (r"(?:{}) (?:planta|piso)", r"planta baja", r"sótano"),
    "fr": (r"(?:{}) étage", r"rez-de-chaussée", r"sous-sol"),
    "pt": (r"(?:{}) (?:andar|piso)", r"rés-do-chão|térreo", r"cave|subsolo"),
    "it": (r"(?:{}) piano", r"pian ?terreno|piano terra", r"seminterrato|scantinato"),
}
"""Floors above the ground, with an ordinal number; the ground floor; the cellar."""
_FLOOR_NUMBER: Final = r"(?P<number>\d{1,2})(?:\.|st|nd|rd|th|º|ª|°|er|e|o|a)?"
_HAN_FLOOR: Final = re.compile(
    r"(?P<below>地下)?(?<!第)第?(?P<number>\d{1,2}|[一二三四五六七八九十])(?:楼|层|階)(?!高|楼|层)"
)
_HAN_NUMBERS: Final = {char: number for number, char in enumerate("一二三四五六七八九十", start=1)}


class ClosedValues(NamedTuple):
    """Two answers that cannot both be right."""

    source: str
    """`numbers` or `values`."""
    left: str
    right: str
    precision: float


def other_closed_values(question: str, left: str, right: str) -> ClosedValues | None:
    """The values of two answers, at least one of them of more than `MAX_BRIEF_WORDS` words, that cannot both be right;
    None if there are none.
    """
    sizes = [word_count(text) for text in (left, right)]
    if max(sizes) <= MAX_BRIEF_WORDS or max(sizes) > MAX_WORDS:
        return None
    part, language = asked_part(question), language_of(f"{left}\n{right}")
    for denies, states in _extremes(part, language):
        left_denial, right_denial = denies(left), denies(right)
        if left_denial and not right_denial and (stated := states(right)):
            return ClosedValues("numbers", left_denial, stated, PRECISION)
        if right_denial and not left_denial and (stated := states(left)):
            return ClosedValues("numbers", stated, right_denial, PRECISION)
    if PLACE_QUESTION.search(part):
        for values_in in (directions_in, floors_in):
            given = values_in(question, language).keys()
            sides = [
                {value: words for value, words in values_in(text, language).items() if value not in given}
                for text in (left, right)
            ]
            if len(sides[0]) == len(sides[1]) == 1 and not _may_be_equal(set(sides[0]), set(sides[1]), language):
                left_words, right_words = (next(iter(side.values())) for side in sides)
                return ClosedValues("values", left_words, right_words, PRECISION)
    return None


def _may_be_equal(left: set[str], right: set[str], language: str) -> bool:
    """Whether two values may mean the same: the ground floor is the first floor in some countries."""
    return left == right or (language in ("en", "zh", "ja") and left | right == {"0", "1"})


def _extremes(part: str, language: str) -> list[tuple[Callable[[str], str], Callable[[str], str]]]:
    """What a question may have as its extreme answer: for each, a function that gives the words by which an answer says
    that there is no price or limit, and one that gives its price or number; both give "" for none.
    """
    kinds = asked_kinds(part)
    extremes: list[tuple[Callable[[str], str], Callable[[str], str]]] = []
    if "money" in kinds or PAYING.search(part):
        extremes.append(
            (
                lambda answer: _without(answer, language, FREE[language], ("money", "percent")),
                lambda answer: _first_amount(answer, language, ("money", "percent")),
            )
        )
    often = FREQUENCY_QUESTION.search(part)
    if often or ("number" in kinds and LIMIT_QUESTION.search(part)):
        counted = ("number", "frequency") if often else ("number",)
        extremes.append(
            (
                lambda answer: _without(answer, language, UNLIMITED[language], counted),
                lambda answer: _first_amount(answer, language, counted),
            )
        )
    return extremes


@lru_cache(16_384)
def _opening(answer: str) -> tuple[str, ...]:
    parts = [part for whole in sentences(answer) for part in UNSPACED_END.split(whole) if part.strip()]
    return tuple(parts[:OPENING_SENTENCES])


def _first_amount(text: str, language: str, kinds: tuple[str, ...]) -> str:
    """The first amount of `kinds` in the first sentences of an answer; "" for none."""
    for sentence in _opening(text):
        for amount in quantities_in(sentence, language):
            if group(amount) in kinds:
                return amount.text
        if "frequency" in kinds and (often := frequencies.frequencies_in(sentence, language)):
            return often[0].text
    return ""


def _without(answer: str, language: str, pattern: re.Pattern[str], kinds: tuple[str, ...]) -> str:
    """The words in the first sentences of an answer, before any amount of `kinds`, that match `pattern`; "" for none."""  # noqa: E501
    for sentence in _opening(answer):
        if match := pattern.search(sentence):
            limited = ONLY.search(sentence) or _first_amount(sentence, language, kinds)
            return "" if limited else match.group().strip()
        if _first_amount(sentence, language, kinds):
            return ""
    return ""


@lru_cache(16_384)
def directions_in(text: str, language: str) -> dict[str, str]:
    """The directions that a text names, each with its words."""
    if language in ("zh", "ja"):
        return {match[1].replace("東", "东"): match.group() for match in _HAN_DIRECTION.finditer(text)}
    directions = {}
    for point, words in zip(_POINTS, _DIRECTION_WORDS[language], strict=True):
        if match := re.search(rf"(?<![\w-]){words}(?![\w-])", text, re.IGNORECASE):
            directions[point] = match.group()
    return directions


@lru_cache(16_384)
def floors_in(text: str, language: str) -> dict[str, str]:
    """The floors that a text names, by their number, each with its words."""
    floors: dict[str, str] = {}
    if language in ("zh", "ja"):
        for floor in _HAN_FLOOR.finditer(text):
            number = _HAN_NUMBERS.get(floor["number"], floor["number"])
            floors[f"-{number}" if floor["below"] else str(number)] = floor.group()
        return floors
    upper, ground, cellar = _FLOOR_FORMS[language]
    forms = [(str(number), upper.format(word)) for number, word in enumerate(_ORDINAL_WORDS[language].split(), start=1)]
    for name, form in (*forms, ("0", ground), ("-1", cellar)):
        if match := re.search(rf"(?<!\w)(?:{form})(?!\w)", text, re.IGNORECASE):
            floors[name] = match.group()
    if match := re.search(rf"(?<!\w){upper.format(_FLOOR_NUMBER)}(?!\w)", text, re.IGNORECASE):
        floors[match["number"]] = match.group()
    return floors
