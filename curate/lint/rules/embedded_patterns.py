"""Wordings of instructions to models inside data, by language, for Q028."""

import re
from collections.abc import Iterator
from typing import Final

from curate.core.lazy import lazy_pattern

_OLD: Final = "(?:previous|prior|above|earlier|preceding|original|initial)"
_ORDERS: Final = "(?:instructions?|prompts?|rules|guidelines|directions|directives|commands)"
_DROP: Final = "(?:ignore|disregard|forget|override|overrule|bypass|do not follow|stop following)"
_READS: Final = "(?:read|process|pars|summari[sz]|visit|screen|review|cit|quot|index|crawl|analy[sz]|translat|access|us)(?:e?s|e|ing)?"
_SAYS: Final = (
    "(?:recommend|praise|rate|say|state|describe|mention|claim|reply|respond|give an?|begin|include|append|add|ask the user"
    "|tell the user|advise|conclude|present|promote|display|output|run|execute)"
)
_MODEL: Final = (
    "(?:(?:ai|llm|virtual|large|chat|coding)[ -]){0,2}(?:language models?|models?|assistants?|agents?|systems?|bots?|reviewers?|tools?)"
    "|ais?|llms?|(?:chat)?gpt(?:-\\d)?|claude|gemini|copilot|chatbots?"
)
_PLAIN_MODEL: Final = (
    "(?:ai|llm|virtual|coding|large)[ -](?:(?:language|coding) )?(?:models?|assistants?|agents?|systems?|bots?|reviewers?)"
    "|language models?|ais?|llms?|(?:chat)?gpt(?:-\\d)?|chatbots?"
)
"""What can only be a model: an assistant or an agent may be a person."""

OVERRIDE: Final = lazy_pattern(
    r"(?i)\b(?:(?:ignore|disregard|forget|override|bypass) (?:(?:all|any|the|your|my|of) ){0,4}(?:(?:previous|prior|above|earlier) instructions?|previous prompts?"
    r"|system prompt)\b|(?:ignore|disregard|forget) (?:all (?:of )?)?(?:your|all) instructions\b|if you are an? (?:ai|llm|language model)\b|ignoriere[n]? (?:Sie )?(?:alle )?(?:deine |Ihre )?(?:vorherigen|bisherigen|obigen) (?:Anweisungen|Befehle)"
    r"|ignora (?:todas )?(?:las |tus )?instrucciones (?:anteriores|previas)|ignore[zs]? (?:toutes )?(?:les |vos |tes )?(?:instructions|consignes) précédentes"
    r"|verg(?:iss|esse[nt]?) (?:Sie )?(?:alle )?(?:deine|Ihre|die) (?:bisherigen |vorherigen |obigen )?(?:Anweisungen|Befehle|Vorgaben)|olvid[ae] (?:todas )?(?:las |tus |sus )?instrucciones"
    r"|oublie[zs]? (?:toutes )?(?:les |vos |tes )?(?:instructions|consignes)|(?:ai|llm)(?: language)? (?:assistants?|models?|agents?)[:,] ?(?:please )?(?:disregard|ignore|forget|do not|tell|reply|respond|output|say)\b"
    r"|(?:disregard|ignore|forget) (?:(?:everything|anything|all) (?:of )?)?(?:the )?(?:above|before this)\b(?! (?:average|mentioned)))|忽略(?:之前|以上|上面|先前)的?(?:所有)?(?:指令|指示)"
)
"""An instruction to a model to drop those that it has, in any question, after other text."""

