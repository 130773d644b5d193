"""What a question asks for: kinds of amounts and times, or how often something happens."""

import re
from functools import cache, lru_cache
from typing import Final

from curate.core.lazy import lazy_pattern
from curate.language.lexicon import UNITS
from curate.language.precise_requests import asks_yes_or_no
from curate.language.quantities import Quantity, quantities_in
from curate.language.quantity_translation import UNSPACED_LETTER, WORD, language_of
from curate.language.quantity_words import UNITS_IN
from curate.language.sentences import sentences
from curate.language.verdict_words import NAME_QUESTION, QUESTION_WORD

CURRENCIES: Final = frozenset(("USD", "EUR", "GBP", "JPY", "INR", "CNY", "BRL", "RUB", "PLN", "TRY", "KRW"))
GROUPS: Final = {
    "months": "time",
    "weekday": "date",
    "celsius": "temperature",
    "fahrenheit": "temperature",
    **dict.fromkeys(CURRENCIES, "money"),
}
"""The kinds of quantities that measure the same thing."""
ASKED: Final[dict[str, re.Pattern[str]]] = {
    kind: lazy_pattern(pattern, re.IGNORECASE)
    for kind, pattern in {
        "time": r"как долго|через сколько|за сколько|сколько (?:времени|дней|часов|минут|лет|недель|месяцев)|\bсрок\w{0,3}\b|гаранти\w{1,3}\b|jak długo|\bile (?:trwa|czasu|dni|godzin|minut|lat|tygodni|miesięcy)\w{0,3}\b|gwarancj|\bne kadar sür|\bkaç (?:gün|saat|dakika|yıl|ay|hafta)\b|\bsüre(?:si|niz)?\b|\bgarantisi\b|며칠|얼마나 (?:오래|걸)|몇 (?:시간|분|일|년|달|개월|주)|기간|"  # noqa: E501
        r"\bhow long\b|\bhow much time\b|\blength\b|\b\w+ing time\b|\bwie ?viel zeit\b|\b(?:how many|number of|what) (?:\w+ ){0,2}?(?:seconds|minutes|hours|days|weeks|months|years)\b"  # noqa: E501
        r"|\b(?:duration|journey time|travel time|how much of the week|probation|warranty|guarantee period|notice period|time limit|window|deadline|retention|how old|age)\b"  # noqa: E501
        r"|\bwie ?(?:lange?|viele (?:minuten|stunden|tage|wochen|monate|jahre))\b|\b\w*(?:dauer|frist)\b|\b(?:mindest)?alter\b|\bwie alt\b|\bgarantie(?:zeit)?\b"  # noqa: E501
        r"|\bcuánto (?:tiempo|dura|tarda|tardan|se tarda)\b|\bcuánt[oa]s (?:minutos|horas|días|semanas|meses|años)\b|\b(?:plazo|duración|garantía|edad)\b"  # noqa: E501  # noqa: E501
        r"|\bcombien (?:de temps|d['’]heures|de (?:minutes|jours|semaines|mois))\b|\b(?:délai|durée|garantie|âge)\b"
        r"|\bquanto tempo\b|\bquant[oa]s (?:minutos|horas|dias|semanas|meses|anos)\b|\b(?:prazo|duração|garantia|idade)\b"  # noqa: E501
        r"|\bquant[ie] (?:minuti|ore|giorni|settimane|mesi|anni)\b|\b(?:durata|quanto dura|garanzia|età)\b"
        r"|多久|多长时间|多少时间|(?:期|持续|[要得等])[^,，。]{0,3}多长|周期|寿命|保质期|有效期|几年|几周|几分钟|(?:多少|几)个?工作日|多少(?:分钟|小时|周|年|个月)|几天|多少天|几个(?:小时|月|星期)|期限|时长|几岁|年龄|何歳|年齢|何日|何時間|何分|何か月|何週間|どのくらい(?:の(?:期間|時間))|時間(?:は|って)?(?:ど[のれ]くらい|どれぐらい|どれほど)|期間|期限|所要時間",
        "money": r"сколько (?:это )?(?:стоит|стоят|будет стоить|платить)|\bцен[аыу]\b|стоимость|\bплат[аы]\b|\bile (?:to )?kosztuj|\bjaka (?:jest )?cena\b|\bkoszt(?:y|uje)?\b|\bopłat[ay]\b|\bile (?:się )?(?:za)?płac|\bkaç (?:lira|tl|para)\b|\bfiyat|\bücret(?:i|leri)?\b|얼마(?:예요|인가요|입니까|죠|나 (?:내|드))|가격|요금|비용|이용료|"  # noqa: E501
        r"\b(?:how much (?:is|are|does|do|will|would|did)|price|costs?|fees?|(?<!in )charges?|fare|rent|deposit|salary|wage)\b"  # noqa: E501
        r"|\b(?:was|wie ?viel) (?:kostet|kosten|zahlt?|bezahl\w+)\b|\b\w*(?:preis|kosten|beitrag|bezahlen|gebühr|miete|kaution|lohn|gehalt)\b"  # noqa: E501
        r"|\bcuánto (?:cuesta|cuestan|vale|hay que pagar|pag\w+|cobra\w*)\b|\b(?:precio|tarifa|coste|costo|importe|cuota)\b"  # noqa: E501
        r"|\b(?:combien (?:coûte|coûtent|ça|faut-il payer)|prix|tarif|coût|montant|loyer)\b|\bquanto (?:custa\w*|paga\w*|costa\w*|si paga)\b"  # noqa: E501
        r"|\b(?:preço|valor|taxa|prezzo|costo|tariffa)\b|多少钱|价格|价钱|票价|月租|房租|工资|薪|怎么卖|[交花收付]多少|几块|费(?=怎么|(?:是|要)?多少)|最低消费|罚款|押金|多少(?:元|块)|费用|收费|租金|いくら|料金|値段|価格|費用",
        "percent": r"\b(?:what|which) (?:percentage|percent|share|proportion)\b|\bper ?cent(?:age)?\b|\bdiscount\b|\b(?:contribution|interest|success|tax) rate\b|\binterest\b|\bprozent\w*\b|\bprozentsatz\b|\brabatt\b|\b\w*(?:stärke|anteil|quote|zins\w*)\b|\b(?:ahorro|économise)\b"  # noqa: E501
        r"|\b(?:porcentaje|descuento|pourcentage|réduction|remise|porcentagem|percentagem|desconto|percentuale|sconto|proporción|proportion)\b"
        r"|百分之|百分比|几折|几成|折扣|抽成|[税利费合格折]率|几个点|比例|利率|何%|何％|何パーセント|割合|割引",
        "clock": r"\bво сколько\b|\bдо скольки\b|\bв котором часу\b|\bчас(?:ы|ов) работы\b|\b(?:o|do|od) której\b|\bgodzin(?:y|ach) otwarcia\b|\bsaat kaç|\bkaça kadar\b|\bhangi saat|몇 시(?!간)|"  # noqa: E501
        r"\b(?:what|which) (?:time|hour)\b|\bwhen (?:does|do|is|are|will)\b.*\b(?:open|close|start|begin|end|finish|leave|depart|arrive|shut)\w*|\bopening (?:time|hours)|\bcheck-?(?:in|out)\b|\btime of day\b|\bcore hours\b|\blatest start\b|\bhours?\b"  # noqa: E501
        r"|\b(?:wie ?viel uhr|uhrzeit|um wie ?viel|welche[mnrs]? zeitraum|wann (?:öffnet|schließt|beginnt|macht))\b|\b(?:a qué hora|qué hora|hasta qué hora|horario)\b"  # noqa: E501
        r"|\b(?:à quelle heure|quelle heure|heure)\b|\b(?:a que horas?|que horas?|hora|horário)\b|\bjusqu['’]à quand\b|\b(?:a che ora|che ora|orario)\b|几点|几时|多晚|什么时间|[末首]班|开场|(?:开门|关门|闭馆|营业|发车|发船|开放|上班|末班|首班).{0,5}时间|最[早晚].{0,8}什么时候|何時(?!間)|時刻",  # noqa: E501
        "date": r"\bкогда\b|\bкак(?:ой|ого|ая) (?:день|дня|числа|дата)\b|\bв как(?:ой|ие) д(?:ень|ни)\b|\bkiedy\b|\b(?:jaki|który|którego|jakiego) (?:dzień|dnia)\b|\bjaki (?:jest )?termin\b|\bne zaman\b|\bhangi (?:gün|tarih)|언제|무슨 요일|휴관일|"  # noqa: E501
        r"\b(?:what|which) (?:date|day|month)s?\b|^\W*when\b|\bfrom when\b|\bfirst day\b|\bstart(?:ing)? date\b|\bbeginn\b|\b(?:inicio|début|início|inizio)\b|\bdate\b|\bwann\b|\b(?:an )?welche[mnrs]? (?:tag(?:en?)?|datum|daten|monat(?:en?)?)\b|\bdatum\b|\b(?:cuándo|qué (?:días?|fechas?|mes(?:es)?)|fechas?)\b"  # noqa: E501
        r"|\b(?:quand|quels? (?:jours?|mois)|quelles? dates?|dates?)\b|\b(?:quando|(?:que|quais|em que) (?:dias?|mês|meses)|datas?)\b|\b(?:(?:che|quali?) (?:giorn[oi]|mes[ei]|dat[ae]))\b|几号|几月|何时|哪个月|星期几|周几|日期|哪天|哪一天|哪一?年|何年(?!間)|什么时候|何時ごろ|何月|何日|いつ|日程",  # noqa: E501
        "mass": r"сколько весит|\bвес\b|\bile waży\b|\bwaga\b|\bağırlığı\b|\bkaç kilo\b|무게|몇 킬로|"
        r"\bhow (?:heavy|much does .* weigh)\b|\b(?:weight|weigh|load)\b|\b(?:kilos?|grams?|gramm?\w*|grammes)\b|\bgewicht\b|\bschwer\b|\bpeso\b|\bpoids\b|\bpesa\b|多重|重量|何グラム|何キロ|重さ",  # noqa: E501
        "length": r"как далеко|\bрасстояние\b|\bдлин[аы]\b|\bвысот[аы]\b|\bjak daleko\b|\bodległość\b|\bdługość\b|\bwysokość\b|\bmesafe\b|거리는|높이|길이|"  # noqa: E501
        r"\bhow (?:far|tall|high|wide|deep|long)\b|\b(?:distance|mileage|height|width|depth|length)\b|\bwie (?:weit|hoch|breit|tief|groß|lang)\b|\b(?:distancia|altura|distance|hauteur|distância|distanza|altezza)\b|多远|多高|(?<!周期)(?<!时间)多长(?!时间)|距离|何メートル|何センチ|何キロ|距離",  # noqa: E501
        "volume": r"\b(?:lit(?:er|re)s?|milliliters?|volume|litros?|litri|liter|milliliter\w*)\b|多少(?:毫)?升|何リットル|何ミリ",  # noqa: E501
        "data": r"\b(?:file size|megabytes?|gigabytes?|mb|gb|megas?|dateigröße|storage|speicher\w*)\b|文件.{0,8}(?:多大|大小)|存储空间|内存|多少(?:兆|[KMGT]B?(?![A-Za-z]))",  # noqa: E501
        "temperature": r"\b(?:temperature|degrees|how (?:hot|cold|warm)|temperatur|wie (?:heiß|warm|kalt)|grad|temperatura|température|grados|graus|gradi|degrés)\b|温度|几度|多少度|何度",  # noqa: E501
        "number": r"\bсколько\b|\bile\b|\bkaç\b|몇|"
        r"\bhow many\b|\bnumber of\b|\btotal\b|\bcharacters\b|\bwie ?viele[nrs]?\b|\banzahl\b|\bcuánt[oa]s\b|\bnúmero de\b|\bcombien d|\bnombre de\b|\bquant[oa]s\b|\bquant[ie]\b|\bnumero di\b|多少(?!钱)|几(?![点時时号號月天年周日岁度折乎何成楼层]|个(?:小时|月|星期|礼拜|钟头)|分钟)|张数|人数|次数|枚数|個数|台数|回数|何[人名個回枚本台錠つ]|いくつ",  # noqa: E501
    }.items()
}
"""What a question asks for, in all languages."""
FREQUENCY_QUESTION: Final = lazy_pattern(
    r"\b(?:how (?:often|frequently|regularly|many times)|at (?:what|which) intervals?|(?:what|which) (?:interval|frequency))\b"  # noqa: E501
    r"|\bwie (?:oft|häufig|regelmäßig)\b|\b(?:cada cuánto|(?:con|a) qué frecuencia|cuántas veces)\b"
    r"|\b(?:à quelle fréquence|combien de fois|tous les combien)\b|\b(?:com que frequência|de quanto em quanto tempo|quantas vezes)\b"  # noqa: E501
    r"|\b(?:ogni quanto|con (?:che|quale) frequenza|quante volte)\b|多久.{0,8}一次|多长时间.{0,8}一次|[每一][个個]?[天日周月年星礼小].{0,6}几次|几次[^机]{0,4}[每一][天日周月年]|頻度|[日週月年間]に?何回|どのくらいの間隔",  # noqa: E501
    re.IGNORECASE,
)
"""Asks how often something happens."""

