"""Expressions that something is allowed, possible or advisable, that it is required, or that it is not."""

import re
from typing import Final

from curate.core.lazy import lazy_pattern

_YES_IN_ARABIC: Final = r"نعم|أجل|بلى|بالتأكيد|بالطبع|طبع[اً]+|أكيد"
_YES_IN_HINDI: Final = r"(?:(?:जी )?हा[ँं]|जी|बिल[\u094d]?कुल|ज\u093c?रूर|अवश्य)(?=[\s,।.!])(?! (?:भी )?नहीं)"
_DENIED: Final = {
    "en": (
        r"\badvi[sc]e (?:\w+ ){0,5}against\b|\bunder (?:any|no) circumstances\b|\b(?:have to|must|please) leave your \w+ at home\b|"  # noqa: E501
        r"^\W*(?:nope|nah)\b|\bno (?:way|chance)\b|\bi wouldn['’]t\b|\bdon['’]t bother\b|\bsteer clear\b|\bskip it\b|\b(?:not|isn['’]t) worth\b|\bafraid not\b|"  # noqa: E501
        r"^\W*no\b(?! (?:problem|need|doubt|worries|matter|fee|cost|charge|special|waiting|extra|later|more|less))|,? so no,|: no[,.]"  # noqa: E501
        r"|^\W*not\b(?! (?:only|all|every\w*)\b)|(?:\bnot|n['’]t|\bnever|\bno longer) (?:be )?(?:\w+ly )?(?:allow\w*|permit\w*|possible|advisable|recommend\w*|suitable|safe|supported|accepted|admitted|eligible|covered|included|available|a good idea|offered|required|necessary|needed|carried)\b"  # noqa: E501
        r"|\b(?:don|doesn|do|does)(?:['’]t| not) (?:allow|permit|accept|support|offer|recommend|include|cover|admit)\b"
        r"|\b(?:forbidden|prohibited|banned|inadmissible|impermissible|impossible|inadvisable|unsafe|unsuitable|off-limits|out of the question|unavailable|ruled out)\b"  # noqa: E501
        r"|\bmust (?:not|never|stay out|be left out|remain outside)\b|\bmustn['’]t\b|\bmay not\b(?! (?:be|have|seem|need)\b)|\bshould(?:n['’]t| not) be\b"  # noqa: E501
        r"|\b(?:a|would be a) (?:bad idea|mistake)\b|\bisn['’]t a good idea\b|\badvise against\b|\bno (?:\w+ ){1,2}(?:is|are) (?:allowed|permitted|admitted|accepted|possible)\b"  # noqa: E501
        r"|\bthere is no (?:step-free|way|possibility|option|right)\b|\b(?:we|you|i|they|users) (?:are unable to|aren['’]t able to)\b|\b(?:cannot|can not|can['’]t)\b|\bno (?:\w+ ){1,2}(?:may|can)\b"  # noqa: E501
    ),
    "de": (
        r"^\W*(?:bitte )?(?:\w+ sie )(?:\w+ ){0,4}?(?:niemals|nie|bloß nicht)\b|^\W*(?:bitte )?(?:verzichten|lassen|meiden|bleiben) sie (?:\w+ ){0,4}?lieber\b|\b(?:raten|rate|rät) (?:\w+ ){0,3}davon ab\b|\bzu hause lassen\b|\bkeinen zutritt\b|\bin keinem teil\b|"  # noqa: E501
        r"^\W*(?:nö|nee)\b|\bgeht (?:leider )?nicht\b|\blohnt (?:sich )?(?:\w+ )?nicht\b|\bfinger weg\b|\bkeine chance\b|\bgibt es (?:\w+ )?nicht\b|\bwürde ich (?:\w+ )?(?:nicht|lassen)\b|"  # noqa: E501
        r"^\W*(?:nein|leider (?:nein|nicht))\b|\bnicht (?:\w+ )?(?:erlaubt|gestattet|zulässig|möglich|empfehlenswert|ratsam|sinnvoll|geeignet|vorgesehen|zugelassen|enthalten|inbegriffen|nötig|erforderlich|notwendig)\b"  # noqa: E501
        r"|\b(?:verboten|untersagt|unzulässig|unmöglich|ausgeschlossen|unvernünftig|tabu|ungeeignet|abzuraten|unerwünscht)\b|\bkeine gute idee\b"  # noqa: E501
        r"|\b(?:darf|dürfen|darfst|kann|können|sollte|sollten) (?:\w+ ){0,6}?(?:nicht|keine?[nr]?|auf keinen fall|weder)\b|\brate[n]? (?:\w+ )?(?:davon )?ab\b|\bauf keinen fall\b|\blieber (?:nicht|bleiben)\b|\bbitte nicht\b|\bnicht mehr\b|\bzu verzichten\b"  # noqa: E501
    ),
    "es": (
        r"^\W*nunca \w|^\W*no (?:l[oae]s? )?\w+(?:e|a|es|as)\b(?= (?:en ningún caso|nunca|bajo ningún))|\ben ningún caso\b|^\W*evíte\w*|\baconsejamos (?:\w+ ){0,6}(?:que no|lejos)\b|\blejos de (?:allí|ahí|aquí)\b|"  # noqa: E501
        r"\bdejar (?:a )?su \w+ en casa\b|\bes preferible (?:esperar|no)\b|"
        r"\bno (?:merece|vale) la pena\b|\bno compensa\b|\bni hablar\b|\bolvíd\w+\b|"
        r"^\W*no\b(?! (?:hay problema|se preocupe|hace falta|te preocupes|pasa nada))|\bno (?:está |están |es |son |será )?(?:permitid[oa]s?|posible|recomendable|aconsejable|admitid[oa]s?|apt[oa]s?|incluid[oa]s?|necesari[oa]s?|obligatori[oa]s?|conveniente)\b"  # noqa: E501
        r"|\bno (?:se )?(?:puede|puedes|pueden|podéis|podemos|puedo|debe|deben|debes|permite|permiten|permitimos|admite|admiten|admitimos|acepta|aceptan|aceptamos|recomiendo|recomendamos|conviene|autoriza)\b"  # noqa: E501
        r"|\b(?:prohibid[oa]s?|prohíben?|intransferibles?|imposible|desaconsej\w+|mejor no|mala idea|vetad[oa]s?)\b|\bno (?:es|sería|parece) (?:una |muy )?buena idea\b"  # noqa: E501
    ),
    "fr": (
        r"\bpas question\b|\bne (?:le |la )?vaut pas\b|\bévite[zr]?\b|"
        r"^\W*non\b|\b(?:n['’]est|ne sont|n['’]es|ne soit) (?:\w+ )?pas (?:autorisée?s?|permise?s?|possible|recommandée?s?|conseillée?s?|admise?s?|acceptée?s?|compatible|incluse?s?|nécessaire|obligatoire|une bonne idée|adaptée?s?)\b"  # noqa: E501
        r"|\bpas le droit\b|\b(?:ne|n['’]) ?(?:peut|peuvent|pouvez|peux|pouvons|doit|devez|permet|permettent|accepte|acceptons|accepte|autorise|convient|conseille)\w* (?:pas|plus|en aucun cas)\b"  # noqa: E501
        r"|\b(?:interdite?s?|interdit|prohibée?s?|impossible|déconseillée?s?|exclue?s?|proscrite?s?|mauvaise idée|mieux vaut (?:éviter|s['’]abstenir)|à éviter)\b|\bn['’](?:a|as|ont|avez|avons) (?:aucun(?:ement)? |nullement )?(?:le )?droit\b(?! (?:qu|seulement)\w*)"  # noqa: E501
    ),
    "pt": (
        r"\bnão (?:compensa|vale a pena|dá)\b|\bnem pensar\b|\bnão \w{0,2} ?aconselh\w+\b|"
        r"^\W*não\b(?! (?:há problema|se preocupe|precisa))|\bnão (?:é |são |está |estão )?(?:permitid[oa]s?|possível|recomendad[oa]s?|recomendável|aconselhável|admitid[oa]s?|aceite|aceit[oa]s?|liberad[oa]s?|incluíd[oa]s?|necessári[oa]s?|obrigatóri[oa]s?|conveniente)\b"  # noqa: E501
        r"|\bnão (?:se )?(?:pode|podes|podem|podemos|posso|deve|devem|permite|permitem|permitimos|aceita|aceitam|aceitamos|recomendo|recomendamos|convém|tem|temos|há|dispõe)\b"  # noqa: E501
        r"|\b(?:proibid[oa]s?|proíbem?|vedad[oa]s?|impossível|desaconselh\w+|melhor não|má ideia)\b|\bnão (?:é|seria|parece) (?:uma )?(?:boa|grande) ideia\b"  # noqa: E501
    ),
    "it": (
        r"\bnon (?:vale la pena|ne vale)\b|\blascia\w* perdere\b|\beviterei\b|\bpurtroppo no\b|"
        r"^\W*no\b|\bnon (?:è |sono |sia )?(?:permess[oaie]|consentit[oaie]|possibile|consigliabile|raccomandat[oaie]|ammess[oaie]|accettat[oaie]|inclus[oaie]|necessari[oaie]|obbligatori[oaie]|opportuno)\b"  # noqa: E501
        r"|\bnon (?:si )?(?:può|puoi|possono|possiamo|posso|potete|deve|devono|permette|accetta|accettiamo|conviene|consiglio|consigliamo)\b"  # noqa: E501
        r"|\b(?:vietat[oaie]|proibit[oaie]|impossibile|sconsigli\w+|meglio di no|meglio evitare|pessima idea|cattiva idea)\b|\bnon (?:è|sarebbe|mi sembra) (?:una )?(?:buona|grande) idea\b"  # noqa: E501
    ),
    "ar": (
        r"^\W*(?:لا|كلا)(?=\s*[،,.!:؛])|\b(?:لا|لم|ما) (?:[يتنأ]عد )?[يتنأ](?:مكن|جوز|سمح|ستطيع|صح|صلح|نصح|حق|قبل|توفر|وجد|دعم|نبغي|شمل|غطي)\w*"  # noqa: E501
        r"|\b(?:غير|ليست?) (?:\w+ ){0,2}?(?:مسموح|متاح|متوفر|ممكن|مقبول|مدعوم|آمن|صالح|جائز|مشمول|مناسب|قانوني)\w*"
        r"|\b(?:ممنوع|محظور|محرم|مستحيل|تجنب)\w*|\bحرام\b|\b(?:يمنع|تمنع|يحظر)\b|\bيجب (?:ألا|عدم|أن لا)\b"
    ),
    "hi": (
        r"^\W*(?:जी )?नहीं(?=[\s,।.!])|(?:अनुमति|इजाज\u093c?त|उपलब्ध|संभव|सुरक्षित|स्वीकार|मान्य|उचित|शामिल) (?:\S+ ){0,2}?नहीं"
        r"|नहीं (?:\S+ ){0,3}?(?:सकत|चाहिए|मिलेग|लेते|देते|लिया|दिया)|मना (?:है|हैं|किया)|(?:वर्जित|निषिद्ध|प्रतिबंधित|असंभव)"
        r"|बचना चाहिए|से बचें"
    ),
    "ru": (
        r"^\W*(?:нет|нельзя|увы)\b|\bне (?:разреш\w+|допуска\w+|допустим\w*|можно|можете|могут|получится|включ\w+|входит|входят|предусмотр\w+"  # noqa: E501
        r"|принима\w+|рекоменд\w+|совету\w+|стоит|позволя\w+)\b|\b(?:нельзя|запрещ\w+|запрет\w*|невозможно|исключено|недопустимо)\b"
    ),
    "pl": (
        r"^\W*(?:nie|niestety)\b(?! (?:ma|będzie) (?:problemu|sprawy))|\bnie (?:wolno|można|możesz|mogą|zezwala\w*|przyjmujemy|obejmuje|wlicza\w*)\b"  # noqa: E501
        r"|\bnie (?:jest|są) (?:możliw|dozwolon|dopuszczaln|wliczon)\w+|\b(?:zabronion|zabrania|zakazan|zakazuj|wykluczon|niedozwolon|niemożliw)\w*|\bzakaz\w*\b"  # noqa: E501
    ),
    "zh": r"[要得]自己[买付掏]|自费|不值得|没法|不让|不划算|不具备|不保(?!证|存|留)|不给|不认可|不算|无效|不包[含括]|不属于|没有(?:这个|该)?(?:功能|效力|权利|资格)|没有?办法|找不回来|(?:目前|暂时)没有|暂无|不太?建议|不可以|不能|不允许|不准|不许|不得|禁止|严禁|不太?合适|不太?适合|不支持|不建议|不推荐|最好别|不行|无法|谢绝|不提供|不接受|没有必要|不需要(?![再另])|不必|听不懂|看不懂|不宜",  # noqa: E501
    "ja": r"だめ|ダメ|できない|入れません|やめて|禁止|できません|いけません|お断り|不可(?!欠|能性)|ご遠慮|控えて|なりません|おすすめしません|お勧めしません|認めていません|認められません|使えません|(?<!問題)(?<!問題[はが])ありません(?!か)|対応していません|無理です|やめておいた|避けたほうが|おりません|不要です",  # noqa: E501
}
_GRANTED: Final = {
    "en": (
        r"\bby all means\b|\bwithout hesitation\b|\b(?:perfectly|completely|entirely) (?:edible|harmless)\b|\bone of the safest\b|"  # noqa: E501
        r"^\W*(?:yep|yeah|yup)\b|\bgo for it\b|\bwell worth\b|\bworth it\b|"
        r"^\W*(?:yes|certainly|absolutely|of course|sure)\b|: yes[,.]|\bso yes\b|\bi['’]d say yes\b"
        r"|\b(?:is|are|it's|you're|be|was) (?:\w+ly |also |fully |perfectly )?(?:allowed|permitted|possible|welcome|advisable|safe|fine|accepted|supported|covered|included|available|oven-safe|eligible|admitted|step-free|a good idea|free to)\b"  # noqa: E501
        r"|^\W*(?:allowed|permitted|possible|advisable|welcome(?! (?:to|back|aboard)\b))\b|\b(?:you|they|dogs|guests|visitors|members|employees|passengers|customers|staff) may (?!not|be |have |need |seem |find )\w+"  # noqa: E501
        r"|\bpermits?\b|\ballows?\b|\bgood idea\b|\bno problem\b|\ball welcome\b|\byou can (?:safely|certainly|indeed|also)\b"  # noqa: E501
    ),
    "de": (
        r"\bsie (?:\w+ ){0,2}ruhig\b|\bohne weiteres\b|\b(?:den|der|die|das) (?:sichersten|besten)\b|\bgeht ohne\b|\beinwandfrei\b|\bgefahrlos\b|\bgut geeignet\b|\b(?:bekommen|kommen) (?:\w+ ){0,4}gut\b|"  # noqa: E501
        r"^\W*jawohl\b|\blohnt sich\b|\bgeht problemlos\b|"
        r"^\W*(?:ja|gerne?|natürlich|selbstverständlich|klar)\b|\b(?:erlaubt|gestattet|zulässig|möglich|empfehlenswert|ratsam|sinnvoll|willkommen|zugelassen|vertretbar|problemlos|unbedenklich)\b|\bgute idee\b|\bkein problem\b"  # noqa: E501
        r"|\b(?:darf|dürfen|darfst|dürft|können sie|kannst du|sie können|du kannst)\b|\bzu empfehlen\b"
    ),
    "es": (
        r"\bsin (?:miedo|dudarlo|peligro|problema)\b|\bcon toda tranquilidad\b|\bde (?:las|los) más segur[oa]s\b|\bva muy bien\b|\bcomestibles?\b|"  # noqa: E501
        r"\b(?:merece|vale) la pena\b|\badelante\b|\bsin duda\b|"
        r"^\W*(?:sí|claro|por supuesto|desde luego)\b|\b(?:permitid[oa]s?|admitid[oa]s?|apt[oa]s?|bienvenid[oa]s?|recomendable|aconsejable|posible)\b|\b(?:se )?(?:puede|puedes|pueden|podéis|permite|permiten|admite|admiten|congela)\b"  # noqa: E501
        r"|\bbuena idea\b|\bsin problemas?\b|\bno hay (?:ningún )?problema\b"
    ),
    "fr": (
        r"\bça vaut\b|\ballez-y\b|\bvas-y\b|\bpas de (?:souci|problème)\b|"
        r"^\W*(?:oui|bien sûr|absolument|certainement)\b|\b(?:autorisée?s?|permise?s?|possible|admise?s?|acceptée?s?|bienvenue?s?|conseillée?s?|recommandée?s?)\b|\bbonne idée\b|\bsans (?:problème|souci)\b|\baucun (?:souci|problème)\b"  # noqa: E501
        r"|\b(?:vous pouvez|tu peux|peut|peuvent)\b|\b(?:a|as|ont|avez|avons) le droit\b|\bpermis\b"
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
    "ar": (
        rf"^\W*(?:{_YES_IN_ARABIC})\b|\b(?:يمكن|بإمكان|يجوز|يسمح|تستطيع|يحق)\w*"
        r"|\b(?:مسموح|متاح|متوفر|ممكن|مقبول|مدعوم|آمن|جائز|نرحب|مرحب)\w*|\bلا (?:بأس|مانع|مشكلة|حرج|ضير)\b"
    ),
    "hi": (
        rf"^\W*(?:{_YES_IN_HINDI})|सकत[ेाी]|(?:अनुमति|इजाज\u093c?त|उपलब्ध|सुरक्षित|संभव|मान्य) है|स्वागत है|स्वीकार कर"
        r"|कोई (?:दिक्कत|बात|समस्या|परेशानी|हर्ज) नहीं"
    ),
    "ru": (
        r"^\W*(?:да|конечно|разумеется)\b|\b(?:можно|можете|могут|разреш\w+|допуска\w+|дозволен\w*|позволя\w+|включ[её]н\w*|входит|входят)\b"
        r"|\bбез проблем\b|\bпроблем не\b"
    ),
    "pl": (
        r"^\W*(?:tak|oczywiście|jasne|pewnie)\b|\b(?:wolno|można|możesz|mogą)\b|\b(?:dozwolon|dopuszczaln|możliw|wliczon)\w+|\bzezwala\w*\b"
        r"|\bbez problemu\b|\bnie (?:ma|będzie) problemu\b"
    ),
    "zh": r"有(?:这个|该)功能|有效|算数|值得|划算|可以|允许|没问题|没有问题|合适|支持|放心|听得懂|能听懂|欢迎|推荐|建议(?![您你先请])|能[用听看喝吃带去进]|(?<!不)(?<!没有)包[含括](?=[的。，,])|已[经]?包[含括]|已经有|找得回来|没有?大碍|没关系|当然",  # noqa: E501
    "ja": r"平気|できる|問題ない|できます|可能です|大丈夫|使えます|問題ありません|かまいません|構いません|お使いになれます|認めています|認められています|いただけます|おすすめです|はい[、。]|もちろん|ございます",  # noqa: E501
}
_OPENING_DENIED: Final = {
    "en": (
        r"unfortunately|sadly|alas|regrettably|i['’]m afraid (?!of)|i am afraid (?!of)|better not|rather not|please (?:don['’]t|do not|avoid)|avoid\b"  # noqa: E501
        r"|never\b|i['’]d (?:avoid|rather not|keep it away)|hands off|nay\b"
        r"|(?:it|that|they|this|he|she|you|we|i)(?: (?:do|does|wo|would|is|are|ca|can|could|should|was|did)(?:n['’]t| not)|['’](?:s|re|m) not|(?:['’]ll)? not)(?=[,.;:!])"  # noqa: E501
        r"|(?:it|that|this)(?: wo| does|['’]s| is)(?:n['’]t| not) (?:work|part|covered|allowed|possible)|they (?:do|wo)n['’]t (?:let|allow|take|pay)"  # noqa: E501
    ),
    "de": (
        r"leider|bedauerlicherweise|lass (?:es|das)\b|lassen sie (?:es|das)\b|(?:besser|lieber|bloß) nicht|vergiss|ich würde (?:es |das |davon )?(?:nicht|lassen|abraten)"  # noqa: E501
        r"|(?:das|es) (?:geht|wird|klappt|lohnt)(?: \w+)? (?:nicht|nichts)|(?:das )?kannst du vergessen|niemals"
    ),
    "es": (
        r"lamentablemente|desgraciadamente|por desgracia|desafortunadamente|qué va|ni (?:loc[oa]|se te ocurra|se le ocurra|de broma|gota)|es mejor (?:no|evitar)|nunca\b|yo no lo haría|evít\w+"  # noqa: E501
    ),
    "fr": (
        r"malheureusement|hélas|mieux vaut (?:pas|éviter|s['’]abstenir)|surtout pas|jamais|oublie[zr]?|laisse[zr]? tomber|je (?:ne )?(?:te |vous )?(?:le )?(?:ferais|déconseille|conseille pas)|c['’]est non"  # noqa: E501
    ),
    "pt": r"infelizmente|lamentavelmente|melhor não|de jeito nenhum|nada disso|nunca\b|evite|esque[çc][ae]\b|eu não faria",  # noqa: E501
    "it": r"purtroppo|meglio (?:di no|evitare|non)|evita\b|mai\b|macché|neanche per sogno",
    "ar": r"للأسف|مع الأسف|عذرا|نعتذر|لسوء الحظ",
    "hi": r"दुर्भाग्य|अफ\u093c?सोस|माफ\u093c? (?:कीजिए|करें|कीजिये)|क्षमा करें",
    "ru": r"к сожалению|боюсь|лучше не\b|не стоит",
    "pl": r"niestety|przykro mi|lepiej nie\b",
    "zh": r"很遗憾|(?:很|非常|实在|十分)?抱歉(?![让给久])|(?:(?!可以|但|能)[^，。,！]){0,12}(?:请(?:不要|勿|别)(?!担心|紧张|着急)|[^免少受大忘要到，。]不了(?![多几一两三]))|可惜|别(?!担心)|千万别|先别(?!担心|心疼|急|着急|慌|难过)|不要(?!担心|紧)|没办法|想都(?:别|不要|不用)想",  # noqa: E501
    "ja": r"残念ながら|残念です|あいにく|いいえ",
}
_OPENING_GRANTED: Final = {
    "en": (
        r"good news|happily|luckily|fortunately|you['’]re (?:in luck|covered|fine|good|welcome|allowed)|(?:no|not a) problem|no worries|go ahead|feel free|definitely|indeed|yay\b"  # noqa: E501
        r"|(?:it|that|they|this|he|she|you|we|i) (?:is|are|do|does|will|can|may|could|should|has|have)(?=[,.;:!])"
        r"|(?:that|this|it)(?: is|['’]s) (?:perfectly |totally |absolutely |quite |completely )?(?:fine|alright|all right|ok|okay|harmless|no problem|safe)\b"  # noqa: E501
    ),
    "de": (
        r"(?:das|es) (?:geht|klappt)(?! (?:\w+ )?nicht)\b|geht (?:klar|in ordnung)|keine sorge|kein (?:thema|problem)|(?:na |aber )?(?:klar|logo|sicher)\b|da ha(?:st|ben) (?:du|sie) glück|gute nachricht|zum glück|auf jeden fall|nur zu|unbedingt\b"  # noqa: E501
    ),
    "es": (
        r"sin (?:ningún )?problemas?|tranquil[oa]|por suerte|afortunadamente|buenas noticias|vas protegid[oa]|estás? cubiert[oa]s?|cómo no\b|perfectamente"  # noqa: E501
    ),
    "fr": (
        r"(?:pas de|aucun) (?:souci|problème)|heureusement|bonne nouvelle|tout à fait|sans problème|évidemment|c['’]est (?:possible|permis|autorisé|bon)\b|rassure[zr]?"  # noqa: E501
    ),
    "pt": r"dá sim|fi(?:ca|que) tranquil[oa]|tranquil[oa]|felizmente|boa notícia|perfeitamente|sem problema",
    "it": r"tranquill[oai]|per fortuna|fortunatamente|buone notizie|nessun problema|senz['’]altro|si può|puoi\b|può\b",
    "ar": r"لا (?:بأس|مانع|مشكلة|حرج|ضير)\b|لحسن الحظ|تفضل",
    "hi": r"कोई (?:दिक्कत|बात|समस्या|परेशानी|हर्ज) नहीं|बेशक|निश्चिंत",
    "ru": r"хорошая новость|без проблем|разумеется|пожалуйста\b|не проблема",
    "pl": r"dobra wiadomość|bez problemu|nie ma (?:problemu|sprawy)|proszę bardzo",
    "zh": r"(?:完全)?没问题|当然|放心|尽管|可以|好消息|能的|行[，。,]",
    "ja": r"はい[、。]|もちろん|ご安心",
}
_NOT_NEEDED: Final = {
    "en": (
        r"\b(?:works?|runs?|gets? by|get along|does|manages?|survives?|goes) (?:\w+ )?without\b|\bnone is (?:needed|required|necessary)\b|\bnot a (?:condition|requirement|must)\b|\b(?:you can|you may|just|simply) (?:simply |just )?(?:walk in|turn up|come along|come by)\b|"  # noqa: E501
        r"\bby itself\b|\bmakes itself\b|"
        r"\bno (?:\w+ ){1,3}?(?:is |are )?(?:needed|required|necessary)\b|\bdrop in\b|^\W*(?:no|nope|nah)\b|(?:\bnot|n['’]t|\bnever|\bno longer) (?:\w+ )?(?:required|mandatory|compulsory|obligatory|necessary|needed|obliged|have to|need)\b"  # noqa: E501
        r"|\bno (?:\w+ )?(?:need|obligation|paperwork)\b|\b(?:exempt|you can skip)\b|\b(?:optional|voluntary|unnecessary|up to you)\b|\bnobody (?:has|needs) to\b"  # noqa: E501
    ),
    "de": (
        r"\b(?:kommt|kommen|geht|läuft|funktioniert) (?:\w+ ){0,2}ohne (?:aus|einen|eine|\w+ aus)\b|\bkeine (?:bedingung|voraussetzung|vorschrift)\b|\bverlangt (?:\w+ )?niemand\b|\bvon selbst\b|\bbleibt (?:ihnen|dir|jedem|euch) (?:selbst )?überlassen\b|\bohne (?:jemanden )?zu fragen\b|\bgehen sie einfach\b|"  # noqa: E501
        r"^\W*(?:nein|nö)\b|\b(?:nicht|keineswegs) (?:\w+ )?(?:nötig|erforderlich|notwendig|verpflichtend|vorgeschrieben|zwingend|obligatorisch|pflicht)\b"  # noqa: E501
        r"|\b(?:muss|müssen|musst|brauche|brauchen|braucht|brauchst|benötigt?|benötigen) (?:\w+ ){0,4}?(?:nichts?|keine?[nrm]?|niemand)\b|\bkeine (?:pflicht|\w+pflicht)\b"  # noqa: E501
        r"|\b(?:freiwillig|optional|unnötig|überflüssig)\b|\bkann(?:st du| man) (?:dir |sich )?(?:schenken|sparen)\b"
    ),
    "es": (
        r"\bno se (?:exige|requiere|necesita|pide)\b|\b(?:funciona|va|basta|se hace) (?:sin|sol[oa])\b|\bcosa de cada\b|\bdonde quiera\b|\bsin pedir\b|\bse las arreglan?\b|"  # noqa: E501
        r"\bno (?:es |son |está |resulta )?(?:obligatori[oa]s?|necesari[oa]s?|imprescindible|hace falta|hay que|hay obligación|se (?:exige|requiere|necesita)|tienes? que|tienen que|necesitas?|necesitan?|debes?)\b"  # noqa: E501
        r"|\bsin (?:necesidad|obligación) de\b|\b(?:opcional(?:es)?|voluntari[oa]s?|innecesari[oa]s?)\b|\bningun[oa]? \w+ (?:lo |la )?exige\b|\bir directamente\b|\bsin (?:cita|pedir)\b"  # noqa: E501
        r"|^\W*no\b(?! (?:se|te) (?:preocupe|olvide)\w*)"
    ),
    "fr": (
        r"^\W*non\b|(?:\bn['’]est|\bne sont|\bn['’]a|\bne) (?:\w+ )?(?:pas|plus|nullement) (?:\w+ )?(?:obligatoires?|nécessaires?|besoin|requise?s?|exigée?s?|indispensables?|tenus?|obligée?s?)\b"  # noqa: E501
        r"|\bpas (?:besoin|obligatoires?|nécessaires?)\b|\b(?:facultati(?:f|ve|fs|ves)|optionnel(?:le)?s?|inutile)\b|\bsans (?:obligation|avoir (?:à|besoin))\b|\bdispensée?s?\b|\bpas la peine\b"  # noqa: E501
    ),
    "it": (
        r"^\W*no\b|\bnon (?:è |sono |serve|occorre|bisogna|devi|deve|devono|c['’]è bisogno|ha bisogno|ho bisogno)\b|\b(?:facoltativ[oaie]|opzional[ei]|volontari[oaie]|superflu[oaie])\b"  # noqa: E501
    ),
    "pt": (
        r"\bnão (?:é |são |está )?(?:obrigatóri[oa]s?|necessári[oa]s?|precis\w+|tem (?:de|que)|têm (?:de|que)|exig\w+|há obrigação)\b|\b(?:opcional|opcionais|facultativ[oa]s?|voluntári[oa]s?|dispensável|dispensad[oa]s?)\b|^\W*não\b"  # noqa: E501
    ),
    "ar": (
        r"^\W*(?:لا|كلا)(?=\s*[،,.!:؛])|\bلا [يتنأ](?:حتاج|جب|لزم|شترط|تطلب|ستلزم)\w*|\bلا (?:حاجة|داعي)\b|\bاختياري\w*"
        r"|\b(?:غير|ليست?) (?:\w+ ){0,2}?(?:ضروري|إلزامي|إجباري|مطلوب|لازم|واجب)\w*"
    ),
    "hi": (
        r"^\W*(?:जी )?नहीं(?=[\s,।.!])|(?:ज\u093c?रूरी|आवश्यक|अनिवार्य|ज\u093c?रूरत|चाहिए) (?:\S+ )?नहीं"
        r"|नहीं (?:\S+ ){0,3}?(?:चाहिए|पड़ेग|पड़त)|वैकल्पिक|के बिना भी"
    ),
    "ru": (
        r"\bне (?:нужн\w+|надо|обязательн\w+|требу\w+|обязан\w*|необходим\w*|придётся)\b|\b(?:необязательн\w+|без записи|ничего не нужно)\b"  # noqa: E501
        r"|^\W*нет\b"
    ),
    "pl": (
        r"\bnie (?:trzeba|musisz|muszą|musi|potrzeba|potrzebujesz|wymaga\w*|ma obowiązku)\b|\bnie (?:jest|są) (?:konieczn|wymagan|potrzebn|obowiązkow)\w+"  # noqa: E501
        r"|\b(?:nieobowiązkow|zbędn|dobrowoln|opcjonaln)\w+|^\W*nie\b"
    ),
    "zh": r"不需要|不用|不必|无需|无须|不强制|不要求|不要(?=。|,|，|$)|自愿|自由选择|没有必要|没必要|可选",
    "ja": r"いいえ|必要(?:は|が)?(?:ありません|ない)|不要|なくても|任意|義務(?:では|は)(?:ありません|ない)",
}
_NEEDED: Final = {
    "en": (
        r"\bonly (?:works?|runs?|goes|possible) with\b|\bby (?:appointment|reservation|booking) only\b|\bonly (?:by|with) (?:an? )?(?:appointment|booking|reservation)\b|^\W*without (?:an?|the|your)? ?\w+ (?:you|nobody|no one|there)\b|\b(?:nobody|no one|none) (?:\w+ ){0,4}without\b|\botherwise it\b|"  # noqa: E501
        r"^\W*(?:yes|yep|certainly|absolutely)\b|\bmust\b(?! not)|\b(?:required|mandatory|compulsory|obligatory|necessary|obliged)\b|\b(?:have|has|need|needs) (?:to|an?)\b|\bis needed\b|\bcan['’]t be skipped\b|\bno way (?:around|round)\b"  # noqa: E501
    ),
    "de": (
        r"\b(?:funktioniert|läuft|geht|klappt) nur mit\b|\bnur (?:mit|nach) (?:\w+ )?(?:termin|vereinbarung|anmeldung)\b|^\W*ohne \w+ (?:lässt|bekommen|bekommt|kommen|gibt|dürfen|kann|können|darf|geht)\b|\bnur,? wer\b|"  # noqa: E501
        r"^\W*(?:ja|doch)\b|\b(?:muss|müssen|musst|müsst)\b|\b(?:pflicht|\w+pflicht|verpflichtend|verpflichtet|erforderlich|nötig|notwendig|vorgeschrieben|zwingend|obligatorisch)\b|\b(?:brauchen|benötigen) sie\b|\bohne \w+ (?:kommt|geht|darf)\b|\bkein weg (?:\w+ )?vorbei\b|\bunerlässlich\b"  # noqa: E501
    ),
    "es": (
        r"\bs[oó]lo (?:funciona|va|sirve|se puede|se atiende|atienden) con\b|^\W*sin \w+ (?:no|nadie)\b|\b(?:nadie|ningun[oa]) que no\b|"  # noqa: E501
        r"^\W*sí\b|\b(?:obligatori[oa]s?|imprescindibles?|necesari[oa]s?|indispensables?)\b|\b(?:hay|tiene|tienes|tienen|tenemos) que\b|\b(?:debe|debes|deben|debemos)\b|\bse (?:exige|requiere|necesita)\b|\bhace falta\b|\bsin \w+ nadie\b"  # noqa: E501
    ),
    "fr": (
        r"^\W*oui\b|\b(?:obligatoires?|nécessaires?|indispensables?|exigée?s?|requise?s?|impérati(?:f|ve|vement))\b|\b(?:doit|doivent|devez|dois|devons)\b|\bil faut\b|\b(?:tenu|obligé)e?s? (?:de|d['’])"  # noqa: E501
    ),
    "it": r"^\W*sì\b|\b(?:obbligatori[oaie]|necessari[oaie]|indispensabil[ei]|richiest[oaie])\b|\b(?:deve|devi|devono|dovete|dobbiamo|bisogna|occorre|serve)\b",  # noqa: E501
    "pt": r"^\W*sim\b|\b(?:obrigatóri[oa]s?|necessári[oa]s?|indispensáve(?:l|is)|exigid[oa]s?)\b|\bnão tem como escapar\b|\b(?:deve|devem|tem de|tem que|têm de|têm que|precisa|precisam|é preciso)\b",  # noqa: E501
    "ar": (
        rf"^\W*(?:{_YES_IN_ARABIC})\b|\b(?:يجب|[تأن]حتاج|يلزم|يشترط|يتطلب|لا ?بد|ضروري|إلزامي|إجباري|مطلوب)\w*"
        r"|\b(?:لازم|واجب)\w*"
    ),
    "hi": rf"^\W*(?:{_YES_IN_HINDI})|ज\u093c?रूरी|आवश्यक|अनिवार्य|ज\u093c?रूरत|चाहिए|पड़ेग|पड़त",
    "ru": r"^\W*да\b|\b(?:нужн\w+|необходим\w*|обязательн\w+|обязан\w*|требу\w+|долж\w+|надо|придётся|только по)\b",
    "pl": r"^\W*tak\b|\b(?:trzeba|musisz|muszą|musi|konieczn\w+|wymaga\w*|niezbędn\w+|obowiązkow\w+|potrzebn\w+|tylko po)\b",  # noqa: E501
    "zh": r"必须|需要|一定要|^\W*要的|强制|要求|应当|务必|^\W*要[。,，]|都要|得先",
    "ja": r"はい[、。]|必要(?:です|があります|となります)|必須|義務|なければなりません|ねばなりません|要ります",
}
DENIED: Final = {language: lazy_pattern(listed, re.IGNORECASE) for language, listed in _DENIED.items()}
GRANTED: Final = {language: lazy_pattern(listed, re.IGNORECASE) for language, listed in _GRANTED.items()}
OPENING_DENIED, OPENING_GRANTED = (
    {language: lazy_pattern(rf"^\W*(?:{listed})", re.IGNORECASE) for language, listed in openings.items()}
    for openings in (_OPENING_DENIED, _OPENING_GRANTED)
)
"""First words of an answer that deny or grant what was asked for."""
_INTRODUCTION: Final = (
    r"(?:(?:(?:that['’]s )?an? )?(?:good|great|excellent|fair) question|(?:the )?short (?:answer|version)(?: is)?|in short|gute frage"  # noqa: E501
    r"|(?:die )?kurze antwort(?: lautet)?|kurz gesagt|buena pregunta|(?:la )?respuesta corta(?: es)?|en resumen|bonne question"  # noqa: E501
    r"|(?:la )?réponse courte(?: est)?|en (?:bref|résumé)|boa pergunta|(?:a )?resposta curta(?: é)?|em resumo|buona domanda"  # noqa: E501
    r"|(?:la )?risposta breve(?: è)?|in breve)[:.,!]"
)
_ADVERB: Final = (
    r"(?:unfortunately|sadly|regrettably|i['’]m afraid|probably|generally|usually|basically|in (?:general|principle)|leider|grundsätzlich"  # noqa: E501
    r"|im prinzip|prinzipiell|in der regel|normalerweise|eher|wahrscheinlich|lamentablemente|desgraciadamente|en (?:principio|general)"  # noqa: E501
    r"|generalmente|probablemente|malheureusement|hélas|en (?:principe|général)|généralement|normalement|probablement|infelizmente"  # noqa: E501
    r"|em (?:princípio|geral)|geralmente|provavelmente|purtroppo|in (?:linea di massima|genere)|di solito|probabilmente)"  # noqa: E501
)
_OPENING: Final = rf"^\W*(?:{_INTRODUCTION}\W*)?(?:{_ADVERB}\W+)?"
"""What assistants write before yes or no."""
_MARK: Final = r"[\s*_]*(?:[,.;:!–—-]|$)"
EXPLICIT_YES: Final = lazy_pattern(
    rf"{_OPENING}(?:(?:yes|yep|yeah|ja|jawohl|doch|sí|oui|sim|sì|да|tak)\b(?={_MARK})|はい[、。]|(?:是的|对的?|要的)[，。,！]"
    rf"|(?:{_YES_IN_ARABIC})(?: بالطبع)?(?=\s*(?:[،؛,.!:]|$))|(?:{_YES_IN_HINDI})(?=\s*(?:[,।.!]|$)))",
    re.IGNORECASE,
)
"""First word of an answer that says yes, whatever the rest of the sentence denies."""
EXPLICIT_NO: Final = lazy_pattern(
    rf"{_OPENING}(?:(?:no|nope|nein|non|não|not)\b(?={_MARK})(?!\W*(?:no (?:hay|pasa|se preocupe)|kein|não há|pas de|aucun))|いいえ[、。]"  # noqa: E501
    r"|(?:нет|nie)(?=\s*[,.!])|(?:不行|不可以|不能|不支持|不允许)[的了哦呢呀]?[，。,！]|(?:لا|كلا)(?=\s*(?:[،؛,.!:]|$))|(?:जी )?नहीं(?=\s*(?:[,।.!]|$)))",  # noqa: E501
    re.IGNORECASE,
)
"""First word of an answer that says no, whatever the rest of the sentence grants."""
WISH: Final = lazy_pattern(
    r"\b(?:(?:i|we) (?:\w+ )?wish|(?:(?:i|we)(?:['’]d| would) (?:\w+ )?|how i(?:['’]d| would) )(?:love|like|have (?:loved|liked)) to (?:say|tell))\b[^,;.:!?]*"  # noqa: E501
    r"|\b(?:(?:würde|hätte|könnte) ich|ich (?:würde|hätte|wünschte)) (?:\w+ ){0,4}?(?:gern|gerne|ich könnte|gewünscht)\b[^,;.:!?]*(?:, dass [^,;.:!?]*)?"  # noqa: E501
    r"|\b(?:ojalá|me (?:encantaría|gustaría|habría gustado|hubiera gustado)|quisiera) (?:\w+ )?(?:pod\w+|dec\w+)\b[^,;.:!?]*"  # noqa: E501
    r"|\b(?:j['’]aurais|nous aurions) (?:\w+ )?(?:adoré|aimé|voulu)\b[^,;.:!?]*|\bj['’]aimerais (?:\w+ )?dire\b[^,;.:!?]*"  # noqa: E501
    r"|\b(?:vorrei|avrei voluto|mi piacerebbe) (?:\w+ ){0,2}?(?:dir\w*|poter\w*)\b[^,;.:!?]*"
    r"|\b(?:gostaria|adoraria|queria|quem me dera|tomara) (?:\w+ )?(?:de )?(?:dizer|poder)\b[^,;.:!?]*",
    re.IGNORECASE,
)
"""A verdict that the writer would like to give: "I wish I could say yes"."""
NOT_NEEDED: Final = {language: lazy_pattern(listed, re.IGNORECASE) for language, listed in _NOT_NEEDED.items()}
NEEDED: Final = {language: lazy_pattern(listed, re.IGNORECASE) for language, listed in _NEEDED.items()}
NEED_QUESTION: Final = lazy_pattern(
    r"\b(?:must|needs?|needed|have to|has to|required?|mandatory|compulsory|obligatory|obliged|necessary)\b"
    r"|\b(?:muss|müssen|musst|brauche|brauchen|braucht|brauchst|benötig\w+|nötig|erforderlich|notwendig|pflicht|\w+pflicht|verpflichtend|vorgeschrieben)\b"
    r"|\b(?:obligatori[oa]s?|hace falta|hay que|(?:tengo|tiene|tienes|tienen|tenemos) que|debo|debe|deben|debemos|necesit\w+|necesari[oa]s?|imprescindible|se (?:exige|requiere))\b"  # noqa: E501
    r"|\b(?:obligatoires?|faut-il|dois|doit|doivent|devons|nécessaires?|besoin|exigée?s?|requise?s?|indispensable)\b"
    r"|\b(?:devo|devono|dobbiamo|bisogna|occorre|serv(?:e|ono)|ci vuole|obbligatori[oaie]|necessari[oaie]|preciso|precisa|tenho (?:de|que)|obrigatóri[oa]s?|necessári[oa]s?)\b"  # noqa: E501
    r"|\b(?:нужн\w+|надо|обязательн\w+|обязан\w*|необходим\w*|требу\w+|долж\w+|trzeba|musz[ęą]|musimy|musisz|potrzebuj\w+|wymagan\w+|konieczn\w+)\b"
    r"|必须|需要|需不需要|用不用|要不要|强制|必要|必須|義務|要.{0,12}吗|なければ"
    r"|\b(?:يجب|[تأنيى]حتاج|يلزم|يشترط|يتطلب|ضروري|إلزامي|إجباري|مطلوب|لازم|بحاجة)\w*|ज\u093c?रूरी|आवश्यक|अनिवार्य|ज\u093c?रूरत|चाहिए|पड़ेग|पड़त",
    re.IGNORECASE,
)
"""Words of a question for what is required."""
VERDICT_QUESTION: Final = {
    "ru": lazy_pattern(
        r"^(?=.*[а-яё])(?!.*\b(?:кто|что|чего|где|когда|куда|откуда|сколько|скольк\w+|как|как(?:ой|ая|ое|ие|ого|ую|ом|им)|почему|зачем|чей|чем|котор\w+|или)\b).*\?",
        re.IGNORECASE,
    ),
    "pl": lazy_pattern(
        r"^(?!.*\b(?:kto|co|gdzie|kiedy|ile|jak|jaki[emj]?|jaka|który|która|które|dlaczego|albo)\b).*\bczy\b.*\?",
        re.IGNORECASE,
    ),
    "ar": lazy_pattern(r"^\W*(?:\w+[،,!.] ?)?[وف]?هل (?!.*\b(?:كم|متى|أين|كيف|لماذا|ماذا|أم|أو)\b)"),
    "hi": lazy_pattern(
        r"^\W*क्या (?!है|था|हो(?:ता|ती|ते|गा)|हुआ|कारण|अंतर|फर्क|नाम|मतलब|कर(?:ना|ें|ूँ)|.* या |.*(?:कब|कहाँ|कहां|कैसे|क्यों|कितन|कौन))"
    ),
}
"""Questions for yes or no in languages whose first word says so, without a word that asks for more."""
QUESTION_WORD: Final = lazy_pattern(
    r"\b(?:what|which|who|whom|whose|where|when|why|how|was|welche[mnrs]?|wer|wen|wem|wo|wohin|wann|warum|wie|wieso|qué|cuál|cuáles|quién|dónde|cuándo|cómo|cuánt[oa]s?"
    r"|quoi|quels?|quelles?|qui|où|quand|pourquoi|comment|combien|qual|quais|quem|onde|quando|por que|como|quant[oaie]s?|quale|quali|chi|dove|perché|come(?! (?:with|to|in|from|back|along|and|here|over|by|out|up|on|at|through|into|for|as|off|home|alone|too|inside)\b)|che cosa|cosa|o que|em que)\b"  # noqa: E501
    r"|什么|哪|谁|几|多少|多久|怎么|何|どこ|だれ|誰|いつ|どれ|どの|どう|なぜ|いくら|いくつ|(?<!か)教えて",
    re.IGNORECASE,
)
"""Words of a question that asks for more than yes or no."""
NAME_QUESTION: Final = lazy_pattern(
    r"\b(?:who|whom|whose|where|which|wer|wen|wem|wo|wohin|quién|quiénes|dónde|adónde|qui|où|quem|onde|aonde|chi|dove)\b"
    r"|\bwhat (?:(?:kind|type|sort|brand|make) of \w+|(?:\w+ ){0,3}?(?:company|firm|person|place|city|town|street|station|hotel|university|publisher|author|doctor|airline|bank|brand|maker|manufacturer|provider|operator|variety|species|island|river|airport|stop|platform|room|building|address|team|club|conductor|director|captain|developer|spot|museum|village|region|state|app|software|tool|name|dialect|actor|singer|painter|carrier|courier|lawyer|teacher|contact))\b"  # noqa: E501
    r"|\b(?:name|location|place|country|author|maker|manufacturer|address|company|operator|director|conductor|doctor|(?:departure|meeting|drop-off|pick-up) point|site|venue|variety|publisher|provider|supplier)\b"  # noqa: E501
    r"|\b(?:welche[mnrs]? (?:\w+ ){0,2}?(?:firma|person|ort|land|stadt|stelle|unternehmen|anbieter|verlag|hersteller|arzt|ärztin|marke|sorte)|name|ansprechpartner\w*|sitz|standort|adresse|hersteller|ort)\b"  # noqa: E501
    r"|\b(?:nombre|lugar|sitio|empresa|compañía|dirección|país|nom|lieu|endroit|entreprise|société|pays|adresse|nome|local|editora|luogo|posto|azienda|ditta|indirizzo|paese|médico|médecin|medico|marca|marque)\b",
    re.IGNORECASE,
)
"""Words of a question for a person, a place or a thing by its name."""
PERSON_QUESTION: Final = lazy_pattern(
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
MANNER_QUESTION: Final = lazy_pattern(
    r"\b(?:how|why|wie(?! hei)|warum|wieso|cómo(?! se llama)|por qué|comment(?! s['’]appelle)|pourquoi|como(?! se chama)|come(?! si chiama)|perché)\b",  # noqa: E501
    re.IGNORECASE,
)
"""Words of a question for a manner or a reason."""