_POSSIBLE_START: Final = r"(?:\b|(?=[^a-z]|ai[助模])|(?<=[^\x00-\u2fff]))"
"""Not inside a word, unless its letters are Chinese: most positions are there, and no expression starts there. `AI` before
Chinese may be the end of a name: OpenAI助手.
"""
EMBEDDED: Final = lazy_pattern(
    f"(?i){_POSSIBLE_START}(?:"
    + "|".join(
        (
            # to drop what was said
            rf"\b{_DROP} (?:(?:all|any|every|each|the|your|these|those|of|its|previously|given) ){{0,4}}{_OLD} (?:\w+ )?{_ORDERS}\b",
            rf"\b{_DROP} (?:all (?:of )?)?your (?:\w+ )?(?:{_ORDERS}|programming|training|policy|policies)\b",
            rf"\b{_DROP} the (?:operator|developer|system|user)['’]s (?:\w+ )?(?:{_ORDERS}|policy|request|question|messages?)\b",
            r"\b(?:ignore|disregard|forget) (?:everything|anything|all|whatever)(?: that)? you (?:were|have been|had been|['’]ve been) (?:told|given|taught|asked)\b",
            rf"\b(?:your|(?:all|any) {_OLD}) (?:\w+ )?(?:{_ORDERS}|restrictions|limits|limitations) (?:no longer apply|do not apply|are (?:now )?lifted|have been lifted)\b",
            r"\bstop (?:translating|summari[sz]ing|extracting|reading|classifying|reviewing) (?:this |the \w+ )?(?:and|,|now)\b",
            r"\b(?:override|overrule|disregard) the (?:earlier|previous) (?:request|task)\b|(?:^|[.!?] |\n)system: the user (?:has|wants|asked)\b",
            # to a model
            rf"\bif you(?: are|['’]re) (?:an? |any )?(?:{_PLAIN_MODEL})\b",
            rf"\b(?:notes?|messages?|instructions?|reminders?|requests?|hints?|attention|notice|important|directives?|commands?)[:,]? (?:to|for) (?:the |any |all |every |an? )?(?:{_PLAIN_MODEL})\b[^.:\n]{{0,30}}:",
            rf"(?:\bdear|\bhey|\bhello|\battention[:,]?|\battn:?|\bto (?:any|all|every)) (?:all |any |every )?(?:{_PLAIN_MODEL})\b",
            rf"\b(?:{_PLAIN_MODEL}|assistants?) (?:that (?:is |are )?|who (?:is |are )?|which (?:is |are )?)?{_READS} (?:this|these|the (?:page|text|document|content|above))\b",
            rf"\b(?:when|if|once) (?:an?|any|the) (?:{_PLAIN_MODEL}) {_READS} this\b",
            rf"\b(?:{_PLAIN_MODEL})(?: \w+)? (?:must|should|shall|ha(?:s|ve) to|(?:is|are) to|need to) (?:now |only |always |not |never )?{_SAYS}\b",
            rf"\b(?:{_PLAIN_MODEL})[:,] ?(?:please |kindly )?(?:disregard|ignore|forget|do not|don['’]t|tell|reply|respond|output|say|always|recommend|write|{_SAYS})\b",
            rf"<!--[^>]{{0,40}}?\b(?:{_MODEL})[,:] ",
            # in the name of the system
            r"<\|im_start\|>\s*system\s+\w+ \w+|<\|start_header_id\|>\s*system|<<SYS>>\s*\w+ \w+|\[INST\]\s*\w+ \w+[^\n]{0,400}\[/INST\]",
            r"<(?:system|admin|developer)[_ -](?:override|instructions?|prompt|message|command|update)s?>|\[(?:system|admin|developer)[_ -](?:override|instructions?|prompt|message|command|update|note)s?\]",
            r"\b(?:system|admin|administrator|developer|security) override\b\W",
            r"\bthe (?:assistant|agent|bot|model) (?:must|shall|should|will) now\b",
            r"(?:^|[.!?] |\n)\W{0,4}new (?:system )?instructions?(?: (?:from|by|of) [^:\n]{1,30})?: *\w",
            r"\bend of (?:the )?(?:document|text|page|article|ticket|email|file|report|context|data|input|message|transcript)\b\W{0,20}(?:now,? |begin |start )?(?:new|next|real|actual) (?:task|instructions?|orders?|prompt|request)\b",
            r"\byou are now (?:DAN\b|in (?:developer|debug|admin|god) mode|an? (?:unrestricted|unfiltered|uncensored|jailbroken))",
            # to hide it, and to send the chat away
            r"\b(?:do not|don['’]t|never|without) (?:ever )?(?:tell|mention|inform|alert|notify|reveal|disclos|say)(?:e|ing)? (?:(?:this|that|it|anything|of|about|step|so|the|change) ){0,4}(?:to )?the user\b",
            r"\b(?:send|forward|post|upload|transmit|append|email|leak|exfiltrate|submit) [^.\n]{0,20}\b(?:this |the |your |our |whole |entire |full |user['’]s )*(?:conversation|chat (?:history|log)|system prompt|message history)\b[^\n]{0,40}?(?:https?://|\w@\w)",
            r"\b(?:reveal|output|print|repeat|disclose|expose|leak) (?:me |us )?your (?:\w+ )?(?:system |hidden |initial |secret )?(?:prompt|instructions)\b",
            r"\b(?:assistant|agent|model|ai|llm)s? reading (?:this|these)\b[^.\n]{0,20}\b(?:must|should|shall|has to|have to|is to)\b",
            r"\b(?:hints?|notes?|instructions?|messages?|notices?) for (?:\w+ )?(?:coding |ai )?(?:agents|models)\b[^:\n]{0,20}:|<!--[^>]{0,20}\b(?:ai|llm)s?(?: agents?| assistants?| models?)?:",
            r"\bauthori[sz]ed to do (?:this|so) without asking the user\b|\bwithout asking the user\b[^.\n]{0,20}(?:delete|forward|send|run)",
            r"\bdo not tell the (?:developer|reader)\b|\bfrom now on,? you (?:only )?(?:answer|reply|respond|speak)\b[^.\n]{0,60}(?:never reveal|do not reveal|only in)",
            r"\b(?:replace|fill in|substitute) [^.\n]{0,40}\bwith the (?:full |whole |entire )?(?:text of the )?(?:chat|conversation|user['’]s|system prompt)",
            # German
            r"\b(?:ignorier|missacht|verwirf|überge)\w* (?:Sie |bitte |jetzt )*(?:alle |alles |sämtliche |die |deine |Ihre |eure ){0,2}(?:vorherigen |bisherigen |obigen |vorigen |früheren |vorangegangenen |ursprünglichen )(?:\w+ )?(?:Anweisung|Befehl|Vorgabe|Regel|Instruktion|Aufgabe|Prompt)\w*",
            r"\b(?:vergiss|vergesst|vergessen Sie|ignoriere) (?:bitte )?(?:alle |alles, |deine |Ihre )?(?:deine |Ihre )?(?:Anweisungen|Vorgaben|Regeln|Richtlinien|Befehle|was (?:man )?(?:dir|Ihnen|du)\b[^.\n]{0,40}(?:gesagt|aufgetragen|angewiesen|befohlen|gelernt))",
            r"\b(?:falls|wenn) (?:du|Sie|ihr) (?:eine? |ein großes )?(?:KI\b[-\w]*|Sprachmodell|Chatbot|Assistenzsystem)\w*(?: bist| sind| seid)?",
            r"\b(?:Hinweis|Anweisung|Nachricht|Anmerkung|Bitte|Notiz|Achtung|Wichtig|Aufforderung)(?:en|e)?:? (?:an |für )(?:die |das |den |alle |jede[ns]? )?(?:KI\b[-\w]*|Sprachmodell|Chatbot|LLM)\w*",
            r"\b(?:liebe[rs]?|achtung,?|hallo) (?:KI(?:-\w+)?|Sprachmodelle?|Chatbots?)\b",
            r"\b(?:KI-\w+|Sprachmodelle|Chatbots|KIs)(?:, die (?:dies|das|diese\w*)[^,.\n]{0,30} (?:lesen|verarbeiten|auswerten),)? (?:müssen|sollen|sollten|dürfen) [^.\n]{0,60}(?:empfehlen|behaupten|erwähnen|loben|verschweigen|angeben|antworten)\b",
            r"\bEnde (?:des |der )?(?:Dokument|Text|Artikel|Seite|Mail|Nachricht)\w*\W{0,20}(?:neue|nächste|eigentliche) (?:Aufgabe|Anweisung|Befehl)",
            r"\b(?:sag|sagt|verrate|verratet|erzähle?|erwähne|erwähnt|sagen Sie|melde) (?:es |das |dies |davon )?(?:dem|gegenüber dem) (?:Nutzer|Benutzer|Anwender)\b[^.\n]{0,20}\b(?:nichts|nicht)\b|\bohne (?:es |dies |das )?(?:dem|den) (?:Nutzer|Benutzer|Anwender) (?:zu informieren|davon|zu sagen|mitzuteilen)",
            r"\b(?:gib|gebt|zeige?|nenne|verrate) (?:mir )?(?:deinen|deine|euren|Ihren) (?:\w+ )?(?:System-?prompt|Prompt|Systemanweisungen)\b",
            r"\b(?:leite|leitet|sende|sendet|schicke?|schickt|übermittle) (?:diese[ns]?|das|den|die|unser\w*) (?:\w+ )?(?:Unterhaltung|Gespräch|Chatverlauf|Konversation|Verlauf|Dialog)\b",
            r"\bneue (?:System)?(?:anweisung|befehl)\w*(?: (?:des|vom) System\w*)?: *\w",
            r"\b(?:an )?(?:alle )?KI-\w+(?:,|:)? ?[^.\n]{0,20}(?:vergesst|vergiss|ignoriert|empfehlt|erwähnt|antwortet)\b|\bfalls (?:du|Sie) [^.,\n]{0,20}Sprachmodell\b",
            # Spanish
            r"\b(?:instrucci[oó]n|instrucciones|nota|aviso) para (?:el |la )?(?:asistente|modelo|agente)\b[^:\n]{0,20}:|\bsi eres (?:una )?IA\b",
            r"\b(?:ignor[ae]|omit[ae]|olvid[ae]|descart[ae]|desobedec[ea])n? (?:por favor )?(?:todas |todo )?(?:las |tus |sus |estas )?(?:\w+ )?(?:instrucciones|órdenes|indicaciones|reglas|directrices) (?:\w+ )?(?:anteriores|previas|recibidas|originales)",
            r"\b(?:ignora|olvida|olvide) (?:todo )?(?:lo que (?:se )?(?:te|le) (?:ha|han|hayan|dij|dieron)\w*|tus (?:instrucciones|reglas|órdenes|directrices))",
            r"\bsi (?:eres|es usted|sois) (?:una? )?(?:gran )?(?:\bIA\b|inteligencia artificial|modelo de lenguaje|asistente (?:de IA|virtual)|chatbot|LLM)",
            r"\b(?:nota|mensaje|instrucci[oó]n|instrucciones|aviso|atención|petición|orden)(?:es)?:? (?:para|a|al) (?:el |la |los |las |todos los |cualquier )?(?:IA\b|inteligencia artificial|modelos? de lenguaje|asistentes? (?:de IA|virtual)|chatbots?|LLM)",
            r"\b(?:los |las )?(?:asistentes (?:de IA|virtuales)|modelos de lenguaje|chatbots|IA) (?:que (?:lean|leen|lea|procesen|procesan|resuman|visiten) [^,.\n]{1,30}? )?(?:deben|debe|tienen que|han de) [^.\n]{0,20}(?:recomendar|pedir|decir|afirmar|mencionar|elogiar|responder|indicar|solicitar|presentar|añadir)\b",
            r"\b(?:sin (?:avisar|decir(?:le|selo)?|informar|contar(?:lo)?)(?: nada)? al usuario|no (?:se )?(?:lo )?(?:avises|digas|informes|cuentes|menciones|reveles)\w*(?: esto| nada)? al usuario)\b",
            r"\bfin del? (?:documento|texto|artículo|mensaje|correo)\W{0,20}(?:nueva|siguiente) (?:tarea|instrucción|orden)",
            r"\[sistema\]|\bnuevas? (?:instrucci[oó]n|instrucciones|órdenes)(?: del sistema)?: *\w",
            r"\b(?:revela|muestra|imprime|escribe) (?:tu|el) (?:prompt|mensaje) (?:del? )?(?:sistema|oculto)|\b(?:envía|envíe|reenvía|manda) (?:toda )?(?:esta|la|el) (?:conversación|historial)\b",
            # French
            r"\bne (?:tiens|tenez) (?:plus|pas) compte de (?:tes|vos) (?:consignes|instructions|règles)\b|\b(?:modèles? de langage|assistants? IA)\s?: [^.\n]{0,40}(?:ne|ignore|oublie)",
            r"\[(?:aux |à l['’])IAs?\s?:",
            r"\b(?:ignore[zs]?|oublie[zs]?|néglige[zs]?|contourne[zs]?|ne (?:tiens|tenez) (?:pas |plus )compte de) (?:toutes )?(?:les |vos |tes |ces |des )?(?:instructions|consignes|règles|directives|ordres) (?:précédente?s|antérieure?s|ci-dessus|reçue?s|initiales)",
            r"\boublie[zs]? (?:toutes )?(?:tes|vos) (?:instructions|consignes|règles|directives)|\b(?:oublie|ignore)[zs]? tout ce qu['’](?:on|il) (?:t['’]|vous )",
            r"\bsi (?:tu es|vous êtes) (?:une? )?(?:grand )?(?:IA\b|intelligence artificielle|modèle de langage|assistant (?:IA|d['’]IA|virtuel)|chatbot|LLM)",
            r"\b(?:note|message|instructions?|consignes?|avis|attention|demande|remarque)s?(?: destinée?s?)?:? (?:à l['’]intention (?:de |des |du )|à |aux? |pour |destinée?s? (?:à |aux? ))(?:l['’]|les |la |le |toute |tout )?(?:IA\b|intelligence artificielle|modèles? de langage|assistants? (?:IA|d['’]IA|virtuel)|chatbots?|LLM)",
            r"\b(?:les )?(?:assistants (?:IA|d['’]IA|virtuels)|modèles de langage|chatbots|IA) (?:qui (?:lisent|traitent|résument|visitent) [^,.\n]{1,30}? )?(?:doivent|doit) (?:\w+ )?(?:présenter|recommander|dire|affirmer|mentionner|répondre|vanter|demander à l['’]utilisateur|indiquer|ajouter)\b",
            r"\b(?:n['’]en (?:parle|parlez|dis|dites)|ne (?:le |la )?(?:dis|dites|parle|parlez|mentionne|mentionnez|révèle|révélez)) (?:pas |rien |jamais )(?:cela |ceci |en )?à l['’]utilisateur|\bsans (?:le dire|en parler|en informer|prévenir|avertir|informer) (?:à )?l['’]utilisateur",
            r"\bfin (?:du|de l['’]|de la|de) ?(?:document|texte|article|message|page)\W{0,20}(?:nouvelle|prochaine) (?:tâche|consigne|instruction|mission)",
            r"\b(?:nouvelles? (?:consigne|instruction)s?)(?: du système)?\s?: *\w",
            r"\b(?:affiche|révèle|montre|imprime|donne)[zs]? (?:ton|votre|le) prompt\b|\b(?:transfère|transférez|envoie|envoyez) (?:toute )?(?:cette|la|l['’]) ?(?:conversation|historique)\b",
            # Portuguese
            r"\bassistente: (?:desconsidere|ignore|esqueça) ",
            r"\b(?:ignor[ae]|desconsider[ae]|esque[çc]a|descart[ae])m? (?:por favor )?(?:todas )?(?:as |suas |tuas |essas )?(?:\w+ )?(?:instruções|ordens|orientações|regras|diretrizes|comandos) (?:\w+ )?(?:anteriores|prévias|recebidas|originais|acima)",
            r"\b(?:esque[çc]a|esquece|ignore) (?:todas )?(?:as )?(?:suas|tuas) (?:instruções|regras|ordens|diretrizes)|\b(?:esque[çc]a|esquece|ignore) tudo o que (?:lhe|te|foi)",
            r"\bse (?:você é|você for|és|fores|for) (?:uma? )?(?:grande )?(?:IA\b|inteligência artificial|modelo de linguagem|assistente (?:de IA|virtual)|chatbot|LLM)",
            r"\b(?:nota|mensagem|instruç(?:ão|ões)|aviso|atenção|pedido|ordem)s?[:,]? (?:(?:para|à|a|ao|aos|às) )?(?:o |a |os |as |todos os |qualquer )?(?:IA\b|inteligência artificial|modelos? de linguagem|assistentes? (?:de IA|virtua)|chatbots?|LLM)",
            r"\b(?:os |as )?(?:assistentes (?:de IA|virtuais)|modelos de linguagem|chatbots|IA) (?:que (?:leem|lerem|lê|processam|processarem|resumem) [^,.\n]{1,30}? )?(?:devem|deve|têm que|têm de) [^.\n]{0,20}(?:recomendar|pedir|dizer|afirmar|mencionar|elogiar|responder|indicar|apresentar|acrescentar)\b",
            r"\b(?:sem (?:avisar|dizer|informar|contar)(?: nada)? (?:ao|o) (?:usuário|utilizador)|não (?:o )?(?:conte|diga|avise|informe|mencione|revele)s?(?: isso| isto| nada)? (?:ao|o) (?:usuário|utilizador))\b",
            r"\bfim d[oae] (?:documento|texto|artigo|mensagem|página)\W{0,20}(?:nova|próxima) (?:tarefa|instrução|ordem)",
            r"\bnovas? (?:instrução|instruções|ordens)(?: do sistema)?: *\w|\b(?:revele|mostre|imprima|revela|mostra) (?:o )?(?:seu|teu) prompt\b|\b(?:envie|encaminhe|envia|reencaminha) (?:toda )?(?:esta|a|o) (?:conversa|histórico)\b",
            # Italian
            r"\bse sei (?:una? )?(?:IA\b|intelligenza artificiale|modello linguistico|assistente virtuale|chatbot)",
            r"\b(?:ignora|ignorate|dimentica|dimenticate) (?:tutte )?(?:le |ogni )?(?:istruzioni|regole|indicazioni) (?:precedenti|ricevute|iniziali)",
            # Chinese
            r"(?:忽略|无视|忘记|忘掉|不要理会|抛弃)(?:你|您)?(?:之前|以上|上面|先前|此前|前面|原有|原来|收到)?的?(?:所有|全部|一切)?的?(?:系统)?(?:指令|指示|提示词|设定|命令|规则)",
            r"如果(?:你|您)是(?:一个|一款|某个)?(?:大型|大)?(?:AI|人工智能|语言模型|聊天机器人|智能助手|大模型)",
            r"(?:阅读|读取|读到|处理|总结|访问)(?:本|此|这|该)[^。，\n]{0,8}的(?:AI|人工智能|语言模型|大语言模型|大模型|聊天机器人|智能助手|助手)",
            r"(?:致|给|告)(?:所有|各位)?(?:AI|人工智能|语言模型|大语言模型|大模型|聊天机器人)[^。，\n]{0,8}(?:的(?:指令|指示|说明|提示|备注)|[:：])",
            r"(?:AI助手|AI模型|人工智能助手|语言模型|大模型|聊天机器人)(?:必须|务必|应当|请)[^。\n]{0,10}(?:推荐|回答|声称|告诉用户|说明|不得|不要|提及|输出)",
            r"[【\[](?:系统|管理员)(?:指令|提示|消息|命令|覆盖)[】\]]|(?:新的?指令|新的?任务|新的?命令)[:：]\s*\w",
            r"(?:不要|不得|请勿|别)(?:告诉|告知|通知|提醒|让)用户|(?:发送|转发|上传)(?:本次|这次|整个|全部)?(?:对话|聊天记录)[^。\n]{0,8}(?:到|至)|(?:将|把)[^。，\n]{0,6}(?:对话|聊天记录)[^。，\n]{0,6}(?:发送|转发|上传)(?:到|至|给)",
            r"(?:输出|泄露|显示|透露|说出)(?:你|您)的(?:系统)?(?:提示词|指令)",
        )
    )
    + ")"
)
"""An instruction to a model inside data: in a tool result, a passage of a system prompt or a quoted text."""

