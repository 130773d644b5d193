"""What a question asks for, where it is one of few values: free of charge against a price, no limit against a number,
one of the four directions, a floor, or a part of the day.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from curate.conflicts.requested_amounts import MAX_WORDS, are_of_one_topic, word_count
from curate.conflicts.requested_kinds import FREQUENCY_QUESTION, UNSPACED_END, asked_kinds, asked_part, group
from curate.core.lazy import lazy_pattern
from curate.language import frequencies
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
PRICE_WORD: Final = lazy_pattern(
    r"\b(?:buy|tickets?|pays?|fees?|charges?|charged|costs?|prices?|kaufen|tickets?|fahrkarten?|zahlen|zahlt|preis\w*|gebühr\w*|billets?|payer|prix"
    r"|tarifs?|frais|billetes?|pag\w+|precios?|tarifas?|preços?|bilhetes?|prezz[oi]|bigliett[oi]|cost[oi])\b|收费|付费|价格|买票|交钱|料金|有料",
    re.IGNORECASE,
)
"""Speaks of a price."""
PARTIAL: Final = {
    language: lazy_pattern(listed, re.IGNORECASE)
    for language, listed in {
        "en": (
            r"\b(?:only|except|unless|if|once|provided|until|before|during|under|above|over|below|otherwise|members?|residents?"
            r"|locals|child(?:ren)?|kids|students?|pupils?|seniors?|pensioners?|those|anyone|whoever|(?<!all )who|weekends?|first)\b"  # noqa: E501
        ),
        "de": (
            r"\b(?:nur|außer|wenn|falls|sofern|sonst|unter|mitglied\w*|kind(?:er\w*)?|schüler\w*|studier\w*|student\w*"
            r"|rentner\w*|senior\w*|\w*wohner\w*|wer|diejenigen|wochenend\w*|ersten?)\b"
        ),
        "es": (
            r"\b(?:solo|sólo|solamente|salvo|excepto|si|quien(?:es)?|soci[oa]s?|miembros?|niñ[oa]s?|estudiantes?|jubilad[oa]s?"
            r"|residentes?|vecin[oa]s?|fin(?:es)? de semana|primer[oa]?|en caso de|hasta|menores|mayores|demás|otr[oa]s|lo contrario)\b"  # noqa: E501
        ),
        "fr": (
            r"\b(?:seule?s?|seulement|uniquement|sauf|si|s['’]ils?|ceux|celles|membres?|adhérents?|abonnés?|enfants?|étudiants?"
            r"|élèves?|retraités?|habitants?|résidents?|week-ends?|premi(?:er|ère)s?|en cas|jusqu|moins de|plus de|autres|sinon)\b"  # noqa: E501
        ),
        "pt": (
            r"\b(?:só|apenas|somente|salvo|exceto|se(?! (?:paga|cobra|pode)\w*)|quem|sóci[oa]s?|membros?|crianças?|estudantes?"  # noqa: E501
            r"|alun[oa]s|reformad[oa]s|aposentad[oa]s|moradores|residentes|fi(?:m|ns) de semana|primeir[oa]|em caso de|até|menores"  # noqa: E501
            r"|maiores|demais|outr[oa]s|caso contrário)\b"
        ),
        "it": (
            r"\b(?:sol[oiae]|soltanto|tranne|salvo|se|chi|soci[oa]?|iscritti|membri|bambini|ragazzi|student[ie]|pensionati"
            r"|residenti|fine settimana|prim[aoi]|in caso di|fino|sotto|oltre|coloro|altri|altrimenti)\b"
        ),
        "zh": r"只|仅|除了|除非|如果|要是|的话|会员|儿童|孩子|学生|老人|居民|以下|以上|以内|周末|第一|首次|其他|其余|否则|平时",  # noqa: E501
        "ja": r"だけ|のみ|以外|場合|なら|会員|子ども|子供|学生|高校生|高齢|住民|市民|以下|以上|未満|以内|週末|最初|ほか|他の",  # noqa: E501
    }.items()
}
"""Limits what a sentence says to some persons, times or cases."""
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
    r"|maximum|quant[oa]s|quant[ie]|quante volte|limite|massimo|máximo)\b|多少(?!钱)|几[次个本张件位人名]|上限|何[回度個枚本名人冊点]|いくつ",  # noqa: E501
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
        r"(?:norden|nordseite|nordeingang|nordausgang|nordflügel|nordufer|nordrand|nordteil|nördlich\w{0,2})",
        r"(?:süden|südseite|südeingang|südausgang|südflügel|südufer|südrand|südteil|südlich\w{0,2})",
        r"(?:osten|ostseite|osteingang|ostausgang|ostflügel|ostufer|ostrand|ostteil|östlich\w{0,2})",
        r"(?:westen|westseite|westeingang|westausgang|westflügel|westufer|westrand|westteil|westlich\w{0,2})",
    ),
    "es": (r"norte", r"sur", r"(?:(?<=al )|(?<=lado )|(?<=ala )|(?<=puerta )|(?<=salida ))este", r"oeste"),
    "fr": (r"nord", r"sud", r"(?:(?<=l')|(?<=l’)|(?<=côté )|(?<=sortie )|(?<=aile ))est", r"ouest"),
    "pt": (r"norte", r"sul", r"(?:leste|nascente)", r"(?:oeste|poente)"),
    "it": (r"nord", r"sud", r"(?:(?<= a )|(?<=ad )|(?<=lato )|(?<=uscita )|(?<=ala ))est", r"ovest"),
}
_HAN_DIRECTION: Final = re.compile(
    r"(?<![东西南北東])([东南西北東])(?:边|侧|面|门|出口|入口|方向|口|側|門|向き|ウイング)"
)
_DAY_PARTS: Final[dict[str, tuple[str, str]]] = {
    "en": (r"mornings?|dawn|sunrise|breakfast", r"evenings?|dusk|sunset|bedtime|at night"),
    "de": (r"morgens|am morgen|vormittags?|frühmorgens|sonnenaufgang", r"abends?|nachts?|sonnenuntergang"),
    "es": (r"(?:por|de) la mañana|amanecer|desayuno", r"noches?|anochecer|atardecer"),
    "fr": (r"matin(?:ée)?s?|aube", r"soirs?|soirée|nuit|crépuscule"),
    "pt": (r"manhã|amanhecer", r"noite|anoitecer|entardecer"),
    "it": (r"mattin[ao]|mattinata|alba", r"ser[ae]|serata|notte|tramonto"),
    "zh": (r"早上|上午|清晨|早晨|大清早", r"晚上|傍晚|夜里|夜晚|睡前"),
    "ja": (r"朝|午前", r"夕方|晩|夜|就寝前"),
}
"""Morning, and evening or night."""
DAY_PART_QUESTION: Final = lazy_pattern(
    r"\b(?:when|(?:what|which) (?:time|hour|part of the day)|time of day|wann|tageszeit|uhrzeit|cuándo"
    r"|qué (?:hora|momento)|quand|quelle heure"
    r"|quel moment|quando|que (?:horas?|altura)|che ora|in che momento)\b|什么时候|几点|いつ|何時|時間帯",
    re.IGNORECASE,
)
"""Asks for a time that may be a part of the day."""
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


_TOP_FLOOR: Final[dict[str, str]] = {
    "en": r"top (?:floor|level|storey)",
    "de": r"oberste[nsr]? (?:stock(?:werk)?|etage)|dachgeschoss",
    "es": r"últim[oa] (?:planta|piso)",
    "fr": r"dernier étage",
    "pt": r"último (?:andar|piso)",
    "it": r"ultimo piano",
}
_RELATIVE_FLOOR: Final = lazy_pattern(
    r"\b(?:floors?|storeys?|stories|levels?|flights?)(?: of stairs)? (?:up|down|higher|above|below)\b"
    r"|\b(?:etagen?|stockwerke?|treppen?) (?:nach )?(?:oben|unten|höher|tiefer|hinauf|hinunter|darüber|darunter)\b"
    r"|\b(?:sub|baj)\w+ (?:\w+ ){0,2}(?:pisos?|plantas?|andares|lances)\b|\b(?:mont|descend)\w+ (?:d['’]un |de )?(?:\w+ )?étages?\b"  # noqa: E501
    r"|\b(?:sal|scend)\w+ (?:di )?(?:\w+ )?pian[oi]\b|[上下][一二两三四\d]层",
    re.IGNORECASE,
)
"""A number of floors up or down, from a floor that the text may name."""
_START_FLOOR: Final = lazy_pattern(
    r"\b(?:from|below|above|past|vom|von der|unter dem|über dem|desde|dal|dalla|du|do|sotto|sopra)(?: (?:the|el|la|le|il))? $",  # noqa: E501
    re.IGNORECASE,
)
"""Stands before a floor where a way starts, or beside which the place is."""
_DENIED: Final = lazy_pattern(
    r"\b(?:not|never|instead of|rather than|unlike|nicht|statt|weder|kein\w*|no|ni|en vez de|non|né|invece (?:di|che)|pas|não|nem|em vez de"  # noqa: E501
    r"|opposite|opposé|contrario|gegenüber)\b[^.,;:!?]{0,25}$|(?:不是|并非|别走|不在|不要走)[^。，]{0,4}$",
    re.IGNORECASE,
)
"""Stands before a place that a text denies or that it only faces."""
_DENIED_AFTER: Final = re.compile(r"[^。、]{0,4}(?:ではな|じゃな|ではありません)")
_SIDE: Final = r"(?:side|exit|entrance|gate|door|wing|end|bank|edge|corner|part|platform)"
_SIDE_AFTER: Final = re.compile(rf"\s{_SIDE}\b", re.IGNORECASE)
_NAME_AFTER: Final = re.compile(rf"\s(?!(?i:{_SIDE})\b)[A-Z]")
_OF_A_NAME: Final = lazy_pattern(
    r"(?<!côté )(?<!sortie )(?<!porte )(?<!entrée )(?<!partie )(?<!aile )(?<!lado )(?<!puerta )(?<!porta )(?<!entrada )(?<!salida )"  # noqa: E501
    r"(?<!saída )(?<!parte )(?<!zona )(?<!ala )(?<!lato )(?<!uscita )(?<!ingresso )(?<!es )(?<!é )\b(?:du|del|do|dello) $",  # noqa: E501
    re.IGNORECASE,
)
"""Stands before a direction that belongs to the name of another place: "la gare du nord"."""
_REFERENCE: Final = lazy_pattern(
    rf"\s?(?:{_SIDE}\s)?(?:of|from|von|vom|der|des|de|du|del|do|da|di|della|dello|dell['’])\s?(?:the |la |el |le |l['’]|der |dem |den )?"  # noqa: E501
    r"(?P<place>\w+)",
    re.IGNORECASE,
)
"""The place from which a direction is seen: "north of the river"."""


class NamedPlace(NamedTuple):
    """The words of a text for a direction or floor."""

    words: str
    reference: str
    """The place from which a direction is seen, in lower case; "" for none."""


class ClosedValues(NamedTuple):
    """Two answers that cannot both be right."""

    source: str
    """`numbers` or `values`."""
    left: str
    right: str
    precision: float


def other_closed_values(question: str, left: str, right: str) -> ClosedValues | None:
    """The values of two answers, at least one of them of more than `MIN_WORDS` words, that cannot both be right;
    None if there are none.
    """
    if max(map(word_count, (left, right))) > MAX_WORDS:
        return None
    part, language = asked_part(question), language_of(f"{left}\n{right}")
    for denies, states in _extremes(part, language):
        left_denial, right_denial = denies(left), denies(right)
        if left_denial and not right_denial and (stated := states(right)):
            return ClosedValues("numbers", left_denial, stated, PRECISION)
        if right_denial and not left_denial and (stated := states(left)):
            return ClosedValues("numbers", stated, right_denial, PRECISION)
    if not are_of_one_topic(left, right):
        return None
    if DAY_PART_QUESTION.search(part):
        return _other_only_values((day_parts_in,), question, left, right, language)
    return (
        _other_only_values((directions_in, floors_in), question, left, right, language)
        if PLACE_QUESTION.search(part)
        else None
    )


def _other_only_values(
    readers: Iterable[Callable[[str, str], dict[str, NamedPlace]]], question: str, left: str, right: str, language: str
) -> ClosedValues | None:
    """The only value of each answer that the question does not name, by the first of `readers` by which they differ;
    None if they differ by none.
    """
    for values_in in readers:
        given = values_in(question, language).keys()
        sides = [
            {value: place for value, place in values_in(text, language).items() if value not in given}
            for text in (left, right)
        ]
        if len(sides[0]) == len(sides[1]) == 1 and not _may_be_equal(set(sides[0]), set(sides[1]), language):
            left_place, right_place = (next(iter(side.values())) for side in sides)
            references = {left_place.reference, right_place.reference}
            if len(references - {""}) < 2:  # north of the railway may be south of the lake
                return ClosedValues("values", left_place.words, right_place.words, PRECISION)
    return None


def _may_be_equal(left: set[str], right: set[str], language: str) -> bool:
    """Whether two values may mean the same: the ground floor is the first floor in some countries."""
    return left == right or (language in ("en", "es", "zh", "ja") and left | right == {"0", "1"})


def _extremes(part: str, language: str) -> list[tuple[Callable[[str], str], Callable[[str], str]]]:
    """What a question may have as its extreme answer: for each, a function that gives the words by which an answer says
    that there is no price or limit, and one that gives its price or number; both give "" for none.
    """
    kinds = asked_kinds(part)
    extremes: list[tuple[Callable[[str], str], Callable[[str], str]]] = []
    if "money" in kinds or PAYING.search(part):
        priced = ("money", "percent")
        extremes.append(
            (
                lambda answer: _without(answer, part, language, FREE[language], priced),
                lambda answer: _stated(answer, language, FREE[language], priced),
            )
        )
    often = FREQUENCY_QUESTION.search(part)
    if often or ("number" in kinds and LIMIT_QUESTION.search(part)):
        counted = ("number", "frequency") if often else ("number",)
        extremes.append(
            (
                lambda answer: _without(answer, part, language, UNLIMITED[language], counted),
                lambda answer: _stated(answer, language, UNLIMITED[language], counted),
            )
        )
    return extremes


@lru_cache(16_384)
def _parts(answer: str) -> tuple[str, ...]:
    """The sentences of an answer."""
    return tuple(part for whole in sentences(answer) for part in UNSPACED_END.split(whole) if part.strip())


def _first_amount(parts: Iterable[str], language: str, kinds: tuple[str, ...]) -> str:
    """The first amount of `kinds` in sentences; "" for none."""
    for sentence in parts:
        for amount in quantities_in(sentence, language):
            if group(amount) in kinds:
                return amount.text
        if "frequency" in kinds and (often := frequencies.frequencies_in(sentence, language)):
            return often[0].text
    return ""


def _stated(answer: str, language: str, pattern: re.Pattern[str], kinds: tuple[str, ...]) -> str:
    """The first amount of `kinds` in the first sentences of an answer; "" if there is none, or if `pattern` matches
    anywhere: then some pay nothing, or have no limit.
    """
    if any(map(pattern.search, _parts(answer))):
        return ""
    return _first_amount(_parts(answer)[:OPENING_SENTENCES], language, kinds)


def _without(answer: str, part: str, language: str, pattern: re.Pattern[str], kinds: tuple[str, ...]) -> str:
    """The words in the first sentences of an answer that match `pattern`; "" for none, if the answer has an amount of
    `kinds`, or if it says so of some persons, times or cases only, which the question (`part`) does not name. Where
    nothing is paid, another of these sentences that speaks of a price is about another case.
    """
    parts = _parts(answer)
    matches = ((match, sentence) for sentence in parts[:OPENING_SENTENCES] if (match := pattern.search(sentence)))
    match, sentence = next(matches, (None, ""))
    if match is None or _first_amount(parts, language, kinds) or _is_partial(sentence, part, language):
        return ""
    if "money" in kinds and any(
        PRICE_WORD.search(other) and not pattern.search(other) for other in parts[:OPENING_SENTENCES]
    ):
        return ""
    return match.group().strip()


def _is_partial(sentence: str, part: str, language: str) -> bool:
    """Whether a sentence is limited to what the question (`part`) does not name."""
    lowered = part.lower()
    if any(match.group().lower() not in lowered for match in PARTIAL[language].finditer(sentence)):
        return True
    named = quantities_in(part, language)
    return any(
        group(amount) != "date" or amount.kind == "weekday"
        for amount in quantities_in(sentence, language)
        if amount.value[0] != amount.unit and not any(map(amount.same, named))  # "a day" is no limit
    )


@lru_cache(16_384)
def directions_in(text: str, language: str) -> dict[str, NamedPlace]:
    """The directions that a text names as the place of something, each with its words."""
    if language in ("zh", "ja"):
        return {
            match[1].replace("東", "东"): NamedPlace(match.group(), "")
            for match in _HAN_DIRECTION.finditer(text)
            if not _is_denied(text, match)
        }
    directions = {}
    for point, words in zip(_POINTS, _DIRECTION_WORDS[language], strict=True):
        for match in re.finditer(rf"(?<![\w-]){words}(?![\w-])", text, re.IGNORECASE):
            if not (_is_denied(text, match) or _is_part_of_a_name(text, match, language)):
                reference = _REFERENCE.match(text, match.end())
                directions[point] = NamedPlace(match.group(), reference["place"].lower() if reference else "")
                break
    return directions


@lru_cache(16_384)
def day_parts_in(text: str, language: str) -> dict[str, NamedPlace]:
    """The parts of the day that a text names and does not deny, each with its words."""
    bound = "" if language in ("zh", "ja") else r"\b"
    parts = {}
    for name, words in zip(("morning", "evening"), _DAY_PARTS[language], strict=True):
        for match in re.finditer(rf"{bound}(?:{words}){bound}", text, re.IGNORECASE):
            if not _is_denied(text, match):
                parts[name] = NamedPlace(match.group(), "")
                break
    return parts


def _is_denied(text: str, match: re.Match[str]) -> bool:
    """Whether a text says that something is not at the place that `match` names."""
    before = text[max(0, match.start() - 45) : match.start()]
    return bool(_DENIED.search(before) or _DENIED_AFTER.match(text, match.end()))


def _is_part_of_a_name(text: str, match: re.Match[str], language: str) -> bool:
    """Whether a direction is part of a name: "South Street", "la gare du nord"."""
    if language == "de":
        return False
    before = text[max(0, match.start() - 30) : match.start()]
    begins = match.start() == 0 or before.rstrip().endswith((".", "!", "?", ":", '"', "“", "«", "("))
    is_name = match.group()[0].isupper() and (
        _NAME_AFTER.match(text, match.end()) or not (begins or _SIDE_AFTER.match(text, match.end()))
    )
    return bool(is_name or _OF_A_NAME.search(before))


@lru_cache(16_384)
def floors_in(text: str, language: str) -> dict[str, NamedPlace]:
    """The floors that a text names, by their number, each with its words; none if it counts floors from another one."""
    floors: dict[str, NamedPlace] = {}
    if _RELATIVE_FLOOR.search(text):
        return floors
    if language in ("zh", "ja"):
        for floor in _HAN_FLOOR.finditer(text):
            number = _HAN_NUMBERS.get(floor["number"], floor["number"])
            if not _is_denied(text, floor):
                floors[f"-{number}" if floor["below"] else str(number)] = NamedPlace(floor.group(), "")
        return floors
    upper, ground, cellar = _FLOOR_FORMS[language]
    forms = [(str(number), upper.format(word)) for number, word in enumerate(_ORDINAL_WORDS[language].split(), start=1)]
    forms += [("0", ground), ("-1", cellar), ("top", _TOP_FLOOR[language]), ("", upper.format(_FLOOR_NUMBER))]
    for name, form in forms:
        for match in re.finditer(rf"(?<!\w)(?:{form})(?!\w)", text, re.IGNORECASE):
            if not (_is_denied(text, match) or _START_FLOOR.search(text[max(0, match.start() - 20) : match.start()])):
                floors[name or match["number"]] = NamedPlace(match.group(), "")
    return floors
