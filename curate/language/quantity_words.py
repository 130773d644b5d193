"""Words of quantities in German, Spanish, French, Portuguese, Italian, Chinese and Japanese, by the English word that
`curate.language.quantities` reads.
"""

from typing import Final

from curate.language.lexicon import DAYS, MONTHS

FUNCTION_WORDS: Final[dict[str, frozenset[str]]] = {
    language: frozenset(listed.split())
    for language, listed in {
        "en": "the and of to is you your for with are be it that this can will not on or if from have by at an",
        "de": "der die das und ist sie nicht ein eine mit für auf den dem von zu wird bei bis sich im am ab oder werden",  # noqa: E501
        "es": "el los las y es que en por para con una del se su al lo como más si está son tu te hasta desde sin",
        "fr": "le les des et est vous pour dans une du au avec votre sur pas que ce qui par il sont ou à aux nous si",
        "pt": "o os as e é que em para com uma do da no na não se ao por um seu sua até dos das mais são ou você",
        "it": "il lo gli e è che di per con una del della non si al alla nel da sono più i un ti le dei fino se",
    }.items()
}
"""Frequent words by which a language is recognized."""

MONTH_NAMES: Final[dict[str, str]] = {
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
}
WEEKDAY_NAMES: Final[dict[str, str]] = {
    "de": "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "pt": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
}
UNIT_NAMES: Final[dict[str, dict[str, str]]] = {
    "de": {
        "seconds": "sekunde sekunden",
        "minutes": "minute minuten",
        "hours": "stunde stunden std",
        "days": "tag tage tagen tages kalendertage kalendertagen",
        "working days": "werktag werktage werktagen arbeitstag arbeitstage arbeitstagen",
        "weeks": "woche wochen",
        "months": "monat monate monaten monats",
        "years": "jahr jahre jahren jahres",
        "euros": "euro",
        "cents": "cent",
        "dollars": "dollar",
        "percent": "prozent prozentpunkte",
        "grams": "gramm",
        "mg": "milligramm",
        "kg": "kilo kilogramm",
        "ml": "milliliter",
        "liters": "liter litern",
        "meters": "meter metern",
        "cm": "zentimeter zentimetern",
        "km": "kilometer kilometern",
        "mm": "millimeter",
        "celsius": "grad °c °",
    },
    "es": {
        "seconds": "segundo segundos",
        "minutes": "minuto minutos",
        "hours": "hora horas",
        "days": "día días",
        "weeks": "semana semanas",
        "months": "mes meses",
        "years": "año años",
        "euros": "euro",
        "cents": "céntimo céntimos centavos",
        "dollars": "dólar dólares",
        "grams": "gramo gramos",
        "mg": "miligramo miligramos",
        "kg": "kilo kilos kilogramo kilogramos",
        "ml": "mililitro mililitros",
        "liters": "litro litros",
        "meters": "metro metros",
        "cm": "centímetro centímetros",
        "km": "kilómetro kilómetros",
        "mm": "milímetro milímetros",
        "mb": "mega megas megabytes",
        "celsius": "grado grados °c °",
    },
    "fr": {
        "seconds": "seconde secondes",
        "minutes": "minute",
        "hours": "heure heures",
        "days": "jour jours journées",
        "weeks": "semaine semaines",
        "months": "mois",
        "years": "an ans année années",
        "euros": "euro",
        "cents": "centime centimes",
        "grams": "gramme grammes",
        "mg": "milligramme milligrammes",
        "kg": "kilo kilos kilogramme kilogrammes",
        "liters": "litre litres",
        "ml": "millilitre millilitres",
        "meters": "mètre mètres",
        "cm": "centimètre centimètres",
        "km": "kilomètre kilomètres",
        "mm": "millimètre millimètres",
        "celsius": "degré degrés °c °",
    },
    "pt": {
        "seconds": "segundo segundos",
        "minutes": "minuto minutos",
        "hours": "hora horas",
        "days": "dia dias",
        "weeks": "semana semanas",
        "months": "mês meses",
        "years": "ano anos",
        "euros": "euro",
        "cents": "cêntimo cêntimos centavo centavos",
        "reais": "real",
        "dollars": "dólar dólares",
        "grams": "grama gramas",
        "mg": "miligrama miligramas",
        "kg": "quilo quilos quilograma quilogramas",
        "ml": "mililitro mililitros",
        "liters": "litro litros",
        "meters": "metro metros",
        "cm": "centímetro centímetros",
        "km": "quilômetro quilômetros quilómetro quilómetros",
        "mm": "milímetro milímetros",
        "mb": "mega megas megabytes",
        "celsius": "grau graus °c °",
    },
    "it": {
        "seconds": "secondo secondi",
        "minutes": "minuto minuti",
        "hours": "ora ore",
        "days": "giorno giorni",
        "weeks": "settimana settimane",
        "months": "mese mesi",
        "years": "anno anni",
        "cents": "centesimo centesimi",
        "grams": "grammo grammi",
        "mg": "milligrammo milligrammi",
        "kg": "chilo chili chilogrammo chilogrammi",
        "ml": "millilitro millilitri",
        "liters": "litro litri",
        "meters": "metro metri",
        "cm": "centimetro centimetri",
        "km": "chilometro chilometri",
        "mm": "millimetro millimetri",
        "celsius": "grado gradi °c °",
    },
    "zh": {
        "seconds": "秒钟 秒",
        "minutes": "分钟",
        "hours": "个小时 小时 个钟头",
        "days": "天 日内",
        "working days": "个工作日 工作日",
        "weeks": "个星期 个礼拜 星期 礼拜 周",
        "months": "个月",
        "years": "周年 年",
        "CNY": "元 块钱 块 人民币",
        "euros": "欧元",
        "dollars": "美元",
        "percent": "％ %",
        "mg": "毫克",
        "kg": "公斤 千克",
        "grams": "克",
        "ml": "毫升",
        "liters": "升",
        "cm": "厘米 公分",
        "mm": "毫米",
        "km": "公里 千米",
        "meters": "米",
        "celsius": "摄氏度 度 ℃ °c",
    },
    "ja": {
        "seconds": "秒間 秒",
        "minutes": "分間 分",
        "hours": "時間",
        "days": "日間 日以内 日前",
        "working days": "営業日",
        "weeks": "週間",
        "months": "か月間 か月 ヶ月間 ヶ月 カ月 ヵ月 ケ月 箇月",
        "years": "年間 年",
        "JPY": "円",
        "percent": "％ % パーセント",
        "mg": "ミリグラム",
        "kg": "キログラム キロ",
        "grams": "グラム",
        "ml": "ミリリットル",
        "liters": "リットル",
        "cm": "センチメートル センチ",
        "mm": "ミリ",
        "km": "キロメートル",
        "meters": "メートル",
        "celsius": "度 ℃",
    },
}
UNITS_IN: Final[dict[str, dict[str, str]]] = {
    language: {name: english for english, names in units.items() for name in names.split()}
    for language, units in UNIT_NAMES.items()
}
MONTHS_IN: Final[dict[str, dict[str, str]]] = {
    language: dict(zip(names.split(), MONTHS, strict=True)) for language, names in MONTH_NAMES.items()
}
DAYS_IN: Final[dict[str, dict[str, str]]] = {
    language: dict(zip(names.split(), DAYS, strict=True)) for language, names in WEEKDAY_NAMES.items()
}
WORKING: Final = "ouvrés|ouvrables|ouvré|hábiles|laborables|úteis|lavorativi|feriali"
"""Words after days of work."""
CLOCK_PREPOSITIONS: Final[dict[str, str]] = {
    "es": r"(?:las|la)",
    "fr": r"(?:à|dès|jusqu['’]à|avant|après|vers)",
    "pt": r"(?:às|das)",
    "it": r"(?:alle|ore|dalle|le|delle(?=\s\d{1,2}(?:[.,;:)]|\s(?:è|e|del|di|si|con|o)\b)))",
}
"""Words before an hour, where the hour alone may stand for a time of day."""
HALF_PAST: Final[dict[str, str]] = {"es": "y media", "fr": "et demie?", "pt": "e meia", "it": "e mezz[ao]"}
QUARTER_PAST: Final[dict[str, str]] = {"es": "y cuarto", "fr": "et quart", "pt": "e um quarto", "it": "e un quarto"}
PAST_NOON: Final = (
    r"de la tarde|de la noche|da tarde|da noite|di sera|del pomeriggio|du soir|de l['’]après-midi"
    r"|abends|nachmittags|am abend|am nachmittag|in the evening|in the afternoon|at night|p\.?m\b\.?"
)
BEFORE_NOON: Final = (
    r"de la mañana|da manhã|del mattino|di mattina|du matin|morgens|vormittags|früh|in the morning|a\.?m\b\.?"
)
RELATIVE_CLOCKS: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "en": ((r"half(?: past)?", 30), (r"(?:a )?quarter past", 15), (r"(?:a )?quarter to", -15)),
    "de": ((r"halb", -30), (r"viertel nach", 15), (r"viertel vor", -15)),
}
"""Words before an hour, and the minutes that they add to it."""
HOUR_WORDS: Final[dict[str, str]] = {
    "en": r"o['’]? ?clock",
    "de": "uhr",
    "fr": "heures?|h",
    "pt": "horas?|h",
    "es": "horas?|h",
    "it": "ore|h",
}
"""Words after the hour of a time of day."""
_BEFORE_ONE: Final = "|".join(rf"(?<=\b{word} )" for word in (
    "within", "for", "takes", "take", "is", "get", "gets", "have", "has", "last", "lasts", "need", "needs", "about",
    "around", "roughly", "almost", "nearly", "after", "under", "over", "than", "to", "wait",
))  # fmt: skip
"""What stands before "a month" where it is one month and not every month."""
_GERMAN_NUMBER: Final = (
    r"(?:\d+|(?:ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|sech|sieb|zwan|zig|ßig|und|hundert)+)"
)
IDIOMS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "en": (
        (r"\b(?:the )?(?:next|following) (?:day|morning)\b", "1 day"),
        (
            r"\b(?:until|till|by|up to|latest)(?: \d\d?(?::\d\d)? ?[ap]\.?m\.?| noon| midnight)?(?: on)? the day before\b",  # noqa: E501
            "1 day before",
        ),
        (r"\b(?:only|just) one\b|\bone single\b", "1"),
        (r"\b(?:a |one )?fortnight\b", "14 days"),
        (r"\bhalf an hour\b", "30 minutes"),
        (r"\b(?:an|one) hour and a half\b", "90 minutes"),
        (r"\b(?:a|one) day and a half\b", "36 hours"),
        (r"\b(?:a|one) month and a half\b", "1.5 months"),
        (r"\b(?:a|one) year and a half\b", "18 months"),
        (r"\bone and a half\b", "1.5"),
        (r"\btwo and a half\b", "2.5"),
        (r"\bthree and a half\b", "3.5"),
        (r"\bfour and a half\b", "4.5"),
        (r"\bmidday\b", "noon"),
        (r"\bper cent\b", "percent"),
        (r"\bhalf a dozen\b", "6"),
        (r"\bhalf an?(?= (?:cap|cup|spoon|teaspoon|tablespoon|hand|glass|mug|scoop)ful\b)", "0.5"),
        (r"\ba dozen\b", "12"),
        (r"\b(?:three[ -]quarters of an|3/4) hour\b", "45 minutes"),
        (r"\b(?:a )?quarter of an hour\b", "15 minutes"),
        (r"\bkilos?\b", "kg"),
        (r"\bhalf a year\b", "6 months"),
        (rf"(?:{_BEFORE_ONE})an?(?= (?:full |whole )?(?:hour|day|week|month|year)\b)", "1"),
        (r"\ba(?= (?:day|week|month|year)['’]s\b)", "1"),
        (r"\bpounds?(?! of\b)\b|\bquid\b", "gbp"),
        (r"(?<=\d)[.](?=[0-5]\d ?[ap]\.?m\b)", ":"),
        (r"\bone(?= o['’]? ?clock\b)", "1"),
        (r"\bevery other (?=(?:day|week|month|year)\b)", "every 2 "),
    ),
    "de": (
        (r"\bam (?:nächsten|folgenden|darauffolgenden) tag\b|\btags darauf\b", "1 Tag"),
        (r"\bbis (?:zum|am|\w+ uhr am) vortag\b|\bspätestens am vortag\b", "1 Tag vorher"),
        (r"\bnur ein(?:e[nmrs]?)?\b|\bein(?:e[nmr]?)? einzige[nmrs]?\b", "1"),
        (r"\bnur einmal\b", "1 mal"),
        (rf"(?<!\w)(?!einmal)({_GERMAN_NUMBER})mal\b", r"\1 mal"),
        (r"\b(?:ein )?halbes dutzend\b", "6"),
        (r"\bein dutzend\b", "12"),
        (r"\bzu zweit\b", "zu 2"),
        (r"\bzu dritt\b", "zu 3"),
        (r"\bzu viert\b", "zu 4"),
        (r"\b(?:anderthalb|eineinhalb)\b", "1,5"),
        (r"\bzweieinhalb\b", "2,5"),
        (r"\bdreieinhalb\b", "3,5"),
        (r"\bviereinhalb\b", "4,5"),
        (r"\b(?:eine )?halbe[nr]? stunde\b", "30 minuten"),
        (r"\b(?:eine[rn]? )?(?:dreiviertelstunde|drei viertel stunden?)\b", "45 Minuten"),
        (r"\b(?:eine[rn]? )?viertelstunde\b", "15 Minuten"),
        (r"\b(?:ein(?:em)? )?dreivierteljahr\b", "9 Monate"),
        (r"\b(?:ein(?:em)? )?vierteljahr\b", "3 Monate"),
        (r"\b(?:ein(?:en)? )?dreiviertelliter\b", "750 ml"),
        (r"\b(?:ein(?:en)? )?viertelliter\b", "250 ml"),
        (r"\b(?:ein(?:en)? )?halbe[rn] liter\b", "500 ml"),
        (r"\b(?:ein )?halbes kilo\b", "500 Gramm"),
        (r"\b(?:ein )?halbes pfund(?= (?-i:[A-ZÄÖÜ]))", "250 Gramm"),
        (r"\bein pfund(?= (?-i:[A-ZÄÖÜ]))", "500 Gramm"),
        (r"\bhalbstündig(?:e[mnrs]?)?\b", "30 Minuten"),
        (r"\bhalbjährig(?:e[mnrs]?)?\b", "6 Monate"),
        *(
            (rf"(?<!\w)({_GERMAN_NUMBER})-?{adjective}ig(?:e[mnrs]?)?\b", rf"\1 {unit}")
            for adjective, unit in (
                ("minüt", "Minuten"),
                ("stünd", "Stunden"),
                ("täg", "Tage"),
                ("wöch", "Wochen"),
                ("monat", "Monate"),
                ("jähr", "Jahre"),
                ("prozent", "Prozent"),
            )
        ),
        *(
            (rf"(?<!\w)({_GERMAN_NUMBER}){genitive}(?=[^\W\d_]{{3}})", rf"\1 {unit} ")
            for genitive, unit in (
                ("minuten", "Minuten"),
                ("stunden", "Stunden"),
                ("tages?", "Tage"),
                ("wochen", "Wochen"),
                ("monats", "Monate"),
                ("jahres", "Jahre"),
            )
        ),
        (
            r"\bein(?:e[nmr]?)?(?= (?:(?:ganze|volle|gute|knappe)[nmrs]? )?(?:minute|stunde|tage?|woche|monate?|jahre?)\b)",  # noqa: E501
            "1",
        ),
        (r"\beine?m?(?= prozent\b)", "1"),
        (r"\bmitternacht\b", "00:00"),
        (r"\b(?:mittags um zwölf|zwölf uhr mittags)\b", "12:00"),
        (r"\bein halbes jahr\b|\bhalben jahr\b", "6 Monate"),
    ),
    "es": (
        (r"\bal día siguiente\b", "1 día"),
        (r"\bhasta (?:el día (?:anterior|antes)|la víspera)\b", "1 día antes"),
        (r"\b(?:solo|sólo|solamente) un[ao]?\b|\bun[ao]? (?:sol[ao]|únic[ao])\b", "1"),
        (r"\bmedia docena\b", "6"),
        (r"\buna docena\b", "12"),
        (r"\bveinti(?:ún|un|una)\b", "21"),
        (r"\buna decena\b", "10"),
        (r"\bpor ciento\b", "%"),
        (r"\b(?:una )?hora y media\b", "90 minutos"),
        (r"\bmedia hora\b", "30 minutos"),
        (r"\btres cuartos de hora\b", "45 minutos"),
        (r"\b(?:un )?cuarto de hora\b", "15 minutos"),
        (r"\bmedio litro\b", "500 ml"),
        (r"\bmedio kilo\b", "500 gramos"),
        (r"\b(?:un )?cuarto de kilo\b", "250 gramos"),
        (r"\bun trimestre\b", "3 meses"),
        (r"\bun semestre\b", "6 meses"),
        (r"\bmedianoche\b", "00:00"),
        (r"\bmediodía\b", "12:00"),
        (r"\bmedio año\b", "6 meses"),
        (r"\b(?:un )?año y medio\b", "18 meses"),
        (r"\b(?:un )?día y medio\b", "36 horas"),
        (r"\buna quincena\b", "15 días"),
    ),
    "fr": (
        (r"\b(?:dès )?le lendemain\b", "1 jour"),
        (r"\b(?:jusqu['’]à|au plus tard) la veille\b", "1 jour avant"),
        (r"\bune? seule?\b", "1"),
        (r"\b(?:une )?demi-douzaine\b", "6"),
        (r"\bune douzaine\b", "12"),
        (r"\bune dizaine\b", "10"),
        (r"\bdeux dizaines\b", "20"),
        (r"\btrois dizaines\b", "30"),
        (r"\bpour cent\b", "%"),
        (r"\bune heure et demie\b(?! (?:du|de l['’]après-midi)\b)", "90 minutes"),
        (r"\bun an et demi\b", "18 mois"),
        (r"\bun jour et demi\b", "36 heures"),
        (r"\bune demi-heure\b|\bdemi-heure\b", "30 minutes"),
        (r"\btrois quarts d['’]heure\b", "45 minutes"),
        (r"\b(?:un )?quart d['’]heure\b", "15 minutes"),
        (r"\b(?:un )?demi-litre\b", "500 ml"),
        (r"\b(?:un )?demi-kilo\b|\bune livre de\b", "500 grammes"),
        (r"\bun trimestre\b", "3 mois"),
        (r"\bun semestre\b", "6 mois"),
        (r"\bminuit\b", "00:00"),
        (r"(?<!après-)\bmidi\b", "12:00"),
        (r"\bune quinzaine de jours\b", "15 jours"),
    ),
    "pt": (
        (r"\bno dia seguinte\b", "1 dia"),
        (r"\baté (?:à véspera|ao dia anterior)\b", "1 dia antes"),
        (r"\b(?:só|apenas|somente) uma?\b|\buma? (?:só|únic[ao])\b", "1"),
        (r"\bmeia dúzia\b", "6"),
        (r"\buma dúzia\b", "12"),
        (r"\buma dezena\b", "10"),
        (r"\bpor cento\b", "%"),
        (r"\buma hora e meia\b", "90 minutos"),
        (r"\bum ano e meio\b", "18 meses"),
        (r"\bmeia hora\b", "30 minutos"),
        (r"\btrês quartos de hora\b", "45 minutos"),
        (r"\b(?:um )?quarto de hora\b", "15 minutos"),
        (r"\bmeio litro\b", "500 ml"),
        (r"\bmeio quilo\b", "500 gramas"),
        (r"\bum trimestre\b", "3 meses"),
        (r"\bum semestre\b", "6 meses"),
        (r"\bmeia-noite\b", "00:00"),
        (r"\bmeio-dia\b", "12:00"),
    ),
    "it": (
        (r"\b(?:il|al) giorno (?:dopo|successivo|seguente)\b|\bl['’]indomani\b", "1 giorno"),
        (r"\b(?:fino al|entro il) giorno (?:prima|precedente)\b", "1 giorno prima"),
        (r"\bun[ao]? sol[ao]\b|\bsol(?:o|tanto) un[ao]?\b", "1"),
        (r"\bmezza dozzina\b", "6"),
        (r"\buna dozzina\b", "12"),
        (r"\buna decina\b", "10"),
        (r"\bper cento\b", "%"),
        (r"\bun['’]ora e mezza\b", "90 minuti"),
        (r"\bun anno e mezzo\b", "18 mesi"),
        (r"\bmezz['’]ora\b", "30 minuti"),
        (r"\btre quarti d['’]ora\b", "45 minuti"),
        (r"\b(?:un )?quarto d['’]ora\b", "15 minuti"),
        (r"\bmezzo litro\b", "500 ml"),
        (r"\bmezzo chilo\b", "500 grammi"),
        (r"\bun trimestre\b", "3 mesi"),
        (r"\bun semestre\b", "6 mesi"),
        (r"\bmezzanotte\b", "00:00"),
        (r"\bmezzogiorno\b", "12:00"),
    ),
    "zh": (
        (r"第二天|次日|隔天", "1天"),
        (r"半个?小时", "30分钟"),
        (r"三刻钟", "45分钟"),
        (r"一刻钟", "15分钟"),
        (r"半年", "6个月"),
        (r"半个月", "15天"),
        (r"中午12点", "12:00"),
        (r"正午", "12:00"),
    ),
    "ja": (
        (r"翌日", "1日間"),
        (r"前日(?=(?:の[^、。]{1,8})?まで)", "1日前"),
        (r"半年間?", "6か月"),
        (r"正午", "12:00"),
        (r"半日", "12時間"),
    ),
}
"""Fixed expressions, as patterns, with the same quantity in numbers of the same language; the latter may refer
to groups of the former.
"""