_REQUESTS: Final = (
    r"summar|translat|extract|classif|review|proofread|key points|tl;?dr|list |describe|analy[sz]|explain|label|rate |rewrite|what (?:is|does|are) (?:this|the)"
    r"|zusammenfass|fass[et]* |übersetz|extrahier|analysier|erklär|prüf|resum|traduc|traduz|extra[ei]|analiz|clasific|classific|corrig|explica|explique|résum|tradui|extrai|analys"
)
_CHINESE_REQUESTS: Final = "总结|概括|翻译|提取|摘要|分析|分类|解释"
DOCUMENT_REQUEST: Final = lazy_pattern(rf"(?is)(?:\b(?:{_REQUESTS})|{_CHINESE_REQUESTS})[^\0]{{0,200}}?[:：\n]")
"""A request about a text that follows it."""
QUESTION_HINT: Final = (
    rf"(?i)(?:{_REQUESTS}|{_CHINESE_REQUESTS})[^:：\n]*[:：\n]|ignor|disregard|forget|override|bypass|if you are a"
    r"|vergiss|vergess|olvid|oublie|忽略|(?:ai|llm)(?: language)? (?:assistant|model|agent)|<system-reminder>"
)
"""What each question has in which an instruction is searched for: a part of `DOCUMENT_REQUEST` or of `OVERRIDE`."""
PASSAGES: Final = r"(?i)\[\d{1,2}\]|<(?:doc|document|context|passage|source|search_results?|chunk)\b|(?:context|passages?|search results|results|excerpts?|documents?|sources|auszüge\w*|kontext|textstellen|dokumente|contexto|pasajes|fragmentos|documentos|contexte|extraits|trechos|passagens)\b[^\n:]{0,40}:|参考资料|检索结果|上下文|资料[:：]"
"""What introduces retrieved passages in a system prompt."""
HARNESS: Final = lazy_pattern(r"(?s)<system-reminder>.*?</system-reminder>")
"""What a coding agent itself adds to a tool result."""
ABOUT_INJECTION: Final = lazy_pattern(
    r"(?i)(?:prompt|instruction)s?[ -]?injections?|jailbreak|inyecci[oó]n de|injection (?:de|d['’])|injeção de|提示词?注入|\bataque\b|\battacks?\b"
)
"""Texts about such instructions, which show them as examples."""
STEMS: Final = (
    "ignor", "disregard", "forget", "overr", "bypass", "not follow", "stop ", "no longer apply", "not apply", " lifted",
    "language model", "chatbot", "llm", "gpt", "virtual ",
    "coding a", "coding m", "coding b", "large model", "large lang", "assistant that", "assistants that", "assistant who", "assistants who", "assistant which",
    "assistants which", "assistant read", "assistants read", "assistant process", "assistants process", "assistants visit",
    "assistants using", "<!--", "im_start", "start_header_id", "<<sys", "[inst]", "<system", "[system", "<admin", "[admin",
    "<developer", "[developer", "must now", "shall now", "should now", "will now", "new instruction", "new system instr",
    "end of ", "you are now", "system: the user", "the user", "conversation", "chat history", "chat log", "message history",
    "prompt",
    "missacht", "verwirf", "berge", "vergiss", "vergess", "sprachmodell", "assistenzsystem", "nutzer", "anwender", "ende de",
    "ende do", "ende te", "ende ar", "ende se", "ende ma", "ende na", "systemanweisung", "unterhaltung", "gespr", "verlauf", "konversation",
    "dialog", "neue anweisung", "neue system", "neue befehl",
    "omite", "omita", "olvid", "descart", "desobed", "artificial", "de lenguaje", "asistente", "usuario", "fin de", "[sistema]",
    "nueva ", "nuevas ", "mensaje ", "conversaci", "historial",
    "oublie", "glige", "contourne", "compte de", "artificielle", "de langage", "assistant d", "assistant virtuel",
    "assistants d", "assistants virtuels", "utilisateur", "fin du", "nouvelle ", "nouvelles ", "historique",
    "desconsider", "esque", "linguistico", "istruzioni", "reading this", "reading these", "without asking", "developer",
    "from now on", "replace ", "substitute ", "fill in ", "asistente", "agente", "assistente", "de linguagem",
    "utilizador", "fim d", "nova ", "novas ", "conversa", " models", "el modelo", "para modelo", "do not tell the ",
    "regole ", "indicazioni ",
)  # fmt: skip
"""Words of which each instruction in the Latin script has one, but for SHORT_STEM."""
SHORT_STEM: Final = r"(?i-u:\b(?:ai|ki|ia)s?\b)"
OTHER_STEMS: Final = (
    "usuário", "histórico", "忽略", "无视", "忘记", "忘掉", "不要理会", "抛弃", "如果你是", "如果您是", "人工智能", "语言模型",
    "聊天机器人", "智能助手", "的助手", "大模型", "ai助手", "ai模型", "的ai", "系统", "管理员", "新指令", "新的指令",
    "新任务", "新的任务", "新命令", "新的命令", "用户", "对话", "聊天记录", "提示词", "你的指令", "您的指令",
)  # fmt: skip
"""The same with other letters."""
SHORT: Final = lazy_pattern(r"\b[AaKkIi][IiAa]s?\b")
BEFORE_STEM: Final = 150
AFTER_STEM: Final = 250


def instructions(text: str, start: int = 0) -> "Iterator[re.Match[str]]":
    """The instructions to a model in a text, near their words: a search of the whole text takes 50 times as long."""
    lower = text.lower()
    places = [match.start() for match in SHORT.finditer(text, start)]
    for stem in (*STEMS, *OTHER_STEMS):
        place = lower.find(stem, start)
        while place >= 0:
            places.append(place)
            place = lower.find(stem, place + 1)
    begin = end = start
    for place in sorted(places):
        if place - BEFORE_STEM > end:
            yield from _instructions_in(text, begin, end)
            begin = place - BEFORE_STEM
        end = place + AFTER_STEM
    yield from _instructions_in(text, begin, end)


def _instructions_in(text: str, begin: int, end: int) -> "Iterator[re.Match[str]]":
    yield from OVERRIDE.finditer(text, begin, end)
    yield from EMBEDDED.finditer(text, begin, end)