TWO_THINGS: Final = lazy_pattern(
    r"\b(?:and|und|y|et|e|и|i|oraz|ve)\b"
    r"(?! (?:where|who|why|wo|wer|warum|où|qui|pourquoi|d[óo]nde|quién|onde|quem|dove|chi|где|кто|почему|gdzie|kto)\b)"
    r"|[和与]|[와과] |및"
)
"""Stands between two things that a question asks for, of which none is a place, a person or a reason."""
AMOUNT: Final = lazy_pattern(
    r"\b(?:how (?:big|large|much)|dos(?:e|age)|quantity|amount|maximum|minimum|limit|size|menge|dosis|tageslimit|größe|wie ?viel|cantidad|límite"  # noqa: E501
    r"|tamaño|quantité|limite|taille|quantidade|tamanho|quantità|dimensioni)\b|上限|下限|最大|多大|限额|数量|用量|糖量|量は|サイズ",
    re.IGNORECASE,
)
"""Asks for an amount without saying in which unit."""
AMOUNT_KINDS: Final = frozenset(("number", "mass", "volume", "length", "data"))
MAX_SINGULAR_LETTERS: Final = 3
PLURAL_ENDINGS: Final[dict[str, str | tuple[str, ...]]] = {
    "en": "s",
    "es": "s",
    "fr": "s",
    "pt": "s",
    "it": ("i", "e"),
    "de": ("n", "en", "e"),
}
"""Last letters of units in the plural, by language; those of German and Italian end some in the singular, too."""
VAGUE_NUMBER: Final = lazy_pattern(
    r"\b(?:few|some|several|these|those|next|last|past|ein paar|einige|letzten|nächsten|diese|unos|unas|estos|estas|algunos|quelques"  # noqa: E501
    r"|ces|alguns|algumas|estes|estas|alcuni|alcune|qualche|questi|the|los|las|les|os|as|le|die) $",
    re.IGNORECASE,
)
"""Stands before units that a text does not ask for: "in the last days"."""
QUESTION_MARKS: Final = ("?", "？")
UNSPACED_END: Final = lazy_pattern(r"(?<=[。！？])")
"""Ends of sentences that no space follows."""
OTHER_QUESTION: Final = lazy_pattern(
    r"\b(?:who|whom|whose|which|why|where|welche[mnrs]?|wer|wen|wem|warum|wieso|wo|quién|quiénes|por qué|dónde|pourquoi|quem|por que|onde|chi|perché|dove)\b"  # noqa: E501
    r"|谁|为什么|哪里|哪儿|誰|なぜ|どこ|[а-яё가-힣ąęłńśźżğş]",
    re.IGNORECASE,
)
"""Asks for a person, a place or a reason, or is in a language in which this is not known."""


