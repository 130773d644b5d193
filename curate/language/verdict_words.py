"""Expressions that something is allowed, possible or advisable, or that it is not."""

import re
from typing import Final

_DENIED: Final = {
    "en": (
        r"^\W*(?:nope|nah)\b|\bno (?:way|chance)\b|\bi wouldn['’]t\b|\bdon['’]t bother\b|\bsteer clear\b|\bskip it\b|\b(?:not|isn['’]t) worth\b|\bafraid not\b|"  # noqa: E501
        r"^\W*no\b(?! (?:problem|need|doubt|worries|matter|fee|cost|charge|special|waiting|extra|later|more|less))|,? so no,|: no[,.]"  # noqa: E501
        r"|^\W*not\b(?! only)|(?:\bnot|n['’]t|\bnever|\bno longer) (?:be )?(?:\w+ly )?(?:allow\w*|permit\w*|possible|advisable|recommend\w*|suitable|safe|supported|accepted|admitted|eligible|covered|included|available|a good idea|offered|required|necessary|needed|carried)\b"  # noqa: E501
        r"|\b(?:don|doesn|do|does)(?:['’]t| not) (?:allow|permit|accept|support|offer|recommend|include|cover|admit)\b"
        r"|\b(?:forbidden|prohibited|banned|inadmissible|impermissible|impossible|inadvisable|unsafe|unsuitable|off-limits|out of the question|unavailable|ruled out)\b"  # noqa: E501
        r"|\bmust (?:not|never|stay out|be left out|remain outside)\b|\bmustn['’]t\b|\bmay not\b(?! (?:be|have|seem|need)\b)|\bshould(?:n['’]t| not) be\b"  # noqa: E501
        r"|\b(?:a|would be a) (?:bad idea|mistake)\b|\bisn['’]t a good idea\b|\badvise against\b|\bno (?:\w+ ){1,2}(?:is|are) (?:allowed|permitted|admitted|accepted|possible)\b"  # noqa: E501
        r"|\bthere is no (?:step-free|way|possibility|option|right)\b|\b(?:we|you|i|they|users) (?:cannot|can['’]t|are unable to|aren['’]t able to)\b"  # noqa: E501
    ),
    "de": (
        r"^\W*(?:nö|nee)\b|\bgeht (?:leider )?nicht\b|\blohnt (?:sich )?(?:\w+ )?nicht\b|\bfinger weg\b|\bkeine chance\b|\bgibt es (?:\w+ )?nicht\b|\bwürde ich (?:\w+ )?(?:nicht|lassen)\b|"  # noqa: E501
        r"^\W*(?:nein|leider (?:nein|nicht))\b|\bnicht (?:\w+ )?(?:erlaubt|gestattet|zulässig|möglich|empfehlenswert|ratsam|sinnvoll|geeignet|vorgesehen|zugelassen|enthalten|inbegriffen|nötig|erforderlich|notwendig)\b"  # noqa: E501
        r"|\b(?:verboten|untersagt|unzulässig|unmöglich|ausgeschlossen|unvernünftig|tabu|ungeeignet|abzuraten|unerwünscht)\b|\bkeine gute idee\b"  # noqa: E501
        r"|\b(?:darf|dürfen|darfst|kann|können|sollte|sollten) (?:\w+ ){0,6}?(?:nicht|keine?[nr]?|auf keinen fall|weder)\b|\brate[n]? (?:\w+ )?(?:davon )?ab\b|\bauf keinen fall\b|\blieber (?:nicht|bleiben)\b|\bbitte nicht\b|\bnicht mehr\b|\bzu verzichten\b"  # noqa: E501
    ),
    "es": (
        r"\bno (?:merece|vale) la pena\b|\bno compensa\b|\bni hablar\b|\bolvíd\w+\b|"
        r"^\W*no\b(?! (?:hay problema|se preocupe|hace falta|te preocupes|pasa nada))|\bno (?:está |están |es |son )?(?:permitid[oa]s?|posible|recomendable|aconsejable|admitid[oa]s?|apt[oa]s?|incluid[oa]s?|necesari[oa]s?|obligatori[oa]s?|conveniente)\b"  # noqa: E501
        r"|\bno (?:se )?(?:puede|puedes|pueden|podemos|puedo|debe|deben|debes|permite|permiten|permitimos|admite|admiten|admitimos|acepta|aceptan|aceptamos|recomiendo|recomendamos|conviene|autoriza)\b"  # noqa: E501
        r"|\b(?:prohibid[oa]s?|prohíben?|intransferibles?|imposible|desaconsej\w+|mejor no|mala idea|vetad[oa]s?)\b"
    ),
    "fr": (
        r"\bpas question\b|\bne (?:le |la )?vaut pas\b|\bévite[zr]?\b|"
        r"^\W*non\b|\b(?:n['’]est|ne sont|n['’]es|ne soit) pas (?:autorisée?s?|permise?s?|possible|recommandée?s?|conseillée?s?|admise?s?|acceptée?s?|compatible|incluse?s?|nécessaire|obligatoire|une bonne idée|adaptée?s?)\b"  # noqa: E501
        r"|\b(?:ne|n['’]) ?(?:peut|peuvent|pouvez|peux|pouvons|doit|devez|permet|permettent|accepte|acceptons|accepte|autorise|convient|conseille)\w* (?:pas|plus|en aucun cas)\b"  # noqa: E501
        r"|\b(?:interdite?s?|interdit|prohibée?s?|impossible|déconseillée?s?|exclue?s?|proscrite?s?|mauvaise idée|mieux vaut (?:éviter|s['’]abstenir)|à éviter)\b"  # noqa: E501
    ),
    "pt": (
        r"\bnão (?:compensa|vale a pena|dá)\b|\bnem pensar\b|\bnão \w{0,2} ?aconselh\w+\b|"
        r"^\W*não\b(?! (?:há problema|se preocupe|precisa))|\bnão (?:é |são |está |estão )?(?:permitid[oa]s?|possível|recomendad[oa]s?|recomendável|aconselhável|admitid[oa]s?|aceite|aceit[oa]s?|incluíd[oa]s?|necessári[oa]s?|obrigatóri[oa]s?|conveniente)\b"  # noqa: E501
        r"|\bnão (?:se )?(?:pode|podes|podem|podemos|posso|deve|devem|permite|permitem|permitimos|aceita|aceitam|aceitamos|recomendo|recomendamos|convém|tem|temos|há|dispõe)\b"  # noqa: E501
        r"|\b(?:proibid[oa]s?|proíbem?|vedad[oa]s?|impossível|desaconselh\w+|melhor não|má ideia)\b"
    ),
    "it": (
        r"\bnon (?:vale la pena|ne vale)\b|\blascia\w* perdere\b|\beviterei\b|\bpurtroppo no\b|"
        r"^\W*no\b|\bnon (?:è |sono |sia )?(?:permess[oaie]|consentit[oaie]|possibile|consigliabile|raccomandat[oaie]|ammess[oaie]|accettat[oaie]|inclus[oaie]|necessari[oaie]|obbligatori[oaie]|opportuno)\b"  # noqa: E501
        r"|\bnon (?:si )?(?:può|puoi|possono|possiamo|posso|potete|deve|devono|permette|accetta|accettiamo|conviene|consiglio|consigliamo)\b"  # noqa: E501
        r"|\b(?:vietat[oaie]|proibit[oaie]|impossibile|sconsigli\w+|meglio di no|meglio evitare|pessima idea|cattiva idea)\b"  # noqa: E501
    ),
    "zh": r"不值得|没法|不让|不划算|不太?建议|不可以|不能|不允许|不准|不许|不得|禁止|严禁|不太?合适|不太?适合|不支持|不建议|不推荐|最好别|不行|无法|谢绝|不提供|不接受|没有必要|不需要|不必|听不懂|看不懂|不宜",  # noqa: E501
    "ja": r"だめ|ダメ|できない|入れません|やめて|禁止|できません|いけません|お断り|不可(?!欠|能性)|ご遠慮|控えて|なりません|おすすめしません|お勧めしません|認めていません|認められません|使えません|ありません(?!か)|対応していません|無理です|やめておいた|避けたほうが|おりません|不要です",  # noqa: E501
}
_GRANTED: Final = {
    "en": (
        r"^\W*(?:yep|yeah|yup)\b|\bgo for it\b|\bwell worth\b|\bworth it\b|"
        r"^\W*(?:yes|certainly|absolutely|of course|sure)\b|: yes[,.]|\bso yes\b|\bi['’]d say yes\b"
        r"|\b(?:is|are|it's|you're|be|was) (?:\w+ly |also |fully |perfectly )?(?:allowed|permitted|possible|welcome|advisable|safe|fine|accepted|supported|covered|included|available|oven-safe|eligible|admitted|step-free|a good idea|free to)\b"  # noqa: E501
        r"|^\W*(?:allowed|permitted|possible|advisable|welcome)\b|\b(?:you|they|dogs|guests|visitors|members|employees|passengers|customers|staff) may (?!not|be |have |need |seem |find )\w+"  # noqa: E501
        r"|\bpermits?\b|\ballows?\b|\bgood idea\b|\bno problem\b|\ball welcome\b|\byou can (?:safely|certainly|indeed|also)\b"  # noqa: E501
    ),
    "de": (
        r"^\W*jawohl\b|\blohnt sich\b|\bgeht problemlos\b|"
        r"^\W*(?:ja|gerne?|natürlich|selbstverständlich|klar)\b|\b(?:erlaubt|gestattet|zulässig|möglich|empfehlenswert|ratsam|sinnvoll|willkommen|zugelassen|vertretbar|problemlos|unbedenklich)\b|\bgute idee\b|\bkein problem\b"  # noqa: E501
        r"|\b(?:darf|dürfen|darfst) (?:\w+ ){0,2}?(?:gerne?|ruhig|sich|auch)\b|\bzu empfehlen\b"
    ),
    "es": (
        r"\b(?:merece|vale) la pena\b|\badelante\b|\bsin duda\b|"
        r"^\W*(?:sí|claro|por supuesto|desde luego)\b|\b(?:permitid[oa]s?|admitid[oa]s?|apt[oa]s?|bienvenid[oa]s?|recomendable|aconsejable|posible)\b|\b(?:se )?(?:puede|pueden|permite|permiten|admite|admiten|congela)\b"  # noqa: E501
        r"|\bbuena idea\b|\bsin problemas?\b|\bno hay (?:ningún )?problema\b"
    ),
    "fr": (
        r"\bça vaut\b|\ballez-y\b|\bvas-y\b|\bpas de (?:souci|problème)\b|"
        r"^\W*(?:oui|bien sûr|absolument|certainement)\b|\b(?:autorisée?s?|permise?s?|possible|admise?s?|acceptée?s?|bienvenue?s?|conseillée?s?|recommandée?s?)\b|\bbonne idée\b|\bsans (?:problème|souci)\b|\baucun (?:souci|problème)\b"  # noqa: E501
        r"|\bvous pouvez\b|\btu peux\b"
    ),
    "pt": (
        r"\bvale a pena\b|\bcompensa\b|\bà vontade\b|"
        r"^\W*(?:sim|claro|com certeza)\b|\b(?:permitid[oa]s?|admitid[oa]s?|aceit[oae]s?|bem-vind[oa]s?|recomendável|aconselhável|possível|liberad[oa]s?)\b|\b(?:pode|podem|permite|permitem|há)\b"  # noqa: E501
        r"|\b(?:boa|ótima|óptima) ideia\b|\bsem problemas?\b"
    ),
    "it": (
        r"\b(?:ne )?vale la pena\b|\bconviene\b|\btranquillamente\b|"
        r"^\W*(?:sì|certo|certamente|assolutamente sì|volentieri)\b|\b(?:permess[oaie]|consentit[oaie]|possibile|ammess[oaie]|accettat[oaie]|benvenut[oaie]|consigliabile)\b|\b(?:può|puoi|si possono|potete)\b"  # noqa: E501
        r"|\b(?:buona|ottima) idea\b|\bnessun problema\b|\bsenza problemi\b"
    ),
    "zh": r"值得|划算|可以|允许|没问题|没有问题|合适|支持|放心|听得懂|能听懂|欢迎|推荐|建议|能[用听看喝吃带去进]|当然",
    "ja": r"平気|できる|問題ない|できます|可能です|大丈夫|使えます|問題ありません|かまいません|構いません|お使いになれます|認めています|認められています|いただけます|おすすめです|はい[、。]|もちろん|ございます",  # noqa: E501
}
DENIED: Final = {language: re.compile(listed, re.IGNORECASE) for language, listed in _DENIED.items()}
GRANTED: Final = {language: re.compile(listed, re.IGNORECASE) for language, listed in _GRANTED.items()}
QUESTION_WORD: Final = re.compile(
    r"\b(?:what|which|who|whom|whose|where|when|why|how|was|welche[mnrs]?|wer|wen|wem|wo|wohin|wann|warum|wie|wieso|qué|cuál|cuáles|quién|dónde|cuándo|cómo|cuánt[oa]s?"
    r"|quoi|quels?|quelles?|qui|où|quand|pourquoi|comment|combien|qual|quais|quem|onde|quando|por que|como|quant[oaie]s?|quale|quali|chi|dove|perché|come|che cosa|cosa|o que)\b"  # noqa: E501
    r"|什么|哪|谁|几|多少|多久|怎么|何|どこ|だれ|誰|いつ|どれ|どの|どう|なぜ|いくら|いくつ",
    re.IGNORECASE,
)
"""Words of a question that asks for more than yes or no."""
NAME_QUESTION: Final = re.compile(
    r"\b(?:who|whom|whose|where|which|wer|wen|wem|wo|wohin|quién|quiénes|dónde|adónde|qui|où|quem|onde|aonde|chi|dove)\b"
    r"|\bwhat (?:(?:kind|type|sort|brand|make) of \w+|(?:\w+ ){0,3}?(?:company|firm|person|place|city|town|street|station|hotel|university|publisher|author|doctor|airline|bank|brand|maker|manufacturer|provider|operator|variety|species|island|river|airport|stop|platform|room|building|address|team|club|conductor|director|captain|developer|spot|museum|village|region|state|app|software|tool|name|dialect|actor|singer|painter|carrier|courier|lawyer|teacher|contact))\b"  # noqa: E501
    r"|\b(?:name|location|place|country|author|maker|manufacturer|address|company|operator|director|conductor|doctor|(?:departure|meeting|drop-off|pick-up) point|site|venue|variety|publisher|provider|supplier)\b"  # noqa: E501
    r"|\b(?:welche[mnrs]? (?:\w+ ){0,2}?(?:firma|person|ort|land|stadt|stelle|unternehmen|anbieter|verlag|hersteller|arzt|ärztin|marke|sorte)|name|ansprechpartner\w*|sitz|standort|adresse|hersteller|ort)\b"  # noqa: E501
    r"|\b(?:nombre|lugar|sitio|empresa|compañía|dirección|país|nom|lieu|endroit|entreprise|société|pays|adresse|nome|local|editora|luogo|posto|azienda|ditta|indirizzo|paese|médico|médecin|medico|marca|marque)\b",
    re.IGNORECASE,
)
"""Words of a question for a person, a place or a thing by its name."""
PERSON_QUESTION: Final = re.compile(
    r"\b(?:who|whom|whose|wer|wen|wem|quién|quiénes|qui|quem|chi)\b"
    r"|\b(?:which|what) person\b|\b(?:author|maintainer|architect|composer|songwriter|singer|painter|inventor|discoverer|founder|director"  # noqa: E501
    r"|conductor|captain|producer|designer|sculptor|creator|head of|contact person)\b"
    r"|\b(?:autorin?|architekt\w*|komponist\w*|maler(?:in)?|erfinder\w*|gründer\w*|leiter(?:in)?|ansprechpartner\w*|wie heißt d(?:er|ie))\b"  # noqa: E501
    r"|\b(?:autor|autora|pintor|pintora|arquitecto|arquitecta|compositor|compositora|inventor|inventora|fundador|fundadora|cómo se llama (?:el|la))\b"  # noqa: E501
    r"|\b(?:auteur|autrice|peintre|architecte|compositeur|compositrice|inventeur|inventrice|fondateur|fondatrice)\b"
    r"|\b(?:arquiteto|arquiteta|autore|pittore|pittrice|architetto|compositore|inventore|inventrice|fondatore)\b",
    re.IGNORECASE,
)
"""Words of a question for a person."""
MANNER_QUESTION: Final = re.compile(
    r"\b(?:how|why|wie(?! hei)|warum|wieso|cómo(?! se llama)|por qué|comment(?! s['’]appelle)|pourquoi|como(?! se chama)|come(?! si chiama)|perché)\b",  # noqa: E501
    re.IGNORECASE,
)
"""Words of a question for a manner or a reason."""
