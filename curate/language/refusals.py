"""Detect refusals at the start of an answer."""

import re
from typing import Final

OPENING_CHARS: Final = 200
"""Number of characters at the start of an answer in which a refusal occurs."""
CANNOT: Final = (
    r"(?:i(?: am|['’]m) (?:unable|not able)|i (?:can(?:no|['’])t|won['’]t)"
    r"|i (?:currently |simply )?do(?: not|n['’]t) have (?:the |any )?(?:\w+ ){0,2}"
    r"(?:access|capabilit(?:y|ies)|abilit(?:y|ies)|capacity|functionality|means|tools?) (?:to|for)\b)"
)
"""After an apology, or after "as an AI"."""
TASKS: Final = (
    "help|assist|answer|fulfill?|comply|provide|generate|create|write|discuss|engage|support|do that|do this|offer"
    "|share|give|respond to (?:that|this)"
)
POLICY: Final = (
    r"(?:as per|per|according to|due to|under|in line with) (?:my|our|the) (?:\w+ ){0,2}"
    r"(?:guidelines|polic(?:y|ies)|programming|rules|instructions|restrictions),? "
)
REQUEST_TARGET: Final = r"(?:helfen|beantworten|erstellen|schreiben|antworten|nachkommen|eingehen|dienen|unterstützen)"
OTHER_LANGUAGES: Final = (
    r"leider (?:bin ich nicht in der lage|(?:kann|darf) ich [^.!?\n]{0,40}\bnicht |ist es mir nicht (?:möglich|erlaubt))"  # noqa: E501
    rf"|(?:(?:es )?tut mir (?:sehr )?leid|entschuldigung|ich bedau[e]?re),?(?: aber)? (?:ich (?:kann|darf)|(?:\S+ ){{1,4}}(?:kann|darf) ich)"  # noqa: E501
    rf" [^.!?\n]{{0,40}}\bnicht (?:weiter)?{REQUEST_TARGET}"
    r"|(?:lamentablemente|desafortunadamente|lo siento(?: mucho)?|infelizmente|lamento|lo lamento|desculpe|sinto muito|perdona|disculpa),?(?: pero| mas)? (?:no|não) "  # noqa: E501
    r"(?:(?:puedo|posso|soy capaz de|sou capaz de|estoy (?:autorizad|capacitad)[oa] para|me (?:es posible|está permitido)) "  # noqa: E501
    r"(?:ayudar|responder|proporcionar|generar|crear|escribir|hacer|cumplir|ajudar|fornecer|escrever|criar|fazer|atender))"
    r"|lamento no poder (?:ayudar|responder|proporcionar|atender|escribir)"
    r"|mi dispiace,?(?: ma)? non (?:posso|sono in grado di) (?:aiutar|risponder|fornir|scriver|crear|soddisfar)"
    r"|(?:malheureusement|(?:je suis )?désolée?|je regrette|je m['’]excuse),?(?: mais)? (?:je ne (?:peux|suis) pas (?:en mesure|capable|autorisée?"  # noqa: E501
    r"|(?:vous |t['’])?(?:aider|répondre|fournir|écrire|créer))|il m['’]est impossible)"
    r"|(?:[很非常十分真的实在]{0,3}(?:抱歉|遗憾|对不起|不好意思))[^。！\n]{0,8}(?:无法|不能|没办法)(?:帮|提供|回答|满足|协助|完成|处理|讨论)"
    r"|申し訳(?:あり|ござい)ません[^。\n]{0,30}(?:お答え|お手伝い|ご対応|提供)[^。\n]{0,8}(?:できません|いたしかね)"
)
"""Refusals in German, Spanish, Portuguese, Italian, French, Chinese and Japanese."""
REFUSAL: Final = (
    r"(?ai)(?:^|[.!?,;:\n—-] *)(?:and |but |however,? )?(?:unfortunately,? )?(?:"
    r"i(?: a|['’]?)m (?:very |really |so |truly |deeply )?(?:sorry|afraid)(?: for the inconvenience)?,?(?: but| yet| however,?)? (?:that )?"  # noqa: E501
    rf"(?:as an ai[\w ]{{0,30}}, )?{CANNOT}"
    rf"|(?:{POLICY})?i (?:can(?:not|['’]t)|am unable to|am not able to|won['’]t(?: be able to)?|will not|must decline to|have to decline to|am not (?:allowed|permitted|authori[sz]ed|programmed) to) "  # noqa: E501
    rf"(?:\w+ )?(?:{TASKS})\b(?! but)"
    rf"|i['’]m (?:unable|not able|not (?:allowed|permitted|authori[sz]ed|programmed)) to (?:{TASKS}|access)\b"
    rf"|(?:my )?(?:sorry|apologies|i apologi[sz]e)[,.!]? (?:but |yet )?(?:{CANNOT}|we (?:can(?:not|['’]t)|are unable))"
    r"|i must (?:respectfully |politely )?decline"
    r"|i(?: am|['’]m) not comfortable (?:with )?\w+ing\b|i do(?: not|n['’]t) feel comfortable \w+ing\b"
    r"|(?:i(?: a|['’])m (?:sorry|afraid),? )?(?:but )?(?:this|that)(?:['’]s| is| request is| falls)[\w ]{0,30} "
    r"(?:not something (?:that )?i(?:['’]m| am| can)|(?:something|a (?:request|question|task|topic)) (?:that )?i (?:can(?:not|['’]t)|am (?:unable|not able) to))\b"  # noqa: E501
    r"|[\w ]{0,30}(?:outside|beyond) (?:(?:the scope|the limits) of )?what i(?: can|['’]m (?:able|allowed) to| am (?:able|allowed) to) (?:help|assist|do|answer)"  # noqa: E501
    rf"|(?:as|i(?: a|['’])m) an ai[\w ,]{{0,40}} {CANNOT}|{OTHER_LANGUAGES})"
)