@lru_cache(16_384)
def asked_part(question: str) -> str:
    """The sentences of a request that ask; all of it if none does."""
    parts = [part for sentence in sentences(question) for part in UNSPACED_END.split(sentence)]
    return "\n".join(part for part in parts if part.rstrip().endswith(QUESTION_MARKS)) or question


@lru_cache(16_384)
def asked_kinds(question: str) -> frozenset[str]:
    """The kinds of amounts and times that a question asks for."""
    kinds = {kind for kind, pattern in ASKED.items() if pattern.search(question)}
    kinds = kinds | _han_units(question) if UNSPACED_LETTER.search(question) else kinds or _named_units(question)
    return frozenset(kinds | AMOUNT_KINDS if AMOUNT.search(question) else kinds)


@lru_cache(16_384)
def asks_for_an_amount_alone(request: str) -> bool:
    """Whether a request asks for an amount or a time, not for a name or place nor for yes or no."""
    part = asked_part(request)
    return bool(QUESTION_WORD.search(part) and asked_kinds(part)) and not NAME_QUESTION.search(part)


def _han_units(question: str) -> set[str]:
    """The kinds of the units of which a Chinese or Japanese question asks how many: "多少公斤", "何グラム"."""
    names = UNITS_IN.get(language_of(question))
    if names is None:  # Korean
        return set()
    units = (UNITS.get(names[match[1]]) for match in _how_many_units(language_of(question)).finditer(question))
    return {GROUPS.get(unit[0], unit[0]) for unit in units if unit is not None}


