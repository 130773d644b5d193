"""Answers of several sentences, worded independently, that give different amounts or times: of the kind that the
question asks for, or of a kind without a common value.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from curate.conflicts.answer_polarity import asks_yes_or_no
from curate.conflicts.numeric_contradictions import (
    MAX_BRIEF_WORDS,
    TIME_KINDS,
    WORKED_CALCULATION,
    may_both_hold,
)
from curate.language.quantities import Quantity, quantities_in
from curate.language.quantity_translation import UNSPACED_LETTER, WORD, language_of
from curate.language.sentences import sentences
from curate.language.tokens import content_words, stem

CURRENCIES: Final = frozenset(("USD", "EUR", "GBP", "JPY", "INR", "CNY", "BRL"))
GROUPS: Final = {
    "months": "time",
    "weekday": "date",
    "celsius": "temperature",
    "fahrenheit": "temperature",
    **dict.fromkeys(CURRENCIES, "money"),
}
"""The kinds of quantities that measure the same thing."""
HALF_DAY: Final = 720
"""Minutes of half a day: an answer may omit am or pm."""
ASKED_PRECISION, UNKNOWN_PRECISION, OTHER_PRECISION = 0.95, 0.9, 0.7
"""Precision of values of the requested kind, of any kind if the question requests no kind, and of another kind."""
MAX_WORDS: Final = 200
MAX_VALUES: Final = 6
"""Maximum number of words of a compared answer, and of its values of one kind: longer answers have several topics."""
ASKED: Final[dict[str, re.Pattern[str]]] = {
    kind: re.compile(pattern, re.IGNORECASE)
    for kind, pattern in {
        "time": r"\bhow long\b|\b(?:how many|number of|what) (?:\w+ ){0,2}?(?:seconds|minutes|hours|days|weeks|months|years)\b"  # noqa: E501
        r"|\b(?:duration|journey time|travel time|how much of the week|probation|warranty|guarantee period|notice period|time limit|window|deadline|retention|how old|age)\b"  # noqa: E501
        r"|\bwie ?(?:lange?|viele (?:minuten|stunden|tage|wochen|monate|jahre))\b|\b\w*(?:dauer|frist)\b|\bgarantie(?:zeit)?\b"  # noqa: E501
        r"|\bcuánto (?:tiempo|dura|tarda|tardan|se tarda)\b|\bcuánt[oa]s (?:minutos|horas|días|semanas|meses|años)\b|\b(?:plazo|duración|garantía)\b"  # noqa: E501
        r"|\bcombien (?:de temps|d['’]heures|de (?:minutes|jours|semaines|mois))\b|\b(?:délai|durée|garantie)\b"
        r"|\bquanto tempo\b|\bquant[oa]s (?:minutos|horas|dias|semanas|meses|anos)\b|\b(?:prazo|duração|garantia)\b"
        r"|\bquant[ie] (?:minuti|ore|giorni|settimane|mesi|anni)\b|\b(?:durata|quanto dura|garanzia)\b"
        r"|多久|多长时间|几天|多少天|几个(?:小时|月|星期)|期限|时长|何日|何時間|何分|何か月|何週間|どのくらい(?:の(?:期間|時間))|期間|期限|所要時間",
        "money": r"\b(?:how much (?:is|are|does|do|will|would|did)|price|costs?|fees?|charges?|fare|rent|deposit|salary|wage)\b"  # noqa: E501
        r"|\b(?:was|wie ?viel) (?:kostet|kosten|zahlt?|bezahl\w+)\b|\b\w*(?:preis|kosten|beitrag|bezahlen|gebühr|miete|kaution|lohn|gehalt)\b"  # noqa: E501
        r"|\bcuánto (?:cuesta|cuestan|vale|hay que pagar|pag\w+|cobra\w*)\b|\b(?:precio|tarifa|coste|costo|importe|cuota)\b"  # noqa: E501
        r"|\b(?:combien (?:coûte|coûtent|ça|faut-il payer)|prix|tarif|coût|montant|loyer)\b|\bquanto (?:custa\w*|paga\w*|costa\w*|si paga)\b"  # noqa: E501
        r"|\b(?:preço|valor|taxa|prezzo|costo|tariffa)\b|多少钱|价格|票价|费用|收费|租金|いくら|料金|値段|価格|費用",
        "percent": r"\b(?:what|which) (?:percentage|percent|share|proportion)\b|\bpercent(?:age)?\b|\bdiscount\b|\b(?:contribution|interest|success|tax) rate\b|\binterest\b|\bprozent\w*\b|\bprozentsatz\b|\brabatt\b|\b\w*(?:stärke|anteil|quote|zins\w*)\b|\b(?:ahorro|économise)\b"  # noqa: E501
        r"|\b(?:porcentaje|descuento|pourcentage|réduction|remise|porcentagem|percentagem|desconto|percentuale|sconto|proporción|proportion)\b"
        r"|百分之|百分比|几折|比例|利率|何%|何％|何パーセント|割合|割引",
        "clock": r"\b(?:what|which) (?:time|hour)\b|\bwhen (?:does|do|is|are|will)\b.*\b(?:open|close|start|begin|end|finish|leave|depart|arrive|shut)\w*|\bopening (?:time|hours)|\bcheck-?(?:in|out)\b|\btime of day\b|\bcore hours\b|\blatest start\b|\bhours?\b"  # noqa: E501
        r"|\b(?:wie ?viel uhr|uhrzeit|um wie ?viel|welche[mnrs]? zeitraum|wann (?:öffnet|schließt|beginnt|macht))\b|\b(?:a qué hora|qué hora|hasta qué hora|horario)\b"  # noqa: E501
        r"|\b(?:à quelle heure|quelle heure|heure)\b|\b(?:a que horas?|que horas?|hora|horário)\b|\bjusqu['’]à quand\b|\b(?:a che ora|che ora|orario)\b|几点|几时|何時(?!間)",  # noqa: E501
        "date": r"\b(?:what|which) (?:date|day)\b|^\W*when\b|\bfrom when\b|\bfirst day\b|\bstart(?:ing)? date\b|\bbeginn\b|\b(?:inicio|début|início|inizio)\b|\bdate\b|\bwann\b|\b(?:an )?welche[mnrs]? (?:tag|datum)\b|\bdatum\b|\b(?:cuándo|qué (?:día|fecha)|fecha)\b"  # noqa: E501
        r"|\b(?:quand|quel jour|quelle date|date)\b|\b(?:quando|que dia|em que dia|data)\b|\b(?:che giorno|che data)\b|几号|几月|日期|哪天|哪一天|什么时候|何時ごろ|何月|何日|いつ|日程",  # noqa: E501
        "mass": r"\bhow (?:heavy|much does .* weigh)\b|\b(?:weight|weigh|load)\b|\b(?:kilos?|grams?|gramm?\w*|grammes)\b|\bgewicht\b|\bschwer\b|\bpeso\b|\bpoids\b|\bpesa\b|多重|重量|何グラム|何キロ|重さ",  # noqa: E501
        "length": r"\bhow (?:far|tall|high|wide|deep|long)\b|\b(?:distance|height|width|depth|length)\b|\bwie (?:weit|hoch|breit|tief|groß|lang)\b|\b(?:distancia|altura|distance|hauteur|distância|distanza|altezza)\b|多远|多高|多长|距离|何メートル|何センチ|何キロ|距離",  # noqa: E501
        "volume": r"\b(?:lit(?:er|re)s?|milliliters?|volume|litros?|litri|liter|milliliter\w*)\b|多少(?:毫)?升|何リットル|何ミリ",  # noqa: E501
        "data": r"\b(?:file size|megabytes?|gigabytes?|mb|gb|megas?|dateigröße|storage|speicher\w*)\b",
        "temperature": r"\b(?:temperature|degrees|how (?:hot|cold|warm)|temperatur|wie (?:heiß|warm|kalt)|grad|temperatura|température|grados|graus|gradi|degrés)\b|温度|几度|多少度|何度",  # noqa: E501
        "number": r"\bhow many\b|\bnumber of\b|\bwie ?viele\b|\banzahl\b|\bcuánt[oa]s\b|\bnúmero de\b|\bcombien d|\bnombre de\b|\bquant[oa]s\b|\bquant[ie]\b|\bnumero di\b|多少|几[个人名次位条件张只本]|何[人名個回枚本台錠つ]|いくつ",  # noqa: E501
    }.items()
}
"""What a question asks for, in all languages."""


AMOUNT: Final = re.compile(
    r"\b(?:how (?:big|large|much)|dos(?:e|age)|quantity|amount|maximum|minimum|limit|size|menge|dosis|tageslimit|größe|wie ?viel|cantidad|límite"  # noqa: E501
    r"|tamaño|quantité|limite|taille|quantidade|tamanho|quantità|dimensioni)\b|上限|下限|数量|用量|糖量|量は|サイズ",
    re.IGNORECASE,
)
"""Asks for an amount without saying in which unit."""
AMOUNT_KINDS: Final = frozenset(("number", "mass", "volume", "length", "data"))
QUESTION_MARKS: Final = ("?", "？")
UNSPACED_END: Final = re.compile(r"(?<=[。！？])")
"""Ends of sentences that no space follows."""
MEASURED_KINDS: Final = frozenset(("money", "percent", "mass", "volume", "length", "temperature", "data"))
"""Kinds that are rarely incidental in a text."""
MAX_QUESTION_WORDS: Final = 60
"""Maximum number of words of both questions that request one thing."""
MAX_UNASKED_VALUES: Final = 3
"""Maximum number of values of an answer to a question that requests no known kind."""
OTHER_QUESTION: Final = re.compile(
    r"\b(?:who|whom|whose|which|why|where|welche[mnrs]?|wer|wen|wem|warum|wieso|wo|quién|quiénes|por qué|dónde|pourquoi|quem|por que|onde|chi|perché|dove)\b"  # noqa: E501
    r"|谁|为什么|哪里|哪儿|誰|なぜ|どこ",
    re.IGNORECASE,
)
"""Asks for a person, a place or a reason."""


class Amounts(NamedTuple):
    """Amounts of two answers that cannot both be right."""

    kind: str
    """`numbers` or `dates`."""
    left: str
    right: str
    precision: float


def requested_amounts(question: str, left: str, right: str) -> Amounts | None:
    """The first amounts or times of two answers, at least one of them of more than `MAX_BRIEF_WORDS` words, that cannot
    both be right; those that the question asks for come first.

    The answers share no value of that kind. If they share a value of another kind that the question asks for, they
    agree.
    """
    sizes = [word_count(text) for text in (left, right)]
    if max(sizes) <= MAX_BRIEF_WORDS or max(sizes) > MAX_WORDS:
        return None
    if WORKED_CALCULATION.search(left) or WORKED_CALCULATION.search(right):
        return None  # steps of a calculation differ
    part = asked_part(question)
    if len(part.split()) > MAX_QUESTION_WORDS:
        return None
    kinds_asked = asked_kinds(part)
    if not kinds_asked and (
        OTHER_QUESTION.search(part) or asks_yes_or_no(part) or not part.rstrip().endswith(QUESTION_MARKS)
    ):
        return None
    language = language_of(f"{left}\n{right}")
    question_quantities = quantities_in(question, language)
    left_amounts, right_amounts = (
        [amount for amount in quantities_in(text, language) if not any(map(amount.same, question_quantities))]
        for text in (left, right)
    )
    shared = {
        _group(left_amount)
        for left_amount in left_amounts
        for right_amount in right_amounts
        if _agree(left_amount, right_amount, left, right)
    }
    if kinds_asked & shared - {"number"}:
        return None
    kinds = {_group(amount) for amount in left_amounts} & {_group(amount) for amount in right_amounts} - {"ordinal"}
    if not kinds_asked and max(len(left_amounts), len(right_amounts)) > MAX_UNASKED_VALUES:
        return None
    for kind in sorted(kinds - shared, key=lambda kind: (kind not in kinds_asked, kind)):
        left_amount, right_amount = (
            [amount for amount in side if _group(amount) == kind] for side in (left_amounts, right_amounts)
        )
        if (
            max(len(left_amount), len(right_amount)) > MAX_VALUES
            or _is_elsewhere(left_amount, right_amounts)
            or _is_elsewhere(right_amount, left_amounts)
        ):
            continue
        if (
            kind == "number"
            and (shared or len(left_amount) + len(right_amount) > 2)
            and not _count_the_same(left_amount, right_amount, left, right)
        ):
            continue
        if kind not in kinds_asked and (
            (shared and kind not in MEASURED_KINDS) or len(left_amount) + len(right_amount) > 2
        ):
            continue
        source = "dates" if left_amount[0].kind in TIME_KINDS else "numbers"
        precision = ASKED_PRECISION if kind in kinds_asked else OTHER_PRECISION if kinds_asked else UNKNOWN_PRECISION
        return Amounts(source, left_amount[0].text, right_amount[0].text, precision)
    return _counted_amounts(question, (left, left_amounts), (right, right_amounts)) if "number" in kinds_asked else None


def _counted_amounts(
    question: str, one_side: tuple[str, Sequence[Quantity]], other_side: tuple[str, Sequence[Quantity]]
) -> Amounts | None:
    """The only numbers of both answers before a word of the question, if they differ: "six tablets", "three
    tablets".
    """
    (left, left_amounts), (right, right_amounts) = one_side, other_side
    question_words = content_words(question)
    numbers = [
        [(_counted_word(text, amount), amount) for amount in side if amount.kind == "number"]
        for text, side in ((left, left_amounts), (right, right_amounts))
    ]
    words = [Counter(word for word, _ in side if word) for side in numbers]
    for word in sorted(word for word in words[0] if words[0][word] == words[1][word] == 1):
        left_amount, right_amount = (
            next(amount for counted_word, amount in side if counted_word == word) for side in numbers
        )
        if word not in question_words and not (UNSPACED_LETTER.match(word) and word in question):
            continue
        if not (
            _agree(left_amount, right_amount, left, right)
            or _is_elsewhere([left_amount], right_amounts)
            or _is_elsewhere([right_amount], left_amounts)
        ):
            return Amounts("numbers", left_amount.text, right_amount.text, ASKED_PRECISION)
    return None


def _count_the_same(left_amounts: Sequence[Quantity], right_amounts: Sequence[Quantity], left: str, right: str) -> bool:
    """Whether a number of each side stands before the same word."""
    left_counted, right_counted = (
        {_counted_word(text, amount) for amount in side} - {""}
        for text, side in ((left, left_amounts), (right, right_amounts))
    )
    return not left_counted.isdisjoint(right_counted)


def _counted_word(text: str, amount: Quantity) -> str:
    following = text[amount.end :].lstrip()
    word = WORD.match(following)
    if word is None:
        return ""
    return word.group()[:1] if UNSPACED_LETTER.match(word.group()) else stem(word.group().lower())


def word_count(text: str) -> int:
    """The number of words of a text; in scripts without spaces, of pairs of characters."""
    return len(text.split()) + len(UNSPACED_LETTER.findall(text)) // 2


@lru_cache(16_384)
def asked_part(question: str) -> str:
    """The sentences of a request that ask; all of it if none does."""
    parts = [part for sentence in sentences(question) for part in UNSPACED_END.split(sentence)]
    return "\n".join(part for part in parts if part.rstrip().endswith(QUESTION_MARKS)) or question


@lru_cache(16_384)
def asked_kinds(question: str) -> frozenset[str]:
    """The kinds of amounts and times that a question asks for."""
    kinds = {kind for kind, pattern in ASKED.items() if pattern.search(question)}
    return frozenset(kinds | AMOUNT_KINDS if AMOUNT.search(question) else kinds)


def _group(amount: Quantity) -> str:
    return GROUPS.get(amount.kind, amount.kind)


def _is_elsewhere(amounts: Sequence[Quantity], others: Sequence[Quantity]) -> bool:
    """Whether a value of one kind is among values of any kind: "from nine", "9 am"."""
    return any(amount.same(other) for amount in amounts for other in others)


def _agree(left_amount: Quantity, right_amount: Quantity, left: str, right: str) -> bool:
    """Whether two values of one kind may both hold."""
    if _group(left_amount) != _group(right_amount):
        return False
    if left_amount.kind != right_amount.kind and "weekday" in (left_amount.kind, right_amount.kind):
        return True  # 5 May may be a Monday
    if left_amount.kind == "clock":
        return ((left_amount.value[0] or 0) - (right_amount.value[0] or 0)) % HALF_DAY == 0
    return left_amount.same(right_amount) or may_both_hold(left_amount, right_amount, left, right)