REGRET: Final = (
    r"(?:oh,? )?(?:(?:i|we)(?: a|['’])(?:m|re) )?(?:(?:so|very|really|truly|deeply|terribly) )*(?:sorry|apologies|(?:please accept )?(?:my|our) (?:sincere(?:st)? |deepest )?apologies|(?:i|we) (?:sincerely |deeply |do )?apologi[sz]e)"  # noqa: E501
    r"(?: (?:for|about) (?:(?:the|any|that|this|my|our|all) )?(?:\w+ )?(?:inconvenience|confusion|misunderstanding|mistake|error|delay|trouble|mix-up|that|this)(?: (?:(?:this|it|that) )?(?:(?:may|might) have )?caused)?)?[.!]*(?: (?:please )?(?:try again|let me know)[^.!?\n]{0,60}[.!]*)?"  # noqa: E501
    r"|(?:(?:es )?tut (?:mir|uns) (?:sehr )?leid|(?:ich|wir) entschuldigen? (?:mich|uns)|(?:ich|wir) bitten? (?:sie )?um entschuldigung|entschuldigung|entschuldigen sie)(?: (?:für|wegen) (?:die|das|den|der|des) (?:\w+ )?(?:unannehmlichkeiten|verwirrung|störung|verzögerung|missverständnis(?:ses)?|fehlers?))?[.!]*(?: bitte versuchen sie es [^.!?\n]{0,30}[.!]*)?"  # noqa: E501
    r"|(?:lo siento(?: mucho)?|lo lamento|lamento|lamentamos|disculpen?|perd[oó]n|mis disculpas|pido disculpas|desculpe|sinto muito)(?: (?:por|pelo|pela|pelos) ?)?(?: ?(?:las?|el|los|o|a)? ?(?:molestias|confusi[oó]n|error|inconvenientes?|demora|malentendido|transtorno|inconveniente))?[.!]*(?: (?:inténtelo|inténtalo|intente|tente) [^.!?\n]{0,30}[.!]*)?"  # noqa: E501
    r"|(?:(?:je suis|nous sommes) (?:vraiment |sincèrement )?désolée?s?|désolée?|je m['’]excuse|(?:toutes )?(?:mes|nos) excuses|veuillez (?:m['’]|nous )excuser)(?: pour (?:le|la|les|ce|cette|l['’]) ?(?:désagréments?|confusion|erreur|gêne|retard|malentendu|dérangement)(?: occasionnée?s?)?)?[.!]*"  # noqa: E501
    r"|(?:很|非常|十分|实在)?(?:抱歉|对不起)[，,]?(?:给您带来了?(?:不便|困扰))?[。！!.]*"
    r"|(?:ご不便をおかけして)?(?:大変|誠に)?申し訳(?:ございません|ありません)[。.!]*"
)
"""Apologies in English, German, Spanish and Portuguese, French, Chinese and Japanese."""
APOLOGY_ONLY: Final = rf"(?i)\A\s*(?:{REGRET})\s*\z"
"""An answer that is an apology and nothing else, for Rust's regular expressions."""
APOLOGY_REQUEST: Final = (
    r"(?i)apolog|sorry|entschuldig|verzeih|disculp|desculp|excus|désolé|道歉|抱歉|谢罪|谢|对不起|申し訳|ごめん|すみません"
    r"|tut (?:mir|uns) (?:\w+ )?leid|lo siento|lament|sinto muito|perd[oó]n|pardon|माफ|क्षमा|متاسف|متأسف|ببخش|عذر"
    r"|translat|übersetz|traduc|traduis|翻译"
)
"""Requests for an apology, or for the translation of one."""
REFUSAL_WORDS: Final = (
    "canno", "n't", "n’t", "unable", "not able", "i am not", "i'm not", "decline", "will not", "not have", "leid",
    "lament", "fortunadamente", "siento", "infelizmente", "desculpe", "dispiace", "je ne ", "impossible", "what i",
    "not comfortable", "something i", "something that i", "歉", "遗憾", "对不起", "不好意思", "申し訳",
)  # fmt: skip
"""Each refusal has one of these, ignoring ASCII case. A search for them is fast, and most answers have none."""


def refuses(opening: str) -> bool:
    """Whether the opening of an answer is a refusal."""
    return refusal_start(opening) is not None


def refusal_start(opening: str) -> int | None:
    """Where the refusal in the opening of an answer begins; None without one."""
    text = opening.lower()
    maybe = any(map(text.__contains__, REFUSAL_WORDS))
    refusal = re.search(REFUSAL, opening) if maybe else None  # compiled for the first that may be one: 4 ms
    return None if refusal is None else refusal.end() - len(refusal[0].lstrip(".!?,;:\n— -"))