@cache
def _how_many_units(language: str) -> re.Pattern[str]:
    units = "|".join(map(re.escape, sorted(UNITS_IN[language], key=len, reverse=True)))
    return re.compile(rf"(?:多少|几|何)({units})")


def _named_units(question: str) -> set[str]:
    """The kinds of the units in the plural that a question names without a number: "days of leave for a wedding"."""
    language = language_of(question)
    numbered = [(amount.start, amount.end) for amount in quantities_in(question, language)]
    names = UNITS_IN.get(language, {})
    kinds = set()
    for word in WORD.finditer(question):
        name = word.group().lower()
        unit = UNITS.get(names.get(name, name))
        if (
            unit is not None
            and len(name) > MAX_SINGULAR_LETTERS
            and name.endswith(PLURAL_ENDINGS.get(language, ()))
            and not any(start <= word.start() < end for start, end in numbered)
            and not VAGUE_NUMBER.search(question, max(0, word.start() - 12), word.start())
        ):
            kinds.add(GROUPS.get(unit[0], unit[0]))
    return kinds


def may_ask_for_an_amount(question: str) -> bool:
    """Whether a question that names no kind of amount may still ask for one: it asks for nothing else."""
    return (
        not OTHER_QUESTION.search(question)
        and not asks_yes_or_no(question)
        and question.rstrip().endswith(QUESTION_MARKS)
    )


def group(amount: Quantity) -> str:
    """The name of what a quantity measures: kinds that measure the same thing have one."""
    return GROUPS.get(amount.kind, amount.kind)
